/* nll.c: the program: picks the command. */
#include "commands.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <nll/nll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *usage, *about;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"score", "score MODEL [inputs] [options]", "score files; a summary on standard output",
     command_score},
    {"kl-dist", "kl-dist MODEL [inputs] [options]", "KL of two distributions of one family",
     command_kl_dist},
    {"fit", "fit MODEL --target F [options]",
     "parameters of largest likelihood; models ranked by AIC", command_fit},
    {"convert", "convert [inputs] --out F", "to and from the .kld files of llama.cpp",
     command_convert},
    {"bench", "bench [options]", "speed of the kernels and models against this machine's limits",
     command_bench},
    {"report", "report FILE.json ... -o F.html", "draw benchmark results as one HTML page",
     command_report},
    {"demo", "demo DIR", "write a small real data set into DIR", command_demo},
    {"info", "info [--json]", "CPU, caches, instruction sets, threads, versions", command_info},
    {"selftest", "selftest", "check that every instruction set and thread count gives equal bits",
     command_selftest},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int print_help(void) {
    puts("nll: batched negative log-likelihoods and their gradients\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  nll %-32s %s\n", commands[i].usage, commands[i].about);
    puts("  nll COMMAND --help                   options of a command\n"
         "  nll --help | --version\n\n"
         "Exit codes: 0 ok; 1 the self test or a fit failed; 2 rows that are not finite "
         "(--strict); 64 "
         "usage;\n"
         "65 bad data; 66 input missing; 69 not built; 70 internal; 71 memory or system;\n"
         "74 cannot write.");
    return 0;
}

static int print_version(void) {
    printf("nll %s (numerics %u)\n", nll_version(), nll_numerics_version());
    return 0;
}

static int flush(int code) {
    if (!code && (fflush(stdout) || ferror(stdout)))
        return fail(EX_IOERR, "standard output: cannot be written: %s", strerror(errno));
    return code;
}

/* With a standard stream closed, the next file opened would take its place, and messages would be
 * written into it.  A descriptor that cannot be written is put there instead. */
static void fill_standard_streams(void) {
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

/* The library ignores an NLL_MAX_ISA that names no instruction set, and never prints. */
static void explain_environment(void) {
    const char *cap = getenv("NLL_MAX_ISA"), *verbose = getenv("NLL_VERBOSE");
    if (!cap || !verbose || !*verbose || strcmp(verbose, "0") == 0) return;
    for (size_t i = 0; i < nll_isa_count(); i++)
        if (strcmp(nll_isa_name(i), cap) == 0) return;
    fail(0, "NLL_MAX_ISA: expected a name that 'nll info' lists, found '%s'; it is ignored", cap);
}

int main(int argc, char **argv) {
    fill_standard_streams();
    explain_environment();
    if (argc < 2) return fail(EX_USAGE, "no command; see 'nll --help'");
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return flush(print_help());
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) return flush(print_version());
    struct guess guess = guess_start(word);
    guess_offer(&guess, "--help");
    guess_offer(&guess, "--version");
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, word) == 0) return flush(commands[i].run(argc, argv));
        guess_offer(&guess, commands[i].name);
    }
    const char *kind = word[0] == '-' ? "option" : "command", *near = guess_result(&guess);
    if (near) return fail(EX_USAGE, "unknown %s '%s'; did you mean '%s'?", kind, word, near);
    return fail(EX_USAGE, "unknown %s '%s'; see 'nll --help'", kind, word);
}
