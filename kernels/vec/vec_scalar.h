/* vec_scalar.h: plain C, lane by lane: the oracle that every other backend must match bit for bit.
 * fma() and fmaf() are correctly rounded with or without hardware support. */
#define NLL_ISA_SUFFIX _scalar

typedef struct {
    float l[16];
} vf;
typedef struct {
    double l[8];
} vd;
typedef struct {
    int32_t l[16];
} vi;
typedef struct {
    int64_t l[8];
} vl;
typedef struct {
    unsigned bits;
} mf;
typedef struct {
    unsigned bits;
} md;

#define SC_LANES(x) (sizeof((x).l) / sizeof((x).l[0]))
/* type name(...) { r.l[i] = expression in i; } */
#define SC_DEF(type, signature, expression)                               \
    NLL_INLINE type signature {                                           \
        type r;                                                           \
        for (unsigned i = 0; i < SC_LANES(r); i++) r.l[i] = (expression); \
        return r;                                                         \
    }
#define SC_MASK(type, lanes, signature, expression)                                           \
    NLL_INLINE type signature {                                                               \
        unsigned bits = 0;                                                                    \
        for (unsigned i = 0; i < (lanes); i++) bits |= (unsigned)((expression) ? 1 : 0) << i; \
        return (type){bits};                                                                  \
    }

SC_DEF(vf, f_set(float s), s)
SC_DEF(vd, d_set(double s), s)
SC_DEF(vf, f_load(const float *p), p[i])
SC_DEF(vd, d_load(const double *p), p[i])
SC_DEF(vf, f_loadn(const float *p, size_t k, float fill), i < k ? p[i] : fill)
SC_DEF(vd, d_loadn(const double *p, size_t k, double fill), i < k ? p[i] : fill)
NLL_INLINE void f_store(float *p, vf x) { memcpy(p, x.l, sizeof x.l); }
NLL_INLINE void d_store(double *p, vd x) { memcpy(p, x.l, sizeof x.l); }
NLL_INLINE void f_stream(float *p, vf x) { f_store(p, x); }
NLL_INLINE void d_stream(double *p, vd x) { d_store(p, x); }
NLL_INLINE void v_stream_end(void) {}
NLL_INLINE void f_storen(float *p, vf x, size_t k) { memcpy(p, x.l, k * sizeof *p); }
NLL_INLINE void d_storen(double *p, vd x, size_t k) { memcpy(p, x.l, k * sizeof *p); }

SC_DEF(vf, f_add(vf x, vf y), x.l[i] + y.l[i])
SC_DEF(vd, d_add(vd x, vd y), x.l[i] + y.l[i])
SC_DEF(vf, f_sub(vf x, vf y), x.l[i] - y.l[i])
SC_DEF(vd, d_sub(vd x, vd y), x.l[i] - y.l[i])
SC_DEF(vf, f_mul(vf x, vf y), x.l[i] * y.l[i])
SC_DEF(vd, d_mul(vd x, vd y), x.l[i] * y.l[i])
SC_DEF(vf, f_div(vf x, vf y), x.l[i] / y.l[i])
SC_DEF(vd, d_div(vd x, vd y), x.l[i] / y.l[i])
SC_DEF(vf, f_fma(vf x, vf y, vf z), fmaf(x.l[i], y.l[i], z.l[i]))
SC_DEF(vd, d_fma(vd x, vd y, vd z), fma(x.l[i], y.l[i], z.l[i]))
SC_DEF(vf, f_nfma(vf x, vf y, vf z), fmaf(-x.l[i], y.l[i], z.l[i]))
SC_DEF(vd, d_nfma(vd x, vd y, vd z), fma(-x.l[i], y.l[i], z.l[i]))
SC_DEF(vf, f_max(vf x, vf y), x.l[i] > y.l[i] ? x.l[i] : y.l[i])
SC_DEF(vd, d_max(vd x, vd y), x.l[i] > y.l[i] ? x.l[i] : y.l[i])
SC_DEF(vf, f_min(vf x, vf y), x.l[i] < y.l[i] ? x.l[i] : y.l[i])
SC_DEF(vd, d_min(vd x, vd y), x.l[i] < y.l[i] ? x.l[i] : y.l[i])
SC_DEF(vf, f_rint(vf x), rintf(x.l[i]))
SC_DEF(vd, d_rint(vd x), rint(x.l[i]))
SC_DEF(vf, f_neg(vf x), -x.l[i])
SC_DEF(vd, d_neg(vd x), -x.l[i])
SC_DEF(vf, f_abs(vf x), fabsf(x.l[i]))
SC_DEF(vd, d_abs(vd x), fabs(x.l[i]))

