/* dist_oracle.h: what the distribution kernels should give, from the textbook's loss alone.
 *
 * The loss is evaluated in 768-bit arithmetic (MPFR); gradients and second derivatives are central
 * differences of it with relative steps of 2^-140, so no derivative is written down.  Magnitudes,
 * by which rounding errors are measured, come from the terms of formulas that do not cancel, in
 * long double (dist_terms.c). */
#ifndef NLL_TESTS_DIST_ORACLE_H
#define NLL_TESTS_DIST_ORACLE_H

#include "dist_num.h"

#include <stddef.h>
#include <stdint.h>

enum { DIST_INPUTS = 4, DIST_OUTPUTS = 8 };

/* What an input is.  The last one is the target. */
enum dist_input {
    IN_NONE,
    IN_POS,
    IN_LOC,
    IN_LOGIT,
    IN_PROB,
    IN_LOG_RATE,
    IN_TRIALS,
    IN_POWER,
    IN_TARGET
};

struct dist_model {
    const char *kernel, *distribution, *parameters[DIST_INPUTS - 1];
    enum dist_input in[DIST_INPUTS];
    unsigned params; /* bit i: input i has a gradient and a second derivative */
    int real;        /* the target is real-valued and has a gradient */
    num (*loss)(const num *x);
};
extern const struct dist_model dist_models[];
extern const size_t dist_model_count;
const struct dist_model *dist_find(const char *kernel);

/* Outputs in the kernels' order: the loss, gradients, second derivatives of the parameters. */
size_t dist_inputs(const struct dist_model *m);
size_t dist_outputs(const struct dist_model *m);
/* The input that output k is a derivative in (-1: the loss), and the order of the derivative. */
int dist_output_input(const struct dist_model *m, size_t k, int *order);

/* The outputs at x, inside the domain and the support, not on a boundary. */
void dist_oracle(const struct dist_model *m, const double *x, long double *v);
/* What the differences behind output k cannot resolve: 2^-420 of the largest term over the step.
 * Outputs below are given as 0. */
long double dist_unresolved(const struct dist_model *m, const double *x, size_t k,
                            long double loss);
/* The magnitudes of the outputs v, never below |v|. */
void dist_magnitudes(const struct dist_model *m, const double *x, const long double *v,
                     long double *mag);
/* Sign of loss(y = a) - loss(y = b), with the parameters of x; 0 where they are equal. */
int dist_compare(const struct dist_model *m, const double *x, double a, double b);
/* A random point; f32: its inputs are floats. */
void dist_draw(const struct dist_model *m, int f32, double *x, uint64_t *state);

#endif
