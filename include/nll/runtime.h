/* runtime.h: versions, instruction sets, status texts.  Included by nll.h. */

/* "0.1.0" of the library at run time. */
const char *nll_version(void);
/* NLL_NUMERICS_VERSION of the library at run time. */
unsigned nll_numerics_version(void);
/* One sentence, static storage, for any value. */
const char *nll_status_string(nll_status status);

/* Instruction sets, best first: "avx512", "avx2", "neon", "scalar".  Index i runs from 0 to
 * nll_isa_count() - 1; "scalar" is always last and always runnable. */
size_t nll_isa_count(void);
/* Name of the i-th built instruction set, NULL past the end.  Static storage. */
const char *nll_isa_name(size_t i);
/* 1 if this CPU and operating system can run the i-th, else 0. */
int nll_isa_runnable(size_t i);
/* Name of the one in use.  The first call chooses the best runnable one, capped by NLL_MAX_ISA
 * (an unknown value is ignored). */
const char *nll_isa_active(void);
/* Use the named one from now on, in the whole process; NULL: choose again as above.  Results keep
 * their bits.  NLL_E_UNSUPPORTED if it is not built or not runnable. */
nll_status nll_isa_select(const char *name);
