/* pool.c: the threads of nll_pool_create.
 *
 * A call (a struct loop on its caller's stack) hangs in the pool's list while ranges of it are left
 * to take.  The caller takes ranges itself, so that it never depends on another thread to begin:
 * calls inside tasks and calls from many threads cannot wait for each other in a circle, and a call
 * too small to be worth waking anybody is done before they are up. */
#include "cpus.h"
#include "nll/nll.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    SHARE =
        4, /* ranges of one thread: where one is held up, others take over up to 3/4 of its work */
    RANGES_MOST = SHARE * NLL_THREADS_MOST,
    SPIN = 50 * 1000 /* nanoseconds; about what it takes to put a thread to sleep and wake it */
};

struct loop {
    struct loop *next;
    nll_task task;
    void *arg;
    size_t n, ranges;
    atomic_size_t left;    /* ranges not granted to anybody */
    atomic_size_t helpers; /* threads of the pool in it; up and down under the pool's lock */
    atomic_uchar taken[RANGES_MOST];
};

struct worker {
    nll_pool *pool;
    size_t number; /* 1, 2, ...: callers are 0 */
    pthread_t thread;
};

struct nll_pool {
    size_t threads; /* callers are one of them */
    size_t started; /* workers */
    int64_t spin;   /* 0 where threads outnumber CPUs: looking would keep others from working */
    pid_t owner;    /* the process that has the threads */
    pthread_mutex_t lock;
    pthread_cond_t work, done; /* there is a new loop; a loop has lost its last helper */
    struct loop *loops;
    size_t asleep; /* workers in wait for `work` */
    int stop;
    atomic_size_t news; /* rises with each loop, and with `stop` */
    struct worker workers[];
};

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Looks at *word for a while, until it is `value` (equal) or no longer so. */
static void watch(const nll_pool *pool, const atomic_size_t *word, size_t value, int equal) {
    if (!pool->spin) return;
    for (int64_t end = now() + pool->spin; (atomic_load(word) == value) != equal && now() < end;)
        relax();
}

/* A range to take is granted before it is looked for: nobody goes in circles over taken ones. */
static int granted(struct loop *loop) {
    size_t left = atomic_load(&loop->left);
    while (left > 0)
        if (atomic_compare_exchange_weak(&loop->left, &left, left - 1)) return 1;
    return 0;
}

/* Runs ranges, this thread's own ones first, until all are taken. */
static void take_ranges(struct loop *loop, size_t number, size_t threads) {
    const size_t ranges = loop->ranges, whole = loop->n / ranges, rest = loop->n % ranges;
    size_t r = number * ranges / threads;
    while (granted(loop)) {
        while (atomic_exchange(&loop->taken[r], 1)) r = r + 1 < ranges ? r + 1 : 0;
        size_t begin = r * whole + (r < rest ? r : rest);
        loop->task(loop->arg, begin, begin + whole + (r < rest));
    }
}

/* Call with the lock held. */
static struct loop *loop_with_work(const nll_pool *pool) {
    struct loop *loop = pool->loops;
    while (loop && atomic_load(&loop->left) == 0) loop = loop->next;
    return loop;
}

