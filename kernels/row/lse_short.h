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

/* VL rows on their way to their sums. */
typedef struct lse_group {
    V columns[ROW_SHORT], lowest, magic; /* as row_scale has them */
} lse_group;

/* VL rows at x into columns[c], the holes as -inf, and so what a last vector of columns lacks;
 * returns the maxima. */
NLL_INLINE V lse_columns(const T *x, ptrdiff_t ld, size_t cols, const int64_t *hole, V *columns,
                         size_t ahead) {
    V m[2] = {v_set(-INFINITY), v_set(-INFINITY)}, gone = v_set(-1);
    if (hole) {
        T h[VL];
        for (unsigned r = 0; r < VL; r++) h[r] = (T)((uint64_t)hole[r] < cols ? hole[r] : -1);
        gone = v_load(h);
    }
    for (size_t c = 0; c < cols; c += VL) {
        size_t k = cols - c < VL ? cols - c : VL;
        const T *row = x + c;
        V square[VL];
        NLL_UNROLL for (unsigned r = 0; r < VL; r++) {
            const T *from = row + (ptrdiff_t)r * ld;
            __builtin_prefetch((const void *)((uintptr_t)from + ahead), 0, 2);
            square[r] = k == VL ? v_load(from) : v_loadn(from, k, (T)-INFINITY);
        }
        v_transpose(square);
        V here = v_sub(gone, v_set((T)c));
        NLL_UNROLL for (unsigned l = 0; l < VL; l++) {
            V v = v_sel(v_eq(here, v_set((T)l)), v_set(-INFINITY), square[l]);
            m[l % 2] = v_max(v, m[l % 2]);
            columns[c + l] = v;
        }
    }
    return v_add(v_max(m[0], m[1]), v_set(0)); /* -0 becomes +0 */
}

/* Lane l of the horizontal sum for every l: NLL_CHAINS columns side by side. */
NLL_INLINE void lse_add_columns(const row_scale *s, const V *columns, size_t cols, V acc[VL]) {
    V none = row_one_exp(s, v_set(-INFINITY)); /* of a missing column */
    if (cols <= VL) {                          /* the other three ways are missing */
        V rest = v_add(none, none), gone = v_add(rest, rest);
        for (size_t l = 0; l < VL; l += NLL_CHAINS) {
            V x[NLL_CHAINS], way[NLL_CHAINS];
            NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) {
                x[i] = columns[l + i];
                way[i] = v_set(0);
            }
            if (l < cols) row_add_exps(way, s, x, NLL_CHAINS);
            NLL_UNROLL for (size_t i = 0; i < NLL_CHAINS; i++) acc[l + i] =
                l < cols ? v_add(v_add(way[i], none), rest) : gone;
        }
        return;
    }
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
    size_t cols = j->cols;
    if (cols == 0 || cols > ROW_SHORT) return 0;
    const int64_t *hole = j->in[1];
    double *S = j->out[1], *lost = j->out[2];
    size_t row_bytes = cols * sizeof(T);
    size_t ahead = (ROW_SHORT_AHEAD + row_bytes - 1) / row_bytes * (size_t)j->ld[0] * sizeof(T);
    lse_group group[2];
    size_t whole = j->rows / VL * VL;
    /* the sums of VL rows beside the maxima and scales of the next: neither waits for the other */
    for (size_t i = 0; i <= whole && whole > 0; i += VL) {
        if (i < whole) {
            lse_group *next = &group[i / VL % 2];
            V m = lse_columns((const T *)j->in[0] + (ptrdiff_t)i * j->ld[0], j->ld[0], cols,
                              hole ? hole + i : NULL, next->columns, ahead);
            V N = lse_scale_all(m, (double *)j->out[0] + i);
            next->lowest = v_mul(v_sub(N, v_set(ROW_LOWEST)), v_set(ROW_LN2));
            next->magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), N);
            v_store((T *)j->out[3] + i, m);
        }
        if (i == 0) continue;
        size_t r = i - VL;
        const lse_group *now = &group[r / VL % 2];
        V acc[VL];
        row_scale s = {.lowest = now->lowest, .magic = now->magic};
        lse_add_columns(&s, now->columns, cols, acc);
        lse_fold_all(acc, S + r);
        /* as the two-sum of one block: 0, or NaN if not finite */
        for (size_t k = r; k < r + VL; k += D_LANES) {
            vd sum = d_load(S + k);
            d_store(lost + k, d_canonical(d_sub(sum, sum)));
        }
    }
    return whole;
}

#endif