SC_MASK(mf, 16, f_lt(vf x, vf y), x.l[i] < y.l[i])
SC_MASK(md, 8, d_lt(vd x, vd y), x.l[i] < y.l[i])
SC_MASK(mf, 16, f_le(vf x, vf y), x.l[i] <= y.l[i])
SC_MASK(md, 8, d_le(vd x, vd y), x.l[i] <= y.l[i])
SC_MASK(mf, 16, f_eq(vf x, vf y), x.l[i] == y.l[i])
SC_MASK(md, 8, d_eq(vd x, vd y), x.l[i] == y.l[i])
SC_MASK(mf, 16, f_isnan(vf x), x.l[i] != x.l[i])
SC_MASK(md, 8, d_isnan(vd x), x.l[i] != x.l[i])
SC_DEF(vf, f_sel(mf m, vf x, vf y), (m.bits >> i & 1) ? x.l[i] : y.l[i])
SC_DEF(vd, d_sel(md m, vd x, vd y), (m.bits >> i & 1) ? x.l[i] : y.l[i])
NLL_INLINE mf f_mask_and(mf a, mf b) { return (mf){a.bits & b.bits}; }
NLL_INLINE md d_mask_and(md a, md b) { return (md){a.bits & b.bits}; }
NLL_INLINE mf f_mask_or(mf a, mf b) { return (mf){a.bits | b.bits}; }
NLL_INLINE md d_mask_or(md a, md b) { return (md){a.bits | b.bits}; }
NLL_INLINE mf f_mask_not(mf a) { return (mf){~a.bits & 0xffffu}; }
NLL_INLINE md d_mask_not(md a) { return (md){~a.bits & 0xffu}; }
NLL_INLINE unsigned f_mask_bits(mf a) { return a.bits; }
NLL_INLINE unsigned d_mask_bits(md a) { return a.bits; }

SC_DEF(vi, i_set(int32_t s), s)
SC_DEF(vl, l_set(int64_t s), s)
SC_DEF(vi, i_add(vi x, vi y), (int32_t)((uint32_t)x.l[i] + (uint32_t)y.l[i]))
SC_DEF(vl, l_add(vl x, vl y), (int64_t)((uint64_t)x.l[i] + (uint64_t)y.l[i]))
SC_DEF(vi, i_sub(vi x, vi y), (int32_t)((uint32_t)x.l[i] - (uint32_t)y.l[i]))
SC_DEF(vl, l_sub(vl x, vl y), (int64_t)((uint64_t)x.l[i] - (uint64_t)y.l[i]))
SC_DEF(vi, i_and(vi x, vi y), x.l[i] & y.l[i])
SC_DEF(vl, l_and(vl x, vl y), x.l[i] & y.l[i])
SC_DEF(vi, i_or(vi x, vi y), x.l[i] | y.l[i])
SC_DEF(vl, l_or(vl x, vl y), x.l[i] | y.l[i])
SC_DEF(vi, i_shl(vi x, unsigned n), (int32_t)((uint32_t)x.l[i] << n))
SC_DEF(vl, l_shl(vl x, unsigned n), (int64_t)((uint64_t)x.l[i] << n))
SC_DEF(vi, i_shr(vi x, unsigned n), (int32_t)((uint32_t)x.l[i] >> n))
SC_DEF(vi, i_sar(vi x, unsigned n), x.l[i] >> n)
SC_DEF(vl, l_shr(vl x, unsigned n), (int64_t)((uint64_t)x.l[i] >> n))
SC_DEF(vd, d_pick(const double *c, vl x), c[x.l[i] & 7])
#define SC_CAST(type, from, name)  \
    NLL_INLINE type name(from x) { \
        type r;                    \
        memcpy(&r, &x, sizeof r);  \
        return r;                  \
    }
SC_CAST(vi, vf, f_bits)
SC_CAST(vl, vd, d_bits)
SC_CAST(vf, vi, f_of_bits)
SC_CAST(vd, vl, d_of_bits)
SC_DEF(vf, f_of_int(vi x), (float)x.l[i])

/* Two factors, the first product exact where the result is not zero: one rounding. */
NLL_INLINE float sc_pow2f(int32_t n) {
    union {
        uint32_t u;
        float f;
    } b = {.u = (uint32_t)(n + 127) << 23};
    return b.f;
}
NLL_INLINE double sc_pow2(int64_t n) {
    union {
        uint64_t u;
        double f;
    } b = {.u = (uint64_t)(n + 1023) << 52};
    return b.f;
}
NLL_INLINE float sc_scalbf(float x, float n) {
    int32_t k = n == n ? (int32_t)n : 0, h = (k - (k & 1)) / 2;
    return x * sc_pow2f(h) * sc_pow2f(k - h);
}
NLL_INLINE double sc_scalb(double x, double n) {
    int64_t k = n == n ? (int64_t)n : 0, h = (k - (k & 1)) / 2;
    return x * sc_pow2(h) * sc_pow2(k - h);
}
SC_DEF(vf, f_scalb(vf x, vf n), sc_scalbf(x.l[i], n.l[i]))
SC_DEF(vd, d_scalb(vd x, vd n), sc_scalb(x.l[i], n.l[i]))

