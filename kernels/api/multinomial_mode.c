/* multinomial_mode.c: the most likely counts of a row: n counts over classes of probability p_c.
 *
 * Counts k are most likely if and only if p_c / (k_c + 1) <= p_d / k_d for all c and d: the n
 * counts are the n largest of all quotients p_c / 1, p_c / 2, ... (the rule by which d'Hondt deals
 * out seats); of equal ones the lowest class is first.  So k_c = floor(t p_c) for a t that gives n
 * in all.  It is found by bisection, where floor and sum are exact; if none does, because quotients
 * are equal or closer than doubles are, those beyond the last t are taken one value after the other
 * and compared as the exact products that they are.  Nothing is stored but the row's chunks. */
#include "multinomial.h"

#include "fetch.h"

#include <math.h>

typedef struct mode_row {
    const mul_plan *p;
    const nll_isa *isa;
    size_t row, cols;
    double n, peak; /* logits: the largest */
    int scale;      /* probs: 2^scale brings the largest to about 2^500 */
    double in[NLL_ROW_CHUNK], out[NLL_ROW_CHUNK];
} mode_row;

/* A quotient p / j; j = 0: none. */
typedef struct quotient {
    double p, j;
} quotient;

static size_t chunk_at(const mode_row *m, size_t col) {
    return m->cols - col < NLL_ROW_CHUNK ? m->cols - col : NLL_ROW_CHUNK;
}

static const double *fetched(mode_row *m, const nll_view *v, size_t col, size_t n) {
    return nll_fetch(v, NLL_TYPE_F64, m->isa, m->row, col, NLL_ALONG_COLS, n, m->in);
}

/* The probabilities of a chunk times one factor, so large that no product here underflows. */
static const double *shares(mode_row *m, size_t col, size_t n) {
    const div_side *side = &m->p->div.side[1];
    const double *x = fetched(m, side->x, col, n);
    if (side->form == DIV_PROBS) {
        for (size_t i = 0; i < n; i++) m->out[i] = ldexp(x[i], m->scale);
        return m->out;
    }
    for (size_t i = 0; i < n; i++) m->out[i] = x[i] == -INFINITY ? x[i] : x[i] - m->peak;
    nll_elementwise(m->isa, NLL_K_exp, m->out, m->out, n);
    for (size_t i = 0; i < n; i++) m->out[i] *= 0x1p500;
    return m->out;
}

/* n and what scales the shares; 0 if the row has no mode. */
static int prepare(mode_row *m) {
    const div_side *side = &m->p->div.side[1];
    int probs = side->form == DIV_PROBS, valid = 1;
    double peak = probs ? 0 : -INFINITY, total = 0;
    for (size_t col = 0, n; col < m->cols; col += n) {
        n = chunk_at(m, col);
        const double *k = fetched(m, m->p->div.side[0].x, col, n);
        for (size_t i = 0; i < n; i++) {
            valid &= k[i] >= 0 && k[i] <= 0x1p53 && rint(k[i]) == k[i];
            total += k[i];
        }
        valid &= total <= 0x1p53;
        const double *x = fetched(m, side->x, col, n);
        for (size_t i = 0; i < n; i++) {
            valid &= probs ? x[i] >= 0 && x[i] <= 1 : x[i] < INFINITY;
            if (x[i] > peak) peak = x[i];
        }
    }
    m->n = total;
    m->peak = peak;
    frexp(peak, &m->scale);
    m->scale = 500 - m->scale;
    return valid && (probs ? peak > 0 : peak > -INFINITY);
}

/* floor(t p), exact. */
static double whole(double t, double p) {
    double x = t * p, k = (double)(int64_t)x;
    return x == k && fma(t, p, -k) < 0 ? k - 1 : k;
}

/* Sum of the shares (t = 0), or of floor(t p), which is exact. */
static double add_up(mode_row *m, double t) {
    double sum = 0;
    for (size_t col = 0, n; col < m->cols; col += n) {
        double part = 0;
        n = chunk_at(m, col);
        const double *p = shares(m, col, n);
        for (size_t i = 0; i < n; i++) part += t > 0 ? whole(t, p[i]) : p[i];
        sum += part;
    }
    return sum;
}

/* Order of a.p / a.j and b.p / b.j: the products are rounded, what they lost is exact. */
static int order(quotient a, quotient b) {
    double x = a.p * b.j, y = b.p * a.j;
    if (x == y) {
        x = fma(a.p, b.j, -x);
        y = fma(b.p, a.j, -y);
    }
    return (x > y) - (x < y);
}

/* Quotients of p that are above `than`, of which the first floor(t p) are. */
static double above(double t, double p, quotient than) {
    double k = whole(t, p);
    while (than.j > 0 && order((quotient){p, k + 1}, than) > 0) k++;
    return k;
}

/* The largest quotient not taken yet: those of floor(t p) are, and all down to `last`. */
static quotient largest(mode_row *m, double t, quotient last, double *equal) {
    quotient best = {0, 1};
    *equal = 0;
    for (size_t col = 0, n; col < m->cols; col += n) {
        n = chunk_at(m, col);
        const double *p = shares(m, col, n);
        for (size_t i = 0; i < n; i++) {
            quotient q = {p[i], above(t, p[i], last) + 1};
            if (last.j > 0 && order(q, last) == 0) q.j++;
            int o = order(q, best);
            if (o > 0) best = q;
            *equal = o > 0 ? 1 : o == 0 ? *equal + 1 : *equal;
        }
    }
    return best;
}

/* The largest t whose counts do not exceed n, and how many they lack. */
static double bisect(mode_row *m, double *missing) {
    double sum = add_up(m, 0), classes = (double)m->cols;
    double low = m->n / sum * (1 - 0x1p-30), high = (m->n + classes) / sum * (1 + 0x1p-30);
    *missing = m->n - add_up(m, low);
    while (*missing > 0) {
        double t = low + (high - low) / 2, left;
        if (t <= low || t >= high) break;
        left = m->n - add_up(m, t);
        if (left < 0) {
            high = t;
        } else {
            low = t;
            *missing = left;
        }
    }
    return low;
}

/* t is NaN in a row without a mode, 0 in one without counts. */
static void write_row(mode_row *m, double t, quotient last, double more) {
    for (size_t col = 0, n; col < m->cols; col += n) {
        n = chunk_at(m, col);
        const double *p = shares(m, col, n);
        for (size_t i = 0; i < n; i++) {
            double k = t;
            if (t > 0) {
                k = above(t, p[i], last);
                int tied = more > 0 && order((quotient){p[i], k + 1}, last) == 0;
                k += tied;
                more -= tied;
            }
            m->out[i] = k;
        }
        nll_put(m->p->mode, NLL_TYPE_F64, m->isa, m->row, col, NLL_ALONG_COLS, n, m->out);
    }
}

void mul_mode(const mul_plan *p, const nll_isa *isa, size_t row) {
    mode_row m = {.p = p, .isa = isa, .row = row, .cols = p->div.cols};
    double missing = 0, equal = 0, t = NAN;
    quotient last = {0, 0};
    if (prepare(&m)) t = m.n > 0 ? bisect(&m, &missing) : 0;
    while (missing > 0) {
        missing -= equal;
        last = largest(&m, t, last, &equal);
        if (missing <= equal) break;
    }
    write_row(&m, t, last, missing);
}
