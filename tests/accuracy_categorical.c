/* accuracy_categorical.c: values, gradients and side outputs of the categorical model against the
 * oracle: rows of many lengths and kinds, all options. */
#include "check_models.h"
#include "gen.h"
#include "rows.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4 };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* Plain cross entropy of `rows` rows of all kinds. */
static void plain(nll_dtype type, size_t rows, size_t cols, int first, uint64_t *state) {
    double *x = new_doubles(rows * cols);
    int64_t *y = new_array(NLL_I64, rows);
    make_rows(x, y, rows, cols, type, first, state);
    void *data = to_array(type, rows * cols, x);
    char label[64];
    snprintf(label, sizeof label, "%s cols %zu kind %d", nll_dtype_name(type), cols, first);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, type, rows, cols),
                              .target = nll_view_1d(y, NLL_I64, rows),
                              .common = {.reduction = NLL_SUM}};
    check_categorical(&a, label);
    free(x);
    free(y);
    free(data);
}

ParameterizedTestParameters(accuracy_categorical, short_rows) { return indices(TYPES * 10); }
ParameterizedTest(int *index, accuracy_categorical, short_rows) {
    uint64_t state = gen_state(100 + (uint64_t)*index);
    for (size_t cols = 1 + (size_t)*index / TYPES; cols <= 70; cols += gen_quick() ? 30 : 10)
        plain(types[*index % TYPES], 2 * ROW_KINDS, cols, 0, &state);
}

static const size_t long_rows[] = {511, 512, 513, 1000, 1024, 1025, 4099};
enum { LONG_ROWS = sizeof long_rows / sizeof *long_rows };
ParameterizedTestParameters(accuracy_categorical, long_rows) { return indices(TYPES * LONG_ROWS); }
ParameterizedTest(int *index, accuracy_categorical, long_rows) {
    uint64_t state = gen_state(200 + (uint64_t)*index);
    size_t rows = gen_quick() ? 3 : ROW_KINDS;
    plain(types[*index % TYPES], rows, long_rows[*index / TYPES], *index % ROW_KINDS, &state);
}

/* GPT-2's vocabulary, a few kinds each. */
ParameterizedTestParameters(accuracy_categorical, vocabulary) { return indices(TYPES * ROW_KINDS); }
ParameterizedTest(int *index, accuracy_categorical, vocabulary) {
    uint64_t state = gen_state(300 + (uint64_t)*index);
    if (gen_quick() && *index % 33) return;
    plain(types[*index % TYPES], 1, 50257, *index / TYPES, &state);
}

/* Options in all mixtures: one bit or digit of the index each. */
enum { MIXTURES = 2 * 3 * 2 * 2 * 2 * 2 };
static const size_t mixture_cols[] = {1, 2, 5, 16, 33, 130, 513};

static void weights(double *w, size_t n, uint64_t *state) {
    for (size_t i = 0; i < n; i++) w[i] = round_to(NLL_F32, gen_value(GEN_WEIGHT, state));
    w[0] = 1.5; /* not all zero */
}

/* Soft targets: distributions, with zeros, and some rows that do not sum to 1. */
static void soft_targets(double *q, const double *x, size_t rows, size_t cols, nll_dtype type,
                         uint64_t *state) {
    for (size_t k = 0; k < rows * cols; k++) {
        double u = ldexp((double)gen_below(1u << 16, state), -16);
        int zero = x[k] == -INFINITY || gen_bits(state) % 4 == 0;
        q[k] = zero ? 0 : round_to(type, u * u * 2 / (double)cols);
    }
}

