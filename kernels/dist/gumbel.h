/* dist/gumbel.h: Gumbel, z = (y - mu) / s, e = exp(-z), q = 1 - e.
 *   loss = log s + z + e     dmu = -q / s     ds = (1 - z q) / s     dy = -dmu
 *   hmu = e / s^2     hs = (2 z q + z^2 e - 1) / s^2 */
#ifndef NLL_DIST_GUMBEL_H
#define NLL_DIST_GUMBEL_H

#include "dist/wide.h"

NLL_INLINE wide_value gumbel(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], one = d_set(1);
    (void)par;
    d_standard n = d_standard_of(y, mu, s);
    d_exps e = d_exp_both(d_neg(n.z), d_neg(n.lost));
    /* z is held so far in that an infinite z meets neither e = 0 nor, of the other sign, e = inf */
    vd z = d_max(d_set(-0x1p1000), d_min(d_set(0x1p1000), n.z)), zq = d_neg(d_mul(z, e.em1));
    vd slope = d_neg(d_over(e.em1, n.over));
    vd curve = d_fma(d_mul(z, e.e), z, d_fma(d_set(2), zq, d_set(-1)));
    wide_value v = {
        .loss = d_add(d_log_inside(s), d_add(z, e.e)),
        .grad = {d_neg(slope), d_over(d_sub(one, zq), n.over), slope},
        .hess = {d_over(d_over(e.e, n.over), n.over), d_over(d_over(curve, n.over), n.over)}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_finite(y));
}

#endif
