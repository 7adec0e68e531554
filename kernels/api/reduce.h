/* reduce.h: reproducible totals.
 *
 * Elements (or rows) are taken in blocks of NLL_BLOCK by their index from the start of the call.
 * A block is summed in double by the kernel `total`; blocks are added by one binary tree over their
 * index, which splits n blocks at the largest power of two below n.  NLL_SUPER consecutive blocks
 * are a subtree, and a task owns whole subtrees: no thread count or chunking changes a bit. */
#ifndef NLL_REDUCE_H
#define NLL_REDUCE_H

#include "dispatch.h"
#include "nll/nll.h"

/* Blocks of one task; and those that nll_block_totals takes at most.  With four of them gradients
 * in arrays that fill no cache were written a quarter slower; the cause is not known. */
enum { NLL_SUPER = 128, NLL_TOGETHER = 2 };

/* Sum of n numbers by the tree; 0 for n = 0. */
double nll_tree_sum(const double *x, size_t n);

/* Sum of one block (kernel `total`): n <= NLL_BLOCK values with weights (NULL: all 1). */
double nll_block_total(const nll_isa *isa, enum nll_type type, const void *values,
                       const void *weights, size_t n, uint64_t *nonfinite);

/* The same of n values side by side, which are blocks of NLL_BLOCK and at last perhaps a shorter
 * one: sums[0..]; returns how many there are. */
size_t nll_block_totals(const nll_isa *isa, enum nll_type type, const void *values,
                        const void *weights, size_t n, double *sums, uint64_t *nonfinite);

/* Sum of n values of a strided or converted array, by blocks and tree; weights of a call. */
double nll_view_total(const nll_isa *isa, enum nll_type type, const nll_view *v, size_t n,
                      double *workspace);
/* Doubles that nll_view_total needs for n elements. */
size_t nll_view_total_workspace(size_t n);

/* Runs task over [0, n) on the caller's executor, or at once; forces the float environment. */
void nll_run(const nll_executor *executor, size_t n, nll_task task, void *arg);

/* Fills sum, weight_sum, mean, value of r from the totals, per the common options. */
void nll_close(const nll_common *common, double sum, double weight_sum, nll_result *r);

/* Copies r into the caller's result, as much of it as struct_size says. */
void nll_result_out(nll_result *to, const nll_result *r);

#endif
