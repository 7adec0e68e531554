/* row/concentrations.h: what the kernels of row/dirichlet.h and row/kl_dirichlet.h share: rows of
 * two inputs in double, a R_PAIR of numbers for each row; either a sum of terms per row or two
 * slopes per number.  Lanes past the end of a row read 1. */
#ifndef NLL_ROW_CONCENTRATIONS_H
#define NLL_ROW_CONCENTRATIONS_H

#include "row/divergence.h"

typedef vd concentration_term(vd a, vd b, const double *pair);
typedef void concentration_slopes(vd a, vd b, const double *pair, vd out[2]);

/* in2 the R_PAIRs, out0 the R_SUMS of the terms; carry. */
NLL_INLINE void concentrations_sum(const nll_job *j, concentration_term *term) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *a = (const double *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *b = (const double *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        const double *pair = (const double *)j->in[2] + PAIR_NUMBERS * r;
        double *out = (double *)j->out[0] + SUMS_NUMBERS * r, sum[SUMS_NUMBERS] = {0};
        if (j->carry) memcpy(sum, out, sizeof sum);
        for (size_t from = 0; from < j->cols; from += ROW_BLOCK) {
            size_t end = j->cols - from < ROW_BLOCK ? j->cols : from + ROW_BLOCK;
            vd value = d_set(0.0);
            for (size_t i = from; i < end; i += D_LANES) {
                size_t k = end - i < D_LANES ? end - i : D_LANES;
                double e[D_LANES];
                d_store(e, term(d_loadn(a + i, k, 1.0), d_loadn(b + i, k, 1.0), pair));
                value = d_add(value, d_loadn(e, k, 0.0)); /* nothing of lanes past the end */
            }
            div_collect(&sum[0], d_hsum(value));
        }
        div_write_sums(sum, out);
    }
}

/* The slopes times the first number of in3, a R_SLOPES, to out0 and out1. */
NLL_INLINE void concentrations_grad(const nll_job *j, concentration_slopes *slopes) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *a = (const double *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *b = (const double *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        const double *pair = (const double *)j->in[2] + PAIR_NUMBERS * r;
        vd scale = d_set(((const double *)j->in[3])[8 * r]);
        for (size_t i = 0; i < j->cols; i += D_LANES) {
            size_t k = j->cols - i < D_LANES ? j->cols - i : D_LANES;
            vd g[2];
            slopes(d_loadn(a + i, k, 1.0), d_loadn(b + i, k, 1.0), pair, g);
            for (unsigned o = 0; o < 2; o++)
                if (j->out[o])
                    d_storen((double *)j->out[o] + (ptrdiff_t)r * j->out_ld[o] + i,
                             d_canonical(d_mul(scale, g[o])), k);
        }
    }
}

#endif
