/* check_pair.c: divergences of rows against the oracle. */
#include "check_models.h"
#include "oracle.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

/* divergences.h: 40 u in float, 44 u in double. */
static double pair_limit(nll_dtype compute) { return compute == NLL_F64 ? 44 : 40; }

struct pair_run {
    nll_kl_args a;
    nll_view x[2];
    enum oracle_form form[2];
    nll_dtype type;
    size_t rows, cols;
    nll_result r;
    struct tally value, grad[2];
    struct totals totals;
    struct oracle_value *want[2];
    double *xs[2];
};

static void begin(struct pair_run *m, const nll_kl_args *args) {
    *m = (struct pair_run){.a = *args, .r = {.struct_size = sizeof m->r}};
    const nll_view *forms[2][3] = {{&m->a.p_logits, &m->a.p_log_probs, &m->a.p_probs},
                                   {&m->a.q_logits, &m->a.q_log_probs, &m->a.q_probs}};
    m->type = NLL_F32;
    for (int k = 0; k < 2; k++) {
        for (int f = 0; f < 3; f++)
            if (!is_absent(forms[k][f])) {
                m->x[k] = *forms[k][f];
                m->form[k] = (enum oracle_form)f;
            }
        if (m->x[k].dtype == NLL_F64) m->type = NLL_F64;
    }
    m->rows = m->x[0].rows;
    m->cols = m->x[0].cols;
    nll_out *grads[2] = {&m->a.grad_p, &m->a.grad_q};
    m->a.divergence = nll_out_1d(new_doubles(m->rows), NLL_F64, m->rows);
    m->value = (struct tally){.what = "value", .limit = pair_limit(m->type)};
    for (int k = 0; k < 2; k++) {
        *grads[k] = nll_out_2d(new_doubles(m->rows * m->cols), NLL_F64, m->rows, m->cols);
        m->grad[k] = (struct tally){.what = k ? "grad_q" : "grad_p", .limit = pair_limit(m->type)};
        m->want[k] = calloc(m->cols, sizeof *m->want[k]);
        m->xs[k] = new_doubles(m->cols);
    }
}

/* Logits with +inf or NaN, or nothing but masks. */
static int is_broken(const struct pair_run *m) {
    for (int k = 0; k < 2; k++) {
        int any = 0;
        for (size_t j = 0; j < m->cols; j++) {
            if (isnan(m->xs[k][j]) || m->xs[k][j] == INFINITY) return 1;
            any |= m->xs[k][j] != -INFINITY;
        }
        if (m->form[k] == FROM_LOGITS && !any) return 1;
    }
    return 0;
}

/* p > 0 = q anywhere: the value is infinite. */
static int is_outside(const struct pair_run *m, int p) {
    for (size_t j = 0; j < m->cols; j++) {
        int zero[2];
        for (int k = 0; k < 2; k++)
            zero[k] = m->xs[k][j] == (m->form[k] == FROM_PROBS ? 0 : -(double)INFINITY);
        if (zero[!p] && !zero[p]) return 1;
    }
    return 0;
}

static void check_pair_row(struct pair_run *m, size_t i, const char *label) {
    int first = m->a.direction == NLL_REVERSE, js = m->a.direction == NLL_JS;
    struct oracle_pair pair = {.form = {m->form[first], m->form[!first]},
                               .cols = m->cols,
                               .x = {m->xs[first], m->xs[!first]},
                               .js = js,
                               .unit = unit_of(m->type)};
    struct oracle_pair_out want = {.grad = {m->want[first], m->want[!first]}};
    int broken = is_broken(m), outside = !broken && !js && is_outside(m, first);
    double got = out_get(&m->a.divergence, i, 0), u = unit_of(m->type), tiny = tiny_of(m->type);
    double w = sample_weight_of(&m->a.common, i), huge = huge_of(m->type);
    if (!broken) oracle_divergence(&pair, &want);
    cr_expect(!(got < 0), "%s: row %zu is negative: %a", label, i, got);
    if (js && m->form[0] == FROM_LOGITS && m->form[1] == FROM_LOGITS)
        cr_expect(!(got > 0x1.62e42fefa39efp-1), "%s: row %zu is above log 2: %a", label, i, got);
    if (outside)
        cr_expect(got == INFINITY, "%s: row %zu is %g, not infinite", label, i, got);
    else
        tally_add(&m->value, i, 0, got, broken ? NAN : want.value.v, u * want.value.mag,
                  tiny * (double)m->cols, huge);
    totals_add(&m->totals, got, w, w);
    if (outside) return; /* edges_divergence.c */
    long double s = grad_scale(&m->a.common, i, w, m->r.weight_sum);
    /* a probability below the normal range is known to `tiny`, and is then multiplied by this */
    double factor = broken ? 1 : (double)fminl((long double)huge, 4 + want.reach);
    for (int k = 0; k < 2; k++)
        for (size_t j = 0; j < m->cols; j++) {
            struct oracle_value g = m->want[k][j];
            double found = out_get(k ? &m->a.grad_q : &m->a.grad_p, i, j);
            long double v = s == 0   ? 0
                            : broken ? NAN
                                     : g.v * s,
                        mag = s == 0 ? 0 : g.mag * fabsl(s);
            if (broken && s != 0 && !isnan(found) && found == 0) continue; /* a masked class */
            if (tally_add(&m->grad[k], i, j, found, v, u * mag,
                          tiny * factor * (1 + fabs((double)s)), huge)) {
                m->grad[k].inputs[0] = m->xs[0][j];
                m->grad[k].inputs[1] = m->xs[1][j];
            }
        }
}

void check_kl(const nll_kl_args *args, const char *label) {
    struct pair_run m;
    begin(&m, args);
    ASSERT_OK(nll_kl(&m.a, &m.r));
    for (size_t i = 0; i < m.rows; i++) {
        for (int k = 0; k < 2; k++)
            for (size_t j = 0; j < m.cols; j++) m.xs[k][j] = view_get(&m.x[k], i, j);
        check_pair_row(&m, i, label);
    }
    tally_check(&m.value, label);
    tally_check(&m.grad[0], label);
    tally_check(&m.grad[1], label);
    totals_check(&m.totals, &m.r, &m.a.common, label);
    cr_expect_eq(m.r.compute, m.type, "%s: computed in %s", label, nll_dtype_name(m.r.compute));
    void *all[] = {m.a.divergence.data, m.a.grad_p.data, m.a.grad_q.data, m.want[0],
                   m.want[1],           m.xs[0],         m.xs[1]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}
