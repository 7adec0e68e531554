/* selftest_rows.c: calls of the self test beside the plain ones of selftest_cases.c.  Outputs are
 * made one statement at a time: the digest depends on their order. */
#include "selftest_spec.h"

#include <stdlib.h>
#include <string.h>

static nll_categorical_args categorical(struct trial *t, const struct spec *spec,
                                        const nll_executor *executor) {
    nll_categorical_args args = {.struct_size = sizeof args,
                                 .ignore_index = (int64_t)(t->cols / 2),
                                 .has_ignore_index = spec->ignore,
                                 .label_smoothing = spec->smoothing,
                                 .z_loss = spec->z_loss,
                                 .temperature = spec->temperature,
                                 .softcap = spec->softcap,
                                 .common = spec_common(t, spec, executor)};
    nll_view *const forms[] = {&args.logits, &args.log_probs, &args.probs};
    *forms[spec->form] = nll_view_2d(t->inputs[0], t->dtype, t->rows, t->cols);
    args.nll = spec_output(t, spec_compute(t), t->rows, 1);
    return args;
}

nll_status spec_scores(struct trial *t, const struct spec *spec, const nll_executor *executor,
                       nll_result *result) {
    nll_categorical_args args = categorical(t, spec, executor);
    args.target = nll_view_1d(t->inputs[1], NLL_I64, t->rows);
    args.top_k = 3;
    args.rank = spec_output(t, NLL_I64, t->rows, 1);
    args.margin = spec_output(t, NLL_F64, t->rows, 1);
    args.entropy = spec_output(t, NLL_F64, t->rows, 1);
    args.confidence = spec_output(t, NLL_F64, t->rows, 1);
    args.brier = spec_output(t, NLL_F64, t->rows, 1);
    return nll_categorical(&args, result);
}

nll_status spec_sparse(struct trial *t, const struct spec *spec, const nll_executor *executor,
                       nll_result *result) {
    nll_categorical_args args = categorical(t, spec, executor);
    args.target_index = nll_view_2d(t->inputs[1], NLL_I64, t->rows, SPEC_LISTED);
    args.target_probs = nll_view_2d(t->inputs[3], t->dtype, t->rows, SPEC_LISTED);
    float few[SPEC_LISTED] = {0.25F, 0, 0.375F};
    if (spec->tail == NLL_TAIL_BUCKET) { /* sums of at most 1, the same in every row */
        args.target_probs = nll_view_2d(few, NLL_F32, t->rows, SPEC_LISTED);
        args.target_probs.row_stride = 0;
    }
    args.tail = spec->tail;
    if (spec->weights) args.class_weight = nll_view_1d(t->inputs[2], t->dtype, t->cols);
    args.grad = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.grad_target_probs = spec_output(t, spec_compute(t), t->rows, SPEC_LISTED);
    return nll_categorical(&args, result);
}

nll_status spec_second(struct trial *t, const struct spec *spec, const nll_executor *executor,
                       nll_result *result) {
    nll_categorical_args args = categorical(t, spec, executor);
    if (spec->target == SOFT)
        args.target_probs = nll_view_2d(t->inputs[1], t->dtype, t->rows, t->cols);
    else
        args.target = nll_view_1d(t->inputs[1], NLL_I64, t->rows);
    args.vector = nll_view_2d(t->inputs[3], t->dtype, t->rows, t->cols);
    args.hess = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.hvp = spec_output(t, spec_compute(t), t->rows, t->cols);
    return nll_categorical(&args, result);
}

/* Three sequences, the second of them empty. */
nll_status spec_sequences(struct trial *t, const struct spec *spec, const nll_executor *executor,
                          nll_result *result) {
    const int64_t rows = (int64_t)t->rows, offsets[] = {0, rows / 3, rows / 3, rows};
    nll_categorical_args args = categorical(t, spec, executor);
    args.target = nll_view_1d(t->inputs[1], NLL_I64, t->rows);
    args.offsets = nll_view_1d(offsets, NLL_I64, 4);
    args.shift = 1;
    args.grad = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.weight = spec_output(t, NLL_F64, t->rows, 1);
    nll_status status = nll_categorical(&args, result);
    nll_sequences_args of = {.struct_size = sizeof of,
                             .nll = nll_view_1d(args.nll.data, args.nll.dtype, t->rows),
                             .weight = nll_view_1d(args.weight.data, NLL_F64, t->rows),
                             .offsets = args.offsets,
                             .bytes = nll_number(100),
                             .executor = executor};
    of.sum = spec_output(t, NLL_F64, 3, 1);
    of.count = spec_output(t, NLL_I64, 3, 1);
    of.perplexity = spec_output(t, NLL_F64, 3, 1);
    of.standard_error = spec_output(t, NLL_F64, 3, 1);
    of.bits_per_byte = spec_output(t, NLL_F64, 3, 1);
    return status == NLL_OK ? nll_sequences(&of) : status;
}

/* The last shard first; the gradient is that of the one which comes last. */
nll_status spec_shards(struct trial *t, const struct spec *spec, const nll_executor *executor,
                       nll_result *result) {
    const size_t cut[] = {0, t->cols / 3, t->cols / 3 * 2, t->cols};
    nll_lse_state *state = calloc(t->rows, sizeof *state);
    nll_categorical_shard_args args = {.struct_size = sizeof args,
                                       .classes = t->cols,
                                       .target = nll_view_1d(t->inputs[1], NLL_I64, t->rows),
                                       .common = spec_common(t, spec, executor)};
    nll_out nll = spec_output(t, NLL_F64, t->rows, 1), lse = spec_output(t, NLL_F64, t->rows, 1);
    nll_status status = state ? nll_lse_init(t->rows, state) : NLL_E_MEMORY;
    for (int k = 3; k-- > 0 && status == NLL_OK;) {
        if (cut[k + 1] == cut[k]) continue;
        args.logits = nll_view_2d((const char *)t->inputs[0] + cut[k] * nll_dtype_size(t->dtype),
                                  t->dtype, t->rows, cut[k + 1] - cut[k]);
        args.logits.row_stride = (ptrdiff_t)t->cols;
        args.first_class = cut[k];
        status = nll_lse_update(&args, state);
    }
    args.grad = spec_output(t, spec_compute(t), t->rows, args.logits.cols);
    args.nll = nll;
    args.lse = lse;
    if (status == NLL_OK) status = nll_categorical_shard(&args, state, result);
    free(state);
    return status;
}

