/* kernel_layouts.c: the kernel `transpose` moves every number to its place, bit for bit, into and
 * out of arrays with any number of rows side by side and any distance from class to class, and
 * writes nothing else; and kernels of rows that make fewer outputs. */
#include "cells.h"
#include "gen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEFORE = 3 }; /* elements before the first, so that nothing is aligned */

/* A matrix of `lines` lines of `length` numbers, ld apart; aligned: after a line of the cache. */
struct lines {
    size_t lines, length, size, bytes;
    ptrdiff_t ld;
    unsigned char *memory, *first;
};
static struct lines make(size_t lines, size_t length, size_t ld, size_t size, int aligned,
                         uint64_t *state) {
    struct lines m = {.lines = lines, .length = length, .size = size, .ld = (ptrdiff_t)ld};
    size_t before = aligned ? 64 : BEFORE * size;
    m.bytes = before + ((lines - 1) * ld + length) * size; /* and not one more */
    cr_assert_eq(posix_memalign((void **)&m.memory, 64, m.bytes), 0);
    for (size_t i = 0; i < m.bytes; i++) m.memory[i] = (unsigned char)gen_bits(state);
    m.first = m.memory + before;
    return m;
}
static unsigned char *at(const struct lines *m, size_t line, size_t i) {
    return m->first + ((ptrdiff_t)line * m->ld + (ptrdiff_t)i) * (ptrdiff_t)m->size;
}

static void check(const nll_isa *isa, enum nll_type type, size_t rows, size_t cols, size_t ld,
                  size_t out_ld, int out, uint64_t *state) {
    size_t size = type == NLL_TYPE_F32 ? 4 : 8;
    static const char *const names[] = {"in", "out", "past the caches"};
    struct lines x = make(cols, rows, ld, size, 0, state);
    struct lines y = make(rows, cols, out_ld, size, out == TRANSPOSE_STREAM, state);
    unsigned char *want = malloc(y.bytes);
    cr_assert_not_null(want);
    memcpy(want, y.memory, y.bytes);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            memcpy(want + (at(&y, r, c) - y.memory), at(&x, c, r), size);
    isa->fn[type][NLL_K_transpose](&(nll_job){.rows = rows,
                                              .cols = cols,
                                              .in = {x.first},
                                              .ld = {x.ld},
                                              .out = {y.first},
                                              .out_ld = {y.ld},
                                              .par = {out}});
    for (size_t i = 0; i < y.bytes; i++)
        cr_assert(want[i] == y.memory[i],
                  "%s, %zu bytes: %zu rows %zu apart, %zu classes %zu apart, %s: byte %zu of %zu",
                  isa->name, size, rows, out_ld, cols, ld, names[out], i, y.bytes);
    free(want);
    free(x.memory);
    free(y.memory);
}

