/* tu_kl.c: divergences of two members of one family in double lanes, compiled once per instruction
 * set and compute type. */
#include "table.h"

#include "dist/kl_gamma.h"
#include "dist/kl_location.h"
#include "dist/kl_rate.h"

/* inputs, gradients, curvatures, inputs worth hoisting, vectors at a time */
NLL_WIDE_MAP(kl_gaussian_scale, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_gaussian_var, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_gaussian_log_scale, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_gaussian_log_var, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_laplace, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_bernoulli_logits, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_bernoulli_probs, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_poisson_rate, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_poisson_log_rate, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_exponential_rate, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_exponential_log_rate, 2, 2, 0, 0, 2)
NLL_WIDE_MAP(kl_gamma, 4, 4, 0, 0, 2)
NLL_WIDE_MAP(kl_beta, 4, 4, 0, 0, 2)
