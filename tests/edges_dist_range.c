/* edges_dist_range.c: the distributions over all floats, and doubles of 2^-1000 to 2^1000 (but see
 * reach_of), far beyond what the accuracy tests cover: results may be infinite, but never NaN. */
#include "dist_run.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Degrees of freedom as large as a z^2 that is held at 2^1000 give NaN. */
static int reach_of(const struct dist_model *m, nll_dtype type) {
    if (type == NLL_F32) return 126;
    return !strcmp(m->kernel, "student_t") ? 900 : 1000;
}

static double any_positive(nll_dtype type, int reach, uint64_t *state) {
    int emin = -reach, emax = reach;
    switch (gen_below(8, state)) {
    case 0: return ldexp(1, emin);
    case 1: return type == NLL_F64 ? ldexp(1, emax) : huge_of(type);
    case 2: return type == NLL_F64 ? ldexp(1, emin) : tiny_of(type);
    default: break;
    }
    int e = emin + (int)gen_below((uint64_t)(emax - emin), state);
    return round_to(type, ldexp(1 + (double)gen_below(1u << 20, state) * 0x1p-20, e));
}

static double any_value(const struct dist_model *m, size_t i, nll_dtype type, uint64_t *state) {
    double p = any_positive(type, reach_of(m, type), state), sign = gen_below(2, state) ? 1 : -1;
    double whole = (double)gen_below(gen_below(2, state) ? 64 : 1u << 24, state);
    int unit = !strncmp(m->kernel, "beta_", 5) && m->real && m->in[i] == IN_TARGET;
    switch (m->in[i]) {
    case IN_LOC: return gen_below(4, state) ? sign * p : 0;
    case IN_LOG_RATE:
    case IN_LOGIT: return sign * (p > 1e6 ? 1e3 : p);
    case IN_TRIALS: return whole;
    case IN_POWER: return 1.5;
    default: break;
    }
    if (unit || m->in[i] == IN_PROB) return p < 1 ? p : 1 - unit_of(type) * 3;
    if (m->in[i] == IN_TARGET && !m->real) return whole;
    return m->in[i] == IN_TARGET && (m->in[0] == IN_LOC || m->in[1] == IN_LOC) &&
                   strcmp(m->kernel, "lognormal") != 0
               ? sign * p
               : p;
}

/* Scales whose inverse is infinite. */
Test(edges_dist_range, subnormal_scales) {
    static const char *const kernels[] = {"logistic", "gumbel", "laplace", "cauchy", "student_t"};
    static const double points[][3] = {
        {0, 0x1p-1074, 0x1p-1022}, {0, 0x1p-1074, 0},  {-0x1p-1074, 0x1p-1074, -0x1p-1074},
        {1, 0x1p-1074, 2},         {1, 0x1p-1030, -2}, {0x1p1000, 0x1p1023, 0x1p1023}};
    for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
        for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
            const struct dist_model *m = dist_find(kernels[k]);
            double x[4] = {3}, got[DIST_OUTPUTS];
            memcpy(x + (dist_inputs(m) - 3), points[i], sizeof points[i]);
            dist_run(m, NLL_F64, 1, x, got);
            for (size_t o = 0; o < dist_outputs(m); o++)
                cr_expect(!isnan(got[o]) || isinf(got[0]), "%s point %zu output %zu", m->kernel, i,
                          o);
        }
}

/* A beta-binomial whose shapes add up to more than a double holds: a binomial of their ratio. */
Test(edges_dist_range, shapes_with_an_infinite_sum) {
    static const double points[][4] = {
        {10, 0x1p1023, 0x1p1023, 3}, {10, 0x1p1023, 0x1p1022, 0}, {10, 0x1p1022, 0x1p1023, 10}};
    const double want[] = {log(1024. / 120), 10 * log(3), 10 * log(3)};
    const struct dist_model *m = dist_find("beta_binomial");
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        double got[DIST_OUTPUTS];
        dist_run(m, NLL_F64, 1, points[i], got);
        cr_expect(fabs(got[0] - want[i]) < 1e-14 * want[i], "point %zu: %a", i, got[0]);
        for (size_t o = 1; o < dist_outputs(m); o++)
            cr_expect(fabs(got[o]) < 1e-300, "point %zu output %zu: %a", i, o, got[o]);
    }
}

