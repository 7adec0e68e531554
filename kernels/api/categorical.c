/* categorical.c: nll_categorical: checks, labels, weights, tasks, totals. */
#include "categorical.h"

#include "categorical_sparse.h"

#include "args.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"

#include <math.h>
#include <stdlib.h>

void cat_weights(const cat_plan *p, size_t row, size_t count, double *value, double *divisor) {
    double w[NLL_BLOCK];
    int64_t y[NLL_BLOCK];
    const double *s = NULL;
    cat_targets(p, row, count, y);
    if (nll_view_given(&p->a->common.sample_weight))
        s = nll_fetch(&p->a->common.sample_weight, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS,
                      count, w);
    for (size_t i = 0; i < count; i++) {
        double sample = s ? s[i] : 1, v = 1;
        if (!p->soft && y[i] < 0)
            sample = 0;
        else if (!p->soft && p->weight)
            v = p->weight[y[i]];
        if (value)
            value[i] = p->smoothed ? sample : sample * v; /* smoothing has v inside the value */
        if (divisor) divisor[i] = sample * v;
    }
}

/* The first row with a value out of its domain, or -1. */
static int64_t first_bad(const cat_plan *p) {
    const nll_categorical_args *a = p->a;
    for (size_t i = 0; i < p->rows; i++) {
        int64_t y;
        cat_targets(p, i, 1, &y);
        if (!p->soft && y < 0) continue;
        double w =
            nll_view_given(&a->common.sample_weight) ? nll_get(&a->common.sample_weight, i, 0) : 1;
        int bad = !(w >= 0 && w < INFINITY), alive = 0;
        for (size_t c = 0; c < p->cols && !bad; c++) {
            double x = nll_get(p->x, i, c), q = 0;
            if (p->soft && !p->sparse) q = nll_get(&a->target_probs, i, c);
            bad = x != x || x == INFINITY || !(q >= 0 && q < INFINITY) ||
                  (p->form == CAT_PROBS && !(x >= 0 && x <= 1));
            alive |= x > -INFINITY;
        }
        if (p->sparse) bad |= cat_list_bad(p, i);
        if (bad || (p->form == CAT_LOGITS && !alive)) return (int64_t)i;
    }
    return -1;
}

/* sum of the divisor weights over blocks of rows, by the tree. */
static double weight_total(const cat_plan *p, double *block_sum) {
    size_t b = 0;
    for (size_t i = 0, n; i < p->rows; i += n) {
        double d[NLL_BLOCK];
        n = p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK;
        cat_weights(p, i, n, NULL, d);
        block_sum[b++] = nll_block_total(p->isa, NLL_TYPE_F64, d, NULL, n, NULL);
    }
    return nll_tree_sum(block_sum, b);
}

static void total_block(cat_plan *p, size_t block, const double *loss) {
    size_t row = block * NLL_BLOCK, n = p->rows - row < NLL_BLOCK ? p->rows - row : NLL_BLOCK;
    double w[NLL_BLOCK];
    uint64_t nonfinite = 0;
    int weighted = p->weight || nll_view_given(&p->a->common.sample_weight);
    if (weighted) cat_weights(p, row, n, w, NULL); /* else 1, and ignored rows have a loss of 0 */
    p->block_sum[block] =
        nll_block_total(p->isa, NLL_TYPE_F64, loss, weighted ? w : NULL, n, &nonfinite);
    atomic_fetch_add_explicit(&p->total->nonfinite, nonfinite, memory_order_relaxed);
}

/* Task units: whole blocks of short rows, single groups of long ones. */
static void blocks_of_rows(cat_plan *p, cat_tile *t, size_t begin, size_t end) {
    for (size_t b = begin; b < end; b++) {
        double loss[NLL_BLOCK];
        size_t row = b * NLL_BLOCK, last = row + NLL_BLOCK < p->rows ? row + NLL_BLOCK : p->rows;
        int done = p->brief && cat_short_block(p, row, last - row, loss);
        for (size_t i = row, n; i < last && !done; i += n) {
            n = last - i < p->group ? last - i : p->group;
            cat_tile_group(p, t, i, n, loss + (i - row));
        }
        total_block(p, b, loss);
    }
}
static void groups_of_rows(cat_plan *p, cat_tile *t, size_t begin, size_t end) {
    for (size_t g = begin; g < end; g++) {
        size_t row = g * p->group;
        size_t count = p->rows - row < p->group ? p->rows - row : p->group;
        cat_tile_group(p, t, row, count, p->loss + row);
    }
}
static void run_blocks(void *p, size_t begin, size_t end) {
    cat_plain_run(p, begin, end, blocks_of_rows);
}
static void run_groups(void *p, size_t begin, size_t end) {
    cat_plain_run(p, begin, end, groups_of_rows);
}
static void tile_blocks(void *p, size_t begin, size_t end) {
    cat_tile_run(p, begin, end, blocks_of_rows);
}
static void tile_groups(void *p, size_t begin, size_t end) {
    cat_tile_run(p, begin, end, groups_of_rows);
}

