/* fit_explain.c: why nll fit cannot go on, in one line. */
#include "error.h"
#include "fit.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* A number of two bytes: 1 sign, `exponent` and the rest for the fraction. */
static double of_half(uint16_t bits, int exponent) {
    int fraction = 15 - exponent, bias = (1 << (exponent - 1)) - 1;
    int power = bits >> fraction & ((1 << exponent) - 1);
    double rest = bits & ((1 << fraction) - 1);
    double x = ldexp(rest + (power ? 1 << fraction : 0), (power ? power : 1) - bias - fraction);
    if (power == (1 << exponent) - 1) x = rest > 0 ? (double)NAN : (double)INFINITY;
    return bits >> 15 ? -x : x;
}

static double real_at(const nll_view *view, size_t i) {
    if (view->dtype == NLL_NUMBER) return view->value; /* it has no data */
    const char *at = (const char *)view->data +
                     (ptrdiff_t)i * view->row_stride * (ptrdiff_t)nll_dtype_size(view->dtype);
    double x;
    float single;
    uint16_t half;
    switch (view->dtype) {
    case NLL_F64: memcpy(&x, at, sizeof x); return x;
    case NLL_F32: memcpy(&single, at, sizeof single); return (double)single;
    case NLL_F16:
    case NLL_BF16:
        memcpy(&half, at, sizeof half);
        return of_half(half, view->dtype == NLL_F16 ? 5 : 8);
    default: return (double)view_integer(view, i);
    }
}

static const struct range {
    const char *text;
    double least, most;
    bool open, whole;
} ranges[] = {[NLL_REAL] = {"finite numbers", -INFINITY, INFINITY, true, false},
              [NLL_POSITIVE] = {"numbers > 0", 0, INFINITY, true, false},
              [NLL_NONNEGATIVE] = {"numbers >= 0", 0, INFINITY, false, false},
              [NLL_UNIT] = {"numbers from 0 to 1", 0, 1, false, false},
              [NLL_OPEN_UNIT] = {"numbers between 0 and 1", 0, 1, true, false},
              [NLL_LOG] = {"logarithms", 0, 0, false, false},
              [NLL_LOGIT] = {"log-odds", 0, 0, false, false},
              [NLL_POWER] = {"numbers between 1 and 2", 1, 2, true, false},
              [NLL_COUNT] = {"0, 1, 2, ...", 0, INFINITY, false, true},
              [NLL_COUNT_TO_TOTAL] = {"0, 1, ... up to total-count", 0, INFINITY, false, true},
              [NLL_FROM_SCALE] = {"numbers from the scale (> 0) on", 0, INFINITY, true, false}};

static bool within(nll_domain domain, double x) {
    const struct range *r = &ranges[domain];
    if (domain == NLL_LOG || domain == NLL_LOGIT) return !isnan(x);
    bool inside = r->open ? x > r->least && x < r->most : x >= r->least && x <= r->most;
    return isfinite(x) && inside && !(r->whole && x != floor(x));
}

static const char *support(const char *model) {
    for (size_t i = 0; nll_distribution_at(i); i++)
        if (strcmp(nll_distribution_at(i)->name, model) == 0)
            return ranges[nll_distribution_at(i)->target_domain].text;
    return ranges[strcmp(model, "bernoulli") == 0 ? NLL_UNIT : NLL_REAL].text;
}

/* The parameter of the model that an option gives a value or a start; NULL: none of its. */
static const nll_parameter *parameter_of(const char *model, const struct fixable *x) {
    size_t count;
    const nll_parameter *p = nll_fit_parameters(model, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(p[i].name, x->name) == 0) return &p[i];
    return NULL;
}

static bool bad_weight(const struct fit *f, size_t row, double *x) {
    if (!f->weight.name) return false;
    *x = real_at(&f->args.sample_weight, row);
    return !(*x >= 0 && *x < INFINITY);
}
/* The option whose value in that row lies outside its domain, or NULL. */
static const struct fixable *bad_value(const struct fit *f, const char *model, size_t row,
                                       double *x) {
    for (size_t i = 0; i < f->fixable_count; i++) {
        const struct fixable *held = &f->fixable[i];
        const nll_parameter *p = held->given ? parameter_of(model, held) : NULL;
        if (!p) continue;
        nll_view view = fit_column(f, &held->input);
        *x = real_at(&view, row);
        if (!within(p->domain, *x)) return held;
    }
    return NULL;
}

bool fit_leaves_support(const struct fit *f, const struct fitted *x) {
    double value;
    size_t row = (size_t)x->result.bad_row;
    return x->status == NLL_E_DOMAIN && !bad_weight(f, row, &value) &&
           !bad_value(f, x->model, row, &value);
}

static int explain_row(const struct fit *f, const char *model, size_t row) {
    size_t shown = row + f->begin;
    double x;
    if (bad_weight(f, row, &x))
        return fail(EX_DATAERR, "%s: expected finite weights >= 0, found %g in row %zu; correct it",
                    f->weight.name, x, shown);
    const struct fixable *held = bad_value(f, model, row, &x);
    if (held)
        return fail(EX_DATAERR, "%s: expected %s for --%s of %s, found %.9g in row %zu; correct it",
                    held->input.name, ranges[parameter_of(model, held)->domain].text, held->flag,
                    model, x, shown);
    return fail(EX_DATAERR,
                "%s: expected %s for %s, found %.9g in row %zu; leave out the row or "
                "fit another model",
                f->target.name, support(model), model, real_at(&f->args.target, row), shown);
}

/* A parameter given twice, one that must be held and is not, a number outside its domain. */
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
    for (size_t i = 0; i < f->fixable_count; i++) {
        const struct fixable *x = &f->fixable[i];
        const nll_parameter *own = parameter_of(model, x);
        bool number = x->given && x->input.dtype == NLL_NUMBER;
        double value = number ? x->input.number : x->start_at;
        if (!own || !(number || x->start) || within(own->domain, value)) continue;
        return fail(EX_USAGE, "--%s%s: expected %s for %s, found %g; give a value in that domain",
                    number ? "" : "start ", x->flag, ranges[own->domain].text, model, value);
    }
    return fail(EX_USAGE, "%s: the forms named do not go together; see 'nll fit %s --help'", model,
                model);
}

int fit_explain(const struct fit *f, const struct fitted *x) {
    switch (x->status) {
    case NLL_E_DOMAIN: return explain_row(f, x->model, (size_t)x->result.bad_row);
    case NLL_E_VALUE: return explain_value(f, x->model);
    case NLL_E_MEMORY: return fail_memory();
    case NLL_E_EMPTY:
        return fail(EX_DATAERR, "%s: expected rows of weight other than 0, found none; give more",
                    f->target.name);
    case NLL_E_UNSUPPORTED: /* a model without a start is unknown already */
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
