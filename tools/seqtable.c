/* seqtable.c: see seqtable.h. */
#include "seqtable.h"
#include "error.h"
#include "npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[ST_COLUMNS] = {
    [ST_NLL] = "nll",
    [ST_WEIGHT] = "weight_sum",
    [ST_MEAN] = "mean",
    [ST_PERPLEXITY] = "perplexity",
    [ST_ERROR] = "standard_error",
    [ST_BITS] = "bits_per_byte",
};

int seqtable_new(struct seqtable *t, size_t count, bool bits) {
    *t = (struct seqtable){.count = count};
    t->tokens = calloc(count ? count : 1, sizeof *t->tokens);
    bool failed = !t->tokens;
    for (size_t k = 0; k < ST_COLUMNS; k++) {
        if (k == ST_BITS && !bits) continue;
        t->column[k] = calloc(count ? count : 1, sizeof(double));
        failed |= !t->column[k];
    }
    return failed ? fail_memory() : 0;
}

void seqtable_free(struct seqtable *t) {
    free(t->tokens);
    for (size_t k = 0; k < ST_COLUMNS; k++) free(t->column[k]);
}

typedef void writer(const struct seqtable *table, FILE *out);

/* Digits enough for the same double again; `quote` around what JSON has no number for. */
static void number(FILE *out, double x, const char *quote) {
    if (isnan(x))
        fprintf(out, "%sNaN%s", quote, quote);
    else if (isinf(x))
        fprintf(out, "%s%sInfinity%s", quote, x < 0 ? "-" : "", quote);
    else
        fprintf(out, "%.17g", x);
}

static void write_json(const struct seqtable *t, FILE *out) {
    fprintf(out, "[");
    for (size_t i = 0; i < t->count; i++) {
        fprintf(out, "%s\n  {\"sequence\": %zu, \"count\": %lld", i ? "," : "", i,
                (long long)t->tokens[i]);
        for (size_t k = 0; k < ST_COLUMNS; k++) {
            if (!t->column[k]) continue;
            fprintf(out, ", \"%s\": ", names[k]);
            number(out, t->column[k][i], "\"");
        }
        fprintf(out, "}");
    }
    fprintf(out, "%s]\n", t->count ? "\n" : "");
}

static void write_csv(const struct seqtable *t, FILE *out) {
    fprintf(out, "sequence,count");
    for (size_t k = 0; k < ST_COLUMNS; k++)
        if (t->column[k]) fprintf(out, ",%s", names[k]);
    fprintf(out, "\n");
    for (size_t i = 0; i < t->count; i++) {
        fprintf(out, "%zu,%lld", i, (long long)t->tokens[i]);
        for (size_t k = 0; k < ST_COLUMNS; k++) {
            if (!t->column[k]) continue;
            fprintf(out, ",");
            number(out, t->column[k][i], "");
        }
        fprintf(out, "\n");
    }
}

/* Named fields, as numpy.load gives them back: table['mean']. */
static void write_npy(const struct seqtable *t, FILE *out) {
    char descr[NPY_RECORDS / 2], header[NPY_RECORDS], order = npy_byte_order();
    int used = snprintf(descr, sizeof descr, "[('count', '%ci8')", order);
    for (size_t k = 0; k < ST_COLUMNS; k++)
        if (t->column[k])
            used += snprintf(descr + used, sizeof descr - (size_t)used, ", ('%s', '%cf8')",
                             names[k], order);
    snprintf(descr + used, sizeof descr - (size_t)used, "]");
    size_t size = npy_format_records(header, descr, t->count); /* first: arguments have no order */
    fwrite(header, 1, size, out);
    for (size_t i = 0; i < t->count; i++) {
        fwrite(&t->tokens[i], sizeof t->tokens[i], 1, out);
        for (size_t k = 0; k < ST_COLUMNS; k++)
            if (t->column[k]) fwrite(&t->column[k][i], sizeof(double), 1, out);
    }
}

static writer *writer_of(const char *path) {
    static const struct {
        const char *ending;
        writer *write;
    } table[] = {{".json", write_json}, {".csv", write_csv}, {".npy", write_npy}};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t tail = strlen(table[i].ending);
        if (length > tail && strcmp(path + length - tail, table[i].ending) == 0)
            return table[i].write;
    }
    return NULL;
}

int seqtable_check(const char *path) {
    if (writer_of(path)) return 0;
    return fail(EX_USAGE, "--seq-table: expected a name that ends in .json, .csv or .npy, found %s",
                path);
}

int seqtable_write(const struct seqtable *t, const char *path, struct outputs *outputs) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return fail_memory();
    writer_of(path)(t, out);
    bool failed = ferror(out) != 0;
    failed |= fclose(out) != 0;
    int code = failed ? fail_memory() : outputs_add_bytes(outputs, path, text, size);
    free(text);
    return code;
}
