"""Where the polynomial coefficients of kernels/math/{stirling,student,von_mises,sine,lgamma}.h come
from, and those for float results of kernels/math/{exp,log,log_pieces}.h and kernels/dist/beta_binomial_f32.h.

Run: python3 special.py [NAME ...]   (needs mpmath)

Each function is expanded in Chebyshev polynomials over the whole range of its argument in 50 digits, cut where
the rest falls below the aim, turned into powers, and rounded to double.  What is printed for each: the C table
and log2 of the largest relative error of the rounded polynomial, evaluated exactly.
"""
import sys

import mpmath as m

m.mp.dps = 60
SHIFT = m.mpf(5) / 8  # w = 1 / (x + SHIFT)


def stirling(order, x):
    """delta(x), -delta'(x), delta''(x): delta(x) = lgamma(x) - [(x - 1/2) log x - x + log(2 pi) / 2]."""
    if x > 60:  # the asymptotic series; its terms fall until far below 50 digits
        total = m.mpf(0)
        for k in range(1, 60):
            b = m.bernoulli(2 * k)
            term = [b / (2 * k * (2 * k - 1)) * x, b / (2 * k), b / x][order] / x ** (2 * k)
            total += term
            if abs(term) < abs(total) * m.mpf(10) ** -48:
                return total
        raise ValueError("no convergence")
    if order == 0:
        return m.loggamma(x) - ((x - m.mpf(1) / 2) * m.log(x) - x + m.log(2 * m.pi) / 2)
    if order == 1:
        return m.log(x) - 1 / (2 * x) - m.psi(0, x)
    return m.psi(1, x) - 1 / x - 1 / (2 * x * x)


def chebyshev(f, lo, hi, n):
    """Coefficients of the expansion of f over [lo, hi]."""
    angles = [m.pi * (2 * k + 1) / (2 * n) for k in range(n)]
    values = [f(lo + (hi - lo) * (1 + m.cos(a)) / 2) for a in angles]
    c = [2 * sum(v * m.cos(j * a) for v, a in zip(values, angles)) / n for j in range(n)]
    c[0] /= 2
    return c, min(abs(v) for v in values)


def powers(c, lo, hi):
    """Chebyshev coefficients over [lo, hi] to coefficients of powers."""
    scale, offset = 2 / (hi - lo), -(hi + lo) / (hi - lo)
    before, now = [m.mpf(1)], [offset, scale]
    out = [c[0]] + [m.mpf(0)] * (len(c) - 1)
    for j in range(1, len(c)):
        for i, t in enumerate(now):
            out[i] += c[j] * t
        after = [m.mpf(0)] * (len(now) + 1)
        for i, t in enumerate(now):
            after[i] += 2 * offset * t
            after[i + 1] += 2 * scale * t
        for i, t in enumerate(before):
            after[i] -= t
        before, now = now, after
    return out


def fit(name, f, lo, hi, aim, n=48):
    """Prints the shortest polynomial whose rest is below 2^aim of the smallest value."""
    lo, hi = m.mpf(lo), m.mpf(hi)
    c, least = chebyshev(f, lo, hi, n)
    degree = next(d for d in range(n) if sum(abs(v) for v in c[d + 1:]) < least * m.mpf(2) ** aim)
    p = [float(v) for v in powers(c[:degree + 1], lo, hi)]
    exact = [m.mpf(v) for v in p][::-1]
    at = [lo + (hi - lo) * m.mpf(2 * k + 1) / 600 for k in range(300)]
    error = max(abs(m.polyval(exact, x) / f(x) - 1) for x in at)
    print(f"/* {name}: degree {degree}, relative error 2^{float(m.log(error, 2)):.1f} */")
    print("{" + ", ".join(v.hex() for v in p) + "};")


def of_w(order):
    """(x + SHIFT)^(order + 1) times a Stirling part as a function of w."""
    return lambda w: stirling(order, 1 / w - SHIFT) / w ** (order + 1)


