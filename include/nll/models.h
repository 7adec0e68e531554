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
 * Sparse targets: target_index [rows, k] names k classes per row and target_probs, or
 * target_log_probs, their probabilities q_i: mixes of two labels, the largest k of a teacher.  A
 * class named twice has the sum.  With Q = sum_i q_i, the tail says what becomes of 1 - Q:
 *   ERROR        NLL_E_DOMAIN and bad_row, before any write, unless Q is 1 within 32 roundoffs of
 *                the type of the probabilities; value and gradients as for soft q
 *   RENORMALISE  as for soft q / Q; Q = 0: NaN.  d/d q_i = (nll_i - sum_j (q_j / Q) nll_j) / Q
 *   BUCKET       sum_i q_i nll_i + max(0, 1 - Q) (-log(1 - P)), P the sum of the model's
 *                probabilities of the listed classes; Q above 1: as ERROR.
 *                d/d q_i = nll_i + log(1 - P)
 * BUCKET takes logits only, and NLL_E_VALUE refuses it with class weights and label smoothing: its
 * last term is about an event of many classes, whose weights say nothing of how much the event
 * weighs, and smoothing may spread over the classes, which the list leaves undivided, or over the
 * events by their numbers of classes: the two losses differ, and no data tells which is meant.
 *
 * An unused entry names any class with probability 0 (log-probability -inf).  The gradient with
 * respect to target_log_probs is q_i d/d q_i.
 *
 * Gradients are with respect to the array given: logits x (through softcap and temperature),
 * log-probs or probs; entry y of softmax - onehot is computed as -S'/S, S' the sum without y, so a
 * confident row keeps its relative accuracy.  d/d target_probs_c = v_c (1 - e) nll_c.
 *
 * Sequences: rows offsets[i] .. offsets[i + 1] - 1 are sequence i, of which the first lengths[i]
 * hold tokens and the rest is padding.  With shift, row r is about target[r + 1], the next token,
 * so that the logits of a language model and its tokens [rows] are scored as they are; the last
 * token of a sequence has none to be about.  Rows not scored are as ignored ones, their logits and
 * targets not read, and count in result->ignored.  Logits [b, t, c] in C order are rows b * t with
 * offsets 0, t, 2 t, ...  nll_sequences makes values of sequences from nll and weight.
 *
 * Second order: hess and hvp are of the same function as grad (reduction, weights and upstream
 * gradient in it), exact, not an approximation: from logits z = f(x), with g = dl/dz and
 * B = sum of the coefficients of lse in l, plus 2 L lse for z_loss (v_y L with smoothing),
 *   H = f' (B (diag p - p p^T) + 2 L p p^T) f' + diag(f'' g)       from log_probs H = 0
 * and from probs diag(t_c / p_c^2), t_c the coefficient of nll_c.  Not with NLL_TAIL_BUCKET.  They
 * may not take the place of an input.
 *
 * Scoring outputs, which no option but softcap and temperature enters:
 *   rank        of the target, from 0: the number of classes with a larger entry in the array as
 *               given, and of those with an equal one at a lower index; -1 if mode would be, or if
 *               the target's entry is NaN.  Like mode it passes over a NaN of another class.
 *   margin      z_y - max_{c != y} z_c, the log-odds in nats of the target against the best other
 *               class; +inf if there is no other
 *   entropy     -sum_c p_c log p_c >= 0, in nats
 *   confidence  max_c p_c
 *   brier       sum_c (p_c - [c = y])^2, from 0 to 2
 * For log_probs and probs they are those of the distribution divided by its sum (z = lp, log p).
 *
 * Edges: a logit of -inf masks its class: probability 0, gradient 0, NLL +inf if it is the target.
 * A row all -inf, with a +inf logit or a NaN: NaN.  0 * log 0 = 0.  Ignored rows are not read, or
 * where classes lie apart (|col_stride| > |row_stride|, then up to 400 KiB of stack) not used:
 * value 0, gradient 0, lse 0, p_target 0, mode -1, rank -1, other scoring outputs 0; target_probs
 * excludes ignore_index.
 * probs used by the value and outside [0, 1]: NaN; target_probs < 0: +inf with NaN gradients.
 * Labels are checked before anything is written: NLL_E_LABEL and result->bad_row, the row whose
 * target it is (with shift, the label stands one further).  NLL_E_SHAPE for offsets that fall or
 * leave the rows, and lengths beyond their sequence.
 *
 * Accuracy (relative, u = 2^-24 float, 2^-53 double): value, gradient and p_target 34u float, 40u
 * double, whatever the probability of the target; gradients under BUCKET of a class not listed
 * three times that, relative to p_j (Q + P) / (1 - P); lse that much absolute and 2u relative;
 * hess 80u and 90u relative to the terms f'^2 B p (1 - p), f'^2 2 L p^2 and f'' times the terms of
 * g; hvp as much, relative to f' B p_c (|w_c - w_h| + sum_d p_d |w_d - w_h|) and the like, with w =
 * f' v and h the most likely class (|w_c| + |w_h| and so on with temperature or softcap);
 * confidence as the value, entropy 72u and 80u, brier 140u and 160u, all relative; margin 2u of the
 * larger of the two.  Rounding z adds max|z| u for temperature and softcap in float and for
 * temperature in double, 4 max|z| u for softcap in double; to the scoring outputs from probs the
 * logarithm adds as much, and to brier twice that; to hess and hvp softcap and temperature add 8
 * times. */
