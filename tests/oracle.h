/* oracle.h: what the results should be.  Textbook formulas in 192-bit arithmetic (MPFR), sharing no
 * code with the kernels.  Each value comes with its magnitude, the sum of the absolute terms of its
 * formula: the yardstick for rounding errors where terms cancel. */
#ifndef NLL_TESTS_ORACLE_H
#define NLL_TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

/* Elementary functions, in the order of functions.h. */
enum oracle_fn { FN_EXP, FN_LOG, FN_LOG1P, FN_EXPM1, FN_SOFTPLUS, FN_SIGMOID, FN_LGAMMA, FN_COUNT };
/* Rounded once from 192 bits. */
long double oracle_fn(enum oracle_fn f, double x);
/* By the C library's double and long double functions: quick, error below 2^-50 and 2^-60 or so.
 * What it finds suspicious is for oracle_fn to judge. */
double oracle_fn_double(enum oracle_fn f, double x);
long double oracle_fn_long(enum oracle_fn f, long double x);

struct oracle_value {
    long double v, mag;
};

struct oracle_map {
    struct oracle_value nll, grad[2]; /* d logits or d probs; d loc, d spread */
};

enum oracle_form { FROM_LOGITS, FROM_LOG_PROBS, FROM_PROBS };
/* Logits or probs x, target y, smoothing e. */
struct oracle_map oracle_bernoulli(enum oracle_form form, double x, double y, double pos_weight,
                                   double smoothing);

enum oracle_spread { SPREAD_NONE, SPREAD_SCALE, SPREAD_VAR, SPREAD_LOG_SCALE, SPREAD_LOG_VAR };
struct oracle_map oracle_gaussian(enum oracle_spread form, double loc, double spread, double y);

/* One row of the categorical model.  Weights of the row (sample weight, class weight of the target
 * where smoothing is 0) and reductions are the caller's. */
struct oracle_row {
    enum oracle_form form;
    size_t cols;
    const double *x;
    ptrdiff_t target; /* class index; < 0: soft targets q */
    const double *q;  /* [cols] */
    const double *v;  /* class weights [cols]; NULL: all 1 */
    double smoothing, z_loss;
    double temperature, softcap; /* 0: 1, none */
};
struct oracle_row_out {
    struct oracle_value nll, lse;
    long double p_target;
    long double z_max;                  /* largest |z|, masked classes apart */
    struct oracle_value *grad, *grad_q; /* [cols], NULL: not wanted */
};
void oracle_categorical(const struct oracle_row *row, struct oracle_row_out *out);

/* A row along any axis: everything for n classes x; the products for upstream gradients g, the
 * softmax's from p itself. */
void oracle_softmax(const double *x, size_t n, struct oracle_value *lse, struct oracle_value *p,
                    struct oracle_value *log_p);
void oracle_softmax_vjp(const double *p, const double *g, size_t n, struct oracle_value *d);
void oracle_log_softmax_vjp(const double *x, const double *g, size_t n, struct oracle_value *d);
/* Scoring outputs of a row: those of models.h, by their definitions. */
struct oracle_scores {
    size_t rank;
    struct oracle_value margin;
    long double entropy, confidence, brier;
    long double z_max; /* largest |z|, masked classes apart */
};
void oracle_scores(const struct oracle_row *row, struct oracle_scores *out);

/* A list of k classes with probabilities q; what is missing to 1 goes to the others together. */
struct oracle_bucket {
    size_t cols, k;
    const double *x; /* logits */
    const int64_t *index;
    const double *q;
};
struct oracle_bucket_out {
    long double nll;
    struct oracle_value *grad, *grad_q; /* [cols], [k] */
};
void oracle_bucket(const struct oracle_bucket *b, struct oracle_bucket_out *out);

/* Diagonal of the Hessian and its product with a vector, both [cols], of a row of logits. */
void oracle_second(const struct oracle_row *row, const double *vector, struct oracle_value *hess,
                   struct oracle_value *hvp);
/* One row of a divergence.  p, q: as given, each in its form; js: Jensen-Shannon, else KL(p||q).
 * Rows of log-probs and probs are taken as they are. */
struct oracle_pair {
    enum oracle_form form[2];
    size_t cols;
    const double *x[2];
    int js;
    double unit; /* roundoff of the computation: magnitudes have terms of its second order */
};
struct oracle_pair_out {
    struct oracle_value value;
    struct oracle_value *grad[2]; /* [cols], NULL: not wanted */
    long double
        reach; /* the largest finite |log(p / q)| + |KL|: what a probability is multiplied by */
};
void oracle_divergence(const struct oracle_pair *pair, struct oracle_pair_out *out);

#endif
