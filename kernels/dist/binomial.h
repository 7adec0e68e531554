/* dist/binomial.h: binomial, n trials, y successes, P = P(success) or logits z, Q = 1 - P.
 *   0 < y < n: loss by the core of math/beta.h with a = y, b = n - y, e = n P - y
 *   y = 0: loss = -n log Q      y = n: loss = -n log P
 *   dz = (n - y) P - y Q        hz = n P Q
 *   dP = (n P - y) / (P Q)      hP = y / P^2 + (n - y) / Q^2 */
#ifndef NLL_DIST_BINOMIAL_H
#define NLL_DIST_BINOMIAL_H

#include "dist/wide.h"
#include "math/beta.h"

/* The loss for 0 < y < n, where e = n P - y is made of the smaller of P and Q; and log u where y is
 * 0 or n (`edge`), of which t = u - 1 is known better than from u. */
typedef struct binomial_parts {
    vd loss, log;
} binomial_parts;
NLL_INLINE binomial_parts binomial_core(vd n, vd y, vd p, vd q, md edge, vd t, vd u) {
    vd rest = d_sub(n, y);
    vd e = d_sel(d_le(p, q), d_fma(n, p, d_neg(y)), d_nfma(n, q, rest));
#if defined(NLL_T_F64)
    vd f = d_div(d_mul(y, rest), n);
    d_beta_parts c = d_beta_core_of(y, rest, p, q, e, f, WANT_VALUE, LOW_NONE, NULL);
    (void)edge;
    return (binomial_parts){c.value, d_log_ratio(t, u).log};
#else /* the core for whole numbers, and log u in place of one of its logarithms */
    d_inverse3 i = d_inverse3_of(y, rest, n);
    vd ta = d_sel(edge, t, d_mul(e, i.a)), ua = d_sel(edge, u, d_mul(d_mul(n, p), i.a));
    d_log_pair a = d_log_ratio(ta, ua);
    d_log_pair b = d_log_ratio(d_neg(d_mul(e, i.b)), d_mul(d_mul(n, q), i.b));
    vd last = d_log_inside(d_mul(d_mul(y, rest), i.c));
    vd half = d_fma(d_set(0.5), last, d_set(D_HALF_LOG_2PI));
    vd delta = d_sub(d_stirling_whole(y, i.a), d_stirling_whole(n, i.c));
    delta = d_add(delta, d_add(d_stirling_whole(rest, i.b), half));
    return (binomial_parts){d_nfma(rest, b.rest, d_nfma(y, a.rest, delta)), a.log};
#endif
}
NLL_INLINE md binomial_support(vd n, vd y) { /* of a finite n */
    return d_mask_and(d_mask_and(d_le(d_set(0), y), d_le(y, n)), d_eq(d_rint(y), y));
}

#define BINOMIAL_LEAST 0x1.4dd4d0d12c071p-866 /* e^-600 */
NLL_INLINE wide_value binomial_logits(const vd x[], const double *par) {
    vd n = x[0], z = x[1], y = x[2], one = d_set(1), zero = d_set(0), rest = d_sub(n, y);
    (void)par;
    /* beyond 600 the smaller probability would leave the range: the loss is linear there */
    vd a = d_abs(z), e = d_exp(d_neg(a)), near = d_max(d_set(BINOMIAL_LEAST), e);
    vd up = d_add(one, e), w = d_div(one, up), s = d_mul(near, w);
    vd over = d_max(zero, d_sub(a, d_set(600)));
    md below = d_lt(z, zero), none = d_eq(y, zero), edge = d_mask_or(none, d_eq(rest, zero));
    vd p = d_sel(below, s, w), q = d_sel(below, w, s);
    binomial_parts c = binomial_core(n, y, p, q, edge, e, up);
    vd far = d_sel(none, d_sel(below, zero, a), d_sel(below, a, zero));
    vd sure = d_mul_zero(n, d_add(far, c.log));
    vd loss = d_sel(edge, sure, d_fma(d_sel(below, y, rest), over, c.loss));
    vd least = d_mul(e, w), pp = d_sel(below, least, p), qq = d_sel(below, q, least);
    wide_value v = {.loss = loss,
                    .grad = {d_fma(rest, pp, d_neg(d_mul(y, qq)))},
                    .hess = {d_mul(n, d_mul(pp, qq))}};
    return wide_edges(v, y, d_mask_and(d_is_count(n), d_is_number(z)), binomial_support(n, y));
}

NLL_INLINE wide_value binomial_probs(const vd x[], const double *par) {
    vd n = x[0], p = x[1], y = x[2], one = d_set(1), zero = d_set(0), rest = d_sub(n, y);
    (void)par;
    vd q = d_sub(one, p), pq = d_mul(p, q), inf = d_set(INFINITY);
    md none = d_eq(y, zero), full = d_eq(rest, zero), edge = d_mask_or(none, full);
    /* the logarithm of P or Q from what it lacks to 1 */
    vd kept = d_sel(none, q, p), lost = d_sel(none, p, q);
    binomial_parts c = binomial_core(n, y, p, q, edge, d_neg(lost), kept);
    vd log_kept = d_sel(d_eq(kept, zero), d_neg(inf), c.log);
    vd loss = d_sel(d_mask_or(d_eq(p, zero), d_eq(q, zero)), inf, c.loss);
    loss = d_sel(edge, d_neg(d_mul_zero(n, log_kept)), loss);
    /* (n P - y) / (P Q), which is n / Q or -n / P at an edge: not 0 / 0 */
    vd top = d_sel(none, rest, d_sel(full, d_neg(y), d_fma(n, p, d_neg(y))));
    vd slope = d_div(top, d_sel(edge, kept, pq));
    slope = d_sel(d_eq(top, zero), zero, slope);
    vd yp = d_sel(none, zero, d_div(y, p)), rq = d_sel(full, zero, d_div(rest, q));
    wide_value v = {
        .loss = loss,
        .grad = {slope},
        .hess = {d_add(d_sel(none, zero, d_div(yp, p)), d_sel(full, zero, d_div(rq, q)))}};
    return wide_edges(v, y, d_mask_and(d_is_count(n), d_is_unit(p)), binomial_support(n, y));
}

#endif
