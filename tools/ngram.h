/* ngram.h: a byte-level language model: interpolated n-grams with Witten-Bell smoothing.
 *
 *     p_k(b) = (count_k(b) + types_k p_{k-1}(b)) / (total_k + types_k)
 *
 * where count_k, total_k and types_k are the occurrences of byte b, of any byte, and the number of
 * different bytes after the last k bytes in the training text; p_{-1} = 1/256.
 * (I. Witten, T. Bell: The zero-frequency problem, IEEE Trans. Inf. Theory 37(4), 1991, method C.)
 * Only + * / on doubles: the probabilities have the same bits on every machine. */
#ifndef NLL_TOOL_NGRAM_H
#define NLL_TOOL_NGRAM_H

#include <stddef.h>

enum { NGRAM_ORDER = 4, /* longest context in bytes */ NGRAM_BYTES = 256 };

struct ngram;

/* NULL when out of memory. */
struct ngram *ngram_train(const unsigned char *text, size_t size);
void ngram_free(struct ngram *model);

/* Probability of each byte after text[0..at). */
void ngram_predict(const struct ngram *model, const unsigned char *text, size_t at,
                   double p[NGRAM_BYTES]);

#endif
