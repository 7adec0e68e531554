/* dist_oracles.c: the oracles themselves: the stored tables (mpmath, derivatives by the chain rule)
 * and the MPFR oracle (differences) share no code, and must agree; and the reader of the tables
 * must refuse what is no table. */
#include "dist_oracle.h"
#include "dist_run.h"
#include "gen.h"
#include "tables.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(unsigned char *p, size_t bytes, uint64_t v) {
    for (size_t i = 0; i < bytes; i++) p[i] = (unsigned char)(v >> 8 * i);
}

/* A table of one float point and one double point: 2 inputs, 1 output. */
enum { HEAD = 24, SMALL = HEAD + (2 * 4 + 11) + (2 * 8 + 11) };
static void small_table(unsigned char *p) {
    memset(p, 0, SMALL);
    memcpy(p, (const char[8]){'N', 'L', 'L', 'T', 'A', 'B', '1', '\n'}, 8);
    put(p + 8, 4, 2);
    put(p + 12, 4, 1);
    put(p + 16, 4, 1);
    put(p + 20, 4, 1);
    put(p + HEAD, 4, 0x3f800000);                    /* 1.0f */
    put(p + HEAD + 8, 8, 0x4000000000000000u);       /* 2.0 */
    put(p + HEAD + 16, 1, 0xc0);                     /* - 64/256 of its last place */
    put(p + HEAD + 17, 2, 24);                       /* 2^1.5 */
    put(p + HEAD + 19, 8, 0x3ff8000000000000u);      /* 1.5 */
    put(p + HEAD + 19 + 16, 8, 0x3ff0000000000000u); /* 1.0 */
    put(p + HEAD + 19 + 16 + 9, 2, (uint64_t)-16);   /* 2^-1 */
}

Test(tables, format) {
    unsigned char p[SMALL];
    struct table t;
    small_table(p);
    cr_assert_null(table_parse(&t, p, SMALL));
    cr_assert(t.inputs == 2 && t.outputs == 1 && t.floats == 1 && t.points == 2);
    cr_expect(t.x[0] == 1 && t.x[1] == 0 && t.x[2] == 1.5 && t.x[3] == 0);
    cr_expect(t.v[0] == 2 - ldexpl(1, -53) && t.v[1] == 1);
    cr_expect(fabsl(t.mag[0] - 2 * sqrtl(2)) < 1e-15L && t.mag[1] == 0.5L);
    table_free(&t);
}

Test(tables, lying_headers_are_refused) {
    unsigned char p[SMALL + 1];
    struct table t;
    static const struct {
        size_t at;
        uint64_t value;
    } lies[] = {{0, 0},   {8, 0},           {8, 9},           {8, 0xffffffff}, {12, 0},
                {12, 17}, {12, 0xffffffff}, {16, 0},          {16, 2},         {16, 0xffffffff},
                {20, 0},  {20, 2},          {20, 0xffffffff}, {20, 0x80000001}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        small_table(p);
        put(p + lies[i].at, 4, lies[i].value);
        cr_expect_not_null(table_parse(&t, p, SMALL), "lie %zu", i);
        cr_expect(t.points == 0 && !t.x && !t.v && !t.mag);
    }
    for (size_t size = 0; size <= SMALL + 1; size++) {
        small_table(p);
        if (size != SMALL) cr_expect_not_null(table_parse(&t, p, size), "%zu bytes", size);
    }
    cr_expect_not_null(table_read(&t, "/nonexistent/table"));
}

Test(oracles, agree, .timeout = 1200) {
    for (size_t k = 0; k < dist_model_count; k++) {
        const struct dist_model *m = &dist_models[k];
        struct table t = dist_table(m);
        cr_assert(t.inputs == dist_inputs(m) && t.outputs == dist_outputs(m), "%s", m->kernel);
        cr_expect(t.points >= 1000 && t.floats >= 500, "%s", m->kernel);
        size_t step = gen_quick() ? 101 : 7;
        for (size_t i = k % step; i < t.points; i += step) {
            const double *x = t.x + i * t.inputs;
            const long double *want = t.v + i * t.outputs;
            long double got[DIST_OUTPUTS], mag[DIST_OUTPUTS];
            dist_oracle(m, x, got);
            dist_magnitudes(m, x, want, mag);
            for (size_t o = 0; o < t.outputs; o++) {
                long double stored = t.mag[i * t.outputs + o], most = ldexpl(1, 1024);
                if (fabsl(want[o]) >= ldexpl(1, 1023)) { /* stored as infinite */
                    cr_expect(fabsl(got[o]) > most / 4, "%s %zu %zu", m->kernel, i, o);
                    continue;
                }
                long double allowed = stored * ldexpl(1, -58) + ldexpl(1, -1076) +
                                      2 * dist_unresolved(m, x, o, want[0]);
                cr_expect(fabsl(got[o] - want[o]) <= allowed,
                          "%s point %zu output %zu: differences %.20Lg, table %.20Lg", m->kernel, i,
                          o, got[o], want[o]);
                if (fabsl(want[o]) > 1e-300L) /* and the yardsticks, to some per cent */
                    cr_expect(mag[o] > 0.95L * stored && mag[o] < 1.1L * stored,
                              "%s point %zu output %zu: magnitude %Lg, table %Lg", m->kernel, i, o,
                              mag[o], stored);
            }
        }
        table_free(&t);
    }
}
