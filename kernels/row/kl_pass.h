/* row/kl_pass.h: all that KL(p||q) of two rows of logits takes, in one pass over both.
 *
 * For each row, over all columns and with e_x = exp(x) 2^-N_x, e_z = exp(z) 2^-N_z:
 *   out0  R_SUMS: sum of e_x, sum of e_z, sum of e_x (x - z - d), each and its rounding errors
 *   out1, out2  N_x, N_z          out3, out4  the maxima of x and z, -inf if there is none
 *   out5  d, the difference of the maxima of the first block, or 0
 *   in0 x, in1 z; carry: go on from the outputs
 * so that, with log-sum-exps from the sums,  KL = the third / the first + d - lse_x + lse_z.
 *
 * This cancels where the rows are nearly equal: the caller looks at the result, and takes row_kl
 * where it is not large enough.  d keeps the terms small where the rows differ by a constant only.
 *
 * As in row_lse each block has scales of its own.  A term far below its block's scale is exactly 0
 * here, so x = -inf adds nothing to the third sum.  p > 0 = q makes that sum infinite or NaN, which
 * says no more than that the caller must go the other way; so do maxima beyond +-ROW_LIMIT / 2. */
#ifndef NLL_ROW_KL_PASS_H
#define NLL_ROW_KL_PASS_H

#include "row/lse.h"

enum { PASS_SIDES = 2, PASS_SUMS = 3 };

NLL_INLINE V pass_max(V m, const T *x) {
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) m = v_max(v_load(x + k * VL), m);
    return m;
}

/* Four vectors of x and z: e_x to e, e_x (x - z - d) to gaps.  x = -inf adds nothing to the gaps,
 * whatever z is. */
NLL_INLINE void pass_group(V e[ROW_WAYS], V gaps[ROW_WAYS], const row_scale *s, V d, const T *x,
                           const T *z) {
    NLL_UNROLL for (unsigned w = 0; w < ROW_WAYS; w += NLL_CHAINS) {
        V t[NLL_CHAINS], gap[NLL_CHAINS], m[NLL_CHAINS], n[NLL_CHAINS];
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) {
            V p = v_load(x + (w + k) * VL), q = v_load(z + (w + k) * VL);
            gap[k] = v_sel(v_lt(v_set(-INFINITY), p), v_sub(v_sub(p, q), d), v_set(0));
            t[k] = v_max(s->lowest, p); /* NaN passes */
        }
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) m[k] =
            v_fma(t[k], v_set(ROW_LOG2E), s->magic);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) n[k] = v_sub(m[k], s->magic);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) t[k] = v_exp_reduce(t[k], n[k]);
        v_exp_polys(t, NLL_CHAINS);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) {
            V term = v_mul(t[k], row_factor(m[k]));
            e[w + k] = v_add(e[w + k], term);
            gaps[w + k] = v_fma(term, gap[k], gaps[w + k]);
        }
    }
}

/* row_sum_of for x, and the sum of the gaps with it. */
NLL_INLINE V pass_sums_of(const row_piece *x, const row_piece *z, const row_scale *s, V d,
                          const row_piece *later, V *top, V *gaps) {
    V e[ROW_WAYS], a[ROW_WAYS], m = v_set(-INFINITY);
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) e[k] = a[k] = v_set(0);
    size_t g = 0, both = x->groups < later->groups ? x->groups : later->groups;
    for (; g < both; g++) {
        row_prefetch(later, g, STORED_T);
        m = pass_max(m, later->group[g]);
        pass_group(e, a, s, d, x->group[g], z->group[g]);
    }
    for (size_t i = g; i < later->groups; i++) m = pass_max(m, later->group[i]);
    for (; g < x->groups; g++) pass_group(e, a, s, d, x->group[g], z->group[g]);
    *top = m;
    *gaps = v_add(v_add(a[0], a[1]), v_add(a[2], a[3]));
    return v_add(v_add(e[0], e[1]), v_add(e[2], e[3]));
}

/* A block of both rows on its way: see row_stage. */
typedef struct pass_stage {
    row_stage side[PASS_SIDES];
} pass_stage;

NLL_INLINE void pass_open(pass_stage *to, size_t row, size_t column, const nll_job sides[]) {
    for (unsigned k = 0; k < PASS_SIDES; k++)
        row_stage_open(&to->side[k], row, column, &sides[k], STORED_T);
}
NLL_INLINE void pass_scales(pass_stage *to, const V top[PASS_SIDES], const nll_job sides[]) {
    for (unsigned k = 0; k < PASS_SIDES; k++) row_stage_scale(&to->side[k], top[k], &sides[k], 0);
}

