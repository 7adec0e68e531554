/* dist/kl_rate.h: KL(p||q) of two Poisson, exponential and Bernoulli distributions.
 *
 * With rest(t) = log(1 + t) - t <= 0 and f(y) = e^y - 1 - y >= 0:
 *   Poisson       -p rest(q / p - 1), or e^tp f(tq - tp)    dp = log(p / q)     dq = 1 - p / q
 *                 dtp = e^tp (tp - tq)                      dtq = e^tq - e^tp
 *   exponential   -rest(q / p - 1), or f(tq - tp)           dp = -(q / p - 1) / p
 *                 dq = (q / p - 1) / q                      dtq = e^(tq - tp) - 1 = -dtp
 *   Bernoulli     p' = 1 - p, q' = 1 - q:  -p rest(q / p - 1) - p' rest(q' / p' - 1)
 *                 dp = log(p / q) - log(p' / q')            dq = (q - p) / (q q')
 *                 logits: dzp = p p' (zp - zq)              dzq = q - p
 * 0 log 0 = 0; p > 0 = q: +inf.  Equal parameters: 0, with gradients of 0, at the ends as well. */
#ifndef NLL_DIST_KL_RATE_H
#define NLL_DIST_KL_RATE_H

#include "dist/kl_location.h"
#include "math/logistic.h"

NLL_INLINE wide_value kl_poisson_rate(const vd x[], const double *par) {
    vd p = x[0], q = x[1], zero = d_set(0), one = d_set(1), inf = d_set(INFINITY);
    (void)par;
    md no_p = d_eq(p, zero), no_q = d_eq(q, zero), same = d_eq(p, q);
    d_ratio r = d_ratio_plain(q, p);
    vd value = d_sel(d_lt(d_set(0x1p1000), r.t), q, d_neg(d_mul(p, r.rest)));
    value = d_sel(no_p, q, d_sel(no_q, inf, value));
    vd dp = d_sel(no_p, d_neg(inf), d_sel(no_q, inf, d_neg(r.log)));
    vd dq = d_sel(no_p, one, d_div(d_sub(q, p), q));
    wide_value v = {.loss = d_sel(same, zero, value),
                    .grad = {d_sel(same, zero, dp), d_sel(same, zero, dq)}};
    return kl_within(v, d_mask_and(d_is_nonnegative(p), d_is_nonnegative(q)));
}

NLL_INLINE wide_value kl_poisson_log_rate(const vd x[], const double *par) {
    vd tp = x[0], tq = x[1], zero = d_set(0), one = d_set(1), inf = d_set(INFINITY), lost;
    (void)par;
    vd y = d_difference(tq, tp, &lost);
    d_exp_rest e = d_exp_rest_of(y, lost);
    vd p = d_exp(tp), q = d_exp(tq);
    md far = d_lt(d_set(30), y), no_p = d_eq(p, zero);
    vd slope = d_sel(no_p, zero, d_mul_exp(d_neg(y), tp));
    vd tail = d_sel(no_p, zero, d_mul_exp(d_add(one, y), tp));
    vd value = d_sel(far, d_sub(q, tail), d_mul_exp(e.rest, tp));
    value = d_sel(d_eq(tq, d_neg(inf)), inf, value);
    vd change = d_sel(far, d_sub(q, p), d_mul_exp(e.em1, tp));
    md same = d_eq(tp, tq);
    wide_value v = {.loss = d_sel(same, zero, value),
                    .grad = {d_sel(same, zero, slope), d_sel(same, zero, change)}};
    return kl_within(v, d_mask_and(d_lt(tp, inf), d_lt(tq, inf)));
}

NLL_INLINE wide_value kl_exponential_rate(const vd x[], const double *par) {
    vd p = x[0], q = x[1];
    (void)par;
    d_ratio r = d_ratio_plain(q, p);
    wide_value v = {.loss = d_neg(r.rest), .grad = {d_neg(d_div(r.t, p)), d_div(r.t, q)}};
    /* 1 / p - 1 / q where q / p overflows */
    v.grad[1] = d_sel(d_lt(d_set(0x1p1000), r.t), d_div(d_set(1), p), v.grad[1]);
    return kl_within(v, d_mask_and(d_is_positive(p), d_is_positive(q)));
}

NLL_INLINE wide_value kl_exponential_log_rate(const vd x[], const double *par) {
    vd lost, y = d_difference(x[1], x[0], &lost);
    (void)par;
    d_exp_rest e = d_exp_rest_of(y, lost);
    wide_value v = {.loss = e.rest, .grad = {d_neg(e.em1), e.em1}};
    return kl_within(v, d_mask_and(d_is_finite(x[0]), d_is_finite(x[1])));
}

