/* functions.h: element-wise functions.  Included by nll.h.
 *
 * y_i = f(x_i) for i < n.  x: NLL_F32, NLL_F64, NLL_F16 or NLL_BF16, any stride; y: any of these,
 * may be x itself.  Computed in double if x is NLL_F64, else in float, and rounded once more if y
 * is narrower.  Same bits on every ISA.  Every bound is the largest error over all inputs in units
 * in the last place of the compute type (float / double), tested exhaustively for float.
 * Subnormal results are rounded once, as IEEE 754 asks.
 * Status: NLL_E_NULL, _SHAPE (fewer than n elements), _DTYPE, _STRIDE, _ALIAS, _UNSUPPORTED. */

/* e^x.  0.87 / 1 ULP. */
nll_status nll_vexp(size_t n, nll_view x, nll_out y);
/* Natural logarithm; log(+-0) = -inf, x < 0 gives NaN.  0.75 / 1 ULP. */
nll_status nll_vlog(size_t n, nll_view x, nll_out y);
/* log(1 + x); x = -1 gives -inf, x < -1 NaN.  0.51 / 1.25 ULP. */
nll_status nll_vlog1p(size_t n, nll_view x, nll_out y);
/* e^x - 1.  0.51 / 1.25 ULP. */
nll_status nll_vexpm1(size_t n, nll_view x, nll_out y);
/* log(1 + e^x), accurate in both tails.  0.51 / 1.5 ULP. */
nll_status nll_vsoftplus(size_t n, nll_view x, nll_out y);
/* 1 / (1 + e^-x), accurate in both tails.  0.51 / 2 ULP. */
nll_status nll_vsigmoid(size_t n, nll_view x, nll_out y);
/* log |Gamma(x)|, from SLEEF's deterministic functions.  1.5 ULP for x > 0; for x < 0 the larger of
 * 1.5 ULP and 1e-8 absolute.  Non-positive integers give +inf.  On the scalar path it needs a CPU
 * with fused multiply-add, else NLL_E_UNSUPPORTED. */
nll_status nll_vlgamma(size_t n, nll_view x, nll_out y);
