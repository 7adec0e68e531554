/* batch_fill.c: the numbers of a batch, by the domain of each slot. */
#include "batch_fill.h"

#include "api/half.h"
#include "gen.h"

#include <math.h>
#include <string.h>

size_t fill_size(unsigned kind, enum nll_type type) {
    switch (kind) {
    case X_F16:
    case X_BF16: return 2;
    case R_HOLE:
    case R_COEF:
    case R_CAP:
    case R_PAIR:
    case R_SLOPES:
    case R_SUMS:
    case R_F64:
    case R_I64: return 8;
    default: return type == NLL_TYPE_F32 ? 4 : 8;
    }
}

size_t fill_width(unsigned kind) {
    switch (kind) {
    case R_COEF: return 4;
    case R_CAP: return 2;
    case R_PAIR:
    case R_SLOPES: return 8;
    case R_SUMS: return 6;
    default: return 1;
    }
}

/* Number (r, c) of an image of T or halves, in and out. */
static double get(const struct batch *b, const struct batch_slot *s, size_t r, size_t c) {
    const void *p = batch_at(s, s->image, r, c);
    uint16_t h;
    float f;
    double d;
    if (s->kind == X_F16) return memcpy(&h, p, sizeof h), (double)nll_of_f16(h);
    if (s->kind == X_BF16) return memcpy(&h, p, sizeof h), (double)nll_of_bf16(h);
    if (b->what.type == NLL_TYPE_F32) return memcpy(&f, p, sizeof f), (double)f;
    return memcpy(&d, p, sizeof d), d;
}
static void put(const struct batch *b, const struct batch_slot *s, size_t r, size_t c, double x) {
    void *p = batch_at(s, s->image, r, c);
    float f = (float)x;
    uint16_t h = s->kind == X_F16 ? nll_to_f16(x) : nll_to_bf16(x);
    if (s->kind == X_F16 || s->kind == X_BF16) {
        memcpy(p, &h, sizeof h);
    } else if (b->what.type == NLL_TYPE_F32) {
        memcpy(p, &f, sizeof f);
    } else {
        memcpy(p, &x, sizeof x);
    }
}

/* Class c of row r. */
static double get_class(const struct batch *b, const struct batch_slot *s, size_t r, size_t c) {
    return b->desc->family == TRANSPOSE ? get(b, s, c, r) : get(b, s, r, c);
}
static void put_class(const struct batch *b, const struct batch_slot *s, size_t r, size_t c,
                      double x) {
    if (b->desc->family == TRANSPOSE)
        put(b, s, c, r, x);
    else
        put(b, s, r, c, x);
}

/* Most rows stay within the domain of the slot; now and then one breaks it, for which every kernel
 * has its answer.  GEN_WIDE is for double alone. */
static enum gen_domain domain_of(const struct batch *b, unsigned kind, uint64_t bits) {
    int f64 = b->what.type == NLL_TYPE_F64, finish = b->desc->family == FINISH;
    static const enum gen_domain real[8] = {GEN_REAL,  GEN_LOGIT, GEN_NORMAL, GEN_FINITE,
                                            GEN_LOGIT, GEN_REAL,  GEN_NORMAL, GEN_REAL};
    switch (kind) {
    case X_INT: return GEN_INT;
    case X_UNIT: return bits % 8 ? GEN_UNIT : GEN_REAL;
    case X_POS: return bits % 8 || finish ? GEN_POS : GEN_REAL;
    case X_WEIGHT: return bits % 8 ? GEN_WEIGHT : GEN_REAL;
    case X_COUNT: return bits % 8 ? GEN_INT : GEN_REAL;
    case X_POWER: return bits % 8 ? GEN_UNIT : GEN_REAL;
    case X_SCALE: return GEN_SCALE;
    default: return f64 && bits % 8 == 7 ? GEN_WIDE : real[bits % 8];
    }
}

