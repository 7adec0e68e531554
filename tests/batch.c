/* batch.c: a job for any kernel, made from its descriptor, run between guard pages and compared. */
#include "batch.h"

#include "batch_fill.h"
#include "gen.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNWRITTEN = 0xa5 }; /* what outputs hold before a run */

static char message[640];
static const struct batch *running;
static struct batch_place running_place;

int batch_has_type(unsigned kernel, enum nll_type type) {
    return (int)(nll_descs[kernel].types >> type & 1);
}

static int per_element(unsigned kind) {
    return kind != 0 && (kind < R_HOLE || kind == X_OUT || kind == X_EXTRA || kind == X_KEPT);
}

/* f(x) over x, f(x, y) over x or y, gradients over what they are the gradient of. */
int batch_can_alias(const nll_desc *d) {
    return d->family == UNARY || d->family == BINARY || d->family == MAP ||
           ((d->in[3] == R_COEF || d->in[3] == R_SLOPES) && per_element(d->out[0]));
}
int batch_is_elementwise(const nll_desc *d) { return d->family != LOSS && per_element(d->out[0]); }
int batch_has_rows(const nll_desc *d) {
    return d->family == ROW || d->family == LOSS || d->family == TRANSPOSE;
}
int batch_can_carry(const nll_desc *d) { return batch_has_rows(d) && !per_element(d->out[0]); }
int batch_counts_columns(const nll_desc *d) { return d->in[1] == R_VALUE; }
size_t batch_max_cols(const nll_desc *d) { return d->family == TOTAL ? NLL_BLOCK : SIZE_MAX; }

const nll_isa *batch_scalar(void) {
    size_t i = 0;
    while (nll_isa_at(i + 1)) i++;
    return nll_isa_at(i);
}
nll_fn batch_oracle(unsigned kernel, enum nll_type type) {
    return batch_scalar()->fn[type][kernel];
}

unsigned char *batch_at(const struct batch_slot *s, unsigned char *image, size_t r, size_t c) {
    ptrdiff_t first = s->ld < 0 ? (ptrdiff_t)(s->rows - 1) * -s->ld : 0;
    return image + (first + (ptrdiff_t)r * s->ld + (ptrdiff_t)c) * (ptrdiff_t)s->size;
}

/* ---- making */

static void *allocate(size_t n) {
    void *p = malloc(n + 1);
    if (!p) {
        perror("batch: no memory");
        exit(EXIT_FAILURE);
    }
    return p;
}

/* Rows of `cols` numbers, `apart` further numbers between them, the last row perhaps lying first.
 */
static void lay_out(struct batch_slot *s, size_t rows, size_t cols, size_t apart, int backwards) {
    s->rows = rows;
    s->cols = cols;
    s->ld = (ptrdiff_t)(cols + apart);
    s->bytes = rows ? ((rows - 1) * (cols + apart) + cols) * s->size : 0;
    if (backwards && rows > 1) s->ld = -s->ld;
    s->image = allocate(s->bytes);
}

/* Is input k left out?  Only what kernel.h and the kernels allow. */
static int left_out(const struct batch *b, unsigned k, uint64_t bits) {
    if (b->what.flags & BATCH_PLAIN) return 0;
    switch (b->desc->in[k]) {
    case R_HOLE: return b->desc->family == ROW && bits % 3 == 0;
    case R_ANCHOR: return bits % 2 == 0;
    case X_WEIGHT: return b->what.kernel == NLL_K_row_softmax_grad && bits % 2 == 0;
    case X_SCALE: return b->what.kernel == NLL_K_row_inner && bits % 2 == 0;
    default: return 0;
    }
}

static void make_input(struct batch *b, unsigned k, size_t apart, uint64_t bits) {
    struct batch_slot *s = &b->slot[k];
    size_t rows = b->what.rows, cols = b->what.cols;
    unsigned kind = s->kind, family = b->desc->family;
    int plain = (b->what.flags & BATCH_PLAIN) != 0, aliased = b->alias_in == (int)k;
    if (left_out(b, k, bits)) return;
    if (batch_has_rows(b->desc) && per_element(kind)) {
        int below = family != TRANSPOSE; /* rows lie one below the other */
        size_t lines = below ? rows : cols, length = below ? cols : rows;
        int repeat = !plain && !aliased && lines > 1 && bits >> 8 & 1 && bits >> 9 & 1;
        lay_out(s, repeat ? 1 : lines, length, apart, bits >> 10 & 1 && !plain && !repeat);
        if (repeat) s->ld = 0;
        b->job.ld[k] = s->ld;
    } else if (per_element(kind)) {
        int may = family == MAP || (family == TOTAL && k == 1);
        int constant = may && !plain && !aliased && bits >> 8 & 1;
        lay_out(s, 1, constant ? 1 : cols, 0, 0);
        b->job.constant |= constant ? 1u << k : 0u;
    } else {
        lay_out(s, kind == R_CAP ? 1 : rows, fill_width(kind), 0, 0);
    }
}

