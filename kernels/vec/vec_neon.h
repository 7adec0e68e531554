/* vec_neon.h: AArch64 Advanced SIMD.  Four registers a vector; masks are full lanes of ones.
 * vfmaq only, never vmlaq (which may or may not fuse); max by compare and select (fmax differs). */
#include <arm_neon.h>

#define NLL_ISA_SUFFIX _neon

typedef struct {
    float32x4_t a, b, c, d;
} vf;
typedef struct {
    float64x2_t a, b, c, d;
} vd;
typedef struct {
    uint32x4_t a, b, c, d;
} mf;
typedef struct {
    uint64x2_t a, b, c, d;
} md;
typedef struct {
    int32x4_t a, b, c, d;
} vi;
typedef struct {
    int64x2_t a, b, c, d;
} vl;

#define NEON_0(type, e) ((type){e, e, e, e})
#define NEON_1(type, op, x) ((type){op((x).a), op((x).b), op((x).c), op((x).d)})
#define NEON_2(type, op, x, y) \
    ((type){op((x).a, (y).a), op((x).b, (y).b), op((x).c, (y).c), op((x).d, (y).d)})
#define NEON_2I(type, op, x, n) ((type){op((x).a, n), op((x).b, n), op((x).c, n), op((x).d, n)})
#define NEON_3(type, op, x, y, z)                                                      \
    ((type){op((x).a, (y).a, (z).a), op((x).b, (y).b, (z).b), op((x).c, (y).c, (z).c), \
            op((x).d, (y).d, (z).d)})

