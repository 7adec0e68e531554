/* gbench.h: all of Google Benchmark that the C files need. */
#ifndef NLL_BENCH_GBENCH_H
#define NLL_BENCH_GBENCH_H

#ifdef __cplusplus
extern "C" {
#endif

/* One benchmark.  A repetition is: begin, one run that is not timed, runs that are. */
typedef struct gb_case {
    const char *name;
    double items, bytes;        /* of one run: elements, compulsory memory traffic */
    double (*begin)(void *ctx); /* returns the roof in bytes per second, 0 where there is none */
    void (*restore)(void *ctx); /* before every run, never timed; may be NULL */
    void (*run)(void *ctx);
    void *ctx;
} gb_case;

/* What the table shows of one benchmark: medians over its repetitions. */
typedef struct gb_row {
    const char *name;
    long index;                        /* in order of registration */
    double items, bytes, roof, cycles; /* per second, but cycles per item */
    double fraction;                   /* bytes / roof, repetition by repetition */
    double spread;                     /* standard deviation of items / its mean */
} gb_row;

/* Time that the calling thread has run, in seconds; defined in machine.c. */
double gb_seconds(void);

void gb_register(const gb_case *c);
/* A line of the context that heads every report. */
void gb_context(const char *key, const char *value);
/* Runs what the flags in argv choose.  `tick_rate` is that of the cycles reported, 0: none.
 * `report` is called for every benchmark unless the flags ask for a format of Google Benchmark's
 * own. Returns the number of benchmarks run, -1 for flags that it does not know. */
long gb_main(int argc, char **argv, double tick_rate, void (*report)(const gb_row *));

#ifdef __cplusplus
}
#endif
#endif
