/* poly.h: polynomials with coefficients c[0], c[1], ..., c[degree] in rising powers. */
#ifndef NLL_MATH_POLY_H
#define NLL_MATH_POLY_H

#include "vec/vec.h"

/* The degrees are constants: the loops below become straight lines (on the scalar path, where
 * nothing is inlined, they stay loops). */
#if defined(NLL_ISA_SCALAR)
#define NLL_UNROLL
#elif defined(__clang__)
#define NLL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NLL_UNROLL _Pragma("GCC unroll 32")
#endif

#define POLY_DEGREE(c) ((int)(sizeof(c) / sizeof *(c)) - 1)

/* Even and odd powers apart: two short chains instead of a long one. */
NLL_INLINE vd d_poly(const double *c, int degree, vd x) {
    vd x2 = d_mul(x, x), a = d_set(c[degree]), b = d_set(c[degree - 1]);
    int k = degree - 2;
    NLL_UNROLL
    for (; k > 0; k -= 2) {
        a = d_fma(a, x2, d_set(c[k]));
        b = d_fma(b, x2, d_set(c[k - 1]));
    }
    return degree % 2 ? d_fma(a, x, b) : d_fma(b, x, d_fma(a, x2, d_set(c[0])));
}

/* p(x) and the divided difference (p(y) - p(x)) / (y - x), which is accurate for any y - x where
 * the terms of p' do not cancel. */
typedef struct d_poly_pair {
    vd at, slope;
} d_poly_pair;
NLL_INLINE d_poly_pair d_poly_difference(const double *c, int degree, vd x, vd y) {
    vd p = d_fma(d_set(c[degree]), x, d_set(c[degree - 1])), q = d_set(c[degree]);
    NLL_UNROLL
    for (int k = degree - 2; k >= 0; k--) {
        q = d_fma(q, y, p);
        p = d_fma(p, x, d_set(c[k]));
    }
    return (d_poly_pair){p, q};
}

#endif
