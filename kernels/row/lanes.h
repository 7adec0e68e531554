/* row/lanes.h: row kernels for rows that lie side by side: element (row r, class c) is
 * in0[c ld + r].  Each gives the bits of the kernel row_... of the same name.  The memory is gone
 * through as it lies, class by class, LANES_GROUP rows at a time; what there is one of per row, and
 * the sums, stay in the L1 cache.
 *
 *   lanes_max   out0 the maximum of each row, NaN skipped, -inf if there is none; out1 the first
 *               class that has it, -1 if there is none above -inf; carry: ld[1] classes went before
 */
#ifndef NLL_ROW_LANES_H
#define NLL_ROW_LANES_H

#include "row/grad.h"
#include "row/lanes_lse.h"
#include "row/vjp.h"

/* Rows taken together, and classes that memory is asked for in advance. */
enum { LANES_GROUP = 512, LANES_SUMS = 128, LANES_SOON = 2 };

/* Row r + k of a job, as many lanes as there are. */
NLL_INLINE size_t lanes_left(size_t n, size_t k) { return n - k < VL ? n - k : VL; }

/* ---- maxima: the index counts as T within a run of classes, where T is exact */

typedef struct lanes_tops {
    T top[LANES_GROUP], run[LANES_GROUP], at[LANES_GROUP]; /* run, at: of this run of classes */
    int64_t index[LANES_GROUP];
} lanes_tops;

/* Classes from .. to of n rows at x. */
NLL_INLINE void lanes_max_run(lanes_tops *m, const T *x, ptrdiff_t ld, size_t from, size_t to,
                              size_t n) {
    for (size_t k = 0; k < LANES_GROUP; k++) m->run[k] = -INFINITY;
    x += (ptrdiff_t)from * ld;
    for (size_t c = from; c < to; c++, x += ld) {
        V at = v_set((T)(c - from));
        for (size_t k = 0; k < n; k += VL) {
            __builtin_prefetch(x + LANES_SOON * ld + k);
            V v = lanes_load(x + k, lanes_left(n, k)), best = v_load(m->run + k);
            M above = v_lt(best, v);
            v_store(m->run + k, v_sel(above, v, best));
            v_store(m->at + k, v_sel(above, at, v_load(m->at + k)));
        }
    }
}

void NLL_SYM(lanes_max)(const nll_job *j) {
    enum { RUN = 1 << 16 };
    T *top = j->out[0];
    int64_t *index = j->out[1], before = j->carry ? j->ld[1] : 0;
    for (size_t r = 0; r < j->rows; r += LANES_GROUP) {
        size_t n = j->rows - r < LANES_GROUP ? j->rows - r : LANES_GROUP;
        lanes_tops m = {0};
        for (size_t k = 0; k < n; k++) {
            m.top[k] = j->carry ? top[r + k] : (T)-INFINITY;
            m.index[k] = j->carry ? index[r + k] : -1;
        }
        for (size_t c = 0; c < j->cols; c += RUN) {
            size_t end = j->cols - c < RUN ? j->cols : c + RUN;
            lanes_max_run(&m, (const T *)j->in[0] + r, j->ld[0], c, end, n);
            for (size_t k = 0; k < n; k++)
                if (m.run[k] > m.top[k]) {
                    m.top[k] = m.run[k];
                    m.index[k] = before + (int64_t)c + (int64_t)m.at[k];
                }
        }
        for (size_t k = 0; k < n; k++) {
            top[r + k] = m.top[k];
            index[r + k] = m.index[k];
        }
    }
}

/* ---- sums */

NLL_INLINE void lanes_inner_rows(const nll_job *j, int product) {
    V one = v_set(1);
    for (size_t r = 0; r < j->rows; r += LANES_SUMS) {
        size_t n = j->rows - r < LANES_SUMS ? j->rows - r : LANES_SUMS;
        double *sum = (double *)j->out[0] + r, *lost = (double *)j->out[1] + r;
        for (size_t k = 0; k < n && !j->carry; k++) sum[k] = lost[k] = 0;
        for (size_t c = 0; c < j->cols; c += ROW_BLOCK) {
            size_t end = j->cols - c < ROW_BLOCK ? j->cols - c : ROW_BLOCK;
            row_acc acc[VL][LANES_SUMS / VL]; /* lane l of the horizontal sum; rows */
            for (size_t l = 0; l < VL; l++)
                for (size_t k = 0; k < n; k += VL) row_acc_zero(&acc[l][k / VL]);
            for (size_t i = 0; i < end; i++) {
                const T *a = (const T *)j->in[0] + r + (ptrdiff_t)(c + i) * j->ld[0];
                const T *b = product ? (const T *)j->in[1] + r + (ptrdiff_t)(c + i) * j->ld[1] : a;
                for (size_t k = 0; k < n; k += VL) {
                    size_t lanes = lanes_left(n, k);
                    __builtin_prefetch(a + LANES_SOON * j->ld[0] + k);
                    if (product) __builtin_prefetch(b + LANES_SOON * j->ld[1] + k);
                    row_acc_add(&acc[i % VL][k / VL], lanes_load(a + k, lanes),
                                product ? lanes_load(b + k, lanes) : one);
                }
            }
            for (size_t k = 0; k < n; k += VL) {
                for (size_t h = VL / 2; h; h /= 2)
                    for (size_t l = 0; l < h; l++)
                        row_acc_join(&acc[l][k / VL], &acc[l + h][k / VL]);
                double w[VL];
                row_acc_store(w, &acc[0][k / VL]);
                for (size_t i = 0; i < lanes_left(n, k); i++)
                    row_inner_add(&sum[k + i], &lost[k + i], w[i]);
            }
        }
        for (size_t k = 0; k < n; k++) {
            sum[k] = row_canonical(sum[k]);
            lost[k] = row_canonical(lost[k]);
        }
    }
}

