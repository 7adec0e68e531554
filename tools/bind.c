/* bind.c: see bind.h. */
#include "bind.h"
#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_array(const struct flag *flag) { return flag->form >= MATRIX && flag->form <= KLD; }

const struct input *bind_lists(const struct binding *b) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (b->model->flags[i].form == LIST_LABELS && b->values[i]) return &b->inputs[i];
    return NULL;
}

/* What flag i is once it is open, the other flags given. */
static enum form form_of(const struct binding *b, size_t i) {
    const struct flag *flag = &b->model->flags[i];
    return flag->form == KLD                                       ? MATRIX
           : flag->form == MATRIX && flag->listed && bind_lists(b) ? LIST
                                                                   : flag->form;
}

size_t bind_columns(const struct binding *b, size_t i) {
    enum form form = form_of(b, i);
    return form == MATRIX ? b->cols : form == LIST || form == LIST_LABELS ? b->list : 0;
}

/* A .kld file brings its targets along. */
static bool brings_labels(const struct model *model, const char *const *values) {
    for (size_t i = 0; i < model->flag_count; i++)
        if (model->flags[i].form == KLD && values[i]) return true;
    return false;
}

/* "--logits, --log-probs or --probs": flag i and the alternatives after it. */
static void list_choice(const struct model *model, size_t i, char *text, size_t size) {
    const struct flag *flags = model->flags;
    size_t last = i, used = (size_t)snprintf(text, size, "--%s", flags[i].name);
    for (size_t j = i + 1; flags[i].choice && j < model->flag_count; j++)
        if (flags[j].choice == flags[i].choice) last = j;
    for (size_t j = i + 1; j <= last && used < size; j++)
        if (flags[j].choice == flags[i].choice)
            used += (size_t)snprintf(text + used, size - used, "%s--%s", j == last ? " or " : ", ",
                                     flags[j].name);
}

/* True if flag i is the first of its alternatives. */
static bool is_first(const struct model *model, size_t i) {
    for (size_t j = 0; model->flags[i].choice && j < i; j++)
        if (model->flags[j].choice == model->flags[i].choice) return false;
    return true;
}

void bind_needed(const struct model *model, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < model->flag_count; i++) {
        if (!model->flags[i].required || !is_first(model, i) || used + 2 >= size) continue;
        if (used) used += (size_t)snprintf(text + used, size - used, "; ");
        list_choice(model, i, text + used, size - used);
        used += strlen(text + used);
    }
}

/* One flag of each required choice, and no two alternatives. */
static int check_choices(const struct model *model, const char *const *values) {
    for (size_t i = 0; i < model->flag_count; i++) {
        const struct flag *flag = &model->flags[i];
        bool given = values[i];
        for (size_t j = 0; flag->choice && j < model->flag_count; j++) {
            if (j == i || model->flags[j].choice != flag->choice) continue;
            given |= values[j] != NULL;
            if (values[i] && values[j])
                return fail(EX_USAGE, "--%s and --%s are alternatives; give one of them",
                            flag->name, model->flags[j].name);
        }
        char list[160];
        list_choice(model, i, list, sizeof list);
        given |= flag->form == LABELS && brings_labels(model, values);
        if (flag->required && !given && is_first(model, i))
            return fail(EX_USAGE, "missing %s; see 'nll %s %s --help'", list, model->command,
                        model->name);
    }
    return 0;
}

/* Lists are pairs: classes, and their probabilities. */
static int check_lists(const struct binding *b) {
    const struct model *model = b->model;
    const char *index = NULL, *probs = NULL, *tail = NULL;
    for (size_t i = 0; i < model->flag_count; i++) {
        const struct flag *flag = &model->flags[i];
        if (!b->values[i]) continue;
        if (flag->form == LIST_LABELS) index = flag->name;
        if (flag->form == LIST || (flag->form == MATRIX && flag->listed)) probs = flag->name;
        if (flag->form == LIST || (flag->form == WORD && flag->listed)) tail = flag->name;
    }
    if (tail && !index)
        return fail(EX_USAGE, "--%s needs --target-index, which names the classes", tail);
    if (index && !probs)
        return fail(EX_USAGE, "--%s needs --target-probs or --target-log-probs", index);
    return 0;
}

