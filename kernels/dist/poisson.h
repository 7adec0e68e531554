/* dist/poisson.h: Poisson, rate m or its logarithm t.  Zero-inflated Poisson: gate g, the chance
 * of an extra zero, or its logits.
 *
 *   y = 0: loss = m
 *   y > 0: loss = delta(y) + D(y, m) + log(2 pi y) / 2, by Loader: nothing cancels
 *   with Stirling's rest delta and the deviance D(y, m) = y log(y / m) + m - y
 *   dm = (m - y) / m     hm = y / m^2
 *   dt = m - y           ht = m
 *
 * Zero-inflated, h = 1 - g, e = exp(-m), P0 = g + h e, w = h e / P0 (the zero is the Poisson's):
 *   y > 0: loss = -log h + Poisson     dg = 1 / h     hg = 1 / h^2, the rest as Poisson
 *   y = 0: loss = -log P0     dm = w     hm = -w g / P0     dg = -(1 - e) / P0     hg = dg^2
 *   in logits of g, y > 0: d = g, h = g h;  y = 0, A = g h (1 - e) / P0: d = -A, h = A (g - w)
 *   in t = log m: d = m dm, h = m^2 hm + m dm */
#ifndef NLL_DIST_POISSON_H
#define NLL_DIST_POISSON_H

#include "dist/wide.h"
#include "math/stirling.h"

/* The loss for y >= 1. */
NLL_INLINE vd poisson_loss(vd y, vd m) {
    vd inverse = d_div(d_set(1), y);
    vd half_log = d_fma(d_set(0.5), d_log_inside(y), d_set(D_HALF_LOG_2PI));
    return d_add(d_add(d_stirling_whole(y, inverse), half_log), d_bd0_by(y, m, inverse));
}
/* The same for a rate of 0 too. */
NLL_INLINE vd poisson_rate_loss(vd y, vd m) {
    return d_sel(d_eq(m, d_set(0)), d_set(INFINITY), poisson_loss(y, m));
}
/* m = e^t with its loss, also where t is so low that m is no longer normal. */
typedef struct poisson_parts {
    vd m, loss;
} poisson_parts;
NLL_INLINE poisson_parts poisson_of_log(vd y, vd t) {
#if defined(NLL_T_F64)
    vd m = d_exp(t), l = d_log_inside(y), half_log = d_fma(d_set(0.5), l, d_set(D_HALF_LOG_2PI));
    vd rest = d_mul(y, d_sub(d_sub(l, d_set(1)), t));
    vd far = d_add(d_add(d_stirling_tail(y, WANT_VALUE).value, half_log), rest);
    return (poisson_parts){m, d_sel(d_lt(t, d_set(-600)), far, poisson_loss(y, m))};
#else /* e^600 is infinite and e^-600 is 0, but for the loss, which is linear there */
    vd least = d_set(-600), m = d_exp(d_min(d_set(600), d_max(least, t)));
    vd over = d_max(d_set(0), d_sub(least, t));
    return (poisson_parts){m, d_fma(y, over, poisson_loss(y, m))};
#endif
}

NLL_INLINE wide_value poisson_rate(const vd x[], const double *par) {
    vd m = x[0], y = x[1], zero = d_set(0);
    (void)par;
    md none = d_eq(y, zero);
    vd inv = d_div(d_set(1), m), ratio = d_sel(none, zero, d_mul(y, inv));
    vd slope = d_sel(none, d_set(1), d_over_by(d_sub(m, y), m, inv));
    wide_value v = {.loss = d_sel(none, m, poisson_rate_loss(y, m)),
                    .grad = {slope},
                    .hess = {d_sel(none, zero, d_mul(ratio, inv))}};
    return wide_edges(v, y, d_is_nonnegative(m), d_is_count(y));
}

NLL_INLINE wide_value poisson_log_rate(const vd x[], const double *par) {
    vd t = x[0], y = x[1];
    (void)par;
    poisson_parts p = poisson_of_log(y, t);
    wide_value v = {
        .loss = d_sel(d_eq(y, d_set(0)), p.m, p.loss), .grad = {d_sub(p.m, y)}, .hess = {p.m}};
    return wide_edges(v, y, d_is_number(t), d_is_count(y));
}

