/* options.c: the command line, and what it selects. */
#include "bench.h"

#include "../tools/args.h"
#include "../tools/error.h"
#include "../tools/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    QUICK = LISTS, /* the lists come first */
    FULL,
    PLAIN_NAMES,
    LIST,
    JSON,
    OPTIONS
};
static const struct arg_option table[OPTIONS] = {
    [LIST_MODEL] = {"model", "LIST", "these models and functions of rows, or all"},
    [LIST_KERNEL] = {"kernel", "LIST", "these kernels of kernels.def, or all"},
    [LIST_ISA] = {"isa", "LIST", "these instruction sets, or all"},
    [LIST_TYPE] = {"type", "LIST", "of f32, f64, bf16, f16"},
    [LIST_SHAPE] = {"shape", "LIST",
                    "rows x classes as 4096x1000, elements as 4194304, outer x classes x inner as "
                    "32x1000x1000; DRAM for the first number: as many as fill no cache; L1, DRAM: "
                    "of kernels"},
    [LIST_THREADS] = {"threads", "LIST", "thread counts; all: as many as there are CPUs"},
    [QUICK] = {"quick", NULL, "the short set, under a minute"},
    [FULL] = {"full", NULL, "all of it (the default without --quick)"},
    [PLAIN_NAMES] = {"plain-names", NULL,
                     "one instruction set, and names without it: the same on all machines, for "
                     "compare.py"},
    [LIST] = {"list", NULL, "print the names instead of measuring"},
    [JSON] = {"json", "F", "write all repetitions to F, in Google Benchmark's format"},
};

enum { WORDS = 64, SHAPES = 64, THREAD_COUNTS = 16 };

static struct {
    char *text; /* that the words lie in */
    const char *words[WORDS];
    size_t count;
    int given;
} lists[LISTS];

static bench_shape shapes[SHAPES];
static size_t shape_count;
static struct {
    struct pool pool;
    nll_executor executor;
} teams[THREAD_COUNTS];
static size_t team_count;

int options_given(enum bench_list list) { return lists[list].given; }

int options_chosen(enum bench_list list, const char *word) {
    for (size_t i = 0; i < lists[list].count; i++)
        if (strcmp(lists[list].words[i], word) == 0 || strcmp(lists[list].words[i], "all") == 0)
            return 1;
    return !lists[list].given;
}

/* ---- reading lists */

static int split(enum bench_list list, const char *text) {
    char *rest = lists[list].text = strdup(text), *word;
    if (!rest) return fail_memory();
    lists[list].given = 1;
    while ((word = strsep(&rest, ","))) {
        if (!*word) continue;
        if (lists[list].count == WORDS)
            return fail(EX_USAGE, "--%s: expected at most %d words", table[list].name, WORDS);
        lists[list].words[lists[list].count++] = word;
    }
    if (lists[list].count == 0)
        return fail(EX_USAGE, "--%s: expected words with commas between them, found none",
                    table[list].name);
    return 0;
}

static const char *model_word(size_t i) {
    size_t models = 0;
    while (models_name(models)) models++;
    return i < models ? models_name(i) : axis_name(i - models);
}
static const char *kernel_word(size_t i) { return i < NLL_KERNELS ? nll_descs[i].name : NULL; }
static const char *isa_word(size_t i) { /* of every architecture, as for nll score */
    static const char *const words[] = {"avx512", "avx2", "neon", "scalar", NULL};
    return words[i];
}
static const char *type_word(size_t i) {
    static const char *const words[] = {"f32", "f64", "bf16", "f16", NULL};
    return words[i];
}

static int check_word(enum bench_list list, const char *word, const char *(*known)(size_t)) {
    struct guess guess = guess_start(word);
    for (size_t i = 0; known(i); i++) {
        if (strcmp(known(i), word) == 0) return 0;
        guess_offer(&guess, known(i));
    }
    const char *near = guess_result(&guess);
    if (near || strcmp(word, "all") == 0)
        return near ? fail(EX_USAGE, "--%s: unknown value '%s'; did you mean '%s'?",
                           table[list].name, word, near)
                    : 0;
    return fail(EX_USAGE,
                "--%s: unknown value '%s'; the names that 'nll bench --list' prints have it",
                table[list].name, word);
}

