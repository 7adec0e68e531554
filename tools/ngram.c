/* ngram.c: see ngram.h. */
#include "ngram.h"

#include <stdint.h>
#include <stdlib.h>

/* What follows one context: a list of bytes and their counts. */
struct follower {
    uint32_t count, next; /* next: index, 0 ends the list */
    unsigned char byte;
};
struct context {
    uint64_t key; /* 0: free slot of the hash table */
    uint32_t total, types, first;
};

struct ngram {
    struct context *contexts; /* open addressing, linear probing */
    size_t mask;
    struct follower *followers; /* [0] is not used */
    uint32_t follower_count;
};

/* The last `length` bytes before `at` and their number, as one integer above zero. */
static uint64_t key_of(const unsigned char *text, size_t at, size_t length) {
    uint64_t key = length + 1;
    for (size_t i = at - length; i < at; i++) key = key << 8 | text[i];
    return key;
}

/* The slot of this context: its own, or the free one where it belongs. */
static struct context *slot_of(const struct ngram *model, uint64_t key) {
    uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(hash >> 20) & model->mask;
    while (model->contexts[i].key && model->contexts[i].key != key) i = (i + 1) & model->mask;
    return &model->contexts[i];
}

static void count_byte(struct ngram *model, struct context *context, unsigned char byte) {
    struct follower *followers = model->followers;
    uint32_t at = context->first;
    while (at && followers[at].byte != byte) at = followers[at].next;
    if (!at) {
        at = ++model->follower_count;
        followers[at] = (struct follower){.byte = byte, .next = context->first};
        context->first = at;
        context->types++;
    }
    followers[at].count++;
    context->total++;
}

struct ngram *ngram_train(const unsigned char *text, size_t size) {
    /* At most one new context and follower for each byte and length. */
    if (size > UINT32_MAX / (4 * (NGRAM_ORDER + 1))) return NULL;
    size_t most = size * (NGRAM_ORDER + 1), slots = 1;
    while (slots < 2 * most) slots *= 2;
    struct ngram *model = calloc(1, sizeof *model);
    if (!model) return NULL;
    model->mask = slots - 1;
    model->contexts = calloc(slots, sizeof *model->contexts);
    model->followers = calloc(most + 1, sizeof *model->followers);
    if (!model->contexts || !model->followers) {
        ngram_free(model);
        return NULL;
    }
    for (size_t at = 0; at < size; at++)
        for (size_t length = 0; length <= NGRAM_ORDER && length <= at; length++) {
            uint64_t key = key_of(text, at, length);
            struct context *context = slot_of(model, key);
            context->key = key;
            count_byte(model, context, text[at]);
        }
    return model;
}

void ngram_free(struct ngram *model) {
    if (model) {
        free(model->contexts);
        free(model->followers);
    }
    free(model);
}

void ngram_predict(const struct ngram *model, const unsigned char *text, size_t at,
                   double p[NGRAM_BYTES]) {
    for (int b = 0; b < NGRAM_BYTES; b++) p[b] = 1.0 / NGRAM_BYTES;
    for (size_t length = 0; length <= NGRAM_ORDER && length <= at; length++) {
        const struct context *context = slot_of(model, key_of(text, at, length));
        if (!context->key) return; /* a longer context was not seen either */
        double types = context->types, total = context->total;
        for (int b = 0; b < NGRAM_BYTES; b++) p[b] = types * p[b];
        for (uint32_t f = context->first; f; f = model->followers[f].next)
            p[model->followers[f].byte] += model->followers[f].count;
        for (int b = 0; b < NGRAM_BYTES; b++) p[b] /= total + types;
    }
}
