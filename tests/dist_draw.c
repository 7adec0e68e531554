/* dist_draw.c: random points, by integer arithmetic, ldexp and sqrt alone.
 *
 * Parameters are log-uniform over 1e-6..1e8 (float) or 1e-8..1e15, half of them closer to 1.  The
 * target lies at an edge of the support, near the mean, or anywhere. */
#include "dist_oracle.h"
#include "gen.h"

#include <math.h>
#include <string.h>

struct draw {
    int f32;
    uint64_t *state;
};

static uint64_t below(struct draw *d, uint64_t n) { return gen_below(n, d->state); }
static double uniform(struct draw *d) { return ldexp((double)(gen_bits(d->state) >> 11), -53); }
/* Bell-shaped, variance 1. */
static double normal(struct draw *d) {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += uniform(d);
    return sum;
}
static double sign(struct draw *d) { return below(d, 2) ? 1 : -1; }
/* 2^lo .. 2^hi; hardly log-uniform inside an octave */
static double octaves(struct draw *d, int lo, int hi) {
    return ldexp(1 + uniform(d), lo + (int)below(d, (uint64_t)(hi - lo)));
}
static double number(struct draw *d, double x) { return d->f32 ? (double)(float)x : x; }
static double integer(struct draw *d, double x) { return number(d, nearbyint(x)); }

static double positive(struct draw *d) {
    if (below(d, 3) == 0) return octaves(d, -3, 7);
    return d->f32 ? octaves(d, -19, 26) : octaves(d, -26, 49);
}

/* e^x for a double x, good enough to place a target. */
static double rough_exp(double x) {
    int n = (int)(x * 1.4427);
    double r = x - n * 0.6931471805599453;
    return ldexp(1 + r * (1 + r / 2 * (1 + r / 3)), n);
}

static double input(struct draw *d, enum dist_input kind) {
    switch (kind) {
    case IN_LOC: return below(d, 6) ? sign(d) * octaves(d, -20, 8) : below(d, 2) ? positive(d) : 0;
    case IN_LOGIT: return below(d, 3) ? uniform(d) * 12 - 6 : sign(d) * octaves(d, -20, 6);
    case IN_PROB:
        if (below(d, 4) == 0) return 1 - octaves(d, d->f32 ? -23 : -52, -1);
        return below(d, 2) ? octaves(d, -60, -1) : 0.001 + 0.998 * uniform(d);
    case IN_LOG_RATE:
        if (below(d, 5) == 0) return sign(d) * octaves(d, -20, 0);
        return d->f32 ? uniform(d) * 32 - 14 : uniform(d) * 52 - 18;
    case IN_TRIALS: return nearbyint(octaves(d, 0, d->f32 ? 23 : 49));
    case IN_POWER: return 1.01 + 0.98 * uniform(d);
    default: return positive(d);
    }
}

/* Where to look for the target. */
struct place {
    double mean, sd;
};

