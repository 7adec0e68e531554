/* gradients.c: analytic gradients against central differences of the oracle's values; gradients
 * and values of different calls against each other. */
#include "gen.h"
#include "oracle.h"
#include "problem.h"
#include "rows.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps of 2^-20 times the number: truncation about 2^-40, rounding 2^-64 + 20. */
static const double step = 0x1p-20, tolerance = 1e-9;

static struct criterion_test_params indices(int n) {
    static int index[256];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* Short numbers, so that x +- h is exact. */
static double short_number(double lo, double hi, uint64_t *state) {
    return lo + (hi - lo) * ldexp((double)gen_below(1u << 12, state), -12);
}

static long double value_at(struct oracle_row *row, double *at, double x) {
    struct oracle_row_out out = {0};
    double old = *at;
    *at = x;
    oracle_categorical(row, &out);
    *at = old;
    return out.nll.v;
}

static long double slope(struct oracle_row *row, double *at, long double *size) {
    double h = step * (fabs(*at) > 0.25 ? 1 : 0.125);
    long double a = value_at(row, at, *at - h), b = value_at(row, at, *at + h);
    *size = 1 + fabsl(a);
    return (b - a) / (2 * (long double)h);
}

static void expect_near(double got, long double want, long double size, const char *what, int index,
                        size_t j) {
    cr_expect(fabsl(got - want) <= tolerance * size, "%s %d, entry %zu: got %.12g, slope %.12Lg",
              what, index, j, got, want);
}

/* Index: form, hard or soft, smoothing, class weights, then z-loss, temperature, softcap. */
ParameterizedTestParameters(gradients, categorical) { return indices(3 * 2 * 2 * 2 * 4); }
ParameterizedTest(int *index, gradients, categorical) {
    enum { COLS = 6 };
    uint64_t state = gen_state(2000 + (uint64_t)*index);
    int k = *index;
    double x[COLS], q[COLS], v[COLS], grad[COLS], grad_q[COLS];
    struct oracle_row row = {.cols = COLS, .x = x, .q = q};
    row.form = (enum oracle_form)(k % 3), k /= 3;
    row.target = k & 1 ? -1 : (ptrdiff_t)gen_below(COLS, &state);
    row.smoothing = k & 2 ? 0.25 : 0;
    row.v = k & 4 ? v : NULL;
    if (row.form == FROM_LOGITS) {
        row.z_loss = k & 8 ? 0.0625 : 0;
        row.temperature = k & 8 ? 1.75 : 0;
        row.softcap = k & 16 ? 3 : 0;
    }
    for (int j = 0; j < COLS; j++) {
        x[j] = row.form == FROM_PROBS
                   ? short_number(0.03125, 0.9375, &state)
                   : short_number(row.form ? -6 : -4, row.form ? -0.5 : 4, &state);
        q[j] = short_number(0.03125, 1, &state);
        v[j] = short_number(0.125, 2, &state);
    }
    nll_view view = nll_view_2d(x, NLL_F64, 1, COLS), none = {0};
    int64_t y = row.target;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = row.form == FROM_LOGITS ? view : none,
                              .log_probs = row.form == FROM_LOG_PROBS ? view : none,
                              .probs = row.form == FROM_PROBS ? view : none,
                              .target = y < 0 ? none : nll_view_1d(&y, NLL_I64, 1),
                              .target_probs = y < 0 ? nll_view_2d(q, NLL_F64, 1, COLS) : none,
                              .class_weight = row.v ? nll_view_1d(v, NLL_F64, COLS) : none,
                              .label_smoothing = row.smoothing,
                              .z_loss = row.z_loss,
                              .temperature = row.temperature,
                              .softcap = row.softcap,
                              .common = {.reduction = NLL_SUM},
                              .grad = nll_out_2d(grad, NLL_F64, 1, COLS)};
    if (y < 0) a.grad_target_probs = nll_out_2d(grad_q, NLL_F64, 1, COLS);
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r));
    double weight = row.v && y >= 0 && row.smoothing == 0 ? v[y] : 1;
    long double size, s;
    expect_near(r.sum, value_at(&row, &x[0], x[0]) * weight, 1, "sum", *index, 0);
    for (size_t j = 0; j < COLS; j++) {
        s = slope(&row, &x[j], &size) * weight;
        expect_near(grad[j], s, size, "grad", *index, j);
        if (y >= 0) continue;
        s = slope(&row, &q[j], &size);
        expect_near(grad_q[j], s, size, "grad_target_probs", *index, j);
    }
}

