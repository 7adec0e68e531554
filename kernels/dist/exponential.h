/* dist/exponential.h: exponential, rate r or its logarithm t.
 *   loss = r y - log r     dr = (r y - 1) / r     dy = r      hr = 1 / r^2
 *   loss = y e^t - t       dt = y e^t - 1     dy = e^t    ht = y e^t */
#ifndef NLL_DIST_EXPONENTIAL_H
#define NLL_DIST_EXPONENTIAL_H

#include "dist/wide.h"

NLL_INLINE wide_value exponential_rate(const vd x[], const double *par) {
    vd r = x[0], y = x[1], inv = d_div(d_set(1), r);
    (void)par;
    wide_value v = {.loss = d_fma(r, y, d_neg(d_log_inside(r))),
                    .grad = {d_div(d_fma(r, y, d_set(-1)), r), r},
                    .hess = {d_mul(inv, inv)}};
    return wide_edges(v, y, d_is_positive(r), d_is_nonnegative(y));
}

NLL_INLINE wide_value exponential_log_rate(const vd x[], const double *par) {
    vd t = x[0], y = x[1], e = d_mul_exp(y, t);
    (void)par;
    wide_value v = {.loss = d_sub(e, t), .grad = {d_sub(e, d_set(1)), d_exp(t)}, .hess = {e}};
    v.loss = d_sel(d_eq(t, d_set(INFINITY)), t, v.loss); /* not inf - inf */
    return wide_edges(v, y, d_is_number(t), d_is_nonnegative(y));
}

#endif
