/* edges_categorical.c: the edges that models.h and interface.md 3 promise for rows of classes. */
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define INF INFINITY

Test(edges_categorical, masked_class_has_probability_0_and_gradient_0) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 1, .cols = 3, .x = {-INF, 1, 1}, .y = {1}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], M_LN2);
        EXPECT_NEAR(*t, s.lse[0], 1 + M_LN2);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_IS(s.grad[1], -0.5);
        EXPECT_IS(s.grad[2], 0.5);
        EXPECT_IS(s.r.nonfinite, 0);
    }
}

Test(edges_categorical, masked_target_is_infinite_and_counted) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 2, .cols = 3, .x = {-INF, 1, 1, 0, 0, 0}, .y = {0, 1}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.nll[0], INF);
        EXPECT_IS(s.p[0], 0);
        EXPECT_IS(s.mode[0], 1);
        EXPECT_IS(s.r.nonfinite, 1);
        EXPECT_IS(s.r.count, 2);
        EXPECT_IS(s.r.sum, INF);
        EXPECT_NEAR(*t, s.nll[1], log(3));
        /* the classes that are there keep their probabilities as gradient */
        EXPECT_NEAR(*t, s.grad[1], 0.25);
        EXPECT_NEAR(*t, s.grad[2], 0.25);
    }
}

Test(edges_categorical, nothing_but_masks_is_nan) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 2, .cols = 2, .x = {-INF, -INF, 0, 0}, .y = {0, 0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NAN(s.nll[0]);
        EXPECT_NAN(s.lse[0]);
        EXPECT_NAN(s.grad[0]);
        EXPECT_NAN(s.grad[1]);
        EXPECT_NEAR(*t, s.nll[1], M_LN2);
        EXPECT_NEAR(*t, s.grad[3], 0.25);
        EXPECT_NAN(s.r.sum);
        EXPECT_NAN(s.r.mean);
        EXPECT_IS(s.r.nonfinite, 1);
    }
}

Test(edges_categorical, plus_infinity_is_nan) {
    FOR_TYPES(t) {
        for (int64_t y = 0; y < 2; y++) {
            struct small_ce s = {.type = *t, .rows = 1, .cols = 2, .x = {INF, 0}, .y = {y}};
            ASSERT_OK(small_ce_run(&s));
            EXPECT_NAN(s.nll[0]);
            EXPECT_NAN(s.lse[0]);
            EXPECT_NAN(s.grad[0]);
            EXPECT_NAN(s.grad[1]);
        }
    }
}

Test(edges_categorical, nan_stays_in_its_row_and_in_the_sums) {
    FOR_TYPES(t) {
        for (size_t at = 0; at < 3; at++) {
            struct small_ce s = {.type = *t, .rows = 3, .cols = 3, .y = {0, 1, 2}};
            s.x[3 + at] = NAN;
            ASSERT_OK(small_ce_run(&s));
            EXPECT_NEAR(*t, s.nll[0], log(3));
            EXPECT_NAN(s.nll[1]);
            EXPECT_NEAR(*t, s.nll[2], log(3));
            for (int j = 0; j < 3; j++) EXPECT_NAN(s.grad[3 + j]);
            EXPECT_NEAR(*t, s.grad[0], -2.0 / 9);
            EXPECT_NEAR(*t, s.grad[6], 1.0 / 9);
            EXPECT_NAN(s.r.sum);
            EXPECT_IS(s.r.nonfinite, 1);
            EXPECT_IS(s.r.count, 3);
        }
    }
}

