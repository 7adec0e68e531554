/* number.h: numbers in the drivers: those of an array whose type is known at run time, and what is
 * done with single ones.  Kernels have their own. */
#ifndef NLL_NUMBER_H
#define NLL_NUMBER_H

#include "dispatch.h"

#include <math.h>

#define LN2 0x1.62e42fefa39efp-1
#define LN2_HI 0x1.62e42fefap-1 /* 36 digits: its product with an integer below 2^17 is exact */
#define LN2_LO 0x1.cf79abc9e3b3ap-40
#define LOG2E 0x1.71547652b82fep+0

/* Rows whose largest logit lies beyond this are taken relative to it (row/lse.h). */
#define NLL_NEAR 0x1p16

/* Element i of an array of a compute type; i is a ptrdiff_t below 0 where a stride is. */
static inline double nll_element(enum nll_type type, const void *x, size_t i) {
    ptrdiff_t at = (ptrdiff_t)i;
    return type == NLL_TYPE_F32 ? (double)((const float *)x)[at] : ((const double *)x)[at];
}
static inline void nll_set_element(enum nll_type type, void *x, size_t i, double value) {
    if (type == NLL_TYPE_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

/* Any NaN as the one that leaves the library. */
static inline double nll_canonical(double x) { return x == x ? x : (double)NAN; }

/* x 2^k for an integer k of any size. */
static inline double nll_scaled(double x, double k) {
    return ldexp(x, k < -9999 ? -9999 : k > 9999 ? 9999 : k == k ? (int)k : 0);
}

/* y_i = f(x_i), f a UNARY kernel, in double; y may be x. */
static inline void nll_elementwise(const nll_isa *isa, enum nll_kernel f, const double *x,
                                   double *y, size_t n) {
    isa->fn[NLL_TYPE_F64][f](&(nll_job){.rows = 1, .cols = n, .in = {x}, .out = {y}});
}

#endif
