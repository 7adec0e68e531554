/* dist/weibull.h: Weibull, shape k, scale s, w = log(y / s), u = e^(k w), q = u - 1.
 *   loss = log(y / k) - k w + u     dk = w q - 1 / k     ds = -(k / s) q
 *   dy = (1 + k q) / y = (1 - k + k u) / y, the second for u < 1/2
 *   hk = 1 / k^2 + w^2 u     hs = (k / s^2) (q + k u) */
#ifndef NLL_DIST_WEIBULL_H
#define NLL_DIST_WEIBULL_H

#include "dist/wide.h"

NLL_INLINE wide_value weibull(const vd x[], const double *par) {
    vd k = x[0], s = x[1], y = x[2], one = d_set(1);
    (void)par;
    d_inverse3 i = d_inverse3_of(k, s, y);
    d_log_sum w = d_log_over_by(y, s, i.c, i.b), h = d_log_over_by(y, k, i.c, i.a);
    vd log_ys = d_add(w.head, w.rest), lost = d_add(d_sub(w.head, log_ys), w.rest);
    vd t = d_mul(k, log_ys), slip = d_fma(k, lost, d_fma(k, log_ys, d_neg(t)));
    slip = d_sel(d_lt(d_abs(slip), one), slip, d_set(0));
    d_exps e = d_exp_both(t, slip);
    vd ki = i.a, slope = d_mul(k, i.b), q = e.em1;
    md low = d_lt(e.e, d_set(0.5));
    vd dy = d_sel(low, d_fma(k, e.e, d_sub(one, k)), d_fma(k, q, one));
    wide_value v = {
        .loss = d_add(d_sub(d_add(h.head, h.rest), t), e.e),
        .grad = {d_fma(log_ys, q, d_neg(ki)), d_neg(d_mul_zero(q, slope)), d_mul(dy, i.c)},
        .hess = {d_fma(d_mul(log_ys, e.e), log_ys, d_mul(ki, ki)),
                 d_mul(d_mul(slope, i.b), d_fma(k, e.e, q))}};
    v.loss = d_sel(d_eq(e.e, d_set(INFINITY)), e.e, v.loss); /* not inf - inf */
    return wide_edges(v, y, d_mask_and(d_is_positive(k), d_is_positive(s)), d_is_positive(y));
}

#endif