/* gen.h gives 24 bits, so that products of two are exact in double: set the other 29 at random. */
static double all_bits(double x, unsigned kind, uint64_t random) {
    uint64_t u;
    if (!(fabs(x) >= 0x1p-1022 && fabs(x) < (double)INFINITY)) return x;
    if (kind == X_UNIT && fabs(x) >= 1) return x;
    memcpy(&u, &x, sizeof u);
    u |= random & 0x1fffffff;
    memcpy(&x, &u, sizeof x);
    return x;
}

static void fill_numbers(const struct batch *b, struct batch_slot *s, uint64_t *state) {
    for (size_t r = 0; r < s->rows; r++) {
        uint64_t bits = gen_bits(state);
        enum gen_domain domain = domain_of(b, s->kind, bits);
        int wide = s->kind == X_POS && b->what.type == NLL_TYPE_F64 && domain == GEN_POS &&
                   b->desc->family != FINISH && bits >> 32 & 1;
        int whole = s->kind == X_INT || s->kind == X_COUNT;
        int full = b->what.type == NLL_TYPE_F64 && !whole && bits >> 33 & 1;
        for (size_t c = 0; c < s->cols; c++) {
            double x = gen_value(wide ? GEN_WIDE : domain, state);
            if (wide) x = x != 0 ? fabs(x) : 1;
            if (s->kind == X_INT && gen_bits(state) & 1) x = -x;
            if (s->kind == X_POWER && domain == GEN_UNIT) x += 1;
            /* what row_finish gets is a sum: 0 if all is masked, NaN if anything was */
            if (s->kind == X_POS && b->desc->family == FINISH && gen_bits(state) % 16 == 0)
                x = gen_bits(state) & 1 ? 0 : (double)NAN;
            /* kernel_bits.c has a test of its own for infinite constant weights */
            if (b->desc->family == TOTAL && b->job.constant && s->kind == X_WEIGHT && isinf(x))
                x = 1;
            put(b, s, r, c, full ? all_bits(x, s->kind, gen_bits(state)) : x);
        }
    }
}

/* All 65536 patterns are legal; the special ones are rare among random bits. */
static void fill_halves(const struct batch_slot *s, uint64_t *state) {
    static const uint16_t special[] = {0,      0x8000, 1,      0x8001, 0x03ff, 0x0400, 0x7bff,
                                       0x7c00, 0xfc00, 0x7c01, 0x7e00, 0xfe01, 0x007f, 0x0080,
                                       0x7f80, 0xff80, 0x7f81, 0x7fc0, 0xffff, 0x7f7f};
    for (size_t c = 0; c < s->cols; c++) {
        uint64_t bits = gen_bits(state);
        uint16_t h =
            bits % 4 ? (uint16_t)(bits >> 16) : special[(bits >> 16) % (sizeof special / 2)];
        memcpy(batch_at(s, s->image, 0, c), &h, sizeof h);
    }
}

static int64_t hole_of(const struct batch *b, size_t r) {
    int64_t hole = -1;
    for (unsigned k = 0; k < NLL_SLOTS; k++)
        if (b->slot[k].kind == R_HOLE && b->slot[k].image)
            memcpy(&hole, batch_at(&b->slot[k], b->slot[k].image, r, 0), sizeof hole);
    return hole;
}

static void fill_holes(const struct batch *b, const struct batch_slot *s, uint64_t *state) {
    int64_t cols = (int64_t)b->what.cols;
    for (size_t r = 0; r < s->rows; r++) {
        uint64_t bits = gen_bits(state);
        int64_t any = cols ? (int64_t)((bits >> 8) % b->what.cols) : 0;
        int64_t choices[8] = {-1, 0, cols - 1, cols, cols + 3, any, any, any};
        memcpy(batch_at(s, s->image, r, 0), &choices[bits % 8], sizeof(int64_t));
    }
}

/* Kernels that work relative to a scale of the row take |maximum - anchor| up to this. */
#define LIMIT 0x1p16

