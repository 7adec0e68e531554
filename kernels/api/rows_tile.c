/* rows_tile.c: groups of rows along any axis, in place or as tiles, and kernel passes over them. */
#include "rows.h"

#include "fetch.h"
#include "tile.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDE = 4,   /* lines of a tile in every class, where its classes are too many for the stack */
    PASSES = 3, /* over the array, from which on its tiles are allocated where the stack is small */
    MEMORY = 64 << 20, /* bytes of these, at most */
    BLOCK = 512
};

/* ---- the plan */

static void set_array(rows_plan *p, enum rows_role role, const void *data, nll_dtype dtype,
                      const ptrdiff_t stride[3], unsigned per_row) {
    p->given[role] = dtype != NLL_ABSENT && !(per_row >> role & 1u);
    p->array[role] = (rows_array){.data = data,
                                  .dtype = dtype,
                                  .outer = stride[0],
                                  .class = p->given[role] ? p->classes == 1 ? 1 : stride[1] : 0,
                                  .inner = stride[2]};
}

/* Two axes of rows as one where every array allows it: all rows then have one distance. */
static void merge(rows_plan *p) {
    int line = p->outer > 1 && p->inner > 1;
    if (p->inner == 1 && p->outer > 1) {
        for (int k = 0; k < ROWS_ARRAYS; k++) p->array[k].inner = p->array[k].outer;
    } else {
        for (int k = 0; k < ROWS_ARRAYS; k++) {
            const rows_array *a = &p->array[k];
            line &= a->dtype == NLL_ABSENT || a->outer == (ptrdiff_t)p->inner * a->inner;
        }
        if (!line) return;
    }
    p->inner *= p->outer;
    p->outer = 1;
}

static int is_compute(const rows_plan *p, nll_dtype dtype) {
    return dtype == (p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64);
}

/* Do all arrays have their classes side by side, in the compute type? */
static int all_direct(const rows_plan *p) {
    for (int k = 0; k < ROWS_ARRAYS; k++)
        if (p->given[k] && (!is_compute(p, p->array[k].dtype) || p->array[k].class != 1)) return 0;
    return 1;
}

static int any_turned(const rows_plan *p) {
    for (int k = 0; k < ROWS_ARRAYS; k++)
        if (p->given[k] && nll_turned(p->array[k].inner, p->array[k].class)) return 1;
    return 0;
}

/* Tiles of a group, and the elements that there is room for in each on the stack. */
static size_t arrays(const rows_plan *p) { return p->given[ROWS_G] ? 2 : 1; }
static size_t stack_room(const rows_plan *p) {
    return ROWS_TILES / nll_type_size(p->type) / arrays(p);
}
/* As many classes of so many rows as there is room for. */
static void tile_on_stack(rows_plan *p, size_t rows) {
    p->tile = (stack_room(p) / rows - NLL_LINE / nll_type_size(p->type)) / BLOCK * BLOCK;
    p->memory = 0;
}

/* Classes that do not fit the stack: a tile holds as many as do, and each pass reads the array
 * again; or all of them, allocated, where there are so many passes that this is faster. */
static void plan_many(rows_plan *p, size_t size, size_t wide) {
    size_t bytes = 0;
    tile_on_stack(p, wide);
    if (p->passes < PASSES ||
        __builtin_mul_overflow(nll_tile_ld(p->classes, p->type), wide * size * arrays(p), &bytes) ||
        bytes > MEMORY)
        return;
    p->tile = p->classes;
    p->memory = bytes;
}

/* Rows that lie side by side: groups as wide as they fit with all their classes, or a few lines. */
static void plan_turned(rows_plan *p, size_t size) {
    size_t line = NLL_LINE / size,
           wide = stack_room(p) / nll_tile_ld(p->classes, p->type) / line * line;
    p->tile = p->classes;
    if (wide < line) { /* no more lines than lie side by side: the rest of a tile is classes */
        wide = p->inner < WIDE * line ? (p->inner + line - 1) / line * line : WIDE * line;
        plan_many(p, size, wide);
    }
    if (wide > ROWS_GROUP) wide = ROWS_GROUP;
    p->within = p->inner > wide;
    size_t parts = (p->inner + wide - 1) / wide;
    p->group = p->within ? ((p->inner + parts - 1) / parts + line - 1) / line * line
                         : wide / p->inner * p->inner;
}

static size_t clamp(size_t n, size_t least, size_t most) {
    return n < least ? least : n > most ? most : n;
}

