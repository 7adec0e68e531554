/* categorical_grad.c: gradients of a group of rows, with respect to the inputs and to soft targets.
 */
#include "categorical.h"
#include "fetch.h"

#include <math.h>

/* {f, k, s} of the kernel row_softmax_grad: s B / sum as mantissa and exponent. */
static void coefficients(const cat_plan *p, const cat_row_grad *g, double coef[4]) {
    int k = 0;
    double m = g->scale * g->b / g->mantissa;
    double f = m == m && m != 0 && fabs(m) < INFINITY ? 2 * frexp(m, &k) : m;
    f = p->type == NLL_TYPE_F32 ? (double)(float)f : f;
    coef[0] = f;
    coef[1] = g->power == g->power && m != 0 ? g->power - (k - 1) : g->power;
    coef[2] = g->scale;
    coef[3] = 0;
}

/* dl/dx_h without the softmax's cancellation, before the chain through softcap and temperature. */
static double at_hole(const cat_plan *p, const cat_row_grad *g, double x, double u) {
    double d;
    if (p->form == CAT_LOGITS)
        d = (g->q_less - u) - g->b * g->others;
    else if (p->form == CAT_LOG_PROBS)
        d = -(g->a + u);
    else
        d = x >= 0 && x <= 1 ? -(g->a + u) / x : (double)NAN;
    d *= g->scale;
    return d == d ? d : (double)NAN;
}

/* d/d target_probs_c = s v_c (1 - e) nll_c for columns col .. col + n. */
static void target_gradient(const cat_plan *p, cat_scratch *s, const cat_row_grad *g, const void *x,
                            size_t row, size_t col, size_t n) {
    const nll_out *out = &p->a->grad_target_probs;
    void *to = nll_put_target(out, p->type, row, col, NLL_ALONG_COLS, s->g);
    if (p->form == CAT_PROBS) {
        p->isa->fn[p->type][NLL_K_log](&(nll_job){.rows = 1, .cols = n, .in = {x}, .out = {s->z}});
        x = s->z;
    }
    double keep = g->scale * (1 - p->a->label_smoothing);
    double base = p->form == CAT_LOGITS ? g->lse : 0;
    for (size_t i = 0; i < n; i++) {
        double d = base - cat_element(p->type, x, i);
        d *= keep * (p->weight ? p->weight[col + i] : 1);
        cat_set(p->type, to, i, g->scale == 0 ? 0 : d == d ? d : (double)NAN);
    }
    nll_put(out, p->type, p->isa, row, col, NLL_ALONG_COLS, n, to);
}

/* Input gradient of n elements x (with dense weights u) into `to`, the hole left for later. */
static void input_gradient(const cat_plan *p, const cat_row_grad *g, const double coef[4],
                           const void *x, const void *u, void *to, size_t n) {
    float anchor_f = (float)g->anchor;
    const void *anchor = p->type == NLL_TYPE_F32 ? (const void *)&anchor_f : &g->anchor;
    nll_job job = {.rows = 1, .cols = n, .in = {x, u, NULL, coef}, .out = {to}};
    if (p->form == CAT_LOGITS) {
        job.in[2] = g->anchor != 0 ? anchor : NULL;
        p->isa->fn[p->type][NLL_K_row_softmax_grad](&job);
    } else if (p->form == CAT_PROBS && u) {
        p->isa->fn[p->type][NLL_K_row_probs_grad](&job);
    } else {
        for (size_t i = 0; i < n; i++)
            cat_set(p->type, to, i, u ? -(g->scale * cat_element(p->type, u, i)) : 0);
    }
}

static void row_chunks(const cat_plan *p, cat_scratch *s, size_t row, const cat_row_grad *g) {
    const nll_out *out = &p->a->grad;
    double coef[4];
    coefficients(p, g, coef);
    for (size_t col = 0, n; col < p->cols; col += n) {
        n = p->cols - col < CAT_CHUNK ? p->cols - col : CAT_CHUNK;
        const void *x = cat_logits(p, s, row, col, n, s->dz);
        if (nll_out_given(&p->a->grad_target_probs)) target_gradient(p, s, g, x, row, col, n);
        if (!nll_out_given(out)) continue;
        const void *u = p->dense ? cat_dense(p, s, row, col, n) : NULL;
        int inside = g->hole >= (int64_t)col && g->hole - (int64_t)col < (int64_t)n;
        size_t h = inside ? (size_t)g->hole - col : 0;
        double x_h = inside ? cat_element(p->type, x, h) : 0;
        double u_h = inside && u ? cat_element(p->type, u, h) : 0;
        void *to = nll_put_target(out, p->type, row, col, NLL_ALONG_COLS, s->g);
        input_gradient(p, g, coef, x, u, to, n);
        if (inside) cat_set(p->type, to, h, at_hole(p, g, x_h, u_h));
        if (p->transformed)
            for (size_t i = 0; i < n; i++) {
                double d = cat_element(p->type, to, i) * cat_element(p->type, s->dz, i);
                cat_set(p->type, to, i, d == d ? d : (double)NAN);
            }
        nll_put(out, p->type, p->isa, row, col, NLL_ALONG_COLS, n, to);
    }
}

