/* stirling.h: what Stirling's formula leaves of lgamma, digamma and trigamma, one polynomial each.
 *
 *   delta(x)   = lgamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2]    ~ 1 / (12 x)
 *   -delta'(x) = log x - 1 / (2 x) - psi(x)                           ~ 1 / (12 x^2)
 *   delta''(x) = psi1(x) - 1 / x - 1 / (2 x^2)                        ~ 1 / (6 x^3)
 *
 * For x >= 1 they are w p0(w), w^2 p1(w), w^3 p2(w) with w = 1 / (x + 5/8): over the whole range
 * one fit, without the inner limits that the asymptotic series would need.  5/8 makes the powers of
 * w small enough that the terms do not cancel.  Below 1 the functions rise by one (x -> x + 1);
 * there every step is a sum of terms of one sign.  For float results shorter fits do: the value to
 * 2^-33; the others to 2^-38, as they meet in differences of which less is left.
 * Coefficients: docs/coefficients/special.py. */
#ifndef NLL_MATH_STIRLING_H
#define NLL_MATH_STIRLING_H

#include "math/log1pmx.h"
#include "math/poly.h"
#include "math/want.h"

#if defined(NLL_T_F64)
/* degree 18, relative error 2^-53.8 */
static const double stirling_0[] = {
    0x1.5555555555555p-4,  0x1.aaaaaaaaaaaa7p-5,   0x1.e7d27d27d0de8p-6,   0x1.f000000260a9ep-7,
    0x1.caade9928c882p-8,  0x1.dddbcefd6116bp-9,   0x1.5d2daf1f10586p-9,   0x1.c3ac06c52ac95p-10,
    0x1.157b29458482fp-14, -0x1.15560dbd5b2a3p-14, -0x1.84b2735e1c289p-11, 0x1.acdbba6e51118p-7,
    -0x1.44d658e5cc610p-5, 0x1.253cb130ab043p-4,   -0x1.644710c0baa75p-4,  0x1.2bbd9358b3655p-4,
    -0x1.50e643621a82ep-5, 0x1.c9d7be3109539p-7,   -0x1.1aa5652501c80p-9};
/* degree 19, relative error 2^-53.3 */
static const double stirling_1[] = {
    0x1.5555555555555p-4,  0x1.aaaaaaaaaad0fp-4, 0x1.6dddddddbb0c6p-4,  0x1.f000001944d95p-5,
    0x1.1eacadeab54e0p-5,  0x1.6665ba6baef7ep-6, 0x1.3178388024e3cp-6,  0x1.c5388fedd2470p-7,
    0x1.59d2f579650f2p-13, 0x1.27042945aab4fp-9, -0x1.798117874e10ap-6, 0x1.b8a6d95bb2d33p-3,
    -0x1.61001413d3214p-1, 0x1.66a2ba2adbcdap+0, -0x1.ff69dea8d4abdp+0, 0x1.08b99c4905118p+1,
    -0x1.897e618f96caep+0, 0x1.91af21b5df841p-1, -0x1.fb203f0751eb9p-3, 0x1.2db4e673e90b7p-5};
/* degree 21, relative error 2^-52.7 */
static const double stirling_2[] = {
    0x1.5555555555555p-3,  0x1.40000000001ccp-2,  0x1.6dddddddc0112p-2,  0x1.3600000c48fb6p-2,
    0x1.ae0306d377228p-3,  0x1.3998b7729a3dep-3,  0x1.317f678ff79e3p-3,  0x1.fcf2a10691644p-4,
    0x1.1aa484765a0d7p-8,  0x1.92d313f34ef1dp-10, -0x1.f838df7483935p-4, 0x1.02249b389508fp+1,
    -0x1.a405302e4a6aap+2, 0x1.6e3e44b5ff6e9p+3,  -0x1.18c00a806bc81p+3, -0x1.132601bc0834bp+3,
    0x1.1f143fa468835p+5,  -0x1.b5bc0d4f8f135p+5, 0x1.954ae73e9bf25p+5,  -0x1.dc7302477f6e8p+4,
    0x1.4a16a8eb8f4c0p+3,  -0x1.9cf5dda515c15p+0};
#else
/* degree 10, relative error 2^-34.3 */
static const double stirling_0[] = {
    0x1.555555559b0a1p-4, 0x1.aaaaa9d8e35efp-5,  0x1.e7d2e50272c96p-6, 0x1.efec15656cbb1p-7,
    0x1.cc9e51ffec9bfp-8, 0x1.c21bddbb26fd0p-9,  0x1.d5ad3689ad7e5p-9, -0x1.77982656cd48bp-11,
    0x1.f5a17964da690p-9, -0x1.93872c45b31e2p-9, 0x1.12932b835b074p-9};
