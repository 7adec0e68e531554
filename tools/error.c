/* error.c: error lines and suggestions. */
#include "error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fail(int code, const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    fputs("nll: ", stderr);
    for (const char *c = length < 0 ? "out of memory" : text; *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (u == '\n')
            fputs("\\n", stderr);
        else if (u < ' ' || u == 0x7f)
            fprintf(stderr, "\\x%02x", u);
        else
            fputc(u, stderr);
    }
    fputc('\n', stderr);
    if (length >= 0) free(text);
    return code;
}

int fail_memory(void) { return fail(EX_OSERR, "not enough memory; use fewer rows (--rows A:B)"); }

/* Names are short; longer words are no misspelling of any of them. */
enum { LONGEST_NAME = 40 };

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b. */
static size_t edit_distance(const char *a, const char *b) {
    size_t rows[3][LONGEST_NAME + 1]; /* of the table, in turn */
    size_t na = strlen(a), nb = strlen(b);
    if (na > LONGEST_NAME || nb > LONGEST_NAME) return SIZE_MAX;
    for (size_t j = 0; j <= nb; j++) rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                second[j - 2] + 1 < best)
                best = second[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[na % 3][nb];
}

struct guess guess_start(const char *word) {
    return (struct guess){.word = word, .distance = SIZE_MAX};
}

void guess_offer(struct guess *guess, const char *known) {
    size_t length = strlen(guess->word);
    size_t distance = edit_distance(guess->word, known);
    /* The beginning of a name is as good as one typing error: --log-p, --label. */
    if (length >= 2 && distance > 1 && strncmp(guess->word, known, length) == 0) distance = 1;
    if (distance < guess->distance) {
        guess->distance = distance;
        guess->best = known;
    }
}

const char *guess_result(const struct guess *guess) {
    size_t tolerance = strlen(guess->word) / 3;
    return guess->distance <= (tolerance < 1 ? 1 : tolerance) ? guess->best : NULL;
}
