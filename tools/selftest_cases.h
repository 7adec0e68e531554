/* selftest_cases.h: the calls whose bits are compared. */
#ifndef NLL_TOOL_SELFTEST_CASES_H
#define NLL_TOOL_SELFTEST_CASES_H

#include "digest.h"

#include <nll/nll.h>
#include <stdint.h>

enum { TRIAL_INPUTS = 6, TRIAL_OUTPUTS = 16, TRIAL_FIGURES = 9 };

/* One call: its inputs, and everything that came out of it. */
struct trial {
    const char *model, *name;
    nll_dtype dtype;
    size_t rows, cols;
    int divisible; /* into tasks; of one type only, which has no say in that */
    void *inputs[TRIAL_INPUTS];
    nll_out outputs[TRIAL_OUTPUTS];
    size_t output_count;
    uint64_t figures[TRIAL_FIGURES]; /* of nll_result, doubles as their bits */
    nll_status status;
};

/* Number of calls. */
size_t trial_count(void);
/* Makes the inputs of call i; 0, or -1 when out of memory. */
int trial_open(struct trial *trial, size_t i);
/* Runs call i on the executor (NULL: the calling thread) with fresh outputs. */
int trial_run(struct trial *trial, size_t i, const nll_executor *executor);
/* Adds everything that came out to the digest. */
void trial_digest(const struct trial *trial, struct digest *digest);
void trial_close(struct trial *trial);

#endif
