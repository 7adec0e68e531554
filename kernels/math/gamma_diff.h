/* gamma_diff.h: differences of lgamma, psi and psi1 over a step b >= 0 from a > 0, together.
 *
 *   value   lgamma(a + b) - lgamma(a)     slope   psi(a + b) - psi(a)     curve   psi1(a + b) -
 * psi1(a)
 *
 * With S = a + b, t = b / a and delta of stirling.h, for a >= 1:
 *   value = a (log(1 + t) - t) + b log S - log(1 + t) / 2 + [delta(S) - delta(a)]
 *   slope = log(1 + t) + b / (2 a S) + [delta'(S) - delta'(a)]
 *   curve = -b / (a S) - b / (2 a S) (1 / a + 1 / S) + [delta''(S) - delta''(a)]
 * so nothing is left of the two large numbers that a plain difference would subtract.  The brackets
 * are b times divided differences.  Slope and curve are sums of terms of one sign: accurate for all
 * a and b.  The value has zeros, where a and S lie on both sides of the minimum of lgamma; it is
 * accurate relative to the magnitudes of its terms.  Below a = 1 the step starts at a + 1 and takes
 * the factor (a + b) / a with it. */
#ifndef NLL_MATH_GAMMA_DIFF_H
#define NLL_MATH_GAMMA_DIFF_H

#include "math/stirling.h"

typedef struct d_gamma_step {
    vd value, slope, curve;
    /* What is left where the leading term is taken off, without cancellation: */
    vd rising;     /* value - b log a: log(a (a + 1) ... (a + b - 1) / a^b) for an integer b */
    vd slope_rest; /* slope - log((a + b) / a) */
    vd curve_rest; /* curve + b / (a (a + b)) */
    vd slope_tail; /* for a >= 1: slope_rest - b / (2 a (a + b)) */
} d_gamma_step;

/* delta, -delta', delta'' at a + b less those at a, for a >= 1; s = a + b. */
NLL_INLINE d_stirling_parts d_stirling_step(vd a, vd b, vd s, int want) {
    vd shift = d_set(0.625), one = d_set(1.0);
    vd wa = d_div(one, d_add(a, shift)), ws = d_div(one, d_add(s, shift));
    vd step = d_neg(d_mul(d_mul(b, ws), wa)), sum = d_add(wa, ws), ws2 = d_mul(ws, ws);
    d_stirling_parts d = {step, step, step};
    d_poly_pair p = d_poly_difference(stirling_0, POLY_DEGREE(stirling_0), wa, ws);
    d.value = d_mul(step, d_fma(ws, p.slope, p.at));
    if (want < WANT_SLOPE) return d;
    p = d_poly_difference(stirling_1, POLY_DEGREE(stirling_1), wa, ws);
    d.slope = d_mul(step, d_fma(ws2, p.slope, d_mul(sum, p.at)));
    if (want < WANT_CURVE) return d;
    p = d_poly_difference(stirling_2, POLY_DEGREE(stirling_2), wa, ws);
    vd squares = d_fma(wa, sum, ws2); /* wa^2 + wa ws + ws^2 */
    d.curve = d_mul(step, d_fma(d_mul(ws2, ws), p.slope, d_mul(squares, p.at)));
    return d;
}

NLL_INLINE d_gamma_step d_gamma_difference(vd a, vd b, int want) {
    vd one = d_set(1.0), zero = d_set(0.0), half = d_set(0.5), most = d_set(0x1p1022);
    md low = d_lt(a, one);
    vd from = d_sel(low, d_add(a, one), a), to = d_add(from, b), at = d_add(a, b);
    vd t = d_min(most, d_div(b, from));
    d_log_pair l = d_log1p_pair(t);
    d_stirling_parts d = d_stirling_step(from, b, to, want);
    /* (a + b) / a - 1, and its logarithm: 0 where nothing was lifted */
    vd lift = d_sel(low, d_min(most, d_div(b, a)), zero), lifted = d_log1p_pair(lift).log;
    vd shared = d_sub(d_sub(d.value, lifted), d_mul(half, l.log));
    d_gamma_step g = {zero, zero, zero, zero, zero, zero, zero};
    shared = d_fma(from, l.rest, shared);
    g.value = d_fma(b, d_log(to), shared);
    /* b log(to / a) = b (log(to / from) + log(from / a)) */
    vd up = d_sel(low, d_log1p_pair(d_min(most, d_div(one, a))).log, zero);
    g.rising = d_fma(b, d_add(l.log, up), shared);
    if (want < WANT_SLOPE) return g;
    vd ri = d_div(one, to), q = d_mul(t, ri), li = d_div(one, at), lq = d_mul(lift, li);
    vd rest = d_sub(d_fma(half, q, lq), d.slope);
    g.slope = d_add(l.log, rest);
    g.slope_tail = d_neg(d.slope);
    /* the step's own log((a + b) (from) / (a to)) comes off again */
    vd back = d_div(d_mul(b, li), from), kept = d_mul(d_div(a, from), d_mul(to, li));
    g.slope_rest = d_add(rest, d_sel(low, d_log_ratio(d_neg(back), kept).log, zero));
    if (want < WANT_CURVE) return g;
    vd ai = d_div(one, a), fi = d_sel(low, d_div(one, from), ai);
    vd tail = d_sub(d.curve, d_fma(lq, d_add(ai, li), d_mul(d_mul(half, q), d_add(fi, ri))));
    g.curve = d_sub(tail, q);
    g.curve_rest = d_add(tail, d_sel(low, d_sub(lq, q), zero));
    return g;
}

/* 0 at b = 0; NaN for a <= 0 or b < 0. */
NLL_INLINE vd d_step_domain(vd y, vd a, vd b) {
    vd zero = d_set(0.0);
    y = d_sel(d_eq(b, zero), zero, y);
    return d_sel(d_mask_and(d_lt(zero, a), d_le(zero, b)), y, d_set(NAN));
}
NLL_INLINE vd d_lgamma_diff(vd a, vd b) {
    return d_step_domain(d_gamma_difference(a, b, WANT_VALUE).value, a, b);
}
NLL_INLINE vd d_digamma_diff(vd a, vd b) {
    return d_step_domain(d_gamma_difference(a, b, WANT_SLOPE).slope, a, b);
}
NLL_INLINE vd d_trigamma_diff(vd a, vd b) {
    return d_step_domain(d_gamma_difference(a, b, WANT_CURVE).curve, a, b);
}
NLL_INLINE vd d_lgamma_rise(vd a, vd b) {
    return d_step_domain(d_gamma_difference(a, b, WANT_VALUE).rising, a, b);
}

#endif
