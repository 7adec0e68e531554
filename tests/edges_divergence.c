/* edges_divergence.c: KL and Jensen-Shannon where other libraries go wrong, and every error code.
 */
#include "gen.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INF ((double)INFINITY)
#define LN2 0x1.62e42fefa39efp-1

/* Fill type, forms, rows, cols, x and the options in `a`; run; read the rest. */
struct small_kl {
    nll_dtype type;
    int form[2]; /* LOGITS, LOG_PROBS, PROBS of small.h */
    size_t rows, cols;
    double x[2][SMALL_CELLS];
    nll_kl_args a;
    nll_status status;
    double value[SMALL_ROWS], grad[2][SMALL_CELLS];
    nll_result r;
};
static nll_status run(struct small_kl *s) {
    nll_kl_args *a = &s->a;
    size_t n = s->rows, c = s->cols;
    nll_view *views[2][3] = {{&a->p_logits, &a->p_log_probs, &a->p_probs},
                             {&a->q_logits, &a->q_log_probs, &a->q_probs}};
    void *data[2];
    a->struct_size = sizeof *a;
    for (int k = 0; k < 2; k++) {
        data[k] = to_array(s->type, n * c, s->x[k]);
        *views[k][s->form[k]] = nll_view_2d(data[k], s->type, n, c);
    }
    a->divergence = nll_out_1d(s->value, NLL_F64, n);
    a->grad_p = nll_out_2d(s->grad[0], NLL_F64, n, c);
    a->grad_q = nll_out_2d(s->grad[1], NLL_F64, n, c);
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->status = nll_kl(a, &s->r);
    free(data[0]);
    free(data[1]);
    return s->status;
}

static const nll_direction directions[] = {NLL_FORWARD, NLL_REVERSE, NLL_JS};

/* pytorch#80488: kl_div of a distribution with itself below zero. */
Test(edges_divergence, equal_rows_are_exactly_zero_in_every_form) {
    FOR_TYPES(t)
    for (int form = 0; form < 3; form++)
        for (int d = 0; d < 3; d++) {
            uint64_t state = gen_state(9800 + (uint64_t)form);
            struct small_kl s = {.type = *t, .form = {form, form}, .rows = 8, .cols = 8};
            s.a.direction = directions[d];
            s.a.common.reduction = NLL_SUM;
            for (int i = 0; i < 64; i++) {
                double v = gen_value(form == 2 ? GEN_UNIT : GEN_LOGIT, &state);
                s.x[0][i] = s.x[1][i] = form == 1 && v > 0 ? -v : v;
            }
            for (int i = 0; i < 8; i++) s.x[0][8 * i] = s.x[1][8 * i] = form == 2 ? 0.5 : -0.5;
            ASSERT_OK(run(&s));
            for (int i = 0; i < 8; i++) EXPECT_IS(s.value[i], 0);
            if (form == LOGITS)
                for (int i = 0; i < 64; i++) EXPECT_IS(s.grad[1][i], 0);
        }
}

/* Logits that differ by a number for all classes are the same distribution. */
Test(edges_divergence, shifted_logits_are_nearly_zero) {
    FOR_TYPES(t)
    for (int d = 0; d < 3; d++) {
        struct small_kl s = {.type = *t, .rows = 1, .cols = 8};
        s.a.direction = directions[d];
        for (int i = 0; i < 8; i++) {
            s.x[0][i] = i * 0.375 - 1;
            s.x[1][i] = s.x[0][i] + 5; /* exact */
        }
        ASSERT_OK(run(&s));
        cr_expect(s.value[0] >= 0 && s.value[0] <= 1e-25, "%g", s.value[0]);
        for (int i = 0; i < 8; i++) cr_expect(fabs(s.grad[1][i]) <= 1e-13, "%g", s.grad[1][i]);
    }
}

/* pytorch#89558: NaN gradients where the target probability is 0; optax pull 1786: the gradient
 * through where(). */
