/* axis.c: the functions of nll/rows.h with the classes on the last axis, the first, in the middle.
 *
 *   FUNCTION/TYPE/ISA/last|first|middle/OUTERxCLASSESxINNER
 * Compulsory bytes and roof as for the models.  first and middle are also compared with the same
 * rows with the classes on the last axis, timed just before: counter share_of_last_axis. */
#include "bench.h"

#include "../tools/error.h"
#include "gbench.h"

#include <stdlib.h>
#include <string.h>

enum function { LOGSUMEXP, SOFTMAX, LOG_SOFTMAX, SOFTMAX_VJP, LOG_SOFTMAX_VJP, FUNCTIONS };
static const char *const names[] = {"logsumexp", "softmax", "log-softmax", "softmax-vjp",
                                    "log-softmax-vjp"};

typedef struct axis_case {
    const char *name;
    enum function f;
    nll_dtype dtype;
    const char *isa;
    size_t shape[3]; /* outer, classes, inner */
    double bytes, read, written;
    int threads;
    const char *digest;
} axis_case;

const char *axis_name(size_t i) { return i < FUNCTIONS ? names[i] : NULL; }

static size_t elements(const axis_case *c) { return c->shape[0] * c->shape[1] * c->shape[2]; }

static nll_status call(const axis_case *c, const size_t shape[3], void *to, int threads) {
    enum nll_type type = c->dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32;
    enum data_kind kind = c->dtype == NLL_BF16 ? DATA_BF16 : DATA_REAL;
    const size_t one[3] = {shape[0], c->f == LOGSUMEXP ? 1 : shape[1], shape[2]};
    nll_rows x = nll_rows_in(data_in(0, kind, type, elements(c)), c->dtype, shape, 3, 1), g = x;
    nll_rows_out y = nll_rows_to(to, c->dtype, one, 3, 1);
    if (c->f >= SOFTMAX_VJP) g.data = data_in(1, kind, type, elements(c));
    const nll_executor *e = bench_executor(threads);
    switch (c->f) {
    case LOGSUMEXP: return nll_logsumexp(x, y, e);
    case SOFTMAX: return nll_softmax(x, y, e);
    case LOG_SOFTMAX: return nll_log_softmax(x, y, e);
    case SOFTMAX_VJP: return nll_softmax_vjp(x, g, y, e);
    default: return nll_log_softmax_vjp(x, g, y, e);
    }
}

static void need(const axis_case *c, nll_status status) {
    if (status != NLL_OK) bench_fail(EX_SOFTWARE, c->name, nll_status_string(status));
}

static size_t out_bytes(const axis_case *c) {
    size_t classes = c->f == LOGSUMEXP ? 1 : c->shape[1];
    return c->shape[0] * classes * c->shape[2] * nll_dtype_size(c->dtype);
}

/* A few of the outer rows, or of the inner ones where there is one outer, on the scalar path. */
static void check(axis_case *c) {
    axis_case few = *c;
    for (int d = 0; d < 3; d += 2)
        while (elements(&few) > bench.check && few.shape[d] > 1) few.shape[d] /= 2;
    void *got = data_out(0, out_bytes(c)), *want = data_reference(0, out_bytes(&few));
    need(c, nll_isa_select(c->isa));
    need(c, call(&few, few.shape, got, c->threads));
    need(c, nll_isa_select("scalar"));
    need(c, call(&few, few.shape, want, 1));
    compare_begin();
    compare(c->name, "result", got, want, out_bytes(&few));
    c->digest = compare_end();
}

/* Bytes per second with the classes on the last axis: the best of three. */
static double contiguous(void *ctx) {
    const axis_case *c = ctx;
    const size_t last[3] = {c->shape[0] * c->shape[2], c->shape[1], 1};
    void *to = data_out(0, out_bytes(c));
    double best = 0;
    for (int i = 0; i < 4; i++) { /* the first one warms up */
        double begin = gb_seconds(c->threads), calls = 0, seconds = 0;
        while (seconds < 1e-3) {
            need(c, call(c, last, to, c->threads));
            calls++;
            seconds = gb_seconds(c->threads) - begin;
        }
        if (i > 0 && calls * c->bytes / seconds > best) best = calls * c->bytes / seconds;
    }
    return best;
}

static double begin(void *ctx) {
    axis_case *c = ctx;
    if (!c->digest) check(c);
    need(c, nll_isa_select(c->isa));
    return roof_of(c->read, c->written, 0, c->threads);
}

static void run(void *ctx) {
    const axis_case *c = ctx;
    need(c, call(c, c->shape, data_out(0, out_bytes(c)), c->threads));
}

/* In units in the last place: nll/rows.h states roundoffs u, half a unit each. */
static double bound(enum function f, nll_dtype dtype) {
    static const double roundoffs[FUNCTIONS][NLL_TYPES] = {
        {34, 40}, {38, 44}, {35, 42}, {4, 40}, {40, 46}};
    return roundoffs[f][dtype == NLL_F64] / 2;
}

static void add(enum function f, nll_dtype dtype, const nll_isa *isa, const size_t shape[3],
                int threads) {
    axis_case *c = malloc(sizeof *c);
    if (!c) bench_no_memory();
    *c = (axis_case){.f = f, .dtype = dtype, .isa = isa->name, .threads = threads};
    memcpy(c->shape, shape, sizeof c->shape);
    double size = (double)(elements(c) * nll_dtype_size(dtype));
    c->read = f >= SOFTMAX_VJP ? 2 * size : size;
    c->written = (double)out_bytes(c);
    c->bytes = c->read + c->written;
    c->name = bench_name(names[f], nll_dtype_name(dtype), isa->name,
                         shape[2] == 1   ? "last"
                         : shape[0] == 1 ? "first"
                                         : "middle",
                         bench_text("%zux%zux%zu", shape[0], shape[1], shape[2]), threads);
    gb_register(&(gb_case){.name = c->name,
                           .items = (double)elements(c),
                           .bytes = c->bytes,
                           .begin = begin,
                           .last_axis = shape[2] > 1 ? contiguous : NULL,
                           .run = run,
                           .ctx = c,
                           .threads = threads,
                           .error_bound = bound(f, dtype),
                           .digest = &c->digest});
}

static void add_all(enum function f, nll_dtype dtype, const bench_shape *shape) {
    const nll_isa *isa;
    int main_case = f <= SOFTMAX || options_given(LIST_MODEL);
    if (!options_chosen(LIST_MODEL, names[f])) return;
    if (!options_chosen(LIST_TYPE, nll_dtype_name(dtype))) return;
    if (dtype != NLL_F32) main_case &= options_given(LIST_TYPE);
    if (bench.quick && !main_case) return;
    for (size_t i = 0; (isa = bench_isa(i, 1)); i++)
        for (size_t t = 0; bench_threads(t, 0) && !bench_only_for_bits(isa); t++)
            add(f, dtype, isa, shape->dim, bench_threads(t, 0));
}

void axis_register(void) {
    static const nll_dtype dtypes[] = {NLL_F32, NLL_BF16, NLL_F64};
    const bench_shape *shape;
    for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t++)
        for (size_t k = 0; (shape = bench_shape_at(3, k)); k++)
            for (int f = 0; f < FUNCTIONS; f++) add_all((enum function)f, dtypes[t], shape);
}
