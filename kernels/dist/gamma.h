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

/* a, or a + 1 for a < 1: A = a + lift; and what the division by it gives. */
typedef struct gamma_lift {
    md low;
    vd lift, A, Ai, w; /* Ai = 1 / A, w = 1 / (A + 5/8) */
} gamma_lift;
NLL_INLINE gamma_lift gamma_lift_of(vd a) {
    gamma_lift g = {.low = d_lt(a, d_set(1))};
    g.lift = d_sel(g.low, d_set(1), d_set(0));
    g.A = d_add(a, g.lift);
    g.Ai = d_inverses(g.A, &g.w);
    return g;
}

/* Loss, da and ha, from those of A: with lgamma(a) = lgamma(A) - log a
 *   loss = delta(A) + a log(A / m) + m - A + log(A y^2 / a^2) / 2 + log(2 pi) / 2
 * t = m / A - 1 as the caller knows it: without a lift the deviance is of order t^2.  ai = 1 / a.
 */
NLL_INLINE wide_value gamma_core(vd a, vd ai, gamma_lift g, vd m, vd t, vd y) {
    vd half = d_set(0.5);
    d_stirling_parts d = d_stirling_tail_w(g.w, WANT_CURVE);
    t = d_min(d_set(0x1p1000), t);
    d_log_pair l = d_log_ratio(t, d_mul(m, g.Ai)); /* log(m / A) */
    vd deviance = d_nfma(a, l.rest, d_mul(g.lift, t));
    vd outer = d_sel(g.low, d_mul(d_mul(g.A, ai), ai), ai);
    vd last = d_fma(half, d_log_product(y, outer), d_set(D_HALF_LOG_2PI));
    vd first = d_sel(g.low, ai, d_set(0)), slope = d_fma(g.Ai, half, d.slope);
    vd curve = d_fma(d_mul(g.Ai, half), g.Ai, d_add(d.curve, g.Ai));
    wide_value v = {.loss = d_add(d_add(d.value, deviance), last),
                    .grad = {d_neg(d_add(d_add(slope, first), l.log))},
                    .hess = {d_fma(first, first, curve)}};
    return v;
}

/* Loss and da again for lanes where m, or u = m / a, may leave the range; m = b y or, inverse, b /
 * y. u = q 2^n comes from the parts of all three; beyond 2^+-500 its logarithm from those, and a
 * deviance of m - a (1 + log u). */
NLL_INLINE wide_value gamma_far(wide_value v, vd a, vd b, vd y, vd m, int inverse) {
#if defined(NLL_T_F64)
    vd one = d_set(1), zero = d_set(0), limit = d_set(500), ra, rb, ry, r;
    md far = d_mask_or(d_lt(d_min(a, d_min(b, y)), d_set(0x1p-160)),
                       d_lt(d_set(0x1p160), d_max(a, d_max(b, y))));
    if (!d_mask_bits(far)) return v; /* the other lanes keep what they have */
    vd na = d_log_split_any(a, &ra), nb = d_log_split_any(b, &rb), ny = d_log_split_any(y, &ry);
    vd A = d_add(ra, one), B = d_add(rb, one), Y = d_add(ry, one);
    vd n = d_sub(inverse ? d_sub(nb, ny) : d_add(nb, ny), na);
    /* u - 1 by one rounded difference of products, for |n| <= 500 */
    vd power = d_pow2(d_max(d_neg(limit), d_min(limit, n))), up = d_mul(B, power);
    vd top = inverse ? up : d_mul(up, Y), below = inverse ? d_mul(A, Y) : A;
    vd t = d_div(inverse ? d_nfma(A, Y, up) : d_fma(up, Y, d_neg(A)), below);
    d_log_pair near = d_log_ratio(t, d_div(top, below));
    vd q = inverse ? d_div(B, below) : d_div(d_mul(B, Y), A), k = d_log_split(q, &r);
    vd log = d_log_core(d_add(n, k), r, zero);
    md apart = d_lt(limit, d_abs(n));
    vd deviance = d_sel(apart, d_sub(m, d_fma(a, log, a)), d_neg(d_mul(a, near.rest)));
    log = d_sel(apart, log, near.log);
    d_stirling_parts d = d_stirling_parts_of(a, WANT_SLOPE);
    vd last = d_nfma(d_set(0.5), d_log_inside(a), d_add(d_log_inside(y), d_set(D_HALF_LOG_2PI)));
    v.loss = d_sel(far, d_add(d_add(d.value, deviance), last), v.loss);
    v.grad[0] = d_sel(far, d_sub(d.slope, log), v.grad[0]);
#else
    (void)a, (void)b, (void)y, (void)m, (void)inverse;
#endif
    return v;
}

/* `gamma` alone is a function of libm. */
NLL_INLINE wide_value gamma_rate(const vd x[], const double *par) {
    vd a = x[0], b = x[1], y = x[2], one = d_set(1);
    (void)par;
    gamma_lift g = gamma_lift_of(a);
    d_inverse3 i = d_inverse3_of(a, b, y);
    vd m = d_mul(b, y), t = d_quotient(d_fma(b, y, d_neg(g.A)), g.A, g.Ai);
    wide_value v = gamma_far(gamma_core(a, i.a, g, m, t, y), a, b, y, m, 0);
    v.grad[1] = d_over_by(d_fma(b, y, d_neg(a)), b, i.b);
    v.grad[2] = d_over_by(d_fma(b, y, d_sub(one, a)), y, i.c);
    v.hess[1] = d_over_by(d_over_by(a, b, i.b), b, i.b);
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(b)), d_is_positive(y));
}

NLL_INLINE wide_value inverse_gamma(const vd x[], const double *par) {
    vd a = x[0], b = x[1], y = x[2], one = d_set(1);
    (void)par;
    gamma_lift g = gamma_lift_of(a);
    d_inverse3 i = d_inverse3_of(a, b, y);
    vd m = d_over_by(b, y, i.c), ab = d_over_by(a, b, i.b), gap = d_nfma(a, y, b);
    vd t = d_quotient(d_over_by(d_nfma(g.A, y, b), y, i.c), g.A, g.Ai);
    t = d_max(d_set(-1), t); /* a y may overflow */
    wide_value v = gamma_far(gamma_core(a, i.a, g, m, t, y), a, b, y, m, 1);
    v.grad[1] = d_mul(d_over_by(gap, b, i.b), i.c);
#if defined(NLL_T_F64)
    v.grad[1] = d_sel(d_lt(d_abs(v.grad[1]), d_set(INFINITY)), v.grad[1], d_sub(i.c, ab));
#endif
    v.grad[2] = d_mul(d_sub(d_add(a, one), m), i.c);
    v.hess[1] = d_over_by(ab, b, i.b);
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(b)), d_is_positive(y));
}

#endif
