/* args.c: see args.h. */
#include "args.h"
#include "error.h"

#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* argp keys: below these are the short options, of which there are none. */
enum { FIRST_KEY = 0x100 };

static const struct arg_option *find_option(const struct arg_command *command, const char *name,
                                            size_t length) {
    for (size_t i = 0; i < command->option_count; i++) {
        const struct arg_option *option = &command->options[i];
        if (option->name && strlen(option->name) == length &&
            strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static int unknown_option(const struct arg_command *command, const char *word) {
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    char *alone = strndup(name, length);
    if (!alone) return fail_memory();
    struct guess guess = guess_start(alone);
    guess_offer(&guess, "help");
    for (size_t i = 0; i < command->option_count; i++)
        if (command->options[i].name) guess_offer(&guess, command->options[i].name);
    const char *near = guess_result(&guess);
    int shown = (int)(length + (size_t)(name - word));
    if (near)
        fail(EX_USAGE, "unknown option '%.*s'; did you mean '--%s'?", shown, word, near);
    else
        fail(EX_USAGE, "unknown option '%.*s'; see 'nll %s --help'", shown, word, command->name);
    free(alone);
    return EX_USAGE;
}

static bool wants_help(const char *word) {
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "-?") == 0;
}

/* Goes over the words as getopt_long will, and stops at the first that it would not understand. */
static int check_words(const struct arg_command *command, int argc, char **argv, int first,
                       bool *help) {
    size_t positionals = 0;
    bool options = true;
    for (int i = first; i < argc; i++) {
        const char *word = argv[i];
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && wants_help(word)) {
            *help = true;
            return 0;
        } else if (!options || word[0] != '-' || word[1] == '\0') {
            if (++positionals > command->positional_count)
                return fail(EX_USAGE, "unexpected argument '%s'; see 'nll %s --help'", word,
                            command->name);
        } else {
            size_t length = word[1] == '-' ? strcspn(word + 2, "=") : 0;
            const struct arg_option *option =
                length ? find_option(command, word + 2, length) : NULL;
            if (!option) return unknown_option(command, word);
            bool joined = word[2 + length] == '=';
            if (!option->arg && joined)
                return fail(EX_USAGE, "option '--%s' takes no value; write '--%s' alone",
                            option->name, option->name);
            if (option->arg && !joined && ++i >= argc)
                return fail(EX_USAGE, "option '--%s' needs a value; write '--%s %s'", option->name,
                            option->name, option->arg);
        }
    }
    if (positionals < command->positional_count && command->positional_count != POSITIONALS_ANY)
        return fail(EX_USAGE, "missing argument; write 'nll %s %s'", command->name,
                    command->arguments);
    return 0;
}

struct parse_state {
    const struct arg_command *command;
    const char **values;
    const char **positionals;
    size_t positional_count;
    int code;
};

static error_t take(int key, char *arg, struct argp_state *argp) {
    struct parse_state *state = argp->input;
    if (key == ARGP_KEY_ARG) {
        state->positionals[state->positional_count++] = arg;
        return 0;
    }
    if (key < FIRST_KEY || (size_t)(key - FIRST_KEY) >= state->command->option_count)
        return ARGP_ERR_UNKNOWN;
    size_t i = (size_t)(key - FIRST_KEY);
    if (state->values[i] && !state->code)
        state->code = fail(EX_USAGE, "option '--%s' is given twice; give it once",
                           state->command->options[i].name);
    state->values[i] = arg ? arg : "";
    return 0;
}

/* The table in argp's own form, allocated. */
static struct argp_option *argp_table(const struct arg_command *command) {
    struct argp_option *table = calloc(command->option_count + 2, sizeof *table);
    if (!table) return NULL;
    int group = 0;
    bool heading = false;
    for (size_t i = 0; i < command->option_count; i++) {
        const struct arg_option *option = &command->options[i];
        heading |= !option->name;
        group += !heading || !option->name; /* argp sorts within a group */
        table[i] = (struct argp_option){.name = option->name,
                                        .key = option->name ? FIRST_KEY + (int)i : 0,
                                        .arg = option->arg,
                                        .doc = option->help,
                                        .group = group};
    }
    table[command->option_count] = (struct argp_option){
        .name = "help", .key = FIRST_KEY - 1, .doc = "print this help", .group = group};
    return table;
}

static int print_help(const struct arg_command *command, const struct argp *argp) {
    char name[] = "nll";
    printf("Usage: nll %s %s\n", command->name, command->arguments);
    argp_help(argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC, name);
    if (fflush(stdout) || ferror(stdout))
        return fail(EX_IOERR, "standard output: cannot write the help: %s", strerror(errno));
    return 0;
}

int args_parse(const struct arg_command *command, int argc, char **argv, int first,
               const char **values, const char **positionals, bool *done) {
    bool help = false;
    int code = check_words(command, argc, argv, first, &help);
    if (code) return code;
    struct argp_option *table = argp_table(command);
    if (!table) return fail_memory();
    struct argp argp = {table, take, NULL, command->about, NULL, NULL, NULL};
    struct parse_state state = {command, values, positionals, 0, 0};
    if (help) {
        *done = true;
        code = print_help(command, &argp);
    } else if (argp_parse(&argp, argc - first + 1, argv + first - 1, ARGP_SILENT, NULL, &state)) {
        code = fail(EX_USAGE, "cannot read the options; see 'nll %s --help'", command->name);
    } else {
        code = state.code;
    }
    free(table);
    return code;
}

int args_word(const char *option, const char *text, const char *const *words, size_t count,
              size_t *index) {
    struct guess guess = guess_start(text);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return 0;
        }
        guess_offer(&guess, words[i]);
    }
    const char *near = guess_result(&guess);
    if (near)
        return fail(EX_USAGE, "--%s: unknown value '%s'; did you mean '%s'?", option, text, near);
    char list[200] = "";
    for (size_t i = 0, used = 0; i < count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
    return fail(EX_USAGE, "--%s: unknown value '%s'; use one of %s", option, text, list);
}

int args_integer(const char *option, const char *text, long long least, long long most,
                 long long *value) {
    char *end = NULL;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (end == text || *end || errno || *value < least || *value > most)
        return fail(EX_USAGE, "--%s: expected a whole number from %lld to %lld, found '%s'", option,
                    least, most, text);
    return 0;
}

bool args_number(const char *text, double *value) {
    char *end = NULL;
    *value = strtod(text, &end);
    /* strtod skips white space in front; a name that begins so is no number. */
    return end != text && !*end && !strchr(" \t\n\v\f\r", *text);
}

void args_option_name(char *to, size_t room, const char *name) {
    snprintf(to, room, "%s", name);
    for (char *c = to; *c; c++)
        if (*c == '_') *c = '-';
}
