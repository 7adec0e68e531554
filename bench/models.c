/* models.c: the public interface as benchmarks: losses, and losses with gradients, out of place and
 * in place.
 *
 *   MODEL/TYPE/ISA/forward|forward-gradient|in-place/ROWSxCOLS or N
 * DRAM for ROWS or N: as many as fill the DRAM size.  Compulsory bytes: parameters and targets
 * once, lists of classes once, gradients and side outputs once. */
#include "bench.h"

#include "../tools/error.h"
#include "gbench.h"

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

/* What a model is to this file. */
enum {
    LABELS = 1, /* rows of classes with a target class, or a list of them */
    SPARSE = 2, /* lists */
    MATRIX = 4, /* rows of classes */
    IN_PLACE_TOO = 8,
    NO_HALF = 16,  /* neither counts nor points of a simplex */
    ROUNDOFFS = 32 /* its error bound is in u, half units in the last place */
};
enum { LISTED = 16, SCORES = 5 }; /* classes of a sparse target; scoring outputs */
static const struct traits {
    const char *name;
    enum nll_kernel kernel;   /* whose error bound holds */
    unsigned arrays;          /* read */
    unsigned gradients, more; /* written with gradients; always */
    unsigned scores;
    unsigned is;
} traits[MODELS] = {
    [CATEGORICAL] = {"categorical", NLL_K_row_lse, 1, 1, 0, 0,
                     LABELS | MATRIX | IN_PLACE_TOO | ROUNDOFFS},
    [CATEGORICAL_SCORES] = {"categorical-scores", NLL_K_row_lse, 1, 1, 0, SCORES,
                            LABELS | MATRIX | ROUNDOFFS},
    [CATEGORICAL_SPARSE] = {"categorical-sparse", NLL_K_row_lse, 1, 1, 0, 0,
                            LABELS | SPARSE | MATRIX | ROUNDOFFS},
    [CATEGORICAL_BUCKET] = {"categorical-bucket", NLL_K_row_lse, 1, 1, 0, 0,
                            LABELS | SPARSE | MATRIX | ROUNDOFFS},
    [CATEGORICAL_HESS] = {"categorical-hess", NLL_K_row_lse, 1, 1, 1, 0,
                          LABELS | MATRIX | ROUNDOFFS},
    [BERNOULLI] = {"bernoulli", NLL_K_bernoulli_logits, 2, 1, 0, 0, IN_PLACE_TOO},
    [GAUSSIAN] = {"gaussian", NLL_K_gaussian_scale, 2, 1, 0, 0, IN_PLACE_TOO},
    [GAUSSIAN_SCALE] = {"gaussian-scale", NLL_K_gaussian_scale, 3, 2, 0, 0, 0},
    [GAUSSIAN_VAR] = {"gaussian-var", NLL_K_gaussian_var, 3, 2, 0, 0, 0},
    [GAUSSIAN_LOG_SCALE] = {"gaussian-log-scale", NLL_K_gaussian_log_scale, 3, 2, 0, 0, 0},
    [GAUSSIAN_LOG_VAR] = {"gaussian-log-var", NLL_K_gaussian_log_var, 3, 2, 0, 0, 0},
    [KL] = {"kl", NLL_K_row_kl, 2, 2, 0, 0, MATRIX | ROUNDOFFS},
    [JS] = {"js", NLL_K_row_js, 2, 2, 0, 0, MATRIX | ROUNDOFFS},
    [MULTINOMIAL] = {"multinomial", NLL_K_row_counts, 2, 1, 0, 0, MATRIX | NO_HALF},
    [DIRICHLET] = {"dirichlet", NLL_K_row_dirichlet, 2, 2, 0, 0, MATRIX | NO_HALF},
};
static int is(enum model model, unsigned property) { return (traits[model].is & property) != 0; }
static const char *const how_names[] = {"forward", "forward-gradient", "in-place"};

typedef struct model_case {
    const char *name;
    enum model model;
    enum how how;
    nll_dtype dtype;
    const char *isa;
    size_t rows, cols;
    double read, written;
    int threads;
    const char *digest;
} model_case;

