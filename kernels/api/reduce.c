/* reduce.c: reproducible totals, tasks, results. */
#include "reduce.h"

#include "fetch.h"
#include "float_env.h"
#include "number.h"

#include <math.h>
#include <string.h>

double nll_tree_sum(const double *x, size_t n) {
    if (n == 0) return 0;
    if (n == 1) return x[0];
    size_t half = (size_t)1 << (63 - __builtin_clzll((unsigned long long)(n - 1)));
    return nll_tree_sum(x, half) + nll_tree_sum(x + half, n - half);
}

size_t nll_block_totals(const nll_isa *isa, enum nll_type type, const void *values,
                        const void *weights, size_t n, double *sums, uint64_t *nonfinite) {
    static const float one_f = 1;
    static const double one = 1;
    const void *w = weights ? weights : type == NLL_TYPE_F32 ? (const void *)&one_f : &one;
    size_t blocks = 0;
    for (size_t at = 0; at < n;) { /* whole blocks, then what is left */
        size_t whole = (n - at) / NLL_BLOCK, rows = whole ? whole : 1;
        size_t cols = whole ? NLL_BLOCK : n - at, bytes = at * nll_type_size(type);
        int64_t bad[NLL_TOGETHER];
        isa->fn[type][NLL_K_total](&(nll_job){
            .rows = rows,
            .cols = cols,
            .in = {(const char *)values + bytes, (const char *)w + (weights ? bytes : 0)},
            .ld = {NLL_BLOCK, NLL_BLOCK},
            .out = {sums + blocks, bad},
            .constant = weights ? 0 : 2});
        for (size_t k = 0; nonfinite && k < rows; k++) *nonfinite += (uint64_t)bad[k];
        blocks += rows;
        at += rows * cols;
    }
    return blocks;
}

double nll_block_total(const nll_isa *isa, enum nll_type type, const void *values,
                       const void *weights, size_t n, uint64_t *nonfinite) {
    double sum = 0;
    nll_block_totals(isa, type, values, weights, n, &sum, nonfinite);
    return sum;
}

size_t nll_view_total_workspace(size_t n) { return n / (NLL_BLOCK * NLL_SUPER) + 1; }

double nll_view_total(const nll_isa *isa, enum nll_type type, const nll_view *v, size_t n,
                      double *workspace) {
    double scratch[NLL_BLOCK], block[NLL_SUPER];
    size_t supers = 0;
    for (size_t i = 0; i < n;) {
        size_t b = 0;
        for (; b < NLL_SUPER && i < n; b++) {
            size_t k = n - i < NLL_BLOCK ? n - i : NLL_BLOCK;
            const void *w = nll_fetch(v, type, isa, i, 0, NLL_ALONG_ROWS, k, scratch);
            block[b] = nll_block_total(isa, type, w, NULL, k, NULL);
            i += k;
        }
        workspace[supers++] = nll_tree_sum(block, b);
    }
    return nll_tree_sum(workspace, supers);
}

typedef struct run_arg {
    nll_task task;
    void *arg;
} run_arg;

static void run_range(void *arg, size_t begin, size_t end) {
    const run_arg *r = arg;
    uint64_t env = nll_float_enter(); /* the executor's threads have their own */
    r->task(r->arg, begin, end);
    nll_float_leave(env);
}

void nll_run(const nll_executor *executor, size_t n, nll_task task, void *arg) {
    if (executor)
        executor->parallel_for(executor->user, n, run_range, &(run_arg){task, arg});
    else
        task(arg, 0, n);
}

void nll_close(const nll_common *common, double sum, double weight_sum, nll_result *r) {
    double divisor = common->divisor > 0 ? common->divisor : weight_sum;
    r->sum = nll_canonical(sum);
    r->weight_sum = nll_canonical(weight_sum);
    r->mean = nll_canonical(sum / divisor);
    if (r->count == 0) r->mean = common->empty == NLL_EMPTY_ZERO ? 0 : (double)NAN;
    r->value = common->reduction == NLL_MEAN  ? r->mean
               : common->reduction == NLL_SUM ? r->sum
                                              : (double)NAN;
}

void nll_result_out(nll_result *to, const nll_result *r) {
    if (!to) return;
    size_t size = to->struct_size < sizeof *r ? to->struct_size : sizeof *r;
    if (size <= offsetof(nll_result, rows)) return;
    memcpy((char *)to + offsetof(nll_result, rows), (const char *)r + offsetof(nll_result, rows),
           size - offsetof(nll_result, rows));
}
