/* fit_start.c: where to begin, and whether there is a maximum to look for.
 *
 * Starts are those of the natural forms (no logs; alpha and beta of beta): the maximum where that
 * has a closed form, else moments or quantiles.  Conditions of existence are exact where the theory
 * is: Levin and Reeds (1977) for negative_binomial; for beta_binomial and zero_inflated_poisson the
 * score at the edge. */
#include "fit.h"
#include "number.h"

#include <math.h>
#include <string.h>

static double natural_log(double x) { return nll_one(NLL_K_log, x); }
static double exponential(double x) { return nll_one(NLL_K_exp, x); }
static int is_free(const fit_problem *p, unsigned k) { return !fit_is_fixed(p, k); }
static double mean(fit_problem *p) { return fit_mean(p, FIT_VALUE, 0); }
static double variance(fit_problem *p, double m) { return fit_mean(p, FIT_SQUARE, m); }

/* The answer is known, and what it means for the parameter at this place. */
static void decide(fit_problem *p, nll_fit_outcome outcome, int place) {
    p->outcome = outcome;
    p->at_fault = place;
    p->decided = 1;
}
static void decide_loss(fit_problem *p, double loss) {
    p->loss = loss;
    p->loss_known = 1;
}
/* L falls without bound. */
static void no_bound(fit_problem *p, int place) {
    decide(p, NLL_FIT_UNBOUNDED, place);
    decide_loss(p, -INFINITY);
}

static int all_equal(const fit_problem *p) { return p->seen.least == p->seen.most; }

/* The mean, corrected for the rounding of the first sum. */
static double exact_mean(fit_problem *p, fit_function f) {
    double m = fit_mean(p, f, 0);
    return m + fit_mean(p, f, m);
}

/* ---- counts */

