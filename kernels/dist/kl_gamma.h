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

/* x as value 2^n, so that products of such values stay in range; floats do so as they are. */
typedef struct kl_pair {
    vd value, n;
} kl_pair;
NLL_INLINE kl_pair kl_normal(vd x) {
#if defined(NLL_T_F64)
    vd r, n = d_log_split_any(x, &r);
    return (kl_pair){d_add(r, d_set(1)), n};
#else
    return (kl_pair){x, d_set(0)};
#endif
}

NLL_INLINE wide_value kl_gamma(const vd x[], const double *par) {
    vd ap = x[0], bp = x[1], aq = x[2], bq = x[3];
    (void)par;
    /* e + 1 = 2^n (ap bq) / (aq bp) */
    kl_pair u = kl_normal(ap), v = kl_normal(bq), s = kl_normal(aq), t = kl_normal(bp);
    vd n = d_sub(d_add(u.n, v.n), d_add(s.n, t.n)), limit = d_set(1000);
    vd power = d_pow2(d_min(limit, d_max(d_neg(limit), n))), un = d_mul(u.value, power);
    vd top = d_mul(un, v.value), below = d_mul(s.value, t.value);
    d_ratio r = d_ratio_of(top, below, d_cross(un, v.value, s.value, t.value));
    vd beyond = d_min(d_set(0), d_add(n, limit)); /* of a ratio below 2^-1000 */
    vd rest = d_fma(beyond, d_set(D_LN2), r.rest);
    vd fit = d_neg(d_mul(aq, rest));
    vd da = d_sub(aq, ap);
    d_ratio b = d_ratio_plain(bq, bp);
    fit = d_sel(d_lt(limit, n), d_mul(ap, d_div(bq, bp)), fit);
    vd mean = d_sel(d_lt(limit, n), fit, d_mul(aq, r.t));
    wide_value w = {.loss = d_add(fit, d_phi_rest(ap, aq, da)),
                    .grad = {d_nfma(da, d_trigamma(ap), b.t), d_neg(d_div(mean, bp)),
                             d_sub(d_digamma_step(ap, aq, da), b.log), d_div(mean, bq)}};
    md p = d_mask_and(d_is_positive(ap), d_is_positive(bp));
    return kl_within(w, d_mask_and(p, d_mask_and(d_is_positive(aq), d_is_positive(bq))));
}

NLL_INLINE wide_value kl_beta(const vd x[], const double *par) {
    vd ap = x[0], bp = x[1], aq = x[2], bq = x[3];
    (void)par;
    vd sp = d_add(ap, bp), sq = d_add(aq, bq), da = d_sub(aq, ap), db = d_sub(bq, bp);
    vd c = d_cross(ap, bq, aq, bp), ds = d_add(da, db);
    /* means of p and q: each term has one ratio */
    d_ratio a = d_ratio_of(d_mul(ap, sq), d_mul(aq, sp), c);
    d_ratio b = d_ratio_of(d_mul(bp, sq), d_mul(bq, sp), d_neg(c));
    vd mean = d_neg(d_fma(aq, a.rest, d_mul(bq, b.rest)));
    vd rise = d_add(d_phi_rest(ap, aq, da), d_phi_rest(bp, bq, db));
    vd whole = d_digamma_step(sp, sq, ds), curve = d_mul(ds, d_trigamma(sp));
    wide_value v = {.loss = d_max(d_set(0), d_add(mean, d_sub(rise, d_phi_rest(sp, sq, ds)))),
                    .grad = {d_nfma(da, d_trigamma(ap), curve), d_nfma(db, d_trigamma(bp), curve),
                             d_sub(d_digamma_step(ap, aq, da), whole),
                             d_sub(d_digamma_step(bp, bq, db), whole)}};
    md p = d_mask_and(d_is_positive(ap), d_is_positive(bp));
    return kl_within(v, d_mask_and(p, d_mask_and(d_is_positive(aq), d_is_positive(bq))));
}

#endif
