/* kept.c: gradients that are made of kept exponentials (categorical_plain.c, categorical_short.c)
 * have the bits of those that the general way computes anew, which a weight of 1 for each row asks
 * for. */
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_COLS = 2600, IGNORED = -100 };

/* What is unusual about some rows: added to columns from .. from + n, in so many of the rows. */
struct twist {
    const char *name;
    double add;
    size_t from, n, every;
    double upstream, spread, target; /* factor of all logits; added to the target's */
    int ignored;                     /* every so many-th row, and its neighbour */
};
static const struct twist twists[] = {
    {"nothing", 0, 0, 0, 1, 1, 0, 0, 0},
    {"later blocks lower", -60, 700, MOST_COLS, 1, 1, 0, 0, 0},
    {"later blocks much lower", -150, 700, MOST_COLS, 2, 1, 0, 0, 0},
    {"later blocks higher", 40, 900, MOST_COLS, 1, 1, 0, 0, 0},
    {"later blocks much higher", 90, 900, MOST_COLS, 3, 1, 0, 0, 0},
    {"the first block masked", -INFINITY, 0, 512, 1, 1, 0, 0, 0},
    {"most masked", -INFINITY, 3, MOST_COLS, 2, 1, 0, 0, 0},
    {"a whole row masked", -INFINITY, 0, MOST_COLS, 5, 1, 0, 0, 0},
    {"NaN", NAN, 130, 1, 4, 1, 0, 0, 0},
    {"infinite", INFINITY, 600, 1, 4, 1, 0, 0, 0},
    {"far from 0", 1e6, 0, MOST_COLS, 3, 1, 0, 0, 0},
    {"spread over all exponents", -104, 100, 50, 1, 1, 0, 0, 0},
    {"a large scale", 0, 0, 0, 1, 1e30, 0, 0, 0},
    {"a scale near the end of the way", 0, 0, 0, 1, 0x1p26, 0, 0, 0},
    {"a small scale", 0, 0, 0, 1, 1e-35, 0, 0, 0},
    {"a tiny scale", 0, 0, 0, 1, 1e-44, 0, 0, 0},
    {"a negative scale", 0, 0, 0, 1, -3, 0, 0, 0},
    {"no gradient", 0, 0, 0, 1, 0, 0, 0, 0},
    {"infinite scale", 0, 0, 0, 1, INFINITY, 0, 0, 0},
    {"results that underflow", 0, 0, 0, 1, 1, 30, 0, 0},
    {"results that underflow, scaled", 0, 0, 0, 1, 1e-12, 25, 0, 0},
    {"a large scale and a sure target", 0, 0, 0, 1, 0x1p100, 15, 100, 0},
    {"a scale of double and a sure target", 0, 0, 0, 1, 0x1p950, 170, 700, 0},
    {"an unlikely target", 0, 0, 0, 1, 1, 4, -300, 0},
    {"ignored rows", 0, 0, 0, 1, 1, 0, 0, 7},
    {"ignored rows, NaN in others", NAN, 130, 1, 4, 1, 0, 0, 3},
};
enum { TWISTS = sizeof twists / sizeof *twists };
static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};

/* The call; `weight` NULL: the way that keeps. */
static double run(nll_dtype t, void *x, const size_t shape[3], const int64_t *y,
                  const double *weight, double upstream, void *grad, double *nll) {
    const size_t rows = shape[0];
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, t, rows, shape[1]),
                              .target = nll_view_1d(y, NLL_I64, rows),
                              .grad = nll_out_2d(grad, t, rows, shape[1]),
                              .nll = nll_out_1d(nll, NLL_F64, rows)};
    nll_result r = {.struct_size = sizeof r};
    a.logits.row_stride = a.grad.row_stride = (ptrdiff_t)shape[2];
    a.ignore_index = IGNORED;
    for (size_t i = 0; i < rows; i++) a.has_ignore_index |= y[i] == IGNORED;
    a.common.reduction = NLL_SUM;
    a.common.grad_output = nll_number(upstream);
    if (weight) a.common.sample_weight = nll_view_1d(weight, NLL_F64, rows);
    cr_assert_eq(nll_categorical(&a, &r), NLL_OK);
    return r.sum;
}

