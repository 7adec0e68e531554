/* dist/cauchy.h: Cauchy, z = (y - mu) / s.
 *   loss = log(pi s (1 + z^2))             dmu = -2 z / (s (1 + z^2))     dy = -dmu
 *   ds = (1 - z^2) / (s (1 + z^2))
 *   hmu = 2 (1 - z^2) / (s (1 + z^2))^2
 *   hs = 1 / s^2 - hmu = (|z| - c) (|z| + c) (z^2 + 2 + sqrt 5) / (s (1 + z^2))^2, c^2 = sqrt 5 - 2
 * with s^2 + d^2, d = y - mu, taken of numbers scaled by a power of two near the larger of s and
 * |d|, so that no square leaves the range. */
#ifndef NLL_DIST_CAUCHY_H
#define NLL_DIST_CAUCHY_H

#include "dist/wide.h"

#define CAUCHY_ROOT 0x1.f18773c56f721p-2 /* c, and what rounding took from it */
#define CAUCHY_ROOT_LOW 0x1.cbc4d4515b4f8p-56
#define CAUCHY_OTHER 0x1.0f1bbcdcbfa54p+2 /* 2 + sqrt 5 */

/* k of a normal x = 2^k m, 1 <= m < 2, |k| <= 1000. */
NLL_INLINE vd cauchy_exponent(vd x) {
    x = d_min(d_set(0x1p1000), d_max(d_set(0x1p-1000), x));
    vl e = l_and(d_bits(x), l_set(0x7ff0000000000000));
    return d_sub(d_of_bits(l_or(l_shr(e, 52), l_set(0x4330000000000000))), d_set(0x1p52 + 1023.0));
}

NLL_INLINE wide_value cauchy(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], d = d_sub(y, mu), size = d_abs(d), one = d_set(1);
    (void)par;
    vd k = cauchy_exponent(d_sel(d_lt(s, size), size, s)), down = d_pow2(d_neg(k));
    vd ds = d_mul(d, down), ss = d_mul(s, down), as = d_abs(ds);
    vd sum = d_fma(ds, ds, d_mul(ss, ss)), less = d_mul(d_sub(ss, ds), d_add(ss, ds));
    vd w = d_div(one, sum), bend = d_mul(d_mul(d_mul(less, w), w), d_mul(down, d_set(2)));
    d_scale over = d_scale_of(s);
    vd slope = d_mul(d_mul(d_mul(d_set(2), ds), w), down), root = d_set(CAUCHY_ROOT);
    vd left = d_nfma(d_set(CAUCHY_ROOT_LOW), ss, d_nfma(root, ss, as)), right = d_fma(root, ss, as);
    vd other = d_fma(ds, ds, d_mul(d_mul(d_set(CAUCHY_OTHER), ss), ss));
    vd curve = d_mul(d_mul(left, w), d_mul(d_mul(right, other), w));
    /* s (1 + z^2) = sum 2^2k / s; the two factors' powers of two meet in the logarithm alone */
    vd log_sum = d_log_mul(d_mul(sum, over.inv), over.up, d_add(k, k));
    wide_value v = {.loss = d_add(d_set(D_LOG_PI), log_sum),
                    .grad = {d_neg(slope), d_over(d_mul(less, w), over), slope},
                    .hess = {d_mul(bend, down), d_over(d_over(curve, over), over)}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_finite(y));
}

#endif
