/* gen.h: test inputs.  Integer arithmetic and ldexp only, no libm: glibc's functions differ between
 * CPUs, and an input that differs looks like a broken promise on bits. */
#ifndef NLL_TESTS_GEN_H
#define NLL_TESTS_GEN_H

#include <stddef.h>
#include <stdint.h>

/* What the numbers are for.  Every domain mixes harmless numbers with those that break code. */
enum gen_domain {
    GEN_REAL,   /* any: 0, -0, subnormals, +-88, +-745, +-1e30, +-inf, NaN, ... */
    GEN_WIDE,   /* GEN_REAL and the edges of double: for f64 kernels */
    GEN_FINITE, /* GEN_REAL without infinities and NaN */
    GEN_LOGIT,  /* logits as they occur: runs of normal-ish, -inf masks, confident, ties; no NaN */
    GEN_INT,    /* an integer, small or up to 2^24 */
    GEN_UNIT,   /* [0, 1]: both ends, their neighbours, tiny, uniform */
    GEN_POS,    /* > 0, subnormal to 1e30 */
    GEN_WEIGHT, /* >= 0: often 0 or 1 */
    GEN_SCALE,  /* finite, any sign: often 1 or 0 */
    GEN_NORMAL, /* bell-shaped around 0, variance about 1 */
    GEN_DOMAINS
};

/* The seed of this run: NLL_TEST_SEED, or a fixed one.  tests/seed.c prints it once per run. */
uint64_t gen_seed(void);
/* Start of a stream of numbers; different `stream`s are independent under one seed. */
uint64_t gen_state(uint64_t stream);
/* 64 random bits; the state advances. */
uint64_t gen_bits(uint64_t *state);
/* An integer in [0, n); n > 0. */
uint64_t gen_below(uint64_t n, uint64_t *state);
/* Next number of a domain.  Successive calls give runs of 1 to 64 numbers of one pattern.  Every
 * domain but GEN_WIDE survives a cast to float. */
double gen_value(enum gen_domain domain, uint64_t *state);

/* n values, in storage order. */
void gen_fill_f32(float *x, size_t n, enum gen_domain domain, uint64_t *state);
void gen_fill_f64(double *x, size_t n, enum gen_domain domain, uint64_t *state);

/* How far a test goes: NLL_TEST_QUICK=1 divides counts by 16 (sanitizers, qemu), exhaustive runs
 * take three times as many. */
int gen_quick(void);
/* NLL_TEST_EXHAUSTIVE=1: all 2^32 floats where it makes sense. */
int gen_exhaustive(void);
size_t gen_count(size_t usual);

#endif
