/* lgamma.h: log Gamma(x) for x > 0.
 *
 *   x >= 3         (x - 1/2) (log x - 1) + (log(2 pi) - 1) / 2 + delta(x), delta of stirling.h;
 *                  log x - 1 and the product as sums of two doubles, as the terms cancel a little
 *   1 <= x < 3     (x - 1) (x - 2) p(w), so that the zeros at 1 and 2 are exact
 *   x < 1          lgamma(x + 1) as before, less log x
 *
 * One polynomial in 1 / (x + 5/8), or 1 / (x + 3/2) less the middle of the range; every lane takes
 * its own coefficients.  Coefficients: docs/coefficients/special.py. */
#ifndef NLL_MATH_LGAMMA_H
#define NLL_MATH_LGAMMA_H

#include "math/log.h"
#include "math/poly.h"

#define LGAMMA_MIDDLE 0x1.3e93e93e93e94p-2
#if defined(NLL_T_F64)
/* degree 17, relative errors 2^[-54.7, -54.0] */
static const double lgamma_c[][2] = {
    {0x1.d15f0ee08f1e6p-2, 0x1.5555555555555p-4},   {0x1.449fe7a22d684p+0, 0x1.aaaaaaaaaaaabp-5},
    {0x1.cd9ec36d9da96p-1, 0x1.e7d27d27d27b0p-6},   {0x1.c7b83a0c0d070p+1, 0x1.f0000000027a3p-7},
    {0x1.2be63466c6e5ep+2, 0x1.caadeadd2f989p-8},   {0x1.1ce249bbc7b5cp+4, 0x1.dddb6e40cd424p-9},
    {0x1.b43e7dd9e6f60p+4, 0x1.5d367d557258dp-9},   {0x1.a2254b76e30f3p+6, 0x1.c296f699f335bp-10},
    {0x1.502eeb915b300p+7, 0x1.d6e2a940421e6p-14},  {0x1.4c7f7ef024928p+9, -0x1.d12234876e63dp-12},
    {0x1.0c238a9f48dcfp+10, 0x1.9ad2454819449p-10}, {0x1.15f4561973be0p+12, 0x1.40794c66d55bfp-9},
    {0x1.b5261bf7d3ff6p+12, -0x1.6279140c1f208p-9}, {0x1.e2d9abd87e615p+14, -0x1.868b8429b45a2p-6},
    {0x1.5d1d31531d3f1p+15, 0x1.765978de1630bp-4},  {0x1.9b8c8e57f19efp+17, -0x1.3ef3e62ebabe1p-3},
    {0x1.76065ac5acd50p+18, 0x1.1fc7f5f3fd2b4p-3},  {0x1.0441350092f00p+21, -0x1.c1a5ae71c0873p-5}};
#else
/* degree 12, relative errors 2^[-40.8, -53.0] */
static const double lgamma_c[][2] = {
    {0x1.d15f0ee08f2d3p-2, 0x1.5555555555556p-4},  {0x1.449fe7a20d719p+0, 0x1.aaaaaaaaaa863p-5},
    {0x1.cd9ec36c3879cp-1, 0x1.e7d27d280f3c0p-6},  {0x1.c7b83ae8117c9p+1, 0x1.efffffd805590p-7},
    {0x1.2be635c5ff5a8p+2, 0x1.caadf8a41cc18p-8},  {0x1.1ce1ddcac2886p+4, 0x1.ddd894ba8c579p-9},
    {0x1.b43d7b6c4e80cp+4, 0x1.5d676cbac1d43p-9},  {0x1.a25283cc5633ep+6, 0x1.be23222a2fbd5p-10},
    {0x1.505c032de9172p+7, 0x1.0594104dd1741p-12}, {0x1.47ed98e42159ap+9, -0x1.3e120ba3320eep-10},
    {0x1.08220ad6626e6p+10, 0x1.25b2cbe04336dp-8}, {0x1.4da50f5b80abap+12, -0x1.1539f8cdd9c91p-8},
    {0x1.06cbe8ec58a8fp+13, 0x1.fd66a069afab4p-10}};
