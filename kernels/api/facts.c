/* facts.c: modes, means, variances and Fisher informations in closed form.  No libm: the same bits
 * on every machine. */
#include "facts.h"

#include <math.h>

#define EULER 0x1.2788cfc6fb619p-1        /* Euler's constant */
#define PI2_6 0x1.a51a6625307d3p+0        /* pi^2 / 6 */
#define LN2_HALF_2PI 0x1.d67f1c864beb5p-1 /* log(2 pi) / 2 */

static double exp_(double x) { return nll_one(NLL_K_exp, x); }
static double log_(double x) { return nll_one(NLL_K_log, x); }
static double power(double x, double y) { return exp_(y * log_(x)); }
static double lgamma_(double x) { /* x >= 1 */
    return (x - 0.5) * log_(x) - x + LN2_HALF_2PI + nll_one(NLL_K_stirling, x);
}

/* One line each.  a, b: the first two parameters. */
#define FACT(name, value)                \
    NLL_FACT(name) {                     \
        double a = p->x[0], b = p->x[1]; \
        (void)a, (void)b;                \
        return value;                    \
    }
FACT(zero, 0)
FACT(first, a)
FACT(second, b)
FACT(nan, (double)NAN)
FACT(inverse_square_0, 1 / a / a)
FACT(inverse_square_1, 1 / b / b)
FACT(two_over_square_0, 2 / a / a)
FACT(two_over_square_1, 2 / b / b)

FACT(exponential_mean, 1 / a)
FACT(laplace_variance, 2 * b * b)
FACT(cauchy_fisher, 0.5 / b / b)
FACT(logistic_variance, 2 * PI2_6 * b * b)
FACT(logistic_fisher_loc, 1 / (3 * b) / b)
FACT(logistic_fisher_scale, 0x1.6e11996e20537p+0 / b / b) /* (pi^2 + 3) / 9 */
FACT(gumbel_mean, a + EULER * b)
FACT(gumbel_variance, PI2_6 *b *b)
FACT(gumbel_fisher_scale, (PI2_6 + (1 - EULER) * (1 - EULER)) / b / b)
FACT(half_normal_mean, 0x1.9884533d43651p-1 * a)         /* sqrt(2 / pi) */
FACT(half_normal_variance, 0x1.7419f246c6efbp-2 * a * a) /* 1 - 2 / pi */
FACT(lognormal_mode, exp_(a - b * b))
FACT(lognormal_mean, exp_(a + 0.5 * b * b))
FACT(lognormal_variance, nll_one(NLL_K_expm1, b *b) * exp_(2 * a + b * b))
FACT(pareto_mean, a > 1 ? a / (a - 1) * b : (double)INFINITY)
FACT(pareto_variance, a > 2 ? a / (a - 2) * (b / (a - 1)) * (b / (a - 1)) : (double)INFINITY)
FACT(weibull_mode, a > 1 ? b * power((a - 1) / a, 1 / a) : 0)
FACT(weibull_mean, b *exp_(lgamma_(1 + 1 / a)))
FACT(weibull_fisher_concentration, (PI2_6 + (1 - EULER) * (1 - EULER)) / a / a)
FACT(weibull_fisher_scale, a / b * (a / b))
FACT(geometric_mean, p->rest[0] / a)
FACT(geometric_variance, p->rest[0] / a / a)
FACT(geometric_fisher, 1 / (a * a * p->rest[0]))
FACT(tweedie_variance, power(a, b))
FACT(tweedie_fisher, power(a, -b))

/* s^2 G1^2 (G2 / G1^2 - 1), Gi = Gamma(1 + i h), h = 1 / shape.  For small h the logarithm of the
 * quotient cancels: there by its series, sum_n (-1)^n zeta(n) (2^n - 2) h^n / n. */
NLL_FACT(weibull_variance) {
    static const double zeta[] = {0x1.a51a6625307d3p+0, 0x1.33ba004f00621p+0, 0x1.151322ac7d848p+0,
                                  0x1.097418eca7ccep+0, 0x1.0470984c09245p+0, 0x1.02232da14cf39p+0,
                                  0x1.010b36af86397p+0, 0x1.00839f3d816b5p+0, 0x1.00412e33a5bb9p+0,
                                  0x1.0020631be48b3p+0, 0x1.001020a5b2cd3p+0, 0x1.00080ac9d08bcp+0,
                                  0x1.00040392bcad4p+0, 0x1.0002012f797e2p+0};
    double h = 1 / p->x[0], g1 = lgamma_(1 + h), d = lgamma_(1 + 2 * h) - 2 * g1;
    if (h < 0.05) {
        double term = -h;
        d = 0;
        for (int n = 2; n < 16; n++) {
            term *= -h;
            d += zeta[n - 2] * ((double)(1 << n) - 2) / n * term;
        }
    }
    double mean = p->x[1] * exp_(g1);
    return nll_one(NLL_K_expm1, d) * mean * mean;
}
