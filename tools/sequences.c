/* sequences.c: see sequences.h. */
#include "sequences.h"
#include "error.h"
#include "seqtable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A file of integers [what]. */
static int open_integers(struct input *input, const char *flag, const char *text,
                         const char *shape) {
    int code = input_open(input, flag, text, INPUT_INTEGER, false);
    if (code) return code;
    if (input->dtype == NLL_NUMBER)
        return fail(EX_USAGE, "--%s: expected a .npy file, found the number %s; give a file %s",
                    flag, text, shape);
    return input_want_dims(input, 1, shape);
}

static int open_offsets(struct sequences *q, const char *text, size_t rows) {
    struct input *input = &q->offset_file;
    int code = open_integers(input, "offsets", text, "[s+1]");
    if (code) return code;
    size_t entries = input->npy.shape[0];
    if (entries == 0)
        return fail(EX_DATAERR,
                    "%s: expected at least one offset, found none; "
                    "give s+1 of them for s sequences",
                    text);
    q->offsets = input_rows(input, 0, entries);
    int64_t last = 0;
    for (size_t i = 0; i < entries; i++) {
        int64_t value = view_integer(&q->offsets, i);
        if (value < last || (uint64_t)value > rows)
            return fail(EX_DATAERR,
                        "%s: expected offsets that rise from 0 to at most %zu rows, "
                        "found %lld at index %zu; correct it",
                        text, rows, (long long)value, i);
        last = value;
    }
    q->count = entries - 1;
    return 0;
}

/* Every `steps` rows are a sequence. */
static int even_offsets(struct sequences *q, size_t rows, size_t steps) {
    q->count = rows / steps;
    q->even = calloc(q->count + 1, sizeof *q->even);
    if (!q->even) return fail_memory();
    for (size_t i = 0; i <= q->count; i++) q->even[i] = (int64_t)(i * steps);
    q->offsets = nll_view_1d(q->even, NLL_I64, q->count + 1);
    return 0;
}

/* Files of one entry per sequence: those of the sequences chosen by --rows. */
static int per_sequence(const struct sequences *q, const struct binding *b,
                        const struct input *input, nll_view *view) {
    size_t begin = b->steps ? b->begin / b->steps : 0, all = b->steps ? b->batch : q->count;
    if (input->npy.shape[0] != all)
        return fail(EX_DATAERR, "%s: expected %zu numbers, one per sequence, found %zu; correct it",
                    input->name, all, input->npy.shape[0]);
    *view = input_rows(input, begin, begin + q->count);
    return 0;
}

static int open_lengths(struct sequences *q, const char *text, const struct binding *b) {
    if (!q->given) return fail(EX_USAGE, "--lengths needs logits [b, t, c] or --offsets");
    int code = open_integers(&q->length_file, "lengths", text, "[s]");
    if (!code) code = per_sequence(q, b, &q->length_file, &q->lengths);
    for (size_t i = 0; i < q->count && !code; i++) {
        int64_t most = view_integer(&q->offsets, i + 1) - view_integer(&q->offsets, i);
        int64_t length = view_integer(&q->lengths, i);
        if (length < 0 || length > most)
            code = fail(EX_DATAERR,
                        "%s: expected lengths from 0 to the %lld rows of their sequence, found "
                        "%lld at index %zu; correct it",
                        text, (long long)most, (long long)length, i);
    }
    return code;
}

static int open_bytes(struct sequences *q, const char *text, const struct binding *b) {
    struct input *input = &q->byte_file;
    int code = input_open(input, "seq-bytes", text, INPUT_REAL, false);
    if (code) return code;
    if (input->single) {
        q->bytes = nll_number(input->number);
        return input->dtype == NLL_NUMBER ? 0 : input_want_dims(input, 1, "[s]");
    }
    code = input_want_dims(input, 1, "[s]");
    return code ? code : per_sequence(q, b, input, &q->bytes);
}

int sequences_open(struct sequences *q, const struct settings *set, const struct binding *b) {
    static const char *const needed[] = {"seq-out", "seq-table", "seq-bytes"};
    const char *const values[] = {set->seq_out, set->seq_table, set->seq_bytes};
    const char *lengths = bind_text(b, "lengths");
    size_t rows = b->end - b->begin;
    int code = 0;
    *q = (struct sequences){.given = set->offsets || b->steps, .standard_error = (double)NAN};
    for (size_t i = 0; i < 3; i++)
        if (values[i] && !q->given)
            return fail(EX_USAGE,
                        "--%s needs --offsets or logits [b, t, c], which say where sequences begin",
                        needed[i]);
    if (set->offsets && b->steps)
        return fail(EX_USAGE, "--offsets: arrays [b, t, c] say themselves where sequences begin; "
                              "leave it out");
    if (set->seq_table) code = seqtable_check(set->seq_table);
    if (!code && set->offsets) code = open_offsets(q, set->offsets, rows);
    if (!code && b->steps) code = even_offsets(q, rows, b->steps);
    if (!code && lengths) code = open_lengths(q, lengths, b);
    if (!code && set->seq_bytes) code = open_bytes(q, set->seq_bytes, b);
    return code;
}

