/* models.c: the table of models, see model.h. */
#include "model.h"
#include "args.h"
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

static const char *const tail_words[] = {[NLL_TAIL_ERROR] = "error",
                                         [NLL_TAIL_RENORMALISE] = "renormalise",
                                         [NLL_TAIL_BUCKET] = "bucket",
                                         NULL};
static const struct flag categorical_flags[] = {
    {"logits", MATRIX, "unnormalised log-probabilities [n, c] or [b, t, c]", ONE_OF(1),
     AT(categorical, logits), GRADIENT(categorical, grad),
     .hess = offsetof(nll_categorical_args, hess)},
    {"log-probs", MATRIX, "log-probabilities [n, c]", ONE_OF(1), AT(categorical, log_probs),
     GRADIENT(categorical, grad), .hess = offsetof(nll_categorical_args, hess)},
    {"probs", MATRIX, "probabilities [n, c]", ONE_OF(1), AT(categorical, probs),
     GRADIENT(categorical, grad), .hess = offsetof(nll_categorical_args, hess)},
    {"logits-kld", KLD,
     "log-probabilities of llama.cpp's perplexity tool (.kld); its tokens are "
     "the target unless one is given",
     ONE_OF(1), AT(categorical, log_probs)},
    {"target", LABELS, "observed class of each row, 0 to c-1 [n]", ONE_OF(2),
     AT(categorical, target)},
    {"target-probs", MATRIX, "observed distribution of each row [n, c]", ONE_OF(2),
     AT(categorical, target_probs), GRADIENT(categorical, grad_target_probs), .listed = true},
    {"target-log-probs", LIST, "their logarithms, with --target-index [n, k]", ONE_OF(2),
     AT(categorical, target_log_probs), GRADIENT(categorical, grad_target_probs)},
    {"target-index", LIST_LABELS,
     "classes that --target-probs [n, k] or --target-log-probs [n, k] are of [n, k]",
     AT(categorical, target_index)},
    {"tail", WORD, "where what they lack to 1 goes: error (default), renormalise or bucket",
     AT(categorical, tail), .arg = "RULE", .words = tail_words, .listed = true},
    {"class-weight", CLASSES, "weight of each class [c]", AT(categorical, class_weight)},
    {"ignore-index", INDEX, "rows with this target do not count", AT(categorical, ignore_index),
     GIVEN(categorical, has_ignore_index)},
    {"label-smoothing", SETTING, "share of the target spread evenly over all classes",
     AT(categorical, label_smoothing), .most = 1},
    {"z-loss", SETTING, "adds this times lse^2 to each row", AT(categorical, z_loss)},
    {"temperature", SETTING, "divides the logits", AT(categorical, temperature), .open = true},
    {"softcap", SETTING, "C: logits become C tanh(x / C)", AT(categorical, softcap), .open = true},
    {"shift", SWITCH, "row r is about the target of row r + 1 of its sequence: the next token",
     AT(categorical, shift)},
    {"lengths", TEXT, "tokens of each sequence of logits [b, t, c]; the rest is padding [b]",
     .arg = "F"},
    {"top-k", COUNT, "adds the share of rows whose target is among the K largest",
     AT(categorical, top_k)},
    {"metrics", TEXT,
     "adds means over the rows, of: brier, ece, entropy, rank, margin, confidence, lse, p_target",
     .arg = "LIST"},
    {"metrics-out", TEXT, "<metric>.npy for each of --metrics: its value of each row",
     .arg = "DIR"},
};

static const char *const directions[] = {
    [NLL_FORWARD] = "forward", [NLL_REVERSE] = "reverse", [NLL_JS] = "js", NULL};
