/* row/divergence.h: one class of two distributions p and q: what it adds to their divergences.
 *
 * With the gap t = log q - log p, a = |t|, e = exp(-a), top = max(p, q):
 *   KL(p||q)   p log(p / q) - p + q = p (e - 1 + a)   t <= 0
 *                                     q (1 - e - a e) t > 0
 *   JS         (p log(p / m) + q log(q / m)) / 2 = m chi(a),   m = top (1 + e) / 2,
 *              chi = log 2 - log(1 + e) - a e / (1 + e), from 0 to log 2
 * Every term is >= 0: nothing cancels, neither where p is nearly q nor where one of them is 0.
 * The larger side carries the weight, so no term is lost because the other one underflows.  Up to
 * a = 1 the functions of a are polynomials that start with a^2 (coefficients: docs/coefficients).
 *
 * Logits x of p and z of q come with the scale of their rows (struct div_scale):
 *   p = f 2^(n - k) p(t) with exp(x - anchor) = 2^n p(t), the same for q
 *   t = (z - anchor_z) - (x - anchor_x) - shift, the difference and the shift exact (two numbers
 *       each), so that t keeps its relative accuracy where large logits differ little
 * -inf is a class of probability 0; it adds nothing if both sides have it. */
#ifndef NLL_ROW_DIVERGENCE_H
#define NLL_ROW_DIVERGENCE_H

#include "math/log.h"
#include "row/block.h"

/* The per-row numbers of a R_PAIR, in its order. */
enum {
    PAIR_F_P,
    PAIR_K_P,
    PAIR_F_Q,
    PAIR_K_Q,
    PAIR_SHIFT,
    PAIR_SHIFT_LOW,
    PAIR_ANCHOR_P,
    PAIR_ANCHOR_Q,
    PAIR_NUMBERS
};

typedef struct div_scale {
    V f[2], k[2], anchor[2], shift, shift_low;
} div_scale;

/* One vector of classes.  `above`: q is larger.  p and q: for gradients alone. */
typedef struct div_point {
    V top, p, q, t, a;
    M above;
} div_point;

#if defined(NLL_T_F32)
#define DIV_FAR 120.0f /* exp(-DIV_FAR) is 0 */
#define DIV_LN2 0x1.62e43p-1f
#define DIV_REACH 250.0f /* of v_scalb */
/* (e^-a - 1 + a) / a^2 */
NLL_INLINE V div_phi(V a) {
    V y = v_set(-0x1.2105c6p-13f);
    y = v_fma(y, a, v_set(0x1.5b9b96p-10f));
    y = v_fma(y, a, v_set(-0x1.100eap-7f));
    y = v_fma(y, a, v_set(0x1.554738p-5f));
    y = v_fma(y, a, v_set(-0x1.555514p-3f));
    return v_fma(y, a, v_set(0.5f));
}
/* chi / a^2 */
NLL_INLINE V div_chi(V z) {
    V y = v_set(0x1.f98f14p-17f);
    y = v_fma(y, z, v_set(-0x1.7bd9d2p-13f));
    y = v_fma(y, z, v_set(0x1.c6d35ep-10f));
    y = v_fma(y, z, v_set(-0x1.ffff0ep-7f));
    return v_fma(y, z, v_set(0.125f));
}
#else
#define DIV_FAR 800.0
#define DIV_LN2 0x1.62e42fefa39efp-1
#define DIV_REACH 2040.0
NLL_INLINE V div_phi(V a) {
    V y = v_set(-0x1.cdf486091a7p-34);
    y = v_fma(y, a, v_set(0x1.0c574e8aee2c7p-29));
    y = v_fma(y, a, v_set(-0x1.ab046ef80b32p-26));
    y = v_fma(y, a, v_set(0x1.27b27e557b72cp-22));
    y = v_fma(y, a, v_set(-0x1.71da4d9c14d1dp-19));
    y = v_fma(y, a, v_set(0x1.a019cd6192809p-16));
    y = v_fma(y, a, v_set(-0x1.a019ffd66f1d5p-13));
    y = v_fma(y, a, v_set(0x1.6c16c16233564p-10));
    y = v_fma(y, a, v_set(-0x1.11111110f1262p-7));
    y = v_fma(y, a, v_set(0x1.5555555554eep-5));
    y = v_fma(y, a, v_set(-0x1.555555555554ep-3));
    return v_fma(y, a, v_set(0.5));
}
NLL_INLINE V div_chi(V z) {
    V y = v_set(0x1.c57c50d0bb4a3p-37);
    y = v_fma(y, z, v_set(-0x1.b18d965a17339p-33));
    y = v_fma(y, z, v_set(0x1.20c4b0c928ad9p-29));
    y = v_fma(y, z, v_set(-0x1.6572332af1798p-26));
    y = v_fma(y, z, v_set(0x1.b52cc0e6502d3p-23));
    y = v_fma(y, z, v_set(-0x1.0a3a3d62a5b1ep-19));
    y = v_fma(y, z, v_set(0x1.427a8d4680983p-16));
    y = v_fma(y, z, v_set(-0x1.82d82d7fd636p-13));
    y = v_fma(y, z, v_set(0x1.c71c71c716b56p-10));
    y = v_fma(y, z, v_set(-0x1.fffffffffffc3p-7));
    return v_fma(y, z, v_set(0.125));
}
#endif