nll_status spec_multinomial(struct trial *t, const struct spec *spec, const nll_executor *executor,
                            nll_result *result) {
    nll_multinomial_args args = {.struct_size = sizeof args,
                                 .target = nll_view_2d(t->inputs[1], t->dtype, t->rows, t->cols),
                                 .common = spec_common(t, spec, executor)};
    *(spec->form == PROBS ? &args.probs : &args.logits) =
        nll_view_2d(t->inputs[0], t->dtype, t->rows, t->cols);
    args.nll = spec_output(t, NLL_F64, t->rows, 1);
    args.grad = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.mode = spec_output(t, NLL_F64, t->rows, t->cols);
    return nll_multinomial(&args, result);
}

nll_status spec_dirichlet(struct trial *t, const struct spec *spec, const nll_executor *executor,
                          nll_result *result) {
    nll_dirichlet_args args = {.struct_size = sizeof args,
                               .concentration =
                                   nll_view_2d(t->inputs[0], t->dtype, t->rows, t->cols),
                               .target = nll_view_2d(t->inputs[1], t->dtype, t->rows, t->cols),
                               .common = spec_common(t, spec, executor)};
    args.nll = spec_output(t, NLL_F64, t->rows, 1);
    args.grad = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.grad_target = spec_output(t, spec_compute(t), t->rows, t->cols);
    args.mode = spec_output(t, NLL_F64, t->rows, t->cols);
    return nll_dirichlet(&args, result);
}

/* The functions of rows.h, one after the other; g is the second input. */
nll_status spec_axis(struct trial *t, const struct spec *spec, const nll_executor *executor,
                     nll_result *result) {
    const size_t shape[2] = {spec->fortran ? t->cols : t->rows, spec->fortran ? t->rows : t->cols};
    const size_t row[2] = {spec->fortran ? 1 : t->rows, spec->fortran ? t->rows : 1};
    const int axis = spec->fortran ? 0 : 1;
    nll_dtype compute = spec_compute(t);
    nll_rows x = nll_rows_in(t->inputs[0], t->dtype, shape, 2, axis);
    nll_rows g = nll_rows_in(t->inputs[1], t->dtype, shape, 2, axis);
    nll_out to[5];
    to[0] = spec_output(t, compute, t->rows, 1);
    for (int k = 1; k < 5; k++) to[k] = spec_output(t, compute, t->rows, t->cols);
    nll_rows_out out[5];
    for (int k = 0; k < 5; k++) out[k] = nll_rows_to(to[k].data, compute, k ? shape : row, 2, axis);
    nll_rows p = nll_rows_in(to[1].data, compute, shape, 2, axis);
    result->count = t->rows;
    nll_status status = nll_logsumexp(x, out[0], executor);
    if (status == NLL_OK) status = nll_softmax(x, out[1], executor);
    if (status == NLL_OK) status = nll_log_softmax(x, out[2], executor);
    if (status == NLL_OK) status = nll_softmax_vjp(p, g, out[3], executor);
    if (status == NLL_OK) status = nll_log_softmax_vjp(x, g, out[4], executor);
    return status;
}

static void set_output(struct trial *t, void *args, size_t offset, nll_dtype dtype) {
    nll_out out = spec_output(t, dtype, t->rows, 1);
    memcpy((char *)args + offset, &out, sizeof out);
}

/* By the library's own table. */
nll_status spec_distribution(struct trial *t, const struct spec *spec, const nll_executor *executor,
                             nll_result *result) {
    const nll_distribution *d = spec->distribution;
    char *args = calloc(1, d->args_size);
    if (!args) return NLL_E_MEMORY;
    nll_common common = spec_common(t, spec, executor);
    memcpy(args, &d->args_size, sizeof d->args_size);
    memcpy(args + d->rows, &t->rows, sizeof t->rows);
    memcpy(args + d->common, &common, sizeof common);
    set_output(t, args, d->nll, spec_compute(t));
    unsigned place = 0;
    for (const nll_parameter *p; (p = spec_parameter(spec, place)); place++) {
        nll_view view = nll_view_1d(t->inputs[place], t->dtype, t->rows);
        memcpy(args + p->view, &view, sizeof view);
        if (p->grad) set_output(t, args, p->grad, spec_compute(t));
        if (p->hess) set_output(t, args, p->hess, spec_compute(t));
        if (p->fisher) set_output(t, args, p->fisher, spec_compute(t));
    }
    nll_view target = nll_view_1d(t->inputs[place], t->dtype, t->rows);
    memcpy(args + d->target, &target, sizeof target);
    if (d->grad_target) set_output(t, args, d->grad_target, spec_compute(t));
    if (d->mode) set_output(t, args, d->mode, spec_compute(t));
    if (d->mean) set_output(t, args, d->mean, spec_compute(t));
    if (d->variance) set_output(t, args, d->variance, spec_compute(t));
    nll_status status = nll_score(d, args, result);
    free(args);
    return status;
}
