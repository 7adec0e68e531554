/* gaussian.c: nll_gaussian. */
#include "args.h"
#include "distribution.h"
#include "map.h"

#include <math.h>

static int is_finite(double x) { return fabs(x) < INFINITY; }
static int bad_positive(const void *model, const double in[]) {
    (void)model;
    return !is_finite(in[0]) || !(in[1] > 0) || !is_finite(in[2]);
}
static int bad_log(const void *model, const double in[]) {
    (void)model;
    return !is_finite(in[0]) || in[1] != in[1] || !is_finite(in[2]);
}
/* Variance, and Fisher information of the spread, by its form; NaN outside the domain. */
static double over_domain(double spread, double value) { return spread > 0 ? value : (double)NAN; }
static double scale_variance(const void *model, const double in[]) {
    (void)model;
    return over_domain(in[1], in[1] * in[1]);
}
static double var_variance(const void *model, const double in[]) {
    (void)model;
    return over_domain(in[1], in[1]);
}
static double log_scale_variance(const void *model, const double in[]) {
    (void)model;
    return nll_one(NLL_K_exp, 2 * in[1]);
}
static double log_var_variance(const void *model, const double in[]) {
    (void)model;
    return nll_one(NLL_K_exp, in[1]);
}
static double scale_fisher(const void *model, const double in[]) {
    (void)model;
    return over_domain(in[1], 2 / in[1] / in[1]);
}
static double var_fisher(const void *model, const double in[]) {
    (void)model;
    return over_domain(in[1], 0.5 / in[1] / in[1]);
}
static double log_scale_fisher(const void *model, const double in[]) {
    (void)model;
    return in[1] == in[1] ? 2 : (double)NAN;
}
static double log_var_fisher(const void *model, const double in[]) {
    (void)model;
    return in[1] == in[1] ? 0.5 : (double)NAN;
}
typedef double fact(const void *model, const double in[]);
static double fisher_loc(const void *variance, const double in[]) {
    return 1 / (*(fact *const *)variance)(NULL, in);
}
/* Second derivative of loc and spread from the gradient of loc. */
static double scale_mixed(double grad, double s) { return -2 * grad / s; }
static double var_mixed(double grad, double v) { return -grad / v; }
static double log_scale_mixed(double grad, double t) {
    (void)t;
    return -2 * grad;
}
static double log_var_mixed(double grad, double s) {
    (void)s;
    return -grad;
}
static double mode_loc(const void *model, const double in[]) {
    (void)model;
    return in[0];
}

nll_status nll_gaussian(const nll_gaussian_args *args, nll_result *result) {
    nll_gaussian_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    const struct {
        const nll_view *view;
        enum nll_kernel kernel;
        int (*bad)(const void *model, const double in[]);
        fact *variance, *fisher;
        double (*mixed)(double grad, double spread);
    } spreads[] = {
        {&a.scale, NLL_K_gaussian_scale, bad_positive, scale_variance, scale_fisher, scale_mixed},
        {&a.var, NLL_K_gaussian_var, bad_positive, var_variance, var_fisher, var_mixed},
        {&a.log_scale, NLL_K_gaussian_log_scale, bad_log, log_scale_variance, log_scale_fisher,
         log_scale_mixed},
        {&a.log_var, NLL_K_gaussian_log_var, bad_log, log_var_variance, log_var_fisher,
         log_var_mixed}};
    nll_checker c = {0};
    int chosen = -1;
    for (int i = 0; i < 4; i++) {
        if (!nll_view_given(spreads[i].view)) continue;
        nll_check_that(&c, chosen < 0, NLL_E_VALUE);
        chosen = i;
    }
    if (chosen < 0) {
        a.scale = nll_number(1);
        chosen = 0;
    }
    nll_check_in(&c, &a.loc, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 1);
    nll_check_in(&c, spreads[chosen].view, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 2);
    nll_check_in(&c, &a.target, a.rows, 1, NLL_REALS_OR_NUMBER, 1, 3);
    nll_map_call call = {
        .kernel = spreads[chosen].kernel,
        .rows = a.rows,
        .inputs = 3,
        .in = {&a.loc, spreads[chosen].view, &a.target},
        .nll = &a.nll,
        .out = {{&a.grad_loc, 1},
                {&a.grad_spread, 2},
                {&a.grad_target, 3},
                {&a.hess_loc, 0},
                {&a.hess_spread, 0}},
        .fact = {{&a.mode, mode_loc},
                 {&a.target_mean, mode_loc},
                 {&a.target_variance, spreads[chosen].variance},
                 {&a.fisher_loc, fisher_loc},
                 {&a.fisher_spread, spreads[chosen].fisher}},
        .product = {{&a.vector_loc, &a.hvp_loc, 3}, {&a.vector_spread, &a.hvp_spread, 4}},
        .mixed = spreads[chosen].mixed,
        .model = &spreads[chosen].variance,
        .common = &a.common,
        .bad = spreads[chosen].bad};
    return nll_map_run(&c, &call, result);
}
