/* row/divergence_rows.h: divergences of rows, and their gradients.  Part of row/divergence.h.
 *
 *   row_kl        sums of KL(p||q):  sum of the terms, sum of q - p
 *   row_js        sums of JS:        sum of the terms, sum of q - p, sum of p log(p / m) / 2
 *     in0 x, in1 z, in2 per row the R_PAIR of div_scale; out0 per row a R_SUMS: three sums, each
 *     followed by its rounding errors (the third is 0 but for JS); carry
 *   row_kl_probs, row_js_probs   the same from probabilities p, q as they are, without in2; NaN if
 *     any lies outside [0, 1]
 *
 *   row_kl_grad   out0 p (c0 + c1 t)          out1 (q - p) c2 + p c3 + q c4
 *   row_js_grad   out0 p (c0 + c1 log(p / m)) out1 q (c2 + c3 log(q / m))
 *     in3 per row a R_SLOPES: c0 ... c7; either output may be NULL; out0 may be in0, out1 in1
 *   row_kl_probs_grad, row_js_probs_grad   the same over p and over q
 * A side of probability 0 (to this precision) has gradient 0, whatever its factor is; over q it is
 * -inf where p > 0 = q. */

enum { SUMS_NUMBERS = 6 };

NLL_INLINE void div_write_sums(const double sum[SUMS_NUMBERS], double *out) {
    for (unsigned k = 0; k < SUMS_NUMBERS; k += 2) {
        out[k] = row_canonical(sum[k]);
        out[k + 1] = sum[k] - sum[k] == 0 ? row_canonical(sum[k + 1]) : 0;
    }
}

/* Where a point comes from. */
enum div_form { DIV_LOGITS, DIV_PROBS };
NLL_INLINE div_point div_point_of(const div_scale *s, V x, V z, int form, int sides) {
#if defined(NLL_T_F64)
    if (form == DIV_PROBS) return div_of_probs(x, z);
#endif
    (void)form;
    return div_of_logits(s, x, z, sides);
}

/* One sum of a block into sum[0], its rounding error into sum[1]; that of an infinite sum is
 * nothing to go by. */
NLL_INLINE void div_collect(double *sum, double block) {
    if (block - block == 0)
        row_two_sum(&sum[0], &sum[1], block);
    else /* inf - inf in the two-sum would hide an infinite sum */
        sum[0] += block;
}

/* What a kernel adds up. */
enum div_sum { DIV_KL, DIV_KL_ANCHORED, DIV_JS };

NLL_INLINE void div_add(const div_scale *s, V x, V z, enum div_sum what, int form, V acc[3]) {
    if (what == DIV_JS) {
        div_point c = div_point_of(s, x, z, form, 0);
        div_js_terms t = div_js(&c);
        acc[0] = v_add(acc[0], t.value);
        acc[1] = v_add(acc[1], t.change);
        acc[2] = v_fma(v_mul(v_set(0.5), t.p), t.log_p_m, acc[2]);
    } else if (form == DIV_LOGITS) {
        div_kl_of_logits(s, x, z, what == DIV_KL_ANCHORED, acc);
    } else {
        div_point c = div_point_of(s, x, z, form, 0);
        M near = v_le(c.a, v_set(1)), above = v_lt(v_set(1), c.t);
        div_add_kl(v_sel(above, c.q, c.p), c.t, c.a, near, above, acc);
    }
}

NLL_INLINE void div_sum_row(const nll_job *j, size_t r, const div_scale *s, enum div_sum what,
                            int form) {
    const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0];
    const T *z = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1];
    T fill = form == DIV_PROBS ? 0 : (T)-INFINITY;
    double *out = (double *)j->out[0] + SUMS_NUMBERS * r, sum[SUMS_NUMBERS] = {0};
    if (j->carry) memcpy(sum, out, sizeof sum);
    for (size_t b = 0; b < j->cols; b += ROW_BLOCK) {
        size_t end = j->cols - b < ROW_BLOCK ? j->cols : b + ROW_BLOCK, i = b;
        V acc[3] = {v_set(0), v_set(0), v_set(0)};
        for (; i + VL <= end; i += VL) div_add(s, v_load(x + i), v_load(z + i), what, form, acc);
        if (i < end)
            div_add(s, v_loadn(x + i, end - i, fill), v_loadn(z + i, end - i, fill), what, form,
                    acc);
        for (unsigned k = 0; k < (what == DIV_JS ? 3u : 2u); k++)
            div_collect(&sum[2 * k], row_fold(acc[k]));
    }
    div_write_sums(sum, out);
}

