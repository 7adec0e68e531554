/* tile.h: tiles: pieces of an array as rows of the compute type, one below the other, and back.
 *
 * An array whose columns lie further apart than its rows (the classes on the first axis, or in the
 * middle) is gone through as it lies, column by column, and transposed in registers on the way: so
 * each line of the cache is read from memory once, and whole. */
#ifndef NLL_TILE_H
#define NLL_TILE_H

#include "dispatch.h"
#include "nll/nll.h"

#include <stdlib.h>

enum { NLL_LINE = 64 }; /* bytes of a line of the cache */

/* Is it better gone through column by column? */
static inline int nll_turned(ptrdiff_t row_stride, ptrdiff_t col_stride) {
    return llabs(row_stride) < llabs(col_stride) && llabs(col_stride) > 1;
}

/* Elements from row to row of a tile: an odd number of lines, so that a column of it uses every set
 * of the cache. */
static inline size_t nll_tile_ld(size_t cols, enum nll_type type) {
    size_t line = NLL_LINE / (type == NLL_TYPE_F32 ? sizeof(float) : sizeof(double));
    return ((cols + line - 1) / line | 1) * line;
}

/* Is an output of so many bytes written past the caches, where its columns are turned?  It is more
 * than a thread's usual share of the last one.  This is no machine's own figure, as what machines
 * say is of little use: the C library makes 384 MiB of twelve caches of 32, for eight cores each.
 */
static inline int nll_tile_streams(size_t bytes) {
    enum { SHARE = 8 << 20 };
    return bytes > SHARE;
}

/* While kernel row_lse or row_softmax_grad computes on a tile it may ask the memory for the columns
 * of another place: of `data`, from there on, the rows side by side (few: without gaps), or one
 * below the other without gaps.  Columns a multiple of a page apart would drive each other out
 * before they are written. */
static inline void nll_tile_ask(nll_job *job, const void *tile, const void *data, size_t size,
                                ptrdiff_t row_stride, ptrdiff_t col_stride, int few, int out) {
    enum { AT_ONCE = 256, PAGE = 4096 }; /* bytes; as many as a turn of the kernel's loop takes */
    ptrdiff_t step = col_stride * (ptrdiff_t)size, once = size < 4 ? AT_ONCE / 2 : AT_ONCE;
    int below = col_stride == 1 && row_stride == (ptrdiff_t)job->cols;
    if (!below && (row_stride != 1 || !nll_turned(row_stride, col_stride))) return;
    if (!below && out && step % PAGE == 0) return;
    job->par[0] = (double)((const char *)data - (const char *)tile);
    job->par[1] = (double)(few || below ? once : step);
}

/* All of v into the tile, all of o from it; v and o have rows and cols, v is no number.
 * stream: whole lines are written past the caches, where they are turned. */
void nll_tile_get(const nll_view *v, enum nll_type type, const nll_isa *isa, void *tile,
                  ptrdiff_t ld);
void nll_tile_put(const nll_out *o, enum nll_type type, const nll_isa *isa, const void *tile,
                  ptrdiff_t ld, int stream);

#endif
