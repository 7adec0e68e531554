/* categorical_sparse.c: sparse targets: the bucket of all classes not listed, and gradients. */
#include "categorical_sparse.h"
#include "fetch.h"

#include <math.h>
#include <string.h>

/* Sum of exp(z - z_h) over the listed classes among n columns of z, each once: those met become
 * -inf, so that z is left with the others. */
static double take_listed(const cat_plan *p, size_t row, size_t col, size_t n, double z_h,
                          void *z) {
    cat_list list;
    double sum = 0;
    for (size_t j = 0, read, m; (read = cat_listed_in(p, row, j, col, n, &list, &m)) > 0;
         j += read) {
        double below[CAT_LIST];
        size_t met = 0;
        for (size_t i = 0; i < m; i++) {
            double x = nll_element(p->type, z, (size_t)list.index[i]);
            if (x == -INFINITY) continue;
            below[met++] = x - z_h;
            nll_set_element(p->type, z, (size_t)list.index[i], -INFINITY);
        }
        if (met > 0) nll_elementwise(p->isa, NLL_K_exp, below, below, met);
        for (size_t i = 0; i < met; i++) sum += below[i];
    }
    return sum;
}

/* The classes not listed: sum of e^(z - anchor) = S 2^N, their maximum; and of the listed ones the
 * sum relative to z_h. */
typedef struct others {
    double N, S, top, listed;
} others;

static others sum_others(const cat_plan *p, cat_scratch *s, size_t row, double z_h, double anchor) {
    double N = 0, S = 0, lost = 0, top, at;
    others o = {.listed = 0};
    nll_job job = {.rows = 1, .in = {s->t}, .out = {&N, &S, &lost, &top}};
    nll_set_element(p->type, &at, 0, anchor);
    if (anchor != 0) job.in[2] = &at;
    for (size_t col = 0; col < p->cols; col += job.cols, job.carry = 1) {
        job.cols = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        memcpy(s->t, cat_logits(p, s, row, col, job.cols, NULL), job.cols * nll_type_size(p->type));
        o.listed += take_listed(p, row, col, job.cols, z_h, s->t);
        p->isa->fn[p->type][NLL_K_row_lse](&job);
    }
    o.N = N;
    o.S = S + lost;
    o.top = nll_element(p->type, &top, 0);
    if (o.top == -INFINITY && o.S == o.S) o.S = 0;
    return o;
}

cat_bucket cat_bucket_of(const cat_plan *p, cat_scratch *s, size_t row, const cat_bucket_in *in) {
    others o = sum_others(p, s, row, in->z_h, in->anchor);
    double down = 0, nll;                                      /* of the anchor */
    if (o.top > -INFINITY && o.top - in->anchor < -NLL_NEAR) { /* far below all that is listed */
        o = sum_others(p, s, row, in->z_h, o.top);
        down = in->anchor - o.top;
    }
    double parts[3] = {o.listed * in->p_h, in->mantissa, o.S};
    double ratio = nll_scaled(parts[0] * (in->mantissa / o.S), in->power - o.N);
    if (down > 0) ratio = INFINITY;
    nll_elementwise(p->isa, NLL_K_log1p, &ratio, &nll, 1);
    if (ratio == INFINITY && o.S > 0) { /* log A - log B */
        nll_elementwise(p->isa, NLL_K_log, parts, parts, 3);
        nll = ((in->power - o.N) * LN2 + ((parts[0] + parts[1]) - parts[2])) + down;
    }
    cat_bucket b = {.missing = in->mass < 1    ? 1 - in->mass
                               : in->mass >= 1 ? 0
                                               : (double)NAN,
                    .nll = nll,
                    .coefficient = in->mass,
                    .mantissa = in->mantissa,
                    .power = in->power,
                    .anchor = in->anchor};
    double rest = 1 / (1 + ratio);
    if (!(b.missing > 0)) return b;
    if (ratio < INFINITY || o.S != o.S) {
        b.coefficient = (in->mass - ratio * rest) / rest;
    } else { /* p_j / R, relative to B itself; 0 where nothing is left */
        b.coefficient = o.S > 0 ? -b.missing : 0;
        b.mantissa = o.S > 0 ? o.S : in->mantissa;
        b.power = o.N;
        b.anchor = down > 0 ? o.top : in->anchor;
    }
    return b;
}