/* shape: rows, columns, and from row to row. */
static void compare(nll_dtype t, const struct twist *w, const size_t shape[3], int in_place) {
    const size_t rows = shape[0], cols = shape[1], n = rows * shape[2];
    const size_t bytes = n * nll_dtype_size(t);
    uint64_t state = gen_state(cols * 31 + rows);
    void *x = new_array(t, n), *want = new_array(t, n), *got = new_array(t, n);
    double *weight = new_doubles(rows), *nll[2] = {new_doubles(rows), new_doubles(rows)};
    int64_t *y = new_array(NLL_I64, rows);
    for (size_t i = 0; i < rows; i++) {
        weight[i] = 1;
        y[i] = (int64_t)gen_below(cols, &state);
        for (size_t c = 0; c < shape[2]; c++) {
            int twisted = i % w->every == 0 && c >= w->from && c - w->from < w->n;
            double v = (w->spread != 0 ? w->spread : 4) * gen_value(GEN_NORMAL, &state);
            v += (twisted ? w->add : 0) + (c == (size_t)y[i] ? w->target : 0);
            elem_set(x, t, (ptrdiff_t)(i * shape[2] + c), v);
        }
        if (w->ignored && i % (size_t)w->ignored < 2) y[i] = IGNORED;
    }
    memcpy(got, x, bytes); /* the same lies between the rows, too */
    memcpy(want, x, bytes);
    double a = run(t, x, shape, y, weight, w->upstream, want, nll[0]);
    double b = run(t, in_place ? got : x, shape, y, NULL, w->upstream, got, nll[1]);
    char label[160];
    snprintf(label, sizeof label, "%s, %s, %zux%zu, %zu apart%s", w->name, nll_dtype_name(t), rows,
             cols, shape[2], in_place ? ", in place" : "");
    cr_expect(same_bits(a, b), "%s: sum %a, not %a", label, b, a);
    for (size_t i = 0; i < rows; i++)
        cr_expect(same_bits(nll[0][i], nll[1][i]), "%s: row %zu: %a, not %a", label, i, nll[1][i],
                  nll[0][i]);
    for (size_t k = 0, bad = 0; k < n && bad < 3; k++)
        if (memcmp((char *)got + k * nll_dtype_size(t), (char *)want + k * nll_dtype_size(t),
                   nll_dtype_size(t)) != 0) {
            cr_expect(0, "%s: gradient of %zu in row %zu: %a, not %a", label, k % shape[2],
                      k / shape[2], elem_get(got, t, (ptrdiff_t)k),
                      elem_get(want, t, (ptrdiff_t)k));
            bad++;
        }
    free(x), free(want), free(got), free(weight), free(nll[0]), free(nll[1]), free(y);
}

static struct criterion_test_params all_twists(void) {
    static int index[TWISTS];
    for (int i = 0; i < (int)TWISTS; i++) index[i] = i;
    return cr_make_param_array(int, index, TWISTS);
}

ParameterizedTestParameters(kept, gradients_are_those_of_the_general_way) { return all_twists(); }
ParameterizedTest(const int *which, kept, gradients_are_those_of_the_general_way) {
    static const size_t shapes[][3] = {{200, 10, 10},   {67, 2, 2},       {50, 16, 17},
                                       {3, 128, 128},   {300, 129, 131},  {70, 700, 700},
                                       {1, 1024, 1024}, {41, 1000, 1000}, {9, 2600, 2603}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            for (int in_place = 0; in_place < 2; in_place++)
                compare(types[t], &twists[*which], shapes[i], in_place);
}

/* Rows so long that what is kept does not lie on the stack; and gradients that go past the caches,
 * with beginnings and ends of rows within lines. */
Test(kept, long_rows_and_large_arrays) {
    static const size_t shapes[][3] = {{5, 70001, 70001},
                                       {3, 300000, 300000},
                                       {7100, 1001, 1003},
                                       {7100, 1001, 1001},
                                       {40000, 129, 129}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        compare(NLL_F32, &twists[0], shapes[i], 0);
        compare(NLL_BF16, &twists[0], shapes[i], 0);
    }
    compare(NLL_F64, &twists[0], shapes[0], 0);
    compare(NLL_F16, &twists[0], shapes[2], 0);
    /* the last: rows that stop the short way, or are passed over */
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        compare(types[t], &twists[TWISTS - 1], shapes[3], 0);
}

/* Terms of a lane that the least term of row_lse, 2^-125 of the block's scale, rounds up one by
 * one: what lies below it counts as much. */
Test(kept, the_least_term) {
    static const float near[] = {-0x1.16aaf2p+6f, -0x1.c63836p+5f, -0x1.55de04p+5f, -0x1.f12e7cp+4f,
                                 -0x1.0848b4p+4f, -0x1.db366p+0f,  -0x1.115df6p+0f};
    static float x[512], grad[2][512];
    const int64_t y = 2;
    const double one = 1;
    const size_t shape[3] = {1, 512, 512};
    double nll[2];
    for (int i = 0; i < 512; i++) x[i] = -500;
    x[1] = x[2] = 0;
    for (int k = 0; k < 7; k++) x[64 * (k + 1)] = near[k];
    run(NLL_F32, x, shape, &y, &one, 1, grad[0], &nll[0]);
    run(NLL_F32, x, shape, &y, NULL, 1, grad[1], &nll[1]);
    cr_expect(same_bits(nll[0], nll[1]), "%a, not %a", nll[1], nll[0]);
    cr_expect(memcmp(grad[0], grad[1], sizeof grad[0]) == 0);
}
