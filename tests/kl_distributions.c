/* kl_distributions.c: KL(p||q) of two members of a family: edges, extremes, numbers and arrays,
 * gradients of reductions, errors. */
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define INF ((double)INFINITY)
#define LN2 0x1.62e42fefa39efp-1

/* One row by the library's own table. */
struct call {
    const nll_distribution *family;
    union {
        max_align_t align;
        char bytes[2560];
    } args;
    double x[4], value, grad[4];
    unsigned inputs;
};
static void open_call(struct call *c, const char *family) {
    *c = (struct call){.inputs = 0};
    const nll_distribution *d;
    for (size_t i = 0; (d = nll_kl_family_at(i)) != NULL; i++)
        if (strcmp(d->name, family) == 0) c->family = d;
    cr_assert(c->family && c->family->args_size <= sizeof c->args, "%s", family);
    *(size_t *)(void *)c->args.bytes = c->family->args_size;
    *(size_t *)(void *)(c->args.bytes + c->family->rows) = 1;
    *(nll_out *)(void *)(c->args.bytes + c->family->nll) = nll_out_1d(&c->value, NLL_F64, 1);
}
static void give(struct call *c, char side, const char *name, double x) {
    for (size_t i = 0; i < c->family->parameter_count; i++) {
        const nll_parameter *p = &c->family->parameters[i];
        if (p->name[0] != side || strcmp(p->name + 2, name) != 0) continue;
        unsigned k = c->inputs++;
        c->x[k] = x;
        *(nll_view *)(void *)(c->args.bytes + p->view) = nll_view_1d(&c->x[k], NLL_F64, 1);
        *(nll_out *)(void *)(c->args.bytes + p->grad) = nll_out_1d(&c->grad[k], NLL_F64, 1);
        return;
    }
    cr_assert_fail("%s has no %s", c->family->name, name);
}

struct two {
    double value, dp, dq;
};
static struct two two(const char *family, const char *form, double p, double q) {
    struct call c;
    open_call(&c, family);
    give(&c, 'p', form, p);
    give(&c, 'q', form, q);
    ASSERT_OK(nll_kl_family(c.family, c.args.bytes, NULL));
    return (struct two){c.value, c.grad[0], c.grad[1]};
}
static double four(const char *family, const char *first, const char *second, double p1, double p2,
                   double q1, double q2) {
    struct call c;
    open_call(&c, family);
    give(&c, 'p', first, p1);
    give(&c, 'p', second, p2);
    give(&c, 'q', first, q1);
    give(&c, 'q', second, q2);
    ASSERT_OK(nll_kl_family(c.family, c.args.bytes, NULL));
    return c.value;
}

static int close_to(double got, double want) { return fabs(got - want) <= 0x1p-48 * fabs(want); }

Test(kl_distributions, ends_of_a_probability) {
    struct two r = two("bernoulli", "probs", 0, 0.5);
    cr_expect(close_to(r.value, LN2) && r.dp == -INF && r.dq == 2, "%g %g %g", r.value, r.dp, r.dq);
    r = two("bernoulli", "probs", 1, 0.5);
    cr_expect(close_to(r.value, LN2) && r.dp == INF && r.dq == -2, "%g %g %g", r.value, r.dp, r.dq);
    const double ends[][2] = {{0.5, 0}, {0.5, 1}, {0, 1}, {1, 0}};
    for (int i = 0; i < 4; i++)
        cr_expect(two("bernoulli", "probs", ends[i][0], ends[i][1]).value == INF);
    const double same[] = {0, 1, 0.25, 0x1p-1074, 1 - 0x1p-53};
    for (int i = 0; i < 5; i++) {
        r = two("bernoulli", "probs", same[i], same[i]);
        cr_expect(r.value == 0 && r.dp == 0 && r.dq == 0, "%a: %g %g %g", same[i], r.value, r.dp,
                  r.dq);
    }
    const double outside[] = {-0x1p-1074, 1 + 0x1p-52, (double)NAN, INF};
    for (int i = 0; i < 4; i++) {
        cr_expect(isnan(two("bernoulli", "probs", outside[i], 0.5).value));
        cr_expect(isnan(two("bernoulli", "probs", 0.5, outside[i]).dq));
    }
}