NLL_INLINE vf f_set(float s) { return NEON_0(vf, vdupq_n_f32(s)); }
NLL_INLINE vd d_set(double s) { return NEON_0(vd, vdupq_n_f64(s)); }
NLL_INLINE vf f_load(const float *p) {
    return (vf){vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
NLL_INLINE vd d_load(const double *p) {
    return (vd){vld1q_f64(p), vld1q_f64(p + 2), vld1q_f64(p + 4), vld1q_f64(p + 6)};
}
NLL_INLINE void f_store(float *p, vf x) {
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
}
NLL_INLINE void d_store(double *p, vd x) {
    vst1q_f64(p, x.a);
    vst1q_f64(p + 2, x.b);
    vst1q_f64(p + 4, x.c);
    vst1q_f64(p + 6, x.d);
}
NLL_INLINE void f_stream(float *p, vf x) { f_store(p, x); }
NLL_INLINE void d_stream(double *p, vd x) { d_store(p, x); }
NLL_INLINE void v_stream_end(void) {}
/* Tails go through the stack: nothing past the end is touched. */
NLL_INLINE vf f_loadn(const float *p, size_t k, float fill) {
    float buf[16];
    f_store(buf, f_set(fill));
    memcpy(buf, p, k * sizeof *p);
    return f_load(buf);
}
NLL_INLINE vd d_loadn(const double *p, size_t k, double fill) {
    double buf[8];
    d_store(buf, d_set(fill));
    memcpy(buf, p, k * sizeof *p);
    return d_load(buf);
}
NLL_INLINE void f_storen(float *p, vf x, size_t k) {
    float buf[16];
    f_store(buf, x);
    memcpy(p, buf, k * sizeof *p);
}
NLL_INLINE void d_storen(double *p, vd x, size_t k) {
    double buf[8];
    d_store(buf, x);
    memcpy(p, buf, k * sizeof *p);
}

NLL_INLINE vf f_add(vf x, vf y) { return NEON_2(vf, vaddq_f32, x, y); }
NLL_INLINE vd d_add(vd x, vd y) { return NEON_2(vd, vaddq_f64, x, y); }
NLL_INLINE vf f_sub(vf x, vf y) { return NEON_2(vf, vsubq_f32, x, y); }
NLL_INLINE vd d_sub(vd x, vd y) { return NEON_2(vd, vsubq_f64, x, y); }
NLL_INLINE vf f_mul(vf x, vf y) { return NEON_2(vf, vmulq_f32, x, y); }
NLL_INLINE vd d_mul(vd x, vd y) { return NEON_2(vd, vmulq_f64, x, y); }
NLL_INLINE vf f_div(vf x, vf y) { return NEON_2(vf, vdivq_f32, x, y); }
NLL_INLINE vd d_div(vd x, vd y) { return NEON_2(vd, vdivq_f64, x, y); }
NLL_INLINE vf f_fma(vf x, vf y, vf z) { return NEON_3(vf, vfmaq_f32, z, x, y); }
NLL_INLINE vd d_fma(vd x, vd y, vd z) { return NEON_3(vd, vfmaq_f64, z, x, y); }
NLL_INLINE vf f_nfma(vf x, vf y, vf z) { return NEON_3(vf, vfmsq_f32, z, x, y); }
NLL_INLINE vd d_nfma(vd x, vd y, vd z) { return NEON_3(vd, vfmsq_f64, z, x, y); }
NLL_INLINE vf f_rint(vf x) { return NEON_1(vf, vrndnq_f32, x); }
NLL_INLINE vd d_rint(vd x) { return NEON_1(vd, vrndnq_f64, x); }
NLL_INLINE vf f_neg(vf x) { return NEON_1(vf, vnegq_f32, x); }
NLL_INLINE vd d_neg(vd x) { return NEON_1(vd, vnegq_f64, x); }
NLL_INLINE vf f_abs(vf x) { return NEON_1(vf, vabsq_f32, x); }
NLL_INLINE vd d_abs(vd x) { return NEON_1(vd, vabsq_f64, x); }

NLL_INLINE mf f_lt(vf x, vf y) { return NEON_2(mf, vcltq_f32, x, y); }
NLL_INLINE md d_lt(vd x, vd y) { return NEON_2(md, vcltq_f64, x, y); }
NLL_INLINE mf f_le(vf x, vf y) { return NEON_2(mf, vcleq_f32, x, y); }
NLL_INLINE md d_le(vd x, vd y) { return NEON_2(md, vcleq_f64, x, y); }
NLL_INLINE mf f_eq(vf x, vf y) { return NEON_2(mf, vceqq_f32, x, y); }
NLL_INLINE md d_eq(vd x, vd y) { return NEON_2(md, vceqq_f64, x, y); }
NLL_INLINE mf f_mask_and(mf x, mf y) { return NEON_2(mf, vandq_u32, x, y); }
NLL_INLINE md d_mask_and(md x, md y) { return NEON_2(md, vandq_u64, x, y); }
NLL_INLINE mf f_mask_or(mf x, mf y) { return NEON_2(mf, vorrq_u32, x, y); }
NLL_INLINE md d_mask_or(md x, md y) { return NEON_2(md, vorrq_u64, x, y); }
NLL_INLINE mf f_mask_not(mf x) { return NEON_1(mf, vmvnq_u32, x); }
NLL_INLINE uint64x2_t neon_not64(uint64x2_t x) {
    return vreinterpretq_u64_u32(vmvnq_u32(vreinterpretq_u32_u64(x)));
}
NLL_INLINE md d_mask_not(md x) { return NEON_1(md, neon_not64, x); }
NLL_INLINE mf f_isnan(vf x) { return f_mask_not(f_eq(x, x)); }
NLL_INLINE md d_isnan(vd x) { return d_mask_not(d_eq(x, x)); }
NLL_INLINE vf f_sel(mf m, vf x, vf y) { return NEON_3(vf, vbslq_f32, m, x, y); }
NLL_INLINE vd d_sel(md m, vd x, vd y) { return NEON_3(vd, vbslq_f64, m, x, y); }
NLL_INLINE vf f_max(vf x, vf y) { return f_sel(f_lt(y, x), x, y); }
NLL_INLINE vd d_max(vd x, vd y) { return d_sel(d_lt(y, x), x, y); }
NLL_INLINE vf f_min(vf x, vf y) { return f_sel(f_lt(x, y), x, y); }
NLL_INLINE vd d_min(vd x, vd y) { return d_sel(d_lt(x, y), x, y); }
NLL_INLINE unsigned neon_bits32(uint32x4_t m, int shift) {
    static const uint32_t weight[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32(m, vld1q_u32(weight))) << shift;
}
NLL_INLINE unsigned f_mask_bits(mf x) {
    return neon_bits32(x.a, 0) | neon_bits32(x.b, 4) | neon_bits32(x.c, 8) | neon_bits32(x.d, 12);
}
NLL_INLINE unsigned neon_bits64(uint64x2_t m, int shift) {
    return (unsigned)((vgetq_lane_u64(m, 0) & 1u) | (vgetq_lane_u64(m, 1) & 2u)) << shift;
}
NLL_INLINE unsigned d_mask_bits(md x) {
    return neon_bits64(x.a, 0) | neon_bits64(x.b, 2) | neon_bits64(x.c, 4) | neon_bits64(x.d, 6);
}

NLL_INLINE vi i_set(int32_t s) { return NEON_0(vi, vdupq_n_s32(s)); }
NLL_INLINE vl l_set(int64_t s) { return NEON_0(vl, vdupq_n_s64(s)); }
NLL_INLINE vi i_add(vi x, vi y) { return NEON_2(vi, vaddq_s32, x, y); }
NLL_INLINE vl l_add(vl x, vl y) { return NEON_2(vl, vaddq_s64, x, y); }
NLL_INLINE vi i_sub(vi x, vi y) { return NEON_2(vi, vsubq_s32, x, y); }
NLL_INLINE vl l_sub(vl x, vl y) { return NEON_2(vl, vsubq_s64, x, y); }
NLL_INLINE vi i_and(vi x, vi y) { return NEON_2(vi, vandq_s32, x, y); }
NLL_INLINE vl l_and(vl x, vl y) { return NEON_2(vl, vandq_s64, x, y); }
NLL_INLINE vi i_or(vi x, vi y) { return NEON_2(vi, vorrq_s32, x, y); }
NLL_INLINE vl l_or(vl x, vl y) { return NEON_2(vl, vorrq_s64, x, y); }
#define i_shl(x, n) NEON_2I(vi, vshlq_n_s32, x, n)
#define l_shl(x, n) NEON_2I(vl, vshlq_n_s64, x, n)
#define NEON_SHR32(x, n) vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(x), n))
#define NEON_SHR64(x, n) vreinterpretq_s64_u64(vshrq_n_u64(vreinterpretq_u64_s64(x), n))
#define i_sar(x, n) NEON_2I(vi, vshrq_n_s32, x, n)
#define i_shr(x, n) NEON_2I(vi, NEON_SHR32, x, n)
#define l_shr(x, n) NEON_2I(vl, NEON_SHR64, x, n)
NLL_INLINE vf f_of_int(vi x) { return NEON_1(vf, vcvtq_f32_s32, x); }
NLL_INLINE vi f_bits(vf x) { return NEON_1(vi, vreinterpretq_s32_f32, x); }
NLL_INLINE vl d_bits(vd x) { return NEON_1(vl, vreinterpretq_s64_f64, x); }
NLL_INLINE vf f_of_bits(vi x) { return NEON_1(vf, vreinterpretq_f32_s32, x); }
NLL_INLINE vd d_of_bits(vl x) { return NEON_1(vd, vreinterpretq_f64_s64, x); }

/* The table is 64 bytes; k times 8 and 0 to 7 are the bytes of an element. */
NLL_INLINE float64x2_t neon_pick(uint8x16x4_t c, int64x2_t k) {
    static const uint8_t spread[16] = {0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8};
    static const uint8_t within[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7};
    uint8x16_t first = vreinterpretq_u8_s64(vshlq_n_s64(vandq_s64(k, vdupq_n_s64(7)), 3));
    uint8x16_t bytes = vorrq_u8(vqtbl1q_u8(first, vld1q_u8(spread)), vld1q_u8(within));
    return vreinterpretq_f64_u8(vqtbl4q_u8(c, bytes));
}
NLL_INLINE vd d_pick(const double *c, vl x) {
    const uint8_t *p = (const uint8_t *)c;
    uint8x16x4_t t = {{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
    return (vd){neon_pick(t, x.a), neon_pick(t, x.b), neon_pick(t, x.c), neon_pick(t, x.d)};
}

/* Two factors, the first product exact where the result is not zero: one rounding. */
NLL_INLINE float32x4_t neon_pow2(int32x4_t n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
NLL_INLINE float32x4_t neon_scalb(float32x4_t x, float32x4_t n) {
    int32x4_t k = vcvtq_s32_f32(n), h = vshrq_n_s32(k, 1);
    return vmulq_f32(vmulq_f32(x, neon_pow2(h)), neon_pow2(vsubq_s32(k, h)));
}
NLL_INLINE vf f_scalb(vf x, vf n) { return NEON_2(vf, neon_scalb, x, n); }
NLL_INLINE float64x2_t neon_pow2_64(int64x2_t n) {
    return vreinterpretq_f64_s64(vshlq_n_s64(vaddq_s64(n, vdupq_n_s64(1023)), 52));
}
NLL_INLINE float64x2_t neon_scalb64(float64x2_t x, float64x2_t n) {
    int64x2_t k = vcvtq_s64_f64(n), h = vshrq_n_s64(k, 1);
    return vmulq_f64(vmulq_f64(x, neon_pow2_64(h)), neon_pow2_64(vsubq_s64(k, h)));
}
NLL_INLINE vd d_scalb(vd x, vd n) { return NEON_2(vd, neon_scalb64, x, n); }

NLL_INLINE vd neon_widen(float32x4_t x, float32x4_t y) {
    return (vd){vcvt_f64_f32(vget_low_f32(x)), vcvt_high_f64_f32(x), vcvt_f64_f32(vget_low_f32(y)),
                vcvt_high_f64_f32(y)};
}
NLL_INLINE vd d_lo(vf x) { return neon_widen(x.a, x.b); }
NLL_INLINE vd d_hi(vf x) { return neon_widen(x.c, x.d); }
NLL_INLINE float32x4_t neon_narrow(float64x2_t x, float64x2_t y) {
    return vcvt_high_f32_f64(vcvt_f32_f64(x), y);
}
NLL_INLINE vf f_narrow(vd lo, vd hi) {
    return (vf){neon_narrow(lo.a, lo.b), neon_narrow(lo.c, lo.d), neon_narrow(hi.a, hi.b),
                neon_narrow(hi.c, hi.d)};
}

NLL_INLINE vd d_load_f32(const float *p) { return neon_widen(vld1q_f32(p), vld1q_f32(p + 4)); }
NLL_INLINE void d_store_f32(float *p, vd x) {
    vst1q_f32(p, neon_narrow(x.a, x.b));
    vst1q_f32(p + 4, neon_narrow(x.c, x.d));
}

NLL_INLINE double d_hsum(vd x) {
    float64x2_t u = vaddq_f64(vaddq_f64(x.a, x.c), vaddq_f64(x.b, x.d));
    return vgetq_lane_f64(u, 0) + vgetq_lane_f64(u, 1);
}
NLL_INLINE double d_hmax(vd x) {
    double l[8], r;
    d_store(l, x);
    for (unsigned h = 4; h; h /= 2)
        for (unsigned i = 0; i < h; i++) l[i] = l[i] > l[i + h] ? l[i] : l[i + h];
    r = l[0];
    return r;
}
NLL_INLINE float f_hmax(vf x) {
    float l[16];
    f_store(l, x);
    for (unsigned h = 8; h; h /= 2)
        for (unsigned i = 0; i < h; i++) l[i] = l[i] > l[i + h] ? l[i] : l[i + h];
    return l[0];
}

/* Transposes 16 x 16 floats, 8 x 8 doubles, through memory: an element is one load of a lane. */
NLL_INLINE void f_transpose(vf x[16]) {
    float l[16][16];
    for (unsigned i = 0; i < 16; i++) f_store(l[i], x[i]);
    for (unsigned j = 0; j < 16; j++) {
        float c[16];
        for (unsigned i = 0; i < 16; i++) c[i] = l[i][j];
        x[j] = f_load(c);
    }
}
NLL_INLINE void d_transpose(vd x[8]) {
    double l[8][8];
    for (unsigned i = 0; i < 8; i++) d_store(l[i], x[i]);
    for (unsigned j = 0; j < 8; j++) {
        double c[8];
        for (unsigned i = 0; i < 8; i++) c[i] = l[i][j];
        x[j] = d_load(c);
    }
}

/* Four columns of 4 rows, ld apart. */
NLL_INLINE void neon_turn(float32x4_t x[4]) {
    float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(x[0], x[1]));
    float64x2_t b = vreinterpretq_f64_f32(vtrn2q_f32(x[0], x[1]));
    float64x2_t c = vreinterpretq_f64_f32(vtrn1q_f32(x[2], x[3]));
    float64x2_t d = vreinterpretq_f64_f32(vtrn2q_f32(x[2], x[3]));
    x[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
    x[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
    x[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
    x[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}
NLL_INLINE void neon_load_fours(const float *p, ptrdiff_t ld, float32x4_t x[4]) {
    for (ptrdiff_t i = 0; i < 4; i++) x[i] = vld1q_f32(p + i * ld);
    neon_turn(x);
}
NLL_INLINE void neon_store_fours(float *p, ptrdiff_t ld, float32x4_t x[4]) {
    neon_turn(x);
    for (ptrdiff_t i = 0; i < 4; i++) vst1q_f32(p + i * ld, x[i]);
}
NLL_INLINE void f_load_columns(const float *p, ptrdiff_t ld, vf x[4]) {
    float32x4_t a[4], b[4], c[4], d[4];
    neon_load_fours(p, ld, a);
    neon_load_fours(p + 4 * ld, ld, b);
    neon_load_fours(p + 8 * ld, ld, c);
    neon_load_fours(p + 12 * ld, ld, d);
    for (unsigned i = 0; i < 4; i++) x[i] = (vf){a[i], b[i], c[i], d[i]};
}
NLL_INLINE void f_store_columns(float *p, ptrdiff_t ld, const vf x[4]) {
    float32x4_t a[4], b[4], c[4], d[4];
    for (unsigned i = 0; i < 4; i++) {
        a[i] = x[i].a;
        b[i] = x[i].b;
        c[i] = x[i].c;
        d[i] = x[i].d;
    }
    neon_store_fours(p, ld, a);
    neon_store_fours(p + 4 * ld, ld, b);
    neon_store_fours(p + 8 * ld, ld, c);
    neon_store_fours(p + 12 * ld, ld, d);
}

/* Storage types: 16 values. */
NLL_INLINE float32x4_t neon_f16(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
NLL_INLINE vf f_load_f16(const uint16_t *p) {
    return (vf){neon_f16(p), neon_f16(p + 4), neon_f16(p + 8), neon_f16(p + 12)};
}
NLL_INLINE float32x4_t neon_bf16(const uint16_t *p) {
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
NLL_INLINE vf f_load_bf16(const uint16_t *p) {
    return (vf){neon_bf16(p), neon_bf16(p + 4), neon_bf16(p + 8), neon_bf16(p + 12)};
}
NLL_INLINE void f_store_f16(uint16_t *p, vf x) {
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x.a)));
    vst1_u16(p + 4, vreinterpret_u16_f16(vcvt_f16_f32(x.b)));
    vst1_u16(p + 8, vreinterpret_u16_f16(vcvt_f16_f32(x.c)));
    vst1_u16(p + 12, vreinterpret_u16_f16(vcvt_f16_f32(x.d)));
}
NLL_INLINE void i_store_u16(uint16_t *p, vi x) { /* the lower halves */
    vst1_u16(p, vmovn_u32(vreinterpretq_u32_s32(x.a)));
    vst1_u16(p + 4, vmovn_u32(vreinterpretq_u32_s32(x.b)));
    vst1_u16(p + 8, vmovn_u32(vreinterpretq_u32_s32(x.c)));
    vst1_u16(p + 12, vmovn_u32(vreinterpretq_u32_s32(x.d)));
}
NLL_INLINE void f_stream_f16(uint16_t *p, vf x) { f_store_f16(p, x); }
NLL_INLINE void i_stream_u16(uint16_t *p, vi x) { i_store_u16(p, x); }
