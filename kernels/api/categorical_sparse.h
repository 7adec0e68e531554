/* categorical_sparse.h: targets as short lists of classes with probabilities: k entries (c_i, q_i)
 * per row, duplicates adding up.  Where every class has a part in the formula (label smoothing,
 * gradients) they are spread over a chunk of columns and are dense from there on.
 *
 * NLL_TAIL_BUCKET: what the list lacks, t = max(0, 1 - sum q), goes to the event "a class that is
 * not listed", of probability R = 1 - P.  With A and B the sums of e^z over listed and other
 * classes and rho = A / B, which is exact to the sums' own errors however small P or R is:
 *   -log R = log(1 + rho)    P = rho / (1 + rho)    R = 1 / (1 + rho)
 *   dl/dz_j = (Q + t) p_j - q_j if listed, else (Q + t) p_j - t p_j / R,
 *             which for t > 0 is p_j (Q - P) / R since Q + t = 1 */
#ifndef NLL_CATEGORICAL_SPARSE_H
#define NLL_CATEGORICAL_SPARSE_H

#include "categorical.h"

enum { CAT_LIST = 64 }; /* entries taken at a time */
typedef struct cat_list {
    int64_t index[CAT_LIST]; /* classes */
    double q[CAT_LIST];
} cat_list;

/* Entries j, j + 1, ... of a row, as many as fit; returns their number, 0 at the end.  q is what is
 * given, or its exponential; not divided by the sum. */
size_t cat_listed(const cat_plan *p, size_t row, size_t j, cat_list *list);
/* The same, but only the *kept entries in columns col .. col + n; their classes become offsets. */
size_t cat_listed_in(const cat_plan *p, size_t row, size_t j, size_t col, size_t n, cat_list *list,
                     size_t *kept);
/* What the probabilities of a group's rows are multiplied by: 1, or 1 / sum under
 * NLL_TAIL_RENORMALISE; kept in the scratch for what follows here. */
void cat_list_factors(const cat_plan *p, cat_scratch *s, size_t row, size_t count);

/* Classes in range, and sums where the tail asks for it: NLL_E_LABEL or NLL_E_DOMAIN, *bad_row. */
nll_status cat_list_check(const cat_plan *p, int64_t *bad_row);
/* Does a row hold a probability outside [0, inf)? */
int cat_list_bad(const cat_plan *p, size_t row);

/* u of columns col .. col + n into s->q, as cat_dense. */
const void *cat_list_spread(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n);
/* sum u_i (reference - z_i), or of u_i nll_i from log-probs or probs, and sum u_i, as kernels
 * row_dot and row_dot_log; without label smoothing. */
void cat_list_dot(const cat_plan *p, cat_scratch *s, size_t row, double reference, double *dot,
                  double *mass);

/* The row as the bucket needs it: z_h, p_h of the arg max; the sum mantissa 2^power of e^(z -
 * anchor); Q. */
typedef struct cat_bucket_in {
    double z_h, p_h, anchor, mantissa, power, mass;
} cat_bucket_in;
typedef struct cat_bucket {
    double missing, nll; /* t and -log R */
    /* p_j times this is the gradient of a class that is not listed: relative to the sum mantissa
     * 2^power of e^(z - anchor) */
    double coefficient, mantissa, power, anchor;
} cat_bucket;
cat_bucket cat_bucket_of(const cat_plan *p, cat_scratch *s, size_t row, const cat_bucket_in *in);

/* Gradient with respect to the list's numbers. */
void cat_list_target_gradient(const cat_plan *p, cat_scratch *s, size_t row, const cat_row_grad *g);
/* Under the bucket: a chunk of z in s->q with its listed classes as -inf, their logits noted in
 * s->t; the gradient of that being in `to`, those of the listed classes and of h. */
const void *cat_bucket_rest(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                            const void *z);
void cat_bucket_gradient(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                         const cat_row_grad *g, void *to);

#endif
