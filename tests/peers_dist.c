/* peers_dist.c: what other libraries got wrong, by the number of the report, and the limits of
 * distributions that they jump to instead of reaching. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One point; the outputs. */
static const double *at(const char *kernel, nll_dtype type, double a, double b, double c,
                        double d) {
    static double got[DIST_OUTPUTS];
    const struct dist_model *m = dist_find(kernel);
    cr_assert_not_null(m, "%s", kernel);
    dist_run(m, type, 1, (double[]){a, b, c, d}, got);
    return got;
}
static double loss(const char *kernel, nll_dtype type, double a, double b, double c, double d) {
    return at(kernel, type, a, b, c, d)[0];
}
static void near_to(double got, double want, double allowed, const char *what) {
    cr_expect(fabs(got - want) <= allowed, "%s: got %.17g, not %.17g", what, got, want);
}

static const nll_dtype both[] = {NLL_F32, NLL_F64};
#define FOR_BOTH(t) for (const nll_dtype *t = both; t < both + 2; t++)

/* +256 for a log probability at size 6e16; positive at 1e15. */
Test(peers_dist, stan_math_1495_and_428_negative_binomial_of_large_size) {
    static const double sizes[] = {1e10, 1e13, 1e15, 6e16, 1e18, 1e30};
    FOR_BOTH(t) for (size_t i = 0; i < 6; i++) {
        double size = round_to(*t, sizes[i]), u = unit_of(*t);
        for (int j = 0; j < 300; j += 7) {
            double k = j;
            double nb = loss("negative_binomial_mean", *t, 123.5, size, k, 0);
            double po = loss("poisson_rate", *t, 123.5, k, 0, 0);
            double gap = ((k - 123.5) * (k - 123.5) + k) / size;
            cr_expect(nb > 0, "size %g, k %g: %g", size, k, nb);
            near_to(nb, po, gap + 32 * u * po, "Poisson limit");
        }
    }
}

/* The switch to the Poisson formula at 1e5 made a jump. */
Test(peers_dist, stan_math_1496_no_switch_to_poisson) {
    for (int e = -52; e < -3; e++) {
        double lo = 1e5 * (1 - ldexp(1, e)), hi = 1e5 * (1 + ldexp(1, e));
        for (int j = 1; j < 10000000; j *= 9) {
            const double *g = at("negative_binomial_mean", NLL_F64, 1000.25, lo, j, 0);
            double a = g[0], slope = fabs(g[2]);
            double b = loss("negative_binomial_mean", NLL_F64, 1000.25, hi, j, 0);
            near_to(a, b, slope * (hi - lo) * 1.5 + 32 * 0x1p-53 * fabs(a), "size 1e5");
        }
    }
}

/* log C(n, k) for large n by a difference of lgammas. */
Test(peers_dist, stan_math_1592_binomial_coefficient) {
    double n = 0x1p50, p = 0x1p-50; /* n p = 1: loss = -(n - 1) log(1 - p) */
    near_to(loss("binomial_probs", NLL_F64, n, p, 1, 0), 1 - 0x1p-51, 16 * 0x1p-53, "k = 1");
    near_to(loss("binomial_probs", NLL_F64, n, 0.5, n, 0), n * M_LN2, 2 * n * 0x1p-53, "k = n");
    /* the central one: log(pi n / 2) / 2 */
    near_to(loss("binomial_probs", NLL_F64, n, 0.5, n / 2, 0), 0.5 * log(M_PI_2 * n), 1e-14,
            "k = n / 2");
}

/* +689 instead of -3.68: beta-binomial with large shapes, and its limit. */
Test(peers_dist, stan_math_2508_and_3153_beta_binomial_of_large_shapes) {
    for (int e = 20; e <= 50; e++) {
        double s = ldexp(1, e), n = 40;
        for (int k = 0; k <= 40; k++) {
            double bb = loss("beta_binomial", NLL_F64, n, s * 0.25, s * 0.75, k);
            double bi = loss("binomial_probs", NLL_F64, n, 0.25, k, 0);
            near_to(bb, bi, 4 * n * n / s + 32 * 0x1p-53 * bi, "binomial limit");
        }
    }
}

