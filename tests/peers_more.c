/* peers_more.c: bugs and complaints of other libraries, continued: weights, sizes, Gaussian. */
#include "gen.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define INF INFINITY

/* A float running sum stops at 2^24; the mean of many equal losses was wrong. */
Test(peers, pytorch_55657_large_n_mean) {
    size_t n = gen_count((size_t)40000000);
    float z = 0.3f;
    uint8_t y = 0;
    nll_bernoulli_args a = {.struct_size = sizeof a,
                            .rows = n,
                            .logits = {&z, NLL_F32, n, 1, 0, 1, 0},
                            .target = {&y, NLL_U8, n, 1, 0, 1, 0}};
    nll_result one = {.struct_size = sizeof one}, r = one;
    ASSERT_OK(nll_bernoulli(&a, &r));
    a.rows = a.logits.rows = a.target.rows = 1;
    ASSERT_OK(nll_bernoulli(&a, &one));
    cr_expect(fabs(r.mean - one.mean) <= 1e-15 * one.mean, "mean %a of equal losses %a", r.mean,
              one.mean);
    EXPECT_IS(r.count, n);
}

/* Per-token weights (Liger #338) and a global token count as divisor (transformers #35203). */
Test(peers, transformers_35203_callers_divisor) {
    double w[4] = {1, 0.5, 0, 2};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 4, .cols = 2, .y = {0, 1, 0, 1}};
        s.a.common.sample_weight = nll_view_1d(w, NLL_F64, 4);
        s.a.common.divisor = 1024;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.r.value, 3.5 * M_LN2 / 1024);
        EXPECT_NEAR(*t, s.grad[6], 1.0 / 1024);
        EXPECT_IS(s.r.weight_sum, 3.5);
    }
}

/* #104776: class weights and label smoothing together are PyTorch's rule, documented as such. */
Test(peers, pytorch_104776_class_weight_with_label_smoothing) {
    double v[3] = {1, 2, 4}, e = 0.3;
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 2, .cols = 3, .x = {0, 1, 2, 2, 1, 0}, .y = {0, 2}};
        s.a.class_weight = nll_view_1d(v, NLL_F64, 3);
        s.a.label_smoothing = e;
        ASSERT_OK(small_ce_run(&s));
        double sum = 0;
        for (int i = 0; i < 2; i++) {
            double lse = 2 + log1p(exp(-1) + exp(-2)), l = 0;
            for (int j = 0; j < 3; j++) l += e / 3 * v[j] * (lse - s.x[3 * i + j]);
            l += (1 - e) * v[s.y[i]] * (lse - s.x[3 * i + s.y[i]]);
            EXPECT_NEAR(*t, s.nll[i], l);
            sum += l;
        }
        EXPECT_NEAR(*t, s.r.mean, sum / (v[0] + v[2]));
    }
}

/* Liger: z-loss "not scaled by weight (TODO)"; here it is part of the row. */
Test(peers, liger_z_loss_is_weighted_like_its_row) {
    double w[2] = {3, 0};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .x = {1, 1, 50, 0}, .y = {0, 0}};
        s.a.z_loss = 0.25;
        s.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_ce_run(&s));
        double lse = 1 + M_LN2, l = M_LN2 + 0.25 * lse * lse;
        EXPECT_NEAR(*t, s.nll[0], l);
        EXPECT_NEAR(*t, s.r.sum, 3 * l);
        EXPECT_NEAR(*t, s.grad[1], 3 * (0.5 + 0.5 * lse * 0.5));
        EXPECT_IS(s.grad[2], 0);
    }
}

/* reduction none and a per-row upstream gradient. */
Test(peers, liger_421_reduction_none_gradients_per_row) {
    double g[2] = {1, 10};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .y = {0, 0}};
        s.a.common.reduction = NLL_NONE;
        s.a.common.grad_output = nll_view_1d(g, NLL_F64, 2);
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.grad[1], 0.5);
        EXPECT_NEAR(*t, s.grad[3], 5);
    }
}

/* CCE drops gradient entries below the epsilon of the type; here none is dropped. */
Test(peers, apple_cce_tiny_gradients_are_kept) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 1, .cols = 2, .x = {0, -80}, .y = {0}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.grad[1], exp(-80));
    }
}

/* pos_weight per element (#65702), label smoothing (#91545), integer targets (#842). */
Test(peers, pytorch_65702_pos_weight_per_element) {
    double w[3] = {0.5, 2, 8};
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .rows = 3, .y = {1, 1, 0}};
        s.a.pos_weight = nll_view_1d(w, NLL_F64, 3);
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_NEAR(*t, s.nll[0], 0.5 * M_LN2);
        EXPECT_NEAR(*t, s.nll[1], 2 * M_LN2);
        EXPECT_NEAR(*t, s.nll[2], M_LN2);
        EXPECT_NEAR(*t, s.grad[1], -1);
        EXPECT_NEAR(*t, s.grad[2], 0.5);
    }
}

Test(peers, pytorch_91545_label_smoothing_of_binary_targets) {
    FOR_TYPES(t) {
        struct small_bernoulli s = {.type = *t, .rows = 1, .x = {2}, .y = {1}};
        s.a.label_smoothing = 0.5;
        ASSERT_OK(small_bernoulli_run(&s));
        EXPECT_NEAR(*t, s.nll[0], 0.75 * log1p(exp(-2)) + 0.25 * (2 + log1p(exp(-2))));
    }
}

