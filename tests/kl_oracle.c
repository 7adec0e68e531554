/* kl_oracle.c: see kl_oracle.h. */
#include "kl_oracle.h"
#include "gen.h"
#include "support.h"

#include <float.h>
#include <math.h>

static num half(num a) { return num_scale(a, -1); }
static num square(num a) { return n_mul(a, a); }
static num one(void) { return num_of(1); }
static num sum3(num a, num b, num c) { return n_add(n_add(a, b), c); }
/* psi1 by a central difference of psi: the error is of the order of 2^-400 */
static num trigamma(num a) {
    long e = (long)mpfr_get_exp(a) - 200;
    return num_scale(n_sub(n_digamma(num_step(a, 1, e)), n_digamma(num_step(a, -1, e))), -1 - e);
}

static num gaussian_var(const num x[]) {
    num t2 = n_div(x[1], x[3]), z2 = n_div(square(n_sub(x[0], x[2])), x[3]);
    return half(n_sub(n_sub(n_add(t2, z2), one()), n_log(t2)));
}
static num gaussian_of(const num x[], num p, num q) {
    const num by_var[] = {x[0], p, x[2], q};
    return gaussian_var(by_var);
}
static num gaussian_scale(const num x[]) { return gaussian_of(x, square(x[1]), square(x[3])); }
static num gaussian_log_scale(const num x[]) {
    return gaussian_of(x, n_exp(num_scale(x[1], 1)), n_exp(num_scale(x[3], 1)));
}
static num gaussian_log_var(const num x[]) { return gaussian_of(x, n_exp(x[1]), n_exp(x[3])); }
static num gaussian_terms(size_t o, const num x[], num p, num q) {
    if (o != 4) return NULL;
    num z2 = n_div(square(n_sub(x[0], x[2])), q);
    return n_add(n_abs(n_sub(n_div(p, q), one())), z2);
}
static num gaussian_var_terms(size_t o, const num x[]) {
    num t = gaussian_terms(o, x, x[1], x[3]);
    return t ? half(n_div(t, x[3])) : NULL;
}
static num gaussian_scale_terms(size_t o, const num x[]) {
    num t = gaussian_terms(o, x, square(x[1]), square(x[3]));
    return t ? n_div(t, x[3]) : NULL;
}
static num gaussian_log_scale_terms(size_t o, const num x[]) {
    return gaussian_terms(o, x, n_exp(num_scale(x[1], 1)), n_exp(num_scale(x[3], 1)));
}
static num gaussian_log_var_terms(size_t o, const num x[]) {
    num t = gaussian_terms(o, x, n_exp(x[1]), n_exp(x[3]));
    return t ? half(t) : NULL;
}

static num laplace(const num x[]) {
    num d = n_abs(n_sub(x[0], x[2])), t = n_div(x[1], x[3]);
    num tail = n_mul(t, n_exp(n_neg(n_div(d, x[1]))));
    return n_sub(n_sub(sum3(n_div(d, x[3]), tail, num_of(0)), n_log(t)), one());
}
/* t (1 + a) e^-a - 1 as (t - 1) (1 + g) + g; t - 1 and t (e^-a - 1 + a), which change sides */
static num laplace_terms(size_t o, const num x[]) {
    if (o != 2 && o != 4) return NULL;
    num a = n_div(n_abs(n_sub(x[0], x[2])), x[1]), t = n_div(x[1], x[3]);
    if (o == 4) {
        num apart = n_mul(t, n_add(n_expm1(n_neg(a)), a));
        return n_div(n_add(n_abs(n_sub(t, one())), apart), x[3]);
    }
    num whole = n_mul(n_add(one(), a), n_exp(n_neg(a)));
    num terms = n_add(n_abs(n_mul(n_sub(t, one()), whole)), n_abs(n_sub(whole, one())));
    return n_div(terms, x[1]);
}

