/* fit_survey.c: one look at all data: support, weights, range; and order statistics. */
#include "fit.h"
#include "number.h"
#include "reduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct look_plan {
    const fit_problem *p;
    fit_survey *of; /* by task of NLL_SUPER blocks */
} look_plan;

typedef struct look_buffers {
    double y[NLL_BLOCK], w[NLL_BLOCK], in[NLL_PLACES][NLL_BLOCK];
} look_buffers;

/* The free scale of pareto bounds nothing yet. */
static nll_domain target_domain(const fit_problem *p) {
    nll_domain domain = p->row->info.target_domain;
    return domain == NLL_FROM_SCALE && !fit_is_fixed(p, 1) ? NLL_POSITIVE : domain;
}

static int row_is_bad(const fit_problem *p, double y, const double in[]) {
    for (unsigned k = 0; k < p->places; k++)
        if (fit_is_fixed(p, k) && !nll_within(p->form[k]->domain, in[k], in)) return 1;
    return !nll_within(target_domain(p), y, in) || !(fabs(y) < INFINITY);
}

static void look_block(const fit_problem *p, size_t i, size_t n, look_buffers *b, fit_survey *s) {
    const double *in[NLL_PLACES] = {NULL}, *y = fit_numbers(p, p->target, i, n, b->y);
    const double *w = p->weight ? fit_numbers(p, p->weight, i, n, b->w) : NULL;
    double sum = 0, zeros = 0, tops = 0;
    int of_trials = p->row->info.target_domain == NLL_COUNT_TO_TOTAL;
    for (unsigned k = 0; k < p->places; k++)
        if (fit_is_fixed(p, k)) in[k] = fit_numbers(p, &p->fixed[k], i, n, b->in[k]);
    for (size_t r = 0; r < n; r++) {
        double x[NLL_PLACES] = {0}, weight = w ? w[r] : 1;
        if (weight == 0) continue;
        for (unsigned k = 0; k < p->places; k++)
            if (in[k]) x[k] = in[k][r];
        if (!(weight > 0 && weight < INFINITY) || row_is_bad(p, y[r], x)) {
            if (s->bad_row < 0) s->bad_row = (int64_t)(i + r);
            continue;
        }
        s->count++;
        sum += weight;
        if (!of_trials || x[0] > 0) {
            int zero = y[r] == 0, top = of_trials && y[r] == x[0];
            zeros += zero ? weight : 0;
            tops += top ? weight : 0;
            s->filled++;
            s->zero_rows += (uint64_t)zero;
            s->top_rows += (uint64_t)top;
        }
        s->least = y[r] < s->least ? y[r] : s->least;
        s->most = y[r] > s->most ? y[r] : s->most;
        if (of_trials && x[0] > s->trials) s->trials = x[0];
    }
    s->weight_sum = sum;
    s->zeros = zeros;
    s->tops = tops;
}

static const fit_survey nothing = {.bad_row = -1, .least = INFINITY, .most = -INFINITY};

static void merge(fit_survey *a, const fit_survey *b) {
    if (a->bad_row < 0) a->bad_row = b->bad_row;
    a->count += b->count;
    a->weight_sum += b->weight_sum;
    a->zeros += b->zeros;
    a->tops += b->tops;
    a->filled += b->filled;
    a->zero_rows += b->zero_rows;
    a->top_rows += b->top_rows;
    a->least = b->least < a->least ? b->least : a->least;
    a->most = b->most > a->most ? b->most : a->most;
    a->trials = b->trials > a->trials ? b->trials : a->trials;
}

/* Blocks, and tasks, are merged in the order of the rows. */
static void look_supers(void *arg, size_t begin, size_t end) {
    look_plan *plan = arg;
    const fit_problem *p = plan->p;
    look_buffers b;
    for (size_t s = begin; s < end; s++) {
        fit_survey all = nothing;
        size_t i = s * NLL_SUPER * NLL_BLOCK;
        for (size_t k = 0; k < NLL_SUPER && i < p->rows; k++, i += NLL_BLOCK) {
            fit_survey one = nothing;
            look_block(p, i, p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK, &b, &one);
            merge(&all, &one);
        }
        plan->of[s] = all;
    }
}

void fit_look(fit_problem *p) {
    size_t supers = p->rows / ((size_t)NLL_SUPER * NLL_BLOCK) + 1;
    look_plan plan = {.p = p, .of = malloc(supers * sizeof *plan.of)};
    p->seen = nothing;
    if (!plan.of) {
        p->status = NLL_E_MEMORY;
        return;
    }
    nll_run(p->executor, supers, look_supers, &plan);
    for (size_t s = 0; s < supers; s++) merge(&p->seen, &plan.of[s]);
    free(plan.of);
}

/* ---- order statistics */

typedef struct weighted {
    double y, w;
} weighted;

static int by_value(const void *a, const void *b) {
    double x = ((const weighted *)a)->y, y = ((const weighted *)b)->y;
    return (x > y) - (x < y);
}

