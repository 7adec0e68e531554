/* threads.h: the executor behind --threads, and the progress line.
 *
 * Ranges are split evenly over OpenMP threads (or run on the calling thread where the program was
 * built without OpenMP); the library's results do not depend on it. */
#ifndef NLL_TOOL_THREADS_H
#define NLL_TOOL_THREADS_H

#include <nll/nll.h>
#include <stdbool.h>
#include <stdint.h>

/* NLL_NUM_THREADS if it is a sensible number, else the CPUs this process may use; 1 without OpenMP.
 */
int threads_default(void);
/* Version of OpenMP as yyyymm, 0 without it. */
int threads_openmp(void);
enum { THREADS_MOST = 4096 };

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct pool {
    int threads;
    bool progress; /* draw the line */
    bool terminal; /* rewrite it in place */
    bool drawn;
    int64_t start, last, interval; /* nanoseconds */
};

void pool_start(struct pool *pool, int threads, enum progress_mode mode);
nll_executor pool_executor(struct pool *pool);
/* Takes the line away again; seconds since the start. */
double pool_stop(struct pool *pool);

/* Monotonic time in nanoseconds. */
int64_t clock_now(void);

#endif
