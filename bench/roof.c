/* roof.c: what the memory does for hand-written loops: the sum of an array, copies with normal and
 * with non-temporal stores, an update in place.  The best instruction set of the machine whatever
 * the library uses, the same pages, sizes and threads as the benchmarks. */
#include "bench.h"

#include "cpu.h"
#include "gbench.h"

#include <stdlib.h>

/* Each loop takes whole pieces of this many bytes. */
enum { PIECE = 512, PASSES = 5 };

typedef struct roof_isa {
    const char *name;
    uint32_t need;
    uint64_t (*read)(const char *x, size_t bytes);
    void (*copy)(char *restrict y, const char *restrict x, size_t bytes);
    void (*nt_copy)(char *restrict y, const char *restrict x, size_t bytes);
    void (*update)(char *x, size_t bytes);
} roof_isa;

/* The loops over vectors of type W, four in flight.  STREAM takes two: AArch64 has non-temporal
 * stores of pairs alone. */
#define ROOF_LOOPS(isa, target, W, LOAD, STORE, STREAM, FENCE, ADD, SUM, ZERO, ONE)            \
    target static uint64_t read_##isa(const char *x, size_t bytes) {                           \
        W s0 = ZERO, s1 = s0, s2 = s0, s3 = s0;                                                \
        for (size_t i = 0; i < bytes; i += PIECE)                                              \
            for (size_t k = i; k < i + PIECE; k += 4 * sizeof(W)) {                            \
                s0 = ADD(s0, LOAD(x + k));                                                     \
                s1 = ADD(s1, LOAD(x + k + sizeof(W)));                                         \
                s2 = ADD(s2, LOAD(x + k + 2 * sizeof(W)));                                     \
                s3 = ADD(s3, LOAD(x + k + 3 * sizeof(W)));                                     \
            }                                                                                  \
        return SUM(ADD(ADD(s0, s1), ADD(s2, s3)));                                             \
    }                                                                                          \
    target static void copy_##isa(char *restrict y, const char *restrict x, size_t bytes) {    \
        for (size_t i = 0; i < bytes; i += 4 * sizeof(W)) {                                    \
            W a = LOAD(x + i), b = LOAD(x + i + sizeof(W));                                    \
            W c = LOAD(x + i + 2 * sizeof(W)), d = LOAD(x + i + 3 * sizeof(W));                \
            STORE(y + i, a);                                                                   \
            STORE(y + i + sizeof(W), b);                                                       \
            STORE(y + i + 2 * sizeof(W), c);                                                   \
            STORE(y + i + 3 * sizeof(W), d);                                                   \
        }                                                                                      \
    }                                                                                          \
    target static void nt_copy_##isa(char *restrict y, const char *restrict x, size_t bytes) { \
        for (size_t i = 0; i < bytes; i += 4 * sizeof(W)) {                                    \
            W a = LOAD(x + i), b = LOAD(x + i + sizeof(W));                                    \
            W c = LOAD(x + i + 2 * sizeof(W)), d = LOAD(x + i + 3 * sizeof(W));                \
            STREAM(y + i, a, b);                                                               \
            STREAM(y + i + 2 * sizeof(W), c, d);                                               \
        }                                                                                      \
        FENCE;                                                                                 \
    }                                                                                          \
    target static void update_##isa(char *x, size_t bytes) {                                   \
        W one = ONE;                                                                           \
        for (size_t i = 0; i < bytes; i += 2 * sizeof(W)) {                                    \
            W a = LOAD(x + i), b = LOAD(x + i + sizeof(W));                                    \
            STORE(x + i, ADD(a, one));                                                         \
            STORE(x + i + sizeof(W), ADD(b, one));                                             \
        }                                                                                      \
    }
#define ROOF_ISA(isa, need) \
    { #isa, need, read_##isa, copy_##isa, nt_copy_##isa, update_##isa }

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))
#define LOAD512(p) _mm512_loadu_si512(p)
#define STORE512(p, v) _mm512_storeu_si512(p, v)
#define STREAM512(p, v, w) \
    (_mm512_stream_si512((void *)(p), v), _mm512_stream_si512((void *)((p) + 64), w))
