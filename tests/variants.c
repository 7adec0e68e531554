/* variants.c: the same problem asked in different ways gives the same bits: outputs together or
 * alone, in place or not, narrow or wide, numbers as arrays, one row at a time. */
#include "gen.h"
#include "problem.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4, MODELS = CATEGORICAL_PROBLEMS + BERNOULLI_PROBLEMS + GAUSSIAN_PROBLEMS };

static struct criterion_test_params indices(int n) {
    static int index[256];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

union any_args {
    nll_categorical_args categorical;
    nll_bernoulli_args bernoulli;
    nll_gaussian_args gaussian;
};

static union any_args make(struct problem *p, int which, nll_dtype type, size_t rows, size_t cols) {
    union any_args a;
    if (which < CATEGORICAL_PROBLEMS)
        a.categorical = categorical_problem(p, which, type, rows, cols);
    else if ((which -= CATEGORICAL_PROBLEMS) < BERNOULLI_PROBLEMS)
        a.bernoulli = bernoulli_problem(p, which, type, rows * 8);
    else
        a.gaussian = gaussian_problem(p, which - BERNOULLI_PROBLEMS, type, rows * 8);
    return a;
}

static struct snapshot snap(const union any_args *a, int which, nll_dtype row, nll_dtype grad,
                            unsigned wanted) {
    return which < CATEGORICAL_PROBLEMS ? snap_categorical(&a->categorical, row, grad, wanted)
           : which < CATEGORICAL_PROBLEMS + BERNOULLI_PROBLEMS
               ? snap_bernoulli(&a->bernoulli, row, grad, wanted)
               : snap_gaussian(&a->gaussian, row, grad, wanted);
}

/* sklearn tests every loss so: loss, gradient and both must agree. */
ParameterizedTestParameters(variants, outputs_alone_or_together) { return indices(TYPES * MODELS); }
ParameterizedTest(int *index, variants, outputs_alone_or_together) {
    struct problem p;
    int which = *index / TYPES;
    nll_dtype type = types[*index % TYPES];
    union any_args a = make(&p, which, type, 37, 83);
    struct snapshot all = snap(&a, which, NLL_F64, NLL_F32, SNAP_ALL);
    cr_assert_eq(all.status, NLL_OK, "%s", nll_status_string(all.status));
    static const unsigned sets[] = {0,
                                    SNAP_NLL,
                                    SNAP_GRAD,
                                    SNAP_GRAD2,
                                    SNAP_LSE,
                                    SNAP_MODE,
                                    SNAP_P,
                                    SNAP_RANK,
                                    SNAP_MARGIN,
                                    SNAP_ENTROPY,
                                    SNAP_CONFIDENCE | SNAP_GRAD,
                                    SNAP_BRIER,
                                    SNAP_WEIGHT,
                                    SNAP_HESS,
                                    SNAP_HVP | SNAP_NLL,
                                    SNAP_NLL | SNAP_GRAD,
                                    SNAP_GRAD | SNAP_GRAD2,
                                    SNAP_ALL & ~1u};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct snapshot some = snap(&a, which, NLL_F64, NLL_F32, sets[i]);
        char label[64];
        snprintf(label, sizeof label, "problem %d outputs %u", which, sets[i]);
        snap_compare(&some, &all, label);
        snap_free(&some);
    }
    snap_free(&all);
    problem_free(&p);
}

/* Gradients and row values are rounded once, from the compute type or double. */
ParameterizedTestParameters(variants, narrow_outputs_are_rounded_once) {
    return indices(TYPES * MODELS);
}
ParameterizedTest(int *index, variants, narrow_outputs_are_rounded_once) {
    struct problem p;
    int which = *index / TYPES;
    union any_args a = make(&p, which, types[*index % TYPES], 23, 61);
    struct snapshot wide = snap(&a, which, NLL_F64, NLL_F64, SNAP_ALL);
    for (int t = 0; t < TYPES; t++) {
        struct snapshot narrow = snap(&a, which, NLL_F32, types[t], SNAP_ALL);
        for (int k = 0; k < SNAP_OUTPUTS; k++) {
            if (!wide.data[k] || 1u << k & SNAP_INTEGERS) continue;
            nll_dtype type = 1u << k & SNAP_MATRICES ? types[t] : NLL_F32;
            size_t n = wide.bytes[k] / 8, wrong = 0;
            char expected[8];
            for (size_t i = 0; i < n; i++) {
                elem_set(expected, type, 0, elem_get(wide.data[k], NLL_F64, (ptrdiff_t)i));
                size_t size = nll_dtype_size(type);
                wrong += memcmp(expected, (char *)narrow.data[k] + i * size, size) != 0;
            }
            cr_expect(wrong == 0, "problem %d: %zu of %zu numbers of %s in %s are not rounded once",
                      which, wrong, n, wide.what[k], nll_dtype_name(type));
        }
        snap_free(&narrow);
    }
    snap_free(&wide);
    problem_free(&p);
}

