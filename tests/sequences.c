/* sequences.c: values of sequences from values of rows, and the categorical model over sequences:
 * padding, masks, the next-token shift. */
#include "gen.h"
#include "rows.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype integers[] = {NLL_I8,  NLL_U8,  NLL_I16, NLL_U16,
                                     NLL_I32, NLL_U32, NLL_I64, NLL_U64};

enum { ROWS = 5000, SEQUENCES = 9 };
static const int64_t offsets[SEQUENCES + 1] = {3, 3, 4, 6, 517, 518, 1600, 1600, 4700, 4990};

struct table {
    double sum[SEQUENCES], weight[SEQUENCES], mean[SEQUENCES], perplexity[SEQUENCES];
    double error[SEQUENCES], bits[SEQUENCES];
    int64_t count[SEQUENCES];
};

static nll_sequences_args table_args(struct table *t, size_t n) {
    memset(t, 0xA5, sizeof *t);
    return (nll_sequences_args){.struct_size = sizeof(nll_sequences_args),
                                .sum = nll_out_1d(t->sum, NLL_F64, n),
                                .weight_sum = nll_out_1d(t->weight, NLL_F64, n),
                                .count = nll_out_1d(t->count, NLL_I64, n),
                                .mean = nll_out_1d(t->mean, NLL_F64, n),
                                .perplexity = nll_out_1d(t->perplexity, NLL_F64, n),
                                .standard_error = nll_out_1d(t->error, NLL_F64, n),
                                .bits_per_byte = nll_out_1d(t->bits, NLL_F64, n)};
}

static void near(const char *what, size_t i, double got, long double want, long double limit) {
    if (isnan(want) || isinf(want))
        cr_expect(same_bits(got, (double)want), "%s of %zu: %g, not %Lg", what, i, got, want);
    else
        cr_expect(fabsl(got - want) <= limit * fabsl(want), "%s of %zu: %.17g, not %.17Lg", what, i,
                  got, want);
}

/* Textbook formulas in long double. */
static void check_table(const struct table *t, size_t s, const double *l, const double *w,
                        int64_t begin, int64_t end, double bytes) {
    long double sum = 0, weight = 0, squares = 0, mean, n = 0;
    for (int64_t r = begin; r < end; r++) {
        double v = w ? w[r] : 1;
        if (v == 0) continue;
        sum += (long double)v * l[r];
        weight += v;
        n++;
    }
    mean = n > 0 ? sum / weight : NAN;
    for (int64_t r = begin; r < end; r++) {
        double v = w ? w[r] : 1;
        if (v != 0) squares += v * (l[r] - mean) * v * (l[r] - mean);
    }
    near("sum", s, t->sum[s], sum, 1e-14L);
    near("weight_sum", s, t->weight[s], weight, 1e-15L);
    cr_expect_eq(t->count[s], (int64_t)n, "count of %zu", s);
    near("mean", s, t->mean[s], mean, 1e-14L);
    near("perplexity", s, t->perplexity[s], expl(mean), 1e-13L);
    near("standard error", s, t->error[s],
         n > 1 ? sqrtl(n / (n - 1) * squares) / weight : (long double)NAN, 1e-13L);
    near("bits per byte", s, t->bits[s], sum / (logl(2) * bytes), 1e-14L);
}

