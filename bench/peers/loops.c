/* loops.c: the losses as a C programmer writes them first: one loop after the other, libm, float.
 * peers.py compiles it twice: at -O3 with the scalar libm, and at -Ofast, where gcc breaks IEEE
 * rules and vectorises it with libmvec.  Means over all rows; `g` may be NULL. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define ROWS _Pragma("omp parallel for reduction(+ : sum) num_threads(threads) schedule(static)")

double categorical(const float *x, const int64_t *y, float *g, size_t n, size_t c, int threads) {
    double sum = 0;
    ROWS for (size_t i = 0; i < n; i++) {
        const float *row = x + i * c;
        float top = row[0], total = 0, share;
        for (size_t j = 0; j < c; j++) top = row[j] > top ? row[j] : top;
        if (!g) {
            for (size_t j = 0; j < c; j++) total += expf(row[j] - top);
        } else {
            float *to = g + i * c;
            for (size_t j = 0; j < c; j++) {
                to[j] = expf(row[j] - top);
                total += to[j];
            }
            share = 1 / (total * (float)n);
            for (size_t j = 0; j < c; j++) to[j] *= share;
            to[y[i]] -= 1 / (float)n;
        }
        sum += (double)(logf(total) + top - row[y[i]]);
    }
    return sum / (double)n;
}

double bernoulli(const float *z, const float *y, float *g, size_t n, int threads) {
    double sum = 0;
    const float share = 1 / (float)n;
#pragma omp parallel for reduction(+ : sum) num_threads(threads) schedule(static)
    for (size_t b = 0; b < n; b += 1024) { /* float sums of blocks: doubles would halve the speed */
        size_t end = b + 1024 < n ? b + 1024 : n;
        float part = 0;
        for (size_t i = b; i < end; i++) {
            float e = expf(-fabsf(z[i]));
            part += log1pf(e) + (z[i] > 0 ? z[i] : 0) - z[i] * y[i];
            if (g) g[i] = ((z[i] > 0 ? 1 : e) / (1 + e) - y[i]) * share;
        }
        sum += (double)part;
    }
    return sum / (double)n;
}

double gaussian(const float *m, const float *v, const float *y, float *gm, float *gv, size_t n,
                int threads) {
    double sum = 0;
    const float share = 1 / (float)n;
#pragma omp parallel for reduction(+ : sum) num_threads(threads) schedule(static)
    for (size_t b = 0; b < n; b += 1024) {
        size_t end = b + 1024 < n ? b + 1024 : n;
        float part = 0;
        for (size_t i = b; i < end; i++) {
            float d = y[i] - m[i], r = 1 / v[i];
            part += 0.5f * (logf(v[i]) + d * d * r + 1.8378770664093453f);
            if (gm) gm[i] = -d * r * share;
            if (gm) gv[i] = 0.5f * (1 - d * d * r) * r * share;
        }
        sum += (double)part;
    }
    return sum / (double)n;
}

/* The loss alone: libm has no digamma. */
double beta(const float *a, const float *b, const float *y, size_t n, int threads) {
    double sum = 0;
    ROWS for (size_t i = 0; i < n; i++) {
        int sign;
        sum += (double)(lgammaf_r(a[i], &sign) + lgammaf_r(b[i], &sign) -
                        lgammaf_r(a[i] + b[i], &sign) - (a[i] - 1) * logf(y[i]) -
                        (b[i] - 1) * log1pf(-y[i]));
    }
    return sum / (double)n;
}
