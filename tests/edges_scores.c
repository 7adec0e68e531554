/* edges_scores.c: scoring outputs where rows, targets or distributions are odd. */
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>

#define INF INFINITY

struct scored {
    struct small_ce ce;
    int64_t rank[SMALL_ROWS];
    double margin[SMALL_ROWS], entropy[SMALL_ROWS], confidence[SMALL_ROWS], brier[SMALL_ROWS];
};
static nll_status run(struct scored *s) {
    nll_categorical_args *a = &s->ce.a;
    size_t n = s->ce.rows;
    a->entropy = nll_out_1d(s->entropy, NLL_F64, n);
    a->confidence = nll_out_1d(s->confidence, NLL_F64, n);
    if (!s->ce.soft) {
        a->rank = nll_out_1d(s->rank, NLL_I64, n);
        a->margin = nll_out_1d(s->margin, NLL_F64, n);
        a->brier = nll_out_1d(s->brier, NLL_F64, n);
    }
    return small_ce_run(&s->ce);
}

Test(scores, ties_go_to_the_lower_index) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .rows = 4,
                                  .cols = 4,
                                  .x = {1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 0, 2, 1, 2, 0},
                                  .y = {0, 3, 2, 0},
                                  .a.top_k = 2}};
        ASSERT_OK(run(&s));
        const int64_t rank[4] = {0, 3, 1, 0};
        for (int i = 0; i < 4; i++) EXPECT_IS(s.rank[i], rank[i]);
        for (int i = 0; i < 4; i++) EXPECT_IS(s.margin[i], 0);
        EXPECT_IS(s.ce.r.top_k_correct, 3);
        EXPECT_IS(s.ce.r.correct, 2);
        EXPECT_NEAR(*t, s.entropy[0], 2 * M_LN2);
        EXPECT_NEAR(*t, s.brier[0], 0.5625 + 3 * 0.0625);
        EXPECT_NEAR(*t, s.confidence[0], 0.25);
    }
}

/* 1 - p and p log p give 0 here, and -0. */
Test(scores, confident_rows_keep_their_digits) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .rows = 3,
                                  .cols = 3,
                                  .x = {0, 70, 0, 0, 70, 0, 0, 300, 0},
                                  .y = {1, 0, 1}}};
        ASSERT_OK(run(&s));
        double e = exp(-70);
        EXPECT_NEAR(*t, s.entropy[0], 2 * e * 71);
        EXPECT_NEAR(*t, s.entropy[1], 2 * e * 71); /* whatever the target is */
        EXPECT_NEAR(*t, s.entropy[2], 2 * exp(-300) * 301);
        cr_expect(fabs(s.brier[0] - 6 * e * e) <= 140 * unit_of(*t) * 6 * e * e, "%g", s.brier[0]);
        EXPECT_IS(s.brier[1], 2);
        EXPECT_IS(s.margin[0], 70);
        EXPECT_IS(s.margin[1], -70);
        EXPECT_IS(s.rank[1], 1);
    }
}

Test(scores, masked_classes) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .rows = 4,
                                  .cols = 3,
                                  .x = {-INF, 1, 1, -INF, 1, 1, -INF, 3, -INF, -INF, -INF, -INF},
                                  .y = {1, 0, 1, 2}}};
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.entropy[0], M_LN2);
        EXPECT_NEAR(*t, s.brier[0], 0.5);
        EXPECT_IS(s.rank[1], 2);
        EXPECT_IS(s.margin[1], -INF);
        EXPECT_NEAR(*t, s.brier[1], 1.5);
        EXPECT_IS(s.entropy[2], 0);
        EXPECT_IS(s.brier[2], 0);
        EXPECT_IS(s.confidence[2], 1);
        EXPECT_IS(s.margin[2], INF);
        EXPECT_IS(s.rank[3], -1);
        EXPECT_NAN(s.entropy[3]);
        EXPECT_NAN(s.brier[3]);
        EXPECT_NAN(s.confidence[3]);
        EXPECT_NAN(s.margin[3]);
    }
}

Test(scores, nan_and_infinite_logits) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .rows = 3,
                                  .cols = 3,
                                  .x = {NAN, 2, 1, NAN, 2, 1, INF, 2, 1},
                                  .y = {2, 0, 0}}};
        ASSERT_OK(run(&s));
        for (int i = 0; i < 3; i++) {
            EXPECT_NAN(s.entropy[i]);
            EXPECT_NAN(s.brier[i]);
            EXPECT_NAN(s.confidence[i]);
        }
        EXPECT_IS(s.rank[0], 1); /* as mode: passed over */
        EXPECT_IS(s.margin[0], -1);
        EXPECT_IS(s.rank[1], -1);
        EXPECT_NAN(s.margin[1]);
        EXPECT_IS(s.rank[2], 0);
    }
}

