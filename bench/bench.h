/* bench.h: what the benchmark program's C files share. */
#ifndef NLL_BENCH_H
#define NLL_BENCH_H

#include "dispatch.h"

#include <stddef.h>
#include <stdint.h>

typedef struct bench_options {
    int quick;    /* the short set */
    size_t cache; /* bytes of the last-level cache */
    size_t dram;  /* bytes that a benchmark of DRAM size goes through */
    size_t check; /* elements that are compared with the scalar path at most */
} bench_options;
extern bench_options bench;

/* Registration, in this order. */
void roofs_register(void);
void kernels_register(void);
void models_register(void);
void axis_register(void);

/* The instruction sets to measure, best first: those that run here; with --quick the `most` best.
 */
const nll_isa *bench_isa(size_t i, size_t most);
const nll_isa *bench_scalar(void);
/* Says what went wrong and ends the program. */
_Noreturn void bench_fail(const char *name, const char *why);
/* Fails unless the two hold the same bytes. */
void bench_same(const char *name, const char *what, const void *got, const void *want, size_t size);
/* How many comparisons there were. */
extern unsigned long bench_compared;
/* Text for good, from a format. */
const char *bench_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* data.c: inputs, random but the same in every run; outputs and their scalar twins.  Addresses
 * stay; an array grows to the largest size asked for, and every byte of it has been written. */
enum data_kind {
    DATA_REAL, /* bell-shaped, standard deviation about 3 */
    DATA_UNIT, /* (0, 1) */
    DATA_POS,  /* [1/2, 4) */
    DATA_INT,  /* 0 .. 15 */
    DATA_F16,
    DATA_BF16, /* both: random signs and mantissas, magnitudes 1/8 .. 8 */
    DATA_KINDS
};
/* n numbers; arrays of different slots are different. */
const void *data_in(unsigned slot, enum data_kind kind, enum nll_type type, size_t n);
/* n labels below cols. */
const int64_t *data_labels(size_t cols, size_t n);
/* Numbers for each of n rows of kernels: coefficients of gradients, scales and slopes of pairs of
 * rows, as fit rows of some thousand normal logits. */
enum row_kind { ROWS_COEF, ROWS_PAIR, ROWS_SLOPES, ROW_KINDS };
const double *data_rows(enum row_kind kind, size_t n);
void *data_out(unsigned slot, size_t bytes);       /* slot < DATA_OUTS */
void *data_reference(unsigned slot, size_t bytes); /* likewise */
void *data_roof(unsigned slot, size_t bytes);      /* slot < 2 */
enum { DATA_OUTS = 9 };
/* 64 random bits of a counter. */
uint64_t data_bits(uint64_t i);

/* roof.c: what the memory does for hand-written loops on as many bytes, one thread. */
enum roof_pattern { ROOF_READ, ROOF_COPY, ROOF_NT_COPY, ROOF_UPDATE, ROOF_PATTERNS };
/* Bytes per second of a job that has to read and to write so many bytes: reads that exceed the
 * writes at the read roof; the rest at the better copy roof or, in place, at the update roof.
 * Measured now (or within the last fraction of a second). */
double roof_of(double read, double written, int in_place);

/* machine.c */
/* Rate of the time-stamp counter, measured; 0 where there is none. */
double machine_tick_rate(void);
size_t machine_cache(void);
size_t machine_memory(void);
void machine_context(void);

#endif
