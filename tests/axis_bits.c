/* axis_bits.c: the functions of rows.h give a row the same bits in every layout, in place, by any
 * executor, on every instruction set; narrower outputs are the wide ones rounded once. */
#include "axis.h"
#include "gen.h"
#include "rows.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { TYPES = 4, ROWS = 80 };

static struct criterion_test_params all(void) {
    static int index[AXIS_FUNCTIONS * TYPES];
    for (int i = 0; i < AXIS_FUNCTIONS * TYPES; i++) index[i] = i;
    return cr_make_param_array(int, index, AXIS_FUNCTIONS *TYPES);
}

struct problem {
    enum axis_function f;
    nll_dtype type;
    size_t cols, gc, yc;
    double *x, *g;
};

static struct problem make(int index, size_t cols, uint64_t *state) {
    struct problem p = {
        (enum axis_function)(index / TYPES), types[index % TYPES], cols, 0, 0, 0, 0};
    int64_t target[ROWS];
    p.gc = axis_g_cols(p.f, cols);
    p.yc = axis_y_cols(p.f, cols);
    p.x = new_doubles(ROWS * cols);
    p.g = new_doubles(ROWS * p.gc);
    make_rows(p.x, target, ROWS, cols, p.type, (int)cols, state);
    for (size_t i = 0; i < cols; i++) { /* rows 60 ..: special values */
        p.x[60 * cols + i] = gen_value(GEN_REAL, state);
        p.x[61 * cols + i] = -(double)INFINITY;
        p.x[62 * cols + i] = i % 7 ? 1.5 : (double)NAN;
        p.x[63 * cols + i] = i % 7 ? -(double)INFINITY : (double)INFINITY;
        p.x[64 * cols + i] = gen_value(GEN_FINITE, state);
    }
    for (size_t i = 0; i < ROWS * cols; i++) p.x[i] = round_to(p.type, p.x[i]);
    for (size_t i = 0; i < ROWS * p.gc; i++)
        p.g[i] = round_to(p.type, gen_value(i / p.gc % 9 ? GEN_NORMAL : GEN_REAL, state));
    return p;
}

/* The result in a layout and type. */
static struct axis_array result(const struct problem *p, enum axis_layout layout, nll_dtype type,
                                const nll_executor *executor) {
    struct axis_array x = axis_make(layout, p->type, ROWS, p->cols, p->x);
    struct axis_array g = axis_make(layout, p->type, ROWS, p->gc, p->g);
    struct axis_array y = axis_make(layout, type, ROWS, p->yc, NULL);
    ASSERT_OK(axis_call(p->f, x.in, g.in, y.out, executor));
    free(x.memory);
    free(g.memory);
    return y;
}

static void compare(const struct problem *p, const struct axis_array *got,
                    const struct axis_array *want, const char *what) {
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < p->yc; c++) {
            double w = round_to(got->in.dtype, axis_get(want, r, c));
            cr_assert(same_bits(axis_get(got, r, c), w),
                      "%s %s cols %zu, %s: row %zu class %zu: %a, not %a",
                      axis_function_names[p->f], nll_dtype_name(p->type), p->cols, what, r, c,
                      axis_get(got, r, c), w);
        }
}

static const size_t lengths[] = {1, 2, 10, 17, 64, 65, 257, 512, 513, 1000, 1025, 4100, 8200};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* Over functions and types every length has its turn. */
static int left_out(size_t length, int index) {
    size_t parts = gen_exhaustive() ? 1 : gen_quick() ? 3 : 2;
    return length % parts != (size_t)(index % TYPES + index / TYPES) % parts;
}

ParameterizedTestParameters(axis_bits, every_layout_alike) { return all(); }
ParameterizedTest(int *index, axis_bits, every_layout_alike) {
    uint64_t state = gen_state(6300 + (uint64_t)*index);
    for (size_t k = 0; k < LENGTHS; k++) {
        if (left_out(k, *index)) continue;
        struct problem p = make(*index, lengths[k], &state);
        nll_dtype compute = p.type == NLL_F64 ? NLL_F64 : NLL_F32;
        if (p.f == F_LOGSUMEXP) compute = NLL_F64; /* one number per row is made in double */
        struct axis_array want = result(&p, AXIS_LAST, compute, NULL);
        for (int layout = 0; layout < AXIS_LAYOUTS; layout++)
            for (size_t t = 0; t < TYPES; t++) {
                if (p.cols > 2000 && ((size_t)layout + t) % TYPES != k % TYPES) continue;
                struct axis_array got = result(&p, (enum axis_layout)layout, types[t], NULL);
                compare(&p, &got, &want, axis_names[layout]);
                free(got.memory);
            }
        free(want.memory);
        free(p.x);
        free(p.g);
    }
}

