/* accuracy_axis.c: the functions of rows.h against the oracle, with the bounds of the header. */
#include "axis.h"
#include "gen.h"
#include "oracle.h"
#include "rows.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4, ROWS = 40 };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* In units of u: relative to the oracle's magnitude. */
static double limit_of(enum axis_function f, nll_dtype compute) {
    static const double f32[AXIS_FUNCTIONS] = {34, 38, 35, 40, 4, 40};
    static const double f64[AXIS_FUNCTIONS] = {40, 44, 42, 46, 40, 46};
    return compute == NLL_F64 ? f64[f] : f32[f];
}

static int broken(const double *x, size_t n) {
    int any = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]) || x[i] == INFINITY) return 1;
        any |= x[i] != -INFINITY;
    }
    return !any;
}

struct wanted {
    struct oracle_value lse, *p, *log_p, *d;
};

static struct oracle_value want_of(const struct wanted *w, enum axis_function f, const double *g,
                                   size_t c) {
    switch (f) {
    case F_LOGSUMEXP: return w->lse;
    case F_SOFTMAX: return w->p[c];
    case F_LOG_SOFTMAX: return w->log_p[c];
    case F_LOGSUMEXP_VJP:
        return (struct oracle_value){w->p[c].v * g[0], w->p[c].mag * fabsl((long double)g[0])};
    default: return w->d[c];
    }
}

/* Rows of all kinds through one function; x is p for the product with the softmax. */
static void check(enum axis_function f, nll_dtype type, enum axis_layout layout, size_t cols,
                  int first, uint64_t *state) {
    size_t gc = axis_g_cols(f, cols), yc = axis_y_cols(f, cols);
    nll_dtype compute = type == NLL_F64 ? NLL_F64 : NLL_F32;
    double *x = new_doubles(ROWS * cols), *g = new_doubles(ROWS * gc);
    int64_t target[ROWS];
    make_rows(x, target, ROWS, cols, type, first, state);
    if (f == F_SOFTMAX_VJP)
        for (size_t i = 0; i < ROWS * cols; i++) x[i] = round_to(type, gen_value(GEN_UNIT, state));
    for (size_t i = 0; i < ROWS * gc; i++)
        g[i] = round_to(type, gen_value(i / gc % 3 ? GEN_NORMAL : GEN_SCALE, state));
    struct axis_array ax = axis_make(layout, type, ROWS, cols, x);
    struct axis_array ag = axis_make(layout, type, ROWS, gc, g);
    struct axis_array ay = axis_make(layout, compute, ROWS, yc, NULL);
    ASSERT_OK(axis_call(f, ax.in, ag.in, ay.out, NULL));
    struct wanted w = {.p = calloc(cols, sizeof *w.p),
                       .log_p = calloc(cols, sizeof *w.p),
                       .d = calloc(cols, sizeof *w.p)};
    struct tally t = {.what = axis_function_names[f], .limit = limit_of(f, compute)};
    double u = unit_of(compute), tiny = tiny_of(compute), huge = huge_of(compute);
    for (size_t r = 0; r < ROWS; r++) {
        const double *row = x + r * cols, *up = g + r * gc;
        if (f != F_SOFTMAX_VJP && broken(row, cols)) continue; /* axis_edges.c */
        if (f == F_SOFTMAX_VJP)
            oracle_softmax_vjp(row, up, cols, w.d);
        else if (f == F_LOG_SOFTMAX_VJP)
            oracle_log_softmax_vjp(row, up, cols, w.d);
        else
            oracle_softmax(row, cols, &w.lse, w.p, w.log_p);
        for (size_t c = 0; c < yc; c++) {
            struct oracle_value want = want_of(&w, f, up, c);
            long double unit = u * want.mag;
            if (f == F_LOGSUMEXP) unit = u * (1 + 2 * want.mag / t.limit);
            tally_add(&t, r, c, axis_get(&ay, r, c), want.v, unit,
                      tiny * (1 + (double)want.mag * u), huge);
        }
    }
    char label[96];
    snprintf(label, sizeof label, "%s %s axis %s cols %zu", axis_function_names[f],
             nll_dtype_name(type), axis_names[layout], cols);
    tally_check(&t, label);
    free(w.p);
    free(w.log_p);
    free(w.d);
    free(x);
    free(g);
    free(ax.memory);
    free(ag.memory);
    free(ay.memory);
}

ParameterizedTestParameters(accuracy_axis, short_rows) { return indices(AXIS_FUNCTIONS * TYPES); }
ParameterizedTest(int *index, accuracy_axis, short_rows) {
    enum axis_function f = (enum axis_function)(*index / TYPES);
    uint64_t state = gen_state(6000 + (uint64_t)*index);
    for (size_t cols = 1; cols <= 70; cols += gen_quick() ? 23 : 3)
        for (int layout = 0; layout < AXIS_LAYOUTS; layout++)
            check(f, types[*index % TYPES], (enum axis_layout)layout, cols, (int)cols, &state);
}

ParameterizedTestParameters(accuracy_axis, long_rows) { return indices(AXIS_FUNCTIONS * TYPES); }
ParameterizedTest(int *index, accuracy_axis, long_rows) {
    static const size_t lengths[] = {255, 256, 257, 511, 512, 513, 1000, 1025, 4099, 8193};
    enum axis_function f = (enum axis_function)(*index / TYPES);
    uint64_t state = gen_state(6100 + (uint64_t)*index);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
        if (!gen_quick() || k % 4 == (size_t)*index % 4)
            check(f, types[*index % TYPES], (enum axis_layout)(k % AXIS_LAYOUTS), lengths[k],
                  (int)k, &state);
}

ParameterizedTestParameters(accuracy_axis, vocabulary) { return indices(AXIS_FUNCTIONS * 2); }
ParameterizedTest(int *index, accuracy_axis, vocabulary) {
    uint64_t state = gen_state(6200 + (uint64_t)*index);
    if (gen_quick()) cr_skip_test("long");
    check((enum axis_function)(*index / 2), types[*index % 2], AXIS_FIRST, 50257, *index, &state);
}
