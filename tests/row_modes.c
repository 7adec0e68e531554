/* row_modes.c: the most likely counts of a multinomial and the most likely point of a Dirichlet. */
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INF ((double)INFINITY)
enum { COLS = 1500 };

static nll_multinomial_args multinomial(int probs, const double *x, const double *k, size_t rows,
                                        size_t cols, double *mode) {
    nll_multinomial_args a = {.struct_size = sizeof a,
                              .target = nll_view_2d(k, NLL_F64, rows, cols),
                              .mode = nll_out_2d(mode, NLL_F64, rows, cols)};
    *(probs ? &a.probs : &a.logits) = nll_view_2d(x, NLL_F64, rows, cols);
    return a;
}

/* All ways to share n counts among the classes: is `mode` the first, in falling order, of those
 * whose n! prod p^k / k! is largest?  All in integers: p = m / 32. */
struct search {
    int cols, n, m[4], k[4], best[4];
    uint64_t most;
};
static void search(struct search *s, int c, int left, uint64_t product, uint64_t below) {
    static const uint64_t factorials[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320};
    if (c == s->cols - 1 || c == 3) {
        for (int i = 0; i < left; i++) product *= (unsigned)s->m[c];
        s->k[c] = left;
        product *= factorials[s->n] / (below * factorials[left]);
        if (product <= s->most) return;
        s->most = product;
        memcpy(s->best, s->k, sizeof s->best);
        return;
    }
    for (int k = left; k >= 0; k--) {
        uint64_t here = product;
        for (int i = 0; i < k; i++) here *= (unsigned)s->m[c];
        s->k[c] = k;
        search(s, c + 1, left - k, here, below * factorials[k]);
    }
}

Test(row_modes, multinomial_by_enumeration) {
    uint64_t state = gen_state(1700);
    for (size_t round = 0; round < gen_count(4000); round++) {
        struct search s = {.cols = 1 + (int)gen_below(4, &state), .n = (int)gen_below(9, &state)};
        double p[4], k[4] = {0}, mode[4];
        int most = gen_below(2, &state) ? 32 : 4; /* few values: many ties */
        for (int c = 0; c < s.cols; c++) {
            s.m[c] = (int)gen_below((uint64_t)most + 1, &state);
            if (c == 0 && s.m[c] == 0) s.m[c] = 1;
            p[c] = s.m[c] / 32.0;
        }
        k[gen_below((uint64_t)s.cols, &state)] = s.n;
        search(&s, 0, s.n, 1, 1);
        nll_multinomial_args a = multinomial(1, p, k, 1, (size_t)s.cols, mode);
        ASSERT_OK(nll_multinomial(&a, NULL));
        for (int c = 0; c < s.cols; c++)
            cr_assert(mode[c] == s.best[c], "round %zu, n = %d, class %d of %d: %g, not %d", round,
                      s.n, c, s.cols, mode[c], s.best[c]);
    }
}

__extension__ typedef __int128 wide;

/* p / (k + 1) against q / (j + 1), exactly; p and q are multiples of 2^-60. */
static int greater(double p, int64_t k, double q, int64_t j) {
    return (wide)ldexp(p, 60) * (j + 1) > (wide)ldexp(q, 60) * (k + 1);
}

Test(row_modes, multinomial_one_count_at_a_time) {
    static double p[COLS], k[COLS], mode[COLS];
    static int64_t want[COLS];
    static const size_t lengths[] = {1, 2, 3, 10, 130, COLS};
    uint64_t state = gen_state(1701);
    for (int round = 0; round < 60; round++) {
        size_t cols = lengths[round % 6];
        uint64_t n = gen_below(round % 5 ? 300 : 3000, &state);
        int kind = round / 6 % 4;
        for (size_t c = 0; c < cols; c++) {
            double u = ldexp((double)gen_below(1ull << 53, &state), -53);
            /* anything; equal; neighbours of 1/4, within the last places; 2^-48 .. 1 */
            p[c] = kind == 0   ? u
                   : kind == 1 ? 0.5
                   : kind == 2 ? 0.25 + ldexp((double)gen_below(3, &state), -54)
                               : ldexp(1, -(int)gen_below(49, &state));
            p[c] = ldexp(rint(ldexp(p[c], 60)), -60);
            k[c] = 0;
        }
        p[0] = p[0] == 0 ? 0.5 : p[0];
        k[cols - 1] = (double)n;
        memset(want, 0, sizeof want);
        for (uint64_t i = 0; i < n; i++) {
            size_t best = 0;
            for (size_t c = 1; c < cols; c++)
                if (greater(p[c], want[c], p[best], want[best])) best = c;
            want[best]++;
        }
        nll_multinomial_args a = multinomial(1, p, k, 1, cols, mode);
        ASSERT_OK(nll_multinomial(&a, NULL));
        for (size_t c = 0; c < cols; c++)
            cr_assert(mode[c] == (double)want[c], "round %d, class %zu of %zu, n %ju: %g, not %jd",
                      round, c, cols, (uintmax_t)n, mode[c], (intmax_t)want[c]);
    }
}

