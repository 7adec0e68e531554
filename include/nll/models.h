/* models.h: the models.  Included by nll.h.  One function per model; one fused call gives the
 * values, the gradients and the side outputs asked for.
 *
 * Argument structs begin with struct_size (set it to sizeof of the struct) and may grow at the end;
 * all-zero members mean defaults.  Whole call:
 *
 *     nll_result r = { .struct_size = sizeof r };
 *     nll_status s = nll_categorical(&(nll_categorical_args){
 *         .struct_size = sizeof(nll_categorical_args),
 *         .logits = nll_view_2d(x, NLL_F32, n, c), .target = nll_view_1d(y, NLL_I64, n) }, &r);
 *
 * A call with rows = 0 checks all options and tells result->compute.  `result` may be NULL.  Status
 * codes common to all: NLL_E_NULL, _SHAPE, _STRIDE, _DTYPE, _VALUE, _ALIAS, _OVERFLOW, _MEMORY,
 * _EMPTY, and _DOMAIN if checking is on.
 *
 * Gradient outputs take the same shape as their input, in NLL_F32, NLL_F64, NLL_F16 or NLL_BF16,
 * rounded once from the compute type; the gradient of an input may be that input's array itself
 * (same address, dtype and strides), and overlaps nothing otherwise.  Per-row float outputs take
 * NLL_F32 or NLL_F64. */

/* Categorical: class probabilities per row; multiclass cross entropy.
 *
 * Exactly one of logits, log_probs, probs [rows, cols], and exactly one of target (class indices
 * [rows], any integer type) and target_probs [rows, cols] (any real type, >= 0).
 *
 *   logits      z = softcap(x) / temperature, softcap(x) = C tanh(x / C)
 *               nll_c = lse(z) - z_c,   lse(z) = log sum_j exp z_j
 *   log_probs   nll_c = -lp_c                        probs   nll_c = -log p_c
 *
 * Row value l_i, for target y, smoothing e, class weights v (all 1 when absent):
 *   index, e = 0    nll_y                                  row weight w = v_y * sample_weight
 *   index, e > 0    (1 - e) v_y nll_y + (e / cols) sum_c v_c nll_c     row value weight
 *                   sample_weight, in the divisor v_y * sample_weight (PyTorch's rule)
 *   soft q          sum_c v_c ((1 - e) q_c + e / cols) nll_c           w = sample_weight
 *   z_loss L        adds L lse^2 to the row value, v_y L lse^2 with smoothing (logits only)
 *
 * Gradients are with respect to the array given: logits x (through softcap and temperature),
 * log-probs or probs; entry y of softmax - onehot is computed as -S'/S, S' the sum without y, so a
 * confident row keeps its relative accuracy.  d/d target_probs_c = v_c (1 - e) nll_c.
 *
 * Edges: a logit of -inf masks its class: probability 0, gradient 0, NLL +inf if it is the target.
 * A row all -inf, with a +inf logit or a NaN: NaN.  0 * log 0 = 0.  Ignored rows are not read:
 * value 0, gradient 0, lse 0, p_target 0, mode -1; target_probs excludes ignore_index.
 * probs used by the value and outside [0, 1]: NaN; target_probs < 0: +inf with NaN gradients.
 * Labels are checked before anything is written: NLL_E_LABEL and result->bad_row.
 *
 * Accuracy (relative, u = 2^-24 float, 2^-53 double): value, gradient and p_target 34u float, 40u
 * double, whatever the probability of the target; lse that much absolute and 2u relative.  Rounding
 * z adds max|z| u for temperature and softcap in float and for temperature in double, 4 max|z| u
 * for softcap in double. */
typedef struct nll_categorical_args {
    size_t struct_size;
    nll_view logits, log_probs, probs;
    nll_view target, target_probs;
    nll_view class_weight; /* [cols], >= 0 */
    int64_t ignore_index;  /* used if has_ignore_index is not 0 */
    int has_ignore_index;
    int count_correct;      /* not 0: fill result->correct */
    double label_smoothing; /* [0, 1] */
    double z_loss;          /* >= 0 */
    double temperature;     /* > 0; 0 means 1 */
    double softcap;         /* > 0; 0 means none */
    nll_common common;
    nll_out nll;               /* [rows] l_i */
    nll_out grad;              /* [rows, cols] */
    nll_out grad_target_probs; /* [rows, cols] */
    nll_out lse;               /* [rows]; logits only */
    nll_out mode;     /* [rows] NLL_I64: arg max, lowest index wins; -1 if a row has none */
    nll_out p_target; /* [rows] probability of the target; index targets only */
} nll_categorical_args;
nll_status nll_categorical(const nll_categorical_args *args, nll_result *result);

