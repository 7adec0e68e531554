/* cpus.h: how many CPUs this process may use. */
#ifndef NLL_CPUS_H
#define NLL_CPUS_H

#include <stddef.h>

enum { NLL_THREADS_MOST = 4096 };

/* CPUs that the calling thread may be scheduled on: at least 1, at most NLL_THREADS_MOST. */
size_t nll_cpus_allowed(void);

/* Least quota, in CPUs rounded up, of the control group `path` ("/a/b") and of those above it whose
 * files lie under `root`; NLL_THREADS_MOST without one. */
size_t nll_cpus_quota(const char *root, const char *path);

#endif
