/* row_call.c: see row_call.h. */
#include "row_call.h"

#include "check.h"
#include "fetch.h"
#include "reduce.h"

#include <stdlib.h>

size_t nll_row_group(size_t row_bytes) {
    size_t group = row_bytes > 0 ? NLL_ROW_CACHE / row_bytes : NLL_ROW_GROUP;
    group = group < 1 ? 1 : group > NLL_ROW_GROUP ? NLL_ROW_GROUP : group;
    while (NLL_BLOCK % group != 0) group--;
    return group;
}

nll_job nll_row_job_at(enum nll_kernel kernel, nll_job job, enum nll_type type, size_t r) {
    const nll_desc *d = &nll_descs[kernel];
    const size_t size = nll_type_size(type);
    for (unsigned i = 0; i < NLL_SLOTS; i++) {
        size_t in = 0, out = 0;
        switch (d->in[i]) {
        case R_HOLE: in = sizeof(int64_t); break;
        case R_ANCHOR:
        case R_EXPONENT:
        case R_VALUE: in = size; break;
        case R_COEF: in = 4 * sizeof(double); break;
        case R_PAIR:
        case R_SLOPES: in = 8 * sizeof(double); break;
        default: break;
        }
        switch (d->out[i]) {
        case R_OUT: out = size; break;
        case R_F64:
        case R_I64: out = 8; break;
        case R_SUMS: out = 6 * sizeof(double); break;
        default: break;
        }
        if (job.in[i]) job.in[i] = (const char *)job.in[i] + r * in;
        if (job.out[i]) job.out[i] = (char *)job.out[i] + r * out;
    }
    return job;
}

static const double *column(const nll_row_call *call, const nll_view *v, size_t row, size_t count,
                            double *scratch) {
    return nll_fetch(v, NLL_TYPE_F64, call->isa, row, 0, NLL_ALONG_ROWS, count, scratch);
}

void nll_row_scales(const nll_row_call *call, size_t row, size_t count, double *scale) {
    const nll_view *weight = &call->common->sample_weight, *up = &call->common->grad_output;
    double scratch[2][NLL_ROW_GROUP];
    const double *w = NULL, *u = NULL;
    if (nll_view_given(weight)) w = column(call, weight, row, count, scratch[0]);
    if (nll_view_given(up) && up->dtype != NLL_NUMBER) u = column(call, up, row, count, scratch[1]);
    for (size_t i = 0; i < count; i++) {
        double s = w ? w[i] : 1;
        scale[i] = s == 0 ? 0 : call->grad_scale * s * (u ? u[i] : 1);
    }
}

void nll_row_zero(const nll_out *o, enum nll_type type, const nll_isa *isa, size_t row) {
    static const double zero[NLL_ROW_CHUNK];
    if (!nll_out_given(o)) return;
    for (size_t col = 0; col < o->cols; col += NLL_ROW_CHUNK) {
        size_t n = o->cols - col < NLL_ROW_CHUNK ? o->cols - col : NLL_ROW_CHUNK;
        nll_put(o, type, isa, row, col, NLL_ALONG_COLS, n, zero);
    }
}

static void total_block(nll_row_call *call, size_t block, const double *loss) {
    size_t row = block * NLL_BLOCK;
    size_t n = call->rows - row < NLL_BLOCK ? call->rows - row : NLL_BLOCK;
    double scratch[NLL_BLOCK];
    const double *w = NULL;
    uint64_t nonfinite = 0;
    if (nll_view_given(&call->common->sample_weight))
        w = column(call, &call->common->sample_weight, row, n, scratch);
    call->block_sum[block] = nll_block_total(call->isa, NLL_TYPE_F64, loss, w, n, &nonfinite);
    atomic_fetch_add_explicit(&call->nonfinite, nonfinite, memory_order_relaxed);
}

/* Task units: whole blocks of short rows, single groups of long ones. */
static void run_blocks(void *arg, size_t begin, size_t end) {
    nll_row_call *call = arg;
    for (size_t b = begin; b < end; b++) {
        double loss[NLL_BLOCK];
        size_t row = b * NLL_BLOCK;
        size_t last = row + NLL_BLOCK < call->rows ? row + NLL_BLOCK : call->rows;
        for (size_t i = row, n; i < last; i += n) {
            n = last - i < call->group ? last - i : call->group;
            call->run(call, i, n, loss + (i - row));
        }
        total_block(call, b, loss);
    }
}
static void run_groups(void *arg, size_t begin, size_t end) {
    nll_row_call *call = arg;
    for (size_t g = begin; g < end; g++) {
        size_t row = g * call->group, left = call->rows - row;
        call->run(call, row, left < call->group ? left : call->group, call->loss + row);
    }
}

static nll_status run(nll_row_call *call, nll_result *r) {
    const nll_common *common = call->common;
    size_t blocks = call->rows / NLL_BLOCK + (call->rows % NLL_BLOCK != 0);
    int long_rows = call->group < NLL_ROW_GROUP;
    size_t sums = blocks + nll_view_total_workspace(call->rows);
    size_t total = sums + (long_rows ? call->rows : 0);
    if (total < sums || total > SIZE_MAX / sizeof(double)) return NLL_E_MEMORY;
    double *memory = malloc(total * sizeof *memory);
    if (!memory) return NLL_E_MEMORY;
    call->isa = nll_isa_current();
    call->block_sum = memory;
    call->loss = memory + sums;

    double weight_sum = (double)r->count;
    if (nll_view_given(&common->sample_weight))
        weight_sum =
            nll_view_total(call->isa, NLL_TYPE_F64, &common->sample_weight, call->rows, memory);
    double divisor = common->divisor > 0 ? common->divisor : weight_sum;
    call->grad_scale = common->reduction == NLL_MEAN ? 1.0 / divisor : 1.0;
    if (common->grad_output.dtype == NLL_NUMBER) call->grad_scale *= common->grad_output.value;

    if (long_rows) {
        nll_run(common->executor, call->rows / call->group + (call->rows % call->group != 0),
                run_groups, call);
        for (size_t b = 0; b < blocks; b++) total_block(call, b, call->loss + b * NLL_BLOCK);
    } else {
        nll_run(common->executor, blocks, run_blocks, call);
    }
    r->nonfinite = call->nonfinite;
    nll_close(common, nll_tree_sum(call->block_sum, blocks), weight_sum, r);
    free(memory);
    return NLL_OK;
}

nll_status nll_rows_run(nll_row_call *call, nll_dtype compute, int64_t bad_row,
                        nll_result *result) {
    nll_result r = {
        .rows = call->rows, .count = call->rows, .bad_row = bad_row, .compute = compute};
    nll_status status = bad_row >= 0 ? NLL_E_DOMAIN : run(call, &r);
    if (status != NLL_E_MEMORY) nll_result_out(result, &r);
    return status;
}
