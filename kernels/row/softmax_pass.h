/* row/softmax_pass.h: log-sum-exps of rows that keep their exponentials, and beside them, since
 * those leave the memory idle, the gradients that kept ones of other rows become.
 *
 * Of x, as row_lse, which makes the same bits (N, and S + lost rounded once, and the maximum):
 *   in0 x [rows, cols] or NULL: nothing of this   in1 hole   carry: go on from out0 .. out4
 *   out0 N   out1 S   out2 its rounding errors   out3 the maximum
 *   out4 R, the scale of the row's first block with a finite maximum; -inf without one; NaN where
 *        another's lies further than KEEP_NEAR from it: there is no one scale for the row
 *   out5 e_j = exp(x_j) 2^(U - R), U = KEEP_UP, exact products of a polynomial and a power of two,
 *        0 where that is below the normal range; of no use where R is NaN.  NULL: not wanted
 * Of kept ones:
 *   in2 e [rows, cols] or NULL: nothing of this   in3 {f, k} per row, see row_softmax_grad   in4 R
 *   in5 a column of each row that becomes in6, or -1; NULL: none
 *   out6 g_j = f 2^(R - k - U) e_j: the bits of row_softmax_grad for numbers e, finite f,
 *        NLL_PASS_LEAST <= R - k <= NLL_PASS_MOST.  Below them the factor is 0
 *   in2 may be out5: a row of it is read just before that of the same number is written
 * par0: not 0: g goes past the caches
 * row_softmax_pass_f16, row_softmax_pass_bf16: x and g in half precision, g rounded from float. */
#ifndef NLL_ROW_SOFTMAX_PASS_H
#define NLL_ROW_SOFTMAX_PASS_H

#include "row/lse.h"

#if defined(NLL_T_F32)
#define KEEP_UP ((float)NLL_PASS_UP_F32)
#define KEEP_NEAR 56.0f
#define KEEP_EXPONENT (-126.0f)
#else
#define KEEP_UP ((double)NLL_PASS_UP_F64)
#define KEEP_NEAR 300.0
#define KEEP_EXPONENT (-1022.0)
#endif

/* f 2^(R - k - U); 0 below the normal range. */
NLL_INLINE T keep_factor(const double *coef, T R) {
    double power = (double)R - coef[1] - (double)KEEP_UP;
    power = power < 0 ? power : 0;
    return (T)(coef[0] * row_pow2(power >= (double)KEEP_EXPONENT ? power : -HUGE_VAL));
}

/* Past the caches go whole lines.  One that two rows share waits here until the second begins. */
enum { KEEP_LINE = 64 };
typedef struct keep_line {
    _Alignas(KEEP_LINE) unsigned char bytes[KEEP_LINE];
    size_t held; /* of them */
} keep_line;

/* A row of kept exponentials on its way to be a gradient: columns before `at` are there. */
typedef struct keep_due {
    V f;
    const T *e;
    void *g;
    size_t at, n, hole;
    T value;
    int more; /* another row begins where this one ends */
    keep_line *line;
} keep_due;

/* How gradients are written. */
typedef struct keep_way {
    int stream; /* past the caches */
    enum stored as;
} keep_way;

