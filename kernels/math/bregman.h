/* bregman.h: remainders of first-order expansions, from which divergences are made: all >= 0, 0 for
 * equal arguments, and accurate relative to themselves however close the arguments are.
 *
 *   d_ratio_of     t = a / b - 1, log(a / b), and log(a / b) - t <= 0, for any a, b > 0
 *   d_exp_rest_of  e^y - 1 - y, e^y - 1 and e^y
 *   d_phi_rest     phi(q) - phi(p) - (q - p) phi'(p),  phi(x) = lgamma(x) - x log x + x
 *
 * phi is what lgamma keeps of convexity when x log x is taken off.  With delta of stirling.h,
 * D = q - p and rest(t) = log(1 + t) - t:
 *   p, q >= 2   -rest(D / p) / 2 + [delta(q) - delta(p) - D delta'(p)]
 *   else, with P = p + 1, Q = q + 1:
 *               -rest(D / p) + rest(D / P) / 2 + q rest(-D / (P q)) + [the same at P, Q]
 * where the second line is lgamma(x) = lgamma(x + 1) - log x, its large terms taken off by hand.
 * Two and not one, because the fit of delta has the second derivative that this needs to 2^-42 at
 * 1, but to 2^-49 from 3/2 on. */
#ifndef NLL_MATH_BREGMAN_H
#define NLL_MATH_BREGMAN_H

#include "math/digamma.h"
#include "math/gamma_diff.h"
#include "math/log1pmx.h"
#include "math/stirling.h"

typedef struct d_ratio {
    vd t, log, rest;
} d_ratio;
/* Given a - b, which the caller may know better than from a and b. */
NLL_INLINE d_ratio d_ratio_of(vd a, vd b, vd difference) {
    d_ratio r = {.t = d_div(difference, b)};
    vd t = r.t;
#if defined(NLL_T_F64)
    /* ratios out of the range of a double: both sides go towards 1, and come back in the logarithm;
     * t of -3/4 makes d_log_ratio look at the ratio alone */
    md large = d_lt(d_set(0x1p1000), t), small = d_lt(a, d_mul(b, d_set(0x1p-1000)));
    vd one = d_set(1), zero = d_set(0), log_step = d_set(0x1.9fe3682cd3be4p+9); /* 1200 log 2 */
    vd up = d_sel(small, d_set(0x1p600), d_sel(large, d_set(0x1p-600), one));
    vd down = d_sel(small, d_set(0x1p-600), d_sel(large, d_set(0x1p600), one));
    vd moved = d_sel(small, d_neg(log_step), d_sel(large, log_step, zero));
    d_log_pair l = d_log_ratio(d_sel(large, d_set(-0.75), t), d_div(d_mul(a, up), d_mul(b, down)));
    r.log = d_add(l.log, moved);
    r.rest = d_sel(large, d_neg(t), d_add(l.rest, moved));
#else
    d_log_pair l = d_log_ratio(t, d_div(a, b));
    r.log = l.log;
    r.rest = l.rest;
#endif
    return r;
}
NLL_INLINE d_ratio d_ratio_plain(vd a, vd b) { return d_ratio_of(a, b, d_sub(a, b)); }

/* a b - c d with the rounding error of the products put right (Kahan). */
NLL_INLINE vd d_cross(vd a, vd b, vd c, vd d) {
    vd m = d_mul(c, d), lost = d_nfma(c, d, m);
    return d_add(d_fma(a, b, d_neg(m)), lost);
}

/* x as value 2^n, so that products of such values stay in range; floats do so as they are. */
typedef struct d_normal {
    vd value, n;
} d_normal;
NLL_INLINE d_normal d_normal_of(vd x) {
#if defined(NLL_T_F64)
    vd r, n = d_log_split_any(x, &r);
    return (d_normal){d_add(r, d_set(1)), n};
#else
    return (d_normal){x, d_set(0)};
#endif
}
/* x 2^n for integers |n| <= 2000. */
NLL_INLINE vd d_times_pow2(vd x, vd n) {
#if defined(NLL_T_F64)
    vd limit = d_set(1000), first = d_max(d_neg(limit), d_min(limit, n));
    vd rest = d_max(d_neg(limit), d_min(limit, d_sub(n, first)));
    return d_mul(d_mul(x, d_pow2(first)), d_pow2(rest));
#else
    (void)n;
    return x;
#endif
}

/* The ratio a b / (c d) of numbers above 0, of which the caller knows the difference a b - c d: in
 * the units of up b.value - c.value d.value, up = a.value 2^n for |n| <= 1000. */
