/* functions.h: element-wise functions.  Included by nll.h.
 *
 * y_i = f(x_i), or z_i = f(x_i, y_i), for i < n.  x: NLL_F32, NLL_F64, NLL_F16 or NLL_BF16, any
 * stride; y: any of these, may be x itself.  Computed in double if x is NLL_F64, else in float, and
 * rounded once more if y is narrower.  Same bits on every ISA.  Every bound is the largest error
 * over all inputs in units in the last place of the compute type (float / double), tested
 * exhaustively for float. Subnormal results are rounded once, as IEEE 754 asks. Status: NLL_E_NULL,
 * _SHAPE (fewer than n elements), _DTYPE, _STRIDE, _ALIAS, _UNSUPPORTED. */

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
/* Sine and cosine of radians, |x| <= 2^50; beyond (a double is no angle there any more) NaN.
 * 0.51 / 1.25 ULP. */
nll_status nll_vsin(size_t n, nll_view x, nll_out y);
nll_status nll_vcos(size_t n, nll_view x, nll_out y);

/* Special functions of positive numbers, from log Gamma.  Computed in double whatever the types:
 * float results within 0.51 ULP.  Below 0: NaN, unless said otherwise. */

/* log(1 + x) - x, without cancellation; x = -1 gives -inf, x < -1 NaN.  0.51 / 5 ULP. */
nll_status nll_vlog1pmx(size_t n, nll_view x, nll_out y);
/* log Gamma(x) for x > 0, several times as fast as nll_vlgamma; +inf at 0.  0.51 / 1.5 ULP. */
nll_status nll_vlgamma_pos(size_t n, nll_view x, nll_out y);
/* What Stirling's formula leaves: log Gamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2]; +inf at 0.
 * 0.51 / 20 ULP, from x = 1 on 4. */
nll_status nll_vstirling(size_t n, nll_view x, nll_out y);
/* psi(x) = Gamma'(x) / Gamma(x); -inf at 0.  0.51 / 2.5 ULP of the larger of |psi(x)| and, where
 * psi changes its sign (1 < x < 2), 1 / x. */
nll_status nll_vdigamma(size_t n, nll_view x, nll_out y);
/* psi'(x), the second derivative of log Gamma; +inf at 0.  0.51 / 2.5 ULP. */
nll_status nll_vtrigamma(size_t n, nll_view x, nll_out y);
/* x log(x / m) + m - x, the deviance of a count x with mean m: 0 where x = m, positive elsewhere,
 * without cancellation; m at x = 0, +inf at m = 0 < x, NaN where one is negative.  0.51 / 8 ULP for
 * 2^-1000 < m / x < 2^1000. */
nll_status nll_vbd0(size_t n, nll_view x, nll_view m, nll_out z);

/* Differences over a step b >= 0 from a > 0, none of them the difference of two large numbers; NaN
 * outside.  Bounds for a and b in 1e-8 .. 1e15. */

/* log Gamma(a + b) - log Gamma(a).  0.51 / 6 ULP of the larger of the value, b and log(1 + b / a).
 */
nll_status nll_vlgamma_diff(size_t n, nll_view a, nll_view b, nll_out z);
/* psi(a + b) - psi(a).  0.51 / 4 ULP. */
nll_status nll_vdigamma_diff(size_t n, nll_view a, nll_view b, nll_out z);
/* psi'(a + b) - psi'(a), not positive.  0.51 / 6 ULP. */
nll_status nll_vtrigamma_diff(size_t n, nll_view a, nll_view b, nll_out z);
/* log Gamma(a + b) - log Gamma(a) - b log a, for an integer b the logarithm of a (a + 1) ...
 * (a + b - 1) / a^b; goes to 0 as a grows.  0.51 / 6 ULP of the larger of the value,
 * b (b + 1) / (a + b) and, below a = 1, log(1 + b / a) and b |log a|. */
nll_status nll_vlgamma_rise(size_t n, nll_view a, nll_view b, nll_out z);
/* log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b); +inf where a or b is 0.  0.51 / 6
 * ULP of the larger of the value and 1. */
nll_status nll_vlbeta(size_t n, nll_view a, nll_view b, nll_out z);
/* log Gamma(x + 1/2) - log Gamma(x) - log(x) / 2, the normaliser of Student's t with 2 x degrees of
 * freedom; -inf at 0, goes to 0 as x grows.  0.51 / 4 ULP. */
nll_status nll_vstudent(size_t n, nll_view x, nll_out y);

/* Modified Bessel functions I0 and I1 of k >= 0, as the von Mises distribution needs them; NaN
 * below 0. */

/* log(I0(k) e^-k): -k near 0, -log(2 pi k) / 2 far away.  0.51 / 4 ULP. */
nll_status nll_vlog_i0e(size_t n, nll_view k, nll_out y);
/* r(k) = I1(k) / I0(k), the mean resultant length.  0.51 / 5 ULP. */
nll_status nll_vbessel_ratio(size_t n, nll_view k, nll_out y);
/* 1 - r(k), the circular variance, with all its digits also where r is nearly 1.  0.51 / 4 ULP. */
nll_status nll_vbessel_complement(size_t n, nll_view k, nll_out y);
/* r'(k) = 1 - r^2 - r / k.  0.51 / 8 ULP. */
nll_status nll_vbessel_ratio_slope(size_t n, nll_view k, nll_out y);
