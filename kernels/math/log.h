/* log.h: natural logarithm, log(1 + x), e^x - 1.  Coefficients: docs/coefficients.
 *
 * x = 2^n m with m in [sqrt(1/2), sqrt 2), found by integer steps on the bits; r = m - 1 is exact.
 * f_log   log(1 + r) = r - r^2 / 2 + r^3 q(r), no division; the head n ln2_hi + r is summed with
 *         its rounding error; odd and even terms of q side by side.  Largest error 0.75 ULP over
 *         all floats.
 * d_log   s = r / (2 + r), log(1 + r) = r - (r^2 / 2 - s (r^2 / 2 + R(s^2))), R even minimax.
 *         Largest error below 1 ULP. */
#ifndef NLL_MATH_LOG_H
#define NLL_MATH_LOG_H

#include "math/exp.h"

#define D_HALF_LOG_2PI 0x1.d67f1c864beb5p-1 /* log(2 pi) / 2 */

/* log x for 0 < x < inf, or of 2^by x where `scaled`, x being normal.  What they make of other
 * numbers is for the domain to hide, as with every name in _inside. */
NLL_INLINE vf f_log_scaled(vf x, mf scaled, float by) {
    /* bits of m: subtract those of sqrt(1/2), keep the mantissa part, add them back */
    vi k = i_sub(f_bits(x), i_set(0x3f3504f3));
    vf m = f_of_bits(i_add(i_and(k, i_set(0x007fffff)), i_set(0x3f3504f3)));
    vf n = f_of_int(i_sar(k, 23));
    n = f_sel(scaled, f_add(n, f_set(by)), n);

    vf r = f_sub(m, f_set(1.0f)), r2 = f_mul(r, r);
    vf even = f_fma(f_set(0x1.13c81cp-4f), r2, f_set(0x1.e6def4p-4f));
    vf odd = f_fma(f_set(-0x1.dda44cp-4f), r2, f_set(-0x1.fc3ccp-4f));
    even = f_fma(even, r2, f_set(0x1.233ac2p-3f));
    odd = f_fma(odd, r2, f_set(-0x1.555b92p-3f));
    even = f_fma(even, r2, f_set(0x1.99a47ap-3f));
    odd = f_fma(odd, r2, f_set(-0x1.000008p-2f));
    even = f_fma(even, r2, f_set(0x1.555548p-2f));
    vf q = f_fma(odd, r, even);
    /* result = (hi + r) + (lo - r^2 / 2): the sum hi + r with its error (|hi| > |r| or hi = 0) */
    vf hi = f_mul(n, f_set(F_LN2_HI));
    vf lo = f_fma(f_mul(r2, r), q, f_mul(n, f_set(F_LN2_LO)));
    vf sum = f_add(hi, r);
    vf err = f_add(f_sub(hi, sum), r);
    vf tail = f_fma(f_mul(f_set(-0.5f), r), r, lo); /* r^2 is not rounded by itself */
    return f_add(sum, f_add(err, tail));
}
NLL_INLINE vf f_log_inside(vf x) {
    mf tiny = f_lt(x, f_set(0x1p-126f)); /* subnormals go up */
    return f_log_scaled(f_sel(tiny, f_mul(x, f_set(0x1p23f)), x), tiny, -23);
}
NLL_INLINE vf f_log(vf x) {
    vf y = f_sel(f_eq(x, f_set(0)), f_set(-INFINITY), f_log_inside(x));
    y = f_sel(f_eq(x, f_set(INFINITY)), x, y);
    return f_sel(f_le(f_set(0), x), y, f_set(NAN));
}

/* log(2^n m (1 + c)) for m in [sqrt(1/2), sqrt 2), r = m - 1, and |c| tiny, as a sum: the rounded
 * n ln2_hi + r and the rest, which is log(1 + r) - r to a few ULP where n and c are 0. */