static struct criterion_test_params indices(int n) {
    static int index[64];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* Index: no weights, a mask, weights; values of float or double. */
ParameterizedTestParameters(sequences, table) { return indices(6); }
ParameterizedTest(int *index, sequences, table) {
    static double l[ROWS], w[ROWS], bytes[SEQUENCES];
    uint64_t state = gen_state(9500 + (uint64_t)*index);
    nll_dtype type = *index % 2 ? NLL_F64 : NLL_F32;
    for (int r = 0; r < ROWS; r++) {
        uint64_t bits = gen_bits(&state);
        l[r] = round_to(type, ldexp((double)(bits >> 40), -21));
        w[r] = *index / 2 == 1 ? (double)(bits & 1) : (double)(bits % 5) / 4;
        if (w[r] == 0) l[r] = NAN; /* adds nothing, be it NaN */
    }
    for (int s = 0; s < SEQUENCES; s++) bytes[s] = 3 + s;
    int weighted = *index / 2 > 0;
    if (!weighted)
        for (int r = 0; r < ROWS; r++) l[r] = l[r] == l[r] ? l[r] : 1;
    void *values = to_array(type, ROWS, l);
    for (size_t k = 0; k < sizeof integers / sizeof *integers; k++) {
        if (nll_dtype_size(integers[k]) < 2) continue;
        double at[SEQUENCES + 1];
        for (int i = 0; i <= SEQUENCES; i++) at[i] = (double)offsets[i];
        void *o = to_array(integers[k], SEQUENCES + 1, at);
        struct table t;
        nll_sequences_args a = table_args(&t, SEQUENCES);
        a.nll = nll_view_1d(values, type, ROWS);
        if (weighted) a.weight = nll_view_1d(w, NLL_F64, ROWS);
        a.offsets = nll_view_1d(o, integers[k], SEQUENCES + 1);
        a.bytes = nll_view_1d(bytes, NLL_F64, SEQUENCES);
        ASSERT_OK(nll_sequences(&a));
        for (size_t s = 0; s < SEQUENCES; s++)
            check_table(&t, s, l, weighted ? w : NULL, offsets[s], offsets[s + 1], bytes[s]);
        free(o);
    }
    free(values);
}

/* Tasks last to first, one by one. */
static void backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t i = n; i-- > 0;) task(arg, i, i + 1);
}

Test(sequences, same_bits_for_any_executor_and_any_company) {
    static double l[ROWS];
    uint64_t state = gen_state(9600);
    for (int r = 0; r < ROWS; r++) l[r] = fabs(gen_value(GEN_NORMAL, &state));
    struct table alone, shared, one;
    const nll_executor executor = {NULL, backwards};
    nll_sequences_args a = table_args(&alone, SEQUENCES);
    a.nll = nll_view_1d(l, NLL_F64, ROWS);
    a.offsets = nll_view_1d(offsets, NLL_I64, SEQUENCES + 1);
    a.bytes = nll_number(7);
    ASSERT_OK(nll_sequences(&a));
    nll_sequences_args b = table_args(&shared, SEQUENCES);
    b.nll = a.nll;
    b.offsets = a.offsets;
    b.bytes = a.bytes;
    b.executor = &executor;
    ASSERT_OK(nll_sequences(&b));
    cr_expect_eq(memcmp(&alone, &shared, sizeof alone), 0);
    for (size_t s = 0; s < SEQUENCES; s++) {
        const int64_t here[2] = {0, offsets[s + 1] - offsets[s]};
        a = table_args(&one, 1);
        a.nll = nll_view_1d(l + offsets[s], NLL_F64, (size_t)here[1]);
        a.offsets = nll_view_1d(here, NLL_I64, 2);
        a.bytes = nll_number(7);
        ASSERT_OK(nll_sequences(&a));
        cr_expect(same_bits(one.sum[0], alone.sum[s]) && same_bits(one.error[0], alone.error[s]) &&
                      same_bits(one.perplexity[0], alone.perplexity[s]),
                  "sequence %zu alone differs", s);
    }
}

