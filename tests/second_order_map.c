/* second_order_map.c: second derivatives and Hessian-vector products of the element-wise models,
 * against MPFR. */
#include "gen.h"
#include "oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1500, BITS = 256, FORMS = 5, TYPES = 4 };
#define R MPFR_RNDN
static const nll_dtype types[TYPES] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};

/* Second derivatives with the sum of their terms' magnitudes: loc, mixed, spread. */
struct curve {
    long double h[3], mag[3];
};

static long double power(mpfr_t x, int n) {
    mpfr_t y;
    mpfr_init2(y, BITS);
    mpfr_pow_si(y, x, n, R);
    long double v = mpfr_get_ld(y, R);
    mpfr_clear(y);
    return v;
}

static struct curve gaussian(enum oracle_spread form, double loc, double spread, double y) {
    mpfr_t d, s, z;
    mpfr_inits2(BITS, d, s, z, (mpfr_ptr)0);
    mpfr_set_d(s, form ? spread : 1, R);
    if (form == SPREAD_LOG_VAR) mpfr_div_ui(s, s, 2, R);
    if (form == SPREAD_LOG_SCALE || form == SPREAD_LOG_VAR) mpfr_exp(s, s, R);
    if (form == SPREAD_VAR) mpfr_sqrt(s, s, R);
    mpfr_set_d(d, y, R);
    mpfr_sub_d(d, d, loc, R);
    mpfr_div(z, d, s, R);
    long double zl = mpfr_get_ld(z, R), z2 = power(z, 2), up = power(s, -1);
    struct curve c = {.h = {power(s, -2)}};
    switch (form) {
    case SPREAD_VAR:
        c.h[1] = zl * up * power(s, -2);
        c.h[2] = (z2 - 0.5L) * power(s, -4);
        c.mag[2] = (z2 + 0.5L) * power(s, -4);
        break;
    case SPREAD_LOG_SCALE:
        c.h[1] = 2 * zl * up;
        c.h[2] = c.mag[2] = 2 * z2;
        break;
    case SPREAD_LOG_VAR:
        c.h[1] = zl * up;
        c.h[2] = c.mag[2] = z2 / 2;
        break;
    default:
        c.h[1] = 2 * zl * power(s, -2);
        c.h[2] = (3 * z2 - 1) * power(s, -2);
        c.mag[2] = (3 * z2 + 1) * power(s, -2);
    }
    c.mag[0] = c.h[0];
    c.mag[1] = fabsl(c.h[1]);
    mpfr_clears(d, s, z, (mpfr_ptr)0);
    return c;
}

static double uniform(double from, double to, uint64_t *state) {
    return from + (to - from) * ldexp((double)gen_below(1u << 20, state), -20);
}

struct arrays {
    double v[2][N], hess[2][N], hvp[2][N], w[N], up[N];
};

static void random_vectors(struct arrays *a, uint64_t *state) {
    for (size_t i = 0; i < N; i++) {
        for (int k = 0; k < 2; k++) a->v[k][i] = gen_below(8, state) ? uniform(-3, 3, state) : 0;
        a->w[i] = round_to(NLL_F32, gen_below(6, state) ? uniform(0.5, 2, state) : 0);
        a->up[i] = round_to(NLL_F32, uniform(-2, 2, state));
    }
}

static nll_common scaled(const struct arrays *a, int how) {
    nll_common c = {.reduction = how ? NLL_MEAN : NLL_SUM};
    if (!how) return c;
    c.sample_weight = nll_view_1d(a->w, NLL_F64, N);
    c.grad_output = nll_view_1d(a->up, NLL_F64, N);
    return c;
}

