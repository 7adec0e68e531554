/* fit.h: nll fit: one model after another on one target, and the account of it. */
#ifndef NLL_TOOL_FIT_H
#define NLL_TOOL_FIT_H

#include "input.h"

#include <nll/nll.h>
#include <stdbool.h>

enum { FITS = 32 };

/* One model. */
struct fitted {
    const char *model;
    nll_status status; /* NLL_OK: result holds */
    nll_fit_result result;
    double delta, weight; /* of AIC against the best; share of exp(-delta / 2) */
};

struct fit_report {
    struct fitted *fits;
    size_t count;
    bool compare, json, quiet;
    nll_dtype dtype;
    int threads;
    double seconds;
};

const char *fit_outcome_word(nll_fit_outcome outcome);
/* Ranks by AIC: those with a maximum first, then the others in the order given. */
void fit_rank(struct fit_report *report);
int fit_print(const struct fit_report *report);

#endif
