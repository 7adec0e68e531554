/* kl_distributions.h: closed-form KL(p||q) of two members of one family.  Included by nll.h.
 *
 * p is what the expectation is taken over: KL(p||q) = E_p log(p / q), in nats; exchange p and q for
 * the other direction.  Parameters are those of the models in models.h and distributions.h, with p_
 * and q_ before their names: arrays [rows] of any real or integer type, or numbers.  Names joined
 * by | are forms of one parameter: exactly one is given, the same for p and q (else NLL_E_VALUE),
 * as between two forms nearly equal parameters could not be told apart.
 *
 *   divergence       KL(p||q) >= 0 of each row
 *   grad_p_X         d KL / d p_X;  grad_q_X: d KL / d q_X.  Derivatives are those of the
 *                    reduction: they carry sample_weight, divisor and grad_output, and may take the
 *                    place of their parameter's array.  One asked for in a form that is not given
 *                    is NLL_E_VALUE.
 *
 * Edges.  A parameter outside its domain: NaN.  Equal p and q: 0, with gradients of 0.  p not
 * absolutely continuous with respect to q (a rate or probability of 0 in q alone): +inf.
 * check_domain finds both.
 *
 * Accuracy.  Values are sums of terms >= 0 made of remainders such as log(1 + t) - t, never of
 * differences of the large terms of the textbook's formula: a value keeps its relative accuracy
 * where p is nearly q, to 0.51 ULP for float arrays, which are computed in double and rounded once,
 * and 16 ULP for double ones.  Gradients are as accurate relative to the sum of the magnitudes of
 * the terms given below; those of gamma and beta by smaller terms, of which the large ones that
 * cancel for ap bq near aq bp, or for one shape far below the other, are no part
 * (docs/numerics.md). Values of beta and Dirichlet alone subtract: see there.
 *
 * Range.  Parameters above 0 in [2^-1000, 2^1000], their sums too, any finite location: no NaN, and
 * +inf or an infinite gradient only where the number, or one of the terms it is the sum of, is
 * beyond the type's range; the gradients of the Dirichlet alone may be NaN where two of their terms
 * are.  The accuracy above is tested against a reference over [2^-200, 2^200] ([2^-90, 2^90] for
 * scales), beyond by known values. */

/* Gaussian, z = (mp - mq) / sq, t = sp / sq.
 *   KL = (t^2 - 1) / 2 - log t + z^2 / 2     d p_loc = z / sq = -d q_loc
 *   d p_scale = (t^2 - 1) / sp     d q_scale = -(t^2 - 1 + z^2) / sq
 *   var:        d p_var = (t^2 - 1) / (2 vp)     d q_var = -(t^2 - 1 + z^2) / (2 vq)
 *   log_scale:  d p_log_scale = t^2 - 1     d q_log_scale = -(t^2 - 1 + z^2); log_var: half of it
 */
typedef struct nll_kl_gaussian_args {
    size_t struct_size;
    size_t rows;
    nll_view p_loc; /* [rows] or a number: real */
    nll_view p_scale, p_var, p_log_scale,
        p_log_var; /* [rows] or a number: > 0 | > 0 | real | real */
    nll_view q_loc;
    nll_view q_scale, q_var, q_log_scale, q_log_var;
    nll_common common;
    nll_out divergence;                                                             /* [rows] */
    nll_out grad_p_loc, grad_p_scale, grad_p_var, grad_p_log_scale, grad_p_log_var; /* [rows] */
    nll_out grad_q_loc, grad_q_scale, grad_q_var, grad_q_log_scale, grad_q_log_var; /* [rows] */
} nll_kl_gaussian_args;
nll_status nll_kl_gaussian(const nll_kl_gaussian_args *args, nll_result *result);

