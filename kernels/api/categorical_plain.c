/* categorical_plain.c: the most common call in fewer steps: index targets without options, and
 * nothing wanted but losses and the gradient of the logits.  The kernels are those of cat_group,
 * and what lies between them is its arithmetic with A = 1 and all else 0, so the bits are too. */
#include "categorical.h"
#include "categorical_coef.h"
#include "fetch.h"

#include <math.h>

int cat_is_plain(const cat_plan *p) {
    const nll_categorical_args *a = p->a;
    const nll_view *up = &a->common.grad_output;
    int graded = nll_out_given(&a->grad);
    int outputs = p->scores || a->count_correct || nll_out_given(&a->lse) ||
                  nll_out_given(&a->mode) || nll_out_given(&a->p_target) ||
                  nll_out_given(&a->weight) || nll_out_given(&a->hess) || nll_out_given(&a->hvp) ||
                  nll_out_given(&a->grad_target_probs);
    int weights = p->weight || nll_view_given(&a->common.sample_weight) ||
                  (nll_view_given(up) && up->dtype != NLL_NUMBER);
    return p->form == CAT_LOGITS && p->x_direct && !p->dense && !(a->z_loss > 0) && !outputs &&
           !(graded && (!p->grad_direct || weights || p->grad_scale == 0));
}

/* What cat_rows is to cat_group; `top` is in the compute type. */
typedef struct plain_rows {
    int64_t y[NLL_ROW_GROUP];
    double N[NLL_ROW_GROUP], S[NLL_ROW_GROUP], lost[NLL_ROW_GROUP], top[NLL_ROW_GROUP],
        x_y[NLL_ROW_GROUP];
    double others[NLL_ROW_GROUP], mantissa[NLL_ROW_GROUP], power[NLL_ROW_GROUP], p_y[NLL_ROW_GROUP];
    double coef[NLL_ROW_GROUP][4];
} plain_rows;

/* The logits of the targets, and the sums; is a row far from 0 or empty?  In loops that a compiler
 * can vectorise. */
#define LOGITS_AND_SUMS(T)                                           \
    do {                                                             \
        const T *x = (const T *)p->x->data;                          \
        const T *top = (const T *)(const void *)g->top;              \
        T at[NLL_ROW_GROUP];                                         \
        ptrdiff_t from = (ptrdiff_t)row * p->x->row_stride;          \
        for (size_t i = 0; i < count; i++, from += p->x->row_stride) \
            at[i] = x[from + (ptrdiff_t)g->y[i]];                    \
        for (size_t i = 0; i < count; i++) {                         \
            T peak = at[i] > top[i] ? at[i] : top[i];                \
            odd |= !(peak <= (T)NLL_NEAR) | !(peak >= (T)-NLL_NEAR); \
            odd |= top[i] == (T)-INFINITY;                           \
        }                                                            \
        for (size_t i = 0; i < count; i++) {                         \
            g->x_y[i] = at[i];                                       \
            g->S[i] += g->lost[i];                                   \
        }                                                            \
    } while (0)
static int plain_sums(const cat_plan *p, plain_rows *g, size_t row, size_t count) {
    int odd = 0;
    cat_targets(p, row, count, g->y);
    for (size_t i = 0; i < count; i++) odd |= g->y[i] < 0;
    if (odd) return 0;
    cat_pass_direct(p, NLL_K_row_lse,
                    (nll_job){.in = {NULL, g->y}, .out = {g->N, g->S, g->lost, g->top}}, row,
                    count);
    if (p->type == NLL_TYPE_F32)
        LOGITS_AND_SUMS(float);
    else
        LOGITS_AND_SUMS(double);
    return !odd;
}

/* At the target, without p - 1. */
static void plain_targets(const cat_plan *p, const plain_rows *g, size_t row, size_t count) {
    const nll_out *out = &p->a->grad;
    ptrdiff_t at = (ptrdiff_t)row * out->row_stride;
    for (size_t i = 0; i < count; i++, at += out->row_stride) {
        double d = (0.0 - g->others[i]) * p->grad_scale;
        nll_set_element(p->type, out->data, (size_t)(at + g->y[i]), d == d ? d : (double)NAN);
    }
}

int cat_plain_group(const cat_plan *p, size_t row, size_t count, double *loss) {
    plain_rows rows, *g = &rows;
    int graded = nll_out_given(&p->a->grad);
    if (!plain_sums(p, g, row, count)) return 0;
    nll_job job = {.rows = 1, .cols = count, .in = {g->N, g->S, g->x_y}, .out = {loss}};
    if (graded) {
        double *const rest[] = {g->others, g->mantissa, g->power, g->p_y};
        for (int k = 0; k < 4; k++) job.out[k + 1] = rest[k];
    }
    p->isa->fn[NLL_TYPE_F64][NLL_K_row_finish](&job);
    if (graded) {
        for (size_t i = 0; i < count; i++)
            cat_coefficients(p->type, p->grad_scale, 1, g->mantissa[i], g->power[i], g->coef[i]);
        cat_softmax_grad(p, (nll_job){.in = {NULL, NULL, NULL, g->coef}}, row, count);
        plain_targets(p, g, row, count);
    }
    if (nll_out_given(&p->a->nll))
        nll_put(&p->a->nll, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count, loss);
    return 1;
}
