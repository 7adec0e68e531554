/* threads.c: see threads.h. */
#include "threads.h"
#include "error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    SLICES = 16,                /* a range is cut so often when progress is shown */
    SECOND = 1000 * 1000 * 1000 /* in nanoseconds */
};

int64_t clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

int threads_default(void) { return (int)nll_threads_default(); }

int pool_start(struct pool *pool, int threads, enum progress_mode mode) {
    bool terminal = isatty(STDERR_FILENO);
    *pool =
        (struct pool){.threads = threads,
                      .progress = mode == PROGRESS_ALWAYS || (mode == PROGRESS_AUTO && terminal),
                      .terminal = terminal,
                      .caller = pthread_self(),
                      .start = clock_now()};
    pool->interval = terminal ? SECOND / 10 : SECOND / 2;
    /* Work of less than a second shows nothing, unless the line was asked for. */
    pool->last = pool->start + (mode == PROGRESS_AUTO ? SECOND : 0) - pool->interval;
    nll_status status = nll_pool_create((size_t)threads, &pool->pool);
    return status == NLL_OK
               ? 0
               : fail(EX_OSERR, "cannot have %d threads: %s; give fewer with --threads", threads,
                      nll_status_string(status));
}

static void draw(struct pool *pool, double share) {
    int64_t now = clock_now();
    if (now - pool->last < pool->interval && !(share == 1 && pool->drawn)) return;
    pool->last = now;
    pool->drawn = true;
    fprintf(stderr, "%snll: %3.0f %%  %.1f s%s", pool->terminal ? "\r" : "", 100 * share,
            (double)(now - pool->start) / SECOND, pool->terminal ? "\033[K" : "\n");
}

/* One parallel_for under way, with progress or pages made ready. */
struct loop {
    struct pool *pool;
    nll_task task;
    void *arg;
    size_t n;
    atomic_size_t done;
};

static void run_slices(void *arg, size_t begin, size_t end) {
    struct loop *loop = arg;
    struct stretch stretch = {.begin = begin, .end = end, .n = loop->n};
    struct ahead *ahead = loop->pool->ahead;
    size_t length = end - begin, slices = loop->pool->progress ? SLICES : 1;
    size_t pieces = ahead ? ahead_enter(ahead, &stretch) : 1;
    if (slices < pieces) slices = pieces;
    if (slices > length) slices = length;
    for (size_t s = 0; s < slices; s++) {
        size_t from = begin + length / slices * s + length % slices * s / slices;
        size_t to = begin + length / slices * (s + 1) + length % slices * (s + 1) / slices;
        loop->task(loop->arg, from, to);
        if (ahead) ahead_passed(ahead, &stretch, from, to);
        size_t done = atomic_fetch_add(&loop->done, to - from) + (to - from);
        if (loop->pool->progress && done < loop->n &&
            pthread_equal(pthread_self(), loop->pool->caller))
            draw(loop->pool, (double)done / (double)loop->n);
    }
    if (ahead) ahead_leave(ahead, &stretch);
}

static void parallel_for(void *user, size_t n, nll_task task, void *arg) {
    struct loop loop = {.pool = user, .task = task, .arg = arg, .n = n};
    nll_executor threads = nll_pool_executor(loop.pool->pool);
    if (!n) return;
    threads.parallel_for(threads.user, n, run_slices, &loop);
    if (loop.pool->progress) draw(loop.pool, 1);
}

nll_executor pool_executor(struct pool *pool) {
    return pool->progress || pool->ahead
               ? (nll_executor){.user = pool, .parallel_for = parallel_for}
               : nll_pool_executor(pool->pool);
}

double pool_stop(struct pool *pool) {
    if (pool->progress && pool->drawn && pool->terminal) fputs("\r\033[K", stderr);
    double seconds = (double)(clock_now() - pool->start) / SECOND;
    nll_pool_destroy(pool->pool);
    pool->pool = NULL;
    return seconds;
}
