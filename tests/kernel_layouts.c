/* kernel_layouts.c: rows side by side (family LANES) have the bits that the ROW kernel of the same
 * name gives them one below the other; and kernels of rows that make fewer outputs. */
#include "cells.h"
#include "gen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The ROW kernel that lanes_NAME is the like of, NLL_KERNELS if there is none. */
static unsigned row_like(unsigned kernel) {
    char name[64];
    const char *lanes = nll_descs[kernel].name;
    if (nll_descs[kernel].family != LANES || strncmp(lanes, "lanes", 5) != 0) return NLL_KERNELS;
    snprintf(name, sizeof name, "row%s", lanes + 5);
    unsigned k = 0;
    while (k < NLL_KERNELS && strcmp(nll_descs[k].name, name) != 0) k++;
    return k;
}

static int matrix(unsigned kind) { return (kind && kind < R_HOLE) || kind == X_OUT; }

/* rows x cols numbers of `size` bytes, from lines of rows to lines of cols. */
static void *transposed(const void *from, ptrdiff_t ld, size_t rows, size_t cols, size_t size) {
    char *to = malloc(rows * cols * size + 1);
    cr_assert_not_null(to);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            memcpy(to + (r * cols + c) * size,
                   (const char *)from + ((ptrdiff_t)c * ld + (ptrdiff_t)r) * (ptrdiff_t)size, size);
    return to;
}

/* The job of the batch again as ROW kernel `like`; its outputs against the batch's. */
static void compare(struct batch *b, unsigned like, nll_fn fn) {
    size_t rows = b->job.rows, cols = b->job.cols;
    nll_job job = b->job;
    void *made[2 * NLL_SLOTS] = {0};
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        struct batch_slot *in = &b->slot[k], *out = &b->slot[NLL_SLOTS + k];
        if (in->image) {
            job.in[k] = batch_at(in, in->image, 0, 0);
            if (matrix(in->kind))
                job.in[k] = made[k] = transposed(job.in[k], in->ld, rows, cols, in->size);
        }
        job.ld[k] = job.out_ld[k] = (ptrdiff_t)cols;
        if (!out->image) continue;
        made[NLL_SLOTS + k] = malloc(rows * cols * out->size + rows * 8 + 1);
        cr_assert_not_null(made[NLL_SLOTS + k]);
        if (job.carry) memcpy(made[NLL_SLOTS + k], out->image, out->bytes);
        job.out[k] = made[NLL_SLOTS + k];
    }
    fn(&job);
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        struct batch_slot *out = &b->slot[NLL_SLOTS + k];
        size_t n = matrix(out->kind) ? cols : 1;
        for (size_t r = 0; out->image && r < rows; r++)
            for (size_t c = 0; c < n; c++) {
                const unsigned char *got = matrix(out->kind) ? batch_at(out, out->expect, c, r)
                                                             : batch_at(out, out->expect, r, 0);
                const char *want = (char *)made[NLL_SLOTS + k] + (r * n + c) * out->size;
                cr_assert(memcmp(got, want, out->size) == 0,
                          "%s and %s: %zu rows of %zu, seed %llx: output %u, row %zu, class %zu",
                          b->desc->name, nll_descs[like].name, rows, cols,
                          (unsigned long long)b->what.seed, k, r, c);
            }
    }
    for (unsigned k = 0; k < 2 * NLL_SLOTS; k++) free(made[k]);
}

ParameterizedTestParameters(layouts, lanes_like_rows) { return cells_all(1); }
ParameterizedTest(int *cell, layouts, lanes_like_rows, .timeout = 1800) {
    static const uint16_t lengths[] = {0,   1,   2,   10,  15,  16,  17,   63,   64,   65,   255,
                                       256, 257, 500, 511, 512, 513, 1000, 1024, 1025, 1300, 2100};
    const nll_isa *isa = nll_isa_at((size_t)*cell / NLL_KERNELS);
    unsigned kernel = (unsigned)*cell % NLL_KERNELS, like = row_like(kernel);
    if (like == NLL_KERNELS || kernel == NLL_K_lanes_max) return;
    uint64_t state = gen_state(5000 + kernel);
    for (int t = 0; t < NLL_TYPES; t++)
        for (size_t i = 0; i < gen_count(8) * sizeof lengths / sizeof *lengths; i++) {
            struct batch b;
            struct batch_case what = {kernel,
                                      (enum nll_type)t,
                                      1 + gen_below(40, &state),
                                      lengths[i % (sizeof lengths / sizeof *lengths)],
                                      gen_bits(&state),
                                      0};
            batch_make(&b, &what);
            const char *bad = batch_expect(&b, isa->fn[t][kernel]);
            cr_assert(!bad, "%s", bad ? bad : "");
            compare(&b, like, isa->fn[t][like]);
            batch_free(&b);
        }
}

