/* pool.c: nll_pool_create: every unit once, the same bits for any number of threads, calls inside
 * tasks and from many threads, and what it leaves behind: no thread, no waiting CPU, no signal. */
#include "api/cpus.h"
#include "gen.h"
#include "problem.h"
#include "snapshot.h"
#include "support.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 8, MOST_UNITS = 100003, MOST_RANGES = 4 * MOST_THREADS };

static nll_pool *new_pool(size_t threads) {
    nll_pool *pool = NULL;
    EXPECT_STATUS(NLL_OK, nll_pool_create(threads, &pool));
    cr_assert_not_null(pool);
    return pool;
}

static void run(nll_pool *pool, size_t n, nll_task task, void *arg) {
    nll_executor e = nll_pool_executor(pool);
    e.parallel_for(e.user, n, task, arg);
}

/* ---- ranges */

struct count {
    atomic_uchar *seen; /* of each unit */
    size_t n;
    atomic_size_t ranges;
    size_t begins[MOST_RANGES], ends[MOST_RANGES];
};

static void count_units(void *arg, size_t begin, size_t end) {
    struct count *c = arg;
    size_t r = atomic_fetch_add(&c->ranges, 1);
    cr_assert(begin < end && end <= c->n && r < MOST_RANGES);
    c->begins[r] = begin;
    c->ends[r] = end;
    for (size_t i = begin; i < end; i++) atomic_fetch_add(&c->seen[i], 1);
}

Test(pool, every_unit_once_in_ranges_that_depend_on_numbers_alone) {
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 1000, MOST_UNITS};
    static atomic_uchar seen[MOST_UNITS];
    for (size_t threads = 1; threads <= MOST_THREADS; threads++) {
        nll_pool *pool = new_pool(threads);
        cr_expect_eq(nll_pool_threads(pool), threads);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int again = 0; again < 3; again++) {
                struct count c = {.seen = seen, .n = sizes[s]};
                for (size_t i = 0; i < c.n; i++) atomic_init(&seen[i], 0);
                run(pool, c.n, count_units, &c);
                for (size_t i = 0; i < c.n; i++) cr_assert_eq(seen[i], 1, "unit %zu", i);
                size_t least = c.n < threads ? c.n : threads, length = c.n;
                cr_assert(c.ranges >= least && c.ranges <= 4 * threads, "%zu ranges", c.ranges);
                for (size_t r = 0; r < c.ranges; r++) {
                    size_t l = c.ends[r] - c.begins[r];
                    length = l < length ? l : length;
                }
                for (size_t r = 0; r < c.ranges; r++) /* as even as can be */
                    cr_assert_leq(c.ends[r] - c.begins[r], length + 1);
            }
        nll_pool_destroy(pool);
    }
    struct count c = {.seen = seen, .n = 10};
    run(NULL, c.n, count_units, &c); /* no pool: the calling thread, at once */
    cr_expect_eq(c.ranges, 1u);
    cr_expect_eq(nll_pool_threads(NULL), 1u);
    nll_pool_destroy(NULL);
}

/* ---- bits */

Test(pool, same_bits_for_any_number_of_threads) {
    static const nll_dtype types[] = {NLL_F32, NLL_F64, NLL_BF16};
    static const size_t rows[] = {1, 257, 70001}, shapes[][2] = {{2000, 5}, {511, 40}, {7, 9001}};
    for (size_t threads = 1; threads <= MOST_THREADS; threads++) {
        if (gen_quick() && threads % 3 != 2) continue;
        nll_pool *pool = new_pool(threads);
        nll_executor executor = nll_pool_executor(pool);
        for (int which = 0; which < CATEGORICAL_PROBLEMS + GAUSSIAN_PROBLEMS; which++)
            for (int s = 0; s < 3; s++) {
                struct problem p;
                struct snapshot alone, shared;
                if (which < CATEGORICAL_PROBLEMS) {
                    nll_categorical_args a = categorical_problem(&p, which, types[(which + s) % 3],
                                                                 shapes[s][0], shapes[s][1]);
                    alone = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
                    a.common.executor = &executor;
                    shared = snap_categorical(&a, NLL_F64, NLL_F32, SNAP_ALL);
                } else {
                    nll_gaussian_args a = gaussian_problem(&p, which - CATEGORICAL_PROBLEMS,
                                                           types[(which + s) % 3], rows[s]);
                    alone = snap_gaussian(&a, NLL_F64, NLL_F32, SNAP_ALL);
                    a.common.executor = &executor;
                    shared = snap_gaussian(&a, NLL_F64, NLL_F32, SNAP_ALL);
                }
                char label[80];
                snprintf(label, sizeof label, "%zu threads, problem %d.%d", threads, which, s);
                snap_compare(&shared, &alone, label);
                cr_expect_eq(shared.status, NLL_OK, "%s", label);
                snap_free(&alone);
                snap_free(&shared);
                problem_free(&p);
            }
        nll_pool_destroy(pool);
    }
}

