/* kernel.h: what a kernel is: its job, its descriptor, its number, its name.
 *
 * A kernel is a function void(const nll_job *) that works on contiguous numbers of the compute type
 * T (float or double) and calls nothing outside its own translation unit (SLEEF for lgamma apart).
 * Fetching, converting, striding, weighting, threads and error checks are the callers' affair. */
#ifndef NLL_KERNEL_H
#define NLL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum nll_family {
    UNARY = 1, /* out0[j] = f(in0[j]),  j < cols; rows is 1 */
    MAP, /* out0[j] = loss, out1.. = scale[j] * derivatives, of in0[j], in1[j], ...; rows is 1.
            The last input is the scale.  Bit k of `constant`: in[k] points to one number for
            all j.  The derivatives are all gradients, then all curvatures: see shape/map.h */
    ROW, /* rows x cols; comments beside each kernel in kernels/dist and kernels/row */
    TRANSPOSE, /* out0[r * out_ld[0] + c] = in0[c * ld[0] + r], r < rows, c < cols: rows that lie
                  side by side as rows one below the other */
    LOSS,      /* rows x cols, which are taken together: no columns apart */
    FINISH,    /* per-row numbers of the categorical model, all double, cols of them; rows is 1 */
    TOTAL,     /* rows blocks of cols numbers each, at most NLL_BLOCK */
    CONVERT,   /* out0[j] = in0[j] in another storage type; lines ld[0] and out_ld[0] apart */
    BINARY     /* out0[j] = f(in0[j], in1[j]),  j < cols; rows is 1 */
};

/* What a slot of a job holds: X_ one number per element, R_ per row.  The rest of the name is the
 * domain that test inputs are drawn from (inputs) or the element type (outputs). */
enum nll_slot {
    X_REAL = 1, /* T, any */
    X_INT,      /* T, an integer */
    X_UNIT,     /* T, in [0, 1] */
    X_POS,      /* T, > 0 */
    X_WEIGHT,   /* T, >= 0; for ROW kernels NULL is allowed where the kernel says so */
    X_COUNT,    /* T, an integer >= 0 */
    X_POWER,    /* T, in (1, 2) */
    X_SCALE,    /* T, any finite */
    X_F16,      /* uint16_t */
    X_BF16,     /* uint16_t */
    R_HOLE,     /* int64_t: a column that the row is taken without, or -1; NULL: none */
    R_ANCHOR,   /* T, finite: subtracted from the row; NULL: nothing is (row_dot: required) */
    R_VALUE,    /* T, any */
    R_COEF,     /* double[4] per row: {f, k, s, top}, see row_softmax_grad */
    R_EXPONENT, /* T, an integer: the power of two that a row's sums are scaled down by */
    R_CAP,      /* double[2] for all rows: {softcap or 0, temperature} */
    R_PAIR,     /* double[8] per row: the scales of two rows, see row/divergence.h */
    R_SLOPES,   /* double[8] per row: coefficients of gradients, see row/divergence_rows.h */
    X_OUT,      /* output, T */
    X_EXTRA,    /* output, T, that few calls ask for; tests/golden.txt has its bits apart */
    X_KEPT,     /* output, T, in which any NaN may be: it stays within the library, or the caller
                   sees to it that there is none */
    R_OUT,      /* output, T */
    R_F64,      /* output, double */
    R_I64,      /* output, int64_t */
    R_SUMS      /* output, double[6]: three sums, each with its rounding errors */
};

enum { NLL_SLOTS = 9, NLL_PARAMETERS = 2 };

typedef struct nll_job {
    size_t rows, cols;
    const void *in[NLL_SLOTS];
    ptrdiff_t ld[NLL_SLOTS]; /* X_ inputs of ROW kernels: elements from row to row, 0 repeats;
                                TRANSPOSE: from class to class; CONVERT: from line to line;
                                TOTAL: from block to block */
    void *out[NLL_SLOTS];    /* NULL: not wanted (where the kernel allows it) */
    ptrdiff_t out_ld[NLL_SLOTS];
    uint32_t constant;          /* MAP and TOTAL: bit k: in[k] points to a single element */
    double par[NLL_PARAMETERS]; /* numbers for the whole job: see the kernel */
    uint32_t carry;             /* ROW sums and maxima: not 0: go on from the values in out[] */
} nll_job;

typedef void (*nll_fn)(const nll_job *);

/* par[0] of TRANSPOSE: which of the two is the array in memory, the other being scratch: the input;
 * the output; the output, past the caches. */
enum { TRANSPOSE_IN, TRANSPOSE_OUT, TRANSPOSE_STREAM };

enum { NLL_LOSS_COLS = 16 }; /* columns of LOSS, at most: one is a vector of floats */

/* row_softmax_pass: U, and what R - k may be for gradients of all their bits.  The largest term is
 * about f 2^(R - k), and kept ones are 0 from 2^-(127 + U) (1023 + U) of it on: so small a gradient
 * is 0 up to MOST.  From LEAST on the factor 2^(R - k - U) is normal. */
enum {
    NLL_PASS_UP_F32 = 60,
    NLL_PASS_LEAST_F32 = NLL_PASS_UP_F32 - 126,
    NLL_PASS_MOST_F32 = NLL_PASS_UP_F32 - 25,
    NLL_PASS_UP_F64 = 400,
    NLL_PASS_LEAST_F64 = NLL_PASS_UP_F64 - 1022,
    NLL_PASS_MOST_F64 = NLL_PASS_UP_F64 - 54
};

/* Compute types, as table index. */
enum nll_type { NLL_TYPE_F32, NLL_TYPE_F64, NLL_TYPES };

/* Elements of one block: the unit of every sum over elements or rows (numerics: reduce.h). */
enum { NLL_BLOCK = 512 };

enum nll_kernel {
#define NLL_K(id, ...) NLL_K_##id,
#include "kernels.def"
#undef NLL_K
    NLL_KERNELS
};

/* One row of kernels.def. */
typedef struct nll_desc {
    const char *name;
    enum nll_family family;
    unsigned types; /* bit 1 << nll_type */
    uint8_t in[NLL_SLOTS];
    uint8_t out[NLL_SLOTS];
    double ulp[NLL_TYPES];
} nll_desc;
extern const nll_desc nll_descs[NLL_KERNELS];

#define NLL_CAT4_(a, b, c, d) a##b##c##d
#define NLL_CAT4(a, b, c, d) NLL_CAT4_(a, b, c, d)
/* nll_exp_avx512_f32, ...: NLL_ISA_SUFFIX and NLL_T_SUFFIX come from vec/vec.h. */
#define NLL_SYM(id) NLL_CAT4(nll_, id, NLL_ISA_SUFFIX, NLL_T_SUFFIX)

#endif
