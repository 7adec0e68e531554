/* vec_avx512.h: AVX-512 F, BW, DQ, VL.  One register a vector; masks in mask registers. */
#include <immintrin.h>

#define NLL_ISA_SUFFIX _avx512

typedef __m512 vf;
typedef __m512d vd;
typedef __mmask16 mf;
typedef __mmask8 md;
typedef struct {
    __m512i v;
} vi;
typedef struct {
    __m512i v;
} vl;

/* The first k lanes, 0 <= k <= lanes. */
NLL_INLINE mf f_first(size_t k) { return (mf)((1u << k) - 1u); }
NLL_INLINE md d_first(size_t k) { return (md)((1u << k) - 1u); }

NLL_INLINE vf f_set(float s) { return _mm512_set1_ps(s); }
NLL_INLINE vd d_set(double s) { return _mm512_set1_pd(s); }
NLL_INLINE vf f_load(const float *p) { return _mm512_loadu_ps(p); }
NLL_INLINE vd d_load(const double *p) { return _mm512_loadu_pd(p); }
NLL_INLINE void f_store(float *p, vf x) { _mm512_storeu_ps(p, x); }
NLL_INLINE void d_store(double *p, vd x) { _mm512_storeu_pd(p, x); }
NLL_INLINE void f_stream(float *p, vf x) { _mm512_stream_ps(p, x); }
NLL_INLINE void d_stream(double *p, vd x) { _mm512_stream_pd(p, x); }
NLL_INLINE void v_stream_end(void) { _mm_sfence(); }
#define NLL_VEC_PICK2
NLL_INLINE vf f_pick2(vf x, const int32_t *from, vf y) {
    return _mm512_permutex2var_ps(x, _mm512_loadu_si512(from), y);
}
NLL_INLINE vd d_pick2(vd x, const int64_t *from, vd y) {
    return _mm512_permutex2var_pd(x, _mm512_loadu_si512(from), y);
}
NLL_INLINE vf f_loadn(const float *p, size_t k, float fill) {
    return _mm512_mask_loadu_ps(f_set(fill), f_first(k), p);
}
NLL_INLINE vd d_loadn(const double *p, size_t k, double fill) {
    return _mm512_mask_loadu_pd(d_set(fill), d_first(k), p);
}
NLL_INLINE void f_storen(float *p, vf x, size_t k) { _mm512_mask_storeu_ps(p, f_first(k), x); }
NLL_INLINE void d_storen(double *p, vd x, size_t k) { _mm512_mask_storeu_pd(p, d_first(k), x); }

NLL_INLINE vf f_add(vf x, vf y) { return _mm512_add_ps(x, y); }
NLL_INLINE vd d_add(vd x, vd y) { return _mm512_add_pd(x, y); }
NLL_INLINE vf f_sub(vf x, vf y) { return _mm512_sub_ps(x, y); }
NLL_INLINE vd d_sub(vd x, vd y) { return _mm512_sub_pd(x, y); }
NLL_INLINE vf f_mul(vf x, vf y) { return _mm512_mul_ps(x, y); }
NLL_INLINE vd d_mul(vd x, vd y) { return _mm512_mul_pd(x, y); }
NLL_INLINE vf f_div(vf x, vf y) { return _mm512_div_ps(x, y); }
NLL_INLINE vd d_div(vd x, vd y) { return _mm512_div_pd(x, y); }
NLL_INLINE vf f_fma(vf x, vf y, vf z) { return _mm512_fmadd_ps(x, y, z); }
NLL_INLINE vd d_fma(vd x, vd y, vd z) { return _mm512_fmadd_pd(x, y, z); }
NLL_INLINE vf f_nfma(vf x, vf y, vf z) { return _mm512_fnmadd_ps(x, y, z); }
NLL_INLINE vd d_nfma(vd x, vd y, vd z) { return _mm512_fnmadd_pd(x, y, z); }
NLL_INLINE vf f_max(vf x, vf y) { return _mm512_max_ps(x, y); }
NLL_INLINE vd d_max(vd x, vd y) { return _mm512_max_pd(x, y); }
NLL_INLINE vf f_min(vf x, vf y) { return _mm512_min_ps(x, y); }
NLL_INLINE vd d_min(vd x, vd y) { return _mm512_min_pd(x, y); }
NLL_INLINE vf f_rint(vf x) { return _mm512_roundscale_ps(x, 8); }
NLL_INLINE vd d_rint(vd x) { return _mm512_roundscale_pd(x, 8); }
NLL_INLINE vf f_neg(vf x) { return _mm512_xor_ps(x, f_set(-0.0f)); }
NLL_INLINE vd d_neg(vd x) { return _mm512_xor_pd(x, d_set(-0.0)); }
NLL_INLINE vf f_abs(vf x) { return _mm512_abs_ps(x); }
NLL_INLINE vd d_abs(vd x) { return _mm512_abs_pd(x); }

