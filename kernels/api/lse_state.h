/* lse_state.h: sums of exponentials of a row as an integer, and what follows from it.
 *
 * A number M 2^q (M < 2^53) is cut into digits of 32 bits at multiples of 32 of its exponent, which
 * are added to the digits of the state one by one.  The state keeps the four from the highest that
 * any number had; a digit below those is lost, of whichever number and whenever.  So the order of
 * additions and merges does not matter: each digit kept is the sum of that digit of all numbers. */
#ifndef NLL_LSE_STATE_H
#define NLL_LSE_STATE_H

#include "dispatch.h"
#include "nll/nll.h"

enum { LSE_DIGITS = 4, LSE_ROWS = 16 };
/* |logits| up to NLL_NEAR are taken as they are, up to this relative to a maximum. */
#define LSE_MOST 0x1p40

/* state += sum 2^N, sum > 0 finite. */
void lse_add(nll_lse_state *state, double sum, int64_t N);
void lse_merge(nll_lse_state *into, const nll_lse_state *from);

/* e^a = 2^n e^t, |t| <= ln2 / 2, for |a| <= LSE_MOST. */
double lse_split(double a, int64_t *n);

/* A row's sums: of the classes but the target 2^N S, the target's logit, both less `anchor`. */
typedef struct lse_rows {
    double N[LSE_ROWS], S[LSE_ROWS], x[LSE_ROWS], anchor[LSE_ROWS];
    double nll[LSE_ROWS], others[LSE_ROWS], mantissa[LSE_ROWS], power[LSE_ROWS], p[LSE_ROWS];
    double lse[LSE_ROWS];
} lse_rows;
void lse_rows_of(const nll_isa *isa, const nll_lse_state *state, size_t rows, lse_rows *r);

/* Checks of a shard that update and loss share. */
typedef struct lse_shard {
    const nll_categorical_shard_args *a;
    const nll_isa *isa;
    enum nll_type type;
    size_t rows, cols, classes;
} lse_shard;
/* Class of each of `count` <= LSE_ROWS targets from row on; -1 where ignored or without a target.
 */
void lse_targets(const lse_shard *p, size_t row, size_t count, int64_t *y);
/* The first row with a bad label, -1 if there is none; counts the ignored. */
int64_t lse_bad_label(const lse_shard *p, uint64_t *ignored);

#endif
