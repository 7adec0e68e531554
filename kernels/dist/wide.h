/* dist/wide.h: what the distributions in double lanes share.
 *
 * Floats leave 29 bits to spare and most of the exponent range: what follows puts rounding errors
 * and extreme scales right for double inputs only, where NLL_T_F64 is defined. */
#ifndef NLL_DIST_WIDE_H
#define NLL_DIST_WIDE_H

#include "math/log.h"
#include "shape/map.h"

#define D_LOG_PI 0x1.250d048e7a1bdp+0
#define D_HALF_LOG_HALF_PI 0x1.ce6bb25aa1316p-3

/* ---- domains: none of them takes a NaN */
NLL_INLINE md d_is_finite(vd x) { return d_lt(d_abs(x), d_set(INFINITY)); }
NLL_INLINE md d_is_positive(vd x) {
    return d_mask_and(d_lt(d_set(0), x), d_lt(x, d_set(INFINITY)));
}
NLL_INLINE md d_is_nonnegative(vd x) {
    return d_mask_and(d_le(d_set(0), x), d_lt(x, d_set(INFINITY)));
}
NLL_INLINE md d_is_unit(vd x) { return d_mask_and(d_le(d_set(0), x), d_le(x, d_set(1))); }
NLL_INLINE md d_is_count(vd x) { return d_mask_and(d_is_nonnegative(x), d_eq(d_rint(x), x)); }
NLL_INLINE md d_is_number(vd x) { return d_eq(x, x); }

/* NaN where a parameter is outside its domain; where y is outside the support +inf (NaN for NaN)
 * and derivatives of NaN. */
NLL_INLINE wide_value wide_edges(wide_value r, vd y, md valid, md inside) {
    r.loss = d_sel(inside, r.loss, d_set(INFINITY));
    r.defined = d_mask_and(valid, d_is_number(y));
    r.smooth = d_mask_and(valid, inside);
    return r;
}

/* 0 where a is, whatever b: for a b with b infinite where a vanishes. */
NLL_INLINE vd d_mul_zero(vd a, vd b) { return d_sel(d_eq(a, d_set(0)), d_set(0), d_mul(a, b)); }

/* ---- 1 / s and d / s for s > 0 by one division: s goes up or down by a power of two first, so
 * that its inverse is normal. */
typedef struct d_scale {
    vd up, scaled, inv; /* scaled = s up, inv = 1 / scaled */
} d_scale;
NLL_INLINE d_scale d_scale_of(vd s) {
    d_scale r = {.up = d_set(1)};
#if defined(NLL_T_F64)
    r.up = d_sel(d_lt(s, d_set(0x1p-900)), d_set(0x1p200),
                 d_sel(d_lt(d_set(0x1p900), s), d_set(0x1p-200), d_set(1)));
#endif
    r.scaled = d_mul(s, r.up);
    r.inv = d_div(d_set(1), r.scaled);
    return r;
}
NLL_INLINE vd d_over(vd d, d_scale s) {
#if defined(NLL_T_F64)
    d = d_mul(d, s.up);
#endif
    return d_mul(d, s.inv);
}
NLL_INLINE vd d_inverse(d_scale s) { return d_mul(s.inv, s.up); }

/* z = (y - mu) / s and what rounding took from it: an exponential of z needs both. */
typedef struct d_standard {
    vd z, lost;
    d_scale over; /* of s */
} d_standard;
NLL_INLINE d_standard d_standard_of(vd y, vd mu, vd s) {
    d_scale r = d_scale_of(s);
    vd d = d_sub(y, mu), b = d_sub(d, y), up = d_mul(d, r.up), z = d_mul(up, r.inv);
#if defined(NLL_T_F64)
    vd err = d_sub(d_sub(y, d_sub(d, b)), d_add(mu, b));
    vd lost = d_mul(d_fma(err, r.up, d_nfma(z, r.scaled, up)), r.inv);
    lost = d_sel(d_lt(d_abs(lost), d_set(1)), lost, d_set(0)); /* z infinite: NaN */
#else
    vd lost = d_set(0);
    (void)b;
#endif
    return (d_standard){z, lost, r};
}

