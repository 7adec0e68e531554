/* kld.h: the file of log-probabilities that llama.cpp's perplexity tool writes as the base of a
 * comparison.  Little endian:
 *
 *     "_logits_"  int32 n_ctx, n_vocab, n_chunk  int32 tokens[n_chunk * n_ctx]
 *     for each chunk n_ctx - 1 - n_ctx / 2 rows of 2 * ((n_vocab + 1) / 2) + 4 uint16:
 *         float32 scale, min_log_prob  uint16 q[n_vocab]  (and one more where n_vocab is odd)
 *
 * log p_i = scale * q[i] + min_log_prob.  Row j of a chunk is about token n_ctx / 2 + j + 1 of it:
 * the second half is scored. */
#ifndef NLL_TOOL_KLD_H
#define NLL_TOOL_KLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KLD_MESSAGE = 256 };

struct kld {
    size_t context, classes, chunks; /* n_ctx, n_vocab, n_chunk */
    size_t rows_of_chunk, rows;
    size_t row_bytes, tokens_at, rows_at, size; /* offsets in the file, its size */
};

/* The sizes that follow from the three numbers; false if they are none or do not fit. */
bool kld_layout(struct kld *kld, int64_t context, int64_t classes, int64_t chunks);
/* Reads the header of a file of `size` bytes.  Nothing in it is trusted: on success the file has
 * exactly the size that follows.  On failure writes "expected ..., found ...; what to do". */
bool kld_parse(const unsigned char *file, size_t size, struct kld *kld, char message[KLD_MESSAGE]);
/* Log-probabilities of row r. */
void kld_row(const struct kld *kld, const unsigned char *file, size_t r, float *log_probs);
int32_t kld_token(const struct kld *kld, const unsigned char *file, size_t i);
/* Number of the token that row r is about. */
size_t kld_target(const struct kld *kld, size_t r);

/* Writes the header and n_chunk * n_ctx tokens into a file of kld->size bytes. */
void kld_write_header(const struct kld *kld, unsigned char *file);
void kld_write_token(const struct kld *kld, unsigned char *file, size_t i, int32_t token);
/* Row r from logits (or log-probs) x and their log-sum-exp (or 0): 65536 steps from the largest
 * down to the smallest or 16 below the largest; what is smaller, masks among it, becomes that. */
void kld_write_row(const struct kld *kld, unsigned char *file, size_t r, const double *x,
                   double lse);

#endif
