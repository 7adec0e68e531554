/* input.h: one input of the command line: a .npy file or a literal number. */
#ifndef NLL_TOOL_INPUT_H
#define NLL_TOOL_INPUT_H

#include "ahead.h"
#include "kld.h"
#include "npy.h"

/* What the values stand for. */
enum input_kind {
    INPUT_REAL,   /* any type */
    INPUT_INTEGER /* integer types and bool */
};

struct input {
    const char *flag; /* "logits" */
    const char *name; /* the text given: a path or a number; NULL: not given */
    bool single;      /* one value for all: a literal number or a 0-d array */
    double number;    /* a literal, as double, float and (if INPUT_INTEGER) integer */
    float number_f32;
    int64_t integer;
    struct npy npy;   /* of a file */
    const char *data; /* first element, aligned, in this machine's byte order */
    nll_dtype dtype;  /* NLL_NUMBER: a literal */
    size_t base;      /* row of the file that `data` begins with */
    void *map, *heap; /* what to give back: a mapping of map_size bytes, an allocation */
    size_t map_size;
};

/* Opens what `text` names; a number wins over a file of the same name unless the text contains a
 * slash or ends in .npy, and "-" is the standard input.  bf16: two-byte elements without a type of
 * their own are bfloat16. */
int input_open(struct input *input, const char *flag, const char *text, enum input_kind kind,
               bool bf16);
void input_close(struct input *input);

/* Opens a .kld file as the matrix of its log-probabilities, without any of them yet. */
int input_open_kld(struct input *input, struct kld *kld, const char *flag, const char *text);
/* Makes rows [begin, end) of it, and what they are about in `labels` unless that is NULL. */
int input_read_kld(struct input *input, const struct kld *kld, size_t begin, size_t end,
                   struct input *labels);

/* Checks that a file holds an array of `dims` dimensions. */
int input_want_dims(const struct input *input, int dims, const char *shape);

/* The first two axes of a C-order file as one. */
void input_flatten(struct input *input);

/* Rows [begin, end) of a 1-D or 2-D file. */
nll_view input_rows(const struct input *input, size_t begin, size_t end);
/* Adds their bytes, if they lie in the file one after another and the file is mapped. */
void input_span(const struct input *input, size_t begin, size_t end, struct ahead *ahead);
/* Bytes that reading such rows takes. */
double input_bytes(const struct input *input, size_t begin, size_t end);

/* A single value as an array of equal elements; a literal takes the type `literal`: NLL_F32,
 * NLL_F64 or NLL_I64. */
nll_view input_repeat(const struct input *input, nll_dtype literal, size_t rows, size_t cols);

/* Element i of a 1-D integer file or view; a value above INT64_MAX reads as -1. */
int64_t view_integer(const nll_view *view, size_t i);

#endif