static int check_words(enum bench_list list, const char *(*known)(size_t)) {
    int code = 0;
    for (size_t i = 0; i < lists[list].count && !code; i++)
        code = check_word(list, lists[list].words[i], known);
    return code;
}

static int check_isas(void) {
    int code = check_words(LIST_ISA, isa_word);
    for (size_t i = 0; i < lists[LIST_ISA].count && !code; i++) {
        const char *word = lists[LIST_ISA].words[i];
        if (strcmp(word, "all") != 0 && nll_isa_select(word) != NLL_OK)
            code = fail(EX_UNAVAILABLE,
                        "--isa: '%s' is not built or this CPU cannot run it; "
                        "'nll info' lists those that work",
                        word);
    }
    nll_isa_select(NULL);
    if (!code && bench.plain && (lists[LIST_ISA].count > 1 || options_chosen(LIST_ISA, "all")) &&
        lists[LIST_ISA].given)
        return fail(EX_USAGE, "--plain-names leaves the instruction set out; name one with --isa");
    return code;
}

/* "4096x1000", "DRAMx10", "L1". */
static int read_shape(const char *word) {
    bench_shape s = {.brief = 1};
    const char *at = word;
    double bytes = 8; /* of the widest type */
    if (strcmp(word, "L1") == 0) return 0;
    for (;;) {
        char *end = NULL;
        if (s.dims == 0 && strncmp(at, "DRAM", 4) == 0)
            at += 4;
        else if (s.dims == 3 || *at < '1' || *at > '9')
            break;
        else {
            s.dim[s.dims] = strtoull(at, &end, 10);
            bytes *= (double)s.dim[s.dims];
            at = end;
        }
        s.dims++;
        if (*at++ == 'x') continue;
        if (at[-1] || (s.dims == 3 && s.dim[0] == 0)) break;
        /* lists of 16 labels of 8 bytes for each row */
        if (s.dims == 2 && s.dim[1] < 16) bytes *= 16 / (double)s.dim[1];
        if (bytes > (double)data_limit())
            return fail(EX_USAGE, "--shape: expected arrays of at most %zu MiB, found '%s'",
                        data_limit() >> 20, word);
        for (size_t i = 0; i < shape_count; i++) /* given twice: measured once */
            if (shapes[i].dims == s.dims && memcmp(shapes[i].dim, s.dim, sizeof s.dim) == 0)
                return 0;
        if (shape_count == SHAPES) return fail(EX_USAGE, "--shape: too many");
        shapes[shape_count++] = s;
        return 0;
    }
    return fail(EX_USAGE,
                "--shape: expected 4096x1000, DRAMx1000, 4194304, 32x1000x1000, DRAM or L1, "
                "found '%s'",
                word);
}

static int read_shapes(void) {
    int code = 0;
    for (size_t i = 0; i < lists[LIST_SHAPE].count && !code; i++)
        code = read_shape(lists[LIST_SHAPE].words[i]);
    if (lists[LIST_SHAPE].given) return code;
#define NLL_ROWS(rows, cols, brief) \
    if ((brief) || !bench.quick) shapes[shape_count++] = (bench_shape){2, brief, {rows, cols}};
#define NLL_ELEMENTS(n, brief) \
    if ((brief) || !bench.quick) shapes[shape_count++] = (bench_shape){1, brief, {n}};
#define NLL_AXES(outer, classes, inner, brief) \
    if ((brief) || !bench.quick)               \
        shapes[shape_count++] = (bench_shape){3, brief, {outer, classes, inner}};
#include "shapes.def"
#undef NLL_ROWS
#undef NLL_ELEMENTS
#undef NLL_AXES
    return 0;
}

