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

/* Up to 16 elements from i on. */
NLL_INLINE void total_step(const nll_job *j, size_t i, size_t n, vd acc[2], uint64_t *bad) {
    const T *x = (const T *)j->in[0] + i, *w = (const T *)j->in[1] + i;
    T same[16];
    if (j->constant >> 1 & 1) {
        for (unsigned k = 0; k < 16; k++) same[k] = *(const T *)j->in[1];
        w = same;
    }
    for (unsigned h = 0; h < 2; h++) {
#if defined(NLL_T_F32)
        vf xs = v_loadn(x, n, 0), ws = v_loadn(w, n, 0);
        vd l = h ? d_hi(xs) : d_lo(xs), v = h ? d_hi(ws) : d_lo(ws);
#else
        size_t from = h * 8u < n ? h * 8u : n, k = n - from < 8 ? n - from : 8;
        vd l = v_loadn(x + from, k, 0), v = v_loadn(w + from, k, 0);
#endif
        acc[h] = total_add(acc[h], l, v);
        *bad += total_nonfinite(l);
    }
}

void NLL_SYM(total)(const nll_job *j) {
    vd acc[2] = {d_set(0), d_set(0)};
    uint64_t bad = 0;
    size_t i = 0, n = j->cols;
    for (; i + 16 <= n; i += 16) total_step(j, i, 16, acc, &bad);
    if (i < n) total_step(j, i, n - i, acc, &bad);
    double sum = d_hsum(d_add(acc[0], acc[1]));
    *(double *)j->out[0] = sum == sum ? sum : (double)NAN;
    *(int64_t *)j->out[1] = (int64_t)bad;
}

#endif
