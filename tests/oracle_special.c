/* oracle_special.c: special functions in multiple precision. */
#include "oracle_special.h"

#include <math.h>
#include <mpfr.h>

enum { BITS = 512, REGISTERS = 16, TERMS = 80, FAR = 64 };
#define R MPFR_RNDN

static mpfr_ptr reg(int i) {
    static mpfr_t r[REGISTERS];
    static int ready;
    if (!ready) {
        for (int k = 0; k < REGISTERS; k++) mpfr_init2(r[k], BITS);
        ready = 1;
    }
    return r[i];
}

/* Bernoulli number B_2k = (-1)^(k+1) 2 (2k)! zeta(2k) / (2 pi)^2k, k >= 1. */
static mpfr_srcptr bernoulli(int k) {
    static mpfr_t b[TERMS];
    static int known[TERMS];
    if (!known[k]) {
        mpfr_ptr t = reg(15);
        mpfr_init2(b[k], BITS);
        mpfr_const_pi(t, R);
        mpfr_mul_ui(t, t, 2, R);
        mpfr_pow_ui(t, t, 2ul * (unsigned long)k, R);
        mpfr_fac_ui(b[k], 2ul * (unsigned long)k, R);
        mpfr_div(b[k], b[k], t, R);
        mpfr_zeta_ui(t, 2ul * (unsigned long)k, R);
        mpfr_mul(b[k], b[k], t, R);
        mpfr_mul_si(b[k], b[k], k % 2 ? 2 : -2, R);
        known[k] = 1;
    }
    return b[k];
}

/* The asymptotic series at x >= FAR: sum of B_2k c_k / x^(2k - 1 + order), where c_k is
 * 1 / (2k (2k - 1)), 1 / 2k, 1 for the order 0, 1, 2.  y may not be x. */
static void asymptotic(mpfr_ptr y, mpfr_srcptr x, int order) {
    mpfr_ptr t = reg(14), power = reg(13), square = reg(12);
    mpfr_set_zero(y, 1);
    mpfr_pow_si(power, x, -(1 + order), R);
    mpfr_pow_si(square, x, -2, R);
    for (int k = 1; k < TERMS; k++) {
        mpfr_mul(t, bernoulli(k), power, R);
        if (order < 2) mpfr_div_ui(t, t, 2ul * (unsigned long)k, R);
        if (order < 1) mpfr_div_ui(t, t, 2ul * (unsigned long)k - 1, R);
        mpfr_add(y, y, t, R);
        mpfr_mul(power, power, square, R);
        if (mpfr_get_exp(t) < mpfr_get_exp(y) - BITS) break;
    }
}

/* lgamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2].  y may not be x. */
static void stirling(mpfr_ptr y, mpfr_srcptr x) {
    mpfr_ptr t = reg(11), half = reg(10);
    int sign;
    if (mpfr_cmp_ui(x, 4 * FAR) > 0) {
        asymptotic(y, x, 0);
        return;
    }
    mpfr_lgamma(y, &sign, x, R);
    mpfr_log(t, x, R);
    mpfr_sub_d(half, x, 0.5, R);
    mpfr_mul(t, t, half, R);
    mpfr_sub(t, t, x, R);
    mpfr_sub(y, y, t, R);
    mpfr_const_pi(t, R);
    mpfr_mul_ui(t, t, 2, R);
    mpfr_log(t, t, R);
    mpfr_div_ui(t, t, 2, R);
    mpfr_sub(y, y, t, R);
}

/* psi1(x) = sum of 1 / (x + k)^2.  y may not be x. */
static void trigamma(mpfr_ptr y, mpfr_srcptr x) {
    mpfr_ptr at = reg(11), t = reg(10), sum = reg(9);
    mpfr_set_zero(sum, 1);
    mpfr_set(at, x, R);
    while (mpfr_cmp_ui(at, FAR) < 0) {
        mpfr_pow_si(t, at, -2, R);
        mpfr_add(sum, sum, t, R);
        mpfr_add_ui(at, at, 1, R);
    }
    asymptotic(y, at, 2);
    mpfr_add(sum, sum, y, R);
    mpfr_ui_div(t, 1, at, R);
    mpfr_add(sum, sum, t, R);
    mpfr_sqr(t, t, R);
    mpfr_div_ui(t, t, 2, R);
    mpfr_add(y, sum, t, R);
}

