/* tables.c: the reader trusts nothing: every count is checked against the size before it is used.
 */
#include "tables.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 8, HEAD = MAGIC + 16, OUTPUT = 8 + 1 + 2, MAX_INPUTS = 8, MAX_OUTPUTS = 16 };

static uint64_t little(const unsigned char *p, size_t bytes) {
    uint64_t v = 0;
    for (size_t i = bytes; i-- > 0;) v = v << 8 | p[i];
    return v;
}

static double as_double(const unsigned char *p) {
    uint64_t bits = little(p, 8);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float as_float(const unsigned char *p) {
    uint32_t bits = (uint32_t)little(p, 4);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^(code / 16), from 2^(1/16) alone. */
static long double magnitude(int code) {
    static const long double root = 1.04427378242741384032196647873992910L;
    int whole = (code + 65536) / 16 - 4096, rest = (code + 65536) % 16;
    long double m = 1;
    while (rest-- > 0) m *= root;
    return ldexpl(m, whole);
}

static void output(const unsigned char *p, long double *v, long double *mag) {
    double d = as_double(p);
    int rest = (int)(p[8] ^ 0x80) - 0x80, code = (int)(little(p + 9, 2) ^ 0x8000) - 0x8000;
    *v = d;
    if (isfinite(d) && d != 0) {
        int e = ilogb(d) < -1022 ? -1022 : ilogb(d);
        *v += ldexpl(rest, e - 52 - 8);
    }
    *mag = code == -32768 ? 0 : magnitude(code);
}

const char *table_parse(struct table *t, const unsigned char *data, size_t size) {
    *t = (struct table){0};
    if (size < HEAD) return "is shorter than a header";
    if (memcmp(data, "NLLTAB1\n", MAGIC) != 0) return "does not begin with NLLTAB1";
    uint64_t inputs = little(data + MAGIC, 4), outputs = little(data + MAGIC + 4, 4);
    uint64_t floats = little(data + MAGIC + 8, 4), doubles = little(data + MAGIC + 12, 4);
    if (inputs < 1 || inputs > MAX_INPUTS) return "has an impossible number of inputs";
    if (outputs < 1 || outputs > MAX_OUTPUTS) return "has an impossible number of outputs";
    /* below 2^32 * 2^8 each: no overflow */
    uint64_t need = HEAD + floats * (inputs * 4 + outputs * OUTPUT);
    need += doubles * (inputs * 8 + outputs * OUTPUT);
    if (need != size) return "has another size than its header says";
    size_t n = (size_t)(floats + doubles);
    t->inputs = (size_t)inputs;
    t->outputs = (size_t)outputs;
    t->floats = (size_t)floats;
    t->points = n;
    t->x = calloc(n * t->inputs + 1, sizeof *t->x);
    t->v = calloc(n * t->outputs + 1, sizeof *t->v);
    t->mag = calloc(n * t->outputs + 1, sizeof *t->mag);
    if (!t->x || !t->v || !t->mag) {
        table_free(t);
        return "does not fit into memory";
    }
    const unsigned char *p = data + HEAD;
    for (size_t i = 0; i < n; i++) {
        size_t width = i < t->floats ? 4 : 8;
        for (size_t k = 0; k < t->inputs; k++, p += width)
            t->x[i * t->inputs + k] = width == 4 ? (double)as_float(p) : as_double(p);
        for (size_t k = 0; k < t->outputs; k++, p += OUTPUT)
            output(p, &t->v[i * t->outputs + k], &t->mag[i * t->outputs + k]);
    }
    return NULL;
}

const char *table_read(struct table *t, const char *path) {
    enum { LIMIT = 1 << 24 };
    *t = (struct table){0};
    FILE *f = fopen(path, "rb");
    if (!f) return "cannot be opened";
    unsigned char *data = malloc(LIMIT);
    if (!data) {
        fclose(f);
        return "does not fit into memory";
    }
    size_t size = fread(data, 1, LIMIT, f);
    const char *why = ferror(f) ? "cannot be read" : table_parse(t, data, size);
    fclose(f);
    free(data);
    return why;
}

void table_free(struct table *t) {
    free(t->x);
    free(t->v);
    free(t->mag);
    *t = (struct table){0};
}
