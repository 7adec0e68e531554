/* model.h: the models as the command line knows them, one table row each.
 *
 * A row says which flags the model takes, which member of its argument struct each flag fills, and
 * where the outputs go; everything else (files, checks, broadcasting, gradients, help) is done from
 * the table.  Distributions of the library's own table (nll_distribution_at) need nothing here:
 * their rows are made from it.  To add another model: one array of flags, one CALL and one row of
 * models.c. */
#ifndef NLL_TOOL_MODEL_H
#define NLL_TOOL_MODEL_H

#include <nll/nll.h>
#include <stdbool.h>
#include <stddef.h>

/* What a flag takes. */
enum form {
    MATRIX = 1,  /* reals [n, c]; a number is repeated */
    COLUMN,      /* reals [n] or a number */
    LABELS,      /* integers [n] or an integer */
    CLASSES,     /* reals [c] or a number */
    LIST,        /* reals [n, k] beside LIST_LABELS */
    LIST_LABELS, /* integers [n, k] */
    KLD,         /* a .kld file: log-probs [n, c], and its tokens as LABELS where none are given */
    SETTING,     /* a number: a double of the struct */
    INDEX,       /* an integer: an int64_t, with an int that says it is given */
    COUNT,       /* a whole number of at least 1: a size_t */
    TEXT,        /* not for the library: see bind_text */
    SWITCH,      /* takes nothing: an int */
    WORD         /* one of `words`: an enum, their number */
};

struct flag {
    const char *name;
    enum form form;
    const char *help;
    /* Flags of one model with the same choice are alternatives: at most one is given, and exactly
     * one if they are required.  0: on its own. */
    int choice;
    bool required;
    bool listed;   /* of a MATRIX: a LIST if LIST_LABELS are given; of a WORD: only with them */
    bool open;     /* of a SETTING: least itself is excluded */
    size_t member; /* offset in the argument struct: nll_view, double or int64_t */
    size_t extra;  /* offset of the gradient's nll_out, or of the int of an INDEX; 0: none */
    size_t hess, fisher; /* offsets of the nll_outs of second derivative and information; 0: none */
    double least, most;  /* range of a SETTING; most 0: no upper bound */
    const char *arg;     /* what the help calls the value; NULL: by form */
    const char *const *words; /* of a WORD, ended by NULL */
};

struct model {
    const char *name;
    const char *about;
    const struct flag *flags;
    size_t flag_count;
    nll_status (*call)(const void *args, nll_result *result); /* NULL: of `distribution` */
    const nll_distribution *distribution;
    nll_status (*call_of)(const nll_distribution *distribution, const void *args,
                          nll_result *result);
    size_t args_size;
    size_t common, nll;          /* offsets */
    size_t mode, mean, variance; /* likewise; 0: none */
    size_t rows;                 /* offset of size_t rows, 0: none */
    size_t count_correct;        /* offset of the int that asks for the accuracy, 0: none */
    /* Offsets of the views of sequences and of the row weights' output; 0: the model knows none. */
    size_t offsets, lengths, weight;
    const char *command; /* whose model it is: "score", or "kl-dist" */
    bool labels_mode;    /* mode is a class index */
    bool wide_mode;      /* mode has a number for each class */
    bool perplexity;     /* exp(mean) means something */
};

/* The models of a command: rows of models.c, then those that the library's table makes. */
struct catalogue {
    const char *command;
    const struct model *rows;
    size_t count;
    const nll_distribution *(*at)(size_t i);
    nll_status (*call_of)(const nll_distribution *distribution, const void *args,
                          nll_result *result);
};
extern const struct catalogue score_models, kl_models;

/* Name and description of the i-th model; false past the end. */
bool model_list(const struct catalogue *c, size_t i, const char **name, const char **about);
nll_status model_call(const struct model *model, const void *args, nll_result *result);
enum { FLAGS_MOST = 32 };

/* The model of that name, or NULL after an error line; *code is 64, or 69 if it is not built. */
const struct model *model_find(const struct catalogue *c, const char *name, int *code);

#endif