static void start_probs(fit_problem *p, unsigned place, double successes, double trials,
                        double *x) {
    x[place] = successes / trials;
    if (!is_free(p, place)) return;
    if (!(trials > 0))
        decide(p, NLL_FIT_UNIDENTIFIED, (int)place);
    else if (successes == 0 || successes == trials)
        decide(p, NLL_FIT_BOUNDARY, (int)place);
}
static void start_bernoulli(fit_problem *p, double *x) {
    start_probs(p, 0, fit_total(p, FIT_VALUE, nll_number(0)), p->seen.weight_sum, x);
}
static void start_binomial(fit_problem *p, double *x) {
    start_probs(p, 1, fit_total(p, FIT_VALUE, nll_number(0)), fit_total(p, FIT_OTHER, p->fixed[0]),
                x);
}
static void start_geometric(fit_problem *p, double *x) {
    x[0] = 1 / (1 + mean(p));
    if (p->seen.most == 0 && is_free(p, 0)) decide(p, NLL_FIT_BOUNDARY, 0);
}
static void start_mean(fit_problem *p, double *x) { /* poisson, tweedie */
    x[0] = mean(p);
    if (p->seen.most > 0 || !is_free(p, 0)) return;
    decide(p, NLL_FIT_BOUNDARY, 0);
    decide_loss(p, 0);
}
static void start_negative_binomial(fit_problem *p, double *x) {
    double m = x[0] = mean(p);
    if (is_free(p, 0) && p->seen.most == 0) {
        x[1] = is_free(p, 1) ? (double)NAN : x[1];
        decide(p, NLL_FIT_BOUNDARY, 0);
        decide_loss(p, 0);
        return;
    }
    if (fit_is_number(p, 0))
        m = p->form[0]->domain == NLL_LOG ? exponential(p->fixed[0].value) : p->fixed[0].value;
    double excess = fit_mean(p, FIT_EXCESS, m);
    x[1] = m * m / excess;
    if (excess > 0 || !is_free(p, 1)) return;
    x[1] = 1;
    if (is_free(p, 0) || fit_is_number(p, 0)) {
        p->outcome = NLL_FIT_LIMIT;
        p->at_fault = 1;
    }
}
/* Positive counts have the mean rate / (1 - e^-rate). */
static void start_zero_inflated_poisson(fit_problem *p, double *x) {
    double zeros = p->seen.zeros / p->seen.weight_sum, m = mean(p), above = m / (1 - zeros);
    double rate = above;
    if (p->seen.most == 0) {
        x[0] = 1;
        x[1] = (double)NAN;
        if (!is_free(p, 0)) {
            x[1] = 0;
            decide(p, NLL_FIT_BOUNDARY, 1);
        } else {
            decide(p, NLL_FIT_BOUNDARY, 0);
        }
        decide_loss(p, 0);
        return;
    }
    if (is_free(p, 0) && fit_is_number(p, 1))
        rate = p->form[1]->domain == NLL_LOG ? exponential(p->fixed[1].value) : p->fixed[1].value;
    else
        for (int i = 0; i < 60; i++) { /* Newton's method from the right, on a convex function */
            double e = exponential(-rate);
            rate -= (rate - above * (1 - e)) / (1 - above * e);
            if (!(rate > 0)) rate = m / 2;
        }
    x[1] = rate;
    x[0] = 1 - (1 - zeros) / (1 - exponential(-rate));
    if (!(x[0] > 0) && is_free(p, 0) && (is_free(p, 1) || fit_is_number(p, 1))) {
        x[0] = 0; /* no more zeros than a Poisson count has */
        if (is_free(p, 1)) x[1] = m;
        decide(p, NLL_FIT_BOUNDARY, 0);
    }
    if (!(x[0] > 0x1p-20)) x[0] = p->decided ? 0 : 0x1p-20;
}
static void start_beta_binomial(fit_problem *p, double *x) {
    double trials = fit_total(p, FIT_OTHER, p->fixed[0]);
    double all = fit_total(p, FIT_VALUE, nll_number(0)), prob = all / trials, rest = 1 - prob;
    int both = is_free(p, 1) && is_free(p, 2);
    x[1] = x[2] = 1;
    if (p->seen.trials <= 1 && both) {
        x[1] = x[2] = (double)NAN;
        decide(p, NLL_FIT_UNIDENTIFIED, -1);
        decide_loss(p, -p->seen.tops * natural_log(prob) - p->seen.zeros * natural_log(rest));
        if (!(prob > 0) || !(rest > 0)) decide_loss(p, 0);
        return;
    }
    if (!(prob > 0) || !(rest > 0)) { /* the one that goes to 0 against the other */
        unsigned least = prob > 0 ? 2 : 1;
        if (!is_free(p, least)) return;
        x[least] = 0;
        x[3 - least] = is_free(p, 3 - least) ? (double)NAN : x[3 - least];
        decide(p, NLL_FIT_BOUNDARY, (int)least);
        decide_loss(p, 0);
        return;
    }
    if (!both) return;
    if (p->seen.zeros + p->seen.tops == p->seen.weight_sum) { /* all or nothing */
        x[1] = x[2] = 0;
        decide(p, NLL_FIT_BOUNDARY, -1);
        double p1 = p->seen.tops / p->seen.weight_sum;
        decide_loss(p, -p->seen.tops * natural_log(p1) - p->seen.zeros * natural_log(1 - p1));
        return;
    }
    double pairs = fit_total(p, FIT_PAIRS_ALL, p->fixed[0]);
    double same = fit_total(p, FIT_PAIRS, nll_number(0)) / prob +
                  fit_total(p, FIT_PAIRS_LEFT, p->fixed[0]) / rest;
    double excess = same - pairs; /* twice the score of the correlation rho at 0 */
    if (!(excess > 0)) {          /* no more variance than a binomial count has */
        x[1] = prob * 0x1p100;
        x[2] = rest * 0x1p100;
        decide(p, NLL_FIT_LIMIT, -1);
        return;
    }
    double rho = excess / pairs;
    rho = rho < 0.001 ? 0.001 : rho > 0.9 ? 0.9 : rho;
    x[1] = prob * (1 / rho - 1);
    x[2] = rest * (1 / rho - 1);
}

/* ---- location and scale */

