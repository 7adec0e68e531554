/* dispatch.h: the instruction sets built in, best first, and the one in use. */
#ifndef NLL_DISPATCH_H
#define NLL_DISPATCH_H

#include "kernel.h"

typedef struct nll_isa {
    const char *name;
    uint32_t need;               /* nll_cpu_flags() bits */
    const nll_fn *fn[NLL_TYPES]; /* [kernel]; NULL entry: not built for that type */
} nll_isa;

/* i-th, best first; "scalar" is last.  NULL past the end. */
const nll_isa *nll_isa_at(size_t i);
/* 1 if this machine can run it. */
int nll_isa_can_run(const nll_isa *isa);
/* The one in use: one acquire load.  Never NULL. */
const nll_isa *nll_isa_current(void);

#endif
