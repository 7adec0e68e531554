/* rows_check.c: shapes, strides and overlaps of rows along any axis. */
#include "rows.h"

#include <stdint.h>

/* An array's axes, and its bytes from the first element down (<= 0) and up (past its end). */
typedef struct extent {
    const char *data;
    nll_dtype dtype;
    size_t n[3];
    ptrdiff_t stride[3], low, high;
} extent;

/* Fills low and high; 0 if they do not fit the address space. */
static int measure(extent *e) {
    ptrdiff_t down = 0, up = 0, size = (ptrdiff_t)nll_dtype_size(e->dtype);
    for (int d = 0; d < 3; d++) {
        ptrdiff_t reach;
        if (e->n[d] > PTRDIFF_MAX ||
            __builtin_mul_overflow((ptrdiff_t)e->n[d] - 1, e->stride[d], &reach))
            return 0;
        if (__builtin_add_overflow(reach < 0 ? down : up, reach, reach < 0 ? &down : &up)) return 0;
    }
    return !__builtin_mul_overflow(down, size, &e->low) && !__builtin_add_overflow(up, 1, &up) &&
           !__builtin_mul_overflow(up, size, &e->high);
}

static size_t magnitude(ptrdiff_t x) { return x < 0 ? 0 - (size_t)x : (size_t)x; }

/* Every element has a place of its own if, from the smallest stride up, each axis steps over all of
 * those before it.  The strides have been measured. */
static int distinct(const extent *e) {
    size_t reach = 0;
    unsigned done = 0;
    for (int round = 0; round < 3; round++) {
        unsigned d = done & 1 ? done & 2 ? 2 : 1 : 0; /* the first axis left */
        for (unsigned k = 0; k < 3; k++)
            if (!(done >> k & 1) && magnitude(e->stride[k]) < magnitude(e->stride[d])) d = k;
        done |= 1u << d;
        if (e->n[d] <= 1) continue;
        if (magnitude(e->stride[d]) <= reach) return 0;
        reach += (e->n[d] - 1) * magnitude(e->stride[d]);
    }
    return 1;
}

static int same(const extent *a, const extent *b) {
    if (a->data != b->data || a->dtype != b->dtype) return 0;
    for (int d = 0; d < 3; d++)
        if (a->n[d] != b->n[d] || (a->n[d] > 1 && a->stride[d] != b->stride[d])) return 0;
    return 1;
}

static int overlap(const extent *a, const extent *b) {
    uintptr_t x = (uintptr_t)a->data, y = (uintptr_t)b->data;
    return x + (uintptr_t)a->high > y + (uintptr_t)b->low &&
           y + (uintptr_t)b->high > x + (uintptr_t)a->low;
}

static nll_status check_array(extent *e, const nll_rows *shape, int per_row) {
    const size_t want[3] = {shape->outer, per_row ? 1 : shape->classes, shape->inner};
    size_t all;
    if (e->dtype == NLL_ABSENT) return NLL_E_NULL;
    if ((unsigned)e->dtype >= 32 || !(NLL_FLOATS >> e->dtype & 1u)) return NLL_E_DTYPE;
    for (int d = 0; d < 3; d++)
        if (e->n[d] != want[d]) return NLL_E_SHAPE;
    if (e->n[0] == 0 || e->n[2] == 0) return NLL_OK;
    if (e->n[1] == 0) return NLL_E_SHAPE;
    if (__builtin_mul_overflow(e->n[0], e->n[2], &all) ||
        __builtin_mul_overflow(all, e->n[1], &all) || !measure(e))
        return NLL_E_OVERFLOW;
    return e->data ? NLL_OK : NLL_E_NULL;
}

