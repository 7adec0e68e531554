/* check_models.c: totals, and the element-wise models. */
#include "check_models.h"

#include "kernel.h"
#include "oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double sample_weight_of(const nll_common *c, size_t i) {
    return is_absent(&c->sample_weight) ? 1.0 : view_get(&c->sample_weight, i, 0);
}

long double grad_scale(const nll_common *c, size_t i, double weight, double weight_sum) {
    long double g = is_absent(&c->grad_output) ? 1.0 : view_get(&c->grad_output, i, 0);
    if (weight == 0) return 0; /* also where the weights sum to 0 */
    if (c->reduction == NLL_MEAN) g /= c->divisor > 0 ? c->divisor : weight_sum;
    return g * weight;
}

void totals_add(struct totals *t, double nll, double weight, double divisor_weight) {
    t->rows++;
    t->count++;
    t->nonfinite += !isfinite(nll);
    t->weight_sum += divisor_weight;
    if (weight == 0) return; /* a row of weight 0 adds nothing, be it NaN */
    t->sum += (long double)weight * nll;
    t->magnitude += fabsl((long double)weight * nll);
}

void totals_check(const struct totals *t, const nll_result *r, const nll_common *c,
                  const char *label) {
    cr_expect_eq(r->rows, t->rows, "%s: rows %ju, not %ju", label, r->rows, t->rows);
    cr_expect_eq(r->count, t->count, "%s: count %ju, not %ju", label, r->count, t->count);
    cr_expect_eq(r->ignored, t->ignored, "%s: ignored %ju, not %ju", label, r->ignored, t->ignored);
    cr_expect_eq(r->nonfinite, t->nonfinite, "%s: nonfinite %ju, not %ju", label, r->nonfinite,
                 t->nonfinite);
    cr_expect_eq(r->bad_row, -1, "%s: bad_row %jd", label, r->bad_row);
    /* A tree of double sums: its depth is below 64, and it is never worse than 1 ULP per level;
     * measured sums are far better.  1e-15 is the stated bound. */
    struct tally sum = {.what = "sum", .limit = 1}, weights = {.what = "weight_sum", .limit = 1};
    tally_add(&sum, 0, 0, r->sum, t->sum, 1e-15L * t->magnitude, 0, huge_of(NLL_F64));
    tally_add(&weights, 0, 0, r->weight_sum, t->weight_sum, 1e-15L * t->weight_sum, 0, INFINITY);
    tally_check(&sum, label);
    tally_check(&weights, label);
    double divisor = c->reduction == NLL_MEAN && c->divisor > 0 ? c->divisor : r->weight_sum;
    if (t->count > 0)
        cr_expect(same_bits(r->mean, r->sum / divisor), "%s: mean %a is not %a / %a", label,
                  r->mean, r->sum, divisor);
    double value = c->reduction == NLL_MEAN ? r->mean : c->reduction == NLL_SUM ? r->sum : NAN;
    cr_expect(same_bits(r->value, value), "%s: value %a, not %a", label, r->value, value);
}

static nll_dtype compute_type(const nll_view *a, const nll_view *b, const nll_view *c) {
    return a->dtype == NLL_F64 || b->dtype == NLL_F64 || c->dtype == NLL_F64 ? NLL_F64 : NLL_F32;
}

/* What one element-wise call has shown. */
struct map_run {
    nll_dtype type;
    nll_out nll, grad[2];
    struct tally t_nll, t_grad[2];
    struct totals totals;
    nll_result r;
};

static void map_begin(struct map_run *m, nll_dtype type, size_t rows, int grads, double limit) {
    *m = (struct map_run){.type = type, .r = {.struct_size = sizeof m->r}};
    m->nll = nll_out_1d(new_doubles(rows), NLL_F64, rows);
    m->t_nll = (struct tally){.what = "nll", .limit = limit};
    for (int k = 0; k < grads; k++) {
        m->grad[k] = nll_out_1d(new_doubles(rows), NLL_F64, rows);
        /* one more rounding when the scale of the gradient is not 1 but itself rounded */
        m->t_grad[k] = (struct tally){.what = k ? "grad 1" : "grad 0", .limit = limit};
    }
}

static void note(struct tally *t, int worst, const double inputs[3]) {
    if (worst) memcpy(t->inputs, inputs, sizeof t->inputs);
}

