/* tu_map.c: element-wise kernels, compiled once per instruction set and compute type. */
#include "table.h"

#include "dist/bernoulli.h"
#include "dist/gaussian.h"
#include "math/logistic.h"
#include "math/special.h"
#include "shape/map.h"
#include "shape/total.h"
#include "shape/transpose.h"
#include "shape/unary.h"

#if defined(NLL_T_F32)
/* Through doubles: at most 0.51 ULP. */
#define NLL_WIDE(name) \
    NLL_INLINE vf wide_##name(vf x) { return f_narrow(d_##name(d_lo(x)), d_##name(d_hi(x))); }
NLL_WIDE(expm1)
NLL_WIDE(softplus)
NLL_WIDE(sigmoid)
NLL_UNARY(exp, f_exp)
NLL_UNARY(log, f_log)
NLL_UNARY(log1p, f_log1p)
NLL_UNARY(expm1, wide_expm1)
NLL_UNARY(softplus, wide_softplus)
NLL_UNARY(sigmoid, wide_sigmoid)
NLL_UNARY(lgamma, f_lgamma_whole)
#include "shape/convert.h"
#else
NLL_UNARY(exp, d_exp)
NLL_UNARY(log, d_log)
NLL_UNARY(log1p, d_log1p)
NLL_UNARY(expm1, d_expm1)
NLL_UNARY(softplus, d_softplus_accurate)
NLL_UNARY(sigmoid, d_sigmoid_accurate)
NLL_UNARY(lgamma, d_lgamma_whole)
#endif

/* inputs, gradients, curvatures, inputs worth hoisting, vectors at a time */
NLL_MAP(bernoulli_logits, 3, 1, 1, 4, 2)
NLL_MAP(bernoulli_probs, 3, 1, 1, 0, 2)
NLL_MAP(gaussian_scale, 3, 3, 2, 2, 2)
NLL_MAP(gaussian_var, 3, 3, 2, 2, 2)
NLL_MAP(gaussian_log_scale, 3, 3, 2, 2, 2)
NLL_MAP(gaussian_log_var, 3, 3, 2, 2, 2)
