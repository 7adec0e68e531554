/* fit_pass.c: sums over the data, block by block: nothing as long as the data is kept. */
#include "fit.h"
#include "number.h"
#include "reduce.h"

#include <math.h>
#include <stdlib.h>

enum { SUMS = 2 + 2 * NLL_PLACES + NLL_PLACES * (NLL_PLACES + 1) / 2 };

typedef struct pass_buffers {
    double in[NLL_SLOTS][NLL_BLOCK], out[NLL_SLOTS][NLL_BLOCK], weight[NLL_BLOCK];
    double product[NLL_BLOCK];
} pass_buffers;

typedef struct pass_plan pass_plan;
struct pass_plan {
    fit_problem *p;
    unsigned sums;
    /* one block: `sums` numbers */
    void (*block)(const pass_plan *plan, size_t i, size_t n, pass_buffers *b, double *sum);
    double *of; /* [supers][sums] */
    /* of a pass at theta */
    const double *theta;
    int everything;
    unsigned free, place[NLL_PLACES];
    unsigned grad[NLL_PLACES], hess[NLL_PLACES]; /* slots of job.out */
    /* of a total */
    fit_function f;
    nll_view c;
};

static size_t blocks_of(const fit_problem *p) {
    size_t blocks = (p->rows + NLL_BLOCK - 1) / NLL_BLOCK;
    return (blocks + p->stride - 1) / p->stride;
}

static void run_supers(void *arg, size_t begin, size_t end) {
    const pass_plan *plan = arg;
    const fit_problem *p = plan->p;
    size_t blocks = blocks_of(p);
    pass_buffers b;
    for (size_t s = begin; s < end; s++) {
        double sum[SUMS][NLL_SUPER], one[SUMS];
        size_t n = 0;
        for (size_t k = s * NLL_SUPER; n < NLL_SUPER && k < blocks; n++, k++) {
            size_t i = k * p->stride * NLL_BLOCK;
            plan->block(plan, i, p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK, &b, one);
            for (unsigned m = 0; m < plan->sums; m++) sum[m][n] = one[m];
        }
        for (unsigned m = 0; m < plan->sums; m++)
            plan->of[s * plan->sums + m] = nll_tree_sum(sum[m], n);
    }
}

/* The totals of all blocks, by the one tree of reduce.h. */
static void run(pass_plan *plan, double *total) {
    fit_problem *p = plan->p;
    size_t supers = (blocks_of(p) + NLL_SUPER - 1) / NLL_SUPER;
    plan->of = calloc(supers ? supers : 1, 2 * plan->sums * sizeof *plan->of);
    for (unsigned m = 0; m < plan->sums; m++) total[m] = (double)NAN;
    if (!plan->of) {
        p->status = NLL_E_MEMORY;
        return;
    }
    nll_run(p->executor, supers, run_supers, plan);
    double *column = plan->of + supers * plan->sums;
    for (unsigned m = 0; m < plan->sums; m++) {
        for (size_t s = 0; s < supers; s++) column[s] = plan->of[s * plan->sums + m];
        total[m] = nll_tree_sum(column, supers);
    }
    free(plan->of);
}

static double total(const fit_problem *p, const double *x, const double *w, size_t n) {
    return nll_block_total(p->isa, NLL_TYPE_F64, x, w, n, NULL);
}

static int constant(const nll_view *v) { return v->dtype == NLL_NUMBER || v->row_stride == 0; }

/* One block of the loss and its derivatives at theta. */
static void derivatives(const pass_plan *plan, size_t i, size_t n, pass_buffers *b, double *sum) {
    static const double one = 1;
    const fit_problem *p = plan->p;
    nll_job job = {.rows = 1, .cols = n};
    unsigned inputs = p->places + 1 + p->ones;
    for (unsigned k = 0; k < p->places; k++) {
        const nll_view *v = &p->fixed[k];
        int number = !fit_is_fixed(p, k) || constant(v);
        job.constant |= number ? 1u << k : 0u;
        job.in[k] =
            fit_is_fixed(p, k) ? fit_numbers(p, v, i, number ? 1 : n, b->in[k]) : &plan->theta[k];
    }
    job.in[p->places] = fit_numbers(p, p->target, i, n, b->in[p->places]);
    for (unsigned k = p->places + 1; k <= inputs; k++) { /* ones, and the scale of derivatives */
        job.in[k] = &one;
        job.constant |= 1u << k;
    }
    const double *w = p->weight ? fit_numbers(p, p->weight, i, n, b->weight) : NULL;
    job.out[0] = b->out[0];
    for (unsigned f = 0; f < plan->free; f++) {
        job.out[plan->grad[f]] = b->out[plan->grad[f]];
        if (plan->everything) job.out[plan->hess[f]] = b->out[plan->hess[f]];
    }
    p->isa->fn[NLL_TYPE_F64][p->kernel](&job);

    *sum++ = total(p, b->out[0], w, n);
    for (unsigned f = 0; f < plan->free; f++) *sum++ = total(p, b->out[plan->grad[f]], w, n);
    if (!plan->everything) return;
    *sum++ = w ? total(p, w, NULL, n) : (double)n;
    for (unsigned f = 0; f < plan->free; f++) *sum++ = total(p, b->out[plan->hess[f]], w, n);
    for (unsigned f = 0; f < plan->free; f++)
        for (unsigned g = 0; g <= f; g++) {
            const double *x = b->out[plan->grad[f]], *y = b->out[plan->grad[g]];
            for (size_t k = 0; k < n; k++) b->product[k] = x[k] * y[k];
            *sum++ = total(p, b->product, w, n);
        }
}

