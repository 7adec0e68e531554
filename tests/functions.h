/* functions.h: the element-wise functions of the public header as a table. */
#ifndef NLL_TESTS_FUNCTIONS_H
#define NLL_TESTS_FUNCTIONS_H

#include "kernel.h"
#include "oracle.h"

#include <nll/nll.h>

static const struct function {
    const char *name;
    nll_status (*call)(size_t, nll_view, nll_out);
    enum oracle_fn oracle;
    enum nll_kernel kernel;
} functions[] = {
    {"exp", nll_vexp, FN_EXP, NLL_K_exp},
    {"log", nll_vlog, FN_LOG, NLL_K_log},
    {"log1p", nll_vlog1p, FN_LOG1P, NLL_K_log1p},
    {"expm1", nll_vexpm1, FN_EXPM1, NLL_K_expm1},
    {"softplus", nll_vsoftplus, FN_SOFTPLUS, NLL_K_softplus},
    {"sigmoid", nll_vsigmoid, FN_SIGMOID, NLL_K_sigmoid},
    {"lgamma", nll_vlgamma, FN_LGAMMA, NLL_K_lgamma},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

#endif
