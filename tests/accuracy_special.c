/* accuracy_special.c: special functions: double against the oracle, within the bounds of
 * kernels.def; float against double, which is then as good as exact. */
#include "gen.h"
#include "oracle_special.h"
#include "support.h"

#include <nll/nll.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 4096, CUTS = 8 };

/* Arguments are log-uniform between powers of two; log1pmx takes both signs.  Cuts: where a kernel
 * changes its way, or its function its sign; they and their neighbours are tested by name. */
static const struct special {
    enum nll_kernel kernel;
    nll_status (*unary)(size_t, nll_view, nll_out);
    nll_status (*binary)(size_t, nll_view, nll_view, nll_out);
    int low, high, low32, high32; /* exponents for double, for float */
    double cuts[CUTS];
} specials[] = {
    {NLL_K_sin,
     nll_vsin,
     NULL,
     -300,
     50,
     -126,
     50,
     {0.78539816339744828, 1.5707963267948966, 3.1415926535897931, 0x1p50, 2.3561944901923448}},
    {NLL_K_cos,
     nll_vcos,
     NULL,
     -300,
     50,
     -126,
     50,
     {0.78539816339744828, 1.5707963267948966, 3.1415926535897931, 0x1p50, 2.3561944901923448}},
    {NLL_K_log1pmx,
     nll_vlog1pmx,
     NULL,
     -300,
     300,
     -60,
     60,
     {-0.5, -0.29289321881345248, 0.41421356237309505, 1, 1.8284271247461901, 3,
      4.656854249492381}},
    {NLL_K_lgamma_pos,
     nll_vlgamma_pos,
     NULL,
     -900,
     900,
     -149,
     120,
     {1, 2, 3, 1.4616321449683623, 0.5, 2.71828182845904524}},
    {NLL_K_stirling, nll_vstirling, NULL, -900, 900, -126, 120, {1, 0.5, 2, 0x1p-1000}},
    {NLL_K_digamma, nll_vdigamma, NULL, -900, 900, -126, 127, {1, 0.5, 2, 1.4616321449683623}},
    {NLL_K_trigamma, nll_vtrigamma, NULL, -500, 900, -60, 120, {1, 0.5, 2}},
    {NLL_K_bd0,
     NULL,
     nll_vbd0,
     -60,
     60,
     -40,
     40,
     {1, 0.5, 2, 1.4142135623730951, 0.70710678118654757}},
    {NLL_K_student, nll_vstudent, NULL, -100, 100, -80, 80, {1, 0.5, 2}},
    {NLL_K_lgamma_diff, NULL, nll_vlgamma_diff, -27, 50, -20, 27, {1, 0.5, 2, 0.41421356237309505}},
    {NLL_K_digamma_diff,
     NULL,
     nll_vdigamma_diff,
     -27,
     50,
     -20,
     27,
     {1, 0.5, 2, 0.41421356237309505}},
    {NLL_K_trigamma_diff, NULL, nll_vtrigamma_diff, -27, 50, -20, 27, {1, 0.5, 2, 3}},
    {NLL_K_lgamma_rise, NULL, nll_vlgamma_rise, -27, 50, -20, 27, {1, 0.5, 2, 0.41421356237309505}},
    {NLL_K_lbeta, NULL, nll_vlbeta, -27, 50, -20, 27, {1, 0.5, 2}},
    {NLL_K_log_i0e, nll_vlog_i0e, NULL, -150, 150, -126, 127, {1.4, 4, 12, 1, 0.5, 256}},
    {NLL_K_bessel_ratio, nll_vbessel_ratio, NULL, -150, 150, -126, 127, {1.4, 4, 12, 1, 0.5}},
    {NLL_K_bessel_complement,
     nll_vbessel_complement,
     NULL,
     -150,
     150,
     -126,
     127,
     {1.4, 4, 12, 1, 0.5}},
    {NLL_K_bessel_ratio_slope, nll_vbessel_ratio_slope, NULL, -150, 150, -60, 60, {1.4, 4, 12, 1}},
};
enum { SPECIALS = sizeof specials / sizeof *specials };

