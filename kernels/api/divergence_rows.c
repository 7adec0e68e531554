/* divergence_rows.c: values and gradients of a group of rows of nll_kl.
 *
 * Passes over rows that stay in the cache: log-sum-exp of each side of logits; the divergence; the
 * gradients.  The difference of the two normalisers, which two nearly equal rows of logits have
 * only to their rounding errors, is put right by what the divergence pass finds:
 *   KL with the shift off by h is KL + (e^h - 1 - h), and the sum of q - p is e^h - 1. */
#include "divergence.h"

#include "check.h"
#include "fetch.h"

#include <math.h>

/* As row/divergence.h and row/divergence_rows.h have them. */
typedef struct div_pair {
    double weight[2][2]; /* f and k of each side */
    double shift, shift_low, anchor[2];
} div_pair;
typedef struct div_sums {
    double value, value_lost, excess, excess_lost, of_p, of_p_lost;
} div_sums;

typedef struct div_scratch {
    double x[2][NLL_ROW_CHUNK], log[2][NLL_ROW_CHUNK], grad[2][NLL_ROW_CHUNK];
} div_scratch;

typedef struct div_rows {
    div_pair pair[NLL_ROW_GROUP];
    div_sums sums[NLL_ROW_GROUP];
    double slopes[NLL_ROW_GROUP][8];
    double N[2][NLL_ROW_GROUP], S[2][NLL_ROW_GROUP], lost[2][NLL_ROW_GROUP];
    double top[2][NLL_ROW_GROUP], anchor[2][NLL_ROW_GROUP]; /* in the compute type */
    double shift[NLL_ROW_GROUP], shift_low[NLL_ROW_GROUP];
    double d[NLL_ROW_GROUP], apart[NLL_ROW_GROUP]; /* row_kl_pass: d; KL less the shift, or NaN */
    double total[NLL_ROW_GROUP], coefficient[NLL_ROW_GROUP], surplus[NLL_ROW_GROUP]; /* of counts */
    div_scratch scratch;
} div_rows;

static double sum_of(double sum, double lost) { return sum + lost; }
static double value_of(const div_sums *s) { return sum_of(s->value, s->value_lost); }

/* ---- sources */

/* n <= NLL_ROW_CHUNK numbers of a side as the kernels want them; probabilities that became
 * logarithms are in scratch->x. */
static const void *fetch(const div_plan *p, const nll_row_call *call, div_scratch *s, int k,
                         size_t row, size_t col, size_t n) {
    const div_side *side = &p->side[k];
    const void *x = nll_fetch(side->x, p->type, call->isa, row, col, NLL_ALONG_COLS, n, s->x[k]);
    if (side->form < DIV_PROBS || p->probs) return x;
    double most = side->form == DIV_PROBS ? 1 : INFINITY;
    for (size_t i = 0; i < n; i++) {
        double v = ((const double *)x)[i];
        s->x[k][i] = v >= 0 && v <= most ? v : (double)NAN;
    }
    nll_elementwise(call->isa, NLL_K_log, s->x[k], s->log[k], n);
    return s->log[k];
}

/* Columns col .. end of a kernel of sums over rows row .. row + count, of side k alone (row_lse) or
 * of both (k < 0); `job` goes on from its sums if col is not 0. */
static void pass(const div_plan *p, const nll_row_call *call, div_scratch *s,
                 enum nll_kernel kernel, nll_job job, int k, size_t row, size_t count, size_t col,
                 size_t end) {
    const int first = k < 0 ? 0 : k, last = k < 0 ? 1 : k;
    int direct = 1;
    for (int i = first; i <= last; i++) direct &= p->side[i].direct;
    job.carry = col != 0;
    if (direct) {
        job.rows = count;
        job.cols = end - col;
        for (int i = first; i <= last; i++) {
            job.in[i - first] = fetch(p, call, s, i, row, col, job.cols);
            job.ld[i - first] = p->side[i].x->row_stride;
        }
        call->isa->fn[p->type][kernel](&job);
        return;
    }
    for (size_t r = 0; r < count; r++) {
        nll_job one = nll_row_job_at(kernel, job, p->type, r);
        one.rows = 1;
        for (size_t c = col; c < end; c += NLL_ROW_CHUNK) {
            one.cols = end - c < NLL_ROW_CHUNK ? end - c : NLL_ROW_CHUNK;
            for (int i = first; i <= last; i++)
                one.in[i - first] = fetch(p, call, s, i, row + r, c, one.cols);
            call->isa->fn[p->type][kernel](&one);
            one.carry = 1;
        }
    }
}

