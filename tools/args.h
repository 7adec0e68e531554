/* args.h: command-line options of every command, described by a table and parsed with argp.
 *
 * argp and getopt alone would accept abbreviations and print several lines on an error; the words
 * are therefore checked against the table first, so that an unknown one gets a suggestion. */
#ifndef NLL_TOOL_ARGS_H
#define NLL_TOOL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One long option.  A row without a name is a heading of the help text: the options below it are
 * shown sorted by name, those above the first heading in the order of the table. */
struct arg_option {
    const char *name; /* without the dashes */
    const char *arg;  /* what the value is called in the help; NULL: a switch without value */
    const char *help;
};

/* As a positional_count: any number. */
#define POSITIONALS_ANY SIZE_MAX

struct arg_command {
    const char *name;      /* "score categorical" */
    const char *arguments; /* what follows the name in the usage line */
    const char *about;     /* help text above the options */
    const struct arg_option *options;
    size_t option_count;
    size_t positional_count; /* exactly so many positional arguments are wanted */
};

/* Parses argv[first..].  values[i] becomes the text given for options[i], "" for a switch, and NULL
 * if it is absent; positionals[] likewise.  On --help prints the help and sets *done. */
int args_parse(const struct arg_command *command, int argc, char **argv, int first,
               const char **values, const char **positionals, bool *done);

/* Number of the word among words[0..count), or an error naming the nearest. */
int args_word(const char *option, const char *text, const char *const *words, size_t count,
              size_t *index);
/* A whole number from `least` up to `most`. */
int args_integer(const char *option, const char *text, long long least, long long most,
                 long long *value);
/* True if all of text is one number as strtod reads it. */
bool args_number(const char *text, double *value);
/* The option of a parameter: "log_rate" is --log-rate. */
void args_option_name(char *to, size_t room, const char *name);

#endif
