/* categorical.h: one categorical call, its plan, and the work on a group of rows.
 *
 * With a class h singled out per row (the hole: the target y, or with dense weights the arg max)
 * and dense weights u_c on the classes, every option is one formula:
 *
 *   l   = A nll_y + sum_c u_c nll_c + zeta lse^2
 *   nll_c = nll_h + (z_h - z_c), so with h the arg max and Q = sum_c u_c, all terms >= 0:
 *   sum_c u_c nll_c = Q nll_h + sum_c u_c (z_h - z_c)
 *   dl/dz_c = B p_c - u_c - A [c = y],   B = A + Q + Z,  Z = 2 zeta lse
 *   at c = h and c = y, without p - 1: (Q p_c - u_c) + Z p_c - A [c = y] (1 - p_c), where Q p_c -
 * u_c is (Q - u_c) - Q (1 - p_c) if p_c > 1/2
 *
 *   index, no smoothing   A = 1            u = 0                       zeta = L
 *   index, smoothing e    A = (1 - e) v_y  u_c = v_c e / C             zeta = L v_y
 *   soft                  A = 0            u_c = v_c ((1-e) q_c + e/C) zeta = L
 */
#ifndef NLL_CATEGORICAL_H
#define NLL_CATEGORICAL_H

#include "check.h"
#include "dispatch.h"
#include "row_call.h"

#include <stdatomic.h>

enum cat_form { CAT_LOGITS, CAT_LOG_PROBS, CAT_PROBS };

typedef struct cat_plan {
    const struct cat_plan *raw;    /* the same array without softcap and temperature */
    const struct cat_plan *scored; /* as logits: this plan, or the logarithms of the probs */
    const struct cat_plan *logs;   /* the logarithms of the array */
    const struct cat_plan *tiles;  /* as this one, for tiles to be put in; NULL: in place */
    struct cat_plan *total;        /* the one whose counters count */
    const nll_view *next;          /* of a tile: the rows to come, what is to be written; or NULL */
    const nll_out *result;
    const nll_categorical_args *a;
    const nll_view *x; /* logits, log_probs or probs */
    const nll_isa *isa;
    enum nll_type type;
    enum cat_form form;
    size_t rows, cols, group;
    int soft, smoothed, dense; /* soft targets; index with smoothing; either */
    int sparse, bucket;        /* soft targets as lists; with NLL_TAIL_BUCKET */
    int transformed;           /* softcap or temperature */
    int sequences;             /* offsets, lengths or shift */
    int logged;                /* the array is taken as its logarithm */
    int graded;                /* a gradient or second derivative is wanted */
    int scores;                /* a scoring output is wanted (categorical_score.c) */
    int x_direct, q_direct, grad_direct;
    int plain;            /* categorical_plain.c will do, for most groups */
    int brief;            /* categorical_short.c will do, for most blocks */
    int in_tile;          /* the arrays are a tile's */
    void *kept;           /* of a task: room for a row too long for the stack; or NULL */
    double cap[2];        /* {softcap, temperature} for the kernel */
    const double *weight; /* class weights [cols] or NULL */
    const void *uniform;  /* smoothed: u_c [cols] in the compute type */
    double grad_scale;    /* upstream and divisor where they are numbers */
    double *loss;         /* row values of the whole call, or NULL: blocks sum their own */
    double *block_sum;    /* per NLL_BLOCK rows */
    _Atomic uint64_t nonfinite, correct, top_hits;
} cat_plan;

/* The weights of `count` rows from `row` on: `value` multiplies the row's value in the sum,
 * `divisor` counts in the divisor; either may be NULL.  0 for ignored rows. */
void cat_weights(const cat_plan *p, size_t row, size_t count, double *value, double *divisor);
/* Targets of `count` rows; -1 where ignored, not scored or soft (categorical_target.c). */
void cat_targets(const cat_plan *p, size_t row, size_t count, int64_t *y);
/* The labels as they are, and which rows are scored (may be NULL); how many fit int64_t. */
size_t cat_labels(const cat_plan *p, size_t row, size_t count, int64_t *y, unsigned char *scored);
/* Labels in range?  Counts the rows.  Are offsets and lengths?  Nothing is written. */
nll_status cat_check_labels(const cat_plan *p, nll_result *r);
nll_status cat_check_sequences(const cat_plan *p);
/* Values (into loss[0..count)), gradients and side outputs of `count` <= NLL_ROW_GROUP rows. */
void cat_group(cat_plan *p, size_t row, size_t count, double *loss);
/* The same for a plan that is plain; how many of these rows are done: others are not plain, and
 * nothing of use was written for them. */
int cat_is_plain(const cat_plan *p);
size_t cat_plain_rows(const cat_plan *p); /* of a group */
size_t cat_plain_group(const cat_plan *p, size_t row, size_t count, double *loss);
/* The same for a plan of few classes, and a block of at most NLL_BLOCK rows. */
int cat_is_short(const cat_plan *p);
int cat_short_block(cat_plan *p, size_t row, size_t count, double *loss);

/* Arrays whose classes lie apart, or in half precision where the plan is not plain: groups of rows
 * by way of tiles (categorical_tile.c). */
