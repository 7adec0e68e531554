/* bind.h: from the flags of one model to a filled argument struct. */
#ifndef NLL_TOOL_BIND_H
#define NLL_TOOL_BIND_H

#include "input.h"
#include "model.h"
#include "settings.h"

struct binding {
    const struct model *model;
    const char *const *values;       /* text given for each flag of the model, or NULL */
    struct input inputs[FLAGS_MOST]; /* those that are arrays */
    double numbers[FLAGS_MOST];      /* those that are SETTINGs */
    long long integers[FLAGS_MOST];  /* those that are INDEXes or CHOICEs */
    struct kld klds[FLAGS_MOST];     /* of those that are .kld files */
    struct input sample_weight;
    size_t rows, cols;   /* of the files; cols 0 for models without classes */
    size_t list;         /* entries of LISTs; 0: none */
    size_t begin, end;   /* rows chosen */
    size_t batch, steps; /* arrays [b, t, c] are rows b * t; 0: two axes */
    bool literal;        /* no file at all: numbers are computed in double */
    bool wide;           /* doubles are among the inputs: so are repeated numbers */
};

/* Checks which flags are given, opens the files and makes their shapes agree. */
int bind_open(struct binding *binding, const struct model *model, const char *const *values,
              const struct settings *settings);
/* "--loc; --target": what the model cannot do without. */
void bind_needed(const struct model *model, char *text, size_t size);
void bind_close(struct binding *binding);

/* A new argument struct for rows [begin, end), without outputs; NULL when out of memory. */
void *bind_args(const struct binding *binding, const struct settings *settings, size_t begin,
                size_t end);

/* Bytes of input that a call on the rows chosen reads. */
/* What a call over the rows chosen reads from first to last. */
void bind_spans(const struct binding *b, struct ahead *ahead);
double bind_bytes(const struct binding *binding);
/* What to call the type of the data: that of the first parameter that is a file of floating-point
 * numbers, unless there is none or the computation is wider: then that of the computation. */
nll_dtype bind_dtype(const struct binding *binding, nll_dtype compute);
/* True if flag i is a matrix or a column, given as an array. */
bool bind_is_file(const struct binding *binding, size_t i);
/* The input that holds class indices, or NULL. */
const struct input *bind_labels(const struct binding *binding);

/* The columns of flag i's array: classes, entries of a list, or 0 for arrays of one axis. */
size_t bind_columns(const struct binding *binding, size_t i);
/* The input that holds lists of class indices, or NULL. */
const struct input *bind_lists(const struct binding *binding);
/* True if the flag of form SWITCH is given. */
bool bind_switch(const struct binding *binding, const char *name);
/* The text given for a flag of form TEXT, and the number given for one of form COUNT; NULL and 0 if
 * it is not given or the model has none of that name. */
const char *bind_text(const struct binding *binding, const char *name);
long long bind_count(const struct binding *binding, const char *name);

#endif
