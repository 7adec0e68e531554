/* multinomial.c: nll_multinomial against MPFR, its edges and errors. */
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

enum { BITS = 192 };
#define R MPFR_RNDN
#define INF ((double)INFINITY)

/* Value and gradient of one row by the textbook formula, and the magnitudes that divergences.h
 * measures the errors in. */
struct want {
    long double v, mag;
    long double *grad, *grad_mag;
};
static void oracle(int probs, size_t cols, const double *x, const double *k, struct want *w) {
    mpfr_t sum, term, lse, n, p;
    mpfr_inits2(BITS, sum, term, lse, n, p, (mpfr_ptr)0);
    mpfr_set_ui(n, 0, R);
    mpfr_set_ui(lse, 0, R);
    for (size_t c = 0; c < cols; c++) {
        mpfr_add_d(n, n, k[c], R);
        mpfr_set_d(term, x[c], R);
        mpfr_exp(term, term, R);
        mpfr_add(lse, lse, term, R);
    }
    mpfr_log(lse, lse, R);
    long double total = mpfr_get_ld(n, R);
    mpfr_add_ui(term, n, 1, R);
    mpfr_lngamma(sum, term, R);
    mpfr_neg(sum, sum, R);
    w->mag = total > 0 ? 1 + logl(total) : 0;
    for (size_t c = 0; c < cols; c++) {
        mpfr_set_d(p, x[c], R);
        if (probs)
            mpfr_log(p, p, R);
        else
            mpfr_sub(p, p, lse, R); /* log p */
        long double log_p = mpfr_get_ld(p, R), prob = expl(log_p);
        long double share = k[c] > 0 ? logl(k[c] / total) : 0;
        long double l = 4 + fabsl(share) + (isinf(log_p) ? 0 : fabsl(log_p));
        if (k[c] > 0) {
            mpfr_set_d(term, k[c] + 1, R);
            mpfr_lngamma(term, term, R);
            mpfr_add(sum, sum, term, R);
            mpfr_mul_d(term, p, k[c], R);
            mpfr_sub(sum, sum, term, R);
            w->mag += 1 + logl((long double)k[c]);
        }
        w->mag +=
            fabsl((long double)k[c] - total * prob) * l + total * (prob + k[c]) * l * l * 0x1p-53L;
        mpfr_exp(p, p, R);
        if (probs) {
            mpfr_set_d(term, k[c], R);
            if (k[c] > 0) mpfr_div(term, term, p, R);
            mpfr_neg(term, term, R);
            w->grad[c] = mpfr_get_ld(term, R);
            w->grad_mag[c] = fabsl(w->grad[c]) * l;
        } else {
            mpfr_mul(term, p, n, R);
            mpfr_sub_d(term, term, k[c], R);
            w->grad[c] = mpfr_get_ld(term, R);
            w->grad_mag[c] = fabsl(w->grad[c]) + (total * prob + k[c]) * l;
        }
    }
    w->v = mpfr_get_ld(sum, R);
    w->mag += fabsl(w->v);
    mpfr_clears(sum, term, lse, n, p, (mpfr_ptr)0);
}

static void counts(double *k, size_t cols, int kind, uint64_t *state) {
    for (size_t c = 0; c < cols; c++) {
        uint64_t bits = gen_bits(state);
        double most = kind == 0 ? 4 : kind == 1 ? 1000 : kind == 2 ? 0x1p30 : 2;
        k[c] = bits % 3 == 0 ? 0 : floor(ldexp((double)(bits >> 32), -32) * most);
        if (kind == 3) k[c] = 0;
    }
    if (kind == 3) k[0] = 12345; /* all in one class */
}

