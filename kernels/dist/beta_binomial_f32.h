/* dist/beta_binomial_f32.h: loss and slopes of the beta-binomial for float results.
 *
 * h and l are the larger and the smaller shape, k and j their counts, n = j + k, s = h + l,
 * ht = h + k, lt = l + j, all = s + n, ph = ht / all, pl = lt / all, c = h j - l k.  Shapes below 1
 * are lifted by one: H, L, and S with H; but not a shape whose count is 0, which meets itself at
 * ht or lt.  With delta of stirling.h and D(x, m) = x log(x / m) + m - x the six log gammas are
 *   loss = D(L, S pl) + D(H, S ph) + D(j, n pl) + D(k, n ph) + log(2 pi) / 2 + log(K) / 2
 *          + delta(L) + delta(H) - delta(S) - [the same at lt, ht, all] + [the same at j, k, n]
 *   K = [S pl / L] [S ph / H] j k all / (S n), times the square of what lifting does to B(h, l)
 * where m - x of every D is c / all, with its sign, and what lifting adds.  The derivatives are
 * differences of psi at four corners, with m = -delta'
 *   dl = -log(S pl / L) - (1 / L - 1 / lt - 1 / S + 1 / all) / 2
 *        + m(S) - m(L) - m(all) + m(lt) - [l lifted] / l + [s lifted] / s
 * and dh likewise: their logarithms are those of the deviances, four with log K beside them.
 *
 * No count.  At j = 0 the loss is the sum over i < n of log(1 + l / (h + i)), which may be tiny, as
 * may dh, the sum of -l / ((h + i) (s + i)).  There D(j, n pl) + D(k, n ph) is -n log ph, K is
 * 1 + t with a t of the order of l, and l is in dl no more.  At k = 0 the same follows without a
 * selection, but for D, as H is ht.
 *
 * What cancels.  Steps by counts, which are 0 or at least 1, leave of plain differences of delta
 * and m 2^-49 of the rest; steps by l may be as small as l is, so these are divided differences,
 * and the inverses in dh, of which little may be left, have a form of their own.  At 0 < y < n the
 * loss is log 2 at least: what only counts there need not be accurate relative to itself.  Seen
 * over all floats: 2^-32 of the loss, 2^-33 of the slopes or the magnitudes of their terms. */
#ifndef NLL_DIST_BETA_BINOMIAL_F32_H
#define NLL_DIST_BETA_BINOMIAL_F32_H

#include "dist/wide.h"
#include "math/bregman.h"
#include "math/log_pieces.h"

#if !defined(NLL_T_F64)
/* delta(x) = w p(w) and m(x) = w^2 p(w), w = 1 / (x + 5/8), for x >= 1.  What counts is how they
 * differ, so their derivatives in w were fitted: errors 2^-30.8 and 2^-35.1. */
static const double beta_binomial_delta[] = {
    0x1.5555553a59f1cp-4,  0x1.aaaacbf94f3edp-5, 0x1.e7c97ecf75d71p-6,   0x1.f10d3680a79a0p-7,
    0x1.b9cdc48105a82p-8,  0x1.3ecbbea97d2d7p-8, -0x1.cc640612ad7aep-11, 0x1.088d9c61c1a3bp-7,
    -0x1.bdbf92c9e4ee3p-8, 0x1.0e44b91808a9dp-8};
static const double beta_binomial_slope_m[] = {
    0x1.5555544edc0a2p-4,  0x1.aaaaf3d524cc6p-4, 0x1.6dd5d6ad0db12p-4,  0x1.f0f132ab3913fp-5,
    0x1.160d02e67e062p-5,  0x1.cd7f60dc0e2b3p-6, -0x1.c324e2fcbd4dbp-8, 0x1.5dad14fd7ba68p-4,
    -0x1.1a4f6ab697c5ap-3, 0x1.68763b841fcf9p-3, -0x1.e8a74fcacf7dbp-4, 0x1.5e0fb9628763fp-5};

/* delta and m at x; or at x + step less those at x, with m(x). */
typedef struct beta_binomial_tail {
    vd delta, m, m_from;
} beta_binomial_tail;
NLL_INLINE vd beta_binomial_w(vd x) { return d_div(d_set(1), d_add(x, d_set(0.625))); }
NLL_INLINE beta_binomial_tail beta_binomial_at(vd x) {
    vd w = beta_binomial_w(x);
    vd p = d_poly(beta_binomial_delta, POLY_DEGREE(beta_binomial_delta), w);
    vd q = d_poly(beta_binomial_slope_m, POLY_DEGREE(beta_binomial_slope_m), w);
    vd m = d_mul(d_mul(w, w), q);
    return (beta_binomial_tail){d_mul(w, p), m, m};
}
NLL_INLINE beta_binomial_tail beta_binomial_over(vd x, vd y, vd step) {
    vd w = beta_binomial_w(x), u = beta_binomial_w(y), d = d_neg(d_mul(d_mul(w, u), step));
    d_poly_pair p = d_poly_difference(beta_binomial_delta, POLY_DEGREE(beta_binomial_delta), w, u);
    d_poly_pair q =
        d_poly_difference(beta_binomial_slope_m, POLY_DEGREE(beta_binomial_slope_m), w, u);
    vd m = d_fma(d_mul(u, u), q.slope, d_mul(d_add(w, u), q.at));
    return (beta_binomial_tail){d_mul(d, d_fma(u, p.slope, p.at)), d_mul(d, m),
                                d_mul(d_mul(w, w), q.at)};
}

