/* beta.h: log B(a, b), and the likelihood core of everything made of a beta function:
 *
 *   core = -log[ p^a q^b / (B(a, b) f) ],  p + q = 1, with its derivatives in a and b for fixed p,
 * q.
 *
 *   beta density at y             p = y, q = 1 - y, f = y (1 - y)
 *   negative binomial, k > 0      a = size r, b = k, p = r / (r + m), q = m / (r + m), f = k
 *   binomial, 0 < k < n           a = k, b = n - k, f = k (n - k) / n
 *
 * No lgammas are subtracted.  With s = a + b, delta of stirling.h, D the deviance of log1pmx.h,
 *   core = log(2 pi) / 2 + delta(a) + delta(b) - delta(s) + D(a, s p) + D(b, s q)
 *          + log(f^2 s / (a b)) / 2,
 * where the two deviances are not negative and vanish together at p = a / s, and both come from the
 * one difference e = s p - a = b - s q.  The caller makes e, from its exact inputs: near the zero
 * of the deviances, which are of order e^2, a rounded s or p would be all that is left of it.  p
 * and q must each be accurate relative to itself.
 *
 * Arguments below 1 are lifted by one (a' = a + 1 and so on): B(a, b) = B(a', b') times
 * c = s / a or s / b, or s (s + 1) / (a b) where both are; c and f go into the one logarithm of
 * the last line. */
#ifndef NLL_MATH_BETA_H
#define NLL_MATH_BETA_H

#include "math/gamma_diff.h"

/* log of x^2 y, and of x^2 y z, without overflow or underflow in between, for normal numbers: twice
 * the log of x and those of the others in one. */
NLL_INLINE vd d_log_product(vd x, vd y) {
#if defined(NLL_T_F64)
    vd one = d_set(1.0), rx, ry, r;
    vd nx = d_log_split(x, &rx), ny = d_log_split(y, &ry);
    vd mx = d_add(rx, one);
    vd n = d_log_split(d_mul(d_mul(mx, mx), d_add(ry, one)), &r);
    return d_log_core(d_add(n, d_add(d_add(nx, nx), ny)), r, d_set(0.0));
#else /* what is made of floats stays within 2^-728 and 2^557 */
    vd r, n = d_log_split(d_mul(d_mul(x, x), y), &r);
    return d_log_core(n, r, d_set(0.0));
#endif
}
NLL_INLINE vd d_log_product3(vd x, vd y, vd z) {
#if defined(NLL_T_F64)
    vd one = d_set(1.0), rx, ry, rz, r;
    vd nx = d_log_split(x, &rx), ny = d_log_split(y, &ry), nz = d_log_split(z, &rz);
    vd mx = d_add(rx, one), yz = d_mul(d_add(ry, one), d_add(rz, one));
    vd n = d_log_split(d_mul(d_mul(mx, mx), yz), &r);
    return d_log_core(d_add(n, d_add(d_add(nx, nx), d_add(ny, nz))), r, d_set(0.0));
#else
    vd r, n = d_log_split(d_mul(d_mul(d_mul(x, x), y), z), &r);
    return d_log_core(n, r, d_set(0.0));
#endif
}

/* 1 / x and 1 / (x + 5/8) from one division, for x >= 1. */
NLL_INLINE vd d_inverses(vd x, vd *w) {
    vd shifted = d_add(x, d_set(0.625));
#if defined(NLL_T_F64)
    vd down = d_sel(d_lt(d_set(0x1p500), x), d_set(0x1p-600), d_set(1.0)); /* squares overflow */
    x = d_mul(d_min(d_set(0x1p1023), x), down); /* a sum may have overflowed */
    shifted = d_mul(d_min(d_set(0x1p1023), shifted), down);
    vd q = d_div(d_set(1.0), d_mul(x, shifted));
    *w = d_mul(d_mul(q, x), down);
    return d_mul(d_mul(q, shifted), down);
#else
    vd q = d_div(d_set(1.0), d_mul(x, shifted));
    *w = d_mul(q, x);
    return d_mul(q, shifted);
#endif
}

