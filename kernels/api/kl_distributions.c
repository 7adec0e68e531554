/* kl_distributions.c: THE table of families that have a divergence, one row each, the public
 * function of each row, and a call of any of them by the offsets of its members. */
#include "distribution.h"

#include "args.h"

#include <math.h>

enum {
    FORMS = 4,       /* of a parameter, at most */
    ARGS_MOST = 2560 /* bytes of the largest argument struct */
};

/* Places: p's parameters, then q's, in the order of the kernel's inputs. */
typedef struct kl_family {
    nll_distribution info;
    enum nll_kernel kernel[FORMS]; /* by the form of the parameter that has several */
} kl_family;

#define MEMBER(family, name) offsetof(nll_kl_##family##_args, name)
#define ONE(family, place, name, domain, about)                                         \
    {                                                                                   \
#name, about, place, domain, MEMBER(family, name), MEMBER(family, grad_##name), \
            .hess = 0, .fisher = 0                                                      \
    }
/* A parameter of p at its place, and that of q `places` further. */
#define PAIR(family, places, place, name, domain, about) \
    ONE(family, place, p_##name, domain, "p: " about),   \
        ONE(family, (place) + (places), q_##name, domain, "q: " about)

static const nll_parameter gaussian_parameters[] = {
    PAIR(gaussian, 2, 0, loc, NLL_REAL, "mean"),
    PAIR(gaussian, 2, 1, scale, NLL_POSITIVE, "standard deviation"),
    PAIR(gaussian, 2, 1, var, NLL_POSITIVE, "variance"),
    PAIR(gaussian, 2, 1, log_scale, NLL_REAL, "logarithm of the standard deviation"),
    PAIR(gaussian, 2, 1, log_var, NLL_REAL, "logarithm of the variance"),
};
static const nll_parameter laplace_parameters[] = {
    PAIR(laplace, 2, 0, loc, NLL_REAL, "location"),
    PAIR(laplace, 2, 1, scale, NLL_POSITIVE, "scale"),
};
static const nll_parameter bernoulli_parameters[] = {
    PAIR(bernoulli, 1, 0, logits, NLL_LOGIT, "log-odds of y = 1"),
    PAIR(bernoulli, 1, 0, probs, NLL_UNIT, "probability of y = 1"),
};
static const nll_parameter poisson_parameters[] = {
    PAIR(poisson, 1, 0, rate, NLL_NONNEGATIVE, "mean"),
    PAIR(poisson, 1, 0, log_rate, NLL_LOG, "logarithm of the mean"),
};
static const nll_parameter exponential_parameters[] = {
    PAIR(exponential, 1, 0, rate, NLL_POSITIVE, "events per unit of y"),
    PAIR(exponential, 1, 0, log_rate, NLL_REAL, "logarithm of the rate"),
};
static const nll_parameter gamma_parameters[] = {
    PAIR(gamma, 2, 0, concentration, NLL_POSITIVE, "shape"),
    PAIR(gamma, 2, 1, rate, NLL_POSITIVE, "rate"),
};
static const nll_parameter beta_parameters[] = {
    PAIR(beta, 2, 0, alpha, NLL_POSITIVE, "first shape"),
    PAIR(beta, 2, 1, beta, NLL_POSITIVE, "second shape"),
};

#define FAMILIES(each)                                                                    \
    each(gaussian) each(bernoulli) each(poisson) each(exponential) each(gamma) each(beta) \
        each(laplace)
#define ROW(family) ROW_##family,
enum { FAMILIES(ROW) ROWS };

#define INFO(family)                                                                              \
    .name = #family, .about = "two " #family " distributions", .parameters = family##_parameters, \
    .parameter_count = sizeof family##_parameters / sizeof *family##_parameters,                  \
    .args_size = sizeof(nll_kl_##family##_args), .rows = MEMBER(family, rows),                    \
    .common = MEMBER(family, common), .nll = MEMBER(family, divergence)
#define K(id) NLL_K_kl_##id

/* clang-format off */
static const kl_family families[ROWS] = {
    [ROW_gaussian] = {{INFO(gaussian)}, {K(gaussian_scale), K(gaussian_var), K(gaussian_log_scale),
                                         K(gaussian_log_var)}},
    [ROW_bernoulli] = {{INFO(bernoulli)}, {K(bernoulli_logits), K(bernoulli_probs)}},
    [ROW_poisson] = {{INFO(poisson)}, {K(poisson_rate), K(poisson_log_rate)}},
    [ROW_exponential] = {{INFO(exponential)}, {K(exponential_rate), K(exponential_log_rate)}},
    [ROW_gamma] = {{INFO(gamma)}, {K(gamma)}},
    [ROW_beta] = {{INFO(beta)}, {K(beta)}},
    [ROW_laplace] = {{INFO(laplace)}, {K(laplace)}},
};
/* clang-format on */

/* Does q leave something out at x that p has? */
static int is_end(nll_domain domain, double x) {
    return (domain == NLL_NONNEGATIVE && x == 0) || (domain == NLL_UNIT && (x == 0 || x == 1)) ||
           ((domain == NLL_LOG || domain == NLL_LOGIT) && fabs(x) == INFINITY);
}

static int bad(const void *model, const double in[]) {
    const nll_forms *d = model;
    unsigned half = d->places / 2;
    for (unsigned k = 0; k < d->places; k++)
        if (!nll_within(d->given[k]->domain, in[k], in)) return 1;
    for (unsigned k = half; k < d->places; k++)
        if (is_end(d->given[k]->domain, in[k]) && in[k] != in[k - half]) return 1;
    return 0;
}

static void *at(void *args, size_t offset) { return (char *)args + offset; }

/* The same form for p and q. */
static void choose(nll_checker *c, const nll_distribution *info, void *args, nll_forms *d) {
    nll_choose_forms(c, info, args, d);
    for (unsigned k = 0; k < d->places / 2; k++)
        nll_check_that(c, d->form[k] == d->form[k + d->places / 2], NLL_E_VALUE);
}

nll_status nll_kl_family(const nll_distribution *family, const void *args, nll_result *result) {
    _Alignas(max_align_t) char a[ARGS_MOST];
    if (!family || family->args_size > sizeof a) return NLL_E_NULL;
    if (!nll_args_copy(a, args, family->args_size)) return NLL_E_NULL;
    const kl_family *row = (const kl_family *)(const void *)family;
    nll_forms d = {.places = 0};
    nll_checker c = {0};
    choose(&c, family, a, &d);
    if (c.status != NLL_OK) return c.status;
    size_t rows = *(size_t *)at(a, family->rows);
    nll_map_call call = {.kernel = row->kernel[d.form[d.places / 2 - 1]],
                         .rows = rows,
                         .inputs = d.places,
                         .nll = at(a, family->nll),
                         .common = at(a, family->common),
                         .bad = bad,
                         .model = &d};
    for (unsigned k = 0; k < d.places; k++) {
        call.in[k] = at(a, d.given[k]->view);
        call.out[k].to = at(a, d.given[k]->grad);
        call.out[k].alias = (int)k + 1;
        nll_check_in(&c, call.in[k], rows, 1, NLL_REALS_OR_NUMBER, 1, (int)k + 1);
    }
    return nll_map_run(&c, &call, result);
}

const nll_distribution *nll_kl_family_at(size_t i) { return i < ROWS ? &families[i].info : NULL; }

#define FUNCTION(family)                                                                 \
    nll_status nll_kl_##family(const nll_kl_##family##_args *args, nll_result *result) { \
        return nll_kl_family(&families[ROW_##family].info, args, result);                \
    }
FAMILIES(FUNCTION)
