/* fit_samples.c: nll_fit on samples drawn from every model: the parameters come back, the gradient
 * is 0 there, and neither instruction set nor threads change a bit. */
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <nll/nll.h>
#include <stdlib.h>
#include <string.h>

/* ---- draws, through functions that have the same bits everywhere */

static double uniform(uint64_t *s) { return ldexp((double)(gen_bits(s) >> 12) + 0.5, -52); }
static double apply(nll_status (*f)(size_t, nll_view, nll_out), double x) {
    double y;
    f(1, nll_view_1d(&x, NLL_F64, 1), nll_out_1d(&y, NLL_F64, 1));
    return y;
}
static double log_of(double x) { return apply(nll_vlog, x); }
static double exp_of(double x) { return apply(nll_vexp, x); }
static double waiting(uint64_t *s) { return -log_of(uniform(s)); }
static double normal(uint64_t *s) {
    double r = sqrt(2 * waiting(s));
    return r * apply(nll_vcos, 6.283185307179586 * uniform(s));
}
static double gamma_of(int shape, uint64_t *s) {
    double sum = 0;
    for (int i = 0; i < shape; i++) sum += waiting(s);
    return sum;
}
static double poisson_of(double rate, uint64_t *s) {
    double n = 0, t = waiting(s);
    while (t < rate) {
        t += waiting(s);
        n++;
    }
    return n;
}
static double binomial_of(int n, double p, uint64_t *s) {
    double y = 0;
    for (int i = 0; i < n; i++) y += uniform(s) < p;
    return y;
}
static double beta_of(int a, int b, uint64_t *s) {
    double x = gamma_of(a, s);
    return x / (x + gamma_of(b, s));
}
static double sign(uint64_t *s) { return gen_bits(s) >> 63 ? -1 : 1; }
static double angle(double loc, double k, uint64_t *s) {
    for (;;) {
        double t = 6.283185307179586 * uniform(s);
        if (uniform(s) < exp_of(k * (apply(nll_vcos, t) - 1))) return t + loc;
    }
}

static double d_bernoulli(uint64_t *s) { return uniform(s) < 0.3; }
static double d_gaussian(uint64_t *s) { return 1.5 + 2 * normal(s); }
static double d_binomial(uint64_t *s) { return binomial_of(12, 0.3, s); }
static double d_geometric(uint64_t *s) { return floor(waiting(s) / 0.35667494393873245); }
static double d_poisson(uint64_t *s) { return poisson_of(4.5, s); }
static double d_negative_binomial(uint64_t *s) { return poisson_of(gamma_of(3, s) * 2, s); }
static double d_zip(uint64_t *s) { return uniform(s) < 0.25 ? 0 : poisson_of(2.5, s); }
static double d_beta_binomial(uint64_t *s) { return binomial_of(12, beta_of(2, 3, s), s); }
static double d_lognormal(uint64_t *s) { return exp_of(1 + normal(s) / 2); }
static double d_half_normal(uint64_t *s) { return fabs(2 * normal(s)); }
static double d_laplace(uint64_t *s) { return 1.5 + 2 * sign(s) * waiting(s); }
static double d_cauchy(uint64_t *s) { return 1.5 + 2 * normal(s) / normal(s); }
static double d_logistic(uint64_t *s) {
    double u = uniform(s);
    return 1.5 + 2 * (log_of(u) - log_of(1 - u));
}
static double d_gumbel(uint64_t *s) { return 1.5 - 2 * log_of(waiting(s)); }
static double d_student_t(uint64_t *s) { return 1.5 + 2 * normal(s) / sqrt(gamma_of(2, s) / 2); }
static double d_exponential(uint64_t *s) { return waiting(s) / 0.5; }
static double d_gamma(uint64_t *s) { return gamma_of(3, s) / 0.5; }
static double d_inverse_gamma(uint64_t *s) { return 0.5 / gamma_of(3, s); }
static double d_weibull(uint64_t *s) { return 3 * exp_of(log_of(waiting(s)) / 1.75); }
static double d_pareto(uint64_t *s) { return 2 * exp_of(waiting(s) / 2.5); }
static double d_beta(uint64_t *s) { return beta_of(2, 3, s); }
static double d_von_mises(uint64_t *s) { return angle(1, 2, s); }
static double d_tweedie(uint64_t *s) { return gamma_of((int)poisson_of(1.5, s), s); }

