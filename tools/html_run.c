/* html_run.c: see html_run.h. */
#include "html_run.h"
#include "error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_LEAST = 8 }; /* hexadecimal digits in a row that are a digest */

/* One element of "benchmarks". */
struct entry {
    const char *name;
    const json_t *object;
    size_t order;
};

int runs_word(struct runs *runs, enum field field, const char *text, size_t length, size_t *place) {
    struct words *words = &runs->words[field];
    if (!words->index && !(words->index = json_object())) return fail_memory();
    json_t *known = json_object_getn(words->index, text, length);
    if (known) {
        *place = (size_t)json_integer_value(known);
        return 0;
    }
    if (words->count == words->capacity) {
        size_t capacity = words->capacity ? 2 * words->capacity : 64;
        const char **grown = realloc(words->text, capacity * sizeof *grown);
        if (!grown) return fail_memory();
        words->text = grown;
        words->capacity = capacity;
    }
    *place = words->count;
    char *copy = strndup(text, length);
    if (!copy) return fail_memory();
    words->text[words->count++] = copy;
    return json_object_setn_new(words->index, text, length, json_integer((json_int_t)*place))
               ? fail_memory()
               : 0;
}

const char *result_word(const struct runs *runs, const struct result *result, enum field field) {
    return runs->words[field].text[result->word[field]];
}

const char *run_text(const struct run *run, const char *key, char *buffer, size_t size) {
    const json_t *value = json_object_get(run->context, key);
    if (json_is_string(value)) return *json_string_value(value) ? json_string_value(value) : NULL;
    if (json_is_boolean(value)) return json_is_true(value) ? "yes" : "no";
    if (json_is_number(value)) {
        snprintf(buffer, size, "%.9g", json_number_value(value));
        return buffer;
    }
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(value) && used < size; i++) {
        const char *word = json_string_value(json_array_get(value, i));
        used +=
            (size_t)snprintf(buffer + used, size - used, "%s%s", i ? " " : "", word ? word : "?");
    }
    return used ? buffer : NULL;
}

/* ---- repetitions to one result */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which the share of the sorted numbers lies. */
static double quantile(const double *sorted, size_t count, double share) {
    double at = share * (double)(count - 1);
    size_t i = (size_t)at;
    return i + 1 < count ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static const char *member(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is_aggregate(const struct entry *entry, const char *name) {
    return strcmp(member(entry->object, "aggregate_name"), name) == 0;
}

/* Sorted values of a counter over the repetitions; their number. */
static size_t collect(const struct entry *entries, size_t count, const char *key, double *values) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        double value = json_positive(entries[i].object, key);
        if (!*member(entries[i].object, "aggregate_name") && !isnan(value)) values[found++] = value;
    }
    qsort(values, found, sizeof *values, by_value);
    return found;
}

/* The median that the file states, else that of the repetitions. */
static double median(const struct entry *entries, size_t count, const char *key, double *scratch) {
    for (size_t i = 0; i < count; i++) {
        double value = json_positive(entries[i].object, key);
        if (is_aggregate(&entries[i], "median") && !isnan(value)) return value;
    }
    size_t found = collect(entries, count, key, scratch);
    return found ? quantile(scratch, found, 0.5) : (double)NAN;
}

/* An error bound; 0 where the work is exact. */
static double stated_bound(const struct entry *entries, size_t count) {
    double bound = (double)NAN;
    for (size_t i = 0; i < count; i++) {
        const json_t *stated = json_object_get(entries[i].object, "error_bound_ulp");
        bool whole =
            !*member(entries[i].object, "aggregate_name") || is_aggregate(&entries[i], "median");
        double value = json_number_value(stated);
        if (whole && json_is_number(stated) && isfinite(value) && value >= 0)
            bound = fmax(bound, value);
    }
    return bound;
}

