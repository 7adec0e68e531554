/* divergences.h: how far two rows of class probabilities lie apart.  Included by nll.h.  What
 * models.h says of argument structs, outputs and status codes holds here too. */

/* Which divergence of p and q.
 *   FORWARD   KL(p||q) = sum_c p_c log(p_c / q_c)
 *   REVERSE   KL(q||p)
 *   JS        (KL(p||m) + KL(q||m)) / 2, m = (p + q) / 2: Jensen-Shannon, from 0 to log 2 */
typedef enum nll_direction { NLL_FORWARD = 0, NLL_REVERSE = 1, NLL_JS = 2 } nll_direction;

/* Kullback-Leibler and Jensen-Shannon divergence of p and q, row by row.
 *
 * Exactly one of p_logits, p_log_probs, p_probs [rows, cols], and exactly one of q_logits,
 * q_log_probs, q_probs, in any mixture.  Logits are normalised; rows of log-probs and probs are
 * taken as they are and should sum to 1.
 *
 * Value: the sum of p log(p / q) - p + q, which is KL(p||q) where both rows sum to 1, and whose
 * terms are all >= 0; JS from terms that are >= 0 and, for logits, at most log 2.  So a value is
 * never negative, exactly 0 for equal rows, and keeps its relative accuracy where p is nearly q.
 *
 * Gradients, of the array given, here for FORWARD (REVERSE exchanges p and q):
 *   p   logits     p_c (log(p_c / q_c) - KL)       q   logits     q_c - p_c
 *       log_probs  p_c (log(p_c / q_c) + 1)            log_probs  -p_c
 *       probs      log(p_c / q_c) + 1                  probs      -p_c / q_c
 * and for JS, with K = sum_c p_c log(p_c / m_c) / 2, for p (for q likewise):
 *       logits     p_c (log(p_c / m_c) / 2 - K)
 *       log_probs  p_c log(p_c / m_c) / 2              probs      log(p_c / m_c) / 2
 * Those of log_probs and probs are of the plain sums; logits of q beside log-probs or probs of p
 * that sum to s have q_c s - p_c.
 *
 * Edges: 0 log 0 = 0: a class with p_c = 0 adds nothing to KL(p||q), and its gradients are 0 with
 * respect to p and, for log_probs and probs, to q.  p_c > 0 = q_c: KL(p||q) is +inf, its gradient
 * with respect to p NaN (logits), with respect to q the formula's.  A logit of -inf masks its
 * class.  A row of logits all -inf, with +inf or NaN: NaN.  probs outside [0, 1]: NaN.
 *
 * Accuracy (u = 2^-24 in float, 2^-53 in double): value 40u in float, 44u in double, relative,
 * however small it is.  Gradients as much, relative to the sum of the magnitudes of their terms;
 * (q_c - p_c) of two rows of logits to p_c (|log(p_c / q_c)| + u), so without cancellation.  Two
 * different forms other than logits and log_probs of the same call are compared in double; there
 * log q_c and log p_c are known to 2u relative, which is what limits nearly equal rows.  From
 * logits and log-probs a probability below the smallest normal number is known to within that
 * number (one below the smallest number is 0, and so is its gradient); |log(p / q)| + |KL|
 * multiplies it. */
typedef struct nll_kl_args {
    size_t struct_size;
    nll_view p_logits, p_log_probs, p_probs;
    nll_view q_logits, q_log_probs, q_probs;
    nll_direction direction;
    nll_common common;
    nll_out divergence; /* [rows] */
    nll_out grad_p;     /* [rows, cols] */
    nll_out grad_q;     /* [rows, cols] */
} nll_kl_args;
nll_status nll_kl(const nll_kl_args *args, nll_result *result);

