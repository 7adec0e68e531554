/* dist_run.c: points of a distribution through the library. */
#include "dist_run.h"

#include "dispatch.h"
#include "support.h"

#include <criterion/criterion.h>
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

void dist_run(const struct dist_model *m, nll_dtype type, size_t n, const double *x, double *out) {
    size_t inputs = dist_inputs(m), outputs = dist_outputs(m);
    int k = dist_kernel(m);
    cr_assert(k >= 0, "%s is no kernel", m->kernel);
    nll_job job = {.rows = 1, .cols = n, .constant = 1u << inputs};
    void *scale = to_array(type, 1, (double[]){1}), *in[DIST_INPUTS], *got[DIST_OUTPUTS];
    double *column = new_doubles(n);
    for (size_t i = 0; i < inputs; i++) {
        for (size_t j = 0; j < n; j++) column[j] = x[j * inputs + i];
        job.in[i] = in[i] = to_array(type, n, column);
    }
    job.in[inputs] = scale;
    for (size_t o = 0; o < outputs; o++) job.out[o] = got[o] = new_array(type, n);
    nll_isa_current()->fn[type == NLL_F64 ? NLL_TYPE_F64 : NLL_TYPE_F32][k](&job);
    for (size_t o = 0; o < outputs; o++) {
        for (size_t j = 0; j < n; j++) out[j * outputs + o] = elem_get(got[o], type, (ptrdiff_t)j);
        free(got[o]);
    }
    for (size_t i = 0; i < inputs; i++) free(in[i]);
    free(scale);
    free(column);
}