Test(kl_distributions, infinite_logits_are_the_ends) {
    cr_expect(close_to(two("bernoulli", "logits", -INF, 0).value, LN2));
    cr_expect(close_to(two("bernoulli", "logits", INF, 0).value, LN2));
    cr_expect(two("bernoulli", "logits", 0, INF).value == INF);
    cr_expect(two("bernoulli", "logits", 0, -INF).value == INF);
    cr_expect(two("bernoulli", "logits", -INF, INF).value == INF);
    const double same[] = {-INF, INF, 800, -800, 0};
    for (int i = 0; i < 5; i++) {
        struct two r = two("bernoulli", "logits", same[i], same[i]);
        cr_expect(r.value == 0 && r.dp == 0 && r.dq == 0, "%g", same[i]);
    }
    /* tails: sp(q) - sp(p) less nothing to speak of */
    cr_expect(close_to(two("bernoulli", "logits", -1e6, 5).value, 5.0067153484891179));
    cr_expect(close_to(two("bernoulli", "logits", -3, 1e300).value, 0.95257412682243336 * 1e300));
    double want = 0.99330714907571513 * 1000005 - 5.0067153484891179;
    cr_expect(close_to(two("bernoulli", "logits", 5, -1e6).value, want));
    cr_expect(two("bernoulli", "logits", 700, 1500).value >= 0);
    cr_expect(two("bernoulli", "logits", 2000, 3000).value == 0);
    cr_expect(isnan(two("bernoulli", "logits", (double)NAN, 0).value));
}

Test(kl_distributions, rates_of_zero) {
    struct two r = two("poisson", "rate", 0, 3);
    cr_expect(r.value == 3 && r.dp == -INF && r.dq == 1);
    cr_expect(two("poisson", "rate", 3, 0).value == INF);
    r = two("poisson", "rate", 0, 0);
    cr_expect(r.value == 0 && r.dp == 0 && r.dq == 0);
    r = two("poisson", "log_rate", -INF, 0);
    cr_expect(r.value == 1 && r.dp == 0 && r.dq == 1, "%g %g %g", r.value, r.dp, r.dq);
    cr_expect(two("poisson", "log_rate", 0, -INF).value == INF);
    r = two("poisson", "log_rate", -INF, -INF);
    cr_expect(r.value == 0 && r.dp == 0 && r.dq == 0);
    cr_expect(isnan(two("poisson", "rate", -1, 1).value) &&
              isnan(two("poisson", "rate", 1, INF).dp));
    const double rates[][2] = {{INF, INF}, {INF, 3}, {3, INF}};
    for (int i = 0; i < 3; i++)
        cr_expect(isnan(two("poisson", "log_rate", rates[i][0], rates[i][1]).value));
    cr_expect(isnan(two("exponential", "rate", 0, 1).value));
    cr_expect(isnan(two("exponential", "rate", 1, 0).value));
    cr_expect(isnan(two("exponential", "log_rate", -INF, 0).value));
}

/* Ratios beyond the range of a double, where the divergence is in it. */
Test(kl_distributions, ratios_out_of_range) {
    /* log 2^2000 - 1/2, log 2^2000 - 1, 2^1000 (2000 log 2 - 1) */
    cr_expect(
        close_to(four("gaussian", "loc", "scale", 0, 0x1p-1000, 0, 0x1p1000), 2000 * LN2 - 0.5));
    cr_expect(
        close_to(four("gaussian", "loc", "var", 0, 0x1p-1000, 0, 0x1p1000), 1000 * LN2 - 0.5));
    cr_expect(close_to(four("laplace", "loc", "scale", 0, 0x1p-1000, 0, 0x1p1000), 2000 * LN2 - 1));
    cr_expect(close_to(two("exponential", "rate", 0x1p1000, 0x1p-1000).value, 2000 * LN2 - 1));
    cr_expect(two("exponential", "rate", 0x1p-1000, 0x1p1000).value == INF);
    double want = ldexp(2000 * LN2 - 1, 1000);
    cr_expect(close_to(two("poisson", "rate", 0x1p1000, 0x1p-1000).value, want));
    cr_expect(two("poisson", "rate", 0x1p-1000, 0x1p1000).value == 0x1p1000);
    cr_expect(close_to(two("poisson", "rate", 0x1p-1000, 0x1p1000).dp, -2000 * LN2));
    /* shapes of 1: two exponentials */
    cr_expect(close_to(four("gamma", "concentration", "rate", 1, 0x1p1000, 1, 0x1p-1000),
                       2000 * LN2 - 1));
    cr_expect(close_to(four("gaussian", "loc", "scale", 0x1p1000, 0x1p999, 0, 0x1p999), 2));
    /* far below the range of q's exponential */
    cr_expect(close_to(four("laplace", "loc", "scale", 1, 0x1p-1074, 0, 1), 1 + 1074 * LN2 - 1));
}

