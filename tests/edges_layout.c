/* edges_layout.c: strides of all kinds, Fortran order, broadcast, types: the same bits as the plain
 * contiguous array. */
#include "gen.h"
#include "problem.h"
#include "small.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4 };

static struct criterion_test_params indices(int n) {
    static int index[256];
    for (int i = 0; i < n; i++) index[i] = i;
    return cr_make_param_array(int, index, (size_t)n);
}

/* Layouts of a rows x cols array: strides as a function of the shape, and where (0, 0) lies. */
struct layout {
    const char *name;
    ptrdiff_t row, col, first;
    size_t size;
};
enum { LAYOUTS = 7 };
static struct layout layout(int k, size_t rows, size_t cols) {
    ptrdiff_t r = (ptrdiff_t)rows, c = (ptrdiff_t)cols;
    switch (k) {
    case 0: return (struct layout){"padded rows", c + 5, 1, 0, rows * (cols + 5)};
    case 1: return (struct layout){"Fortran order", 1, r, 0, rows * cols};
    case 2: return (struct layout){"every third", 3 * c, 3, 0, 3 * rows * cols};
    case 3: return (struct layout){"rows upside down", -c, 1, (r - 1) * c, rows * cols};
    case 4: return (struct layout){"columns backwards", c, -1, c - 1, rows * cols};
    case 5: return (struct layout){"all backwards", -c, -1, r * c - 1, rows * cols};
    default: return (struct layout){"Fortran backwards", -1, -r, r * c - 1, rows * cols};
    }
}

/* The elements of v laid out anew. */
static nll_view relaid(const nll_view *v, const struct layout *l, void **data) {
    char *p = new_array(v->dtype, l->size);
    size_t size = nll_dtype_size(v->dtype);
    *data = p;
    p += l->first * (ptrdiff_t)size;
    for (size_t i = 0; i < v->rows; i++)
        for (size_t j = 0; j < v->cols; j++) {
            ptrdiff_t to = (ptrdiff_t)i * l->row + (ptrdiff_t)j * l->col;
            ptrdiff_t from = (ptrdiff_t)i * v->row_stride + (ptrdiff_t)j * v->col_stride;
            memcpy(p + to * (ptrdiff_t)size, (const char *)v->data + from * (ptrdiff_t)size, size);
        }
    return (nll_view){p, v->dtype, v->rows, v->cols, l->row, l->col, 0};
}

/* A categorical problem in a layout: all outputs as from contiguous rows, and the gradient over its
 * input too. */
static void check_categorical(const struct layout *l, nll_dtype type, int which, size_t rows,
                              size_t cols) {
    struct problem p;
    nll_categorical_args a = categorical_problem(&p, which, type, rows, cols);
    struct snapshot plain = snap_categorical(&a, NLL_F64, type, SNAP_ALL);
    cr_assert_eq(plain.status, NLL_OK, "%s", nll_status_string(plain.status));
    nll_view *x = !is_absent(&a.logits)      ? &a.logits
                  : !is_absent(&a.log_probs) ? &a.log_probs
                                             : &a.probs;
    void *data, *soft = NULL;
    *x = relaid(x, l, &data);
    if (!is_absent(&a.target_probs)) a.target_probs = relaid(&a.target_probs, l, &soft);
    struct snapshot strided = snap_categorical(&a, NLL_F64, type, SNAP_ALL);
    char label[80];
    snprintf(label, sizeof label, "%s, %zu rows of %zu, problem %d", l->name, rows, cols, which);
    snap_compare(&strided, &plain, label);
    a.grad = (nll_out){(void *)(uintptr_t)x->data, type, rows, cols, l->row, l->col};
    ASSERT_OK(nll_categorical(&a, NULL));
    size_t wrong = 0, size = nll_dtype_size(type);
    for (size_t i = 0; i < rows * cols; i++) {
        ptrdiff_t at = (ptrdiff_t)(i / cols) * l->row + (ptrdiff_t)(i % cols) * l->col;
        wrong += memcmp((const char *)x->data + at * (ptrdiff_t)size,
                        (char *)plain.data[1] + i * size, size) != 0;
    }
    cr_expect(wrong == 0, "%s: %zu numbers of the gradient in place differ", label, wrong);
    snap_free(&plain);
    snap_free(&strided);
    free(data);
    free(soft);
    problem_free(&p);
}

