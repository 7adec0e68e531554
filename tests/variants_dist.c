/* variants_dist.c: the same numbers by other ways through the public interface: layouts, types,
 * weights and reductions, executors, one function per distribution. */
#include "check_models.h"
#include "dist_run.h"
#include "gen.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1100 }; /* more than two blocks */

static const nll_dtype both[] = {NLL_F32, NLL_F64};
#define FOR_BOTH(t) for (const nll_dtype *t = both; t < both + 2; t++)

static double points[N * DIST_INPUTS], plain[N * DIST_OUTPUTS];

/* Points of a model and what a plain call makes of them. */
static void draw(const struct dist_model *m, nll_dtype type) {
    uint64_t state = gen_state(8000 + (uint64_t)(m - dist_models));
    for (size_t i = 0; i < N; i++)
        dist_draw(m, type == NLL_F32, points + i * dist_inputs(m), &state);
    dist_run(m, type, N, points, plain);
}

static void *want_all(struct dist_call *c, const struct dist_model *m, nll_dtype type, void **got) {
    for (size_t o = 0; o < dist_outputs(m); o++)
        got[o] = dist_want(c, dist_output_offset(m, o), type);
    return got;
}

/* Ranges of seven from the end: what an executor does may not show. */
static void sevens(void *user, size_t n, nll_task task, void *arg) {
    ++*(int *)user;
    for (size_t end = n; end > 0;) {
        size_t begin = end > 7 ? end - 7 : 0;
        task(arg, begin, end);
        end = begin;
    }
}

Test(variants_dist, layout_and_executor_do_not_show) {
    FOR_MODELS(m) FOR_BOTH(t) {
        draw(m, *t);
        struct dist_call c;
        void *got[DIST_OUTPUTS] = {NULL}, *twice[DIST_INPUTS] = {NULL};
        int calls = 0;
        nll_executor executor = {&calls, sevens};
        dist_open(&c, m, *t, N, points, 0);
        c.common->executor = &executor;
        for (size_t i = 0; i < c.inputs; i++) { /* backwards, every other element */
            twice[i] = new_array(*t, 2 * N);
            for (ptrdiff_t k = 0; k < N; k++)
                elem_set(twice[i], *t, 2 * (N - 1 - k), elem_get(c.in[i], *t, k));
            c.view[i]->data = (char *)twice[i] + (2 * N - 2) * nll_dtype_size(*t);
            c.view[i]->row_stride = -2;
        }
        want_all(&c, m, *t, got);
        ASSERT_OK(dist_score(&c));
        cr_expect(calls > 0, "%s", m->kernel);
        for (size_t o = 0; o < dist_outputs(m); o++) {
            for (size_t i = 0; i < N; i++) {
                double a = elem_get(got[o], *t, (ptrdiff_t)i), b = plain[i * dist_outputs(m) + o];
                cr_expect(same_bits(a, b), "%s output %zu row %zu: %a, not %a", m->kernel, o, i, a,
                          b);
            }
            free(got[o]);
        }
        for (size_t i = 0; i < c.inputs; i++) free(twice[i]);
        dist_close(&c);
    }
}

/* Weights, mean, upstream gradient: totals, and derivatives of the reduction. */
Test(variants_dist, reductions) {
    FOR_MODELS(m) FOR_BOTH(t) for (int mean = 0; mean < 2; mean++) {
        draw(m, *t);
        uint64_t state = gen_state(8100);
        double weights[N], upstream[N];
        for (size_t i = 0; i < N; i++) {
            weights[i] = (double)gen_below(9, &state) * 0.25;
            upstream[i] = (double)gen_below(9, &state) - 4;
        }
        struct dist_call c;
        void *got[DIST_OUTPUTS];
        dist_open(&c, m, *t, N, points, 0);
        c.common->reduction = mean ? NLL_MEAN : NLL_SUM;
        c.common->sample_weight = nll_view_1d(weights, NLL_F64, N);
        c.common->grad_output = nll_view_1d(upstream, NLL_F64, N);
        want_all(&c, m, *t, got);
        ASSERT_OK(dist_score(&c));
        struct totals totals = {0};
        size_t outputs = dist_outputs(m);
        for (size_t i = 0; i < N; i++) {
            double loss = elem_get(got[0], *t, (ptrdiff_t)i);
            cr_expect(same_bits(loss, plain[i * outputs]), "%s: the row's own value", m->kernel);
            totals_add(&totals, loss, weights[i], weights[i]);
        }
        totals_check(&totals, &c.result, c.common, m->kernel);
        cr_expect_eq(c.result.compute, *t);
        for (size_t o = 1; o < outputs; o++)
            for (size_t i = 0; i < N; i++) {
                long double s = grad_scale(c.common, i, weights[i], c.result.weight_sum);
                long double want = s * plain[i * outputs + o];
                double a = elem_get(got[o], *t, (ptrdiff_t)i);
                int wild = isnan(plain[i * outputs + o]) || isinf(plain[i * outputs + o]) ||
                           fabsl(want) > huge_of(*t);
                /* the scale is rounded, the derivative twice */
                long double allowed = 2 * ulp_of(*t, want) + tiny_of(*t) * (1 + fabsl(s));
                cr_expect(wild || fabsl(a - want) <= allowed, "%s output %zu row %zu: %a, not %La",
                          m->kernel, o, i, a, want);
            }
        for (size_t o = 0; o < outputs; o++) free(got[o]);
        dist_close(&c);
    }
}

