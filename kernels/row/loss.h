/* row/loss.h: the losses of short rows and their gradients in one go, VL rows at a time, one row in
 * each lane.
 *
 *   row_loss   loss = -log softmax(x)_y   g_j = s (softmax(x)_j - [j = y])
 *     in0 x [rows, cols], in1 y
 *     out0 g [rows, cols] or NULL: not wanted; g may be x
 *     out1 losses (double)
 *     par0: s
 *
 * It does what row_lse, row_finish and row_softmax_grad do one after the other, with their
 * arithmetic, so the bits are theirs.  What they have special ways for is left to them: such a
 * row's loss is NaN here, and its gradient is not written.  That is every row of fewer than 2 or
 * more than VL columns, with y outside 0 .. cols - 1, with a NaN or +inf, with a target beyond
 * +-LOSS_FAR or masked, or beside which all others are masked; and every row if s is 0, NaN or
 * extreme. */
#ifndef NLL_ROW_LOSS_H
#define NLL_ROW_LOSS_H

#include "math/log.h"
#include "row/exps.h"
#include "row/grads.h"

#define LOSS_FAR 60000.0  /* the other classes lie within 700 of it, and none beyond NLL_NEAR */
#define LOSS_APART 1000.0 /* binary orders of magnitude between the target and the others */

/* VL rows on their way. */
typedef struct loss_rows {
    V column[VL]; /* x, -inf for the target; then exp(x) 2^-N */
    V y, x_y;     /* the target, and its x */
    V least, N;   /* of all x; the scale */
    vd scale[2], S[2];
    vd m[2], p[2]; /* exp(x_y) = 2^m p; p NaN: to be left to others */
    V f, k, at;    /* as row_grad_state has them; the gradient at the target */
    unsigned good;
} loss_rows;

typedef struct loss_job {
    const T *x;
    const int64_t *y;
    T *g;
    double *loss;
    ptrdiff_t ld, g_ld;
    vd scale;
} loss_job;

/* Rows without gaps: their distance is known to the compiler.  Columns are read by fours, the last
 * of which begins earlier where it would be fewer. */
NLL_INLINE void loss_read(loss_rows *g, const T *x, unsigned cols) {
    if (cols < 4) {
        T t[4][VL];
        for (unsigned r = 0; r < VL; r++)
            NLL_UNROLL for (unsigned c = 0; c < cols; c++) t[c][r] = x[r * cols + c];
        NLL_UNROLL for (unsigned c = 0; c < cols; c++) g->column[c] = v_load(t[c]);
        return;
    }
    NLL_UNROLL for (unsigned c = 0; c < cols; c += 4) {
        V four[4];
        unsigned from = c + 4 <= cols ? c : cols - 4;
        f_load_columns(x + from, (ptrdiff_t)cols, four);
        NLL_UNROLL for (unsigned i = c - from; i < 4; i++) g->column[from + i] = four[i];
    }
}
NLL_INLINE void loss_write(T *to, const V *column, unsigned cols) {
    if (cols < 4) {
        T t[4][VL];
        NLL_UNROLL for (unsigned c = 0; c < cols; c++) v_store(t[c], column[c]);
        for (unsigned r = 0; r < VL; r++)
            NLL_UNROLL for (unsigned c = 0; c < cols; c++) to[r * cols + c] = t[c][r];
        return;
    }
    NLL_UNROLL for (unsigned c = 0; c < cols; c += 4) {
        unsigned from = c + 4 <= cols ? c : cols - 4;
        f_store_columns(to + from, (ptrdiff_t)cols, column + from);
    }
}

/* Columns, target and scale. */
NLL_INLINE void loss_open(loss_rows *g, const T *x, const int64_t *y, unsigned cols) {
    V top[2] = {v_set(-INFINITY), v_set(-INFINITY)}, least[2] = {v_set(INFINITY), v_set(INFINITY)};
    T label[VL];
    loss_read(g, x, cols);
    for (unsigned r = 0; r < VL; r++) label[r] = (T)((uint64_t)y[r] < cols ? y[r] : -1);
    g->y = v_load(label);
    g->x_y = v_set(NAN);
    NLL_UNROLL for (unsigned c = 0; c < cols; c++) {
        M here = v_eq(g->y, v_set((T)c));
        V v = g->column[c];
        g->x_y = v_sel(here, v, g->x_y);
        g->column[c] = v_sel(here, v_set(-INFINITY), v);
        least[c % 2] = v_min(v, least[c % 2]);
        top[c % 2] = v_max(g->column[c], top[c % 2]);
    }
    g->least = v_min(least[0], least[1]);
    g->N = lse_scale_both(v_add(v_max(top[0], top[1]), v_set(0)), g->scale); /* -0: +0 */
}

