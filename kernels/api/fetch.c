/* fetch.c: conversions between storage and compute types. */
#include "fetch.h"

#include "half.h"

#include <string.h>

static const char *address(const void *data, nll_dtype dtype, ptrdiff_t row_stride,
                           ptrdiff_t col_stride, size_t row, size_t col) {
    ptrdiff_t at = (ptrdiff_t)row * row_stride + (ptrdiff_t)col * col_stride;
    return (const char *)data + at * (ptrdiff_t)nll_dtype_size(dtype);
}

static int is_compute(nll_dtype dtype, enum nll_type type) {
    return dtype == (type == NLL_TYPE_F32 ? NLL_F32 : NLL_F64);
}

/* dst[i] = src[i * stride], one function per pair of types. */
#define READ_LOOP(S, convert)                                                      \
    do {                                                                           \
        const S *s = src;                                                          \
        for (size_t i = 0; i < n; i++) dst[i] = convert(s[(ptrdiff_t)i * stride]); \
    } while (0)
#define AS_IS(x) (x)
#define AS_BOOL(x) ((x) != 0)
#define READER(T)                                                                                \
    static void read_##T(const void *src, nll_dtype dtype, ptrdiff_t stride, size_t n, T *dst) { \
        switch ((int)dtype) {                                                                    \
        case NLL_F32: READ_LOOP(float, (T)AS_IS); break;                                         \
        case NLL_F64: READ_LOOP(double, (T)AS_IS); break;                                        \
        case NLL_F16: READ_LOOP(uint16_t, (T)nll_of_f16); break;                                 \
        case NLL_BF16: READ_LOOP(uint16_t, (T)nll_of_bf16); break;                               \
        case NLL_I8: READ_LOOP(int8_t, (T)AS_IS); break;                                         \
        case NLL_U8: READ_LOOP(uint8_t, (T)AS_IS); break;                                        \
        case NLL_I16: READ_LOOP(int16_t, (T)AS_IS); break;                                       \
        case NLL_U16: READ_LOOP(uint16_t, (T)AS_IS); break;                                      \
        case NLL_I32: READ_LOOP(int32_t, (T)AS_IS); break;                                       \
        case NLL_U32: READ_LOOP(uint32_t, (T)AS_IS); break;                                      \
        case NLL_I64: READ_LOOP(int64_t, (T)AS_IS); break;                                       \
        case NLL_U64: READ_LOOP(uint64_t, (T)AS_IS); break;                                      \
        case NLL_BOOL: READ_LOOP(uint8_t, (T)AS_BOOL); break;                                    \
        default: break;                                                                          \
        }                                                                                        \
    }
/* clang-format off */
READER(float)
READER(double)
/* clang-format on */

/* A number widened or narrowed for all elements. */
static void fill(enum nll_type type, double value, size_t n, void *dst) {
    float f = (float)value;
    for (size_t i = 0; i < n; i++) {
        if (type == NLL_TYPE_F32)
            ((float *)dst)[i] = f;
        else
            ((double *)dst)[i] = value;
    }
}

static void convert(const nll_isa *isa, enum nll_kernel k, const void *src, void *dst, size_t n) {
    isa->fn[NLL_TYPE_F32][k](&(nll_job){.rows = 1, .cols = n, .in = {src}, .out = {dst}});
}

int nll_in_place(const nll_view *v, enum nll_type type, enum nll_along along) {
    ptrdiff_t stride = along == NLL_ALONG_ROWS ? v->row_stride : v->col_stride;
    return is_compute(v->dtype, type) && stride == 1;
}

const void *nll_fetch(const nll_view *v, enum nll_type type, const nll_isa *isa, size_t row,
                      size_t col, enum nll_along along, size_t count, void *scratch) {
    if (v->dtype == NLL_NUMBER) {
        fill(type, v->value, count, scratch);
        return scratch;
    }
    const char *src = address(v->data, v->dtype, v->row_stride, v->col_stride, row, col);
    ptrdiff_t stride = along == NLL_ALONG_ROWS ? v->row_stride : v->col_stride;
    if (nll_in_place(v, type, along)) return src;
    if (type == NLL_TYPE_F32 && stride == 1 && nll_is_half(v->dtype))
        convert(isa, v->dtype == NLL_F16 ? NLL_K_from_f16 : NLL_K_from_bf16, src, scratch, count);
    else if (type == NLL_TYPE_F32)
        read_float(src, v->dtype, stride, count, scratch);
    else
        read_double(src, v->dtype, stride, count, scratch);
    return scratch;
}

