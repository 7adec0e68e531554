/* shards.c: classes that arrive in pieces: states of rows, their order, and the loss and gradient
 * of a shard against the oracle and against nll_categorical. */
#include "gen.h"
#include "oracle.h"
#include "rows.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4, ROWS = 2 * ROW_KINDS };

static struct criterion_test_params each_type(void) {
    static int index[TYPES] = {0, 1, 2, 3};
    return cr_make_param_array(int, index, TYPES);
}

/* ROWS rows of all kinds, whole. */
struct whole {
    nll_dtype type, compute;
    size_t cols;
    double *x;
    void *data;
    int64_t y[ROWS];
};
static struct whole whole_of(nll_dtype type, size_t cols, uint64_t *state) {
    struct whole w = {.type = type, .compute = type == NLL_F64 ? NLL_F64 : NLL_F32, .cols = cols};
    w.x = new_doubles(ROWS * cols);
    make_rows(w.x, w.y, ROWS, cols, type, 0, state);
    w.data = to_array(type, ROWS * cols, w.x);
    return w;
}
static void whole_free(struct whole *w) {
    free(w->x);
    free(w->data);
}

/* Classes from .. to of it. */
static nll_categorical_shard_args shard_of(struct whole *w, size_t from, size_t to) {
    return (nll_categorical_shard_args){
        .struct_size = sizeof(nll_categorical_shard_args),
        .logits = {.data = (char *)w->data + from * nll_dtype_size(w->type),
                   .dtype = w->type,
                   .rows = ROWS,
                   .cols = to - from,
                   .row_stride = (ptrdiff_t)w->cols,
                   .col_stride = 1},
        .first_class = from,
        .classes = w->cols,
        .target = nll_view_1d(w->y, NLL_I64, ROWS),
        .common = {.reduction = NLL_NONE}};
}

static void update(struct whole *w, size_t from, size_t to, nll_lse_state *state) {
    nll_categorical_shard_args a = shard_of(w, from, to);
    ASSERT_OK(nll_lse_update(&a, state));
}

static void expect_states(const nll_lse_state *got, const nll_lse_state *want, const char *what) {
    cr_assert(memcmp(got, want, ROWS * sizeof *got) == 0, "%s: other states", what);
}

static double row_bound(nll_dtype compute) { return compute == NLL_F64 ? 40 : 34; }

/* Loss, log-sum-exp, probability and all gradients, shard by shard, against the oracle. */
static void check(struct whole *w, const nll_lse_state *state, size_t cut, const char *label) {
    double nll[ROWS] = {0}, lse[ROWS] = {0}, p[ROWS] = {0}, limit = row_bound(w->compute),
           u = unit_of(w->compute);
    double tiny = tiny_of(w->compute), huge = huge_of(w->compute);
    double *grad = new_doubles(ROWS * w->cols);
    for (size_t from = 0; from < w->cols; from += cut) {
        size_t to = from + cut < w->cols ? from + cut : w->cols;
        nll_categorical_shard_args a = shard_of(w, from, to);
        a.nll = nll_out_1d(nll, NLL_F64, ROWS);
        a.lse = nll_out_1d(lse, NLL_F64, ROWS);
        a.p_target = nll_out_1d(p, NLL_F64, ROWS);
        a.grad = nll_out_2d(grad + from, NLL_F64, ROWS, to - from);
        a.grad.row_stride = (ptrdiff_t)w->cols;
        ASSERT_OK(nll_categorical_shard(&a, state, NULL));
    }
    struct tally tn = {.what = "nll", .limit = limit}, tl = {.what = "lse", .limit = limit},
                 tp = {.what = "p_target", .limit = limit},
                 tg = {.what = "grad", .limit = limit + 4};
    struct oracle_value *g = calloc(w->cols + 1, sizeof *g);
    for (size_t r = 0; r < ROWS; r++) {
        const double *x = w->x + r * w->cols;
        struct oracle_row row = {.cols = w->cols, .x = x, .target = (ptrdiff_t)w->y[r]};
        struct oracle_row_out want = {.grad = g};
        double top = -(double)INFINITY;
        for (size_t c = 0; c < w->cols; c++) top = x[c] > top ? x[c] : top;
        oracle_categorical(&row, &want);
        if (fabs(top) > 0x1p40) { /* nothing, or beyond what a state holds */
            cr_expect(isnan(nll[r]) && (isinf(top) ? lse[r] == top : isnan(lse[r])) &&
                          isnan(grad[r * w->cols]),
                      "%s: row %zu: top %g: %g %g %g", label, r, top, nll[r], lse[r],
                      grad[r * w->cols]);
            continue;
        }
        tally_add(&tn, r, 0, nll[r], want.nll.v, u * want.nll.mag, tiny, huge);
        tally_add(&tl, r, 0, lse[r], want.lse.v, u * (1 + 2 * fabsl(want.lse.v) / limit), 0, huge);
        tally_add(&tp, r, 0, p[r], want.p_target, u * want.p_target, tiny, huge);
        for (size_t c = 0; c < w->cols; c++)
            if (x[c] > -(double)INFINITY)
                tally_add(&tg, r, c, grad[r * w->cols + c], g[c].v, u * g[c].mag, tiny, huge);
            else if ((int64_t)c != w->y[r])
                cr_expect_eq(grad[r * w->cols + c], 0, "%s: a masked class has a gradient", label);
    }
    tally_check(&tn, label);
    tally_check(&tl, label);
    tally_check(&tp, label);
    tally_check(&tg, label);
    free(g);
    free(grad);
}

