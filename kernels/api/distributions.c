/* distributions.c: THE table of distributions, one row each, and the public function of each row.
 */
#include "distribution.h"

#include "facts.h"

#define MEMBER(model, name) offsetof(nll_##model##_args, name)
/* A parameter: its place in the kernel's inputs, its domain, a few words. */
#define PARAMETER(model, place, name, domain, about)                                  \
    {                                                                                 \
#name, about, place, domain, MEMBER(model, name), MEMBER(model, grad_##name), \
            MEMBER(model, hess_##name), MEMBER(model, fisher_##name)                  \
    }
/* The same where the Fisher information has no closed form, or the parameter no derivatives. */
#define PARAMETER_OPEN(model, place, name, domain, about)                             \
    {                                                                                 \
#name, about, place, domain, MEMBER(model, name), MEMBER(model, grad_##name), \
            MEMBER(model, hess_##name), 0                                             \
    }
#define CONSTANT(model, place, name, domain, about) \
    { #name, about, place, domain, MEMBER(model, name), 0, 0, 0 }

static const nll_parameter exponential_parameters[] = {
    PARAMETER(exponential, 0, rate, NLL_POSITIVE, "events per unit of y"),
    PARAMETER(exponential, 0, log_rate, NLL_LOG, "logarithm of the rate"),
};
#define LOCATION_SCALE(model)                              \
    static const nll_parameter model##_parameters[] = {    \
        PARAMETER(model, 0, loc, NLL_REAL, "location"),    \
        PARAMETER(model, 1, scale, NLL_POSITIVE, "scale"), \
    };
LOCATION_SCALE(laplace)
LOCATION_SCALE(cauchy)
LOCATION_SCALE(logistic)
LOCATION_SCALE(gumbel)
static const nll_parameter half_normal_parameters[] = {
    PARAMETER(half_normal, 0, scale, NLL_POSITIVE, "standard deviation of the Gaussian"),
};
static const nll_parameter lognormal_parameters[] = {
    PARAMETER(lognormal, 0, loc, NLL_REAL, "mean of log y"),
    PARAMETER(lognormal, 1, scale, NLL_POSITIVE, "standard deviation of log y"),
};
static const nll_parameter pareto_parameters[] = {
    PARAMETER(pareto, 0, concentration, NLL_POSITIVE, "exponent of the tail"),
    PARAMETER_OPEN(pareto, 1, scale, NLL_POSITIVE, "least value of y"),
};
static const nll_parameter weibull_parameters[] = {
    PARAMETER(weibull, 0, concentration, NLL_POSITIVE, "shape"),
    PARAMETER(weibull, 1, scale, NLL_POSITIVE, "scale"),
};
static const nll_parameter geometric_parameters[] = {
    PARAMETER(geometric, 0, logits, NLL_LOGIT, "log-odds of success"),
    PARAMETER(geometric, 0, probs, NLL_UNIT, "probability of success"),
};
static const nll_parameter tweedie_parameters[] = {
    PARAMETER(tweedie, 0, mean, NLL_POSITIVE, "mean"),
    PARAMETER(tweedie, 0, log_mean, NLL_LOG, "logarithm of the mean"),
    CONSTANT(tweedie, 1, power, NLL_POWER, "exponent p of the variance mean^p, 1 < p < 2"),
};

#define DISTRIBUTIONS(each)                                                                     \
    each(geometric) each(lognormal) each(half_normal) each(laplace) each(cauchy) each(logistic) \
        each(gumbel) each(exponential) each(weibull) each(pareto) each(tweedie)
#define ROW(model) ROW_##model,
enum { DISTRIBUTIONS(ROW) ROWS };

/* What every row has; then members that only some models' structs have; kernels; facts. */
#define INFO(model, domain, text)                                                                  \
    .name = #model, .about = text, .parameters = model##_parameters,                               \
    .parameter_count = sizeof model##_parameters / sizeof *model##_parameters,                     \
    .target_domain = domain, .args_size = sizeof(nll_##model##_args), .rows = MEMBER(model, rows), \
    .target = MEMBER(model, target), .common = MEMBER(model, common), .nll = MEMBER(model, nll),   \
    .mean = MEMBER(model, target_mean), .variance = MEMBER(model, target_variance)
#define MODE(model) .mode = MEMBER(model, mode)
#define REAL_TARGET(model) .grad_target = MEMBER(model, grad_target)
#define KERNELS(...) .kernel = {__VA_ARGS__}
#define K(id) NLL_K_##id
#define FACTS(a, b, c) .mode = F(a), .mean = F(b), .variance = F(c)
#define FISHER(...) .fisher = {__VA_ARGS__}
#define F(name) nll_fact_##name
#define nll_fact_none NULL

/* clang-format off */
const nll_family_row nll_family_rows[ROWS] = {
    [ROW_geometric] = {
        {INFO(geometric, NLL_COUNT, "failures before the first success"), MODE(geometric)},
        KERNELS(K(geometric_logits), K(geometric_probs)),
        FACTS(zero, geometric_mean, geometric_variance), FISHER(F(geometric_fisher))},
    [ROW_lognormal] = {
        {INFO(lognormal, NLL_POSITIVE, "y > 0 whose logarithm is Gaussian"), MODE(lognormal),
         REAL_TARGET(lognormal)},
        KERNELS(K(lognormal)), FACTS(lognormal_mode, lognormal_mean, lognormal_variance),
        FISHER(F(inverse_square_1), F(two_over_square_1))},
    [ROW_half_normal] = {
        {INFO(half_normal, NLL_NONNEGATIVE, "the size of a Gaussian around 0"), MODE(half_normal),
         REAL_TARGET(half_normal)},
        KERNELS(K(half_normal)), FACTS(zero, half_normal_mean, half_normal_variance),
        FISHER(F(two_over_square_0))},
    [ROW_laplace] = {
        {INFO(laplace, NLL_REAL, "a double exponential"), MODE(laplace), REAL_TARGET(laplace)},
        KERNELS(K(laplace)), FACTS(first, first, laplace_variance),
        FISHER(F(inverse_square_1), F(inverse_square_1))},
    [ROW_cauchy] = {
        {INFO(cauchy, NLL_REAL, "a Cauchy distribution"), MODE(cauchy), REAL_TARGET(cauchy)},
        KERNELS(K(cauchy)), FACTS(first, nan, nan), FISHER(F(cauchy_fisher), F(cauchy_fisher))},
    [ROW_logistic] = {
        {INFO(logistic, NLL_REAL, "a logistic distribution"), MODE(logistic),
         REAL_TARGET(logistic)},
        KERNELS(K(logistic)), FACTS(first, first, logistic_variance),
        FISHER(F(logistic_fisher_loc), F(logistic_fisher_scale))},
    [ROW_gumbel] = {
        {INFO(gumbel, NLL_REAL, "the largest of many"), MODE(gumbel), REAL_TARGET(gumbel)},
        KERNELS(K(gumbel)), FACTS(first, gumbel_mean, gumbel_variance),
        FISHER(F(inverse_square_1), F(gumbel_fisher_scale))},
    [ROW_exponential] = {
        {INFO(exponential, NLL_NONNEGATIVE, "a waiting time"), MODE(exponential),
         REAL_TARGET(exponential)},
        KERNELS(K(exponential_rate), K(exponential_log_rate)),
        FACTS(zero, exponential_mean, inverse_square_0), FISHER(F(inverse_square_0))},
    [ROW_weibull] = {
        {INFO(weibull, NLL_POSITIVE, "a lifetime"), MODE(weibull), REAL_TARGET(weibull)},
        KERNELS(K(weibull)), FACTS(weibull_mode, weibull_mean, weibull_variance),
        FISHER(F(weibull_fisher_concentration), F(weibull_fisher_scale))},
    [ROW_pareto] = {
        {INFO(pareto, NLL_FROM_SCALE, "a power law from scale on"), MODE(pareto),
         REAL_TARGET(pareto)},
        KERNELS(K(pareto)), FACTS(second, pareto_mean, pareto_variance),
        FISHER(F(inverse_square_0))},
    [ROW_tweedie] = {
        {INFO(tweedie, NLL_NONNEGATIVE, "half the Tweedie deviance, up to terms of y alone"),
         REAL_TARGET(tweedie)},
        KERNELS(K(tweedie_mean), K(tweedie_log_mean)), FACTS(none, first, tweedie_variance),
        FISHER(F(tweedie_fisher))},
};
/* clang-format on */
const size_t nll_family_count = ROWS;

#define FUNCTION(model)                                                          \
    nll_status nll_##model(const nll_##model##_args *args, nll_result *result) { \
        return nll_score(&nll_family_rows[ROW_##model].info, args, result);      \
    }
DISTRIBUTIONS(FUNCTION)
