/* edges_elementwise.c: the edges that models.h promises for the Bernoulli and Gaussian models. */
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>

#define INF INFINITY

Test(edges_bernoulli, tails_are_exact) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {
            .type = *t, .rows = 6, .x = {40, -40, 40, -40, 80, -1000}, .y = {1, 0, 0, 1, 1, 0}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_NEAR(*t, s.nll[0], exp(-40));
        EXPECT_NEAR(*t, s.grad[0], -exp(-40));
        EXPECT_NEAR(*t, s.nll[1], exp(-40));
        EXPECT_NEAR(*t, s.grad[1], exp(-40));
        EXPECT_NEAR(*t, s.nll[2], 40);
        EXPECT_NEAR(*t, s.grad[2], 1);
        EXPECT_NEAR(*t, s.nll[3], 40);
        EXPECT_NEAR(*t, s.grad[3], -1);
        EXPECT_NEAR(*t, s.nll[4], exp(-80));
        EXPECT_NEAR(*t, s.grad[4], -exp(-80));
        EXPECT_IS(s.nll[5], *t == NLL_F64 ? exp(-1000) : 0);
        EXPECT_IS(s.mode[0], 1);
        EXPECT_IS(s.mode[1], 0);
        EXPECT_IS(s.r.nonfinite, 0);
    }
}

Test(edges_bernoulli, infinite_logits) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {
            .type = *t, .rows = 5, .x = {INF, -INF, INF, -INF, NAN}, .y = {1, 0, 0, 1, 1}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        /* 0 log 0 = 0 */
        EXPECT_IS(s.nll[0], 0);
        EXPECT_IS(s.nll[1], 0);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_IS(s.grad[1], 0);
        EXPECT_IS(s.nll[2], INF);
        EXPECT_IS(s.nll[3], INF);
        EXPECT_IS(s.grad[2], 1);
        EXPECT_IS(s.grad[3], -1);
        EXPECT_NAN(s.nll[4]);
        EXPECT_NAN(s.grad[4]);
        EXPECT_IS(s.r.nonfinite, 3);
    }
}

Test(edges_bernoulli, probabilities_0_and_1) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t,
                                    .probs = 1,
                                    .rows = 6,
                                    .x = {0, 1, 0, 1, 0, 1},
                                    .y = {0, 1, 1, 0, 0.5, 0.5}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.nll[0], 0);
        EXPECT_IS(s.nll[1], 0);
        EXPECT_IS(s.grad[0], 1);
        EXPECT_IS(s.grad[1], -1);
        for (int i = 2; i < 6; i++) EXPECT_IS(s.nll[i], INF);
        EXPECT_IS(s.r.nonfinite, 4);
    }
}

Test(edges_bernoulli, probabilities_out_of_range_are_nan) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t,
                                    .probs = 1,
                                    .rows = 6,
                                    .x = {-0.25, 1.25, NAN, INF, -INF, 0.5},
                                    .y = {0, 1, 0, 1, 0, 1}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        for (int i = 0; i < 5; i++) {
            EXPECT_NAN(s.nll[i]);
            EXPECT_NAN(s.grad[i]);
        }
        EXPECT_NEAR(*t, s.nll[5], M_LN2);
        EXPECT_IS(s.r.nonfinite, 5);
    }
}

Test(edges_bernoulli, observations_out_of_range) {
    for (int probs = 0; probs < 2; probs++) FOR_TYPES(t) {
            struct small_bernoulli s = {.type = *t,
                                        .probs = probs,
                                        .rows = 5,
                                        .x = {0.5, 0.5, 0.5, 0.5, 0.5},
                                        .y = {-0.5, 1.5, INF, -INF, 1}};
            ASSERT_OK(small_bernoulli_run(&s));
            for (int i = 0; i < 4; i++) {
                EXPECT_IS(s.nll[i], INF);
                EXPECT_NAN(s.grad[i]);
            }
            cr_expect(isfinite(s.nll[4]));
            EXPECT_IS(s.r.nonfinite, 4);
        }
}

