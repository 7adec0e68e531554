/* fit_newton.c: Newton's method, and the information matrix at its end.
 *
 * Coordinates u: the logarithm of what is positive, the log-odds of a probability, all else as it
 * is.  theta itself is carried along and moved by steps of u, so that a start that is the maximum
 * stays what it is to the last bit. */
#include "fit.h"
#include "number.h"

#include <math.h>
#include <string.h>

enum coordinate { AS_IT_IS, LOGARITHM, LOG_ODDS };

static enum coordinate coordinate_of(const fit_problem *p, unsigned place) {
    switch (p->form[place]->domain) {
    case NLL_POSITIVE:
    case NLL_NONNEGATIVE: return LOGARITHM;
    case NLL_UNIT:
    case NLL_OPEN_UNIT: return LOG_ODDS;
    default: return AS_IT_IS;
    }
}

/* theta moved by d along u. */
static double moved(enum coordinate c, double theta, double d) {
    if (d == 0) return theta;
    if (c == AS_IT_IS) return theta + d;
    double e = nll_one(NLL_K_exp, d);
    return c == LOGARITHM ? theta * e : theta * e / (1 - theta + theta * e);
}
/* d theta / du and its derivative */
static double slope(enum coordinate c, double theta) {
    return c == AS_IT_IS ? 1 : c == LOGARITHM ? theta : theta * (1 - theta);
}
static double bend(enum coordinate c, double theta) {
    return c == AS_IT_IS ? 0 : c == LOGARITHM ? theta : theta * (1 - theta) * (1 - 2 * theta);
}

typedef struct matrix {
    double at[NLL_PLACES][NLL_PLACES];
} matrix;

/* L and its derivatives in u, by the number of the free parameter. */
typedef struct point {
    double theta[NLL_PLACES]; /* by place */
    double loss, weight, grad[NLL_PLACES];
    matrix hess, outer;
} point;

typedef struct newton {
    fit_problem *p;
    unsigned n, place[NLL_PLACES];
    enum coordinate u[NLL_PLACES];
} newton;

/* The mixed derivative where it is plain, so that no digits go into differences: it is the narrow
 * samples, whose parameters hang together, that need them. */
typedef struct known_mixed {
    enum nll_kernel kernel;
    double weight, grad; /* d^2 L / d theta_0 d theta_1 is one of them times its sum, by theta_1 */
} known_mixed;
static const known_mixed *mixed_of(const newton *s) {
    static const known_mixed known[] = {{NLL_K_gamma, -1, 0},
                                        {NLL_K_inverse_gamma, -1, 0},
                                        {NLL_K_gaussian_scale, 0, -2},
                                        {NLL_K_gaussian_var, 0, -1},
                                        {NLL_K_lognormal, 0, -2}};
    for (size_t i = 0; s->n == 2 && i < sizeof known / sizeof known[0]; i++)
        if (known[i].kernel == s->p->kernel) return &known[i];
    return NULL;
}

static void gradient_at(const newton *s, const double *theta, double *grad) {
    fit_sums sums;
    fit_pass(s->p, theta, 0, &sums);
    for (unsigned f = 0; f < s->n; f++)
        grad[f] = sums.grad[s->place[f]] * slope(s->u[f], theta[s->place[f]]);
}

/* All but what is beside the diagonal of the Hessian, unless that is known. */
static void evaluate(const newton *s, point *x) {
    fit_sums sums;
    fit_pass(s->p, x->theta, 1, &sums);
    x->loss = sums.loss;
    x->weight = sums.weight;
    for (unsigned f = 0; f < s->n; f++) {
        unsigned k = s->place[f];
        double a = slope(s->u[f], x->theta[k]);
        x->grad[f] = a * sums.grad[k];
        x->hess.at[f][f] = a * a * sums.hess[k] + bend(s->u[f], x->theta[k]) * sums.grad[k];
        for (unsigned g = 0; g < s->n; g++)
            x->outer.at[f][g] =
                a * slope(s->u[g], x->theta[s->place[g]]) * sums.outer[k][s->place[g]];
    }
    const known_mixed *known = mixed_of(s);
    if (!known) return;
    double sum = known->grad != 0 ? known->grad * sums.grad[0] : known->weight * sums.weight;
    x->hess.at[0][1] = x->hess.at[1][0] =
        slope(s->u[0], x->theta[0]) * slope(s->u[1], x->theta[1]) * (sum / x->theta[1]);
}

/* Mixed derivatives, by one-sided differences of gradients, over a step that is small against the
 * scale of one observation's information and not lost in the digits of theta. */
