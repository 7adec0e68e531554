/* categorical_second.c: second derivatives of a group of rows: the diagonal of each row's Hessian
 * and its product with a vector v.
 *
 * From logits, with w = f' v, h the arg max and D = sum_d p_d (w_d - w_h):
 *   H_z       = (B (diag p - p p') + 2 zeta p p'),  B = A + Q + Z as in the gradient
 *   diagonal    B p_c (1 - p_c) + 2 zeta p_c^2
 *   product     B p_c ((w_c - w_h) - D) + 2 zeta p_c (w_h + D): no sum that cancels, nor 1 - p_h
 * and for z = f(x), softcap and temperature: H_x = f' H_z f' + diag(f'' dl/dz).
 * From probs: (A [c = y] + u_c) / p_c^2 on the diagonal; from log-probs all is 0. */
#include "categorical.h"
#include "fetch.h"
#include "reduce.h"

#include <math.h>

typedef struct second {
    const cat_plan *p;
    cat_scratch *s;
    const cat_row_grad *g;
    size_t row;
    int64_t h;
    double p_h, others, anchor, coef[4]; /* {f, k, -, top} of 1 / sum, for the kernel */
    double w_h, D;
    double v[NLL_ROW_CHUNK], out[NLL_ROW_CHUNK];
} second;

static int products(const second *t) { return nll_out_given(&t->p->a->hvp); }

/* f'' / f' of softcap and temperature: z = C tanh(x / C) / T. */
static double bend(const cat_plan *p, double z) {
    double C = p->cap[0], T = p->cap[1];
    return C > 0 ? -2 * z * T / (C * C) : 0;
}

/* p of a chunk into s->g, and what is known of the others at h. */
static void probabilities(second *t, const void *z, size_t n) {
    const cat_plan *p = t->p;
    double anchor;
    nll_set_element(p->type, &anchor, 0, t->anchor);
    nll_job job = {.rows = 1, .cols = n, .in = {z, NULL, NULL, t->coef}, .out = {t->s->g}};
    if (t->anchor != 0) job.in[2] = &anchor;
    p->isa->fn[p->type][NLL_K_row_softmax_grad](&job);
}

/* f' of element i of a chunk. */
static double slope(const second *t, size_t i) {
    return t->p->transformed ? nll_element(t->p->type, t->s->dz, i) : 1;
}

static const double *vector(second *t, size_t col, size_t n) {
    return nll_fetch(&t->p->a->vector, NLL_TYPE_F64, t->p->isa, t->row, col, NLL_ALONG_COLS, n,
                     t->v);
}

/* w_h and D: products summed by the kernel `total`, blocks with their rounding errors. */
static void moment(second *t) {
    const cat_plan *p = t->p;
    double sum = 0, lost = 0;
    cat_logits(p, t->s, t->row, (size_t)t->h, 1, t->s->dz);
    t->w_h = nll_get(&p->a->vector, t->row, (size_t)t->h) * slope(t, 0);
    for (size_t col = 0, n; col < p->cols; col += n) {
        n = p->cols - col < NLL_BLOCK ? p->cols - col : NLL_BLOCK;
        const void *z = cat_logits(p, t->s, t->row, col, n, t->s->dz);
        const double *v = vector(t, col, n);
        probabilities(t, z, n);
        for (size_t i = 0; i < n; i++) {
            int here = (int64_t)(col + i) == t->h;
            double pc = nll_element(p->type, t->s->g, i);
            t->v[i] = here || pc == 0 ? 0 : v[i] * slope(t, i) - t->w_h;
            t->out[i] = here ? 0 : pc;
        }
        double x = nll_block_total(p->isa, NLL_TYPE_F64, t->v, t->out, n, NULL);
        double s = sum + x, b = s - sum;
        lost += (sum - (s - b)) + (x - b);
        sum = s;
    }
    t->D = sum + lost;
}

/* One chunk of the diagonal, or of the product, into t->out. */
static void chunk(second *t, size_t col, size_t n, int product) {
    const cat_plan *p = t->p;
    const cat_row_grad *g = t->g;
    const void *z = cat_logits(p, t->s, t->row, col, n, t->s->dz);
    const double *v = product ? vector(t, col, n) : NULL;
    int bent = p->cap[0] > 0;
    double B = g->a + g->q + g->z;
    probabilities(t, z, n);
    if (bent) cat_z_gradient(p, t->s, t->row, col, n, g, z, t->s->t);
    for (size_t i = 0; i < n; i++) {
        int here = (int64_t)(col + i) == t->h;
        double pc = here ? t->p_h : nll_element(p->type, t->s->g, i), f = slope(t, i), d;
        if (product) {
            double w = here || pc == 0 ? 0 : v[i] * f - t->w_h;
            d = B * (pc * (w - t->D)) + g->curve * (pc * (t->w_h + t->D));
        } else {
            d = f * (B * (pc * (here ? t->others : 1 - pc)) + g->curve * (pc * pc));
        }
        d *= g->scale * f;
        if (bent && f != 0) {
            double gz = nll_element(p->type, t->s->t, i) * (product ? v[i] : 1);
            d += f * bend(p, nll_element(p->type, z, i)) * gz;
        }
        t->out[i] = nll_canonical(d);
    }
}

