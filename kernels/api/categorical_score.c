/* categorical_score.c: how good a row's distribution is: rank, margin, entropy, confidence, Brier
 * score.
 *
 * With h the arg max, e_j = exp(z_j - z_h) and R = sum_{j != h} e_j, everything but the rank comes
 * from sums without h, so that a confident row keeps its relative accuracy whatever its target is:
 *   p_h = 1 / (1 + R)   entropy = log(1 + R) + sum_{j != h} p_j (z_h - z_j), every term >= 0
 *   Brier   y = h: (1 - p_h)^2 + sum_{j != h} p_j^2
 *           else:  (1 - p_y)^2 + p_h^2 + (sum_{j != h} p_j^2 - p_y^2),  p_y <= 1/2 */
#include "categorical.h"
#include "fetch.h"

#include <math.h>
#include <string.h>

typedef struct cat_score {
    cat_dist dist;
    double value[NLL_ROW_GROUP]; /* in the compute type */
    int64_t rank[NLL_ROW_GROUP];
    double z_y[NLL_ROW_GROUP], p_y[NLL_ROW_GROUP];
    double margin[NLL_ROW_GROUP], entropy[NLL_ROW_GROUP], brier[NLL_ROW_GROUP];
} cat_score;

static int skipped(const cat_plan *p, int64_t y) { return !p->soft && y < 0; }

void cat_largest(const cat_plan *p, cat_scratch *s, cat_dist *g, size_t row, size_t count,
                 const int64_t *y) {
    cat_pass_counted(p, s, NLL_K_row_max, (nll_job){.out = {g->top}}, row, count, y);
    cat_pass_counted(p, s, NLL_K_row_find, (nll_job){.in = {NULL, g->top}, .out = {g->h}}, row,
                     count, y);
    cat_pass_counted(p, s, NLL_K_row_max, (nll_job){.in = {NULL, g->h}, .out = {g->second}}, row,
                     count, y);
}

void cat_distribution(const cat_plan *p, cat_scratch *s, cat_dist *g, size_t row, size_t count,
                      const int64_t *y) {
    int far = 0;
    for (size_t i = 0; i < count; i++) {
        double top = skipped(p, y[i]) ? 0 : nll_element(p->type, g->top, i);
        double anchor = fabs(top) < INFINITY && fabs(top) > NLL_NEAR ? top : 0;
        double second = skipped(p, y[i]) ? 0 : nll_element(p->type, g->second, i) - anchor;
        second = second > -2 * NLL_NEAR ? second : -2 * NLL_NEAR;
        second = second < 2 * NLL_NEAR ? second : 2 * NLL_NEAR;
        g->N[i] = rint(second * LOG2E);
        g->z_h[i] = fabs(top) < INFINITY ? top - anchor : (double)NAN;
        nll_set_element(p->type, g->exponent, i, g->N[i]);
        nll_set_element(p->type, g->anchor, i, anchor);
        far |= anchor != 0;
    }
    cat_pass_counted(
        p, s, NLL_K_row_moments,
        (nll_job){.in = {NULL, g->h, far ? g->anchor : NULL, g->top, g->exponent},
                  .out = {g->sum[0], g->lost[0], g->sum[1], g->lost[1], g->sum[2], g->lost[2]}},
        row, count, y);
    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < 3; k++)
            g->sum[k][i] = skipped(p, y[i]) ? 0 : g->sum[k][i] + g->lost[k][i];
    p->isa->fn[NLL_TYPE_F64][NLL_K_row_finish](
        &(nll_job){.rows = 1,
                   .cols = count,
                   .in = {g->N, g->sum[0], g->z_h},
                   .out = {g->nll, g->others, g->mantissa, g->power, g->p_h}});
}

