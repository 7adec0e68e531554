/* fit.c: nll_fit. */
#include "fit.h"

#include "args.h"
#include "check.h"
#include "float_env.h"
#include "number.h"

#include <math.h>

static const double infinity = INFINITY;

const char *nll_fit_outcome_string(nll_fit_outcome outcome) {
    switch (outcome) {
    case NLL_FIT_CONVERGED: return "converged";
    case NLL_FIT_BOUNDARY: return "the maximum lies on the edge of the parameter's range";
    case NLL_FIT_LIMIT: return "the likelihood rises to a limit as the parameter goes to infinity";
    case NLL_FIT_UNBOUNDED: return "the likelihood has no bound: there is no maximum";
    case NLL_FIT_UNIDENTIFIED: return "the data do not determine the parameters";
    case NLL_FIT_ITERATIONS: return "the iterations were not enough";
    case NLL_FIT_STALLED: return "no step lowers the negative log-likelihood any more";
    }
    return "unknown outcome";
}

/* Data large enough that a first fit to a part of its blocks saves passes over all of it. */
static void approach(fit_problem *p, fit_limits limits) {
    enum { LARGE = 1 << 20, SMALL = 1 << 17 };
    if (p->rows < LARGE || fit_closed_form(p)) return;
    fit_problem part = *p;
    part.stride = p->rows / SMALL;
    limits.tolerance = 0.01;
    fit_newton(&part, limits, 0);
    p->status = part.status;
    if (part.outcome != NLL_FIT_CONVERGED && part.outcome != NLL_FIT_LIMIT) return;
    for (unsigned k = 0; k < p->places; k++) p->theta[k] = part.theta[k];
}

/* The limit of a parameter that goes to infinity: at 2^100 the kernels have its bits, as the tests
 * check.  The others are fitted there. */
static void fit_limit(fit_problem *p, fit_limits limits) {
    int place = p->at_fault;
    if (place < 0) return;
    p->fixed[place] = nll_number(0x1p100);
    p->theta[place] = 0x1p100;
    unsigned free[NLL_PLACES];
    p->loss_known = 0;
    if (fit_free(p, free)) fit_newton(p, limits, 1);
    if (p->outcome == NLL_FIT_CONVERGED) {
        p->outcome = NLL_FIT_LIMIT;
        p->at_fault = place;
    }
    p->fixed[place] = (nll_view){.dtype = NLL_ABSENT};
}

static void evaluate(fit_problem *p) {
    fit_sums sums;
    if (p->loss_known) return;
    fit_pass(p, p->theta, 0, &sums);
    p->loss = sums.loss;
}

static void solve(fit_problem *p, fit_limits limits) {
    fit_begin(p);
    if (p->status != NLL_OK) return;
    /* The likelihood is not smooth in the scale of pareto: it stays where it begins. */
    int edge = p->row->info.target_domain == NLL_FROM_SCALE && !fit_is_fixed(p, 1);
    if (edge) p->fixed[1] = nll_number(p->theta[1]);
    if (p->outcome == NLL_FIT_LIMIT && !p->decided) {
        fit_limit(p, limits);
    } else if (!p->decided) {
        approach(p, limits);
        if (p->status == NLL_OK) fit_newton(p, limits, 1);
        if (p->outcome == NLL_FIT_LIMIT) fit_limit(p, limits);
    }
    if (edge) p->fixed[1] = (nll_view){.dtype = NLL_ABSENT};
    if (p->status == NLL_OK) evaluate(p);
    if (p->outcome == NLL_FIT_LIMIT)
        for (unsigned k = 0; k < p->places; k++)
            if (!fit_is_fixed(p, k) && (p->at_fault < 0 || (int)k == p->at_fault))
                p->theta[k] = infinity;
}

