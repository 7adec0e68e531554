/* score.c: nll score MODEL: files in, one fused call, files and a summary out. */
#include "bind.h"
#include "commands.h"
#include "error.h"
#include "metrics.h"
#include "output.h"
#include "report.h"
#include "sequences.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct score {
    const struct model *model;
    struct settings settings;
    struct binding binding;
    struct sequences sequences;
    struct outputs outputs;
    struct metrics metrics;
    void *args;     /* the model's argument struct */
    nll_out values; /* per-row NLL: the file of --out, else `heap` */
    void *heap;
    struct report report;
};

static nll_out *out_at(const struct score *s, size_t offset) {
    return (nll_out *)(void *)((char *)s->args + offset);
}

static bool tail_is_bucket(const struct score *s) {
    const nll_categorical_args *a = s->args; /* the one model with lists */
    return a->tail == NLL_TAIL_BUCKET;
}

/* A status as an error line and an exit code. */
static int explain(const struct score *s, nll_status status) {
    static const struct {
        nll_status status;
        int code;
    } codes[] = {
        {NLL_E_SHAPE, EX_DATAERR},           {NLL_E_DTYPE, EX_DATAERR},    {NLL_E_VALUE, EX_USAGE},
        {NLL_E_DOMAIN, EX_DATAERR},          {NLL_E_OVERFLOW, EX_DATAERR}, {NLL_E_MEMORY, EX_OSERR},
        {NLL_E_UNSUPPORTED, EX_UNAVAILABLE}, {NLL_E_EMPTY, EX_DATAERR}};
    const char *model = s->model->name, *text = nll_status_string(status);
    const struct input *labels = bind_labels(&s->binding);
    int64_t bad = s->report.result.bad_row;
    if (status == NLL_E_LABEL && labels && bad >= 0) {
        bad += bind_switch(&s->binding, "shift"); /* where the label stands */
        nll_view view = labels->single ? input_repeat(labels, NLL_I64, s->binding.rows, 1)
                                       : input_rows(labels, s->binding.begin, s->binding.end);
        return fail(EX_DATAERR,
                    "%s: expected classes from 0 to %lld, found %lld in row %lld; "
                    "correct it or exclude it with --ignore-index",
                    labels->name, (long long)s->binding.cols - 1,
                    (long long)view_integer(&view, (size_t)bad),
                    (long long)bad + (long long)s->binding.begin);
    }
    const struct input *lists = bind_lists(&s->binding);
    if (status == NLL_E_LABEL && lists && bad >= 0)
        return fail(EX_DATAERR,
                    "%s: expected classes from 0 to %lld, found another in row %lld; correct it",
                    lists->name, (long long)s->binding.cols - 1,
                    (long long)bad + (long long)s->binding.begin);
    if (status == NLL_E_DOMAIN && lists && bad >= 0 && !s->settings.check)
        return fail(EX_DATAERR,
                    "%s: expected probabilities that sum to 1%s, found another sum in row %lld; "
                    "correct it or see --tail",
                    lists->name, tail_is_bucket(s) ? " at most" : "",
                    (long long)bad + (long long)s->binding.begin);
    if (status == NLL_E_VALUE && lists && tail_is_bucket(s))
        return fail(
            EX_USAGE,
            "%s: --tail bucket needs --logits and excludes --label-smoothing, --class-weight "
            "and --hess: the bucket is no class, so it has neither a weight nor a share of "
            "the smoothing; leave them out, or see --tail renormalise",
            model);
    if (status == NLL_E_DOMAIN && bad >= 0)
        return fail(EX_DATAERR,
                    "%s: a value outside its domain in row %lld; correct it, or leave "
                    "out --check to let the row be NaN or infinite",
                    model, (long long)bad + (long long)s->binding.begin);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].status == status)
            return fail(codes[i].code, "%s: %s; see 'nll %s %s --help'", model, text,
                        s->model->command, model);
    return fail(EX_SOFTWARE, "%s: %s (status %d); please report this", model, text, (int)status);
}

/* A call without rows: finds mistakes in options and types, and the type of the computation, before
 * any output is created. */
static int rehearse(struct score *s) {
    s->args = bind_args(&s->binding, &s->settings, 0, 0);
    if (!s->args) return fail_memory();
    s->report.result = (nll_result){.struct_size = sizeof s->report.result, .bad_row = -1};
    nll_status status = model_call(s->model, s->args, &s->report.result);
    int code = status == NLL_OK ? 0 : explain(s, status);
    free(s->args);
    s->args = NULL;
    return code;
}

