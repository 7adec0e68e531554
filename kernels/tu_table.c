/* tu_table.c: the kernels of one instruction set and type as an array; a row of kernels.def
 * without code does not link. */
#include "table.h"

extern const nll_fn NLL_SYM(table)[NLL_KERNELS];
const nll_fn NLL_SYM(table)[NLL_KERNELS] = {
#define NLL_K(id, family, types, ...) NLL_FOR_##types([NLL_K_##id] = NLL_SYM(id), )
#include "kernels.def"
#undef NLL_K
};
