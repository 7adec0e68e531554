/* vec_avx2.h: AVX2 with FMA and F16C.  Two registers a vector; masks are full lanes of ones. */
#include <immintrin.h>

#define NLL_ISA_SUFFIX _avx2

typedef struct {
    __m256 a, b;
} vf;
typedef struct {
    __m256d a, b;
} vd;
typedef struct {
    __m256 a, b;
} mf;
typedef struct {
    __m256d a, b;
} md;
typedef struct {
    __m256i a, b;
} vi;
typedef struct {
    __m256i a, b;
} vl;

#define AVX2_1(type, op, x) ((type){op((x).a), op((x).b)})
#define AVX2_2(type, op, x, y) ((type){op((x).a, (y).a), op((x).b, (y).b)})
#define AVX2_2I(type, op, x, n) ((type){op((x).a, n), op((x).b, n)})
#define AVX2_3(type, op, x, y, z) ((type){op((x).a, (y).a, (z).a), op((x).b, (y).b, (z).b)})

NLL_INLINE vf f_set(float s) { return (vf){_mm256_set1_ps(s), _mm256_set1_ps(s)}; }
NLL_INLINE vd d_set(double s) { return (vd){_mm256_set1_pd(s), _mm256_set1_pd(s)}; }
NLL_INLINE vf f_load(const float *p) { return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
NLL_INLINE vd d_load(const double *p) { return (vd){_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
NLL_INLINE void f_store(float *p, vf x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
NLL_INLINE void d_store(double *p, vd x) {
    _mm256_storeu_pd(p, x.a);
    _mm256_storeu_pd(p + 4, x.b);
}
NLL_INLINE void f_stream(float *p, vf x) {
    _mm256_stream_ps(p, x.a);
    _mm256_stream_ps(p + 8, x.b);
}
NLL_INLINE void d_stream(double *p, vd x) {
    _mm256_stream_pd(p, x.a);
    _mm256_stream_pd(p + 4, x.b);
}
NLL_INLINE void v_stream_end(void) { _mm_sfence(); }

NLL_INLINE vf f_add(vf x, vf y) { return AVX2_2(vf, _mm256_add_ps, x, y); }
NLL_INLINE vd d_add(vd x, vd y) { return AVX2_2(vd, _mm256_add_pd, x, y); }
NLL_INLINE vf f_sub(vf x, vf y) { return AVX2_2(vf, _mm256_sub_ps, x, y); }
NLL_INLINE vd d_sub(vd x, vd y) { return AVX2_2(vd, _mm256_sub_pd, x, y); }
NLL_INLINE vf f_mul(vf x, vf y) { return AVX2_2(vf, _mm256_mul_ps, x, y); }
NLL_INLINE vd d_mul(vd x, vd y) { return AVX2_2(vd, _mm256_mul_pd, x, y); }
NLL_INLINE vf f_div(vf x, vf y) { return AVX2_2(vf, _mm256_div_ps, x, y); }
NLL_INLINE vd d_div(vd x, vd y) { return AVX2_2(vd, _mm256_div_pd, x, y); }
NLL_INLINE vf f_fma(vf x, vf y, vf z) { return AVX2_3(vf, _mm256_fmadd_ps, x, y, z); }
NLL_INLINE vd d_fma(vd x, vd y, vd z) { return AVX2_3(vd, _mm256_fmadd_pd, x, y, z); }
NLL_INLINE vf f_nfma(vf x, vf y, vf z) { return AVX2_3(vf, _mm256_fnmadd_ps, x, y, z); }
NLL_INLINE vd d_nfma(vd x, vd y, vd z) { return AVX2_3(vd, _mm256_fnmadd_pd, x, y, z); }
NLL_INLINE vf f_max(vf x, vf y) { return AVX2_2(vf, _mm256_max_ps, x, y); }
NLL_INLINE vd d_max(vd x, vd y) { return AVX2_2(vd, _mm256_max_pd, x, y); }
NLL_INLINE vf f_min(vf x, vf y) { return AVX2_2(vf, _mm256_min_ps, x, y); }
NLL_INLINE vd d_min(vd x, vd y) { return AVX2_2(vd, _mm256_min_pd, x, y); }
NLL_INLINE vf f_rint(vf x) { return AVX2_2I(vf, _mm256_round_ps, x, 8); }
NLL_INLINE vd d_rint(vd x) { return AVX2_2I(vd, _mm256_round_pd, x, 8); }
NLL_INLINE vf f_neg(vf x) { return AVX2_2I(vf, _mm256_xor_ps, x, _mm256_set1_ps(-0.0f)); }
NLL_INLINE vd d_neg(vd x) { return AVX2_2I(vd, _mm256_xor_pd, x, _mm256_set1_pd(-0.0)); }
NLL_INLINE __m256 avx2_abs_ps(__m256 x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x); }
NLL_INLINE __m256d avx2_abs_pd(__m256d x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
NLL_INLINE vf f_abs(vf x) { return AVX2_1(vf, avx2_abs_ps, x); }
NLL_INLINE vd d_abs(vd x) { return AVX2_1(vd, avx2_abs_pd, x); }

#define AVX2_CMP_PS(x, y, how) \
    ((mf){_mm256_cmp_ps((x).a, (y).a, how), _mm256_cmp_ps((x).b, (y).b, how)})
#define AVX2_CMP_PD(x, y, how) \
    ((md){_mm256_cmp_pd((x).a, (y).a, how), _mm256_cmp_pd((x).b, (y).b, how)})
NLL_INLINE mf f_lt(vf x, vf y) { return AVX2_CMP_PS(x, y, _CMP_LT_OQ); }
NLL_INLINE md d_lt(vd x, vd y) { return AVX2_CMP_PD(x, y, _CMP_LT_OQ); }
NLL_INLINE mf f_le(vf x, vf y) { return AVX2_CMP_PS(x, y, _CMP_LE_OQ); }
NLL_INLINE md d_le(vd x, vd y) { return AVX2_CMP_PD(x, y, _CMP_LE_OQ); }
NLL_INLINE mf f_eq(vf x, vf y) { return AVX2_CMP_PS(x, y, _CMP_EQ_OQ); }
NLL_INLINE md d_eq(vd x, vd y) { return AVX2_CMP_PD(x, y, _CMP_EQ_OQ); }
NLL_INLINE mf f_isnan(vf x) { return AVX2_CMP_PS(x, x, _CMP_UNORD_Q); }
NLL_INLINE md d_isnan(vd x) { return AVX2_CMP_PD(x, x, _CMP_UNORD_Q); }
NLL_INLINE vf f_sel(mf m, vf x, vf y) { return AVX2_3(vf, _mm256_blendv_ps, y, x, m); }
NLL_INLINE vd d_sel(md m, vd x, vd y) { return AVX2_3(vd, _mm256_blendv_pd, y, x, m); }
NLL_INLINE mf f_mask_and(mf x, mf y) { return AVX2_2(mf, _mm256_and_ps, x, y); }
NLL_INLINE md d_mask_and(md x, md y) { return AVX2_2(md, _mm256_and_pd, x, y); }
NLL_INLINE mf f_mask_or(mf x, mf y) { return AVX2_2(mf, _mm256_or_ps, x, y); }
NLL_INLINE md d_mask_or(md x, md y) { return AVX2_2(md, _mm256_or_pd, x, y); }
NLL_INLINE mf f_mask_not(mf x) {
    return AVX2_2I(mf, _mm256_xor_ps, x, _mm256_castsi256_ps(_mm256_set1_epi32(-1)));
}
NLL_INLINE md d_mask_not(md x) {
    return AVX2_2I(md, _mm256_xor_pd, x, _mm256_castsi256_pd(_mm256_set1_epi32(-1)));
}
NLL_INLINE unsigned f_mask_bits(mf x) {
    return (unsigned)_mm256_movemask_ps(x.a) | (unsigned)_mm256_movemask_ps(x.b) << 8;
}
NLL_INLINE unsigned d_mask_bits(md x) {
    return (unsigned)_mm256_movemask_pd(x.a) | (unsigned)_mm256_movemask_pd(x.b) << 4;
}

NLL_INLINE vi i_set(int32_t s) { return (vi){_mm256_set1_epi32(s), _mm256_set1_epi32(s)}; }
NLL_INLINE vl l_set(int64_t s) { return (vl){_mm256_set1_epi64x(s), _mm256_set1_epi64x(s)}; }
NLL_INLINE vi i_add(vi x, vi y) { return AVX2_2(vi, _mm256_add_epi32, x, y); }
NLL_INLINE vl l_add(vl x, vl y) { return AVX2_2(vl, _mm256_add_epi64, x, y); }
NLL_INLINE vi i_sub(vi x, vi y) { return AVX2_2(vi, _mm256_sub_epi32, x, y); }
NLL_INLINE vl l_sub(vl x, vl y) { return AVX2_2(vl, _mm256_sub_epi64, x, y); }
NLL_INLINE vi i_and(vi x, vi y) { return AVX2_2(vi, _mm256_and_si256, x, y); }
NLL_INLINE vl l_and(vl x, vl y) { return AVX2_2(vl, _mm256_and_si256, x, y); }
NLL_INLINE vi i_or(vi x, vi y) { return AVX2_2(vi, _mm256_or_si256, x, y); }
NLL_INLINE vl l_or(vl x, vl y) { return AVX2_2(vl, _mm256_or_si256, x, y); }
#define i_shl(x, n) AVX2_2I(vi, _mm256_slli_epi32, x, n)
#define l_shl(x, n) AVX2_2I(vl, _mm256_slli_epi64, x, n)
#define i_sar(x, n) AVX2_2I(vi, _mm256_srai_epi32, x, n)
#define i_shr(x, n) AVX2_2I(vi, _mm256_srli_epi32, x, n)
#define l_shr(x, n) AVX2_2I(vl, _mm256_srli_epi64, x, n)
NLL_INLINE vf f_of_int(vi x) { return AVX2_1(vf, _mm256_cvtepi32_ps, x); }
NLL_INLINE vi f_bits(vf x) { return AVX2_1(vi, _mm256_castps_si256, x); }
NLL_INLINE vl d_bits(vd x) { return AVX2_1(vl, _mm256_castpd_si256, x); }
NLL_INLINE vf f_of_bits(vi x) { return AVX2_1(vf, _mm256_castsi256_ps, x); }
NLL_INLINE vd d_of_bits(vl x) { return AVX2_1(vd, _mm256_castsi256_pd, x); }

/* Halves of doubles by their numbers, out of the first four and out of the others. */
NLL_INLINE __m256d avx2_pick(const double *c, __m256i k) {
    __m256i i = _mm256_or_si256(_mm256_slli_epi64(k, 1), _mm256_slli_epi64(k, 33));
    i = _mm256_or_si256(i, _mm256_set1_epi64x((int64_t)1 << 32));
    __m256 x = _mm256_permutevar8x32_ps(_mm256_castpd_ps(_mm256_loadu_pd(c)), i);
    __m256 y = _mm256_permutevar8x32_ps(_mm256_castpd_ps(_mm256_loadu_pd(c + 4)), i);
    __m256d fourth = _mm256_castsi256_pd(_mm256_slli_epi64(k, 61));
    return _mm256_blendv_pd(_mm256_castps_pd(x), _mm256_castps_pd(y), fourth);
}
NLL_INLINE vd d_pick(const double *c, vl x) { return (vd){avx2_pick(c, x.a), avx2_pick(c, x.b)}; }

/* The first k lanes as all-ones masks: 16 ones, 16 zeros, read from 16 - k. */
static const int32_t avx2_ones[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                      -1, -1, -1, -1, -1, 0,  0,  0,  0,  0,  0,
                                      0,  0,  0,  0,  0,  0,  0,  0,  0,  0};
NLL_INLINE vf f_loadn(const float *p, size_t k, float fill) {
    vf m = f_load((const float *)(avx2_ones + 16 - k));
    vf x = {_mm256_maskload_ps(p, _mm256_castps_si256(m.a)),
            _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.b))};
    return f_sel((mf){m.a, m.b}, x, f_set(fill));
}
NLL_INLINE vd d_loadn(const double *p, size_t k, double fill) {
    vd m = d_load((const double *)(avx2_ones + 16 - 2 * k));
    vd x = {_mm256_maskload_pd(p, _mm256_castpd_si256(m.a)),
            _mm256_maskload_pd(p + 4, _mm256_castpd_si256(m.b))};
    return d_sel((md){m.a, m.b}, x, d_set(fill));
}
/* Masked stores are microcoded on AMD (about 40 uops): go through the stack. */
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

/* Two factors, the first product exact where the result is not zero: one rounding. */
NLL_INLINE __m256 avx2_pow2_ps(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
NLL_INLINE __m256 avx2_scalb_ps(__m256 x, __m256 n) {
    __m256i k = _mm256_cvtps_epi32(n), h = _mm256_srai_epi32(k, 1);
    return _mm256_mul_ps(_mm256_mul_ps(x, avx2_pow2_ps(h)), avx2_pow2_ps(_mm256_sub_epi32(k, h)));
}
NLL_INLINE vf f_scalb(vf x, vf n) { return AVX2_2(vf, avx2_scalb_ps, x, n); }
/* Adding 3 * 2^51 + 1023 leaves the biased exponent in the low bits. */
NLL_INLINE __m256d avx2_pow2_pd(__m256d n) {
    __m256d z = _mm256_add_pd(n, _mm256_set1_pd(0x1.8p52 + 1023));
    return _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_castpd_si256(z), 52));
}
NLL_INLINE __m256d avx2_scalb_pd(__m256d x, __m256d n) {
    __m256d h = _mm256_round_pd(_mm256_mul_pd(n, _mm256_set1_pd(0.5)), 8);
    return _mm256_mul_pd(_mm256_mul_pd(x, avx2_pow2_pd(h)), avx2_pow2_pd(_mm256_sub_pd(n, h)));
}
NLL_INLINE vd d_scalb(vd x, vd n) { return AVX2_2(vd, avx2_scalb_pd, x, n); }

NLL_INLINE vd avx2_widen(__m256 x) {
    return (vd){_mm256_cvtps_pd(_mm256_castps256_ps128(x)),
                _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))};
}
NLL_INLINE __m256 avx2_narrow(vd x) {
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(x.a)), _mm256_cvtpd_ps(x.b),
                                1);
}
NLL_INLINE vd d_lo(vf x) { return avx2_widen(x.a); }
NLL_INLINE vd d_hi(vf x) { return avx2_widen(x.b); }
NLL_INLINE vf f_narrow(vd lo, vd hi) { return (vf){avx2_narrow(lo), avx2_narrow(hi)}; }

