/* row/divergence.h: one class of two distributions p and q: what it adds to their divergences.
 *
 * With the gap t = log q - log p, a = |t|, e = exp(-a), top = max(p, q):
 *   KL(p||q)   p log(p / q) - p + q = p (exp t - 1 - t)      a <= 1: p t^2 psi(t), a polynomial
 *                                   = p (e - 1 + a)          t < -1
 *                                   = q (1 - e - a e)        t > 1
 *   JS         (p log(p / m) + q log(q / m)) / 2 = m chi(a),   m = top (1 + e) / 2,
 *              chi = log 2 - log(1 + e) - a e / (1 + e), from 0 to log 2; a^2 times a polynomial
 *              up to a = 1
 * Every term is >= 0: nothing cancels, neither where p is nearly q nor where one of them is 0.
 * Far apart the larger side carries the weight, so no term is lost because the other underflows.
 * Coefficients: docs/coefficients.
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

typedef struct div_side {
    V f, k, anchor;
    V lowest, highest, magic; /* of div_term_weight */
} div_side;
typedef struct div_scale {
    div_side p, q;
    V shift, shift_low;
} div_scale;

/* One vector of classes.  `above`: q is larger.  p and q: for gradients alone. */
typedef struct div_point {
    V top, p, q, t, a;
    M above;
} div_point;

#if defined(NLL_T_F32)
#define DIV_FAR 87.0f /* exp(-DIV_FAR) is normal, and next to nothing */
#define DIV_LN2 0x1.62e43p-1f
#define DIV_REACH 250.0f /* of v_scalb */
#define DIV_OVER 128.0f  /* 2^DIV_OVER is infinite */
/* (e^t - 1 - t) / t^2, |t| <= 1 */
NLL_INLINE V div_psi(V t) {
    V y = v_set(0x1.720d6ap-19f);
    y = v_fma(y, t, v_set(0x1.a90274p-16f));
    y = v_fma(y, t, v_set(0x1.a036dep-13f));
    y = v_fma(y, t, v_set(0x1.6c023ep-10f));
    y = v_fma(y, t, v_set(0x1.1110c4p-7f));
    y = v_fma(y, t, v_set(0x1.55557p-5f));
    y = v_fma(y, t, v_set(0x1.555556p-3f));
    return v_fma(y, t, v_set(0.5f));
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
#define DIV_FAR 708.0
#define DIV_LN2 0x1.62e42fefa39efp-1
#define DIV_REACH 2040.0
#define DIV_OVER 1024.0
NLL_INLINE V div_psi(V t) {
    V y = v_set(0x1.aed5ad949841bp-41);
    y = v_fma(y, t, v_set(0x1.996df5ef4588dp-37));
    y = v_fma(y, t, v_set(0x1.612ddf45b83a5p-33));
    y = v_fma(y, t, v_set(0x1.1ee5ab9c7071fp-29));
    y = v_fma(y, t, v_set(0x1.ae643582b4406p-26));
    y = v_fma(y, t, v_set(0x1.27e505f078d5p-22));
    y = v_fma(y, t, v_set(0x1.71de3a8335193p-19));
    y = v_fma(y, t, v_set(0x1.a01a01920bf02p-16));
    y = v_fma(y, t, v_set(0x1.a01a019fdf1ap-13));
    y = v_fma(y, t, v_set(0x1.6c16c16c1f6f8p-10));
    y = v_fma(y, t, v_set(0x1.1111111111317p-7));
    y = v_fma(y, t, v_set(0x1.555555555551cp-5));
    y = v_fma(y, t, v_set(0x1.5555555555554p-3));
    return v_fma(y, t, v_set(0.5));
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

NLL_INLINE div_side div_side_of(double f, double k, double anchor) {
    V vk = v_set(k);
    return (div_side){.f = v_set(f),
                      .k = vk,
                      .anchor = v_set(anchor),
                      .lowest = v_mul(v_sub(vk, v_set(ROW_LOWEST)), v_set(ROW_LN2)),
                      .highest = v_mul(v_add(vk, v_set(DIV_OVER)), v_set(ROW_LN2)),
                      .magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), vk)};
}
NLL_INLINE div_scale div_scale_of(const double *pair) {
    return (div_scale){.p = div_side_of(pair[PAIR_F_P], pair[PAIR_K_P], pair[PAIR_ANCHOR_P]),
                       .q = div_side_of(pair[PAIR_F_Q], pair[PAIR_K_Q], pair[PAIR_ANCHOR_Q]),
                       .shift = v_set(pair[PAIR_SHIFT]),
                       .shift_low = v_set(pair[PAIR_SHIFT_LOW])};
}

