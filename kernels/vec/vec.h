/* vec.h: the vector vocabulary.  64-byte vectors on every instruction set.
 *
 *   vf  16 floats   mf  its mask   vi  16 x int32      names f_*, i_*
 *   vd   8 doubles  md  its mask   vl   8 x int64      names d_*, l_*
 *
 * Kernels are written with v_*, which picks f_ or d_ by the type of its arguments, and with
 * T, V, M, VL for the compute type of the translation unit (-DNLL_T_F32 or -DNLL_T_F64).
 *
 * Contract of every operation: the same bits on every instruction set, NaN payloads apart.
 *   add sub mul div sqrt   one IEEE rounding
 *   fma(x, y, z)           x * y + z, one rounding       nfma(x, y, z)   z - x * y, one rounding
 *   max(x, y) = x > y ? x : y;  min(x, y) = x < y ? x : y: so the second operand where unordered
 *   rint                   to nearest, ties to even
 *   lt le eq               false on NaN;  isnan true on NaN only
 *   sel(m, x, y)           m ? x : y, lane by lane
 *   canonical(x)           x with the canonical quiet NaN in place of any other: what may leave the
 *                          library;  canonical_in(m, x): that NaN too where m is not set
 *   scalb(x, n)            x * 2^n, one rounding, for integer n, |n| <= 252 (f) or 2044 (d) and
 *                          0.25 <= |x| < 8, or x 0, infinite or NaN
 *   f_of_int               whole numbers up to 2^24 as floats;  sar: shift that keeps the sign
 *   d_pick(c, x)           lane by lane c[k] of eight doubles, k the low three bits of x, whose
 *                          bits 3 to 33 are 0
 *   loadn(p, k, fill)      lanes >= k are `fill` and are not read;  storen writes k lanes only
 *   stream(p, x)           store past the caches where the ISA can, p a multiple of 64 bytes (of
 *                          32: f_stream_f16, i_stream_u16, 16 halves); then v_stream_end before
 *                          another thread may read
 *   pick2(x, from, y)      lane by lane number from[k] of x and y in a line; only where an ISA has
 *                          it in one instruction: NLL_VEC_PICK2
 *   d_lo d_hi              the lower and upper 8 floats, widened;  f_narrow: back, one rounding
 *   d_load_f32             8 floats of memory as doubles;  d_store_f32_in(p, m, x): back, one
 *                          rounding, canonical NaN for any other and where m is not set
 *   hsum                   ((l0+l4)+(l2+l6)) + ((l1+l5)+(l3+l7)): lanes +4, +2, +1
 *   hmax                   lanes folded by max(lower, upper) at +8, +4, +2, +1
 *   transpose(x)           x[i] lane j <-> x[j] lane i, for as many vectors as lanes
 *   load_columns           x[i] lane r = p[r ld + i], i < 4: four columns of as many rows as a
 *                          vector has floats;  store_columns: back
 *   mask_bits              bit i set where lane i of the mask is
 */
#ifndef NLL_VEC_H
#define NLL_VEC_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "nll: -ffast-math breaks the promise on bits; build without it"
#endif

#if defined(NLL_ISA_SCALAR) /* inlining 16-lane loops into each other takes minutes to compile */
#define NLL_INLINE static __attribute__((noinline, unused))
#else
#define NLL_INLINE static inline __attribute__((always_inline, unused))
#endif

/* Before a loop whose number of rounds is a constant: it becomes a straight line, and small arrays
 * of vectors indexed by it become registers. */
#if defined(NLL_ISA_SCALAR) /* its functions are not inlined: the number is no constant */
#define NLL_UNROLL
#else
#define NLL_UNROLL _Pragma("GCC unroll 32")
#endif

/* How many vectors a long chain of operations is written for side by side: as many as there are
 * registers for.  The rest is left to the CPU's own reordering. */
#if defined(NLL_ISA_AVX512)
enum { NLL_CHAINS = 4 };
#else
enum { NLL_CHAINS = 1 };
#endif

#if defined(NLL_ISA_AVX512)
#include "vec_avx512.h"
#elif defined(NLL_ISA_AVX2)
#include "vec_avx2.h"
#elif defined(NLL_ISA_NEON)
#include "vec_neon.h"
#elif defined(NLL_ISA_SCALAR)
#include "vec_scalar.h"
#else
#error "nll: no instruction set chosen"
#endif

