/* dist_oracle.c: central differences of a loss in high precision. */
#include "dist_oracle.h"

#include <math.h>

/* Truncation about 2^-280 relative, less what a function varies faster than its argument; rounding
 * 2^-768 + 280 relative to the largest term of the loss. */
enum { STEP = -140 };

size_t dist_inputs(const struct dist_model *m) {
    size_t n = 0;
    while (m->in[n] != IN_TARGET) n++;
    return n + 1;
}

size_t dist_outputs(const struct dist_model *m) {
    size_t n = 1 + (size_t)m->real;
    for (unsigned bits = m->params; bits; bits &= bits - 1) n += 2;
    return n;
}

int dist_output_input(const struct dist_model *m, size_t k, int *order) {
    size_t at = 1;
    *order = 0;
    if (k == 0) return -1;
    for (*order = 1; *order <= 2; ++*order) {
        for (int i = 0; i < DIST_INPUTS; i++)
            if (m->params >> i & 1 && at++ == k) return i;
        if (*order == 1 && m->real && at++ == k) return (int)dist_inputs(m) - 1;
    }
    return -1;
}

static num loss_at(const struct dist_model *m, const num *x, int i, num xi) {
    num moved[DIST_INPUTS];
    for (size_t k = 0; k < dist_inputs(m); k++) moved[k] = (int)k == i ? xi : x[k];
    return m->loss(moved);
}

/* At y = loc, the mode of these models, the slope is 0, and that of the Laplace distribution's kink
 * is taken as 0; there a difference shows its own truncation. */
static int is_flat(const struct dist_model *m, const double *x, int i, int order) {
    size_t loc = 0, y = dist_inputs(m) - 1;
    while (loc < y && m->in[loc] != IN_LOC) loc++;
    if (loc == y || x[loc] != x[y] || m == dist_find("lognormal")) return 0;
    return ((size_t)i == loc || (size_t)i == y) && (order == 1 || m == dist_find("laplace"));
}

long double dist_unresolved(const struct dist_model *m, const double *x, size_t k,
                            long double loss) {
    int order, i = dist_output_input(m, k, &order);
    if (order == 0) return 0;
    int e = x[i] == 0 ? 0 : ilogb(x[i]);
    return ldexpl(1 + fabsl(loss), -420 - order * e);
}

void dist_oracle(const struct dist_model *m, const double *at, long double *v) {
    size_t n = dist_inputs(m);
    for (size_t k = 0; k < dist_outputs(m); k++) {
        num_reset(); /* a loss takes some dozen numbers, all losses together too many */
        num x[DIST_INPUTS] = {0};
        for (size_t i = 0; i < n; i++) x[i] = num_of(at[i]);
        int order, i = dist_output_input(m, k, &order);
        num f = m->loss(x);
        if (order > 0 && is_flat(m, at, i, order)) {
            v[k] = 0;
            continue;
        }
        if (order > 0) {
            long e = (at[i] == 0 ? 0 : ilogb(at[i])) + STEP;
            num up = loss_at(m, x, i, num_step(x[i], 1, e));
            num down = loss_at(m, x, i, num_step(x[i], -1, e));
            f = order == 1 ? num_scale(n_sub(up, down), -e - 1)
                           : num_scale(n_sub(n_add(up, down), num_scale(f, 1)), -2 * e);
        }
        v[k] = mpfr_get_ld(f, MPFR_RNDN);
        if (fabsl(v[k]) <= dist_unresolved(m, at, k, v[0])) v[k] = 0;
    }
}

int dist_compare(const struct dist_model *m, const double *at, double a, double b) {
    num_reset();
    size_t y = dist_inputs(m) - 1;
    num x[DIST_INPUTS] = {0};
    for (size_t i = 0; i < y; i++) x[i] = num_of(at[i]);
    num fa = loss_at(m, x, (int)y, num_of(a)), fb = loss_at(m, x, (int)y, num_of(b));
    num d = n_sub(fa, fb), small = num_scale(n_add(n_abs(fa), num_of(1)), -500);
    return mpfr_cmpabs(d, small) < 0 ? 0 : mpfr_sgn(d);
}
