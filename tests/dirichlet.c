/* dirichlet.c: nll_dirichlet against MPFR, its edges and errors. */
#include "check_models.h"
#include "gen.h"
#include "pairs.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BITS = 320 }; /* log-gammas of 1e15 cancel */
#define R MPFR_RNDN
#define INF ((double)INFINITY)

/* |log(2 pi / a)| / 2, and a (t - log(1 + t)): terms that do not cancel but with each other. */
static long double half_log(long double a) {
    return fabsl(logl(6.283185307179586476925286766559005768L / a)) / 2;
}
static long double deviance(long double a, long double t) {
    return a * (fabsl(t) < 1e-6L ? t * t / 2 : t - log1pl(t));
}

struct want {
    long double v, mag, *grad[2], *grad_mag[2];
};
static void oracle(size_t cols, const double *a, const double *y, struct want *w) {
    mpfr_t sum, whole, t, u, psi;
    mpfr_inits2(BITS, sum, whole, t, u, psi, (mpfr_ptr)0);
    mpfr_set_ui(whole, 0, R);
    for (size_t c = 0; c < cols; c++) mpfr_add_d(whole, whole, a[c], R);
    mpfr_digamma(psi, whole, R);
    mpfr_lngamma(sum, whole, R);
    mpfr_neg(sum, sum, R);
    long double A = mpfr_get_ld(whole, R);
    long double total = -1;
    for (size_t c = 0; c < cols; c++) total += y[c];
    w->mag = half_log(A) + fabsl(A * total);
    for (size_t c = 0; c < cols; c++) {
        mpfr_set_d(t, a[c], R);
        mpfr_digamma(u, t, R);
        mpfr_lngamma(t, t, R);
        mpfr_add(sum, sum, t, R);
        mpfr_sub(u, u, psi, R);
        mpfr_set_d(t, y[c], R);
        mpfr_log(t, t, R);
        mpfr_sub(u, u, t, R);
        w->grad[0][c] = mpfr_get_ld(u, R);
        mpfr_set_d(u, a[c], R);
        mpfr_sub_ui(u, u, 1, R);
        mpfr_mul(t, t, u, R);
        mpfr_sub(sum, sum, t, R);
        w->grad[1][c] = -((long double)a[c] - 1) / y[c];
        long double log_a = logl(a[c]), log_y = logl(y[c]);
        w->mag += fabsl(log_y) + half_log(a[c]) + deviance(a[c], (A * y[c] - a[c]) / a[c]);
        w->grad_mag[0][c] = fabsl(w->grad[0][c]) + fabsl(log_a - logl(A) - log_y) + 2 +
                            1 / (long double)a[c] + 1 / A;
        w->grad_mag[1][c] = fabsl(w->grad[1][c]);
    }
    w->v = mpfr_get_ld(sum, R);
    w->mag += fabsl(w->v);
    mpfr_clears(sum, whole, t, u, psi, (mpfr_ptr)0);
}

/* 2^-20 .. 2^40 and fractions in between; `near`: about A y. */
static void concentrations(double *a, const double *y, size_t cols, int kind, nll_dtype type,
                           uint64_t *state) {
    for (size_t c = 0; c < cols; c++) {
        double u = 1 + ldexp((double)gen_below(1u << 20, state), -20);
        int e = kind == 0 ? 0 : kind == 1 ? (int)gen_below(20, state) - 14 : kind == 2 ? 45 : 0;
        a[c] = round_to(type, ldexp(u, e));
        if (kind == 3) a[c] = round_to(type, 1e6 * y[c] * (1 + (u - 1) * 0x1p-8));
        if (kind == 4) a[c] = round_to(type, 1e15 * y[c] * (1 + (u - 1) * 0x1p-24));
        if (a[c] == 0) a[c] = 1;
    }
}

