/* kernel_selftest.c: the checks find faults.  Kernels broken on purpose, each in one way that has
 * happened to somebody, go through the checks that real ones go through; each must be caught. */
#include "checks.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- broken versions of the float kernel exp */

static void sound_exp(const nll_job *j) { batch_oracle(NLL_K_exp, NLL_TYPE_F32)(j); }

static void flip(float *y) {
    uint32_t u;
    memcpy(&u, y, sizeof u);
    u ^= *y == *y ? 1u : 0u;
    memcpy(y, &u, sizeof u);
}

static void writes_one_behind(const nll_job *j) {
    sound_exp(j);
    ((float *)j->out[0])[j->cols] = 1;
}
static void writes_one_before(const nll_job *j) {
    sound_exp(j);
    ((float *)j->out[0])[-1] = 1;
}
static void writes_far_behind(const nll_job *j) {
    sound_exp(j);
    ((float *)j->out[0])[j->cols + 300] = 1;
}
static void reads_one_behind(const nll_job *j) {
    (void)((const volatile float *)j->in[0])[j->cols];
    sound_exp(j);
}
static void reads_one_before(const nll_job *j) {
    (void)((const volatile float *)j->in[0])[-1];
    sound_exp(j);
}
static void changes_its_input(const nll_job *j) {
    sound_exp(j);
    if (j->cols && j->in[0] != j->out[0]) ((float *)(uintptr_t)j->in[0])[0] += 1;
}
static void forgets_the_last(const nll_job *j) {
    nll_job less = *j;
    less.cols -= j->cols % 16 == 1;
    sound_exp(&less);
}
static void leaves_a_negative_nan(const nll_job *j) {
    float *y = j->out[0];
    sound_exp(j);
    for (size_t i = 0; i < j->cols; i++)
        if (y[i] != y[i]) y[i] = -y[i];
}
/* Reads an input after its place in the output is written. */
static void breaks_in_place(const nll_job *j) {
    nll_job first = *j;
    sound_exp(j);
    first.cols = j->cols > 0;
    sound_exp(&first);
}
static void wants_alignment(const nll_job *j) {
    sound_exp(j);
    if (j->cols && (uintptr_t)j->in[0] % 64) flip(j->out[0]);
}
/* The special case of one lane is taken for all 16. */
static void looks_at_neighbours(const nll_job *j) {
    const float *x = j->in[0];
    float *y = j->out[0];
    unsigned char special[65536 / 16] = {0};
    for (size_t i = 0; i < j->cols; i++) special[i / 16 % sizeof special] |= x[i] != x[i];
    sound_exp(j);
    for (size_t i = 0; i < j->cols; i++)
        if (special[i / 16 % sizeof special]) flip(&y[i]);
}
/* The tail goes another way than whole vectors. */
static void another_tail(const nll_job *j) {
    sound_exp(j);
    for (size_t i = j->cols - j->cols % 16; i < j->cols; i++) flip((float *)j->out[0] + i);
}
static void takes_a_nan_for_a_number(const nll_job *j) {
    const uint32_t *bits = j->in[0];
    uint32_t x[2000] = {0};
    memcpy(x, bits, (j->cols < 2000 ? j->cols : 2000) * sizeof *x);
    sound_exp(j);
    for (size_t i = 0; i < j->cols && i < 2000; i++)
        if (x[i] == 0x7f800001u) ((float *)j->out[0])[i] = INFINITY;
}

/* ---- the kernel total in other ways: 16 lanes, each an fma chain, folded +8, +4, +2, +1 */

