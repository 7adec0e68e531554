/* dist/negative_binomial.h: negative binomial, mean m (or t = log m) and size r.
 *   variance m + m^2 / r     p = r / (r + m), q = m / (r + m)
 *   y > 0: loss by the core of math/beta.h with a = r, b = y, e = p (y - m)
 *   y = 0: loss = -r log p
 *   dm = p (m - y) / m       hm = (p / (r + m)) (y (r + 2 m) / m^2 - 1)
 *   dt = p (m - y)           ht = p q (r + y)
 *   dr = psi(r) - psi(r + y) - log p + (y - m) / (r + m), at y = 0: -(log p + q)
 *   hr = [psi1(r) - psi1(r + y) - y / (r (r + y))] - (y - m)^2 / ((r + m)^2 (r + y))
 * The Poisson limit, r large, is a limit of these formulas. */
#ifndef NLL_DIST_NEGATIVE_BINOMIAL_H
#define NLL_DIST_NEGATIVE_BINOMIAL_H

#include "dist/wide.h"
#include "math/beta.h"

/* The loss and what belongs to r; `inv` = 1 / (r + m). */
NLL_INLINE wide_value negative_binomial_size(vd m, vd r, vd y, vd p, vd q, vd inv) {
    md none = d_eq(y, d_set(0));
    vd e = d_mul(p, d_sub(y, m));
    d_beta_edge at_0 = {none, d_neg(q), p};
    d_beta_parts c = d_beta_core_of(r, y, p, q, e, y, WANT_CURVE, LOW_A | WHOLE_B, &at_0);
    d_log_pair l = c.log_a; /* at y = 0: log p, log p + q */
    vd off = d_mul(d_sub(y, m), inv), bend = d_div(d_mul(off, off), d_add(r, y));
    wide_value v = {.loss = d_sel(none, d_neg(d_mul(r, l.log)), c.value)};
    vd rest = l.rest;
#if defined(NLL_T_F64)
    /* of log p and q, which cancel in part, what rounding took from p and q; log_ratio goes by q up
     * to 1/2 */
    vd s = d_add(r, m), lost = d_sum_lost(r, m, s);
    vd p_lost = d_nfma(p, lost, d_nfma(p, s, r)), q_lost = d_nfma(q, lost, d_nfma(q, s, m));
    vd by_q = d_neg(d_mul(d_div(q, p), q_lost)),
       by_p = d_add(d_div(p_lost, d_max(d_set(0x1p-1022), p)), q_lost);
    rest = d_fma(d_sel(d_lt(d_set(0.5), q), by_p, by_q), inv, rest);
#endif
    v.grad[1] = d_sel(none, d_neg(rest), c.follow_a);
    v.hess[1] = d_sub(d_sel(none, d_set(0), c.follow_curve_a), bend);
#if defined(NLL_T_F64)
    /* inf - inf: of 1 / r^2 and y / (r + m)^2 the larger has its way */
    vd inf = d_set(INFINITY), side = d_mul(d_mul(p, p), y);
    vd way = d_sel(d_lt(side, d_set(1)), inf, d_neg(inf));
    v.hess[1] = d_sel(d_isnan(v.hess[1]), way, v.hess[1]);
#endif
    return v;
}

NLL_INLINE wide_value negative_binomial_mean(const vd x[], const double *par) {
    vd m = x[0], r = x[1], y = x[2], one = d_set(1), zero = d_set(0);
    (void)par;
    vd s = d_add(r, m), inv = d_div(one, s), p = d_mul(r, inv), q = d_mul(m, inv);
#if defined(NLL_T_F64)
    /* the deviances are of order (p (y - m))^2: p to the last place */
    vd lost = d_sum_lost(r, m, s);
    vd more = d_mul(d_nfma(p, lost, d_nfma(p, s, r)), inv);
    p = d_add(p, d_sel(d_lt(d_abs(more), one), more, zero)); /* s or its inverse is infinite: NaN */
#endif
    wide_value v = negative_binomial_size(m, r, y, p, q, inv);
    md none = d_eq(y, zero);
    vd mi = d_div(one, m), ym = d_sel(none, zero, d_mul(y, mi));
    v.grad[0] = d_sel(none, p, d_mul(p, d_div(d_sub(m, y), m)));
    vd twice = d_mul(d_add(r, d_add(m, m)), mi);
    v.hess[0] = d_mul(d_mul(p, inv), d_fma(ym, d_sel(none, zero, twice), d_set(-1)));
    /* a mean of 0 gives 0 for certain */
    md certain = d_eq(m, zero);
    v.loss = d_sel(certain, d_sel(none, zero, d_set(INFINITY)), v.loss);
    return wide_edges(v, y, d_mask_and(d_is_nonnegative(m), d_is_positive(r)), d_is_count(y));
}

NLL_INLINE wide_value negative_binomial_log_mean(const vd x[], const double *par) {
    vd t = x[0], r = x[1], y = x[2], one = d_set(1), zero = d_set(0), most = d_set(600);
    (void)par;
    /* beyond 600 e^t would leave the range: the loss is linear there, with slope r or -y */
    vd near = d_min(most, d_max(d_neg(most), t)), over = d_sub(t, near), m = d_exp(near);
    vd inv = d_div(one, d_add(r, m)), p = d_mul(r, inv), q = d_mul(m, inv);
    wide_value v = negative_binomial_size(m, r, y, p, q, inv);
    v.grad[0] = d_mul(p, d_sub(m, y));
    v.hess[0] = d_mul(d_mul(p, q), d_add(r, y));
    md away = d_mask_not(d_eq(over, zero));
    if (d_mask_bits(away)) { /* the other lanes keep what they have */
        vd slope = d_sel(d_lt(over, zero), d_neg(y), r), fall = d_exp(d_neg(d_abs(over)));
        v.loss = d_sel(away, d_add(v.loss, d_mul_zero(slope, over)), v.loss);
        v.grad[1] = d_sel(away, d_add(v.grad[1], d_max(zero, over)), v.grad[1]);
        v.hess[0] = d_sel(away, d_mul(v.hess[0], fall), v.hess[0]);
    }
    return wide_edges(v, y, d_mask_and(d_is_number(t), d_is_positive(r)), d_is_count(y));
}

#endif
