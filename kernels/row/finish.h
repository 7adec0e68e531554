/* row/finish.h: from the sums of a row to its loss, eight rows at a time, in double.
 *
 *   in0 N, in1 S   the other classes: sum_{j != h} exp(x_j) = 2^N S, S >= 0 (0: all masked)
 *   in2 x_h        the class h itself, exp(x_h) = 2^m p(t)
 * With q = 2^N S / exp(x_h):
 *   out0  -log p_h = log(1 + q): full relative accuracy however confident the row is
 *   out1  q / (1 + q), the probability of all other classes
 *   out4  1 / (1 + q), the probability of h
 *   out2, out3  mantissa M and integer exponent K of the whole sum 2^K M = exp(x_h) + 2^N S
 * q is scaled by whole exponents; where it passes 2^1000, log(1 + q) = (N ln 2 - x_h) + log S.
 * out1 to out4 are NULL together where only the loss is wanted. */
#ifndef NLL_ROW_FINISH_H
#define NLL_ROW_FINISH_H

#include "kernel.h"
#include "math/log.h"

/* The loss alone, or all five. */
NLL_INLINE void finish_rows(const double *N_, const double *S_, const double *x_, size_t k,
                            vd out[5], int all) {
    vd one = d_set(1.0), N = d_loadn(N_, k, 0), S = d_loadn(S_, k, 1), x = d_loadn(x_, k, 0);
    vd xc = d_min(d_set(1e6), d_max(d_set(-1e6), x));
    vd m = d_sub(d_fma(xc, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd p = d_exp_poly(d_exp_reduce(xc, m));
    p = d_sel(d_eq(x, d_set(-INFINITY)), d_set(0.0), p);

    vd shift = d_sub(N, m);
    md far = d_mask_and(d_lt(d_set(1000.0), shift), d_lt(d_set(0.0), S));
    vd by = d_min(d_set(1000.0), d_max(d_set(-2000.0), shift));
    vd q = d_scalb(d_div(S, p), by);
    q = d_sel(d_eq(x, d_set(-INFINITY)), d_sel(d_isnan(S), S, d_set(INFINITY)), q);
    out[0] = d_log1p(q);
    if (m_bits(far)) { /* seldom; the same bits in the other lanes */
        vd far_loss = d_add(d_sub(d_mul(N, d_set(0x1.62e42fefa39efp-1)), x), d_log(S));
        out[0] = d_sel(far, far_loss, out[0]);
    }
    if (!all) return;

    md over = m_or(far, d_eq(q, d_set(INFINITY)));
    md heavy = d_lt(one, q); /* the others outweigh h */
    heavy = m_or(heavy, over);
    /* 1 / q by its own exponent: down to the smallest number, 0 below */
    vd inverse = d_scalb(d_div(p, S), d_neg(d_min(d_set(1100.0), d_max(d_set(-1000.0), shift))));
    inverse = d_sel(heavy, inverse, one);
    vd whole = d_add(one, d_sel(heavy, inverse, q));
    out[1] = d_sel(d_isnan(q), q, d_div(d_sel(heavy, one, q), whole));
    out[4] = d_sel(d_isnan(q), q, d_div(d_sel(heavy, inverse, one), whole));
    out[2] = d_sel(heavy, d_mul(S, d_add(one, inverse)), d_mul(p, d_add(one, q)));
    out[3] = d_sel(heavy, N, m);
}

NLL_INLINE void finish_all(const nll_job *j, int all) {
    for (size_t i = 0; i < j->cols; i += D_LANES) {
        size_t k = j->cols - i < D_LANES ? j->cols - i : D_LANES;
        vd out[5];
        finish_rows((const double *)j->in[0] + i, (const double *)j->in[1] + i,
                    (const double *)j->in[2] + i, k, out, all);
        NLL_UNROLL for (unsigned o = 0; o < 5; o++) if (o == 0 || all)
            d_storen((double *)j->out[o] + i, d_canonical(out[o]), k);
    }
}

void NLL_SYM(row_finish)(const nll_job *j) {
    if (j->out[1])
        finish_all(j, 1);
    else
        finish_all(j, 0);
}

#endif
