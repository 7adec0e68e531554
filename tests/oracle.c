/* oracle.c: elementary functions and the element-wise models. */
#include "oracle.h"

#include <float.h>
#include <math.h>
#include <mpfr.h>

enum { BITS = 192, REGISTERS = 10 };
#define R MPFR_RNDN

/* Numbers to compute with; made once, one process per test. */
static mpfr_ptr reg(int i) {
    static mpfr_t r[REGISTERS];
    static int ready;
    if (!ready) {
        for (int k = 0; k < REGISTERS; k++) mpfr_init2(r[k], BITS);
        ready = 1;
    }
    return r[i];
}

/* log(1 + e^x); x may be y. */
static void softplus(mpfr_ptr y, mpfr_srcptr x) {
    mpfr_ptr e = reg(9);
    int positive = mpfr_sgn(x) > 0;
    mpfr_abs(e, x, R);
    mpfr_neg(e, e, R);
    mpfr_exp(e, e, R);
    mpfr_log1p(e, e, R);
    if (positive)
        mpfr_add(y, x, e, R);
    else
        mpfr_set(y, e, R);
}

/* 1 / (1 + e^-x); x may be y. */
static void sigmoid(mpfr_ptr y, mpfr_srcptr x) {
    mpfr_ptr e = reg(9);
    mpfr_neg(e, x, R);
    mpfr_exp(e, e, R);
    mpfr_add_ui(e, e, 1, R);
    mpfr_ui_div(y, 1, e, R);
}

long double oracle_fn(enum oracle_fn f, double x) {
    mpfr_ptr y = reg(0);
    int sign;
    if (isnan(x)) return NAN;
    mpfr_set_d(y, x, R);
    switch (f) {
    case FN_EXP: mpfr_exp(y, y, R); break;
    case FN_LOG: mpfr_log(y, y, R); break;
    case FN_LOG1P: mpfr_log1p(y, y, R); break;
    case FN_EXPM1: mpfr_expm1(y, y, R); break;
    case FN_SOFTPLUS: softplus(y, y); break;
    case FN_SIGMOID: sigmoid(y, y); break;
    default: mpfr_lgamma(y, &sign, y, R); break;
    }
    return mpfr_get_ld(y, R);
}

double oracle_fn_double(enum oracle_fn f, double x) {
    switch (f) {
    case FN_EXP: return exp(x);
    case FN_LOG: return log(x);
    case FN_LOG1P: return log1p(x);
    case FN_EXPM1: return expm1(x);
    case FN_SOFTPLUS: return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
    case FN_SIGMOID: return 1 / (1 + exp(-x));
    default: return lgamma(x);
    }
}

long double oracle_fn_long(enum oracle_fn f, long double x) {
    switch (f) {
    case FN_EXP: return expl(x);
    case FN_LOG: return logl(x);
    case FN_LOG1P: return log1pl(x);
    case FN_EXPM1: return expm1l(x);
    case FN_SOFTPLUS: return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
    case FN_SIGMOID: return 1 / (1 + expl(-x));
    default: return lgammal(x);
    }
}

static struct oracle_value value(mpfr_srcptr v, mpfr_srcptr mag) {
    return (struct oracle_value){mpfr_get_ld(v, R), mpfr_get_ld(mag, R)};
}

/* c * f, where a factor c of zero wins over an infinite f. */
static void weigh(mpfr_ptr f, mpfr_srcptr c) {
    if (mpfr_zero_p(c))
        mpfr_set_zero(f, 1);
    else
        mpfr_mul(f, f, c, R);
}

