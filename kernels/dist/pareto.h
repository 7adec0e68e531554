/* dist/pareto.h: Pareto, shape a, least value m, w = log(y / m).
 *   loss = log(y / a) + a w     da = w - 1 / a     dm = -a / m     dy = (a + 1) / y
 *   ha = 1 / a^2     hm = a / m^2 */
#ifndef NLL_DIST_PARETO_H
#define NLL_DIST_PARETO_H

#include "dist/wide.h"

NLL_INLINE wide_value pareto(const vd x[], const double *par) {
    vd a = x[0], m = x[1], y = x[2], one = d_set(1);
    (void)par;
    d_inverse3 i = d_inverse3_of(a, m, y);
    d_log_sum w = d_log_over_by(y, m, i.c, i.b), u = d_log_over_by(y, a, i.c, i.a);
    vd log_ym = d_add(w.head, w.rest), inv = i.a, slope = d_mul(a, i.b);
    vd loss = d_fma(a, w.rest, d_fma(a, w.head, d_add(u.head, u.rest)));
    wide_value v = {.loss = loss,
                    .grad = {d_sub(log_ym, inv), d_neg(slope), d_mul(d_add(a, one), i.c)},
                    .hess = {d_mul(inv, inv), d_mul(slope, i.b)}};
    md inside = d_mask_and(d_le(m, y), d_is_finite(y));
    return wide_edges(v, y, d_mask_and(d_is_positive(a), d_is_positive(m)), inside);
}

#endif
