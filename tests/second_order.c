/* second_order.c: Hessian diagonals and Hessian-vector products of the categorical model. */
#include "gen.h"
#include "oracle.h"
#include "rows.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INF INFINITY
static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4, ROWS = ROW_KINDS };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* models.h */
static double limit_of(nll_dtype compute) { return compute == NLL_F64 ? 90 : 80; }

struct hessian {
    struct oracle_row row;
    double *x, *q, *v, *w, *hess, *hvp;
    int64_t *y;
    struct tally t_hess, t_hvp;
};

static void check_row(struct hessian *m, size_t i, nll_dtype compute) {
    size_t c = m->row.cols;
    struct oracle_value *hess = calloc(c, sizeof *hess), *hvp = calloc(c, sizeof *hvp);
    m->row.x = m->x + i * c;
    m->row.q = m->q + i * c;
    if (m->y) m->row.target = m->y[i];
    oracle_second(&m->row, m->w + i * c, hess, hvp);
    double z = 0, s = m->row.v && m->y && m->row.smoothing == 0 ? m->v[m->y[i]] : 1;
    for (size_t j = 0; j < c; j++)
        if (isfinite(m->row.x[j]) && fabs(m->row.x[j]) > z) z = fabs(m->row.x[j]);
    /* roundings of z, once in B p (1 - p) and once more in f' f' */
    if (m->row.softcap != 0 && z > m->row.softcap) z = m->row.softcap;
    if (m->row.temperature != 0) z /= m->row.temperature;
    double extra = m->row.softcap != 0 || m->row.temperature != 0 ? 8 * z : 0;
    double u = unit_of(compute) * (1 + extra / limit_of(compute)) * s;
    double tiny = 64 * tiny_of(compute), huge = huge_of(compute);
    for (size_t j = 0; j < c; j++) {
        tally_add(&m->t_hess, i, j, m->hess[i * c + j], hess[j].v * s, u * hess[j].mag, tiny, huge);
        tally_add(&m->t_hvp, i, j, m->hvp[i * c + j], hvp[j].v * s, u * hvp[j].mag,
                  tiny * (1 + fabs(m->w[i * c + j])), huge);
    }
    free(hess);
    free(hvp);
}

/* Index: index or soft, smoothing, class weights, z-loss, softcap and temperature; type. */
ParameterizedTestParameters(second_order, oracle) { return indices(TYPES * 32); }
ParameterizedTest(int *index, second_order, oracle) {
    static const size_t lengths[] = {1, 2, 9, 40, 130, 1100};
    uint64_t state = gen_state(10000 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES], compute = type == NLL_F64 ? NLL_F64 : NLL_F32;
    int k = *index / TYPES;
    for (size_t z = 0; z < 6; z++) {
        size_t cols = lengths[z], n = ROWS * cols;
        if (gen_quick() && z != (size_t)*index % 6) continue;
        if (cols > 1000 && k % 8) continue;
        struct hessian m = {.row = {.form = FROM_LOGITS, .cols = cols, .target = -1}};
        double *all[] = {m.x = new_doubles(n), m.q = new_doubles(n),    m.v = new_doubles(cols),
                         m.w = new_doubles(n), m.hess = new_doubles(n), m.hvp = new_doubles(n)};
        int64_t y[ROWS];
        make_rows(m.x, y, ROWS, cols, type, 0, &state);
        for (size_t j = 0; j < cols; j++) m.x[ROW_GENERATED * cols + j] = (double)(j % 5);
        for (size_t i = 0; i < ROWS; i += 3) y[i] = (int64_t)gen_below(cols, &state);
        for (size_t j = 0; j < n; j++) {
            m.q[j] = gen_bits(&state) % 3 ? ldexp((double)gen_below(256, &state), -8) : 0;
            m.w[j] = round_to(type, gen_value(GEN_NORMAL, &state));
        }
        for (size_t j = 0; j < cols; j++) m.v[j] = 0.25 * (double)(1 + j % 6);
        void *x = to_array(type, n, m.x), *w = to_array(type, n, m.w), *q = to_array(type, n, m.q);
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, type, ROWS, cols),
                                  .vector = nll_view_2d(w, type, ROWS, cols),
                                  .hess = nll_out_2d(m.hess, NLL_F64, ROWS, cols),
                                  .hvp = nll_out_2d(m.hvp, NLL_F64, ROWS, cols),
                                  .common.reduction = NLL_SUM};
        if (k & 1)
            a.target_probs = nll_view_2d(q, type, ROWS, cols);
        else
            a.target = nll_view_1d(m.y = y, NLL_I64, ROWS);
        a.label_smoothing = m.row.smoothing = k & 2 ? 0.125 : 0;
        if (k & 4) a.class_weight = nll_view_1d(m.v, NLL_F64, cols), m.row.v = m.v;
        a.z_loss = m.row.z_loss = k & 8 ? 0x1p-7 : 0;
        a.softcap = m.row.softcap = k & 16 ? 20 : 0;
        a.temperature = m.row.temperature = k & 16 ? 1.5 : 0;
        m.t_hess = (struct tally){.what = "hess", .limit = limit_of(compute)};
        m.t_hvp = (struct tally){.what = "hvp", .limit = limit_of(compute)};
        ASSERT_OK(nll_categorical(&a, NULL));
        for (size_t i = 0; i < ROWS; i++) check_row(&m, i, compute);
        char label[64];
        snprintf(label, sizeof label, "%s cols %zu options %d", nll_dtype_name(type), cols, k);
        tally_check(&m.t_hess, label);
        tally_check(&m.t_hvp, label);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
        free(x);
        free(w);
        free(q);
    }
}

