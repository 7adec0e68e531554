/* row/lse.h: log-sum-exp of rows as integer scale and mantissa sum.
 *
 * For each row: sum_j exp(x_j - anchor) = 2^N S, over all columns but the hole.
 *   out0 N (double, integer)   out1 S and out2 its rounding errors (the sum is S + out2)
 *   out3 the maximum of x over the same columns, -inf if there is none
 *   in0 x [rows, cols]   in1 hole   in2 anchor   carry: go on from out0 .. out3
 *
 * Each block b has its own N_b = rint(max_b log2 e); its terms are scaled by 2^(n - N_b) when they
 * are made, which is exact: there is no rounded x - max, and no block's bits depend on another's.
 * Terms below 2^-125 (double: 2^-1020) of the block's scale, masked ones among them, come out as
 * that; the sum is at least 0.7 then and does not feel them.  A block without any term above that,
 * and a row without one, is for the caller: its maximum is -inf.
 *
 * |x - anchor| may be anything, but N follows the maximum only within +-ROW_LIMIT: the caller takes
 * rows whose maximum lies beyond half of that with anchor = maximum, where x - anchor is exact for
 * every element that matters (Sterbenz).  NaN and +inf give NaN. */
#ifndef NLL_ROW_LSE_H
#define NLL_ROW_LSE_H

#include "row/block.h"

/* Twice the magnitude up to which rows are taken without an anchor; n stays exact far beyond. */
#define ROW_LIMIT 0x1p17

/* The maximum of n elements but for the hole, NaN skipped. */
NLL_INLINE V row_max_of(const T *x, size_t n, size_t hole) {
    V m0 = v_set(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    for (size_t i = 0; i < n; i += ROW_GROUP) {
        if (row_plain(i, n, hole)) {
            m0 = v_max(v_load(x + i), m0);
            m1 = v_max(v_load(x + i + VL), m1);
            m2 = v_max(v_load(x + i + 2 * VL), m2);
            m3 = v_max(v_load(x + i + 3 * VL), m3);
        } else {
            for (size_t k = i; k < n && k < i + ROW_GROUP; k += VL)
                m0 = v_max(row_vector(x, k, n, hole), m0);
        }
    }
    return v_max(v_max(m1, m0), v_max(m3, m2));
}

/* For exp(x - anchor) 2^-N, at least 2^-ROW_LOWEST; magic is ROW_MAGIC + ROW_BIAS - N. */
typedef struct row_scale {
    V lowest, magic, anchor;
    int anchored;
} row_scale;

/* acc + exp(x - anchor) 2^-N: the product p(t) 2^(n-N) is exact, the sum is the one rounding.  A
 * product, not an addition to the exponent's bits, since a NaN must stay one. */
NLL_INLINE V row_add_exp(V acc, const row_scale *s, V x) {
    if (s->anchored) x = v_sub(x, s->anchor);
    x = v_max(s->lowest, x); /* NaN passes */
    V z = v_fma(x, v_set(ROW_LOG2E), s->magic);
    V n = v_sub(z, s->magic);
    return v_fma(v_exp_poly(v_exp_reduce(x, n)), row_factor(z), acc);
}

/* The sums take most of the time: meanwhile the memory is asked for that the maxima of the next
 * blocks will read, ROW_AHEAD bytes on (in the next rows where these are short). */
enum { ROW_TOGETHER = 4, ROW_AHEAD = 3 * ROW_TOGETHER * ROW_BLOCK * sizeof(T) / 2 };
NLL_INLINE void row_prefetch(const T *x) {
    for (int line = 0; line < ROW_WAYS; line++)
        __builtin_prefetch((const char *)x + ROW_AHEAD + 64 * line);
}

NLL_INLINE V row_sum_of(const T *x, size_t n, size_t hole, const row_scale *s) {
    V a0 = v_set(0), a1 = a0, a2 = a0, a3 = a0;
    for (size_t i = 0; i < n; i += ROW_GROUP) {
        if (row_plain(i, n, hole)) {
            row_prefetch(x + i);
            a0 = row_add_exp(a0, s, v_load(x + i));
            a1 = row_add_exp(a1, s, v_load(x + i + VL));
            a2 = row_add_exp(a2, s, v_load(x + i + 2 * VL));
            a3 = row_add_exp(a3, s, v_load(x + i + 3 * VL));
        } else {
            size_t k = i;
            a0 = row_add_exp(a0, s, row_vector(x, k, n, hole));
            if ((k += VL) < n) a1 = row_add_exp(a1, s, row_vector(x, k, n, hole));
            if ((k += VL) < n) a2 = row_add_exp(a2, s, row_vector(x, k, n, hole));
            if ((k += VL) < n) a3 = row_add_exp(a3, s, row_vector(x, k, n, hole));
        }
    }
    return v_add(v_add(a0, a1), v_add(a2, a3));
}

/* N of a block from its maximum. */
NLL_INLINE T row_scale_of(T m, const T *anchor) {
    double shifted = anchor ? (double)(T)(m - *anchor) : (double)m;
    shifted = shifted > -ROW_LIMIT ? shifted : -ROW_LIMIT;
    shifted = shifted < ROW_LIMIT ? shifted : ROW_LIMIT;
    return (T)rint(shifted * D_LOG2E);
}

/* The sum of one block with scale Nb into the row's state N, S, lost. */
NLL_INLINE void row_lse_block(const T *x, size_t n, size_t hole, const T *anchor, T Nb, double *N,
                              double *S, double *lost) {
    /* z = n - Nb + bias + MAGIC: its low bits are the exponent of the term's factor */
    row_scale s = {.lowest = v_set((Nb - ROW_LOWEST) * ROW_LN2),
                   .magic = v_set(ROW_MAGIC + ROW_BIAS - Nb),
                   .anchor = v_set(anchor ? *anchor : 0),
                   .anchored = anchor != NULL};
    double Sb = row_fold(row_sum_of(x, n, hole, &s));
    if ((double)Nb > *N) {
        double down = row_pow2(*N - (double)Nb);
        *N = (double)Nb;
        *S *= down;
        *lost *= down;
    } else {
        Sb *= row_pow2((double)Nb - *N);
    }
    row_two_sum(S, lost, Sb);
}

#include "row/lse_short.h"

NLL_INLINE void row_lse_rows(const nll_job *j, int anchored) {
    double *N = j->out[0], *S = j->out[1], *lost = j->out[2];
    T *top = j->out[3];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *anchor = anchored ? (const T *)j->in[2] + r : NULL;
        double n = j->carry ? N[r] : -0x1p1000, s = j->carry ? S[r] : 0;
        double l = j->carry ? lost[r] : 0;
        T m = j->carry ? top[r] : (T)-INFINITY;
        /* the maxima of some blocks first: their folds take long, but go on side by side */
        for (size_t c = 0; c < j->cols; c += ROW_TOGETHER * ROW_BLOCK) {
            T scale[ROW_TOGETHER];
            size_t last =
                c + ROW_TOGETHER * ROW_BLOCK < j->cols ? c + ROW_TOGETHER * ROW_BLOCK : j->cols;
            for (size_t b = c, i = 0; b < last; b += ROW_BLOCK, i++) {
                size_t k = last - b < ROW_BLOCK ? last - b : ROW_BLOCK;
                T top_b = v_hmax(row_max_of(x + b, k, row_hole(j, 1, r, b, k))) + 0; /* -0: +0 */
                scale[i] = row_scale_of(top_b, anchor);
                m = top_b > m ? top_b : m;
            }
            for (size_t b = c, i = 0; b < last; b += ROW_BLOCK, i++) {
                size_t k = last - b < ROW_BLOCK ? last - b : ROW_BLOCK;
                row_lse_block(x + b, k, row_hole(j, 1, r, b, k), anchor, scale[i], &n, &s, &l);
            }
        }
        N[r] = n;
        S[r] = row_canonical(s);
        lost[r] = row_canonical(l);
        top[r] = m;
    }
}

