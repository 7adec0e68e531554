/* seed.c: every test program says which seed it runs with, so that a failure can be repeated. */
#include "gen.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>

ReportHook(PRE_ALL)(struct criterion_test_set *set) {
    (void)set;
    fprintf(stderr, "NLL_TEST_SEED=%llu%s%s\n", (unsigned long long)gen_seed(),
            gen_quick() ? " NLL_TEST_QUICK=1" : "",
            gen_exhaustive() ? " NLL_TEST_EXHAUSTIVE=1" : "");
}
