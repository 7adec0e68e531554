/* dist_run.c: points of a distribution through the public interface. */
#include "dist_run.h"

#include "kernel.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table dist_table(const struct dist_model *m) {
    const char *folder = getenv("NLL_TEST_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/tables/%s.bin", folder ? folder : "tests", m->kernel);
    struct table t;
    const char *why = table_read(&t, path);
    cr_assert_null(why, "%s %s", path, why ? why : "");
    return t;
}

int dist_kernel(const struct dist_model *m) {
    for (int k = 0; k < NLL_KERNELS; k++)
        if (nll_descs[k].family == MAP && !strcmp(nll_descs[k].name, m->kernel)) return k;
    return -1;
}

const nll_distribution *dist_row(const struct dist_model *m) {
    const nll_distribution *d = NULL;
    for (size_t i = 0; (d = nll_distribution_at(i)) != NULL; i++)
        if (!strcmp(d->name, m->distribution)) break;
    cr_assert_not_null(d, "no distribution %s", m->distribution);
    return d;
}

const nll_parameter *dist_parameter(const struct dist_model *m, size_t i) {
    const nll_distribution *d = dist_row(m);
    for (size_t k = 0; k < d->parameter_count; k++)
        if (!strcmp(d->parameters[k].name, m->parameters[i])) return &d->parameters[k];
    cr_assert_fail("%s has no parameter %s", d->name, m->parameters[i]);
    return NULL;
}

void *dist_member(struct dist_call *c, size_t offset) {
    cr_assert(offset > 0 && offset < c->row->args_size, "%s: a member is missing", c->row->name);
    return c->args.bytes + offset;
}

size_t dist_output_offset(const struct dist_model *m, size_t o) {
    int order, i = dist_output_input(m, o, &order);
    if (i < 0) return dist_row(m)->nll;
    if ((size_t)i + 1 == dist_inputs(m)) return dist_row(m)->grad_target;
    const nll_parameter *p = dist_parameter(m, (size_t)i);
    return order == 1 ? p->grad : p->hess;
}

void dist_open(struct dist_call *c, const struct dist_model *m, nll_dtype type, size_t n,
               const double *x, unsigned numbers) {
    *c = (struct dist_call){.row = dist_row(m), .inputs = dist_inputs(m), .n = n};
    c->result.struct_size = sizeof c->result;
    cr_assert(c->row->args_size <= sizeof c->args);
    *(size_t *)(void *)c->args.bytes = c->row->args_size; /* struct_size comes first */
    *(size_t *)dist_member(c, c->row->rows) = n;
    double *column = new_doubles(n);
    for (size_t i = 0; i < c->inputs; i++) {
        for (size_t j = 0; j < n; j++) column[j] = x[j * c->inputs + i];
        c->in[i] = to_array(type, n, column);
        size_t at = i + 1 < c->inputs ? dist_parameter(m, i)->view : c->row->target;
        c->view[i] = dist_member(c, at);
        *c->view[i] = numbers >> i & 1 ? nll_number(x[i]) : nll_view_1d(c->in[i], type, n);
    }
    free(column);
    c->common = dist_member(c, c->row->common);
    c->common->reduction = NLL_SUM;
}

void *dist_want(struct dist_call *c, size_t offset, nll_dtype type) {
    void *to = new_array(type, c->n);
    *(nll_out *)dist_member(c, offset) = nll_out_1d(to, type, c->n);
    return to;
}

nll_status dist_score(struct dist_call *c) { return nll_score(c->row, c->args.bytes, &c->result); }

void dist_close(struct dist_call *c) {
    for (size_t i = 0; i < c->inputs; i++) free(c->in[i]);
}

/* Column k of [n, columns] */
static void give(void *from, nll_dtype type, size_t n, double *to, size_t columns, size_t k) {
    for (size_t j = 0; j < n; j++) to[j * columns + k] = elem_get(from, type, (ptrdiff_t)j);
    free(from);
}

void dist_run_some(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                   double *out, unsigned wanted, unsigned numbers) {
    struct dist_call c;
    void *got[DIST_OUTPUTS] = {0};
    size_t outputs = dist_outputs(m);
    dist_open(&c, m, type, n, x, numbers);
    for (size_t o = 0; o < outputs; o++)
        if (wanted >> o & 1) got[o] = dist_want(&c, dist_output_offset(m, o), type);
    ASSERT_OK(dist_score(&c));
    for (size_t o = 0; o < outputs; o++)
        if (got[o]) give(got[o], type, n, out, outputs, o);
    dist_close(&c);
}

void dist_run(const struct dist_model *m, nll_dtype type, size_t n, const double *x, double *out) {
    dist_run_some(m, type, n, x, out, ~0u, 0);
}

nll_status dist_check(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                      int64_t *bad_row) {
    struct dist_call c;
    dist_open(&c, m, type, n, x, 0);
    c.common->check_domain = 1;
    unsigned char *nll = dist_want(&c, c.row->nll, type);
    nll_status s = dist_score(&c);
    for (size_t i = 0; i < n * nll_dtype_size(type) && s != NLL_OK; i++)
        cr_expect_eq(nll[i], 0xA5, "%s: an output was written", m->kernel);
    free(nll);
    dist_close(&c);
    *bad_row = c.result.bad_row;
    return s;
}

void dist_facts(const struct dist_model *m, nll_dtype type, size_t n, const double *x,
                double *facts, int *has) {
    struct dist_call c;
    void *got[DIST_FACTS];
    dist_open(&c, m, type, n, x, 0);
    for (size_t f = 0; f < DIST_FACTS; f++) {
        size_t at = f == DIST_MODE                   ? c.row->mode
                    : f == DIST_MEAN                 ? c.row->mean
                    : f == DIST_VARIANCE             ? c.row->variance
                    : f - DIST_FISHER + 1 < c.inputs ? dist_parameter(m, f - DIST_FISHER)->fisher
                                                     : 0;
        has[f] = at != 0;
        if (has[f]) got[f] = dist_want(&c, at, NLL_F64);
    }
    ASSERT_OK(dist_score(&c));
    dist_close(&c);
    for (size_t f = 0; f < DIST_FACTS; f++) {
        for (size_t j = 0; j < n; j++) facts[j * DIST_FACTS + f] = NAN;
        if (has[f]) give(got[f], NLL_F64, n, facts, DIST_FACTS, f);
    }
}
