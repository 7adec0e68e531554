/* row/dot.h: dense targets: sums of q_j times a loss per class.
 *
 *   row_dot      sum_j q_j (anchor - x_j): with anchor = max x every term is >= 0; with anchor = 0
 *                and log-probs for x, the cross entropy itself
 *   row_dot_log  sum_j q_j (-log p_j), NaN if any p_j lies outside [0, 1]
 *   out0 the sum, out1 its rounding errors; out2 sum_j q_j, out3 its rounding errors; carry
 *   in0 x or p, in1 q (ld 0: the same weights for all rows)
 * A term with q_j = 0 is 0, whatever x_j is but NaN; q_j < 0 makes the sum +inf and out2 NaN. */
#ifndef NLL_ROW_DOT_H
#define NLL_ROW_DOT_H

#include "math/log.h"
#include "row/block.h"

/* q l with 0 * inf = 0 and +inf for q < 0; NaN in either stays. */
NLL_INLINE V row_term(V q, V l) {
    V t = v_sel(v_eq(q, v_set(0)), v_sel(v_isnan(l), l, v_set(0)), v_mul(q, l));
    return v_sel(v_lt(q, v_set(0)), v_set(INFINITY), t);
}

NLL_INLINE V row_mass(V q) { return v_sel(v_lt(q, v_set(0)), v_set(NAN), q); }

typedef V row_loss(V x, V anchor);
NLL_INLINE V row_loss_linear(V x, V anchor) { return v_sub(anchor, x); }
NLL_INLINE V row_loss_log(V p, V anchor) {
    (void)anchor;
    M valid = m_and(v_le(v_set(0), p), v_le(p, v_set(1)));
    return v_sel(valid, v_neg(v_log(p)), v_set(NAN));
}

NLL_INLINE void row_dot_rows(const nll_job *j, row_loss *loss, T fill) {
    double *sum = j->out[0], *sum_lost = j->out[1], *mass = j->out[2], *mass_lost = j->out[3];
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *q = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        V anchor = v_set(j->in[2] ? ((const T *)j->in[2])[r] : 0);
        double s = j->carry ? sum[r] : 0, sl = j->carry ? sum_lost[r] : 0;
        double m = j->carry ? mass[r] : 0, ml = j->carry ? mass_lost[r] : 0;
        for (size_t c = 0; c < j->cols; c += ROW_BLOCK) {
            size_t end = j->cols - c < ROW_BLOCK ? j->cols : c + ROW_BLOCK, i = c;
            V acc = v_set(0), total = v_set(0);
            for (; i + VL <= end; i += VL) {
                V w = v_load(q + i);
                acc = v_add(acc, row_term(w, loss(v_load(x + i), anchor)));
                total = v_add(total, row_mass(w));
            }
            if (i < end) {
                V w = v_loadn(q + i, end - i, 0);
                acc = v_add(acc, row_term(w, loss(v_loadn(x + i, end - i, fill), anchor)));
                total = v_add(total, row_mass(w));
            }
            double b = row_fold(acc);
            if (b < (double)INFINITY) { /* inf - inf in the two-sum would hide an infinite loss */
                row_two_sum(&s, &sl, b);
            } else {
                s += b;
            }
            row_two_sum(&m, &ml, row_fold(total));
        }
        sum[r] = row_canonical(s);
        sum_lost[r] = s < (double)INFINITY ? row_canonical(sl) : 0;
        mass[r] = row_canonical(m);
        mass_lost[r] = row_canonical(ml);
    }
}

void NLL_SYM(row_dot)(const nll_job *j) { row_dot_rows(j, row_loss_linear, 0); }
void NLL_SYM(row_dot_log)(const nll_job *j) { row_dot_rows(j, row_loss_log, 1); }

#endif
