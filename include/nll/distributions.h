/* distributions.h: element-wise distributions.  Included by nll.h.  Those of counts: counts.h.
 *
 * All work alike.  Parameters and target are arrays [rows] of any real or integer type, or numbers;
 * names joined by | are two forms of one parameter, of which exactly one is given.  One fused call
 * gives what is asked for:
 *
 *   nll            l, the full negative log density or log probability of the target
 *   grad_X         d l / d X;  grad_target: d l / d y, where the target is real
 *   hess_X         d^2 l / d X^2, the diagonal of the observed Hessian
 *   mode           the most likely value: the lowest where several are equally so
 *   target_mean, target_variance    of the distribution; infinite or NaN where the integral is
 *   fisher_X       E hess_X, the diagonal of the Fisher information of one observation; where a
 *                  distribution has no such member there is no closed form
 *
 * Derivatives are those of the reduction: they carry sample_weight, divisor and grad_output, and a
 * grad_X may take the place of the array X.  Mode, moments and information belong to the
 * parameters of the row and carry no weight.  A derivative asked for in the form that is not given
 * is NLL_E_VALUE.
 *
 * Edges.  A parameter outside its domain: NaN.  A target outside the support: +inf, derivatives
 * NaN.  0 log 0 = 0.  In the log and logit forms -inf and +inf stand for the ends of the range.
 *
 * Accuracy.  Float arrays are computed in double and rounded once.  Largest errors in units in the
 * last place, relative to the value or to the sum of the magnitudes of the formula's terms: see
 * kernels/kernels.def and docs/numerics.md.  The loss of counts (binomial in probs, negative
 * binomial in mean, beta-binomial) is within 16 u (u = 2^-53) of itself in double; that of gamma,
 * inverse gamma and beta within 16 u of its terms, of which the logarithm of the density's height
 * alone can be below 0: beside a density of 1 the loss crosses 0 and no digit of it is promised.
 *
 * In the formulas: sp(z) = log(1 + e^z), z = (y - loc) / scale unless said otherwise. */

/* Log-normal: log y is Gaussian; z = (log y - loc) / scale.
 *   l = log y + log scale + z^2 / 2 + log(2 pi) / 2     d loc = -z / scale
 *   d scale = (1 - z^2) / scale     d target = (1 + z / scale) / y
 *   h loc = 1 / scale^2     h scale = (3 z^2 - 1) / scale^2 */
typedef struct nll_lognormal_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: > 0 */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_loc, grad_scale, grad_target;  /* [rows] */
    nll_out hess_loc, hess_scale;               /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;           /* [rows] NLL_F32 or NLL_F64 */
} nll_lognormal_args;
nll_status nll_lognormal(const nll_lognormal_args *args, nll_result *result);

/* Half-normal: |x| of a Gaussian x around 0; z = y / scale.
 *   l = log scale + z^2 / 2 + log(pi / 2) / 2     d scale = (1 - z^2) / scale
 *   d target = z / scale     h scale = (3 z^2 - 1) / scale^2 */
typedef struct nll_half_normal_args {
    size_t struct_size;
    size_t rows;
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: >= 0 */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_scale, grad_target;            /* [rows] */
    nll_out hess_scale;                         /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_scale;                       /* [rows] NLL_F32 or NLL_F64 */
} nll_half_normal_args;
nll_status nll_half_normal(const nll_half_normal_args *args, nll_result *result);

/* Laplace (double exponential).
 *   l = log(2 scale) + |z|     d loc = -sign(z) / scale, 0 at z = 0     d scale = (1 - |z|) / scale
 *   h loc = 0     h scale = (2 |z| - 1) / scale^2     d target = -d loc */
typedef struct nll_laplace_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_loc, grad_scale, grad_target;  /* [rows] */
    nll_out hess_loc, hess_scale;               /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;           /* [rows] NLL_F32 or NLL_F64 */
} nll_laplace_args;
nll_status nll_laplace(const nll_laplace_args *args, nll_result *result);

/* Cauchy.
 *   l = log(pi scale (1 + z^2))     d loc = -2 z / (scale (1 + z^2))     d target = -d loc
 *   d scale = (1 - z^2) / (scale (1 + z^2))
 *   h loc = 2 (1 - z^2) / (scale (1 + z^2))^2     h scale = 1 / scale^2 - h loc
 * target_mean and target_variance are NaN: the integrals do not exist. */
typedef struct nll_cauchy_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_loc, grad_scale, grad_target;  /* [rows] */
    nll_out hess_loc, hess_scale;               /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;           /* [rows] NLL_F32 or NLL_F64 */
} nll_cauchy_args;
nll_status nll_cauchy(const nll_cauchy_args *args, nll_result *result);

