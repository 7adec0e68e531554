/* dist_facts.c: mode, mean, variance and Fisher information.  Moments and information against
 * integrals of the density (tests/tables/moments.py); the mode as the best of its neighbourhood. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INF INFINITY

/* Relative error allowed for mean, variance and information: sums and products of a few doubles. */
static const double tolerance = 0x1p-47;

static void hold_fact(const char *what, const struct dist_model *m, const double *x, double got,
                      double want) {
    int same = isnan(want) ? isnan(got) : fabs(got - want) <= tolerance * fabs(want);
    cr_expect(same, "%s of %s(%.17g, %.17g, %.17g): got %.17g, integral %.17g", what, m->kernel,
              x[0], x[1], x[2], got, want);
}

/* "kernel p p p : mean variance information..."; returns the number of numbers behind the colon. */
static size_t parse(char *line, const struct dist_model **m, double *x, double *want) {
    char *save = NULL, *word = strtok_r(line, " \n", &save);
    if (!word || *word == '#') return 0;
    *m = dist_find(word);
    cr_assert_not_null(*m, "moments.txt: no kernel %s", word);
    size_t n = 0, k = 0;
    while ((word = strtok_r(NULL, " \n", &save)) && *word != ':' && n + 1 < dist_inputs(*m))
        x[n++] = strtod(word, NULL);
    cr_assert(word && *word == ':' && n + 1 == dist_inputs(*m), "moments.txt: %s", (*m)->kernel);
    while ((word = strtok_r(NULL, " \n", &save)) && k < 2 + DIST_INPUTS)
        want[k++] = strtod(word, NULL);
    return k;
}

Test(dist_facts, moments_and_information) {
    const char *folder = getenv("NLL_TEST_DATA");
    char path[4096], line[1024];
    snprintf(path, sizeof path, "%s/tables/moments.txt", folder ? folder : "tests");
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s cannot be opened", path);
    size_t lines = 0, information = 0;
    while (fgets(line, sizeof line, f)) {
        const struct dist_model *m;
        double x[DIST_INPUTS] = {0}, want[2 + DIST_INPUTS] = {0}, facts[DIST_FACTS];
        size_t n = parse(line, &m, x, want), next = 2;
        if (n == 0) continue;
        lines++;
        if (dist_kernel(m) < 0) continue;
        int has[DIST_FACTS];
        x[dist_inputs(m) - 1] = 1;
        dist_facts(m, NLL_F64, 1, x, facts, has);
        cr_expect(has[DIST_MEAN] && has[DIST_VARIANCE], "%s has no mean or variance", m->kernel);
        hold_fact("mean", m, x, facts[DIST_MEAN], want[0]);
        hold_fact("variance", m, x, facts[DIST_VARIANCE], want[1]);
        for (size_t i = 0; i + 1 < dist_inputs(m); i++) {
            if (!(m->params >> i & 1)) continue;
            cr_assert(next < n, "moments.txt: %s", m->kernel);
            double w = want[next++];
            if (!has[DIST_FISHER + i]) continue;
            information++;
            hold_fact("information", m, x, facts[DIST_FISHER + i], w);
        }
    }
    fclose(f);
    fprintf(stderr, "%zu lines, %zu numbers of information\n", lines, information);
    cr_expect(lines >= 12 * dist_model_count);
    cr_expect(information >= 12 * dist_model_count); /* one a model at least, on average */
}

