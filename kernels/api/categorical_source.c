/* categorical_source.c: the rows of a categorical call as contiguous numbers, and kernel passes. */
#include "categorical.h"
#include "categorical_sparse.h"
#include "fetch.h"
#include "tile.h"

#include <math.h>

const void *cat_logits(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                       void *dz) {
    const void *x = nll_fetch(p->x, p->type, p->isa, row, col, NLL_ALONG_COLS, n, s->x);
    if (p->logged) {
        p->isa->fn[p->type][NLL_K_log](&(nll_job){.rows = 1, .cols = n, .in = {x}, .out = {s->z}});
        return s->z;
    }
    if (!p->transformed) return x;
    p->isa->fn[p->type][NLL_K_row_softcap](
        &(nll_job){.rows = 1, .cols = n, .in = {x, NULL, NULL, p->cap}, .out = {s->z, dz}});
    return s->z;
}

double cat_logit(const cat_plan *p, cat_scratch *s, size_t row, int64_t col) {
    if (col < 0) return NAN;
    if (p->x_direct)
        return nll_element(p->type, p->x->data, (size_t)((ptrdiff_t)row * p->x->row_stride + col));
    return nll_element(p->type, cat_logits(p, s, row, (size_t)col, 1, NULL), 0);
}

const void *cat_dense(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n) {
    if (p->smoothed) return (const char *)p->uniform + col * nll_type_size(p->type);
    if (p->sparse) return cat_list_spread(p, s, row, col, n);
    const void *q =
        nll_fetch(&p->a->target_probs, p->type, p->isa, row, col, NLL_ALONG_COLS, n, s->q);
    if (p->q_direct) return q;
    double e = p->a->label_smoothing, even = e / (double)p->cols;
    for (size_t i = 0; i < n; i++) {
        double t = nll_element(p->type, q, i);
        double u = e > 0 && t >= 0 ? t * (1 - e) + even : t; /* t < 0 stays outside the support */
        nll_set_element(p->type, s->q, i, p->weight ? u * p->weight[col + i] : u);
    }
    return s->q;
}

static int takes_dense(enum nll_kernel kernel) { return nll_descs[kernel].in[1] == X_WEIGHT; }

static void chunked(const cat_plan *p, cat_scratch *s, enum nll_kernel kernel, nll_job job,
                    size_t row) {
    const int64_t *hole = nll_descs[kernel].in[1] == R_HOLE ? job.in[1] : NULL;
    int64_t shifted;
    job.rows = 1;
    for (size_t col = 0; col < p->cols; col += NLL_ROW_CHUNK) {
        job.cols = p->cols - col < NLL_ROW_CHUNK ? p->cols - col : NLL_ROW_CHUNK;
        job.in[0] = cat_logits(p, s, row, col, job.cols, NULL);
        if (takes_dense(kernel)) job.in[1] = cat_dense(p, s, row, col, job.cols);
        if (hole) {
            shifted = *hole >= (int64_t)col ? *hole - (int64_t)col : -1;
            job.in[1] = &shifted;
        }
        if (kernel == NLL_K_row_find) job.ld[1] = (ptrdiff_t)col; /* columns gone before */
        p->isa->fn[p->type][kernel](&job);
        job.carry = 1;
    }
}

void cat_pass_direct(const cat_plan *p, enum nll_kernel kernel, nll_job job, size_t row,
                     size_t count) {
    job.rows = count;
    job.cols = p->cols;
    job.in[0] = nll_view_row(p->x, row);
    job.ld[0] = p->x->row_stride;
    if (p->next && kernel == NLL_K_row_lse)
        nll_tile_ask(&job, job.in[0], p->next->data, nll_dtype_size(p->next->dtype),
                     p->next->row_stride, p->next->col_stride, 0, 0);
    p->isa->fn[p->type][kernel](&job);
}

void cat_pass(const cat_plan *p, cat_scratch *s, enum nll_kernel kernel, nll_job job, size_t row,
              size_t count) {
    if (p->x_direct && (!takes_dense(kernel) || p->smoothed || p->q_direct)) {
        if (takes_dense(kernel)) {
            job.in[1] = cat_dense(p, s, row, 0, p->cols);
            job.ld[1] = p->smoothed ? 0 : p->a->target_probs.row_stride;
        }
        cat_pass_direct(p, kernel, job, row, count);
        return;
    }
    for (size_t r = 0; r < count; r++)
        chunked(p, s, kernel, nll_row_job_at(kernel, job, p->type, r), row + r);
}

void cat_pass_counted(const cat_plan *p, cat_scratch *s, enum nll_kernel kernel, nll_job job,
                      size_t row, size_t count, const int64_t *y) {
    for (size_t i = 0; i < count;) {
        size_t run = 0;
        while (i + run < count && (p->soft || y[i + run] >= 0)) run++;
        if (run > 0) cat_pass(p, s, kernel, nll_row_job_at(kernel, job, p->type, i), row + i, run);
        i += run + 1;
    }
}