/* The error of Stirling's formula, -0.0413 at k = 2, and its wrong mask below. */
Test(peers_dist, pytorch_28575_and_paddle_56733_poisson_normaliser) {
    static const double log_factorial[] = {0, 0, 0.69314718055994531, 1.791759469228055,
                                           3.1780538303479458};
    FOR_BOTH(t) for (int k = 0; k < 5; k++) {
        double got = loss("poisson_rate", *t, 1, k, 0, 0); /* rate 1: 1 + log k! */
        near_to(got, 1 + log_factorial[k], 2 * unit_of(*t) * (1 + log_factorial[k]), "log k!");
        got = loss("poisson_log_rate", *t, 0, k, 0, 0);
        near_to(got, 1 + log_factorial[k], 4 * unit_of(*t) * (1 + log_factorial[k]), "log k!");
    }
}

/* Overflow of large logits. */
Test(peers_dist, pytorch_17843_binomial_of_large_logits) {
    FOR_BOTH(t) for (int z = 64; z < 1000000; z *= 3) {
        const double *g = at("binomial_logits", *t, 9, z, 9, 0);
        cr_expect(g[0] >= 0 && g[0] < 1e-26 && fabs(g[1]) < 1e-26 && g[2] >= 0 && g[2] < 1e-26);
        g = at("binomial_logits", *t, 9, -z, 9, 0);
        cr_expect(g[0] == round_to(*t, 9.0 * z) && g[1] == -9 && g[2] < 1e-26, "%g", g[0]);
    }
}

/* NaN gradient and Hessian of far logits, though the fused call had them right: every way of asking
 * gives the same bits. */
Test(peers_dist, sklearn_28046_every_output_alone_has_the_same_bits) {
    enum { N = 70 };
    FOR_MODELS(m) {
        size_t inputs = dist_inputs(m), outputs = dist_outputs(m);
        uint64_t state = gen_state(7700 + (uint64_t)(m - dist_models));
        double x[N * DIST_INPUTS], all[N * DIST_OUTPUTS], one[N * DIST_OUTPUTS];
        FOR_BOTH(t) {
            for (size_t i = 0; i < N; i++) dist_draw(m, *t == NLL_F32, x + i * inputs, &state);
            for (size_t i = 0; i < inputs; i++) /* far logits and rates among them */
                if (m->in[i] == IN_LOGIT) x[i] = -1000, x[inputs + i] = 1000;
            dist_run(m, *t, N, x, all);
            for (size_t o = 0; o < outputs; o++) {
                dist_run_some(m, *t, N, x, one, 1u << o, 0);
                for (size_t i = 0; i < N; i++)
                    cr_expect(same_bits(one[i * outputs + o], all[i * outputs + o]),
                              "%s output %zu alone: %a, not %a", m->kernel, o, one[i * outputs + o],
                              all[i * outputs + o]);
            }
            /* numbers alone have no type of their own: the last set is left out */
            for (unsigned numbers = 1; numbers + 1 < 1u << inputs; numbers++) {
                for (size_t i = 0; i < N; i++)
                    for (size_t p = 0; p < inputs; p++)
                        if (numbers >> p & 1) x[i * inputs + p] = x[p];
                dist_run(m, *t, N, x, all);
                dist_run_some(m, *t, N, x, one, ~0u, numbers);
                for (size_t i = 0; i < N * outputs; i++)
                    cr_expect(same_bits(one[i], all[i]), "%s numbers %u: %a, not %a", m->kernel,
                              numbers, one[i], all[i]);
            }
        }
    }
}

/* Large degrees of freedom: the Gaussian is reached, not missed. */
Test(peers_dist, scipy_18386_student_t_of_many_degrees) {
    FOR_BOTH(t) for (int e = 10; e < (*t == NLL_F32 ? 100 : 900); e += 5) {
        double nu = ldexp(1, e);
        for (int j = 0; j < 16; j++) {
            double z = 0.75 * j;
            double want = z * z / 2 + 0.91893853320467274,
                   gap = (z * z * z * z + 2 * z * z + 1) / nu;
            near_to(loss("student_t", *t, nu, 0, 1, z), want, gap + 8 * unit_of(*t) * want, "df");
        }
    }
}

/* One degree of freedom is Cauchy's distribution. */
Test(peers_dist, student_t_of_one_degree_is_cauchy) {
    for (int j = -80; j < 80; j++) {
        double z = 0.375 * j;
        double a[DIST_OUTPUTS], *t = a, size;
        memcpy(a, at("student_t", NLL_F64, 1, 0.5, 2, z), sizeof a);
        const double *c = at("cauchy", NLL_F64, 0.5, 2, z, 0);
        size = 1 + fabs(c[0]);
        near_to(t[0], c[0], 1e-15 * size, "loss");
        near_to(t[2], c[1], 1e-15, "d loc");
        near_to(t[3], c[2], 1e-15, "d scale");
        near_to(t[4], c[3], 1e-15, "d y");
    }
}

