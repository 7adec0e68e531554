/* convert.c: nll convert: arrays to the .kld files of llama.cpp, and back. */
#include "args.h"
#include "commands.h"
#include "error.h"
#include "input.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum option { KLD_IN, LOGITS, LOG_PROBS, TOKENS, CONTEXT, OUT, TARGET_OUT, TOKENS_OUT, OPTIONS };
static const struct arg_option options[OPTIONS] = {
    [KLD_IN] = {"kld", "F", "a .kld file to read; --out then takes its log-probs [n, c]"},
    [LOGITS] = {"logits", "F",
                "or logits to write as .kld: of the rows that a .kld file has, or "
                "of all tokens [n, c]"},
    [LOG_PROBS] = {"log-probs", "F", "or log-probs, taken as they are"},
    [TOKENS] = {"tokens", "F",
                "the tokens of all chunks: [chunks, context], or [n] with --context"},
    [CONTEXT] = {"context", "N", "tokens of a chunk"},
    [OUT] = {"out", "F", "where to: a .npy file (float32) from .kld, else the .kld file"},
    [TARGET_OUT] = {"target-out", "F", "from .kld: the token that each row is about [n], int64"},
    [TOKENS_OUT] = {"tokens-out", "F", "from .kld: all tokens [chunks, context], int32"},
};

struct convert {
    const char *const *values;
    struct input matrix, tokens;
    struct kld kld;
    struct outputs outputs;
};

/* ---- from .kld */

static int from_kld(struct convert *c) {
    nll_out out = {0}, target = {0}, tokens = {0};
    int code = input_open_kld(&c->matrix, &c->kld, "kld", c->values[KLD_IN]);
    const struct kld *kld = &c->kld;
    const unsigned char *file = (const unsigned char *)c->matrix.data;
    if (!code)
        code = outputs_add(&c->outputs, c->values[OUT], NLL_F32, kld->rows, kld->classes, &out);
    if (!code && c->values[TARGET_OUT])
        code = outputs_add(&c->outputs, c->values[TARGET_OUT], NLL_I64, kld->rows, 0, &target);
    if (!code && c->values[TOKENS_OUT])
        code = outputs_add(&c->outputs, c->values[TOKENS_OUT], NLL_I32, kld->chunks, kld->context,
                           &tokens);
    if (code) return code;
    for (size_t r = 0; r < kld->rows; r++) {
        kld_row(kld, file, r, (float *)out.data + r * kld->classes);
        if (target.data) ((int64_t *)target.data)[r] = kld_token(kld, file, kld_target(kld, r));
    }
    for (size_t i = 0; tokens.data && i < kld->chunks * kld->context; i++)
        ((int32_t *)tokens.data)[i] = kld_token(kld, file, i);
    return outputs_commit(&c->outputs);
}

/* ---- to .kld */

/* Number of tokens of a chunk: the option, or the second size of the tokens. */
static int find_context(struct convert *c, long long *context) {
    const struct input *tokens = &c->tokens;
    if (tokens->single || tokens->npy.dims < 1 || tokens->npy.dims > 2)
        return input_want_dims(tokens, 1, "[n]");
    *context = 0;
    if (tokens->npy.dims == 2) *context = (long long)tokens->npy.shape[1];
    if (c->values[CONTEXT]) {
        long long given;
        int code = args_integer("context", c->values[CONTEXT], 3, INT32_MAX, &given);
        if (code) return code;
        if (*context && given != *context)
            return fail(EX_DATAERR,
                        "%s: expected chunks of --context %lld tokens, found %lld; "
                        "leave --context out",
                        tokens->name, given, *context);
        *context = given;
    }
    if (*context) return 0;
    return fail(EX_USAGE, "--context is needed with tokens [n]: how many of them make a chunk");
}

static int find_layout(struct convert *c) {
    long long context = 0;
    const struct input *tokens = &c->tokens, *matrix = &c->matrix;
    int code = input_want_dims(matrix, 2, "[n, c]");
    if (!code) code = find_context(c, &context);
    if (code) return code;
    size_t count = tokens->npy.count, rows = matrix->npy.shape[0];
    size_t chunks = context > 0 ? count / (size_t)context : 0;
    if (chunks == 0 || count % (size_t)context)
        return fail(EX_DATAERR,
                    "%s: expected whole chunks of %lld tokens, found %zu; give them all",
                    tokens->name, context, count);
    if (chunks > INT32_MAX || matrix->npy.shape[1] > INT32_MAX ||
        !kld_layout(&c->kld, context, (int64_t)matrix->npy.shape[1], (int64_t)chunks))
        return fail(EX_DATAERR,
                    "%s: expected chunks of at least 3 tokens, at least one class, and sizes that "
                    "fit into memory, found %lld tokens and %zu classes; check --context",
                    matrix->name, context, matrix->npy.shape[1]);
    if (rows != c->kld.rows && rows != count)
        return fail(EX_DATAERR,
                    "%s: expected %zu rows, those of a .kld file, or %zu, one for each token, "
                    "found %zu; give arrays that belong together",
                    matrix->name, c->kld.rows, count, rows);
    if (matrix->dtype != NLL_F32 && matrix->dtype != NLL_F64)
        return fail(EX_DATAERR,
                    "%s: expected float32 or float64 for --%s, found %s; convert the array with "
                    "astype('float32')",
                    matrix->name, matrix->flag, nll_dtype_name(matrix->dtype));
    return 0;
}

