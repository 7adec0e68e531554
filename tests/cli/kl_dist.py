"""kl_dist.py: nll kl-dist."""

import json
import math

from support import Case

P_LOC, P_SCALE = [0.5, -1.25, 2.0, 0.0], [1.0, 0.5, 2.0, 3.0]
Q_LOC, Q_SCALE = [0.0, -1.0, 2.0, 4.0], [2.0, 0.5, 1.0, 0.25]


def gaussian(mp, sp, mq, sq):
    return math.log(sq / sp) + (sp * sp + (mp - mq) ** 2) / (2 * sq * sq) - 0.5


VALUES = [gaussian(*row) for row in zip(P_LOC, P_SCALE, Q_LOC, Q_SCALE)]


class KlDist(Case):
    def setUp(self):
        super().setUp()
        for name, values in (("pm", P_LOC), ("ps", P_SCALE), ("qm", Q_LOC), ("qs", Q_SCALE)):
            self.save(name + ".npy", values)
        self.base = ("gaussian", "--p-loc", "pm.npy", "--p-scale", "ps.npy", "--q-loc", "qm.npy",
                     "--q-scale", "qs.npy")

    def kl(self, *words, **options):
        return json.loads(self.good("kl-dist", *words, "--json", **options).stdout)

    def test_values_and_summary(self):
        found = self.kl(*self.base, "--out", "o.npy")
        descr, shape, values = self.load("o.npy")
        self.assertEqual((descr, shape), ("<f4", (4,)))
        self.near(values, VALUES)
        self.near([found["sum"], found["value"]], [math.fsum(VALUES), math.fsum(VALUES) / 4])
        for key, value in dict(model="gaussian", divergence="kl", rows=4, count=4, nonfinite=0,
                               dtype="f32").items():
            self.assertEqual(found[key], value, key)
        text = self.good("kl-dist", *self.base).stdout.decode()
        self.assertIn("kl gaussian: 4 rows", text)

    def test_gradients(self):
        self.good("kl-dist", *self.base, "--grad", "g", "--reduction", "sum")
        self.assertEqual(self.files("g"), ["d_p_loc.npy", "d_p_scale.npy", "d_q_loc.npy",
                                           "d_q_scale.npy"])
        rows = list(zip(P_LOC, P_SCALE, Q_LOC, Q_SCALE))
        step = 2.0 ** -17
        for k, name in enumerate(("p_loc", "p_scale", "q_loc", "q_scale")):
            want = []
            for row in rows:
                up = [x + step * (i == k) for i, x in enumerate(row)]
                down = [x - step * (i == k) for i, x in enumerate(row)]
                want.append((gaussian(*up) - gaussian(*down)) / (2 * step))
            self.near(self.load("g/d_%s.npy" % name)[2], want, 1e-5)

    def test_every_family_by_numbers(self):
        ln = math.log
        for words, want in (
                ("bernoulli --p-probs 0.25 --q-probs 0.5", 0.25 * ln(0.5) + 0.75 * ln(1.5)),
                ("bernoulli --p-logits 0 --q-logits 0", 0),
                ("poisson --p-rate 2 --q-rate 3", 2 * ln(2 / 3) + 1),
                ("poisson --p-log-rate 0 --q-log-rate 1", math.e - 2),
                ("exponential --p-rate 2 --q-rate 3", ln(2 / 3) + 0.5),
                ("exponential --p-log-rate 1 --q-log-rate 2", math.e - 2),
                ("gamma --p-concentration 1 --p-rate 2 --q-concentration 1 --q-rate 3",
                 ln(2 / 3) + 0.5),
                ("beta --p-alpha 1 --p-beta 2 --q-alpha 2 --q-beta 1", 1),
                ("laplace --p-loc 0 --p-scale 1 --q-loc 1 --q-scale 1", math.exp(-1)),
                ("gaussian --p-loc 0 --p-var 1 --q-loc 1 --q-var 1", 0.5),
                ("gaussian --p-loc 0 --p-log-scale 0 --q-loc 1 --q-log-scale 0", 0.5),
                ("gaussian --p-loc 0 --p-log-var 0 --q-loc 1 --q-log-var 0", 0.5)):
            found = self.kl(*words.split())
            self.near([found["value"]], [want], 1e-14)
            self.assertEqual(found["rows"], 1)

    def test_numbers_beside_files(self):
        found = self.kl("gaussian", "--p-loc", "pm.npy", "--p-scale", "ps.npy", "--q-loc", 0,
                        "--q-scale", 1, "--grad", "g")
        self.near([found["sum"]], [math.fsum(gaussian(a, b, 0, 1) for a, b in
                                             zip(P_LOC, P_SCALE))])
        self.assertEqual(self.files("g"), ["d_p_loc.npy", "d_p_scale.npy"])

    def test_dirichlet(self):
        self.save("p.npy", [1, 2, 3, 4, 5, 6], shape=(2, 3))
        self.save("q.npy", [2, 2, 2, 4, 5, 6], shape=(2, 3))
        found = self.kl("dirichlet", "--p-concentration", "p.npy", "--q-concentration", "q.npy",
                        "--out", "o.npy", "--grad", "g")
        values = self.load("o.npy")[2]
        # lgamma by factorials, psi by harmonic numbers less a constant that cancels
        lg = [0, 0, 0, math.log(2), math.log(6), math.log(24), math.log(120)]
        harmonic = [0, 0, 1, 1.5, 1.5 + 1 / 3, 0, 0]
        want = lg[6] - lg[6] + sum(lg[b] - lg[a] + (a - b) * harmonic[a]
                                   for a, b in ((1, 2), (2, 2), (3, 2)))
        self.near(values, [want, 0])
        self.assertEqual((found["cols"], found["divergence"]), (3, "kl"))
        self.assertEqual(self.files("g"), ["d_p_concentration.npy", "d_q_concentration.npy"])
        self.assertEqual(self.load("g/d_p_concentration.npy")[2][3:], [0, 0, 0])

    def test_options(self):
        self.save("w.npy", [1, 2, 0, 0.5])
        found = self.kl(*self.base, "--sample-weight", "w.npy", "--rows", "0:2")
        total = VALUES[0] + 2 * VALUES[1]
        self.near([found["sum"], found["value"]], [total, total / 3])
        digests = {self.kl(*self.base, *words)["digest"] for words in
                   ((), ("--threads", 3), ("--isa", "scalar"))}
        self.assertEqual(len(digests), 1)
        bits = self.kl(*self.base, "--unit", "bits")
        self.near([bits["value"]], [math.fsum(VALUES) / 4 / math.log(2)])

    def test_domain(self):
        self.save("bad.npy", [1, -1, 2, 3])
        words = list(self.base)
        words[words.index("qs.npy")] = "bad.npy"
        self.assertEqual(self.kl(*words)["nonfinite"], 1)
        self.good("kl-dist", *words, "--strict", code=2)
        self.refuse(65, "kl-dist", *words, "--check", say="row 1")

    def test_errors(self):
        self.refuse(64, "kl-dist", say=("MODEL", "kl-dist --help"))
        self.refuse(64, "kl-dist", "gausian", say="did you mean 'gaussian'")
        self.refuse(64, "kl-dist", "cauchy", say="kl-dist --help")
        self.refuse(64, "kl-dist", "--p-loc", "0", say="expected a model")
        self.refuse(64, "kl-dist", "gaussian", "--p-lok", "0", say="did you mean '--p-loc'")
        self.refuse(64, "kl-dist", "gaussian", "--p-loc", "0", "--p-scale", "1",
                    say=("missing --q-loc", "nll kl-dist gaussian --help"))
        both = ("gaussian", "--p-loc", 0, "--q-loc", 0, "--p-scale", 1)
        self.refuse(64, "kl-dist", *both, "--q-var", 1, say=("same form", "--q-scale"))
        self.refuse(64, "kl-dist", *both, "--q-var", 1, "--q-scale", 1, say="alternatives")
        self.refuse(64, "kl-dist", *both, "--q-scale", 1, "--hess", "h", say="unknown option")
        self.refuse(66, "kl-dist", *both, "--q-scale", "none.npy", say="none.npy")
        self.save("short.npy", [1, 2])
        self.refuse(65, "kl-dist", *self.base[:-1], "short.npy", say=("short.npy", "rows"))
        self.refuse(64, "score", "gaussian", "--loc", 0, say="nll score gaussian --help")

    def test_help(self):
        text = self.good("kl-dist", "--help").stdout.decode()
        for name in ("gaussian", "bernoulli", "poisson", "exponential", "gamma", "beta", "laplace",
                     "dirichlet"):
            self.assertIn("\n  %s " % name, text)
        self.assertNotIn("--fisher", text)
        text = self.good("kl-dist", "gamma", "--help").stdout.decode()
        for name in ("--p-concentration", "--q-rate", "--sample-weight", "--grad"):
            self.assertIn(name, text)
        self.assertIn("divergence of each row", text)
        self.assertIn("kl-dist MODEL", self.good("--help").stdout.decode())