static void total_as(const nll_job *j, int fused, int far_first) {
    const double *x = j->in[0], *w = j->in[1];
    double lane[16] = {0}, sum;
    int64_t bad = 0;
    for (size_t i = 0; i < j->cols; i++) {
        double v = j->constant >> 1 & 1 ? *w : w[i], *s = &lane[i % 16];
        bad += !(fabs(x[i]) < (double)INFINITY);
        if (v != 0) *s = fused ? fma(v, x[i], *s) : *s + v * x[i];
    }
    for (unsigned step = 0; step < 4; step++) {
        unsigned h = far_first ? 8u >> step : 1u << step;
        for (unsigned i = 0; i < 16; i += far_first ? 1 : 2 * h)
            if (i + h < 16 && (!far_first || i < h)) lane[i] += lane[i + h];
    }
    sum = lane[0];
    *(double *)j->out[0] = sum == sum ? sum : (double)NAN;
    *(int64_t *)j->out[1] = bad;
}
static void sound_total(const nll_job *j) { total_as(j, 1, 1); }
static void multiplies_then_adds(const nll_job *j) { total_as(j, 0, 1); }
static void folds_in_another_order(const nll_job *j) { total_as(j, 1, 0); }

/* ---- rows */

static void max_as(const nll_job *j, int nan_wins, float fill) {
    const int64_t *hole = j->in[1];
    float *top = j->out[0];
    for (size_t r = 0; r < j->rows; r++) {
        const float *x = (const float *)j->in[0] + (ptrdiff_t)r * j->ld[0];
        float m = -INFINITY;
        for (size_t c = 0; c < (j->cols + 15) / 16 * 16; c++) {
            float v = c < j->cols ? x[c] : fill;
            if (hole && hole[r] == (int64_t)c) continue;
            m = nan_wins ? m > v ? m : v : v > m ? v : m;
        }
        top[r] = j->carry && !(m > top[r]) ? top[r] : m;
    }
}
static void sound_max(const nll_job *j) { max_as(j, 0, -INFINITY); }
static void max_of_nan(const nll_job *j) { max_as(j, 1, -INFINITY); }
static void tail_of_zeros(const nll_job *j) { max_as(j, 0, 0); }

static void forgets_to_carry(const nll_job *j) {
    nll_job fresh = *j;
    fresh.carry = 0;
    batch_oracle(NLL_K_row_dot, NLL_TYPE_F32)(&fresh);
}
static void hole_off_by_one(const nll_job *j) {
    nll_job off = *j;
    int64_t hole[64];
    for (size_t r = 0; j->in[1] && r < j->rows && r < 64; r++) {
        hole[r] = ((const int64_t *)j->in[1])[r];
        hole[r] += hole[r] >= 0;
        off.in[1] = hole;
    }
    batch_oracle(NLL_K_row_lse, NLL_TYPE_F64)(&off);
}
static void writes_between_rows(const nll_job *j) {
    batch_oracle(NLL_K_row_softcap, NLL_TYPE_F32)(j);
    if (j->rows > 1 && (size_t)llabs((long long)j->out_ld[0]) > j->cols)
        ((float *)j->out[0])[(j->out_ld[0] < 0 ? j->out_ld[0] : 0) + (ptrdiff_t)j->cols] = 0;
}
static void rows_without_gaps(const nll_job *j) {
    nll_job dense = *j;
    dense.ld[0] = (ptrdiff_t)j->cols;
    batch_oracle(NLL_K_row_max, NLL_TYPE_F32)(&dense);
}
static void constants_as_arrays(const nll_job *j) {
    nll_job arrays = *j;
    arrays.constant = 0;
    batch_oracle(NLL_K_gaussian_scale, NLL_TYPE_F32)(&arrays);
}

/* What is worked out once for a constant gets other bits than for each element. */
static void another_constant(const nll_job *j) {
    batch_oracle(NLL_K_gaussian_scale, NLL_TYPE_F32)(j);
    if (j->constant & 2 && j->cols) flip(j->out[0]);
}

/* ---- each through the check that is there for it */

