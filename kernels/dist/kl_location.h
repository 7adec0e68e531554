/* dist/kl_location.h: KL(p||q) of two Gaussians, and of two Laplace distributions.
 *
 * Gaussian, t = sp / sq, z = (mp - mq) / sq, rest(x) = log(1 + x) - x, x = t - 1:
 *   x^2 / 2 - rest(x) + z^2 / 2            dmp = z / sq = -dmq
 *   dsp = (t^2 - 1) / sp                   dsq = -(t^2 - 1 + z^2) / sq
 * by variances with w = vp / vq - 1:  -rest(w) / 2 + z^2 / 2,  dvp = w / (2 vp),
 *   dvq = -(w + z^2) / (2 vq); by logarithms with y = 2 log t:  (e^y - 1 - y) / 2 + z^2 / 2,
 *   dtp = e^y - 1, dtq = -(e^y - 1 + z^2), half of both for the log of the variance.
 * Laplace, a = |mp - mq| / sp:
 *   -rest(x) + t (e^-a - 1 + a)            dmp = sign(mp - mq) (1 - e^-a) / sq = -dmq
 *   dsp = (t (1 + a) e^-a - 1) / sp        dsq = -(x + t (e^-a - 1 + a)) / sq
 * Every value is a sum of terms >= 0. */
#ifndef NLL_DIST_KL_LOCATION_H
#define NLL_DIST_KL_LOCATION_H

#include "dist/wide.h"
#include "math/bregman.h"

/* The value where the parameters are valid, else NaN. */
NLL_INLINE wide_value kl_within(wide_value r, md valid) {
    return wide_edges(r, d_set(0), valid, valid);
}

/* x y / s without overflow or underflow in between, for y of the order of x or of 1. */
NLL_INLINE vd kl_product_over(vd x, vd y, d_scale s) {
    vd r = d_sel(d_lt(d_set(1), d_abs(x)), d_mul(x, d_over(y, s)), d_over(d_mul(x, y), s));
#if defined(NLL_T_F64)
    vd tiny = d_mul(d_over(d_mul(d_mul(x, d_set(0x1p600)), y), s), d_set(0x1p-600));
    r = d_sel(d_lt(d_abs(x), d_set(0x1p-400)), tiny, r);
#endif
    return r;
}

/* x - y as d times back, so that the difference of two doubles does not overflow. */
typedef struct kl_distance {
    vd d, back;
} kl_distance;
NLL_INLINE kl_distance kl_distance_of(vd x, vd y) {
#if defined(NLL_T_F64)
    vd one = d_set(1), quarter = d_set(0.25);
    md far = d_lt(d_set(0x1p1022), d_max(d_abs(x), d_abs(y)));
    vd down = d_sel(far, quarter, one);
    return (kl_distance){d_sub(d_mul(x, down), d_mul(y, down)), d_sel(far, d_set(4), one)};
#else
    return (kl_distance){d_sub(x, y), d_set(1)};
#endif
}

NLL_INLINE wide_value kl_gaussian_scale(const vd x[], const double *par) {
    vd mp = x[0], sp = x[1], mq = x[2], sq = x[3], half = d_set(0.5);
    (void)par;
    d_ratio r = d_ratio_plain(sp, sq);
    d_scale op = d_scale_of(sp), oq = d_scale_of(sq);
    kl_distance d = kl_distance_of(mp, mq);
    vd z = d_mul(d_over(d.d, oq), d.back), slope = d_over(z, oq), more = d_add(r.t, d_set(2));
    vd spread = d_fma(d_mul(half, r.t), r.t, d_neg(r.rest));
    vd down = d_add(kl_product_over(r.t, more, oq), kl_product_over(z, z, oq));
    wide_value v = {.loss = d_fma(d_mul(half, z), z, spread),
                    .grad = {slope, kl_product_over(r.t, more, op), d_neg(slope), d_neg(down)}};
    md p = d_mask_and(d_is_finite(mp), d_is_positive(sp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_finite(mq), d_is_positive(sq))));
}

