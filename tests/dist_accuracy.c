/* dist_accuracy.c: the distributions against both oracles, bounds from kernels.def: the stored
 * tables, and random points with MPFR.  Errors are in units in the last place of the larger of the
 * value and its magnitude; beside them stands the error of the value relative to itself. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "gen.h"
#include "support.h"
#include "tables.h"

#include "kernel.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Index: type, model. */
static struct criterion_test_params indices(void) {
    static int index[256];
    for (int i = 0; i < 256; i++) index[i] = i;
    return cr_make_param_array(int, index, 2 * dist_model_count);
}

static void output_name(const struct dist_model *m, size_t o, char *name, size_t size) {
    int order, in = dist_output_input(m, o, &order);
    const char *what = order == 0 ? "loss" : order == 1 ? "d" : "h";
    if (in < 0)
        snprintf(name, size, "%s", what);
    else
        snprintf(name, size, "%s%s %d", what, (size_t)in + 1 == dist_inputs(m) ? " y" : "", in);
}

/* n points x with the values v and magnitudes mag [n, outputs] */
static void hold(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                 const long double *v, const long double *mag, const char *how) {
    size_t inputs = dist_inputs(m), outputs = dist_outputs(m);
    double *got = new_doubles(n * outputs), bound = nll_descs[dist_kernel(m)].ulp[type == NLL_F64];
    dist_run(m, type, n, x, got);
    for (size_t o = 0; o < outputs; o++) {
        char label[80], name[20];
        snprintf(label, sizeof label, "%s %s %s", nll_dtype_name(type), m->kernel, how);
        output_name(m, o, name, sizeof name);
        struct tally t = {.what = name, .limit = bound};
        long double relative = 0;
        for (size_t i = 0; i < n; i++) {
            long double want = v[i * outputs + o], size = fmaxl(mag[i * outputs + o], fabsl(want));
            /* numbers on the way to a result near the end of the range are not normal */
            double g = got[i * outputs + o], tiny = type == NLL_F64 ? 0x1p-1022 : tiny_of(type);
            if (tally_add(&t, i, o, g, want, ulp_of(type, size), tiny, huge_of(type)))
                for (size_t k = 0; k < inputs && k < 3; k++) t.inputs[k] = x[i * inputs + k];
            long double own = fabsl(g - want) / fabsl(want) / unit_of(type);
            if (fabsl(want) > ldexpl(tiny, 30) && fabsl(want) < huge_of(type) && own > relative)
                relative = own;
        }
        fprintf(stderr, "%-40s %-6s relative to itself: %.3Lg u\n", label, name, relative);
        if (t.worst > t.limit) { /* all inputs, exactly */
            const double *at = x + t.row * inputs;
            fprintf(stderr, "%s %s row %zu:", label, name, t.row);
            for (size_t k = 0; k < inputs; k++) fprintf(stderr, " %a", at[k]);
            fprintf(stderr, " (");
            for (size_t k = 0; k < inputs; k++) fprintf(stderr, " %.9g", at[k]);
            fprintf(stderr, " ) magnitude %.6Lg\n", mag[t.row * outputs + o]);
        }
        tally_check(&t, label);
    }
    free(got);
}

ParameterizedTestParameters(dist_accuracy, tables) { return indices(); }
ParameterizedTest(int *index, dist_accuracy, tables) {
    const struct dist_model *m = &dist_models[*index / 2];
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    if (dist_kernel(m) < 0) cr_skip_test("no such kernel");
    struct table t = dist_table(m);
    cr_assert(t.inputs == dist_inputs(m) && t.outputs == dist_outputs(m), "%s", m->kernel);
    hold(m, type, type == NLL_F32 ? t.floats : t.points, t.x, t.v, t.mag, "table");
    table_free(&t);
}

/* Values and magnitudes at n points, by MPFR. */
static void oracle(const struct dist_model *m, size_t n, const double *x, long double *v,
                   long double *mag) {
    size_t inputs = dist_inputs(m), outputs = dist_outputs(m);
    for (size_t i = 0; i < n; i++) {
        const double *at = x + i * inputs;
        long double *value = v + i * outputs, size[DIST_OUTPUTS];
        dist_oracle(m, at, value);
        dist_magnitudes(m, at, value, size);
        for (size_t o = 0; o < outputs; o++) { /* 0 stands for what the oracle cannot resolve */
            long double lost = value[o] == 0 ? dist_unresolved(m, at, o, value[0]) * 0x1p60L : 0;
            mag[i * outputs + o] = fmaxl(size[o], lost);
        }
    }
}

ParameterizedTestParameters(dist_accuracy, random_points) { return indices(); }
ParameterizedTest(int *index, dist_accuracy, random_points, .timeout = 3600) {
    const struct dist_model *m = &dist_models[*index / 2];
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    if (dist_kernel(m) < 0) cr_skip_test("no such kernel");
    uint64_t state = gen_state(7000 + (uint64_t)*index);
    size_t n = gen_count(2048), inputs = dist_inputs(m), outputs = dist_outputs(m);
    double *x = new_doubles(n * inputs);
    long double *v = calloc(n * outputs, sizeof *v), *mag = calloc(n * outputs, sizeof *mag);
    cr_assert(v && mag);
    for (size_t i = 0; i < n; i++) dist_draw(m, type == NLL_F32, x + i * inputs, &state);
    oracle(m, n, x, v, mag);
    hold(m, type, n, x, v, mag, "random");
    free(x);
    free(v);
    free(mag);
}

