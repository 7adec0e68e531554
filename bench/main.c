/* main.c: nll-bench: the order of things, names, the table. */
#include "bench.h"

#include "../tools/error.h"
#include "../tools/output.h"
#include "gbench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bench_options bench;

const nll_isa *bench_scalar(void) {
    size_t i = 0;
    while (nll_isa_at(i + 1)) i++;
    return nll_isa_at(i);
}

const nll_isa *bench_isa(size_t i, size_t most) {
    if (i >= most && bench.quick && !options_given(LIST_ISA)) return NULL;
    if (i > 0 && bench.plain) return NULL;
    size_t k = 0;
    while (!options_given(LIST_ISA) && nll_isa_at(k) != bench.best) k++;
    for (; nll_isa_at(k); k++)
        if (nll_isa_can_run(nll_isa_at(k)) && options_chosen(LIST_ISA, nll_isa_at(k)->name) &&
            i-- == 0)
            return nll_isa_at(k);
    return NULL;
}

int bench_only_for_bits(const nll_isa *isa) {
    return isa == bench_scalar() && isa != bench_isa(0, 1) && !options_given(LIST_ISA);
}

void bench_fail(int code, const char *name, const char *why) {
    fflush(stdout);
    exit(fail(code, "%s: %s", name, why));
}

void bench_no_memory(void) {
    fflush(stdout);
    exit(fail_memory());
}

const char *bench_text(const char *format, ...) {
    va_list args;
    char *text;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0) bench_no_memory();
    return text;
}

const char *bench_name(const char *what, const char *type, const char *isa, const char *how,
                       const char *size, int threads) {
    return bench_text("%s/%s%s%s/%s/%s%s", what, type, bench.plain ? "" : "/",
                      bench.plain ? "" : isa, how, size,
                      threads > 1 ? bench_text("/threads:%d", threads) : "");
}

/* ---- the table */

static gb_row *rows;
static size_t row_count;
static int live; /* rows come in order: print them at once */

static void heading(void) {
    printf("%-60s %9s %8s %8s %7s %9s %7s\n", "median of the repetitions", "Gelem/s", "GB/s",
           "roof", "roof %", "tick/elem", "+-%");
}

static void print(const gb_row *r) {
    printf("%-60s %9.3f ", r->name, r->items * 1e-9);
    if (r->bytes > 0)
        printf("%8.2f ", r->bytes * 1e-9);
    else
        printf("%8s ", "-");
    if (r->roof > 0)
        printf("%8.2f %7.1f ", r->roof * 1e-9, 100 * r->fraction);
    else
        printf("%8s %7s ", "-", "-");
    printf("%9.3f %7.1f", r->ticks, 100 * r->spread);
    if (r->share > 0) printf("  %.0f %% of the speed on the last axis", 100 * r->share);
    putchar('\n');
    fflush(stdout);
}

static void report(const gb_row *r) {
    if (row_count == 0 && live) heading();
    rows = realloc(rows, (row_count + 1) * sizeof *rows);
    if (!rows) bench_no_memory();
    rows[row_count] = *r;
    rows[row_count++].name = bench_text("%s", r->name);
    if (live) print(r);
}

static int by_index(const void *a, const void *b) {
    const gb_row *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static void finish(void) {
    if (!live && row_count > 0) {
        qsort(rows, row_count, sizeof *rows, by_index);
        heading();
        for (size_t i = 0; i < row_count; i++) print(&rows[i]);
    }
    if (fflush(stdout) || ferror(stdout)) return; /* see main */
    if (compare_count() == 0) return;             /* a list of names, say */
    fprintf(stderr, "%lu outputs compared with the scalar path on the same data: equal bits\n",
            compare_count());
}

/* ---- the run */

void bench_sizes(void) {
    const size_t least = (size_t)32 << 20, most = (size_t)1 << 30;
    bench.best = nll_isa_current();
    bench.cache = machine_cache();
    bench.dram = (bench.quick ? 2 : 4) * bench.cache;
    size_t limit = machine_memory() / 32;
    if (bench.dram > limit) bench.dram = limit;
    if (bench.dram > most) bench.dram = most;
    if (bench.dram < least) bench.dram = least;
    bench.check = (size_t)1 << 18; /* the scalar path is slow; one size, so that digests compare */
}

/* A flag of Google Benchmark that makes it print names, in its own reading of yes and no. */
static int lists_names(const char *flag) {
    static const char name[] = "--benchmark_list_tests";
    static const char *const no[] = {"=false", "=no", "=off", "=0", "=f", "=F", "=n", "=N"};
    if (strncmp(flag, name, sizeof name - 1) != 0) return 0;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcasecmp(flag + sizeof name - 1, no[i]) == 0) return 0;
    return 1;
}

