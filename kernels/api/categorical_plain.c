/* categorical_plain.c: the most common call in fewer steps: index targets without options, and
 * nothing wanted but losses and the gradient of the logits.  The kernels are those of cat_group,
 * and what lies between them is its arithmetic with A = 1 and all else 0, so the bits are too.
 *
 * Gradients of long rows are made of the exponentials that the sums were made of, which are kept,
 * some rows at a time: while the next rows are summed, those before become gradients and are
 * written, so that the memory is never idle (row/softmax_pass.h). */
#include "categorical.h"
#include "categorical_coef.h"
#include "fetch.h"
#include "half.h"
#include "tile.h"

#include <math.h>
#include <stdlib.h>

static int keeps(const cat_plan *p);

/* Logits in half precision, and gradients of the same kind, that the kernels take as they are. */
static int halves(const cat_plan *p) {
    enum { LEAST = 65 }; /* columns: below, the kernels take many rows at once */
    const nll_out *grad = &p->a->grad;
    int same = grad->dtype == p->x->dtype && grad->col_stride == 1;
    return nll_is_half(p->x->dtype) && p->type == NLL_TYPE_F32 && p->x->col_stride == 1 &&
           !p->transformed && p->cols >= LEAST && (!nll_out_given(grad) || (same && keeps(p)));
}

int cat_is_plain(const cat_plan *p) {
    const nll_categorical_args *a = p->a;
    const nll_view *up = &a->common.grad_output;
    int graded = nll_out_given(&a->grad);
    int outputs = p->scores || a->count_correct || nll_out_given(&a->lse) ||
                  nll_out_given(&a->mode) || nll_out_given(&a->p_target) ||
                  nll_out_given(&a->weight) || nll_out_given(&a->hess) || nll_out_given(&a->hvp) ||
                  nll_out_given(&a->grad_target_probs);
    int weights = nll_view_given(&a->class_weight) || nll_view_given(&a->common.sample_weight) ||
                  (nll_view_given(up) && up->dtype != NLL_NUMBER);
    if (p->form != CAT_LOGITS || p->dense || a->z_loss > 0 || outputs || (graded && weights))
        return 0;
    return (p->x_direct && (!graded || p->grad_direct)) || halves(p);
}

/* What cat_rows is to cat_group; `top`, `unit` and `at_y` are in the compute type. */
typedef struct plain_rows {
    size_t row, count;
    const int64_t *y;
    double N[NLL_ROW_GROUP], S[NLL_ROW_GROUP], lost[NLL_ROW_GROUP], top[NLL_ROW_GROUP],
        unit[NLL_ROW_GROUP], x_y[NLL_ROW_GROUP];
    double others[NLL_ROW_GROUP], mantissa[NLL_ROW_GROUP], power[NLL_ROW_GROUP], p_y[NLL_ROW_GROUP];
    double coef[NLL_ROW_GROUP][4], at_y[NLL_ROW_GROUP]; /* the gradient at the target */
    void *kept;                                         /* the exponentials; NULL: they are not */
} plain_rows;

/* The logits of the targets, and the sums; is a row far from 0 or empty?  In loops that a compiler
 * can vectorise. */
#define LOGITS_AND_SUMS(T, stored, of)                                  \
    do {                                                                \
        const stored *x = (const stored *)p->x->data;                   \
        const T *top = (const T *)(const void *)g->top;                 \
        T at[NLL_ROW_GROUP] = {0};                                      \
        ptrdiff_t from = (ptrdiff_t)g->row * p->x->row_stride;          \
        for (size_t i = 0; i < g->count; i++, from += p->x->row_stride) \
            at[i] = of(x[from + (ptrdiff_t)g->y[i]]);                   \
        for (size_t i = 0; i < g->count; i++) {                         \
            T peak = at[i] > top[i] ? at[i] : top[i];                   \
            odd |= !(peak <= (T)NLL_NEAR) | !(peak >= (T)-NLL_NEAR);    \
            odd |= top[i] == (T)-INFINITY;                              \
        }                                                               \
        for (size_t i = 0; i < g->count; i++) {                         \
            g->x_y[i] = at[i];                                          \
            g->S[i] += g->lost[i];                                      \
        }                                                               \
    } while (0)
#define AS_IS(x) (x)
static int plain_sums(const cat_plan *p, plain_rows *g) {
    int odd = 0;
    if (p->type == NLL_TYPE_F64)
        LOGITS_AND_SUMS(double, double, AS_IS);
    else if (p->x->dtype == NLL_F16)
        LOGITS_AND_SUMS(float, uint16_t, nll_of_f16);
    else if (p->x->dtype == NLL_BF16)
        LOGITS_AND_SUMS(float, uint16_t, nll_of_bf16);
    else
        LOGITS_AND_SUMS(float, float, AS_IS);
    return !odd;
}

/* The kernel for logits as they are stored. */
static enum nll_kernel stored_as(const cat_plan *p, enum nll_kernel plain, enum nll_kernel f16,
                                 enum nll_kernel bf16) {
    return p->x->dtype == NLL_F16 ? f16 : p->x->dtype == NLL_BF16 ? bf16 : plain;
}

