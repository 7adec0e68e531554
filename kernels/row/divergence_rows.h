/* row/divergence_rows.h: divergences of rows, and their gradients.  Part of row/divergence.h.
 *
 *   row_kl        sums of KL(p||q):  sum of the terms, sum of q - p
 *   row_js        sums of JS:        sum of the terms, sum of q - p, sum of p log(p / m) / 2
 *     in0 x, in1 z, in2 per row the R_PAIR of div_scale; out0 per row a R_SUMS: three sums, each
 *     followed by its rounding errors (row_kl leaves the third 0); carry
 *   row_kl_probs, row_js_probs   the same from probabilities p, q as they are, without in2; NaN if
 *     any lies outside [0, 1]
 *
 *   row_kl_grad   out0 p (c0 + c1 t)          out1 (q - p) c2 + p c3 + q c4
 *   row_js_grad   out0 p (c0 + c1 log(p / m)) out1 q (c2 + c3 log(q / m))
 *     in3 per row a R_SLOPES: c0 ... c7; either output may be NULL; out0 may be in0, out1 in1
 *   row_kl_probs_grad, row_js_probs_grad   the same over p and over q
 * A side of probability 0 (to this precision) has gradient 0, whatever its factor is; over q it is
 * -inf where p > 0 = q. */

enum { SUMS_VALUE, SUMS_EXCESS = 2, SUMS_OF_P = 4, SUMS_NUMBERS = 6 };

typedef div_point div_source(const div_scale *s, V x, V z, int sides);
#if defined(NLL_T_F64)
NLL_INLINE div_point div_from_probs(const div_scale *s, V x, V z, int sides) {
    (void)s;
    (void)sides;
    return div_of_probs(x, z);
}
#endif

/* One sum of a block into sum[0], its rounding error into sum[1]; that of an infinite sum is
 * nothing to go by. */
NLL_INLINE void div_collect(double *sum, double block) {
    if (block - block == 0)
        row_two_sum(&sum[0], &sum[1], block);
    else /* inf - inf in the two-sum would hide an infinite sum */
        sum[0] += block;
}

/* Of row r; probabilities need none. */
NLL_INLINE div_scale div_scale_at(const nll_job *j, size_t r, int probs) {
    static const double none[PAIR_NUMBERS];
    return div_scale_of(probs ? none : (const double *)j->in[2] + PAIR_NUMBERS * r);
}

NLL_INLINE void div_add(const div_point *c, int js, V acc[3]) {
    div_terms t = js ? div_js(c) : div_kl(c);
    acc[0] = v_add(acc[0], t.value);
    acc[1] = v_add(acc[1], t.change);
    if (js) acc[2] = v_fma(v_mul(v_set(0.5), t.p), t.log_p_m, acc[2]);
}

NLL_INLINE void div_sum_rows(const nll_job *j, div_source *source, int js, int probs) {
    T fill = probs ? 0 : (T)-INFINITY;
    for (size_t r = 0; r < j->rows; r++) {
        const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        const T *z = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1];
        double *out = (double *)j->out[0] + SUMS_NUMBERS * r, sum[SUMS_NUMBERS] = {0};
        div_scale s = div_scale_at(j, r, probs);
        if (j->carry) memcpy(sum, out, sizeof sum);
        for (size_t b = 0; b < j->cols; b += ROW_BLOCK) {
            size_t end = j->cols - b < ROW_BLOCK ? j->cols : b + ROW_BLOCK, i = b;
            V acc[3] = {v_set(0), v_set(0), v_set(0)};
            for (; i + VL <= end; i += VL) {
                div_point c = source(&s, v_load(x + i), v_load(z + i), 0);
                div_add(&c, js, acc);
            }
            if (i < end) {
                div_point c =
                    source(&s, v_loadn(x + i, end - i, fill), v_loadn(z + i, end - i, fill), 0);
                div_add(&c, js, acc);
            }
            for (unsigned k = 0; k < (js ? 3u : 2u); k++)
                div_collect(&sum[2 * k], row_fold(acc[k]));
        }
        for (unsigned k = 0; k < SUMS_NUMBERS; k += 2) {
            out[k] = row_canonical(sum[k]);
            out[k + 1] = sum[k] - sum[k] == 0 ? row_canonical(sum[k + 1]) : 0;
        }
    }
}

