/* kernels.c: every kernel of kernels.def as a benchmark, from its descriptor, on data that fit L1
 * and on data that do not fit any cache.
 *
 *   kernel/NAME/TYPE/ISA/lean|full|curved/L1|DRAM
 * lean: optional inputs and outputs left out (losses without gradients, softmax gradients of index
 * targets); full: with them; curved: with the Hessian's diagonal too.  Rows have 1000 classes,
 * those of kernels for few of them 10. */
#include "bench.h"

#include "cpu.h"
#include "gbench.h"

#include <stdlib.h>
#include <string.h>

enum { L1_BYTES = 16384, CLASSES = 1000, FEW_CLASSES = 10 };

typedef struct kernel_case {
    const char *name;
    enum nll_kernel kernel;
    enum nll_type type;
    const nll_isa *isa;
    int full;           /* 2: with the extra outputs */
    const char *digest; /* of the outputs once they have been compared */
    size_t n;           /* elements: rows * cols */
    double read, written;
    nll_job job;
} kernel_case;

static int has_rows(enum nll_kernel k) {
    unsigned family = nll_descs[k].family;
    return family == ROW || family == LOSS || family == TRANSPOSE;
}

static size_t classes(enum nll_kernel k) {
    return nll_descs[k].family == LOSS ? FEW_CLASSES : CLASSES;
}

/* Is this input or output one that the kernel can do without? */
static int optional_in(enum nll_kernel k, uint8_t slot) {
    int inner = k == NLL_K_row_inner;
    int gradient = k == NLL_K_row_softmax_grad;
    return has_rows(k) && ((slot == R_ANCHOR && k != NLL_K_row_dot) ||
                           (slot == X_WEIGHT && gradient) || (slot == X_SCALE && inner));
}
static int optional_out(enum nll_kernel k, unsigned i) {
    return (i > 0 && (nll_descs[k].family == MAP || k == NLL_K_row_softcap)) ||
           (i == 0 && nll_descs[k].family == LOSS);
}
static int left_out(const kernel_case *c, unsigned i) {
    return optional_out(c->kernel, i) && c->full < (nll_descs[c->kernel].out[i] == X_EXTRA ? 2 : 1);
}
/* One number for all elements, as most calls of the models have it. */
static int constant_in(const kernel_case *c, unsigned i) {
    uint8_t slot = nll_descs[c->kernel].in[i];
    enum nll_family family = nll_descs[c->kernel].family;
    return (family == MAP && (slot == X_SCALE || slot == X_WEIGHT)) ||
           (family == TOTAL && slot == X_WEIGHT && !c->full);
}

static int has_variants(enum nll_kernel k) {
    for (unsigned i = 0; i < NLL_SLOTS; i++)
        if (nll_descs[k].out[i] == X_EXTRA) return 2;
    for (unsigned i = 0; i < NLL_SLOTS; i++)
        if (optional_in(k, nll_descs[k].in[i]) || (nll_descs[k].out[i] && optional_out(k, i)))
            return 1;
    return nll_descs[k].family == TOTAL;
}

static const char *const full_names[] = {"lean", "full", "curved"};
static const char *const type_names[] = {"f32", "f64"}, *const sizes[] = {"L1", "DRAM"};

static size_t type_size(enum nll_type type) { return type == NLL_TYPE_F32 ? 4 : 8; }

/* Bytes per element of a slot; those per row do not count for the sizes. */
static size_t slot_size(uint8_t slot, enum nll_type type) {
    if (slot == X_F16 || slot == X_BF16) return 2;
    int number =
        (slot >= X_REAL && slot <= X_SCALE) || slot == X_OUT || slot == X_EXTRA || slot == X_KEPT;
    return number ? type_size(type) : 0;
}

/* Bytes of an output. */
static size_t out_size(const kernel_case *c, const nll_job *job, unsigned i) {
    uint8_t slot = nll_descs[c->kernel].out[i];
    size_t rows =
        nll_descs[c->kernel].family == TOTAL ? (job->cols + NLL_BLOCK - 1) / NLL_BLOCK : job->rows;
    if (!slot || !job->out[i]) return 0;
    if (slot == R_OUT) return rows * type_size(c->type);
    if (slot == R_F64 || slot == R_I64) return rows * 8;
    if (slot == R_SUMS) return rows * 48;
    return job->rows * job->cols * slot_size(slot, c->type);
}

