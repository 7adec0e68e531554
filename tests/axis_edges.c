/* axis_edges.c: edges and errors of the functions of rows.h, by name. */
#include "axis.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INF ((double)INFINITY)

/* One row of up to 8 classes through a function, in both layouts; the result in y. */
static void one_row(enum axis_function f, nll_dtype type, size_t cols, const double *x,
                    const double *g, double *y) {
    double many[40 * 8];
    for (size_t i = 0; i < 40 * cols; i++) many[i] = x[i % cols];
    for (int beside = 0; beside < 2; beside++) {
        enum axis_layout layout = beside ? AXIS_FIRST : AXIS_LAST;
        size_t gc = axis_g_cols(f, cols), yc = axis_y_cols(f, cols);
        double up[40 * 8];
        for (size_t i = 0; i < 40 * gc; i++) up[i] = g ? g[i % gc] : 0;
        struct axis_array ax = axis_make(layout, type, 40, cols, many);
        struct axis_array ag = axis_make(layout, type, 40, gc, up);
        struct axis_array ay = axis_make(layout, NLL_F64, 40, yc, NULL);
        ASSERT_OK(axis_call(f, ax.in, ag.in, ay.out, NULL));
        for (size_t c = 0; c < yc; c++) {
            if (beside) cr_expect(same_bits(y[c], axis_get(&ay, 7, c)));
            y[c] = axis_get(&ay, 7, c);
        }
        free(ax.memory);
        free(ag.memory);
        free(ay.memory);
    }
}

Test(axis_edges, masked_classes) {
    const double x[4] = {1, -INF, 2, -INF}, g[4] = {1, 1, -1, 3};
    double y[4];
    FOR_TYPES(t) {
        one_row(F_SOFTMAX, *t, 4, x, NULL, y);
        EXPECT_IS(y[1], 0);
        EXPECT_NEAR(*t, y[0] + y[2], 1);
        one_row(F_LOG_SOFTMAX, *t, 4, x, NULL, y);
        EXPECT_IS(y[1], -INF);
        EXPECT_NEAR(*t, exp(y[0]) + exp(y[2]), 1);
        one_row(F_LOGSUMEXP_VJP, *t, 4, x, g, y);
        EXPECT_IS(y[3], 0);
        one_row(F_LOG_SOFTMAX_VJP, *t, 4, x, g, y);
        EXPECT_IS(y[3], 3); /* p = 0: g itself */
    }
}

/* pytorch 31829, 49724, jax 6811 */
Test(axis_edges, all_minus_inf) {
    const double x[3] = {-INF, -INF, -INF}, g[3] = {1, 2, 3};
    double y[3];
    FOR_TYPES(t) {
        one_row(F_LOGSUMEXP, *t, 3, x, NULL, y);
        EXPECT_IS(y[0], -INF);
        for (int f = F_SOFTMAX; f < AXIS_FUNCTIONS; f++) {
            if (f == F_SOFTMAX_VJP) continue;
            one_row((enum axis_function)f, *t, 3, x, g, y);
            for (int c = 0; c < 3; c++) EXPECT_NAN(y[c]);
        }
    }
}

/* pytorch 6864: strict, as in nll_categorical */
Test(axis_edges, one_plus_inf) {
    const double x[3] = {0, INF, 1}, g[3] = {1, 2, 3};
    double y[3];
    FOR_TYPES(t)
    for (int f = 0; f < AXIS_FUNCTIONS; f++) {
        if (f == F_SOFTMAX_VJP) continue;
        one_row((enum axis_function)f, *t, 3, x, g, y);
        for (size_t c = 0; c < axis_y_cols((enum axis_function)f, 3); c++) EXPECT_NAN(y[c]);
    }
}

