/* generate.c: see generate.h. */
#include "generate.h"

#include <math.h>
#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(struct generator *g) {
    uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 53 random bits below 2^0, exactly. */
static double unit(struct generator *g) { return ldexp((double)(next(g) >> 11), -53); }

static double real(struct generator *g) {
    double value = ldexp(unit(g) - 0.5, 4);
    return next(g) % 16 ? value : ldexp(value, (int)(next(g) % 7));
}

static double special(struct generator *g) {
    static const double values[] = {0.0,      -0.0,      -INFINITY, -INFINITY, INFINITY, NAN,
                                    0x1p-140, -0x1p-140, 0x1p-1070, 0x1p100,   -0x1p100, 88.5,
                                    -103.75,  709.5,     -745.0,    65504.0,   1.0,      -1.0};
    return next(g) % 64 ? real(g) : values[next(g) % (sizeof values / sizeof values[0])];
}

static double draw(struct generator *g, enum domain domain) {
    uint64_t r = next(g);
    switch (domain) {
    case REALS: return real(g);
    case SPECIALS: return special(g);
    case UNIT: return r % 16 == 0 ? 0.0 : r % 16 == 1 ? 1.0 : unit(g);
    case POSITIVE: return ldexp(unit(g) + 0x1p-20, (int)(r % 5));
    case WEIGHTS: return (double)(r % 5) / 2;
    case HARD: return (double)(r % 2);
    case CLASS_INDEX: return (double)(r % g->classes);
    case COUNTS: return (double)(r % 20);
    case ONE_TO_TWO: return 1 + ldexp((double)(r % 255 + 1), -8);
    }
    return 0;
}

/* bfloat16 by cutting the float, f16 likewise, too large ones to infinity, tiny ones to zero. */
static uint16_t narrow(float value, nll_dtype dtype) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (dtype == NLL_BF16) return (uint16_t)(isnan(value) ? 0x7fc0 : bits >> 16);
    uint32_t sign = bits >> 16 & 0x8000, exponent = bits >> 23 & 0xff, fraction = bits & 0x7fffff;
    if (isnan(value)) return 0x7e00;
    if (exponent < 113) return (uint16_t)sign;
    if (exponent > 142) return (uint16_t)(sign | 0x7c00);
    return (uint16_t)(sign | (exponent - 112) << 10 | fraction >> 13);
}

void generate(struct generator *g, enum domain domain, nll_dtype dtype, void *data, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double value = draw(g, domain);
        switch (dtype) {
        case NLL_F64: ((double *)data)[i] = value; break;
        case NLL_F32: ((float *)data)[i] = (float)value; break;
        case NLL_F16:
        case NLL_BF16: ((uint16_t *)data)[i] = narrow((float)value, dtype); break;
        default: ((int64_t *)data)[i] = (int64_t)value; break;
        }
    }
}
