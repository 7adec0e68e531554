/* facts.c: modes, means, variances and Fisher informations in closed form.  No libm: the same bits
 * on every machine. */
#include "facts.h"

#include "dispatch.h"

#include <math.h>

#define EULER 0x1.2788cfc6fb619p-1        /* Euler's constant */
#define PI2_6 0x1.a51a6625307d3p+0        /* pi^2 / 6 */
#define HALF_LOG_2PI 0x1.d67f1c864beb5p-1 /* log(2 pi) / 2 */

static double exp_(double x) { return nll_one(NLL_K_exp, x); }
static double log_(double x) { return nll_one(NLL_K_log, x); }
static double power(double x, double y) { return exp_(y * log_(x)); }
static double lgamma_(double x) { /* x >= 1 */
    return (x - 0.5) * log_(x) - x + HALF_LOG_2PI + nll_one(NLL_K_stirling, x);
}

/* The lowest of the most likely counts where the density rises up to t: of two equal ones, t - 1.
 */
static double lowest(double t, double most) {
    double k = ceil(t) - 1;
    return k > most ? most : k > 0 ? k : 0;
}

/* n x / s, x < s, on the right side of the whole number next to it. */
static double part(double n, double x, double s) {
    double product = n * x;
    if (!(product < INFINITY)) return n * (x / s);
    double t = product / s, whole = rint(t);
    double above = fma(-whole, s, product) + fma(n, x, -product);
    if (above > 0 && t <= whole) return nextafter(whole, INFINITY);
    return above <= 0 && t > whole ? whole : t;
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
FACT(exponential_fisher, p->variant ? 1 : 1 / a / a)
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
FACT(pareto_mean, a > 1 ? a / (a - 1) * b : (double)INFINITY)
FACT(pareto_variance, a > 2 ? a / (a - 2) * (b / (a - 1)) * (b / (a - 1)) : (double)INFINITY)
FACT(weibull_mode, a > 1 ? b * power((a - 1) / a, 1 / a) : 0)
FACT(weibull_mean, b *exp_(lgamma_(1 + 1 / a)))
FACT(weibull_fisher_concentration, (PI2_6 + (1 - EULER) * (1 - EULER)) / a / a)
FACT(weibull_fisher_scale, a / b * (a / b))
FACT(geometric_mean, p->rest[0] / a)
FACT(geometric_variance, p->rest[0] / a / a)
FACT(geometric_fisher, p->variant ? 1 / a / a / p->rest[0] : p->rest[0])
FACT(tweedie_variance, power(a, b))
FACT(tweedie_fisher, p->variant ? exp_((2 - b) * p->given[0]) : power(a, -b))
FACT(trigamma_0, nll_one(NLL_K_trigamma, a))
FACT(binomial_mean, a *b)
FACT(binomial_variance, a *b * p->rest[1])
FACT(binomial_fisher, p->variant ? a / b / p->rest[1] : a *b * p->rest[1])
FACT(poisson_mode, lowest(a, (double)INFINITY))
FACT(poisson_fisher, p->variant ? a : 1 / a)
FACT(negative_binomial_mode, b > 1 ? lowest(part(a, b - 1, b), (double)INFINITY) : 0)
FACT(negative_binomial_variance, a + a * (a / b))
FACT(zip_mean, p->rest[0] * b)
FACT(zip_variance, p->rest[0] * b * (1 + a * b))
FACT(gamma_mode, a > 1 ? (a - 1) / b : 0)
FACT(gamma_mean, a / b)
FACT(gamma_fisher_rate, a / b / b)
FACT(inverse_gamma_mode, b / (a + 1))
FACT(inverse_gamma_mean, a > 1 ? b / (a - 1) : (double)INFINITY)
FACT(inverse_gamma_variance, a > 2 ? b / (a - 1) * (b / (a - 1)) / (a - 2) : (double)INFINITY)
FACT(student_t_mean, a > 1 ? b : (double)NAN)
FACT(student_t_fisher_loc, (a + 1) / (a + 3) / p->x[2] / p->x[2])
FACT(student_t_fisher_scale, 2 * (a / (a + 3)) / p->x[2] / p->x[2])
FACT(von_mises_variance, nll_one(NLL_K_bessel_complement, b))
FACT(von_mises_fisher_loc, b *nll_one(NLL_K_bessel_ratio, b))
FACT(von_mises_fisher_concentration, nll_one(NLL_K_bessel_ratio_slope, b))

/* (e^v - 1) e^(2 a + v), v = b^2: each factor may leave the range where the product does not. */
NLL_FACT(lognormal_variance) {
    double a = p->x[0], b = p->x[1], v = b * b;
    if (v > 1) return -nll_one(NLL_K_expm1, -v) * exp_(2 * (a + v));
    double root = exp_(0.5 * (a + 0.5 * v)), deviation = root * b * root;
    return (v > 0 ? nll_one(NLL_K_expm1, v) / v : 1) * deviation * deviation;
}
/* (n + 1) p: two counts are equally likely where it is whole; rounded, it may only look so. */
NLL_FACT(binomial_mode) {
    double n = p->x[0], chance = p->x[1], t = (n + 1) * chance;
    return t == floor(t) && fma(n + 1, chance, -t) > 0 ? t : lowest(t, n);
}
/* Of the mean, or of its logarithm. */
NLL_FACT(negative_binomial_fisher) {
    double m = p->x[0], r = p->x[1];
    if (p->variant == 0) return r / m / (m + r);
    return m < r ? m / (1 + m / r) : r / (1 + r / m);
}

NLL_FACT(student_t_variance) {
    double df = p->x[0], s = p->x[2];
    if (df > 2) return df / (df - 2) * s * s;
    return df > 1 ? (double)INFINITY : (double)NAN;
}

/* The Poisson's own mode against 0. */
NLL_FACT(zip_mode) {
    double rate = p->x[1], k = lowest(rate, (double)INFINITY);
    if (!(k > 0)) return 0;
    double density = nll_two(NLL_K_bd0, k, rate) + nll_one(NLL_K_stirling, k);
    density += HALF_LOG_2PI + 0.5 * log_(k);
    return p->x[0] + p->rest[0] * exp_(-rate) >= p->rest[0] * exp_(-density) ? 0 : k;
}

/* Shapes a, b on [0, n], or on [0, 1] where `between` is the mode of two shapes above 1. */
static double shapes_mode(double a, double b, double between, double n) {
    if (a > 1 && b > 1) return between;
    if (a <= 1 && b >= 1) return 0;
    if (b <= 1 && a >= 1) return n;
    return b >= a || n == 1 ? 0 : n; /* the beta's two infinite ends are alike */
}
NLL_FACT(beta_binomial_mode) {
    double n = p->x[0], a = p->x[1], b = p->x[2];
    double between = a > 1 && b > 1 ? lowest(part(n + 1, a - 1, a - 1 + (b - 1)), n) : 0;
    return shapes_mode(a, b, between, n);
}
FACT(beta_binomial_mean, a *(b / (b + p->x[2])))
NLL_FACT(beta_binomial_variance) {
    double n = p->x[0], a = p->x[1], b = p->x[2], s = a + b;
    return n * (a / s) * (b / s) * ((s + n) / (s + 1));
}

/* alpha, beta from either form. */
typedef struct shapes {
    double a, b, s;
} shapes;
static shapes shapes_of(const nll_point *p) {
    if (p->variant == 0) return (shapes){p->x[0], p->x[1], p->x[0] + p->x[1]};
    return (shapes){p->x[0] * p->x[1], p->rest[0] * p->x[1], p->x[1]};
}
NLL_FACT(beta_mode) {
    shapes h = shapes_of(p);
    double up = h.a - 1, down = h.b - 1;
    return shapes_mode(h.a, h.b, up / (up + down), 1);
}
NLL_FACT(beta_mean) {
    shapes h = shapes_of(p);
    return h.a / h.s;
}
NLL_FACT(beta_variance) {
    shapes h = shapes_of(p);
    return h.a / h.s * (h.b / h.s) / (h.s + 1);
}
/* Of alpha and beta, or of mean and precision: what the Hessian's diagonal is at every y. */
NLL_FACT(beta_fisher_first) {
    shapes h = shapes_of(p);
    if (p->variant == 0) return -nll_two(NLL_K_trigamma_diff, h.a, h.b);
    double both = nll_one(NLL_K_trigamma, h.a) + nll_one(NLL_K_trigamma, h.b);
    return h.s * both * h.s;
}
NLL_FACT(beta_fisher_second) {
    shapes h = shapes_of(p);
    if (p->variant == 0) return -nll_two(NLL_K_trigamma_diff, h.b, h.a);
    /* three trigammas would cancel for large precisions: the kernel's second derivative, at any y
     */
    double y = 0.5, one = 1, curve;
    nll_isa_current()->fn[NLL_TYPE_F64][NLL_K_beta_mean_precision](&(nll_job){
        .rows = 1, .cols = 1, .in = {&p->x[0], &p->x[1], &y, &one}, .out = {[5] = &curve}});
    return curve;
}

/* s^2 G1^2 (G2 / G1^2 - 1), Gi = Gamma(1 + i h), h = 1 / shape.  For small h the logarithm d of the
 * quotient cancels: there with lgamma(1 + z) = z (1 - Euler) - log(1 + z) + sum_n (zeta(n) - 1)
 * (-z)^n / n, whose logarithms make one of h^2 / (1 + 2 h). */
NLL_FACT(weibull_variance) {
    /* (zeta(n) - 1) (2^n - 2) / n from n = 2 on, about 1 / n: the last is 2^-56 of d at h = 1/4 */
    static const double series[] = {
        0x1.4a34cc4a60fa6p-1, 0x1.9dd002780310ap-2, 0x1.270be56edd3f3p-2, 0x1.c5c4ac5f76692p-3,
        0x1.6f068338490cep-3, 0x1.33c9aabb48fd0p-3, 0x1.092042272cfbbp-3, 0x1.d2294f2a5c298p-4,
        0x1.a0571d1904a6fp-4, 0x1.78802440d22cep-4, 0x1.57e2cd2c91e25p-4, 0x1.3ca8ca737e560p-4,
        0x1.258e76e217b11p-4, 0x1.11aea4aacb7a3p-4, 0x1.0062cd21871abp-4, 0x1.e25e2b33c23f2p-5,
        0x1.c76ad7892a055p-5, 0x1.af5a00e55d7a8p-5, 0x1.99b908e9492cep-5, 0x1.862c5aeb2cb5ep-5,
        0x1.7469cf29ac066p-5, 0x1.6434a2b3a849cp-5, 0x1.555a84d5481d3p-5, 0x1.47b1664aa7695p-5,
        0x1.3b15d21571276p-5, 0x1.2f69a9aee3d38p-5};
    double h = 1 / p->x[0], g1 = nll_two(NLL_K_lgamma_diff, 1, h), sum = 0;
    double d = nll_two(NLL_K_lgamma_diff, 1, 2 * h) - 2 * g1;
    if (h < 0.25) {
        for (size_t n = sizeof series / sizeof *series; n-- > 0;) sum = series[n] - h * sum;
        d = h * h * sum + nll_one(NLL_K_log1p, h * h / (1 + 2 * h));
    }
    double mean = p->x[1] * exp_(g1), spread = h * mean;
    if (h < 0x1p-300) return PI2_6 * spread * spread;
    return nll_one(NLL_K_expm1, d) / (h * h) * spread * spread;
}
