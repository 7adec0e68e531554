/* input.c: see input.h. */
#include "input.h"
#include "args.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* All of a pipe or device, which cannot be mapped. */
static int read_all(struct input *input, int fd, size_t *size) {
    size_t capacity = 0;
    *size = 0;
    for (;;) {
        if (*size == capacity) {
            size_t larger;
            if (__builtin_mul_overflow(capacity ? capacity : (size_t)1 << 15, (size_t)2, &larger))
                return fail_memory();
            void *grown = realloc(input->heap, larger);
            if (!grown) return fail_memory();
            input->heap = grown;
            capacity = larger;
        }
        ssize_t got = read(fd, (char *)input->heap + *size, capacity - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return fail(EX_NOINPUT, "%s: cannot be read: %s", input->name, strerror(errno));
        if (got == 0) return 0;
        *size += (size_t)got;
    }
}

/* Makes the bytes of the file readable: mapped if it can be, else read. */
static int load(struct input *input, const char *kind, const unsigned char **file, size_t *size) {
    bool standard = strcmp(input->name, "-") == 0;
    int fd = standard ? dup(STDIN_FILENO) : open(input->name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) {
        int code = fail(EX_NOINPUT, "%s: expected %s for --%s: %s", input->name, kind, input->flag,
                        strerror(errno));
        if (fd >= 0) close(fd);
        return code;
    }
    int code = 0;
    if (S_ISDIR(st.st_mode)) {
        code = fail(EX_NOINPUT,
                    "%s: expected %s for --%s, found a directory; "
                    "name a file in it",
                    input->name, kind, input->flag);
    } else if (S_ISREG(st.st_mode) && (uintmax_t)st.st_size > (uintmax_t)PTRDIFF_MAX) {
        code = fail(EX_DATAERR, "%s: the file does not fit the address space", input->name);
    } else {
        *size = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
        void *map = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
        if (map != MAP_FAILED) {
            /* Where the file is not in memory yet, read it in pages of 2 MiB: they stay so, and are
             * mapped as one.  Systems that cannot refuse. */
            madvise(map, *size, MADV_HUGEPAGE);
            input->map = map;
            input->map_size = *size;
            *file = map;
        } else {
            code = read_all(input, fd, size);
            *file = input->heap;
        }
    }
    close(fd);
    return code;
}

static void swap_bytes(char *to, const char *from, size_t count, size_t item) {
    for (size_t i = 0; i < count; i++)
        for (size_t b = 0; b < item; b++) to[i * item + b] = from[i * item + item - 1 - b];
}

/* A copy of the elements where they cannot be used in place. */
static int settle(struct input *input, const unsigned char *file) {
    const struct npy *npy = &input->npy;
    const char *data = (const char *)file + npy->data;
    input->data = data;
    if (!npy->swapped && (uintptr_t)data % npy->item == 0) return 0;
    size_t bytes = npy->count * npy->item;
    char *copy = malloc(bytes ? bytes : 1);
    if (!copy) return fail_memory();
    if (npy->swapped)
        swap_bytes(copy, data, npy->count, npy->item);
    else if (bytes)
        memcpy(copy, data, bytes);
    free(input->heap);
    input->heap = copy;
    input->data = copy;
    return 0;
}

static int settle_dtype(struct input *input, enum input_kind kind, bool bf16) {
    bool integer = kind == INPUT_INTEGER;
    input->dtype = input->npy.dtype;
    if (bf16 && !integer && (input->dtype == NLL_ABSENT || input->dtype == NLL_U16))
        input->dtype = NLL_BF16;
    if (input->dtype == NLL_ABSENT)
        return fail(EX_DATAERR, "%s: expected %s for --%s, found raw two-byte elements (V2); %s",
                    input->name, integer ? "integers" : "numbers", input->flag,
                    integer ? "convert the array with astype('int64')"
                            : "if they are bfloat16 add --dtype bf16");
    if (integer && input->dtype < NLL_I8)
        return fail(EX_DATAERR,
                    "%s: expected integers for --%s, found %s; "
                    "convert the array with astype('int64')",
                    input->name, input->flag, nll_dtype_name(input->dtype));
    return 0;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int open_number(struct input *input, enum input_kind kind) {
    input->single = true;
    input->dtype = NLL_NUMBER;
    input->number_f32 = (float)input->number;
    if (kind == INPUT_INTEGER) {
        if (!(input->number >= -9007199254740992.0 && input->number <= 9007199254740992.0) ||
            input->number != (double)(int64_t)input->number)
            return fail(EX_DATAERR,
                        "%s: expected an integer for --%s, found this number; "
                        "give a class index or a file of them",
                        input->name, input->flag);
        input->integer = (int64_t)input->number;
    }
    return 0;
}

int input_open(struct input *input, const char *flag, const char *text, enum input_kind kind,
               bool bf16) {
    *input = (struct input){.flag = flag, .name = text};
    if (!strchr(text, '/') && !ends_with(text, ".npy") && args_number(text, &input->number))
        return open_number(input, kind);
    const unsigned char *file = NULL;
    size_t size = 0;
    int code = load(input, "a .npy file or a number", &file, &size);
    if (code) return code;
    char message[NPY_MESSAGE];
    if (!npy_parse(file, size, &input->npy, message))
        return fail(EX_DATAERR, "%s: %s", text, message);
    code = settle_dtype(input, kind, bf16);
    if (!code) code = settle(input, file);
    input->single = input->npy.dims == 0;
    return code;
}

int input_open_kld(struct input *input, struct kld *kld, const char *flag, const char *text) {
    *input = (struct input){.flag = flag, .name = text};
    const unsigned char *file = NULL;
    size_t size = 0;
    int code = load(input, "a .kld file", &file, &size);
    char message[KLD_MESSAGE];
    if (code) return code;
    if (!kld_parse(file, size, kld, message)) return fail(EX_DATAERR, "%s: %s", text, message);
    size_t bytes;
    if (__builtin_mul_overflow(kld->rows, kld->classes, &input->npy.count) ||
        __builtin_mul_overflow(input->npy.count, sizeof(float), &bytes) || bytes > PTRDIFF_MAX)
        return fail_memory();
    input->dtype = input->npy.dtype = NLL_F32;
    input->npy.item = sizeof(float);
    input->npy.dims = 2;
    input->npy.shape[0] = kld->rows;
    input->npy.shape[1] = kld->classes;
    input->data = (const char *)file;
    return 0;
}

int input_read_kld(struct input *input, const struct kld *kld, size_t begin, size_t end,
                   struct input *labels) {
    const unsigned char *file = (const unsigned char *)input->data;
    size_t rows = end - begin;
    float *made = malloc((rows ? rows : 1) * kld->classes * sizeof *made);
    int64_t *tokens = labels ? malloc((rows ? rows : 1) * sizeof *tokens) : NULL;
    if (!made || (labels && !tokens)) {
        free(made);
        free(tokens);
        return fail_memory();
    }
    for (size_t r = 0; r < rows; r++) {
        kld_row(kld, file, begin + r, made + r * kld->classes);
        if (labels) tokens[r] = kld_token(kld, file, kld_target(kld, begin + r));
    }
    if (input->map) munmap(input->map, input->map_size);
    free(input->heap);
    input->map = NULL;
    input->heap = made;
    input->data = (const char *)made;
    input->base = begin;
    if (!labels) return 0;
    *labels = (struct input){.flag = input->flag, .name = input->name, .dtype = NLL_I64};
    labels->npy.dtype = NLL_I64;
    labels->npy.item = sizeof *tokens;
    labels->npy.dims = 1;
    labels->npy.shape[0] = labels->npy.count = kld->rows;
    labels->base = begin;
    labels->heap = tokens;
    labels->data = (const char *)tokens;
    return 0;
}

void input_close(struct input *input) {
    if (input->map) munmap(input->map, input->map_size);
    free(input->heap);
    *input = (struct input){0};
}

int input_want_dims(const struct input *input, int dims, const char *shape) {
    char found[NPY_SHAPE_TEXT];
    if (input->npy.dims == dims) return 0;
    npy_shape_text(&input->npy, found);
    return fail(EX_DATAERR, "%s: expected a %d-D array %s for --%s, found shape %s; reshape it",
                input->name, dims, shape, input->flag, found);
}

void input_flatten(struct input *input) {
    struct npy *npy = &input->npy;
    npy->shape[0] *= npy->shape[1];
    npy->dims--;
    for (int i = 1; i < npy->dims; i++) npy->shape[i] = npy->shape[i + 1];
}

nll_view input_rows(const struct input *input, size_t begin, size_t end) {
    const struct npy *npy = &input->npy;
    size_t cols = npy->dims > 1 ? npy->shape[1] : 1;
    bool fortran = npy->fortran && npy->dims > 1;
    nll_view view = {.data = input->data,
                     .dtype = input->dtype,
                     .rows = end - begin,
                     .cols = cols,
                     .row_stride = fortran ? 1 : (ptrdiff_t)cols,
                     .col_stride = fortran ? (ptrdiff_t)npy->shape[0] : 1};
    if (npy->count)
        view.data = input->data + (begin > input->base ? begin - input->base : 0) *
                                      (size_t)view.row_stride * npy->item;
    return view;
}

void input_span(const struct input *input, size_t begin, size_t end, struct ahead *ahead) {
    const struct npy *npy = &input->npy;
    if (!input->name || input->single || !input->map || input->heap || !npy->count ||
        (npy->fortran && npy->dims > 1))
        return;
    size_t row = npy->count / npy->shape[0] * npy->item;
    ahead_add(ahead, input->data + begin * row, (end - begin) * row);
}

double input_bytes(const struct input *input, size_t begin, size_t end) {
    if (!input->name || input->single || !input->npy.count) return 0;
    const struct npy *npy = &input->npy;
    return (double)npy->item * (double)npy->count * ((double)(end - begin) / (double)npy->shape[0]);
}

nll_view input_repeat(const struct input *input, nll_dtype literal, size_t rows, size_t cols) {
    nll_view view = {.data = input->data, .dtype = input->dtype, .rows = rows, .cols = cols};
    if (input->dtype == NLL_NUMBER) {
        view.dtype = literal;
        view.data = literal == NLL_I64   ? (const void *)&input->integer
                    : literal == NLL_F64 ? (const void *)&input->number
                                         : (const void *)&input->number_f32;
    }
    return view;
}

int64_t view_integer(const nll_view *view, size_t i) {
    const char *at = (const char *)view->data +
                     (ptrdiff_t)i * view->row_stride * (ptrdiff_t)nll_dtype_size(view->dtype);
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
    } v = {.u64 = 0};
    memcpy(&v, at, nll_dtype_size(view->dtype));
    switch (view->dtype) {
    case NLL_I8: return v.i8;
    case NLL_I16: return v.i16;
    case NLL_I32: return v.i32;
    case NLL_I64: return v.i64;
    case NLL_U8: return v.u8;
    case NLL_U16: return v.u16;
    case NLL_U32: return v.u32;
    case NLL_BOOL: return v.u8 != 0;
    case NLL_U64: return v.u64 > INT64_MAX ? -1 : (int64_t)v.u64;
    default: return -1;
    }
}
