/* axis_large.c: what depends on the size of an array along a strided axis leaves the bits alone:
 * outputs larger than the caches, which are written past them, and tiles that there is no memory
 * for. */
#include "gen.h"
#include "no_memory.h"
#include "support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef nll_status function(nll_rows x, nll_rows_out y, const nll_executor *executor);

static float *numbers(size_t n, int drawn) {
    uint64_t state = gen_state(6600);
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    cr_assert_not_null(x);
    for (size_t i = 0; i < n; i++) x[i] = drawn ? (float)gen_value(GEN_NORMAL, &state) : 0;
    return x;
}

/* Columns from .. from + n of an array of classes x inner, all of its classes. */
static nll_rows part_of(const float *x, size_t classes, size_t inner, size_t from, size_t n) {
    return (nll_rows){x + from, NLL_F32, 1, classes, n, 0, (ptrdiff_t)inner, 1};
}
static nll_rows_out part_to(float *y, size_t classes, size_t inner, size_t from, size_t n) {
    return (nll_rows_out){y + from, NLL_F32, 1, classes, n, 0, (ptrdiff_t)inner, 1};
}

enum { CLASSES = 130, INNER = 70016, PART = INNER / 8, SIZE = CLASSES * INNER }; /* 36 MB */

/* The whole array in one call, and in eight, whose outputs are smaller; where a line of the cache
 * begins, and not. */
Test(axis_large, outputs_beyond_the_caches) {
    static function *const functions[] = {nll_softmax, nll_log_softmax};
    float *x = numbers(SIZE, 1), *whole = numbers(SIZE + 1, 0), *parts = numbers(SIZE, 0);
    for (size_t f = 0; f < 2; f++)
        for (size_t gap = 0; gap < 2; gap++) {
            ASSERT_OK(functions[f](part_of(x, CLASSES, INNER, 0, INNER),
                                   part_to(whole + gap, CLASSES, INNER, 0, INNER), NULL));
            for (size_t from = 0; from < INNER; from += PART)
                ASSERT_OK(functions[f](part_of(x, CLASSES, INNER, from, PART),
                                       part_to(parts, CLASSES, INNER, from, PART), NULL));
            cr_expect_eq(memcmp(whole + gap, parts, SIZE * sizeof *parts), 0);
        }
    free(x);
    free(whole);
    free(parts);
}

static nll_status gradient(const float *x, const int64_t *y, float *grad, size_t from, size_t n) {
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = {x + from, NLL_F32, n, CLASSES, 1, INNER, 0},
                              .target = {y + from, NLL_I64, n, 1, 1, 1, 0},
                              .grad = {grad + from, NLL_F32, n, CLASSES, 1, INNER}};
    a.common.reduction = NLL_SUM; /* the mean's gradients know the number of rows */
    return nll_categorical(&a, NULL);
}
Test(axis_large, gradients_beyond_the_caches) {
    float *x = numbers(SIZE, 1), *whole = numbers(SIZE, 0), *parts = numbers(SIZE, 0);
    int64_t *y = malloc(INNER * sizeof *y);
    cr_assert_not_null(y);
    for (size_t i = 0; i < INNER; i++) y[i] = (int64_t)(i % CLASSES);
    ASSERT_OK(gradient(x, y, whole, 0, INNER));
    for (size_t from = 0; from < INNER; from += PART) ASSERT_OK(gradient(x, y, parts, from, PART));
    cr_expect_eq(memcmp(whole, parts, SIZE * sizeof *parts), 0);
    free(x);
    free(y);
    free(whole);
    free(parts);
}

/* Tiles of 1.8 MB, or pieces of them on the stack. */
Test(axis_large, tiles_without_memory) {
#if ADDRESS_SANITIZER
    cr_skip_test("the address sanitizer needs the address space");
#else
    enum { MANY = 9000, FEW = 48 };
    float *x = numbers(MANY * FEW, 1), *with = numbers(MANY * FEW, 0),
          *without = numbers(MANY * FEW, 0);
    ASSERT_OK(
        nll_log_softmax(part_of(x, MANY, FEW, 0, FEW), part_to(with, MANY, FEW, 0, FEW), NULL));
    struct rlimit old = memory_refuse();
    nll_status s =
        nll_log_softmax(part_of(x, MANY, FEW, 0, FEW), part_to(without, MANY, FEW, 0, FEW), NULL);
    memory_allow(old);
    ASSERT_OK(s);
    cr_expect_eq(memcmp(with, without, MANY * FEW * sizeof *with), 0);
    free(x);
    free(with);
    free(without);
#endif
}
