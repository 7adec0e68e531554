/* dist_num.c: an arena of MPFR numbers. */
#include "dist_num.h"

#include <stdlib.h>

enum { BITS = 768, NUMBERS = 512 };
#define R MPFR_RNDN

static mpfr_t pool[NUMBERS];
static int used, ready;

void num_reset(void) { used = 0; }

static mpfr_ptr fresh(void) {
    if (used == NUMBERS) abort();
    if (used == ready) mpfr_init2(pool[ready++], BITS);
    return pool[used++];
}

num num_of(double x) {
    mpfr_ptr r = fresh();
    mpfr_set_d(r, x, R);
    return r;
}

num num_pi(void) {
    mpfr_ptr r = fresh();
    mpfr_const_pi(r, R);
    return r;
}

num num_scale(num x, long e) {
    mpfr_ptr r = fresh();
    mpfr_mul_2si(r, x, e, R);
    return r;
}

num num_step(num x, int sign, long e) {
    mpfr_ptr r = fresh();
    mpfr_set_si_2exp(r, sign, e, R);
    mpfr_add(r, r, x, R);
    return r;
}

#define BINARY(name)             \
    num n_##name(num a, num b) { \
        mpfr_ptr r = fresh();    \
        mpfr_##name(r, a, b, R); \
        return r;                \
    }
#define UNARY(name, function)     \
    num n_##name(num a) {         \
        mpfr_ptr r = fresh();     \
        mpfr_##function(r, a, R); \
        return r;                 \
    }
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)
UNARY(neg, neg)
UNARY(abs, abs)
UNARY(log, log)
UNARY(exp, exp)
UNARY(log1p, log1p)
UNARY(cos, cos)
UNARY(lgamma, lngamma)
UNARY(digamma, digamma)
UNARY(expm1, expm1)

int n_zero(num a) { return mpfr_zero_p(a); }

num n_softplus(num a) {
    num tail = n_log1p(n_exp(n_neg(n_abs(a))));
    return mpfr_sgn(a) > 0 ? n_add(a, tail) : tail;
}

/* sum of t_m, t_0 = 1, t_m = t_(m-1) * ratio(m), until a term no longer counts.  q is x^2 / 4 for
 * the power series, 1 / (8 x) for the asymptotic one. */
static num bessel_sum(num q, int asymptotic) {
    mpfr_ptr t = fresh(), sum = fresh();
    mpfr_set_ui(t, 1, R);
    mpfr_set_ui(sum, 1, R);
    for (unsigned long m = 1; m < 100000; m++) {
        mpfr_mul(t, t, q, R);
        if (asymptotic) mpfr_mul_ui(t, t, (2 * m - 1) * (2 * m - 1), R);
        mpfr_div_ui(t, t, asymptotic ? m : m * m, R);
        mpfr_add(sum, sum, t, R);
        if (mpfr_get_exp(t) < mpfr_get_exp(sum) - BITS) break;
    }
    return sum;
}

/* From 400 on the terms of the asymptotic series fall below 2^-1000 before they grow again. */
num n_log_i0(num k) {
    if (mpfr_zero_p(k)) return num_of(0);
    if (mpfr_cmp_ui(k, 400) < 0) return n_log(bessel_sum(num_scale(n_mul(k, k), -2), 0));
    num root = num_scale(n_log(n_mul(num_scale(k, 1), num_pi())), -1);
    num series = n_log(bessel_sum(n_div(num_of(0.125), k), 1));
    return n_add(n_sub(k, root), series);
}
