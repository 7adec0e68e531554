/* tables.h: stored points with the results they should have (tests/tables/README.md). */
#ifndef NLL_TESTS_TABLES_H
#define NLL_TESTS_TABLES_H

#include <stddef.h>

struct table {
    size_t inputs, outputs;
    size_t floats, points; /* points [0, floats) have inputs that are floats */
    double *x;             /* [points, inputs] */
    long double *v,
        *mag; /* [points, outputs]: value, and what its rounding errors are measured by */
};

/* Reads a table; NULL, or a sentence on what is wrong with the file. */
const char *table_read(struct table *t, const char *path);
/* The same of a file's content. */
const char *table_parse(struct table *t, const unsigned char *data, size_t size);
void table_free(struct table *t);

#endif
