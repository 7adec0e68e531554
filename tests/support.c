/* support.c: typed arrays, formats and error tallies. */
#include "support.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stored significand bits, least and largest exponent of the four float formats. */
struct format {
    int bits, emin, emax;
};
static struct format format_of(nll_dtype t) {
    switch (t) {
    case NLL_F32: return (struct format){24, -126, 127};
    case NLL_F16: return (struct format){11, -14, 15};
    case NLL_BF16: return (struct format){8, -126, 127};
    default: return (struct format){53, -1022, 1023};
    }
}

double unit_of(nll_dtype t) { return ldexp(1, -format_of(t).bits); }
double tiny_of(nll_dtype t) { return ldexp(1, format_of(t).emin - format_of(t).bits + 1); }
double huge_of(nll_dtype t) { return ldexp(2 - ldexp(2, -format_of(t).bits), format_of(t).emax); }

long double ulp_of(nll_dtype t, long double v) {
    struct format f = format_of(t);
    if (isnan(v)) return NAN;
    int e = v == 0 ? f.emin : isinf(v) ? f.emax : ilogbl(v); /* beyond the largest number too */
    if (e < f.emin) e = f.emin;
    return ldexpl(1, e - f.bits + 1);
}

double round_to(nll_dtype t, double x) {
    if (t == NLL_F64 || isnan(x) || isinf(x) || x == 0) return x;
    double ulp = (double)ulp_of(t, x);
    double y = nearbyint(x / ulp) * ulp; /* both scalings are exact */
    return fabs(y) > huge_of(t) ? copysign(INFINITY, x) : y;
}

static uint32_t encode(nll_dtype t, double x) {
    struct format f = format_of(t);
    int fraction = f.bits - 1, bias = f.emax;
    uint32_t sign = signbit(x) ? 1u << (t == NLL_F32 ? 31 : 15) : 0;
    uint32_t top = (uint32_t)(2 * bias + 1) << fraction;
    if (isnan(x)) return top | 1u << (fraction - 1); /* the canonical one has no sign */
    double y = fabs(round_to(t, x));
    if (isinf(y)) return sign | top;
    if (y == 0) return sign;
    int e = ilogb(y) < f.emin ? f.emin : ilogb(y);
    uint32_t m = (uint32_t)ldexp(y, fraction - e);
    return sign | (m >> fraction ? ((uint32_t)(e + bias) << fraction) + (m - (1u << fraction)) : m);
}

static double decode(nll_dtype t, uint32_t b) {
    struct format f = format_of(t);
    int fraction = f.bits - 1, width = t == NLL_F32 ? 32 : 16;
    uint32_t m = b & ((1u << fraction) - 1);
    int e = (int)(b >> fraction & (uint32_t)(2 * f.emax + 1));
    double s = b >> (width - 1) & 1 ? -1 : 1;
    if (e == 2 * f.emax + 1) return m ? NAN : s * INFINITY;
    if (e == 0) return s * ldexp(m, f.emin - fraction);
    return s * ldexp(m + (1u << fraction), e - f.emax - fraction);
}

double elem_get(const void *data, nll_dtype t, ptrdiff_t i) {
    const char *p = (const char *)data + i * (ptrdiff_t)nll_dtype_size(t);
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
        double f64;
    } v;
    memcpy(&v, p, nll_dtype_size(t));
    switch (t) {
    case NLL_F32: return decode(t, v.u32);
    case NLL_F64: return v.f64;
    case NLL_F16:
    case NLL_BF16: return decode(t, v.u16);
    case NLL_I8: return v.i8;
    case NLL_U8: return v.u8;
    case NLL_I16: return v.i16;
    case NLL_U16: return v.u16;
    case NLL_I32: return v.i32;
    case NLL_U32: return v.u32;
    case NLL_I64: return (double)v.i64;
    case NLL_U64: return (double)v.u64;
    case NLL_BOOL: return v.u8 != 0;
    default: return NAN;
    }
}

