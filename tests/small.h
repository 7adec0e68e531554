/* small.h: small problems written out in full, for tests of single cases. */
#ifndef NLL_TESTS_SMALL_H
#define NLL_TESTS_SMALL_H

#include <nll/nll.h>

enum { SMALL_ROWS = 8, SMALL_CELLS = 64 };

/* Fill type, rows, cols, x, y (or q with soft = 1) and the options in `a`; run; read the rest. */
struct small_ce {
    nll_dtype type;
    enum { LOGITS, LOG_PROBS, PROBS } form;
    size_t rows, cols;
    double x[SMALL_CELLS];
    int64_t y[SMALL_ROWS];
    int soft;
    double q[SMALL_CELLS];
    nll_categorical_args a;
    nll_status status;
    double nll[SMALL_ROWS], lse[SMALL_ROWS], p[SMALL_ROWS], grad[SMALL_CELLS], grad_q[SMALL_CELLS];
    int64_t mode[SMALL_ROWS];
    nll_result r;
};
nll_status small_ce_run(struct small_ce *s);

struct small_bernoulli {
    nll_dtype type;
    int probs;
    size_t rows;
    double x[SMALL_ROWS], y[SMALL_ROWS];
    nll_bernoulli_args a;
    nll_status status;
    double nll[SMALL_ROWS], grad[SMALL_ROWS], mode[SMALL_ROWS];
    nll_result r;
};
nll_status small_bernoulli_run(struct small_bernoulli *s);

struct small_gaussian {
    nll_dtype type;
    enum { FIXED, SCALE, VAR, LOG_SCALE, LOG_VAR } form;
    size_t rows;
    double loc[SMALL_ROWS], spread[SMALL_ROWS], y[SMALL_ROWS];
    nll_gaussian_args a;
    nll_status status;
    double nll[SMALL_ROWS], grad_loc[SMALL_ROWS], grad_spread[SMALL_ROWS], mode[SMALL_ROWS];
    nll_result r;
};
nll_status small_gaussian_run(struct small_gaussian *s);

/* The two compute types, for loops over both. */
extern const nll_dtype small_types[2];
#define FOR_TYPES(t) for (const nll_dtype *t = small_types; t < small_types + 2; t++)

/* |got - want| within 40 roundoffs of want: for cases where only the formula is in question. */
#define EXPECT_NEAR(type, got, want)                                                    \
    do {                                                                                \
        double g_ = (got), w_ = (want);                                                 \
        cr_expect(small_near(type, g_, w_), "%s (%s): got %.17g, expected %.17g", #got, \
                  nll_dtype_name(type), g_, w_);                                        \
    } while (0)
int small_near(nll_dtype type, double got, double want);
#define EXPECT_NAN(x) cr_expect(isnan(x), "%s: got %.17g, expected NaN", #x, (double)(x))
#define EXPECT_IS(x, value)                                               \
    do {                                                                  \
        double g_ = (double)(x), w_ = (double)(value);                    \
        cr_expect(g_ == w_, "%s: got %.17g, expected %.17g", #x, g_, w_); \
    } while (0)

#endif
