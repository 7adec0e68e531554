/* check_models.h: run one call with every output asked for and hold all of them against the oracle.
 * The arguments' own output members are ignored; inputs may have any type and strides.  Inputs must
 * be in their domains; masks, infinities and NaN among logits are fine. */
#ifndef NLL_TESTS_CHECK_MODELS_H
#define NLL_TESTS_CHECK_MODELS_H

#include <nll/nll.h>

void check_categorical(const nll_categorical_args *args, const char *label);
void check_bernoulli(const nll_bernoulli_args *args, const char *label);
void check_gaussian(const nll_gaussian_args *args, const char *label);
void check_kl(const nll_kl_args *args, const char *label);

/* Sums of a call, collected row by row from the library's own row values, then compared. */
struct totals {
    long double sum, magnitude, weight_sum;
    uint64_t rows, count, ignored, nonfinite, correct;
};
void totals_add(struct totals *t, double nll, double weight, double divisor_weight);
void totals_check(const struct totals *t, const nll_result *r, const nll_common *c,
                  const char *label);
/* What the gradient of row i is multiplied by: upstream, weight and divisor. */
long double grad_scale(const nll_common *c, size_t i, double weight, double weight_sum);
double sample_weight_of(const nll_common *c, size_t i);
/* Stated limit of the categorical model in units of the roundoff. */
double row_limit(nll_dtype compute);

#endif
