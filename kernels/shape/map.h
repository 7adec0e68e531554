/* shape/map.h: element-wise models: loss, gradients and curvature of up to four inputs.
 *
 * A model is one function of the inputs x[], in the order of kernels.def, that returns everything
 * at once.  It is compiled for three levels, loss, + gradients, + curvature; what a level does not
 * store the compiler leaves out, so the bits of one output never depend on the others.
 *   map_model    works in the compute type
 *   wide_model   works in double lanes; floats are widened, and every result is rounded once
 * `par` are the job's numbers.  The input behind the model's own scales the derivatives. */
#ifndef NLL_SHAPE_MAP_H
#define NLL_SHAPE_MAP_H

#include "kernel.h"
#include "vec/vec.h"

enum { MAP_INPUTS = 4, MAP_GRADS = 4, MAP_HESS = 3, MAP_OUTPUTS = 1 + MAP_GRADS + MAP_HESS };

enum { MAP_LOSS, MAP_GRADIENT, MAP_CURVATURE }; /* levels */

/* What a model has.  Inputs of the set `hoist` are loaded once where all of them are constant, so
 * that the compiler moves what depends on them alone out of the loop: same operations, same bits.
 * chains: so many vectors are taken at a time where there are registers for it; of double lanes
 * for floats, for doubles half of that. */
typedef struct map_shape {
    unsigned inputs, grads, hess, hoist, chains;
} map_shape;

/* Has the last input, the observation (of a divergence: a parameter), a gradient? */
NLL_INLINE int map_has_target(map_shape s) { return s.grads == s.inputs; }

/* A job of n elements, n a multiple of VL.  Constants are vectors that do not step on: `along` is 0
 * for them, else all ones.  All outputs of the level have a place, but for the observation's
 * gradient, which may be NULL. */
typedef struct map_lanes {
    size_t n;
    const T *in[MAP_INPUTS + 1];
    size_t along[MAP_INPUTS + 1];
    T *out[MAP_OUTPUTS];
    const double *par;
} map_lanes;

#if defined(NLL_ONE_CHAIN) /* in builds that must not take long to compile */
enum { MAP_MOST_CHAINS = 1 };
#else
enum { MAP_MOST_CHAINS = NLL_CHAINS };
#endif

/* map_value, map_model, map_loop and wide_value, wide_model, wide_loop */
#define MAP_NAME(name) map_##name
#define MAP_LANE V
#define MAP_MASK M
#define MAP_STEP VL
#define MAP_VECTORS 1
#define MAP_CHAINS(s) ((s).chains)
#define MAP_LOAD v_load
#define MAP_STORE(p, in, y) v_store(p, v_canonical_in(in, y))
#include "shape/map_loop.h"
#define MAP_NAME(name) wide_##name
#define MAP_LANE vd
#define MAP_MASK md
#define MAP_STEP D_LANES
#define MAP_VECTORS (VL / D_LANES)
#define MAP_CHAINS(s) (((s).chains * VL + F_LANES - 1) / F_LANES)
#define MAP_LOAD v_load_wide
#define MAP_STORE v_store_wide_in
#include "shape/map_loop.h"

typedef void map_levels(const map_lanes *m, int level, int hoisted);

NLL_INLINE void map_copy(T *to, const T *from, size_t n) { memcpy(to, from, n * sizeof *to); }

/* Whole vectors in place, then the rest by way of padded ones.  A loop has no branch for what is
 * not asked for, which would keep the compiler from ordering it as a whole: such outputs go to
 * `spare`, a block at a time. */
NLL_INLINE void map_run(const nll_job *j, map_shape s, map_levels *levels) {
    T constant[MAP_INPUTS + 1][VL], in[MAP_INPUTS + 1][VL], out[MAP_OUTPUTS][VL], spare[NLL_BLOCK];
    size_t out_along[MAP_OUTPUTS], piece = SIZE_MAX, rest = j->cols % VL;
    unsigned outs = 1 + s.grads + s.hess, constants = j->constant;
    int level = MAP_LOSS, hoisted = s.hoist && (constants & s.hoist) == s.hoist;
    map_lanes m = {.par = j->par};
    for (unsigned k = 0; k <= s.inputs; k++) {
        m.in[k] = j->in[k];
        m.along[k] = constants >> k & 1 ? 0 : SIZE_MAX;
        if (m.along[k] || j->cols == 0) continue;
        for (unsigned i = 0; i < VL; i++) constant[k][i] = *(const T *)j->in[k];
        m.in[k] = constant[k];
    }
    for (unsigned k = 1; k < outs; k++)
        if (j->out[k] && level < MAP_CURVATURE) level = k > s.grads ? MAP_CURVATURE : MAP_GRADIENT;
    outs = level == MAP_LOSS ? 1 : level == MAP_GRADIENT ? 1 + s.grads : outs;
    for (unsigned k = 0; k < outs; k++) {
        m.out[k] = j->out[k];
        out_along[k] = m.out[k] ? SIZE_MAX : 0;
        if (m.out[k] || (map_has_target(s) && k == s.grads)) continue;
        m.out[k] = spare;
        piece = NLL_BLOCK;
    }
    for (size_t left = j->cols - rest; left; left -= m.n) {
        m.n = left < piece ? left : piece;
        levels(&m, level, hoisted);
        for (unsigned k = 0; k <= s.inputs; k++)
            if (m.in[k]) m.in[k] += m.n & m.along[k];
        for (unsigned k = 0; k < outs; k++)
            if (m.out[k]) m.out[k] += m.n & out_along[k];
    }
    if (!rest) return;
    map_lanes last = m;
    last.n = VL;
    for (unsigned k = 0; k <= s.inputs; k++) {
        if (!m.along[k]) continue;
        for (unsigned i = 0; i < VL; i++) in[k][i] = (T)0.5;
        map_copy(in[k], m.in[k], rest);
        last.in[k] = in[k];
    }
    for (unsigned k = 0; k < outs; k++) last.out[k] = out[k];
    levels(&last, level, hoisted);
    for (unsigned k = 0; k < outs; k++)
        if (out_along[k]) map_copy(m.out[k], out[k], rest);
}

/* Defines the kernel NLL_SYM(id) from the model of the same name: NLL_MAP from a map_model,
 * NLL_WIDE_MAP from a wide_model. */
#define MAP_KERNEL(id, model, loop, ...)                                  \
    static void levels_##id(const map_lanes *m, int level, int hoisted) { \
        const map_shape s = {__VA_ARGS__};                                \
        if (level == MAP_CURVATURE)                                       \
            loop(m, model, s, MAP_CURVATURE, 0);                          \
        else if (level == MAP_GRADIENT && hoisted)                        \
            loop(m, model, s, MAP_GRADIENT, 1);                           \
        else if (level == MAP_GRADIENT)                                   \
            loop(m, model, s, MAP_GRADIENT, 0);                           \
        else if (hoisted)                                                 \
            loop(m, model, s, MAP_LOSS, 1);                               \
        else                                                              \
            loop(m, model, s, MAP_LOSS, 0);                               \
    }                                                                     \
    void NLL_SYM(id)(const nll_job *j) { map_run(j, (map_shape){__VA_ARGS__}, levels_##id); }
#define NLL_MAP(id, ...) MAP_KERNEL(id, id, map_loop, __VA_ARGS__)
/* of a model that cannot have the kernel's name */
#define NLL_WIDE_MAP_OF(id, model, ...) MAP_KERNEL(id, model, wide_loop, __VA_ARGS__)
#define NLL_WIDE_MAP(id, ...) MAP_KERNEL(id, id, wide_loop, __VA_ARGS__)

#endif