/* The probability f 2^(n - k) p(t) of exp(y) = 2^n p(t), down to the smallest number; infinite
 * from about (k + DIV_REACH) ln 2 on. */
NLL_INLINE V div_weight(const div_side *s, V y) {
    V lowest = v_mul(v_sub(s->k, v_set(ROW_ZERO)), v_set(ROW_LN2));
    V highest = v_mul(v_add(s->k, v_set(DIV_REACH)), v_set(ROW_LN2));
    y = v_min(highest, v_max(lowest, y)); /* NaN passes */
    V n = v_sub(v_fma(y, v_set(ROW_LOG2E), v_set(ROW_MAGIC)), v_set(ROW_MAGIC));
    V p = v_mul(v_exp_poly(v_exp_reduce(y, n)), s->f);
    return v_scalb(p, v_sub(n, s->k));
}

/* The same for a sum, of which it is the weight of one term: at least 2^-ROW_LOWEST or so. */
NLL_INLINE V div_term_weight(V y, V f, V lowest, V highest, V magic) {
    y = v_min(highest, v_max(lowest, y));
    V z = v_fma(y, v_set(ROW_LOG2E), magic), n = v_sub(z, magic);
    return v_mul(v_exp_poly(v_exp_reduce(y, n)), v_mul(f, row_factor(z)));
}

/* exp(-cut) for 0 <= cut <= DIV_FAR. */
NLL_INLINE V div_exp_of(V cut) {
    V y = v_neg(cut), magic = v_set(ROW_MAGIC + ROW_BIAS);
    V z = v_fma(y, v_set(ROW_LOG2E), magic), n = v_sub(z, magic);
    return v_mul(v_exp_poly(v_exp_reduce(y, n)), row_factor(z));
}

/* The gap, for logits less their anchors. */
NLL_INLINE V div_gap(const div_scale *s, V x, V z) {
    /* d + lost = z - x exactly */
    V d = v_sub(z, x), b = v_sub(d, z);
    V lost = v_sub(v_sub(z, v_sub(d, b)), v_add(x, b));
    return v_add(v_sub(d, s->shift), v_sub(lost, s->shift_low));
}
/* The same where it may be infinite, or both sides a mask: then 0. */
NLL_INLINE V div_whole_gap(const div_scale *s, V x, V z) {
    V none = v_set(-INFINITY), d = v_sub(z, x);
    V t = v_sel(v_lt(v_abs(d), v_set(INFINITY)), div_gap(s, x, z), v_sub(d, s->shift));
    return v_sel(m_and(v_eq(x, none), v_eq(z, none)), v_set(0), t);
}

