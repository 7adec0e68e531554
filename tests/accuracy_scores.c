/* accuracy_scores.c: rank, margin, entropy, confidence and Brier score against the oracle: rows of
 * many lengths and kinds, from every form. */
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

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4 };

static struct criterion_test_params indices(int n) {
    static int index[512];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* What models.h promises, in units of the compute type's roundoff. */
struct limits {
    double entropy, confidence, brier;
};
static struct limits limits_of(nll_dtype compute) {
    return compute == NLL_F64 ? (struct limits){80, 40, 160} : (struct limits){72, 34, 140};
}

struct scores {
    nll_categorical_args a;
    enum oracle_form form;
    const nll_view *x;
    nll_result r;
    struct tally margin, entropy, confidence, brier;
    uint64_t hits;
};

static void begin(struct scores *m, const nll_categorical_args *args) {
    *m = (struct scores){.a = *args, .r = {.struct_size = sizeof m->r}};
    nll_categorical_args *a = &m->a;
    m->form = !is_absent(&a->logits)      ? FROM_LOGITS
              : !is_absent(&a->log_probs) ? FROM_LOG_PROBS
                                          : FROM_PROBS;
    m->x = m->form == FROM_LOGITS      ? &a->logits
           : m->form == FROM_LOG_PROBS ? &a->log_probs
                                       : &a->probs;
    size_t n = m->x->rows;
    struct limits limit = limits_of(m->x->dtype == NLL_F64 ? NLL_F64 : NLL_F32);
    a->rank = nll_out_1d(new_array(NLL_I64, n), NLL_I64, n);
    a->margin = nll_out_1d(new_doubles(n), NLL_F64, n);
    a->entropy = nll_out_1d(new_doubles(n), NLL_F64, n);
    a->confidence = nll_out_1d(new_doubles(n), NLL_F64, n);
    a->brier = nll_out_1d(new_doubles(n), NLL_F64, n);
    m->margin = (struct tally){.what = "margin", .limit = 2};
    m->entropy = (struct tally){.what = "entropy", .limit = limit.entropy};
    m->confidence = (struct tally){.what = "confidence", .limit = limit.confidence};
    m->brier = (struct tally){.what = "brier", .limit = limit.brier};
}

/* NaN, +inf, or nothing above -inf (probs: above 0). */
static int is_broken(enum oracle_form form, const double *x, size_t n) {
    int any = 0;
    for (size_t j = 0; j < n; j++) {
        if (isnan(x[j]) || x[j] == INFINITY) return 1;
        any |= x[j] > (form == FROM_PROBS ? 0 : -INFINITY);
    }
    return !any;
}

static void check_row(struct scores *m, size_t i, const double *x, size_t target) {
    const nll_categorical_args *a = &m->a;
    nll_dtype type = m->x->dtype == NLL_F64 ? NLL_F64 : NLL_F32;
    struct oracle_row row = {.form = m->form,
                             .cols = m->x->cols,
                             .x = x,
                             .target = (ptrdiff_t)target,
                             .temperature = a->temperature,
                             .softcap = a->softcap};
    struct oracle_scores want;
    struct limits limit = limits_of(type);
    if (is_broken(m->form, x, row.cols)) {
        cr_expect(isnan(out_get(&a->entropy, i, 0)) && isnan(out_get(&a->confidence, i, 0)) &&
                      isnan(out_get(&a->brier, i, 0)),
                  "row %zu has no distribution", i);
        return;
    }
    oracle_scores(&row, &want);
    double u = unit_of(type), huge = huge_of(NLL_F64), tiny = tiny_of(NLL_F64), extra = 0;
    /* roundings of z: models.h */
    if (a->temperature != 0 || a->softcap != 0)
        extra = (type == NLL_F64 && a->softcap != 0 ? 4 : 1) * (double)want.z_max;
    if (m->form == FROM_PROBS) extra = (double)want.z_max;
    tally_add(&m->margin, i, 0, out_get(&a->margin, i, 0), want.margin.v,
              u * want.margin.mag * (1 + extra / 2), tiny, huge);
    tally_add(&m->entropy, i, 0, out_get(&a->entropy, i, 0), want.entropy,
              u * want.entropy * (1 + extra / limit.entropy), tiny, huge);
    tally_add(&m->confidence, i, 0, out_get(&a->confidence, i, 0), want.confidence,
              u * want.confidence * (1 + extra / limit.confidence), tiny, huge);
    tally_add(&m->brier, i, 0, out_get(&a->brier, i, 0), want.brier,
              u * want.brier * (1 + 2 * extra / limit.brier), tiny, huge);
    cr_expect(out_get(&a->entropy, i, 0) >= 0, "row %zu: entropy below 0", i);
    cr_expect_eq(out_get(&a->rank, i, 0), (double)want.rank, "row %zu: rank %g, not %zu", i,
                 out_get(&a->rank, i, 0), want.rank);
    m->hits += want.rank < a->top_k;
}

static void check(const nll_categorical_args *args, const double *x, const char *label) {
    struct scores m;
    begin(&m, args);
    ASSERT_OK(nll_categorical(&m.a, &m.r));
    for (size_t i = 0; i < m.x->rows; i++)
        check_row(&m, i, x + i * m.x->cols, (size_t)view_get(&m.a.target, i, 0));
    tally_check(&m.margin, label);
    tally_check(&m.entropy, label);
    tally_check(&m.confidence, label);
    tally_check(&m.brier, label);
    free(m.a.rank.data);
    free(m.a.margin.data);
    free(m.a.entropy.data);
    free(m.a.confidence.data);
    free(m.a.brier.data);
}

static void logits(nll_dtype type, size_t rows, size_t cols, int first, int options,
                   uint64_t *state) {
    double *x = new_doubles(rows * cols);
    int64_t *y = new_array(NLL_I64, rows);
    make_rows(x, y, rows, cols, type, first, state);
    for (size_t i = 0; i < rows; i += 3) y[i] = (int64_t)gen_below(cols, state); /* not the sure */
    void *data = to_array(type, rows * cols, x);
    char label[80];
    snprintf(label, sizeof label, "%s cols %zu kind %d options %d", nll_dtype_name(type), cols,
             first, options);
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(data, type, rows, cols),
                              .target = nll_view_1d(y, NLL_I64, rows),
                              .top_k = 3,
                              .temperature = options & 1 ? 0.7 : 0,
                              .softcap = options & 2 ? 30 : 0};
    check(&a, x, label);
    free(x);
    free(y);
    free(data);
}