/* a, b, s = a + b; the same lifted, upper case; what lifting does to psi and psi1. */
typedef struct d_beta_args {
    md low_a, low_b, both, any;
    vd A, B, S, ai, bi; /* ai = 1 / a, bi = 1 / b */
    vd s, factor;       /* c of the head of this file */
    vd Ai, Bi, Si, Aw, Bw, Sw;
    vd step_a, step_b; /* A / S and B / S, or 1 */
} d_beta_args;
/* Which of a and b may be below 1, a constant in every call: what is not lifted costs nothing.
 * WHOLE_B: b is a whole number. */
enum { LOW_NONE = 0, LOW_A = 1, LOW_B = 2, LOW_BOTH = 3, WHOLE_B = 4 };
NLL_INLINE vd d_sel_if(int may, md m, vd x, vd y) { return may ? d_sel(m, x, y) : y; }

NLL_INLINE d_beta_args d_beta_lift(vd a, vd b, int low) {
    vd one = d_set(1.0), zero = d_set(0.0);
    d_beta_args x;
    x.low_a = d_lt(a, one);
    x.low_b = d_lt(b, one);
    x.both = d_mask_and(x.low_a, x.low_b);
    x.any = d_mask_or(x.low_a, x.low_b);
    x.A = d_sel_if(low & LOW_A, x.low_a, d_add(a, one), a);
    x.B = d_sel_if(low & LOW_B, x.low_b, d_add(b, one), b);
    x.S = d_add(x.A, x.B);
    x.s = d_add(a, b);
    x.ai = d_div(one, a);
    x.bi = d_div(one, b);
    vd inverse = d_sel_if(low & LOW_A, x.low_a, x.ai, zero);
    if (low & LOW_B) inverse = d_add(inverse, d_sel(x.low_b, x.bi, zero));
    /* s / a, s / b, or (s + 1) (1 / a + 1 / b) */
    x.factor = d_mul(d_sel_if(low == LOW_BOTH, x.both, d_add(x.s, one), x.s), inverse);
    if (low != LOW_BOTH) x.any = low == LOW_A ? x.low_a : x.low_b;
    x.factor = d_sel_if(low, x.any, x.factor, one);
    x.Ai = d_inverses(x.A, &x.Aw);
    x.Bi = d_inverses(x.B, &x.Bw);
    x.Si = d_inverses(x.S, &x.Sw);
    x.step_a = d_sel_if(low & LOW_A, x.low_a, d_mul(x.A, x.Si), one);
    x.step_b = d_sel_if(low & LOW_B, x.low_b, d_mul(x.B, x.Si), one);
    return x;
}

/* t = d / x with the error of the reciprocal xi put right, which floats do not need. */
NLL_INLINE vd d_quotient(vd d, vd x, vd xi) {
    vd t = d_mul(d, xi);
#if defined(NLL_T_F64)
    t = d_fma(d_nfma(t, x, d), xi, t);
#endif
    (void)x;
    return t;
}

/* (a + b) p - a = b - (a + b) q, by the smaller of p and q = 1 - p, which is exact where p is, and
 * with what rounding took from a + b. */
NLL_INLINE vd d_beta_gap(vd a, vd b, vd p, vd q) {
    vd s = d_add(a, b), left = d_fma(s, p, d_neg(a)), right = d_nfma(s, q, b);
#if defined(NLL_T_F64)
    vd lost = d_sum_lost(a, b, s);
    left = d_fma(lost, p, left);
    right = d_nfma(lost, q, right);
#endif
    return d_sel(d_le(p, q), left, right);
}

/* Of a lifted a the step's log(s' p / a') goes into the last logarithm, where p of the lift meets
 * it: D(a', s' p) + log p = e' - a log(s' p / a') + log(a' / s').  So no power of p is left in
 * there. */