/* Bernoulli: y in [0, 1] (soft labels allowed), one of logits z and probs p = P(y = 1).
 *
 *   y' = y (1 - e) + e / 2 with label smoothing e;  pos_weight W multiplies the positive term
 *   logits   l = W y' log(1 + exp(-z)) + (1 - y') log(1 + exp z)
 *   probs    l = -W y' log p - (1 - y') log(1 - p)
 * Gradient with respect to the array given.  The tails are exact: y = 1, z = 40 gives -exp(-40).
 *
 * Edges: 0 log 0 = 0; p = 0 on y > 0, or p = 1 on y < 1: +inf.  p outside [0, 1]: NaN.
 * y outside [0, 1]: value +inf, gradient NaN.  mode: 1 where P(y = 1) > 1/2, else 0. */
typedef struct nll_bernoulli_args {
    size_t struct_size;
    size_t rows;
    nll_view logits, probs; /* [rows] or a number */
    nll_view target;        /* [rows], any real, integer or bool type */
    nll_view pos_weight;    /* [rows] or a number, >= 0; absent means 1 */
    double label_smoothing; /* [0, 1] */
    nll_common common;
    nll_out nll;  /* [rows] */
    nll_out grad; /* [rows] */
    nll_out mode; /* [rows] NLL_F32 or NLL_F64 */
    nll_out hess; /* [rows] second derivative, scaled as the gradient is */
    nll_out target_mean, target_variance, fisher; /* [rows] as in distributions.h, without
                                                     pos_weight and label_smoothing */
} nll_bernoulli_args;
nll_status nll_bernoulli(const nll_bernoulli_args *args, nll_result *result);

/* Gaussian: y real, mean loc, spread in at most one of four forms (absent: scale = 1).
 *
 *   scale s       l = log s + z^2 / 2 + log(2 pi) / 2,  z = (y - loc) / s
 *                 d loc = -z / s            d s = (1 - z^2) / s
 *                 h loc = 1 / s^2           h s = (3 z^2 - 1) / s^2
 *   var v         l = (log v + (y - loc)^2 / v + log 2 pi) / 2
 *                 d loc = -(y - loc) / v    d v = (1 - (y - loc)^2 / v) / (2 v)
 *                 h loc = 1 / v             h v = (2 (y - loc)^2 / v - 1) / (2 v^2)
 *   log_scale t   z = (y - loc) e^-t;  l = t + z^2 / 2 + log(2 pi) / 2
 *                 d loc = -z e^-t           d t = 1 - z^2
 *                 h loc = e^(-2 t)          h t = 2 z^2
 *   log_var s     z = (y - loc) e^(-s/2);  l = (s + z^2 + log 2 pi) / 2
 *                 d loc = -z e^(-s/2)       d s = (1 - z^2) / 2
 *                 h loc = e^-s              h s = z^2 / 2
 * d target = -d loc.
 *
 * Edges: scale or var <= 0 or NaN: NaN.  loc infinite or NaN: NaN.  y infinite: +inf, gradients
 * NaN.  mode: loc. */
typedef struct nll_gaussian_args {
    size_t struct_size;
    size_t rows;
    nll_view loc;                            /* [rows] or a number */
    nll_view scale, var, log_scale, log_var; /* [rows] or a number */
    nll_view target;                         /* [rows] */
    nll_common common;
    nll_out nll;                   /* [rows] */
    nll_out grad_loc;              /* [rows] */
    nll_out grad_spread;           /* [rows]: d scale, d var, d log_scale or d log_var, as given */
    nll_out mode;                  /* [rows] NLL_F32 or NLL_F64 */
    nll_out grad_target;           /* [rows] */
    nll_out hess_loc, hess_spread; /* [rows] second derivatives, scaled as gradients are */
    nll_out target_mean, target_variance, fisher_loc, fisher_spread; /* [rows] as in
                                                                        distributions.h */
} nll_gaussian_args;
nll_status nll_gaussian(const nll_gaussian_args *args, nll_result *result);
