/* row/counts.h: what the logarithm of a multinomial coefficient is made of.
 *
 *   row_counts   sum over k_j > 0 of rho(k_j),  rho(k) = log k! - (k log k - k)
 *                                                      = log(2 pi k) / 2 + delta(k)
 *                and the sum of k_j
 *     in0 k; out0 per row a R_SUMS: two sums, each with its rounding errors; carry
 * A k below 0, infinite or no integer makes the first sum +inf; NaN stays. */
#ifndef NLL_ROW_COUNTS_H
#define NLL_ROW_COUNTS_H

#include "math/stirling.h"
#include "row/divergence.h"

NLL_INLINE vd counts_rho(vd k) {
    vd one = d_set(1.0), y = d_max(one, k); /* NaN passes */
    vd rho = d_add(d_fma(d_set(0.5), d_log(y), d_set(D_HALF_LOG_2PI)),
                   d_stirling_tail(y, WANT_VALUE).value);
    md whole = m_and(d_le(d_set(0.0), k), d_eq(d_rint(k), k));
    whole = m_and(whole, d_lt(k, d_set(INFINITY)));
    rho = d_sel(d_eq(k, d_set(0.0)), d_set(0.0), rho);
    return d_sel(m_or(whole, d_isnan(k)), rho, d_set(INFINITY));
}

void NLL_SYM(row_counts)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *k = (const double *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        double *out = (double *)j->out[0] + SUMS_NUMBERS * r, sum[SUMS_NUMBERS] = {0};
        if (j->carry) memcpy(sum, out, sizeof sum);
        for (size_t b = 0; b < j->cols; b += ROW_BLOCK) {
            size_t end = j->cols - b < ROW_BLOCK ? j->cols : b + ROW_BLOCK;
            vd rho = d_set(0.0), total = d_set(0.0);
            for (size_t i = b; i < end; i += D_LANES) {
                vd x = d_loadn(k + i, end - i < D_LANES ? end - i : D_LANES, 0.0);
                rho = d_add(rho, counts_rho(x));
                total = d_add(total, x);
            }
            div_collect(&sum[0], d_hsum(rho));
            div_collect(&sum[2], d_hsum(total));
        }
        div_write_sums(sum, out);
    }
}

#endif
