/* no_memory.h: calls that find no memory.  The address sanitizer needs the address space itself. */
#ifndef NLL_TESTS_NO_MEMORY_H
#define NLL_TESTS_NO_MEMORY_H

#include <criterion/criterion.h>
#include <sys/resource.h>

/* gcc says it with a macro, clang with a feature test. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#ifndef ADDRESS_SANITIZER
#define ADDRESS_SANITIZER 0
#endif

/* No new mapping from here on, and the limit as it was.  The stack cannot grow either, so room is
 * made there before.  An emulator may not keep such limits. */
__attribute__((noinline, unused)) static struct rlimit memory_refuse(void) {
    volatile char room[1 << 20];
    struct rlimit old, tight = {0};
    for (size_t i = 0; i < sizeof room; i += 4096) room[i] = 0;
    getrlimit(RLIMIT_AS, &old);
    tight.rlim_cur = 1;
    tight.rlim_max = old.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_AS, &tight), 0);
    return old;
}
__attribute__((unused)) static void memory_allow(struct rlimit old) { setrlimit(RLIMIT_AS, &old); }

#endif