/* Differences of the library's own gradients: chain rules, scales and forms. */
ParameterizedTestParameters(second_order, slopes_of_gradients) {
    return indices(3 * 2 * 2 * 2 * 2);
}
ParameterizedTest(int *index, second_order, slopes_of_gradients) {
    enum { C = 5 };
    uint64_t state = gen_state(10300 + (uint64_t)*index);
    int k = *index, form = k % 3, soft = k / 3 & 1;
    double x[C], q[C], v[C], w[C], hess[C], hvp[C], lo[C], hi[C], h = 0x1p-18;
    for (int j = 0; j < C; j++) {
        x[j] = form == 2   ? 0.125 + ldexp((double)gen_below(1024, &state), -11)
               : form == 1 ? -1 - ldexp((double)gen_below(1024, &state), -9)
                           : ldexp((double)gen_below(4096, &state), -10) - 2;
        q[j] = ldexp((double)gen_below(1024, &state), -10);
        v[j] = 0.5 + ldexp((double)gen_below(1024, &state), -10);
        w[j] = ldexp((double)gen_below(4096, &state), -10) - 2;
    }
    int64_t y = (int64_t)gen_below(C, &state);
    nll_view view = nll_view_2d(x, NLL_F64, 1, C), none = {0};
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = form == 0 ? view : none,
                              .log_probs = form == 1 ? view : none,
                              .probs = form == 2 ? view : none,
                              .target = soft ? none : nll_view_1d(&y, NLL_I64, 1),
                              .target_probs = soft ? nll_view_2d(q, NLL_F64, 1, C) : none,
                              .label_smoothing = k / 6 & 1 ? 0.25 : 0,
                              .class_weight = k / 12 & 1 ? nll_view_1d(v, NLL_F64, C) : none,
                              .common = {.reduction = NLL_SUM, .grad_output = nll_number(1.75)},
                              .vector = nll_view_2d(w, NLL_F64, 1, C),
                              .hess = nll_out_2d(hess, NLL_F64, 1, C),
                              .hvp = nll_out_2d(hvp, NLL_F64, 1, C)};
    if (form == 0 && k / 24 & 1) a.z_loss = 0.0625, a.softcap = 3, a.temperature = 1.5;
    ASSERT_OK(nll_categorical(&a, NULL));
    a.hess = a.hvp = (nll_out){0};
    double keep[C];
    memcpy(keep, x, sizeof x);
    for (int j = 0; j <= C; j++) { /* along each axis, then along w */
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < C; i++)
                x[i] = keep[i] + (side ? h : -h) * (j == C ? w[i] : (double)(i == j));
            a.grad = nll_out_2d(side ? hi : lo, NLL_F64, 1, C);
            ASSERT_OK(nll_categorical(&a, NULL));
        }
        for (int i = 0; i < C; i++) {
            double got = j == C ? hvp[i] : hess[i], slope = (hi[i] - lo[i]) / (2 * h);
            if (j < C && i != j) continue;
            cr_expect(fabs(got - slope) <= 1e-7 * (1 + fabs(slope)),
                      "%d: %s %d is %.12g, not %.12g", *index, j == C ? "hvp" : "hess", i, got,
                      slope);
        }
    }
}

struct second {
    struct small_ce ce;
    double w[SMALL_CELLS], hess[SMALL_CELLS], hvp[SMALL_CELLS];
};
static nll_status run(struct second *s) {
    nll_categorical_args *a = &s->ce.a;
    size_t n = s->ce.rows, c = s->ce.cols;
    a->vector = nll_view_2d(s->w, NLL_F64, n, c);
    a->hess = nll_out_2d(s->hess, NLL_F64, n, c);
    a->hvp = nll_out_2d(s->hvp, NLL_F64, n, c);
    if (a->common.reduction == NLL_MEAN) a->common.reduction = NLL_SUM;
    return small_ce_run(&s->ce);
}

/* p (1 - p) of a row that is sure of something else than its target (XGBoost: 2 p (1 - p), floored
 * at 1e-16; LightGBM: times K / (K - 1)). */