ParameterizedTestParameters(accuracy_scores, logits) { return indices(TYPES * 10); }
ParameterizedTest(int *index, accuracy_scores, logits) {
    uint64_t state = gen_state(9100 + (uint64_t)*index);
    for (size_t cols = 1 + (size_t)*index / TYPES; cols <= 70; cols += gen_quick() ? 30 : 10)
        logits(types[*index % TYPES], 2 * ROW_KINDS, cols, 0, 0, &state);
}

ParameterizedTestParameters(accuracy_scores, long_rows) { return indices(TYPES * 6); }
ParameterizedTest(int *index, accuracy_scores, long_rows) {
    static const size_t lengths[] = {511, 512, 1000, 1025, 4099, 50257};
    uint64_t state = gen_state(9200 + (uint64_t)*index);
    size_t cols = lengths[*index / TYPES], rows = cols > 5000 || gen_quick() ? 3 : ROW_KINDS;
    if (gen_quick() && cols > 5000) return;
    logits(types[*index % TYPES], rows, cols, *index % ROW_KINDS, 0, &state);
}

ParameterizedTestParameters(accuracy_scores, softcap_and_temperature) { return indices(2 * 3); }
ParameterizedTest(int *index, accuracy_scores, softcap_and_temperature) {
    static const size_t lengths[] = {2, 7, 33, 130, 513};
    uint64_t state = gen_state(9300 + (uint64_t)*index);
    for (size_t k = 0; k < 5; k++)
        logits(types[*index % 2], 2 * ROW_KINDS, lengths[k], 0, 1 + *index / 2, &state);
}

/* Normalised as they are written down: they need not sum to 1. */
ParameterizedTestParameters(accuracy_scores, log_probs_and_probs) { return indices(TYPES * 2); }
ParameterizedTest(int *index, accuracy_scores, log_probs_and_probs) {
    enum { ROWS = 24 };
    static const size_t lengths[] = {1, 2, 9, 40, 700, 1300};
    uint64_t state = gen_state(9400 + (uint64_t)*index);
    nll_dtype type = types[*index % TYPES];
    int probs = *index / TYPES;
    for (size_t k = 0; k < 6; k++) {
        size_t cols = lengths[k];
        double *x = new_doubles(ROWS * cols);
        int64_t y[ROWS];
        for (size_t i = 0; i < ROWS; i++) y[i] = (int64_t)gen_below(cols, &state);
        for (size_t i = 0; i < ROWS * cols; i++) {
            double p = gen_value(GEN_UNIT, &state);
            x[i] = round_to(type, probs ? p : -20 * p);
        }
        void *data = to_array(type, ROWS * cols, x);
        nll_view view = nll_view_2d(data, type, ROWS, cols), none = {0};
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .log_probs = probs ? none : view,
                                  .probs = probs ? view : none,
                                  .target = nll_view_1d(y, NLL_I64, ROWS)};
        char label[64];
        snprintf(label, sizeof label, "%s %s cols %zu", nll_dtype_name(type),
                 probs ? "probs" : "log_probs", cols);
        check(&a, x, label);
        free(x);
        free(data);
    }
}
