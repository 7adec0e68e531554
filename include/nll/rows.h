/* rows.h: log-sum-exp, softmax and log-softmax along any axis of an array, their vector-Jacobian
 * products, and a categorical loss whose classes arrive in pieces.  Included by nll.h. */

/* Rows of classes inside an array, whichever axis holds the classes.  Class c of row (o, i) is
 * data[o * outer_stride + c * class_stride + i * inner_stride].  A C-order array of shape
 * [2, 1000, 7, 5] with the classes on axis 1 has outer 2, classes 1000, inner 35.  Strides of
 * inputs are any (0 repeats, negative walks backwards); outputs need distinct places. */
typedef struct nll_rows {
    const void *data;
    nll_dtype dtype; /* NLL_F32, NLL_F64, NLL_F16 or NLL_BF16 */
    size_t outer, classes, inner;
    ptrdiff_t outer_stride, class_stride, inner_stride;
} nll_rows;
typedef struct nll_rows_out {
    void *data;
    nll_dtype dtype;
    size_t outer, classes, inner;
    ptrdiff_t outer_stride, class_stride, inner_stride;
} nll_rows_out;

/* A C-order array of shape[0 .. axes) with its classes on `axis`; axis -1 is the last.  An axis
 * that is not there gives an absent array, which every function refuses with NLL_E_NULL; a shape
 * that does not fit the address space one that they refuse with NLL_E_OVERFLOW. */
nll_rows nll_rows_in(const void *data, nll_dtype dtype, const size_t *shape, int axes, int axis);
nll_rows_out nll_rows_to(void *data, nll_dtype dtype, const size_t *shape, int axes, int axis);

/* The functions.  x, y, g, ... have one shape; arrays of one number per row have classes = 1.
 *
 *   nll_logsumexp        y = log sum_c exp x_c                   one number per row
 *   nll_softmax          y_c = p_c = exp x_c / sum_k exp x_k
 *   nll_log_softmax      y_c = log p_c
 *   nll_logsumexp_vjp    dx_c = g p_c                            g: one number per row
 *   nll_softmax_vjp      dx_c = p_c (g_c - sum_k p_k g_k)        from the softmax p, not from x
 *   nll_log_softmax_vjp  dx_c = g_c - p_c sum_k g_k              from x: p is made anew, not from
 *                                                                a rounded log p
 * In nats.  Computed in double if x (or p) or g is double, else in float, and rounded once more
 * where the output is narrower.  y and dx may be x, p or g exactly (same address, dtype and
 * strides) and overlap nothing otherwise.  `executor` lends threads; NULL: the calling thread
 * alone.  A call allocates nothing and takes up to 320 KiB of stack.
 *
 * Bits: the same on every ISA, for every executor, and for every layout: a row has the same result
 * with its classes side by side and a stride apart.
 *
 * Edges: a class of -inf is masked: p = 0, log p = -inf.  A row all -inf: log-sum-exp -inf; softmax
 * and log-softmax NaN.  A row with +inf or NaN: NaN throughout, the log-sum-exp too.  Largest
 * elements of any magnitude are fine: [3e38, 3e38] has p = 1/2 each.  A sum of g that is not finite
 * makes its row NaN.
 *
 * Accuracy, u = 2^-24 in float and 2^-53 in double, for any number of classes:
 *   log-sum-exp   34u (double 40u) absolute and 2u relative
 *   softmax       38u (44u) relative to every p_c; where p_c is subnormal, half its last place more
 *   log-softmax   35u (42u) relative to log p_c, be it -1e-30
 *   vjp           logsumexp 40u (46u) relative; softmax 4u (40u) relative to
 *                 p_c (|g_c| + sum_k |p_k g_k|); log-softmax 40u (46u) relative to
 *                 |g_c| + p_c sum_k |g_k|
 * Status: NLL_E_NULL, _SHAPE (also no class at all), _DTYPE, _STRIDE, _ALIAS, _OVERFLOW. */
nll_status nll_logsumexp(nll_rows x, nll_rows_out y, const nll_executor *executor);
nll_status nll_softmax(nll_rows x, nll_rows_out y, const nll_executor *executor);
nll_status nll_log_softmax(nll_rows x, nll_rows_out y, const nll_executor *executor);
nll_status nll_logsumexp_vjp(nll_rows x, nll_rows g, nll_rows_out dx, const nll_executor *executor);
nll_status nll_softmax_vjp(nll_rows p, nll_rows g, nll_rows_out dx, const nll_executor *executor);
nll_status nll_log_softmax_vjp(nll_rows x, nll_rows g, nll_rows_out dx,
                               const nll_executor *executor);

