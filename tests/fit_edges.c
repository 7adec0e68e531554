/* fit_edges.c: nll_fit where a maximum lies on an edge or there is none: rows that say nothing,
 * weights that are no integers, parameters held by row, skewed samples, far starts. */
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <nll/nll.h>
#include <string.h>

enum { MOST = 2048 };

struct data {
    const char *model;
    size_t rows;
    const double *y, *w; /* w NULL: 1 */
    const nll_fit_parameter *given;
    size_t count;
    int iterations;
};

static nll_fit_result fit(struct data d) {
    nll_fit_result r = {.struct_size = sizeof r};
    nll_fit_args a = {.struct_size = sizeof a,
                      .model = d.model,
                      .rows = d.rows,
                      .target = nll_view_1d(d.y, NLL_F64, d.rows),
                      .parameters = d.given,
                      .parameter_count = d.count,
                      .max_iterations = d.iterations};
    if (d.w) a.sample_weight = nll_view_1d(d.w, NLL_F64, d.rows);
    EXPECT_STATUS(NLL_OK, nll_fit(&a, &r));
    return r;
}

static double uniform(uint64_t *state) { return ldexp((double)(gen_bits(state) >> 12) + 0.5, -52); }
static double apply(nll_status (*f)(size_t, nll_view, nll_out), double x) {
    double y;
    f(1, nll_view_1d(&x, NLL_F64, 1), nll_out_1d(&y, NLL_F64, 1));
    return y;
}
static double normal(uint64_t *state) {
    double r = sqrt(-2 * apply(nll_vlog, uniform(state)));
    return r * apply(nll_vcos, 6.283185307179586 * uniform(state));
}

static void expect_near(double x, double y, double tolerance, const char *what) {
    cr_expect(fabs(x - y) <= tolerance, "%s: %.17g, not %.17g", what, x, y);
}

static void expect_outcome(const nll_fit_result *r, nll_fit_outcome outcome, const char *about) {
    const char *found = r->parameter < 0 ? "none" : r->estimate[r->parameter].name;
    cr_expect_eq(r->outcome, outcome, "%s", nll_fit_outcome_string(r->outcome));
    cr_expect_str_eq(found, about);
}

/* A row of no trials is in the support and says nothing. */
Test(fit_edges, rows_without_trials) {
    static const double n[] = {0, 0, 6, 6}, y[] = {0, 0, 1, 4};
    for (int skip = 0; skip <= 2; skip += 2) {
        size_t rows = 4 - (size_t)skip;
        nll_fit_parameter total = {.name = "total_count",
                                   .fixed = nll_view_1d(n + skip, NLL_F64, rows)};
        nll_fit_result r = fit((struct data){
            .model = "beta_binomial", .rows = rows, .y = y + skip, .given = &total, .count = 1});
        expect_outcome(&r, NLL_FIT_CONVERGED, "none");
        expect_near(r.estimate[1].value, 3.711, 1e-3, "alpha");
        expect_near(r.estimate[2].value, 5.209, 1e-3, "beta");
        expect_near(r.log_likelihood, -3.5156, 1e-4, "log-likelihood");
    }
    static const double ones[] = {0, 1, 1, 1}, z[] = {0, 0, 1, 1};
    nll_fit_parameter total = {.name = "total_count", .fixed = nll_view_1d(ones, NLL_F64, 4)};
    nll_fit_result r = fit(
        (struct data){.model = "beta_binomial", .rows = 4, .y = z, .given = &total, .count = 1});
    expect_outcome(&r, NLL_FIT_UNIDENTIFIED, "none");
    expect_near(r.log_likelihood, log(1. / 3) + 2 * log(2. / 3), 1e-12, "one trial each");
    static const double mixed[] = {0, 5, 3, 5}, all[] = {0, 5, 0, 0};
    total.fixed = nll_view_1d(mixed, NLL_F64, 4);
    r = fit(
        (struct data){.model = "beta_binomial", .rows = 4, .y = all, .given = &total, .count = 1});
    expect_outcome(&r, NLL_FIT_BOUNDARY, "none");
    expect_near(r.log_likelihood, log(1. / 3) + 2 * log(2. / 3), 1e-12, "all or nothing");
}

