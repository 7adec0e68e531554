/* fit_start.c: where to begin, and whether there is a maximum to look for.
 *
 * Starts are those of the natural forms (no logs; alpha and beta of beta): the maximum where that
 * has a closed form, else moments or quantiles.  Conditions of existence are exact where the theory
 * is: Levin and Reeds (1977) for negative_binomial; for beta_binomial and zero_inflated_poisson the
 * score at the edge. */
#include "fit.h"
#include "fit_start.h"

#include <string.h>

/* ---- location and scale */

/* All mass on one point, or every row on the location held for it: the density has no bound. */
static int on_a_point(fit_problem *p, double y, unsigned loc, unsigned scale, double *x) {
    int by_row = !fit_is_free(p, loc) && !fit_is_number(p, loc);
    if (!fit_is_free(p, scale) || !(fit_all_equal(p) || by_row)) return 0;
    if (fit_is_number(p, loc) && p->fixed[loc].value != y) return 0;
    fit_function distance = p->row->info.target_domain == NLL_POSITIVE ? FIT_LOG_SQUARE : FIT_ABS;
    if (by_row && fit_total(p, distance, p->fixed[loc]) != 0) return 0;
    x[loc] = y;
    x[scale] = 0;
    fit_no_bound(p, (int)scale);
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
    x[0] = fit_exact_mean(p, FIT_VALUE);
    x[1] = sane(p, sqrt(fit_variance(p, center(p, 0, x[0]))));
}
static void start_lognormal(fit_problem *p, double *x) {
    if (on_a_point(p, fit_natural_log(p->seen.least), 0, 1, x)) return;
    x[0] = fit_exact_mean(p, FIT_LOG);
    x[1] = sqrt(fit_mean(p, FIT_LOG_SQUARE, center(p, 0, x[0])));
    if (!(x[1] > 0)) x[1] = 1;
}
static void start_half_normal(fit_problem *p, double *x) {
    x[0] = sqrt(fit_mean(p, FIT_SQUARE, 0));
    if (p->seen.most == 0 && fit_is_free(p, 0)) fit_no_bound(p, 0);
}
static void start_logistic(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    x[0] = fit_plain_mean(p);
    x[1] =
        sane(p, 0.5513288954217921 * sqrt(fit_variance(p, center(p, 0, x[0])))); /* sqrt(3) / pi */
}
static void start_gumbel(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    double m = fit_plain_mean(p);
    x[1] = sane(p, 0.7796968012336761 * sqrt(fit_variance(p, m))); /* sqrt(6) / pi */
    double left = (m - p->seen.least) / 8; /* exp((loc - y) / scale) stays below e^8 or so */
    if (x[1] < left) x[1] = left;
    x[0] = m - 0.5772156649015329 * x[1];
}
static void start_laplace(fit_problem *p, double *x) {
    if (on_a_point(p, p->seen.least, 0, 1, x)) return;
    if (fit_is_free(p, 0)) x[0] = fit_median(p);
    nll_view at = fit_is_free(p, 0) ? nll_number(x[0]) : p->fixed[0];
    double s = x[1] = fit_total(p, FIT_ABS, at) / p->seen.weight_sum;
    if (fit_is_number(p, 1)) s = p->fixed[1].value;
    fit_decide(p, NLL_FIT_CONVERGED, -1);
    p->norm = 0;
    for (unsigned k = 0; k < 2; k++)
        if (fit_is_free(p, k)) p->covariance[k][k] = s * s / p->seen.weight_sum;
    if (fit_is_free(p, 0) && fit_is_free(p, 1)) p->covariance[0][1] = p->covariance[1][0] = 0;
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
    double at = center(p, loc, x[loc]);
    if (!fit_is_free(p, scale)) return 0;
    double tied = fit_total(p, FIT_EQUAL, fit_is_free(p, loc) ? nll_number(at) : p->fixed[loc]);
    if (!(tied > df * (p->seen.weight_sum - tied))) return 0;
    x[loc] = at;
    x[scale] = 0;
    fit_no_bound(p, (int)scale);
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
    } else if (fit_is_free(p, 0)) {
        x[0] = (double)NAN;
    }
}

/* ---- positive numbers, shares, angles */

