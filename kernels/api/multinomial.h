/* multinomial.h: the plan of a call of nll_multinomial, and the mode of a row. */
#ifndef NLL_API_MULTINOMIAL_H
#define NLL_API_MULTINOMIAL_H

#include "divergence.h"

typedef struct mul_plan {
    div_plan div; /* side 0: counts, side 1: logits or probs */
    const nll_out *mode;
} mul_plan;

/* Writes the most likely counts of row `row` for its total. */
void mul_mode(const mul_plan *p, const nll_isa *isa, size_t row);

#endif
