/* info.c: nll info: what the program runs on and what it was built from. */
#include "args.h"
#include "commands.h"
#include "error.h"
#include "threads.h"

#include <errno.h>
#include <jansson.h>
#include <nll/nll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The kernel's name of the CPU: x86 has "model name", some ARM kernels "Model" or "Hardware". */
static json_t *cpu_name(void) {
    static const char *const keys[] = {"model name", "Model", "Hardware", "cpu model"};
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[512];
    json_t *name = NULL;
    while (file && !name && fgets(line, sizeof line, file)) {
        char *value = strstr(line, ": ");
        for (size_t i = 0; value && !name && i < sizeof keys / sizeof keys[0]; i++)
            if (strncmp(line, keys[i], strlen(keys[i])) == 0) {
                value[strcspn(value, "\n")] = '\0';
                name = json_string(value + 2);
            }
    }
    if (file) fclose(file);
    struct utsname system;
    if (!name) name = json_string(uname(&system) ? "unknown" : system.machine);
    return name;
}

/* Bytes, or null where the system does not say. */
static json_t *cache(int name) {
    long size = sysconf(name);
    return size > 0 ? json_integer(size) : json_null();
}

static json_t *instruction_sets(bool runnable_only) {
    json_t *list = json_array();
    for (size_t i = 0; i < nll_isa_count(); i++)
        if (!runnable_only || nll_isa_runnable(i))
            json_array_append_new(list, json_string(nll_isa_name(i)));
    return list;
}

static json_t *collect(void) {
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"schema", json_integer(1)},
        {"cpu", cpu_name()},
        {"cpus", json_integer(sysconf(_SC_NPROCESSORS_ONLN))},
        {"cache_l1d", cache(_SC_LEVEL1_DCACHE_SIZE)},
        {"cache_l2", cache(_SC_LEVEL2_CACHE_SIZE)},
        {"cache_l3", cache(_SC_LEVEL3_CACHE_SIZE)},
        {"isa_built", instruction_sets(false)},
        {"isa_runnable", instruction_sets(true)},
        {"isa", json_string(nll_isa_active())},
        {"threads", json_integer(threads_default())},
        {"version", json_string(nll_version())},
        {"numerics", json_integer(nll_numerics_version())},
        {"compiler", json_string(NLL_COMPILER)},
        {"sleef", json_string(NLL_SLEEF)},
    };
    json_t *object = json_object();
    int failed = !object;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        failed |= json_object_set_new(object, members[i].key, members[i].value);
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

/* "avx512 avx2 scalar", "1048576 bytes" as "1 MiB", ... */
static void print_value(const json_t *value, bool size) {
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            printf("%s%s", i ? " " : "", json_string_value(json_array_get(value, i)));
    } else if (json_is_null(value)) {
        printf("%s", size ? "unknown" : "none");
    } else if (json_is_string(value)) {
        printf("%s", json_string_value(value));
    } else if (size && json_integer_value(value) >= 1 << 20) {
        printf("%.6g MiB", (double)json_integer_value(value) / (1 << 20));
    } else if (size) {
        printf("%.6g KiB", (double)json_integer_value(value) / (1 << 10));
    } else {
        printf("%lld", (long long)json_integer_value(value));
    }
    putchar('\n');
}

static void print_text(const json_t *object) {
    static const struct {
        const char *key, *label;
        bool size;
    } lines[] = {
        {"version", "nll", false},
        {"numerics", "numerics", false},
        {"cpu", "CPU", false},
        {"cpus", "CPUs", false},
        {"cache_l1d", "L1 data cache", true},
        {"cache_l2", "L2 cache", true},
        {"cache_l3", "L3 cache", true},
        {"isa_built", "ISAs built", false},
        {"isa_runnable", "ISAs runnable", false},
        {"isa", "ISA in use", false},
        {"threads", "threads", false},
        {"compiler", "compiler", false},
        {"sleef", "SLEEF", false},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        printf("%-15s", lines[i].label);
        print_value(json_object_get(object, lines[i].key), lines[i].size);
    }
}

int command_info(int argc, char **argv) {
    static const struct arg_option options[] = {{"json", NULL, "one JSON object"}};
    static const struct arg_command command = {
        "info", "[options]", "CPU, caches, instruction sets, threads and versions.", options, 1, 0};
    const char *json = NULL;
    bool done = false;
    int code = args_parse(&command, argc, argv, 2, &json, NULL, &done);
    if (code || done) return code;
    json_t *object = collect();
    if (!object) return fail_memory();
    if (json && json_dumpf(object, stdout, JSON_INDENT(2)) == 0)
        putchar('\n');
    else if (!json)
        print_text(object);
    json_decref(object);
    return 0;
}
