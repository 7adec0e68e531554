/* oracle_axis.c: log-sum-exp, softmax, log-softmax of a row and their vector-Jacobian products. */
#include "oracle.h"

#include <mpfr.h>

enum { BITS = 192 };
#define R MPFR_RNDN

struct numbers {
    mpfr_t top, sum, others, a, b, c;
};
static void begin(struct numbers *s) {
    mpfr_inits2(BITS, s->top, s->sum, s->others, s->a, s->b, s->c, (mpfr_ptr)0);
}
static void end(struct numbers *s) {
    mpfr_clears(s->top, s->sum, s->others, s->a, s->b, s->c, (mpfr_ptr)0);
}

/* top = max x; others = sum of exp(x - top) but for one largest; sum = 1 + others. */
static void sums(struct numbers *s, const double *x, size_t n) {
    size_t top = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[top]) top = i;
    mpfr_set_d(s->top, x[top], R);
    mpfr_set_ui(s->others, 0, R);
    for (size_t i = 0; i < n; i++) {
        if (i == top) continue;
        mpfr_set_d(s->a, x[i], R);
        mpfr_sub(s->a, s->a, s->top, R);
        mpfr_exp(s->a, s->a, R);
        mpfr_add(s->others, s->others, s->a, R);
    }
    mpfr_add_ui(s->sum, s->others, 1, R);
}

/* p of x into a. */
static void prob(struct numbers *s, double x) {
    mpfr_set_d(s->a, x, R);
    mpfr_sub(s->a, s->a, s->top, R);
    mpfr_exp(s->a, s->a, R);
    mpfr_div(s->a, s->a, s->sum, R);
}

static struct oracle_value both(mpfr_srcptr v, mpfr_srcptr mag) {
    long double m = mpfr_get_ld(mag, R);
    return (struct oracle_value){mpfr_get_ld(v, R), m < 0 ? -m : m};
}

void oracle_softmax(const double *x, size_t n, struct oracle_value *lse, struct oracle_value *p,
                    struct oracle_value *log_p) {
    struct numbers s;
    begin(&s);
    sums(&s, x, n);
    mpfr_log1p(s.b, s.others, R);
    mpfr_add(s.c, s.top, s.b, R);
    *lse = both(s.c, s.c);
    for (size_t i = 0; i < n; i++) {
        prob(&s, x[i]);
        p[i] = both(s.a, s.a);
        mpfr_set_d(s.a, x[i], R); /* both terms <= 0 */
        mpfr_sub(s.a, s.a, s.top, R);
        mpfr_sub(s.a, s.a, s.b, R);
        log_p[i] = both(s.a, s.a);
    }
    end(&s);
}

void oracle_softmax_vjp(const double *p, const double *g, size_t n, struct oracle_value *d) {
    struct numbers s;
    begin(&s);
    mpfr_set_ui(s.sum, 0, R);
    mpfr_set_ui(s.others, 0, R);
    for (size_t i = 0; i < n; i++) {
        mpfr_set_d(s.a, p[i], R);
        mpfr_mul_d(s.a, s.a, g[i], R);
        mpfr_add(s.sum, s.sum, s.a, R);
        mpfr_abs(s.a, s.a, R);
        mpfr_add(s.others, s.others, s.a, R);
    }
    for (size_t i = 0; i < n; i++) {
        mpfr_set_d(s.a, g[i], R);
        mpfr_abs(s.b, s.a, R);
        mpfr_sub(s.a, s.a, s.sum, R);
        mpfr_mul_d(s.a, s.a, p[i], R);
        mpfr_add(s.b, s.b, s.others, R);
        mpfr_mul_d(s.b, s.b, p[i], R);
        d[i] = both(s.a, s.b);
    }
    end(&s);
}

void oracle_log_softmax_vjp(const double *x, const double *g, size_t n, struct oracle_value *d) {
    struct numbers s;
    mpfr_t total, size;
    begin(&s);
    mpfr_inits2(BITS, total, size, (mpfr_ptr)0);
    sums(&s, x, n);
    mpfr_set_ui(total, 0, R);
    mpfr_set_ui(size, 0, R);
    for (size_t i = 0; i < n; i++) {
        mpfr_set_d(s.a, g[i], R);
        mpfr_add(total, total, s.a, R);
        mpfr_abs(s.a, s.a, R);
        mpfr_add(size, size, s.a, R);
    }
    for (size_t i = 0; i < n; i++) {
        prob(&s, x[i]);
        mpfr_mul(s.b, s.a, size, R);
        mpfr_mul(s.a, s.a, total, R);
        mpfr_d_sub(s.a, g[i], s.a, R);
        mpfr_set_d(s.c, g[i], R);
        mpfr_abs(s.c, s.c, R);
        mpfr_add(s.b, s.b, s.c, R);
        d[i] = both(s.a, s.b);
    }
    mpfr_clears(total, size, (mpfr_ptr)0);
    end(&s);
}