/* All mass on one point: the density there has no bound. */
static int on_a_point(fit_problem *p, double y, unsigned loc, unsigned scale, double *x) {
    if (!is_free(p, scale) || !all_equal(p)) return 0;
    if (!is_free(p, loc) && !(fit_is_number(p, loc) && p->fixed[loc].value == y)) return 0;
    x[loc] = y;
    x[scale] = 0;
    no_bound(p, (int)scale);
    return 1;
}
static double center(const fit_problem *p, unsigned place, double otherwise) {
    return fit_is_number(p, place) ? p->fixed[place].value : otherwise;
}
/* A start of a scale: away from 0 wherever the data are. */
static double sane(const fit_problem *p, double scale) {
    if (scale > 0) return scale;
    double range = p->seen.most - p->seen.least, size = fabs(p->seen.most);
    return range > 0 ? range / 4 : size > 0 ? size : 1;
}
static void start_gaussian(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    x[0] = exact_mean(p, FIT_VALUE);
    x[1] = sane(p, sqrt(variance(p, center(p, 0, x[0]))));
}
static void start_lognormal(fit_problem *p, double *x) {
    if (on_a_point(p, natural_log(p->seen.least), 0, 1, x)) return;
    x[0] = exact_mean(p, FIT_LOG);
    x[1] = sqrt(fit_mean(p, FIT_LOG_SQUARE, center(p, 0, x[0])));
    if (!(x[1] > 0)) x[1] = 1;
}
static void start_half_normal(fit_problem *p, double *x) {
    x[0] = sqrt(fit_mean(p, FIT_SQUARE, 0));
    if (p->seen.most == 0 && is_free(p, 0)) no_bound(p, 0);
}
static void start_logistic(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    x[0] = mean(p);
    x[1] = sane(p, 0.5513288954217921 * sqrt(variance(p, center(p, 0, x[0])))); /* sqrt(3) / pi */
}
static void start_gumbel(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    double m = mean(p);
    x[1] = sane(p, 0.7796968012336761 * sqrt(variance(p, m))); /* sqrt(6) / pi */
    x[0] = m - 0.5772156649015329 * x[1];
}
static void start_laplace(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    if (is_free(p, 0)) x[0] = fit_median(p);
    nll_view at = is_free(p, 0) ? nll_number(x[0]) : p->fixed[0];
    double s = x[1] = fit_total(p, FIT_ABS, at) / p->seen.weight_sum;
    if (fit_is_number(p, 1)) s = p->fixed[1].value;
    decide(p, NLL_FIT_CONVERGED, -1);
    p->norm = 0;
    for (unsigned k = 0; k < 2; k++)
        if (is_free(p, k)) p->covariance[k][k] = s * s / p->seen.weight_sum;
    if (is_free(p, 0) && is_free(p, 1)) p->covariance[0][1] = p->covariance[1][0] = 0;
}
static void quartiles(fit_problem *p, double *loc, double *scale) {
    static const double q[] = {0.25, 0.5, 0.75};
    double y[3] = {0, 0, 0};
    fit_quantiles(p, 3, q, y);
    *loc = y[1];
    *scale = sane(p, (y[2] - y[0]) / 2);
}
/* So much weight on one value that the likelihood has a pole there: a row on it counts -log scale,
 * one elsewhere df log scale. */
static int has_pole(fit_problem *p, unsigned loc, unsigned scale, double df, double *x) {
    double at = center(p, loc, x[loc]), tied = fit_total(p, FIT_EQUAL, nll_number(at));
    if (!is_free(p, scale) || !(is_free(p, loc) || fit_is_number(p, loc)) ||
        !(tied > df * (p->seen.weight_sum - tied)))
        return 0;
    x[loc] = at;
    x[scale] = 0;
    no_bound(p, (int)scale);
    return 1;
}
static void start_cauchy(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    quartiles(p, &x[0], &x[1]);
    has_pole(p, 0, 1, 1, x);
}
static void start_student_t(fit_problem *p, double *x) {
    x[0] = 4;
    if (!on_a_point(p, p->seen.least, 1, 2, x)) {
        quartiles(p, &x[1], &x[2]);
        x[2] /= 0.7407; /* upper quartile of t with 4 degrees of freedom */
        if (fit_is_number(p, 0)) has_pole(p, 1, 2, p->fixed[0].value, x);
    } else if (is_free(p, 0)) {
        x[0] = (double)NAN;
    }
}

/* ---- positive numbers, shares, angles */

