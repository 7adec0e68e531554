/* fit_report.c: what nll fit prints. */
#include "error.h"
#include "fit.h"
#include "json_number.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *fit_outcome_word(nll_fit_outcome outcome) {
    static const char *const words[] = {"converged",    "boundary",   "limit",  "unbounded",
                                        "unidentified", "iterations", "stalled"};
    return words[outcome];
}

/* ---- the ranking */

bool fit_has_maximum(const struct fitted *x) {
    return x->status == NLL_OK && x->result.converged && isfinite(x->result.log_likelihood);
}

const char *fit_verdict(const struct fitted *x) {
    nll_fit_outcome o = x->result.outcome;
    return o == NLL_FIT_ITERATIONS || o == NLL_FIT_STALLED ? "not found" : "no maximum";
}

static bool better(const struct fitted *a, const struct fitted *b) {
    if (fit_has_maximum(a) != fit_has_maximum(b)) return fit_has_maximum(a);
    return fit_has_maximum(a) && a->result.aic < b->result.aic;
}

void fit_rank(struct fit_report *r) {
    for (size_t i = 1; i < r->count; i++) /* few, and equals keep their order */
        for (size_t k = i; k > 0 && better(&r->fits[k], &r->fits[k - 1]); k--) {
            struct fitted swap = r->fits[k];
            r->fits[k] = r->fits[k - 1];
            r->fits[k - 1] = swap;
        }
    double sum = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct fitted *x = &r->fits[i];
        x->delta = x->weight = (double)NAN;
        if (!fit_has_maximum(x)) continue;
        x->delta = x->result.aic - r->fits[0].result.aic;
        double half = -x->delta / 2; /* the library's exp has the same digits on every machine */
        nll_vexp(1, nll_view_1d(&half, NLL_F64, 1), nll_out_1d(&x->weight, NLL_F64, 1));
        sum += x->weight;
    }
    for (size_t i = 0; i < r->count; i++) r->fits[i].weight /= sum;
}

/* ---- JSON */

static json_t *estimates(const nll_fit_result *r) {
    json_t *list = json_array();
    for (int i = 0; i < r->parameter_count; i++) {
        const nll_fit_estimate *e = &r->estimate[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:b}", "name", e->name,
                                              "estimate", json_number(e->value), "estimate_hex",
                                              json_hex(e->value), "standard_error",
                                              json_number(e->standard_error), "fixed", e->fixed));
    }
    return list;
}

