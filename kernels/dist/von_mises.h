/* dist/von_mises.h: von Mises, d = y - mu in radians, S = sin(d / 2), k = concentration.
 *   loss = 2 k S^2 + log(2 pi) + log(I0(k) e^-k)     dmu = -k sin d     dy = k sin d
 *   dk = 2 S^2 - (1 - I1 / I0)     hmu = k cos d     hk = (I1 / I0)'
 * d loses its multiples of 2 pi first, up to 2^50 of them: farther out neighbouring doubles are
 * angles apart, and what comes out is some angle. */
#ifndef NLL_DIST_VON_MISES_H
#define NLL_DIST_VON_MISES_H

#include "dist/wide.h"
#include "math/von_mises.h"

#define VON_MISES_LOG_2PI 0x1.d67f1c864beb5p+0

/* sin(d / 2) and cos(d / 2) up to a common sign: half of d - 2 pi n lies in [-pi / 2, pi / 2], so
 * one polynomial in its square does for each (errors 2^-66). */
typedef struct von_mises_half {
    vd sin, cos;
} von_mises_half;
NLL_INLINE von_mises_half von_mises_angle(vd d) {
    vd one = d_set(1), limit = d_set(0x1.921fb54442d18p+0);
    vd n = d_rint(d_mul(d, d_set(0x1.45f306dc9c883p-3)));
    vd r = d_nfma(n, d_set(0x1.1a62633145c07p-52), d_nfma(n, d_set(0x1.921fb54442d18p+2), d));
    vd x = d_min(limit, d_max(d_neg(limit), d_mul(d_set(0.5), r))), z = d_mul(x, x);
    vd s = d_set(-0x1.275efdfb3f368p-57), c = d_set(-0x1.5dc6b1f3dde1cp-53);
    s = d_fma(s, z, d_set(0x1.9507fd43389a8p-49));
    c = d_fma(c, z, d_set(0x1.ae4f727bd24e8p-45));
    s = d_fma(s, z, d_set(-0x1.ae7ee3a0f8421p-41));
    c = d_fma(c, z, d_set(-0x1.9396d38f74134p-37));
    s = d_fma(s, z, d_set(0x1.612460b69da84p-33));
    c = d_fma(c, z, d_set(0x1.1eed8e52c102ep-29));
    s = d_fma(s, z, d_set(-0x1.ae64567e731ecp-26));
    c = d_fma(c, z, d_set(-0x1.27e4fb7662fedp-22));
    s = d_fma(s, z, d_set(0x1.71de3a556b9b4p-19));
    c = d_fma(c, z, d_set(0x1.a01a01a017cbdp-16));
    s = d_fma(s, z, d_set(-0x1.a01a01a01a00dp-13));
    c = d_fma(c, z, d_set(-0x1.6c16c16c16bf5p-10));
    s = d_fma(s, z, d_set(0x1.1111111111111p-7));
    c = d_fma(c, z, d_set(0x1.5555555555555p-5));
    s = d_fma(s, z, d_set(-0x1.5555555555555p-3));
    c = d_fma(c, z, d_set(-0.5));
    return (von_mises_half){d_fma(d_mul(x, z), s, x), d_fma(z, c, one)};
}

NLL_INLINE wide_value von_mises(const vd x[], const double *par) {
    vd mu = x[0], k = x[1], y = x[2], two = d_set(2);
    (void)par;
    von_mises_half h = von_mises_angle(d_sub(y, mu));
    vd s2 = d_mul(d_mul(two, h.sin), h.sin), sine = d_mul(d_mul(two, h.sin), h.cos);
    d_von_mises_parts n = d_von_mises_normaliser(k, WANT_CURVE);
    vd slope = d_mul(k, sine);
    wide_value v = {.loss = d_fma(k, s2, d_add(n.value, d_set(VON_MISES_LOG_2PI))),
                    .grad = {d_neg(slope), d_add(s2, n.slope), slope},
                    .hess = {d_nfma(k, s2, k), n.curve}};
    return wide_edges(v, y, d_mask_and(d_is_finite(mu), d_is_nonnegative(k)), d_is_finite(y));
}

#endif
