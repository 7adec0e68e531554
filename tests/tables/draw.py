"""Random inputs.  Only random() of Python's generator is used, whose numbers are the same in every
version; powers come from mpmath.  So the same seed gives the same tables everywhere."""
import random
import struct

from mpmath import mp, mpf


def to_f32(x):
    try:
        return struct.unpack('<f', struct.pack('<f', x))[0]
    except OverflowError:
        return float('inf') if x > 0 else float('-inf')


class Draw:
    """Numbers of one element type: f32 (parameters 1e-6..1e8) or f64 (1e-8..1e15)."""

    def __init__(self, seed, f32):
        self.random = random.Random(seed).random
        self.f32 = f32
        self.low, self.high = (-6, 8) if f32 else (-8, 15)
        self.bits = 24 if f32 else 53

    def num(self, x):
        return to_f32(float(x)) if self.f32 else float(x)

    def below(self, n):
        return int(self.random() * n)

    def one_of(self, *choices):
        return choices[self.below(len(choices))]

    def chance(self, p):
        return self.random() < p

    def uniform(self, a, b):
        return self.num(a + (b - a) * self.random())

    def normal(self):
        """Bell-shaped, variance 1, within +-6."""
        return sum(self.random() for _ in range(12)) - 6

    def log_uniform(self, a, b):
        """10^a .. 10^b"""
        return self.num(mp.power(10, mpf(a + (b - a) * self.random())))

    def pos(self, most=None):
        """A positive parameter: over the whole range, of usual size, or a number with a meaning."""
        high = self.high if most is None else most
        kind = self.below(20)
        if kind < 12:
            return self.log_uniform(self.low, high)
        if kind < 16:
            return self.log_uniform(-1, 2)
        if kind == 16:
            return self.num(self.one_of(0.5, 1, 1.5, 2, 3, 10, 100))
        if kind == 17:  # beside 1
            return self.num(1 + self.one_of(-1, 1, 3) * 2.0 ** -self.one_of(self.bits - 1, 12, 6))
        if kind == 18:  # beside the cut-offs usual in such functions
            c = self.one_of(1, 1.5, 2, 3, 6, 7, 8, 10, 12, 15, 16, 20)
            return self.num(c * (1 + self.one_of(-1, 1) * 2.0 ** (1 - self.bits)))
        return self.log_uniform(high - 1, high) if self.chance(.5) else self.log_uniform(
            self.low, self.low + 1)

    def signed(self, x):
        return x if self.chance(.5) else -x

    def loc(self):
        if self.chance(.15):
            return 0.0
        return self.signed(self.log_uniform(self.low, self.high if self.chance(.2) else 2))

    def logit(self):
        kind = self.below(10)
        if kind < 5:
            return self.uniform(-6, 6)
        if kind < 8:
            return self.signed(self.log_uniform(-6, 1.9 if self.f32 else 2.8))
        return self.one_of(0.0, self.uniform(-40, 40), self.uniform(-40, 40))

    def prob(self):
        """In (0, 1), often beside an end."""
        kind = self.below(10)
        if kind < 5:
            return self.uniform(2.0 ** -20, 1 - 2.0 ** -20)
        if kind < 7:
            return self.log_uniform(-30 if self.f32 else -250, -1) if self.chance(
                .3) else self.log_uniform(-8, -1)
        if kind < 9:
            return self.num(1 - 2.0 ** -(1 + self.below(self.bits - 1)) * self.one_of(1, 1, 1.5))
        return self.num(self.one_of(0.5, 0.25, 1 - 2.0 ** -self.bits, 0.1, 2.0 ** -self.bits))

    def log_rate(self):
        kind = self.below(10)
        if kind < 7:
            return self.uniform(-14, 18) if self.f32 else self.uniform(-18, 34)
        if kind < 8:
            return self.signed(self.log_uniform(-7, 0))
        return self.one_of(0.0, self.uniform(-60, 60), self.uniform(-100, -60))

    def count(self, mean, sd, most=None):
        """An integer >= 0 (<= most): the smallest ones, near the mean, or far away."""
        top = most if most is not None else 2.0 ** 23 if self.f32 else 2.0 ** 50
        kind = self.below(10)
        if kind < 2:
            k = self.one_of(0, 0, 1, 2, 3)
        elif kind < 6:
            k = mean + sd * self.normal()
        elif kind == 6:
            k = mean
        elif kind == 7 and most is not None:
            k = most - self.one_of(0, 0, 1, 2)
        elif kind == 8:
            k = self.log_uniform(0, 2)
        else:
            k = top if self.chance(.05) else float(mp.power(10, self.random() * mp.log10(top + 1)))
        return self.whole(min(max(k, 0), top), top)

    def whole(self, k, top):
        k = self.num(float(int(k + .5)))
        return min(k, self.num(top))