ParameterizedTestParameters(gradients, bernoulli) { return indices(16); }
ParameterizedTest(int *index, gradients, bernoulli) {
    uint64_t state = gen_state(2200 + (uint64_t)*index);
    enum oracle_form form = *index & 1 ? FROM_PROBS : FROM_LOGITS;
    double e = *index & 2 ? 0.125 : 0, w = *index & 4 ? 2.5 : 1;
    for (size_t i = 0; i < 200; i++) {
        double x = form ? short_number(0.0625, 0.9375, &state) : short_number(-20, 20, &state);
        double y = *index & 8 ? short_number(0, 1, &state) : (double)(i & 1), grad;
        nll_bernoulli_args a = {.struct_size = sizeof a,
                                .rows = 1,
                                .target = nll_view_1d(&y, NLL_F64, 1),
                                .pos_weight = nll_number(w),
                                .label_smoothing = e,
                                .grad = nll_out_1d(&grad, NLL_F64, 1)};
        *(form ? &a.probs : &a.logits) = nll_view_1d(&x, NLL_F64, 1);
        ASSERT_OK(nll_bernoulli(&a, NULL));
        long double lo = oracle_bernoulli(form, x - step, y, w, e).nll.v;
        long double hi = oracle_bernoulli(form, x + step, y, w, e).nll.v;
        expect_near(grad, (hi - lo) / (2 * (long double)step), 1 + hi, "bernoulli", *index, i);
    }
}

ParameterizedTestParameters(gradients, gaussian) { return indices(5); }
ParameterizedTest(int *index, gradients, gaussian) {
    uint64_t state = gen_state(2300 + (uint64_t)*index);
    enum oracle_spread form = (enum oracle_spread) * index;
    for (size_t i = 0; i < 200; i++) {
        double loc = short_number(-4, 4, &state), y = short_number(-4, 4, &state), grad[2];
        double s = form <= SPREAD_VAR ? short_number(0.25, 4, &state) : short_number(-2, 2, &state);
        nll_gaussian_args a = {.struct_size = sizeof a,
                               .rows = 1,
                               .loc = nll_view_1d(&loc, NLL_F64, 1),
                               .target = nll_view_1d(&y, NLL_F64, 1),
                               .grad_loc = nll_out_1d(&grad[0], NLL_F64, 1)};
        nll_view *spread[] = {NULL, &a.scale, &a.var, &a.log_scale, &a.log_var};
        if (form) *spread[form] = nll_view_1d(&s, NLL_F64, 1);
        if (form) a.grad_spread = nll_out_1d(&grad[1], NLL_F64, 1);
        ASSERT_OK(nll_gaussian(&a, NULL));
        long double h = step, big = 1 + fabsl(oracle_gaussian(form, loc, s, y).nll.v);
        long double d = oracle_gaussian(form, loc + step, s, y).nll.v -
                        oracle_gaussian(form, loc - step, s, y).nll.v;
        expect_near(grad[0], d / (2 * h), big * 64, "d loc", *index, i);
        if (!form) continue;
        d = oracle_gaussian(form, loc, s + step, y).nll.v -
            oracle_gaussian(form, loc, s - step, y).nll.v;
        expect_near(grad[1], d / (2 * h), big * 64, "d spread", *index, i);
    }
}

/* The probabilities sum to 1 and the target's 1 is taken away: numerics.md 6 promises 4 u. */
ParameterizedTestParameters(gradients, softmax_gradient_sums_to_zero) { return indices(2 * 6); }
ParameterizedTest(int *index, gradients, softmax_gradient_sums_to_zero) {
    static const size_t lengths[] = {1, 2, 17, 130, 1000, 4099};
    enum { ROWS = ROW_KINDS };
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    size_t cols = lengths[*index / 2];
    uint64_t state = gen_state(2400 + (uint64_t)*index);
    double *x = new_doubles(ROWS * cols), *grad = new_doubles(ROWS * cols);
    int64_t y[ROWS];
    make_rows(x, y, ROWS, cols, type, 0, &state);
    /* GEN_LOGIT may mask the target or everything: not the subject here */
    for (size_t j = 0; j < cols; j++) x[ROW_GENERATED * cols + j] = 0;
    void *data = to_array(type, ROWS * cols, x);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, type, ROWS, cols),
                              .target = nll_view_1d(y, NLL_I64, ROWS),
                              .common = {.reduction = NLL_SUM},
                              .grad = nll_out_2d(grad, NLL_F64, ROWS, cols)};
    ASSERT_OK(nll_categorical(&a, NULL));
    struct tally t = {.what = "sum of grad", .limit = 4};
    for (size_t i = 0; i < ROWS; i++) {
        long double sum = 0;
        for (size_t j = 0; j < cols; j++) sum += grad[i * cols + j];
        tally_add(&t, i, 0, (double)sum, 0, unit_of(type), 0, INFINITY);
    }
    tally_check(&t, type == NLL_F64 ? "f64" : "f32");
    free(x);
    free(grad);
    free(data);
}
