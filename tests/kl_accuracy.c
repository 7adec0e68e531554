/* kl_accuracy.c: KL(p||q) of two members of a family against MPFR, bounds from kernels.def: values
 * and gradients, p close to q as well as far from it. */
#include "gen.h"
#include "kernel.h"
#include "kl_oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_distribution *family_of(const char *name) {
    const nll_distribution *d;
    for (size_t i = 0; (d = nll_kl_family_at(i)) != NULL; i++)
        if (strcmp(d->name, name) == 0) return d;
    cr_assert_fail("no family %s", name);
    return NULL;
}
static const nll_parameter *parameter_of(const nll_distribution *d, const char *name) {
    for (size_t i = 0; i < d->parameter_count; i++)
        if (strcmp(d->parameters[i].name, name) == 0) return &d->parameters[i];
    cr_assert_fail("%s has no %s", d->name, name);
    return NULL;
}
static double bound_of(const char *kernel, nll_dtype type) {
    for (int k = 0; k < NLL_KERNELS; k++)
        if (strcmp(nll_descs[k].name, kernel) == 0) return nll_descs[k].ulp[type == NLL_F64];
    cr_assert_fail("no kernel %s", kernel);
    return 0;
}

/* x [n, inputs] to out [n, 1 + inputs] */
static void score(const struct kl_model *m, nll_dtype type, size_t n, const double *x,
                  double *out) {
    const nll_distribution *d = family_of(m->family);
    size_t outputs = m->inputs + 1;
    void *in[KL_INPUTS] = {0}, *got[KL_OUTPUTS] = {0};
    char *args = calloc(1, d->args_size);
    double *column = new_doubles(n);
    cr_assert_not_null(args);
    *(size_t *)(void *)args = d->args_size;
    *(size_t *)(void *)(args + d->rows) = n;
    ((nll_common *)(void *)(args + d->common))->reduction = NLL_SUM;
    for (size_t o = 0; o < outputs; o++) {
        got[o] = new_array(type, n);
        size_t at = o ? parameter_of(d, m->names[o - 1])->grad : d->nll;
        *(nll_out *)(void *)(args + at) = nll_out_1d(got[o], type, n);
    }
    for (size_t k = 0; k < m->inputs; k++) {
        for (size_t i = 0; i < n; i++) column[i] = x[i * m->inputs + k];
        in[k] = to_array(type, n, column);
        size_t at = parameter_of(d, m->names[k])->view;
        *(nll_view *)(void *)(args + at) = nll_view_1d(in[k], type, n);
    }
    ASSERT_OK(nll_kl_family(d, args, NULL));
    for (size_t o = 0; o < outputs; o++) {
        for (size_t i = 0; i < n; i++) out[i * outputs + o] = elem_get(got[o], type, (ptrdiff_t)i);
        free(got[o]);
    }
    for (size_t k = 0; k < m->inputs; k++) free(in[k]);
    free(args);
    free(column);
}

static struct criterion_test_params indices(void) {
    static int index[64];
    for (int i = 0; i < 64; i++) index[i] = i;
    return cr_make_param_array(int, index, 2 * kl_model_count);
}

/* n points x [n, inputs] against the oracle */
static void hold(const struct kl_model *m, nll_dtype type, size_t n, const double *x,
                 const char *how) {
    size_t inputs = m->inputs, outputs = inputs + 1;
    double *got = new_doubles(n * outputs);
    long double *v = calloc(n * outputs + 1, sizeof *v),
                *mag = calloc(n * outputs + 1, sizeof *mag);
    cr_assert(v && mag);
    for (size_t i = 0; i < n; i++) kl_oracle(m, x + i * inputs, v + i * outputs, mag + i * outputs);
    score(m, type, n, x, got);
    for (size_t o = 0; o < outputs; o++) {
        char label[80];
        snprintf(label, sizeof label, "%s %s %s", nll_dtype_name(type), m->kernel, how);
        struct tally t = {.what = o ? m->names[o - 1] : "value",
                          .limit = bound_of(m->kernel, type)};
        for (size_t i = 0; i < n; i++) {
            double tiny = type == NLL_F64 ? 0x1p-1022 : tiny_of(type);
            tally_add(&t, i, o, got[i * outputs + o], v[i * outputs + o],
                      ulp_of(type, mag[i * outputs + o]), tiny, huge_of(type));
            if (o == 0) cr_expect(got[i * outputs] >= 0, "%s: %g", label, got[i * outputs]);
        }
        if (t.worst > t.limit) {
            fprintf(stderr, "%s %s row %zu:", label, t.what, t.row);
            for (size_t k = 0; k < inputs; k++) fprintf(stderr, " %a", x[t.row * inputs + k]);
            fprintf(stderr, " magnitude %.6Lg\n", mag[t.row * outputs + o]);
        }
        tally_check(&t, label);
    }
    free(got);
    free(v);
    free(mag);
}

