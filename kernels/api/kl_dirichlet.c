/* kl_dirichlet.c: nll_kl_dirichlet: checks, and the work on a group of rows. */
#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "row_call.h"

#include <math.h>

enum { P, Q, SIDES };

typedef struct pair_plan {
    const nll_view *x[SIDES];
    const nll_out *grad[SIDES], *value;
    size_t cols;
} pair_plan;

/* The numbers of a R_PAIR, see row/kl_dirichlet.h. */
enum { WHOLE_P, LOST_P, WHOLE_Q, LOST_Q, MORE, CURVE, STEP };

typedef struct pair_rows {
    double pair[NLL_ROW_GROUP][8], slopes[NLL_ROW_GROUP][8], sums[NLL_ROW_GROUP][6];
    double in[SIDES][NLL_ROW_CHUNK], out[SIDES][NLL_ROW_CHUNK];
} pair_rows;

static double whole(const pair_rows *g, size_t i, int side) { return g->pair[i][2 * side]; }

/* Points the job at the next columns of a row. */
static size_t fetch(const pair_plan *p, const nll_row_call *call, pair_rows *g, size_t row,
                    size_t col, nll_job *job) {
    size_t n = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
    for (int k = 0; k < SIDES; k++)
        job->in[k] =
            nll_fetch(p->x[k], NLL_TYPE_F64, call->isa, row, col, NLL_ALONG_COLS, n, g->in[k]);
    job->rows = 1;
    return job->cols = n;
}

/* P and Q of row `row` + i, with their rounding errors: nearly equal rows differ by less. */
static void add_up(const pair_plan *p, const nll_row_call *call, pair_rows *g, size_t row,
                   size_t i) {
    double sum[SIDES] = {0}, lost[SIDES] = {0};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {0};
        size_t n = fetch(p, call, g, row + i, col, &job);
        for (int k = 0; k < SIDES; k++)
            for (size_t c = 0; c < n; c++) { /* two-sum */
                double x = ((const double *)job.in[k])[c], s = sum[k] + x, b = s - sum[k];
                lost[k] += (sum[k] - (s - b)) + (x - b);
                sum[k] = s;
            }
    }
    for (int k = 0; k < SIDES; k++) {
        double *pair = g->pair[i] + 2 * k;
        pair[0] = sum[k] + lost[k];
        pair[1] = (sum[k] - pair[0]) + lost[k];
    }
    g->pair[i][MORE] = g->pair[i][CURVE] = g->pair[i][STEP] = 0;
}

static void sums(const pair_plan *p, const nll_row_call *call, pair_rows *g, size_t row, size_t i) {
    nll_job job = {.out = {g->sums[i]}};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        fetch(p, call, g, row + i, col, &job);
        job.in[2] = g->pair[i];
        call->isa->fn[NLL_TYPE_F64][NLL_K_row_kl_dirichlet](&job);
        job.carry = 1;
    }
}

static void gradients(const pair_plan *p, const nll_row_call *call, pair_rows *g, size_t row,
                      size_t i, double scale) {
    if (scale == 0) {
        for (int k = 0; k < SIDES; k++) nll_row_zero(p->grad[k], NLL_TYPE_F64, call->isa, row + i);
        return;
    }
    g->slopes[i][0] = scale;
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {.in = {NULL, NULL, g->pair[i], g->slopes[i]}};
        size_t n = fetch(p, call, g, row + i, col, &job);
        for (int k = 0; k < SIDES; k++)
            if (nll_out_given(p->grad[k])) job.out[k] = g->out[k];
        call->isa->fn[NLL_TYPE_F64][NLL_K_row_kl_dirichlet_grad](&job);
        for (int k = 0; k < SIDES; k++)
            if (job.out[k])
                nll_put(p->grad[k], NLL_TYPE_F64, call->isa, row + i, col, NLL_ALONG_COLS, n,
                        g->out[k]);
    }
}

