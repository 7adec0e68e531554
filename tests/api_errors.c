/* api_errors.c: every error code, and that an error leaves every output as it was. */
#include "gen.h"
#include "no_memory.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5, COLS = 3 };

/* A good call of each model, with garbage in every output. */
struct good {
    float x[ROWS * COLS], s[ROWS], y01[ROWS];
    int32_t y[ROWS];
    float q[ROWS * COLS];
    double v[COLS], w[ROWS];
    struct {
        double nll[ROWS], lse[ROWS], p[ROWS], mode[ROWS];
        int64_t index[ROWS];
        float grad[ROWS * COLS], grad2[ROWS * COLS];
    } out;
    nll_categorical_args ce;
    nll_bernoulli_args be;
    nll_gaussian_args ga;
    nll_result r;
};

static void good(struct good *g) {
    memset(g, 0, sizeof *g);
    memset(&g->out, 0xA5, sizeof g->out);
    for (int i = 0; i < ROWS; i++) g->w[i] = g->s[i] = 1;
    for (int i = 0; i < ROWS * COLS; i++) g->q[i] = 0.25f;
    for (int j = 0; j < COLS; j++) g->v[j] = 1;
    g->r.struct_size = sizeof g->r;
    nll_view x = nll_view_1d(g->x, NLL_F32, ROWS);
    g->ce = (nll_categorical_args){.struct_size = sizeof g->ce,
                                   .logits = nll_view_2d(g->x, NLL_F32, ROWS, COLS),
                                   .target = nll_view_1d(g->y, NLL_I32, ROWS),
                                   .nll = nll_out_1d(g->out.nll, NLL_F64, ROWS),
                                   .lse = nll_out_1d(g->out.lse, NLL_F64, ROWS),
                                   .p_target = nll_out_1d(g->out.p, NLL_F64, ROWS),
                                   .mode = nll_out_1d(g->out.index, NLL_I64, ROWS),
                                   .grad = nll_out_2d(g->out.grad, NLL_F32, ROWS, COLS)};
    g->be = (nll_bernoulli_args){.struct_size = sizeof g->be,
                                 .rows = ROWS,
                                 .logits = x,
                                 .target = nll_view_1d(g->y01, NLL_F32, ROWS),
                                 .nll = nll_out_1d(g->out.nll, NLL_F64, ROWS),
                                 .grad = nll_out_1d(g->out.grad, NLL_F32, ROWS),
                                 .mode = nll_out_1d(g->out.mode, NLL_F64, ROWS)};
    g->ga = (nll_gaussian_args){.struct_size = sizeof g->ga,
                                .rows = ROWS,
                                .loc = x,
                                .scale = nll_view_1d(g->s, NLL_F32, ROWS),
                                .target = nll_view_1d(g->y01, NLL_F32, ROWS),
                                .nll = nll_out_1d(g->out.nll, NLL_F64, ROWS),
                                .grad_loc = nll_out_1d(g->out.grad, NLL_F32, ROWS),
                                .grad_spread = nll_out_1d(g->out.grad2, NLL_F32, ROWS),
                                .mode = nll_out_1d(g->out.mode, NLL_F64, ROWS)};
}

static void untouched(const struct good *g, const char *what, int line) {
    const unsigned char *b = (const unsigned char *)&g->out;
    for (size_t i = 0; i < sizeof g->out; i++)
        if (b[i] != 0xA5) {
            cr_expect(0, "%s (line %d): byte %zu of the outputs was written", what, line, i);
            return;
        }
}

