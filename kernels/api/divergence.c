/* divergence.c: nll_kl: checks and plan. */
#include "divergence.h"

#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"

#include <math.h>

/* The one form that is given of a side. */
static const nll_view *choose(nll_checker *c, const nll_view *const forms[3], enum div_form *form) {
    int given = 0;
    for (int f = 0; f < 3; f++)
        if (nll_view_given(forms[f])) {
            *form = (enum div_form)f;
            given++;
        }
    nll_check_that(c, given > 0, NLL_E_NULL);
    nll_check_that(c, given <= 1, NLL_E_VALUE);
    return forms[*form];
}

static nll_status check(const nll_kl_args *a, div_plan *p, nll_checker *c) {
    const nll_view *const forms[2][3] = {{&a->p_logits, &a->p_log_probs, &a->p_probs},
                                         {&a->q_logits, &a->q_log_probs, &a->q_probs}};
    const nll_out *grads[2] = {&a->grad_p, &a->grad_q};
    int swap = a->direction == NLL_REVERSE;
    for (int k = 0; k < 2; k++) {
        div_side *side = &p->side[k ^ swap];
        side->x = choose(c, forms[k], &side->form);
        side->grad = grads[k];
    }
    nll_check_that(c, (unsigned)a->direction <= NLL_JS, NLL_E_VALUE);
    if (c->status != NLL_OK) return c->status;
    size_t n = p->side[0].x->rows, m = p->cols = p->side[0].x->cols, all;
    nll_check_that(c, m > 0 || n == 0, NLL_E_SHAPE);
    nll_check_that(c, !__builtin_mul_overflow(n, m, &all), NLL_E_OVERFLOW);
    for (int k = 0; k < 2; k++) nll_check_in(c, p->side[k].x, n, m, NLL_REALS, 1, k + 1);
    nll_check_common(c, &a->common, n);
    nll_check_out(c, &a->divergence, n, 1, NLL_ROW_FLOATS, 0);
    for (int k = 0; k < 2; k++) nll_check_out(c, p->side[k].grad, n, m, NLL_FLOATS, k + 1);
    nll_check_overlaps(c);
    nll_check_that(c,
                   n > 0 || a->common.reduction != NLL_MEAN || a->common.empty != NLL_EMPTY_ERROR,
                   NLL_E_EMPTY);
    return c->status;
}

/* Kernels of floats serve two sides of logits or of log-probs; what else can be told apart in
 * double only is computed so. */
static void prepare(div_plan *p, nll_dtype compute) {
    enum div_form first = p->side[0].form, second = p->side[1].form;
    p->probs = first == DIV_PROBS && second == DIV_PROBS;
    p->normalised = first == DIV_LOGITS && second == DIV_LOGITS;
    p->one_pass = p->normalised && !p->js && p->cols > DIV_SHORT;
    p->type = compute == NLL_F32 && first == second && !p->probs ? NLL_TYPE_F32 : NLL_TYPE_F64;
    nll_dtype own = p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64;
    for (int k = 0; k < 2; k++) {
        div_side *side = &p->side[k];
        int logarithm = side->form == DIV_PROBS && !p->probs;
        side->direct = !logarithm && nll_in_place(side->x, p->type, NLL_ALONG_COLS);
        side->grad_direct =
            !nll_out_given(side->grad) || (side->grad->dtype == own && side->grad->col_stride == 1);
    }
}

/* Is this value of a side out of its domain? */
static int bad_value(enum div_form form, double x) {
    return x != x || x == INFINITY || (form == DIV_PROBS && !(x >= 0 && x <= 1));
}
static int is_zero(enum div_form form, double x) {
    return form == DIV_PROBS ? x == 0 : x == -INFINITY;
}

/* The first row that would be NaN or +inf, or -1. */
static int64_t first_bad(const div_plan *p, const nll_common *common) {
    for (size_t i = 0; i < p->side[0].x->rows; i++) {
        double w =
            nll_view_given(&common->sample_weight) ? nll_get(&common->sample_weight, i, 0) : 1;
        int bad = !(w >= 0 && w < INFINITY), alive[2] = {0, 0};
        for (size_t c = 0; c < p->cols && !bad; c++) {
            int zero[2];
            for (int k = 0; k < 2; k++) {
                double x = nll_get(p->side[k].x, i, c);
                bad |= bad_value(p->side[k].form, x);
                zero[k] = is_zero(p->side[k].form, x);
                alive[k] |= !zero[k];
            }
            bad |= !p->js && zero[1] && !zero[0]; /* outside the support of q */
        }
        for (int k = 0; k < 2; k++) bad |= p->side[k].form == DIV_LOGITS && !alive[k];
        if (bad) return (int64_t)i;
    }
    return -1;
}

static nll_status run(const nll_kl_args *a, nll_result *result) {
    div_plan p = {.js = a->direction == NLL_JS, .value = &a->divergence};
    nll_checker c = {0};
    if (check(a, &p, &c) != NLL_OK) return c.status;
    size_t n = p.side[0].x->rows;
    int wide = p.side[0].x->dtype == NLL_F64 || p.side[1].x->dtype == NLL_F64;
    nll_dtype compute = wide ? NLL_F64 : NLL_F32;
    prepare(&p, compute);
    nll_row_call call = {.common = &a->common,
                         .rows = n,
                         .group = nll_row_group(2 * p.cols * nll_type_size(p.type)),
                         .run = div_group,
                         .model = &p};
    return nll_rows_run(&call, compute, a->common.check_domain ? first_bad(&p, &a->common) : -1,
                        result);
}

nll_status nll_kl(const nll_kl_args *args, nll_result *result) {
    nll_kl_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, result);
    nll_float_leave(env);
    return status;
}
