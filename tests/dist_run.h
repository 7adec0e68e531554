/* dist_run.h: points of a distribution through the public interface, by the library's own table of
 * distributions (nll_distribution_at). */
#ifndef NLL_TESTS_DIST_RUN_H
#define NLL_TESTS_DIST_RUN_H

#include "dist_oracle.h"
#include "tables.h"

#include <nll/nll.h>

#include <stddef.h>

/* The stored table; fails the test where it cannot be read. */
struct table dist_table(const struct dist_model *m);

/* Number of the kernel, -1 where the library has none of this name. */
int dist_kernel(const struct dist_model *m);

/* Every model that the library has; that it has all is for dist_accuracy to show. */
#define FOR_MODELS(m)                                                                       \
    for (const struct dist_model *m = dist_models; m < dist_models + dist_model_count; m++) \
        if (dist_kernel(m) >= 0)

/* Rows of the library's table; fail the test where it has none such. */
const nll_distribution *dist_row(const struct dist_model *m);
const nll_parameter *dist_parameter(const struct dist_model *m, size_t i);

/* A call of n points, inputs in arrays of their own (`numbers`: the set of those given as the
 * number that the first point has), reduction SUM.  Open, ask for outputs, change what is to be
 * changed, score, close; the arrays asked for are the caller's. */
struct dist_call {
    const nll_distribution *row;
    union {
        max_align_t align;
        char bytes[4096];
    } args;
    size_t inputs, n;
    void *in[DIST_INPUTS];
    nll_view *view[DIST_INPUTS];
    nll_common *common;
    nll_result result;
};
void dist_open(struct dist_call *c, const struct dist_model *m, nll_dtype type, size_t n,
               const double *x, unsigned numbers);
void *dist_member(struct dist_call *c, size_t offset);
void *dist_want(struct dist_call *c, size_t offset, nll_dtype type);
nll_status dist_score(struct dist_call *c);
void dist_close(struct dist_call *c);
/* Member for output o of the kernel. */
size_t dist_output_offset(const struct dist_model *m, size_t o);

/* One call for all outputs: x [n, inputs], out [n, outputs]. */
void dist_run(const struct dist_model *m, nll_dtype type, size_t n, const double *x, double *out);
/* The same for the set `wanted` of outputs; the inputs of the set `numbers` are numbers, not
 * arrays, with the value they have in the first point. */
void dist_run_some(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                   double *out, unsigned wanted, unsigned numbers);
/* A call with check_domain; fails the test where an output is written in spite of an error. */
nll_status dist_check(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                      int64_t *bad_row);

/* Mode, mean, variance, then the Fisher information of each parameter: facts [n, DIST_FACTS]; NaN
 * where the table has no such member; has[]: 1 where it has. */
enum {
    DIST_MODE,
    DIST_MEAN,
    DIST_VARIANCE,
    DIST_FISHER,
    DIST_FACTS = DIST_FISHER + DIST_INPUTS - 1
};
void dist_facts(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                double *facts, int *has);

#endif
