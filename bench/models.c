/* models.c: the public interface as benchmarks: losses, and losses with gradients, out of place and
 * in place.
 *
 *   MODEL/TYPE/ISA/forward|forward-gradient|in-place/ROWSxCOLS or N
 * DRAM for ROWS or N: as many as fill the DRAM size.  Compulsory bytes: parameters and targets
 * once, gradients once. */
#include "bench.h"

#include "gbench.h"
#include "nll/nll.h"

#include <stdlib.h>
#include <string.h>

enum how { FORWARD, FORWARD_GRADIENT, IN_PLACE, HOWS };
enum model {
    CATEGORICAL,
    CATEGORICAL_SCORES, /* with rank, margin, entropy, confidence, Brier score */
    CATEGORICAL_SPARSE, /* lists of 16 classes */
    CATEGORICAL_BUCKET, /* the same; what they lack goes to the others */
    CATEGORICAL_HESS,   /* with the diagonal of the Hessian */
    BERNOULLI,          /* from logits */
    GAUSSIAN,           /* scale one number for all */
    GAUSSIAN_SCALE,
    GAUSSIAN_VAR,
    GAUSSIAN_LOG_SCALE,
    GAUSSIAN_LOG_VAR,
    KL, /* both sides logits */
    JS,
    MULTINOMIAL, /* logits; counts below 16 */
    DIRICHLET,   /* gradients of both sides */
    MODELS
};
static const char *const model_names[] = {"categorical",
                                          "categorical-scores",
                                          "categorical-sparse",
                                          "categorical-bucket",
                                          "categorical-hess",
                                          "bernoulli",
                                          "gaussian",
                                          "gaussian-scale",
                                          "gaussian-var",
                                          "gaussian-log-scale",
                                          "gaussian-log-var",
                                          "kl",
                                          "js",
                                          "multinomial",
                                          "dirichlet"};
enum { LISTED = 16 }; /* classes of a sparse target */
static int has_rows(enum model model) { return model < BERNOULLI; }
static int is_pair(enum model model) { return model >= KL; }
static int two_gradients(enum model model) { return model > GAUSSIAN && model != MULTINOMIAL; }
static const char *const how_names[] = {"forward", "forward-gradient", "in-place"};

typedef struct model_case {
    const char *name;
    enum model model;
    enum how how;
    nll_dtype dtype;
    const char *isa;
    size_t rows, cols;
    double read, written;
    int checked;
} model_case;

/* Where a call's results go: outputs NULL for those not wanted. */
typedef struct places {
    void *nll, *grad, *grad2;
    void *side[6]; /* scoring outputs; the Hessian's diagonal */
    nll_result result;
} places;

static enum nll_type type_of(const model_case *c) {
    return c->dtype == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32;
}
/* Row values, and the gradients of element-wise models: not in half precision. */
static nll_dtype wide(const model_case *c) { return c->dtype == NLL_F64 ? NLL_F64 : NLL_F32; }

static const void *input(const model_case *c, unsigned slot, enum data_kind kind, size_t n) {
    if (c->dtype == NLL_F16) kind = DATA_F16;
    if (c->dtype == NLL_BF16) kind = DATA_BF16;
    return data_in(slot, kind, type_of(c), n);
}

static nll_out output(void *data, nll_dtype dtype, size_t rows, size_t cols) {
    return data ? nll_out_2d(data, dtype, rows, cols) : (nll_out){0};
}

/* One list for all rows: 1/2 in all. */
static const float *data_half_lists(void) {
    static float q[LISTED];
    for (int j = 0; j < LISTED; j++) q[j] = 0.5f / LISTED;
    return q;
}

