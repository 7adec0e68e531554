/* dispatch.c: one atomic pointer to the instruction set in use; detection on first use. */
#include "dispatch.h"

#include "cpu.h"
#include "nll/nll.h"
#include "nll_config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TABLES(isa) \
    extern const nll_fn nll_table_##isa##_f32[NLL_KERNELS], nll_table_##isa##_f64[NLL_KERNELS];
#define ISA(isa, need) {#isa, need, {nll_table_##isa##_f32, nll_table_##isa##_f64}},

#if NLL_HAVE_AVX512
TABLES(avx512)
#endif
#if NLL_HAVE_AVX2
TABLES(avx2)
#endif
#if NLL_HAVE_NEON
TABLES(neon)
#endif
TABLES(scalar)

static const nll_isa isas[] = {
#if NLL_HAVE_AVX512
    ISA(avx512, NLL_CPU_AVX512)
#endif
#if NLL_HAVE_AVX2
        ISA(avx2, NLL_CPU_AVX2)
#endif
#if NLL_HAVE_NEON
            ISA(neon, NLL_CPU_NEON)
#endif
                ISA(scalar, 0)};

enum { ISAS = sizeof isas / sizeof *isas };

static _Atomic(const nll_isa *) current;

const nll_isa *nll_isa_at(size_t i) { return i < ISAS ? &isas[i] : NULL; }

int nll_isa_can_run(const nll_isa *isa) { return (isa->need & ~nll_cpu_flags()) == 0; }

/* Position in the list, ISAS if it has no such name. */
static size_t find(const char *name) {
    size_t i = 0;
    while (i < ISAS && strcmp(isas[i].name, name) != 0) i++;
    return i;
}

/* The best that runs here, and not better than `cap` where that is a known name. */
static const nll_isa *choose(const char *cap) {
    size_t i = cap ? find(cap) : 0;
    if (i == ISAS) i = 0;
    while (!nll_isa_can_run(&isas[i])) /* scalar, the last, always can */
        i++;
    return &isas[i];
}

const nll_isa *nll_isa_current(void) {
    const nll_isa *p = atomic_load_explicit(&current, memory_order_acquire);
    if (!p) { /* a race stores the same value twice */
        p = choose(getenv("NLL_MAX_ISA"));
        atomic_store_explicit(&current, p, memory_order_release);
    }
    return p;
}

size_t nll_isa_count(void) { return ISAS; }
const char *nll_isa_name(size_t i) { return i < ISAS ? isas[i].name : NULL; }
int nll_isa_runnable(size_t i) { return i < ISAS && nll_isa_can_run(&isas[i]); }
const char *nll_isa_active(void) { return nll_isa_current()->name; }

nll_status nll_isa_select(const char *name) {
    const nll_isa *p = NULL;
    if (name) {
        size_t i = find(name);
        if (i == ISAS || !nll_isa_can_run(&isas[i])) return NLL_E_UNSUPPORTED;
        p = &isas[i];
    }
    atomic_store_explicit(&current, p, memory_order_release);
    return NLL_OK;
}
