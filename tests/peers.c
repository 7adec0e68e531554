/* peers.c: bugs and complaints that other libraries have on file, one test each, named after the
 * library and the issue.  shared/design/peers.md and numerics.md list them. */
#include "gen.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INF INFINITY

/* log clamped at -100 and p (1 - p) at 1e-12: the gradient was -2.4e-11 instead of -0.125. */
Test(peers, pytorch_103316_bce_gradient_at_minus_50) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .rows = 8};
        for (int i = 0; i < 8; i++) s.x[i] = -50, s.y[i] = 1;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_NEAR(*t, s.grad[0], -0.125);
        EXPECT_NEAR(*t, s.r.mean, 50);
        struct small_bernoulli p = {.type = *t, .probs = 1, .rows = 1, .x = {0x1p-100}, .y = {1}};
        ASSERT_OK(small_bernoulli_run(&p));
        EXPECT_NEAR(*t, p.grad[0], -0x1p100);
    }
}

/* binary_cross_entropy clamps the loss at 100. */
Test(peers, pytorch_bce_log_clamped_at_minus_100) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {
            .type = *t, .probs = 1, .rows = 2, .x = {0, 0x1p-149}, .y = {1, 1}};
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.nll[0], INF);
        EXPECT_NEAR(*t, s.nll[1], 149 * M_LN2);
    }
}

Test(peers, pytorch_70348_all_ignored_mean) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 3, .y = {-100, -100}};
        s.a.has_ignore_index = 1;
        s.a.ignore_index = -100;
        s.a.common.empty = NLL_EMPTY_ZERO;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.value, 0);
        EXPECT_IS(s.r.count, 0);
        for (int j = 0; j < 6; j++) EXPECT_IS(s.grad[j], 0);
    }
}

/* Reviewer's test of pull 69511: two rows, one ignored, equal the other alone. */
Test(peers, pytorch_73205_label_smoothing_counts_ignored) {
    double v[3] = {0.5, 1.5, 2};
    FOR_TYPES(t) {
        struct small_ce one = {.type = *t, .rows = 1, .cols = 3, .x = {1, -1, 0.5}, .y = {2}};
        one.a.label_smoothing = 0.2;
        one.a.class_weight = nll_view_1d(v, NLL_F64, 3);
        struct small_ce two = one;
        two.rows = 2;
        two.x[3] = 4;
        two.y[1] = -1;
        two.a.has_ignore_index = 1;
        two.a.ignore_index = -1;
        ASSERT_OK(small_ce_run(&one));
        ASSERT_OK(small_ce_run(&two));
        EXPECT_IS(two.r.mean, one.r.mean);
        for (int j = 0; j < 3; j++) EXPECT_IS(two.grad[j], one.grad[j]);
    }
}

/* weight[target] was read out of bounds at ignore_index: the sanitizers and the value tell. */
Test(peers, pytorch_69339_weight_at_ignore_index) {
    FOR_TYPES(t) {
        static const int64_t ignored[] = {-100, 3, INT64_MAX, INT64_MIN};
        for (int k = 0; k < 4; k++) {
            double *v = new_doubles(3);
            v[0] = 1, v[1] = 2, v[2] = 4;
            struct small_ce s = {.type = *t, .rows = 2, .cols = 3, .y = {1, ignored[k]}};
            s.a.class_weight = nll_view_1d(v, NLL_F64, 3);
            s.a.has_ignore_index = 1;
            s.a.ignore_index = ignored[k];
            ASSERT_OK(small_ce_run(&s));
            EXPECT_IS(s.r.weight_sum, 2);
            EXPECT_NEAR(*t, s.r.mean, log(3));
            free(v);
        }
    }
}

Test(peers, pytorch_11551_ignored_row_with_inf) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 2, .cols = 2, .x = {-INF, -INF, 0, 0}, .y = {-1, 0}};
        s.a.has_ignore_index = 1;
        s.a.ignore_index = -1;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.r.mean, M_LN2);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_IS(s.grad[1], 0);
        EXPECT_IS(s.r.nonfinite, 0);
    }
}

/* 0 * -inf in soft cross entropy, value (#896) and derivative (pull 1762). */
Test(peers, optax_896_masked_logit_soft_target) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t,
                             .soft = 1,
                             .rows = 1,
                             .cols = 4,
                             .x = {1, -INF, 2, -INF},
                             .q = {0.25, 0, 0.75, 0}};
        ASSERT_OK(small_ce_run(&s));
        double lse = 2 + log1p(exp(-1)), p = 1 / (1 + exp(-1));
        EXPECT_NEAR(*t, s.nll[0], 0.25 * (lse - 1) + 0.75 * (lse - 2));
        EXPECT_IS(s.grad[1], 0);
        EXPECT_IS(s.grad[3], 0);
        cr_expect(fabs(s.grad[2] - (p - 0.75)) < 40 * unit_of(*t));
        cr_expect(fabs(s.grad[0] - (1 - p - 0.25)) < 40 * unit_of(*t));
    }
}

/* NaN gradient at raw = -1000 while another variant of the call was right. */
Test(peers, sklearn_28046_half_binomial_at_raw_minus_1000) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {
            .type = *t, .rows = 4, .x = {-1e3, -1e3, 1e3, 1e3}, .y = {0, 1, 0, 1}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.nll[1], 1000);
        EXPECT_IS(s.nll[2], 1000);
        EXPECT_IS(s.nll[0], 0);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_IS(s.grad[1], -1);
        EXPECT_IS(s.grad[2], 1);
        EXPECT_IS(s.grad[3], 0);
    }
}