/* Both probabilities, each by itself, for gradients; else the larger one alone. */
NLL_INLINE div_point div_of_logits(const div_scale *s, V x, V z, int sides) {
    x = v_sub(x, s->p.anchor);
    z = v_sub(z, s->q.anchor);
    div_point c;
    c.t = div_whole_gap(s, x, z);
    c.a = v_abs(c.t);
    c.above = v_lt(v_set(0), c.t);
    if (sides) {
        c.p = div_weight(&s->p, x);
        c.q = div_weight(&s->q, z);
        c.top = v_sel(c.above, c.q, c.p);
    } else {
        V y = v_sel(c.above, z, x), f = v_sel(c.above, s->q.f, s->p.f);
        V lowest = v_sel(c.above, s->q.lowest, s->p.lowest);
        c.top = div_term_weight(y, f, lowest, v_sel(c.above, s->q.highest, s->p.highest),
                                v_sel(c.above, s->q.magic, s->p.magic));
        c.top = v_sel(v_lt(y, lowest), v_mul(v_set(0), f), c.top); /* NaN for a broken row */
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

NLL_INLINE V div_signed(const div_point *c, V x) { return v_sel(c->above, x, v_neg(x)); }

/* ---- Kullback-Leibler: a term p log(p / q) - p + q into acc[0], q - p into acc[1] */

/* The polynomial of the gap and the change over p that go with it, |t| <= 1. */
NLL_INLINE V div_near(V t) { return v_mul(v_mul(t, t), div_psi(t)); }

/* Of the classes whose sides differ by a factor of at most e, the weight is p; of the others the
 * larger one. */
NLL_INLINE void div_add_kl(V weight, V t, V a, M near, M above, V acc[2]) {
    V one = v_set(1), cut = v_min(v_set(DIV_FAR), a), e = div_exp_of(cut), g = div_near(t);
    V below = v_add(v_sub(a, one), e), over = v_nfma(e, v_add(one, cut), one);
    V less = v_sub(e, one);
    V value = v_sel(near, g, v_sel(above, over, below));
    V change = v_sel(near, v_add(t, g), v_sel(above, v_neg(less), less));
    /* p > 0 = q, however small p is; NaN stays */
    M outside = m_and(v_eq(a, v_set(INFINITY)), m_not(above));
    weight = v_sel(outside, v_add(weight, one), weight);
    acc[0] = v_fma(weight, value, acc[0]);
    acc[1] = v_fma(weight, change, acc[1]);
}

NLL_INLINE void div_kl_of_logits(const div_scale *s, V x, V z, int anchored, V acc[2]) {
    if (anchored) {
        x = v_sub(x, s->p.anchor);
        z = v_sub(z, s->q.anchor);
    }
    V t = div_gap(s, x, z), a = v_abs(t);
    M near = v_le(a, v_set(1));
    if (m_bits(near) == (1u << VL) - 1) { /* as below, without what is selected away there */
        V w = div_term_weight(x, s->p.f, s->p.lowest, s->p.highest, s->p.magic), g = div_near(t);
        acc[0] = v_fma(w, g, acc[0]);
        acc[1] = v_fma(w, v_add(t, g), acc[1]);
        return;
    }
    t = div_whole_gap(s, x, z);
    a = v_abs(t);
    near = v_le(a, v_set(1));
    M above = v_lt(v_set(1), t);
    V y = v_sel(above, z, x), f = v_sel(above, s->q.f, s->p.f);
    V lowest = v_sel(above, s->q.lowest, s->p.lowest);
    V w = div_term_weight(y, f, lowest, v_sel(above, s->q.highest, s->p.highest),
                          v_sel(above, s->q.magic, s->p.magic));
    w = v_sel(m_and(v_lt(y, lowest), m_not(near)), v_mul(v_set(0), f), w);
    div_add_kl(w, t, a, near, above, acc);
}

/* q - p for a gradient, without cancellation where they are near. */
NLL_INLINE V div_change(const div_point *c) {
    V near = v_mul(c->p, v_add(c->t, div_near(c->t)));
    return v_sel(v_le(c->a, v_set(1)), near, v_sub(c->q, c->p));
}

/* ---- Jensen-Shannon */

typedef struct div_js_terms {
    V value;
    V change;           /* q - p */
    V p;                /* to the accuracy of a */
    V log_p_m, log_q_m; /* log(p / m), log(q / m), the one of an underflown side cut off */
} div_js_terms;

NLL_INLINE div_js_terms div_js(const div_point *c) {
    V one = v_set(1), a2 = v_mul(c->a, c->a), down = v_neg(c->a);
    V cut = v_min(v_set(DIV_FAR), c->a), e = div_exp_of(cut);
    M near = v_le(c->a, one);
    V whole = v_add(one, e), part = v_div(v_mul(cut, e), whole);
    V far = v_sub(v_sub(v_set(DIV_LN2), v_log1p01(e)), part);
    V chi = v_sel(near, v_mul(a2, div_chi(a2)), far);
    V less = v_sel(near, v_nfma(a2, div_psi(down), c->a), v_sub(one, e));
    div_js_terms t = {.change = div_signed(c, v_mul(c->top, less))};
    t.p = v_sel(c->above, v_mul(c->top, e), c->top);
    t.value = v_mul(v_mul(v_mul(v_set(0.5), c->top), whole), chi);
    V big = v_add(chi, part), small = v_sub(big, cut); /* log(top / m) and of the other side */
    t.log_p_m = v_sel(c->above, small, big);
    t.log_q_m = v_sel(c->above, big, small);
    return t;
}

#include "row/divergence_rows.h"

#endif