def stirling_tables():
    for aims, kind in ((( -53, -52, -52), "double"), ((-33, -38, -38), "float")):
        for order, aim in enumerate(aims):
            fit(f"stirling part {order} for {kind} results", of_w(order), 0, 1 / (1 + SHIFT), aim)
    at = [1, 2, 3, 4, 6, 15]
    left = m.matrix([[m.mpf(1) / x ** (2 * k) for k in range(6)] for x in at])
    p = m.lu_solve(left, m.matrix([stirling(0, m.mpf(x)) * x for x in at]))
    print("/* whole numbers */")
    print("{" + ", ".join(float(v).hex() for v in p) + "};")


def student(order, a):
    """h(a) = lgamma(a + 1/2) - lgamma(a) - log(a) / 2, made positive: -h, h', -h''."""
    with m.workdps(80):  # the terms of the difference are large and cancel
        half = m.mpf(1) / 2
        if order == 0:
            return stirling(0, a) - stirling(0, a + half) + half - a * m.log1p(half / a)
        if order == 1:
            return stirling(1, a) - stirling(1, a + half) + m.log1p(half / a) - half / (a + half)
        return (stirling(2, a) - stirling(2, a + half) + 1 / a - 1 / (a + half) + 1 / (2 * a * a)
                - 1 / (2 * (a + half) ** 2) - half / (a * a))


def student_tables():
    for aims, kind in (((-53, -53, -52), "double"), ((-33, -33, -33), "float")):
        for order, aim in enumerate(aims):
            f = lambda w, k=order: student(k, 1 / w - SHIFT) / w ** (k + 1)
            fit(f"student part {order} for {kind} results", f, 0, 1 / (1 + SHIFT), aim)


def bessel(order, k):
    """I_order(k) e^-k, without its factor 1 / sqrt(2 pi k) from 300 on."""
    if k < 300:
        return m.besseli(order, k) * m.exp(-k)
    total, term, j = m.mpf(0), m.mpf(1), 0
    while abs(term) > m.mpf(10) ** -105:  # the asymptotic series
        total, j = total + term, j + 1
        term *= -(4 * order * order - (2 * j - 1) ** 2) / (8 * k * j)
    return total


def von_mises(which, k):
    """What the four tables hold of I0 and r = I1 / I0, as functions that bend little over all k >= 0."""
    with m.workdps(110):
        if which == "value":  # -(log(I0 e^-k) + log(1 + k) / 2)
            norm = m.log(bessel(0, k)) - (m.log(2 * m.pi * k) / 2 if k >= 300 else 0)
            return -(norm + m.log1p(k) / 2) * (1 + k) / k
        r = bessel(1, k) / bessel(0, k)
        if which == "ratio":
            return r * (1 + k) / k
        if which == "complement":
            return (1 - r) * (1 + k)
        return (1 - r * r - r / k) * (1 + k) ** 2  # "slope"


CUTS = [0, 1.4, 4, 12]
NAMES = (("value", 0.5), ("ratio", 0.5), ("complement", 1.0), ("slope", 0.5))  # and the values at 0


def von_mises_tables():
    """Four pieces: polynomials in k, exact at 0, or in w - c with w = 1 / (k + 3) and c the middle of the piece."""
    ends = [1 / (m.mpf(k) + 3) for k in CUTS] + [m.mpf(0)]
    middle = [m.mpf(0)] + [m.mpf(float((a + b) / 2)) for a, b in zip(ends[1:], ends[2:])]
    print("middles:", [float(c).hex() for c in middle])
    for which, at_zero in NAMES:
        for aim, kind in ((-55, "double"),):
            pieces = []
            for i, c in enumerate(middle):
                if i == 0:
                    f, low, high = lambda x: von_mises(which, x), c, m.mpf(CUTS[1])
                else:
                    f, low, high = lambda x, c=c: von_mises(which, 1 / (x + c) - 3), ends[i + 1] - c, ends[i] - c
                series, least = chebyshev(f, low, high, 40)
                degree = next(d for d in range(40) if sum(abs(v) for v in series[d + 1:]) < least * m.mpf(2) ** aim)
                pieces.append((f, series, low, high, degree))
            degree = max(p[4] for p in pieces)
            columns, errors = [], []
            for i, (f, series, low, high, _) in enumerate(pieces):
                p = [float(v) for v in powers(series[:degree + 1], low, high)]
                if i == 0:
                    p[0] = at_zero
                exact = [m.mpf(v) for v in p][::-1]
                at = [low + (high - low) * m.mpf(2 * k + 1) / 120 for k in range(60)]
                errors.append(max(abs(m.polyval(exact, x) / f(x) - 1) for x in at))
                columns.append(p)
            worst = [round(float(m.log(e, 2)), 1) for e in errors]
            print(f"/* {which} for {kind} results: degree {degree}, relative errors 2^{worst} */")
            print("{" + ", ".join("{" + ", ".join(v.hex() for v in row) + "}" for row in zip(*columns)) + "};")