/* Per-row inputs: made once, shared. */
static const void *row_input(const kernel_case *c, uint8_t slot, unsigned i, size_t rows) {
    static const double cap[2] = {30, 1.5};
    switch (slot) {
    case R_HOLE: return data_labels(classes(c->kernel), rows);
    case R_CAP: return cap;
    case R_PAIR: return data_rows(ROWS_PAIR, rows);
    case R_SLOPES: return data_rows(ROWS_SLOPES, rows);
    case R_ANCHOR: return data_in(i, DATA_POS, c->type, rows);
    case R_EXPONENT:
    case R_VALUE: return data_in(i, DATA_INT, c->type, rows); /* a value hardly ever found */
    default: return data_rows(ROWS_COEF, rows);
    }
}

static const void *element_input(const kernel_case *c, uint8_t slot, unsigned i, size_t n) {
    enum data_kind kind = slot == X_INT || slot == X_COUNT     ? DATA_INT
                          : slot == X_UNIT || slot == X_WEIGHT ? DATA_UNIT
                          : slot == X_POS || slot == X_POWER   ? DATA_POS
                          : slot == X_F16                      ? DATA_F16
                          : slot == X_BF16                     ? DATA_BF16
                                                               : DATA_REAL;
    return data_in(i, kind, c->type, n);
}

static void bind(kernel_case *c) {
    const nll_desc *d = &nll_descs[c->kernel];
    nll_job *j = &c->job;
    ptrdiff_t line = (ptrdiff_t)j->cols;
    for (unsigned i = 0; i < NLL_SLOTS; i++) {
        if (d->in[i] && (c->full || !optional_in(c->kernel, d->in[i]))) {
            int per_row = d->in[i] >= R_HOLE && d->in[i] <= R_SLOPES;
            size_t n = constant_in(c, i) ? 1 : c->n;
            j->in[i] =
                per_row ? row_input(c, d->in[i], i, j->rows) : element_input(c, d->in[i], i, n);
            /* TRANSPOSE: from class to class */
            j->ld[i] = per_row ? 0 : d->family == TRANSPOSE ? (ptrdiff_t)j->rows : line;
            if (constant_in(c, i)) j->constant |= 1u << i;
        }
        if (!d->out[i] || left_out(c, i)) continue;
        j->out_ld[i] = line;
        j->out[i] = j; /* wanted: see out_size */
        j->out[i] = data_out(i, out_size(c, j, i));
    }
}

/* Of a TOTAL kernel a row is a block. */
static void call(const kernel_case *c, const nll_isa *isa, const nll_job *job) {
    nll_fn fn = isa->fn[c->type][c->kernel];
    if (nll_descs[c->kernel].family != TOTAL) {
        fn(job);
        return;
    }
    nll_job j = *job;
    size_t whole = job->cols / NLL_BLOCK, rest = job->cols % NLL_BLOCK;
    j.rows = whole;
    j.cols = NLL_BLOCK;
    j.ld[0] = j.ld[1] = NLL_BLOCK;
    fn(&j);
    for (unsigned k = 0; k < 2; k++) {
        size_t gone = job->constant >> k & 1 ? 0 : whole * NLL_BLOCK;
        j.in[k] = (const char *)job->in[k] + gone * type_size(c->type);
        j.out[k] = (char *)job->out[k] + whole * 8;
    }
    j.rows = rest != 0;
    j.cols = rest;
    fn(&j);
}

/* The first bench.check elements again, on the scalar path. */
static void check(kernel_case *c) {
    nll_job job = c->job;
    if (!has_rows(c->kernel))
        job.cols = job.cols < bench.check ? job.cols : bench.check;
    else if (job.rows > bench.check / job.cols)
        job.rows = bench.check / job.cols;
    call(c, c->isa, &job);
    nll_job reference = job;
    for (unsigned i = 0; i < NLL_SLOTS; i++)
        if (job.out[i]) reference.out[i] = data_reference(i, out_size(c, &job, i));
    call(c, bench_scalar(), &reference);
    compare_begin();
    for (unsigned i = 0; i < NLL_SLOTS; i++)
        if (job.out[i])
            compare(c->name, bench_text("output %u", i), job.out[i], reference.out[i],
                    out_size(c, &job, i));
    c->digest = compare_end();
}