nll_status rows_check(const nll_rows *x, const nll_rows *g, const nll_rows_out *y, unsigned per_row,
                      const nll_executor *executor) {
    extent e[ROWS_ARRAYS] = {[ROWS_X] = {x->data,
                                         x->dtype,
                                         {x->outer, x->classes, x->inner},
                                         {x->outer_stride, x->class_stride, x->inner_stride},
                                         0,
                                         0},
                             [ROWS_Y] = {y->data,
                                         y->dtype,
                                         {y->outer, y->classes, y->inner},
                                         {y->outer_stride, y->class_stride, y->inner_stride},
                                         0,
                                         0}};
    if (g)
        e[ROWS_G] = (extent){g->data,
                             g->dtype,
                             {g->outer, g->classes, g->inner},
                             {g->outer_stride, g->class_stride, g->inner_stride},
                             0,
                             0};
    for (int k = 0; k < ROWS_ARRAYS; k++) {
        if (k == ROWS_G && !g) continue;
        nll_status status = check_array(&e[k], x, (int)(per_row >> k & 1u));
        if (status != NLL_OK) return status;
    }
    if (executor && !executor->parallel_for) return NLL_E_NULL;
    if (x->outer == 0 || x->inner == 0) return NLL_OK;
    if (!distinct(&e[ROWS_Y])) return NLL_E_STRIDE;
    for (int k = 0; k < ROWS_Y; k++) {
        if (k == ROWS_G && !g) continue;
        int allowed = !(per_row >> k & 1u) && !(per_row >> ROWS_Y & 1u) && same(&e[k], &e[ROWS_Y]);
        if (!allowed && overlap(&e[k], &e[ROWS_Y])) return NLL_E_ALIAS;
    }
    return NLL_OK;
}

/* ---- views of C-order arrays */

typedef struct axis_shape {
    size_t n[3]; /* outer, classes, inner */
    int there, fits;
} axis_shape;

static axis_shape around(const size_t *shape, int axes, int axis) {
    axis_shape s = {{1, 1, 1}, 0, 1};
    if (axis < 0) axis += axes;
    if (!shape || axis < 0 || axis >= axes) return s;
    s.there = 1;
    int empty = 0;
    for (int d = 0; d < axes; d++) empty |= shape[d] == 0;
    for (int d = 0; d < axes; d++) {
        size_t *n = &s.n[d < axis ? 0 : d == axis ? 1 : 2];
        if (__builtin_mul_overflow(*n, shape[d], n)) s.fits = empty; /* 0 elements fit anywhere */
    }
    size_t row;
    if (__builtin_mul_overflow(s.n[1], s.n[2], &row) || row > PTRDIFF_MAX) s.fits = empty;
    if (empty) s.n[0] = s.n[2] = shape[axis] == 0 && s.n[0] && s.n[2] ? 1 : 0;
    if (!s.fits) s.n[0] = s.n[1] = s.n[2] = PTRDIFF_MAX;
    return s;
}

nll_rows nll_rows_in(const void *data, nll_dtype dtype, const size_t *shape, int axes, int axis) {
    axis_shape s = around(shape, axes, axis);
    if (!s.there) return (nll_rows){0};
    return (nll_rows){.data = data,
                      .dtype = dtype,
                      .outer = s.n[0],
                      .classes = s.n[1],
                      .inner = s.n[2],
                      .outer_stride = s.fits ? (ptrdiff_t)(s.n[1] * s.n[2]) : PTRDIFF_MAX,
                      .class_stride = (ptrdiff_t)s.n[2],
                      .inner_stride = 1};
}

nll_rows_out nll_rows_to(void *data, nll_dtype dtype, const size_t *shape, int axes, int axis) {
    nll_rows v = nll_rows_in(data, dtype, shape, axes, axis);
    return (nll_rows_out){.data = v.dtype == NLL_ABSENT ? NULL : data,
                          .dtype = v.dtype,
                          .outer = v.outer,
                          .classes = v.classes,
                          .inner = v.inner,
                          .outer_stride = v.outer_stride,
                          .class_stride = v.class_stride,
                          .inner_stride = v.inner_stride};
}