enum outcome {
    PASSES = 0,
    TOLD = 3,   /* the check says so */
    CRASHES = 4 /* a guard page does */
};
static const struct fault {
    const char *name;
    nll_fn fn;
    unsigned kernel;
    enum nll_type type;
    check_fn *check;
    enum outcome want, or ;
} faults[] = {
#define FAULT(fn, kernel, type, check, want, or) \
    { #fn, fn, NLL_K_##kernel, NLL_TYPE_##type, check, want, or }
    FAULT(sound_exp, exp, F32, check_bits, PASSES, PASSES),
    FAULT(sound_exp, exp, F32, check_memory, PASSES, PASSES),
    FAULT(sound_exp, exp, F32, check_lanes, PASSES, PASSES),
    FAULT(sound_exp, exp, F32, check_split, PASSES, PASSES),
    FAULT(sound_exp, exp, F32, check_nan, PASSES, PASSES),
    FAULT(sound_total, total, F64, check_bits, PASSES, PASSES),
    FAULT(sound_max, row_max, F32, check_bits, PASSES, PASSES),
    FAULT(sound_max, row_max, F32, check_memory, PASSES, PASSES),
    FAULT(sound_max, row_max, F32, check_split, PASSES, PASSES),
    FAULT(writes_one_behind, exp, F32, check_memory, TOLD, CRASHES),
    FAULT(writes_one_before, exp, F32, check_memory, TOLD, CRASHES),
    FAULT(writes_far_behind, exp, F32, check_memory, CRASHES, CRASHES),
    FAULT(reads_one_behind, exp, F32, check_memory, CRASHES, CRASHES),
    FAULT(reads_one_before, exp, F32, check_memory, CRASHES, CRASHES),
    FAULT(changes_its_input, exp, F32, check_memory, TOLD, TOLD),
    FAULT(forgets_the_last, exp, F32, check_memory, TOLD, TOLD),
    FAULT(breaks_in_place, exp, F32, check_memory, TOLD, TOLD),
    FAULT(wants_alignment, exp, F32, check_memory, TOLD, TOLD),
    FAULT(leaves_a_negative_nan, exp, F32, check_bits, TOLD, TOLD),
    FAULT(looks_at_neighbours, exp, F32, check_lanes, TOLD, TOLD),
    FAULT(looks_at_neighbours, exp, F32, check_bits, TOLD, TOLD),
    FAULT(another_tail, exp, F32, check_bits, TOLD, TOLD),
    FAULT(another_tail, exp, F32, check_split, TOLD, TOLD),
    FAULT(takes_a_nan_for_a_number, exp, F32, check_nan, TOLD, TOLD),
    FAULT(multiplies_then_adds, total, F64, check_bits, TOLD, TOLD),
    FAULT(folds_in_another_order, total, F64, check_bits, TOLD, TOLD),
    FAULT(max_of_nan, row_max, F32, check_bits, TOLD, TOLD),
    FAULT(tail_of_zeros, row_max, F32, check_bits, TOLD, TOLD),
    FAULT(forgets_to_carry, row_dot, F32, check_bits, TOLD, TOLD),
    FAULT(forgets_to_carry, row_dot, F32, check_split, TOLD, TOLD),
    FAULT(hole_off_by_one, row_lse, F64, check_bits, TOLD, TOLD),
    FAULT(writes_between_rows, row_softcap, F32, check_bits, TOLD, TOLD),
    FAULT(rows_without_gaps, row_max, F32, check_bits, TOLD, CRASHES),
    FAULT(another_constant, gaussian_scale, F32, check_split, TOLD, TOLD),
    FAULT(constants_as_arrays, gaussian_scale, F32, check_bits, TOLD, CRASHES),
};

ParameterizedTestParameters(selftest, faults_are_caught) {
    static int index[sizeof faults / sizeof *faults];
    for (int i = 0; i < (int)(sizeof faults / sizeof *faults); i++) index[i] = i;
    return cr_make_param_array(int, index, sizeof faults / sizeof *faults);
}

/* In a child, so that crashes can be told; its standard error would only confuse.  In full length:
 * what short runs find is a matter of luck. */
ParameterizedTest(int *index, selftest, faults_are_caught, .timeout = 600) {
    const struct fault *f = &faults[*index];
    int status = 0, null = open("/dev/null", O_WRONLY);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        dup2(null, STDERR_FILENO);
        unsetenv("NLL_TEST_QUICK");
        _exit(f->check(f->kernel, f->type, f->fn) ? TOLD : PASSES);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    close(null);
    /* a sanitizer turns the signal into an exit status of its own */
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    enum outcome got = code == PASSES ? PASSES : code == TOLD ? TOLD : CRASHES;
    cr_expect(got == f->want || got == f->or, "%s: outcome %d, expected %d", f->name, (int)got,
              (int)f->want);
}
