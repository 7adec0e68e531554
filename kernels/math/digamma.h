/* digamma.h: psi and psi1, the first two derivatives of lgamma, for x > 0.
 *
 * With y = x, or x + 1 below 1 (where 1 / x is taken off again):
 *   psi(x)  = log y - 1 / (2 y) + delta'(y) - [x < 1] / x
 *   psi1(x) = 1 / y + 1 / (2 y^2) + delta''(y) + [x < 1] / x^2
 * All terms of psi1 are positive.  psi has its zero at 1.46163...; about it the error is absolute.
 */
#ifndef NLL_MATH_DIGAMMA_H
#define NLL_MATH_DIGAMMA_H

#include "math/stirling.h"

/* -inf at 0, +inf at infinity, NaN below 0. */
NLL_INLINE vd d_digamma(vd x) {
    vd one = d_set(1.0), zero = d_set(0.0), r;
    md low = d_lt(x, one);
    vd y = d_sel(low, d_add(x, one), x), yi = d_div(one, y);
    vd lost = d_sel(low, d_add(d_sub(one, y), x), zero); /* of x + 1 */
    vd n = d_log_split(y, &r);
    d_log_sum l = d_log_terms(n, r, d_mul(lost, yi));
    vd below = d_fma(yi, d_set(0.5), d_stirling_tail(y, WANT_SLOPE).slope);
    vd psi = d_add(l.head, d_sub(l.rest, below));
    psi = d_sub(psi, d_sel(low, d_div(one, x), zero));
    psi = d_sel(d_eq(x, d_set(INFINITY)), x, psi);
    psi = d_sel(d_eq(x, zero), d_set(-INFINITY), psi);
    return d_sel(d_le(zero, x), psi, d_set(NAN));
}

/* +inf at 0, 0 at infinity, NaN below 0. */
NLL_INLINE vd d_trigamma(vd x) {
    vd one = d_set(1.0), zero = d_set(0.0);
    md low = d_lt(x, one);
    vd y = d_sel(low, d_add(x, one), x), yi = d_div(one, y), xi = d_div(one, x);
    vd rest = d_fma(d_mul(yi, d_set(0.5)), yi, d_stirling_tail(y, WANT_CURVE).curve);
    rest = d_add(rest, yi);
    vd psi1 = d_sel(low, d_fma(xi, xi, rest), rest);
    psi1 = d_sel(d_eq(x, zero), d_set(INFINITY), psi1);
    return d_sel(d_le(zero, x), psi1, d_set(NAN));
}

#endif
