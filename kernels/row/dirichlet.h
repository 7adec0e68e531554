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
#include "row/concentrations.h"

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

void NLL_SYM(row_dirichlet)(const nll_job *j) { concentrations_sum(j, dirichlet_term); }

NLL_INLINE void dirichlet_slopes(vd a, vd y, const double *pair, vd out[2]) {
    vd zero = d_set(0.0), one = d_set(1.0);
    vd log_ratio = dirichlet_ratio_of(a, y, pair).log;
    vd psi = d_sub(d_stirling_parts_of(a, WANT_SLOPE).slope, d_set(pair[SLOPE_WHOLE]));
    out[0] = d_sel(d_eq(y, zero), d_set(INFINITY), d_sub(psi, log_ratio));
    out[1] = d_sel(d_eq(a, one), zero, d_div(d_sub(one, a), y));
    md valid =
        m_and(m_and(d_le(zero, y), d_le(y, one)), m_and(d_lt(zero, a), d_lt(a, d_set(INFINITY))));
    for (unsigned o = 0; o < 2; o++) out[o] = d_sel(valid, out[o], d_set(NAN));
}

void NLL_SYM(row_dirichlet_grad)(const nll_job *j) { concentrations_grad(j, dirichlet_slopes); }

#endif
