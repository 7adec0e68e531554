/* categorical_tile.c: groups of rows whose classes lie apart, or in half precision that no kernel
 * takes as it is (categorical_plain.c), by way of tiles (tile.h).
 *
 * A group is copied into contiguous rows of the compute type, goes through cat_group as any other
 * that lies so, its gradients in place, and these go back: every pass but the copy is in cache. */
#include "categorical.h"
#include "fetch.h"
#include "tile.h"

#include <stdlib.h>

/* What a task works with: the plan of the call, but for its arrays, which are tiles. */
struct cat_tile {
    cat_plan plan, raw, logs;
    nll_categorical_args a;
    char *x, *q; /* q NULL: the dense targets are where they were */
    ptrdiff_t ld;
};

static int dense_view(const cat_plan *p) {
    return p->soft && !p->sparse && nll_view_given(&p->a->target_probs);
}
static int tiles_q(const cat_plan *p) {
    const nll_view *q = &p->a->target_probs;
    return dense_view(p) && nll_turned(q->row_stride, q->col_stride);
}

static int turned(const cat_plan *p) {
    const nll_out *grad = &p->a->grad;
    return p->cols > 1 && p->x->dtype != NLL_NUMBER &&
           (nll_turned(p->x->row_stride, p->x->col_stride) || tiles_q(p) ||
            (nll_out_given(grad) && nll_turned(grad->row_stride, grad->col_stride)));
}
/* Rows in half precision: converted a group at a time, not chunk by chunk, unless a row is so long
 * that chunks, which stay in the L1 cache, do better; a gradient takes a second pass. */
static int half_rows(const cat_plan *p) {
    size_t most = p->graded ? NLL_ROW_CACHE / sizeof(float) : 8 * NLL_ROW_CHUNK;
    return nll_is_half(p->x->dtype) && p->type == NLL_TYPE_F32 && p->x->col_stride == 1 &&
           p->cols <= most;
}

int cat_tiled(const cat_plan *p) { return turned(p) || (half_rows(p) && !cat_is_plain(p)); }

/* Where columns are turned, a line of the cache of each at least; divides NLL_BLOCK. */
size_t cat_tile_rows(const cat_plan *p) {
    if (!turned(p)) return p->group;
    size_t line = NLL_LINE / nll_dtype_size(p->x->dtype);
    return p->group > line ? p->group : line;
}

/* A view of a tile that the rows from `row` on are in. */
static void lay(nll_view *v, const cat_plan *p, char *tile, ptrdiff_t ld, size_t row) {
    ptrdiff_t before = (ptrdiff_t)row * ld * (ptrdiff_t)nll_type_size(p->type);
    v->data = (const void *)((uintptr_t)tile - (uintptr_t)before);
    v->dtype = p->type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64;
    v->row_stride = ld;
    v->col_stride = 1;
}
static void lay_out(nll_out *o, const nll_view *v) {
    o->data = (void *)(uintptr_t)v->data;
    o->dtype = v->dtype;
    o->row_stride = v->row_stride;
    o->col_stride = 1;
}

/* `count` rows of an array from `row` on. */
static nll_view view_at(const cat_plan *p, const nll_view *v, size_t row, size_t count) {
    nll_view rows = *v;
    rows.data = nll_view_row(v, row);
    rows.rows = count;
    rows.cols = p->cols;
    return rows;
}
static nll_out out_at(const cat_plan *p, const nll_out *o, size_t row, size_t count) {
    nll_out rows = *o;
    rows.data = nll_out_row(o, row);
    rows.rows = count;
    rows.cols = p->cols;
    return rows;
}

/* Rows of the logits into the tile; of those that are only converted, none that is ignored. */
static void get_rows(const cat_plan *p, const nll_view *from, cat_tile *t, size_t row,
                     size_t count) {
    const ptrdiff_t step = t->ld * (ptrdiff_t)nll_type_size(p->type);
    int64_t y[NLL_ROW_GROUP];
    if (p->soft || turned(p)) {
        nll_tile_get(from, p->type, p->isa, t->x, t->ld);
        return;
    }
    cat_targets(p, row, count, y);
    for (size_t i = 0, run; i < count; i += run) {
        nll_view rows = view_at(p, p->x, row + i, 0);
        for (run = 0; i + run < count && y[i + run] >= 0;) run++;
        rows.rows = run;
        if (run > 0) nll_tile_get(&rows, p->type, p->isa, t->x + (ptrdiff_t)i * step, t->ld);
        while (i + run < count && y[i + run] < 0) run++;
    }
}