Test(scores, ignored_rows_are_not_read) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .rows = 2,
                                  .cols = 2,
                                  .x = {NAN, NAN, 1, 0},
                                  .y = {-1, 0},
                                  .a = {.has_ignore_index = 1, .ignore_index = -1, .top_k = 1}}};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.rank[0], -1);
        EXPECT_IS(s.margin[0], 0);
        EXPECT_IS(s.entropy[0], 0);
        EXPECT_IS(s.confidence[0], 0);
        EXPECT_IS(s.brier[0], 0);
        EXPECT_IS(s.ce.r.top_k_correct, 1);
    }
}

Test(scores, one_class) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t, .rows = 1, .cols = 1, .x = {-3}, .y = {0}}};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.entropy[0], 0);
        EXPECT_IS(s.confidence[0], 1);
        EXPECT_IS(s.brier[0], 0);
        EXPECT_IS(s.margin[0], INF);
        EXPECT_IS(s.rank[0], 0);
    }
}

/* Probabilities are divided by their sum; a 0 among them is a mask. */
Test(scores, probs_and_log_probs) {
    FOR_TYPES(t) {
        struct scored s = {.ce = {.type = *t,
                                  .form = PROBS,
                                  .rows = 2,
                                  .cols = 3,
                                  .x = {0.5, 0.25, 0.25, 0, 0.5, 0},
                                  .y = {0, 1}}};
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.entropy[0], 1.5 * M_LN2);
        EXPECT_NEAR(*t, s.brier[0], 0.25 + 2 * 0.0625);
        EXPECT_NEAR(*t, s.margin[0], M_LN2);
        EXPECT_IS(s.entropy[1], 0);
        EXPECT_IS(s.confidence[1], 1);
        struct scored l = {
            .ce = {
                .type = *t, .form = LOG_PROBS, .rows = 1, .cols = 2, .x = {-0.5, -0.5}, .y = {1}}};
        ASSERT_OK(run(&l));
        EXPECT_NEAR(*t, l.entropy[0], M_LN2);
        EXPECT_IS(l.rank[0], 1);
    }
}

/* A softcap rounds large logits to ties; the rank sees them as given. */
Test(scores, softcap_makes_no_ties) {
    FOR_TYPES(t) {
        struct scored s = {
            .ce = {
                .type = *t, .rows = 1, .cols = 2, .x = {30000, 30001}, .y = {1}, .a.softcap = 5}};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.rank[0], 0);
        EXPECT_IS(s.ce.mode[0], 1);
        EXPECT_NEAR(*t, s.entropy[0], M_LN2);
    }
}

Test(scores, soft_targets_have_entropy_but_no_rank) {
    struct scored s = {.ce = {.type = NLL_F32, .rows = 1, .cols = 2, .soft = 1, .q = {0.5, 0.5}}};
    ASSERT_OK(run(&s));
    EXPECT_NEAR(NLL_F32, s.entropy[0], M_LN2);
    s.ce.a.rank = nll_out_1d(s.rank, NLL_I64, 1);
    EXPECT_STATUS(NLL_E_VALUE, small_ce_run(&s.ce));
    s.ce.a.rank = (nll_out){0};
    s.ce.a.brier = nll_out_1d(s.brier, NLL_F64, 1);
    EXPECT_STATUS(NLL_E_VALUE, small_ce_run(&s.ce));
    s.ce.a.brier = (nll_out){0};
    s.ce.a.margin = nll_out_1d(s.margin, NLL_F64, 1);
    EXPECT_STATUS(NLL_E_VALUE, small_ce_run(&s.ce));
    s.ce.a.margin = (nll_out){0};
    s.ce.a.top_k = 1;
    EXPECT_STATUS(NLL_E_VALUE, small_ce_run(&s.ce));
}

Test(scores, wrong_types_and_shapes) {
    struct scored s = {.ce = {.type = NLL_F32, .rows = 2, .cols = 2}};
    s.ce.a.rank = nll_out_1d(s.margin, NLL_F64, 2);
    EXPECT_STATUS(NLL_E_DTYPE, small_ce_run(&s.ce));
    s.ce.a.rank = (nll_out){0};
    s.ce.a.entropy = nll_out_1d(s.entropy, NLL_F16, 2);
    EXPECT_STATUS(NLL_E_DTYPE, small_ce_run(&s.ce));
    s.ce.a.entropy = nll_out_1d(s.entropy, NLL_F64, 1);
    EXPECT_STATUS(NLL_E_SHAPE, small_ce_run(&s.ce));
    s.ce.a.entropy = (nll_out){0};
    s.ce.a.brier = nll_out_1d(s.ce.nll, NLL_F64, 2);
    EXPECT_STATUS(NLL_E_ALIAS, small_ce_run(&s.ce));
}
