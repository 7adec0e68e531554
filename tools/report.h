/* report.h: the summary of `nll score`, for people and as JSON. */
#ifndef NLL_TOOL_REPORT_H
#define NLL_TOOL_REPORT_H

#include "digest.h"
#include "metrics.h"
#include "sequences.h"
#include "model.h"
#include "settings.h"

#include <stdio.h>

struct report {
    const struct model *model;
    const struct settings *settings;
    nll_result result;
    nll_dtype dtype; /* of the data */
    size_t cols;     /* classes; 0: none */
    bool labels;     /* targets are class indices: the accuracy is known */
    const struct metrics *metrics;
    const struct sequences *sequences;
    int threads;
    double seconds, bytes; /* of the scoring call */
    char digest[DIGEST_TEXT];
};

/* Prints to `out`; 0 or the exit code. */
int report_print(const struct report *report, FILE *out);

#endif