/* Complete or not at all; `json` may be empty, to see early whether the name will do. */
static int write_file(const char *path, const char *json, int commit) {
    struct outputs outputs;
    int code = outputs_begin(&outputs);
    if (code) return code;
    code = outputs_add_bytes(&outputs, path, json, strlen(json));
    if (!code && commit) code = outputs_commit(&outputs);
    outputs_end(&outputs);
    return code;
}

/* Will the name do?  Better known before an hour of measuring.  A pipe is left alone: opening one
 * waits for its reader, closing it ends the reader. */
static int probe(const char *path) {
    struct stat st;
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode)) return 0;
    return write_file(path, "", 0);
}

/* Measures what is registered, with Google Benchmark's flags of the command line. */
static int measure(const char *program, char **others, int other_count) {
    enum { OWN = 5 };
    const char **flags = calloc((size_t)other_count + OWN + 1, sizeof *flags);
    int n = 0, ordered = 0, list = bench.list;
    if (!flags) bench_no_memory();
    for (int i = 0; i < other_count; i++) {
        ordered |= strcmp(others[i], "--benchmark_enable_random_interleaving=false") == 0;
        list |= lists_names(others[i]);
    }
    live = bench.quick || ordered;
    /* ours first: those of the command line win */
    flags[n++] = program;
    flags[n++] = "--benchmark_repetitions=9";
    flags[n++] = bench.quick ? "--benchmark_min_time=0.005" : "--benchmark_min_time=0.02";
    if (!live) flags[n++] = "--benchmark_enable_random_interleaving=true";
    if (bench.list) flags[n++] = "--benchmark_list_tests=true";
    for (int i = 0; i < other_count; i++) flags[n++] = others[i];

    double rate = machine_tick_rate();
    machine_context(rate, list ? "" : compare_numerics());
    char *json = NULL;
    long run = gb_main(n, (char **)(void *)flags, rate, report, bench.json ? &json : NULL);
    int code = 0;
    if (run < 0)
        code = fail(EX_USAGE, "'%s': Google Benchmark has no such flag, or not with that value",
                    flags[1]); /* it has taken those that it knows away */
    else if (run == 0)
        code =
            fail(EX_USAGE, "--benchmark_filter: no name matches; 'nll bench --list' prints them");
    else
        finish();
    free(flags);
    if (!code && bench.json && !list) code = json ? write_file(bench.json, json, 1) : fail_memory();
    free(json);
    return code;
}

int main(int argc, char **argv) {
    char **others = calloc((size_t)argc + 1, sizeof *others);
    int other_count = 0, done = 0, list = 0;
    if (!others) bench_no_memory();
    int code = options_read(argc, argv, others, &other_count, &done);
    for (int i = 0; i < other_count && !code && bench.json; i++)
        if (strncmp(others[i], "--benchmark_format", 18) == 0)
            code = fail(EX_USAGE, "--json and --benchmark_format exclude each other; give one");
        else
            list |= lists_names(others[i]);
    if (!code && bench.json && (list || bench.list))
        code = fail(EX_USAGE, "--json and a list of names exclude each other; give one");
    if (!code && bench.json && strcmp(bench.json, "-") == 0)
        code = fail(EX_USAGE, "--json: expected a file; --benchmark_format=json prints to the "
                              "standard output");
    if (!code && !done && bench.json) code = probe(bench.json);
    if (!code && !done) {
        int with_kernels = options_given(LIST_KERNEL) || !options_given(LIST_MODEL);
        int with_models = options_given(LIST_MODEL) || !options_given(LIST_KERNEL);
        roofs_register();
        peaks_register();
        size_t roofs = gb_count();
        if (with_models) models_register();
        if (with_models) axis_register();
        if (with_kernels) kernels_register();
        if (gb_count() == roofs)
            code = fail(EX_USAGE, "these options leave nothing to measure; 'nll bench --list' "
                                  "prints what there is");
        else
            code = measure(argv[0], others, other_count);
    }
    free(others);
    if (!code && (fflush(stdout) || ferror(stdout)))
        code = fail(EX_IOERR, "standard output: cannot be written");
    return code;
}