/* Logistic.
 *   l = log scale + |z| + 2 sp(-|z|)     d loc = -tanh(z / 2) / scale     d target = -d loc
 *   d scale = (1 - z tanh(z / 2)) / scale     with b = 2 e^-|z| / (1 + e^-|z|)^2:
 *   h loc = b / scale^2     h scale = (2 z tanh(z / 2) + z^2 b - 1) / scale^2 */
typedef struct nll_logistic_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_loc, grad_scale, grad_target;  /* [rows] */
    nll_out hess_loc, hess_scale;               /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;           /* [rows] NLL_F32 or NLL_F64 */
} nll_logistic_args;
nll_status nll_logistic(const nll_logistic_args *args, nll_result *result);

/* Gumbel (of maxima).
 *   l = log scale + z + e^-z     d loc = -(1 - e^-z) / scale     d target = -d loc
 *   d scale = (1 - z (1 - e^-z)) / scale     h loc = e^-z / scale^2
 *   h scale = (2 z (1 - e^-z) + z^2 e^-z - 1) / scale^2 */
typedef struct nll_gumbel_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                /* [rows] */
    nll_out grad_loc, grad_scale, grad_target;  /* [rows] */
    nll_out hess_loc, hess_scale;               /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;           /* [rows] NLL_F32 or NLL_F64 */
} nll_gumbel_args;
nll_status nll_gumbel(const nll_gumbel_args *args, nll_result *result);

/* Student's t with df = n degrees of freedom.
 *   l = (n + 1) / 2 log(1 + z^2 / n) + log scale + log(n pi) / 2 + lgamma(n / 2) - lgamma((n + 1) /
 * 2) d loc = -(n + 1) z / (scale (n + z^2))     d scale = n (1 - z^2) / (scale (n + z^2)) d target
 * = -d loc df towards infinity is the Gaussian, met smoothly.  target_mean is NaN for n <= 1,
 * target_variance for n <= 1, and infinite for 1 < n <= 2. */
typedef struct nll_student_t_args {
    size_t struct_size;
    size_t rows;
    nll_view df;     /* [rows] or a number: > 0 */
    nll_view loc;    /* [rows] or a number: real */
    nll_view scale;  /* [rows] or a number: > 0 */
    nll_view target; /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                        /* [rows] */
    nll_out grad_df, grad_loc, grad_scale, grad_target; /* [rows] */
    nll_out hess_df, hess_loc, hess_scale;              /* [rows] */
    nll_out mode, target_mean, target_variance;         /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_scale;                   /* [rows] NLL_F32 or NLL_F64 */
} nll_student_t_args;
nll_status nll_student_t(const nll_student_t_args *args, nll_result *result);

/* Exponential: waiting times.
 *   l = rate y - log rate     d rate = y - 1 / rate     d target = rate     h rate = 1 / rate^2
 *   log_rate t:  l = y e^t - t     d t = y e^t - 1     h t = y e^t */
typedef struct nll_exponential_args {
    size_t struct_size;
    size_t rows;
    nll_view rate, log_rate; /* [rows] or a number: > 0 | its logarithm */
    nll_view target;         /* [rows] or a number: >= 0 */
    nll_common common;
    nll_out nll;                                   /* [rows] */
    nll_out grad_rate, grad_log_rate, grad_target; /* [rows] */
    nll_out hess_rate, hess_log_rate;              /* [rows] */
    nll_out mode, target_mean, target_variance;    /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_rate, fisher_log_rate;          /* [rows] NLL_F32 or NLL_F64 */
} nll_exponential_args;
nll_status nll_exponential(const nll_exponential_args *args, nll_result *result);

/* Gamma, a = concentration, b = rate.
 *   l = lgamma(a) - a log b - (a - 1) log y + b y     d a = psi(a) - log(b y)     d b = y - a / b
 *   d target = b - (a - 1) / y     h a = psi1(a)     h b = a / b^2 */
typedef struct nll_gamma_args {
    size_t struct_size;
    size_t rows;
    nll_view concentration; /* [rows] or a number: > 0 */
    nll_view rate;          /* [rows] or a number: > 0 */
    nll_view target;        /* [rows] or a number: > 0 */
    nll_common common;
    nll_out nll;                                        /* [rows] */
    nll_out grad_concentration, grad_rate, grad_target; /* [rows] */
    nll_out hess_concentration, hess_rate;              /* [rows] */
    nll_out mode, target_mean, target_variance;         /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_concentration, fisher_rate;          /* [rows] NLL_F32 or NLL_F64 */
} nll_gamma_args;
nll_status nll_gamma(const nll_gamma_args *args, nll_result *result);