static void start_exponential(fit_problem *p, double *x) {
    x[0] = 1 / fit_plain_mean(p);
    if (p->seen.most == 0 && fit_is_free(p, 0)) fit_no_bound(p, 0);
}
/* A shape that goes to infinity where all numbers are the same, with whatever else is free. */
static int to_a_point(fit_problem *p, unsigned shape, unsigned other, double limit, double *x) {
    if (!fit_all_equal(p) || !fit_is_free(p, shape) || !fit_is_free(p, other)) return 0;
    x[shape] = INFINITY;
    x[other] = limit;
    fit_no_bound(p, (int)shape);
    return 1;
}
/* Minka's approximation to the shape of a gamma, s the log of the mean less the mean of the log. */
static double gamma_shape(double s) {
    return s > 0 ? (3 - s + sqrt((s - 3) * (s - 3) + 24 * s)) / (12 * s) : 0x1p40;
}
static void start_gamma(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, INFINITY, x)) return;
    double m = fit_plain_mean(p), at = fit_natural_log(m);
    x[0] = gamma_shape(-fit_mean(p, FIT_LOG, at));
    x[1] = center(p, 0, x[0]) / m;
}
static void start_inverse_gamma(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, INFINITY, x)) return;
    double m = fit_mean(p, FIT_INVERSE, 0), at = -fit_natural_log(m);
    x[0] = gamma_shape(fit_mean(p, FIT_LOG, at));
    x[1] = center(p, 0, x[0]) / m;
}
static void start_weibull(fit_problem *p, double *x) {
    if (to_a_point(p, 0, 1, p->seen.least, x)) return;
    double m = fit_mean(p, FIT_LOG, 0), sd = sqrt(fit_mean(p, FIT_LOG_SQUARE, m));
    x[0] = sd > 0 ? 1.2825498301618641 / sd : 1; /* pi / sqrt(6) */
    x[1] = fit_exponential(m + 0.5772156649015329 / x[0]);
}
/* The scale is the least y; the rest is smooth. */
static void start_pareto(fit_problem *p, double *x) {
    x[1] = p->seen.least;
    double at = fit_natural_log(center(p, 1, x[1])), d = fit_mean(p, FIT_LOG, at);
    x[0] = d > 0 ? 1 / d : 1;
    if (fit_all_equal(p) && fit_is_free(p, 0) && center(p, 1, x[1]) == p->seen.least) {
        x[0] = INFINITY;
        fit_no_bound(p, 0);
    } else if (!fit_is_free(p, 0)) {
        fit_decide(p, NLL_FIT_CONVERGED, -1);
    }
}
static void start_beta(fit_problem *p, double *x) {
    if (p->seen.least == 0 && fit_is_free(p, 0)) {
        x[0] = x[1] = (double)NAN;
        fit_no_bound(p, 0);
        return;
    }
    if (p->seen.most == 1 && fit_is_free(p, 1)) {
        x[0] = x[1] = (double)NAN;
        fit_no_bound(p, 1);
        return;
    }
    if (to_a_point(p, 1, 0, INFINITY, x)) return;
    double m = fit_plain_mean(p), v = fit_variance(p, m), sum = v > 0 ? m * (1 - m) / v - 1 : 1;
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
    if (r < 0x1p-45 && fit_is_free(p, 0)) { /* no direction beyond rounding */
        x[0] = (double)NAN;
        x[1] = 0;
        fit_decide(p, fit_is_free(p, 1) ? NLL_FIT_BOUNDARY : NLL_FIT_UNIDENTIFIED,
                   fit_is_free(p, 1));
        fit_decide_loss(p, p->seen.weight_sum * 1.8378770664093453); /* log(2 pi) */
        if (!fit_is_free(p, 1)) p->loss_known = 0;
        return;
    }
    x[0] = direction(s, c, r);
    double along = fit_is_number(p, 0) ? c * nll_one(NLL_K_cos, p->fixed[0].value) +
                                             s * nll_one(NLL_K_sin, p->fixed[0].value)
                                       : r;
    if (!(along > 0) && fit_is_free(p, 1) && fit_is_number(p, 0)) { /* pointing the other way */
        x[1] = 0;
        fit_decide(p, NLL_FIT_BOUNDARY, 1);
        return;
    }
    double rest = 1 - along * along;
    x[1] = along * (2 - along * along) / (rest > 0x1p-50 ? rest : 0x1p-50);
}

/* ---- all of them */

static const struct starter {
    const char *model;
    void (*start)(fit_problem *p, double *x);
    int closed; /* the start is the maximum where nothing is fixed by rows */
} starters[] = {
    {"bernoulli", fit_start_bernoulli, 1},
    {"binomial", fit_start_binomial, 1},
    {"geometric", fit_start_geometric, 1},
    {"poisson", fit_start_mean, 1},
    {"tweedie", fit_start_mean, 1},
    {"negative_binomial", fit_start_negative_binomial, 0},
    {"zero_inflated_poisson", fit_start_zero_inflated_poisson, 1},
    {"beta_binomial", fit_start_beta_binomial, 0},
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

static const struct starter *starter_of(const nll_family_row *row) {
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++)
        if (!strcmp(starters[i].model, row->info.name)) return &starters[i];
    return NULL;
}

int fit_can_start(const nll_family_row *row) { return starter_of(row) != NULL; }

int fit_closed_form(const fit_problem *p) { return starter_of(p->row)->closed; }

/* From the natural forms to those chosen. */
static void express(const fit_problem *p, const double *x, double *theta) {
    for (unsigned k = 0; k < p->places; k++) {
        const nll_parameter *form = p->form[k];
        theta[k] = form->domain == NLL_LOG     ? fit_natural_log(x[k])
                   : form->domain == NLL_LOGIT ? fit_natural_log(x[k]) - fit_natural_log(1 - x[k])
                                               : x[k];
        if (!strcmp(form->name, "var")) theta[k] = x[k] * x[k];
        if (!strcmp(form->name, "precision")) theta[k] = x[0] + x[1];
        if (!strcmp(form->name, "mean") && p->row->info.target_domain == NLL_UNIT)
            theta[k] = fit_all_equal(p) ? p->seen.least : x[0] / (x[0] + x[1]);
    }
}

void fit_begin(fit_problem *p) {
    double x[NLL_PLACES] = {1, 1, 1};
    p->outcome = NLL_FIT_CONVERGED;
    p->at_fault = -1;
    for (unsigned k = 0; k < NLL_PLACES; k++)
        for (unsigned j = 0; j < NLL_PLACES; j++) p->covariance[k][j] = (double)NAN;
    starter_of(p->row)->start(p, x);
    express(p, x, p->theta);
    memcpy(p->typical, p->theta, sizeof p->typical);
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
