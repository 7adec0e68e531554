/* dist/beta_binomial.h: beta-binomial, n trials, y successes, shapes a and b; s = a + b.
 *   0 < y < n: with p = (a + y) / (s + n) in all three of math/beta.h's cores
 *     loss = core(a, b) + core(y, n - y) - core(a + y, b + n - y)
 *   where the powers of p cancel, and the last core's deviances vanish.
 *   y = 0 (y = n likewise with a and b exchanged), a sum of terms of one sign:
 *     loss = sum over j < n of log(1 + a / (b + j))
 *          = n log(1 + a / (b + n)) + D(a, s p) + D(b, s q) + log(1 + a n / (b (s + n))) / 2
 *            + [delta(b) - delta(s)] - [delta(b + n) - delta(s + n)],  p = a / (s + n)
 *     for b >= 1; below, log(1 + a / b) and the same for b + 1 and n - 1.
 *   da = psi(s + n) - psi(s) - [psi(a + y) - psi(a)]     ha likewise with psi1;  db, hb: n - y */
#ifndef NLL_DIST_BETA_BINOMIAL_H
#define NLL_DIST_BETA_BINOMIAL_H

#include "dist/wide.h"
#include "math/beta.h"

/* sum over j < n of log(1 + a / (b + j)). */
NLL_INLINE vd beta_binomial_end(vd n, vd a, vd b) {
    vd one = d_set(1), zero = d_set(0), most = d_set(0x1p1000);
    md low = d_lt(b, one);
    vd first = d_log1p_pair(d_min(most, d_div(a, b))).log;
    vd from = d_sel(low, d_add(b, one), b), m = d_sel(low, d_sub(n, one), n);
    vd s = d_add(a, from), t = d_add(from, m), all = d_add(s, m), inv = d_div(one, all);
    vd p = d_mul(a, inv), q = d_mul(t, inv);
    vd linear = d_mul(m, d_log1p_pair(d_div(a, t)).log);
    vd half = d_log1p_pair(d_mul(d_mul(p, m), d_div(one, from))).log;
    vd steps = d_sub(d_stirling_step(t, a, all, WANT_VALUE).value,
                     d_stirling_step(from, a, s, WANT_VALUE).value);
    vd deviance = d_add(d_bd0(a, d_mul(s, p)), d_bd0(from, d_mul(s, q)));
    vd sum = d_add(d_fma(d_set(0.5), half, steps), d_add(linear, deviance));
    sum = d_sel(d_eq(m, zero), zero, sum);
    return d_add(sum, d_sel(low, first, zero));
}

NLL_INLINE wide_value beta_binomial(const vd x[], const double *par) {
    vd n = x[0], a = x[1], b = x[2], y = x[3], zero = d_set(0), half = d_set(0.5);
    (void)par;
    vd rest = d_sub(n, y), s = d_add(a, b), at = d_add(a, y), bt = d_add(b, rest);
    vd all = d_add(at, bt), inv = d_div(d_set(1), all), p = d_mul(at, inv), q = d_mul(bt, inv);
    vd f = d_div(d_mul(y, rest), n), one = d_set(1);
    vd shapes = d_beta_core(a, b, p, q, one, WANT_VALUE).value;
    vd trials = d_beta_core(y, rest, p, q, f, WANT_VALUE).value;
    vd tails =
        d_sub(d_add(d_stirling_tail(at, WANT_VALUE).value, d_stirling_tail(bt, WANT_VALUE).value),
              d_stirling_tail(all, WANT_VALUE).value);
    vd both = d_sub(d_set(D_HALF_LOG_2PI), d_mul(half, d_log(d_mul(at, q))));
    vd loss = d_sub(d_add(shapes, trials), d_add(tails, both));
    md none = d_eq(y, zero), full = d_eq(rest, zero);
    vd end = beta_binomial_end(n, d_sel(none, a, b), d_sel(none, b, a));
    loss = d_sel(d_mask_or(none, full), end, loss);
    loss = d_sel(d_eq(n, zero), zero, loss);
    d_gamma_step whole = d_gamma_difference(s, n, WANT_CURVE);
    d_gamma_step hits = d_gamma_difference(a, y, WANT_CURVE);
    d_gamma_step misses = d_gamma_difference(b, rest, WANT_CURVE);
    vd yes = d_sel(none, zero, hits.slope), no = d_sel(full, zero, misses.slope);
    vd bent = d_sel(none, zero, hits.curve), unbent = d_sel(full, zero, misses.curve);
    wide_value v = {.loss = loss,
                    .grad = {d_sub(whole.slope, yes), d_sub(whole.slope, no)},
                    .hess = {d_sub(whole.curve, bent), d_sub(whole.curve, unbent)}};
    md valid = d_mask_and(d_is_count(n), d_mask_and(d_is_positive(a), d_is_positive(b)));
    return wide_edges(v, y, valid, d_mask_and(d_is_count(y), d_le(y, n)));
}

#endif
