/* npy.c: see npy.h. */
#include "npy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/* The element types, by NumPy's letter and size. */
static const struct {
    const char *code;
    nll_dtype dtype;
    size_t item;
} types[] = {
    {"f2", NLL_F16, 2},    {"f4", NLL_F32, 4}, {"f8", NLL_F64, 8}, {"b1", NLL_BOOL, 1},
    {"i1", NLL_I8, 1},     {"u1", NLL_U8, 1},  {"i2", NLL_I16, 2}, {"u2", NLL_U16, 2},
    {"i4", NLL_I32, 4},    {"u4", NLL_U32, 4}, {"i8", NLL_I64, 8}, {"u8", NLL_U64, 8},
    {"V2", NLL_ABSENT, 2},
};
enum { TYPES = sizeof types / sizeof types[0] };

/* What is left of the header, and where to put a complaint. */
struct cursor {
    const char *at, *end;
    char *message;
};

__attribute__((format(printf, 2, 3))) static bool complain(char *message, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, NPY_MESSAGE, format, args);
    va_end(args);
    return false;
}

static bool bad_header(const struct cursor *c, const char *expected) {
    int left = c->end - c->at > 24 ? 24 : (int)(c->end - c->at);
    return complain(c->message,
                    "expected %s in the .npy header, found '%.*s'; save the array again", expected,
                    left, c->at);
}

static void skip_space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

static bool take_char(struct cursor *c, char wanted) {
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool take_word(struct cursor *c, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
    c->at += length;
    return true;
}

/* A quoted string without escapes. */
static bool take_string(struct cursor *c, const char **text, size_t *length) {
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    const char *close = memchr(c->at + 1, *c->at, (size_t)(c->end - c->at - 1));
    if (!close) return false;
    *text = c->at + 1;
    *length = (size_t)(close - *text);
    c->at = close + 1;
    return true;
}

static bool parse_descr(struct cursor *c, struct npy *npy) {
    const char *text;
    size_t length;
    if (take_char(c, '['))
        return complain(c->message, "expected one number per element, found a structured array; "
                                    "save its fields as arrays of their own");
    if (!take_string(c, &text, &length)) return bad_header(c, "a type such as '<f4'");
    if (length == 3 && *text && strchr("<>|=", *text))
        for (int i = 0; i < TYPES; i++)
            if (memcmp(types[i].code, text + 1, 2) == 0) {
                npy->dtype = types[i].dtype;
                npy->item = types[i].item;
                npy->swapped = npy->item > 1 && *text == (little ? '>' : '<');
                return true;
            }
    int shown = length > 24 ? 24 : (int)length;
    return complain(c->message,
                    "expected float16/32/64, an integer type or bool, found '%.*s'; "
                    "convert the array with astype()",
                    shown, text);
}

static bool parse_order(struct cursor *c, struct npy *npy) {
    skip_space(c);
    npy->fortran = take_word(c, "True");
    return npy->fortran || take_word(c, "False") || bad_header(c, "True or False");
}

/* A tuple of whole numbers: (), (3,), (3, 4). */
static bool parse_shape(struct cursor *c, struct npy *npy) {
    if (!take_char(c, '(')) return bad_header(c, "a shape such as (3, 4)");
    bool comma = true, any_comma = false;
    while (!take_char(c, ')')) {
        size_t value = 0, digits = 0;
        for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, digits++)
            if (__builtin_mul_overflow(value, (size_t)10, &value) ||
                __builtin_add_overflow(value, (size_t)(*c->at - '0'), &value))
                return complain(c->message, "expected sizes below 2^64, found a larger one in the "
                                            "shape; save the array again");
        if (!comma || digits == 0) return bad_header(c, "a shape such as (3, 4)");
        if (npy->dims == NPY_DIMS)
            return complain(c->message, "expected at most %d dimensions, found more; reshape it",
                            NPY_DIMS);
        npy->shape[npy->dims++] = value;
        comma = take_char(c, ',');
        any_comma |= comma;
    }
    return npy->dims != 1 || any_comma || bad_header(c, "a tuple such as (3,)");
}

