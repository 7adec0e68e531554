/* accuracy_functions.c: errors of the element-wise functions in ULP, against the bounds of
 * kernels.def.  Float: a strided subset of all 2^32 inputs, or all of them. */
#include "functions.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 4096, CHUNKS = 64 };

struct worst {
    double ulp, x, got;
    long double want;
    size_t above; /* inputs beyond the bound */
};

/* 2^-(e - 23) of the binade e of a finite double, the least one that of subnormal floats. */
static double per_ulp32(double v) {
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    int e = (int)(b >> 52 & 2047) - 1023;
    e = e < -126 ? -126 : e > 127 ? 127 : e;
    b = (uint64_t)(1023 - (e - 23)) << 52;
    memcpy(&v, &b, sizeof v);
    return v;
}

/* Error in ULP where both are numbers; infinite where one is not and the other is. */
static double error32(float got, double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    /* what is too large stands for the power of two after the largest number */
    double g = fmax(fmin(got, 0x1p128), -0x1p128), w = fmax(fmin(want, 0x1p128), -0x1p128);
    return fabs(g - w) * per_ulp32(w);
}

static double error64(double got, long double want) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    long double g = fmaxl(fminl(got, 0x1p1024L), -0x1p1024L);
    long double w = fmaxl(fminl(want, 0x1p1024L), -0x1p1024L);
    return (double)(fabsl(g - w) / ulp_of(NLL_F64, w));
}

/* lgamma promises 1e-8 absolute below 0, where it has zeros. */
static int near_zero_of_lgamma(const struct function *f, double x, double got, long double want) {
    return f->oracle == FN_LGAMMA && x < 0 && fabsl(got - want) <= 1e-8L;
}

static void note(struct worst *w, double bound, double ulp, double x, double got,
                 long double want) {
    w->above += !(ulp <= bound);
    if (ulp <= w->ulp) return;
    *w = (struct worst){ulp, x, got, want, w->above};
}

static void check_f32(const struct function *f, const float *x, const float *y, size_t n,
                      struct worst *w) {
    double bound = nll_descs[f->kernel].ulp[NLL_TYPE_F32];
    for (size_t i = 0; i < n; i++) {
        long double want = oracle_fn_double(f->oracle, x[i]);
        double ulp = error32(y[i], (double)want);
        if (ulp > bound - 1e-3) { /* too close for double to judge */
            if (near_zero_of_lgamma(f, x[i], y[i], want)) continue;
            want = oracle_fn(f->oracle, x[i]);
            ulp = error32(y[i], (double)want);
        }
        note(w, bound, ulp, x[i], y[i], want);
    }
}

static void report(const struct function *f, const char *type, const struct worst *w, double bound,
                   unsigned long long n) {
    fprintf(stderr,
            "%-9s %s  max error %.4f ULP (bound %.4g) at %a: got %a, want %.21Lg; %llu inputs\n",
            f->name, type, w->ulp, bound, w->x, w->got, w->want, n);
    cr_expect(w->above == 0,
              "%s %s: %zu inputs above %.4g ULP; worst %.4f at x = %a (%.9g): got %a, want %.21Lg",
              f->name, type, w->above, bound, w->ulp, w->x, w->x, w->got, w->want);
}

static int call_or_skip(const struct function *f, size_t n, nll_view x, nll_out y) {
    nll_status s = f->call(n, x, y);
    if (s == NLL_E_UNSUPPORTED && f->oracle == FN_LGAMMA) {
        fprintf(stderr, "lgamma is not supported on this path: skipped\n");
        return 0;
    }
    cr_assert_eq(s, NLL_OK, "%s: %s", f->name, nll_status_string(s));
    return 1;
}

static struct criterion_test_params indices(int n) {
    static int index[FUNCTIONS * CHUNKS];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

static int chunks(void) { return gen_exhaustive() ? CHUNKS : 1; }

ParameterizedTestParameters(accuracy_functions, f32) { return indices(FUNCTIONS * chunks()); }
ParameterizedTest(int *index, accuracy_functions, f32) {
    const struct function *f = &functions[*index / chunks()];
    uint64_t shift = gen_exhaustive() ? 0 : gen_quick() ? 14 : 10;
    uint64_t n = (1ull << (32 - shift)) / (uint64_t)chunks(),
             first = n * (uint64_t)(*index % chunks());
    static float x[BATCH], y[BATCH];
    struct worst w = {0};
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint64_t j = 0; j < BATCH; j++) {
            uint64_t at = first + i + j, state = at;
            uint32_t bits = (uint32_t)(at << shift | (gen_bits(&state) & ((1u << shift) - 1)));
            memcpy(&x[j], &bits, sizeof bits);
        }
        if (!call_or_skip(f, BATCH, nll_view_1d(x, NLL_F32, BATCH), nll_out_1d(y, NLL_F32, BATCH)))
            return;
        check_f32(f, x, y, BATCH, &w);
    }
    report(f, "f32", &w, nll_descs[f->kernel].ulp[NLL_TYPE_F32], n);
}