def von_mises_float_tables():
    """Eight pieces of equal width in w = 1 / (k + 3), polynomials in 24 w less the middle of the piece."""
    for which, _ in NAMES:
        pieces = []
        for j in range(8):
            def f(t, j=j):
                k = 24 / (t + j + m.mpf(1) / 2) - 3
                return von_mises(which, max(k, m.mpf(10) ** -22))
            series, least = chebyshev(f, m.mpf(-0.5), m.mpf(0.5), 22)
            degree = next(d for d in range(22) if sum(abs(v) for v in series[d + 1:]) < least * m.mpf(2) ** -35)
            pieces.append((f, series, degree))
        degree = max(p[2] for p in pieces)
        columns = [[float(v) for v in powers(series[:degree + 1], m.mpf(-0.5), m.mpf(0.5))] for _, series, _ in pieces]
        at = [m.mpf(2 * k + 1) / 100 - m.mpf(0.5) for k in range(50)]
        error = max(abs(m.polyval([m.mpf(v) for v in p][::-1], x) / f(x) - 1)
                    for (f, _, _), p in zip(pieces, columns) for x in at)
        print(f"/* {which}: degree {degree}, relative error 2^{float(m.log(error, 2)):.1f} */")
        print("{" + ", ".join("{" + ", ".join(v.hex() for v in row) + "}" for row in zip(*columns)) + "};")


def short_tables():
    """For float results: R of log((1 + s) / (1 - s)) = 2 s + s R(s^2) as R / s^2; q of e^t = 1 + t + t^2 q(t)."""
    def log_rest(z):
        return sum(2 * z ** k / (2 * k + 3) for k in range(60))

    def exp_rest(t):
        return sum(t ** k / m.factorial(k + 2) for k in range(40))

    root, end = m.sqrt(2), m.log(2) / 2 * m.mpf("1.0001")
    fit("log", log_rest, 0, ((root - 1) / (root + 1)) ** 2 * m.mpf("1.0001"), -36, n=24)
    fit("exp", exp_rest, -end, end, -33, n=24)


def sine_tables():
    """sin r = r + r^3 p(r^2), cos r = 1 - r^2 / 2 + r^4 q(r^2), |r| <= pi / 4 and, for x of 2^50, a tenth more; pi / 2 in parts."""
    def odd(z):
        return sum((-1) ** (k + 1) * z ** k / m.factorial(2 * k + 3) for k in range(40))

    def even(z):
        return sum((-1) ** k * z ** k / m.factorial(2 * k + 4) for k in range(40))

    fit("sine", odd, 0, 0.79, -52)  # r^3 p is an eighth of r at most
    fit("cosine", even, 0, 0.79, -50)
    rest = m.pi / 2
    for _ in range(3):
        part = float(rest)
        print("pi / 2, next part:", part.hex())
        rest -= part
    print("2 / pi:", float(2 / m.pi).hex())


LGAMMA_CUTS = m.mpf(1.0), m.mpf(3.0)
LGAMMA_SHIFT = m.mpf(1.5)


