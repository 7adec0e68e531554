/* peak.c: what the arithmetic units do: fused multiply-adds on registers, as many in flight as hide
 * their latency, for every instruction set that this machine runs.
 *
 *   roof/f32|f64/ISA/fma/registers      an element is one fused multiply-add, two operations */
#include "bench.h"

#include "cpu.h"
#include "gbench.h"

#include <stdlib.h>
#include <string.h>

/* Chains: more than latency times units of any CPU known (4 x 2 or 4 x 4), and they fit into 16
 * registers together with the two factors where there are no more. */
enum { ROUNDS = 1 << 17, CHAINS_X86 = 12, CHAINS_ARM = 20 };

typedef struct peak_isa {
    const char *name, *type;
    uint32_t need;
    unsigned lanes, chains;
    void (*run)(void);
} peak_isa;

/* x -> x a + b settles at b / (1 - a): no number that is slow to compute with.  The empty asm keeps
 * each chain in a register of its own, and its result in use; those on the starting values keep the
 * chains apart: a compiler that saw them equal might compute one. */
#define PEAK(isa, target, W, CHAINS, SET1, FMA, REGISTER)                                     \
    target static void peak_##isa(void) {                                                     \
        W a = SET1(0.5), b = SET1(1.0), x[CHAINS];                                            \
        __asm__ volatile("" : "+" REGISTER(a), "+" REGISTER(b));                              \
        _Pragma("GCC unroll 32") for (int k = 0; k < CHAINS; k++) {                           \
            x[k] = b;                                                                         \
            __asm__ volatile("" : "+" REGISTER(x[k]));                                        \
        }                                                                                     \
        for (int i = 0; i < ROUNDS; i++) {                                                    \
            _Pragma("GCC unroll 32") for (int k = 0; k < CHAINS; k++) x[k] = FMA(x[k], a, b); \
        }                                                                                     \
        _Pragma("GCC unroll 32") for (int k = 0; k < CHAINS;                                  \
                                      k++) __asm__ volatile("" ::REGISTER(x[k]));             \
    }

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512vl")))
#define AVX2 __attribute__((target("avx2,fma")))
#define FMA1 __attribute__((target("fma")))
#define SAME(v) (v)
PEAK(avx512_f32, AVX512, __m512, CHAINS_X86, _mm512_set1_ps, _mm512_fmadd_ps, "v")
PEAK(avx512_f64, AVX512, __m512d, CHAINS_X86, _mm512_set1_pd, _mm512_fmadd_pd, "v")
PEAK(avx2_f32, AVX2, __m256, CHAINS_X86, _mm256_set1_ps, _mm256_fmadd_ps, "x")
PEAK(avx2_f64, AVX2, __m256d, CHAINS_X86, _mm256_set1_pd, _mm256_fmadd_pd, "x")
PEAK(scalar_f32, FMA1, float, CHAINS_X86, SAME, __builtin_fmaf, "x")
PEAK(scalar_f64, FMA1, double, CHAINS_X86, SAME, __builtin_fma, "x")
#elif defined(__aarch64__)
#include <arm_neon.h>

#define FMA4(x, a, b) vfmaq_f32(b, x, a)
#define FMA2(x, a, b) vfmaq_f64(b, x, a)
#define SAME(v) (v)
PEAK(neon_f32, , float32x4_t, CHAINS_ARM, vdupq_n_f32, FMA4, "w")
PEAK(neon_f64, , float64x2_t, CHAINS_ARM, vdupq_n_f64, FMA2, "w")
PEAK(scalar_f32, , float, CHAINS_ARM, SAME, __builtin_fmaf, "w")
PEAK(scalar_f64, , double, CHAINS_ARM, SAME, __builtin_fma, "w")
#endif

static const peak_isa isas[] = {
#if defined(__x86_64__)
    {"avx512", "f32", NLL_CPU_AVX512, 16, CHAINS_X86, peak_avx512_f32},
    {"avx512", "f64", NLL_CPU_AVX512, 8, CHAINS_X86, peak_avx512_f64},
    {"avx2", "f32", NLL_CPU_AVX2, 8, CHAINS_X86, peak_avx2_f32},
    {"avx2", "f64", NLL_CPU_AVX2, 4, CHAINS_X86, peak_avx2_f64},
    {"scalar", "f32", NLL_CPU_FMA, 1, CHAINS_X86, peak_scalar_f32},
    {"scalar", "f64", NLL_CPU_FMA, 1, CHAINS_X86, peak_scalar_f64},
#elif defined(__aarch64__)
    {"neon", "f32", NLL_CPU_NEON, 4, CHAINS_ARM, peak_neon_f32},
    {"neon", "f64", NLL_CPU_NEON, 2, CHAINS_ARM, peak_neon_f64},
    {"scalar", "f32", NLL_CPU_FMA, 1, CHAINS_ARM, peak_scalar_f32},
    {"scalar", "f64", NLL_CPU_FMA, 1, CHAINS_ARM, peak_scalar_f64},
#endif
    {NULL, NULL, 0, 0, 0, NULL}};

typedef struct peak_case {
    const peak_isa *isa;
    int threads;
} peak_case;

static void part(void *arg, size_t begin, size_t end) {
    const peak_isa *isa = arg;
    for (; begin < end; begin++) isa->run();
}

static void run(void *ctx) {
    const peak_case *c = ctx;
    peak_isa isa = *c->isa;
    const nll_executor *e = bench_executor(c->threads);
    if (e)
        e->parallel_for(e->user, (size_t)c->threads, part, &isa);
    else
        part(&isa, 0, 1);
}
static double begin(void *ctx) { return run(ctx), 0; }

static void add(const peak_isa *isa, int threads) {
    peak_case *c = malloc(sizeof *c);
    if (!c) bench_no_memory();
    *c = (peak_case){isa, threads};
    gb_register(
        &(gb_case){.name = bench_name("roof", isa->type, isa->name, "fma", "registers", threads),
                   .items = (double)isa->lanes * isa->chains * ROUNDS * threads,
                   .begin = begin,
                   .run = run,
                   .ctx = c,
                   .threads = threads,
                   .error_bound = -1});
}

/* Of the instruction sets measured.  */
void peaks_register(void) {
    for (const peak_isa *p = isas; p->name; p++)
        for (size_t i = 0; bench_isa(i, 2); i++)
            if (strcmp(bench_isa(i, 2)->name, p->name) == 0 && !(p->need & ~nll_cpu_flags()))
                for (size_t t = 0; bench_threads(t, 1); t++) add(p, bench_threads(t, 1));
}
