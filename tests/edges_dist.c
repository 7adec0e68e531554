/* edges_dist.c: the edges of the distributions: what lies outside domain and support, 0 log 0, the
 * ends of the support, overflow inside.  The known bugs of others are in peers_dist.c. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define INF INFINITY
#define ANY 12345.0 /* an output that the case does not speak of */

/* A point and what it should give; `d` are the gradients, in the kernel's order. */
struct edge {
    const char *kernel;
    double x[DIST_INPUTS];
    double loss, d[4];
};

static int is_near(nll_dtype type, double got, double want) {
    if (isnan(want) || isinf(want) || want == 0) return isnan(want) ? isnan(got) : got == want;
    return fabs(got - want) <= 8 * unit_of(type) * fabs(want);
}

static void hold_edges(const struct edge *edges, size_t n) {
    for (size_t e = 0; e < n; e++) {
        const struct dist_model *m = dist_find(edges[e].kernel);
        cr_assert_not_null(m, "%s", edges[e].kernel);
        if (dist_kernel(m) < 0) continue;
        size_t outputs = dist_outputs(m);
        for (int t = 0; t < 2; t++) {
            nll_dtype type = t ? NLL_F64 : NLL_F32;
            double x[DIST_INPUTS], got[DIST_OUTPUTS];
            for (size_t i = 0; i < dist_inputs(m); i++) x[i] = round_to(type, edges[e].x[i]);
            dist_run(m, type, 1, x, got);
            for (size_t o = 0; o < outputs; o++) {
                int order;
                dist_output_input(m, o, &order);
                if (order == 2) continue;
                double want = o ? edges[e].d[o - 1] : edges[e].loss;
                if (want == ANY) continue;
                want = round_to(type, want);
                cr_expect(is_near(type, got[o], want),
                          "%s %s(%g, %g, %g, %g) output %zu: got %.9g, not %.9g", m->kernel,
                          nll_dtype_name(type), x[0], x[1], x[2], x[3], o, got[o], want);
            }
        }
    }
}
#define HOLD(edges) hold_edges(edges, sizeof edges / sizeof edges[0])

/* 0 log 0 = 0: certain outcomes, in values and gradients. */
Test(edges_dist, certain_outcomes_cost_nothing) {
    static const struct edge edges[] = {
        {"binomial_probs", {7, 0, 0}, 0, {7}},
        {"binomial_probs", {7, 1, 7}, 0, {-7}},
        {"binomial_probs", {0, 0.25, 0}, 0, {0}},
        {"binomial_probs", {0, 0, 0}, 0, {0}},
        {"binomial_probs", {0, 1, 0}, 0, {0}},
        {"binomial_logits", {0, 3, 0}, 0, {0}},
        {"binomial_logits", {7, INF, 7}, 0, {0}},
        {"binomial_logits", {7, -INF, 0}, 0, {0}},
        {"geometric_probs", {1, 0}, 0, {-1}},
        {"geometric_logits", {INF, 0}, 0, {0}},
        {"poisson_rate", {0, 0}, 0, {1}},
        {"poisson_log_rate", {-INF, 0}, 0, {0}},
        {"zip_probs_rate", {1, 3, 0}, 0, {ANY, 0}},
        {"zip_probs_rate", {0, 3, 0}, 3, {ANY, 1}},
        {"zip_probs_rate", {0.5, 0, 0}, 0, {0, 0.5}},
        {"beta_binomial", {0, 2, 3, 0}, 0, {0, 0}},
        {"negative_binomial_mean", {0, 2, 0}, 0, {1, 0}},
    };
    HOLD(edges);
}

Test(edges_dist, impossible_outcomes_are_infinite) {
    static const struct edge edges[] = {
        {"binomial_probs", {7, 0, 1}, INF, {ANY}},
        {"binomial_probs", {7, 1, 6}, INF, {ANY}},
        {"binomial_logits", {7, -INF, 1}, INF, {ANY}},
        {"geometric_probs", {1, 1}, INF, {ANY}},
        {"geometric_probs", {0, 3}, INF, {ANY}},
        {"poisson_rate", {0, 1}, INF, {ANY}},
        {"poisson_log_rate", {-INF, 2}, INF, {ANY}},
        {"poisson_log_rate", {1000, 2}, INF, {INF}},
        {"poisson_log_rate", {INF, 0}, INF, {INF}},
        {"zip_probs_rate", {1, 3, 2}, INF, {ANY, ANY}},
        {"zip_probs_rate", {0.5, 0, 2}, INF, {ANY, ANY}},
        {"negative_binomial_mean", {0, 2, 1}, INF, {ANY, ANY}},
    };
    HOLD(edges);
}

