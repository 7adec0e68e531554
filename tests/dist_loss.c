/* dist_loss.c: the negative log-densities, as the textbooks have them, and the list of models. */
#include "dist_oracle.h"

#include <string.h>

static num half(num a) { return num_scale(a, -1); }
static num one(void) { return num_of(1); }
static num minus_1(num a) { return n_sub(a, one()); }
static num plus_1(num a) { return n_add(a, one()); }
static num log_not(num p) { return n_log1p(n_neg(p)); } /* log(1 - p) */
static num square(num a) { return n_mul(a, a); }
static num xlogy(num x, num log_y) { return n_zero(x) ? num_of(0) : n_mul(x, log_y); }
static num half_log_2pi(void) { return half(n_log(num_scale(num_pi(), 1))); }
static num z_of(num loc, num scale, num y) { return n_div(n_sub(y, loc), scale); }

static num lchoose(num n, num k) {
    num below = n_add(n_lgamma(plus_1(k)), n_lgamma(plus_1(n_sub(n, k))));
    return n_sub(n_lgamma(plus_1(n)), below);
}
static num lbeta(num a, num b) {
    return n_sub(n_add(n_lgamma(a), n_lgamma(b)), n_lgamma(n_add(a, b)));
}

/* Counts, from the logarithms of both probabilities. */
static num binomial(num n, num log_p, num log_q, num k) {
    num f = n_add(xlogy(k, log_p), xlogy(n_sub(n, k), log_q));
    return n_neg(n_add(f, lchoose(n, k)));
}
static num binomial_logits(const num *x) {
    return binomial(x[0], n_neg(n_softplus(n_neg(x[1]))), n_neg(n_softplus(x[1])), x[2]);
}
static num binomial_probs(const num *x) { return binomial(x[0], n_log(x[1]), log_not(x[1]), x[2]); }
static num geometric_logits(const num *x) {
    return n_add(n_softplus(n_neg(x[0])), n_mul(x[1], n_softplus(x[0])));
}
static num geometric_probs(const num *x) {
    return n_neg(n_add(n_log(x[0]), n_mul(x[1], log_not(x[0]))));
}

static num poisson(num rate, num log_rate, num k) {
    return n_add(n_sub(rate, xlogy(k, log_rate)), n_lgamma(plus_1(k)));
}
static num poisson_rate(const num *x) { return poisson(x[0], n_log(x[0]), x[1]); }
static num poisson_log_rate(const num *x) { return poisson(n_exp(x[0]), x[0], x[1]); }

static num negative_binomial(num m, num log_m, num r, num k) {
    num rk = n_add(r, k), f = n_mul(rk, n_log1p(n_div(m, r)));
    if (n_zero(k)) return f;
    num log_ratio = n_sub(log_m, n_log(r));
    f = n_sub(f, n_mul(k, log_ratio));
    return n_add(f, n_sub(n_lgamma(plus_1(k)), n_sub(n_lgamma(rk), n_lgamma(r))));
}
static num negative_binomial_mean(const num *x) {
    return negative_binomial(x[0], n_log(x[0]), x[1], x[2]);
}
static num negative_binomial_log_mean(const num *x) {
    return negative_binomial(n_exp(x[0]), x[0], x[1], x[2]);
}

/* p = gate, q = 1 - gate */
static num zero_inflated(num p, num q, num rate, num log_rate, num k) {
    if (n_zero(k)) return n_neg(n_log(n_add(p, n_mul(q, n_exp(n_neg(rate))))));
    return n_sub(poisson(rate, log_rate, k), n_log(q));
}
static num zip_probs_rate(const num *x) {
    return zero_inflated(x[0], n_sub(one(), x[0]), x[1], n_log(x[1]), x[2]);
}
static num zip_probs_log_rate(const num *x) {
    return zero_inflated(x[0], n_sub(one(), x[0]), n_exp(x[1]), x[1], x[2]);
}
static num gate(num z) { return n_exp(n_neg(n_softplus(n_neg(z)))); }
static num zip_logits_rate(const num *x) {
    return zero_inflated(gate(x[0]), gate(n_neg(x[0])), x[1], n_log(x[1]), x[2]);
}
static num zip_logits_log_rate(const num *x) {
    return zero_inflated(gate(x[0]), gate(n_neg(x[0])), n_exp(x[1]), x[1], x[2]);
}

static num beta_binomial(const num *x) {
    num n = x[0], a = x[1], b = x[2], k = x[3];
    num f = n_sub(lbeta(a, b), lbeta(n_add(a, k), n_add(b, n_sub(n, k))));
    return n_sub(f, lchoose(n, k));
}

