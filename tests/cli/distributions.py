"""distributions.py: the element-wise distributions: values against textbook formulas, derivatives
against differences of them, modes and moments against closed forms."""

import math

from support import Case

log, exp, lgamma, pi = math.log, math.exp, math.lgamma, math.pi


def log_choose(n, k):
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def log_i0(k):  # the power series
    return log(math.fsum((k / 2) ** (2 * j) / math.factorial(j) ** 2 for j in range(60)))


def gaussian(y, loc, scale):
    return log(scale) + ((y - loc) / scale) ** 2 / 2 + log(2 * pi) / 2


def poisson(y, rate):
    return rate - y * log(rate) + lgamma(y + 1)


def zip_(y, gate, rate):
    return -log(gate + (1 - gate) * exp(-rate)) if y == 0 else poisson(y, rate) - log(1 - gate)


def negative_binomial(y, mean, size):
    return (lgamma(size) - lgamma(size + y) + lgamma(y + 1) + (size + y) * log(1 + mean / size)
            - y * log(mean / size))


def beta(y, a, b):
    return log_beta(a, b) - (a - 1) * log(y) - (b - 1) * log(1 - y)


def tweedie(y, mean, p):
    return mean ** (2 - p) / (2 - p) - y * mean ** (1 - p) / (1 - p)


def sigmoid(z):
    return 1 / (1 + exp(-z))


def logistic(y, loc, scale):
    z = (y - loc) / scale
    return log(scale) + z + 2 * log(1 + exp(-z))


def gumbel(y, loc, scale):
    z = (y - loc) / scale
    return log(scale) + z + exp(-z)


def student_t(y, df, loc, scale):
    z = (y - loc) / scale
    return ((df + 1) / 2 * log(1 + z * z / df) + log(scale) + log(df * pi) / 2 + lgamma(df / 2)
            - lgamma((df + 1) / 2))


def binomial(y, n, p):
    return -log_choose(n, y) - y * log(p) - (n - y) * log(1 - p)


def beta_binomial(y, n, a, b):
    return log_beta(a, b) - log_beta(a + y, b + n - y) - log_choose(n, y)


def weibull(y, k, s):
    return -log(k / s) - (k - 1) * log(y / s) + (y / s) ** k


