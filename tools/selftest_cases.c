/* selftest_cases.c: see selftest_cases.h. */
#include "selftest_cases.h"
#include "generate.h"
#include "selftest_spec.h"

#include <stdlib.h>
#include <string.h>

#define SPEC(model, label, ...) \
    { .family = model, .name = label, __VA_ARGS__ }
static const struct spec specs[] = {
    SPEC(CATEGORICAL, "logits", .reduction = NLL_MEAN),
    SPEC(CATEGORICAL, "logits, in place", .reduction = NLL_SUM, .in_place = 1),
    SPEC(CATEGORICAL, "logits, special values", .domain = SPECIALS, .reduction = NLL_NONE),
    SPEC(CATEGORICAL, "logits, column-major", .fortran = 1),
    SPEC(CATEGORICAL, "logits, weights, ignore_index", .weights = 1, .ignore = 1),
    SPEC(CATEGORICAL, "logits, label smoothing", .weights = 1, .smoothing = 0.125),
    SPEC(CATEGORICAL, "logits, z-loss", .z_loss = 0x1p-10),
    SPEC(CATEGORICAL, "logits, temperature, softcap", .temperature = 0.75, .softcap = 30),
    SPEC(CATEGORICAL, "logits, soft targets", .target = SOFT, .weights = 1, .smoothing = 0.25),
    SPEC(CATEGORICAL, "log-probs", .form = LOG_PROBS, .weights = 1),
    SPEC(CATEGORICAL, "probs", .form = PROBS, .domain = UNIT, .smoothing = 0.125),
    SPEC(CATEGORICAL, "probs, soft", .form = PROBS, .domain = UNIT, .target = SOFT,
         .reduction = NLL_SUM),
    SPEC(BERNOULLI, "logits", .reduction = NLL_MEAN),
    SPEC(BERNOULLI, "logits, special values", .domain = SPECIALS, .reduction = NLL_NONE),
    SPEC(BERNOULLI, "logits, soft, weights", .target = SOFT, .weights = 1, .smoothing = 0.125),
    SPEC(BERNOULLI, "probs", .form = PROBS, .domain = UNIT, .reduction = NLL_SUM),
    SPEC(BERNOULLI, "probs, soft, weights", .form = PROBS, .domain = UNIT, .target = SOFT,
         .weights = 1),
    SPEC(GAUSSIAN, "fixed scale", .form = FIXED),
    SPEC(GAUSSIAN, "scale", .form = SCALE, .weights = 1),
    SPEC(GAUSSIAN, "var", .form = VAR, .reduction = NLL_SUM),
    SPEC(GAUSSIAN, "log-scale", .form = LOG_SCALE),
    SPEC(GAUSSIAN, "log-var", .form = LOG_VAR, .weights = 1),
    SPEC(GAUSSIAN, "log-var, special values", .form = LOG_VAR, .domain = SPECIALS,
         .reduction = NLL_NONE),
    SPEC(KL, "logits, forward", .direction = NLL_FORWARD),
    SPEC(KL, "logits, reverse, weights", .direction = NLL_REVERSE, .weights = 1),
    SPEC(KL, "logits, js", .direction = NLL_JS, .reduction = NLL_SUM),
    SPEC(KL, "logits, special values", .domain = SPECIALS, .reduction = NLL_NONE),
    SPEC(KL, "probs", .form = PROBS, .domain = UNIT),
    SPEC(KL, "logits and probs, js", .direction = NLL_JS, .target = SOFT),
    SPEC(SCORES, "logits", .reduction = NLL_MEAN),
    SPEC(SCORES, "logits, softcap, weights", .softcap = 30, .temperature = 0.75, .weights = 1),
    SPEC(SCORES, "log-probs, special values", .form = LOG_PROBS, .domain = SPECIALS),
    SPEC(SCORES, "probs", .form = PROBS, .domain = UNIT),
    SPEC(SPARSE, "renormalise, label smoothing", .tail = NLL_TAIL_RENORMALISE, .smoothing = 0.125),
    SPEC(SPARSE, "renormalise, weights", .tail = NLL_TAIL_RENORMALISE, .weights = 1),
    SPEC(SPARSE, "bucket", .tail = NLL_TAIL_BUCKET),
    SPEC(SECOND, "logits", .reduction = NLL_SUM),
    SPEC(SECOND, "logits, soft targets, softcap", .target = SOFT, .softcap = 30, .z_loss = 0x1p-6),
    SPEC(SEQUENCES, "shifted", .weights = 1),
    SPEC(SEQUENCES, "shifted, ignore_index", .ignore = 1, .reduction = NLL_SUM),
    SPEC(SHARDS, "three shards", .reduction = NLL_MEAN),
    SPEC(MULTINOMIAL, "logits", .reduction = NLL_SUM),
    SPEC(MULTINOMIAL, "probs, weights", .form = PROBS, .domain = UNIT, .weights = 1),
    SPEC(DIRICHLET, "points inside", .domain = POSITIVE, .weights = 1),
    SPEC(AXIS, "last axis", .fortran = 0),
    SPEC(AXIS, "first axis", .fortran = 1),
    SPEC(AXIS, "first axis, special values", .fortran = 1, .domain = SPECIALS),
};
enum { SPECS = sizeof specs / sizeof specs[0], FORMS = 2 };