/* The next k <= VL columns. */
NLL_INLINE V keep_due_vector(const keep_due *d, size_t k) {
    V y = v_mul(v_loadn(d->e + d->at, k, 0), d->f);
    if (d->hole - d->at >= k) return y;
    T whole[VL];
    v_store(whole, y);
    whole[d->hole - d->at] = d->value;
    return v_load(whole);
}
/* Columns from `at` up to `end`, which are no whole group, to `to`. */
NLL_INLINE void keep_due_some(keep_due *d, size_t end, void *to, keep_way way) {
    for (size_t from = d->at; d->at < end; d->at += VL) {
        size_t k = end - d->at < VL ? end - d->at : VL;
        V y = keep_due_vector(d, k);
        if (k == VL)
            stored_store(to, d->at - from, y, way.as, way.stream);
        else
            stored_storen(to, d->at - from, y, k, way.as);
    }
    d->at = end;
}
/* The next group.  After k of them the row's first k ROW_GROUP columns are there at least. */
NLL_INLINE void keep_due_group(keep_due *d, keep_way way) {
    enum { WRITE_AHEAD = 4096 };
    V y[ROW_WAYS];
    const size_t size = stored_size(way.as);
    char *g = (char *)d->g + d->at * size;
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) y[k] =
        v_mul(v_load(d->e + d->at + k * VL), d->f);
    if (d->hole - d->at < ROW_GROUP) { /* once in a row */
        _Alignas(64) T whole[ROW_GROUP];
        NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) v_store(whole + k * VL, y[k]);
        whole[d->hole - d->at] = d->value;
        NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) y[k] = v_load(whole + k * VL);
    }
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) {
        if (!way.stream && k * VL * size % 64 == 0)
            __builtin_prefetch(g + k * VL * size + WRITE_AHEAD, 1, 2);
        stored_store(g, k * VL, y[k], way.as, way.stream);
    }
    d->at += ROW_GROUP;
}
/* Where the next column goes. */
NLL_INLINE void *keep_due_place(const keep_due *d, keep_way way) {
    return (char *)d->g + d->at * stored_size(way.as);
}

/* The columns before the first whole line. */
NLL_INLINE void keep_due_begin(keep_due *d, keep_way way) {
    const size_t size = stored_size(way.as);
    const keep_way here = {0, way.as};
    keep_line *line = d->line;
    size_t head = (size_t)(-(uintptr_t)d->g % KEEP_LINE) / size;
    if (line->held == 0) {
        keep_due_some(d, head < d->n ? head : d->n, d->g, here);
        return;
    }
    V whole;
    keep_due_some(d, head, line->bytes + line->held, here);
    memcpy(&whole, line->bytes, sizeof whole);
    v_stream((T *)((uintptr_t)d->g - line->held), whole);
    line->held = 0;
}
/* What is left of a row, less than a group. */
NLL_INLINE void keep_due_end(keep_due *d, keep_way way) {
    const size_t size = stored_size(way.as);
    size_t rest = way.stream ? (d->n - d->at) % (KEEP_LINE / size) : 0;
    keep_due_some(d, d->n - rest, keep_due_place(d, way), way);
    if (rest == 0) return;
    d->line->held = d->more ? rest * size : 0;
    keep_due_some(d, d->n, d->more ? (void *)d->line->bytes : keep_due_place(d, way),
                  (keep_way){0, way.as});
}
/* Row r of the job.  What is no whole line, of rows that touch the end of the last, is asked for in
 * time, since a store that waits holds up those after it. */
NLL_INLINE keep_due keep_due_row(const nll_job *j, size_t r, keep_line *line, keep_way way) {
    enum { LAST_AHEAD = 4096 };
    const size_t size = stored_size(way.as), bytes = j->cols * size;
    const int touch = j->out_ld[6] == (ptrdiff_t)j->cols && j->cols >= ROW_GROUP;
    char *g = (char *)j->out[6] + (ptrdiff_t)r * j->out_ld[6] * (ptrdiff_t)size;
    keep_due d = {
        .e = (const T *)j->in[2] + (ptrdiff_t)r * j->ld[2],
        .g = g,
        .f = v_set(keep_factor((const double *)j->in[3] + 4 * r, ((const T *)j->in[4])[r])),
        .n = j->cols,
        .hole = row_hole(j, 5, r, 0),
        .more = touch && r + 1 < j->rows,
        .line = line};
    if (j->in[5]) d.value = ((const T *)j->in[6])[r];
    if (way.stream) {
        size_t rows = touch ? j->rows - 1 : 1 + LAST_AHEAD / (bytes + 1); /* from this one on */
        uintptr_t end = (uintptr_t)g + bytes + rows * (uintptr_t)j->out_ld[6] * size;
        if (end % KEEP_LINE != 0 && !(touch && r > 0))
            __builtin_prefetch((const void *)(end - 1), 1);
        keep_due_begin(&d, way);
    }
    return d;
}

