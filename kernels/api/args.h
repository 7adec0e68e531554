/* args.h: argument structs that may grow: copy what the caller's version has, zero the rest. */
#ifndef NLL_ARGS_H
#define NLL_ARGS_H

#include "nll/nll.h"

#include <string.h>

/* 1 if `from` (whose first member is size_t struct_size) can be read as a `size` byte struct. */
static inline int nll_args_copy(void *to, const void *from, size_t size) {
    size_t given;
    if (!from) return 0;
    memcpy(&given, from, sizeof given);
    if (given <= sizeof given) return 0;
    memset(to, 0, size);
    memcpy(to, from, given < size ? given : size);
    return 1;
}

#endif