/* The sum of one sequence of all rows is that of the call, to the bit; so is the mean. */
Test(sequences, one_sequence_is_the_whole_call) {
    enum { N = 3000, C = 7 };
    static float x[N * C];
    static double nll[N], w[N];
    static int64_t y[N];
    uint64_t state = gen_state(9700);
    gen_fill_f32(x, (size_t)N * C, GEN_NORMAL, &state);
    for (int i = 0; i < N; i++) y[i] = gen_bits(&state) % 5 ? (int64_t)gen_below(C, &state) : -100;
    double v[C] = {1, 0.5, 2, 0, 3, 1, 1};
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, N, C),
                              .target = nll_view_1d(y, NLL_I64, N),
                              .class_weight = nll_view_1d(v, NLL_F64, C),
                              .has_ignore_index = 1,
                              .ignore_index = -100,
                              .nll = nll_out_1d(nll, NLL_F64, N),
                              .weight = nll_out_1d(w, NLL_F64, N)};
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r));
    const int64_t whole[2] = {0, N};
    struct table t;
    nll_sequences_args q = table_args(&t, 1);
    q.nll = nll_view_1d(nll, NLL_F64, N);
    q.weight = nll_view_1d(w, NLL_F64, N);
    q.offsets = nll_view_1d(whole, NLL_I64, 2);
    q.bytes = nll_number(1);
    ASSERT_OK(nll_sequences(&q));
    cr_expect(same_bits(t.sum[0], r.sum), "%a is not %a", t.sum[0], r.sum);
    cr_expect(same_bits(t.weight[0], r.weight_sum), "%a is not %a", t.weight[0], r.weight_sum);
    cr_expect(same_bits(t.mean[0], r.mean), "%a is not %a", t.mean[0], r.mean);
}

/* Averages of means are wrong for sequences of unequal length (llama.cpp#7066). */
Test(sequences, means_are_not_averaged) {
    const double l[5] = {1, 1, 1, 1, 6};
    const int64_t o[3] = {0, 4, 5};
    struct table t;
    nll_sequences_args a = table_args(&t, 2);
    a.nll = nll_view_1d(l, NLL_F64, 5);
    a.offsets = nll_view_1d(o, NLL_I64, 3);
    a.bytes = nll_number(1);
    ASSERT_OK(nll_sequences(&a));
    cr_expect_eq((t.sum[0] + t.sum[1]) / (t.weight[0] + t.weight[1]), 2);
    cr_expect(isnan(t.error[1]), "one row has no standard error");
    cr_expect_eq(t.error[0], 0);
}

Test(sequences, masked_and_infinite) {
    const double l[6] = {NAN, 2, INFINITY, 1, 3, 5}, w[6] = {0, 0, 1, 1, 0.5, 0.5};
    const int64_t o[5] = {0, 2, 4, 4, 6};
    struct table t;
    nll_sequences_args a = table_args(&t, 4);
    a.nll = nll_view_1d(l, NLL_F64, 6);
    a.weight = nll_view_1d(w, NLL_F64, 6);
    a.offsets = nll_view_1d(o, NLL_I64, 5);
    a.bytes = nll_number(2);
    ASSERT_OK(nll_sequences(&a));
    for (int s = 0; s < 3; s += 2) { /* all masked; empty */
        cr_expect_eq(t.count[s], 0);
        cr_expect_eq(t.sum[s], 0);
        cr_expect(isnan(t.mean[s]) && isnan(t.perplexity[s]) && isnan(t.error[s]));
    }
    cr_expect(isinf(t.sum[1]) && isinf(t.perplexity[1]) && isnan(t.error[1]));
    cr_expect_eq(t.mean[3], 4);
    cr_expect_eq(t.error[3], 1);
}

