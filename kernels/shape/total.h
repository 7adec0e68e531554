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

NLL_INLINE void total_run(const nll_job *j, const T *w, size_t step, int plain) {
    vd acc[2] = {d_set(0), d_set(0)};
    uint64_t bad = 0;
    const T *x = j->in[0];
    size_t i = 0, n = j->cols;
    for (; i + 16 <= n; i += 16, w += step) total_step(x + i, w, 16, plain, acc, &bad);
    if (i < n) total_step(x + i, w, n - i, plain, acc, &bad);
    double sum = d_hsum(d_add(acc[0], acc[1]));
    *(double *)j->out[0] = sum == sum ? sum : (double)NAN;
    *(int64_t *)j->out[1] = (int64_t)bad;
}

void NLL_SYM(total)(const nll_job *j) {
    const T *w = j->in[1];
    T same[16]; /* a constant weight, loaded again and again */
    if (!(j->constant >> 1 & 1)) {
        total_run(j, w, 16, 0);
        return;
    }
    for (unsigned k = 0; k < 16; k++) same[k] = *w;
    if (*w == 1)
        total_run(j, same, 0, 1);
    else
        total_run(j, same, 0, 0);
}

#endif
