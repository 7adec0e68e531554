/* machine.c: the machine that figures belong to. */
#include "bench.h"

#include "gbench.h"
#include "nll/nll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Not the wall's time: what other programs take from this thread is none of its speed. */
double gb_seconds(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

double machine_tick_rate(void) {
#if defined(__x86_64__)
    double from = seconds(CLOCK_MONOTONIC), now;
    uint64_t ticks = __rdtsc();
    while ((now = seconds(CLOCK_MONOTONIC)) < from + 0.05) {
    }
    return (double)(__rdtsc() - ticks) / (now - from);
#else
    return 0; /* the counter of other CPUs does not run at their clock */
#endif
}

/* First line of a file under /sys or /proc that begins with `key`, from its value on. */
static int read_line(const char *path, const char *key, char *line, int size) {
    FILE *f = fopen(path, "r");
    int found = 0;
    while (f && !found && fgets(line, size, f)) found = strncmp(line, key, strlen(key)) == 0;
    if (f) fclose(f);
    if (found) {
        char *value = strchr(line, ':');
        value = *key && value ? value + 1 + strspn(value + 1, " \t") : line;
        memmove(line, value, strlen(value) + 1);
        line[strcspn(line, "\n")] = 0;
    }
    return found;
}

size_t machine_cache(void) {
    size_t largest = 0;
    for (int i = 0; i < 8; i++) {
        char line[64];
        if (!read_line(bench_text("/sys/devices/system/cpu/cpu0/cache/index%d/size", i), "", line,
                       sizeof line))
            continue;
        char *unit;
        size_t size = strtoull(line, &unit, 10);
        size <<= *unit == 'M' ? 20 : *unit == 'K' ? 10 : 0;
        if (size > largest) largest = size;
    }
    return largest > 0 ? largest : (size_t)32 << 20;
}

size_t machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : (size_t)1 << 31;
}

void machine_context(void) {
    char line[128];
    int known = read_line("/proc/cpuinfo", "model name", line, sizeof line);
    gb_context("cpu", known ? line : "unknown");
#if defined(__x86_64__)
    unsigned a, b, c = 0, d;
    if (__get_cpuid(1, &a, &b, &c, &d))
        gb_context("virtual_machine", c >> 31 ? "yes" : "no"); /* the bit reserved for that */
#endif
    gb_context("nll", bench_text("%s, numerics version %u", nll_version(), nll_numerics_version()));
    gb_context("isa", nll_isa_active());
#if defined(__clang__)
    gb_context("compiler", "clang " __clang_version__);
#else
    gb_context("compiler", "gcc " __VERSION__);
#endif
    gb_context("last_level_cache", bench_text("%zu KiB", bench.cache >> 10));
    gb_context("dram_size", bench_text("%zu KiB", bench.dram >> 10));
    double rate = machine_tick_rate();
    if (rate > 0) gb_context("tsc", bench_text("%.3f GHz", rate * 1e-9));
}
