/* dist/kl_gamma.h: KL(p||q) of two gamma and of two beta distributions.
 *
 * With phi(q; p) the remainder of math/bregman.h and rest(t) = log(1 + t) - t:
 *   gamma   -aq rest(e) + phi(aq; ap),  e = (ap bq - aq bp) / (aq bp)
 *           dap = (ap - aq) R(ap) + aq e / ap             daq = step(ap, aq) - log(1 + e)
 *           dbp = -aq e / bp                              dbq = aq e / bq
 *           where R(x) = psi1(x) - 1 / x and step(x, y) is psi - log at y less the same at x
 *   beta    c = ap bq - aq bp, sp = ap + bp, sq = aq + bq:
 *           -aq rest(c / (aq sp)) - bq rest(-c / (bq sp))
 *              + phi(aq; ap) + phi(bq; bp) - phi(sq; sp)
 *           dap = c / (ap sp) + (aq - ap) (R(sp) - R(ap)) + (bq - bp) R(sp)
 *           daq = step(ap, aq) - step(sp, sq) - log(1 + c / (aq sp)); b likewise
 *           where step(ap, sp) - step(aq, sq) is the same as the first two, and which cancels more
 *           depends: see kl_steps
 * All terms are >= 0 but the last of the beta's, which the others always outweigh. */
#ifndef NLL_DIST_KL_GAMMA_H
#define NLL_DIST_KL_GAMMA_H

#include "dist/kl_location.h"
#include "math/digamma.h"

/* gain / b of the ratio whose c and d those are. */
NLL_INLINE vd kl_gain_over(d_product_ratio r, vd c, vd b, vd large) {
    vd y = d_div(r.gain, b);
#if defined(NLL_T_F64)
    vd size = d_abs(r.gain), other = d_mul_zero(r.t, d_div(c, b));
    md small = d_mask_and(d_lt(size, d_set(0x1p-900)), d_lt(d_abs(r.t), d_set(1)));
    y = d_sel(d_mask_or(small, d_lt(d_set(0x1p1000), size)), other, y);
    y = d_sel(r.large, large, y);
#endif
    (void)c;
    (void)large;
    return y;
}

NLL_INLINE wide_value kl_gamma(const vd x[], const double *par) {
    vd ap = x[0], bp = x[1], aq = x[2], bq = x[3];
    (void)par;
    d_normal nap = d_normal_of(ap), nbq = d_normal_of(bq), nbp = d_normal_of(bp);
    d_products e = d_products_of(nap, nbq, d_normal_of(aq), nbp);
    d_product_ratio r = d_product_ratio_of(e, d_cross(e.up, nbq.value, e.c.value, nbp.value), aq);
    vd da = d_sub(aq, ap);
    /* ap bq / bp^2 */
    vd steep = d_div(d_div(d_mul(nap.value, nbq.value), nbp.value), nbp.value);
    steep = d_times_pow2(steep, d_sub(d_add(nap.n, nbq.n), d_add(nbp.n, nbp.n)));
    vd head = kl_gain_over(r, aq, ap, d_div(bq, bp)), dap = d_minus_curve_rest(head, da, ap);
#if defined(NLL_T_F64)
    /* inf - inf: of bq / bp and aq / ap^2 the larger has its way */
    vd inf = d_set(INFINITY), rates = d_sub(nbq.n, nbp.n),
       shapes = d_sub(e.c.n, d_add(nap.n, nap.n));
    vd way = d_sel(d_lt(rates, shapes), d_neg(inf), inf);
    dap = d_sel(d_mask_and(d_eq(head, inf), d_isnan(dap)), way, dap);
#endif
    wide_value w = {.loss = d_add(r.loss, d_phi_rest(ap, aq, da)),
                    .grad = {dap, d_neg(kl_gain_over(r, aq, bp, steep)),
                             d_sub(d_digamma_step_rest(ap, aq, da).rest, r.log),
                             kl_gain_over(r, aq, bq, d_div(ap, bp))}};
    md p = d_mask_and(d_is_positive(ap), d_is_positive(bp));
    return kl_within(w, d_mask_and(p, d_mask_and(d_is_positive(aq), d_is_positive(bq))));
}

/* (a / sp) / (c / sq) for a and b = sp - a of p, c and d = sq - c of q. */
NLL_INLINE d_product_ratio kl_mean_ratio(vd a, vd c, vd b, vd d, vd sp, vd sq) {
    d_normal p = d_normal_of(sp), q = d_normal_of(sq);
    d_products e = d_products_of(d_normal_of(a), q, d_normal_of(c), p);
    vd rest_p = d_times_pow2(b, d_neg(p.n)), rest_q = d_times_pow2(d, d_neg(q.n));
    return d_product_ratio_of(e, d_cross(e.up, rest_q, e.c.value, rest_p), c);
}

/* The derivative in a of p, s = a + b: head = c / (a s), step from a to s. */
NLL_INLINE vd kl_curves(vd head, d_gamma_step step, vd da, vd a, vd db, vd b) {
    vd s = d_add(a, b), y = d_fma(da, step.curve_rest, d_fma(db, d_trigamma_rest(s), head));
#if defined(NLL_T_F64)
    /* squares of a leave the range, or s / a does: ds psi1(s) - da psi1(a) in units of
     * 1 / (less a) */
    vd zero = d_set(0), least = d_set(0x1p-500), ds = d_add(da, db);
    md far = d_lt(d_set(1), d_max(d_abs(da), d_abs(ds)));
    vd less = d_sel(far, d_set(0x1p-1000), d_set(0x1p-10));
    vd more = d_sel(far, d_set(0x1p1000), d_set(0x1p10)), by = d_mul(da, less),
       bys = d_mul(ds, less);
    vd first = d_sel(d_lt(a, least), d_div(by, a), d_mul(d_mul(by, a), d_trigamma(a)));
    vd last = d_sel(d_lt(s, least), d_mul(d_div(bys, s), d_div(a, s)),
                    d_mul(d_mul(bys, a), d_trigamma(s)));
    vd apart = d_div(d_mul(d_sub(last, first), more), a);
    md inside = d_mask_and(d_eq(d_sub(y, y), zero), d_le(least, a));
    y = d_sel(d_mask_and(inside, d_le(d_div(b, a), d_set(0x1p1000))), y, apart);
#endif
    return y;
}

