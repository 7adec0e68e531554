/* rows.c: log-sum-exp, softmax, log-softmax along any axis, and their vector-Jacobian products. */
#include "rows.h"

#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "number.h"

#include <math.h>

/* What there is one of per row of a group.  `top` and `anchor` are in the compute type. */
typedef struct rows_numbers {
    double N[ROWS_GROUP], S[ROWS_GROUP], lost[ROWS_GROUP]; /* the sum 2^N S of exp(x - anchor) */
    double top[ROWS_GROUP], anchor[ROWS_GROUP], peak[ROWS_GROUP];
    double a[ROWS_GROUP], b[ROWS_GROUP], spare[3][ROWS_GROUP];
    int64_t hole[ROWS_GROUP];
    double coef[ROWS_GROUP][4];
    int anchored;
} rows_numbers;

/* The largest class of each row, the first of them, as its hole. */
static void find_peaks(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    rows_run(p, s, (rows_pass){NLL_K_row_max, ROWS_X, -1, 0}, (nll_job){.out = {r->top}});
    rows_run(p, s, (rows_pass){NLL_K_row_find, ROWS_X, -1, 0},
             (nll_job){.in = {NULL, r->top}, .out = {r->hole}});
    for (size_t i = 0; i < s->rows; i++) {
        r->peak[i] = nll_element(p->type, r->top, i);
        if (r->peak[i] == -INFINITY) r->hole[i] = -1;
    }
}

/* N, S, anchor of each row, without its largest class if `holed`; `peak` the largest.  S is NaN for
 * rows with NaN or +inf, 0 where there is no class left. */
static void sums(const rows_plan *p, rows_scratch *s, rows_numbers *r, int holed) {
    rows_pass pass = {NLL_K_row_lse, ROWS_X, -1, 0};
    nll_job job = {.in = {NULL, holed ? r->hole : NULL}, .out = {r->N, r->S, r->lost, r->top}};
    if (holed) find_peaks(p, s, r);
    rows_run(p, s, pass, job);
    r->anchored = 0;
    for (size_t i = 0; i < s->rows; i++) {
        if (!holed) r->peak[i] = nll_element(p->type, r->top, i);
        int far = fabs(r->peak[i]) > NLL_NEAR && fabs(r->peak[i]) < INFINITY;
        nll_set_element(p->type, r->anchor, i, far ? r->peak[i] : 0);
        r->anchored |= far;
    }
    if (r->anchored) { /* x - 0 leaves the other rows as they are */
        job.in[2] = r->anchor;
        rows_run(p, s, pass, job);
    }
    for (size_t i = 0; i < s->rows; i++) {
        r->S[i] += r->lost[i];
        if (nll_element(p->type, r->top, i) == -INFINITY && r->S[i] == r->S[i])
            r->S[i] = r->N[i] = 0;
        if (r->peak[i] == INFINITY) r->S[i] = NAN;
    }
}

/* {f, k, s, top} of row_softmax_grad for m p: m / S as mantissa and exponent. */
static void coefficients(const rows_plan *p, rows_numbers *r, size_t i, double m, double s) {
    int k = 0;
    double q = m / r->S[i]; /* no class: 0 / 0 or infinite */
    double f = !(fabs(q) < INFINITY) ? (double)NAN : q == 0 ? 0 : 2 * frexp(q, &k);
    double *coef = r->coef[i];
    coef[0] = p->type == NLL_TYPE_F32 ? (double)(float)f : f;
    coef[1] = f != f ? f : q == 0 ? r->N[i] : r->N[i] - (k - 1); /* NaN for inf too */
    coef[2] = s;
    coef[3] = r->N[i] + 2; /* no term is larger than the sum */
}

static nll_job gradient_job(const rows_numbers *r) {
    return (nll_job){.in = {NULL, NULL, r->anchored ? r->anchor : NULL, r->coef}};
}

/* sum_c a_c b_c, or sum_c a_c, of each row. */
static void inner(const rows_plan *p, rows_scratch *s, rows_numbers *r, int a, int b) {
    rows_run(p, s, (rows_pass){NLL_K_row_inner, a, b, 0}, (nll_job){.out = {r->a, r->b}});
    for (size_t i = 0; i < s->rows; i++) r->a[i] = nll_canonical(r->a[i] + r->b[i]);
}

static void group_logsumexp(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    sums(p, s, r, 0);
    nll_elementwise(p->isa, NLL_K_log, r->S, r->a, s->rows);
    for (size_t i = 0; i < s->rows; i++)
        r->a[i] = nll_canonical((r->N[i] * LN2_HI + (r->a[i] + r->N[i] * LN2_LO)) +
                                nll_element(p->type, r->anchor, i));
    rows_put(p, s, r->a);
}

static void group_softmax(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    sums(p, s, r, 0);
    for (size_t i = 0; i < s->rows; i++) coefficients(p, r, i, 1, 0);
    rows_run(p, s, (rows_pass){NLL_K_row_softmax_grad, ROWS_X, -1, 1}, gradient_job(r));
}