/* Round numbers, whose ratios fall on the edges of tables: float against double. */
Test(edges_dist_range, ratios_on_the_edges_of_tables) {
    enum { SHAPES = 100, N = SHAPES * SHAPES, KNOWN = 7 };
    static const double known[KNOWN][4] = {
        /* of means: 31 / 32 */
        {1, 12.25, 18.75, 0}, {1, 6.5, 24.5, 1}, {6, 49, 137, 0}, {197, 7.5, 35.5, 0},
        {161, 7, 56, 0},      {12, 187, 185, 0}, {40, 96, 276, 7}};
    static double x[N][4], got[N * DIST_OUTPUTS], want[N * DIST_OUTPUTS];
    const struct dist_model *m = dist_find("beta_binomial");
    size_t outputs = dist_outputs(m), bad = 0;
    for (size_t trials = 0; trials <= (gen_quick() ? 8 : 40); trials++) {
        size_t step = trials > 8 ? trials : 1; /* of many trials none and all */
        for (size_t hits = 0; hits <= trials; hits += step) {
            for (size_t i = 0; i < N; i++) {
                size_t a = i / SHAPES, b = i % SHAPES;
                const double row[4] = {(double)trials, (double)(1 + a) / 2, (double)(1 + b) / 2,
                                       (double)hits};
                memcpy(x[i], i < KNOWN ? known[i] : row, sizeof row);
            }
            dist_run(m, NLL_F32, N, x[0], got);
            dist_run(m, NLL_F64, N, x[0], want);
            for (size_t i = 0; i < N * outputs; i++) {
                if (fabs(got[i] - want[i]) <= 0x1p-22 * fabs(want[i]) + 0x1p-30 || bad++ >= 8)
                    continue;
                const double *row = x[i / outputs];
                cr_expect(0, "(%g, %g, %g, %g) output %zu: %a, not %a", row[0], row[1], row[2],
                          row[3], i % outputs, got[i], want[i]);
            }
        }
    }
    cr_expect_eq(bad, 0, "%zu more", bad);
}

Test(edges_dist_range, never_nan, .timeout = 600) {
    enum { N = 512 };
    static double x[N * DIST_INPUTS], got[N * DIST_OUTPUTS];
    FOR_MODELS(m) for (int t = 0; t < 2; t++) {
        nll_dtype type = t ? NLL_F64 : NLL_F32;
        uint64_t state = gen_state(7850 + (uint64_t)(m - dist_models));
        size_t inputs = dist_inputs(m), outputs = dist_outputs(m), bad = 0;
        for (size_t round = 0; round < gen_count(64); round++) {
            for (size_t i = 0; i < N; i++) {
                double *row = x + i * inputs;
                for (size_t k = 0; k < inputs; k++) row[k] = any_value(m, k, type, &state);
                if (m->in[0] == IN_TRIALS && row[inputs - 1] > row[0]) row[inputs - 1] = row[0];
                if (!strcmp(m->kernel, "pareto") && row[2] < row[1]) row[2] = row[1];
            }
            dist_run(m, type, N, x, got);
            for (size_t i = 0; i < N; i++)
                for (size_t o = 0; o < outputs; o++) {
                    double loss = got[i * outputs], g = got[i * outputs + o];
                    if (!isnan(g) || (o > 0 && isinf(loss)) || bad++ >= 8) continue;
                    const double *row = x + i * inputs;
                    cr_expect(0, "%s %s(%a, %a, %a, %a) output %zu is NaN, loss %g", m->kernel,
                              nll_dtype_name(type), row[0], row[1], inputs > 2 ? row[2] : 0,
                              inputs > 3 ? row[3] : 0, o, loss);
                }
        }
        if (bad) fprintf(stderr, "%s %s: %zu NaN\n", m->kernel, nll_dtype_name(type), bad);
    }
}