static void mix(const newton *s, point *x) {
    for (unsigned f = 0; f + 1 < s->n && !mixed_of(s); f++) {
        double theta[NLL_PLACES], high[NLL_PLACES];
        unsigned k = s->place[f];
        double step = 0x1p-16 * sqrt(x->weight / x->outer.at[f][f]);
        double least = s->u[f] == AS_IT_IS ? 0x1p-50 * fabs(x->theta[k]) : 0;
        if (!(step < 0x1p-10) && s->u[f] != AS_IT_IS) step = 0x1p-10;
        if (step < least) step = least;
        memcpy(theta, x->theta, sizeof theta);
        theta[k] = moved(s->u[f], x->theta[k], step);
        gradient_at(s, theta, high);
        if (s->u[f] == AS_IT_IS) step = theta[k] - x->theta[k]; /* as rounded */
        for (unsigned g = f + 1; g < s->n; g++)
            x->hess.at[f][g] = x->hess.at[g][f] = (high[g] - x->grad[g]) / step;
    }
}

/* a = r r^T for a scaled to a unit diagonal; 0 unless it is positive definite. */
typedef struct factor {
    matrix r;
    double scale[NLL_PLACES];
} factor;
static int cholesky(const newton *s, const matrix *a, factor *to) {
    for (unsigned i = 0; i < s->n; i++) {
        if (!(a->at[i][i] > 0 && a->at[i][i] < INFINITY)) return 0;
        to->scale[i] = sqrt(a->at[i][i]);
    }
    for (unsigned j = 0; j < s->n; j++)
        for (unsigned i = j; i < s->n; i++) {
            double sum = a->at[i][j] / to->scale[i] / to->scale[j];
            for (unsigned k = 0; k < j; k++) sum -= to->r.at[i][k] * to->r.at[j][k];
            if (i == j && !(sum > 0x1p-36)) return 0;
            to->r.at[i][j] = i == j ? sqrt(sum) : sum / to->r.at[j][j];
        }
    return 1;
}
/* x = a^-1 b; returns sqrt(b^T a^-1 b). */
static double solve(const newton *s, const factor *f, const double *b, double *x) {
    double y[NLL_PLACES], norm = 0;
    for (unsigned i = 0; i < s->n; i++) {
        y[i] = b[i] / f->scale[i];
        for (unsigned k = 0; k < i; k++) y[i] -= f->r.at[i][k] * y[k];
        y[i] /= f->r.at[i][i];
        norm += y[i] * y[i];
    }
    for (unsigned i = s->n; i-- > 0;) {
        for (unsigned k = i + 1; k < s->n; k++) y[i] -= f->r.at[k][i] * y[k];
        y[i] /= f->r.at[i][i];
        x[i] = y[i] / f->scale[i];
    }
    return sqrt(norm);
}

/* No step multiplies a parameter by more than e^4. */
static void shorten(const newton *s, double *d) {
    double most = 0;
    for (unsigned i = 0; i < s->n; i++)
        if (s->u[i] != AS_IT_IS && fabs(d[i]) > most) most = fabs(d[i]);
    for (unsigned i = 0; i < s->n && most > 4; i++) d[i] *= 4 / most;
}

/* theta at u - d; how many parameters that changes by more than their rounding. */
static unsigned go(const newton *s, const point *x, const double *d, point *to) {
    unsigned changed = 0;
    memcpy(to->theta, x->theta, sizeof to->theta);
    for (unsigned i = 0; i < s->n; i++) {
        unsigned k = s->place[i];
        to->theta[k] = moved(s->u[i], x->theta[k], -d[i]);
        changed += fabs(to->theta[k] - x->theta[k]) > 0x1p-51 * fabs(x->theta[k]);
    }
    return changed;
}

/* The size of the curvature, which the outer product overstates by far where a row is far out. */
static double damping(const point *x, unsigned i) {
    return fmax(fabs(x->hess.at[i][i]), fmax(0x1p-20 * x->outer.at[i][i], 0x1p-1000));
}

/* A step that does not raise L by more than `slack`: Newton's, or where that does or the Hessian is
 * not definite one of Levenberg and Marquardt's, towards steepest descent in the metric of the
 * Hessian's diagonal.  lambda is kept from step to step. */
static int descend(const newton *s, const point *x, double slack, double *lambda, point *to) {
    for (int tries = 0; tries < 60; tries++) {
        matrix a = x->hess;
        factor f;
        double d[NLL_PLACES];
        for (unsigned i = 0; i < s->n; i++) a.at[i][i] += *lambda * damping(x, i);
        if (cholesky(s, &a, &f)) {
            solve(s, &f, x->grad, d);
            shorten(s, d);
            if (!go(s, x, d, to)) return 0;
            evaluate(s, to);
            if (s->p->status != NLL_OK) return 0;
            if (to->loss <= x->loss + slack) {
                *lambda = *lambda < 0.01 ? 0 : *lambda / 16;
                return 1;
            }
        }
        *lambda = *lambda > 0 ? *lambda * 8 : 0x1p-10;
    }
    return 0;
}