/* Everything about the arguments but the labels. */
static nll_status check(const nll_categorical_args *a, cat_plan *p, nll_checker *c) {
    const nll_view *forms[] = {&a->logits, &a->log_probs, &a->probs};
    int given = 0;
    for (int f = 0; f < 3; f++)
        if (nll_view_given(forms[f])) {
            p->form = (enum cat_form)f;
            p->x = forms[f];
            given++;
        }
    p->sparse = nll_view_given(&a->target_index);
    p->bucket = p->sparse && a->tail == NLL_TAIL_BUCKET;
    int logs = nll_view_given(&a->target_log_probs);
    p->soft = nll_view_given(&a->target_probs) || logs;
    p->sequences = a->shift || nll_view_given(&a->offsets) || nll_view_given(&a->lengths);
    nll_check_that(c, given > 0, NLL_E_NULL);
    nll_check_that(c, given <= 1, NLL_E_VALUE);
    nll_check_that(c, p->soft || nll_view_given(&a->target), NLL_E_NULL);
    nll_check_that(c, !(p->soft && nll_view_given(&a->target)), NLL_E_VALUE);
    nll_check_that(c, !(logs && nll_view_given(&a->target_probs)), NLL_E_VALUE);
    nll_check_that(c, p->sparse || !(logs || a->tail), NLL_E_VALUE);
    nll_check_that(c, !p->sparse || p->soft, NLL_E_NULL);
    nll_check_that(c, (unsigned)a->tail <= NLL_TAIL_BUCKET, NLL_E_VALUE);
    nll_check_that(c,
                   !p->bucket || (p->form == CAT_LOGITS && a->label_smoothing == 0 &&
                                  !nll_view_given(&a->class_weight)),
                   NLL_E_VALUE);
    if (c->status != NLL_OK) return c->status;
    size_t n = p->rows = p->x->rows, m = p->cols = p->x->cols, all;
    nll_check_that(c, m > 0 || n == 0, NLL_E_SHAPE);
    nll_check_that(c, !__builtin_mul_overflow(n, m, &all), NLL_E_OVERFLOW);
    nll_check_in(c, p->x, n, m, NLL_REALS, 1, 1);
    size_t k = p->sparse ? a->target_index.cols : m;
    nll_check_that(c, !p->sparse || k > 0, NLL_E_SHAPE);
    nll_check_in(c, &a->target_index, n, k, NLL_INTEGERS, 0, 0);
    if (p->soft) /* lists are read again after their gradient is written */
        nll_check_in(c, logs ? &a->target_log_probs : &a->target_probs, n, k, NLL_REALS, 1,
                     p->sparse ? 0 : 2);
    else
        nll_check_in(c, &a->target, n, 1, NLL_INTEGERS, 1, 0);
    size_t sequences = nll_view_given(&a->offsets) && a->offsets.rows ? a->offsets.rows - 1 : 1;
    nll_check_in(c, &a->offsets, sequences + 1, 1, NLL_INTEGERS, 0, 0);
    nll_check_in(c, &a->lengths, sequences, 1, NLL_INTEGERS, 0, 0);
    nll_check_in(c, &a->class_weight, m, 1, NLL_REALS_OR_NUMBER, 0, 0);
    nll_check_common(c, &a->common, n);
    nll_check_that(c, a->label_smoothing >= 0 && a->label_smoothing <= 1, NLL_E_VALUE);
    nll_check_that(c, a->z_loss >= 0 && a->z_loss < INFINITY, NLL_E_VALUE);
    nll_check_that(c, a->temperature >= 0 && a->temperature < INFINITY, NLL_E_VALUE);
    nll_check_that(c, a->softcap >= 0 && a->softcap < INFINITY, NLL_E_VALUE);
    int logits_only = a->z_loss > 0 || a->softcap > 0 || nll_out_given(&a->lse) ||
                      (a->temperature > 0 && a->temperature != 1);
    nll_check_that(c, p->form == CAT_LOGITS || !logits_only, NLL_E_VALUE);
    int index_only = p->sequences || a->has_ignore_index || a->count_correct ||
                     nll_out_given(&a->p_target) || a->top_k > 0 || nll_out_given(&a->rank) ||
                     nll_out_given(&a->margin) || nll_out_given(&a->brier);
    nll_check_that(c, !(p->soft && index_only), NLL_E_VALUE);
    nll_check_that(c, p->soft || !nll_out_given(&a->grad_target_probs), NLL_E_VALUE);
    nll_check_out(c, &a->nll, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->grad, n, m, NLL_FLOATS, 1);
    nll_check_out(c, &a->grad_target_probs, n, k, NLL_FLOATS, p->sparse ? 0 : 2);
    nll_check_out(c, &a->lse, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->mode, n, 1, 1u << NLL_I64, 0);
    nll_check_out(c, &a->p_target, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->rank, n, 1, 1u << NLL_I64, 0);
    nll_check_out(c, &a->margin, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->entropy, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->confidence, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(c, &a->brier, n, 1, NLL_ROW_FLOATS, 0);
    int second = nll_out_given(&a->hess) || nll_out_given(&a->hvp);
    nll_check_that(c, !(p->bucket && second), NLL_E_VALUE);
    nll_check_in(c, &a->vector, n, m, NLL_REALS, nll_out_given(&a->hvp), 0);
    nll_check_out(c, &a->hess, n, m, NLL_FLOATS, 0);
    nll_check_out(c, &a->hvp, n, m, NLL_FLOATS, 0);
    nll_check_out(c, &a->weight, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_overlaps(c);
    if (c->status == NLL_OK) c->status = cat_check_sequences(p);
    return c->status;
}

/* What follows from the arguments. */
static void prepare(cat_plan *p) {
    const nll_categorical_args *a = p->a;
    p->isa = nll_isa_current();
    p->type = p->x->dtype == NLL_F64 || (p->soft && (a->target_probs.dtype == NLL_F64 ||
                                                     a->target_log_probs.dtype == NLL_F64))
                  ? NLL_TYPE_F64
                  : NLL_TYPE_F32;
    p->smoothed = !p->soft && a->label_smoothing > 0;
    p->dense = p->soft || p->smoothed;
    p->cap[0] = a->softcap;
    p->cap[1] = a->temperature > 0 ? a->temperature : 1;
    p->transformed = p->cap[0] > 0 || p->cap[1] != 1;
    p->graded = nll_out_given(&a->grad) || nll_out_given(&a->grad_target_probs) ||
                nll_out_given(&a->hess) || nll_out_given(&a->hvp);
    p->scores = a->top_k > 0 || nll_out_given(&a->rank) || nll_out_given(&a->margin) ||
                nll_out_given(&a->entropy) || nll_out_given(&a->confidence) ||
                nll_out_given(&a->brier);
    p->x_direct = !p->transformed && nll_in_place(p->x, p->type, NLL_ALONG_COLS);
    p->q_direct = p->soft && !p->sparse &&
                  nll_in_place(&a->target_probs, p->type, NLL_ALONG_COLS) &&
                  !nll_view_given(&a->class_weight) && a->label_smoothing == 0;
    p->grad_direct = nll_out_given(&a->grad) && a->grad.col_stride == 1 &&
                     a->grad.dtype == (p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64);
    p->group = nll_row_group(p->cols * nll_type_size(p->type));
    if (cat_tiled(p)) p->group = cat_tile_rows(p);
}

/* The plan that sees the logits as given: their arg max is exact, where a softcap rounds large ones
 * to ties. */
static void as_given(cat_plan *raw, const cat_plan *p) {
    raw->x = p->x;
    raw->isa = p->isa;
    raw->type = p->type;
    raw->form = p->form;
    raw->rows = p->rows;
    raw->cols = p->cols;
    raw->soft = p->soft;
    raw->x_direct = nll_in_place(p->x, p->type, NLL_ALONG_COLS);
}

static size_t blocks_of(size_t rows) { return rows / NLL_BLOCK + (rows % NLL_BLOCK != 0); }

/* One allocation: block sums, row values of long rows, class weights, smoothing weights. */
static double *workspace(cat_plan *p, int long_rows) {
    const nll_categorical_args *a = p->a;
    int weighted = nll_view_given(&a->class_weight);
    size_t blocks = blocks_of(p->rows) + 1, losses = long_rows ? p->rows : 0;
    size_t classes = (weighted ? p->cols : 0) + (p->smoothed ? p->cols : 0), total;
    if (__builtin_add_overflow(blocks + losses, classes, &total) ||
        total > SIZE_MAX / sizeof(double))
        return NULL;
    double *memory = malloc(total * sizeof *memory);
    if (!memory) return NULL;
    p->block_sum = memory;
    p->loss = long_rows ? memory + blocks : NULL;
    double *next = memory + blocks + losses;
    if (weighted) {
        for (size_t c = 0; c < p->cols; c++) next[c] = nll_get(&a->class_weight, c, 0);
        p->weight = next;
        next += p->cols;
    }
    if (p->smoothed) {
        for (size_t c = 0; c < p->cols; c++)
            nll_set_element(p->type, next, c,
                            a->label_smoothing / (double)p->cols * (p->weight ? p->weight[c] : 1));
        p->uniform = next;
    }
    return memory;
}

static nll_status run(const nll_categorical_args *args, nll_result *result) {
    nll_categorical_args a = *args;
    cat_plan p = {.a = &a}, raw = {.a = &a}, logs = {.a = &a}, tiles;
    nll_checker c = {0};
    if (check(&a, &p, &c) != NLL_OK) return c.status;
    prepare(&p);
    as_given(&raw, &p);
    as_given(&logs, &p);
    logs.logged = 1;
    logs.x_direct = 0;
    p.raw = &raw;
    p.logs = &logs;
    p.total = &p;
    p.scored = p.form == CAT_PROBS ? &logs : &p;
    nll_result r = {.rows = p.rows, .count = p.rows, .bad_row = -1};
    r.compute = p.type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64;
    nll_status status = p.sparse ? cat_list_check(&p, &r.bad_row) : cat_check_labels(&p, &r);
    if (status == NLL_OK && a.common.check_domain && (r.bad_row = first_bad(&p)) >= 0)
        status = NLL_E_DOMAIN;
    if (status == NLL_OK && r.count == 0 && a.common.reduction == NLL_MEAN &&
        a.common.empty == NLL_EMPTY_ERROR)
        status = NLL_E_EMPTY;
    if (status != NLL_OK) {
        nll_result_out(result, &r);
        return status;
    }
    p.plain = cat_is_plain(&p);
    if (p.plain) p.group = cat_plain_rows(&p);
    int long_rows = p.group < NLL_ROW_GROUP;
    double *memory = workspace(&p, long_rows);
    if (!memory) return NLL_E_MEMORY;

    double weight_sum = (double)r.count;
    if (nll_view_given(&a.common.sample_weight) || p.weight)
        weight_sum = weight_total(&p, p.block_sum);
    double divisor = a.common.divisor > 0 ? a.common.divisor : weight_sum;
    p.grad_scale = a.common.reduction == NLL_MEAN ? 1.0 / divisor : 1.0;
    if (a.common.grad_output.dtype == NLL_NUMBER) p.grad_scale *= a.common.grad_output.value;

    size_t blocks = blocks_of(p.rows);
    int tiled = cat_tiled(&p);
    if (tiled) {
        tiles = p;
        p.tiles = &tiles;
    }
    p.brief = cat_is_short(&p);
    if (long_rows) {
        nll_run(a.common.executor, p.rows / p.group + (p.rows % p.group != 0),
                tiled ? tile_groups : run_groups, &p);
        for (size_t b = 0; b < blocks; b++) total_block(&p, b, p.loss + b * NLL_BLOCK);
    } else {
        nll_run(a.common.executor, blocks, tiled ? tile_blocks : run_blocks, &p);
    }
    r.nonfinite = p.nonfinite;
    r.correct = p.correct;
    r.top_k_correct = p.top_hits;
    nll_close(&a.common, nll_tree_sum(p.block_sum, blocks), weight_sum, &r);
    free(memory);
    nll_result_out(result, &r);
    return NLL_OK;
}

nll_status nll_categorical(const nll_categorical_args *args, nll_result *result) {
    nll_categorical_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, result);
    nll_float_leave(env);
    return status;
}