/* Laplace, t = sp / sq, a = |p_loc - q_loc| / sp.
 *   KL = t - 1 - log t + t (e^-a - 1 + a)     d p_loc = sign(p_loc - q_loc) (1 - e^-a) / sq
 *   d p_scale = (t (1 + a) e^-a - 1) / sp     d q_scale = -(t - 1 + t (e^-a - 1 + a)) / sq
 *   d q_loc = -d p_loc */
typedef struct nll_kl_laplace_args {
    size_t struct_size;
    size_t rows;
    nll_view p_loc, p_scale; /* [rows] or a number: real; > 0 */
    nll_view q_loc, q_scale;
    nll_common common;
    nll_out divergence;                                         /* [rows] */
    nll_out grad_p_loc, grad_p_scale, grad_q_loc, grad_q_scale; /* [rows] */
} nll_kl_laplace_args;
nll_status nll_kl_laplace(const nll_kl_laplace_args *args, nll_result *result);

/* Bernoulli, p and q = P(y = 1).
 *   KL = p log(p / q) + (1 - p) log((1 - p) / (1 - q))
 *   d p_probs = log(p / q) - log((1 - p) / (1 - q))     d q_probs = (q - p) / (q (1 - q))
 *   d p_logits = p (1 - p) (p_logits - q_logits)        d q_logits = q - p
 * 0 log 0 = 0; d p_probs is -inf at p = 0 < q and +inf at p = 1 > q.  Logits of -inf and +inf are
 * the ends. */
typedef struct nll_kl_bernoulli_args {
    size_t struct_size;
    size_t rows;
    nll_view p_logits, p_probs; /* [rows] or a number: log-odds | in [0, 1] */
    nll_view q_logits, q_probs;
    nll_common common;
    nll_out divergence;                                               /* [rows] */
    nll_out grad_p_logits, grad_p_probs, grad_q_logits, grad_q_probs; /* [rows] */
} nll_kl_bernoulli_args;
nll_status nll_kl_bernoulli(const nll_kl_bernoulli_args *args, nll_result *result);

/* Poisson, p and q the rates.
 *   KL = p log(p / q) + q - p     d p_rate = log(p / q)     d q_rate = 1 - p / q
 *   d p_log_rate = p log(p / q)   d q_log_rate = q - p
 * p = 0: KL = q, d p_rate = -inf.  A log_rate of -inf is the rate 0, one of +inf outside the
 * domain. */
typedef struct nll_kl_poisson_args {
    size_t struct_size;
    size_t rows;
    nll_view p_rate, p_log_rate; /* [rows] or a number: >= 0 | its logarithm */
    nll_view q_rate, q_log_rate;
    nll_common common;
    nll_out divergence;                                                 /* [rows] */
    nll_out grad_p_rate, grad_p_log_rate, grad_q_rate, grad_q_log_rate; /* [rows] */
} nll_kl_poisson_args;
nll_status nll_kl_poisson(const nll_kl_poisson_args *args, nll_result *result);

/* Exponential, p and q the rates.
 *   KL = log(p / q) + q / p - 1     d p_rate = (1 - q / p) / p     d q_rate = 1 / p - 1 / q
 *   d q_log_rate = q / p - 1 = -d p_log_rate */
typedef struct nll_kl_exponential_args {
    size_t struct_size;
    size_t rows;
    nll_view p_rate, p_log_rate; /* [rows] or a number: > 0 | its logarithm, finite */
    nll_view q_rate, q_log_rate;
    nll_common common;
    nll_out divergence;                                                 /* [rows] */
    nll_out grad_p_rate, grad_p_log_rate, grad_q_rate, grad_q_log_rate; /* [rows] */
} nll_kl_exponential_args;
nll_status nll_kl_exponential(const nll_kl_exponential_args *args, nll_result *result);

