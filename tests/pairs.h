/* pairs.h: pairs of rows, as test data for divergences. */
#ifndef NLL_TESTS_PAIRS_H
#define NLL_TESTS_PAIRS_H

#include <nll/nll.h>

enum pair_kind {
    PAIR_APART,  /* two rows of rows.h */
    PAIR_NEAR_3, /* the second is the first plus noise of 2^-3, 2^-10, 2^-20 times normal */
    PAIR_NEAR_10,
    PAIR_NEAR_20,
    PAIR_SHIFTED, /* ... plus a number, the same for all classes, and noise of 2^-10 */
    PAIR_ONE_ULP, /* one class differs in the last place */
    PAIR_EQUAL,
    PAIR_SWAPPED,   /* the first row backwards */
    PAIR_MASKED,    /* the second masks some classes, the first the same ones and more */
    PAIR_CONFIDENT, /* both sure of the same class */
    PAIR_KINDS
};

/* `rows` pairs of `cols` logits, of kinds first, first + 1, ..., rounded to `type`. */
void make_pairs(double *x, double *z, size_t rows, size_t cols, nll_dtype type, int first,
                uint64_t *state);
/* Pairs of probabilities: rows that sum to 1 but for rounding; `zeros` of them exact. */
void make_prob_pairs(double *x, double *z, size_t rows, size_t cols, nll_dtype type, int first,
                     int zeros, uint64_t *state);

#endif
