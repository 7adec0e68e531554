/* main.c: nll-bench: options, the order of things, the table. */
#include "bench.h"

#include "gbench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bench_options bench;
unsigned long bench_compared;

static const char usage[] =
    "usage: nll-bench [--quick | --full] [FLAG of Google Benchmark ...]\n"
    "\n"
    "Speed of nll's kernels and models, against roofs measured in the same run.\n"
    "  --quick                   the short set, under a minute\n"
    "  --full                    all of it, about a quarter of an hour (the default)\n"
    "  --benchmark_filter=REGEX  only these; names are WHAT/TYPE/ISA/HOW/SIZE\n"
    "  --benchmark_list_tests    the names\n"
    "  --benchmark_out=FILE      JSON for compare.py and others\n"
    "More in bench/README.md.  The flags of Google Benchmark:\n\n";

const nll_isa *bench_scalar(void) {
    size_t i = 0;
    while (nll_isa_at(i + 1)) i++;
    return nll_isa_at(i);
}

const nll_isa *bench_isa(size_t i, size_t most) {
    if (bench.quick && i >= most) return NULL;
    for (size_t k = 0; nll_isa_at(k); k++)
        if (nll_isa_can_run(nll_isa_at(k)) && i-- == 0) return nll_isa_at(k);
    return NULL;
}

void bench_fail(const char *name, const char *why) {
    fflush(stdout);
    fprintf(stderr, "nll-bench: %s: %s\n", name, why);
    exit(1);
}

void bench_same(const char *name, const char *what, const void *got, const void *want,
                size_t size) {
    bench_compared++;
    if (memcmp(got, want, size) == 0) return;
    size_t i = 0;
    while (((const char *)got)[i] == ((const char *)want)[i]) i++;
    bench_fail(name, bench_text("%s differs from the scalar path in byte %zu", what, i));
}

const char *bench_text(const char *format, ...) {
    va_list args;
    char *text;
    va_start(args, format);
    int size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0) bench_fail("memory", "out of it");
    return text;
}

/* ---- the table */

static gb_row *rows;
static size_t row_count;
static int live; /* rows come in order: print them at once */

static void heading(void) {
    printf("%-52s %9s %8s %8s %7s %9s %7s\n", "median of the repetitions", "Gelem/s", "GB/s",
           "roof", "roof %", "TSC/elem", "+-%");
}

static void print(const gb_row *r) {
    printf("%-52s %9.3f %8.2f ", r->name, r->items * 1e-9, r->bytes * 1e-9);
    if (r->roof > 0)
        printf("%8.2f %7.1f ", r->roof * 1e-9, 100 * r->fraction);
    else
        printf("%8s %7s ", "-", "-");
    printf("%9.3f %7.1f\n", r->cycles, 100 * r->spread);
    fflush(stdout);
}

static void report(const gb_row *r) {
    if (row_count == 0 && live) heading();
    rows = realloc(rows, (row_count + 1) * sizeof *rows);
    if (!rows) bench_fail("memory", "out of it");
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
    if (bench_compared == 0) return; /* a list of names, say */
    fprintf(stderr, "%lu outputs compared with the scalar path on the same data: equal bits\n",
            bench_compared);
}

/* ---- options */

static void choose_sizes(void) {
    const size_t least = (size_t)32 << 20, most = (size_t)1 << 30;
    bench.cache = machine_cache();
    bench.dram = (bench.quick ? 2 : 4) * bench.cache;
    size_t limit = machine_memory() / 32;
    if (bench.dram > limit) bench.dram = limit;
    if (bench.dram > most) bench.dram = most;
    if (bench.dram < least) bench.dram = least;
    bench.check = (size_t)1 << (bench.quick ? 18 : 20); /* the scalar path is slow */
}

int main(int argc, char **argv) {
    enum { OWN = 4 };
    char **flags = calloc((size_t)argc + OWN + 1, sizeof *flags);
    int n = 0, ordered = 0;
    if (!flags) bench_fail("memory", "out of it");
    for (int i = 1; i < argc; i++) {
        bench.quick |= strcmp(argv[i], "--quick") == 0;
        ordered |= strcmp(argv[i], "--benchmark_enable_random_interleaving=false") == 0;
        if (strcmp(argv[i], "--help") == 0) fputs(usage, stdout);
    }
    fflush(stdout);
    live = bench.quick || ordered;
    /* ours first: those of the command line win */
    static char repetitions[] = "--benchmark_repetitions=9";
    static char min_time[] = "--benchmark_min_time=0.05",
                short_time[] = "--benchmark_min_time=0.01";
    static char interleaved[] = "--benchmark_enable_random_interleaving=true";
    flags[n++] = argv[0];
    flags[n++] = repetitions;
    flags[n++] = bench.quick ? short_time : min_time;
    if (!live) flags[n++] = interleaved;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--quick") != 0 && strcmp(argv[i], "--full") != 0) flags[n++] = argv[i];

    choose_sizes();
    machine_context();
    roofs_register();
    models_register();
    axis_register();
    kernels_register();
    long run = gb_main(n, flags, machine_tick_rate(), report);
    if (run > 0) finish();
    free(flags);
    return run > 0 ? 0 : 2;
}