enum { CAT_TILE = 264 << 10 }; /* bytes of a tile on the stack: NLL_ROW_CACHE, and a line per row */
typedef struct cat_tile cat_tile;
int cat_tiled(const cat_plan *p);
size_t cat_tile_rows(const cat_plan *p); /* of a group */
/* cat_group through the tile, if there is one. */
void cat_tile_group(cat_plan *p, cat_tile *t, size_t row, size_t count, double *loss);
/* Runs it with room for what plain rows keep. */
void cat_plain_run(cat_plan *p, size_t begin, size_t end,
                   void (*run)(cat_plan *, cat_tile *, size_t, size_t));
/* Runs it with a tile, NULL if there is no memory for one. */
void cat_tile_run(cat_plan *p, size_t begin, size_t end,
                  void (*run)(cat_plan *, cat_tile *, size_t, size_t));

/* Sources.  `n` elements of row `row` from column `col`, n <= NLL_ROW_CHUNK unless direct:
 * the transformed logits (and d z / d x if dz is not NULL), and the dense weights u. */
typedef struct cat_scratch {
    double x[NLL_ROW_CHUNK], z[NLL_ROW_CHUNK], dz[NLL_ROW_CHUNK], q[NLL_ROW_CHUNK],
        g[NLL_ROW_CHUNK], t[NLL_ROW_CHUNK];
    size_t first;                 /* row of the group */
    double factor[NLL_ROW_GROUP]; /* sparse targets: cat_list_factors */
} cat_scratch;
const void *cat_logits(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                       void *dz);
const void *cat_dense(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n);

/* One element, from memory or converted; NaN for column -1. */
double cat_logit(const cat_plan *p, cat_scratch *s, size_t row, int64_t col);

/* Runs a ROW kernel over rows row .. row + count, whole rows at once where the sources allow it,
 * else chunk by chunk with carry.  `job` holds the per-row slots for these rows; slot in[0] is
 * supplied here, and in[1] where the kernel takes dense weights. */
void cat_pass(const cat_plan *p, cat_scratch *s, enum nll_kernel kernel, nll_job job, size_t row,
              size_t count);
/* The same for sources that need no conversion; dense weights are in the job. */
void cat_pass_direct(const cat_plan *p, enum nll_kernel kernel, nll_job job, size_t row,
                     size_t count);
/* The same as cat_pass, without the rows of an index target that are ignored: y < 0. */
void cat_pass_counted(const cat_plan *p, cat_scratch *s, enum nll_kernel kernel, nll_job job,
                      size_t row, size_t count, const int64_t *y);
/* A group's distributions, by sums without the arg max h: all digits of 1 - p_h, whatever the
 * target. `top`, `second`, `anchor` and `exponent` are in the compute type. */
typedef struct cat_dist {
    double top[NLL_ROW_GROUP], second[NLL_ROW_GROUP], anchor[NLL_ROW_GROUP],
        exponent[NLL_ROW_GROUP];
    int64_t h[NLL_ROW_GROUP];
    double sum[3][NLL_ROW_GROUP],
        lost[3][NLL_ROW_GROUP];                  /* of e, e (z_h - z), e^2; times 2^-N, 2^-2N */
    double N[NLL_ROW_GROUP], z_h[NLL_ROW_GROUP]; /* z_h less the anchor */
    double nll[NLL_ROW_GROUP], others[NLL_ROW_GROUP]; /* -log p_h, 1 - p_h */
    double mantissa[NLL_ROW_GROUP], power[NLL_ROW_GROUP], p_h[NLL_ROW_GROUP];
} cat_dist;
/* h, and the largest logits with and without it; then the rest.  NaN where there is none. */
void cat_largest(const cat_plan *p, cat_scratch *s, cat_dist *d, size_t row, size_t count,
                 const int64_t *y);
void cat_distribution(const cat_plan *p, cat_scratch *s, cat_dist *d, size_t row, size_t count,
                      const int64_t *y);
/* The scoring outputs of a group (categorical_score.c). */
void cat_scores(cat_plan *p, cat_scratch *s, size_t row, size_t count, const int64_t *y);

/* The gradient part of a group (categorical_grad.c): what it needs of each row. */
typedef struct cat_row_grad {
    double scale;           /* s: upstream, weight, divisor; 0: the whole row is 0 */
    double a, q, z;         /* A, Q, Z */
    double coefficient;     /* of p_c where c is neither h nor y: A + Q + Z */
    double curve;           /* 2 zeta */
    double bucket;          /* -log-probability of the classes not listed, where it has a part */
    double mantissa, power; /* sum of exp(z - anchor) = mantissa 2^power */
    double nll, peak;       /* nll_h and z_h, for the gradient of soft targets */
    double anchor;
    struct {
        int64_t class;    /* -1: none */
        double p, others; /* p and 1 - p, each with its own relative accuracy */
    } at[2];              /* h; y where it is not h */
} cat_row_grad;
/* Gradient with respect to z of n columns x = cat_logits into `to`, which may be x. */
void cat_z_gradient(const cat_plan *p, cat_scratch *s, size_t row, size_t col, size_t n,
                    const cat_row_grad *g, const void *x, void *to);
/* Diagonals of the Hessian, Hessian-vector products (categorical_second.c). */
void cat_second(const cat_plan *p, cat_scratch *s, size_t row, size_t count, const int64_t *y,
                const cat_row_grad *g);
void cat_gradients(const cat_plan *p, cat_scratch *s, size_t row, size_t count,
                   const cat_row_grad *g);
/* The softmax's part of the gradients of rows whose logits and gradients need no conversion; `job`
 * holds the per-row slots. */
void cat_softmax_grad(const cat_plan *p, nll_job job, size_t row, size_t count);

#endif
