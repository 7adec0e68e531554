/* dist/beta_binomial.h: beta-binomial, n trials, y successes, shapes a and b; s = a + b.
 *   0 < y < n: with p = (a + y) / (s + n) in all three of math/beta.h's cores
 *     loss = core(a, b) + core(y, n - y) - core(a + y, b + n - y)
 *   where the powers of p cancel, and the last core's deviances vanish; the logarithms of the
 *   three, which may be large and cancel, are one.
 *   y = 0 (y = n likewise with a and b exchanged), a sum of terms of one sign:
 *     loss = sum over j < n of log(1 + a / (b + j))
 *          = n log(1 + a / (b + n)) + D(a, s p) + D(b, s q) + log(1 + a n / (b (s + n))) / 2
 *            + [delta(b) - delta(s)] - [delta(b + n) - delta(s + n)],  p = a / (s + n)
 *     for b >= 1; below, log(1 + a / b) and the same for b + 1 and n - 1.
 *   da = psi(s + n) - psi(s) - [psi(a + y) - psi(a)]     ha likewise with psi1;  db, hb: n - y
 *   where the two brackets cancel for b << a: see beta_binomial_slope below
 * This is the whole of it for doubles, and the curvature for floats; the rest of theirs, where
 * there is room for differences, is in beta_binomial_f32.h. */
#ifndef NLL_DIST_BETA_BINOMIAL_H
#define NLL_DIST_BETA_BINOMIAL_H

#include "dist/beta_binomial_f32.h"
#include "dist/wide.h"
#include "math/beta.h"
#include "math/bregman.h"

/* Sums over j < n, of terms of one sign each: */
typedef struct beta_binomial_end {
    vd value; /* log(1 + a / (b + j)) */
    vd slope; /* -a / ((b + j) (s + j)), the derivative in b */
    vd curve; /* 1 / (b + j)^2 - 1 / (s + j)^2 */
} beta_binomial_end;
NLL_INLINE vd beta_binomial_end_value(vd n, vd a, vd b) {
    vd one = d_set(1), zero = d_set(0), most = d_set(0x1p1000);
    md low = d_lt(b, one);
    vd first = d_log1p_pair(d_min(most, d_div(a, b))).log;
    vd from = d_sel(low, d_add(b, one), b), m = d_sel(low, d_sub(n, one), n);
    vd s = d_add(a, from), t = d_add(from, m), all = d_add(s, m), inv = d_div(one, all);
    vd linear = d_mul(m, d_log1p_pair(d_min(most, d_div(a, t))).log);
    /* s p = a (1 - m / all), s q = from + a m / all */
    vd toward = d_mul(m, inv);
    d_log_pair la = d_log_ratio(d_neg(toward), d_mul(s, inv));
    d_log_pair lb = d_log1p_pair(d_div(d_mul(a, toward), from));
    vd steps = d_sub(d_stirling_step(t, a, all, WANT_VALUE).value,
                     d_stirling_step(from, a, s, WANT_VALUE).value);
    vd deviance = d_neg(d_fma(a, la.rest, d_mul(from, lb.rest)));
    vd sum = d_add(d_fma(d_set(0.5), lb.log, steps), d_add(linear, deviance));
    sum = d_sel(d_eq(m, zero), zero, sum);
    return d_add(sum, d_sel(low, first, zero));
}
/* With t = b + n: the logarithms' and inverses' share in one piece, then what the gamma functions
 * add to them. */
NLL_INLINE beta_binomial_end beta_binomial_end_of(vd n, vd a, vd b) {
    vd one = d_set(1), t = d_add(b, n), s = d_add(a, b), all = d_add(t, a);
    vd ti = d_div(one, t), si = d_div(one, s), bi = d_div(one, b), li = d_div(one, all);
    d_gamma_step far = d_gamma_difference(t, a, WANT_CURVE);
    d_gamma_step near = d_gamma_difference(b, a, WANT_CURVE);
    vd an = d_mul(d_mul(a, si), d_mul(n, ti)), left = d_mul(d_mul(b, ti), d_mul(all, si));
    vd curve = d_mul(d_mul(an, d_add(b, all)), d_mul(bi, li));
    beta_binomial_end e = {
        .value = beta_binomial_end_value(n, a, b),
        .slope = d_add(d_log_ratio(d_neg(an), left).log, d_sub(far.slope_rest, near.slope_rest)),
        .curve = d_add(curve, d_sub(far.curve_rest, near.curve_rest))};
    return e;
}

