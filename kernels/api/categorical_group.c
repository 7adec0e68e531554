/* categorical_group.c: values and side outputs of a group of rows; hands over to the gradients. */
#include "categorical.h"
#include "categorical_sparse.h"
#include "fetch.h"

#include <math.h>
#include <string.h>

/* Per-row state, structure of arrays.  `top` and `anchor` are in the compute type. */
typedef struct cat_rows {
    int64_t y[NLL_ROW_GROUP];    /* target, -1: ignored or soft */
    int64_t hole[NLL_ROW_GROUP]; /* h */
    double top[NLL_ROW_GROUP]; /* max over all but the hole, after a dense pass over all classes */
    double anchor[NLL_ROW_GROUP];
    double N[NLL_ROW_GROUP], S[NLL_ROW_GROUP], lost[NLL_ROW_GROUP];
    double x_h[NLL_ROW_GROUP],
        peak[NLL_ROW_GROUP]; /* logit at the hole, max of all logits, less anchor */
    double nll[NLL_ROW_GROUP], others[NLL_ROW_GROUP], mantissa[NLL_ROW_GROUP], power[NLL_ROW_GROUP];
    double dot[NLL_ROW_GROUP], dot_lost[NLL_ROW_GROUP], mass[NLL_ROW_GROUP],
        mass_lost[NLL_ROW_GROUP];
    double nll_y[NLL_ROW_GROUP], p_h[NLL_ROW_GROUP], p_y[NLL_ROW_GROUP], lse[NLL_ROW_GROUP];
    int64_t mode[NLL_ROW_GROUP];
    cat_row_grad grad[NLL_ROW_GROUP];
    cat_scratch scratch;
} cat_rows;

static int skipped(const cat_plan *p, const cat_rows *g, size_t i) {
    return !p->soft && g->y[i] < 0;
}

static int wants_lse(const cat_plan *p) {
    return p->form == CAT_LOGITS && (p->a->z_loss > 0 || nll_out_given(&p->a->lse));
}

/* A ROW kernel over the runs of rows that are not ignored; `job` holds the per-row slots. */
static void pass(const cat_plan *p, cat_rows *g, enum nll_kernel kernel, size_t row, size_t count,
                 nll_job job) {
    cat_pass_counted(p, &g->scratch, kernel, job, row, count, g->y);
}

/* The largest element of each row, without the hole if `holed`, into g->top. */
static void maxima(const cat_plan *p, cat_rows *g, size_t row, size_t count, int holed) {
    pass(p, g, NLL_K_row_max, row, count,
         (nll_job){.in = {NULL, holed ? g->hole : NULL}, .out = {g->top}});
}

/* First column of each row that equals `value`. */
static void find(const cat_plan *p, cat_rows *g, size_t row, size_t count, const void *value,
                 int64_t *found) {
    pass(p, g, NLL_K_row_find, row, count, (nll_job){.in = {NULL, value}, .out = {found}});
}

static double logit(const cat_plan *p, cat_rows *g, size_t row, int64_t col) {
    return cat_logit(p, &g->scratch, row, col);
}

/* Logits of one class per row, NaN where that is -1; an ignored row is not read. */
static void logits_at(const cat_plan *p, cat_rows *g, size_t row, size_t count, const int64_t *col,
                      double *to) {
    ptrdiff_t stride = p->x->row_stride, at = (ptrdiff_t)row * stride;
    for (size_t i = 0; i < count; i++, at += stride) {
        if (col[i] < 0 || skipped(p, g, i))
            to[i] = (double)NAN;
        else if (p->x_direct)
            to[i] = nll_element(p->type, p->x->data, (size_t)(at + (ptrdiff_t)col[i]));
        else
            to[i] = logit(p, g, row + i, col[i]);
    }
}

/* Row r again, relative to its maximum: for magnitudes where the exponent's integer part leaves
 * the range in which it is exact. */
static void anchored(const cat_plan *p, cat_rows *g, size_t row, size_t i, double top) {
    nll_set_element(p->type, g->anchor, i, top);
    nll_job job = {.in = {NULL, g->hole, g->anchor}, .out = {g->N, g->S, g->lost, g->top}};
    cat_pass(p, &g->scratch, NLL_K_row_lse, nll_row_job_at(NLL_K_row_lse, job, p->type, i), row + i,
             1);
    g->x_h[i] -= top;
    g->peak[i] = 0;
}

