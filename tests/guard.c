/* guard.c: memory between two pages that fault on any access. */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Canaries are set and looked at this far from the data; what goes farther meets a page that faults
 * in one of the two placements. */
enum { WINDOW = 1024, CANARY = 0xc9 };

static void reserve(struct guard *g, size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE),
           size = (bytes + 2 * WINDOW + page - 1) / page * page;
    if (size <= g->size) return;
    if (g->area) munmap(g->area - page, g->size + 2 * page);
    unsigned char *p = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, size, PROT_READ | PROT_WRITE) != 0) {
        perror("guard: no memory");
        exit(EXIT_FAILURE);
    }
    g->area = p + page;
    g->size = size;
}

/* The windows: *lo bytes in front of the data, *hi behind it. */
static void windows(const struct guard *g, size_t *lo, size_t *hi) {
    size_t before = (size_t)(g->data - g->area), after = g->size - before - g->bytes;
    *lo = before < WINDOW ? before : WINDOW;
    *hi = after < WINDOW ? after : WINDOW;
}

unsigned char *guard_place(struct guard *g, size_t bytes, size_t offset, enum guard_side side) {
    reserve(g, bytes + offset);
    g->data = side == GUARD_LOW ? g->area + offset : g->area + (g->size - bytes - offset);
    g->bytes = bytes;
    size_t lo, hi;
    windows(g, &lo, &hi);
    memset(g->data - lo, CANARY, lo);
    memset(g->data + bytes, CANARY, hi);
    return g->data;
}

ptrdiff_t guard_damage(const struct guard *g) {
    size_t lo, hi;
    windows(g, &lo, &hi);
    for (size_t i = 1; i <= lo; i++)
        if (g->data[-(ptrdiff_t)i] != CANARY) return -(ptrdiff_t)i;
    for (size_t i = 0; i < hi; i++)
        if (g->data[g->bytes + i] != CANARY) return (ptrdiff_t)i + 1;
    return 0;
}