enum { F_LANES = 16, D_LANES = 8 };

#define V_PICK(name, x) _Generic((x), vf : f_##name, vd : d_##name)
#define V_PICK_MASK(name, m) _Generic((m), mf : f_##name, md : d_##name)
#define v_add(x, y) V_PICK(add, x)(x, y)
#define v_sub(x, y) V_PICK(sub, x)(x, y)
#define v_mul(x, y) V_PICK(mul, x)(x, y)
#define v_div(x, y) V_PICK(div, x)(x, y)
#define v_fma(x, y, z) V_PICK(fma, x)(x, y, z)
#define v_nfma(x, y, z) V_PICK(nfma, x)(x, y, z)
#define v_max(x, y) V_PICK(max, x)(x, y)
#define v_min(x, y) V_PICK(min, x)(x, y)
#define v_rint(x) V_PICK(rint, x)(x)
#define v_neg(x) V_PICK(neg, x)(x)
#define v_abs(x) V_PICK(abs, x)(x)
#define v_lt(x, y) V_PICK(lt, x)(x, y)
#define v_le(x, y) V_PICK(le, x)(x, y)
#define v_eq(x, y) V_PICK(eq, x)(x, y)
#define v_isnan(x) V_PICK(isnan, x)(x)
#define v_sel(m, x, y) V_PICK(sel, x)(m, x, y)
#define v_scalb(x, n) V_PICK(scalb, x)(x, n)
#define v_hmax(x) V_PICK(hmax, x)(x)
#define v_store(p, x) V_PICK(store, x)(p, x)
#define v_pick2(x, from, y) V_PICK(pick2, x)(x, from, y)
#define v_stream(p, x) V_PICK(stream, x)(p, x)
#define v_storen(p, x, k) V_PICK(storen, x)(p, x, k)
#define m_and(a, b) V_PICK_MASK(mask_and, a)(a, b)
#define m_or(a, b) V_PICK_MASK(mask_or, a)(a, b)
#define m_not(a) V_PICK_MASK(mask_not, a)(a)
#define m_bits(a) V_PICK_MASK(mask_bits, a)(a)

#if !defined(NLL_VEC_CANONICAL)
NLL_INLINE vf f_canonical_in(mf m, vf x) { return f_sel(f_mask_and(m, f_eq(x, x)), x, f_set(NAN)); }
NLL_INLINE vd d_canonical_in(md m, vd x) {
    return d_sel(d_mask_and(m, d_eq(x, x)), x, d_set((double)NAN));
}
NLL_INLINE void d_store_f32_in(float *p, md m, vd x) { d_store_f32(p, d_canonical_in(m, x)); }
NLL_INLINE vf f_canonical(vf x) { return f_sel(f_eq(x, x), x, f_set(NAN)); }
NLL_INLINE vd d_canonical(vd x) { return d_sel(d_eq(x, x), x, d_set((double)NAN)); }
#endif
#define v_canonical(x) V_PICK(canonical, x)(x)
#define v_canonical_in(m, x) V_PICK(canonical_in, x)(m, x)

/* The compute type of this translation unit. */
#if defined(NLL_T_F32)
typedef float T;
typedef vf V;
typedef mf M;
enum { VL = F_LANES };
#define v_set(s) f_set((float)(s))
#define v_load(p) f_load(p)
#define v_load_wide(p) d_load_f32(p)
#define v_store_wide_in(p, m, x) d_store_f32_in(p, m, x)
#define v_loadn(p, k, fill) f_loadn(p, k, fill)
#define v_transpose(x) f_transpose(x)
#define NLL_T_SUFFIX _f32
#elif defined(NLL_T_F64)
typedef double T;
typedef vd V;
typedef md M;
enum { VL = D_LANES };
#define v_set(s) d_set((double)(s))
#define v_load(p) d_load(p)
#define v_load_wide(p) d_load(p)
#define v_store_wide_in(p, m, x) d_store(p, d_canonical_in(m, x))
#define v_loadn(p, k, fill) d_loadn(p, k, fill)
#define v_transpose(x) d_transpose(x)
#define NLL_T_SUFFIX _f64
#else
#error "nll: no compute type chosen"
#endif

#endif
