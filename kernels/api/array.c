/* array.c: making views and outputs, and what is known of element types. */
#include "nll/nll.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [NLL_ABSENT] = {"none", 0}, [NLL_F32] = {"f32", 4},   [NLL_F64] = {"f64", 8},
    [NLL_F16] = {"f16", 2},     [NLL_BF16] = {"bf16", 2}, [NLL_I8] = {"i8", 1},
    [NLL_U8] = {"u8", 1},       [NLL_I16] = {"i16", 2},   [NLL_U16] = {"u16", 2},
    [NLL_I32] = {"i32", 4},     [NLL_U32] = {"u32", 4},   [NLL_I64] = {"i64", 8},
    [NLL_U64] = {"u64", 8},     [NLL_BOOL] = {"bool", 1}, [NLL_NUMBER] = {"number", 0},
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

size_t nll_dtype_size(nll_dtype dtype) { return (unsigned)dtype < DTYPES ? dtypes[dtype].size : 0; }

const char *nll_dtype_name(nll_dtype dtype) {
    return (unsigned)dtype < DTYPES ? dtypes[dtype].name : "?";
}

nll_view nll_view_2d(const void *data, nll_dtype dtype, size_t rows, size_t cols) {
    return (nll_view){.data = data,
                      .dtype = dtype,
                      .rows = rows,
                      .cols = cols,
                      .row_stride = (ptrdiff_t)cols,
                      .col_stride = 1};
}

nll_view nll_view_1d(const void *data, nll_dtype dtype, size_t rows) {
    return nll_view_2d(data, dtype, rows, 1);
}

nll_view nll_number(double value) { return (nll_view){.dtype = NLL_NUMBER, .value = value}; }

nll_out nll_out_2d(void *data, nll_dtype dtype, size_t rows, size_t cols) {
    return (nll_out){.data = data,
                     .dtype = dtype,
                     .rows = rows,
                     .cols = cols,
                     .row_stride = (ptrdiff_t)cols,
                     .col_stride = 1};
}

nll_out nll_out_1d(void *data, nll_dtype dtype, size_t rows) {
    return nll_out_2d(data, dtype, rows, 1);
}
