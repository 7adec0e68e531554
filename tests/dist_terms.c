/* dist_terms.c: by what rounding errors are measured: for each output the sum of the magnitudes of
 * the terms of a formula that does not cancel, and what the rounding of an intermediate number may
 * add.  A 0 stands for a single term: errors are then relative to the value itself.  A few per cent
 * will do here; tests/tables holds the same sums from an independent script. */
#include "dist_oracle.h"

#include <math.h>
#include <string.h>

typedef long double real;
#define A fabsl
/* What the terms of a difference that is rounded once still count for: the oracles' own noise, and
 * the squares of rounding errors. */
#define ONCE 0x1p-72L
#define PI 3.14159265358979323846264338327950288L
#define HALF_LOG_2PI 0.918938533204672741780329736405617640L

/* Stirling's correction to lgamma and its two derivatives, for x > 0. */
static real stirling(real x) {
    if (x > 20) return 1 / (12 * x);
    return x == 0 ? 0 : lgammal(x) - ((x - 0.5L) * logl(x) - x + HALF_LOG_2PI);
}
static real digamma(real x) {
    real sum = 0;
    for (int j = 0; j < 20; j++) sum -= 1 / (x + j);
    x += 20;
    return sum + logl(x) - 1 / (2 * x) - 1 / (12 * x * x) + 1 / (120 * x * x * x * x);
}
static real trigamma(real x) {
    real sum = 0;
    for (int j = 0; j < 20; j++) sum += 1 / ((x + j) * (x + j));
    x += 20;
    return sum + 1 / x + 1 / (2 * x * x) + 1 / (6 * x * x * x);
}
static real stirling1(real x) {
    return x > 100 ? -1 / (12 * x * x) : digamma(x) - logl(x) + 1 / (2 * x);
}
static real stirling2(real x) {
    return x > 100 ? 1 / (6 * x * x * x) : trigamma(x) - 1 / x - 1 / (2 * x * x);
}
/* digamma(a + b) - digamma(a), trigamma(a + b) - trigamma(a) */
static real digamma_diff(real a, real b) {
    real sum = 0;
    for (int j = 0; j < 20; j++) sum += b / (a + j) / (a + j + b);
    a += 20;
    return sum + log1pl(b / a) + b / (2 * a * (a + b));
}
static real trigamma_diff(real a, real b) {
    real sum = 0;
    for (int j = 0; j < 20; j++) sum -= b / (a + j) / (a + j + b) * (1 / (a + j) + 1 / (a + j + b));
    a += 20;
    return sum - b / a / (a + b) - b / a / (a + b) * (1 / a + 1 / (a + b)) / 2;
}
static real bd0(real x, real m) {
    real d = (x - m) / m;
    if (A(d) < 1e-3L) return m * (d * d / 2 - d * d * d / 6);
    return x == 0 ? m : x * logl(x / m) + m - x;
}
/* x - log(1 + x), with 1 + x given too */
static real log1p_rest(real x, real x1) {
    return A(x) < 1e-3L ? x * x / 2 : x - (A(x) < 0.5L ? log1pl(x) : logl(x1));
}
static real sigmoid(real z) { return 1 / (1 + expl(-z)); }

static void binomial_logits(const double *x, real *mag) {
    real n = x[0], p = sigmoid(x[1]), q = sigmoid(-(real)x[1]), k = x[2];
    if (k > 0 && k < n) /* a rounded p moves the deviances */
        mag[0] = stirling(k) + stirling(n - k) + stirling(n) + bd0(k, n * p) + bd0(n - k, n * q) +
                 logl(2 * PI * k * (n - k) / n) / 2 + A(k * q - (n - k) * p);
    mag[1] = (n - k) * p + k * q;
}
static void binomial_probs(const double *x, real *mag) {
    real n = x[0], p = x[1], q = 1 - p, k = x[2];
    mag[1] = ((n - k) / q + k / p) * ONCE;
}
static void geometric_logits(const double *x, real *mag) {
    mag[1] = sigmoid(-(real)x[0]) + x[1] * sigmoid(x[0]);
}
static void geometric_probs(const double *x, real *mag) {
    mag[1] = 1 / (real)x[0] + x[1] / (1 - (real)x[0]);
}
static real poisson(real m, real k) {
    return k == 0 ? 0 : stirling(k) + bd0(k, m) + logl(2 * PI * k) / 2;
}
static void poisson_rate(const double *x, real *mag) { mag[1] = 1 + (real)x[1] / x[0]; }
static void poisson_log_rate(const double *x, real *mag) {
    real m = expl(x[0]), k = x[1];
    if (k > 0) mag[0] = poisson(m, k) + A(k - m);
    mag[1] = m + k;
}