static const struct flag kl_flags[] = {
    {"p-logits", MATRIX, "p: unnormalised log-probabilities [n, c]", ONE_OF(1), AT(kl, p_logits),
     GRADIENT(kl, grad_p)},
    {"p-log-probs", MATRIX, "p: log-probabilities [n, c]", ONE_OF(1), AT(kl, p_log_probs),
     GRADIENT(kl, grad_p)},
    {"p-probs", MATRIX, "p: probabilities [n, c]", ONE_OF(1), AT(kl, p_probs),
     GRADIENT(kl, grad_p)},
    {"p-kld", KLD, "p: log-probabilities of llama.cpp's perplexity tool (.kld)", ONE_OF(1),
     AT(kl, p_log_probs)},
    {"q-logits", MATRIX, "q: unnormalised log-probabilities [n, c]", ONE_OF(2), AT(kl, q_logits),
     GRADIENT(kl, grad_q)},
    {"q-log-probs", MATRIX, "q: log-probabilities [n, c]", ONE_OF(2), AT(kl, q_log_probs),
     GRADIENT(kl, grad_q)},
    {"q-probs", MATRIX, "q: probabilities [n, c]", ONE_OF(2), AT(kl, q_probs),
     GRADIENT(kl, grad_q)},
    {"q-kld", KLD, "q: log-probabilities of llama.cpp's perplexity tool (.kld)", ONE_OF(2),
     AT(kl, q_log_probs)},
    {"direction", WORD, "forward (default): KL(p||q), reverse: KL(q||p), js: Jensen-Shannon",
     AT(kl, direction), .words = directions, .arg = "KIND"},
};

static const struct flag multinomial_flags[] = {
    {"logits", MATRIX, "unnormalised log-probabilities [n, c]", ONE_OF(1), AT(multinomial, logits),
     GRADIENT(multinomial, grad)},
    {"probs", MATRIX, "probabilities [n, c]", ONE_OF(1), AT(multinomial, probs),
     GRADIENT(multinomial, grad)},
    {"target", MATRIX, "counts of the classes of each row [n, c]", NEEDED, AT(multinomial, target)},
};

static const struct flag dirichlet_flags[] = {
    {"concentration", MATRIX, "concentrations [n, c]", NEEDED, AT(dirichlet, concentration),
     GRADIENT(dirichlet, grad)},
    {"target", MATRIX, "points of the simplex [n, c]", NEEDED, AT(dirichlet, target),
     GRADIENT(dirichlet, grad_target)},
};