typedef struct d_beta_parts {
    d_log_pair log_a; /* of s' p / a' */
    vd value;
    vd tame, step, ratio; /* value = tame + log((f step)^2 ratio) / 2 */
    vd slope_a, slope_b;  /* psi(a) - psi(s) - log p, psi(b) - psi(s) - log q */
    vd curve_a, curve_b;  /* psi1(a) - psi1(s), psi1(b) - psi1(s) */
    /* where p = a / (a + m), for b >= 1 and without cancellation: d core / da = slope_a + (s p - a)
     * / a and curve_a + b / (a s) */
    vd follow_a, follow_curve_a;
} d_beta_parts;

/* Where the caller wants another logarithm, and nothing else, log_a is that of u; t = u - 1 is
 * known better than from u. */
typedef struct d_beta_edge {
    md in;
    vd t, u;
} d_beta_edge;

/* The core at a, b > 0, p, q > 0 and e = (a + b) p - a; f > 0.  Errors: of the value at most 16 u
 * of the larger of the value, 1 and the last logarithm, the one term that may be below 0; of the
 * slopes relative to themselves and 1 / p, 1 / q; of the curves relative to themselves. */
NLL_INLINE d_beta_parts d_beta_core_of(vd a, vd b, vd p, vd q, vd e, vd f, int want, int low,
                                       const d_beta_edge *edge) {
    vd one = d_set(1.0), zero = d_set(0.0), half = d_set(0.5), most = d_set(0x1p1000);
    const int whole_b = low & WHOLE_B;
    low &= LOW_BOTH;
    d_beta_args x = d_beta_lift(a, b, low);
    d_stirling_parts da = d_stirling_tail_w(x.Aw, want), db = d_stirling_tail_w(x.Bw, want),
                     ds = d_stirling_tail_w(x.Sw, want);
#if !defined(NLL_T_F64)
    if (whole_b) db.value = d_stirling_whole(x.B, x.Bi);
#endif
    (void)whole_b;
    /* S p - A: a lifted a takes q off, a lifted b adds p */
    vd E = low & LOW_A ? d_sub(e, d_sel(x.low_a, q, zero)) : e;
    if (low & LOW_B) E = d_add(E, d_sel(x.low_b, p, zero));
    vd ta = d_quotient(E, x.A, x.Ai), tb = d_neg(d_quotient(E, x.B, x.Bi));
    vd top = d_min(most, ta), ua = d_mul(d_mul(x.S, p), x.Ai);
    if (edge) {
        top = d_sel(edge->in, edge->t, top);
        ua = d_sel(edge->in, edge->u, ua);
    }
    d_log_pair la = d_log_ratio(top, ua);
    d_log_pair lb = d_log_ratio(d_min(most, tb), d_mul(d_mul(x.S, q), x.Bi));
    vd bd_a = d_sel_if(low & LOW_A, x.low_a, d_nfma(a, la.log, E), d_neg(d_mul(x.A, la.rest)));
    vd bd_b =
        d_sel_if(low & LOW_B, x.low_b, d_neg(d_fma(b, lb.log, E)), d_neg(d_mul(x.B, lb.rest)));
    vd ratio = d_add(x.Ai, x.Bi), step = x.step_a; /* S / (A B) */
    if (low & LOW_B) step = low == LOW_BOTH ? d_mul(step, x.step_b) : x.step_b;
    if (low) step = d_mul(x.factor, step);
    d_beta_parts r = {la, zero, zero, step, ratio, zero, zero, zero, zero, zero, zero};
    vd small = d_add(d_sub(da.value, ds.value), d_add(db.value, d_set(D_HALF_LOG_2PI)));
    r.tame = d_add(d_add(bd_a, bd_b), small);
    vd last = d_log_product(low ? d_mul(step, f) : f, ratio);
    r.value = d_add(d_add(bd_a, bd_b), d_fma(half, last, small));
    if (want < WANT_SLOPE) return r;

    /* 1 / s and 1 / (s + 1) where psi(s) was lifted once, twice */
    vd next = d_add(x.s, one);
    vd once = d_div(one, d_sel_if(low == LOW_BOTH, x.both, d_mul(x.s, next), x.s));
    vd si = low == LOW_BOTH ? d_mul(once, d_sel(x.both, next, one)) : once;
    si = d_sel_if(low, x.any, si, zero);
    vd ni = d_sel_if(low == LOW_BOTH, x.both, d_mul(once, x.s), zero);
    /* 1 / a - 1 / s where a was lifted, -1 / s where b alone was */
    vd lift_a = d_sel_if(low & LOW_A, x.low_a, d_mul(d_mul(b, x.ai), si), d_neg(si));
    vd lift_b = d_sel_if(low & LOW_B, x.low_b, d_mul(d_mul(a, x.bi), si), d_neg(si));
    /* half of 1 / A - 1 / S and 1 / B - 1 / S */
    vd half_s = d_mul(half, x.Si);
    vd as = d_mul(d_mul(x.B, x.Ai), half_s), bs = d_mul(d_mul(x.A, x.Bi), half_s);
    vd rest_a = d_sub(d_sub(ni, lift_a), d_add(as, d_sub(da.slope, ds.slope)));
    vd rest_b = d_sub(d_sub(ni, lift_b), d_add(bs, d_sub(db.slope, ds.slope)));
    r.slope_a = d_sub(rest_a, la.log);
    r.slope_b = d_sub(rest_b, lb.log);
    r.follow_a = d_sel_if(low & LOW_A, x.low_a, d_fma(e, x.ai, r.slope_a), d_sub(rest_a, la.rest));
#if defined(NLL_T_F64)
    /* a lifted b hides how little it changes psi(a): not so the plain difference */
    d_gamma_step step_ab = d_gamma_difference(a, b, want), step_ba = d_gamma_difference(b, a, want);
    vd log_p = d_log_ratio(d_neg(q), p).log, log_q = d_log_ratio(d_neg(p), q).log;
    r.slope_a = d_sel_if(low & LOW_B, x.low_b, d_neg(d_add(step_ab.slope, log_p)), r.slope_a);
    r.slope_b = d_sel_if(low & LOW_A, x.low_a, d_neg(d_add(step_ba.slope, log_q)), r.slope_b);
#else
    d_gamma_step step_ab, step_ba;
    if (want >= WANT_CURVE) {
        step_ab = d_gamma_difference(a, b, want);
        step_ba = d_gamma_difference(b, a, want);
    }
#endif
    if (want < WANT_CURVE) return r;
    r.curve_a = d_neg(step_ab.curve);
    r.curve_b = d_neg(step_ba.curve);
    r.follow_curve_a = d_neg(step_ab.curve_rest);
    return r;
}