static nll_status call_rows(const model_case *c, size_t rows, const void *x, places *to) {
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, c->dtype, rows, c->cols),
                              .nll = output(to->nll, wide(c), rows, 1),
                              .grad = output(to->grad, c->dtype, rows, c->cols)};
    if (c->model == CATEGORICAL_SPARSE || c->model == CATEGORICAL_BUCKET) {
        const void *q = data_in(1, DATA_UNIT, NLL_TYPE_F32, c->rows * LISTED);
        a.target_index = nll_view_2d(data_labels(c->cols, c->rows * LISTED), NLL_I64, rows, LISTED);
        a.target_probs = nll_view_2d(q, NLL_F32, rows, LISTED);
        a.tail = NLL_TAIL_RENORMALISE;
        if (c->model == CATEGORICAL_BUCKET) { /* of the mass, 1/2 is listed */
            a.target_probs = nll_view_2d(data_half_lists(), NLL_F32, rows, LISTED);
            a.target_probs.row_stride = 0;
            a.tail = NLL_TAIL_BUCKET;
        }
    } else {
        a.target = nll_view_1d(data_labels(c->cols, c->rows), NLL_I64, rows);
    }
    if (c->model == CATEGORICAL_SCORES) {
        a.rank = output(to->side[0], NLL_I64, rows, 1);
        a.margin = output(to->side[1], NLL_F64, rows, 1);
        a.entropy = output(to->side[2], NLL_F64, rows, 1);
        a.confidence = output(to->side[3], NLL_F64, rows, 1);
        a.brier = output(to->side[4], NLL_F64, rows, 1);
    }
    if (c->model == CATEGORICAL_HESS) a.hess = output(to->side[5], c->dtype, rows, c->cols);
    return nll_categorical(&a, &to->result);
}

static nll_status call_counts(const model_case *c, size_t rows, const void *x, places *to) {
    const void *k = data_in(1, DATA_INT, type_of(c), c->rows * c->cols);
    return nll_multinomial(
        &(nll_multinomial_args){.struct_size = sizeof(nll_multinomial_args),
                                .logits = nll_view_2d(x, c->dtype, rows, c->cols),
                                .target = nll_view_2d(k, c->dtype, rows, c->cols),
                                .nll = output(to->nll, wide(c), rows, 1),
                                .grad = output(to->grad, c->dtype, rows, c->cols)},
        &to->result);
}

static nll_status call_simplex(const model_case *c, size_t rows, places *to) {
    const size_t n = c->rows * c->cols;
    return nll_dirichlet(
        &(nll_dirichlet_args){
            .struct_size = sizeof(nll_dirichlet_args),
            .concentration = nll_view_2d(input(c, 0, DATA_POS, n), c->dtype, rows, c->cols),
            .target = nll_view_2d(input(c, 1, DATA_UNIT, n), c->dtype, rows, c->cols),
            .nll = output(to->nll, wide(c), rows, 1),
            .grad = output(to->grad, c->dtype, rows, c->cols),
            .grad_target = output(to->grad2, c->dtype, rows, c->cols)},
        &to->result);
}

/* The whole call for `rows` of the case's rows.  In place: the logits are those at `grad`. */
static nll_status call(const model_case *c, size_t rows, int in_place, places *to) {
    const size_t n = c->rows * c->cols;
    to->result = (nll_result){.struct_size = sizeof to->result};
    const void *x = in_place ? to->grad : input(c, 0, DATA_REAL, n);
    if (has_rows(c->model)) return call_rows(c, rows, x, to);
    if (c->model == MULTINOMIAL) return call_counts(c, rows, x, to);
    if (c->model == DIRICHLET) return call_simplex(c, rows, to);
    if (is_pair(c->model))
        return nll_kl(&(nll_kl_args){.struct_size = sizeof(nll_kl_args),
                                     .p_logits = nll_view_2d(x, c->dtype, rows, c->cols),
                                     .q_logits = nll_view_2d(input(c, 1, DATA_REAL, n), c->dtype,
                                                             rows, c->cols),
                                     .direction = c->model == JS ? NLL_JS : NLL_FORWARD,
                                     .divergence = output(to->nll, wide(c), rows, 1),
                                     .grad_p = output(to->grad, c->dtype, rows, c->cols),
                                     .grad_q = output(to->grad2, c->dtype, rows, c->cols)},
                      &to->result);
    if (c->model == BERNOULLI)
        return nll_bernoulli(
            &(nll_bernoulli_args){.struct_size = sizeof(nll_bernoulli_args),
                                  .rows = rows,
                                  .logits = nll_view_1d(x, c->dtype, rows),
                                  .target = nll_view_1d(input(c, 1, DATA_UNIT, n), c->dtype, rows),
                                  .nll = output(to->nll, wide(c), rows, 1),
                                  .grad = output(to->grad, c->dtype, rows, 1)},
            &to->result);
    nll_gaussian_args a = {.struct_size = sizeof a,
                           .rows = rows,
                           .loc = nll_view_1d(x, c->dtype, rows),
                           .target = nll_view_1d(input(c, 2, DATA_REAL, n), c->dtype, rows),
                           .nll = output(to->nll, wide(c), rows, 1),
                           .grad_loc = output(to->grad, c->dtype, rows, 1),
                           .grad_spread = output(to->grad2, c->dtype, rows, 1)};
    int positive = c->model == GAUSSIAN_SCALE || c->model == GAUSSIAN_VAR;
    nll_view spread = nll_number(1.5);
    if (c->model != GAUSSIAN)
        spread = nll_view_1d(input(c, 1, positive ? DATA_POS : DATA_REAL, n), c->dtype, rows);
    *(c->model == GAUSSIAN_VAR         ? &a.var
      : c->model == GAUSSIAN_LOG_SCALE ? &a.log_scale
      : c->model == GAUSSIAN_LOG_VAR   ? &a.log_var
                                       : &a.scale) = spread;
    return nll_gaussian(&a, &to->result);
}

