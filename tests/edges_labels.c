/* edges_labels.c: class indices of every integer type: checked before anything is written, and the
 * same bits whatever their type. */
#include "gen.h"
#include "small.h"
#include "support.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const nll_dtype integers[] = {NLL_I8,  NLL_U8,  NLL_I16, NLL_U16,
                                     NLL_I32, NLL_U32, NLL_I64, NLL_U64};
enum { INTEGERS = 8, ROWS = 700, COLS = 100 };

static struct criterion_test_params all_integers(void) {
    static int index[INTEGERS];
    for (int i = 0; i < INTEGERS; i++) index[i] = i;
    return cr_make_param_array(int, index, INTEGERS);
}

struct labels {
    float *x, *grad;
    double *nll, *lse, *p;
    int64_t *mode;
    void *y;
    nll_categorical_args a;
    nll_result r;
};

static void start(struct labels *s, nll_dtype type) {
    uint64_t state = gen_state(3000);
    *s = (struct labels){.r = {.struct_size = sizeof s->r, .bad_row = -7}};
    s->x = new_array(NLL_F32, ROWS * COLS);
    gen_fill_f32(s->x, ROWS * COLS, GEN_NORMAL, &state);
    s->grad = new_array(NLL_F32, ROWS * COLS);
    s->nll = new_doubles(ROWS);
    s->lse = new_doubles(ROWS);
    s->p = new_doubles(ROWS);
    s->mode = new_array(NLL_I64, ROWS);
    s->y = new_array(type, ROWS);
    for (int i = 0; i < ROWS; i++) elem_set(s->y, type, i, (double)gen_below(COLS, &state));
    s->a = (nll_categorical_args){.struct_size = sizeof s->a,
                                  .logits = nll_view_2d(s->x, NLL_F32, ROWS, COLS),
                                  .target = nll_view_1d(s->y, type, ROWS),
                                  .nll = nll_out_1d(s->nll, NLL_F64, ROWS),
                                  .lse = nll_out_1d(s->lse, NLL_F64, ROWS),
                                  .p_target = nll_out_1d(s->p, NLL_F64, ROWS),
                                  .mode = nll_out_1d(s->mode, NLL_I64, ROWS),
                                  .grad = nll_out_2d(s->grad, NLL_F32, ROWS, COLS)};
}

static void stop(struct labels *s) {
    free(s->x);
    free(s->grad);
    free(s->nll);
    free(s->lse);
    free(s->p);
    free(s->mode);
    free(s->y);
}

static int all_garbage(const void *p, size_t n) {
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        if (b[i] != 0xA5) return 0;
    return 1;
}

/* A bad label in the last row of many: not one byte of any output may have changed. */
static void expect_refused(struct labels *s, int64_t row, const char *what) {
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&s->a, &s->r));
    cr_expect_eq(s->r.bad_row, row, "%s: bad_row %jd, not %jd", what, s->r.bad_row, row);
    cr_expect(all_garbage(s->grad, ROWS * COLS * 4), "%s: grad was written", what);
    cr_expect(all_garbage(s->nll, ROWS * 8), "%s: nll was written", what);
    cr_expect(all_garbage(s->lse, ROWS * 8), "%s: lse was written", what);
    cr_expect(all_garbage(s->p, ROWS * 8), "%s: p_target was written", what);
    cr_expect(all_garbage(s->mode, ROWS * 8), "%s: mode was written", what);
}

ParameterizedTestParameters(edges_labels, same_bits_for_every_type) { return all_integers(); }
ParameterizedTest(int *index, edges_labels, same_bits_for_every_type) {
    struct labels s, ref;
    start(&ref, NLL_I64);
    ASSERT_OK(nll_categorical(&ref.a, &ref.r));
    start(&s, integers[*index]);
    ASSERT_OK(nll_categorical(&s.a, &s.r));
    cr_expect_eq(memcmp(s.grad, ref.grad, ROWS * COLS * 4), 0);
    cr_expect_eq(memcmp(s.nll, ref.nll, ROWS * 8), 0);
    cr_expect(same_bits(s.r.sum, ref.r.sum));
    stop(&s);
    stop(&ref);
}

ParameterizedTestParameters(edges_labels, refused_before_any_write) { return all_integers(); }
ParameterizedTest(int *index, edges_labels, refused_before_any_write) {
    nll_dtype type = integers[*index];
    struct labels s;
    start(&s, type);
    elem_set(s.y, type, ROWS - 1, COLS); /* one past the last class */
    expect_refused(&s, ROWS - 1, "cols");
    elem_set(s.y, type, 520, -1); /* all ones for an unsigned type */
    expect_refused(&s, 520, "-1");
    elem_set(s.y, type, 3, nll_dtype_size(type) == 1 ? 127 : 30000);
    expect_refused(&s, 3, "large");
    stop(&s);
}

