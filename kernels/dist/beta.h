/* dist/beta.h: beta, shapes a, b, or mean u and precision f: a = u f, b = (1 - u) f.
 *   loss: the core of math/beta.h with p = y, q = 1 - y
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

NLL_INLINE d_beta_parts beta_core(vd a, vd b, vd y) {
    vd one = d_set(1), zero = d_set(0), inf = d_set(INFINITY), tiny = d_set(0x1p-990);
    vd q = d_sub(one, y);
    md left = d_eq(y, zero), right = d_eq(q, zero);
    vd p = d_max(tiny, y), far = d_max(tiny, q); /* at an end the other slope needs log 1 = 0 */
    d_beta_parts c = d_beta_core(a, b, p, far, d_mul(p, far), WANT_CURVE);
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
    d_beta_parts c = beta_core(a, b, y);
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
    vd a = d_mul(u, f), b = d_mul(w, f), fi = d_div(one, f);
    d_beta_parts c = beta_core(a, b, y);
    beta_curve ca = beta_curve_of(a), cb = beta_curve_of(b), cf = beta_curve_of(f);
    vd curve = d_fma(d_mul(u, u), ca.rest, d_mul(d_mul(w, w), cb.rest));
    curve = d_fma(d_mul(d_set(0.5), fi), fi, d_sub(curve, cf.rest));
    wide_value v = {.loss = c.value,
                    .grad = {d_mul(f, d_sub(c.slope_a, c.slope_b)),
                             d_fma(u, c.slope_a, d_mul(w, c.slope_b)), beta_slope_y(a, b, y)},
                    .hess = {d_mul(d_mul(f, f), d_add(ca.whole, cb.whole)), curve}};
    md valid = d_mask_and(d_mask_and(d_lt(d_set(0), u), d_lt(u, one)), d_is_positive(f));
    return wide_edges(v, y, valid, d_is_unit(y));
}

#endif