/* The rows that are ignored, far from 0, or without any logit above -inf: whole again. */
static void odd_rows(const cat_plan *p, cat_rows *g, size_t row, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (skipped(p, g, i)) {
            g->N[i] = g->x_h[i] = g->peak[i] = g->lost[i] = 0;
            g->S[i] = 1;
            continue;
        }
        double top = nll_element(p->type, g->top, i), peak = g->peak[i];
        if (fabs(peak) < INFINITY && fabs(peak) > NLL_NEAR) anchored(p, g, row, i, peak);
        if (top == -INFINITY && g->S[i] + g->lost[i] == g->S[i] + g->lost[i]) {
            g->S[i] = g->lost[i] = 0; /* every other class is masked */
            g->N[i] = 0;
        }
        if (peak == INFINITY || peak == -INFINITY) g->S[i] = g->x_h[i] = NAN;
    }
}

/* N, S of all classes but h; x_h; the peak; the loss, and the rest of row_finish if wanted. */
static void sums(const cat_plan *p, cat_rows *g, size_t row, size_t count, int loss_only) {
    pass(p, g, NLL_K_row_lse, row, count,
         (nll_job){.in = {NULL, g->hole}, .out = {g->N, g->S, g->lost, g->top}});
    logits_at(p, g, row, count, g->hole, g->x_h);
    memset(g->anchor, 0, count * nll_type_size(p->type));
    int odd = 0;
    for (size_t i = 0; i < count; i++) {
        if (skipped(p, g, i)) {
            odd = 1;
            continue;
        }
        double top = nll_element(p->type, g->top, i), x = g->x_h[i], peak = x > top ? x : top;
        g->peak[i] = peak;
        odd |= !(fabs(peak) <= NLL_NEAR) || top == -INFINITY;
    }
    if (odd) odd_rows(p, g, row, count);
    for (size_t i = 0; i < count; i++) g->S[i] += g->lost[i];
    nll_job job = {.rows = 1, .cols = count, .in = {g->N, g->S, g->x_h}, .out = {g->nll}};
    if (!loss_only) {
        double *const rest[] = {g->others, g->mantissa, g->power, g->p_h};
        for (int k = 0; k < 4; k++) job.out[k + 1] = rest[k];
    }
    p->isa->fn[NLL_TYPE_F64][NLL_K_row_finish](&job);
}

/* sum_c u_c (peak - z_c) or sum_c u_c nll_c, and Q. */
static void dots(const cat_plan *p, cat_rows *g, size_t row, size_t count) {
    double reference[NLL_ROW_GROUP];
    for (size_t i = 0; i < count; i++)
        nll_set_element(p->type, reference, i,
                        p->form == CAT_LOGITS && !skipped(p, g, i)
                            ? g->peak[i] + nll_element(p->type, g->anchor, i)
                            : 0);
    if (p->sparse && p->a->label_smoothing == 0) {
        for (size_t i = 0; i < count; i++)
            cat_list_dot(p, &g->scratch, row + i, nll_element(p->type, reference, i), &g->dot[i],
                         &g->mass[i]);
        return;
    }
    pass(p, g, p->form == CAT_PROBS ? NLL_K_row_dot_log : NLL_K_row_dot, row, count,
         (nll_job){.in = {NULL, NULL, p->form == CAT_PROBS ? NULL : reference},
                   .out = {g->dot, g->dot_lost, g->mass, g->mass_lost}});
    for (size_t i = 0; i < count; i++) {
        int none = skipped(p, g, i);
        g->dot[i] = none ? 0 : g->dot[i] + g->dot_lost[i];
        g->mass[i] = none ? 0 : g->mass[i] + g->mass_lost[i];
    }
}

/* -log-probability of the target from log-probs or probs, and p_target; no sums are needed. */
static void direct_nll(const cat_plan *p, cat_rows *g, size_t row, size_t count) {
    for (size_t i = 0; i < count; i++) {
        g->others[i] = g->mantissa[i] = g->power[i] = g->peak[i] = 0;
        nll_set_element(p->type, g->anchor, i, 0);
        double x = g->y[i] >= 0 ? logit(p, g, row + i, g->y[i]) : 1;
        int valid = p->form == CAT_LOG_PROBS || (x >= 0 && x <= 1);
        g->x_h[i] = valid ? x : (double)NAN;
    }
    nll_elementwise(p->isa, p->form == CAT_PROBS ? NLL_K_log : NLL_K_exp, g->x_h, g->nll, count);
    for (size_t i = 0; i < count; i++) {
        g->p_h[i] = g->p_y[i] = p->form == CAT_PROBS ? g->x_h[i] : g->nll[i];
        g->nll_y[i] = 0.0 - (p->form == CAT_PROBS ? g->nll[i] : g->x_h[i]);
    }
}

