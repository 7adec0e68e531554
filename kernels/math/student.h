/* student.h: the normaliser of Student's t, h(a) = lgamma(a + 1/2) - lgamma(a) - log(a) / 2 for a >
 * 0, half the degrees of freedom: ~ -1 / (8 a), so that the normal limit is met smoothly.
 *
 * For a >= 1: -h = w p0(w), h' = w^2 p1(w), -h'' = w^3 p2(w) with w = 1 / (a + 5/8).  Below 1, with
 * v = a (a + 1):  h(a) = h(a + 1) - log(1 + 1 / (4 v)) / 2.  All terms have one sign.
 * Coefficients: docs/coefficients/special.py. */
#ifndef NLL_MATH_STUDENT_H
#define NLL_MATH_STUDENT_H

#include "math/stirling.h"

#if defined(NLL_T_F64)
/* degree 18, relative error 2^-55.0 */
static const double student_0[] = {
    0x1.0000000000000p-3,   0x1.4000000000004p-4,   0x1.6555555552fccp-5,   0x1.54000002cf832p-6,
    0x1.143331c4385dbp-7,   0x1.0beb129c9b8a2p-8,   0x1.ca8fb40bba92cp-9,   0x1.3a4b302790e37p-9,
    -0x1.f3840626856adp-12, -0x1.ed3395d557d73p-12, -0x1.cbdf456c32901p-10, 0x1.aec831c4e4734p-6,
    -0x1.47ba3e40d305ap-4,  0x1.27ced7c7fa686p-3,   -0x1.68626434dc9adp-3,  0x1.3037e38e7ba2ep-3,
    -0x1.57db1e79c9931p-4,  0x1.d70bf7538f7e2p-6,   -0x1.273857f623de8p-8};
/* degree 19, relative error 2^-53.1 */
static const double student_1[] = {
    0x1.fffffffffffffp-4,  0x1.4000000000258p-3,  0x1.0bffffffdddd3p-3,  0x1.54000018d1575p-4,
    0x1.593ff6676c8fcp-5,  0x1.91e247aae3127p-6,  0x1.911f9582b5843p-6,  0x1.3bc65bb3493b6p-6,
    -0x1.4ee32c8cc5a64p-8, 0x1.c109b62357362p-11, -0x1.86c3132547293p-5, 0x1.b48f45f9106dbp-2,
    -0x1.5f299f3dad92bp+0, 0x1.640b5eef7842bp+1,  -0x1.fac76da3c9f51p+1, 0x1.056e15e6e4234p+2,
    -0x1.82c8c9317773ap+1, 0x1.881469a0a0656p+0,  -0x1.ea179e8ae2d71p-2, 0x1.1ed3d4ef1ca97p-4};
/* degree 21, relative error 2^-52.6 */
static const double student_2[] = {
    0x1.fffffffffffffp-3,  0x1.e000000000394p-2,  0x1.0bffffffe24fcp-1,  0x1.a90000187b212p-2,
    0x1.02effaa78e216p-2,  0x1.5fa56da2114adp-3,  0x1.912d73b940354p-3,  0x1.6259281447797p-3,
    -0x1.78101b0e41838p-5, -0x1.273e0e61c9f24p-5, -0x1.157c274284ccep-2, 0x1.0036367bec715p+2,
    -0x1.a2e38308a9836p+3, 0x1.6b961528cd06ep+4,  -0x1.1258dac0b4b91p+4, -0x1.20680f6227aacp+4,
    0x1.2449353a1b64dp+6,  -0x1.bc0af86efb68cp+6, 0x1.9aea35678c7f2p+6,  -0x1.e37c8191f2954p+5,
    0x1.4f9bba47b6110p+4,  -0x1.a56053e2fa862p+1};
#else
/* degree 10, relative error 2^-34.6 */
static const double student_0[] = {
    0x1.000000002992dp-3, 0x1.3fffff8300656p-4,  0x1.6555931ab4660p-5, 0x1.53f4317826a23p-6,
    0x1.1557b18a6331bp-7, 0x1.f780d025aee4cp-9,  0x1.29ee5245009d5p-8, -0x1.0710e8f564093p-12,
    0x1.9bc56036398dfp-9, -0x1.4be85e8202812p-9, 0x1.0de08e4642334p-9};