NLL_INLINE div_scale div_scale_of(const double *pair) {
    return (div_scale){.f = {v_set(pair[PAIR_F_P]), v_set(pair[PAIR_F_Q])},
                       .k = {v_set(pair[PAIR_K_P]), v_set(pair[PAIR_K_Q])},
                       .anchor = {v_set(pair[PAIR_ANCHOR_P]), v_set(pair[PAIR_ANCHOR_Q])},
                       .shift = v_set(pair[PAIR_SHIFT]),
                       .shift_low = v_set(pair[PAIR_SHIFT_LOW])};
}

/* f 2^(n - k) p(t) of exp(y) = 2^n p(t); infinite from about (k + DIV_REACH) ln 2 on. */
NLL_INLINE V div_weight(V y, V f, V k) {
    V lowest = v_mul(v_sub(k, v_set(ROW_ZERO)), v_set(ROW_LN2));
    V highest = v_mul(v_add(k, v_set(DIV_REACH)), v_set(ROW_LN2));
    y = v_min(highest, v_max(lowest, y)); /* NaN passes */
    V n = v_sub(v_fma(y, v_set(ROW_LOG2E), v_set(ROW_MAGIC)), v_set(ROW_MAGIC));
    V p = v_mul(v_exp_poly(v_exp_reduce(y, n)), f);
    return v_scalb(p, v_sub(n, k));
}

NLL_INLINE div_point div_of_logits(const div_scale *s, V x, V z, int sides) {
    V none = v_set(-INFINITY);
    M both = m_and(v_eq(x, none), v_eq(z, none));
    x = v_sub(x, s->anchor[0]);
    z = v_sub(z, s->anchor[1]);
    /* d + lost = z - x exactly */
    V d = v_sub(z, x), b = v_sub(d, z);
    V lost = v_sub(v_sub(z, v_sub(d, b)), v_add(x, b));
    lost = v_sel(v_lt(v_abs(d), v_set(INFINITY)), lost, v_set(0));
    div_point c;
    c.t = v_add(v_sub(d, s->shift), v_sub(lost, s->shift_low));
    c.t = v_sel(both, v_set(0), c.t);
    c.a = v_abs(c.t);
    c.above = v_lt(v_set(0), c.t);
    if (sides) {
        c.p = div_weight(x, s->f[0], s->k[0]);
        c.q = div_weight(z, s->f[1], s->k[1]);
        c.top = v_sel(c.above, c.q, c.p);
    } else {
        c.top = div_weight(v_sel(c.above, z, x), v_sel(c.above, s->f[1], s->f[0]),
                           v_sel(c.above, s->k[1], s->k[0]));
        c.p = c.q = c.top;
    }
    return c;
}

#if defined(NLL_T_F64)
/* Probabilities as they are: log(q / p) from (q - p) / max(p, q), which is exact but for one
 * rounding where p is nearly q. */