/* The target's loss and probability where the hole is the arg max instead: nll_h + (z_h - z_y). */
static void target_from_peak(const cat_plan *p, cat_rows *g, size_t row, size_t count) {
    double below[NLL_ROW_GROUP];
    for (size_t i = 0; i < count; i++) {
        double z = g->y[i] >= 0 ? logit(p, g, row + i, g->y[i]) : 0;
        double anchor = nll_element(p->type, g->anchor, i);
        below[i] = g->y[i] >= 0 && g->y[i] != g->hole[i] ? (z - anchor) - g->x_h[i] : 0;
    }
    nll_elementwise(p->isa, NLL_K_exp, below, g->p_y, count);
    for (size_t i = 0; i < count; i++) {
        g->nll_y[i] = g->nll[i] - below[i];
        g->p_y[i] *= g->p_h[i];
    }
}

/* Row values from the parts, and what the gradients need. */
static void combine(const cat_plan *p, cat_rows *g, size_t row, size_t count, double *loss) {
    const nll_categorical_args *a = p->a;
    double log_mantissa[NLL_ROW_GROUP];
    int logits = p->form == CAT_LOGITS, lse_wanted = wants_lse(p);
    if (!p->dense && !lse_wanted && !p->graded) { /* what is left of the below */
        int p_wanted = nll_out_given(&a->p_target);
        for (size_t i = 0; i < count; i++) {
            int none = skipped(p, g, i);
            double l = logits && g->nll[i] != g->nll[i] ? (double)NAN : g->nll_y[i];
            loss[i] = none ? 0 : nll_canonical(l);
            if (none && p_wanted) g->p_y[i] = 0;
        }
        return;
    }
    if (lse_wanted) nll_elementwise(p->isa, NLL_K_log, g->mantissa, log_mantissa, count);
    for (size_t i = 0; i < count; i++) {
        int none = skipped(p, g, i);
        double v = p->smoothed && p->weight && !none ? p->weight[g->y[i]] : 1;
        double A = p->soft ? 0 : p->smoothed ? (1 - a->label_smoothing) * v : 1;
        double Q = p->dense ? g->mass[i] : 0, zeta = a->z_loss * v;
        double anchor = nll_element(p->type, g->anchor, i), lse = 0, l = 0;
        if (lse_wanted) lse = (g->power[i] * LN2 + log_mantissa[i]) + anchor;
        if (A > 0) l = A * g->nll_y[i];
        /* a negative weight: dot +inf and Q NaN, so the value is +inf and gradients NaN */
        if (logits && p->dense && (Q > 0 || (Q != Q && g->dot[i] != INFINITY))) l += Q * g->nll[i];
        if (p->dense) l += g->dot[i];
        if (zeta > 0) l += zeta * lse * lse;
        cat_bucket b = {.mantissa = g->mantissa[i],
                        .power = g->power[i],
                        .anchor = anchor,
                        .coefficient = A + Q};
        if (p->bucket) {
            b = cat_bucket_of(p, &g->scratch, row + i,
                              &(cat_bucket_in){.z_h = g->x_h[i] + anchor,
                                               .p_h = g->p_h[i],
                                               .anchor = anchor,
                                               .mantissa = b.mantissa,
                                               .power = b.power,
                                               .mass = Q});
            if (b.missing > 0) l += b.missing * b.nll;
            Q += b.missing;
        }
        if (logits && g->nll[i] != g->nll[i]) l = NAN;
        g->lse[i] = lse == lse ? lse : (double)NAN;
        loss[i] = l == l ? l : (double)NAN;
        if (none) loss[i] = g->lse[i] = g->p_y[i] = 0; /* nothing was read */
        if (!p->graded) continue;
        int apart = p->smoothed && g->y[i] != g->hole[i];
        cat_row_grad *r = &g->grad[i]; /* member by member: as a literal it would be copied */
        r->a = A;
        r->q = Q;
        r->curve = 2 * zeta;
        r->z = zeta > 0 ? 2 * zeta * lse : 0;
        r->coefficient = b.coefficient + r->z;
        r->mantissa = b.mantissa;
        r->power = b.power;
        r->bucket = b.missing > 0 ? b.nll : 0;
        r->nll = g->nll[i];
        r->peak = g->x_h[i] + anchor;
        r->anchor = b.anchor;
        r->at[0].class = g->hole[i];
        r->at[0].p = g->p_h[i];
        r->at[0].others = g->others[i];
        r->at[1].class = apart ? g->y[i] : -1;
        r->at[1].p = g->p_y[i];
        r->at[1].others = 1 - g->p_y[i];
    }
}