ParameterizedTestParameters(edges_layout, categorical) { return indices(TYPES * LAYOUTS); }
ParameterizedTest(int *index, edges_layout, categorical) {
    for (int which = 0; which < CATEGORICAL_PROBLEMS; which++) {
        size_t rows = 21, cols = which % 2 ? 133 : 600;
        struct layout l = layout(*index / TYPES, rows, cols);
        check_categorical(&l, types[*index % TYPES], which, rows, cols);
    }
}

/* Rows side by side go through tiles: of few rows and many, of more classes than the stack has room
 * for, in one task and in several, the classes a power of two apart. */
ParameterizedTestParameters(edges_layout, side_by_side) { return indices(TYPES * 6); }
ParameterizedTest(int *index, edges_layout, side_by_side) {
    static const size_t shapes[6][3] = {{1, 300, 1},     {3, 1000, 3},   {17, 1000, 32},
                                        {130, 600, 256}, {600, 70, 600}, {70, 5000, 70}};
    const size_t *shape = shapes[*index / TYPES];
    struct layout l = {"side by side", 1, (ptrdiff_t)shape[2], 0, shape[2] * shape[1]};
    for (int which = *index % 2; which < CATEGORICAL_PROBLEMS; which += gen_quick() ? 4 : 2)
        check_categorical(&l, types[*index % TYPES], which, shape[0], shape[1]);
}

/* What lies between strided elements is not touched. */
Test(edges_layout, gaps_are_not_written) {
    enum { ROWS = 9, COLS = 37, PAD = 11 };
    for (int t = 0; t < TYPES; t++) {
        float x[ROWS * COLS] = {0};
        int8_t y[ROWS] = {0};
        unsigned char *grad = new_array(types[t], ROWS * (2 * COLS + PAD));
        size_t size = nll_dtype_size(types[t]);
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(x, NLL_F32, ROWS, COLS),
                                  .target = nll_view_1d(y, NLL_I8, ROWS),
                                  .grad = {grad, types[t], ROWS, COLS, 2 * COLS + PAD, 2}};
        ASSERT_OK(nll_categorical(&a, NULL));
        for (size_t i = 0; i < ROWS * (2 * COLS + PAD); i++) {
            size_t j = i % (2 * COLS + PAD);
            int written = j < 2 * COLS && j % 2 == 0;
            for (size_t b = 0; b < size && !written; b++)
                cr_assert_eq(grad[i * size + b], 0xA5, "%s: byte of gap %zu",
                             nll_dtype_name(types[t]), i);
        }
        free(grad);
    }
}

/* Stride 0 repeats: one row of logits, one column, one distribution for all rows. */
Test(edges_layout, broadcast_inputs) {
    enum { ROWS = 40, COLS = 50 };
    for (int t = 0; t < TYPES; t++) {
        uint64_t state = gen_state(3200);
        double x[ROWS * COLS], q[ROWS * COLS];
        for (int j = 0; j < COLS; j++) {
            x[j] = gen_value(GEN_NORMAL, &state);
            q[j] = ldexp(1, -(j % 9) - 3);
        }
        for (int i = COLS; i < ROWS * COLS; i++) x[i] = x[i % COLS], q[i] = q[i % COLS];
        void *full = to_array(types[t], ROWS * COLS, x), *soft = to_array(types[t], ROWS * COLS, q);
        nll_categorical_args a = {.struct_size = sizeof a,
                                  .logits = nll_view_2d(full, types[t], ROWS, COLS),
                                  .target_probs = nll_view_2d(soft, types[t], ROWS, COLS)};
        struct snapshot plain = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
        a.logits.row_stride = 0;
        a.target_probs.row_stride = 0;
        struct snapshot one = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
        snap_compare(&one, &plain, "one row for all");
        snap_free(&one);
        a.logits.col_stride = 0; /* all classes alike */
        struct snapshot flat = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_NLL);
        double total = 0;
        for (int j = 0; j < COLS; j++) total += q[j];
        EXPECT_NEAR(NLL_F32, ((double *)flat.data[0])[3], total * log(COLS));
        snap_free(&flat);
        snap_free(&plain);
        free(full);
        free(soft);
    }
}

