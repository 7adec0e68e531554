/* row/moments.h: what the entropy and the Brier score of a row are made of.
 *
 * Over all columns but the hole, with e_j = exp(x_j - anchor) 2^-N:
 *   out0 sum e_j    out2 sum e_j (top - x_j)    out4 sum e_j^2    out1, 3, 5 their rounding errors
 *   in0 x   in1 hole   in2 anchor   in3 top   in4 N, an integer of about max_j (x_j - anchor) log2
 * e carry One N for the row: here the maximum is known.  Terms below 2^-125 (double: 2^-1020) are
 * left out, masked ones among them; with top the largest of all and the hole its place, none is
 * negative. */
#ifndef NLL_ROW_MOMENTS_H
#define NLL_ROW_MOMENTS_H

#include "row/block.h"
#include "row/lse.h"

typedef struct row_moment {
    V sum, first, square;
} row_moment;

NLL_INLINE void row_moment_add(row_moment *m, const row_scale *s, V x, V top) {
    V below = v_sub(top, x), zero = v_set(0);
    if (s->anchored) x = v_sub(x, s->anchor);
    V e = row_one_exp(&(row_scale){.lowest = s->lowest, .magic = s->magic}, x);
    M out = v_lt(x, s->lowest);
    e = v_sel(out, zero, e);
    m->sum = v_add(m->sum, e);
    m->first = v_add(m->first, v_sel(out, zero, v_mul(e, below)));
    m->square = v_fma(e, e, m->square);
}

/* The vector at i of the n elements at x: element `hole` and those past the end are -inf. */
NLL_INLINE V row_moment_in(const T *x, size_t i, size_t n, size_t hole) {
    V v = i + VL <= n ? v_load(x + i) : v_loadn(x + i, n - i, -INFINITY);
    if (hole - i < VL) v = v_sel(v_eq(row_iota(), v_set((T)(hole - i))), v_set(-INFINITY), v);
    return v;
}

typedef struct row_moment_sums {
    double sum[3], lost[3];
} row_moment_sums;

NLL_INLINE void row_moments_of(const T *x, size_t cols, size_t hole, const row_scale *s, V top,
                               row_moment_sums *t) {
    for (size_t c = 0; c < cols; c += ROW_BLOCK) {
        size_t end = cols - c < ROW_BLOCK ? cols : c + ROW_BLOCK;
        row_moment m = {v_set(0), v_set(0), v_set(0)};
        for (size_t i = c; i < end; i += VL)
            row_moment_add(&m, s, row_moment_in(x, i, end, hole), top);
        row_two_sum(&t->sum[0], &t->lost[0], row_fold(m.sum));
        row_two_sum(&t->sum[1], &t->lost[1], row_fold(m.first));
        row_two_sum(&t->sum[2], &t->lost[2], row_fold(m.square));
    }
}

void NLL_SYM(row_moments)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *anchor = j->in[2] ? (const T *)j->in[2] + r : NULL;
        T N = ((const T *)j->in[4])[r];
        row_scale s = {.lowest = v_set((N - ROW_LOWEST) * ROW_LN2),
                       .magic = v_set(ROW_MAGIC + ROW_BIAS - N),
                       .anchor = v_set(anchor ? *anchor : 0),
                       .anchored = anchor != NULL};
        row_moment_sums t = {{0}, {0}};
        for (unsigned k = 0; k < 3 && j->carry; k++) {
            t.sum[k] = ((const double *)j->out[2 * k])[r];
            t.lost[k] = ((const double *)j->out[2 * k + 1])[r];
        }
        row_moments_of(x, j->cols, row_hole(j, 1, r, 0), &s, v_set(((const T *)j->in[3])[r]), &t);
        for (unsigned k = 0; k < 3; k++) {
            ((double *)j->out[2 * k])[r] = row_canonical(t.sum[k]);
            ((double *)j->out[2 * k + 1])[r] = row_canonical(t.lost[k]);
        }
    }
}

#endif
