/* ahead.h: pages of large mapped inputs, made ready before the threads that compute reach them.
 *
 * Where the system holds a file in pages of 4 KiB, mapping them as they are touched takes up to
 * three times as long as a fast kernel takes for these bytes, and unmapping them nearly as long as
 * that kernel.  CPUs that no thread computes on can do both meanwhile.  Where it holds the file in
 * pages of 2 MiB, both cost next to nothing. */
#ifndef NLL_TOOL_AHEAD_H
#define NLL_TOOL_AHEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { AHEAD_SPANS = 16, AHEAD_HELPERS = 64, AHEAD_DONE = 64 };

/* Bytes of an input that are read from first to last. */
struct span {
    char *data;
    size_t size;
};

/* Units [begin, end) of n: that share of each span. */
struct stretch {
    struct stretch *next;
    size_t begin, end, n;
    size_t at; /* windows of it that have been handed out */
};

struct ahead {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct span spans[AHEAD_SPANS];
    size_t span_count, bytes; /* of all spans */
    struct stretch *under_way;
    struct stretch done[AHEAD_DONE]; /* their pages can go */
    size_t done_count;
    pthread_t helpers[AHEAD_HELPERS];
    size_t helper_count;
    bool stop;
};

/* Starts helpers beside `threads` threads if any CPU is left and the spans, added before, are worth
 * it.  That there are none is no error. */
void ahead_start(struct ahead *ahead, size_t threads);
void ahead_stop(struct ahead *ahead);
void ahead_add(struct ahead *ahead, const void *data, size_t size);

/* Around the work on such units; *stretch lives until ahead_leave().  They are best worked through
 * in that many slices, after each of which, units [begin, end), its pages can go. */
size_t ahead_enter(struct ahead *ahead, struct stretch *stretch);
void ahead_passed(struct ahead *ahead, struct stretch *stretch, size_t begin, size_t end);
void ahead_leave(struct ahead *ahead, struct stretch *stretch);

#endif