static struct criterion_test_params indices(int n) {
    static int index[64];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

static double neighbour(double x, int64_t steps) {
    uint64_t bits;
    if (x == 0) return x;
    memcpy(&bits, &x, sizeof bits);
    bits += (uint64_t)steps;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double log_uniform(int low, int high, uint64_t *state) {
    uint64_t r = gen_bits(state);
    double m = 1 + ldexp((double)(r >> 12), -52);
    return ldexp(m, low + (int)(gen_bits(state) % (uint64_t)(high - low)));
}

/* Argument i of the first kind; the rest random, one in two where the function bends most. */
static double argument(const struct special *f, uint64_t i, uint64_t *state) {
    uint64_t named = 21 * CUTS;
    double x = i < named ? neighbour(f->cuts[i / 21], (int64_t)(i % 21) - 10) : 0;
    if (x == 0) x = i & 1 ? log_uniform(-8, 6, state) : log_uniform(f->low, f->high, state);
    if (f->kernel == NLL_K_log1pmx && i >= named && gen_bits(state) & 1)
        x = x < 1 ? -x : -ldexp(1, -(int)(i % 50) - 1) * (1 - ldexp(x, -900));
    return x;
}

/* The second argument: at cuts of the ratio, near the first one, a cut, anywhere. */
static double second(const struct special *f, double x, uint64_t i, uint64_t *state) {
    switch (i % 5) {
    case 0:
    case 4:
        return i & 1 ? neighbour(1, (int64_t)(i / 4 % 5) - 2) : log_uniform(f->low, f->high, state);
    case 1: return x * (1 + ldexp((double)(gen_bits(state) >> 11), -53 - (int)(i / 4 % 40)));
    case 2: return x * log_uniform(-4, 4, state);
    default: return x * neighbour(f->cuts[i / 4 % CUTS] != 0 ? f->cuts[i / 4 % CUTS] : 3, 2);
    }
}

static nll_status call(const struct special *f, nll_dtype type, const void *x, const void *y,
                       void *z) {
    nll_view vx = nll_view_1d(x, type, BATCH), vy = nll_view_1d(y, type, BATCH);
    nll_out out = nll_out_1d(z, type, BATCH);
    return f->unary ? f->unary(BATCH, vx, out) : f->binary(BATCH, vx, vy, out);
}

ParameterizedTestParameters(accuracy_special, f64) { return indices(SPECIALS); }
ParameterizedTest(int *index, accuracy_special, f64) {
    const struct special *f = &specials[*index];
    double bound = nll_descs[f->kernel].ulp[NLL_TYPE_F64], worst = 0, at[2] = {0, 0};
    static double x[BATCH], y[BATCH], z[BATCH];
    uint64_t state = gen_state(5000 + (uint64_t)f->kernel), n = gen_count(1u << 16), above = 0;
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint64_t j = 0; j < BATCH; j++) {
            x[j] = argument(f, f->unary ? i + j : i + j + 21 * CUTS, &state);
            y[j] = second(f, x[j], i + j, &state);
        }
        ASSERT_OK(call(f, NLL_F64, x, y, z));
        for (size_t j = 0; j < BATCH; j++) {
            struct oracle_value want = oracle_special(f->kernel, x[j], y[j]);
            double ulp = (double)(fabsl(z[j] - want.v) / ulp_of(NLL_F64, want.mag));
            if (f->high == 50 && f->unary && fabs(x[j]) > 0x1p50) continue; /* no angle */
            if (fabsl(want.v) > 0x1.fffffffffffffp1023L) ulp = isinf(z[j]) ? 0 : INFINITY;
            above += !(ulp <= bound);
            if (ulp <= worst) continue;
            worst = ulp;
            at[0] = x[j];
            at[1] = y[j];
        }
    }
    fprintf(stderr, "%-10s f64 max error %.3f ULP (bound %.4g) at %.17g, %.17g\n",
            nll_descs[f->kernel].name, worst, bound, at[0], at[1]);
    cr_expect(above == 0, "%s: %llu of %llu above the bound", nll_descs[f->kernel].name,
              (unsigned long long)above, (unsigned long long)n);
}

