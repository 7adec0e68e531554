/* checks_more.c: what a number may not depend on: neighbours, the division of the work, the NaN. */
#include "checks.h"

#include "batch_fill.h"
#include "gen.h"

#include <math.h>
#include <string.h>

static const struct batch_place middle = {GUARD_HIGH, 0, 0, 0};

/* ---- lanes: special numbers next to others (numerics.md 1.1: the special path taken by all) */

static void special_number(const struct batch_slot *s, enum nll_type type, unsigned i, void *to) {
    static const double f[] = {0.0,       -0.0,     INFINITY, -INFINITY, NAN,  0x1p-149,
                               -0x1p-130, 0x1p-126, 3.4e38,   -3.4e38,   89.0, -104.0,
                               1.0,       -745.2,   710.0,    0x1p-1074, -1.0, 0.5};
    static const uint16_t h[] = {0,      0x8000, 0x7c00, 0xfc00, 0x7e01, 0xffff,
                                 1,      0x8001, 0x03ff, 0x0400, 0x7bff, 0x7f80,
                                 0xff80, 0x7f81, 0x7f7f, 0x007f, 0x0080, 0x3c00};
    if (s->size == 2) {
        memcpy(to, &h[i], 2);
    } else if (type == NLL_TYPE_F32) {
        float x = (float)f[i];
        memcpy(to, &x, sizeof x);
    } else {
        memcpy(to, &f[i], sizeof f[i]);
    }
}
enum { SPECIALS = 18 };

const char *check_lanes(unsigned kernel, enum nll_type type, nll_fn fn) {
    enum { COLS = 2 * 16 + 7 };
    const nll_desc *d = &nll_descs[kernel];
    const char *bad = NULL;
    if (d->family != UNARY && d->family != BINARY && d->family != MAP && d->family != CONVERT)
        return NULL;
    uint64_t state = gen_state(2000 + kernel * NLL_TYPES + type);
    for (size_t round = 0; round < gen_count(8) && !bad; round++) {
        struct batch b;
        struct batch_case what = {kernel, type, 1, COLS, gen_bits(&state), BATCH_PLAIN};
        batch_make(&b, &what);
        bad = batch_expect(&b, fn);
        for (unsigned k = 0; k < NLL_SLOTS; k++)
            for (size_t i = 0; b.slot[k].image && i < COLS; i++)
                for (unsigned special = 0; special < SPECIALS && !bad; special++) {
                    unsigned char *p = batch_at(&b.slot[k], b.slot[k].image, 0, i), keep[8];
                    memcpy(keep, p, b.slot[k].size);
                    special_number(&b.slot[k], type, special, p);
                    bad = batch_check_except(&b, fn, &middle, i);
                    memcpy(p, keep, b.slot[k].size);
                }
        batch_free(&b);
    }
    return bad;
}

/* ---- split: the function under test called several times instead of once */

static struct {
    nll_fn fn;
    const nll_desc *d;
    enum nll_type type;
    size_t at; /* columns of the first call */
} split;

static size_t number_size(unsigned kind) {
    return kind == X_F16 || kind == X_BF16 ? 2 : split.type == NLL_TYPE_F32 ? 4 : 8;
}
static int is_column_wise(unsigned kind) {
    return (kind && kind < R_HOLE) || kind == X_OUT || kind == X_EXTRA || kind == X_KEPT;
}

/* Columns from .. from + n of a job. */
static nll_job columns(const nll_job *j, size_t from, size_t n) {
    nll_job part = *j;
    part.cols = n;
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        int turned = split.d->family == TRANSPOSE; /* the input */
        ptrdiff_t in = (ptrdiff_t)from * (turned ? j->ld[k] : 1);
        ptrdiff_t out = (ptrdiff_t)from;
        if (j->in[k] && is_column_wise(split.d->in[k]) && !(j->constant >> k & 1))
            part.in[k] = (const char *)j->in[k] + in * (ptrdiff_t)number_size(split.d->in[k]);
        if (j->out[k] && is_column_wise(split.d->out[k]))
            part.out[k] = (char *)j->out[k] + out * (ptrdiff_t)number_size(split.d->out[k]);
    }
    return part;
}

static void call_by_columns(const nll_job *j) {
    size_t at = split.at < j->cols ? split.at : j->cols;
    nll_job a = columns(j, 0, at), b = columns(j, at, j->cols - at);
    split.fn(&a);
    split.fn(&b);
}

static void call_by_rows(const nll_job *j) {
    for (size_t r = 0; r < j->rows; r++) {
        nll_job one = *j;
        one.rows = 1;
        for (unsigned k = 0; k < NLL_SLOTS; k++) {
            unsigned in = split.d->in[k], out = split.d->out[k];
            int below = split.d->family != TRANSPOSE; /* one row below the other */
            size_t size =
                in < R_HOLE ? number_size(in) : fill_size(in, split.type) * fill_width(in);
            ptrdiff_t step = is_column_wise(in) && below ? j->ld[k] : in == R_CAP ? 0 : 1;
            if (j->in[k])
                one.in[k] = (const char *)j->in[k] + (ptrdiff_t)r * step * (ptrdiff_t)size;
            size = is_column_wise(out) ? number_size(out)
                                       : fill_size(out, split.type) * fill_width(out);
            step = is_column_wise(out) ? j->out_ld[k] : 1;
            if (j->out[k]) one.out[k] = (char *)j->out[k] + (ptrdiff_t)r * step * (ptrdiff_t)size;
        }
        split.fn(&one);
    }
}