ParameterizedTestParameters(kl_accuracy, random_points) { return indices(); }
ParameterizedTest(int *index, kl_accuracy, random_points, .timeout = 3600) {
    const struct kl_model *m = &kl_models[*index / 2];
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    size_t n = gen_count(512);
    uint64_t state = gen_state(9100 + (uint64_t)*index);
    double *x = new_doubles(n * m->inputs);
    for (size_t i = 0; i < n; i++) kl_draw(m, type == NLL_F32, 0, x + i * m->inputs, &state);
    hold(m, type, n, x, "random");
    free(x);
}

/* q is p but for a factor that both parameters share, nearly: one mean, or almost, by shapes that
 * may be far apart.  The leading terms of the gradients cancel there. */
ParameterizedTestParameters(kl_accuracy, proportional) { return indices(); }
ParameterizedTest(int *index, kl_accuracy, proportional, .timeout = 3600) {
    const struct kl_model *m = &kl_models[*index / 2];
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    if (strcmp(m->kernel, "kl_gamma") != 0 && strcmp(m->kernel, "kl_beta") != 0)
        cr_skip_test("not a pair of shapes");
    size_t n = gen_count(512);
    uint64_t state = gen_state(9400 + (uint64_t)*index);
    double *x = new_doubles(n * 4);
    int range = type == NLL_F32 ? 20 : 45, bits = type == NLL_F32 ? 22 : 51;
    for (size_t i = 0; i < n; i++) {
        double near = ldexp(1, -(int)gen_below((uint64_t)bits, &state)), u[5];
        for (int k = 0; k < 5; k++) u[k] = ldexp((double)(gen_bits(&state) >> 11), -52) - 1;
        double factor =
            gen_below(2, &state) ? 1 + u[4] * near : ldexp(1 + u[4] / 2, (int)(i % 5) - 2);
        for (int k = 0; k < 2; k++) {
            int e = (int)gen_below(2 * (uint64_t)range, &state) - range;
            double tip = ldexp(1, -(int)gen_below((uint64_t)bits, &state)) / 2;
            x[4 * i + k] = round_to(type, ldexp(1.5 + u[k] / 2, e));
            x[4 * i + 2 + k] = round_to(type, x[4 * i + k] * factor * (1 + u[2 + k] * tip));
        }
    }
    hold(m, type, n, x, "proportional");
    free(x);
}

/* The whole range that the header promises: no NaN, no divergence below 0. */
ParameterizedTestParameters(kl_accuracy, whole_range) {
    static int index[64];
    for (int i = 0; i < 64; i++) index[i] = i;
    return cr_make_param_array(int, index, kl_model_count);
}
ParameterizedTest(int *index, kl_accuracy, whole_range, .timeout = 600) {
    const struct kl_model *m = &kl_models[*index];
    size_t n = gen_count(200000), inputs = m->inputs, outputs = inputs + 1, bad = 0;
    uint64_t state = gen_state(9300 + (uint64_t)*index);
    double *x = new_doubles(n * inputs), *got = new_doubles(n * outputs);
    for (size_t i = 0; i < n; i++) kl_draw(m, 0, 1000, x + i * inputs, &state);
    score(m, NLL_F64, n, x, got);
    for (size_t i = 0; i < n; i++) {
        int fine = got[i * outputs] >= 0;
        for (size_t o = 1; o < outputs; o++) fine &= !isnan(got[i * outputs + o]);
        if (fine) continue;
        if (bad++ > 4) break;
        fprintf(stderr, "%s:", m->kernel);
        for (size_t k = 0; k < inputs; k++) fprintf(stderr, " %a", x[i * inputs + k]);
        for (size_t o = 0; o < outputs; o++) fprintf(stderr, " %g", got[i * outputs + o]);
        fprintf(stderr, "\n");
    }
    cr_expect(bad == 0, "%s", m->kernel);
    free(x);
    free(got);
}

