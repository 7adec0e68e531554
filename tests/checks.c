/* checks.c: bits and memory. */
#include "checks.h"

#include "gen.h"

/* ---- bits */

static const char *same_as_oracle(const struct batch_case *what, nll_fn fn) {
    struct batch b;
    struct batch_place place = {what->seed & 1 ? GUARD_HIGH : GUARD_LOW, what->seed >> 1 & 15,
                                what->seed >> 5 & 7, 0};
    batch_make(&b, what);
    const char *bad = batch_expect(&b, batch_oracle(what->kernel, what->type));
    if (!bad) bad = batch_check(&b, fn, &place);
    batch_free(&b);
    return bad;
}

const char *check_bits(unsigned kernel, enum nll_type type, nll_fn fn) {
    static const uint16_t edges[] = {255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 4099};
    const nll_desc *d = &nll_descs[kernel];
    uint64_t state = gen_state(kernel * NLL_TYPES + type);
    const char *bad = NULL;
    size_t rounds = gen_exhaustive() ? 48 : gen_count(8);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t cols = 0; cols < 68 && !bad; cols++) {
            struct batch_case what = {kernel, type, 1 + gen_below(5, &state), cols, 0, 0};
            what.seed = gen_bits(&state);
            bad = same_as_oracle(&what, fn);
        }
        for (size_t i = 0; i < sizeof edges / sizeof *edges && !bad; i++) {
            if (edges[i] > batch_max_cols(d)) continue;
            struct batch_case what = {kernel, type, 1 + gen_below(2, &state), edges[i], 0, 0};
            what.seed = gen_bits(&state);
            bad = same_as_oracle(&what, fn);
        }
    }
    return bad;
}

/* ---- memory */

/* One problem at every step-th place.  The same numbers all the time, so the oracle runs once. */
static const char *everywhere(const struct batch_case *what, nll_fn fn, unsigned step) {
    unsigned first = 0;
    if (!gen_exhaustive() && what->rows) { /* over the lengths, all places have their turn */
        unsigned least = gen_quick() ? 7 : 5;
        step = step > least ? step : least;
        first = (unsigned)what->cols % step;
    }
    struct batch b;
    batch_make(&b, what);
    const char *bad = batch_expect(&b, batch_oracle(what->kernel, what->type));
    unsigned offsets = 64u / (what->type == NLL_TYPE_F32 ? 4u : 8u);
    if (nll_descs[what->kernel].family == CONVERT) offsets = 32;
    for (int side = 0; side < GUARD_SIDES; side++) {
        for (unsigned o = first; o < offsets && !bad; o += step)
            for (unsigned skew = 0; skew < 4 && !bad; skew += 3) {
                if (o != first && step > 1) skew = 3;
                for (int in_place = 0; in_place <= (b.alias_out >= 0) && !bad; in_place++) {
                    struct batch_place place = {(enum guard_side)side, o, skew, in_place};
                    bad = batch_check(&b, fn, &place);
                }
            }
    }
    batch_free(&b);
    return bad;
}

const char *check_memory(unsigned kernel, enum nll_type type, nll_fn fn) {
    const nll_desc *d = &nll_descs[kernel];
    uint64_t state = gen_state(1000 + kernel * NLL_TYPES + type);
    size_t max = batch_max_cols(d) < 1024 + 17 ? batch_max_cols(d) : 1024 + 17;
    const char *bad = NULL;
    for (size_t cols = 0; cols <= max && !bad; cols++) {
        size_t off = (cols + 17) % 512; /* distance to a block edge, plus 17 */
        int short_row = cols <= 257;
        if (!short_row && off > 34) continue;
        /* from a few vectors on, element-wise kernels differ in what is left over alone */
        int alike = batch_is_elementwise(d) && cols > 80 && (cols + 1) % 16 > 2;
        if (alike && !gen_exhaustive()) continue;
        if (gen_quick() && cols > 35 && gen_bits(&state) % 8) continue;
        struct batch_case what = {kernel, type, short_row ? 1 + cols % 3 : 1, cols, 0, 0};
        what.seed = gen_bits(&state);
        bad = everywhere(&what, fn, short_row ? 1 : 5);
        what.flags = BATCH_ALIASABLE;
        if (!bad && batch_can_alias(d)) bad = everywhere(&what, fn, 3);
    }
    struct batch_case empty = {kernel, type, 0, 19, gen_bits(&state), 0};
    if (!bad && batch_has_rows(d)) bad = everywhere(&empty, fn, 1);
    return bad;
}
