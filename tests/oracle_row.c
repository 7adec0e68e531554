/* oracle_row.c: one row of the categorical model. */
#include "oracle.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

enum { BITS = 192 };
#define R MPFR_RNDN

struct row_state {
    const struct oracle_row *in;
    double z_loss;                   /* times the class weight where smoothing has it inside */
    mpfr_t *z;                       /* [cols] logits after softcap and temperature */
    mpfr_t *t;                       /* [cols] value = sum t_c nll_c */
    size_t top;                      /* arg max */
    mpfr_t total, sum, log_sum, lse; /* sum t_c; sum exp(z - z_top), its log; the lse */
    mpfr_t a, b, c, d;
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

/* z = softcap(x) / temperature */
static void set_logits(struct row_state *s) {
    const struct oracle_row *in = s->in;
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_set_d(s->z[i], in->x[i], R);
        if (in->softcap != 0 && !mpfr_inf_p(s->z[i])) { /* -inf masks a class, capped or not */
            mpfr_div_d(s->z[i], s->z[i], in->softcap, R);
            mpfr_tanh(s->z[i], s->z[i], R);
            mpfr_mul_d(s->z[i], s->z[i], in->softcap, R);
        }
        if (in->temperature != 0) mpfr_div_d(s->z[i], s->z[i], in->temperature, R);
    }
}

/* dz_i / dx_i: (1 - tanh^2) / temperature, into b. */
static void chain(struct row_state *s, size_t i) {
    mpfr_set_ui(s->b, 1, R);
    if (s->in->softcap != 0 && !mpfr_inf_p(s->z[i])) {
        mpfr_set_d(s->b, s->in->x[i], R);
        mpfr_div_d(s->b, s->b, s->in->softcap, R);
        mpfr_sech(s->b, s->b, R);
        mpfr_sqr(s->b, s->b, R);
    }
    if (s->in->temperature != 0) mpfr_div_d(s->b, s->b, s->in->temperature, R);
}

/* t_c and their sum. */
static void set_weights(struct row_state *s) {
    const struct oracle_row *in = s->in;
    mpfr_set_ui(s->total, 0, R);
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_set_d(s->t[i], in->smoothing, R);
        mpfr_div_ui(s->t[i], s->t[i], in->cols, R);
        mpfr_set_d(s->a, in->smoothing, R);
        mpfr_ui_sub(s->a, 1, s->a, R);
        if (in->target < 0) {
            mpfr_mul_d(s->a, s->a, in->q[i], R);
            mpfr_add(s->t[i], s->t[i], s->a, R);
        } else if ((size_t)in->target == i) {
            mpfr_add(s->t[i], s->t[i], s->a, R);
        }
        /* With smoothing 0 an index target's class weight is the caller's row weight. */
        if (in->v && (in->target < 0 || in->smoothing > 0))
            mpfr_mul_d(s->t[i], s->t[i], in->v[i], R);
        mpfr_add(s->total, s->total, s->t[i], R);
    }
}

/* The sum over all classes but the largest, so that log1p keeps what a confident row is about. */
static void set_lse(struct row_state *s) {
    s->top = 0;
    for (size_t i = 1; i < s->in->cols; i++)
        if (mpfr_greater_p(s->z[i], s->z[s->top])) s->top = i;
    mpfr_set_ui(s->sum, 0, R);
    for (size_t i = 0; i < s->in->cols; i++) {
        if (i == s->top) continue;
        mpfr_sub(s->a, s->z[i], s->z[s->top], R);
        mpfr_exp(s->a, s->a, R);
        mpfr_add(s->sum, s->sum, s->a, R);
    }
    mpfr_log1p(s->log_sum, s->sum, R);
    mpfr_add_ui(s->sum, s->sum, 1, R);
    mpfr_add(s->lse, s->z[s->top], s->log_sum, R);
}

/* nll_c into a: both terms are >= 0. */
static void nll_of(struct row_state *s, size_t c) {
    switch (s->in->form) {
    case FROM_LOGITS:
        mpfr_sub(s->a, s->z[s->top], s->z[c], R);
        mpfr_add(s->a, s->a, s->log_sum, R);
        break;
    case FROM_LOG_PROBS: mpfr_neg(s->a, s->z[c], R); break;
    default:
        mpfr_log(s->a, s->z[c], R);
        mpfr_neg(s->a, s->a, R);
        break;
    }
}

/* p_c into a. */
static void prob_of(struct row_state *s, size_t c) {
    mpfr_sub(s->a, s->z[c], s->z[s->top], R);
    mpfr_exp(s->a, s->a, R);
    mpfr_div(s->a, s->a, s->sum, R);
}

/* 1 - p_c with all its digits, into d: the sum of the others. */
static void others_of(struct row_state *s, size_t c) {
    mpfr_set_ui(s->d, 0, R);
    for (size_t i = 0; i < s->in->cols; i++) {
        if (i == c) continue;
        prob_of(s, i);
        mpfr_add(s->d, s->d, s->a, R);
    }
}