/* Index: type, form, sum or weighted mean with upstream gradients. */
ParameterizedTestParameters(second_order_map, gaussian) {
    static int index[TYPES * FORMS * 2];
    for (int i = 0; i < TYPES * FORMS * 2; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)(TYPES * FORMS * 2));
}
ParameterizedTest(int *index, second_order_map, gaussian) {
    uint64_t state = gen_state(1500 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES], compute = type == NLL_F64 ? NLL_F64 : NLL_F32;
    enum oracle_spread form = (enum oracle_spread)(*index / TYPES % FORMS);
    int how = *index / TYPES / FORMS;
    static struct arrays a;
    double loc[N], spread[N], y[N];
    random_vectors(&a, &state);
    for (size_t i = 0; i < N; i++) {
        double s = ldexp(uniform(1, 2, &state), (int)gen_below(12, &state) - 6);
        loc[i] = round_to(type, uniform(-8, 8, &state));
        spread[i] = round_to(type, form >= SPREAD_LOG_SCALE ? uniform(-6, 6, &state) : s);
        y[i] = round_to(type, gen_below(8, &state) ? loc[i] + s * uniform(-3, 3, &state) : loc[i]);
    }
    void *data[3] = {to_array(type, N, loc), to_array(type, N, spread), to_array(type, N, y)};
    nll_result r = {.struct_size = sizeof r};
    nll_gaussian_args args = {.struct_size = sizeof args,
                              .rows = N,
                              .loc = nll_view_1d(data[0], type, N),
                              .target = nll_view_1d(data[2], type, N),
                              .common = scaled(&a, how),
                              .hess_loc = nll_out_1d(a.hess[0], NLL_F64, N),
                              .hess_spread = nll_out_1d(a.hess[1], NLL_F64, N),
                              .vector_loc = nll_view_1d(a.v[0], NLL_F64, N),
                              .vector_spread = nll_view_1d(a.v[1], NLL_F64, N),
                              .hvp_loc = nll_out_1d(a.hvp[0], NLL_F64, N),
                              .hvp_spread = nll_out_1d(a.hvp[1], NLL_F64, N)};
    nll_view *views[] = {NULL, &args.scale, &args.var, &args.log_scale, &args.log_var};
    if (form) *views[form] = nll_view_1d(data[1], type, N);
    ASSERT_OK(nll_gaussian(&args, &r));
    struct tally tally[4] = {
        {.what = "hess loc"}, {.what = "hess spread"}, {.what = "hvp loc"}, {.what = "hvp spread"}};
    double tiny = tiny_of(compute), huge = huge_of(compute);
    /* one roundoff more for the scale, which is itself rounded */
    for (int k = 0; k < 4; k++) tally[k].limit = (form >= SPREAD_LOG_SCALE ? 12 : 8) + how;
    for (size_t i = 0; i < N; i++) {
        struct curve c = gaussian(form, loc[i], spread[i], y[i]);
        long double s = how ? (long double)a.w[i] * a.up[i] / r.weight_sum : 1;
        long double u = unit_of(compute) * fabsl(s), v0 = a.v[0][i], v1 = a.v[1][i];
        tally_add(&tally[0], i, 0, a.hess[0][i], c.h[0] * s, u * c.mag[0], tiny, huge);
        tally_add(&tally[1], i, 0, a.hess[1][i], c.h[2] * s, u * c.mag[2], tiny, huge);
        tally_add(&tally[2], i, 0, a.hvp[0][i], (c.h[0] * v0 + c.h[1] * v1) * s,
                  u * (c.mag[0] * fabsl(v0) + c.mag[1] * fabsl(v1)), tiny, huge);
        tally_add(&tally[3], i, 0, a.hvp[1][i], (c.h[1] * v0 + c.h[2] * v1) * s,
                  u * (c.mag[1] * fabsl(v0) + c.mag[2] * fabsl(v1)), tiny, huge);
    }
    char label[80];
    snprintf(label, sizeof label, "%s gaussian form %d%s", nll_dtype_name(type), (int)form,
             how ? " weighted" : "");
    for (int k = 0; k < 4; k++) tally_check(&tally[k], label);

    /* a vector alone, the outputs alone, gradients in place, and every ISA: the same bits */
    double both[2][N], alone[N], number[N];
    memcpy(both, a.hvp, sizeof both);
    nll_gaussian_args b = args;
    b.hess_loc = b.hess_spread = b.hvp_spread = (nll_out){0};
    b.hvp_loc = nll_out_1d(alone, NLL_F64, N);
    ASSERT_OK(nll_gaussian(&b, NULL));
    cr_expect(memcmp(alone, both[0], sizeof alone) == 0, "%s: hvp_loc alone", label);
    b.vector_spread = (nll_view){0};
    ASSERT_OK(nll_gaussian(&b, NULL));
    for (size_t i = 0; i < N; i++) {
        double want = a.hess[0][i] * a.v[0][i];
        cr_expect(alone[i] == want, "%s: %zu: %a is not %a", label, i, alone[i], want);
    }
    b.vector_spread = nll_number(0);
    b.hvp_loc = nll_out_1d(number, NLL_F64, N);
    ASSERT_OK(nll_gaussian(&b, NULL));
    for (size_t i = 0; i < N; i++) cr_expect(number[i] == alone[i]);
    for (size_t isa = 0; isa < nll_isa_count(); isa++) {
        if (!nll_isa_runnable(isa)) continue;
        cr_assert(nll_isa_select(nll_isa_name(isa)) == NLL_OK);
        ASSERT_OK(nll_gaussian(&args, NULL));
        cr_expect(memcmp(a.hvp, both, sizeof both) == 0, "%s: %s", label, nll_isa_name(isa));
    }
    nll_isa_select(NULL);
    args.grad_loc = nll_out_1d(data[0], type, N);
    if (form) args.grad_spread = nll_out_1d(data[1], type, N);
    ASSERT_OK(nll_gaussian(&args, NULL));
    cr_expect(memcmp(a.hvp, both, sizeof both) == 0, "%s: in place", label);
    for (int k = 0; k < 3; k++) free(data[k]);
}