/* The mode is at least as likely as what lies beside it; nothing below it is as likely. */
static void hold_mode(const struct dist_model *m, const double *x, double mode) {
    double most = m->in[0] == IN_TRIALS ? x[0] : INF;
    if (!m->real) {
        cr_expect(mode >= 0 && mode <= most && mode == floor(mode), "%s mode %g", m->kernel, mode);
        if (mode >= 0x1p52) return;
        cr_expect(dist_compare(m, x, mode, 0) <= 0, "%s mode %g, 0 is better", m->kernel, mode);
        for (int e = 0; e <= 52; e++) {
            double c = ldexp(1, e);
            if (c > most) break;
            cr_expect(dist_compare(m, x, mode, c) <= 0, "%s mode %g, %g is better", m->kernel, mode,
                      c);
        }
        for (int k = 1; k < 4; k++) {
            if (mode - k >= 0)
                cr_expect(dist_compare(m, x, mode, mode - k) < 0, "%s(%.17g, %.17g) mode %.17g",
                          m->kernel, x[0], x[1], mode);
            if (mode + k <= most)
                cr_expect(dist_compare(m, x, mode, mode + k) <= 0, "%s(%.17g, %.17g) mode %.17g",
                          m->kernel, x[0], x[1], mode);
        }
        return;
    }
    /* an optimum known to 4 units is better than points 8 and more away; e^(loc - scale^2) is known
     * as well as its exponent */
    double rough = !strcmp(m->kernel, "lognormal") ? 1 + fabs(x[0]) + 2 * x[1] * x[1] : 1;
    for (int e = -49; e <= -1; e += 4) {
        double away = ldexp(fabs(mode), e) * rough;
        if (away > fabs(mode) / 2) break;
        cr_expect(dist_compare(m, x, mode, mode - away) <= 0 &&
                      dist_compare(m, x, mode, mode + away) <= 0,
                  "%s(%.17g, %.17g, %.17g) mode %.17g: better %g away", m->kernel, x[0], x[1], x[2],
                  mode, away);
    }
}

/* At parameters of all sizes, and where two counts are equally likely. */
Test(dist_facts, mode_is_the_most_likely, .timeout = 600) {
    FOR_MODELS(m) {
        uint64_t state = gen_state(7500 + (uint64_t)(m - dist_models));
        for (size_t i = 0; i < gen_count(160); i++) {
            double x[DIST_INPUTS] = {0}, facts[DIST_FACTS];
            int has[DIST_FACTS];
            dist_draw(m, (int)(i & 1), x, &state);
            if (i % 8 == 0 && !m->real) /* whole parameters: ties */
                for (size_t p = 0; p + 1 < dist_inputs(m); p++)
                    if (m->in[p] == IN_POS) x[p] = 1 + (double)gen_below(6, &state);
            dist_facts(m, NLL_F64, 1, x, facts, has);
            if (!has[DIST_MODE]) {
                cr_expect(!strcmp(m->distribution, "tweedie"), "%s has no mode", m->kernel);
                continue;
            }
            double mode = facts[DIST_MODE];
            cr_expect(!isnan(mode), "%s(%.17g, %.17g) mode NaN", m->kernel, x[0], x[1]);
            int end = m->real && (mode == 0 || (mode == 1 && strstr(m->kernel, "beta")));
            if (end || isnan(mode) || isinf(mode)) continue; /* the end of the support: below */
            if (!strcmp(m->kernel, "pareto"))
                cr_expect(mode == x[1]);
            else
                hold_mode(m, x, mode);
        }
    }
}

struct fact_edge {
    const char *kernel;
    double x[DIST_INPUTS - 1], want;
};
static void hold_fact_edges(int fact, const struct fact_edge *e, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct dist_model *m = dist_find(e[i].kernel);
        if (dist_kernel(m) < 0) continue;
        double x[DIST_INPUTS] = {0}, facts[DIST_FACTS];
        int has[DIST_FACTS];
        memcpy(x, e[i].x, sizeof e[i].x);
        x[dist_inputs(m) - 1] = 1;
        dist_facts(m, NLL_F64, 1, x, facts, has);
        double got = facts[fact], want = e[i].want;
        int same = isnan(want) ? isnan(got) : got == want || fabs(got - want) < 1e-14 * fabs(want);
        cr_expect(has[fact] && same, "%s(%g, %g, %g) fact %d: got %.17g, not %.17g", m->kernel,
                  x[0], x[1], x[2], fact, got, want);
    }
}
#define HOLD(fact, edges) hold_fact_edges(fact, edges, sizeof edges / sizeof edges[0])

