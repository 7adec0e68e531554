/* demo.c: nll demo DIR: real data without a download.
 *
 * A byte-level language model is trained on one text of examples/ and predicts each byte of
 * another; DIR/logits.npy are its log-probabilities, DIR/targets.npy the bytes themselves.  The
 * files are the same on every machine: the model uses + * / alone and the logarithm is the
 * library's. */
#include "args.h"
#include "commands.h"
#include "error.h"
#include "ngram.h"
#include "output.h"
#include "place.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char training_name[] = "genesis.txt", scored_name[] = "mark.txt";

struct text {
    unsigned char *bytes;
    size_t size;
};

static int read_open_text(FILE *file, const char *path, struct text *text) {
    long size = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET))
        return fail(EX_NOINPUT, "%s: cannot be read: %s", path, strerror(errno));
    if (size == 0)
        return fail(EX_DATAERR, "%s: expected a text, found an empty file; install it again", path);
    text->bytes = malloc((size_t)size);
    if (!text->bytes) return fail_memory();
    text->size = fread(text->bytes, 1, (size_t)size, file);
    if (text->size != (size_t)size)
        return fail(EX_NOINPUT, "%s: cannot be read: %s", path, strerror(errno));
    return 0;
}

/* Reads the file if there is one; bytes stay NULL if there is none. */
static int read_text(const char *dir, const char *name, struct text *text) {
    char *path;
    if (asprintf(&path, "%s/%s", dir, name) < 0) return fail_memory();
    FILE *file = fopen(path, "rb");
    int code = file ? read_open_text(file, path, text) : 0;
    if (file) fclose(file);
    free(path);
    return code;
}

static void drop_text(struct text *text) {
    free(text->bytes);
    *text = (struct text){NULL, 0};
}

/* Both texts from the first place that has them: NLL_EXAMPLES, the build tree (the texts lie beside
 * the program), an installation that was moved, the installation. */
static int find_texts(struct text *training, struct text *scored) {
    char program[PATH_MAX], moved[PATH_MAX + 32] = "";
    const char *chosen = getenv("NLL_EXAMPLES");
    bool known = program_dir(program);
    if (known) snprintf(moved, sizeof moved, "%s/../share/nll/examples", program);
    const char *places[] = {chosen, known ? program : NULL, known ? moved : NULL, NLL_EXAMPLES_DIR};
    for (size_t i = 0; i < (chosen ? 1 : sizeof places / sizeof places[0]); i++) {
        if (!places[i]) continue;
        int code = read_text(places[i], training_name, training);
        if (!code) code = read_text(places[i], scored_name, scored);
        if (code || (training->bytes && scored->bytes)) return code;
        drop_text(training);
        drop_text(scored);
    }
    return fail(EX_NOINPUT,
                "%s: expected the texts %s and %s there, found none; "
                "set NLL_EXAMPLES to the folder examples/ of the source",
                chosen ? chosen : NLL_EXAMPLES_DIR, training_name, scored_name);
}

static int predict(const struct ngram *model, const struct text *text, const nll_out *logits,
                   const nll_out *targets) {
    float *row = logits->data;
    unsigned char *target = targets->data;
    for (size_t i = 0; i < text->size; i++, row += NGRAM_BYTES) {
        double p[NGRAM_BYTES];
        target[i] = text->bytes[i];
        ngram_predict(model, text->bytes, i, p);
        if (nll_vlog(NGRAM_BYTES, nll_view_1d(p, NLL_F64, NGRAM_BYTES),
                     nll_out_1d(row, NLL_F32, NGRAM_BYTES)) != NLL_OK)
            return fail(EX_SOFTWARE, "cannot take logarithms; please report this");
    }
    return 0;
}

static int write_files(struct outputs *outputs, const char *dir, const struct ngram *model,
                       const struct text *text) {
    char *paths[2] = {NULL, NULL};
    nll_out logits, targets;
    int code = outputs_make_dir(outputs, dir);
    if (!code && (asprintf(&paths[0], "%s/logits.npy", dir) < 0 ||
                  asprintf(&paths[1], "%s/targets.npy", dir) < 0))
        code = fail_memory();
    if (!code) code = outputs_add(outputs, paths[0], NLL_F32, text->size, NGRAM_BYTES, &logits);
    if (!code) code = outputs_add(outputs, paths[1], NLL_U8, text->size, 0, &targets);
    if (!code) code = predict(model, text, &logits, &targets);
    if (!code) code = outputs_commit(outputs);
    free(paths[0]);
    free(paths[1]);
    return code;
}

static int demo(struct outputs *outputs, const char *dir) {
    struct text training = {NULL, 0}, scored = {NULL, 0};
    int code = find_texts(&training, &scored);
    struct ngram *model = code ? NULL : ngram_train(training.bytes, training.size);
    if (!code && !model) code = fail_memory();
    if (!code) code = write_files(outputs, dir, model, &scored);
    if (!code)
        printf("trained on %s (%zu bytes): each byte from the %d before, Witten-Bell smoothing\n"
               "predicted  %s (%zu bytes); this scores the predictions:\n\n"
               "nll score categorical --logits %s/logits.npy --target %s/targets.npy --bytes %zu\n",
               training_name, training.size, NGRAM_ORDER, scored_name, scored.size, dir, dir,
               scored.size);
    ngram_free(model);
    drop_text(&training);
    drop_text(&scored);
    return code;
}

int command_demo(int argc, char **argv) {
    static const struct arg_command command = {
        "demo",
        "DIR",
        "Writes DIR/logits.npy (float32 [n, 256]) and DIR/targets.npy (uint8 [n]): the predictions "
        "of a byte-level language model for a real text, and prints the command that scores them.",
        NULL,
        0,
        1};
    const char *dir = NULL;
    bool done = false;
    struct outputs outputs;
    int code = args_parse(&command, argc, argv, 2, NULL, &dir, &done);
    if (code || done) return code;
    code = outputs_begin(&outputs);
    if (code) return code;
    code = demo(&outputs, dir);
    outputs_end(&outputs);
    return code;
}
