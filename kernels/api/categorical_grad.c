/* categorical_grad.c: gradients of a group of rows, with respect to the inputs and to soft targets.
 */
#include "categorical.h"
#include "categorical_coef.h"
#include "categorical_sparse.h"
#include "fetch.h"
#include "tile.h"

#include <math.h>
#include <string.h>

static void coefficients(const cat_plan *p, const cat_row_grad *g, double coef[4]) {
    cat_coefficients(p->type, g->scale, g->coefficient, g->mantissa, g->power, coef);
}

/* dl/dx of class at[k] without the softmax's cancellation, before the chain through softcap and
 * temperature; x and u are its logit (log-prob, prob) and its dense weight. */
static double at_class(const cat_plan *p, const cat_row_grad *g, int k, double x, double u) {
    double prob = g->at[k].p, others = g->at[k].others, d;
    int target = !p->soft && (k == 1 || g->at[1].class < 0);
    double a = target ? g->a : 0;
    if (p->form == CAT_LOGITS)
        d = (prob > 0.5 ? (g->q - u) - g->q * others : g->q * prob - u) + g->z * prob +
            (target ? -a * others : g->a * prob);
    else if (p->form == CAT_LOG_PROBS)
        d = -(a + u);
    else
        d = !(x >= 0 && x <= 1) ? (double)NAN : a + u == 0 ? 0 : -(a + u) / x;
    d *= g->scale;
    return d == d ? d : (double)NAN;
}

/* d/d target_probs_c = s v_c (1 - e) nll_c for columns col .. col + n into s->t; 0 * inf = 0. */
static void target_gradient(const cat_plan *p, cat_scratch *s, const cat_row_grad *g, const void *x,
                            size_t col, size_t n) {
    if (p->form == CAT_PROBS) {
        p->isa->fn[p->type][NLL_K_log](&(nll_job){.rows = 1, .cols = n, .in = {x}, .out = {s->z}});
        x = s->z;
    }
    double keep = g->scale * (1 - p->a->label_smoothing);
    double base = p->form == CAT_LOGITS ? g->peak : 0, more = p->form == CAT_LOGITS ? g->nll : 0;
    for (size_t i = 0; i < n; i++) {
        double v = p->weight ? p->weight[col + i] : 1,
               d = more + (base - nll_element(p->type, x, i));
        d = (v == 0 || keep == 0) && d == d ? 0 : d * (keep * v); /* 0 * inf = 0, NaN stays */
        nll_set_element(p->type, s->t, i, d == d ? d : (double)NAN);
    }
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
            nll_set_element(p->type, to, i, u ? -(g->scale * nll_element(p->type, u, i)) : 0);
    }
}

void cat_z_gradient(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                    const cat_row_grad *g, const void *x, void *to) {
    const void *u = p->dense && !p->bucket ? cat_dense(p, s, row, col, n) : NULL;
    double coef[4], x_at[2] = {0, 0}, u_at[2] = {0, 0};
    size_t at[2];
    coefficients(p, g, coef);
    for (int k = 0; k < 2; k++) {
        int64_t c = g->at[k].class - (int64_t)col;
        at[k] = g->at[k].class >= 0 && c >= 0 && c < (int64_t)n ? (size_t)c : SIZE_MAX;
        if (at[k] == SIZE_MAX) continue;
        x_at[k] = nll_element(p->type, x, at[k]);
        u_at[k] = u ? nll_element(p->type, u, at[k]) : 0;
    }
    const void *rest = p->bucket ? cat_bucket_rest(p, s, row, col, n, x) : x;
    input_gradient(p, g, coef, rest, u, to, n);
    if (p->bucket) cat_bucket_gradient(p, s, row, col, n, g, to);
    for (int k = 0; k < 2 && !p->bucket; k++)
        if (at[k] != SIZE_MAX)
            nll_set_element(p->type, to, at[k], at_class(p, g, k, x_at[k], u_at[k]));
}

/* n elements from column col on.  All is made in scratch first: outputs may be the inputs. */
static void chunk(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                  const cat_row_grad *g) {
    const nll_out *out = &p->a->grad, *target_out = &p->a->grad_target_probs;
    int target_wanted = nll_out_given(target_out) && !p->sparse;
    const void *x = cat_logits(p, s, row, col, n, s->dz);
    if (target_wanted) target_gradient(p, s, g, x, col, n);
    if (nll_out_given(out)) {
        void *to = nll_put_target(out, p->type, row, col, NLL_ALONG_COLS, s->g);
        cat_z_gradient(p, s, row, col, n, g, x, to);
        if (p->transformed)
            for (size_t i = 0; i < n; i++) {
                double d = nll_element(p->type, to, i) * nll_element(p->type, s->dz, i);
                nll_set_element(p->type, to, i, d == d ? d : (double)NAN);
            }
        nll_put(out, p->type, p->isa, row, col, NLL_ALONG_COLS, n, to);
    }
    if (target_wanted) nll_put(target_out, p->type, p->isa, row, col, NLL_ALONG_COLS, n, s->t);
}