/* Dirichlet: rows of a few classes, as the gamma's parameters are drawn. */
enum { CLASSES = 5 };
ParameterizedTestParameters(kl_accuracy, dirichlet) {
    static int types[] = {NLL_F32, NLL_F64};
    return cr_make_param_array(int, types, 2);
}
ParameterizedTest(int *index, kl_accuracy, dirichlet, .timeout = 3600) {
    nll_dtype type = (nll_dtype)*index;
    const struct kl_model gamma = {.inputs = 4, .domains = {KL_POSITIVE, KL_POSITIVE}};
    size_t n = gen_count(256);
    uint64_t state = gen_state(9200 + (uint64_t)*index);
    double limit = type == NLL_F32 ? 0.51 : bound_of("row_kl_dirichlet", NLL_F64);
    double *p = new_doubles(n * CLASSES), *q = new_doubles(n * CLASSES);
    for (size_t i = 0; i < n * CLASSES; i++) {
        double x[4];
        kl_draw(&gamma, type == NLL_F32, 0, x, &state);
        p[i] = x[0];
        q[i] = x[2];
    }
    /* every other row near: all classes by about the same power of two */
    for (size_t i = 0; i < n; i += 2) {
        int bits = (int)gen_below(type == NLL_F32 ? 20 : 48, &state) + 2;
        for (size_t c = 0; c < CLASSES; c++) {
            double u = ldexp((double)(gen_bits(&state) >> 12), -51) - 1;
            q[i * CLASSES + c] = round_to(type, p[i * CLASSES + c] * (1 + ldexp(u, -bits)));
        }
    }
    void *in[2] = {to_array(type, n * CLASSES, p), to_array(type, n * CLASSES, q)}, *out[3];
    for (int o = 0; o < 3; o++) out[o] = new_array(type, o ? n * CLASSES : n);
    nll_kl_dirichlet_args a = {.struct_size = sizeof a,
                               .p_concentration = nll_view_2d(in[0], type, n, CLASSES),
                               .q_concentration = nll_view_2d(in[1], type, n, CLASSES),
                               .common.reduction = NLL_SUM,
                               .divergence = nll_out_1d(out[0], type, n),
                               .grad_p_concentration = nll_out_2d(out[1], type, n, CLASSES),
                               .grad_q_concentration = nll_out_2d(out[2], type, n, CLASSES)};
    ASSERT_OK(nll_kl_dirichlet(&a, NULL));
    static const char *const names[] = {"value", "p", "q"};
    struct tally t[3];
    for (int o = 0; o < 3; o++) t[o] = (struct tally){.what = names[o], .limit = limit};
    for (size_t i = 0; i < n; i++) {
        size_t c = gen_below(CLASSES, &state);
        long double v[3], mag[3];
        kl_oracle_dirichlet(CLASSES, p + i * CLASSES, q + i * CLASSES, c, v, mag);
        for (int o = 0; o < 3; o++)
            tally_add(&t[o], i, c, elem_get(out[o], type, (ptrdiff_t)(o ? i * CLASSES + c : i)),
                      v[o], ulp_of(type, mag[o]), type == NLL_F64 ? 0x1p-1022 : tiny_of(type),
                      huge_of(type));
    }
    for (int o = 0; o < 3; o++) {
        for (size_t c = 0; c < CLASSES && t[o].worst > limit; c++)
            fprintf(stderr, "row %zu: %a %a\n", t[o].row, p[t[o].row * CLASSES + c],
                    q[t[o].row * CLASSES + c]);
        tally_check(&t[o], type == NLL_F32 ? "f32 dirichlet" : "f64 dirichlet");
        free(out[o]);
    }
    free(in[0]);
    free(in[1]);
    free(p);
    free(q);
}
