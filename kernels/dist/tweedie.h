/* dist/tweedie.h: Tweedie, mean m (or t = log m) and power p: half the unit deviance without what
 * depends on y alone.
 *   a = 2 - p, b = p - 1, E = m^-b
 *   loss = m E / a + y E / b           dy = E / b
 *   dm = E (m - y) / m                 hm = E (p y / m - b) / m
 *   dt = e^(a t) - y e^(-b t)          ht = a e^(a t) + b y e^(-b t) */
#ifndef NLL_DIST_TWEEDIE_H
#define NLL_DIST_TWEEDIE_H

#include "dist/wide.h"

NLL_INLINE md tweedie_power(vd p) { return d_mask_and(d_lt(d_set(1), p), d_lt(p, d_set(2))); }

NLL_INLINE wide_value tweedie_mean(const vd x[], const double *par) {
    vd m = x[0], p = x[1], y = x[2], a = d_sub(d_set(2), p), b = d_sub(p, d_set(1)), r;
    (void)par;
    vd n = d_log_split_any(m, &r);
    d_log_sum l = d_log_terms(n, r, d_set(0));
    vd log_m = d_add(l.head, l.rest), lost = d_add(d_sub(l.head, log_m), l.rest);
    vd t = d_mul(b, log_m), slip = d_fma(b, lost, d_fma(b, log_m, d_neg(t)));
    vd e = d_exp_both(d_neg(t), d_neg(slip)).e, eb = d_div(e, b);
    /* (m - y) / m and (p y / m - b) E first: the other way 1 / m would leave the range alone */
    d_scale over = d_scale_of(m);
    vd bend = d_sub(d_over(d_mul(p, y), over), b);
    wide_value v = {.loss = d_add(d_mul_zero(y, eb), d_div(d_mul(m, e), a)),
                    .grad = {d_mul(d_over(d_sub(m, y), over), e), eb},
                    .hess = {d_over(d_mul(bend, e), over)}};
    md valid = d_mask_and(d_is_positive(m), tweedie_power(p));
    return wide_edges(v, y, valid, d_is_nonnegative(y));
}

NLL_INLINE wide_value tweedie_log_mean(const vd x[], const double *par) {
    vd t = x[0], p = x[1], y = x[2], a = d_sub(d_set(2), p), b = d_sub(p, d_set(1));
    (void)par;
    vd up = d_exp_product(a, t).e, down = d_exp_product(d_neg(b), t).e, yd = d_mul_zero(y, down);
    wide_value v = {.loss = d_add(d_div(up, a), d_div(yd, b)),
                    .grad = {d_sub(up, yd), d_div(down, b)},
                    .hess = {d_fma(a, up, d_mul(b, yd))}};
    md valid = d_mask_and(d_is_number(t), tweedie_power(p));
    return wide_edges(v, y, valid, d_is_nonnegative(y));
}

#endif