static const struct flag kl_dirichlet_flags[] = {
    {"p-concentration", MATRIX, "p: concentrations [n, c]", NEEDED,
     AT(kl_dirichlet, p_concentration), GRADIENT(kl_dirichlet, grad_p_concentration)},
    {"q-concentration", MATRIX, "q: concentrations [n, c]", NEEDED,
     AT(kl_dirichlet, q_concentration), GRADIENT(kl_dirichlet, grad_q_concentration)},
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
CALL(kl)
CALL(dirichlet)
CALL(multinomial)
CALL(kl_dirichlet)

/* What every row of the table has; most also have a mode. */
#define VALUED(model, value)                                                                 \
    .command = "score", .name = #model, .flags = model##_flags,                              \
    .flag_count = sizeof model##_flags / sizeof model##_flags[0], .call = call_##model,      \
    .args_size = sizeof(nll_##model##_args), .common = offsetof(nll_##model##_args, common), \
    .nll = offsetof(nll_##model##_args, value)
#define MODEL(model) VALUED(model, nll), .mode = offsetof(nll_##model##_args, mode)

#define MOMENTS(model)                                 \
    .mean = offsetof(nll_##model##_args, target_mean), \
    .variance = offsetof(nll_##model##_args, target_variance)

static const struct model models[] = {
    {MODEL(categorical), .about = "one of c classes per row (multiclass cross entropy)",
     .count_correct = offsetof(nll_categorical_args, count_correct), .labels_mode = true,
     .perplexity = true, .offsets = offsetof(nll_categorical_args, offsets),
     .lengths = offsetof(nll_categorical_args, lengths),
     .weight = offsetof(nll_categorical_args, weight)},
    {MODEL(bernoulli), .about = "y in [0, 1] (binary cross entropy)", MOMENTS(bernoulli),
     .rows = offsetof(nll_bernoulli_args, rows)},
    {MODEL(gaussian), .about = "a normal distribution", MOMENTS(gaussian),
     .rows = offsetof(nll_gaussian_args, rows)},
    {MODEL(dirichlet), .about = "points of the simplex", .wide_mode = true},
    {MODEL(multinomial), .about = "counts of c classes per row", .wide_mode = true},
    {VALUED(kl, divergence), .about = "Kullback-Leibler or Jensen-Shannon divergence of two rows"},
};

static const struct model kl_rows[] = {
    {.command = "kl-dist",
     .name = "dirichlet",
     .about = "two Dirichlet distributions",
     .flags = kl_dirichlet_flags,
     .flag_count = sizeof kl_dirichlet_flags / sizeof kl_dirichlet_flags[0],
     .call = call_kl_dirichlet,
     .args_size = sizeof(nll_kl_dirichlet_args),
     .common = offsetof(nll_kl_dirichlet_args, common),
     .nll = offsetof(nll_kl_dirichlet_args, divergence)},
};

const struct catalogue score_models = {"score", models, sizeof models / sizeof models[0],
                                       nll_distribution_at, nll_score};
const struct catalogue kl_models = {"kl-dist", kl_rows, sizeof kl_rows / sizeof kl_rows[0],
                                    nll_kl_family_at, nll_kl_family};

_Static_assert(sizeof categorical_flags / sizeof categorical_flags[0] <= FLAGS_MOST,
               "FLAGS_MOST is too small");

/* The row of a distribution, made from the library's table.  One program scores one model. */
static const struct model *from_distribution(const struct catalogue *c, const nll_distribution *d) {
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
        args_option_name(names[n], sizeof names[n], p->name);
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
    if (d->target) {
        snprintf(help[n], sizeof help[n], "observation y, %s [n]", values[d->target_domain]);
        flags[n] = (struct flag){.name = "target",
                                 .form = COLUMN,
                                 .help = help[n],
                                 .required = true,
                                 .member = d->target,
                                 .extra = d->grad_target};
        n++;
    }
    model = (struct model){.command = c->command,
                           .name = d->name,
                           .about = d->about,
                           .flags = flags,
                           .flag_count = n,
                           .distribution = d,
                           .call_of = c->call_of,
                           .args_size = d->args_size,
                           .common = d->common,
                           .nll = d->nll,
                           .mode = d->mode,
                           .mean = d->mean,
                           .variance = d->variance,
                           .rows = d->rows};
    return &model;
}

bool model_list(const struct catalogue *c, size_t i, const char **name, const char **about) {
    const nll_distribution *d = i < c->count ? NULL : c->at(i - c->count);
    if (i >= c->count && !d) return false;
    *name = d ? d->name : c->rows[i].name;
    *about = d ? d->about : c->rows[i].about;
    return true;
}

nll_status model_call(const struct model *model, const void *args, nll_result *result) {
    return model->call ? model->call(args, result)
                       : model->call_of(model->distribution, args, result);
}

const struct model *model_find(const struct catalogue *c, const char *name, int *code) {
    struct guess guess = guess_start(name);
    const char *known, *about;
    for (size_t i = 0; model_list(c, i, &known, &about); i++) {
        if (strcmp(known, name) == 0)
            return i < c->count ? &c->rows[i] : from_distribution(c, c->at(i - c->count));
        guess_offer(&guess, known);
    }
    const char *near = guess_result(&guess);
    *code = near ? fail(EX_USAGE, "unknown model '%s'; did you mean '%s'?", name, near)
                 : fail(EX_USAGE, "unknown model '%s'; 'nll %s --help' lists the models", name,
                        c->command);
    return NULL;
}