NLL_INLINE mf f_lt(vf x, vf y) { return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ); }
NLL_INLINE md d_lt(vd x, vd y) { return _mm512_cmp_pd_mask(x, y, _CMP_LT_OQ); }
NLL_INLINE mf f_le(vf x, vf y) { return _mm512_cmp_ps_mask(x, y, _CMP_LE_OQ); }
NLL_INLINE md d_le(vd x, vd y) { return _mm512_cmp_pd_mask(x, y, _CMP_LE_OQ); }
NLL_INLINE mf f_eq(vf x, vf y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
NLL_INLINE md d_eq(vd x, vd y) { return _mm512_cmp_pd_mask(x, y, _CMP_EQ_OQ); }
NLL_INLINE mf f_isnan(vf x) { return _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q); }
NLL_INLINE md d_isnan(vd x) { return _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q); }
NLL_INLINE vf f_sel(mf m, vf x, vf y) { return _mm512_mask_blend_ps(m, y, x); }
NLL_INLINE vd d_sel(md m, vd x, vd y) { return _mm512_mask_blend_pd(m, y, x); }
/* One instruction, which answers a kind of number with what its nibble says: 0 for the two kinds of
 * NaN is the first operand, 1 is the number itself. */
#define NLL_VEC_CANONICAL
enum { AVX512_NAN_ELSE_ITSELF = 0x11111100 };
NLL_INLINE vf f_canonical_in(mf m, vf x) {
    return _mm512_mask_fixupimm_ps(f_set(NAN), m, x, _mm512_set1_epi32(AVX512_NAN_ELSE_ITSELF), 0);
}
NLL_INLINE vd d_canonical_in(md m, vd x) {
    __m512i kinds = _mm512_set1_epi64(AVX512_NAN_ELSE_ITSELF);
    return _mm512_mask_fixupimm_pd(d_set((double)NAN), m, x, kinds, 0);
}
NLL_INLINE vf f_canonical(vf x) { return f_canonical_in((mf)-1, x); }
NLL_INLINE vd d_canonical(vd x) { return d_canonical_in((md)-1, x); }
NLL_INLINE mf f_mask_and(mf a, mf b) { return (mf)(a & b); }
NLL_INLINE md d_mask_and(md a, md b) { return (md)(a & b); }
NLL_INLINE mf f_mask_or(mf a, mf b) { return (mf)(a | b); }
NLL_INLINE md d_mask_or(md a, md b) { return (md)(a | b); }
NLL_INLINE mf f_mask_not(mf a) { return (mf)~a; }
NLL_INLINE md d_mask_not(md a) { return (md)~a; }
NLL_INLINE unsigned f_mask_bits(mf a) { return a; }
NLL_INLINE unsigned d_mask_bits(md a) { return a; }

