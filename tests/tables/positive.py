"""Models of an observation y that is positive, or lies in [0, 1]."""
from math import sqrt

from mpmath import mp, mpf

from jets import exp, lgamma, log, log1p
from model import (ONCE, Model, bd0, digamma_diff, half_log_2pi, once, stirling, stirling1,
                   stirling2, trigamma_diff)


# exponential ---------------------------------------------------------------------------------------
def exponential_rate_terms(m, y):
    return [[m * y, -mp.log(m)], once(y, -1 / m), m, 1 / m ** 2]


def exponential_log_rate_terms(eta, y):
    m = mp.exp(eta)
    return [[m * y, -eta], [m * y, mpf(-1)], m, m * y]


def draw_waiting(value, mean):
    def draw(r):
        x = value(r)
        m = mean(x)
        y = r.one_of(0.0, m, m * r.log_uniform(-6, 1.5), m * r.uniform(0, 4), m * r.uniform(0, 4),
                     r.pos())
        return [x, r.num(y)]
    return draw


# gamma ---------------------------------------------------------------------------------------------
def gamma_shape_terms(al, x, y):
    """The loss and the slope in the shape of both gamma models; x = y / mean, rounded in the slope."""
    g = al * (x - 1 - mp.log(x))
    value = [mp.log(y * y / al) / 2, half_log_2pi(), stirling(al), g]
    slope = ([mp.psi(0, al) - mp.log(al), -mp.log(x)], mpf(1))
    return value, slope


def gamma_terms(al, be, y):
    value, slope = gamma_shape_terms(al, be * y / al, y)
    return [value, slope, once(y, -al / be), [-(al - 1) / y, be],
            mp.psi(1, al), al / be ** 2]


def inverse_gamma_terms(al, be, y):
    value, slope = gamma_shape_terms(al, be / (y * al), y)
    return [value, slope, once(1 / y, -al / be), [(al + 1) / y, -be / y / y],
            mp.psi(1, al), al / be ** 2]


def draw_gamma(inverse):
    def draw(r):
        while True:
            al, be = r.pos(), r.pos()
            kind = r.below(8)
            mean = al / be
            y = (mean if kind == 0 else r.pos() if kind < 3 else r.log_uniform(-30, -6)
                 if kind == 3 else mean * (1 + r.normal() / sqrt(al)) if al > 36 else
                 mean * r.log_uniform(-3, 1))
            y = r.num(1 / y if inverse else y) if y > 0 else 0
            if 1e-36 < y < 1e36:
                return [al, be, y]
    return draw


# weibull, pareto -----------------------------------------------------------------------------------
def weibull_terms(k, s, y):
    w = mp.log(y / s)
    t = k * w
    u, e = mp.exp(t), mp.expm1(t)
    rough = abs(t) + k * ONCE  # of t, a rounded product
    dy = [(1 - k) / y, k * u / y] if u < .5 else [1 / y, k * e / y]
    return [([-mp.log(k), mp.log(y), -t, u], rough * abs(e)),
            ([-1 / k, w * e], u * abs(w) * rough),
            (-k / s * e, k / s * u * rough), (dy, k * u * rough / y),
            ([1 / k ** 2, w * w * u], w * w * u * rough),
            ([k / s ** 2 * e, k * k / s ** 2 * u], (1 + k) * k / s ** 2 * u * rough)]


def draw_weibull(r):
    while True:
        k, s = r.pos(), r.pos()
        t = r.one_of(0, r.normal(), -abs(r.normal()) * 8, r.normal() * r.log_uniform(-6, 0),
                     r.normal() * .6)
        w = t / k
        if abs(w) > (60 if r.f32 else 300):
            w = r.normal() * 10
        y = r.num(s * mp.exp(w)) if r.chance(.9) else s
        if 1e-36 < y < 1e36 and k * mp.log(mpf(y) / mpf(s)) < (80 if r.f32 else 600):
            return [k, s, y]


def pareto_terms(al, s, y):
    w = mp.log(y / s)
    return [[-mp.log(al), mp.log(y), al * w], [-1 / al, w], -al / s, (al + 1) / y,
            1 / al ** 2, al / s ** 2]


def draw_pareto(r):
    while True:
        al, s = r.pos(), r.pos()
        t = r.one_of(0, r.random() * 3, r.random(), r.log_uniform(-7, 1.4)) / al
        if t > 60:
            t = r.random() * 60
        y = max(s, r.num(s * mp.exp(t)))
        if y < 1e36:
            return [al, s, y]


# beta ----------------------------------------------------------------------------------------------
def beta_value_terms(a, b, y):
    """By Stirling corrections; shapes below 1 are raised by one, by B(a, b) = (a + b) / a B(a + 1, b),
    and bring a power of y into the one logarithm."""
    low_a, low_b = a < 1, b < 1
    u, v, z = a + low_a, b + low_b, 1 - y
    n = u + v
    e = n * y - u
    da = [e, -a * mp.log(n * y / u)] if low_a else [bd0(u, n * y)]
    db = [-e, -b * mp.log(n * z / v)] if low_b else [bd0(v, n * z)]
    f = y * z
    if low_a:
        f *= (a + b + low_b) / a * (u / n)
    if low_b:
        f *= (a + b) / b * (v / n)
    last = mp.log(n / (u * v) * f ** 2) / 2
    return [stirling(u), stirling(v), -stirling(n), half_log_2pi(), last] + da + db


def beta_terms(a, b, y):
    return [beta_value_terms(a, b, y), [-digamma_diff(a, b), -mp.log(y)],
            [-digamma_diff(b, a), -mp.log1p(-y)], [-(a - 1) / y, (b - 1) / (1 - y)],
            -trigamma_diff(a, b), -trigamma_diff(b, a)]


