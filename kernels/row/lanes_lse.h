/* row/lanes_lse.h: the log-sum-exp of rows that lie side by side, one row in each lane.
 *
 * Element (row r, class c) is in0[c ld + r]: the layout of an array whose class axis is not the
 * last one.  Inputs, outputs and bits are those of row_lse (row/lse.h): blocks of ROW_BLOCK
 * classes, each with its own scale, and inside a block the additions of the horizontal sum, lane l
 * of which is here the vector acc[l].
 *
 * Rows are taken LANES_WIDE at a time, block by block.  A block is copied, for its maxima are
 * needed before its sums, and classes that lie a power of two apart drive each other out of the
 * caches. While it is summed, which leaves the memory idle, the memory is asked for the next block.
 */
#ifndef NLL_ROW_LANES_LSE_H
#define NLL_ROW_LANES_LSE_H

#include "kernel.h"
#include "row/exps.h"

enum {
    LANES_TILES = 4,
    LANES_WIDE = LANES_TILES * VL,      /* rows side by side */
    LANES_STEPS = ROW_BLOCK / VL,       /* classes l, l + VL, ... of a block, for each l < VL */
    LANES_COPY = ROW_BLOCK * LANES_WIDE /* numbers of a block: class l + s VL is line l STEPS + s */
};

/* A block's place: its rows, its classes. */
typedef struct lanes_stage {
    size_t row, rows, column, classes, groups; /* classes 0: beyond the end */
    const T *x;
    V top[LANES_TILES], gone[LANES_TILES]; /* the maxima; column of the hole in here, or -1 */
} lanes_stage;

NLL_INLINE V lanes_load(const T *x, size_t lanes) {
    return lanes >= VL ? v_load(x) : v_loadn(x, lanes, -INFINITY);
}

/* The rows from `row` on that there are, at most `most`. */
NLL_INLINE size_t lanes_rows(const nll_job *j, size_t row, size_t most) {
    return j->rows - row < most ? j->rows - row : most;
}

NLL_INLINE void lanes_open(lanes_stage *s, size_t row, size_t column, const nll_job *j) {
    if (column >= j->cols) {
        row += LANES_WIDE;
        column = 0;
    }
    s->row = row;
    s->column = column;
    s->rows = s->classes = s->groups = 0;
    for (size_t t = 0; t < LANES_TILES; t++) {
        s->top[t] = v_set(-INFINITY);
        s->gone[t] = v_set(-1);
    }
    if (row >= j->rows) return;
    s->rows = lanes_rows(j, row, LANES_WIDE);
    s->classes = j->cols - column < ROW_BLOCK ? j->cols - column : ROW_BLOCK;
    s->groups = (s->classes + ROW_GROUP - 1) / ROW_GROUP;
    s->x = (const T *)j->in[0] + row + (ptrdiff_t)column * j->ld[0];
    if (!j->in[1]) return;
    T at[LANES_WIDE];
    for (size_t k = 0; k < LANES_WIDE; k++) {
        size_t hole = k < s->rows ? row_hole(j, 1, row + k, column) : SIZE_MAX;
        at[k] = hole < s->classes ? (T)hole : (T)-1;
    }
    for (size_t t = 0; t < LANES_TILES; t++) s->gone[t] = v_load(at + t * VL);
}

/* Copies the block, without the holes, and takes its maxima. */
NLL_INLINE void lanes_copy(lanes_stage *s, T *copy, ptrdiff_t ld, int holes) {
    const T *x = s->x;
    for (size_t class = 0; class < s->classes; class ++, x += ld) {
        T *to = copy + (class % VL * LANES_STEPS + class / VL) * LANES_WIDE;
        for (unsigned t = 0; t < LANES_TILES && t * VL < s->rows; t++) {
            V v = lanes_load(x + t * VL, s->rows - t * VL);
            if (holes) v = v_sel(v_eq(s->gone[t], v_set((T) class)), v_set(-INFINITY), v);
            s->top[t] = v_max(v, s->top[t]);
            v_store(to + t * VL, v);
        }
    }
}

