/* want.h: how many of a function and its derivatives a caller wants: a constant in every call, so
 * that what is not wanted is not computed. */
#ifndef NLL_MATH_WANT_H
#define NLL_MATH_WANT_H

enum { WANT_VALUE = 1, WANT_SLOPE = 2, WANT_CURVE = 3 };

#endif
