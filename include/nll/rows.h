/* rows.h: log-sum-exp, softmax and log-softmax along any axis of an array, and their vector-Jacobian
 * products.  Included by nll.h. */

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
