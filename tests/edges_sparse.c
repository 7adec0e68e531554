/* edges_sparse.c: sparse soft targets: lists that are odd, refused, or say the same in other words.
 */
#include "gen.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INF INFINITY
enum { K = 3 };

struct sparse {
    struct small_ce ce; /* type, form, rows, cols, x, options */
    int64_t c[SMALL_ROWS * K];
    double q[SMALL_ROWS * K], grad_q[SMALL_ROWS * K];
    int logs;
};

static nll_status run(struct sparse *s) {
    struct small_ce *ce = &s->ce;
    nll_categorical_args *a = &ce->a;
    size_t n = ce->rows;
    float x[SMALL_CELLS];
    for (size_t i = 0; i < n * ce->cols; i++) x[i] = (float)ce->x[i];
    int f64 = ce->type == NLL_F64;
    nll_view view = nll_view_2d(f64 ? (void *)ce->x : x, ce->type, n, ce->cols);
    a->struct_size = sizeof *a;
    *(ce->form == LOGITS ? &a->logits : ce->form == LOG_PROBS ? &a->log_probs : &a->probs) = view;
    a->target_index = nll_view_2d(s->c, NLL_I64, n, K);
    float q[SMALL_ROWS * K];
    for (size_t i = 0; i < n * K; i++) q[i] = (float)s->q[i];
    *(s->logs ? &a->target_log_probs : &a->target_probs) =
        nll_view_2d(f64 ? (void *)s->q : q, ce->type, n, K);
    a->nll = nll_out_1d(ce->nll, NLL_F64, n);
    a->grad = nll_out_2d(ce->grad, NLL_F64, n, ce->cols);
    a->grad_target_probs = nll_out_2d(s->grad_q, NLL_F64, n, K);
    a->common.reduction = NLL_SUM;
    ce->r = (nll_result){.struct_size = sizeof ce->r};
    return ce->status = nll_categorical(a, &ce->r);
}

/* Mixing a class with itself is that class. */
Test(sparse, two_equal_labels_are_one) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t, .rows = 2, .cols = 4, .x = {1, 2, 0, 3, 1, 2, 0, 3}},
                           .c = {1, 1, 0, 1, 0, 0},
                           .q = {0.25, 0.75, 0, 1, 0, 0}};
        ASSERT_OK(run(&s));
        struct small_ce hard = {
            .type = *t, .rows = 2, .cols = 4, .x = {1, 2, 0, 3, 1, 2, 0, 3}, .y = {1, 1}};
        hard.a.common.reduction = NLL_SUM;
        ASSERT_OK(small_ce_run(&hard));
        for (int i = 0; i < 2; i++) EXPECT_NEAR(*t, s.ce.nll[i], hard.nll[i]);
        for (int j = 0; j < 8; j++) EXPECT_NEAR(*t, s.ce.grad[j], hard.grad[j]);
    }
}

/* A sure row: p - q gives 0 or noise; the target's gradient keeps its digits. */
Test(sparse, confident_rows_keep_their_digits) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t, .rows = 1, .cols = 3, .x = {70, 0, 0}},
                           .c = {0, 1, 2},
                           .q = {1, 0, 0}};
        for (int tail = 0; tail < 3; tail++) {
            s.ce.a.tail = (nll_tail)tail;
            ASSERT_OK(run(&s));
            EXPECT_NEAR(*t, s.ce.nll[0], 2 * exp(-70));
            EXPECT_NEAR(*t, s.ce.grad[0], -2 * exp(-70));
            EXPECT_NEAR(*t, s.ce.grad[1], exp(-70));
        }
    }
}

/* -log(1 - P) where P is tiny, where it is nearly 1, and where 1 - P underflows. */
Test(sparse, bucket_keeps_its_digits) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t,
                                  .rows = 4,
                                  .cols = 4,
                                  .x = {-80, 0, 0, 0, 80, 0, 0, 0, 4000, 0, 0, 1, 0, 0, 0, 0},
                                  .a.tail = NLL_TAIL_BUCKET},
                           .c = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
        ASSERT_OK(run(&s)); /* q 0: all of the mass is elsewhere */
        EXPECT_NEAR(*t, s.ce.nll[0], exp(-80) / 3);
        EXPECT_NEAR(*t, s.ce.grad[0], exp(-80) / 3);
        EXPECT_NEAR(*t, s.ce.grad[1], -exp(-80) / 9);
        EXPECT_NEAR(*t, s.ce.nll[1], 80 - log(3));
        EXPECT_NEAR(*t, s.ce.grad[4], 1);
        EXPECT_NEAR(*t, s.ce.grad[5], -1.0 / 3);
        EXPECT_NEAR(*t, s.ce.nll[2], 4000 - log(2 + exp(1)));
        EXPECT_NEAR(*t, s.ce.grad[8], 1);
        EXPECT_NEAR(*t, s.ce.grad[9], -1 / (2 + exp(1)));
        EXPECT_NEAR(*t, s.ce.grad[11], -exp(1) / (2 + exp(1)));
        EXPECT_NEAR(*t, s.ce.nll[3], log(4.0 / 3));
        EXPECT_NEAR(*t, s.ce.grad[12], 0.25);
        EXPECT_NEAR(*t, s.ce.grad[13], 0.25 - 1.0 / 3);
    }
}