#endif

/* (log(2 pi) - 1) / 2 */
#define LGAMMA_CONSTANT 0x1.acfe390c97d69p-2

/* lgamma(2 + z) / (z (1 + z)) for |z| <= 1/2. */
NLL_INLINE vd d_lgamma_factor(vd z) {
    vd at = d_sub(d_div(d_set(1.0), d_add(z, d_set(3.5))), d_set(LGAMMA_MIDDLE));
    vd q = d_set(lgamma_c[POLY_DEGREE(lgamma_c)][0]);
    NLL_UNROLL
    for (int k = POLY_DEGREE(lgamma_c) - 1; k >= 0; k--) q = d_fma(q, at, d_set(lgamma_c[k][0]));
    return q;
}

/* +inf at 0 and infinity, NaN below 0. */
NLL_INLINE vd d_lgamma_pos(vd x) {
    vd one = d_set(1.0), zero = d_set(0.0), half = d_set(0.5), r;
    md below = d_lt(x, d_set(1.0)), near = d_lt(x, d_set(3.0));
    /* head + rest = log x; subnormals up by 2^52 */
    md tiny = d_lt(x, d_set(0x1p-1022));
    vd n = d_log_split(d_sel(tiny, d_mul(x, d_set(0x1p52)), x), &r);
    d_log_sum l = d_log_terms(d_sel(tiny, d_sub(n, d_set(52.0)), n), r, zero);

    /* near: 1 / (y + 3/2) with its rounding errors put right, which the polynomial would enlarge */
    vd y = d_sel(below, d_add(x, one), x), shift = d_sel(near, d_set(1.5), d_set(0.625));
    vd d = d_add(y, shift), w = d_div(one, d);
    vd d_lost = d_add(d_sub(d_sel(below, d_set(2.5), shift), d), x);
    vd w_lost = d_mul(w, d_nfma(w, d_lost, d_nfma(w, d, one)));
    vd at = d_sel(near, d_add(d_sub(w, d_set(LGAMMA_MIDDLE)), w_lost), w), q = zero;
    NLL_UNROLL
    for (int k = POLY_DEGREE(lgamma_c); k > 0; k--)
        q = d_fma(q, at, d_sel(near, d_set(lgamma_c[k][0]), d_set(lgamma_c[k][1])));
    q = d_mul(q, at); /* p less its first coefficient */

    /* (x - 1) (x - 2) p, or x (x - 1) p - log x */
    vd left = d_sub(x, one), right = d_sel(below, x, d_sub(x, d_set(2.0)));
    vd t = d_mul(left, right), t_lost = d_fma(left, right, d_neg(t)), c0 = d_set(lgamma_c[0][0]);
    vd tail = d_fma(t, q, d_mul(t_lost, d_add(c0, q)));
    vd small = d_sub(d_fma(t, c0, tail), l.rest);
    vd inner = d_sel(below, d_sub(small, l.head), d_fma(t, c0, tail));

    vd a = d_sub(l.head, one), h = d_add(a, l.rest), h_lost = d_add(d_sub(a, h), l.rest);
    vd m = d_sub(x, half), f = d_mul(m, h), f_lost = d_fma(m, h, d_neg(f));
    vd c = d_fma(w, d_add(d_set(lgamma_c[0][1]), q), d_set(LGAMMA_CONSTANT)), s = d_add(f, c),
       v = d_sub(s, f);
    vd s_lost = d_add(d_sub(f, d_sub(s, v)), d_sub(c, v));
    vd outer = d_add(s, d_add(d_fma(m, h_lost, f_lost), s_lost));
    outer =
        d_sel(d_lt(d_set(2.55e305), x), d_mul(x, h), outer); /* the exact parts overflow first */

    vd z = d_sel(near, inner, outer);
    z = d_sel(d_mask_or(d_eq(x, zero), d_eq(x, d_set(INFINITY))), d_set(INFINITY), z);
    return d_sel(d_le(zero, x), z, d_set(NAN));
}

#endif
