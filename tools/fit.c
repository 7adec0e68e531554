/* fit.c: nll fit MODEL, nll fit --compare: maximum likelihood. */
#include "fit.h"
#include "args.h"
#include "commands.h"
#include "error.h"
#include "settings.h"
#include "threads.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fit_option {
    TARGET,
    WEIGHT,
    COMPARE,
    FORM,
    START,
    SLICE,
    BFLOAT,
    ITERATIONS,
    TOLERANCE,
    AS_JSON,
    SILENT,
    WORKERS,
    ISA_NAME,
    FIT_OPTIONS
};
static const struct arg_option fit_options[FIT_OPTIONS] = {
    [TARGET] = {"target", "F", "observations y [n], a .npy file, or - for the standard input"},
    [WEIGHT] = {"sample-weight", "F", "how often each row counts [n], or a number"},
    [COMPARE] = {"compare", "A,B,...", "in place of MODEL: fit each of these, rank them by AIC"},
    [FORM] = {"form", "NAMES", "report these forms of the parameters: log-rate, mean,precision"},
    [START] = {"start", "NAME=X,...", "begin at these values"},
    [SLICE] = {"rows", "A:B", "only these rows, as the slice [A:B] in Python"},
    [BFLOAT] = {"dtype", "bf16", "two-byte inputs (V2, u2) are bfloat16"},
    [ITERATIONS] = {"max-iterations", "N", "Newton steps at most (default 100)"},
    [TOLERANCE] = {"tolerance", "X", "the next step at the end, in standard errors (default 1e-8)"},
    [AS_JSON] = {"json", NULL, "one JSON object"},
    [SILENT] = {"quiet", NULL, "no account (except --json), only the exit code"},
    [WORKERS] = {"threads", "N", "threads (default: NLL_NUM_THREADS, or all CPUs)"},
    [ISA_NAME] = {"isa", "NAME", "instruction set, as listed by 'nll info'"},
};

enum { OPTIONS_MOST = FIT_OPTIONS + FIXED_MOST + 1 };

/* ---- models and their parameters as options */

static const char *model_at(size_t i) {
    static const char *const more[] = {"bernoulli", "gaussian"};
    const nll_distribution *d = i < 2 ? NULL : nll_distribution_at(i - 2);
    return i < 2 ? more[i] : d ? d->name : NULL;
}

static int add_model(struct fit *f, const char *name) {
    size_t count;
    const nll_parameter *parameter = nll_fit_parameters(name, &count);
    if (!parameter) {
        struct guess guess = guess_start(name);
        for (size_t i = 0; model_at(i); i++) guess_offer(&guess, model_at(i));
        const char *near = guess_result(&guess);
        return near ? fail(EX_USAGE, "unknown model '%s'; did you mean '%s'?", name, near)
                    : fail(EX_USAGE,
                           "unknown model '%s'; 'nll fit --help' lists those that can "
                           "be fitted",
                           name);
    }
    if (f->model_count == FITS)
        return fail(EX_USAGE, "--compare: expected at most %d models; name fewer", (int)FITS);
    for (size_t i = 0; i < f->model_count; i++)
        if (strcmp(f->models[i], name) == 0)
            return fail(EX_USAGE, "--compare: '%s' is named twice; name it once", name);
    f->models[f->model_count++] = name;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < f->fixable_count && strcmp(f->fixable[k].name, parameter[i].name) != 0) k++;
        if (k < f->fixable_count || k == FIXED_MOST) continue;
        struct fixable *to = &f->fixable[f->fixable_count++];
        to->name = parameter[i].name;
        args_option_name(to->flag, sizeof to->flag, to->name);
        snprintf(to->help, sizeof to->help, "%s: a number or file [n]%s", parameter[i].about,
                 parameter[i].grad ? " to hold it at" : ", needed");
    }
    return 0;
}