static int read_word(const struct flag *flag, const char *text, long long *number) {
    size_t count = 0, index = 0;
    while (flag->words[count]) count++;
    int code = args_word(flag->name, text, flag->words, count, &index);
    *number = (long long)index;
    return code;
}

static int read_setting(const struct flag *flag, const char *text, double *value) {
    char range[80];
    if (flag->most > 0)
        snprintf(range, sizeof range, "from %g to %g", flag->least, flag->most);
    else
        snprintf(range, sizeof range, "%s %g", flag->open ? "above" : "of at least", flag->least);
    bool good = args_number(text, value) && *value >= flag->least && *value - *value == 0 &&
                !(flag->open && *value == flag->least) && !(flag->most > 0 && *value > flag->most);
    return good ? 0
                : fail(EX_USAGE, "--%s: expected a number %s, found '%s'", flag->name, range, text);
}

/* The rows chosen of .kld files, and the targets that come with them. */
static int read_klds(struct binding *b) {
    const struct model *model = b->model;
    struct input *labels = NULL;
    bool given = false;
    for (size_t i = 0; i < model->flag_count; i++)
        if (model->flags[i].form == LABELS && model->flags[i].required) labels = &b->inputs[i];
    for (size_t i = 0; i < model->flag_count; i++)
        given |= b->values[i] && labels && model->flags[i].choice &&
                 model->flags[i].choice == model->flags[labels - b->inputs].choice;
    int code = 0;
    for (size_t i = 0; i < model->flag_count && !code; i++)
        if (model->flags[i].form == KLD && b->values[i])
            code =
                input_read_kld(&b->inputs[i], &b->klds[i], b->begin, b->end, given ? NULL : labels);
    return code;
}

/* The length of this array must be that of the files before it. */
static int agree(const struct input *input, size_t found, const char *what, size_t *size,
                 const char **from) {
    if (*from && *size != found)
        return fail(EX_DATAERR,
                    "%s: expected %zu %s as in %s, found %zu; give arrays that belong "
                    "together",
                    input->name, *size, what, *from, found);
    if (!*from) *from = input->name;
    *size = found;
    return 0;
}

/* Who said how many rows and classes there are. */
struct sizes {
    const char *rows_from, *cols_from, *list_from;
};

/* An array [b, t, c], or one of [b, t] that goes with it, as rows b * t. */
static int flatten(struct binding *b, struct input *input, enum form form) {
    const size_t *shape = input->npy.shape;
    int axes = form == MATRIX || form == LIST || form == LIST_LABELS ? 3 : 2;
    bool first = form == MATRIX && !b->steps;
    if (!b->model->offsets || form == CLASSES || input->npy.dims != axes) return 0;
    if (!first && (!b->steps || shape[0] != b->batch || shape[1] != b->steps)) return 0;
    if (input->npy.fortran)
        return fail(EX_DATAERR,
                    "%s: expected C order of an array with sequences, found Fortran "
                    "order; save it with numpy.ascontiguousarray",
                    input->name);
    if (first && shape[1] == 0)
        return fail(EX_DATAERR, "%s: expected at least one step, found none; save it again",
                    input->name);
    if (first) {
        b->batch = shape[0];
        b->steps = shape[1];
    }
    input_flatten(input);
    return 0;
}

static int check_shape(struct binding *b, struct input *input, enum form form,
                       struct sizes *sizes) {
    if (!input->name || input->single) return 0;
    int code = flatten(b, input, form);
    if (code) return code;
    static const char *const shapes[] = {
        [MATRIX] = "[n, c]", [COLUMN] = "[n]",  [LABELS] = "[n]",
        [CLASSES] = "[c]",   [LIST] = "[n, k]", [LIST_LABELS] = "[n, k]"};
    bool list = form == LIST || form == LIST_LABELS;
    code = input_want_dims(input, form == MATRIX || list ? 2 : 1, shapes[form]);
    if (code) return code;
    if (form != CLASSES)
        code = agree(input, input->npy.shape[0], "rows", &b->rows, &sizes->rows_from);
    if (!code && form == MATRIX && input->npy.shape[1] == 0)
        code = fail(EX_DATAERR, "%s: expected at least one class, found none; save the array again",
                    input->name);
    if (!code && form == MATRIX)
        code = agree(input, input->npy.shape[1], "columns", &b->cols, &sizes->cols_from);
    if (!code && list && input->npy.shape[1] == 0)
        code =
            fail(EX_DATAERR, "%s: expected at least one entry per row, found none; save it again",
                 input->name);
    if (!code && list)
        code = agree(input, input->npy.shape[1], "columns", &b->list, &sizes->list_from);
    if (!code && form == CLASSES)
        code = agree(input, input->npy.shape[0], "classes", &b->cols, &sizes->cols_from);
    return code;
}