/* Points that lost digits: large shapes beside the scale, shapes far apart, small numbers of
 * degrees of freedom and z beyond 2^500, small y, zeros of a derivative. */
Test(dist_accuracy, points_that_lost_digits) {
    static const struct {
        const char *kernel;
        double x[DIST_INPUTS];
    } points[] = {
        {"weibull", {781312702676698.2, 1057885416.906824, 1057885416.9068284}},
        {"weibull", {1e15, 1, 1 + 0x1p-50}},
        {"weibull", {1, 3, 1e-20}},
        {"weibull", {1.5, 3, 1e-200}},
        {"weibull", {1 + 0x1p-40, 3, 1e-12}},
        {"pareto", {315581347976800.44, 14670965095.991673, 14670965095.991692}},
        {"pareto", {1e15, 1, 1 + 0x1p-50}},
        {"student_t", {1e-8, -1e200, 1, 1e200}},
        {"student_t", {1e-8, -0x1p498, 1, 0x1p498}},
        {"student_t", {1e-8, -1e12, 1, 1e12}},
        {"student_t", {0.75, -0x1p39, 1, 0x1.0000001p39}},
        {"student_t", {1e-200, -1e100, 1, 1e100}},
        {"student_t", {2, -1e160, 1, 1e160}},
        {"student_t", {2, 1e160, 1e10, -1e160}},
        {"student_t", {1e15, -1e160, 1e-3, 1e160}},
        {"cauchy", {0x1p-60, 1, 0.48586827175664576}},
        {"cauchy", {0x1p-60, 1e100, 0.48586827175664576e100}},
        {"cauchy", {0x1p-60, 1e-120, -1e-3}},
        {"exponential_rate", {3, 1.0 / 3}},
        {"binomial_probs", {10, 0.3, 3}},
        {"gamma", {2, 3, 2.0 / 3}},
        /* a deviance that the rounding of b y, or of a + b, leaves nothing of */
        {"gamma", {0x1.a0c0d42b35d0dp+46, 0x1.1aeeb6e519ef5p+10, 0x1.791520f06616dp+36}},
        {"inverse_gamma", {0x1.ef338dbda33d3p+44, 0x1.a70a40e0066d8p+43, 0x1.b5641261156cp-2}},
        {"negative_binomial_mean",
         {0x1.36cb86f132648p+49, 0x1.12bb636697e6ep+42, 0x1.36cba2d38ded8p+49}},
        {"beta_alpha_beta", {0x1.70476e5927252p+45, 0x1.ad0227a3660c7p+45, 0x1.d90046e78c87p-2}},
        {"beta_mean_precision",
         {0x1.f04a8ba2fc32ap-1, 0x1.634f052053b75p+42, 0x1.f04a87f60883ep-1}},
        {"beta_binomial",
         {0x1.b7e4a18e6p+36, 0x1.67604d2be33dap+37, 0x1.3986014a27f35p+28, 0x1.b7250f584p+36}},
        /* two large logarithms that cancel */
        {"beta_binomial", {20, 0x1.eea1f4a6bd39dp+39, 0x1.67287998ed68cp+42, 2}},
        /* a density of 1 */
        {"gamma", {0x1.8bc73434a9372p+44, 0x1.8ef039dce54bbp+23, 0x1.fbf1b22dc7824p+20}},
        {"beta_mean_precision",
         {0x1.636fe362bcab5p-1, 0x1.b47e7133fc75dp+49, 0x1.636fe0787d709p-1}},
        {"gamma", {0x1p-500, 0x1p438, 3}}, /* products that leave the range, or ratios */
        {"gamma", {0x1p-700, 0x1p-650, 0x1p-60}},
        {"gamma", {0x1p600, 0x1p-300, 0x1p899}},
        {"gamma", {0x1p-1000, 0x1p-600, 0x1p-410}},
        {"gamma", {3, 0x1p-900, 0x1p800}},
        {"inverse_gamma", {0x1p-500, 0x1p438, 3}},
        {"inverse_gamma", {0x1p600, 0x1p-300, 0x1p-899}},
        {"inverse_gamma", {0x1p600, 1, 0x1p600}},
        {"tweedie_mean", {0x1p600, 1.9, 0x1p1000}},
        {"tweedie_mean", {0x1p-400, 1.9, 0x1p-400}},
        {"beta_mean_precision", {0.25, 0x1p-480, 0.5}},
        {"beta_mean_precision", {0x1p-300, 0x1p-300, 0.5}},
        {"beta_mean_precision", {0.25, 0x1p-400, 0x1p-90}},
        {"beta_binomial", {1003598, 556969413580.6248, 554973.1750698985, 1003597}},
        {"beta_binomial", {0x1p46, 413, 0x1p-37, 0x1p46 - 1}},
        {"beta_binomial", {161575952091, 6737.943227225867, 1088689592643120.25, 1}},
        {"beta_binomial", {1e6, 1e12, 1e6, 999999}},
        {"beta_binomial", {271739407880, 66790680.95488105, 0x1p-21, 271739407879}},
        {"beta_binomial", {3, 0x1p-25, 0x1p-50, 1}},
        {"inverse_gamma", {3, 1, 1.0 / 3}},
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        const struct dist_model *m = dist_find(points[i].kernel);
        cr_assert_not_null(m, "%s", points[i].kernel);
        long double v[DIST_OUTPUTS] = {0}, mag[DIST_OUTPUTS] = {0};
        oracle(m, 1, points[i].x, v, mag);
        hold(m, NLL_F64, 1, points[i].x, v, mag, "point");
    }
    const struct dist_model *m = dist_find("weibull"); /* floats too */
    double x[] = {1, 3, 0x1p-66};
    long double v[DIST_OUTPUTS] = {0}, mag[DIST_OUTPUTS] = {0};
    oracle(m, 1, x, v, mag);
    hold(m, NLL_F32, 1, x, v, mag, "point");
}

