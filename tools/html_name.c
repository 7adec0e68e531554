/* html_name.c: names of benchmarks taken apart.
 *
 *   MODEL/TYPE/ISA/HOW/SIZE   kernel/NAME/TYPE/ISA/HOW/SIZE   roof/TYPE/ISA/PATTERN/SIZE
 *   peer/LIBRARY/WORK/SIZE    and Google Benchmark's own ends: /threads:2, /real_time, ...
 * Parts are told by what they are rather than by where they stand: any of them may lack. */
#include "html_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 16, THREADS_MOST = 1000000 };
struct part {
    const char *text;
    size_t length;
};

static bool is(const struct part *part, const char *word) {
    return strlen(word) == part->length && strncmp(part->text, word, part->length) == 0;
}

static bool begins(const struct part *part, const char *word) {
    size_t length = strlen(word);
    return part->length >= length && strncmp(part->text, word, length) == 0;
}

static bool is_type(const struct part *part) {
    static const char *const types[] = {"f32", "f64", "f16", "bf16", "i8",  "i16",
                                        "i32", "i64", "u8",  "u16",  "u32", "u64"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (is(part, types[i])) return true;
    return false;
}

static bool is_isa(const struct part *part) {
    return is(part, "scalar") || is(part, "neon") || begins(part, "avx") || begins(part, "sse") ||
           begins(part, "sve") || begins(part, "rvv");
}

/* What Google Benchmark appends. */
static bool is_flag(const struct part *part) {
    return begins(part, "threads:") || begins(part, "min_time:") || begins(part, "repeats:") ||
           begins(part, "iterations:") || begins(part, "min_warmup_time:") ||
           is(part, "real_time") || is(part, "process_time") || is(part, "manual_time");
}

static size_t split(const char *name, struct part parts[PARTS]) {
    size_t count = 0;
    for (;;) {
        /* the last takes all that remains */
        size_t length = count + 1 < PARTS ? strcspn(name, "/") : strlen(name);
        parts[count++] = (struct part){name, length};
        if (!name[length]) return count;
        name += length + 1;
    }
}

/* The parts from..to with spaces between, as the word of a field. */
static int set_joined(struct runs *runs, enum field field, const struct part *parts, size_t count,
                      struct result *result) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++) length += parts[i].length + 1;
    char *text = malloc(length + 1), *end = text;
    if (!text) return 1;
    for (size_t i = 0; i < count; i++) {
        if (i) *end++ = ' ';
        memcpy(end, parts[i].text, parts[i].length);
        end += parts[i].length;
    }
    int failed = runs_word(runs, field, text, (size_t)(end - text), &result->word[field]);
    free(text);
    return failed;
}

static int parse_peer(struct runs *runs, const struct part *parts, size_t count,
                      struct result *result) {
    int failed = 0;
    if (count > 1) failed |= set_joined(runs, FIELD_HOW, &parts[1], 1, result);
    if (count > 3) failed |= set_joined(runs, FIELD_SIZE, &parts[count - 1], 1, result);
    if (count > 2)
        failed |= set_joined(runs, FIELD_MODEL, &parts[2], count > 3 ? count - 3 : 1, result);
    return failed;
}

int name_parse(struct runs *runs, const char *name, struct result *result) {
    struct part parts[PARTS];
    size_t count = split(name, parts);
    int failed = 0;
    while (count > 1 && is_flag(&parts[count - 1])) {
        if (begins(&parts[count - 1], "threads:")) {
            long threads = strtol(parts[count - 1].text + strlen("threads:"), NULL, 10);
            result->threads = threads < 0              ? 0
                              : threads > THREADS_MOST ? THREADS_MOST
                                                       : (int)threads;
        }
        count--;
    }
    for (enum field f = 0; f < FIELDS; f++) failed |= runs_word(runs, f, "", 0, &result->word[f]);
    result->kind = is(&parts[0], "kernel") ? KIND_KERNEL
                   : is(&parts[0], "roof") ? KIND_ROOF
                   : is(&parts[0], "peer") ? KIND_PEER
                                           : KIND_MODEL;
    if (result->kind == KIND_PEER) return failed | parse_peer(runs, parts, count, result);
    size_t first = result->kind == KIND_KERNEL && count > 1;
    failed |= set_joined(runs, FIELD_MODEL, &parts[first], 1, result);
    if (count > first + 1 && !is_type(&parts[count - 1]) && !is_isa(&parts[count - 1]))
        failed |= set_joined(runs, FIELD_SIZE, &parts[--count], 1, result);
    struct part rest[PARTS];
    size_t kept = 0;
    bool typed = false, has_isa = false;
    for (size_t i = first + 1; i < count; i++) {
        if (!typed && is_type(&parts[i])) {
            typed = true;
            failed |= set_joined(runs, FIELD_TYPE, &parts[i], 1, result);
        } else if (!has_isa && is_isa(&parts[i])) {
            has_isa = true;
            failed |= set_joined(runs, FIELD_ISA, &parts[i], 1, result);
        } else {
            rest[kept++] = parts[i];
        }
    }
    if (kept) failed |= set_joined(runs, FIELD_HOW, rest, kept, result);
    return failed;
}

void name_size(const char *size, double *elements, double *classes) {
    double product = 1;
    int numbers = 0;
    *elements = *classes = (double)NAN;
    for (const char *c = size; *c; c++, numbers++) {
        char *end = NULL;
        double number = *c >= '0' && *c <= '9' ? (double)strtoull(c, &end, 10) : (double)NAN;
        if (!end) end = strchrnul(c, 'x'); /* DRAMx1000 */
        if (*end && *end != 'x') return;
        product *= number;
        if (numbers == 1) *classes = number;
        if (!*end) {
            *elements = isfinite(product) ? product : (double)NAN;
            return;
        }
        c = end;
    }
}