/* ---- calls in calls, calls from many threads */

struct tree {
    nll_pool *pool;
    int depth;
    atomic_size_t leaves;
};

static void grow(void *arg, size_t begin, size_t end) {
    struct tree *t = arg;
    for (size_t i = begin; i < end; i++) {
        if (t->depth == 0) {
            atomic_fetch_add(&t->leaves, 1);
        } else {
            struct tree branch = {.pool = t->pool, .depth = t->depth - 1};
            run(t->pool, 5, grow, &branch);
            atomic_fetch_add(&t->leaves, branch.leaves);
        }
    }
}

Test(pool, tasks_use_their_own_pool, .timeout = 120) {
    for (size_t threads = 1; threads <= MOST_THREADS; threads++) {
        struct tree t = {.pool = new_pool(threads), .depth = 4};
        for (int again = 0; again < 20; again++) {
            atomic_store(&t.leaves, 0);
            run(t.pool, 5, grow, &t);
            cr_assert_eq(t.leaves, 3125u, "%zu leaves", t.leaves);
        }
        nll_pool_destroy(t.pool);
    }
}

struct user {
    nll_pool *pool;
    size_t calls, n;
    int wrong;
};

static void number(void *arg, size_t begin, size_t end) {
    size_t *units = arg;
    for (size_t i = begin; i < end; i++) units[i] = i + 1;
}

static void *use(void *arg) {
    struct user *u = arg;
    size_t units[64];
    for (size_t k = 0; k < u->calls; k++) {
        size_t n = 1 + (u->n + k) % 64;
        memset(units, 0, sizeof units);
        run(u->pool, n, number, units);
        for (size_t i = 0; i < 64; i++) u->wrong |= units[i] != (i < n ? i + 1 : 0);
    }
    return NULL;
}

Test(pool, many_small_calls_from_many_threads, .timeout = 120) {
    enum { USERS = 6 };
    for (size_t threads = 1; threads <= 4; threads++) {
        nll_pool *pool = new_pool(threads);
        struct user users[USERS];
        pthread_t thread[USERS];
        for (size_t u = 0; u < USERS; u++) {
            users[u] = (struct user){.pool = pool, .calls = gen_count(5000), .n = 11 * u};
            cr_assert_eq(pthread_create(&thread[u], NULL, use, &users[u]), 0);
        }
        for (size_t u = 0; u < USERS; u++) {
            pthread_join(thread[u], NULL);
            cr_expect_not(users[u].wrong, "%zu threads, user %zu", threads, u);
        }
        nll_pool_destroy(pool);
    }
}

/* A call whose tasks hold all threads of the pool up keeps no other call from its end. */
struct gate {
    nll_pool *pool;
    sem_t entered, open;
};

static void wait_at(void *arg, size_t begin, size_t end) {
    struct gate *g = arg;
    for (size_t i = begin; i < end; i++) {
        sem_post(&g->entered);
        sem_wait(&g->open);
    }
}

static void *hold(void *arg) {
    struct gate *g = arg;
    run(g->pool, 3, wait_at, g);
    return NULL;
}

