/* accuracy_fused.c: the fused functions that the models are made of and that no public function
 * shows: the core of the beta likelihood with its derivatives, and the remainders of the
 * differences.  The headers of the kernels are compiled here for the scalar path, whose bits are
 * those of all paths. */
#define NLL_ISA_SCALAR
#define NLL_T_F64
#include "math/beta.h"
#include "math/digamma.h"

#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>

enum { BITS = 384, REGISTERS = 8, POINTS = 20000 };
#define R MPFR_RNDN

static mpfr_ptr reg(int i) {
    static mpfr_t r[REGISTERS];
    static int ready;
    for (; ready < REGISTERS; ready++) mpfr_init2(r[ready], BITS);
    return r[i];
}

/* psi(y) - psi(x) or, for lgamma, that of lgamma; v may not be x or y. */
static void difference(mpfr_ptr v, mpfr_srcptr y, mpfr_srcptr x, int psi) {
    mpfr_ptr t = reg(7);
    int sign;
    if (psi) {
        mpfr_digamma(v, y, R);
        mpfr_digamma(t, x, R);
    } else {
        mpfr_lgamma(v, &sign, y, R);
        mpfr_lgamma(t, &sign, x, R);
    }
    mpfr_sub(v, v, t, R);
}

static double log_uniform(double low, double high, uint64_t *state) {
    int span = (int)ilogb(high) - (int)ilogb(low);
    double m = 1 + ldexp((double)(gen_bits(state) >> 12), -52);
    return fmin(high, ldexp(low * m, (int)gen_below((uint64_t)span, state)));
}

/* y in (0, 1): anywhere, near a / (a + b), near an end. */
static double share(double a, double b, uint64_t *state) {
    double mean = a / (a + b), u = ldexp((double)(gen_bits(state) >> 11), -53);
    switch (gen_below(4, state)) {
    case 0: return u;
    case 1: return mean * (1 + (u - 0.5) * 4 / sqrt(a + 1));
    case 2: return log_uniform(0x1p-100, 1, state);
    default: return 1 - ldexp(u, -(int)gen_below(50, state));
    }
}

static double lane(vd x) {
    double y[D_LANES];
    d_store(y, x);
    return y[0];
}

static void add(struct tally *t, size_t row, double got, long double want, long double mag,
                const double in[3]) {
    if (tally_add(t, row, 0, got, want, 0x1p-53L * fmaxl(fabsl(want), mag), 0, INFINITY))
        for (int k = 0; k < 3; k++) t->inputs[k] = in[k];
}

/* The logarithm that the core ends with: the one term that may be below 0, and cancel the others.
 */
static long double last_log(long double a, long double b, long double p, long double q) {
    long double u = a < 1 ? a + 1 : a, v = b < 1 ? b + 1 : b, s = u + v, f = p * q;
    if (a < 1) f *= u / a * ((b < 1 ? a + b + 1 : a + b) / s);
    if (b < 1) f *= v / b * ((a + b) / s);
    return logl(s / u / v) + 2 * logl(f);
}

/* All errors are in units of u = 2^-53, relative.  The core with f = y (1 - y) is the beta density.
 * Its error is judged relative to the value, to 1 and to the last logarithm.  That of the slopes is
 * judged relative to them and to what a relative change of 1 in y, a or b would make of them: no
 * formula can do better on rounded arguments; p near 1 is known as 1 - q, q near 1 as 1 - p. */
