/* exec.c: let a program that runs under qemu start AArch64 programs, itself among them.
 *
 * Preloaded into the program by cross/run.  The exec and spawn calls of the C library look at the
 * file first: if it is an AArch64 program, qemu is started with it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXTRA = 3, MACHINE = 18, EM_ARM64 = 183 };

typedef int exec_fn(const char *, char *const *, char *const *);
typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *,
                     const posix_spawnattr_t *, char *const *, char *const *);

/* qemu sets it again in each AArch64 child (QEMU_SET_ENV); other children cannot load this file. */
__attribute__((constructor)) static void forget(void) { unsetenv("LD_PRELOAD"); }

static int is_arm64(const char *path) {
    unsigned char head[20] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t got = read(fd, head, sizeof head);
    close(fd);
    return got == (ssize_t)sizeof head && !memcmp(head, "\177ELF", 4) && head[MACHINE] == EM_ARM64;
}

/* qemu -0 argv[0] path argv[1] ..., or NULL where qemu is not needed. */
static char **under_qemu(const char *path, char *const argv[]) {
    char *qemu = getenv("NLL_QEMU");
    if (!qemu || !is_arm64(path)) return NULL;
    size_t n = 0;
    while (argv[n]) n++;
    char **v = calloc(n + EXTRA + 2, sizeof *v);
    if (!v) return NULL;
    v[0] = qemu;
    v[1] = (char *)"-0";
    v[2] = n ? argv[0] : (char *)path;
    v[3] = (char *)path;
    for (size_t i = 1; i < n; i++) v[EXTRA + i] = argv[i];
    return v;
}

int execve(const char *path, char *const argv[], char *const envp[]) {
    exec_fn *next = (exec_fn *)dlsym(RTLD_NEXT, "execve");
    char **v = under_qemu(path, argv);
    int result = v ? next(v[0], v, envp) : next(path, argv, envp);
    int error = errno;
    free(v);
    errno = error;
    return result;
}

int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    spawn_fn *next = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawn");
    char **v = under_qemu(path, argv);
    int result = v ? next(pid, v[0], actions, attributes, v, envp)
                   : next(pid, path, actions, attributes, argv, envp);
    free(v);
    return result;
}