/* I0 overflows from 713 on; numpyro 776 forgot that i0e is scaled. */
Test(peers_dist, scipy_12835_stan_3035_numpyro_776_von_mises_of_large_concentration) {
    FOR_BOTH(t) for (int j = 12; j < 99; j++) {
        double k = ldexp(j & 1 ? 1.5 : 1, j / 2);
        double kappa = floor(round_to(*t, k)), e = 1 / (8 * kappa);
        /* at the mode, by the asymptotic series of i0e */
        double series = e * (1 + e * (4.5 + e * 37.5));
        double want = 0.5 * log(2 * M_PI) - 0.5 * log(kappa) + log1p(series);
        double allowed = 4 * unit_of(*t) * (2 + fabs(want)) + 500 * e * e * e * e;
        near_to(loss("von_mises", *t, 0.5, kappa, 0.5, 0), want, allowed, "at the mode");
        /* a quarter turn away: + kappa */
        near_to(loss("von_mises", *t, 0, kappa, round_to(*t, M_PI_2), 0), want + kappa,
                allowed + 4 * kappa * unit_of(*t), "a quarter turn away");
    }
}

/* Silent NaN for a negative rate: NaN by default, but told where asked. */
Test(peers_dist, pytorch_184030_domain_errors_are_told) {
    FOR_MODELS(m) {
        size_t inputs = dist_inputs(m);
        uint64_t state = gen_state(7800 + (uint64_t)(m - dist_models));
        FOR_BOTH(t) {
            double x[5 * DIST_INPUTS];
            int64_t bad;
            for (size_t i = 0; i < 5; i++) dist_draw(m, *t == NLL_F32, x + i * inputs, &state);
            EXPECT_STATUS(NLL_OK, dist_check(m, *t, 5, x, &bad));
            cr_expect_eq(bad, -1);
            for (size_t p = 0; p < inputs; p++) {
                double good = x[3 * inputs + p];
                x[3 * inputs + p] = NAN;
                EXPECT_STATUS(NLL_E_DOMAIN, dist_check(m, *t, 5, x, &bad));
                cr_expect_eq(bad, 3, "%s input %zu: row %jd", m->kernel, p, bad);
                x[3 * inputs + p] = good;
            }
            if (!strcmp(m->distribution, "poisson")) {
                x[2 * inputs] = m->in[0] == IN_POS ? -1 : NAN;
                EXPECT_STATUS(NLL_E_DOMAIN, dist_check(m, *t, 5, x, &bad));
                cr_expect_eq(bad, 2);
            }
        }
    }
}

/* Relations that hold for all parameters. */
Test(peers_dist, one_distribution_in_two_ways) {
    uint64_t state = gen_state(7900);
    for (int i = 0; i < 300; i++) {
        double a = ldexp(1 + (double)gen_below(4096, &state), -10), y = a / 8 + 0.125, size;
        double k = (double)gen_below(30, &state), e = loss("exponential_rate", NLL_F64, a, y, 0, 0);
        size = 1e-14 * (1 + fabs(e) + a * y);
        near_to(loss("gamma", NLL_F64, 1, a, y, 0), e, size, "gamma of concentration 1");
        near_to(loss("weibull", NLL_F64, 1, 1 / a, y, 0), e, size, "Weibull of concentration 1");
        double g = loss("geometric_probs", NLL_F64, 0.25, k, 0, 0);
        near_to(loss("negative_binomial_mean", NLL_F64, 3, 1, k, 0), g, 1e-14 * g, "size 1");
        near_to(loss("beta_binomial", NLL_F64, 29, 1, 1, k), log(30), 1e-14, "uniform");
        double p = loss("poisson_rate", NLL_F64, a, k, 0, 0);
        near_to(loss("zip_probs_rate", NLL_F64, 0, a, k, 0), p, 1e-14 * p, "gate 0");
        double b = loss("beta_alpha_beta", NLL_F64, a, 3 * a, 0.375, 0);
        near_to(loss("beta_mean_precision", NLL_F64, 0.25, 4 * a, 0.375, 0), b,
                1e-14 * (1 + fabs(b)), "mean and precision");
    }
}