/* Everything is listed: what is missing has nowhere to go. */
Test(sparse, bucket_without_other_classes) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t,
                                  .rows = 2,
                                  .cols = 3,
                                  .x = {1, 0, -INF, 0, 1, 2},
                                  .a.tail = NLL_TAIL_BUCKET},
                           .c = {0, 1, 0, 0, 1, 2},
                           .q = {0.5, 0.25, 0, 0.5, 0.25, 0.25}};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.ce.nll[0], INF);
        double sure = 1 / (1 + exp(-1));
        EXPECT_NEAR(*t, s.ce.grad[0], sure - 0.5);
        EXPECT_IS(s.ce.grad[2], 0);
        double lse = 2 + log1p(exp(-1) + exp(-2));
        EXPECT_NEAR(*t, s.ce.nll[1], lse - 0.75); /* nothing is missing here: 0 * inf = 0 */
    }
}

Test(sparse, masked_classes) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t,
                                  .rows = 3,
                                  .cols = 3,
                                  .x = {-INF, 0, 0, -INF, 0, 0, -INF, -INF, -INF}},
                           .c = {0, 1, 2, 0, 1, 2, 0, 1, 2},
                           .q = {0, 0.5, 0.5, 0.5, 0.5, 0, 1, 0, 0}};
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.ce.nll[0], M_LN2);
        EXPECT_IS(s.ce.grad[0], 0);
        EXPECT_IS(s.grad_q[0], INF);
        EXPECT_IS(s.ce.nll[1], INF);
        EXPECT_NAN(s.ce.nll[2]);
        s.ce.rows = 2;
        s.ce.a.tail = NLL_TAIL_BUCKET;
        s.q[4] = 0.25;
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.ce.nll[0], M_LN2);
        EXPECT_IS(s.ce.nll[1], INF);
    }
}

Test(sparse, log_probs_and_probs) {
    FOR_TYPES(t) {
        struct sparse s = {
            .ce = {.type = *t, .form = PROBS, .rows = 1, .cols = 4, .x = {0.5, 0.25, 0, 0.25}},
            .c = {0, 1, 2},
            .q = {0.75, 0.25, 0}};
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.ce.nll[0], 1.25 * M_LN2);
        EXPECT_NEAR(*t, s.ce.grad[0], -1.5);
        EXPECT_NEAR(*t, s.ce.grad[1], -1);
        EXPECT_IS(s.ce.grad[2], 0);
        EXPECT_NEAR(*t, s.grad_q[1], 2 * M_LN2);
        struct sparse l = {.ce = {.type = *t,
                                  .form = LOG_PROBS,
                                  .rows = 1,
                                  .cols = 3,
                                  .x = {-1, -2, -3},
                                  .a.tail = NLL_TAIL_RENORMALISE},
                           .c = {0, 2, 2},
                           .q = {0.25, 0.125, 0.125}};
        ASSERT_OK(run(&l));
        EXPECT_NEAR(*t, l.ce.nll[0], 2);
        EXPECT_NEAR(*t, l.ce.grad[2], -0.5);
        EXPECT_IS(l.ce.grad[1], 0);
        EXPECT_NEAR(*t, l.grad_q[0], (1 - 2) / 0.5);
    }
}