/* _mm512_reduce_add_epi64 adds signed numbers, which must not overflow. */
AVX512 static uint64_t sum512(__m512i v) {
    uint64_t x[8], sum = 0;
    _mm512_storeu_si512(x, v);
    for (int k = 0; k < 8; k++) sum += x[k];
    return sum;
}
ROOF_LOOPS(avx512, AVX512, __m512i, LOAD512, STORE512, STREAM512, _mm_sfence(), _mm512_add_epi64,
           sum512, _mm512_setzero_si512(), _mm512_set1_epi64(1))

#define AVX2 __attribute__((target("avx2")))
#define LOAD256(p) _mm256_loadu_si256((const void *)(p))
#define STORE256(p, v) _mm256_storeu_si256((void *)(p), v)
#define STREAM256(p, v, w) \
    (_mm256_stream_si256((void *)(p), v), _mm256_stream_si256((void *)((p) + 32), w))
AVX2 static uint64_t sum256(__m256i v) {
    return (uint64_t)_mm256_extract_epi64(v, 0) + (uint64_t)_mm256_extract_epi64(v, 1) +
           (uint64_t)_mm256_extract_epi64(v, 2) + (uint64_t)_mm256_extract_epi64(v, 3);
}
ROOF_LOOPS(avx2, AVX2, __m256i, LOAD256, STORE256, STREAM256, _mm_sfence(), _mm256_add_epi64,
           sum256, _mm256_setzero_si256(), _mm256_set1_epi64x(1))
#endif

#if defined(__aarch64__)
#include <arm_neon.h>

#define LOAD128(p) vld1q_u64((const uint64_t *)(const void *)(p))
#define STORE128(p, v) vst1q_u64((uint64_t *)(void *)(p), v)
#define STREAM128(p, v, w) \
    __asm__ volatile("stnp %q1, %q2, [%0]" ::"r"(p), "w"(v), "w"(w) : "memory")
static uint64_t sum128(uint64x2_t v) { return vgetq_lane_u64(v, 0) + vgetq_lane_u64(v, 1); }
ROOF_LOOPS(neon, , uint64x2_t, LOAD128, STORE128, STREAM128, (void)0, vaddq_u64, sum128,
           vdupq_n_u64(0), vdupq_n_u64(1))
#endif

/* Eight bytes at a time, as the compiler will have it. */
#define LOAD64(p) *(const uint64_t *)(const void *)(p)
#define STORE64(p, v) *(uint64_t *)(void *)(p) = (v)
#define STREAM64(p, v, w) (STORE64(p, v), STORE64((p) + 8, w))
#define ADD64(a, b) ((a) + (b))
ROOF_LOOPS(plain, , uint64_t, LOAD64, STORE64, STREAM64, (void)0, ADD64, , 0, 1)

static const roof_isa isas[] = {
#if defined(__x86_64__)
    ROOF_ISA(avx512, NLL_CPU_AVX512), ROOF_ISA(avx2, NLL_CPU_AVX2),
#endif
#if defined(__aarch64__)
    ROOF_ISA(neon, NLL_CPU_NEON),
#endif
    ROOF_ISA(plain, 0)};

static const roof_isa *best_isa(void) {
    const roof_isa *i = isas;
    while (i->need & ~nll_cpu_flags()) i++;
    return i;
}

static size_t rounded(double bytes) {
    size_t pieces = (size_t)(bytes / PIECE);
    return (pieces > 0 ? pieces : 1) * PIECE;
}

/* One pass over arrays of `bytes` each. */
typedef struct roof_pass {
    const roof_isa *isa;
    enum roof_pattern pattern;
    char *y;
    const char *x;
} roof_pass;

static void part(void *arg, size_t begin, size_t end) {
    const roof_pass *p = arg;
    size_t at = begin * PIECE, bytes = (end - begin) * PIECE;
    switch (p->pattern) {
    case ROOF_READ:
        __asm__ volatile("" ::"r"(p->isa->read(p->x + at, bytes))); /* the sum is used */
        break;
    case ROOF_COPY: p->isa->copy(p->y + at, p->x + at, bytes); break;
    case ROOF_NT_COPY: p->isa->nt_copy(p->y + at, p->x + at, bytes); break;
    default: p->isa->update(p->y + at, bytes); break;
    }
}