static double begin(void *ctx) {
    kernel_case *c = ctx;
    if (!c->digest) {
        bind(c);
        check(c);
    }
    return roof_of(c->read, c->written, 0, 1);
}

static void run(void *ctx) {
    const kernel_case *c = ctx;
    call(c, c->isa, &c->job);
}

/* Sizes such that all arrays together take `bytes`. */
static void size_up(kernel_case *c, size_t bytes) {
    const nll_desc *d = &nll_descs[c->kernel];
    size_t read = 0, written = 0;
    for (unsigned i = 0; i < NLL_SLOTS; i++) {
        if ((c->full || !optional_in(c->kernel, d->in[i])) && !constant_in(c, i))
            read += slot_size(d->in[i], c->type);
        if (!left_out(c, i)) written += slot_size(d->out[i], c->type);
    }
    size_t n = bytes / (read + written);
    c->job.cols = has_rows(c->kernel) ? classes(c->kernel) : n;
    c->job.rows = has_rows(c->kernel) ? (n + c->job.cols - 1) / c->job.cols : 1;
    if (nll_descs[c->kernel].family == LOSS) c->job.par[0] = 0.25;
    c->n = c->job.rows * c->job.cols;
    c->read = (double)(read * c->n);
    c->written = (double)(written * c->n);
}

static void add(enum nll_kernel kernel, enum nll_type type, const nll_isa *isa, int full,
                int dram) {
    kernel_case *c = calloc(1, sizeof *c);
    if (!c) bench_no_memory();
    *c = (kernel_case){.kernel = kernel, .type = type, .isa = isa, .full = full};
    c->name = bench_name(bench_text("kernel/%s", nll_descs[kernel].name), type_names[type],
                         isa->name, full_names[full], sizes[dram], 1);
    size_up(c, dram ? bench.dram : L1_BYTES);
    gb_register(&(gb_case){.name = c->name,
                           .items = (double)c->n,
                           .bytes = c->read + c->written,
                           .begin = begin,
                           .run = run,
                           .ctx = c,
                           .error_bound = nll_descs[kernel].ulp[type],
                           .digest = &c->digest});
}

/* All variants of a kernel for one type. */
static void add_all(enum nll_kernel kernel, enum nll_type type) {
    const nll_isa *isa;
    for (size_t i = 0; (isa = bench_isa(i, 1)); i++)
        for (int full = 0; full <= has_variants(kernel); full++)
            for (int dram = 0; dram < 2; dram++) {
                int wanted = dram ? !bench.quick && !bench_only_for_bits(isa) : 1;
                if (options_given(LIST_SHAPE)) wanted = options_chosen(LIST_SHAPE, sizes[dram]);
                if (wanted) add(kernel, type, isa, full, dram);
            }
}

/* They run on the thread that calls them. */
void kernels_register(void) {
    int one_thread = 0;
    for (size_t i = 0; bench_threads(i, 0); i++) one_thread |= bench_threads(i, 0) == 1;
    for (int k = 0; k < NLL_KERNELS && one_thread; k++) {
        enum nll_kernel kernel = (enum nll_kernel)k;
        if (!options_chosen(LIST_KERNEL, nll_descs[k].name)) continue;
        /* without it SLEEF's deterministic functions do not run (nll_vlgamma says so too) */
        if (kernel == NLL_K_lgamma && !(nll_cpu_flags() & NLL_CPU_FMA)) continue;
        for (int t = 0; t < NLL_TYPES; t++) {
            if (!(nll_descs[k].types >> t & 1) || !options_chosen(LIST_TYPE, type_names[t]))
                continue;
            int second = t == NLL_TYPE_F64 && nll_descs[k].types >> NLL_TYPE_F32 & 1;
            if (bench.quick && second && !options_given(LIST_TYPE)) continue;
            add_all(kernel, (enum nll_type)t);
        }
    }
}