static long double bernoulli(int probs, double x, double y, double w, double e) {
    long double pos = w * (y * (1 - (long double)e) + (long double)e / 2);
    long double neg = (1 - (long double)y) * (1 - (long double)e) + (long double)e / 2;
    if (probs) {
        long double q = 1 - (long double)x;
        return (neg == 0 ? 0 : neg / q / q) + (pos == 0 ? 0 : pos / x / x);
    }
    mpfr_t t, u;
    mpfr_inits2(BITS, t, u, (mpfr_ptr)0);
    mpfr_set_d(t, -fabs(x), R);
    mpfr_exp(t, t, R);
    mpfr_add_ui(u, t, 1, R);
    mpfr_sqr(u, u, R);
    mpfr_div(t, t, u, R);
    long double h = mpfr_get_ld(t, R) * (pos + neg);
    mpfr_clears(t, u, (mpfr_ptr)0);
    return h;
}

/* Index: type, logits or probs, smoothing. */
ParameterizedTestParameters(second_order_map, bernoulli) {
    static int index[TYPES * 4];
    for (int i = 0; i < TYPES * 4; i++) index[i] = i;
    return cr_make_param_array(int, index, TYPES * 4);
}
ParameterizedTest(int *index, second_order_map, bernoulli) {
    uint64_t state = gen_state(1600 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES], compute = type == NLL_F64 ? NLL_F64 : NLL_F32;
    int probs = *index / TYPES & 1, how = *index / TYPES / 2;
    static struct arrays a;
    double x[N], y[N], pos[N], e = how ? 0.125 : 0;
    random_vectors(&a, &state);
    for (size_t i = 0; i < N; i++) {
        x[i] =
            round_to(type, probs ? uniform(0x1p-10, 1 - 0x1p-6, &state) : uniform(-40, 40, &state));
        y[i] = round_to(type, gen_below(2, &state) ? uniform(0, 1, &state)
                                                   : (double)gen_below(2, &state));
        pos[i] = round_to(type, uniform(0, 4, &state));
    }
    void *data[3] = {to_array(type, N, x), to_array(type, N, y), to_array(type, N, pos)};
    nll_result r = {.struct_size = sizeof r};
    nll_bernoulli_args args = {.struct_size = sizeof args,
                               .rows = N,
                               .target = nll_view_1d(data[1], type, N),
                               .pos_weight = nll_view_1d(data[2], type, N),
                               .label_smoothing = e,
                               .common = scaled(&a, how),
                               .hess = nll_out_1d(a.hess[0], NLL_F64, N),
                               .vector = nll_view_1d(a.v[0], NLL_F64, N),
                               .hvp = nll_out_1d(a.hvp[0], NLL_F64, N)};
    *(probs ? &args.probs : &args.logits) = nll_view_1d(data[0], type, N);
    ASSERT_OK(nll_bernoulli(&args, &r));
    struct tally t = {.what = "hess", .limit = 8 + how};
    for (size_t i = 0; i < N; i++) {
        long double s = how ? (long double)a.w[i] * a.up[i] / r.weight_sum : 1;
        long double h = bernoulli(probs, x[i], y[i], pos[i], e) * s;
        tally_add(&t, i, 0, a.hess[0][i], h, unit_of(compute) * fabsl(h), tiny_of(compute),
                  huge_of(compute));
        double want = a.hess[0][i] * a.v[0][i];
        cr_expect(a.hvp[0][i] == want, "%zu: %a is not %a", i, a.hvp[0][i], want);
    }
    char label[80];
    snprintf(label, sizeof label, "%s %s %d", nll_dtype_name(type), probs ? "probs" : "logits",
             how);
    tally_check(&t, label);
    args.grad = nll_out_1d(data[0], type, N);
    args.hess = (nll_out){0};
    memcpy(a.hvp[1], a.hvp[0], sizeof a.hvp[0]);
    ASSERT_OK(nll_bernoulli(&args, NULL));
    cr_expect(memcmp(a.hvp[1], a.hvp[0], sizeof a.hvp[0]) == 0, "%s: in place", label);
    for (int k = 0; k < 3; k++) free(data[k]);
}

