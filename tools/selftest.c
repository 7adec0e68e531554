/* selftest.c: nll selftest: every instruction set, thread count and split of the rows must give the
 * same bits, and every machine the same digest. */
#include "args.h"
#include "commands.h"
#include "digest.h"
#include "error.h"
#include "selftest_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Splits of the rows that no sensible executor would choose. */
static void one_by_one_backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t i = n; i-- > 0;) task(arg, i, i + 1);
}

/* Ranges of 1, 2, 3, ... items: those of odd length first, then those of even length. */
static void ragged(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    for (size_t odd = 2; odd-- > 0;)
        for (size_t begin = 0, length = 1; begin < n; begin += length++)
            if (length % 2 == odd) task(arg, begin, length < n - begin ? begin + length : n);
}

enum { POOLS = 2, WAYS = POOLS + 3 };
static const size_t thread_counts[POOLS] = {2, 7};
static const char *const way_names[WAYS] = {"no executor", "2 threads", "7 threads",
                                            "one by one backwards", "ragged ranges"};

static bool same_output(const nll_out *a, const nll_out *b) {
    return a->rows == b->rows && a->cols == b->cols && a->dtype == b->dtype &&
           memcmp(a->data, b->data, a->rows * a->cols * nll_dtype_size(a->dtype)) == 0;
}

static bool same(const struct trial *a, const struct trial *b) {
    bool equal = a->status == b->status && a->output_count == b->output_count &&
                 memcmp(a->figures, b->figures, sizeof a->figures) == 0;
    for (size_t k = 0; equal && k < a->output_count; k++)
        equal = same_output(&a->outputs[k], &b->outputs[k]);
    return equal;
}

struct selftest {
    nll_pool *pools[POOLS];
    nll_executor executors[WAYS];
    size_t isas, calls;
    struct digest **digests; /* one per instruction set */
    size_t *differences;
    size_t shown;
};

/* A call that is one task has nothing to split. */
static size_t ways_of(const struct trial *t) { return t->divisible ? WAYS : 1; }

/* Runs trial i, already made, every way on one instruction set. */
static int run_isa(struct selftest *s, size_t isa, size_t i, struct trial *t,
                   const struct trial *reference) {
    if (nll_isa_select(nll_isa_name(isa)) != NLL_OK)
        return fail(EX_SOFTWARE, "cannot select %s; please report this", nll_isa_name(isa));
    for (size_t way = 0; way < ways_of(t); way++) {
        if (trial_run(t, i, way ? &s->executors[way] : NULL)) return fail_memory();
        if (way == 0) trial_digest(t, s->digests[isa]);
        if (same(t, reference)) continue;
        s->differences[isa]++;
        if (s->shown++ < 10)
            fail(0,
                 "%s, %s: %s %s %zu x %zu (%s): expected the bits of scalar, found others; "
                 "please report this",
                 nll_isa_name(isa), way_names[way], t->model, nll_dtype_name(t->dtype), t->rows,
                 t->cols, t->name);
    }
    return 0;
}

static int run_trial(struct selftest *s, size_t i) {
    struct trial reference, t;
    if (trial_open(&reference, i) || trial_open(&t, i)) return fail_memory();
    int code = 0;
    s->calls += ways_of(&t);
    if (nll_isa_select("scalar") != NLL_OK || trial_run(&reference, i, NULL))
        code = fail(EX_SOFTWARE, "cannot run the scalar path; please report this");
    else if (reference.status != NLL_OK)
        code = fail(EX_SOFTWARE, "%s (%s): %s; please report this", reference.model, reference.name,
                    nll_status_string(reference.status));
    for (size_t isa = 0; isa < s->isas && !code; isa++)
        if (nll_isa_runnable(isa)) code = run_isa(s, isa, i, &t, &reference);
    trial_close(&reference);
    trial_close(&t);
    return code;
}

/* One line per instruction set, and the verdict. */
static int conclude(struct selftest *s) {
    char text[DIGEST_TEXT] = "";
    size_t differences = 0;
    for (size_t isa = 0; isa < s->isas; isa++) {
        const char *name = nll_isa_name(isa);
        digest_end(s->digests[isa], text);
        differences += s->differences[isa];
        if (!nll_isa_runnable(isa))
            printf("%-8s not runnable here\n", name);
        else if (s->differences[isa])
            printf("%-8s %zu of %zu calls differ\n", name, s->differences[isa], s->calls);
        else
            printf("%-8s %zu calls equal    %s\n", name, s->calls, text);
    }
    if (differences)
        return fail(EXIT_DIFFERENT, "selftest: expected equal bits, found %zu calls that differ",
                    differences);
    printf("selftest: ok  digest %s\n", text); /* scalar is last, and runs everywhere */
    return 0;
}

static int selftest(struct selftest *s) {
    int code = 0;
    for (size_t p = 0; p < POOLS && !code; p++) {
        nll_status status = nll_pool_create(thread_counts[p], &s->pools[p]);
        if (status != NLL_OK) code = fail(EX_OSERR, "selftest: %s", nll_status_string(status));
        s->executors[p + 1] = nll_pool_executor(s->pools[p]);
    }
    s->executors[POOLS + 1].parallel_for = one_by_one_backwards;
    s->executors[POOLS + 2].parallel_for = ragged;
    for (size_t isa = 0; isa < s->isas; isa++)
        if (!(s->digests[isa] = digest_new())) return fail_memory();
    for (size_t i = 0; i < trial_count() && !code; i++) code = run_trial(s, i);
    for (size_t p = 0; p < POOLS; p++) nll_pool_destroy(s->pools[p]);
    nll_isa_select(NULL);
    return code ? code : conclude(s);
}

int command_selftest(int argc, char **argv) {
    static const struct arg_command command = {
        "selftest",
        "[--help]",
        "Runs all models on generated inputs with every instruction set that this CPU runs, "
        "several "
        "thread counts and odd splits of the rows, and compares all bits.  The digest at the end "
        "is the same on every machine for one numerics version.",
        NULL,
        0,
        0};
    bool done = false;
    int code = args_parse(&command, argc, argv, 2, NULL, NULL, &done);
    if (code || done) return code;
    struct selftest s = {.isas = nll_isa_count()};
    s.digests = calloc(s.isas, sizeof(struct digest *));
    s.differences = calloc(s.isas, sizeof *s.differences);
    code = s.digests && s.differences ? selftest(&s) : fail_memory();
    free(s.digests);
    free(s.differences);
    return code;
}
