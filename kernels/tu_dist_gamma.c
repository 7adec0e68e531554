/* tu_dist_gamma.c: distributions of gamma, beta and Bessel functions in double lanes, compiled once
 * per instruction set and compute type. */
#include "table.h"

#include "dist/beta.h"
#include "dist/beta_binomial.h"
#include "dist/binomial.h"
#include "dist/gamma.h"
#include "dist/negative_binomial.h"
#include "dist/poisson.h"
#include "dist/student_t.h"
#include "dist/von_mises.h"

/* inputs, gradients, curvatures, inputs worth hoisting, vectors at a time */
NLL_WIDE_MAP(binomial_logits, 3, 1, 1, 2, 2)
NLL_WIDE_MAP(binomial_probs, 3, 1, 1, 2, 1)
NLL_WIDE_MAP(poisson_rate, 2, 1, 1, 1, 1)
NLL_WIDE_MAP(poisson_log_rate, 2, 1, 1, 1, 2)
NLL_WIDE_MAP(negative_binomial_mean, 3, 2, 2, 2, 2)
NLL_WIDE_MAP(negative_binomial_log_mean, 3, 2, 2, 2, 1)
NLL_WIDE_MAP(zip_probs_rate, 3, 2, 2, 3, 2)
NLL_WIDE_MAP(zip_probs_log_rate, 3, 2, 2, 3, 2)
NLL_WIDE_MAP(zip_logits_rate, 3, 2, 2, 3, 2)
NLL_WIDE_MAP(zip_logits_log_rate, 3, 2, 2, 3, 2)
NLL_WIDE_MAP(beta_binomial, 4, 2, 2, 6, 1)
NLL_WIDE_MAP(student_t, 4, 4, 3, 5, 1)
NLL_WIDE_MAP_OF(gamma, gamma_rate, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(inverse_gamma, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(beta_alpha_beta, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(beta_mean_precision, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(von_mises, 3, 3, 2, 2, 2)
