/* accuracy_elementwise.c: values and gradients of the Bernoulli and Gaussian models against the
 * oracle, bounds from kernels.def. */
#include "check_models.h"
#include "gen.h"
#include "oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4 };

static struct criterion_test_params indices(int n) {
    static int index[256];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* n finite numbers of a domain in a format. */
static void *numbers(enum gen_domain domain, nll_dtype type, size_t n, uint64_t *state) {
    void *p = new_array(type, n);
    for (size_t i = 0; i < n; i++) {
        double x;
        do x = round_to(type, gen_value(domain, state));
        while (!isfinite(x));
        elem_set(p, type, (ptrdiff_t)i, x);
    }
    return p;
}

/* Index: type, logits or probs, hard or soft targets, smoothing, pos_weight. */
ParameterizedTestParameters(accuracy_elementwise, bernoulli) { return indices(TYPES * 16); }
ParameterizedTest(int *index, accuracy_elementwise, bernoulli) {
    uint64_t state = gen_state(1000 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES];
    int k = *index / TYPES, probs = k & 1, soft = k & 2;
    size_t n = gen_count(8192);
    enum gen_domain real = type == NLL_F64 ? GEN_WIDE : GEN_FINITE;
    void *x = numbers(probs ? GEN_UNIT : real, type, n, &state);
    void *y = numbers(GEN_UNIT, type, n, &state), *w = numbers(GEN_WEIGHT, type, n, &state);
    for (size_t i = 0; i < n && !soft; i++)
        elem_set(y, type, (ptrdiff_t)i, (double)(gen_bits(&state) & 1));
    nll_view none = {0}, view = nll_view_1d(x, type, n);
    nll_bernoulli_args a = {.struct_size = sizeof a,
                            .rows = n,
                            .logits = probs ? none : view,
                            .probs = probs ? view : none,
                            .target = nll_view_1d(y, type, n),
                            .pos_weight = k & 8 ? nll_view_1d(w, type, n) : none,
                            .label_smoothing = k & 4 ? 0.1 : 0,
                            .common = {.reduction = NLL_SUM}};
    char label[80];
    snprintf(label, sizeof label, "%s %s%s%s%s", nll_dtype_name(type), probs ? "probs" : "logits",
             soft ? " soft" : "", k & 4 ? " smooth" : "", k & 8 ? " pos_weight" : "");
    check_bernoulli(&a, label);
    free(x);
    free(y);
    free(w);
}

static double spread_value(enum oracle_spread form, uint64_t *state) {
    switch (form) {
    case SPREAD_SCALE:
    case SPREAD_VAR: return gen_value(GEN_POS, state);
    default: { /* scales of 1e-17 to 1e17, and often near 1 */
        double g = gen_value(GEN_NORMAL, state);
        return gen_bits(state) & 1 ? g : g * 12;
    }
    }
}

/* Observations at distances that matter: equal to loc, a few scales away, anywhere. */
static double observation(double loc, double scale, uint64_t *state) {
    switch (gen_below(8, state)) {
    case 0: return loc;
    case 1: return gen_value(GEN_FINITE, state);
    case 2: return loc + scale;
    default: return loc + scale * gen_value(GEN_NORMAL, state) * 3;
    }
}

static double scale_of(enum oracle_spread form, double s) {
    return form == SPREAD_NONE      ? 1
           : form == SPREAD_SCALE   ? s
           : form == SPREAD_VAR     ? sqrt(s)
           : form == SPREAD_LOG_VAR ? ldexp(1, (int)(s / 1.386))
                                    : ldexp(1, (int)(s / 0.693));
}

ParameterizedTestParameters(accuracy_elementwise, gaussian) { return indices(TYPES * 5 * 2); }
ParameterizedTest(int *index, accuracy_elementwise, gaussian) {
    uint64_t state = gen_state(1100 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES];
    enum oracle_spread form = (enum oracle_spread)(*index / TYPES % 5);
    int anywhere = *index / TYPES / 5;
    size_t n = gen_count(8192);
    void *loc = numbers(anywhere ? GEN_FINITE : GEN_NORMAL, type, n, &state);
    void *spread = new_array(type, n), *y = new_array(type, n);
    for (size_t i = 0; i < n; i++) {
        double s, t, at = elem_get(loc, type, (ptrdiff_t)i);
        do {
            s = round_to(type, spread_value(form, &state));
            t = round_to(type, observation(at, scale_of(form, s), &state));
        } while (!isfinite(s) || !isfinite(t) || (s <= 0 && form <= SPREAD_VAR && form));
        elem_set(spread, type, (ptrdiff_t)i, s);
        elem_set(y, type, (ptrdiff_t)i, t);
    }
    nll_gaussian_args a = {.struct_size = sizeof a,
                           .rows = n,
                           .loc = nll_view_1d(loc, type, n),
                           .target = nll_view_1d(y, type, n),
                           .common = {.reduction = NLL_SUM}};
    nll_view *views[] = {NULL, &a.scale, &a.var, &a.log_scale, &a.log_var};
    if (form) *views[form] = nll_view_1d(spread, type, n);
    static const char *const names[] = {"fixed", "scale", "var", "log_scale", "log_var"};
    char label[80];
    snprintf(label, sizeof label, "%s gaussian %s%s", nll_dtype_name(type), names[form],
             anywhere ? " anywhere" : "");
    check_gaussian(&a, label);
    free(loc);
    free(spread);
    free(y);
}

/* Scales far from 1, where e^-t leaves the format though the density does not. */
ParameterizedTestParameters(accuracy_elementwise, gaussian_extreme_log_scale) {
    return indices(2 * 2);
}
ParameterizedTest(int *index, accuracy_elementwise, gaussian_extreme_log_scale) {
    enum { N = 4000 };
    uint64_t state = gen_state(1200 + (uint64_t)*index);
    nll_dtype type = types[*index % 2];
    double *loc = calloc(N, sizeof *loc), *t = new_doubles(N), *y = new_doubles(N);
    int var = *index / 2;
    for (size_t i = 0; i < N; i++) {
        double g = gen_value(GEN_NORMAL, &state), most = type == NLL_F64 ? 740 : 100;
        t[i] =
            round_to(type, ldexp((double)gen_below(2048, &state) - 1024, -10) * most * (1 + var));
        y[i] = round_to(type, g * scale_of(var ? SPREAD_LOG_VAR : SPREAD_LOG_SCALE, t[i]));
        if (isinf(y[i])) y[i] = g;
    }
    void *a_loc = to_array(type, N, loc), *a_t = to_array(type, N, t), *a_y = to_array(type, N, y);
    nll_gaussian_args a = {.struct_size = sizeof a,
                           .rows = N,
                           .loc = nll_view_1d(a_loc, type, N),
                           .target = nll_view_1d(a_y, type, N),
                           .common = {.reduction = NLL_SUM}};
    *(var ? &a.log_var : &a.log_scale) = nll_view_1d(a_t, type, N);
    check_gaussian(&a, var ? "extreme log_var" : "extreme log_scale");
    free(loc);
    free(t);
    free(y);
    free(a_loc);
    free(a_t);
    free(a_y);
}