static struct oracle_value both(mpfr_srcptr v, mpfr_srcptr mag) {
    return (struct oracle_value){mpfr_get_ld(v, R), mpfr_get_ld(mag, R)};
}

/* d value / d x_i: (total p_i - t_i + 2 L lse p_i) dz/dx, where total p - t of an index target is
 * minus the sum of the others. */
static struct oracle_value grad_logit(struct row_state *s, size_t i) {
    const struct oracle_row *in = s->in;
    if (in->target >= 0 && in->smoothing == 0 && (size_t)in->target == i) {
        others_of(s, i);
        mpfr_neg(s->c, s->d, R);
    } else {
        prob_of(s, i);
        mpfr_mul(s->d, s->total, s->a, R);
        mpfr_sub(s->c, s->d, s->t[i], R);
        mpfr_add(s->d, s->d, s->t[i], R);
    }
    if (s->z_loss > 0) {
        prob_of(s, i);
        mpfr_mul_d(s->a, s->a, 2 * s->z_loss, R);
        mpfr_mul(s->b, s->a, s->lse, R);
        mpfr_add(s->c, s->c, s->b, R);
        /* lse is known to 34 u absolute and 2 u relative: its magnitude counts a 1. */
        mpfr_abs(s->b, s->b, R);
        mpfr_add(s->b, s->b, s->a, R);
        mpfr_add(s->d, s->d, s->b, R);
    }
    chain(s, i);
    mpfr_mul(s->c, s->c, s->b, R);
    mpfr_mul(s->d, s->d, s->b, R);
    return both(s->c, s->d);
}

static struct oracle_value grad_direct(struct row_state *s, size_t i) {
    mpfr_set(s->a, s->t[i], R);
    if (s->in->form == FROM_PROBS && !mpfr_zero_p(s->a)) mpfr_div(s->a, s->a, s->z[i], R);
    mpfr_neg(s->b, s->a, R);
    return both(s->b, s->a);
}

static void row_value(struct row_state *s, struct oracle_row_out *out) {
    const struct oracle_row *in = s->in;
    mpfr_set_ui(s->c, 0, R);
    for (size_t i = 0; i < in->cols; i++) {
        if (mpfr_zero_p(s->t[i])) continue; /* 0 log 0 = 0 */
        nll_of(s, i);
        mpfr_mul(s->a, s->a, s->t[i], R);
        mpfr_add(s->c, s->c, s->a, R);
    }
    out->nll = both(s->c, s->c);
    if (in->form == FROM_LOGITS && s->z_loss > 0) {
        mpfr_sqr(s->a, s->lse, R);
        mpfr_mul_d(s->a, s->a, s->z_loss, R);
        mpfr_add(s->c, s->c, s->a, R);
        out->nll.v = mpfr_get_ld(s->c, R);
        /* an error d of the lse moves lse^2 by 2 |lse| d */
        out->nll.mag += mpfr_get_ld(s->a, R) + s->z_loss * 2 * fabsl(out->lse.v);
    }
    out->nll.mag = fabsl(out->nll.mag);
}

void oracle_categorical(const struct oracle_row *row, struct oracle_row_out *out) {
    struct row_state s = {
        .in = row, .z_loss = row->z_loss, .z = new_numbers(row->cols), .t = new_numbers(row->cols)};
    if (row->target >= 0 && row->smoothing > 0 && row->v) s.z_loss *= row->v[row->target];
    mpfr_inits2(BITS, s.total, s.sum, s.log_sum, s.lse, s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    set_logits(&s);
    set_weights(&s);
    out->z_max = 0;
    if (row->form == FROM_LOGITS) {
        set_lse(&s);
        long double lse = mpfr_get_ld(s.lse, R);
        out->lse = (struct oracle_value){lse, fabsl(lse) + 1};
        for (size_t i = 0; i < row->cols; i++) {
            long double z = fabsl(mpfr_get_ld(s.z[i], R));
            if (z > out->z_max && !isinf(z)) out->z_max = z;
        }
    }
    row_value(&s, out);
    if (row->target >= 0) {
        nll_of(&s, (size_t)row->target);
        mpfr_neg(s.a, s.a, R);
        mpfr_exp(s.a, s.a, R);
        out->p_target = mpfr_get_ld(s.a, R);
    }
    for (size_t i = 0; i < row->cols && out->grad; i++)
        out->grad[i] = row->form == FROM_LOGITS ? grad_logit(&s, i) : grad_direct(&s, i);
    for (size_t i = 0; i < row->cols && out->grad_q; i++) {
        double v = row->v ? row->v[i] : 1.0;
        nll_of(&s, i);
        mpfr_set_d(s.b, row->smoothing, R);
        mpfr_ui_sub(s.b, 1, s.b, R);
        mpfr_mul_d(s.b, s.b, v, R);
        if (mpfr_zero_p(s.b))
            mpfr_set_ui(s.a, 0, R);
        else
            mpfr_mul(s.a, s.a, s.b, R);
        out->grad_q[i] = both(s.a, s.a);
    }
    mpfr_clears(s.total, s.sum, s.log_sum, s.lse, s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    free_numbers(s.z, row->cols);
    free_numbers(s.t, row->cols);
}
