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

static const nll_parameter binomial_parameters[] = {
    CONSTANT(binomial, 0, total_count, NLL_COUNT, "number of trials"),
    PARAMETER(binomial, 1, logits, NLL_LOGIT, "log-odds of success"),
    PARAMETER(binomial, 1, probs, NLL_UNIT, "probability of success"),
};
static const nll_parameter poisson_parameters[] = {
    PARAMETER(poisson, 0, rate, NLL_NONNEGATIVE, "mean"),
    PARAMETER(poisson, 0, log_rate, NLL_LOG, "logarithm of the mean"),
};
static const nll_parameter negative_binomial_parameters[] = {
    PARAMETER(negative_binomial, 0, mean, NLL_NONNEGATIVE, "mean"),
    PARAMETER(negative_binomial, 0, log_mean, NLL_LOG, "logarithm of the mean"),
    PARAMETER_OPEN(negative_binomial, 1, size, NLL_POSITIVE, "r of the variance mean + mean^2 / r"),
};
static const nll_parameter zero_inflated_poisson_parameters[] = {
    PARAMETER_OPEN(zero_inflated_poisson, 0, gate, NLL_UNIT, "probability of an extra zero"),
    PARAMETER_OPEN(zero_inflated_poisson, 0, gate_logits, NLL_LOGIT, "log-odds of an extra zero"),
    PARAMETER_OPEN(zero_inflated_poisson, 1, rate, NLL_NONNEGATIVE, "mean of the Poisson"),
    PARAMETER_OPEN(zero_inflated_poisson, 1, log_rate, NLL_LOG, "logarithm of that mean"),
};
static const nll_parameter beta_binomial_parameters[] = {
    CONSTANT(beta_binomial, 0, total_count, NLL_COUNT, "number of trials"),
    PARAMETER_OPEN(beta_binomial, 1, alpha, NLL_POSITIVE, "first shape"),
    PARAMETER_OPEN(beta_binomial, 2, beta, NLL_POSITIVE, "second shape"),
};
static const nll_parameter student_t_parameters[] = {
    PARAMETER_OPEN(student_t, 0, df, NLL_POSITIVE, "degrees of freedom"),
    PARAMETER(student_t, 1, loc, NLL_REAL, "location"),
    PARAMETER(student_t, 2, scale, NLL_POSITIVE, "scale"),
};
static const nll_parameter gamma_parameters[] = {
    PARAMETER(gamma, 0, concentration, NLL_POSITIVE, "shape"),
    PARAMETER(gamma, 1, rate, NLL_POSITIVE, "rate"),
};
static const nll_parameter inverse_gamma_parameters[] = {
    PARAMETER(inverse_gamma, 0, concentration, NLL_POSITIVE, "shape"),
    PARAMETER(inverse_gamma, 1, scale, NLL_POSITIVE, "scale"),
};
static const nll_parameter beta_parameters[] = {
    PARAMETER(beta, 0, alpha, NLL_POSITIVE, "first shape"),
    PARAMETER(beta, 0, mean, NLL_OPEN_UNIT, "mean"),
    PARAMETER(beta, 1, beta, NLL_POSITIVE, "second shape"),
    PARAMETER(beta, 1, precision, NLL_POSITIVE, "alpha + beta"),
};
static const nll_parameter von_mises_parameters[] = {
    PARAMETER(von_mises, 0, loc, NLL_REAL, "mean direction in radians"),
    PARAMETER(von_mises, 1, concentration, NLL_NONNEGATIVE, "concentration"),
};

