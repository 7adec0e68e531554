/* map.h: one call of an element-wise model: fetch, kernel, weights, totals, in blocks. */
#ifndef NLL_MAP_CALL_H
#define NLL_MAP_CALL_H

#include "check.h"
#include "dispatch.h"

enum {
    NLL_MAP_INPUTS = 4,
    NLL_MAP_OUTPUTS = NLL_SLOTS - 1,
    NLL_MAP_FACTS = 6,
    NLL_MAP_PRODUCTS = 2
};

/* What a model fills in.  Inputs and outputs in the order of kernels.def. */
typedef struct nll_map_call {
    enum nll_kernel kernel;
    size_t rows;
    unsigned inputs;
    const nll_view *in[NLL_MAP_INPUTS];
    const nll_out *nll;
    struct {
        const nll_out *to;  /* NULL: not offered */
        int alias;          /* as nll_check_out: 0 or that of the input it may lie on */
    } out[NLL_MAP_OUTPUTS]; /* the kernel's outputs behind the loss */
    struct {
        const nll_out *to;                                  /* NULL: not offered */
        double (*of)(const void *model, const double in[]); /* of the inputs, target apart */
    } fact[NLL_MAP_FACTS]; /* mode, mean, ...: numbers that depend on the parameters alone */
    /* Hessian-vector products of one or two parameters, inputs 0 and 1. */
    struct {
        const nll_view *vector; /* NULL: not offered */
        const nll_out *to;
        unsigned hess; /* out[hess] is the parameter's second derivative */
    } product[NLL_MAP_PRODUCTS];
    /* The mixed one, from the gradient out[0] of input 0 and the value of input 1; NULL: none. */
    double (*mixed)(double grad, double second);
    const nll_common *common;
    /* Is this element out of its domain or support?  For check_domain. */
    int (*bad)(const void *model, const double in[]);
    const void *model;      /* passed on to `of` and `bad` */
    double label_smoothing; /* the kernel's par[0] */
} nll_map_call;

/* Checks common options and outputs too; `c` holds what the model has checked of its inputs. */
nll_status nll_map_run(nll_checker *c, const nll_map_call *call, nll_result *result);

#endif
