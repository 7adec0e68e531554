/* fit.c: nll_fit: real samples against high precision, samples without a maximum, weights, fixed
 * parameters, forms and errors. */
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <nll/nll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 128 };

struct sample {
    double y[MOST], w[MOST];
    size_t n;
};

static FILE *open_data(const char *name) {
    char path[500];
    const char *folder = getenv("NLL_TEST_DATA");
    snprintf(path, sizeof path, "%s/fit/%s", folder ? folder : "tests", name);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s: cannot be read", path);
    return file;
}

static struct sample read_sample(const char *name) {
    struct sample s = {.n = 0};
    char line[200], file_name[80];
    snprintf(file_name, sizeof file_name, "%s.txt", name);
    FILE *file = open_data(file_name);
    for (; fgets(line, sizeof line, file); s.n++) {
        cr_assert_lt(s.n, (size_t)MOST);
        char *end;
        s.y[s.n] = strtod(line, &end);
        s.w[s.n] = strtod(end, &end);
        if (!(s.w[s.n] > 0)) s.w[s.n] = 1;
    }
    fclose(file);
    return s;
}

static nll_status fit(const char *model, const struct sample *s, const nll_fit_parameter *given,
                      size_t count, nll_fit_result *r) {
    *r = (nll_fit_result){.struct_size = sizeof *r};
    return nll_fit(&(nll_fit_args){.struct_size = sizeof(nll_fit_args),
                                   .model = model,
                                   .rows = s->n,
                                   .target = nll_view_1d(s->y, NLL_F64, s->n),
                                   .sample_weight = nll_view_1d(s->w, NLL_F64, s->n),
                                   .parameters = given,
                                   .parameter_count = count},
                   r);
}

static const nll_fit_estimate *estimate(const nll_fit_result *r, const char *name) {
    for (int i = 0; i < r->parameter_count; i++)
        if (!strcmp(r->estimate[i].name, name)) return &r->estimate[i];
    cr_assert(0, "no %s", name);
    return NULL;
}

static int near(double x, double y, double tolerance) { return x == y || fabs(x - y) <= tolerance; }

/* Estimates to 2e-8 of their standard error, errors to seven digits. */
Test(fit, real_samples_against_high_precision) {
    FILE *file = open_data("expected.txt");
    char line[500];
    size_t lines = 0;
    for (; fgets(line, sizeof line, file); lines++) {
        char *model = strtok(line, " \n"), *name = strtok(NULL, " \n");
        char *fixed = strtok(NULL, " \n");
        double loglik = strtod(strtok(NULL, " \n"), NULL);
        struct sample s = read_sample(name);
        nll_fit_parameter given = {.name = "total_count", .fixed = nll_number(12)};
        nll_fit_result r;
        EXPECT_STATUS(NLL_OK, fit(model, &s, &given, strcmp(fixed, "-") ? 1 : 0, &r));
        cr_expect(r.converged && r.outcome == NLL_FIT_CONVERGED, "%s %s: %s", model, name,
                  nll_fit_outcome_string(r.outcome));
        cr_expect(near(r.log_likelihood, loglik, 1e-13 * (fabs(loglik) + r.weight_sum)),
                  "%s %s: log-likelihood %.17g, not %.17g", model, name, r.log_likelihood, loglik);
        cr_expect(near(r.aic, 2 * r.free_count - 2 * r.log_likelihood, 1e-9));
        cr_expect_leq(r.gradient_norm, 1e-8);
        int k = 0;
        for (char *key; (key = strtok(NULL, " \n")); k++) {
            double value = strtod(strtok(NULL, " \n"), NULL);
            double error = strtod(strtok(NULL, " \n"), NULL);
            const nll_fit_estimate *e = estimate(&r, key);
            cr_expect(near(e->value, value, 2e-8 * error + 4e-16 * fabs(value)),
                      "%s %s: %s %.17g, not %.17g", model, name, key, e->value, value);
            cr_expect(near(e->standard_error, error, 1e-7 * error),
                      "%s %s: error of %s %.17g, not %.17g", model, name, key, e->standard_error,
                      error);
        }
        cr_expect_eq(k, r.free_count);
    }
    fclose(file);
    cr_expect_geq(lines, (size_t)23);
}