/* A chunk of z without its listed classes, which are noted in s->t. */
const void *cat_bucket_rest(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                            const void *z) {
    cat_list list;
    memcpy(s->q, z, n * nll_type_size(p->type));
    for (size_t j = 0, read, m; (read = cat_listed_in(p, row, j, col, n, &list, &m)) > 0; j += read)
        for (size_t i = 0; i < m; i++) {
            s->t[list.index[i]] = nll_element(p->type, z, (size_t)list.index[i]);
            nll_set_element(p->type, s->q, (size_t)list.index[i], -INFINITY);
        }
    return s->q;
}

/* Listed classes: s ((Q + t + Z) p_j - sum q_i); the arg max without p - 1, as at_class has it. */
void cat_bucket_gradient(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                         const cat_row_grad *g, void *to) {
    cat_list list;
    int64_t h = g->at[0].class - (int64_t)col;
    double prob = g->at[0].p, q_h = 0, d;
    int h_listed = 0;
    for (size_t j = 0, read, m; (read = cat_listed_in(p, row, j, col, n, &list, &m)) > 0;
         j += read) {
        double e[CAT_LIST];
        for (size_t i = 0; i < m; i++) e[i] = s->t[list.index[i]] - g->peak;
        if (m > 0) nll_elementwise(p->isa, NLL_K_exp, e, e, m);
        for (size_t i = 0; i < m; i++)
            nll_set_element(p->type, to, (size_t)list.index[i],
                            g->scale * ((g->q + g->z) * (e[i] * prob)));
    }
    for (size_t j = 0, read, m; (read = cat_listed_in(p, row, j, col, n, &list, &m)) > 0; j += read)
        for (size_t i = 0; i < m; i++) {
            size_t at = (size_t)list.index[i];
            nll_set_element(p->type, to, at,
                            nll_canonical(nll_element(p->type, to, at) - g->scale * list.q[i]));
            h_listed |= list.index[i] == h;
            if (list.index[i] == h) q_h += list.q[i];
        }
    if (h < 0 || h >= (int64_t)n) return;
    if (h_listed && prob > 0.5)
        d = (g->q - q_h) - g->q * g->at[0].others + g->z * prob;
    else if (h_listed)
        d = (g->q + g->z) * prob - q_h;
    else
        d = g->coefficient * prob;
    nll_set_element(p->type, to, (size_t)h, nll_canonical(g->scale * d));
}

/* a_i = v_i (1 - e) nll_i of a batch, from the arg max (logits) or the entry itself. */
static void losses(const cat_plan *p, cat_scratch *s, size_t row, const cat_list *list, size_t n,
                   const cat_row_grad *g, double *a) {
    double keep = 1 - p->a->label_smoothing;
    int logits = p->form == CAT_LOGITS;
    for (size_t i = 0; i < n; i++) a[i] = cat_logit(p, s, row, list->index[i]);
    if (p->form == CAT_PROBS) nll_elementwise(p->isa, NLL_K_log, a, a, n);
    for (size_t i = 0; i < n; i++) {
        double v = p->weight ? p->weight[list->index[i]] : 1;
        double l = logits ? g->nll + (g->peak - a[i]) : -a[i];
        a[i] = (v == 0 || keep == 0) && l == l ? 0 : l * (keep * v); /* 0 * inf = 0, NaN stays */
    }
}

void cat_list_target_gradient(const cat_plan *p, cat_scratch *s, size_t row,
                              const cat_row_grad *g) {
    int logs = nll_view_given(&p->a->target_log_probs);
    int share = p->a->tail == NLL_TAIL_RENORMALISE;
    double factor = s->factor[row - s->first], mean = 0, a[CAT_LIST];
    cat_list list;
    for (size_t j = 0, n; share && (n = cat_listed(p, row, j, &list)) > 0; j += n) {
        losses(p, s, row, &list, n, g, a);
        for (size_t i = 0; i < n; i++) mean += list.q[i] == 0 ? 0 : list.q[i] * factor * a[i];
    }
    for (size_t j = 0, n; (n = cat_listed(p, row, j, &list)) > 0; j += n) {
        losses(p, s, row, &list, n, g, a);
        for (size_t i = 0; i < n; i++) {
            double d = share ? (a[i] - mean) * factor : a[i] - g->bucket;
            if (logs) d = list.q[i] == 0 && d == d ? 0 : d * list.q[i];
            d = g->scale == 0 ? 0 : d * g->scale;
            a[i] = list.q[i] < 0 ? (double)NAN : nll_canonical(d);
        }
        nll_put(&p->a->grad_target_probs, NLL_TYPE_F64, p->isa, row, j, NLL_ALONG_COLS, n, a);
    }
}
