/* categorical_target.c: which class a row is about: labels, ignored ones, sequences with a shift.
 *
 * Rows [offsets[i], offsets[i + 1]) are sequence i; of its first lengths[i] rows, the tokens, row r
 * is about the label of row r + shift, as long as that is a token too.  No offsets: one sequence.
 */
#include "categorical.h"
#include "fetch.h"

#include <string.h>

static int64_t integer(const nll_view *v, size_t i) {
    int64_t x = 0;
    nll_get_indices(v, i, 1, &x);
    return x;
}

/* The last sequence that begins at or before `row`, or -1. */
static ptrdiff_t sequence_of(const nll_view *offsets, size_t row) {
    size_t lo = 0, hi = offsets->rows; /* the first offset above row lies in [lo, hi] */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if ((uint64_t)integer(offsets, mid) <= row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return (ptrdiff_t)lo - 1;
}

/* Rows from `row` on up to *next are alike: scored, or not. */
static int run_of(const cat_plan *p, size_t row, size_t *next) {
    const nll_categorical_args *a = p->a;
    size_t begin = 0, end = p->rows, length, shift = a->shift != 0;
    ptrdiff_t s = 0;
    if (nll_view_given(&a->offsets)) {
        s = sequence_of(&a->offsets, row);
        if (s < 0 || (size_t)s + 1 == a->offsets.rows) {
            *next = s < 0 ? (size_t)integer(&a->offsets, 0) : p->rows;
            return 0;
        }
        begin = (size_t)integer(&a->offsets, (size_t)s);
        end = (size_t)integer(&a->offsets, (size_t)s + 1);
    }
    length = nll_view_given(&a->lengths) ? (size_t)integer(&a->lengths, (size_t)s) : end - begin;
    size_t last = begin + (length > shift ? length - shift : 0);
    *next = row < last ? last : end;
    return row < last;
}

size_t cat_labels(const cat_plan *p, size_t row, size_t count, int64_t *y, unsigned char *scored) {
    const nll_categorical_args *a = p->a;
    size_t shift = a->shift != 0;
    if (!p->sequences) {
        if (scored) memset(scored, 1, count);
        return nll_get_indices(&a->target, row, count, y);
    }
    for (size_t i = 0, next; i < count; i = next - row) {
        int counts = run_of(p, row + i, &next);
        if (next > row + count) next = row + count;
        size_t n = next - row - i, fit = n;
        if (counts) fit = nll_get_indices(&a->target, row + i + shift, n, y + i);
        for (size_t k = 0; k < n && !counts; k++) y[i + k] = -1;
        if (scored) memset(scored + i, counts, n);
        if (fit < n) return i + fit;
    }
    return count;
}

void cat_targets(const cat_plan *p, size_t row, size_t count, int64_t *y) {
    if (p->soft) {
        for (size_t i = 0; i < count; i++) y[i] = -1;
        return;
    }
    cat_labels(p, row, count, y, NULL);
    if (p->a->has_ignore_index)
        for (size_t i = 0; i < count; i++) y[i] = y[i] == p->a->ignore_index ? -1 : y[i];
}

/* Is none of them outside [0, classes)? */
static int all_classes(const int64_t *y, size_t n, size_t classes) {
    uint64_t outside = 0; /* in the top bit: a comparison less for 64-bit integers */
    for (size_t k = 0; k < n; k++) outside |= (uint64_t)y[k] | (classes - 1 - (uint64_t)y[k]);
    return !(outside >> 63);
}

nll_status cat_check_labels(const cat_plan *p, nll_result *r) {
    const nll_categorical_args *a = p->a;
    int64_t y[NLL_BLOCK];
    unsigned char scored[NLL_BLOCK];
    for (size_t i = 0, n; i < p->rows && !p->soft; i += n) {
        n = p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK;
        if (!p->sequences && !a->has_ignore_index && cat_labels(p, i, n, y, NULL) == n &&
            all_classes(y, n, p->cols))
            continue;
        size_t fit = cat_labels(p, i, n, y, scored);
        for (size_t k = 0; k < fit; k++) {
            if (!scored[k] || (a->has_ignore_index && y[k] == a->ignore_index))
                r->ignored++;
            else if (y[k] < 0 || (uint64_t)y[k] >= p->cols)
                fit = k; /* ends the loop; reported below */
        }
        if (fit < n) {
            r->bad_row = (int64_t)(i + fit);
            return NLL_E_LABEL;
        }
    }
    r->count = r->rows - r->ignored;
    return NLL_OK;
}

nll_status cat_check_sequences(const cat_plan *p) {
    const nll_categorical_args *a = p->a;
    int split = nll_view_given(&a->offsets);
    if (split && !nll_offsets_rise(&a->offsets, p->rows)) return NLL_E_SHAPE;
    size_t sequences = split ? a->offsets.rows - 1 : 1;
    for (size_t s = 0; s < sequences && nll_view_given(&a->lengths); s++) {
        size_t rows = p->rows;
        if (split) rows = (size_t)(integer(&a->offsets, s + 1) - integer(&a->offsets, s));
        int64_t length;
        if (nll_get_indices(&a->lengths, s, 1, &length) < 1 || length < 0 ||
            (uint64_t)length > rows)
            return NLL_E_SHAPE;
    }
    return NLL_OK;
}
