/* threads.c: the mean NLL of a larger batch on all CPUs, through a pool of threads of the library.
 *
 *     cc threads.c $(pkg-config --cflags --libs nll) -o threads && ./threads
 *
 * C11, and C++17 as well. */
#include <nll/nll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 20000, CLASSES = 300 };

/* The call of score.c; the executor lends it threads (NULL: the calling thread alone). */
static nll_status mean_nll(const float *logits, const int64_t *target, const nll_executor *executor,
                           double *mean) {
    nll_categorical_args args;
    nll_result result;
    memset(&args, 0, sizeof args);
    memset(&result, 0, sizeof result);
    args.struct_size = sizeof args;
    args.logits = nll_view_2d(logits, NLL_F32, ROWS, CLASSES);
    args.target = nll_view_1d(target, NLL_I64, ROWS);
    args.common.executor = executor;
    result.struct_size = sizeof result;
    nll_status status = nll_categorical(&args, &result);
    *mean = result.mean;
    return status;
}

int main(void) {
    float *logits = (float *)malloc(sizeof *logits * ROWS * CLASSES);
    int64_t *target = (int64_t *)malloc(sizeof *target * ROWS);
    nll_pool *pool = NULL;
    double alone = 0, shared = 0;
    int code = 1;
    if (logits && target) {
        for (int i = 0; i < ROWS * CLASSES; i++) logits[i] = (float)(i % 7919) / 1000;
        for (int i = 0; i < ROWS; i++) target[i] = i % CLASSES;

        nll_status status = nll_pool_create(0, &pool); /* 0: NLL_NUM_THREADS, or all CPUs */
        nll_executor executor = nll_pool_executor(pool);
        if (status == NLL_OK) status = mean_nll(logits, target, &executor, &shared);
        if (status == NLL_OK) status = mean_nll(logits, target, NULL, &alone);
        if (status == NLL_OK)
            printf("mean %.9f nats with %d threads, %s\n", shared, (int)nll_pool_threads(pool),
                   memcmp(&alone, &shared, sizeof alone) ? "not the bits of one" : "as one");
        else
            fprintf(stderr, "threads: %s\n", nll_status_string(status));
        code = status != NLL_OK || memcmp(&alone, &shared, sizeof alone) != 0;
    }
    nll_pool_destroy(pool);
    free(logits);
    free(target);
    return code;
}
