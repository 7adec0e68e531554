/* generate.h: inputs of the self test: the same bits on every machine.
 *
 * Integer arithmetic, exact scaling by powers of two and single IEEE roundings only: the functions
 * of libm differ between machines, and would look like broken kernels. */
#ifndef NLL_TOOL_GENERATE_H
#define NLL_TOOL_GENERATE_H

#include <nll/nll.h>
#include <stdint.h>

/* What the numbers are to be good for. */
enum domain {
    REALS,       /* mostly within +-8, some far out */
    SPECIALS,    /* the same with zeros, subnormals, infinities and NaN among them */
    UNIT,        /* in [0, 1], both ends included */
    POSITIVE,    /* above 0 */
    WEIGHTS,     /* 0, 1/2, 1, 3/2, 2 */
    HARD,        /* 0 or 1 */
    CLASS_INDEX, /* whole numbers below `classes` */
    COUNTS,      /* whole numbers below 20 */
    ONE_TO_TWO   /* between 1 and 2 */
};

struct generator {
    uint64_t state;
    size_t classes;
};

/* Fills count elements of the type (CLASS_INDEX: an integer type, else a floating-point one). */
void generate(struct generator *generator, enum domain domain, nll_dtype dtype, void *data,
              size_t count);

#endif
