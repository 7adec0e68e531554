/* shape/transpose.h: rows that lie side by side become rows one below the other, and back.
 *
 *   transpose   out0[r out_ld + c] = in0[c ld + r], bit for bit
 *     par0: TRANSPOSE_IN where the input is the array in memory and the output the scratch; the
 *     other way round TRANSPOSE_OUT: then it is the lines of the output that are gone through in
 *     order and asked for ahead; or TRANSPOSE_STREAM: past the caches, for arrays larger than these
 *
 * Squares of VL x VL turn in registers: each line of the cache is read and written whole, so that
 * lines which lie a power of two apart, and drive each other out, are asked for only once. */
#ifndef NLL_SHAPE_TRANSPOSE_H
#define NLL_SHAPE_TRANSPOSE_H

#include "kernel.h"
#include "shape/few.h"
#include "vec/vec.h"

/* The hardware does not foresee lines that lie pages apart: so many of them are asked for ahead,
 * few enough that such lines, which share one place of the cache, do not drive each other out. */
enum { TRANSPOSE_AHEAD = 4 };

/* One side: lines of `width` numbers, ld apart. */
typedef struct transpose_side {
    ptrdiff_t ld, ahead; /* elements; ahead 0: nothing is asked for */
    size_t width;        /* of this square */
    int over;            /* what follows a short line is other lines, which may be read with it, or
                            written, as they are written later */
    int stream;          /* written past the caches: begins at lines of these */
} transpose_side;

NLL_INLINE void transpose_ask(const T *p, ptrdiff_t by, int write) {
    const char *line =
        (const char *)((uintptr_t)p + (uintptr_t)by * sizeof(T)); /* beyond the end */
    if (by != 0 && write) __builtin_prefetch(line, 1);
    if (by != 0 && !write) __builtin_prefetch(line);
}

NLL_INLINE void transpose_whole(const T *x, transpose_side in, T *y, transpose_side out) {
    V square[VL];
    NLL_UNROLL for (unsigned c = 0; c < VL; c++) {
        transpose_ask(x + c * in.ld, in.ahead, 0);
        square[c] = v_load(x + c * in.ld);
    }
    v_transpose(square);
    NLL_UNROLL for (unsigned r = 0; r < VL; r++) {
        transpose_ask(y + r * out.ld, out.ahead, 1);
        if (out.stream)
            v_stream(y + r * out.ld, square[r]);
        else
            v_store(y + r * out.ld, square[r]);
    }
}

/* in.width <= VL rows of out.width <= VL classes. */
NLL_INLINE void transpose_part(const T *x, transpose_side in, T *y, transpose_side out) {
    V square[VL];
    int load = in.width == VL || in.over, store = out.width == VL || out.over;
    NLL_UNROLL for (unsigned c = 0; c < VL; c++) {
        square[c] = v_set(0);
        if (c >= out.width) continue;
        transpose_ask(x + c * in.ld, in.ahead, 0);
        square[c] = load ? v_load(x + c * in.ld) : v_loadn(x + c * in.ld, in.width, 0);
    }
    v_transpose(square);
    NLL_UNROLL for (unsigned r = 0; r < VL; r++) {
        if (r >= in.width) continue;
        transpose_ask(y + r * out.ld, out.ahead, 1);
        if (store)
            v_store(y + r * out.ld, square[r]);
        else
            v_storen(y + r * out.ld, square[r], out.width);
    }
}

NLL_INLINE size_t transpose_left(size_t n, size_t k) { return n - k < VL ? n - k : VL; }

/* Lines without gaps of `width` < VL: may VL numbers be taken from each of 16 from `line` on? */
NLL_INLINE int transpose_over(ptrdiff_t ld, size_t width, size_t lines, size_t line) {
    return width < VL && ld == (ptrdiff_t)width && (lines - line) * width >= VL * width + VL;
}