/* eps was said to be added and clamps instead; here there is none. */
Test(peers, pytorch_190058_gaussian_variance_is_not_clamped) {
    FOR_TYPES(t) {
        struct small_gaussian s = {.type = *t,
                                   .form = VAR,
                                   .rows = 3,
                                   .spread = {0x1p-60, 0x1p-60, 0},
                                   .y = {0, 0x1p-30, 0}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_gaussian_run(&s));
        EXPECT_NEAR(*t, s.nll[0], -30 * M_LN2 + 0.5 * log(2 * M_PI));
        EXPECT_NEAR(*t, s.grad_spread[0], 0x1p59);
        EXPECT_NEAR(*t, s.nll[1], s.nll[0] + 0.5);
        EXPECT_NEAR(*t, s.grad_loc[1], -0x1p30);
        EXPECT_IS(s.grad_spread[1], 0);
        EXPECT_NAN(s.nll[2]);
    }
}

/* An early gaussian_nll_loss reduced over a dimension; and `full` dropped the constant. */
Test(peers, pytorch_53964_gaussian_rows_stay_apart_and_full) {
    FOR_TYPES(t) {
        struct small_gaussian s = {.type = *t, .form = SCALE, .rows = 3, .spread = {1, 2, 4}};
        ASSERT_OK(small_gaussian_run(&s));
        for (int i = 0; i < 3; i++) EXPECT_NEAR(*t, s.nll[i], i * M_LN2 + 0.5 * log(2 * M_PI));
    }
}

static void *lazy_zeros(size_t bytes) {
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

enum { MANY_COLS = 65536, MANY_ROWS = 32768 + 2 };

/* More than 2^31 elements: the last rows lie beyond it.  bf16, zero pages: little memory. */
Test(peers, pytorch_111484_more_than_2_31_elements) {
    if (gen_quick()) cr_skip_test("too slow under NLL_TEST_QUICK");
    size_t n = MANY_ROWS, c = MANY_COLS;
    uint16_t *x = lazy_zeros(n * c * 2);
    if (!x) cr_skip_test("4 GiB of address space are not to be had");
    uint16_t one = 0x3f80; /* 1.0 */
    x[(n - 1) * c + 5] = one;
    int32_t *y = calloc(n, sizeof *y);
    double *nll = new_doubles(n);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_BF16, n, c),
                              .target = nll_view_1d(y, NLL_I32, n),
                              .nll = nll_out_1d(nll, NLL_F64, n)};
    y[n - 1] = 5;
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r));
    EXPECT_NEAR(NLL_F32, nll[0], log(MANY_COLS));
    EXPECT_NEAR(NLL_F32, nll[n - 2], log(MANY_COLS));
    EXPECT_NEAR(NLL_F32, nll[n - 1], log(MANY_COLS - 1 + M_E) - 1);
    cr_expect(fabs(r.sum - ((double)(n - 1) * nll[0] + nll[n - 1])) <= 1e-15 * r.sum * 4);
    free(y);
    free(nll);
    munmap(x, n * c * 2);
}

/* One row of more than 2^31 classes. */
Test(peers, tensorflow_17783_more_than_2_31_classes) {
    if (gen_quick()) cr_skip_test("too slow under NLL_TEST_QUICK");
    size_t c = (1ull << 31) + 12345;
    uint16_t *x = lazy_zeros(c * 2);
    if (!x) cr_skip_test("4 GiB of address space are not to be had");
    x[c - 7] = 0x41a0; /* 20.0 */
    uint32_t y = (uint32_t)(c - 7);
    double nll;
    int64_t mode;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_BF16, 1, c),
                              .target = nll_view_1d(&y, NLL_U32, 1),
                              .nll = nll_out_1d(&nll, NLL_F64, 1),
                              .mode = nll_out_1d(&mode, NLL_I64, 1)};
    ASSERT_OK(nll_categorical(&a, NULL));
    EXPECT_NEAR(NLL_F32, nll, log1p((double)(c - 1) / exp(20)));
    EXPECT_IS(mode, (double)(c - 7));
    munmap(x, c * 2);
}

/* More than 2^31 rows, by stride 0: only the workspace grows. */
Test(peers, pytorch_85786_more_than_2_31_rows) {
    if (gen_quick()) cr_skip_test("too slow under NLL_TEST_QUICK");
    size_t n = (1ull << 31) + 5;
    float z = 0;
    uint8_t y = 1;
    nll_bernoulli_args a = {.struct_size = sizeof a,
                            .rows = n,
                            .logits = {&z, NLL_F32, n, 1, 0, 1, 0},
                            .target = {&y, NLL_U8, n, 1, 0, 1, 0}};
    nll_result r = {.struct_size = sizeof r}, one = r;
    nll_status s = nll_bernoulli(&a, &r);
    if (s == NLL_E_MEMORY) cr_skip_test("no memory for the workspace of 2^31 rows");
    cr_assert_eq(s, NLL_OK, "%s", nll_status_string(s));
    EXPECT_IS(r.count, (double)n);
    a.rows = a.logits.rows = a.target.rows = 1;
    ASSERT_OK(nll_bernoulli(&a, &one));
    cr_expect(fabs(r.mean - one.mean) <= 1e-15 * one.mean, "mean %a of equal losses %a", r.mean,
              one.mean);
}