/* Half an interval of medians, and the mean distance from there. */
Test(fit, laplace_is_the_median) {
    struct sample s = read_sample("michelson");
    nll_fit_result r;
    EXPECT_STATUS(NLL_OK, fit("laplace", &s, NULL, 0, &r));
    double sum = 0;
    for (size_t i = 0; i < s.n; i++) sum += fabs(s.y[i] - 850);
    cr_expect_eq(r.estimate[0].value, 850);
    cr_expect(near(r.estimate[1].value, sum / 100, 1e-12));
    struct sample even = {.y = {4, 1, 2, -3}, .w = {1, 1, 1, 1}, .n = 4};
    EXPECT_STATUS(NLL_OK, fit("laplace", &even, NULL, 0, &r));
    cr_expect_eq(r.estimate[0].value, 1.5);
    even.w[0] = 2.5;
    EXPECT_STATUS(NLL_OK, fit("laplace", &even, NULL, 0, &r));
    cr_expect_eq(r.estimate[0].value, 2);
}

Test(fit, pareto_begins_at_the_least) {
    struct sample s = read_sample("proschan");
    nll_fit_result r;
    EXPECT_STATUS(NLL_OK, fit("pareto", &s, NULL, 0, &r));
    cr_expect_eq(r.estimate[1].value, 1);
    cr_expect(isnan(r.estimate[1].standard_error));
    cr_expect(near(r.estimate[0].standard_error, r.estimate[0].value / sqrt(30), 1e-9));
    cr_expect_eq(r.free_count, 2);
}

/* ---- where there is no maximum inside */

