/* fit.h: maximum likelihood.  Included by nll.h.
 *
 * nll_fit finds the parameters theta, one number each for all rows, that minimise
 *
 *   L(theta) = sum_i w_i l(y_i; theta)   in nats,
 *
 * l the loss of the model as nll_score, nll_gaussian and nll_bernoulli have it, w_i the weights,
 * for bernoulli, gaussian and every distribution of nll_distribution_at.  It goes over the data in
 * blocks, through the fused kernels in double; no array of the size of the data is made.
 *
 *   method       Newton's method in unconstrained coordinates: log of what is positive, log-odds of
 *                probabilities.  The diagonal of the Hessian is that of the kernels; what lies
 *                beside it is exact for gamma, inverse_gamma, gaussian and lognormal, else a
 *                difference of gradients.  A step that would raise L, or a Hessian that is not
 *                positive definite, is damped after Levenberg and Marquardt.
 *   starts       are moments or quantiles, and the maximum itself where it has a closed form:
 *                bernoulli, binomial, geometric, poisson, tweedie, exponential, gaussian,
 *                half_normal, lognormal, laplace, pareto, zero_inflated_poisson (by one equation),
 *                and the mean of negative_binomial.
 *   convergence  sqrt(g' H^-1 g) <= tolerance: the next Newton step, in standard errors.  Or where
 *                no step lowers L beyond its rounding any more and the next would be below 1e-4:
 *                gradient_norm tells.
 *   errors       the inverse of the observed information, the Hessian of L at the estimates, with
 *                the mixed derivatives above or central differences.  Of laplace the Fisher
 *                information, as its Hessian is 0 in loc.  NaN for the scale of pareto, the least
 *                y: the likelihood is not smooth in it.  tweedie: for dispersion 1.
 *   a maximum    is found, not proved to be the only one: the likelihoods of cauchy, student_t and
 *                zero_inflated_poisson may have several, and that of a scale may have poles.
 *
 * Weights count rows: a weight of 2 is the row written twice.  With W the sum of the weights and k
 * the number of free parameters, aic = 2 k + 2 L and bic = k log W + 2 L.  They compare models of
 * one target, all densities or all probabilities; NaN for tweedie, which is neither.
 *
 * Bits: the same on every ISA, for every executor and split. */

enum { NLL_FIT_PARAMETERS = 3 }; /* the most that a model has */

/* What was found. */
typedef enum nll_fit_outcome {
    NLL_FIT_CONVERGED = 0,
    NLL_FIT_BOUNDARY,     /* the maximum lies on the edge of the parameter's range: a rate of 0, a
                             probability of 0 or 1.  The estimates are right; no standard error */
    NLL_FIT_LIMIT,        /* the likelihood rises to a bound as the parameter goes to infinity: the
                             Poisson limit of negative_binomial, the Gaussian limit of student_t, the
                             binomial limit of beta_binomial.  The value is infinity, the others are
                             those of the limit */
    NLL_FIT_UNBOUNDED,    /* the likelihood has no bound: a scale goes to 0, a shape to infinity.
                             log_likelihood is +infinity, the parameter's value that it goes to */
    NLL_FIT_UNIDENTIFIED, /* the data tell nothing on the parameter, or do not tell two apart */
    NLL_FIT_ITERATIONS,   /* max_iterations were not enough; the estimates are the last ones */
    NLL_FIT_STALLED       /* no step lowers L, and the tolerance is not met */
} nll_fit_outcome;

/* One sentence, static storage, for any value. */
const char *nll_fit_outcome_string(nll_fit_outcome outcome);

/* What the caller says of a parameter.  Naming one of several forms ("log_rate", "mean") makes the
 * fit report that form; all not named are reported in the first form that is no log or logit. */
typedef struct nll_fit_parameter {
    const char *name;
    nll_view fixed; /* a number or [rows]: held there; absent: free */
    int has_start;  /* not 0: begin at `start` */
    double start;
} nll_fit_parameter;

typedef struct nll_fit_args {
    size_t struct_size;
    const char *model; /* "gamma" */
    size_t rows;
    nll_view target;        /* [rows], any real, integer or bool type */
    nll_view sample_weight; /* [rows] or a number, finite and >= 0; absent means 1 */
    /* total_count and power must be fixed. */
    const nll_fit_parameter *parameters;
    size_t parameter_count;
    int max_iterations;           /* 0 means 100 */
    double tolerance;             /* > 0; 0 means 1e-8 */
    const nll_executor *executor; /* NULL: run on the calling thread */
} nll_fit_args;

typedef struct nll_fit_estimate {
    const char *name;      /* static storage */
    double value;          /* of one fixed by an array: NaN */
    double standard_error; /* NaN where there is none; 0 if fixed */
    int fixed;
} nll_fit_estimate;

/* Set struct_size before the call. */
typedef struct nll_fit_result {
    size_t struct_size;
    nll_fit_outcome outcome;
    int parameter; /* index of the estimate that the outcome is about, -1: of none, or several */
    int converged; /* not 0: the estimates are the maximum: CONVERGED, BOUNDARY or LIMIT */
    int parameter_count, free_count;
    nll_fit_estimate estimate[NLL_FIT_PARAMETERS];
    double covariance[NLL_FIT_PARAMETERS][NLL_FIT_PARAMETERS]; /* of the estimates */
    double log_likelihood;                                     /* -L, in nats */
    double aic, bic;                                           /* see above; NaN for tweedie */
    double gradient_norm; /* sqrt(g' H^-1 g) at the estimates, in standard errors */
    uint64_t rows;        /* rows given */
    uint64_t count;       /* those of weight other than 0 */
    double weight_sum;
    int iterations;  /* Newton steps */
    int passes;      /* times that the data were gone over for L and its derivatives */
    int64_t bad_row; /* of NLL_E_DOMAIN: the first row outside the support, or of a bad weight */
} nll_fit_result;

/* NLL_OK also where no maximum exists: see outcome.  NLL_E_VALUE: no such model or parameter, forms
 * that exclude each other, a fixed or starting value outside its domain, total_count or power
 * missing.  NLL_E_DOMAIN: a target outside the support, a fixed value of a row outside its domain,
 * a weight below 0 or not finite.  NLL_E_EMPTY: no row of weight other than 0.
 * NLL_E_UNSUPPORTED: the loc of laplace with a scale fixed by rows.  Also NLL_E_NULL,
 * _SHAPE, _DTYPE, _MEMORY, _OVERFLOW as for models.
 *
 * result on an error: of NLL_E_DOMAIN, NLL_E_EMPTY and NLL_E_MEMORY it has rows, count, weight_sum
 * and bad_row (-1: no row is at fault), parameter -1, and 0 elsewhere, converged too; on any other
 * it is not written.  It may be NULL. */
nll_status nll_fit(const nll_fit_args *args, nll_fit_result *result);
/* Can the model of that name be fitted?  Its parameters, in every form that may be named, or NULL;
 * *count becomes their number.  Static storage. */
const nll_parameter *nll_fit_parameters(const char *model, size_t *count);