/* Products and differences that leave the range of a double. */
Test(kl_distributions, products_out_of_range) {
    const double want[] = {0.15342640972002734, 0.62453126264610011};
    cr_expect(close_to(four("beta", "alpha", "beta", 1e160, 1e160, 2e160, 2e160), want[0]));
    cr_expect(close_to(four("beta", "alpha", "beta", 1e-170, 1e-170, 2e-170, 3e-170), want[1]));
    for (int i = 0; i < 2; i++) {
        double p[2], q[2], v = 0;
        for (int k = 0; k < 2; k++) {
            p[k] = i ? 1e-170 : 1e160;
            q[k] = i ? (2 + k) * 1e-170 : 2e160;
        }
        nll_kl_dirichlet_args x = {.struct_size = sizeof x,
                                   .p_concentration = nll_view_2d(p, NLL_F64, 1, 2),
                                   .q_concentration = nll_view_2d(q, NLL_F64, 1, 2),
                                   .divergence = nll_out_1d(&v, NLL_F64, 1)};
        ASSERT_OK(nll_kl_dirichlet(&x, NULL));
        cr_expect(fabs(v - want[i]) <= 1e-14, "%a", v);
    }
    cr_expect(four("laplace", "loc", "scale", 1, 1e200, 2, 1e-200) == INF);
    cr_expect(close_to(four("gaussian", "loc", "scale", 1e308, 1e308, -1e308, 1e308), 2));
    cr_expect(
        close_to(four("laplace", "loc", "scale", 1e308, 1e308, -1e308, 1e308), 1.1353352832366127));
    struct call c;
    open_call(&c, "gaussian");
    give(&c, 'p', "loc", 0);
    give(&c, 'p', "var", 0x1p340);
    give(&c, 'q', "loc", 0);
    give(&c, 'q', "var", 0x1p-760);
    ASSERT_OK(nll_kl_family(c.family, c.args.bytes, NULL));
    cr_expect(c.value == INF && c.grad[1] == 0x1p759, "%g %g", c.value, c.grad[1]);
    open_call(&c, "gamma");
    give(&c, 'p', "concentration", 0x1p-770);
    give(&c, 'p', "rate", 1);
    give(&c, 'q', "concentration", 0x1p700);
    give(&c, 'q', "rate", 1);
    ASSERT_OK(nll_kl_family(c.family, c.args.bytes, NULL));
    cr_expect(c.grad[2] == 0x1p770, "%g", c.grad[2]);
}

