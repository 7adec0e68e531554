"""Models of counts.  k is the target.

Where a count and its mean are both large, the terms are Loader's: Stirling corrections and
bd0(k, m) = k log(k / m) + m - k.  A mean m that is itself rounded, as an exponential is, moves bd0 by
|k - m| u: that is the second number of such a pair.  Where the inputs say how far the mean is from the
count, errors are relative to the value itself: `own`.
"""
from math import sqrt

from mpmath import mp, mpf

from jets import exp, expm1, lgamma, log, log1p, softplus
from model import (Model, bd0, digamma_diff, lchoose, once, own, sigmoid, stirling, stirling1,
                   stirling2, trigamma_diff, xlogy)


# binomial ------------------------------------------------------------------------------------------
def binomial_terms(n, p, q, k):
    """-log of the binomial probability of k, 0 <= k <= n; q = 1 - p."""
    if k == 0:
        return -n * (mp.log1p(-p) if p < .5 else mp.log(q))
    if k == n:
        return -n * (mp.log1p(-q) if q < .5 else mp.log(p))
    return [stirling(k), stirling(n - k), -stirling(n), bd0(k, n * p), bd0(n - k, n * q),
            mp.log(2 * mp.pi * k * (n - k) / n) / 2], k * q - (n - k) * p


def binomial_logits_terms(n, z, k):
    p, q = sigmoid(z), sigmoid(-z)
    return [binomial_terms(n, p, q, k), [(n - k) * p, -k * q], n * p * q]


def binomial_probs_terms(n, p, k):
    q = 1 - p
    return [own(binomial_terms(n, p, q, k)), once((n - k) / q, -k / p), [k / p ** 2, (n - k) / q ** 2]]


def draw_trials(r):
    most = 7.2 if r.f32 else 15
    n = r.log_uniform(0, most) if r.chance(.7) else r.one_of(1, 2, 3, 10, 100, 1000)
    return r.whole(n, 2.0 ** 50)


def draw_binomial(prob, value):
    def draw(r):
        n, x = draw_trials(r), value(r)
        if r.chance(.5):  # k first, then a parameter that explains it
            k = r.whole(n * r.random(), n)
            p = min(max(k / n, .3 / n), 1 - .3 / n)
            p *= 1 + r.normal() * sqrt((1 - p) / (n * p)) if r.chance(.8) else 1
            if 0 < p < 1 and 0 < r.num(prob(p)[1]):
                x = r.num(prob(p)[0])
                return [n, x, k]
        p = prob.back(x)
        return [n, x, r.count(n * p, sqrt(n * p * (1 - p)), n)]
    return draw


class Link:
    """From a probability to the parameter and back, in plain numbers."""

    def __init__(self, to, back):
        self.to, self.back = to, back

    def __call__(self, p):
        return float(self.to(mpf(p))), 1.0


LOGIT = Link(lambda p: mp.log(p) - mp.log1p(-p), lambda z: float(sigmoid(mpf(z))))
PROB = Link(lambda p: p, lambda p: p)


def draw_probs(r):
    while True:
        x = draw_binomial(PROB, lambda r: r.prob())(r)
        if 0 < x[1] < 1:
            return x


# geometric -----------------------------------------------------------------------------------------
def draw_geometric(back, value):
    def draw(r):
        while True:
            x = value(r)
            p = back(x)
            mean = min((1 - p) / p, 1e15) if p > 0 else 1e15
            if x != 0 or back is not PROB.back:
                return [x, r.count(mean, sqrt(mean * (mean + 1)))]
    return draw


# poisson -------------------------------------------------------------------------------------------
def poisson_terms(m, k, exact):
    if k == 0:
        return m
    return [stirling(k), bd0(k, m), mp.log(2 * mp.pi * k) / 2], mpf(0) if exact else k - m


def poisson_rate_terms(m, k):
    return [poisson_terms(m, k, True), [mpf(1), -k / m], k / m ** 2]


