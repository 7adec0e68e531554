/* tu_dist.c: distributions of elementary functions in double lanes, compiled once per instruction
 * set and compute type. */
#include "table.h"

#include "dist/cauchy.h"
#include "dist/exponential.h"
#include "dist/geometric.h"
#include "dist/gumbel.h"
#include "dist/half_normal.h"
#include "dist/laplace.h"
#include "dist/logistic.h"
#include "dist/lognormal.h"
#include "dist/pareto.h"
#include "dist/tweedie.h"
#include "dist/weibull.h"

/* inputs, gradients, curvatures, inputs worth hoisting, vectors at a time */
NLL_WIDE_MAP(exponential_rate, 2, 2, 1, 1, 2)
NLL_WIDE_MAP(exponential_log_rate, 2, 2, 1, 1, 2)
NLL_WIDE_MAP(geometric_logits, 2, 1, 1, 1, 4)
NLL_WIDE_MAP(geometric_probs, 2, 1, 1, 1, 4)
NLL_WIDE_MAP(half_normal, 2, 2, 1, 1, 2)
NLL_WIDE_MAP(laplace, 3, 3, 2, 2, 2)
NLL_WIDE_MAP(cauchy, 3, 3, 2, 2, 4)
NLL_WIDE_MAP(logistic, 3, 3, 2, 2, 4)
NLL_WIDE_MAP(gumbel, 3, 3, 2, 2, 2)
NLL_WIDE_MAP(lognormal, 3, 3, 2, 2, 4)
NLL_WIDE_MAP(pareto, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(weibull, 3, 3, 2, 3, 2)
NLL_WIDE_MAP(tweedie_mean, 3, 2, 1, 2, 4)
NLL_WIDE_MAP(tweedie_log_mean, 3, 2, 1, 2, 4)