void rows_prepare(rows_plan *p, const nll_rows *x, const nll_rows *g, const nll_rows_out *y,
                  unsigned per_row, unsigned passes) {
    const nll_rows none = {0};
    if (!g) g = &none;
    *p = (rows_plan){.isa = nll_isa_current(),
                     .passes = passes,
                     .outer = x->outer,
                     .classes = x->classes,
                     .inner = x->inner};
    p->type = x->dtype == NLL_F64 || g->dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32;
    set_array(p, ROWS_X, x->data, x->dtype,
              (ptrdiff_t[3]){x->outer_stride, x->class_stride, x->inner_stride}, per_row);
    set_array(p, ROWS_G, g->data, g->dtype,
              (ptrdiff_t[3]){g->outer_stride, g->class_stride, g->inner_stride}, per_row);
    set_array(p, ROWS_Y, y->data, y->dtype,
              (ptrdiff_t[3]){y->outer_stride, y->class_stride, y->inner_stride}, per_row);
    if (p->outer == 0 || p->inner == 0) {
        p->outer = p->inner = 0;
        return;
    }
    merge(p);
    if (p->given[ROWS_Y] && y->data != x->data && y->data != g->data)
        p->stream = nll_tile_streams(p->outer * p->classes * p->inner * nll_dtype_size(y->dtype));
    size_t size = nll_type_size(p->type), row = p->classes * size;
    size_t most = ROWS_TILE / size; /* elements of a tile */
    p->tile = p->classes;
    if (all_direct(p)) {
        p->direct = p->within = 1;
        p->group = clamp(ROWS_CACHE / row, 1, 128);
    } else if (any_turned(p)) {
        plan_turned(p, size);
    } else {
        p->tile = clamp(p->classes, 1, most);
        p->group = clamp(most / nll_tile_ld(p->tile, p->type), 1, ROWS_GROUP);
    }
    p->ld = (ptrdiff_t)nll_tile_ld(p->tile, p->type);
    size_t line = p->within ? p->inner : p->inner * p->outer;
    p->groups = line / p->group + (line % p->group != 0);
}

void rows_begin(rows_plan *p, rows_scratch *s) {
    s->tiles = p->memory > 0 ? aligned_alloc(NLL_LINE, p->memory) : s->stack;
    if (s->tiles) return;
    tile_on_stack(p, p->group);
    p->ld = (ptrdiff_t)nll_tile_ld(p->tile, p->type);
    s->tiles = s->stack;
}
void rows_end(const rows_plan *p, rows_scratch *s) {
    if (p->memory > 0) free(s->tiles);
}

size_t rows_groups(const rows_plan *p) { return p->within ? p->outer * p->groups : p->groups; }

void rows_open(const rows_plan *p, rows_scratch *s, size_t n) {
    size_t line = p->within ? p->inner : p->inner * p->outer;
    size_t first = n % p->groups * p->group;
    s->row = n / p->groups * line + first;
    s->rows = line - first < p->group ? line - first : p->group;
    s->at[0] = s->at[1] = SIZE_MAX;
}

/* ---- tiles */

/* Class c of flat row r, as an offset in elements. */
static ptrdiff_t offset(const rows_plan *p, const rows_array *a, size_t r, size_t c) {
    return (ptrdiff_t)(r / p->inner) * a->outer + (ptrdiff_t)(r % p->inner) * a->inner +
           (ptrdiff_t)c * a->class;
}
static const char *place(const rows_plan *p, const rows_array *a, size_t r, size_t c) {
    return (const char *)a->data + offset(p, a, r, c) * (ptrdiff_t)nll_dtype_size(a->dtype);
}

/* Rows from r on that lie on one line of the array. */
static size_t run_of(const rows_plan *p, const rows_scratch *s, size_t r) {
    size_t left = p->inner - (s->row + r) % p->inner;
    return s->rows - r < left ? s->rows - r : left;
}

static char *tile_of(const rows_plan *p, const rows_scratch *s, enum rows_role role) {
    return s->tiles + (role == ROWS_X ? 0 : (p->memory > 0 ? p->memory : sizeof s->stack) / 2);
}

static const void *fetch(const rows_plan *p, rows_scratch *s, enum rows_role role, size_t c,
                         size_t n) {
    const rows_array *a = &p->array[role];
    char *tile = tile_of(p, s, role);
    if (p->direct) return place(p, a, s->row, c);
    if (s->at[role] == c) return tile;
    s->at[role] = c;
    for (size_t r = 0, m; r < s->rows; r += m) {
        m = run_of(p, s, r);
        nll_view v = {.data = place(p, a, s->row + r, c), .dtype = a->dtype, .rows = m, .cols = n};
        v.row_stride = a->inner;
        v.col_stride = a->class;
        nll_tile_get(&v, p->type, p->isa, tile + r * (size_t)p->ld * nll_type_size(p->type), p->ld);
    }
    return tile;
}

/* The output's tile is x's (or p's), which has been read. */
static void store(const rows_plan *p, rows_scratch *s, size_t c, size_t n) {
    const rows_array *a = &p->array[ROWS_Y];
    const char *tile = tile_of(p, s, ROWS_X);
    s->at[ROWS_X] = SIZE_MAX;
    for (size_t r = 0, m; r < s->rows; r += m) {
        m = run_of(p, s, r);
        nll_out o = {.dtype = a->dtype, .rows = m, .cols = n};
        o.data = (char *)(uintptr_t)place(p, a, s->row + r, c);
        o.row_stride = a->inner;
        o.col_stride = a->class;
        nll_tile_put(&o, p->type, p->isa, tile + r * (size_t)p->ld * nll_type_size(p->type), p->ld,
                     p->stream);
    }
}