/* Points where range reductions, segments and formats change: with their neighbours. */
static double structured(uint64_t i) {
    double base;
    int64_t step = (int64_t)(i % 7) - 3;
    i /= 7;
    double sign = i & 1 ? -1 : 1;
    i >>= 1;
    if (i < 2098)
        base = ldexp(1, (int)i - 1074);
    else if ((i -= 2098) < 2200)
        base = (double)i * 0x1.62e42fefa39efp-2; /* ln2 / 2 */
    else if ((i -= 2200) < 800)
        base = (double)i;
    else if ((i -= 800) < 60)
        base = 1 + ldexp(1, -(int)i);
    else if ((i -= 60) < 60)
        base = 1 - ldexp(1, -(int)i);
    else if ((i -= 60) < 2048)
        base = ldexp((double)i, -9); /* tables and segments: multiples of 1/512 up to 4 */
    else {
        static const double cuts[] = {18,
                                      33.3,
                                      36.7368,
                                      708.3964,
                                      709.782712893384,
                                      745.13321910194,
                                      1.4616321449683623,
                                      2.5,
                                      171.6,
                                      2.556348e305,
                                      1e-300,
                                      0x1p-53};
        base = cuts[(i - 2048) % (sizeof cuts / sizeof *cuts)];
    }
    uint64_t bits;
    memcpy(&bits, &base, sizeof bits);
    bits += bits > 3 ? (uint64_t)step : 0;
    memcpy(&base, &bits, sizeof bits);
    return sign * base;
}
enum { STRUCTURED = 7 * 2 * (2098 + 2200 + 800 + 120 + 2048 + 12) };

static double point64(uint64_t i, uint64_t *state) {
    uint64_t r = gen_bits(state);
    double x;
    if (i < STRUCTURED) return structured(i);
    if (i & 1) { /* where the functions are not constant: 2^-40 to 2^11 */
        x = ldexp(1 + ldexp((double)(r >> 12), -52), (int)(gen_bits(state) % 51) - 40);
        return r & 1 ? -x : x;
    }
    memcpy(&x, &r, sizeof x);
    return x;
}

ParameterizedTestParameters(accuracy_functions, f64) { return indices(FUNCTIONS * chunks()); }
ParameterizedTest(int *index, accuracy_functions, f64) {
    const struct function *f = &functions[*index / chunks()];
    double bound = nll_descs[f->kernel].ulp[NLL_TYPE_F64];
    uint64_t state = gen_state((uint64_t)*index), n = gen_count(1u << 19);
    uint64_t first = *index % chunks() ? STRUCTURED : 0; /* the structured points once */
    static double x[BATCH], y[BATCH];
    struct worst w = {0};
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint64_t j = 0; j < BATCH; j++) x[j] = point64(first + i + j, &state);
        if (!call_or_skip(f, BATCH, nll_view_1d(x, NLL_F64, BATCH), nll_out_1d(y, NLL_F64, BATCH)))
            return;
        for (size_t j = 0; j < BATCH; j++) {
            long double want = oracle_fn_long(f->oracle, x[j]);
            double ulp = error64(y[j], want);
            if (ulp > bound - 0.02) {
                if (near_zero_of_lgamma(f, x[j], y[j], want)) continue;
                want = oracle_fn(f->oracle, x[j]);
                ulp = error64(y[j], want);
            }
            note(&w, bound, ulp, x[j], y[j], want);
        }
    }
    report(f, "f64", &w, bound, n);
}

/* Every half and bfloat16: widened exactly, computed in float, rounded once more. */
ParameterizedTestParameters(accuracy_functions, half_types) { return indices(FUNCTIONS); }
ParameterizedTest(int *index, accuracy_functions, half_types) {
    enum { ALL = 65536 };
    static const nll_dtype types[] = {NLL_F16, NLL_BF16};
    const struct function *f = &functions[*index];
    uint16_t *bits = malloc(ALL * 2), *y16 = new_array(NLL_F16, ALL);
    float *wide = new_array(NLL_F32, ALL), *y = new_array(NLL_F32, ALL),
          *ref = new_array(NLL_F32, ALL);
    for (int i = 0; i < ALL; i++) bits[i] = (uint16_t)i;
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < ALL; i++) wide[i] = (float)elem_get(bits, types[t], i);
        nll_view narrow = nll_view_1d(bits, types[t], ALL);
        if (!call_or_skip(f, ALL, nll_view_1d(wide, NLL_F32, ALL), nll_out_1d(ref, NLL_F32, ALL)))
            break;
        ASSERT_OK(f->call(ALL, narrow, nll_out_1d(y, NLL_F32, ALL)));
        cr_expect(memcmp(y, ref, ALL * 4) == 0, "%s of %s differs from float", f->name,
                  nll_dtype_name(types[t]));
        ASSERT_OK(f->call(ALL, narrow, nll_out_1d(y16, types[t], ALL)));
        uint16_t expected;
        size_t wrong = 0;
        for (int i = 0; i < ALL; i++) {
            elem_set(&expected, types[t], 0, ref[i]);
            wrong += expected != y16[i];
        }
        cr_expect(wrong == 0, "%s to %s: %zu results not rounded once", f->name,
                  nll_dtype_name(types[t]), wrong);
    }
    free(bits);
    free(y16);
    free(wide);
    free(y);
    free(ref);
}
