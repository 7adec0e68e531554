/* divergence.h: one call of nll_kl, its plan, and the work on a group of rows.
 *
 * Sides 0 and 1 are p and q of KL(p||q): those of the call, exchanged for REVERSE.  A side of
 * probabilities beside one of another form is taken to logarithms first; its gradient is then that
 * of the logarithm over the probability.
 *
 * The multinomial model is n KL(k / n||q) and what the coefficient adds, with the counts k as side
 * 0: their logarithms are logits whose log-sum-exp is log n. */
#ifndef NLL_API_DIVERGENCE_H
#define NLL_API_DIVERGENCE_H

#include "row_call.h"

enum div_form { DIV_LOGITS, DIV_LOG_PROBS, DIV_PROBS, DIV_COUNTS };

/* Rows up to this are taken side by side, one side of the divergence after the other. */
enum { DIV_SHORT = 64 };

typedef struct div_side {
    const nll_view *x;
    const nll_out *grad;
    enum div_form form;
    int direct;      /* the kernels read it in place */
    int grad_direct; /* ... and write the gradient in place, if one is wanted */
} div_side;

typedef struct div_plan {
    div_side side[2];
    enum nll_type type; /* of the kernels */
    int js;
    int normalised; /* both sides are logits */
    int probs;      /* both sides are probabilities and stay so */
    int one_pass;   /* KL of logits, rows that are not short: row_kl_pass */
    size_t cols;
    const nll_out *value;
} div_plan;

/* The `run` of nll_row_call; its model is the div_plan. */
void div_group(const nll_row_call *call, size_t row, size_t count, double *loss);

#endif