NLL_INLINE vd d_load_f32(const float *p) { return avx2_widen(_mm256_loadu_ps(p)); }
NLL_INLINE void d_store_f32(float *p, vd x) { _mm256_storeu_ps(p, avx2_narrow(x)); }

NLL_INLINE double d_hsum(vd x) {
    __m256d a = _mm256_add_pd(x.a, x.b);
    __m128d b = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(b, _mm_unpackhi_pd(b, b)));
}
NLL_INLINE double d_hmax(vd x) {
    __m256d a = _mm256_max_pd(x.a, x.b);
    __m128d b = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(b, _mm_unpackhi_pd(b, b)));
}
NLL_INLINE float f_hmax(vf x) {
    __m256 a = _mm256_max_ps(x.a, x.b);
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* Transposes 8 x 8 floats held in x[0], x[step], ... */
NLL_INLINE void avx2_transpose_ps(__m256 x[8]) {
    __m256 y[8];
    NLL_UNROLL for (unsigned i = 0; i < 8; i += 2) {
        y[i] = _mm256_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm256_unpackhi_ps(x[i], x[i + 1]);
    }
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) {
        unsigned from = i / 2 * 4 + i % 2, to = i / 2 * 4 + i % 2 * 2;
        __m256d a = _mm256_castps_pd(y[from]), b = _mm256_castps_pd(y[from + 2]);
        x[to] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
        x[to + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    }
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) {
        __m256 a = x[i], b = x[i + 4];
        x[i] = _mm256_permute2f128_ps(a, b, 0x20);
        x[i + 4] = _mm256_permute2f128_ps(a, b, 0x31);
    }
}
/* 16 x 16 floats as four such squares, the two off the diagonal exchanged. */
NLL_INLINE void f_transpose(vf x[16]) {
    __m256 p[8], q[8], r[8], s[8];
    NLL_UNROLL for (unsigned i = 0; i < 8; i++) {
        p[i] = x[i].a;
        q[i] = x[i].b;
        r[i] = x[i + 8].a;
        s[i] = x[i + 8].b;
    }
    avx2_transpose_ps(p);
    avx2_transpose_ps(q);
    avx2_transpose_ps(r);
    avx2_transpose_ps(s);
    NLL_UNROLL for (unsigned i = 0; i < 8; i++) {
        x[i] = (vf){p[i], r[i]};
        x[i + 8] = (vf){q[i], s[i]};
    }
}
NLL_INLINE void avx2_transpose_pd(__m256d x[4]) {
    __m256d a = _mm256_unpacklo_pd(x[0], x[1]), b = _mm256_unpackhi_pd(x[0], x[1]);
    __m256d c = _mm256_unpacklo_pd(x[2], x[3]), d = _mm256_unpackhi_pd(x[2], x[3]);
    x[0] = _mm256_permute2f128_pd(a, c, 0x20);
    x[1] = _mm256_permute2f128_pd(b, d, 0x20);
    x[2] = _mm256_permute2f128_pd(a, c, 0x31);
    x[3] = _mm256_permute2f128_pd(b, d, 0x31);
}
NLL_INLINE void d_transpose(vd x[8]) {
    __m256d p[4], q[4], r[4], s[4];
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) {
        p[i] = x[i].a;
        q[i] = x[i].b;
        r[i] = x[i + 4].a;
        s[i] = x[i + 4].b;
    }
    avx2_transpose_pd(p);
    avx2_transpose_pd(q);
    avx2_transpose_pd(r);
    avx2_transpose_pd(s);
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) {
        x[i] = (vd){p[i], r[i]};
        x[i + 4] = (vd){q[i], s[i]};
    }
}