NLL_INLINE vi i_set(int32_t s) { return (vi){_mm512_set1_epi32(s)}; }
NLL_INLINE vl l_set(int64_t s) { return (vl){_mm512_set1_epi64(s)}; }
NLL_INLINE vi i_add(vi x, vi y) { return (vi){_mm512_add_epi32(x.v, y.v)}; }
NLL_INLINE vl l_add(vl x, vl y) { return (vl){_mm512_add_epi64(x.v, y.v)}; }
NLL_INLINE vi i_sub(vi x, vi y) { return (vi){_mm512_sub_epi32(x.v, y.v)}; }
NLL_INLINE vl l_sub(vl x, vl y) { return (vl){_mm512_sub_epi64(x.v, y.v)}; }
NLL_INLINE vi i_and(vi x, vi y) { return (vi){_mm512_and_si512(x.v, y.v)}; }
NLL_INLINE vl l_and(vl x, vl y) { return (vl){_mm512_and_si512(x.v, y.v)}; }
NLL_INLINE vi i_or(vi x, vi y) { return (vi){_mm512_or_si512(x.v, y.v)}; }
NLL_INLINE vl l_or(vl x, vl y) { return (vl){_mm512_or_si512(x.v, y.v)}; }
#define i_shl(x, n) ((vi){_mm512_slli_epi32((x).v, n)})
#define l_shl(x, n) ((vl){_mm512_slli_epi64((x).v, n)})
#define i_sar(x, n) ((vi){_mm512_srai_epi32((x).v, n)})
#define i_shr(x, n) ((vi){_mm512_srli_epi32((x).v, n)})
#define l_shr(x, n) ((vl){_mm512_srli_epi64((x).v, n)})
NLL_INLINE vf f_of_int(vi x) { return _mm512_cvtepi32_ps(x.v); }
NLL_INLINE vi f_bits(vf x) { return (vi){_mm512_castps_si512(x)}; }
NLL_INLINE vl d_bits(vd x) { return (vl){_mm512_castpd_si512(x)}; }
NLL_INLINE vf f_of_bits(vi x) { return _mm512_castsi512_ps(x.v); }
NLL_INLINE vd d_of_bits(vl x) { return _mm512_castsi512_pd(x.v); }

NLL_INLINE vd d_pick(const double *c, vl x) {
    return _mm512_permutexvar_pd(x.v, _mm512_loadu_pd(c));
}

NLL_INLINE vf f_scalb(vf x, vf n) { return _mm512_scalef_ps(x, n); }
NLL_INLINE vd d_scalb(vd x, vd n) { return _mm512_scalef_pd(x, n); }

NLL_INLINE vd d_lo(vf x) { return _mm512_cvtps_pd(_mm512_castps512_ps256(x)); }
NLL_INLINE vd d_hi(vf x) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)); }
NLL_INLINE vf f_narrow(vd lo, vd hi) {
    __m512 a = _mm512_castps256_ps512(_mm512_cvtpd_ps(lo));
    return _mm512_insertf32x8(a, _mm512_cvtpd_ps(hi), 1);
}

NLL_INLINE vd d_load_f32(const float *p) { return _mm512_cvtps_pd(_mm256_loadu_ps(p)); }
NLL_INLINE void d_store_f32_in(float *p, md m, vd x) { /* half a register takes half the time */
    __m256i kinds = _mm256_set1_epi32(AVX512_NAN_ELSE_ITSELF);
    __m256 nan = _mm256_set1_ps(NAN), y = _mm512_cvtpd_ps(x);
    _mm256_storeu_ps(p, _mm256_mask_fixupimm_ps(nan, m, y, kinds, 0));
}