/* ---- passes */

static ptrdiff_t leading(const rows_plan *p, enum rows_role role) {
    return p->direct ? p->array[role].inner : p->ld;
}

/* What will be read or written next: the rows from `row` on, the classes from c. */
static void ask(const rows_plan *p, enum rows_role role, size_t row, size_t c, const void *tile,
                nll_job *job) {
    const rows_array *a = &p->array[role];
    if (!p->direct && p->memory == 0 && row < p->inner * p->outer && is_compute(p, a->dtype))
        nll_tile_ask(job, tile, place(p, a, row, c), nll_dtype_size(a->dtype), a->inner, a->class,
                     !p->within, role == ROWS_Y);
}
/* The row that the next group begins at. */
static size_t next_group(const rows_plan *p, const rows_scratch *s) {
    size_t line = p->within ? p->inner : p->inner * p->outer, at = s->row % line + s->rows;
    return at < line ? s->row + s->rows : (s->row / line + 1) * line;
}

/* While a pass is at a tile that ends before class `end`: what it writes if all classes are there,
 * else the next tile: of these rows, in this pass or the next, or of the next rows. */
static void ask_ahead(const rows_plan *p, const rows_scratch *s, rows_pass pass, size_t end,
                      nll_job *job) {
    int grad = pass.kernel == NLL_K_row_softmax_grad, whole = p->tile == p->classes;
    int last = end == p->classes, done = whole || pass.y || !p->given[ROWS_Y];
    job->par[0] = job->par[1] = 0;
    if (grad && whole && !p->stream)
        ask(p, ROWS_Y, s->row, 0, job->out[0], job);
    else if (grad || pass.kernel == NLL_K_row_lse)
        ask(p, ROWS_X, last && done ? next_group(p, s) : s->row, last ? 0 : end, job->in[0], job);
}

void rows_run(const rows_plan *p, rows_scratch *s, rows_pass pass, nll_job job) {
    enum nll_kernel kernel = pass.kernel;
    const int64_t *hole = nll_descs[kernel].in[1] == R_HOLE ? job.in[1] : NULL;
    int64_t shifted[ROWS_GROUP];
    job.rows = s->rows;
    for (size_t c = 0; c < p->classes; c += p->tile) {
        size_t n = job.cols = p->classes - c < p->tile ? p->classes - c : p->tile;
        const int roles[2] = {pass.in0, pass.in1};
        job.ld[1] = (ptrdiff_t)c; /* classes gone before, for those that search */
        for (int k = 0; k < 2; k++) {
            if (roles[k] < 0) continue;
            enum rows_role role = (enum rows_role)roles[k];
            job.in[k] = fetch(p, s, role, c, n);
            job.ld[k] = leading(p, role);
        }
        if (hole) {
            for (size_t r = 0; r < s->rows; r++)
                shifted[r] = hole[r] >= (int64_t)c ? hole[r] - (int64_t)c : -1;
            job.in[1] = shifted;
        }
        if (pass.y) {
            job.out[0] = p->direct ? (char *)(uintptr_t)place(p, &p->array[ROWS_Y], s->row, c)
                                   : tile_of(p, s, ROWS_X);
            job.out_ld[0] = leading(p, p->direct ? ROWS_Y : ROWS_X);
        }
        ask_ahead(p, s, pass, c + n, &job);
        p->isa->fn[p->type][kernel](&job);
        if (pass.y && !p->direct) store(p, s, c, n);
        job.carry = 1;
    }
}

/* ---- one number per row */

void rows_get(const rows_plan *p, const rows_scratch *s, enum rows_role role, double *to) {
    const rows_array *a = &p->array[role];
    for (size_t r = 0, n; r < s->rows; r += n) {
        n = run_of(p, s, r);
        nll_view line = {
            .data = place(p, a, s->row + r, 0), .dtype = a->dtype, .row_stride = a->inner};
        const void *from = nll_fetch(&line, NLL_TYPE_F64, p->isa, 0, 0, NLL_ALONG_ROWS, n, to + r);
        if (from != to + r) memcpy(to + r, from, n * sizeof *to);
    }
}

void rows_put(const rows_plan *p, const rows_scratch *s, const double *from) {
    const rows_array *a = &p->array[ROWS_Y];
    for (size_t r = 0, n; r < s->rows; r += n) {
        n = run_of(p, s, r);
        nll_out line = {.data = (char *)(uintptr_t)place(p, a, s->row + r, 0),
                        .dtype = a->dtype,
                        .row_stride = a->inner};
        nll_put(&line, NLL_TYPE_F64, p->isa, 0, 0, NLL_ALONG_ROWS, n, from + r);
    }
}
