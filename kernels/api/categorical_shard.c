/* categorical_shard.c: the categorical model from finished states, and the gradient of a shard. */
#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "lse_state.h"
#include "reduce.h"
#include "number.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SHARD_CHUNK = 1024 }; /* elements converted at a time */

typedef struct shard_plan {
    lse_shard shard;
    const nll_lse_state *state;
    double grad_scale; /* upstream and divisor where they are numbers */
    double *block_sum;
    _Atomic uint64_t nonfinite;
} shard_plan;

/* Weights of rows in the sum (0: ignored), and upstream gradients, of up to NLL_BLOCK rows. */
static void weights(const lse_shard *p, size_t row, size_t count, double *w) {
    double scratch[NLL_BLOCK];
    const double *s = NULL;
    if (nll_view_given(&p->a->common.sample_weight))
        s = nll_fetch(&p->a->common.sample_weight, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS,
                      count, scratch);
    int64_t y[LSE_ROWS];
    for (size_t i = 0; i < count; i++) {
        if (i % LSE_ROWS == 0)
            lse_targets(p, row + i, count - i < LSE_ROWS ? count - i : LSE_ROWS, y);
        w[i] = y[i % LSE_ROWS] < 0 ? 0 : s ? s[i] : 1;
    }
}

/* The gradient of one row's shard: s p_c, and -s (1 - p) at the target without that difference. */
static void row_gradient(const lse_shard *p, size_t row, int64_t y, double scale, const lse_rows *r,
                         size_t i) {
    double x[SHARD_CHUNK], g[SHARD_CHUNK];
    const nll_out *out = &p->a->grad;
    int k = 0;
    double m = scale / r->mantissa[i], f = m;
    if (m == m && m != 0 && fabs(m) < INFINITY) f = 2 * frexp(m, &k);
    double coef[4] = {p->type == NLL_TYPE_F32 ? (double)(float)f : f,
                      k != 0 || m != 0 ? r->power[i] - (k - 1) : r->power[i], 0, r->power[i] + 2};
    if (!(fabs(m) < INFINITY)) {
        coef[0] = coef[1] = NAN;
    }
    float anchor_f = (float)r->anchor[i];
    const void *anchor = p->type == NLL_TYPE_F32 ? (const void *)&anchor_f : &r->anchor[i];
    size_t target = (size_t)(y - (int64_t)p->a->first_class);
    for (size_t c = 0, n; c < p->cols; c += n) {
        n = p->cols - c < SHARD_CHUNK ? p->cols - c : SHARD_CHUNK;
        void *to = nll_put_target(out, p->type, row, c, NLL_ALONG_COLS, g);
        if (scale == 0) { /* nothing is read */
            for (size_t e = 0; e < n; e++) nll_set_element(p->type, to, e, 0);
        } else {
            const void *from =
                nll_fetch(&p->a->logits, p->type, p->isa, row, c, NLL_ALONG_COLS, n, x);
            p->isa->fn[p->type][NLL_K_row_softmax_grad](
                &(nll_job){.rows = 1,
                           .cols = n,
                           .in = {from, NULL, r->anchor[i] != 0 ? anchor : NULL, coef},
                           .out = {to}});
            double d = -scale * r->others[i];
            if (y >= (int64_t)p->a->first_class && target >= c && target - c < n)
                nll_set_element(p->type, to, target - c, d == d ? d : (double)NAN);
        }
        nll_put(out, p->type, p->isa, row, c, NLL_ALONG_COLS, n, to);
    }
}

static void gradients(const shard_plan *s, size_t row, size_t count, const int64_t *y,
                      const double *w, const lse_rows *r) {
    const nll_view *up = &s->shard.a->common.grad_output;
    double scratch[LSE_ROWS];
    const double *u = NULL;
    if (nll_view_given(up) && up->dtype != NLL_NUMBER)
        u = nll_fetch(up, NLL_TYPE_F64, s->shard.isa, row, 0, NLL_ALONG_ROWS, count, scratch);
    for (size_t i = 0; i < count; i++)
        row_gradient(&s->shard, row + i, y[i],
                     w[i] == 0 ? 0 : s->grad_scale * w[i] * (u ? u[i] : 1), r, i);
}

/* Up to LSE_ROWS rows. */
static void group(const shard_plan *s, size_t row, size_t count, const double *w, double *loss) {
    const lse_shard *p = &s->shard;
    int64_t y[LSE_ROWS];
    lse_rows r;
    lse_targets(p, row, count, y);
    lse_rows_of(p->isa, s->state + row, count, &r);
    for (size_t i = 0; i < count; i++) {
        const nll_lse_state *state = &s->state[row + i];
        if (state->targets != 1 || state->maximum == -INFINITY)
            r.nll[i] = r.others[i] = r.p[i] = r.mantissa[i] = NAN;
        if (y[i] < 0) r.nll[i] = r.lse[i] = r.p[i] = 0;
        loss[i] = r.nll[i];
    }
    if (nll_out_given(&p->a->grad)) gradients(s, row, count, y, w, &r);
    const struct {
        const nll_out *out;
        const double *from;
    } sides[] = {{&p->a->nll, r.nll}, {&p->a->lse, r.lse}, {&p->a->p_target, r.p}};
    for (int k = 0; k < 3; k++)
        if (nll_out_given(sides[k].out))
            nll_put(sides[k].out, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count,
                    sides[k].from);
}