def lgamma_tables():
    """Two pieces: lgamma(y) / ((y - 1) (y - 2)) for 1 <= y < 3 in 1 / (y + 1.5) less its middle, and from there
    on (x + SHIFT) delta(x) in w."""
    high, low = (1 / (y + LGAMMA_SHIFT) for y in LGAMMA_CUTS)
    middle = m.mpf(float((low + high) / 2))
    print("middle:", float(middle).hex())

    def between(x):
        y = 1 / (x + middle) - LGAMMA_SHIFT
        if min(abs(y - 1), abs(y - 2)) < m.mpf(10) ** -25:
            y += m.mpf(10) ** -22
        return m.loggamma(y) / ((y - 1) * (y - 2))

    for aim, kind in ((-55, "double"), (-39, "float")):
        pieces = [(between, low - middle, high - middle), (of_w(0), m.mpf(0), 1 / (LGAMMA_CUTS[1] + SHIFT))]
        done = []
        for f, a, b in pieces:
            series, least = chebyshev(f, a, b, 40)
            done.append((series, next(d for d in range(40) if sum(abs(v) for v in series[d + 1:]) < least * m.mpf(2) ** aim)))
        degree = max(d for _, d in done)
        columns, errors = [], []
        for (f, a, b), (series, _) in zip(pieces, done):
            p = [float(v) for v in powers(series[:degree + 1], a, b)]
            exact = [m.mpf(v) for v in p][::-1]
            at = [a + (b - a) * m.mpf(2 * k + 1) / 120 for k in range(60)]
            errors.append(round(float(m.log(max(abs(m.polyval(exact, x) / f(x) - 1) for x in at), 2)), 1))
            columns.append(p)
        print(f"/* lgamma for {kind} results: degree {degree}, relative errors 2^{errors} */")
        print("{" + ", ".join("{" + ", ".join(v.hex() for v in row) + "}" for row in zip(*columns)) + "};")


def log_pieces_tables():
    """q of log(1 + r) = r - r^2 / 2 + r^3 q(r) for the r of eight pieces of [23/32, 23/16), each with an inverse of
    its middle, of 20 bits, and that inverse's -log."""
    edges = [m.mpf(23 + 2 * k) / 32 for k in range(5)] + [m.mpf(17 + 2 * k) / 16 for k in range(4)]
    inverse = [1 if k == 4 else m.nint(2 / (edges[k] + edges[k + 1]) * 2 ** 20) / 2 ** 20 for k in range(8)]
    print("inverses:", ", ".join(float(c).hex() for c in inverse))
    print("-log:", ", ".join(float(-m.log(c)).hex() for c in inverse))

    def q(r):
        return sum((-1) ** k * r ** k / (k + 3) for k in range(60))

    series, _ = chebyshev(q, m.mpf("-0.0575"), m.mpf("0.0635"), 40)
    print("{" + ", ".join(float(v).hex() for v in powers(series[:6], m.mpf("-0.0575"), m.mpf("0.0635"))) + "};")


def beta_binomial_tables():
    """delta(x) and -delta'(x) fitted by their derivatives in w (the second by least squares at 60 Chebyshev nodes)."""
    end = 1 / (1 + SHIFT)

    def slope(order, w):  # of the part of this order in w
        return stirling(order + 1, 1 / w - SHIFT) / w ** 2

    series, _ = chebyshev(lambda w: slope(0, w), m.mpf(0), end, 60)
    p = [v / (k + 1) for k, v in enumerate(powers(series[:10], m.mpf(0), end))]
    print("{" + ", ".join(float(v).hex() for v in p) + "};")
    nodes = [end * (1 + m.cos(m.pi * (2 * k + 1) / 120)) / 2 for k in range(60)]
    left = m.matrix([[(k + 2) * w ** (k + 1) for k in range(12)] for w in nodes])
    p = m.lu_solve(left, m.matrix([slope(1, w) for w in nodes]))
    print("{" + ", ".join(float(v).hex() for v in p) + "};")


TABLES = {"stirling": stirling_tables, "student": student_tables, "von_mises": von_mises_tables,
          "von_mises_float": von_mises_float_tables, "short": short_tables, "sine": sine_tables, "lgamma": lgamma_tables,
          "log_pieces": log_pieces_tables, "beta_binomial": beta_binomial_tables}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        TABLES[name]()