struct edge {
    const char *model, *fixed;
    double at;
    double y[8];
    size_t n;
    nll_fit_outcome outcome;
    const char *about; /* NULL: none */
    double value[2];   /* of the free parameters, NaN: any */
};
#define ANY ((double)NAN)
#define INF ((double)INFINITY)
static const struct edge edges[] = {
    {"gaussian", NULL, 0, {3, 3, 3}, 3, NLL_FIT_UNBOUNDED, "scale", {3, 0}},
    {"gaussian", "loc", 2, {3, 3, 3}, 3, NLL_FIT_CONVERGED, NULL, {2, 1}},
    {"gaussian", "scale", 2, {3, 3, 3}, 3, NLL_FIT_CONVERGED, NULL, {3, 2}},
    {"lognormal", NULL, 0, {3, 3}, 2, NLL_FIT_UNBOUNDED, "scale", {ANY, 0}},
    {"laplace", NULL, 0, {3}, 1, NLL_FIT_UNBOUNDED, "scale", {3, 0}},
    {"logistic", NULL, 0, {3, 3}, 2, NLL_FIT_UNBOUNDED, "scale", {3, 0}},
    {"gumbel", NULL, 0, {3, 3}, 2, NLL_FIT_UNBOUNDED, "scale", {3, 0}},
    {"cauchy", NULL, 0, {3, 3}, 2, NLL_FIT_UNBOUNDED, "scale", {3, 0}},
    {"cauchy", NULL, 0, {1, 1, 1, 2, 3}, 5, NLL_FIT_UNBOUNDED, "scale", {1, 0}},
    {"half_normal", NULL, 0, {0, 0}, 2, NLL_FIT_UNBOUNDED, "scale", {0, ANY}},
    {"exponential", NULL, 0, {0, 0}, 2, NLL_FIT_UNBOUNDED, "rate", {INF, ANY}},
    {"gamma", NULL, 0, {2, 2, 2}, 3, NLL_FIT_UNBOUNDED, "concentration", {INF, INF}},
    {"inverse_gamma", NULL, 0, {2, 2}, 2, NLL_FIT_UNBOUNDED, "concentration", {INF, INF}},
    {"weibull", NULL, 0, {2, 2, 2}, 3, NLL_FIT_UNBOUNDED, "concentration", {INF, 2}},
    {"pareto", NULL, 0, {2, 2, 2}, 3, NLL_FIT_UNBOUNDED, "concentration", {INF, 2}},
    {"von_mises", NULL, 0, {2, 2, 2}, 3, NLL_FIT_UNBOUNDED, "concentration", {2, INF}},
    {"beta", NULL, 0, {0, 0.5, 0.25}, 3, NLL_FIT_UNBOUNDED, "alpha", {ANY, ANY}},
    {"beta", NULL, 0, {1, 0.5, 0.25}, 3, NLL_FIT_UNBOUNDED, "beta", {ANY, ANY}},
    {"beta", NULL, 0, {0.5, 0.5}, 2, NLL_FIT_UNBOUNDED, "beta", {INF, INF}},
    {"poisson", NULL, 0, {0, 0}, 2, NLL_FIT_BOUNDARY, "rate", {0, ANY}},
    {"geometric", NULL, 0, {0, 0}, 2, NLL_FIT_BOUNDARY, "probs", {1, ANY}},
    {"bernoulli", NULL, 0, {0, 0}, 2, NLL_FIT_BOUNDARY, "probs", {0, ANY}},
    {"bernoulli", NULL, 0, {1, 1}, 2, NLL_FIT_BOUNDARY, "probs", {1, ANY}},
    {"tweedie", "power", 1.5, {0, 0}, 2, NLL_FIT_BOUNDARY, "mean", {0, 1.5}},
    {"binomial", "total_count", 4, {4, 4}, 2, NLL_FIT_BOUNDARY, "probs", {ANY, 1}},
    {"negative_binomial", NULL, 0, {0, 0}, 2, NLL_FIT_BOUNDARY, "mean", {0, ANY}},
    {"negative_binomial", NULL, 0, {3, 4, 5, 4}, 4, NLL_FIT_LIMIT, "size", {4, INF}},
    {"zero_inflated_poisson", NULL, 0, {1, 2, 3}, 3, NLL_FIT_BOUNDARY, "gate", {0, 2}},
    {"zero_inflated_poisson", NULL, 0, {0, 0, 0}, 3, NLL_FIT_BOUNDARY, "gate", {1, ANY}},
    {"zero_inflated_poisson", NULL, 0, {0, 1, 2, 5}, 4, NLL_FIT_CONVERGED, NULL, {ANY, ANY}},
    {"student_t", NULL, 0, {-3, -2, -1, 0, 1, 2, 3}, 7, NLL_FIT_LIMIT, "df", {INF, 0}},
    {"student_t", "df", 1, {1, 1, 1, 2, 3}, 5, NLL_FIT_UNBOUNDED, "scale", {1, 1}},
    {"von_mises", "concentration", 2, {1, 2}, 2, NLL_FIT_CONVERGED, NULL, {1.5, 2}},
};

Test(fit, samples_without_a_maximum_are_told) {
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const struct edge *e = &edges[i];
        struct sample s = {.n = e->n};
        nll_fit_parameter given = {.name = e->fixed, .fixed = nll_number(e->at)};
        nll_fit_result r;
        memcpy(s.y, e->y, sizeof e->y);
        for (size_t k = 0; k < s.n; k++) s.w[k] = 1;
        EXPECT_STATUS(NLL_OK, fit(e->model, &s, &given, e->fixed ? 1 : 0, &r));
        cr_expect_eq(r.outcome, e->outcome, "%s %zu: %s", e->model, i,
                     nll_fit_outcome_string(r.outcome));
        const char *about = r.parameter < 0 ? "none" : r.estimate[r.parameter].name;
        cr_expect_str_eq(about, e->about ? e->about : "none", "%s %zu: about %s", e->model, i,
                         about);
        cr_expect_eq(r.converged, e->outcome != NLL_FIT_UNBOUNDED, "%s %zu", e->model, i);
        for (int k = 0; k < 2 && k < r.parameter_count; k++)
            cr_expect(isnan(e->value[k]) ||
                          near(r.estimate[k].value, e->value[k], 1e-12 * fabs(e->value[k]) + 1e-13),
                      "%s %zu: %s is %.17g", e->model, i, r.estimate[k].name, r.estimate[k].value);
        if (e->outcome == NLL_FIT_UNBOUNDED) cr_expect_eq(r.log_likelihood, INF);
    }
}