void cat_tile_group(cat_plan *p, cat_tile *t, size_t row, size_t count, double *loss) {
    if (!t) {
        cat_group(p, row, count, loss);
        return;
    }
    nll_view *x = p->form == CAT_LOGITS      ? &t->a.logits
                  : p->form == CAT_LOG_PROBS ? &t->a.log_probs
                                             : &t->a.probs;
    t->plan.x = t->raw.x = t->logs.x = x;
    nll_view from = view_at(p, p->x, row, count), next = view_at(p, p->x, row + count, 0);
    get_rows(p, &from, t, row, count);
    lay(x, p, t->x, t->ld, row);
    enum { ASK_COLS = 256 }; /* halves: the kernels ask by 64 columns, for short rows too much */
    int asked = from.dtype == x->dtype || (!turned(p) && p->cols >= ASK_COLS);
    t->plan.next = asked && row + count < p->rows ? &next : NULL;
    nll_out grad, soft;
    t->plan.result = NULL;
    int graded = nll_out_given(&p->a->grad) && !p->grad_direct;
    int stream = graded && p->a->grad.data != p->x->data &&
                 nll_tile_streams(p->rows * p->cols * nll_dtype_size(p->a->grad.dtype));
    if (graded) {
        grad = out_at(p, &p->a->grad, row, count);
        lay_out(&t->a.grad, x);
        if (asked && grad.dtype == from.dtype && !stream) t->plan.result = &grad;
    }
    if (t->q) {
        nll_view q = view_at(p, &p->a->target_probs, row, count);
        nll_tile_get(&q, p->type, p->isa, t->q, t->ld);
        lay(&t->a.target_probs, p, t->q, t->ld, row);
        if (nll_out_given(&p->a->grad_target_probs))
            lay_out(&t->a.grad_target_probs, &t->a.target_probs);
    }
    cat_group(&t->plan, row, count, loss);
    if (graded) nll_tile_put(&grad, p->type, p->isa, t->x, t->ld, stream);
    if (t->q && nll_out_given(&p->a->grad_target_probs)) {
        soft = out_at(p, &p->a->grad_target_probs, row, count);
        nll_tile_put(&soft, p->type, p->isa, t->q, t->ld, 0);
    }
}

static void prepare(const cat_plan *p, cat_tile *t, char *memory, size_t bytes) {
    t->plan = *p->tiles;
    t->raw = *p->raw;
    t->logs = *p->logs;
    t->a = *p->a;
    t->plan.a = t->raw.a = t->logs.a = &t->a;
    t->plan.raw = &t->raw;
    t->plan.scored = p->scored == p->logs ? &t->logs : &t->plan;
    t->x = memory;
    t->q = tiles_q(p) ? memory + bytes : NULL;
    t->plan.in_tile = 1;
    t->plan.x_direct = !p->transformed;
    t->raw.x_direct = 1;
    t->plan.grad_direct = nll_out_given(&p->a->grad);
    t->plan.plain = cat_is_plain(&t->plan);
    if (t->q) t->plan.q_direct = !nll_view_given(&p->a->class_weight) && p->a->label_smoothing == 0;
}

/* Tiles of the usual size lie on the stack; those of very many classes are allocated. Where there
 * is no memory for them all goes as well without, slowly. */
void cat_tile_run(cat_plan *p, size_t begin, size_t end,
                  void (*run)(cat_plan *, cat_tile *, size_t, size_t)) {
    _Alignas(NLL_LINE) char stack[CAT_TILE];
    /* rows that are only converted lie side by side, as they often do where they come from */
    cat_tile t = {.ld = (ptrdiff_t)(turned(p) ? nll_tile_ld(p->cols, p->type) : p->cols)};
    size_t bytes, total;
    if (__builtin_mul_overflow((size_t)t.ld * nll_type_size(p->type), p->group, &bytes) ||
        __builtin_mul_overflow(bytes, 1 + (size_t)tiles_q(p), &total))
        total = 0;
    void *heap = total > sizeof stack ? aligned_alloc(NLL_LINE, total) : NULL;
    char *memory = total > sizeof stack ? heap : stack;
    if (total > 0 && memory) prepare(p, &t, memory, bytes);
    run(p, total > 0 && memory ? &t : NULL, begin, end);
    free(heap);
}
