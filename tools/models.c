/* models.c: the table of models, see model.h. */
#include "model.h"
#include "error.h"

#include <stdio.h>
#include <string.h>

/* Columns of the tables of flags. */
#define AT(model, field) .member = offsetof(nll_##model##_args, field)
#define GRADIENT(model, field) .extra = offsetof(nll_##model##_args, field)
#define CURVATURE(model, field)                        \
    .hess = offsetof(nll_##model##_args, hess##field), \
    .fisher = offsetof(nll_##model##_args, fisher##field)
#define GIVEN(model, field) .extra = offsetof(nll_##model##_args, field)
#define NEEDED .required = true
#define ONE_OF(set) .choice = set, .required = true
#define AT_MOST_ONE_OF(set) .choice = set

static const struct flag categorical_flags[] = {
    {"logits", MATRIX, "unnormalised log-probabilities [n, c]", ONE_OF(1), AT(categorical, logits),
     GRADIENT(categorical, grad)},
    {"log-probs", MATRIX, "log-probabilities [n, c]", ONE_OF(1), AT(categorical, log_probs),
     GRADIENT(categorical, grad)},
    {"probs", MATRIX, "probabilities [n, c]", ONE_OF(1), AT(categorical, probs),
     GRADIENT(categorical, grad)},
    {"target", LABELS, "observed class of each row, 0 to c-1 [n]", ONE_OF(2),
     AT(categorical, target)},
    {"target-probs", MATRIX, "observed distribution of each row [n, c]", ONE_OF(2),
     AT(categorical, target_probs), GRADIENT(categorical, grad_target_probs)},
    {"class-weight", CLASSES, "weight of each class [c]", AT(categorical, class_weight)},
    {"ignore-index", INDEX, "rows with this target do not count", AT(categorical, ignore_index),
     GIVEN(categorical, has_ignore_index)},
    {"label-smoothing", SETTING, "share of the target spread evenly over all classes",
     AT(categorical, label_smoothing), .most = 1},
    {"z-loss", SETTING, "adds this times lse^2 to each row", AT(categorical, z_loss)},
    {"temperature", SETTING, "divides the logits", AT(categorical, temperature), .open = true},
    {"softcap", SETTING, "C: logits become C tanh(x / C)", AT(categorical, softcap), .open = true},
    {"top-k", LATER, "not built in this version", .choice = 0},
};

static const struct flag bernoulli_flags[] = {
    {"logits", COLUMN, "log-odds of y = 1 [n]", ONE_OF(1), AT(bernoulli, logits),
     GRADIENT(bernoulli, grad), CURVATURE(bernoulli, )},
    {"probs", COLUMN, "probability of y = 1 [n]", ONE_OF(1), AT(bernoulli, probs),
     GRADIENT(bernoulli, grad), CURVATURE(bernoulli, )},
    {"target", COLUMN, "observation y from 0 to 1 [n]", NEEDED, AT(bernoulli, target)},
    {"pos-weight", COLUMN, "weight of the positive term [n]", AT(bernoulli, pos_weight)},
    {"label-smoothing", SETTING, "E: y becomes y (1 - E) + E / 2", AT(bernoulli, label_smoothing),
     .most = 1},
};

static const struct flag gaussian_flags[] = {
    {"loc", COLUMN, "mean [n]", NEEDED, AT(gaussian, loc), GRADIENT(gaussian, grad_loc),
     CURVATURE(gaussian, _loc)},
    {"scale", COLUMN, "standard deviation (default 1) [n]", AT_MOST_ONE_OF(1), AT(gaussian, scale),
     GRADIENT(gaussian, grad_spread), CURVATURE(gaussian, _spread)},
    {"var", COLUMN, "variance [n]", AT_MOST_ONE_OF(1), AT(gaussian, var),
     GRADIENT(gaussian, grad_spread), CURVATURE(gaussian, _spread)},
    {"log-scale", COLUMN, "logarithm of the standard deviation [n]", AT_MOST_ONE_OF(1),
     AT(gaussian, log_scale), GRADIENT(gaussian, grad_spread), CURVATURE(gaussian, _spread)},
    {"log-var", COLUMN, "logarithm of the variance [n]", AT_MOST_ONE_OF(1), AT(gaussian, log_var),
     GRADIENT(gaussian, grad_spread), CURVATURE(gaussian, _spread)},
    {"target", COLUMN, "observation y [n]", NEEDED, AT(gaussian, target),
     GRADIENT(gaussian, grad_target)},
};

/* The library's functions, all with one type. */
#define CALL(model)                                                        \
    static nll_status call_##model(const void *args, nll_result *result) { \
        return nll_##model(args, result);                                  \
    }
CALL(categorical)
CALL(bernoulli)
CALL(gaussian)

/* What every row of the table has. */
#define MODEL(model)                                                                         \
    .name = #model, .flags = model##_flags,                                                  \
    .flag_count = sizeof model##_flags / sizeof model##_flags[0], .call = call_##model,      \
    .args_size = sizeof(nll_##model##_args), .common = offsetof(nll_##model##_args, common), \
    .nll = offsetof(nll_##model##_args, nll), .mode = offsetof(nll_##model##_args, mode)

#define MOMENTS(model)                                 \
    .mean = offsetof(nll_##model##_args, target_mean), \
    .variance = offsetof(nll_##model##_args, target_variance)

static const struct model models[] = {
    {MODEL(categorical), .about = "one of c classes per row (multiclass cross entropy)",
     .count_correct = offsetof(nll_categorical_args, count_correct), .labels_mode = true,
     .perplexity = true},
    {MODEL(bernoulli), .about = "y in [0, 1] (binary cross entropy)", MOMENTS(bernoulli),
     .rows = offsetof(nll_bernoulli_args, rows)},
    {MODEL(gaussian), .about = "a normal distribution", MOMENTS(gaussian),
     .rows = offsetof(nll_gaussian_args, rows)},
};
enum { MODELS = sizeof models / sizeof models[0] };

_Static_assert(sizeof categorical_flags / sizeof categorical_flags[0] <= FLAGS_MOST,
               "FLAGS_MOST is too small");

/* Models that later versions bring: named so that a script learns that it needs a newer nll. */
static const char *const later_models[] = {
    "dirichlet",
    "multinomial",
    "kl",
};

/* The row of a distribution, made from the library's table.  One program scores one model. */
static const struct model *from_distribution(const nll_distribution *d) {
    static struct model model;
    static struct flag flags[FLAGS_MOST];
    static char names[FLAGS_MOST][40], help[FLAGS_MOST][96];
    static const char *const values[] = {
        [NLL_REAL] = "any real number",
        [NLL_POSITIVE] = "> 0",
        [NLL_NONNEGATIVE] = ">= 0",
        [NLL_UNIT] = "from 0 to 1",
        [NLL_LOG] = "any real number",
        [NLL_LOGIT] = "any real number",
        [NLL_OPEN_UNIT] = "between 0 and 1",
        [NLL_POWER] = "between 1 and 2",
        [NLL_COUNT] = "0, 1, 2, ...",
        [NLL_COUNT_TO_TOTAL] = "0, 1, ... up to the total",
        [NLL_FROM_SCALE] = "at least the scale",
    };
    size_t n = 0;
    for (; n < d->parameter_count && n + 1 < FLAGS_MOST; n++) {
        const nll_parameter *p = &d->parameters[n];
        int choice = 0;
        for (size_t k = 0; k < d->parameter_count; k++)
            if (k != n && d->parameters[k].place == p->place) choice = (int)p->place + 1;
        snprintf(names[n], sizeof names[n], "%s", p->name);
        for (char *c = names[n]; *c; c++)
            if (*c == '_') *c = '-';
        snprintf(help[n], sizeof help[n], "%s, %s [n]", p->about, values[p->domain]);
        flags[n] = (struct flag){.name = names[n],
                                 .form = COLUMN,
                                 .help = help[n],
                                 .choice = choice,
                                 .required = true,
                                 .member = p->view,
                                 .extra = p->grad,
                                 .hess = p->hess,
                                 .fisher = p->fisher};
    }
    snprintf(help[n], sizeof help[n], "observation y, %s [n]", values[d->target_domain]);
    flags[n] = (struct flag){.name = "target",
                             .form = COLUMN,
                             .help = help[n],
                             .required = true,
                             .member = d->target,
                             .extra = d->grad_target};
    model = (struct model){.name = d->name,
                           .about = d->about,
                           .flags = flags,
                           .flag_count = n + 1,
                           .distribution = d,
                           .args_size = d->args_size,
                           .common = d->common,
                           .nll = d->nll,
                           .mode = d->mode,
                           .mean = d->mean,
                           .variance = d->variance,
                           .rows = d->rows};
    return &model;
}

bool model_list(size_t i, const char **name, const char **about) {
    const nll_distribution *d = i < MODELS ? NULL : nll_distribution_at(i - MODELS);
    if (i >= MODELS && !d) return false;
    *name = d ? d->name : models[i].name;
    *about = d ? d->about : models[i].about;
    return true;
}

nll_status model_call(const struct model *model, const void *args, nll_result *result) {
    return model->call ? model->call(args, result) : nll_score(model->distribution, args, result);
}

const struct model *model_find(const char *name, int *code) {
    struct guess guess = guess_start(name);
    const char *known, *about;
    for (size_t i = 0; model_list(i, &known, &about); i++) {
        if (strcmp(known, name) == 0)
            return i < MODELS ? &models[i] : from_distribution(nll_distribution_at(i - MODELS));
        guess_offer(&guess, known);
    }
    for (size_t i = 0; i < sizeof later_models / sizeof later_models[0]; i++) {
        if (strcmp(later_models[i], name) == 0) {
            *code = fail(EX_UNAVAILABLE,
                         "model '%s' is not built in this version; "
                         "'nll score --help' lists those that are",
                         name);
            return NULL;
        }
        guess_offer(&guess, later_models[i]);
    }
    const char *near = guess_result(&guess);
    *code = near ? fail(EX_USAGE, "unknown model '%s'; did you mean '%s'?", name, near)
                 : fail(EX_USAGE, "unknown model '%s'; 'nll score --help' lists the models", name);
    return NULL;
}