/* s of every row: weight, upstream, divisor. */
static void gradients(const cat_plan *p, cat_rows *g, size_t row, size_t count) {
    const nll_view *up = &p->a->common.grad_output;
    double w[NLL_ROW_GROUP], scratch[NLL_ROW_GROUP];
    const double *u = NULL;
    cat_weights(p, row, count, w, NULL);
    if (nll_view_given(up) && up->dtype != NLL_NUMBER)
        u = nll_fetch(up, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count, scratch);
    for (size_t i = 0; i < count; i++) {
        g->grad[i].scale = w[i] == 0 ? 0 : p->grad_scale * w[i] * (u ? u[i] : 1);
        if (g->grad[i].q != g->grad[i].q && w[i] != 0) g->grad[i].scale = NAN;
    }
    if (nll_out_given(&p->a->hess) || nll_out_given(&p->a->hvp)) /* before one in place */
        cat_second(p, &g->scratch, row, count, g->y, g->grad);
    if (nll_out_given(&p->a->grad) || nll_out_given(&p->a->grad_target_probs))
        cat_gradients(p, &g->scratch, row, count, g->grad);
}

/* Arg max and "is the target the arg max", from g->top without the hole and the hole's own. */
static void modes(cat_plan *p, cat_rows *g, size_t row, size_t count) {
    double best[NLL_ROW_GROUP];
    int tie = nll_out_given(&p->a->mode) || p->dense;
    uint64_t correct = 0;
    for (size_t i = 0; i < count; i++) {
        double top = nll_element(p->type, g->top, i);
        double x = skipped(p, g, i) ? 0 : logit(p->raw, g, row + i, g->hole[i]);
        nll_set_element(p->type, best, i, x > top ? x : top);
        tie |= x == top;
        g->mode[i] = x > top ? g->hole[i] : -1;
    }
    if (tie) find(p->raw, g, row, count, best, g->mode);
    for (size_t i = 0; i < count; i++) {
        if (skipped(p, g, i) || nll_element(p->type, best, i) == -INFINITY) g->mode[i] = -1;
        correct += g->y[i] >= 0 && g->mode[i] == g->y[i];
    }
    atomic_fetch_add_explicit(&p->total->correct, correct, memory_order_relaxed);
    if (nll_out_given(&p->a->mode))
        for (size_t i = 0; i < count; i++)
            *((int64_t *)p->a->mode.data + (ptrdiff_t)(row + i) * p->a->mode.row_stride) =
                g->mode[i];
}

/* Apart from cat_group: plain rows do not need its stack. */
static __attribute__((noinline)) void general(cat_plan *p, size_t row, size_t count, double *loss) {
    const nll_categorical_args *a = p->a;
    cat_rows rows, *g = &rows;
    int logits = p->form == CAT_LOGITS, ranked = a->count_correct || nll_out_given(&a->mode);
    int loss_only = !p->dense && !p->graded && !wants_lse(p) && !nll_out_given(&a->p_target);
    cat_targets(p, row, count, g->y);
    if (p->sparse) cat_list_factors(p, &g->scratch, row, count);
    memcpy(g->hole, g->y, count * sizeof *g->hole);
    if (p->dense && logits) { /* the hole is the arg max, which keeps a confident row accurate */
        maxima(p, g, row, count, 0);
        find(p, g, row, count, g->top, g->hole);
        for (size_t i = 0; i < count; i++) g->hole[i] = g->hole[i] < 0 ? 0 : g->hole[i];
    }
    if (logits)
        sums(p, g, row, count, loss_only);
    else
        direct_nll(p, g, row, count);
    if (p->dense) dots(p, g, row, count);
    if (logits && p->smoothed) {
        target_from_peak(p, g, row, count);
    } else if (logits) {
        memcpy(g->nll_y, g->nll, count * sizeof *g->nll);
        if (!loss_only) memcpy(g->p_y, g->p_h, count * sizeof *g->p_h);
    }
    combine(p, g, row, count, loss);
    if (ranked) { /* before a gradient in place replaces the logits */
        if (!logits || p->transformed) maxima(p->raw, g, row, count, 1);
        modes(p, g, row, count);
    }
    if (p->scores) cat_scores(p, &g->scratch, row, count, g->y);
    if (p->graded) gradients(p, g, row, count);

    const struct {
        const nll_out *out;
        const double *from;
    } sides[] = {{&a->nll, loss}, {&a->lse, g->lse}, {&a->p_target, g->p_y}};
    for (int k = 0; k < 3; k++)
        if (nll_out_given(sides[k].out))
            nll_put(sides[k].out, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count,
                    sides[k].from);
    if (nll_out_given(&a->weight)) {
        double w[NLL_ROW_GROUP];
        cat_weights(p, row, count, w, NULL);
        nll_put(&a->weight, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count, w);
    }
}

void cat_group(cat_plan *p, size_t row, size_t count, double *loss) {
    size_t done = p->plain ? cat_plain_group(p, row, count, loss) : 0;
    if (done < count) general(p, row + done, count - done, loss + done);
}