NLL_INLINE void transpose_square(const nll_job *j, size_t r, size_t c, ptrdiff_t ahead,
                                 ptrdiff_t out_ahead, int stream) {
    transpose_side in = {.ld = j->ld[0], .width = transpose_left(j->rows, r), .ahead = ahead};
    transpose_side out = {.ld = j->out_ld[0],
                          .width = transpose_left(j->cols, c),
                          .ahead = out_ahead,
                          .stream = stream};
    const T *x = (const T *)j->in[0] + (ptrdiff_t)c * in.ld + (ptrdiff_t)r;
    T *y = (T *)j->out[0] + (ptrdiff_t)r * out.ld + (ptrdiff_t)c;
    if (in.width == VL && out.width == VL) {
        transpose_whole(x, in, y, out);
        return;
    }
    in.over = transpose_over(in.ld, j->rows, j->cols, c);
    out.over = transpose_over(out.ld, j->cols, j->rows, r);
    transpose_part(x, in, y, out);
}

/* At most FEW_MOST rows without gaps, their number known to the compiler. */
NLL_INLINE void transpose_few(const T *restrict x, T *restrict y, ptrdiff_t ld, size_t few,
                              size_t n) {
    size_t k = few_split(x, y, ld, few, n);
    for (; k < n; k++)
        NLL_UNROLL for (size_t i = 0; i < few; i++) y[(ptrdiff_t)i * ld + (ptrdiff_t)k] =
            x[k * few + i];
}
/* And back. */
NLL_INLINE void transpose_back(const T *restrict x, T *restrict y, ptrdiff_t ld, size_t few,
                               size_t n) {
    size_t k = few_join(x, y, ld, few, n);
    for (; k < n; k++)
        NLL_UNROLL for (size_t i = 0; i < few; i++) y[k * few + i] =
            x[(ptrdiff_t)i * ld + (ptrdiff_t)k];
}
/* 1 where that was done. */
NLL_INLINE int transpose_short(const nll_job *j) {
    switch (j->ld[0] == (ptrdiff_t)j->rows && j->rows <= FEW_MOST ? j->rows : 0) {
    case 1: transpose_few(j->in[0], j->out[0], j->out_ld[0], 1, j->cols); return 1;
    case 2: transpose_few(j->in[0], j->out[0], j->out_ld[0], 2, j->cols); return 1;
    case 3: transpose_few(j->in[0], j->out[0], j->out_ld[0], 3, j->cols); return 1;
    case 4: transpose_few(j->in[0], j->out[0], j->out_ld[0], 4, j->cols); return 1;
    case 5: transpose_few(j->in[0], j->out[0], j->out_ld[0], 5, j->cols); return 1;
    default: break;
    }
    switch (j->out_ld[0] == (ptrdiff_t)j->cols && j->cols <= FEW_MOST ? j->cols : 0) {
    case 1: transpose_back(j->in[0], j->out[0], j->ld[0], 1, j->rows); return 1;
    case 2: transpose_back(j->in[0], j->out[0], j->ld[0], 2, j->rows); return 1;
    case 3: transpose_back(j->in[0], j->out[0], j->ld[0], 3, j->rows); return 1;
    case 4: transpose_back(j->in[0], j->out[0], j->ld[0], 4, j->rows); return 1;
    case 5: transpose_back(j->in[0], j->out[0], j->ld[0], 5, j->rows); return 1;
    default: return 0;
    }
}

NLL_INLINE void transpose_in(const nll_job *j) {
    for (size_t c = 0; c < j->cols; c += VL)
        for (size_t r = 0; r < j->rows; r += VL)
            transpose_square(j, r, c, TRANSPOSE_AHEAD * j->ld[0], 0, 0);
}
NLL_INLINE void transpose_out(const nll_job *j, int stream) {
    ptrdiff_t ahead = stream ? 0 : TRANSPOSE_AHEAD * j->out_ld[0];
    for (size_t r = 0; r < j->rows; r += VL)
        for (size_t c = 0; c < j->cols; c += VL) transpose_square(j, r, c, 0, ahead, stream);
}

void NLL_SYM(transpose)(const nll_job *j) {
    size_t step = (size_t)j->out_ld[0] * sizeof(T);
    if (transpose_short(j)) return;
    if (j->par[0] == TRANSPOSE_IN) {
        transpose_in(j);
    } else if (j->par[0] == TRANSPOSE_STREAM && ((uintptr_t)j->out[0] | step) % 64 == 0) {
        transpose_out(j, 1);
        v_stream_end();
    } else {
        transpose_out(j, 0);
    }
}

#endif