/* As lse_add_columns and lse_fold_all, the columns missing in a vector of them being known. */
NLL_INLINE void loss_sums(loss_rows *g, unsigned cols) {
    row_scale s = {.lowest = v_mul(v_sub(g->N, v_set(ROW_LOWEST)), v_set(ROW_LN2)),
                   .magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS), g->N)};
    V acc[VL], none = row_one_exp(&s, v_set(-INFINITY));
    V rest = v_add(none, none), gone = v_add(rest, rest);
    NLL_UNROLL for (unsigned l = 0; l < VL; l++) acc[l] = gone;
    NLL_UNROLL for (unsigned l = 0; l < cols; l += NLL_CHAINS) {
        V x[NLL_CHAINS], way[NLL_CHAINS];
        const unsigned n = cols - l < NLL_CHAINS ? cols - l : NLL_CHAINS;
        NLL_UNROLL for (unsigned i = 0; i < n; i++) {
            x[i] = g->column[l + i];
            way[i] = v_set(0);
        }
        row_add_exps(way, &s, x, n);
        NLL_UNROLL for (unsigned i = 0; i < n; i++) {
            g->column[l + i] = way[i];
            acc[l + i] = v_add(v_add(way[i], none), rest);
        }
    }
    g->least = v_sub(g->least, s.lowest);
    NLL_UNROLL for (unsigned half = 0; half < 2; half++) g->S[half] = lse_fold_half(acc, half);
}

