/* html_load.c: a JSON file from outside.
 *
 * Google Benchmark writes counters that are not finite as bare NaN and Infinity, which JSON does
 * not have: they are read as null. */
#include "error.h"
#include "html_run.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MOST = 256 << 20 };

/* All of the file, or of the standard input; a byte 0 follows. */
static int read_file(const char *path, FILE *file, char **text, size_t *size) {
    size_t capacity = 1 << 16;
    *size = 0;
    *text = malloc(capacity);
    while (*text) {
        *size += fread(*text + *size, 1, capacity - 1 - *size, file);
        if (ferror(file)) return fail(EX_NOINPUT, "%s: cannot be read: %s", path, strerror(errno));
        (*text)[*size] = '\0';
        if (feof(file)) return 0;
        if (*size < capacity - 1) continue;
        if (*size > FILE_MOST)
            return fail(EX_DATAERR,
                        "%s: expected at most %d MiB of benchmark results, found more; filter them",
                        path, FILE_MOST >> 20);
        char *grown = realloc(*text, capacity *= 2);
        if (!grown) break;
        *text = grown;
    }
    return fail_memory();
}

/* Overwrites NaN, -NaN, Infinity, ... outside strings by null. */
static void mend_numbers(char *text) {
    static const char *const names[] = {"NaN", "nan", "Infinity", "inf"};
    bool quoted = false;
    for (char *c = text; *c; c++) {
        if (quoted && *c == '\\' && c[1]) {
            c++;
        } else if (*c == '"') {
            quoted = !quoted;
        } else if (!quoted) {
            char *word = c + (*c == '-');
            for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
                size_t length = strlen(names[i]), whole = length + (size_t)(word - c);
                if (strncmp(word, names[i], length) != 0) continue;
                /* counters of 0 count as missing, too, where null has no room */
                const char *instead = whole >= 4 ? "null" : "0";
                size_t length_instead = strlen(instead);
                memset(c, ' ', whole);
                for (size_t k = 0; k < length_instead; k++) c[k] = instead[k];
                c += whole - 1;
                break;
            }
        }
    }
}

static int parse(const char *path, char *text, size_t size, json_t **root) {
    json_error_t error;
    mend_numbers(text);
    *root = json_loadb(text, size, 0, &error);
    if (!*root)
        return fail(EX_DATAERR,
                    "%s: expected JSON as nll bench --json writes it, found at line %d: %s; write "
                    "it again",
                    path, error.line, error.text);
    if (json_is_object(*root) && json_is_array(json_object_get(*root, "benchmarks"))) return 0;
    json_decref(*root);
    *root = NULL;
    return fail(EX_DATAERR,
                "%s: expected an object with the member \"benchmarks\", a list, found other JSON; "
                "give a file that nll bench --full --json here.json wrote",
                path);
}

int json_load_tolerant(const char *path, json_t **root) {
    bool standard = strcmp(path, "-") == 0;
    struct stat st;
    if (!standard && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return fail(EX_NOINPUT, "%s: expected a JSON file, found a directory; name a file in it",
                    path);
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file)
        return fail(EX_NOINPUT, "%s: expected a JSON file of benchmark results: %s", path,
                    strerror(errno));
    char *text = NULL;
    size_t size;
    int code = read_file(path, file, &text, &size);
    if (!standard) fclose(file);
    if (!code) code = parse(path, text, size, root);
    free(text);
    return code;
}

double json_positive(const json_t *object, const char *key) {
    double value = json_number_value(json_object_get(object, key));
    return isfinite(value) && value > 0 ? value : (double)NAN;
}

double json_size(const json_t *value) {
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"KB", 0x1p10}, {"K", 0x1p10},
                 {"M", 0x1p20},   {"G", 0x1p30},   {"B", 1},        {"", 1}};
    double size = json_number_value(value);
    const char *text = json_string_value(value);
    if (text) {
        char *unit;
        size = strtod(text, &unit);
        unit += strspn(unit, " ");
        size_t i = 0;
        while (i < sizeof units / sizeof units[0] && strcmp(units[i].unit, unit) != 0) i++;
        size = i < sizeof units / sizeof units[0] ? size * units[i].bytes : (double)NAN;
    }
    return isfinite(size) && size > 0 && size < 0x1p60 ? size : (double)NAN;
}