/* Inverse gamma: 1 / y is gamma; a = concentration, b = scale.
 *   l = lgamma(a) - a log b + (a + 1) log y + b / y     d a = psi(a) - log(b / y)
 *   d b = 1 / y - a / b     d target = (a + 1) / y - b / y^2     h a = psi1(a)     h b = a / b^2 */
typedef struct nll_inverse_gamma_args {
    size_t struct_size;
    size_t rows;
    nll_view concentration; /* [rows] or a number: > 0 */
    nll_view scale;         /* [rows] or a number: > 0 */
    nll_view target;        /* [rows] or a number: > 0 */
    nll_common common;
    nll_out nll;                                         /* [rows] */
    nll_out grad_concentration, grad_scale, grad_target; /* [rows] */
    nll_out hess_concentration, hess_scale;              /* [rows] */
    nll_out mode, target_mean, target_variance;          /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_concentration, fisher_scale;          /* [rows] NLL_F32 or NLL_F64 */
} nll_inverse_gamma_args;
nll_status nll_inverse_gamma(const nll_inverse_gamma_args *args, nll_result *result);

/* Weibull, k = concentration, s = scale, w = log(y / s), u = e^(k w).
 *   l = log y - log k - k w + u     d k = w (u - 1) - 1 / k     d s = -(k / s) (u - 1)
 *   d target = (1 + k (u - 1)) / y     h k = 1 / k^2 + w^2 u     h s = (k / s^2) (u - 1 + k u) */
typedef struct nll_weibull_args {
    size_t struct_size;
    size_t rows;
    nll_view concentration; /* [rows] or a number: > 0 */
    nll_view scale;         /* [rows] or a number: > 0 */
    nll_view target;        /* [rows] or a number: > 0 */
    nll_common common;
    nll_out nll;                                         /* [rows] */
    nll_out grad_concentration, grad_scale, grad_target; /* [rows] */
    nll_out hess_concentration, hess_scale;              /* [rows] */
    nll_out mode, target_mean, target_variance;          /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_concentration, fisher_scale;          /* [rows] NLL_F32 or NLL_F64 */
} nll_weibull_args;
nll_status nll_weibull(const nll_weibull_args *args, nll_result *result);

/* Pareto, a = concentration, m = scale, w = log(y / m).
 *   l = log y - log a + a w     d a = w - 1 / a     d m = -a / m     d target = (a + 1) / y
 *   h a = 1 / a^2     h m = a / m^2
 * There is no fisher_scale: the support depends on the scale. */
typedef struct nll_pareto_args {
    size_t struct_size;
    size_t rows;
    nll_view concentration; /* [rows] or a number: > 0 */
    nll_view scale;         /* [rows] or a number: > 0 */
    nll_view target;        /* [rows] or a number: >= scale */
    nll_common common;
    nll_out nll;                                         /* [rows] */
    nll_out grad_concentration, grad_scale, grad_target; /* [rows] */
    nll_out hess_concentration, hess_scale;              /* [rows] */
    nll_out mode, target_mean, target_variance;          /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_concentration;                        /* [rows] NLL_F32 or NLL_F64 */
} nll_pareto_args;
nll_status nll_pareto(const nll_pareto_args *args, nll_result *result);

/* Beta, by alpha = a and beta = b, or by mean = u and precision = f: a = u f, b = (1 - u) f.
 *   l = log B(a, b) - (a - 1) log y - (b - 1) log(1 - y)     s = a + b
 *   d a = psi(a) - psi(s) - log y                       d b = psi(b) - psi(s) - log(1 - y)
 *   h a = psi1(a) - psi1(s)                             d u = f (d a - d b)
 *   d f = u d a + (1 - u) d b                           h u = f^2 (psi1(a) + psi1(b))
 *   h f = u^2 psi1(a) + (1 - u)^2 psi1(b) - psi1(f)
 * At y = 0: -inf, -log b, +inf for a < 1, a = 1, a > 1; at y = 1 likewise with a and b exchanged.
 * mode of two shapes below 1 is 0, one of the two ends. */
typedef struct nll_beta_args {
    size_t struct_size;
    size_t rows;
    nll_view alpha, beta; /* [rows] or a number: > 0 */
    nll_view mean;        /* [rows] or a number: in (0, 1) */
    nll_view precision;   /* [rows] or a number: > 0 */
    nll_view target;      /* [rows] or a number: in [0, 1] */
    nll_common common;
    nll_out nll;                                                           /* [rows] */
    nll_out grad_alpha, grad_beta, grad_mean, grad_precision, grad_target; /* [rows] */
    nll_out hess_alpha, hess_beta, hess_mean, hess_precision;              /* [rows] */
    nll_out mode, target_mean, target_variance; /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_alpha, fisher_beta, fisher_mean,
        fisher_precision; /* [rows] NLL_F32 or NLL_F64 */
} nll_beta_args;
nll_status nll_beta(const nll_beta_args *args, nll_result *result);