Test(axis_edges, nan_stays_in_its_row) {
    double x[80 * 3];
    for (int i = 0; i < 240; i++) x[i] = i % 3;
    x[33 * 3 + 1] = (double)NAN;
    for (int layout = 0; layout < AXIS_LAYOUTS; layout++) {
        struct axis_array a = axis_make((enum axis_layout)layout, NLL_F32, 80, 3, x);
        ASSERT_OK(nll_log_softmax(a.in, a.out, NULL));
        for (size_t r = 0; r < 80; r++)
            for (size_t c = 0; c < 3; c++) cr_expect_eq(isnan(axis_get(&a, r, c)) != 0, r == 33);
        free(a.memory);
    }
}

Test(axis_edges, huge_logits) {
    const double x[3] = {3e38, 3e38, -3e38}, far[2] = {-20000, -20000.6931471805599453};
    double y[3];
    FOR_TYPES(t) {
        one_row(F_SOFTMAX, *t, 3, x, NULL, y);
        EXPECT_NEAR(*t, y[0], 0.5);
        EXPECT_IS(y[2], 0);
        one_row(F_LOG_SOFTMAX, *t, 3, x, NULL, y);
        EXPECT_NEAR(*t, y[1], -0.69314718055994531);
        one_row(F_LOGSUMEXP, *t, 2, far, NULL, y);
        cr_expect_float_eq(y[0], -19999.594534891892, 1e-2);
    }
}

/* log(1 - 1e-30) has all its digits: x - log-sum-exp has none. */
Test(axis_edges, certain_class) {
    const double x[3] = {70, 0, -1};
    double y[3];
    FOR_TYPES(t) {
        one_row(F_LOG_SOFTMAX, *t, 3, x, NULL, y);
        EXPECT_NEAR(*t, y[0], -(exp(-70) + exp(-71)));
        EXPECT_NEAR(*t, y[1], -70);
    }
}

Test(axis_edges, one_class_and_equal_classes) {
    const double x[8] = {-5, -5, -5, -5, -5, -5, -5, -5}, g[8] = {2, 0, 0, 0, 0, 0, 0, 0};
    double y[8];
    FOR_TYPES(t) {
        one_row(F_SOFTMAX, *t, 1, x, NULL, y);
        EXPECT_IS(y[0], 1);
        one_row(F_LOG_SOFTMAX, *t, 1, x, NULL, y);
        EXPECT_IS(y[0], 0);
        one_row(F_LOGSUMEXP, *t, 1, x, NULL, y);
        EXPECT_NEAR(*t, y[0], -5);
        one_row(F_SOFTMAX, *t, 8, x, NULL, y);
        for (int c = 0; c < 8; c++) EXPECT_NEAR(*t, y[c], 0.125);
        one_row(F_LOG_SOFTMAX_VJP, *t, 8, x, g, y);
        EXPECT_NEAR(*t, y[0], 1.75);
        EXPECT_NEAR(*t, y[5], -0.25);
    }
}

Test(axis_edges, gradients_that_are_not_finite) {
    const double x[3] = {0, 1, 2}, g[3] = {INF, 0, 0}, p[3] = {0.5, 0.25, 0.25};
    double y[3];
    FOR_TYPES(t)
    for (int f = F_LOGSUMEXP_VJP; f < AXIS_FUNCTIONS; f++) {
        one_row((enum axis_function)f, *t, 3, f == F_SOFTMAX_VJP ? p : x, g, y);
        for (int c = 0; c < 3; c++) EXPECT_NAN(y[c]);
    }
}

/* An input may repeat: a stride of 0. */
Test(axis_edges, broadcast_input) {
    const float x[3] = {0, 1, 2}, one = 1;
    float y[3 * 20], want[3];
    const size_t shape[2] = {1, 3}, many[2] = {20, 3};
    ASSERT_OK(nll_softmax(nll_rows_in(x, NLL_F32, shape, 2, 1),
                          nll_rows_to(want, NLL_F32, shape, 2, 1), NULL));
    nll_rows in = nll_rows_in(x, NLL_F32, many, 2, 1);
    in.outer_stride = 0;
    ASSERT_OK(nll_softmax(in, nll_rows_to(y, NLL_F32, many, 2, 1), NULL));
    for (int r = 0; r < 20; r++) cr_expect(memcmp(y + 3 * r, want, sizeof want) == 0);
    nll_rows g = {&one, NLL_F32, 20, 3, 1, 0, 0, 0};
    ASSERT_OK(nll_log_softmax_vjp(in, g, nll_rows_to(y, NLL_F32, many, 2, 1), NULL));
    cr_expect_float_eq(y[2], 1 - 3 * want[2], 1e-6);
}

