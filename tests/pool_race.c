/* pool_race.c: the pool under ThreadSanitizer: this file, kernels/api/pool.c and cpus.c, compiled
 * with it.
 *
 * All data below are plain memory: what the pool itself does not order is a race, which the
 * run-time library reports and turns into a failure. */
#include <nll/nll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 300, USERS = 3 };

struct call {
    nll_pool *pool;
    int depth;
    size_t rounds, sum;
    size_t in[UNITS], out[UNITS];
};

static void on_pool(nll_pool *pool, size_t n, nll_task task, void *arg) {
    nll_executor e = nll_pool_executor(pool);
    e.parallel_for(e.user, n, task, arg);
}

static void rounds(struct call *c);

static void square(void *arg, size_t begin, size_t end) {
    struct call *c = arg;
    for (size_t i = begin; i < end; i++) {
        c->out[i] = c->in[i] * c->in[i];
        if (c->depth > 0 && i % 100 == 7) { /* a call inside the task, on data of its own */
            struct call *inner = calloc(1, sizeof *inner);
            if (!inner) abort();
            inner->pool = c->pool;
            inner->depth = c->depth - 1;
            inner->rounds = 1;
            rounds(inner);
            c->out[i] += inner->sum;
            free(inner);
        }
    }
}

/* Input, call, and output of each round depend on the round before. */
static void rounds(struct call *c) {
    for (size_t r = 0; r < c->rounds; r++) {
        size_t n = r % 7 == 0 ? 1 + r % UNITS : UNITS;
        for (size_t i = 0; i < n; i++) c->in[i] = i + r + c->sum % 3;
        on_pool(c->pool, n, square, c);
        for (size_t i = 0; i < n; i++) c->sum += c->out[i];
    }
}

static void *user(void *arg) {
    rounds(arg);
    return NULL;
}

/* What USERS users find with so many threads; some rounds are far enough apart for threads to
 * sleep. */
static size_t total(size_t threads) {
    static struct call calls[USERS];
    pthread_t thread[USERS];
    nll_pool *pool;
    size_t sum = 0;
    if (nll_pool_create(threads, &pool) != NLL_OK) abort();
    memset(calls, 0, sizeof calls);
    for (size_t u = 0; u < USERS; u++) {
        calls[u].pool = pool;
        calls[u].depth = u == 0 ? 2 : 0;
        calls[u].rounds = u == 0 ? 20 : 300;
        if (pthread_create(&thread[u], NULL, user, &calls[u])) abort();
    }
    for (size_t u = 0; u < USERS; u++) {
        pthread_join(thread[u], NULL);
        sum += calls[u].sum;
    }
    for (int i = 0; i < 10; i++) {
        usleep(300);
        calls[1].rounds = 1;
        rounds(&calls[1]);
        sum += calls[1].sum;
    }
    nll_pool_destroy(pool);
    return sum;
}

int main(void) {
    size_t expected = total(1), wrong = 0;
    for (size_t threads = 2; threads <= 6; threads++) wrong += total(threads) != expected;
    printf("%zu of 5 sums differ\n", wrong);
    return wrong != 0;
}