Test(sparse, tails_that_do_not_fit) {
    FOR_TYPES(t) {
        struct sparse s = {.ce = {.type = *t, .rows = 2, .cols = 3, .x = {1, 2, 3, 3, 2, 1}},
                           .c = {0, 1, 2, 0, 1, 2},
                           .q = {0.5, 0.25, 0.25, 0.5, 0.25, 0.125}};
        s.ce.nll[0] = 77;
        EXPECT_STATUS(NLL_E_DOMAIN, run(&s));
        EXPECT_IS(s.ce.r.bad_row, 1);
        EXPECT_IS(s.ce.nll[0], 77);
        s.ce.a.tail = NLL_TAIL_BUCKET;
        ASSERT_OK(run(&s));
        s.ce.a.tail = NLL_TAIL_RENORMALISE;
        ASSERT_OK(run(&s));
        s.q[0] = 0.75;
        ASSERT_OK(run(&s));
        s.ce.a.tail = NLL_TAIL_BUCKET;
        EXPECT_STATUS(NLL_E_DOMAIN, run(&s));
        EXPECT_IS(s.ce.r.bad_row, 0);
        s.q[0] = NAN;
        s.ce.a.tail = NLL_TAIL_ERROR;
        EXPECT_STATUS(NLL_E_DOMAIN, run(&s));
        s.q[0] = 0;
        s.q[1] = s.q[2] = 0;
        s.ce.a.tail = NLL_TAIL_RENORMALISE;
        ASSERT_OK(run(&s));
        EXPECT_NAN(s.ce.nll[0]);
        s.ce.a.common.check_domain = 1;
        EXPECT_STATUS(NLL_E_DOMAIN, run(&s));
        EXPECT_IS(s.ce.r.bad_row, 0);
    }
}

/* As dense soft targets: a negative probability is no distribution. */
Test(sparse, negative_probabilities) {
    FOR_TYPES(t) {
        for (int tail = 0; tail < 3; tail++) {
            struct sparse s = {
                .ce = {.type = *t, .rows = 1, .cols = 3, .x = {1, 2, 3}, .a.tail = (nll_tail)tail},
                .c = {0, 1, 2},
                .q = {-0.5, 1.5, 0}};
            ASSERT_OK(run(&s));
            EXPECT_IS(s.ce.nll[0], INF);
            for (int j = 0; j < 3; j++) EXPECT_NAN(s.ce.grad[j]);
            EXPECT_NAN(s.grad_q[0]);
        }
    }
}

Test(sparse, classes_are_checked_before_anything_is_written) {
    struct sparse s = {.ce = {.type = NLL_F32, .rows = 2, .cols = 3},
                       .c = {0, 1, 2, 0, 0, 3},
                       .q = {1, 0, 0, 1, 0, 0}};
    s.ce.nll[0] = s.ce.grad[0] = s.grad_q[0] = 77;
    EXPECT_STATUS(NLL_E_LABEL, run(&s));
    EXPECT_IS(s.ce.r.bad_row, 1);
    s.c[5] = -1; /* though its probability is 0 */
    EXPECT_STATUS(NLL_E_LABEL, run(&s));
    cr_expect(s.ce.nll[0] == 77 && s.ce.grad[0] == 77 && s.grad_q[0] == 77);
}

/* A row of weight 0 adds nothing, be it NaN. */
Test(sparse, rows_of_weight_0) {
    const double w[2] = {0, 1};
    struct sparse s = {.ce = {.type = NLL_F64, .rows = 2, .cols = 3, .x = {NAN, 0, 0, 0, 0, 0}},
                       .c = {0, 1, 2, 0, 1, 2},
                       .q = {1, 0, 0, 1, 0, 0}};
    s.ce.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
    ASSERT_OK(run(&s));
    EXPECT_NEAR(NLL_F64, s.ce.r.sum, log(3));
    for (int j = 0; j < 3; j++) {
        EXPECT_IS(s.ce.grad[j], 0);
        EXPECT_IS(s.grad_q[j], 0);
    }
}