/* entropy, p_y and the Brier score, from the distribution. */
static void uncertainty(const cat_plan *p, cat_score *g, size_t count, const int64_t *y) {
    cat_dist *d = &g->dist;
    double below[NLL_ROW_GROUP];
    for (size_t i = 0; i < count; i++)
        below[i] = y[i] < 0 ? 0 : g->z_y[i] - nll_element(p->type, d->top, i);
    nll_elementwise(p->isa, NLL_K_exp, below, g->p_y, count);
    for (size_t i = 0; i < count; i++) {
        double one = 1 / d->mantissa[i], up = d->N[i] - d->power[i];
        double squares = nll_scaled(d->sum[2][i] * one * one, 2 * up), p_h = d->p_h[i];
        double p_y = g->p_y[i] * p_h, miss = y[i] == d->h[i] ? d->others[i] : 1 - p_y;
        double rest = squares - p_y * p_y;
        g->entropy[i] = nll_canonical(d->nll[i] + nll_scaled(d->sum[1][i] * one, up));
        g->brier[i] = y[i] == d->h[i] ? squares : p_h * p_h + (rest < 0 ? 0 : rest);
        g->brier[i] = nll_canonical(miss * miss + g->brier[i]);
        d->p_h[i] = nll_canonical(p_h);
        if (skipped(p, y[i])) g->entropy[i] = g->brier[i] = d->p_h[i] = 0;
    }
}

/* Ranks by the array as given, whose ties no rounding has made; -1 where mode is, or for NaN. */
static void ranks(cat_plan *p, cat_scratch *s, cat_score *g, size_t row, size_t count,
                  const int64_t *y) {
    const cat_plan *raw = p->raw;
    int masked = 0;
    for (size_t i = 0; i < count; i++) {
        double x = y[i] < 0 ? 0 : cat_logit(raw, s, row + i, y[i]);
        masked |= x == -INFINITY;
        nll_set_element(p->type, g->value, i, x);
    }
    cat_pass_counted(raw, s, NLL_K_row_rank, (nll_job){.in = {NULL, y, g->value}, .out = {g->rank}},
                     row, count, y);
    if (masked) /* is anything else there? */
        cat_pass_counted(raw, s, NLL_K_row_max, (nll_job){.out = {g->dist.top}}, row, count, y);
    uint64_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        double x = nll_element(p->type, g->value, i);
        if (skipped(p, y[i]) || x != x ||
            (x == -INFINITY && nll_element(p->type, g->dist.top, i) == -INFINITY))
            g->rank[i] = -1;
        hits += g->rank[i] >= 0 && (uint64_t)g->rank[i] < p->a->top_k;
    }
    atomic_fetch_add_explicit(&p->total->top_hits, hits, memory_order_relaxed);
    if (nll_out_given(&p->a->rank))
        for (size_t i = 0; i < count; i++)
            *((int64_t *)p->a->rank.data + (ptrdiff_t)(row + i) * p->a->rank.row_stride) =
                g->rank[i];
}

void cat_scores(cat_plan *p, cat_scratch *s, size_t row, size_t count, const int64_t *y) {
    const nll_categorical_args *a = p->a;
    const cat_plan *d = p->scored;
    cat_score score, *g = &score;
    const struct {
        const nll_out *out;
        const double *from;
    } sides[] = {{&a->margin, g->margin},
                 {&a->entropy, g->entropy},
                 {&a->confidence, g->dist.p_h},
                 {&a->brier, g->brier}};
    int wanted = 0;
    for (int k = 0; k < 4; k++) wanted |= nll_out_given(sides[k].out) << k;
    if (wanted) cat_largest(d, s, &g->dist, row, count, y);
    for (size_t i = 0; i < count && wanted; i++) {
        g->z_y[i] = y[i] < 0 ? 0 : cat_logit(d, s, row + i, y[i]);
        double best = nll_element(p->type, y[i] == g->dist.h[i] ? g->dist.second : g->dist.top, i);
        g->margin[i] = skipped(p, y[i]) ? 0 : nll_canonical(g->z_y[i] - best);
    }
    if (wanted > 1) {
        cat_distribution(d, s, &g->dist, row, count, y);
        uncertainty(d, g, count, y);
    }
    for (int k = 0; k < 4; k++)
        if (wanted >> k & 1)
            nll_put(sides[k].out, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count,
                    sides[k].from);
    if (a->top_k > 0 || nll_out_given(&a->rank)) ranks(p, s, g, row, count, y);
}