/* The value of --compare, which decides what other options there are. */
static const char *compare_value(int argc, char **argv) {
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--compare") == 0) return i + 1 < argc ? argv[i + 1] : "";
        if (strncmp(argv[i], "--compare=", 10) == 0) return argv[i] + 10;
    }
    return NULL;
}

static int add_models(struct fit *f, const char *list) {
    int code = 0;
    f->list = strdup(list);
    if (!f->list) return fail_memory();
    for (char *rest = f->list, *word; !code && (word = strsep(&rest, ","));)
        code = add_model(f, word);
    return code;
}

static struct fixable *find_fixable(struct fit *f, const char *option, const char *word,
                                    size_t length, int *code) {
    char alone[NAME_MOST];
    snprintf(alone, sizeof alone, "%.*s", (int)length, word);
    struct guess guess = guess_start(alone);
    for (size_t i = 0; i < f->fixable_count; i++) {
        struct fixable *x = &f->fixable[i];
        if ((strlen(x->flag) == length && strncmp(x->flag, word, length) == 0) ||
            (strlen(x->name) == length && strncmp(x->name, word, length) == 0))
            return x;
        guess_offer(&guess, x->flag);
    }
    const char *near = guess_result(&guess);
    *code = near ? fail(EX_USAGE, "--%s: unknown parameter '%.*s'; did you mean '%s'?", option,
                        (int)length, word, near)
                 : fail(EX_USAGE, "--%s: unknown parameter '%.*s'; see 'nll fit %s --help'", option,
                        (int)length, word, f->models[0]);
    return NULL;
}

/* --form A,B and --start A=1,B=2 */
static int read_list(struct fit *f, enum fit_option option, const char *list) {
    const char *name = fit_options[option].name;
    int code = 0;
    for (const char *word = list; !code && *word;) {
        size_t length = strcspn(word, ","), key = strcspn(word, "=,");
        struct fixable *x = find_fixable(f, name, word, key, &code);
        if (!x) return code;
        x->form = true;
        if (option == START) {
            char text[64] = "";
            if (key < length && length - key < sizeof text)
                memcpy(text, word + key + 1, length - key - 1);
            x->start = args_number(text, &x->start_at) && isfinite(x->start_at);
            if (!x->start)
                code = fail(EX_USAGE,
                            "--start: expected a number after '%s=', found '%s'; write "
                            "--start %s=1",
                            x->flag, text, x->flag);
        } else if (key < length) {
            code = fail(EX_USAGE, "--form: expected names, found '%.*s'; write --form %s",
                        (int)length, word, x->flag);
        }
        word += length + (word[length] == ',');
    }
    return code;
}

/* ---- inputs */

static int open_column(struct fit *f, struct input *input, const char *flag, const char *text,
                       bool bf16) {
    int code = input_open(input, flag, text, INPUT_REAL, bf16);
    if (code || input->single) return code;
    code = input_want_dims(input, 1, "[n]");
    size_t n = input->npy.shape[0], rows = f->target.npy.shape[0];
    if (!code && n != rows)
        code = fail(EX_DATAERR,
                    "%s: expected %zu rows for --%s as in %s, found %zu; cut or match "
                    "the files",
                    input->name, rows, flag, f->target.name, n);
    return code;
}

nll_view fit_column(const struct fit *f, const struct input *input) {
    if (input->dtype == NLL_NUMBER) return nll_number(input->number);
    if (input->single) return input_repeat(input, NLL_F64, f->end - f->begin, 1);
    return input_rows(input, f->begin, f->end);
}