ParameterizedTestParameters(axis_bits, every_instruction_set) { return all(); }
ParameterizedTest(int *index, axis_bits, every_instruction_set) {
    uint64_t state = gen_state(6400 + (uint64_t)*index);
    for (size_t k = 0; k < LENGTHS; k += 3) {
        if (left_out(k / 3, *index)) continue;
        struct problem p = make(*index, lengths[k], &state);
        cr_assert_eq(nll_isa_select("scalar"), NLL_OK);
        struct axis_array want = result(&p, AXIS_LAST, p.type, NULL);
        for (size_t i = 0; i < nll_isa_count(); i++) {
            if (nll_isa_select(nll_isa_name(i)) != NLL_OK) continue;
            for (int layout = 0; layout < AXIS_LAYOUTS; layout++) {
                struct axis_array got = result(&p, (enum axis_layout)layout, p.type, NULL);
                compare(&p, &got, &want, nll_isa_name(i));
                free(got.memory);
            }
        }
        free(want.memory);
        free(p.x);
        free(p.g);
    }
}

/* The result over x, and where there is one per class over g. */
ParameterizedTestParameters(axis_bits, in_place) { return all(); }
ParameterizedTest(int *index, axis_bits, in_place) {
    uint64_t state = gen_state(6500 + (uint64_t)*index);
    for (size_t k = 0; k < LENGTHS; k++) {
        if (left_out(k, *index)) continue;
        struct problem p = make(*index, lengths[k], &state);
        for (int layout = 0; layout < AXIS_LAYOUTS && p.f != F_LOGSUMEXP; layout++) {
            enum axis_layout l = (enum axis_layout)layout;
            if (p.cols > 2000 && (size_t)layout % 3 != k % 3) continue;
            struct axis_array want = result(&p, AXIS_LAST, p.type, NULL);
            struct axis_array x = axis_make(l, p.type, ROWS, p.cols, p.x);
            struct axis_array g = axis_make(l, p.type, ROWS, p.gc, p.g);
            ASSERT_OK(axis_call(p.f, x.in, g.in, x.out, NULL));
            compare(&p, &x, &want, "over x");
            free(x.memory);
            x = axis_make(l, p.type, ROWS, p.cols, p.x);
            if (p.f == F_SOFTMAX_VJP || p.f == F_LOG_SOFTMAX_VJP) {
                ASSERT_OK(axis_call(p.f, x.in, g.in, g.out, NULL));
                compare(&p, &g, &want, "over g");
            }
            free(x.memory);
            free(g.memory);
            free(want.memory);
        }
        free(p.x);
        free(p.g);
    }
}

/* Tasks one by one from the last to the first, each on a thread of its own. */
struct one_task {
    nll_task task;
    void *arg;
    size_t i;
};
static void *run_one(void *user) {
    struct one_task *t = user;
    t->task(t->arg, t->i, t->i + 1);
    return NULL;
}
static void backwards(void *user, size_t n, nll_task task, void *arg) {
    (void)user;
    while (n-- > 0) {
        struct one_task one = {task, arg, n};
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, run_one, &one), 0);
        pthread_join(thread, NULL);
    }
}

ParameterizedTestParameters(axis_bits, any_executor) { return all(); }
ParameterizedTest(int *index, axis_bits, any_executor) {
    uint64_t state = gen_state(6600 + (uint64_t)*index);
    const nll_executor executor = {NULL, backwards};
    for (size_t k = 1; k < LENGTHS; k += 3) {
        struct problem p = make(*index, lengths[k], &state);
        for (int layout = 0; layout < AXIS_LAYOUTS; layout++) {
            struct axis_array want = result(&p, (enum axis_layout)layout, p.type, NULL);
            struct axis_array got = result(&p, (enum axis_layout)layout, p.type, &executor);
            compare(&p, &got, &want, "threads");
            free(got.memory);
            free(want.memory);
        }
        free(p.x);
        free(p.g);
    }
}
