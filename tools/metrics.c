/* metrics.c: see metrics.h. */
#include "metrics.h"
#include "error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BRIER, ECE, ENTROPY, RANK, MARGIN, CONFIDENCE, LSE, P_TARGET };

#define AT(field) offsetof(nll_categorical_args, field)
static const struct {
    const char *name, *label;
    size_t member; /* 0: made of others */
    bool target;   /* needs class indices */
    bool nats;
} table[METRICS] = {[BRIER] = {"brier", "Brier score", AT(brier), true, false},
                    [ECE] = {"ece", "ECE, 15 bins", 0, true, false},
                    [ENTROPY] = {"entropy", "entropy", AT(entropy), false, true},
                    [RANK] = {"rank", "rank of target", AT(rank), true, false},
                    [MARGIN] = {"margin", "margin", AT(margin), true, true},
                    [CONFIDENCE] = {"confidence", "confidence", AT(confidence), false, false},
                    [LSE] = {"lse", "log-sum-exp", AT(lse), false, true},
                    [P_TARGET] = {"p_target", "p of target", AT(p_target), true, false}};
#undef AT

static int read_names(struct metrics *m, const char *text) {
    const char *names[METRICS];
    for (size_t i = 0; i < METRICS; i++) names[i] = table[i].name;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ","), index;
        char *word = strndup(at, length);
        if (!word) return fail_memory();
        int code = args_word("metrics", word, names, METRICS, &index);
        free(word);
        if (code) return code;
        m->wanted[index] = true;
        at += length;
        if (!*at) return 0;
    }
}

int metrics_open(struct metrics *m, const struct binding *b) {
    const char *list = bind_text(b, "metrics");
    *m = (struct metrics){.count = 0};
    if (bind_text(b, "metrics-out") && !list)
        return fail(EX_USAGE, "--metrics-out needs --metrics, which names what to write");
    int code = list ? read_names(m, list) : 0;
    for (size_t i = 0; i < METRICS && !code; i++)
        if (m->wanted[i] && table[i].target && !bind_labels(b))
            code = fail(EX_USAGE,
                        "--metrics: '%s' compares with one target class per row; "
                        "give --target, or leave it out",
                        table[i].name);
    return code;
}

static bool needed(const struct metrics *m, size_t i) {
    return m->wanted[i] || (m->wanted[ECE] && (i == CONFIDENCE || i == RANK));
}

int metrics_outputs(struct metrics *m, const struct binding *b, struct outputs *outputs,
                    nll_dtype compute, void *args) {
    const char *dir = bind_text(b, "metrics-out");
    size_t rows = b->end - b->begin;
    int code = dir ? outputs_make_dir(outputs, dir) : 0;
    for (size_t i = 0; i < METRICS && !code; i++) {
        if (!needed(m, i) || !table[i].member) continue;
        nll_dtype type = i == RANK ? NLL_I64 : compute;
        char *path;
        if (dir && m->wanted[i]) {
            if (asprintf(&path, "%s/%s.npy", dir, table[i].name) < 0) return fail_memory();
            code = outputs_add_steps(outputs, path, type, rows, b->steps, 0, &m->out[i]);
            free(path);
        } else {
            m->heap[i] = calloc(rows ? rows : 1, nll_dtype_size(type));
            if (!m->heap[i]) return fail_memory();
            m->out[i] = nll_out_1d(m->heap[i], type, rows);
        }
        *(nll_out *)(void *)((char *)args + table[i].member) = m->out[i];
    }
    return code;
}

static double element(const nll_out *out, size_t i) {
    return out->dtype == NLL_I64   ? (double)((const int64_t *)out->data)[i]
           : out->dtype == NLL_F64 ? ((const double *)out->data)[i]
                                   : (double)((const float *)out->data)[i];
}

/* Sum of non-negative or mixed numbers with its rounding errors kept (Neumaier). */
struct sum {
    double total, lost;
};
static void sum_add(struct sum *s, double x) {
    double t = s->total + x;
    if (isfinite(t)) s->lost += fabs(s->total) >= fabs(x) ? (s->total - t) + x : (x - t) + s->total;
    s->total = t;
}
static double sum_of(const struct sum *s) {
    return isfinite(s->total) ? s->total + s->lost : s->total;
}

/* Mean over the `count` rows that are not ignored: those add 0. */
static double mean_of(const nll_out *out, double count) {
    struct sum s = {0, 0};
    for (size_t i = 0; i < out->rows; i++) sum_add(&s, element(out, i));
    return sum_of(&s) / count;
}

/* Mean over the rows that have a rank. */
static double mean_rank(const nll_out *out) {
    const int64_t *rank = out->data;
    struct sum s = {0, 0};
    size_t count = 0;
    for (size_t i = 0; i < out->rows; i++) {
        if (rank[i] < 0) continue;
        sum_add(&s, (double)rank[i]);
        count++;
    }
    return sum_of(&s) / (double)count;
}

/* sum_b |hits_b - confidences_b| / rows over bins ((b - 1) / 15, b / 15] of the confidence. */
static double calibration_error(const nll_out *confidence, const nll_out *rank, double count) {
    enum { BINS = 15 };
    struct sum gap[BINS] = {{0, 0}}, all = {0, 0};
    for (size_t i = 0; i < confidence->rows; i++) {
        double p = element(confidence, i), up = ceil(p * BINS);
        if (isnan(p)) return p;
        size_t b = up <= 1 ? 0 : up >= BINS ? BINS - 1 : (size_t)up - 1;
        sum_add(&gap[b], element(rank, i) == 0 ? 1 - p : -p);
    }
    for (size_t b = 0; b < BINS; b++) sum_add(&all, fabs(sum_of(&gap[b])));
    return sum_of(&all) / count;
}

static struct figure *add(struct metrics *m, const char *key, const char *label, double value) {
    struct figure *f = &m->figures[m->count++];
    *f = (struct figure){.value = value};
    snprintf(f->key, sizeof f->key, "%s", key);
    snprintf(f->label, sizeof f->label, "%s", label);
    return f;
}

void metrics_finish(struct metrics *m, const struct binding *b, const nll_result *result) {
    double count = (double)result->count;
    long long k = bind_count(b, "top-k");
    for (size_t i = 0; i < METRICS; i++) {
        if (!m->wanted[i]) continue;
        double value = i == ECE    ? calibration_error(&m->out[CONFIDENCE], &m->out[RANK], count)
                       : i == RANK ? mean_rank(&m->out[RANK])
                                   : mean_of(&m->out[i], count);
        add(m, table[i].name, table[i].label, value)->nats = table[i].nats;
    }
    if (!k) return;
    char label[METRIC_NAME];
    snprintf(label, sizeof label, "top-%lld", k);
    add(m, "top_k_accuracy", label, (double)result->top_k_correct / count)->percent = true;
}

void metrics_close(struct metrics *m) {
    for (size_t i = 0; i < METRICS; i++) free(m->heap[i]);
}