static bool parse_dict(struct cursor *c, struct npy *npy) {
    static const struct {
        const char *key;
        bool (*parse)(struct cursor *, struct npy *);
    } keys[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    bool seen[KEYS] = {false}, comma = true;
    if (!take_char(c, '{')) return bad_header(c, "'{'");
    while (!take_char(c, '}')) {
        const char *text;
        size_t length, k = 0;
        if (!comma || !take_string(c, &text, &length)) return bad_header(c, "a key, ',' or '}'");
        while (k < KEYS &&
               (strlen(keys[k].key) != length || memcmp(keys[k].key, text, length) != 0))
            k++;
        if (k == KEYS || seen[k])
            return complain(c->message,
                            "expected the keys descr, fortran_order and shape once each, found "
                            "'%.*s'%s; save the array again",
                            length > 24 ? 24 : (int)length, text, k < KEYS ? " twice" : "");
        seen[k] = true;
        if (!take_char(c, ':')) return bad_header(c, "':'");
        if (!keys[k].parse(c, npy)) return false;
        comma = take_char(c, ',');
    }
    for (int k = 0; k < KEYS; k++)
        if (!seen[k])
            return complain(c->message,
                            "expected the key '%s' in the .npy header, found none; "
                            "save the array again",
                            keys[k].key);
    skip_space(c);
    return c->at == c->end || bad_header(c, "nothing after the closing brace");
}

/* Elements and bytes, refusing products that do not fit even where another size is zero. */
static bool count_bytes(struct npy *npy, size_t *bytes) {
    size_t product = npy->item;
    npy->count = 1;
    for (int i = 0; i < npy->dims; i++) {
        npy->count = npy->shape[i] ? npy->count * npy->shape[i] : 0;
        if (npy->shape[i] && __builtin_mul_overflow(product, npy->shape[i], &product)) return false;
    }
    *bytes = npy->count * npy->item;
    return product <= PTRDIFF_MAX;
}

bool npy_parse(const unsigned char *file, size_t size, struct npy *npy, char message[NPY_MESSAGE]) {
    *npy = (struct npy){.dtype = NLL_ABSENT};
    if (size == 0)
        return complain(message,
                        "expected a .npy array, found an empty file; save the array again");
    if (size < 10 || memcmp(file, "\x93NUMPY", 6) != 0)
        return complain(message, "expected a .npy file (\\x93NUMPY...), found other bytes; "
                                 "save the array with numpy.save()");
    unsigned major = file[6], minor = file[7];
    if (major < 1 || major > 3 || minor != 0)
        return complain(message,
                        "expected .npy version 1.0, 2.0 or 3.0, found %u.%u; "
                        "save the array again",
                        major, minor);
    size_t start = major == 1 ? 10 : 12;
    if (size < start)
        return complain(message,
                        "expected a header of at least %zu bytes, found %zu; "
                        "the file is truncated, copy it again",
                        start, size);
    size_t length = (size_t)file[8] | (size_t)file[9] << 8;
    if (major > 1) length |= (size_t)file[10] << 16 | (size_t)file[11] << 24;
    if (length > size - start)
        return complain(message,
                        "expected a header of %zu bytes, found %zu; "
                        "the file is truncated, copy it again",
                        length, size - start);
    npy->data = start + length;
    struct cursor c = {(const char *)file + start, (const char *)file + npy->data, message};
    if (!parse_dict(&c, npy)) return false;
    size_t bytes, found = size - npy->data;
    char shape[NPY_SHAPE_TEXT];
    npy_shape_text(npy, shape);
    if (!count_bytes(npy, &bytes))
        return complain(message,
                        "expected a shape that fits into memory, found %s; "
                        "save the array again",
                        shape);
    if (bytes != found)
        return complain(message,
                        "expected %zu bytes of data for shape %s, found %zu; "
                        "the file is %s, copy it again",
                        bytes, shape, found,
                        found < bytes ? "truncated" : "longer than its header says");
    return true;
}

void npy_shape_text(const struct npy *npy, char text[NPY_SHAPE_TEXT]) {
    size_t used = (size_t)snprintf(text, NPY_SHAPE_TEXT, "(");
    for (int i = 0; i < npy->dims; i++) {
        if (used > NPY_SHAPE_TEXT - 32) {
            used += (size_t)snprintf(text + used, NPY_SHAPE_TEXT - used, "...");
            break;
        }
        used += (size_t)snprintf(text + used, NPY_SHAPE_TEXT - used, "%s%zu%s", i ? ", " : "",
                                 npy->shape[i], npy->dims == 1 ? "," : "");
    }
    snprintf(text + used, NPY_SHAPE_TEXT - used, ")");
}

char npy_byte_order(void) { return little ? '<' : '>'; }

/* `size` bytes of header for a descr and a shape, both as Python writes them. */
static size_t format(char *header, size_t size, const char *descr, const char *shape) {
    static const char magic[8] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0};
    memset(header, ' ', size);
    memcpy(header, magic, sizeof magic);
    header[8] = (char)((size - 10) & 255);
    header[9] = (char)((size - 10) >> 8);
    int used = snprintf(header + 10, size - 10,
                        "{'descr': %s, 'fortran_order': False, 'shape': %s, }", descr, shape);
    header[10 + used] = ' '; /* in place of snprintf's final zero */
    header[size - 1] = '\n';
    return size;
}

size_t npy_format(char header[NPY_HEADER], nll_dtype dtype, size_t rows, size_t steps,
                  size_t cols) {
    const char *code = "V2";
    size_t item = 0;
    for (int i = 0; i < TYPES; i++)
        if (types[i].dtype == dtype) {
            code = types[i].code;
            item = types[i].item;
        }
    char descr[16], shape[80], first[48];
    snprintf(descr, sizeof descr, "'%c%s'", item <= 1 ? '|' : npy_byte_order(), code);
    if (steps)
        snprintf(first, sizeof first, "%zu, %zu", rows / steps, steps);
    else
        snprintf(first, sizeof first, "%zu", rows);
    if (cols)
        snprintf(shape, sizeof shape, "(%s, %zu)", first, cols);
    else
        snprintf(shape, sizeof shape, "(%s%s)", first, steps ? "" : ",");
    return format(header, steps ? NPY_HEADER : 128, descr, shape);
}

size_t npy_format_records(char header[NPY_RECORDS], const char *descr, size_t rows) {
    char shape[32];
    snprintf(shape, sizeof shape, "(%zu,)", rows);
    return format(header, NPY_RECORDS, descr, shape);
}
