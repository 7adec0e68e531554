/* categorical_short.c: plain calls over few classes: a block of rows in one kernel call. */
#include "categorical.h"
#include "fetch.h"

#include <string.h>

enum { SHORT_CLASSES = 16 };

int cat_is_short(const cat_plan *p) {
    return p->plain && p->type == NLL_TYPE_F32 && p->cols >= 2 && p->cols <= SHORT_CLASSES &&
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

/* In integers: a comparison of doubles is no loop that the compiler can vectorise. */
static int any_nan(const double *x, size_t n) {
    uint64_t above = 0; /* the top bit: beyond infinity */
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        above |= (bits & INT64_MAX) + ((UINT64_C(1) << 52) - 1);
    }
    return (int)(above >> 63);
}

int cat_short_block(cat_plan *p, size_t row, size_t count, double *loss) {
    const nll_out *out = &p->a->grad;
    int64_t y[NLL_BLOCK], any = 0;
    cat_targets(p, row, count, y);
    if (p->sequences || p->a->has_ignore_index)
        for (size_t i = 0; i < count; i++) any |= y[i];
    if (any < 0) return 0;
    nll_job job = {.rows = count, .cols = p->cols, .in = {NULL, y}, .out = {NULL, loss}};
    job.in[0] = (const float *)p->x->data + (ptrdiff_t)row * p->x->row_stride;
    job.ld[0] = p->x->row_stride;
    if (nll_out_given(out)) {
        job.out[0] = (float *)out->data + (ptrdiff_t)row * out->row_stride;
        job.out_ld[0] = out->row_stride;
        job.par[0] = p->grad_scale;
    }
    p->isa->fn[NLL_TYPE_F32][NLL_K_row_loss](&job);
    if (any_nan(loss, count)) rest(p, row, count, loss);
    if (nll_out_given(&p->a->nll))
        nll_put(&p->a->nll, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, count, loss);
    return 1;
}