static void map_row(struct map_run *m, const nll_common *c, size_t i, const struct oracle_map *want,
                    int grads, const double inputs[3]) {
    double nll = out_get(&m->nll, i, 0), w = sample_weight_of(c, i);
    double tiny = tiny_of(m->type), huge = huge_of(m->type);
    long double ulp = ulp_of(m->type, want->nll.mag);
    note(&m->t_nll, tally_add(&m->t_nll, i, 0, nll, want->nll.v, ulp, tiny, huge), inputs);
    long double s = grad_scale(c, i, w, m->r.weight_sum);
    for (int k = 0; k < grads; k++) {
        long double v = want->grad[k].v * s, mag = want->grad[k].mag * fabsl(s);
        if (s == 0) v = mag = 0;
        note(&m->t_grad[k],
             tally_add(&m->t_grad[k], i, 0, out_get(&m->grad[k], i, 0), v, ulp_of(m->type, mag),
                       tiny * (1 + fabs((double)s)), huge),
             inputs);
    }
    totals_add(&m->totals, nll, w, w);
}

static void map_end(struct map_run *m, const nll_common *c, int grads, const char *label) {
    tally_check(&m->t_nll, label);
    for (int k = 0; k < grads; k++) {
        tally_check(&m->t_grad[k], label);
        free(m->grad[k].data);
    }
    cr_expect_eq(m->r.compute, m->type, "%s: computed in %s", label, nll_dtype_name(m->r.compute));
    totals_check(&m->totals, &m->r, c, label);
    free(m->nll.data);
}

void check_bernoulli(const nll_bernoulli_args *args, const char *label) {
    nll_bernoulli_args a = *args;
    int logits = !is_absent(&a.logits);
    nll_view none = {0}, *x = logits ? &a.logits : &a.probs;
    struct map_run m;
    nll_dtype type = compute_type(x, &none, &none);
    int k = logits ? NLL_K_bernoulli_logits : NLL_K_bernoulli_probs;
    map_begin(&m, type, a.rows, 1, nll_descs[k].ulp[type == NLL_F64]);
    a.nll = m.nll;
    a.grad = m.grad[0];
    double *mode = new_doubles(a.rows);
    a.mode = nll_out_1d(mode, NLL_F64, a.rows);
    ASSERT_OK(nll_bernoulli(&a, &m.r));
    for (size_t i = 0; i < a.rows; i++) {
        double xi = view_get(x, i, 0), y = view_get(&a.target, i, 0);
        double w = is_absent(&a.pos_weight) ? 1 : view_get(&a.pos_weight, i, 0);
        struct oracle_map want =
            oracle_bernoulli(logits ? FROM_LOGITS : FROM_PROBS, xi, y, w, a.label_smoothing);
        map_row(&m, &a.common, i, &want, 1, (double[]){xi, y, w});
        if (!isnan(xi)) {
            double expected = xi > (logits ? 0.0 : 0.5);
            cr_expect_eq(mode[i], expected, "%s: mode of %a is %g", label, xi, mode[i]);
        }
    }
    map_end(&m, &a.common, 1, label);
    free(mode);
}

void check_gaussian(const nll_gaussian_args *args, const char *label) {
    static const int kernel[] = {NLL_K_gaussian_scale, NLL_K_gaussian_scale, NLL_K_gaussian_var,
                                 NLL_K_gaussian_log_scale, NLL_K_gaussian_log_var};
    nll_gaussian_args a = *args;
    const nll_view *spread[] = {NULL, &a.scale, &a.var, &a.log_scale, &a.log_var};
    int form = SPREAD_NONE;
    for (int f = 1; f <= SPREAD_LOG_VAR; f++)
        if (!is_absent(spread[f])) form = f;
    nll_view none = {0};
    nll_dtype type = compute_type(&a.loc, &a.target, form ? spread[form] : &none);
    int grads = form ? 2 : 1;
    struct map_run m;
    map_begin(&m, type, a.rows, grads, nll_descs[kernel[form]].ulp[type == NLL_F64]);
    a.nll = m.nll;
    a.grad_loc = m.grad[0];
    a.grad_spread = m.grad[1];
    double *mode = new_doubles(a.rows);
    a.mode = nll_out_1d(mode, NLL_F64, a.rows);
    ASSERT_OK(nll_gaussian(&a, &m.r));
    for (size_t i = 0; i < a.rows; i++) {
        double loc = view_get(&a.loc, i, 0), y = view_get(&a.target, i, 0);
        double s = form ? view_get(spread[form], i, 0) : 1;
        struct oracle_map want = oracle_gaussian(form, loc, s, y);
        map_row(&m, &a.common, i, &want, grads, (double[]){loc, s, y});
        cr_expect(same_bits(mode[i], loc), "%s: mode %a is not loc %a", label, mode[i], loc);
    }
    map_end(&m, &a.common, grads, label);
    free(mode);
}
