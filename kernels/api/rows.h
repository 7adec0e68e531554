/* rows.h: one call over rows of classes along any axis: its plan, and its data as tiles.
 *
 * A group of rows is taken through the kernels together, one row below the other.  Where every
 * array is of the compute type and has its classes side by side, kernels work in place; else on
 * tiles, so many classes of the group, converted into scratch.  Where the classes lie apart the
 * tile is the array transposed, and holds all classes if it can: then each number is read from
 * memory once, and written once. */
#ifndef NLL_API_ROWS_H
#define NLL_API_ROWS_H

#include "check.h"
#include "dispatch.h"

enum {
    ROWS_GROUP = 256,       /* rows taken together, at most */
    ROWS_TILE = 1 << 15,    /* bytes of a tile that is converted again for each pass: in L1 */
    ROWS_CACHE = 1 << 18,   /* bytes of a group in place: it stays in L2 */
    ROWS_TILES = 264 << 10, /* bytes of all tiles: the same, and what is left free between rows */
    ROWS_ARRAYS = 3
};

/* Element (o, c, i) of an array, input or output. */
typedef struct rows_array {
    const void *data;
    nll_dtype dtype;
    ptrdiff_t outer, class, inner; /* strides; class 0 where there is one number per row */
} rows_array;

enum rows_role { ROWS_X, ROWS_G, ROWS_Y }; /* x or p; g; the output */

typedef struct rows_plan {
    const nll_isa *isa;
    enum nll_type type;
    int direct; /* every array in place */
    int within; /* groups lie within one outer index */
    int stream; /* the output is larger than the caches: its lines are written past them */
    size_t outer, classes, inner;
    size_t group, groups; /* rows of one; within: groups of each outer, else of all rows */
    size_t tile;          /* classes of a tile; a multiple of a block unless it is all */
    ptrdiff_t ld;         /* of a tile: from row to row */
    unsigned passes;      /* of kernels over the array */
    size_t memory;        /* bytes of tiles that are too large for the stack; 0: they are not */
    rows_array array[ROWS_ARRAYS];
    int given[ROWS_ARRAYS]; /* has one number per class */
} rows_plan;

/* What a group is made of, and the tiles last fetched. */
typedef struct rows_scratch {
    size_t row, rows; /* flat row numbers: row = o * inner + i */
    size_t at[2];     /* first class of tile ROWS_X, ROWS_G; SIZE_MAX: none */
    char *tiles;      /* on the stack or not */
    _Alignas(64) char stack[ROWS_TILES];
} rows_scratch;

/* Checks three arrays (dtype NLL_ABSENT: none); per_row: bit 1 << role: one number per row. */
nll_status rows_check(const nll_rows *x, const nll_rows *g, const nll_rows_out *y, unsigned per_row,
                      const nll_executor *executor);

/* Shape, orientation and sizes; the arrays have been checked. */
void rows_prepare(rows_plan *p, const nll_rows *x, const nll_rows *g, const nll_rows_out *y,
                  unsigned per_row, unsigned passes);
/* Tiles for a task, and their end; where there is no memory the plan becomes one that does without,
 * slowly.  The groups stay as they are. */
void rows_begin(rows_plan *p, rows_scratch *s);
void rows_end(const rows_plan *p, rows_scratch *s);
/* The number of groups, and the rows of group n. */
size_t rows_groups(const rows_plan *p);
void rows_open(const rows_plan *p, rows_scratch *s, size_t n);

/* Runs a kernel over all classes of the group, tile by tile with carry.  in[0] and in[1] become x
 * and g where `x`, `g` name a role (-1: as the job has them), out[0] the output where `y` is not 0.
 * A pass that writes must be the last one that reads. */
typedef struct rows_pass {
    enum nll_kernel kernel;
    int in0, in1, y;
} rows_pass;
void rows_run(const rows_plan *p, rows_scratch *s, rows_pass pass, nll_job job);

/* One number per row of the group, from and to an array of that role, in double. */
void rows_get(const rows_plan *p, const rows_scratch *s, enum rows_role role, double *to);
void rows_put(const rows_plan *p, const rows_scratch *s, const double *from);

#endif
