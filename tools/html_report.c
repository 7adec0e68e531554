/* html_report.c: nll report: benchmark results of one or several machines as one HTML file. */
#include "args.h"
#include "commands.h"
#include "error.h"
#include "html_page.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum option { OUT, OPTIONS };
static const struct arg_option options[OPTIONS] = {
    [OUT] = {"out", "F", "the HTML file to write; also -o F; - is the standard output"},
};

/* The words with -o F and -oF spelt out, for the parser of long options; the caller frees them. */
static char **spell_out(int *argc, char **argv) {
    static char name[] = "--out";
    char **words = calloc(2 * (size_t)*argc + 1, sizeof *words);
    bool open = true, value = false;
    int count = 0;
    for (int i = 0; words && i < *argc; i++) {
        char *word = argv[i];
        open = open && (value || strcmp(word, "--") != 0);
        if (open && !value && strncmp(word, "-o", 2) == 0) {
            words[count++] = name;
            if (word[2]) words[count++] = word + 2;
            value = !word[2];
        } else {
            words[count++] = word;
            value = open && !value && strcmp(word, name) == 0;
        }
    }
    if (words) *argc = count;
    return words;
}

static int write_page(const struct runs *runs, const char *path) {
    size_t size = 0;
    char *text = page_make(runs, &size);
    if (!text) return fail_memory();
    struct outputs outputs;
    int code = outputs_begin(&outputs);
    if (!code) {
        code = outputs_add_bytes(&outputs, path, text, size);
        if (!code) code = outputs_commit(&outputs);
        outputs_end(&outputs);
    }
    free(text);
    return code;
}

static int report(const char *const *files, const char *path) {
    struct runs *runs = calloc(1, sizeof *runs);
    if (!runs) return fail_memory();
    int code = 0;
    for (size_t i = 0; files[i] && !code; i++) code = runs_add(runs, files[i]);
    if (!code) {
        runs_finish(runs);
        code = write_page(runs, path);
    }
    runs_free(runs);
    free(runs);
    return code;
}

int command_report(int argc, char **argv) {
    static const struct arg_command command = {
        "report",
        "FILE.json ... -o FILE.html",
        "Draws benchmark results, as 'nll bench --full --json here.json' writes them, one file per "
        "machine, "
        "as a single HTML page that needs nothing else.",
        options,
        OPTIONS,
        POSITIONALS_ANY};
    const char *values[OPTIONS] = {NULL};
    const char **files = calloc((size_t)argc + 1, sizeof *files);
    char **words = spell_out(&argc, argv);
    bool done = false;
    int code =
        files && words ? args_parse(&command, argc, words, 2, values, files, &done) : fail_memory();
    if (!code && !done) {
        if (!files[0])
            code = fail(EX_USAGE, "missing results; write 'nll report %s'", command.arguments);
        else if (!values[OUT])
            code = fail(EX_USAGE, "missing --out; write 'nll report %s'", command.arguments);
        else
            code = report(files, values[OUT]);
    }
    free(words);
    free(files);
    return code;
}