def poisson_log_rate_terms(eta, k):
    m = mp.exp(eta)
    return [poisson_terms(m, k, False), [m, -k], m]


def draw_rate(r):
    m = r.pos()
    if r.chance(.3):  # k first: k - m small against both
        k = r.count(m, m)
        if k > 0:
            return [r.num(k * max(1 + r.normal() * r.one_of(1 / sqrt(k), 1e-3, 1e-7), .05)), k]
    return [m, r.count(m, sqrt(m))]


def draw_log_rate(r):
    eta = r.log_rate()
    if r.chance(.3):
        k = max(r.count(100, 100), 1)
        return [r.num(mp.log(k) + r.normal() / sqrt(k)), k]
    m = float(mp.exp(min(eta, 34)))
    return [eta, r.count(m, sqrt(m))]


# negative binomial ---------------------------------------------------------------------------------
def nb_terms(m, r, k):
    """The loss; u = (k - m) / (r + m)."""
    if k == 0:
        return r * mp.log1p(m / r)
    pr, pm = r / (r + m), m / (r + m)
    return [stirling(r), stirling(k), -stirling(r + k), bd0(r, (r + k) * pr), bd0(k, (r + k) * pm),
            mp.log(2 * mp.pi * k * (r + k) / r) / 2], r * (m - k) / (r + m)


def nb_size_terms(m, r, k):
    """First and second derivative in the size, as differences that vanish in the Poisson limit; a
    rounded m / (r + m) moves u and so u^2 / 2."""
    u, n = (k - m) / (r + m), r + k
    rough = abs(u) * m / (r + m)
    if k == 0:  # log1p(w) - w / (1 + w), w = m / r
        w = m / r
        first, second = mp.log1p(w) - w / (1 + w), -w * w / (r * (1 + w) ** 2)
    else:
        first = [u - mp.log1p(u), -k / (2 * r * n), stirling1(r), -stirling1(n)]
        second = [-u * u / n, k * (2 * r + k) / (2 * r * r * n * n), stirling2(r), -stirling2(n)]
    return (first, rough), (second, 2 * rough / n)


def nb_mean_terms(m, r, k):
    size = nb_size_terms(m, r, k)
    d = m * (r + m)
    return [own(nb_terms(m, r, k)), [r / (r + m), -k * r / d], size[0],
            [k * r * r / d ** 2, 2 * k * m * r / d ** 2, -r * m * m / d ** 2], size[1]]


def nb_log_mean_terms(eta, r, k):
    m = mp.exp(eta)
    size = nb_size_terms(m, r, k)
    return [nb_terms(m, r, k), [m * r / (r + m), -k * r / (r + m)], size[0],
            m * (r / (r + m)) * ((r + k) / (r + m)), size[1]]


def nb_loss(m, eta, r, k):
    f = (r + k) * log1p(m / r) + lgamma(k + 1)
    return f if k == 0 else f - k * eta - (lgamma(r + k) - lgamma(r) - k * log(r))


def draw_nb_mean(r):
    m, size = r.pos(), r.pos()
    return [m, size, r.count(m, sqrt(m + m * m / size))]


def draw_nb_log_mean(r):
    eta, size = r.log_rate(), r.pos()
    m = float(mp.exp(min(eta, 34)))
    return [eta, size, r.count(m, sqrt(m + m * m / size))]


# zero-inflated Poisson -----------------------------------------------------------------------------
def zip_loss(p, q, rate, k, poisson):
    """p = gate, q = 1 - gate."""
    return -log(p + q * exp(-rate)) if k == 0 else -log(q) + poisson


def zip_zero(p, q, rate):
    """At k = 0: the loss, and the posterior weights of the count (w) and of the gate."""
    none = -mp.expm1(-rate)
    p0 = p + q * mp.exp(-rate)
    loss = -mp.log1p(-q * none) if q * none < .5 else -mp.log(p0)
    return loss, q * mp.exp(-rate) / p0, p / p0, none / p0


