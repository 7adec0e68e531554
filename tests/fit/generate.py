#!/usr/bin/env python3
"""generate.py > expected.txt: maximum likelihood of the samples in this folder, by mpmath.

A line: model file fixed log-likelihood, then name estimate standard-error for each free parameter;
fixed is name=value or -."""
import pathlib

from mpmath import (besseli, binomial, cos, diff, exp, inf, isfinite, log, loggamma, lu_solve, matrix,
                    mp, mpf, norm, pi, sqrt)

mp.dps = 40
HERE = pathlib.Path(__file__).parent


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def gaussian(y, m, s):
    return log(s) + ((y - m) / s) ** 2 / 2 + log(2 * pi) / 2


def logistic(y, m, s):
    z = (y - m) / s
    return log(s) + z + 2 * log(1 + exp(-z))


def student_t(y, n, m, s):
    z = (y - m) / s
    return ((n + 1) / 2 * log(1 + z * z / n) + log(s) + log(n * pi) / 2 + loggamma(n / 2)
            - loggamma((n + 1) / 2))


def negative_binomial(y, m, r):
    return (loggamma(r) - loggamma(r + y) + loggamma(y + 1) + (r + y) * log(1 + m / r)
            - y * log(m / r) if y else r * log(1 + m / r))


def zip_(y, g, r):
    return -log(g + (1 - g) * exp(-r)) if y == 0 else r - y * log(r) + loggamma(y + 1) - log(1 - g)


DENSITIES = {
    "gaussian": gaussian,
    "lognormal": lambda y, m, s: gaussian(log(y), m, s) + log(y),
    "half_normal": lambda y, s: gaussian(y, 0, s) - log(2),
    "logistic": logistic,
    "gumbel": lambda y, m, s: log(s) + (y - m) / s + exp(-(y - m) / s),
    "cauchy": lambda y, m, s: log(pi * s * (1 + ((y - m) / s) ** 2)),
    "student_t": student_t,
    "exponential": lambda y, r: r * y - log(r),
    "gamma": lambda y, a, b: loggamma(a) - a * log(b) - (a - 1) * log(y) + b * y,
    "inverse_gamma": lambda y, a, b: loggamma(a) - a * log(b) + (a + 1) * log(y) + b / y,
    "weibull": lambda y, k, s: (y / s) ** k - (k - 1) * log(y / s) - log(k / s),
    "beta": lambda y, a, b: log_beta(a, b) - (a - 1) * log(y) - (b - 1) * log(1 - y),
    "von_mises": lambda y, m, k: log(2 * pi * besseli(0, k)) - k * cos(y - m),
    "poisson": lambda y, r: r - y * log(r) + loggamma(y + 1),
    "geometric": lambda y, p: -log(p) - y * log(1 - p),
    "negative_binomial": negative_binomial,
    "zero_inflated_poisson": zip_,
    "binomial": lambda y, p: -log(binomial(12, y)) - y * log(p) - (12 - y) * log(1 - p),
    "beta_binomial": lambda y, a, b: (log_beta(a, b) - log_beta(a + y, b + 12 - y)
                                      - log(binomial(12, y))),
}

# model, file, fixed, names, where to begin
PROBLEMS = [
    ("gaussian", "michelson", "-", "loc scale", (850, 80)),
    ("logistic", "michelson", "-", "loc scale", (850, 45)),
    ("gumbel", "michelson", "-", "loc scale", (815, 75)),
    ("cauchy", "michelson", "-", "loc scale", (850, 45)),
    ("student_t", "michelson", "-", "df loc scale", (8, 850, 70)),
    ("lognormal", "michelson", "-", "loc scale", (6.7, 0.09)),
    ("gamma", "michelson", "-", "concentration rate", (115, 0.135)),
    ("weibull", "michelson", "-", "concentration scale", (11.5, 888)),
    ("exponential", "proschan", "-", "rate", (0.017,)),
    ("gamma", "proschan", "-", "concentration rate", (0.8, 0.0137)),
    ("inverse_gamma", "proschan", "-", "concentration scale", (0.7, 9.0)),
    ("weibull", "proschan", "-", "concentration scale", (0.85, 54)),
    ("lognormal", "proschan", "-", "loc scale", (3.4, 1.3)),
    ("half_normal", "proschan", "-", "scale", (92,)),
    ("beta", "prater", "-", "alpha beta", (2.6, 10.5)),
    ("von_mises", "roulette", "-", "loc concentration", (0.89, 2.0)),
    ("negative_binomial", "mites", "-", "mean size", (1.14, 1.02)),
    ("zero_inflated_poisson", "mites", "-", "gate rate", (0.4, 1.9)),
    ("poisson", "mites", "-", "rate", (1.1,)),
    ("geometric", "mites", "-", "probs", (0.46,)),
    ("poisson", "kicks", "-", "rate", (0.6,)),
    ("binomial", "saxony", "total_count=12", "probs", (0.51,)),
    ("beta_binomial", "saxony", "total_count=12", "alpha beta", (34, 31.6)),
]


def sample(name):
    rows = [line.split() for line in (HERE / (name + ".txt")).read_text().splitlines()]
    # the values as doubles, as the library has them
    return [(mpf(float(r[0])), mpf(float(r[1])) if len(r) > 1 else mpf(1)) for r in rows]


def unit(n, *at):
    return tuple(sum(1 for k in at if k == i) for i in range(n))


def derivative(f, x, *at):
    """d f / d x_i or d^2 f / d x_i d x_j."""
    return diff(f, tuple(x), unit(len(x), *at))


def total(density, data, x):
    return sum(w * density(y, *x) for y, w in data)


def solve(density, data, start):
    x = matrix([mpf(s) for s in start])
    k = len(start)
    f = lambda *t: total(density, data, t)
    for _ in range(60):
        g = matrix([derivative(f, x, i) for i in range(k)])
        h = matrix(k, k)
        for i in range(k):
            for j in range(k):
                h[i, j] = derivative(f, x, i, j)
        step = lu_solve(h, g)
        while not isfinite(abs(f(*(x - step)))) or f(*(x - step)) > f(*x) + mpf(10) ** -25:
            step /= 2
        x -= step
        if norm(step, inf) < mpf(10) ** -14 * norm(x, inf):
            return x, h ** -1, -f(*x)
    raise ArithmeticError("no convergence")


def main():
    for model, file, fixed, names, start in PROBLEMS:
        x, covariance, loglik = solve(DENSITIES[model], sample(file), start)
        words = [model, file, fixed, mp.nstr(loglik, 20)]
        for i, name in enumerate(names.split()):
            words += [name, mp.nstr(x[i], 20), mp.nstr(sqrt(covariance[i, i]), 20)]
        print(*words, flush=True)


if __name__ == "__main__":
    main()
