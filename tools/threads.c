/* threads.c: see threads.h. */
#include "threads.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

enum {
    SLICES = 64,                /* a thread's range is cut so often when progress is shown */
    SECOND = 1000 * 1000 * 1000 /* in nanoseconds */
};

int64_t clock_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

int threads_openmp(void) {
#ifdef _OPENMP
    return _OPENMP;
#else
    return 0;
#endif
}

int threads_default(void) {
    const char *text = getenv("NLL_NUM_THREADS");
    char *end = NULL;
    long wanted = text ? strtol(text, &end, 10) : 0;
    cpu_set_t cpus;
    if (!threads_openmp()) return 1;
    if (text && end != text && !*end && wanted >= 1 && wanted <= THREADS_MOST) return (int)wanted;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) return CPU_COUNT(&cpus);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > THREADS_MOST ? THREADS_MOST : (int)online;
}

void pool_start(struct pool *pool, int threads, enum progress_mode mode) {
    bool terminal = isatty(STDERR_FILENO);
    *pool =
        (struct pool){.threads = threads_openmp() ? threads : 1,
                      .progress = mode == PROGRESS_ALWAYS || (mode == PROGRESS_AUTO && terminal),
                      .terminal = terminal,
                      .start = clock_now()};
    pool->interval = terminal ? SECOND / 10 : SECOND / 2;
    /* Work of less than a second shows nothing, unless the line was asked for. */
    pool->last = pool->start + (mode == PROGRESS_AUTO ? SECOND : 0) - pool->interval;
}

static void draw(struct pool *pool, double share) {
    int64_t now = clock_now();
    if (now - pool->last < pool->interval && !(share == 1 && pool->drawn)) return;
    pool->last = now;
    pool->drawn = true;
    fprintf(stderr, "%snll: %3.0f %%  %.1f s%s", pool->terminal ? "\r" : "", 100 * share,
            (double)(now - pool->start) / SECOND, pool->terminal ? "\033[K" : "\n");
}

/* One parallel_for under way. */
struct loop {
    struct pool *pool;
    nll_task task;
    void *arg;
    size_t n;
    atomic_size_t done;
};

/* Part `part` of `parts` of [0, n). */
static void run_part(struct loop *loop, size_t part, size_t parts) {
    size_t whole = loop->n / parts, rest = loop->n % parts;
    size_t begin = part * whole + (part < rest ? part : rest);
    size_t length = whole + (part < rest);
    size_t slices = !loop->pool->progress ? 1 : length < SLICES ? length : SLICES;
    for (size_t s = 0; s < slices; s++) {
        size_t from = begin + length / slices * s + length % slices * s / slices;
        size_t to = begin + length / slices * (s + 1) + length % slices * (s + 1) / slices;
        loop->task(loop->arg, from, to);
        if (loop->pool->progress) {
            size_t done = atomic_fetch_add(&loop->done, to - from) + (to - from);
            if (part == 0) draw(loop->pool, (double)done / (double)loop->n);
        }
    }
}

static void parallel_for(void *user, size_t n, nll_task task, void *arg) {
    struct loop loop = {.pool = user, .task = task, .arg = arg, .n = n};
#ifdef _OPENMP
    size_t limit = (size_t)loop.pool->threads;
    if (limit > 1 && n > 1) {
#pragma omp parallel num_threads((int)(n < limit ? n : limit))
        run_part(&loop, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
        return;
    }
#endif
    if (n) run_part(&loop, 0, 1);
}

nll_executor pool_executor(struct pool *pool) {
    return (nll_executor){.user = pool, .parallel_for = parallel_for};
}

double pool_stop(struct pool *pool) {
    if (pool->progress && pool->drawn && pool->terminal) fputs("\r\033[K", stderr);
    return (double)(clock_now() - pool->start) / SECOND;
}
