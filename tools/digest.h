/* digest.h: a hash of results that is the same on every machine.  XXH3, 128 bits. */
#ifndef NLL_TOOL_DIGEST_H
#define NLL_TOOL_DIGEST_H

#include <stddef.h>

enum { DIGEST_TEXT = 33 };

struct digest; /* the state, allocated: it is large and must be aligned */

struct digest *digest_new(void); /* NULL: out of memory */
/* Adds `count` items of `item` bytes each, in little-endian order. */
void digest_add(struct digest *digest, const void *items, size_t count, size_t item);
/* Writes the hash as 32 hexadecimal digits and frees the state. */
void digest_end(struct digest *digest, char text[DIGEST_TEXT]);

#endif