Test(edges_divergence, zero_probability_adds_nothing_and_has_no_gradient) {
    FOR_TYPES(t) {
        struct small_kl s = {.type = *t,
                             .form = {PROBS, PROBS},
                             .rows = 2,
                             .cols = 3,
                             .x = {{0, 0.25, 0.75, 0, 0.5, 0.5}, {0.5, 0.25, 0.25, 0, 0.25, 0.75}}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.value[0], 0.75 * 1.0986122886681098);
        EXPECT_NEAR(*t, s.value[1], 0.5 * LN2 + 0.5 * -0.40546510810816438);
        EXPECT_IS(s.grad[0][0], 0);
        EXPECT_IS(s.grad[1][0], 0);
        EXPECT_IS(s.grad[0][3], 0);
        EXPECT_IS(s.grad[1][3], 0);
        EXPECT_NEAR(*t, s.grad[1][1], -1);
        EXPECT_NEAR(*t, s.grad[1][2], -3);
        EXPECT_NEAR(*t, s.grad[0][2], 2.0986122886681098);
    }
    FOR_TYPES(t) { /* the same from log-probs and logits: masks */
        struct small_kl s = {.type = *t, .rows = 1, .cols = 3, .x = {{-INF, 0, 0}, {1, 0, 0}}};
        for (int form = LOGITS; form <= LOG_PROBS; form++) {
            s.form[0] = s.form[1] = form;
            s.a = (nll_kl_args){.common.reduction = NLL_SUM};
            ASSERT_OK(run(&s));
            cr_expect(s.value[0] > 0 && s.value[0] < 10);
            EXPECT_IS(s.grad[0][0], 0);
            if (form == LOG_PROBS)
                EXPECT_IS(s.grad[1][0], 0);
            else
                cr_expect(s.grad[1][0] > 0 && s.grad[1][0] < 1); /* q, to be taken from it */
        }
    }
}

Test(edges_divergence, outside_the_support_is_infinite_however_unlikely) {
    FOR_TYPES(t) {
        struct small_kl s = {.type = *t,
                             .rows = 2,
                             .cols = 3,
                             .x = {{0, 0, -2000, 0, 0, 0}, {0, 0, -INF, 0, -INF, -INF}}};
        s.a.common.reduction = NLL_SUM;
        ASSERT_OK(run(&s));
        EXPECT_IS(s.value[0], INF);
        EXPECT_IS(s.value[1], INF);
        EXPECT_IS(s.r.nonfinite, 2);
        EXPECT_IS(s.r.sum, INF);
        EXPECT_NAN(s.grad[0][3]);
        EXPECT_NEAR(*t, s.grad[1][4], -1.0 / 3);
        s.a = (nll_kl_args){.direction = NLL_REVERSE, .common.reduction = NLL_SUM};
        ASSERT_OK(run(&s));
        EXPECT_IS(s.value[0], 0);
        EXPECT_NEAR(*t, s.value[1], 1.0986122886681098); /* log 3 */
        struct small_kl u = {
            .type = *t, .form = {PROBS, PROBS}, .rows = 1, .cols = 2, .x = {{0.5, 0.5}, {1, 0}}};
        ASSERT_OK(run(&u));
        EXPECT_IS(u.value[0], INF);
        EXPECT_IS(u.grad[1][1], -INF);
        EXPECT_IS(u.grad[1][0], -0.5);
    }
}

