/* dist_run.h: points of a distribution through the library. */
#ifndef NLL_TESTS_DIST_RUN_H
#define NLL_TESTS_DIST_RUN_H

#include "dist_oracle.h"
#include "tables.h"

#include <nll/nll.h>

/* The stored table; fails the test where it cannot be read. */
struct table dist_table(const struct dist_model *m);

/* Number of the kernel, -1 where the library has none of this name. */
int dist_kernel(const struct dist_model *m);

/* Loss, gradients, second derivatives of n points: x [n, inputs], out [n, outputs]. */
void dist_run(const struct dist_model *m, nll_dtype type, size_t n, const double *x, double *out);

#endif