/* Asks the memory for a class of a block to come. */
NLL_INLINE void lanes_ask(const lanes_stage *s, size_t class, ptrdiff_t ld) {
    if (class >= s->classes) return;
    const T *x = s->x + (ptrdiff_t) class * ld;
    NLL_UNROLL for (unsigned t = 0; t < LANES_TILES; t++) __builtin_prefetch(x + t * VL);
    __builtin_prefetch(x + LANES_WIDE - 1);
}

/* way[k] += class k of a group of lane l; one that is missing adds what -inf would. */
NLL_INLINE void lanes_sum_group(V way[ROW_WAYS], const row_scale *scale, const T *copy,
                                size_t class, size_t classes, V none) {
    if (class + (ROW_WAYS - 1) * VL < classes) {
        NLL_UNROLL for (unsigned w = 0; w < ROW_WAYS; w += NLL_CHAINS) {
            V x[NLL_CHAINS];
            NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) x[k] =
                v_load(copy + (w + k) * LANES_WIDE);
            row_add_exps(way + w, scale, x, NLL_CHAINS);
        }
        return;
    }
    for (unsigned k = 0; k < ROW_WAYS; k++) {
        if (class + k * VL < classes) {
            V x = v_load(copy + k * LANES_WIDE);
            row_add_exps(&way[k], scale, &x, 1);
        } else {
            way[k] = v_add(way[k], none);
        }
    }
}

/* acc[t][l]: the sums over the classes l, l + VL, ... of a block. */
NLL_INLINE void lanes_sum(V acc[LANES_TILES][VL], const row_scale *scale, const lanes_stage *s,
                          const lanes_stage *next, const T *copy, ptrdiff_t ld) {
    size_t ask = 0;
    for (unsigned t = 0; t * VL < s->rows; t++) {
        V none = row_one_exp(&scale[t], v_set(-INFINITY));
        for (size_t l = 0; l < VL; l++) {
            const T *from = copy + l * LANES_STEPS * LANES_WIDE + t * VL;
            V way[ROW_WAYS];
            NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) way[k] = v_set(0);
            for (size_t g = 0; g < s->groups; g++, from += ROW_WAYS * LANES_WIDE) {
                lanes_ask(next, ask++, ld);
                lanes_sum_group(way, &scale[t], from, g * ROW_GROUP + l, s->classes, none);
            }
            acc[t][l] = v_add(v_add(way[0], way[1]), v_add(way[2], way[3]));
        }
    }
}

/* The running sums of VL rows: row_state of row/lse.h, one in each lane. */
typedef struct lanes_state {
    double N[VL], S[VL], lost[VL];
    V top;
} lanes_state;

NLL_INLINE vd lanes_pow2(vd k) {
    vd p = d_pow2(d_max(k, d_set(-1022.0)));
    return d_sel(d_lt(k, d_set(-1022.0)), d_set(0), p);
}

/* Sb 2^Nb into the states: row_lse_add, lane by lane. */
NLL_INLINE void lanes_add(lanes_state *r, const double *Nb, const double *Sb) {
    for (size_t k = 0; k < VL; k += D_LANES) {
        vd was = d_load(r->N + k), now = d_load(Nb + k), N = d_max(now, was);
        vd down = lanes_pow2(d_sub(was, N)), x = d_mul(d_load(Sb + k), lanes_pow2(d_sub(now, N)));
        vd sum = d_mul(d_load(r->S + k), down), lost = d_mul(d_load(r->lost + k), down);
        vd s = d_add(sum, x), b = d_sub(s, sum); /* row_two_sum */
        lost = d_add(lost, d_add(d_sub(sum, d_sub(s, b)), d_sub(x, b)));
        d_store(r->N + k, N);
        d_store(r->S + k, s);
        d_store(r->lost + k, lost);
    }
}