Test(edges_bernoulli, nan_observation_is_nan) {
    for (int probs = 0; probs < 2; probs++) FOR_TYPES(t) {
            struct small_bernoulli s = {
                .type = *t, .probs = probs, .rows = 2, .x = {0.5, 0.5}, .y = {NAN, 0}};
            ASSERT_OK(small_bernoulli_run(&s));
            cr_expect(!isfinite(s.nll[0]));
            EXPECT_NAN(s.grad[0]);
            cr_expect(isfinite(s.nll[1]));
            EXPECT_IS(s.r.nonfinite, 1);
        }
}

Test(edges_bernoulli, mode_needs_more_than_a_half) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .rows = 4, .x = {0, -0.0, 1e-30, -1e-30}};
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.mode[0], 0);
        EXPECT_IS(s.mode[1], 0);
        EXPECT_IS(s.mode[2], 1);
        EXPECT_IS(s.mode[3], 0);
        struct small_bernoulli p = {
            .type = *t, .probs = 1, .rows = 3, .x = {0.5, 0.5 + 0x1p-20, 0.5 - 0x1p-20}};
        ASSERT_OK(small_bernoulli_run(&p));
        EXPECT_IS(p.mode[0], 0);
        EXPECT_IS(p.mode[1], 1);
        EXPECT_IS(p.mode[2], 0);
    }
}

Test(edges_bernoulli, zero_pos_weight_wins_over_infinity) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .probs = 1, .rows = 1, .x = {0}, .y = {1}};
        s.a.pos_weight = nll_number(0);
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_IS(s.nll[0], 0);
        EXPECT_IS(s.grad[0], 0);
    }
}

Test(edges_gaussian, scales_out_of_their_domain_are_nan) {
    static const double bad[] = {0, -0.0, -1, NAN, -INF};
    for (int form = SCALE; form <= VAR; form++) FOR_TYPES(t) {
            struct small_gaussian s = {.type = *t, .form = form, .rows = 6};
            for (int i = 0; i < 5; i++) s.spread[i] = bad[i];
            s.spread[5] = 1;
            ASSERT_OK(small_gaussian_run(&s));
            for (int i = 0; i < 5; i++) {
                EXPECT_NAN(s.nll[i]);
                EXPECT_NAN(s.grad_loc[i]);
                EXPECT_NAN(s.grad_spread[i]);
            }
            EXPECT_NEAR(*t, s.nll[5], 0.5 * log(2 * M_PI));
            EXPECT_IS(s.r.nonfinite, 5);
        }
}

Test(edges_gaussian, infinite_and_nan_loc_are_nan) {
    static const double bad[] = {INF, -INF, NAN};
    for (int form = FIXED; form <= LOG_VAR; form++) FOR_TYPES(t) {
            struct small_gaussian s = {.type = *t, .form = form, .rows = 4, .spread = {1, 1, 1, 1}};
            for (int i = 0; i < 3; i++) s.loc[i] = bad[i];
            ASSERT_OK(small_gaussian_run(&s));
            for (int i = 0; i < 3; i++) {
                EXPECT_NAN(s.nll[i]);
                EXPECT_NAN(s.grad_loc[i]);
                if (form) EXPECT_NAN(s.grad_spread[i]);
            }
            cr_expect(isfinite(s.nll[3]));
        }
}

Test(edges_gaussian, infinite_observation_is_infinite) {
    for (int form = FIXED; form <= LOG_VAR; form++) FOR_TYPES(t) {
            struct small_gaussian s = {.type = *t,
                                       .form = form,
                                       .rows = 4,
                                       .spread = {1, 1, 1, 1},
                                       .y = {INF, -INF, NAN, 0}};
            ASSERT_OK(small_gaussian_run(&s));
            EXPECT_IS(s.nll[0], INF);
            EXPECT_IS(s.nll[1], INF);
            EXPECT_NAN(s.nll[2]);
            for (int i = 0; i < 3; i++) {
                EXPECT_NAN(s.grad_loc[i]);
                if (form) EXPECT_NAN(s.grad_spread[i]);
            }
            cr_expect(isfinite(s.nll[3]));
            EXPECT_IS(s.r.nonfinite, 3);
        }
}