Test(sequences, errors) {
    const double l[4] = {1, 2, 3, 4};
    const int64_t good[3] = {0, 2, 4};
    static const int64_t bad[][3] = {{-1, 2, 4}, {0, 3, 2}, {0, 2, 5}};
    struct table t;
    nll_sequences_args a = table_args(&t, 2), b;
    a.nll = nll_view_1d(l, NLL_F64, 4);
    a.offsets = nll_view_1d(good, NLL_I64, 3);
    a.bytes = nll_number(1);
    ASSERT_OK(nll_sequences(&a));
    for (int k = 0; k < 3; k++) {
        b = a;
        b.offsets.data = bad[k];
        EXPECT_STATUS(NLL_E_SHAPE, nll_sequences(&b));
    }
    uint64_t huge[3] = {0, 2, 1ull << 63};
    b = a, b.offsets = nll_view_1d(huge, NLL_U64, 3);
    EXPECT_STATUS(NLL_E_SHAPE, nll_sequences(&b));
    b = a, b.offsets.rows = 0;
    EXPECT_STATUS(NLL_E_SHAPE, nll_sequences(&b));
    b = a, b.sum.rows = 3;
    EXPECT_STATUS(NLL_E_SHAPE, nll_sequences(&b));
    b = a, b.weight = nll_view_1d(l, NLL_F64, 3);
    EXPECT_STATUS(NLL_E_SHAPE, nll_sequences(&b));
    b = a, b.nll.dtype = NLL_F16;
    EXPECT_STATUS(NLL_E_DTYPE, nll_sequences(&b));
    b = a, b.offsets.dtype = NLL_F64;
    EXPECT_STATUS(NLL_E_DTYPE, nll_sequences(&b));
    b = a, b.count = a.sum;
    EXPECT_STATUS(NLL_E_DTYPE, nll_sequences(&b));
    b = a, b.mean = a.sum;
    EXPECT_STATUS(NLL_E_ALIAS, nll_sequences(&b));
    b = a, b.offsets = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(&b));
    b = a, b.nll = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(&b));
    b = a, b.bytes = (nll_view){0};
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(&b));
    const nll_executor none = {NULL, NULL};
    b = a, b.executor = &none;
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(&b));
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(NULL));
    b = a, b.struct_size = 8;
    EXPECT_STATUS(NLL_E_NULL, nll_sequences(&b));
}

/* ---- the categorical model over sequences */

enum { BATCH = 5, STEPS = 140, CLASSES = 11, N = BATCH * STEPS };

/* Shift, lengths and offsets against the same labels moved by hand, ignored ones for the rest:
 * every output and total is the same bits.  Index: shift, lengths, packed offsets; then the type.
 */
ParameterizedTestParameters(sequences, shift_and_lengths_are_moved_labels) {
    return indices(8 * 4);
}
ParameterizedTest(int *index, sequences, shift_and_lengths_are_moved_labels) {
    static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
    static const int32_t packed[BATCH + 1] = {2, 2, 130, 131, 515, N - 9};
    static const uint8_t lengths[BATCH] = {0, 100, 1, 100, 140};
    nll_dtype type = types[*index / 8];
    int shift = *index & 1, padded = *index >> 1 & 1, pack = *index >> 2 & 1;
    uint64_t state = gen_state(9800 + (uint64_t)*index);
    double *x = new_doubles(N * CLASSES);
    int64_t y[N], moved[N];
    int32_t even[BATCH + 1];
    make_rows(x, y, N, CLASSES, type, 0, &state);
    void *data = to_array(type, (size_t)N * CLASSES, x);
    const int32_t *o = pack ? packed : even;
    for (int s = 0; s <= BATCH; s++) even[s] = s * STEPS;
    for (int r = 0; r < N; r++) {
        if (gen_bits(&state) % 9 == 0) y[r] = -7;
        moved[r] = -7;
    }
    for (int s = 0; s < BATCH; s++) {
        int64_t rows = o[s + 1] - o[s], most = rows;
        if (padded && lengths[s] < rows) most = lengths[s];
        for (int64_t t = 0; t + shift < most; t++) moved[o[s] + t] = y[o[s] + t + shift];
        for (int64_t t = most; t < rows; t++) y[o[s] + t] = 12345; /* padding is not looked at */
    }
    uint8_t fitting[BATCH];
    for (int s = 0; s < BATCH; s++)
        fitting[s] = lengths[s] < o[s + 1] - o[s] ? lengths[s] : (uint8_t)(o[s + 1] - o[s]);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, type, N, CLASSES),
                              .target = nll_view_1d(moved, NLL_I64, N),
                              .has_ignore_index = 1,
                              .ignore_index = -7,
                              .count_correct = 1,
                              .top_k = 2};
    struct snapshot want = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
    a.target.data = y;
    a.offsets = nll_view_1d(o, NLL_I32, BATCH + 1);
    a.shift = shift;
    if (padded) a.lengths = nll_view_1d(fitting, NLL_U8, BATCH);
    struct snapshot got = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
    char label[64];
    snprintf(label, sizeof label, "shift %d lengths %d packed %d", shift, padded, pack);
    cr_assert_eq(want.status, NLL_OK);
    snap_compare(&got, &want, label);
    snap_free(&got);
    snap_free(&want);
    free(x);
    free(data);
}

