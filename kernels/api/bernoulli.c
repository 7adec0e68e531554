/* bernoulli.c: nll_bernoulli. */
#include "args.h"
#include "distribution.h"
#include "map.h"

#include <math.h>

static int unit(double x) { return x >= 0 && x <= 1; }
static int bad_logits(const void *model, const double in[]) {
    (void)model;
    return in[0] != in[0] || !unit(in[1]) || !(in[2] >= 0);
}
static int bad_probs(const void *model, const double in[]) {
    (void)model;
    return !unit(in[0]) || !unit(in[1]) || !(in[2] >= 0);
}
static double mode_logits(const void *model, const double in[]) {
    (void)model;
    return in[0] > 0 ? 1 : 0;
}
static double mode_probs(const void *model, const double in[]) {
    (void)model;
    return in[0] > 0.5 ? 1 : 0;
}

static double mean_logits(const void *model, const double in[]) {
    (void)model;
    return nll_one(NLL_K_sigmoid, in[0]);
}
static double variance_logits(const void *model, const double in[]) {
    (void)model;
    return nll_one(NLL_K_sigmoid, in[0]) * nll_one(NLL_K_sigmoid, -in[0]);
}
static double mean_probs(const void *model, const double in[]) {
    (void)model;
    return unit(in[0]) ? in[0] : (double)NAN;
}
static double variance_probs(const void *model, const double in[]) {
    (void)model;
    return unit(in[0]) ? in[0] * (1 - in[0]) : (double)NAN;
}
static double fisher_probs(const void *model, const double in[]) {
    return 1 / variance_probs(model, in);
}

nll_status nll_bernoulli(const nll_bernoulli_args *args, nll_result *result) {
    nll_bernoulli_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    nll_checker c = {0};
    int probs = nll_view_given(&a.probs);
    const nll_view *parameter = probs ? &a.probs : &a.logits;
    nll_check_that(&c, nll_view_given(&a.logits) || probs, NLL_E_NULL);
    nll_check_that(&c, !(nll_view_given(&a.logits) && probs), NLL_E_VALUE);
    nll_check_that(&c, a.label_smoothing >= 0 && a.label_smoothing <= 1, NLL_E_VALUE);
    if (!nll_view_given(&a.pos_weight)) a.pos_weight = nll_number(1);
    nll_check_in(&c, parameter, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 1);
    nll_check_in(&c, &a.target, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 0);
    nll_check_in(&c, &a.pos_weight, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 0);
    nll_map_call call = {.kernel = probs ? NLL_K_bernoulli_probs : NLL_K_bernoulli_logits,
                         .rows = a.rows,
                         .inputs = 3,
                         .in = {parameter, &a.target, &a.pos_weight},
                         .nll = &a.nll,
                         .out = {{&a.grad, 1}, {&a.hess, 0}},
                         .fact = {{&a.mode, probs ? mode_probs : mode_logits},
                                  {&a.target_mean, probs ? mean_probs : mean_logits},
                                  {&a.target_variance, probs ? variance_probs : variance_logits},
                                  {&a.fisher, probs ? fisher_probs : variance_logits}},
                         .product = {{&a.vector, &a.hvp, 1}},
                         .common = &a.common,
                         .bad = probs ? bad_probs : bad_logits,
                         .label_smoothing = a.label_smoothing};
    return nll_map_run(&c, &call, result);
}
