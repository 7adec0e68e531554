/* bench.c: nll bench: starts the benchmark program, which is in C++ for a part, and its own. */
#include "commands.h"
#include "error.h"
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the first place that has it: NLL_BENCH, the build tree, an installation that was moved, the
 * installation. */
int command_bench(int argc, char **argv) {
    static char name[] = "nll bench";
    char program[PATH_MAX], built[PATH_MAX + 32] = "", moved[PATH_MAX + 32] = "";
    const char *chosen = getenv("NLL_BENCH");
    if (program_dir(program)) {
        snprintf(built, sizeof built, "%s/../bench/nll-bench", program);
        snprintf(moved, sizeof moved, "%s/../libexec/nll/nll-bench", program);
    }
    const char *places[] = {chosen, built, moved, NLL_BENCH_DIR "/nll-bench"};
    argv[1] = name; /* its argv[0] */
    argv[argc] = NULL;
    for (size_t i = chosen ? 0 : 1; i < (chosen ? 1 : sizeof places / sizeof places[0]); i++) {
        if (access(places[i], X_OK)) continue;
        fflush(stdout);
        execv(places[i], argv + 1);
        return fail(EX_UNAVAILABLE, "%s: cannot be started: %s", places[i], strerror(errno));
    }
    return fail(EX_UNAVAILABLE,
                "%s: expected the benchmark program there, found none; build nll with "
                "-Dbench=enabled (a C++ compiler and Google Benchmark) and install it, or set "
                "NLL_BENCH to the program",
                chosen ? chosen : NLL_BENCH_DIR "/nll-bench");
}