/* A limit has the likelihood and the other parameters of the limiting model. */
Test(fit, limits_are_those_of_the_limiting_models) {
    struct sample s = {.y = {1000, 1001, 1002, 999}, .w = {1, 1, 1, 1}, .n = 4};
    nll_fit_result a, b;
    EXPECT_STATUS(NLL_OK, fit("negative_binomial", &s, NULL, 0, &a));
    EXPECT_STATUS(NLL_OK, fit("poisson", &s, NULL, 0, &b));
    cr_expect(near(a.log_likelihood, b.log_likelihood, 1e-13 * fabs(b.log_likelihood)));
    cr_expect(near(a.estimate[0].standard_error, b.estimate[0].standard_error, 1e-9));
    cr_expect(near(a.aic - b.aic, 2, 1e-9), "the parameter counts all the same");
    struct sample t = {.y = {2, 3, 2, 3}, .w = {1, 1, 1, 1}, .n = 4};
    nll_fit_parameter total = {.name = "total_count", .fixed = nll_number(5)};
    EXPECT_STATUS(NLL_OK, fit("beta_binomial", &t, &total, 1, &a));
    EXPECT_STATUS(NLL_OK, fit("binomial", &t, &total, 1, &b));
    cr_expect_eq(a.outcome, NLL_FIT_LIMIT);
    cr_expect(near(a.log_likelihood, b.log_likelihood, 1e-12));
    struct sample u = {.y = {-3, -2, -1, 0.5, 1, 2, 3}, .w = {1, 1, 1, 1, 1, 1, 1}, .n = 7};
    EXPECT_STATUS(NLL_OK, fit("student_t", &u, NULL, 0, &a));
    EXPECT_STATUS(NLL_OK, fit("gaussian", &u, NULL, 0, &b));
    cr_expect(near(a.log_likelihood, b.log_likelihood, 1e-12));
    for (int k = 0; k < 2; k++) {
        cr_expect(near(a.estimate[k + 1].value, b.estimate[k].value, 1e-7));
        cr_expect(near(a.estimate[k + 1].standard_error, b.estimate[k].standard_error, 1e-7));
    }
}

/* ---- arguments */

Test(fit, a_weight_is_a_repetition) {
    struct sample s = read_sample("mites");
    static double y[200];
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; k < (size_t)s.w[i]; k++) y[n++] = s.y[i];
    cr_assert_eq(n, (size_t)150);
    static const char *const models[] = {"poisson", "negative_binomial", "geometric"};
    for (int m = 0; m < 3; m++) {
        nll_fit_result a, b = {.struct_size = sizeof b};
        EXPECT_STATUS(NLL_OK, fit(models[m], &s, NULL, 0, &a));
        EXPECT_STATUS(NLL_OK, nll_fit(&(nll_fit_args){.struct_size = sizeof(nll_fit_args),
                                                      .model = models[m],
                                                      .rows = n,
                                                      .target = nll_view_1d(y, NLL_F64, n)},
                                      &b));
        cr_expect(near(a.log_likelihood, b.log_likelihood, 1e-10));
        cr_expect(near(a.bic, b.bic, 1e-9));
        for (int k = 0; k < a.parameter_count; k++) {
            double error = a.estimate[k].standard_error;
            cr_expect(near(a.estimate[k].value, b.estimate[k].value, 3e-8 * error));
            cr_expect(near(error, b.estimate[k].standard_error, 1e-6 * error));
        }
    }
}