/* A beta or Dirichlet of two classes, and a gamma of shape 1, are what other families are. */
Test(kl_distributions, families_agree) {
    for (int i = 1; i <= 64; i++) {
        double a = i / 8.0, b = 3 + i * i / 64.0, c = 5 - i / 16.0, d = 0.25 + i / 4.0;
        double p[] = {a, b}, q[] = {c, d}, beta = four("beta", "alpha", "beta", a, b, c, d), v = 0;
        nll_kl_dirichlet_args x = {.struct_size = sizeof x,
                                   .p_concentration = nll_view_2d(p, NLL_F64, 1, 2),
                                   .q_concentration = nll_view_2d(q, NLL_F64, 1, 2),
                                   .divergence = nll_out_1d(&v, NLL_F64, 1)};
        ASSERT_OK(nll_kl_dirichlet(&x, NULL));
        cr_expect(fabs(v - beta) <= 0x1p-46 * (beta + 1), "%a %a", v, beta);
        double e = two("exponential", "rate", a, b).value;
        cr_expect(close_to(four("gamma", "concentration", "rate", 1, a, 1, b), e));
        double g = four("gaussian", "loc", "scale", a, b, c, d);
        cr_expect(close_to(four("gaussian", "loc", "var", a, b * b, c, d * d), g));
        double l = 0;
        for (int k = 0; k < 2; k++) l += two("poisson", "rate", p[k], q[k]).value;
        double s = two("poisson", "rate", a + b, c + d).value;
        double m = two("bernoulli", "probs", a / (a + b), c / (c + d)).value;
        cr_expect(fabs(l - (s + (a + b) * m)) <= 0x1p-46 * l, "chain rule: %a %a", l, s);
    }
}

/* Equal parameters: 0 and gradients of 0, in float too and with p as a number. */
Test(kl_distributions, equal_is_zero) {
    const nll_distribution *d;
    for (size_t f = 0; (d = nll_kl_family_at(f)) != NULL; f++) {
        char *args = calloc(1, d->args_size);
        float x[8], value[8], grad[8][8];
        for (int i = 0; i < 8; i++) x[i] = 0.0625f + (float)(i * i) / 64;
        cr_assert_not_null(args);
        *(size_t *)(void *)args = d->args_size;
        *(size_t *)(void *)(args + d->rows) = 8;
        *(nll_out *)(void *)(args + d->nll) = nll_out_1d(value, NLL_F32, 8);
        unsigned seen = 0, n = 0;
        for (size_t k = 0; k < d->parameter_count; k++) {
            const nll_parameter *p = &d->parameters[k];
            if (seen >> p->place & 1) continue;
            seen |= 1u << p->place;
            *(nll_view *)(void *)(args + p->view) = nll_view_1d(x, NLL_F32, 8);
            *(nll_out *)(void *)(args + p->grad) = nll_out_1d(grad[n++], NLL_F32, 8);
        }
        nll_result r = {.struct_size = sizeof r};
        ASSERT_OK(nll_kl_family(d, args, &r));
        for (int i = 0; i < 8; i++) {
            cr_expect(value[i] == 0, "%s: %g", d->name, (double)value[i]);
            for (unsigned k = 0; k < n; k++)
                cr_expect(grad[k][i] == 0, "%s: %g", d->name, (double)grad[k][i]);
        }
        cr_expect(r.sum == 0 && r.compute == NLL_F32 && r.nonfinite == 0);
        free(args);
    }
}

/* Weights, divisor, upstream gradient; numbers; a gradient in place of its parameter. */
Test(kl_distributions, reductions_and_numbers) {
    double p[] = {1, 2, 4, 8}, w[] = {1, 0, 2, 0.5}, up[] = {1, 5, -1, 2}, value[4], dp[4];
    double weighted = 0;
    nll_kl_exponential_args a = {.struct_size = sizeof a,
                                 .rows = 4,
                                 .p_rate = nll_view_1d(p, NLL_F64, 4),
                                 .q_rate = nll_number(3),
                                 .divergence = nll_out_1d(value, NLL_F64, 4),
                                 .grad_p_rate = nll_out_1d(dp, NLL_F64, 4),
                                 .common = {.sample_weight = nll_view_1d(w, NLL_F64, 4),
                                            .grad_output = nll_view_1d(up, NLL_F64, 4)}};
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_kl_exponential(&a, &r));
    for (int i = 0; i < 4; i++) {
        struct two one = two("exponential", "rate", p[i], 3);
        cr_expect(same_bits(one.value, value[i]));
        weighted += w[i] * one.value;
        cr_expect(fabs(dp[i] - one.dp * w[i] * up[i] / 3.5) <= 0x1p-50 * fabs(dp[i]), "%d", i);
    }
    cr_expect(close_to(r.sum, weighted) && close_to(r.mean, weighted / 3.5) && r.weight_sum == 3.5);
    a.grad_p_rate = nll_out_1d(p, NLL_F64, 4);
    ASSERT_OK(nll_kl_exponential(&a, &r));
    cr_expect(memcmp(p, dp, sizeof p) == 0);
}

