/* edges_rows.c: ignored rows, row weights, empty means, labels, caller's divisor: what holds for
 * rows whatever is in them. */
#include "gen.h"
#include "small.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INF INFINITY

Test(edges_rows, ignored_rows_add_nothing_anywhere) {
    FOR_TYPES(t) {
        struct small_ce s = {
            .type = *t, .rows = 3, .cols = 2, .x = {1, 2, NAN, INF, 1, 2}, .y = {0, -100, 1}};
        s.a.has_ignore_index = 1;
        s.a.ignore_index = -100;
        s.a.label_smoothing = 0.1;
        s.a.z_loss = 0.5;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.rows, 3);
        EXPECT_IS(s.r.count, 2);
        EXPECT_IS(s.r.ignored, 1);
        EXPECT_IS(s.r.nonfinite, 0);
        EXPECT_IS(s.r.weight_sum, 2);
        EXPECT_IS(s.nll[1], 0);
        EXPECT_IS(s.lse[1], 0);
        EXPECT_IS(s.p[1], 0);
        EXPECT_IS(s.mode[1], -1);
        EXPECT_IS(s.grad[2], 0);
        EXPECT_IS(s.grad[3], 0);
        struct small_ce two = {.type = *t, .rows = 2, .cols = 2, .x = {1, 2, 1, 2}, .y = {0, 1}};
        two.a.label_smoothing = 0.1;
        two.a.z_loss = 0.5;
        ASSERT_OK(small_ce_run(&two));
        EXPECT_IS(s.r.sum, two.r.sum);
        EXPECT_IS(s.r.mean, two.r.mean);
        for (int j = 0; j < 2; j++) {
            EXPECT_IS(s.grad[j], two.grad[j]);
            EXPECT_IS(s.grad[4 + j], two.grad[2 + j]);
        }
    }
}

/* "Not read" is meant: the ignored row lies on a page that cannot be. */
static void ignored_row_is_not_read(nll_dtype type) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), cols = page / nll_dtype_size(type);
    char *p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(p, MAP_FAILED);
    cr_assert_eq(mprotect(p + page, page, PROT_NONE), 0);
    int32_t y[3] = {1, 7, 2};
    float *grad = new_array(NLL_F32, 3 * cols);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(p, type, 3, cols),
                              .target = nll_view_1d(y, NLL_I32, 3),
                              .has_ignore_index = 1,
                              .ignore_index = 7,
                              .count_correct = 1,
                              .label_smoothing = 0.1,
                              .z_loss = 1e-4,
                              .temperature = 2,
                              .softcap = 30,
                              .grad = nll_out_2d(grad, NLL_F32, 3, cols)};
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r));
    EXPECT_IS(r.count, 2);
    for (size_t j = 0; j < cols; j++) cr_assert_eq(grad[cols + j], 0);
    free(grad);
    munmap(p, 3 * page);
}
Test(edges_rows, ignored_row_is_not_read) {
    ignored_row_is_not_read(NLL_F32);
    ignored_row_is_not_read(NLL_BF16);
    ignored_row_is_not_read(NLL_F64);
}

Test(edges_rows, ignore_index_may_be_a_class_and_is_then_still_in_the_softmax) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 3, .y = {0, 1}};
        s.a.has_ignore_index = 1;
        s.a.ignore_index = 1;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.nll[0], log(3));
        EXPECT_NEAR(*t, s.grad[1], 1.0 / 3);
        EXPECT_IS(s.r.count, 1);
    }
}

Test(edges_rows, ignore_index_0_needs_to_be_asked_for) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .y = {0, 1}};
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.count, 2);
        s.a.has_ignore_index = 1;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.count, 1);
    }
}

Test(edges_rows, weights_and_reductions) {
    double v[2] = {0.5, 2}, w[3] = {1, 3, 0};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 3, .cols = 2, .y = {0, 1, 1}};
        s.a.class_weight = nll_view_1d(v, NLL_F64, 2);
        s.a.common.sample_weight = nll_view_1d(w, NLL_F64, 3);
        ASSERT_OK(small_ce_run(&s));
        double ws = 0.5 + 6, g[3] = {0.5 / ws, 6 / ws, 0};
        EXPECT_IS(s.r.weight_sum, ws);
        EXPECT_NEAR(*t, s.r.sum, ws * M_LN2);
        EXPECT_NEAR(*t, s.r.mean, M_LN2);
        EXPECT_IS(s.r.value, s.r.mean);
        for (int i = 0; i < 3; i++) {
            EXPECT_NEAR(*t, s.nll[i], M_LN2); /* the row value is without its weight */
            EXPECT_NEAR(*t, s.grad[2 * i + s.y[i]], -g[i] / 2);
            EXPECT_NEAR(*t, s.grad[2 * i + 1 - s.y[i]], g[i] / 2);
        }
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.value, s.r.sum);
        EXPECT_NEAR(*t, s.grad[2], 3);
        s.a.common.reduction = NLL_NONE;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NAN(s.r.value);
        EXPECT_NEAR(*t, s.grad[2], 3);
        EXPECT_NEAR(*t, s.grad[3], -3);
        s.a.common.reduction = NLL_MEAN;
        s.a.common.divisor = 32;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.mean, s.r.sum / 32);
        EXPECT_NEAR(*t, s.grad[2], 3.0 / 32);
        EXPECT_IS(s.r.weight_sum, ws);
    }
}