/* The gradient may take the place of its input. */
ParameterizedTestParameters(variants, in_place) { return indices(TYPES * MODELS); }
ParameterizedTest(int *index, variants, in_place) {
    int which = *index / TYPES;
    nll_dtype type = types[*index % TYPES];
    for (size_t rows = 1; rows < 70; rows += 34) {
        struct problem p;
        union any_args a = make(&p, which, type, rows, 133);
        struct snapshot apart = snap(&a, which, NLL_F64, type, SNAP_ALL);
        nll_result r = {.struct_size = sizeof r};
        const void *input;
        nll_status s;
        size_t n;
        if (which < CATEGORICAL_PROBLEMS) {
            nll_categorical_args *c = &a.categorical;
            const nll_view *x = !is_absent(&c->logits)      ? &c->logits
                                : !is_absent(&c->log_probs) ? &c->log_probs
                                                            : &c->probs;
            input = x->data;
            n = x->rows * x->cols;
            c->grad = nll_out_2d((void *)(uintptr_t)x->data, type, x->rows, x->cols);
            s = nll_categorical(c, &r);
        } else if (which < CATEGORICAL_PROBLEMS + BERNOULLI_PROBLEMS) {
            nll_bernoulli_args *b = &a.bernoulli;
            const nll_view *x = is_absent(&b->logits) ? &b->probs : &b->logits;
            input = x->data;
            n = b->rows;
            b->grad = nll_out_1d((void *)(uintptr_t)x->data, type, n);
            s = nll_bernoulli(b, &r);
        } else {
            nll_gaussian_args *g = &a.gaussian;
            input = g->loc.data;
            n = g->rows;
            g->grad_loc = nll_out_1d((void *)(uintptr_t)g->loc.data, type, n);
            s = nll_gaussian(g, &r);
        }
        cr_assert_eq(s, NLL_OK, "problem %d: %s", which, nll_status_string(s));
        cr_expect(memcmp(input, apart.data[1], n * nll_dtype_size(type)) == 0,
                  "problem %d rows %zu: gradient in place differs", which, rows);
        cr_expect(same_bits(r.sum, apart.r.sum), "problem %d rows %zu: sum differs", which, rows);
        snap_free(&apart);
        problem_free(&p);
    }
}

/* A row's bits do not depend on its neighbours, nor on its place. */
ParameterizedTestParameters(variants, one_row_at_a_time) {
    return indices(2 * CATEGORICAL_PROBLEMS);
}
ParameterizedTest(int *index, variants, one_row_at_a_time) {
    enum { ROWS = 19, COLS = 45, VIEWS = 9 };
    struct problem p;
    nll_dtype type = types[*index % 2];
    union any_args a = make(&p, *index / 2, type, ROWS, COLS);
    a.categorical.common.reduction = NLL_NONE;
    struct snapshot all = snap_categorical(&a.categorical, NLL_F64, type, SNAP_ALL);
    for (size_t i = 0; i < ROWS; i++) {
        nll_categorical_args one = a.categorical;
        nll_view *views[VIEWS] = {&one.logits,
                                  &one.log_probs,
                                  &one.probs,
                                  &one.target,
                                  &one.target_probs,
                                  &one.target_index,
                                  &one.vector,
                                  &one.common.sample_weight,
                                  &one.common.grad_output};
        for (size_t k = 0; k < VIEWS; k++) {
            if (is_absent(views[k])) continue;
            ptrdiff_t skip = (ptrdiff_t)i * views[k]->row_stride;
            views[k]->data =
                (const char *)views[k]->data + skip * (ptrdiff_t)nll_dtype_size(views[k]->dtype);
            views[k]->rows = 1;
        }
        struct snapshot s = snap_categorical(&one, NLL_F64, type, SNAP_ALL);
        cr_assert_eq(s.status, NLL_OK, "row %zu: %s", i, nll_status_string(s.status));
        for (int k = 0; k < SNAP_OUTPUTS; k++)
            cr_expect(!s.data[k] ||
                          memcmp(s.data[k], (char *)all.data[k] + i * s.bytes[k], s.bytes[k]) == 0,
                      "problem %d: %s of row %zu alone differs", *index / 2, s.what[k], i);
        snap_free(&s);
    }
    snap_free(&all);
    problem_free(&p);
}
