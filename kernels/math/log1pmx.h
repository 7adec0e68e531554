/* log1pmx.h: log(1 + t) - t, and the deviance x log(x / m) + m - x built on it.
 *
 * Where log(1 + t) is 2^n m with n = 0 the first term r = t of its series is left out, so nothing
 * cancels; elsewhere n ln 2 + r - t is taken before the small rest is added.  r comes from t
 * itself, not from the rounded 1 + t: r = t 2^-n + (2^-n - 1) with one rounding. */
#ifndef NLL_MATH_LOG1PMX_H
#define NLL_MATH_LOG1PMX_H

#include "math/log.h"

/* log(1 + t) and log(1 + t) - t. */
typedef struct d_log_pair {
    vd log, rest;
} d_log_pair;

/* For -1 < t <= 2^1022.  u = 1 + t as the caller knows it better than from t: it counts where
 * t < -1/2, for example m / x where t = (m - x) / x.
 * Error for exact t: of rest at most 5 ULP (seen: 4.15, beside t = sqrt 2 - 1), of log 1.5 ULP. */
NLL_INLINE d_log_pair d_log_ratio(vd t, vd u) {
#if defined(NLL_T_F64)
    vd one = d_set(1.0), r;
    md low = d_lt(t, d_set(-0.5));
    vd n = d_log_split(d_sel(low, u, d_add(one, t)), &r);
    vd p = d_pow2(d_neg(n));
    r = d_sel(low, r, d_fma(t, p, d_sub(p, one)));
#else /* where n is not 0, log(1 + t) - t is no smaller than 2^-5: the rounding of u is nothing */
    vd r, n = d_log_split(u, &r);
    r = d_sel(d_eq(n, d_set(0.0)), t, r);
#endif
    d_log_sum y = d_log_terms(n, r, d_set(0.0));
    return (d_log_pair){d_add(y.head, y.rest), d_add(d_sub(y.head, t), y.rest)};
}
NLL_INLINE d_log_pair d_log1p_pair(vd t) { return d_log_ratio(t, d_add(d_set(1.0), t)); }

/* log(1 + t) - t: -inf at -1, NaN below. */
NLL_INLINE vd d_log1pmx(vd t) {
    vd huge = d_set(0x1p1000), y = d_log1p_pair(d_min(huge, t)).rest;
    y = d_sel(d_lt(huge, t), d_neg(t), y);
    y = d_sel(d_eq(t, d_set(-1.0)), d_set(-INFINITY), y);
    return d_sel(d_le(d_set(-1.0), t), y, d_set(NAN));
}

/* x log(x / m) + m - x for x >= 0, m >= 0: what a Poisson or binomial likelihood of x with mean m
 * loses against one whose mean is x.  0 at x = m only; m at x = 0; +inf at m = 0 < x. */
NLL_INLINE vd d_bd0(vd x, vd m) {
    vd zero = d_set(0.0), huge = d_set(0x1p1000), t = d_div(d_sub(m, x), x);
    vd y = d_neg(d_mul(x, d_log_ratio(d_min(huge, t), d_div(m, x)).rest));
    y = d_sel(d_lt(huge, t), m, y);
    y = d_sel(d_eq(m, zero), d_set(INFINITY), y);
    y = d_sel(d_eq(x, zero), m, y);
    return d_sel(d_mask_and(d_le(zero, x), d_le(zero, m)), y, d_set(NAN));
}
/* The same for x, m > 0 where 1 / x is known; of floats both are within 2^+-1000. */
NLL_INLINE vd d_bd0_by(vd x, vd m, vd xi) {
#if defined(NLL_T_F64)
    (void)xi;
    return d_bd0(x, m);
#else
    vd t = d_mul(d_sub(m, x), xi);
    return d_neg(d_mul(x, d_log_ratio(t, d_mul(m, xi)).rest));
#endif
}

#endif
