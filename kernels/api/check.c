/* check.c: argument checks. */
#include "check.h"

#include "fetch.h"

#include <math.h>

void nll_check_that(nll_checker *c, int condition, nll_status otherwise) {
    if (c->status == NLL_OK && !condition) c->status = otherwise;
}

/* |x|, also of the smallest number. */
static size_t magnitude(ptrdiff_t x) { return x < 0 ? 0 - (size_t)x : (size_t)x; }

/* Bytes from the first element to the farthest below (<= 0) and above (past its end).
 * 0 if that does not fit ptrdiff_t. */
static int extent(size_t size, size_t rows, size_t cols, ptrdiff_t row_stride, ptrdiff_t col_stride,
                  ptrdiff_t *lo, ptrdiff_t *hi) {
    ptrdiff_t down = 0, up = 0;
    const size_t n[2] = {rows, cols};
    const ptrdiff_t stride[2] = {row_stride, col_stride};
    for (int d = 0; d < 2; d++) {
        ptrdiff_t reach;
        if (n[d] > PTRDIFF_MAX || __builtin_mul_overflow((ptrdiff_t)n[d] - 1, stride[d], &reach))
            return 0;
        if (__builtin_add_overflow(reach < 0 ? down : up, reach, reach < 0 ? &down : &up)) return 0;
    }
    return !__builtin_mul_overflow(down, (ptrdiff_t)size, lo) &&
           !__builtin_add_overflow(up, 1, &up) && !__builtin_mul_overflow(up, (ptrdiff_t)size, hi);
}

static void add(nll_checker *c, const void *data, nll_dtype dtype, size_t rows, size_t cols,
                ptrdiff_t row_stride, ptrdiff_t col_stride, int alias, int output) {
    if (rows == 0 || cols == 0) return;
    ptrdiff_t lo, hi;
    nll_check_that(c, extent(nll_dtype_size(dtype), rows, cols, row_stride, col_stride, &lo, &hi),
                   NLL_E_OVERFLOW);
    if (c->status != NLL_OK) return;
    unsigned i = c->inputs + c->outputs;
    c->array[i].data = data;
    c->array[i].dtype = dtype;
    c->array[i].rows = rows;
    c->array[i].cols = cols;
    c->array[i].row_stride = row_stride;
    c->array[i].col_stride = col_stride;
    c->array[i].alias = alias;
    *(output ? &c->outputs : &c->inputs) += 1;
}

void nll_check_in(nll_checker *c, const nll_view *v, size_t rows, size_t cols, unsigned types,
                  int required, int alias) {
    if (v->dtype == NLL_ABSENT) {
        nll_check_that(c, !required && !v->data, v->data ? NLL_E_DTYPE : NLL_E_NULL);
        return;
    }
    nll_check_that(c, (unsigned)v->dtype < 32 && (types >> v->dtype & 1u), NLL_E_DTYPE);
    if (c->status != NLL_OK || v->dtype == NLL_NUMBER) return;
    nll_check_that(c, v->rows == rows && v->cols == cols, NLL_E_SHAPE);
    nll_check_that(c, v->data || rows == 0 || cols == 0, NLL_E_NULL);
    add(c, v->data, v->dtype, rows, cols, v->row_stride, v->col_stride, alias, 0);
}

void nll_check_out(nll_checker *c, const nll_out *o, size_t rows, size_t cols, unsigned types,
                   int alias) {
    if (!nll_out_given(o)) return;
    nll_check_that(c, (unsigned)o->dtype < 32 && (types >> o->dtype & 1u), NLL_E_DTYPE);
    nll_check_that(c, o->rows == rows && o->cols == cols, NLL_E_SHAPE);
    nll_check_that(c, o->data || rows == 0 || cols == 0, NLL_E_NULL);
    /* distinct elements: one axis must step over the whole of the other */
    size_t r = magnitude(o->row_stride), k = magnitude(o->col_stride);
    int rows_ok = rows <= 1 || r > 0, cols_ok = cols <= 1 || k > 0;
    if (rows > 1 && cols > 1) {
        size_t inner;
        int by_row = !__builtin_mul_overflow(k, cols - 1, &inner) && r > inner;
        int by_col = !__builtin_mul_overflow(r, rows - 1, &inner) && k > inner;
        rows_ok = rows_ok && (by_row || by_col);
    }
    nll_check_that(c, rows_ok && cols_ok, NLL_E_STRIDE);
    add(c, o->data, o->dtype, rows, cols, o->row_stride, o->col_stride, alias, 1);
}