/* Losses, and what gradients need. */
static void plain_finish(const cat_plan *p, plain_rows *g, int graded, double *loss) {
    nll_job job = {.rows = 1, .cols = g->count, .in = {g->N, g->S, g->x_y}, .out = {loss}};
    if (graded) {
        double *const rest[] = {g->others, g->mantissa, g->power, g->p_y};
        for (int k = 0; k < 4; k++) job.out[k + 1] = rest[k];
    }
    p->isa->fn[NLL_TYPE_F64][NLL_K_row_finish](&job);
    for (size_t i = 0; graded && i < g->count; i++) {
        double d = (0.0 - g->others[i]) * p->grad_scale; /* at the target, without p - 1 */
        cat_coefficients(p->type, p->grad_scale, 1, g->mantissa[i], g->power[i], g->coef[i]);
        nll_set_element(p->type, g->at_y, i, d == d ? d : (double)NAN);
    }
}

static void plain_gradients(const cat_plan *p, const plain_rows *g) {
    const nll_out *out = &p->a->grad;
    ptrdiff_t at = (ptrdiff_t)g->row * out->row_stride;
    cat_softmax_grad(p, (nll_job){.in = {NULL, NULL, NULL, g->coef}}, g->row, g->count);
    for (size_t i = 0; i < g->count; i++, at += out->row_stride)
        nll_set_element(p->type, out->data, (size_t)(at + g->y[i]),
                        nll_element(p->type, g->at_y, i));
}

/* All rows, pass by pass. */
static __attribute__((noinline)) int plain_passes(const cat_plan *p, size_t row, size_t count,
                                                  const int64_t *y, double *loss) {
    plain_rows rows = {.row = row, .count = count, .y = y}, *g = &rows;
    int graded = nll_out_given(&p->a->grad);
    cat_pass_direct(p, stored_as(p, NLL_K_row_lse, NLL_K_row_lse_f16, NLL_K_row_lse_bf16),
                    (nll_job){.in = {NULL, g->y}, .out = {g->N, g->S, g->lost, g->top}}, row,
                    count);
    if (!plain_sums(p, g)) return 0;
    plain_finish(p, g, graded, loss);
    if (graded) plain_gradients(p, g);
    return 1;
}

/* ---- kept exponentials */

enum {
    KEEP_BYTES = 96 << 10, /* of the rows that are kept together, unless one has more */
    KEEP_MOST = 1 << 20,   /* bytes of a row: beyond, they would not stay in the cache */
    KEEP_LEAST = 512,      /* bytes of a row, at least */
    KEEP_PIECES = 2 << 10  /* bytes of a row with gaps past the caches, at least */
};

/* From row to row. */
static size_t keep_ld(const cat_plan *p) { return (p->cols + 15) / 16 * 16; }

/* Past the caches, where the gradients fill them. */
static int fills(const cat_plan *p) {
    return p->a->grad.data != p->x->data &&
           nll_tile_streams(p->rows * p->cols * nll_dtype_size(p->a->grad.dtype));
}
/* Short rows with gaps between them that begin within lines lose by that; numbers that lie across
 * the ends of lines cannot. */
static int whole_lines(const cat_plan *p) {
    const nll_out *grad = &p->a->grad;
    const size_t size = nll_dtype_size(grad->dtype);
    if ((uintptr_t)grad->data % size != 0) return 0;
    return grad->row_stride == (ptrdiff_t)p->cols || p->cols * size >= KEEP_PIECES ||
           ((uintptr_t)grad->data | (uintptr_t)grad->row_stride * size) % NLL_LINE == 0;
}
static int keeps(const cat_plan *p) {
    const size_t row = p->cols * nll_type_size(p->type);
    if (!nll_out_given(&p->a->grad) || p->in_tile || row < KEEP_LEAST || row > KEEP_MOST) return 0;
    return nll_is_half(p->x->dtype) || whole_lines(p) || !fills(p);
}

/* The kernel: sums of `now`, gradients of `due`; either may be NULL. */
static void keep_pass(const cat_plan *p, plain_rows *now, const plain_rows *due) {
    nll_job job = {.cols = p->cols};
    if (due) {
        job.rows = due->count;
        job.in[2] = due->kept;
        job.ld[2] = (ptrdiff_t)keep_ld(p);
        job.in[3] = due->coef;
        job.in[4] = due->unit;
        job.in[5] = due->y;
        job.in[6] = due->at_y;
        job.out[6] = nll_out_row(&p->a->grad, due->row);
        job.out_ld[6] = p->a->grad.row_stride;
        job.par[0] = fills(p) && whole_lines(p);
    }
    if (now) {
        job.rows = now->count;
        job.in[0] = nll_view_row(p->x, now->row);
        job.ld[0] = p->x->row_stride;
        job.in[1] = now->y;
        void *const out[] = {now->N, now->S, now->lost, now->top, now->unit, now->kept};
        for (int k = 0; k < 6; k++) job.out[k] = out[k];
        job.out_ld[5] = (ptrdiff_t)keep_ld(p);
    }
    p->isa->fn[p->type][stored_as(p, NLL_K_row_softmax_pass, NLL_K_row_softmax_pass_f16,
                                  NLL_K_row_softmax_pass_bf16)](&job);
}