/* After `change` of a good call, it is refused with `code`, and nothing was written. */
#define REFUSED(model, args, code, change)                                        \
    do {                                                                          \
        struct good g;                                                            \
        good(&g);                                                                 \
        change;                                                                   \
        nll_status s_ = nll_##model(&g.args, &g.r);                               \
        cr_expect(s_ == (code), "%s: got %d (%s), expected %d", #change, (int)s_, \
                  nll_status_string(s_), (int)(code));                            \
        untouched(&g, #change, __LINE__);                                         \
    } while (0)
#define CE(code, change) REFUSED(categorical, ce, code, change)
#define BE(code, change) REFUSED(bernoulli, be, code, change)
#define GA(code, change) REFUSED(gaussian, ga, code, change)

Test(api_errors, the_good_calls_are_good) {
    struct good g;
    good(&g);
    ASSERT_OK(nll_categorical(&g.ce, &g.r));
    ASSERT_OK(nll_bernoulli(&g.be, &g.r));
    ASSERT_OK(nll_gaussian(&g.ga, &g.r));
    ASSERT_OK(nll_categorical(&g.ce, NULL));
}

Test(api_errors, null) {
    EXPECT_STATUS(NLL_E_NULL, nll_categorical(NULL, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_bernoulli(NULL, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_gaussian(NULL, NULL));
    CE(NLL_E_NULL, g.ce.logits = (nll_view){0});
    CE(NLL_E_NULL, g.ce.target = (nll_view){0});
    CE(NLL_E_NULL, g.ce.logits.data = NULL);
    CE(NLL_E_NULL, g.ce.target.data = NULL);
    CE(NLL_E_NULL, g.ce.grad.data = NULL);
    CE(NLL_E_NULL, g.ce.common.sample_weight = nll_view_1d(NULL, NLL_F64, ROWS));
    BE(NLL_E_NULL, g.be.logits = (nll_view){0});
    BE(NLL_E_NULL, g.be.target = (nll_view){0});
    BE(NLL_E_NULL, g.be.nll.data = NULL);
    GA(NLL_E_NULL, g.ga.loc = (nll_view){0});
    GA(NLL_E_NULL, g.ga.target = (nll_view){0});
    static const nll_executor none = {0};
    CE(NLL_E_NULL, g.ce.common.executor = &none);
}

Test(api_errors, shape) {
    CE(NLL_E_SHAPE, g.ce.target.rows = ROWS - 1);
    CE(NLL_E_SHAPE, g.ce.nll.rows = ROWS + 1);
    CE(NLL_E_SHAPE, g.ce.grad.cols = COLS - 1);
    CE(NLL_E_SHAPE, g.ce.grad.rows = ROWS - 1);
    CE(NLL_E_SHAPE, g.ce.lse.rows = 1);
    CE(NLL_E_SHAPE, g.ce.mode.rows = 1);
    CE(NLL_E_SHAPE, g.ce.p_target.rows = 1);
    CE(NLL_E_SHAPE, g.ce.target = (nll_view){0}; g.ce.p_target = (nll_out){0};
       g.ce.target_probs = nll_view_2d(g.q, NLL_F32, ROWS, COLS - 1));
    CE(NLL_E_SHAPE, g.ce.class_weight = nll_view_1d(g.v, NLL_F64, COLS - 1));
    CE(NLL_E_SHAPE, g.ce.common.sample_weight = nll_view_1d(g.w, NLL_F64, ROWS - 1));
    CE(NLL_E_SHAPE, g.ce.common.grad_output = nll_view_1d(g.w, NLL_F64, 1));
    BE(NLL_E_SHAPE, g.be.logits.rows = ROWS - 1);
    BE(NLL_E_SHAPE, g.be.target.rows = ROWS - 1);
    BE(NLL_E_SHAPE, g.be.grad.rows = ROWS - 1);
    BE(NLL_E_SHAPE, g.be.pos_weight = nll_view_1d(g.w, NLL_F64, 2));
    GA(NLL_E_SHAPE, g.ga.loc.rows = ROWS + 1);
    GA(NLL_E_SHAPE, g.ga.scale.rows = 1);
    GA(NLL_E_SHAPE, g.ga.grad_spread.rows = 1);
}

Test(api_errors, stride) {
    CE(NLL_E_STRIDE, g.ce.nll.row_stride = 0);
    CE(NLL_E_STRIDE, g.ce.grad.row_stride = 0);
    CE(NLL_E_STRIDE, g.ce.grad.col_stride = 0);
    CE(NLL_E_STRIDE, g.ce.grad.row_stride = COLS - 1);
    CE(NLL_E_STRIDE, g.ce.grad.row_stride = -1);
    BE(NLL_E_STRIDE, g.be.grad.row_stride = 0);
    GA(NLL_E_STRIDE, g.ga.mode.row_stride = 0);
    float x[2] = {0}, y[2];
    nll_out o = {y, NLL_F32, 2, 1, 0, 1};
    EXPECT_STATUS(NLL_E_STRIDE, nll_vexp(2, nll_view_1d(x, NLL_F32, 2), o));
}

Test(api_errors, dtype) {
    CE(NLL_E_DTYPE, g.ce.logits.dtype = (nll_dtype)99);
    CE(NLL_E_DTYPE, g.ce.logits.dtype = (nll_dtype)-1);
    CE(NLL_E_DTYPE, g.ce.logits = nll_number(1));
    CE(NLL_E_DTYPE, g.ce.target.dtype = NLL_F32);
    CE(NLL_E_DTYPE, g.ce.nll.dtype = NLL_F16);
    CE(NLL_E_DTYPE, g.ce.nll.dtype = NLL_I64);
    CE(NLL_E_DTYPE, g.ce.grad.dtype = NLL_I32);
    CE(NLL_E_DTYPE, g.ce.mode.dtype = NLL_F64);
    CE(NLL_E_DTYPE, g.ce.mode.dtype = NLL_I32);
    CE(NLL_E_DTYPE, g.ce.lse.dtype = NLL_BF16);
    CE(NLL_E_DTYPE, g.ce.nll.dtype = NLL_NUMBER);
    BE(NLL_E_DTYPE, g.be.mode.dtype = NLL_I64);
    BE(NLL_E_DTYPE, g.be.target.dtype = (nll_dtype)31);
    GA(NLL_E_DTYPE, g.ga.grad_loc.dtype = NLL_U8);
    GA(NLL_E_DTYPE, g.ga.loc.dtype = (nll_dtype)64);
    float x[2] = {0}, y[2];
    EXPECT_STATUS(NLL_E_DTYPE, nll_vexp(2, nll_view_1d(x, NLL_I32, 2), nll_out_1d(y, NLL_F32, 2)));
    EXPECT_STATUS(NLL_E_DTYPE, nll_vexp(2, nll_view_1d(x, NLL_F32, 2), nll_out_1d(y, NLL_I32, 2)));
    EXPECT_STATUS(NLL_E_NULL,
                  nll_vexp(2, nll_view_1d(NULL, NLL_F32, 2), nll_out_1d(y, NLL_F32, 2)));
    EXPECT_STATUS(NLL_E_NULL,
                  nll_vexp(2, nll_view_1d(x, NLL_F32, 2), nll_out_1d(NULL, NLL_F32, 2)));
    EXPECT_STATUS(NLL_E_SHAPE, nll_vexp(3, nll_view_1d(x, NLL_F32, 2), nll_out_1d(y, NLL_F32, 3)));
    EXPECT_STATUS(NLL_E_SHAPE, nll_vexp(3, nll_view_1d(x, NLL_F32, 3), nll_out_1d(y, NLL_F32, 2)));
}

Test(api_errors, options_out_of_range) {
    static const double nan_or_inf[] = {NAN, INFINITY, -INFINITY, -0.5};
    for (int k = 0; k < 4; k++) {
        double bad = nan_or_inf[k];
        CE(NLL_E_VALUE, g.ce.label_smoothing = bad);
        CE(NLL_E_VALUE, g.ce.z_loss = bad);
        CE(NLL_E_VALUE, g.ce.temperature = bad);
        CE(NLL_E_VALUE, g.ce.softcap = bad);
        CE(NLL_E_VALUE, g.ce.common.divisor = bad);
        BE(NLL_E_VALUE, g.be.label_smoothing = bad);
        BE(NLL_E_VALUE, g.be.common.divisor = bad);
    }
    CE(NLL_E_VALUE, g.ce.label_smoothing = 1.0000001);
    BE(NLL_E_VALUE, g.be.label_smoothing = 1.0000001);
    CE(NLL_E_VALUE, g.ce.common.reduction = (nll_reduction)3);
    CE(NLL_E_VALUE, g.ce.common.reduction = (nll_reduction)-1);
    CE(NLL_E_VALUE, g.ce.common.empty = (nll_empty)3);
    GA(NLL_E_VALUE, g.ga.common.reduction = (nll_reduction)17);
}

/* Weights are "finite and >= 0": with checking on, the call is refused. */
Test(api_errors, weights_out_of_range) {
    static const double bad[] = {-1, NAN, INFINITY};
    for (int k = 0; k < 3; k++) {
        CE(NLL_E_DOMAIN, g.w[3] = bad[k];
           g.ce.common.sample_weight = nll_view_1d(g.w, NLL_F64, ROWS);
           g.ce.common.check_domain = 1);
        BE(NLL_E_DOMAIN, g.w[3] = bad[k];
           g.be.common.sample_weight = nll_view_1d(g.w, NLL_F64, ROWS);
           g.be.common.check_domain = 1);
        GA(NLL_E_DOMAIN, g.ga.common.sample_weight = nll_number(bad[k]);
           g.ga.common.check_domain = 1);
    }
    BE(NLL_E_DOMAIN, g.be.pos_weight = nll_number(-1); g.be.common.check_domain = 1);
    BE(NLL_E_DOMAIN, g.be.pos_weight = nll_number(NAN); g.be.common.check_domain = 1);
}

Test(api_errors, options_that_exclude_each_other) {
    CE(NLL_E_VALUE, g.ce.log_probs = g.ce.logits);
    CE(NLL_E_VALUE, g.ce.probs = g.ce.logits);
    CE(NLL_E_VALUE, g.ce.target_probs = nll_view_2d(g.q, NLL_F32, ROWS, COLS);
       g.ce.p_target = (nll_out){0});
    /* logits only */
    CE(NLL_E_VALUE, g.ce.probs = g.ce.logits; g.ce.logits = (nll_view){0});
    CE(NLL_E_VALUE, g.ce.lse = (nll_out){0}; g.ce.probs = g.ce.logits; g.ce.logits = (nll_view){0};
       g.ce.z_loss = 1);
    CE(NLL_E_VALUE, g.ce.lse = (nll_out){0}; g.ce.log_probs = g.ce.logits;
       g.ce.logits = (nll_view){0}; g.ce.temperature = 2);
    CE(NLL_E_VALUE, g.ce.lse = (nll_out){0}; g.ce.log_probs = g.ce.logits;
       g.ce.logits = (nll_view){0}; g.ce.softcap = 2);
    /* index targets only; soft targets only */
    CE(NLL_E_VALUE, g.ce.target = (nll_view){0};
       g.ce.target_probs = nll_view_2d(g.q, NLL_F32, ROWS, COLS));
    CE(NLL_E_VALUE, g.ce.p_target = (nll_out){0}; g.ce.target = (nll_view){0};
       g.ce.target_probs = nll_view_2d(g.q, NLL_F32, ROWS, COLS); g.ce.has_ignore_index = 1);
    CE(NLL_E_VALUE, g.ce.grad_target_probs = nll_out_2d(g.out.grad2, NLL_F32, ROWS, COLS));
    BE(NLL_E_VALUE, g.be.probs = g.be.logits);
    GA(NLL_E_VALUE, g.ga.var = g.ga.scale);
    GA(NLL_E_VALUE, g.ga.log_scale = g.ga.scale);
}

Test(api_errors, empty) {
    CE(NLL_E_EMPTY, for (int i = 0; i < ROWS; i++) g.y[i] = 1; g.ce.has_ignore_index = 1;
       g.ce.ignore_index = 1; g.ce.common.empty = NLL_EMPTY_ERROR);
}

Test(api_errors, overflow) {
    CE(NLL_E_OVERFLOW, g.ce.logits = nll_view_2d(g.x, NLL_F32, SIZE_MAX / 2, 16);
       g.ce.target.rows = g.ce.nll.rows = g.ce.lse.rows = g.ce.p_target.rows = g.ce.mode.rows =
           g.ce.grad.rows = SIZE_MAX / 2);
    CE(NLL_E_OVERFLOW, g.ce.logits.row_stride = PTRDIFF_MAX);
    CE(NLL_E_OVERFLOW, g.ce.logits.row_stride = PTRDIFF_MIN);
    CE(NLL_E_OVERFLOW, g.ce.logits.row_stride = PTRDIFF_MAX / 8);
    CE(NLL_E_OVERFLOW, g.ce.grad.row_stride = PTRDIFF_MAX);
    CE(NLL_E_OVERFLOW, g.ce.grad.row_stride = PTRDIFF_MIN);
    CE(NLL_E_OVERFLOW, g.ce.target.row_stride = PTRDIFF_MIN / 4 - 1);
    BE(NLL_E_OVERFLOW, g.be.rows = SIZE_MAX; g.be.logits.rows = g.be.target.rows = g.be.nll.rows =
                                                 g.be.grad.rows = g.be.mode.rows = SIZE_MAX);
    BE(NLL_E_OVERFLOW, g.be.nll.row_stride = PTRDIFF_MIN);
}

/* A stride that is never taken may be anything. */
Test(api_errors, strides_of_one_row_do_not_matter) {
    float x[3] = {1, 2, 3}, grad[3], grad2[3];
    int32_t y = 1;
    static const ptrdiff_t strides[] = {PTRDIFF_MAX, PTRDIFF_MIN, 0, -1};
    for (int k = 0; k < 4; k++) {
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, 1, 3),
                                  .target = nll_view_1d(&y, NLL_I32, 1),
                                  .grad = nll_out_2d(grad, NLL_F32, 1, 3)};
        ASSERT_OK(nll_categorical(&a, NULL));
        a.grad.data = grad2;
        a.logits.row_stride = a.target.row_stride = a.target.col_stride = a.grad.row_stride =
            strides[k];
        EXPECT_STATUS(NLL_OK, nll_categorical(&a, NULL));
        cr_expect_eq(memcmp(grad, grad2, sizeof grad), 0);
    }
}

/* The one allocation fails: a status, no crash, nothing written. */
Test(api_errors, memory) {
#if ADDRESS_SANITIZER
    cr_skip_test("the address sanitizer needs the address space");
#else
    const size_t many = gen_count((size_t)1 << 24);
    static float nothing;
    static int8_t label;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = {&nothing, NLL_F32, many, 1, 0, 1, 0},
                              .target = {&label, NLL_I8, many, 1, 0, 1, 0}};
    nll_result r = {.struct_size = sizeof r};
    struct rlimit old = memory_refuse();
    nll_status s = nll_categorical(&a, &r);
    memory_allow(old);
    cr_expect(s == NLL_E_MEMORY || s == NLL_OK, "%s", nll_status_string(s));
    if (s == NLL_OK)
        EXPECT_IS(r.count, (double)many); /* it needed no more than malloc had at hand */
#endif
}