static void measure_spread(const struct entry *entries, size_t count, struct result *r,
                           double *scratch) {
    size_t found = collect(entries, count, "elements_per_second", scratch);
    r->low = r->high = (double)NAN;
    if (found >= 3) {
        r->low = quantile(scratch, found, 0.25);
        r->high = quantile(scratch, found, 0.75);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (is_aggregate(&entries[i], "stddev")) {
            /* of a normal distribution, 0.674 deviations hold the middle half */
            double part = 0.674 * json_positive(entries[i].object, "elements_per_second");
            r->low = fmax(r->items - part, 0);
            r->high = r->items + part;
        }
}

/* The hexadecimal digits in a label, if it has enough of them in a row. */
static const char *find_digest(const char *label) {
    for (const char *c = label; *c; c++) {
        size_t length = strspn(c, "0123456789abcdefABCDEF");
        if (length >= DIGEST_LEAST) return c;
        if (length) c += length - 1;
    }
    return NULL;
}

static double unit_seconds(const char *unit) {
    return strcmp(unit, "s") == 0    ? 1
           : strcmp(unit, "ms") == 0 ? 1e-3
           : strcmp(unit, "us") == 0 ? 1e-6
                                     : 1e-9;
}

/* Bytes gone through: from the size in the name, the DRAM size of the context, or the time. */
static void find_footprint(const struct runs *runs, const struct run *run,
                           const struct entry *entry, double seconds, struct result *r) {
    double elements;
    const char *size = result_word(runs, r, FIELD_SIZE);
    name_size(size, &elements, &r->classes);
    bool named = strncmp(size, "DRAM", 4) == 0;
    double dram = json_size(json_object_get(run->context, "dram_size"));
    double cache = json_size(json_object_get(run->context, "last_level_cache"));
    if (isnan(cache)) cache = fmax(fmax(run->cache[1], run->cache[2]), run->cache[3]);
    r->footprint = elements * r->bytes / r->items;
    if (isnan(r->footprint) && named) r->footprint = dram;
    if (isnan(r->footprint))
        r->footprint = r->bytes * seconds * unit_seconds(member(entry->object, "time_unit"));
    if (!(isfinite(r->footprint) && r->footprint >= 1)) r->footprint = (double)NAN;
    r->relative = named;
    r->dram = named || r->footprint >= 2 * cache;
}

static int add_result(struct runs *runs, const struct entry *entries, size_t count,
                      double *scratch) {
    if (runs->result_count == runs->result_capacity) {
        size_t capacity = runs->result_capacity ? 2 * runs->result_capacity : 256;
        struct result *grown = realloc(runs->results, capacity * sizeof *grown);
        if (!grown) return fail_memory();
        runs->results = grown;
        runs->result_capacity = capacity;
    }
    const struct run *run = &runs->items[runs->count];
    struct result *r = &runs->results[runs->result_count];
    *r = (struct result){.run = runs->count, .order = entries[0].order};
    if (name_parse(runs, entries[0].name, r)) return EX_OSERR;
    for (size_t i = 0; i < count; i++) {
        double threads = json_positive(entries[i].object, "threads");
        if (threads > r->threads && threads < 1e6) r->threads = (int)threads;
        const char *digest = find_digest(member(entries[i].object, "label"));
        if (digest && !r->digest) r->digest = digest;
    }
    if (r->threads < 1) r->threads = 1;
    char buffer[RUN_LABEL];
    const char *isa = run_text(run, "isa", buffer, sizeof buffer);
    if (!*result_word(runs, r, FIELD_ISA) && isa &&
        runs_word(runs, FIELD_ISA, isa, strlen(isa), &r->word[FIELD_ISA]))
        return EX_OSERR;
    r->items = median(entries, count, "elements_per_second", scratch);
    r->bytes = median(entries, count, "bytes_per_second", scratch);
    r->fraction = median(entries, count, "roof_fraction", scratch);
    r->ticks = median(entries, count, "ticks_per_element", scratch);
    r->bound = stated_bound(entries, count);
    measure_spread(entries, count, r, scratch);
    /* rates are per second of the thread, where there is one: the clock counts its pauses, too */
    double time = (double)NAN;
    if (r->threads == 1) time = median(entries, count, "cpu_time", scratch);
    if (isnan(time)) time = median(entries, count, "real_time", scratch);
    find_footprint(runs, run, &entries[0], time, r);
    runs->result_count++;
    return 0;
}

/* ---- a file */

static int by_name(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    int order = (x->order > y->order) - (x->order < y->order);
    return order ? order : strcmp(x->name, y->name);
}

static void find_caches(struct run *run) {
    for (int level = 0; level < 4; level++) run->cache[level] = (double)NAN;
    size_t i;
    json_t *cache;
    json_array_foreach(json_object_get(run->context, "caches"), i, cache) {
        json_int_t level = json_integer_value(json_object_get(cache, "level"));
        if (level >= 1 && level <= 3 && strcmp(member(cache, "type"), "Instruction") != 0)
            run->cache[level] = json_size(json_object_get(cache, "size"));
    }
}

/* Repetitions and aggregates of one benchmark have one "run_name". */
static size_t list_entries(struct run *run, struct entry *entries) {
    size_t count = 0, i;
    json_t *object;
    json_array_foreach(json_object_get(run->root, "benchmarks"), i, object) {
        const char *name = member(object, "run_name");
        if (!*name) name = member(object, "name");
        const json_t *error = json_object_get(object, "error_occurred");
        if (json_is_true(error)) run->failed++;
        /* Benchmarks that were interleaved at random end in any order. */
        const json_t *family = json_object_get(object, "family_index");
        size_t order = json_integer_value(family) > 0 ? (size_t)json_integer_value(family) : i;
        if (*name && !json_is_true(error)) entries[count++] = (struct entry){name, object, order};
    }
    qsort(entries, count, sizeof *entries, by_name);
    for (size_t k = 1; k < count; k++)
        if (strcmp(entries[k].name, entries[k - 1].name) == 0)
            entries[k].order = entries[k - 1].order;
    qsort(entries, count, sizeof *entries, by_order);
    return count;
}

/* Words with an order of their own, best or simplest first. */
static int add_known_words(struct runs *runs) {
    static const struct {
        enum field field;
        const char *text;
    } known[] = {{FIELD_TYPE, "f32"},     {FIELD_TYPE, "f64"},    {FIELD_TYPE, "bf16"},
                 {FIELD_TYPE, "f16"},     {FIELD_ISA, "avx512"},  {FIELD_ISA, "avx2"},
                 {FIELD_ISA, "sve2"},     {FIELD_ISA, "sve"},     {FIELD_ISA, "neon"},
                 {FIELD_ISA, "scalar"},   {FIELD_HOW, "forward"}, {FIELD_HOW, "forward-gradient"},
                 {FIELD_HOW, "in-place"}, {FIELD_HOW, "read"},    {FIELD_HOW, "copy"}};
    size_t place;
    int code = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0] && !code; i++)
        code = runs_word(runs, known[i].field, known[i].text, strlen(known[i].text), &place);
    return code;
}