def zip_terms(gate, rate, logits, log_rate, k):
    p, q = (sigmoid(gate), sigmoid(-gate)) if logits else (gate, 1 - gate)
    m = mp.exp(rate) if log_rate else rate
    if k == 0:
        loss, w, g, hit = zip_zero(p, q, m)
        s = sigmoid(gate + m) if logits else 0
        rough = 1 + m if m > 1 else 1  # of exp(-m), where m is rounded
        first = (-hit * p * q, 0) if logits else -hit
        second = [-hit * p * q * q, hit * p * q * s] if logits else hit * hit
        if not log_rate:
            return [loss, first, w, second, -w * g]
        return [loss, first, (m * w, m * w * rough), second,
                ([m * w, -m * m * w * g], (m * w + m * m * w * g) * rough)]
    rest = (poisson_log_rate_terms if log_rate else poisson_rate_terms)(rate, k)
    loss, slack = rest[0]
    loss = loss + [-mp.log1p(-p) if p < .5 else -mp.log(q)]
    first, second = (p, p * q) if logits else (1 / q, 1 / q ** 2)
    return [(loss, slack), first, rest[1], second, rest[2]]


def zip_model(name, logits, log_rate):
    def loss(gate, rate, k):
        p, q = (exp(-softplus(-gate)), exp(-softplus(gate))) if logits else (gate, 1 - gate)
        if log_rate:
            m = exp(rate)
            return zip_loss(p, q, m, k, m - k * rate + lgamma(k + 1))
        return zip_loss(p, q, rate, k, rate - xlogy(k, rate) + lgamma(k + 1))

    def draw(r):
        gate = r.logit() if logits else r.prob()
        rate, k = (draw_log_rate if log_rate else draw_rate)(r)
        if r.chance(.35):
            k = 0
        return [gate, rate, k]
    return Model(name, ['gate_logits' if logits else 'gate', 'log_rate' if log_rate else 'rate', 'y'],
                 [0, 1], False, loss, lambda g, x, k: zip_terms(g, x, logits, log_rate, k), draw)


# beta-binomial -------------------------------------------------------------------------------------
def bb_value_terms(n, a, b, k):
    big, x, y = n + a + b, k + a, n - k + b
    if k in (0, n):  # a sum of n positive terms: no cancellation, whatever the parameters
        other = b if k == 0 else a
        this = a + b - other
        return digamma_like_sum(other, this, n)
    return mp.fsum([stirling(k), stirling(n - k), -stirling(n), -stirling(x), -stirling(y), stirling(big),
             stirling(a), stirling(b), -stirling(a + b), bd0(k, x * n / big), bd0(n - k, y * n / big),
             bd0(a, x * (a + b) / big), bd0(b, y * (a + b) / big),
             mp.log(2 * mp.pi * k * (n - k) * x * y / (n * big)) / 2, mp.log((a + b) / (a * b)) / 2])


def digamma_like_sum(b, a, n):
    """sum of log(1 + a / (b + j)), j < n"""
    return mp.loggamma(a + b + n) - mp.loggamma(a + b) - mp.loggamma(b + n) + mp.loggamma(b)


def bb_shape_terms(n, a, b, k):
    """First and second derivative in a, where k successes count for a."""
    if k == n:  # -sum b / ((a + j) (a + b + j)): one sign
        return [digamma_diff(a + b, n) - digamma_diff(a, n),
                trigamma_diff(a + b, n) - trigamma_diff(a, n)]
    if k == 0:
        return [digamma_diff(a + b, n), trigamma_diff(a + b, n)]
    s, j = a + b, n - k
    c = b * k - a * j
    log = mp.log1p(-c / (s * (a + k)))
    lead = [c / (a + k) / (a * (s + n)), n * b / s / (a * (s + n))]
    if b > a:
        return [[log, log_rest(s, n), -log_rest(a, k)],
                [trigamma_diff(s, n), -trigamma_diff(a, k)]]
    curve = lead + [inverse_rest(a + k, b + j), -inverse_rest(a, b)]
    if a < 1:
        return [[log, log_rest(a + k, b + j), -log_rest(a, b)], curve]
    return [[log, -lead[0] / 2, -lead[1] / 2, tail_rest(a + k, b + j), -tail_rest(a, b)], curve]


