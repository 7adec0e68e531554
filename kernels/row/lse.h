/* row/lse.h: log-sum-exp of rows as integer scale and mantissa sum.
 *
 * For each row: sum_j exp(x_j - anchor) = 2^N S, over all columns but the hole.
 *   out0 N (double, integer)   out1 S and out2 its rounding errors (the sum is S + out2)
 *   out3 the maximum of x over the same columns, -inf if there is none
 *   in0 x [rows, cols]   in1 hole   in2 anchor   carry: go on from out0 .. out3
 *   par: see row_ask of row/block.h: what will be read next
 * row_lse_f16, row_lse_bf16: x in half precision, no anchor, no par; the bits are those of row_lse
 * for x as floats.
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
#include "row/exps.h"

/* Four running maxima; NaN is skipped.  Halves are floats from here on. */
NLL_INLINE void row_max_group(V m[ROW_WAYS], row_piece *p, size_t g, enum stored as) {
    const void *from = p->group[g];
    T *to = as == STORED_T ? NULL : p->wide + g * ROW_GROUP;
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) {
        V x = stored_load(from, k * VL, as);
        m[k] = v_max(x, m[k]);
        if (as != STORED_T) v_store(to + k * VL, x);
    }
    if (as != STORED_T) p->group[g] = to;
}
/* The sums take most of the time: meanwhile the memory is asked for that the maxima will read,
 * ROW_AHEAD bytes on (in the next rows where these are short). */
enum { ROW_AHEAD = 6 * ROW_BLOCK * sizeof(T) };
NLL_INLINE void row_prefetch(const row_piece *p, size_t g, enum stored as) {
    const size_t bytes = ROW_GROUP * stored_size(as);
    NLL_UNROLL for (size_t line = 0; line < bytes; line += 64)
        __builtin_prefetch((const char *)p->from + g * bytes + ROW_AHEAD + line, 0, 2);
}
NLL_INLINE V row_max_of(row_piece *p, enum stored as) {
    V m[ROW_WAYS];
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) m[k] = v_set(-INFINITY);
    for (size_t g = 0; g < p->groups; g++) {
        row_prefetch(p, g, as);
        row_max_group(m, p, g, as);
    }
    return v_max(v_max(m[1], m[0]), v_max(m[3], m[2]));
}

/* Or, of a tile, what the next one is made of. */
NLL_INLINE void row_ask_next(row_ask *ask) {
    for (unsigned line = 0; line < ROW_ASK; line++)
        __builtin_prefetch((const void *)(ask->at + 64 * line), 0, 2);
    __builtin_prefetch((const void *)(ask->at + 64 * ROW_ASK - 1), 0, 2);
    row_ask_on(ask);
}
NLL_INLINE void row_sum_group(V a[ROW_WAYS], const row_scale *s, const T *from) {
    NLL_UNROLL for (unsigned w = 0; w < ROW_WAYS; w += NLL_CHAINS) {
        V x[NLL_CHAINS];
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) x[k] = v_load(from + (w + k) * VL);
        row_add_exps(a + w, s, x, NLL_CHAINS);
    }
}

/* The sum of a block whose scale is known, and the maximum of a later one: the maxima run beside
 * the sums, which leave the memory idle.  ask: NULL but for tiles. */
NLL_INLINE V row_sum_of(const row_piece *p, const row_scale *s, row_piece *later, V *top,
                        row_ask *ask, enum stored as) {
    V a[ROW_WAYS], m[ROW_WAYS];
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) {
        a[k] = v_set(0);
        m[k] = v_set(-INFINITY);
    }
    size_t g = 0, both = p->groups < later->groups ? p->groups : later->groups;
    for (; g < both; g++) {
        if (ask)
            row_ask_next(ask);
        else
            row_prefetch(later, g, as);
        row_max_group(m, later, g, as);
        row_sum_group(a, s, p->group[g]);
    }
    for (size_t i = g; i < later->groups; i++) row_max_group(m, later, i, as);
    for (; g < p->groups; g++) row_sum_group(a, s, p->group[g]);
    *top = v_max(v_max(m[1], m[0]), v_max(m[3], m[2]));
    return v_add(v_add(a[0], a[1]), v_add(a[2], a[3]));
}

/* N of a block from its maximum. */
NLL_INLINE T row_scale_of(T m, const T *anchor) {
    double shifted = anchor ? (double)(T)(m - *anchor) : (double)m;
    shifted = shifted > -ROW_LIMIT ? shifted : -ROW_LIMIT;
    shifted = shifted < ROW_LIMIT ? shifted : ROW_LIMIT;
    return (T)rint(shifted * D_LOG2E);
}

/* The running sum of a row: 2^N (S + lost). */
typedef struct row_state {
    double N, S, lost;
    T top;
} row_state;

/* Sb 2^Nb into the row's state; the factors are exact, and which of them is 1 is chance. */
NLL_INLINE void row_lse_add(row_state *r, double Nb, double Sb) {
    double N = Nb > r->N ? Nb : r->N, down = row_pow2(r->N - N);
    r->S *= down;
    r->lost *= down;
    r->N = N;
    row_two_sum(&r->S, &r->lost, Sb * row_pow2(Nb - N));
}

#include "row/lse_short.h"

