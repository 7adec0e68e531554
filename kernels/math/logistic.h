/* logistic.h: softplus log(1 + e^x) and sigmoid 1 / (1 + e^-x), both tails accurate. */
#ifndef NLL_MATH_LOGISTIC_H
#define NLL_MATH_LOGISTIC_H

#include "math/log.h"

/* max(x, 0) + log(1 + e^-|x|): no cancellation. */
NLL_INLINE vd d_softplus(vd x) {
    vd y = d_add(d_max(x, d_set(0.0)), d_log1p(d_exp(d_neg(d_abs(x)))));
    return d_sel(d_isnan(x), x, y);
}
/* With e = e^-|x|: 1 / (1 + e) for x >= 0, e / (1 + e) below. */
NLL_INLINE vd d_sigmoid(vd x) {
    vd e = d_exp(d_neg(d_abs(x)));
    return d_div(d_sel(d_lt(x, d_set(0.0)), e, d_set(1.0)), d_add(d_set(1.0), e));
}

/* e^y = 2^n (p + lost) for -746 <= y <= 0. */
NLL_INLINE vd d_exp_pair(vd y, vd *p, vd *lost) {
    vd one = d_set(1.0), n = d_sub(d_fma(y, d_set(D_LOG2E), d_set(D_MAGIC)), d_set(D_MAGIC));
    vd head = d_nfma(n, d_set(D_LN2_HI), y), c = d_mul(n, d_set(D_LN2_LO));
    vd t = d_sub(head, c), t_lost = d_sub(d_sub(head, t), c);
    vd s = d_add(one, t), small = d_add(d_sub(one, s), t);
    small = d_add(small, d_fma(d_mul(t, t), d_exp_poly_q(t), t_lost));
    *p = d_add(s, small);
    *lost = d_add(d_sub(s, *p), small);
    return n;
}

/* The softplus whose exponential has more digits than a double: where e^-|x| is about 1/4, an ULP
 * of it is more than one of the result. */
NLL_INLINE vd d_softplus_accurate(vd x) {
    vd p, lost, n = d_exp_pair(d_max(d_set(-746.0), d_neg(d_abs(x))), &p, &lost);
    vd more = d_scalb(lost, d_max(n, d_set(-900.0))), e = d_scalb(p, n);
    vd y = d_add(d_max(x, d_set(0.0)), d_log1p_of(e, &more));
    return d_sel(d_isnan(x), x, y);
}

/* The sigmoid likewise, and with the rounding errors of 1 + e and of the quotient put right. */
NLL_INLINE vd d_sigmoid_accurate(vd x) {
    vd one = d_set(1.0), p, p_lost;
    vd n = d_exp_pair(d_max(d_set(-746.0), d_neg(d_abs(x))), &p, &p_lost);
    /* below 2^-1000 the sigmoid is e itself */
    md tail = d_lt(n, d_set(-1000.0));
    vd hi = d_scalb(p, d_max(n, d_set(-1000.0))), lo = d_scalb(p_lost, d_max(n, d_set(-1000.0)));
    vd sum = d_add(one, hi), sum_lost = d_add(d_add(d_sub(one, sum), hi), lo);
    md below = d_lt(x, d_set(0.0));
    vd top = d_sel(below, hi, one), top_lost = d_sel(below, lo, d_set(0.0));
    vd inverse = d_div(one, sum), r = d_mul(top, inverse);
    vd rest = d_add(d_nfma(r, sum, top), d_nfma(r, sum_lost, top_lost));
    r = d_fma(rest, inverse, r);
    r = d_sel(d_mask_and(tail, below), d_scalb(p, n), r);
    return d_sel(d_isnan(x), x, r);
}

#endif