/* A block that keeps its exponentials: where they go, of n columns. */
typedef struct keep_block {
    T *e;
    size_t n;
    _Alignas(64) T spill[ROW_GROUP];
} keep_block;

NLL_INLINE void keep_group(V a[ROW_WAYS], const row_scale *s, V floor, const T *from, T *to) {
    NLL_UNROLL for (unsigned w = 0; w < ROW_WAYS; w += NLL_CHAINS) {
        V x[NLL_CHAINS], z[NLL_CHAINS], n[NLL_CHAINS];
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) {
            x[k] = v_max(s->lowest, v_load(from + (w + k) * VL)); /* NaN passes */
            z[k] = v_fma(x[k], v_set(ROW_LOG2E), s->magic);
        }
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) n[k] = v_sub(z[k], s->magic);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) x[k] = v_exp_reduce(x[k], n[k]);
        v_exp_polys(x, NLL_CHAINS);
        NLL_UNROLL for (unsigned k = 0; k < NLL_CHAINS; k++) {
            V e = v_mul(x[k], row_factor(z[k]));
            a[w + k] = v_add(v_max(floor, e), a[w + k]); /* NaN passes */
            v_store(to + (w + k) * VL, e);
        }
    }
}

/* row_sum_of that keeps its terms, and what is due beside it.  In the sum terms are at least
 * `floor`. */
NLL_INLINE V keep_sum_of(const row_piece *p, const row_scale *s, V floor, row_piece *later, V *top,
                         keep_block *keep, keep_due *due, keep_way way) {
    V a[ROW_WAYS], m[ROW_WAYS];
    NLL_UNROLL for (unsigned k = 0; k < ROW_WAYS; k++) {
        a[k] = v_set(0);
        m[k] = v_set(-INFINITY);
    }
    const size_t whole = keep->n / ROW_GROUP;
    size_t g = 0;
    for (; g < p->groups && (!due || due->n - due->at >= ROW_GROUP); g++) {
        if (g < later->groups) {
            row_prefetch(later, g, way.as);
            row_max_group(m, later, g, way.as);
        }
        if (due) keep_due_group(due, way); /* first: its e may lie where these go */
        keep_group(a, s, floor, p->group[g], g < whole ? keep->e + g * ROW_GROUP : keep->spill);
    }
    if (g < p->groups && due->at < due->n) keep_due_end(due, way);
    for (; g < p->groups; g++) { /* the last one or two of a row */
        if (g < later->groups) {
            row_prefetch(later, g, way.as);
            row_max_group(m, later, g, way.as);
        }
        keep_group(a, s, floor, p->group[g], g < whole ? keep->e + g * ROW_GROUP : keep->spill);
    }
    for (; g < later->groups; g++) row_max_group(m, later, g, way.as);
    for (size_t at = whole * ROW_GROUP; at < keep->n; at += VL) {
        size_t k = keep->n - at < VL ? keep->n - at : VL;
        v_storen(keep->e + at, v_load(keep->spill + at % ROW_GROUP), k);
    }
    *top = v_max(v_max(m[1], m[0]), v_max(m[3], m[2]));
    return v_add(v_add(a[0], a[1]), v_add(a[2], a[3]));
}

/* The scale that a block's terms have: R, unless there is none yet or it is too far. */
NLL_INLINE T keep_scale_of(const row_stage *block, T *R) {
    if (block->top == -(T)INFINITY) return block->scale; /* all of its terms are 0 */
    if (*R == -(T)INFINITY) *R = block->scale;
    T far = block->scale - *R;
    if (far >= -KEEP_NEAR && far <= KEEP_NEAR) return *R;
    *R = (T)NAN;
    return block->scale;
}