/* Of row r; probabilities need none. */
NLL_INLINE const double *div_pair_at(const nll_job *j, size_t r, int form) {
    static const double none[PAIR_NUMBERS];
    return form == DIV_PROBS ? none : (const double *)j->in[2] + PAIR_NUMBERS * r;
}

NLL_INLINE void div_sum_rows(const nll_job *j, enum div_sum what, int form) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *pair = div_pair_at(j, r, form);
        div_scale s = div_scale_of(pair);
        if (what == DIV_KL && form == DIV_LOGITS &&
            (pair[PAIR_ANCHOR_P] != 0 || pair[PAIR_ANCHOR_Q] != 0))
            div_sum_row(j, r, &s, DIV_KL_ANCHORED, form);
        else
            div_sum_row(j, r, &s, what, form);
    }
}

/* Both gradients of one vector of classes. */
NLL_INLINE void div_slopes(const div_point *c, const V k[5], int js, V out[2]) {
    V zero = v_set(0);
    if (js) {
        div_js_terms t = div_js(c);
        out[0] = v_mul(c->p, v_fma(k[1], t.log_p_m, k[0]));
        out[1] = v_mul(c->q, v_fma(k[3], t.log_q_m, k[2]));
        out[1] = v_sel(v_eq(c->q, zero), zero, out[1]);
    } else {
        out[0] = v_mul(c->p, v_fma(k[1], c->t, k[0]));
        out[1] = v_fma(div_change(c), k[2], v_fma(c->p, k[3], v_mul(c->q, k[4])));
    }
    out[0] = v_sel(v_eq(c->p, zero), zero, out[0]);
}

NLL_INLINE V div_over(V slope, V prob) {
    return v_sel(v_eq(slope, v_set(0)), v_set(0), v_div(slope, prob));
}

NLL_INLINE void div_grad_step(const nll_job *j, const div_scale *s, const V k[5], int js, int form,
                              size_t r, size_t i, size_t n) {
    const T *x = (const T *)j->in[0] + (ptrdiff_t)r * j->ld[0] + i;
    const T *z = (const T *)j->in[1] + (ptrdiff_t)r * j->ld[1] + i;
    T fill = form == DIV_PROBS ? 0 : (T)-INFINITY;
    V u = n == VL ? v_load(x) : v_loadn(x, n, fill), v = n == VL ? v_load(z) : v_loadn(z, n, fill);
    V g[2];
    div_point c = div_point_of(s, u, v, form, 1);
    div_slopes(&c, k, js, g);
    if (form == DIV_PROBS) {
        g[0] = div_over(g[0], u);
        g[1] = div_over(g[1], v);
    }
    for (unsigned o = 0; o < 2; o++)
        if (j->out[o])
            v_storen((T *)j->out[o] + (ptrdiff_t)r * j->out_ld[o] + i, v_canonical(g[o]), n);
}

NLL_INLINE void div_grad_rows(const nll_job *j, int js, int form) {
    for (size_t r = 0; r < j->rows; r++) {
        const double *slopes = (const double *)j->in[3] + 8 * r;
        div_scale s = div_scale_of(div_pair_at(j, r, form));
        V k[5];
        for (unsigned i = 0; i < 5; i++) k[i] = v_set(slopes[i]);
        size_t i = 0;
        for (; i + VL <= j->cols; i += VL) div_grad_step(j, &s, k, js, form, r, i, VL);
        if (i < j->cols) div_grad_step(j, &s, k, js, form, r, i, j->cols - i);
    }
}

void NLL_SYM(row_kl)(const nll_job *j) { div_sum_rows(j, DIV_KL, DIV_LOGITS); }
void NLL_SYM(row_js)(const nll_job *j) { div_sum_rows(j, DIV_JS, DIV_LOGITS); }
void NLL_SYM(row_kl_grad)(const nll_job *j) { div_grad_rows(j, 0, DIV_LOGITS); }
void NLL_SYM(row_js_grad)(const nll_job *j) { div_grad_rows(j, 1, DIV_LOGITS); }
#if defined(NLL_T_F64)
void NLL_SYM(row_kl_probs)(const nll_job *j) { div_sum_rows(j, DIV_KL, DIV_PROBS); }
void NLL_SYM(row_js_probs)(const nll_job *j) { div_sum_rows(j, DIV_JS, DIV_PROBS); }
void NLL_SYM(row_kl_probs_grad)(const nll_job *j) { div_grad_rows(j, 0, DIV_PROBS); }
void NLL_SYM(row_js_probs_grad)(const nll_job *j) { div_grad_rows(j, 1, DIV_PROBS); }
#endif
