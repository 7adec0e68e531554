/* variants_divergence.c: nll_kl in other ways, with the same bits: executors, layouts, outputs in
 * other types and places, single rows, other instruction sets. */
#include "gen.h"
#include "problem.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_BF16, NLL_F16};
enum { TYPES = 4 };

static struct criterion_test_params all_problems(void) {
    static int index[TYPES * KL_PROBLEMS];
    for (int i = 0; i < TYPES * KL_PROBLEMS; i++) index[i] = i;
    return cr_make_param_array(int, index, TYPES *KL_PROBLEMS);
}

static nll_view *side(nll_kl_args *a, int k) {
    nll_view *views[2][3] = {{&a->p_logits, &a->p_log_probs, &a->p_probs},
                             {&a->q_logits, &a->q_log_probs, &a->q_probs}};
    int form = 0;
    while (form < 2 && is_absent(views[k][form])) form++;
    return views[k][form];
}

/* Ranges one by one from the end, or each on a thread of its own. */
static void backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t i = n; i-- > 0;) task(arg, i, i + 1);
}
struct range {
    nll_task task;
    void *arg;
    size_t begin, end;
};
static void *run_range(void *user) {
    const struct range *r = user;
    r->task(r->arg, r->begin, r->end);
    return NULL;
}
static void threads(void *user, size_t n, nll_task task, void *arg) {
    enum { MOST = 3 };
    struct range range[MOST];
    pthread_t thread[MOST];
    (void)user;
    for (size_t t = 0; t < MOST; t++) {
        range[t] = (struct range){task, arg, n * t / MOST, n * (t + 1) / MOST};
        cr_assert_eq(pthread_create(&thread[t], NULL, run_range, &range[t]), 0);
    }
    for (size_t t = 0; t < MOST; t++) pthread_join(thread[t], NULL);
}

ParameterizedTestParameters(variants_divergence, executors) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, executors) {
    static const nll_executor executors[] = {{NULL, backwards}, {NULL, threads}};
    static const size_t shapes[][2] = {{1, 3}, {1100, 5}, {140, 700}, {3, 9001}};
    for (int s = 0; s < 4; s++) {
        struct problem p;
        nll_kl_args a =
            kl_problem(&p, *index / TYPES, types[*index % TYPES], shapes[s][0], shapes[s][1]);
        struct snapshot alone = snap_kl(&a, NLL_F64, NLL_F32, SNAP_ALL);
        for (int e = 0; e < 2; e++) {
            a.common.executor = &executors[e];
            struct snapshot shared = snap_kl(&a, NLL_F64, NLL_F32, SNAP_ALL);
            char label[64];
            snprintf(label, sizeof label, "problem %d rows %zu executor %d", *index, shapes[s][0],
                     e);
            snap_compare(&shared, &alone, label);
            cr_expect_eq(shared.status, NLL_OK, "%s", label);
            snap_free(&shared);
        }
        snap_free(&alone);
        problem_free(&p);
    }
}

/* Every instruction set that runs here. */
ParameterizedTestParameters(variants_divergence, instruction_sets) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, instruction_sets) {
    struct problem p;
    nll_kl_args a = kl_problem(&p, *index / TYPES, types[*index % TYPES], 37, 600);
    struct snapshot best = snap_kl(&a, NLL_F64, NLL_F64, SNAP_ALL);
    for (size_t i = 0; i < nll_isa_count(); i++) {
        if (!nll_isa_runnable(i)) continue;
        cr_assert_eq(nll_isa_select(nll_isa_name(i)), NLL_OK);
        struct snapshot other = snap_kl(&a, NLL_F64, NLL_F64, SNAP_ALL);
        snap_compare(&other, &best, nll_isa_name(i));
        snap_free(&other);
    }
    nll_isa_select(NULL);
    snap_free(&best);
    problem_free(&p);
}

/* The same numbers as columns, backwards, and in a wider type that holds them exactly. */
ParameterizedTestParameters(variants_divergence, layouts) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, layouts) {
    enum { ROWS = 21, COLS = 67 };
    struct problem p;
    nll_dtype type = types[*index % TYPES];
    nll_kl_args a = kl_problem(&p, *index / TYPES, type, ROWS, COLS);
    struct snapshot plain = snap_kl(&a, NLL_F64, NLL_F64, SNAP_ALL);
    for (int layout = 0; layout < 3; layout++) {
        nll_kl_args b = a;
        void *data[2];
        for (int k = 0; k < 2; k++) {
            nll_view *v = side(&b, k), old = *v;
            nll_dtype wide = layout == 2 && type != NLL_F64 ? NLL_F32 : type;
            char *to = data[k] = new_array(wide, (size_t)ROWS * COLS);
            size_t size = nll_dtype_size(wide);
            *v = nll_view_2d(to, wide, ROWS, COLS);
            if (layout == 0) {
                v->row_stride = 1;
                v->col_stride = ROWS;
            } else if (layout == 1) {
                v->data = to + ((size_t)ROWS * COLS - 1) * size;
                v->row_stride = -COLS;
                v->col_stride = -1;
            }
            for (ptrdiff_t i = 0; i < ROWS; i++)
                for (ptrdiff_t j = 0; j < COLS; j++)
                    elem_set((char *)(uintptr_t)v->data, wide,
                             i * v->row_stride + j * v->col_stride,
                             view_get(&old, (size_t)i, (size_t)j));
        }
        struct snapshot other = snap_kl(&b, NLL_F64, NLL_F64, SNAP_ALL);
        char label[64];
        snprintf(label, sizeof label, "problem %d layout %d", *index, layout);
        snap_compare(&other, &plain, label);
        snap_free(&other);
        free(data[0]);
        free(data[1]);
    }
    snap_free(&plain);
    problem_free(&p);
}