typedef struct d_products {
    d_normal a, b, c, d;
    vd n, up;
} d_products;
NLL_INLINE d_products d_products_of(d_normal a, d_normal b, d_normal c, d_normal d) {
    vd n = d_sub(d_add(a.n, b.n), d_add(c.n, d.n)), limit = d_set(1000);
    vd power = d_pow2(d_min(limit, d_max(d_neg(limit), n)));
    return (d_products){a, b, c, d, n, d_mul(a.value, power)};
}
/* Of that ratio log and t = ratio - 1, and c t and c (t - log): both a b / d beyond 2^1000. */
typedef struct d_product_ratio {
    vd t, log, gain, loss;
    md large;
} d_product_ratio;
NLL_INLINE d_product_ratio d_product_ratio_of(d_products p, vd difference, vd c) {
    vd limit = d_set(1000), below = d_mul(p.c.value, p.d.value);
    d_ratio r = d_ratio_of(d_mul(p.up, p.b.value), below, difference);
    vd beyond = d_min(d_set(0), d_add(p.n, limit)); /* of a ratio below 2^-1000 */
    vd log = d_fma(beyond, d_set(0x1.62e42fefa39efp-1), r.log);
    vd rest = d_fma(beyond, d_set(0x1.62e42fefa39efp-1), r.rest);
    md large = d_lt(limit, p.n);
    vd all = d_div(d_mul(p.a.value, p.b.value), p.d.value);
    all = d_times_pow2(all, d_sub(d_add(p.a.n, p.b.n), p.d.n));
    return (d_product_ratio){r.t, log, d_sel(large, all, d_mul(c, r.t)),
                             d_sel(large, all, d_neg(d_mul(c, rest))), large};
}

/* For y = y + lost.  By y / 4 and (1 + E)^2 = 1 + 2 E + E^2, twice, as far as the polynomial of
 * exp.h goes: sums of positive terms; beyond, nothing cancels but a digit. */