void fit_quantiles(fit_problem *p, unsigned n, const double q[], double y[]) {
    enum { MOST = 1 << 16 };
    size_t skip = (p->rows + MOST - 1) / MOST, count = 0;
    weighted *sample = malloc(MOST * sizeof *sample);
    double sum = 0, so_far = 0;
    if (!sample) {
        p->status = NLL_E_MEMORY;
        return;
    }
    for (size_t i = 0; i < p->rows; i += skip) {
        weighted one = {nll_get(p->target, i, 0), p->weight ? nll_get(p->weight, i, 0) : 1};
        if (one.w > 0) sample[count++] = one;
    }
    for (unsigned k = 0; k < n; k++) y[k] = p->seen.least;
    if (count) qsort(sample, count, sizeof *sample, by_value);
    for (size_t i = 0; i < count; i++) sum += sample[i].w;
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < n; k++)
            if (so_far <= q[k] * sum) y[k] = sample[i].y;
        so_far += sample[i].w;
    }
    free(sample);
}

/* The median by its bits, most significant first: in each pass the weights of the values that agree
 * in the bits known so far are added up by their next bits.  The rows are always cut into as many
 * parts, so that sums of weights do not depend on threads. */
enum { DIGIT = 11, BINS = 1 << DIGIT, PARTS = 64, KEY_BITS = 64 };

typedef struct select_plan {
    const fit_problem *p;
    uint64_t prefix;
    unsigned shift;        /* of the digit sought; bits above it are known */
    unsigned width;        /* bits of the digit */
    double (*bin)[BINS];   /* by part */
    uint64_t above[PARTS]; /* the least key beyond `prefix`, in the last pass */
} select_plan;

/* Rises with x; -0 as 0. */
static uint64_t key_of(double x) {
    uint64_t u;
    x += 0.0;
    memcpy(&u, &x, sizeof u);
    return u >> 63 ? ~u : u | (uint64_t)1 << 63;
}
static double value_of(uint64_t key) {
    uint64_t u = key >> 63 ? key ^ (uint64_t)1 << 63 : ~key;
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static void select_parts(void *arg, size_t begin, size_t end) {
    select_plan *s = arg;
    const fit_problem *p = s->p;
    look_buffers b;
    for (size_t part = begin; part < end; part++) {
        size_t blocks = p->rows / NLL_BLOCK + 1;
        size_t first = blocks / PARTS * part + blocks % PARTS * part / PARTS;
        size_t last = blocks / PARTS * (part + 1) + blocks % PARTS * (part + 1) / PARTS;
        memset(s->bin[part], 0, sizeof s->bin[part]);
        s->above[part] = UINT64_MAX;
        for (size_t i = first * NLL_BLOCK; i < last * NLL_BLOCK && i < p->rows; i += NLL_BLOCK) {
            size_t n = p->rows - i < NLL_BLOCK ? p->rows - i : NLL_BLOCK;
            const double *y = fit_numbers(p, p->target, i, n, b.y);
            const double *w = p->weight ? fit_numbers(p, p->weight, i, n, b.w) : NULL;
            for (size_t r = 0; r < n; r++) {
                uint64_t key = key_of(y[r]), high = s->shift + s->width;
                if (w && w[r] == 0) continue;
                if (s->width == 0) {
                    if (key > s->prefix && key < s->above[part]) s->above[part] = key;
                } else if (high == KEY_BITS || key >> high == s->prefix >> high) {
                    s->bin[part][key >> s->shift & (BINS - 1) & ((1u << s->width) - 1)] +=
                        w ? w[r] : 1;
                }
            }
        }
    }
}

double fit_median(fit_problem *p) {
    select_plan s = {.p = p, .bin = malloc(PARTS * sizeof *s.bin)};
    double below = 0, half = p->seen.weight_sum / 2;
    int exactly = 0;
    if (!s.bin) {
        p->status = NLL_E_MEMORY;
        return (double)NAN;
    }
    for (unsigned known = 0; known < KEY_BITS; known += s.width) {
        s.width = KEY_BITS - known < DIGIT ? KEY_BITS - known : DIGIT;
        s.shift = KEY_BITS - known - s.width;
        nll_run(p->executor, PARTS, select_parts, &s);
        size_t last = 0;
        double total = 0;
        for (size_t k = 0; k < (size_t)1 << s.width; k++) {
            double here = 0;
            for (size_t part = 0; part < PARTS; part++) here += s.bin[part][k];
            if (here == 0) continue;
            last = k;
            total = here;
            if (below + here >= half) break;
            below += here;
        }
        s.prefix |= (uint64_t)last << s.shift;
        exactly = below + total == half;
    }
    double median = value_of(s.prefix);
    if (exactly) { /* every point up to the next value is one: halfway */
        s.width = 0;
        nll_run(p->executor, PARTS, select_parts, &s);
        uint64_t above = UINT64_MAX;
        for (size_t part = 0; part < PARTS; part++)
            above = s.above[part] < above ? s.above[part] : above;
        if (above < UINT64_MAX) median = median / 2 + value_of(above) / 2;
    }
    free(s.bin);
    return median;
}
