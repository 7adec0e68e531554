/* sequences.h: sums over the rows of each sequence (--offsets). */
#ifndef NLL_TOOL_SEQUENCES_H
#define NLL_TOOL_SEQUENCES_H

#include "input.h"

struct sequences {
    struct input offsets;
    size_t count;
};

/* Opens the offsets and checks them against the number of rows; text NULL: no sequences. */
int sequences_open(struct sequences *sequences, const char *text, size_t rows);
/* Sums of the per-row values (NLL_F32 or NLL_F64), in double, row after row. */
void sequences_sum(const struct sequences *sequences, const nll_out *values, double *sums);

#endif
