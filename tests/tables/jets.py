"""Numbers that carry their derivatives: value, gradient, diagonal of the Hessian.

A model's loss is written once, as in a textbook, on Jets; the gradients and second derivatives then
follow from the chain rule, so that no formula of the library is copied here.
"""
from mpmath import mp, mpf


class Jet:
    __slots__ = ('v', 'g', 'h')

    def __init__(self, v, g, h):
        self.v, self.g, self.h = v, g, h

    def map(self, f, f1, f2):
        """f of it, with the first two derivatives of f at its value."""
        return Jet(f, [f1 * g for g in self.g],
                   [f1 * h + f2 * g * g for g, h in zip(self.g, self.h)])

    def __add__(self, o):
        if not isinstance(o, Jet):
            return Jet(self.v + o, self.g, self.h)
        return Jet(self.v + o.v, [a + b for a, b in zip(self.g, o.g)],
                   [a + b for a, b in zip(self.h, o.h)])

    def __mul__(self, o):
        if not isinstance(o, Jet):
            return Jet(self.v * o, [g * o for g in self.g], [h * o for h in self.h])
        return Jet(self.v * o.v, [a * o.v + self.v * b for a, b in zip(self.g, o.g)],
                   [ha * o.v + 2 * a * b + self.v * hb
                    for a, b, ha, hb in zip(self.g, o.g, self.h, o.h)])

    def inverse(self):
        r = 1 / self.v
        return self.map(r, -r * r, 2 * r * r * r)

    def __neg__(self):
        return self * -1

    def __sub__(self, o):
        return self + -o

    def __rsub__(self, o):
        return -self + o

    def __truediv__(self, o):
        return self * (o.inverse() if isinstance(o, Jet) else 1 / o)

    def __rtruediv__(self, o):
        return self.inverse() * o

    __radd__ = __add__
    __rmul__ = __mul__


def variables(values, wanted):
    """values as Jets of the variables numbered in wanted; the others stay plain numbers."""
    n = len(wanted)
    zero = [mpf(0)] * n
    return [Jet(x, [mpf(k == wanted.index(i)) for k in range(n)], zero) if i in wanted else x
            for i, x in enumerate(values)]


def _function(value, slopes):
    """A function of plain numbers and Jets; slopes(x, f(x)) gives its two derivatives."""
    def apply(x):
        if not isinstance(x, Jet):
            return value(x)
        f = value(x.v)
        return x.map(f, *slopes(x.v, f))
    return apply


def sigmoid_of(x):
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def _softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def _log_i0(k):
    return mp.log(mp.besseli(0, k))


def bessel_ratio(k):
    return mp.besseli(1, k) / mp.besseli(0, k)


def _log_i0_slopes(k, _):
    if k == 0:
        return mpf(0), mpf(1) / 2
    r = bessel_ratio(k)
    return r, 1 - r * r - r / k


exp = _function(mp.exp, lambda x, f: (f, f))
log = _function(mp.log, lambda x, f: (1 / x, -1 / x ** 2))
log1p = _function(mp.log1p, lambda x, f: (1 / (1 + x), -1 / (1 + x) ** 2))
expm1 = _function(mp.expm1, lambda x, f: (f + 1, f + 1))
cos = _function(mp.cos, lambda x, f: (-mp.sin(x), -f))
absolute = _function(abs, lambda x, f: (mpf((x > 0) - (x < 0)), mpf(0)))
softplus = _function(_softplus, lambda x, f: (sigmoid_of(x), sigmoid_of(x) * sigmoid_of(-x)))
lgamma = _function(mp.loggamma, lambda x, f: (mp.psi(0, x), mp.psi(1, x)))
log_i0 = _function(_log_i0, _log_i0_slopes)