static num poisson_rate(const num x[]) {
    return n_sub(n_add(n_mul(x[0], n_log(n_div(x[0], x[1]))), x[1]), x[0]);
}
static num poisson_log_rate(const num x[]) {
    num p = n_exp(x[0]);
    return n_sub(n_add(n_mul(p, n_sub(x[0], x[1])), n_exp(x[1])), p);
}
static num exponential_log_rate(const num x[]) {
    num d = n_sub(x[1], x[0]);
    return n_sub(n_expm1(d), d);
}
static num exponential_rate(const num x[]) {
    num r = n_div(x[1], x[0]);
    return n_sub(n_sub(r, n_log(r)), one());
}
static num bernoulli_probs(const num x[]) {
    num p = n_log1p(n_neg(x[0])), q = n_log1p(n_neg(x[1]));
    num rest = n_mul(n_sub(one(), x[0]), n_sub(p, q));
    return n_add(n_mul(x[0], n_log(n_div(x[0], x[1]))), rest);
}
static num bernoulli_logits(const num x[]) {
    num up[2], down[2];
    for (int k = 0; k < 2; k++) {
        up[k] = n_softplus(n_neg(x[k]));
        down[k] = n_softplus(x[k]);
    }
    num p = n_exp(n_neg(up[0])), rest = n_exp(n_neg(down[0]));
    return n_add(n_mul(p, n_sub(up[1], up[0])), n_mul(rest, n_sub(down[1], down[0])));
}

/* lgamma(q) - lgamma(p) - (q - p) psi(p) */
static num lgamma_rest(num p, num q) {
    return n_sub(n_sub(n_lgamma(q), n_lgamma(p)), n_mul(n_sub(q, p), n_digamma(p)));
}
static num gamma_rate(const num x[]) {
    num r = n_div(x[3], x[1]);
    num rates = n_sub(n_mul(x[0], n_sub(r, one())), n_mul(x[2], n_log(r)));
    return n_add(lgamma_rest(x[0], x[2]), rates);
}
/* what is left of psi1 without 1 / x, of psi without log x, and without -1 / (2 x) as well */
static num curve_left(num x) { return n_sub(trigamma(x), n_div(one(), x)); }
static num slope_left(num x) { return n_sub(n_digamma(x), n_log(x)); }
static num slope_tail(num x) { return n_add(slope_left(x), n_div(num_of(0.5), x)); }
static num apart(num a, num b) { return n_abs(n_sub(a, b)); }
static num cross(const num x[]) { return n_sub(n_mul(x[0], x[3]), n_mul(x[2], x[1])); }
static num gamma_terms(size_t o, const num x[]) {
    num bp = n_mul(x[0], x[1]);
    if (o == 1)
        return n_add(n_abs(n_mul(n_sub(x[0], x[2]), curve_left(x[0]))), n_abs(n_div(cross(x), bp)));
    if (o == 3)
        return n_add(apart(slope_left(x[2]), slope_left(x[0])),
                     n_abs(n_log(n_div(n_mul(x[2], x[1]), n_mul(x[0], x[3])))));
    return NULL;
}

