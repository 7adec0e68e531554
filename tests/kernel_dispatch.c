/* kernel_dispatch.c: which instruction sets there are, which is taken, and that its table is whole.
 * Every test is a process of its own, so each one sees a first use. */
#include "batch.h"
#include "cpu.h"

#include <nll/nll.h>

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *best_runnable(void) {
    size_t i = 0;
    while (!nll_isa_runnable(i)) i++;
    return nll_isa_name(i);
}

Test(dispatch, best_first_and_scalar_last) {
    static const char *const order[] = {"avx512", "avx2", "neon", "scalar"};
    size_t n = nll_isa_count(), at = 0;
    cr_assert(n >= 1);
    for (size_t i = 0; i < n; i++) {
        const nll_isa *isa = nll_isa_at(i);
        cr_assert_not_null(isa);
        cr_expect_str_eq(nll_isa_name(i), isa->name);
        while (at < 4 && strcmp(order[at], isa->name) != 0) at++;
        cr_assert_lt(at, 4u, "%s is unknown, twice in the list or out of order", isa->name);
        cr_expect_eq(nll_isa_runnable(i), nll_isa_can_run(isa));
        at++;
    }
    cr_expect_str_eq(nll_isa_name(n - 1), "scalar");
    cr_expect_eq(nll_isa_at(n - 1)->need, 0u);
    cr_expect(nll_isa_runnable(n - 1));
    cr_expect_null(nll_isa_at(n));
    cr_expect_null(nll_isa_name(n));
    cr_expect_null(nll_isa_name(SIZE_MAX));
    cr_expect_not(nll_isa_runnable(n));
    cr_expect_not(nll_isa_runnable(SIZE_MAX));
}

/* The compiler's own detection is the second opinion.  (clang 14 cannot ask for F16C, which every
 * CPU with AVX2 has.) */
Test(dispatch, detection_agrees_with_the_compiler) {
    uint32_t flags = nll_cpu_flags();
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi2");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    cr_expect_eq((flags & NLL_CPU_AVX2) != 0, avx2);
    cr_expect_eq((flags & NLL_CPU_AVX512) != 0, avx512);
    cr_expect_eq(flags & NLL_CPU_NEON, 0u);
#elif defined(__aarch64__)
    cr_expect_eq(flags, (uint32_t)NLL_CPU_NEON | (uint32_t)NLL_CPU_FMA);
#else
    cr_expect_eq(flags, 0u);
#endif
}

Test(dispatch, tables_are_whole) {
    for (size_t i = 0; nll_isa_at(i); i++)
        for (unsigned k = 0; k < NLL_KERNELS; k++)
            for (int t = 0; t < NLL_TYPES; t++) {
                const nll_isa *isa = nll_isa_at(i);
                nll_fn fn = isa->fn[t][k];
                int built = batch_has_type(k, (enum nll_type)t);
                cr_expect_eq(fn != NULL, built, "%s %s type %d", isa->name, nll_descs[k].name, t);
                cr_expect(!fn || isa == batch_scalar() || fn != batch_oracle(k, (enum nll_type)t),
                          "%s %s type %d is the scalar kernel", isa->name, nll_descs[k].name, t);
                for (unsigned other = 0; fn && other < k; other++)
                    cr_expect(fn != isa->fn[t][other], "%s %s and %s are one", isa->name,
                              nll_descs[k].name, nll_descs[other].name);
            }
}

Test(dispatch, descriptors_make_sense) {
    for (unsigned k = 0; k < NLL_KERNELS; k++) {
        const nll_desc *d = &nll_descs[k];
        cr_assert(d->name && *d->name, "kernel %u", k);
        cr_expect(d->family >= UNARY && d->family <= BINARY, "%s", d->name);
        cr_expect(d->types && d->types < 1u << NLL_TYPES, "%s", d->name);
        cr_expect(d->in[0] && d->out[0], "%s", d->name);
        for (unsigned s = 0; s < NLL_SLOTS; s++) {
            unsigned out = d->out[s];
            cr_expect(d->in[s] < X_OUT, "%s: input %u is an output", d->name, s);
            cr_expect(!out || out >= X_OUT || out == X_F16 || out == X_BF16, "%s: output %u",
                      d->name, s);
        }
        for (int t = 0; t < NLL_TYPES; t++)
            cr_expect(d->ulp[t] >= 0 && d->ulp[t] <= 64, "%s: bound %g", d->name, d->ulp[t]);
        for (unsigned other = 0; other < k; other++)
            cr_expect_str_neq(d->name, nll_descs[other].name);
    }
}

