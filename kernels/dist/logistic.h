/* dist/logistic.h: logistic, z = (y - mu) / s.
 *   e = exp(-|z|), u = tanh(|z| / 2) = (1 - e) / (1 + e), b = 2 e / (1 + e)^2
 *   loss = log s + |z| + 2 log(1 + e)
 *   dmu = -sign(z) u / s     hmu = b / s^2                           dy = -dmu
 *   ds = (1 - |z| u) / s     hs = (2 |z| u + z^2 b - 1) / s^2 */
#ifndef NLL_DIST_LOGISTIC_H
#define NLL_DIST_LOGISTIC_H

#include "dist/wide.h"

NLL_INLINE wide_value logistic(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], one = d_set(1), two = d_set(2), zero = d_set(0);
    (void)par;
    d_standard n = d_standard_of(y, mu, s);
    md below = d_lt(n.z, zero);
    vd a = d_abs(n.z);
    d_exps e = d_exp_both(d_neg(a), d_sel(below, n.lost, d_neg(n.lost)));
    vd sum = d_add(one, e.e), w = d_div(one, sum);
    vd u = d_neg(d_mul(e.em1, w)), bell = d_mul(d_mul(two, e.e), d_mul(w, w));
    vd far = d_min(d_set(0x1p1000), a), slope = d_over(u, n.over); /* infinite a times e = 0 */
    vd au = d_mul(a, u), curve = d_fma(d_mul(far, bell), far, d_fma(two, au, d_set(-1)));
    slope = d_sel(below, d_neg(slope), slope);
    wide_value v = {
        .loss = d_add(a, d_log_mul(s, d_mul(sum, sum), zero)),
        .grad = {d_neg(slope), d_over(d_sub(one, au), n.over), slope},
        .hess = {d_over(d_over(bell, n.over), n.over), d_over(d_over(curve, n.over), n.over)}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_finite(y));
}

#endif
