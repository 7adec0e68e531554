/* snapshot.c: everything a call writes. */
#include "snapshot.h"

#include "support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static nll_out output(struct snapshot *s, int k, unsigned wanted, const char *what, nll_dtype type,
                      size_t rows, size_t cols) {
    if (!(wanted & 1u << k)) return (nll_out){0};
    s->what[k] = what;
    s->bytes[k] = rows * cols * nll_dtype_size(type);
    s->data[k] = new_array(type, rows * cols);
    return nll_out_2d(s->data[k], type, rows, cols);
}

struct snapshot snap_categorical(const nll_categorical_args *args, nll_dtype row, nll_dtype grad,
                                 unsigned wanted) {
    nll_categorical_args a = *args;
    struct snapshot s = {.r = {.struct_size = sizeof s.r}};
    const nll_view *x = !is_absent(&a.logits)      ? &a.logits
                        : !is_absent(&a.log_probs) ? &a.log_probs
                                                   : &a.probs;
    size_t n = x->rows, c = x->cols;
    if (!is_absent(&a.target)) wanted &= ~(unsigned)SNAP_GRAD2;
    if (is_absent(&a.target)) wanted &= ~(unsigned)(SNAP_P | SNAP_RANK | SNAP_MARGIN | SNAP_BRIER);
    if (a.tail == NLL_TAIL_BUCKET) wanted &= ~(unsigned)(SNAP_HESS | SNAP_HVP);
    if (is_absent(&a.vector)) wanted &= ~(unsigned)SNAP_HVP;
    if (is_absent(&a.logits)) wanted &= ~(unsigned)SNAP_LSE;
    a.nll = output(&s, 0, wanted, "nll", row, n, 1);
    a.grad = output(&s, 1, wanted, "grad", grad, n, c);
    size_t k = is_absent(&a.target_index) ? c : a.target_index.cols;
    a.grad_target_probs = output(&s, 2, wanted, "grad_target_probs", grad, n, k);
    a.lse = output(&s, 3, wanted, "lse", row, n, 1);
    a.mode = output(&s, 4, wanted, "mode", NLL_I64, n, 1);
    a.p_target = output(&s, 5, wanted, "p_target", row, n, 1);
    a.rank = output(&s, 6, wanted, "rank", NLL_I64, n, 1);
    a.margin = output(&s, 7, wanted, "margin", row, n, 1);
    a.entropy = output(&s, 8, wanted, "entropy", row, n, 1);
    a.confidence = output(&s, 9, wanted, "confidence", row, n, 1);
    a.weight = output(&s, 11, wanted, "weight", row, n, 1);
    a.hess = output(&s, 12, wanted, "hess", grad, n, c);
    a.hvp = output(&s, 13, wanted, "hvp", grad, n, c);
    a.brier = output(&s, 10, wanted, "brier", row, n, 1);
    s.status = nll_categorical(&a, &s.r);
    return s;
}

struct snapshot snap_bernoulli(const nll_bernoulli_args *args, nll_dtype row, nll_dtype grad,
                               unsigned wanted) {
    nll_bernoulli_args a = *args;
    struct snapshot s = {.r = {.struct_size = sizeof s.r}};
    a.nll = output(&s, 0, wanted, "nll", row, a.rows, 1);
    a.grad = output(&s, 1, wanted, "grad", grad, a.rows, 1);
    a.mode = output(&s, 4, wanted, "mode", row, a.rows, 1);
    s.status = nll_bernoulli(&a, &s.r);
    return s;
}

struct snapshot snap_gaussian(const nll_gaussian_args *args, nll_dtype row, nll_dtype grad,
                              unsigned wanted) {
    nll_gaussian_args a = *args;
    struct snapshot s = {.r = {.struct_size = sizeof s.r}};
    if (is_absent(&a.scale) && is_absent(&a.var) && is_absent(&a.log_scale) &&
        is_absent(&a.log_var))
        wanted &= ~(unsigned)SNAP_GRAD2;
    a.nll = output(&s, 0, wanted, "nll", row, a.rows, 1);
    a.grad_loc = output(&s, 1, wanted, "grad_loc", grad, a.rows, 1);
    a.grad_spread = output(&s, 2, wanted, "grad_spread", grad, a.rows, 1);
    a.mode = output(&s, 4, wanted, "mode", row, a.rows, 1);
    s.status = nll_gaussian(&a, &s.r);
    return s;
}

struct snapshot snap_kl(const nll_kl_args *args, nll_dtype row, nll_dtype grad, unsigned wanted) {
    nll_kl_args a = *args;
    struct snapshot s = {.r = {.struct_size = sizeof s.r}};
    const nll_view *x = !is_absent(&a.p_logits)      ? &a.p_logits
                        : !is_absent(&a.p_log_probs) ? &a.p_log_probs
                                                     : &a.p_probs;
    a.divergence = output(&s, 0, wanted, "divergence", row, x->rows, 1);
    a.grad_p = output(&s, 1, wanted, "grad_p", grad, x->rows, x->cols);
    a.grad_q = output(&s, 2, wanted, "grad_q", grad, x->rows, x->cols);
    s.status = nll_kl(&a, &s.r);
    return s;
}

void snap_compare(const struct snapshot *a, const struct snapshot *b, const char *label) {
    cr_expect_eq(a->status, b->status, "%s: status %s, not %s", label, nll_status_string(a->status),
                 nll_status_string(b->status));
    for (int k = 0; k < SNAP_OUTPUTS; k++) {
        if (!a->data[k] || !b->data[k]) continue;
        const unsigned char *p = a->data[k], *q = b->data[k];
        size_t i = 0;
        while (i < a->bytes[k] && p[i] == q[i]) i++;
        cr_expect(i == a->bytes[k], "%s: %s differs at byte %zu of %zu", label, a->what[k], i,
                  a->bytes[k]);
    }
    const nll_result *r = &a->r, *s = &b->r;
    cr_expect(r->rows == s->rows && r->count == s->count && r->ignored == s->ignored &&
                  r->nonfinite == s->nonfinite && r->correct == s->correct &&
                  r->top_k_correct == s->top_k_correct && r->bad_row == s->bad_row &&
                  r->compute == s->compute,
              "%s: counts differ", label);
    cr_expect(same_bits(r->sum, s->sum), "%s: sum %a, not %a", label, r->sum, s->sum);
    cr_expect(same_bits(r->mean, s->mean), "%s: mean %a, not %a", label, r->mean, s->mean);
    cr_expect(same_bits(r->value, s->value), "%s: value %a, not %a", label, r->value, s->value);
    cr_expect(same_bits(r->weight_sum, s->weight_sum), "%s: weight_sum %a, not %a", label,
              r->weight_sum, s->weight_sum);
}

void snap_free(struct snapshot *s) {
    for (int k = 0; k < SNAP_OUTPUTS; k++) free(s->data[k]);
    memset(s, 0, sizeof *s);
}