static void make_output(struct batch *b, unsigned k, size_t apart, uint64_t bits) {
    struct batch_slot *s = &b->slot[NLL_SLOTS + k];
    int wanted = k == 0 || b->what.flags & BATCH_PLAIN || !per_element(s->kind) ||
                 b->desc->family == FINISH || b->alias_out == (int)k;
    size_t rows = batch_has_rows(b->desc) ? b->what.rows : 1;
    if (b->desc->in[3] == R_SLOPES && !(b->what.flags & BATCH_PLAIN)) /* either, but not both */
        wanted = b->alias_out == (int)k || (b->what.seed >> 40) % 3 != k;
    else if (wanted || !(bits & 1))
        wanted = 1;
    if (!wanted) return;
    if (per_element(s->kind)) {
        lay_out(s, rows, b->what.cols, apart, bits >> 1 & 1 && !(b->what.flags & BATCH_PLAIN));
        if (b->alias_out == (int)k) { /* lies as the input does */
            free(s->image);
            s->ld = b->slot[b->alias_in].ld;
            s->bytes = b->slot[b->alias_in].bytes;
            s->image = allocate(s->bytes);
        }
        b->job.out_ld[k] = s->ld;
    } else {
        lay_out(s, rows, fill_width(s->kind), 0, 0);
    }
    memset(s->image, UNWRITTEN, s->bytes);
    s->after = allocate(s->bytes);
    s->expect = allocate(s->bytes);
}

/* What an earlier call over some columns left: half of the same ones will do. */
static void make_carry(struct batch *b) {
    const struct batch_place place = {GUARD_LOW, 0, 0, 0};
    size_t cols = b->job.cols;
    b->job.cols = cols / 2;
    batch_run(b, batch_oracle(b->what.kernel, b->what.type), &place);
    for (unsigned k = NLL_SLOTS; k < BATCH_SLOTS; k++)
        if (b->slot[k].image) memcpy(b->slot[k].image, b->slot[k].after, b->slot[k].bytes);
    b->job.cols = cols;
    b->job.carry = 1;
    if (batch_counts_columns(b->desc))
        b->job.ld[1] = (ptrdiff_t)(cols / 2); /* columns gone before */
}

void batch_make(struct batch *b, const struct batch_case *what) {
    static const size_t gaps[8] = {0, 0, 0, 1, 1, 3, 8, 17};
    const nll_desc *d = &nll_descs[what->kernel];
    uint64_t state = what->seed, choice = gen_bits(&state), extra = ~what->seed;
    int plain = (what->flags & BATCH_PLAIN) != 0;
    *b = (struct batch){.what = *what, .desc = d, .alias_out = -1, .alias_in = -1};
    if (!batch_has_rows(d)) b->what.rows = 1;
    /* squares whole and begun, and very few rows */
    if (d->family == TRANSPOSE && what->rows > 0)
        b->what.rows = 1 + (what->rows * 29 + what->cols * 7) % (what->cols < 40 ? 300 : 37);
    if (what->flags & BATCH_ALIASABLE && batch_can_alias(d)) {
        int pair = d->in[3] == R_SLOPES; /* each gradient over its own side */
        int second = ((d->family == MAP && d->out[2]) || d->family == BINARY || pair) && choice & 1;
        b->alias_out = d->family == MAP ? 1 + second : pair ? second : 0;
        b->alias_in = second;
    }
    b->job.rows = b->what.rows;
    b->job.cols = what->cols;
    for (unsigned k = 0; k < BATCH_SLOTS; k++) {
        struct batch_slot *s = &b->slot[k];
        s->kind = k < NLL_SLOTS ? d->in[k] : d->out[k - NLL_SLOTS];
        s->size = fill_size(s->kind, what->type);
        if (!s->kind) continue; /* and no random number, so that more slots change no golden hash */
        uint64_t bits = gen_bits(s->kind == X_EXTRA ? &extra : &state); /* nor do extra outputs */
        size_t gap = plain ? 0 : gaps[bits >> 32 & 7];
        if (k < NLL_SLOTS) {
            make_input(b, k, gap, bits);
        } else {
            make_output(b, k - NLL_SLOTS, gap, bits);
        }
    }
    fill_inputs(b, &state);
    if (d->family == LOSS) b->job.par[0] = gen_value(GEN_SCALE, &state);
    if (d->out[5] == X_KEPT && !plain) b->job.par[0] = (double)(choice >> 2 & 1); /* streams */
    if (batch_can_carry(d) && !plain && choice >> 1 & 1) make_carry(b);
}

