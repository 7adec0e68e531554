/* map.c: element-wise models. */
#include "map.h"

#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "number.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Constant for the call, shared by the tasks. */
typedef struct map_plan {
    const nll_map_call *call;
    const nll_isa *isa;
    enum nll_type type;
    double grad_scale; /* upstream and divisor where they are numbers */
    int weighted, upstream;
    unsigned together; /* blocks that a kernel call takes, divides NLL_SUPER */
    double *super_sum; /* one per task unit */
    _Atomic uint64_t nonfinite;
} map_plan;

/* One block's worth of every array, in the compute type; of the losses NLL_TOGETHER blocks. */
typedef struct map_buffers {
    double in[NLL_MAP_INPUTS][NLL_BLOCK], out[NLL_MAP_OUTPUTS][NLL_BLOCK];
    double nll[NLL_TOGETHER * NLL_BLOCK];
    double weight[NLL_BLOCK], scale[NLL_BLOCK], upstream[NLL_BLOCK];
    double second[NLL_BLOCK], product[NLL_BLOCK]; /* for products: input 1; the result */
} map_buffers;

/* Is input k one number for all elements? */
static int constant(const nll_view *v) { return v->dtype == NLL_NUMBER || v->row_stride == 0; }

/* Scale of the derivatives of each element: w_i, upstream and divisor. */
static void scales(const map_plan *p, size_t i, size_t n, const void *w, map_buffers *b) {
    const void *u = NULL;
    if (p->upstream)
        u = nll_fetch(&p->call->common->grad_output, p->type, p->isa, i, 0, NLL_ALONG_ROWS, n,
                      b->upstream);
    for (size_t k = 0; k < n; k++) {
        double s = p->grad_scale * (w ? nll_element(p->type, w, k) : 1.0);
        nll_set_element(p->type, b->scale, k, u ? s * nll_element(p->type, u, k) : s);
    }
}

/* An element of weight 0 has derivatives of 0, also where its own would be infinite or NaN. */
static void clear_unweighted(const map_plan *p, const void *w, void *out, size_t n) {
    for (size_t k = 0; k < n; k++)
        if (nll_element(p->type, w, k) == 0) nll_set_element(p->type, out, k, 0);
}

/* Numbers that depend on the parameters alone. */
static void facts(const map_plan *p, size_t i, size_t n, const nll_job *job) {
    const nll_map_call *call = p->call;
    double in[NLL_MAP_INPUTS], value[NLL_BLOCK];
    for (unsigned f = 0; f < NLL_MAP_FACTS; f++) {
        if (!call->fact[f].to || !nll_out_given(call->fact[f].to)) continue;
        for (size_t k = 0; k < n; k++) {
            for (unsigned a = 0; a < call->inputs; a++)
                in[a] = nll_element(p->type, job->in[a], job->constant >> a & 1 ? 0 : k);
            double x = call->fact[f].of(call->model, in);
            value[k] = x == x ? x : (double)NAN;
        }
        nll_put(call->fact[f].to, NLL_TYPE_F64, p->isa, i, 0, NLL_ALONG_ROWS, n, value);
    }
}

static int wants_product(const nll_map_call *call, unsigned k) {
    return call->product[k].vector && nll_out_given(call->product[k].to);
}
static int wants_products(const nll_map_call *call) {
    return wants_product(call, 0) || wants_product(call, 1);
}

/* What products take from the kernel beside what the call asks for, and from its inputs before a
 * gradient in place replaces them. */
static void prepare_products(const map_plan *p, size_t n, nll_job *job, map_buffers *b) {
    const nll_map_call *call = p->call;
    if (!wants_products(call)) return;
    for (unsigned k = 0; k < NLL_MAP_PRODUCTS; k++) {
        unsigned h = call->product[k].hess;
        if (call->product[k].vector && !job->out[h + 1]) job->out[h + 1] = b->out[h];
    }
    if (!call->mixed) return;
    if (!job->out[1]) job->out[1] = b->out[0];
    for (size_t i = 0; i < n; i++)
        b->second[i] = nll_element(p->type, job->in[1], job->constant >> 1 & 1 ? 0 : i);
}

