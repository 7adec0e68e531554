/* shape/half.h: vectors of floats in and out of half precision, and what kernels call its kinds. */
#ifndef NLL_SHAPE_HALF_H
#define NLL_SHAPE_HALF_H

#include "vec/vec.h"

#include <string.h>

/* How the numbers of a row are stored: as T, or as halves that become floats when they are read. */
enum stored { STORED_T, STORED_F16, STORED_BF16 };

/* The lower 16 bits of each lane are the bfloat16: add half of the last place, ties to even. */
NLL_INLINE vi bf16_of(vf x) {
    vi u = f_bits(x), odd = i_and(i_shr(u, 16), i_set(1));
    vi r = i_shr(i_add(u, i_add(odd, i_set(0x7fff))), 16);
    vf y = f_sel(f_isnan(x), f_of_bits(i_set(0x7fc0)), f_of_bits(r));
    return f_bits(y);
}

#if defined(NLL_T_F32)
NLL_INLINE size_t stored_size(enum stored as) {
    return as == STORED_T ? sizeof(float) : sizeof(uint16_t);
}
/* A vector from p[at] on; NaN stays one, of any kind. */
NLL_INLINE vf stored_load(const void *p, size_t at, enum stored as) {
    if (as == STORED_F16) return f_load_f16((const uint16_t *)p + at);
    if (as == STORED_BF16) return f_load_bf16((const uint16_t *)p + at);
    return f_load((const float *)p + at);
}
/* The same way back: halves are rounded once and their NaN is canonical.  stream: past the caches,
 * whole vectors at multiples of their size. */
NLL_INLINE void stored_store(void *p, size_t at, vf x, enum stored as, int stream) {
    if (as == STORED_T) {
        if (stream)
            f_stream((float *)p + at, x);
        else
            f_store((float *)p + at, x);
    } else if (as == STORED_BF16) {
        if (stream)
            i_stream_u16((uint16_t *)p + at, bf16_of(x));
        else
            i_store_u16((uint16_t *)p + at, bf16_of(x));
    } else {
        x = f_sel(f_eq(x, x), x, f_set(NAN));
        if (stream)
            f_stream_f16((uint16_t *)p + at, x);
        else
            f_store_f16((uint16_t *)p + at, x);
    }
}
NLL_INLINE void stored_storen(void *p, size_t at, vf x, size_t k, enum stored as) {
    uint16_t some[F_LANES];
    if (as == STORED_T) {
        f_storen((float *)p + at, x, k);
        return;
    }
    stored_store(some, 0, x, as, 0);
    memcpy((char *)p + at * sizeof *some, some, k * sizeof *some);
}
#else
NLL_INLINE size_t stored_size(enum stored as) { return as == STORED_T ? sizeof(double) : 0; }
NLL_INLINE vd stored_load(const void *p, size_t at, enum stored as) {
    (void)as;
    return d_load((const double *)p + at);
}
NLL_INLINE void stored_store(void *p, size_t at, vd x, enum stored as, int stream) {
    (void)as;
    if (stream)
        d_stream((double *)p + at, x);
    else
        d_store((double *)p + at, x);
}
NLL_INLINE void stored_storen(void *p, size_t at, vd x, size_t k, enum stored as) {
    (void)as;
    d_storen((double *)p + at, x, k);
}
#endif

#endif