NLL_INLINE div_point div_of_probs(V p, V q) {
    V zero = v_set(0), one = v_set(1);
    div_point c;
    c.above = v_lt(p, q);
    V big = v_sel(c.above, q, p), small = v_sel(c.above, p, q);
    V ratio = v_div(small, big), rest = v_div(v_sub(big, small), big), r;
    M tiny = v_lt(ratio, v_set(0x1p-1022));
    V n = d_log_split(v_sel(tiny, v_mul(ratio, v_set(0x1p52)), ratio), &r);
    n = v_sel(tiny, v_sub(n, v_set(52)), n);
    r = v_sel(v_eq(n, zero), v_neg(rest), r);
    c.a = v_neg(d_log_core(n, r, zero));
    c.a = v_sel(v_eq(small, zero), v_sel(v_eq(big, zero), zero, v_set(INFINITY)), c.a);
    c.a = v_sel(v_eq(small, big), zero, c.a);
    M valid = m_and(m_and(v_le(zero, p), v_le(p, one)), m_and(v_le(zero, q), v_le(q, one)));
    c.a = v_sel(valid, c.a, v_set(NAN));
    c.t = v_sel(c.above, c.a, v_neg(c.a));
    c.top = v_sel(valid, big, v_set(NAN));
    c.p = v_sel(valid, p, v_set(NAN));
    c.q = v_sel(valid, q, v_set(NAN));
    return c;
}
#endif

/* What the sums and gradients are made of. */
typedef struct div_terms {
    V value;   /* of KL or JS */
    V change;  /* q - p */
    V p;       /* JS: p, to the accuracy of a */
    V log_p_m; /* JS: log(p / m) and log(q / m), the one of an underflown side cut off */
    V log_q_m;
} div_terms;

NLL_INLINE V div_signed(const div_point *c, V x) { return v_sel(c->above, x, v_neg(x)); }

NLL_INLINE div_terms div_kl(const div_point *c) {
    V one = v_set(1), a2 = v_mul(c->a, c->a);
    M near = v_le(c->a, one), outside = m_and(v_eq(c->a, v_set(INFINITY)), m_not(c->above));
    V below = v_mul(a2, div_phi(c->a));           /* e - 1 + a */
    V over = v_nfma(below, v_add(one, c->a), a2); /* 1 - e - a e */
    V less = v_sub(c->a, below);                  /* 1 - e */
    /* no lane has other bits for this: the exponential is for those beyond 1 alone */
    if (m_bits(near) != (1u << VL) - 1) {
        V e = v_exp(v_neg(c->a)), cut = v_min(v_set(DIV_FAR), c->a);
        below = v_sel(near, below, v_add(v_sub(c->a, one), e));
        over = v_sel(near, over, v_nfma(e, v_add(one, cut), one));
        less = v_sel(near, less, v_sub(one, e));
    }
    div_terms t = {.value = v_mul(c->top, v_sel(c->above, over, below))};
    /* p > 0 = q, however small p is; NaN stays */
    t.value = v_sel(outside, v_add(v_set(INFINITY), c->top), t.value);
    t.change = div_signed(c, v_mul(c->top, less));
    return t;
}

/* q - p where both are known. */
NLL_INLINE V div_change(const div_point *c) {
    V near = v_mul(c->top, v_nfma(v_mul(c->a, c->a), div_phi(c->a), c->a));
    return v_sel(v_le(c->a, v_set(1)), div_signed(c, near), v_sub(c->q, c->p));
}

NLL_INLINE div_terms div_js(const div_point *c) {
    V one = v_set(1), a2 = v_mul(c->a, c->a);
    V e = v_exp(v_neg(c->a)), cut = v_min(v_set(DIV_FAR), c->a);
    M near = v_le(c->a, one);
    V whole = v_add(one, e), part = v_div(v_mul(cut, e), whole);
    V far = v_sub(v_sub(v_set(DIV_LN2), v_log1p01(e)), part);
    V chi = v_sel(near, v_mul(a2, div_chi(a2)), far);
    V less = v_sel(near, v_nfma(a2, div_phi(c->a), c->a), v_sub(one, e));
    div_terms t = {.change = div_signed(c, v_mul(c->top, less))};
    t.p = v_sel(c->above, v_mul(c->top, e), c->top);
    t.value = v_mul(v_mul(v_mul(v_set(0.5), c->top), whole), chi);
    V big = v_add(chi, part), small = v_sub(big, cut); /* log(top / m) and of the other side */
    t.log_p_m = v_sel(c->above, small, big);
    t.log_q_m = v_sel(c->above, big, small);
    return t;
}

#include "row/divergence_rows.h"

#endif