static void start_exponential(fit_problem *p, double *x) {
    x[0] = 1 / mean(p);
    if (p->seen.most == 0 && is_free(p, 0)) no_bound(p, 0);
}
/* A shape that goes to infinity where all numbers are the same, with whatever else is free. */
static int to_a_point(fit_problem *p, unsigned shape, unsigned other, double limit, double *x) {
    if (!all_equal(p) || !is_free(p, shape) || !is_free(p, other)) return 0;
    x[shape] = INFINITY;
    x[other] = limit;
    no_bound(p, (int)shape);
    return 1;
}
/* Minka's approximation to the shape of a gamma, s the log of the mean less the mean of the log. */
static double gamma_shape(double s) {
    return s > 0 ? (3 - s + sqrt((s - 3) * (s - 3) + 24 * s)) / (12 * s) : 0x1p40;
}
static void start_gamma(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, INFINITY, x)) return;
    double m = mean(p), at = natural_log(m);
    x[0] = gamma_shape(-fit_mean(p, FIT_LOG, at));
    x[1] = center(p, 0, x[0]) / m;
}
static void start_inverse_gamma(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, INFINITY, x)) return;
    double m = fit_mean(p, FIT_INVERSE, 0), at = -natural_log(m);
    x[0] = gamma_shape(fit_mean(p, FIT_LOG, at));
    x[1] = center(p, 0, x[0]) / m;
}
static void start_weibull(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, p->seen.least, x)) return;
    double m = fit_mean(p, FIT_LOG, 0), sd = sqrt(fit_mean(p, FIT_LOG_SQUARE, m));
    x[0] = sd > 0 ? 1.2825498301618641 / sd : 1; /* pi / sqrt(6) */
    x[1] = exponential(m + 0.5772156649015329 / x[0]);
}
/* The scale is the least y; the rest is smooth. */
static void start_pareto(fit_problem *p, double *x) {
    x[1] = p->seen.least;
    double at = natural_log(center(p, 1, x[1])), d = fit_mean(p, FIT_LOG, at);
    x[0] = d > 0 ? 1 / d : 1;
    if (all_equal(p) && is_free(p, 0) && center(p, 1, x[1]) == p->seen.least) {
        x[0] = INFINITY;
        no_bound(p, 0);
    } else if (!is_free(p, 0)) {
        decide(p, NLL_FIT_CONVERGED, -1);
    }
}
static void start_beta(fit_problem *p, double *x) {
    if (p->seen.least == 0 && is_free(p, 0)) {
        x[0] = x[1] = (double)NAN;
        no_bound(p, 0);
        return;
    }
    if (p->seen.most == 1 && is_free(p, 1)) {
        x[0] = x[1] = (double)NAN;
        no_bound(p, 1);
        return;
    }
    if (to_a_point(p, 1, 0, INFINITY, x)) return;
    double m = mean(p), v = variance(p, m), sum = v > 0 ? m * (1 - m) / v - 1 : 1;
    if (!(sum > 0x1p-10)) sum = 0x1p-10;
    x[0] = m * sum;
    x[1] = (1 - m) * sum;
}
/* The direction of (c, s): an estimate, then Newton's method on s cos t - c sin t. */
static double direction(double s, double c, double length) {
    double t = fabs(s) < fabs(c)
                   ? s / c * (1 - 0.2 * (s / c) * (s / c))
                   : (s > 0 ? 1 : -1) * 1.5707963267948966 - c / s * (1 - 0.2 * (c / s) * (c / s));
    if (fabs(s) < fabs(c) && c < 0) t += s < 0 ? -3.141592653589793 : 3.141592653589793;
    for (int i = 0; i < 6; i++)
        t += (s * nll_one(NLL_K_cos, t) - c * nll_one(NLL_K_sin, t)) / length;
    return t;
}
static void start_von_mises(fit_problem *p, double *x) {
    if (to_a_point(p, 1, 0, p->seen.least, x)) return;
    double s = fit_mean(p, FIT_SIN, 0), c = fit_mean(p, FIT_COS, 0), r = sqrt(s * s + c * c);
    if (r < 0x1p-45 && is_free(p, 0)) { /* no direction beyond rounding */
        x[0] = (double)NAN;
        x[1] = 0;
        decide(p, is_free(p, 1) ? NLL_FIT_BOUNDARY : NLL_FIT_UNIDENTIFIED, is_free(p, 1));
        decide_loss(p, p->seen.weight_sum * 1.8378770664093453); /* log(2 pi) */
        if (!is_free(p, 1)) p->loss_known = 0;
        return;
    }
    x[0] = direction(s, c, r);
    double along = fit_is_number(p, 0) ? c * nll_one(NLL_K_cos, p->fixed[0].value) +
                                             s * nll_one(NLL_K_sin, p->fixed[0].value)
                                       : r;
    if (!(along > 0) && is_free(p, 1) && fit_is_number(p, 0)) { /* pointing the other way */
        x[1] = 0;
        decide(p, NLL_FIT_BOUNDARY, 1);
        return;
    }
    double rest = 1 - along * along;
    x[1] = along * (2 - along * along) / (rest > 0x1p-50 ? rest : 0x1p-50);
}