/* The gate g and h = 1 - g, from x: probabilities or logits; -log h = base - log u, t = u - 1. */
typedef struct zip_gates {
    vd g, h, x, base, t, u;
    int logits;
} zip_gates;
NLL_INLINE zip_gates zip_from_probs(vd g) {
    vd zero = d_set(0), h = d_sub(d_set(1), g);
    return (zip_gates){g, h, g, d_sel(d_eq(h, zero), d_set(INFINITY), zero), d_neg(g), h, 0};
}
NLL_INLINE zip_gates zip_from_logits(vd x) {
    vd one = d_set(1), e = d_exp(d_neg(d_abs(x))), w = d_div(one, d_add(one, e)), s = d_mul(e, w);
    md below = d_lt(x, d_set(0));
    vd g = d_sel(below, s, w), h = d_sel(below, w, s);
    return (zip_gates){g, h, x, d_max(x, d_set(0)), d_neg(s), w, 1};
}
/* -log g and -log h */
typedef struct zip_logs {
    vd g, h;
} zip_logs;
NLL_INLINE zip_logs zip_logs_of(const zip_gates *gate) {
    vd x = gate->x, zero = d_set(0);
    if (!gate->logits) return (zip_logs){d_neg(d_log(x)), d_neg(d_log1p(d_neg(x)))};
    vd rest = d_log1p(d_exp(d_neg(d_abs(x))));
    return (zip_logs){d_add(d_max(d_neg(x), zero), rest), d_add(d_max(x, zero), rest)};
}

/* What the four forms share: the loss, w, and (1 - e) / P0. */
typedef struct zip_parts {
    md none, gone;          /* y = 0; and P0 out of range */
    vd loss, w, extra, hit; /* w, g / P0, (1 - e) / P0 at y = 0 */
} zip_parts;

/* count: the Poisson loss for y > 0. */
NLL_INLINE zip_parts zip_core(const zip_gates *gate, vd m, vd y, vd count) {
    vd zero = d_set(0), one = d_set(1), g = gate->g, h = gate->h;
    zip_parts z = {.none = d_eq(y, zero)};
    d_exps e = d_exp_both(d_neg(m), zero);
    vd p0 = d_fma(h, e.e, g), some = d_mul(h, e.em1); /* P0 = 1 + some */
    vd inv = d_div(one, p0);
    vd log = d_log_ratio(d_sel(z.none, some, gate->t), d_sel(z.none, p0, gate->u)).log;
    z.loss = d_sub(d_sel(z.none, zero, d_add(gate->base, count)), log);
    z.w = d_mul(d_mul(h, e.e), inv);
    z.extra = d_mul(g, inv);
    z.gone = d_mask_and(z.none, d_lt(p0, d_set(0x1p-1000)));
    if (d_mask_bits(z.gone)) { /* the other lanes keep what they have */
        /* both terms of P0 are out of range: their logarithms are not */
        zip_logs l = zip_logs_of(gate);
        vd other = d_add(l.h, m), gap = d_sub(other, l.g), least = d_min(l.g, other);
        vd both = d_log1p(d_exp(d_neg(d_abs(gap))));
        least = d_sel(d_lt(d_abs(gap), d_set(INFINITY)), d_sub(least, both), least);
        vd share = d_div(one, d_add(one, d_exp(gap)));
        share = d_sel(d_eq(l.g, d_set(INFINITY)), one, share);
        z.loss = d_sel(z.gone, least, z.loss);
        z.w = d_sel(z.gone, share, z.w);
        z.extra = d_sel(z.gone, d_sub(one, share), z.extra);
    }
    z.hit = d_neg(d_mul(e.em1, inv));
    return z;
}

