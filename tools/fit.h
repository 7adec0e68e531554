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
    size_t begin; /* first row of the file that was fitted */
    int threads;
    double seconds;
};

enum { FIXED_MOST = 40, NAME_MOST = 40 };

/* A parameter of any of the models, as an option. */
struct fixable {
    char flag[NAME_MOST]; /* "log-rate" */
    char help[96];
    const char *name; /* "log_rate" */
    struct input input;
    bool given, form, start;
    double start_at;
};

struct fit {
    const char *models[FITS];
    size_t model_count;
    char *list; /* what `models` points into */
    struct fixable fixable[FIXED_MOST];
    size_t fixable_count;
    struct input target, weight;
    size_t begin, end;
    int threads;
    nll_fit_args args;
    struct fitted fits[FITS];
    struct fit_report report;
};

/* What an option or file gives for the rows fitted. */
nll_view fit_column(const struct fit *f, const struct input *input);
/* Is the target of a row what stopped it, and not a weight or a value held? */
bool fit_leaves_support(const struct fit *f, const struct fitted *x);
/* The error line and exit code of a status. */
int fit_explain(const struct fit *f, const struct fitted *x);
/* Probabilities and densities cannot be compared: 0, or the exit code after a line. */
int fit_comparable(const struct fit *f);

const char *fit_outcome_word(nll_fit_outcome outcome);
/* Is there a maximum, and was it found?  What the exit code and the ranking tell. */
bool fit_has_maximum(const struct fitted *x);
/* Of one that has none: "no maximum", or "not found" where there may be one. */
const char *fit_verdict(const struct fitted *x);
/* Ranks by AIC: those with a maximum first, then the others in the order given. */
void fit_rank(struct fit_report *report);
int fit_print(const struct fit_report *report);

#endif
