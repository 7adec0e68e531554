/* sequences.c: nll_sequences: sums, means and standard errors of runs of rows. */
#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "number.h"

#include <math.h>

typedef struct seq_plan {
    const nll_sequences_args *a;
    const nll_isa *isa;
    size_t rows, count;
} seq_plan;

/* nll_tree_sum without the array: level k holds the sum of 2^k blocks, as in a binary counter. */
typedef struct seq_tree {
    double level[64];
    uint64_t blocks;
} seq_tree;

static void tree_add(seq_tree *t, double x) {
    unsigned k = 0;
    for (; t->blocks >> k & 1; k++) x = t->level[k] + x;
    t->level[k] = x;
    t->blocks++;
}

static double tree_total(const seq_tree *t) {
    double sum = 0;
    int any = 0;
    for (unsigned k = 0; k < 64; k++)
        if (t->blocks >> k & 1) {
            sum = any ? t->level[k] + sum : t->level[k];
            any = 1;
        }
    return sum;
}

/* One block of a sequence as doubles; weights NULL: all 1. */
typedef struct seq_block {
    double value_room[NLL_BLOCK], weight_room[NLL_BLOCK], deviation[NLL_BLOCK];
    const double *value, *weight;
} seq_block;

static void fetch(const seq_plan *p, seq_block *b, size_t row, size_t n) {
    const nll_view *w = &p->a->weight;
    b->value =
        nll_fetch(&p->a->nll, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, n, b->value_room);
    b->weight = NULL;
    if (nll_view_given(w))
        b->weight = nll_fetch(w, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, n, b->weight_room);
}

static double block_sum(const seq_plan *p, const double *x, const double *w, size_t n) {
    return nll_block_total(p->isa, NLL_TYPE_F64, x, w, n, NULL);
}

typedef struct seq_sums {
    double sum, weight, squares; /* squares: sum of (w (l - mean))^2 */
    int64_t count;
} seq_sums;

static void first_sums(const seq_plan *p, seq_block *b, size_t begin, size_t end, seq_sums *s) {
    seq_tree sum = {.blocks = 0}, weight = {.blocks = 0};
    for (size_t row = begin, n; row < end; row += n) {
        n = end - row < NLL_BLOCK ? end - row : NLL_BLOCK;
        fetch(p, b, row, n);
        tree_add(&sum, block_sum(p, b->value, b->weight, n));
        tree_add(&weight, b->weight ? block_sum(p, b->weight, NULL, n) : (double)n);
        for (size_t i = 0; i < n; i++) s->count += !b->weight || b->weight[i] != 0;
    }
    s->sum = tree_total(&sum);
    s->weight = tree_total(&weight);
}

static void squares(const seq_plan *p, seq_block *b, size_t begin, size_t end, seq_sums *s) {
    seq_tree sum = {.blocks = 0};
    double mean = s->sum / s->weight;
    for (size_t row = begin, n; row < end; row += n) {
        n = end - row < NLL_BLOCK ? end - row : NLL_BLOCK;
        fetch(p, b, row, n);
        for (size_t i = 0; i < n; i++) {
            double w = b->weight ? b->weight[i] : 1;
            b->deviation[i] = w == 0 ? 0 : w * (b->value[i] - mean);
        }
        tree_add(&sum, block_sum(p, b->deviation, b->deviation, n));
    }
    s->squares = tree_total(&sum);
}

static void put(const seq_plan *p, const nll_out *out, size_t i, double x) {
    if (!nll_out_given(out)) return;
    x = x == x ? x : (double)NAN;
    nll_put(out, NLL_TYPE_F64, p->isa, i, 0, NLL_ALONG_ROWS, 1, &x);
}

static void run_sequences(void *arg, size_t begin, size_t end) {
    const seq_plan *p = arg;
    const nll_sequences_args *a = p->a;
    seq_block block;
    for (size_t i = begin; i < end; i++) {
        int64_t at[2];
        seq_sums s = {.count = 0};
        nll_get_indices(&a->offsets, i, 2, at);
        first_sums(p, &block, (size_t)at[0], (size_t)at[1], &s);
        double mean = s.count > 0 ? s.sum / s.weight : (double)NAN, perplexity, n = (double)s.count;
        nll_elementwise(p->isa, NLL_K_exp, &mean, &perplexity, 1);
        put(p, &a->sum, i, s.sum);
        put(p, &a->weight_sum, i, s.weight);
        put(p, &a->mean, i, mean);
        put(p, &a->perplexity, i, perplexity);
        if (nll_out_given(&a->count))
            ((int64_t *)a->count.data)[(ptrdiff_t)i * a->count.row_stride] = s.count;
        if (nll_out_given(&a->bits_per_byte))
            put(p, &a->bits_per_byte, i, s.sum / (LN2 * nll_get(&a->bytes, i, 0)));
        if (!nll_out_given(&a->standard_error)) continue;
        squares(p, &block, (size_t)at[0], (size_t)at[1], &s);
        put(p, &a->standard_error, i,
            s.count > 1 ? sqrt(n / (n - 1) * s.squares) / s.weight : (double)NAN);
    }
}

static nll_status check(const nll_sequences_args *a, seq_plan *p) {
    nll_checker c = {0};
    size_t n = p->rows = a->nll.rows, s;
    nll_check_that(&c, nll_view_given(&a->nll) && nll_view_given(&a->offsets), NLL_E_NULL);
    nll_check_that(&c, a->offsets.rows > 0, NLL_E_SHAPE);
    if (c.status != NLL_OK) return c.status;
    s = p->count = a->offsets.rows - 1;
    nll_check_in(&c, &a->nll, n, 1, NLL_ROW_FLOATS, 1, 0);
    nll_check_in(&c, &a->weight, n, 1, NLL_REALS_OR_NUMBER, 0, 0);
    nll_check_in(&c, &a->offsets, s + 1, 1, NLL_INTEGERS, 1, 0);
    nll_check_in(&c, &a->bytes, s, 1, NLL_REALS_OR_NUMBER, nll_out_given(&a->bits_per_byte), 0);
    nll_check_that(&c, !a->executor || a->executor->parallel_for, NLL_E_NULL);
    nll_check_out(&c, &a->count, s, 1, 1u << NLL_I64, 0);
    const nll_out *outs[] = {&a->sum,        &a->weight_sum,     &a->mean,
                             &a->perplexity, &a->standard_error, &a->bits_per_byte};
    for (int k = 0; k < 6; k++) nll_check_out(&c, outs[k], s, 1, NLL_ROW_FLOATS, 0);
    nll_check_overlaps(&c);
    if (c.status == NLL_OK && !nll_offsets_rise(&a->offsets, n)) c.status = NLL_E_SHAPE;
    return c.status;
}

nll_status nll_sequences(const nll_sequences_args *args) {
    nll_sequences_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    seq_plan p = {.a = &a, .isa = nll_isa_current()};
    nll_status status = check(&a, &p);
    if (status != NLL_OK) return status;
    uint64_t env = nll_float_enter();
    nll_run(a.executor, p.count, run_sequences, &p);
    nll_float_leave(env);
    return NLL_OK;
}
