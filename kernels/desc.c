/* desc.c: the descriptors, from the list. */
#include "kernel.h"

enum { F32 = 1u << NLL_TYPE_F32, F64 = 1u << NLL_TYPE_F64, BOTH = F32 | F64 };

#define NLL_UNPACK(...) \
    { __VA_ARGS__ }
const nll_desc nll_descs[NLL_KERNELS] = {
#define NLL_K(id, family, types, ins, outs, u32, u64) \
    [NLL_K_##id] = {#id, family, types, NLL_UNPACK ins, NLL_UNPACK outs, {u32, u64}},
#include "kernels.def"
#undef NLL_K
};
