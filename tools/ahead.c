/* ahead.c: see ahead.h. */
#include "ahead.h"

#include <errno.h>
#include <nll/nll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; the value is part of its interface */
#endif

enum {
    WINDOW = 2 << 20, /* bytes made ready at a time */
    SLICE = 16,       /* windows given back at a time */
    LEAST = 32 << 20  /* less in all is not worth a thread */
};

/* The whole pages of a share of a span: outwards to read, inwards to give back. */
static struct span pages_of(const struct span *span, double from, double to, bool outwards) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), begin = (size_t)((double)span->size * from),
           end = (size_t)((double)span->size * to);
    size_t before = (size_t)((uintptr_t)(span->data + begin) % page);
    char *first = span->data + begin - before;
    char *last = span->data + end;
    size_t after = (size_t)((uintptr_t)last % page);
    if (!outwards && before) first += page;
    if (!outwards) last -= after;
    return (struct span){first, last > first ? (size_t)(last - first) : 0};
}

static void make_ready(const struct span *pages) {
    if (pages->size == 0 || madvise(pages->data, pages->size, MADV_POPULATE_READ) == 0) return;
    if (errno != EINVAL) return; /* whoever computes will meet the error */
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < pages->size; i += page) (void)*(volatile char *)(pages->data + i);
}

static void give_back(const struct ahead *ahead, const struct stretch *s) {
    for (size_t i = 0; i < ahead->span_count; i++) {
        double n = (double)s->n;
        struct span pages =
            pages_of(&ahead->spans[i], (double)s->begin / n, (double)s->end / n, false);
        if (pages.size) madvise(pages.data, pages.size, MADV_DONTNEED);
    }
}

static size_t windows_of(const struct ahead *ahead, const struct stretch *s) {
    return (size_t)((double)ahead->bytes * (double)(s->end - s->begin) / (double)s->n / WINDOW) + 1;
}

/* Call with the lock held.  The stretch that is the least far ahead comes first. */
static struct stretch *next_stretch(const struct ahead *ahead) {
    struct stretch *best = NULL;
    for (struct stretch *s = ahead->under_way; s; s = s->next)
        if (s->at < windows_of(ahead, s) && (!best || s->at < best->at)) best = s;
    return best;
}

static void *help(void *arg) {
    struct ahead *ahead = arg;
    pthread_mutex_lock(&ahead->lock);
    while (!ahead->stop) {
        struct stretch *s = next_stretch(ahead);
        if (s) {
            double begin = (double)s->begin / (double)s->n, end = (double)s->end / (double)s->n;
            double windows = (double)windows_of(ahead, s), at = (double)s->at++;
            pthread_mutex_unlock(&ahead->lock);
            for (size_t i = 0; i < ahead->span_count; i++) {
                struct span pages =
                    pages_of(&ahead->spans[i], begin + (end - begin) * (at / windows),
                             begin + (end - begin) * ((at + 1) / windows), true);
                make_ready(&pages);
            }
            pthread_mutex_lock(&ahead->lock);
        } else if (ahead->done_count > 0) {
            struct stretch done = ahead->done[--ahead->done_count];
            pthread_mutex_unlock(&ahead->lock);
            give_back(ahead, &done);
            pthread_mutex_lock(&ahead->lock);
        } else {
            pthread_cond_wait(&ahead->work, &ahead->lock);
        }
    }
    pthread_mutex_unlock(&ahead->lock);
    return NULL;
}

void ahead_add(struct ahead *ahead, const void *data, size_t size) {
    if (ahead->span_count == AHEAD_SPANS) return;
    ahead->spans[ahead->span_count++] = (struct span){(char *)(uintptr_t)data, size};
    ahead->bytes += size;
}

void ahead_start(struct ahead *ahead, size_t threads) {
    size_t cpus = nll_threads_default(), idle = cpus > threads ? cpus - threads : 0;
    size_t wanted = idle < threads ? idle : threads;
    if (ahead->bytes < LEAST || wanted == 0) return;
    pthread_mutex_init(&ahead->lock, NULL);
    pthread_cond_init(&ahead->work, NULL);
    ahead->stop = false;
    for (; ahead->helper_count < wanted && ahead->helper_count < AHEAD_HELPERS;
         ahead->helper_count++)
        if (pthread_create(&ahead->helpers[ahead->helper_count], NULL, help, ahead)) break;
}

void ahead_stop(struct ahead *ahead) {
    if (ahead->helper_count == 0) return;
    pthread_mutex_lock(&ahead->lock);
    ahead->stop = true;
    pthread_cond_broadcast(&ahead->work);
    pthread_mutex_unlock(&ahead->lock);
    for (size_t i = 0; i < ahead->helper_count; i++) pthread_join(ahead->helpers[i], NULL);
    ahead->helper_count = 0;
    pthread_cond_destroy(&ahead->work);
    pthread_mutex_destroy(&ahead->lock);
}

size_t ahead_enter(struct ahead *ahead, struct stretch *stretch) {
    if (ahead->bytes < LEAST) return 1;
    if (ahead->helper_count > 0) {
        pthread_mutex_lock(&ahead->lock);
        stretch->next = ahead->under_way;
        ahead->under_way = stretch;
        pthread_cond_signal(&ahead->work);
        pthread_mutex_unlock(&ahead->lock);
    }
    return windows_of(ahead, stretch) / SLICE + 1;
}

void ahead_passed(struct ahead *ahead, struct stretch *stretch, size_t begin, size_t end) {
    struct stretch passed = {.begin = begin, .end = end, .n = stretch->n};
    bool taken = false;
    if (ahead->bytes < LEAST) return;
    if (ahead->helper_count > 0) {
        size_t at = (size_t)((double)windows_of(ahead, stretch) * (double)(end - stretch->begin) /
                             (double)(stretch->end - stretch->begin));
        pthread_mutex_lock(&ahead->lock);
        if (stretch->at < at) stretch->at = at; /* helpers that were late skip what is done */
        taken = ahead->done_count < AHEAD_DONE;
        if (taken) ahead->done[ahead->done_count++] = passed;
        pthread_cond_signal(&ahead->work);
        pthread_mutex_unlock(&ahead->lock);
    }
    if (!taken) give_back(ahead, &passed);
}

void ahead_leave(struct ahead *ahead, struct stretch *stretch) {
    if (ahead->helper_count == 0) return;
    pthread_mutex_lock(&ahead->lock);
    struct stretch **at = &ahead->under_way;
    while (*at != stretch) at = &(*at)->next;
    *at = stretch->next;
    pthread_mutex_unlock(&ahead->lock);
}
