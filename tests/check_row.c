/* check_row.c: the categorical model against the oracle. */
#include "check_models.h"
#include "oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* models.h: 34 u in float; numerics.md 6: 40 u in double. */
double row_limit(nll_dtype compute) { return compute == NLL_F64 ? 40 : 34; }

struct row_run {
    nll_categorical_args a;
    enum oracle_form form;
    const nll_view *x;
    nll_dtype type;
    size_t rows, cols;
    nll_result r;
    struct tally nll, grad, grad_q, lse, p;
    struct totals totals;
    struct oracle_value *want_grad, *want_grad_q;
    double *xs, *qs, *vs;
};

static const nll_view *input_of(const nll_categorical_args *a, enum oracle_form *form) {
    *form = !is_absent(&a->logits)      ? FROM_LOGITS
            : !is_absent(&a->log_probs) ? FROM_LOG_PROBS
                                        : FROM_PROBS;
    return *form == FROM_LOGITS ? &a->logits : *form == FROM_LOG_PROBS ? &a->log_probs : &a->probs;
}

static void run_begin(struct row_run *m, const nll_categorical_args *args) {
    *m = (struct row_run){.a = *args, .r = {.struct_size = sizeof m->r}};
    nll_categorical_args *a = &m->a;
    m->x = input_of(a, &m->form);
    m->type = m->x->dtype == NLL_F64 ? NLL_F64 : NLL_F32;
    size_t n = m->rows = m->x->rows, c = m->cols = m->x->cols;
    int hard = !is_absent(&a->target);
    nll_out none = {0};
    a->nll = nll_out_1d(new_doubles(n), NLL_F64, n);
    a->grad = nll_out_2d(new_doubles(n * c), NLL_F64, n, c);
    a->grad_target_probs = hard ? none : nll_out_2d(new_doubles(n * c), NLL_F64, n, c);
    a->lse = m->form == FROM_LOGITS ? nll_out_1d(new_doubles(n), NLL_F64, n) : none;
    a->mode = nll_out_1d(new_array(NLL_I64, n), NLL_I64, n);
    a->p_target = hard ? nll_out_1d(new_doubles(n), NLL_F64, n) : none;
    a->count_correct = hard;
    double limit = row_limit(m->type);
    m->nll = (struct tally){.what = "nll", .limit = limit};
    m->grad = (struct tally){.what = "grad", .limit = limit};
    m->grad_q = (struct tally){.what = "grad_q", .limit = limit};
    m->lse = (struct tally){.what = "lse", .limit = limit};
    m->p = (struct tally){.what = "p_target", .limit = limit + 4};
    m->want_grad = calloc(c, sizeof *m->want_grad);
    m->want_grad_q = calloc(c, sizeof *m->want_grad_q);
    m->xs = new_doubles(c);
    m->qs = new_doubles(c);
    m->vs = new_doubles(c);
    for (size_t j = 0; j < c && !is_absent(&a->class_weight); j++)
        m->vs[j] = view_get(&a->class_weight, j, 0);
}