def beta_mean_terms(mu, phi, y):
    """The shapes a and b are rounded products here."""
    a, b, z = mu * phi, (1 - mu) * phi, 1 - y
    ta, tb = mp.psi(1, a), mp.psi(1, b)
    dmu = ([phi * (mp.psi(0, a) - mp.psi(0, b)), -phi * mp.log(y), phi * mp.log1p(-y)],
           phi * (a * ta + b * tb))
    dphi = ([bd0(mu, y), bd0(1 - mu, z), -1 / (2 * phi), mu * stirling1(a),
             (1 - mu) * stirling1(b), -stirling1(phi)], mu - y)
    hphi = [1 / (2 * phi ** 2), mu ** 2 * stirling2(a), (1 - mu) ** 2 * stirling2(b),
            -stirling2(phi)]
    return [beta_value_terms(a, b, y), dmu, dphi,
            ([-(a - 1) / y, (b - 1) / z], a / y + b / z), phi ** 2 * (ta + tb), hphi]


def beta_loss(a, b, y):
    return lgamma(a) + lgamma(b) - lgamma(a + b) - (a - 1) * log(y) - (b - 1) * log1p(-y)


def draw_fraction(r, a, b):
    while True:
        kind = r.below(8)
        n = a + b
        mean, sd = a / n, sqrt(a / n * (b / n) / (n + 1))
        y = (mean if kind == 0 else r.prob() if kind < 3 else mean + sd * r.normal()
             if min(a, b) > 1 else min(max(mean, 1e-4), 1 - 1e-4) * r.random())
        y = r.num(y)
        if (1e-36 if r.f32 else 1e-280) < y < 1:
            return y


def draw_beta(r):
    a, b = r.pos(), r.pos()
    return [a, b, draw_fraction(r, a, b)]


def draw_beta_mean(r):
    while True:
        mu, phi = r.prob(), r.pos()
        if 1e-20 < mu < 1 and mu * phi > 1e-20:
            return [mu, phi, draw_fraction(r, mu * phi, (1 - mu) * phi)]


# tweedie -------------------------------------------------------------------------------------------
def tweedie_terms(m, p, y, log_mean):
    t = mp.log(m)
    a, b = mp.exp((2 - p) * t), y * mp.exp((1 - p) * t)
    value, dy = [a / (2 - p), b / (p - 1)], mp.exp((1 - p) * t) / (p - 1)
    if log_mean:
        return [value, [a, -b], dy, [(2 - p) * a, (p - 1) * b]]
    return [value, [a / m, -b / m], dy, [(1 - p) * a / m ** 2, p * b / m ** 2]]


def tweedie_loss(eta, p, y):
    return exp(eta * (2 - p)) / (2 - p) + y * exp(eta * (1 - p)) / (p - 1)


def draw_power(r):
    return r.one_of(1.5, r.uniform(1.01, 1.99), r.uniform(1.01, 1.99), r.num(1 + 2.0 ** -10),
                    r.num(2 - 2.0 ** -10))


def draw_tweedie(value, mean):
    def draw(r):
        x = value(r)
        m = mean(x)
        y = r.one_of(0.0, m, m * r.uniform(0, 3), m * r.uniform(0, 3), r.pos())
        return [x, draw_power(r), r.num(y)]
    return draw


def tame_log(r):
    return r.uniform(-14, 18) if r.chance(.9) else r.one_of(0.0, r.signed(r.log_uniform(-7, 0)))


def plain_exp(x):
    return float(mp.exp(x))


MODELS = [
    Model('exponential_rate', ['rate', 'y'], [0], True, lambda m, y: m * y - log(m),
          exponential_rate_terms, draw_waiting(lambda r: r.pos(), lambda m: 1 / m)),
    Model('exponential_log_rate', ['log_rate', 'y'], [0], True, lambda eta, y: y * exp(eta) - eta,
          exponential_log_rate_terms, draw_waiting(tame_log, lambda x: plain_exp(-x))),
    Model('gamma', ['concentration', 'rate', 'y'], [0, 1], True,
          lambda al, be, y: be * y + lgamma(al) - al * log(be) - (al - 1) * log(y),
          gamma_terms, draw_gamma(False)),
    Model('inverse_gamma', ['concentration', 'scale', 'y'], [0, 1], True,
          lambda al, be, y: be / y + lgamma(al) - al * log(be) + (al + 1) * log(y),
          inverse_gamma_terms, draw_gamma(True)),
    Model('weibull', ['concentration', 'scale', 'y'], [0, 1], True,
          lambda k, s, y: exp(k * log(y / s)) - k * log(y / s) + log(y) - log(k),
          weibull_terms, draw_weibull),
    Model('pareto', ['concentration', 'scale', 'y'], [0, 1], True,
          lambda al, s, y: al * log(y / s) + log(y) - log(al), pareto_terms, draw_pareto),
    Model('beta_alpha_beta', ['alpha', 'beta', 'y'], [0, 1], True, beta_loss, beta_terms, draw_beta),
    Model('beta_mean_precision', ['mean', 'precision', 'y'], [0, 1], True,
          lambda mu, phi, y: beta_loss(mu * phi, (1 - mu) * phi, y), beta_mean_terms,
          draw_beta_mean),
    Model('tweedie_mean', ['mean', 'power', 'y'], [0], True,
          lambda m, p, y: tweedie_loss(log(m), p, y),
          lambda m, p, y: tweedie_terms(m, p, y, False), draw_tweedie(lambda r: r.pos(), float)),
    Model('tweedie_log_mean', ['log_mean', 'power', 'y'], [0], True, tweedie_loss,
          lambda eta, p, y: tweedie_terms(mp.exp(eta), p, y, True), draw_tweedie(tame_log, plain_exp)),
]