/* The Hessian of each element times its vector, in double. */
static void products(const map_plan *p, size_t row, size_t n, const nll_job *job, const void *w,
                     map_buffers *b) {
    const nll_map_call *call = p->call;
    double v[NLL_MAP_PRODUCTS][NLL_BLOCK];
    if (!wants_products(call)) return;
    for (unsigned k = 0; k < NLL_MAP_PRODUCTS; k++) {
        const nll_view *vector = call->product[k].vector;
        const double *given = v[k];
        if (vector && nll_view_given(vector))
            given = nll_fetch(vector, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, n, v[k]);
        else
            memset(v[k], 0, n * sizeof v[k][0]);
        /* a copy: a product may be put where the other's vector is */
        if (given != v[k]) memcpy(v[k], given, n * sizeof v[k][0]);
    }
    for (unsigned k = 0; k < NLL_MAP_PRODUCTS; k++) {
        if (!wants_product(call, k)) continue;
        double *to = b->product;
        for (size_t i = 0; i < n; i++) {
            to[i] = nll_element(p->type, job->out[call->product[k].hess + 1], i) * v[k][i];
            if (call->mixed)
                to[i] += call->mixed(nll_element(p->type, job->out[1], i), b->second[i]) * v[!k][i];
            to[i] = w && nll_element(p->type, w, i) == 0 ? 0 : nll_canonical(to[i]);
        }
        nll_put(call->product[k].to, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, n, to);
    }
}

/* n elements from i on, at most the blocks that are taken together: their weighted sums, and how
 * many these are. */
static size_t some_blocks(const map_plan *p, size_t i, size_t n, map_buffers *b, double *sums,
                          uint64_t *nonfinite) {
    const nll_map_call *call = p->call;
    nll_job job = {.rows = 1, .cols = n, .par = {call->label_smoothing}};
    for (unsigned k = 0; k < call->inputs; k++) {
        int one = constant(call->in[k]);
        job.constant |= one ? 1u << k : 0u;
        job.in[k] =
            nll_fetch(call->in[k], p->type, p->isa, i, 0, NLL_ALONG_ROWS, one ? 1 : n, b->in[k]);
    }
    facts(p, i, n, &job); /* before a gradient in place replaces an input */
    const void *w = NULL;
    if (p->weighted)
        w = nll_fetch(&call->common->sample_weight, p->type, p->isa, i, 0, NLL_ALONG_ROWS, n,
                      b->weight);
    nll_set_element(p->type, b->scale, 0, p->grad_scale);
    job.in[call->inputs] = b->scale;
    if (w || p->upstream)
        scales(p, i, n, w, b);
    else
        job.constant |= 1u << call->inputs;

    job.out[0] = b->nll;
    if (nll_out_given(call->nll))
        job.out[0] = nll_put_target(call->nll, p->type, i, 0, NLL_ALONG_ROWS, b->nll);
    for (unsigned g = 0; g < NLL_MAP_OUTPUTS; g++)
        if (call->out[g].to && nll_out_given(call->out[g].to))
            job.out[g + 1] =
                nll_put_target(call->out[g].to, p->type, i, 0, NLL_ALONG_ROWS, b->out[g]);

    prepare_products(p, n, &job, b);

    p->isa->fn[p->type][call->kernel](&job);

    products(p, i, n, &job, w, b); /* before gradients are put away */
    size_t blocks = nll_block_totals(p->isa, p->type, job.out[0], w, n, sums, nonfinite);
    if (nll_out_given(call->nll))
        nll_put(call->nll, p->type, p->isa, i, 0, NLL_ALONG_ROWS, n, job.out[0]);
    for (unsigned g = 0; g < NLL_MAP_OUTPUTS; g++) {
        if (!call->out[g].to || !nll_out_given(call->out[g].to)) continue;
        if (w) clear_unweighted(p, w, job.out[g + 1], n);
        nll_put(call->out[g].to, p->type, p->isa, i, 0, NLL_ALONG_ROWS, n, job.out[g + 1]);
    }
    return blocks;
}

/* Several blocks at a time where nothing goes by way of buffers of one: plain arrays of the compute
 * type, and nothing to be made of them but losses and derivatives. */
static unsigned taken_together(const map_plan *p) {
    const nll_map_call *call = p->call;
    if (p->weighted || p->upstream || wants_products(call)) return 1;
    for (unsigned k = 0; k < call->inputs; k++)
        if (!constant(call->in[k]) && !nll_in_place(call->in[k], p->type, NLL_ALONG_ROWS)) return 1;
    for (unsigned f = 0; f < NLL_MAP_FACTS; f++)
        if (call->fact[f].to && nll_out_given(call->fact[f].to)) return 1;
    for (unsigned g = 0; g < 1 + NLL_MAP_OUTPUTS; g++) {
        const nll_out *to = g ? call->out[g - 1].to : call->nll;
        if (to && nll_out_given(to) && !nll_put_target(to, p->type, 0, 0, NLL_ALONG_ROWS, NULL))
            return 1;
    }
    return NLL_TOGETHER;
}

