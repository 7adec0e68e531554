/* accuracy_sparse.c: sparse soft targets against the oracle: the same as dense ones where the list
 * says everything, and the bucket of all other classes. */
#include "check_models.h"
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
enum { TYPES = 4, ROWS = ROW_KINDS };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* A call on ROWS rows and all it writes. */
struct sparse {
    nll_dtype type, compute;
    size_t cols, k;
    double *x, *q, *nll, *grad, *grad_q;
    int64_t *index, *ignored;
    void *data;
    nll_categorical_args a;
    nll_result r;
};

/* `whole`: the list's probabilities sum to 1.  Multiples of 1/256: exact in every type. */
static void begin(struct sparse *s, nll_dtype type, size_t cols, size_t k, int whole,
                  uint64_t *state) {
    *s = (struct sparse){.type = type, .cols = cols, .k = k, .r = {.struct_size = sizeof s->r}};
    s->compute = type == NLL_F64 ? NLL_F64 : NLL_F32;
    s->x = new_doubles(ROWS * cols);
    s->q = new_doubles(ROWS * k);
    s->nll = new_doubles(ROWS);
    s->grad = new_doubles(ROWS * cols);
    s->grad_q = new_doubles(ROWS * k);
    s->index = new_array(NLL_I64, ROWS * k);
    s->ignored = new_array(NLL_I64, ROWS);
    make_rows(s->x, s->ignored, ROWS, cols, type, 0, state);
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t left = whole ? 256 : gen_below(257, state);
        for (size_t j = 0; j < k; j++) {
            uint64_t part = j + 1 == k ? left : gen_below(left + 1, state);
            if (gen_bits(state) % 4 == 0 && j + 1 < k) part = 0;
            left -= part;
            s->q[i * k + j] = (double)part / 256;
            s->index[i * k + j] = (int64_t)gen_below(cols, state); /* duplicates, too */
            if (j == 0 && gen_bits(state) & 1) s->index[i * k] = s->ignored[i]; /* a sure one */
            if (s->x[i * cols + (size_t)s->index[i * k + j]] == -INFINITY)      /* edges_sparse.c */
                s->index[i * k + j] = s->ignored[i];
        }
    }
    for (size_t j = 0; j < cols; j++) s->x[ROW_GENERATED * cols + j] = (double)(j % 3);
    s->data = to_array(type, ROWS * cols, s->x);
    s->a = (nll_categorical_args){.struct_size = sizeof s->a,
                                  .logits = nll_view_2d(s->data, type, ROWS, cols),
                                  .target_index = nll_view_2d(s->index, NLL_I64, ROWS, k),
                                  .target_probs = nll_view_2d(s->q, NLL_F64, ROWS, k),
                                  .common = {.reduction = NLL_SUM},
                                  .nll = nll_out_1d(s->nll, NLL_F64, ROWS),
                                  .grad = nll_out_2d(s->grad, NLL_F64, ROWS, cols),
                                  .grad_target_probs = nll_out_2d(s->grad_q, NLL_F64, ROWS, k)};
}