/* One of the folders of files by parameter. */
struct folder {
    const char *option, *path, *prefix;
    size_t member; /* offset in struct flag of the offset of the nll_out */
};

static size_t folder_output(const struct folder *folder, const struct flag *flag) {
    return *(const size_t *)(const void *)((const char *)flag + folder->member);
}

static int add_folder(struct score *s, const struct folder *folder, nll_dtype compute) {
    const struct binding *b = &s->binding;
    size_t rows = b->end - b->begin, added = 0, known = 0;
    int code = outputs_make_dir(&s->outputs, folder->path);
    for (size_t i = 0; i < s->model->flag_count && !code; i++) {
        const struct flag *flag = &s->model->flags[i];
        size_t output = folder_output(folder, flag);
        char *path;
        known += output > 0;
        if (!output || !bind_is_file(b, i)) continue;
        if (asprintf(&path, "%s/%s_%s.npy", folder->path, folder->prefix, flag->name) < 0)
            return fail_memory();
        for (char *c = path + strlen(folder->path); *c; c++)
            if (*c == '-') *c = '_';
        code = outputs_add_steps(&s->outputs, path, compute, rows, b->steps, bind_columns(b, i),
                                 out_at(s, output));
        free(path);
        added++;
    }
    if (!code && !known)
        code = fail(EX_USAGE, "--%s: %s has none of these; leave it out", folder->option,
                    s->model->name);
    if (!code && !added)
        code = fail(EX_USAGE, "--%s needs a parameter given as a file; all are numbers here",
                    folder->option);
    return code;
}

static int add_folders(struct score *s, nll_dtype compute) {
    const struct settings *set = &s->settings;
    const struct folder folders[] = {{"grad", set->grad, "d", offsetof(struct flag, extra)},
                                     {"hess", set->hess, "h", offsetof(struct flag, hess)},
                                     {"fisher", set->fisher, "f", offsetof(struct flag, fisher)}};
    int code = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && !code; i++)
        if (folders[i].path) code = add_folder(s, &folders[i], compute);
    return code;
}

/* Numbers of each row's parameters alone. */
static int add_facts(struct score *s, nll_dtype compute) {
    const struct settings *set = &s->settings;
    const struct {
        const char *option, *path;
        size_t output;
    } facts[] = {{"mode", set->mode, s->model->mode},
                 {"mean-out", set->mean_out, s->model->mean},
                 {"variance-out", set->variance_out, s->model->variance}};
    size_t rows = s->binding.end - s->binding.begin;
    int code = 0;
    for (size_t i = 0; i < sizeof facts / sizeof facts[0] && !code; i++) {
        if (!facts[i].path) continue;
        nll_dtype type = i == 0 && s->model->labels_mode ? NLL_I64 : compute;
        size_t cols = i == 0 && s->model->wide_mode ? s->binding.cols : 0;
        code = facts[i].output
                   ? outputs_add_steps(&s->outputs, facts[i].path, type, rows, s->binding.steps,
                                       cols, out_at(s, facts[i].output))
                   : fail(EX_USAGE, "--%s: %s has none; leave it out", facts[i].option,
                          s->model->name);
    }
    return code;
}

/* Creates the outputs asked for, and memory for those that are needed anyway. */
static int add_outputs(struct score *s) {
    const struct settings *set = &s->settings;
    nll_dtype compute = s->report.result.compute;
    size_t rows = s->binding.end - s->binding.begin;
    int code = 0;
    if (set->out) {
        code = outputs_add_steps(&s->outputs, set->out, compute, rows, s->binding.steps, 0,
                                 &s->values);
    } else {
        s->heap = calloc(rows ? rows : 1, nll_dtype_size(compute));
        s->values = nll_out_1d(s->heap, compute, rows);
        code = s->heap ? 0 : fail_memory();
    }
    *out_at(s, s->model->nll) = s->values;
    if (!code) code = add_facts(s, compute);
    if (!code) code = sequences_bind(&s->sequences, &s->binding, s->args);
    if (!code) code = add_folders(s, compute);
    if (!code) code = metrics_outputs(&s->metrics, &s->binding, &s->outputs, compute, s->args);
    return code;
}

static int call(struct score *s) {
    struct pool pool;
    int code = pool_start(&pool, s->settings.threads, s->settings.progress);
    if (code) return code;
    struct ahead ahead = {.stop = false};
    bind_spans(&s->binding, &ahead);
    ahead_start(&ahead, (size_t)pool.threads);
    pool.ahead = &ahead;
    nll_executor executor = pool_executor(&pool);
    nll_common *common = (nll_common *)(void *)((char *)s->args + s->model->common);
    common->executor = &executor;
    nll_status status = model_call(s->model, s->args, &s->report.result);
    ahead_stop(&ahead);
    s->report.seconds = pool_stop(&pool);
    s->report.threads = pool.threads;
    return status == NLL_OK ? 0 : explain(s, status);
}

