/* row/exps.h: sums of scaled exponentials, and what rows side by side, one in each lane, share: the
 * scale of each lane, and the fold of a block whose lanes are vectors. */
#ifndef NLL_ROW_EXPS_H
#define NLL_ROW_EXPS_H

#include "row/block.h"

/* Twice the magnitude up to which rows are taken without an anchor; n stays exact far beyond. */
#define ROW_LIMIT 0x1p17

/* For exp(x - anchor) 2^-N, at least 2^-ROW_LOWEST; magic is ROW_MAGIC + ROW_BIAS - N. */
typedef struct row_scale {
    V lowest, magic, anchor;
    int anchored;
} row_scale;

/* acc[k] += exp(x[k] - anchor) 2^-N for k < chains: the product p(t) 2^(n-N) is exact, the sum is
 * the one rounding.  A product, not an addition to the exponent's bits, since a NaN must stay one.
 */
NLL_INLINE void row_add_exps(V *acc, const row_scale *s, V *x, unsigned chains) {
    V z[ROW_WAYS], n[ROW_WAYS];
    NLL_UNROLL for (unsigned k = 0; k < chains; k++) {
        if (s->anchored) x[k] = v_sub(x[k], s->anchor);
        x[k] = v_max(s->lowest, x[k]); /* NaN passes */
    }
    NLL_UNROLL for (unsigned k = 0; k < chains; k++) z[k] = v_fma(x[k], v_set(ROW_LOG2E), s->magic);
    NLL_UNROLL for (unsigned k = 0; k < chains; k++) n[k] = v_sub(z[k], s->magic);
    NLL_UNROLL for (unsigned k = 0; k < chains; k++) x[k] = v_exp_reduce(x[k], n[k]);
    v_exp_polys(x, chains);
    NLL_UNROLL for (unsigned k = 0; k < chains; k++) acc[k] = v_fma(x[k], row_factor(z[k]), acc[k]);
}

NLL_INLINE V row_one_exp(const row_scale *s, V x) {
    V sum = v_set(0);
    row_add_exps(&sum, s, &x, 1);
    return sum;
}

/* N of each lane from its maximum: rint(clamp(m) log2 e), in double as row_scale_of does. */
NLL_INLINE vd lse_scale(vd m) {
    m = d_min(d_max(m, d_set(-ROW_LIMIT)), d_set(ROW_LIMIT));
    return d_rint(d_mul(m, d_set(D_LOG2E)));
}

#if defined(NLL_T_F32)
NLL_INLINE V lse_scale_both(V m, vd N[2]) {
    N[0] = lse_scale(d_lo(m));
    N[1] = lse_scale(d_hi(m));
    return f_narrow(N[0], N[1]);
}
NLL_INLINE V lse_scale_all(V m, double *N) {
    vd both[2];
    V all = lse_scale_both(m, both);
    d_store(N, both[0]);
    d_store(N + D_LANES, both[1]);
    return all;
}
/* Of the lower rows, or the upper. */
NLL_INLINE vd lse_fold_half(const V acc[VL], unsigned half) {
    vd w[VL];
    NLL_UNROLL for (unsigned l = 0; l < VL; l++) w[l] = half ? d_hi(acc[l]) : d_lo(acc[l]);
    NLL_UNROLL for (unsigned h = VL / 2; h; h /= 2) NLL_UNROLL for (unsigned l = 0; l < h; l++)
        w[l] = d_add(w[l], w[l + h]);
    return w[0];
}
NLL_INLINE void lse_fold_all(const V acc[VL], double *S) {
    for (unsigned half = 0; half < 2; half++)
        d_store(S + half * D_LANES, d_canonical(lse_fold_half(acc, half)));
}
#else
NLL_INLINE V lse_scale_all(V m, double *N) {
    vd n = lse_scale(m);
    d_store(N, n);
    return n;
}
NLL_INLINE void lse_fold_all(const V acc[VL], double *S) {
    V w[VL];
    for (unsigned l = 0; l < VL; l++) w[l] = acc[l];
    for (unsigned h = VL / 2; h; h /= 2)
        for (unsigned l = 0; l < h; l++) w[l] = d_add(w[l], w[l + h]);
    d_store(S, d_canonical(w[0]));
}
#endif

#endif
