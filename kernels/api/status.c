/* status.c: texts and versions. */
#include "nll/nll.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *nll_version(void) {
    return TEXT(NLL_VERSION_MAJOR) "." TEXT(NLL_VERSION_MINOR) "." TEXT(NLL_VERSION_PATCH);
}

unsigned nll_numerics_version(void) { return NLL_NUMERICS_VERSION; }

const char *nll_status_string(nll_status status) {
    switch (status) {
    case NLL_OK: return "success";
    case NLL_E_NULL: return "a required array or pointer is missing";
    case NLL_E_SHAPE: return "an array's shape differs from the call's";
    case NLL_E_STRIDE: return "an output's strides map two elements to one place";
    case NLL_E_DTYPE: return "an element type that this argument does not take";
    case NLL_E_VALUE: return "an option is out of its range, or two options exclude each other";
    case NLL_E_LABEL: return "a class index lies outside [0, cols)";
    case NLL_E_DOMAIN: return "a value lies outside its domain or support";
    case NLL_E_ALIAS: return "an output overlaps another array other than exactly";
    case NLL_E_OVERFLOW: return "sizes or strides do not fit the address space";
    case NLL_E_MEMORY: return "out of memory";
    case NLL_E_UNSUPPORTED: return "not built, or not runnable on this CPU";
    case NLL_E_EMPTY: return "no row counts";
    case NLL_E_THREADS: return "the system refused to start a thread";
    }
    return "unknown status";
}