static int digest(struct score *s) {
    struct digest *state = digest_new();
    if (!state) return fail_memory();
    digest_add(state, s->values.data, s->values.rows, nll_dtype_size(s->values.dtype));
    digest_add(state, &s->report.result.sum, 1, sizeof s->report.result.sum);
    digest_end(state, s->report.digest);
    return 0;
}

static int finish(struct score *s) {
    struct report *report = &s->report;
    int code = sequences_finish(&s->sequences, &s->settings, &s->binding, s->args, &s->values,
                                &s->outputs);
    if (code) return code;
    metrics_finish(&s->metrics, &s->binding, &report->result);
    report->metrics = &s->metrics;
    report->model = s->model;
    report->settings = &s->settings;
    report->dtype = bind_dtype(&s->binding, report->result.compute);
    report->cols = s->binding.cols;
    report->labels = bind_labels(&s->binding) && s->model->count_correct;
    report->sequences = &s->sequences;
    report->bytes =
        bind_bytes(&s->binding) + s->outputs.bytes +
        (s->heap ? (double)s->values.rows * (double)nll_dtype_size(s->values.dtype) : 0);
    code = digest(s);
    if (!code) code = outputs_commit(&s->outputs);
    /* Arrays on standard output are for another program: the summary must not run into them. */
    if (!code) code = report_print(report, s->outputs.uses_stdout ? stderr : stdout);
    if (!code && s->settings.strict && report->result.nonfinite)
        code = fail(EXIT_NONFINITE,
                    "%s: expected finite rows, found %llu of %llu that are not; "
                    "--out shows which",
                    s->model->name, (unsigned long long)report->result.nonfinite,
                    (unsigned long long)report->result.count);
    return code;
}

/* Of two distributions: flags are pairs, --p-X and --q-X, of which both are given or none. */
static int check_forms(const struct model *model, const char *const *values) {
    if (model->distribution == NULL || model->distribution->target) return 0;
    for (size_t i = 0; i + 1 < model->flag_count; i += 2) {
        if (!values[i] == !values[i + 1]) continue;
        const char *given = model->flags[values[i] ? i : i + 1].name;
        return fail(EX_USAGE, "--%s: p and q are compared in the same form; give --%s as well",
                    given, model->flags[values[i] ? i + 1 : i].name);
    }
    return 0;
}

static int run(struct score *s, const char *const *values) {
    int code = s->settings.isa ? settings_isa(s->settings.isa) : 0;
    if (!code && s->settings.mode && !s->model->mode)
        code = fail(EX_USAGE, "--mode: %s has no most likely value; leave it out", s->model->name);
    if (!code) code = bind_open(&s->binding, s->model, values, &s->settings);
    if (!code) code = check_forms(s->model, values);
    if (!code) code = metrics_open(&s->metrics, &s->binding);
    if (!code) code = sequences_open(&s->sequences, &s->settings, &s->binding);
    if (!code) code = rehearse(s);
    if (code) return code;
    s->args = bind_args(&s->binding, &s->settings, s->binding.begin, s->binding.end);
    if (!s->args) return fail_memory();
    code = add_outputs(s);
    if (!code) code = call(s);
    if (!code) code = finish(s);
    return code;
}

static int score(const struct model *model, const char *const *values) {
    struct score s = {.model = model};
    int code = settings_read(&s.settings, values + model->flag_count);
    if (code) return code;
    code = outputs_begin(&s.outputs);
    if (code) return code;
    code = run(&s, values);
    outputs_end(&s.outputs);
    bind_close(&s.binding);
    sequences_close(&s.sequences);
    metrics_close(&s.metrics);
    free(s.args);
    free(s.heap);
    return code;
}

/* What tells the commands apart. */
struct command {
    const struct catalogue *models;
    const char *about, *of, *out;      /* the help's first words, of a model's, and of --out */
    const enum common_option *without; /* options that no model of it has, ended by 0 */
};

/* The common options of the command, and the place of each among all; how many there are. */
static size_t common_of(const struct command *c, struct arg_option *options, size_t *place) {
    size_t count = 0;
    for (size_t i = 0; i < COMMON_OPTIONS; i++) {
        const enum common_option *w = c->without;
        while (*w && *w != i) w++;
        if (i && *w == i) continue;
        options[count] = common_options[i];
        if (i == OUT && c->out) options[count].help = c->out;
        place[count++] = i;
    }
    return count;
}