Test(second_order, xgboost_12278_exact_and_without_a_floor) {
    FOR_TYPES(t) {
        struct second s = {
            .ce = {.type = *t, .rows = 2, .cols = 2, .x = {70, 0, 70, 0}, .y = {0, 1}},
            .w = {1, 0, 1, 1}};
        ASSERT_OK(run(&s));
        for (int i = 0; i < 4; i++) EXPECT_NEAR(*t, s.hess[i], exp(-70));
        EXPECT_NEAR(*t, s.hvp[0], exp(-70));
        EXPECT_NEAR(*t, s.hvp[1], -exp(-70));
        EXPECT_IS(s.hvp[2], 0); /* all classes alike change nothing */
        EXPECT_IS(s.hvp[3], 0);
    }
}

Test(second_order, masks_and_broken_rows) {
    FOR_TYPES(t) {
        struct second s = {.ce = {.type = *t,
                                  .rows = 4,
                                  .cols = 3,
                                  .x = {0, 0, -INF, NAN, 0, 0, -INF, -INF, -INF, 0, 5, -INF},
                                  .y = {0, 1, 0, 2}},
                           .w = {1, -1, 7, 1, 1, 1, 1, 1, 1, 1, 2, 3}};
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.hess[0], 0.25);
        EXPECT_IS(s.hess[2], 0);
        EXPECT_NEAR(*t, s.hvp[0], 0.5);
        EXPECT_NEAR(*t, s.hvp[1], -0.5);
        EXPECT_IS(s.hvp[2], 0);
        for (int j = 3; j < 9; j++) {
            EXPECT_NAN(s.hess[j]);
            EXPECT_NAN(s.hvp[j]);
        }
        EXPECT_IS(s.ce.nll[3], INF); /* its target is masked: the Hessian does not see it */
        EXPECT_NEAR(*t, s.hess[9], exp(-5) / pow(1 + exp(-5), 2));
        s.ce.a.softcap = 10;
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.hess[0], 0.25);
        EXPECT_IS(s.hess[2], 0);
    }
}

Test(second_order, ignored_and_weightless_rows_are_zero) {
    const double w[3] = {1, 0, 2};
    FOR_TYPES(t) {
        struct second s = {.ce = {.type = *t,
                                  .rows = 3,
                                  .cols = 2,
                                  .x = {NAN, NAN, NAN, 1, 0, 0},
                                  .y = {-1, 0, 0},
                                  .a = {.has_ignore_index = 1, .ignore_index = -1}},
                           .w = {1, 0, 1, 0, 1, 0}};
        s.ce.a.common.sample_weight = nll_view_1d(w, NLL_F64, 3);
        ASSERT_OK(run(&s));
        for (int j = 0; j < 4; j++) {
            EXPECT_IS(s.hess[j], 0);
            EXPECT_IS(s.hvp[j], 0);
        }
        EXPECT_NEAR(*t, s.hess[4], 2 * 0.25);
    }
}

Test(second_order, log_probs_and_probs) {
    FOR_TYPES(t) {
        struct second s = {.ce = {.type = *t,
                                  .form = PROBS,
                                  .rows = 2,
                                  .cols = 3,
                                  .x = {0.5, 0.25, 0, 2, 0.5, 0},
                                  .y = {1, 2}},
                           .w = {1, 2, 3, 1, 1, 1}};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.hess[0], 0);
        EXPECT_NEAR(*t, s.hess[1], 16);
        EXPECT_NEAR(*t, s.hvp[1], 32);
        EXPECT_IS(s.hess[2], 0);
        EXPECT_NAN(s.hess[3]);
        EXPECT_IS(s.hess[5], INF);
        struct second l = {
            .ce = {.type = *t, .form = LOG_PROBS, .rows = 1, .cols = 2, .x = {-1, -1}},
            .w = {1, 2}};
        ASSERT_OK(run(&l));
        EXPECT_IS(l.hess[0], 0);
        EXPECT_IS(l.hvp[0], 0);
    }
}

Test(second_order, refused_arguments) {
    struct second s = {.ce = {.type = NLL_F32, .rows = 1, .cols = 2}, .w = {1, 1}};
    const int64_t c[2] = {0, 1};
    ASSERT_OK(run(&s));
    nll_categorical_args a = s.ce.a, b;
    float x[2] = {0};
    a.logits = nll_view_2d(x, NLL_F32, 1, 2);
    ASSERT_OK(nll_categorical(&a, NULL));
    b = a, b.vector = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_categorical(&b, NULL));
    b = a, b.vector.cols = 1;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&b, NULL));
    b = a, b.hess.rows = 2;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&b, NULL));
    b = a, b.hess = nll_out_2d(x, NLL_F32, 1, 2);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&b, NULL));
    b = a, b.hvp.dtype = NLL_I64;
    EXPECT_STATUS(NLL_E_DTYPE, nll_categorical(&b, NULL));
    b = a, b.target = (nll_view){0}, b.p_target = (nll_out){0}, b.count_correct = 0;
    b.target_index = nll_view_2d(c, NLL_I64, 1, 2);
    b.target_probs = nll_view_2d(x, NLL_F32, 1, 2);
    b.tail = NLL_TAIL_BUCKET;
    EXPECT_STATUS(NLL_E_VALUE, nll_categorical(&b, NULL));
}