const bench_shape *bench_shape_at(unsigned dims, size_t i) {
    for (size_t k = 0; k < shape_count; k++)
        if (shapes[k].dims == dims && i-- == 0) return &shapes[k];
    return NULL;
}

/* Kept until the program ends. */
static int add_team(int threads) {
    for (size_t i = 0; i < team_count; i++)
        if (teams[i].pool.threads == threads) return 0;
    int code = pool_start(&teams[team_count].pool, threads, PROGRESS_NEVER);
    if (code) return code;
    teams[team_count].executor = pool_executor(&teams[team_count].pool);
    team_count++;
    return 0;
}

static int read_threads(void) {
    unsetenv("NLL_NUM_THREADS"); /* all means all */
    int code = 0, most = threads_default();
    for (size_t i = 0; i < lists[LIST_THREADS].count && !code; i++) {
        long long n = most;
        const char *word = lists[LIST_THREADS].words[i];
        if (strcmp(word, "all") != 0) code = args_integer("threads", word, 1, THREADS_MOST, &n);
        if (!code && team_count == THREAD_COUNTS)
            code = fail(EX_USAGE, "--threads: expected at most %d counts", THREAD_COUNTS);
        if (!code) code = add_team((int)n);
    }
    if (lists[LIST_THREADS].given) return code;
    code = add_team(1);
    for (int n = 2; n < most && !bench.quick && !code; n *= 2) code = add_team(n);
    return code ? code : add_team(most);
}

int bench_threads(size_t i, int more) {
    if (i >= team_count || (i > 0 && !more && !lists[LIST_THREADS].given)) return 0;
    return teams[i].pool.threads;
}

const nll_executor *bench_executor(int threads) {
    for (size_t i = 0; i < team_count && threads > 1; i++)
        if (teams[i].pool.threads == threads) return &teams[i].executor;
    return NULL;
}

/* ---- the command line */

/* Google Benchmark's words go to *others, and off argv. */
static int set_apart(int argc, char **argv, char **others, int *other_count) {
    int own = 1;
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--benchmark_", 12) == 0 || strncmp(argv[i], "--v=", 4) == 0)
            others[(*other_count)++] = argv[i];
        else
            argv[own++] = argv[i];
    argv[own] = NULL;
    return own;
}

int options_read(int argc, char **argv, char **others, int *other_count, int *done) {
    static const struct arg_command command = {
        "bench",
        "[options] [--benchmark_...]",
        "Speed of the models and kernels, against what the memory and the arithmetic units of "
        "this machine do in the same run.  Every benchmark is first compared with the scalar "
        "path, bit for bit.  LIST: words with commas between them.  Flags of Google Benchmark "
        "are passed on, as --benchmark_filter=REGEX over the names "
        "WHAT/TYPE/ISA/HOW/SIZE[/threads:N].",
        table,
        OPTIONS,
        0};
    const char *values[OPTIONS] = {NULL};
    bool help = false;
    argc = set_apart(argc, argv, others, other_count);
    int code = args_parse(&command, argc, argv, 1, values, NULL, &help);
    *done = help;
    if (code || help) return code;
    if (values[QUICK] && values[FULL])
        return fail(EX_USAGE, "--quick and --full exclude each other; give one");
    bench.quick = values[QUICK] != NULL;
    bench.plain = values[PLAIN_NAMES] != NULL;
    bench.list = values[LIST] != NULL;
    bench.json = values[JSON];
    bench_sizes();
    for (int i = 0; i < LISTS && !code; i++)
        if (values[i]) code = split((enum bench_list)i, values[i]);
    if (!code) code = check_words(LIST_MODEL, model_word);
    if (!code) code = check_words(LIST_KERNEL, kernel_word);
    if (!code) code = check_words(LIST_TYPE, type_word);
    if (!code) code = check_isas();
    if (!code) code = read_shapes();
    return code ? code : read_threads();
}
