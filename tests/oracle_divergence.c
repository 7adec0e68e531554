/* oracle_divergence.c: one row of KL(p||q) or Jensen-Shannon by the textbook formulas. */
#include "oracle.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>

enum { BITS = 256 };
#define R MPFR_RNDN

struct pair_state {
    const struct oracle_pair *in;
    mpfr_t *prob[2], *log[2]; /* [cols] */
    mpfr_t value, plain, tv, own[2], a, b, c, d;
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

/* Probabilities and their logarithms. */
static void set_side(struct pair_state *s, int k) {
    const struct oracle_pair *in = s->in;
    mpfr_set_ui(s->a, 0, R);
    size_t top = 0;
    for (size_t i = 1; i < in->cols; i++)
        if (in->x[k][i] > in->x[k][top]) top = i;
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_set_d(s->log[k][i], in->x[k][i], R);
        if (in->form[k] == FROM_PROBS) {
            mpfr_set(s->prob[k][i], s->log[k][i], R);
            mpfr_log(s->log[k][i], s->log[k][i], R);
            continue;
        }
        if (in->form[k] == FROM_LOGITS) mpfr_sub_d(s->log[k][i], s->log[k][i], in->x[k][top], R);
        mpfr_exp(s->prob[k][i], s->log[k][i], R);
        mpfr_add(s->a, s->a, s->prob[k][i], R);
    }
    if (in->form[k] != FROM_LOGITS) return;
    mpfr_log(s->b, s->a, R);
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_div(s->prob[k][i], s->prob[k][i], s->a, R);
        mpfr_sub(s->log[k][i], s->log[k][i], s->b, R);
    }
}

/* log(of / over) into to, where `of` is not 0; over: a probability. */
static void log_ratio(mpfr_ptr to, mpfr_srcptr log_of, mpfr_srcptr over) {
    mpfr_log(to, over, R);
    mpfr_sub(to, log_of, to, R);
}

static struct oracle_value both(mpfr_srcptr v, mpfr_srcptr mag) {
    return (struct oracle_value){mpfr_get_ld(v, R), fabsl(mpfr_get_ld(mag, R))};
}

/* m = (p + q) / 2 into c. */
static void middle(struct pair_state *s, size_t i) {
    mpfr_add(s->c, s->prob[0][i], s->prob[1][i], R);
    mpfr_div_ui(s->c, s->c, 2, R);
}

static void set_sums(struct pair_state *s) {
    const struct oracle_pair *in = s->in;
    mpfr_set_ui(s->value, 0, R);
    mpfr_set_ui(s->plain, 0, R);
    mpfr_set_ui(s->tv, 0, R);
    for (int k = 0; k < 2; k++) mpfr_set_ui(s->own[k], 0, R);
    for (size_t i = 0; i < in->cols; i++) {
        mpfr_ptr p = s->prob[0][i], q = s->prob[1][i];
        mpfr_sub(s->a, q, p, R);
        if (!in->js) mpfr_add(s->value, s->value, s->a, R);
        mpfr_abs(s->a, s->a, R);
        mpfr_add(s->tv, s->tv, s->a, R);
        middle(s, i);
        for (int k = 0; k < 2; k++) { /* KL to the middle */
            if (mpfr_zero_p(s->prob[k][i])) continue;
            log_ratio(s->a, s->log[k][i], s->c);
            mpfr_mul(s->a, s->a, s->prob[k][i], R);
            mpfr_div_ui(s->a, s->a, 2, R);
            mpfr_add(s->own[k], s->own[k], s->a, R);
            if (in->js) mpfr_add(s->value, s->value, s->a, R);
        }
        /* probabilities below the range of MPFR do not occur: masks are exact zeros */
        if (mpfr_zero_p(p) || in->js) continue;
        mpfr_sub(s->a, s->log[0][i], s->log[1][i], R);
        mpfr_mul(s->a, s->a, p, R);
        mpfr_add(s->plain, s->plain, s->a, R);
        mpfr_add(s->value, s->value, s->a, R);
    }
} /* NOLINT(clang-analyzer-unix.Malloc): free_numbers has them, in the caller */

/* Both gradients of class i of KL. */
static void grads_kl(struct pair_state *s, size_t i, struct oracle_pair_out *out) {
    const struct oracle_pair *in = s->in;
    mpfr_ptr p = s->prob[0][i], q = s->prob[1][i];
    struct oracle_value none = {0, 0};
    mpfr_sub(s->a, s->log[0][i], s->log[1][i], R); /* log(p / q) */
    if (mpfr_zero_p(p)) {
        out->grad[0][i] = none;
    } else if (in->form[0] == FROM_LOGITS) {
        mpfr_sub(s->b, s->a, s->plain, R);
        mpfr_mul(s->b, s->b, p, R);
        mpfr_abs(s->c, s->a, R);
        mpfr_abs(s->d, s->plain, R);
        mpfr_add(s->c, s->c, s->d, R);
        mpfr_add(s->c, s->c, s->tv, R);
        mpfr_mul(s->c, s->c, p, R);
        out->grad[0][i] = both(s->b, s->c);
    } else {
        mpfr_add_ui(s->b, s->a, 1, R);
        mpfr_abs(s->c, s->a, R);
        mpfr_add_ui(s->c, s->c, 1, R);
        if (in->form[0] == FROM_LOG_PROBS) {
            mpfr_mul(s->b, s->b, p, R);
            mpfr_mul(s->c, s->c, p, R);
        }
        out->grad[0][i] = both(s->b, s->c);
    }
    if (in->form[1] == FROM_LOGITS) {
        mpfr_set_ui(s->d, 0, R); /* the sum of p: 1 but for log-probs and probs */
        for (size_t j = 0; j < in->cols; j++) mpfr_add(s->d, s->d, s->prob[0][j], R);
        mpfr_mul(s->a, s->d, q, R);
        mpfr_sub(s->b, s->a, p, R);
        mpfr_add(s->c, p, q, R);
        mpfr_mul(s->c, s->c, s->tv, R);
        mpfr_abs(s->d, s->b, R);
        mpfr_add(s->c, s->c, s->d, R);
        out->grad[1][i] = both(s->b, s->c);
    } else if (mpfr_zero_p(p)) {
        out->grad[1][i] = none;
    } else {
        mpfr_neg(s->b, p, R);
        if (in->form[1] == FROM_PROBS) mpfr_div(s->b, s->b, q, R);
        out->grad[1][i] = both(s->b, s->b);
    }
}

