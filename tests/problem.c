/* problem.c: ready-made calls. */
#include "problem.h"

#include "gen.h"
#include "pairs.h"
#include "rows.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *keep(struct problem *p, void *data) { return p->data[p->used++] = data; }

static nll_view array(struct problem *p, enum gen_domain domain, nll_dtype type, size_t rows,
                      size_t cols, uint64_t *state) {
    void *x = keep(p, new_array(type, rows * cols));
    for (size_t i = 0; i < rows * cols; i++)
        elem_set(x, type, (ptrdiff_t)i, gen_value(domain, state));
    return nll_view_2d(x, type, rows, cols);
}

/* Lists of 3 classes, 0 to 0.5 of the mass missing but under NLL_TAIL_ERROR. */
static nll_categorical_args sparse_problem(struct problem *p, nll_tail tail, nll_dtype type,
                                           size_t rows, size_t cols, uint64_t *state) {
    enum { K = 3 };
    nll_categorical_args a = {.struct_size = sizeof a, .tail = tail};
    a.logits = array(p, GEN_LOGIT, type, rows, cols, state);
    int64_t *c = keep(p, new_array(NLL_I64, rows * K));
    void *q = keep(p, new_array(type, rows * K));
    for (size_t i = 0; i < rows * K; i++) {
        c[i] = (int64_t)gen_below(cols, state);
        double part = i % K ? 0.25 : tail == NLL_TAIL_ERROR ? 0.5 : 0.125 * (double)(i % 5);
        elem_set(q, type, (ptrdiff_t)i, part);
    }
    a.target_index = nll_view_2d(c, NLL_I64, rows, K);
    a.target_probs = nll_view_2d(q, type, rows, K);
    a.common.sample_weight = array(p, GEN_WEIGHT, NLL_F32, rows, 1, state);
    a.common.grad_output = array(p, GEN_SCALE, NLL_F32, rows, 1, state);
    a.softcap = tail == NLL_TAIL_BUCKET ? 40 : 0;
    a.label_smoothing = tail == NLL_TAIL_RENORMALISE ? 0.125 : 0;
    a.z_loss = 1e-3;
    if (tail != NLL_TAIL_BUCKET) a.vector = array(p, GEN_SCALE, type, rows, cols, state);
    return a;
}

nll_categorical_args categorical_problem(struct problem *p, int which, nll_dtype type, size_t rows,
                                         size_t cols) {
    memset(p, 0, sizeof *p);
    uint64_t state = gen_state(5000 + (uint64_t)which * 64 + rows);
    if (which >= 12) return sparse_problem(p, (nll_tail)(which - 12), type, rows, cols, &state);
    nll_categorical_args a = {.struct_size = sizeof a};
    int form = which % 3, soft = which / 3 % 2, plain = which / 6 % 2;
    nll_view x = array(p, form == 2 ? GEN_UNIT : GEN_LOGIT, type, rows, cols, &state);
    int64_t *y = keep(p, new_array(NLL_I64, rows));
    double *z = new_doubles(rows * cols);
    make_rows(z, y, rows, cols, type, 0, &state);
    if (form == 0) { /* every kind of row, some of them broken */
        for (size_t i = 0; i < rows * cols; i++)
            if (i / cols % 3) elem_set((void *)(uintptr_t)x.data, type, (ptrdiff_t)i, z[i]);
        if (rows > 4) elem_set((void *)(uintptr_t)x.data, type, (ptrdiff_t)(4 * cols), NAN);
        a.logits = x;
    } else if (form == 1) {
        a.log_probs = x;
    } else {
        a.probs = x;
    }
    free(z);
    if (soft) {
        a.target_probs = array(p, GEN_UNIT, type, rows, cols, &state);
    } else {
        a.has_ignore_index = 1;
        a.ignore_index = -100;
        for (size_t i = 0; i < rows; i++)
            if (gen_bits(&state) % 7 == 0) y[i] = -100;
        a.target = nll_view_1d(y, NLL_I64, rows);
        a.count_correct = 1;
        a.top_k = 3;
    }
    a.vector = array(p, GEN_SCALE, type, rows, cols, &state);
    if (plain) return a;
    a.class_weight = array(p, GEN_WEIGHT, NLL_F32, cols, 1, &state);
    a.common.sample_weight = array(p, GEN_WEIGHT, NLL_F32, rows, 1, &state);
    a.common.grad_output = array(p, GEN_SCALE, NLL_F32, rows, 1, &state);
    a.label_smoothing = 0.125;
    if (form == 0) {
        a.z_loss = 1e-3;
        a.temperature = 1.5;
        a.softcap = soft ? 50 : 0;
    }
    return a;
}

