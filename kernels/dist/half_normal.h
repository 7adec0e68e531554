/* dist/half_normal.h: half-normal, z = y / s.
 *   loss = log s + z^2 / 2 + log(pi / 2) / 2     ds = (1 - z^2) / s     dy = z / s
 *   hs = (3 z^2 - 1) / s^2 */
#ifndef NLL_DIST_HALF_NORMAL_H
#define NLL_DIST_HALF_NORMAL_H

#include "dist/wide.h"

NLL_INLINE wide_value half_normal(const vd x[], const double *par) {
    vd s = x[0], y = x[1], one = d_set(1);
    (void)par;
    d_scale over = d_scale_of(s);
    vd z = d_over(y, over), z2 = d_mul(z, z);
    vd h = d_add(d_log_inside(s), d_set(D_HALF_LOG_HALF_PI));
    wide_value v = {.loss = d_fma(d_mul(d_set(0.5), z), z, h),
                    .grad = {d_over(d_nfma(z, z, one), over), d_over(z, over)},
                    .hess = {d_over(d_over(d_fma(d_set(3), z2, d_set(-1)), over), over)}};
    return wide_edges(v, y, d_is_positive(s), d_is_nonnegative(y));
}

#endif