static void pass(const roof_isa *isa, enum roof_pattern pattern, size_t bytes, int threads) {
    /* streaming stores want alignment; arrays start at multiples of 64 */
    roof_pass p = {.isa = isa, .pattern = pattern, .y = data_roof(0, bytes)};
    p.x = pattern == ROOF_COPY || pattern == ROOF_NT_COPY ? data_roof(1, bytes) : p.y;
    const nll_executor *e = bench_executor(threads);
    if (e)
        e->parallel_for(e->user, bytes / PIECE, part, &p);
    else
        part(&p, 0, bytes / PIECE);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bytes moved per second by a pattern whose arrays take `bytes` each: median of PASSES. */
static double measure(enum roof_pattern pattern, size_t bytes, int threads) {
    const roof_isa *isa = best_isa();
    double moved = pattern == ROOF_READ ? (double)bytes : 2 * (double)bytes, rate[PASSES];
    /* small arrays again and again, so that the clock's resolution does not show */
    size_t runs = 1 + ((size_t)2 << 20) / bytes;
    pass(isa, pattern, bytes, threads);
    for (int p = 0; p < PASSES; p++) {
        double from = gb_seconds(threads);
        for (size_t k = 0; k < runs; k++) pass(isa, pattern, bytes, threads);
        rate[p] = moved * (double)runs / (gb_seconds(threads) - from);
    }
    qsort(rate, PASSES, sizeof *rate, by_size);
    return rate[PASSES / 2];
}

/* The last measurement of each pattern and size is good for a moment: Google Benchmark calls
 * several times while it looks for the number of runs. */
static double recent(enum roof_pattern pattern, size_t bytes, int threads) {
    static struct {
        double rate, when;
        size_t bytes;
        enum roof_pattern pattern;
        int threads;
    } last[16];
    static size_t next;
    const size_t n = sizeof last / sizeof *last;
    double now = gb_seconds(threads);
    for (size_t i = 0; i < n; i++)
        if (last[i].pattern == pattern && last[i].bytes == bytes && last[i].threads == threads &&
            now - last[i].when < 0.2)
            return last[i].rate;
    double rate = measure(pattern, bytes, threads);
    size_t i = next++ % n;
    last[i].pattern = pattern;
    last[i].bytes = bytes;
    last[i].threads = threads;
    last[i].rate = rate;
    last[i].when = gb_seconds(threads);
    return rate;
}

double roof_of(double read, double written, int in_place, int threads) {
    double both = read < written ? read : written, seconds = 0;
    if (both > 0) {
        size_t bytes = rounded(both);
        double rate =
            in_place ? recent(ROOF_UPDATE, bytes, threads) : recent(ROOF_COPY, bytes, threads);
        if (!in_place) {
            double nt = recent(ROOF_NT_COPY, bytes, threads);
            rate = nt > rate ? nt : rate;
        }
        seconds = (read > written ? 2 * both : read + written) / rate;
    }
    if (read > written) seconds += (read - written) / recent(ROOF_READ, rounded(read), threads);
    return (read + written) / seconds;
}

/* ---- as benchmarks of their own */

typedef struct roof_case {
    const roof_isa *isa;
    enum roof_pattern pattern;
    size_t bytes;
    int threads;
} roof_case;

static void run(void *ctx) {
    const roof_case *c = ctx;
    pass(c->isa, c->pattern, c->bytes, c->threads);
}
static double begin(void *ctx) { return run(ctx), 0; }

static void add(enum roof_pattern pattern, const char *size, size_t bytes, int threads) {
    static const char *const patterns[] = {"read", "copy", "nt-copy", "update"};
    roof_case *c = malloc(sizeof *c);
    if (!c) bench_no_memory();
    *c = (roof_case){best_isa(), pattern, bytes, threads};
    gb_register(&(gb_case){
        .name = bench_name("roof", "u64", c->isa->name, patterns[pattern], size, threads),
        .items = (double)bytes / 8,
        .bytes = (double)bytes * (pattern == ROOF_READ ? 1 : 2),
        .begin = begin,
        .run = run,
        .ctx = c,
        .threads = threads,
        .error_bound = -1});
}

void roofs_register(void) {
    const struct {
        const char *name;
        size_t bytes;
    } sizes[] = {{"DRAM", bench.dram}, {"L1", 16384}, {"L2", 1 << 18}};
    for (size_t s = 0; s < (bench.quick ? 1 : 3); s++)
        for (int p = 0; p < ROOF_PATTERNS; p++) /* data in the caches of one core */
            for (size_t t = 0; bench_threads(t, s == 0); t++)
                add((enum roof_pattern)p, sizes[s].name, sizes[s].bytes, bench_threads(t, s == 0));
}
