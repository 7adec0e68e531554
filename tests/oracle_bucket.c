/* oracle_bucket.c: sparse targets whose missing mass goes to all classes not listed. */
#include "oracle.h"

#include <math.h>
#include <mpfr.h>

enum { BITS = 256 };
#define R MPFR_RNDN

static int listed(const struct oracle_bucket *b, size_t c) {
    for (size_t i = 0; i < b->k; i++)
        if (b->index[i] == (int64_t)c) return 1;
    return 0;
}

/* e^(x - top) into e; exp's range is not that of x, so each side has a top of its own. */
static void relative_exp(mpfr_t e, double x, double top) {
    mpfr_set_d(e, x, R);
    mpfr_sub_d(e, e, top, R);
    mpfr_exp(e, e, R);
}

/* log of the sum over all classes less x_top, by the others alone. */
static void log_sum(mpfr_t l, const struct oracle_bucket *b, size_t top) {
    mpfr_t e;
    mpfr_init2(e, BITS);
    mpfr_set_ui(l, 0, R);
    for (size_t j = 0; j < b->cols; j++) {
        if (j == top) continue;
        relative_exp(e, b->x[j], b->x[top]);
        mpfr_add(l, l, e, R);
    }
    mpfr_log1p(l, l, R);
    mpfr_clear(e);
}

void oracle_bucket(const struct oracle_bucket *b, struct oracle_bucket_out *out) {
    size_t n = b->cols, top[2] = {SIZE_MAX, SIZE_MAX}; /* of the others, of the listed */
    mpfr_t sum[2], mass, miss, other, value, norm, a, c;
    mpfr_inits2(BITS, sum[0], sum[1], mass, miss, other, value, norm, a, c, (mpfr_ptr)0);
    for (size_t i = 0; i < n; i++) {
        int in = listed(b, i);
        if (top[in] == SIZE_MAX || b->x[i] > b->x[top[in]]) top[in] = i;
    }
    if (top[0] != SIZE_MAX && b->x[top[0]] == -INFINITY) top[0] = SIZE_MAX; /* masked: none */
    for (int in = 0; in < 2; in++) mpfr_set_ui(sum[in], 0, R);
    for (size_t i = 0; i < n; i++) {
        int in = listed(b, i);
        if (top[in] == SIZE_MAX) continue;
        relative_exp(a, b->x[i], b->x[top[in]]);
        mpfr_add(sum[in], sum[in], a, R);
    }
    mpfr_set_ui(mass, 0, R);
    for (size_t i = 0; i < b->k; i++) mpfr_add_d(mass, mass, b->q[i], R);
    mpfr_ui_sub(miss, 1, mass, R);
    if (mpfr_sgn(miss) < 0) mpfr_set_ui(miss, 0, R);
    /* -log R = log(1 + A / B) = D + log(B / A e^-D + 1) + ... by whichever exponential is small */
    mpfr_set_inf(other, 1);
    if (top[0] != SIZE_MAX) {
        double hi = b->x[top[1]], lo = b->x[top[0]];
        mpfr_div(c, sum[1], sum[0], R);
        relative_exp(a, hi > lo ? lo : hi, hi > lo ? hi : lo);
        if (hi > lo) { /* log(A / B) + log(1 + B / A) */
            mpfr_log(other, c, R);
            mpfr_div(a, a, c, R);
            mpfr_log1p(a, a, R);
            mpfr_add(other, other, a, R);
            mpfr_set_d(a, hi, R);
            mpfr_sub_d(a, a, lo, R);
            mpfr_add(other, other, a, R);
        } else {
            mpfr_mul(a, a, c, R);
            mpfr_log1p(other, a, R);
        }
    }
    int none = mpfr_zero_p(miss);
    long double bucket = none ? 0 : mpfr_get_ld(other, R);
    mpfr_mul(value, other, miss, R);
    if (none) mpfr_set_ui(value, 0, R);
    size_t most = top[0] != SIZE_MAX && b->x[top[0]] > b->x[top[1]] ? top[0] : top[1];
    log_sum(norm, b, most);
    for (size_t i = 0; i < b->k; i++) {
        mpfr_set_d(a, b->x[most], R); /* nll_c = (x_most - x_c) + log(sum) */
        mpfr_sub_d(a, a, b->x[b->index[i]], R);
        mpfr_add(a, a, norm, R);
        long double nll = mpfr_get_ld(a, R);
        out->grad_q[i] = (struct oracle_value){nll - bucket, nll + bucket};
        mpfr_mul_d(a, a, b->q[i], R);
        if (b->q[i] != 0) mpfr_add(value, value, a, R);
    }
    out->nll = mpfr_get_ld(value, R);
    mpfr_add(c, mass, miss, R); /* Q + t */
    mpfr_neg(other, other, R);
    mpfr_expm1(other, other, R);
    mpfr_neg(other, other, R); /* P = 1 - e^-(-log R) */
    for (size_t i = 0; i < n; i++) {
        double q = 0;
        for (size_t j = 0; j < b->k; j++) q += b->index[j] == (int64_t)i ? b->q[j] : 0;
        relative_exp(a, b->x[i], b->x[most]);
        mpfr_neg(value, norm, R);
        mpfr_exp(value, value, R);
        mpfr_mul(a, a, value, R); /* p_i */
        mpfr_mul(a, a, c, R);
        out->grad[i].mag = mpfr_get_ld(a, R) + q;
        if (q != 0 || listed(b, i)) {
            mpfr_sub_d(a, a, q, R);
        } else if (!none &&
                   top[0] !=
                       SIZE_MAX) { /* p_i / R = e^x / B; relative to (Q + P) times that: models.h */
            relative_exp(value, b->x[i], b->x[top[0]]);
            mpfr_div(value, value, sum[0], R);
            out->grad[i].mag =
                mpfr_get_ld(value, R) * (mpfr_get_ld(mass, R) + mpfr_get_ld(other, R));
            mpfr_mul(value, value, miss, R);
            mpfr_sub(a, a, value, R);
        }
        out->grad[i].v = mpfr_get_ld(a, R);
    }
    mpfr_clears(sum[0], sum[1], mass, miss, other, value, norm, a, c, (mpfr_ptr)0);
}