/* s p - a = (b y - a (n - y)) / (s + n), from inv = 1 / (s + n); y counts for a, rest for b. */
NLL_INLINE vd beta_binomial_gap(vd a, vd b, vd y, vd rest, vd inv) {
#if defined(NLL_T_F64)
    md large = d_lt(inv, d_set(0x1p-900)); /* the products would overflow */
    vd down = d_sel(large, d_set(0x1p-600), d_set(1));
    a = d_mul(a, down);
    b = d_mul(b, down);
    inv = d_mul(inv, d_sel(large, d_set(0x1p600), d_set(1)));
#endif
    return d_mul(d_cross(b, y, a, rest), inv);
}

/* da and ha for 0 < y < n.  Of psi and psi1 at the four corners a, s, a + y, s + n the logarithms
 * and inverses, which are all of it for large shapes, go into one piece each: with
 * c = b y - a (n - y), whose rounding errors are put right,
 *   log[a (s + n) / (s (a + y))] = log(1 - c / (s (a + y)))
 *   1 / a - 1 / (a + y) - 1 / s + 1 / (s + n) = [c / (a + y) + n b / s] / (a (s + n))
 * Of what is left the corners are paired by the shorter steps: for b > a those of n and y, else
 * those of b and b + n - y, where 1 / (2 x) of da takes the second line too, unless a < 1. */
typedef struct beta_binomial_slope {
    vd slope, curve;
} beta_binomial_slope;
/* -c / (s (a + y)), and the logarithm of 1 plus it. */
NLL_INLINE vd beta_binomial_log(vd c, vd a, vd at, vd si, vd all) {
    vd over = d_div(si, at);
    return d_log_ratio(d_neg(d_mul(c, over)), d_mul(d_mul(a, all), over)).log;
}
/* The shape that is not the larger of the two. */
NLL_INLINE beta_binomial_slope beta_binomial_less(d_gamma_step whole, vd a, vd y, vd log) {
    d_gamma_step hits = d_gamma_difference(a, y, WANT_CURVE);
    return (beta_binomial_slope){d_add(log, d_sub(whole.slope_rest, hits.slope_rest)),
                                 d_sub(whole.curve, hits.curve)};
}
NLL_INLINE beta_binomial_slope beta_binomial_more(vd c, vd n, vd a, vd b, vd at, vd bt, vd si,
                                                  vd log) {
    md low = d_lt(a, d_set(1));
    d_gamma_step far = d_gamma_difference(at, bt, WANT_CURVE);
    d_gamma_step near = d_gamma_difference(a, b, WANT_CURVE);
    vd inverses = d_div(d_add(d_div(c, at), d_mul(d_mul(n, b), si)), d_mul(a, d_add(at, bt)));
    vd tail = d_nfma(d_set(0.5), inverses, d_sub(far.slope_tail, near.slope_tail));
    vd rest = d_sel(low, d_sub(far.slope_rest, near.slope_rest), tail);
    return (beta_binomial_slope){d_add(log, rest),
                                 d_add(inverses, d_sub(far.curve_rest, near.curve_rest))};
}