NLL_INLINE void lanes_begin(lanes_state *r, const nll_job *j, size_t row, size_t lanes) {
    r->top = v_set(-INFINITY);
    for (size_t k = 0; k < VL; k++) {
        int carried = j->carry && k < lanes;
        r->N[k] = carried ? ((const double *)j->out[0])[row + k] : -0x1p1000;
        r->S[k] = carried ? ((const double *)j->out[1])[row + k] : 0;
        r->lost[k] = carried ? ((const double *)j->out[2])[row + k] : 0;
    }
    if (j->carry) r->top = lanes_load((const T *)j->out[3] + row, lanes);
}

NLL_INLINE void lanes_end(const lanes_state *r, const nll_job *j, size_t row, size_t lanes) {
    for (size_t k = 0; k < lanes; k++) {
        ((double *)j->out[0])[row + k] = r->N[k];
        ((double *)j->out[1])[row + k] = row_canonical(r->S[k]);
        ((double *)j->out[2])[row + k] = row_canonical(r->lost[k]);
    }
    v_storen((T *)j->out[3] + row, r->top, lanes);
}

/* A block into the states of its rows. */
NLL_INLINE void lanes_block(lanes_stage *s, const lanes_stage *next, lanes_state *state, T *copy,
                            const nll_job *j, int anchored, int holes) {
    V acc[LANES_TILES][VL];
    double Nb[LANES_TILES][VL], Sb[VL];
    row_scale scale[LANES_TILES];
    lanes_copy(s, copy, j->ld[0], holes);
    for (size_t t = 0; t < LANES_TILES; t++) {
        V top = v_add(s->top[t], v_set(0)), anchor = v_set(0); /* -0 becomes +0 */
        if (anchored && t * VL < s->rows)
            anchor = lanes_load((const T *)j->in[2] + s->row + t * VL, s->rows - t * VL);
        V N = lse_scale_all(anchored ? v_sub(top, anchor) : top, Nb[t]);
        scale[t] = (row_scale){.lowest = v_mul(v_sub(N, v_set(ROW_LOWEST)), v_set(ROW_LN2)),
                               .magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), N),
                               .anchor = anchor,
                               .anchored = anchored};
        state[t].top = v_max(top, state[t].top);
    }
    lanes_sum(acc, scale, s, next, copy, j->ld[0]);
    for (size_t t = 0; t * VL < s->rows; t++) {
        lse_fold_all(acc[t], Sb);
        lanes_add(&state[t], Nb[t], Sb);
    }
}

NLL_INLINE void lanes_lse_rows(const nll_job *j, int anchored, int holes) {
    _Alignas(64) T copy[LANES_COPY];
    lanes_state state[LANES_TILES];
    lanes_stage now, next;
    for (lanes_open(&now, 0, 0, j); now.classes > 0; now = next) {
        lanes_open(&next, now.row, now.column + ROW_BLOCK, j);
        for (size_t t = 0; t * VL < now.rows && now.column == 0; t++)
            lanes_begin(&state[t], j, now.row + t * VL, lanes_rows(j, now.row + t * VL, VL));
        lanes_block(&now, &next, state, copy, j, anchored, holes);
        for (size_t t = 0; t * VL < now.rows && next.row != now.row; t++)
            lanes_end(&state[t], j, now.row + t * VL, lanes_rows(j, now.row + t * VL, VL));
    }
}

/* No class at all: nothing, or what there was. */
NLL_INLINE void lanes_lse_none(const nll_job *j) {
    lanes_state state;
    for (size_t r = 0; r < j->rows; r += VL) {
        size_t lanes = lanes_rows(j, r, VL);
        lanes_begin(&state, j, r, lanes);
        lanes_end(&state, j, r, lanes);
    }
}

void NLL_SYM(lanes_lse)(const nll_job *j) {
    if (j->cols == 0)
        lanes_lse_none(j);
    else if (j->in[2])
        lanes_lse_rows(j, 1, j->in[1] != NULL);
    else if (j->in[1])
        lanes_lse_rows(j, 0, 1);
    else
        lanes_lse_rows(j, 0, 0);
}

#endif