/* Disjoint supports: scipy and others take logarithms of 0 here. */
Test(edges_divergence, js_of_disjoint_rows_is_log_2) {
    FOR_TYPES(t)
    for (int form = 0; form < 3; form++) {
        double none = form == PROBS ? 0 : -INF, half = form == PROBS ? 0.5 : -LN2;
        struct small_kl s = {.type = *t,
                             .form = {form, form},
                             .rows = 1,
                             .cols = 4,
                             .x = {{half, half, none, none}, {none, none, half, half}}};
        s.a.direction = NLL_JS;
        ASSERT_OK(run(&s));
        EXPECT_NEAR(*t, s.value[0], LN2);
        cr_expect(form == LOG_PROBS || s.value[0] <= LN2, "%a", s.value[0]);
        for (int k = 0; k < 2; k++)
            for (int i = 0; i < 4; i++) {
                double g = s.grad[k][i];
                int mine = (i < 2) == (k == 0);
                cr_expect(mine ? fabs(g - (form == LOGITS      ? 0
                                           : form == LOG_PROBS ? LN2 / 4
                                                               : LN2 / 2)) < 1e-6
                               : g == 0,
                          "side %d class %d: %g", k, i, g);
            }
    }
}

Test(edges_divergence, js_is_symmetric_to_the_bit_for_probs) {
    struct small_kl s = {.type = NLL_F64,
                         .form = {PROBS, PROBS},
                         .rows = 1,
                         .cols = 3,
                         .x = {{0.125, 0.25, 0.625}, {0.5, 0.0625, 0.4375}}},
                    u = s;
    s.a.direction = u.a.direction = NLL_JS;
    memcpy(u.x[0], s.x[1], sizeof u.x[0]);
    memcpy(u.x[1], s.x[0], sizeof u.x[1]);
    ASSERT_OK(run(&s));
    ASSERT_OK(run(&u));
    cr_expect(same_bits(s.value[0], u.value[0]), "%a %a", s.value[0], u.value[0]);
    cr_expect(memcmp(s.grad[0], u.grad[1], 3 * sizeof(double)) == 0);
}

Test(edges_divergence, broken_rows_stay_alone) {
    FOR_TYPES(t)
    for (int d = 0; d < 3; d++)
        for (int k = 0; k < 2; k++) {
            struct small_kl s = {.type = *t, .rows = 5, .cols = 2};
            double bad[2][2] = {{NAN, 0}, {INF, 0}};
            memcpy(s.x[k], bad, sizeof bad);             /* rows 0, 1 */
            s.x[k][4] = s.x[k][5] = -INF;                /* row 2: nothing left */
            s.x[0][6] = 1, s.x[1][7] = 1, s.x[k][8] = 2; /* rows 3, 4 are good */
            s.a.direction = directions[d];
            ASSERT_OK(run(&s));
            for (int i = 0; i < 3; i++) EXPECT_NAN(s.value[i]);
            for (int i = 3; i < 5; i++) cr_expect(s.value[i] > 0 && s.value[i] < 2);
            EXPECT_NAN(s.grad[k][0]);
            EXPECT_NAN(s.grad[!k][3]);
            for (int i = 6; i < 10; i++)
                cr_expect(isfinite(s.grad[0][i]) && isfinite(s.grad[1][i]));
            EXPECT_IS(s.r.nonfinite, 3);
        }
}

Test(edges_divergence, probs_outside_their_range_are_nan) {
    static const double bad[] = {-0.25, 1.5, NAN, INF, -1e-300};
    FOR_TYPES(t)
    for (int k = 0; k < 2; k++)
        for (int other = 0; other < 3; other++)
            for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
                struct small_kl s = {.type = *t, .rows = 1, .cols = 2};
                if (*t == NLL_F32 && bad[i] == -1e-300) continue; /* -0 */
                s.form[k] = PROBS;
                s.form[!k] = other;
                s.x[k][0] = bad[i];
                s.x[k][1] = 0.5;
                s.x[!k][0] = other == PROBS ? 0.5 : -1;
                s.x[!k][1] = other == PROBS ? 0.5 : -0.5;
                ASSERT_OK(run(&s));
                EXPECT_NAN(s.value[0]);
            }
}

