/* checks.h: what every kernel of every instruction set must pass.  Each check works on one function
 * and returns NULL, or what was wrong first; tests/kernel_selftest.c shows that they find faults.
 */
#ifndef NLL_TESTS_CHECKS_H
#define NLL_TESTS_CHECKS_H

#include "batch.h"

typedef const char *check_fn(unsigned kernel, enum nll_type type, nll_fn fn);

/* The oracle's bits for many shapes and seeds. */
check_fn check_bits;
/* Every length, misalignment and guard page; in place where that is allowed. */
check_fn check_memory;
/* A number's bits do not depend on its neighbours (element-wise families). */
check_fn check_lanes;
/* Columns, rows and blocks may be given in one call or in several, constants as arrays. */
check_fn check_split;
/* Any NaN in an input is as good as any other. */
check_fn check_nan;

#endif
