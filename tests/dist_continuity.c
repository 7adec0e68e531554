/* dist_continuity.c: no jump where the code may change its method.  Between neighbours a value
 * moves by its slope and by rounding, nothing else; slopes are the library's own derivatives. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "gen.h"
#include "support.h"

#include "kernel.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 9, MIDDLE = 4 };

/* Where implementations switch: small shifts of recurrences, series, exponentials, Bessel
 * functions, other libraries' limits. */
static const double cuts[] = {
    0x1p-26, 0x1p-20, 1e-5, 1e-4, 1e-3, 0.01, 0.03125, 0.0625, 0.1, 0.125, 0.25, 0.375, 0.5,
    0.75,    1,       1.5,  2,    2.5,  3,    3.75,    4,      5,   6,     7,    7.75,  8,
    9,       10,      12,   15,   16,   17,   18,      20,     24,  30,    32,   33.3,  35,
    37,      40,      50,   64,   80,   88,   100,     128,    150, 200,   256,  500,   512,
    700,     709,     1000, 1024, 4096, 1e4,  65536,   1e5,    1e6, 1e7};
enum { CUTS = sizeof cuts / sizeof cuts[0] };

/* A value of input i in its domain, on a cut. */
static double on_cut(const struct dist_model *m, size_t i, nll_dtype type, uint64_t *state) {
    double c = round_to(type, cuts[gen_below(CUTS, state)]);
    switch (m->in[i]) {
    case IN_LOC:
    case IN_LOGIT:
    case IN_LOG_RATE: return c > 60 ? -60 : gen_below(2, state) ? c : -c;
    case IN_PROB: return c >= 1 ? round_to(type, 1 - 1 / (1 + c)) : c;
    case IN_POWER: return c > 1 && c < 2 ? c : 1.25;
    default: return c;
    }
}

/* STEPS neighbours of x in input i, upwards; 0 where they leave the domain or the support. */
static int neighbours(const struct dist_model *m, nll_dtype type, size_t i, const double *x,
                      double *rows) {
    size_t inputs = dist_inputs(m), y = inputs - 1;
    double ulp = (double)ulp_of(type, x[i]);
    for (int s = 0; s < STEPS; s++) {
        memcpy(rows + (size_t)s * inputs, x, inputs * sizeof *x);
        double *row = rows + (size_t)s * inputs;
        row[i] = round_to(type, x[i] + (s - MIDDLE) * ulp);
        /* the kink of the one density that has one */
        if (!strcmp(m->kernel, "laplace") && fabs(row[0] - row[2]) <= STEPS * ulp) return 0;
        if (m->in[i] == IN_PROB && !(row[i] > 0 && row[i] < 1)) return 0;
        if (!strncmp(m->kernel, "beta_", 5) && m->real && !(row[y] > 0 && row[y] < 1)) return 0;
        if (!strcmp(m->kernel, "pareto") && row[y] < row[1]) return 0;
        if (m->in[i] == IN_POS && row[i] <= 0) return 0;
        if (i == y && row[i] <= 0 && m->in[0] != IN_LOC && m->in[1] != IN_LOC) return 0;
    }
    return 1;
}

/* The output that is the derivative of output o in input i; 0: there is none. */
static size_t slope_of(const struct dist_model *m, size_t o, size_t i) {
    int order, in = dist_output_input(m, o, &order), next;
    if (order == 2 || (order == 1 && (size_t)in != i)) return 0;
    for (size_t k = 1; k < dist_outputs(m); k++)
        if (dist_output_input(m, k, &next) == (int)i && next == order + 1) return k;
    return 0;
}

/* Returns how many steps were judged. */
static size_t hold(const struct dist_model *m, nll_dtype type, size_t i, const double *rows,
                   const double *got) {
    size_t judged = 0;
    size_t inputs = dist_inputs(m), outputs = dist_outputs(m);
    double bound = nll_descs[dist_kernel(m)].ulp[type == NLL_F64], huge = huge_of(type);
    for (size_t o = 0; o < outputs; o++) {
        size_t slope = slope_of(m, o, i);
        if (slope == 0) continue;
        for (int s = 0; s + 1 < STEPS; s++) {
            const double *a = got + (size_t)s * outputs, *b = a + outputs;
            const double *x = rows + (size_t)s * inputs;
            if (fabs(a[o]) > huge / 4 || fabs(b[o]) > huge / 4) continue;
            long double v[DIST_OUTPUTS], mag[DIST_OUTPUTS];
            for (size_t k = 0; k < outputs; k++) v[k] = a[k];
            dist_magnitudes(m, x, v, mag);
            long double step = fabsl((long double)x[inputs + i] - x[i]);
            long double drift = step * fmaxl(fabsl(a[slope]), fabsl(b[slope]));
            long double noise = 2 * (long double)bound * ulp_of(type, mag[o]) + tiny_of(type);
            /* a step over which the slope itself changes says nothing */
            if (drift > noise && fabs(a[slope] - b[slope]) * step > drift / 2) continue;
            drift = 2 * drift + step * (long double)bound * ulp_of(type, mag[slope]);
            judged++;
            cr_expect(fabsl((long double)a[o] - b[o]) <= drift + noise,
                      "%s %s output %zu: %.17g at input %zu = %a, %.17g at %a (others %g %g %g)",
                      m->kernel, nll_dtype_name(type), o, a[o], i, x[i], b[o], x[inputs + i], x[0],
                      x[1], x[2]);
        }
    }
    return judged;
}

static struct criterion_test_params indices(void) {
    static int index[256];
    for (int i = 0; i < 256; i++) index[i] = i;
    return cr_make_param_array(int, index, 2 * dist_model_count);
}

/* Index: type, model. */
ParameterizedTestParameters(dist_continuity, between_neighbours) { return indices(); }
ParameterizedTest(int *index, dist_continuity, between_neighbours) {
    const struct dist_model *m = &dist_models[*index / 2];
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    if (dist_kernel(m) < 0) cr_skip_test("no such kernel");
    uint64_t state = gen_state(7600 + (uint64_t)*index);
    size_t inputs = dist_inputs(m), judged = 0;
    double rows[STEPS * DIST_INPUTS], got[STEPS * DIST_OUTPUTS], x[DIST_INPUTS];
    for (size_t n = 0; n < gen_count(8000); n++) {
        size_t i = gen_below(inputs, &state);
        if (!(m->params >> i & 1) && !(m->real && i + 1 == inputs)) continue;
        dist_draw(m, type == NLL_F32, x, &state);
        if (gen_below(4, &state)) x[i] = on_cut(m, i, type, &state);
        if (!neighbours(m, type, i, x, rows)) continue;
        dist_run(m, type, STEPS, rows, got);
        judged += hold(m, type, i, rows, got);
    }
    cr_expect(judged > gen_count(8000), "%s: only %zu steps", m->kernel, judged);
}
