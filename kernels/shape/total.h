/* shape/total.h: the sum of one block of at most NLL_BLOCK numbers, weighted, in double.
 *
 * Lane k of 16 adds the elements i = k (mod 16) in rising order (products w_i l_i of floats are
 * exact in double; one fma each otherwise), then the lanes fold +8, +4, +2, +1.  An element of
 * weight 0 adds nothing, be it infinite or NaN.  Counts the values that are not finite.
 *   in0 values, in1 weights (may be constant), out0 the sum, out1 the count. */
#ifndef NLL_SHAPE_TOTAL_H
#define NLL_SHAPE_TOTAL_H

#include "kernel.h"
#include "vec/vec.h"

/* acc + w l where w is not 0. */
NLL_INLINE vd total_add(vd acc, vd l, vd w) {
    return d_sel(d_eq(w, d_set(0)), acc, d_fma(w, l, acc));
}
NLL_INLINE unsigned total_nonfinite(vd l) {
    unsigned finite = d_mask_bits(d_lt(d_abs(l), d_set(INFINITY)));
    return 8u - (unsigned)__builtin_popcount(finite);
}

/* Up to 16 elements at x with their weights at w. */
NLL_INLINE void total_step(const T *x, const T *w, size_t n, vd acc[2], uint64_t *bad) {
#if defined(NLL_T_F32)
    vf xs = n == 16 ? v_load(x) : v_loadn(x, n, 0), ws = n == 16 ? v_load(w) : v_loadn(w, n, 0);
    const vd l[2] = {d_lo(xs), d_hi(xs)}, v[2] = {d_lo(ws), d_hi(ws)};
#else
    size_t low = n < 8 ? n : 8;
    const vd l[2] = {v_loadn(x, low, 0), v_loadn(x + low, n - low, 0)};
    const vd v[2] = {v_loadn(w, low, 0), v_loadn(w + low, n - low, 0)};
#endif
    for (unsigned h = 0; h < 2; h++) {
        acc[h] = total_add(acc[h], l[h], v[h]);
        *bad += total_nonfinite(l[h]);
    }
}

void NLL_SYM(total)(const nll_job *j) {
    vd acc[2] = {d_set(0), d_set(0)};
    uint64_t bad = 0;
    const T *x = j->in[0], *w = j->in[1];
    T same[16];
    size_t i = 0, n = j->cols, step = 16;
    if (j->constant >> 1 & 1) { /* a vector of it, loaded again and again */
        for (unsigned k = 0; k < 16; k++) same[k] = *w;
        w = same;
        step = 0;
    }
    for (; i + 16 <= n; i += 16, w += step) total_step(x + i, w, 16, acc, &bad);
    if (i < n) total_step(x + i, w, n - i, acc, &bad);
    double sum = d_hsum(d_add(acc[0], acc[1]));
    *(double *)j->out[0] = sum == sum ? sum : (double)NAN;
    *(int64_t *)j->out[1] = (int64_t)bad;
}

#endif
