/* threads.h: a pool of threads, for callers that have none to lend.  Included by nll.h.
 *
 *     nll_pool *pool;
 *     if (nll_pool_create(0, &pool) == NLL_OK) {
 *         nll_executor executor = nll_pool_executor(pool);
 *         args.common.executor = &executor;
 *         ... any number of calls, from any threads ...
 *         nll_pool_destroy(pool);
 *     }
 *
 * There is no pool but those made here, and no state outside them.  A call over n units is cut into
 * at most four ranges per thread, which depend on n and the number of threads alone; each thread
 * has ranges of its own, the same for equal n, and takes those of others when it has done them. Who
 * runs what never changes a bit of a result.
 *
 * Calls      The calling thread works as well.  Any number of threads may use a pool at once: they
 *            share its threads, and none waits for its turn.  A task may itself use the pool.
 * Idle       A thread without work looks for some for 50 microseconds, then sleeps until a call.
 * Signals    are left to the caller's threads: those of a pool block all that can be blocked.
 * fork()     In the child a pool of the parent has no threads: calls run on the calling thread, and
 *            nll_pool_destroy gives the memory back. */
typedef struct nll_pool nll_pool;

/* A pool of `threads` threads in all, the calling one among them: threads - 1 are started, for 1
 * none.  0: nll_threads_default().
 * NLL_E_NULL if pool is; NLL_E_VALUE above 4096; NLL_E_MEMORY; NLL_E_THREADS if the system refuses
 * to start one.  On an error *pool is NULL and nothing has been kept. */
nll_status nll_pool_create(size_t threads, nll_pool **pool);
/* Ends the threads and waits for them.  No call may be using the pool.  NULL: nothing. */
void nll_pool_destroy(nll_pool *pool);
/* Threads of the pool, the calling one among them; 1 for NULL. */
size_t nll_pool_threads(const nll_pool *pool);
/* The pool as an executor, valid as long as the pool.  NULL: the calling thread alone. */
nll_executor nll_pool_executor(nll_pool *pool);

/* NLL_NUM_THREADS from the environment if that is a whole number from 1 to 4096.  Else the CPUs
 * that the calling thread may run on (taskset, cpusets), but no more than the CPU quota of its
 * control group and those above it, rounded up (version 2, as containers have it).  At least 1. */
size_t nll_threads_default(void);
