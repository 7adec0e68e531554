/* exp.h: e^x, whole and with its exponent apart.
 *
 * x = n ln 2 + t with integer n and |t| <= ln2 / 2; e^x = 2^n p(t), p(t) = 1 + t + t^2 q(t) in
 * [0.707, 1.415].  n comes from adding 3 * 2^(mantissa bits - 1), which rounds to an integer and
 * leaves it in the low bits of the sum.  ln 2 is split in a head whose product with n is exact and
 * a tail.  Coefficients: docs/coefficients.
 *
 * Largest error of f_exp 0.87 ULP over all floats (tested exhaustively), of d_exp below 1 ULP. */
#ifndef NLL_MATH_EXP_H
#define NLL_MATH_EXP_H

#include "vec/vec.h"

#define F_LOG2E 0x1.715476p+0f
#define F_LN2_HI 0x1.62e4p-1f
#define F_LN2_LO 0x1.7f7d1cp-20f
#define F_MAGIC 0x1.8p23f
#define D_LOG2E 0x1.71547652b82fep+0
#define D_LN2_HI 0x1.62e42fefap-1
#define D_LN2_LO 0x1.cf79abc9e3b3ap-40
#define D_LN2 0x1.62e42fefa39efp-1
#define D_MAGIC 0x1.8p52

/* t of x for the integer n. */
NLL_INLINE vf f_exp_reduce(vf x, vf n) {
    return f_nfma(n, f_set(F_LN2_LO), f_nfma(n, f_set(F_LN2_HI), x));
}
NLL_INLINE vd d_exp_reduce(vd x, vd n) {
    return d_nfma(n, d_set(D_LN2_LO), d_nfma(n, d_set(D_LN2_HI), x));
}

/* t[k] becomes e^t[k] for k < n, |t| <= ln2 / 2: n chains side by side. */
NLL_INLINE void f_exp_polys(vf *t, unsigned n) {
    static const float c[] = {0x1.1276a2p-7f, 0x1.555acp-5f, 0x1.555426p-3f, 0x1.fffff4p-2f, 1, 1};
    vf p[NLL_CHAINS];
    NLL_UNROLL for (unsigned k = 0; k < n; k++) p[k] = f_set(0x1.6a8e6ep-10f);
    NLL_UNROLL for (unsigned i = 0; i < sizeof c / sizeof c[0]; i++)
        NLL_UNROLL for (unsigned k = 0; k < n; k++) p[k] = f_fma(p[k], t[k], f_set(c[i]));
    NLL_UNROLL for (unsigned k = 0; k < n; k++) t[k] = p[k];
}
NLL_INLINE vf f_exp_poly(vf t) {
    f_exp_polys(&t, 1);
    return t;
}
/* q of e^t = 1 + t + t^2 q(t). */
NLL_INLINE vd d_exp_poly_q_whole(vd t) {
    vd t2 = d_mul(t, t), t4 = d_mul(t2, t2);
    vd a = d_fma(d_set(0x1.55555555554fep-3), t, d_set(0x1.000000000000ap-1));
    vd b = d_fma(d_set(0x1.1111111126b32p-7), t, d_set(0x1.55555555506b7p-5));
    vd c = d_fma(d_set(0x1.a01a012ff2fb6p-13), t, d_set(0x1.6c16c18478c0ep-10));
    vd d = d_fma(d_set(0x1.71df18dcb71afp-19), t, d_set(0x1.a019995924e76p-16));
    vd e = d_fma(d_set(0x1.ad9316a42d5afp-26), t, d_set(0x1.28ae030132fe6p-22));
    vd hi = d_fma(e, t4, d_fma(d, t2, c));
    return d_fma(hi, t4, d_fma(b, t2, a));
}
/* For float results to 2^-34, which is 2^-36 of e^t - 1. */
NLL_INLINE vd d_exp_poly_q(vd t) {
#if defined(NLL_T_F64)
    return d_exp_poly_q_whole(t);
#else
    vd t2 = d_mul(t, t), t4 = d_mul(t2, t2);
    vd a = d_fma(d_set(0x1.555555675410cp-3), t, d_set(0x1.fffffffffe060p-2));
    vd b = d_fma(d_set(0x1.1110c630c46cbp-7), t, d_set(0x1.55555565c86adp-5));
    vd c = d_fma(d_set(0x1.a1517cf4d7bd5p-13), t, d_set(0x1.6c166bdd17b1ap-10));
    vd hi = d_fma(d_set(0x1.a136c1170ce67p-16), t2, c);
    return d_fma(hi, t4, d_fma(b, t2, a));
#endif
}
NLL_INLINE vd d_exp_poly_with(vd t, vd q) { return d_fma(d_fma(q, t, d_set(1.0)), t, d_set(1.0)); }
NLL_INLINE vd d_exp_poly(vd t) { return d_exp_poly_with(t, d_exp_poly_q(t)); }
/* As d_exp_poly is for double results, wherever it is compiled. */
NLL_INLINE vd d_exp_poly_whole(vd t) { return d_exp_poly_with(t, d_exp_poly_q_whole(t)); }