struct row_top {
    double top; /* largest finite number but for the hole; 0 if there is none */
    int any, infinite;
};
static struct row_top top_of(const struct batch *b, size_t r) {
    const struct batch_slot *x = &b->slot[0];
    struct row_top t = {0, 0, 0};
    int64_t hole = hole_of(b, r);
    for (size_t c = 0; c < b->what.cols; c++) {
        double v = get_class(b, x, r, c);
        if ((int64_t)c == hole) continue;
        if (v == (double)INFINITY) t.infinite = 1;
        if (!(fabs(v) < (double)INFINITY) || (t.any && v <= t.top)) continue;
        t.top = v;
        t.any = 1;
    }
    return t;
}

/* Without an anchor no finite number of the row but the hole may lie above LIMIT, and none at all
 * where the scale is given. */
static void lower_row(const struct batch *b, size_t r, int infinite_too, uint64_t *state) {
    const struct batch_slot *x = &b->slot[0];
    int64_t hole = hole_of(b, r);
    for (size_t c = 0; c < b->what.cols; c++) {
        double v = get_class(b, x, r, c);
        if ((int64_t)c != hole && v > LIMIT && (infinite_too || v < (double)INFINITY))
            put_class(b, x, r, c, gen_value(GEN_NORMAL, state));
    }
}

/* Near the top of the row.  A row with +inf has it for its anchor, or, for sums, any other. */
static double pick_anchor(const struct batch *b, struct row_top t, int scale_given,
                          uint64_t *state) {
    uint64_t bits = gen_bits(state);
    if (t.infinite && (scale_given || bits >> 32 & 1)) return (double)INFINITY;
    double near = t.top - 5;
    if (!t.any) return gen_value(GEN_NORMAL, state);
    if (fabs(t.top) > LIMIT) return t.top;
    if (b->what.type == NLL_TYPE_F32) near = (double)(float)near;
    return bits % 3 == 0 ? gen_value(GEN_NORMAL, state) : bits % 3 == 1 ? near : t.top;
}

/* {f, k, s, top}: f 0, NaN or in [1, 2) with either sign, x - anchor <= (k + 250) ln 2. */
static void pick_coef(const struct batch *b, double coef[4], struct row_top t, double anchor,
                      uint64_t *state) {
    static const double above[] = {0, 1, 2, 10, 24, -240, 126, 150, 260, 1000, 1060, 1074};
    uint64_t bits = gen_bits(state);
    int digits = b->what.type == NLL_TYPE_F32 ? 23 : 52;
    double f = 1 + ldexp((double)(bits >> 11 >> (52 - digits) & ((1ull << digits) - 1)), -digits);
    double top = t.any ? t.top - anchor : 0;
    if (!(fabs(top) < 2 * LIMIT)) top = 0; /* no kernel looks at k then */
    coef[0] = bits & 1 ? f : -f;
    if (bits >> 1 & 1) coef[0] = f;
    if ((bits >> 2 & 15) == 0) coef[0] = 0;
    if ((bits >> 2 & 15) == 1 || t.infinite) coef[0] = (double)NAN;
    coef[1] = (double)(int64_t)(top * 1.4426950408889634) + above[gen_below(12, state)];
    coef[2] = gen_value(GEN_SCALE, state);
    /* the least bound on n, or none at all */
    coef[3] = bits >> 6 & 1 ? ceil(top * 1.4426950408889634) + 1 : (double)INFINITY;
}

