/* log_pieces.h: log(1 + t) and log(1 + t) - t for float results, without a division.
 *
 * u = 1 + t is 2^n z with z in [23/32, 23/16), in eight pieces, each 1/8 of an octave of the bits.
 * With the inverse c of the piece's middle, r = c z - 1 is at most 1/16 and
 *   log u = n log 2 - log c + r - r^2 / 2 + r^3 q(r)
 * c is 1 in the piece [31/32, 17/16), where r is t itself near t = 0: so both are accurate there.
 * Errors 2^-35.4 of log(1 + t) - t. */
#ifndef NLL_MATH_LOG_PIECES_H
#define NLL_MATH_LOG_PIECES_H

#include "math/log1pmx.h"

static const double log_piece_inverse[] = {0x1.55555p+0, 0x1.3b13bp+0, 0x1.24925p+0, 0x1.11111p+0,
                                           0x1p+0,       0x1.c71c8p-1, 0x1.9999ap-1, 0x1.745d2p-1};
static const double log_piece_log[] = {-0x1.269611134d992p-2,
                                       -0x1.a93ecbc8ad9a3p-3,
                                       -0x1.117918227db7cp-3,
                                       -0x1.08597b59e3987p-4,
                                       0x0.0p+0,
                                       0x1.e26ff6e2b12e6p-4,
                                       0x1.c8ff5c79a9e22p-3,
                                       0x1.4618a421c6342p-2};

/* For -1 < t <= 2^1000; u = 1 + t as the caller knows it better than from t. */
NLL_INLINE d_log_pair d_log_pieces(vd t, vd u) {
    vl k = l_sub(d_bits(u), l_set(0x3fe7000000000000 + INT64_MIN)); /* n + 2048 in the top bits */
    vd z = d_of_bits(l_add(l_and(k, l_set(0x000fffffffffffff)), l_set(0x3fe7000000000000)));
    vd n = d_of_bits(l_or(l_shr(k, 52), l_set(0x4330000000000000)));
    vl piece = l_and(l_shr(k, 49), l_set(7));
    n = d_sub(n, d_set(0x1p52 + 2048.0));
    vd r = d_fma(z, d_pick(log_piece_inverse, piece), d_set(-1));
    /* inside that piece by more than t and u may differ: beyond, r is as good from u */
    r = d_sel(d_lt(d_abs(t), d_set(0x1.fp-6)), t, r);
    vd r2 = d_mul(r, r);
    vd a = d_fma(d_set(-0x1.555881c5de0d8p-3), r, d_set(0x1.99992dc4cae0dp-3));
    vd b = d_fma(d_set(-0x1.ffffff691da32p-3), r, d_set(0x1.555555581e66fp-2));
    vd q = d_fma(d_set(-0x1.fa764741fa188p-4), r, d_set(0x1.25ca6b6e10fa3p-3));
    q = d_fma(d_fma(q, r2, a), r2, b);
    vd rest = d_mul(r2, d_fma(q, r, d_set(-0.5)));
    vd head = d_add(d_fma(n, d_set(D_LN2), d_pick(log_piece_log, piece)), r);
    return (d_log_pair){d_add(head, rest), d_add(d_sub(head, t), rest)};
}

#endif