/* Sums of weights that round do not decide between the edge and the inside. */
Test(fit_edges, weights_that_round) {
    static double y[MOST], w[MOST], n[MOST];
    uint64_t state = gen_state(77);
    for (int trial = 0; trial < 20; trial++) {
        size_t rows = 20 + 97 * (size_t)trial;
        for (size_t i = 0; i < rows; i++) {
            n[i] = 3;
            w[i] = uniform(&state);
        }
        nll_fit_parameter total = {.name = "total_count", .fixed = nll_view_1d(n, NLL_F64, rows)};
        static const char *const models[] = {"bernoulli", "binomial", "beta_binomial"};
        for (int m = 0; m < 3; m++)
            for (int top = 0; top < 3; top++) { /* all, nothing, either */
                struct data d = {.model = models[m], .rows = rows, .y = y, .w = w};
                double most = m ? 3 : 1;
                if (m) d.given = &total, d.count = 1;
                for (size_t i = 0; i < rows; i++) y[i] = top == 1 || (top == 2 && i % 3) ? most : 0;
                nll_fit_result r = fit(d);
                if (m < 2 && top < 2) {
                    expect_outcome(&r, NLL_FIT_BOUNDARY, "probs");
                    cr_expect_eq(r.estimate[m].value, top, "%s: %.17g", models[m],
                                 r.estimate[m].value);
                } else if (m == 2) {
                    expect_outcome(&r, NLL_FIT_BOUNDARY,
                                   top == 2 ? "none"
                                   : top    ? "beta"
                                            : "alpha");
                } else {
                    expect_outcome(&r, NLL_FIT_CONVERGED, "none");
                }
                if (top < 2) cr_expect_eq(r.log_likelihood, 0);
                cr_expect_eq(r.converged, 1);
            }
    }
}

/* A scale of no distance: the density has no bound, whoever finds it. */
Test(fit_edges, every_row_on_its_own_location) {
    static const double y[] = {1, 2, 4, 8, 16};
    static const char *const models[] = {"gaussian", "laplace", "logistic",
                                         "gumbel",   "cauchy",  "student_t"};
    nll_fit_parameter given[] = {{.name = "loc", .fixed = nll_view_1d(y, NLL_F64, 5)},
                                 {.name = "df", .fixed = nll_number(4)}};
    for (int m = 0; m < 6; m++) {
        struct data d = {.model = models[m], .rows = 5, .y = y, .given = given, .count = 1};
        if (m == 5) d.count = 2;
        nll_fit_result r = fit(d);
        expect_outcome(&r, NLL_FIT_UNBOUNDED, "scale");
        cr_expect_eq(r.log_likelihood, (double)INFINITY, "%s: %g", models[m], r.log_likelihood);
        cr_expect_eq(r.estimate[r.parameter].value, 0, "%s", models[m]);
    }
    /* Four of five there are enough for cauchy. */
    static const double loc[] = {1, 2, 4, 8, 15};
    given[0].fixed = nll_view_1d(loc, NLL_F64, 5);
    nll_fit_result r =
        fit((struct data){.model = "cauchy", .rows = 5, .y = y, .given = given, .count = 1});
    expect_outcome(&r, NLL_FIT_UNBOUNDED, "scale");
    cr_expect_eq(r.log_likelihood, (double)INFINITY, "%g", r.log_likelihood);
    /* One that Newton's method has to follow. */
    double logs[5];
    nll_vlog(5, nll_view_1d(y, NLL_F64, 5), nll_out_1d(logs, NLL_F64, 5));
    given[0].fixed = nll_view_1d(logs, NLL_F64, 5);
    r = fit((struct data){.model = "lognormal", .rows = 5, .y = y, .given = given, .count = 1});
    expect_outcome(&r, NLL_FIT_UNBOUNDED, "scale");
    cr_expect_eq(r.log_likelihood, (double)INFINITY, "%g", r.log_likelihood);
    cr_expect_eq(r.estimate[1].value, 0);
}