NLL_INLINE wide_value kl_bernoulli_probs(const vd x[], const double *par) {
    vd p = x[0], q = x[1], zero = d_set(0), one = d_set(1), inf = d_set(INFINITY);
    (void)par;
    vd d = d_sub(q, p), pr = d_sub(one, p), qr = d_sub(one, q);
    md no_p = d_eq(p, zero), all_p = d_eq(p, one), same = d_eq(p, q);
    md no_q = d_eq(q, zero), all_q = d_eq(q, one);
    d_ratio a = d_ratio_of(q, p, d), b = d_ratio_of(qr, pr, d_neg(d));
    vd first = d_sel(d_lt(d_set(0x1p1000), a.t), q, d_neg(d_mul(p, a.rest)));
    vd value = d_add(d_sel(no_p, q, first), d_sel(all_p, qr, d_neg(d_mul(pr, b.rest))));
    value = d_sel(d_mask_or(no_q, all_q), inf, value);
    vd dp = d_sel(no_p, d_neg(inf), d_sel(all_p, inf, d_sub(b.log, a.log)));
    dp = d_sel(no_q, inf, d_sel(all_q, d_neg(inf), dp));
    vd dq = d_sel(all_p, d_div(d_set(-1), q), d_div(d_div(d, q), qr));
    dq = d_sel(no_p, d_div(one, qr), dq);
    wide_value v = {.loss = d_sel(same, zero, value),
                    .grad = {d_sel(same, zero, dp), d_sel(same, zero, dq)}};
    return kl_within(v, d_mask_and(d_is_unit(p), d_is_unit(q)));
}

/* Sigmoids of z and -z from one exponential. */
typedef struct kl_sides {
    vd p, rest;
} kl_sides;
NLL_INLINE kl_sides kl_sides_of(vd z) {
    vd e = d_exp(d_neg(d_abs(z))), inverse = d_div(d_set(1), d_add(d_set(1), e));
    vd small = d_mul(e, inverse);
    md below = d_lt(z, d_set(0));
    return (kl_sides){d_sel(below, small, inverse), d_sel(below, inverse, small)};
}

/* The classes are named so that zq >= zp.  With D = zq - zp and E = 1 - e^-D the two ratios less 1
 * are q / p - 1 = E q e^-zp >= 0 and q' / p' - 1 = -E q, both without cancellation. */
NLL_INLINE wide_value kl_bernoulli_logits(const vd x[], const double *par) {
    vd zero = d_set(0), inf = d_set(INFINITY), lost;
    (void)par;
    md swap = d_lt(x[1], x[0]), same = d_eq(x[0], x[1]);
    vd zp = d_sel(swap, d_neg(x[0]), x[0]), zq = d_sel(swap, d_neg(x[1]), x[1]);
    vd D = d_difference(zq, zp, &lost), E = d_neg(d_exp_rest_of(d_neg(D), d_neg(lost)).em1);
    kl_sides P = kl_sides_of(zp), Q = kl_sides_of(zq);
    vd gain = d_mul(E, Q.p), w = d_mul_exp(gain, d_neg(zp)), change = d_mul(gain, P.rest);
    vd big = d_set(0x1p500), rest = d_log1p_pair(d_min(big, w)).rest;
    vd first = d_sel(d_lt(w, big), d_neg(d_mul(P.p, rest)), change);
    /* log(q' / p'): by the ratio, or where q' vanishes by the softpluses that are no differences */
    d_log_pair l = d_log_ratio(d_neg(gain), d_div(Q.rest, P.rest));
    vd far = d_sub(d_log1p(d_exp(d_neg(d_abs(zp)))), d_sel(d_lt(zp, zero), zq, D));
    vd other = d_sel(d_lt(d_set(700), zq), d_neg(d_add(far, gain)), d_neg(l.rest));
    other = d_sel(d_lt(gain, d_set(0.5)), d_neg(l.rest), other);
    vd value = d_add(first, d_mul_zero(P.rest, other));
    value = d_sel(d_eq(zq, inf), inf, value);
    vd dp = d_mul_zero(d_mul(P.p, P.rest), d_neg(D));
    wide_value v = {.loss = d_sel(same, zero, value),
                    .grad = {d_sel(same, zero, d_sel(swap, d_neg(dp), dp)),
                             d_sel(same, zero, d_sel(swap, d_neg(change), change))}};
    return kl_within(v, d_mask_and(d_is_number(x[0]), d_is_number(x[1])));
}

#endif