/* The ends of the unit interval: numerics of Beta, numpyro#2088. */
Test(edges_dist, beta_at_0_and_1) {
    static const struct edge edges[] = {
        {"beta_alpha_beta", {1, 1, 0}, 0, {ANY, ANY, 0}},
        {"beta_alpha_beta", {1, 1, 1}, 0, {ANY, ANY, 0}},
        {"beta_alpha_beta", {1, 3, 0}, -1.0986122886681098, {INF, -0.3333333333333333, 2}},
        {"beta_alpha_beta", {3, 1, 1}, -1.0986122886681098, {-0.3333333333333333, INF, -2}},
        {"beta_alpha_beta", {0.5, 2, 0}, -INF, {ANY, ANY, ANY}},
        {"beta_alpha_beta", {2, 0.5, 1}, -INF, {ANY, ANY, ANY}},
        {"beta_alpha_beta", {2, 0.5, 0}, INF, {ANY, ANY, ANY}},
        {"beta_alpha_beta", {0.5, 2, 1}, INF, {ANY, ANY, ANY}},
        {"beta_mean_precision", {0.5, 2, 0}, 0, {ANY, ANY, 0}},
        {"beta_mean_precision", {0.25, 4, 0}, -1.0986122886681098, {ANY, ANY, 2}},
    };
    HOLD(edges);
}

Test(edges_dist, beta_1_1_is_uniform) {
    for (int i = 1; i < 64; i++) {
        struct edge e = {"beta_alpha_beta", {1, 1, i / 64.0}, ANY, {ANY, ANY, 0}};
        hold_edges(&e, 1);
        double got[DIST_OUTPUTS];
        for (int t = 0; t < 2; t++) {
            dist_run(dist_find("beta_alpha_beta"), t ? NLL_F64 : NLL_F32, 1, e.x, got);
            cr_expect(fabs(got[0]) <= 4 * unit_of(t ? NLL_F64 : NLL_F32), "%g", got[0]);
        }
    }
}

/* The ends of half lines. */
Test(edges_dist, first_point_of_the_support) {
    static const struct edge edges[] = {
        {"exponential_rate", {2, 0}, -0.6931471805599453, {-0.5, 2}},
        {"exponential_log_rate", {3, 0}, -3, {-1, 20.085536923187668}},
        {"half_normal", {2, 0}, 0.9189385332046728, {0.5, 0}},
        {"pareto", {2, 4, 4}, 0.6931471805599453, {-0.5, -0.5, 0.75}},
        {"tweedie_mean", {4, 1.5, 0}, 4, {0.5, 1}},
        {"tweedie_log_mean", {0, 1.5, 0}, 2, {1, 2}},
    };
    HOLD(edges);
}

/* A slope that jumps: 0 at the kink itself. */
Test(edges_dist, laplace_at_its_kink) {
    static const struct edge edges[] = {
        {"laplace", {3, 0.5, 3}, 0, {0, 2, 0}},
        {"laplace", {3, 0.5, 4}, 2, {-2, -2, 2}},
        {"laplace", {3, 0.5, 2}, 2, {2, -2, -2}},
    };
    HOLD(edges);
}

