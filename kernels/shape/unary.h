/* shape/unary.h: y = f(x) and z = f(x, y), one vector at a time; the tail goes through the same
 * arithmetic. */
#ifndef NLL_SHAPE_UNARY_H
#define NLL_SHAPE_UNARY_H

#include "kernel.h"
#include "vec/vec.h"

/* Defines the kernel NLL_SYM(id) from a function of one vector. */
#define NLL_UNARY(id, f)                                                             \
    void NLL_SYM(id)(const nll_job *j) {                                             \
        const T *x = j->in[0];                                                       \
        T *y = j->out[0];                                                            \
        size_t i = 0, n = j->cols;                                                   \
        for (; i + VL <= n; i += VL) v_store(y + i, v_canonical(f(v_load(x + i))));  \
        if (i < n) v_storen(y + i, v_canonical(f(v_loadn(x + i, n - i, 1))), n - i); \
    }

/* The same for functions so long that there should be one copy of them in the machine code. */
NLL_INLINE V unary_in(const T *x, size_t k) { return k >= VL ? v_load(x) : v_loadn(x, k, 1); }
NLL_INLINE void unary_out(T *y, V v, size_t k) {
    if (k >= VL)
        v_store(y, v_canonical(v));
    else
        v_storen(y, v_canonical(v), k);
}
#define NLL_UNARY_LONG(id, f)                                   \
    void NLL_SYM(id)(const nll_job *j) {                        \
        const T *x = j->in[0];                                  \
        T *y = j->out[0];                                       \
        for (size_t i = 0, n = j->cols; i < n; i += VL)         \
            unary_out(y + i, f(unary_in(x + i, n - i)), n - i); \
    }
/* Of two vectors. */
#define NLL_BINARY(id, f)                                                               \
    void NLL_SYM(id)(const nll_job *j) {                                                \
        const T *x = j->in[0], *y = j->in[1];                                           \
        T *z = j->out[0];                                                               \
        for (size_t i = 0, n = j->cols; i < n; i += VL)                                 \
            unary_out(z + i, f(unary_in(x + i, n - i), unary_in(y + i, n - i)), n - i); \
    }

#endif
