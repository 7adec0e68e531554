/* row/lse_short.h: the log-sum-exp of short rows, VL rows at a time, one row in each lane.
 *
 * A short row wastes lanes and pays a fold of its own; here the rows are transposed, so that column
 * c of VL rows is one vector.  The additions are those of row_sum_of in the same order: lane l
 * of the horizontal sum is the vector acc[l], missing columns add what -inf adds there, and the
 * fold adds acc[l] + acc[l + 8] and so on.  So the bits are equal, and rows left over may go the
 * other way. */
#ifndef NLL_ROW_LSE_SHORT_H
#define NLL_ROW_LSE_SHORT_H

#include "row/exps.h"

/* Rows are read across, which the hardware does not foresee: those to come are asked for this many
 * bytes ahead. */
enum { ROW_SHORT_AHEAD = 4096 };

enum { ROW_SHORT = ROW_WAYS * VL }; /* columns, at most; beyond, the horizontal way is faster */

/* VL rows at x into columns[c], the holes as -inf, and so what a last vector of columns lacks;
 * returns the maxima. */
NLL_INLINE V lse_columns(const T *x, ptrdiff_t ld, size_t cols, const int64_t *hole, V *columns,
                         size_t ahead) {
    V m = v_set(-INFINITY), gone = v_set(-1);
    if (hole) {
        T h[VL];
        for (unsigned r = 0; r < VL; r++)
            h[r] = hole[r] < 0 || hole[r] >= (int64_t)cols ? (T)-1 : (T)hole[r];
        gone = v_load(h);
    }
    for (size_t c = 0; c < cols; c += VL) {
        size_t k = cols - c < VL ? cols - c : VL;
        V square[VL];
        for (unsigned r = 0; r < VL; r++) {
            const T *row = x + (ptrdiff_t)r * ld + c;
            __builtin_prefetch((const void *)((uintptr_t)row + ahead));
            square[r] = k == VL ? v_load(row) : v_loadn(row, k, (T)-INFINITY);
        }
        v_transpose(square);
        NLL_UNROLL for (unsigned l = 0; l < VL; l++) {
            V v = v_sel(v_eq(gone, v_set((T)(c + l))), v_set(-INFINITY), square[l]);
            m = v_max(v, m);
            columns[c + l] = v;
        }
    }
    return v_add(m, v_set(0)); /* -0 becomes +0 */
}

/* Lane l of the horizontal sum for every l: NLL_CHAINS columns side by side. */
NLL_INLINE void lse_add_columns(const row_scale *s, const V *columns, size_t cols, V acc[VL]) {
    V none = row_one_exp(s, v_set(-INFINITY)); /* of a missing column */
    for (size_t l = 0; l < VL; l += NLL_CHAINS) {
        V way[ROW_WAYS][NLL_CHAINS];
        NLL_UNROLL for (size_t k = 0; k < ROW_WAYS; k++) {
            size_t c = l + k * VL;
            V x[NLL_CHAINS];
            NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) way[k][i] = v_set(0);
            if (c < cols) {
                NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) x[i] = columns[c + i];
                row_add_exps(way[k], s, x, NLL_CHAINS);
            } else {
                NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) way[k][i] = none;
            }
        }
        NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) acc[l + i] =
            v_add(v_add(way[0][i], way[1][i]), v_add(way[2][i], way[3][i]));
    }
}

/* As many rows as go this way; returns their number. */
NLL_INLINE size_t row_lse_short(const nll_job *j) {
    size_t r = 0, cols = j->cols;
    if (cols == 0 || cols > ROW_SHORT) return 0;
    const int64_t *hole = j->in[1];
    double *S = j->out[1], *lost = j->out[2];
    size_t row_bytes = cols * sizeof(T);
    size_t ahead = (ROW_SHORT_AHEAD + row_bytes - 1) / row_bytes * (size_t)j->ld[0] * sizeof(T);
    for (; r + VL <= j->rows; r += VL) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        V columns[ROW_SHORT], acc[VL];
        V m = lse_columns(x, j->ld[0], cols, hole ? hole + r : NULL, columns, ahead);
        V N = lse_scale_all(m, (double *)j->out[0] + r);
        row_scale s = {.lowest = v_mul(v_sub(N, v_set(ROW_LOWEST)), v_set(ROW_LN2)),
                       .magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), N)};
        lse_add_columns(&s, columns, cols, acc);
        lse_fold_all(acc, S + r);
        /* as the two-sum of one block: 0, or NaN if not finite */
        for (size_t i = r; i < r + VL; i++) lost[i] = row_canonical(S[i] - S[i]);
        v_store((T *)j->out[3] + r, m);
    }
    return r;
}

#endif