/* degree 13, relative error 2^-38.9 */
static const double stirling_1[] = {
    0x1.555555555281ap-4,  0x1.aaaaaab1ab08fp-4, 0x1.6ddddafef3c11p-4,  0x1.f000ecc95b7c7p-5,
    0x1.1e98df61a7159p-5,  0x1.685e4d2f2edfep-6, 0x1.216d29cdffc10p-6,  0x1.38dc0dd5a09d0p-6,
    -0x1.2d0f608eee25ap-6, 0x1.4e27707d9d026p-5, -0x1.5061a505ed2c4p-5, 0x1.76f3abbefe247p-5,
    -0x1.fe8b2146ef931p-6, 0x1.9f893148e9cbep-7};
/* degree 14, relative error 2^-40.6 */
static const double stirling_2[] = {
    0x1.5555555556344p-3, 0x1.3ffffffec6f8bp-2,  0x1.6dddde709dfb6p-2, 0x1.35ffe49167f01p-2,
    0x1.ae08821f74e36p-3, 0x1.39420aa6250f0p-3,  0x1.3523faccd453cp-3, 0x1.c3fc30ab46be2p-4,
    0x1.6480273cf9248p-4, -0x1.8863f1d7cd691p-2, 0x1.49588ab9c156dp+0, -0x1.0022dc245e158p+1,
    0x1.037063074b663p+1, -0x1.2de09fc7eb500p+0, 0x1.5a9818a537306p-2};
/* delta(x) = v p(v^2), v = 1 / x, for whole numbers x: absolute error 2^-36 */
static const double stirling_whole[] = {0x1.5555554e9d757p-4,  -0x1.6c15cac3667d1p-9,
                                        0x1.9f3ae466e0314p-11, -0x1.2585a62c29e2cp-11,
                                        0x1.085096ba17c09p-11, -0x1.e32da9966fe77p-13};
#endif

/* delta, -delta', delta'' for x >= 1, from w = 1 / (x + 5/8). */
typedef struct d_stirling_parts {
    vd value, slope, curve;
} d_stirling_parts;
NLL_INLINE d_stirling_parts d_stirling_tail_w(vd w, int want) {
    vd w2 = d_mul(w, w);
    d_stirling_parts d = {w, w, w};
    d.value = d_mul(w, d_poly(stirling_0, POLY_DEGREE(stirling_0), w));
    if (want >= WANT_SLOPE) d.slope = d_mul(w2, d_poly(stirling_1, POLY_DEGREE(stirling_1), w));
    if (want >= WANT_CURVE)
        d.curve = d_mul(d_mul(w2, w), d_poly(stirling_2, POLY_DEGREE(stirling_2), w));
    return d;
}

NLL_INLINE d_stirling_parts d_stirling_tail(vd x, int want) {
    return d_stirling_tail_w(d_div(d_set(1.0), d_add(x, d_set(0.625))), want);
}

/* delta(x) for whole numbers x >= 1; inverse = 1 / x. */
NLL_INLINE vd d_stirling_whole(vd x, vd inverse) {
#if defined(NLL_T_F64)
    (void)inverse;
    return d_stirling_tail(x, WANT_VALUE).value;
#else
    (void)x;
    vd square = d_mul(inverse, inverse), p = d_set(stirling_whole[POLY_DEGREE(stirling_whole)]);
    NLL_UNROLL
    for (int k = POLY_DEGREE(stirling_whole) - 1; k >= 0; k--)
        p = d_fma(p, square, d_set(stirling_whole[k]));
    return d_mul(inverse, p);
#endif
}

/* For any x > 0: delta(x), psi(x) - log x, psi1(x).  Below 2^-1022 the logarithm stands still. */
NLL_INLINE d_stirling_parts d_stirling_parts_of(vd x, int want) {
    vd one = d_set(1.0), zero = d_set(0.0), half = d_set(0.5);
    md low = d_lt(x, one);
    vd y = d_sel(low, d_add(x, one), x), inverse = d_div(one, x);
    d_stirling_parts d = d_stirling_tail(y, want);
    /* log((x + 1) / x), and the same less 1 / x */
    d_log_pair up = d_log1p_pair(d_min(d_set(0x1p1022), inverse));
    d.value = d_add(d.value, d_sel(low, d_fma(d_add(x, half), up.log, d_set(-1.0)), zero));
    if (want < WANT_SLOPE) return d;
    vd yi = d_sel(low, d_div(one, y), inverse);
    d.slope = d_sub(d_sel(low, up.rest, zero), d_fma(yi, half, d.slope));
    if (want < WANT_CURVE) return d;
    vd lifted = d_fma(d_mul(yi, half), yi, d_add(d.curve, yi));
    d.curve = d_add(lifted, d_sel(low, d_mul(inverse, inverse), zero));
    return d;
}

/* delta(x): +inf at 0, 0 at infinity, NaN below 0. */
NLL_INLINE vd d_stirling(vd x) {
    vd y = d_stirling_parts_of(x, WANT_VALUE).value;
    y = d_sel(d_eq(x, d_set(0.0)), d_set(INFINITY), y);
    return d_sel(d_le(d_set(0.0), x), y, d_set(NAN));
}

#endif