/* Gamma, a = concentration, b = rate.
 *   KL = (ap - aq) psi(ap) - lgamma(ap) + lgamma(aq) + aq log(bp / bq) + ap (bq - bp) / bp
 *   d ap = (ap - aq) psi1(ap) + (bq - bp) / bp     d aq = psi(aq) - psi(ap) + log(bp / bq)
 *   d bp = (aq - ap bq / bp) / bp                  d bq = (ap bq / bp - aq) / bq
 * Two inverse gamma distributions of the same numbers, b the scale, have the same divergence. */
typedef struct nll_kl_gamma_args {
    size_t struct_size;
    size_t rows;
    nll_view p_concentration, p_rate; /* [rows] or a number: > 0 */
    nll_view q_concentration, q_rate;
    nll_common common;
    nll_out divergence;                        /* [rows] */
    nll_out grad_p_concentration, grad_p_rate; /* [rows] */
    nll_out grad_q_concentration, grad_q_rate; /* [rows] */
} nll_kl_gamma_args;
nll_status nll_kl_gamma(const nll_kl_gamma_args *args, nll_result *result);

/* Beta, a = alpha, b = beta, s = a + b.
 *   KL = log B(aq, bq) - log B(ap, bp) + (ap - aq) psi(ap) + (bp - bq) psi(bp)
 *        - (sp - sq) psi(sp)
 *   d ap = (ap - aq) psi1(ap) - (sp - sq) psi1(sp)     d aq = psi(aq) - psi(ap) - psi(sq) + psi(sp)
 *   and b likewise.
 * Accuracy: relative to the value and phi(sq; sp) = phi(sq) - phi(sp) - (sq - sp) phi'(sp) with
 * phi(x) = lgamma(x) - x log x + x.  Where sp and sq are below 2^-30 it is relative to the value
 * alone; else phi(sq; sp) may exceed the value where one shape of p or q is far below 1 and far
 * below the other. */
typedef struct nll_kl_beta_args {
    size_t struct_size;
    size_t rows;
    nll_view p_alpha, p_beta; /* [rows] or a number: > 0 */
    nll_view q_alpha, q_beta;
    nll_common common;
    nll_out divergence;                                           /* [rows] */
    nll_out grad_p_alpha, grad_p_beta, grad_q_alpha, grad_q_beta; /* [rows] */
} nll_kl_beta_args;
nll_status nll_kl_beta(const nll_kl_beta_args *args, nll_result *result);

/* Dirichlet, a = concentrations [rows, cols], A = sum_c a_c.
 *   KL = sum_c [lgamma(aq_c) - lgamma(ap_c) + (ap_c - aq_c) psi(ap_c)]
 *        - [lgamma(Aq) - lgamma(Ap) + (Ap - Aq) psi(Ap)]
 *   d ap_c = (ap_c - aq_c) psi1(ap_c) - (Ap - Aq) psi1(Ap)
 *   d aq_c = psi(aq_c) - psi(ap_c) - psi(Aq) + psi(Ap)
 * Arrays, no numbers.  Computed in double whatever the types are.  Accuracy: relative to
 * the value and phi(Aq; Ap), see the beta, for tiny shapes too. */
typedef struct nll_kl_dirichlet_args {
    size_t struct_size;
    nll_view p_concentration; /* [rows, cols], > 0 */
    nll_view q_concentration; /* [rows, cols], > 0 */
    nll_common common;
    nll_out divergence;           /* [rows] */
    nll_out grad_p_concentration; /* [rows, cols] */
    nll_out grad_q_concentration; /* [rows, cols] */
} nll_kl_dirichlet_args;
nll_status nll_kl_dirichlet(const nll_kl_dirichlet_args *args, nll_result *result);

/* The element-wise families above as data, as nll_distribution_at gives the models: parameters
 * "p_loc", "q_loc", ..., nll the offset of divergence; there is no target.  NULL past the end. */
const nll_distribution *nll_kl_family_at(size_t i);
/* The function of that family, by its table row: args points to its argument struct. */
nll_status nll_kl_family(const nll_distribution *family, const void *args, nll_result *result);
