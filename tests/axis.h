/* axis.h: rows of classes laid out along any axis of an array, and the functions over them. */
#ifndef NLL_TESTS_AXIS_H
#define NLL_TESTS_AXIS_H

#include <nll/nll.h>

enum axis_layout {
    AXIS_LAST,   /* one row below the other */
    AXIS_FIRST,  /* side by side */
    AXIS_MIDDLE, /* groups of 5 rows side by side */
    AXIS_WIDE,   /* groups of 40 rows */
    AXIS_TWO,    /* groups of 2, of 8, of 20 rows: the ways of few rows */
    AXIS_EIGHT,
    AXIS_TWENTY,
    AXIS_POWER, /* side by side, the classes a power of two apart */
    AXIS_GAPS,  /* nothing touches anything: strides 2 and more */
    AXIS_BACK,  /* classes run backwards, rows with gaps */
    AXIS_LAYOUTS
};
extern const char *const axis_names[AXIS_LAYOUTS];

/* rows x cols numbers (rows a multiple of 40 but for AXIS_LAST and AXIS_FIRST) as an array of a
 * type; x NULL: garbage.  Free `memory`. */
struct axis_array {
    void *memory;
    nll_rows in;
    nll_rows_out out; /* the same place */
};
struct axis_array axis_make(enum axis_layout layout, nll_dtype type, size_t rows, size_t cols,
                            const double *x);
/* Class c of row r. */
double axis_get(const struct axis_array *a, size_t r, size_t c);

enum axis_function {
    F_LOGSUMEXP,
    F_SOFTMAX,
    F_LOG_SOFTMAX,
    F_LOGSUMEXP_VJP,
    F_SOFTMAX_VJP,
    F_LOG_SOFTMAX_VJP,
    AXIS_FUNCTIONS
};
extern const char *const axis_function_names[AXIS_FUNCTIONS];
int axis_takes_g(enum axis_function f);
/* Numbers per row of g and of the result. */
size_t axis_g_cols(enum axis_function f, size_t cols);
size_t axis_y_cols(enum axis_function f, size_t cols);
nll_status axis_call(enum axis_function f, nll_rows x, nll_rows g, nll_rows_out y,
                     const nll_executor *executor);

#endif
