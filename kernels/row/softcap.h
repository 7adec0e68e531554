/* row/softcap.h: z = C tanh(x / C) / T and dz/dx, T the temperature; C = 0: no cap.
 * Computed in double: tanh u = -expm1(-2|u|) / (2 + expm1(-2|u|)) with the sign of u, and
 * 1 - tanh^2 u = 4 e / (1 + e)^2, e = exp(-2|u|), exact in the saturated tails.
 * -inf stays a mask (z = -inf, dz = 0); +inf and NaN stay what they are.
 *   in0 x, in3 {C, T}, out0 z, out1 dz or NULL. */
#ifndef NLL_ROW_SOFTCAP_H
#define NLL_ROW_SOFTCAP_H

#include "math/log.h"
#include "row/block.h"

NLL_INLINE vd softcap_half(vd x, vd cap, vd temperature, int capped, vd *dz) {
    vd z = x, d = d_set(1.0);
    if (capped) {
        /* u with its rounding error, which matters where exp(-2|u|) is tiny */
        vd u = d_div(x, cap), lost = d_div(d_nfma(u, cap, x), cap);
        md below = d_lt(u, d_set(0.0));
        vd a = d_mul(d_set(-2.0), d_abs(u));
        vd a_lost = d_mul(d_sel(below, d_set(2.0), d_set(-2.0)), lost);
        vd em = d_expm1(a), e = d_exp(a);
        em = d_fma(e, a_lost, em);
        e = d_fma(e, a_lost, e);
        vd one_e = d_add(d_set(1.0), e);
        vd t = d_mul(cap, d_div(em, d_add(d_set(2.0), em))); /* -|z| */
        z = d_sel(below, t, d_neg(t));
        z = d_sel(d_lt(d_abs(x), d_set(INFINITY)), z, x); /* infinities and NaN */
        d = d_div(d_mul(d_set(4.0), e), d_mul(one_e, one_e));
        d = d_sel(d_lt(d_abs(x), d_set(INFINITY)), d, d_sel(d_isnan(x), x, d_set(0.0)));
    }
    *dz = d_div(d, temperature);
    return d_div(z, temperature);
}

NLL_INLINE V softcap_of(V x, vd cap, vd temperature, int capped, V *dz) {
#if defined(NLL_T_F32)
    vd dlo, dhi;
    vd lo = softcap_half(d_lo(x), cap, temperature, capped, &dlo);
    vd hi = softcap_half(d_hi(x), cap, temperature, capped, &dhi);
    *dz = v_canonical(f_narrow(dlo, dhi));
    return v_canonical(f_narrow(lo, hi));
#else
    vd d, z = softcap_half(x, cap, temperature, capped, &d);
    *dz = v_canonical(d);
    return v_canonical(z);
#endif
}

NLL_INLINE void softcap_rows(const nll_job *j, int capped) {
    const double *par = j->in[3];
    vd cap = d_set(par[0]), temperature = d_set(par[1]);
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        T *z = (T *)j->out[0] + (ptrdiff_t)r * j->out_ld[0];
        T *dz = j->out[1] ? (T *)j->out[1] + (ptrdiff_t)r * j->out_ld[1] : NULL;
        for (size_t i = 0; i < j->cols; i += VL) {
            size_t k = j->cols - i < VL ? j->cols - i : VL;
            V d, y = k == VL ? v_load(x + i) : v_loadn(x + i, k, 0);
            v_storen(z + i, softcap_of(y, cap, temperature, capped, &d), k);
            if (dz) v_storen(dz + i, d, k);
        }
    }
}

void NLL_SYM(row_softcap)(const nll_job *j) {
    if (((const double *)j->in[3])[0] > 0)
        softcap_rows(j, 1);
    else
        softcap_rows(j, 0);
}

#endif