NLL_INLINE d_beta_parts d_beta_core(vd a, vd b, vd p, vd q, vd e, vd f, int want) {
    return d_beta_core_of(a, b, p, q, e, f, want, LOW_BOTH, NULL);
}

/* log B(a, b); +inf at 0, NaN below. */
NLL_INLINE vd d_lbeta(vd a, vd b) {
    vd zero = d_set(0.0), most = d_set(0x1p1000);
    d_beta_args x = d_beta_lift(a, b, LOW_BOTH);
    vd da = d_stirling_tail_w(x.Aw, WANT_VALUE).value,
       db = d_stirling_tail_w(x.Bw, WANT_VALUE).value,
       ds = d_stirling_tail_w(x.Sw, WANT_VALUE).value;
    vd la = d_log1p_pair(d_min(most, d_mul(x.B, x.Ai))).log; /* log(S / A) */
    vd lb = d_log1p_pair(d_min(most, d_mul(x.A, x.Bi))).log;
    vd ratio = d_add(x.Ai, x.Bi); /* S / (A B) */
    vd last = d_mul(d_set(0.5), d_log_product(d_mul(x.factor, d_mul(x.step_a, x.step_b)), ratio));
    vd y = d_add(d_add(d_sub(da, ds), d_add(db, d_set(D_HALF_LOG_2PI))), last);
    y = d_nfma(d_sel(x.low_a, a, x.A), la, d_nfma(d_sel(x.low_b, b, x.B), lb, y));
    y = d_sel(d_mask_or(d_eq(a, zero), d_eq(b, zero)), d_set(INFINITY), y);
    return d_sel(d_mask_and(d_le(zero, a), d_le(zero, b)), y, d_set(NAN));
}

#endif