/* The Poisson limit also where means are held by row. */
Test(fit_edges, poisson_limit_of_means_by_row) {
    static const double y[] = {3, 4, 5, 4}, mean[] = {3.5, 4, 4.5, 4},
                        log_mean[] = {1.25, 1.4, 1.5, 1.4};
    nll_fit_parameter given[] = {{.name = "mean", .fixed = nll_view_1d(mean, NLL_F64, 4)},
                                 {.name = "log_mean", .fixed = nll_view_1d(log_mean, NLL_F64, 4)}};
    for (int form = 0; form < 2; form++) {
        nll_fit_result r = fit((struct data){
            .model = "negative_binomial", .rows = 4, .y = y, .given = &given[form], .count = 1});
        expect_outcome(&r, NLL_FIT_LIMIT, "size");
        cr_expect_eq(r.estimate[1].value, (double)INFINITY, "%g", r.estimate[1].value);
    }
}

/* No more zeros than the rates held by row explain: a gate of 0, as where the rate is one number.
 */
Test(fit_edges, gate_of_rates_by_row) {
    static const double rate[] = {1, 2, 2.5, 3}, y[2][4] = {{1, 2, 3, 2}, {0, 2, 3, 2}};
    nll_fit_parameter given = {.name = "rate", .fixed = nll_view_1d(rate, NLL_F64, 4)};
    for (int k = 0; k < 2; k++) {
        struct data d = {.rows = 4, .y = y[k], .given = &given, .count = 1};
        d.model = "zero_inflated_poisson";
        nll_fit_result r = fit(d), poisson = (d.model = "poisson", fit(d));
        expect_outcome(&r, NLL_FIT_BOUNDARY, "gate");
        cr_expect_eq(r.estimate[0].value, 0, "%g", r.estimate[0].value);
        expect_near(r.log_likelihood, poisson.log_likelihood, 1e-13, "log-likelihood");
    }
}

/* A mean that is small is not an edge. */
Test(fit_edges, shares_of_very_small_size) {
    static double y[MOST];
    uint64_t state = gen_state(78);
    for (size_t i = 0; i < 500; i++) {
        double product = 1;
        for (int k = 0; k < 3; k++) product *= uniform(&state);
        y[i] = -1e-20 * apply(nll_vlog, product);
    }
    nll_fit_parameter mean = {.name = "mean"};
    nll_fit_result a = fit((struct data){.model = "beta", .rows = 500, .y = y}),
                   b = fit((struct data){
                       .model = "beta", .rows = 500, .y = y, .given = &mean, .count = 1});
    expect_outcome(&b, a.outcome, "none");
    expect_near(b.log_likelihood, a.log_likelihood, 1e-9 * fabs(a.log_likelihood), "beta");
    expect_near(b.estimate[0].value * 1e20, a.estimate[0].value / a.estimate[1].value * 1e20, 1e-3,
                "mean");
}

/* A start far above the data is no sign of a pole. */
Test(fit_edges, a_large_start_is_no_pole) {
    static const double y[] = {-3, -1, 0, 0.5, 2, 7, 30};
    nll_fit_parameter scale = {.name = "scale", .has_start = 1, .start = 1e9};
    for (int i = 1; i < 12; i++) {
        nll_fit_result r = fit((struct data){
            .model = "cauchy", .rows = 7, .y = y, .given = &scale, .count = 1, .iterations = i});
        cr_expect(r.outcome == NLL_FIT_ITERATIONS || r.converged, "%d: %s at %g", i,
                  nll_fit_outcome_string(r.outcome), r.estimate[1].value);
    }
}

