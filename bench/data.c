/* data.c: inputs from integer arithmetic, and arrays that are written before anything is timed. */
#include "bench.h"

#include "../tools/error.h"

#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 1 << 21, COLS_SETS = 80 };

/* Address space for the largest size, backed by memory as it is written. */
typedef struct array {
    char *at;
    size_t ready; /* elements or bytes that have been written */
} array;

static array inputs[NLL_SLOTS][DATA_KINDS][NLL_TYPES], outs[DATA_OUTS], references[DATA_OUTS];
static array roofs[2], rows[ROW_KINDS];
static struct cols_set { /* what depends on the number of classes */
    array labels, simplex[NLL_TYPES];
    size_t cols;
} cols_sets[COLS_SETS];

/* The finaliser of splitmix64. */
uint64_t data_bits(uint64_t i) {
    uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Labels take 8 bytes where the logits of one class may take 2: room for the worst. */
size_t data_limit(void) { return 4 * bench.dram + ((size_t)256 << 20); }

/* `bytes` of it are wanted. */
static char *reserve(array *a, size_t bytes) {
    static unsigned lines;
    if (bytes > data_limit())
        bench_fail(EX_SOFTWARE, "inputs", "an array is larger than was planned for");
    if (!a->at) {
        size_t size = data_limit() + 2 * HUGE_PAGE;
        char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) bench_no_memory();
        madvise(p, size, MADV_HUGEPAGE);
        p += HUGE_PAGE - (uintptr_t)p % HUGE_PAGE;
        /* Different offsets in the page, so that arrays do not share cache sets and a load does not
         * seem to depend on a store 4096 bytes away. */
        a->at = p + (size_t)(lines++ * 17 % 61) * 64;
    }
    return a->at;
}

static double value(enum data_kind kind, uint64_t r) {
    switch (kind) {
    case DATA_UNIT: return (double)((r >> 40) * 2 + 1) * 0x1p-25;
    case DATA_PART: return (double)((r >> 40) * 2 + 1) * 0x1p-29;
    case DATA_POS: return 0.5 + (double)(r >> 40) * 3.5 * 0x1p-24;
    case DATA_INT: return (double)(r & 15);
    default: { /* the sum of four uniform numbers of variance 1/12 */
        int64_t s = (int64_t)((r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48));
        return (double)(s - 131070) * 5.25 * 0x1p-16;
    }
    }
}

static uint16_t half(enum data_kind kind, uint64_t r) {
    uint64_t sign = r >> 63 << 15, scale = (r >> 32) % 6;
    uint64_t bits =
        kind == DATA_F16 ? (scale + 12) << 10 | (r & 0x3ff) : (scale + 124) << 7 | (r & 0x7f);
    return (uint16_t)(sign | bits);
}

const void *data_in(unsigned slot, enum data_kind kind, enum nll_type type, size_t n) {
    array *a = &inputs[slot][kind][type];
    char *p = reserve(a, n * (kind == DATA_F16 || kind == DATA_BF16 ? 2
                              : type == NLL_TYPE_F32                ? 4
                                                                    : 8));
    uint64_t stream = (uint64_t)(slot * DATA_KINDS + kind) << 40;
    for (; a->ready < n; a->ready++) {
        uint64_t r = data_bits(stream + a->ready);
        if (kind == DATA_F16 || kind == DATA_BF16)
            ((uint16_t *)(void *)p)[a->ready] = half(kind, r);
        else if (type == NLL_TYPE_F32)
            ((float *)(void *)p)[a->ready] = (float)value(kind, r);
        else
            ((double *)(void *)p)[a->ready] = value(kind, r);
    }
    return p;
}

static struct cols_set *set_of(size_t cols) {
    size_t k = 0;
    while (k < COLS_SETS && cols_sets[k].cols != cols && cols_sets[k].cols != 0) k++;
    if (k == COLS_SETS) bench_fail(EX_SOFTWARE, "inputs", "COLS_SETS is too small for shapes.def");
    cols_sets[k].cols = cols;
    return &cols_sets[k];
}

const int64_t *data_labels(size_t cols, size_t n) {
    array *a = &set_of(cols)->labels;
    int64_t *y = (int64_t *)(void *)reserve(a, n * sizeof *y);
    for (; a->ready < n; a->ready++)
        y[a->ready] = (int64_t)(data_bits(((uint64_t)99 << 40) + a->ready) % cols);
    return y;
}

const void *data_simplex(size_t cols, enum nll_type type, size_t n) {
    array *a = &set_of(cols)->simplex[type];
    char *p = reserve(a, n * (type == NLL_TYPE_F32 ? 4 : 8));
    const uint64_t stream = (uint64_t)98 << 40;
    for (; a->ready < n; a->ready += cols) {
        double sum = 0;
        for (size_t i = a->ready; i < a->ready + cols; i++)
            sum += value(DATA_UNIT, data_bits(stream + i));
        for (size_t i = a->ready; i < a->ready + cols; i++) {
            double y = value(DATA_UNIT, data_bits(stream + i)) / sum;
            if (type == NLL_TYPE_F32)
                ((float *)(void *)p)[i] = (float)y;
            else
                ((double *)(void *)p)[i] = y;
        }
    }
    return p;
}

static void *touched(array *a, size_t bytes, int fill) {
    char *p = reserve(a, bytes);
    if (a->ready < bytes) {
        memset(p + a->ready, fill, bytes - a->ready);
        a->ready = bytes;
    }
    return p;
}

void *data_out(unsigned slot, size_t bytes) { return touched(&outs[slot], bytes, 0x11); }
void *data_reference(unsigned slot, size_t bytes) {
    return touched(&references[slot], bytes, 0x22);
}

const double *data_rows(enum row_kind kind, size_t n) {
    static const size_t widths[ROW_KINDS] = {4, 8, 8};
    array *a = &rows[kind];
    double *p = (double *)(void *)reserve(a, n * widths[kind] * sizeof *p);
    for (; a->ready < n; a->ready++) {
        double *row = p + widths[kind] * a->ready;
        double f = 1 + (double)(data_bits(a->ready) >> 12) * 0x1p-52, u[8]; /* all in [1, 2) */
        for (size_t i = 0; i < 8; i++)
            u[i] = 1 + (double)(data_bits(((uint64_t)97 << 40) + 8 * a->ready + i) >> 12) * 0x1p-52;
        if (kind == ROWS_COEF)
            memcpy(row, (double[4]){f, 12, f / 1024, 0}, 4 * sizeof *row);
        else if (kind == ROWS_PAIR)
            memcpy(row, (double[8]){u[0], 17, u[1], 17, u[2] - 1.5, u[3] * 0x1p-31, 0, 0},
                   8 * sizeof *row);
        else
            memcpy(row, (double[8]){-u[0], u[1], u[2], u[3] / 2, u[4], u[5], u[6], u[7]},
                   8 * sizeof *row);
    }
    return p;
}

void *data_roof(unsigned slot, size_t bytes) {
    array *a = &roofs[slot];
    uint64_t *p = (uint64_t *)(void *)reserve(a, bytes);
    for (; a->ready < bytes; a->ready += 8) p[a->ready / 8] = data_bits(a->ready);
    return p;
}