/* What there is one of per row, and the preconditions that tie it to the row. */
static void fill_rows(struct batch *b, uint64_t *state) {
    const struct batch_slot *x = &b->slot[0], *anchor = NULL, *value = NULL, *coef = NULL;
    const struct batch_slot *exponent = NULL;
    int scaled = 0;
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        const struct batch_slot *s = &b->slot[k];
        unsigned kind = b->desc->in[k];
        scaled += kind == R_HOLE || kind == R_COEF ? 1 : kind == R_ANCHOR ? 2 : 0;
        if (!s->image) continue;
        if (kind == R_HOLE) fill_holes(b, s, state);
        if (kind == R_ANCHOR) anchor = s;
        if (kind == R_VALUE) value = s;
        if (kind == R_EXPONENT) exponent = s;
        if (kind == R_COEF) coef = s;
    }
    for (size_t r = 0; r < b->what.rows; r++) {
        if (scaled == 3 && !anchor) lower_row(b, r, coef != NULL, state);
        struct row_top t = top_of(b, r);
        double a = anchor ? pick_anchor(b, t, coef != NULL, state) : 0, c[4];
        if (anchor) put(b, anchor, r, 0, a);
        if (coef) {
            pick_coef(b, c, t, a, state);
            memcpy(batch_at(coef, coef->image, r, 0), c, sizeof c);
        }
        double scale = t.any ? rint((t.top - a) * 1.4426950408889634) : 0;
        if (exponent) put(b, exponent, r, 0, fabs(scale) < 0x1p18 ? scale : 0);
        if (!value) continue;
        size_t n = b->what.cols;
        uint64_t bits = gen_bits(state);
        put(b, value, r, 0,
            n && bits % 8 ? get_class(b, x, r, (bits >> 8) % n) : gen_value(GEN_REAL, state));
    }
}

static void fill_cap(const struct batch_slot *s, uint64_t *state) {
    static const double cap[] = {0, 0, 30, 50, 1, 0x1p-10, 1e4, 20.5};
    static const double temperature[] = {1, 1, 0.5, 2, 0.7, 0x1p-7, 100, 3};
    uint64_t bits = gen_bits(state);
    double par[2] = {cap[bits % 8], temperature[bits >> 8 & 7]};
    memcpy(s->image, par, sizeof par);
}

/* Scales of two rows: f NaN or in [1, 2), k of about the row's top, anchors 0 or near the top. */
static void fill_pair(const struct batch *b, const struct batch_slot *s, uint64_t *state) {
    for (size_t r = 0; r < s->rows; r++) {
        double pair[8];
        uint64_t bits = gen_bits(state);
        double top = b->slot[0].rows > r ? top_of(b, r).top : 0;
        if (!(fabs(top) < LIMIT) || bits & 1) top = 0;
        for (unsigned side = 0; side < 2; side++) {
            pair[2 * side] = 1 + ldexp((double)gen_below(1u << 23, state), -23);
            if (gen_bits(state) % 32 == 0) pair[2 * side] = (double)NAN;
            pair[2 * side + 1] = (double)(int64_t)(top * 1.4426950408889634) +
                                 (double)(int64_t)gen_below(40, state) - 8;
        }
        double shift = gen_value(bits & 2 ? GEN_NORMAL : GEN_FINITE, state);
        pair[4] = bits & 4 ? shift : 0;
        pair[5] = bits & 4 ? ldexp(shift, -30) : 0;
        for (unsigned side = 0; side < 2; side++)
            pair[6 + side] = bits >> (3 + side) & 1 ? 0 : gen_value(GEN_FINITE, state);
        memcpy(batch_at(s, s->image, r, 0), pair, sizeof pair);
    }
}

static void fill_slopes(const struct batch_slot *s, uint64_t *state) {
    for (size_t r = 0; r < s->rows; r++)
        for (size_t c = 0; c < s->cols; c++) {
            uint64_t bits = gen_bits(state) % 8;
            double x = bits == 0 ? 0 : gen_value(bits == 1 ? GEN_REAL : GEN_NORMAL, state);
            memcpy(batch_at(s, s->image, r, c), &x, sizeof x);
        }
}

void fill_inputs(struct batch *b, uint64_t *state) {
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        struct batch_slot *s = &b->slot[k];
        if (!s->image) continue;
        memset(s->image, 0xff, s->bytes); /* between rows: NaN, that nobody may read */
        if (b->desc->family == CONVERT && (s->kind == X_F16 || s->kind == X_BF16)) {
            fill_halves(s, state);
        } else if (s->kind == R_CAP) {
            fill_cap(s, state);
        } else if (s->kind == R_PAIR) {
            fill_pair(b, s, state);
        } else if (s->kind == R_SLOPES) {
            fill_slopes(s, state);
        } else if (s->kind < R_HOLE) {
            fill_numbers(b, s, state);
        }
    }
    if (batch_has_rows(b->desc)) fill_rows(b, state);
}
