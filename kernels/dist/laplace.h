/* dist/laplace.h: Laplace, a = |y - mu| / s.
 *   loss = log(2 s) + a     dmu = -sign(y - mu) / s     ds = (1 - a) / s     dy = -dmu
 *   hmu = 0     hs = (2 a - 1) / s^2 */
#ifndef NLL_DIST_LAPLACE_H
#define NLL_DIST_LAPLACE_H

#include "dist/wide.h"

NLL_INLINE wide_value laplace(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], d = d_sub(y, mu), zero = d_set(0), one = d_set(1);
    (void)par;
    d_scale over = d_scale_of(s);
    vd a = d_over(d_abs(d), over), inv = d_inverse(over);
    vd side = d_sel(d_lt(zero, d), inv, d_sel(d_lt(d, zero), d_neg(inv), zero));
    wide_value v = {.loss = d_add(d_add(d_log_inside(s), d_set(D_LN2)), a),
                    .grad = {d_neg(side), d_over(d_sub(one, a), over), side},
                    .hess = {zero, d_over(d_over(d_fma(d_set(2), a, d_set(-1)), over), over)}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_finite(y));
}

#endif