ParameterizedTestParameters(dirichlet, accuracy) {
    static int index[8];
    for (int i = 0; i < 8; i++) index[i] = i;
    return cr_make_param_array(int, index, 8);
}
ParameterizedTest(int *index, dirichlet, accuracy) {
    static const size_t lengths[] = {1, 2, 5, 17, 130, 1100};
    static const nll_dtype types[] = {NLL_F64, NLL_F32, NLL_BF16, NLL_F64};
    uint64_t state = gen_state(13000 + (uint64_t)*index);
    nll_dtype type = types[*index % 4];
    for (size_t l = 0; l < 6; l++) {
        size_t cols = lengths[l], rows = cols > 1000 ? 5 : 15, n = rows * cols;
        double *y = new_doubles(n), *spare = new_doubles(n), *a = new_doubles(n), w[15];
        make_prob_pairs(y, spare, rows, cols, type, 3, 0, &state);
        for (size_t i = 0; i < n; i++)
            if (y[i] == 0) y[i] = tiny_of(NLL_BF16) * 1e20;
        for (size_t i = 0; i < rows; i++) {
            concentrations(a + i * cols, y + i * cols, cols, (int)i % 5, type, &state);
            w[i] = round_to(NLL_F32, gen_value(GEN_WEIGHT, &state));
        }
        void *data[2] = {to_array(type, n, a), to_array(type, n, y)};
        nll_result r = {.struct_size = sizeof r};
        nll_dirichlet_args args = {.struct_size = sizeof args,
                                   .concentration = nll_view_2d(data[0], type, rows, cols),
                                   .target = nll_view_2d(data[1], type, rows, cols),
                                   .nll = nll_out_1d(new_doubles(rows), NLL_F64, rows),
                                   .grad = nll_out_2d(new_doubles(n), NLL_F64, rows, cols),
                                   .grad_target = nll_out_2d(new_doubles(n), NLL_F64, rows, cols)};
        if (*index > 3) args.common.sample_weight = nll_view_1d(w, NLL_F64, rows);
        ASSERT_OK(nll_dirichlet(&args, &r));
        struct tally value = {.what = "value", .limit = 4};
        struct tally grad[2] = {{.what = "grad", .limit = 8}, {.what = "grad_target", .limit = 4}};
        struct totals totals = {0};
        struct want want;
        for (int k = 0; k < 2; k++) {
            want.grad[k] = malloc(cols * sizeof(long double));
            want.grad_mag[k] = malloc(cols * sizeof(long double));
        }
        for (size_t i = 0; i < rows; i++) {
            for (size_t c = 0; c < cols; c++) {
                a[c] = view_get(&args.concentration, i, c);
                y[c] = view_get(&args.target, i, c);
            }
            oracle(cols, a, y, &want);
            double got = out_get(&args.nll, i, 0), weight = *index > 3 ? w[i] : 1;
            tally_add(&value, i, 0, got, want.v, 0x1p-53L * want.mag, 1e-300, huge_of(NLL_F64));
            totals_add(&totals, got, weight, weight);
            long double s = grad_scale(&args.common, i, weight, r.weight_sum);
            for (size_t c = 0; c < cols; c++)
                for (int k = 0; k < 2; k++)
                    tally_add(&grad[k], i, c, out_get(k ? &args.grad_target : &args.grad, i, c),
                              s == 0 ? 0 : want.grad[k][c] * s,
                              0x1p-53L * want.grad_mag[k][c] * fabsl(s), 1e-300, huge_of(NLL_F64));
        }
        char label[64];
        snprintf(label, sizeof label, "dirichlet %d cols %zu", *index, cols);
        tally_check(&value, label);
        tally_check(&grad[0], label);
        tally_check(&grad[1], label);
        totals_check(&totals, &r, &args.common, label);
        void *all[] = {y,
                       spare,
                       a,
                       data[0],
                       data[1],
                       args.nll.data,
                       args.grad.data,
                       args.grad_target.data,
                       want.grad[0],
                       want.grad[1],
                       want.grad_mag[0],
                       want.grad_mag[1]};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}

enum { ROWS = 7, COLS = 2 };
struct small {
    double a[ROWS * COLS], y[ROWS * COLS], nll[ROWS], grad[2][ROWS * COLS];
    nll_dirichlet_args args;
    nll_result r;
};
static nll_status run(struct small *s) {
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->args.struct_size = sizeof s->args;
    s->args.concentration = nll_view_2d(s->a, NLL_F64, ROWS, COLS);
    s->args.target = nll_view_2d(s->y, NLL_F64, ROWS, COLS);
    s->args.nll = nll_out_1d(s->nll, NLL_F64, ROWS);
    s->args.grad = nll_out_2d(s->grad[0], NLL_F64, ROWS, COLS);
    s->args.grad_target = nll_out_2d(s->grad[1], NLL_F64, ROWS, COLS);
    s->args.common.reduction = NLL_SUM;
    return nll_dirichlet(&s->args, &s->r);
}

Test(dirichlet, edges) {
    struct small s = {.a = {1, 1, 2, 3, 1, 2, 2, 1, 0.5, 1, 0, 1, 1, 1},
                      .y = {0.25, 0.75, 0.5, 0.5, 0, 1, 0, 1, 0, 1, 0.5, 0.5, 1.5, 0.5}};
    ASSERT_OK(run(&s));
    cr_expect(fabs(s.nll[0]) < 1e-15, "uniform: %g", s.nll[0]);
    cr_expect(s.grad[1][0] == 0, "a = 1 has no slope in y");
    cr_expect(fabs(s.nll[1] + 0.40546510810816438) < 1e-15, "%.17g", s.nll[1]); /* log(2 / 3) */
    cr_expect(fabs(s.grad[1][2] + 2) < 1e-15 && fabs(s.grad[1][3] + 4) < 1e-15);
    cr_expect(fabs(s.nll[2] + 0.69314718055994531) < 1e-15, "0 log 0 = 0: %.17g", s.nll[2]);
    cr_expect(s.nll[3] == INF && s.nll[4] == -INF);
    cr_expect(isnan(s.nll[5]) && isnan(s.grad[0][10]));
    cr_expect(s.nll[6] == INF && isnan(s.grad[0][12]) && isnan(s.grad[1][12]));
    cr_expect_eq(s.r.nonfinite, 4);
    s.args.common.check_domain = 1;
    EXPECT_STATUS(NLL_E_DOMAIN, run(&s));
    cr_expect_eq(s.r.bad_row, 3);
}

Test(dirichlet, errors_and_in_place) {
    struct small s = {.a = {1}};
    for (int i = 0; i < ROWS * COLS; i++) {
        s.a[i] = 1.5 + i;
        s.y[i] = 0.5;
    }
    ASSERT_OK(run(&s));
    nll_dirichlet_args good = s.args, a = good;
    EXPECT_STATUS(NLL_E_NULL, nll_dirichlet(NULL, NULL));
    a.target = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_dirichlet(&a, NULL));
    a = good, a.concentration = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_dirichlet(&a, NULL));
    a = good, a.target.rows = 1;
    EXPECT_STATUS(NLL_E_SHAPE, nll_dirichlet(&a, NULL));
    a = good, a.grad.data = s.y;
    EXPECT_STATUS(NLL_E_ALIAS, nll_dirichlet(&a, NULL));
    a = good, a.grad.data = s.a, a.grad_target.data = s.y;
    ASSERT_OK(nll_dirichlet(&a, NULL));
    cr_expect(memcmp(s.a, s.grad[0], sizeof s.a) == 0 && memcmp(s.y, s.grad[1], sizeof s.y) == 0);
}
