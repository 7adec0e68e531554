/* seqtable.h: the figures of each sequence as a file: JSON, CSV or NumPy records. */
#ifndef NLL_TOOL_SEQTABLE_H
#define NLL_TOOL_SEQTABLE_H

#include "output.h"

enum seqtable_column { ST_NLL, ST_WEIGHT, ST_MEAN, ST_PERPLEXITY, ST_ERROR, ST_BITS, ST_COLUMNS };

struct seqtable {
    size_t count;
    int64_t *tokens;
    double *column[ST_COLUMNS]; /* ST_BITS may be NULL */
};

/* Memory for `count` sequences; bits: with bits per byte. */
int seqtable_new(struct seqtable *table, size_t count, bool bits);
void seqtable_free(struct seqtable *table);
/* 64 unless the name ends in .json, .csv or .npy. */
int seqtable_check(const char *path);
/* Adds the file that the ending asks for. */
int seqtable_write(const struct seqtable *table, const char *path, struct outputs *outputs);

#endif