/* Four columns of 8 rows, ld apart: rows i and i + 4 in x[i], then squares of 4 x 4 turn. */
NLL_INLINE void avx2_turn_fours(__m256 x[4]) {
    __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(x[0], x[1]));
    __m256d b = _mm256_castps_pd(_mm256_unpackhi_ps(x[0], x[1]));
    __m256d c = _mm256_castps_pd(_mm256_unpacklo_ps(x[2], x[3]));
    __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(x[2], x[3]));
    x[0] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
    x[1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
    x[2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
    x[3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
}
NLL_INLINE void avx2_load_fours(const float *p, ptrdiff_t ld, __m256 x[4]) {
    NLL_UNROLL for (ptrdiff_t i = 0; i < 4; i++) x[i] = _mm256_insertf128_ps(
        _mm256_castps128_ps256(_mm_loadu_ps(p + i * ld)), _mm_loadu_ps(p + (i + 4) * ld), 1);
    avx2_turn_fours(x);
}
NLL_INLINE void avx2_store_fours(float *p, ptrdiff_t ld, __m256 x[4]) {
    avx2_turn_fours(x);
    NLL_UNROLL for (ptrdiff_t i = 0; i < 4; i++) {
        _mm_storeu_ps(p + i * ld, _mm256_castps256_ps128(x[i]));
        _mm_storeu_ps(p + (i + 4) * ld, _mm256_extractf128_ps(x[i], 1));
    }
}
NLL_INLINE void f_load_columns(const float *p, ptrdiff_t ld, vf x[4]) {
    __m256 a[4], b[4];
    avx2_load_fours(p, ld, a);
    avx2_load_fours(p + 8 * ld, ld, b);
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) x[i] = (vf){a[i], b[i]};
}
NLL_INLINE void f_store_columns(float *p, ptrdiff_t ld, const vf x[4]) {
    __m256 a[4] = {x[0].a, x[1].a, x[2].a, x[3].a}, b[4] = {x[0].b, x[1].b, x[2].b, x[3].b};
    avx2_store_fours(p, ld, a);
    avx2_store_fours(p + 8 * ld, ld, b);
}

/* Storage types: 16 values. */
NLL_INLINE vf f_load_f16(const uint16_t *p) {
    return (vf){_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
                _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 8)))};
}
NLL_INLINE __m256 avx2_bf16(const uint16_t *p) {
    __m256i x = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16));
}
NLL_INLINE vf f_load_bf16(const uint16_t *p) { return (vf){avx2_bf16(p), avx2_bf16(p + 8)}; }
NLL_INLINE void f_store_f16(uint16_t *p, vf x) {
    _mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph(x.a, 8));
    _mm_storeu_si128((__m128i *)(p + 8), _mm256_cvtps_ph(x.b, 8));
}
NLL_INLINE __m256i avx2_u16(vi x) { /* the lower halves */
    __m256i lo = _mm256_set1_epi32(0xffff);
    __m256i y = _mm256_packus_epi32(_mm256_and_si256(x.a, lo), _mm256_and_si256(x.b, lo));
    return _mm256_permute4x64_epi64(y, 0xd8);
}
NLL_INLINE void i_store_u16(uint16_t *p, vi x) { _mm256_storeu_si256((__m256i *)p, avx2_u16(x)); }
NLL_INLINE void i_stream_u16(uint16_t *p, vi x) { _mm256_stream_si256((__m256i *)p, avx2_u16(x)); }
NLL_INLINE void f_stream_f16(uint16_t *p, vf x) {
    _mm_stream_si128((__m128i *)p, _mm256_cvtps_ph(x.a, 8));
    _mm_stream_si128((__m128i *)(p + 8), _mm256_cvtps_ph(x.b, 8));
}
