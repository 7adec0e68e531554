/* distributions.c: what holds for every distribution of the table, whatever its formulas. */
#include <criterion/criterion.h>
#include <nll/nll.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 67, ARGS = 4096, OUTPUTS = 24 };

/* The argument struct of a distribution, its parameters in their first forms, and room for all of
 * its outputs. */
struct call {
    const nll_distribution *d;
    _Alignas(16) char args[ARGS];
    float in[8][ROWS], out[OUTPUTS][ROWS];
    size_t at[OUTPUTS], of[OUTPUTS]; /* offsets of outputs, and of the input they derive by */
    unsigned inputs, outputs;
};

static void *member(struct call *c, size_t offset) { return c->args + offset; }

static double example(nll_domain domain, size_t i) {
    double u = (double)(i * 37 % 64 + 1) / 65;
    switch (domain) {
    case NLL_REAL:
    case NLL_LOG:
    case NLL_LOGIT: return 4 * u - 2;
    case NLL_UNIT:
    case NLL_OPEN_UNIT: return u;
    case NLL_POWER: return 1 + u;
    case NLL_COUNT: return (double)(i % 5 + 4);
    case NLL_COUNT_TO_TOTAL: return (double)(i % 5);
    case NLL_FROM_SCALE: return 3 + u;
    default: return 3 * u;
    }
}

static void input(struct call *c, size_t offset, nll_domain domain) {
    float *x = c->in[c->inputs];
    for (size_t i = 0; i < ROWS; i++) x[i] = (float)example(domain, i + 11 * c->inputs);
    c->inputs++;
    *(nll_view *)member(c, offset) = nll_view_1d(x, NLL_F32, ROWS);
}

static void output(struct call *c, size_t offset, size_t of) {
    if (!offset) return;
    c->at[c->outputs] = offset;
    c->of[c->outputs++] = of;
}

static struct call *open(const nll_distribution *d) {
    struct call *c = calloc(1, sizeof *c);
    cr_assert(c && d->args_size <= ARGS);
    c->d = d;
    *(size_t *)member(c, 0) = d->args_size;
    *(size_t *)member(c, d->rows) = ROWS;
    output(c, d->nll, 0);
    unsigned seen = 0;
    for (size_t i = 0; i < d->parameter_count; i++) {
        const nll_parameter *p = &d->parameters[i];
        if (seen >> p->place & 1) continue;
        seen |= 1u << p->place;
        input(c, p->view, p->domain);
        output(c, p->grad, p->view);
        output(c, p->hess, 0);
        output(c, p->fisher, 0);
    }
    input(c, d->target, d->target_domain);
    output(c, d->grad_target, d->target);
    output(c, d->mode, 0);
    output(c, d->mean, 0);
    output(c, d->variance, 0);
    return c;
}

static void want(struct call *c, unsigned k, void *to) {
    nll_out *o = member(c, c->at[k]);
    *o = to ? nll_out_1d(to, NLL_F32, ROWS) : (nll_out){0};
}

Test(distributions, outputs_alone_together_or_in_place) {
    const nll_distribution *d;
    for (size_t i = 0; (d = nll_distribution_at(i)); i++) {
        struct call *c = open(d);
        nll_result all = {.struct_size = sizeof all}, one = all;
        for (unsigned k = 0; k < c->outputs; k++) want(c, k, c->out[k]);
        cr_assert_eq(nll_score(d, c->args, &all), NLL_OK, "%s", d->name);
        cr_expect_eq(all.nonfinite, 0, "%s: %llu rows", d->name, (unsigned long long)all.nonfinite);
        for (unsigned k = 0; k < c->outputs; k++) want(c, k, NULL);
        for (unsigned k = 0; k < c->outputs; k++) {
            float alone[ROWS], keep[ROWS];
            want(c, k, alone);
            cr_assert_eq(nll_score(d, c->args, &one), NLL_OK, "%s", d->name);
            cr_expect(memcmp(alone, c->out[k], sizeof alone) == 0, "%s: output %u alone", d->name,
                      k);
            cr_expect(memcmp(&all.sum, &one.sum, sizeof one.sum) == 0, "%s: sum", d->name);
            if (c->of[k]) {
                float *x = (float *)(uintptr_t)((nll_view *)member(c, c->of[k]))->data;
                memcpy(keep, x, sizeof keep);
                want(c, k, x);
                cr_assert_eq(nll_score(d, c->args, &one), NLL_OK, "%s in place", d->name);
                cr_expect(memcmp(x, c->out[k], sizeof keep) == 0, "%s: output %u in place", d->name,
                          k);
                memcpy(x, keep, sizeof keep);
            }
            want(c, k, NULL);
        }
        free(c);
    }
}

/* Exactly one form of each parameter, and derivatives of that form only. */
Test(distributions, forms) {
    const nll_distribution *d;
    for (size_t i = 0; (d = nll_distribution_at(i)); i++) {
        struct call *c = open(d);
        for (size_t k = 0; k < d->parameter_count; k++) {
            const nll_parameter *p = &d->parameters[k];
            nll_view *v = member(c, p->view), keep = *v;
            int given = v->dtype != NLL_ABSENT;
            *v = given ? (nll_view){0} : nll_number(0.5);
            cr_expect_eq(nll_score(d, c->args, NULL), given ? NLL_E_NULL : NLL_E_VALUE, "%s: %s",
                         d->name, p->name);
            *v = keep;
            if (given || !p->grad) continue;
            nll_out *o = member(c, p->grad);
            *o = nll_out_1d(c->out[0], NLL_F32, ROWS);
            cr_expect_eq(nll_score(d, c->args, NULL), NLL_E_VALUE, "%s: grad_%s", d->name, p->name);
            *o = (nll_out){0};
        }
        free(c);
    }
}
