/* dist/student_t.h: Student's t, n degrees of freedom, z = (y - mu) / s.
 *   p = n / (n + z^2), x = 1 - p, h of math/student.h
 *   loss = -(n + 1) / 2 log p + log s + log(2 pi) / 2 - h(n / 2)
 *   dn = -(log p + x) / 2 - x / (2 n) - h'(n / 2) / 2
 *   dmu = -(n + 1) z / (s (n + z^2)) = -(n + 1) x / (y - mu)     dy = -dmu
 *   ds = (p - n x) / s
 *   hn = x (1 + p) / (2 n^2) - x^2 / (2 n) - h''(n / 2) / 4
 *   hmu = (n + 1) (p - x) / (s^2 (n + z^2))
 *   hs = (n x^2 + (3 n + 1) p x - p^2) / s^2
 *
 * log p + x and h fall with 1 / n: the Gaussian limit is met smoothly.  For doubles z^2 may leave
 * the range and take p with it: |z| stops where n is lost beside z^2 and p is still normal, and
 * what it has beyond that adds to log p alone; the derivatives in mu know y - mu itself. */
#ifndef NLL_DIST_STUDENT_T_H
#define NLL_DIST_STUDENT_T_H

#include "dist/wide.h"
#include "math/beta.h"
#include "math/student.h"

/* log s + log(1 + lift) / 2 + log(2 pi) / 2 */
NLL_INLINE vd student_log(vd s, vd lift) {
    vd half = d_set(0.5), constant = d_set(D_HALF_LOG_2PI);
#if defined(NLL_T_F64)
    return d_add(d_fma(half, d_log1p_pair(lift).log, d_log_inside(s)), constant);
#else
    return d_fma(half, d_log_product(s, d_add(d_set(1), lift)), constant);
#endif
}

NLL_INLINE wide_value student_t(const vd x[], const double *par) {
    vd n = x[0], mu = x[1], s = x[2], y = x[3], one = d_set(1), half = d_set(0.5);
    (void)par;
    d_scale over = d_scale_of(s);
    vd d = d_sub(y, mu), whole = d_over(d, over);
#if !defined(NLL_T_F64)
    vd z = whole;
#else
    md few = d_lt(n, one);
    vd far = d_sel(few, d_set(0x1p40), d_set(0x1p500));
    vd z = d_max(d_neg(far), d_min(far, whole));
#endif
    vd z2 = d_mul(z, z), up = d_add(n, one);
    vd inv = d_div(one, d_add(n, z2)), p = d_mul(n, inv), q = d_mul(z2, inv);
    d_log_pair l = d_log_ratio(d_neg(q), p);
    d_student_parts h = d_student_normaliser(d_mul(half, n), WANT_CURVE);
    vd constant = d_add(student_log(s, h.lift), h.tame), half_up = d_mul(half, up);
    vd loss = d_nfma(half_up, l.log, constant), ni = d_mul(half, h.inverse);
    vd log_rest = l.rest, nq = d_mul(n, q);
    vd slope = d_over(d_mul(d_mul(up, z), inv), over);
    vd bend_mu = d_over(d_over(d_mul(d_mul(up, inv), d_sub(p, q)), over), over);
#if defined(NLL_T_F64) /* floats do not reach that */
    vd back = d_sel(few, d_set(0x1p-40), d_set(0x1p-500));
    vd beyond = d_log(d_max(one, d_mul(d_abs(whole), back)));
    loss = d_fma(up, beyond, loss);
    log_rest = d_sub(log_rest, d_add(beyond, beyond));
    md away = d_lt(one, d_abs(whole));
    vd per = d_div(d_mul(up, q), d);
    slope = d_sel(away, per, slope);
    bend_mu = d_sel(away, d_mul(d_div(per, d), d_sub(p, q)), bend_mu);
#endif
    vd rest = d_mul(d_set(-0.5), d_add(log_rest, d_fma(q, ni, h.slope)));
    vd bend = d_mul(d_mul(half, d_mul(q, ni)), d_sub(d_mul(d_add(one, p), ni), q));
    vd curve = d_fma(nq, q, d_mul(p, d_sub(d_mul(d_fma(d_set(3), n, one), q), p)));
    wide_value v = {
        .loss = loss,
        .grad = {rest, d_neg(slope), d_over(d_sub(p, nq), over), slope},
        .hess = {d_nfma(d_set(0.25), h.curve, bend), bend_mu, d_over(d_over(curve, over), over)}};
    md valid = d_mask_and(d_mask_and(d_is_positive(n), d_is_finite(mu)), d_is_positive(s));
    return wide_edges(v, y, valid, d_is_finite(y));
}

#endif
