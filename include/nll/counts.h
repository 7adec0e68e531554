/* counts.h: distributions of counts.  Included by nll.h.  All that distributions.h says of
 * arguments, outputs, edges and accuracy holds here. */

/* Binomial: y successes in total_count = n trials, p = P(success).
 *   l = -y log p - (n - y) log(1 - p) - log C(n, y)     d p = (n - y) / (1 - p) - y / p
 *   h p = y / p^2 + (n - y) / (1 - p)^2     logits t:  d t = n p - y     h t = n p (1 - p) */
typedef struct nll_binomial_args {
    size_t struct_size;
    size_t rows;
    nll_view total_count;   /* [rows] or a number: 0, 1, 2, ...; has no derivatives */
    nll_view logits, probs; /* [rows] or a number: log-odds of success | P(success) in [0, 1] */
    nll_view target;        /* [rows] or a number: 0 .. total_count */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_logits, grad_probs;            /* [rows] */
    nll_out hess_logits, hess_probs;            /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_logits, fisher_probs;        /* [rows] NLL_F32 or NLL_F64 */
} nll_binomial_args;
nll_status nll_binomial(const nll_binomial_args *args, nll_result *result);

/* Geometric: failures before the first success, p = P(success).
 *   l = -log p - y log(1 - p)     d p = y / (1 - p) - 1 / p     h p = y / (1 - p)^2 + 1 / p^2
 *   logits t:  l = sp(-t) + y sp(t)     d t = y p - (1 - p)     h t = (1 + y) p (1 - p) */
typedef struct nll_geometric_args {
    size_t struct_size;
    size_t rows;
    nll_view logits, probs; /* [rows] or a number: log-odds of success | P(success) in [0, 1] */
    nll_view target;        /* [rows] or a number: 0, 1, 2, ... */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_logits, grad_probs;            /* [rows] */
    nll_out hess_logits, hess_probs;            /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_logits, fisher_probs;        /* [rows] NLL_F32 or NLL_F64 */
} nll_geometric_args;
nll_status nll_geometric(const nll_geometric_args *args, nll_result *result);

/* Poisson.
 *   l = rate - y log rate + lgamma(y + 1)     d rate = 1 - y / rate     h rate = y / rate^2
 *   log_rate t:  d t = e^t - y     h t = e^t */
typedef struct nll_poisson_args {
    size_t struct_size;
    size_t rows;
    nll_view rate, log_rate; /* [rows] or a number: >= 0 | its logarithm */
    nll_view target;         /* [rows] or a number: 0, 1, 2, ... */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_rate, grad_log_rate;           /* [rows] */
    nll_out hess_rate, hess_log_rate;           /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_rate, fisher_log_rate;       /* [rows] NLL_F32 or NLL_F64 */
} nll_poisson_args;
nll_status nll_poisson(const nll_poisson_args *args, nll_result *result);

/* Negative binomial, m = mean, r = size: variance m + m^2 / r.
 *   l = (y + r) log(1 + m / r) - y log(m / r) - lgamma(y + r) + lgamma(r) + lgamma(y + 1)
 *   d m = r (m - y) / (m (r + m))     log_mean t:  d t = r (m - y) / (r + m)
 *   d r = psi(r) - psi(r + y) + log(1 + m / r) + (y - m) / (r + m)
 * r towards infinity is the Poisson distribution, met smoothly. */
typedef struct nll_negative_binomial_args {
    size_t struct_size;
    size_t rows;
    nll_view mean, log_mean; /* [rows] or a number: >= 0 | its logarithm */
    nll_view size;           /* [rows] or a number: > 0 */
    nll_view target;         /* [rows] or a number: 0, 1, 2, ... */
    nll_common common;
    nll_out nll;                                 /* [rows] */
    nll_out grad_mean, grad_log_mean, grad_size; /* [rows] */
    nll_out hess_mean, hess_log_mean, hess_size; /* [rows] */
    nll_out mode, target_mean, target_variance;  /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_mean, fisher_log_mean;        /* [rows] NLL_F32 or NLL_F64 */
} nll_negative_binomial_args;
nll_status nll_negative_binomial(const nll_negative_binomial_args *args, nll_result *result);

/* Zero-inflated Poisson: 0 with probability g = gate, else Poisson.  e = e^-rate.
 *   y = 0:  l = -log(g + (1 - g) e)     y > 0:  l = -log(1 - g) + the Poisson's
 * There is no Fisher information here. */
typedef struct nll_zero_inflated_poisson_args {
    size_t struct_size;
    size_t rows;
    nll_view gate, gate_logits; /* [rows] or a number: in [0, 1] | its log-odds */
    nll_view rate, log_rate;    /* [rows] or a number: >= 0 | its logarithm */
    nll_view target;            /* [rows] or a number: 0, 1, 2, ... */
    nll_common common;
    nll_out nll;                                                   /* [rows] */
    nll_out grad_gate, grad_gate_logits, grad_rate, grad_log_rate; /* [rows] */
    nll_out hess_gate, hess_gate_logits, hess_rate, hess_log_rate; /* [rows] */
    nll_out mode, target_mean, target_variance;                    /* [rows] NLL_F32 or NLL_F64 */
} nll_zero_inflated_poisson_args;
nll_status nll_zero_inflated_poisson(const nll_zero_inflated_poisson_args *args,
                                     nll_result *result);

/* Beta-binomial: binomial with p drawn from a beta distribution; n = total_count, s = alpha + beta.
 *   l = log B(alpha, beta) - log B(alpha + y, beta + n - y) - log C(n, y)
 *   d alpha = psi(s + n) - psi(s) - psi(alpha + y) + psi(alpha)     h alpha with psi1 likewise
 *   d beta  = psi(s + n) - psi(s) - psi(beta + n - y) + psi(beta)   h beta likewise */
typedef struct nll_beta_binomial_args {
    size_t struct_size;
    size_t rows;
    nll_view total_count; /* [rows] or a number: 0, 1, 2, ...; has no derivatives */
    nll_view alpha, beta; /* [rows] or a number: > 0 */
    nll_view target;      /* [rows] or a number: 0 .. total_count */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_alpha, grad_beta;              /* [rows] */
    nll_out hess_alpha, hess_beta;              /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
} nll_beta_binomial_args;
nll_status nll_beta_binomial(const nll_beta_binomial_args *args, nll_result *result);