/* degree 11, relative error 2^-34.1 */
static const double student_1[] = {
    0x1.ffffffff877e5p-4,  0x1.4000006deb31cp-3, 0x1.0bffdec011831p-3,  0x1.5407e69355c98p-4,
    0x1.584698153774fp-5,  0x1.a424ffcd953f7p-6, 0x1.23a5616d8dc74p-6,  0x1.77e360b483578p-5,
    -0x1.353f7f5e986f6p-4, 0x1.ce6fb5b04d333p-4, -0x1.49d6f5b7aa207p-4, 0x1.0e8c10e629a12p-5};
/* degree 12, relative error 2^-34.4 */
static const double student_2[] = {
    0x1.00000000319dcp-2, 0x1.dfffff9b25369p-2,  0x1.0c0010c45646fp-1, 0x1.a8fbb26d13c68p-2,
    0x1.0337921761363p-2, 0x1.5a50d104d64dfp-3,  0x1.aff2e16f8440cp-3, 0x1.ea2b7f70a7363p-4,
    0x1.3096d6751ce41p-4, -0x1.2d90c5c6dc78bp-2, 0x1.a705bc5c814ffp-1, -0x1.87b70d0c1e535p-1,
    0x1.62bf5be8c42f1p-2};
#endif

/* h', h'' at a, and h = -(tame + log(1 + lift) / 2); inverse = 1 / a, from the same division. */
typedef struct d_student_parts {
    vd inverse, tame, lift, slope, curve;
} d_student_parts;
NLL_INLINE d_student_parts d_student_normaliser(vd a, int want) {
    vd one = d_set(1.0), zero = d_set(0.0);
    md low = d_lt(a, one);
    vd up = d_add(a, one), x = d_sel(low, up, a);
    vd w = d_div(one, d_add(x, d_set(0.625))), w2 = d_mul(w, w);
    /* u = 1 / (4 a (a + 1)); what the step adds is 0 where there is none */
    vd v = d_mul(a, up), both = d_div(one, v), u = d_mul(d_set(0.25), both);
#if defined(NLL_T_F64)
    u = d_min(d_set(0x1p1022), u);
    vd inverse = d_div(one, a); /* v may overflow */
#else
    vd inverse = d_mul(up, both);
#endif
    u = d_sel(low, u, zero);
    d_student_parts h = {inverse, zero, u, zero, zero};
    h.tame = d_mul(w, d_poly(student_0, POLY_DEGREE(student_0), w));
    if (want < WANT_SLOPE) return h;
    /* the step of h': 1 / (2 v (2 a + 1)) = 2 u / (2 a + 1) */
    vd slope = d_div(d_add(u, u), d_add(a, up));
    h.slope = d_fma(w2, d_poly(student_1, POLY_DEGREE(student_1), w), slope);
    if (want < WANT_CURVE) return h;
    /* and of h'': -(6 v + 1) / (2 v^2 (2 a + 1)^2) = -2 (6 v + 1) slope^2 */
    vd v6 = d_fma(d_set(6.0), v, one);
    vd curve = d_mul(d_mul(d_add(v6, v6), slope), slope);
    vd p = d_poly(student_2, POLY_DEGREE(student_2), w);
    h.curve = d_neg(d_fma(d_mul(w2, w), p, d_sel(low, curve, zero)));
    return h;
}

/* h(a): -inf at 0, 0 at infinity, NaN below 0. */
NLL_INLINE vd d_student(vd a) {
    d_student_parts h = d_student_normaliser(a, WANT_VALUE);
    vd y = d_neg(d_fma(d_set(0.5), d_log1p_pair(h.lift).log, h.tame));
    y = d_sel(d_eq(a, d_set(0.0)), d_set(-INFINITY), y);
    return d_sel(d_le(d_set(0.0), a), y, d_set(NAN));
}

#endif