/* What the probability that a list of target_index lacks goes to. */
typedef enum nll_tail {
    NLL_TAIL_ERROR = 0,       /* nothing may be lacking */
    NLL_TAIL_RENORMALISE = 1, /* the listed classes, in proportion */
    NLL_TAIL_BUCKET = 2       /* the event "any class that is not listed" */
} nll_tail;

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
    /* Scoring; see above.  rank, margin, brier and top_k take index targets only. */
    size_t top_k;       /* K > 0: fill result->top_k_correct */
    nll_out rank;       /* [rows] NLL_I64 */
    nll_out margin;     /* [rows] */
    nll_out entropy;    /* [rows] */
    nll_out confidence; /* [rows] */
    nll_out brier;      /* [rows] */
    /* Sequences; see above.  Index targets only. */
    nll_view offsets; /* [sequences + 1], any integer type; absent: one sequence of all rows */
    nll_view lengths; /* [sequences], any integer type; absent: as long as they are */
    int shift;        /* not 0: a row is about the target of the next row */
    /* Sparse targets; see above.  With target_index, target_probs is [rows, k], as is its gradient,
     * which then may not take the place of it. */
    nll_view target_index;     /* [rows, k], any integer type */
    nll_view target_log_probs; /* [rows, k], any real type: in place of target_probs */
    nll_tail tail;
    /* Second order; see above. */
    nll_out hess;    /* [rows, cols] diagonal of each row's Hessian */
    nll_view vector; /* [rows, cols], finite, any real type */
    nll_out hvp;     /* [rows, cols] each row's Hessian times its row of vector */
    nll_out weight;  /* [rows] w_i of the row; 0 where it is ignored or not scored */
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
    nll_view vector;                              /* [rows] or a number, finite */
    nll_out hvp; /* [rows] second derivative times vector, scaled as the gradient is */
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
 * d target = -d loc.  Mixed second derivative c of loc and the spread, in that order: 2 z / s^2,
 * (y - loc) / v^2, 2 z e^-t, z e^(-s/2).
 *   hvp_loc = h_loc v_loc + c v_spread        hvp_spread = c v_loc + h_spread v_spread
 * within 8u (log forms 12u), u the roundoff of the compute type, relative to the sum of the terms'
 * magnitudes.
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
    /* The 2 x 2 Hessian of each row times (vector_loc, vector_spread), scaled as gradients are; an
     * absent vector is 0, but NLL_E_NULL if both are. */
    nll_view vector_loc, vector_spread; /* [rows] or a number, finite */
    nll_out hvp_loc, hvp_spread;        /* [rows] */
} nll_gaussian_args;
nll_status nll_gaussian(const nll_gaussian_args *args, nll_result *result);
