/* distribution.h: a distribution as the library sees it: what the public table says of it, its
 * kernels, and the numbers that follow from its parameters.  One row of distributions.c each. */
#ifndef NLL_DISTRIBUTION_H
#define NLL_DISTRIBUTION_H

#include "check.h"
#include "kernel.h"
#include "map.h"
#include "nll/nll.h"

enum { NLL_PLACES = 3, NLL_VARIANTS = 4 };

/* The parameters of one row: as given, and by themselves: x = exp(log_x), p = sigmoid(logits), and
 * what is left of p to 1, exact in both tails.  Bit k of the variant: place k has its second form.
 */
typedef struct nll_point {
    unsigned variant;
    double given[NLL_PLACES], x[NLL_PLACES], rest[NLL_PLACES];
} nll_point;
typedef double nll_fact(const nll_point *p);

typedef struct nll_family_row {
    nll_distribution info;
    /* By variant: bit k says that place k is given in its second form.  0: there is none. */
    enum nll_kernel kernel[NLL_VARIANTS];
    nll_fact *mode, *mean, *variance; /* NULL: no closed form, or none at all */
    nll_fact *fisher[NLL_PLACES];     /* by place, of the form given; NULL likewise */
} nll_family_row;

extern const nll_family_row nll_family_rows[];
extern const size_t nll_family_count;

/* The parameters that a call gives, by place, and which of their forms: 0 the first of the table.
 */
typedef struct nll_forms {
    const nll_parameter *given[NLL_MAP_INPUTS];
    unsigned places, form[NLL_MAP_INPUTS];
} nll_forms;
/* Each place in one form, with outputs of no other. */
void nll_choose_forms(nll_checker *c, const nll_distribution *info, void *args, nll_forms *f);

/* Is x in the domain?  `in` are the parameters, for domains that depend on them. */
int nll_within(nll_domain domain, double x, const double in[]);

/* Numbers through a kernel: the same bits on every machine, which libm does not promise. */
double nll_one(enum nll_kernel unary, double x);
double nll_two(enum nll_kernel binary, double x, double y);

#endif
