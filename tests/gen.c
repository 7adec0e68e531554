/* gen.c: test inputs. */
#include "gen.h"

#include <math.h>
#include <stdlib.h>

/* The finaliser of splitmix64: a bijection of 64-bit numbers that looks random. */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int env_is_on(const char *name) {
    const char *s = getenv(name);
    return s && *s && *s != '0';
}

int gen_quick(void) { return env_is_on("NLL_TEST_QUICK"); }
int gen_exhaustive(void) { return env_is_on("NLL_TEST_EXHAUSTIVE"); }
size_t gen_count(size_t usual) {
    return gen_quick() ? usual / 16 + 1 : gen_exhaustive() ? 3 * usual : usual;
}

uint64_t gen_seed(void) {
    static uint64_t seed;
    static int known;
    if (!known) {
        const char *s = getenv("NLL_TEST_SEED");
        seed = s && *s ? strtoull(s, NULL, 0) : 20240229u;
        known = 1;
    }
    return seed;
}

uint64_t gen_state(uint64_t stream) { return mix(mix(gen_seed()) + stream * 0x9e3779b97f4a7c15u); }

/* The state is a counter, so that the run a number belongs to can be told from it. */
uint64_t gen_bits(uint64_t *state) { return mix((*state)++ + 0x9e3779b97f4a7c15u); }

uint64_t gen_below(uint64_t n, uint64_t *state) { return gen_bits(state) % n; }

/* Runs are aligned pieces of the counter: 1, 8 or 64 long, as the piece of 64 decides. */
static uint64_t run_bits(uint64_t counter) {
    uint64_t piece = mix(~(counter >> 6));
    int shift = piece % 3 == 0 ? 0 : piece % 3 == 1 ? 3 : 6;
    return mix((counter >> shift) ^ 0x5851f42d4c957f2du) >> 8;
}

static double sign_of(uint64_t r) { return r >> 63 ? -1.0 : 1.0; }
/* [0, 1) with 24 bits: exact in float. */
static double unit24(uint64_t r) { return ldexp((double)(r & 0xffffff), -24); }

static double bell(uint64_t r) {
    /* Sum of four uniforms in (-1/2, 1/2), variance 1/3, times 7/4: about 1. */
    double s = 0;
    for (int i = 0; i < 4; i++) s += (double)(r >> (16 * i) & 0xffff) - 32767.5;
    return ldexp(s * 1.75, -16);
}

static double pick(const double *table, size_t n, uint64_t r) { return table[(r >> 20) % n]; }
#define PICK(table, r) pick(table, sizeof(table) / sizeof *(table), r)

/* Edges of exp, log and of the formats. */
static const double edges[] = {
    0.0,   0.0,   1.0,  0x1p-24, 1e-6,  1e-3,       0.5,   0x1p-126, 2.0,   10.0,          16.5,
    37.0,  86.5,  87.5, 88.0,    88.75, 89.0,       103.5, 104.0,    700.0, 709.0,         710.0,
    745.0, 746.0, 1e4,  1e5,     1e8,   16777216.0, 1e30,  0x1p-149, 1e-38, 0x1.fffffep127};

static double finite_value(uint64_t run, uint64_t r) {
    switch (run % 8) {
    case 0: return bell(r);
    case 1: return bell(r) * 10;
    case 2: return sign_of(r) * PICK(edges, r);
    case 3: return sign_of(r) * ldexp(1 + unit24(r), (int)((r >> 32) % 60) - 30);
    case 4: return sign_of(r) * ldexp((double)(r & 0x7fffff), -149); /* subnormal floats */
    case 5: return sign_of(run << 3) * PICK(edges, run << 3); /* one number again and again */
    case 6: return bell(r) * 100;
    default: return sign_of(r) * unit24(r);
    }
}

static double real_value(uint64_t run, uint64_t r) {
    if (run % 5) return finite_value(run / 5, r);
    switch (run / 5 % 4) {
    case 0: return r % 4 ? bell(r) : -INFINITY;
    case 1: return r % 16 ? bell(r) : INFINITY;
    case 2: return r % 16 ? bell(r) : (double)NAN;
    default: return -INFINITY;
    }
}

/* Where double has its edges. */
static const double edges64[] = {0x1p-1074, 0x1p-1022, 1e-300,   0x1p-53,
                                 708.5,     709.75,    745.25,   746.0,
                                 1e15,      1e300,     0x1p1023, 0x1.fffffffffffffp1023};

static double wide_value(uint64_t run, uint64_t r) {
    switch (run % 3) {
    case 0: return sign_of(r) * PICK(edges64, r);
    case 1:
        return sign_of(r) * ldexp(1 + ldexp((double)(r >> 11), -53), (int)(run >> 8 & 127) - 64);
    default: return real_value(run / 3, r);
    }
}

static double logit_value(uint64_t run, uint64_t r) {
    switch (run % 10) {
    case 0: return r % 3 ? bell(r) : -INFINITY;
    case 1: return -INFINITY;
    case 2: return bell(run);                                        /* ties */
    case 3: return bell(run) + ldexp((double)(r % 5), -20);          /* near ties */
    case 4: return r % 32 ? bell(r) : 30.0 + (double)(r >> 40 & 63); /* confident */
    case 5: return bell(r) * 30;
    case 6: return sign_of(run << 2) * 1e4 + bell(r);
    case 7: return 0.0;
    default: return bell(r) * 2;
    }
}

static double unit_value(uint64_t run, uint64_t r) {
    switch (run % 6) {
    case 0: return (double)(r & 1);
    case 1: return r & 1 ? 1 - 0x1p-24 : 0x1p-24;
    case 2: return ldexp(1 + unit24(r), -(int)(r >> 40 & 127) - 1);
    case 3: return 1 - ldexp((double)(r & 0xffff), -24);
    case 4: return r & 1 ? 0.5 : 0x1p-149;
    default: return unit24(r);
    }
}

double gen_value(enum gen_domain domain, uint64_t *state) {
    uint64_t run = run_bits(*state), r = gen_bits(state);
    double x;
    switch (domain) {
    case GEN_REAL: return real_value(run, r);
    case GEN_WIDE: return wide_value(run, r);
    case GEN_FINITE: return finite_value(run, r);
    case GEN_LOGIT: return logit_value(run, r);
    case GEN_INT:
        return run % 4 == 0   ? (double)(r & 0xffffff)
               : run % 4 == 1 ? (double)(r & 1)
                              : (double)(r & 15);
    case GEN_UNIT: return unit_value(run, r);
    case GEN_POS: x = fabs(finite_value(run, r)); return x >= 0x1p-149 ? x : 1.0;
    case GEN_WEIGHT:
        return run % 4 == 0 ? 0.0 : run % 4 == 1 ? 1.0 : run % 4 == 2 ? unit24(r) : (double)(r & 7);
    case GEN_SCALE:
        return run % 4 == 0   ? 1.0
               : run % 4 == 1 ? bell(r)
               : run % 4 == 2 ? sign_of(r) * unit24(r)
                              : (double)(r % 3);
    default: return bell(r);
    }
}

void gen_fill_f32(float *x, size_t n, enum gen_domain domain, uint64_t *state) {
    for (size_t i = 0; i < n; i++) x[i] = (float)gen_value(domain, state);
}

void gen_fill_f64(double *x, size_t n, enum gen_domain domain, uint64_t *state) {
    for (size_t i = 0; i < n; i++) x[i] = gen_value(domain, state);
}