typedef struct d_log_sum {
    vd head, rest;
} d_log_sum;
NLL_INLINE d_log_sum d_log_terms_whole(vd n, vd r, vd c) {
    vd s = d_div(r, d_add(d_set(2.0), r)), z = d_mul(s, s);
    vd w = d_mul(z, z);
    vd a = d_fma(d_set(0x1.39fdf3a20bbf4p-3), w, d_set(0x1.c71c62dc2c5cbp-3));
    vd b = d_fma(d_set(0x1.2b5dc05be0384p-3), w, d_set(0x1.7462b7b8b8a4ep-3));
    a = d_fma(a, w, d_set(0x1.99999999952eap-2));
    b = d_fma(b, w, d_set(0x1.2492492df6566p-2));
    b = d_fma(b, w, d_set(0x1.5555555555558p-1));
    vd rr = d_fma(a, w, d_mul(b, z));
    vd half = d_mul(d_mul(r, r), d_set(0.5));
    /* n ln2_hi + r as a sum and its error; the rest is small */
    vd hi = d_mul(n, d_set(D_LN2_HI));
    vd sum = d_add(hi, r);
    vd err = d_add(d_sub(hi, sum), r);
    vd lo = d_fma(n, d_set(D_LN2_LO), c);
    vd tail = d_sub(d_fma(s, d_add(half, rr), lo), half);
    return (d_log_sum){sum, d_add(err, tail)};
}
/* Float results need less: R to 2^-36, which is 2^-43 of the logarithm and 2^-40 of log(1 + r) - r;
 * n ln 2 in one piece, as the sum is at least 1/3 where n is not 0; and no c, which would be a
 * rounding error. */
NLL_INLINE d_log_sum d_log_terms(vd n, vd r, vd c) {
#if defined(NLL_T_F64)
    return d_log_terms_whole(n, r, c);
#else
    vd s = d_div(r, d_add(d_set(2.0), r)), z = d_mul(s, s), w = d_mul(z, z);
    vd a = d_fma(d_set(0x1.999998ca091d7p-2), z, d_set(0x1.5555555565057p-1));
    vd b = d_fma(d_set(0x1.c67a92f9d5970p-3), z, d_set(0x1.2493248914bd6p-2));
    a = d_fma(d_fma(d_set(0x1.8c90dde926d5dp-3), w, b), w, a);
    vd half = d_mul(d_mul(d_set(-0.5), r), r);
    (void)c;
    return (d_log_sum){d_fma(n, d_set(D_LN2), r), d_fma(s, d_fma(a, z, d_neg(half)), half)};
#endif
}
NLL_INLINE vd d_log_core(vd n, vd r, vd c) {
    d_log_sum y = d_log_terms(n, r, c);
    return d_add(y.head, y.rest);
}

/* u > 0 normal: n and m - 1 of u = 2^n m. */
NLL_INLINE vd d_log_split(vd u, vd *r) {
    vl k = l_sub(d_bits(u), l_set(0x3fe6a09e667f3bcd + INT64_MIN)); /* n + 2048 in the top bits */
    vd m = d_of_bits(l_add(l_and(k, l_set(0x000fffffffffffff)), l_set(0x3fe6a09e667f3bcd)));
    vl e = l_shr(k, 52);
    *r = d_sub(m, d_set(1.0));
    return d_sub(d_of_bits(l_or(e, l_set(0x4330000000000000))), d_set(0x1p52 + 2048.0));
}

/* What rounding took from s = a + b, for a, b >= 0. */
NLL_INLINE vd d_sum_lost(vd a, vd b, vd s) { return d_add(d_sub(d_max(a, b), s), d_min(a, b)); }

/* x > 0 as 2^n (1 + r), |r| < 1/2; subnormals too */
NLL_INLINE vd d_log_split_any(vd x, vd *r) {
#if defined(NLL_T_F64)
    md tiny = d_lt(x, d_set(0x1p-1022));
    vd n = d_log_split(d_sel(tiny, d_mul(x, d_set(0x1p52)), x), r);
    return d_sel(tiny, d_sub(n, d_set(52.0)), n);
#else /* floats widened, and what is made of them, are normal */
    return d_log_split(x, r);
#endif
}

NLL_INLINE vd d_log_inside(vd x) {
    vd r, n = d_log_split_any(x, &r);
    return d_log_core(n, r, d_set(0));
}
NLL_INLINE vd d_log_scaled(vd x, md scaled, double by) {
    vd r, n = d_log_split(x, &r);
    return d_log_core(d_sel(scaled, d_add(n, d_set(by)), n), r, d_set(0));
}
NLL_INLINE vd d_log(vd x) {
    vd y = d_log_inside(x);
    y = d_sel(d_eq(x, d_set(0.0)), d_set(-INFINITY), y);
    y = d_sel(d_eq(x, d_set(INFINITY)), x, y);
    return d_sel(d_le(d_set(0.0), x), y, d_set(NAN));
}

/* log(1 + x + *more): u = 1 + x rounded, c its error relative to u; r = x itself where n = 0.
 * |*more| is below an ULP of x; NULL: 0. */