Test(fit, rows_of_weight_zero_are_not_there) {
    struct sample s = read_sample("proschan"), t = s;
    nll_fit_result a, b;
    t.y[t.n] = -7; /* outside the support */
    t.w[t.n++] = 0;
    t.y[t.n] = (double)NAN;
    t.w[t.n++] = 0;
    EXPECT_STATUS(NLL_OK, fit("gamma", &s, NULL, 0, &a));
    EXPECT_STATUS(NLL_OK, fit("gamma", &t, NULL, 0, &b));
    cr_expect_eq(b.count, 30u);
    cr_expect_eq(a.log_likelihood, b.log_likelihood);
    cr_expect_eq(a.estimate[0].value, b.estimate[0].value);
    t.w[t.n - 2] = 1;
    EXPECT_STATUS(NLL_E_DOMAIN, fit("gamma", &t, NULL, 0, &b));
    cr_expect_eq(b.bad_row, 30);
    t.w[3] = -1;
    EXPECT_STATUS(NLL_E_DOMAIN, fit("gamma", &t, NULL, 0, &b));
    cr_expect_eq(b.bad_row, 3);
    memset(t.w, 0, sizeof t.w);
    EXPECT_STATUS(NLL_E_EMPTY, fit("gamma", &t, NULL, 0, &b));
}