SC_DEF(vd, d_lo(vf x), (double)x.l[i])
SC_DEF(vd, d_hi(vf x), (double)x.l[i + 8])
SC_DEF(vf, f_narrow(vd lo, vd hi), i < 8 ? (float)lo.l[i] : (float)hi.l[i - 8])

SC_DEF(vd, d_load_f32(const float *p), (double)p[i])
NLL_INLINE void d_store_f32(float *p, vd x) {
    for (unsigned i = 0; i < 8; i++) p[i] = (float)x.l[i];
}

NLL_INLINE double d_hsum(vd x) {
    for (unsigned h = 4; h; h /= 2)
        for (unsigned i = 0; i < h; i++) x.l[i] = x.l[i] + x.l[i + h];
    return x.l[0];
}
NLL_INLINE double d_hmax(vd x) {
    for (unsigned h = 4; h; h /= 2)
        for (unsigned i = 0; i < h; i++) x.l[i] = x.l[i] > x.l[i + h] ? x.l[i] : x.l[i + h];
    return x.l[0];
}
NLL_INLINE float f_hmax(vf x) {
    for (unsigned h = 8; h; h /= 2)
        for (unsigned i = 0; i < h; i++) x.l[i] = x.l[i] > x.l[i + h] ? x.l[i] : x.l[i + h];
    return x.l[0];
}

/* Transposes 16 x 16 floats, 8 x 8 doubles. */
NLL_INLINE void f_transpose(vf x[16]) {
    for (unsigned i = 0; i < 16; i++)
        for (unsigned j = 0; j < i; j++) {
            float t = x[i].l[j];
            x[i].l[j] = x[j].l[i];
            x[j].l[i] = t;
        }
}
NLL_INLINE void d_transpose(vd x[8]) {
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < i; j++) {
            double t = x[i].l[j];
            x[i].l[j] = x[j].l[i];
            x[j].l[i] = t;
        }
}

/* Four columns of 16 rows, ld apart. */
NLL_INLINE void f_load_columns(const float *p, ptrdiff_t ld, vf x[4]) {
    for (ptrdiff_t r = 0; r < 16; r++)
        for (unsigned i = 0; i < 4; i++) x[i].l[r] = p[r * ld + (ptrdiff_t)i];
}
NLL_INLINE void f_store_columns(float *p, ptrdiff_t ld, const vf x[4]) {
    for (ptrdiff_t r = 0; r < 16; r++)
        for (unsigned i = 0; i < 4; i++) p[r * ld + (ptrdiff_t)i] = x[i].l[r];
}

/* Storage types: 16 values.  binary16 by integer steps, so that no compiler support is needed. */
NLL_INLINE float sc_of_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = h >> 10 & 31u, m = h & 1023u;
    union {
        uint32_t u;
        float f;
    } b;
    if (e == 0) { /* zero or subnormal: m * 2^-24, exact */
        b.f = (float)m * 0x1p-24f;
        b.u |= sign;
    } else if (e == 31) { /* infinity or NaN, made quiet */
        b.u = sign | 0x7f800000u | m << 13 | (m ? 0x400000u : 0u);
    } else {
        b.u = sign | (e + 112) << 23 | m << 13;
    }
    return b.f;
}
NLL_INLINE uint16_t sc_to_f16(float x) {
    union {
        float f;
        uint32_t u;
    } b = {x}, a;
    uint32_t sign = b.u >> 16 & 0x8000u;
    a.u = b.u & 0x7fffffffu;
    if (a.u > 0x7f800000u) /* NaN: quiet, upper payload bits kept, as the hardware does */
        return (uint16_t)(sign | 0x7e00u | (a.u >> 13 & 0x3ffu));
    if (a.u >= 0x477ff000u) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (a.u < 0x38800000u) { /* below 2^-14: add 0.5, whose last place is 2^-24 */
        a.f += 0.5f;
        return (uint16_t)(sign | (a.u - 0x3f000000u));
    }
    return (uint16_t)(sign | (a.u - 0x38000000u + 0xfffu + (a.u >> 13 & 1u)) >> 13);
}
NLL_INLINE float sc_of_bf16(uint16_t h) {
    union {
        uint32_t u;
        float f;
    } b = {(uint32_t)h << 16};
    return b.f;
}
SC_DEF(vf, f_load_f16(const uint16_t *p), sc_of_f16(p[i]))
SC_DEF(vf, f_load_bf16(const uint16_t *p), sc_of_bf16(p[i]))
NLL_INLINE void f_store_f16(uint16_t *p, vf x) {
    for (unsigned i = 0; i < 16; i++) p[i] = sc_to_f16(x.l[i]);
}
NLL_INLINE void i_store_u16(uint16_t *p, vi x) { /* the lower halves */
    for (unsigned i = 0; i < 16; i++) p[i] = (uint16_t)x.l[i];
}
NLL_INLINE void f_stream_f16(uint16_t *p, vf x) { f_store_f16(p, x); }
NLL_INLINE void i_stream_u16(uint16_t *p, vi x) { i_store_u16(p, x); }