/* Squares and exponentials that overflow where the result does not. */
Test(edges_dist, nothing_overflows_inside) {
    for (int t = 0; t < 2; t++) {
        nll_dtype type = t ? NLL_F64 : NLL_F32;
        double far = t ? 0x1p600 : 0x1p80, got[DIST_OUTPUTS], log_far = (t ? 600 : 80) * M_LN2;
        dist_run(dist_find("cauchy"), type, 1, (double[]){0, 1, far}, got);
        cr_expect(is_near(type, got[0], log(M_PI) + 2 * log_far), "cauchy %.9g", got[0]);
        cr_expect(is_near(type, got[1], -2 / far) && is_near(type, got[2], -1) &&
                      is_near(type, got[3], 2 / far),
                  "cauchy %g %g %g", got[1], got[2], got[3]);
        double out = fmin(far, 0x1p450), log_out = 2 * (t ? 450 : 80) * M_LN2;
        dist_run(dist_find("student_t"), type, 1, (double[]){1, 0, 1, out}, got);
        cr_expect(is_near(type, got[0], log(M_PI) + log_out), "student_t %.9g", got[0]);
        cr_expect(is_near(type, got[2], -2 / out) && is_near(type, got[3], -1), "student_t %g %g",
                  got[2], got[3]);
        dist_run(dist_find("logistic"), type, 1, (double[]){0, 1, far}, got);
        cr_expect(got[0] == far && got[1] == -1 && got[3] == 1, "logistic %g %g", got[0], got[1]);
        dist_run(dist_find("logistic"), type, 1, (double[]){0, 1, -far}, got);
        cr_expect(got[0] == far && got[1] == 1 && got[3] == -1, "logistic %g %g", got[0], got[1]);
        dist_run(dist_find("gumbel"), type, 1, (double[]){0, 1, far}, got);
        cr_expect(got[0] == far && got[1] == -1 && got[3] == 1, "gumbel %g %g", got[0], got[1]);
        dist_run(dist_find("laplace"), type, 1, (double[]){-far, far, far}, got);
        cr_expect(is_near(type, got[0], 2 + M_LN2 + log_far), "laplace %.9g", got[0]);
        dist_run(dist_find("half_normal"), type, 1, (double[]){far, 2 * far}, got);
        cr_expect(is_near(type, got[0], 2 + log_far + 0.22579135264472744), "half %.9g", got[0]);
    }
    static const struct edge edges[] = {
        {"binomial_logits", {5, 1000, 0}, 5000, {5}},
        {"binomial_logits", {5, -1000, 5}, 5000, {-5}},
        {"geometric_logits", {-1000, 0}, 1000, {-1}},
        {"geometric_logits", {1000, 3}, 3000, {3}},
        {"poisson_log_rate", {-1000, 3}, 3001.791759469228, {-3}},
        {"zip_logits_rate", {-1000, 2, 0}, 2, {0, 1}},
        {"zip_logits_rate", {1000, 2, 0}, 0, {0, 0}},
        {"zip_logits_rate", {-1000, 900, 0}, 900, {ANY, 1}},
        {"zip_logits_rate", {-1000, 2000, 0}, 1000, {-1, 0}},
        {"zip_logits_rate", {-1000, 1000, 0}, 999.3068528194401, {-0.5, 0.5}},
        {"zip_probs_rate", {0.5, 1000, 0}, 0.6931471805599453, {-2, 0}},
        {"negative_binomial_log_mean", {-1000, 2, 3}, 3000.69314718056, {-3, ANY}},
    };
    HOLD(edges);
}

/* Out of the domain: NaN in every output. */
static const double *outside(nll_domain domain, size_t *n) {
    static const double real[] = {NAN, INF, -INF}, positive[] = {0, -0.0, -1, NAN, INF, -INF};
    static const double nonnegative[] = {-1, -0x1p-100, NAN, INF, -INF}, nan[] = {NAN};
    static const double unit[] = {-0.25, 1.25, -0x1p-100, -INF, INF, NAN};
    static const double power[] = {1, 2, 0.5, 2.5, 0, -1, NAN, INF};
    static const double count[] = {-1, 0.5, 1.5, NAN, INF, -INF};
#define GIVE(a) return *n = sizeof a / sizeof a[0], a
    switch (domain) {
    case NLL_REAL: GIVE(real);
    case NLL_POSITIVE: GIVE(positive);
    case NLL_NONNEGATIVE: GIVE(nonnegative);
    case NLL_UNIT: GIVE(unit);
    case NLL_POWER: GIVE(power);
    case NLL_COUNT:
    case NLL_COUNT_TO_TOTAL: GIVE(count);
    default: GIVE(nan);
    }
}