static struct place place_of(const struct dist_model *m, const double *x) {
    const char *name = m->kernel;
    int last = (int)dist_inputs(m) - 1;
    double p = m->in[0] == IN_TRIALS ? x[1] : x[0];
    double rate = m->in[last - 1] == IN_LOG_RATE ? rough_exp(x[last - 1]) : x[last - 1];
    if (!strncmp(name, "binomial", 8)) {
        if (m->in[1] == IN_LOGIT) p = 1 / (1 + rough_exp(-p));
        return (struct place){x[0] * p, sqrt(x[0] * p * (1 - p))};
    }
    if (!strncmp(name, "geometric", 9)) {
        double odds = m->in[0] == IN_LOGIT ? rough_exp(-p) : (1 - p) / p;
        return (struct place){odds, sqrt(odds * (odds + 1))};
    }
    if (!strncmp(name, "poisson", 7) || !strncmp(name, "zip", 3))
        return (struct place){rate, sqrt(rate)};
    if (!strncmp(name, "negative", 8)) {
        double mean = m->in[0] == IN_LOG_RATE ? rough_exp(x[0]) : x[0];
        return (struct place){mean, sqrt(mean + mean / x[1] * mean)};
    }
    if (!strcmp(name, "beta_binomial")) {
        p = x[1] / (x[1] + x[2]);
        double n = x[0], s = x[1] + x[2];
        return (struct place){n * p, sqrt(n * p * (1 - p) * ((s + n) / (s + 1)))};
    }
    if (!strncmp(name, "exponential", 11)) return (struct place){1 / rate, 1 / rate};
    if (!strcmp(name, "gamma")) return (struct place){x[0] / x[1], sqrt(x[0]) / x[1]};
    if (!strcmp(name, "inverse_gamma"))
        return (struct place){x[1] / x[0], x[1] / x[0] / sqrt(x[0])};
    if (!strcmp(name, "weibull")) return (struct place){x[1], x[1] / x[0]};
    if (!strcmp(name, "pareto")) return (struct place){x[1], x[1] / x[0]};
    if (!strcmp(name, "beta_alpha_beta")) {
        double s = x[0] + x[1];
        return (struct place){x[0] / s, sqrt(x[0] / s * (x[1] / s) / (s + 1))};
    }
    if (!strcmp(name, "beta_mean_precision"))
        return (struct place){x[0], sqrt(x[0] * (1 - x[0]) / (x[1] + 1))};
    if (!strncmp(name, "tweedie", 7)) {
        double mean = m->in[0] == IN_LOG_RATE ? rough_exp(x[0]) : x[0];
        return (struct place){mean, mean};
    }
    if (!strcmp(name, "half_normal")) return (struct place){x[0], x[0]};
    if (!strcmp(name, "von_mises")) return (struct place){x[0], x[1] > 1 ? 1 / sqrt(x[1]) : 1};
    return (struct place){x[last - 2], x[last - 1]}; /* loc, scale */
}

static double target(struct draw *d, const struct dist_model *m, const double *x, struct place p) {
    switch (below(d, 8)) {
    case 0:
        return m->in[0] == IN_TRIALS && below(d, 2) ? x[0] - (double)below(d, 2)
                                                    : (double)below(d, 3);
    case 1: return p.mean;
    case 2: return p.mean + p.sd * sign(d) * octaves(d, -12, 3);
    case 3: return m->real ? positive(d) : octaves(d, 0, 20);
    default: return p.mean + p.sd * normal(d);
    }
}

/* Inside the support, and not so far out that nothing but overflow is seen. */
static int usable(const struct dist_model *m, const double *x, double y) {
    const char *name = m->kernel;
    if (!m->real) return y >= 0 && y < 0x1p50 && (m->in[0] != IN_TRIALS || y <= x[0]);
    if (!strncmp(name, "beta", 4)) return y > 0x1p-100 && y < 1;
    if (!strcmp(name, "pareto")) return y >= x[1] && y < 0x1p100;
    if (!strcmp(name, "weibull") && !(x[0] * (y / x[1] - 1) < 30)) return 0;
    if (!strcmp(name, "weibull") && !(y / x[1] > 0x1p-100)) return 0;
    if (!strcmp(name, "gumbel") || !strcmp(name, "logistic")) return fabs(y - x[0]) < 60 * x[1];
    if (!strcmp(name, "tweedie_mean") || !strcmp(name, "tweedie_log_mean") ||
        !strncmp(name, "exponential", 11) || !strcmp(name, "half_normal"))
        return y >= 0 && y < 0x1p100;
    return m->in[0] == IN_LOC || m->in[1] == IN_LOC ? strcmp(name, "lognormal") != 0 || y > 0
                                                    : y > 0x1p-100 && y < 0x1p100;
}

void dist_draw(const struct dist_model *m, int f32, double *x, uint64_t *state) {
    struct draw d = {f32, state};
    size_t y = dist_inputs(m) - 1;
    do {
        for (size_t i = 0; i < y; i++) x[i] = number(&d, input(&d, m->in[i]));
        if (!strcmp(m->kernel, "lognormal")) { /* y first: loc is near its logarithm */
            x[2] = number(&d, octaves(&d, -30, 30));
            x[0] = number(&d, ilogb(x[2]) * 0.693 + normal(&d) * (below(&d, 2) ? x[1] : 1));
            continue;
        }
        x[y] = target(&d, m, x, place_of(m, x));
        x[y] = m->real ? number(&d, x[y]) : integer(&d, x[y]);
    } while (!usable(m, x, x[y]) || (m->in[0] == IN_PROB && !(x[0] > 0 && x[0] < 1)));
}