Test(kl_distributions, errors) {
    double x[] = {1, 2, 0.5}, y[3] = {0}, bad[] = {1, -1, 2}, zero[] = {1, 0, 0};
    nll_view v = nll_view_1d(x, NLL_F64, 3);
    nll_kl_gaussian_args g = {.struct_size = sizeof g, .rows = 3, .p_loc = v, .q_loc = v};
    EXPECT_STATUS(NLL_E_NULL, nll_kl_gaussian(NULL, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_kl_gaussian(&g, NULL));
    g.p_scale = g.q_var = v; /* two forms */
    EXPECT_STATUS(NLL_E_VALUE, nll_kl_gaussian(&g, NULL));
    g.q_scale = v; /* and both of q */
    EXPECT_STATUS(NLL_E_VALUE, nll_kl_gaussian(&g, NULL));
    g.q_var = (nll_view){0};
    ASSERT_OK(nll_kl_gaussian(&g, NULL));
    g.grad_p_var = nll_out_1d(y, NLL_F64, 3); /* not the form given */
    EXPECT_STATUS(NLL_E_VALUE, nll_kl_gaussian(&g, NULL));
    g.grad_p_var = (nll_out){0};
    g.p_scale = nll_view_1d(x, NLL_F64, 2);
    EXPECT_STATUS(NLL_E_SHAPE, nll_kl_gaussian(&g, NULL));
    g.p_scale = nll_view_1d(bad, NLL_F64, 3);
    g.common.check_domain = 1;
    g.divergence = nll_out_1d(y, NLL_F64, 3);
    nll_result r = {.struct_size = sizeof r};
    EXPECT_STATUS(NLL_E_DOMAIN, nll_kl_gaussian(&g, &r));
    cr_expect(r.bad_row == 1 && y[0] == 0);
    /* what q leaves out of p's support */
    nll_kl_poisson_args p = {.struct_size = sizeof p,
                             .rows = 3,
                             .p_rate = nll_view_1d(zero, NLL_F64, 3),
                             .q_rate = nll_number(0),
                             .common.check_domain = 1};
    EXPECT_STATUS(NLL_E_DOMAIN, nll_kl_poisson(&p, &r));
    cr_expect(r.bad_row == 0);
    p.p_rate = nll_number(0);
    ASSERT_OK(nll_kl_poisson(&p, &r));
    EXPECT_STATUS(NLL_E_NULL, nll_kl_family(NULL, &p, NULL));
}

Test(kl_distributions, dirichlet_edges) {
    double p[] = {1, 2, 0, 1, 3, 4}, q[] = {2, 1, 1, 1, 3, 4}, value[3], dp[6], dq[6];
    nll_kl_dirichlet_args a = {.struct_size = sizeof a,
                               .p_concentration = nll_view_2d(p, NLL_F64, 3, 2),
                               .q_concentration = nll_view_2d(q, NLL_F64, 3, 2),
                               .divergence = nll_out_1d(value, NLL_F64, 3),
                               .grad_p_concentration = nll_out_2d(dp, NLL_F64, 3, 2),
                               .grad_q_concentration = nll_out_2d(dq, NLL_F64, 3, 2)};
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_kl_dirichlet(&a, &r));
    /* B(2, 1) = B(1, 2), psi(2) - psi(1) = 1 */
    cr_expect(close_to(value[0], 1), "%a", value[0]);
    cr_expect(isnan(value[1]) && r.nonfinite == 1);
    cr_expect(value[2] == 0 && dp[4] == 0 && dp[5] == 0 && dq[4] == 0 && dq[5] == 0);
    a.common.check_domain = 1;
    EXPECT_STATUS(NLL_E_DOMAIN, nll_kl_dirichlet(&a, &r));
    cr_expect(r.bad_row == 1);
    a.q_concentration = nll_view_2d(q, NLL_F64, 2, 3);
    EXPECT_STATUS(NLL_E_SHAPE, nll_kl_dirichlet(&a, &r));
    a.p_concentration = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_kl_dirichlet(&a, &r));
}
