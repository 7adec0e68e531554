/* facts.h: modes, means, variances and Fisher informations at a point within the domains. */
#ifndef NLL_FACTS_H
#define NLL_FACTS_H

#include "distribution.h"

#define NLL_FACT(name) double nll_fact_##name(const nll_point *p)

/* Shared by several. */
NLL_FACT(zero);
NLL_FACT(first);  /* the first parameter */
NLL_FACT(second); /* the second */
NLL_FACT(nan);
NLL_FACT(inverse_square_0); /* 1 / x0^2 */
NLL_FACT(inverse_square_1); /* 1 / x1^2 */
NLL_FACT(two_over_square_0);
NLL_FACT(two_over_square_1);

NLL_FACT(exponential_mean);
NLL_FACT(exponential_fisher);
NLL_FACT(laplace_variance);
NLL_FACT(cauchy_fisher);
NLL_FACT(logistic_variance);
NLL_FACT(logistic_fisher_loc);
NLL_FACT(logistic_fisher_scale);
NLL_FACT(gumbel_mean);
NLL_FACT(gumbel_variance);
NLL_FACT(gumbel_fisher_scale);
NLL_FACT(half_normal_mean);
NLL_FACT(half_normal_variance);
NLL_FACT(lognormal_mode);
NLL_FACT(lognormal_mean);
NLL_FACT(lognormal_variance);
NLL_FACT(pareto_mean);
NLL_FACT(pareto_variance);
NLL_FACT(weibull_mode);
NLL_FACT(weibull_mean);
NLL_FACT(weibull_variance);
NLL_FACT(weibull_fisher_concentration);
NLL_FACT(weibull_fisher_scale);
NLL_FACT(geometric_mean);
NLL_FACT(geometric_variance);
NLL_FACT(geometric_fisher);
NLL_FACT(tweedie_variance);
NLL_FACT(tweedie_fisher);
NLL_FACT(trigamma_0);
NLL_FACT(binomial_mode);
NLL_FACT(binomial_mean);
NLL_FACT(binomial_variance);
NLL_FACT(binomial_fisher);
NLL_FACT(poisson_mode);
NLL_FACT(poisson_fisher);
NLL_FACT(negative_binomial_mode);
NLL_FACT(negative_binomial_variance);
NLL_FACT(negative_binomial_fisher);
NLL_FACT(zip_mean);
NLL_FACT(zip_variance);
NLL_FACT(gamma_mode);
NLL_FACT(gamma_mean);
NLL_FACT(gamma_fisher_rate);
NLL_FACT(inverse_gamma_mode);
NLL_FACT(inverse_gamma_mean);
NLL_FACT(inverse_gamma_variance);
NLL_FACT(student_t_mean);
NLL_FACT(student_t_fisher_loc);
NLL_FACT(student_t_fisher_scale);
NLL_FACT(von_mises_variance);
NLL_FACT(von_mises_fisher_loc);
NLL_FACT(von_mises_fisher_concentration);
NLL_FACT(student_t_variance);
NLL_FACT(zip_mode);
NLL_FACT(beta_binomial_mode);
NLL_FACT(beta_binomial_mean);
NLL_FACT(beta_binomial_variance);
NLL_FACT(beta_mode);
NLL_FACT(beta_mean);
NLL_FACT(beta_variance);
NLL_FACT(beta_fisher_first);
NLL_FACT(beta_fisher_second);

#endif