void *nll_put_target(const nll_out *o, enum nll_type type, size_t row, size_t col,
                     enum nll_along along, void *scratch) {
    ptrdiff_t stride = along == NLL_ALONG_ROWS ? o->row_stride : o->col_stride;
    if (is_compute(o->dtype, type) && stride == 1)
        return (char *)o->data + ((ptrdiff_t)row * o->row_stride + (ptrdiff_t)col * o->col_stride) *
                                     (ptrdiff_t)nll_type_size(type);
    return scratch;
}

#define WRITE_LOOP(D, convert)                                                     \
    do {                                                                           \
        D *d = (D *)dst;                                                           \
        for (size_t i = 0; i < n; i++)                                             \
            d[(ptrdiff_t)i * stride] =                                             \
                (D)convert(type == NLL_TYPE_F32 ? (double)((const float *)from)[i] \
                                                : ((const double *)from)[i]);      \
    } while (0)

void nll_put(const nll_out *o, enum nll_type type, const nll_isa *isa, size_t row, size_t col,
             enum nll_along along, size_t n, const void *from) {
    char *dst =
        (char *)o->data + ((ptrdiff_t)row * o->row_stride + (ptrdiff_t)col * o->col_stride) *
                              (ptrdiff_t)nll_dtype_size(o->dtype);
    if (dst == from) return;
    ptrdiff_t stride = along == NLL_ALONG_ROWS ? o->row_stride : o->col_stride;
    if (type == NLL_TYPE_F32 && stride == 1 && nll_is_half(o->dtype)) {
        convert(isa, o->dtype == NLL_F16 ? NLL_K_to_f16 : NLL_K_to_bf16, from, dst, n);
        return;
    }
    switch ((int)o->dtype) {
    case NLL_F32: WRITE_LOOP(float, AS_IS); break;
    case NLL_F64: WRITE_LOOP(double, AS_IS); break;
    case NLL_F16: WRITE_LOOP(uint16_t, nll_to_f16); break;
    case NLL_BF16: WRITE_LOOP(uint16_t, nll_to_bf16); break;
    case NLL_I64: WRITE_LOOP(int64_t, AS_IS); break;
    default: break;
    }
}

double nll_get(const nll_view *v, size_t row, size_t col) {
    double x = v->value;
    if (v->dtype != NLL_NUMBER)
        read_double(address(v->data, v->dtype, v->row_stride, v->col_stride, row, col), v->dtype, 1,
                    1, &x);
    return x;
}

/* Rows that lie side by side in a loop of their own, which the compiler can vectorise. */
#define INDEX_LOOP(S, convert)                                            \
    do {                                                                  \
        const S *s = p;                                                   \
        for (size_t i = 0; i < count && v->row_stride == 1; i++)          \
            index[i] = (int64_t)convert(s[i]);                            \
        for (size_t i = 0; i < count && v->row_stride != 1; i++)          \
            index[i] = (int64_t)convert(s[(ptrdiff_t)i * v->row_stride]); \
    } while (0)

size_t nll_get_indices(const nll_view *v, size_t row, size_t count, int64_t *index) {
    const void *p = address(v->data, v->dtype, v->row_stride, 0, row, 0);
    switch ((int)v->dtype) {
    case NLL_I8: INDEX_LOOP(int8_t, AS_IS); break;
    case NLL_U8: INDEX_LOOP(uint8_t, AS_IS); break;
    case NLL_BOOL: INDEX_LOOP(uint8_t, AS_BOOL); break;
    case NLL_I16: INDEX_LOOP(int16_t, AS_IS); break;
    case NLL_U16: INDEX_LOOP(uint16_t, AS_IS); break;
    case NLL_I32: INDEX_LOOP(int32_t, AS_IS); break;
    case NLL_U32: INDEX_LOOP(uint32_t, AS_IS); break;
    case NLL_I64:
        if (v->row_stride == 1)
            memcpy(index, p, count * sizeof *index);
        else
            INDEX_LOOP(int64_t, AS_IS);
        break;
    case NLL_U64: {
        const uint64_t *s = p;
        for (size_t i = 0; i < count; i++) {
            uint64_t y = s[(ptrdiff_t)i * v->row_stride];
            if (y > INT64_MAX) return i;
            index[i] = (int64_t)y;
        }
        break;
    }
    default: return 0;
    }
    return count;
}
