/* oracle_special.h: special functions in 512-bit arithmetic (MPFR): definitions, recurrences and
 * asymptotic series, no code shared with the kernels. */
#ifndef NLL_TESTS_ORACLE_SPECIAL_H
#define NLL_TESTS_ORACLE_SPECIAL_H

#include "kernel.h"
#include "oracle.h"

/* Value of the function of a kernel at (x, y), y only for BINARY ones, and the yardstick for its
 * error: its own magnitude, or more where the formula's terms cancel. */
struct oracle_value oracle_special(enum nll_kernel kernel, double x, double y);

#endif
