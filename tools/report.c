/* report.c: see report.h. */
#include "report.h"
#include "error.h"
#include "json_number.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const double LN_2 = 0x1.62e42fefa39efp-1;

/* Numbers that follow from the result. */
struct figures {
    double unit; /* what sums and means are divided by */
    double bits, perplexity, bits_per_byte, accuracy, rate;
};

static struct figures derive(const struct report *r) {
    const nll_result *result = &r->result;
    struct figures f = {.unit = r->settings->bits ? LN_2 : 1,
                        .bits = result->mean / LN_2,
                        .bits_per_byte = result->sum / (LN_2 * (double)r->settings->bytes),
                        .accuracy = (double)result->correct / (double)result->count,
                        .rate = r->seconds > 0 ? r->bytes / r->seconds / 1e9 : 0};
    /* The library's exp gives the same digits on every machine; libm's need not. */
    nll_vexp(1, nll_view_1d(&result->mean, NLL_F64, 1), nll_out_1d(&f.perplexity, NLL_F64, 1));
    return f;
}

static bool has_perplexity(const struct report *r) {
    return r->model->perplexity || r->sequences->given;
}

static json_t *integer(uint64_t value) { return json_integer((json_int_t)value); }

/* Two distributions, not one and a target. */
static bool is_pair(const struct report *r) { return strcmp(r->model->command, "kl-dist") == 0; }

static int print_json(const struct report *r, FILE *out) {
    const nll_result *result = &r->result;
    struct figures f = derive(r);
    const struct {
        const char *key;
        bool applies;
        json_t *value;
    } members[] = {
        {"schema", true, json_integer(1)},
        {"model", true, json_string(r->model->name)},
        {"divergence", is_pair(r), json_string("kl")},
        {"dtype", true, json_string(nll_dtype_name(r->dtype))},
        {"compute", true, json_string(nll_dtype_name(result->compute))},
        {"isa", true, json_string(nll_isa_active())},
        {"threads", true, json_integer(r->threads)},
        {"rows", true, integer(result->rows)},
        {"cols", r->cols > 0, integer(r->cols)},
        {"count", true, integer(result->count)},
        {"ignored", true, integer(result->ignored)},
        {"nonfinite", true, integer(result->nonfinite)},
        {"sequences", r->sequences->given, integer(r->sequences->count)},
        {"weight_sum", true, json_number(result->weight_sum)},
        {"unit", true, json_string(r->settings->bits ? "bits" : "nats")},
        {"sum", true, json_number(result->sum / f.unit)},
        {"sum_hex", true, json_hex(result->sum / f.unit)},
        {"mean", true, json_number(result->mean / f.unit)},
        {"value", true,
         r->settings->reduction == NLL_NONE ? json_null() : json_number(result->value / f.unit)},
        {"standard_error", r->sequences->given, json_number(r->sequences->standard_error / f.unit)},
        {"bits", true, json_number(f.bits)},
        {"perplexity", has_perplexity(r), json_number(f.perplexity)},
        {"bits_per_byte", r->settings->bytes > 0, json_number(f.bits_per_byte)},
        {"accuracy", r->labels, json_number(f.accuracy)},
        {"seconds", true, json_number(r->seconds)},
        {"bytes", true, integer((uint64_t)r->bytes)},
        {"gb_per_s", true, json_number(f.rate)},
        {"digest", true, json_string(r->digest)},
        {"version", true, json_string(nll_version())},
    };
    json_t *object = json_object();
    int failed = !object;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].applies) failed |= json_object_set(object, members[i].key, members[i].value);
        json_decref(members[i].value);
    }
    for (size_t i = 0; i < r->metrics->count; i++) {
        const struct figure *figure = &r->metrics->figures[i];
        json_t *value = json_number(figure->nats ? figure->value / f.unit : figure->value);
        failed |= json_object_set_new(object, figure->key, value);
    }
    char *text = failed ? NULL : json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    if (!text) return fail_memory();
    fprintf(out, "%s\n", text);
    free(text);
    return 0;
}

__attribute__((format(printf, 3, 4))) static void line(FILE *out, const char *label,
                                                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(out, "  %-15s", label);
    vfprintf(out, format, args);
    fputc('\n', out);
    va_end(args);
}

static void print_text(const struct report *r, FILE *out) {
    const nll_result *result = &r->result;
    struct figures f = derive(r);
    const char *unit = r->settings->bits ? "bits" : "nats";
    fprintf(out, "%s%s: %llu rows", is_pair(r) ? "kl " : "", r->model->name,
            (unsigned long long)result->rows);
    if (r->cols) fprintf(out, " of %zu classes", r->cols);
    fprintf(out, ", %s\n\n", nll_dtype_name(r->dtype));
    if (has_perplexity(r)) line(out, "perplexity", "%.6g", f.perplexity);
    if (r->settings->bytes) line(out, "bits per byte", "%.6g", f.bits_per_byte);
    if (r->labels) line(out, "accuracy", "%.4g %%", 100 * f.accuracy);
    for (size_t i = 0; i < r->metrics->count; i++) {
        const struct figure *figure = &r->metrics->figures[i];
        if (figure->percent)
            line(out, figure->label, "%.4g %%", 100 * figure->value);
        else
            line(out, figure->label, "%.6g%s%s", figure->value / (figure->nats ? f.unit : 1),
                 figure->nats ? " " : "", figure->nats ? unit : "");
    }
    line(out, "mean", "%.9g %s%s", result->mean / f.unit, unit,
         r->settings->reduction == NLL_MEAN ? "  (the value)" : "");
    if (!r->settings->bits) line(out, "", "%.9g bits", f.bits);
    line(out, "sum", "%.17g %s%s", result->sum / f.unit, unit,
         r->settings->reduction == NLL_SUM ? "  (the value)" : "");
    if (result->weight_sum != (double)result->count)
        line(out, "weights", "%.9g in all", result->weight_sum);
    line(out, "rows", "%llu counted, %llu ignored, %llu not finite",
         (unsigned long long)result->count, (unsigned long long)result->ignored,
         (unsigned long long)result->nonfinite);
    if (r->sequences->given) {
        line(out, "sequences", "%zu", r->sequences->count);
        line(out, "standard error", "%.6g %s of the mean, over the rows",
             r->sequences->standard_error / f.unit, unit);
    }
    line(out, "time", "%.3g s, %.3g GB/s, %s, %d thread%s", r->seconds, f.rate, nll_isa_active(),
         r->threads, r->threads == 1 ? "" : "s");
    line(out, "digest", "%s", r->digest);
}

int report_print(const struct report *report, FILE *out) {
    int code = 0;
    if (report->settings->json)
        code = print_json(report, out);
    else if (!report->settings->quiet)
        print_text(report, out);
    if (!code && (fflush(out) || ferror(out)))
        code = fail(EX_IOERR, "standard output: cannot write the summary: %s", strerror(errno));
    return code;
}