/* log(1 + t) - t.  y may not be t. */
static void log1pmx(mpfr_ptr y, mpfr_srcptr t) {
    mpfr_ptr u = reg(11);
    if (mpfr_zero_p(t) || mpfr_get_exp(t) > -150) {
        mpfr_log1p(y, t, R);
        mpfr_sub(y, y, t, R);
        return;
    }
    mpfr_div_si(y, t, -3, R); /* -t^2 / 2 + t^3 / 3: the next term is below 2^-300 of it */
    mpfr_add_d(y, y, 0.5, R);
    mpfr_sqr(u, t, R);
    mpfr_mul(y, y, u, R);
    mpfr_add(y, y, u, R); /* t^2 (3/2 - t / 3) */
    mpfr_mul_ui(u, u, 2, R);
    mpfr_sub(y, y, u, R);
}

static struct oracle_value value(mpfr_srcptr v, mpfr_srcptr mag) {
    return (struct oracle_value){mpfr_get_ld(v, R), fabsl(mpfr_get_ld(mag, R))};
}

/* x log(x / m) + m - x for x, m > 0. */
static struct oracle_value bd0(double x, double m) {
    mpfr_ptr a = reg(1), b = reg(2), t = reg(3);
    mpfr_set_d(a, x, R);
    mpfr_set_d(b, m, R);
    mpfr_div(t, a, b, R);
    mpfr_log(t, t, R);
    mpfr_mul(t, t, a, R);
    mpfr_add(t, t, b, R);
    mpfr_sub(t, t, a, R);
    return value(t, t);
}

/* order 0, 1, 2: lgamma, psi, psi1.  y may not be x. */
static void gamma_of(mpfr_ptr y, mpfr_srcptr x, int order) {
    int sign;
    if (order == 0) {
        mpfr_lgamma(y, &sign, x, R);
    } else if (order == 1) {
        mpfr_digamma(y, x, R);
    } else {
        trigamma(y, x);
    }
}

/* The difference over a step b from a; rise: less b log a. */
static struct oracle_value step(double a, double b, int order, int rise) {
    mpfr_ptr x = reg(0), to = reg(1), v = reg(2), t = reg(3);
    mpfr_set_d(x, a, R);
    mpfr_add_d(to, x, b, R);
    gamma_of(v, to, order);
    gamma_of(t, x, order);
    mpfr_sub(v, v, t, R);
    if (rise) {
        mpfr_log(t, x, R);
        mpfr_mul_d(t, t, b, R);
        mpfr_sub(v, v, t, R);
    }
    return value(v, v);
}

static struct oracle_value lbeta(double a, double b) {
    mpfr_ptr x = reg(0), y = reg(1), v = reg(2), t = reg(3);
    mpfr_set_d(x, a, R);
    mpfr_set_d(y, b, R);
    gamma_of(v, x, 0);
    gamma_of(t, y, 0);
    mpfr_add(v, v, t, R);
    mpfr_add(x, x, y, R);
    gamma_of(t, x, 0);
    mpfr_sub(v, v, t, R);
    return value(v, v);
}

/* lgamma(a + 1/2) - lgamma(a) - log(a) / 2. */
static struct oracle_value student(double a) {
    mpfr_ptr x = reg(0), y = reg(1), v = reg(2), t = reg(3);
    mpfr_set_d(x, a, R);
    mpfr_add_d(y, x, 0.5, R);
    gamma_of(v, y, 0);
    gamma_of(t, x, 0);
    mpfr_sub(v, v, t, R);
    mpfr_log(t, x, R);
    mpfr_div_ui(t, t, 2, R);
    mpfr_sub(v, v, t, R);
    return value(v, v);
}

/* I_order(k) / c, c common to both orders: the power series, from 256 on the asymptotic one without
 * its factor e^k / sqrt(2 pi k).  s may not be k. */
