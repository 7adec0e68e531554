/* oracle_second.c: second derivatives of one row from logits, by the textbook formula in so many
 * bits that 1 - p and sums that cancel do no harm. */
#include "oracle.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

enum { BITS = 1600 };
#define R MPFR_RNDN

struct row_state {
    const struct oracle_row *in;
    mpfr_t *z, *p, *f, *t; /* logits, probabilities, dz/dx, coefficients of nll */
    mpfr_t B, curve, a, b, c, d;
};

static mpfr_t *new_numbers(size_t n) {
    mpfr_t *p = malloc(n * sizeof *p);
    if (!p) abort();
    for (size_t i = 0; i < n; i++) mpfr_init2(p[i], BITS);
    return p;
}
static void free_numbers(mpfr_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) mpfr_clear(p[i]);
    free(p);
}

/* z and f' = sech^2 / T. */
static void transform(struct row_state *s, size_t i) {
    const struct oracle_row *in = s->in;
    double T = in->temperature != 0 ? in->temperature : 1;
    mpfr_set_d(s->z[i], in->x[i], R);
    mpfr_set_ui(s->f[i], 1, R);
    if (in->softcap != 0 && !mpfr_inf_p(s->z[i])) {
        mpfr_div_d(s->a, s->z[i], in->softcap, R);
        mpfr_sech(s->f[i], s->a, R);
        mpfr_sqr(s->f[i], s->f[i], R);
        mpfr_tanh(s->z[i], s->a, R);
        mpfr_mul_d(s->z[i], s->z[i], in->softcap, R);
    }
    mpfr_div_d(s->z[i], s->z[i], T, R);
    mpfr_div_d(s->f[i], s->f[i], T, R);
}

/* p, and B = sum t + 2 L lse, curve = 2 L. */
static void softmax(struct row_state *s) {
    const struct oracle_row *in = s->in;
    size_t top = 0;
    for (size_t i = 0; i < in->cols; i++) {
        transform(s, i);
        if (mpfr_greater_p(s->z[i], s->z[top])) top = i;
    }
    mpfr_set_ui(s->b, 0, R);
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_sub(s->p[i], s->z[i], s->z[top], R);
        mpfr_exp(s->p[i], s->p[i], R);
        mpfr_add(s->b, s->b, s->p[i], R);
    }
    for (size_t i = 0; i < in->cols; i++) mpfr_div(s->p[i], s->p[i], s->b, R);
    mpfr_log(s->b, s->b, R);
    mpfr_add(s->b, s->b, s->z[top], R); /* lse */
    double L = in->z_loss;
    if (in->target >= 0 && in->smoothing > 0 && in->v) L *= in->v[in->target];
    mpfr_set_d(s->curve, L, R);
    mpfr_mul_ui(s->curve, s->curve, 2, R);
    mpfr_mul(s->B, s->curve, s->b, R);
}

static void coefficients(struct row_state *s) {
    const struct oracle_row *in = s->in;
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_set_d(s->t[i], in->smoothing, R);
        mpfr_div_ui(s->t[i], s->t[i], in->cols, R);
        mpfr_set_d(s->a, in->smoothing, R);
        mpfr_ui_sub(s->a, 1, s->a, R);
        if (in->target < 0) mpfr_mul_d(s->a, s->a, in->q[i], R);
        if (in->target < 0 || (size_t)in->target == i) mpfr_add(s->t[i], s->t[i], s->a, R);
        if (in->v && (in->target < 0 || in->smoothing > 0))
            mpfr_mul_d(s->t[i], s->t[i], in->v[i], R);
        mpfr_add(s->B, s->B, s->t[i], R);
    }
}

/* f'' / f' times dl/dz_i f' into c, and the magnitude of its terms. */
static long double bend(struct row_state *s, size_t i) {
    const struct oracle_row *in = s->in;
    double T = in->temperature != 0 ? in->temperature : 1;
    if (in->softcap == 0 || mpfr_zero_p(s->f[i]) || mpfr_inf_p(s->z[i])) {
        mpfr_set_ui(s->c, 0, R);
        return 0;
    }
    mpfr_mul(s->c, s->B, s->p[i], R);
    mpfr_abs(s->d, s->c, R);
    mpfr_add(s->d, s->d, s->t[i], R);
    mpfr_sub(s->c, s->c, s->t[i], R);
    mpfr_mul_d(s->a, s->z[i], -2 * T, R);
    mpfr_div_d(s->a, s->a, in->softcap, R);
    mpfr_div_d(s->a, s->a, in->softcap, R);
    mpfr_mul(s->a, s->a, s->f[i], R);
    mpfr_mul(s->c, s->c, s->a, R);
    mpfr_mul(s->d, s->d, s->a, R);
    return fabsl(mpfr_get_ld(s->d, R));
}

