/* gbench.h: all of Google Benchmark that the C files need. */
#ifndef NLL_BENCH_GBENCH_H
#define NLL_BENCH_GBENCH_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One benchmark.  A repetition is: begin, one run that is not timed, runs that are. */
typedef struct gb_case {
    const char *name;
    double items, bytes;        /* of one run: elements, compulsory memory traffic (0: none) */
    double (*begin)(void *ctx); /* returns the roof in bytes per second, 0 where there is none */
    double (*last_axis)(void *ctx); /* bytes per second of the same rows with the classes on the
                                       last axis; may be NULL */
    void (*restore)(void *ctx);     /* before every run, never timed; may be NULL */
    void (*run)(void *ctx);
    void *ctx;
    int threads;         /* that a run takes; 0 means 1 */
    double error_bound;  /* stated bound in units in the last place; below 0: none is stated */
    const char **digest; /* of the outputs, known after begin; NULL: there are none */
} gb_case;

/* What the table shows of one benchmark: medians over its repetitions. */
typedef struct gb_row {
    const char *name;
    long index;                       /* in order of registration */
    double items, bytes, roof, ticks; /* per second, but ticks per item */
    double fraction;                  /* bytes / roof, repetition by repetition */
    double share;                     /* of the speed on the last axis, 0: none */
    double spread;                    /* standard deviation of items / its mean */
} gb_row;

/* Seconds: of the calling thread's own time for one thread, else of the wall's.  In machine.c. */
double gb_seconds(int threads);

void gb_register(const gb_case *c);
/* How many are registered. */
size_t gb_count(void);
/* A line of the context that heads every report. */
void gb_context(const char *key, const char *value);
/* Runs what the flags in argv choose.  `tick_rate` is that of the ticks reported, 0: none.
 * `report` is called for every benchmark unless the flags ask for a format of Google Benchmark's
 * own; *json, unless NULL, becomes the whole report as JSON, allocated.  Returns the number of
 * benchmarks run, -1 for a flag that it does not know: argv[1] then. */
long gb_main(int argc, char **argv, double tick_rate, void (*report)(const gb_row *), char **json);

#ifdef __cplusplus
}
#endif
#endif
