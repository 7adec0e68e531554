/* shape/total.h: sums of blocks of at most NLL_BLOCK numbers, weighted, in double.
 *
 * Lane k of 16 adds the elements i = k (mod 16) in rising order (products w_i l_i of floats are
 * exact in double; one fma each otherwise), then the lanes fold +8, +4, +2, +1.  An element of
 * weight 0 adds nothing, be it infinite or NaN.  Counts the values that are not finite.
 *   in0 values, in1 weights (may be constant), blocks ld apart; out0[r] the sum, out1[r] the count
 * of block r. */
#ifndef NLL_SHAPE_TOTAL_H
#define NLL_SHAPE_TOTAL_H

#include "kernel.h"
#include "vec/vec.h"

/* acc + w l.  l is set to 0 where w is, and not the sum back to acc, which the next sum would wait
 * for; acc is never -0, so that adding 0 leaves it. */
NLL_INLINE vd total_add(vd acc, vd l, vd w) {
    return d_fma(w, d_sel(d_eq(w, d_set(0)), d_set(0), l), acc);
}
NLL_INLINE unsigned total_nonfinite(V x) {
    unsigned finite = m_bits(v_lt(v_abs(x), v_set(INFINITY)));
    return VL - (unsigned)__builtin_popcount(finite);
}

/* Up to 16 elements at x with their weights at w; all weights are 1 if `plain`. */
NLL_INLINE void total_step(const T *x, const T *w, size_t n, int plain, vd acc[2], uint64_t *bad) {
#if defined(NLL_T_F32)
    vf xs = n == 16 ? v_load(x) : v_loadn(x, n, 0), ws = n == 16 ? v_load(w) : v_loadn(w, n, 0);
    const vd l[2] = {d_lo(xs), d_hi(xs)}, v[2] = {d_lo(ws), d_hi(ws)};
    *bad += total_nonfinite(xs);
#else
    size_t low = n < 8 ? n : 8;
    const vd l[2] = {v_loadn(x, low, 0), v_loadn(x + low, n - low, 0)};
    const vd v[2] = {v_loadn(w, low, 0), v_loadn(w + low, n - low, 0)};
    *bad += total_nonfinite(l[0]) + total_nonfinite(l[1]);
#endif
    NLL_UNROLL for (unsigned h = 0; h < 2; h++) acc[h] =
        plain ? d_add(acc[h], l[h]) : total_add(acc[h], l[h], v[h]);
}

/* Blocks side by side: in each every addition waits for the one before. */
enum { TOTAL_ROWS = NLL_CHAINS > 1 ? 2 : 1 };

/* `rows` blocks from r on. */
NLL_INLINE void total_run(const nll_job *j, size_t r, unsigned rows, const T *same, int plain) {
    vd acc[TOTAL_ROWS][2];
    uint64_t bad[TOTAL_ROWS] = {0};
    const ptrdiff_t down[2] = {j->ld[0], same ? 0 : j->ld[1]};
    const T *x = (const T *)j->in[0] + (ptrdiff_t)r * down[0];
    const T *w = same ? same : (const T *)j->in[1] + (ptrdiff_t)r * down[1];
    size_t i = 0, n = j->cols, step = same ? 0 : 16;
    NLL_UNROLL for (unsigned k = 0; k < rows; k++) acc[k][0] = acc[k][1] = d_set(0);
    for (; i + 16 <= n; i += 16, w += step)
        NLL_UNROLL for (unsigned k = 0; k < rows; k++)
            total_step(x + k * down[0] + i, w + k * down[1], 16, plain, acc[k], &bad[k]);
    for (unsigned k = 0; i < n && k < rows; k++)
        total_step(x + k * down[0] + i, w + k * down[1], n - i, plain, acc[k], &bad[k]);
    NLL_UNROLL for (unsigned k = 0; k < rows; k++) {
        double sum = d_hsum(d_add(acc[k][0], acc[k][1]));
        ((double *)j->out[0])[r + k] = sum == sum ? sum : (double)NAN;
        ((int64_t *)j->out[1])[r + k] = (int64_t)bad[k];
    }
}
NLL_INLINE void total_rows(const nll_job *j, const T *same, int plain) {
    size_t r = 0;
    for (; r + TOTAL_ROWS <= j->rows; r += TOTAL_ROWS) total_run(j, r, TOTAL_ROWS, same, plain);
    for (; r < j->rows; r++) total_run(j, r, 1, same, plain);
}

void NLL_SYM(total)(const nll_job *j) {
    const T *w = j->in[1];
    T same[16]; /* a constant weight, loaded again and again */
    if (!(j->constant >> 1 & 1)) {
        total_rows(j, NULL, 0);
        return;
    }
    for (unsigned k = 0; k < 16; k++) same[k] = *w;
    if (*w == 1)
        total_rows(j, same, 1);
    else
        total_rows(j, same, 0);
}

#endif