/* No count moved from one class to another makes it more likely; large totals; every ISA. */
Test(row_modes, multinomial_from_logits) {
    static double z[COLS], k[COLS], mode[COLS], again[COLS], grad[COLS];
    static const size_t lengths[] = {1, 2, 17, 130, COLS};
    static const double totals[] = {1, 7, 1000, 1e9, 0x1p53 - 4096};
    uint64_t state = gen_state(1702);
    for (int round = 0; round < 25; round++) {
        size_t cols = lengths[round % 5];
        double n = totals[round / 5], sum = 0;
        for (size_t c = 0; c < cols; c++) {
            z[c] = 3 * gen_value(GEN_NORMAL, &state);
            if (gen_below(10, &state) == 0) z[c] = c ? -INF : 2;
            k[c] = 0;
        }
        k[cols / 2] = n;
        nll_multinomial_args a = multinomial(0, z, k, 1, cols, mode);
        ASSERT_OK(nll_multinomial(&a, NULL));
        long double most = 0, least = (long double)INF; /* p / (k + 1) and p / k */
        for (size_t c = 0; c < cols; c++) {
            long double p = expl(z[c]);
            sum += mode[c];
            cr_assert(mode[c] >= 0 && rint(mode[c]) == mode[c]);
            if (p / (mode[c] + 1) > most) most = p / (mode[c] + 1);
            if (mode[c] > 0 && p / mode[c] < least) least = p / mode[c];
        }
        cr_expect(sum == n, "%g counts, not %g", sum, n);
        cr_expect(most <= least * (1 + 0x1p-49L), "round %d: %Lg above %Lg", round, most, least);
        for (size_t isa = 0; isa < nll_isa_count(); isa++) {
            if (!nll_isa_runnable(isa)) continue;
            cr_assert(nll_isa_select(nll_isa_name(isa)) == NLL_OK);
            a.mode.data = again;
            ASSERT_OK(nll_multinomial(&a, NULL));
            cr_expect(memcmp(mode, again, cols * sizeof *mode) == 0, "%s", nll_isa_name(isa));
        }
        nll_isa_select(NULL);
        memcpy(grad, z, sizeof grad);
        memset(again, 0, sizeof again);
        a.logits.data = grad;
        a.grad = nll_out_2d(grad, NLL_F64, 1, cols);
        ASSERT_OK(nll_multinomial(&a, NULL));
        cr_expect(memcmp(mode, again, cols * sizeof *mode) == 0, "in place");
    }
}

Test(row_modes, multinomial_edges) {
    double p[] = {0.5, 0.5, 0, 0, 0, 0, 0.5, -0.5, 1, 0.25, 0.5, 0.25, 0.5, 0.5, 0};
    double k[] = {1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0.5, 1, 1}, mode[15];
    nll_multinomial_args a = multinomial(1, p, k, 5, 3, mode);
    ASSERT_OK(nll_multinomial(&a, NULL));
    cr_expect(mode[0] == 1 && mode[1] == 0 && mode[2] == 0, "the lowest class of equal ones");
    for (int c = 0; c < 3; c++) {
        cr_expect(is_canonical_nan(mode, NLL_F64, 3 + c), "no class alive: %g", mode[3 + c]);
        cr_expect(is_canonical_nan(mode, NLL_F64, 6 + c), "p below 0: %g", mode[6 + c]);
        cr_expect(mode[9 + c] == 0, "n = 0: %g", mode[9 + c]);
        cr_expect(is_canonical_nan(mode, NLL_F64, 12 + c), "half a count: %g", mode[12 + c]);
    }
    double z[] = {0, -INF, 1, INF, 0, 0, 0, NAN, 0, -INF, -INF, -INF, 0x1p1023, -0x1p1023, 0};
    double n[] = {3, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 4, 0, 0};
    a = multinomial(0, z, n, 5, 3, mode);
    ASSERT_OK(nll_multinomial(&a, NULL));
    cr_expect(mode[0] == 1 && mode[1] == 0 && mode[2] == 2, "%g %g %g", mode[0], mode[1], mode[2]);
    for (int i = 3; i < 12; i++)
        cr_expect(is_canonical_nan(mode, NLL_F64, i), "%d: %g", i, mode[i]);
    cr_expect(mode[12] == 4 && mode[13] == 0 && mode[14] == 0);
    double tiny[2] = {0x1p-1074, 0x1p-1073}, two[2] = {3, 0}, much[2] = {0x1p53, 2};
    a = multinomial(1, tiny, two, 1, 2, mode);
    ASSERT_OK(nll_multinomial(&a, NULL));
    cr_expect(mode[0] == 1 && mode[1] == 2, "%g %g", mode[0], mode[1]);
    a.target.data = much;
    ASSERT_OK(nll_multinomial(&a, NULL));
    cr_expect(isnan(mode[0]) && isnan(mode[1]), "more than 2^53 counts");
    a.mode.dtype = NLL_I64;
    EXPECT_STATUS(NLL_E_DTYPE, nll_multinomial(&a, NULL));
    a = multinomial(1, tiny, two, 1, 2, tiny);
    EXPECT_STATUS(NLL_E_ALIAS, nll_multinomial(&a, NULL));
}