/* Parameters beyond which a model is its limit: a Gaussian, a Poisson distribution, whose mean is
 * not beyond the largest observation. */
static double limit_of(const char *name, double largest) {
    static const struct {
        const char *name;
        double alone, by_largest;
    } limits[] = {{"df", 1e7, 0}, {"size", 0, 1e7}};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (!strcmp(limits[i].name, name))
            return limits[i].alone + limits[i].by_largest * (largest > 1 ? largest : 1);
    return INFINITY;
}

/* Has a parameter left all reason?  Then why: a place, or -1. */
static int astray(const newton *s, const point *x, nll_fit_outcome *why) {
    for (unsigned i = 0; i < s->n; i++) {
        unsigned k = s->place[i];
        double theta = x->theta[k];
        const char *name = s->p->form[k]->name;
        if (theta > limit_of(name, s->p->seen.most)) {
            *why = NLL_FIT_LIMIT;
            return (int)k;
        }
        if (!strcmp(name, "scale") && theta < s->p->typical[k] * 0x1p-80) {
            *why = NLL_FIT_UNBOUNDED;
            return (int)k;
        }
        /* still downhill */
        if (s->u[i] == LOG_ODDS && ((theta < s->p->typical[k] * 0x1p-60 && x->grad[i] > 0) ||
                                    (1 - theta < 0x1p-50 && x->grad[i] < 0))) {
            *why = NLL_FIT_BOUNDARY;
            return (int)k;
        }
    }
    return -1;
}

/* The columns of r^-T without the scale: directions in which the Hessian is the unit matrix. */
static void directions(const newton *s, const factor *f, double to[NLL_PLACES][NLL_PLACES]) {
    for (unsigned c = 0; c < s->n; c++)
        for (unsigned i = s->n; i-- > 0;) {
            double sum = i == c ? 1 : 0;
            for (unsigned k = i + 1; k < s->n; k++) sum -= f->r.at[k][i] * to[c][k] * f->scale[k];
            to[c][i] = sum / f->r.at[i][i] / f->scale[i];
        }
}

/* The Hessian in those directions, by central differences of gradients along each: near to the unit
 * matrix, so that even one of parameters that nearly hang together loses no digits. */
static void measure(const newton *s, const point *x, double d[NLL_PLACES][NLL_PLACES], matrix *m) {
    for (unsigned c = 0; c < s->n; c++) {
        double step = 0x1p-16 * sqrt(x->weight), grad[2][NLL_PLACES];
        for (unsigned i = 0; i < s->n; i++) { /* not lost in the digits of theta */
            double least = 0x1p-46 * fabs(x->theta[s->place[i]]), error = 0;
            for (unsigned k = 0; k < s->n; k++) error += d[k][i] * d[k][i];
            if (s->u[i] == AS_IT_IS && step * sqrt(error) < least) step = least / sqrt(error);
        }
        for (int side = 0; side < 2; side++) {
            double theta[NLL_PLACES];
            memcpy(theta, x->theta, sizeof theta);
            for (unsigned i = 0; i < s->n; i++)
                theta[s->place[i]] =
                    moved(s->u[i], theta[s->place[i]], side ? -step * d[c][i] : step * d[c][i]);
            gradient_at(s, theta, grad[side]);
        }
        for (unsigned r = 0; r < s->n; r++) {
            m->at[r][c] = 0;
            for (unsigned i = 0; i < s->n; i++)
                m->at[r][c] += d[r][i] * ((grad[0][i] - grad[1][i]) / (2 * step));
        }
    }
    for (unsigned r = 0; r < s->n; r++) /* equal but for rounding */
        for (unsigned c = 0; c < r; c++)
            m->at[r][c] = m->at[c][r] = (m->at[r][c] + m->at[c][r]) / 2;
}

