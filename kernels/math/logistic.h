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

#endif
