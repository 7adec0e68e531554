/* bench.h: what the benchmark program's C files share. */
#ifndef NLL_BENCH_H
#define NLL_BENCH_H

#include "dispatch.h"
#include "nll/nll.h"

#include <stddef.h>
#include <stdint.h>

/* options.c: what was asked for. */
typedef struct bench_options {
    int quick;           /* the short set */
    int plain;           /* names without the instruction set */
    int list;            /* names alone */
    const char *json;    /* file for the results, or NULL */
    const nll_isa *best; /* the one that the library chooses, NLL_MAX_ISA heeded */
    size_t cache;        /* bytes of the last-level cache */
    size_t dram;         /* bytes that a benchmark of DRAM size goes through */
    size_t check;        /* elements that are compared with the scalar path at most */
} bench_options;
extern bench_options bench;

enum bench_list { LIST_MODEL, LIST_KERNEL, LIST_ISA, LIST_TYPE, LIST_SHAPE, LIST_THREADS, LISTS };
/* Was the option given?  Is the word in its list, or the option absent? */
int options_given(enum bench_list list);
int options_chosen(enum bench_list list, const char *word);
/* Reads argv, which must have room; flags of Google Benchmark go to others[].  0 or the exit code;
 * *done: the help has been printed. */
int options_read(int argc, char **argv, char **others, int *other_count, int *done);

typedef struct bench_shape {
    unsigned dims;
    int brief;
    size_t dim[3]; /* dim[0] = 0: as many as fill the DRAM size */
} bench_shape;
/* The i-th with so many dimensions, NULL past the last. */
const bench_shape *bench_shape_at(unsigned dims, size_t i);
/* The i-th thread count, 0 past the last.  Unless --threads says otherwise: 1 and, where `more`,
 * powers of two up to the number of CPUs and that number (the short set: that number alone). */
int bench_threads(size_t i, int more);
/* Lends so many threads; NULL for 1. */
const nll_executor *bench_executor(int threads);

/* Registration, in this order. */
void roofs_register(void);
void peaks_register(void);
void kernels_register(void);
void models_register(void);
void axis_register(void);
/* Names for --model, NULL past the last. */
const char *models_name(size_t i);
const char *axis_name(size_t i);

/* main.c */
/* Sets what `bench` says of the machine. */
void bench_sizes(void);
/* The instruction sets to measure, best first: those asked for, else those that run here and
 * NLL_MAX_ISA admits; with
 * --quick the `most` best of these. */
const nll_isa *bench_isa(size_t i, size_t most);
const nll_isa *bench_scalar(void);
/* The scalar path is there for its bits, not for its speed: measured at few sizes, unless asked
 * for or alone. */
int bench_only_for_bits(const nll_isa *isa);
/* WHAT/TYPE/ISA/HOW/SIZE, and /threads:N for more than one. */
const char *bench_name(const char *what, const char *type, const char *isa, const char *how,
                       const char *size, int threads);
/* Says what went wrong and ends the program: with EXIT_DIFFERENT for other bits than the scalar
 * path's, EX_USAGE for what cannot be measured as asked, EX_SOFTWARE for the rest. */
_Noreturn void bench_fail(int code, const char *name, const char *why);
_Noreturn void bench_no_memory(void);
/* Text for good, from a format. */
const char *bench_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* compare.c: outputs against those of the scalar path, and their digests. */
/* Begins the comparisons of one benchmark. */
void compare_begin(void);
/* Fails unless the two hold the same bytes. */
void compare(const char *name, const char *what, const void *got, const void *want, size_t size);
/* Digest of all outputs since compare_begin, for good. */
const char *compare_end(void);
/* How many comparisons there were. */
unsigned long compare_count(void);
/* The digest of `nll selftest`, found equal on all instruction sets that are measured. */
const char *compare_numerics(void);

/* data.c: inputs, random but the same in every run; outputs and their scalar twins.  Addresses
 * stay; an array grows to the largest size asked for, and every byte of it has been written. */
enum data_kind {
    DATA_REAL, /* bell-shaped, standard deviation about 3 */
    DATA_UNIT, /* (0, 1) */
    DATA_PART, /* (0, 1/16): 16 of them are less than 1 */
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
/* n / cols rows of numbers above 0 that sum to 1, but for rounding. */
const void *data_simplex(size_t cols, enum nll_type type, size_t n);
/* Numbers for each of n rows of kernels: coefficients of gradients, scales and slopes of pairs of
 * rows, as fit rows of some thousand normal logits. */
enum row_kind { ROWS_COEF, ROWS_PAIR, ROWS_SLOPES, ROW_KINDS };
const double *data_rows(enum row_kind kind, size_t n);
void *data_out(unsigned slot, size_t bytes);       /* slot < DATA_OUTS */
void *data_reference(unsigned slot, size_t bytes); /* likewise */
void *data_roof(unsigned slot, size_t bytes);      /* slot < 2 */
enum { DATA_OUTS = 9 };
/* Largest size of an array in bytes. */
size_t data_limit(void);
/* 64 random bits of a counter. */
uint64_t data_bits(uint64_t i);

/* roof.c: what the memory does for hand-written loops on as many bytes. */
enum roof_pattern { ROOF_READ, ROOF_COPY, ROOF_NT_COPY, ROOF_UPDATE, ROOF_PATTERNS };
/* Bytes per second of a job that has to read and to write so many bytes on so many threads: reads
 * that exceed the writes at the read roof; the rest at the better copy roof or, in place, at the
 * update roof.  Measured now (or within the last fraction of a second). */
double roof_of(double read, double written, int in_place, int threads);

/* machine.c */
/* Rate of the time-stamp counter, measured; 0 where there is none. */
double machine_tick_rate(void);
/* Bytes of the last-level caches of all CPUs together. */
size_t machine_cache(void);
size_t machine_memory(void);
/* Adds the machine, the library and how both were found to every report. */
void machine_context(double tick_rate, const char *digest);

#endif