static const struct model {
    const char *name;
    double (*draw)(uint64_t *s);
    const char *fixed;
    double at;
    double truth[NLL_FIT_PARAMETERS]; /* in the order of the result */
    int smooth;                       /* bits of the places where the gradient is 0 */
} models[] = {
    {"bernoulli", d_bernoulli, NULL, 0, {0.3}, 1},
    {"gaussian", d_gaussian, NULL, 0, {1.5, 2}, 3},
    {"binomial", d_binomial, "total_count", 12, {12, 0.3}, 2},
    {"geometric", d_geometric, NULL, 0, {0.3}, 1},
    {"poisson", d_poisson, NULL, 0, {4.5}, 1},
    {"negative_binomial", d_negative_binomial, NULL, 0, {6, 3}, 3},
    {"zero_inflated_poisson", d_zip, NULL, 0, {0.25, 2.5}, 3},
    {"beta_binomial", d_beta_binomial, "total_count", 12, {12, 2, 3}, 6},
    {"lognormal", d_lognormal, NULL, 0, {1, 0.5}, 3},
    {"half_normal", d_half_normal, NULL, 0, {2}, 1},
    {"laplace", d_laplace, NULL, 0, {1.5, 2}, 2},
    {"cauchy", d_cauchy, NULL, 0, {1.5, 2}, 3},
    {"logistic", d_logistic, NULL, 0, {1.5, 2}, 3},
    {"gumbel", d_gumbel, NULL, 0, {1.5, 2}, 3},
    {"student_t", d_student_t, NULL, 0, {4, 1.5, 2}, 7},
    {"exponential", d_exponential, NULL, 0, {0.5}, 1},
    {"gamma", d_gamma, NULL, 0, {3, 0.5}, 3},
    {"inverse_gamma", d_inverse_gamma, NULL, 0, {3, 0.5}, 3},
    {"weibull", d_weibull, NULL, 0, {1.75, 3}, 3},
    {"pareto", d_pareto, NULL, 0, {2.5, 2}, 1},
    {"beta", d_beta, NULL, 0, {2, 3}, 3},
    {"von_mises", d_von_mises, NULL, 0, {1, 2}, 3},
    {"tweedie", d_tweedie, "power", 1.5, {1.5, 1.5}, 1},
};
enum { MODELS = sizeof models / sizeof *models };

static double *draw(const struct model *m, size_t n) {
    double *y = malloc(n * sizeof *y);
    uint64_t state = gen_state((uint64_t)(m - models) + 9000);
    cr_assert(y);
    for (size_t i = 0; i < n; i++) y[i] = m->draw(&state);
    return y;
}

static nll_status fit(const struct model *m, nll_view target, nll_view weight,
                      const nll_executor *executor, nll_fit_result *r) {
    nll_fit_parameter fixed = {.name = m->fixed, .fixed = nll_number(m->at)};
    memset(r, 0, sizeof *r);
    r->struct_size = sizeof *r;
    return nll_fit(&(nll_fit_args){.struct_size = sizeof(nll_fit_args),
                                   .model = m->name,
                                   .rows = target.rows,
                                   .target = target,
                                   .sample_weight = weight,
                                   .parameters = &fixed,
                                   .parameter_count = m->fixed ? 1 : 0,
                                   .executor = executor},
                   r);
}

/* Every model that is one of numbers is here. */
Test(fit_samples, all_distributions) {
    for (size_t i = 0; nll_distribution_at(i); i++) {
        int found = 0;
        for (int k = 0; k < MODELS; k++)
            found |= !strcmp(models[k].name, nll_distribution_at(i)->name);
        cr_expect(found, "%s", nll_distribution_at(i)->name);
    }
}

