/* table.h: prototypes of every kernel of this translation unit's instruction set and type. */
#ifndef NLL_TABLE_H
#define NLL_TABLE_H

#include "kernel.h"
#include "vec/vec.h"

#if defined(NLL_T_F32)
#define NLL_FOR_F32(...) __VA_ARGS__
#define NLL_FOR_F64(...)
#else
#define NLL_FOR_F32(...)
#define NLL_FOR_F64(...) __VA_ARGS__
#endif
#define NLL_FOR_BOTH(...) __VA_ARGS__

#define NLL_K(id, family, types, ...) NLL_FOR_##types(void NLL_SYM(id)(const nll_job *);)
#include "kernels.def"
#undef NLL_K

#endif