nll_bernoulli_args bernoulli_problem(struct problem *p, int which, nll_dtype type, size_t rows) {
    memset(p, 0, sizeof *p);
    uint64_t state = gen_state(6000 + (uint64_t)which * 64 + rows);
    nll_bernoulli_args a = {.struct_size = sizeof a, .rows = rows};
    if (which % 2)
        a.probs = array(p, GEN_UNIT, type, rows, 1, &state);
    else
        a.logits = array(p, GEN_REAL, type, rows, 1, &state);
    a.target = array(p, GEN_UNIT, type, rows, 1, &state);
    if (which / 2 % 2) {
        a.pos_weight = array(p, GEN_WEIGHT, type, rows, 1, &state);
        a.common.sample_weight = array(p, GEN_WEIGHT, NLL_F32, rows, 1, &state);
        a.common.grad_output = array(p, GEN_SCALE, NLL_F32, rows, 1, &state);
        a.label_smoothing = 0.125;
    }
    return a;
}

nll_gaussian_args gaussian_problem(struct problem *p, int which, nll_dtype type, size_t rows) {
    memset(p, 0, sizeof *p);
    uint64_t state = gen_state(7000 + (uint64_t)which * 64 + rows);
    nll_gaussian_args a = {.struct_size = sizeof a, .rows = rows};
    a.loc = array(p, GEN_REAL, type, rows, 1, &state);
    a.target = array(p, GEN_REAL, type, rows, 1, &state);
    nll_view *spread[] = {NULL, &a.scale, &a.var, &a.log_scale, &a.log_var};
    if (which % 5) *spread[which % 5] = array(p, GEN_REAL, type, rows, 1, &state);
    if (which & 1) {
        a.common.sample_weight = array(p, GEN_WEIGHT, NLL_F32, rows, 1, &state);
        a.common.grad_output = array(p, GEN_SCALE, NLL_F32, rows, 1, &state);
    }
    return a;
}

/* A matrix of numbers of one kind of form. */
static nll_view keep_doubles(struct problem *p, const double *x, nll_dtype type, size_t rows,
                             size_t cols) {
    return nll_view_2d(keep(p, to_array(type, rows * cols, x)), type, rows, cols);
}

nll_kl_args kl_problem(struct problem *p, int which, nll_dtype type, size_t rows, size_t cols) {
    memset(p, 0, sizeof *p);
    uint64_t state = gen_state(7600 + (uint64_t)which * 64 + rows);
    nll_kl_args a = {.struct_size = sizeof a, .direction = (nll_direction)(which / 9 % 3)};
    nll_view *views[2][3] = {{&a.p_logits, &a.p_log_probs, &a.p_probs},
                             {&a.q_logits, &a.q_log_probs, &a.q_probs}};
    double *x[2] = {new_doubles(rows * cols), new_doubles(rows * cols)};
    double *u[2] = {new_doubles(rows * cols), new_doubles(rows * cols)};
    make_pairs(x[0], x[1], rows, cols, type, which, &state);
    make_prob_pairs(u[0], u[1], rows, cols, type, which, which % 2, &state);
    if (rows > 4) x[0][4 * cols] = (double)NAN; /* some rows are broken */
    if (rows > 7) x[1][7 * cols] = (double)INFINITY;
    if (rows > 9) u[0][9 * cols] = 1.5;
    for (int k = 0; k < 2; k++) {
        int form = k ? which / 3 % 3 : which % 3;
        for (size_t i = 0; i < rows * cols && form == 1; i++) x[k][i] = x[k][i] > 0 ? -1 : x[k][i];
        *views[k][form] = keep_doubles(p, form == 2 ? u[k] : x[k], type, rows, cols);
    }
    for (int k = 0; k < 2; k++) {
        free(x[k]);
        free(u[k]);
    }
    if (which % 2) {
        a.common.sample_weight = array(p, GEN_WEIGHT, NLL_F32, rows, 1, &state);
        a.common.grad_output = array(p, GEN_SCALE, NLL_F32, rows, 1, &state);
    }
    return a;
}

void problem_free(struct problem *p) {
    for (int i = 0; i < p->used; i++) free(p->data[i]);
    p->used = 0;
}