/* Sums and maxima, row by row: the first `at` columns, then the rest with carry. */
static void call_by_blocks(const nll_job *j) {
    enum { ROWS = 300 };
    int64_t holes[NLL_SLOTS][ROWS];
    if (split.at >= j->cols) {
        split.fn(j);
        return;
    }
    nll_job a = columns(j, 0, split.at), b = columns(j, split.at, j->cols - split.at);
    split.fn(&a);
    b.carry = 1;
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        if (k == 1 && batch_counts_columns(split.d))
            b.ld[k] = (ptrdiff_t)split.at + (j->carry ? j->ld[k] : 0);
        if (split.d->in[k] != R_HOLE || !j->in[k]) continue;
        for (size_t r = 0; r < j->rows; r++) { /* holes count from the first column of a call */
            int64_t at = ((const int64_t *)j->in[k])[r];
            holes[k][r] = at < (int64_t)split.at ? -1 : at - (int64_t)split.at;
        }
        b.in[k] = holes[k];
    }
    split.fn(&b);
}

/* Constants written out: one number per element. */
static void call_without_constants(const nll_job *j) {
    enum { MOST = 5000 };
    static double room[NLL_SLOTS][MOST];
    nll_job arrays = *j;
    arrays.constant = 0;
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        size_t size = number_size(split.d->in[k]);
        if (!(j->constant >> k & 1) || j->cols > MOST) continue;
        for (size_t i = 0; i < j->cols; i++) memcpy((char *)room[k] + i * size, j->in[k], size);
        arrays.in[k] = room[k];
    }
    split.fn(&arrays);
}

static const char *split_once(const struct batch_case *what, uint64_t bits) {
    struct batch b;
    batch_make(&b, what);
    const char *bad = batch_expect(&b, split.fn);
    split.at = what->cols ? (size_t)bits % what->cols : 0;
    if (!bad && b.job.constant) bad = batch_check(&b, call_without_constants, &middle);
    if (!bad && batch_is_elementwise(b.desc)) bad = batch_check(&b, call_by_columns, &middle);
    if (!bad && batch_has_rows(b.desc)) bad = batch_check(&b, call_by_rows, &middle);
    split.at = (1 + (bits >> 32) % 8) * NLL_BLOCK;
    if (!bad && batch_can_carry(b.desc)) bad = batch_check(&b, call_by_blocks, &middle);
    batch_free(&b);
    return bad;
}

const char *check_split(unsigned kernel, enum nll_type type, nll_fn fn) {
    const nll_desc *d = &nll_descs[kernel];
    const char *bad = NULL;
    uint64_t state = gen_state(3000 + kernel * NLL_TYPES + type);
    split.fn = fn;
    split.d = d;
    split.type = type;
    for (size_t round = 0; round < gen_count(160) && !bad; round++) {
        uint64_t bits = gen_bits(&state);
        size_t cols = round % 4 ? bits % 80 : 500 + bits % 4000;
        if (cols > batch_max_cols(d)) cols = batch_max_cols(d);
        struct batch_case what = {kernel, type, 1 + (bits >> 32) % 6, cols, gen_bits(&state), 0};
        bad = split_once(&what, gen_bits(&state));
    }
    return bad;
}

/* ---- NaN */

static void scramble_nan(unsigned char *p, unsigned kind, size_t size, uint64_t bits) {
    uint64_t x = 0, sign = 1ull << (8 * size - 1), infinity;
    memcpy(&x, p, size);
    infinity = kind == X_F16    ? 0x7c00
               : kind == X_BF16 ? 0x7f80
               : size == 4      ? 0x7f800000
                                : 0x7ff0000000000000;
    if ((x & ~sign) <= infinity) return;
    uint64_t payload = bits & (sign - 1) & ~infinity; /* quiet or signalling, any payload but 0 */
    if (bits >> 62 == 0) payload = 1;
    x = (bits & sign) | infinity | (payload ? payload : 1);
    memcpy(p, &x, size);
}

const char *check_nan(unsigned kernel, enum nll_type type, nll_fn fn) {
    if (nll_descs[kernel].family == TRANSPOSE) return NULL; /* it moves bits: nothing is made */
    const nll_desc *d = &nll_descs[kernel];
    const char *bad = NULL;
    uint64_t state = gen_state(4000 + kernel * NLL_TYPES + type);
    for (size_t round = 0; round < gen_count(240) && !bad; round++) {
        struct batch b;
        size_t max = batch_max_cols(d), cols = gen_below(round % 8 ? 100 : 1100, &state);
        struct batch_case what = {kernel, type, 4, cols < max ? cols : max, gen_bits(&state), 0};
        batch_make(&b, &what);
        bad = batch_expect(&b, fn);
        for (unsigned k = 0; k < NLL_SLOTS; k++) {
            struct batch_slot *s = &b.slot[k];
            if (!s->image || !is_column_wise(s->kind)) continue;
            for (size_t r = 0; r < s->rows; r++)
                for (size_t c = 0; c < s->cols; c++)
                    scramble_nan(batch_at(s, s->image, r, c), s->kind, s->size, gen_bits(&state));
        }
        if (!bad) bad = batch_check(&b, fn, &middle);
        batch_free(&b);
    }
    return bad;
}