/* phi(q; p) for phi(x) = lgamma(x) - x log x + x: what the beta and Dirichlet subtract */
static num phi_rest(num p, num q) {
    num x_log_x = n_sub(n_mul(q, n_log(n_div(q, p))), n_sub(q, p));
    return n_sub(lgamma_rest(p, q), x_log_x);
}
static num beta(const num x[]) {
    num p = n_add(x[0], x[1]), q = n_add(x[2], x[3]);
    return n_sub(n_add(lgamma_rest(x[0], x[2]), lgamma_rest(x[1], x[3])), lgamma_rest(p, q));
}
static num curve_terms(num p, num q) { return n_abs(n_mul(n_sub(p, q), trigamma(p))); }
static num slope_terms(num p, num q) { return n_abs(n_sub(n_digamma(q), n_digamma(p))); }
static num less(num a, num b) { return mpfr_cmp(a, b) < 0 ? a : b; }
/* Of psi at the corners ap, sp, aq, sq, in either pairing */
static num corner_terms(num f(num), num ap, num sp, num aq, num sq) {
    num v[] = {f(ap), f(sp), f(aq), f(sq)};
    return less(n_add(apart(v[2], v[0]), apart(v[3], v[1])),
                n_add(apart(v[1], v[0]), apart(v[3], v[2])));
}
/* x: ap, bp, aq, bq, or with a and b exchanged */
static num beta_p_terms(const num x[]) {
    num s = n_add(x[0], x[1]), c = n_div(cross(x), n_mul(x[0], s));
    num rise = n_mul(n_sub(x[2], x[0]), apart(curve_left(x[0]), curve_left(s)));
    return sum3(n_abs(c), n_abs(rise), n_abs(n_mul(n_sub(x[3], x[1]), curve_left(s))));
}
static num beta_q_terms(const num x[]) {
    num p = n_add(x[0], x[1]), q = n_add(x[2], x[3]);
    num log = n_abs(n_log(n_div(n_mul(x[2], p), n_mul(x[0], q))));
    num rest = corner_terms(slope_left, x[0], p, x[2], q);
    if (mpfr_cmp_ui(x[0], 1) < 0 || mpfr_cmp_ui(x[2], 1) < 0) return n_add(log, rest);
    num first = n_div(n_mul(x[1], n_sub(q, p)), n_mul(n_mul(x[0], p), q));
    num last = n_div(cross(x), n_mul(n_mul(x[0], x[2]), q));
    num inverse = half(n_add(n_abs(first), n_abs(last)));
    return n_add(log, less(rest, n_add(inverse, corner_terms(slope_tail, x[0], p, x[2], q))));
}
static num beta_terms(size_t o, const num x[]) {
    num p = n_add(x[0], x[1]), q = n_add(x[2], x[3]);
    double tiny = 0x1p-30;
    if (o == 0 && mpfr_cmp_d(p, tiny) < 0 && mpfr_cmp_d(q, tiny) < 0) return NULL;
    if (o == 0) return n_add(beta(x), phi_rest(p, q));
    const num turned[] = {x[1], x[0], x[3], x[2]}, *side = o % 2 ? x : turned;
    return o < 3 ? beta_p_terms(side) : beta_q_terms(side);
}

#define TWO(name) \
    { "p_" #name, "q_" #name }
#define FOUR(a, b) \
    { "p_" #a, "p_" #b, "q_" #a, "q_" #b }
const struct kl_model kl_models[] = {
    {"kl_gaussian_scale",
     "gaussian",
     FOUR(loc, scale),
     4,
     {KL_REAL, KL_POSITIVE},
     gaussian_scale,
     gaussian_scale_terms},
    {"kl_gaussian_var",
     "gaussian",
     FOUR(loc, var),
     4,
     {KL_REAL, KL_POSITIVE},
     gaussian_var,
     gaussian_var_terms},
    {"kl_gaussian_log_scale",
     "gaussian",
     FOUR(loc, log_scale),
     4,
     {KL_REAL, KL_LOGARITHM},
     gaussian_log_scale,
     gaussian_log_scale_terms},
    {"kl_gaussian_log_var",
     "gaussian",
     FOUR(loc, log_var),
     4,
     {KL_REAL, KL_LOGARITHM},
     gaussian_log_var,
     gaussian_log_var_terms},
    {"kl_laplace", "laplace", FOUR(loc, scale), 4, {KL_REAL, KL_POSITIVE}, laplace, laplace_terms},
    {"kl_bernoulli_logits", "bernoulli", TWO(logits), 2, {KL_LOGIT}, bernoulli_logits, NULL},
    {"kl_bernoulli_probs", "bernoulli", TWO(probs), 2, {KL_UNIT}, bernoulli_probs, NULL},
    {"kl_poisson_rate", "poisson", TWO(rate), 2, {KL_POSITIVE}, poisson_rate, NULL},
    {"kl_poisson_log_rate", "poisson", TWO(log_rate), 2, {KL_LOGARITHM}, poisson_log_rate, NULL},
    {"kl_exponential_rate", "exponential", TWO(rate), 2, {KL_POSITIVE}, exponential_rate, NULL},
    {"kl_exponential_log_rate",
     "exponential",
     TWO(log_rate),
     2,
     {KL_LOGARITHM},
     exponential_log_rate,
     NULL},
    {"kl_gamma",
     "gamma",
     FOUR(concentration, rate),
     4,
     {KL_POSITIVE, KL_POSITIVE},
     gamma_rate,
     gamma_terms},
    {"kl_beta", "beta", FOUR(alpha, beta), 4, {KL_POSITIVE, KL_POSITIVE}, beta, beta_terms},
};
const size_t kl_model_count = sizeof kl_models / sizeof *kl_models;

static long double give(num a) { return mpfr_get_ld(a, MPFR_RNDN); }

/* The value with x[k] moved by sign 2^e. */
static void move(const double x[], size_t n, size_t k, int sign, long e, num to[]) {
    for (size_t i = 0; i < n; i++) to[i] = num_of(x[i]);
    if (sign) to[k] = num_step(to[k], sign, e);
}
static long step_of(double x) { return ilogb(x) - 160; }
/* Of x[k], which may be 0: then by the least of the others. */
static long step_at(const struct kl_model *m, const double x[], size_t k) {
    long least = 0;
    if (x[k] != 0) return step_of(x[k]);
    for (size_t i = 0; i < m->inputs; i++)
        if (x[i] != 0 && step_of(x[i]) < least) least = step_of(x[i]);
    return least;
}

/* Equal p and q are a minimum: there the difference is left with what the steps' third order makes
 * of it, about 2^-300. */
static int same(const double *p, const double *q, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] != q[i]) return 0;
    return 1;
}