/* Both gradients of one vector of classes. */
NLL_INLINE void div_slopes(const div_point *c, const V k[5], int js, V out[2]) {
    if (js) {
        div_terms t = div_js(c);
        out[0] = v_mul(c->p, v_fma(k[1], t.log_p_m, k[0]));
        out[1] = v_mul(c->q, v_fma(k[3], t.log_q_m, k[2]));
        out[1] = v_sel(v_eq(c->q, v_set(0)), v_set(0), out[1]);
    } else {
        out[0] = v_mul(c->p, v_fma(k[1], c->t, k[0]));
        out[1] = v_fma(div_change(c), k[2], v_fma(c->p, k[3], v_mul(c->q, k[4])));
    }
    out[0] = v_sel(v_eq(c->p, v_set(0)), v_set(0), out[0]);
}

NLL_INLINE V div_over(V slope, V prob) {
    return v_sel(v_eq(slope, v_set(0)), v_set(0), v_div(slope, prob));
}

NLL_INLINE void div_grad_step(const nll_job *j, const div_scale *s, const V k[5],
                              div_source *source, int js, int probs, size_t r, size_t i, size_t n) {
    const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0] + i;
    const T *z = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1] + i;
    T fill = probs ? 0 : (T)-INFINITY;
    V u = n == VL ? v_load(x) : v_loadn(x, n, fill), v = n == VL ? v_load(z) : v_loadn(z, n, fill);
    V g[2];
    div_point c = source(s, u, v, 1);
    div_slopes(&c, k, js, g);
    if (probs) {
        g[0] = div_over(g[0], u);
        g[1] = div_over(g[1], v);
    }
    for (unsigned o = 0; o < 2; o++)
        if (j->out[o])
            v_storen((T *)j->out[o] + (ptrdiff_t)r * j->out_ld[o] + i, v_canonical(g[o]), n);
}

NLL_INLINE void div_grad_rows(const nll_job *j, div_source *source, int js, int probs) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *slopes = (const double *)j->in[3] + 8 * r;
        div_scale s = div_scale_at(j, r, probs);
        V k[5];
        for (unsigned i = 0; i < 5; i++) k[i] = v_set(slopes[i]);
        size_t i = 0;
        for (; i + VL <= j->cols; i += VL) div_grad_step(j, &s, k, source, js, probs, r, i, VL);
        if (i < j->cols) div_grad_step(j, &s, k, source, js, probs, r, i, j->cols - i);
    }
}

void NLL_SYM(row_kl)(const nll_job *j) { div_sum_rows(j, div_of_logits, 0, 0); }
void NLL_SYM(row_js)(const nll_job *j) { div_sum_rows(j, div_of_logits, 1, 0); }
void NLL_SYM(row_kl_grad)(const nll_job *j) { div_grad_rows(j, div_of_logits, 0, 0); }
void NLL_SYM(row_js_grad)(const nll_job *j) { div_grad_rows(j, div_of_logits, 1, 0); }
#if defined(NLL_T_F64)
void NLL_SYM(row_kl_probs)(const nll_job *j) { div_sum_rows(j, div_from_probs, 0, 1); }
void NLL_SYM(row_js_probs)(const nll_job *j) { div_sum_rows(j, div_from_probs, 1, 1); }
void NLL_SYM(row_kl_probs_grad)(const nll_job *j) { div_grad_rows(j, div_from_probs, 0, 1); }
void NLL_SYM(row_js_probs_grad)(const nll_job *j) { div_grad_rows(j, div_from_probs, 1, 1); }
#endif