static nll_out *out_at(void *args, size_t offset) {
    return (nll_out *)(void *)((char *)args + offset);
}

int sequences_bind(struct sequences *q, const struct binding *b, void *args) {
    const struct model *model = b->model;
    size_t rows = b->end - b->begin;
    if (!q->given) return 0;
    if (bind_switch(b, "shift") || bind_text(b, "lengths")) {
        *(nll_view *)(void *)((char *)args + model->offsets) = q->offsets;
        *(nll_view *)(void *)((char *)args + model->lengths) = q->lengths;
    }
    q->values = calloc(rows ? rows : 1, sizeof *q->values);
    if (model->weight) q->weights = calloc(rows ? rows : 1, sizeof *q->weights);
    if (!q->values || (model->weight && !q->weights)) return fail_memory();
    *out_at(args, model->nll) = nll_out_1d(q->values, NLL_F64, rows);
    if (q->weights) *out_at(args, model->weight) = nll_out_1d(q->weights, NLL_F64, rows);
    return 0;
}

/* The library's figures for these offsets. */
static nll_status figures(const struct sequences *q, const struct binding *b, const void *args,
                          const nll_view *offsets, struct seqtable *t) {
    const nll_common *common =
        (const nll_common *)(const void *)((const char *)args + b->model->common);
    size_t rows = b->end - b->begin, n = t->count;
    nll_sequences_args a = {.struct_size = sizeof a,
                            .nll = nll_view_1d(q->values, NLL_F64, rows),
                            .weight = q->weights ? nll_view_1d(q->weights, NLL_F64, rows)
                                                 : common->sample_weight,
                            .offsets = *offsets,
                            .count = nll_out_1d(t->tokens, NLL_I64, n),
                            .sum = nll_out_1d(t->column[ST_NLL], NLL_F64, n),
                            .weight_sum = nll_out_1d(t->column[ST_WEIGHT], NLL_F64, n),
                            .mean = nll_out_1d(t->column[ST_MEAN], NLL_F64, n),
                            .perplexity = nll_out_1d(t->column[ST_PERPLEXITY], NLL_F64, n),
                            .standard_error = nll_out_1d(t->column[ST_ERROR], NLL_F64, n)};
    if (t->column[ST_BITS]) {
        a.bytes = q->bytes;
        a.bits_per_byte = nll_out_1d(t->column[ST_BITS], NLL_F64, n);
    }
    return nll_sequences(&a);
}

static int whole(struct sequences *q, const struct binding *b, const void *args) {
    const int64_t ends[2] = {0, (int64_t)(b->end - b->begin)};
    nll_view offsets = nll_view_1d(ends, NLL_I64, 2);
    struct seqtable t;
    int code = seqtable_new(&t, 1, false);
    if (!code && figures(q, b, args, &offsets, &t) == NLL_OK)
        q->standard_error = t.column[ST_ERROR][0];
    seqtable_free(&t);
    return code;
}

int sequences_finish(struct sequences *q, const struct settings *set, const struct binding *b,
                     const void *args, const nll_out *values, struct outputs *outputs) {
    if (!q->given) return 0;
    for (size_t i = 0; i < values->rows; i++) {
        if (values->dtype == NLL_F32)
            ((float *)values->data)[i] = (float)q->values[i];
        else
            ((double *)values->data)[i] = q->values[i];
    }
    int code = whole(q, b, args);
    if (code || !(set->seq_out || set->seq_table)) return code;
    struct seqtable t;
    nll_out file;
    code = seqtable_new(&t, q->count, set->seq_bytes != NULL);
    nll_status status = code ? NLL_OK : figures(q, b, args, &q->offsets, &t);
    if (status != NLL_OK)
        code = fail(EX_DATAERR, "sequences: %s; see --seq-bytes", nll_status_string(status));
    if (!code && set->seq_out) {
        code = outputs_add(outputs, set->seq_out, NLL_F64, q->count, 0, &file);
        if (!code && q->count) memcpy(file.data, t.column[ST_NLL], q->count * sizeof(double));
    }
    if (!code && set->seq_table) code = seqtable_write(&t, set->seq_table, outputs);
    seqtable_free(&t);
    return code;
}

void sequences_close(struct sequences *q) {
    input_close(&q->offset_file);
    input_close(&q->length_file);
    input_close(&q->byte_file);
    free(q->even);
    free(q->values);
    free(q->weights);
}
