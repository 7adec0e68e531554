/* row/grad.h: gradients of row losses.
 *
 *   row_softmax_grad   g_j = f 2^(n_j - k) p(t_j) - s q_j   with exp(x_j - anchor) = 2^(n_j) p(t_j)
 *     in0 x, in1 q or NULL (no second term), in2 anchor or NULL, in3 per row {f, k, s, top}.
 *     f, k are the mantissa (1 <= |f| < 2, or 0 or NaN) and exponent of coefficient / sum: the
 *     softmax times its coefficient with one division per row, any scale, and gradual underflow.
 *     n_j <= top and n_j <= k + 250 are required.
 *     par0: so many bytes ahead of x are asked for meanwhile, 0: none; with par1 see row_ask of
 *     row/block.h: what will be written next, from g on
 *   row_probs_grad     g_j = -s q_j / p_j, 0 where q_j = 0, NaN where p_j lies outside [0, 1]
 * out0 g; x may be g.  NaN in, NaN out, for that element and (through f) the row. */
#ifndef NLL_ROW_GRAD_H
#define NLL_ROW_GRAD_H

#include "row/grads.h"

NLL_INLINE void row_grad_row(const row_grad_state *c, const T *x, const T *q, T *g, size_t n,
                             ptrdiff_t ahead, row_ask *ask) {
    enum { STEP = NLL_CHAINS * VL, ROW_WRITE_AHEAD = 1024 };
    size_t i = 0;
    V y[NLL_CHAINS], w[NLL_CHAINS];
    for (; i + STEP <= n; i += STEP) {
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) {
            y[k] = v_load(x + i + k * VL);
            if (c->dense) w[k] = v_load(q + i + k * VL);
            __builtin_prefetch((const char *)(x + i + k * VL) + ahead, 0, 2);
            if (!ask) {
                __builtin_prefetch((const char *)(g + i + k * VL) + ROW_WRITE_AHEAD, 1);
                continue;
            }
            __builtin_prefetch((const void *)(ask->at + 64 * ask->line), 1, 2);
            ask->line = (ask->line + 1) % ROW_ASK;
            if (ask->line > 0) continue;
            __builtin_prefetch((const void *)(ask->at + 64 * ROW_ASK - 1), 1, 2);
            row_ask_on(ask);
        }
        row_grads(c, y, w, NLL_CHAINS);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) v_store(g + i + k * VL, y[k]);
    }
    for (; i < n; i += VL) {
        size_t k = n - i < VL ? n - i : VL;
        y[0] = v_loadn(x + i, k, -INFINITY);
        if (c->dense) w[0] = v_loadn(q + i, k, 0);
        row_grads(c, y, w, 1);
        v_storen(g + i, y[0], k);
    }
}

/* tile: of one the memory is asked for its rows' places, as par0 and par1 tell. */
NLL_INLINE void row_grad_rows(const nll_job *j, int anchored, int dense, int tile) {
    row_ask next = row_ask_of(j, j->out[0]), *ask = tile ? &next : NULL;
    ptrdiff_t ahead = next.step == 0 ? (ptrdiff_t)j->par[0] : 0;
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *q = dense ? (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1] : NULL;
        const double *coef = (const double *)j->in[3] + 4 * r;
        T *g = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0], f = (T)coef[0], k = (T)coef[1];
        row_grad_state c = {.k = v_set(k),
                            .s = v_set(coef[2]),
                            .anchor = v_set(anchored ? ((const T *)j->in[2])[r] : 0),
                            .anchored = anchored,
                            .dense = dense};
        if (coef[3] - coef[1] <= ROW_NEAR) {
            c.near = 1;
            c.f = v_set(f * ROW_DOWN_FACTOR);
            c.magic = v_set(ROW_MAGIC + ROW_BIAS - (k + ROW_DOWN));
            c.lowest = v_set((k + ROW_DOWN + ROW_LEAST) * ROW_LN2);
            row_grad_row(&c, x, q, g, j->cols, ahead, ask);
        } else {
            c.f = v_set(f);
            c.magic = v_set(ROW_MAGIC);
            c.lowest = v_set((k - ROW_ZERO) * ROW_LN2);
            row_grad_row(&c, x, q, g, j->cols, ahead, ask);
        }
    }
}

void NLL_SYM(row_softmax_grad)(const nll_job *j) {
    if (j->in[1])
        row_grad_rows(j, j->in[2] != NULL, 1, 0);
    else if (j->in[2])
        row_grad_rows(j, 1, 0, 0);
    else if (j->par[1] != 0)
        row_grad_rows(j, 0, 0, 1);
    else
        row_grad_rows(j, 0, 0, 0);
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