Test(edges_categorical, nan_results_are_the_canonical_quiet_nan) {
    static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
    float x[4] = {NAN, 0, -INF, -INF};
    uint32_t payload = 0xffc12345;
    memcpy(&x[0], &payload, 4);
    int64_t y[2] = {0, 1};
    for (int t = 0; t < 4; t++) {
        double nll[2], lse[2], grad[4];
        nll_dtype row = t & 1 ? NLL_F64 : NLL_F32;
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, 2, 2),
                                  .target = nll_view_1d(y, NLL_I64, 2),
                                  .nll = nll_out_1d(nll, row, 2),
                                  .lse = nll_out_1d(lse, row, 2),
                                  .grad = nll_out_2d(grad, types[t], 2, 2)};
        nll_result r = {.struct_size = sizeof r};
        ASSERT_OK(nll_categorical(&a, &r));
        for (int i = 0; i < 4; i++)
            cr_expect(is_canonical_nan(grad, types[t], i), "grad %d in %s", i,
                      nll_dtype_name(types[t]));
        for (int i = 0; i < 2; i++) {
            cr_expect(is_canonical_nan(nll, row, i), "nll %d", i);
            cr_expect(is_canonical_nan(lse, row, i), "lse %d", i);
        }
        cr_expect(is_canonical_nan(&r.sum, NLL_F64, 0), "sum");
        cr_expect(is_canonical_nan(&r.mean, NLL_F64, 0), "mean");
    }
}

Test(edges_categorical, zero_weight_of_a_masked_class_wins_over_infinity) {
    FOR_TYPES(t) {
        /* soft targets */
        struct small_ce s = {
            .type = *t, .soft = 1, .rows = 1, .cols = 3, .x = {-INF, 0, 0}, .q = {0, 1, 0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], M_LN2);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_NEAR(*t, s.grad[1], -0.5);
        EXPECT_IS(s.grad_q[0], INF);
        /* smoothing with a class weight of 0 */
        double v[3] = {0, 1, 1};
        struct small_ce w = {.type = *t, .rows = 1, .cols = 3, .x = {-INF, 0, 0}, .y = {1}};
        w.a.class_weight = nll_view_1d(v, NLL_F64, 3);
        w.a.label_smoothing = 0.3;
        ASSERT_OK(small_ce_run(&w));
        EXPECT_NEAR(*t, w.nll[0], (0.7 + 0.2) * M_LN2);
        EXPECT_IS(w.grad[0], 0);
        /* without it the masked class has a share, and no probability */
        w.a.class_weight = (nll_view){0};
        ASSERT_OK(small_ce_run(&w));
        EXPECT_IS(w.nll[0], INF);
        EXPECT_IS(w.r.nonfinite, 1);
        /* positive share of a masked class */
        s.q[0] = 0.25;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.nll[0], INF);
    }
}

Test(edges_categorical, probabilities_of_0) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .form = PROBS, .rows = 2, .cols = 2, .x = {0, 1, 0, 1}, .y = {0, 1}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.nll[0], INF);
        EXPECT_IS(s.nll[1], 0);
        EXPECT_IS(s.grad[1], 0);
        EXPECT_IS(s.grad[2], 0); /* p = 0 where nothing was observed */
        EXPECT_IS(s.grad[3], -0.5);
        EXPECT_IS(s.p[0], 0);
        EXPECT_IS(s.p[1], 1);
        EXPECT_IS(s.r.nonfinite, 1);
        struct small_ce soft = {.type = *t,
                                .form = PROBS,
                                .soft = 1,
                                .rows = 1,
                                .cols = 3,
                                .x = {0, 0.5, 0.5},
                                .q = {0, 0.5, 0.5}};
        ASSERT_OK(small_ce_run(&soft));
        EXPECT_NEAR(*t, soft.nll[0], M_LN2);
        EXPECT_IS(soft.grad[0], 0);
        EXPECT_NEAR(*t, soft.grad[1], -1);
    }
}

Test(edges_categorical, probabilities_out_of_range_are_nan_where_used) {
    FOR_TYPES(t) {
        static const double bad[] = {-0.25, 1.5, -INF, INF, NAN};
        for (int k = 0; k < 5; k++) {
            struct small_ce s = {.type = *t,
                                 .form = PROBS,
                                 .rows = 2,
                                 .cols = 2,
                                 .x = {bad[k], 0.5, bad[k], 0.5},
                                 .y = {0, 1}};
            ASSERT_OK(small_ce_run(&s));
            EXPECT_NAN(s.nll[0]);
            EXPECT_NAN(s.grad[0]);
            EXPECT_NEAR(*t, s.nll[1], M_LN2); /* does not use it */
            EXPECT_IS(s.r.nonfinite, 1);
        }
    }
}