/* Skewed against the model: a start, and steps, that do not lose themselves in exp. */
Test(fit_edges, gumbel_skewed_to_the_left) {
    static double y[MOST];
    for (int kind = 0; kind < 5; kind++) {
        uint64_t state = gen_state(79);
        size_t rows = kind == 0 || kind == 4 ? 2000 : 501;
        for (size_t i = 0; i < rows; i++)
            y[i] = kind == 0   ? -apply(nll_vexp, normal(&state))
                   : kind == 4 ? apply(nll_vlog, uniform(&state)) * 1e6
                               : -apply(nll_vlog, -apply(nll_vlog, uniform(&state)));
        if (kind == 1) y[7] = -30;
        if (kind == 2) y[500] = -400;
        if (kind == 3) y[500] = -1e5;
        nll_fit_result r = fit((struct data){.model = "gumbel", .rows = rows, .y = y});
        expect_outcome(&r, NLL_FIT_CONVERGED, "none");
        cr_expect_leq(r.gradient_norm, 1e-8, "%d: %g", kind, r.gradient_norm);
        /* mean y - scale = weighted mean of y by exp(-y / scale), the equation of the maximum */
        double scale = r.estimate[1].value, sum = 0, most = 0, top = 0, bottom = 0;
        for (size_t i = 0; i < rows; i++) most = fmax(most, -y[i] / scale);
        for (size_t i = 0; i < rows; i++) {
            double w = apply(nll_vexp, -y[i] / scale - most);
            sum += y[i];
            top += w * y[i];
            bottom += w;
        }
        expect_near((sum / (double)rows - top / bottom) / scale, 1, 1e-6, "equation of the scale");
    }
}

/* Gamma of 10^8 and more is all but a normal distribution, of the sample's mean and variance. */
Test(fit_edges, narrow_samples) {
    static double y[MOST], inverse[MOST];
    static const double center[] = {1e2, 1e4, 2e4, 3e4, 4e4};
    for (int k = 0; k < 5; k++) {
        uint64_t state = gen_state(80 + (uint64_t)k);
        double mean = 0, square = 0;
        for (size_t i = 0; i < 1000; i++) {
            y[i] = center[k] + normal(&state);
            inverse[i] = 1 / y[i];
            mean += y[i] / 1000;
        }
        for (size_t i = 0; i < 1000; i++) square += (y[i] - mean) * (y[i] - mean) / 1000;
        double shape = mean * mean / square;
        for (int inverted = 0; inverted < 2; inverted++) {
            nll_fit_result r = fit((struct data){.model = inverted ? "inverse_gamma" : "gamma",
                                                 .rows = 1000,
                                                 .y = inverted ? inverse : y});
            const nll_fit_estimate *e = r.estimate;
            expect_outcome(&r, NLL_FIT_CONVERGED, "none");
            /* skewness of the sample moves it by less than its standard error */
            expect_near(e[0].value / shape, 1, 3 / center[k], "shape");
            expect_near(e[1].value * mean / e[0].value, 1, 1e-9, "mean");
            expect_near(e[0].standard_error / e[0].value, sqrt(2 / 1000.), 1e-4, "its error");
            expect_near(e[1].standard_error / e[1].value, sqrt(2 / 1000.), 1e-4,
                        "that of the rate");
        }
    }
    for (size_t i = 0; i < 10; i++) y[i] = 1e12 + ldexp((double)i, -8);
    nll_fit_result r = fit((struct data){.model = "gaussian", .rows = 10, .y = y});
    expect_outcome(&r, NLL_FIT_CONVERGED, "none");
    expect_near(r.estimate[1].standard_error / r.estimate[1].value, sqrt(1 / 20.), 1e-3,
                "gaussian");
}

/* What a result holds after an error: what the data were found to be, or nothing new. */
Test(fit_edges, results_of_errors) {
    static const double y[] = {1, 2, -3, 4};
    nll_fit_result r;
    memset(&r, 0x55, sizeof r);
    r.struct_size = sizeof r;
    nll_fit_args a = {
        .struct_size = sizeof a, .model = "gamma", .rows = 4, .target = nll_view_1d(y, NLL_F64, 4)};
    EXPECT_STATUS(NLL_E_DOMAIN, nll_fit(&a, &r));
    cr_expect(r.rows == 4 && r.count == 3 && r.bad_row == 2 && r.parameter == -1);
    cr_expect(r.converged == 0 && r.parameter_count == 0 && r.log_likelihood == 0);
    memset(&r, 0x55, sizeof r);
    r.struct_size = sizeof r;
    a.model = "gama";
    EXPECT_STATUS(NLL_E_VALUE, nll_fit(&a, &r));
    for (size_t i = sizeof r.struct_size; i < sizeof r; i++)
        cr_expect_eq(((unsigned char *)&r)[i], 0x55);
}