/* Row r of the job and those after it. */
NLL_INLINE nll_job row_lse_from(const nll_job *j, size_t r) {
    nll_job rest = *j;
    rest.rows = j->rows - r;
    rest.in[0] = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
    if (j->in[1]) rest.in[1] = (const int64_t *)j->in[1] + r;
    for (unsigned o = 0; o < 3; o++) rest.out[o] = (double *)j->out[o] + r;
    rest.out[3] = (T *)j->out[3] + r;
    return rest;
}

void NLL_SYM(row_lse)(const nll_job *j) {
    if (j->in[2]) {
        row_lse_rows(j, 1);
    } else {
        nll_job rest = row_lse_from(j, j->carry ? 0 : row_lse_short(j));
        row_lse_rows(&rest, 0);
    }
}

/* out0: the maximum of each row but for its hole (in1), NaN skipped; -inf if there is none. */
void NLL_SYM(row_max)(const nll_job *j) {
    T *top = j->out[0];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        T m = v_hmax(row_max_of(x, j->cols, row_hole(j, 1, r, 0, j->cols)));
        top[r] = j->carry && !(m > top[r]) ? top[r] : m;
    }
}

/* out0: the first column of each row that equals in1[row]; -1 if none does.  carry: the number of
 * columns in ld[1] has gone before, and rows already found are left alone. */
void NLL_SYM(row_find)(const nll_job *j) {
    const T *value = j->in[1];
    int64_t *found = j->out[0];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        if (j->carry && found[r] >= 0) continue;
        found[r] = -1;
        V v = v_set(value[r]);
        for (size_t c = 0; c < j->cols && found[r] < 0; c += VL) {
            size_t k = j->cols - c < VL ? j->cols - c : VL;
            V y = k == VL ? v_load(x + c) : v_loadn(x + c, k, (T)NAN);
            unsigned hit = m_bits(v_eq(y, v));
            if (hit) found[r] = (int64_t)c + (j->carry ? j->ld[1] : 0) + __builtin_ctz(hit);
        }
    }
}

#endif
