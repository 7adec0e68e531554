/* error.h: how the program says no: one line on standard error and an exit code.
 *
 * Functions that can fail return 0 or the exit code, after the line has been printed:
 *
 *     int code = input_open(...);
 *     if (code)
 *         return code;
 *
 * The exit codes are those of <sysexits.h>: EX_USAGE 64, EX_DATAERR 65 (bad data), EX_NOINPUT 66,
 * EX_UNAVAILABLE 69 (not built), EX_SOFTWARE 70, EX_OSERR 71, EX_IOERR 74 (writing). */
#ifndef NLL_TOOL_ERROR_H
#define NLL_TOOL_ERROR_H

#include <stddef.h>
#include <sysexits.h>

enum {
    EXIT_DIFFERENT = 1, /* a comparison or the self test failed */
    EXIT_NONFINITE = 2  /* rows that are not finite, under --strict */
};

/* Prints "nll: " and the text on one line (control characters are escaped); returns `code`. */
__attribute__((format(printf, 2, 3))) int fail(int code, const char *format, ...);

/* Out of memory: one wording for all. */
int fail_memory(void);

/* Looks for the known name that a mistyped word may stand for: offer every known name, then ask. */
struct guess {
    const char *word;
    const char *best;
    size_t distance;
};
struct guess guess_start(const char *word);
void guess_offer(struct guess *guess, const char *known);
/* The nearest name offered, or NULL when none is near enough to be worth saying. */
const char *guess_result(const struct guess *guess);

#endif