enum { KINDS = 4 };
ParameterizedTestParameters(multinomial, accuracy) {
    static int index[16];
    for (int i = 0; i < 16; i++) index[i] = i;
    return cr_make_param_array(int, index, 16);
}
ParameterizedTest(int *index, multinomial, accuracy) {
    static const size_t lengths[] = {1, 2, 5, 17, 130, 1100};
    static const nll_dtype types[][2] = {
        {NLL_F64, NLL_F64}, {NLL_F32, NLL_I32}, {NLL_F32, NLL_F64}, {NLL_BF16, NLL_U8}};
    uint64_t state = gen_state(12000 + (uint64_t)*index);
    int probs = *index & 1, weighted = *index >> 1 & 1;
    const nll_dtype *type = types[*index >> 2];
    for (size_t l = 0; l < 6; l++) {
        size_t cols = lengths[l], rows = cols > 1000 ? 4 : 12;
        double *x = new_doubles(rows * cols), *z = new_doubles(rows * cols);
        double *k = new_doubles(rows * cols), w[12];
        if (probs)
            make_prob_pairs(x, z, rows, cols, type[0], 3, 0, &state);
        else
            make_pairs(x, z, rows, cols, type[0], PAIR_CONFIDENT, &state);
        for (size_t i = 0; i < rows * cols && !probs; i++)
            if (fabs(x[i]) > 300 && isfinite(x[i])) x[i] = 300; /* expl above */
        for (size_t i = 0; i < rows && !probs; i++)             /* not a row of masks alone */
            if (x[i * cols] == -INF) x[i * cols] = 0;
        for (size_t i = 0; i < rows; i++) {
            counts(k + i * cols, cols, (int)i % KINDS, &state);
            w[i] = round_to(NLL_F32, gen_value(GEN_WEIGHT, &state));
            for (size_t c = 0; c < cols; c++) {
                double *at = &k[i * cols + c];
                if (type[1] == NLL_U8) *at = fmod(*at, 256);
                if (x[i * cols + c] == (probs ? 0 : -INF)) *at = 0;
            }
        }
        void *data = to_array(type[0], rows * cols, x), *target = to_array(type[1], rows * cols, k);
        nll_result r = {.struct_size = sizeof r};
        nll_multinomial_args a = {.struct_size = sizeof a,
                                  .target = nll_view_2d(target, type[1], rows, cols),
                                  .nll = nll_out_1d(new_doubles(rows), NLL_F64, rows),
                                  .grad =
                                      nll_out_2d(new_doubles(rows * cols), NLL_F64, rows, cols)};
        *(probs ? &a.probs : &a.logits) = nll_view_2d(data, type[0], rows, cols);
        if (weighted) a.common.sample_weight = nll_view_1d(w, NLL_F64, rows);
        ASSERT_OK(nll_multinomial(&a, &r));
        struct tally value = {.what = "value", .limit = 16}, grad = {.what = "grad", .limit = 16};
        struct totals totals = {0};
        struct want want = {.grad = malloc(cols * sizeof(long double)),
                            .grad_mag = malloc(cols * sizeof(long double))};
        for (size_t i = 0; i < rows; i++) {
            for (size_t c = 0; c < cols; c++) x[c] = view_get(probs ? &a.probs : &a.logits, i, c);
            oracle(probs, cols, x, k + i * cols, &want);
            double got = out_get(&a.nll, i, 0), weight = weighted ? w[i] : 1;
            tally_add(&value, i, 0, got, want.v, 0x1p-53L * want.mag, 1e-300, huge_of(NLL_F64));
            totals_add(&totals, got, weight, weight);
            long double s = grad_scale(&a.common, i, weight, r.weight_sum);
            for (size_t c = 0; c < cols; c++)
                tally_add(&grad, i, c, out_get(&a.grad, i, c), s == 0 ? 0 : want.grad[c] * s,
                          0x1p-53L * want.grad_mag[c] * fabsl(s), 1e-300, huge_of(NLL_F64));
        }
        char label[64];
        snprintf(label, sizeof label, "multinomial %d cols %zu", *index, cols);
        tally_check(&value, label);
        tally_check(&grad, label);
        totals_check(&totals, &r, &a.common, label);
        cr_expect_eq(r.compute, type[0] == NLL_F64 || type[1] == NLL_F64 ? NLL_F64 : NLL_F32);
        void *all[] = {x, z, k, data, target, a.nll.data, a.grad.data, want.grad, want.grad_mag};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}

enum { ROWS = 6, COLS = 3 };
struct small {
    double x[ROWS * COLS], k[ROWS * COLS], nll[ROWS], grad[ROWS * COLS];
    nll_multinomial_args a;
    nll_result r;
};
static nll_status run(struct small *s, int probs) {
    nll_view x = nll_view_2d(s->x, NLL_F64, ROWS, COLS), none = {0};
    s->r = (nll_result){.struct_size = sizeof s->r};
    s->a.struct_size = sizeof s->a;
    s->a.logits = probs ? none : x;
    s->a.probs = probs ? x : none;
    s->a.target = nll_view_2d(s->k, NLL_F64, ROWS, COLS);
    s->a.nll = nll_out_1d(s->nll, NLL_F64, ROWS);
    s->a.grad = nll_out_2d(s->grad, NLL_F64, ROWS, COLS);
    s->a.common.reduction = NLL_SUM;
    return nll_multinomial(&s->a, &s->r);
}
static int near(double a, double b) { return fabs(a - b) <= 1e-13 * (1 + fabs(b)); }

Test(multinomial, edges) {
    struct small s = {
        .x = {0.5, 0.25, 0.25, 0.5, 0.5, 0, 0.5, 0.5, 0, 1, 0, 0, 0.5, 0.25, 0.25, 2, 0, 0},
        .k = {2, 1, 0, 1, 1, 0, 1, 0, 1, 7, 0, 0, 0, 0, 0, 1, 0, 0}};
    ASSERT_OK(run(&s, 1));
    cr_expect(near(s.nll[0], 1.6739764335716716), "%.17g", s.nll[0]); /* -log(3 / 16) */
    cr_expect(near(s.nll[1], 0.69314718055994531), "%.17g", s.nll[1]);
    cr_expect(near(s.grad[0], -4) && near(s.grad[1], -4) && s.grad[2] == 0);
    cr_expect(s.grad[5] == 0, "0 log 0 = 0");
    cr_expect(s.nll[2] == INF && s.grad[8] == -INF);
    cr_expect(s.nll[3] == 0, "%g", s.nll[3]);
    cr_expect(s.nll[4] == 0 && s.grad[12] == 0, "no counts: %g", s.nll[4]);
    cr_expect(isnan(s.nll[5]));
    cr_expect_eq(s.r.nonfinite, 2);
    struct small u = {.x = {0, 0, 0, 0, 0, -INF, 0, 0, -INF, NAN, 0, 0, 0, 0, 0, 0, 0, 0},
                      .k = {1, 1, 1, 2, 1, 0, 0, 1, 1, 1, 0, 0, 1, -1, 0, 0.5, 1, 1}};
    ASSERT_OK(run(&u, 0));
    cr_expect(near(u.nll[0], 1.5040773967762742), "%.17g", u.nll[0]); /* log 27 / 6 */
    cr_expect(fabs(u.grad[0]) < 1e-15 && near(u.grad[3], -0.5) && u.grad[5] == 0);
    cr_expect(u.nll[2] == INF);
    cr_expect(isnan(u.nll[3]));
    cr_expect(u.nll[4] == INF && isnan(u.grad[12]), "a count below 0: %g", u.nll[4]);
    cr_expect(u.nll[5] == INF && isnan(u.grad[15]), "no integer: %g", u.nll[5]);
    u.a.common.check_domain = 1;
    EXPECT_STATUS(NLL_E_DOMAIN, run(&u, 0));
    cr_expect_eq(u.r.bad_row, 2);
}

/* A binomial with n = 1e15: differences of log-gammas would leave no digit. */
Test(multinomial, large_counts_keep_their_digits) {
    double p[2] = {0.5, 0.5}, k[2] = {5e14, 5e14}, value;
    nll_multinomial_args a = {.struct_size = sizeof a,
                              .probs = nll_view_2d(p, NLL_F64, 1, 2),
                              .target = nll_view_2d(k, NLL_F64, 1, 2),
                              .nll = nll_out_1d(&value, NLL_F64, 1)};
    ASSERT_OK(nll_multinomial(&a, NULL));
    /* log(pi n / 2) / 2 + 1 / (4 n) */
    cr_expect(near(value, 0.5 * 34.99035910020014), "%.17g", value);
}

Test(multinomial, errors_and_in_place) {
    struct small s = {.k = {1}};
    ASSERT_OK(run(&s, 0));
    nll_multinomial_args good = s.a, a = good;
    EXPECT_STATUS(NLL_E_NULL, nll_multinomial(NULL, NULL));
    a.logits = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_multinomial(&a, NULL));
    a = good, a.probs = a.logits;
    EXPECT_STATUS(NLL_E_VALUE, nll_multinomial(&a, NULL));
    a = good, a.target.cols = 2;
    EXPECT_STATUS(NLL_E_SHAPE, nll_multinomial(&a, NULL));
    a = good, a.grad.data = s.k;
    EXPECT_STATUS(NLL_E_ALIAS, nll_multinomial(&a, NULL));
    a = good, a.grad.data = s.x;
    ASSERT_OK(nll_multinomial(&a, NULL));
    cr_expect(memcmp(s.x, s.grad, sizeof s.x) == 0);
}
