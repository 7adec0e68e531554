/* rows.c: rows of logits of many kinds. */
#include "rows.h"

#include "gen.h"
#include "support.h"

#include <math.h>

static double logit(enum row_kind kind, size_t j, int is_target, uint64_t *state) {
    double g = gen_value(GEN_NORMAL, state);
    switch (kind) {
    case ROW_WIDE: return g * 10;
    case ROW_SURE_30: return g + (is_target ? 36 : 0);
    case ROW_SURE_69: return g + (is_target ? 75 : 0);
    case ROW_SURE_300: return g + (is_target ? 300 : 0);
    case ROW_WRONG_80: return g - (is_target ? 80 : 0);
    case ROW_1E4: return g * 1e4;
    case ROW_1E8: return g * 1e8;
    case ROW_1E30: return g * 1e30;
    case ROW_MASKED: return is_target || gen_bits(state) & 1 ? g : -INFINITY;
    case ROW_ONE_LEFT: return is_target ? g : -INFINITY;
    case ROW_EQUAL: return 0.625;
    case ROW_RISING: return (double)j * 0.5;
    case ROW_FALLING: return (double)j * -0.5;
    case ROW_NEAR_TIES: return 3 + ldexp((double)gen_below(8, state), -20);
    case ROW_FAR_DOWN: return g - 20000;
    case ROW_GENERATED: return gen_value(GEN_LOGIT, state);
    default: return g;
    }
}

void make_rows(double *x, int64_t *target, size_t rows, size_t cols, nll_dtype type, int first,
               uint64_t *state) {
    for (size_t i = 0; i < rows; i++) {
        enum row_kind kind = (enum row_kind)(((size_t)first + i) % ROW_KINDS);
        target[i] = (int64_t)gen_below(cols, state);
        for (size_t j = 0; j < cols; j++) {
            double v = logit(kind, j, (int64_t)j == target[i], state);
            if (isfinite(v)) { /* f16 ends at 65504: stay below instead of becoming infinite */
                double most = huge_of(type);
                v = v > most ? most : v < -most ? -most : v;
            }
            x[i * cols + j] = round_to(type, v);
        }
    }
}