NLL_INLINE double d_hsum(vd x) {
    __m256d a = _mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1));
    __m128d b = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(b, _mm_unpackhi_pd(b, b)));
}
NLL_INLINE double d_hmax(vd x) {
    __m256d a = _mm256_max_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd(x, 1));
    __m128d b = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(b, _mm_unpackhi_pd(b, b)));
}
NLL_INLINE float f_hmax(vf x) {
    __m256 a = _mm256_max_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

/* Transposes 16 x 16 floats: pairs, fours, then 128-bit parts by eights and halves. */
NLL_INLINE void f_transpose(vf x[16]) {
    vf y[16];
    NLL_UNROLL for (unsigned i = 0; i < 16; i += 2) {
        y[i] = _mm512_unpacklo_ps(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_ps(x[i], x[i + 1]);
    }
    NLL_UNROLL for (unsigned i = 0; i < 16; i += 4) NLL_UNROLL for (unsigned k = 0; k < 2; k++) {
        __m512d a = _mm512_castps_pd(y[i + k]), b = _mm512_castps_pd(y[i + k + 2]);
        x[i + 2 * k] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
        x[i + 2 * k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
    }
    NLL_UNROLL for (unsigned i = 0; i < 4; i++) {
        vf a = _mm512_shuffle_f32x4(x[i], x[i + 4], 0x88);
        vf b = _mm512_shuffle_f32x4(x[i], x[i + 4], 0xdd);
        vf c = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0x88);
        vf d = _mm512_shuffle_f32x4(x[i + 8], x[i + 12], 0xdd);
        y[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        y[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        y[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
        y[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
    NLL_UNROLL for (unsigned i = 0; i < 16; i++) x[i] = y[i];
}
/* Transposes 8 x 8 doubles. */
NLL_INLINE void d_transpose(vd x[8]) {
    vd y[8];
    NLL_UNROLL for (unsigned i = 0; i < 8; i += 2) {
        y[i] = _mm512_unpacklo_pd(x[i], x[i + 1]);
        y[i + 1] = _mm512_unpackhi_pd(x[i], x[i + 1]);
    }
    NLL_UNROLL for (unsigned i = 0; i < 2; i++) {
        vd a = _mm512_shuffle_f64x2(y[i], y[i + 2], 0x88);
        vd b = _mm512_shuffle_f64x2(y[i], y[i + 2], 0xdd);
        vd c = _mm512_shuffle_f64x2(y[i + 4], y[i + 6], 0x88);
        vd d = _mm512_shuffle_f64x2(y[i + 4], y[i + 6], 0xdd);
        x[i] = _mm512_shuffle_f64x2(a, c, 0x88);
        x[i + 2] = _mm512_shuffle_f64x2(b, d, 0x88);
        x[i + 4] = _mm512_shuffle_f64x2(a, c, 0xdd);
        x[i + 6] = _mm512_shuffle_f64x2(b, d, 0xdd);
    }
}

/* Four columns of 16 rows, ld apart: x[i] lane r <-> p[r ld + i].  Each fours of rows makes a
 * 128-bit part, within which squares of 4 x 4 turn. */
NLL_INLINE void avx512_turn_fours(vf x[4]) {
    __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(x[0], x[1]));
    __m512d b = _mm512_castps_pd(_mm512_unpackhi_ps(x[0], x[1]));
    __m512d c = _mm512_castps_pd(_mm512_unpacklo_ps(x[2], x[3]));
    __m512d d = _mm512_castps_pd(_mm512_unpackhi_ps(x[2], x[3]));
    x[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    x[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    x[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    x[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
}
NLL_INLINE void f_load_columns(const float *p, ptrdiff_t ld, vf x[4]) {
    NLL_UNROLL for (ptrdiff_t i = 0; i < 4; i++) {
        vf y = _mm512_castps128_ps512(_mm_loadu_ps(p + i * ld));
        y = _mm512_insertf32x4(y, _mm_loadu_ps(p + (i + 4) * ld), 1);
        y = _mm512_insertf32x4(y, _mm_loadu_ps(p + (i + 8) * ld), 2);
        x[i] = _mm512_insertf32x4(y, _mm_loadu_ps(p + (i + 12) * ld), 3);
    }
    avx512_turn_fours(x);
}
NLL_INLINE void f_store_columns(float *p, ptrdiff_t ld, const vf x[4]) {
    vf y[4] = {x[0], x[1], x[2], x[3]};
    avx512_turn_fours(y);
    NLL_UNROLL for (ptrdiff_t i = 0; i < 4; i++) {
        _mm_storeu_ps(p + i * ld, _mm512_castps512_ps128(y[i]));
        _mm_storeu_ps(p + (i + 4) * ld, _mm512_extractf32x4_ps(y[i], 1));
        _mm_storeu_ps(p + (i + 8) * ld, _mm512_extractf32x4_ps(y[i], 2));
        _mm_storeu_ps(p + (i + 12) * ld, _mm512_extractf32x4_ps(y[i], 3));
    }
}

/* Storage types: 16 values. */
NLL_INLINE vf f_load_f16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
NLL_INLINE vf f_load_bf16(const uint16_t *p) {
    __m512i x = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(x, 16));
}
NLL_INLINE void f_store_f16(uint16_t *p, vf x) {
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(x, 8));
}
NLL_INLINE void i_store_u16(uint16_t *p, vi x) { /* the lower halves */
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(x.v));
}
NLL_INLINE void f_stream_f16(uint16_t *p, vf x) {
    _mm256_stream_si256((__m256i *)p, _mm512_cvtps_ph(x, 8));
}
NLL_INLINE void i_stream_u16(uint16_t *p, vi x) {
    _mm256_stream_si256((__m256i *)p, _mm512_cvtepi32_epi16(x.v));
}