static void row_chunks(const cat_plan *p, cat_scratch *s, size_t row, const cat_row_grad *g) {
    if (p->sparse && nll_out_given(&p->a->grad_target_probs))
        cat_list_target_gradient(p, s, row, g); /* the input's gradient may take its place */
    for (size_t col = 0, n; col < p->cols; col += n) {
        n = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        chunk(p, s, row, col, n, g);
    }
}

/* A row that adds nothing: zeros, its logits unread. */
static void zero_row(const cat_plan *p, cat_scratch *s, size_t row) {
    const nll_out *outs[2] = {&p->a->grad, &p->a->grad_target_probs};
    for (int o = 0; o < 2; o++) {
        if (!nll_out_given(outs[o])) continue;
        for (size_t col = 0, n; col < outs[o]->cols; col += n) {
            n = outs[o]->cols - col < NLL_ROW_CHUNK ? outs[o]->cols - col : NLL_ROW_CHUNK;
            for (size_t i = 0; i < n; i++) nll_set_element(p->type, s->g, i, 0);
            nll_put(outs[o], p->type, p->isa, row, col, NLL_ALONG_COLS, n, s->g);
        }
    }
}

void cat_softmax_grad(const cat_plan *p, nll_job job, size_t row, size_t count) {
    const nll_out *out = &p->a->grad;
    const size_t size = nll_type_size(p->type);
    job.rows = count;
    job.cols = p->cols;
    job.in[0] = nll_fetch(p->x, p->type, p->isa, row, 0, NLL_ALONG_COLS, p->cols, NULL);
    job.ld[0] = p->x->row_stride;
    job.out[0] = nll_put_target(out, p->type, row, 0, NLL_ALONG_COLS, NULL);
    job.out_ld[0] = out->row_stride;
    if (job.out[0] == job.in[0] &&
        p->total == p) /* the memory has time for what the next group reads */
        job.par[0] = (double)((ptrdiff_t)(count * size) * job.ld[0]);
    if (p->result)
        nll_tile_ask(&job, job.out[0], p->result->data, nll_dtype_size(p->result->dtype),
                     p->result->row_stride, p->result->col_stride, 0, 1);
    p->isa->fn[p->type][NLL_K_row_softmax_grad](&job);
}

/* Rows whose logits and gradients need no conversion, in one kernel call. */
static void run_direct(const cat_plan *p, cat_scratch *s, size_t row, size_t count,
                       const cat_row_grad *g) {
    const nll_out *out = &p->a->grad;
    double coef[NLL_ROW_GROUP][4], anchors[NLL_ROW_GROUP], u_at[NLL_ROW_GROUP][2];
    int anchored = 0;
    nll_job job = {.in = {NULL}};
    if (p->dense) {
        job.in[1] = cat_dense(p, s, row, 0, p->cols);
        job.ld[1] = p->smoothed ? 0 : p->a->target_probs.row_stride;
    }
    const size_t size = nll_type_size(p->type);
    for (size_t r = 0; r < count; r++) {
        coefficients(p, &g[r], coef[r]);
        nll_set_element(p->type, anchors, r, g[r].anchor);
        anchored |= g[r].anchor != 0;
        for (int k = 0; k < 2; k++) {
            u_at[r][k] = 0;
            if (p->dense && g[r].at[k].class >= 0)
                u_at[r][k] = nll_element(
                    p->type, (const char *)job.in[1] + (ptrdiff_t)(r * size) * job.ld[1],
                    (size_t)g[r].at[k].class);
        }
    }
    job.in[2] = anchored ? anchors : NULL;
    job.in[3] = coef;
    cat_softmax_grad(p, job, row, count);
    char *to = nll_put_target(out, p->type, row, 0, NLL_ALONG_COLS, NULL);
    for (size_t r = 0; r < count; r++) {
        char *row_out = to + (ptrdiff_t)(r * size) * out->row_stride;
        for (int k = 0; k < 2; k++)
            if (g[r].at[k].class >= 0)
                nll_set_element(p->type, row_out, (size_t)g[r].at[k].class,
                                at_class(p, &g[r], k, 0, u_at[r][k]));
    }
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
