/* categorical_coef.h: what the kernel row_softmax_grad is told of a row. */
#ifndef NLL_CATEGORICAL_COEF_H
#define NLL_CATEGORICAL_COEF_H

#include "dispatch.h"

#include <math.h>
#include <string.h>

/* Twice frexp, without a call: m is f 2^(k - 1) with 1 <= |f| < 2, for finite m that is not 0. */
static inline double cat_split(double m, int *k) {
    uint64_t bits, e;
    memcpy(&bits, &m, sizeof bits);
    e = bits >> 52 & 2047;
    if (e == 0) return 2 * frexp(m, k); /* subnormal */
    *k = (int)e - 1022;
    bits = (bits & ~((uint64_t)2047 << 52)) | (uint64_t)1023 << 52;
    memcpy(&m, &bits, sizeof m);
    return m;
}

/* {f, k, s, top} for the scale s, the coefficient B and the sum mantissa 2^power: s B / sum as
 * mantissa and exponent. */
static inline void cat_coefficients(enum nll_type type, double scale, double coefficient,
                                    double mantissa, double power, double coef[4]) {
    int k = 0;
    double m = scale * coefficient / mantissa;
    double f = m == m && m != 0 && fabs(m) < INFINITY ? cat_split(m, &k) : m;
    coef[0] = type == NLL_TYPE_F32 ? (double)(float)f : f;
    coef[1] = power == power && m != 0 ? power - (k - 1) : power;
    coef[2] = scale;
    coef[3] = power + 2; /* the sum is at least the largest term, which is at least 2^(n-1) */
}

#endif
