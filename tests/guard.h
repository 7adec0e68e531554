/* guard.h: memory between two pages that fault on any access, and canaries next to the data. */
#ifndef NLL_TESTS_GUARD_H
#define NLL_TESTS_GUARD_H

#include <stddef.h>

/* Where data lies in its area: begins `offset` bytes after the lower page that faults, or ends
 * `offset` bytes before the upper one. */
enum guard_side { GUARD_LOW, GUARD_HIGH, GUARD_SIDES };

struct guard {
    unsigned char *area; /* readable and writable; the pages around it are neither */
    size_t size;
    unsigned char *data; /* of the last guard_place */
    size_t bytes;
};

/* Room for `bytes` and some canaries, zero bytes included.  Fill the data yourself, all around it
 * are canaries.  The struct must be zero before the first call; the same area is used again and
 * again. */
unsigned char *guard_place(struct guard *g, size_t bytes, size_t offset, enum guard_side side);

/* How far from the data a canary was overwritten: 0 none, -1 the byte before, +1 the byte behind.
 */
ptrdiff_t guard_damage(const struct guard *g);

#endif
