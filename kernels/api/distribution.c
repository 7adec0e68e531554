/* distribution.c: a call of any distribution of the table, by the offsets of its members. */
#include "distribution.h"

#include "args.h"

#include <math.h>

enum { ARGS_MOST = 2560 }; /* bytes of the largest argument struct */

/* A call while it runs: what `bad` and the facts need to know. */
typedef struct distribution_call {
    const nll_family_row *row;
    nll_forms forms;
    unsigned variant;
} distribution_call;

double nll_one(enum nll_kernel unary, double x) {
    double y;
    nll_isa_current()->fn[NLL_TYPE_F64][unary](
        &(nll_job){.rows = 1, .cols = 1, .in = {&x}, .out = {&y}});
    return y;
}

double nll_two(enum nll_kernel binary, double x, double y) {
    double z;
    nll_isa_current()->fn[NLL_TYPE_F64][binary](
        &(nll_job){.rows = 1, .cols = 1, .in = {&x, &y}, .out = {&z}});
    return z;
}

static int is_count(double x) { return x >= 0 && x < INFINITY && x == floor(x); }

int nll_within(nll_domain domain, double x, const double in[]) {
    switch (domain) {
    case NLL_REAL: return fabs(x) < INFINITY;
    case NLL_POSITIVE: return x > 0 && x < INFINITY;
    case NLL_NONNEGATIVE: return x >= 0 && x < INFINITY;
    case NLL_UNIT: return x >= 0 && x <= 1;
    case NLL_OPEN_UNIT: return x > 0 && x < 1;
    case NLL_LOG:
    case NLL_LOGIT: return x == x;
    case NLL_POWER: return x > 1 && x < 2;
    case NLL_COUNT: return is_count(x);
    case NLL_COUNT_TO_TOTAL: return is_count(x) && x <= in[0];
    case NLL_FROM_SCALE: return x >= in[1] && x < INFINITY;
    }
    return 0;
}

static int bad(const void *model, const double in[]) {
    const distribution_call *d = model;
    for (unsigned k = 0; k < d->forms.places; k++)
        if (!nll_within(d->forms.given[k]->domain, in[k], in)) return 1;
    return !nll_within(d->row->info.target_domain, in[d->forms.places], in);
}

/* The parameters by themselves; 0 if one lies outside its domain. */
static int point_of(const distribution_call *d, const double in[], nll_point *p) {
    p->variant = d->variant;
    for (unsigned k = 0; k < d->forms.places; k++) {
        nll_domain domain = d->forms.given[k]->domain;
        if (!nll_within(domain, in[k], in)) return 0;
        p->given[k] = in[k];
        p->x[k] = domain == NLL_LOG     ? nll_one(NLL_K_exp, in[k])
                  : domain == NLL_LOGIT ? nll_one(NLL_K_sigmoid, in[k])
                                        : in[k];
        p->rest[k] = domain == NLL_LOGIT ? nll_one(NLL_K_sigmoid, -in[k]) : 1 - p->x[k];
    }
    return 1;
}

static double fact_of(const distribution_call *d, nll_fact *fact, const double in[]) {
    nll_point p;
    return point_of(d, in, &p) ? fact(&p) : (double)NAN;
}
static double mode_of(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->mode, in);
}
static double mean_of(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->mean, in);
}
static double variance_of(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->variance, in);
}

static double fisher_0(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->fisher[0], in);
}
static double fisher_1(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->fisher[1], in);
}
static double fisher_2(const void *model, const double in[]) {
    return fact_of(model, ((const distribution_call *)model)->row->fisher[2], in);
}

/* Members of the caller's struct, by offset; NULL for none. */
static void *at(void *args, size_t offset) { return offset ? (char *)args + offset : NULL; }