static int open_inputs(struct fit *f, const char *const *values) {
    bool bf16 = values[BFLOAT];
    if (!values[TARGET])
        return fail(EX_USAGE, "--target is needed; write 'nll fit %s --target F'", f->models[0]);
    if (bf16 && strcmp(values[BFLOAT], "bf16") != 0)
        return fail(EX_USAGE, "--dtype: unknown value '%s'; use bf16", values[BFLOAT]);
    int code = input_open(&f->target, "target", values[TARGET], INPUT_REAL, bf16);
    if (!code && f->target.single)
        code = fail(EX_USAGE, "--target: expected a file of observations, found one number; give "
                              "a .npy file");
    if (!code) code = input_want_dims(&f->target, 1, "[n]");
    if (code) return code;
    f->end = f->target.npy.shape[0];
    if (values[SLICE]) code = settings_rows(values[SLICE], f->end, &f->begin, &f->end);
    if (!code && values[WEIGHT])
        code = open_column(f, &f->weight, "sample-weight", values[WEIGHT], bf16);
    for (size_t i = 0; !code && i < f->fixable_count; i++) {
        struct fixable *x = &f->fixable[i];
        const char *text = values[FIT_OPTIONS + 1 + i];
        if (!text) continue;
        x->given = true;
        code = open_column(f, &x->input, x->flag, text, bf16);
    }
    return code;
}

/* ---- calls */

static void fit_one(struct fit *f, struct fitted *x) {
    nll_fit_parameter parameters[FIXED_MOST];
    size_t count, given = 0;
    const nll_parameter *own = nll_fit_parameters(x->model, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < f->fixable_count; k++) {
            const struct fixable *from = &f->fixable[k];
            if (strcmp(from->name, own[i].name) != 0 || !(from->given || from->form)) continue;
            parameters[given] = (nll_fit_parameter){
                .name = own[i].name, .has_start = from->start, .start = from->start_at};
            if (from->given) parameters[given].fixed = fit_column(f, &from->input);
            given++;
        }
    f->args.model = x->model;
    f->args.parameters = parameters;
    f->args.parameter_count = given;
    x->result = (nll_fit_result){.struct_size = sizeof x->result, .bad_row = -1};
    x->status = nll_fit(&f->args, &x->result);
    f->args.parameters = NULL;
}

/* In a comparison, a model whose support the data leave is a result. */
static int fit_all(struct fit *f) {
    struct pool pool;
    int code = pool_start(&pool, f->threads, PROGRESS_NEVER);
    if (code) return code;
    nll_executor executor = pool_executor(&pool);
    f->args.executor = &executor;
    for (size_t i = 0; i < f->model_count && !code; i++) {
        struct fitted *x = &f->fits[i];
        x->model = f->models[i];
        fit_one(f, x);
        bool fine = x->status == NLL_OK || (f->report.compare && fit_leaves_support(f, x));
        if (!fine) code = fit_explain(f, x);
    }
    f->report.threads = pool.threads;
    f->report.seconds = pool_stop(&pool);
    return code;
}

static int read_options(struct fit *f, const char *const *values) {
    long long threads = threads_default(), iterations = 0;
    int code = values[ISA_NAME] ? settings_isa(values[ISA_NAME]) : 0;
    if (!code && values[WORKERS])
        code = args_integer("threads", values[WORKERS], 1, THREADS_MOST, &threads);
    if (!code && values[ITERATIONS])
        code = args_integer("max-iterations", values[ITERATIONS], 1, INT_MAX, &iterations);
    if (!code && values[TOLERANCE] &&
        !(args_number(values[TOLERANCE], &f->args.tolerance) && f->args.tolerance > 0 &&
          f->args.tolerance < INFINITY))
        code = fail(EX_USAGE, "--tolerance: expected a number > 0, found '%s'; write 1e-8",
                    values[TOLERANCE]);
    if (!code && values[FORM]) code = read_list(f, FORM, values[FORM]);
    if (!code && values[START]) code = read_list(f, START, values[START]);
    f->threads = (int)threads;
    f->args.max_iterations = (int)iterations;
    return code;
}