/* ---- */

static const struct starter {
    const char *model;
    void (*start)(fit_problem *p, double *x);
    int closed; /* the start is the maximum where nothing is fixed by rows */
} starters[] = {
    {"bernoulli", start_bernoulli, 1},
    {"binomial", start_binomial, 1},
    {"geometric", start_geometric, 1},
    {"poisson", start_mean, 1},
    {"tweedie", start_mean, 1},
    {"negative_binomial", start_negative_binomial, 0},
    {"zero_inflated_poisson", start_zero_inflated_poisson, 1},
    {"beta_binomial", start_beta_binomial, 0},
    {"gaussian", start_gaussian, 1},
    {"lognormal", start_lognormal, 1},
    {"half_normal", start_half_normal, 1},
    {"laplace", start_laplace, 1},
    {"pareto", start_pareto, 1},
    {"exponential", start_exponential, 1},
    {"logistic", start_logistic, 0},
    {"gumbel", start_gumbel, 0},
    {"cauchy", start_cauchy, 0},
    {"student_t", start_student_t, 0},
    {"gamma", start_gamma, 0},
    {"inverse_gamma", start_inverse_gamma, 0},
    {"weibull", start_weibull, 0},
    {"beta", start_beta, 0},
    {"von_mises", start_von_mises, 0},
};

static const struct starter *starter_of(const fit_problem *p) {
    size_t i = 0;
    while (strcmp(starters[i].model, p->row->info.name) != 0) i++;
    return &starters[i];
}

int fit_closed_form(const fit_problem *p) { return starter_of(p)->closed; }

/* From the natural forms to those chosen. */
static void express(const fit_problem *p, const double *x, double *theta) {
    for (unsigned k = 0; k < p->places; k++) {
        const nll_parameter *form = p->form[k];
        theta[k] = form->domain == NLL_LOG     ? natural_log(x[k])
                   : form->domain == NLL_LOGIT ? natural_log(x[k]) - natural_log(1 - x[k])
                                               : x[k];
        if (!strcmp(form->name, "var")) theta[k] = x[k] * x[k];
        if (!strcmp(form->name, "precision")) theta[k] = x[0] + x[1];
        if (!strcmp(form->name, "mean") && p->row->info.target_domain == NLL_UNIT)
            theta[k] = all_equal(p) ? p->seen.least : x[0] / (x[0] + x[1]);
    }
}

void fit_begin(fit_problem *p) {
    double x[NLL_PLACES] = {1, 1, 1};
    p->outcome = NLL_FIT_CONVERGED;
    p->at_fault = -1;
    for (unsigned k = 0; k < NLL_PLACES; k++)
        for (unsigned j = 0; j < NLL_PLACES; j++) p->covariance[k][j] = (double)NAN;
    starter_of(p)->start(p, x);
    express(p, x, p->theta);
    for (unsigned k = 0; k < p->places; k++) {
        if (fit_is_number(p, k))
            p->theta[k] = p->fixed[k].value;
        else if (fit_is_fixed(p, k))
            p->theta[k] = (double)NAN;
        else if (p->has_start[k] && !p->decided && !fit_closed_form(p))
            p->theta[k] = p->start[k];
    }
    unsigned place[NLL_PLACES];
    if (fit_free(p, place) == 0 && !p->decided) p->decided = 1;
}