/* Help of the command itself: the models, and the options that all of them take. */
static int command_help(const struct command *c) {
    char about[4000];
    size_t used = (size_t)snprintf(
        about, sizeof about,
        "%s  An input is a .npy file, - for the standard input, or a number.\n\nModels, whose own "
        "options 'nll %s MODEL --help' lists:\n",
        c->about, c->models->command);
    const char *name, *text;
    for (size_t i = 0; model_list(c->models, i, &name, &text) && used < sizeof about; i++)
        used += (size_t)snprintf(about + used, sizeof about - used, "  %-21s  %s\n", name, text);
    struct arg_option options[COMMON_OPTIONS];
    size_t place[COMMON_OPTIONS];
    size_t count = common_of(c, options, place);
    struct arg_command command = {
        c->models->command, "MODEL [inputs] [options]", about, options, count, 0};
    char program[] = "nll", help[] = "--help";
    char *argv[] = {program, help, NULL};
    bool done;
    return args_parse(&command, 2, argv, 1, NULL, NULL, &done);
}

static const char *const metavars[] = {
    [MATRIX] = "F", [COLUMN] = "F",      [LABELS] = "F",  [CLASSES] = "F",
    [LIST] = "F",   [LIST_LABELS] = "F", [KLD] = "F",     [SETTING] = "X",
    [INDEX] = "I",  [COUNT] = "K",       [TEXT] = "TEXT", [WORD] = "W"};

static int command_of(const struct command *c, int argc, char **argv) {
    enum { MOST = FLAGS_MOST + COMMON_OPTIONS };
    struct arg_option options[MOST] = {{NULL, NULL, NULL}};
    const char *given[MOST] = {NULL}, *values[MOST] = {NULL}, *word = c->models->command;
    size_t place[COMMON_OPTIONS];
    int code = 0;
    if (argc < 3)
        return fail(EX_USAGE, "missing MODEL; write 'nll %s MODEL', see 'nll %s --help'", word,
                    word);
    if (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) return command_help(c);
    if (argv[2][0] == '-')
        return fail(EX_USAGE, "expected a model before '%s'; write 'nll %s MODEL %s'", argv[2],
                    word, argv[2]);
    const struct model *model = model_find(c->models, argv[2], &code);
    if (!model) return code;
    size_t count = 0, flags = model->flag_count;
    for (; count < flags; count++) {
        const struct flag *flag = &model->flags[count];
        options[count] = (struct arg_option){
            flag->name, flag->arg ? flag->arg : metavars[flag->form], flag->help};
    }
    count += common_of(c, options + flags, place);
    char name[64], needed[200], about[500];
    bind_needed(model, needed, sizeof needed);
    snprintf(name, sizeof name, "%s %s", word, model->name);
    snprintf(about, sizeof about,
             "%s of %s.\n\nNeeded: %s.\nF is a .npy file, - for the standard input, or a number "
             "for all rows.\n",
             c->of, model->about, needed);
    struct arg_command command = {name, "[inputs] [options]", about, options, count, 0};
    bool done = false;
    code = args_parse(&command, argc, argv, 3, given, NULL, &done);
    for (size_t i = 0; i < count; i++) values[i < flags ? i : flags + place[i - flags]] = given[i];
    return code || done ? code : score(model, values);
}

int command_score(int argc, char **argv) {
    static const enum common_option all[] = {0};
    static const struct command c = {
        &score_models,
        "Negative log-likelihoods of arrays: a summary on standard output; on request the NLL of "
        "each row and sequence, and gradients.",
        "NLL", NULL, all};
    return command_of(&c, argc, argv);
}

int command_kl_dist(int argc, char **argv) {
    static const enum common_option without[] = {OFFSETS,  SEQ_BYTES,    HESS,    FISHER,    MODE,
                                                 MEAN_OUT, VARIANCE_OUT, SEQ_OUT, SEQ_TABLE, BYTES,
                                                 0};
    static const struct command c = {
        &kl_models,
        "Closed-form Kullback-Leibler divergence KL(p||q) of two distributions of one family, row "
        "by row: a summary on standard output; on request the divergence of each row, and "
        "gradients of all parameters.",
        "KL(p||q)",
        "divergence of each row, in nats; - is the standard output, and the summary then moves to "
        "standard error",
        without};
    return command_of(&c, argc, argv);
}