/* The same from probs and log-probs. */
static void direct_chunk(second *t, size_t col, size_t n, int product) {
    const cat_plan *p = t->p;
    const cat_row_grad *g = t->g;
    const void *x = cat_logits(p, t->s, t->row, col, n, NULL);
    const void *u = p->dense ? cat_dense(p, t->s, t->row, col, n) : NULL;
    const double *v = product ? vector(t, col, n) : NULL;
    int64_t y = g->at[1].class >= 0 ? g->at[1].class : g->at[0].class;
    for (size_t i = 0; i < n; i++) {
        double pc = nll_element(p->type, x, i), a = u ? nll_element(p->type, u, i) : 0, d = 0;
        if ((int64_t)(col + i) == y && !p->soft) a += g->a;
        if (p->form == CAT_PROBS && a != 0) d = g->scale * (a / pc / pc);
        if (p->form == CAT_PROBS && !(pc >= 0 && pc <= 1)) d = (double)NAN;
        t->out[i] = nll_canonical(product && d == d && d != 0 ? d * v[i] : d);
    }
}

/* A chunk of the diagonal without softcap and temperature: one kernel, h apart. */
static void plain_chunk(second *t, const nll_out *out, size_t col, size_t n) {
    const cat_plan *p = t->p;
    const cat_row_grad *g = t->g;
    double B = g->scale * (g->a + g->q + g->z), curve = g->scale * g->curve;
    double anchor, b, coef[4] = {t->coef[0], t->coef[1], B, 0};
    void *to = nll_put_target(out, p->type, t->row, col, NLL_ALONG_COLS, t->s->g);
    nll_set_element(p->type, &anchor, 0, t->anchor);
    nll_set_element(p->type, &b, 0, curve);
    nll_job job = {.rows = 1, .cols = n, .in = {NULL, NULL, NULL, coef, &b}, .out = {to}};
    job.in[0] = cat_logits(p, t->s, t->row, col, n, NULL);
    if (t->anchor != 0) job.in[2] = &anchor;
    p->isa->fn[p->type][NLL_K_row_curvature](&job);
    if (t->h >= (int64_t)col && t->h < (int64_t)(col + n))
        nll_set_element(p->type, to, (size_t)t->h - col,
                        nll_canonical(B * (t->p_h * t->others) + curve * (t->p_h * t->p_h)));
    nll_put(out, p->type, p->isa, t->row, col, NLL_ALONG_COLS, n, to);
}

static void write_row(second *t, const nll_out *out, int product) {
    const cat_plan *p = t->p;
    if (!nll_out_given(out)) return;
    for (size_t col = 0, n; col < p->cols; col += n) {
        n = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        if (t->g->scale != 0 && !product && p->form == CAT_LOGITS && !p->transformed) {
            plain_chunk(t, out, col, n);
            continue;
        }
        if (t->g->scale == 0)
            for (size_t i = 0; i < n; i++) t->out[i] = 0;
        else if (p->form == CAT_LOGITS)
            chunk(t, col, n, product);
        else
            direct_chunk(t, col, n, product);
        nll_put(out, NLL_TYPE_F64, p->isa, t->row, col, NLL_ALONG_COLS, n, t->out);
    }
}

void cat_second(const cat_plan *p, cat_scratch *s, size_t row, size_t count, const int64_t *y,
                const cat_row_grad *g) {
    cat_dist d;
    second t = {.p = p, .s = s};
    int logits = p->form == CAT_LOGITS;
    if (logits) {
        cat_largest(p, s, &d, row, count, y);
        cat_distribution(p, s, &d, row, count, y);
    }
    for (size_t i = 0; i < count; i++) {
        t.g = &g[i];
        t.row = row + i;
        if (logits && g[i].scale != 0) {
            int k = 0;
            double m = 1 / d.mantissa[i], f = m == m ? 2 * frexp(m, &k) : m;
            t.h = d.h[i] < 0 ? 0 : d.h[i];
            t.p_h = d.p_h[i];
            t.others = d.others[i];
            t.anchor = nll_element(p->type, d.anchor, i);
            t.coef[0] = p->type == NLL_TYPE_F32 ? (double)(float)f : f;
            t.coef[1] = d.power[i] - (k - 1);
            t.coef[3] = d.power[i] + 2;
            if (products(&t)) moment(&t);
        }
        write_row(&t, &p->a->hess, 0);
        write_row(&t, &p->a->hvp, 1);
    }
}