struct oracle_map oracle_bernoulli(enum oracle_form form, double x, double y, double pos_weight,
                                   double smoothing) {
    struct oracle_map out = {0};
    mpfr_ptr p = reg(0), pos = reg(1), neg = reg(2), a = reg(3), b = reg(4), t = reg(5);
    /* pos = W y', neg = 1 - y', y' = y (1 - e) + e / 2 */
    mpfr_set_d(t, smoothing, R);
    mpfr_ui_sub(t, 1, t, R);
    mpfr_mul_d(t, t, y, R);
    mpfr_set_d(pos, smoothing, R);
    mpfr_div_ui(pos, pos, 2, R);
    mpfr_add(pos, pos, t, R);
    mpfr_ui_sub(neg, 1, pos, R);
    mpfr_mul_d(pos, pos, pos_weight, R);
    mpfr_set_d(p, x, R);
    /* a = -log P(1), b = -log P(0) */
    if (form == FROM_LOGITS) {
        softplus(b, p);
        mpfr_neg(a, p, R);
        softplus(a, a);
    } else {
        mpfr_log(a, p, R);
        mpfr_neg(a, a, R);
        mpfr_neg(b, p, R);
        mpfr_log1p(b, b, R);
        mpfr_neg(b, b, R);
    }
    weigh(a, pos);
    weigh(b, neg);
    mpfr_add(t, a, b, R);
    out.nll = value(t, t);
    /* gradient: -pos da + neg db, da = 1 - sigmoid(x) or 1 / p, db = sigmoid(x) or 1 / (1 - p) */
    if (form == FROM_LOGITS) {
        sigmoid(b, p);
        mpfr_neg(a, p, R);
        sigmoid(a, a);
    } else {
        mpfr_ui_div(a, 1, p, R);
        mpfr_ui_sub(b, 1, p, R);
        mpfr_ui_div(b, 1, b, R);
    }
    weigh(a, pos);
    weigh(b, neg);
    mpfr_sub(t, b, a, R);
    mpfr_add(a, a, b, R);
    out.grad[0] = value(t, a);
    return out;
}

/* s = the scale, t = log of it, |t|'s share in the density is the same in every form. */
static void gaussian_scale(enum oracle_spread form, double spread, mpfr_ptr s, mpfr_ptr t) {
    mpfr_set_d(s, form == SPREAD_NONE ? 1.0 : spread, R);
    switch (form) {
    case SPREAD_VAR: mpfr_sqrt(s, s, R); /* fall through */
    case SPREAD_NONE:
    case SPREAD_SCALE: mpfr_log(t, s, R); break;
    case SPREAD_LOG_VAR: mpfr_div_ui(s, s, 2, R); /* fall through */
    default:
        mpfr_set(t, s, R);
        mpfr_exp(s, s, R);
        break;
    }
}

struct oracle_map oracle_gaussian(enum oracle_spread form, double loc, double spread, double y) {
    struct oracle_map out = {0};
    mpfr_ptr s = reg(0), t = reg(1), z = reg(2), h = reg(3), c = reg(4), m = reg(5);
    gaussian_scale(form, spread, s, t);
    mpfr_set_d(z, y, R);
    mpfr_sub_d(z, z, loc, R);
    mpfr_div(z, z, s, R);
    mpfr_sqr(h, z, R); /* z^2 */
    /* nll = t + z^2 / 2 + log(2 pi) / 2 */
    mpfr_const_pi(c, R);
    mpfr_mul_ui(c, c, 2, R);
    mpfr_log(c, c, R);
    mpfr_add(c, c, h, R);
    mpfr_div_ui(c, c, 2, R);
    mpfr_abs(m, t, R);
    mpfr_add(m, m, c, R);
    mpfr_add(c, c, t, R);
    out.nll = value(c, m);
    /* d loc = -z / s */
    mpfr_div(c, z, s, R);
    mpfr_neg(c, c, R);
    mpfr_abs(m, c, R);
    out.grad[0] = value(c, m);
    /* d spread = (1 - z^2) times ds/s: 1/s, 1/(2v), 1, 1/2 */
    mpfr_ui_sub(c, 1, h, R);
    mpfr_add_ui(m, h, 1, R);
    if (form == SPREAD_SCALE || form == SPREAD_VAR) {
        mpfr_div_d(c, c, spread, R);
        mpfr_div_d(m, m, spread, R);
    }
    if (form == SPREAD_VAR || form == SPREAD_LOG_VAR) {
        mpfr_div_ui(c, c, 2, R);
        mpfr_div_ui(m, m, 2, R);
    }
    out.grad[1] = value(c, m);
    return out;
}