/* Relative to what is left: near a beta's uniform density the loss of which is 0, to |a - 1| and
 * |b - 1| times what they count for; of the slope in the size of a negative binomial at y = 0,
 * whose two terms cancel in part, to itself. */
Test(dist_accuracy, what_is_left) {
    enum { N = 512 };
    const struct dist_model *beta = dist_find("beta_alpha_beta"),
                            *counts = dist_find("negative_binomial_mean");
    uint64_t state = gen_state(7300);
    size_t n = gen_count(N);
    double x[N * 3], got[N * DIST_OUTPUTS];
    long double v[DIST_OUTPUTS], worst[2] = {0, 0};
    for (int kind = 0; kind < 2; kind++) {
        const struct dist_model *m = kind ? counts : beta;
        for (size_t i = 0; i < n; i++) {
            double *at = x + 3 * i, u[3];
            for (int k = 0; k < 3; k++) u[k] = ldexp((double)(gen_bits(&state) >> 11), -53);
            for (int k = 0; k < 2 && !kind; k++)
                at[k] = 1 + ldexp(u[k] - 0.5, -1 - (int)gen_below(48, &state));
            at[2] = kind ? 0 : gen_below(2, &state) ? u[2] : ldexp(0.5 + u[2] / 2, -(int)(i % 60));
            if (!kind) continue;
            at[1] = ldexp(1 + u[1], (int)gen_below(60, &state) - 20);
            at[0] = at[1] * (i % 4 ? 0.75 + u[0] : ldexp(1 + u[0], (int)(i % 80) - 40));
        }
        dist_run(m, NLL_F64, n, x, got);
        for (size_t i = 0; i < n; i++) {
            const double *at = x + 3 * i;
            dist_oracle(m, at, v);
            size_t o = kind ? 2 : 0;
            long double size = fabsl(v[o]);
            if (!kind)
                size = fabsl(at[0] - 1.0L) * (1 - logl(at[2])) +
                       fabsl(at[1] - 1.0L) * (1 - log1pl(-at[2]));
            long double error = fabsl(got[i * dist_outputs(m) + o] - v[o]) / size * 0x1p53L;
            if (error > worst[kind]) worst[kind] = error;
        }
    }
    fprintf(stderr, "near uniform %.3Lg u, d size at 0 %.3Lg u\n", worst[0], worst[1]);
    cr_expect(worst[0] < 6 && worst[1] < 6);
}

/* Every distribution, every form of its parameters and every kernel has an oracle and a table. */
Test(dist_accuracy, nothing_is_forgotten) {
    for (int k = 0; k < NLL_KERNELS; k++) {
        const char *name = nll_descs[k].name;
        if (nll_descs[k].family != MAP) continue;
        int other = !strncmp(name, "bernoulli", 9) || !strncmp(name, "gaussian", 8) ||
                    !strncmp(name, "kl_", 3); /* kl_accuracy.c */
        cr_expect(other || dist_find(name), "kernel %s has no oracle", name);
    }
    const nll_distribution *d;
    for (size_t i = 0; (d = nll_distribution_at(i)) != NULL; i++)
        for (size_t p = 0; p < d->parameter_count; p++) {
            int found = 0;
            for (size_t k = 0; k < dist_model_count; k++)
                for (int n = 0; n < DIST_INPUTS - 1; n++)
                    found |= !strcmp(dist_models[k].distribution, d->name) &&
                             dist_models[k].parameters[n] &&
                             !strcmp(dist_models[k].parameters[n], d->parameters[p].name);
            cr_expect(found, "%s: parameter %s has no oracle", d->name, d->parameters[p].name);
        }
    for (size_t k = 0; k < dist_model_count; k++)
        cr_expect(dist_kernel(&dist_models[k]) >= 0, "no kernel %s", dist_models[k].kernel);
}
