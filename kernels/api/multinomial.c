/* multinomial.c: nll_multinomial: checks and plan; the work is that of divergences. */
#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "multinomial.h"
#include "reduce.h"

#include <math.h>

/* The first row that would be NaN or +inf, or -1. */
static int64_t first_bad(const nll_multinomial_args *a, const nll_view *x, int probs) {
    for (size_t i = 0; i < x->rows; i++) {
        const nll_view *weight = &a->common.sample_weight;
        double w = nll_view_given(weight) ? nll_get(weight, i, 0) : 1;
        int bad = !(w >= 0 && w < INFINITY), alive = probs;
        for (size_t c = 0; c < x->cols && !bad; c++) {
            double k = nll_get(&a->target, i, c), p = nll_get(x, i, c);
            int zero = p == (probs ? 0 : -INFINITY);
            alive |= !zero;
            bad = !(k >= 0 && k < INFINITY && rint(k) == k) || (k > 0 && zero) || p != p ||
                  p == INFINITY || (probs && !(p >= 0 && p <= 1));
        }
        if (bad || !alive) return (int64_t)i;
    }
    return -1;
}

static void group(const nll_row_call *call, size_t row, size_t count, double *loss) {
    const mul_plan *p = call->model;
    if (nll_out_given(p->mode)) /* before a gradient in place replaces the logits */
        for (size_t i = 0; i < count; i++) mul_mode(p, call->isa, row + i);
    div_group(call, row, count, loss);
}

static nll_status run(const nll_multinomial_args *a, nll_result *result) {
    nll_checker c = {0};
    int probs = nll_view_given(&a->probs);
    const nll_view *x = probs ? &a->probs : &a->logits;
    nll_check_that(&c, probs || nll_view_given(&a->logits), NLL_E_NULL);
    nll_check_that(&c, !(probs && nll_view_given(&a->logits)), NLL_E_VALUE);
    if (c.status != NLL_OK) return c.status;
    size_t n = x->rows, m = x->cols, all;
    nll_check_that(&c, m > 0 || n == 0, NLL_E_SHAPE);
    nll_check_that(&c, !__builtin_mul_overflow(n, m, &all), NLL_E_OVERFLOW);
    nll_check_in(&c, x, n, m, NLL_REALS, 1, 1);
    nll_check_in(&c, &a->target, n, m, NLL_REALS, 1, 0);
    nll_check_common(&c, &a->common, n);
    nll_check_out(&c, &a->nll, n, 1, NLL_ROW_FLOATS, 0);
    nll_check_out(&c, &a->grad, n, m, NLL_FLOATS, 1);
    nll_check_out(&c, &a->mode, n, m, NLL_ROW_FLOATS, 0);
    nll_check_overlaps(&c);
    nll_check_that(&c,
                   n > 0 || a->common.reduction != NLL_MEAN || a->common.empty != NLL_EMPTY_ERROR,
                   NLL_E_EMPTY);
    if (c.status != NLL_OK) return c.status;
    static const nll_out none;
    mul_plan p = {.div = {.type = NLL_TYPE_F64, .cols = m, .value = &a->nll}, .mode = &a->mode};
    p.div.side[0] = (div_side){.x = &a->target, .grad = &none, .form = DIV_COUNTS};
    p.div.side[1] = (div_side){.x = x, .grad = &a->grad, .form = probs ? DIV_PROBS : DIV_LOGITS};
    p.div.side[1].direct = !probs && nll_in_place(x, NLL_TYPE_F64, NLL_ALONG_COLS);
    nll_row_call call = {.common = &a->common,
                         .rows = n,
                         .group = nll_row_group(2 * m * sizeof(double)),
                         .run = group,
                         .model = &p};
    int wide = x->dtype == NLL_F64 || a->target.dtype == NLL_F64;
    return nll_rows_run(&call, wide ? NLL_F64 : NLL_F32,
                        a->common.check_domain ? first_bad(a, x, probs) : -1, result);
}

nll_status nll_multinomial(const nll_multinomial_args *args, nll_result *result) {
    nll_multinomial_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = run(&a, result);
    nll_float_leave(env);
    return status;
}
