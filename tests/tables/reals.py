"""Models of one real observation y, by location and scale.  z = (y - loc) / scale.

The second number of a pair is what a rounded intermediate number may add, in units of its own
rounding: a cosine of a rounded difference d moves by |d sin d|.
"""
from mpmath import mp, mpf

from jets import absolute, bessel_ratio, cos, exp, lgamma, log, log1p, log_i0, softplus
from model import Model, half_log_2pi


# what y is -----------------------------------------------------------------------------------------
def draw_location_scale(scale=lambda r: r.pos()):
    def draw(r):
        loc, s = r.loc(), scale(r)
        kind = r.below(12)
        if kind == 0:
            y = loc
        elif kind == 1:
            y = r.loc()
        elif kind == 2:
            y = loc + r.signed(s)
        elif kind == 3:
            y = loc + s * r.signed(r.log_uniform(-6, 1.5))
        elif kind == 4:
            y = loc + s * r.signed(r.log_uniform(0, 4))
        else:
            y = loc + s * r.normal() * 1.5
        return [loc, s, r.num(y)]
    return draw


def tame(draw, most, loc=0, scale=1):
    """Observations so far out that only exp's overflow is seen are drawn again: |z| <= most."""
    def again(r):
        while True:
            x = draw(r)
            if abs(x[-1] - x[loc]) <= most(r) * x[scale]:
                return x
    return again


# the models ----------------------------------------------------------------------------------------
def lognormal_terms(mu, s, y):
    w = mp.log(y)
    z = (w - mu) / s
    r = abs(w) / s  # a rounded log y moves z by this
    return [([w, mp.log(s), z * z / 2, half_log_2pi()], abs(z) * r), (-z / s, r / s),
            ([1 / s, -z * z / s], 2 * abs(z) * r / s), ([1 / y, z / (s * y)], r / (s * y)),
            1 / s ** 2, ([-1 / s ** 2, 3 * z * z / s ** 2], 6 * abs(z) * r / s ** 2)]


def draw_lognormal(r):
    s = r.log_uniform(-6 if r.f32 else -8, 1) if r.chance(.7) else r.pos()
    if r.chance(.2):
        y = r.pos()
        mu = mp.log(y) if r.chance(.3) else mp.log(y) + s * r.normal()
        return [r.num(mu), s, y]
    mu = r.uniform(-14, 18)
    t = mu + s * r.normal()
    return [mu, s, r.num(mp.exp(min(max(t, -80), 80)))]


def half_normal_terms(s, y):
    z = y / s
    return [[mp.log(s), z * z / 2, mp.log(mp.pi / 2) / 2], [1 / s, -z * z / s], z / s,
            [-1 / s ** 2, 3 * z * z / s ** 2]]


def draw_half_normal(r):
    s = r.pos()
    return [s, r.num(r.one_of(0.0, s, s * abs(r.normal()), s * abs(r.normal()),
                              s * r.log_uniform(-6, 2), r.pos()))]


def laplace_terms(mu, b, y):
    d = y - mu
    side, size = mpf((d > 0) - (d < 0)), abs(d) / b
    return [[size, mp.log(b), mp.log(2)], -side / b, [1 / b, -size / b], side / b, mpf(0),
            [-1 / b ** 2, 2 * size / b ** 2]]


def cauchy_terms(mu, s, y):
    z = (y - mu) / s
    w = 1 + z * z
    d = 2 * z / (s * w)
    return [[mp.log(mp.pi), mp.log(s), mp.log1p(z * z)], -d, [1 / (s * w), -z * z / (s * w)], d,
            [2 / (s * w) ** 2, -2 * z * z / (s * w) ** 2],
            ((z ** 4 + 4 * z * z - 1) / (s * w) ** 2,  # and a rounded y - mu
             2 * z * z * (6 - 2 * z * z) / w / (s * w) ** 2)]


def logistic_terms(mu, s, y):
    z = (y - mu) / s
    t, a = mp.tanh(z / 2), abs(z)
    bell = mp.sech(z / 2) ** 2 / 2
    return [[a, 2 * mp.log1p(mp.exp(-a)), mp.log(s)], -t / s, [1 / s, -z * t / s], t / s,
            bell / s ** 2, [-1 / s ** 2, 2 * z * t / s ** 2, z * z * bell / s ** 2]]


def gumbel_terms(mu, s, y):
    z = (y - mu) / s
    e, q = mp.exp(-z), -mp.expm1(-z)
    return [[z, e, mp.log(s)], -q / s, [1 / s, -z * q / s], q / s, e / s ** 2,
            [-1 / s ** 2, 2 * z * q / s ** 2, z * z * e / s ** 2]]