/* What the sums P and Q take off: the kernels on a row of the one class P, Q. */
static double of_whole(const nll_row_call *call, pair_rows *g, size_t i) {
    double sums_of[6] = {0}, slope[SIDES] = {0}, p = whole(g, i, P), q = whole(g, i, Q);
    double *pair = g->pair[i];
    pair[MORE] = pair[LOST_Q] - pair[LOST_P];
    pair[LOST_P] = pair[LOST_Q] = 0; /* of one class p Q = q P */
    g->slopes[i][0] = 1;
    nll_job job = {.rows = 1, .cols = 1, .in = {&p, &q, pair, g->slopes[i]}, .out = {sums_of}};
    call->isa->fn[NLL_TYPE_F64][NLL_K_row_kl_dirichlet](&job);
    job.out[0] = &slope[P];
    job.out[1] = &slope[Q];
    call->isa->fn[NLL_TYPE_F64][NLL_K_row_kl_dirichlet_grad](&job);
    pair[MORE] = 0;
    pair[CURVE] = -slope[P];
    pair[STEP] = slope[Q];
    return sums_of[0] + sums_of[1];
}

static void group(const nll_row_call *call, size_t row, size_t count, double *loss) {
    const pair_plan *p = call->model;
    pair_rows rows, *g = &rows;
    double scale[NLL_ROW_GROUP];
    for (size_t i = 0; i < count; i++) {
        add_up(p, call, g, row, i);
        sums(p, call, g, row, i);
        double value = g->sums[i][0] + g->sums[i][1], all = of_whole(call, g, i);
        if (fabs(value) < INFINITY) value = value > all ? value - all : 0 * all; /* NaN stays */
        loss[i] = value == value ? value : (double)NAN;
    }
    if (nll_out_given(p->grad[P]) || nll_out_given(p->grad[Q])) {
        nll_row_scales(call, row, count, scale);
        for (size_t i = 0; i < count; i++) gradients(p, call, g, row, i, scale[i]);
    }
    if (nll_out_given(p->value))
        nll_put(p->value, NLL_TYPE_F64, call->isa, row, 0, NLL_ALONG_ROWS, count, loss);
}

/* The first row that would be NaN, or -1. */
static int64_t first_bad(const pair_plan *p, const nll_common *common, size_t rows) {
    for (size_t i = 0; i < rows; i++) {
        const nll_view *weight = &common->sample_weight;
        double w = nll_view_given(weight) ? nll_get(weight, i, 0) : 1;
        int bad = !(w >= 0 && w < INFINITY);
        for (size_t c = 0; c < p->cols && !bad; c++)
            for (int k = 0; k < SIDES; k++) {
                double x = nll_get(p->x[k], i, c);
                bad |= !(x > 0 && x < INFINITY);
            }
        if (bad) return (int64_t)i;
    }
    return -1;
}

static nll_status run(const nll_kl_dirichlet_args *a, nll_result *result) {
    pair_plan p = {.x = {&a->p_concentration, &a->q_concentration},
                   .grad = {&a->grad_p_concentration, &a->grad_q_concentration},
                   .value = &a->divergence};
    nll_checker c = {0};
    nll_check_that(&c, nll_view_given(p.x[P]), NLL_E_NULL);
    size_t n = p.x[P]->rows, m = p.x[P]->cols, all;
    p.cols = m;
    nll_check_that(&c, m > 0 || n == 0, NLL_E_SHAPE);
    nll_check_that(&c, !__builtin_mul_overflow(n, m, &all), NLL_E_OVERFLOW);
    for (int k = 0; k < SIDES; k++) nll_check_in(&c, p.x[k], n, m, NLL_REALS, 1, k + 1);
    nll_check_common(&c, &a->common, n);
    nll_check_out(&c, p.value, n, 1, NLL_ROW_FLOATS, 0);
    for (int k = 0; k < SIDES; k++) nll_check_out(&c, p.grad[k], n, m, NLL_FLOATS, k + 1);
    nll_check_overlaps(&c);
    nll_check_that(&c,
                   n > 0 || a->common.reduction != NLL_MEAN || a->common.empty != NLL_EMPTY_ERROR,
                   NLL_E_EMPTY);
    if (c.status != NLL_OK) return c.status;
    nll_row_call call = {.common = &a->common,
                         .rows = n,
                         .group = nll_row_group(SIDES * m * sizeof(double)),
                         .run = group,
                         .model = &p};
    int wide = p.x[P]->dtype == NLL_F64 || p.x[Q]->dtype == NLL_F64;
    return nll_rows_run(&call, wide ? NLL_F64 : NLL_F32,
                        a->common.check_domain ? first_bad(&p, &a->common, n) : -1, result);
}

nll_status nll_kl_dirichlet(const nll_kl_dirichlet_args *args, nll_result *result) {
    nll_kl_dirichlet_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, result);
    nll_float_leave(env);
    return status;
}
