/* batch.h: a job for any kernel, made from its descriptor, run between guard pages and compared. */
#ifndef NLL_TESTS_BATCH_H
#define NLL_TESTS_BATCH_H

#include "dispatch.h"
#include "guard.h"
#include "kernel.h"

enum { BATCH_SLOTS = 2 * NLL_SLOTS }; /* inputs, then outputs */

/* What to ask.  The seed decides the numbers and, unless BATCH_PLAIN, what is constant, repeated,
 * left out, carried on, and how far rows lie apart. */
enum {
    BATCH_PLAIN = 1,    /* all inputs and outputs, one number per element, no carry */
    BATCH_ALIASABLE = 2 /* may be run in place: see batch_can_alias */
};
struct batch_case {
    unsigned kernel;
    enum nll_type type;
    size_t rows, cols;
    uint64_t seed;
    unsigned flags;
};

/* A matrix of numbers in memory, or nothing (image NULL). */
struct batch_slot {
    uint8_t kind;                  /* enum nll_slot; 0: none */
    size_t size;                   /* bytes of a number */
    size_t rows, cols;             /* as stored: a repeated row counts once */
    ptrdiff_t ld;                  /* numbers from row to row; negative: the last row lies first */
    size_t bytes;                  /* of the whole */
    unsigned char *image;          /* the bytes before a run */
    unsigned char *after, *expect; /* outputs: the bytes after a run, and after batch_expect */
};

struct batch {
    struct batch_case what;
    const nll_desc *desc;
    nll_job job;
    struct batch_slot slot[BATCH_SLOTS];
    int alias_out, alias_in; /* job.out[...] that may lie on job.in[...]; -1: none */
};

/* Where to put it.  Slot s lies (offset + skew * s) numbers off its guard page, modulo 64 bytes. */
struct batch_place {
    enum guard_side side;
    unsigned offset, skew;
    int in_place;
};

void batch_make(struct batch *b, const struct batch_case *what);
void batch_free(struct batch *b);

/* Number (r, c) of an image. */
unsigned char *batch_at(const struct batch_slot *s, unsigned char *image, size_t r, size_t c);

/* Runs fn on it.  NULL, or what it did that no kernel may do: write next to an output, between its
 * rows or into an input, or leave a NaN other than the canonical one. */
const char *batch_run(struct batch *b, nll_fn fn, const struct batch_place *place);
/* The same, and remembers the outputs. */
const char *batch_expect(struct batch *b, nll_fn fn);
/* The same as batch_run, and compares the outputs with those remembered, bit by bit.  Numbers at
 * column `except` of inputs with one number per element may differ; SIZE_MAX: none. */
const char *batch_check(struct batch *b, nll_fn fn, const struct batch_place *place);
const char *batch_check_except(struct batch *b, nll_fn fn, const struct batch_place *place,
                               size_t except);

/* Facts from descriptors. */
int batch_has_type(unsigned kernel, enum nll_type type);
int batch_can_alias(const nll_desc *d);
/* One output number per element, and nothing from one element to the next. */
int batch_is_elementwise(const nll_desc *d);
/* Rows of classes, one below the other or side by side. */
int batch_has_rows(const nll_desc *d);
/* ... of which job.ld[1] tells how many went before, where they are gone on with. */
int batch_counts_columns(const nll_desc *d);
/* A row's outputs are sums or maxima that `carry` goes on with. */
int batch_can_carry(const nll_desc *d);
/* Largest cols that the family allows. */
size_t batch_max_cols(const nll_desc *d);

const nll_isa *batch_scalar(void);
/* fn of a kernel on the scalar backend: the oracle for bits. */
nll_fn batch_oracle(unsigned kernel, enum nll_type type);

/* After this a crash says which batch was running. */
void batch_report_crashes(void);

#endif