/* ---- shapes and errors */

static float data[512], other[512];

static nll_rows_out target(void *to, size_t outer, size_t classes, size_t inner) {
    return (nll_rows_out){
        to, NLL_F32, outer, classes, inner, (ptrdiff_t)(classes * inner), (ptrdiff_t)inner, 1};
}
static nll_rows source(const void *from, size_t outer, size_t classes, size_t inner) {
    return (nll_rows){
        from, NLL_F32, outer, classes, inner, (ptrdiff_t)(classes * inner), (ptrdiff_t)inner, 1};
}

Test(axis_errors, axes_of_an_array) {
    const size_t shape[4] = {2, 3, 5, 7}, empty[2] = {0, 4}, vast[3] = {SIZE_MAX / 2, 9, 9};
    nll_rows v = nll_rows_in(data, NLL_F32, shape, 4, 1);
    cr_expect(v.outer == 2 && v.classes == 3 && v.inner == 35 && v.outer_stride == 105 &&
              v.class_stride == 35 && v.inner_stride == 1);
    v = nll_rows_in(data, NLL_F32, shape, 4, -1);
    cr_expect(v.outer == 30 && v.classes == 7 && v.inner == 1 && v.class_stride == 1);
    v = nll_rows_in(data, NLL_F32, shape, 4, 0);
    cr_expect(v.outer == 1 && v.classes == 2 && v.inner == 105);
    nll_rows_out y = target(other, 1, 1, 1);
    for (int axis = 4; axis >= -5; axis -= 9)
        EXPECT_STATUS(NLL_E_NULL, nll_softmax(nll_rows_in(data, NLL_F32, shape, 4, axis), y, NULL));
    EXPECT_STATUS(NLL_E_OVERFLOW, nll_softmax(nll_rows_in(data, NLL_F32, vast, 3, 1),
                                              nll_rows_to(other, NLL_F32, vast, 3, 1), NULL));
    EXPECT_STATUS(NLL_OK, nll_softmax(nll_rows_in(NULL, NLL_F32, empty, 2, 1),
                                      nll_rows_to(NULL, NLL_F32, empty, 2, 1), NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_softmax(nll_rows_in(NULL, NLL_F32, empty, 2, 0),
                                           nll_rows_to(NULL, NLL_F32, empty, 2, 0), NULL));
}

Test(axis_errors, arguments) {
    nll_rows x = source(data, 4, 3, 2), bad = x, none = {0};
    nll_rows_out y = target(other, 4, 3, 2), wrong = y, row = target(other, 4, 1, 2);
    const nll_executor executor = {NULL, NULL};
    EXPECT_STATUS(NLL_OK, nll_softmax(x, y, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_softmax(none, y, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_softmax(x, (nll_rows_out){0}, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_softmax_vjp(x, none, y, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_softmax(x, y, &executor));
    bad.data = NULL;
    EXPECT_STATUS(NLL_E_NULL, nll_softmax(bad, y, NULL));
    bad = x;
    bad.dtype = NLL_I32;
    EXPECT_STATUS(NLL_E_DTYPE, nll_softmax(bad, y, NULL));
    bad.dtype = (nll_dtype)77;
    EXPECT_STATUS(NLL_E_DTYPE, nll_softmax(bad, y, NULL));
    wrong.dtype = NLL_I8;
    EXPECT_STATUS(NLL_E_DTYPE, nll_softmax(x, wrong, NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_softmax(x, target(other, 4, 2, 2), NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_softmax(x, target(other, 2, 3, 4), NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_logsumexp(x, y, NULL));
    EXPECT_STATUS(NLL_OK, nll_logsumexp(x, row, NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_logsumexp_vjp(x, x, y, NULL));
    EXPECT_STATUS(NLL_E_SHAPE, nll_softmax(source(data, 4, 0, 2), target(other, 4, 0, 2), NULL));
    wrong = y;
    wrong.outer = SIZE_MAX;
    bad = x;
    bad.outer = SIZE_MAX;
    EXPECT_STATUS(NLL_E_OVERFLOW, nll_softmax(bad, wrong, NULL));
    bad = x;
    bad.class_stride = PTRDIFF_MAX;
    EXPECT_STATUS(NLL_E_OVERFLOW, nll_softmax(bad, y, NULL));
}

/* Two elements of an output in one place. */
Test(axis_errors, strides_of_outputs) {
    nll_rows x = source(data, 4, 3, 2);
    const ptrdiff_t strides[][4] = {/* outer, class, inner, good */
                                    {0, 2, 1, 0},  {6, 0, 1, 0},  {6, 2, 0, 0},   {5, 2, 1, 0},
                                    {6, 1, 1, 0},  {6, 1, 3, 1},  {2, 8, 1, 1},   {-6, -2, -1, 1},
                                    {1, 4, 12, 1}, {1, 4, 11, 0}, {100, 10, 7, 1}};
    for (size_t k = 0; k < sizeof strides / sizeof *strides; k++) {
        nll_rows_out y = {other + 256,   NLL_F32,      4, 3, 2, strides[k][0],
                          strides[k][1], strides[k][2]};
        if (k == 10) y.data = other;
        nll_status got = nll_softmax(x, y, NULL);
        cr_expect_eq(got, strides[k][3] ? NLL_OK : NLL_E_STRIDE, "strides %zu: %s", k,
                     nll_status_string(got));
    }
}

Test(axis_errors, overlaps) {
    nll_rows x = source(data, 4, 3, 2), g = source(data + 64, 4, 3, 2);
    nll_rows_out y = target(data, 4, 3, 2);
    EXPECT_STATUS(NLL_OK, nll_softmax(x, y, NULL));
    EXPECT_STATUS(NLL_OK, nll_softmax_vjp(x, g, y, NULL));
    EXPECT_STATUS(NLL_OK, nll_softmax_vjp(x, x, y, NULL));
    EXPECT_STATUS(NLL_E_ALIAS, nll_softmax(x, target(data + 1, 4, 3, 2), NULL));
    EXPECT_STATUS(NLL_E_ALIAS, nll_softmax_vjp(g, x, target(data + 23, 4, 3, 2), NULL));
    EXPECT_STATUS(NLL_OK, nll_softmax(x, target(data + 24, 4, 3, 2), NULL));
    y.outer_stride = 7;
    EXPECT_STATUS(NLL_E_ALIAS, nll_softmax(x, y, NULL));
    y = target(data, 4, 3, 2);
    y.dtype = NLL_F16;
    EXPECT_STATUS(NLL_E_ALIAS, nll_softmax(x, y, NULL));
    EXPECT_STATUS(NLL_E_ALIAS, nll_logsumexp(x, target(data + 3, 4, 1, 2), NULL));
    EXPECT_STATUS(NLL_E_ALIAS,
                  nll_logsumexp_vjp(x, source(data, 4, 1, 2), target(data, 4, 3, 2), NULL));
}

Test(axis_errors, nothing_is_written) {
    memset(other, 0x5a, sizeof other);
    nll_rows x = source(data, 4, 3, 2), bad = x;
    bad.dtype = NLL_U8;
    for (int f = 0; f < AXIS_FUNCTIONS; f++)
        cr_expect(axis_call((enum axis_function)f, bad, bad, target(other, 4, 3, 2), NULL) !=
                  NLL_OK);
    for (size_t i = 0; i < sizeof other; i++) cr_assert_eq(((unsigned char *)other)[i], 0x5a);
}