/* The same maximum in every form; errors by the rule of the chain. */
Test(fit, forms) {
    static const struct {
        const char *model, *file, *form, *other;
    } table[] = {{"exponential", "proschan", "log_rate", "rate"},
                 {"poisson", "mites", "log_rate", "rate"},
                 {"gaussian", "michelson", "var", "scale"},
                 {"geometric", "mites", "logits", "probs"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sample s = read_sample(table[i].file);
        nll_fit_parameter form = {.name = table[i].form};
        nll_fit_result a, b;
        EXPECT_STATUS(NLL_OK, fit(table[i].model, &s, NULL, 0, &a));
        EXPECT_STATUS(NLL_OK, fit(table[i].model, &s, &form, 1, &b));
        double x = estimate(&a, table[i].other)->value, y = estimate(&b, table[i].form)->value;
        double slope = i < 2 ? 1 / x : i == 2 ? 2 * x : 1 / (x * (1 - x));
        double expected = i < 2 ? log(x) : i == 2 ? x * x : log(x / (1 - x));
        cr_expect(near(y, expected, 1e-9 * fabs(expected)), "%s: %.17g", table[i].form, y);
        cr_expect(near(estimate(&b, table[i].form)->standard_error,
                       slope * estimate(&a, table[i].other)->standard_error, 1e-7 * slope * x));
        cr_expect(near(a.log_likelihood, b.log_likelihood, 1e-11 * fabs(a.log_likelihood)));
    }
    struct sample s = read_sample("prater");
    nll_fit_parameter mean = {.name = "mean"};
    nll_fit_result a, b;
    EXPECT_STATUS(NLL_OK, fit("beta", &s, NULL, 0, &a));
    EXPECT_STATUS(NLL_OK, fit("beta", &s, &mean, 1, &b));
    double alpha = a.estimate[0].value, beta = a.estimate[1].value;
    cr_expect_str_eq(b.estimate[1].name, "precision");
    cr_expect(near(b.estimate[0].value, alpha / (alpha + beta), 1e-8));
    cr_expect(near(b.estimate[1].value, alpha + beta, 1e-6));
}

/* Held at the estimate, the others stay; held by rows, it is a regression with an offset. */
Test(fit, fixed_parameters) {
    struct sample s = read_sample("proschan");
    nll_fit_result a, b;
    EXPECT_STATUS(NLL_OK, fit("gamma", &s, NULL, 0, &a));
    nll_fit_parameter held = {.name = "concentration", .fixed = nll_number(a.estimate[0].value)};
    EXPECT_STATUS(NLL_OK, fit("gamma", &s, &held, 1, &b));
    cr_expect(near(b.estimate[1].value, a.estimate[1].value, 2e-8 * a.estimate[1].standard_error));
    cr_expect_lt(b.estimate[1].standard_error, a.estimate[1].standard_error);
    cr_expect_eq(b.free_count, 1);
    cr_expect(b.estimate[0].fixed && b.estimate[0].standard_error == 0);
    double loc[MOST], shifted[MOST];
    for (size_t i = 0; i < s.n; i++) {
        loc[i] = (double)(i % 7);
        shifted[i] = s.y[i] - loc[i];
    }
    nll_fit_parameter rows = {.name = "loc", .fixed = nll_view_1d(loc, NLL_F64, s.n)};
    EXPECT_STATUS(NLL_OK, fit("logistic", &s, &rows, 1, &a));
    memcpy(s.y, shifted, sizeof shifted);
    rows.fixed = nll_number(0);
    EXPECT_STATUS(NLL_OK, fit("logistic", &s, &rows, 1, &b));
    cr_expect(near(a.estimate[1].value, b.estimate[1].value, 2e-8 * b.estimate[1].standard_error));
    cr_expect(isnan(a.estimate[0].value));
}

Test(fit, errors) {
    struct sample s = read_sample("proschan");
    nll_fit_result r;
    nll_fit_parameter p[2] = {{.name = "rate"}, {.name = "log_rate"}};
    EXPECT_STATUS(NLL_E_VALUE, fit("gama", &s, NULL, 0, &r));
    EXPECT_STATUS(NLL_E_NULL, fit(NULL, &s, NULL, 0, &r));
    EXPECT_STATUS(NLL_E_NULL, fit("gamma", &s, NULL, 1, &r));
    EXPECT_STATUS(NLL_E_VALUE, fit("exponential", &s, p, 2, &r));
    EXPECT_STATUS(NLL_E_VALUE, fit("gamma", &s, &p[1], 1, &r));
    EXPECT_STATUS(NLL_E_VALUE, fit("binomial", &s, NULL, 0, &r));
    EXPECT_STATUS(NLL_E_VALUE, fit("tweedie", &s, NULL, 0, &r));
    p[0].fixed = nll_number(-1);
    EXPECT_STATUS(NLL_E_VALUE, fit("gamma", &s, p, 1, &r));
    p[0] = (nll_fit_parameter){.name = "rate", .has_start = 1, .start = -1};
    EXPECT_STATUS(NLL_E_VALUE, fit("gamma", &s, p, 1, &r));
    p[0] = (nll_fit_parameter){.name = "scale", .fixed = nll_view_1d(s.y, NLL_F64, s.n)};
    EXPECT_STATUS(NLL_E_UNSUPPORTED, fit("laplace", &s, p, 1, &r));
    p[0].fixed.rows--;
    EXPECT_STATUS(NLL_E_SHAPE, fit("gumbel", &s, p, 1, &r));
    s.n = 0;
    EXPECT_STATUS(NLL_E_EMPTY, fit("gamma", &s, NULL, 0, &r));
    EXPECT_STATUS(NLL_E_NULL, nll_fit(NULL, &r));
    size_t count;
    for (size_t i = 0; nll_distribution_at(i); i++) /* each has a start */
        cr_expect(nll_fit_parameters(nll_distribution_at(i)->name, &count), "%s",
                  nll_distribution_at(i)->name);
    cr_expect_null(nll_fit_parameters("dirichlet", &count));
    cr_expect_eq(count, 0u);
    cr_expect_str_eq(nll_fit_outcome_string((nll_fit_outcome)99), "unknown outcome");
}

/* Few steps are told, and a result of an older struct is not written beyond its end. */
Test(fit, limits_and_sizes) {
    struct sample s = read_sample("michelson");
    nll_fit_args a = {.struct_size = sizeof a,
                      .model = "student_t",
                      .rows = s.n,
                      .target = nll_view_1d(s.y, NLL_F64, s.n),
                      .max_iterations = 1};
    nll_fit_result r;
    memset(&r, 0x55, sizeof r);
    r.struct_size = offsetof(nll_fit_result, aic);
    EXPECT_STATUS(NLL_OK, nll_fit(&a, &r));
    cr_expect_eq(r.outcome, NLL_FIT_ITERATIONS);
    cr_expect_eq(r.converged, 0);
    unsigned char after[8];
    memcpy(after, &r.aic, sizeof after);
    for (int i = 0; i < 8; i++) cr_expect_eq(after[i], 0x55);
    EXPECT_STATUS(NLL_OK, nll_fit(&a, NULL));
}
