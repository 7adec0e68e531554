/* sequences.c: see sequences.h. */
#include "sequences.h"
#include "error.h"

int sequences_open(struct sequences *sequences, const char *text, size_t rows) {
    struct input *input = &sequences->offsets;
    *sequences = (struct sequences){.count = 0};
    if (!text) return 0;
    int code = input_open(input, "offsets", text, INPUT_INTEGER, false);
    if (code) return code;
    if (input->dtype == NLL_NUMBER)
        return fail(EX_USAGE,
                    "--offsets: expected a .npy file, found the number %s; "
                    "give a file of s+1 row numbers",
                    text);
    code = input_want_dims(input, 1, "[s+1]");
    if (code) return code;
    size_t entries = input->npy.shape[0];
    if (entries == 0)
        return fail(EX_DATAERR,
                    "%s: expected at least one offset, found none; "
                    "give s+1 of them for s sequences",
                    text);
    nll_view view = input_rows(input, 0, entries);
    int64_t last = 0;
    for (size_t i = 0; i < entries; i++) {
        int64_t value = view_integer(&view, i);
        if (value < last || (uint64_t)value > rows)
            return fail(EX_DATAERR,
                        "%s: expected offsets that rise from 0 to at most %zu rows, "
                        "found %lld at index %zu; correct it",
                        text, rows, (long long)value, i);
        last = value;
    }
    sequences->count = entries - 1;
    return 0;
}

void sequences_sum(const struct sequences *sequences, const nll_out *values, double *sums) {
    nll_view offsets = input_rows(&sequences->offsets, 0, sequences->count + 1);
    const float *f32 = values->data;
    const double *f64 = values->data;
    for (size_t s = 0; s < sequences->count; s++) {
        size_t begin = (size_t)view_integer(&offsets, s);
        size_t end = (size_t)view_integer(&offsets, s + 1);
        sums[s] = 0;
        for (size_t i = begin; i < end; i++)
            sums[s] += values->dtype == NLL_F32 ? (double)f32[i] : f64[i];
    }
}
