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

enum { ROW_SHORT = ROW_WAYS * VL }; /* columns, at most; beyond, the horizontal way is faster */

/* VL rows at x into columns[c], the holes as -inf; returns the maxima. */
NLL_INLINE V lse_columns(const T *x, ptrdiff_t ld, size_t cols, const int64_t *hole, V *columns) {
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
            square[r] = k == VL ? v_load(row) : v_loadn(row, k, 0);
        }
        v_transpose(square);
        for (unsigned l = 0; l < k; l++) {
            V v = v_sel(v_eq(gone, v_set((T)(c + l))), v_set(-INFINITY), square[l]);
            m = v_max(v, m);
            columns[c + l] = v;
        }
    }
    return v_add(m, v_set(0)); /* -0 becomes +0 */
}

/* As many rows as go this way; returns their number. */
NLL_INLINE size_t row_lse_short(const nll_job *j) {
    size_t r = 0, cols = j->cols;
    if (cols == 0 || cols > ROW_SHORT) return 0;
    const int64_t *hole = j->in[1];
    for (; r + VL <= j->rows; r += VL) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        V columns[ROW_SHORT], acc[VL];
        V m = lse_columns(x, j->ld[0], cols, hole ? hole + r : NULL, columns);
        V N = lse_scale_all(m, (double *)j->out[0] + r);
        row_scale s = {.lowest = v_mul(v_sub(N, v_set(ROW_LOWEST)), v_set(ROW_LN2)),
                       .magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), N)};
        V none = row_one_exp(&s, v_set(-INFINITY)); /* a missing column of a vector begun */
        for (size_t l = 0; l < VL; l++) {
            V way[ROW_WAYS];
            for (size_t k = 0; k < ROW_WAYS; k++) {
                size_t c = l + k * VL;
                way[k] = c < cols ? row_one_exp(&s, columns[c]) : none;
            }
            acc[l] = v_add(v_add(way[0], way[1]), v_add(way[2], way[3]));
        }
        lse_fold_all(acc, (double *)j->out[1] + r);
        for (size_t i = r; i < r + VL;
             i++) /* as the two-sum of one block: 0, or NaN if not finite */
            ((double *)j->out[2])[i] =
                row_canonical(((double *)j->out[1])[i] - ((double *)j->out[1])[i]);
        v_storen((T *)j->out[3] + r, m, VL);
    }
    return r;
}

#endif