Test(edges_rows, row_of_weight_0_adds_nothing_be_it_nan) {
    double w[2] = {0, 2};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .x = {NAN, 0, 0, 0}, .y = {0, 1}};
        s.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NEAR(*t, s.r.sum, 2 * M_LN2);
        EXPECT_NEAR(*t, s.r.mean, M_LN2);
        EXPECT_IS(s.grad[0], 0);
        EXPECT_IS(s.grad[1], 0);
        struct small_bernoulli b = {.type = *t, .rows = 2, .x = {NAN, 0}, .y = {1, 1}};
        b.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
        ASSERT_OK(small_bernoulli_run(&b));
        EXPECT_NEAR(*t, b.r.mean, M_LN2);
        EXPECT_IS(b.grad[0], 0);
        struct small_gaussian g = {.type = *t, .rows = 2, .loc = {0, 0}, .y = {INF, 0}};
        g.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
        ASSERT_OK(small_gaussian_run(&g));
        EXPECT_NEAR(*t, g.r.mean, 0.5 * log(2 * M_PI));
        EXPECT_IS(g.grad_loc[0], 0);
    }
}

Test(edges_rows, no_counted_row) {
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .rows = 2, .cols = 2, .x = {NAN, 0, 1, 2}, .y = {9, 9}};
        s.a.has_ignore_index = 1;
        s.a.ignore_index = 9;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_NAN(s.r.mean);
        EXPECT_NAN(s.r.value);
        EXPECT_IS(s.r.count, 0);
        EXPECT_IS(s.r.sum, 0);
        EXPECT_IS(s.r.weight_sum, 0);
        for (int j = 0; j < 4; j++) EXPECT_IS(s.grad[j], 0);
        s.a.common.empty = NLL_EMPTY_ZERO;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.mean, 0);
        EXPECT_IS(s.r.value, 0);
        for (int j = 0; j < 4; j++) EXPECT_IS(s.grad[j], 0);
        s.a.common.empty = NLL_EMPTY_ERROR;
        memset(s.grad, 0x5a, sizeof s.grad);
        double before = s.grad[0];
        EXPECT_STATUS(NLL_E_EMPTY, small_ce_run(&s));
        EXPECT_IS(s.grad[0], before);
        /* sums of nothing are 0 under every policy */
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.value, 0);
    }
}

/* Upstream gradients: a number, and one per row. */
Test(edges_rows, upstream_gradient) {
    double g[3] = {-2, 0, 0.5}, all[3] = {4, 4, 4};
    FOR_TYPES(t) {
        struct small_ce plain = {
            .type = *t, .rows = 3, .cols = 2, .x = {0, 1, 2, 3, 5, 4}, .y = {0, 1, 1}};
        plain.a.common.reduction = NLL_NONE;
        struct small_ce rows = plain, number = plain, array = plain;
        rows.a.common.grad_output = nll_view_1d(g, NLL_F64, 3);
        number.a.common.grad_output = nll_number(4);
        array.a.common.grad_output = nll_view_1d(all, NLL_F64, 3);
        ASSERT_OK(small_ce_run(&plain));
        ASSERT_OK(small_ce_run(&rows));
        ASSERT_OK(small_ce_run(&number));
        ASSERT_OK(small_ce_run(&array));
        for (int k = 0; k < 6; k++) {
            EXPECT_NEAR(*t, rows.grad[k], plain.grad[k] * g[k / 2]);
            EXPECT_IS(number.grad[k], plain.grad[k] * 4);
            EXPECT_IS(array.grad[k], number.grad[k]);
        }
        EXPECT_IS(rows.r.sum, plain.r.sum); /* upstream touches gradients alone */
    }
}

/* Soft targets: the row weight is the sample weight, and the mean divides by it, not by classes'.
 */
Test(edges_rows, soft_targets_mean) {
    double v[2] = {3, 5};
    FOR_TYPES(t) {
        struct small_ce s = {.type = *t, .soft = 1, .rows = 2, .cols = 2, .q = {1, 0, 0.25, 0.75}};
        s.a.class_weight = nll_view_1d(v, NLL_F64, 2);
        ASSERT_OK(small_ce_run(&s));
        EXPECT_IS(s.r.weight_sum, 2);
        EXPECT_NEAR(*t, s.nll[0], 3 * M_LN2);
        EXPECT_NEAR(*t, s.nll[1], (0.75 + 3.75) * M_LN2);
        EXPECT_NEAR(*t, s.r.mean, 7.5 * M_LN2 / 2);
        EXPECT_NEAR(*t, s.grad_q[0], 3 * M_LN2 / 2);
        EXPECT_NEAR(*t, s.grad_q[3], 5 * M_LN2 / 2);
    }
}

/* Losses and gradients alone take a shorter way (categorical_plain.c) but for groups of rows
 * with one that is ignored, masked or far from 0: the bits are those of the long way, at any
 * scale. */
