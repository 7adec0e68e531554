/* metrics.h: --metrics and --metrics-out: figures of a categorical call over all rows, and a file
 * of each per row; and the share of rows whose target is among the --top-k. */
#ifndef NLL_TOOL_METRICS_H
#define NLL_TOOL_METRICS_H

#include "bind.h"
#include "output.h"

enum { METRICS = 8, METRIC_NAME = 32 };

/* One figure of the summary. */
struct figure {
    char key[METRIC_NAME], label[METRIC_NAME];
    double value;
    bool percent, nats; /* how it is shown */
};

struct metrics {
    bool wanted[METRICS];
    nll_out out[METRICS]; /* per row: the file of --metrics-out, or memory */
    void *heap[METRICS];
    struct figure figures[METRICS + 1];
    size_t count;
};

/* Reads the list and checks that the targets allow it. */
int metrics_open(struct metrics *metrics, const struct binding *binding);
/* Creates the per-row arrays and binds them to the argument struct. */
int metrics_outputs(struct metrics *metrics, const struct binding *binding, struct outputs *outputs,
                    nll_dtype compute, void *args);
/* The figures, from the arrays and the result of the call; sums in rising order of the rows. */
void metrics_finish(struct metrics *metrics, const struct binding *binding,
                    const nll_result *result);
void metrics_close(struct metrics *metrics);

#endif