/* The public functions at the estimates: the sum, and the gradients of all rows. */
struct slopes {
    double sum, *grad[NLL_FIT_PARAMETERS];
};
static struct slopes score(const struct model *m, const nll_fit_result *r, nll_view target) {
    struct slopes out = {0};
    nll_result result = {.struct_size = sizeof result};
    size_t n = target.rows, count;
    _Alignas(16) char args[4096] = {0};
    nll_out grad[NLL_FIT_PARAMETERS];
    for (int k = 0; k < r->parameter_count; k++) {
        out.grad[k] = calloc(n, sizeof(double));
        cr_assert(out.grad[k]);
        grad[k] = nll_out_1d(out.grad[k], NLL_F64, n);
    }
    nll_common sum = {.reduction = NLL_SUM};
    nll_status status;
    if (!strcmp(m->name, "gaussian")) {
        status = nll_gaussian(&(nll_gaussian_args){.struct_size = sizeof(nll_gaussian_args),
                                                   .rows = n,
                                                   .loc = nll_number(r->estimate[0].value),
                                                   .scale = nll_number(r->estimate[1].value),
                                                   .target = target,
                                                   .common = sum,
                                                   .grad_loc = grad[0],
                                                   .grad_spread = grad[1]},
                              &result);
    } else if (!strcmp(m->name, "bernoulli")) {
        status = nll_bernoulli(&(nll_bernoulli_args){.struct_size = sizeof(nll_bernoulli_args),
                                                     .rows = n,
                                                     .probs = nll_number(r->estimate[0].value),
                                                     .target = target,
                                                     .common = sum,
                                                     .grad = grad[0]},
                               &result);
    } else {
        const nll_distribution *d = NULL;
        for (size_t i = 0; nll_distribution_at(i); i++)
            if (!strcmp(nll_distribution_at(i)->name, m->name)) d = nll_distribution_at(i);
        cr_assert(d && d->args_size <= sizeof args);
        memcpy(args, &d->args_size, sizeof d->args_size);
        memcpy(args + d->rows, &n, sizeof n);
        memcpy(args + d->target, &target, sizeof target);
        memcpy(args + d->common, &sum, sizeof sum);
        const nll_parameter *p = nll_fit_parameters(m->name, &count);
        for (size_t i = 0; i < count; i++)
            for (int k = 0; k < r->parameter_count; k++) {
                if (strcmp(p[i].name, r->estimate[k].name) != 0) continue;
                nll_view x = nll_number(r->estimate[k].value);
                memcpy(args + p[i].view, &x, sizeof x);
                if (p[i].grad) memcpy(args + p[i].grad, &grad[k], sizeof grad[k]);
            }
        status = nll_score(d, args, &result);
    }
    EXPECT_STATUS(NLL_OK, status);
    out.sum = result.sum;
    return out;
}

Test(fit_samples, parameters_come_back) {
    size_t n = gen_count(20000);
    for (const struct model *m = models; m < models + MODELS; m++) {
        double *y = draw(m, n);
        nll_view target = nll_view_1d(y, NLL_F64, n);
        nll_fit_result r;
        EXPECT_STATUS(NLL_OK, fit(m, target, (nll_view){.dtype = NLL_ABSENT}, NULL, &r));
        cr_expect_eq(r.outcome, NLL_FIT_CONVERGED, "%s: %s", m->name,
                     nll_fit_outcome_string(r.outcome));
        struct slopes s = score(m, &r, target);
        /* one tree of sums: the very bits */
        cr_expect_eq(s.sum, -r.log_likelihood, "%s: %.17g, not %.17g", m->name, -r.log_likelihood,
                     s.sum);
        for (int k = 0; k < r.parameter_count; k++) {
            const nll_fit_estimate *e = &r.estimate[k];
            double distance = fabs(e->value - m->truth[k]), sum = 0, squares = 0;
            /* tweedie: its dispersion is not 1 */
            double unit = isnan(e->standard_error) ? 20 / (double)n : 2 * e->standard_error;
            cr_expect_leq(distance, 3 * unit, "%s: %s is %g, not %g +- %g", m->name, e->name,
                          e->value, m->truth[k], e->standard_error);
            for (size_t i = 0; i < n; i++) {
                sum += s.grad[k][i];
                squares += s.grad[k][i] * s.grad[k][i];
            }
            if (m->smooth >> k & 1)
                cr_expect_leq(fabs(sum), 1e-7 * sqrt(squares), "%s: gradient of %s %g of %g",
                              m->name, e->name, sum, sqrt(squares));
            free(s.grad[k]);
        }
        free(y);
    }
}

