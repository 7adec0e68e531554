/* row/grads.h: the gradient of a softmax, vector by vector; along a row, or with a row in each
 * lane. */
#ifndef NLL_ROW_GRADS_H
#define NLL_ROW_GRADS_H

#include "row/block.h"

/* f 2^(n - k) p is f' = f 2^ROW_DOWN times 2^(n - k - ROW_DOWN) p, which is normal and exact
 * wherever the result is not 0: one rounding, gradual underflow included.  At the
 * least n - k - ROW_DOWN, ROW_LEAST, the bits of the power are those of 0: masked classes and the
 * lanes past the end of a row give 0 without underflow, which is slow.  All this holds up to
 * n - k = ROW_NEAR; beyond, v_scalb does it: after f where the result cannot underflow, else
 * before. */
#if defined(NLL_T_F32)
#define ROW_DOWN (-30.0f)
#define ROW_DOWN_FACTOR 0x1p-30f
#define ROW_LEAST (-127.0f)
#define ROW_NEAR 96
#define ROW_REACH 250.0f /* of v_scalb: infinite there */
#else
#define ROW_DOWN (-100.0)
#define ROW_DOWN_FACTOR 0x1p-100
#define ROW_LEAST (-1023.0)
#define ROW_NEAR 920
#define ROW_REACH 2040.0
#endif

typedef struct row_grad_state {
    V f, k, magic, s, lowest, anchor;
    int anchored, dense, near;
} row_grad_state;

/* g of n vectors x, with q. */
NLL_INLINE void row_grads(const row_grad_state *c, V *x, const V *q, unsigned chains) {
    V z[NLL_CHAINS], n[NLL_CHAINS];
    NLL_UNROLL for (unsigned i = 0; i < chains; i++) {
        if (c->anchored) x[i] = v_sub(x[i], c->anchor);
        x[i] = v_max(c->lowest, x[i]);
    }
    NLL_UNROLL for (unsigned i = 0; i < chains; i++) z[i] = v_fma(x[i], v_set(ROW_LOG2E), c->magic);
    NLL_UNROLL for (unsigned i = 0; i < chains; i++) n[i] = v_sub(z[i], c->magic);
    NLL_UNROLL for (unsigned i = 0; i < chains; i++) x[i] = v_exp_reduce(x[i], n[i]);
    v_exp_polys(x, chains);
    NLL_UNROLL for (unsigned i = 0; i < chains; i++) {
        V g;
        if (c->near) {
            g = v_mul(v_mul(x[i], row_factor(z[i])), c->f);
        } else {
            V m = v_sub(n[i], c->k), one = v_set(1);
            M low = v_lt(m, v_set(0));
            m = v_sel(low, v_sub(m, v_set(ROW_DOWN)), v_min(v_set(ROW_REACH), m));
            g = v_scalb(v_mul(x[i], v_sel(low, one, c->f)), m);
            g = v_mul(g, v_sel(low, v_mul(c->f, v_set(ROW_DOWN_FACTOR)), one));
        }
        x[i] = v_canonical(c->dense ? v_nfma(c->s, q[i], g) : g);
    }
}

#endif