/* log(1 + exp(f)) overflows for f > 709 in LightGBM's xentlambda. */
Test(peers, lightgbm_xentlambda_overflow) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .rows = 2, .x = {800, 1e30}, .y = {0, 0}};
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.nll[0], 800);
        EXPECT_IS(s.nll[1], round_to(*t, 1e30));
    }
}

/* maxval = -10000.0f: rows below it lost their maximum. */
Test(peers, llmc_maxval_minus_10000) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 4, .y = {1, 3}};
        for (int j = 0; j < 8; j++) s.x[j] = -20000 - (j > 3 ? 64 * j : 0);
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], log(4));
        EXPECT_NEAR(*t, s.nll[1], 192);
        EXPECT_NEAR(*t, s.grad[0], 0.125);
    }
}

/* -log(prob) of a probability that underflowed. */
Test(peers, llmc_target_probability_underflows) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 1, .cols = 2, .x = {0, 5000}, .y = {0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], 5000);
        EXPECT_NEAR(*t, s.grad[0], -1);
        EXPECT_NEAR(*t, s.grad[1], 1);
    }
}

/* wmax starts at the least positive float: margins all below -104 gave 0 / 0. */
Test(peers, xgboost_wmax) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t,
                             .rows = 2,
                             .cols = 3,
                             .x = {-105, -106, -107, -800, -800, -800},
                             .y = {0, 2}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], log1p(exp(-1) + exp(-2)));
        EXPECT_NEAR(*t, s.nll[1], log(3));
        EXPECT_NEAR(*t, s.grad[5], -2.0 / 3);
    }
}

Test(peers, pytorch_31829_all_minus_inf_row_spoils_no_other) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 3, .cols = 2, .x = {1, 2, -INF, -INF, 3, 1}, .y = {1, 0, 0}};
        s.a.common.reduction = NLL_NONE;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], log1p(exp(-1)));
        EXPECT_NAN(s.nll[1]);
        EXPECT_NEAR(*t, s.nll[2], log1p(exp(-2)));
        for (int j = 0; j < 6; j++) cr_expect(isnan(s.grad[j]) == (j / 2 == 1), "grad %d", j);
    }
}

/* Blocks of nothing but masks: exp(-inf - -inf). */
Test(peers, torch_mojo_319_blocks_of_masks) {
    enum { COLS = 9000 };
    static float x[COLS], grad[COLS];
    for (int first = 0; first < COLS; first += 1499) {
        for (int j = 0; j < COLS; j++) x[j] = -INF;
        x[first] = 1;
        x[COLS - 1 - first / 2] = 1;
        int32_t y = first;
        double nll;
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, 1, COLS),
                                  .target = nll_view_1d(&y, NLL_I32, 1),
                                  .nll = nll_out_1d(&nll, NLL_F64, 1),
                                  .grad = nll_out_2d(grad, NLL_F32, 1, COLS)};
        ASSERT_OK(nll_categorical(&a, NULL));
        EXPECT_NEAR(NLL_F32, nll, M_LN2);
        for (int j = 0; j < COLS; j++)
            cr_assert_eq(grad[j],
                         j == first                  ? -0.5f
                         : j == COLS - 1 - first / 2 ? 0.5f
                                                     : 0,
                         "grad %d", j);
    }
}

Test(peers, pytorch_6864_plus_inf_logit_is_nan_by_policy) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .x = {INF, 0, 0, 0}, .y = {0, 0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NAN(s.nll[0]);
        EXPECT_IS(s.r.nonfinite, 1);
    }
}

/* bf16 losses came out as 4.75, 5, ...: here the value is wide whatever the logits are. */
Test(peers, optax_1020_bf16_loss_is_not_quantised) {
    double x[2] = {0, 0.5};
    for (int k = 0; k < 2; k++) {
        nll_dtype type = k ? NLL_F16 : NLL_BF16;
        uint16_t *data = to_array(type, 2, x);
        int8_t y = 0;
        double nll;
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(data, type, 1, 2),
                                  .target = nll_view_1d(&y, NLL_I8, 1),
                                  .nll = nll_out_1d(&nll, NLL_F64, 1)};
        ASSERT_OK(nll_categorical(&a, NULL));
        EXPECT_NEAR(NLL_F32, nll, 0.5 + log1p(exp(-0.5)));
        free(data);
    }
}

/* Forward and backward saw logits of different width: here gradient and value are of one softmax.
 */
Test(peers, marin_8217_gradient_and_value_from_the_same_logits) {
    double x[3] = {10.03, 11.17, -3.3};
    uint16_t *data = to_array(NLL_BF16, 3, x);
    int8_t y = 1;
    double nll, grad[3];
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, NLL_BF16, 1, 3),
                              .target = nll_view_1d(&y, NLL_I8, 1),
                              .nll = nll_out_1d(&nll, NLL_F64, 1),
                              .grad = nll_out_2d(grad, NLL_F64, 1, 3)};
    ASSERT_OK(nll_categorical(&a, NULL));
    EXPECT_NEAR(NLL_F32, grad[1], expm1(-nll));
    free(data);
}
