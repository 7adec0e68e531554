/* accuracy_divergence.c: values and gradients of KL and Jensen-Shannon against the oracle: rows far
 * apart, nearly equal and equal, in every mixture of forms and types. */
#include "check_models.h"
#include "gen.h"
#include "pairs.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
static const char *const directions[] = {"forward", "reverse", "js"};
static const char *const forms[] = {"logits", "log_probs", "probs"};
enum { TYPES = 4 };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* Both sides as arrays of their own types in the arguments. */
static void call(const double *x, const double *z, size_t rows, size_t cols, const int form[2],
                 const nll_dtype type[2], nll_kl_args a, const char *label) {
    void *data[2] = {to_array(type[0], rows * cols, x), to_array(type[1], rows * cols, z)};
    nll_view *views[2][3] = {{&a.p_logits, &a.p_log_probs, &a.p_probs},
                             {&a.q_logits, &a.q_log_probs, &a.q_probs}};
    a.struct_size = sizeof a;
    for (int k = 0; k < 2; k++) *views[k][form[k]] = nll_view_2d(data[k], type[k], rows, cols);
    check_kl(&a, label);
    free(data[0]);
    free(data[1]);
}

static void logits(nll_dtype type, size_t rows, size_t cols, int first, int direction,
                   uint64_t *state) {
    double *x = new_doubles(rows * cols), *z = new_doubles(rows * cols);
    char label[80];
    make_pairs(x, z, rows, cols, type, first, state);
    snprintf(label, sizeof label, "%s %s cols %zu kind %d", directions[direction],
             nll_dtype_name(type), cols, first);
    nll_kl_args a = {.direction = (nll_direction)direction, .common = {.reduction = NLL_SUM}};
    call(x, z, rows, cols, (int[]){0, 0}, (nll_dtype[]){type, type}, a, label);
    free(x);
    free(z);
}

ParameterizedTestParameters(accuracy_divergence, short_rows) { return indices(TYPES * 3 * 10); }
ParameterizedTest(int *index, accuracy_divergence, short_rows) {
    uint64_t state = gen_state(9100 + (uint64_t)*index);
    int type = *index % TYPES, direction = *index / TYPES % 3;
    for (size_t cols = 1 + (size_t)*index / TYPES / 3; cols <= 70; cols += gen_quick() ? 30 : 10)
        logits(types[type], 4 * PAIR_KINDS, cols, 0, direction, &state);
}

static const size_t long_rows[] = {511, 512, 513, 1000, 1025, 4099};
enum { LONG_ROWS = sizeof long_rows / sizeof *long_rows };
ParameterizedTestParameters(accuracy_divergence, long_rows) {
    return indices(TYPES * 3 * LONG_ROWS);
}
ParameterizedTest(int *index, accuracy_divergence, long_rows) {
    uint64_t state = gen_state(9300 + (uint64_t)*index);
    int type = *index % TYPES, direction = *index / TYPES % 3;
    logits(types[type], gen_quick() ? 4 : 2 * PAIR_KINDS, long_rows[*index / TYPES / 3],
           *index % PAIR_KINDS, direction, &state);
}

ParameterizedTestParameters(accuracy_divergence, vocabulary) { return indices(2 * PAIR_KINDS); }
ParameterizedTest(int *index, accuracy_divergence, vocabulary) {
    uint64_t state = gen_state(9500 + (uint64_t)*index);
    if (!gen_exhaustive() && *index % (gen_quick() ? 7 : 3)) return;
    logits(types[*index % 2], 1, 32000, *index / 2, *index % 3, &state);
}

/* Log-probs from integers: 2^-k and neighbours, no row sums to 1.  Each row of probs does. */
static void fill(double *x, double *z, size_t rows, size_t cols, const int form[2],
                 const nll_dtype type[2], int first, uint64_t *state) {
    nll_dtype narrow = type[0] == NLL_F64 ? type[1] : type[0];
    if (form[0] == 2 && form[1] == 2) {
        make_prob_pairs(x, z, rows, cols, narrow, first, first % 2, state);
        return;
    }
    double *spare = new_doubles(rows * cols);
    make_pairs(x, z, rows, cols, narrow, first, state);
    for (int k = 0; k < 2; k++) {
        double *to = k ? z : x;
        if (form[k] == 2) make_prob_pairs(to, spare, rows, cols, type[k], first, 0, state);
        for (size_t i = 0; i < rows * cols && form[k] == 1; i++)
            to[i] = to[i] > 0 ? -to[i] : to[i] < -500 && isfinite(to[i]) ? -500 : to[i];
    }
    free(spare);
}

/* Every mixture of forms, of two types, with weights and upstream gradients. */
ParameterizedTestParameters(accuracy_divergence, mixtures) { return indices(9 * 3 * 4); }
ParameterizedTest(int *index, accuracy_divergence, mixtures) {
    static const size_t lengths[] = {1, 3, 17, 40, 129, 1030};
    static const nll_dtype pairs[][2] = {
        {NLL_F32, NLL_F32}, {NLL_F64, NLL_F64}, {NLL_BF16, NLL_F32}, {NLL_F32, NLL_F64}};
    enum { ROWS = 2 * PAIR_KINDS };
    uint64_t state = gen_state(9600 + (uint64_t)*index);
    int k = *index, form[2] = {k % 3, k / 3 % 3}, direction = k / 9 % 3;
    const nll_dtype *type = pairs[k / 27];
    double w[ROWS], g[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        w[i] = round_to(NLL_F32, gen_value(GEN_WEIGHT, &state));
        g[i] = round_to(NLL_F32, gen_value(GEN_SCALE, &state));
    }
    w[0] = 1;
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        size_t cols = lengths[l], rows = cols > 1000 ? 4 : ROWS;
        double *x = new_doubles(rows * cols), *z = new_doubles(rows * cols);
        char label[96];
        if (gen_quick() && l != (size_t)k % 6) {
            free(x);
            free(z);
            continue;
        }
        fill(x, z, rows, cols, form, type, k % PAIR_KINDS, &state);
        snprintf(label, sizeof label, "%s %s %s %s %s cols %zu", directions[direction],
                 forms[form[0]], nll_dtype_name(type[0]), forms[form[1]], nll_dtype_name(type[1]),
                 cols);
        nll_kl_args a = {.direction = (nll_direction)direction};
        a.common.reduction = (nll_reduction)(k % 3);
        if (k % 2) a.common.sample_weight = nll_view_1d(w, NLL_F64, rows);
        if (k / 2 % 2) a.common.grad_output = nll_view_1d(g, NLL_F64, rows);
        call(x, z, rows, cols, form, type, a, label);
        free(x);
        free(z);
    }
}
