"""Where the polynomial coefficients of kernels/math/{stirling,...}.h come from.

Run: python3 special.py [NAME ...]   (needs mpmath)

Each function is expanded in Chebyshev polynomials over the whole range of its argument in 50 digits, cut where
the rest falls below the aim, turned into powers, and rounded to double.  What is printed for each: the C table
and log2 of the largest relative error of the rounded polynomial, evaluated exactly.
"""
import sys

import mpmath as m

m.mp.dps = 50
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
    for aims, kind in ((( -53, -52, -52), "double"), ((-38, -38, -38), "float")):
        for order, aim in enumerate(aims):
            fit(f"stirling part {order} for {kind} results", of_w(order), 0, 1 / (1 + SHIFT), aim)


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
    for aims, kind in (((-53, -53, -52), "double"), ((-38, -38, -38), "float")):
        for order, aim in enumerate(aims):
            f = lambda w, k=order: student(k, 1 / w - SHIFT) / w ** (k + 1)
            fit(f"student part {order} for {kind} results", f, 0, 1 / (1 + SHIFT), aim)


TABLES = {"stirling": stirling_tables, "student": student_tables}

if __name__ == "__main__":
    for name in sys.argv[1:] or TABLES:
        TABLES[name]()
