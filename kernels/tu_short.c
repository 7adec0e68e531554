/* tu_short.c: whole rows in one kernel, compiled once per instruction set and compute type. */
#include "table.h"

/* The kernel for every number of columns is a long straight line, with which sanitizers take many
 * minutes: for them it is functions and loops, as it is for scalar. */
#if defined(__SANITIZE_ADDRESS__)
#undef NLL_INLINE
#undef NLL_UNROLL
#define NLL_INLINE static __attribute__((noinline, unused))
#define NLL_UNROLL
#endif

#if defined(NLL_T_F32)
#include "row/loss.h"
#endif