static void negative_binomial(real m, real r, real k, int log_mean, real *mag) {
    real n = r + k, u = (k - m) / (r + m), d = m * (r + m);
    mag[1] = log_mean ? (m + k) * r / (r + m) : (m + k) * r / d;
    if (!log_mean) mag[3] = (k * r * r + 2 * k * m * r + r * m * m) / d / d;
    real w = m / r, rough = A(u) * m / (r + m); /* a rounded m / (r + m) in u^2 / 2 */
    mag[2] = w * w / (1 + w) - log1p_rest(w, 1 + w) + rough;
    mag[4] = u * u / r + 2 * rough / n;
    if (k == 0) return; /* single terms */
    if (log_mean)       /* a rounded mean moves the deviances */
        mag[0] = stirling(r) + stirling(k) + stirling(n) + bd0(r, n * r / (r + m)) +
                 bd0(k, n * m / (r + m)) + A(logl(2 * PI * k * n / r)) / 2 + A(r * u);
    mag[2] = log1p_rest(u, n / (r + m)) + k / (2 * r * n) + A(stirling1(r)) + A(stirling1(n));
    mag[4] = u * u / n + k * (2 * r + k) / (2 * r * r * n * n) + stirling2(r) + stirling2(n);
    mag[2] += rough, mag[4] += 2 * rough / n;
}
static void negative_binomial_mean(const double *x, real *mag) {
    negative_binomial(x[0], x[1], x[2], 0, mag);
}
static void negative_binomial_log_mean(const double *x, real *mag) {
    negative_binomial(expl(x[0]), x[1], x[2], 1, mag);
}

static void zero_inflated(const double *x, int logits, int log_rate, real *mag) {
    real m = log_rate ? expl(x[1]) : x[1], k = x[2];
    real p = logits ? sigmoid(x[0]) : x[0], q = logits ? sigmoid(-(real)x[0]) : 1 - p;
    if (k == 0) {
        real none = expl(-m), p0 = p + q * none, w = q * none / p0, g = p / p0;
        real rough = m > 1 ? 1 + m : 1;
        if (log_rate) mag[2] = m * w * (1 + rough);
        if (log_rate) mag[4] = (m * w + m * m * w * g) * (1 + rough);
        if (logits) mag[3] = -expm1l(-m) / p0 * p * q * (q + sigmoid(x[0] + m));
        return;
    }
    real log_q = logits ? logl(q) : log1pl(-p);
    mag[0] = poisson(m, k) + A(log_q) + (log_rate ? A(k - m) : 0);
    mag[2] = log_rate ? m + k : 1 + k / m;
}
static void zip_probs_rate(const double *x, real *mag) { zero_inflated(x, 0, 0, mag); }
static void zip_probs_log_rate(const double *x, real *mag) { zero_inflated(x, 0, 1, mag); }
static void zip_logits_rate(const double *x, real *mag) { zero_inflated(x, 1, 0, mag); }
static void zip_logits_log_rate(const double *x, real *mag) { zero_inflated(x, 1, 1, mag); }

/* digamma - log and trigamma - 1 / x over the step h from x, and the first with 1 / (2 x) taken off
 * as well, for x >= 1: magnitudes */
static real log_rest(real x, real h) {
    return x > 100 ? h / (2 * x * (x + h)) : digamma_diff(x, h) - log1pl(h / x);
}
static real inverse_rest(real x, real h) {
    real step = h / x / (x + h);
    return x > 100 ? step * (1 / x + 1 / (x + h)) / 2 : -trigamma_diff(x, h) - step;
}
static real tail_rest(real x, real h) {
    real y = x + h;
    return h / x * (x + y) / x / y / y / 12;
}
/* First and second derivative in a: the corners a, s, a + k, s + n paired by n and k, or by b and
 * b + j; their logarithms in one term, and their inverses in two, that c = b k - a j tells apart */