/* ---- counts */

/* row_counts over the whole of row `row` of side k. */
static void count_row(const div_plan *p, const nll_row_call *call, div_scratch *s, int k,
                      size_t row, div_sums *sums) {
    *sums = (div_sums){0};
    nll_job job = {.rows = 1, .out = {sums}};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        job.cols = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        job.in[0] = nll_fetch(p->side[k].x, NLL_TYPE_F64, call->isa, row, col, NLL_ALONG_COLS,
                              job.cols, s->x[k]);
        call->isa->fn[NLL_TYPE_F64][NLL_K_row_counts](&job);
        job.carry = 1;
    }
}

/* Sum n of each row, and rho summed less that of n (row/counts.h): with n KL(k / n||q) the negative
 * logarithm of the multinomial probability.  Probabilities of q are taken as they are: what their
 * sum is above 1 goes out of the divergence again. */
static void counts(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                   size_t count) {
    div_sums whole[NLL_ROW_GROUP], of_q;
    for (size_t i = 0; i < count; i++) {
        count_row(p, call, &g->scratch, 0, row + i, &g->sums[i]);
        g->total[i] = sum_of(g->sums[i].excess, g->sums[i].excess_lost);
        g->surplus[i] = 0;
        if (p->side[1].form != DIV_PROBS) continue;
        count_row(p, call, &g->scratch, 1, row + i, &of_q);
        g->surplus[i] = (of_q.excess - 1) + of_q.excess_lost;
    }
    call->isa->fn[NLL_TYPE_F64][NLL_K_row_counts](
        &(nll_job){.rows = count, .cols = 1, .in = {g->total}, .ld = {1}, .out = {whole}});
    for (size_t i = 0; i < count; i++) {
        double rho = value_of(&g->sums[i]);
        g->coefficient[i] = rho < INFINITY ? rho - value_of(&whole[i]) : rho;
        g->S[0][i] = g->total[i] > 0 && rho < INFINITY ? g->total[i] : 1;
    }
}

/* From the divergence of the shares to the loss of the counts. */
static double loss_of_counts(const div_rows *g, size_t i, double divergence) {
    double n = g->total[i], coefficient = g->coefficient[i];
    if (coefficient != coefficient || coefficient == INFINITY) return coefficient;
    if (n == 0) return divergence == divergence ? 0 : (double)NAN;
    return n * (divergence - g->surplus[i]) + coefficient;
}

/* ---- scales */

/* A row whose maximum is far from 0 once more, relative to that. */
static void anchor(const div_plan *p, const nll_row_call *call, div_rows *g, int k, size_t row,
                   size_t i) {
    double top = nll_element(p->type, g->top[k], i);
    nll_set_element(p->type, g->anchor[k], i, 0);
    if (fabs(top) < INFINITY && fabs(top) > NLL_NEAR) {
        nll_job job = {.in = {NULL, NULL, g->anchor[k]},
                       .out = {g->N[k], g->S[k], g->lost[k], g->top[k]}};
        nll_set_element(p->type, g->anchor[k], i, top);
        pass(p, call, &g->scratch, NLL_K_row_lse, nll_row_job_at(NLL_K_row_lse, job, p->type, i), k,
             row + i, 1, 0, p->cols);
        g->apart[i] = NAN;
    }
    g->S[k][i] += g->lost[k][i];
    if (fabs(top) == INFINITY) g->S[k][i] = NAN;
    if (g->S[k][i] != g->S[k][i]) g->apart[i] = NAN;
}