/* |got - want| in ULP of a float the size of want or of its terms. */
static double error32(float got, double want, double terms) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (isinf(got) || isinf(want)) return (double)got == (double)(float)want ? 0 : INFINITY;
    return fabs(got - want) / (double)ulp_of(NLL_F32, fmax(fabs(want), terms));
}

ParameterizedTestParameters(accuracy_special, f32) { return indices(SPECIALS); }
ParameterizedTest(int *index, accuracy_special, f32) {
    const struct special *f = &specials[*index];
    double bound = nll_descs[f->kernel].ulp[NLL_TYPE_F32], worst = 0, at[2] = {0, 0};
    static double x[BATCH], y[BATCH], z[BATCH];
    static float x32[BATCH], y32[BATCH], z32[BATCH];
    /* one argument: over all floats, or every 2^shift-th; two: the first one so */
    unsigned shift = gen_exhaustive() && f->unary ? 0 : gen_quick() ? 14 : 9;
    uint64_t state = gen_state(5100 + (uint64_t)f->kernel), n = 1ull << (32 - shift), above = 0;
    for (uint64_t i = 0; i < n; i += BATCH) {
        for (uint64_t j = 0; j < BATCH; j++) {
            uint32_t bits = (uint32_t)((i + j) << shift);
            if (shift) bits |= (uint32_t)gen_bits(&state) & ((1u << shift) - 1);
            memcpy(&x32[j], &bits, sizeof bits);
            if (f->binary) {
                x32[j] = (float)log_uniform(f->low32, f->high32, &state);
                y32[j] = (float)second(f, x32[j], i + j, &state);
            }
            x[j] = x32[j];
            y[j] = y32[j];
        }
        ASSERT_OK(call(f, NLL_F64, x, y, z));
        ASSERT_OK(call(f, NLL_F32, x32, y32, z32));
        for (size_t j = 0; j < BATCH; j++) {
            double terms = (double)oracle_special_parts(f->kernel, x[j], y[j]);
            double ulp = error32(z32[j], z[j], terms);
            above += !(ulp <= bound);
            if (ulp <= worst) continue;
            worst = ulp;
            at[0] = x[j];
            at[1] = y[j];
        }
    }
    fprintf(stderr, "%-10s f32 max error %.4f ULP (bound %.4g) at %.9g, %.9g; %llu inputs\n",
            nll_descs[f->kernel].name, worst, bound, at[0], at[1], (unsigned long long)n);
    cr_expect(above == 0, "%s: %llu of %llu above the bound", nll_descs[f->kernel].name,
              (unsigned long long)above, (unsigned long long)n);
}

