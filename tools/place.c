/* place.c: see place.h. */
#include "place.h"

#include <string.h>
#include <unistd.h>

bool program_dir(char dir[PATH_MAX]) {
    ssize_t length = readlink("/proc/self/exe", dir, PATH_MAX - 1);
    if (length <= 0) return false;
    dir[length] = '\0';
    char *slash = strrchr(dir, '/');
    if (!slash) return false;
    *slash = '\0';
    return true;
}
