/* shape/map.h: element-wise models: loss and gradients of up to three inputs.
 *
 * A model is one function map_value(a, b, c, par): the inputs in the order of kernels.def and the
 * job's numbers.  in[3] scales the gradients. */
#ifndef NLL_SHAPE_MAP_H
#define NLL_SHAPE_MAP_H

#include "kernel.h"
#include "vec/vec.h"

typedef struct map_value {
    V loss, grad[2];
} map_value;
typedef map_value map_model(V a, V b, V c, const double *par);

/* Inputs as pointers with a step: a constant becomes one vector that is loaded again and again. */
typedef struct map_inputs {
    const T *p[4];
    size_t step[4];
    T constant[4][VL];
} map_inputs;

NLL_INLINE void map_open(map_inputs *m, const nll_job *j) {
    for (unsigned k = 0; k < 4; k++) {
        m->p[k] = j->in[k];
        m->step[k] = 1;
        if (j->constant >> k & 1) {
            for (unsigned i = 0; i < VL; i++) m->constant[k][i] = *(const T *)j->in[k];
            m->p[k] = m->constant[k];
            m->step[k] = 0;
        }
    }
}

NLL_INLINE V map_in(const map_inputs *m, unsigned k, size_t i, size_t n) {
    const T *p = m->p[k] + i * m->step[k];
    return n == VL ? v_load(p) : v_loadn(p, n, (T)0.5);
}

/* Elements i .. i + n of the job; `hoist` is in[1] loaded once, where it is a constant, so that
 * the compiler moves what depends on it alone out of the loop: same operations, same bits. */
NLL_INLINE void map_step(const nll_job *j, const map_inputs *m, map_model *model, int grads,
                         const V *hoist, size_t i, size_t n) {
    V b = hoist ? *hoist : map_in(m, 1, i, n);
    map_value r = model(map_in(m, 0, i, n), b, map_in(m, 2, i, n), j->par);
    v_storen((T *)j->out[0] + i, v_canonical(r.loss), n);
    if (grads) {
        V scale = map_in(m, 3, i, n);
        for (unsigned k = 0; k < 2; k++)
            if (j->out[k + 1])
                v_storen((T *)j->out[k + 1] + i, v_canonical(v_mul(r.grad[k], scale)), n);
    }
}

NLL_INLINE void map_loop(const nll_job *j, const map_inputs *m, map_model *model, int grads,
                         int hoisted) {
    V b = v_set(*m->p[1]);
    const V *hoist = hoisted ? &b : NULL;
    size_t i = 0, n = j->cols;
    for (; i + VL <= n; i += VL) map_step(j, m, model, grads, hoist, i, VL);
    if (i < n) map_step(j, m, model, grads, hoist, i, n - i);
}

NLL_INLINE void map_run(const nll_job *j, map_model *model) {
    if (j->cols == 0) return;
    map_inputs m;
    map_open(&m, j);
    int grads = j->out[1] || j->out[2], hoisted = m.step[1] == 0;
    if (grads && hoisted)
        map_loop(j, &m, model, 1, 1);
    else if (grads)
        map_loop(j, &m, model, 1, 0);
    else if (hoisted)
        map_loop(j, &m, model, 0, 1);
    else
        map_loop(j, &m, model, 0, 0);
}

/* Defines the kernel NLL_SYM(id) from the model of the same name. */
#define NLL_MAP(id) \
    void NLL_SYM(id)(const nll_job *j) { map_run(j, id); }

#endif