static void beta_binomial_shape(real n, real a, real b, real k, real *slope, real *curve) {
    real j = n - k, s = a + b, m = a * j, c = fmal(b, k, -m) + fmal(-a, j, m), t = -c / s / (a + k);
    real lead = (A(c) / (a + k) + n * b / s) / (a * (s + n)), rest;
    if (b > a) {
        rest = log_rest(s, n) + log_rest(a, k);
        *curve = -trigamma_diff(s, n) - trigamma_diff(a, k);
    } else {
        rest = a < 1 ? log_rest(a + k, b + j) + log_rest(a, b)
                     : lead / 2 + tail_rest(a + k, b + j) + tail_rest(a, b);
        *curve = lead + inverse_rest(a + k, b + j) + inverse_rest(a, b);
    }
    *slope = A(t < -0.5L ? logl(a / s * ((s + n) / (a + k))) : log1pl(t)) + rest;
}
static void beta_binomial(const double *x, real *mag) {
    real n = x[0], a = x[1], b = x[2], k = x[3], j = n - k;
    if (k > 0 && j > 0) {
        beta_binomial_shape(n, a, b, k, &mag[1], &mag[3]);
        beta_binomial_shape(n, b, a, j, &mag[2], &mag[4]);
    }
}

static void lognormal(const double *x, real *mag) {
    real s = x[1], y = x[2], w = logl(y), z = (w - x[0]) / s, r = A(w) / s;
    mag[0] = A(w) + A(logl(s)) + z * z / 2 + HALF_LOG_2PI + A(z) * r;
    mag[1] = (A(z) + r) / s;
    mag[2] = (1 + z * z + 2 * A(z) * r) / s;
    mag[3] = (1 + (A(z) + r) / s) / y;
    mag[5] = (1 + 3 * z * z + 6 * A(z) * r) / s / s;
}
static void half_normal(const double *x, real *mag) {
    real s = x[0], z = x[1] / s;
    mag[0] = A(logl(s)) + z * z / 2 + logl(PI / 2) / 2;
    mag[1] = (1 + z * z) / s;
    mag[3] = (1 + 3 * z * z) / s / s;
}
static void laplace(const double *x, real *mag) {
    real b = x[1], z = A((real)x[2] - x[0]) / b;
    mag[0] = z + A(logl(b)) + logl(2);
    mag[2] = (1 + z) / b;
    mag[5] = (1 + 2 * z) / b / b;
}
static void cauchy(const double *x, real *mag) {
    real s = x[1], z = ((real)x[2] - x[0]) / s, z2 = z * z, sw = s * (1 + z2);
    mag[0] = logl(PI) + A(logl(s)) + log1pl(z2);
    mag[2] = (1 + z2) / sw;
    mag[4] = 2 * (1 + z2) / sw / sw;
    /* a factor |z| - c of a rounded difference */
    mag[5] = (A(z2 * z2 + 4 * z2 - 1) + 2 * z2 * A(6 - 2 * z2) / (1 + z2)) / sw / sw;
}
static void logistic(const double *x, real *mag) {
    real s = x[1], z = A(((real)x[2] - x[0]) / s), e = expl(-z), t = (1 - e) / (1 + e);
    real bell = 2 * e / (1 + e) / (1 + e);
    mag[0] = z + 2 * log1pl(e) + A(logl(s));
    mag[2] = (1 + z * t) / s;
    mag[5] = (1 + 2 * z * t + z * z * bell) / s / s;
}
static void gumbel(const double *x, real *mag) {
    real s = x[1], z = ((real)x[2] - x[0]) / s, e = expl(-z), q = A(expm1l(-z)), a = A(z);
    mag[0] = a + e + A(logl(s));
    mag[2] = (1 + a * q) / s;
    mag[5] = (1 + 2 * a * q + z * z * e) / s / s;
}
static void student_t(const double *x, real *mag) {
    real nu = x[0], s = x[2], z = ((real)x[3] - x[1]) / s, z2 = z * z, w = z2 / nu, v = 1 + w;
    real d = nu + z2, half = nu / 2, h, h1, h2;
    if (nu > 100) { /* h = -1 / (4 nu) + ... */
        h = 1 / (4 * nu), h1 = h / nu, h2 = 2 * h1 / nu;
    } else {
        h = lgammal(half + 0.5L) - lgammal(half) - logl(half) / 2;
        h1 = (digamma_diff(half, 0.5L) - 1 / nu) / 2;
        h2 = (trigamma_diff(half, 0.5L) / 2 + 1 / nu / nu) / 2;
    }
    real spread = w < 1e-4L ? w * w / 2 : log1pl(w) - w / v;
    mag[0] = (nu + 1) / 2 * log1pl(w) + A(logl(s)) + HALF_LOG_2PI + A(h);
    mag[1] = spread / 2 + w / (2 * nu * v) + A(h1);
    mag[3] = nu * (1 + z2) / (s * d);
    mag[5] = w / v * (w / v) / (2 * nu) + w * (2 + w) / v / v / (2 * nu * nu) + A(h2);
    mag[6] = (nu + 1) * (nu + z2) / (s * d) / (s * d);
    mag[7] = nu * (z2 * z2 + (3 * nu + 1) * z2 + nu) / (s * d) / (s * d);
}
static void von_mises(const double *x, real *mag) {
    real k = x[1], d = (real)x[2] - x[0], s = sinl(d / 2), swing = A(d * sinl(d)), rest, lack;
    if (k > 20) {
        rest = logl(2 * PI * k) / 2;
        lack = 1 / (2 * k) + 1 / (8 * k * k);
    } else { /* power series */
        real t0 = 1, t1 = k / 2, i0 = 1, i1 = t1;
        for (int m = 1; m < 80; m++) {
            t0 *= k * k / 4 / m / m;
            t1 *= k * k / 4 / m / (m + 1);
            i0 += t0;
            i1 += t1;
        }
        rest = logl(i0) - k;
        lack = 1 - i1 / i0;
    }
    mag[0] = k * (2 * s * s + swing) + logl(2 * PI) + A(rest);
    mag[1] = mag[3] = k * (A(sinl(d)) + A(d * cosl(d)));
    mag[2] = 2 * s * s + lack + swing;
    mag[4] = k * (A(cosl(d)) + swing);
}