/* Derivatives in the gate and in its logits. */
NLL_INLINE void zip_gate(wide_value *v, const zip_parts *z, vd h) {
    vd inv = d_div(d_set(1), h);
    v->grad[0] = d_sel(z->none, d_neg(z->hit), inv);
    v->hess[0] = d_mul(v->grad[0], v->grad[0]);
}
NLL_INLINE void zip_gate_logits(wide_value *v, const zip_parts *z, vd g, vd h) {
    vd a = d_mul(d_mul(z->hit, g), h), gh = d_mul(g, h);
    a = d_sel(d_lt(h, a), h, a); /* g / P0 and 1 - e are at most 1 */
    a = d_sel(z->gone, d_mul(z->extra, h), a);
    v->grad[0] = d_sel(z->none, d_neg(a), g);
    v->hess[0] = d_sel(z->none, d_mul(a, d_sub(g, z->w)), gh);
}
/* Derivatives in the rate and in its logarithm. */
NLL_INLINE void zip_rate(wide_value *v, const zip_parts *z, vd m, vd y) {
    vd inv = d_div(d_set(1), m), bend = d_neg(d_mul(z->w, z->extra));
    v->grad[1] = d_sel(z->none, z->w, d_div(d_sub(m, y), m));
    v->hess[1] = d_sel(z->none, bend, d_mul(d_mul(y, inv), inv));
}
NLL_INLINE void zip_log_rate(wide_value *v, const zip_parts *z, vd m, vd y) {
    vd mw = d_mul_zero(z->w, m), bend = d_mul_zero(mw, d_sub(d_set(1), d_mul_zero(z->extra, m)));
    v->grad[1] = d_sel(z->none, mw, d_sub(m, y));
    v->hess[1] = d_sel(z->none, bend, m);
}

NLL_INLINE wide_value zip_probs_rate(const vd x[], const double *par) {
    vd m = x[1], y = x[2];
    (void)par;
    zip_gates g = zip_from_probs(x[0]);
    zip_parts z = zip_core(&g, m, y, poisson_rate_loss(y, m));
    wide_value v = {.loss = z.loss};
    zip_gate(&v, &z, g.h);
    zip_rate(&v, &z, m, y);
    return wide_edges(v, y, d_mask_and(d_is_unit(x[0]), d_is_nonnegative(m)), d_is_count(y));
}
NLL_INLINE wide_value zip_probs_log_rate(const vd x[], const double *par) {
    vd t = x[1], y = x[2];
    (void)par;
    poisson_parts p = poisson_of_log(y, t);
    zip_gates g = zip_from_probs(x[0]);
    zip_parts z = zip_core(&g, p.m, y, p.loss);
    wide_value v = {.loss = z.loss};
    zip_gate(&v, &z, g.h);
    zip_log_rate(&v, &z, p.m, y);
    return wide_edges(v, y, d_mask_and(d_is_unit(x[0]), d_is_number(t)), d_is_count(y));
}
NLL_INLINE wide_value zip_logits_rate(const vd x[], const double *par) {
    vd m = x[1], y = x[2];
    (void)par;
    zip_gates g = zip_from_logits(x[0]);
    zip_parts z = zip_core(&g, m, y, poisson_rate_loss(y, m));
    wide_value v = {.loss = z.loss};
    zip_gate_logits(&v, &z, g.g, g.h);
    zip_rate(&v, &z, m, y);
    return wide_edges(v, y, d_mask_and(d_is_number(x[0]), d_is_nonnegative(m)), d_is_count(y));
}
NLL_INLINE wide_value zip_logits_log_rate(const vd x[], const double *par) {
    vd t = x[1], y = x[2];
    (void)par;
    poisson_parts p = poisson_of_log(y, t);
    zip_gates g = zip_from_logits(x[0]);
    zip_parts z = zip_core(&g, p.m, y, p.loss);
    wide_value v = {.loss = z.loss};
    zip_gate_logits(&v, &z, g.g, g.h);
    zip_log_rate(&v, &z, p.m, y);
    return wide_edges(v, y, d_mask_and(d_is_number(x[0]), d_is_number(t)), d_is_count(y));
}

#endif
