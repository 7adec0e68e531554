/* row/vjp.h: what softmax and log-softmax need beside row_lse and row_softmax_grad.
 *
 *   row_inner        out0 sum_j a_j b_j (b NULL: sum_j a_j), out1 its rounding errors; carry
 *                    in0 a, in1 b; products and sums in double
 *   row_softmax_vjp  y_j = p_j (g_j - s)
 *                    in0 p, in1 g, in3 per row {unused, unused, s, unused}
 *   row_log_softmax  y_j = (x_j - k) - f: k the largest x, f its -log p >= 0.  Both terms are <= 0,
 *                    so nothing cancels, and the log-probability of a class that is almost certain
 *                    has all its digits
 *                    in0 x, in3 per row {f, k, unused, unused}
 *
 * out0 may be in0 (and in1). */
#ifndef NLL_ROW_VJP_H
#define NLL_ROW_VJP_H

#include "row/block.h"

/* A block's sum of products, as 16 (double: 8) lanes folded +8, +4, +2, +1. */
typedef struct row_acc {
#if defined(NLL_T_F32)
    vd lo, hi;
#else
    vd lo;
#endif
} row_acc;

NLL_INLINE void row_acc_zero(row_acc *s) {
    s->lo = d_set(0);
#if defined(NLL_T_F32)
    s->hi = d_set(0);
#endif
}
NLL_INLINE void row_acc_add(row_acc *s, V a, V b) {
#if defined(NLL_T_F32)
    s->lo = d_fma(d_lo(a), d_lo(b), s->lo); /* the product of two floats is exact */
    s->hi = d_fma(d_hi(a), d_hi(b), s->hi);
#else
    s->lo = d_fma(a, b, s->lo);
#endif
}
/* For rows side by side: a lane more to each row's sum, and the sums of VL rows. */
NLL_INLINE void row_acc_join(row_acc *s, const row_acc *other) {
    s->lo = d_add(s->lo, other->lo);
#if defined(NLL_T_F32)
    s->hi = d_add(s->hi, other->hi);
#endif
}
NLL_INLINE void row_acc_store(double *to, const row_acc *s) {
    d_store(to, s->lo);
#if defined(NLL_T_F32)
    d_store(to + D_LANES, s->hi);
#endif
}
NLL_INLINE double row_acc_sum(const row_acc *s) {
#if defined(NLL_T_F32)
    return d_hsum(d_add(s->lo, s->hi));
#else
    return d_hsum(s->lo);
#endif
}

/* sum and its errors go on by x; infinite x: no inf - inf in the errors. */
NLL_INLINE void row_inner_add(double *sum, double *lost, double x) {
    if (x - x == 0)
        row_two_sum(sum, lost, x);
    else
        *sum += x;
}

NLL_INLINE void row_inner_rows(const nll_job *j, int product) {
    double *sum = j->out[0], *lost = j->out[1];
    V one = v_set(1);
    for (size_t r = 0; r < j->rows; r++) {
        const T *a = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *b = product ? (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1] : a;
        double s = j->carry ? sum[r] : 0, e = j->carry ? lost[r] : 0;
        for (size_t c = 0; c < j->cols; c += ROW_BLOCK) {
            size_t end = j->cols - c < ROW_BLOCK ? j->cols : c + ROW_BLOCK, i = c;
            row_acc acc;
            row_acc_zero(&acc);
            for (; i + VL <= end; i += VL)
                row_acc_add(&acc, v_load(a + i), product ? v_load(b + i) : one);
            if (i < end)
                row_acc_add(&acc, v_loadn(a + i, end - i, 0),
                            product ? v_loadn(b + i, end - i, 0) : one);
            row_inner_add(&s, &e, row_acc_sum(&acc));
        }
        sum[r] = row_canonical(s);
        lost[r] = row_canonical(e);
    }
}

void NLL_SYM(row_inner)(const nll_job *j) {
    if (j->in[1])
        row_inner_rows(j, 1);
    else
        row_inner_rows(j, 0);
}

NLL_INLINE V row_vjp_of(V p, V g, V s) { return v_canonical(v_mul(p, v_sub(g, s))); }

void NLL_SYM(row_softmax_vjp)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *p = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *g = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        V s = v_set(((const double *)j->in[3])[4 * r + 2]);
        T *y = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        size_t i = 0, n = j->cols;
        for (; i + VL <= n; i += VL) v_store(y + i, row_vjp_of(v_load(p + i), v_load(g + i), s));
        if (i < n) {
            V a = v_loadn(p + i, n - i, 0), b = v_loadn(g + i, n - i, 0);
            v_storen(y + i, row_vjp_of(a, b, s), n - i);
        }
    }
}

/* One rounding from double in float; in double one each. */
NLL_INLINE V row_log_of(V x, vd f, vd k) {
#if defined(NLL_T_F32)
    vd lo = d_sub(d_sub(d_lo(x), k), f), hi = d_sub(d_sub(d_hi(x), k), f);
    return v_canonical(f_narrow(lo, hi));
#else
    return v_canonical(d_sub(d_sub(x, k), f));
#endif
}

void NLL_SYM(row_log_softmax)(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const double *coef = (const double *)j->in[3] + 4 * r;
        vd f = d_set(coef[0]), k = d_set(coef[1]);
        T *y = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        size_t i = 0, n = j->cols;
        for (; i + VL <= n; i += VL) v_store(y + i, row_log_of(v_load(x + i), f, k));
        if (i < n) v_storen(y + i, row_log_of(v_loadn(x + i, n - i, 0), f, k), n - i);
    }
}

#endif
