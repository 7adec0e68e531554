/* count.c: nll-count: the kernels of hot.def on fixed inputs, one call each, to be counted by
 * callgrind; or timed in cycles of the core.
 *
 *   nll-count list           KERNEL/TYPE/VARIANT/ROWSxCOLS, for each what is modelled
 *   nll-count count ISA      under callgrind: for each one dump, of the kernel's instructions
 *   nll-count time ISA       cycles per element, the best of many calls
 *
 * Inputs come from integer arithmetic: the same numbers, hence the same instructions, everywhere.
 */
#include "dispatch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<valgrind/callgrind.h>)
#define HAVE_CALLGRIND 1
#include <valgrind/callgrind.h>
#else
#define HAVE_CALLGRIND 0
#define RUNNING_ON_VALGRIND 0
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

enum variant { LEAN, FULL };
enum { F32 = NLL_TYPE_F32, F64 = NLL_TYPE_F64 };

typedef struct hot {
    enum nll_kernel kernel;
    enum nll_type type;
    enum variant variant;
    size_t rows, cols;
    const char *step; /* as in hot.def */
} hot;
static const hot hots[] = {
#define NLL_HOT(kernel, type, variant, rows, cols, step, loads) \
    {NLL_K_##kernel, (enum nll_type)(type), variant, rows, cols, #step},
#include "hot.def"
#undef NLL_HOT
};
enum { HOTS = sizeof hots / sizeof *hots, ROOM = 1 << 16, LEAD = 4096 };

static void fail(const char *what) {
    fprintf(stderr, "nll-count: %s\n", what);
    exit(1);
}

static const char *name_of(const hot *h) {
    static char name[128];
    snprintf(name, sizeof name, "%s/%s/%s/%zux%zu", nll_descs[h->kernel].name,
             h->type == NLL_TYPE_F32 ? "f32" : "f64", h->variant == LEAN ? "lean" : "full", h->rows,
             h->cols);
    return name;
}

/* ---- inputs */

/* The finaliser of splitmix64. */
static uint64_t bits(uint64_t i) {
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Of the domain of a slot: see enum nll_slot. */
static double value(uint8_t slot, uint64_t i) {
    double u = (double)((bits(i) >> 41) * 2 + 1) * 0x1p-24; /* (0, 1), a float */
    switch (slot) {
    case X_INT:
    case X_COUNT: return (double)(int)(u * 16);
    case X_UNIT:
    case X_WEIGHT: return u;
    case X_POS: return 0.5 + u * 3.5;
    case X_POWER: return 1.25 + u / 2;
    case R_ANCHOR: return 8;
    case R_VALUE: return 3;
    case R_EXPONENT: return 4;
    default: return (double)(float)(u * 16 - 8);
    }
}

/* Of the per-row numbers, for rows of logits in (-8, 8): see R_COEF, R_PAIR and R_SLOPES. */
static const double coef[4] = {1.5, 12, 0.25, 12}, pair[8] = {1.25, 17, 1.75, 17, 0.25, 0x1p-30},
                    slopes[8] = {-1, 1, 1, 0.5}, cap[2] = {30, 1.5};

/* Room for one slot, different for each in its place within a page, so that no load seems to depend
 * on a store 4096 bytes away. */
static char *place(unsigned slot, int out) {
    static char *room[2][NLL_SLOTS];
    if (!room[out][slot]) {
        room[out][slot] = aligned_alloc(4096, ROOM + LEAD);
        if (!room[out][slot]) fail("out of memory");
        memset(room[out][slot], 0x11, ROOM + LEAD);
    }
    return room[out][slot] + (slot * 2 + (unsigned)out) * 192 % LEAD;
}

static const void *numbers(unsigned k, uint8_t slot, enum nll_type type, size_t n) {
    char *p = place(k, 0);
    for (size_t i = 0; i < n; i++) {
        double v = value(slot, (uint64_t)k << 32 | i);
        if (slot == X_F16 || slot == X_BF16) {
            float f = (float)v;
            uint32_t b;
            memcpy(&b, &f, sizeof b);
            ((uint16_t *)(void *)p)[i] = (uint16_t)(b >> 16);
        } else if (type == NLL_TYPE_F32) {
            ((float *)(void *)p)[i] = (float)v;
        } else {
            ((double *)(void *)p)[i] = v;
        }
    }
    return p;
}

static const void *per_row(unsigned k, uint8_t slot, enum nll_type type, size_t rows, size_t cols) {
    const double *from = slot == R_COEF ? coef : slot == R_PAIR ? pair : slopes;
    size_t width = slot == R_COEF ? 4 : 8;
    if (slot == R_CAP) return cap;
    if (slot == R_HOLE) { /* labels: what else it is, is left out */
        int64_t *label = (int64_t *)(void *)place(k, 0);
        for (size_t r = 0; r < rows; r++) label[r] = (int64_t)(r * 7 % cols);
        return label;
    }
    if (slot < R_COEF || slot == R_EXPONENT) return numbers(k, slot, type, rows);
    double *p = (double *)(void *)place(k, 0);
    for (size_t r = 0; r < rows; r++) memcpy(p + r * width, from, width * sizeof *p);
    return p;
}

static int optional_in(const hot *h, uint8_t slot) {
    enum nll_kernel k = h->kernel;
    if (nll_descs[k].family != ROW) return 0;
    return slot == R_HOLE || (slot == R_ANCHOR && k != NLL_K_row_dot) ||
           (slot == X_WEIGHT && k == NLL_K_row_softmax_grad);
}

/* Gradients. */
static int optional_out(enum nll_family family, unsigned slot) {
    return family == MAP ? slot > 0 : family == LOSS && slot == 0;
}

static nll_job job_of(const hot *h) {
    const nll_desc *d = &nll_descs[h->kernel];
    ptrdiff_t line = (ptrdiff_t)h->cols;
    nll_job j = {.rows = h->rows, .cols = h->cols};
    if (d->family == LOSS) j.par[0] = 0.25;
    for (unsigned k = 0; k < NLL_SLOTS; k++) {
        uint8_t in = d->in[k], out = d->out[k];
        int rowwise = in >= R_HOLE && in <= R_SLOPES;
        /* row_softmax_grad with everything: dense targets, no anchor */
        if (in && !(optional_in(h, in) && (h->variant == LEAN || in == R_ANCHOR || in == R_HOLE))) {
            /* weights and scales are mostly one number for all */
            int constant = (d->family == MAP && (in == X_SCALE || in == X_WEIGHT)) ||
                           (d->family == TOTAL && in == X_WEIGHT);
            j.in[k] = rowwise ? per_row(k, in, h->type, h->rows, h->cols)
                              : numbers(k, in, h->type, constant ? 1 : h->rows * h->cols);
            j.ld[k] = rowwise ? 0 : d->family == TRANSPOSE ? (ptrdiff_t)h->rows : line;
            if (constant) j.constant |= 1u << k;
        }
        if (!out || out == X_EXTRA || (optional_out(d->family, k) && h->variant == LEAN)) continue;
        j.out[k] = place(k, 1);
        j.out_ld[k] = line;
    }
    return j;
}

/* ---- counting and timing */

static const nll_isa *isa_of(const char *name) {
    for (size_t i = 0; nll_isa_at(i); i++)
        if (strcmp(nll_isa_at(i)->name, name) == 0 && nll_isa_can_run(nll_isa_at(i)))
            return nll_isa_at(i);
    fprintf(stderr, "nll-count: %s is not built in, or this CPU cannot run it\n", name);
    exit(77);
}

static void count(const hot *h, const nll_isa *isa) {
    nll_fn fn = isa->fn[h->type][h->kernel];
    nll_job j = job_of(h);
    fn(&j); /* symbols are bound, pages are there */
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    fn(&j);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name_of(h));
    CALLGRIND_STOP_INSTRUMENTATION;
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds that a core's cycle takes now: from a chain of additions of one cycle each. */
static double chain(void) {
    enum { TURNS = 2000, LINKS = 16 };
    uint64_t x = 1, y = 1;
    double from = seconds();
    for (int i = 0; i < TURNS; i++)
        for (int k = 0; k < LINKS; k++) {
            x += y;
            __asm__ volatile("" : "+r"(x)); /* one by one */
        }
    return (seconds() - from) / (TURNS * LINKS);
}

/* Other programs only ever take time: the shortest of many short measurements is the undisturbed
 * one. */
static double cycles(const hot *h, const nll_isa *isa) {
    enum { TRIES = 300, CALLS = 40 };
    nll_fn fn = isa->fn[h->type][h->kernel];
    nll_job j = job_of(h);
    double best = HUGE_VAL, cycle = HUGE_VAL;
    for (int t = 0; t < TRIES; t++) {
        double c = chain(), from = seconds();
        for (int i = 0; i < CALLS; i++) fn(&j);
        double took = (seconds() - from) / CALLS;
        if (took < best) best = took;
        if (c < cycle) cycle = c;
    }
    return best / cycle / (double)(h->rows * h->cols);
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "list") == 0 && argc == 2) {
        for (size_t i = 0; i < HOTS; i++) printf("%s\t%s\n", name_of(&hots[i]), hots[i].step);
        return 0;
    }
    int counts = strcmp(command, "count") == 0;
    if (argc != 3 || (!counts && strcmp(command, "time") != 0)) {
        fputs("usage: nll-count list | count ISA | time ISA\n", stderr);
        return 2;
    }
    const nll_isa *isa = isa_of(argv[2]);
    if (counts && !HAVE_CALLGRIND) fail("compiled without valgrind/callgrind.h");
    if (counts && !RUNNING_ON_VALGRIND) fail("'count' is for callgrind: see check.py");
    for (size_t i = 0; i < HOTS; i++) {
        if (!isa->fn[hots[i].type][hots[i].kernel]) continue;
        if (counts)
            count(&hots[i], isa);
        else
            printf("%s\t%.4f\n", name_of(&hots[i]), cycles(&hots[i], isa));
    }
    return 0;
}