static void exponential_rate(const double *x, real *mag) {
    mag[0] = (real)x[0] * x[1] + A(logl(x[0]));
    mag[1] = (x[1] + 1 / (real)x[0]) * ONCE;
}
static void exponential_log_rate(const double *x, real *mag) {
    real my = expl(x[0]) * x[1];
    mag[0] = my + A((real)x[0]);
    mag[1] = my + 1;
}
/* x = y / mean, or mean / y */
static void gamma_shape(real al, real x, real y, real *mag) {
    mag[0] = A(logl(y * y / al)) / 2 + HALF_LOG_2PI + stirling(al) + bd0(al, al * x);
    real rest = al > 100 ? 1 / (2 * al) : A(digamma(al) - logl(al));
    mag[1] = rest + A(logl(x)) + 1;
}
static void gamma_terms(const double *x, real *mag) {
    real al = x[0], be = x[1], y = x[2];
    gamma_shape(al, be * y / al, y, mag);
    mag[2] = (y + al / be) * ONCE;
    mag[3] = A(al - 1) / y + be;
}
static void inverse_gamma(const double *x, real *mag) {
    real al = x[0], be = x[1], y = x[2];
    gamma_shape(al, be / (y * al), y, mag);
    mag[2] = (1 / y + al / be) * ONCE;
    mag[3] = (al + 1) / y + be / y / y;
}
static void weibull(const double *x, real *mag) {
    real k = x[0], s = x[1], y = x[2], w = logl(y / s), t = k * w, u = expl(t), e = A(expm1l(t));
    real rough = A(t) + k * ONCE; /* of log(y / s) */
    mag[0] = A(logl(k)) + A(logl(y)) + A(t) + u + rough * e;
    mag[1] = 1 / k + A(w) * e + u * A(w) * rough;
    mag[2] = k / s * (e + u * rough);
    mag[3] = ((u < 0.5L ? A(1 - k) + k * u : 1 + k * e) + k * u * rough) / y;
    mag[4] = 1 / k / k + w * w * u * (1 + rough);
    mag[5] = k / s / s * (e + k * u + (1 + k) * u * rough);
}
static void pareto(const double *x, real *mag) {
    real al = x[0], w = logl((real)x[2] / x[1]);
    mag[0] = A(logl(al)) + A(logl(x[2])) + al * w;
    mag[1] = 1 / al + w;
}
/* Shapes below 1 go up by one, see math/beta.h. */
static real beta_value(real a, real b, real y) {
    real z = 1 - y, u = a < 1 ? a + 1 : a, v = b < 1 ? b + 1 : b, n = u + v, e = A(n * y - u);
    real mag = HALF_LOG_2PI + stirling(u) + stirling(v) + stirling(n);
    mag += a < 1 ? e + A(a * logl(n * y / u)) : bd0(u, n * y);
    mag += b < 1 ? e + A(b * logl(n * z / v)) : bd0(v, n * z);
    real f = y * z;
    if (a < 1) f *= u / a * (b < 1 ? (a + b + 1) / n : (a + b) / n);
    if (b < 1) f *= v / b * (a + b) / n;
    return mag + A(logl(n / u / v * f * f)) / 2;
}
static void beta_alpha_beta(const double *x, real *mag) {
    real a = x[0], b = x[1], y = x[2];
    mag[0] = beta_value(a, b, y);
    mag[1] = digamma_diff(a, b) + A(logl(y));
    mag[2] = digamma_diff(b, a) + A(log1pl(-y));
    mag[3] = A(a - 1) / y + A(b - 1) / (1 - y);
}
static void beta_mean_precision(const double *x, real *mag) {
    real mu = x[0], phi = x[1], y = x[2], a = mu * phi, b = (1 - mu) * phi;
    mag[0] = beta_value(a, b, y);
    mag[1] = A(digamma(a) - digamma(b)) + A(logl(y)) + A(log1pl(-y));
    mag[1] = phi * (mag[1] + a * trigamma(a) + b * trigamma(b));
    mag[2] = bd0(mu, y) + bd0(1 - mu, 1 - y) + 1 / (2 * phi) + mu * A(stirling1(a)) +
             (1 - mu) * A(stirling1(b)) + A(stirling1(phi)) + A(mu - y);
    mag[3] = (A(a - 1) + a) / y + (A(b - 1) + b) / (1 - y);
    mag[5] = 1 / (2 * phi * phi) + mu * mu * stirling2(a) + (1 - mu) * (1 - mu) * stirling2(b) +
             stirling2(phi);
}
static void tweedie(real m, real t, real p, real y, int log_mean, real *mag) {
    real a = expl((2 - p) * t), b = y * expl((1 - p) * t);
    mag[0] = a / (2 - p) + b / (p - 1);
    mag[1] = (a + b) / (log_mean ? 1 : m);
    mag[3] = log_mean ? (2 - p) * a + (p - 1) * b : ((p - 1) * a + p * b) / m / m;
}
static void tweedie_mean(const double *x, real *mag) {
    tweedie(x[0], logl(x[0]), x[1], x[2], 0, mag);
}
static void tweedie_log_mean(const double *x, real *mag) {
    tweedie(expl(x[0]), x[0], x[1], x[2], 1, mag);
}

