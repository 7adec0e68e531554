/* categorical_short.c: plain calls over few classes: a block of rows in one kernel call, with the
 * bits of cat_group, which takes the rows that the kernel leaves. */
#include "categorical.h"
#include "fetch.h"
#include "reduce.h"

int cat_is_short(const cat_plan *p) {
    return p->plain && p->type == NLL_TYPE_F32 && p->cols >= 2 && p->cols <= NLL_LOSS_COLS &&
           p->group == NLL_ROW_GROUP && !p->tiles;
}

/* The rows that the kernel has left to others: a NaN for a loss. */
static void rest(cat_plan *p, size_t row, size_t count, double *loss) {
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 0; i + n < count && n < NLL_ROW_GROUP && loss[i + n] != loss[i + n];) n++;
        if (n > 0)
            cat_group(p, row + i, n, loss + i);
        else
            n = 1;
    }
}

/* The targets, those of the caller where they are as the kernel takes them; NULL: not every row has
 * one. */
static const int64_t *targets(const cat_plan *p, size_t row, size_t count, int64_t *scratch) {
    const nll_view *v = &p->a->target;
    int all = !p->sequences && !p->a->has_ignore_index;
    if (all && v->dtype == NLL_I64 && v->row_stride == 1) return (const int64_t *)v->data + row;
    cat_targets(p, row, count, scratch);
    int64_t any = 0;
    for (size_t i = 0; i < count && !all; i++) any |= scratch[i];
    return any < 0 ? NULL : scratch;
}

int cat_short_block(cat_plan *p, size_t row, size_t count, double *loss) {
    const nll_out *out = &p->a->grad;
    int64_t scratch[NLL_BLOCK];
    uint64_t nonfinite = 0;
    const int64_t *y = targets(p, row, count, scratch);
    if (!y) return 0;
    nll_job job = {.rows = count, .cols = p->cols, .in = {NULL, y}, .out = {NULL, loss}};
    job.in[0] = (const float *)p->x->data + (ptrdiff_t)row * p->x->row_stride;
    job.ld[0] = p->x->row_stride;
    if (nll_out_given(out)) {
        job.out[0] = (float *)out->data + (ptrdiff_t)row * out->row_stride;
        job.out_ld[0] = out->row_stride;
        job.par[0] = p->grad_scale;
    }
    p->isa->fn[NLL_TYPE_F32][NLL_K_row_loss](&job);
    nll_block_total(p->isa, NLL_TYPE_F64, loss, NULL, count, &nonfinite);
    if (nonfinite > 0) rest(p, row, count, loss);
    if (nll_out_given(&p->a->nll))
        nll_put(&p->a->nll, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count, loss);
    return 1;
}
