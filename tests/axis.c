/* axis.c: rows of classes laid out along any axis of an array. */
#include "axis.h"

#include "support.h"

#include <stdlib.h>

const char *const axis_names[AXIS_LAYOUTS] = {"last",  "first",  "middle", "wide", "two",
                                              "eight", "twenty", "power",  "gaps", "back"};
const char *const axis_function_names[AXIS_FUNCTIONS] = {
    "logsumexp", "softmax", "log_softmax", "logsumexp_vjp", "softmax_vjp", "log_softmax_vjp"};

static ptrdiff_t place(const nll_rows *v, size_t r, size_t c) {
    return (ptrdiff_t)(r / v->inner) * v->outer_stride + (ptrdiff_t)c * v->class_stride +
           (ptrdiff_t)(r % v->inner) * v->inner_stride;
}

struct axis_array axis_make(enum axis_layout layout, nll_dtype type, size_t rows, size_t cols,
                            const double *x) {
    static const size_t inners[AXIS_LAYOUTS] = {
        [AXIS_LAST] = 1,  [AXIS_BACK] = 1, [AXIS_MIDDLE] = 5, [AXIS_GAPS] = 5,
        [AXIS_WIDE] = 40, [AXIS_TWO] = 2,  [AXIS_EIGHT] = 8,  [AXIS_TWENTY] = 20};
    const size_t inner = inners[layout] ? inners[layout] : rows;
    const size_t step = layout == AXIS_GAPS || layout == AXIS_BACK ? 2 : 1;
    size_t power = 1;
    while (power < inner) power *= 2;
    const size_t class = layout == AXIS_POWER ? power : inner * step + (layout == AXIS_GAPS),
                 outer = class * cols + 3 * (step - 1);
    nll_rows v = {.dtype = type,
                  .outer = rows / inner,
                  .classes = cols,
                  .inner = inner,
                  .outer_stride = (ptrdiff_t)outer,
                  .class_stride = (ptrdiff_t) class,
                  .inner_stride = (ptrdiff_t)step};
    struct axis_array a = {.memory = new_array(type, v.outer * outer + 1)};
    char *first = a.memory;
    if (layout == AXIS_BACK) {
        v.class_stride = -v.class_stride;
        first += (cols - 1) * class * nll_dtype_size(type);
    }
    v.data = first;
    a.in = v;
    a.out = (nll_rows_out){first,   type,           v.outer,        cols,
                           v.inner, v.outer_stride, v.class_stride, v.inner_stride};
    for (size_t r = 0; x && r < rows; r++)
        for (size_t c = 0; c < cols; c++) elem_set(first, type, place(&v, r, c), x[r * cols + c]);
    return a;
}

double axis_get(const struct axis_array *a, size_t r, size_t c) {
    return elem_get(a->in.data, a->in.dtype, place(&a->in, r, c));
}

int axis_takes_g(enum axis_function f) { return f >= F_LOGSUMEXP_VJP; }
size_t axis_g_cols(enum axis_function f, size_t cols) { return f == F_LOGSUMEXP_VJP ? 1 : cols; }
size_t axis_y_cols(enum axis_function f, size_t cols) { return f == F_LOGSUMEXP ? 1 : cols; }

nll_status axis_call(enum axis_function f, nll_rows x, nll_rows g, nll_rows_out y,
                     const nll_executor *executor) {
    switch (f) {
    case F_LOGSUMEXP: return nll_logsumexp(x, y, executor);
    case F_SOFTMAX: return nll_softmax(x, y, executor);
    case F_LOG_SOFTMAX: return nll_log_softmax(x, y, executor);
    case F_LOGSUMEXP_VJP: return nll_logsumexp_vjp(x, g, y, executor);
    case F_SOFTMAX_VJP: return nll_softmax_vjp(x, g, y, executor);
    default: return nll_log_softmax_vjp(x, g, y, executor);
    }
}