/* A number, an array of that number, and stride 0 are the same thing. */
ParameterizedTestParameters(edges_layout, numbers_and_arrays) { return indices(TYPES); }
ParameterizedTest(int *index, edges_layout, numbers_and_arrays) {
    enum { N = 777 };
    nll_dtype type = types[*index];
    uint64_t state = gen_state(3300);
    double x[N], y[N], same[N];
    for (int i = 0; i < N; i++) {
        x[i] = gen_value(GEN_NORMAL, &state);
        y[i] = gen_value(GEN_UNIT, &state);
        same[i] = 1.5;
    }
    void *ax = to_array(type, N, x), *ay = to_array(type, N, y), *as = to_array(type, N, same);
    nll_view forms[3] = {nll_view_1d(as, type, N), nll_number(1.5), nll_view_1d(as, type, N)};
    forms[2].row_stride = 0;
    struct snapshot b[3], g[3], l[3];
    for (int k = 0; k < 3; k++) {
        nll_bernoulli_args ba = {.struct_size = sizeof ba,
                                 .rows = N,
                                 .logits = nll_view_1d(ax, type, N),
                                 .target = nll_view_1d(ay, type, N),
                                 .pos_weight = forms[k],
                                 .common = {.grad_output = forms[k], .sample_weight = forms[0]}};
        nll_gaussian_args ga = {.struct_size = sizeof ga,
                                .rows = N,
                                .loc = nll_view_1d(ax, type, N),
                                .target = nll_view_1d(ay, type, N),
                                .scale = forms[k]};
        nll_gaussian_args la = {.struct_size = sizeof la,
                                .rows = N,
                                .loc = forms[k],
                                .target = nll_view_1d(ay, type, N),
                                .log_var = forms[k]};
        b[k] = snap_bernoulli(&ba, NLL_F64, NLL_F32, SNAP_ALL);
        g[k] = snap_gaussian(&ga, NLL_F64, NLL_F32, SNAP_ALL);
        la.target = nll_view_1d(ax, type, N);
        l[k] = snap_gaussian(&la, NLL_F64, NLL_F32, SNAP_ALL);
        snap_compare(&b[k], &b[0], "bernoulli");
        snap_compare(&g[k], &g[0], "gaussian scale");
        snap_compare(&l[k], &l[0], "gaussian log_var");
        cr_expect_eq(b[k].status, NLL_OK);
        cr_expect_eq(g[k].status, NLL_OK);
        cr_expect_eq(l[k].status, NLL_OK);
    }
    for (int k = 0; k < 3; k++) {
        snap_free(&b[k]);
        snap_free(&g[k]);
        snap_free(&l[k]);
    }
    free(ax);
    free(ay);
    free(as);
}

/* Bernoulli targets of every type: the same 0 and 1. */
Test(edges_layout, bernoulli_targets_of_every_type) {
    enum { N = 300 };
    uint64_t state = gen_state(3400);
    float x[N];
    double y[N];
    gen_fill_f32(x, N, GEN_REAL, &state);
    for (int i = 0; i < N; i++) y[i] = (double)(gen_bits(&state) & 1);
    struct snapshot ref = {0};
    for (int t = NLL_F32; t <= NLL_BOOL; t++) {
        void *ay = to_array((nll_dtype)t, N, y);
        nll_bernoulli_args a = {.struct_size = sizeof a,
                                .rows = N,
                                .logits = nll_view_1d(x, NLL_F32, N),
                                .target = nll_view_1d(ay, (nll_dtype)t, N)};
        struct snapshot s = snap_bernoulli(&a, NLL_F64, NLL_F32, SNAP_ALL);
        cr_expect_eq(s.status, NLL_OK, "%s: %s", nll_dtype_name((nll_dtype)t),
                     nll_status_string(s.status));
        if (t == NLL_F32)
            ref = s;
        else if (t != NLL_F64)
            snap_compare(&s, &ref, nll_dtype_name((nll_dtype)t));
        else
            cr_expect(same_bits(s.r.weight_sum, ref.r.weight_sum));
        if (t != NLL_F32) snap_free(&s);
        free(ay);
    }
    snap_free(&ref);
}