# model: {flag: values}, targets, formula of (y, parameters), is the target real?, and the flags
# without derivatives
REALS = [0.5, -2.25, 1.75, 7.5]
COUNTS = [0, 1, 4, 11]
SIZES = [0.25, 1.5, 3.0, 0.75]
MODELS = [
    ("gaussian", {"loc": [0, 1, -0.5, 2], "scale": SIZES}, REALS, gaussian),
    ("gaussian", {"loc": [0, 1, -0.5, 2], "var": SIZES}, REALS, lambda y, m, v: gaussian(y, m, v ** 0.5)),
    ("gaussian", {"loc": [0, 1, -0.5, 2], "log-scale": [-1, 0.5, 2, 0]}, REALS,
     lambda y, m, t: gaussian(y, m, exp(t))),
    ("gaussian", {"loc": [0, 1, -0.5, 2], "log-var": [-1, 0.5, 2, 0]}, REALS,
     lambda y, m, t: gaussian(y, m, exp(t / 2))),
    ("geometric", {"probs": [0.25, 0.5, 0.125, 0.75]}, COUNTS, lambda y, p: -log(p) - y * log(1 - p)),
    ("geometric", {"logits": [-1, 0.5, 2, 0]}, COUNTS,
     lambda y, z: -log(sigmoid(z)) - y * log(sigmoid(-z))),
    ("binomial", {"total-count": [3, 1, 9, 11], "probs": [0.25, 0.5, 0.125, 0.75]}, COUNTS, binomial),
    ("binomial", {"total-count": [3, 1, 9, 11], "logits": [-1, 0.5, 2, 0]}, COUNTS,
     lambda y, n, z: binomial(y, n, sigmoid(z))),
    ("beta_binomial", {"total-count": [3, 1, 9, 11], "alpha": SIZES, "beta": [2, 0.5, 5, 1.25]},
     COUNTS, beta_binomial),
    ("poisson", {"rate": [0.5, 2.5, 3, 14]}, COUNTS, poisson),
    ("poisson", {"log-rate": [-1, 0.5, 2, 0]}, COUNTS, lambda y, t: poisson(y, exp(t))),
    ("negative_binomial", {"mean": [0.5, 2.5, 3, 14], "size": SIZES}, COUNTS, negative_binomial),
    ("negative_binomial", {"log-mean": [-1, 0.5, 2, 0], "size": SIZES}, COUNTS,
     lambda y, t, r: negative_binomial(y, exp(t), r)),
    ("zero_inflated_poisson", {"gate": [0.25, 0.5, 0.125, 0.75], "rate": SIZES}, COUNTS, zip_),
    ("zero_inflated_poisson", {"gate-logits": [-1, 0.5, 2, 0], "log-rate": [1, 0.5, 2, 0]}, COUNTS,
     lambda y, g, t: zip_(y, sigmoid(g), exp(t))),
    ("lognormal", {"loc": [0, 1, -0.5, 2], "scale": SIZES}, SIZES,
     lambda y, m, s: gaussian(log(y), m, s) + log(y)),
    ("half_normal", {"scale": [2, 0.5, 5, 1.25]}, SIZES, lambda y, s: gaussian(y, 0, s) - log(2)),
    ("laplace", {"loc": [0, 1, -0.5, 2], "scale": SIZES}, REALS,
     lambda y, m, s: log(2 * s) + abs(y - m) / s),
    ("cauchy", {"loc": [0, 1, -0.5, 2], "scale": SIZES}, REALS,
     lambda y, m, s: log(pi * s * (1 + ((y - m) / s) ** 2))),
    ("logistic", {"loc": [0, 1, -0.5, 2], "scale": SIZES}, REALS, logistic),
    ("gumbel", {"loc": [0, 1, -0.5, 2], "scale": [2, 1.5, 3, 4]}, REALS, gumbel),
    ("student_t", {"df": [1, 4.5, 30, 0.5], "loc": [0, 1, -0.5, 2], "scale": SIZES}, REALS, student_t),
    ("exponential", {"rate": SIZES}, [1, 0.25, 3, 2], lambda y, r: r * y - log(r)),
    ("exponential", {"log-rate": [-1, 0.5, 2, 0]}, [1, 0.25, 3, 2], lambda y, t: exp(t) * y - t),
    ("gamma", {"concentration": SIZES, "rate": [2, 0.5, 5, 1.25]}, [1, 0.25, 3, 2],
     lambda y, a, b: lgamma(a) - a * log(b) - (a - 1) * log(y) + b * y),
    ("inverse_gamma", {"concentration": SIZES, "scale": [2, 0.5, 5, 1.25]}, [1, 0.25, 3, 2],
     lambda y, a, b: lgamma(a) - a * log(b) + (a + 1) * log(y) + b / y),
    ("weibull", {"concentration": SIZES, "scale": [2, 0.5, 5, 1.25]}, [1, 0.25, 3, 2], weibull),
    ("pareto", {"concentration": SIZES, "scale": [0.5, 0.125, 2, 1]}, [1, 0.25, 3, 2],
     lambda y, a, m: -log(a) - a * log(m) + (a + 1) * log(y)),
    ("beta", {"alpha": SIZES, "beta": [2, 0.5, 5, 1.25]}, [0.25, 0.5, 0.125, 0.75], beta),
    ("beta", {"mean": [0.25, 0.5, 0.125, 0.75], "precision": [2, 0.5, 5, 1.25]},
     [0.25, 0.5, 0.125, 0.75], lambda y, u, f: beta(y, u * f, (1 - u) * f)),
    ("von_mises", {"loc": [0, 1, -0.5, 2], "concentration": SIZES}, REALS,
     lambda y, m, k: log(2 * pi) + log_i0(k) - k * math.cos(y - m)),
    ("tweedie", {"mean": SIZES, "power": [1.5, 1.25, 1.75, 1.5]}, [0, 0.25, 3, 2], tweedie),
    ("tweedie", {"log-mean": [-1, 0.5, 2, 0], "power": [1.5, 1.25, 1.75, 1.5]}, [0, 0.25, 3, 2],
     lambda y, t, p: tweedie(y, exp(t), p)),
]
FIXED = ("total-count", "power")