/* Real observations. */
static num lognormal(const num *x) {
    num w = n_log(x[2]), z = z_of(x[0], x[1], w);
    return n_add(n_add(w, n_log(x[1])), n_add(half(square(z)), half_log_2pi()));
}
static num half_normal(const num *x) {
    num z = n_div(x[1], x[0]), c = half(n_log(half(num_pi())));
    return n_add(n_add(n_log(x[0]), half(square(z))), c);
}
static num laplace(const num *x) {
    return n_add(n_abs(z_of(x[0], x[1], x[2])), n_log(num_scale(x[1], 1)));
}
static num cauchy(const num *x) {
    return n_add(n_log(n_mul(num_pi(), x[1])), n_log1p(square(z_of(x[0], x[1], x[2]))));
}
static num logistic(const num *x) {
    num z = z_of(x[0], x[1], x[2]);
    return n_add(n_add(z, num_scale(n_softplus(n_neg(z)), 1)), n_log(x[1]));
}
static num gumbel(const num *x) {
    num z = z_of(x[0], x[1], x[2]);
    return n_add(n_add(z, n_exp(n_neg(z))), n_log(x[1]));
}
static num student_t(const num *x) {
    num nu = x[0], z = z_of(x[1], x[2], x[3]), up = half(plus_1(nu));
    num c = n_sub(n_lgamma(half(nu)), n_lgamma(up));
    c = n_add(c, n_add(half(n_log(n_mul(nu, num_pi()))), n_log(x[2])));
    return n_add(c, n_mul(up, n_log1p(n_div(square(z), nu))));
}
static num von_mises(const num *x) {
    num c = n_add(n_log(num_scale(num_pi(), 1)), n_log_i0(x[1]));
    return n_sub(c, n_mul(x[1], n_cos(n_sub(x[2], x[0]))));
}

/* Positive observations. */
static num exponential_rate(const num *x) { return n_sub(n_mul(x[0], x[1]), n_log(x[0])); }
static num exponential_log_rate(const num *x) { return n_sub(n_mul(n_exp(x[0]), x[1]), x[0]); }
static num gamma_shape(num al, num be) { return n_sub(n_lgamma(al), n_mul(al, n_log(be))); }
static num gamma_loss(const num *x) {
    num f = n_sub(n_mul(x[1], x[2]), n_mul(minus_1(x[0]), n_log(x[2])));
    return n_add(f, gamma_shape(x[0], x[1]));
}
static num inverse_gamma(const num *x) {
    num f = n_add(n_div(x[1], x[2]), n_mul(plus_1(x[0]), n_log(x[2])));
    return n_add(f, gamma_shape(x[0], x[1]));
}
static num weibull(const num *x) {
    num t = n_mul(x[0], n_log(n_div(x[2], x[1])));
    return n_add(n_sub(n_exp(t), t), n_sub(n_log(x[2]), n_log(x[0])));
}
static num pareto(const num *x) {
    num f = n_mul(x[0], n_log(n_div(x[2], x[1])));
    return n_add(f, n_sub(n_log(x[2]), n_log(x[0])));
}
static num beta(num a, num b, num y) {
    num f = n_add(n_mul(minus_1(a), n_log(y)), n_mul(minus_1(b), log_not(y)));
    return n_sub(lbeta(a, b), f);
}
static num beta_alpha_beta(const num *x) { return beta(x[0], x[1], x[2]); }
static num beta_mean_precision(const num *x) {
    return beta(n_mul(x[0], x[1]), n_mul(n_sub(one(), x[0]), x[1]), x[2]);
}
static num tweedie(num log_m, num p, num y) {
    num up = n_sub(num_of(2), p), down = n_sub(one(), p);
    num a = n_div(n_exp(n_mul(up, log_m)), up), b = n_div(n_exp(n_mul(down, log_m)), down);
    return n_sub(a, n_mul(y, b));
}
static num tweedie_mean(const num *x) { return tweedie(n_log(x[0]), x[1], x[2]); }
static num tweedie_log_mean(const num *x) { return tweedie(x[0], x[1], x[2]); }

/* Kernel, distribution, parameters; what the inputs are; the inputs with derivatives (bits), is the
 * target real. */
