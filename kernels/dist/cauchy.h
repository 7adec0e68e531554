/* dist/cauchy.h: Cauchy, z = (y - mu) / s.
 *   loss = log(pi s (1 + z^2))             dmu = -2 z / (s (1 + z^2))     dy = -dmu
 *   ds = (1 - z^2) / (s (1 + z^2))
 *   hmu = 2 (1 - z^2) / (s (1 + z^2))^2    hs = 1 / s^2 - hmu
 * with s^2 + d^2, d = y - mu, taken of numbers scaled by a power of two near the larger of s and
 * |d|, so that no square leaves the range. */
#ifndef NLL_DIST_CAUCHY_H
#define NLL_DIST_CAUCHY_H

#include "dist/wide.h"

/* 2^k and k of a normal x = 2^k m, 1 <= m < 2, |k| <= 1000. */
NLL_INLINE vd cauchy_power(vd x, vd *k) {
    x = d_min(d_set(0x1p1000), d_max(d_set(0x1p-1000), x));
    vl e = l_and(d_bits(x), l_set(0x7ff0000000000000));
    *k = d_sub(d_of_bits(l_or(l_shr(e, 52), l_set(0x4330000000000000))), d_set(0x1p52 + 1023.0));
    return d_of_bits(e);
}

NLL_INLINE wide_value cauchy(const vd x[], const double *par) {
    vd mu = x[0], s = x[1], y = x[2], d = d_sub(y, mu), size = d_abs(d), k, one = d_set(1);
    (void)par;
    vd power = cauchy_power(d_sel(d_lt(s, size), size, s), &k), down = d_pow2(d_neg(k));
    vd ds = d_mul(d, down), ss = d_mul(s, down);
    vd sum = d_fma(ds, ds, d_mul(ss, ss)), less = d_mul(d_sub(ss, ds), d_add(ss, ds));
    vd w = d_div(one, sum), bend = d_mul(d_mul(d_mul(less, w), w), d_mul(down, d_set(2)));
    d_scale over = d_scale_of(s);
    vd slope = d_mul(d_mul(d_mul(d_set(2), ds), w), down), inv = d_inverse(over);
    /* s (1 + z^2) = sum 2^2k / s; the two factors' powers of two meet in the logarithm alone */
    vd log_sum = d_log_mul(d_mul(sum, over.inv), over.up, d_add(k, k));
    wide_value v = {.loss = d_add(d_set(D_LOG_PI), log_sum),
                    .grad = {d_neg(slope), d_mul(d_mul(less, w), inv), slope},
                    .hess = {d_mul(bend, down), d_nfma(bend, down, d_mul(inv, inv))}};
    (void)power;
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_positive(s)), d_is_finite(y));
}

#endif
