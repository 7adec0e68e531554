/* sleef.c: the losses of loops.c composed by hand of SLEEF's vector functions, 512 or 256 bits
 * wide, the 1.0-ULP ones.  Means over all rows; `g` may be NULL. */
#include <immintrin.h>
#include <math.h>
#include <sleef.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
enum { W = 16 };
typedef __m512 V;
#define P(name) _mm512_##name##_ps
#define S(name, ulp) Sleef_##name##f16_##ulp
static float add_up(V v) { return _mm512_reduce_add_ps(v); }
static float top_of(V v) { return _mm512_reduce_max_ps(v); }
static V first(const float *p, size_t k, float fill) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << k) - 1), p);
}
static void put(float *p, size_t k, V v) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << k) - 1), v);
}
#else
enum { W = 8 };
typedef __m256 V;
#define P(name) _mm256_##name##_ps
#define S(name, ulp) Sleef_##name##f8_##ulp
static float fold(V v, int max) {
    float f[W], r;
    _mm256_storeu_ps(f, v);
    r = f[0];
    for (int i = 1; i < W; i++) r = max ? (f[i] > r ? f[i] : r) : r + f[i];
    return r;
}
static float add_up(V v) { return fold(v, 0); }
static float top_of(V v) { return fold(v, 1); }
static V first(const float *p, size_t k, float fill) {
    float f[W];
    for (size_t i = 0; i < W; i++) f[i] = i < k ? p[i] : fill;
    return _mm256_loadu_ps(f);
}
static void put(float *p, size_t k, V v) {
    float f[W];
    _mm256_storeu_ps(f, v);
    for (size_t i = 0; i < k; i++) p[i] = f[i];
}
#endif
#define SUM _Pragma("omp parallel for reduction(+ : sum) num_threads(threads) schedule(static)")

double categorical(const float *x, const int64_t *y, float *g, size_t n, size_t c, int threads) {
    double sum = 0;
    SUM for (size_t i = 0; i < n; i++) {
        const float *row = x + i * c;
        size_t whole = c - c % W, rest = c % W;
        V m = first(row, c < W ? c : W, -INFINITY), total = P(set1)(0);
        for (size_t j = 0; j < whole; j += W) m = P(max)(m, P(loadu)(row + j));
        if (rest) m = P(max)(m, first(row + whole, rest, -INFINITY));
        float top = top_of(m);
        for (size_t j = 0; j < c; j += W) {
            size_t k = c - j < W ? c - j : W;
            V v = k == W ? P(loadu)(row + j) : first(row + j, k, -INFINITY);
            V e = S(exp, u10)(P(sub)(v, P(set1)(top)));
            total = P(add)(total, e);
            if (g && k == W) P(storeu)(g + i * c + j, e);
            if (g && k < W) put(g + i * c + j, k, e);
        }
        float all = add_up(total);
        if (g) {
            float *to = g + i * c, share = 1 / (all * (float)n);
            for (size_t j = 0; j < whole; j += W)
                P(storeu)(to + j, P(mul)(P(loadu)(to + j), P(set1)(share)));
            for (size_t j = whole; j < c; j++) to[j] *= share;
            to[y[i]] -= 1 / (float)n;
        }
        sum += (double)(logf(all) + top - row[y[i]]);
    }
    return sum / (double)n;
}

/* n a multiple of W, here and below */
double bernoulli(const float *z, const float *y, float *g, size_t n, int threads) {
    double sum = 0;
    const V share = P(set1)(1 / (float)n), one = P(set1)(1), zero = P(set1)(0);
    SUM for (size_t b = 0; b < n; b += 1024) {
        V part = zero;
        for (size_t i = b; i < b + 1024 && i < n; i += W) {
            V a = P(loadu)(z + i), t = P(loadu)(y + i), size = P(max)(a, P(sub)(zero, a));
            V e = S(exp, u10)(P(sub)(zero, size)), p = P(max)(a, zero);
            part = P(add)(part, P(sub)(P(add)(S(log1p, u10)(e), p), P(mul)(a, t)));
            if (!g) continue;
            /* sigmoid: exp(min(z, 0)) / (1 + e) */
            V up = P(div)(S(exp, u10)(P(min)(a, zero)), P(add)(one, e));
            P(storeu)(g + i, P(mul)(P(sub)(up, t), share));
        }
        sum += (double)add_up(part);
    }
    return sum / (double)n;
}

double gaussian(const float *m, const float *v, const float *y, float *gm, float *gv, size_t n,
                int threads) {
    double sum = 0;
    const V share = P(set1)(1 / (float)n), one = P(set1)(1), half = P(set1)(0.5f);
    SUM for (size_t b = 0; b < n; b += 1024) {
        V part = P(set1)(0);
        for (size_t i = b; i < b + 1024 && i < n; i += W) {
            V d = P(sub)(P(loadu)(y + i), P(loadu)(m + i)), w = P(loadu)(v + i), r = P(div)(one, w);
            V q = P(mul)(P(mul)(d, d), r);
            part = P(add)(part, P(add)(S(log, u10)(w), P(add)(q, P(set1)(1.8378770664093453f))));
            if (!gm) continue;
            P(storeu)(gm + i, P(sub)(P(set1)(0), P(mul)(P(mul)(d, r), share)));
            P(storeu)(gv + i, P(mul)(P(mul)(half, P(sub)(one, q)), P(mul)(r, share)));
        }
        sum += 0.5 * (double)add_up(part);
    }
    return sum / (double)n;
}

/* The loss alone: SLEEF has no digamma. */
double beta(const float *a, const float *b, const float *y, size_t n, int threads) {
    double sum = 0;
    const V one = P(set1)(1);
    SUM for (size_t k = 0; k < n; k += 1024) {
        V part = P(set1)(0);
        for (size_t i = k; i < k + 1024 && i < n; i += W) {
            V p = P(loadu)(a + i), q = P(loadu)(b + i), t = P(loadu)(y + i);
            V l =
                P(sub)(P(add)(S(lgamma, u10)(p), S(lgamma, u10)(q)), S(lgamma, u10)(P(add)(p, q)));
            l = P(sub)(l, P(mul)(P(sub)(p, one), S(log, u10)(t)));
            l = P(sub)(l, P(mul)(P(sub)(q, one), S(log1p, u10)(P(sub)(P(set1)(0), t))));
            part = P(add)(part, l);
        }
        sum += (double)add_up(part);
    }
    return sum / (double)n;
}
