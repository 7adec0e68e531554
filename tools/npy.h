/* npy.h: the header of NumPy's .npy files, versions 1 to 3.
 *
 *     "\x93NUMPY"  major minor  header length (2 bytes; 4 from version 2 on)  header
 *
 * where the header is a Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } */
#ifndef NLL_TOOL_NPY_H
#define NLL_TOOL_NPY_H

#include <nll/nll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NPY_RECORDS = 512, NPY_DIMS = 32, NPY_MESSAGE = 256, NPY_SHAPE_TEXT = 96 };

struct npy {
    nll_dtype dtype; /* NLL_ABSENT: two raw bytes per element ("V2"), as bfloat16 is saved */
    size_t item;     /* bytes per element */
    bool swapped;    /* the other byte order than this machine's */
    bool fortran;    /* first index fastest */
    int dims;
    size_t shape[NPY_DIMS];
    size_t count; /* elements; count * item does not overflow */
    size_t data;  /* offset of the first element in the file */
};

/* Reads the header of a file of `size` bytes.  Nothing in it is trusted: on success the data fill
 * the file exactly.  On failure writes "expected ..., found ...; what to do" into message. */
bool npy_parse(const unsigned char *file, size_t size, struct npy *npy, char message[NPY_MESSAGE]);

/* "(3, 4)"; many dimensions are cut short. */
void npy_shape_text(const struct npy *npy, char text[NPY_SHAPE_TEXT]);

/* Writes the header for a C-order array of this machine's byte order into `header` and returns its
 * length, a multiple of 64.  cols 0 makes a 1-D array; steps > 0 splits the rows into two axes. */
enum { NPY_HEADER = 192 };
size_t npy_format(char header[NPY_HEADER], nll_dtype dtype, size_t rows, size_t steps, size_t cols);
/* The same for a 1-D array of records: descr is Python's list of ('name', '<f8'). */
size_t npy_format_records(char header[NPY_RECORDS], const char *descr, size_t rows);
/* '<' or '>': this machine's. */
char npy_byte_order(void);

#endif