NLL_INLINE void d_exp_polys(vd *t, unsigned n) {
    NLL_UNROLL for (unsigned k = 0; k < n; k++) t[k] = d_exp_poly(t[k]);
}

/* e^x; overflow to infinity, gradual underflow with one rounding, NaN kept. */
NLL_INLINE vf f_exp(vf x) {
    x = f_min(f_set(89.0f), f_max(f_set(-104.0f), x)); /* constant first: NaN passes */
    vf n = f_sub(f_fma(x, f_set(F_LOG2E), f_set(F_MAGIC)), f_set(F_MAGIC));
    return f_scalb(f_exp_poly(f_exp_reduce(x, n)), n);
}
NLL_INLINE vd d_exp(vd x) {
    x = d_min(d_set(710.0), d_max(d_set(-746.0), x));
    vd n = d_sub(d_fma(x, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    return d_scalb(d_exp_poly(d_exp_reduce(x, n)), n);
}

/* 2^k for integer k in the normal range: the biased exponent lies in the low bits of the sum. */
NLL_INLINE vf f_pow2(vf k) { return f_of_bits(i_shl(f_bits(f_add(k, f_set(F_MAGIC + 127))), 23)); }
NLL_INLINE vd d_pow2(vd k) { return d_of_bits(l_shl(d_bits(d_add(k, d_set(D_MAGIC + 1023))), 52)); }

/* y * e^x without overflow or underflow but that of the result, so that 0 * e^x is 0 for every x.
 * 2^n goes in as three factors in the normal range: first as much of it as neither overflows before
 * the result does (p may be below 1) nor leaves a subnormal y one, then p(t), then the rest. */
NLL_INLINE vf f_mul_exp(vf y, vf x) {
    x = f_min(f_set(174.6f), f_max(f_set(-174.6f), x));
    vf n = f_sub(f_fma(x, f_set(F_LOG2E), f_set(F_MAGIC)), f_set(F_MAGIC));
    vf p = f_exp_poly(f_exp_reduce(x, n));
    vf first = f_sub(n, f_sel(f_lt(f_set(0), n), f_set(1), f_set(0)));
    first = f_max(f_min(first, f_set(126)), f_set(-126));
    vf rest = f_sub(n, first), mid = f_max(f_min(rest, f_set(127)), f_set(-126));
    vf last = f_sub(rest, mid);
    return f_mul(f_mul(f_mul(f_mul(y, f_pow2(first)), p), f_pow2(mid)), f_pow2(last));
}
NLL_INLINE vd d_mul_exp(vd y, vd x) {
    x = d_min(d_set(1416.0), d_max(d_set(-1416.0), x));
    vd n = d_sub(d_fma(x, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd p = d_exp_poly(d_exp_reduce(x, n));
    vd first = d_sub(n, d_sel(d_lt(d_set(0), n), d_set(1), d_set(0)));
    first = d_max(d_min(first, d_set(1022)), d_set(-1022));
    vd rest = d_sub(n, first), mid = d_max(d_min(rest, d_set(1023)), d_set(-1022));
    vd last = d_sub(rest, mid);
    return d_mul(d_mul(d_mul(d_mul(y, d_pow2(first)), p), d_pow2(mid)), d_pow2(last));
}
#define v_exp(x) V_PICK(exp, x)(x)
#define v_mul_exp(y, x) V_PICK(mul_exp, y)(y, x)

#endif