static int write_tokens(struct convert *c, unsigned char *file) {
    size_t count = c->tokens.npy.count;
    nll_view view = nll_view_1d(c->tokens.data, c->tokens.dtype, count);
    if (c->tokens.npy.fortran && c->tokens.npy.dims == 2 && c->kld.chunks > 1)
        return fail(EX_DATAERR,
                    "%s: expected tokens in C order, found Fortran order; save them with "
                    "numpy.ascontiguousarray()",
                    c->tokens.name);
    for (size_t i = 0; i < count; i++) {
        int64_t token = view_integer(&view, i);
        if (token < 0 || (uint64_t)token >= c->kld.classes)
            return fail(EX_DATAERR,
                        "%s: expected tokens from 0 to %zu, found %lld at %zu; give those of the "
                        "same vocabulary",
                        c->tokens.name, c->kld.classes - 1, (long long)token, i);
        kld_write_token(&c->kld, file, i, (int32_t)token);
    }
    return 0;
}

/* Row `from` of the matrix into x, and its log-sum-exp. */
static int fetch(const struct convert *c, size_t from, double *x, double *lse) {
    nll_view view = input_rows(&c->matrix, from, from + 1);
    int64_t zero = 0;
    *lse = 0;
    for (size_t i = 0; i < c->kld.classes; i++) {
        const char *p =
            (const char *)view.data + i * (size_t)view.col_stride * nll_dtype_size(view.dtype);
        float f;
        if (view.dtype == NLL_F64) {
            memcpy(&x[i], p, sizeof x[i]);
        } else {
            memcpy(&f, p, sizeof f);
            x[i] = (double)f;
        }
    }
    nll_status status = NLL_OK;
    if (c->values[LOGITS])
        status = nll_categorical(
            &(nll_categorical_args){.struct_size = sizeof(nll_categorical_args),
                                    .logits = nll_view_2d(x, NLL_F64, 1, c->kld.classes),
                                    .target = nll_view_1d(&zero, NLL_I64, 1),
                                    .lse = nll_out_1d(lse, NLL_F64, 1)},
            NULL);
    double most = -(double)INFINITY;
    int bad = status != NLL_OK || *lse - *lse != 0;
    for (size_t i = 0; i < c->kld.classes; i++) {
        bad |= x[i] != x[i] || x[i] == (double)INFINITY;
        most = x[i] > most ? x[i] : most;
    }
    if (!bad && most > -(double)INFINITY) return 0;
    return fail(EX_DATAERR,
                "%s: expected numbers, or -inf for masked classes, found NaN, +inf or nothing but "
                "-inf in row %zu; correct it",
                c->matrix.name, from);
}

static int to_kld(struct convert *c) {
    const enum option which = c->values[LOGITS] ? LOGITS : LOG_PROBS;
    unsigned char *file;
    int code = input_open(&c->matrix, options[which].name, c->values[which], INPUT_REAL, false);
    if (!code)
        code =
            input_open(&c->tokens, options[TOKENS].name, c->values[TOKENS], INPUT_INTEGER, false);
    if (!code) code = find_layout(c);
    if (!code) code = outputs_add_space(&c->outputs, c->values[OUT], c->kld.size, &file);
    if (code) return code;
    double *x = malloc(c->kld.classes * sizeof *x), lse = 0;
    if (!x) return fail_memory();
    kld_write_header(&c->kld, file);
    code = write_tokens(c, file);
    int all = c->matrix.npy.shape[0] != c->kld.rows;
    for (size_t r = 0; r < c->kld.rows && !code; r++) {
        code = fetch(c, all ? kld_target(&c->kld, r) - 1 : r, x, &lse);
        if (!code) kld_write_row(&c->kld, file, r, x, lse);
    }
    free(x);
    return code ? code : outputs_commit(&c->outputs);
}

/* ---- the command */

static int check_options(const char *const *values) {
    int sources = 0;
    for (int i = KLD_IN; i <= LOG_PROBS; i++) sources += values[i] != NULL;
    if (sources != 1)
        return fail(EX_USAGE,
                    "expected one of --kld, --logits and --log-probs, found %d; see 'nll "
                    "convert --help'",
                    sources);
    if (!values[OUT]) return fail(EX_USAGE, "missing --out; see 'nll convert --help'");
    for (int i = TOKENS; i <= CONTEXT && values[KLD_IN]; i++)
        if (values[i])
            return fail(EX_USAGE, "--%s is for writing a .kld file; leave it out", options[i].name);
    for (int i = TARGET_OUT; i <= TOKENS_OUT && !values[KLD_IN]; i++)
        if (values[i])
            return fail(EX_USAGE, "--%s is for reading a .kld file; leave it out", options[i].name);
    if (!values[KLD_IN] && !values[TOKENS])
        return fail(EX_USAGE,
                    "missing --tokens, which a .kld file holds; see 'nll convert --help'");
    return 0;
}

int command_convert(int argc, char **argv) {
    static const struct arg_command command = {
        "convert",
        "[inputs] --out F",
        "Reads a .kld file, which llama.cpp's perplexity tool writes with --kl-divergence-base, as "
        "log-probs; or writes one from logits or log-probs and tokens.  The file holds 16 bits per "
        "class, from the largest log-prob of a row down to 16 below it, and the second half of "
        "each chunk of tokens.\n",
        options,
        OPTIONS,
        0};
    const char *values[OPTIONS] = {NULL};
    bool done = false;
    int code = args_parse(&command, argc, argv, 2, values, NULL, &done);
    if (code || done) return code;
    code = check_options(values);
    if (code) return code;
    struct convert c = {.values = values};
    code = outputs_begin(&c.outputs);
    if (code) return code;
    code = values[KLD_IN] ? from_kld(&c) : to_kld(&c);
    outputs_end(&c.outputs);
    input_close(&c.matrix);
    input_close(&c.tokens);
    return code;
}
