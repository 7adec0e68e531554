/* dist/bernoulli.h: Bernoulli from logits z or probabilities p; soft labels y, positive weight w.
 *
 * Logits, e = exp(-|z|), L = (1 - y) + w y:
 *   loss = a z + L log(1 + e)     a = z >= 0 ? 1 - y : -w y      every term >= 0
 *   d z  = a - sign(z) L e / (1 + e)
 * Probabilities:
 *   loss = -(w y log p + (1 - y) log(1 - p)),  0 log 0 = 0
 *   d p  = ((p - y) + (1 - w) y (1 - p)) / (p (1 - p)),  -w / p for y = 1, 1 / (1 - p) for y = 0
 * p outside [0, 1]: NaN.  y outside [0, 1]: loss +inf, gradient NaN.  Label smoothing is the
 * caller's: it changes y. */
#ifndef NLL_DIST_BERNOULLI_H
#define NLL_DIST_BERNOULLI_H

#include "math/log.h"
#include "shape/map.h"

/* +inf and NaN where y lies outside [0, 1], NaN where y is NaN. */
NLL_INLINE map_value unit_support(map_value r, V y) {
    M inside = m_and(v_le(v_set(0), y), v_le(y, v_set(1)));
    V off = v_sel(v_isnan(y), y, v_set(INFINITY));
    r.loss = v_sel(inside, r.loss, v_sel(v_isnan(r.loss), r.loss, off));
    r.grad[0] = v_sel(inside, r.grad[0], v_set(NAN));
    return r;
}

NLL_INLINE map_value bernoulli_logits(V z, V y, V w) {
    V zero = v_set(0), one = v_set(1), not_y = v_sub(one, y), wy = v_mul(w, y);
    M negative = v_lt(z, zero);
    V e = v_exp(v_neg(v_abs(z)));
    V a = v_sel(negative, v_neg(wy), not_y);
    V weight = v_add(not_y, wy);
    V linear = v_sel(v_eq(a, zero), v_sel(v_isnan(z), z, zero), v_mul(a, z)); /* 0 * inf = 0 */
    V tail = v_div(v_mul(weight, e), v_add(one, e));
    map_value r;
    r.loss = v_fma(weight, v_log1p01(e), linear);
    r.grad[0] = v_add(a, v_sel(negative, tail, v_neg(tail)));
    r.grad[1] = r.grad[0];
    return unit_support(r, y);
}

NLL_INLINE map_value bernoulli_probs(V p, V y, V w) {
    V zero = v_set(0), one = v_set(1), not_y = v_sub(one, y), not_p = v_sub(one, p);
    V wy = v_mul(w, y);
    M never = v_eq(y, zero), always = v_eq(y, one);
    V positive = v_sel(v_eq(wy, zero), zero, v_mul(wy, v_log(p)));
    V negative = v_sel(always, zero, v_mul(not_y, v_log1p(v_neg(p))));
    V top = v_fma(v_mul(v_sub(one, w), y), not_p, v_sub(p, y));
    V d = v_div(top, v_mul(p, not_p));
    d = v_sel(always, v_sel(v_eq(w, zero), zero, v_neg(v_div(w, p))), d);
    map_value r;
    r.loss = v_sub(zero, v_add(positive, negative));
    r.grad[0] = v_sel(never, v_div(one, not_p), d);
    r.grad[1] = r.grad[0];
    M valid = m_and(v_le(zero, p), v_le(p, one));
    r.loss = v_sel(valid, r.loss, v_set(NAN));
    r.grad[0] = v_sel(valid, r.grad[0], v_set(NAN));
    return unit_support(r, y);
}

#endif
