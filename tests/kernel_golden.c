/* kernel_golden.c: the bits of every kernel, as hashes in tests/golden.txt: the same on every CPU,
 * architecture and compiler, and from one version to the next.
 *
 * When bits change on purpose: raise NLL_NUMERICS_VERSION, then write the file anew by
 *     NLL_GOLDEN_WRITE=tests/golden.txt BUILD/tests/test_kernel_golden
 * Lines for new kernels may be added so at any time, and lines NAME+ for the extra outputs of old
 * ones.  Lines that change under the same version are refused; before the first release delete the
 * file first. */
#include "cells.h"
#include "gen.h"

#include <nll/nll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "golden.txt holds hashes of little-endian numbers"
#endif

enum { HASH = 33, LINE = 160 };
static const char *const type_names[NLL_TYPES] = {"f32", "f64"};

/* Lines of a kernel: one for its outputs, one more for the extra ones. */
enum { LINES = 2 };
static int has_line(unsigned kernel, int type, int extra) {
    int any = !extra;
    for (unsigned k = 0; k < NLL_SLOTS; k++) any |= nll_descs[kernel].out[k] == X_EXTRA;
    return any && batch_has_type(kernel, (enum nll_type)type);
}
static const char *line_name(unsigned kernel, int extra) {
    static char name[64];
    snprintf(name, sizeof name, "%s%s", nll_descs[kernel].name, extra ? "+" : "");
    return name;
}

/* Inputs do not depend on NLL_TEST_SEED or NLL_TEST_QUICK. */
static void hash_kernel(unsigned kernel, enum nll_type type, int extra, nll_fn fn,
                        char text[HASH]) {
    static const uint16_t lengths[] = {0,   1,   2,   3,   7,   8,    9,    15,   16,  17,
                                       31,  32,  33,  64,  67,  97,   97,   255,  256, 257,
                                       500, 511, 512, 513, 700, 1000, 20,   30,   40,  50,
                                       60,  61,  62,  63,  129, 1024, 1025, 1300, 2100};
    uint64_t seed = 0x6e6c6c; /* of the whole file */
    for (const char *c = nll_descs[kernel].name; *c; c++) seed = seed * 31 + (unsigned char)*c;
    XXH3_state_t *hash = XXH3_createState();
    cr_assert_not_null(hash);
    XXH3_128bits_reset(hash);
    for (unsigned i = 0; i < 4 * sizeof lengths / sizeof *lengths; i++) {
        size_t cols = lengths[i / 4], max = batch_max_cols(&nll_descs[kernel]);
        struct batch b;
        struct batch_case what = {kernel, type, 1 + i % 4, cols < max ? cols : max, 0, 0};
        what.seed = gen_bits(&(uint64_t){seed * 1000003 + i});
        batch_make(&b, &what);
        const char *bad = batch_expect(&b, fn);
        cr_assert(!bad, "%s", bad ? bad : "");
        for (unsigned k = NLL_SLOTS; k < BATCH_SLOTS; k++)
            for (size_t r = 0;
                 b.slot[k].image && (b.slot[k].kind == X_EXTRA) == extra && r < b.slot[k].rows; r++)
                XXH3_128bits_update(hash, batch_at(&b.slot[k], b.slot[k].after, r, 0),
                                    b.slot[k].cols * b.slot[k].size);
        batch_free(&b);
    }
    XXH128_hash_t h = XXH3_128bits_digest(hash);
    XXH3_freeState(hash);
    snprintf(text, HASH, "%016llx%016llx", (unsigned long long)h.high64,
             (unsigned long long)h.low64);
}

static FILE *open_golden(const char *path, const char *mode) {
    char name[4096];
    const char *dir = getenv("NLL_TEST_DATA");
    if (!path) snprintf(name, sizeof name, "%s/golden.txt", dir ? dir : "tests");
    return fopen(path ? path : name, mode);
}

/* Version of the file; -1 if there is none. */
static int version_of(FILE *f) {
    char line[LINE];
    int version = -1;
    while (f && version < 0 && fgets(line, sizeof line, f)) sscanf(line, "numerics %d", &version);
    return version;
}

/* Finds the hash of a kernel; 1 if it is there. */
static int find(FILE *f, unsigned kernel, int type, int extra, char hash[HASH]) {
    char line[LINE], name[64], t[8];
    rewind(f);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %7s %32[0-9a-f]", name, t, hash) == 3 &&
            !strcmp(name, line_name(kernel, extra)) && !strcmp(t, type_names[type]))
            return 1;
    return 0;
}

