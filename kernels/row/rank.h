/* row/rank.h: the place of one class among all of its row.
 *
 * out0: the number of columns of in0 that come before the class in1 of value in2 when the row is
 * sorted, largest first: those above it, and those equal to it at a lower index.  NaN comes after
 * everything.  Without in1 (or -1: the class lies before these columns) equal ones do not count.
 * carry: out0 is added to. */
#ifndef NLL_ROW_RANK_H
#define NLL_ROW_RANK_H

#include "row/block.h"

/* How many of n elements are above v, or at least v if `equal`.  A lane counts 32 at most. */
NLL_INLINE int64_t rank_above(const T *x, size_t n, V v, int equal) {
    V one = v_set(1), zero = v_set(0);
    int64_t above = 0;
    for (size_t c = 0; c < n; c += ROW_BLOCK) {
        size_t end = n - c < ROW_BLOCK ? n : c + ROW_BLOCK, i = c;
        V count = zero;
        for (; i < end; i += VL) {
            V y = i + VL <= end ? v_load(x + i) : v_loadn(x + i, end - i, (T)NAN);
            count = v_add(count, v_sel(equal ? v_le(v, y) : v_lt(v, y), one, zero));
        }
        above += (int64_t)row_fold(count);
    }
    return above;
}

void NLL_SYM(row_rank)(const nll_job *j) {
    const int64_t *class = j->in[1];
    int64_t *rank = j->out[0];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        V v = v_set(((const T *)j->in[2])[r]);
        size_t before = !class || class[r] < 0 ? 0 : (size_t) class[r];
        if (before > j->cols) before = j->cols;
        int64_t above = j->carry ? rank[r] : 0;
        above += rank_above(x, before, v, 1);
        rank[r] = above + rank_above(x + before, j->cols - before, v, 0);
    }
}

#endif