/* Slots as in distribution.c: gradients of the parameters and the target, then second derivatives.
 */
static void slots(const fit_problem *p, pass_plan *plan) {
    unsigned slot = 1, grad[NLL_PLACES] = {0}, hess[NLL_PLACES] = {0};
    for (unsigned k = 0; k < p->places; k++)
        if (p->form[k]->grad) grad[k] = slot++;
    if (p->row->info.grad_target) slot++;
    for (unsigned k = 0; k < p->places; k++)
        if (p->form[k]->hess) hess[k] = slot++;
    plan->free = fit_free(p, plan->place);
    for (unsigned f = 0; f < plan->free; f++) {
        plan->grad[f] = grad[plan->place[f]];
        plan->hess[f] = hess[plan->place[f]];
    }
}

void fit_pass(fit_problem *p, const double theta[NLL_PLACES], int everything, fit_sums *sums) {
    pass_plan plan = {.p = p, .block = derivatives, .theta = theta, .everything = everything};
    double found[SUMS], *next = found;
    slots(p, &plan);
    plan.sums = 1 + plan.free;
    if (everything) plan.sums += 1 + plan.free + plan.free * (plan.free + 1) / 2;
    run(&plan, found);
    p->passes += p->stride == 1;
    *sums = (fit_sums){.loss = *next++};
    for (unsigned f = 0; f < plan.free; f++) sums->grad[plan.place[f]] = *next++;
    if (!everything) return;
    sums->weight = *next++;
    for (unsigned f = 0; f < plan.free; f++) sums->hess[plan.place[f]] = *next++;
    for (unsigned f = 0; f < plan.free; f++)
        for (unsigned g = 0; g <= f; g++) {
            double x = *next++;
            sums->outer[plan.place[f]][plan.place[g]] = x;
            sums->outer[plan.place[g]][plan.place[f]] = x;
        }
}

/* z_k = f(y_k, c_k); y may be z. */
static void apply(const fit_problem *p, fit_function f, const double *y, const double *c, size_t n,
                  double *z) {
    static const enum nll_kernel kernel[] = {[FIT_LOG] = NLL_K_log,
                                             [FIT_LOG_SQUARE] = NLL_K_log,
                                             [FIT_SIN] = NLL_K_sin,
                                             [FIT_COS] = NLL_K_cos};
    if (f == FIT_LOG || f == FIT_LOG_SQUARE || f == FIT_SIN || f == FIT_COS) {
        nll_elementwise(p->isa, kernel[f], y, z, n);
        y = z;
    }
    for (size_t k = 0; k < n; k++) {
        double x = y[k], d = x - c[k];
        switch (f) {
        case FIT_VALUE:
        case FIT_LOG: z[k] = d; break;
        case FIT_SQUARE:
        case FIT_LOG_SQUARE: z[k] = d * d; break;
        case FIT_ABS: z[k] = fabs(d); break;
        case FIT_EXCESS: z[k] = d * d - x; break;
        case FIT_INVERSE: z[k] = 1 / x; break;
        case FIT_PAIRS: z[k] = x * (x - 1); break;
        case FIT_PAIRS_LEFT: z[k] = -d * (-d - 1); break;
        case FIT_PAIRS_ALL: z[k] = c[k] * (c[k] - 1); break;
        case FIT_EQUAL: z[k] = d == 0; break;
        case FIT_OTHER: z[k] = c[k]; break;
        case FIT_SIN:
        case FIT_COS: z[k] = x; break;
        }
    }
}

static void function_of_target(const pass_plan *plan, size_t i, size_t n, pass_buffers *b,
                               double *sum) {
    const fit_problem *p = plan->p;
    const double *y = fit_numbers(p, p->target, i, n, b->in[0]);
    const double *c = fit_numbers(p, &plan->c, i, n, b->in[1]);
    apply(p, plan->f, y, c, n, b->out[0]);
    *sum = total(p, b->out[0], p->weight ? fit_numbers(p, p->weight, i, n, b->weight) : NULL, n);
}

double fit_total(fit_problem *p, fit_function f, nll_view c) {
    pass_plan plan = {.p = p, .sums = 1, .block = function_of_target, .f = f, .c = c};
    double sum;
    run(&plan, &sum);
    return sum;
}

double fit_mean(fit_problem *p, fit_function f, double c) {
    return fit_total(p, f, nll_number(c)) / p->seen.weight_sum;
}