static const char header[] =
    "# Hashes (XXH3, 128 bits) of what every kernel makes of fixed inputs: the same bits on every "
    "CPU.\n"
    "# Written by tests/kernel_golden.c, which says how and when to write it anew.\n";

static void write_golden(const char *path) {
    static char text[NLL_KERNELS][LINES][NLL_TYPES][HASH];
    char old[HASH];
    FILE *f = open_golden(path, "r");
    int same_version = version_of(f) == NLL_NUMERICS_VERSION;
    for (int i = 0; i < NLL_KERNELS * LINES * NLL_TYPES; i++) {
        unsigned k = (unsigned)i / (LINES * NLL_TYPES);
        int extra = i / NLL_TYPES % LINES, t = i % NLL_TYPES;
        enum nll_type type = (enum nll_type)t;
        char *new = text[k][extra][t];
        if (!has_line(k, t, extra)) continue;
        hash_kernel(k, type, extra, batch_oracle(k, type), new);
        cr_assert(!same_version || !find(f, k, t, extra, old) || strcmp(old, new) == 0,
                  "%s %s has other bits than before: raise NLL_NUMERICS_VERSION first",
                  line_name(k, extra), type_names[t]);
    }
    if (f) fclose(f);
    f = open_golden(path, "w");
    cr_assert(f, "cannot write %s", path);
    fprintf(f, "%snumerics %d\n", header, NLL_NUMERICS_VERSION);
    for (unsigned k = 0; k < NLL_KERNELS; k++)
        for (int extra = 0; extra < LINES; extra++)
            for (int t = 0; t < NLL_TYPES; t++)
                if (text[k][extra][t][0])
                    fprintf(f, "%-20s %s %s\n", line_name(k, extra), type_names[t],
                            text[k][extra][t]);
    cr_assert_eq(fclose(f), 0, "cannot write %s", path);
}

Test(golden, version_and_lines, .timeout = 600) {
    const char *path = getenv("NLL_GOLDEN_WRITE");
    char hash[HASH], line[LINE];
    if (path && *path) {
        write_golden(path);
        return;
    }
    FILE *f = open_golden(NULL, "r");
    cr_assert(f, "tests/golden.txt is missing (NLL_TEST_DATA names its folder)");
    cr_expect_eq(version_of(f), NLL_NUMERICS_VERSION,
                 "golden.txt is for another NLL_NUMERICS_VERSION");
    size_t lines = 0, expected = 0;
    rewind(f);
    while (fgets(line, sizeof line, f)) lines += *line != '#' && strncmp(line, "numerics", 8) != 0;
    for (int i = 0; i < NLL_KERNELS * LINES * NLL_TYPES; i++) {
        unsigned k = (unsigned)i / (LINES * NLL_TYPES);
        int extra = i / NLL_TYPES % LINES, t = i % NLL_TYPES;
        if (!has_line(k, t, extra)) continue;
        expected++;
        cr_expect(find(f, k, t, extra, hash), "golden.txt lacks %s %s", line_name(k, extra),
                  type_names[t]);
    }
    cr_expect_eq(lines, expected, "golden.txt has %zu lines, there are %zu kernels", lines,
                 expected);
    fclose(f);
}

ParameterizedTestParameters(golden, hashes) { return cells_all(1); }
ParameterizedTest(int *cell, golden, hashes, .timeout = 600) {
    const char *path = getenv("NLL_GOLDEN_WRITE");
    const nll_isa *isa = nll_isa_at((size_t)*cell / NLL_KERNELS);
    unsigned kernel = (unsigned)*cell % NLL_KERNELS;
    char want[HASH], got[HASH];
    if (path && *path) cr_skip_test("writing the file");
    FILE *f = open_golden(NULL, "r");
    cr_assert(f, "tests/golden.txt is missing");
    batch_report_crashes();
    for (int i = 0; i < LINES * NLL_TYPES; i++) {
        int extra = i / NLL_TYPES, t = i % NLL_TYPES;
        enum nll_type type = (enum nll_type)t;
        if (!has_line(kernel, t, extra)) continue;
        hash_kernel(kernel, type, extra, isa->fn[type][kernel], got);
        cr_expect(find(f, kernel, t, extra, want) && strcmp(got, want) == 0,
                  "%s %s on %s: bits have changed: %s, not %s", line_name(kernel, extra),
                  type_names[t], isa->name, got, want);
    }
    fclose(f);
}
