/* oracle_special.h: special functions in 512-bit arithmetic (MPFR): definitions, recurrences and
 * asymptotic series, no code shared with the kernels. */
#ifndef NLL_TESTS_ORACLE_SPECIAL_H
#define NLL_TESTS_ORACLE_SPECIAL_H

#include "kernel.h"
#include "oracle.h"

/* What the terms of a function's definition come to where they cancel, about its zeros: an error is
 * judged relative to this or to the value, whichever is larger.  The public header states it. */
long double oracle_special_parts(enum nll_kernel kernel, double x, double y);

/* Value of the function of a kernel at (x, y), y only for BINARY ones, and that yardstick. */
struct oracle_value oracle_special(enum nll_kernel kernel, double x, double y);

#endif