/* What rounding makes of the difference in x[k]: of lgamma, about as large as its argument, and of
 * the rates' ratio, over the step. */
static long double unresolved(const struct kl_model *m, const double x[], size_t k) {
    long double size = 1;
    if (m->value != gamma_rate && m->value != beta) return 0;
    for (size_t i = 0; i < m->inputs; i++) size += x[i];
    if (m->value == gamma_rate) size += (long double)x[0] * x[3] / x[1];
    return ldexpl(size / x[k], 160 + 12 - 768);
}

void kl_oracle(const struct kl_model *m, const double x[], long double v[], long double mag[]) {
    num at[KL_INPUTS];
    for (size_t o = 0; o <= m->inputs; o++) {
        long double lost = o ? unresolved(m, x, o - 1) : 0;
        num_reset();
        if (o == 0) {
            move(x, m->inputs, 0, 0, 0, at);
            v[o] = give(m->value(at));
        } else {
            long e = step_at(m, x, o - 1);
            move(x, m->inputs, o - 1, 1, e, at);
            num above = m->value(at);
            move(x, m->inputs, o - 1, -1, e, at);
            v[o] = give(num_scale(n_sub(above, m->value(at)), -1 - e));
            /* nor does it find a 0 that is none of all parameters */
            int noise = m->domains[(o - 1) % (m->inputs > 2 ? 2 : 1)] != KL_REAL &&
                        (lost > 0 ? fabsl(v[o]) < lost : fabsl(v[o] * x[o - 1]) < 0x1p-300L);
            if (noise || same(x, x + m->inputs / 2, m->inputs / 2)) v[o] = 0;
        }
        num_reset();
        move(x, m->inputs, 0, 0, 0, at);
        num terms = m->magnitude ? m->magnitude(o, at) : NULL;
        mag[o] = fmaxl(terms ? give(terms) : 0, fmaxl(fabsl(v[o]), lost * 0x1p56L));
    }
}

/* One number p_c or q_c of all moved. */
static num dirichlet(size_t n, const double *p, const double *q, size_t c, int side, int sign,
                     long e, num *terms) {
    mpfr_t P, Q, sum, magnitude;
    mpfr_inits2(768, P, Q, sum, magnitude, (mpfr_ptr)0);
    mpfr_set_ui(P, 0, MPFR_RNDN);
    mpfr_set_ui(Q, 0, MPFR_RNDN);
    mpfr_set_ui(sum, 0, MPFR_RNDN);
    for (size_t i = 0; i < n; i++) {
        num_reset();
        num a = num_of(p[i]), b = num_of(q[i]);
        if (i == c && sign && side == 0) a = num_step(a, sign, e);
        if (i == c && sign && side == 1) b = num_step(b, sign, e);
        mpfr_add(P, P, a, MPFR_RNDN);
        mpfr_add(Q, Q, b, MPFR_RNDN);
        mpfr_add(sum, sum, lgamma_rest(a, b), MPFR_RNDN);
    }
    num_reset();
    num r = n_sub(sum, lgamma_rest(P, Q));
    if (terms) {
        terms[0] = n_add(r, phi_rest(P, Q));
        terms[1] = n_add(curve_terms(num_of(p[c]), num_of(q[c])), curve_terms(P, Q));
        terms[2] = n_add(slope_terms(num_of(p[c]), num_of(q[c])), slope_terms(P, Q));
    }
    mpfr_clears(P, Q, sum, magnitude, (mpfr_ptr)0);
    return r;
}

