/* kl_oracle.h: KL(p||q) of two members of a family as the textbook has it, in 768-bit numbers; the
 * gradients are central differences of the value over steps of 2^-160, so that they share nothing
 * with the library's formulas. */
#ifndef NLL_TESTS_KL_ORACLE_H
#define NLL_TESTS_KL_ORACLE_H

#include "dist_num.h"

#include <stddef.h>
#include <stdint.h>

enum { KL_INPUTS = 4, KL_OUTPUTS = 1 + KL_INPUTS };

/* How inputs are drawn. */
enum kl_domain { KL_REAL, KL_POSITIVE, KL_UNIT, KL_LOGARITHM, KL_LOGIT };

struct kl_model {
    const char *kernel, *family;
    const char *names[KL_INPUTS]; /* of p's parameters, then q's: "p_loc", ... */
    size_t inputs;
    enum kl_domain domains[KL_INPUTS / 2];
    num (*value)(const num x[]);
    /* Magnitude that errors of output o are relative to; NULL: the output itself. */
    num (*magnitude)(size_t o, const num x[]);
};
extern const struct kl_model kl_models[];
extern const size_t kl_model_count;

/* Value and gradients at x, and their magnitudes, which are at least as large. */
void kl_oracle(const struct kl_model *m, const double x[], long double v[], long double mag[]);
/* Of Dirichlet distributions of n classes: the value, its magnitude, and d p_c, d q_c for class c.
 */
void kl_oracle_dirichlet(size_t n, const double *p, const double *q, size_t c, long double v[3],
                         long double mag[3]);

/* Parameters: of moderate and of extreme size; q independent of p, near it by any power of two that
 * the type resolves, or equal in part.  Half of the numbers above 0 go to 2^+-reach, reach 0: as
 * far as 768 bits resolve the gradients' differences. */
void kl_draw(const struct kl_model *m, int f32, int reach, double x[], uint64_t *state);

#endif