static void run_end(struct row_run *m, const char *label) {
    tally_check(&m->nll, label);
    tally_check(&m->grad, label);
    tally_check(&m->grad_q, label);
    tally_check(&m->lse, label);
    tally_check(&m->p, label);
    totals_check(&m->totals, &m->r, &m->a.common, label);
    if (m->a.count_correct)
        cr_expect_eq(m->r.correct, m->totals.correct, "%s: correct %ju, not %ju", label,
                     m->r.correct, m->totals.correct);
    cr_expect_eq(m->r.compute, m->type, "%s: computed in %s", label, nll_dtype_name(m->r.compute));
    void *all[] = {m->a.nll.data, m->a.grad.data, m->a.grad_target_probs.data,
                   m->a.lse.data, m->a.mode.data, m->a.p_target.data,
                   m->want_grad,  m->want_grad_q, m->xs,
                   m->qs,         m->vs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

/* An ignored row: all zero, mode -1. */
static void check_ignored(struct row_run *m, size_t i, const char *label) {
    m->totals.rows++;
    m->totals.ignored++;
    cr_expect_eq(out_get(&m->a.nll, i, 0), 0, "%s: ignored row %zu has a value", label, i);
    cr_expect_eq(out_get(&m->a.mode, i, 0), -1, "%s: ignored row %zu has a mode", label, i);
    cr_expect_eq(out_get(&m->a.p_target, i, 0), 0, "%s: ignored row %zu: p_target", label, i);
    if (m->a.lse.data) cr_expect_eq(out_get(&m->a.lse, i, 0), 0, "%s: row %zu: lse", label, i);
    for (size_t j = 0; j < m->cols; j++)
        cr_expect_eq(out_get(&m->a.grad, i, j), 0, "%s: ignored row %zu: grad", label, i);
}

/* A row that has no distribution: +inf among the logits, a NaN, or nothing but -inf. */
static int is_broken(const struct row_run *m) {
    int any = 0;
    for (size_t j = 0; j < m->cols && m->form == FROM_LOGITS; j++) {
        if (isnan(m->xs[j]) || m->xs[j] == INFINITY) return 1;
        any |= m->xs[j] != -INFINITY;
    }
    return m->form == FROM_LOGITS && !any;
}

static void check_mode(struct row_run *m, size_t i, ptrdiff_t target, const char *label) {
    size_t top = 0;
    for (size_t j = 1; j < m->cols; j++)
        if (m->xs[j] > m->xs[top]) top = j;
    double mode = out_get(&m->a.mode, i, 0);
    cr_expect_eq(mode, (double)top, "%s: mode of row %zu is %g, not %zu", label, i, mode, top);
    m->totals.correct += target == (ptrdiff_t)top;
}

/* What the worst one came from: the logit there, the target and its logit. */
static void note(struct tally *t, int worst, const struct row_run *m, size_t j, ptrdiff_t target) {
    if (!worst) return;
    t->inputs[0] = m->xs[j];
    t->inputs[1] = (double)target;
    t->inputs[2] = m->xs[target < 0 ? 0 : target];
}

static void check_row(struct row_run *m, size_t i, ptrdiff_t target, const char *label) {
    const nll_categorical_args *a = &m->a;
    struct oracle_row row = {.form = m->form,
                             .cols = m->cols,
                             .x = m->xs,
                             .target = target,
                             .q = m->qs,
                             .v = is_absent(&a->class_weight) ? NULL : m->vs,
                             .smoothing = a->label_smoothing,
                             .z_loss = a->z_loss,
                             .temperature = a->temperature,
                             .softcap = a->softcap};
    struct oracle_row_out want = {.grad = m->want_grad, .grad_q = m->want_grad_q};
    int broken = is_broken(m);
    if (!broken) oracle_categorical(&row, &want);
    double sample = sample_weight_of(&a->common, i), v = row.v && target >= 0 ? m->vs[target] : 1;
    double weight = a->label_smoothing == 0 ? v * sample : sample;
    double u = unit_of(m->type), tiny = tiny_of(m->type), huge = huge_of(m->type);
    double limit = row_limit(m->type), nll = out_get(&a->nll, i, 0);
    /* "temperature and softcap add max|z| u" to the relative error, softcap in double 4 max|z| u */
    double roundings = m->type == NLL_F64 && a->softcap != 0 ? 4 : 1;
    if (a->temperature != 0 || a->softcap != 0) u *= 1 + roundings * (double)want.z_max / limit;
    tally_add(&m->nll, i, 0, nll, broken ? NAN : want.nll.v, u * want.nll.mag, tiny, huge);
    if (a->lse.data)
        tally_add(&m->lse, i, 0, out_get(&a->lse, i, 0), broken ? NAN : want.lse.v,
                  u * (1 + 2 * fabsl(want.lse.v) / limit), 0, huge);
    if (target >= 0)
        tally_add(&m->p, i, 0, out_get(&a->p_target, i, 0), broken ? NAN : want.p_target,
                  u * want.p_target, tiny, huge);
    long double s = grad_scale(&a->common, i, weight, m->r.weight_sum);
    for (size_t j = 0; j < m->cols; j++) {
        struct oracle_value g = m->want_grad[j], q = m->want_grad_q[j];
        if (m->xs[j] == -INFINITY && g.v != 0 && m->form == FROM_LOGITS) continue; /* edges.c */
        long double mag = s == 0 ? 0 : g.mag * fabsl(s);
        long double v_want = s == 0 ? 0 : broken ? NAN : g.v * s;
        note(&m->grad,
             tally_add(&m->grad, i, j, out_get(&a->grad, i, j), v_want, u * mag,
                       tiny * (1 + fabs((double)s)), huge),
             m, j, target);
        if (!a->grad_target_probs.data) continue;
        v_want = s == 0 ? 0 : broken ? NAN : q.v * s;
        tally_add(&m->grad_q, i, j, out_get(&a->grad_target_probs, i, j), v_want,
                  u * q.mag * fabsl(s), tiny * (1 + fabs((double)s)), huge);
    }
    totals_add(&m->totals, nll, weight, v * sample);
    if (!broken) check_mode(m, i, target, label);
}

void check_categorical(const nll_categorical_args *args, const char *label) {
    struct row_run m;
    run_begin(&m, args);
    ASSERT_OK(nll_categorical(&m.a, &m.r));
    int hard = !is_absent(&m.a.target);
    for (size_t i = 0; i < m.rows; i++) {
        ptrdiff_t target = hard ? (ptrdiff_t)view_get(&m.a.target, i, 0) : -1;
        if (hard && m.a.has_ignore_index && target == m.a.ignore_index) {
            check_ignored(&m, i, label);
            continue;
        }
        for (size_t j = 0; j < m.cols; j++) {
            m.xs[j] = view_get(m.x, i, j);
            if (!hard) m.qs[j] = view_get(&m.a.target_probs, i, j);
        }
        check_row(&m, i, target, label);
    }
    run_end(&m, label);
}