ParameterizedTestParameters(edges_labels, refused_for_every_reduction) { return all_integers(); }
ParameterizedTest(int *index, edges_labels, refused_for_every_reduction) {
    /* pytorch#194802: the backward of reduction none wrote through an unchecked label. */
    nll_dtype type = integers[*index];
    struct labels s;
    start(&s, type);
    elem_set(s.y, type, 0, COLS);
    for (int k = NLL_MEAN; k <= NLL_NONE; k++) {
        s.a.common.reduction = (nll_reduction)k;
        expect_refused(&s, 0, "reduction");
    }
    stop(&s);
}

ParameterizedTestParameters(edges_labels, ignore_index_of_every_type) { return all_integers(); }
ParameterizedTest(int *index, edges_labels, ignore_index_of_every_type) {
    nll_dtype type = integers[*index];
    int is_signed = *index % 2 == 0;
    struct labels s;
    start(&s, type);
    s.a.has_ignore_index = 1;
    s.a.ignore_index = is_signed ? -100 : 255;
    elem_set(s.y, type, 5, (double)s.a.ignore_index);
    ASSERT_OK(nll_categorical(&s.a, &s.r));
    EXPECT_IS(s.r.ignored, 1);
    EXPECT_IS(s.nll[5], 0);
    stop(&s);
}

Test(edges_labels, unsigned_64_bit_labels_above_the_signed_range) {
    struct labels s;
    start(&s, NLL_U64);
    uint64_t *y = s.y;
    y[7] = (uint64_t)INT64_MAX + 1;
    expect_refused(&s, 7, "2^63");
    y[7] = UINT64_MAX;
    expect_refused(&s, 7, "2^64 - 1");
    /* 2^64 - 1 is not -1 */
    s.a.has_ignore_index = 1;
    s.a.ignore_index = -1;
    expect_refused(&s, 7, "2^64 - 1 with ignore_index -1");
    stop(&s);
}

Test(edges_labels, narrow_labels_are_not_extended_wrongly) {
    /* u8 200 is the class 200, i8 -56 is none */
    enum { WIDE = 256 };
    float x[WIDE] = {0};
    uint8_t y = 200;
    double p;
    x[200] = 100;
    nll_categorical_args a = {.struct_size = sizeof a,
                              .logits = nll_view_2d(x, NLL_F32, 1, WIDE),
                              .target = nll_view_1d(&y, NLL_U8, 1),
                              .p_target = nll_out_1d(&p, NLL_F64, 1)};
    ASSERT_OK(nll_categorical(&a, NULL));
    EXPECT_NEAR(NLL_F32, p, 1);
    a.target.dtype = NLL_I8;
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&a, NULL));
    /* u32 2^31 and u16 40000: past the signed ranges */
    uint32_t y32 = 1u << 31;
    a.target = nll_view_1d(&y32, NLL_U32, 1);
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&a, NULL));
    uint16_t y16 = 40000;
    a.target = nll_view_1d(&y16, NLL_U16, 1);
    EXPECT_STATUS(NLL_E_LABEL, nll_categorical(&a, NULL));
    enum { MANY = 50000 };
    float *wide = calloc(MANY, sizeof *wide);
    wide[40000] = 100;
    a.logits = nll_view_2d(wide, NLL_F32, 1, MANY);
    ASSERT_OK(nll_categorical(&a, NULL));
    EXPECT_NEAR(NLL_F32, p, 1);
    free(wide);
}

Test(edges_labels, strided_reversed_and_repeated_labels) {
    struct labels s, ref;
    start(&ref, NLL_I32);
    ASSERT_OK(nll_categorical(&ref.a, &ref.r));
    start(&s, NLL_I32);
    int32_t *y = ref.y, *z = new_array(NLL_I32, 3 * ROWS);
    for (int i = 0; i < ROWS; i++) z[3 * (ROWS - 1 - i)] = y[i];
    s.a.target.data = z + 3 * (ROWS - 1);
    s.a.target.row_stride = -3;
    ASSERT_OK(nll_categorical(&s.a, &s.r));
    cr_expect_eq(memcmp(s.grad, ref.grad, ROWS * COLS * 4), 0);
    cr_expect(same_bits(s.r.sum, ref.r.sum));
    int32_t one = 17;
    s.a.target.data = &one;
    s.a.target.row_stride = 0;
    for (int i = 0; i < ROWS; i++) y[i] = one;
    ASSERT_OK(nll_categorical(&s.a, &s.r));
    ASSERT_OK(nll_categorical(&ref.a, &ref.r));
    cr_expect_eq(memcmp(s.grad, ref.grad, ROWS * COLS * 4), 0);
    free(z);
    stop(&s);
    stop(&ref);
}

Test(edges_labels, float_labels_are_refused) {
    struct labels s;
    start(&s, NLL_F32);
    EXPECT_STATUS(NLL_E_DTYPE, nll_categorical(&s.a, &s.r));
    s.a.target = nll_number(1);
    EXPECT_STATUS(NLL_E_DTYPE, nll_categorical(&s.a, &s.r));
    stop(&s);
}
