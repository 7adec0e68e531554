/* shape/unary.h: y = f(x) and z = f(x, y), one vector at a time; the tail goes through the same
 * arithmetic. */
#ifndef NLL_SHAPE_UNARY_H
#define NLL_SHAPE_UNARY_H

#include "kernel.h"
#include "vec/vec.h"

/* Defines the kernel NLL_SYM(id) from a function of one vector. */
#define NLL_UNARY(id, f)                                                                 \
    void NLL_SYM(id)(const nll_job *j) {                                                 \
        const T *x = j->in[0];                                                           \
        T *y = j->out[0];                                                                \
        size_t i = 0, n = j->cols;                                                       \
        for (; i + VL <= n; i += VL) v_storen(y + i, v_canonical(f(v_load(x + i))), VL); \
        if (i < n) v_storen(y + i, v_canonical(f(v_loadn(x + i, n - i, 1))), n - i);     \
    }

/* Defines the kernel NLL_SYM(id) from a function of two vectors. */
#define NLL_BINARY(id, f)                                                      \
    void NLL_SYM(id)(const nll_job *j) {                                       \
        const T *x = j->in[0], *y = j->in[1];                                  \
        T *z = j->out[0];                                                      \
        size_t i = 0, n = j->cols;                                             \
        for (; i + VL <= n; i += VL)                                           \
            v_storen(z + i, v_canonical(f(v_load(x + i), v_load(y + i))), VL); \
        if (i == n) return;                                                    \
        V a = v_loadn(x + i, n - i, 1), b = v_loadn(y + i, n - i, 1);          \
        v_storen(z + i, v_canonical(f(a, b)), n - i);                          \
    }

#endif
