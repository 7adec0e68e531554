/* tu_short.c: whole rows in one kernel, compiled once per instruction set and compute type. */
#include "table.h"

/* The kernel for every number of columns is a long straight line, with which sanitizers take many
 * minutes: for them it is functions and loops, as it is for scalar. */
#if defined(__has_feature) /* clang's way to tell; gcc's is a macro */
#if __has_feature(address_sanitizer)
#define SHORT_CODE
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SHORT_CODE
#endif
#if defined(SHORT_CODE)
#undef NLL_INLINE
#undef NLL_UNROLL
#define NLL_INLINE static __attribute__((noinline, unused))
#define NLL_UNROLL
#endif

#if defined(NLL_T_F32)
#include "row/loss.h"
#endif
