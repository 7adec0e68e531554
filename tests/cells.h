/* cells.h: Criterion parameters for the kernel tests: one index per instruction set and kernel.
 * Indices only: Criterion runs every test in a process of its own, where pointers mean nothing. */
#ifndef NLL_TESTS_CELLS_H
#define NLL_TESTS_CELLS_H

#include "checks.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

/* All runnable instruction sets, scalar among them or not. */
struct criterion_test_params cells_all(int with_scalar);
/* Runs a check for both types of a cell; fails the test with what the check says. */
void cells_check(int cell, check_fn *check);

#endif
