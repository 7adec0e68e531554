/* json_number.h: doubles in the JSON of every command; JSON itself has no NaN and no infinity. */
#ifndef NLL_TOOL_JSON_NUMBER_H
#define NLL_TOOL_JSON_NUMBER_H

#include <jansson.h>
#include <math.h>

static inline json_t *json_number(double value) {
    if (isnan(value)) return json_string("NaN");
    if (isinf(value)) return json_string(value > 0 ? "Infinity" : "-Infinity");
    return json_real(value);
}

/* All its bits, as C's %a prints them. */
static inline json_t *json_hex(double value) {
    return isfinite(value) ? json_sprintf("%a", value) : json_number(value);
}

#endif
