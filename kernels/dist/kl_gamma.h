/* dist/kl_gamma.h: KL(p||q) of two gamma and of two beta distributions.
 *
 * With phi(q; p) the remainder of math/bregman.h and rest(t) = log(1 + t) - t:
 *   gamma   -aq rest(e) + phi(aq; ap),  e = (ap bq - aq bp) / (aq bp)
 *           dap = (ap - aq) psi1(ap) + (bq - bp) / bp     daq = psi(aq) - psi(ap) + log(bp / bq)
 *           dbp = -aq e / bp                              dbq = aq e / bq
 *   beta    c = ap bq - aq bp, sp = ap + bp, sq = aq + bq:
 *           -aq rest(c / (aq sp)) - bq rest(-c / (bq sp))
 *              + phi(aq; ap) + phi(bq; bp) - phi(sq; sp)
 *           dap = (ap - aq) psi1(ap) - (sp - sq) psi1(sp)
 *           daq = psi(aq) - psi(ap) - (psi(sq) - psi(sp)); b likewise
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
    d_ratio b = d_ratio_plain(bq, bp);
    /* ap bq / bp^2 */
    vd steep = d_div(d_div(d_mul(nap.value, nbq.value), nbp.value), nbp.value);
    steep = d_times_pow2(steep, d_sub(d_add(nap.n, nbq.n), d_add(nbp.n, nbp.n)));
    vd dap = d_minus_curve(b.t, da, ap);
#if defined(NLL_T_F64)
    /* inf - inf: of bq / bp and aq / ap^2 the larger has its way */
    vd inf = d_set(INFINITY), rates = d_sub(nbq.n, nbp.n),
       shapes = d_sub(e.c.n, d_add(nap.n, nap.n));
    vd way = d_sel(d_lt(rates, shapes), d_neg(inf), inf);
    dap = d_sel(d_mask_and(d_eq(b.t, inf), d_isnan(dap)), way, dap);
#endif
    wide_value w = {.loss = d_add(r.loss, d_phi_rest(ap, aq, da)),
                    .grad = {dap, d_neg(kl_gain_over(r, aq, bp, steep)),
                             d_sub(d_digamma_step(ap, aq, da), b.log),
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

/* ds psi1(s) - d psi1(a), s >= a. */
NLL_INLINE vd kl_curves(vd d, vd a, vd ds, vd s) {
    vd zero = d_set(0), y = d_minus_curve(d_sub(zero, d_minus_curve(zero, ds, s)), d, a);
#if defined(NLL_T_F64)
    /* inf - inf: both in units of 1 / (less a) */
    md far = d_lt(d_set(1), d_max(d_abs(d), d_abs(ds)));
    vd less = d_sel(far, d_set(0x1p-1000), d_set(0x1p-10));
    vd more = d_sel(far, d_set(0x1p1000), d_set(0x1p10)), by = d_mul(d, less),
       bys = d_mul(ds, less);
    vd first = d_sel(d_lt(a, d_set(0x1p-500)), d_div(by, a), d_mul(d_mul(by, a), d_trigamma(a)));
    vd last = d_sel(d_lt(s, d_set(0x1p-500)), d_mul(d_div(bys, s), d_div(a, s)),
                    d_mul(d_mul(bys, a), d_trigamma(s)));
    vd apart = d_div(d_mul(d_sub(last, first), more), a);
    y = d_sel(d_eq(d_sub(y, y), zero), y, apart);
#endif
    return y;
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
    vd whole = d_digamma_step(sp, sq, ds);
    wide_value v = {.loss = value,
                    .grad = {kl_curves(da, ap, ds, sp), kl_curves(db, bp, ds, sp),
                             d_sub(d_digamma_step(ap, aq, da), whole),
                             d_sub(d_digamma_step(bp, bq, db), whole)}};
    md p = d_mask_and(d_is_positive(ap), d_is_positive(bp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_positive(aq), d_is_positive(bq))));
}

#endif