/* No offsets: one sequence.  The token behind the last row is not read. */
Test(sequences, shift_of_one_sequence) {
    const float x[6] = {1, 0, 0, 1, NAN, NAN};
    const int8_t y[3] = {99, 1, 0};
    double nll[3], w[3];
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, 3, 2),
                              .target = nll_view_1d(y, NLL_I8, 3),
                              .shift = 1,
                              .nll = nll_out_1d(nll, NLL_F64, 3),
                              .weight = nll_out_1d(w, NLL_F64, 3)};
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r));
    cr_expect(r.count == 2 && r.ignored == 1 && nll[2] == 0 && w[2] == 0 && w[0] == 1);
    cr_expect(fabs(r.sum - 2 * (1 + log1p(exp(-1)))) < 1e-6, "%g", r.sum);
    const int8_t length = 1;
    a.lengths = nll_view_1d(&length, NLL_I8, 1);
    ASSERT_OK(nll_categorical(&a, &r));
    cr_expect(r.count == 0 && isnan(r.mean));
}

Test(sequences, categorical_errors) {
    const float x[8] = {0}, q[8] = {0};
    const int64_t y[4] = {0, 1, 7, 0}, o[3] = {0, 2, 4};
    int64_t lengths[2] = {2, 2};
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, 4, 2),
                              .target = nll_view_1d(y, NLL_I64, 4),
                              .offsets = nll_view_1d(o, NLL_I64, 3),
                              .lengths = nll_view_1d(lengths, NLL_I64, 2),
                              .shift = 1},
                         b;
    nll_result r = {.struct_size = sizeof r};
    ASSERT_OK(nll_categorical(&a, &r)); /* label 7 belongs to no row */
    cr_expect_eq(r.count, 2);
    b = a, b.shift = 0;
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&b, &r));
    cr_expect_eq(r.bad_row, 2);
    b = a, b.offsets = (nll_view){0}, b.lengths = b.offsets;
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&b, &r));
    cr_expect_eq(r.bad_row, 1);
    lengths[1] = 3;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&a, &r));
    lengths[1] = -1;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&a, &r));
    lengths[1] = 2;
    b = a, b.lengths.rows = 1;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&b, &r));
    const int64_t falls[3] = {0, 3, 2};
    b = a, b.offsets.data = falls;
    EXPECT_STATUS(NLL_E_SHAPE, nll_categorical(&b, &r));
    b = a, b.offsets = nll_view_1d(x, NLL_F32, 3);
    EXPECT_STATUS(NLL_E_DTYPE, nll_categorical(&b, &r));
    b = a, b.target = (nll_view){0}, b.target_probs = nll_view_2d(q, NLL_F32, 4, 2);
    EXPECT_STATUS(NLL_E_VALUE, nll_categorical(&b, &r));
    b = a, b.offsets = (nll_view){0}, b.lengths = b.offsets;
    EXPECT_STATUS(NLL_E_VALUE,
                  (b.target = (nll_view){0}, b.target_probs = nll_view_2d(q, NLL_F32, 4, 2),
                   nll_categorical(&b, &r)));
}
