/* shape/convert.h: half and bfloat16 to float, exact, and back, rounded once to nearest even. */
#ifndef NLL_SHAPE_CONVERT_H
#define NLL_SHAPE_CONVERT_H

#include "kernel.h"
#include "shape/half.h"

NLL_INLINE void convert_in(const uint16_t *x, float *y, size_t n, vf load(const uint16_t *)) {
    size_t i = 0;
    for (; i + VL <= n; i += VL) f_store(y + i, v_canonical(load(x + i)));
    if (i < n) {
        uint16_t buf[VL] = {0};
        memcpy(buf, x + i, (n - i) * sizeof *x);
        f_storen(y + i, v_canonical(load(buf)), n - i);
    }
}
NLL_INLINE void convert_out(const float *x, uint16_t *y, size_t n, void store(uint16_t *, vf)) {
    size_t i = 0;
    for (; i + VL <= n; i += VL) store(y + i, v_canonical(f_load(x + i)));
    if (i < n) {
        uint16_t buf[VL];
        store(buf, v_canonical(f_loadn(x + i, n - i, 0)));
        memcpy(y + i, buf, (n - i) * sizeof *y);
    }
}
/* Lines of cols numbers, ld apart: one line, or a tile of an array. */
#define NLL_CONVERT_IN(id, load)                                                         \
    void NLL_SYM(id)(const nll_job *j) {                                                 \
        for (size_t r = 0; r < j->rows; r++)                                             \
            convert_in((const uint16_t *)j->in[0] + (ptrdiff_t)r * j->ld[0],             \
                       (float *)j->out[0] + (ptrdiff_t)r * j->out_ld[0], j->cols, load); \
    }
#define NLL_CONVERT_OUT(id, store)                                                            \
    void NLL_SYM(id)(const nll_job *j) {                                                      \
        for (size_t r = 0; r < j->rows; r++)                                                  \
            convert_out((const float *)j->in[0] + (ptrdiff_t)r * j->ld[0],                    \
                        (uint16_t *)j->out[0] + (ptrdiff_t)r * j->out_ld[0], j->cols, store); \
    }

NLL_INLINE void store_bf16(uint16_t *p, vf x) { i_store_u16(p, bf16_of(x)); }

NLL_CONVERT_IN(from_f16, f_load_f16)
NLL_CONVERT_IN(from_bf16, f_load_bf16)
NLL_CONVERT_OUT(to_f16, f_store_f16)
NLL_CONVERT_OUT(to_bf16, store_bf16)

#endif
