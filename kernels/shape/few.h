/* shape/few.h: few rows without gaps, number by number, as rows one below the other, and back,
 * where the ISA picks numbers from two registers in one instruction (NLL_VEC_PICK2).
 *
 * Of FEW vectors each result takes its numbers by FEW - 1 picks: the first from vectors 0 and 1,
 * the next from that and vector 2, and so on.  Tables say which. */
#ifndef NLL_SHAPE_FEW_H
#define NLL_SHAPE_FEW_H

#include "kernel.h"
#include "vec/vec.h"

#if defined(NLL_VEC_PICK2)
enum { FEW_MOST = 5 };
/* Lane k of a pick of step s (1, ...), which wants number `at` of vector v: from the second
 * operand, the first, or what is there already. */
#define FEW_PICK(s, v, at, k) ((v) == (s) ? VL + (at) : (s) == 1 && (v) == 0 ? (at) : (k))
/* Row i of few from vectors in a line; vector i of such from the rows. */
#define FEW_SPLIT(few, i, s, k) FEW_PICK(s, ((few) * (k) + (i)) / VL, ((few) * (k) + (i)) % VL, k)
#define FEW_JOIN(few, i, s, k) FEW_PICK(s, (VL * (i) + (k)) % (few), (VL * (i) + (k)) / (few), k)
#if defined(NLL_T_F32)
#define FEW_LANES(of, few, i, s)                                                                  \
    {                                                                                             \
        of(few, i, s, 0), of(few, i, s, 1), of(few, i, s, 2), of(few, i, s, 3), of(few, i, s, 4), \
            of(few, i, s, 5), of(few, i, s, 6), of(few, i, s, 7), of(few, i, s, 8),               \
            of(few, i, s, 9), of(few, i, s, 10), of(few, i, s, 11), of(few, i, s, 12),            \
            of(few, i, s, 13), of(few, i, s, 14), of(few, i, s, 15)                               \
    }
typedef int32_t few_lanes[VL];
#else
#define FEW_LANES(of, few, i, s)                                                                  \
    {                                                                                             \
        of(few, i, s, 0), of(few, i, s, 1), of(few, i, s, 2), of(few, i, s, 3), of(few, i, s, 4), \
            of(few, i, s, 5), of(few, i, s, 6), of(few, i, s, 7)                                  \
    }
typedef int64_t few_lanes[VL];
#endif
#define FEW_STEPS(of, few, i)                                                         \
    {                                                                                 \
        FEW_LANES(of, few, i, 1), FEW_LANES(of, few, i, 2), FEW_LANES(of, few, i, 3), \
            FEW_LANES(of, few, i, 4)                                                  \
    }
#define FEW_TABLE(of, few)                                                   \
    {                                                                        \
        FEW_STEPS(of, few, 0), FEW_STEPS(of, few, 1), FEW_STEPS(of, few, 2), \
            FEW_STEPS(of, few, 3), FEW_STEPS(of, few, 4)                     \
    }
#define FEW_TABLES(of) \
    { FEW_TABLE(of, 1), FEW_TABLE(of, 2), FEW_TABLE(of, 3), FEW_TABLE(of, 4), FEW_TABLE(of, 5) }
_Alignas(64) static const few_lanes few_splits[][FEW_MOST][FEW_MOST - 1] = FEW_TABLES(FEW_SPLIT);
_Alignas(64) static const few_lanes few_joins[][FEW_MOST][FEW_MOST - 1] = FEW_TABLES(FEW_JOIN);

NLL_INLINE V few_pick(const V *in, const few_lanes *table, size_t few) {
    V y = in[0];
    NLL_UNROLL for (size_t s = 1; s < few; s++) y = v_pick2(y, table[s - 1], in[s]);
    return y;
}

/* y[i ld + k] = x[k few + i] for as many k < n as fill vectors; returns their number. */
NLL_INLINE size_t few_split(const T *x, T *y, ptrdiff_t ld, size_t few, size_t n) {
    size_t k = 0;
    for (; k + VL <= n; k += VL) {
        V in[FEW_MOST];
        NLL_UNROLL for (size_t s = 0; s < few; s++) in[s] = v_load(x + k * few + s * VL);
        NLL_UNROLL for (size_t i = 0; i < few; i++) v_store(
            y + (ptrdiff_t)i * ld + (ptrdiff_t)k, few_pick(in, few_splits[few - 1][i], few));
    }
    return k;
}
/* y[k few + i] = x[i ld + k] likewise. */
NLL_INLINE size_t few_join(const T *x, T *y, ptrdiff_t ld, size_t few, size_t n) {
    size_t k = 0;
    for (; k + VL <= n; k += VL) {
        V in[FEW_MOST];
        NLL_UNROLL for (size_t s = 0; s < few; s++) in[s] =
            v_load(x + (ptrdiff_t)s * ld + (ptrdiff_t)k);
        NLL_UNROLL for (size_t i = 0; i < few; i++)
            v_store(y + k * few + i * VL, few_pick(in, few_joins[few - 1][i], few));
    }
    return k;
}
#else
enum { FEW_MOST = 4 };
NLL_INLINE size_t few_split(const T *x, T *y, ptrdiff_t ld, size_t few, size_t n) {
    (void)x, (void)y, (void)ld, (void)few, (void)n;
    return 0;
}
NLL_INLINE size_t few_join(const T *x, T *y, ptrdiff_t ld, size_t few, size_t n) {
    (void)x, (void)y, (void)ld, (void)few, (void)n;
    return 0;
}
#endif

#endif