Test(accuracy_fused, beta_core, .timeout = 3600) {
    struct tally value = {.what = "value", .limit = 16}, slope = {.what = "slope", .limit = 8},
                 follow = {.what = "follow", .limit = 16};
    uint64_t state = gen_state(5200);
    for (size_t i = 0; i < gen_count(POINTS); i++) {
        double a = log_uniform(0x1p-26, 1e15, &state), b = log_uniform(0x1p-26, 1e15, &state);
        if (i % 4 == 1) b = a * log_uniform(0.125, 8, &state);
        if (i % 4 == 2) a = 1 - ldexp(a, -80), b = 1 + ldexp((double)(i % 64), -52);
        if (i % 8 == 7) a *= 1e6, b *= 1e6; /* the deviances vanish near the mean */
        double y = share(a, b, &state), in[3] = {a, b, y};
        if (!(y > 0 && y < 1)) continue;
        vd p = d_set(y), q = d_sub(d_set(1), p);
        d_beta_parts got =
            d_beta_core(d_set(a), d_set(b), p, q, d_beta_gap(d_set(a), d_set(b), p, q), d_mul(p, q),
                        WANT_CURVE);

        mpfr_ptr A = reg(0), B = reg(1), s = reg(2), lp = reg(3), lq = reg(4), v = reg(5),
                 t = reg(6);
        mpfr_set_d(A, a, R);
        mpfr_set_d(B, b, R);
        mpfr_add(s, A, B, R);
        mpfr_set_d(lp, y, R);
        mpfr_ui_sub(lq, 1, lp, R);
        long double q_exact = mpfr_get_ld(lq, R);
        mpfr_log(lp, lp, R);
        mpfr_log(lq, lq, R);
        /* slopes: psi(a) - psi(s) - log p */
        difference(v, A, s, 1);
        mpfr_sub(v, v, lp, R);
        long double da = mpfr_get_ld(v, R);
        /* what p = a / (a + m) adds: s p / a - 1 */
        mpfr_mul_d(t, s, y, R);
        mpfr_sub(t, t, A, R);
        mpfr_div(t, t, A, R);
        long double e = mpfr_get_ld(t, R);
        mpfr_add(v, v, t, R);
        long double follow_a = mpfr_get_ld(v, R);
        difference(v, B, s, 1);
        mpfr_sub(v, v, lq, R);
        long double db = mpfr_get_ld(v, R);
        /* value: lgamma(a) + lgamma(b) - lgamma(s) - (a - 1) log p - (b - 1) log q */
        int sign;
        difference(v, A, s, 0);
        mpfr_lgamma(t, &sign, B, R);
        mpfr_add(v, v, t, R);
        mpfr_sub_ui(t, A, 1, R);
        mpfr_mul(t, t, lp, R);
        mpfr_sub(v, v, t, R);
        mpfr_sub_ui(t, B, 1, R);
        mpfr_mul(t, t, lq, R);
        mpfr_sub(v, v, t, R);
        long double most = fmaxl(1, fabsl(last_log(a, b, y, q_exact)));
        add(&value, i, lane(got.value), mpfr_get_ld(v, R), most, in);
        long double curve_a = -a * (long double)lane(got.curve_a),
                    curve_b = -b * (long double)lane(got.curve_b);
        add(&slope, i, lane(got.slope_a), da, fmaxl(fabsl(curve_a), 1), in);
        add(&slope, i, lane(got.slope_b), db, fmaxl(fabsl(curve_b), y / q_exact), in);
        if (b < 1) continue;
        add(&follow, i, lane(got.follow_a), follow_a,
            fmaxl(fabsl(e), a < 1 ? 1 / (long double)a : fabsl(e * e)), in);
    }
    tally_check(&value, "beta core");
    tally_check(&slope, "beta core");
    tally_check(&follow, "beta core");
}

/* slope_rest = psi(a + b) - psi(a) - log((a + b) / a), curve_rest = psi1(a + b) - psi1(a) + b / (a
 * (a + b)). */
Test(accuracy_fused, rests, .timeout = 3600) {
    struct tally slope = {.what = "slope_rest", .limit = 8};
    uint64_t state = gen_state(5300);
    for (size_t i = 0; i < gen_count(POINTS); i++) {
        double a = log_uniform(0x1p-26, 1e15, &state), b = log_uniform(0x1p-26, 1e15, &state);
        double in[3] = {a, b, 0};
        d_gamma_step got = d_gamma_difference(d_set(a), d_set(b), WANT_CURVE);
        mpfr_ptr A = reg(0), s = reg(1), v = reg(2), t = reg(3);
        mpfr_set_d(A, a, R);
        mpfr_add_d(s, A, b, R);
        difference(v, s, A, 1);
        mpfr_div(t, s, A, R);
        mpfr_log(t, t, R);
        mpfr_sub(v, v, t, R);
        add(&slope, i, lane(got.slope_rest), mpfr_get_ld(v, R), 0, in);
    }
    tally_check(&slope, "difference");
}