Test(edges_categorical, negative_target_probability_is_outside_the_support) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .soft = 1, .rows = 2, .cols = 2, .q = {-0.5, 1.5, 0.5, 0.5}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.nll[0], INF);
        EXPECT_NAN(s.grad[0]);
        EXPECT_NAN(s.grad[1]);
        EXPECT_NEAR(*t, s.nll[1], M_LN2);
        EXPECT_IS(s.r.nonfinite, 1);
    }
}

Test(edges_categorical, log_probs_as_given) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t,
                             .form = LOG_PROBS,
                             .rows = 3,
                             .cols = 2,
                             .x = {-2, -1, -INF, 0, -INF, -0.0},
                             .y = {0, 0, 1}};
        s.a.common.reduction = NLL_NONE;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.nll[0], 2);
        EXPECT_IS(s.nll[1], INF);
        EXPECT_IS(s.nll[2], 0);
        EXPECT_IS(s.grad[0], -1);
        EXPECT_IS(s.grad[1], 0);
        EXPECT_IS(s.grad[4], 0);
        EXPECT_IS(s.grad[5], -1);
        EXPECT_NEAR(*t, s.p[0], exp(-2));
    }
}

Test(edges_categorical, one_class_is_certain) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 3, .cols = 1, .x = {5, -1e30, 0}, .y = {0, 0, 0}};
        ASSERT_OK(small_ce_run(&s));
        for (int i = 0; i < 3; i++) {
            EXPECT_IS(s.nll[i], 0);
            EXPECT_IS(s.grad[i], 0);
            EXPECT_IS(s.p[i], 1);
            EXPECT_IS(s.mode[i], 0);
            EXPECT_NEAR(*t, s.lse[i], round_to(*t, s.x[i]));
        }
        EXPECT_IS(s.r.mean, 0);
        EXPECT_IS(s.r.correct, 3);
    }
}

Test(edges_categorical, lowest_index_wins_ties) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t,
                             .rows = 3,
                             .cols = 4,
                             .x = {1, 2, 2, 0, -0.0, 0, -0.0, 0, -INF, -3, -3, -INF},
                             .y = {2, 0, 1}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.mode[0], 1);
        EXPECT_IS(s.mode[1], 0);
        EXPECT_IS(s.mode[2], 1);
        EXPECT_IS(s.r.correct, 2);
    }
}

Test(edges_categorical, huge_logits_do_not_overflow) {
    static const double sizes[] = {1e5, 1e8, 1e30, 3e38};
    FOR_TYPES(t) {
        for (int k = 0; k < 4; k++) {
            double b = round_to(*t, sizes[k]);
            struct small_ce s = {
                .type = *t, .rows = 3, .cols = 2, .x = {b, -b, -b, -b, -b, b}, .y = {0, 1, 0}};
            ASSERT_OK(small_ce_run(&s));
            EXPECT_IS(s.nll[0], 0);
            EXPECT_NEAR(*t, s.nll[1], M_LN2);
            EXPECT_NEAR(*t, s.nll[2], 2 * b);
            EXPECT_NEAR(*t, s.lse[0], b);
            EXPECT_NEAR(*t, s.grad[4], -1.0 / 3);
            EXPECT_NEAR(*t, s.grad[5], 1.0 / 3);
        }
    }
}

Test(edges_categorical, confident_target_keeps_its_digits) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 1, .cols = 3, .x = {69, 0, -INF}, .y = {0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], exp(-69));
        EXPECT_NEAR(*t, s.grad[0], -exp(-69));
        EXPECT_NEAR(*t, s.grad[1], exp(-69));
        EXPECT_NEAR(*t, s.p[0], 1);
    }
}

Test(edges_categorical, no_rows) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 0, .cols = 3};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.rows, 0);
        EXPECT_IS(s.r.count, 0);
        EXPECT_IS(s.r.sum, 0);
        EXPECT_IS(s.r.weight_sum, 0);
        EXPECT_NAN(s.r.mean);
        s.a.common.empty = NLL_EMPTY_ZERO;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.mean, 0);
        EXPECT_IS(s.r.value, 0);
        s.a.common.empty = NLL_EMPTY_ERROR;
        EXPECT_STATUS(NLL_E_EMPTY, small_ce_run(&s));
    }
}