static void end(struct sparse *s) {
    void *all[] = {s->x, s->q, s->nll, s->grad, s->grad_q, s->index, s->ignored, s->data};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* Probabilities in the type of the logits: else the computation is double. */
static void *narrow(struct sparse *s) {
    void *q = to_array(s->type, ROWS * s->k, s->q);
    s->a.target_probs = nll_view_2d(q, s->type, ROWS, s->k);
    return q;
}

/* Index: options, tail error or renormalise, type. */
ParameterizedTestParameters(accuracy_sparse, as_dense) { return indices(TYPES * 2 * 16); }
ParameterizedTest(int *index, accuracy_sparse, as_dense) {
    static const size_t sizes[][2] = {{1, 1}, {2, 2}, {10, 3}, {40, 70}, {130, 2}, {1300, 5}};
    uint64_t state = gen_state(9900 + (uint64_t)*index);
    int options = *index / (TYPES * 2), share = *index / TYPES % 2;
    for (size_t z = 0; z < 6; z++) {
        size_t cols = sizes[z][0], k = sizes[z][1];
        if (gen_quick() && z != (size_t)*index % 6) continue;
        struct sparse s;
        begin(&s, types[*index % TYPES], cols, k, !share, &state);
        void *q = narrow(&s);
        double *dense = new_doubles(cols), *v = new_doubles(cols);
        struct oracle_value *want_grad = calloc(cols, sizeof *want_grad);
        struct oracle_value *want_q = calloc(cols, sizeof *want_q);
        for (size_t c = 0; c < cols; c++) v[c] = 0.5 * (double)(c % 4);
        s.a.tail = share ? NLL_TAIL_RENORMALISE : NLL_TAIL_ERROR;
        s.a.label_smoothing = options & 1 ? 0.125 : 0;
        s.a.z_loss = options & 2 ? 1e-3 : 0;
        if (options & 4) s.a.class_weight = nll_view_1d(v, NLL_F64, cols);
        s.a.softcap = options & 8 ? 30 : 0;
        ASSERT_OK(nll_categorical(&s.a, &s.r));
        cr_expect_eq(s.r.compute, s.compute);
        double u = unit_of(s.compute), tiny = tiny_of(s.compute), huge = huge_of(s.compute);
        double limit = row_limit(s.compute);
        struct tally nll = {.what = "nll", .limit = limit}, grad = {.what = "grad", .limit = limit},
                     grad_q = {.what = "grad_q", .limit = limit};
        for (size_t i = 0; i < ROWS; i++) {
            long double mass = 0, mean = 0;
            for (size_t j = 0; j < k; j++) mass += s.q[i * k + j];
            memset(dense, 0, cols * sizeof *dense);
            for (size_t j = 0; j < k; j++)
                dense[s.index[i * k + j]] += (double)(s.q[i * k + j] / (share ? mass : 1));
            if (mass == 0) {
                cr_expect(isnan(s.nll[i]), "a row without targets has a value");
                continue;
            }
            struct oracle_row row = {.form = FROM_LOGITS,
                                     .cols = cols,
                                     .x = s.x + i * cols,
                                     .target = -1,
                                     .q = dense,
                                     .v = options & 4 ? v : NULL,
                                     .smoothing = s.a.label_smoothing,
                                     .z_loss = s.a.z_loss,
                                     .softcap = s.a.softcap};
            struct oracle_row_out want = {.grad = want_grad, .grad_q = want_q};
            oracle_categorical(&row, &want);
            double extra = options & 8 ? (s.compute == NLL_F64 ? 4 : 1) * (double)want.z_max : 0;
            /* 1 - tanh^2 = 4 e / (1 + e)^2 of a saturated class has four times e's underflow */
            double unit = u * (1 + extra / limit), underflow = options & 8 ? 32 * tiny : tiny;
            tally_add(&nll, i, 0, s.nll[i], want.nll.v, unit * want.nll.mag, tiny, huge);
            for (size_t c = 0; c < cols; c++)
                if (s.x[i * cols + c] != -INFINITY)
                    tally_add(&grad, i, c, s.grad[i * cols + c], want_grad[c].v,
                              unit * want_grad[c].mag, underflow, huge);
            for (size_t c = 0; c < cols; c++)
                if (dense[c] != 0) mean += dense[c] * want_q[c].v;
            for (size_t j = 0; j < k; j++) {
                struct oracle_value a = want_q[s.index[i * k + j]];
                if (share) {
                    a.mag = (a.mag + mean) / mass;
                    a.v = (a.v - mean) / mass;
                }
                tally_add(&grad_q, i, j, s.grad_q[i * k + j], a.v, unit * a.mag, tiny,
                          huge_of(NLL_F64));
            }
        }
        char label[80];
        snprintf(label, sizeof label, "%s cols %zu k %zu options %d%s", nll_dtype_name(s.type),
                 cols, k, options, share ? " renormalised" : "");
        tally_check(&nll, label);
        tally_check(&grad, label);
        tally_check(&grad_q, label);
        free(want_grad);
        free(want_q);
        free(dense);
        free(v);
        free(q);
        end(&s);
    }
}

ParameterizedTestParameters(accuracy_sparse, bucket) { return indices(TYPES * 8); }
ParameterizedTest(int *index, accuracy_sparse, bucket) {
    static const size_t sizes[][2] = {{2, 1},   {3, 2},    {10, 3},   {33, 1},
                                      {40, 20}, {130, 70}, {1025, 4}, {2100, 9}};
    uint64_t state = gen_state(9950 + (uint64_t)*index);
    size_t cols = sizes[*index / TYPES][0], k = sizes[*index / TYPES][1];
    for (size_t round = 0; round < gen_count(16); round++) {
        struct sparse s;
        begin(&s, types[*index % TYPES], cols, k, 0, &state);
        void *q = narrow(&s);
        s.a.tail = NLL_TAIL_BUCKET;
        ASSERT_OK(nll_categorical(&s.a, &s.r));
        struct oracle_bucket_out want = {.grad = calloc(cols, sizeof *want.grad),
                                         .grad_q = calloc(k, sizeof *want.grad_q)};
        double u = unit_of(s.compute), tiny = tiny_of(s.compute), huge = huge_of(s.compute);
        double limit = row_limit(s.compute);
        struct tally nll = {.what = "nll", .limit = limit},
                     grad = {.what = "grad", .limit = 3 * limit},
                     grad_q = {.what = "grad_q", .limit = limit};
        for (size_t i = 0; i < ROWS; i++) {
            struct oracle_bucket b = {cols, k, s.x + i * cols, s.index + i * k, s.q + i * k};
            oracle_bucket(&b, &want);
            tally_add(&nll, i, 0, s.nll[i], want.nll, u * want.nll, tiny, huge);
            for (size_t c = 0; c < cols; c++)
                tally_add(&grad, i, c, s.grad[i * cols + c], want.grad[c].v, u * want.grad[c].mag,
                          tiny, huge);
            for (size_t j = 0; j < k; j++)
                tally_add(&grad_q, i, j, s.grad_q[i * k + j], want.grad_q[j].v,
                          u * want.grad_q[j].mag, tiny, huge_of(NLL_F64));
        }
        char label[80];
        snprintf(label, sizeof label, "%s cols %zu k %zu bucket", nll_dtype_name(s.type), cols, k);
        tally_check(&nll, label);
        tally_check(&grad, label);
        tally_check(&grad_q, label);
        free(want.grad);
        free(want.grad_q);
        free(q);
        end(&s);
    }
}

/* The oracle's gradients are the slopes of its values. */
Test(accuracy_sparse, oracle_of_the_bucket) {
    enum { C = 5, K = 2 };
    uint64_t state = gen_state(9980);
    for (int round = 0; round < 20; round++) {
        double x[C], q[K] = {0.25, 0.5}, *at[C + K], h = 0x1p-20;
        int64_t index[K];
        struct oracle_value grad[C], grad_q[K], other[C], other_q[K];
        struct oracle_bucket b = {C, K, x, index, q};
        struct oracle_bucket_out out = {0, grad, grad_q}, lo = {0, other, other_q}, hi = lo;
        for (int j = 0; j < C; j++) x[j] = gen_value(GEN_NORMAL, &state), at[j] = &x[j];
        for (int j = 0; j < K; j++) index[j] = (int64_t)gen_below(C, &state), at[C + j] = &q[j];
        oracle_bucket(&b, &out);
        for (int j = 0; j < C + K; j++) {
            double old = *at[j];
            *at[j] = old - h;
            oracle_bucket(&b, &lo);
            *at[j] = old + h;
            oracle_bucket(&b, &hi);
            *at[j] = old;
            long double slope = (hi.nll - lo.nll) / (2 * (long double)h);
            long double want = j < C ? grad[j].v : grad_q[j - C].v;
            cr_expect(fabsl(slope - want) < 1e-10L, "%d: %Lg, slope %Lg", j, want, slope);
        }
    }
}

/* Log-probabilities: the same values up to the rounding of q = exp(lq), gradients times q. */
ParameterizedTestParameters(accuracy_sparse, log_probs) { return indices(3); }
ParameterizedTest(int *index, accuracy_sparse, log_probs) {
    uint64_t state = gen_state(9990 + (uint64_t)*index);
    struct sparse s, t;
    begin(&s, NLL_F64, 50, 4, 1, &state);
    state = gen_state(9990 + (uint64_t)*index);
    begin(&t, NLL_F64, 50, 4, 1, &state);
    double lq[ROWS * 4];
    for (size_t j = 0; j < (size_t)ROWS * 4; j++) lq[j] = log(s.q[j]);
    s.a.tail = t.a.tail = (nll_tail)*index;
    t.a.target_probs = (nll_view){0};
    t.a.target_log_probs = nll_view_2d(lq, NLL_F64, ROWS, 4);
    ASSERT_OK(nll_categorical(&s.a, &s.r));
    ASSERT_OK(nll_categorical(&t.a, &t.r));
    for (size_t i = 0; i < ROWS; i++)
        cr_expect(fabs(s.nll[i] - t.nll[i]) <= 1e-13 * fabs(s.nll[i]), "row %zu: %g, %g", i,
                  s.nll[i], t.nll[i]);
    for (size_t j = 0; j < (size_t)ROWS * 4; j++) {
        double want = s.q[j] == 0 ? 0 : s.q[j] * s.grad_q[j];
        cr_expect(fabs(t.grad_q[j] - want) <= 1e-12 * (1 + fabs(s.nll[j / 4]) + fabs(want)),
                  "entry %zu: %g, not %g", j, t.grad_q[j], want);
    }
    end(&s);
    end(&t);
}
