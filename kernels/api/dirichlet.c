/* dirichlet.c: nll_dirichlet: checks, and the work on a group of rows. */
#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "row_call.h"

#include <math.h>

typedef struct dir_plan {
    const nll_view *x[2]; /* concentration, target */
    const nll_out *grad[2], *value, *mode;
    size_t cols;
} dir_plan;

typedef struct dir_rows {
    double pair[NLL_ROW_GROUP][8], slopes[NLL_ROW_GROUP][8], sums[NLL_ROW_GROUP][6];
    double whole[NLL_ROW_GROUP], log_whole[NLL_ROW_GROUP], psi[NLL_ROW_GROUP];
    double whole_lost[NLL_ROW_GROUP], apart[NLL_ROW_GROUP]; /* A (sum of y - 1) */
    double in[2][NLL_ROW_CHUNK], out[2][NLL_ROW_CHUNK];
} dir_rows;

/* A sum and what rounding took from it (two-sum). */
typedef struct exact {
    double sum, lost;
} exact;
static inline exact exact_add(exact e, double x) {
    double s = e.sum + x, b = s - e.sum;
    return (exact){s, e.lost + ((e.sum - (s - b)) + (x - b))};
}

static size_t fetch(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row,
                    size_t col, nll_job *job) {
    size_t n = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
    for (int k = 0; k < 2; k++)
        job->in[k] =
            nll_fetch(p->x[k], NLL_TYPE_F64, call->isa, row, col, NLL_ALONG_COLS, n, g->in[k]);
    job->rows = 1;
    return job->cols = n;
}

/* The sums of a and of y in row `row` + i with their rounding errors, all of them: A times either
 * is large where A is. */
static void add_up(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row, size_t i) {
    exact a = {0}, y = {0};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {.rows = 1};
        size_t n = fetch(p, call, g, row + i, col, &job);
        const double *as = job.in[0], *ys = job.in[1];
        for (size_t c = 0; c < n; c++) {
            a = exact_add(a, as[c]);
            y = exact_add(y, ys[c]);
        }
    }
    g->whole[i] = a.sum + a.lost;
    g->whole_lost[i] = (a.sum - g->whole[i]) + a.lost;
    g->apart[i] = g->whole[i] * ((y.sum - 1) + y.lost);
}

static void sums(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row, size_t i) {
    nll_job job = {.out = {g->sums[i]}};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        fetch(p, call, g, row + i, col, &job);
        job.in[2] = g->pair[i];
        call->isa->fn[NLL_TYPE_F64][NLL_K_row_dirichlet](&job);
        job.carry = 1;
    }
}

static void gradients(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row,
                      size_t i, double scale) {
    if (scale == 0) {
        for (int k = 0; k < 2; k++) nll_row_zero(p->grad[k], NLL_TYPE_F64, call->isa, row + i);
        return;
    }
    g->slopes[i][0] = scale;
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {.in = {NULL, NULL, g->pair[i], g->slopes[i]}};
        size_t n = fetch(p, call, g, row + i, col, &job);
        for (int k = 0; k < 2; k++)
            if (nll_out_given(p->grad[k])) job.out[k] = g->out[k];
        call->isa->fn[NLL_TYPE_F64][NLL_K_row_dirichlet_grad](&job);
        for (int k = 0; k < 2; k++)
            if (job.out[k])
                nll_put(p->grad[k], NLL_TYPE_F64, call->isa, row + i, col, NLL_ALONG_COLS, n,
                        g->out[k]);
    }
}

/* sum over a_c > 1 of a_c - 1; the first of the largest a_c; are all a_c in (0, inf)? */
typedef struct excess {
    double sum, largest;
    size_t first;
    int valid, ones; /* ones: all are 1 */
} excess;

static excess excess_of(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row) {
    excess e = {.valid = 1, .ones = 1};
    exact sum = {0};
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {.rows = 1};
        size_t n = fetch(p, call, g, row, col, &job);
        const double *a = job.in[0];
        for (size_t c = 0; c < n; c++) {
            e.valid &= a[c] > 0 && a[c] < INFINITY;
            e.ones &= a[c] == 1;
            if (a[c] > e.largest) {
                e.largest = a[c];
                e.first = col + c;
            }
            sum = exact_add(sum, a[c] > 1 ? a[c] - 1 : 0);
        }
    }
    e.sum = sum.sum + sum.lost;
    return e;
}

static void mode(const dir_plan *p, const nll_row_call *call, dir_rows *g, size_t row) {
    excess e = excess_of(p, call, g, row);
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        nll_job job = {.rows = 1};
        size_t n = fetch(p, call, g, row, col, &job);
        const double *a = job.in[0];
        for (size_t c = 0; c < n; c++)
            g->out[0][c] = !e.valid        ? (double)NAN
                           : e.ones        ? 1 / (double)p->cols
                           : e.largest > 1 ? (a[c] > 1 ? (a[c] - 1) / e.sum : 0)
                                           : (double)(col + c == e.first);
        nll_put(p->mode, NLL_TYPE_F64, call->isa, row, col, NLL_ALONG_COLS, n, g->out[0]);
    }
}

