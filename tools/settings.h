/* settings.h: the options that `nll score` takes for every model. */
#ifndef NLL_TOOL_SETTINGS_H
#define NLL_TOOL_SETTINGS_H

#include "args.h"
#include "threads.h"

#include <nll/nll.h>

enum common_option {
    INPUTS_HEADING,
    SAMPLE_WEIGHT,
    OFFSETS,
    SEQ_BYTES,
    ROWS,
    DTYPE,
    CHECK,
    OUTPUTS_HEADING,
    OUT,
    GRAD,
    HESS,
    FISHER,
    MODE,
    MEAN_OUT,
    VARIANCE_OUT,
    SEQ_OUT,
    SEQ_TABLE,
    SUMMARY_HEADING,
    REDUCTION,
    UNIT,
    BYTES,
    JSON,
    QUIET,
    STRICT,
    RUN_HEADING,
    THREADS,
    ISA,
    PROGRESS,
    COMMON_OPTIONS
};
extern const struct arg_option common_options[COMMON_OPTIONS];

struct settings {
    nll_reduction reduction;
    bool bits; /* print in bits instead of nats */
    bool bf16, check, json, quiet, strict;
    long long bytes; /* of the text scored; 0: not given */
    int threads;
    enum progress_mode progress;
    const char *isa;  /* NULL: the best */
    const char *rows; /* "A:B" or NULL */
    const char *sample_weight, *offsets;
    const char *out, *grad, *hess, *fisher, *mode, *mean_out, *variance_out;
    const char *seq_out, *seq_table, *seq_bytes;
};

/* Reads the values of common_options. */
int settings_read(struct settings *settings, const char *const values[COMMON_OPTIONS]);

/* The slice "A:B" of n rows, as Python slices: either end may be missing or count from the end. */
int settings_rows(const char *text, size_t n, size_t *begin, size_t *end);

/* Makes the named instruction set the one in use; 64 for an unknown name, 69 if it cannot run. */
int settings_isa(const char *name);

#endif