#define DISTRIBUTIONS(each)                                                                  \
    each(binomial) each(geometric) each(poisson) each(negative_binomial)                     \
        each(zero_inflated_poisson) each(beta_binomial) each(lognormal) each(half_normal)    \
            each(laplace) each(cauchy) each(logistic) each(gumbel) each(student_t)           \
                each(exponential) each(gamma) each(inverse_gamma) each(weibull) each(pareto) \
                    each(beta) each(von_mises) each(tweedie)
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
    [ROW_binomial] = {
        {INFO(binomial, NLL_COUNT_TO_TOTAL, "successes among total-count trials"), MODE(binomial)},
        KERNELS(K(binomial_logits), 0, K(binomial_probs)),
        FACTS(binomial_mode, binomial_mean, binomial_variance), FISHER(NULL, F(binomial_fisher))},
    [ROW_geometric] = {
        {INFO(geometric, NLL_COUNT, "failures before the first success"), MODE(geometric)},
        KERNELS(K(geometric_logits), K(geometric_probs)),
        FACTS(zero, geometric_mean, geometric_variance), FISHER(F(geometric_fisher))},
    [ROW_poisson] = {
        {INFO(poisson, NLL_COUNT, "a count of rare events"), MODE(poisson)},
        KERNELS(K(poisson_rate), K(poisson_log_rate)), FACTS(poisson_mode, first, first),
        FISHER(F(poisson_fisher))},
    [ROW_negative_binomial] = {
        {INFO(negative_binomial, NLL_COUNT, "a count of variance mean + mean^2 / size"),
         MODE(negative_binomial)},
        KERNELS(K(negative_binomial_mean), K(negative_binomial_log_mean)),
        FACTS(negative_binomial_mode, first, negative_binomial_variance),
        FISHER(F(negative_binomial_fisher))},
    [ROW_zero_inflated_poisson] = {
        {INFO(zero_inflated_poisson, NLL_COUNT, "a Poisson count with extra zeros"),
         MODE(zero_inflated_poisson)},
        KERNELS(K(zip_probs_rate), K(zip_logits_rate), K(zip_probs_log_rate),
                K(zip_logits_log_rate)),
        FACTS(zip_mode, zip_mean, zip_variance)},
    [ROW_beta_binomial] = {
        {INFO(beta_binomial, NLL_COUNT_TO_TOTAL, "successes of a chance that varies"),
         MODE(beta_binomial)},
        KERNELS(K(beta_binomial)),
        FACTS(beta_binomial_mode, beta_binomial_mean, beta_binomial_variance)},
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
    [ROW_student_t] = {
        {INFO(student_t, NLL_REAL, "heavy tails around loc"), MODE(student_t),
         REAL_TARGET(student_t)},
        KERNELS(K(student_t)), FACTS(second, student_t_mean, student_t_variance),
        FISHER(NULL, F(student_t_fisher_loc), F(student_t_fisher_scale))},
    [ROW_exponential] = {
        {INFO(exponential, NLL_NONNEGATIVE, "a waiting time"), MODE(exponential),
         REAL_TARGET(exponential)},
        KERNELS(K(exponential_rate), K(exponential_log_rate)),
        FACTS(zero, exponential_mean, inverse_square_0), FISHER(F(exponential_fisher))},
    [ROW_gamma] = {
        {INFO(gamma, NLL_POSITIVE, "a sum of waiting times"), MODE(gamma), REAL_TARGET(gamma)},
        KERNELS(K(gamma)), FACTS(gamma_mode, gamma_mean, gamma_fisher_rate),
        FISHER(F(trigamma_0), F(gamma_fisher_rate))},
    [ROW_inverse_gamma] = {
        {INFO(inverse_gamma, NLL_POSITIVE, "the inverse of a gamma variable"), MODE(inverse_gamma),
         REAL_TARGET(inverse_gamma)},
        KERNELS(K(inverse_gamma)),
        FACTS(inverse_gamma_mode, inverse_gamma_mean, inverse_gamma_variance),
        FISHER(F(trigamma_0), F(gamma_fisher_rate))},
    [ROW_weibull] = {
        {INFO(weibull, NLL_POSITIVE, "a lifetime"), MODE(weibull), REAL_TARGET(weibull)},
        KERNELS(K(weibull)), FACTS(weibull_mode, weibull_mean, weibull_variance),
        FISHER(F(weibull_fisher_concentration), F(weibull_fisher_scale))},
    [ROW_pareto] = {
        {INFO(pareto, NLL_FROM_SCALE, "a power law from scale on"), MODE(pareto),
         REAL_TARGET(pareto)},
        KERNELS(K(pareto)), FACTS(second, pareto_mean, pareto_variance),
        FISHER(F(inverse_square_0))},
    [ROW_beta] = {
        {INFO(beta, NLL_UNIT, "a share from 0 to 1"), MODE(beta), REAL_TARGET(beta)},
        KERNELS(K(beta_alpha_beta), 0, 0, K(beta_mean_precision)),
        FACTS(beta_mode, beta_mean, beta_variance),
        FISHER(F(beta_fisher_first), F(beta_fisher_second))},
    [ROW_von_mises] = {
        {INFO(von_mises, NLL_REAL, "an angle around loc"), MODE(von_mises), REAL_TARGET(von_mises)},
        KERNELS(K(von_mises)), FACTS(first, first, von_mises_variance),
        FISHER(F(von_mises_fisher_loc), F(von_mises_fisher_concentration))},
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