/* Multinomial: counts k [rows, cols], integers >= 0, n_i of them in row i over the classes.
 *
 *   l = -log(n! / prod_c k_c!) - sum_c k_c log p_c
 * Exactly one of logits and probs [rows, cols]; probs are taken as they are and should sum to 1.
 * Gradients, of the array given:   logits   n p_c - k_c     probs   -k_c / p_c
 *
 * Edges: 0 log 0 = 0; k_c > 0 = p_c: +inf.  A count below 0, infinite or no integer: +inf, gradient
 * NaN.  A row of logits all -inf, with +inf or NaN, and probs outside [0, 1]: NaN.  A row of n = 0:
 * value and gradient 0.
 *
 * mode: the counts of the largest probability for the row's total n, whole numbers that sum to n;
 * of equally likely ones those with more in the lower classes.  Exact for probs, whatever they sum
 * to, and for logits with the softmax rounded to double.  NaN where p or a count is outside its
 * domain, or n is above 2^53; NLL_F32 rounds counts above 2^24.
 *
 * Computed in double whatever the types are, without differences of log-gammas.  Error of the value
 * and the gradient at most 16 u (u = 2^-53) of the sum of: the value, 1 + log k_c and 1 + log n of
 * the coefficient, and (|k_c - n p_c| + |gradient|) times 4 + |log(k_c / n)| + |log p_c|. */
typedef struct nll_multinomial_args {
    size_t struct_size;
    nll_view logits, probs;
    nll_view target; /* [rows, cols] */
    nll_common common;
    nll_out nll;  /* [rows] */
    nll_out grad; /* [rows, cols] */
    nll_out mode; /* [rows, cols] NLL_F32 or NLL_F64 */
} nll_multinomial_args;
nll_status nll_multinomial(const nll_multinomial_args *args, nll_result *result);

/* Dirichlet: concentrations a [rows, cols], all > 0, and points y of the simplex [rows, cols].
 *
 *   l = sum_c lgamma(a_c) - lgamma(A) - sum_c (a_c - 1) log y_c,   A = sum_c a_c
 *   d a_c = psi(a_c) - psi(A) - log y_c        d y_c = -(a_c - 1) / y_c
 * y is taken as it is and should sum to 1.
 *
 * Edges: a_c <= 0, infinite or NaN: NaN.  y_c outside [0, 1]: +inf, gradients NaN.  y_c = 0: +inf
 * where a_c > 1, -inf where a_c < 1; for a_c = 1 the class adds lgamma(1) = 0.
 *
 * mode: (a_c - 1) / (A - cols) for a_c >= 1, of which one is above 1; 1 / cols if all are 1.  A
 * density with an a_c < 1 has no largest value; mode is then the limit, for e -> 0, of the most
 * likely of the points with y >= e throughout: (a_c - 1) / sum_{d: a_d > 1} (a_d - 1) for a_c > 1
 * and 0 else, or, if none is above 1, 1 for the largest a_c (the lowest class of equal ones) and 0
 * else.  Within 4 u; NaN where a concentration is outside its domain.
 *
 * Computed in double whatever the types are, without differences of log-gammas.  Error of the value
 * at most 4 u (u = 2^-53) of the sum of: the value, |log y_c|, |log(2 pi / a_c)| / 2, |log(2 pi /
 * A)| / 2, a_c (t - log(1 + t)) with t = A y_c / a_c - 1, and A |1 - sum_c y_c|; of d a_c, of the
 * sum of: the gradient, |log(a_c / (A y_c))|, 1 + 1 / a_c, 1 + 1 / A; of d y_c 4 u of itself. */
typedef struct nll_dirichlet_args {
    size_t struct_size;
    nll_view concentration; /* [rows, cols] */
    nll_view target;        /* [rows, cols] */
    nll_common common;
    nll_out nll;         /* [rows] */
    nll_out grad;        /* [rows, cols], with respect to the concentrations */
    nll_out grad_target; /* [rows, cols] */
    nll_out mode;        /* [rows, cols] NLL_F32 or NLL_F64 */
} nll_dirichlet_args;
nll_status nll_dirichlet(const nll_dirichlet_args *args, nll_result *result);