static struct oracle_value diagonal(struct row_state *s, size_t i) {
    long double mag = bend(s, i);
    mpfr_ui_sub(s->a, 1, s->p[i], R);
    mpfr_mul(s->a, s->a, s->p[i], R);
    mpfr_mul(s->a, s->a, s->B, R);
    mpfr_sqr(s->b, s->p[i], R);
    mpfr_mul(s->b, s->b, s->curve, R);
    mpfr_sqr(s->d, s->f[i], R);
    mpfr_mul(s->a, s->a, s->d, R);
    mpfr_mul(s->b, s->b, s->d, R);
    mag += fabsl(mpfr_get_ld(s->a, R)) + fabsl(mpfr_get_ld(s->b, R));
    mpfr_add(s->c, s->c, s->a, R);
    mpfr_add(s->c, s->c, s->b, R);
    return (struct oracle_value){mpfr_get_ld(s->c, R), mag};
}

/* w_i = f'_i v_i; 0 where the class is masked. */
static void weight(struct row_state *s, mpfr_t w, const double *v, size_t i) {
    mpfr_mul_d(w, s->f[i], v[i], R);
    if (mpfr_zero_p(s->p[i])) mpfr_set_ui(w, 0, R);
}

/* |w - w_h|; where f' is rounded before the difference, |w| + |w_h|. */
static long double distance(struct row_state *s, mpfr_t w, mpfr_t w_h) {
    int rounded = s->in->softcap != 0 || s->in->temperature != 0;
    mpfr_sub(s->a, w, w_h, R);
    long double apart = fabsl(mpfr_get_ld(s->a, R));
    if (rounded && apart != 0) apart = fabsl(mpfr_get_ld(w, R)) + fabsl(mpfr_get_ld(w_h, R));
    return apart;
}

static void product(struct row_state *s, const double *v, struct oracle_value *out) {
    size_t n = s->in->cols, h = 0;
    mpfr_t m, w, w_h;
    mpfr_inits2(BITS, m, w, w_h, (mpfr_ptr)0);
    for (size_t i = 1; i < n; i++)
        if (mpfr_greater_p(s->z[i], s->z[h])) h = i;
    weight(s, w_h, v, h);
    mpfr_set_ui(m, 0, R);
    long double spread = 0;
    for (size_t i = 0; i < n; i++) {
        weight(s, w, v, i);
        mpfr_mul(s->a, w, s->p[i], R);
        mpfr_add(m, m, s->a, R);
        spread += distance(s, w, w_h) * mpfr_get_ld(s->p[i], R);
    }
    for (size_t i = 0; i < n; i++) {
        long double mag = bend(s, i) * fabs(v[i]), own;
        mpfr_mul_d(s->c, s->c, v[i], R);
        weight(s, w, v, i);
        own = distance(s, w, w_h) + spread;
        mpfr_sub(s->a, w, m, R);
        mpfr_mul(s->b, s->p[i], s->B, R);
        mpfr_mul(s->b, s->b, s->f[i], R);
        mag += fabsl(mpfr_get_ld(s->b, R)) * own;
        mpfr_mul(s->a, s->a, s->b, R);
        mpfr_add(s->c, s->c, s->a, R);
        mpfr_mul(s->b, s->p[i], s->curve, R);
        mpfr_mul(s->b, s->b, s->f[i], R);
        mag += fabsl(mpfr_get_ld(s->b, R)) * (fabsl(mpfr_get_ld(w_h, R)) + spread);
        mpfr_mul(s->b, s->b, m, R);
        mpfr_add(s->c, s->c, s->b, R);
        out[i] = (struct oracle_value){mpfr_get_ld(s->c, R), mag};
    }
    mpfr_clears(m, w, w_h, (mpfr_ptr)0);
}

void oracle_second(const struct oracle_row *row, const double *vector, struct oracle_value *hess,
                   struct oracle_value *hvp) {
    size_t n = row->cols;
    struct row_state s = {.in = row,
                          .z = new_numbers(n),
                          .p = new_numbers(n),
                          .f = new_numbers(n),
                          .t = new_numbers(n)};
    mpfr_inits2(BITS, s.B, s.curve, s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    softmax(&s);
    coefficients(&s);
    for (size_t i = 0; i < n; i++) hess[i] = diagonal(&s, i);
    product(&s, vector, hvp);
    mpfr_clears(s.B, s.curve, s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    free_numbers(s.z, n);
    free_numbers(s.p, n);
    free_numbers(s.f, n);
    free_numbers(s.t, n);
}