Test(second_order_map, edges_and_errors) {
    double loc[4] = {0, 0, 0, 0}, s[4] = {1, -1, 1, -1}, y[4] = {1, 1, (double)INFINITY, 1};
    double w[4] = {1, 1, 1, 0}, v[4] = {1, 1, 1, 1}, hvp[2][4];
    nll_gaussian_args a = {
        .struct_size = sizeof a,
        .rows = 4,
        .loc = nll_view_1d(loc, NLL_F64, 4),
        .scale = nll_view_1d(s, NLL_F64, 4),
        .target = nll_view_1d(y, NLL_F64, 4),
        .common = {.reduction = NLL_SUM, .sample_weight = nll_view_1d(w, NLL_F64, 4)},
        .vector_loc = nll_view_1d(v, NLL_F64, 4),
        .vector_spread = nll_number(1),
        .hvp_loc = nll_out_1d(hvp[0], NLL_F64, 4),
        .hvp_spread = nll_out_1d(hvp[1], NLL_F64, 4)};
    ASSERT_OK(nll_gaussian(&a, NULL));
    cr_expect(hvp[0][0] == 3 && hvp[1][0] == 4, "%g %g", hvp[0][0], hvp[1][0]);
    for (int i = 1; i < 3; i++)
        for (int k = 0; k < 2; k++)
            cr_expect(is_canonical_nan(hvp[k], NLL_F64, i), "%d %d: %g", i, k, hvp[k][i]);
    cr_expect(hvp[0][3] == 0 && hvp[1][3] == 0, "weight 0: %g %g", hvp[0][3], hvp[1][3]);
    nll_gaussian_args b = a;
    b.vector_loc = b.vector_spread = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_gaussian(&b, NULL));
    b = a, b.vector_loc.rows = 3;
    EXPECT_STATUS(NLL_E_SHAPE, nll_gaussian(&b, NULL));
    b = a, b.hvp_spread.dtype = NLL_I64;
    EXPECT_STATUS(NLL_E_DTYPE, nll_gaussian(&b, NULL));
    b = a, b.hvp_spread.data = v;
    EXPECT_STATUS(NLL_E_ALIAS, nll_gaussian(&b, NULL));
    b = a, b.hvp_spread.data = hvp[0];
    EXPECT_STATUS(NLL_E_ALIAS, nll_gaussian(&b, NULL));
    nll_bernoulli_args c = {.struct_size = sizeof c,
                            .rows = 4,
                            .logits = nll_view_1d(loc, NLL_F64, 4),
                            .target = nll_number(1),
                            .hvp = nll_out_1d(hvp[0], NLL_F64, 4)};
    EXPECT_STATUS(NLL_E_NULL, nll_bernoulli(&c, NULL));
    c.vector = nll_number(2);
    c.common.reduction = NLL_SUM;
    ASSERT_OK(nll_bernoulli(&c, NULL));
    cr_expect(hvp[0][2] == 0.5, "%g", hvp[0][2]);
}