NLL_INLINE wide_value kl_gaussian_var(const vd x[], const double *par) {
    vd mp = x[0], vp = x[1], mq = x[2], vq = x[3], half = d_set(0.5);
    (void)par;
    d_ratio r = d_ratio_plain(vp, vq);
    kl_distance d = kl_distance_of(mp, mq);
    vd slope = d_mul(d_div(d.d, vq), d.back), z2 = d_mul(d_mul(d.d, slope), d.back);
    vd w = d_mul(half, r.t), dvp = d_div(w, vp), dvq = d_div(d_fma(half, z2, w), vq);
#if defined(NLL_T_F64)
    vd inf = d_set(INFINITY), most = d_set(0x1p1000);
    z2 = d_sel(d_lt(d_abs(slope), inf), z2, d_div(d_mul(d.d, d.d), vq));
    dvp = d_sel(d_lt(most, r.t), d_div(half, vq), dvp); /* 1 / (2 vq) - 1 / (2 vp) */
    /* z^2 / vq = slope^2 where z^2 leaves the range */
    md apart = d_mask_or(d_lt(most, z2), d_lt(z2, d_set(0x1p-900)));
    dvq = d_sel(apart, d_fma(d_mul(half, slope), slope, d_div(w, vq)), dvq);
#endif
    wide_value v = {.loss = d_mul(half, d_sub(z2, r.rest)),
                    .grad = {slope, dvp, d_neg(slope), d_neg(dvq)}};
    md p = d_mask_and(d_is_finite(mp), d_is_positive(vp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_finite(mq), d_is_positive(vq))));
}

/* t as log of the scale (times = 2) or of the variance (times = 1). */
NLL_INLINE wide_value kl_gaussian_log(const vd x[], double times) {
    vd mp = x[0], tp = x[1], mq = x[2], tq = x[3], half = d_set(0.5), lost;
    vd by = d_set(times), y = d_difference(tp, tq, &lost), t = d_mul(tq, d_mul(half, by));
    d_exp_rest e = d_exp_rest_of(d_mul(y, by), d_mul(lost, by));
    kl_distance d = kl_distance_of(mp, mq);
    vd z = d_mul(d_mul_exp(d.d, d_neg(t)), d.back), slope = d_mul_exp(z, d_neg(t));
    vd scale = d_mul(half, by), z2 = d_mul(z, z);
    wide_value v = {
        .loss = d_fma(half, e.rest, d_mul(half, z2)),
        .grad = {slope, d_mul(scale, e.em1), d_neg(slope), d_neg(d_mul(scale, d_add(e.em1, z2)))}};
    md p = d_mask_and(d_is_finite(mp), d_is_finite(tp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_finite(mq), d_is_finite(tq))));
}
NLL_INLINE wide_value kl_gaussian_log_scale(const vd x[], const double *par) {
    (void)par;
    return kl_gaussian_log(x, 2);
}
NLL_INLINE wide_value kl_gaussian_log_var(const vd x[], const double *par) {
    (void)par;
    return kl_gaussian_log(x, 1);
}

NLL_INLINE wide_value kl_laplace(const vd x[], const double *par) {
    vd mp = x[0], sp = x[1], mq = x[2], sq = x[3], one = d_set(1), zero = d_set(0);
    (void)par;
    d_ratio r = d_ratio_plain(sp, sq);
    d_scale op = d_scale_of(sp), oq = d_scale_of(sq);
    kl_distance by = kl_distance_of(mp, mq);
    vd d = by.d, t = d_div(sp, sq), a = d_mul(d_over(d_abs(d), op), by.back);
    d_exp_rest e = d_exp_rest_of(d_neg(a), zero);
    /* far beyond sp the distance counts in units of sq alone */
    vd apart =
        d_sel(d_lt(d_set(0x1p60), a), d_mul(d_over(d_abs(d), oq), by.back), d_mul_zero(e.rest, t));
    apart = d_sel(d_eq(d, zero), zero, apart);
    vd slope = d_over(d_neg(e.em1), oq);
    slope = d_sel(d_lt(d, zero), d_neg(slope), slope);
    /* h = (1 + a) e^-a, g = h - 1 */
    vd h = d_fma(d_min(a, d_set(800)), e.exp, e.exp);
    vd g = d_sel(d_lt(a, one), d_fma(a, e.em1, e.rest), d_sub(h, one));
    vd near = d_over(d_fma(r.t, h, g), op), wide = d_sub(d_over(h, oq), d_inverse(op));
    wide_value v = {.loss = d_sub(apart, r.rest),
                    .grad = {slope, d_sel(d_lt(one, r.t), wide, near), d_neg(slope),
                             d_neg(d_over(d_add(r.t, apart), oq))}};
    md p = d_mask_and(d_is_finite(mp), d_is_positive(sp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_finite(mq), d_is_positive(sq))));
}

#endif
