/* special.h: special functions from SLEEF's deterministic set (Sleef_finz_*), whose bits are equal
 * on every instruction set.  A 64-byte vector is one or more of SLEEF's native vectors. */
#ifndef NLL_MATH_SPECIAL_H
#define NLL_MATH_SPECIAL_H

#include "math/log.h"
#include "vec/vec.h"

#include <sleef.h>

#if defined(NLL_ISA_AVX512)
NLL_INLINE vf f_lgamma(vf x) { return Sleef_finz_lgammaf16_u10avx512f(x); }
NLL_INLINE vd d_lgamma(vd x) { return Sleef_finz_lgammad8_u10avx512f(x); }
#elif defined(NLL_ISA_AVX2)
NLL_INLINE vf f_lgamma(vf x) { return AVX2_1(vf, Sleef_finz_lgammaf8_u10avx2, x); }
NLL_INLINE vd d_lgamma(vd x) { return AVX2_1(vd, Sleef_finz_lgammad4_u10avx2, x); }
#elif defined(NLL_ISA_NEON)
NLL_INLINE vf f_lgamma(vf x) { return NEON_1(vf, Sleef_finz_lgammaf4_u10advsimd, x); }
NLL_INLINE vd d_lgamma(vd x) { return NEON_1(vd, Sleef_finz_lgammad2_u10advsimd, x); }
#else
#ifndef FP_FAST_FMA /* sleef.h shows these two only to code compiled for fused multiply-add */
float Sleef_finz_lgammaf1_u10purecfma(float);
double Sleef_finz_lgammad1_u10purecfma(double);
#endif
SC_DEF(vf, f_lgamma(vf x), Sleef_finz_lgammaf1_u10purecfma(x.l[i]))
SC_DEF(vd, d_lgamma(vd x), Sleef_finz_lgammad1_u10purecfma(x.l[i]))
#endif

/* SLEEF's overflows from 4e36 (2e305) on; there x (log x - 1) is all that is left of it. */
NLL_INLINE vf f_lgamma_whole(vf x) {
    vf large = f_fma(x, f_log(x), f_neg(x));
    vf y = f_sel(f_lt(f_set(1e30f), x), large, f_lgamma(x));
    return f_sel(f_eq(f_abs(x), f_set(INFINITY)), f_set(INFINITY), y);
}
NLL_INLINE vd d_lgamma_whole(vd x) {
    vd large = d_fma(x, d_log(x), d_neg(x));
    vd y = d_sel(d_lt(d_set(1e300), x), large, d_lgamma(x));
    return d_sel(d_eq(d_abs(x), d_set(INFINITY)), d_set(INFINITY), y);
}

#endif