static int check_shapes(struct binding *b) {
    struct sizes sizes = {NULL, NULL, NULL};
    bool classes = false;
    /* Matrices first: an array of one entry per class must fit them, not the reverse. */
    static const enum form order[] = {MATRIX, LIST_LABELS, LIST, COLUMN, LABELS, CLASSES};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (size_t i = 0; i < b->model->flag_count; i++)
            if (form_of(b, i) == order[k]) {
                int code = check_shape(b, &b->inputs[i], order[k], &sizes);
                if (code) return code;
                classes |= order[k] == MATRIX;
            }
    int code = check_shape(b, &b->sample_weight, COLUMN, &sizes);
    if (code) return code;
    if (bind_lists(b) && !sizes.list_from)
        return fail(EX_USAGE, "the length of the lists is unknown; give a file [n, k]");
    if (classes && !sizes.cols_from)
        return fail(EX_USAGE, "the number of classes is unknown; give a file [n, c]");
    b->literal = !sizes.rows_from;
    if (b->literal) b->rows = 1;
    return 0;
}

int bind_open(struct binding *b, const struct model *model, const char *const *values,
              const struct settings *settings) {
    *b = (struct binding){.model = model, .values = values};
    int code = check_choices(model, values);
    if (!code) code = check_lists(b);
    for (size_t i = 0; i < model->flag_count && !code; i++) {
        const struct flag *flag = &model->flags[i];
        if (!values[i]) continue;
        if (flag->form == SETTING)
            code = read_setting(flag, values[i], &b->numbers[i]);
        else if (flag->form == INDEX)
            code = args_integer(flag->name, values[i], INT64_MIN, INT64_MAX, &b->integers[i]);
        else if (flag->form == WORD)
            code = read_word(flag, values[i], &b->integers[i]);
        else if (flag->form == COUNT)
            code = args_integer(flag->name, values[i], 1, INT64_MAX, &b->integers[i]);
    }
    for (size_t i = 0; i < model->flag_count && !code; i++) {
        const struct flag *flag = &model->flags[i];
        if (!values[i] || !is_array(flag)) continue;
        if (flag->form == KLD)
            code = input_open_kld(&b->inputs[i], &b->klds[i], flag->name, values[i]);
        else
            code = input_open(&b->inputs[i], flag->name, values[i],
                              flag->form == LABELS || flag->form == LIST_LABELS ? INPUT_INTEGER
                                                                                : INPUT_REAL,
                              settings->bf16);
        b->wide |= b->inputs[i].dtype == NLL_F64;
    }
    if (!code && settings->sample_weight)
        code = input_open(&b->sample_weight, "sample-weight", settings->sample_weight, INPUT_REAL,
                          settings->bf16);
    if (!code) code = check_shapes(b);
    b->end = b->rows;
    if (!code && settings->rows) { /* the slice of the first axis */
        size_t step = b->steps ? b->steps : 1;
        code = settings_rows(settings->rows, b->rows / step, &b->begin, &b->end);
        b->begin *= step;
        b->end *= step;
    }
    return code ? code : read_klds(b);
}

void bind_close(struct binding *b) {
    for (size_t i = 0; i < FLAGS_MOST; i++) input_close(&b->inputs[i]);
    input_close(&b->sample_weight);
}

static nll_view view_of(const struct binding *b, const struct input *input, enum form form,
                        size_t begin, size_t end) {
    if (!input->name) return (nll_view){.dtype = NLL_ABSENT};
    if (!input->single)
        return form == CLASSES ? input_rows(input, 0, b->cols) : input_rows(input, begin, end);
    bool vector = form == COLUMN || form == CLASSES;
    if (vector && input->dtype == NLL_NUMBER && !b->literal) return nll_number(input->number);
    nll_dtype literal = form == LABELS || form == LIST_LABELS ? NLL_I64
                        : b->wide || b->literal               ? NLL_F64
                                                              : NLL_F32;
    return input_repeat(input, literal, form == CLASSES ? b->cols : end - begin,
                        form == MATRIX                        ? b->cols
                        : form == LIST || form == LIST_LABELS ? b->list
                                                              : 1);
}

