/* snapshot.h: everything a call writes, to be compared bit for bit with another call's. */
#ifndef NLL_TESTS_SNAPSHOT_H
#define NLL_TESTS_SNAPSHOT_H

#include <nll/nll.h>

enum { SNAP_OUTPUTS = 14 };
struct snapshot {
    nll_status status;
    nll_result r;
    const char *what[SNAP_OUTPUTS];
    void *data[SNAP_OUTPUTS];
    size_t bytes[SNAP_OUTPUTS];
};

/* Which outputs to ask for: bits by index. */
enum {
    SNAP_NLL = 1,
    SNAP_GRAD = 2,  /* the gradient, or d loc, d p */
    SNAP_GRAD2 = 4, /* d target_probs, or d spread, d q */
    SNAP_LSE = 8,
    SNAP_MODE = 16,
    SNAP_P = 32,
    SNAP_RANK = 64,
    SNAP_MARGIN = 128,
    SNAP_ENTROPY = 256,
    SNAP_CONFIDENCE = 512,
    SNAP_BRIER = 1024,
    SNAP_WEIGHT = 2048,
    SNAP_HESS = 4096,
    SNAP_HVP = 8192,
    SNAP_MATRICES = SNAP_GRAD | SNAP_GRAD2 | SNAP_HESS | SNAP_HVP,
    SNAP_INTEGERS = SNAP_MODE | SNAP_RANK, /* NLL_I64, for the categorical model */
    SNAP_ALL = 16383
};

/* Runs the call with fresh outputs of the given types in place of the arguments' own; those that
 * do not exist for the arguments are left out. */
struct snapshot snap_categorical(const nll_categorical_args *a, nll_dtype row, nll_dtype grad,
                                 unsigned wanted);
struct snapshot snap_bernoulli(const nll_bernoulli_args *a, nll_dtype row, nll_dtype grad,
                               unsigned wanted);
struct snapshot snap_gaussian(const nll_gaussian_args *a, nll_dtype row, nll_dtype grad,
                              unsigned wanted);
struct snapshot snap_kl(const nll_kl_args *a, nll_dtype row, nll_dtype grad, unsigned wanted);
/* Fails the test unless the outputs that both have, the totals and the status are the same bits. */
void snap_compare(const struct snapshot *a, const struct snapshot *b, const char *label);
void snap_free(struct snapshot *s);

#endif
