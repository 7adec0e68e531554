/* api.c: overlaps, domain checks, struct sizes, names and versions. */
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, COLS = 4, CELLS = ROWS * COLS };

struct overlap {
    double memory[4 * CELLS];
    int32_t y[ROWS];
    nll_categorical_args a;
};

static void overlap(struct overlap *o, nll_dtype type) {
    memset(o, 0, sizeof *o);
    o->a = (nll_categorical_args){.struct_size = sizeof o->a,
                                  .logits = nll_view_2d(o->memory + CELLS, type, ROWS, COLS),
                                  .target = nll_view_1d(o->y, NLL_I32, ROWS)};
}

Test(api, exact_alias_of_gradient_and_logits_is_fine) {
    static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_F16, NLL_BF16};
    for (int t = 0; t < 4; t++) {
        struct overlap o;
        overlap(&o, types[t]);
        o.a.grad = nll_out_2d(o.memory + CELLS, types[t], ROWS, COLS);
        EXPECT_STATUS(NLL_OK, nll_categorical(&o.a, NULL));
    }
}

Test(api, partial_overlap_is_refused) {
    struct overlap o;
    overlap(&o, NLL_F32);
    float *x = (float *)(o.memory + CELLS);
    for (ptrdiff_t d = -(CELLS - 1); d < CELLS; d++) { /* shifted by d elements */
        o.a.grad = nll_out_2d(x + d, NLL_F32, ROWS, COLS);
        EXPECT_STATUS(d == 0 ? NLL_OK : NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    }
    o.a.grad = nll_out_2d(x + CELLS, NLL_F32, ROWS, COLS);
    EXPECT_STATUS(NLL_OK, nll_categorical(&o.a, NULL));
    o.a.grad = nll_out_2d(x - CELLS, NLL_F32, ROWS, COLS);
    EXPECT_STATUS(NLL_OK, nll_categorical(&o.a, NULL));
    o.a.grad = nll_out_2d((char *)x + 1, NLL_F32, ROWS, COLS); /* by one byte */
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
}

Test(api, same_address_with_another_type_or_stride_is_refused) {
    struct overlap o;
    overlap(&o, NLL_F32);
    void *x = o.memory + CELLS;
    o.a.grad = nll_out_2d(x, NLL_F64, ROWS, COLS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    o.a.grad = nll_out_2d(x, NLL_BF16, ROWS, COLS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    o.a.grad = (nll_out){x, NLL_F32, ROWS, COLS, 1, ROWS}; /* transposed */
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    o.a.grad = (nll_out){x, NLL_F32, ROWS, COLS, COLS + 1, 1};
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
}

Test(api, outputs_may_not_overlap_each_other_nor_other_inputs) {
    struct overlap o;
    overlap(&o, NLL_F32);
    o.a.nll = nll_out_1d(o.memory, NLL_F64, ROWS);
    o.a.lse = nll_out_1d(o.memory, NLL_F64, ROWS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    o.a.lse = nll_out_1d(o.memory + ROWS - 1, NLL_F64, ROWS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    o.a.lse = nll_out_1d(o.memory + ROWS, NLL_F64, ROWS);
    EXPECT_STATUS(NLL_OK, nll_categorical(&o.a, NULL));
    o.a.nll = nll_out_1d(o.memory + CELLS, NLL_F64, ROWS); /* over the logits */
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    overlap(&o, NLL_F32);
    double w[ROWS] = {1, 1, 1, 1, 1, 1};
    o.a.common.sample_weight = nll_view_1d(w, NLL_F64, ROWS);
    o.a.nll = nll_out_1d(w, NLL_F64, ROWS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    overlap(&o, NLL_F32);
    o.a.nll = nll_out_1d(o.y, NLL_F32, ROWS);
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&o.a, NULL));
    for (int i = 0; i < ROWS; i++) cr_expect(w[i] == 1 && o.y[i] == 0, "an input was written");
}

Test(api, elementwise_gradients_in_place_and_no_further) {
    float x[16], s[16], y[16];
    for (int i = 0; i < 16; i++) x[i] = y[i] = 0, s[i] = 1;
    nll_gaussian_args g = {.struct_size = sizeof g,
                           .rows = 8,
                           .loc = nll_view_1d(x, NLL_F32, 8),
                           .scale = nll_view_1d(s, NLL_F32, 8),
                           .target = nll_view_1d(y, NLL_F32, 8),
                           .grad_loc = nll_out_1d(x, NLL_F32, 8),
                           .grad_spread = nll_out_1d(s, NLL_F32, 8)};
    EXPECT_STATUS(NLL_OK, nll_gaussian(&g, NULL));
    g.grad_spread = nll_out_1d(x, NLL_F32, 8);
    EXPECT_STATUS(NLL_E_ALIAS, nll_gaussian(&g, NULL));
    g.grad_spread = nll_out_1d(s + 1, NLL_F32, 8);
    EXPECT_STATUS(NLL_E_ALIAS, nll_gaussian(&g, NULL));
    /* functions: y may be x itself */
    EXPECT_STATUS(NLL_OK, nll_vexp(8, nll_view_1d(x, NLL_F32, 8), nll_out_1d(x, NLL_F32, 8)));
    EXPECT_STATUS(NLL_E_ALIAS,
                  nll_vexp(8, nll_view_1d(x, NLL_F32, 8), nll_out_1d(x + 1, NLL_F32, 8)));
    EXPECT_STATUS(NLL_OK, nll_vexp(8, nll_view_1d(x, NLL_F32, 8), nll_out_1d(x + 8, NLL_F32, 8)));
}

Test(api, soft_targets_and_their_gradient_may_share) {
    float x[CELLS] = {0}, q[CELLS], grad_q[CELLS];
    for (int i = 0; i < CELLS; i++) q[i] = 0.25f;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, ROWS, COLS),
                              .target_probs = nll_view_2d(q, NLL_F32, ROWS, COLS),
                              .grad_target_probs = nll_out_2d(grad_q, NLL_F32, ROWS, COLS)};
    ASSERT_OK(nll_categorical(&a, NULL));
    a.grad = nll_out_2d(q, NLL_F32, ROWS, COLS); /* the gradient of one in the place of the other */
    EXPECT_STATUS(NLL_E_ALIAS, nll_categorical(&a, NULL));
    a.grad = nll_out_2d(x, NLL_F32, ROWS, COLS);
    a.grad_target_probs.data = q;
    EXPECT_STATUS(NLL_OK, nll_categorical(&a, NULL));
    cr_expect_eq(memcmp(q, grad_q, sizeof q), 0);
}

/* check_domain: refused before any write, where a row would turn to NaN or +inf by a value that
 * lies outside its domain or support. */
static void out_of_domain(nll_status s, const nll_result *r, const double *nll, int64_t row) {
    EXPECT_STATUS(NLL_E_DOMAIN, s);
    EXPECT_IS(r->bad_row, row);
    for (int i = 0; i < SMALL_ROWS; i++) EXPECT_IS(nll[i], 42);
}

Test(api, domain) {
    FOR_TYPES(t) {
        struct small_bernoulli b = {.type = *t, .probs = 1, .rows = 4, .x = {0.5, 0.5, 1.5, -1}};
        struct small_gaussian g = {.type = *t, .form = SCALE, .rows = 4, .spread = {1, 0, 1, -1}};
        struct small_ce c = {
            .type = *t, .form = PROBS, .rows = 2, .cols = 2, .x = {0.5, 0.5, 2, 0.5}};
        struct small_ce q = {.type = *t, .soft = 1, .rows = 2, .cols = 2, .q = {1, 0, 1, -0.5}};
        b.a.common.check_domain = g.a.common.check_domain = 1;
        c.a.common.check_domain = q.a.common.check_domain = 1;
        for (int i = 0; i < SMALL_ROWS; i++) b.nll[i] = g.nll[i] = c.nll[i] = q.nll[i] = 42;
        out_of_domain(small_bernoulli_run(&b), &b.r, b.nll, 2);
        b.x[2] = b.x[3] = 1, b.y[2] = b.y[3] = 1, b.y[1] = 2;
        out_of_domain(small_bernoulli_run(&b), &b.r, b.nll, 1);
        out_of_domain(small_gaussian_run(&g), &g.r, g.nll, 1);
        out_of_domain(small_ce_run(&c), &c.r, c.nll, 1);
        out_of_domain(small_ce_run(&q), &q.r, q.nll, 1);
        /* in their domains: fine, infinite or not */
        b.y[1] = 1;
        EXPECT_STATUS(NLL_OK, small_bernoulli_run(&b));
        b.x[2] = 0;
        EXPECT_STATUS(NLL_OK, small_bernoulli_run(&b));
        EXPECT_IS(b.nll[2], INFINITY);
        g.spread[1] = g.spread[3] = 2;
        EXPECT_STATUS(NLL_OK, small_gaussian_run(&g));
        c.x[2] = 1;
        EXPECT_STATUS(NLL_OK, small_ce_run(&c));
        EXPECT_IS(c.r.bad_row, -1);
        /* an ignored row is not looked at */
        c.x[2] = 2;
        c.y[1] = 7;
        c.a.has_ignore_index = 1;
        c.a.ignore_index = 7;
        EXPECT_STATUS(NLL_OK, small_ce_run(&c));
    }
}

/* Structs grow at the end: a longer one of a later header is fine while its new part is zero. */
Test(api, struct_size) {
    struct {
        nll_categorical_args a;
        uint64_t later[4];
    } grown = {.a = {.struct_size = sizeof grown}};
    float x[2] = {0};
    int32_t y = 0;
    grown.a.logits = nll_view_2d(x, NLL_F32, 1, 2);
    grown.a.target = nll_view_1d(&y, NLL_I32, 1);
    EXPECT_STATUS(NLL_OK, nll_categorical(&grown.a, NULL));
    static const size_t bad[] = {0, 1, sizeof(size_t), offsetof(nll_categorical_args, target)};
    for (int k = 0; k < 4; k++) {
        nll_categorical_args a = grown.a;
        a.struct_size = bad[k];
        EXPECT_STATUS(NLL_E_NULL, nll_categorical(&a, NULL)); /* the arrays are not in there */
    }
    nll_bernoulli_args b = {0};
    nll_gaussian_args g = {0};
    EXPECT_STATUS(NLL_E_NULL, nll_bernoulli(&b, NULL));
    EXPECT_STATUS(NLL_E_NULL, nll_gaussian(&g, NULL));
}

Test(api, result_struct_size) {
    struct {
        nll_result r;
        uint64_t later[4];
    } grown = {.r = {.struct_size = sizeof grown}, .later = {7, 7, 7, 7}};
    float x[2] = {0};
    int32_t y = 0;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, 1, 2),
                              .target = nll_view_1d(&y, NLL_I32, 1)};
    EXPECT_STATUS(NLL_OK, nll_categorical(&a, &grown.r));
    EXPECT_IS(grown.r.count, 1);
    for (int i = 0; i < 4; i++) cr_expect(grown.later[i] == 7 || grown.later[i] == 0);
    nll_result r = {0}; /* not set: refused, or nothing is written */
    nll_status s = nll_categorical(&a, &r);
    cr_expect(s != NLL_OK || r.count == 0, "%s", nll_status_string(s));
}