/* pytorch#198186: modes that were NaN or outside the support at the edges. */
Test(dist_facts, modes_at_the_edges) {
    static const struct fact_edge edges[] = {
        {"beta_alpha_beta", {1, 3}, 0},
        {"beta_alpha_beta", {0.5, 3}, 0},
        {"beta_alpha_beta", {3, 1}, 1},
        {"beta_alpha_beta", {3, 0.5}, 1},
        {"beta_alpha_beta", {0.5, 0.5}, 0},
        {"beta_alpha_beta", {1, 1}, 0},
        {"beta_alpha_beta", {1, 0.5}, 1},
        {"beta_alpha_beta", {0.5, 1}, 0},
        {"beta_alpha_beta", {2, 3}, 1.0 / 3},
        {"beta_mean_precision", {0.25, 4}, 0},
        {"weibull", {0.5, 2}, 0},
        {"weibull", {1, 2}, 0},
        {"gamma", {0.5, 2}, 0},
        {"gamma", {1, 2}, 0},
        {"gamma", {3, 2}, 1},
        {"inverse_gamma", {1, 4}, 2},
        {"exponential_rate", {3}, 0},
        {"half_normal", {3}, 0},
        {"poisson_rate", {0}, 0},
        {"poisson_rate", {3}, 2},
        {"poisson_rate", {0.5}, 0},
        {"poisson_rate", {1}, 0},
        {"binomial_probs", {3, 0.5}, 1},
        {"binomial_probs", {3, 1}, 3},
        {"binomial_probs", {3, 0}, 0},
        {"binomial_probs", {0, 0.5}, 0},
        {"binomial_logits", {3, 0}, 1},
        {"geometric_probs", {0.25}, 0},
        {"negative_binomial_mean", {4, 1}, 0},
        {"negative_binomial_mean", {4, 0.5}, 0},
        {"negative_binomial_mean", {4, 2}, 1},
        {"zip_probs_rate", {0.9, 5}, 0},
        {"zip_probs_rate", {0, 5}, 4},
        {"beta_binomial", {4, 1, 1}, 0},
        {"beta_binomial", {4, 0.5, 0.5}, 0},
        {"beta_binomial", {4, 3, 0.5}, 4},
    };
    HOLD(DIST_MODE, edges);
}

/* Integrals that diverge are infinite, those that do not exist are NaN. */
Test(dist_facts, moments_that_do_not_exist) {
    static const struct fact_edge means[] = {
        {"student_t", {1, 0, 1}, NAN}, {"student_t", {0.5, 0, 1}, NAN},
        {"cauchy", {0, 1}, NAN},       {"student_t", {1.5, 2, 1}, 2},
        {"pareto", {1, 2}, INF},       {"pareto", {0.5, 2}, INF},
        {"pareto", {2, 2}, 4},         {"inverse_gamma", {1, 2}, INF},
        {"inverse_gamma", {2, 2}, 2},
    };
    static const struct fact_edge variances[] = {
        {"student_t", {1, 0, 1}, NAN},   {"student_t", {2, 0, 1}, INF}, {"cauchy", {0, 1}, NAN},
        {"student_t", {1.5, 0, 1}, INF}, {"pareto", {2, 2}, INF},       {"student_t", {4, 0, 1}, 2},
        {"inverse_gamma", {2, 2}, INF},  {"inverse_gamma", {3, 2}, 1},
    };
    HOLD(DIST_MEAN, means);
    HOLD(DIST_VARIANCE, variances);
}

/* In the forms whose parameter may be far out: no square or exponential leaves the range alone. */
Test(dist_facts, information_far_out) {
    static const struct fact_edge first[] = {
        {"exponential_log_rate", {400}, 1},
        {"exponential_log_rate", {-400}, 1},
        {"exponential_log_rate", {800}, 1},
        {"exponential_log_rate", {-800}, 1},
        {"geometric_logits", {700}, 9.8596765437597708567e-305},
        {"geometric_logits", {-720}, 1},
        {"geometric_probs", {0x1p-511}, 0x1p1022},
        {"poisson_log_rate", {400}, 5.2214696897641439506e173},
        {"poisson_log_rate", {-400}, 1.915169596714005695e-174},
        {"poisson_log_rate", {-800}, 0},
        {"poisson_log_rate", {800}, INF},
        {"tweedie_log_mean", {800, 1.75}, 7.2259737681257492582e86},
        {"tweedie_log_mean", {-800, 1.75}, 1.3838965267367375306e-87},
        {"negative_binomial_log_mean", {400, 3}, 3},
        {"negative_binomial_log_mean", {800, 3}, 3},
        {"negative_binomial_log_mean", {-400, 3}, 1.915169596714005695e-174},
        {"negative_binomial_log_mean", {-800, 3}, 0},
        {"negative_binomial_log_mean", {0, 1}, 0.5},
    };
    static const struct fact_edge second[] = {
        {"binomial_logits", {8, 700}, 8 * 9.8596765437597708567e-305},
        {"binomial_logits", {8, -700}, 8 * 9.8596765437597708567e-305},
        {"binomial_logits", {8, 800}, 0},
        {"binomial_logits", {8, -800}, 0},
        {"beta_mean_precision", {0.3, 1e15}, 5.0000000000000062698e-31},
        {"beta_mean_precision", {0.5, 1e8}, 5.00000005e-17},
        {"beta_mean_precision", {0.25, 2}, 0.18931730849219813191},
    };
    HOLD(DIST_FISHER, first);
    HOLD(DIST_FISHER + 1, second);
}

