/* cells.c: Criterion parameters for the kernel tests. */
#include "cells.h"

#include <stdio.h>

struct criterion_test_params cells_all(int with_scalar) {
    enum { ISAS = 8 };
    static int cells[ISAS * NLL_KERNELS];
    size_t n = 0;
    for (size_t i = 0; nll_isa_at(i) && i < ISAS; i++) {
        if (!nll_isa_can_run(nll_isa_at(i)) || (!with_scalar && nll_isa_at(i) == batch_scalar()))
            continue;
        for (int k = 0; k < NLL_KERNELS; k++) cells[n++] = (int)i * NLL_KERNELS + k;
    }
    return cr_make_param_array(int, cells, n);
}

void cells_check(int cell, check_fn *check) {
    const nll_isa *isa = nll_isa_at((size_t)cell / NLL_KERNELS);
    unsigned kernel = (unsigned)cell % NLL_KERNELS;
    batch_report_crashes();
    for (int t = 0; t < NLL_TYPES; t++) {
        enum nll_type type = (enum nll_type)t;
        if (!batch_has_type(kernel, type)) continue;
        const char *bad = check(kernel, type, isa->fn[type][kernel]);
        cr_expect(!bad, "%s: %s", isa->name, bad ? bad : "");
    }
}
