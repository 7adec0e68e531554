/* batch_fill.h: the numbers of a batch.  For batch.c only. */
#ifndef NLL_TESTS_BATCH_FILL_H
#define NLL_TESTS_BATCH_FILL_H

#include "batch.h"

/* Bytes of a number in a slot of this kind. */
size_t fill_size(unsigned kind, enum nll_type type);
/* Numbers per row of a slot that holds no number per element. */
size_t fill_width(unsigned kind);
/* Fills the images of all inputs, within the preconditions of the kernels. */
void fill_inputs(struct batch *b, uint64_t *state);

#endif