NLL_INLINE void keep_rows(const nll_job *j, int graded, keep_way way) {
    double *N = j->out[0], *S = j->out[1], *lost = j->out[2];
    T *top = j->out[3], *R = j->out[4];
    row_stage stage[3];
    row_state state = {0};
    keep_block keep = {.n = 0};
    keep_due due = {0};
    keep_line line = {.held = 0};
    T scale = 0;
    _Alignas(64) T wide[3][ROW_BLOCK];
    for (unsigned i = 0; i < 3 && way.as != STORED_T; i++) stage[i].piece.wide = wide[i];
    for (unsigned i = 0; i < 2; i++) {
        row_stage_open(&stage[i], 0, i * ROW_BLOCK, j, way.as);
        row_stage_scale(&stage[i], row_max_of(&stage[i].piece, way.as), j, 0);
    }
    for (row_stage *now = &stage[0], *next = &stage[1], *far = &stage[2]; now->row < j->rows;) {
        const size_t r = now->row, c = now->column;
        if (c == 0) {
            state = (row_state){.N = -0x1p1000, .top = -INFINITY};
            scale = -(T)INFINITY;
            if (j->carry) {
                state = (row_state){N[r], S[r], lost[r], top[r]};
                scale = R[r];
            }
            if (graded) due = keep_due_row(j, r, &line, way);
        }
        row_stage_open(far, next->row, next->column + ROW_BLOCK, j, way.as);
        const T unit = keep_scale_of(now, &scale);
        row_scale s = {.lowest = v_set((unit - KEEP_UP - ROW_BIAS) * ROW_LN2),
                       .magic = v_set(ROW_MAGIC + ROW_BIAS + KEEP_UP - unit)};
        if (j->out[5]) {
            keep.n = j->cols - c < ROW_BLOCK ? j->cols - c : ROW_BLOCK;
            keep.e = (T *)j->out[5] + (ptrdiff_t)r * j->out_ld[5] + (ptrdiff_t)c;
        }
        /* the least term of row_lse, from the same x: exp rises, so the larger of the two is as
         * there */
        V floor = row_one_exp(&s, v_set((now->scale - ROW_LOWEST) * ROW_LN2));
        V maximum;
        double sum = row_fold(keep_sum_of(&now->piece, &s, floor, &far->piece, &maximum, &keep,
                                          graded ? &due : NULL, way));
        row_stage_scale(far, maximum, j, 0);
        state.top = now->top > state.top ? now->top : state.top;
        double down = (double)unit - (double)KEEP_UP - (double)now->scale;
        if (j->cols > 0) row_lse_add(&state, (double)now->scale, sum * row_pow2(down));
        if (next->row != r) {
            N[r] = state.N;
            S[r] = row_canonical(state.S);
            lost[r] = row_canonical(state.lost);
            top[r] = state.top;
            R[r] = scale;
        }
        row_stage *done = now;
        now = next;
        next = far;
        far = done;
    }
}

NLL_INLINE void keep_job(const nll_job *j, keep_way way) {
    const int graded = j->in[2] && j->out[6];
    keep_line line = {.held = 0};
    if (j->in[0] && graded)
        keep_rows(j, 1, way);
    else if (j->in[0])
        keep_rows(j, 0, way);
    for (size_t r = 0; r < j->rows && !j->in[0] && graded; r++) {
        keep_due due = keep_due_row(j, r, &line, way);
        while (due.n - due.at >= ROW_GROUP) keep_due_group(&due, way);
        if (due.at < due.n) keep_due_end(&due, way);
    }
}

NLL_INLINE void keep_pass(const nll_job *j, enum stored as) {
    if (j->rows == 0) return;
    if (j->par[0] != 0) {
        keep_job(j, (keep_way){1, as});
        v_stream_end();
    } else {
        keep_job(j, (keep_way){0, as});
    }
}

void NLL_SYM(row_softmax_pass)(const nll_job *j) { keep_pass(j, STORED_T); }
#if defined(NLL_T_F32)
void NLL_SYM(row_softmax_pass_f16)(const nll_job *j) { keep_pass(j, STORED_F16); }
void NLL_SYM(row_softmax_pass_bf16)(const nll_job *j) { keep_pass(j, STORED_BF16); }
#endif

#endif
