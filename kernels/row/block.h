/* row/block.h: walking a row block by block, and sums over blocks.
 *
 * A block is ROW_BLOCK = 32 vectors.  Within a block every lane adds at most 32 terms in the
 * compute type (sums of exponentials as four chains of eight, then in pairs); the lanes are widened
 * to double and folded +8, +4, +2, +1; block sums are added in rising order with their rounding
 * errors kept.  Nothing of this depends on the ISA. */
#ifndef NLL_ROW_BLOCK_H
#define NLL_ROW_BLOCK_H

#include "kernel.h"
#include "math/exp.h"
#include "vec/vec.h"

enum { ROW_BLOCK = 32 * VL };

#if defined(NLL_T_F32)
#define ROW_MAGIC F_MAGIC
#define ROW_BIAS 127
#define ROW_LOG2E F_LOG2E
#define ROW_LN2 0.6931472f
#define ROW_LOWEST 125.0f /* 2^-125 p is normal for every p >= 0.5 */
#define ROW_ZERO 252.0f   /* 2^-252 p f is zero for p < 2, f < 2 */
#define v_exp_reduce(x, n) f_exp_reduce(x, n)
#define v_exp_poly(t) f_exp_poly(t)
/* Sum of all lanes, in double. */
NLL_INLINE double row_fold(V x) { return d_hsum(d_add(d_lo(x), d_hi(x))); }
/* 2^k for the biased exponent k + 127 (1023) in the low bits of z. */
NLL_INLINE V row_factor(V z) { return f_of_bits(i_shl(f_bits(z), 23)); }
#else
#define ROW_MAGIC D_MAGIC
#define ROW_BIAS 1023
#define ROW_LOG2E D_LOG2E
#define ROW_LN2 0.6931471805599453
#define ROW_LOWEST 1020.0
#define ROW_ZERO 2044.0
#define v_exp_reduce(x, n) d_exp_reduce(x, n)
#define v_exp_poly(t) d_exp_poly(t)
NLL_INLINE double row_fold(V x) { return d_hsum(x); }
NLL_INLINE V row_factor(V z) { return d_of_bits(l_shl(d_bits(z), 52)); }
#endif

/* 2^k for integer k <= 0, exact; 0 below the normal range, where no sum feels it. */
NLL_INLINE double row_pow2(double k) {
    union {
        uint64_t u;
        double f;
    } b = {.u = k < -1022.0 ? 0 : (uint64_t)(int64_t)(k + 1023.0) << 52};
    return b.f;
}

/* sum + lost += x, |lost| collecting the rounding errors (Knuth's two-sum). */
NLL_INLINE void row_two_sum(double *sum, double *lost, double x) {
    double s = *sum + x, b = s - *sum;
    *lost += (*sum - (s - b)) + (x - b);
    *sum = s;
}

NLL_INLINE double row_canonical(double x) { return x == x ? x : (double)NAN; }

/* Lane numbers 0, 1, ..., VL - 1. */
NLL_INLINE V row_iota(void) {
    static const T lane[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return v_load(lane);
}

/* Vectors are taken in groups of four, each into an accumulator of its own. */
enum { ROW_WAYS = 4, ROW_GROUP = ROW_WAYS * VL };

/* May the group at i be loaded as it is: whole, and without the hole? */
NLL_INLINE int row_plain(size_t i, size_t n, size_t hole) {
    return i + ROW_GROUP <= n && hole - i >= ROW_GROUP;
}

/* The vector at i of the n elements at x: element `hole` and those past the end are -inf. */
NLL_INLINE V row_vector(const T *x, size_t i, size_t n, size_t hole) {
    V v = i + VL <= n ? v_load(x + i) : v_loadn(x + i, n - i, -INFINITY);
    if (hole - i < VL) v = v_sel(v_eq(row_iota(), v_set((T)(hole - i))), v_set(-INFINITY), v);
    return v;
}

/* The hole of row r that falls into columns j .. j + n, as an offset; beyond any length if none
 * does. */
NLL_INLINE size_t row_hole(const nll_job *job, unsigned slot, size_t r, size_t j, size_t n) {
    const int64_t *hole = job->in[slot];
    if (!hole || hole[r] < 0 || (uint64_t)hole[r] < j || (uint64_t)hole[r] - j >= n)
        return SIZE_MAX - VL;
    return (size_t)hole[r] - j;
}

#endif