static void grad_js(struct pair_state *s, int k, size_t i, struct oracle_pair_out *out) {
    mpfr_ptr p = s->prob[k][i];
    if (mpfr_zero_p(p)) {
        out->grad[k][i] = (struct oracle_value){0, 0};
        return;
    }
    middle(s, i);
    log_ratio(s->a, s->log[k][i], s->c);
    mpfr_div_ui(s->a, s->a, 2, R);
    mpfr_abs(s->c, s->a, R);
    if (s->in->form[k] == FROM_LOGITS) {
        mpfr_sub(s->a, s->a, s->own[k], R);
        mpfr_abs(s->d, s->own[k], R);
        mpfr_add(s->c, s->c, s->d, R);
        mpfr_add(s->c, s->c, s->tv, R);
    }
    if (s->in->form[k] != FROM_PROBS) {
        mpfr_mul(s->a, s->a, p, R);
        mpfr_mul(s->c, s->c, p, R);
    }
    out->grad[k][i] = both(s->a, s->c);
}

/* |log p| + |log q| and a number for the sums of logits, where they are finite. */
static long double logarithms(struct pair_state *s, size_t i) {
    long double l = 4;
    for (int k = 0; k < 2; k++)
        if (!mpfr_zero_p(s->prob[k][i])) l += fabsl(mpfr_get_ld(s->log[k][i], R));
    return l;
}

/* The largest finite |log(p / q)|, and the divergence. */
static long double reach(struct pair_state *s) {
    long double far = 0;
    for (size_t i = 0; i < s->in->cols; i++) {
        if (mpfr_zero_p(s->prob[0][i]) || mpfr_zero_p(s->prob[1][i])) continue;
        mpfr_sub(s->a, s->log[0][i], s->log[1][i], R);
        far = fmaxl(far, fabsl(mpfr_get_ld(s->a, R)));
    }
    return far + fabsl(mpfr_get_ld(s->plain, R));
}

void oracle_divergence(const struct oracle_pair *pair, struct oracle_pair_out *out) {
    struct pair_state s = {.in = pair};
    mpfr_inits2(BITS, s.value, s.plain, s.tv, s.own[0], s.own[1], s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    for (int k = 0; k < 2; k++) {
        s.prob[k] = new_numbers(pair->cols);
        s.log[k] = new_numbers(pair->cols);
        set_side(&s, k);
    }
    set_sums(&s);
    out->value = both(s.value, s.value);
    out->value.mag += pair->unit * pair->unit;
    out->reach = reach(&s);
    int mixed = pair->form[0] != pair->form[1];
    for (size_t i = 0; mixed && i < pair->cols; i++) {
        /* a gap off by d moves the value by (p - q) d + p d^2 / 2 */
        long double p = mpfr_get_ld(s.prob[0][i], R), q = mpfr_get_ld(s.prob[1][i], R);
        if (p == 0 || q == 0) continue;
        long double l = logarithms(&s, i);
        out->value.mag += fabsl(p - q) * l + (p + q) * l * l * 0x1p-53L;
    }
    for (size_t i = 0; i < pair->cols && out->grad[0]; i++) {
        if (pair->js) {
            grad_js(&s, 0, i, out);
            grad_js(&s, 1, i, out);
        } else {
            grads_kl(&s, i, out);
        }
        /* the shift of one row against the other is known to the square of the roundoff; the
         * logarithm of a probability beside another form, to 2u relative */
        for (int k = 0; k < 2; k++) {
            long double over = pair->form[k] == FROM_PROBS ? mpfr_get_ld(s.prob[k][i], R) : 1;
            long double both_probs = mpfr_get_ld(s.prob[0][i], R) + mpfr_get_ld(s.prob[1][i], R);
            if (over == 0 || mpfr_zero_p(s.prob[k][i])) continue;
            out->grad[k][i].mag += both_probs / over * pair->unit;
            if (mixed) out->grad[k][i].mag += both_probs / over * logarithms(&s, i);
        }
    }
    mpfr_clears(s.value, s.plain, s.tv, s.own[0], s.own[1], s.a, s.b, s.c, s.d, (mpfr_ptr)0);
    for (int k = 0; k < 2; k++) {
        free_numbers(s.prob[k], pair->cols);
        free_numbers(s.log[k], pair->cols);
    }
}
