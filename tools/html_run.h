/* html_run.h: what `nll report` reads: files in Google Benchmark's JSON format as results.
 *
 * A result is one benchmark of one file, summed up over its repetitions.  Its name is taken apart
 * into fields; a field is a number, its place in the list of all words seen in that field, so that
 * results of several files compare by comparing integers.  Numbers that a file does not have, or
 * that are no positive finite numbers, are NaN. */
#ifndef NLL_TOOL_HTML_RUN_H
#define NLL_TOOL_HTML_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { RUNS_MOST = 64, RUN_LABEL = 64 };
enum kind { KIND_MODEL, KIND_KERNEL, KIND_ROOF, KIND_PEER, KINDS };
/* For peers MODEL is the work and HOW the library; for roofs HOW is the access pattern. */
enum field { FIELD_MODEL, FIELD_TYPE, FIELD_ISA, FIELD_HOW, FIELD_SIZE, FIELDS };

/* The distinct words of a field, in order of appearance. */
struct words {
    json_t *index; /* word: place */
    const char **text;
    size_t count, capacity;
};

struct result {
    enum kind kind;
    size_t run, order; /* of the file; in the file */
    size_t word[FIELDS];
    int threads;
    double items, bytes, fraction, ticks; /* medians; per second, but ticks per element */
    double low, high;                     /* of items: the middle half of the repetitions */
    double bound;                         /* error bound, ULP; 0: exact, NaN: none stated */
    double classes;                       /* of a row; NaN: no rows */
    double footprint;                     /* bytes that one run goes through */
    bool relative;                        /* its size is named after the machine's: DRAM */
    bool dram;                            /* more than the caches hold */
    bool best;                            /* of the instruction sets measured */
    const char *digest;                   /* of the outputs; NULL: none */
};

/* One file. */
struct run {
    const char *path;
    char label[RUN_LABEL]; /* the CPU; with the file's number where CPUs are the same */
    char brief[RUN_LABEL]; /* the same, for charts */
    json_t *root, *context;
    double cache[4]; /* bytes of the data cache of a level; NaN: unknown */
    size_t failed;   /* benchmarks that ended in an error */
};

struct runs {
    struct run items[RUNS_MOST]; /* those that measured nll first, files of peers alone last */
    size_t count, machines;      /* machines: without the files of peers alone */
    struct words words[FIELDS];
    struct result *results;
    size_t result_count, result_capacity;
};

/* Reads one file more.  0 or the exit code, after the error line. */
int runs_add(struct runs *runs, const char *path);
/* After the last: the order of files and results, labels, the best instruction sets. */
void runs_finish(struct runs *runs);
void runs_free(struct runs *runs);

/* A text of the context, NULL if there is none; numbers and lists become text in `buffer`. */
const char *run_text(const struct run *run, const char *key, char *buffer, size_t size);
/* Equal but for the machine, the instruction set and the threads. */
bool same_work(const struct result *a, const struct result *b);
const char *result_word(const struct runs *runs, const struct result *result, enum field field);
/* "512 KiB", 524288: bytes; NaN for anything else. */
double json_size(const json_t *value);
/* A positive finite number, else NaN. */
double json_positive(const json_t *object, const char *key);

/* Used by html_run.c: html_name.c, html_load.c, html_label.c. */
void runs_label(struct runs *runs);
int runs_word(struct runs *runs, enum field field, const char *text, size_t length, size_t *place);
int name_parse(struct runs *runs, const char *name, struct result *result);
/* The elements that a size names, and the classes of a row; NaN where it does not say. */
void name_size(const char *size, double *elements, double *classes);
int json_load_tolerant(const char *path, json_t **root);

#endif
