/* lse_state.c: log-sum-exp of classes that arrive in pieces: the state of a row. */
#include "lse_state.h"

#include "args.h"
#include "check.h"
#include "fetch.h"
#include "float_env.h"
#include "reduce.h"
#include "number.h"

#include <math.h>
#include <string.h>

/* ---- the integer */

static int64_t floor32(int64_t x) { return (x >= 0 ? x : x - 31) / 32; }

/* Room for a digit at `top` (in units of 32): the lowest ones go. */
static void raise_to(nll_lse_state *s, int64_t top) {
    int64_t by = top - (s->scale / 32 + LSE_DIGITS - 1);
    if (by <= 0) return;
    for (int i = 0; i < LSE_DIGITS; i++) s->digit[i] = i + by < LSE_DIGITS ? s->digit[i + by] : 0;
    s->scale = (top - (LSE_DIGITS - 1)) * 32;
}

static int empty(const nll_lse_state *s) {
    uint64_t any = 0;
    for (int i = 0; i < LSE_DIGITS; i++) any |= s->digit[i];
    return any == 0;
}

void lse_add(nll_lse_state *s, double sum, int64_t N) {
    int e;
    uint64_t m = (uint64_t)(frexp(sum, &e) * 0x1p53);
    int64_t q = N + e - 53, low = floor32(q), top = floor32(q + 52);
    unsigned shift = (unsigned)(q - 32 * low);
    uint64_t high = m >> (32 - shift);
    const uint64_t digit[3] = {m << shift & 0xffffffff, high & 0xffffffff, high >> 32};
    if (empty(s)) s->scale = (top - (LSE_DIGITS - 1)) * 32;
    raise_to(s, top);
    for (int i = 0; i < 3; i++) {
        int64_t at = low + i - s->scale / 32;
        if (at >= 0 && at < LSE_DIGITS) s->digit[at] += digit[i];
    }
}

void lse_merge(nll_lse_state *into, const nll_lse_state *from) {
    nll_lse_state b = *from;
    if (empty(into)) into->scale = b.scale;
    if (!empty(&b)) {
        raise_to(into, b.scale / 32 + LSE_DIGITS - 1);
        raise_to(&b, into->scale / 32 + LSE_DIGITS - 1);
        for (int i = 0; i < LSE_DIGITS; i++) into->digit[i] += b.digit[i];
    }
    into->maximum = b.maximum > into->maximum ? b.maximum : into->maximum;
    into->target_logit = b.target_logit > into->target_logit ? b.target_logit : into->target_logit;
    into->targets += b.targets;
    into->undefined |= b.undefined;
}

/* The sum as S 2^N, 1 <= S <= 2 rounded once to nearest even; 0 for 0. */
static double value(const nll_lse_state *s, int64_t *N) {
    enum { ALL = LSE_DIGITS + 2 };
    uint32_t d[ALL];
    uint64_t carry = 0;
    for (int i = 0; i < ALL; i++) {
        carry += i < LSE_DIGITS ? s->digit[i] : 0;
        d[i] = (uint32_t)carry;
        carry >>= 32;
    }
    int h = ALL - 1;
    while (h >= 0 && d[h] == 0) h--;
    *N = 0;
    if (h < 0) return 0;
    int shift = __builtin_clz(d[h]);
    uint32_t next = h > 0 ? d[h - 1] : 0, last = h > 1 ? d[h - 2] : 0;
    uint64_t u = ((uint64_t)d[h] << 32 | next) << shift | (uint64_t)last >> (32 - shift);
    int rest = shift == 0 ? last != 0 : (last << shift) != 0;
    for (int i = 0; i < h - 2; i++) rest |= d[i] != 0;
    *N = s->scale + 32 * (int64_t)h + 31 - shift;
    return (double)(u | (uint64_t)rest) * 0x1p-63; /* the lowest of 64 bits stands for the rest */
}

double lse_split(double a, int64_t *n) {
    const double ln2 = 0x1.62e42fefa39efp-1, rest = 0x1.abc9e3b39803fp-56;
    double k = rint(a * 0x1.71547652b82fep+0);
    *n = (int64_t)k;
    return fma(-k, rest, fma(-k, ln2, a)); /* the first product is 2^41 times 53 bits: fma */
}

