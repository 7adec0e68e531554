/* shape/map_loop.h: the loop of shape/map.h for one type of lanes; included once for each.
 *   MAP_NAME(name)   what it is called      MAP_LANE, MAP_STEP   the vector and its length
 *   MAP_LOAD, MAP_STORE                     from and to arrays of T
 *   MAP_WAYS         how many vectors side by side: MAP_WAYS * MAP_STEP divides VL */

/* grad[] by input, leaving out those that have none; hess[], the diagonal of the Hessian, likewise
 * but for the target. */
typedef struct MAP_NAME(value) {
    MAP_LANE loss, grad[MAP_GRADS], hess[MAP_HESS];
} MAP_NAME(value);
typedef MAP_NAME(value) MAP_NAME(model)(const MAP_LANE x[], const double *par);

NLL_INLINE void MAP_NAME(put)(const map_lanes *m, unsigned k, size_t i, MAP_LANE y) {
    if (m->out[k]) MAP_STORE(m->out[k] + i, MAP_NAME(canonical)(y));
}
NLL_INLINE void MAP_NAME(put_derivatives)(const map_lanes *m, map_shape s, int level, size_t i,
                                          const MAP_NAME(value) * r) {
    MAP_LANE scale = MAP_LOAD(m->in[s.inputs] + i * m->step[s.inputs]);
    NLL_UNROLL
    for (unsigned k = 0; k < MAP_GRADS; k++)
        if (k < s.grads) MAP_NAME(put)(m, 1 + k, i, v_mul(r->grad[k], scale));
    if (level == MAP_GRADIENT) return;
    NLL_UNROLL
    for (unsigned k = 0; k < MAP_HESS; k++)
        if (k < s.hess) MAP_NAME(put)(m, 1 + s.grads + k, i, v_mul(r->hess[k], scale));
}

/* MAP_WAYS vectors a turn: the chains of operations of one fill the gaps of the other. */
NLL_INLINE void MAP_NAME(loop)(const map_lanes *m, MAP_NAME(model) * model, map_shape s, int level,
                               int hoisted) {
    MAP_LANE fixed[MAP_INPUTS], x[MAP_INPUTS];
    NLL_UNROLL
    for (unsigned k = 0; k < MAP_INPUTS; k++)
        x[k] = fixed[k] = MAP_LOAD(m->in[k < s.inputs ? k : 0]);
    for (size_t i = 0; i < m->n; i += MAP_WAYS * MAP_STEP) {
        MAP_NAME(value) r[MAP_WAYS];
        NLL_UNROLL
        for (unsigned w = 0; w < MAP_WAYS; w++) {
            size_t at = i + w * MAP_STEP;
            NLL_UNROLL
            for (unsigned k = 0; k < MAP_INPUTS; k++)
                if (k < s.inputs)
                    x[k] = hoisted && s.hoist >> k & 1 ? fixed[k]
                                                       : MAP_LOAD(m->in[k] + at * m->step[k]);
            r[w] = model(x, m->par);
        }
        NLL_UNROLL
        for (unsigned w = 0; w < MAP_WAYS; w++) MAP_NAME(put)(m, 0, i + w * MAP_STEP, r[w].loss);
        if (level == MAP_LOSS) continue;
        NLL_UNROLL
        for (unsigned w = 0; w < MAP_WAYS; w++)
            MAP_NAME(put_derivatives)(m, s, level, i + w * MAP_STEP, &r[w]);
    }
}

#undef MAP_NAME
#undef MAP_LANE
#undef MAP_STEP
#undef MAP_WAYS
#undef MAP_LOAD
#undef MAP_STORE