/* The observed information, its inverse in theta, and how far the gradient is from 0. */
static void errors(const newton *s, const point *x) {
    fit_problem *p = s->p;
    factor f, g;
    matrix m;
    double d[NLL_PLACES][NLL_PLACES], along[NLL_PLACES] = {0}, step[NLL_PLACES];
    p->outcome = NLL_FIT_UNIDENTIFIED;
    if (!cholesky(s, &x->hess, &f)) return;
    directions(s, &f, d);
    m = (matrix){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    if (s->n > 1 && !mixed_of(s)) measure(s, x, d, &m);
    for (unsigned c = 0; c < s->n; c++) /* the differences on the way were no Hessian */
        if (!(m.at[c][c] > 0.125 && m.at[c][c] < 8)) return;
    if (!cholesky(s, &m, &g)) return;
    p->outcome = NLL_FIT_CONVERGED;
    for (unsigned i = 0; i < s->n; i++) {
        double unit[NLL_PLACES] = {0}, column[NLL_PLACES];
        for (unsigned c = 0; c < s->n; c++) unit[c] = d[c][i];
        solve(s, &g, unit, column);
        for (unsigned j = 0; j <= i; j++) {
            unsigned a = s->place[i], b = s->place[j];
            double sum = 0;
            for (unsigned c = 0; c < s->n; c++) sum += d[c][j] * column[c];
            p->covariance[a][b] = p->covariance[b][a] =
                slope(s->u[i], x->theta[a]) * sum * slope(s->u[j], x->theta[b]);
        }
    }
    for (unsigned c = 0; c < s->n; c++)
        for (unsigned i = 0; i < s->n; i++) along[c] += d[c][i] * x->grad[i];
    p->norm = solve(s, &g, along, step);
}

/* A fit that did not end because a scale shrinks towards a pole of the likelihood. */
static void explain_iterations(const newton *s, const point *x) {
    for (unsigned i = 0; i < s->n; i++) {
        unsigned k = s->place[i];
        if (strcmp(s->p->form[k]->name, "scale") != 0 ||
            !(x->theta[k] < s->p->typical[k] * 0x1p-10))
            continue;
        s->p->outcome = NLL_FIT_UNBOUNDED;
        s->p->at_fault = (int)k;
    }
}

/* Flat, but by a step d that does not shrink: L falls like a probability that goes to its edge. */
static void explain_flatness(const newton *s, const double *d) {
    for (unsigned i = 0; i < s->n; i++) {
        unsigned k = s->place[i];
        if (s->p->form[k]->domain != NLL_UNIT || !(fabs(d[i]) > 0.5)) continue;
        s->p->outcome = NLL_FIT_BOUNDARY;
        s->p->at_fault = (int)k;
        s->p->theta[k] = d[i] > 0 ? 0 : 1;
        s->p->loss_known = 0;
    }
}

void fit_newton(fit_problem *p, fit_limits limits, int want_errors) {
    newton s = {.p = p};
    point x, next;
    double before = INFINITY, lambda = 0, d[NLL_PLACES] = {0};
    s.n = fit_free(p, s.place);
    for (unsigned i = 0; i < s.n; i++) s.u[i] = coordinate_of(p, s.place[i]);
    memcpy(x.theta, p->theta, sizeof x.theta);
    evaluate(&s, &x);
    p->outcome = NLL_FIT_CONVERGED;
    p->norm = (double)NAN;
    if (!(fabs(x.loss) < INFINITY)) p->outcome = NLL_FIT_STALLED;
    while (p->outcome == NLL_FIT_CONVERGED && p->status == NLL_OK) {
        factor f;
        double slack = 0;
        mix(&s, &x);
        int definite = cholesky(&s, &x.hess, &f);
        p->norm = definite ? solve(&s, &f, x.grad, d) : (double)NAN;
        if (definite && (p->norm <= limits.tolerance || !go(&s, &x, d, &next))) break;
        /* What is left to gain is below the rounding of the sums: go on while it still shrinks. */
        double noise = 0x1p-46 * (fabs(x.loss) + x.weight);
        int at_rounding = definite && p->norm * p->norm < noise && p->norm < 1e-4;
        if (at_rounding && !(p->norm < before / 2)) break;
        if (at_rounding) slack = noise;
        before = at_rounding ? p->norm : (double)INFINITY;
        if (p->iterations == limits.iterations) {
            p->outcome = NLL_FIT_ITERATIONS;
            explain_iterations(&s, &x);
        } else if (descend(&s, &x, slack, &lambda, &next)) {
            x = next;
            p->iterations++;
            p->at_fault = astray(&s, &x, &p->outcome);
        } else if (definite && p->norm < 1e-4) { /* flat: terms of L that cancel round by more */
            break;
        } else {
            p->outcome = definite ? NLL_FIT_STALLED : NLL_FIT_UNIDENTIFIED;
            explain_iterations(&s, &x);
        }
    }
    memcpy(p->theta, x.theta, sizeof p->theta);
    p->loss = x.loss;
    p->loss_known = 1;
    if (p->outcome == NLL_FIT_CONVERGED) explain_flatness(&s, d);
    if (p->outcome == NLL_FIT_UNBOUNDED) { /* not how far the search came on the way there */
        p->loss = -INFINITY;
        p->theta[p->at_fault] = 0;
    }
    if (want_errors && p->outcome == NLL_FIT_CONVERGED && p->status == NLL_OK) errors(&s, &x);
}