static void group(const nll_row_call *call, size_t row, size_t count, double *loss) {
    const dir_plan *p = call->model;
    dir_rows rows, *g = &rows;
    double whole_sums[NLL_ROW_GROUP][6], one[NLL_ROW_GROUP], scale[NLL_ROW_GROUP];
    for (size_t i = 0; i < count; i++) {
        add_up(p, call, g, row, i);
        one[i] = 1;
    }
    nll_elementwise(call->isa, NLL_K_log, g->whole, g->log_whole, count);
    for (size_t i = 0; i < count; i++) {
        g->pair[i][0] = g->whole[i];
        g->pair[i][1] = g->log_whole[i];
        g->pair[i][2] = 0;
        g->pair[i][3] = g->whole_lost[i];
        g->slopes[i][0] = 1;
    }
    for (size_t i = 0; i < count; i++) sums(p, call, g, row, i);
    for (size_t i = 0; i < count; i++) g->pair[i][3] = 0;
    /* sigma(A) and psi(A) - log A: the same kernels for a row of a = A and y = 1, where all else is
     * 0 */
    nll_job job = {.rows = count, .cols = 1, .ld = {1, 1}, .out = {whole_sums}};
    job.in[0] = g->whole;
    job.in[1] = one;
    job.in[2] = g->pair;
    call->isa->fn[NLL_TYPE_F64][NLL_K_row_dirichlet](&job);
    job.in[3] = g->slopes;
    job.out[0] = g->psi;
    job.out_ld[0] = 1;
    call->isa->fn[NLL_TYPE_F64][NLL_K_row_dirichlet_grad](&job);
    for (size_t i = 0; i < count; i++) {
        g->pair[i][2] = g->psi[i];
        g->pair[i][3] = g->whole_lost[i];
        double value = g->sums[i][0] + g->sums[i][1];
        if (fabs(value) < INFINITY)
            value = (value - g->apart[i]) - (whole_sums[i][0] + whole_sums[i][1]);
        loss[i] = value == value ? value : (double)NAN;
    }
    if (nll_out_given(p->mode)) /* before a gradient in place replaces the concentrations */
        for (size_t i = 0; i < count; i++) mode(p, call, g, row + i);
    if (nll_out_given(p->grad[0]) || nll_out_given(p->grad[1])) {
        nll_row_scales(call, row, count, scale);
        for (size_t i = 0; i < count; i++) gradients(p, call, g, row, i, scale[i]);
    }
    if (nll_out_given(p->value))
        nll_put(p->value, NLL_TYPE_F64, call->isa, row, 0, NLL_ALONG_ROWS, count, loss);
}

/* The first row that would be NaN or infinite, or -1. */
static int64_t first_bad(const nll_dirichlet_args *a, size_t rows, size_t cols) {
    for (size_t i = 0; i < rows; i++) {
        const nll_view *weight = &a->common.sample_weight;
        double w = nll_view_given(weight) ? nll_get(weight, i, 0) : 1;
        int bad = !(w >= 0 && w < INFINITY);
        for (size_t c = 0; c < cols && !bad; c++) {
            double k = nll_get(&a->concentration, i, c), y = nll_get(&a->target, i, c);
            bad = !(k > 0 && k < INFINITY) || !(y >= 0 && y <= 1) || (y == 0 && k != 1);
        }
        if (bad) return (int64_t)i;
    }
    return -1;
}

static nll_status run(const nll_dirichlet_args *a, nll_result *result) {
    nll_checker c = {0};
    nll_check_that(&c, nll_view_given(&a->concentration), NLL_E_NULL);
    size_t n = a->concentration.rows, m = a->concentration.cols, all;
    nll_check_that(&c, m > 0 || n == 0, NLL_E_SHAPE);
    nll_check_that(&c, !__builtin_mul_overflow(n, m, &all), NLL_E_OVERFLOW);
    nll_check_in(&c, &a->concentration, n, m, NLL_REALS, 1, 1);
    nll_check_in(&c, &a->target, n, m, NLL_REALS, 1, 2);
    nll_check_common(&c, &a->common, n);
    nll_check_out(&c, &a->nll, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(&c, &a->grad, n, m, NLL_FLOATS, 1);
    nll_check_out(&c, &a->grad_target, n, m, NLL_FLOATS, 2);
    nll_check_out(&c, &a->mode, n, m, NLL_ROW_FLOATS, 0);
    nll_check_overlaps(&c);
    nll_check_that(&c,
                   n > 0 || a->common.reduction != NLL_MEAN || a->common.empty != NLL_EMPTY_ERROR,
                   NLL_E_EMPTY);
    if (c.status != NLL_OK) return c.status;
    dir_plan p = {.x = {&a->concentration, &a->target},
                  .grad = {&a->grad, &a->grad_target},
                  .value = &a->nll,
                  .mode = &a->mode,
                  .cols = m};
    nll_row_call call = {.common = &a->common,
                         .rows = n,
                         .group = nll_row_group(2 * m * sizeof(double)),
                         .run = group,
                         .model = &p};
    int wide = a->concentration.dtype == NLL_F64 || a->target.dtype == NLL_F64;
    return nll_rows_run(&call, wide ? NLL_F64 : NLL_F32,
                        a->common.check_domain ? first_bad(a, n, m) : -1, result);
}

nll_status nll_dirichlet(const nll_dirichlet_args *args, nll_result *result) {
    nll_dirichlet_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, result);
    nll_float_leave(env);
    return status;
}
