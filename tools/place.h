/* place.h: where the program lies: what belongs to it is found beside it, moved or not. */
#ifndef NLL_TOOL_PLACE_H
#define NLL_TOOL_PLACE_H

#include <limits.h>
#include <stdbool.h>

/* The folder of this program, without a slash at the end. */
bool program_dir(char dir[PATH_MAX]);

#endif
