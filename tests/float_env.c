/* float_env.c: the caller's rounding mode and flush-to-zero change no bit, and are restored. */
#include "functions.h"
#include "gen.h"
#include "problem.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The control register, without its sticky exception flags. */
#if defined(__x86_64__)
#include <immintrin.h>
static uint64_t control(void) { return _mm_getcsr() & ~0x3fu; }
static void set_control(uint64_t v) { _mm_setcsr((unsigned)v); }
enum { FLUSH = 0x8040 }; /* FTZ and DAZ */
#elif defined(__aarch64__)
static uint64_t control(void) {
    uint64_t v;
    __asm__ volatile("mrs %0, fpcr" : "=r"(v));
    return v;
}
static void set_control(uint64_t v) { __asm__ volatile("msr fpcr, %0" : : "r"(v)); }
enum { FLUSH = 1 << 24 }; /* FZ */
#else
#error "control register of this CPU"
#endif

static const int roundings[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
enum { ROUNDINGS = 4, SETTINGS = 2 * ROUNDINGS };

static uint64_t enter(int setting) {
    uint64_t before = control();
    fesetround(roundings[setting % ROUNDINGS]);
    if (setting / ROUNDINGS) set_control(control() | FLUSH);
    return before;
}

/* Back to the test's own; says whether the library had left the register alone. */
static void leave(uint64_t before, uint64_t during, const char *what) {
    uint64_t after = control();
    fesetround(FE_TONEAREST);
    set_control(before);
    cr_expect_eq(after, during, "%s: control register %#jx, not %#jx", what, (uintmax_t)after,
                 (uintmax_t)during);
}

static struct criterion_test_params all_settings(void) {
    static int index[SETTINGS];
    for (int i = 0; i < SETTINGS; i++) index[i] = i;
    return cr_make_param_array(int, index, SETTINGS);
}

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};

/* The register is changed around the library's call alone: the test's own arithmetic is not the
 * subject. */
#define RUN(setting, what, call)                                \
    do {                                                        \
        uint64_t before_ = enter(setting), during_ = control(); \
        call;                                                   \
        leave(before_, during_, what);                          \
    } while (0)

ParameterizedTestParameters(float_env, models) { return all_settings(); }
ParameterizedTest(int *index, float_env, models) {
    for (int t = 0; t < 4; t++) {
        for (int which = 0; which < CATEGORICAL_PROBLEMS; which++) {
            struct problem p;
            nll_categorical_args a = categorical_problem(&p, which, types[t], 40, 77);
            struct snapshot ref = snap_categorical(&a, NLL_F64, types[t], SNAP_ALL), s;
            RUN(*index, "categorical", s = snap_categorical(&a, NLL_F64, types[t], SNAP_ALL));
            snap_compare(&s, &ref, "categorical");
            snap_free(&s);
            snap_free(&ref);
            problem_free(&p);
        }
        for (int which = 0; which < BERNOULLI_PROBLEMS; which++) {
            struct problem p;
            nll_bernoulli_args a = bernoulli_problem(&p, which, types[t], 3000);
            struct snapshot ref = snap_bernoulli(&a, NLL_F32, types[t], SNAP_ALL), s;
            RUN(*index, "bernoulli", s = snap_bernoulli(&a, NLL_F32, types[t], SNAP_ALL));
            snap_compare(&s, &ref, "bernoulli");
            snap_free(&s);
            snap_free(&ref);
            problem_free(&p);
        }
        for (int which = 0; which < GAUSSIAN_PROBLEMS; which++) {
            struct problem p;
            nll_gaussian_args a = gaussian_problem(&p, which, types[t], 3000);
            struct snapshot ref = snap_gaussian(&a, NLL_F32, types[t], SNAP_ALL), s;
            RUN(*index, "gaussian", s = snap_gaussian(&a, NLL_F32, types[t], SNAP_ALL));
            snap_compare(&s, &ref, "gaussian");
            snap_free(&s);
            snap_free(&ref);
            problem_free(&p);
        }
    }
}

ParameterizedTestParameters(float_env, functions) { return all_settings(); }
ParameterizedTest(int *index, float_env, functions) {
    enum { N = 5000 };
    for (int t = 0; t < 2; t++)
        for (int f = 0; f < FUNCTIONS; f++) {
            uint64_t state = gen_state(4000 + (uint64_t)f);
            void *x = new_array(types[t], N), *ref = new_array(types[t], N),
                 *y = new_array(types[t], N);
            for (int i = 0; i < N; i++)
                elem_set(x, types[t], i, gen_value(t ? GEN_WIDE : GEN_REAL, &state));
            nll_view in = nll_view_1d(x, types[t], N);
            nll_status plain = functions[f].call(N, in, nll_out_1d(ref, types[t], N)), s;
            RUN(*index, functions[f].name,
                s = functions[f].call(N, in, nll_out_1d(y, types[t], N)));
            cr_expect_eq(s, plain);
            cr_expect_eq(memcmp(y, ref, N * nll_dtype_size(types[t])), 0, "%s in %s",
                         functions[f].name, nll_dtype_name(types[t]));
            free(x);
            free(ref);
            free(y);
        }
}

/* Domains too are seen without flush-to-zero: a subnormal scale is above 0. */
ParameterizedTestParameters(float_env, domain_checks) { return all_settings(); }
ParameterizedTest(int *index, float_env, domain_checks) {
    float x[2] = {0, 0}, scale[2] = {1, 0x1p-140f}, p[2] = {0x1p-149f, 0.5f},
          q[4] = {0, 1, 0x1p-140f, 1};
    int8_t y[2] = {0, 1};
    nll_status s;
    nll_gaussian_args g = {.struct_size = sizeof g,
                           .rows = 2,
                           .loc = nll_view_1d(x, NLL_F32, 2),
                           .scale = nll_view_1d(scale, NLL_F32, 2),
                           .target = nll_view_1d(x, NLL_F32, 2),
                           .common = {.check_domain = 1}};
    RUN(*index, "gaussian", s = nll_gaussian(&g, NULL));
    cr_expect_eq(s, NLL_OK, "subnormal scale: %s", nll_status_string(s));
    nll_bernoulli_args b = {.struct_size = sizeof b,
                            .rows = 2,
                            .probs = nll_view_1d(p, NLL_F32, 2),
                            .target = nll_view_1d(y, NLL_I8, 2),
                            .common = {.check_domain = 1}};
    RUN(*index, "bernoulli", s = nll_bernoulli(&b, NULL));
    cr_expect_eq(s, NLL_OK, "subnormal probability: %s", nll_status_string(s));
    q[2] = -0x1p-140f; /* a negative one is out of its domain, however small */
    nll_categorical_args c = {.struct_size = sizeof c,
                              .probs = nll_view_2d(q, NLL_F32, 2, 2),
                              .target = nll_view_1d(x, NLL_I8, 2),
                              .common = {.check_domain = 1}};
    RUN(*index, "categorical", s = nll_categorical(&c, NULL));
    cr_expect_eq(s, NLL_E_DOMAIN, "negative subnormal probability: %s", nll_status_string(s));
}

/* An error leaves the environment alone too. */
ParameterizedTestParameters(float_env, errors) { return all_settings(); }
ParameterizedTest(int *index, float_env, errors) {
    float x[4] = {0};
    int8_t y[2] = {0, 2};
    nll_status s;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, 2, 2),
                              .target = nll_view_1d(y, NLL_I8, 2)};
    RUN(*index, "label error", s = nll_categorical(&a, NULL));
    cr_expect_eq(s, NLL_E_LABEL);
}