static void *work(void *arg) {
    const struct worker *self = arg;
    nll_pool *pool = self->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop) {
        struct loop *loop = loop_with_work(pool);
        if (loop) {
            atomic_fetch_add(&loop->helpers, 1);
            pthread_mutex_unlock(&pool->lock);
            take_ranges(loop, self->number, pool->threads);
            pthread_mutex_lock(&pool->lock);
            /* The caller may return as soon as this is zero: *loop is not to be touched again. */
            if (atomic_fetch_sub(&loop->helpers, 1) == 1) pthread_cond_broadcast(&pool->done);
            continue;
        }
        size_t news = atomic_load(&pool->news);
        pthread_mutex_unlock(&pool->lock);
        watch(pool, &pool->news, news, 0);
        pthread_mutex_lock(&pool->lock);
        pool->asleep++;
        while (atomic_load(&pool->news) == news) pthread_cond_wait(&pool->work, &pool->lock);
        pool->asleep--;
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void hang_in(nll_pool *pool, struct loop *loop) {
    pthread_mutex_lock(&pool->lock);
    loop->next = pool->loops;
    pool->loops = loop;
    atomic_fetch_add(&pool->news, 1);
    size_t asleep = pool->asleep, wanted = loop->ranges - 1;
    pthread_mutex_unlock(&pool->lock);
    if (wanted >= asleep && asleep > 0)
        pthread_cond_broadcast(&pool->work);
    else
        for (size_t i = 0; i < wanted && i < asleep; i++) pthread_cond_signal(&pool->work);
}

/* Returns when no thread of the pool is in the loop any more. */
static void take_out(nll_pool *pool, struct loop *loop) {
    pthread_mutex_lock(&pool->lock);
    struct loop **at = &pool->loops;
    while (*at != loop) at = &(*at)->next;
    *at = loop->next;
    pthread_mutex_unlock(&pool->lock);
    watch(pool, &loop->helpers, 0, 1);
    if (atomic_load(&loop->helpers) == 0) return;
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&loop->helpers) > 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void parallel_for(void *user, size_t n, nll_task task, void *arg) {
    nll_pool *pool = user;
    if (n == 0) return;
    if (n == 1 || !pool || pool->threads == 1 || pool->owner != getpid()) {
        task(arg, 0, n);
        return;
    }
    struct loop loop;
    loop.task = task;
    loop.arg = arg;
    loop.n = n;
    loop.ranges = n < SHARE * pool->threads ? n : SHARE * pool->threads;
    atomic_init(&loop.left, loop.ranges);
    atomic_init(&loop.helpers, 0);
    for (size_t r = 0; r < loop.ranges; r++) atomic_init(&loop.taken[r], 0);
    hang_in(pool, &loop);
    take_ranges(&loop, 0, pool->threads);
    take_out(pool, &loop);
}

static int start(struct worker *worker) {
    /* Faults of the thread itself cannot wait; all else is for the caller's threads. */
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int error = pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error) pthread_setname_np(worker->thread, "nll-pool");
    return error;
}

nll_status nll_pool_create(size_t threads, nll_pool **pool) {
    if (!pool) return NLL_E_NULL;
    *pool = NULL;
    if (threads > NLL_THREADS_MOST) return NLL_E_VALUE;
    if (threads == 0) threads = nll_threads_default();
    nll_pool *p = calloc(1, sizeof *p + (threads - 1) * sizeof *p->workers);
    if (!p) return NLL_E_MEMORY;
    p->threads = threads;
    p->spin = threads <= nll_cpus_allowed() ? SPIN : 0;
    p->owner = getpid();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    for (; p->started < threads - 1; p->started++) {
        struct worker *worker = &p->workers[p->started];
        worker->pool = p;
        worker->number = p->started + 1;
        if (start(worker) == 0) continue;
        nll_pool_destroy(p);
        return NLL_E_THREADS;
    }
    *pool = p;
    return NLL_OK;
}

void nll_pool_destroy(nll_pool *pool) {
    if (!pool) return;
    if (pool->owner == getpid()) { /* else fork() left the threads, and the lock, behind */
        pthread_mutex_lock(&pool->lock);
        pool->stop = 1;
        atomic_fetch_add(&pool->news, 1);
        pthread_cond_broadcast(&pool->work);
        pthread_mutex_unlock(&pool->lock);
        for (size_t i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->done);
        pthread_cond_destroy(&pool->work);
        pthread_mutex_destroy(&pool->lock);
    }
    free(pool);
}

size_t nll_pool_threads(const nll_pool *pool) { return pool ? pool->threads : 1; }

nll_executor nll_pool_executor(nll_pool *pool) {
    return (nll_executor){.user = pool, .parallel_for = parallel_for};
}