Test(api, names_and_versions) {
    cr_expect_str_eq(nll_version(), "0.1.0");
    cr_expect_eq(nll_numerics_version(), (unsigned)NLL_NUMERICS_VERSION);
    for (int s = NLL_E_THREADS; s <= NLL_OK; s++)
        for (int k = s + 1; k <= NLL_OK; k++)
            cr_expect_str_neq(nll_status_string((nll_status)s), nll_status_string((nll_status)k));
    cr_expect_not_null(nll_status_string((nll_status)12345));
    static const size_t sizes[] = {0, 4, 8, 2, 2, 1, 1, 2, 2, 4, 4, 8, 8, 1, 0};
    static const char *const names[] = {NULL,  "f32", "f64", "f16", "bf16", "i8",  "u8",
                                        "i16", "u16", "i32", "u32", "i64",  "u64", "bool"};
    for (int t = NLL_ABSENT; t <= NLL_NUMBER; t++)
        cr_expect_eq(nll_dtype_size((nll_dtype)t), sizes[t], "size of %d", t);
    for (int t = NLL_F32; t <= NLL_BOOL; t++)
        cr_expect_str_eq(nll_dtype_name((nll_dtype)t), names[t]);
    cr_expect_eq(nll_dtype_size((nll_dtype)-1), 0);
    cr_expect_eq(nll_dtype_size((nll_dtype)4000), 0);
    cr_expect_str_eq(nll_dtype_name((nll_dtype)4000), "?");
    nll_view v = nll_view_2d(names, NLL_F32, 7, 3), one = nll_view_1d(names, NLL_F32, 7);
    cr_expect(v.row_stride == 3 && v.col_stride == 1 && v.rows == 7 && v.cols == 3);
    cr_expect(one.rows == 7 && one.cols == 1 && one.row_stride == 1);
    cr_expect(nll_number(2.5).dtype == NLL_NUMBER && nll_number(2.5).value == 2.5);
}
