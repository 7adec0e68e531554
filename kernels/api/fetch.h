/* fetch.h: from the caller's arrays to contiguous numbers of the compute type, and back.
 *
 * Kernels see contiguous float or double only.  An array that is that already is used in place;
 * any other is converted piece by piece through a scratch buffer that stays in the L1 cache. */
#ifndef NLL_FETCH_H
#define NLL_FETCH_H

#include "dispatch.h"
#include "nll/nll.h"

/* Bytes of one element of a compute type. */
static inline size_t nll_type_size(enum nll_type type) {
    return type == NLL_TYPE_F32 ? sizeof(float) : sizeof(double);
}

static inline int nll_is_half(nll_dtype dtype) { return dtype == NLL_F16 || dtype == NLL_BF16; }

/* `count` elements of v from (row, col) on, along the rows (by = 0: one column) or along the
 * columns (by = 1).  Returns them in place if they are contiguous in the compute type, else in
 * `scratch` (room for count). */
enum nll_along { NLL_ALONG_ROWS, NLL_ALONG_COLS };
const void *nll_fetch(const nll_view *v, enum nll_type type, const nll_isa *isa, size_t row,
                      size_t col, enum nll_along along, size_t count, void *scratch);

/* 1 if nll_fetch of this array would convert nothing along that axis. */
int nll_in_place(const nll_view *v, enum nll_type type, enum nll_along along);

/* Where a kernel may write `count` results for o from (row, col) on: in place, or `scratch`. */
void *nll_put_target(const nll_out *o, enum nll_type type, size_t row, size_t col,
                     enum nll_along along, void *scratch);
/* Stores what was written there; nothing to do if it was in place. */
void nll_put(const nll_out *o, enum nll_type type, const nll_isa *isa, size_t row, size_t col,
             enum nll_along along, size_t count, const void *from);

/* Row `row` as it lies in memory. */
static inline const void *nll_view_row(const nll_view *v, size_t row) {
    return (const char *)v->data +
           (ptrdiff_t)row * v->row_stride * (ptrdiff_t)nll_dtype_size(v->dtype);
}
static inline void *nll_out_row(const nll_out *o, size_t row) {
    return (char *)o->data + (ptrdiff_t)row * o->row_stride * (ptrdiff_t)nll_dtype_size(o->dtype);
}

/* One element as double; exact but for 64-bit integers above 2^53, which round. */
double nll_get(const nll_view *v, size_t row, size_t col);
/* `count` integers from row on; returns the number of them before the first that does not fit
 * int64_t (count if all do). */
size_t nll_get_indices(const nll_view *v, size_t row, size_t count, int64_t *index);

#endif
