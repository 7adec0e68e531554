/* pairs.c: see pairs.h. */
#include "pairs.h"

#include "gen.h"
#include "rows.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>

static double limited(double v, nll_dtype type) {
    double most = huge_of(type);
    if (!isfinite(v)) return v;
    return round_to(type, v > most ? most : v < -most ? -most : v);
}

/* The next number up or down; zero stays. */
static double neighbour(double v, nll_dtype type) {
    return isfinite(v) && v != 0 ? limited(v + (double)ulp_of(type, v), type) : v;
}

static void second_row(enum pair_kind kind, double *x, double *z, size_t cols, nll_dtype type,
                       uint64_t *state) {
    size_t one = (size_t)gen_below(cols, state);
    double shift = gen_value(GEN_NORMAL, state) * 8;
    for (size_t j = 0; j < cols; j++) {
        double g = gen_value(GEN_NORMAL, state), v = x[j];
        switch (kind) {
        case PAIR_NEAR_3: v += ldexp(g, -3); break;
        case PAIR_NEAR_10: v += ldexp(g, -10); break;
        case PAIR_NEAR_20: v += ldexp(g, -20); break;
        case PAIR_SHIFTED: v += shift + ldexp(g, -10); break;
        case PAIR_ONE_ULP: v = j == one ? neighbour(v, type) : v; break;
        case PAIR_SWAPPED: v = x[cols - 1 - j]; break;
        case PAIR_MASKED:
            v = gen_bits(state) % 4 == 0 && j != one ? -INFINITY : g;
            x[j] = v == -INFINITY || (gen_bits(state) % 4 == 0 && j != one) ? -INFINITY : x[j];
            if (x[j] == -INFINITY && j == one) x[j] = 0;
            break;
        case PAIR_CONFIDENT:
            x[j] = limited(g + (j == one ? 60 : 0), type);
            v = gen_value(GEN_NORMAL, state) + (j == one ? 61 : 0);
            break;
        default: break;
        }
        z[j] = limited(v, type);
    }
}

void make_pairs(double *x, double *z, size_t rows, size_t cols, nll_dtype type, int first,
                uint64_t *state) {
    for (size_t i = 0; i < rows; i++) {
        enum pair_kind kind = (enum pair_kind)(((size_t)first + i) % PAIR_KINDS);
        int row_kind = (int)gen_below(ROW_KINDS, state);
        int64_t target;
        if (kind != PAIR_APART && row_kind == ROW_1E30) row_kind = ROW_NORMAL; /* noise vanishes */
        make_rows(x + i * cols, &target, 1, cols, type, row_kind, state);
        if (kind == PAIR_APART) {
            row_kind = (int)gen_below(ROW_KINDS, state);
            make_rows(z + i * cols, &target, 1, cols, type, row_kind, state);
        } else {
            second_row(kind, x + i * cols, z + i * cols, cols, type, state);
        }
    }
}

/* Weights over their sum; no weight is below 2^-40 unless it is zero. */
static void normalise(double *p, size_t cols, nll_dtype type) {
    double sum = 0;
    for (size_t j = 0; j < cols; j++) sum += p[j];
    for (size_t j = 0; j < cols; j++) p[j] = round_to(type, p[j] / sum);
}

void make_prob_pairs(double *x, double *z, size_t rows, size_t cols, nll_dtype type, int first,
                     int zeros, uint64_t *state) {
    for (size_t i = 0; i < rows; i++) {
        double *p = x + i * cols, *q = z + i * cols;
        int kind = (first + (int)i) % 5;
        size_t one = (size_t)gen_below(cols, state);
        for (size_t j = 0; j < cols; j++) {
            double w = ldexp((double)(gen_below(1u << 20, state) + 1), -20);
            double noise = 1 + ldexp((double)gen_below(1u << 20, state), kind == 1 ? -22 : -36);
            p[j] = kind == 3 ? ldexp(w, -(int)gen_below(30, state)) : w;
            if (zeros && gen_bits(state) % 4 == 0 && j != one) p[j] = 0;
            q[j] = kind == 0 || kind == 3 ? ldexp((double)(gen_below(1u << 20, state) + 1), -20)
                                          : p[j] * noise;
            if (kind == 4) q[j] = p[j];
            if (zeros && p[j] == 0 && gen_bits(state) & 1) q[j] = 0;
        }
        normalise(p, cols, type);
        normalise(q, cols, type);
    }
}