static json_t *covariance(const nll_fit_result *r) {
    json_t *rows = json_array();
    for (int i = 0; i < r->parameter_count; i++) {
        json_t *row = json_array();
        for (int j = 0; j < r->parameter_count; j++)
            json_array_append_new(row, json_number(r->covariance[i][j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *one_fit(const struct fit_report *report, const struct fitted *x) {
    const nll_fit_result *r = &x->result;
    json_t *o = json_object();
    json_object_set_new(o, "model", json_string(x->model));
    json_object_set_new(o, "converged", json_boolean(x->status == NLL_OK && r->converged));
    if (x->status != NLL_OK) {
        json_object_set_new(o, "outcome", json_string("outside"));
        json_object_set_new(o, "bad_row", json_integer((json_int_t)report->begin + r->bad_row));
        return o;
    }
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"outcome", json_string(fit_outcome_word(r->outcome))},
        {"about", r->parameter < 0 ? json_null() : json_string(r->estimate[r->parameter].name)},
        {"parameters", estimates(r)},
        {"covariance", covariance(r)},
        {"log_likelihood", json_number(r->log_likelihood)},
        {"log_likelihood_hex", json_hex(r->log_likelihood)},
        {"free", json_integer(r->free_count)},
        {"aic", json_number(r->aic)},
        {"bic", json_number(r->bic)},
        {"gradient_norm", json_number(r->gradient_norm)},
        {"iterations", json_integer(r->iterations)},
        {"passes", json_integer(r->passes)},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set_new(o, members[i].key, members[i].value);
    if (report->compare) {
        json_object_set_new(o, "delta_aic", json_number(x->delta));
        json_object_set_new(o, "weight", json_number(x->weight));
    }
    return o;
}

static const struct fitted *first_done(const struct fit_report *r) {
    for (size_t i = 0; i < r->count; i++)
        if (r->fits[i].status == NLL_OK) return &r->fits[i];
    return &r->fits[0];
}

static int print_json(const struct fit_report *r) {
    json_t *o = r->compare ? json_object() : one_fit(r, &r->fits[0]);
    const nll_fit_result *data = &first_done(r)->result;
    json_object_set_new(o, "schema", json_integer(1));
    json_object_set_new(o, "dtype", json_string(nll_dtype_name(r->dtype)));
    json_object_set_new(o, "isa", json_string(nll_isa_active()));
    json_object_set_new(o, "threads", json_integer(r->threads));
    json_object_set_new(o, "rows", json_integer((json_int_t)data->rows));
    json_object_set_new(o, "count", json_integer((json_int_t)data->count));
    json_object_set_new(o, "weight_sum", json_number(data->weight_sum));
    json_object_set_new(o, "seconds", json_number(r->seconds));
    json_object_set_new(o, "version", json_string(nll_version()));
    if (r->compare) {
        json_t *list = json_array();
        for (size_t i = 0; i < r->count; i++) json_array_append_new(list, one_fit(r, &r->fits[i]));
        json_object_set_new(o, "models", list);
    }
    char *text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    if (!text) return fail_memory();
    puts(text);
    free(text);
    return 0;
}

/* ---- text */

static void heading(const struct fit_report *r, const nll_fit_result *data, const char *what) {
    printf("%s: %llu rows, %s", what, (unsigned long long)data->rows, nll_dtype_name(r->dtype));
    if (data->weight_sum != (double)data->rows) printf(", weights %.9g in all", data->weight_sum);
    puts("\n");
}

static void footer(const struct fit_report *r) {
    printf("  %-15s%.3g s, %s, %d thread%s\n", "time", r->seconds, nll_isa_active(), r->threads,
           r->threads == 1 ? "" : "s");
}

/* Of the first digit. */
static int exponent10(double x) {
    char text[32];
    snprintf(text, sizeof text, "%.0e", x);
    return atoi(strchr(text, 'e') + 1);
}
/* Digits down to a hundredth of the standard error. */
static int digits_of(const nll_fit_estimate *e) {
    if (!isfinite(e->value) || !(e->standard_error > 0) || isinf(e->standard_error)) return 10;
    int digits = exponent10(e->value) - exponent10(e->standard_error) + 3;
    return e->value == 0 || digits < 7 ? 7 : digits > 17 ? 17 : digits;
}

static void print_one(const struct fit_report *r) {
    const nll_fit_result *f = &r->fits[0].result;
    heading(r, f, r->fits[0].model);
    printf("  %-15s %24s %18s\n", "parameter", "estimate", "standard error");
    for (int i = 0; i < f->parameter_count; i++) {
        const nll_fit_estimate *e = &f->estimate[i];
        if (e->fixed && isnan(e->value))
            printf("  %-15s %24s %18s\n", e->name, "by row", "held");
        else if (e->fixed || isnan(e->standard_error))
            printf("  %-15s %24.10g %18s\n", e->name, e->value, e->fixed ? "held" : "none");
        else
            printf("  %-15s %24.*g %18.6g\n", e->name, digits_of(e), e->value, e->standard_error);
    }
    printf("\n  %-15s%.12g nats\n", "log-likelihood", f->log_likelihood);
    if (isnan(f->aic)) {
        printf("  %-15snone: %s is no density\n", "AIC, BIC", r->fits[0].model);
    } else {
        printf("  %-15s%.9g\n", "AIC", f->aic);
        printf("  %-15s%.9g\n", "BIC", f->bic);
    }
    printf("  %-15s%s%s%s, %d step%s, %d pass%s over the data\n", "outcome",
           nll_fit_outcome_string(f->outcome), f->parameter < 0 ? "" : ": ",
           f->parameter < 0 ? "" : f->estimate[f->parameter].name, f->iterations,
           f->iterations == 1 ? "" : "s", f->passes, f->passes == 1 ? "" : "es");
    footer(r);
}

static void print_ranking(const struct fit_report *r) {
    heading(r, &first_done(r)->result, "comparison");
    printf("  %-22s %2s %17s %14s %10s %7s %14s\n", "model", "k", "log-likelihood", "AIC", "delta",
           "weight", "BIC");
    for (size_t i = 0; i < r->count; i++) {
        const struct fitted *x = &r->fits[i];
        const nll_fit_result *f = &x->result;
        if (x->status != NLL_OK)
            printf("  %-22s the data leave its support in row %lld\n", x->model,
                   (long long)r->begin + f->bad_row);
        else if (!fit_has_maximum(x))
            printf("  %-22s %s: %s\n", x->model, fit_verdict(x),
                   nll_fit_outcome_string(f->outcome));
        else
            printf("  %-22s %2d %17.9g %14.8g %10.4g %7.4f %14.8g\n", x->model, f->free_count,
                   f->log_likelihood, f->aic, x->delta, x->weight, f->bic);
    }
    puts("");
    footer(r);
}

int fit_print(const struct fit_report *r) {
    int code = 0;
    if (r->json)
        code = print_json(r);
    else if (!r->quiet && r->compare)
        print_ranking(r);
    else if (!r->quiet && r->fits[0].status == NLL_OK)
        print_one(r);
    if (!code && (fflush(stdout) || ferror(stdout)))
        code = fail(EX_IOERR, "standard output: cannot write the account: %s", strerror(errno));
    return code;
}
