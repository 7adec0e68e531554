"""What a table is made from, and the pieces that several models share."""
from dataclasses import dataclass
from typing import Callable, Sequence

from mpmath import mp, mpf

import jets
from jets import Jet, lgamma, log


@dataclass
class Model:
    """One kernel of the library.

    names    its inputs in order, the target last
    params   numbers of the inputs that have a gradient and a second derivative
    real     the target is real-valued: it has a gradient too
    loss     the negative log-likelihood by the textbook, on Jets
    terms    for each output (loss, gradients, second derivatives) the terms of a formula that does
             not cancel, and what rounding inside may add; their magnitudes are the yardstick
    draw     inputs of one point
    """
    id: str
    names: Sequence[str]
    params: Sequence[int]
    real: bool
    loss: Callable
    terms: Callable
    draw: Callable

    @property
    def outputs(self):
        grads = [self.names[i] for i in self.params] + ([self.names[-1]] if self.real else [])
        return ['loss'] + ['d_' + n for n in grads] + ['h_' + self.names[i] for i in self.params]

    def evaluate(self, x):
        """The outputs at x, from the loss alone."""
        x = [mpf(v) for v in x]
        wanted = list(self.params) + ([len(x) - 1] if self.real else [])
        f = self.loss(*jets.variables(x, wanted))
        return [f.v] + f.g + f.h[:len(self.params)]

    def magnitudes(self, x):
        """The outputs at x again, by the terms, and their magnitudes."""
        out = []
        for terms in self.terms(*[mpf(v) for v in x]):
            terms, slack = terms if isinstance(terms, tuple) else (terms, mpf(0))
            terms = terms if isinstance(terms, list) else [terms]
            out.append((mp.fsum(terms), mp.fsum(terms, absolute=True) + abs(slack)))
        return out


ONCE = mpf(2) ** -72


def once(a, b):
    """a + b where only the sum is rounded: its terms count for no more than the noise of the MPFR
    oracle's differences."""
    return a + b, (abs(a) + abs(b)) * ONCE


def own(terms):
    """The sum of terms, whatever may be added for rounding, as one term."""
    terms = terms[0] if isinstance(terms, tuple) else terms
    return mp.fsum(terms) if isinstance(terms, list) else terms


def xlogy(x, y):
    """x log y, 0 for x = 0."""
    if not isinstance(x, Jet) and x == 0:
        return mpf(0)
    return x * log(y)


def lchoose(n, k):
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def half_log_2pi():
    return mp.log(2 * mp.pi) / 2


def stirling(x):
    """lgamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2]; 0 for 0, where it stands for log 0! = 0."""
    if x == 0:
        return mpf(0)
    return mp.loggamma(x) - ((x - mpf(1) / 2) * mp.log(x) - x + half_log_2pi())


def stirling1(x):
    """Its derivative."""
    return mp.psi(0, x) - mp.log(x) + 1 / (2 * x)


def stirling2(x):
    return mp.psi(1, x) - 1 / x - 1 / (2 * x * x)


def bd0(x, m):
    """x log(x / m) + m - x >= 0"""
    return m if x == 0 else x * mp.log(x / m) + m - x


def digamma_diff(a, b):
    return mp.psi(0, a + b) - mp.psi(0, a)


def trigamma_diff(a, b):
    return mp.psi(1, a + b) - mp.psi(1, a)


sigmoid = jets.sigmoid_of
