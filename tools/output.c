/* output.c: see output.h. */
#include "output.h"
#include "error.h"
#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Call with the lock held. */
static void remove_temporaries(struct outputs *outputs) {
    for (size_t i = 0; i < outputs->count; i++)
        if (outputs->items[i].temp) unlink(outputs->items[i].temp);
    for (size_t i = 0; i < outputs->dirs; i++) rmdir(outputs->made_dirs[i]);
}

/* A thread waits for the signals, so that the clean-up is ordinary code and no state is global. */
static void *watch(void *arg) {
    struct outputs *outputs = arg;
    int number;
    if (sigwait(&outputs->signals, &number) || number == SIGRTMIN) return NULL;
    pthread_mutex_lock(&outputs->lock); /* kept: nothing may be renamed any more */
    remove_temporaries(outputs);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &outputs->signals, NULL);
    kill(getpid(), number);
    for (;;) pause();
}

int outputs_begin(struct outputs *outputs) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    *outputs = (struct outputs){.count = 0};
    pthread_mutex_init(&outputs->lock, NULL);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe and a file size limit become write errors */
    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&outputs->signals);
    sigaddset(&outputs->signals, SIGRTMIN); /* outputs_end() asks the watcher to return */
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action;
        sigaction(numbers[i], NULL, &action);
        if (action.sa_handler != SIG_IGN) /* as nohup and background jobs want it */
            sigaddset(&outputs->signals, numbers[i]);
    }
    pthread_sigmask(SIG_BLOCK, &outputs->signals, &outputs->before);
    int error = pthread_create(&outputs->watcher, NULL, watch, outputs);
    if (!error) return 0;
    pthread_sigmask(SIG_SETMASK, &outputs->before, NULL);
    return fail(EX_OSERR, "cannot start a thread: %s", strerror(error));
}

static int cannot(const char *path, const char *what, int error) {
    return fail(EX_IOERR, "%s: cannot be %s: %s", path, what, strerror(error));
}

int outputs_make_dir(struct outputs *outputs, const char *path) {
    struct stat st;
    if (outputs->dirs == OUTPUT_DIRS) return fail(EX_SOFTWARE, "too many output directories");
    pthread_mutex_lock(&outputs->lock);
    int error = mkdir(path, 0777) ? errno : 0;
    if (!error) outputs->made_dirs[outputs->dirs++] = path;
    pthread_mutex_unlock(&outputs->lock);
    if (error == EEXIST && stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) error = ENOTDIR;
    return !error || error == EEXIST ? 0 : cannot(path, "made as a directory", error);
}

/* The descriptor that /dev/stdout and the like stand for, or -1.  Opening those names anew would
 * start over at the beginning of a file that the shell has redirected to. */
static int standard_descriptor(const char *path) {
    char *end;
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0) return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0) return STDERR_FILENO;
    if (strncmp(path, "/dev/fd/", 8) != 0) return -1;
    long fd = strtol(path + 8, &end, 10);
    return end == path + 8 || *end || fd < 0 || fd > 1 << 20 ? -1 : (int)fd;
}

/* Opens a pipe or device; leaves fd at -1 for a regular file or none. */
static int open_straight(struct outputs *outputs, struct output *output, const char *path) {
    struct stat st;
    int standard = standard_descriptor(path);
    if (standard >= 0) {
        outputs->uses_stdout |= standard == STDOUT_FILENO;
        output->fd = fcntl(standard, F_DUPFD_CLOEXEC, 3);
        return output->fd < 0 ? cannot(path, "written", errno) : 0;
    }
    if (stat(path, &st) || S_ISREG(st.st_mode)) return 0;
    output->fd = open(path, O_WRONLY | O_CLOEXEC);
    return output->fd < 0 ? cannot(path, "written", errno) : 0;
}

/* A new file beside the final name, in the same file system: rename() cannot cross to another. */
static int open_beside(struct outputs *outputs, struct output *output) {
    const char *slash = strrchr(output->path, '/');
    int dir = slash ? (int)(slash + 1 - output->path) : 0;
    int error = EEXIST;
    for (unsigned attempt = 0; error == EEXIST && attempt < 1000; attempt++) {
        char *temp;
        if (asprintf(&temp, "%.*s.nll-%ld-%zu-%u.tmp", dir, output->path, (long)getpid(),
                     (size_t)(output - outputs->items), attempt) < 0)
            return fail_memory();
        pthread_mutex_lock(&outputs->lock);
        output->fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        error = output->fd < 0 ? errno : 0;
        if (error)
            free(temp);
        else
            output->temp = temp;
        pthread_mutex_unlock(&outputs->lock);
    }
    return error ? cannot(output->path, "created", error) : 0;
}

/* The file itself as memory.  Its blocks are reserved first: a full disk must be an error here, not
 * a SIGBUS later. */
static int map_file(struct output *output) {
    int error = posix_fallocate(output->fd, 0, (off_t)output->size);
    if (error && error != EINVAL && error != EOPNOTSUPP)
        return cannot(output->path, "written", error);
    void *map = error ? MAP_FAILED
                      : mmap(NULL, output->size, PROT_READ | PROT_WRITE, MAP_SHARED, output->fd, 0);
    output->mapped = map != MAP_FAILED;
    if (output->mapped) output->bytes = map;
    return 0;
}

