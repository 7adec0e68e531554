/* dist/beta.h: beta, shapes a, b, or mean u and precision f: a = u f, b = (1 - u) f.
 *   loss: the core of math/beta.h with p = y, q = 1 - y, e = s y - a = f (y - u)
 *   da = psi(a) - psi(s) - log y     db = psi(b) - psi(s) - log(1 - y)     s = a + b
 *   ha = psi1(a) - psi1(s)           hb = psi1(b) - psi1(s)
 *   dy = (b - 1) / (1 - y) - (a - 1) / y
 *   du = f (da - db)                 hu = f^2 (psi1(a) + psi1(b))
 *   df = u da + (1 - u) db           hf = u^2 psi1(a) + (1 - u)^2 psi1(b) - psi1(f)
 * y = 0: loss -inf, -log b, +inf for a < 1, = 1, > 1;  y = 1 likewise with -log a. */
#ifndef NLL_DIST_BETA_H
#define NLL_DIST_BETA_H

#include "dist/wide.h"
#include "math/beta.h"
#include "math/lgamma.h"

#if defined(NLL_T_F64)
/* The loss for a = 1 + u, b = 1 + w, |u|, |w| <= 1/4, near 0 as that of a = b = 1 is: with
 * lgamma(1 + u) = u (1 + u) g(u) - log(1 + u) every term is of the order of u or w. */
NLL_INLINE vd beta_near_uniform(vd u, vd w, vd p, vd q) {
    vd one = d_set(1), s = d_add(u, w), sum = d_mul(d_mul(s, d_add(one, s)), d_lgamma_factor(s));
    vd first = d_sub(d_mul(d_mul(u, d_add(one, u)), d_lgamma_factor(u)), d_log1p(u));
    vd last = d_sub(d_mul(d_mul(w, d_add(one, w)), d_lgamma_factor(w)), d_log1p(w));
    vd log_p = d_log_ratio(d_neg(q), p).log, log_q = d_log_ratio(d_neg(p), q).log;
    return d_sub(d_add(d_nfma(u, log_p, first), d_nfma(w, log_q, last)), sum);
}
#endif

/* e = (a + b) y - a, as the caller knows it. */
NLL_INLINE d_beta_parts beta_core(vd a, vd b, vd y, vd e) {
    vd one = d_set(1), zero = d_set(0), inf = d_set(INFINITY), tiny = d_set(0x1p-990);
    vd q = d_sub(one, y);
    md left = d_eq(y, zero), right = d_eq(q, zero);
    vd p = d_max(tiny, y), far = d_max(tiny, q); /* at an end the other slope needs log 1 = 0 */
    d_beta_parts c = d_beta_core(a, b, p, far, e, d_mul(p, far), WANT_CURVE);
#if defined(NLL_T_F64)
    vd u = d_sub(a, one), w = d_sub(b, one);
    md near = d_le(d_max(d_abs(u), d_abs(w)), d_set(0.25));
    if (d_mask_bits(near)) c.value = d_sel(near, beta_near_uniform(u, w, p, far), c.value);
#endif
    md ends = d_mask_or(left, right);
    if (d_mask_bits(ends)) { /* the other lanes keep what they have */
        vd here = d_sel(left, a, b), other = d_sel(left, b, a), level = d_neg(d_log(other));
        vd edge = d_sel(d_lt(here, one), d_neg(inf), d_sel(d_lt(one, here), inf, level));
        c.value = d_sel(ends, edge, c.value);
        c.slope_a = d_sel(left, inf, c.slope_a);
        c.slope_b = d_sel(right, inf, c.slope_b);
    }
    return c;
}
NLL_INLINE vd beta_slope_y(vd a, vd b, vd y) {
    vd one = d_set(1), zero = d_set(0), q = d_sub(one, y), up = d_sub(a, one), down = d_sub(b, one);
    vd rise = d_sel(d_eq(up, zero), zero, d_div(up, y));
    return d_sub(d_sel(d_eq(down, zero), zero, d_div(down, q)), rise);
}

NLL_INLINE wide_value beta_alpha_beta(const vd x[], const double *par) {
    vd a = x[0], b = x[1], y = x[2];
    (void)par;
    d_beta_parts c = beta_core(a, b, y, d_beta_gap(a, b, y, d_sub(d_set(1), y)));
    wide_value v = {.loss = c.value,
                    .grad = {c.slope_a, c.slope_b, beta_slope_y(a, b, y)},
                    .hess = {c.curve_a, c.curve_b}};
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(b)), d_is_unit(y));
}

/* psi1(x) and the same less 1 / x + 1 / (2 x^2). */
typedef struct beta_curve {
    vd whole, rest;
} beta_curve;
NLL_INLINE beta_curve beta_curve_of(vd x) {
    vd inv = d_div(d_set(1), x), half = d_set(0.5);
    vd head = d_fma(d_mul(half, inv), inv, inv);
    vd whole = d_stirling_parts_of(x, WANT_CURVE).curve;
    vd tail = d_stirling_tail(x, WANT_CURVE).curve;
    return (beta_curve){whole, d_sel(d_lt(x, d_set(1)), d_sub(whole, head), tail)};
}

NLL_INLINE wide_value beta_mean_precision(const vd x[], const double *par) {
    vd u = x[0], f = x[1], y = x[2], one = d_set(1), w = d_sub(one, u);
    (void)par;
    vd a = d_mul(u, f), b = d_mul(w, f), fi = d_div(one, f), half = d_set(0.5);
#if defined(NLL_T_F64)
    a = d_max(d_set(0x1p-1022), a);
    b = d_max(d_set(0x1p-1022), b);
#endif
    d_beta_parts c = beta_core(a, b, y, d_mul(f, d_sub(y, u)));
    beta_curve ca = beta_curve_of(a), cb = beta_curve_of(b), cf = beta_curve_of(f);
    vd bend_a = d_mul(d_mul(u, u), ca.rest), bend_b = d_mul(d_mul(w, w), cb.rest);
    vd steep_a = d_mul(f, d_mul(f, ca.whole)), steep_b = d_mul(f, d_mul(f, cb.whole));
#if defined(NLL_T_F64)
    /* squares that leave the range: psi1(x) = 1 / x^2 to all digits there */
    vd least = d_set(0x1p-500), inverse = d_mul(d_mul(half, fi), fi);
    md low_a = d_lt(a, least), low_b = d_lt(b, least);
    bend_a = d_sel(low_a, inverse, bend_a);
    bend_b = d_sel(low_b, inverse, bend_b);
    steep_a = d_sel(low_a, d_div(d_div(one, u), u), steep_a);
    steep_b = d_sel(low_b, d_div(d_div(one, w), w), steep_b);
#endif
    vd curve = d_fma(d_mul(half, fi), fi, d_sub(d_add(bend_a, bend_b), cf.rest));
#if defined(NLL_T_F64)
    curve = d_sel(d_lt(f, least), d_mul(fi, fi), curve);
#endif
    wide_value v = {.loss = c.value,
                    .grad = {d_mul(f, d_sub(c.slope_a, c.slope_b)),
                             d_fma(u, c.slope_a, d_mul(w, c.slope_b)), beta_slope_y(a, b, y)},
                    .hess = {d_add(steep_a, steep_b), curve}};
    md valid = d_mask_and(d_mask_and(d_lt(d_set(0), u), d_lt(u, one)), d_is_positive(f));
    return wide_edges(v, y, valid, d_is_unit(y));
}

#endif