/* The example of the header: four shards in two states, merged. */
ParameterizedTestParameters(shards, four_of_them) { return each_type(); }
ParameterizedTest(int *index, shards, four_of_them) {
    uint64_t state = gen_state(7000 + (uint64_t)*index);
    struct whole w = whole_of(types[*index], 3000, &state);
    static nll_lse_state here[ROWS], there[ROWS];
    ASSERT_OK(nll_lse_init(ROWS, here));
    ASSERT_OK(nll_lse_init(ROWS, there));
    update(&w, 0, 700, here);
    update(&w, 1500, 2999, there);
    update(&w, 700, 1500, here);
    update(&w, 2999, 3000, there);
    ASSERT_OK(nll_lse_merge(ROWS, here, there));
    char label[64];
    snprintf(label, sizeof label, "four shards, %s", nll_dtype_name(types[*index]));
    check(&w, here, 801, label);
    whole_free(&w);
}

ParameterizedTestParameters(shards, few_classes) { return each_type(); }
ParameterizedTest(int *index, shards, few_classes) {
    uint64_t state = gen_state(7100 + (uint64_t)*index);
    for (size_t cols = 1; cols < 40; cols += gen_quick() ? 13 : 1) {
        struct whole w = whole_of(types[*index], cols, &state);
        static nll_lse_state s[ROWS];
        ASSERT_OK(nll_lse_init(ROWS, s));
        for (size_t c = cols; c-- > 0;) update(&w, c, c + 1, s);
        check(&w, s, 7, "few classes");
        whole_free(&w);
    }
}

/* Whole blocks in any order, as any shards, added or merged in any tree: the same state. */
enum { BLOCKS = 12, BLOCK = 512, LAST = 77 };

static void shuffle(size_t *x, size_t n, uint64_t *state) {
    for (size_t i = n; i > 1; i--) {
        size_t k = gen_below(i, state), t = x[i - 1];
        x[i - 1] = x[k];
        x[k] = t;
    }
}

ParameterizedTestParameters(shards, any_order) { return each_type(); }
ParameterizedTest(int *index, shards, any_order) {
    enum { COLS = (BLOCKS - 1) * BLOCK + LAST };
    static nll_lse_state want[ROWS], part[BLOCKS][ROWS];
    uint64_t state = gen_state(7200 + (uint64_t)*index);
    struct whole w = whole_of(types[*index], COLS, &state);
    for (size_t r = 0; r < ROWS; r += 2) /* blocks of very different sizes */
        for (size_t c = 0; c < COLS; c++) {
            size_t shift = c / BLOCK * r;
            elem_set(w.data, w.type, (ptrdiff_t)(r * COLS + c), w.x[r * COLS + c] + (double)shift);
        }
    ASSERT_OK(nll_lse_init(ROWS, want));
    update(&w, 0, COLS, want);
    for (size_t round = 0; round < gen_count(64); round++) {
        size_t order[BLOCKS], parts = 1 + gen_below(BLOCKS, &state);
        for (size_t i = 0; i < BLOCKS; i++) order[i] = i;
        shuffle(order, BLOCKS, &state);
        for (size_t i = 0; i < parts; i++) ASSERT_OK(nll_lse_init(ROWS, part[i]));
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t from = order[i] * BLOCK, to = from + BLOCK < COLS ? from + BLOCK : COLS;
            update(&w, from, to, part[gen_below(parts, &state)]);
        }
        for (size_t left = parts; left > 1; left--) {
            size_t a = gen_below(left - 1, &state);
            if (gen_bits(&state) & 1) { /* either into the other */
                ASSERT_OK(nll_lse_merge(ROWS, part[a], part[left - 1]));
            } else {
                ASSERT_OK(nll_lse_merge(ROWS, part[left - 1], part[a]));
                memcpy(part[a], part[left - 1], sizeof part[a]);
            }
        }
        expect_states(part[0], want, "any order");
    }
    whole_free(&w);
}

/* Tasks from the last to the first. */
static void backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    while (n-- > 0) task(arg, n, n + 1);
}