/* Limits and the ends of the domain. */
static const struct edge {
    enum nll_kernel kernel;
    double x, y, want;
} edges[] = {
    {NLL_K_log1pmx, 0, 0, 0},
    {NLL_K_log1pmx, -1, 0, -INFINITY},
    {NLL_K_log1pmx, -1.5, 0, NAN},
    {NLL_K_log1pmx, INFINITY, 0, -INFINITY},
    {NLL_K_log1pmx, -INFINITY, 0, NAN},
    {NLL_K_log1pmx, 1e305, 0, -1e305},
    {NLL_K_log1pmx, NAN, 0, NAN},
    {NLL_K_sin, -0.0, 0, -0.0},
    {NLL_K_sin, INFINITY, 0, NAN},
    {NLL_K_sin, 0x1p51, 0, NAN},
    {NLL_K_sin, NAN, 0, NAN},
    {NLL_K_cos, 0, 0, 1},
    {NLL_K_cos, -INFINITY, 0, NAN},
    {NLL_K_lgamma_pos, 0, 0, INFINITY},
    {NLL_K_lgamma_pos, 1, 0, 0},
    {NLL_K_lgamma_pos, 2, 0, 0},
    {NLL_K_lgamma_pos, -0.5, 0, NAN},
    {NLL_K_lgamma_pos, INFINITY, 0, INFINITY},
    {NLL_K_lgamma_pos, 0x1p1023, 0, INFINITY},
    {NLL_K_lgamma_pos, NAN, 0, NAN},
    {NLL_K_stirling, 0, 0, INFINITY},
    {NLL_K_stirling, -0.5, 0, NAN},
    {NLL_K_stirling, INFINITY, 0, 0},
    {NLL_K_stirling, NAN, 0, NAN},
    {NLL_K_digamma, 0, 0, -INFINITY},
    {NLL_K_digamma, 0x1p-1074, 0, -INFINITY},
    {NLL_K_digamma, -2.5, 0, NAN},
    {NLL_K_digamma, INFINITY, 0, INFINITY},
    {NLL_K_digamma, NAN, 0, NAN},
    {NLL_K_trigamma, 0, 0, INFINITY},
    {NLL_K_trigamma, 0x1p-1074, 0, INFINITY},
    {NLL_K_trigamma, -2.5, 0, NAN},
    {NLL_K_trigamma, INFINITY, 0, 0},
    {NLL_K_trigamma, NAN, 0, NAN},
    {NLL_K_bd0, 0, 3, 3},
    {NLL_K_bd0, 0, 0, 0},
    {NLL_K_bd0, 3, 3, 0},
    {NLL_K_bd0, 3, 0, INFINITY},
    {NLL_K_bd0, 0x1p-1074, 5, 5},
    {NLL_K_bd0, 0x1p-1000, 0x1p1000, 0x1p1000},
    {NLL_K_bd0, -1, 3, NAN},
    {NLL_K_bd0, 3, -1, NAN},
    {NLL_K_bd0, NAN, 3, NAN},
    {NLL_K_bd0, 3, NAN, NAN},
    {NLL_K_bd0, 3, INFINITY, INFINITY},
    {NLL_K_student, 0, 0, -INFINITY},
    {NLL_K_student, -1, 0, NAN},
    {NLL_K_student, INFINITY, 0, 0},
    {NLL_K_log_i0e, 0, 0, 0},
    {NLL_K_log_i0e, -1, 0, NAN},
    {NLL_K_log_i0e, INFINITY, 0, -INFINITY},
    {NLL_K_log_i0e, NAN, 0, NAN},
    {NLL_K_bessel_ratio, 0, 0, 0},
    {NLL_K_bessel_ratio, INFINITY, 0, 1},
    {NLL_K_bessel_ratio, -1, 0, NAN},
    {NLL_K_bessel_complement, 0, 0, 1},
    {NLL_K_bessel_complement, INFINITY, 0, 0},
    {NLL_K_bessel_complement, NAN, 0, NAN},
    {NLL_K_bessel_ratio_slope, 0, 0, 0.5},
    {NLL_K_bessel_ratio_slope, INFINITY, 0, 0},
    {NLL_K_lgamma_diff, 3, 0, 0},
    {NLL_K_lgamma_diff, 0, 3, NAN},
    {NLL_K_lgamma_diff, 3, -1, NAN},
    {NLL_K_lgamma_diff, NAN, 1, NAN},
    {NLL_K_lgamma_diff, 1, NAN, NAN},
    {NLL_K_digamma_diff, 0x1p-700, 0, 0},
    {NLL_K_digamma_diff, 0, 3, NAN},
    {NLL_K_digamma_diff, 1, NAN, NAN},
    {NLL_K_trigamma_diff, 1e300, 0, 0},
    {NLL_K_trigamma_diff, NAN, 0, NAN},
    {NLL_K_lgamma_rise, 1e15, 0, 0},
    {NLL_K_lgamma_rise, 0, 1, NAN},
    {NLL_K_lbeta, 0, 1, INFINITY},
    {NLL_K_lbeta, 1, 0, INFINITY},
    {NLL_K_lbeta, -1, 3, NAN},
    {NLL_K_lbeta, 3, NAN, NAN},
};

Test(accuracy_special, edges) {
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const struct edge *e = &edges[i];
        const struct special *f = specials;
        static double x[BATCH], y[BATCH], z[BATCH];
        while (f->kernel != e->kernel) f++;
        for (int j = 0; j < BATCH; j++) x[j] = e->x, y[j] = e->y;
        ASSERT_OK(call(f, NLL_F64, x, y, z));
        cr_expect(isnan(e->want) ? isnan(z[0]) : z[0] == e->want, "%s(%g, %g) = %.17g, not %g",
                  nll_descs[e->kernel].name, e->x, e->y, z[0], e->want);
    }
}
