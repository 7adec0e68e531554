/* support.h: typed arrays, formats and error tallies for the API tests. */
#ifndef NLL_TESTS_SUPPORT_H
#define NLL_TESTS_SUPPORT_H

#include <nll/nll.h>

/* Elements of any type, by number.  Setting rounds to nearest even, once, by ldexp and nearbyint:
 * no conversion instruction or code of the library takes part. */
double elem_get(const void *data, nll_dtype type, ptrdiff_t i);
void elem_set(void *data, nll_dtype type, ptrdiff_t i, double x);
/* x rounded to a format. */
double round_to(nll_dtype type, double x);

/* n elements, filled with garbage (0xA5) or with x[0..n).  Never fails; free() them. */
void *new_array(nll_dtype type, size_t n);
void *to_array(nll_dtype type, size_t n, const double *x);
double *new_doubles(size_t n);

/* Element (i, j) of a view or output as double; number views too. */
double view_get(const nll_view *v, size_t i, size_t j);
double out_get(const nll_out *o, size_t i, size_t j);
int is_absent(const nll_view *v);

/* Facts of a format (f32, f64, f16, bf16): unit roundoff, smallest positive number, largest. */
double unit_of(nll_dtype type);
double tiny_of(nll_dtype type);
double huge_of(nll_dtype type);
/* Spacing of the format's numbers at |v|. */
long double ulp_of(nll_dtype type, long double v);

int same_bits(double a, double b); /* NaN equals NaN */
int is_canonical_nan(const void *data, nll_dtype type, ptrdiff_t i);

/* The worst error of many comparisons, in some unit, against a limit. */
struct tally {
    const char *what;
    double limit;
    long double worst;
    size_t row, col, n;
    double got;
    long double want;
    double inputs[3]; /* of the worst one, where the caller notes them */
};
/* Is this the worst so far?  |got - want| / unit.  NaN and infinities must match; `huge` and beyond
 * may be infinite.  `tiny` is what underflow may cost. */
int tally_add(struct tally *t, size_t row, size_t col, double got, long double want,
              long double unit, double tiny, double huge);
/* Prints the worst error; fails the test where it is above the limit. */
void tally_check(const struct tally *t, const char *label);

/* A test that fails unless the call returns the status. */
#define EXPECT_STATUS(status, call)                                                   \
    do {                                                                              \
        nll_status got_ = (call);                                                     \
        cr_expect(got_ == (status), "%s: got %d (%s), expected %d", #call, (int)got_, \
                  nll_status_string(got_), (int)(status));                            \
    } while (0)
#define ASSERT_OK(call)                                                                          \
    do {                                                                                         \
        nll_status got_ = (call);                                                                \
        cr_assert(got_ == NLL_OK, "%s: got %d (%s)", #call, (int)got_, nll_status_string(got_)); \
    } while (0)

#endif