void batch_free(struct batch *b) {
    for (unsigned k = 0; k < BATCH_SLOTS; k++) {
        free(b->slot[k].image);
        free(b->slot[k].after);
        free(b->slot[k].expect);
    }
}

/* ---- what went wrong */

static int describe(const struct batch *b, const struct batch_place *p, char *text, size_t size) {
    int n =
        snprintf(text, size, "%s/%s %zux%zu seed 0x%llx flags %u (%s%u skew %u%s) constant %x%s",
                 b->desc->name, b->what.type == NLL_TYPE_F32 ? "f32" : "f64", b->job.rows,
                 b->job.cols, (unsigned long long)b->what.seed, b->what.flags,
                 p->side == GUARD_LOW ? "low+" : "high-", p->offset, p->skew,
                 p->in_place ? ", in place" : "", b->job.constant, b->job.carry ? " carry" : "");
    for (unsigned k = 0; k < BATCH_SLOTS && n > 0 && (size_t)n < size; k++)
        if (b->slot[k].kind && !b->slot[k].image)
            n += snprintf(text + n, size - (size_t)n, " no %s%u", k < NLL_SLOTS ? "in" : "out",
                          k % NLL_SLOTS);
    return n;
}

static const char *complain(const struct batch *b, const struct batch_place *p, unsigned slot,
                            const char *what) {
    int n = describe(b, p, message, sizeof message);
    snprintf(message + n, sizeof message - (size_t)n, ": %s%u: %s", slot < NLL_SLOTS ? "in" : "out",
             slot % NLL_SLOTS, what);
    return message;
}

static void crashed(int number) {
    char text[sizeof message];
    int n = running ? describe(running, &running_place, text, sizeof text - 32) : 0;
    n += snprintf(text + n, sizeof text - (size_t)n, ": signal %d\n", number);
    if (write(STDERR_FILENO, text, (size_t)n) < 0) _exit(number);
    signal(number, SIG_DFL);
    raise(number);
}

void batch_report_crashes(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], crashed);
}

/* ---- running */

static int is_stray_nan(const unsigned char *p, unsigned kind, size_t size) {
    uint16_t h;
    uint32_t f;
    uint64_t d;
    if (kind == R_I64) return 0;
    if (kind == X_F16 || kind == X_BF16) {
        uint16_t infinity = kind == X_F16 ? 0x7c00 : 0x7f80, nan = kind == X_F16 ? 0x7e00 : 0x7fc0;
        return memcpy(&h, p, sizeof h), (h & 0x7fff) > infinity && h != nan;
    }
    if (size == 4)
        return memcpy(&f, p, sizeof f), (f & 0x7fffffffu) > 0x7f800000u && f != 0x7fc00000u;
    memcpy(&d, p, sizeof d);
    return (d & 0x7fffffffffffffffu) > 0x7ff0000000000000u && d != 0x7ff8000000000000u;
}

/* One NaN for any, where any may be. */
static void one_nan(struct batch_slot *s) {
    const float f = NAN;
    const double d = (double)NAN;
    for (size_t r = 0; r < s->rows && s->kind == X_KEPT; r++)
        for (size_t c = 0; c < s->cols; c++) {
            unsigned char *p = batch_at(s, s->after, r, c);
            if (is_stray_nan(p, s->kind, s->size))
                memcpy(p, s->size == 4 ? (const void *)&f : (const void *)&d, s->size);
        }
}

