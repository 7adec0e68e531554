/* row/dirichlet.h: the Dirichlet model: concentrations a and a point y of the simplex, in double.
 *
 * With A the sum of a and sigma(a) = lgamma(a) - (a log a - a) = log(2 pi / a) / 2 + delta(a):
 *   -log density = sum of [a (t - log(1 + t)) + sigma(a) + log y] - A (sum of y - 1) - sigma(A)
 * with t = A y / a - 1: logarithms of large gamma functions are never subtracted, and the first
 * terms, of order t^2, are not negative.  t comes from A y - a, for the whole of A, as its rounding
 * errors would be all that is left of it where y is about a / A.
 *   row_dirichlet        in0 a, in1 y, in2 per row a R_PAIR: A, log A, psi(A) - log A, and what
 *                        rounding took from A; out0 per row a R_SUMS: that sum; carry
 *   row_dirichlet_grad   out0 psi(a) - psi(A) - log y, out1 -(a - 1) / y, times the first number of
 *                        in3, a R_SLOPES; either may be NULL; out0 may be in0, out1 in1
 * a not above 0: NaN.  y outside [0, 1]: +inf, gradients NaN.  y = 0: +inf if a > 1, -inf if a < 1,
 * and for a = 1 what 0 log 0 = 0 leaves. */
#ifndef NLL_ROW_DIRICHLET_H
#define NLL_ROW_DIRICHLET_H

#include "math/stirling.h"
#include "row/divergence.h"

enum { WHOLE, LOG_WHOLE, SLOPE_WHOLE, WHOLE_LOST };

/* log(A y / a) = log(1 + t), and a (t - log(1 + t)), for y > 0. */
typedef struct dirichlet_ratio {
    vd log, loss;
} dirichlet_ratio;
NLL_INLINE dirichlet_ratio dirichlet_ratio_of(vd a, vd y, const double *pair) {
    vd whole = d_set(pair[WHOLE]), most = d_set(0x1p1000);
    vd gap = d_fma(d_set(pair[WHOLE_LOST]), y, d_fma(whole, y, d_neg(a))), t = d_div(gap, a);
    d_log_pair l = d_log_ratio(d_min(most, t), d_div(d_mul(whole, y), a));
    return (dirichlet_ratio){l.log, d_sel(d_lt(most, t), gap, d_neg(d_mul(a, l.rest)))};
}

NLL_INLINE vd dirichlet_term(vd a, vd y, const double *pair) {
    vd zero = d_set(0.0), one = d_set(1.0), half = d_set(0.5);
    vd sigma = d_nfma(half, d_log(a), d_set(D_HALF_LOG_2PI));
    sigma = d_add(sigma, d_stirling(a));
    vd e = d_add(dirichlet_ratio_of(a, y, pair).loss, d_add(sigma, d_log(y)));
    vd edge = d_sel(d_lt(a, one), d_set(-INFINITY), d_set(INFINITY));
    edge = d_sel(d_eq(a, one), d_set(-pair[LOG_WHOLE]), edge);
    e = d_sel(d_eq(y, zero), edge, e);
    e = d_sel(m_and(d_le(zero, y), d_le(y, one)), e, d_sel(d_isnan(y), y, d_set(INFINITY)));
    return d_sel(m_and(d_lt(zero, a), d_lt(a, d_set(INFINITY))), e, d_set(NAN));
}

void NLL_SYM(row_dirichlet)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *a = (const double *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *y = (const double *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        const double *pair = (const double *)j->in[2] + PAIR_NUMBERS * r;
        double *out = (double *)j->out[0] + SUMS_NUMBERS * r, sum[SUMS_NUMBERS] = {0};
        if (j->carry) memcpy(sum, out, sizeof sum);
        for (size_t b = 0; b < j->cols; b += ROW_BLOCK) {
            size_t end = j->cols - b < ROW_BLOCK ? j->cols : b + ROW_BLOCK;
            vd value = d_set(0.0);
            for (size_t i = b; i < end; i += D_LANES) {
                size_t k = end - i < D_LANES ? end - i : D_LANES;
                double e[D_LANES];
                d_store(e, dirichlet_term(d_loadn(a + i, k, 1.0), d_loadn(y + i, k, 1.0), pair));
                value = d_add(value, d_loadn(e, k, 0.0)); /* nothing of lanes past the end */
            }
            div_collect(&sum[0], d_hsum(value));
        }
        div_write_sums(sum, out);
    }
}

NLL_INLINE void dirichlet_slopes(vd a, vd y, const double *pair, vd scale, vd out[2]) {
    vd zero = d_set(0.0), one = d_set(1.0);
    vd log_ratio = dirichlet_ratio_of(a, y, pair).log;
    vd psi = d_sub(d_stirling_parts_of(a, WANT_SLOPE).slope, d_set(pair[SLOPE_WHOLE]));
    out[0] = d_sel(d_eq(y, zero), d_set(INFINITY), d_sub(psi, log_ratio));
    out[1] = d_sel(d_eq(a, one), zero, d_div(d_sub(one, a), y));
    md valid =
        m_and(m_and(d_le(zero, y), d_le(y, one)), m_and(d_lt(zero, a), d_lt(a, d_set(INFINITY))));
    for (unsigned o = 0; o < 2; o++) out[o] = d_sel(valid, d_mul(scale, out[o]), d_set(NAN));
}

void NLL_SYM(row_dirichlet_grad)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *a = (const double *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *y = (const double *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        const double *pair = (const double *)j->in[2] + PAIR_NUMBERS * r;
        vd scale = d_set(((const double *)j->in[3])[8 * r]);
        for (size_t i = 0; i < j->cols; i += D_LANES) {
            size_t k = j->cols - i < D_LANES ? j->cols - i : D_LANES;
            vd g[2];
            dirichlet_slopes(d_loadn(a + i, k, 1.0), d_loadn(y + i, k, 1.0), pair, scale, g);
            for (unsigned o = 0; o < 2; o++)
                if (j->out[o])
                    d_storen((double *)j->out[o] + (ptrdiff_t)r * j->out_ld[o] + i,
                             v_canonical(g[o]), k);
        }
    }
}

#endif