static void lse(const div_plan *p, const nll_row_call *call, div_rows *g, int k, size_t row,
                size_t count) {
    nll_job job = {.out = {g->N[k], g->S[k], g->lost[k], g->top[k]}};
    pass(p, call, &g->scratch, NLL_K_row_lse, job, k, row, count, 0, p->cols);
    for (size_t i = 0; i < count; i++) anchor(p, call, g, k, row, i);
}

/* The same of both sides, and the sum of p (x - z) with them. */
static void lse_of_both(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                        size_t count) {
    nll_job job = {.out = {g->sums, g->N[0], g->N[1], g->top[0], g->top[1], g->d}};
    pass(p, call, &g->scratch, NLL_K_row_kl_pass, job, -1, row, count, 0, p->cols);
    for (size_t i = 0; i < count; i++) {
        const div_sums *s = &g->sums[i];
        g->S[0][i] = s->value;
        g->lost[0][i] = s->value_lost;
        g->S[1][i] = s->excess;
        g->lost[1][i] = s->excess_lost;
        double gaps = sum_of(s->of_p, s->of_p_lost);
        g->apart[i] = gaps / sum_of(s->value, s->value_lost);
        for (int k = 0; k < 2; k++) anchor(p, call, g, k, row, i);
    }
}

/* The shift becomes a + b, |a| >= |b| or a = 0. */
static void set_shift(const div_plan *p, div_rows *g, size_t i, double a, double b) {
    double sum = a + b, low = (a - sum) + b;
    g->shift[i] = sum;
    g->shift_low[i] = low;
    g->pair[i].shift = p->type == NLL_TYPE_F32 ? (double)(float)sum : sum;
    g->pair[i].shift_low = (sum - g->pair[i].shift) + low;
}
static void move_shift(const div_plan *p, div_rows *g, size_t i, double by) {
    set_shift(p, g, i, g->shift[i], g->shift_low[i] + by);
}

static void scales(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                   size_t count) {
    double log_s[2][NLL_ROW_GROUP] = {{0}};
    if (p->one_pass) lse_of_both(p, call, g, row, count);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < count && p->side[k].form != DIV_LOGITS; i++) {
            g->N[k][i] = 0;
            g->S[k][i] = 1;
            nll_set_element(p->type, g->anchor[k], i, 0);
        }
        if (p->side[k].form == DIV_LOGITS && !p->one_pass) lse(p, call, g, k, row, count);
        if (p->side[k].form == DIV_COUNTS) counts(p, call, g, row, count);
        nll_elementwise(call->isa, NLL_K_log, g->S[k], log_s[k], count);
    }
    for (size_t i = 0; i < count; i++) {
        div_pair *pair = &g->pair[i];
        double n = g->N[1][i] - g->N[0][i];
        int broken = g->S[0][i] != g->S[0][i] || g->S[1][i] != g->S[1][i];
        for (int k = 0; k < 2; k++) {
            int e = 0;
            double f = broken ? (double)NAN : 2 * frexp(1 / g->S[k][i], &e);
            pair->weight[k][0] = p->type == NLL_TYPE_F32 ? (double)(float)f : f;
            pair->weight[k][1] = broken ? 0 : g->N[k][i] - (e - 1);
            pair->anchor[k] = nll_element(p->type, g->anchor[k], i);
        }
        double logs = n * LN2_LO + (log_s[1][i] - log_s[0][i]);
        set_shift(p, g, i, broken ? 0 : n * LN2_HI, broken ? 0 : logs);
    }
}

/* ---- values */

/* h of e^h - 1 = m, and e^h - 1 - h, for the small m that rounding leaves. */
static double error_of_shift(double m, double *cost) {
    double h = fabs(m) < 0x1p-10 ? m - m * m * (0.5 - m * (1.0 / 3)) : 0;
    *cost = h * h * (0.5 + h * (1.0 / 6));
    return h;
}