void lse_rows_of(const nll_isa *isa, const nll_lse_state *state, size_t rows, lse_rows *r) {
    const nll_fn *fn = isa->fn[NLL_TYPE_F64];
    double t[LSE_ROWS], factor[LSE_ROWS], logs[LSE_ROWS];
    for (size_t i = 0; i < rows; i++) {
        const nll_lse_state *s = &state[i];
        int far = fabs(s->maximum) > NLL_NEAR && fabs(s->maximum) <= LSE_MOST;
        int64_t N, n = 0;
        r->S[i] = value(s, &N);
        t[i] = 0;
        r->anchor[i] = far ? s->maximum : 0;
        if (far) t[i] = -lse_split(s->maximum, &n);
        r->N[i] = r->S[i] == 0 ? 0 : (double)(N - n);
        r->x[i] = s->target_logit - r->anchor[i];
        /* nothing to compare with: beyond the range, or not a number */
        if (s->undefined || (fabs(s->maximum) > LSE_MOST && s->maximum > -INFINITY))
            r->S[i] = r->x[i] = NAN;
    }
    fn[NLL_K_exp](&(nll_job){.rows = 1, .cols = rows, .in = {t}, .out = {factor}});
    for (size_t i = 0; i < rows; i++)
        if (t[i] != 0) r->S[i] *= factor[i];
    fn[NLL_K_row_finish](&(nll_job){.rows = 1,
                                    .cols = rows,
                                    .in = {r->N, r->S, r->x},
                                    .out = {r->nll, r->others, r->mantissa, r->power, r->p}});
    fn[NLL_K_log](&(nll_job){.rows = 1, .cols = rows, .in = {r->mantissa}, .out = {logs}});
    for (size_t i = 0; i < rows; i++) {
        double lse = (r->power[i] * LN2_HI + (logs[i] + r->power[i] * LN2_LO)) + r->anchor[i];
        if (state[i].maximum == -INFINITY && !state[i].undefined) lse = -INFINITY;
        r->lse[i] = lse == lse ? lse : (double)NAN;
    }
}

/* ---- labels */

void lse_targets(const lse_shard *p, size_t row, size_t count, int64_t *y) {
    if (!nll_view_given(&p->a->target)) {
        for (size_t i = 0; i < count; i++) y[i] = -1;
        return;
    }
    nll_get_indices(&p->a->target, row, count, y);
    for (size_t i = 0; i < count && p->a->has_ignore_index; i++)
        if (y[i] == p->a->ignore_index) y[i] = -1;
}

int64_t lse_bad_label(const lse_shard *p, uint64_t *ignored) {
    int64_t y[LSE_ROWS];
    for (size_t i = 0; i < p->rows && nll_view_given(&p->a->target); i += LSE_ROWS) {
        size_t n = p->rows - i < LSE_ROWS ? p->rows - i : LSE_ROWS;
        size_t fit = nll_get_indices(&p->a->target, i, n, y);
        for (size_t k = 0; k < n; k++) {
            if (k == fit) return (int64_t)(i + k);
            if (p->a->has_ignore_index && y[k] == p->a->ignore_index)
                ++*ignored;
            else if (y[k] < 0 || (uint64_t)y[k] >= p->classes)
                return (int64_t)(i + k);
        }
    }
    return -1;
}

/* ---- update */

typedef struct update_plan {
    lse_shard shard;
    nll_lse_state *state;
    size_t block; /* classes of a block: ROW_BLOCK of row/block.h */
} update_plan;

typedef struct update_rows {
    int64_t y[LSE_ROWS], hole[LSE_ROWS];
    double N[LSE_ROWS], S[LSE_ROWS], lost[LSE_ROWS], top[LSE_ROWS], anchor[LSE_ROWS];
    double tile[LSE_ROWS * 256]; /* the rows of a block of either type */
} update_rows;

/* Is the row left out of the call? */
static int skipped(const lse_shard *p, int64_t y) { return y < 0 && nll_view_given(&p->a->target); }