def slope(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def bend(f, x, h=1e-4):
    return (f(x + h) - 2 * f(x) + f(x - h)) / (h * h)


class Distributions(Case):
    def words(self, model, flags, target):
        words = [model]
        for flag, values in {**flags, "target": target}.items():
            self.save(flag + ".npy", values, "<f8")
            words += ["--" + flag, flag + ".npy"]
        return words

    def test_values_and_derivatives(self):
        for model, flags, target, formula in MODELS:
            with self.subTest(model, flags=list(flags)):
                words = self.words(model, flags, target)
                g, h = model + "-g-" + "-".join(flags), model + "-h-" + "-".join(flags)
                found = self.score(*words, "--out", "o.npy", "--grad", g, "--hess", h,
                                   "--reduction", "sum")
                rows = list(zip(target, *flags.values()))
                values = [formula(*row) for row in rows]
                self.near(self.load("o.npy")[2], values, 1e-11)
                self.near([found["value"]], [math.fsum(values)], 1e-11)
                names = ["target"] + list(flags)
                for k, name in enumerate(names):
                    path = g + "/d_%s.npy" % name.replace("-", "_")
                    if name in FIXED or (k == 0 and target is COUNTS):
                        self.assertNotIn(path.split("/")[1], self.files(g))
                        continue
                    if k == 0 and 0 in target:
                        continue  # no difference on both sides of an end
                    at = [[lambda x, row=row: formula(*row[:k], x, *row[k + 1:]), row[k]]
                          for row in rows]
                    self.near(self.load(path)[2], [slope(*a) for a in at], 1e-7)
                    if k > 0:
                        path = h + "/h_%s.npy" % name.replace("-", "_")
                        self.near(self.load(path)[2], [bend(*a) for a in at], 1e-4)

    def test_numbers_and_floats(self):
        self.save("y.npy", [0, 1, 5], "<f4")
        found = self.score("poisson", "--rate", 2.5, "--target", "y.npy", "--out", "o.npy")
        self.assertEqual((found["dtype"], found["rows"]), ("f32", 3))
        self.near(self.load("o.npy")[2], [poisson(y, 2.5) for y in (0, 1, 5)])
        found = self.score("tweedie", "--mean", 2, "--power", 1.5, "--target", 0.5)
        self.near([found["value"]], [tweedie(0.5, 2, 1.5)], 1e-14)

    def test_facts(self):
        inf = math.inf
        cases = [  # flags, mode, mean, variance
            ("poisson", {"rate": [3, 2.5, 0]}, [2, 2, 0], [3, 2.5, 0], [3, 2.5, 0]),
            ("binomial", {"total-count": [3, 4, 5], "probs": [0.5, 0.125, 1]}, [1, 0, 5], [1.5, 0.5, 5],
             [0.75, 0.4375, 0]),
            ("beta", {"alpha": [3, 0.5, 1], "beta": [2, 2, 0.5]}, [2 / 3, 0, 1], [0.6, 0.2, 2 / 3],
             [0.04, 0.16 / 3.5, 2 / 9 / 2.5]),
            ("gamma", {"concentration": [3, 1, 0.5], "rate": [2, 2, 0.5]}, [1, 0, 0], [1.5, 0.5, 1],
             [0.75, 0.25, 2]),
            ("weibull", {"concentration": [2, 1, 0.5], "scale": [3, 3, 3]}, [3 * 0.5 ** 0.5, 0, 0],
             [3 * pi ** 0.5 / 2, 3, 6], [9 * (1 - pi / 4), 9, 9 * 20]),
            ("pareto", {"concentration": [3, 1.5, 0.5], "scale": [2, 2, 2]}, [2, 2, 2], [3, 6, inf],
             [3, inf, inf]),
            ("student_t", {"df": [3, 1.5, 1], "loc": [1, 2, 3], "scale": [2, 2, 2]}, [1, 2, 3],
             [1, 2, math.nan], [12, inf, math.nan]),
            ("negative_binomial", {"mean": [4, 3, 2], "size": [2, 1, 0.5]}, [1, 0, 0], [4, 3, 2],
             [12, 12, 10]),
            ("zero_inflated_poisson", {"gate": [0, 0.5, 0.25], "rate": [3, 3, 2]}, [2, 0, 0],
             [3, 1.5, 1.5], [3, 3.75, 2.25]),
            ("laplace", {"loc": [1, 2, 3], "scale": [1, 2, 3]}, [1, 2, 3], [1, 2, 3], [2, 8, 18]),
            ("gaussian", {"loc": [1, 2, 3], "log-scale": [0, 1, -1]}, [1, 2, 3], [1, 2, 3],
             [1, exp(2), exp(-2)]),
            ("bernoulli", {"logits": [0, 1, -1]}, [0, 1, 0], [0.5, sigmoid(1), sigmoid(-1)],
             [0.25, sigmoid(1) * sigmoid(-1), sigmoid(1) * sigmoid(-1)]),
        ]
        for model, flags, mode, mean, variance in cases:
            with self.subTest(model):
                words = self.words(model, flags, [1, 1, 1])
                self.good("score", *words, "--mode", "a.npy", "--mean-out", "b.npy",
                          "--variance-out", "c.npy")
                for name, want in (("a.npy", mode), ("b.npy", mean), ("c.npy", variance)):
                    self.near(self.load(name)[2], want, 1e-12)

    def test_fisher_information(self):
        self.save("r.npy", [2, 5], "<f8")
        self.save("a.npy", [0.5, 3], "<f8")
        self.good("score", "poisson", "--rate", "r.npy", "--target", 1, "--fisher", "f")
        self.near(self.load("f/f_rate.npy")[2], [0.5, 0.2], 1e-15)
        self.good("score", "exponential", "--log-rate", "r.npy", "--target", 1, "--fisher", "e")
        self.near(self.load("e/f_log_rate.npy")[2], [1, 1], 1e-14)
        self.good("score", "weibull", "--concentration", "a.npy", "--scale", "r.npy", "--target", 1,
                  "--fisher", "w")
        self.near(self.load("w/f_scale.npy")[2], [1 / 16, 9 / 25], 1e-15)
        self.good("score", "gaussian", "--loc", "r.npy", "--var", "a.npy", "--target", 1, "--fisher", "n")
        self.near(self.load("n/f_loc.npy")[2], [2, 1 / 3], 1e-15)
        self.near(self.load("n/f_var.npy")[2], [2, 1 / 18], 1e-15)
        self.refuse(64, "score", "beta_binomial", "--total-count", 3, "--alpha", "a.npy", "--beta", 2,
                    "--target", 1, "--fisher", "x", say="--fisher")

    def test_edges(self):
        inf, nan = math.inf, math.nan
        cases = [
            ("poisson", {"rate": [0, 0, -1, 2, 2]}, [0, 1, 1, 1.5, -1], [0, inf, nan, inf, inf]),
            ("gamma", {"concentration": [1, 0, 1], "rate": [1, 1, nan]}, [0, 1, 1], [inf, nan, nan]),
            ("beta", {"alpha": [1, 0.5, 2, 1], "beta": [3, 3, 3, 3]}, [0, 0, 0, 1.5],
             [-log(3), -inf, inf, inf]),
            ("pareto", {"concentration": [1, 1], "scale": [2, 2]}, [2, 1], [log(2), inf]),
            ("binomial", {"total-count": [2, 2, 2], "probs": [0, 1, 0]}, [0, 2, 1], [0, 0, inf]),
            ("zero_inflated_poisson", {"gate": [0, 1, 0], "rate": [800, 3, 0]}, [0, 0, 0], [800, 0, 0]),
        ]
        for model, flags, target, want in cases:
            with self.subTest(model):
                self.score(*self.words(model, flags, target), "--out", "o.npy")
                self.near(self.load("o.npy")[2], want, 1e-14)
        words = self.words("poisson", {"rate": [1, 2, -1]}, [1, 1, 1])
        self.refuse(65, "score", *words, "--check", say=("row 2", "domain"))

    def test_alternatives(self):
        self.save("r.npy", [2, 5], "<f8")
        for words in (("poisson", "--target", 1), ("poisson", "--rate", 1, "--log-rate", 1, "--target", 1),
                      ("beta", "--alpha", 1, "--precision", 1, "--target", 0.5),
                      ("tweedie", "--mean", 1, "--power", 1.5, "--target", 1, "--mode", "m.npy")):
            with self.subTest(words):
                self.refuse(64, "score", *words)
