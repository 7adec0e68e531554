/* sequences.h: from the values of rows to those of sequences.  Included by nll.h.
 *
 * Sequence i is the rows offsets[i] .. offsets[i + 1] - 1, as in a CSR matrix.  A row of weight 0
 * does not count, whatever its value: ignored rows, masks, padding.  nll_categorical writes the
 * weights of its rows on request (nll_categorical_args.weight).
 *
 *   nll             sum_r w_r l_r
 *   weight_sum      sum_r w_r                 count   rows of weight other than 0
 *   mean            nll / weight_sum, NaN if count is 0
 *   perplexity      exp(mean)
 *   standard_error  of the mean, over the rows that count:
 *                   sqrt(count / (count - 1) sum_r w_r^2 (l_r - mean)^2) / weight_sum;
 *                   sqrt(sum (l - mean)^2 / (count (count - 1))) for equal weights; NaN below 2
 *   bits_per_byte   nll / (ln 2 * bytes)
 *
 * All sums are double, over blocks of 512 rows from the start of the sequence and a binary tree
 * over these: bits do not depend on threads, nor on what other sequences there are, and the sum of
 * one sequence of all rows is that of nll_result.  Means of several sequences must not be averaged:
 * add nll and weight_sum instead. */
typedef struct nll_sequences_args {
    size_t struct_size;
    nll_view nll;     /* [rows] NLL_F32 or NLL_F64 */
    nll_view weight;  /* [rows], finite and >= 0, or a number; absent means 1 */
    nll_view offsets; /* [sequences + 1], any integer type, rising from >= 0 to at most rows */
    nll_view bytes;   /* [sequences] or a number: only for bits_per_byte */
    const nll_executor *executor; /* NULL: run on the calling thread */
    nll_out sum;                  /* [sequences], as those below: nll */
    nll_out weight_sum;
    nll_out count; /* NLL_I64, all others NLL_F32 or NLL_F64 */
    nll_out mean;
    nll_out perplexity;
    nll_out standard_error;
    nll_out bits_per_byte;
} nll_sequences_args;
/* Status: as for models; NLL_E_SHAPE for offsets that fall or leave the rows. */
nll_status nll_sequences(const nll_sequences_args *args);