Test(pool, nobody_waits_for_a_turn, .timeout = 60) {
    struct gate g = {.pool = new_pool(3)};
    struct user u = {.pool = g.pool, .calls = 1000};
    pthread_t thread;
    sem_init(&g.entered, 0, 0);
    sem_init(&g.open, 0, 0);
    cr_assert_eq(pthread_create(&thread, NULL, hold, &g), 0);
    for (int i = 0; i < 3; i++) sem_wait(&g.entered);
    use(&u);
    cr_expect_not(u.wrong);
    for (int i = 0; i < 3; i++) sem_post(&g.open);
    pthread_join(thread, NULL);
    nll_pool_destroy(g.pool);
}

/* ---- what it leaves behind */

/* Threads of this process, by the kernel's count. */
static long threads_here(void) {
    char line[128];
    long count = -1;
    FILE *status = fopen("/proc/self/status", "r");
    cr_assert_not_null(status);
    while (fgets(line, sizeof line, status)) sscanf(line, "Threads: %ld", &count);
    fclose(status);
    return count;
}

/* A joined thread stays in that count for a moment. */
static void expect_threads(long count) {
    for (int i = 0; i < 1000 && threads_here() != count; i++) usleep(1000);
    cr_expect_eq(threads_here(), count, "%ld threads, expected %ld", threads_here(), count);
}

Test(pool, threads_are_those_asked_for_and_end) {
    long before = threads_here();
    for (int again = 0; again < 200; again++) {
        size_t threads = 1 + (size_t)again % MOST_THREADS;
        nll_pool *pool = new_pool(threads);
        cr_expect_eq(threads_here(), before + (long)threads - 1);
        if (again % 3) {
            size_t units[100];
            run(pool, 100, number, units);
            cr_expect_eq(units[99], 100u);
        }
        nll_pool_destroy(pool);
        expect_threads(before);
    }
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

Test(pool, idle_threads_sleep) {
    nll_pool *pool = new_pool(3);
    size_t units[100];
    run(pool, 100, number, units);
    usleep(20000);
    double before = cpu_seconds();
    usleep(400000);
    double used = cpu_seconds() - before;
    cr_expect_lt(used, 0.02, "%g s of CPU time in 0.4 s of idleness", used);
    nll_pool_destroy(pool);
}

Test(pool, signals_are_for_the_callers_threads) {
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    nll_pool *pool = new_pool(4); /* while the signal is not blocked */
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1); /* a thread that takes it ends the process */
    size_t units[100];
    run(pool, 100, number, units);
    sigpending(&pending);
    cr_expect(sigismember(&pending, SIGUSR1));
    nll_pool_destroy(pool);
}

Test(pool, child_of_fork_runs_calls_alone, .timeout = 60) {
    for (int again = 0; again < 50; again++) {
        nll_pool *pool = new_pool(4);
        struct user u = {.pool = pool, .calls = 20};
        use(&u); /* the threads are about to go to sleep: one may hold the lock */
        pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            use(&u);
            nll_pool_destroy(pool);
            _exit(u.wrong);
        }
        int status = -1;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_expect_eq(status, 0);
        use(&u);
        cr_expect_not(u.wrong);
        nll_pool_destroy(pool);
    }
}

/* ---- errors */

Test(pool, mistakes) {
    nll_pool *pool = (nll_pool *)(uintptr_t)64;
    EXPECT_STATUS(NLL_E_NULL, nll_pool_create(2, NULL));
    EXPECT_STATUS(NLL_E_VALUE, nll_pool_create(4097, &pool));
    cr_expect_null(pool);
    pool = (nll_pool *)(uintptr_t)64;
    EXPECT_STATUS(NLL_E_VALUE, nll_pool_create(SIZE_MAX, &pool));
    cr_expect_null(pool);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define __has_feature(x) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
/* Stacks for some threads, not for all of them.  (A sanitizer's own memory would not fit.) */
Test(pool, a_refused_thread_leaves_none_behind) {
    long before = threads_here(), pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    cr_assert(statm && fscanf(statm, "%ld", &pages) == 1);
    fclose(statm);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, (size_t)64 << 20);
    cr_assert_eq(pthread_setattr_default_np(&attributes), 0);
    struct rlimit limit = {0, RLIM_INFINITY};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)640 << 20);
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    size_t large = (size_t)1 << 30;
    void *room = mmap(NULL, large, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room != MAP_FAILED) cr_skip_test("the limit of memory is not kept: an emulator?");
    nll_pool *pool = (nll_pool *)(uintptr_t)64;
    EXPECT_STATUS(NLL_E_THREADS, nll_pool_create(200, &pool));
    cr_expect_null(pool);
    expect_threads(before);
    nll_pool_destroy(new_pool(3)); /* as many as fit do */
}
#endif
#endif