void NLL_SYM(lanes_inner)(const nll_job *j) {
    if (j->in[1])
        lanes_inner_rows(j, 1);
    else
        lanes_inner_rows(j, 0);
}

/* ---- one number per element */

/* The coefficients of a group of rows as columns. */
typedef struct lanes_coefs {
    T f[LANES_GROUP], k[LANES_GROUP], s[LANES_GROUP], anchor[LANES_GROUP];
    double wide_f[LANES_GROUP], wide_k[LANES_GROUP];
} lanes_coefs;

NLL_INLINE void lanes_coefs_of(lanes_coefs *c, const nll_job *j, size_t r, size_t n) {
    const double *coef = (const double *)j->in[3] + 4 * r;
    for (size_t i = 0; i < LANES_GROUP; i++) {
        const double *from = coef + 4 * (i < n ? i : 0);
        c->wide_f[i] = from[0];
        c->wide_k[i] = from[1];
        c->f[i] = (T)from[0];
        c->k[i] = (T)from[1];
        c->s[i] = (T)from[2];
        c->anchor[i] = j->in[2] && i < n ? ((const T *)j->in[2])[r + i] : 0;
    }
}

typedef V lanes_body(const lanes_coefs *c, size_t k, V x, V q, int anchored, int dense);

NLL_INLINE V lanes_softmax_body(const lanes_coefs *c, size_t k, V x, V q, int anchored, int dense) {
    row_grad_state s = {.f = v_load(c->f + k),
                        .k = v_load(c->k + k),
                        .s = v_load(c->s + k),
                        .magic = v_set(ROW_MAGIC),
                        .lowest = v_mul(v_sub(v_load(c->k + k), v_set(ROW_ZERO)), v_set(ROW_LN2)),
                        .anchor = v_load(c->anchor + k),
                        .anchored = anchored,
                        .dense = dense};
    row_grads(&s, &x, &q, 1); /* not near: the exponents differ from lane to lane */
    return x;
}
NLL_INLINE V lanes_vjp_body(const lanes_coefs *c, size_t k, V x, V q, int anchored, int dense) {
    (void)anchored, (void)dense;
    return row_vjp_of(x, q, v_load(c->s + k));
}
NLL_INLINE V lanes_log_body(const lanes_coefs *c, size_t k, V x, V q, int anchored, int dense) {
    (void)anchored, (void)dense, (void)q;
#if defined(NLL_T_F32)
    vd lo = d_sub(d_sub(d_lo(x), d_load(c->wide_k + k)), d_load(c->wide_f + k));
    vd hi = d_sub(d_sub(d_hi(x), d_load(c->wide_k + k + 8)), d_load(c->wide_f + k + 8));
    return v_canonical(f_narrow(lo, hi));
#else
    return row_log_of(x, d_load(c->wide_f + k), d_load(c->wide_k + k));
#endif
}

NLL_INLINE void lanes_each(const nll_job *j, lanes_body *body, int anchored, int dense) {
    for (size_t r = 0; r < j->rows; r += LANES_GROUP) {
        size_t n = j->rows - r < LANES_GROUP ? j->rows - r : LANES_GROUP;
        lanes_coefs coefs;
        lanes_coefs_of(&coefs, j, r, n);
        for (size_t c = 0; c < j->cols; c++) {
            const T *x = (const T *)j->in[0] + r + (ptrdiff_t)c * j->ld[0];
            const T *q = dense ? (const T *)j->in[1] + r + (ptrdiff_t)c * j->ld[1] : x;
            T *y = (T *)j->out[0] + r + (ptrdiff_t)c * j->out_ld[0];
            size_t k = 0;
            for (; k + VL <= n; k += VL) {
                __builtin_prefetch(x + LANES_SOON * j->ld[0] + k);
                if (dense) __builtin_prefetch(q + LANES_SOON * j->ld[1] + k);
                __builtin_prefetch(y + LANES_SOON * j->out_ld[0] + k, 1);
                V v = v_load(x + k), w = dense ? v_load(q + k) : v;
                v_store(y + k, body(&coefs, k, v, w, anchored, dense));
            }
            if (k < n) {
                V v = v_loadn(x + k, n - k, 0), w = dense ? v_loadn(q + k, n - k, 0) : v;
                v_storen(y + k, body(&coefs, k, v, w, anchored, dense), n - k);
            }
        }
    }
}

void NLL_SYM(lanes_softmax_grad)(const nll_job *j) {
    if (j->in[1])
        lanes_each(j, lanes_softmax_body, j->in[2] != NULL, 1);
    else if (j->in[2])
        lanes_each(j, lanes_softmax_body, 1, 0);
    else
        lanes_each(j, lanes_softmax_body, 0, 0);
}
void NLL_SYM(lanes_softmax_vjp)(const nll_job *j) { lanes_each(j, lanes_vjp_body, 0, 1); }
void NLL_SYM(lanes_log_softmax)(const nll_job *j) { lanes_each(j, lanes_log_body, 0, 0); }

#endif