Test(dist_facts, variance_far_out) {
    static const struct fact_edge edges[] = {
        {"lognormal", {-1000, 30}, 1.3838965267367375306e-87}, /* e^-200 */
        {"lognormal", {500, 0x1p-600}, 1.14416091096035449835e73},
        {"lognormal", {0, 1}, 4.6707742704716049919},
        /* two values of Gamma that all but cancel */
        {"weibull", {19.9, 2}, 0.014699185533586827364},
        {"weibull", {20.1, 1.671875}, 0.010079703923780026825},
        {"weibull", {8.0625, 1.671875}, 0.053822885379455168913},
        {"weibull", {4.03125, 1}, 0.063814056269592373514},
        {"weibull", {3.9, 1}, 0.067496073094136886249},
        {"weibull", {2, 3}, 1.9314165294229652135},
        {"weibull", {0.75, 1}, 2.5945792431908962531},
        {"weibull", {1e4, 1}, 1.6445038762822376407e-8},
        {"weibull", {1e15, 1}, 1.6449340668482221334e-30},
        {"weibull", {0x1p600, 0x1p700}, 2.6433071323160761619e60},
    };
    HOLD(DIST_VARIANCE, edges);
}

/* Small whole parameters: the lowest k from which the next count is no more likely, by the ratio of
 * the two in whole numbers. */
static void hold_small_mode(const char *kernel, double a, double b, double c, double want) {
    double x[DIST_INPUTS] = {a, b, c}, facts[DIST_FACTS];
    const struct dist_model *m = dist_find(kernel);
    int has[DIST_FACTS];
    x[dist_inputs(m) - 1] = 0;
    dist_facts(m, NLL_F64, 1, x, facts, has);
    cr_expect(facts[DIST_MODE] == want, "mode of %s(%g, %.17g, %g): got %g, not %g", kernel, a, b,
              c, facts[DIST_MODE], want);
}

Test(dist_facts, modes_of_small_parameters) {
    hold_small_mode("beta_binomial", 24, 8, 19, 6);
    hold_small_mode("binomial_probs", 4, 0.2, 0, 1); /* the double 0.2 is above 1/5 */
    int most = gen_quick() ? 13 : 25;
    for (int n = 1; n < most; n++)
        for (int a = 1; a < most; a++)
            for (int b = 1; b < most; b++) {
                int k = 0;
                while (k < n && (n - k) * (k + a) > (k + 1) * (n - k - 1 + b)) k++;
                hold_small_mode("beta_binomial", n, a, b, k);
            }
    for (int n = 1; n < 64; n++)
        for (int i = 1; i < 64; i++) {
            double p = i / 64.0, q = i / 65.0;
            int k = 0, j = 0; /* products of 53 and 6 bits: exact */
            while (k + 1 < (n + 1) * (long double)p) k++;
            while (j + 1 < (n + 1) * (long double)q) j++;
            hold_small_mode("binomial_probs", n, p, 0, k);
            hold_small_mode("binomial_probs", n, q, 0, j);
        }
    for (int m = 1; m < 64; m++)
        for (int r = 1; r < 64; r++) {
            int k = 0;
            while ((k + r) * m > (k + 1) * (r + m)) k++;
            hold_small_mode("negative_binomial_mean", m, r, 0, k);
        }
}
