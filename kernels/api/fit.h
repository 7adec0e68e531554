/* fit.h: a maximum likelihood problem while it is solved.
 *
 * fit.c has the public function, and calls in this order:
 *
 * fit_model.c: which parameters, in which form, by which kernel.
 *
 * fit_survey.c: one look at all data: are they in the support, and what is their range.
 *
 * fit_start.c, fit_start_counts.c: where to begin, and whether there is a maximum at all.
 *
 * fit_newton.c: Newton's method and the information matrix, on
 *
 * fit_pass.c: sums over the data: the loss and its derivatives, and functions of the target. */
#ifndef NLL_FIT_INTERNAL_H
#define NLL_FIT_INTERNAL_H

#include "dispatch.h"
#include "distribution.h"
#include "fetch.h"
#include "nll/nll.h"

_Static_assert((int)NLL_FIT_PARAMETERS == (int)NLL_PLACES, "a result has room for every parameter");

/* The data as surveyed; rows of weight 0 left out. */
typedef struct fit_survey {
    int64_t bad_row;
    uint64_t count;
    double weight_sum, least, most;
    double zeros; /* weight of y = 0 */
    /* of total_count, without the rows where it is 0: those say nothing and are no zeros either */
    double tops;                          /* weight of y = total_count */
    double trials;                        /* the largest */
    uint64_t filled, zero_rows, top_rows; /* rows of trials; of y = 0, of y = total_count */
} fit_survey;

typedef struct fit_problem {
    const nll_family_row *row;
    unsigned ones; /* inputs of 1 that the kernel has behind the target */
    const nll_isa *isa;
    const nll_executor *executor;
    const nll_view *target, *weight; /* weight NULL: all 1 */
    size_t rows, stride;             /* every stride-th block is taken */
    unsigned places;
    const nll_parameter *form[NLL_PLACES]; /* by place, as the ones below */
    nll_view fixed[NLL_PLACES];            /* given: held there */
    int has_start[NLL_PLACES];
    double start[NLL_PLACES];
    double typical[NLL_PLACES]; /* start by the data alone */
    enum nll_kernel kernel;
    fit_survey seen;

    /* The answer: parameters by place, in the form chosen. */
    double theta[NLL_PLACES];
    nll_fit_outcome outcome;
    int at_fault; /* place, or -1 */
    int decided;  /* the start is the answer: no Newton steps, no errors */
    int loss_known;
    double loss, norm;
    double covariance[NLL_PLACES][NLL_PLACES]; /* by place; NaN where there is none */
    int iterations, passes;
    nll_status status; /* NLL_E_MEMORY from any of the functions below */
} fit_problem;

static inline int fit_is_fixed(const fit_problem *p, unsigned place) {
    return p->fixed[place].dtype != NLL_ABSENT;
}
/* Fixed at a number for all rows. */
static inline int fit_is_number(const fit_problem *p, unsigned place) {
    return p->fixed[place].dtype == NLL_NUMBER;
}
/* Free parameters: their places, rising.  Returns how many. */
unsigned fit_free(const fit_problem *p, unsigned place[NLL_PLACES]);

/* Finds the model, chooses forms, takes over what is fixed and where to start. */
nll_status fit_choose(fit_problem *p, const nll_fit_args *args);

void fit_look(fit_problem *p);

/* Rows [i, i + n) of v as doubles: there, or in scratch. */
static inline const double *fit_numbers(const fit_problem *p, const nll_view *v, size_t i, size_t n,
                                        double *scratch) {
    return nll_fetch(v, NLL_TYPE_F64, p->isa, i, 0, NLL_ALONG_ROWS, n, scratch);
}

/* Sums over the data at theta; derivatives by place, of free parameters. */
typedef struct fit_sums {
    double loss, weight;
    double grad[NLL_PLACES], hess[NLL_PLACES], outer[NLL_PLACES][NLL_PLACES];
} fit_sums;
/* gradients alone, or everything */
void fit_pass(fit_problem *p, const double theta[NLL_PLACES], int everything, fit_sums *sums);

/* Sum of w f(y, c); c: a number, or an array by row. */
typedef enum fit_function {
    FIT_VALUE,      /* y - c */
    FIT_SQUARE,     /* (y - c)^2 */
    FIT_ABS,        /* |y - c| */
    FIT_EQUAL,      /* 1 where y = c, else 0 */
    FIT_EXCESS,     /* (y - c)^2 - y */
    FIT_LOG,        /* log y - c */
    FIT_LOG_SQUARE, /* (log y - c)^2 */
    FIT_INVERSE,    /* 1 / y */
    FIT_SIN,
    FIT_COS,        /* of y */
    FIT_PAIRS,      /* y (y - 1) */
    FIT_PAIRS_LEFT, /* (c - y) (c - y - 1) */
    FIT_PAIRS_ALL,  /* c (c - 1) */
    FIT_OTHER       /* c */
} fit_function;
double fit_total(fit_problem *p, fit_function f, nll_view c);
/* The same over the sum of the weights. */
double fit_mean(fit_problem *p, fit_function f, double c);

/* Weighted quantiles q[0..n) of a sample of the target: exact up to 65536 rows. */
void fit_quantiles(fit_problem *p, unsigned n, const double q[], double y[]);
/* The weighted median of all rows; halfway where it is an interval. */
double fit_median(fit_problem *p);

/* Has the model a start?  The functions below need one. */
int fit_can_start(const nll_family_row *row);
/* Fills theta; may find that there is no maximum inside, or no need to look for one. */
void fit_begin(fit_problem *p);
/* Is the start the maximum, by a closed form? */
int fit_closed_form(const fit_problem *p);

typedef struct fit_limits {
    int iterations;
    double tolerance;
} fit_limits;
void fit_newton(fit_problem *p, fit_limits limits, int want_errors);

#endif