/* No output changes another; narrow ones are rounded once. */
ParameterizedTestParameters(variants_divergence, outputs) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, outputs) {
    enum { ROWS = 23, COLS = 61 };
    struct problem p;
    nll_kl_args a = kl_problem(&p, *index / TYPES, types[*index % TYPES], ROWS, COLS);
    struct snapshot all = snap_kl(&a, NLL_F64, NLL_F64, SNAP_ALL);
    cr_expect_eq(all.status, NLL_OK);
    for (unsigned set = 0; set < 7; set++) {
        struct snapshot some = snap_kl(&a, NLL_F64, NLL_F64, set);
        char label[64];
        snprintf(label, sizeof label, "problem %d outputs %u", *index, set);
        snap_compare(&some, &all, label);
        snap_free(&some);
    }
    for (int t = 0; t < TYPES; t++) {
        struct snapshot narrow = snap_kl(&a, NLL_F32, types[t], SNAP_ALL);
        for (int k = 0; k < 3; k++) {
            nll_dtype type = k ? types[t] : NLL_F32;
            size_t wrong = 0, size = nll_dtype_size(type);
            char expected[8];
            for (size_t i = 0; i < all.bytes[k] / 8; i++) {
                elem_set(expected, type, 0, elem_get(all.data[k], NLL_F64, (ptrdiff_t)i));
                wrong += memcmp(expected, (char *)narrow.data[k] + i * size, size) != 0;
            }
            cr_expect(wrong == 0, "problem %d: %zu numbers of %s in %s are not rounded once",
                      *index, wrong, all.what[k], nll_dtype_name(type));
        }
        snap_free(&narrow);
    }
    snap_free(&all);
    problem_free(&p);
}

/* Both gradients in the place of their inputs, at once. */
ParameterizedTestParameters(variants_divergence, in_place) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, in_place) {
    enum { COLS = 1133 };
    nll_dtype type = types[*index % TYPES];
    for (size_t rows = 1; rows < 20; rows += 17) {
        struct problem p;
        nll_kl_args a = kl_problem(&p, *index / TYPES, type, rows, COLS);
        struct snapshot apart = snap_kl(&a, NLL_F64, type, SNAP_ALL);
        nll_result r = {.struct_size = sizeof r};
        a.grad_p = nll_out_2d((void *)(uintptr_t)side(&a, 0)->data, type, rows, COLS);
        a.grad_q = nll_out_2d((void *)(uintptr_t)side(&a, 1)->data, type, rows, COLS);
        ASSERT_OK(nll_kl(&a, &r));
        for (int k = 0; k < 2; k++)
            cr_expect(memcmp(side(&a, k)->data, apart.data[1 + k], apart.bytes[1 + k]) == 0,
                      "problem %d rows %zu: gradient %d in place differs", *index, rows, k);
        cr_expect(same_bits(r.sum, apart.r.sum), "problem %d rows %zu: sum differs", *index, rows);
        snap_free(&apart);
        problem_free(&p);
    }
}

/* A row's bits do not depend on its neighbours. */
ParameterizedTestParameters(variants_divergence, one_row_at_a_time) { return all_problems(); }
ParameterizedTest(int *index, variants_divergence, one_row_at_a_time) {
    enum { ROWS = 19, COLS = 45 };
    struct problem p;
    nll_kl_args a = kl_problem(&p, *index / TYPES, types[*index % TYPES], ROWS, COLS);
    a.common.reduction = NLL_NONE;
    struct snapshot all = snap_kl(&a, NLL_F64, NLL_F64, SNAP_ALL);
    for (size_t i = 0; i < ROWS; i++) {
        nll_kl_args one = a;
        nll_view *views[4] = {side(&one, 0), side(&one, 1), &one.common.sample_weight,
                              &one.common.grad_output};
        for (int k = 0; k < 4; k++) {
            if (is_absent(views[k])) continue;
            ptrdiff_t skip = (ptrdiff_t)i * views[k]->row_stride;
            views[k]->data =
                (const char *)views[k]->data + skip * (ptrdiff_t)nll_dtype_size(views[k]->dtype);
            views[k]->rows = 1;
        }
        struct snapshot s = snap_kl(&one, NLL_F64, NLL_F64, SNAP_ALL);
        cr_assert_eq(s.status, NLL_OK);
        for (int k = 0; k < 3; k++)
            cr_expect(memcmp(s.data[k], (char *)all.data[k] + i * s.bytes[k], s.bytes[k]) == 0,
                      "problem %d: %s of row %zu alone differs", *index, s.what[k], i);
        snap_free(&s);
    }
    snap_free(&all);
    problem_free(&p);
}
