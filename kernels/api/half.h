/* half.h: binary16 and bfloat16, one number at a time, for strided arrays and double results.
 * Contiguous float goes through the vector kernels (shape/convert.h) with the same results. */
#ifndef NLL_HALF_H
#define NLL_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t nll_float_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}
static inline float nll_bits_float(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline float nll_of_bf16(uint16_t h) { return nll_bits_float((uint32_t)h << 16); }

static inline float nll_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = h >> 10 & 31u, m = h & 1023u;
    if (e == 0) /* zero or subnormal: m * 2^-24 */
        return nll_bits_float(sign | nll_float_bits((float)m * 0x1p-24f));
    if (e == 31) return nll_bits_float(m ? 0x7fc00000u : sign | 0x7f800000u);
    return nll_bits_float(sign | (e + 112) << 23 | m << 13);
}

/* To float by rounding to odd, so that a second rounding to 11 or 8 bits is right. */
static inline float nll_round_to_odd(double x) {
    float f = (float)x;
    uint32_t u = nll_float_bits(f);
    if (x != x || (double)f == x) return f;
    if (fabs((double)f) > fabs(x)) u--;
    return nll_bits_float(u | 1u);
}

static inline uint16_t nll_to_bf16(double x) {
    uint32_t u = nll_float_bits(nll_round_to_odd(x));
    if (x != x) return 0x7fc0;
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1u)) >> 16);
}

static inline uint16_t nll_to_f16(double x) {
    float f = nll_round_to_odd(x);
    uint32_t u = nll_float_bits(f), sign = u >> 16 & 0x8000u, a = u & 0x7fffffffu;
    if (x != x) return 0x7e00;
    if (a >= 0x477ff000u) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (a < 0x38800000u) /* below 2^-14: add 0.5, whose last place is 2^-24 */
        return (uint16_t)(sign | (nll_float_bits(nll_bits_float(a) + 0.5f) - 0x3f000000u));
    return (uint16_t)(sign | (a - 0x38000000u + 0xfffu + (a >> 13 & 1u)) >> 13);
}

#endif