/* ---- bits */

static void backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t i = n; i-- > 0;) task(arg, i, i + 1);
}
static void in_threes(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t i = 0; i < n; i += 3) task(arg, i, i + 3 < n ? i + 3 : n);
}

static void same(const nll_fit_result *a, const nll_fit_result *b, const char *what) {
    /* NaN is one value: the bits of all members behind the size */
    cr_expect_eq(memcmp(a, b, sizeof *a), 0, "%s: %.17g and %.17g", what, a->log_likelihood,
                 b->log_likelihood);
}

Test(fit_samples, bits_of_every_isa_and_executor) {
    static const nll_executor executors[] = {{NULL, backwards}, {NULL, in_threes}};
    size_t n = gen_quick() ? 20000 : 70000; /* more than one task */
    float *y32 = malloc(n * sizeof *y32);
    double *w = malloc(n * sizeof *w);
    cr_assert(y32 && w);
    for (size_t i = 0; i < n; i++) w[i] = (double)(i % 5) / 4;
    for (const struct model *m = models; m < models + MODELS; m++) {
        double *y = draw(m, n);
        for (size_t i = 0; i < n; i++) y32[i] = (float)y[i];
        const nll_view weight = nll_view_1d(w, NLL_F64, n), target = nll_view_1d(y32, NLL_F32, n);
        nll_fit_result first, other;
        cr_assert_eq(nll_isa_select(NULL), NLL_OK);
        EXPECT_STATUS(NLL_OK, fit(m, target, weight, NULL, &first));
        for (int e = 0; e < 2; e++) {
            EXPECT_STATUS(NLL_OK, fit(m, target, weight, &executors[e], &other));
            same(&first, &other, m->name);
        }
        for (size_t i = 0; i < nll_isa_count(); i++) {
            if (!nll_isa_runnable(i)) continue;
            cr_assert_eq(nll_isa_select(nll_isa_name(i)), NLL_OK);
            EXPECT_STATUS(NLL_OK, fit(m, target, weight, NULL, &other));
            same(&first, &other, m->name);
        }
        free(y);
    }
    free(y32);
    free(w);
}

/* Large data begin with a part of the blocks, which spares passes over all of them where the way is
 * long: Gaussian data as Student's t, whose df goes to infinity. */
Test(fit_samples, large_samples) {
    static const struct model *gaussian = &models[1];
    struct model student = {.name = "student_t"};
    size_t n = (size_t)1 << 20, few = (size_t)1 << 16;
    if (gen_quick()) return;
    double *y = draw(gaussian, n);
    nll_view none = {.dtype = NLL_ABSENT};
    nll_fit_result small, large, limit;
    EXPECT_STATUS(NLL_OK, fit(&student, nll_view_1d(y, NLL_F64, few), none, NULL, &small));
    EXPECT_STATUS(NLL_OK, fit(&student, nll_view_1d(y, NLL_F64, n), none, NULL, &large));
    EXPECT_STATUS(NLL_OK, fit(gaussian, nll_view_1d(y, NLL_F64, n), none, NULL, &limit));
    if (small.outcome == NLL_FIT_LIMIT && large.outcome == NLL_FIT_LIMIT) {
        cr_expect_lt(large.passes, small.passes / 2);
        cr_expect_leq(fabs(large.log_likelihood - limit.log_likelihood), 1e-6);
    } else {
        cr_expect_geq(large.log_likelihood, limit.log_likelihood - 1e-6);
    }
    free(y);
}