Test(dispatch, without_a_cap_the_best) {
    unsetenv("NLL_MAX_ISA");
    cr_expect_str_eq(nll_isa_active(), best_runnable());
    cr_expect_str_eq(nll_isa_current()->name, best_runnable());
}

Test(dispatch, unknown_cap_is_ignored) {
    setenv("NLL_MAX_ISA", "sse9", 1);
    cr_expect_str_eq(nll_isa_active(), best_runnable());
}

Test(dispatch, empty_cap_is_ignored) {
    setenv("NLL_MAX_ISA", "", 1);
    cr_expect_str_eq(nll_isa_active(), best_runnable());
}

Test(dispatch, cap_of_the_first_use) {
    setenv("NLL_MAX_ISA", "scalar", 1);
    cr_expect_str_eq(nll_isa_active(), "scalar");
    unsetenv("NLL_MAX_ISA"); /* read once */
    cr_expect_str_eq(nll_isa_active(), "scalar");
}

/* A cap that does not run here gives the next one that does. */
Test(dispatch, every_cap) {
    for (size_t cap = 0; cap < nll_isa_count(); cap++) {
        size_t want = cap;
        while (!nll_isa_runnable(want)) want++;
        setenv("NLL_MAX_ISA", nll_isa_name(cap), 1);
        cr_assert_eq(nll_isa_select(NULL), NLL_OK);
        cr_expect_str_eq(nll_isa_active(), nll_isa_name(want), "capped by %s", nll_isa_name(cap));
    }
}

Test(dispatch, select_by_name) {
    unsetenv("NLL_MAX_ISA");
    for (size_t i = 0; i < nll_isa_count(); i++) {
        const char *before = nll_isa_active();
        nll_status want = nll_isa_runnable(i) ? NLL_OK : NLL_E_UNSUPPORTED;
        cr_expect_eq(nll_isa_select(nll_isa_name(i)), want, "%s", nll_isa_name(i));
        cr_expect_str_eq(nll_isa_active(), want == NLL_OK ? nll_isa_name(i) : before);
    }
    cr_expect_str_eq(nll_isa_active(), "scalar");
    static const char *const unknown[] = {"", "sse9", "AVX2", "scalar ", "avx", "avx5122"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        cr_expect_eq(nll_isa_select(unknown[i]), NLL_E_UNSUPPORTED, "'%s'", unknown[i]);
        cr_expect_str_eq(nll_isa_active(), "scalar", "after '%s'", unknown[i]);
    }
    cr_expect_eq(nll_isa_select(NULL), NLL_OK);
    cr_expect_str_eq(nll_isa_active(), best_runnable());
}

/* An explicit choice is not capped. */
Test(dispatch, select_goes_beyond_the_cap) {
    setenv("NLL_MAX_ISA", "scalar", 1);
    cr_expect_str_eq(nll_isa_active(), "scalar");
    cr_expect_eq(nll_isa_select(best_runnable()), NLL_OK);
    cr_expect_str_eq(nll_isa_active(), best_runnable());
}

static void *first_use(void *result) {
    *(const nll_isa **)result = nll_isa_current();
    return NULL;
}

Test(dispatch, first_use_by_many_threads) {
    enum { THREADS = 16 };
    pthread_t thread[THREADS];
    const nll_isa *seen[THREADS];
    unsetenv("NLL_MAX_ISA");
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&thread[i], NULL, first_use, &seen[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) cr_expect_str_eq(seen[i]->name, best_runnable());
}