static const struct {
    const char *kernel;
    void (*terms)(const double *x, real *mag);
} terms[] = {
    {"binomial_logits", binomial_logits},
    {"binomial_probs", binomial_probs},
    {"geometric_logits", geometric_logits},
    {"geometric_probs", geometric_probs},
    {"poisson_rate", poisson_rate},
    {"poisson_log_rate", poisson_log_rate},
    {"negative_binomial_mean", negative_binomial_mean},
    {"negative_binomial_log_mean", negative_binomial_log_mean},
    {"zip_probs_rate", zip_probs_rate},
    {"zip_probs_log_rate", zip_probs_log_rate},
    {"zip_logits_rate", zip_logits_rate},
    {"zip_logits_log_rate", zip_logits_log_rate},
    {"beta_binomial", beta_binomial},
    {"lognormal", lognormal},
    {"half_normal", half_normal},
    {"laplace", laplace},
    {"cauchy", cauchy},
    {"logistic", logistic},
    {"gumbel", gumbel},
    {"student_t", student_t},
    {"von_mises", von_mises},
    {"exponential_rate", exponential_rate},
    {"exponential_log_rate", exponential_log_rate},
    {"gamma", gamma_terms},
    {"inverse_gamma", inverse_gamma},
    {"weibull", weibull},
    {"pareto", pareto},
    {"beta_alpha_beta", beta_alpha_beta},
    {"beta_mean_precision", beta_mean_precision},
    {"tweedie_mean", tweedie_mean},
    {"tweedie_log_mean", tweedie_log_mean},
};

void dist_magnitudes(const struct dist_model *m, const double *x, const long double *v,
                     long double *mag) {
    for (size_t k = 0; k < DIST_OUTPUTS; k++) mag[k] = 0;
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if (!strcmp(terms[i].kernel, m->kernel)) terms[i].terms(x, mag);
    for (size_t k = 0; k < dist_outputs(m); k++) mag[k] = fmaxl(mag[k], A(v[k]));
}
