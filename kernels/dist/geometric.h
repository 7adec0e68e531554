/* dist/geometric.h: geometric: y failures before the first success, p = P(success) or logits z.
 *   z: e = exp(-|z|), L = log(1 + e), s = e / (1 + e)
 *     loss = (1 + y) L + |z| (z < 0 ? 1 : y)     dz = (z < 0 ? y s - (1 - s) : y (1 - s) - s)
 *     hz = (1 + y) e / (1 + e)^2
 *   p: loss = -log p - y log(1 - p)     dp = y / (1 - p) - 1 / p     hp = y / (1 - p)^2 + 1 / p^2
 */
#ifndef NLL_DIST_GEOMETRIC_H
#define NLL_DIST_GEOMETRIC_H

#include "dist/wide.h"

NLL_INLINE wide_value geometric_logits(const vd x[], const double *par) {
    vd z = x[0], y = x[1], one = d_set(1), a = d_abs(z), e = d_exp(d_neg(a));
    (void)par;
    vd w = d_div(one, d_add(one, e)), s = d_mul(e, w), all = d_add(one, y);
    md below = d_lt(z, d_set(0));
    vd linear = d_mul_zero(d_sel(below, one, y), a);
    vd win = d_sel(below, s, w), lose = d_sel(below, w, s);
    wide_value v = {.loss = d_fma(all, d_log1p(e), linear),
                    .grad = {d_fma(y, win, d_neg(lose))},
                    .hess = {d_mul(all, d_mul(s, w))}};
    return wide_edges(v, y, d_is_number(z), d_is_count(y));
}

NLL_INLINE wide_value geometric_probs(const vd x[], const double *par) {
    vd p = x[0], y = x[1], one = d_set(1), q = d_sub(one, p), zero = d_set(0);
    (void)par;
    md none = d_eq(y, zero);
    vd pi = d_div(one, p), yq = d_sel(none, zero, d_div(y, q));
    wide_value v = {.loss = d_sub(d_neg(d_mul_zero(y, d_log1p(d_neg(p)))), d_log(p)),
                    .grad = {d_sub(yq, pi)},
                    .hess = {d_fma(pi, pi, d_sel(none, zero, d_div(yq, q)))}};
    return wide_edges(v, y, d_is_unit(p), d_is_count(y));
}

#endif
