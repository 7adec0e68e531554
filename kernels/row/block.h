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
#include "shape/half.h"

#include <string.h>

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
#define v_exp_polys(t, n) f_exp_polys(t, n)
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
#define v_exp_polys(t, n) d_exp_polys(t, n)
NLL_INLINE double row_fold(V x) { return d_hsum(x); }
NLL_INLINE V row_factor(V z) { return d_of_bits(l_shl(d_bits(z), 52)); }
#endif

/* 2^k for integer k < 1024, exact; 0 below the normal range, where no sum feels it. */
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

/* At most a block of a row, as groups that are all whole: those with the hole or past the end of
 * the row are read from copies with -inf there.  So the loops have no branches, and where a hole
 * lies, which is chance, costs no wrong guess of one. */
typedef struct row_piece {
    _Alignas(64) union {
        T t[ROW_GROUP];
        uint16_t h[2 * ROW_GROUP];
    } tail;
    union {
        T t[ROW_GROUP + 1]; /* one for a hole that is elsewhere */
        uint16_t h[ROW_GROUP + 1];
    } holed;
    const void *from; /* where group 0 lies in the row, copied or not */
    size_t groups;
    const void *group[ROW_BLOCK / ROW_GROUP]; /* `groups` of them are */
    T *wide;                                  /* room for a block of halves as floats */
} row_piece;

/* All pointers, as their number is known; those from `groups` on may lie past the end: never read
 */
NLL_INLINE void row_open_groups(row_piece *p, const void *x, size_t n, enum stored as) {
    p->groups = (n + ROW_GROUP - 1) / ROW_GROUP;
    p->from = x;
    NLL_UNROLL for (size_t g = 0; g < ROW_BLOCK / ROW_GROUP; g++) p->group[g] =
        (const void *)((uintptr_t)x + g * ROW_GROUP * stored_size(as));
}
NLL_INLINE void row_open(row_piece *p, const T *x, size_t n, size_t hole, int holes) {
    row_open_groups(p, x, n, STORED_T);
    size_t last = n / ROW_GROUP * ROW_GROUP;
    if (last < n) {
        for (size_t k = 0; k < ROW_GROUP; k += VL) {
            V v = v_set(-INFINITY);
            if (last + k + VL <= n)
                v = v_load(x + last + k);
            else if (last + k < n)
                v = v_loadn(x + last + k, n - last - k, -INFINITY);
            v_store(p->tail.t + k, v);
        }
        p->group[last / ROW_GROUP] = p->tail.t;
    }
    if (holes) { /* a hole in another block: group 0 is copied as it is */
        size_t g = hole < n ? hole / ROW_GROUP : 0;
        for (size_t k = 0; k < ROW_GROUP; k += VL)
            v_store(p->holed.t + k, v_load((const T *)p->group[g] + k));
        p->holed.t[hole < n ? hole % ROW_GROUP : ROW_GROUP] = -INFINITY;
        p->group[g] = p->holed.t;
    }
}
/* The same of halves, `before` of which lie before x in its row.  A last group that is not whole
 * ends where the row does; what it lacks comes behind it. */
NLL_INLINE void row_open_halves(row_piece *p, const uint16_t *x, size_t n, size_t before,
                                size_t hole, int holes, enum stored as) {
    const uint16_t least = as == STORED_F16 ? 0xfc00 : 0xff80; /* -inf */
    row_open_groups(p, x, n, as);
    size_t rest = n % ROW_GROUP;
    if (rest > 0) {
        for (size_t i = ROW_GROUP; i < 2 * ROW_GROUP; i++) p->tail.h[i] = least;
        if (before + n >= ROW_GROUP)
            memcpy(p->tail.h, x + n - ROW_GROUP, ROW_GROUP * sizeof *x);
        else
            for (size_t i = 0; i < rest; i++) p->tail.h[ROW_GROUP - rest + i] = x[i];
        p->group[n / ROW_GROUP] = p->tail.h + ROW_GROUP - rest;
    }
    if (holes) {
        size_t g = hole < n ? hole / ROW_GROUP : 0;
        memcpy(p->holed.h, p->group[g], ROW_GROUP * sizeof *x);
        p->holed.h[hole < n ? hole % ROW_GROUP : ROW_GROUP] = least;
        p->group[g] = p->holed.h;
    }
}

/* What the memory is asked for while a kernel computes on a tile: four lines (five where they do
 * not begin at one) so many bytes (par0) from its first number, then four every so many bytes
 * (par1), as many times as the tile has columns; then the next four of each, until as many as it
 * has rows are asked for.  par1 at most 4 lines: one piece of memory.  0: the kernel asks by
 * itself. */
enum { ROW_ASK = 4, ROW_ASKED = 64 * ROW_ASK };
typedef struct row_ask {
    uintptr_t at, step, first, end;
    size_t left, columns;
    unsigned line;
} row_ask;
NLL_INLINE row_ask row_ask_of(const nll_job *j, const void *from) {
    uintptr_t at = (uintptr_t)from + (uintptr_t)(ptrdiff_t)j->par[0];
    uintptr_t step = (uintptr_t)(ptrdiff_t)j->par[1];
    size_t columns = step <= ROW_ASKED ? SIZE_MAX : j->cols;
    return (row_ask){at, step, at, at + j->rows * sizeof(T), columns, columns, 0};
}
NLL_INLINE void row_ask_on(row_ask *ask) {
    ask->at += ask->step;
    if (--ask->left > 0) return;
    ask->first += ROW_ASKED;
    ask->at = ask->first;
    ask->left = ask->columns;
    if (ask->first < ask->end) return;
    ask->step = 0; /* all is asked for */
    ask->left = SIZE_MAX;
}

/* The hole of row r as an offset into columns j .. j + n; beyond n if it does not fall there. */
NLL_INLINE size_t row_hole(const nll_job *job, unsigned slot, size_t r, size_t j) {
    const int64_t *hole = job->in[slot];
    return hole && hole[r] >= 0 ? (size_t)hole[r] - j : SIZE_MAX;
}

#endif