typedef struct d_exp_rest {
    vd rest, em1, exp;
} d_exp_rest;
NLL_INLINE d_exp_rest d_exp_rest_of(vd y, vd lost) {
    vd two = d_set(2), h = d_mul(y, d_set(0.25)), most = d_set(0x1.62e42fefa39efp-2);
    md near = d_le(d_abs(h), most);
    h = d_min(most, d_max(d_neg(most), h));
    vd f = d_mul(d_mul(h, h), d_exp_poly_q(h)), e = d_add(h, f);
    NLL_UNROLL
    for (int k = 0; k < 2; k++) {
        f = d_fma(e, e, d_mul(two, f));
        e = d_mul(e, d_add(e, two));
    }
    /* far: e^y (1 + lost), and inf - inf avoided */
    vd x = d_min(d_set(710.0), d_max(d_set(-746.0), y));
    vd n = d_sub(d_fma(x, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd s = d_add(d_exp_reduce(x, n), lost);
    vd whole = d_scalb(d_exp_poly(s), n), far = d_sub(whole, d_set(1));
    vd far_rest = d_sel(d_lt(d_set(709.9), y), d_set(INFINITY), d_sub(far, y));
    return (d_exp_rest){d_sel(near, f, far_rest), d_sel(near, e, far),
                        d_sel(near, d_add(e, d_set(1)), whole)};
}
/* x - y and what rounding took from it; 0 for equal infinities. */
NLL_INLINE vd d_difference(vd x, vd y, vd *lost) {
    vd zero = d_set(0), d = d_sub(x, y), b = d_sub(d, x);
    vd rest = d_sub(d_sub(x, d_sub(d, b)), d_add(y, b));
    *lost = d_sel(d_lt(d_abs(rest), d_set(1)), rest, zero);
    return d_sel(d_eq(x, y), zero, d);
}

/* delta(q) - delta(p) - (q - p) delta'(p) for p, q >= 1.  With w = 1 / (x + 5/8), delta = g(w) and
 * s = w_q - w_p it is s^2 (g[w_p, w_p, w_q] + g'(w_p) / w_q), the first a divided difference. */
NLL_INLINE vd d_stirling_rest(vd p, vd q, vd difference) {
    vd one = d_set(1), shift = d_set(0.625), zero = d_set(0);
    vd wp = d_div(one, d_add(p, shift)), qs = d_add(q, shift), wq = d_div(one, qs);
    int degree = POLY_DEGREE(stirling_0);
    vd at = d_set(stirling_0[degree]), slope = zero, curve = zero;
    NLL_UNROLL
    for (int k = degree - 1; k >= -1; k--) { /* of w p0(w): one power more */
        curve = d_fma(curve, wq, slope);
        slope = d_fma(slope, wp, at);
        at = d_fma(at, wp, k >= 0 ? d_set(stirling_0[k]) : zero);
    }
    /* s^2 = (wp wq)^2 D^2; one wq goes to the bracket */
    vd s = d_mul(d_mul(wp, wq), difference);
    return d_mul(d_mul(s, wp), d_mul(difference, d_fma(curve, wq, slope)));
}

NLL_INLINE vd d_phi_rest(vd p, vd q, vd difference) {
    vd one = d_set(1), two = d_set(2), half = d_set(0.5);
    md low = d_mask_or(d_lt(p, two), d_lt(q, two));
    vd P = d_sel(low, d_add(p, one), p), Q = d_sel(low, d_add(q, one), q);
    vd rest = d_stirling_rest(P, Q, difference);
    d_ratio h = d_ratio_of(q, p, difference), H = d_ratio_of(Q, P, difference);
    d_ratio g = d_ratio_of(d_mul(Q, p), d_mul(P, q), d_neg(difference));
    vd last = d_sel(d_lt(d_set(0x1p1000), g.t), H.t, d_mul(q, g.rest));
    vd lifted = d_sub(d_fma(half, H.rest, last), h.rest);
    return d_add(rest, d_sel(low, lifted, d_neg(d_mul(half, h.rest))));
}

/* psi1(x) - 1 / x > 0. */
NLL_INLINE vd d_trigamma_rest(vd x) {
    vd one = d_set(1), half = d_set(0.5), xi = d_div(one, x);
    md low = d_lt(x, one);
    vd y = d_sel(low, d_add(x, one), x), yi = d_sel(low, d_div(one, y), xi);
    vd rest = d_fma(d_mul(yi, half), yi, d_stirling_tail(y, WANT_CURVE).curve);
    /* psi1(x) = psi1(x + 1) + 1 / x^2 */
    return d_sel(low, d_fma(d_mul(d_sub(one, x), xi), xi, d_add(rest, yi)), rest);
}
/* base - difference curve, for curve = psi1(p) or psi1(p) - 1 / p. */
NLL_INLINE vd d_minus_times(vd base, vd difference, vd p, vd curve) {
    vd y = d_nfma(difference, curve, base);
#if defined(NLL_T_F64)
    /* psi1(p) may overflow: 1 / p^2 to all digits */
    vd tiny = d_sub(base, d_div(d_div(difference, p), p));
    y = d_sel(d_lt(p, d_set(0x1p-500)), tiny, y);
#endif
    (void)p;
    return y;
}
NLL_INLINE vd d_minus_curve_rest(vd base, vd difference, vd p) {
    return d_minus_times(base, difference, p, d_trigamma_rest(p));
}
NLL_INLINE vd d_minus_curve(vd base, vd difference, vd p) {
    return d_minus_times(base, difference, p, d_trigamma(p));
}
/* What psi rises from the smaller of p and q to the larger, size = |q - p|. */
NLL_INLINE d_gamma_step d_digamma_rise(vd p, vd q, vd size) {
    vd least = d_min(p, q);
#if defined(NLL_T_F64)
    d_gamma_step step = d_gamma_difference(least, d_min(size, d_set(0x1p900)), WANT_SLOPE);
    /* psi is log up there; and 1 / least is all of it where the ratio of the two leaves the range
     */
    md far = d_lt(d_mul(d_set(0x1p1000), least), d_min(size, d_set(0x1p930)));
    vd inverse = d_div(d_set(1), least);
    step.slope = d_add(step.slope, d_log(d_max(d_set(1), d_mul(size, d_set(0x1p-900)))));
    step.slope = d_sel(far, inverse, step.slope);
    step.slope_rest = d_sel(far, inverse, step.slope_rest);
    return step;
#else
    return d_gamma_difference(least, size, WANT_SLOPE);
#endif
}
/* y with the sign of difference; difference itself where it is 0. */
NLL_INLINE vd d_toward(vd y, vd difference) {
    y = d_sel(d_lt(difference, d_set(0)), d_neg(y), y);
    return d_sel(d_eq(difference, d_set(0)), difference, y);
}
/* psi(q) - psi(p), with difference = q - p. */
NLL_INLINE vd d_digamma_step(vd p, vd q, vd difference) {
    return d_toward(d_digamma_rise(p, q, d_abs(difference)).slope, difference);
}
/* psi(q) - psi(p) - log(q / p), with difference = q - p; and, for p, q >= 1, the same without
 * the share of -1 / (2 x). */
typedef struct d_step_rest {
    vd rest, tail;
} d_step_rest;
NLL_INLINE d_step_rest d_digamma_step_rest(vd p, vd q, vd difference) {
    d_gamma_step step = d_digamma_rise(p, q, d_abs(difference));
    return (d_step_rest){d_toward(step.slope_rest, difference),
                         d_toward(step.slope_tail, difference)};
}

#endif
