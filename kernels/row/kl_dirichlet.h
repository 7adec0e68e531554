/* row/kl_dirichlet.h: KL(p||q) of two Dirichlet distributions, in double.
 *
 * With P and Q the sums of p and q and phi(q; p) the remainder of math/bregman.h:
 *   sum of [-q_c rest((p_c Q - q_c P) / (q_c P)) + phi(q_c; p_c)] less phi(Q; P)
 *   dp_c = (p_c - q_c) psi1(p_c) - (P - Q) psi1(P)
 *   dq_c = psi(q_c) - psi(p_c) - (psi(Q) - psi(P))
 *
 *   row_kl_dirichlet        in0 p, in1 q, in2 per row a R_PAIR: P and its rounding error, Q and its
 *                           rounding error, a number added to q - p; out0 per row a R_SUMS: that
 *                           sum; carry
 *   row_kl_dirichlet_grad   out0 dp, out1 dq, times the first number of in3, a R_SLOPES; the R_PAIR
 *                           goes on with -(P - Q) psi1(P) and psi(Q) - psi(P); either output may be
 *                           NULL; out0 may be in0, out1 in1
 * A row of one class, p = P and q = Q, has the sum phi(Q; P).  p or q not above 0: NaN. */
#ifndef NLL_ROW_KL_DIRICHLET_H
#define NLL_ROW_KL_DIRICHLET_H

#include "math/bregman.h"
#include "math/digamma.h"
#include "row/concentrations.h"

enum { KL_WHOLE_P, KL_LOST_P, KL_WHOLE_Q, KL_LOST_Q, KL_MORE, KL_CURVE, KL_STEP };

NLL_INLINE md kl_concentrations(vd p, vd q) {
    vd zero = d_set(0), inf = d_set(INFINITY);
    return d_mask_and(d_mask_and(d_lt(zero, p), d_lt(p, inf)),
                      d_mask_and(d_lt(zero, q), d_lt(q, inf)));
}

NLL_INLINE vd kl_dirichlet_term(vd p, vd q, const double *pair) {
    vd P = d_set(pair[KL_WHOLE_P]), Q = d_set(pair[KL_WHOLE_Q]);
    d_normal whole_p = d_normal_of(P), whole_q = d_normal_of(Q);
    d_products e = d_products_of(d_normal_of(p), whole_q, d_normal_of(q), whole_p);
    vd lost_p = d_times_pow2(d_set(pair[KL_LOST_P]), d_neg(whole_p.n));
    vd lost_q = d_times_pow2(d_set(pair[KL_LOST_Q]), d_neg(whole_q.n));
    vd more = d_nfma(e.c.value, lost_p, d_mul(e.up, lost_q));
    vd cross = d_cross(e.up, whole_q.value, e.c.value, whole_p.value);
    d_product_ratio r = d_product_ratio_of(e, d_add(cross, more), q);
    vd difference = d_add(d_sub(q, p), d_set(pair[KL_MORE]));
    vd y = d_add(r.loss, d_phi_rest(p, q, difference));
    return d_sel(kl_concentrations(p, q), y, d_set(NAN));
}

void NLL_SYM(row_kl_dirichlet)(const nll_job *j) { concentrations_sum(j, kl_dirichlet_term); }

NLL_INLINE void kl_dirichlet_slopes(vd p, vd q, const double *pair, vd out[2]) {
    vd difference = d_add(d_sub(q, p), d_set(pair[KL_MORE]));
    md valid = kl_concentrations(p, q);
    out[0] = d_minus_curve(d_set(pair[KL_CURVE]), difference, p);
    out[1] = d_sub(d_digamma_step(p, q, difference), d_set(pair[KL_STEP]));
    for (unsigned o = 0; o < 2; o++) out[o] = d_sel(valid, out[o], d_set(NAN));
}

void NLL_SYM(row_kl_dirichlet_grad)(const nll_job *j) {
    concentrations_grad(j, kl_dirichlet_slopes);
}

#endif