NLL_INLINE wide_value beta_binomial_full(const vd x[]) {
    vd n = x[0], a = x[1], b = x[2], y = x[3], zero = d_set(0), half = d_set(0.5), one = d_set(1);
    md valid = d_mask_and(d_is_count(n), d_mask_and(d_is_positive(a), d_is_positive(b)));
#if defined(NLL_T_F64)
    /* Shapes whose sum may overflow: a binomial, to all digits, which their ratio makes. */
    vd down = d_sel(d_lt(d_set(0x1p900), d_min(a, b)), d_set(0x1p-400), one);
    a = d_mul(a, down);
    b = d_mul(b, down);
#endif
    vd rest = d_sub(n, y), s = d_add(a, b), at = d_add(a, y), bt = d_add(b, rest);
    vd all = d_add(at, bt), inv = d_div(one, all);
    /* to the last place, as the logarithm of a small ratio of means takes them */
    vd p = d_quotient(at, all, inv), q = d_quotient(bt, all, inv);
    vd f = d_div(d_mul(y, rest), n);
    vd apart = beta_binomial_gap(a, b, y, rest, inv);
    d_beta_parts shapes = d_beta_core(a, b, p, q, apart, one, WANT_VALUE);
    d_beta_parts trials =
        d_beta_core_of(y, rest, p, q, d_neg(apart), f, WANT_VALUE, LOW_NONE, NULL);
    vd tails = d_add(d_stirling_tail(at, WANT_VALUE).value, d_stirling_tail(bt, WANT_VALUE).value);
    tails = d_sub(tails, d_stirling_tail(all, WANT_VALUE).value);
    /* the three logarithms in one, as they cancel: f^2 n / (y rest) = f */
    vd last = d_log_product3(shapes.step, d_mul(shapes.ratio, f), d_mul(at, q));
    vd tame = d_sub(d_add(shapes.tame, trials.tame), d_set(D_HALF_LOG_2PI));
    d_gamma_step whole = d_gamma_difference(s, n, WANT_CURVE);
    md swap = d_lt(a, b);
    vd c = d_cross(b, y, a, rest), si = d_div(one, s);
    vd log_a = beta_binomial_log(c, a, at, si, all);
    vd log_b = beta_binomial_log(d_neg(c), b, bt, si, all);
    beta_binomial_slope less =
        beta_binomial_less(whole, d_min(a, b), d_sel(swap, y, rest), d_sel(swap, log_a, log_b));
    beta_binomial_slope more =
        beta_binomial_more(d_sel(swap, d_neg(c), c), n, d_max(a, b), d_min(a, b),
                           d_sel(swap, bt, at), d_sel(swap, at, bt), si, d_sel(swap, log_b, log_a));
    wide_value v = {
        .loss = d_add(d_sub(tame, tails), d_mul(half, last)),
        .grad = {d_sel(swap, less.slope, more.slope), d_sel(swap, more.slope, less.slope)},
        .hess = {d_sel(swap, less.curve, more.curve), d_sel(swap, more.curve, less.curve)}};
#if defined(NLL_T_F64)
    /* psi1 of tiny shapes overflows: inf - inf, where the smaller shape leads */
    NLL_UNROLL
    for (unsigned k = 0; k < 2; k++)
        v.hess[k] = d_sel(d_isnan(v.hess[k]), d_set(INFINITY), v.hess[k]);
#endif
    md none = d_eq(y, zero), full = d_eq(rest, zero), ends = d_mask_or(none, full);
    if (d_mask_bits(ends)) { /* lanes that are not at an end keep what they have */
        beta_binomial_end e = beta_binomial_end_of(n, d_sel(none, a, b), d_sel(none, b, a));
        v.loss = d_sel(ends, e.value, v.loss);
        v.grad[0] = d_sel(full, e.slope, d_sel(none, whole.slope, v.grad[0]));
        v.grad[1] = d_sel(none, e.slope, d_sel(full, whole.slope, v.grad[1]));
        v.hess[0] = d_sel(full, e.curve, d_sel(none, whole.curve, v.hess[0]));
        v.hess[1] = d_sel(none, e.curve, d_sel(full, whole.curve, v.hess[1]));
        md empty = d_eq(n, zero); /* nothing to lose */
        v.loss = d_sel(empty, zero, v.loss);
        NLL_UNROLL
        for (unsigned k = 0; k < 2; k++) {
            v.grad[k] = d_sel(empty, zero, v.grad[k]);
            v.hess[k] = d_sel(empty, zero, v.hess[k]);
        }
    }
#if defined(NLL_T_F64)
    NLL_UNROLL
    for (unsigned k = 0; k < 2; k++) {
        v.grad[k] = d_mul(v.grad[k], down);
        v.hess[k] = d_mul(d_mul(v.hess[k], down), down);
    }
#endif
    return wide_edges(v, y, valid, d_mask_and(d_is_count(y), d_le(y, n)));
}

NLL_INLINE wide_value beta_binomial(const vd x[], const double *par) {
    wide_value v = beta_binomial_full(x);
    (void)par;
#if !defined(NLL_T_F64)
    wide_value f32 = beta_binomial_f32(x);
    NLL_UNROLL for (unsigned k = 0; k < 2; k++) f32.hess[k] = v.hess[k];
    v = f32;
#endif
    return v;
}

#endif
