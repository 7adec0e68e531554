/* threads.h: the threads behind --threads, and the progress line. */
#ifndef NLL_TOOL_THREADS_H
#define NLL_TOOL_THREADS_H

#include "ahead.h"

#include <nll/nll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* nll_threads_default(): NLL_NUM_THREADS, or the CPUs that this process may use. */
int threads_default(void);
enum { THREADS_MOST = 4096 };

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct pool {
    nll_pool *pool;
    struct ahead *ahead; /* NULL: nothing to make ready */
    int threads;
    bool progress; /* draw the line */
    bool terminal; /* rewrite it in place */
    bool drawn;
    pthread_t caller;              /* who draws */
    int64_t start, last, interval; /* nanoseconds */
};

/* 0 or the exit code. */
int pool_start(struct pool *pool, int threads, enum progress_mode mode);
/* Of a pool that has been started, and whose `ahead` is set if it is to be. */
nll_executor pool_executor(struct pool *pool);
/* Ends the threads, takes the line away again; seconds since the start. */
double pool_stop(struct pool *pool);

/* Monotonic time in nanoseconds. */
int64_t clock_now(void);

#endif