static int run(struct fit *f, const char *const *values) {
    f->report = (struct fit_report){.fits = f->fits,
                                    .count = f->model_count,
                                    .compare = values[COMPARE],
                                    .json = values[AS_JSON],
                                    .quiet = values[SILENT]};
    f->args.struct_size = sizeof f->args;
    int code = values[COMPARE] ? fit_comparable(f) : 0;
    if (!code) code = read_options(f, values);
    if (!code) code = open_inputs(f, values);
    if (code) return code;
    f->args.rows = f->end - f->begin;
    f->args.target = input_rows(&f->target, f->begin, f->end);
    if (f->weight.name) f->args.sample_weight = fit_column(f, &f->weight);
    f->report.dtype = f->target.dtype;
    f->report.begin = f->begin;
    code = fit_all(f);
    if (code) return code;
    fit_rank(&f->report);
    code = fit_print(&f->report);
    const struct fitted *best = &f->fits[0];
    if (!code && best->status != NLL_OK) return fit_explain(f, best);
    if (!code && !fit_has_maximum(best))
        code = fail(
            EXIT_DIFFERENT, "%s: %s: %s%s%s", best->model, fit_verdict(best),
            nll_fit_outcome_string(best->result.outcome), best->result.parameter < 0 ? "" : ": ",
            best->result.parameter < 0 ? "" : best->result.estimate[best->result.parameter].name);
    return code;
}

static int fit_help(void) {
    static const struct arg_command command = {
        "fit",
        "MODEL --target F [options], or --compare A,B,... --target F [options]",
        "Maximum likelihood: the parameters, one number each, that make the data most probable; "
        "their standard errors, log-likelihood, AIC and BIC.  A parameter given by its own option "
        "is held at that number, or at the numbers of a file.  Exit code 1: there is no maximum, "
        "or it was not found.\n\nModels, whose parameters 'nll fit MODEL --help' lists: "
        "bernoulli, gaussian and the distributions of 'nll score --help'.\n",
        fit_options,
        FIT_OPTIONS,
        0};
    char program[] = "nll", help[] = "--help";
    char *argv[] = {program, help, NULL};
    bool done;
    return args_parse(&command, 2, argv, 1, NULL, NULL, &done);
}

int command_fit(int argc, char **argv) {
    if (argc < 3)
        return fail(EX_USAGE, "missing MODEL; write 'nll fit MODEL --target F', see "
                              "'nll fit --help'");
    if (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) return fit_help();
    const char *list = compare_value(argc, argv);
    bool compare = argv[2][0] == '-';
    if (compare && !list)
        return fail(EX_USAGE,
                    "expected a model before '%s'; write 'nll fit MODEL %s', or "
                    "--compare A,B",
                    argv[2], argv[2]);
    if (!compare && list)
        return fail(EX_USAGE, "'%s' and --compare exclude each other; give one", argv[2]);
    struct fit *f = calloc(1, sizeof *f);
    if (!f) return fail_memory();
    int code = compare ? add_models(f, list) : add_model(f, argv[2]);
    if (!code) {
        struct arg_option options[OPTIONS_MOST] = {{NULL, NULL, NULL}};
        const char *values[OPTIONS_MOST] = {NULL};
        memcpy(options, fit_options, sizeof fit_options);
        options[FIT_OPTIONS] = (struct arg_option){NULL, NULL, "Parameters:"};
        for (size_t i = 0; i < f->fixable_count; i++)
            options[FIT_OPTIONS + 1 + i] =
                (struct arg_option){f->fixable[i].flag, "X", f->fixable[i].help};
        char name[64];
        snprintf(name, sizeof name, "fit %s", compare ? "--compare" : f->models[0]);
        struct arg_command command = {name,
                                      "--target F [options]",
                                      "Parameters of largest likelihood.\n",
                                      options,
                                      FIT_OPTIONS + 1 + f->fixable_count,
                                      0};
        bool done = false;
        code = args_parse(&command, argc, argv, compare ? 2 : 3, values, NULL, &done);
        if (!code && !done) code = run(f, values);
    }
    input_close(&f->target);
    input_close(&f->weight);
    for (size_t i = 0; i < f->fixable_count; i++) input_close(&f->fixable[i].input);
    free(f->list);
    free(f);
    return code;
}