static void report(const fit_problem *p, nll_fit_result *r) {
    unsigned place[NLL_PLACES];
    unsigned k = fit_free(p, place);
    r->outcome = p->outcome;
    r->converged = p->outcome == NLL_FIT_CONVERGED || p->outcome == NLL_FIT_BOUNDARY ||
                   p->outcome == NLL_FIT_LIMIT;
    r->parameter = p->at_fault;
    r->parameter_count = (int)p->places;
    r->free_count = (int)k;
    for (unsigned i = 0; i < p->places; i++) {
        nll_fit_estimate *e = &r->estimate[i];
        e->name = p->form[i]->name;
        e->fixed = fit_is_fixed(p, i);
        e->value = nll_canonical(p->theta[i] + 0.0); /* no -0 */
        e->standard_error = e->fixed ? 0 : nll_canonical(sqrt(p->covariance[i][i]));
        for (unsigned j = 0; j < p->places; j++)
            r->covariance[i][j] = e->fixed || fit_is_fixed(p, j) ? 0 : p->covariance[i][j];
    }
    int density = p->row->kernel[0] != NLL_K_tweedie_mean;
    r->log_likelihood = nll_canonical(0 - p->loss);
    r->aic = density ? 2 * (double)k + 2 * p->loss : (double)NAN;
    r->bic =
        density ? (double)k * nll_one(NLL_K_log, p->seen.weight_sum) + 2 * p->loss : (double)NAN;
    r->gradient_norm = nll_canonical(p->norm);
    r->iterations = p->iterations;
    r->passes = p->passes;
}

static void put(nll_fit_result *to, const nll_fit_result *r) {
    if (!to) return;
    size_t given = to->struct_size;
    if (given <= sizeof given) return;
    memcpy((char *)to + sizeof given, (const char *)r + sizeof given,
           (given < sizeof *r ? given : sizeof *r) - sizeof given);
}

static nll_status check(const nll_fit_args *a, const fit_problem *p) {
    nll_checker c = {0};
    nll_check_in(&c, &a->target, a->rows, 1, NLL_REALS, 1, 0);
    nll_check_in(&c, &a->sample_weight, a->rows, 1, NLL_REALS_OR_NUMBER, 0, 0);
    for (unsigned k = 0; k < p->places; k++)
        nll_check_in(&c, &p->fixed[k], a->rows, 1, NLL_REALS_OR_NUMBER, 0, 0);
    /* Its weighted median would be one of all scales. */
    int medians = p->kernel != NLL_K_laplace || fit_is_fixed(p, 0) || !fit_is_fixed(p, 1) ||
                  fit_is_number(p, 1);
    nll_check_that(&c, medians, NLL_E_UNSUPPORTED);
    nll_check_that(&c, !a->executor || a->executor->parallel_for, NLL_E_NULL);
    nll_check_that(&c, a->max_iterations >= 0, NLL_E_VALUE);
    nll_check_that(&c, a->tolerance >= 0 && a->tolerance < infinity, NLL_E_VALUE);
    return c.status;
}

nll_status nll_fit(const nll_fit_args *args, nll_fit_result *result) {
    nll_fit_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    fit_problem p = {.isa = nll_isa_current(), .executor = a.executor, .rows = a.rows, .stride = 1};
    nll_fit_result r = {.rows = a.rows, .parameter = -1, .bad_row = -1};
    p.norm = (double)NAN;
    p.target = &a.target;
    p.weight = nll_view_given(&a.sample_weight) ? &a.sample_weight : NULL;
    nll_status status = fit_choose(&p, &a);
    if (status == NLL_OK) status = check(&a, &p);
    if (status != NLL_OK) return status;
    uint64_t env = nll_float_enter();
    fit_look(&p);
    status = p.status != NLL_OK         ? p.status
             : p.seen.bad_row >= 0      ? NLL_E_DOMAIN
             : !(p.seen.weight_sum > 0) ? NLL_E_EMPTY
                                        : NLL_OK;
    r.bad_row = p.seen.bad_row;
    r.count = p.seen.count;
    r.weight_sum = p.seen.weight_sum;
    if (status == NLL_OK) {
        fit_limits limits = {a.max_iterations ? a.max_iterations : 100,
                             a.tolerance > 0 ? a.tolerance : 1e-8};
        solve(&p, limits);
        status = p.status;
        if (status == NLL_OK) report(&p, &r);
    }
    nll_float_leave(env);
    put(result, &r);
    return status;
}
