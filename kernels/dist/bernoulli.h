/* dist/bernoulli.h: Bernoulli from logits z or probabilities p; soft labels y, positive weight w.
 *
 * par[0] is the label smoothing e: Y = y (1 - e) + e / 2 and N = (1 - y) (1 - e) + e / 2 are the
 * weights of the positive and the negative term, each made without cancellation.
 *
 * Logits, t = exp(-|z|), L = N + w Y:
 *   loss = a |z| + L log(1 + t)     a = z >= 0 ? N : w Y      every term >= 0
 *   d z  = sign(z) (a - L t / (1 + t))          h z  = L t / (1 + t)^2
 * Probabilities:
 *   loss = -(w Y log p + N log(1 - p)),  0 log 0 = 0
 *   d p  = N / (1 - p) - w Y / p,  0 / 0 = 0    h p  = N / (1 - p)^2 + w Y / p^2
 * p outside [0, 1]: NaN.  y outside [0, 1]: loss +inf, gradient NaN. */
#ifndef NLL_DIST_BERNOULLI_H
#define NLL_DIST_BERNOULLI_H

#include "math/log.h"
#include "shape/map.h"

/* NaN where the parameter is not valid; +inf (NaN for NaN) and NaN where y lies outside [0, 1]. */
NLL_INLINE map_value bernoulli_edges(V loss, V grad, V hess, V y, M valid) {
    M inside = m_and(v_le(v_set(0), y), v_le(y, v_set(1)));
    return (map_value){.loss = v_sel(inside, loss, v_set(INFINITY)),
                       .grad = {grad},
                       .hess = {hess},
                       .defined = m_and(valid, v_eq(y, y)),
                       .smooth = m_and(valid, inside)};
}

NLL_INLINE map_value bernoulli_logits(const V x[], const double *par) {
    V z = x[0], y = x[1], w = x[2];
    V zero = v_set(0), one = v_set(1), keep = v_set(1 - par[0]), even = v_set(0.5 * par[0]);
    V pos = v_fma(y, keep, even), neg = v_fma(v_sub(one, y), keep, even);
    V wpos = v_mul(w, pos), size = v_abs(z), t = v_exp(v_neg(size));
    M below = v_lt(z, zero);
    /* the weight by parts: w Y alone could underflow before it meets a large |z|; 0 * inf = 0 */
    V a = v_sel(below, wpos, neg), linear = v_mul(v_sel(below, pos, neg), size);
    M none = v_eq(v_sel(below, v_sel(v_eq(w, zero), zero, pos), neg), zero);
    linear = v_sel(none, zero, v_mul(linear, v_sel(below, w, one)));
    V weight = v_add(neg, wpos);
    V grad = v_sub(a, v_div(v_mul(weight, t), v_add(one, t)));
    V tail = v_add(one, t), hess = v_mul(v_div(weight, tail), v_div(t, tail));
    return bernoulli_edges(v_fma(weight, v_log1p01(t), linear), v_sel(below, v_neg(grad), grad),
                           hess, y, v_eq(z, z));
}

NLL_INLINE map_value bernoulli_probs(const V x[], const double *par) {
    V p = x[0], y = x[1], w = x[2];
    V zero = v_set(0), one = v_set(1), keep = v_set(1 - par[0]), even = v_set(0.5 * par[0]);
    V pos = v_fma(y, keep, even), neg = v_fma(v_sub(one, y), keep, even);
    V not_p = v_sub(one, p);
    M no_pos = m_or(v_eq(pos, zero), v_eq(w, zero)), no_neg = v_eq(neg, zero);
    V up = v_sel(no_pos, zero, v_mul(w, v_mul(pos, v_log(p))));
    V down = v_sel(no_neg, zero, v_mul(neg, v_log1p(v_neg(p))));
    V lift = v_sel(no_neg, zero, v_div(neg, not_p));
    V drop = v_sel(no_pos, zero, v_mul(w, v_div(pos, p))); /* w Y alone could underflow */
    V grad = v_sub(lift, drop);
    V rise = v_sel(no_neg, zero, v_div(lift, not_p)), fall = v_sel(no_pos, zero, v_div(drop, p));
    return bernoulli_edges(v_sub(zero, v_add(up, down)), grad, v_add(rise, fall), y,
                           m_and(v_le(zero, p), v_le(p, one)));
}

#endif