/* The sums of one block of one row, relative to `top` where that is far off. */
static void add_block(const update_plan *u, nll_lse_state *s, nll_job job, double N, double S,
                      double top) {
    const lse_shard *p = &u->shard;
    double lost, again, factor = 1;
    int64_t n = 0;
    float anchor_f = (float)top;
    if (fabs(top) > NLL_NEAR && fabs(top) < INFINITY) { /* S is not to be relied on */
        job.rows = 1;
        job.in[2] = p->type == NLL_TYPE_F32 ? (const void *)&anchor_f : &top;
        job.out[0] = &N;
        job.out[1] = &S;
        job.out[2] = &lost;
        job.out[3] = &again; /* room for either type */
        p->isa->fn[p->type][NLL_K_row_lse](&job);
    }
    if (top > s->maximum) s->maximum = top;
    if (S != S || top > LSE_MOST) s->undefined = 1; /* top +inf gives S NaN */
    if (S != S || top == -INFINITY || fabs(top) > LSE_MOST) return;
    if (fabs(top) > NLL_NEAR) {
        double t = lse_split(top, &n);
        nll_elementwise(p->isa, NLL_K_exp, &t, &factor, 1);
    }
    lse_add(s, S * factor, (int64_t)N + n);
}

/* The block's rows from the i-th on. */
static nll_job rows_from(const update_plan *u, update_rows *r, const void *x, ptrdiff_t ld,
                         size_t cols, size_t i) {
    size_t size = nll_type_size(u->shard.type);
    return (nll_job){.cols = cols,
                     .in = {(const char *)x + (ptrdiff_t)i * ld * (ptrdiff_t)size, r->hole + i},
                     .ld = {ld},
                     .out = {r->N + i, r->S + i, r->lost + i, (char *)r->top + i * size}};
}

static void update_block(const update_plan *u, size_t row, size_t count, size_t c, size_t n,
                         update_rows *r) {
    const lse_shard *p = &u->shard;
    const nll_view *x = &p->a->logits;
    size_t size = nll_type_size(p->type), first = p->a->first_class + c;
    int direct = nll_in_place(x, p->type, NLL_ALONG_COLS);
    const void *from = r->tile;
    ptrdiff_t ld = (ptrdiff_t)n;
    if (direct) {
        from = nll_fetch(x, p->type, p->isa, row, c, NLL_ALONG_COLS, n, NULL);
        ld = x->row_stride;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t at = r->y[i] - (int64_t)first;
        r->hole[i] = r->y[i] >= (int64_t)first && at < (int64_t)n ? at : -1;
        if (!direct && !skipped(p, r->y[i]))
            nll_fetch(x, p->type, p->isa, row + i, c, NLL_ALONG_COLS, n,
                      (char *)r->tile + i * n * size);
    }
    for (size_t i = 0, run; i < count; i += run + 1) { /* rows left out are not read */
        for (run = 0; i + run < count && !skipped(p, r->y[i + run]);) run++;
        nll_job job = rows_from(u, r, from, ld, n, i);
        job.rows = run;
        if (run > 0) p->isa->fn[p->type][NLL_K_row_lse](&job);
        for (size_t k = i; k < i + run; k++)
            add_block(u, &u->state[row + k], rows_from(u, r, from, ld, n, k), r->N[k], r->S[k],
                      nll_element(p->type, r->top, k));
    }
}

/* The target's own logit, for rows that have it in this shard. */
static void update_targets(const update_plan *u, size_t row, size_t count, const update_rows *r) {
    const lse_shard *p = &u->shard;
    for (size_t i = 0; i < count; i++) {
        size_t first = p->a->first_class, y = r->y[i] < 0 ? SIZE_MAX : (size_t)r->y[i];
        if (y < first || y - first >= p->cols) continue;
        nll_lse_state *s = &u->state[row + i];
        double x = nll_get(&p->a->logits, row + i, y - first);
        s->targets++;
        if (!(x <= LSE_MOST)) s->undefined = 1; /* NaN, +inf too */
        if (x > s->target_logit) s->target_logit = x;
        if (x > s->maximum) s->maximum = x;
    }
}

