/* sine.h: sin x and cos x together, |x| <= 2^50; beyond that, where neighbouring doubles lie a
 * quarter of a radian apart and no angle is meant, NaN.
 *
 * x = n pi / 2 + r with an integer n and |r| <= pi / 4 (for large x a tenth more, as n is rounded).
 * pi / 2 is split in three doubles; x less n times the first is exact (it is a multiple of the last
 * place of the smaller of the two and below 1), the second product keeps its error.  Coefficients:
 * docs/coefficients/special.py. */
#ifndef NLL_MATH_SINE_H
#define NLL_MATH_SINE_H

#include "math/exp.h"
#include "math/poly.h"

#define D_2_PI 0x1.45f306dc9c883p-1
#define D_PI_2_A 0x1.921fb54442d18p+0
#define D_PI_2_B 0x1.1a62633145c07p-54
#define D_PI_2_C (-0x1.f1976b7ed8fbcp-110)

/* sin r = r + r^3 p(r^2), cos r = 1 - r^2 / 2 + r^4 q(r^2); relative errors of p 2^-52, q 2^-50 and
 * less */
static const double sine_p[] = {
    -0x1.5555555555555p-3,  0x1.111111111110cp-7,  -0x1.a01a01a01886fp-13, 0x1.71de3a529d343p-19,
    -0x1.ae64516a0efccp-26, 0x1.611fa84cbd147p-33, -0x1.aa24776404defp-41};
static const double cosine_q[] = {0x1.5555555555555p-5,  -0x1.6c16c16c162dap-10,
                                  0x1.a01a019df819fp-16, -0x1.27e4f89617338p-22,
                                  0x1.1eea0a1f5c3dap-29, -0x1.8f9ffdb13ecb6p-37};

typedef struct d_sine_pair {
    vd sin, cos;
} d_sine_pair;
NLL_INLINE d_sine_pair d_sincos(vd x) {
    vd one = d_set(1.0), half = d_set(0.5);
    vd n = d_rint(d_mul(x, d_set(D_2_PI)));
    vd t = d_nfma(n, d_set(D_PI_2_A), x);
    vd b = d_mul(n, d_set(D_PI_2_B)), b_lost = d_fma(n, d_set(D_PI_2_B), d_neg(b));
    vd r = d_sub(t, b), v = d_sub(r, t);
    vd lost = d_sub(d_sub(t, d_sub(r, v)), d_add(b, v));
    lost = d_nfma(n, d_set(D_PI_2_C), d_sub(lost, b_lost));
    vd z = d_mul(r, r);
    vd s = d_fma(d_mul(z, r), d_poly(sine_p, POLY_DEGREE(sine_p), z), lost);
    s = d_add(r, s);
    /* 1 - z / 2 with its rounding error */
    vd h = d_mul(half, z), top = d_sub(one, h), top_lost = d_sub(d_sub(one, top), h);
    vd c = d_fma(d_mul(z, z), d_poly(cosine_q, POLY_DEGREE(cosine_q), z), top_lost);
    c = d_add(top, d_nfma(r, lost, c));
    /* n modulo 4, in -2 .. 2 */
    vd q = d_nfma(d_set(4.0), d_rint(d_mul(n, d_set(0.25))), n);
    md odd = d_eq(d_abs(q), one);
    md minus_sin = d_mask_or(d_eq(q, d_set(-1.0)), d_eq(d_abs(q), d_set(2.0)));
    md minus_cos = d_mask_or(d_eq(q, one), d_eq(d_abs(q), d_set(2.0)));
    d_sine_pair y = {d_sel(odd, c, s), d_sel(odd, s, c)};
    y.sin = d_sel(minus_sin, d_neg(y.sin), y.sin);
    y.cos = d_sel(minus_cos, d_neg(y.cos), y.cos);
    md angle = d_le(d_abs(x), d_set(0x1p50));
    y.sin = d_sel(angle, d_sel(d_eq(x, d_set(0.0)), x, y.sin), d_set(NAN));
    y.cos = d_sel(angle, y.cos, d_set(NAN));
    return y;
}
NLL_INLINE vd d_sin(vd x) { return d_sincos(x).sin; }
NLL_INLINE vd d_cos(vd x) { return d_sincos(x).cos; }

#endif
