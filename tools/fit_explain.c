/* fit_explain.c: why nll fit cannot go on, in one line. */
#include "error.h"
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A number out of the file, for an error line. */
static bool real_at(const nll_view *view, size_t i, double *value) {
    const char *at = (const char *)view->data +
                     (ptrdiff_t)i * view->row_stride * (ptrdiff_t)nll_dtype_size(view->dtype);
    float x;
    switch (view->dtype) {
    case NLL_F64: memcpy(value, at, sizeof *value); return true;
    case NLL_F32:
        memcpy(&x, at, sizeof x);
        *value = (double)x;
        return true;
    case NLL_F16:
    case NLL_BF16:
    case NLL_ABSENT: return false;
    case NLL_NUMBER: *value = view->value; return true;
    default: *value = (double)view_integer(view, i); return true;
    }
}

static const char *support(const char *model) {
    static const char *const texts[] = {[NLL_REAL] = "finite numbers",
                                        [NLL_POSITIVE] = "numbers > 0",
                                        [NLL_NONNEGATIVE] = "numbers >= 0",
                                        [NLL_UNIT] = "numbers from 0 to 1",
                                        [NLL_COUNT] = "0, 1, 2, ...",
                                        [NLL_COUNT_TO_TOTAL] = "0, 1, ... up to total-count",
                                        [NLL_FROM_SCALE] = "numbers from the scale (> 0) on"};
    for (size_t i = 0; nll_distribution_at(i); i++)
        if (strcmp(nll_distribution_at(i)->name, model) == 0)
            return texts[nll_distribution_at(i)->target_domain];
    return strcmp(model, "bernoulli") == 0 ? texts[NLL_UNIT] : texts[NLL_REAL];
}

static int explain_row(const struct fit *f, const char *model, int64_t row) {
    long long shown = (long long)row + (long long)f->begin;
    double x;
    char found[64] = "another";
    if (f->weight.name && real_at(&f->args.sample_weight, (size_t)row, &x) &&
        !(x >= 0 && x < INFINITY))
        return fail(EX_DATAERR,
                    "%s: expected finite weights >= 0, found %g in row %lld; correct it",
                    f->weight.name, x, shown);
    if (real_at(&f->args.target, (size_t)row, &x)) snprintf(found, sizeof found, "%.9g", x);
    for (size_t i = 0; i < f->fixable_count; i++)
        if (f->fixable[i].given && !f->fixable[i].input.single)
            return fail(EX_DATAERR,
                        "%s: expected %s for %s and parameters in their domain, found "
                        "another in row %lld, whose target is %s; correct it",
                        f->target.name, support(model), model, shown, found);
    return fail(EX_DATAERR,
                "%s: expected %s for %s, found %s in row %lld; leave out the row or "
                "fit another model",
                f->target.name, support(model), model, found, shown);
}

/* A parameter given twice, or one that must be held and is not. */
static int explain_value(const struct fit *f, const char *model) {
    size_t count;
    const nll_parameter *p = nll_fit_parameters(model, &count);
    const char *by_place[NLL_FIT_PARAMETERS] = {NULL};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < f->fixable_count; k++) {
            const struct fixable *x = &f->fixable[k];
            if (strcmp(x->name, p[i].name) != 0 || !(x->given || x->form)) continue;
            if (by_place[p[i].place])
                return fail(EX_USAGE, "%s: '%s' and '%s' are forms of one parameter; give one",
                            model, by_place[p[i].place], x->flag);
            by_place[p[i].place] = x->flag;
        }
    for (size_t i = 0; i < count; i++)
        if (!p[i].grad && !by_place[p[i].place])
            return fail(EX_USAGE,
                        "%s: '--%s' is needed, as it cannot be fitted; give a number or "
                        "a file",
                        model, strcmp(p[i].name, "power") == 0 ? "power" : "total-count");
    return fail(EX_USAGE,
                "%s: a value given for a parameter, or a combination of forms, is out of "
                "its domain; see 'nll fit %s --help'",
                model, model);
}

int fit_explain(const struct fit *f, const struct fitted *x) {
    switch (x->status) {
    case NLL_E_DOMAIN: return explain_row(f, x->model, x->result.bad_row);
    case NLL_E_VALUE: return explain_value(f, x->model);
    case NLL_E_MEMORY: return fail_memory();
    case NLL_E_EMPTY:
        return fail(EX_DATAERR, "%s: expected rows of weight other than 0, found none; give more",
                    f->target.name);
    case NLL_E_UNSUPPORTED:
        return fail(EX_UNAVAILABLE,
                    "%s: the loc cannot be fitted for scales that differ by row; "
                    "hold loc, or give one scale",
                    x->model);
    default:
        return fail(EX_SOFTWARE, "%s: %s (status %d); please report this", x->model,
                    nll_status_string(x->status), (int)x->status);
    }
}

int fit_comparable(const struct fit *f) {
    const char *first[2] = {NULL, NULL};
    for (size_t i = 0; i < f->model_count; i++) {
        const char *model = f->models[i];
        if (strcmp(model, "tweedie") == 0)
            return fail(EX_USAGE, "--compare: tweedie is no density and has no AIC; leave it out");
        int counts = 0;
        for (size_t k = 0; nll_distribution_at(k); k++)
            if (strcmp(nll_distribution_at(k)->name, model) == 0)
                counts = !nll_distribution_at(k)->grad_target;
        counts |= strcmp(model, "bernoulli") == 0;
        if (!first[counts]) first[counts] = model;
    }
    if (!first[0] || !first[1]) return 0;
    return fail(EX_USAGE,
                "--compare: %s has densities and %s probabilities, which do not compare; "
                "name models of one kind",
                first[0], first[1]);
}
