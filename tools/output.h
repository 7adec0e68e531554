/* output.h: .npy files that appear complete or not at all.
 *
 * Each output is created beside its final name, filled in place through a shared mapping, and
 * renamed by outputs_commit().  On an error, and on SIGINT, SIGTERM or SIGHUP, nothing is left
 * behind. Pipes, devices and "-" (the standard output) are written straight, from memory. */
#ifndef NLL_TOOL_OUTPUT_H
#define NLL_TOOL_OUTPUT_H

#include <nll/nll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { OUTPUTS = 32, OUTPUT_DIRS = 4 };

struct output {
    char *path; /* where it goes, symbolic links resolved */
    char *temp; /* name until it is complete; NULL: written straight */
    int fd;
    char *bytes; /* header and data */
    size_t size;
    bool mapped; /* bytes are the file itself; else an allocation to be written */
};

struct outputs {
    pthread_mutex_t lock; /* between the program and its signal watcher */
    pthread_t watcher;
    sigset_t signals, before;
    struct output items[OUTPUTS];
    size_t count;
    const char *made_dirs[OUTPUT_DIRS]; /* to remove again on failure */
    size_t dirs;
    double bytes; /* of data in all outputs */
    bool uses_stdout;
};

/* From here on signals are handled; call before any other thread exists. */
int outputs_begin(struct outputs *outputs);
/* Makes the directory unless it exists.  `path` must live as long as *outputs. */
int outputs_make_dir(struct outputs *outputs, const char *path);
/* Adds an array of the shape; cols 0 makes it 1-D.  Fill *view, then commit. */
int outputs_add(struct outputs *outputs, const char *path, nll_dtype dtype, size_t rows,
                size_t cols, nll_out *view);
/* The same; steps > 0 splits the rows into (rows / steps, steps). */
int outputs_add_steps(struct outputs *outputs, const char *path, nll_dtype dtype, size_t rows,
                      size_t steps, size_t cols, nll_out *view);
/* Adds a file that is complete. */
int outputs_add_bytes(struct outputs *outputs, const char *path, const char *data, size_t size);
/* Adds a file of `size` bytes of another format.  Fill *bytes, then commit. */
int outputs_add_space(struct outputs *outputs, const char *path, size_t size,
                      unsigned char **bytes);
/* Writes what is to be written, gives all files their names.  0 or the exit code. */
int outputs_commit(struct outputs *outputs);
/* Ends everything; removes what was not committed. */
void outputs_end(struct outputs *outputs);

#endif