static void mixture(int index, nll_dtype type, size_t cols, uint64_t *state) {
    enum { ROWS = ROW_KINDS };
    double *x = new_doubles(ROWS * cols), *q = new_doubles(ROWS * cols), *v = new_doubles(cols);
    double w[ROWS], g[ROWS];
    int64_t y[ROWS];
    make_rows(x, y, ROWS, cols, type, 0, state);
    soft_targets(q, x, ROWS, cols, type, state);
    weights(v, cols, state);
    weights(w, ROWS, state);
    for (size_t i = 0; i < ROWS; i++) g[i] = round_to(NLL_F32, gen_value(GEN_SCALE, state));
    void *data = to_array(type, ROWS * cols, x), *soft = to_array(type, ROWS * cols, q);
    char label[80];
    snprintf(label, sizeof label, "%s cols %zu options %d", nll_dtype_name(type), cols, index);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, type, ROWS, cols)};
    if (index % 2)
        a.target_probs = nll_view_2d(soft, type, ROWS, cols);
    else
        a.target = nll_view_1d(y, NLL_I64, ROWS);
    index /= 2;
    a.label_smoothing = index % 3 == 0 ? 0 : index % 3 == 1 ? 0.1 : 1;
    index /= 3;
    if (index & 1) a.class_weight = nll_view_1d(v, NLL_F64, cols);
    if (index & 2) a.z_loss = 1e-3;
    if (index & 4) a.temperature = 0.7;
    if (index & 8) a.softcap = 30;
    if (index & 1) a.common.sample_weight = nll_view_1d(w, NLL_F64, ROWS);
    if (index & 2) a.common.grad_output = nll_view_1d(g, NLL_F64, ROWS);
    a.common.reduction = (nll_reduction)(index % 3);
    check_categorical(&a, label);
    free(x);
    free(q);
    free(v);
    free(data);
    free(soft);
}

ParameterizedTestParameters(accuracy_categorical, options) { return indices(MIXTURES * 2); }
ParameterizedTest(int *index, accuracy_categorical, options) {
    uint64_t state = gen_state(400 + (uint64_t)*index);
    const size_t lengths = sizeof mixture_cols / sizeof *mixture_cols;
    for (size_t k = 0; k < lengths; k++)
        if (!gen_quick() || k == (size_t)*index % lengths)
            mixture(*index / 2, types[*index % 2], mixture_cols[k], &state);
}

/* From log-probs and probs: the value is minus one number or its logarithm. */
ParameterizedTestParameters(accuracy_categorical, log_probs_and_probs) {
    return indices(TYPES * 12);
}
ParameterizedTest(int *index, accuracy_categorical, log_probs_and_probs) {
    enum { ROWS = 16 };
    uint64_t state = gen_state(800 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES];
    int k = *index / TYPES;
    size_t cols = (size_t)(k % 3 == 0 ? 3 : k % 3 == 1 ? 40 : 700);
    double *x = new_doubles(ROWS * cols), *q = new_doubles(ROWS * cols), *v = new_doubles(cols);
    int64_t y[ROWS];
    for (size_t i = 0; i < ROWS * cols; i++) {
        double p = gen_value(GEN_UNIT, &state);
        x[i] = round_to(type, k & 1 ? p : -fabs(gen_value(GEN_FINITE, &state)));
        if (isinf(x[i])) x[i] = -1; /* f16 */
    }
    for (size_t i = 0; i < ROWS; i++) y[i] = (int64_t)gen_below(cols, &state);
    soft_targets(q, x, ROWS, cols, type, &state);
    weights(v, cols, &state);
    void *data = to_array(type, ROWS * cols, x), *soft = to_array(type, ROWS * cols, q);
    nll_view view = nll_view_2d(data, type, ROWS, cols), none = {0};
    nll_categorical_args a = {.struct_size = sizeof a,
                              .log_probs = k & 1 ? none : view,
                              .probs = k & 1 ? view : none,
                              .label_smoothing = k & 2 ? 0.25 : 0,
                              .common = {.reduction = NLL_NONE}};
    if (k & 4) a.class_weight = nll_view_1d(v, NLL_F64, cols);
    if (k & 8)
        a.target_probs = nll_view_2d(soft, type, ROWS, cols);
    else
        a.target = nll_view_1d(y, NLL_I64, ROWS);
    char label[64];
    snprintf(label, sizeof label, "%s %s cols %zu variant %d", nll_dtype_name(type),
             k & 1 ? "probs" : "log_probs", cols, k);
    check_categorical(&a, label);
    free(x);
    free(q);
    free(v);
    free(data);
    free(soft);
}