/* Von Mises on the circle; d = y - loc, k = concentration, I0 and I1 Bessel functions.
 *   l = 2 k sin^2(d / 2) + log(2 pi) + log(I0(k) e^-k)     d loc = -k sin d     d target = k sin d
 *   d k = 2 sin^2(d / 2) - (1 - I1 / I0)     h loc = k cos d     h k = (I1 / I0)'
 * target_variance is the circular one, 1 - I1 / I0.  Angles are resolved up to |d| of 2^50. */
typedef struct nll_von_mises_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;           /* [rows] or a number: real, an angle in radians */
    nll_view concentration; /* [rows] or a number: >= 0 */
    nll_view target;        /* [rows] or a number: real */
    nll_common common;
    nll_out nll;                                       /* [rows] */
    nll_out grad_loc, grad_concentration, grad_target; /* [rows] */
    nll_out hess_loc, hess_concentration;              /* [rows] */
    nll_out mode, target_mean, target_variance;        /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_loc, fisher_concentration;          /* [rows] NLL_F32 or NLL_F64 */
} nll_von_mises_args;
nll_status nll_von_mises(const nll_von_mises_args *args, nll_result *result);

/* Tweedie, variance mean^p, p = power: half the unit deviance without its terms of y alone; not a
 * density.
 *   l = mean^(2-p) / (2-p) + y mean^(1-p) / (p-1)     d mean = (mean - y) mean^-p
 *   h mean = mean^-p + p (y - mean) mean^(-p-1)     d target = mean^(1-p) / (p-1)
 *   log_mean t:  d t = e^((2-p) t) - y e^((1-p) t)     h t = (2-p) e^((2-p) t) + (p-1) y e^((1-p)
 * t) There is no mode.  target_variance is that at dispersion 1. */
typedef struct nll_tweedie_args {
    size_t struct_size;
    size_t rows;
    nll_view mean, log_mean; /* [rows] or a number: > 0 | its logarithm */
    nll_view power;          /* [rows] or a number: in (1, 2); has no derivatives */
    nll_view target;         /* [rows] or a number: >= 0 */
    nll_common common;
    nll_out nll;                                   /* [rows] */
    nll_out grad_mean, grad_log_mean, grad_target; /* [rows] */
    nll_out hess_mean, hess_log_mean;              /* [rows] */
    nll_out target_mean, target_variance;          /* [rows] NLL_F32 or NLL_F64 */
    nll_out fisher_mean, fisher_log_mean;          /* [rows] NLL_F32 or NLL_F64 */
} nll_tweedie_args;
nll_status nll_tweedie(const nll_tweedie_args *args, nll_result *result);

/* These distributions, counts among them, as data, for programs that offer all of them. */

/* Values that a parameter or target may have. */
typedef enum nll_domain {
    NLL_REAL = 0,       /* finite */
    NLL_POSITIVE,       /* finite, > 0 */
    NLL_NONNEGATIVE,    /* finite, >= 0 */
    NLL_UNIT,           /* [0, 1] */
    NLL_OPEN_UNIT,      /* (0, 1) */
    NLL_LOG,            /* the logarithm of a positive number: not NaN */
    NLL_LOGIT,          /* the log-odds of a probability: not NaN */
    NLL_POWER,          /* (1, 2) */
    NLL_COUNT,          /* an integer >= 0 */
    NLL_COUNT_TO_TOTAL, /* an integer from 0 to the first parameter */
    NLL_FROM_SCALE      /* finite, >= the second parameter */
} nll_domain;

/* One form of a parameter.  Offsets are those of members of the argument struct; 0: there is none.
 */
typedef struct nll_parameter {
    const char *name;  /* of the nll_view: "log_rate" */
    const char *about; /* a few words */
    unsigned place;    /* forms with the same place are alternatives */
    nll_domain domain;
    size_t view, grad, hess, fisher;
} nll_parameter;

typedef struct nll_distribution {
    const char *name;  /* "poisson" */
    const char *about; /* a few words on what y is */
    const nll_parameter *parameters;
    size_t parameter_count;
    nll_domain target_domain;
    size_t args_size; /* of the argument struct */
    size_t rows, target, common, nll, grad_target, mode, mean, variance; /* offsets as above */
} nll_distribution;

/* The i-th distribution, NULL past the end.  Static storage. */
const nll_distribution *nll_distribution_at(size_t i);
/* The function of that distribution, by its table row: args points to its argument struct. */
nll_status nll_score(const nll_distribution *distribution, const void *args, nll_result *result);
