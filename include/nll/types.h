/* types.h: status codes, arrays and options shared by all models.  Included by nll.h. */

/* What a call returns.  nll_status_string() gives one sentence for each. */
typedef enum nll_status {
    NLL_OK = 0,
    NLL_E_NULL = -1,         /* a required array or pointer is missing */
    NLL_E_SHAPE = -2,        /* an array's rows or cols differ from the call's */
    NLL_E_STRIDE = -3,       /* an output has a stride that maps two elements to one place */
    NLL_E_DTYPE = -4,        /* an element type that this argument does not take */
    NLL_E_VALUE = -5,        /* an option out of its range, or options that exclude each other */
    NLL_E_LABEL = -6,        /* a class index outside [0, cols); result->bad_row tells the first */
    NLL_E_DOMAIN = -7,       /* checking was asked for and a value is out of its domain */
    NLL_E_ALIAS = -8,        /* an output overlaps an input or output other than exactly */
    NLL_E_OVERFLOW = -9,     /* sizes or strides do not fit the address space */
    NLL_E_MEMORY = -10,      /* the one workspace allocation failed */
    NLL_E_UNSUPPORTED = -11, /* not built, or not runnable on this CPU */
    NLL_E_EMPTY = -12,       /* no counted row, under NLL_EMPTY_ERROR */
    NLL_E_THREADS = -13      /* the system refused to start a thread */
} nll_status;

/* Element types.  Zero means "no array". */
typedef enum nll_dtype {
    NLL_ABSENT = 0,
    NLL_F32 = 1,
    NLL_F64 = 2,
    NLL_F16 = 3,  /* IEEE binary16 */
    NLL_BF16 = 4, /* upper half of a float */
    NLL_I8 = 5,
    NLL_U8 = 6,
    NLL_I16 = 7,
    NLL_U16 = 8,
    NLL_I32 = 9,
    NLL_U32 = 10,
    NLL_I64 = 11,
    NLL_U64 = 12,
    NLL_BOOL = 13,  /* one byte, zero or not */
    NLL_NUMBER = 14 /* no array but the number in .value, for every element */
} nll_dtype;

/* An input array.  Element (i, j) is data[i * row_stride + j * col_stride]. */
typedef struct nll_view {
    const void *data;
    nll_dtype dtype;
    size_t rows, cols; /* cols is 1 for arrays of one entry per row */
    ptrdiff_t row_stride, col_stride;
    double value; /* for NLL_NUMBER alone */
} nll_view;

/* An output array, laid out as nll_view.  All zero: not wanted. */
typedef struct nll_out {
    void *data;
    nll_dtype dtype;
    size_t rows, cols;
    ptrdiff_t row_stride, col_stride;
} nll_out;

/* Contiguous arrays in C order, and one number for all elements. */
nll_view nll_view_1d(const void *data, nll_dtype dtype, size_t rows);
nll_view nll_view_2d(const void *data, nll_dtype dtype, size_t rows, size_t cols);
nll_view nll_number(double value);
nll_out nll_out_1d(void *data, nll_dtype dtype, size_t rows);
nll_out nll_out_2d(void *data, nll_dtype dtype, size_t rows, size_t cols);

/* Bytes of one element; 0 for NLL_ABSENT, NLL_NUMBER and unknown values. */
size_t nll_dtype_size(nll_dtype dtype);
/* "f32", "bf16", "i64", ...; "?" for unknown values.  Static storage. */
const char *nll_dtype_name(nll_dtype dtype);

/* Which scalar the call stands for: nll_result.value, and what `grad` is the gradient of.
 *   MEAN   sum_i w_i l_i / divisor, where divisor is sum_i w_i over counted rows unless given
 *   SUM    sum_i w_i l_i
 *   NONE   no scalar (value is NaN); gradient rows are those of w_i l_i */
typedef enum nll_reduction { NLL_MEAN = 0, NLL_SUM = 1, NLL_NONE = 2 } nll_reduction;

/* What the mean of no counted row is. */
typedef enum nll_empty { NLL_EMPTY_NAN = 0, NLL_EMPTY_ZERO = 1, NLL_EMPTY_ERROR = 2 } nll_empty;

/* Threads, lent by the caller: its own, or those of an nll_pool (threads.h).  parallel_for must
 * call task(arg, begin, end) for disjoint ranges that together cover [0, n), in any order, from any
 * threads, and return when all are done. The ranges it chooses never change a bit of the result. */
typedef void (*nll_task)(void *arg, size_t begin, size_t end);
typedef struct nll_executor {
    void *user;
    void (*parallel_for)(void *user, size_t n, nll_task task, void *arg);
} nll_executor;

/* Options that every model takes.  All zero: mean, no weights, the caller's thread alone. */
typedef struct nll_common {
    nll_view sample_weight; /* [rows], finite and >= 0; a row of weight 0 adds nothing, be it NaN */
    nll_view grad_output;   /* upstream gradient: a number or [rows]; absent means 1 */
    nll_reduction reduction;
    double divisor;   /* for MEAN: 0 means sum of weights, else the caller's own, finite, > 0 */
    nll_empty empty;  /* for MEAN */
    int check_domain; /* not 0: NLL_E_DOMAIN, before any write, where a row would turn to NaN or
                         +inf because a value lies outside its domain or support */
    const nll_executor *executor; /* NULL: run on the calling thread */
} nll_common;

/* What a call found.  Set struct_size before the call; the rest is written by it, also on
 * NLL_E_LABEL and NLL_E_DOMAIN (bad_row). */
typedef struct nll_result {
    size_t struct_size;
    uint64_t rows;      /* rows given */
    uint64_t count;     /* rows that count: not ignored */
    uint64_t ignored;   /* rows whose target is ignore_index */
    uint64_t nonfinite; /* counted rows whose NLL is NaN or infinite */
    uint64_t correct;   /* categorical with index targets: rows whose target is the arg max (the
                           lowest index wins ties); only if categorical_args.count_correct */
    double weight_sum;  /* sum_i w_i over counted rows */
    double sum;         /* sum_i w_i l_i */
    double mean;        /* sum / divisor */
    double value;       /* per reduction */
    int64_t bad_row;    /* first offending row of NLL_E_LABEL or NLL_E_DOMAIN, else -1 */
    nll_dtype compute;  /* NLL_F32 or NLL_F64 */
    /* categorical with top_k > 0: rows whose target is among the top_k largest (rank < top_k) */
    uint64_t top_k_correct;
} nll_result;