/* The sum of which the magnitudes of the terms are the least. */
typedef struct kl_sum {
    vd value, size;
} kl_sum;
NLL_INLINE kl_sum kl_difference(vd x, vd y) {
    return (kl_sum){d_sub(x, y), d_add(d_abs(x), d_abs(y))};
}
NLL_INLINE kl_sum kl_less(kl_sum x, kl_sum y) {
    md less = d_lt(y.size, x.size);
    return (kl_sum){d_sel(less, y.value, x.value), d_sel(less, y.size, x.size)};
}
/* psi - log of aq and sp less that of ap and sq, s = a + b: by the steps of a and s from p to q, or
 * those from a to s of p and q.  From 1 on -1 / (2 x) goes by itself:
 *   1 / ap - 1 / sp - 1 / aq + 1 / sq = (bp ds / (ap sp) - c / (ap aq)) / sq,  head = c / (ap sp)
 */
typedef struct kl_shape {
    vd a, b, s;
    d_gamma_step step; /* from a to s */
} kl_shape;
NLL_INLINE vd kl_steps(kl_shape p, kl_shape q, d_step_rest a, d_step_rest s, vd head, vd ds) {
    kl_sum along = kl_difference(a.rest, s.rest);
    kl_sum across = kl_difference(p.step.slope_rest, q.step.slope_rest),
           sum = kl_less(along, across);
    kl_sum tail =
        kl_less(kl_difference(a.tail, s.tail), kl_difference(p.step.slope_tail, q.step.slope_tail));
    vd first = d_mul(d_div(p.b, p.a), d_div(ds, d_mul(p.s, q.s)));
    vd last = d_mul(head, d_div(p.s, d_mul(q.a, q.s))), half = d_set(0.5);
    kl_sum inverse = kl_difference(d_mul(half, first), d_mul(half, last));
    kl_sum apart = {d_add(inverse.value, tail.value), d_add(inverse.size, tail.size)};
    md low = d_lt(d_min(p.a, q.a), d_set(1));
    return d_sel(low, sum.value, kl_less(sum, apart).value);
}

NLL_INLINE wide_value kl_beta(const vd x[], const double *par) {
    vd ap = x[0], bp = x[1], aq = x[2], bq = x[3];
    (void)par;
    vd sp = d_add(ap, bp), sq = d_add(aq, bq), da = d_sub(aq, ap), db = d_sub(bq, bp);
    vd ds = d_add(da, db);
    /* means of p and q: each term has one ratio */
    d_product_ratio a = kl_mean_ratio(ap, aq, bp, bq, sp, sq),
                    b = kl_mean_ratio(bp, bq, ap, aq, sp, sq);
    vd mean = d_add(a.loss, b.loss);
    vd rise = d_add(d_phi_rest(ap, aq, da), d_phi_rest(bp, bq, db)), all = d_phi_rest(sp, sq, ds);
    vd value = d_max(d_set(0), d_add(mean, d_sub(rise, all)));
    value = d_sel(d_eq(all, d_set(INFINITY)), all, value);
    /* all shapes tiny: lgamma(x) = -log x, and log(1 - ta tb) + T - 1 - log T is what is left, with
     * T = (bp / sp) (aq / ap) + (ap / sp) (bq / bp) */
    vd ra = d_div(aq, ap), rb = d_div(bq, bp), wa = d_div(bp, sp), wb = d_div(ap, sp);
    vd mix = d_fma(wa, ra, d_mul(wb, rb)),
       over = d_fma(wa, d_div(da, ap), d_mul(wb, d_div(db, bp)));
    vd tiny = d_sub(d_log1p(d_neg(d_mul(a.t, b.t))), d_ratio_of(mix, d_set(1), over).rest);
    value = d_sel(d_lt(d_max(sp, sq), d_set(0x1p-30)), tiny, value);
    kl_shape pa = {ap, bp, sp, d_gamma_difference(ap, bp, WANT_CURVE)};
    kl_shape pb = {bp, ap, sp, d_gamma_difference(bp, ap, WANT_CURVE)};
    kl_shape qa = {aq, bq, sq, d_gamma_difference(aq, bq, WANT_SLOPE)};
    kl_shape qb = {bq, aq, sq, d_gamma_difference(bq, aq, WANT_SLOPE)};
    d_step_rest whole = d_digamma_step_rest(sp, sq, ds);
    vd head_a = kl_gain_over(a, aq, ap, d_div(sq, sp)),
       head_b = kl_gain_over(b, bq, bp, d_div(sq, sp));
    vd slope_a = kl_steps(pa, qa, d_digamma_step_rest(ap, aq, da), whole, head_a, ds);
    vd slope_b = kl_steps(pb, qb, d_digamma_step_rest(bp, bq, db), whole, head_b, ds);
    wide_value v = {.loss = value,
                    .grad = {kl_curves(head_a, pa.step, da, ap, db, bp),
                             kl_curves(head_b, pb.step, db, bp, da, ap), d_sub(slope_a, a.log),
                             d_sub(slope_b, b.log)}};
    md p = d_mask_and(d_is_positive(ap), d_is_positive(bp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_positive(aq), d_is_positive(bq))));
}

#endif