/* Functions: strides, in place, and mixed types. */
Test(edges_layout, functions_take_strides_and_work_in_place) {
    enum { N = 1000 };
    uint64_t state = gen_state(3500);
    static float x[N], y[N], spread[3 * N], back[N], narrow[2 * N];
    gen_fill_f32(x, N, GEN_REAL, &state);
    memset(spread, 0xA5, sizeof spread);
    ASSERT_OK(nll_vexp(N, nll_view_1d(x, NLL_F32, N), nll_out_1d(y, NLL_F32, N)));
    nll_out out = {spread + 3 * (N - 1), NLL_F32, N, 1, -3, 1};
    ASSERT_OK(nll_vexp(N, nll_view_1d(x, NLL_F32, N), out));
    for (int i = 0; i < N; i++) {
        cr_assert_eq(memcmp(&spread[3 * (N - 1 - i)], &y[i], 4), 0);
        back[i] = x[N - 1 - i];
    }
    nll_view in = {back + N - 1, NLL_F32, N, 1, -1, 1, 0};
    ASSERT_OK(nll_vexp(N, in, nll_out_1d(narrow, NLL_F64, N)));
    for (int i = 0; i < N; i++) cr_assert(same_bits(elem_get(narrow, NLL_F64, i), y[i]));
    ASSERT_OK(nll_vexp(N, nll_view_1d(x, NLL_F32, N), nll_out_1d(x, NLL_F32, N)));
    cr_expect_eq(memcmp(x, y, sizeof x), 0);
    ASSERT_OK(nll_vexp(0, nll_view_1d(NULL, NLL_F32, 0), nll_out_1d(NULL, NLL_F32, 0)));
}

/* Plain arrays go several blocks of 512 at a time, others one by one: losses, gradients and sums
 * are the same, around the ends of blocks, and a number that is not finite is counted once. */
Test(edges_layout, blocks_together_and_one_by_one) {
    enum { N = 2600, APART = 2, INPUTS = 3 };
    static const size_t sizes[] = {1, 511, 512, 513, 1023, 1024, 1025, 1536, 2047, 2049, N};
    static float x[INPUTS][N], apart[INPUTS][N * APART], out[2][2][N];
    uint64_t state = gen_seed();
    for (size_t k = 0; k < INPUTS; k++)
        for (size_t i = 0; i < N; i++) {
            double v = gen_value(GEN_NORMAL, &state);
            x[k][i] = apart[k][i * APART] = (float)(k == 1 ? 0.1 + v * v : v);
        }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        nll_result r[2];
        float kept = x[2][n - 1];
        x[2][n - 1] = apart[2][(n - 1) * APART] = s % 2 ? INFINITY : kept;
        for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
            nll_view v[INPUTS];
            for (size_t k = 0; k < INPUTS; k++)
                v[k] = one_by_one ? (nll_view){apart[k], NLL_F32, n, 1, APART, 1, 0}
                                  : nll_view_1d(x[k], NLL_F32, n);
            r[one_by_one] = (nll_result){.struct_size = sizeof *r};
            nll_gaussian_args a = {.struct_size = sizeof a,
                                   .rows = n,
                                   .loc = v[0],
                                   .var = v[1],
                                   .target = v[2],
                                   .nll = nll_out_1d(out[one_by_one][0], NLL_F32, n),
                                   .grad_loc = nll_out_1d(out[one_by_one][1], NLL_F32, n),
                                   .common.reduction = NLL_SUM};
            cr_assert_eq(nll_gaussian(&a, &r[one_by_one]), NLL_OK);
        }
        x[2][n - 1] = apart[2][(n - 1) * APART] = kept;
        for (size_t k = 0; k < 2; k++)
            cr_expect(memcmp(out[0][k], out[1][k], n * sizeof(float)) == 0, "%zu: output %zu", n,
                      k);
        cr_expect(memcmp(&r[0].sum, &r[1].sum, sizeof r[0].sum) == 0, "%zu: %a, not %a", n,
                  r[0].sum, r[1].sum);
        cr_expect_eq(r[0].nonfinite, s % 2);
        cr_expect_eq(r[1].nonfinite, s % 2);
    }
}
