/* check.h: is an argument what the interface says?  Nothing here writes, and only
 * nll_offsets_rise reads array elements. */
#ifndef NLL_CHECK_H
#define NLL_CHECK_H

#include "nll/nll.h"

/* Sets of element types: bit 1 << nll_dtype. */
enum {
    NLL_FLOATS = 1u << NLL_F32 | 1u << NLL_F64 | 1u << NLL_F16 | 1u << NLL_BF16,
    NLL_INTEGERS = 1u << NLL_I8 | 1u << NLL_U8 | 1u << NLL_I16 | 1u << NLL_U16 | 1u << NLL_I32 |
                   1u << NLL_U32 | 1u << NLL_I64 | 1u << NLL_U64 | 1u << NLL_BOOL,
    NLL_REALS = NLL_FLOATS | NLL_INTEGERS,
    NLL_REALS_OR_NUMBER = NLL_REALS | 1u << NLL_NUMBER,
    NLL_ROW_FLOATS = 1u << NLL_F32 | 1u << NLL_F64
};

/* Collects the first error; later checks are skipped once there is one. */
typedef struct nll_checker {
    nll_status status;
    unsigned inputs, outputs;
    struct {
        const void *data;
        nll_dtype dtype;
        size_t rows, cols;
        ptrdiff_t row_stride, col_stride;
        int alias; /* inputs: outputs may be this very array; outputs: may be such an input */
    } array[32];
} nll_checker;

static inline int nll_view_given(const nll_view *v) { return v->dtype != NLL_ABSENT; }
static inline int nll_out_given(const nll_out *o) { return o->data || o->dtype != NLL_ABSENT; }

/* An input of the given shape and one of the types; absent is fine unless `required`.
 * `alias`: an output checked with `alias` may be this very array. */
void nll_check_in(nll_checker *c, const nll_view *v, size_t rows, size_t cols, unsigned types,
                  int required, int alias);
void nll_check_out(nll_checker *c, const nll_out *o, size_t rows, size_t cols, unsigned types,
                   int alias);
/* After all arrays: outputs against inputs and each other. */
void nll_check_overlaps(nll_checker *c);
/* A condition on an option. */
void nll_check_that(nll_checker *c, int condition, nll_status otherwise);
/* Do CSR offsets rise from >= 0 to at most `rows`?  Reads them: after the other checks. */
int nll_offsets_rise(const nll_view *offsets, size_t rows);
/* The options common to all models. */
void nll_check_common(nll_checker *c, const nll_common *common, size_t rows);

#endif