/* A row that adds nothing: zeros, its logits unread. */
static void zero_row(const cat_plan *p, cat_scratch *s, size_t row) {
    const nll_out *outs[2] = {&p->a->grad, &p->a->grad_target_probs};
    for (int o = 0; o < 2; o++) {
        if (!nll_out_given(outs[o])) continue;
        for (size_t col = 0, n; col < p->cols; col += n) {
            n = p->cols - col < CAT_CHUNK ? p->cols - col : CAT_CHUNK;
            for (size_t i = 0; i < n; i++) cat_set(p->type, s->g, i, 0);
            nll_put(outs[o], p->type, p->isa, row, col, NLL_ALONG_COLS, n, s->g);
        }
    }
}

/* Rows whose logits and gradients need no conversion, in one kernel call. */
static void run_direct(const cat_plan *p, cat_scratch *s, size_t row, size_t count,
                       const cat_row_grad *g) {
    const nll_out *out = &p->a->grad;
    double coef[CAT_GROUP][4], anchors[CAT_GROUP], x_h[CAT_GROUP], u_h[CAT_GROUP];
    int anchored = 0;
    nll_job job = {.rows = count, .cols = p->cols, .ld = {p->x->row_stride}};
    job.in[0] = cat_logits(p, s, row, 0, p->cols, NULL);
    if (p->dense) {
        job.in[1] = cat_dense(p, s, row, 0, p->cols);
        job.ld[1] = p->smoothed ? 0 : p->a->target_probs.row_stride;
    }
    const size_t size = nll_type_size(p->type);
    for (size_t r = 0; r < count; r++) {
        coefficients(p, &g[r], coef[r]);
        cat_set(p->type, anchors, r, g[r].anchor);
        anchored |= g[r].anchor != 0;
        x_h[r] = u_h[r] = 0;
        if (g[r].hole >= 0) {
            const char *x = (const char *)job.in[0] + (ptrdiff_t)(r * size) * job.ld[0];
            x_h[r] = cat_element(p->type, x, (size_t)g[r].hole);
            const char *u = (const char *)job.in[1] + (ptrdiff_t)(r * size) * job.ld[1];
            u_h[r] = p->dense ? cat_element(p->type, u, (size_t)g[r].hole) : 0;
        }
    }
    job.in[2] = anchored ? anchors : NULL;
    job.in[3] = coef;
    job.out[0] = nll_put_target(out, p->type, row, 0, NLL_ALONG_COLS, NULL);
    job.out_ld[0] = out->row_stride;
    p->isa->fn[p->type][NLL_K_row_softmax_grad](&job);
    for (size_t r = 0; r < count; r++)
        if (g[r].hole >= 0)
            cat_set(p->type, (char *)job.out[0] + (ptrdiff_t)(r * size) * job.out_ld[0],
                    (size_t)g[r].hole, at_hole(p, &g[r], x_h[r], u_h[r]));
}

void cat_gradients(const cat_plan *p, cat_scratch *s, size_t row, size_t count,
                   const cat_row_grad *g) {
    int direct = p->grad_direct && p->x_direct && (!p->dense || p->smoothed || p->q_direct) &&
                 p->form == CAT_LOGITS && !nll_out_given(&p->a->grad_target_probs);
    for (size_t r = 0; r < count;) {
        size_t run = 1;
        if (g[r].scale == 0) {
            zero_row(p, s, row + r);
        } else if (direct) {
            while (r + run < count && g[r + run].scale != 0) run++;
            run_direct(p, s, row + r, run, g + r);
        } else {
            row_chunks(p, s, row + r, &g[r]);
        }
        r += run;
    }
}