/* Weight 0 switches a row off, be it NaN. */
Test(edges_divergence, rows_of_weight_zero_add_nothing) {
    struct small_kl s = {
        .type = NLL_F32, .rows = 2, .cols = 2, .x = {{NAN, 0, 1, 0}, {0, 0, 0, 0}}};
    double w[2] = {0, 2};
    s.a.common.sample_weight = nll_view_1d(w, NLL_F64, 2);
    ASSERT_OK(run(&s));
    EXPECT_IS(s.r.weight_sum, 2);
    EXPECT_NEAR(NLL_F32, s.r.mean, s.value[1]);
    EXPECT_IS(s.grad[0][0], 0);
    EXPECT_IS(s.grad[1][1], 0);
}

Test(edges_divergence, no_rows) {
    static const nll_empty empty[] = {NLL_EMPTY_NAN, NLL_EMPTY_ZERO, NLL_EMPTY_ERROR};
    for (int i = 0; i < 3; i++) {
        nll_result r = {.struct_size = sizeof r};
        nll_kl_args a = {.struct_size = sizeof a,
                         .p_logits = nll_view_2d(NULL, NLL_F32, 0, 3),
                         .q_probs = nll_view_2d(NULL, NLL_BF16, 0, 3),
                         .common.empty = empty[i]};
        EXPECT_STATUS(i == 2 ? NLL_E_EMPTY : NLL_OK, nll_kl(&a, &r));
        if (i < 2) EXPECT_IS(r.compute, NLL_F32);
        if (i == 0) EXPECT_NAN(r.mean);
        if (i == 1) EXPECT_IS(r.mean, 0);
    }
}

/* ---- errors; every one leaves the outputs as they were */

static struct small_kl good(void) {
    return (struct small_kl){
        .type = NLL_F64, .rows = 3, .cols = 2, .x = {{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}}};
}

