/* fit_start_counts.c: starting values of the distributions of counts. */
#include "fit_start.h"

/* Successes of trials, by counts of rows where only failures or only successes are to be told:
 * sums of weights are rounded. */
static void start_probs(fit_problem *p, unsigned place, double probs, int none, int all,
                        double *x) {
    x[place] = none ? 0 : all ? 1 : probs < 1 ? probs : 1 - 0x1p-53;
    if ((none || all) && fit_is_free(p, place)) {
        fit_decide(p, NLL_FIT_BOUNDARY, (int)place);
        fit_decide_loss(p, 0);
    }
}
void fit_start_bernoulli(fit_problem *p, double *x) {
    start_probs(p, 0, fit_plain_mean(p), p->seen.most == 0, p->seen.least == 1, x);
}
void fit_start_binomial(fit_problem *p, double *x) {
    const fit_survey *s = &p->seen;
    if (s->filled == 0) {
        x[1] = (double)NAN;
        if (!fit_is_free(p, 1)) return;
        fit_decide(p, NLL_FIT_UNIDENTIFIED, 1);
        fit_decide_loss(p, 0);
        return;
    }
    double probs = fit_total(p, FIT_VALUE, nll_number(0)) / fit_total(p, FIT_OTHER, p->fixed[0]);
    start_probs(p, 1, probs, s->zero_rows == s->filled, s->top_rows == s->filled, x);
}
void fit_start_geometric(fit_problem *p, double *x) {
    x[0] = 1 / (1 + fit_plain_mean(p));
    if (p->seen.most == 0 && fit_is_free(p, 0)) fit_decide(p, NLL_FIT_BOUNDARY, 0);
}
void fit_start_mean(fit_problem *p, double *x) { /* poisson, tweedie */
    x[0] = fit_plain_mean(p);
    if (p->seen.most > 0 || !fit_is_free(p, 0)) return;
    fit_decide(p, NLL_FIT_BOUNDARY, 0);
    fit_decide_loss(p, 0);
}
void fit_start_negative_binomial(fit_problem *p, double *x) {
    double m = x[0] = fit_plain_mean(p);
    if (fit_is_free(p, 0) && p->seen.most == 0) {
        x[1] = fit_is_free(p, 1) ? (double)NAN : x[1];
        fit_decide(p, NLL_FIT_BOUNDARY, 0);
        fit_decide_loss(p, 0);
        return;
    }
    if (fit_is_number(p, 0)) m = fit_held(p, 0);
    /* Means held by row have an excess of their own; their logarithms not without another pass. */
    int by_row = fit_is_fixed(p, 0) && !fit_is_number(p, 0), logs = p->form[0]->domain == NLL_LOG;
    nll_view at = by_row && !logs ? p->fixed[0] : nll_number(m);
    double excess = fit_total(p, FIT_EXCESS, at) / p->seen.weight_sum;
    x[1] = m * m / excess;
    if (excess > 0 || !fit_is_free(p, 1)) return;
    x[1] = 1;
    if (by_row && logs) return;
    p->outcome = NLL_FIT_LIMIT;
    p->at_fault = 1;
}
/* Positive counts have the mean rate / (1 - e^-rate). */
void fit_start_zero_inflated_poisson(fit_problem *p, double *x) {
    double zeros = p->seen.zeros / p->seen.weight_sum, m = fit_plain_mean(p),
           above = m / (1 - zeros);
    double rate = above;
    if (p->seen.most == 0) {
        x[0] = 1;
        x[1] = (double)NAN;
        if (!fit_is_free(p, 0)) {
            x[1] = 0;
            fit_decide(p, NLL_FIT_BOUNDARY, 1);
        } else {
            fit_decide(p, NLL_FIT_BOUNDARY, 0);
        }
        fit_decide_loss(p, 0);
        return;
    }
    if (fit_is_free(p, 0) && fit_is_number(p, 1))
        rate = fit_held(p, 1);
    else
        for (int i = 0; i < 60; i++) { /* Newton's method from the right, on a convex function */
            double e = fit_exponential(-rate);
            rate -= (rate - above * (1 - e)) / (1 - above * e);
            if (!(rate > 0)) rate = m / 2;
        }
    x[1] = rate;
    x[0] = 1 - (1 - zeros) / (1 - fit_exponential(-rate));
    if (!(x[0] > 0) && fit_is_free(p, 0) && (fit_is_free(p, 1) || fit_is_number(p, 1))) {
        x[0] = 0; /* no more zeros than a Poisson count has */
        if (fit_is_free(p, 1)) x[1] = m;
        fit_decide(p, NLL_FIT_BOUNDARY, 0);
    }
    if (!(x[0] > 0x1p-20)) x[0] = p->decided ? 0 : 0x1p-20;
}
/* L of trials that all fail or all succeed. */
static double all_or_nothing(const fit_problem *p) {
    double zeros = p->seen.zeros, tops = p->seen.tops, sum = zeros + tops;
    return (zeros > 0 ? -zeros * fit_natural_log(zeros / sum) : 0) -
           (tops > 0 ? tops * fit_natural_log(tops / sum) : 0);
}
void fit_start_beta_binomial(fit_problem *p, double *x) {
    const fit_survey *s = &p->seen;
    int both = fit_is_free(p, 1) && fit_is_free(p, 2);
    x[1] = x[2] = 1;
    if (s->trials <= 1 && both) {
        x[1] = x[2] = (double)NAN;
        fit_decide(p, NLL_FIT_UNIDENTIFIED, -1);
        fit_decide_loss(p, all_or_nothing(p));
        return;
    }
    if (s->filled == 0) return;
    if (s->zero_rows == s->filled || s->top_rows == s->filled) {
        unsigned least = s->zero_rows ? 1 : 2; /* goes to 0 against the other */
        if (!fit_is_free(p, least)) return;
        x[least] = 0;
        x[3 - least] = fit_is_free(p, 3 - least) ? (double)NAN : x[3 - least];
        fit_decide(p, NLL_FIT_BOUNDARY, (int)least);
        fit_decide_loss(p, 0);
        return;
    }
    if (!both) return;
    if (s->zero_rows + s->top_rows == s->filled) {
        x[1] = x[2] = 0;
        fit_decide(p, NLL_FIT_BOUNDARY, -1);
        fit_decide_loss(p, all_or_nothing(p));
        return;
    }
    double trials = fit_total(p, FIT_OTHER, p->fixed[0]);
    double prob = fit_total(p, FIT_VALUE, nll_number(0)) / trials, rest = 1 - prob;
    double pairs = fit_total(p, FIT_PAIRS_ALL, p->fixed[0]);
    double same = fit_total(p, FIT_PAIRS, nll_number(0)) / prob +
                  fit_total(p, FIT_PAIRS_LEFT, p->fixed[0]) / rest;
    double excess = same - pairs; /* twice the score of the correlation rho at 0 */
    if (!(excess > 0)) {          /* no more variance than a binomial count has */
        x[1] = prob * 0x1p100;
        x[2] = rest * 0x1p100;
        fit_decide(p, NLL_FIT_LIMIT, -1);
        return;
    }
    double rho = excess / pairs;
    rho = rho < 0.001 ? 0.001 : rho > 0.9 ? 0.9 : rho;
    x[1] = prob * (1 / rho - 1);
    x[2] = rest * (1 / rho - 1);
}