const char *models_name(size_t i) { return i < MODELS ? traits[i].name : NULL; }

/* Where a call's results go: outputs NULL for those not wanted. */
typedef struct places {
    void *nll, *grad, *grad2;
    void *side[SCORES + 1]; /* scoring outputs; the Hessian's diagonal */
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

static nll_status call_rows(const model_case *c, size_t rows, const void *x, places *to,
                            const nll_common *common) {
    nll_categorical_args a = {.struct_size = sizeof a,
                              .common = *common,
                              .logits = nll_view_2d(x, c->dtype, rows, c->cols),
                              .nll = output(to->nll, wide(c), rows, 1),
                              .grad = output(to->grad, c->dtype, rows, c->cols)};
    if (is(c->model, SPARSE)) {
        /* buckets: of the mass, about 1/2 is listed */
        int bucket = c->model == CATEGORICAL_BUCKET;
        const void *q = data_in(1, bucket ? DATA_PART : DATA_UNIT, NLL_TYPE_F32, c->rows * LISTED);
        a.target_index = nll_view_2d(data_labels(c->cols, c->rows * LISTED), NLL_I64, rows, LISTED);
        a.target_probs = nll_view_2d(q, NLL_F32, rows, LISTED);
        a.tail = bucket ? NLL_TAIL_BUCKET : NLL_TAIL_RENORMALISE;
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
    if (c->model == CATEGORICAL_HESS) a.hess = output(to->side[SCORES], c->dtype, rows, c->cols);
    return nll_categorical(&a, &to->result);
}

static nll_status call_counts(const model_case *c, size_t rows, const void *x, places *to,
                              const nll_common *common) {
    const void *k = data_in(1, DATA_INT, type_of(c), c->rows * c->cols);
    return nll_multinomial(
        &(nll_multinomial_args){.struct_size = sizeof(nll_multinomial_args),
                                .common = *common,
                                .logits = nll_view_2d(x, c->dtype, rows, c->cols),
                                .target = nll_view_2d(k, c->dtype, rows, c->cols),
                                .nll = output(to->nll, wide(c), rows, 1),
                                .grad = output(to->grad, c->dtype, rows, c->cols)},
        &to->result);
}

static nll_status call_simplex(const model_case *c, size_t rows, places *to,
                               const nll_common *common) {
    const size_t n = c->rows * c->cols;
    return nll_dirichlet(
        &(nll_dirichlet_args){
            .struct_size = sizeof(nll_dirichlet_args),
            .common = *common,
            .concentration = nll_view_2d(input(c, 0, DATA_POS, n), c->dtype, rows, c->cols),
            .target = nll_view_2d(data_simplex(c->cols, type_of(c), n), c->dtype, rows, c->cols),
            .nll = output(to->nll, wide(c), rows, 1),
            .grad = output(to->grad, c->dtype, rows, c->cols),
            .grad_target = output(to->grad2, c->dtype, rows, c->cols)},
        &to->result);
}

/* What is read of a row beside its classes. */
static size_t row_bytes_read(enum model model) {
    size_t labels = is(model, LABELS) ? sizeof(int64_t) : 0;
    return is(model, SPARSE) ? LISTED * (labels + sizeof(float)) : labels;
}

/* The whole call for `rows` of the case's rows.  In place: the logits are those at `grad`. */
static nll_status call(const model_case *c, size_t rows, int in_place, int threads, places *to) {
    const size_t n = c->rows * c->cols;
    const nll_common common = {.executor = bench_executor(threads)};
    to->result = (nll_result){.struct_size = sizeof to->result};
    const void *x = in_place ? to->grad : input(c, 0, DATA_REAL, n);
    if (is(c->model, LABELS)) return call_rows(c, rows, x, to, &common);
    if (c->model == MULTINOMIAL) return call_counts(c, rows, x, to, &common);
    if (c->model == DIRICHLET) return call_simplex(c, rows, to, &common);
    if (c->model == KL || c->model == JS)
        return nll_kl(&(nll_kl_args){.struct_size = sizeof(nll_kl_args),
                                     .common = common,
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
                                  .common = common,
                                  .rows = rows,
                                  .logits = nll_view_1d(x, c->dtype, rows),
                                  .target = nll_view_1d(input(c, 1, DATA_UNIT, n), c->dtype, rows),
                                  .nll = output(to->nll, wide(c), rows, 1),
                                  .grad = output(to->grad, c->dtype, rows, 1)},
            &to->result);
    nll_gaussian_args a = {.struct_size = sizeof a,
                           .common = common,
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
    if (status != NLL_OK) bench_fail(EX_SOFTWARE, c->name, nll_status_string(status));
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
    if (traits[c->model].gradients > 1 && c->how != FORWARD)
        p.grad2 = array(2, gradient_bytes(c, rows));
    for (unsigned k = 0; k < traits[c->model].scores; k++) p.side[k] = array(3 + k, rows * 8);
    if (traits[c->model].more) p.side[SCORES] = array(8, gradient_bytes(c, rows));
    return p;
}

static void restore_rows(const model_case *c, size_t rows) {
    memcpy(data_out(1, gradient_bytes(c, c->rows)), input(c, 0, DATA_REAL, c->rows * c->cols),
           gradient_bytes(c, rows));
}

/* The case on its first bench.check elements, every value written out, against the scalar path. */
static void check(model_case *c) {
    size_t rows = bench.check / c->cols;
    rows = rows < 1 ? 1 : rows < c->rows ? rows : c->rows;
    places got = places_of(c, rows, data_out, 1), want = places_of(c, rows, data_reference, 1);
    if (c->how == IN_PLACE) restore_rows(c, rows);
    need(c, nll_isa_select(c->isa));
    need(c, call(c, rows, c->how == IN_PLACE, c->threads, &got));
    need(c, nll_isa_select("scalar"));
    need(c, call(c, rows, 0, 1, &want));
    compare_begin();
    compare(c->name, "nll", got.nll, want.nll, rows * nll_dtype_size(wide(c)));
    if (got.grad) compare(c->name, "grad", got.grad, want.grad, gradient_bytes(c, rows));
    if (got.grad2) compare(c->name, "grad", got.grad2, want.grad2, gradient_bytes(c, rows));
    for (int k = 0; k <= SCORES; k++)
        if (got.side[k])
            compare(c->name, "side output", got.side[k], want.side[k],
                    k < SCORES ? rows * 8 : gradient_bytes(c, rows));
    compare(c->name, "sum", &got.result.sum, &want.result.sum, sizeof got.result.sum);
    compare(c->name, "mean", &got.result.mean, &want.result.mean, sizeof got.result.mean);
    c->digest = compare_end();
}

static double begin(void *ctx) {
    model_case *c = ctx;
    if (!c->digest) check(c);
    need(c, nll_isa_select(c->isa));
    return roof_of(c->read, c->written, c->how == IN_PLACE, c->threads);
}

static void restore(void *ctx) {
    const model_case *c = ctx;
    restore_rows(c, c->rows);
}

static void run(void *ctx) {
    const model_case *c = ctx;
    places to = places_of(c, c->rows, data_out, 0);
    need(c, call(c, c->rows, c->how == IN_PLACE, c->threads, &to));
}

/* Of the loss, in units in the last place.  What has no kernel in float is computed in double and
 * rounded once: nll/distributions.h. */
static double bound(enum model model, nll_dtype dtype) {
    const nll_desc *d = &nll_descs[traits[model].kernel];
    if (!(d->types >> (dtype == NLL_F64) & 1)) return 0.51;
    return d->ulp[dtype == NLL_F64] / (is(model, ROUNDOFFS) ? 2 : 1);
}

static void add(enum model model, nll_dtype dtype, const nll_isa *isa, enum how how, size_t rows,
                size_t cols, int threads) {
    const struct traits *t = &traits[model];
    size_t written = (how == FORWARD ? 0 : t->gradients) + t->more;
    model_case *c = malloc(sizeof *c);
    if (!c) bench_no_memory();
    *c = (model_case){.model = model,
                      .how = how,
                      .dtype = dtype,
                      .isa = isa->name,
                      .cols = cols,
                      .threads = threads};
    size_t unit = cols * nll_dtype_size(dtype), beside = row_bytes_read(model);
    size_t most = bench.dram / (unit * t->arrays + beside);
    c->rows = rows > 0 ? rows : most > 0 ? most : 1;
    const char *size = rows > 0 ? bench_text("%zu", rows) : "DRAM";
    if (is(model, MATRIX)) size = bench_text("%sx%zu", size, cols);
    c->name = bench_name(t->name, nll_dtype_name(dtype), isa->name, how_names[how], size, threads);
    c->read = (double)((t->arrays * unit + beside) * c->rows);
    c->written = (double)((written * unit + t->scores * sizeof(double)) * c->rows);
    gb_register(&(gb_case){.name = c->name,
                           .items = (double)c->rows * (double)cols,
                           .bytes = c->read + c->written,
                           .begin = begin,
                           .restore = how == IN_PLACE ? restore : NULL,
                           .run = run,
                           .ctx = c,
                           .threads = threads,
                           .error_bound = bound(model, dtype),
                           .digest = &c->digest});
}

/* The short set: categorical in float on the two best instruction sets at all sizes, the rest on
 * the best one at one size.  What is asked for by name is not left out. */
static int wanted(enum model model, nll_dtype dtype, const bench_shape *shape) {
    int row_extra = is(model, LABELS) && model != CATEGORICAL,
        any_shape = options_given(LIST_SHAPE);
    size_t rows = shape->dim[0], cols = shape->dims > 1 ? shape->dim[1] : 1;
    if (!options_chosen(LIST_MODEL, traits[model].name)) return 0;
    if (!options_chosen(LIST_TYPE, nll_dtype_name(dtype))) return 0;
    if (row_extra && dtype != NLL_F32) return 0;
    int half = dtype == NLL_F16 || dtype == NLL_BF16;
    if (is(model, NO_HALF) && half) return 0;
    if (!any_shape && is(model, MATRIX) && !is(model, LABELS) && (cols == 10 || cols == 64) &&
        rows != 0)
        return 0;
    if (!bench.quick || (model == CATEGORICAL && dtype == NLL_F32)) return 1;
    if (!any_shape && (rows != 0 || (row_extra && cols != 1000))) return 0;
    if (options_given(LIST_TYPE)) return 1;
    return dtype == NLL_F32 || (model == CATEGORICAL && dtype != NLL_F16);
}

static void add_all(enum model model, nll_dtype dtype, const bench_shape *shape) {
    const nll_isa *isa;
    int main_case = model == CATEGORICAL && dtype == NLL_F32;
    size_t rows = shape->dim[0], cols = shape->dims > 1 ? shape->dim[1] : 1;
    if (!wanted(model, dtype, shape)) return;
    for (size_t i = 0; (isa = bench_isa(i, main_case ? 2 : 1)); i++)
        for (int how = 0; how < HOWS; how++) {
            if (how == IN_PLACE && (!is(model, IN_PLACE_TOO) || (bench.quick && !main_case)))
                continue;
            /* one size is enough */
            if (bench_only_for_bits(isa) && rows != 4096) continue;
            int scaling = i == 0 && rows == 0 && (!bench.quick || main_case);
            for (size_t t = 0; bench_threads(t, scaling); t++)
                add(model, dtype, isa, (enum how)how, rows, cols, bench_threads(t, scaling));
        }
}

void models_register(void) {
    static const nll_dtype dtypes[] = {NLL_F32, NLL_BF16, NLL_F16, NLL_F64};
    const bench_shape *shape;
    for (int m = 0; m < MODELS; m++) {
        int elements = !is((enum model)m, MATRIX);
        for (size_t t = 0; t < sizeof dtypes / sizeof *dtypes; t += elements ? 3 : 1)
            for (size_t k = 0; (shape = bench_shape_at(elements ? 1 : 2, k)); k++)
                add_all((enum model)m, dtypes[t], shape);
    }
}
