/* executors.c: who runs the work, and in which pieces, never shows in the bits. */
#include "gen.h"
#include "problem.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

/* Ranges of a work of n: as one, one by one, in odd pieces, backwards, or over threads. */
struct plan {
    const char *name;
    size_t first, grow; /* length of the first range, factor for the next */
    int backwards, threads;
};
static const struct plan plans[] = {
    {"whole", SIZE_MAX, 1, 0, 0},        {"one by one", 1, 1, 0, 0},
    {"3, 6, 12, ...", 3, 2, 0, 0},       {"sevens backwards", 7, 1, 1, 0},
    {"backwards", 1, 1, 1, 0},           {"1 thread", 5, 1, 0, 1},
    {"2 threads", 1, 1, 0, 2},           {"3 threads", 2, 1, 0, 3},
    {"7 threads backwards", 1, 1, 1, 7},
};
enum { PLANS = sizeof plans / sizeof *plans, MOST_RANGES = 1 << 16 };

struct range {
    size_t begin, end;
};
struct work {
    struct range *ranges;
    size_t n;
    nll_task task;
    void *arg;
    atomic_size_t next;
};

static void *run_ranges(void *user) {
    struct work *w = user;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
        w->task(w->arg, w->ranges[i].begin, w->ranges[i].end);
    return NULL;
}

static void parallel_for(void *user, size_t n, nll_task task, void *arg) {
    const struct plan *p = user;
    static struct range ranges[MOST_RANGES];
    struct work w = {.ranges = ranges, .task = task, .arg = arg};
    for (size_t begin = 0, length = p->first; begin < n; length *= p->grow) {
        cr_assert_lt(w.n, (size_t)MOST_RANGES);
        size_t end = length < n - begin ? begin + length : n;
        ranges[w.n++] = (struct range){begin, end};
        begin = end;
    }
    for (size_t i = 0; p->backwards && i < w.n / 2; i++) {
        struct range r = ranges[i];
        ranges[i] = ranges[w.n - 1 - i];
        ranges[w.n - 1 - i] = r;
    }
    pthread_t thread[8];
    for (int t = 0; t < p->threads; t++)
        cr_assert_eq(pthread_create(&thread[t], NULL, run_ranges, &w), 0);
    if (p->threads == 0) run_ranges(&w);
    for (int t = 0; t < p->threads; t++) pthread_join(thread[t], NULL);
}

static struct criterion_test_params all_plans(void) {
    static int index[PLANS];
    for (int i = 0; i < PLANS; i++) index[i] = i;
    return cr_make_param_array(int, index, PLANS);
}

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_BF16};

ParameterizedTestParameters(executors, categorical) { return all_plans(); }
ParameterizedTest(int *index, executors, categorical) {
    const nll_executor executor = {(void *)(uintptr_t)&plans[*index], parallel_for};
    static const size_t shapes[][2] = {{1, 3}, {2000, 5}, {511, 40}, {3, 9001}};
    for (int which = 0; which < CATEGORICAL_PROBLEMS; which++)
        for (int s = 0; s < 4; s++) {
            struct problem p;
            nll_categorical_args a =
                categorical_problem(&p, which, types[which % 3], shapes[s][0], shapes[s][1]);
            struct snapshot alone = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
            a.common.executor = &executor;
            struct snapshot shared = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
            char label[80];
            snprintf(label, sizeof label, "%s: problem %d rows %zu", plans[*index].name, which,
                     shapes[s][0]);
            snap_compare(&shared, &alone, label);
            cr_expect_eq(shared.status, NLL_OK, "%s", label);
            snap_free(&alone);
            snap_free(&shared);
            problem_free(&p);
        }
}

ParameterizedTestParameters(executors, elementwise) { return all_plans(); }
ParameterizedTest(int *index, executors, elementwise) {
    const nll_executor executor = {(void *)(uintptr_t)&plans[*index], parallel_for};
    static const size_t rows[] = {1, 511, 512, 513, 70001};
    for (int which = 0; which < BERNOULLI_PROBLEMS + GAUSSIAN_PROBLEMS; which++)
        for (int s = 0; s < 5; s++) {
            struct problem p;
            struct snapshot alone, shared;
            if (which < BERNOULLI_PROBLEMS) {
                nll_bernoulli_args a = bernoulli_problem(&p, which, types[s % 3], rows[s]);
                alone = snap_bernoulli(&a, NLL_F64, NLL_F32, SNAP_ALL);
                a.common.executor = &executor;
                shared = snap_bernoulli(&a, NLL_F64, NLL_F32, SNAP_ALL);
            } else {
                nll_gaussian_args a =
                    gaussian_problem(&p, which - BERNOULLI_PROBLEMS, types[s % 3], rows[s]);
                alone = snap_gaussian(&a, NLL_F64, NLL_F32, SNAP_ALL);
                a.common.executor = &executor;
                shared = snap_gaussian(&a, NLL_F64, NLL_F32, SNAP_ALL);
            }
            char label[80];
            snprintf(label, sizeof label, "%s: problem %d rows %zu", plans[*index].name, which,
                     rows[s]);
            snap_compare(&shared, &alone, label);
            cr_expect_eq(shared.status, NLL_OK, "%s", label);
            snap_free(&alone);
            snap_free(&shared);
            problem_free(&p);
        }
}

/* Labels are refused the same way, and the first bad row is the first, whoever finds it. */
Test(executors, first_bad_row_whoever_finds_it) {
    enum { ROWS = 5000 };
    static float x[ROWS * 2];
    static int32_t y[ROWS];
    y[4999] = 2;
    y[1200] = -1;
    y[1201] = 2;
    for (int k = 0; k < PLANS; k++) {
        const nll_executor executor = {(void *)(uintptr_t)&plans[k], parallel_for};
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, ROWS, 2),
                                  .target = nll_view_1d(y, NLL_I32, ROWS),
                                  .common = {.executor = &executor}};
        nll_result r = {.struct_size = sizeof r};
        EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&a, &r));
        cr_expect_eq(r.bad_row, 1200, "%s: %jd", plans[k].name, r.bad_row);
    }
}

/* Two calls at once, from threads of the caller: nothing is shared. */
static void *one_call(void *user) {
    struct snapshot *s = user;
    struct problem p;
    nll_categorical_args a = categorical_problem(&p, 0, NLL_F32, 300, 50);
    *s = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
    problem_free(&p);
    return NULL;
}

Test(executors, calls_are_re_entrant) {
    enum { THREADS = 6 };
    struct snapshot s[THREADS];
    pthread_t thread[THREADS];
    gen_seed(); /* before the threads: it keeps its answer */
    for (int t = 0; t < THREADS; t++)
        cr_assert_eq(pthread_create(&thread[t], NULL, one_call, &s[t]), 0);
    for (int t = 0; t < THREADS; t++) pthread_join(thread[t], NULL);
    for (int t = 1; t < THREADS; t++) snap_compare(&s[t], &s[0], "thread");
    for (int t = 0; t < THREADS; t++) snap_free(&s[t]);
}
