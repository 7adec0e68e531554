/* dist/gamma.h: gamma (shape a, rate b) and inverse gamma (shape a, scale b): m = b y, or b / y.
 *   loss = delta(a) + D(a, m) + log(y^2 / a) / 2 + log(2 pi) / 2
 *   with Stirling's rest delta and the deviance D(a, m) = a log(a / m) + m - a, by m - a of the
 *   exact inputs: of all terms the logarithm alone may be below 0
 *   da = psi(a) - log m     ha = psi1(a)     hb = a / b^2
 *   gamma:          db = (b y - a) / b         dy = (b y - (a - 1)) / y
 *   inverse gamma:  db = (b - a y) / (b y)     dy = (a + 1 - b / y) / y */
#ifndef NLL_DIST_GAMMA_H
#define NLL_DIST_GAMMA_H

#include "dist/wide.h"
#include "math/beta.h"

/* Loss, da and ha; t = m / a - 1 as the caller knows it: the deviance is of order t^2. */
NLL_INLINE wide_value gamma_core(vd a, vd m, vd t, vd y) {
    vd most = d_set(0x1p1000), inv = d_div(d_set(1), a);
    d_stirling_parts d = d_stirling_parts_of(a, WANT_CURVE);
    d_log_pair l = d_log_ratio(d_min(most, t), d_mul(m, inv)); /* log(m / a) */
    vd deviance = d_neg(d_mul(a, l.rest));
    vd last = d_mul(d_set(0.5), d_log_product(y, inv));
    wide_value v = {.loss = d_add(d_add(d.value, deviance), d_add(last, d_set(D_HALF_LOG_2PI))),
                    .grad = {d_sub(d.slope, l.log)},
                    .hess = {d.curve}};
    return v;
}

/* `gamma` alone is a function of libm. */
NLL_INLINE wide_value gamma_rate(const vd x[], const double *par) {
    vd a = x[0], b = x[1], y = x[2], one = d_set(1), ab = d_div(a, b);
    (void)par;
    vd gap = d_fma(b, y, d_neg(a));
    wide_value v = gamma_core(a, d_mul(b, y), d_div(gap, a), y);
    v.grad[1] = d_div(gap, b);
    v.grad[2] = d_div(d_fma(b, y, d_sub(one, a)), y);
    v.hess[1] = d_div(ab, b);
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(b)), d_is_positive(y));
}

NLL_INLINE wide_value inverse_gamma(const vd x[], const double *par) {
    vd a = x[0], b = x[1], y = x[2], one = d_set(1), ab = d_div(a, b), yi = d_div(one, y);
    (void)par;
    vd m = d_div(b, y), gap = d_nfma(a, y, b);
    vd t = d_max(d_set(-1), d_div(d_div(gap, y), a)); /* a y may overflow */
    wide_value v = gamma_core(a, m, t, y);
    v.grad[1] = d_mul(d_div(gap, b), yi);
    v.grad[2] = d_mul(d_sub(d_add(a, one), m), yi);
    v.hess[1] = d_div(ab, b);
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(b)), d_is_positive(y));
}

#endif