Test(edges_divergence, domain_check_names_the_first_bad_row) {
    static const struct {
        int form[2];
        double x, z; /* in row 1 */
        int bad;
    } cases[] = {{{LOGITS, LOGITS}, NAN, 0, 1},         {{LOGITS, LOGITS}, 0, INF, 1},
                 {{LOGITS, LOGITS}, -INF, 0, 0},        {{LOGITS, LOGITS}, 0, -INF, 1},
                 {{LOG_PROBS, LOG_PROBS}, -INF, -1, 0}, {{PROBS, PROBS}, 1.5, 0.5, 1},
                 {{PROBS, PROBS}, 0.5, 0, 1},           {{PROBS, PROBS}, 0, 0.5, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct small_kl s = {.type = NLL_F64, .rows = 3, .cols = 2};
        for (int k = 0; k < 2; k++) {
            s.form[k] = cases[i].form[k];
            for (int j = 0; j < 6; j++) s.x[k][j] = s.form[k] == PROBS ? 0.5 : -0.5;
        }
        s.x[0][2] = cases[i].x;
        s.x[1][2] = cases[i].z;
        s.a.common.check_domain = 1;
        memset(s.value, 0x5a, sizeof s.value);
        double before = s.value[0];
        EXPECT_STATUS(cases[i].bad ? NLL_E_DOMAIN : NLL_OK, run(&s));
        EXPECT_IS(s.r.bad_row, cases[i].bad ? 1 : -1);
        if (cases[i].bad) cr_expect(same_bits(s.value[0], before), "case %zu", i);
    }
}

#define REFUSED(status, change)                                      \
    do {                                                             \
        struct small_kl s = good();                                  \
        float f[16] = {0};                                           \
        nll_kl_args *a = &s.a;                                       \
        (void)f;                                                     \
        run(&s);                                                     \
        double x[6] = {0}, z[6] = {0};                               \
        a->p_logits.data = x;                                        \
        a->q_logits.data = z;                                        \
        change;                                                      \
        memset(s.value, 0x5a, sizeof s.value);                       \
        struct small_kl old = s;                                     \
        EXPECT_STATUS(status, nll_kl(a, &s.r));                      \
        cr_expect(memcmp(s.value, old.value, sizeof s.value) == 0 && \
                      memcmp(s.grad, old.grad, sizeof s.grad) == 0,  \
                  "an output was written");                          \
    } while (0)

Test(edges_divergence, errors) {
    EXPECT_STATUS(NLL_E_NULL, nll_kl(NULL, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_kl(&(nll_kl_args){.struct_size = 0}, NULL));
    REFUSED(NLL_E_NULL, a->p_logits = (nll_view){0});
    REFUSED(NLL_E_NULL, a->q_logits = (nll_view){0});
    REFUSED(NLL_E_NULL, a->q_logits.data = NULL);
    REFUSED(NLL_E_VALUE, a->p_probs = a->p_logits);
    REFUSED(NLL_E_VALUE, a->q_log_probs = a->q_logits);
    REFUSED(NLL_E_VALUE, a->direction = (nll_direction)3);
    REFUSED(NLL_E_VALUE, a->direction = (nll_direction)-1);
    REFUSED(NLL_E_VALUE, a->common.reduction = (nll_reduction)3);
    REFUSED(NLL_E_VALUE, a->common.divisor = -1);
    REFUSED(NLL_E_SHAPE, a->q_logits.cols = 3);
    REFUSED(NLL_E_SHAPE, a->q_logits.rows = 2);
    REFUSED(NLL_E_SHAPE, a->p_logits.cols = 0);
    REFUSED(NLL_E_SHAPE, a->grad_q.rows = 2);
    REFUSED(NLL_E_SHAPE, a->common.sample_weight = nll_view_1d(f, NLL_F32, 2));
    REFUSED(NLL_E_DTYPE, a->q_logits = nll_number(1));
    REFUSED(NLL_E_DTYPE, a->grad_p.dtype = NLL_I64);
    REFUSED(NLL_E_DTYPE, a->divergence.dtype = NLL_BF16);
    REFUSED(NLL_E_STRIDE, a->grad_p.row_stride = 1);
    REFUSED(NLL_E_OVERFLOW, a->p_logits.row_stride = PTRDIFF_MAX / 2);
    REFUSED(NLL_E_ALIAS, a->grad_p.data = s.grad[1]);
    REFUSED(NLL_E_ALIAS, a->grad_p.data = z);     /* the other side's input */
    REFUSED(NLL_E_ALIAS, a->grad_q.data = z + 1); /* not exactly */
    REFUSED(NLL_E_ALIAS, a->divergence.data = x);
}

/* An older caller's struct ends before the gradients. */
Test(edges_divergence, shorter_struct) {
    struct small_kl s = good();
    ASSERT_OK(run(&s));
    double x[6] = {0, 1, 2, 3, 4, 5}, z[6] = {5, 4, 3, 2, 1, 0}, value[3];
    nll_kl_args a = s.a;
    a.struct_size = offsetof(nll_kl_args, grad_p);
    a.p_logits.data = x;
    a.q_logits.data = z;
    a.divergence.data = value;
    memset(&a.grad_p, 0xff, sizeof a.grad_p);
    ASSERT_OK(nll_kl(&a, NULL));
    cr_expect(memcmp(value, s.value, sizeof value) == 0);
}

/* A gradient descends: KL falls when q moves against it. */
Test(edges_divergence, gradients_point_uphill) {
    for (int d = 0; d < 3; d++) {
        struct small_kl s = {
            .type = NLL_F64, .rows = 1, .cols = 4, .x = {{0, 1, -1, 0.5}, {1, 0, 0.25, -2}}};
        s.a.direction = directions[d];
        ASSERT_OK(run(&s));
        for (int k = 0; k < 2; k++) {
            struct small_kl u = s;
            double before = s.value[0], slope = 0, h = 0x1p-20;
            for (int i = 0; i < 4; i++) {
                slope += s.grad[k][i] * s.grad[k][i];
                u.x[k][i] += h * s.grad[k][i];
            }
            u.a = (nll_kl_args){.direction = directions[d]};
            ASSERT_OK(run(&u));
            cr_expect(fabs((u.value[0] - before) / h - slope) < 1e-5 * slope, "%g %g",
                      (u.value[0] - before) / h, slope);
        }
    }
}
