/* rows.h: rows of logits of many kinds, as test data for the categorical model. */
#ifndef NLL_TESTS_ROWS_H
#define NLL_TESTS_ROWS_H

#include <nll/nll.h>

enum row_kind {
    ROW_NORMAL,
    ROW_WIDE,    /* normal times 10 */
    ROW_SURE_30, /* the target 30, 69 (NLL about 1e-30), 300 above the rest */
    ROW_SURE_69,
    ROW_SURE_300,
    ROW_WRONG_80, /* the target 80 below the rest */
    ROW_1E4,      /* normal times 1e4, 1e8, 1e30 */
    ROW_1E8,
    ROW_1E30,
    ROW_MASKED,   /* half of the classes are -inf, the target is not */
    ROW_ONE_LEFT, /* all but the target are */
    ROW_EQUAL,
    ROW_RISING,
    ROW_FALLING,
    ROW_NEAR_TIES,
    ROW_FAR_DOWN,  /* all below -1e4: llm.c starts its maximum at -10000, XGBoost at 1e-38 */
    ROW_GENERATED, /* gen.h: GEN_LOGIT */
    ROW_KINDS
};

/* `rows` rows of `cols` logits in x, of kinds first, first + 1, ..., rounded to `type`, and
 * targets. */
void make_rows(double *x, int64_t *target, size_t rows, size_t cols, nll_dtype type, int first,
               uint64_t *state);

#endif