void elem_set(void *data, nll_dtype t, ptrdiff_t i, double x) {
    char *p = (char *)data + i * (ptrdiff_t)nll_dtype_size(t);
    if (t == NLL_F64) {
        memcpy(p, &x, 8);
    } else if (t == NLL_F32) {
        uint32_t b = encode(t, x);
        memcpy(p, &b, 4);
    } else if (t == NLL_F16 || t == NLL_BF16) {
        uint16_t b = (uint16_t)encode(t, x);
        memcpy(p, &b, 2);
    } else {
        /* Two's complement: the low bytes are the same for every width (little endian). */
        uint64_t b = x < 0 ? (uint64_t)(int64_t)x : (uint64_t)x;
        memcpy(p, &b, nll_dtype_size(t));
    }
}

static void *need(void *p) {
    if (!p) {
        fprintf(stderr, "out of memory\n");
        abort();
    }
    return p;
}

void *new_array(nll_dtype t, size_t n) {
    size_t size = n * nll_dtype_size(t);
    return memset(need(malloc(size + !size)), 0xA5, size);
}

void *to_array(nll_dtype t, size_t n, const double *x) {
    void *p = new_array(t, n);
    for (size_t i = 0; i < n; i++) elem_set(p, t, (ptrdiff_t)i, x[i]);
    return p;
}

double *new_doubles(size_t n) { return new_array(NLL_F64, n); }

static ptrdiff_t at(size_t i, size_t j, ptrdiff_t row_stride, ptrdiff_t col_stride) {
    return (ptrdiff_t)i * row_stride + (ptrdiff_t)j * col_stride;
}
double view_get(const nll_view *v, size_t i, size_t j) {
    if (v->dtype == NLL_NUMBER) return v->value;
    return elem_get(v->data, v->dtype, at(i, j, v->row_stride, v->col_stride));
}
double out_get(const nll_out *o, size_t i, size_t j) {
    return elem_get(o->data, o->dtype, at(i, j, o->row_stride, o->col_stride));
}
int is_absent(const nll_view *v) { return v->dtype == NLL_ABSENT; }

int same_bits(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return memcmp(&a, &b, sizeof a) == 0;
}

int is_canonical_nan(const void *data, nll_dtype t, ptrdiff_t i) {
    uint64_t b = 0;
    size_t size = nll_dtype_size(t);
    memcpy(&b, (const char *)data + i * (ptrdiff_t)size, size);
    return b == (t == NLL_F64 ? 0x7ff8000000000000u : (uint64_t)encode(t, NAN));
}

/* What is too large stands for the power of two after the largest number. */
static long double overflowed(long double v, double huge) {
    long double next = ldexpl(1, ilogb(huge) + 1);
    return v > next ? next : v < -next ? -next : v;
}

int tally_add(struct tally *t, size_t row, size_t col, double got, long double want,
              long double unit, double tiny, double huge) {
    long double e;
    t->n++;
    if (isnan(want) || isnan(got)) {
        e = isnan(want) && isnan(got) ? 0 : INFINITY;
    } else if (isinf(huge)) {
        e = got == want ? 0 : fabsl(got - want);
    } else {
        e = fabsl(overflowed(got, huge) - overflowed(want, huge));
    }
    if (e > 0) e = e <= tiny ? 0 : (e - tiny) / unit;
    if (isnan(e)) e = INFINITY;
    if (t->n > 1 && e <= t->worst) return 0;
    t->worst = e;
    t->row = row;
    t->col = col;
    t->got = got;
    t->want = want;
    return 1;
}

void tally_check(const struct tally *t, const char *label) {
    if (t->n == 0) return;
    fprintf(stderr,
            "%-28s %-12s worst %8.3Lf of %g at (%zu, %zu): got %.17g, want %.20Lg; %zu numbers\n",
            label, t->what, t->worst, t->limit, t->row, t->col, t->got, t->want, t->n);
    cr_expect(t->worst <= t->limit,
              "%s %s: error %.4Lf above %g at row %zu col %zu: got %.17g (%a), want %.20Lg; inputs "
              "%a %a %a",
              label, t->what, t->worst, t->limit, t->row, t->col, t->got, t->got, t->want,
              t->inputs[0], t->inputs[1], t->inputs[2]);
}
