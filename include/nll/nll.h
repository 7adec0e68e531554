/* nll.h: the public interface of nll, batched negative log-likelihoods and their gradients.
 *
 * This file holds the only preprocessor lines of the interface.  The headers it includes are plain
 * C11 declarations, so that cffi, LuaJIT and other readers of C can take them as they are.
 *
 * Conventions, stated once
 *   Units        every loss is in nats and is the full negative log-density, no constant dropped.
 *   Shapes       element-wise models take arrays of `rows` entries; row models take [rows, cols],
 *                one row of classes per entry.  Sizes are 64-bit, rows * cols may exceed 2^31.
 *   Strides      in elements; 0 repeats the first element (broadcast); negative walks backwards.
 *   Outputs      every output is optional: an all-zero nll_out means "not wanted".
 *   Compute type double if any of the model's own arrays (logits, loc, scale, ...) is double, else
 *                float.  Half and bfloat16 widen exactly.  Per-row logarithms, sums and means are
 *                always double.
 *   Bits         the same input gives the same bits on every ISA, for any thread count and any
 *                split of the rows over executor calls.  NaN results are the canonical quiet NaN.
 *   NaN          stays in its row, and in sums and means that count the row.
 *   Threads      every function is re-entrant.  An nll_executor lends a call threads; the library
 *                starts none but in nll_pool_create (threads.h).
 *   Memory       only the model functions allocate, once per call, O(rows + cols) bytes and never
 *                O(rows * cols); scratch for rows too long for the stack, once more for each range
 *                of an executor, and without memory for it they do as well, slowly; kernels never
 *                do.  Nothing prints, aborts or exits.
 *   FP state     forced to round-to-nearest without flush-to-zero inside, restored on return.
 *   Errors       a negative nll_status; nothing has been written to any output unless the
 *                function's comment says otherwise.
 */
#ifndef NLL_NLL_H
#define NLL_NLL_H

#include <stddef.h>
#include <stdint.h>

#define NLL_VERSION_MAJOR 0
#define NLL_VERSION_MINOR 1
#define NLL_VERSION_PATCH 0
/* Changes whenever any result bit of any function changes. */
#define NLL_NUMERICS_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#include "types.h"

#include "models.h"

#include "sequences.h"

#include "divergences.h"

#include "distributions.h"

#include "counts.h"

#include "kl_distributions.h"

#include "fit.h"

#include "functions.h"

#include "rows.h"

#include "runtime.h"

#include "threads.h"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
