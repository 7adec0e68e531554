/* dist/gaussian.h: Gaussian, mean mu, spread in four forms.  h = log(2 pi) / 2, d = y - mu;
 * dy = -dmu.
 *
 *   scale s          z = d / s            loss = log s + z^2 / 2 + h
 *     dmu = -z / s                        ds = (1 - z^2) / s
 *     hmu = 1 / s^2                       hs = (3 z^2 - 1) / s^2
 *   var v            r = d / v            loss = (log v + r d) / 2 + h
 *     dmu = -r                            dv = (1 - r d) / (2 v)
 *     hmu = 1 / v                         hv = (r^2 - 1 / (2 v)) / v
 *   log_scale t      z = d e^-t           loss = t + z^2 / 2 + h
 *     dmu = -z e^-t                       dt = 1 - z^2
 *     hmu = e^(-2 t)                      ht = 2 z^2
 *   log_var s        z = d e^(-s/2)       loss = (s + z^2) / 2 + h
 *     dmu = -z e^(-s/2)                   ds = (1 - z^2) / 2
 *     hmu = e^-s                          hs = z^2 / 2
 *
 * d is scaled before it is squared: d^2 alone would overflow in float from 1.8e19 on. */
#ifndef NLL_DIST_GAUSSIAN_H
#define NLL_DIST_GAUSSIAN_H

#include "math/log.h"
#include "shape/map.h"

/* NaN where the parameters are out of their domain, +inf and NaN where y is infinite; +inf where
 * the spread is. */
NLL_INLINE map_value gaussian_edges(map_value r, V mu, V y, V spread, M valid) {
    r.grad[2] = v_neg(r.grad[0]); /* d loss / d y */
    V inf = v_set(INFINITY);
    valid = m_and(valid, v_lt(v_abs(mu), inf));
    M finite = v_lt(v_abs(y), inf);
    r.loss = v_sel(m_and(finite, v_lt(spread, inf)), r.loss, inf);
    r.defined = m_and(valid, v_eq(y, y));
    r.smooth = m_and(valid, finite);
    return r;
}

NLL_INLINE map_value gaussian_scale(const V x[], const double *par) {
    V mu = x[0], s = x[1], y = x[2];
    (void)par;
    V z = v_div(v_sub(y, mu), s), zs = v_div(z, s), half = v_set(0.5), one = v_set(1);
    M small = v_lt(s, one);
    V w = v_div(v_sel(small, v_nfma(z, z, one), one), s);
    map_value r = {.loss = v_fma(v_mul(half, z), z, v_add(v_log_inside(s), v_set(D_HALF_LOG_2PI)))};
    r.grad[0] = v_neg(zs);
    r.grad[1] = v_sel(small, w, v_nfma(z, zs, w)); /* z^2 alone may overflow for a large s */
    r.hess[0] = v_div(v_div(one, s), s);
    r.hess[1] = v_div(v_fma(v_mul(v_set(3), z), zs, v_div(v_set(-1), s)), s);
    return gaussian_edges(r, mu, y, s, v_lt(v_set(0), s));
}

/* A variance below GAUSSIAN_TINY goes up by GAUSSIAN_UP^2 = 2^GAUSSIAN_UP_BITS and d by
 * GAUSSIAN_UP, all exact, so that d / v does not overflow where d^2 / v does not, and the logarithm
 * is that of a normal number. */
#if defined(NLL_T_F32)
#define GAUSSIAN_TINY 0x1p-60
#define GAUSSIAN_UP 0x1p32
enum { GAUSSIAN_UP_BITS = 64 };
#else
#define GAUSSIAN_TINY 0x1p-500
#define GAUSSIAN_UP 0x1p260
enum { GAUSSIAN_UP_BITS = 520 };
#endif

NLL_INLINE map_value gaussian_var(const V x[], const double *par) {
    V mu = x[0], v = x[1], y = x[2];
    (void)par;
    V half = v_set(0.5), one = v_set(1);
    M tiny = v_lt(v, v_set(GAUSSIAN_TINY)), small = v_lt(v, one);
    V up = v_sel(tiny, v_set(GAUSSIAN_UP), one);
    V lifted = v_mul(v, v_sel(tiny, v_set(GAUSSIAN_UP * GAUSSIAN_UP), one));
    V d = v_mul(v_sub(y, mu), up), q = v_div(d, lifted), ratio = v_mul(q, up); /* (y - mu) / v */
    V log_v = v_log_scaled(lifted, tiny, -GAUSSIAN_UP_BITS);
    V w = v_div(v_mul(half, v_sel(small, v_nfma(q, d, one), one)), v);
    map_value r = {.loss = v_fma(v_mul(half, q), d, v_fma(half, log_v, v_set(D_HALF_LOG_2PI)))};
    r.grad[0] = v_neg(ratio);
    r.grad[1] = v_sel(small, w, v_nfma(v_mul(half, ratio), ratio, w));
    r.hess[0] = v_div(one, v);
    r.hess[1] = v_div(v_fma(ratio, ratio, v_div(v_set(-0.5), v)), v);
    return gaussian_edges(r, mu, y, v, v_lt(v_set(0), v));
}

NLL_INLINE map_value gaussian_log_scale(const V x[], const double *par) {
    V mu = x[0], t = x[1], y = x[2];
    (void)par;
    V z = v_mul_exp(v_sub(y, mu), v_neg(t)), half = v_set(0.5);
    map_value r = {.loss = v_fma(v_mul(half, z), z, v_add(t, v_set(D_HALF_LOG_2PI)))};
    r.grad[0] = v_neg(v_mul_exp(z, v_neg(t)));
    r.grad[1] = v_nfma(z, z, v_set(1));
    r.hess[0] = v_exp(v_mul(v_set(-2), t));
    r.hess[1] = v_mul(v_mul(v_set(2), z), z);
    return gaussian_edges(r, mu, y, t, v_eq(t, t));
}

NLL_INLINE map_value gaussian_log_var(const V x[], const double *par) {
    V mu = x[0], s = x[1], y = x[2];
    (void)par;
    V half = v_set(0.5), t = v_mul(half, s);
    V z = v_mul_exp(v_sub(y, mu), v_neg(t));
    map_value r = {.loss = v_fma(v_mul(half, z), z, v_add(t, v_set(D_HALF_LOG_2PI)))};
    r.grad[0] = v_neg(v_mul_exp(z, v_neg(t)));
    r.grad[1] = v_mul(half, v_nfma(z, z, v_set(1)));
    r.hess[0] = v_exp(v_neg(s));
    r.hess[1] = v_mul(v_mul(half, z), z);
    return gaussian_edges(r, mu, y, s, v_eq(s, s));
}

#endif
