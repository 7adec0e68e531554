"""models.py: values, gradients and figures of each model against textbook formulas."""

import math

from support import Case, lse, npy, softmax

ROWS = [[0.5, -1.25, 2.0], [3.0, 3.0, -0.75], [-2.5, 0.25, 0.125], [1.0, 2.0, 4.0]]
LABELS = [2, 0, 1, 0]
FLAT = [x for row in ROWS for x in row]
NLLS = [lse(row) - row[y] for row, y in zip(ROWS, LABELS)]
LN_2 = math.log(2)

KEYS = {"schema", "model", "dtype", "isa", "threads", "rows", "count", "ignored", "nonfinite",
        "weight_sum", "sum", "sum_hex", "mean", "value", "bits", "seconds", "bytes", "gb_per_s",
        "digest"}


class Categorical(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", FLAT, shape=(4, 3))
        self.save("y.npy", LABELS, "<i8")
        self.base = ("categorical", "--logits", "x.npy", "--target", "y.npy")

    def test_summary(self):
        found = self.score(*self.base)
        self.assertLessEqual(KEYS | {"cols", "perplexity", "accuracy"}, set(found))
        self.assertNotIn("bits_per_byte", found)
        total = math.fsum(NLLS)
        self.near([found["sum"], found["mean"], found["value"], found["bits"]],
                  [total, total / 4, total / 4, total / 4 / LN_2])
        self.near([found["perplexity"]], [math.exp(total / 4)])
        self.assertEqual(float.fromhex(found["sum_hex"]), found["sum"])
        for key, value in dict(schema=1, model="categorical", dtype="f32", rows=4, cols=3, count=4,
                               ignored=0, nonfinite=0, weight_sum=4, accuracy=0.75).items():
            self.assertEqual(found[key], value, key)
        self.assertEqual(found["bytes"], 4 * 3 * 4 + 4 * 8 + 4 * 4)
        self.assertRegex(found["digest"], "^[0-9a-f]{32}$")

    def test_value_follows_the_reduction(self):
        total = math.fsum(NLLS)
        for kind, value in (("sum", total), ("mean", total / 4)):
            self.near([self.score(*self.base, "--reduction", kind)["value"]], [value])
        self.assertIsNone(self.score(*self.base, "--reduction", "none")["value"])

    def test_rows_and_gradient(self):
        self.good("score", *self.base, "--out", "o.npy", "--grad", "g", "--mode", "m.npy")
        descr, shape, values = self.load("o.npy")
        self.assertEqual((descr, shape), ("<f4", (4,)))
        self.near(values, NLLS)
        descr, shape, values = self.load("g/d_logits.npy")
        self.assertEqual((descr, shape), ("<f4", (4, 3)))
        self.near(values, [(p - (j == y)) / 4 for row, y in zip(ROWS, LABELS)
                           for j, p in enumerate(softmax(row))])
        self.assertEqual(self.load("m.npy"), ("<i8", (4,), [2, 0, 1, 2]))
        self.assertEqual(self.files("g"), ["d_logits.npy"])

    def test_gradient_is_of_the_reduction(self):
        scales = {"mean": 1 / 4, "sum": 1, "none": 1}
        for kind, scale in scales.items():
            self.good("score", *self.base, "--grad", "g", "--reduction", kind)
            self.near(self.load("g/d_logits.npy")[2],
                      [scale * (p - (j == y)) for row, y in zip(ROWS, LABELS)
                       for j, p in enumerate(softmax(row))])

    def test_hessian(self):
        for kind, scale in (("mean", 1 / 4), ("sum", 1)):
            self.good("score", *self.base, "--hess", "h", "--reduction", kind)
            descr, shape, values = self.load("h/h_logits.npy")
            self.assertEqual((descr, shape), ("<f4", (4, 3)))
            self.near(values, [scale * p * (1 - p) for row in ROWS for p in softmax(row)])
        self.assertEqual(self.files("h"), ["h_logits.npy"])
        self.save("p.npy", [0.5, 0.25, 0.25] * 4, "<f8", shape=(4, 3))
        self.good("score", "categorical", "--probs", "p.npy", "--target", 0, "--hess", "h",
                  "--reduction", "sum")
        self.near(self.load("h/h_probs.npy")[2], [4, 0, 0] * 4, 1e-14)
        self.save("q.npy", [1, 0, 0] * 4, shape=(4, 3))
        self.refuse(64, "score", "categorical", "--probs", 0.5, "--target-probs", "q.npy",
                    "--hess", "h", say="--hess")

    def test_log_probs_and_probs(self):
        probs = [p for row in ROWS for p in softmax(row)]
        self.save("p.npy", probs, shape=(4, 3))
        self.save("lp.npy", [math.log(p) for p in probs], "<f8", shape=(4, 3))
        for flag, name, descr in (("probs", "p.npy", "<f4"), ("log-probs", "lp.npy", "<f8")):
            found = self.score("categorical", "--" + flag, name, "--target", "y.npy", "--out",
                               "o.npy", "--grad", "g")
            self.near([found["sum"]], [math.fsum(NLLS)])
            self.assertEqual(found["dtype"], "f64" if descr == "<f8" else "f32")
            self.assertEqual(self.load("o.npy")[0], descr)
            self.assertEqual(self.load("g/d_%s.npy" % flag.replace("-", "_"))[0], descr)

    def test_soft_targets(self):
        soft = [0.25, 0.25, 0.5, 1, 0, 0, 0, 0.5, 0.5, 0.125, 0.25, 0.625]
        self.save("q.npy", soft, shape=(4, 3))
        found = self.score("categorical", "--logits", "x.npy", "--target-probs", "q.npy", "--grad",
                           "g", "--reduction", "sum")
        terms = [lse(ROWS[i // 3]) - x for i, x in enumerate(FLAT)]
        self.near([found["value"]], [math.fsum(q * t for q, t in zip(soft, terms))])
        self.assertNotIn("accuracy", found)
        self.assertEqual(self.files("g"), ["d_logits.npy", "d_target_probs.npy"])
        self.near(self.load("g/d_target_probs.npy")[2], terms)

    def test_options(self):
        self.save("v.npy", [0.5, 2, 1], "<f4")
        self.save("w.npy", [1, 2, 0, 0.5], "<f4")
        class_weights, weights = [0.5, 2, 1], [1, 2, 0, 0.5]
        each = [class_weights[y] * w for y, w in zip(LABELS, weights)]
        found = self.score(*self.base, "--class-weight", "v.npy", "--sample-weight", "w.npy")
        total = math.fsum(w * l for w, l in zip(each, NLLS))
        self.near([found["sum"], found["weight_sum"], found["value"]],
                  [total, sum(each), total / sum(each)])
        found = self.score(*self.base, "--ignore-index", 0)
        self.assertEqual((found["count"], found["ignored"]), (2, 2))
        self.near([found["mean"]], [(NLLS[0] + NLLS[2]) / 2])
        self.assertEqual(found["accuracy"], 1)
        found = self.score(*self.base, "--label-smoothing", 0.1)
        smooth = [0.9 * l + 0.1 / 3 * math.fsum(lse(r) - x for x in r) for r, l in zip(ROWS, NLLS)]
        self.near([found["sum"]], [math.fsum(smooth)])
        found = self.score(*self.base, "--z-loss", 0.01)
        self.near([found["sum"]], [math.fsum(l + 0.01 * lse(r) ** 2 for r, l in zip(ROWS, NLLS))])
        found = self.score(*self.base, "--temperature", 2, "--softcap", 5)
        capped = [[5 * math.tanh(x / 5) / 2 for x in row] for row in ROWS]
        self.near([found["sum"]],
                  [math.fsum(lse(r) - r[y] for r, y in zip(capped, LABELS))])

    def test_no_counted_row(self):
        self.save("z.npy", [0, 0, 0, 0], "<i8")
        found = self.score("categorical", "--logits", "x.npy", "--target", "z.npy",
                           "--ignore-index", 0)
        self.assertEqual((found["count"], found["ignored"], found["mean"]), (0, 4, "NaN"))

    def test_units(self):
        nats, bits = self.score(*self.base), self.score(*self.base, "--unit", "bits")
        for key in ("sum", "mean", "value"):
            self.near([bits[key]], [nats[key] / LN_2])
        self.assertEqual(bits["digest"], nats["digest"])
        self.assertEqual(bits["bits"], nats["bits"])
        self.good("score", *self.base, "--unit", "bits", "--out", "o.npy")
        self.near(self.load("o.npy")[2], NLLS)

    def test_bytes(self):
        found = self.score(*self.base, "--bytes", 10)
        self.near([found["bits_per_byte"]], [math.fsum(NLLS) / LN_2 / 10])

    def test_infinite_rows(self):
        inf = math.inf
        self.save("i.npy", [0, -inf, 0, 0, math.nan, 0], shape=(2, 3))
        self.save("j.npy", [1, 0], "<i4")
        found = self.score("categorical", "--logits", "i.npy", "--target", "j.npy", "--out",
                           "o.npy")
        self.assertEqual((found["nonfinite"], found["sum"], found["sum_hex"]), (2, "NaN", "NaN"))
        self.near(self.load("o.npy")[2], [inf, math.nan])
        found = self.score("categorical", "--logits", "i.npy", "--target", "j.npy", "--rows", "0:1")
        self.assertEqual((found["sum"], found["perplexity"]), ("Infinity", "Infinity"))

    def test_human_summary(self):
        text = self.good("score", *self.base, "--bytes", 7).stdout.decode()
        for word in ("categorical", "perplexity", "bits per byte", "accuracy", "75 %", "digest"):
            self.assertIn(word, text)
        self.assertLess(text.count("\n"), 20)
        self.assertLess(max(map(len, text.split("\n"))), 80)


class Elementwise(Case):
    def setUp(self):
        super().setUp()
        self.z = [0.0, 2.5, -3.0, 40.0, -0.125]
        self.y = [1, 0, 1, 1, 0]
        self.save("z.npy", self.z)
        self.save("y.npy", self.y)

    def test_bernoulli(self):
        nlls = [math.log1p(math.exp(-z)) if y else math.log1p(math.exp(z))
                for z, y in zip(self.z, self.y)]
        found = self.score("bernoulli", "--logits", "z.npy", "--target", "y.npy", "--out", "o.npy",
                           "--grad", "g", "--mode", "m.npy", "--reduction", "sum")
        self.near([found["value"]], [math.fsum(nlls)])
        self.assertNotIn("cols", found)
        self.assertNotIn("perplexity", found)
        self.near(self.load("o.npy")[2], nlls)
        self.near(self.load("g/d_logits.npy")[2],
                  [1 / (1 + math.exp(-z)) - y for z, y in zip(self.z, self.y)])
        self.assertEqual(self.load("m.npy"), ("<f4", (5,), [0, 1, 0, 1, 0]))

    def test_bernoulli_probs(self):
        probs = [0.5, 0.25, 1, 0.75, 0]
        self.save("p.npy", probs, "<f8")
        found = self.score("bernoulli", "--probs", "p.npy", "--target", "y.npy", "--out", "o.npy")
        nlls = [-math.log(p if y else 1 - p) for p, y in zip(probs, self.y)]
        self.near(self.load("o.npy")[2], nlls, 1e-14)
        self.assertEqual(self.load("o.npy")[0], "<f8")
        self.assertEqual(found["dtype"], "f64")

    def test_bernoulli_pos_weight(self):
        found = self.score("bernoulli", "--logits", "z.npy", "--target", "y.npy", "--pos-weight", 3,
                           "--reduction", "sum")
        self.near([found["value"]],
                  [math.fsum(3 * math.log1p(math.exp(-z)) if y else math.log1p(math.exp(z))
                             for z, y in zip(self.z, self.y))])

    def test_gaussian_forms(self):
        scale = [0.5, 1, 2, 4, 0.25]
        forms = {"scale": scale, "var": [s * s for s in scale],
                 "log-scale": [math.log(s) for s in scale],
                 "log-var": [2 * math.log(s) for s in scale]}
        z = [(y - m) / s for y, m, s in zip(self.y, self.z, scale)]
        nlls = [math.log(s) + u * u / 2 + math.log(2 * math.pi) / 2 for s, u in zip(scale, z)]
        slopes = {"scale": [(1 - u * u) / s for u, s in zip(z, scale)],
                  "var": [(1 - u * u) / (2 * s * s) for u, s in zip(z, scale)],
                  "log-scale": [1 - u * u for u in z], "log-var": [(1 - u * u) / 2 for u in z]}
        for flag, values in forms.items():
            self.save("s.npy", values, "<f8")
            self.score("gaussian", "--loc", "z.npy", "--" + flag, "s.npy", "--target", "y.npy",
                       "--out", "o.npy", "--grad", flag, "--reduction", "sum")
            self.near(self.load("o.npy")[2], nlls, 1e-12)
            name = "d_%s.npy" % flag.replace("-", "_")
            self.assertEqual(self.files(flag), sorted(["d_loc.npy", name, "d_target.npy"]))
            self.near(self.load(flag + "/" + name)[2], slopes[flag], 1e-12)
            self.near(self.load(flag + "/d_loc.npy")[2], [-u / s for u, s in zip(z, scale)], 1e-12)

    def test_gaussian_default_scale_and_mode(self):
        found = self.score("gaussian", "--loc", "z.npy", "--target", 0, "--mode", "m.npy")
        self.near([found["mean"]], [math.log(2 * math.pi) / 2 +
                                    math.fsum(z * z for z in self.z) / 10])
        self.assertEqual(self.load("m.npy")[2], self.z)

    def test_numbers_alone(self):
        found = self.score("gaussian", "--loc", 0, "--scale", 2, "--target", 1)
        self.assertEqual((found["rows"], found["dtype"]), (1, "f64"))
        self.near([found["value"]], [math.log(2) + 1 / 8 + math.log(2 * math.pi) / 2], 1e-15)

    def test_gradient_only_of_files(self):
        self.good("score", "gaussian", "--loc", 0, "--scale", "y.npy", "--target", "z.npy",
                  "--grad", "g")
        self.assertEqual(self.files("g"), ["d_scale.npy", "d_target.npy"])
        self.refuse(64, "score", "bernoulli", "--logits", 0, "--target", "y.npy", "--grad", "h",
                    say="--grad")
        self.assertNotIn("h", self.files())

    def test_domain(self):
        self.save("s.npy", [1, 2, -1, 4, 5])
        words = ("gaussian", "--loc", 0, "--scale", "s.npy", "--target", "z.npy")
        found = self.score(*words)
        self.assertEqual((found["nonfinite"], found["sum"]), (1, "NaN"))
        self.refuse(65, "score", *words, "--check", "--out", "o.npy", say=("row 2", "domain"))
        self.assertNotIn("o.npy", self.files())
        self.refuse(65, "score", *words, "--check", "--rows", "1:", say="row 2")
        self.good("score", *words, "--check", "--rows", "3:")

    def test_strict(self):
        self.save("s.npy", [1, 2, -1, 4, 5])
        words = ("score", "gaussian", "--loc", 0, "--scale", "s.npy", "--target", "z.npy")
        self.refuse(2, *words, "--strict", "--quiet", "--out", "o.npy", say="1 of 5")
        self.assertIn("o.npy", self.files())
        self.good(*words, "--strict", "--rows", ":2")


class Sequences(Case):
    def test_sums(self):
        self.save("x.npy", FLAT, shape=(4, 3))
        self.save("y.npy", LABELS, "<i8")
        self.save("o.npy", [0, 1, 1, 4], "<i8")
        found = self.score("categorical", "--logits", "x.npy", "--target", "y.npy", "--offsets",
                           "o.npy", "--seq-out", "s.npy")
        self.assertEqual(found["sequences"], 3)
        descr, shape, values = self.load("s.npy")
        self.assertEqual((descr, shape), ("<f8", (3,)))
        self.near(values, [NLLS[0], 0, math.fsum(NLLS[1:])])

    def test_perplexity_of_any_model(self):
        self.save("z.npy", [1, 2, 3])
        self.save("o.npy", [0, 3], "<u4")
        found = self.score("gaussian", "--loc", "z.npy", "--target", 0, "--offsets", "o.npy")
        self.near([found["perplexity"]], [math.exp(found["mean"])])

    def test_lies(self):
        self.save("z.npy", [1, 2, 3])
        for name, values, descr in (("falls", [0, 2, 1], "<i8"), ("negative", [-1, 3], "<i8"),
                                    ("too far", [0, 4], "<i8"), ("empty", [], "<i8"),
                                    ("reals", [0, 3], "<f8"), ("huge", [0, 1 << 63], "<u8")):
            self.save("o.npy", values, descr)
            with self.subTest(name):
                self.refuse(65, "score", "gaussian", "--loc", "z.npy", "--target", 0, "--offsets",
                            "o.npy", "--seq-out", "s.npy", say="o.npy: expected")
                self.assertNotIn("s.npy", self.files())
        self.save_bytes("o.npy", npy([0, 3, 3, 3], "<i8", shape=(2, 2)))
        self.refuse(65, "score", "gaussian", "--loc", "z.npy", "--target", 0, "--offsets", "o.npy",
                    say="1-D")