/* ---- e^(x + lost) and the same less 1, both accurate: from one reduction */
typedef struct d_exps {
    vd e, em1;
} d_exps;
NLL_INLINE d_exps d_exp_both(vd x, vd lost) {
    x = d_min(d_set(710.0), d_max(d_set(-746.0), x));
    vd n = d_sub(d_fma(x, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd t = d_exp_reduce(x, n), one = d_set(1);
#if defined(NLL_T_F64)
    t = d_add(t, lost);
#endif
    (void)lost;
    vd rest = d_fma(d_mul(t, t), d_exp_poly_q(t), t);
    vd e = d_scalb(d_add(one, rest), n);
    return (d_exps){e, d_sel(d_eq(n, d_set(0)), rest, d_sub(e, one))};
}
/* e^(a b), the product's rounding error put right; 0 b is 0. */
NLL_INLINE d_exps d_exp_product(vd a, vd b) {
    vd p = d_mul_zero(a, b), lost = d_fma(a, b, d_neg(p));
    lost = d_sel(d_lt(d_abs(lost), d_set(1)), lost, d_set(0));
    return d_exp_both(p, lost);
}

/* log(2^k x y) for x, y > 0: one logarithm, and no overflow in between. */
NLL_INLINE vd d_log_mul(vd x, vd y, vd k) {
    vd r, n = k;
#if defined(NLL_T_F64)
    vd rx, ry, one = d_set(1);
    n = d_add(d_add(d_log_split_any(x, &rx), d_log_split_any(y, &ry)), n);
    x = d_add(rx, one);
    y = d_add(ry, one);
#endif
    n = d_add(n, d_log_split(d_mul(x, y), &r));
    return d_log_core(n, r, d_set(0));
}
/* log(y / x) for x, y > 0 as a sum: accurate relative to itself near y = x too, and the rest is
 * what a large multiple of it must not lose. */
NLL_INLINE d_log_sum d_log_over(vd y, vd x) {
    vd rx, ry, r, one = d_set(1);
    vd n = d_sub(d_log_split_any(y, &ry), d_log_split_any(x, &rx));
    vd my = d_add(ry, one), mx = d_add(rx, one), q = d_div(my, mx);
    vd lost = d_div(d_nfma(q, mx, my), my); /* of q, relative: a shape of 1e15 needs its digits */
    n = d_add(n, d_log_split(q, &r));
    return d_log_terms(n, r, lost);
}
/* The same where 1 / x and 1 / y are known. */
NLL_INLINE d_log_sum d_log_over_by(vd y, vd x, vd yi, vd xi) {
#if defined(NLL_T_F64)
    (void)yi;
    (void)xi;
    return d_log_over(y, x);
#else
    vd q = d_mul(y, xi), r, n = d_log_split(q, &r);
    d_log_sum l = d_log_terms(n, r, d_set(0));
    l.rest = d_fma(d_nfma(q, x, y), yi, l.rest); /* 0 at y = x */
    return l;
#endif
}

/* d / x where 1 / x is known, which may overflow for doubles. */
NLL_INLINE vd d_over_by(vd d, vd x, vd xi) {
#if defined(NLL_T_F64)
    (void)xi;
    return d_div(d, x);
#else
    (void)x;
    return d_mul(d, xi);
#endif
}

/* 1 / a, 1 / b, 1 / c: by one division where the product stays in range. */
typedef struct d_inverse3 {
    vd a, b, c;
} d_inverse3;
NLL_INLINE d_inverse3 d_inverse3_of(vd a, vd b, vd c) {
    vd one = d_set(1);
#if defined(NLL_T_F64)
    return (d_inverse3){d_div(one, a), d_div(one, b), d_div(one, c)};
#else
    vd bc = d_mul(b, c), all = d_div(one, d_mul(a, bc)), bci = d_mul(all, a);
    return (d_inverse3){d_mul(all, bc), d_mul(bci, c), d_mul(bci, b)};
#endif
}

#endif