static void need(const model_case *c, nll_status status) {
    if (status != NLL_OK) bench_fail(c->name, nll_status_string(status));
}

static size_t gradient_bytes(const model_case *c, size_t rows) {
    return rows * c->cols * nll_dtype_size(c->dtype);
}

/* The arrays of a call, or of its twin on the scalar path. */
static places places_of(const model_case *c, size_t rows, void *(*array)(unsigned, size_t),
                        int values) {
    places p = {0};
    if (values) p.nll = array(0, rows * nll_dtype_size(wide(c)));
    if (c->how != FORWARD) p.grad = array(1, gradient_bytes(c, rows));
    if (two_gradients(c->model) && c->how != FORWARD) p.grad2 = array(2, gradient_bytes(c, rows));
    for (unsigned k = 0; k < 5 && c->model == CATEGORICAL_SCORES; k++)
        p.side[k] = array(3 + k, rows * 8);
    if (c->model == CATEGORICAL_HESS) p.side[5] = array(8, gradient_bytes(c, rows));
    return p;
}

static void restore_rows(const model_case *c, size_t rows) {
    memcpy(data_out(1, gradient_bytes(c, c->rows)), input(c, 0, DATA_REAL, c->rows * c->cols),
           gradient_bytes(c, rows));
}

/* The case on its first bench.check elements, every value written out, against the scalar path. */
static void check(const model_case *c) {
    size_t rows = bench.check / c->cols;
    rows = rows < 1 ? 1 : rows < c->rows ? rows : c->rows;
    places got = places_of(c, rows, data_out, 1), want = places_of(c, rows, data_reference, 1);
    if (c->how == IN_PLACE) restore_rows(c, rows);
    need(c, nll_isa_select(c->isa));
    need(c, call(c, rows, c->how == IN_PLACE, &got));
    need(c, nll_isa_select("scalar"));
    need(c, call(c, rows, 0, &want));
    bench_same(c->name, "nll", got.nll, want.nll, rows * nll_dtype_size(wide(c)));
    if (got.grad) bench_same(c->name, "grad", got.grad, want.grad, gradient_bytes(c, rows));
    if (got.grad2) bench_same(c->name, "grad", got.grad2, want.grad2, gradient_bytes(c, rows));
    for (int k = 0; k < 6; k++)
        if (got.side[k])
            bench_same(c->name, "side output", got.side[k], want.side[k],
                       k < 5 ? rows * 8 : gradient_bytes(c, rows));
    bench_same(c->name, "sum", &got.result.sum, &want.result.sum, sizeof got.result.sum);
    bench_same(c->name, "mean", &got.result.mean, &want.result.mean, sizeof got.result.mean);
}

static double begin(void *ctx) {
    model_case *c = ctx;
    if (!c->checked) check(c);
    c->checked = 1;
    need(c, nll_isa_select(c->isa));
    return roof_of(c->read, c->written, c->how == IN_PLACE);
}

static void restore(void *ctx) {
    const model_case *c = ctx;
    restore_rows(c, c->rows);
}

static void run(void *ctx) {
    const model_case *c = ctx;
    places to = places_of(c, c->rows, data_out, 0);
    need(c, call(c, c->rows, c->how == IN_PLACE, &to));
}