/* Do the kept exponentials give these rows' gradients? */
static int keep_fits(const cat_plan *p, const plain_rows *g) {
    const int f32 = p->type == NLL_TYPE_F32;
    const double least = f32 ? NLL_PASS_LEAST_F32 : NLL_PASS_LEAST_F64,
                 most = f32 ? NLL_PASS_MOST_F32 : NLL_PASS_MOST_F64;
    int fits = 1;
    for (size_t i = 0; i < g->count; i++) {
        double gap = nll_element(p->type, g->unit, i) - g->coef[i][1];
        fits &= (gap >= least) & (gap <= most) & (fabs(g->coef[i][0]) < INFINITY);
    }
    return fits;
}

/* How many rows are done: all before the first that are not plain. */
static __attribute__((noinline)) size_t plain_kept(const cat_plan *p, size_t row, size_t count,
                                                   const int64_t *y, double *loss, char *memory,
                                                   size_t together) {
    plain_rows batch[2], *due = NULL;
    size_t done = 0;
    for (unsigned turn = 0; done < count; turn = !turn) {
        plain_rows *now = &batch[turn];
        now->row = row + done;
        now->count = count - done < together ? count - done : together;
        now->kept = memory; /* those due are read before these are written */
        now->y = y + done;
        if (due && due->count != now->count) {
            keep_pass(p, NULL, due);
            due = NULL;
        }
        keep_pass(p, now, due);
        due = NULL;
        if (!plain_sums(p, now)) break;
        plain_finish(p, now, 1, loss + done);
        if (keep_fits(p, now))
            due = now;
        else if (nll_is_half(p->x->dtype))
            break;
        else
            plain_gradients(p, now);
        done += now->count;
    }
    if (due) keep_pass(p, NULL, due);
    return done;
}

/* Rows that need not stay in the cache are taken many together: the first and the last of them have
 * none beside them.  Groups stay single tasks, and enough of them; a power of two, as
 * nll_row_group. */
size_t cat_plain_rows(const cat_plan *p) {
    size_t group = p->group;
    while (keeps(p) && group < NLL_ROW_GROUP / 2 && group < p->rows / 64) group *= 2;
    return group;
}

static size_t keep_bytes(const cat_plan *p) { return keep_ld(p) * nll_type_size(p->type); }

void cat_plain_run(cat_plan *p, size_t begin, size_t end,
                   void (*run)(cat_plan *, cat_tile *, size_t, size_t)) {
    void *heap = NULL;
    cat_plan own;
    if (p->plain && keeps(p) && keep_bytes(p) > KEEP_BYTES)
        heap = aligned_alloc(NLL_LINE, keep_bytes(p));
    if (heap) {
        own = *p;
        own.kept = heap;
        p = &own;
    }
    run(p, NULL, begin, end);
    free(heap);
}

/* Apart, so that whoever does without it needs no stack for it. */
static __attribute__((noinline)) size_t plain_kept_here(const cat_plan *p, size_t row, size_t count,
                                                        const int64_t *y, double *loss) {
    _Alignas(NLL_LINE) char stack[KEEP_BYTES];
    size_t together = sizeof stack / keep_bytes(p);
    return plain_kept(p, row, count, y, loss, stack,
                      together > NLL_ROW_GROUP ? NLL_ROW_GROUP : together);
}

/* Rows that all count, with their targets; how many of them are done. */
static size_t plain_run(const cat_plan *p, size_t row, size_t count, const int64_t *y,
                        double *loss) {
    if (keeps(p) && keep_bytes(p) <= KEEP_BYTES) return plain_kept_here(p, row, count, y, loss);
    if (keeps(p) && p->kept) return plain_kept(p, row, count, y, loss, p->kept, 1);
    if (nll_is_half(p->x->dtype) && nll_out_given(&p->a->grad))
        return 0; /* no memory to keep them */
    return plain_passes(p, row, count, y, loss) ? count : 0;
}

size_t cat_plain_group(const cat_plan *p, size_t row, size_t count, double *loss) {
    const nll_out *grad = &p->a->grad;
    int64_t y[NLL_ROW_GROUP];
    size_t done = 0;
    if (nll_out_given(grad) && p->grad_scale == 0) return 0; /* it is 0 whatever a row has */
    cat_targets(p, row, count, y);
    for (size_t run; done < count; done += run) {
        for (run = 0; done + run < count && y[done + run] >= 0;) run++;
        if (run > 0) {
            size_t some = plain_run(p, row + done, run, y + done, loss + done);
            if (some < run) {
                done += some;
                break;
            }
        } else { /* ignored: unread */
            loss[done] = 0;
            nll_row_zero(grad, p->type, p->isa, row + done);
            run = 1;
        }
    }
    if (done > 0 && nll_out_given(&p->a->nll))
        nll_put(&p->a->nll, NLL_TYPE_F64, p->isa, row, 0, NLL_ALONG_ROWS, done, loss);
    return done;
}