static void group_log_softmax(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    sums(p, s, r, 1);
    for (size_t i = 0; i < s->rows; i++) r->b[i] = r->peak[i] - nll_element(p->type, r->anchor, i);
    p->isa->fn[NLL_TYPE_F64][NLL_K_row_finish](
        &(nll_job){.rows = 1,
                   .cols = s->rows,
                   .in = {r->N, r->S, r->b},
                   .out = {r->a, r->spare[0], r->spare[1], r->spare[2], r->lost}});
    for (size_t i = 0; i < s->rows; i++) {
        int broken = r->S[i] != r->S[i] || r->peak[i] == -INFINITY;
        r->coef[i][0] = broken ? (double)NAN : r->a[i];
        r->coef[i][1] = r->peak[i];
        r->coef[i][2] = r->coef[i][3] = 0;
    }
    rows_run(p, s, (rows_pass){NLL_K_row_log_softmax, ROWS_X, -1, 1},
             (nll_job){.in = {NULL, NULL, NULL, r->coef}});
}

static void group_logsumexp_vjp(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    sums(p, s, r, 0);
    rows_get(p, s, ROWS_G, r->a);
    for (size_t i = 0; i < s->rows; i++) coefficients(p, r, i, r->a[i], 0);
    rows_run(p, s, (rows_pass){NLL_K_row_softmax_grad, ROWS_X, -1, 1}, gradient_job(r));
}

static void group_softmax_vjp(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    inner(p, s, r, ROWS_X, ROWS_G);
    for (size_t i = 0; i < s->rows; i++) {
        int finite = fabs(r->a[i]) < INFINITY;
        r->coef[i][0] = r->coef[i][1] = r->coef[i][3] = 0;
        r->coef[i][2] = finite ? r->a[i] : (double)NAN;
    }
    rows_run(p, s, (rows_pass){NLL_K_row_softmax_vjp, ROWS_X, ROWS_G, 1},
             (nll_job){.in = {NULL, NULL, NULL, r->coef}});
}

static void group_log_softmax_vjp(const rows_plan *p, rows_scratch *s, rows_numbers *r) {
    sums(p, s, r, 0);
    inner(p, s, r, ROWS_G, -1);
    for (size_t i = 0; i < s->rows; i++) coefficients(p, r, i, -r->a[i], -1);
    rows_run(p, s, (rows_pass){NLL_K_row_softmax_grad, ROWS_X, ROWS_G, 1}, gradient_job(r));
}

/* ---- calls */

typedef struct rows_call {
    rows_plan plan;
    void (*group)(const rows_plan *, rows_scratch *, rows_numbers *);
    unsigned passes;
} rows_call;

static void run_groups(void *arg, size_t begin, size_t end) {
    const rows_call *call = arg;
    rows_plan plan = call->plan;
    rows_scratch s;
    rows_numbers r;
    rows_begin(&plan, &s);
    for (size_t n = begin; n < end; n++) {
        rows_open(&plan, &s, n);
        call->group(&plan, &s, &r);
    }
    rows_end(&plan, &s);
}

static nll_status run(rows_call *call, const nll_rows *x, const nll_rows *g, const nll_rows_out *y,
                      unsigned per_row, const nll_executor *executor) {
    nll_status status = rows_check(x, g, y, per_row, executor);
    if (status != NLL_OK) return status;
    rows_prepare(&call->plan, x, g, y, per_row, call->passes);
    size_t n = call->plan.inner == 0 ? 0 : rows_groups(&call->plan);
    if (n == 0) return NLL_OK;
    uint64_t env = nll_float_enter();
    nll_run(executor, n, run_groups, call);
    nll_float_leave(env);
    return NLL_OK;
}

nll_status nll_logsumexp(nll_rows x, nll_rows_out y, const nll_executor *executor) {
    return run(&(rows_call){.group = group_logsumexp, .passes = 1}, &x, NULL, &y, 1u << ROWS_Y,
               executor);
}
nll_status nll_softmax(nll_rows x, nll_rows_out y, const nll_executor *executor) {
    return run(&(rows_call){.group = group_softmax, .passes = 2}, &x, NULL, &y, 0, executor);
}
nll_status nll_log_softmax(nll_rows x, nll_rows_out y, const nll_executor *executor) {
    return run(&(rows_call){.group = group_log_softmax, .passes = 4}, &x, NULL, &y, 0, executor);
}
nll_status nll_logsumexp_vjp(nll_rows x, nll_rows g, nll_rows_out dx,
                             const nll_executor *executor) {
    return run(&(rows_call){.group = group_logsumexp_vjp, .passes = 2}, &x, &g, &dx, 1u << ROWS_G,
               executor);
}
nll_status nll_softmax_vjp(nll_rows p, nll_rows g, nll_rows_out dx, const nll_executor *executor) {
    return run(&(rows_call){.group = group_softmax_vjp, .passes = 2}, &p, &g, &dx, 0, executor);
}
nll_status nll_log_softmax_vjp(nll_rows x, nll_rows g, nll_rows_out dx,
                               const nll_executor *executor) {
    return run(&(rows_call){.group = group_log_softmax_vjp, .passes = 3}, &x, &g, &dx, 0, executor);
}