/* Task units are runs of NLL_SUPER blocks. */
static void run_supers(void *arg, size_t begin, size_t end) {
    map_plan *p = arg;
    map_buffers b;
    uint64_t nonfinite = 0;
    for (size_t s = begin; s < end; s++) {
        double sums[NLL_SUPER];
        size_t blocks = 0, i = s * NLL_SUPER * NLL_BLOCK, most = (size_t)p->together * NLL_BLOCK;
        for (; blocks < NLL_SUPER && i < p->call->rows; i += most) {
            size_t n = p->call->rows - i < most ? p->call->rows - i : most;
            blocks += some_blocks(p, i, n, &b, sums + blocks, &nonfinite);
        }
        p->super_sum[s] = nll_tree_sum(sums, blocks);
    }
    atomic_fetch_add_explicit(&p->nonfinite, nonfinite, memory_order_relaxed);
}

/* The first row that check_domain complains about, -1 if none. */
static int64_t first_bad(const nll_map_call *call) {
    for (size_t i = 0; i < call->rows; i++) {
        double in[NLL_MAP_INPUTS], w = 1;
        for (unsigned k = 0; k < call->inputs; k++) in[k] = nll_get(call->in[k], i, 0);
        if (nll_view_given(&call->common->sample_weight))
            w = nll_get(&call->common->sample_weight, i, 0);
        if (call->bad(call->model, in) || !(w >= 0 && w < INFINITY)) return (int64_t)i;
    }
    return -1;
}

/* double if any of the model's own arrays is. */
static enum nll_type compute_type(const nll_map_call *call) {
    for (unsigned k = 0; k < call->inputs; k++)
        if (call->in[k]->dtype == NLL_F64) return NLL_TYPE_F64;
    return NLL_TYPE_F32;
}

static void check_products(nll_checker *c, const nll_map_call *call) {
    int vectors = 0;
    for (unsigned k = 0; k < NLL_MAP_PRODUCTS; k++) {
        if (!call->product[k].vector) continue;
        nll_check_in(c, call->product[k].vector, call->rows, 1, NLL_REALS_OR_NUMBER, 0, 0);
        nll_check_out(c, call->product[k].to, call->rows, 1, NLL_FLOATS, 0);
        vectors |= nll_view_given(call->product[k].vector);
    }
    nll_check_that(c, vectors || !wants_products(call), NLL_E_NULL);
}

nll_status nll_map_run(nll_checker *c, const nll_map_call *call, nll_result *result) {
    const nll_common *common = call->common;
    nll_check_common(c, common, call->rows);
    nll_check_out(c, call->nll, call->rows, 1, NLL_ROW_FLOATS, 0);
    for (unsigned g = 0; g < NLL_MAP_OUTPUTS; g++)
        if (call->out[g].to)
            nll_check_out(c, call->out[g].to, call->rows, 1, NLL_FLOATS, call->out[g].alias);
    for (unsigned f = 0; f < NLL_MAP_FACTS; f++)
        if (call->fact[f].to) nll_check_out(c, call->fact[f].to, call->rows, 1, NLL_ROW_FLOATS, 0);
    check_products(c, call);
    nll_check_overlaps(c);
    nll_check_that(
        c, call->rows > 0 || common->reduction != NLL_MEAN || common->empty != NLL_EMPTY_ERROR,
        NLL_E_EMPTY);
    if (c->status != NLL_OK) return c->status;

    map_plan p = {.call = call, .isa = nll_isa_current(), .type = compute_type(call)};
    nll_result r = {.rows = call->rows, .count = call->rows, .bad_row = -1};
    r.compute = p.type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64;
    uint64_t env = nll_float_enter();
    if (common->check_domain && (r.bad_row = first_bad(call)) >= 0) {
        nll_float_leave(env);
        nll_result_out(result, &r);
        return NLL_E_DOMAIN;
    }
    size_t supers = nll_view_total_workspace(call->rows);
    p.super_sum = malloc(supers * sizeof *p.super_sum);
    if (!p.super_sum) {
        nll_float_leave(env);
        return NLL_E_MEMORY;
    }
    p.weighted = nll_view_given(&common->sample_weight);
    double weight_sum = (double)call->rows;
    if (p.weighted)
        weight_sum = nll_view_total(p.isa, p.type, &common->sample_weight, call->rows, p.super_sum);
    double divisor = common->divisor > 0 ? common->divisor : weight_sum;
    p.grad_scale = common->reduction == NLL_MEAN ? 1.0 / divisor : 1.0;
    const nll_view *up = &common->grad_output;
    p.upstream = nll_view_given(up) && up->dtype != NLL_NUMBER;
    if (up->dtype == NLL_NUMBER) p.grad_scale *= up->value;

    p.together = taken_together(&p);
    supers = (call->rows + (size_t)NLL_SUPER * NLL_BLOCK - 1) / ((size_t)NLL_SUPER * NLL_BLOCK);
    nll_run(common->executor, supers, run_supers, &p);
    r.nonfinite = p.nonfinite;
    nll_close(common, nll_tree_sum(p.super_sum, supers), weight_sum, &r);
    nll_float_leave(env);
    free(p.super_sum);
    nll_result_out(result, &r);
    return NLL_OK;
}
