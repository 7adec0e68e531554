/* kernel_bits.c: every kernel gives the bits of the scalar backend, whatever it is given together
 * with what. */
#include "cells.h"
#include "gen.h"

#include <math.h>
#include <string.h>

/* No parameters where only scalar runs: Criterion then has nothing to run. */
ParameterizedTestParameters(bits, equal_to_scalar) { return cells_all(0); }
ParameterizedTest(int *cell, bits, equal_to_scalar, .timeout = 1800) {
    cells_check(*cell, check_bits);
}

ParameterizedTestParameters(bits, neighbours_do_not_matter) { return cells_all(1); }
ParameterizedTest(int *cell, bits, neighbours_do_not_matter, .timeout = 1800) {
    cells_check(*cell, check_lanes);
}

ParameterizedTestParameters(bits, one_call_or_several) { return cells_all(1); }
ParameterizedTest(int *cell, bits, one_call_or_several, .timeout = 1800) {
    cells_check(*cell, check_split);
}

ParameterizedTestParameters(bits, any_nan_is_the_same) { return cells_all(1); }
ParameterizedTest(int *cell, bits, any_nan_is_the_same, .timeout = 1800) {
    cells_check(*cell, check_nan);
}

/* Lanes behind the last number add nothing, be the weight of all numbers infinite: not 0 * inf. */
Test(bits, infinite_constant_weight_of_a_total) {
    const double x[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    const double weight = (double)INFINITY;
    for (size_t i = 0; nll_isa_at(i); i++)
        for (size_t n = 1; nll_isa_can_run(nll_isa_at(i)) && n <= 20; n++) {
            double sum;
            int64_t bad;
            nll_job job = {
                .rows = 1, .cols = n, .in = {x, &weight}, .out = {&sum, &bad}, .constant = 2};
            nll_isa_at(i)->fn[NLL_TYPE_F64][NLL_K_total](&job);
            cr_expect(sum == (double)INFINITY, "%s: %zu numbers give %g", nll_isa_at(i)->name, n,
                      sum);
        }
}

/* Blocks in one call give what each gives by itself, with weights and without. */
static void check_blocks(const nll_isa *isa, enum nll_type type, size_t rows, size_t cols,
                         uint64_t *state) {
    enum { ROWS = 5, COLS = 64 };
    union {
        float f[ROWS * COLS];
        double d[ROWS * COLS];
    } x, w;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        double v = gen_value(gen_below(40, state) ? GEN_NORMAL : GEN_REAL, state),
               weight = (double)gen_below(3, state);
        if (type == NLL_TYPE_F32) {
            x.f[i] = (float)v;
            w.f[i] = (float)weight;
        } else {
            x.d[i] = v;
            w.d[i] = weight;
        }
    }
    for (uint32_t constant = 0; constant <= 2; constant += 2) {
        double sum[ROWS], one;
        int64_t bad[ROWS], one_bad;
        isa->fn[type][NLL_K_total](&(nll_job){.rows = rows,
                                              .cols = cols,
                                              .in = {&x, &w},
                                              .ld = {COLS, COLS},
                                              .out = {sum, bad},
                                              .constant = constant});
        for (size_t r = 0; r < rows; r++) {
            size_t at = r * COLS * (type == NLL_TYPE_F32 ? sizeof(float) : sizeof(double));
            const char *weight = (const char *)&w + (constant ? 0 : at);
            isa->fn[type][NLL_K_total](&(nll_job){.rows = 1,
                                                  .cols = cols,
                                                  .in = {(const char *)&x + at, weight},
                                                  .out = {&one, &one_bad},
                                                  .constant = constant});
            cr_expect(memcmp(&one, &sum[r], sizeof one) == 0 && one_bad == bad[r],
                      "%s: block %zu of %zu with %zu numbers: %a (%lld), not %a (%lld)", isa->name,
                      r, rows, cols, sum[r], (long long)bad[r], one, (long long)one_bad);
        }
    }
}
Test(bits, blocks_of_a_total_side_by_side) {
    uint64_t state = gen_seed();
    for (size_t i = 0; nll_isa_at(i); i++)
        for (unsigned k = 0; nll_isa_can_run(nll_isa_at(i)) && k < 2 * NLL_TYPES * 64; k++)
            check_blocks(nll_isa_at(i), k % NLL_TYPES, 1 + k / NLL_TYPES % 5, 1 + k / 4, &state);
}

/* ---- storage types: all 65536 of each, and back */

static uint16_t halves[65536], back[65536];
static float widened[65536], oracle[65536];

static void convert(const nll_isa *isa, unsigned kernel, const void *in, void *out) {
    nll_job job = {.rows = 1, .cols = 65536, .in = {in}, .out = {out}};
    isa->fn[NLL_TYPE_F32][kernel](&job);
}

static void all_halves(const nll_isa *isa, unsigned from, unsigned to, uint16_t infinity) {
    for (unsigned i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    convert(isa, from, halves, widened);
    convert(batch_scalar(), from, halves, oracle);
    cr_expect(memcmp(widened, oracle, sizeof widened) == 0, "%s: %s differs from scalar", isa->name,
              nll_descs[from].name);
    convert(isa, to, widened, back);
    for (unsigned i = 0; i < 65536; i++) {
        int nan = (i & 0x7fff) > infinity;
        unsigned quiet = infinity == 0x7c00 ? 0x7e00 : 0x7fc0, want = nan ? quiet : i;
        cr_expect(back[i] == want, "%s: 0x%04x comes back as 0x%04x", isa->name, i, back[i]);
    }
}

Test(bits, all_halves_there_and_back) {
    for (size_t i = 0; nll_isa_at(i); i++) {
        if (!nll_isa_can_run(nll_isa_at(i))) continue;
        all_halves(nll_isa_at(i), NLL_K_from_f16, NLL_K_to_f16, 0x7c00);
        all_halves(nll_isa_at(i), NLL_K_from_bf16, NLL_K_to_bf16, 0x7f80);
    }
}
