/* shards_edges.c: edges and errors of losses over classes that arrive in pieces. */
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- edges by name */

static nll_lse_state one_state(const double *x, size_t cols, const int64_t *y) {
    nll_lse_state s;
    nll_categorical_shard_args a = {
        .struct_size = sizeof a, .logits = nll_view_2d(x, NLL_F64, 1, cols), .classes = 10};
    if (y) a.target = nll_view_1d(y, NLL_I64, 1);
    ASSERT_OK(nll_lse_init(1, &s));
    ASSERT_OK(nll_lse_update(&a, &s));
    return s;
}
static double lse_of(const nll_lse_state *s) {
    double lse;
    ASSERT_OK(nll_lse_finish(1, s, nll_out_1d(&lse, NLL_F64, 1)));
    return lse;
}
static double loss_of(const nll_lse_state *s, int64_t y) {
    double loss;
    nll_categorical_shard_args a = {.struct_size = sizeof a,
                                    .target = nll_view_1d(&y, NLL_I64, 1),
                                    .classes = 10,
                                    .nll = nll_out_1d(&loss, NLL_F64, 1)};
    ASSERT_OK(nll_categorical_shard(&a, s, NULL));
    return loss;
}

Test(shards, edges) {
    const double inf = (double)INFINITY;
    const double masked[3] = {-inf, -inf, -inf}, x[3] = {1, 2, -inf}, bad[2] = {0, (double)NAN};
    const double plus[2] = {0, inf}, lowest[3] = {-3e38, 2, -1e300}, far[2] = {-1e300, -1e300};
    const double top[2] = {0x1p41, 0};
    int64_t y = 2;
    nll_lse_state s;
    ASSERT_OK(nll_lse_init(1, &s));
    cr_expect_eq(lse_of(&s), -inf); /* nothing seen */
    s = one_state(masked, 3, NULL);
    cr_expect_eq(lse_of(&s), -inf);
    s = one_state(masked, 3, &y);
    cr_expect(isnan(loss_of(&s, y)));
    s = one_state(x, 3, NULL);
    cr_expect_float_eq(lse_of(&s), 2.3132616875182226, 1e-15);
    cr_expect(isnan(loss_of(&s, 0)), "no shard told of the target");
    s = one_state(x, 3, &y);
    cr_expect_eq(loss_of(&s, y), inf); /* a masked target */
    y = 9;
    s = one_state(x, 3, &y);
    cr_expect(isnan(loss_of(&s, y)), "the target's shard is missing");
    y = 1;
    s = one_state(x, 3, &y);
    nll_lse_state again = s;
    ASSERT_OK(nll_lse_merge(1, &s, &again));
    cr_expect(isnan(loss_of(&s, y)), "the target came twice");
    s = one_state(bad, 2, NULL);
    cr_expect(isnan(lse_of(&s)));
    s = one_state(plus, 2, NULL);
    cr_expect(isnan(lse_of(&s)));
    s = one_state(lowest, 3, &y);
    cr_expect_eq(loss_of(&s, y), 0); /* finite masks */
    cr_expect_eq(lse_of(&s), 2);
    s = one_state(far, 2, NULL);
    cr_expect(isnan(lse_of(&s)));
    s = one_state(top, 2, NULL);
    cr_expect(isnan(lse_of(&s)));
}

/* A row of 2^22 equal classes, one by one block: digits add up without loss. */
Test(shards, many_blocks) {
    enum { TIMES = 8192 };
    static double x[512];
    nll_lse_state s, all;
    ASSERT_OK(nll_lse_init(1, &all));
    s = one_state(x, 10, NULL);
    for (int i = 0; i < TIMES; i++) ASSERT_OK(nll_lse_merge(1, &all, &s));
    cr_expect_float_eq(lse_of(&all), log(10.0 * TIMES), 1e-14);
}

Test(shards, errors) {
    float x[2 * 4] = {0}, g[2 * 4];
    int64_t y[2] = {3, 4};
    nll_lse_state s[2];
    nll_result r = {.struct_size = sizeof r};
    nll_categorical_shard_args a = {.struct_size = sizeof a,
                                    .logits = nll_view_2d(x, NLL_F32, 2, 4),
                                    .target = nll_view_1d(y, NLL_I64, 2),
                                    .first_class = 2,
                                    .classes = 6},
                               b = a;
    EXPECT_STATUS(NLL_E_NULL, nll_lse_init(2, NULL));
    EXPECT_STATUS(NLL_OK, nll_lse_init(0, NULL));
    EXPECT_STATUS(NLL_OK, nll_lse_init(2, s));
    EXPECT_STATUS(NLL_OK, nll_lse_update(&a, s));
    EXPECT_STATUS(NLL_OK, nll_categorical_shard(&a, s, &r));
    EXPECT_STATUS(NLL_E_NULL, nll_lse_update(NULL, s));
    EXPECT_STATUS(NLL_E_NULL, nll_lse_update(&a, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_categorical_shard(&a, NULL, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_lse_merge(2, s, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_lse_finish(2, s, (nll_out){0}));
    EXPECT_STATUS(NLL_E_DTYPE, nll_lse_finish(2, s, nll_out_1d(g, NLL_F16, 2)));
    EXPECT_STATUS(NLL_E_SHAPE, nll_lse_finish(2, s, nll_out_1d(g, NLL_F32, 3)));
    b.classes = 5;
    EXPECT_STATUS(NLL_E_VALUE, nll_lse_update(&b, s));
    EXPECT_STATUS(NLL_E_VALUE, nll_categorical_shard(&b, s, &r));
    b = a;
    b.first_class = SIZE_MAX;
    EXPECT_STATUS(NLL_E_OVERFLOW, nll_lse_update(&b, s));
    b = a;
    b.logits.dtype = NLL_I32;
    EXPECT_STATUS(NLL_E_DTYPE, nll_lse_update(&b, s));
    b = a;
    b.target = nll_view_1d(y, NLL_I64, 1);
    EXPECT_STATUS(NLL_E_SHAPE, nll_lse_update(&b, s));
    b = a;
    b.target = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_categorical_shard(&b, s, &r));
    b = a;
    b.logits = (nll_view){0};
    b.grad = nll_out_2d(g, NLL_F32, 2, 4);
    EXPECT_STATUS(NLL_E_NULL, nll_categorical_shard(&b, s, &r));
    b = a;
    b.grad = nll_out_2d(x + 1, NLL_F32, 2, 3);
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical_shard(&b, s, &r));
    b.grad = nll_out_2d(x, NLL_F32, 2, 4);
    EXPECT_STATUS(NLL_OK, nll_categorical_shard(&b, s, &r));
    b.grad.data = g;
    b.nll = nll_out_1d(g, NLL_F32, 2);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical_shard(&b, s, &r));
    nll_lse_state before[2];
    memcpy(before, s, sizeof s);
    y[1] = 6;
    EXPECT_STATUS(NLL_E_LABEL, nll_lse_update(&a, s));
    cr_expect(memcmp(before, s, sizeof s) == 0);
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical_shard(&a, s, &r));
    cr_expect_eq(r.bad_row, 1);
}
