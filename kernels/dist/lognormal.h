/* dist/lognormal.h: log-normal, z = (log y - mu) / s.
 *   loss = log y + log s + z^2 / 2 + log(2 pi) / 2     dmu = -z / s     ds = (1 - z^2) / s
 *   dy = (1 + z / s) / y     hmu = 1 / s^2     hs = (3 z^2 - 1) / s^2
 * log y is a sum of two numbers until mu is taken off: what is left of it may be small. */
#ifndef NLL_DIST_LOGNORMAL_H
#define NLL_DIST_LOGNORMAL_H

#include "dist/wide.h"

NLL_INLINE wide_value lognormal(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], one = d_set(1), r;
    (void)par;
    d_scale over = d_scale_of(s);
    vd n = d_log_split_any(y, &r);
    d_log_sum log_y = d_log_terms_whole(n, r, d_set(0));
    vd d = d_sub(log_y.head, mu), b = d_sub(d, log_y.head);
    vd lost = d_sub(d_sub(log_y.head, d_sub(d, b)), d_add(mu, b));
    vd z = d_over(d_add(d, d_add(lost, log_y.rest)), over), zs = d_over(z, over);
    vd h = d_add(d_log_mul(y, s, d_set(0)), d_set(D_HALF_LOG_2PI)), z2 = d_mul(z, z);
    vd inv = d_inverse(over);
    wide_value v = {
        .loss = d_fma(d_mul(d_set(0.5), z), z, h),
        .grad = {d_neg(zs), d_over(d_nfma(z, z, one), over), d_div(d_add(one, zs), y)},
        .hess = {d_mul(inv, inv), d_over(d_over(d_fma(d_set(3), z2, d_set(-1)), over), over)}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_positive(y));
}

#endif