static void sums(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row, size_t i,
                 size_t count) {
    enum nll_kernel kernel = p->probs ? p->js ? NLL_K_row_js_probs : NLL_K_row_kl_probs
                             : p->js  ? NLL_K_row_js
                                      : NLL_K_row_kl;
    nll_job job = {.in = {NULL, NULL, p->probs ? NULL : g->pair + i}, .out = {g->sums + i}};
    pass(p, call, &g->scratch, kernel, job, -1, row + i, count, 0, p->cols);
}

/* The value of row i, whose shift is put right first if it is off by so much that it shows. */
static double settle(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                     size_t i) {
    enum { TRIES = 4 };
    double unit = p->type == NLL_TYPE_F32 ? 0x1p-24 : 0x1p-53, value, cost = 0;
    for (int tries = 0;; tries++) {
        const div_sums *s = &g->sums[i];
        value = value_of(s);
        if (!p->normalised || !(value < INFINITY)) return value;
        double off = error_of_shift(sum_of(s->excess, s->excess_lost), &cost);
        /* of JS only the error counts that is there for equal rows: e^h - 1 - h over 4 */
        int good = p->js ? cost <= value * unit : cost <= value / 8;
        if (!good && tries < TRIES) {
            move_shift(p, g, i, off);
            sums(p, call, g, row, i, 1);
            continue;
        }
        if (p->js) return value < LN2 ? value : LN2;
        move_shift(p, g, i, off);
        return value > cost ? value - cost : 0;
    }
}

/* Two rows of logits far apart need not the terms that are good for near ones: their divergence is
 * what the first pass has made of it, where it is so large that nothing much has cancelled. */
static int is_apart(const div_rows *g, size_t i, double *value) {
    double rest = (g->d[i] + g->shift[i]) + g->shift_low[i];
    *value = g->apart[i] + rest;
    return *value >= 1 && *value < INFINITY && fabs(g->shift[i]) <= 8 * *value &&
           fabs(rest) <= 4 * *value;
}

static void values(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                   size_t count, double *loss) {
    if (!p->one_pass) sums(p, call, g, row, 0, count);
    for (size_t i = 0; i < count; i++) {
        if (p->one_pass) {
            if (is_apart(g, i, &loss[i])) continue;
            sums(p, call, g, row, i, 1);
        }
        loss[i] = settle(p, call, g, row, i);
    }
    for (size_t i = 0; i < count; i++) {
        if (p->side[0].form == DIV_COUNTS) loss[i] = loss_of_counts(g, i, loss[i]);
        if (loss[i] != loss[i]) loss[i] = NAN;
    }
}

/* ---- gradients */

static void slopes(const div_plan *p, div_rows *g, size_t i, double value, double s) {
    const div_sums *sum = &g->sums[i];
    double *c = g->slopes[i], excess = sum_of(sum->excess, sum->excess_lost);
    int logits[2] = {p->side[0].form == DIV_LOGITS, p->side[1].form == DIV_LOGITS};
    if (p->js) {
        double of_p = sum_of(sum->of_p, sum->of_p_lost);
        c[0] = logits[0] ? -s * of_p : 0;
        c[2] = logits[1] ? -s * (sum_of(sum->value, sum->value_lost) - of_p) : 0;
        c[1] = c[3] = s / 2;
        return;
    }
    if (p->side[0].form == DIV_COUNTS) { /* n q - k = n (q - k / n), and -k / q */
        s *= value - value == 0 || g->coefficient[i] < INFINITY ? g->total[i] : (double)NAN;
        excess = 0;
    }
    /* sum p log(p / q); the sum of q - p is rounding where both are normalised */
    if (p->normalised) excess = 0;
    double plain = value - excess;
    c[0] = logits[0] ? (plain < INFINITY ? -s * plain : (double)NAN) : s;
    c[1] = -s;
    c[2] = logits[1] ? s : 0;
    c[3] = logits[1] ? 0 : -s;
    c[4] = logits[1] ? -s * excess : 0;
}

