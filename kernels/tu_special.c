/* tu_special.c: special functions, compiled once per instruction set and compute type. */
#include "table.h"

#include "math/beta.h"
#include "math/digamma.h"
#include "math/lgamma.h"
#include "math/sine.h"
#include "math/student.h"
#include "math/von_mises.h"
#include "shape/unary.h"

/* All are computed in double; float results are rounded once (at most 0.51 ULP). */
#if defined(NLL_T_F32)
#define SPECIAL_UNARY(id)                                                                \
    NLL_INLINE vf wide_##id(vf x) { return f_narrow(d_##id(d_lo(x)), d_##id(d_hi(x))); } \
    NLL_UNARY_LONG(id, wide_##id)
#define SPECIAL_BINARY(id)                                                   \
    NLL_INLINE vf wide_##id(vf x, vf y) {                                    \
        return f_narrow(d_##id(d_lo(x), d_lo(y)), d_##id(d_hi(x), d_hi(y))); \
    }                                                                        \
    NLL_BINARY(id, wide_##id)
#else
#define SPECIAL_UNARY(id) NLL_UNARY_LONG(id, d_##id)
#define SPECIAL_BINARY(id) NLL_BINARY(id, d_##id)
#endif

SPECIAL_UNARY(sin)
SPECIAL_UNARY(cos)
SPECIAL_UNARY(log1pmx)
SPECIAL_UNARY(lgamma_pos)
SPECIAL_UNARY(stirling)
SPECIAL_UNARY(digamma)
SPECIAL_UNARY(trigamma)
SPECIAL_UNARY(student)
SPECIAL_UNARY(log_i0e)
SPECIAL_UNARY(bessel_ratio)
SPECIAL_UNARY(bessel_complement)
SPECIAL_UNARY(bessel_ratio_slope)
SPECIAL_BINARY(bd0)
SPECIAL_BINARY(lgamma_diff)
SPECIAL_BINARY(digamma_diff)
SPECIAL_BINARY(trigamma_diff)
SPECIAL_BINARY(lgamma_rise)
SPECIAL_BINARY(lbeta)