static const nll_dtype dtypes[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

/* Around vector lengths and blocks of 512; many short rows, few long ones. */
static const size_t shapes[][2] = {{1, 1}, {3, 2}, {17, 10}, {515, 3}, {2, 257}, {1, 600}};
static const size_t lengths[][2] = {{1, 1}, {7, 1}, {15, 1}, {33, 1}, {130, 1}, {515, 1}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };
_Static_assert(sizeof lengths == sizeof shapes, "as many lengths as shapes");

static size_t distributions(void) {
    size_t n = 0;
    while (nll_distribution_at(n)) n++;
    return n;
}

/* The table, then the distributions, each by the first and by the last forms of its parameters. */
size_t trial_count(void) { return (SPECS + distributions() * FORMS) * DTYPES * SHAPES; }

static struct spec spec_of(size_t i) {
    size_t k = i / SHAPES / DTYPES;
    if (k < SPECS) return specs[k];
    k -= SPECS;
    return (struct spec){.family = DISTRIBUTION,
                         .form = k % FORMS ? LAST : FIRST,
                         .distribution = nll_distribution_at(k / FORMS),
                         .name = k % FORMS ? "last forms" : "first forms",
                         .weights = k % FORMS != 0};
}

static int make(struct trial *t, size_t slot, struct generator *g, enum domain domain,
                nll_dtype dtype, size_t count) {
    t->inputs[slot] = calloc(count, 8);
    if (!t->inputs[slot]) return -1;
    generate(g, domain, dtype, t->inputs[slot], count);
    return 0;
}

static bool has_classes(const struct spec *spec) {
    return spec->family != BERNOULLI && spec->family != GAUSSIAN && spec->family != DISTRIBUTION;
}
static bool has_matrices(const struct spec *spec) {
    return spec->family == KL || spec->family >= MULTINOMIAL;
}

/* What a distribution's numbers are made of. */
static enum domain domain_of(nll_domain domain) {
    switch (domain) {
    case NLL_POSITIVE:
    case NLL_NONNEGATIVE:
    case NLL_FROM_SCALE: return POSITIVE;
    case NLL_UNIT:
    case NLL_OPEN_UNIT: return UNIT;
    case NLL_POWER: return ONE_TO_TWO;
    case NLL_COUNT:
    case NLL_COUNT_TO_TOTAL: return COUNTS;
    default: return REALS;
    }
}

const nll_parameter *spec_parameter(const struct spec *spec, unsigned place) {
    const nll_distribution *d = spec->distribution;
    const nll_parameter *found = NULL;
    for (size_t k = 0; k < d->parameter_count; k++)
        if (d->parameters[k].place == place && (!found || spec->form == LAST))
            found = &d->parameters[k];
    return found;
}

/* Parameters, then the target. */
static int make_distribution(struct trial *t, struct generator *g, const struct spec *spec) {
    unsigned place = 0;
    int failed = 0;
    for (const nll_parameter *p; (p = spec_parameter(spec, place)); place++)
        failed |= make(t, place, g, domain_of(p->domain), t->dtype, t->rows);
    return failed |
           make(t, place, g, domain_of(spec->distribution->target_domain), t->dtype, t->rows);
}

/* Inputs 0: first parameter; 1: target or q; 2: class weight, pos_weight or spread; 3: lists or the
 * vector of a product; 5: sample weight.  Distributions: see above. */
int trial_open(struct trial *t, size_t i) {
    static const char *const names[] = {"categorical", "bernoulli",   "gaussian",    "kl",
                                        "categorical", "categorical", "categorical", "categorical",
                                        "categorical", "multinomial", "dirichlet",   "softmax"};
    const struct spec s = spec_of(i), *spec = &s;
    const size_t *shape = has_classes(spec) ? shapes[i % SHAPES] : lengths[i % SHAPES];
    nll_dtype dtype = dtypes[i / SHAPES % DTYPES];
    *t = (struct trial){.model = s.distribution ? s.distribution->name : names[spec->family],
                        .name = spec->name,
                        .dtype = dtype,
                        .rows = shape[0],
                        .cols = shape[1],
                        .divisible = dtype == NLL_F32 && has_classes(spec) && shape[0] > 512};
    struct generator g = {.state = i, .classes = t->cols};
    size_t cells = t->rows * t->cols, lists = t->rows * SPEC_LISTED;
    bool soft = spec->target == SOFT;
    int failed = make(t, 5, &g, WEIGHTS, NLL_F64, t->rows);
    if (spec->distribution) return failed | make_distribution(t, &g, spec);
    enum domain spread = spec->form == LOG_SCALE || spec->form == LOG_VAR ? spec->domain : POSITIVE;
    failed |= make(t, 0, &g, spec->domain, dtype, cells);
    if (has_matrices(spec))
        failed |= make(t, 1, &g,
                       spec->family == MULTINOMIAL         ? COUNTS
                       : spec->family == DIRICHLET || soft ? UNIT
                                                           : spec->domain,
                       dtype, cells);
    else if (has_classes(spec))
        failed |=
            soft ? make(t, 1, &g, UNIT, dtype, cells)
                 : make(t, 1, &g, CLASS_INDEX, NLL_I64, spec->family == SPARSE ? lists : t->rows);
    else
        failed |= make(t, 1, &g,
                       spec->family == GAUSSIAN ? REALS
                       : soft                   ? UNIT
                                                : HARD,
                       dtype, t->rows);
    if (has_classes(spec))
        failed |= make(t, 2, &g, WEIGHTS, dtype, t->cols);
    else
        failed |= make(t, 2, &g, spec->family == GAUSSIAN ? spread : WEIGHTS, dtype, t->rows);
    if (spec->family == SPARSE) failed |= make(t, 3, &g, UNIT, dtype, lists);
    if (spec->family == SECOND) failed |= make(t, 3, &g, REALS, dtype, cells);
    return failed;
}

/* A new output, filled with a pattern that shows what was left out. */
nll_out spec_output(struct trial *t, nll_dtype dtype, size_t rows, size_t cols) {
    size_t bytes = rows * cols * nll_dtype_size(dtype);
    nll_out out = nll_out_2d(malloc(bytes), dtype, rows, cols);
    if (out.data) memset(out.data, 0xa5, bytes);
    t->outputs[t->output_count++] = out;
    return out;
}

nll_common spec_common(const struct trial *t, const struct spec *spec,
                       const nll_executor *executor) {
    nll_common common = {.reduction = spec->reduction, .executor = executor};
    if (spec->weights) common.sample_weight = nll_view_1d(t->inputs[5], NLL_F64, t->rows);
    return common;
}

/* Outputs are made one statement at a time: the digest depends on their order. */
static nll_status run_categorical(struct trial *t, const struct spec *spec,
                                  const nll_executor *executor, nll_result *result) {
    nll_dtype compute = spec_compute(t);
    nll_view x = nll_view_2d(t->inputs[0], t->dtype, t->rows, t->cols);
    if (spec->fortran) {
        x.row_stride = 1;
        x.col_stride = (ptrdiff_t)t->rows;
    }
    nll_categorical_args args = {.struct_size = sizeof args,
                                 .ignore_index = (int64_t)(t->cols / 2),
                                 .has_ignore_index = spec->ignore,
                                 .count_correct = spec->target == PLAIN,
                                 .label_smoothing = spec->smoothing,
                                 .z_loss = spec->z_loss,
                                 .temperature = spec->temperature,
                                 .softcap = spec->softcap,
                                 .common = spec_common(t, spec, executor)};
    args.nll = spec_output(t, compute, t->rows, 1);
    args.grad = spec_output(t, spec->in_place ? t->dtype : compute, t->rows, t->cols);
    args.mode = spec_output(t, NLL_I64, t->rows, 1);
    if (spec->form == LOGITS) args.lse = spec_output(t, NLL_F64, t->rows, 1);
    if (spec->in_place && args.grad.data) {
        memcpy(args.grad.data, x.data, t->rows * t->cols * nll_dtype_size(t->dtype));
        x.data = args.grad.data;
    }
    nll_view *const forms[] = {&args.logits, &args.log_probs, &args.probs};
    *forms[spec->form] = x;
    if (spec->weights) args.class_weight = nll_view_1d(t->inputs[2], t->dtype, t->cols);
    if (spec->target == SOFT) {
        args.target_probs = nll_view_2d(t->inputs[1], t->dtype, t->rows, t->cols);
        args.grad_target_probs = spec_output(t, compute, t->rows, t->cols);
    } else {
        args.target = nll_view_1d(t->inputs[1], NLL_I64, t->rows);
        args.p_target = spec_output(t, compute, t->rows, 1);
    }
    return nll_categorical(&args, result);
}

static nll_status run_bernoulli(struct trial *t, const struct spec *spec,
                                const nll_executor *executor, nll_result *result) {
    nll_bernoulli_args args = {.struct_size = sizeof args,
                               .rows = t->rows,
                               .target = nll_view_1d(t->inputs[1], t->dtype, t->rows),
                               .label_smoothing = spec->smoothing,
                               .common = spec_common(t, spec, executor)};
    args.nll = spec_output(t, spec_compute(t), t->rows, 1);
    args.grad = spec_output(t, spec_compute(t), t->rows, 1);
    args.mode = spec_output(t, spec_compute(t), t->rows, 1);
    *(spec->form == LOGITS ? &args.logits : &args.probs) =
        nll_view_1d(t->inputs[0], t->dtype, t->rows);
    if (spec->weights) args.pos_weight = nll_view_1d(t->inputs[2], t->dtype, t->rows);
    return nll_bernoulli(&args, result);
}

static nll_status run_gaussian(struct trial *t, const struct spec *spec,
                               const nll_executor *executor, nll_result *result) {
    nll_gaussian_args args = {.struct_size = sizeof args,
                              .rows = t->rows,
                              .loc = nll_view_1d(t->inputs[0], t->dtype, t->rows),
                              .target = nll_view_1d(t->inputs[1], t->dtype, t->rows),
                              .common = spec_common(t, spec, executor)};
    args.nll = spec_output(t, spec_compute(t), t->rows, 1);
    args.grad_loc = spec_output(t, spec_compute(t), t->rows, 1);
    args.mode = spec_output(t, spec_compute(t), t->rows, 1);
    nll_view *const spreads[] = {[SCALE] = &args.scale,
                                 [VAR] = &args.var,
                                 [LOG_SCALE] = &args.log_scale,
                                 [LOG_VAR] = &args.log_var};
    if (spec->form != FIXED) {
        *spreads[spec->form] = nll_view_1d(t->inputs[2], t->dtype, t->rows);
        args.grad_spread = spec_output(t, spec_compute(t), t->rows, 1);
    }
    return nll_gaussian(&args, result);
}

static nll_status run_kl(struct trial *t, const struct spec *spec, const nll_executor *executor,
                         nll_result *result) {
    nll_view p = nll_view_2d(t->inputs[0], t->dtype, t->rows, t->cols), q = p;
    q.data = t->inputs[1];
    nll_kl_args args = {.struct_size = sizeof args,
                        .direction = spec->direction,
                        .common = spec_common(t, spec, executor)};
    args.divergence = spec_output(t, NLL_F64, t->rows, 1);
    args.grad_p = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.grad_q = spec_output(t, spec_compute(t), t->rows, t->cols);
    *(spec->form == PROBS ? &args.p_probs : &args.p_logits) = p;
    *(spec->form == PROBS || spec->target == SOFT ? &args.q_probs : &args.q_logits) = q;
    return nll_kl(&args, result);
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void drop_outputs(struct trial *t) {
    while (t->output_count > 0) free(t->outputs[--t->output_count].data);
}

int trial_run(struct trial *t, size_t i, const nll_executor *executor) {
    static nll_status (*const run[])(struct trial *, const struct spec *, const nll_executor *,
                                     nll_result *) = {
        run_categorical, run_bernoulli, run_gaussian,     run_kl,      spec_scores,
        spec_sparse,     spec_second,   spec_sequences,   spec_shards, spec_multinomial,
        spec_dirichlet,  spec_axis,     spec_distribution};
    nll_result r = {.struct_size = sizeof r};
    drop_outputs(t);
    const struct spec spec = spec_of(i);
    t->status = run[spec.family](t, &spec, executor, &r);
    const uint64_t figures[TRIAL_FIGURES] = {
        r.count,        r.ignored,       r.nonfinite,      r.correct,      bits_of(r.weight_sum),
        bits_of(r.sum), bits_of(r.mean), bits_of(r.value), r.top_k_correct};
    memcpy(t->figures, figures, sizeof figures);
    for (size_t k = 0; k < t->output_count; k++)
        if (!t->outputs[k].data) return -1;
    return 0;
}

void trial_digest(const struct trial *t, struct digest *digest) {
    const int32_t status = t->status;
    digest_add(digest, &status, 1, sizeof status);
    digest_add(digest, t->figures, TRIAL_FIGURES, sizeof t->figures[0]);
    for (size_t k = 0; k < t->output_count; k++)
        digest_add(digest, t->outputs[k].data, t->outputs[k].rows * t->outputs[k].cols,
                   nll_dtype_size(t->outputs[k].dtype));
}

void trial_close(struct trial *t) {
    drop_outputs(t);
    for (size_t k = 0; k < TRIAL_INPUTS; k++) free(t->inputs[k]);
}