static void add(enum model model, nll_dtype dtype, const nll_isa *isa, enum how how, size_t rows,
                size_t cols) {
    int pair = is_pair(model);
    size_t arrays = has_rows(model) ? 1 : model <= GAUSSIAN || pair ? 2 : 3; /* read */
    size_t grads = how == FORWARD ? model == CATEGORICAL_HESS : two_gradients(model) ? 2 : 1;
    model_case *c = malloc(sizeof *c);
    if (!c) bench_fail("memory", "out of it");
    *c = (model_case){.model = model, .how = how, .dtype = dtype, .isa = isa->name, .cols = cols};
    size_t unit = cols * nll_dtype_size(dtype);
    c->rows = rows > 0 ? rows : bench.dram / (unit * arrays);
    const char *size = rows > 0 ? bench_text("%zu", rows) : "DRAM";
    if (has_rows(model) || pair) size = bench_text("%sx%zu", size, cols);
    c->name = bench_text("%s/%s/%s/%s/%s", model_names[model], nll_dtype_name(dtype), isa->name,
                         how_names[how], size);
    c->read = (double)(arrays * c->rows * unit) + (has_rows(model) ? 8.0 * (double)c->rows : 0);
    c->written = (double)(grads * c->rows * unit);
    gb_register(&(gb_case){.name = c->name,
                           .items = (double)c->rows * (double)cols,
                           .bytes = c->read + c->written,
                           .begin = begin,
                           .restore = how == IN_PLACE ? restore : NULL,
                           .run = run,
                           .ctx = c});
}

static int in_place(enum model model) { return model <= GAUSSIAN; } /* one gradient, one place */

/* The short set: categorical in float on the two best instruction sets at all sizes, the rest on
 * the best one at one size. */
static void add_all(enum model model, nll_dtype dtype, size_t rows, size_t cols) {
    const nll_isa *isa;
    int main_case = model == CATEGORICAL && dtype == NLL_F32;
    if (bench.quick && !main_case && (rows != 0 || dtype == NLL_F16)) return;
    int extra = has_rows(model) && model != CATEGORICAL;
    if (bench.quick && extra && cols != 1000) return;
    if (bench.quick && model != CATEGORICAL && dtype != NLL_F32) return;
    if (is_pair(model) && (cols == 10 || cols == 64) && rows != 0) return;
    for (size_t i = 0; (isa = bench_isa(i, main_case ? 2 : 1)); i++)
        for (int how = 0; how < HOWS; how++) {
            if (extra && how == IN_PLACE) continue;
            if (how == IN_PLACE && (!in_place(model) || (bench.quick && !main_case))) continue;
            /* the scalar path is there for its bits: one size is enough */
            if (isa == bench_scalar() && i > 0 && rows != 4096) continue;
            add(model, dtype, isa, (enum how)how, rows, cols);
        }
}

void models_register(void) {
    static const nll_dtype dtypes[] = {NLL_F32, NLL_BF16, NLL_F16, NLL_F64};
    for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t++) {
#define NLL_ROWS(rows, cols, brief)                                                  \
    for (int m = CATEGORICAL; m < BERNOULLI; m++)                                    \
        if (((brief) || !bench.quick) && (m == CATEGORICAL || dtypes[t] == NLL_F32)) \
            add_all((enum model)m, dtypes[t], rows, cols);
#define NLL_ELEMENTS(n, brief)
#include "shapes.def"
#undef NLL_ROWS
#undef NLL_ELEMENTS
    }
    for (int m = KL; m < MODELS; m++) /* half precision has no counts and no points of a simplex */
        for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t += m < MULTINOMIAL ? 1 : 3) {
#define NLL_ROWS(rows, cols, brief) \
    if ((brief) || !bench.quick) add_all((enum model)m, dtypes[t], rows, cols);
#define NLL_ELEMENTS(n, brief)
#include "shapes.def"
#undef NLL_ROWS
#undef NLL_ELEMENTS
        }
    for (int m = BERNOULLI; m < KL; m++)
        for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t += 3) { /* f32, f64 */
#define NLL_ROWS(rows, cols, brief)
#define NLL_ELEMENTS(n, brief) \
    if ((brief) || !bench.quick) add_all((enum model)m, dtypes[t], n, 1);
#include "shapes.def"
#undef NLL_ROWS
#undef NLL_ELEMENTS
        }
}
