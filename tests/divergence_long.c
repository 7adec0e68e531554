/* divergence_long.c: rows long enough for KL in one pass: about the limits beyond which it is done
 * again the other way, and classes that only one of the sides has. */
#include "check_models.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define INF ((double)INFINITY)

static const size_t lengths[] = {64, 65, 70, 512, 513, 1200};
static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_BF16};
enum { LENGTHS = sizeof lengths / sizeof *lengths, TYPES = sizeof types / sizeof *types };

static struct criterion_test_params lengths_and_types(void) {
    static int index[LENGTHS * TYPES];
    for (int i = 0; i < LENGTHS * TYPES; i++) index[i] = i;
    return cr_make_param_array(int, index, LENGTHS *TYPES);
}

/* KL about 1, which is the least that one pass serves, and a difference of the log-sum-exps from
 * none to about 8, the most; flat rows, steep ones, and such that few classes count. */
ParameterizedTestParameters(divergence_long, about_the_limits) { return lengths_and_types(); }
ParameterizedTest(int *index, divergence_long, about_the_limits) {
    enum { ROWS = 24 };
    size_t cols = lengths[*index % LENGTHS];
    nll_dtype type = types[*index / LENGTHS];
    uint64_t state = gen_state(9700 + (uint64_t)*index);
    double *x = new_doubles(ROWS * cols), *z = new_doubles(ROWS * cols);
    for (size_t i = 0; i < ROWS; i++) {
        double steep = ldexp(1, (int)gen_below(5, &state) - 3), noise = 1 + (double)(i % 8) / 8;
        double shift = (double)gen_below(3, &state) * (3.5 + 0.25 * (double)gen_below(5, &state));
        size_t few = gen_bits(&state) % 2 ? 3 : 0;
        for (size_t j = 0; j < cols; j++) {
            double v = gen_value(GEN_NORMAL, &state) * steep + (j < few ? 12 : 0);
            x[i * cols + j] = round_to(type, v);
            z[i * cols + j] = round_to(type, v + noise * gen_value(GEN_NORMAL, &state) + shift);
        }
    }
    void *data[] = {to_array(type, ROWS * cols, x), to_array(type, ROWS * cols, z)};
    for (int d = 0; d < 2; d++) {
        char label[80];
        nll_kl_args a = {.struct_size = sizeof a,
                         .direction = d ? NLL_REVERSE : NLL_FORWARD,
                         .p_logits = nll_view_2d(data[0], type, ROWS, cols),
                         .q_logits = nll_view_2d(data[1], type, ROWS, cols),
                         .common = {.reduction = NLL_SUM}};
        snprintf(label, sizeof label, "%s cols %zu", nll_dtype_name(type), cols);
        check_kl(&a, label);
    }
    free(data[0]);
    free(data[1]);
    free(x);
    free(z);
}

/* One class of rows that are far apart becomes (x, z); the value is what `like` is. */
enum like { FINITE, INFINITE, NOT_A_NUMBER };
static const struct edge {
    double x, z;
    enum like like;
} edges[] = {
    {0, 0, FINITE},
    {-INF, 0, FINITE},
    {-INF, -INF, FINITE},
    {-INF, -1e4, FINITE},
    {-1e4, -1e4, FINITE},
    {-1e4, 0, FINITE},
    {0, -INF, INFINITE},
    {-80, -INF, INFINITE},
    {-500, -INF, INFINITE},
    {-2000, -INF, INFINITE},
    {-INF, (double)NAN, NOT_A_NUMBER},
    {(double)NAN, -INF, NOT_A_NUMBER},
    {-1e4, (double)NAN, NOT_A_NUMBER},
    {INF, 0, NOT_A_NUMBER},
    {0, INF, NOT_A_NUMBER},
    {-INF, INF, NOT_A_NUMBER},
};

ParameterizedTestParameters(divergence_long, one_class) { return lengths_and_types(); }
ParameterizedTest(int *index, divergence_long, one_class) {
    enum { EDGES = sizeof edges / sizeof *edges };
    size_t cols = lengths[*index % LENGTHS], at[] = {0, 40, cols - 1};
    nll_dtype type = types[*index / LENGTHS];
    double *x = new_doubles(EDGES * cols), *z = new_doubles(EDGES * cols), value[EDGES];
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < EDGES; i++)
            for (size_t j = 0; j < cols; j++) {
                x[i * cols + j] = j == at[k] ? edges[i].x : (double)(j % 7) - 3;
                z[i * cols + j] = j == at[k] ? edges[i].z : (double)(j % 11) * 0.5 - 3;
            }
        void *data[] = {to_array(type, EDGES * cols, x), to_array(type, EDGES * cols, z)};
        nll_kl_args a = {.struct_size = sizeof a,
                         .p_logits = nll_view_2d(data[0], type, EDGES, cols),
                         .q_logits = nll_view_2d(data[1], type, EDGES, cols),
                         .divergence = nll_out_1d(value, NLL_F64, EDGES),
                         .common = {.reduction = NLL_SUM}};
        nll_result r = {.struct_size = sizeof r};
        ASSERT_OK(nll_kl(&a, &r));
        for (size_t i = 0; i < EDGES; i++) {
            enum like like = isnan(value[i]) ? NOT_A_NUMBER : isinf(value[i]) ? INFINITE : FINITE;
            cr_expect_eq(like, edges[i].like, "%s cols %zu, (%g, %g) at %zu: %g",
                         nll_dtype_name(type), cols, edges[i].x, edges[i].z, at[k], value[i]);
            if (like == FINITE) cr_expect(value[i] > 1 && value[i] < 10, "%g", value[i]);
        }
        check_kl(&a, "one class");
        free(data[0]);
        free(data[1]);
    }
    free(x);
    free(z);
}
