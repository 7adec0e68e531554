/* row/curve.h: the diagonal of the Hessian of a row loss, with the softmax p made as in row/grad.h.
 *
 *   row_curvature   g_j = s p_j (1 - p_j) + b p_j^2,  p_j = f 2^(n_j - k) p(t_j)
 *     in0 x, in2 anchor or NULL, in3 per row {f, k, s, unused here}, in4 b
 * out0 g; x may be g.  1 - p_j has no digits for p_j near 1: the largest is for the caller. */
#ifndef NLL_ROW_CURVE_H
#define NLL_ROW_CURVE_H

#include "row/grad.h"

NLL_INLINE V row_curve_of(const row_grad_state *c, V x, V b) {
    V p = x;
    row_grads(c, &p, &p, 1);
    V g = v_fma(c->s, v_mul(p, v_sub(v_set(1), p)), v_mul(b, v_mul(p, p)));
    return v_canonical(g);
}

NLL_INLINE void row_curve_rows(const nll_job *j, int anchored) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *coef = (const double *)j->in[3] + 4 * r;
        T *g = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        V b = v_set(((const T *)j->in[4])[r]);
        row_grad_state c = {.f = v_set(coef[0]),
                            .k = v_set(coef[1]),
                            .magic = v_set(ROW_MAGIC),
                            .s = v_set(coef[2]),
                            .lowest = v_set(((T)coef[1] - ROW_ZERO) * ROW_LN2),
                            .anchor = v_set(anchored ? ((const T *)j->in[2])[r] : 0),
                            .anchored = anchored};
        size_t i = 0, n = j->cols;
        for (; i + VL <= n; i += VL) v_store(g + i, row_curve_of(&c, v_load(x + i), b));
        if (i < n) v_storen(g + i, row_curve_of(&c, v_loadn(x + i, n - i, -INFINITY), b), n - i);
    }
}

void NLL_SYM(row_curvature)(const nll_job *j) {
    if (j->in[2])
        row_curve_rows(j, 1);
    else
        row_curve_rows(j, 0);
}

#endif