/* Do arrays i and k share a byte?  Conservative but for arrays that step with the same row stride
 * side by side, like two columns of one table. */
static int overlap(const nll_checker *c, unsigned i, unsigned k) {
    ptrdiff_t lo[2], hi[2];
    const unsigned at[2] = {i, k};
    for (int n = 0; n < 2; n++)
        extent(nll_dtype_size(c->array[at[n]].dtype), c->array[at[n]].rows, c->array[at[n]].cols,
               c->array[at[n]].row_stride, c->array[at[n]].col_stride, &lo[n], &hi[n]);
    const char *a = c->array[i].data, *b = c->array[k].data;
    if ((uintptr_t)(a + hi[0]) <= (uintptr_t)(b + lo[1]) ||
        (uintptr_t)(b + hi[1]) <= (uintptr_t)(a + lo[0]))
        return 0;
    const size_t size[2] = {nll_dtype_size(c->array[i].dtype), nll_dtype_size(c->array[k].dtype)};
    size_t period[2], width[2];
    for (int n = 0; n < 2; n++) {
        ptrdiff_t step = c->array[at[n]].col_stride;
        if (c->array[at[n]].rows <= 1 || step < 0) return 1;
        period[n] = magnitude(c->array[at[n]].row_stride) * size[n];
        width[n] = ((c->array[at[n]].cols - 1) * (size_t)step + 1) * size[n];
    }
    if (period[0] == 0 || period[0] != period[1]) return 1;
    uintptr_t low = (uintptr_t)(a < b ? a : b), high = (uintptr_t)(a < b ? b : a);
    size_t gap = (size_t)((high - low) % period[0]);
    return !(gap >= width[a < b ? 0 : 1] && period[0] - gap >= width[a < b ? 1 : 0]);
}

static int same(const nll_checker *c, unsigned i, unsigned k) {
    return c->array[i].data == c->array[k].data && c->array[i].dtype == c->array[k].dtype &&
           c->array[i].rows == c->array[k].rows && c->array[i].cols == c->array[k].cols &&
           (c->array[i].rows <= 1 || c->array[i].row_stride == c->array[k].row_stride) &&
           (c->array[i].cols <= 1 || c->array[i].col_stride == c->array[k].col_stride);
}

void nll_check_overlaps(nll_checker *c) {
    if (c->status != NLL_OK) return;
    unsigned n = c->inputs + c->outputs;
    for (unsigned o = c->inputs; o < n; o++)
        for (unsigned k = 0; k < o; k++) {
            int allowed = k < c->inputs && c->array[o].alias &&
                          c->array[o].alias == c->array[k].alias && same(c, o, k);
            nll_check_that(c, allowed || !overlap(c, o, k), NLL_E_ALIAS);
        }
}

int nll_offsets_rise(const nll_view *offsets, size_t rows) {
    int64_t last = 0, at;
    for (size_t i = 0; i < offsets->rows; i++, last = at)
        if (nll_get_indices(offsets, i, 1, &at) < 1 || at < last || (uint64_t)at > rows) return 0;
    return 1;
}

void nll_check_common(nll_checker *c, const nll_common *common, size_t rows) {
    nll_check_in(c, &common->sample_weight, rows, 1, NLL_REALS_OR_NUMBER, 0, 0);
    nll_check_in(c, &common->grad_output, rows, 1, NLL_REALS_OR_NUMBER, 0, 0);
    nll_check_that(c, (unsigned)common->reduction <= NLL_NONE, NLL_E_VALUE);
    nll_check_that(c, (unsigned)common->empty <= NLL_EMPTY_ERROR, NLL_E_VALUE);
    nll_check_that(c, common->divisor >= 0 && common->divisor < INFINITY, NLL_E_VALUE);
    nll_check_that(c, !common->executor || common->executor->parallel_for, NLL_E_NULL);
}
