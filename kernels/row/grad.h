/* row/grad.h: gradients of row losses.
 *
 *   row_softmax_grad   g_j = f 2^(n_j - k) p(t_j) - s q_j   with exp(x_j - anchor) = 2^(n_j) p(t_j)
 *     in0 x, in1 q or NULL (no second term), in2 anchor or NULL, in3 per row {f, k, s, unused}.
 *     f, k are the mantissa (1 <= |f| < 2, or 0 or NaN) and exponent of coefficient / sum: the
 *     softmax times its coefficient with one division per row, any scale, and gradual underflow.
 *     x_j <= (k + 250) ln 2 is required (it holds for a maximum of about the row's scale).
 *   row_probs_grad     g_j = -s q_j / p_j, 0 where q_j = 0, NaN where p_j lies outside [0, 1]
 * out0 g; x may be g.  NaN in, NaN out, for that element and (through f) the row. */
#ifndef NLL_ROW_GRAD_H
#define NLL_ROW_GRAD_H

#include "row/block.h"

typedef struct row_grad_state {
    V f, k, s, lowest, anchor;
    int anchored, dense;
} row_grad_state;

NLL_INLINE V row_grad_of(const row_grad_state *c, V x, V q) {
    if (c->anchored) x = v_sub(x, c->anchor);
    x = v_max(c->lowest, x);
    V n = v_sub(v_fma(x, v_set(ROW_LOG2E), v_set(ROW_MAGIC)), v_set(ROW_MAGIC));
    V p = v_mul(v_exp_poly(v_exp_reduce(x, n)), c->f);
    V g = v_scalb(p, v_sub(n, c->k));
    return v_canonical(c->dense ? v_nfma(c->s, q, g) : g);
}

NLL_INLINE void row_grad_rows(const nll_job *j, int anchored, int dense) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *q = dense ? (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1] : NULL;
        const double *coef = (const double *)j->in[3] + 4 * r;
        T *g = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        row_grad_state c = {.f = v_set(coef[0]),
                            .k = v_set(coef[1]),
                            .s = v_set(coef[2]),
                            .lowest = v_set(((T)coef[1] - ROW_ZERO) * ROW_LN2),
                            .anchor = v_set(anchored ? ((const T *)j->in[2])[r] : 0),
                            .anchored = anchored,
                            .dense = dense};
        size_t i = 0, n = j->cols;
        for (; i + VL <= n; i += VL)
            v_storen(g + i, row_grad_of(&c, v_load(x + i), dense ? v_load(q + i) : c.f), VL);
        if (i < n) {
            V y = v_loadn(x + i, n - i, -INFINITY), w = dense ? v_loadn(q + i, n - i, 0) : c.f;
            v_storen(g + i, row_grad_of(&c, y, w), n - i);
        }
    }
}

void NLL_SYM(row_softmax_grad)(const nll_job *j) {
    if (j->in[1])
        row_grad_rows(j, j->in[2] != NULL, 1);
    else if (j->in[2])
        row_grad_rows(j, 1, 0);
    else
        row_grad_rows(j, 0, 0);
}

NLL_INLINE V row_probs_grad_of(V p, V q, V s) {
    M valid = m_and(v_le(v_set(0), p), v_le(p, v_set(1)));
    V g = v_neg(v_div(v_mul(s, q), p));
    g = v_sel(v_eq(q, v_set(0)), v_set(0), g);
    return v_canonical(v_sel(valid, g, v_set(NAN)));
}

void NLL_SYM(row_probs_grad)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *p = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *q = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        V s = v_set(((const double *)j->in[3])[4 * r + 2]);
        T *g = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        for (size_t i = 0; i < j->cols; i += VL) {
            size_t k = j->cols - i < VL ? j->cols - i : VL;
            V x = k == VL ? v_load(p + i) : v_loadn(p + i, k, 1);
            V y = k == VL ? v_load(q + i) : v_loadn(q + i, k, 0);
            v_storen(g + i, row_probs_grad_of(x, y, s), k);
        }
    }
}

#endif
