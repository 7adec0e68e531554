/* cpu.c: CPUID and XGETBV on x86, nothing to ask on AArch64 (Advanced SIMD is part of it). */
#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* Which register states the operating system saves and restores. */
static uint64_t saved_states(void) {
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

uint32_t nll_cpu_flags(void) {
    enum { XMM_YMM = 0x6, OPMASK_ZMM = 0xe0 };
    unsigned a, b, c, d, b7, c7, d7;
    uint32_t flags = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX)) return 0;
    uint64_t states = saved_states();
    if ((states & XMM_YMM) != XMM_YMM || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7)) return 0;
    if (c & bit_FMA) flags |= NLL_CPU_FMA;
    if ((c & bit_FMA) && (c & bit_F16C) && (b7 & bit_AVX2) && (b7 & bit_BMI2))
        flags |= NLL_CPU_AVX2;
    unsigned need = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((flags & NLL_CPU_AVX2) && (b7 & need) == need && (states & OPMASK_ZMM) == OPMASK_ZMM)
        flags |= NLL_CPU_AVX512;
    return flags;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

uint32_t nll_cpu_flags(void) {
    enum { ASIMD = 1 << 1 }; /* HWCAP_ASIMD */
    return NLL_CPU_FMA | ((getauxval(AT_HWCAP) & ASIMD) ? (uint32_t)NLL_CPU_NEON : 0u);
}
#else
uint32_t nll_cpu_flags(void) { return 0; }
#endif
