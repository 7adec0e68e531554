/* shape/map_loop.h: the loop of shape/map.h for one type of lanes; included once for each.
 *   MAP_NAME(name)   what it is called
 *   MAP_LANE, MAP_MASK, MAP_STEP   the vector, its mask and its length
 *   MAP_VECTORS      how many of them are VL numbers
 *   MAP_CHAINS(s)    how many vectors are taken at a time
 *   MAP_LOAD(p)      from an array of T
 *   MAP_STORE(p, in, y)   to one: NaN canonical, and where not in */

/* grad[] by input, leaving out those that have none; hess[], the diagonal of the Hessian, likewise
 * but for the target.  NaN: the loss outside of `defined`, derivatives outside of `smooth`. */
typedef struct MAP_NAME(value) {
    MAP_LANE loss, grad[MAP_GRADS], hess[MAP_HESS];
    MAP_MASK defined, smooth;
} MAP_NAME(value);
typedef MAP_NAME(value) MAP_NAME(model)(const MAP_LANE x[], const double *par);

/* `chains` vectors from element i on: all are read before any is written, and their chains of
 * operations are independent, for the compiler to lay side by side. */
NLL_INLINE void MAP_NAME(step)(const map_lanes *m, MAP_NAME(model) * model, map_shape s, int level,
                               const MAP_LANE *fixed, size_t i, unsigned chains) {
    MAP_LANE x[NLL_CHAINS][MAP_INPUTS], scale[NLL_CHAINS];
    MAP_NAME(value) r[NLL_CHAINS];
    /* the observation's gradient, of few calls wanted, comes last and behind a branch */
    const unsigned always = s.grads - map_has_target(s);
    NLL_UNROLL for (unsigned c = 0; c < chains; c++) {
        size_t at = i + c * MAP_STEP;
        NLL_UNROLL for (unsigned k = 0; k < MAP_INPUTS; k++) {
            x[c][k] = fixed[k];
            if (k < s.inputs && !(s.hoist >> k & 1))
                x[c][k] = MAP_LOAD(m->in[k] + (at & m->along[k]));
        }
        if (level > MAP_LOSS) scale[c] = MAP_LOAD(m->in[s.inputs] + (at & m->along[s.inputs]));
    }
    NLL_UNROLL for (unsigned c = 0; c < chains; c++) r[c] = model(x[c], m->par);
    NLL_UNROLL for (unsigned c = 0; c < chains; c++) {
        size_t at = i + c * MAP_STEP;
        MAP_STORE(m->out[0] + at, r[c].defined, r[c].loss);
        if (level == MAP_LOSS) continue;
        NLL_UNROLL for (unsigned k = 0; k < MAP_GRADS; k++) if (k < always)
            MAP_STORE(m->out[1 + k] + at, r[c].smooth, v_mul(r[c].grad[k], scale[c]));
        if (level == MAP_GRADIENT) continue;
        NLL_UNROLL for (unsigned k = 0; k < MAP_HESS; k++) if (k < s.hess)
            MAP_STORE(m->out[1 + s.grads + k] + at, r[c].smooth, v_mul(r[c].hess[k], scale[c]));
    }
    if (level == MAP_LOSS || always == s.grads || !m->out[s.grads]) return;
    NLL_UNROLL for (unsigned c = 0; c < chains; c++) MAP_STORE(
        m->out[s.grads] + i + c * MAP_STEP, r[c].smooth, v_mul(r[c].grad[s.grads - 1], scale[c]));
}

NLL_INLINE void MAP_NAME(loop)(const map_lanes *lanes, MAP_NAME(model) * model, map_shape s,
                               int level, int hoisted) {
    const map_lanes here = *lanes, *m = &here; /* which no store can change */
    MAP_LANE fixed[MAP_INPUTS];
    size_t i = 0;
    NLL_UNROLL for (unsigned k = 0; k < MAP_INPUTS; k++) fixed[k] =
        MAP_LOAD(m->in[k < s.inputs ? k : 0]);
    if (!hoisted) s.hoist = 0;
    const unsigned chains = MAP_MOST_CHAINS > 1 ? MAP_CHAINS(s) : 1;
    for (; i + chains * MAP_STEP <= m->n; i += chains * MAP_STEP)
        MAP_NAME(step)(m, model, s, level, fixed, i, chains);
    /* n is a multiple of VL */
    const unsigned rest = chains < MAP_VECTORS ? chains : MAP_VECTORS;
    for (; VL % (chains * MAP_STEP) && i < m->n; i += rest * MAP_STEP)
        MAP_NAME(step)(m, model, s, level, fixed, i, rest);
}

#undef MAP_NAME
#undef MAP_LANE
#undef MAP_MASK
#undef MAP_CHAINS
#undef MAP_STEP
#undef MAP_VECTORS
#undef MAP_LOAD
#undef MAP_STORE