Test(sparse, refused_arguments) {
    const int64_t y[1] = {0}, offsets[2] = {0, 1};
    const double v[3] = {1, 1, 1};
    const struct sparse good = {
        .ce = {.type = NLL_F32, .rows = 1, .cols = 3}, .c = {0, 1, 2}, .q = {0.5, 0.25, 0.25}};
#define REFUSE(status, change)                              \
    do {                                                    \
        struct sparse s = good;                             \
        nll_categorical_args *a = &s.ce.a;                  \
        ASSERT_OK(run(&s));                                 \
        (change);                                           \
        EXPECT_STATUS(status, nll_categorical(a, &s.ce.r)); \
    } while (0)
    REFUSE(NLL_E_NULL, a->target_probs = (nll_view){0});
    REFUSE(NLL_E_VALUE, a->target_log_probs = a->target_probs);
    REFUSE(NLL_E_VALUE, a->target = nll_view_1d(y, NLL_I64, 1));
    REFUSE(NLL_E_VALUE, a->tail = (nll_tail)3);
    REFUSE(NLL_E_VALUE, (a->tail = NLL_TAIL_BUCKET, a->label_smoothing = 0.1));
    REFUSE(NLL_E_VALUE, (a->tail = NLL_TAIL_BUCKET, a->class_weight = nll_view_1d(v, NLL_F64, 3)));
    REFUSE(NLL_E_VALUE,
           (a->tail = NLL_TAIL_BUCKET, a->probs = a->logits, a->logits = (nll_view){0}));
    REFUSE(NLL_E_VALUE, a->has_ignore_index = 1);
    REFUSE(NLL_E_VALUE, a->count_correct = 1);
    REFUSE(NLL_E_VALUE, a->offsets = nll_view_1d(offsets, NLL_I64, 2));
    REFUSE(NLL_E_SHAPE, a->target_probs.cols = 2);
    REFUSE(NLL_E_SHAPE, a->target_index.cols = 0);
    REFUSE(NLL_E_SHAPE, a->grad_target_probs.cols = 4);
    REFUSE(NLL_E_DTYPE, a->target_index.dtype = NLL_F64);
    REFUSE(NLL_E_ALIAS, a->grad_target_probs =
                            nll_out_2d((void *)(uintptr_t)a->target_probs.data, NLL_F32, 1, 3));
    struct sparse s = good;
    ASSERT_OK(run(&s));
    s.ce.a.target_index = (nll_view){0};
    s.ce.a.tail = NLL_TAIL_BUCKET; /* dense probabilities have no tail */
    EXPECT_STATUS(NLL_E_VALUE, nll_categorical(&s.ce.a, NULL));
}

/* Lists longer than are read at once, every integer type, strides: the same bits. */
Test(sparse, types_and_layouts) {
    enum { C = 100, LONG = 150 };
    static const nll_dtype integers[] = {NLL_I8,  NLL_U8,  NLL_I16, NLL_U16,
                                         NLL_I32, NLL_U32, NLL_U64};
    uint64_t state = gen_state(9995);
    float x[C], q[LONG], spread[2 * LONG], grad[C], again[C];
    int64_t c[LONG];
    double c_real[LONG], nll, first, grad_q[LONG], again_q[LONG];
    gen_fill_f32(x, C, GEN_NORMAL, &state);
    for (int j = 0; j < LONG; j++) {
        c[j] = (int64_t)gen_below(C, &state);
        c_real[j] = (double)c[j];
        q[j] = spread[2 * j] = 0x1p-8f;
        spread[2 * j + 1] = NAN;
    }
    for (int tail = 1; tail < 3; tail++) {
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, 1, C),
                                  .target_index = nll_view_2d(c, NLL_I64, 1, LONG),
                                  .target_probs = nll_view_2d(q, NLL_F32, 1, LONG),
                                  .tail = (nll_tail)tail,
                                  .nll = nll_out_1d(&first, NLL_F64, 1),
                                  .grad = nll_out_2d(grad, NLL_F32, 1, C),
                                  .grad_target_probs = nll_out_2d(grad_q, NLL_F64, 1, LONG)};
        ASSERT_OK(nll_categorical(&a, NULL));
        a.nll.data = &nll;
        a.grad.data = again;
        a.grad_target_probs.data = again_q;
        for (size_t k = 0; k < sizeof integers / sizeof *integers; k++) {
            void *narrow = to_array(integers[k], LONG, c_real);
            a.target_index = nll_view_2d(narrow, integers[k], 1, LONG);
            a.target_probs = nll_view_2d(spread, NLL_F32, 1, LONG);
            a.target_probs.col_stride = 2;
            ASSERT_OK(nll_categorical(&a, NULL));
            cr_expect(same_bits(nll, first) && memcmp(grad, again, sizeof grad) == 0 &&
                          memcmp(grad_q, again_q, sizeof grad_q) == 0,
                      "%s, tail %d", nll_dtype_name(integers[k]), tail);
            free(narrow);
        }
        a.target_index = nll_view_2d(c, NLL_I64, 1, LONG);
        float in_place[C];
        memcpy(in_place, x, sizeof x);
        a.logits.data = in_place;
        a.grad.data = in_place;
        ASSERT_OK(nll_categorical(&a, NULL));
        cr_expect(memcmp(grad, in_place, sizeof grad) == 0 &&
                      memcmp(grad_q, again_q, sizeof grad_q) == 0,
                  "in place, tail %d", tail);
    }
}
