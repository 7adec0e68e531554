/* sequences.h: rows that belong together: --offsets, or the first axis of arrays [b, t, c]; what is
 * scored of them (--lengths, --shift), and their own figures (--seq-out, --seq-table). */
#ifndef NLL_TOOL_SEQUENCES_H
#define NLL_TOOL_SEQUENCES_H

#include "bind.h"
#include "output.h"

struct sequences {
    bool given;
    size_t count;
    struct input offset_file, length_file, byte_file;
    int64_t *even;             /* offsets of equal sequences */
    nll_view offsets, lengths; /* [count + 1], [count] or absent */
    nll_view bytes;            /* [count], a number, or absent */
    double *values, *weights;  /* per row, in double: what the sums are made of */
    double standard_error;     /* of the mean of all rows; NaN before sequences_finish */
};

/* Opens the files and checks them against the rows bound. */
int sequences_open(struct sequences *sequences, const struct settings *settings,
                   const struct binding *binding);
/* Binds to the argument struct what the model needs to know, and memory for values and weights in
 * place of its output of values. */
int sequences_bind(struct sequences *sequences, const struct binding *binding, void *args);
/* After the call: rounds the values to the per-row output; makes the files asked for. */
int sequences_finish(struct sequences *sequences, const struct settings *settings,
                     const struct binding *binding, const void *args, const nll_out *values,
                     struct outputs *outputs);
void sequences_close(struct sequences *sequences);

#endif