static enum nll_kernel slope_kernel(const div_plan *p) {
    return p->probs ? p->js ? NLL_K_row_js_probs_grad : NLL_K_row_kl_probs_grad
           : p->js  ? NLL_K_row_js_grad
                    : NLL_K_row_kl_grad;
}

/* From the gradient of log p to that of p. */
static void divide(const double *prob, double *grad, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double d = grad[i] == 0 ? 0 : grad[i] / prob[i];
        grad[i] = d == d ? d : (double)NAN;
    }
}

static void gradient_chunks(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                            size_t i) {
    div_scratch *s = &g->scratch;
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        size_t n = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        nll_job job = {.rows = 1, .cols = n};
        job.in[2] = p->probs ? NULL : &g->pair[i];
        job.in[3] = g->slopes[i];
        for (int k = 0; k < 2; k++) {
            job.in[k] = fetch(p, call, s, k, row + i, col, n);
            /* through scratch: either output may be the input, and no kernel but this has both */
            if (nll_out_given(p->side[k].grad)) job.out[k] = s->grad[k];
        }
        call->isa->fn[p->type][slope_kernel(p)](&job);
        for (int k = 0; k < 2; k++) {
            if (!job.out[k]) continue;
            if (p->side[k].form == DIV_PROBS && !p->probs) divide(s->x[k], s->grad[k], n);
            nll_put(p->side[k].grad, p->type, call->isa, row + i, col, NLL_ALONG_COLS, n,
                    s->grad[k]);
        }
    }
}

static void gradient_run(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                         size_t i, size_t count) {
    nll_job job = {.rows = count, .cols = p->cols};
    job.in[2] = p->probs ? NULL : g->pair + i;
    job.in[3] = g->slopes + i;
    for (int k = 0; k < 2; k++) {
        const nll_out *out = p->side[k].grad;
        job.in[k] = fetch(p, call, &g->scratch, k, row + i, 0, p->cols);
        job.ld[k] = p->side[k].x->row_stride;
        if (!nll_out_given(out)) continue;
        job.out[k] = nll_put_target(out, p->type, row + i, 0, NLL_ALONG_COLS, NULL);
        job.out_ld[k] = out->row_stride;
    }
    call->isa->fn[p->type][slope_kernel(p)](&job);
}

static void gradients(const div_plan *p, const nll_row_call *call, div_rows *g, size_t row,
                      size_t count, const double *loss) {
    double scale[NLL_ROW_GROUP];
    int direct = 1;
    for (int k = 0; k < 2; k++) direct &= p->side[k].direct && p->side[k].grad_direct;
    nll_row_scales(call, row, count, scale);
    for (size_t i = 0; i < count; i++) slopes(p, g, i, loss[i], scale[i]);
    for (size_t i = 0, run; i < count; i += run) {
        run = 1;
        if (scale[i] == 0) {
            for (int k = 0; k < 2; k++) nll_row_zero(p->side[k].grad, p->type, call->isa, row + i);
        } else if (direct) {
            while (i + run < count && scale[i + run] != 0) run++;
            gradient_run(p, call, g, row, i, run);
        } else {
            gradient_chunks(p, call, g, row, i);
        }
    }
}

void div_group(const nll_row_call *call, size_t row, size_t count, double *loss) {
    const div_plan *p = call->model;
    div_rows rows, *g = &rows;
    if (!p->probs) scales(p, call, g, row, count);
    values(p, call, g, row, count, loss);
    if (nll_out_given(p->side[0].grad) || nll_out_given(p->side[1].grad))
        gradients(p, call, g, row, count, loss);
    if (nll_out_given(p->value))
        nll_put(p->value, NLL_TYPE_F64, call->isa, row, 0, NLL_ALONG_ROWS, count, loss);
}
