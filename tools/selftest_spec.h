/* selftest_spec.h: the calls of the self test as data, and what their runners share. */
#ifndef NLL_TOOL_SELFTEST_SPEC_H
#define NLL_TOOL_SELFTEST_SPEC_H

#include "generate.h"
#include "selftest_cases.h"

#include <stdbool.h>

enum family {
    CATEGORICAL,
    BERNOULLI,
    GAUSSIAN,
    KL,
    SCORES, /* from here on: categorical with other inputs or outputs */
    SPARSE,
    SECOND,
    SEQUENCES,
    SHARDS,
    MULTINOMIAL,
    DIRICHLET,
    AXIS, /* log-sum-exp, softmax and their products, not a model */
    DISTRIBUTION
};
enum form { LOGITS, LOG_PROBS, PROBS, FIXED, SCALE, VAR, LOG_SCALE, LOG_VAR, FIRST, LAST };
enum target { PLAIN, SOFT }; /* class indices, 0 or 1, reals; SOFT: probabilities */
enum { SPEC_LISTED = 3 };    /* classes of a sparse target */

/* Model, parameterisation and options.  Members that a model lacks are not used. */
struct spec {
    const char *name;
    enum family family;
    enum form form;
    enum domain domain; /* of the first parameter */
    enum target target;
    nll_reduction reduction;
    nll_direction direction;
    nll_tail tail;
    int weights, fortran, in_place, ignore;
    double smoothing, z_loss, temperature, softcap;
    const nll_distribution *distribution;
};

/* A new output, filled with a pattern that shows what was left out. */
nll_out spec_output(struct trial *t, nll_dtype dtype, size_t rows, size_t cols);
nll_common spec_common(const struct trial *t, const struct spec *spec,
                       const nll_executor *executor);
/* The form of a distribution's parameter that the call gives; NULL past the last place. */
const nll_parameter *spec_parameter(const struct spec *spec, unsigned place);
static inline nll_dtype spec_compute(const struct trial *t) {
    return t->dtype == NLL_F64 ? NLL_F64 : NLL_F32;
}

/* selftest_rows.c: the calls themselves. */
typedef nll_status spec_run(struct trial *t, const struct spec *spec, const nll_executor *executor,
                            nll_result *result);
spec_run spec_scores, spec_sparse, spec_second, spec_sequences, spec_shards, spec_multinomial,
    spec_dirichlet, spec_axis, spec_distribution;

#endif