/* The sums of a block, and the maxima of a later one beside them. */
NLL_INLINE void pass_block(double sum[PASS_SUMS], V top[PASS_SIDES], const pass_stage *now,
                           pass_stage *later, T d) {
    const row_stage *x = &now->side[0], *z = &now->side[1];
    V gaps;
    row_scale s = {.lowest = v_set((x->scale - ROW_BIAS) * ROW_LN2), /* the factor is 0 there */
                   .magic = v_set(ROW_MAGIC + ROW_BIAS - x->scale)};
    sum[0] = row_fold(
        pass_sums_of(&x->piece, &z->piece, &s, v_set(d), &later->side[0].piece, &top[0], &gaps));
    sum[2] = row_fold(gaps);
    s = (row_scale){.lowest = v_set((z->scale - ROW_LOWEST) * ROW_LN2),
                    .magic = v_set(ROW_MAGIC + ROW_BIAS - z->scale)};
    sum[1] = row_fold(row_sum_of(&z->piece, &s, &later->side[1].piece, &top[1], NULL, STORED_T));
}

/* The sums of a row: of side k 2^N (S + lost), the third one times 2^N of side 0. */
typedef struct pass_state {
    row_state side[PASS_SIDES];
    double gaps, gaps_lost, d;
} pass_state;

NLL_INLINE pass_state pass_begin(const nll_job *j, size_t r, const pass_stage *first) {
    pass_state s = {0};
    if (j->carry) {
        const double *sums = (const double *)j->out[0] + 6 * r;
        for (unsigned k = 0; k < PASS_SIDES; k++)
            s.side[k] = (row_state){((const double *)j->out[1 + k])[r], sums[2 * k],
                                    sums[2 * k + 1], ((const T *)j->out[3 + k])[r]};
        s.gaps = sums[4];
        s.gaps_lost = sums[5];
        s.d = ((const double *)j->out[5])[r];
        return s;
    }
    for (unsigned k = 0; k < PASS_SIDES; k++)
        s.side[k] = (row_state){.N = -0x1p1000, .top = -INFINITY};
    T d = first->side[0].top - first->side[1].top;
    s.d = fabs((double)d) < ROW_LIMIT ? (double)d : 0;
    return s;
}

NLL_INLINE void pass_end(const nll_job *j, size_t r, const pass_state *s) {
    double *sums = (double *)j->out[0] + 6 * r;
    for (unsigned k = 0; k < PASS_SIDES; k++) {
        sums[2 * k] = row_canonical(s->side[k].S);
        sums[2 * k + 1] = row_canonical(s->side[k].lost);
        ((double *)j->out[1 + k])[r] = s->side[k].N;
        ((T *)j->out[3 + k])[r] = s->side[k].top;
    }
    sums[4] = row_canonical(s->gaps);
    sums[5] = row_canonical(s->gaps_lost);
    ((double *)j->out[5])[r] = s->d;
}

/* sum[]: of a block with the scales of `block`. */
NLL_INLINE void pass_collect(pass_state *s, const pass_stage *block, const double sum[PASS_SUMS]) {
    double before = s->side[0].N;
    for (unsigned k = 0; k < PASS_SIDES; k++) {
        row_lse_add(&s->side[k], (double)block->side[k].scale, sum[k]);
        T top = block->side[k].top;
        s->side[k].top = top > s->side[k].top ? top : s->side[k].top;
    }
    double down = row_pow2(before - s->side[0].N);
    s->gaps *= down;
    s->gaps_lost *= down;
    row_two_sum(&s->gaps, &s->gaps_lost,
                sum[2] * row_pow2((double)block->side[0].scale - s->side[0].N));
}

/* Block by block over all rows, the maxima two blocks before the sums, as in row_lse_rows. */
void NLL_SYM(row_kl_pass)(const nll_job *j) {
    const nll_job sides[PASS_SIDES] = {
        {.rows = j->rows, .cols = j->cols, .in = {j->in[0]}, .ld = {j->ld[0]}},
        {.rows = j->rows, .cols = j->cols, .in = {j->in[1]}, .ld = {j->ld[1]}}};
    pass_stage stage[3];
    pass_state state = {0};
    double sum[PASS_SUMS];
    V top[PASS_SIDES];
    if (j->rows == 0) return;
    for (unsigned i = 0; i < 2; i++) {
        pass_open(&stage[i], 0, i * ROW_BLOCK, sides);
        for (unsigned k = 0; k < PASS_SIDES; k++)
            top[k] = row_max_of(&stage[i].side[k].piece, STORED_T);
        pass_scales(&stage[i], top, sides);
    }
    for (pass_stage *now = &stage[0], *next = &stage[1], *far = &stage[2];
         now->side[0].row < j->rows;) {
        size_t r = now->side[0].row;
        if (now->side[0].column == 0) state = pass_begin(j, r, now);
        pass_open(far, next->side[0].row, next->side[0].column + ROW_BLOCK, sides);
        pass_block(sum, top, now, far, (T)state.d);
        pass_scales(far, top, sides);
        if (j->cols > 0) pass_collect(&state, now, sum);
        if (next->side[0].row != r) pass_end(j, r, &state);
        pass_stage *done = now;
        now = next;
        next = far;
        far = done;
    }
}

#endif
