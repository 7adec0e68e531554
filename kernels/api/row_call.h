/* row_call.h: one call of a model over rows of classes: weights, tasks, totals.  What a row is
 * worth is the model's affair. */
#ifndef NLL_ROW_CALL_H
#define NLL_ROW_CALL_H

#include "dispatch.h"
#include "nll/nll.h"
#include "number.h"

#include <stdatomic.h>

enum {
    NLL_ROW_GROUP = 128,    /* rows taken through the passes together, at most */
    NLL_ROW_CHUNK = 1024,   /* elements converted at a time; whole row blocks of either type */
    NLL_ROW_CACHE = 1 << 18 /* bytes of input that a group may span: they stay in L2 */
};

typedef struct nll_row_call nll_row_call;
struct nll_row_call {
    const nll_common *common;
    size_t rows, group;
    /* Values of `count` <= group rows into loss[0 .. count), gradients and side outputs. */
    void (*run)(const nll_row_call *call, size_t row, size_t count, double *loss);
    void *model; /* for `run` */
    /* what nll_rows_run adds */
    const nll_isa *isa;
    double grad_scale;        /* upstream and divisor where they are numbers */
    double *loss, *block_sum; /* row values, unless whole blocks are summed at once; block sums */
    _Atomic uint64_t nonfinite;
};

/* Rows of so many bytes that are taken together; divides NLL_BLOCK. */
size_t nll_row_group(size_t row_bytes);
/* What the gradient of each row is multiplied by: upstream, weight and divisor; 0: the whole row
 * is 0. */
void nll_row_scales(const nll_row_call *call, size_t row, size_t count, double *scale);
/* Runs the call, unless check_domain has found a bad row (else -1): NLL_E_DOMAIN. */
nll_status nll_rows_run(nll_row_call *call, nll_dtype compute, int64_t bad_row, nll_result *result);
/* Writes zeros into row `row` of o, if it is wanted. */
void nll_row_zero(const nll_out *o, enum nll_type type, const nll_isa *isa, size_t row);

/* The job with its per-row slots, as kernels.def has them, from row r on. */
nll_job nll_row_job_at(enum nll_kernel kernel, nll_job job, enum nll_type type, size_t r);

#endif
