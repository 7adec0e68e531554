/* rows_tile.c: groups of rows along any axis, in place or as tiles, and kernel passes over them. */
#include "rows.h"

#include "fetch.h"

#include <stdlib.h>
#include <string.h>

enum { BESIDE = 16 }; /* rows of a tile side by side, and the fewest that are taken so */

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

/* Do all arrays have their classes (rows) side by side, in the compute type? */
static int all_direct(const rows_plan *p, int beside) {
    for (int k = 0; k < ROWS_ARRAYS; k++) {
        const rows_array *a = &p->array[k];
        if (p->given[k] && (!is_compute(p, a->dtype) || (beside ? a->inner : a->class) != 1))
            return 0;
    }
    return 1;
}

static size_t clamp(size_t n, size_t least, size_t most) {
    return n < least ? least : n > most ? most : n;
}

void rows_prepare(rows_plan *p, const nll_rows *x, const nll_rows *g, const nll_rows_out *y,
                  unsigned per_row) {
    const nll_rows none = {0};
    if (!g) g = &none;
    *p = (rows_plan){
        .isa = nll_isa_current(), .outer = x->outer, .classes = x->classes, .inner = x->inner};
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
    const rows_array *a = &p->array[ROWS_X];
    size_t size = nll_type_size(p->type), row = p->classes * size;
    size_t most = ROWS_TILE * sizeof(float) / size; /* elements of a tile */
    p->tile = p->classes;
    if (all_direct(p, 0)) {
        p->direct = 1;
        p->group = clamp(ROWS_CACHE / row, 1, 128);
    } else if (p->inner >= BESIDE && all_direct(p, 1)) {
        p->direct = p->beside = 1;
        p->group = clamp(ROWS_BESIDE / row / 64 * 64, 64, ROWS_GROUP);
        if (per_row >> ROWS_Y & 1u) p->group = ROWS_GROUP; /* nothing is read again */
    } else if (p->inner >= BESIDE && llabs(a->inner) < llabs(a->class)) {
        p->beside = 1;
        p->group = BESIDE;
        p->tile = clamp(p->classes, 1, most / BESIDE);
    } else {
        p->tile = clamp(p->classes, 1, most);
        p->group = clamp(most / p->tile, 1, ROWS_GROUP);
    }
    /* groups in place and side by side lie within one outer index */
    size_t line = p->direct || p->beside ? p->inner : p->inner * p->outer;
    p->groups = line / p->group + (line % p->group != 0);
}

static int within_outer(const rows_plan *p) { return p->direct || p->beside; }

size_t rows_groups(const rows_plan *p) {
    return within_outer(p) ? p->outer * p->groups : p->groups;
}

