/* cpu.h: what the CPU and the operating system offer. */
#ifndef NLL_CPU_H
#define NLL_CPU_H

#include <stdint.h>

enum {
    NLL_CPU_AVX2 = 1u << 0,   /* AVX2, FMA, F16C, BMI2; YMM state saved by the system */
    NLL_CPU_AVX512 = 1u << 1, /* F, BW, DQ, VL on top; ZMM and mask state saved by the system */
    NLL_CPU_NEON = 1u << 2,   /* AArch64 Advanced SIMD */
    NLL_CPU_FMA = 1u << 3     /* fused multiply-add in hardware for scalars */
};
uint32_t nll_cpu_flags(void);

#endif