void *bind_args(const struct binding *b, const struct settings *settings, size_t begin,
                size_t end) {
    const struct model *model = b->model;
    char *args = calloc(1, model->args_size);
    if (!args) return NULL;
    *(size_t *)(void *)args = model->args_size;
    if (model->rows) *(size_t *)(void *)(args + model->rows) = end - begin;
    for (size_t i = 0; i < model->flag_count; i++) {
        const struct flag *flag = &model->flags[i];
        void *member = args + flag->member;
        if (!b->values[i] && !b->inputs[i].name) continue;
        if (is_array(flag))
            *(nll_view *)member = view_of(b, &b->inputs[i], form_of(b, i), begin, end);
        else if (flag->form == SETTING)
            *(double *)member = b->numbers[i];
        else if (flag->form == INDEX)
            *(int64_t *)member = b->integers[i];
        else if (flag->form == WORD)
            *(int *)member = (int)b->integers[i]; /* an enum */
        else if (flag->form == COUNT)
            *(size_t *)member = (size_t)b->integers[i];
        if (flag->form == INDEX) *(int *)(void *)(args + flag->extra) = 1;
        if (flag->form == SWITCH) *(int *)member = 1;
    }
    const struct input *labels = bind_labels(b);
    if (model->count_correct) *(int *)(void *)(args + model->count_correct) = labels != NULL;
    nll_common *common = (nll_common *)(void *)(args + model->common);
    common->sample_weight = view_of(b, &b->sample_weight, COLUMN, begin, end);
    common->reduction = settings->reduction;
    common->check_domain = settings->check;
    return args;
}

void bind_spans(const struct binding *b, struct ahead *ahead) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (is_array(&b->model->flags[i]) && b->model->flags[i].form != CLASSES)
            input_span(&b->inputs[i], b->begin, b->end, ahead);
    input_span(&b->sample_weight, b->begin, b->end, ahead);
}

double bind_bytes(const struct binding *b) {
    double bytes = input_bytes(&b->sample_weight, b->begin, b->end);
    for (size_t i = 0; i < b->model->flag_count; i++)
        bytes += b->model->flags[i].form == CLASSES ? input_bytes(&b->inputs[i], 0, b->cols)
                                                    : input_bytes(&b->inputs[i], b->begin, b->end);
    return bytes;
}

nll_dtype bind_dtype(const struct binding *b, nll_dtype compute) {
    for (size_t i = 0; i < b->model->flag_count; i++) {
        const struct input *input = &b->inputs[i];
        if (bind_is_file(b, i) && b->model->flags[i].extra && input->dtype >= NLL_F32 &&
            input->dtype <= NLL_BF16)
            return compute == NLL_F64 ? compute : input->dtype;
    }
    return compute;
}

bool bind_is_file(const struct binding *b, size_t i) {
    const struct flag *flag = &b->model->flags[i];
    return (flag->form == MATRIX || flag->form == LIST || flag->form == COLUMN) && b->values[i] &&
           !b->inputs[i].single;
}

const struct input *bind_labels(const struct binding *b) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (b->model->flags[i].form == LABELS && b->inputs[i].name) return &b->inputs[i];
    return NULL;
}

const char *bind_text(const struct binding *b, const char *name) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (b->model->flags[i].form == TEXT && strcmp(b->model->flags[i].name, name) == 0)
            return b->values[i];
    return NULL;
}

long long bind_count(const struct binding *b, const char *name) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (b->model->flags[i].form == COUNT && strcmp(b->model->flags[i].name, name) == 0)
            return b->integers[i];
    return 0;
}

bool bind_switch(const struct binding *b, const char *name) {
    for (size_t i = 0; i < b->model->flag_count; i++)
        if (b->model->flags[i].form == SWITCH && strcmp(b->model->flags[i].name, name) == 0)
            return b->values[i];
    return false;
}
