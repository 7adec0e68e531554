/* small.c: small problems written out in full. */
#include "small.h"

#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const nll_dtype small_types[2] = {NLL_F32, NLL_F64};

int small_near(nll_dtype type, double got, double want) {
    if (isnan(want) || isinf(want) || isnan(got)) return same_bits(got, want);
    return fabs(got - want) <= 40 * unit_of(type) * fabs(want) + tiny_of(type);
}

nll_status small_ce_run(struct small_ce *s) {
    nll_categorical_args *a = &s->a;
    size_t n = s->rows, c = s->cols;
    void *x = to_array(s->type, n * c, s->x), *q = to_array(s->type, n * c, s->q);
    nll_view view = nll_view_2d(x, s->type, n, c);
    a->struct_size = sizeof *a;
    *(s->form == LOGITS ? &a->logits : s->form == LOG_PROBS ? &a->log_probs : &a->probs) = view;
    if (s->soft)
        a->target_probs = nll_view_2d(q, s->type, n, c);
    else
        a->target = nll_view_1d(s->y, NLL_I64, n);
    a->nll = nll_out_1d(s->nll, NLL_F64, n);
    a->grad = nll_out_2d(s->grad, NLL_F64, n, c);
    if (s->soft) a->grad_target_probs = nll_out_2d(s->grad_q, NLL_F64, n, c);
    if (s->form == LOGITS) a->lse = nll_out_1d(s->lse, NLL_F64, n);
    a->mode = nll_out_1d(s->mode, NLL_I64, n);
    if (!s->soft) a->p_target = nll_out_1d(s->p, NLL_F64, n);
    a->count_correct = !s->soft;
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->status = nll_categorical(a, &s->r);
    free(x);
    free(q);
    return s->status;
}

nll_status small_bernoulli_run(struct small_bernoulli *s) {
    nll_bernoulli_args *a = &s->a;
    size_t n = s->rows;
    void *x = to_array(s->type, n, s->x), *y = to_array(s->type, n, s->y);
    a->struct_size = sizeof *a;
    a->rows = n;
    *(s->probs ? &a->probs : &a->logits) = nll_view_1d(x, s->type, n);
    a->target = nll_view_1d(y, s->type, n);
    a->nll = nll_out_1d(s->nll, NLL_F64, n);
    a->grad = nll_out_1d(s->grad, NLL_F64, n);
    a->mode = nll_out_1d(s->mode, NLL_F64, n);
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->status = nll_bernoulli(a, &s->r);
    free(x);
    free(y);
    return s->status;
}

nll_status small_gaussian_run(struct small_gaussian *s) {
    nll_gaussian_args *a = &s->a;
    size_t n = s->rows;
    nll_view *spread[] = {NULL, &a->scale, &a->var, &a->log_scale, &a->log_var};
    void *loc = to_array(s->type, n, s->loc), *y = to_array(s->type, n, s->y);
    void *t = to_array(s->type, n, s->spread);
    a->struct_size = sizeof *a;
    a->rows = n;
    a->loc = nll_view_1d(loc, s->type, n);
    a->target = nll_view_1d(y, s->type, n);
    if (s->form) *spread[s->form] = nll_view_1d(t, s->type, n);
    a->nll = nll_out_1d(s->nll, NLL_F64, n);
    a->grad_loc = nll_out_1d(s->grad_loc, NLL_F64, n);
    if (s->form) a->grad_spread = nll_out_1d(s->grad_spread, NLL_F64, n);
    a->mode = nll_out_1d(s->mode, NLL_F64, n);
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->status = nll_gaussian(a, &s->r);
    free(loc);
    free(y);
    free(t);
    return s->status;
}
