/* compare.c: a fast kernel that is wrong must not score: outputs against those of the scalar path,
 * and digests that other machines can be compared with. */
#include "bench.h"

#include "../tools/digest.h"
#include "../tools/error.h"
#include "../tools/selftest_cases.h"

#include <string.h>

static unsigned long comparisons;
static struct digest *outputs;

void compare_begin(void) {
    outputs = digest_new();
    if (!outputs) bench_no_memory();
}

void compare(const char *name, const char *what, const void *got, const void *want, size_t size) {
    comparisons++;
    if (memcmp(got, want, size) == 0) {
        digest_add(outputs, got, size, 1);
        return;
    }
    size_t i = 0;
    while (((const char *)got)[i] == ((const char *)want)[i]) i++;
    bench_fail(EXIT_DIFFERENT, name,
               bench_text("%s differs from the scalar path in byte %zu", what, i));
}

const char *compare_end(void) {
    char text[DIGEST_TEXT];
    digest_end(outputs, text);
    outputs = NULL;
    return bench_text("%s", text);
}

unsigned long compare_count(void) { return comparisons; }

static const char *numerics_of(const char *isa) {
    struct digest *digest = digest_new();
    char text[DIGEST_TEXT];
    if (!digest) bench_no_memory();
    if (nll_isa_select(isa) != NLL_OK) bench_fail(EX_SOFTWARE, isa, "it cannot be selected");
    for (size_t i = 0; i < trial_count(); i++) {
        struct trial t;
        if (trial_open(&t, i) || trial_run(&t, i, NULL)) bench_no_memory();
        trial_digest(&t, digest);
        trial_close(&t);
    }
    digest_end(digest, text);
    return bench_text("%s", text);
}

const char *compare_numerics(void) {
    const nll_isa *isa;
    const char *first = NULL;
    for (size_t i = 0; (isa = bench_isa(i, 2)); i++) {
        const char *digest = numerics_of(isa->name);
        if (!first) first = digest;
        if (strcmp(first, digest) != 0)
            bench_fail(EXIT_DIFFERENT, "the self test",
                       bench_text("%s gives other bits than %s", isa->name, bench_isa(0, 2)->name));
    }
    nll_isa_select(NULL);
    return first;
}