int runs_add(struct runs *runs, const char *path) {
    if (runs->count == RUNS_MOST)
        return fail(EX_USAGE, "expected at most %d files; give fewer", RUNS_MOST);
    struct run *run = &runs->items[runs->count];
    *run = (struct run){.path = path};
    int code = runs->count ? 0 : add_known_words(runs);
    if (!code) code = json_load_tolerant(path, &run->root);
    if (code) return code;
    run->context = json_object_get(run->root, "context");
    find_caches(run);
    size_t listed = json_array_size(json_object_get(run->root, "benchmarks"));
    struct entry *entries = calloc(listed + 1, sizeof *entries);
    double *scratch = calloc(listed + 1, sizeof *scratch);
    size_t count = entries && scratch ? list_entries(run, entries) : 0, next;
    code = entries && scratch ? 0 : fail_memory();
    if (!code && !count)
        code = fail(EX_DATAERR,
                    "%s: expected at least one benchmark that ran, found none; check the filter "
                    "that the file was written with",
                    path);
    for (size_t i = 0; i < count && !code; i = next) {
        next = i + 1;
        while (next < count && strcmp(entries[next].name, entries[i].name) == 0) next++;
        code = add_result(runs, entries + i, next - i, scratch);
    }
    free(entries);
    free(scratch);
    runs->count++;
    return code;
}

/* ---- all files */

/* Words that have an order of their own come in it, the others as they appeared. */
static int by_work(const void *a, const void *b) {
    static const enum field fields[] = {FIELD_MODEL, FIELD_TYPE, FIELD_HOW, FIELD_SIZE};
    const struct result *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t wx = x->word[fields[i]], wy = y->word[fields[i]];
        if (wx != wy) return wx < wy ? -1 : 1;
    }
    if (x->run != y->run) return x->run < y->run ? -1 : 1;
    if (x->threads != y->threads) return x->threads < y->threads ? -1 : 1;
    size_t ix = x->word[FIELD_ISA], iy = y->word[FIELD_ISA];
    return (ix > iy) - (ix < iy);
}

bool same_work(const struct result *a, const struct result *b) {
    bool same = a->kind == b->kind;
    for (enum field f = 0; f < FIELDS; f++) same &= f == FIELD_ISA || a->word[f] == b->word[f];
    return same;
}

/* Files of peers alone go last: what they ran on is a machine of another file, or of none. */
static void find_machines(struct runs *runs) {
    struct run moved[RUNS_MOST] = {0};
    size_t place[RUNS_MOST] = {0}, placed = 0;
    bool measured[RUNS_MOST] = {false};
    for (size_t i = 0; i < runs->result_count; i++)
        measured[runs->results[i].run] |= runs->results[i].kind != KIND_PEER;
    for (int machines = 1; machines >= 0; machines--) {
        for (size_t i = 0; i < runs->count; i++) {
            if (measured[i] != (machines == 1)) continue;
            moved[placed] = runs->items[i];
            place[i] = placed++;
        }
        if (machines) runs->machines = placed;
    }
    memcpy(runs->items, moved, runs->count * sizeof *moved);
    for (size_t i = 0; i < runs->result_count; i++)
        runs->results[i].run = place[runs->results[i].run];
}

void runs_finish(struct runs *runs) {
    find_machines(runs);
    runs_label(runs);
    qsort(runs->results, runs->result_count, sizeof *runs->results, by_work);
    for (size_t i = 0; i < runs->result_count; i++) {
        struct result *r = &runs->results[i];
        r->best =
            i == 0 || r[-1].run != r->run || r[-1].threads != r->threads || !same_work(&r[-1], r);
    }
}

void runs_free(struct runs *runs) {
    for (size_t i = 0; i < runs->count; i++) json_decref(runs->items[i].root);
    for (enum field f = 0; f < FIELDS; f++) {
        for (size_t i = 0; i < runs->words[f].count; i++) free((void *)runs->words[f].text[i]);
        free(runs->words[f].text);
        json_decref(runs->words[f].index);
    }
    free(runs->results);
}
