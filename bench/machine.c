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

/* Of one thread not the wall's time: what other programs take from it is none of its speed. */
double gb_seconds(int threads) {
    return seconds(threads > 1 ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID);
}

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

static size_t size_of(char *text) {
    char *unit;
    size_t size = strtoull(text, &unit, 10);
    return size << (*unit == 'M' ? 20 : *unit == 'K' ? 10 : 0);
}

static int cache_line(long cpu, int index, const char *what, char *line, int size) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%ld/cache/index%d/%s", cpu, index,
             what);
    return read_line(path, "", line, size);
}

size_t machine_cache(void) {
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    int last = 0;
    size_t sum = 0;
    for (long cpu = 0; cpu < cpus; cpu++)
        for (int index = 0; index < 8; index++) {
            char line[256];
            if (!cache_line(cpu, index, "level", line, sizeof line)) continue;
            int level = atoi(line);
            if (level < last) continue;
            if (level > last) sum = 0;
            last = level;
            /* counted at the first of the CPUs that share it */
            if (cache_line(cpu, index, "shared_cpu_list", line, sizeof line) && atol(line) != cpu)
                continue;
            if (cache_line(cpu, index, "size", line, sizeof line)) sum += size_of(line);
        }
    return sum > 0 ? sum : (size_t)32 << 20;
}

size_t machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : (size_t)1 << 31;
}

/* Those words of the kernel's list that a kernel of this library, or of its peers, could care
 * about: vectors, fused multiply-add, half precision. */
static const char *interesting(char *flags) {
#if defined(__x86_64__)
    static const char *const beginnings[] = {"avx", "sse4_", "fma", "f16c", "bmi", "amx"};
#else
    static const char *const beginnings[] = {"asimd", "sve", "sme", "fp", "bf16", "i8mm"};
#endif
    const char *found = "";
    char *rest = flags, *word;
    while ((word = strsep(&rest, " \t")))
        for (size_t i = 0; *word && i < sizeof beginnings / sizeof *beginnings; i++)
            if (strncmp(word, beginnings[i], strlen(beginnings[i])) == 0) {
                found = bench_text("%s%s%s", found, *found ? " " : "", word);
                break;
            }
    return found;
}

static const char *built(void) {
    const char *names = "";
    for (size_t i = 0; nll_isa_at(i); i++)
        names = bench_text("%s%s%s", names, i ? " " : "", nll_isa_at(i)->name);
    return names;
}

/* The reserved bit of x86 that hypervisors set; else what the firmware calls the machine. */
static const char *virtual_machine(void) {
#if defined(__x86_64__)
    unsigned a, b, c = 0, d;
    if (__get_cpuid(1, &a, &b, &c, &d)) return c >> 31 ? "yes" : "no";
#endif
    return "unknown";
}

void machine_context(double tick_rate, const char *digest) {
    /* x86-64 has the one key, arm64 the other */
    static const struct {
        const char *key, *x86, *arm;
    } cpuinfo[] = {{"cpu", "model name", "Model"},
                   {"cpu_family", "cpu family", "CPU architecture"},
                   {"cpu_model", "model\t", "CPU part"},
                   {"flags", "flags", "Features"}};
    static char line[1 << 14];
    for (size_t i = 0; i < sizeof cpuinfo / sizeof *cpuinfo; i++) {
        int known = read_line("/proc/cpuinfo", cpuinfo[i].x86, line, sizeof line) ||
                    read_line("/proc/cpuinfo", cpuinfo[i].arm, line, sizeof line);
        const char *value = known ? line : "unknown";
        if (known && strcmp(cpuinfo[i].key, "flags") == 0) value = interesting(line);
        gb_context(cpuinfo[i].key, value);
    }
    int governor =
        read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", line, sizeof line);
    gb_context("governor", governor ? line : "unknown");
    gb_context("virtual_machine", virtual_machine());
    gb_context("nll", nll_version());
    gb_context("numerics", bench_text("%u", nll_numerics_version()));
    gb_context("isa_built", built());
    gb_context("isa", bench_isa(0, 1)->name);
#if defined(__clang__)
    gb_context("compiler", "clang " __clang_version__);
#else
    gb_context("compiler", "gcc " __VERSION__);
#endif
    gb_context("compiler_flags", NLL_BENCH_FLAGS);
    gb_context("last_level_cache", bench_text("%zu KiB", bench.cache >> 10));
    gb_context("dram_size", bench_text("%zu KiB", bench.dram >> 10));
    gb_context("tsc", tick_rate > 0 ? bench_text("%.3f GHz", tick_rate * 1e-9) : "unknown");
    if (*digest) gb_context("digest", digest);
}