/* ---- the default */

Test(pool, default_of_the_environment_and_of_the_system) {
    static const struct {
        const char *text;
        size_t threads; /* 0: as if it were not set */
    } cases[] = {{"1", 1}, {"5", 5},  {"4096", 4096}, {"4097", 0}, {"0", 0},
                 {"", 0},  {"-3", 0}, {"3x", 0},      {"many", 0}, {"99999999999999999999", 0}};
    unsetenv("NLL_NUM_THREADS");
    size_t usual = nll_threads_default();
    cr_expect(usual >= 1 && usual <= nll_cpus_allowed());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("NLL_NUM_THREADS", cases[i].text, 1);
        cr_expect_eq(nll_threads_default(), cases[i].threads ? cases[i].threads : usual, "'%s'",
                     cases[i].text);
    }
    setenv("NLL_NUM_THREADS", "3", 1);
    nll_pool *pool = new_pool(0);
    cr_expect_eq(nll_pool_threads(pool), 3u);
    nll_pool_destroy(pool);
    unsetenv("NLL_NUM_THREADS");
    cpu_set_t allowed, one;
    CPU_ZERO(&one);
    cr_assert_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && !CPU_COUNT(&one); cpu--)
        if (CPU_ISSET(cpu, &allowed)) CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_expect_eq(nll_threads_default(), 1u);
    pool = new_pool(0);
    cr_expect_eq(nll_pool_threads(pool), 1u);
    nll_pool_destroy(pool);
}

Test(pool, quota_is_the_least_on_the_way_up) {
    char root[] = "/tmp/nll-pool-XXXXXX", path[128];
    cr_assert_not_null(mkdtemp(root));
    static const struct {
        const char *folder, *text;
    } files[] = {{"", "max 100000\n"},
                 {"/a", "250000 100000\n"},
                 {"/a/b", "1600000 100000\n"},
                 {"/c", "100000 100000\n"},
                 {"/d", "-1 100000\n"},
                 {"/e", "7\n"},
                 {"/f", ""},
                 {"/g", "99999999999999 1\n"}};
    enum { FILES = sizeof files / sizeof *files };
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s%s", root, files[i].folder);
        cr_assert(i == 0 || mkdir(path, 0700) == 0);
        snprintf(path, sizeof path, "%s%s/cpu.max", root, files[i].folder);
        FILE *file = fopen(path, "w");
        cr_assert_not_null(file);
        fputs(files[i].text, file);
        fclose(file);
    }
    static const struct {
        const char *path;
        size_t cpus;
    } cases[] = {{"/", 4096},  {"/a", 3},      {"/a/b", 3},        {"/a/b/missing", 3},
                 {"/c", 1},    {"/c/x/y/", 1}, {"/missing", 4096}, {"/d", 4096},
                 {"/e", 4096}, {"/f", 4096},   {"/g", 4096}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(nll_cpus_quota(root, cases[i].path), cases[i].cpus, "%s", cases[i].path);
    for (int i = FILES; i-- > 0;) {
        snprintf(path, sizeof path, "%s%s/cpu.max", root, files[i].folder);
        unlink(path);
        *strrchr(path, '/') = '\0';
        rmdir(path);
    }
    cr_expect_eq(nll_cpus_quota("/nonexistent", "/a/b"), 4096u);
}
