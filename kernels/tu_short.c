/* tu_short.c: whole rows in one kernel, compiled once per instruction set and compute type. */
#include "table.h"

#if defined(NLL_T_F32)
#include "row/loss.h"
#endif
