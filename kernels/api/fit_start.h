/* fit_start.h: what the starting values of all models share. */
#ifndef NLL_FIT_START_H
#define NLL_FIT_START_H

#include "fit.h"
#include "number.h"

#include <math.h>

static inline double fit_natural_log(double x) { return nll_one(NLL_K_log, x); }
static inline double fit_exponential(double x) { return nll_one(NLL_K_exp, x); }
static inline int fit_is_free(const fit_problem *p, unsigned k) { return !fit_is_fixed(p, k); }
static inline double fit_plain_mean(fit_problem *p) { return fit_mean(p, FIT_VALUE, 0); }
static inline double fit_variance(fit_problem *p, double m) { return fit_mean(p, FIT_SQUARE, m); }

/* A parameter held at a number, where it is given as itself or as its logarithm. */
static inline double fit_held(const fit_problem *p, unsigned k) {
    double x = p->fixed[k].value;
    return p->form[k]->domain == NLL_LOG ? fit_exponential(x) : x;
}

/* The answer is known, and what it means for the parameter at this place. */
static inline void fit_decide(fit_problem *p, nll_fit_outcome outcome, int place) {
    p->outcome = outcome;
    p->at_fault = place;
    p->decided = 1;
}
static inline void fit_decide_loss(fit_problem *p, double loss) {
    p->loss = loss;
    p->loss_known = 1;
}
/* L falls without bound. */
static inline void fit_no_bound(fit_problem *p, int place) {
    fit_decide(p, NLL_FIT_UNBOUNDED, place);
    fit_decide_loss(p, -INFINITY);
}

static inline int fit_all_equal(const fit_problem *p) { return p->seen.least == p->seen.most; }

/* The mean, corrected for the rounding of the first sum. */
static inline double fit_exact_mean(fit_problem *p, fit_function f) {
    double m = fit_mean(p, f, 0);
    return m + fit_mean(p, f, m);
}

/* Fill x, the parameters by place in their natural forms (fit_start_counts.c). */
void fit_start_bernoulli(fit_problem *p, double *x);
void fit_start_beta_binomial(fit_problem *p, double *x);
void fit_start_binomial(fit_problem *p, double *x);
void fit_start_geometric(fit_problem *p, double *x);
void fit_start_mean(fit_problem *p, double *x);
void fit_start_negative_binomial(fit_problem *p, double *x);
void fit_start_zero_inflated_poisson(fit_problem *p, double *x);

#endif