static void run_blocks(void *arg, size_t begin, size_t end) {
    shard_plan *s = arg;
    for (size_t b = begin; b < end; b++) {
        double loss[NLL_BLOCK], w[NLL_BLOCK];
        uint64_t nonfinite = 0;
        size_t row = b * NLL_BLOCK, left = s->shard.rows - row;
        size_t count = left < NLL_BLOCK ? left : NLL_BLOCK;
        weights(&s->shard, row, count, w);
        for (size_t i = 0; i < count; i += LSE_ROWS)
            group(s, row + i, count - i < LSE_ROWS ? count - i : LSE_ROWS, w + i, loss + i);
        s->block_sum[b] = nll_block_total(s->shard.isa, NLL_TYPE_F64, loss, w, count, &nonfinite);
        atomic_fetch_add_explicit(&s->nonfinite, nonfinite, memory_order_relaxed);
    }
}

static double weight_total(const lse_shard *p, double *block_sum) {
    size_t b = 0;
    for (size_t i = 0, n; i < p->rows; i += n) {
        double w[NLL_BLOCK];
        n = p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK;
        weights(p, i, n, w);
        block_sum[b++] = nll_block_total(p->isa, NLL_TYPE_F64, w, NULL, n, NULL);
    }
    return nll_tree_sum(block_sum, b);
}

static nll_status check(lse_shard *p, const nll_lse_state *state) {
    const nll_categorical_shard_args *a = p->a;
    nll_checker c = {0};
    size_t end = 0;
    int logits = nll_view_given(&a->logits);
    p->rows = a->target.rows;
    p->cols = logits ? a->logits.cols : 0;
    nll_check_in(&c, &a->target, p->rows, 1, NLL_INTEGERS, 1, 0);
    nll_check_that(&c, logits || !nll_out_given(&a->grad), NLL_E_NULL);
    nll_check_that(&c, state || p->rows == 0, NLL_E_NULL);
    nll_check_in(&c, &a->logits, p->rows, p->cols, NLL_FLOATS, 0, 1);
    nll_check_that(&c, !__builtin_add_overflow(a->first_class, p->cols, &end), NLL_E_OVERFLOW);
    p->classes = a->classes > 0 ? a->classes : logits ? end : INT64_MAX;
    nll_check_that(&c, end <= p->classes, NLL_E_VALUE);
    nll_check_that(&c, p->classes <= INT64_MAX, NLL_E_OVERFLOW);
    nll_check_common(&c, &a->common, p->rows);
    nll_check_out(&c, &a->nll, p->rows, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(&c, &a->lse, p->rows, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(&c, &a->p_target, p->rows, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(&c, &a->grad, p->rows, p->cols, NLL_FLOATS, 1);
    nll_check_overlaps(&c);
    return c.status;
}

static nll_status run(const nll_categorical_shard_args *a, const nll_lse_state *state,
                      nll_result *result) {
    shard_plan s = {.shard = {.a = a, .isa = nll_isa_current()}, .state = state};
    lse_shard *p = &s.shard;
    nll_status status = check(p, state);
    if (status != NLL_OK) return status;
    p->type = a->logits.dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32;
    nll_result r = {.rows = p->rows, .bad_row = -1};
    r.compute = p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64;
    if ((r.bad_row = lse_bad_label(p, &r.ignored)) >= 0) status = NLL_E_LABEL;
    r.count = r.rows - r.ignored;
    if (status == NLL_OK && r.count == 0 && a->common.reduction == NLL_MEAN &&
        a->common.empty == NLL_EMPTY_ERROR)
        status = NLL_E_EMPTY;
    if (status != NLL_OK) {
        nll_result_out(result, &r);
        return status;
    }
    size_t blocks = p->rows / NLL_BLOCK + (p->rows % NLL_BLOCK != 0);
    s.block_sum = calloc(blocks + 1, sizeof *s.block_sum);
    if (!s.block_sum) return NLL_E_MEMORY;
    double weight_sum = (double)r.count;
    if (nll_view_given(&a->common.sample_weight)) weight_sum = weight_total(p, s.block_sum);
    double divisor = a->common.divisor > 0 ? a->common.divisor : weight_sum;
    s.grad_scale = a->common.reduction == NLL_MEAN ? 1.0 / divisor : 1.0;
    if (a->common.grad_output.dtype == NLL_NUMBER) s.grad_scale *= a->common.grad_output.value;
    nll_run(a->common.executor, blocks, run_blocks, &s);
    r.nonfinite = s.nonfinite;
    nll_close(&a->common, nll_tree_sum(s.block_sum, blocks), weight_sum, &r);
    free(s.block_sum);
    nll_result_out(result, &r);
    return NLL_OK;
}

nll_status nll_categorical_shard(const nll_categorical_shard_args *args, const nll_lse_state *state,
                                 nll_result *result) {
    nll_categorical_shard_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, state, result);
    nll_float_leave(env);
    return status;
}