/* A point inside: every input 1/2, counts 1. */
static void inside(const struct dist_model *m, double *x) {
    for (size_t i = 0; i < dist_inputs(m); i++) {
        enum dist_input in = m->in[i];
        x[i] = in == IN_TRIALS ? 3 : in == IN_POWER ? 1.5 : 0.5;
        if (in == IN_TARGET) x[i] = m->real ? 0.5 : 1;
    }
}

static void all_nan(const struct dist_model *m, nll_dtype type, const double *x) {
    double got[DIST_OUTPUTS];
    dist_run(m, type, 1, x, got);
    for (size_t o = 0; o < dist_outputs(m); o++)
        cr_expect(isnan(got[o]), "%s %s(%g, %g, %g, %g) output %zu: %g, not NaN", m->kernel,
                  nll_dtype_name(type), x[0], x[1], x[2], x[3], o, got[o]);
}

Test(edges_dist, parameters_out_of_their_domain_are_nan) {
    FOR_MODELS(m)
    for (int t = 0; t < 2; t++) {
        for (size_t i = 0; i + 1 < dist_inputs(m); i++) {
            size_t n;
            const double *bad = outside(dist_parameter(m, i)->domain, &n);
            for (size_t b = 0; b < n; b++) {
                double x[DIST_INPUTS] = {0};
                inside(m, x);
                x[i] = bad[b];
                all_nan(m, t ? NLL_F64 : NLL_F32, x);
            }
        }
    }
}

/* Outside the support: +inf, and NaN gradients; a NaN target is NaN. */
Test(edges_dist, targets_outside_the_support) {
    static const double counts[] = {-1, 0.5, 1.5, -INF, INF}, half[] = {-1, -0x1p-100, -INF, INF};
    static const double reals[] = {INF, -INF}, unit[] = {-0.25, 1.25, INF, -INF};
    FOR_MODELS(m)
    for (int t = 0; t < 2; t++) {
        const char *name = m->kernel;
        size_t y = dist_inputs(m) - 1, n;
        int real = m->in[0] == IN_LOC || m->in[1] == IN_LOC;
        const double *bad = !m->real                                 ? counts
                            : !strncmp(name, "beta", 4)              ? unit
                            : real && strcmp(name, "lognormal") != 0 ? reals
                                                                     : half;
        n = bad == counts ? 5 : bad == reals ? 2 : 4;
        double x[DIST_INPUTS] = {0}, got[DIST_OUTPUTS];
        inside(m, x);
        for (size_t b = 0; b < n; b++) {
            x[y] = bad[b];
            dist_run(m, t ? NLL_F64 : NLL_F32, 1, x, got);
            cr_expect(got[0] == INF, "%s at y = %g: %g, not +inf", name, x[y], got[0]);
            for (size_t o = 1; o < dist_outputs(m); o++)
                cr_expect(isnan(got[o]), "%s at y = %g, output %zu: %g, not NaN", name, x[y], o,
                          got[o]);
        }
        x[y] = NAN;
        all_nan(m, t ? NLL_F64 : NLL_F32, x);
    }
}

Test(edges_dist, more_targets_outside_the_support) {
    static const struct edge edges[] = {
        {"binomial_logits", {5, 1, 6}, INF, {NAN}},
        {"binomial_probs", {5, 0.5, 6}, INF, {NAN}},
        {"beta_binomial", {5, 1, 2, 6}, INF, {NAN, NAN}},
        {"pareto", {2, 4, 3.5}, INF, {NAN, NAN, NAN}},
        {"lognormal", {0, 1, 0}, INF, {NAN, NAN, NAN}},
        {"gamma", {2, 1, 0}, INF, {NAN, NAN, NAN}},
        {"inverse_gamma", {2, 1, 0}, INF, {NAN, NAN, NAN}},
        {"weibull", {2, 1, 0}, INF, {NAN, NAN, NAN}},
        /* a parameter out of its domain comes first */
        {"gamma", {-2, 1, -1}, NAN, {NAN, NAN, NAN}},
        {"binomial_probs", {5, 2, 6}, NAN, {NAN}},
        {"poisson_rate", {-1, -1}, NAN, {NAN}},
    };
    HOLD(edges);
}