ParameterizedTestParameters(shards, any_machine) { return each_type(); }
ParameterizedTest(int *index, shards, any_machine) {
    const nll_executor executor = {NULL, backwards};
    static nll_lse_state want[ROWS], got[ROWS];
    uint64_t state = gen_state(7300 + (uint64_t)*index);
    struct whole w = whole_of(types[*index], 1300, &state);
    double loss[2][ROWS], *grad[2] = {new_doubles(ROWS * 1300), new_doubles(ROWS * 1300)};
    cr_assert_eq(nll_isa_select("scalar"), NLL_OK);
    for (size_t i = 0; i <= nll_isa_count(); i++) {
        if (i > 0 && nll_isa_select(nll_isa_name(i - 1)) != NLL_OK) continue;
        nll_categorical_shard_args a = shard_of(&w, 0, 1300);
        if (i > 0) a.common.executor = &executor;
        a.nll = nll_out_1d(loss[i > 0], NLL_F64, ROWS);
        a.grad = nll_out_2d(grad[i > 0], NLL_F64, ROWS, 1300);
        ASSERT_OK(nll_lse_init(ROWS, got));
        ASSERT_OK(nll_lse_update(&a, got));
        ASSERT_OK(nll_categorical_shard(&a, got, NULL));
        if (i == 0) memcpy(want, got, sizeof got);
        expect_states(got, want, i ? nll_isa_name(i - 1) : "scalar");
        if (i == 0) continue;
        cr_assert(memcmp(loss[0], loss[1], sizeof loss[0]) == 0);
        cr_assert(memcmp(grad[0], grad[1], ROWS * 1300 * sizeof(double)) == 0);
    }
    free(grad[0]);
    free(grad[1]);
    whole_free(&w);
}

static int close_to(double got, double want, double bound) {
    return same_bits(got, want) || fabs(got - want) <= bound * fabs(want);
}

/* The same rows, weights and options through nll_categorical: totals and gradients. */
ParameterizedTestParameters(shards, like_the_whole) { return each_type(); }
ParameterizedTest(int *index, shards, like_the_whole) {
    enum { COLS = 900, HALF = 512 };
    static nll_lse_state s[ROWS];
    uint64_t state = gen_state(7400 + (uint64_t)*index);
    struct whole w = whole_of(types[*index], COLS, &state);
    double weight[ROWS], up[ROWS], *grad[2] = {new_doubles(ROWS * COLS), new_doubles(ROWS * COLS)};
    for (size_t r = 0; r < ROWS; r++) {
        weight[r] = r % 5 == 0 ? 0 : 0.5 + (double)(r % 3);
        up[r] = (double)r - 7;
        if (r % ROW_KINDS == ROW_1E30) w.y[r] = -100; /* ignored: beyond a state's range */
        if (r % 6 == 1) w.y[r] = -100;
    }
    double u = unit_of(w.compute), bound = 2 * row_bound(w.compute) * u;
    for (int reduction = NLL_MEAN; reduction <= NLL_NONE; reduction++) {
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(w.data, w.type, ROWS, COLS),
                                  .target = nll_view_1d(w.y, NLL_I64, ROWS),
                                  .ignore_index = -100,
                                  .has_ignore_index = 1,
                                  .grad = nll_out_2d(grad[0], NLL_F64, ROWS, COLS)};
        a.common = (nll_common){.reduction = (nll_reduction)reduction,
                                .sample_weight = nll_view_1d(weight, NLL_F64, ROWS),
                                .grad_output = nll_view_1d(up, NLL_F64, ROWS)};
        nll_result want = {.struct_size = sizeof want}, got = {.struct_size = sizeof got};
        ASSERT_OK(nll_categorical(&a, &want));
        ASSERT_OK(nll_lse_init(ROWS, s));
        for (int twice = 0; twice < 2; twice++)
            for (size_t from = 0; from < COLS; from += HALF) {
                nll_categorical_shard_args b = shard_of(&w, from, from ? COLS : HALF);
                b.common = a.common;
                b.ignore_index = -100;
                b.has_ignore_index = 1;
                b.grad = nll_out_2d(grad[1] + from, NLL_F64, ROWS, b.logits.cols);
                b.grad.row_stride = COLS;
                if (twice)
                    ASSERT_OK(nll_categorical_shard(&b, s, &got));
                else
                    ASSERT_OK(nll_lse_update(&b, s));
            }
        cr_expect(got.rows == want.rows && got.count == want.count && got.ignored == want.ignored &&
                  got.nonfinite == want.nonfinite && got.weight_sum == want.weight_sum &&
                  got.compute == want.compute);
        cr_expect(close_to(got.sum, want.sum, bound), "%a %a", got.sum, want.sum);
        cr_expect(close_to(got.value, want.value, bound), "%a %a", got.value, want.value);
        for (size_t i = 0; i < ROWS * COLS; i++)
            cr_assert(fabs(grad[0][i] - grad[1][i]) <= bound * fabs(grad[0][i]) +
                                                           8 * u * fabs(grad[0][i]) +
                                                           2 * tiny_of(w.compute),
                      "gradient %zu: %a, not %a", i, grad[1][i], grad[0][i]);
    }
    free(grad[0]);
    free(grad[1]);
    whole_free(&w);
}
