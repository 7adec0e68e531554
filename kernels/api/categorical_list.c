/* categorical_list.c: reading, checking and spreading the lists of sparse targets. */
#include "categorical_sparse.h"
#include "fetch.h"

#include <math.h>

/* Row `row` of a matrix as a vector. */
static nll_view row_of(const nll_view *v, size_t row) {
    nll_view r = *v;
    r.data = nll_view_row(v, row);
    r.rows = v->cols;
    r.cols = 1;
    r.row_stride = v->col_stride;
    return r;
}

static size_t read_classes(const cat_plan *p, size_t row, size_t j, size_t n, int64_t *classes) {
    nll_view index = row_of(&p->a->target_index, row);
    return nll_get_indices(&index, j, n, classes);
}

size_t cat_listed(const cat_plan *p, size_t row, size_t j, cat_list *list) {
    const nll_categorical_args *a = p->a;
    size_t k = a->target_index.cols, n = k - j < CAT_LIST ? k - j : CAT_LIST;
    int logs = nll_view_given(&a->target_log_probs);
    nll_view q = row_of(logs ? &a->target_log_probs : &a->target_probs, row);
    if (n == 0) return 0;
    read_classes(p, row, j, n, list->index);
    const double *from = nll_fetch(&q, NLL_TYPE_F64, p->isa, j, 0, NLL_ALONG_ROWS, n, list->q);
    if (logs)
        nll_elementwise(p->isa, NLL_K_exp, from, list->q, n);
    else
        for (size_t i = 0; i < n; i++) list->q[i] = from[i];
    return n;
}

size_t cat_listed_in(const cat_plan *p, size_t row, size_t j, size_t col, size_t n, cat_list *list,
                     size_t *kept) {
    size_t read = cat_listed(p, row, j, list);
    *kept = 0;
    for (size_t i = 0; i < read; i++) {
        int64_t at = list->index[i] - (int64_t)col;
        if (at < 0 || at >= (int64_t)n) continue;
        list->index[*kept] = at;
        list->q[(*kept)++] = list->q[i];
    }
    return read;
}

static double mass_of(const cat_plan *p, size_t row) {
    cat_list list;
    double sum = 0;
    for (size_t j = 0, n; (n = cat_listed(p, row, j, &list)) > 0; j += n)
        for (size_t i = 0; i < n; i++) sum += list.q[i];
    return sum;
}

void cat_list_factors(const cat_plan *p, cat_scratch *s, size_t row, size_t count) {
    s->first = row;
    for (size_t i = 0; i < count; i++)
        s->factor[i] = p->a->tail == NLL_TAIL_RENORMALISE ? 1 / mass_of(p, row + i) : 1;
}

/* How far a sum of rounded probabilities may be from 1: 32 roundoffs of their type. */
static double tolerance(const cat_plan *p) {
    const nll_view *q =
        nll_view_given(&p->a->target_log_probs) ? &p->a->target_log_probs : &p->a->target_probs;
    switch ((int)q->dtype) {
    case NLL_F64: return 0x1p-48;
    case NLL_F16: return 0x1p-6;
    case NLL_BF16: return 0x1p-3;
    default: return 0x1p-19;
    }
}

nll_status cat_list_check(const cat_plan *p, int64_t *bad_row) {
    const nll_categorical_args *a = p->a;
    size_t k = a->target_index.cols;
    double slack = tolerance(p);
    for (size_t row = 0; row < p->rows; row++)
        for (size_t j = 0, n; j < k; j += n) {
            int64_t classes[CAT_LIST];
            n = k - j < CAT_LIST ? k - j : CAT_LIST;
            size_t fit = read_classes(p, row, j, n, classes);
            for (size_t i = 0; i < fit; i++)
                if (classes[i] < 0 || (uint64_t)classes[i] >= p->cols) fit = 0;
            *bad_row = (int64_t)row;
            if (fit < n) return NLL_E_LABEL;
        }
    for (size_t row = 0; row < p->rows && a->tail != NLL_TAIL_RENORMALISE; row++) {
        double over = mass_of(p, row) - 1;
        *bad_row = (int64_t)row;
        if (a->tail == NLL_TAIL_ERROR && !(fabs(over) <= slack)) return NLL_E_DOMAIN;
        if (over > slack) return NLL_E_DOMAIN;
    }
    *bad_row = -1;
    return NLL_OK;
}

int cat_list_bad(const cat_plan *p, size_t row) {
    cat_list list;
    double sum = 0;
    int bad = 0;
    for (size_t j = 0, n; (n = cat_listed(p, row, j, &list)) > 0; j += n)
        for (size_t i = 0; i < n; i++) {
            bad |= !(list.q[i] >= 0 && list.q[i] < INFINITY);
            sum += list.q[i];
        }
    return bad || (p->a->tail == NLL_TAIL_RENORMALISE && !(sum > 0));
}

const void *cat_list_spread(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n) {
    double e = p->a->label_smoothing, even = e / (double)p->cols,
           factor = s->factor[row - s->first];
    cat_list list;
    for (size_t i = 0; i < n; i++)
        nll_set_element(p->type, s->q, i, even * (p->weight ? p->weight[col + i] : 1));
    for (size_t j = 0, read, m; (read = cat_listed_in(p, row, j, col, n, &list, &m)) > 0; j += read)
        for (size_t i = 0; i < m; i++) {
            size_t at = (size_t)list.index[i];
            double q = list.q[i] * factor, v = p->weight ? p->weight[col + at] : 1;
            double u = nll_element(p->type, s->q, at);
            nll_set_element(p->type, s->q, at, q >= 0 ? u + q * (1 - e) * v : q);
        }
    return s->q;
}

/* q l with 0 * inf = 0, and +inf for q < 0: row_term of row/dot.h. */
static double term(double q, double l) {
    if (q < 0) return INFINITY;
    return q == 0 ? (l == l ? 0 : l) : q * l;
}

void cat_list_dot(const cat_plan *p, cat_scratch *s, size_t row, double reference, double *dot,
                  double *mass) {
    double factor = s->factor[row - s->first], sum = 0, total = 0;
    cat_list list;
    for (size_t j = 0, n; (n = cat_listed(p, row, j, &list)) > 0; j += n) {
        double z[CAT_LIST];
        for (size_t i = 0; i < n; i++) {
            z[i] = cat_logit(p, s, row, list.index[i]);
            if (p->form == CAT_PROBS && !(z[i] >= 0 && z[i] <= 1)) z[i] = (double)NAN;
        }
        if (p->form == CAT_PROBS) nll_elementwise(p->isa, NLL_K_log, z, z, n);
        for (size_t i = 0; i < n; i++) {
            double v = p->weight ? p->weight[list.index[i]] : 1, u = list.q[i] * factor * v;
            sum += term(u, reference - z[i]);
            total += u < 0 ? (double)NAN : u;
        }
    }
    *dot = sum == sum ? sum : (double)NAN;
    *mass = total == total ? total : (double)NAN;
}