/* ---- Classes in pieces: vocabulary shards, logits that do not fit in memory.
 *
 *     nll_lse_init(rows, state);
 *     for each shard, in any order, on any machine:  nll_lse_update(&shard, state);
 *     nll_lse_merge(rows, state, other);              states of other shards, in any order
 *     nll_categorical_shard(&shard, state, &result);  loss; gradient of that shard's logits
 *
 * A state is what is known of one row: 64 bytes that may be copied, sent and stored.  It holds the
 * sum over all classes seen but the target as an integer of four digits of 32 bits (with room for
 * 2^31 additions) times 2^scale.  A shard's classes are taken in blocks of 512 (256 if the logits
 * are double) from its first; the sum of a block is that of nll_categorical, rounded to double, and
 * the blocks are added without any further rounding: digits below the four are cut off each number
 * by itself.  So the state, and every bit made from it, is the same in whatever order blocks and
 * merges come, and shards cut at multiples of 512 classes give the bits of the whole row in one
 * shard. */
typedef struct nll_lse_state {
    uint64_t digit[4];   /* lowest first; not carried over into each other */
    int64_t scale;       /* a multiple of 32 */
    double maximum;      /* largest logit seen, the target's too; -inf: none */
    double target_logit; /* -inf: none seen, or masked */
    uint32_t targets;    /* shards with the row's target among their classes: 1 when complete */
    uint32_t undefined;  /* not 0: NaN, +inf or a logit above 2^40 was seen; the row is NaN */
} nll_lse_state;

/* A shard: columns 0 .. cols of `logits` are the classes first_class .. first_class + cols.  The
 * same struct serves the update and the loss; members that a call does not need are not looked at.
 */
typedef struct nll_categorical_shard_args {
    size_t struct_size;
    nll_view logits;    /* [rows, cols], f32, f64, f16 or bf16; loss: only for grad, else absent */
    size_t first_class; /* of the shard */
    size_t classes;     /* of the whole rows: labels are in [0, classes); 0: this shard is all */
    nll_view target;    /* [rows], any integer type; update: absent for the log-sum-exp alone */
    int64_t ignore_index; /* used if has_ignore_index is not 0 */
    int has_ignore_index;
    nll_common common; /* update: only the executor; check_domain is not looked at */
    nll_out nll;       /* [rows] -log p of the target */
    nll_out lse;       /* [rows] as nll_lse_finish has it */
    nll_out p_target;  /* [rows] */
    nll_out grad;      /* [rows, cols] d/d logits of the shard; may be the logits' array */
} nll_categorical_shard_args;

/* Rows of which nothing is known.  NLL_E_NULL. */
nll_status nll_lse_init(size_t rows, nll_lse_state *state);
/* Adds a shard to the states of its rows.  Ignored rows are not read.  Status: NLL_E_NULL, _SHAPE,
 * _DTYPE, _STRIDE, _OVERFLOW; NLL_E_VALUE (first_class + cols > classes); NLL_E_LABEL: then no
 * state has changed. */
nll_status nll_lse_update(const nll_categorical_shard_args *args, nll_lse_state *state);
/* into[i] becomes what it would be had it seen the shards of both.  NLL_E_NULL. */
nll_status nll_lse_merge(size_t rows, nll_lse_state *into, const nll_lse_state *from);
/* The log-sum-exp of the classes seen: 34u (double 40u) absolute and 2u relative, u of the type the
 * shards were computed in; -inf where all were, or none was seen.  lse [rows] f32 or f64. */
nll_status nll_lse_finish(size_t rows, const nll_lse_state *state, nll_out lse);
/* What nll_categorical says of the whole rows, with its bounds, totals and options: index targets,
 * no smoothing, the weights of `common`.  The target may lie in the shard or outside.  The gradient
 * is that of the reduction with respect to the shard's logits.  A row whose target was in none of
 * the shards, or in two, is NaN; so is one whose largest logit lies beyond +-2^40 (a logit below
 * -2^40 counts as masked beside others).  Ignored rows: value, lse and gradient 0. */
nll_status nll_categorical_shard(const nll_categorical_shard_args *args, const nll_lse_state *state,
                                 nll_result *result);
