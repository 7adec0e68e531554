/* digest.c: see digest.h. */
#include "digest.h"

#include <stdio.h>
#include <xxhash.h>

/* The state goes by our own name, so that the rest of the program needs no xxhash.h. */
static XXH3_state_t *state_of(struct digest *digest) { return (XXH3_state_t *)(void *)digest; }

struct digest *digest_new(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) XXH3_128bits_reset(state);
    return (struct digest *)(void *)state;
}

void digest_add(struct digest *digest, const void *items, size_t count, size_t item) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (count) XXH3_128bits_update(state_of(digest), items, count * item);
#else
    for (size_t i = 0; i < count; i++)
        for (size_t b = item; b-- > 0;)
            XXH3_128bits_update(state_of(digest), (const char *)items + i * item + b, 1);
#endif
}

void digest_end(struct digest *digest, char text[DIGEST_TEXT]) {
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state_of(digest)));
    for (size_t i = 0; i < sizeof bytes.digest; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes.digest[i]);
    XXH3_freeState(state_of(digest));
}