static const char *look_at_output(struct batch *b, const struct batch_place *p, unsigned k) {
    struct batch_slot *s = &b->slot[k];
    const struct batch_slot *before = s;
    if (p->in_place && b->alias_out == (int)k - NLL_SLOTS) before = &b->slot[b->alias_in];
    size_t row = s->cols * s->size, step = (size_t)(s->ld < 0 ? -s->ld : s->ld) * s->size;
    for (size_t r = 0; r + 1 < s->rows && step > row; r++)
        if (memcmp(s->after + r * step + row, before->image + r * step + row, step - row) != 0)
            return complain(b, p, k, "wrote between the rows");
    for (size_t r = 0; r < s->rows; r++)
        for (size_t c = 0; c < s->cols; c++)
            if (is_stray_nan(batch_at(s, s->after, r, c), s->kind, s->size))
                return complain(b, p, k, "NaN is not the canonical one");
    return NULL;
}

const char *batch_run(struct batch *b, nll_fn fn, const struct batch_place *p) {
    static struct guard guards[BATCH_SLOTS];
    char text[80];
    for (unsigned k = 0; k < BATCH_SLOTS; k++) {
        struct batch_slot *s = &b->slot[k];
        unsigned char *data = NULL;
        if (s->image && p->in_place && b->alias_out == (int)k - NLL_SLOTS) {
            data = guards[b->alias_in].data;
        } else if (s->image) {
            size_t offset = (p->offset + p->skew * k) % (64 / s->size) * s->size;
            data = guard_place(&guards[k], s->bytes, offset, p->side);
            memcpy(data, s->image, s->bytes);
        }
        void *first = data && s->rows ? batch_at(s, data, 0, 0) : data;
        if (k < NLL_SLOTS) {
            b->job.in[k] = first;
        } else {
            b->job.out[k - NLL_SLOTS] = first;
        }
    }
    running = b;
    running_place = *p;
    fn(&b->job);
    running = NULL;
    for (unsigned k = 0; k < BATCH_SLOTS; k++) {
        struct batch_slot *s = &b->slot[k];
        int aliased = p->in_place && b->alias_out == (int)k - NLL_SLOTS;
        int overwritten = p->in_place && b->alias_in == (int)k;
        const struct guard *g = &guards[aliased ? b->alias_in : (int)k];
        ptrdiff_t damage = s->image && !aliased ? guard_damage(g) : 0;
        if (!s->image) continue;
        if (damage) {
            snprintf(text, sizeof text, "wrote %td bytes %s it", damage < 0 ? -damage : damage,
                     damage < 0 ? "before" : "behind");
            return complain(b, p, k, text);
        }
        if (k < NLL_SLOTS && !overwritten && memcmp(g->data, s->image, s->bytes) != 0)
            return complain(b, p, k, "the input was changed");
        if (k < NLL_SLOTS) continue;
        memcpy(s->after, g->data, s->bytes);
        one_nan(s);
        const char *bad = look_at_output(b, p, k);
        if (bad) return bad;
    }
    return NULL;
}

const char *batch_expect(struct batch *b, nll_fn fn) {
    const struct batch_place place = {GUARD_LOW, 0, 0, 0};
    const char *bad = batch_run(b, fn, &place);
    for (unsigned k = NLL_SLOTS; k < BATCH_SLOTS; k++)
        if (b->slot[k].image) memcpy(b->slot[k].expect, b->slot[k].after, b->slot[k].bytes);
    return bad;
}

static uint64_t hex(const unsigned char *p, size_t size) {
    uint64_t x = 0;
    memcpy(&x, p, size); /* little-endian */
    return x;
}

const char *batch_check_except(struct batch *b, nll_fn fn, const struct batch_place *p,
                               size_t except) {
    const char *bad = batch_run(b, fn, p);
    for (unsigned k = NLL_SLOTS; k < BATCH_SLOTS && !bad; k++) {
        struct batch_slot *s = &b->slot[k];
        for (size_t i = 0; s->image && i < s->rows * s->cols && !bad; i++) {
            size_t r = i / s->cols, c = i % s->cols;
            const unsigned char *got = batch_at(s, s->after, r, c),
                                *want = batch_at(s, s->expect, r, c);
            if (c == except || memcmp(got, want, s->size) == 0) continue;
            char text[160];
            int w = 2 * (int)s->size;
            snprintf(text, sizeof text, "row %zu column %zu is 0x%0*llx, expected 0x%0*llx", r, c,
                     w, (unsigned long long)hex(got, s->size), w,
                     (unsigned long long)hex(want, s->size));
            bad = complain(b, p, k, text);
        }
    }
    return bad;
}

const char *batch_check(struct batch *b, nll_fn fn, const struct batch_place *p) {
    return batch_check_except(b, fn, p, SIZE_MAX);
}
