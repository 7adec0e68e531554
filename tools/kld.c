/* kld.c: see kld.h. */
#include "kld.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char magic[] = "_logits_";
enum { MAGIC = 8, HEADER = MAGIC + 3 * 4, STEPS = 65535 };

static uint32_t read_u32(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static void write_u32(unsigned char *p, uint32_t x) {
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(x >> 8 * i);
}
static float read_float(const unsigned char *p) {
    uint32_t u = read_u32(p);
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}
static void write_float(unsigned char *p, float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    write_u32(p, u);
}

__attribute__((format(printf, 2, 3))) static bool complain(char *message, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, KLD_MESSAGE, format, args);
    va_end(args);
    return false;
}

bool kld_layout(struct kld *kld, int64_t context, int64_t classes, int64_t chunks) {
    const int64_t most = INT32_MAX;
    size_t tokens, rows;
    if (context < 3 || classes < 1 || chunks < 1 || context > most || classes > most ||
        chunks > most)
        return false;
    *kld = (struct kld){.context = (size_t)context,
                        .classes = (size_t)classes,
                        .chunks = (size_t)chunks,
                        .rows_of_chunk = (size_t)(context - 1 - context / 2),
                        .row_bytes = 2 * (2 * (((size_t)classes + 1) / 2) + 4),
                        .tokens_at = HEADER};
    return !__builtin_mul_overflow(kld->chunks, kld->rows_of_chunk, &kld->rows) &&
           !__builtin_mul_overflow(kld->chunks, kld->context, &tokens) &&
           !__builtin_mul_overflow(tokens, (size_t)4, &tokens) &&
           !__builtin_add_overflow(tokens, (size_t)HEADER, &kld->rows_at) &&
           !__builtin_mul_overflow(kld->rows, kld->row_bytes, &rows) &&
           !__builtin_add_overflow(kld->rows_at, rows, &kld->size) && kld->size <= PTRDIFF_MAX;
}

bool kld_parse(const unsigned char *file, size_t size, struct kld *kld, char message[KLD_MESSAGE]) {
    int32_t n[3];
    if (size < MAGIC || memcmp(file, magic, MAGIC) != 0)
        return complain(message, "expected a file of llama.cpp's perplexity tool (_logits_...), "
                                 "found other bytes; write it with --kl-divergence-base");
    if (size < HEADER)
        return complain(message,
                        "expected a header of %d bytes, found %zu; the file is truncated, copy it "
                        "again",
                        (int)HEADER, size);
    for (int i = 0; i < 3; i++) n[i] = (int32_t)read_u32(file + MAGIC + 4 * i);
    if (!kld_layout(kld, n[0], n[1], n[2]))
        return complain(message,
                        "expected n_ctx of at least 3, n_vocab and n_chunk of at least 1 that fit "
                        "into memory, found %d, %d and %d; write the file again",
                        (int)n[0], (int)n[1], (int)n[2]);
    if (kld->size != size)
        return complain(message,
                        "expected %zu bytes for n_ctx %zu, n_vocab %zu and n_chunk %zu, found %zu; "
                        "the file is %s, write it again",
                        kld->size, kld->context, kld->classes, kld->chunks, size,
                        size < kld->size ? "truncated" : "longer than its header says");
    return true;
}

void kld_row(const struct kld *kld, const unsigned char *file, size_t r, float *log_probs) {
    const unsigned char *p = file + kld->rows_at + r * kld->row_bytes;
    float scale = read_float(p), least = read_float(p + 4);
    p += 8;
    /* in double: one rounding */
    for (size_t i = 0; i < kld->classes; i++, p += 2)
        log_probs[i] =
            (float)((double)scale * (double)(p[0] | (unsigned)p[1] << 8) + (double)least);
}

int32_t kld_token(const struct kld *kld, const unsigned char *file, size_t i) {
    return (int32_t)read_u32(file + kld->tokens_at + 4 * i);
}

size_t kld_target(const struct kld *kld, size_t r) {
    size_t chunk = r / kld->rows_of_chunk, j = r % kld->rows_of_chunk;
    return chunk * kld->context + kld->context / 2 + j + 1;
}

void kld_write_header(const struct kld *kld, unsigned char *file) {
    memcpy(file, magic, MAGIC);
    write_u32(file + MAGIC, (uint32_t)kld->context);
    write_u32(file + MAGIC + 4, (uint32_t)kld->classes);
    write_u32(file + MAGIC + 8, (uint32_t)kld->chunks);
}

void kld_write_token(const struct kld *kld, unsigned char *file, size_t i, int32_t token) {
    write_u32(file + kld->tokens_at + 4 * i, (uint32_t)token);
}

void kld_write_row(const struct kld *kld, unsigned char *file, size_t r, const double *x,
                   double lse) {
    unsigned char *p = file + kld->rows_at + r * kld->row_bytes;
    double most = -(double)INFINITY, least = (double)INFINITY;
    for (size_t i = 0; i < kld->classes; i++) {
        most = x[i] > most ? x[i] : most;
        least = x[i] < least ? x[i] : least;
    }
    least = least > most - 16 ? least : most - 16;
    float scale = (float)((most - least) / STEPS), origin = (float)(least - lse);
    write_float(p, scale);
    write_float(p + 4, origin);
    p += 8;
    memset(p, 0, kld->row_bytes - 8);
    for (size_t i = 0; i < kld->classes && scale > 0; i++) {
        /* from the origin as stored, so that its rounding does not move every class */
        double q = nearbyint(((x[i] - lse) - (double)origin) / (double)scale);
        unsigned step = q > 0 ? q < STEPS ? (unsigned)q : STEPS : 0;
        p[2 * i] = (unsigned char)step;
        p[2 * i + 1] = (unsigned char)(step >> 8);
    }
}
