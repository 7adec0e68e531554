/* dist/binomial.h: binomial, n trials, y successes, P = P(success) or logits z, Q = 1 - P.
 *   0 < y < n: loss by the core of math/beta.h with a = y, b = n - y, e = n P - y
 *   y = 0: loss = -n log Q      y = n: loss = -n log P
 *   dz = (n - y) P - y Q        hz = n P Q
 *   dP = (n P - y) / (P Q)      hP = y / P^2 + (n - y) / Q^2 */
#ifndef NLL_DIST_BINOMIAL_H
#define NLL_DIST_BINOMIAL_H

#include "dist/wide.h"
#include "math/beta.h"

NLL_INLINE vd binomial_core(vd n, vd y, vd p, vd q) {
    vd rest = d_sub(n, y), f = d_div(d_mul(y, rest), n);
    vd e = d_sel(d_le(p, q), d_fma(n, p, d_neg(y)), d_nfma(n, q, rest));
    return d_beta_core_of(y, rest, p, q, e, f, WANT_VALUE, LOW_NONE).value;
}
NLL_INLINE md binomial_support(vd n, vd y) { return d_mask_and(d_is_count(y), d_le(y, n)); }

#define BINOMIAL_LEAST 0x1.4dd4d0d12c071p-866 /* e^-600 */
NLL_INLINE wide_value binomial_logits(const vd x[], const double *par) {
    vd n = x[0], z = x[1], y = x[2], one = d_set(1), zero = d_set(0), rest = d_sub(n, y);
    (void)par;
    /* beyond 600 the smaller probability would leave the range: the loss is linear there */
    vd a = d_abs(z), e = d_exp(d_neg(a)), near = d_max(d_set(BINOMIAL_LEAST), e);
    vd w = d_div(one, d_add(one, e)), s = d_mul(near, w);
    vd over = d_max(zero, d_sub(a, d_set(600)));
    md below = d_lt(z, zero);
    vd p = d_sel(below, s, w), q = d_sel(below, w, s);
    vd small = d_log1p_pair(e).log, all = d_mul_zero(n, d_add(a, small)),
       few = d_mul_zero(n, small);
    vd loss = d_add(binomial_core(n, y, p, q), d_mul_zero(d_sel(below, y, rest), over));
    loss = d_sel(d_eq(rest, zero), d_sel(below, all, few), loss);
    loss = d_sel(d_eq(y, zero), d_sel(below, few, all), loss);
    vd least = d_mul(e, w), pp = d_sel(below, least, p), qq = d_sel(below, q, least);
    wide_value v = {.loss = loss,
                    .grad = {d_fma(rest, pp, d_neg(d_mul(y, qq)))},
                    .hess = {d_mul(n, d_mul(pp, qq))}};
    return wide_edges(v, y, d_mask_and(d_is_count(n), d_is_number(z)), binomial_support(n, y));
}

NLL_INLINE wide_value binomial_probs(const vd x[], const double *par) {
    vd n = x[0], p = x[1], y = x[2], one = d_set(1), zero = d_set(0), rest = d_sub(n, y);
    (void)par;
    vd q = d_sub(one, p);
    md none = d_eq(y, zero), full = d_eq(rest, zero);
    vd yp = d_sel(none, zero, d_div(y, p)), rq = d_sel(full, zero, d_div(rest, q));
    vd loss = binomial_core(n, y, p, q), inf = d_set(INFINITY);
    loss = d_sel(d_mask_or(d_eq(p, zero), d_eq(q, zero)), inf, loss);
    /* the logarithm of P or Q from what it lacks to 1 */
    vd kept = d_sel(none, q, p), lost = d_sel(none, p, q);
    vd log_kept = d_sel(d_eq(kept, zero), d_neg(inf), d_log_ratio(d_neg(lost), kept).log);
    loss = d_sel(d_mask_or(none, full), d_neg(d_mul_zero(n, log_kept)), loss);
    vd slope = d_div(d_fma(n, p, d_neg(y)), d_mul(p, q));
    slope = d_sel(none, rq, d_sel(full, d_neg(yp), slope)); /* not 0 / 0 */
    wide_value v = {
        .loss = loss,
        .grad = {slope},
        .hess = {d_add(d_sel(none, zero, d_div(yp, p)), d_sel(full, zero, d_div(rq, q)))}};
    return wide_edges(v, y, d_mask_and(d_is_count(n), d_is_unit(p)), binomial_support(n, y));
}

#endif