void rows_open(const rows_plan *p, rows_scratch *s, size_t n) {
    size_t line = within_outer(p) ? p->inner : p->inner * p->outer;
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

static enum nll_kernel half_kernel(nll_dtype dtype, int out) {
    if (dtype == NLL_F16) return out ? NLL_K_to_f16 : NLL_K_from_f16;
    return out ? NLL_K_to_bf16 : NLL_K_from_bf16;
}

/* The lines of a tile: its rows, or side by side its classes. */
typedef struct tile_lines {
    size_t lines, length;
    ptrdiff_t step; /* from number to number of a line, in the array */
} tile_lines;
static tile_lines lines_of(const rows_plan *p, const rows_scratch *s, const rows_array *a,
                           size_t n) {
    if (p->beside) return (tile_lines){n, s->rows, a->inner};
    return (tile_lines){s->rows, n, a->class};
}
static const char *line_at(const rows_plan *p, const rows_scratch *s, const rows_array *a,
                           size_t line, size_t c) {
    return p->beside ? place(p, a, s->row, c + line) : place(p, a, s->row + line, c);
}

/* Half-precision lines side by side go through one call. */
static int converts_whole(const rows_plan *p, const rows_array *a, tile_lines t) {
    return p->beside && t.step == 1 && p->type == NLL_TYPE_F32 &&
           (a->dtype == NLL_F16 || a->dtype == NLL_BF16);
}

static const void *fetch(const rows_plan *p, rows_scratch *s, enum rows_role role, size_t c,
                         size_t n) {
    const rows_array *a = &p->array[role];
    char *tile = (char *)s->tile[role];
    if (p->direct) return place(p, a, s->row, c);
    if (s->at[role] == c) return tile;
    s->at[role] = c;
    tile_lines t = lines_of(p, s, a, n);
    size_t size = nll_type_size(p->type), ld = p->beside ? BESIDE : n;
    if (converts_whole(p, a, t)) {
        p->isa->fn[NLL_TYPE_F32][half_kernel(a->dtype, 0)](
            &(nll_job){.rows = t.lines,
                       .cols = t.length,
                       .in = {line_at(p, s, a, 0, c)},
                       .ld = {a->class},
                       .out = {tile},
                       .out_ld = {(ptrdiff_t)ld}});
        return tile;
    }
    for (size_t k = 0; k < t.lines; k++) {
        nll_view line = {.data = line_at(p, s, a, k, c), .dtype = a->dtype, .row_stride = t.step};
        void *to = tile + k * ld * size;
        const void *from = nll_fetch(&line, p->type, p->isa, 0, 0, NLL_ALONG_ROWS, t.length, to);
        if (from != to) memcpy(to, from, t.length * size);
    }
    return tile;
}

/* The output's tile is x's (or p's), which has been read. */
static void store(const rows_plan *p, rows_scratch *s, size_t c, size_t n) {
    const rows_array *a = &p->array[ROWS_Y];
    const char *tile = (const char *)s->tile[ROWS_X];
    s->at[ROWS_X] = SIZE_MAX;
    tile_lines t = lines_of(p, s, a, n);
    size_t size = nll_type_size(p->type), ld = p->beside ? BESIDE : n;
    if (converts_whole(p, a, t)) {
        p->isa->fn[NLL_TYPE_F32][half_kernel(a->dtype, 1)](
            &(nll_job){.rows = t.lines,
                       .cols = t.length,
                       .in = {tile},
                       .ld = {(ptrdiff_t)ld},
                       .out = {(char *)(uintptr_t)line_at(p, s, a, 0, c)},
                       .out_ld = {a->class}});
        return;
    }
    for (size_t k = 0; k < t.lines; k++) {
        nll_out line = {.data = (char *)(uintptr_t)line_at(p, s, a, k, c),
                        .dtype = a->dtype,
                        .row_stride = t.step};
        nll_put(&line, p->type, p->isa, 0, 0, NLL_ALONG_ROWS, t.length, tile + k * ld * size);
    }
}

/* ---- passes */

/* From row to row, or side by side from class to class. */
static ptrdiff_t leading(const rows_plan *p, enum rows_role role, size_t n) {
    if (!p->direct) return p->beside ? BESIDE : (ptrdiff_t)n;
    return p->beside ? p->array[role].class : p->array[role].inner;
}

void rows_run(const rows_plan *p, rows_scratch *s, rows_pass pass, nll_job job) {
    enum nll_kernel kernel = p->beside ? pass.kernel.lanes : pass.kernel.row;
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
            job.ld[k] = leading(p, role, n);
        }
        if (hole) {
            for (size_t r = 0; r < s->rows; r++)
                shifted[r] = hole[r] >= (int64_t)c ? hole[r] - (int64_t)c : -1;
            job.in[1] = shifted;
        }
        if (pass.y) {
            job.out[0] = p->direct ? (char *)(uintptr_t)place(p, &p->array[ROWS_Y], s->row, c)
                                   : (char *)s->tile[ROWS_X];
            job.out_ld[0] = leading(p, p->direct ? ROWS_Y : ROWS_X, n);
        }
        p->isa->fn[p->type][kernel](&job);
        if (pass.y && !p->direct) store(p, s, c, n);
        job.carry = 1;
    }
}

/* ---- one number per row */

/* Rows from r on that lie on one line of the array. */
static size_t run_of(const rows_plan *p, const rows_scratch *s, size_t r) {
    size_t left = p->inner - (s->row + r) % p->inner;
    return s->rows - r < left ? s->rows - r : left;
}

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
