/* cpus.c: see cpus.h. */
#include "cpus.h"

#include "nll/nll.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t nll_cpus_allowed(void) {
    /* Room for 65536 CPUs: the system call refuses a set smaller than its own. */
    union {
        cpu_set_t set;
        unsigned long room[(1 << 16) / (CHAR_BIT * sizeof(unsigned long))];
    } cpus;
    memset(&cpus, 0, sizeof cpus);
    long count = sched_getaffinity(0, sizeof cpus, &cpus.set) == 0
                     ? CPU_COUNT_S(sizeof cpus, &cpus.set)
                     : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > NLL_THREADS_MOST ? NLL_THREADS_MOST : (size_t)count;
}

/* One file cpu.max: microseconds of CPU time per period, "max 100000" or "150000 100000". */
static size_t quota_of(const char *file) {
    long long quota = 0, period = 0;
    FILE *stream = fopen(file, "re");
    if (!stream) return NLL_THREADS_MOST;
    int found = fscanf(stream, "%lld %lld", &quota, &period);
    fclose(stream);
    if (found != 2 || quota <= 0 || period <= 0) return NLL_THREADS_MOST;
    long long cpus = quota / period + (quota % period != 0);
    return cpus < NLL_THREADS_MOST ? (size_t)cpus : NLL_THREADS_MOST;
}

size_t nll_cpus_quota(const char *root, const char *path) {
    char file[PATH_MAX];
    size_t least = NLL_THREADS_MOST, length = strlen(path);
    for (;;) {
        while (length > 0 && path[length - 1] == '/') length--;
        int size = snprintf(file, sizeof file, "%s%.*s/cpu.max", root, (int)length, path);
        if (size > 0 && (size_t)size < sizeof file) {
            size_t quota = quota_of(file);
            if (quota < least) least = quota;
        }
        if (length == 0) return least;
        while (length > 0 && path[length - 1] != '/') length--;
    }
}

/* The quota of this process's own group, which /proc names in a line "0::/a/b".  In a container
 * whose groups go by names from outside, the walk ends at its own group, the root it sees. */
static size_t own_quota(void) {
    char line[PATH_MAX + 8];
    size_t quota = NLL_THREADS_MOST;
    FILE *stream = fopen("/proc/self/cgroup", "re");
    if (!stream) return quota;
    while (fgets(line, sizeof line, stream))
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            quota = nll_cpus_quota("/sys/fs/cgroup", line + 3);
        }
    fclose(stream);
    return quota;
}

size_t nll_threads_default(void) {
    const char *text = getenv("NLL_NUM_THREADS");
    char *end = NULL;
    long wanted = text ? strtol(text, &end, 10) : 0;
    if (text && end != text && !*end && wanted >= 1 && wanted <= NLL_THREADS_MOST)
        return (size_t)wanted;
    size_t cpus = nll_cpus_allowed(), quota = own_quota();
    return cpus < quota ? cpus : quota;
}