#define POS IN_POS
#define Y IN_TARGET
const struct dist_model dist_models[] = {
    {"binomial_logits",
     "binomial",
     {"total_count", "logits"},
     {IN_TRIALS, IN_LOGIT, Y},
     2,
     0,
     binomial_logits},
    {"binomial_probs",
     "binomial",
     {"total_count", "probs"},
     {IN_TRIALS, IN_PROB, Y},
     2,
     0,
     binomial_probs},
    {"geometric_logits", "geometric", {"logits"}, {IN_LOGIT, Y}, 1, 0, geometric_logits},
    {"geometric_probs", "geometric", {"probs"}, {IN_PROB, Y}, 1, 0, geometric_probs},
    {"poisson_rate", "poisson", {"rate"}, {POS, Y}, 1, 0, poisson_rate},
    {"poisson_log_rate", "poisson", {"log_rate"}, {IN_LOG_RATE, Y}, 1, 0, poisson_log_rate},
    {"negative_binomial_mean",
     "negative_binomial",
     {"mean", "size"},
     {POS, POS, Y},
     3,
     0,
     negative_binomial_mean},
    {"negative_binomial_log_mean",
     "negative_binomial",
     {"log_mean", "size"},
     {IN_LOG_RATE, POS, Y},
     3,
     0,
     negative_binomial_log_mean},
    {"zip_probs_rate",
     "zero_inflated_poisson",
     {"gate", "rate"},
     {IN_PROB, POS, Y},
     3,
     0,
     zip_probs_rate},
    {"zip_probs_log_rate",
     "zero_inflated_poisson",
     {"gate", "log_rate"},
     {IN_PROB, IN_LOG_RATE, Y},
     3,
     0,
     zip_probs_log_rate},
    {"zip_logits_rate",
     "zero_inflated_poisson",
     {"gate_logits", "rate"},
     {IN_LOGIT, POS, Y},
     3,
     0,
     zip_logits_rate},
    {"zip_logits_log_rate",
     "zero_inflated_poisson",
     {"gate_logits", "log_rate"},
     {IN_LOGIT, IN_LOG_RATE, Y},
     3,
     0,
     zip_logits_log_rate},
    {"beta_binomial",
     "beta_binomial",
     {"total_count", "alpha", "beta"},
     {IN_TRIALS, POS, POS, Y},
     6,
     0,
     beta_binomial},
    {"lognormal", "lognormal", {"loc", "scale"}, {IN_LOC, POS, Y}, 3, 1, lognormal},
    {"half_normal", "half_normal", {"scale"}, {POS, Y}, 1, 1, half_normal},
    {"laplace", "laplace", {"loc", "scale"}, {IN_LOC, POS, Y}, 3, 1, laplace},
    {"cauchy", "cauchy", {"loc", "scale"}, {IN_LOC, POS, Y}, 3, 1, cauchy},
    {"logistic", "logistic", {"loc", "scale"}, {IN_LOC, POS, Y}, 3, 1, logistic},
    {"gumbel", "gumbel", {"loc", "scale"}, {IN_LOC, POS, Y}, 3, 1, gumbel},
    {"student_t", "student_t", {"df", "loc", "scale"}, {POS, IN_LOC, POS, Y}, 7, 1, student_t},
    {"von_mises", "von_mises", {"loc", "concentration"}, {IN_LOC, POS, Y}, 3, 1, von_mises},
    {"exponential_rate", "exponential", {"rate"}, {POS, Y}, 1, 1, exponential_rate},
    {"exponential_log_rate",
     "exponential",
     {"log_rate"},
     {IN_LOG_RATE, Y},
     1,
     1,
     exponential_log_rate},
    {"gamma", "gamma", {"concentration", "rate"}, {POS, POS, Y}, 3, 1, gamma_loss},
    {"inverse_gamma",
     "inverse_gamma",
     {"concentration", "scale"},
     {POS, POS, Y},
     3,
     1,
     inverse_gamma},
    {"weibull", "weibull", {"concentration", "scale"}, {POS, POS, Y}, 3, 1, weibull},
    {"pareto", "pareto", {"concentration", "scale"}, {POS, POS, Y}, 3, 1, pareto},
    {"beta_alpha_beta", "beta", {"alpha", "beta"}, {POS, POS, Y}, 3, 1, beta_alpha_beta},
    {"beta_mean_precision",
     "beta",
     {"mean", "precision"},
     {IN_PROB, POS, Y},
     3,
     1,
     beta_mean_precision},
    {"tweedie_mean", "tweedie", {"mean", "power"}, {POS, IN_POWER, Y}, 1, 1, tweedie_mean},
    {"tweedie_log_mean",
     "tweedie",
     {"log_mean", "power"},
     {IN_LOG_RATE, IN_POWER, Y},
     1,
     1,
     tweedie_log_mean},
};
const size_t dist_model_count = sizeof dist_models / sizeof dist_models[0];

const struct dist_model *dist_find(const char *kernel) {
    for (size_t i = 0; i < dist_model_count; i++)
        if (!strcmp(dist_models[i].kernel, kernel)) return &dist_models[i];
    return NULL;
}