static void bessel(mpfr_ptr s, mpfr_srcptr k, unsigned order) {
    mpfr_ptr t = reg(15), q = reg(14);
    int far = mpfr_cmp_ui(k, 256) >= 0;
    mpfr_sqr(q, k, R);
    mpfr_div_ui(q, q, 4, R);
    mpfr_set_ui(t, 1, R);
    if (!far && order) mpfr_div_ui(t, k, 2, R);
    mpfr_set_zero(s, 1);
    for (unsigned j = 1; mpfr_zero_p(s) || mpfr_get_exp(t) > mpfr_get_exp(s) - BITS; j++) {
        mpfr_add(s, s, t, R);
        if (far) {
            long odd = 2 * (long)j - 1;
            mpfr_mul_si(t, t, odd * odd - 4 * (long)order, R);
            mpfr_div(t, t, k, R);
            mpfr_div_ui(t, t, 8ul * j, R);
        } else {
            mpfr_mul(t, t, q, R);
            mpfr_div_ui(t, t, (unsigned long)j * (j + order), R);
        }
        if (mpfr_zero_p(t)) break;
    }
}

/* log(I0 e^-k), r = I1 / I0, 1 - r, 1 - r^2 - r / k. */
static struct oracle_value von_mises(enum nll_kernel kernel, double x) {
    mpfr_ptr k = reg(0), i0 = reg(1), i1 = reg(2), v = reg(3), t = reg(4);
    mpfr_set_d(k, x, R);
    bessel(i0, k, 0);
    if (kernel == NLL_K_log_i0e) {
        mpfr_log(v, i0, R);
        if (x >= 256) {
            mpfr_const_pi(t, R);
            mpfr_mul_ui(t, t, 2, R);
            mpfr_mul(t, t, k, R);
            mpfr_log(t, t, R);
            mpfr_div_ui(t, t, 2, R);
        } else {
            mpfr_set(t, k, R);
        }
        mpfr_sub(v, v, t, R);
        return value(v, v);
    }
    bessel(i1, k, 1);
    mpfr_div(v, i1, i0, R);
    if (kernel == NLL_K_bessel_ratio) return value(v, v);
    if (kernel == NLL_K_bessel_complement) {
        mpfr_ui_sub(v, 1, v, R);
        return value(v, v);
    }
    mpfr_div(t, v, k, R);
    mpfr_sqr(v, v, R);
    mpfr_add(v, v, t, R);
    mpfr_ui_sub(v, 1, v, R);
    return value(v, v);
}

long double oracle_special_parts(enum nll_kernel kernel, double x, double y) {
    long double a = x, b = y, ratio = log1pl(b / a), rise = b / (a + b) * (b + 1);
    switch (kernel) {
    case NLL_K_digamma: return 1 < x && x < 2 ? 1 / a : 0;
    case NLL_K_lgamma_diff: return fmaxl(b, ratio);
    case NLL_K_lgamma_rise: return x < 1 ? fmaxl(rise, fmaxl(ratio, -b * logl(a))) : rise;
    case NLL_K_lbeta: return 1;
    default: return 0;
    }
}

static struct oracle_value definition(enum nll_kernel kernel, double x, double y) {
    mpfr_ptr a = reg(0), v = reg(1);
    mpfr_set_d(a, x, R);
    switch (kernel) {
    case NLL_K_sin: mpfr_sin(v, a, R); break;
    case NLL_K_cos: mpfr_cos(v, a, R); break;
    case NLL_K_log1pmx: log1pmx(v, a); break;
    case NLL_K_lgamma_pos: gamma_of(v, a, 0); break;
    case NLL_K_stirling: stirling(v, a); break;
    case NLL_K_digamma: gamma_of(v, a, 1); break;
    case NLL_K_trigamma: gamma_of(v, a, 2); break;
    case NLL_K_lgamma_diff: return step(x, y, 0, 0);
    case NLL_K_digamma_diff: return step(x, y, 1, 0);
    case NLL_K_trigamma_diff: return step(x, y, 2, 0);
    case NLL_K_lgamma_rise: return step(x, y, 0, 1);
    case NLL_K_lbeta: return lbeta(x, y);
    case NLL_K_student: return student(x);
    case NLL_K_log_i0e:
    case NLL_K_bessel_ratio:
    case NLL_K_bessel_complement:
    case NLL_K_bessel_ratio_slope: return von_mises(kernel, x);
    default: return bd0(x, y);
    }
    return value(v, v);
}

struct oracle_value oracle_special(enum nll_kernel kernel, double x, double y) {
    struct oracle_value r = definition(kernel, x, y);
    r.mag = fmaxl(r.mag, oracle_special_parts(kernel, x, y));
    return r;
}
