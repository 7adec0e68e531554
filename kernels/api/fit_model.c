/* fit_model.c: which models can be fitted, and by which kernel in the forms asked for. */
#include "check.h"
#include "fit.h"

#include <math.h>
#include <string.h>

/* gaussian and bernoulli are no rows of distributions.c; here they look as if they were. */
#define AT(model, name) offsetof(nll_##model##_args, name)
static const nll_parameter gaussian_parameters[] = {
    {"loc", "mean", 0, NLL_REAL, AT(gaussian, loc), AT(gaussian, grad_loc), AT(gaussian, hess_loc),
     AT(gaussian, fisher_loc)},
    {"scale", "standard deviation", 1, NLL_POSITIVE, AT(gaussian, scale), AT(gaussian, grad_spread),
     AT(gaussian, hess_spread), AT(gaussian, fisher_spread)},
    {"var", "variance", 1, NLL_POSITIVE, AT(gaussian, var), AT(gaussian, grad_spread),
     AT(gaussian, hess_spread), AT(gaussian, fisher_spread)},
};
static const nll_parameter bernoulli_parameters[] = {
    {"logits", "log-odds of 1", 0, NLL_LOGIT, AT(bernoulli, logits), AT(bernoulli, grad),
     AT(bernoulli, hess), AT(bernoulli, fisher)},
    {"probs", "probability of 1", 0, NLL_UNIT, AT(bernoulli, probs), AT(bernoulli, grad),
     AT(bernoulli, hess), AT(bernoulli, fisher)},
};
static const nll_family_row gaussian_row = {
    {.name = "gaussian",
     .about = "a normal distribution",
     .parameters = gaussian_parameters,
     .parameter_count = 3,
     .target_domain = NLL_REAL,
     .grad_target = AT(gaussian, grad_target)},
    .kernel = {NLL_K_gaussian_scale, 0, NLL_K_gaussian_var}};
static const nll_family_row bernoulli_row = {
    {.name = "bernoulli",
     .about = "y in [0, 1]",
     .parameters = bernoulli_parameters,
     .parameter_count = 2,
     .target_domain = NLL_UNIT},
    .kernel = {NLL_K_bernoulli_logits, NLL_K_bernoulli_probs}};

static const nll_family_row *find(const char *name) {
    if (!name) return NULL;
    if (!strcmp(name, "gaussian")) return &gaussian_row;
    if (!strcmp(name, "bernoulli")) return &bernoulli_row;
    for (size_t i = 0; i < nll_family_count; i++)
        if (!strcmp(nll_family_rows[i].info.name, name)) return &nll_family_rows[i];
    return NULL;
}

const nll_parameter *nll_fit_parameters(const char *model, size_t *count) {
    const nll_family_row *row = find(model);
    if (row && !fit_can_start(row)) row = NULL;
    if (count) *count = row ? row->info.parameter_count : 0;
    return row ? row->info.parameters : NULL;
}

static int transformed(const nll_parameter *form) {
    return form->domain == NLL_LOG || form->domain == NLL_LOGIT;
}

/* Is it the second form of its place? */
static unsigned variant_bit(const nll_distribution *info, const nll_parameter *form) {
    for (const nll_parameter *p = info->parameters; p < form; p++)
        if (p->place == form->place) return 1u << form->place;
    return 0;
}

static const nll_parameter *named(const nll_distribution *info, const char *name) {
    for (size_t i = 0; name && i < info->parameter_count; i++)
        if (!strcmp(info->parameters[i].name, name)) return &info->parameters[i];
    return NULL;
}

/* Places that nobody named: the first form that is no log or logit, in a combination that has a
 * kernel. */
static nll_status complete(fit_problem *p) {
    const nll_distribution *info = &p->row->info;
    unsigned variant = 0, named_variant = 0;
    const nll_parameter *asked[NLL_PLACES];
    memcpy(asked, p->form, sizeof asked);
    for (size_t i = 0; i < info->parameter_count; i++) {
        const nll_parameter *form = &info->parameters[i];
        const nll_parameter **at = &p->form[form->place];
        if (!*at || (!asked[form->place] && transformed(*at) && !transformed(form))) *at = form;
    }
    for (unsigned k = 0; k < p->places; k++) {
        variant |= variant_bit(info, p->form[k]);
        if (asked[k]) named_variant |= variant_bit(info, p->form[k]);
    }
    /* beta: its forms come in pairs */
    for (unsigned k = 0; k < p->places && !p->row->kernel[variant] && named_variant; k++) {
        if (asked[k]) continue;
        for (size_t i = 0; i < info->parameter_count; i++)
            if (info->parameters[i].place == k && variant_bit(info, &info->parameters[i])) {
                p->form[k] = &info->parameters[i];
                variant |= 1u << k;
            }
    }
    p->kernel = p->row->kernel[variant];
    return p->kernel ? NLL_OK : NLL_E_VALUE;
}

nll_status fit_choose(fit_problem *p, const nll_fit_args *args) {
    static const double one[NLL_PLACES] = {0, 0, 0};
    p->row = find(args->model);
    if (!p->row) return args->model ? NLL_E_VALUE : NLL_E_NULL;
    if (!fit_can_start(p->row)) return NLL_E_UNSUPPORTED;
    const nll_distribution *info = &p->row->info;
    p->ones = p->row == &bernoulli_row;
    for (size_t i = 0; i < info->parameter_count; i++)
        if (info->parameters[i].place >= p->places) p->places = info->parameters[i].place + 1;
    if (args->parameter_count && !args->parameters) return NLL_E_NULL;
    for (size_t i = 0; i < args->parameter_count; i++) {
        const nll_fit_parameter *given = &args->parameters[i];
        const nll_parameter *form = named(info, given->name);
        if (!form || p->form[form->place]) return NLL_E_VALUE;
        p->form[form->place] = form;
        p->fixed[form->place] = given->fixed;
        p->has_start[form->place] = given->has_start && !nll_view_given(&given->fixed);
        p->start[form->place] = given->start;
        if (given->fixed.dtype == NLL_NUMBER && !nll_within(form->domain, given->fixed.value, one))
            return NLL_E_VALUE;
        if (p->has_start[form->place] &&
            !(nll_within(form->domain, given->start, one) && given->start - given->start == 0))
            return NLL_E_VALUE;
    }
    nll_status status = complete(p);
    for (unsigned k = 0; k < p->places; k++)
        if (status == NLL_OK && !p->form[k]->grad && !fit_is_fixed(p, k)) status = NLL_E_VALUE;
    return status;
}

unsigned fit_free(const fit_problem *p, unsigned place[NLL_PLACES]) {
    unsigned n = 0;
    for (unsigned k = 0; k < p->places; k++)
        if (!fit_is_fixed(p, k)) place[n++] = k;
    return n;
}