NLL_INLINE vd d_log1p_of(vd x, const vd *more) {
    vd one = d_set(1.0), u = d_add(one, x), r, n = d_log_split(u, &r);
    md near = d_eq(n, d_set(0.0));
    r = d_sel(near, x, r);
#if defined(NLL_T_F64)
    vd c = d_sum_lost(one, x, u);
    if (more)
        c = d_div(d_add(d_sel(near, d_set(0.0), c), *more), u);
    else
        c = d_sel(near, d_set(0.0), d_div(c, u));
#else
    vd c = d_set(0.0);
    (void)more;
#endif
    vd y = d_log_core(n, r, c);
    y = d_sel(d_lt(d_abs(x), d_set(0x1p-54)), x, y); /* keeps -0 and subnormals */
    y = d_sel(d_eq(x, d_set(-1.0)), d_set(-INFINITY), y);
    y = d_sel(d_eq(x, d_set(INFINITY)), x, y);
    return d_sel(d_le(d_set(-1.0), x), y, d_set(NAN));
}

NLL_INLINE vd d_log1p(vd x) { return d_log1p_of(x, NULL); }

/* The same for 0 <= x <= 2^1010 without edges, as it is for double results, wherever it is
 * compiled. */
NLL_INLINE vd d_log1p_inside(vd x) {
    vd one = d_set(1.0), u = d_add(one, x), r, n = d_log_split(u, &r);
    md near = d_eq(n, d_set(0.0));
    vd lost = d_div(d_sum_lost(one, x, u), u);
    d_log_sum y = d_log_terms_whole(n, d_sel(near, x, r), d_sel(near, d_set(0.0), lost));
    return d_add(y.head, y.rest);
}

/* e^x - 1 = 2^n (t + t^2 q + lost) + (2^n - 1), all halved so that 2^1024 does not overflow.  The
 * two large terms cancel in part for n = 1: their sum keeps its rounding error, and t that of its
 * own. */
NLL_INLINE vd d_expm1(vd x) {
    vd y = d_min(d_set(710.0), d_max(d_set(-40.0), x));
    vd n = d_sub(d_fma(y, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd head = d_nfma(n, d_set(D_LN2_HI), y), c = d_mul(n, d_set(D_LN2_LO));
    vd t = d_sub(head, c), lost = d_sub(d_sub(head, t), c);
    vd small = d_fma(d_mul(t, t), d_exp_poly_q(t), d_fma(lost, t, lost)); /* e^t lost, nearly */
    vd s = d_scalb(d_set(0.5), n);
    vd a = d_sub(s, d_set(0.5)), b = d_mul(t, s), sum = d_add(a, b);
    vd err = d_add(d_sub(a, sum), b);
    vd v = d_mul(d_set(2.0), d_add(sum, d_fma(s, small, err)));
    return d_sel(d_lt(d_abs(x), d_set(0x1p-54)), x, v); /* keeps -0 and subnormals */
}

/* log(1 + z) for 0 <= z <= 1: what a softplus needs.  z - z^2 Q(z). */
NLL_INLINE vf f_log1p01(vf z) {
    vf q = f_set(-0x1.88c46p-9f);
    q = f_fma(q, z, f_set(0x1.2828dap-6f));
    q = f_fma(q, z, f_set(-0x1.a1ed8p-5f));
    q = f_fma(q, z, f_set(0x1.7d99d4p-4f));
    q = f_fma(q, z, f_set(-0x1.0d21acp-3f));
    q = f_fma(q, z, f_set(0x1.4ff538p-3f));
    q = f_fma(q, z, f_set(-0x1.98e11cp-3f));
    q = f_fma(q, z, f_set(0x1.fff39cp-3f));
    q = f_fma(q, z, f_set(-0x1.55553p-2f));
    q = f_fma(q, z, f_set(0.5f));
    return f_nfma(f_mul(z, z), q, z);
}
NLL_INLINE vd d_log1p01(vd z) { return d_log1p(z); }

/* log1p of a float through doubles: at most 0.51 ULP. */
NLL_INLINE vf f_log1p(vf x) { return f_narrow(d_log1p(d_lo(x)), d_log1p(d_hi(x))); }
#define v_log(x) V_PICK(log, x)(x)
#define v_log_inside(x) V_PICK(log_inside, x)(x)
#define v_log_scaled(x, scaled, by) V_PICK(log_scaled, x)(x, scaled, by)
#define v_log1p(x) V_PICK(log1p, x)(x)
#define v_log1p01(x) V_PICK(log1p01, x)(x)

#endif
