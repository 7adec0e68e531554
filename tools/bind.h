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
    size_t rows, cols; /* of the files; cols 0 for models without classes */
    size_t begin, end; /* rows chosen */
    bool literal;      /* no file at all: numbers are computed in double */
    bool wide;         /* doubles are among the inputs: so are repeated numbers */
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
double bind_bytes(const struct binding *binding);
/* What to call the type of the data: that of the first parameter that is a file of floating-point
 * numbers, unless there is none or the computation is wider: then that of the computation. */
nll_dtype bind_dtype(const struct binding *binding, nll_dtype compute);
/* True if flag i is a parameter with a gradient, given as an array. */
bool bind_has_gradient(const struct binding *binding, size_t i);
/* The input that holds class indices, or NULL. */
const struct input *bind_labels(const struct binding *binding);

#endif