/* Beside the sums, as it is a long way from there to the loss. */
NLL_INLINE void loss_target(loss_rows *g) {
    NLL_UNROLL for (unsigned half = 0; half < 2; half++) {
        vd x = half ? d_hi(g->x_y) : d_lo(g->x_y);
        vd m = d_sub(d_fma(x, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
        vd p = d_exp_poly_whole(d_exp_reduce(x, m));
        g->m[half] = m;
        g->p[half] = d_sel(d_le(d_abs(x), d_set(LOSS_FAR)), p, d_set((double)NAN));
    }
}

/* The arithmetic of finish_rows and of cat_coefficients, without edges. */
typedef struct loss_ends {
    vd loss, f, k, at;
    md good;
} loss_ends;
NLL_INLINE loss_ends loss_finish(const loss_rows *g, unsigned half, vd scale, int graded) {
    loss_ends e;
    vd one = d_set(1.0), N = g->scale[half], S = g->S[half], m = g->m[half], p = g->p[half];
    vd shift = d_sub(N, m);
    md close = d_le(d_abs(shift), d_set(LOSS_APART));
    shift = d_sel(close, shift, d_set(0.0));
    vd q = d_scalb(d_div(S, p), shift);
    e.good = d_mask_and(close, d_le(q, d_set(0x1p1010)));
    e.loss = d_sel(e.good, d_log1p_inside(q), d_set((double)NAN));
    e.f = e.k = e.at = d_set(0.0);
    if (!graded) return e;

    md heavy = d_lt(one, q);
    vd inverse = d_scalb(d_div(p, S), d_neg(shift));
    vd less = d_sel(heavy, inverse, q), whole = d_add(one, less);
    vd others = d_div(d_sel(heavy, one, q), whole);
    vd mantissa = d_mul(d_sel(heavy, S, p), whole);
    vl bits = d_bits(d_div(scale, mantissa)), exponent = l_set((int64_t)2047 << 52);
    vl raised = l_or(l_shr(l_and(bits, exponent), 52), l_set(0x4330000000000000));
    vd k = d_sub(d_of_bits(raised), d_set(0x1p52 + 1023.0));
    e.f = d_of_bits(l_or(l_and(bits, l_set(~((int64_t)2047 << 52))), l_set((int64_t)1023 << 52)));
    e.k = d_sub(d_sel(heavy, N, m), k);
    e.at = d_mul(d_sub(d_set(0.0), others), scale);
    return e;
}

/* Losses, what the gradients need, and bit i of `good`: row i is done. */
NLL_INLINE void loss_close(loss_rows *g, double *loss, vd scale, int graded) {
    loss_ends lo = loss_finish(g, 0, scale, graded), hi = loss_finish(g, 1, scale, graded);
    d_store(loss, lo.loss);
    d_store(loss + D_LANES, hi.loss);
    if (!graded) return;
    g->f = f_narrow(lo.f, hi.f);
    g->k = f_narrow(lo.k, hi.k);
    g->at = f_narrow(lo.at, hi.at);
    g->good = m_bits(lo.good) | m_bits(hi.good) << D_LANES;
}

/* Gradients by the exponentials of the sums, f 2^(N - k) of them: exactly those of row_grads, where
 * no term was raised to the lowest and the power of two is as there.  Returns in which rows. */
NLL_INLINE unsigned loss_gradient(loss_rows *g, unsigned cols) {
    V shift = v_sub(g->N, g->k);
    M easy = m_and(v_le(v_set(0), g->least), v_le(v_abs(shift), v_set(ROW_NEAR)));
    V factor = row_factor(v_add(shift, v_set(ROW_MAGIC + ROW_BIAS - ROW_DOWN)));
    V f = v_mul(g->f, v_set(ROW_DOWN_FACTOR));
    NLL_UNROLL for (unsigned c = 0; c < cols; c++) {
        M here = v_eq(g->y, v_set((T)c));
        /* the target's term, the lowest, would become subnormal, which is slow */
        V v = v_mul(v_mul(v_sel(here, v_set(0), g->column[c]), factor), f);
        g->column[c] = v_sel(here, g->at, v);
    }
    return m_bits(easy);
}

/* The same from x, for all. */
static __attribute__((noinline)) void loss_gradient_again(loss_rows *g, const loss_job *j,
                                                          unsigned cols) {
    row_grad_state c = {.f = v_mul(g->f, v_set(ROW_DOWN_FACTOR)), .near = 1};
    c.magic = v_sub(v_set(ROW_MAGIC + ROW_BIAS - ROW_DOWN), g->k);
    c.lowest = v_mul(v_add(v_add(g->k, v_set(ROW_DOWN)), v_set(ROW_LEAST)), v_set(ROW_LN2));
    for (unsigned i = 0; i < cols; i++) {
        T x[VL];
        for (unsigned r = 0; r < VL; r++) x[r] = j->x[(ptrdiff_t)r * j->ld + (ptrdiff_t)i];
        V v = v_load(x), none = v_set(0);
        row_grads(&c, &v, &none, 1);
        g->column[i] = v_sel(v_eq(g->y, v_set((T)i)), g->at, v);
    }
}

/* Rows to where there is room: `rows` of them, by their bits. */
NLL_INLINE void loss_copy(T *to, ptrdiff_t to_ld, const T *from, ptrdiff_t ld, unsigned cols,
                          unsigned rows) {
    for (; rows; rows &= rows - 1) {
        ptrdiff_t r = __builtin_ctz(rows);
        memcpy(to + r * to_ld, from + r * ld, cols * sizeof(T));
    }
}

enum { LOSS_EVERY = (1 << VL) - 1 };

/* Writes the gradients of the first `count` rows. */
NLL_INLINE void loss_slope(loss_rows *g, const loss_job *j, unsigned count, unsigned cols) {
    unsigned easy = loss_gradient(g, cols), good = g->good & ((1u << count) - 1);
    if (j->g_ld == (ptrdiff_t)cols && (easy & good) == LOSS_EVERY) {
        loss_write(j->g, g->column, cols);
    } else if (good) {
        T copy[VL * VL];
        if (good & ~easy) loss_gradient_again(g, j, cols);
        loss_write(copy, g->column, cols);
        loss_copy(j->g, j->g_ld, copy, (ptrdiff_t)cols, cols, good);
    }
}

/* The job from row i on. */
NLL_INLINE loss_job loss_from(const loss_job *j, size_t i, int graded) {
    loss_job part = *j;
    part.x += (ptrdiff_t)i * j->ld;
    part.y += i;
    if (graded) part.g += (ptrdiff_t)i * j->g_ld;
    part.loss += i;
    return part;
}

/* Four groups of VL rows at a time: of one the columns and the scale, of the one before the sums,
 * of the one before that the losses, of the first the gradients.  None waits for another. */
NLL_INLINE void loss_groups(const loss_job *j, size_t groups, unsigned cols, int graded) {
    enum { RING = 4 };
    loss_rows ring[RING], now, before;
    double nowhere[VL], *to = nowhere; /* there is none before the first */
    size_t sloped = 0;                 /* groups whose gradients are written */
    NLL_UNROLL for (unsigned half = 0; half < 2; half++) {
        before.scale[half] = before.m[half] = d_set(0.0);
        before.S[half] = before.p[half] = d_set(1.0);
    }
    loss_open(&now, j->x, j->y, cols);
    for (size_t i = 0; i <= groups; i++) {
        loss_sums(&now, cols); /* at the end once more, for nothing */
        loss_target(&now);
        loss_close(&before, to, j->scale, graded);
        if (graded) {
            loss_rows *last = &ring[(i + RING - 1) % RING], *next = &ring[i % RING];
            last->f = before.f;
            last->k = before.k;
            last->at = before.at;
            last->good = before.good;
            NLL_UNROLL for (unsigned c = 0; c < cols; c++) next->column[c] = now.column[c];
            next->y = now.y;
            next->least = now.least;
            next->N = now.N;
            for (; sloped + 1 < i + (i == groups); sloped++) {
                loss_job part = loss_from(j, sloped * VL, 1);
                loss_slope(&ring[sloped % RING], &part, VL, cols);
            }
        }
        if (i == groups) break;
        to = j->loss + i * VL;
        NLL_UNROLL for (unsigned half = 0; half < 2; half++) {
            before.scale[half] = now.scale[half];
            before.S[half] = now.S[half];
            before.m[half] = now.m[half];
            before.p[half] = now.p[half];
        }
        size_t next = (i + 1 < groups ? i + 1 : i) * VL;
        loss_open(&now, j->x + next * cols, j->y + next, cols);
    }
}

/* The rows left over, among copies of the first of them. */
NLL_INLINE void loss_part(const loss_job *j, unsigned count, unsigned cols, int graded) {
    T x[VL * VL];
    int64_t y[VL];
    double loss[VL];
    loss_rows g;
    for (unsigned r = 0; r < VL; r++) {
        loss_copy(x + r * cols, 0, j->x + (ptrdiff_t)(r < count ? r : 0) * j->ld, 0, cols, 1);
        y[r] = j->y[r < count ? r : 0];
    }
    loss_job part = *j;
    part.x = x;
    part.ld = (ptrdiff_t)cols;
    loss_open(&g, x, y, cols);
    loss_sums(&g, cols);
    loss_target(&g);
    loss_close(&g, loss, j->scale, graded);
    if (graded) loss_slope(&g, &part, count, cols);
    memcpy(j->loss, loss, count * sizeof *loss);
}

NLL_INLINE void loss_all(const loss_job *j, size_t rows, unsigned cols, int graded) {
    size_t groups = rows / VL;
    if (groups > 0) loss_groups(j, groups, cols, graded);
    if (groups * VL < rows) {
        loss_job part = loss_from(j, groups * VL, graded);
        loss_part(&part, (unsigned)(rows - groups * VL), cols, graded);
    }
}

/* Where a vector is one register or two, the number of columns is known to the compiler, and all
 * of this is registers; else they are in memory anyway, and one loop does. */
#if defined(NLL_ISA_AVX512) || defined(NLL_ISA_AVX2)
#define LOSS_CASE(n)                 \
    case n:                          \
        if (graded)                  \
            loss_all(l, rows, n, 1); \
        else                         \
            loss_all(l, rows, n, 0); \
        break;
NLL_INLINE void loss_dispatch(const loss_job *l, size_t rows, unsigned cols, int graded) {
    switch (cols) {
        LOSS_CASE(2)
        LOSS_CASE(3)
        LOSS_CASE(4)
        LOSS_CASE(5)
        LOSS_CASE(6)
        LOSS_CASE(7)
        LOSS_CASE(8)
        LOSS_CASE(9)
        LOSS_CASE(10)
        LOSS_CASE(11)
        LOSS_CASE(12)
        LOSS_CASE(13)
        LOSS_CASE(14)
        LOSS_CASE(15)
        LOSS_CASE(16)
    default: break;
    }
}
#else
NLL_INLINE void loss_dispatch(const loss_job *l, size_t rows, unsigned cols, int graded) {
    loss_all(l, rows, cols, graded);
}
#endif

void NLL_SYM(row_loss)(const nll_job *j) {
    double scale = j->par[0], size = scale < 0 ? -scale : scale;
    int graded = j->out[0] != NULL, plain = size >= 0x1p-800 && size <= 0x1p90;
    loss_job l = {.x = j->in[0],
                  .y = j->in[1],
                  .g = j->out[0],
                  .loss = j->out[1],
                  .ld = j->ld[0],
                  .g_ld = j->out_ld[0],
                  .scale = d_set(scale)};
    const size_t cols = j->cols;
    if (cols < 2 || cols > NLL_LOSS_COLS || (graded && !plain)) {
        for (size_t r = 0; r < j->rows; r++) l.loss[r] = (double)NAN;
        return;
    }
    /* rows with gaps are copied here: so the loop over groups has no branch */
    enum { COPIED = 8 * VL };
    T copy[COPIED * VL];
    const int gaps = l.ld != (ptrdiff_t)cols;
    const size_t most = gaps ? COPIED : j->rows;
    for (size_t i = 0, n; i < j->rows; i += n) {
        loss_job part = loss_from(&l, i, graded);
        n = j->rows - i < most ? j->rows - i : most;
        for (size_t r = 0; r < n && gaps; r++)
            memcpy(copy + r * cols, part.x + (ptrdiff_t)r * l.ld, cols * sizeof(T));
        if (gaps) {
            part.x = copy;
            part.ld = (ptrdiff_t)cols;
        }
        loss_dispatch(&part, n, (unsigned)cols, graded);
    }
}

#endif