void nll_choose_forms(nll_checker *c, const nll_distribution *info, void *args, nll_forms *f) {
    unsigned seen[NLL_MAP_INPUTS] = {0};
    for (size_t i = 0; i < info->parameter_count; i++) {
        const nll_parameter *p = &info->parameters[i];
        unsigned form = seen[p->place]++;
        if (p->place >= f->places) f->places = p->place + 1;
        if (nll_view_given(at(args, p->view))) {
            nll_check_that(c, !f->given[p->place], NLL_E_VALUE);
            f->given[p->place] = p;
            f->form[p->place] = form;
            continue;
        }
        const size_t outputs[] = {p->grad, p->hess, p->fisher};
        for (int k = 0; k < 3; k++)
            nll_check_that(c, !outputs[k] || !nll_out_given(at(args, outputs[k])), NLL_E_VALUE);
    }
    for (unsigned k = 0; k < f->places; k++) nll_check_that(c, f->given[k] != NULL, NLL_E_NULL);
}

static void choose(nll_checker *c, void *args, distribution_call *d) {
    nll_choose_forms(c, &d->row->info, args, &d->forms);
    for (unsigned k = 0; k < d->forms.places; k++) d->variant |= d->forms.form[k] ? 1u << k : 0;
    nll_check_that(c, c->status != NLL_OK || d->row->kernel[d->variant], NLL_E_VALUE);
}

/* Outputs in the order of kernels.def: gradients of the inputs, then the Hessian's diagonal. */
static void outputs(const distribution_call *d, void *args, nll_map_call *call) {
    const nll_distribution *info = &d->row->info;
    unsigned n = 0, f = 3;
    for (unsigned k = 0; k < d->forms.places; k++) {
        if (!d->forms.given[k]->grad) continue;
        call->out[n].to = at(args, d->forms.given[k]->grad);
        call->out[n++].alias = (int)k + 1;
    }
    if (info->grad_target) {
        call->out[n].to = at(args, info->grad_target);
        call->out[n++].alias = (int)d->forms.places + 1;
    }
    for (unsigned k = 0; k < d->forms.places; k++)
        if (d->forms.given[k]->hess) call->out[n++].to = at(args, d->forms.given[k]->hess);

    static double (*const fisher[])(const void *, const double[]) = {fisher_0, fisher_1, fisher_2};
    call->fact[0].to = at(args, info->mode);
    call->fact[0].of = mode_of;
    call->fact[1].to = at(args, info->mean);
    call->fact[1].of = mean_of;
    call->fact[2].to = at(args, info->variance);
    call->fact[2].of = variance_of;
    for (unsigned k = 0; k < d->forms.places; k++) {
        if (!d->forms.given[k]->fisher) continue;
        call->fact[f].to = at(args, d->forms.given[k]->fisher);
        call->fact[f++].of = fisher[k];
    }
}

nll_status nll_score(const nll_distribution *distribution, const void *args, nll_result *result) {
    _Alignas(max_align_t) char a[ARGS_MOST];
    if (!distribution || distribution->args_size > sizeof a) return NLL_E_NULL;
    if (!nll_args_copy(a, args, distribution->args_size)) return NLL_E_NULL;
    distribution_call d = {.row = (const nll_family_row *)(const void *)distribution};
    nll_checker c = {0};
    choose(&c, a, &d);
    if (c.status != NLL_OK) return c.status;
    size_t rows = *(size_t *)at(a, distribution->rows);
    nll_map_call call = {.kernel = d.row->kernel[d.variant],
                         .rows = rows,
                         .inputs = d.forms.places + 1,
                         .nll = at(a, distribution->nll),
                         .common = at(a, distribution->common),
                         .bad = bad,
                         .model = &d};
    for (unsigned k = 0; k < d.forms.places; k++) call.in[k] = at(a, d.forms.given[k]->view);
    call.in[d.forms.places] = at(a, distribution->target);
    for (unsigned k = 0; k <= d.forms.places; k++)
        nll_check_in(&c, call.in[k], rows, 1, NLL_REALS_OR_NUMBER, 1, (int)k + 1);
    outputs(&d, a, &call);
    return nll_map_run(&c, &call, result);
}

const nll_distribution *nll_distribution_at(size_t i) {
    return i < nll_family_count ? &nll_family_rows[i].info : NULL;
}