/* A gradient may take the place of its parameter. */
Test(variants_dist, gradients_in_place) {
    FOR_MODELS(m) FOR_BOTH(t) {
        draw(m, *t);
        struct dist_call c;
        dist_open(&c, m, *t, N, points, 0);
        size_t outputs = dist_outputs(m);
        for (size_t o = 1; o < outputs; o++) {
            int order, i = dist_output_input(m, o, &order);
            if (order == 1)
                *(nll_out *)dist_member(&c, dist_output_offset(m, o)) = nll_out_1d(c.in[i], *t, N);
        }
        ASSERT_OK(dist_score(&c));
        for (size_t o = 1; o < outputs; o++) {
            int order, i = dist_output_input(m, o, &order);
            for (ptrdiff_t k = 0; k < N && order == 1; k++)
                cr_expect(same_bits(elem_get(c.in[i], *t, k), plain[(size_t)k * outputs + o]),
                          "%s output %zu", m->kernel, o);
        }
        dist_close(&c);
    }
}

/* Integers where counts are meant, and half precision: computed as floats. */
Test(variants_dist, integer_targets) {
    static const nll_dtype types[] = {NLL_I8, NLL_U8, NLL_I16, NLL_U16, NLL_I32, NLL_I64, NLL_BOOL};
    FOR_MODELS(m) {
        if (m->real) continue;
        size_t y = dist_inputs(m) - 1, outputs = dist_outputs(m);
        draw(m, NLL_F32);
        for (size_t k = 0; k < sizeof types / sizeof types[0]; k++) {
            uint64_t state = gen_state(8200 + k);
            double count[N], most = types[k] == NLL_BOOL ? 2 : 100;
            for (size_t i = 0; i < N; i++) {
                count[i] = (double)gen_below((uint64_t)most, &state);
                if (m->in[0] == IN_TRIALS && count[i] > points[i * (y + 1)]) count[i] = 1;
                points[i * (y + 1) + y] = count[i];
            }
            dist_run(m, NLL_F32, N, points, plain);
            struct dist_call c;
            dist_open(&c, m, NLL_F32, N, points, 0);
            void *whole = to_array(types[k], N, count);
            *c.view[y] = nll_view_1d(whole, types[k], N);
            void *nll = dist_want(&c, c.row->nll, NLL_F32);
            ASSERT_OK(dist_score(&c));
            for (size_t i = 0; i < N; i++)
                cr_expect(same_bits(elem_get(nll, NLL_F32, (ptrdiff_t)i), plain[i * outputs]),
                          "%s target %s", m->kernel, nll_dtype_name(types[k]));
            free(nll);
            free(whole);
            dist_close(&c);
        }
    }
}

/* No form, two forms, a missing target. */
Test(variants_dist, parameters_are_given_once) {
    FOR_MODELS(m) {
        double x[DIST_INPUTS];
        uint64_t state = gen_state(8300);
        dist_draw(m, 1, x, &state);
        struct dist_call c;
        for (size_t i = 0; i < dist_inputs(m); i++) {
            dist_open(&c, m, NLL_F32, 1, x, 0);
            *c.view[i] = (nll_view){0};
            EXPECT_STATUS(NLL_E_NULL, dist_score(&c));
            dist_close(&c);
        }
        const nll_distribution *d = dist_row(m);
        for (size_t p = 0; p < d->parameter_count; p++) { /* each parameter in its other form too */
            dist_open(&c, m, NLL_F32, 1, x, 0);
            nll_view *other = dist_member(&c, d->parameters[p].view);
            int given = !is_absent(other);
            if (!given) *other = nll_number(0.5);
            EXPECT_STATUS(given ? NLL_OK : NLL_E_VALUE, dist_score(&c));
            dist_close(&c);
        }
    }
}
