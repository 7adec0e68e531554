/* dist_num.h: arithmetic of the distribution oracle: functions of 768-bit numbers that return new
 * ones, so that a formula reads as in a textbook.  Numbers live until num_reset(). */
#ifndef NLL_TESTS_DIST_NUM_H
#define NLL_TESTS_DIST_NUM_H

#include <mpfr.h>

typedef mpfr_srcptr num;

void num_reset(void);
num num_of(double x);
num num_pi(void);
/* x 2^e, and x + 2^e exactly */
num num_scale(num x, long e);
num num_step(num x, int sign, long e);

num n_add(num a, num b);
num n_sub(num a, num b);
num n_mul(num a, num b);
num n_div(num a, num b);
num n_neg(num a);
num n_abs(num a);
num n_log(num a);
num n_exp(num a);
num n_log1p(num a);
num n_cos(num a);
num n_lgamma(num a);
num n_digamma(num a);
num n_expm1(num a);
num n_softplus(num a); /* log(1 + e^a) */
num n_log_i0(num a);   /* log of the modified Bessel function I0 */
int n_zero(num a);

#endif
