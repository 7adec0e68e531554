/* models.c: the table of models, see model.h. */
#include "model.h"
#include "error.h"

#include <stdio.h>
#include <string.h>

/* Columns of the tables of flags. */
#define AT(model, field) .member = offsetof(nll_##model##_args, field)
#define GRADIENT(model, field) .extra = offsetof(nll_##model##_args, field)
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
    {"logits-kld", KLD,
     "log-probabilities of llama.cpp's perplexity tool (.kld); its tokens are "
     "the target unless one is given",
     ONE_OF(1), AT(categorical, log_probs)},
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
    {"direction", CHOICE, "forward (default): KL(p||q), reverse: KL(q||p), js: Jensen-Shannon",
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

static const struct flag bernoulli_flags[] = {
    {"logits", COLUMN, "log-odds of y = 1 [n]", ONE_OF(1), AT(bernoulli, logits),
     GRADIENT(bernoulli, grad)},
    {"probs", COLUMN, "probability of y = 1 [n]", ONE_OF(1), AT(bernoulli, probs),
     GRADIENT(bernoulli, grad)},
    {"target", COLUMN, "observation y from 0 to 1 [n]", NEEDED, AT(bernoulli, target)},
    {"pos-weight", COLUMN, "weight of the positive term [n]", AT(bernoulli, pos_weight)},
    {"label-smoothing", SETTING, "E: y becomes y (1 - E) + E / 2", AT(bernoulli, label_smoothing),
     .most = 1},
};

static const struct flag gaussian_flags[] = {
    {"loc", COLUMN, "mean [n]", NEEDED, AT(gaussian, loc), GRADIENT(gaussian, grad_loc)},
    {"scale", COLUMN, "standard deviation (default 1) [n]", AT_MOST_ONE_OF(1), AT(gaussian, scale),
     GRADIENT(gaussian, grad_spread)},
    {"var", COLUMN, "variance [n]", AT_MOST_ONE_OF(1), AT(gaussian, var),
     GRADIENT(gaussian, grad_spread)},
    {"log-scale", COLUMN, "logarithm of the standard deviation [n]", AT_MOST_ONE_OF(1),
     AT(gaussian, log_scale), GRADIENT(gaussian, grad_spread)},
    {"log-var", COLUMN, "logarithm of the variance [n]", AT_MOST_ONE_OF(1), AT(gaussian, log_var),
     GRADIENT(gaussian, grad_spread)},
    {"target", COLUMN, "observation y [n]", NEEDED, AT(gaussian, target)},
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

/* What every row of the table has; most also have a mode. */
#define VALUED(model, value)                                                                 \
    .name = #model, .flags = model##_flags,                                                  \
    .flag_count = sizeof model##_flags / sizeof model##_flags[0], .call = call_##model,      \
    .args_size = sizeof(nll_##model##_args), .common = offsetof(nll_##model##_args, common), \
    .nll = offsetof(nll_##model##_args, value)
#define MODEL(model) VALUED(model, nll), .mode = offsetof(nll_##model##_args, mode)

const struct model models[] = {
    {MODEL(categorical), .about = "one of c classes per row (multiclass cross entropy)",
     .count_correct = offsetof(nll_categorical_args, count_correct), .labels_mode = true,
     .perplexity = true},
    {MODEL(bernoulli), .about = "y in [0, 1] (binary cross entropy)",
     .rows = offsetof(nll_bernoulli_args, rows)},
    {MODEL(gaussian), .about = "a normal distribution", .rows = offsetof(nll_gaussian_args, rows)},
    {VALUED(dirichlet, nll), .about = "points of the simplex"},
    {VALUED(multinomial, nll), .about = "counts of c classes per row"},
    {VALUED(kl, divergence), .about = "Kullback-Leibler or Jensen-Shannon divergence of two rows"},
};
const size_t model_count = sizeof models / sizeof models[0];

_Static_assert(sizeof categorical_flags / sizeof categorical_flags[0] <= FLAGS_MOST,
               "FLAGS_MOST is too small");

/* Models that later versions bring: named so that a script learns that it needs a newer nll. */
static const char *const later_models[] = {
    "binomial",      "geometric",     "poisson",
    "beta_binomial", "gamma",         "negative_binomial",
    "lognormal",     "half_normal",   "zero_inflated_poisson",
    "laplace",       "cauchy",        "logistic",
    "gumbel",        "student_t",     "exponential",
    "weibull",       "inverse_gamma", "pareto",
    "beta",          "von_mises",     "tweedie",
};

const struct model *model_find(const char *name, int *code) {
    struct guess guess = guess_start(name);
    for (size_t i = 0; i < model_count; i++) {
        if (strcmp(models[i].name, name) == 0) return &models[i];
        guess_offer(&guess, models[i].name);
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