Test(edges_gaussian, at_the_mean_with_extreme_scales) {
    FOR_TYPES(t) {
        double e = *t == NLL_F64 ? 800 : 120; /* e^-e underflows, e^e overflows */
        struct small_gaussian s = {.type = *t,
                                   .form = LOG_SCALE,
                                   .rows = 2,
                                   .loc = {3, 3},
                                   .y = {3, 3},
                                   .spread = {e, -e}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_NEAR(*t, s.nll[0], e + 0.5 * log(2 * M_PI));
        EXPECT_NEAR(*t, s.nll[1], -e + 0.5 * log(2 * M_PI));
        for (int i = 0; i < 2; i++) {
            EXPECT_IS(s.grad_loc[i], 0);
            EXPECT_IS(s.grad_spread[i], 1);
        }
    }
}

Test(edges_gaussian, square_of_the_distance_does_not_overflow) {
    FOR_TYPES(t) {
        /* d^2 overflows in float from 1.8e19 on, d / s does not */
        double big = *t == NLL_F64 ? 0x1p600 : 0x1p80;
        struct small_gaussian s = {
            .type = *t, .form = SCALE, .rows = 1, .y = {big}, .spread = {big}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_NEAR(*t, s.nll[0], log(big) + 0.5 + 0.5 * log(2 * M_PI));
        EXPECT_NEAR(*t, s.grad_loc[0], -1 / big);
        EXPECT_IS(s.grad_spread[0], 0);
        s.form = VAR;
        s.a.scale = (nll_view){0};
        s.spread[0] = *t == NLL_F64 ? 0x1p1000 : 0x1p126;
        double z2 = big / s.spread[0] * big;
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_NEAR(*t, s.nll[0], 0.5 * (log(s.spread[0]) + z2 + log(2 * M_PI)));
        EXPECT_NEAR(*t, s.grad_loc[0], -big / s.spread[0]);
    }
}

Test(edges_gaussian, mode_is_loc_and_scale_defaults_to_1) {
    FOR_TYPES(t) {
        struct small_gaussian s = {.type = *t, .rows = 2, .loc = {1.5, -2}, .y = {2.5, -2}};
        s.a.common.reduction = NLL_NONE;
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_IS(s.mode[0], 1.5);
        EXPECT_IS(s.mode[1], -2);
        EXPECT_NEAR(*t, s.nll[0], 0.5 + 0.5 * log(2 * M_PI));
        EXPECT_IS(s.grad_loc[0], -1);
        EXPECT_IS(s.grad_loc[1], 0);
    }
}

Test(edges_gaussian, gradient_of_the_default_scale_is_that_at_1) {
    FOR_TYPES(t) {
        float grad[2];
        struct small_gaussian s = {.type = *t, .rows = 2, .y = {2, 0.5}};
        s.a.common.reduction = NLL_SUM;
        s.a.grad_spread = nll_out_1d(grad, NLL_F32, 2);
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_IS(grad[0], 1 - 4);
        EXPECT_IS(grad[1], 1 - 0.25);
    }
}

Test(edges_gaussian, infinite_scale) {
    /* A scale of +inf is no distribution that can be observed: never a finite value. */
    for (int form = SCALE; form <= LOG_VAR; form++) FOR_TYPES(t) {
            struct small_gaussian s = {.type = *t, .form = form, .rows = 1, .spread = {INF}};
            ASSERT_OK(small_gaussian_run(&s));
            cr_expect(!isfinite(s.nll[0]), "form %d: %g", form, s.nll[0]);
        }
}