static nll_dirichlet_args dirichlet(const double *a, const double *y, size_t rows, size_t cols,
                                    double *mode) {
    return (nll_dirichlet_args){.struct_size = sizeof(nll_dirichlet_args),
                                .concentration = nll_view_2d(a, NLL_F64, rows, cols),
                                .target = nll_view_2d(y, NLL_F64, rows, cols),
                                .mode = nll_out_2d(mode, NLL_F64, rows, cols)};
}

Test(row_modes, dirichlet) {
    static double a[COLS], y[COLS], mode[COLS];
    uint64_t state = gen_state(1703);
    for (int round = 0; round < 40; round++) {
        size_t cols = round % 2 ? COLS : 1 + gen_below(6, &state);
        long double sum = 0;
        int e = (int)gen_below(60, &state) - 30;
        for (size_t c = 0; c < cols; c++) {
            a[c] = 1 + ldexp((double)gen_below(1u << 20, &state), e - 20);
            if (round % 3 == 0 && gen_below(4, &state) == 0) a[c] = 0.5;
            if (a[c] > 1) sum += (long double)a[c] - 1;
            y[c] = 1 / (double)cols;
        }
        if (sum == 0) continue;
        nll_dirichlet_args args = dirichlet(a, y, 1, cols, mode);
        ASSERT_OK(nll_dirichlet(&args, NULL));
        for (size_t c = 0; c < cols; c++) {
            long double want = a[c] > 1 ? ((long double)a[c] - 1) / sum : 0;
            cr_assert(fabsl(mode[c] - want) <= 4 * 0x1p-53L * want, "round %d, %zu: %g, not %Lg",
                      round, c, mode[c], want);
        }
    }
}

/* The most likely of a grid, strictly inside, is the mode's neighbour: no formula takes part. */
Test(row_modes, dirichlet_on_a_grid) {
    enum { STEPS = 64 };
    static double a[3 * STEPS * STEPS], y[3 * STEPS * STEPS], nll[STEPS * STEPS], mode[3];
    static const double cases[][3] = {{2, 3, 4},      {5, 1, 2},         {0.5, 3, 2},
                                      {0.5, 0.25, 2}, {0.5, 0.75, 0.25}, {0.25, 0.25, 0.25},
                                      {9, 9, 9}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        size_t rows = 0, best = 0;
        for (int i = STEPS - 2; i >= 1; i--)
            for (int j = STEPS - 1 - i; j >= 1; j--, rows++)
                for (int c = 0; c < 3; c++) {
                    a[3 * rows + (size_t)c] = cases[k][c];
                    y[3 * rows + (size_t)c] = (c == 0 ? i : c == 1 ? j : STEPS - i - j) / 64.0;
                }
        nll_dirichlet_args args = dirichlet(a, y, rows, 3, mode);
        args.mode = (nll_out){0};
        args.nll = nll_out_1d(nll, NLL_F64, rows);
        ASSERT_OK(nll_dirichlet(&args, NULL));
        for (size_t i = 1; i < rows; i++)
            if (nll[i] < nll[best] - 1e-12) best = i;
        args = dirichlet(cases[k], y, 1, 3, mode);
        ASSERT_OK(nll_dirichlet(&args, NULL));
        for (size_t c = 0; c < 3; c++)
            cr_expect(fabs(mode[c] - y[3 * best + c]) <= 2.0 / STEPS, "case %zu, %zu: %g, not %g",
                      k, c, mode[c], y[3 * best + c]);
    }
}

Test(row_modes, dirichlet_edges) {
    double a[] = {1, 1, 1, 1, 2, 1, 0.5, 1, 1, 0, 1, 1, 2, INF, 1}, y[15], mode[15];
    for (int i = 0; i < 15; i++) y[i] = 1.0 / 4;
    nll_dirichlet_args args = dirichlet(a, y, 5, 3, mode);
    ASSERT_OK(nll_dirichlet(&args, NULL));
    static const double want[] = {1.0 / 3, 1.0 / 3, 1.0 / 3, 0, 1, 0, 0, 1, 0};
    for (int i = 0; i < 9; i++) cr_expect(mode[i] == want[i], "%d: %g", i, mode[i]);
    for (int i = 9; i < 15; i++)
        cr_expect(is_canonical_nan(mode, NLL_F64, i), "%d: %g", i, mode[i]);
    double grad[15], again[15];
    memcpy(grad, a, sizeof grad);
    args.concentration.data = grad;
    args.grad = nll_out_2d(grad, NLL_F64, 5, 3);
    args.mode.data = again;
    ASSERT_OK(nll_dirichlet(&args, NULL));
    cr_expect(memcmp(mode, again, sizeof mode) == 0, "in place");
    args.mode.dtype = NLL_F16;
    EXPECT_STATUS(NLL_E_DTYPE, nll_dirichlet(&args, NULL));
}
