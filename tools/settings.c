/* settings.c: see settings.h. */
#include "settings.h"
#include "error.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const struct arg_option common_options[COMMON_OPTIONS] = {
    [INPUTS_HEADING] = {NULL, NULL, "Rows:"},
    [SAMPLE_WEIGHT] = {"sample-weight", "F", "weight of each row [n], or a number"},
    [OFFSETS] = {"offsets", "F",
                 "integers [s+1]: sequence i is the rows offsets[i] to offsets[i+1]"},
    [SEQ_BYTES] = {"seq-bytes", "F", "bytes of text behind each sequence [s], or a number"},
    [ROWS] = {"rows", "A:B",
              "only these rows of the inputs, as the slice [A:B] in Python; "
              "everything else is as if the inputs were that short"},
    [DTYPE] = {"dtype", "bf16", "two-byte inputs (V2, u2) are bfloat16"},
    [CHECK] = {"check", NULL, "stop at the first row with a value outside its domain"},
    [OUTPUTS_HEADING] = {NULL, NULL, "Outputs (.npy files):"},
    [OUT] = {"out", "F",
             "NLL of each row, in nats; - is the standard output, and the "
             "summary then moves to standard error"},
    [GRAD] = {"grad", "DIR",
              "d_<flag>.npy for each parameter given as a file, and the target where it is "
              "real: the gradient of the reduction chosen"},
    [HESS] = {"hess", "DIR",
              "h_<flag>.npy for each parameter given as a file: the second derivative of the "
              "reduction chosen"},
    [FISHER] = {"fisher", "DIR",
                "f_<flag>.npy for each parameter given as a file: the Fisher information of one "
                "observation"},
    [MODE] = {"mode", "F", "most likely value of each row"},
    [MEAN_OUT] = {"mean-out", "F", "mean of each row's distribution"},
    [VARIANCE_OUT] = {"variance-out", "F", "variance of each row's distribution"},
    [SEQ_OUT] = {"seq-out", "F", "NLL of each sequence, in nats, float64"},
    [SEQ_TABLE] = {"seq-table", "F",
                   "count, NLL, mean, perplexity, standard error and bits per byte of each "
                   "sequence: F ends in .json, .csv or .npy"},
    [SUMMARY_HEADING] = {NULL, NULL, "Summary:"},
    [REDUCTION] = {"reduction", "KIND", "none, sum or mean (default): the value reported"},
    [UNIT] = {"unit", "UNIT", "nats (default) or bits; files are always in nats"},
    [BYTES] = {"bytes", "N", "bytes of text behind the rows: adds bits per byte"},
    [JSON] = {"json", NULL, "one JSON object"},
    [QUIET] = {"quiet", NULL, "no summary (except --json) and no progress line"},
    [STRICT] = {"strict", NULL, "exit code 2 if a row is NaN or infinite"},
    [RUN_HEADING] = {NULL, NULL, "Execution (never changes a result):"},
    [THREADS] = {"threads", "N", "threads (default: NLL_NUM_THREADS, or all CPUs)"},
    [ISA] = {"isa", "NAME", "instruction set, as listed by 'nll info'"},
    [PROGRESS] = {"progress", "WHEN",
                  "auto (default: a terminal and over a second), always or "
                  "never"},
};

static int read_words(struct settings *s, const char *const *values) {
    static const char *const reductions[] = {
        [NLL_MEAN] = "mean", [NLL_SUM] = "sum", [NLL_NONE] = "none"};
    static const char *const units[] = {"nats", "bits"};
    static const char *const whens[] = {
        [PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never"};
    static const char *const dtypes[] = {"bf16"};
    size_t reduction = NLL_MEAN, unit = 0, when = PROGRESS_AUTO, dtype = 0;
    const struct {
        enum common_option option;
        const char *const *words;
        size_t count, *index;
    } table[] = {{REDUCTION, reductions, 3, &reduction},
                 {UNIT, units, 2, &unit},
                 {PROGRESS, whens, 3, &when},
                 {DTYPE, dtypes, 1, &dtype}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *text = values[table[i].option];
        int code = text ? args_word(common_options[table[i].option].name, text, table[i].words,
                                    table[i].count, table[i].index)
                        : 0;
        if (code) return code;
    }
    s->reduction = (nll_reduction)reduction;
    s->bits = unit == 1;
    s->progress = s->quiet ? PROGRESS_NEVER : (enum progress_mode)when;
    s->bf16 = values[DTYPE] != NULL;
    return 0;
}

int settings_read(struct settings *s, const char *const values[COMMON_OPTIONS]) {
    long long threads = threads_default();
    *s = (struct settings){.check = values[CHECK],
                           .json = values[JSON],
                           .quiet = values[QUIET],
                           .strict = values[STRICT],
                           .isa = values[ISA],
                           .rows = values[ROWS],
                           .sample_weight = values[SAMPLE_WEIGHT],
                           .offsets = values[OFFSETS],
                           .out = values[OUT],
                           .grad = values[GRAD],
                           .hess = values[HESS],
                           .fisher = values[FISHER],
                           .mode = values[MODE],
                           .mean_out = values[MEAN_OUT],
                           .variance_out = values[VARIANCE_OUT],
                           .seq_out = values[SEQ_OUT],
                           .seq_table = values[SEQ_TABLE],
                           .seq_bytes = values[SEQ_BYTES]};
    int code = read_words(s, values);
    if (!code && values[BYTES])
        code = args_integer("bytes", values[BYTES], 1, LLONG_MAX, &s->bytes);
    if (!code && values[THREADS])
        code = args_integer("threads", values[THREADS], 1, THREADS_MOST, &threads);
    s->threads = (int)threads;
    return code;
}

/* One end of a slice, as Python clamps it. */
static bool slice_end(const char *text, const char *stop, size_t n, size_t missing, size_t *at) {
    char *end = NULL;
    *at = missing;
    if (text == stop) return true;
    if (strspn(text, "+-0123456789") < (size_t)(stop - text)) return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end != stop || errno) return false;
    unsigned long long size = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
    size_t clamped = size < n ? (size_t)size : n;
    *at = value < 0 ? n - clamped : clamped;
    return true;
}

int settings_rows(const char *text, size_t n, size_t *begin, size_t *end) {
    const char *colon = strchr(text, ':');
    if (!colon || !slice_end(text, colon, n, 0, begin) ||
        !slice_end(colon + 1, text + strlen(text), n, n, end))
        return fail(EX_USAGE,
                    "--rows: expected A:B as in a slice, found '%s'; write 0:100 for "
                    "the first hundred rows",
                    text);
    if (*end < *begin) *end = *begin;
    return 0;
}

int settings_isa(const char *name) {
    /* Those of every architecture, so that asking for neon on x86 is no misspelling. */
    static const char *const known[] = {"avx512", "avx2", "neon", "scalar"};
    size_t index;
    int code = args_word("isa", name, known, sizeof known / sizeof known[0], &index);
    if (code || nll_isa_select(name) == NLL_OK) return code;
    return fail(EX_UNAVAILABLE,
                "--isa: '%s' is not built or this CPU cannot run it; "
                "'nll info' lists those that work",
                name);
}