def student_rest(nu):
    """h(nu) = lgamma((nu + 1) / 2) - lgamma(nu / 2) - log(nu / 2) / 2, which tends to 0, and its
    first two derivatives."""
    a, b = (nu + 1) / 2, nu / 2
    return (mp.loggamma(a) - mp.loggamma(b) - mp.log(b) / 2,
            (mp.psi(0, a) - mp.psi(0, b) - 1 / nu) / 2,
            (mp.psi(1, a) / 2 - mp.psi(1, b) / 2 + 1 / nu ** 2) / 2)


def student_t_terms(nu, mu, s, y):
    z = (y - mu) / s
    z2 = z * z
    w = z2 / nu
    h, h1, h2 = student_rest(nu)
    d, c = nu + z2, nu / (s * s * (nu + z2) ** 2)
    one_w = 1 + w
    dmu = -(nu + 1) * z / (s * d)
    return [[(nu + 1) / 2 * mp.log1p(w), mp.log(s), half_log_2pi(), -h],
            [(mp.log1p(w) - w / one_w) / 2, -w / (2 * nu * one_w), -h1],
            dmu, [nu / (s * d), -nu * z2 / (s * d)], -dmu,
            [-w * w / (2 * nu * one_w ** 2), w * (2 + w) / (2 * nu * nu * one_w ** 2), -h2],
            [(nu + 1) * nu / (s * d) ** 2, -(nu + 1) * z2 / (s * d) ** 2],
            [c * z2 * z2, c * (3 * nu + 1) * z2, -c * nu]]


def student_t_loss(nu, mu, s, y):
    z = (y - mu) / s
    return (lgamma(nu * mpf(.5)) - lgamma((nu + 1) * mpf(.5)) + log(nu * mp.pi) * mpf(.5) + log(s) +
            (nu + 1) * mpf(.5) * log1p(z * z / nu))


def von_mises_terms(mu, k, y):
    d = y - mu
    s2 = 2 * mp.sin(d / 2) ** 2
    swing = abs(d * mp.sin(d))  # what a rounded d does to the cosine
    a = bessel_ratio(k)
    r0 = mp.log(mp.besseli(0, k)) - k
    dmu = (-k * mp.sin(d), k * d * mp.cos(d))
    return [([k * s2, mp.log(2 * mp.pi), r0], k * swing), dmu, ([s2, a - 1], swing),
            (-dmu[0], dmu[1]), (k * mp.cos(d), k * swing), 1 - a * a - a / k]


def draw_von_mises(r):
    k = r.pos()
    mu = r.one_of(0.0, r.uniform(-3.2, 3.2), r.uniform(-3.2, 3.2), r.uniform(-100, 100))
    kind = r.below(6)
    spread = min(1.0, k ** -.5)
    y = (mu if kind == 0 else r.uniform(-3.2, 3.2) if kind < 3 else
         r.uniform(-1000, 1000) if kind == 3 and r.chance(.3) else mu + spread * r.normal())
    return [mu, k, r.num(y)]


MODELS = [
    Model('lognormal', ['loc', 'scale', 'y'], [0, 1], True,
          lambda mu, s, y: (log(y) + log(s) + half_log_2pi() +
                            ((log(y) - mu) / s) * ((log(y) - mu) / s) * mpf(.5)),
          lognormal_terms, draw_lognormal),
    Model('half_normal', ['scale', 'y'], [0], True,
          lambda s, y: log(s) + (y / s) * (y / s) * mpf(.5) + mp.log(mp.pi / 2) / 2,
          half_normal_terms, draw_half_normal),
    Model('laplace', ['loc', 'scale', 'y'], [0, 1], True,
          lambda mu, b, y: absolute(y - mu) / b + log(2 * b), laplace_terms, draw_location_scale()),
    Model('cauchy', ['loc', 'scale', 'y'], [0, 1], True,
          lambda mu, s, y: log(mp.pi * s) + log1p(((y - mu) / s) * ((y - mu) / s)),
          cauchy_terms, draw_location_scale()),
    Model('logistic', ['loc', 'scale', 'y'], [0, 1], True,
          lambda mu, s, y: (y - mu) / s + 2 * softplus((mu - y) / s) + log(s),
          logistic_terms, tame(draw_location_scale(), lambda r: 1e7)),
    Model('gumbel', ['loc', 'scale', 'y'], [0, 1], True,
          lambda mu, s, y: (y - mu) / s + exp((mu - y) / s) + log(s),
          gumbel_terms, tame(draw_location_scale(), lambda r: 60 if r.f32 else 400)),
    Model('student_t', ['df', 'loc', 'scale', 'y'], [0, 1, 2], True, student_t_loss,
          student_t_terms, lambda r: [r.pos()] + draw_location_scale()(r)),
    Model('von_mises', ['loc', 'concentration', 'y'], [0, 1], True,
          lambda mu, k, y: log(2 * mp.pi) + log_i0(k) - k * cos(y - mu),
          von_mises_terms, draw_von_mises),
]