static void update_groups(void *arg, size_t begin, size_t end) {
    const update_plan *u = arg;
    const lse_shard *p = &u->shard;
    update_rows r;
    for (size_t g = begin; g < end; g++) {
        size_t row = g * LSE_ROWS, count = p->rows - row < LSE_ROWS ? p->rows - row : LSE_ROWS;
        lse_targets(p, row, count, r.y);
        for (size_t c = 0, n; c < p->cols; c += n) {
            n = p->cols - c < u->block ? p->cols - c : u->block;
            update_block(u, row, count, c, n, &r);
        }
        update_targets(u, row, count, &r);
    }
}

static nll_status update(const nll_categorical_shard_args *a, nll_lse_state *state) {
    nll_checker c = {0};
    uint64_t ignored = 0;
    size_t end;
    lse_shard p = {.a = a,
                   .isa = nll_isa_current(),
                   .type = a->logits.dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32,
                   .rows = a->logits.rows,
                   .cols = a->logits.cols};
    nll_check_in(&c, &a->logits, p.rows, p.cols, NLL_FLOATS, 1, 0);
    nll_check_in(&c, &a->target, p.rows, 1, NLL_INTEGERS, 0, 0);
    nll_check_that(&c, state || p.rows == 0, NLL_E_NULL);
    nll_check_that(&c, !__builtin_add_overflow(a->first_class, p.cols, &end), NLL_E_OVERFLOW);
    p.classes = a->classes > 0 ? a->classes : end;
    nll_check_that(&c, end <= p.classes, NLL_E_VALUE);
    nll_check_that(&c, p.classes <= INT64_MAX, NLL_E_OVERFLOW);
    nll_check_that(&c, !a->common.executor || a->common.executor->parallel_for, NLL_E_NULL);
    if (c.status != NLL_OK) return c.status;
    if (lse_bad_label(&p, &ignored) >= 0) return NLL_E_LABEL;
    if (p.rows == 0) return NLL_OK;
    update_plan u = {.shard = p, .state = state, .block = p.type == NLL_TYPE_F32 ? 512 : 256};
    nll_run(a->common.executor, (p.rows - 1) / LSE_ROWS + 1, update_groups, &u);
    return NLL_OK;
}

/* ---- calls */

nll_status nll_lse_init(size_t rows, nll_lse_state *state) {
    if (!state && rows > 0) return NLL_E_NULL;
    for (size_t i = 0; i < rows; i++)
        state[i] = (nll_lse_state){.maximum = -INFINITY, .target_logit = -INFINITY};
    return NLL_OK;
}

nll_status nll_lse_update(const nll_categorical_shard_args *args, nll_lse_state *state) {
    nll_categorical_shard_args a;
    if (!nll_args_copy(&a, args, sizeof a)) return NLL_E_NULL;
    uint64_t env = nll_float_enter();
    nll_status status = update(&a, state);
    nll_float_leave(env);
    return status;
}

nll_status nll_lse_merge(size_t rows, nll_lse_state *into, const nll_lse_state *from) {
    if ((!into || !from) && rows > 0) return NLL_E_NULL;
    for (size_t i = 0; i < rows; i++) lse_merge(&into[i], &from[i]);
    return NLL_OK;
}

nll_status nll_lse_finish(size_t rows, const nll_lse_state *state, nll_out lse) {
    nll_checker c = {0};
    nll_check_that(&c, nll_out_given(&lse) && (state || rows == 0), NLL_E_NULL);
    nll_check_out(&c, &lse, rows, 1, NLL_ROW_FLOATS, 0);
    nll_check_overlaps(&c);
    if (c.status != NLL_OK) return c.status;
    uint64_t env = nll_float_enter();
    const nll_isa *isa = nll_isa_current();
    lse_rows r;
    for (size_t i = 0; i < rows; i += LSE_ROWS) {
        size_t n = rows - i < LSE_ROWS ? rows - i : LSE_ROWS;
        lse_rows_of(isa, state + i, n, &r);
        nll_put(&lse, NLL_TYPE_F64, isa, i, 0, NLL_ALONG_ROWS, n, r.lse);
    }
    nll_float_leave(env);
    return NLL_OK;
}