/* lanes_max is row_max and row_find in one. */
Test(layouts, maximum_and_its_first_class) {
    enum { ROWS = 37, COLS = 700 };
    static float x[COLS * ROWS], y[ROWS * COLS];
    float top[ROWS], row_top[ROWS];
    int64_t at[ROWS], row_at[ROWS];
    uint64_t state = gen_state(5100);
    for (size_t i = 0; nll_isa_at(i); i++) {
        const nll_isa *isa = nll_isa_at(i);
        if (!nll_isa_can_run(isa)) continue;
        for (size_t round = 0; round < gen_count(64); round++) {
            size_t cols = 1 + gen_below(round % 2 ? 20 : COLS, &state);
            for (size_t k = 0; k < ROWS; k++)
                gen_fill_f32(y + k * cols, cols, round % 3 ? GEN_LOGIT : GEN_REAL, &state);
            for (size_t k = 0; k < ROWS * cols; k++) x[k % cols * ROWS + k / cols] = y[k];
            nll_job lanes = {.rows = ROWS, .cols = cols, .in = {x}, .ld = {ROWS}, .out = {top, at}};
            nll_job rows = {.rows = ROWS, .cols = cols, .in = {y}, .ld = {(ptrdiff_t)cols}};
            isa->fn[NLL_TYPE_F32][NLL_K_lanes_max](&lanes);
            rows.out[0] = row_top;
            isa->fn[NLL_TYPE_F32][NLL_K_row_max](&rows);
            rows.in[1] = row_top;
            rows.out[0] = row_at;
            isa->fn[NLL_TYPE_F32][NLL_K_row_find](&rows);
            for (size_t k = 0; k < ROWS; k++) {
                cr_assert(top[k] == row_top[k], "%s: row %zu: %g", isa->name, k, (double)top[k]);
                if (top[k] > -(float)INFINITY)
                    cr_assert_eq(at[k], row_at[k], "%s: row %zu: class %jd, not %jd", isa->name, k,
                                 at[k], row_at[k]);
                else
                    cr_assert_eq(at[k], -1);
            }
        }
    }
}

/* row_finish: the loss has the same bits whether the rest is made or not; masked, far apart and NaN
 * rows among them. */
Test(layouts, finish_with_the_loss_alone) {
    enum { N = 203 };
    static const double odd[] = {0, 1e-300, 1e300, (double)INFINITY, (double)NAN};
    static const double x_odd[] = {-(double)INFINITY, -1e5, 1e5, (double)INFINITY, (double)NAN};
    double n[N], s[N], x[N], loss[N], out[5][N];
    uint64_t state = gen_state(5200);
    for (size_t i = 0; nll_isa_at(i); i++) {
        const nll_isa *isa = nll_isa_at(i);
        if (!nll_isa_can_run(isa)) continue;
        for (size_t round = 0; round < gen_count(64); round++) {
            for (size_t k = 0; k < N; k++) {
                uint64_t r = gen_bits(&state);
                n[k] = (double)(int64_t)(r % 4001) - 2000;
                s[k] = (double)(1 + (r >> 16 & 0xffff)) * 0x1p-8;
                x[k] = n[k] * 0.6875 + (double)(int64_t)(r >> 32 & 0xffff) * 0x1p-9 - 64;
                if (r >> 60 == 0) s[k] = odd[(r >> 50) % 5];
                if (r >> 60 == 1) x[k] = x_odd[(r >> 50) % 5];
            }
            size_t count = 1 + gen_below(N, &state);
            nll_job job = {.rows = 1, .cols = count, .in = {n, s, x}, .out = {loss}};
            isa->fn[NLL_TYPE_F64][NLL_K_row_finish](&job);
            for (unsigned k = 0; k < 5; k++) job.out[k] = out[k];
            isa->fn[NLL_TYPE_F64][NLL_K_row_finish](&job);
            cr_assert_arr_eq(loss, out[0], count * sizeof *loss, "%s: other losses alone",
                             isa->name);
        }
    }
}