def log_rest(x, h):
    """digamma - log over the step h from x"""
    return digamma_diff(x, h) - mp.log1p(h / x)


def inverse_rest(x, h):
    return trigamma_diff(x, h) + h / (x * (x + h))


def tail_rest(x, h):
    return stirling1(x + h) - stirling1(x)


def bb_terms(n, a, b, k):
    da, db = bb_shape_terms(n, a, b, k), bb_shape_terms(n, b, a, n - k)
    return [bb_value_terms(n, a, b, k), da[0], db[0], da[1], db[1]]


def bb_loss(n, a, b, k):
    return (lgamma(a + b + n) - lgamma(a + b) + lgamma(a) - lgamma(a + k) + lgamma(b) -
            lgamma(b + n - k) - lchoose(n, k))


def draw_bb(r):
    n, a, b = draw_trials(r), r.pos(), r.pos()
    p = a / (a + b)
    sd = sqrt(n * p * (1 - p) * (a + b + n) / (a + b + 1))
    return [n, a, b, r.count(n * p, sd, n)]


MODELS = [
    Model('binomial_logits', ['total_count', 'logits', 'y'], [1], False,
          lambda n, z, k: k * softplus(-z) + (n - k) * softplus(z) - lchoose(n, k),
          binomial_logits_terms, draw_binomial(LOGIT, lambda r: r.logit())),
    Model('binomial_probs', ['total_count', 'probs', 'y'], [1], False,
          lambda n, p, k: -xlogy(k, p) - (n - k) * log1p(-p) - lchoose(n, k),
          binomial_probs_terms, draw_probs),
    Model('geometric_logits', ['logits', 'y'], [0], False,
          lambda z, k: softplus(-z) + k * softplus(z),
          lambda z, k: [[mp.log1p(mp.exp(-z)), k * mp.log1p(mp.exp(z))],
                        [-sigmoid(-z), k * sigmoid(z)], (k + 1) * sigmoid(z) * sigmoid(-z)],
          draw_geometric(LOGIT.back, lambda r: r.logit())),
    Model('geometric_probs', ['probs', 'y'], [0], False,
          lambda p, k: -log(p) - k * log1p(-p),
          lambda p, k: [[-mp.log(p), -k * mp.log1p(-p)], [-1 / p, k / (1 - p)],
                        [1 / p ** 2, k / (1 - p) ** 2]],
          draw_geometric(PROB.back, lambda r: r.prob())),
    Model('poisson_rate', ['rate', 'y'], [0], False,
          lambda m, k: m - xlogy(k, m) + lgamma(k + 1), poisson_rate_terms, draw_rate),
    Model('poisson_log_rate', ['log_rate', 'y'], [0], False,
          lambda eta, k: exp(eta) - k * eta + lgamma(k + 1), poisson_log_rate_terms, draw_log_rate),
    Model('negative_binomial_mean', ['mean', 'size', 'y'], [0, 1], False,
          lambda m, r, k: nb_loss(m, log(m), r, k), nb_mean_terms, draw_nb_mean),
    Model('negative_binomial_log_mean', ['log_mean', 'size', 'y'], [0, 1], False,
          lambda eta, r, k: nb_loss(exp(eta), eta, r, k), nb_log_mean_terms, draw_nb_log_mean),
    zip_model('zip_probs_rate', False, False), zip_model('zip_probs_log_rate', False, True),
    zip_model('zip_logits_rate', True, False), zip_model('zip_logits_log_rate', True, True),
    Model('beta_binomial', ['total_count', 'alpha', 'beta', 'y'], [1, 2], False, bb_loss, bb_terms,
          draw_bb),
]