NLL_INLINE wide_value beta_binomial_f32(const vd x[]) {
    vd n = x[0], a = x[1], b = x[2], y = x[3], rest = d_sub(n, y);
    vd zero = d_set(0), one = d_set(1), half = d_set(0.5);
    md swap = d_lt(a, b);
    vd h = d_max(a, b), l = d_min(a, b), k = d_sel(swap, rest, y), j = d_sel(swap, y, rest);
    md no_j = d_eq(j, zero), no_k = d_eq(k, zero);
    /* n = 0: nothing is lifted, and all differences vanish */
    md low = d_lt(h, d_min(one, n)), low_h = d_lt(h, d_sel(no_k, zero, one)),
       low_l = d_lt(l, d_sel(no_j, zero, one));
    vd lift = d_sel(low, one, zero), s = d_add(a, b), S = d_add(s, lift), rise = d_sub(n, lift);
    vd H = d_sel(low_h, d_add(h, one), h), L = d_sel(low_l, d_add(l, one), l);
    vd ht = d_add(h, k), lt = d_add(l, j), all = d_add(s, n), inv = d_div(one, all);
    vd J = d_max(one, j), K = d_max(one, k), N = d_max(one, n);

    /* S ph - H and so on, and the logarithms of the ratios */
    vd c = d_cross(h, j, l, k), lifted = d_sel(low, d_add(c, lt), c);
    vd el = d_mul(d_sel(low_l, d_sub(lifted, all), lifted), inv), e = d_mul(c, inv);
    vd eh = d_mul(d_sel(no_k, d_sel(low, d_sub(c, h), c), lifted), d_neg(inv));
    vd pl = d_mul(lt, inv), ph = d_mul(ht, inv), Li = d_div(one, L), Hi = d_div(one, H);
    vd Ji = d_div(one, J), Ki = d_div(one, K), li = d_div(one, l), hi = d_div(one, h);
    vd th = d_mul(eh, Hi), ul = d_mul(d_mul(S, pl), Li), uh = d_mul(d_mul(S, ph), Hi);
    d_log_pair log_l = d_log_pieces(d_mul(el, Li), ul), log_h = d_log_pieces(th, uh);
    d_log_pair log_j = d_log_pieces(d_neg(d_mul(e, Ji)), d_mul(d_mul(n, pl), Ji));
    d_log_pair log_k = d_log_pieces(d_mul(e, Ki), d_mul(d_mul(n, ph), Ki));

    /* lifting: (L / l) (H / h) (s / S), and a ratio each.  At j = 0 that is 1 + first. */
    vd factor = d_mul(d_mul(d_mul(L, H), d_mul(li, hi)), d_div(s, S));
    factor = d_mul(factor, d_mul(d_sel(low_l, ul, one), d_sel(low_h, uh, one)));
    vd ratio = d_mul(d_mul(ul, uh), d_div(d_mul(all, d_mul(J, K)), d_mul(S, N)));
    ratio = d_mul(d_mul(factor, factor), ratio);
    vd first = d_neg(d_mul(e, hi)), t = d_fma(first, first, d_add(first, first));
    t = d_sel(low, t, zero);
    t = d_add(d_fma(t, th, th), t);
    vd last =
        d_log_pieces(d_sel(no_j, t, d_sub(ratio, one)), d_sel(no_j, d_add(t, one), ratio)).log;

    vd step = d_sel(no_k, d_add(l, lift), l);
    beta_binomial_tail near = beta_binomial_over(H, S, step), far = beta_binomial_over(ht, all, lt);
    beta_binomial_tail from = beta_binomial_at(L), to = beta_binomial_at(lt);
    vd counts = d_add(d_stirling_whole(J, Ji), d_stirling_whole(K, Ki));
    counts = d_sub(counts, d_stirling_whole(N, d_div(one, N)));
    counts = d_add(counts, d_set(D_HALF_LOG_2PI));
    counts = d_add(d_sub(from.delta, to.delta), d_sel(no_k, zero, counts));
    vd tails = d_add(d_sub(far.delta, near.delta), d_sel(no_j, zero, counts));
    vd gain =
        d_fma(k, d_sel(no_j, log_k.log, log_k.rest), d_mul(j, d_sel(no_k, log_j.log, log_j.rest)));
    gain = d_fma(L, log_l.rest, d_fma(H, log_h.rest, gain));

    vd inverse = d_div(rise, d_mul(S, all)); /* 1 / S - 1 / all */
    vd less = d_nfma(d_sub(j, d_sel(low_l, one, zero)), d_div(Li, lt), inverse);
    vd more = d_fma(d_mul(inverse, step), Hi, d_div(th, ht));
    vd back = d_sel(low, d_div(one, s), zero), both = d_sub(near.m, far.m);
    vd dl = d_add(both, d_sub(near.m_from, far.m_from));
    dl = d_sub(dl, d_sel(no_j, zero, d_sub(from.m, to.m)));
    dl = d_add(d_sub(d_fma(half, less, dl), log_l.log), d_sub(back, d_sel(low_l, li, zero)));
    vd dh = d_sub(both, d_fma(half, more, log_h.log));
    dh = d_add(dh, d_sel(no_k, back, d_neg(d_mul(d_mul(l, hi), back))));

    wide_value v = {.loss = d_fma(half, last, d_sub(tails, gain)),
                    .grad = {d_sel(swap, dl, dh), d_sel(swap, dh, dl)}};
    /* s is infinite or NaN if a shape is */
    md valid = d_mask_and(d_is_count(n), d_mask_and(d_lt(zero, l), d_lt(s, d_set(INFINITY))));
    md whole = d_mask_and(d_eq(d_rint(y), y), d_le(zero, y));
    return wide_edges(v, y, valid, d_mask_and(whole, d_le(y, n)));
}
#endif

#endif