void kl_oracle_dirichlet(size_t n, const double *p, const double *q, size_t c, long double v[3],
                         long double mag[3]) {
    num terms[3];
    v[0] = give(dirichlet(n, p, q, c, 0, 0, 0, terms));
    for (int o = 0; o < 3; o++) mag[o] = give(terms[o]);
    for (int side = 0; side < 2; side++) {
        long e = step_of(side ? q[c] : p[c]);
        mpfr_t above;
        mpfr_init2(above, 768);
        mpfr_set(above, dirichlet(n, p, q, c, side, 1, e, NULL), MPFR_RNDN);
        num below = dirichlet(n, p, q, c, side, -1, e, NULL);
        v[1 + side] = same(p, q, n) ? 0 : give(num_scale(n_sub(above, below), -1 - e));
        mpfr_clear(above);
    }
}

/* ---- inputs */

/* In [1, 2), with all bits of the type. */
static double mantissa(uint64_t *state) { return 1 + ldexp((double)(gen_bits(state) >> 12), -52); }
static double sign(uint64_t *state) { return gen_bits(state) & 1 ? 1 : -1; }
static double power(int range, uint64_t *state) {
    int e = (int)gen_below(2 * (uint64_t)range + 1, state) - range;
    return ldexp(mantissa(state), e);
}

static double draw(enum kl_domain domain, int range, uint64_t *state) {
    int wide = range > 4;
    double x = power(range, state);
    switch (domain) {
    case KL_REAL: return gen_below(8, state) ? sign(state) * x : 0;
    case KL_POSITIVE: return x;
    case KL_UNIT:
        x = wide ? ldexp(mantissa(state), -1 - (int)gen_below((uint64_t)range, state))
                 : mantissa(state) - 1;
        x = gen_bits(state) & 1 ? x : 1 - x;
        return x > 0 && x < 1 ? x : 0.25;
    case KL_LOGARITHM:
    case KL_LOGIT:
        return sign(state) * ldexp(mantissa(state), (int)gen_below(wide ? 9 : 4, state) - 3);
    }
    return 1;
}

void kl_draw(const struct kl_model *m, int f32, int reach, double x[], uint64_t *state) {
    size_t places = m->inputs > 2 ? 2 : 1;
    int wide = (int)(gen_bits(state) & 1), near = (int)gen_below(4, state);
    int most = f32 ? 22 : 51, bits = (int)gen_below((uint64_t)most, state) + 1;
    for (size_t k = 0; k < places; k++) {
        enum kl_domain domain = m->domains[k];
        int range = !wide                      ? 4
                    : f32                      ? 30
                    : domain == KL_REAL        ? 40
                    : reach                    ? reach
                    : m->domains[0] == KL_REAL ? 90
                                               : 200;
        double p = draw(domain, range, state), q = draw(domain, range, state);
        double step = ldexp(sign(state) * mantissa(state), -bits);
        if (near == 1) q = p * (1 + step);
        if (near == 2) q = gen_below(3, state) ? p * (1 + step) : p;
        if (near == 3 && (domain == KL_LOGARITHM || domain == KL_LOGIT)) q = p + step;
        x[k] = p;
        x[k + places] = q;
    }
    if (m->domains[0] ==
        KL_REAL) { /* locations in units of p's scale, which 768 bits can resolve */
        double scale = m->domains[1] == KL_POSITIVE ? x[1] : 1;
        for (int k = 0; k < 4; k += 2) x[k] = fmax(-DBL_MAX, fmin(x[k] * scale, DBL_MAX));
        if (near && gen_bits(state) & 1)
            x[2] = fabs(x[0]) == DBL_MAX ? -x[0]
                                         : x[0] + ldexp(scale * sign(state) * mantissa(state),
                                                        -(int)gen_below(30, state));
    }
    for (size_t k = 0; k < m->inputs; k++) {
        if (f32) x[k] = round_to(NLL_F32, x[k]);
        if (m->domains[k % places] == KL_UNIT && !(x[k] > 0 && x[k] < 1)) x[k] = 0.5;
    }
}
