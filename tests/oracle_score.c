/* oracle_score.c: the scoring outputs of one row: softmax of z in 192 bits, then the definitions.
 */
#include "oracle.h"

#include <math.h>
#include <mpfr.h>
#include <stdint.h>
#include <stdlib.h>

enum { BITS = 192 };
#define R MPFR_RNDN

/* z_i of a row: logits after softcap and temperature, log-probs, or log of probs. */
static void logit(mpfr_t z, const struct oracle_row *row, size_t i) {
    mpfr_set_d(z, row->x[i], R);
    if (row->form == FROM_PROBS) mpfr_log(z, z, R);
    if (row->softcap != 0 && !mpfr_inf_p(z)) {
        mpfr_div_d(z, z, row->softcap, R);
        mpfr_tanh(z, z, R);
        mpfr_mul_d(z, z, row->softcap, R);
    }
    if (row->temperature != 0) mpfr_div_d(z, z, row->temperature, R);
}

static size_t rank_of(const struct oracle_row *row, size_t y) {
    size_t rank = 0;
    for (size_t i = 0; i < row->cols; i++)
        rank += row->x[i] > row->x[y] || (row->x[i] == row->x[y] && i < y);
    return rank;
}

void oracle_scores(const struct oracle_row *row, struct oracle_scores *out) {
    size_t n = row->cols, top = 0, y = row->target < 0 ? SIZE_MAX : (size_t)row->target;
    mpfr_t *p = malloc(n * sizeof *p), a, sum, entropy, brier, best;
    if (!p) abort();
    mpfr_inits2(BITS, a, sum, entropy, brier, best, (mpfr_ptr)0);
    mpfr_set_inf(best, -1);
    out->z_max = 0;
    for (size_t i = 0; i < n; i++) {
        mpfr_init2(p[i], BITS);
        logit(p[i], row, i);
        if (mpfr_greater_p(p[i], p[top])) top = i;
        if (i != y && mpfr_greater_p(p[i], best)) mpfr_set(best, p[i], R);
        long double z = fabsl(mpfr_get_ld(p[i], R));
        if (z > out->z_max && !isinf(z)) out->z_max = z;
    }
    if (y != SIZE_MAX) {
        mpfr_sub(a, p[y], best, R);
        long double larger = fabsl(mpfr_get_ld(best, R)), own = fabsl(mpfr_get_ld(p[y], R));
        if (!(larger > own)) larger = own;
        out->margin = (struct oracle_value){mpfr_get_ld(a, R), larger};
        out->rank = rank_of(row, y);
    }
    /* R = sum of the others relative to the largest; p_i = e_i / (1 + R) */
    mpfr_set(best, p[top], R);
    mpfr_set_ui(sum, 0, R);
    for (size_t i = 0; i < n; i++) {
        mpfr_sub(p[i], p[i], best, R);
        mpfr_exp(a, p[i], R);
        if (i != top) mpfr_add(sum, sum, a, R);
    }
    mpfr_log1p(entropy, sum, R);
    mpfr_set_ui(brier, 0, R);
    mpfr_add_ui(best, sum, 1, R);
    for (size_t i = 0; i < n; i++) {
        if (mpfr_inf_p(p[i])) continue;
        mpfr_exp(a, p[i], R);
        mpfr_div(a, a, best, R); /* p_i */
        if (i == y && y != top) mpfr_ui_sub(brier, 1, a, R);
        if (i == y && y == top) mpfr_div(brier, sum, best, R);
        if (i == y) mpfr_sqr(brier, brier, R);
        if (i == y) break;
    }
    for (size_t i = 0; i < n; i++) {
        if (mpfr_inf_p(p[i])) continue;
        mpfr_exp(a, p[i], R);
        mpfr_div(a, a, best, R);
        mpfr_mul(p[i], p[i], a, R);
        mpfr_sub(entropy, entropy, p[i], R);
        mpfr_sqr(a, a, R);
        if (i != y) mpfr_add(brier, brier, a, R);
    }
    if (y != SIZE_MAX && row->x[y] == -INFINITY) mpfr_add_ui(brier, brier, 1, R);
    if (y != SIZE_MAX && row->form == FROM_PROBS && row->x[y] == 0) mpfr_add_ui(brier, brier, 1, R);
    mpfr_ui_div(a, 1, best, R);
    out->confidence = mpfr_get_ld(a, R);
    out->entropy = mpfr_get_ld(entropy, R);
    out->brier = mpfr_get_ld(brier, R);
    mpfr_clears(a, sum, entropy, brier, best, (mpfr_ptr)0);
    for (size_t i = 0; i < n; i++) mpfr_clear(p[i]);
    free(p);
}