/* The path without symbolic links, so that equal files have equal names; the file itself need not
 * exist yet.  A link at the end stays: its target is what gets replaced. */
static char *resolve(const char *path) {
    char *whole = realpath(path, NULL), *result = NULL;
    if (whole) return whole;
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
    char *real = dir ? realpath(dir, NULL) : NULL;
    if (!real)
        result = strdup(path); /* creating it will tell what is wrong */
    else if (asprintf(&result, "%s/%s", real, slash ? slash + 1 : path) < 0)
        result = NULL;
    free(dir);
    free(real);
    return result;
}

static bool same_output(const struct outputs *outputs, const char *path) {
    for (size_t i = 0; i + 1 < outputs->count; i++)
        if (outputs->items[i].temp && strcmp(outputs->items[i].path, path) == 0) return true;
    return false;
}

/* Adds an output of `size` bytes, the first `start` of which are `header`. */
static int add(struct outputs *outputs, const char *path, const char *header, size_t start,
               size_t size, char **bytes) {
    if (outputs->count == OUTPUTS) return fail(EX_SOFTWARE, "too many output files");
    char *resolved = resolve(path);
    if (!resolved) return fail_memory();
    pthread_mutex_lock(&outputs->lock);
    struct output *output = &outputs->items[outputs->count++];
    *output = (struct output){.path = resolved, .fd = -1, .size = size};
    pthread_mutex_unlock(&outputs->lock);
    int code = open_straight(outputs, output, path);
    if (!code && output->fd < 0) {
        if (same_output(outputs, output->path))
            return fail(EX_USAGE, "%s: named for two outputs; give each a file of its own", path);
        code = open_beside(outputs, output);
        if (!code) code = map_file(output);
    }
    if (code) return code;
    if (!output->mapped) output->bytes = malloc(size);
    if (!output->bytes) return fail_memory();
    memcpy(output->bytes, header, start);
    outputs->bytes += (double)(size - start);
    *bytes = output->bytes;
    return 0;
}

int outputs_add_steps(struct outputs *outputs, const char *path, nll_dtype dtype, size_t rows,
                      size_t steps, size_t cols, nll_out *view) {
    char header[NPY_HEADER], *bytes;
    size_t start = npy_format(header, dtype, rows, steps, cols), size;
    if (__builtin_mul_overflow(rows, cols ? cols : 1, &size) ||
        __builtin_mul_overflow(size, nll_dtype_size(dtype), &size) ||
        __builtin_add_overflow(size, start, &size) || size > PTRDIFF_MAX)
        return fail_memory();
    int code = add(outputs, path, header, start, size, &bytes);
    if (code) return code;
    *view = cols ? nll_out_2d(bytes + start, dtype, rows, cols)
                 : nll_out_1d(bytes + start, dtype, rows);
    return 0;
}

int outputs_add(struct outputs *outputs, const char *path, nll_dtype dtype, size_t rows,
                size_t cols, nll_out *view) {
    return outputs_add_steps(outputs, path, dtype, rows, 0, cols, view);
}

int outputs_add_bytes(struct outputs *outputs, const char *path, const char *data, size_t size) {
    char *bytes;
    return add(outputs, path, data, size, size, &bytes);
}

int outputs_add_space(struct outputs *outputs, const char *path, size_t size,
                      unsigned char **bytes) {
    char *space = NULL;
    int code = add(outputs, path, "", 0, size, &space);
    *bytes = (unsigned char *)space;
    return code;
}

static int write_all(const struct output *output) {
    for (size_t done = 0; done < output->size;) {
        ssize_t wrote = write(output->fd, output->bytes + done, output->size - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return cannot(output->path, "written", wrote ? errno : ENOSPC);
        done += (size_t)wrote;
    }
    return 0;
}

/* Closes the file, whose contents are complete then. */
static int finish(struct output *output) {
    int code = output->mapped ? 0 : write_all(output);
    int fd = output->fd;
    output->fd = -1;
    if (close(fd) && !code) code = cannot(output->path, "written", errno);
    return code;
}

int outputs_commit(struct outputs *outputs) {
    for (size_t i = 0; i < outputs->count; i++) {
        int code = finish(&outputs->items[i]);
        if (code) return code;
    }
    int code = 0;
    pthread_mutex_lock(&outputs->lock);
    for (size_t i = 0; i < outputs->count && !code; i++) {
        struct output *output = &outputs->items[i];
        if (!output->temp) continue;
        if (rename(output->temp, output->path)) {
            code = cannot(output->path, "replaced", errno);
        } else {
            free(output->temp);
            output->temp = NULL;
        }
    }
    if (!code) outputs->dirs = 0;
    pthread_mutex_unlock(&outputs->lock);
    return code;
}

void outputs_end(struct outputs *outputs) {
    pthread_kill(outputs->watcher, SIGRTMIN);
    pthread_join(outputs->watcher, NULL);
    remove_temporaries(outputs);
    for (size_t i = 0; i < outputs->count; i++) {
        struct output *output = &outputs->items[i];
        if (output->mapped)
            munmap(output->bytes, output->size);
        else
            free(output->bytes);
        if (output->fd >= 0) close(output->fd);
        free(output->temp);
        free(output->path);
    }
    pthread_sigmask(SIG_SETMASK, &outputs->before, NULL);
    pthread_mutex_destroy(&outputs->lock);
}
