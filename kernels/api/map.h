/* map.h: one call of an element-wise model: fetch, kernel, weights, totals, in blocks. */
#ifndef NLL_MAP_CALL_H
#define NLL_MAP_CALL_H

#include "check.h"
#include "dispatch.h"

enum { NLL_MAP_INPUTS = 3, NLL_MAP_GRADS = 2 };

/* What a model fills in.  Inputs in the order of kernels.def. */
typedef struct nll_map_call {
    enum nll_kernel kernel;
    size_t rows;
    const nll_view *in[NLL_MAP_INPUTS];
    const nll_out *nll, *grad[NLL_MAP_GRADS], *mode;
    const nll_common *common;
    /* Is this element out of its domain or support?  For check_domain. */
    int (*bad)(const double in[NLL_MAP_INPUTS]);
    /* The most likely value, from the first input. */
    double (*mode_of)(double first);
    double label_smoothing; /* the kernel's par[0] */
} nll_map_call;

/* Checks common options and outputs too; `c` holds what the model has checked of its inputs. */
nll_status nll_map_run(nll_checker *c, const nll_map_call *call, nll_result *result);

#endif