ParameterizedTestParameters(layouts, transpose) {
    static int types[NLL_TYPES] = {NLL_TYPE_F32, NLL_TYPE_F64};
    return cr_make_param_array(int, types, NLL_TYPES);
}
ParameterizedTest(int *type, layouts, transpose, .timeout = 1800) {
    static const size_t classes[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 257};
    uint64_t state = gen_state(5000 + (uint64_t)*type);
    for (size_t i = 0; nll_isa_at(i); i++) {
        const nll_isa *isa = nll_isa_at(i);
        if (!nll_isa_can_run(isa)) continue;
        for (size_t rows = 1; rows <= 40; rows++)
            for (size_t k = 0; k < sizeof classes / sizeof *classes; k++)
                for (int out = TRANSPOSE_IN; out <= TRANSPOSE_STREAM; out++) {
                    size_t cols = classes[k];
                    size_t apart = gen_below(3, &state) ? 1 + gen_below(9, &state) : 0;
                    enum nll_type t = (enum nll_type) * type;
                    check(isa, t, rows, cols, rows, cols + apart, out, &state);
                    check(isa, t, rows, cols, rows + apart, cols, out, &state);
                    check(isa, t, rows, cols, 64, 257 + apart, out, &state);
                    check(isa, t, cols, rows, 512, 48, out, &state);
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

/* row_loss: whole groups of rows give what each row gives by itself, with gaps between rows or
 * without, the gradient in place, elsewhere or not at all; rows of which it makes nothing stay. */
static void check_losses(const nll_isa *isa, size_t rows, size_t cols, size_t ld, uint64_t *state) {
    enum { ROWS = 80, LD = 24 };
    static const float odd[] = {-INFINITY, NAN, INFINITY, -1e30f, 60001, -70, 95, -0.0f};
    float x[ROWS * LD], g[ROWS * LD], want[ROWS * LD];
    double loss[3][ROWS];
    int64_t y[ROWS];
    for (size_t i = 0; i < ROWS * LD; i++) {
        uint64_t bits = gen_bits(state);
        x[i] = (float)((int64_t)(bits % 4001) - 2000) * 0x1p-8f;
        if (bits >> 32 & 1 && (bits >> 40) % 64 == 0) x[i] = odd[bits >> 50 & 7];
        want[i] = g[i] = x[i];
    }
    for (size_t i = 0; i < ROWS; i++) y[i] = (int64_t)gen_below(cols + (i % 40 == 0), state);
    nll_fn one = batch_oracle(NLL_K_row_loss, NLL_TYPE_F32);
    nll_job job = {
        .cols = cols, .ld = {(ptrdiff_t)ld}, .out_ld = {(ptrdiff_t)ld}, .par = {-0x1p-9}};
    for (size_t i = 0; i < rows; i++) {
        nll_job row = job;
        row.rows = 1;
        row.in[0] = x + i * ld;
        row.in[1] = y + i;
        row.out[0] = want + i * ld;
        row.out[1] = loss[0] + i;
        one(&row);
    }
    job.rows = rows;
    job.in[0] = x;
    job.in[1] = y;
    job.out[1] = loss[1];
    isa->fn[NLL_TYPE_F32][NLL_K_row_loss](&job);
    job.out[0] = g;
    job.out[1] = loss[2];
    isa->fn[NLL_TYPE_F32][NLL_K_row_loss](&job);
    for (unsigned k = 1; k < 3; k++)
        cr_assert(memcmp(loss[0], loss[k], rows * sizeof *y) == 0, "%s: losses, %zux%zu, ld %zu",
                  isa->name, rows, cols, ld);
    cr_assert(memcmp(g, want, sizeof g) == 0, "%s: gradients, %zux%zu, ld %zu", isa->name, rows,
              cols, ld);
    job.out[0] = x;
    isa->fn[NLL_TYPE_F32][NLL_K_row_loss](&job);
    cr_assert(memcmp(x, want, sizeof x) == 0, "%s: in place, %zux%zu, ld %zu", isa->name, rows,
              cols, ld);
}
Test(layouts, losses_of_many_rows) {
    uint64_t state = gen_state(5300);
    for (size_t i = 0; nll_isa_at(i); i++)
        for (size_t cols = 1; cols <= 17 && nll_isa_can_run(nll_isa_at(i)); cols++)
            for (size_t rows = 1; rows <= 70; rows += 1 + gen_below(5, &state)) {
                check_losses(nll_isa_at(i), rows, cols, cols, &state);
                check_losses(nll_isa_at(i), rows, cols, cols + 1 + gen_below(6, &state), &state);
            }
}

/* What the compiler or the cache must not mind: lines a power of two apart. */
Test(layouts, powers_of_two) {
    uint64_t state = gen_state(5200);
    for (size_t i = 0; nll_isa_at(i); i++)
        for (int out = TRANSPOSE_IN; out <= TRANSPOSE_STREAM; out++) {
            if (!nll_isa_can_run(nll_isa_at(i))) continue;
            check(nll_isa_at(i), NLL_TYPE_F32, 64, 130, 4096, 144, out, &state);
            check(nll_isa_at(i), NLL_TYPE_F32, 130, 64, 144, 4096, out, &state);
            check(nll_isa_at(i), NLL_TYPE_F64, 40, 70, 1024, 72, out, &state);
        }
}