/* A block on its way: which it is, then its elements, then its maximum and scale. */
typedef struct row_stage {
    row_piece piece;
    size_t row, column;
    T top, scale;
} row_stage;

/* The block of `row` at `column`, the first of the next row where `column` is past the end; empty
 * beyond the last row. */
NLL_INLINE void row_stage_open(row_stage *to, size_t row, size_t column, const nll_job *j,
                               enum stored as) {
    int over = column > 0 && column >= j->cols;
    to->row = row + (size_t)over;
    to->column = over ? 0 : column;
    to->piece.groups = 0;
    if (to->row >= j->rows || j->cols == 0) return;
    size_t left = j->cols - to->column, n = left < ROW_BLOCK ? left : ROW_BLOCK;
    size_t hole = row_hole(j, 1, to->row, to->column);
    ptrdiff_t at = (ptrdiff_t)to->row * j->ld[0] + (ptrdiff_t)to->column;
    if (as == STORED_T)
        row_open(&to->piece, (const T *)j->in[0] + at, n, hole, j->in[1] != NULL);
    else
        row_open_halves(&to->piece, (const uint16_t *)j->in[0] + at, n, to->column, hole,
                        j->in[1] != NULL, as);
}

NLL_INLINE void row_stage_scale(row_stage *to, V top, const nll_job *j, int anchored) {
    if (to->row >= j->rows) return;
    to->top = v_hmax(top) + 0; /* -0: +0 */
    to->scale = row_scale_of(to->top, anchored ? (const T *)j->in[2] + to->row : NULL);
}

/* Block by block over all rows.  The maximum of a block is taken two blocks before its sum: from it
 * to the block's scale is a long way, on which the sum between does not wait. */
NLL_INLINE void row_lse_rows(const nll_job *j, int anchored, int tile, enum stored as) {
    double *N = j->out[0], *S = j->out[1], *lost = j->out[2];
    T *top = j->out[3];
    row_stage stage[3];
    row_state state = {0};
    row_ask ask = row_ask_of(j, j->in[0]);
    _Alignas(64) T wide[3][ROW_BLOCK];
    if (j->rows == 0) return;
    for (unsigned i = 0; i < 3 && as != STORED_T; i++) stage[i].piece.wide = wide[i];
    row_stage_open(&stage[0], 0, 0, j, as);
    row_stage_scale(&stage[0], row_max_of(&stage[0].piece, as), j, anchored);
    row_stage_open(&stage[1], 0, ROW_BLOCK, j, as);
    row_stage_scale(&stage[1], row_max_of(&stage[1].piece, as), j, anchored);
    for (row_stage *now = &stage[0], *next = &stage[1], *far = &stage[2]; now->row < j->rows;) {
        size_t r = now->row;
        if (now->column == 0) {
            state = (row_state){.N = -0x1p1000, .top = -INFINITY};
            if (j->carry) state = (row_state){N[r], S[r], lost[r], top[r]};
        }
        row_stage_open(far, next->row, next->column + ROW_BLOCK, j, as);
        /* z = n - Nb + bias + MAGIC: its low bits are the exponent of the term's factor */
        row_scale s = {.lowest = v_set((now->scale - ROW_LOWEST) * ROW_LN2),
                       .magic = v_set(ROW_MAGIC + ROW_BIAS - now->scale),
                       .anchor = v_set(anchored ? ((const T *)j->in[2])[r] : 0),
                       .anchored = anchored};
        V maximum;
        double sum =
            row_fold(row_sum_of(&now->piece, &s, &far->piece, &maximum, tile ? &ask : NULL, as));
        row_stage_scale(far, maximum, j, anchored);
        state.top = now->top > state.top ? now->top : state.top;
        if (j->cols > 0) row_lse_add(&state, (double)now->scale, sum);
        if (next->row != r) {
            N[r] = state.N;
            S[r] = row_canonical(state.S);
            lost[r] = row_canonical(state.lost);
            top[r] = state.top;
        }
        row_stage *done = now;
        now = next;
        next = far;
        far = done;
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
        row_lse_rows(j, 1, 0, STORED_T);
    } else {
        nll_job rest = row_lse_from(j, j->carry ? 0 : row_lse_short(j));
        if (j->par[1] != 0)
            row_lse_rows(&rest, 0, 1, STORED_T);
        else
            row_lse_rows(&rest, 0, 0, STORED_T);
    }
}

#if defined(NLL_T_F32)
void NLL_SYM(row_lse_f16)(const nll_job *j) { row_lse_rows(j, 0, 0, STORED_F16); }
void NLL_SYM(row_lse_bf16)(const nll_job *j) { row_lse_rows(j, 0, 0, STORED_BF16); }
#endif

/* out0: the maximum of each row but for its hole (in1), NaN skipped; -inf if there is none. */
void NLL_SYM(row_max)(const nll_job *j) {
    T *top = j->out[0];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        V m = v_set(-INFINITY);
        for (size_t c = 0; c < j->cols; c += ROW_BLOCK) {
            row_piece piece;
            size_t n = j->cols - c < ROW_BLOCK ? j->cols - c : ROW_BLOCK;
            row_open(&piece, x + c, n, row_hole(j, 1, r, c), j->in[1] != NULL);
            m = v_max(row_max_of(&piece, STORED_T), m);
        }
        T most = v_hmax(m);
        top[r] = j->carry && !(most > top[r]) ? top[r] : most;
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
