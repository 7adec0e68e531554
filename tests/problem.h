/* problem.h: ready-made calls for tests that compare calls with each other: all options in use,
 * special values among the inputs. */
#ifndef NLL_TESTS_PROBLEM_H
#define NLL_TESTS_PROBLEM_H

#include <nll/nll.h>

/* Arrays of at most this many per problem, freed together. */
struct problem {
    void *data[8];
    int used;
};
enum { CATEGORICAL_PROBLEMS = 15, BERNOULLI_PROBLEMS = 4, GAUSSIAN_PROBLEMS = 5, KL_PROBLEMS = 27 };

/* `which` chooses form and options; the same arguments give the same problem. */
nll_categorical_args categorical_problem(struct problem *p, int which, nll_dtype type, size_t rows,
                                         size_t cols);
nll_bernoulli_args bernoulli_problem(struct problem *p, int which, nll_dtype type, size_t rows);
nll_gaussian_args gaussian_problem(struct problem *p, int which, nll_dtype type, size_t rows);
/* 9 mixtures of forms times 3 directions. */
nll_kl_args kl_problem(struct problem *p, int which, nll_dtype type, size_t rows, size_t cols);
void problem_free(struct problem *p);

#endif
