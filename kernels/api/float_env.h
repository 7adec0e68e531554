/* float_env.h: round-to-nearest without flush-to-zero while the library computes.
 *
 * A caller, or any library built with -ffast-math in its process, may have set another rounding
 * mode or FTZ/DAZ; the bits must not depend on that.  Exceptions are masked; the caller's control
 * and status bits come back on leave. */
#ifndef NLL_FLOAT_ENV_H
#define NLL_FLOAT_ENV_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
static inline uint64_t nll_float_enter(void) {
    uint32_t was = _mm_getcsr();
    if ((was & 0xffc0u) != 0x1f80u) _mm_setcsr(0x1f80u);
    return was;
}
static inline void nll_float_leave(uint64_t was) { _mm_setcsr((uint32_t)was); }
#elif defined(__aarch64__)
static inline uint64_t nll_float_enter(void) {
    uint64_t was;
    __asm__ volatile("mrs %0, fpcr" : "=r"(was));
    if (was) __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return was;
}
static inline void nll_float_leave(uint64_t was) {
    if (was) __asm__ volatile("msr fpcr, %0" : : "r"(was));
}
#else
#include <fenv.h>
static inline uint64_t nll_float_enter(void) {
    int was = fegetround();
    fesetround(FE_TONEAREST);
    return (uint64_t)was;
}
static inline void nll_float_leave(uint64_t was) { fesetround((int)was); }
#endif

#endif