static void short_way(nll_dtype type, size_t cols) {
    enum { ROWS = 1100 };
    uint64_t state = gen_state(9100 + cols);
    double *x = malloc(ROWS * cols * sizeof *x);
    int16_t y[ROWS];
    cr_assert_not_null(x);
    for (int odd = 0; odd < 2; odd++) {
        for (size_t i = 0; i < ROWS * cols; i++)
            x[i] = gen_value(odd && gen_below(500, &state) == 0 ? GEN_REAL : GEN_LOGIT, &state);
        for (size_t i = 0; i < ROWS; i++) {
            y[i] = (int16_t)gen_below(cols, &state);
            if (odd && gen_below(300, &state) == 0) y[i] = -100;
            double shift = odd && gen_below(300, &state) == 0 ? 1e5 : 0;
            for (size_t j = 0; j < cols; j++) x[i * cols + j] += shift;
        }
        void *data = to_array(type, ROWS * cols, x);
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(data, type, ROWS, cols),
                                  .target = nll_view_1d(y, NLL_I16, ROWS),
                                  .has_ignore_index = odd,
                                  .ignore_index = -100};
        static const double ups[] = {1, -3, 0, 0x1p-1050, 0x1p1000, NAN};
        for (size_t u = 0; u < sizeof ups / sizeof ups[0]; u++) {
            a.common.reduction = u % 2 ? NLL_SUM : NLL_MEAN;
            a.common.grad_output = nll_number(ups[u]);
            struct snapshot all =
                snap_categorical(&a, NLL_F64, type, SNAP_NLL | SNAP_GRAD | SNAP_LSE);
            struct snapshot two = snap_categorical(&a, NLL_F64, type, SNAP_NLL | SNAP_GRAD);
            struct snapshot one = snap_categorical(&a, NLL_F64, type, 0);
            cr_expect_eq(all.status, NLL_OK);
            snap_compare(&two, &all, "loss and gradient");
            snap_compare(&one, &all, "the sum alone");
            snap_free(&all);
            snap_free(&two);
            snap_free(&one);
        }
        free(data);
    }
    free(x);
}

Test(edges_rows, short_way) {
    static const size_t widths[] = {1, 2, 10, 16, 65, 700};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        short_way(NLL_F32, widths[i]);
        short_way(NLL_F64, widths[i]);
    }
}

/* Scales far beyond the format's range: a class's gradient is infinite, or what is left of it, the
 * same on every instruction set, for few classes and for many. */
Test(edges_rows, divisors_beyond_the_range) {
    enum { ROWS = 20, MOST = 40 };
    static const double divisors[] = {1e-30, 1e-60, 1e-100, 1e30, 1e60};
    static const size_t classes[] = {3, 10, MOST};
    for (size_t d = 0; d < sizeof divisors / sizeof *divisors; d++)
        for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
            size_t cols = classes[k];
            float x[ROWS * MOST], grad[ROWS * MOST], scalar[ROWS * MOST];
            int64_t y[ROWS];
            for (size_t i = 0; i < ROWS * cols; i++) {
                size_t row = i / cols, col = i % cols;
                x[i] = -(float)(row * col) * 0.75f;
            }
            for (size_t i = 0; i < ROWS; i++) y[i] = (int64_t)(i % cols);
            nll_categorical_args a = {.struct_size = sizeof a,
                                      .logits = {x, NLL_F32, ROWS, cols, (ptrdiff_t)cols, 1, 0},
                                      .target = {y, NLL_I64, ROWS, 1, 1, 1, 0},
                                      .grad = {grad, NLL_F32, ROWS, cols, (ptrdiff_t)cols, 1}};
            a.common.divisor = divisors[d];
            ASSERT_OK(nll_isa_select("scalar"));
            ASSERT_OK(nll_categorical(&a, NULL));
            memcpy(scalar, grad, sizeof grad);
            for (size_t i = 0; i < ROWS; i++)
                for (size_t c = 0; c < cols; c++) {
                    double sum = 0, p;
                    for (size_t j = 0; j < cols; j++) sum += exp((double)x[i * cols + j]);
                    p = exp((double)x[i * cols + c]) / sum;
                    double want = (p - (y[i] == (int64_t)c)) / divisors[d],
                           got = grad[i * cols + c];
                    if (fabs(want) > 4e38) EXPECT_IS(got, want > 0 ? INF : -INF);
                    if (fabs(want) < 3e38 && y[i] != (int64_t)c)
                        cr_expect(fabs(got - want) <= fabs(want) * 0x1p-20 + 0x1p-148,
                                  "1 / %g, class %zu of %zu: %g, not %g", divisors[d], c, cols, got,
                                  want);
                }
            for (size_t n = 0; n < nll_isa_count(); n++) {
                if (nll_isa_select(nll_isa_name(n)) != NLL_OK) continue;
                ASSERT_OK(nll_categorical(&a, NULL));
                cr_expect_eq(memcmp(grad, scalar, ROWS * cols * sizeof *grad), 0,
                             "%s, 1 / %g, %zu classes", nll_isa_name(n), divisors[d], cols);
            }
        }
}
