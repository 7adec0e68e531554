"""divergences.py: nll score kl, the .kld files of llama.cpp, and nll convert."""

import math
import struct

from support import Case, lse, npy, softmax

P = [[0.5, -1.25, 2.0], [3.0, 3.0, -0.75], [-2.5, 0.25, 0.125], [1.0, 2.0, 4.0]]
Q = [[0.25, -1.0, 1.5], [2.0, 3.5, 0.75], [-2.5, 0.25, 0.125], [4.0, 2.0, -1.0]]


def kl(p, q):
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q) if a)


def js(p, q):
    m = [(a + b) / 2 for a, b in zip(p, q)]
    return (kl(p, m) + kl(q, m)) / 2


ROWS_P, ROWS_Q = [softmax(r) for r in P], [softmax(r) for r in Q]


class Kl(Case):
    def setUp(self):
        super().setUp()
        for side, rows in (("p", P), ("q", Q)):
            probs = [x for row in rows for x in softmax(row)]
            self.save(side + "-logits.npy", [x for row in rows for x in row], shape=(4, 3))
            self.save(side + "-probs.npy", probs, "<f8", shape=(4, 3))
            self.save(side + "-log-probs.npy", [math.log(x) for x in probs], "<f8", shape=(4, 3))
        self.base = ("kl", "--p-logits", "p-logits.npy", "--q-logits", "q-logits.npy")

    def test_every_mixture_of_forms_and_directions(self):
        want = {"forward": [kl(p, q) for p, q in zip(ROWS_P, ROWS_Q)],
                "reverse": [kl(q, p) for p, q in zip(ROWS_P, ROWS_Q)],
                "js": [js(p, q) for p, q in zip(ROWS_P, ROWS_Q)]}
        for direction, values in want.items():
            for a in ("logits", "log-probs", "probs"):
                for b in ("logits", "log-probs", "probs"):
                    found = self.score("kl", "--p-" + a, "p-%s.npy" % a, "--q-" + b,
                                       "q-%s.npy" % b, "--direction", direction, "--out", "o.npy")
                    self.near(self.load("o.npy")[2], values)
                    self.near([found["sum"], found["value"]],
                              [math.fsum(values), math.fsum(values) / 4])
                    self.assertEqual(found["dtype"], "f32" if a == b == "logits" else "f64")

    def test_summary(self):
        found = self.score(*self.base)
        for key, value in dict(model="kl", rows=4, cols=3, count=4, ignored=0, nonfinite=0).items():
            self.assertEqual(found[key], value, key)
        for key in ("accuracy", "perplexity"):
            self.assertNotIn(key, found)
        self.assertEqual(found["mean"], self.score(*self.base, "--direction", "forward")["mean"])
        text = self.good("score", *self.base).stdout.decode()
        self.assertIn("kl: 4 rows of 3 classes", text)

    def test_equal_files_are_exactly_zero(self):
        for direction in ("forward", "reverse", "js"):
            found = self.score("kl", "--p-logits", "p-logits.npy", "--q-logits", "p-logits.npy",
                               "--direction", direction)
            self.assertEqual((found["sum"], found["sum_hex"]), (0, "0x0p+0"))

    def test_gradients(self):
        self.good("score", *self.base, "--grad", "g", "--reduction", "sum")
        self.assertEqual(self.files("g"), ["d_p_logits.npy", "d_q_logits.npy"])
        self.near(self.load("g/d_q_logits.npy")[2],
                  [b - a for p, q in zip(ROWS_P, ROWS_Q) for a, b in zip(p, q)])
        self.near(self.load("g/d_p_logits.npy")[2],
                  [a * (math.log(a / b) - kl(p, q)) for p, q in zip(ROWS_P, ROWS_Q)
                   for a, b in zip(p, q)])
        self.good("score", "kl", "--p-probs", "p-probs.npy", "--q-log-probs", "q-log-probs.npy",
                  "--grad", "h")
        self.assertEqual(self.files("h"), ["d_p_probs.npy", "d_q_log_probs.npy"])
        self.near(self.load("h/d_p_probs.npy")[2],
                  [(math.log(a / b) + 1) / 4 for p, q in zip(ROWS_P, ROWS_Q)
                   for a, b in zip(p, q)])
        self.near(self.load("h/d_q_log_probs.npy")[2], [-a / 4 for p in ROWS_P for a in p])

    def test_options(self):
        self.save("w.npy", [1, 2, 0, 0.5])
        found = self.score(*self.base, "--sample-weight", "w.npy", "--rows", "0:2")
        values = [kl(p, q) for p, q in zip(ROWS_P, ROWS_Q)]
        self.near([found["sum"], found["value"]],
                  [values[0] + 2 * values[1], (values[0] + 2 * values[1]) / 3])
        digests = {self.score(*self.base, *words)["digest"] for words in
                   ((), ("--threads", 3), ("--isa", "scalar"))}
        self.assertEqual(len(digests), 1)

    def test_infinite(self):
        inf = math.inf
        self.save("a.npy", [0, 0, -inf, 0], shape=(2, 2))
        self.save("b.npy", [0, -inf, 0, 0], shape=(2, 2))
        found = self.score("kl", "--p-logits", "a.npy", "--q-logits", "b.npy", "--out", "o.npy")
        self.assertEqual((found["nonfinite"], found["sum"]), (1, "Infinity"))
        self.near(self.load("o.npy")[2], [inf, math.log(2)])
        self.refuse(2, "score", "kl", "--p-logits", "a.npy", "--q-logits", "b.npy", "--strict",
                    "--quiet", say="1 of 2")
        self.refuse(65, "score", "kl", "--p-logits", "a.npy", "--q-logits", "b.npy", "--check",
                    say="row 0")

    def test_errors(self):
        self.refuse(64, "score", "kl", say=("--p-logits", "--p-kld"))
        self.refuse(64, "score", "kl", "--p-logits", "p-logits.npy", say="--q-logits")
        self.refuse(64, "score", *self.base, "--p-probs", "p-probs.npy", say="alternatives")
        self.refuse(64, "score", *self.base, "--direction", "foward", say="did you mean 'forward'?")
        self.refuse(64, "score", *self.base, "--mode", "m.npy", say="--mode")
        self.save("c.npy", [0, 0, 0, 0], shape=(2, 2))
        self.refuse(65, "score", "kl", "--p-logits", "p-logits.npy", "--q-logits", "c.npy",
                    say=("c.npy", "4 rows", "found 2"))
        self.assertEqual([f for f in self.files() if "tmp" in f], [])


class Multinomial(Case):
    def test_values_and_gradient(self):
        counts = [[3, 0, 1], [2, 2, 2], [0, 0, 0], [1, 0, 5]]
        self.save("x.npy", [x for row in P for x in row], shape=(4, 3))
        self.save("p.npy", [x for row in ROWS_P for x in row], "<f8", shape=(4, 3))
        self.save("k.npy", [k for row in counts for k in row], "<i4", shape=(4, 3))
        want = [math.fsum(math.lgamma(k + 1) - k * math.log(p) for k, p in zip(row, probs))
                - math.lgamma(sum(row) + 1) for row, probs in zip(counts, ROWS_P)]
        for flag, name in (("logits", "x.npy"), ("probs", "p.npy")):
            found = self.score("multinomial", "--" + flag, name, "--target", "k.npy", "--out",
                               "o.npy", "--grad", "g", "--mode", "m.npy", "--reduction", "sum")
            self.near(self.load("o.npy")[2], want)
            self.near([found["value"]], [math.fsum(want)])
            self.assertEqual(self.load("m.npy")[1], (4, 3))
            mode = self.load("m.npy")[2]
            for i, (row, probs) in enumerate(zip(counts, ROWS_P)):
                k = [0, 0, 0]  # one count after the other
                for _ in range(sum(row)):
                    best = max(range(3), key=lambda c: probs[c] / (k[c] + 1))
                    k[best] += 1
                self.assertEqual(list(mode[3 * i:3 * i + 3]), k)
        self.near(self.load("g/d_logits.npy")[2],
                  [sum(row) * p - k for row, probs in zip(counts, ROWS_P)
                   for k, p in zip(row, probs)])
        self.near(self.load("g/d_probs.npy")[2],
                  [-k / p for row, probs in zip(counts, ROWS_P) for k, p in zip(row, probs)])
        self.refuse(64, "score", "multinomial", "--logits", "x.npy", say="--target")
        self.refuse(65, "score", "multinomial", "--logits", "x.npy", "--target", "x.npy", "--check",
                    say="row 0")


class Dirichlet(Case):
    def test_values_and_gradients(self):
        a = [[0.5, 2.0, 1.5], [10.0, 1.0, 3.0]]
        y = [[0.25, 0.5, 0.25], [0.625, 0.125, 0.25]]
        self.save("a.npy", [x for row in a for x in row], "<f8", shape=(2, 3))
        self.save("y.npy", [x for row in y for x in row], "<f8", shape=(2, 3))
        want = [math.fsum(math.lgamma(k) - (k - 1) * math.log(p) for k, p in zip(b, z))
                - math.lgamma(sum(b)) for b, z in zip(a, y)]
        found = self.score("dirichlet", "--concentration", "a.npy", "--target", "y.npy", "--out",
                           "o.npy", "--grad", "g", "--mode", "m.npy", "--reduction", "sum")
        self.near(self.load("o.npy")[2], want)
        self.near([found["value"]], [math.fsum(want)])
        self.assertEqual(self.load("m.npy")[1], (2, 3))
        self.near(self.load("m.npy")[2], [0, 2 / 3, 1 / 3, 9 / 11, 0, 2 / 11])
        self.assertEqual(self.files("g"), ["d_concentration.npy", "d_target.npy"])
        self.near(self.load("g/d_target.npy")[2],
                  [(1 - k) / p for b, z in zip(a, y) for k, p in zip(b, z)])
        h = 2.0 ** -20  # psi by differences
        psi = lambda x: (math.lgamma(x + h) - math.lgamma(x - h)) / (2 * h)
        self.near(self.load("g/d_concentration.npy")[2],
                  [psi(k) - psi(sum(b)) - math.log(p) for b, z in zip(a, y)
                   for k, p in zip(b, z)], 1e-5)


def kld(tokens, rows, context, classes, chunks, magic=b"_logits_"):
    """A file by hand: rows of (scale, min_log_prob, [q...])."""
    data = magic + struct.pack("<3i", context, classes, chunks)
    data += struct.pack("<%di" % len(tokens), *tokens)
    for scale, least, q in rows:
        data += struct.pack("<2f%dH" % (classes + classes % 2), scale, least,
                            *(q + [0] * (classes % 2)))
    return data


class Kld(Case):
    CONTEXT, CLASSES, CHUNKS = 7, 5, 2

    def setUp(self):
        super().setUp()
        self.tokens = [(3 * i) % self.CLASSES for i in range(self.CONTEXT * self.CHUNKS)]
        per_chunk = self.CONTEXT - 1 - self.CONTEXT // 2
        self.rows = [(2.0 ** -13, -8.0 + r, [(7919 * (r + 1) * (i + 1)) % 65536
                                             for i in range(self.CLASSES)])
                     for r in range(per_chunk * self.CHUNKS)]
        self.targets = [self.tokens[c * self.CONTEXT + self.CONTEXT // 2 + j + 1]
                        for c in range(self.CHUNKS) for j in range(per_chunk)]
        self.log_probs = [[s * x + least for x in q] for s, least, q in self.rows]
        self.data = kld(self.tokens, self.rows, self.CONTEXT, self.CLASSES, self.CHUNKS)
        self.save_bytes("a.kld", self.data)

    def test_read_by_categorical(self):
        want = [-row[y] for row, y in zip(self.log_probs, self.targets)]
        found = self.score("categorical", "--logits-kld", "a.kld", "--out", "o.npy")
        self.near(self.load("o.npy")[2], want)
        self.assertEqual((found["rows"], found["cols"], found["dtype"]), (6, 5, "f32"))
        hits = sum(max(range(5), key=row.__getitem__) == y
                   for row, y in zip(self.log_probs, self.targets))
        self.near([found["accuracy"]], [hits / 6])
        for a, b in ((0, 3), (2, 5), (5, 6), (3, 3)):
            self.score("categorical", "--logits-kld", "a.kld", "--rows", "%d:%d" % (a, b), "--out",
                       "o.npy")
            self.near(self.load("o.npy")[2], want[a:b])
        self.save("y.npy", [0] * 6, "<i4")
        self.score("categorical", "--logits-kld", "a.kld", "--target", "y.npy", "--out", "o.npy")
        self.near(self.load("o.npy")[2], [-row[0] for row in self.log_probs])

    def test_read_by_kl(self):
        self.save("q.npy", [float(i % 7) for i in range(30)], shape=(6, 5))
        q = [softmax([float((5 * r + i) % 7) for i in range(5)]) for r in range(6)]
        p = [[math.exp(x) for x in row] for row in self.log_probs]
        want = [math.fsum(a * math.log(a / b) - a + b for a, b in zip(x, y)) for x, y in zip(p, q)]
        self.score("kl", "--p-kld", "a.kld", "--q-logits", "q.npy", "--out", "o.npy")
        self.near(self.load("o.npy")[2], want, 1e-5)
        self.assertEqual(self.score("kl", "--p-kld", "a.kld", "--q-kld", "a.kld")["sum"], 0)
        found = self.score("kl", "--p-logits", "q.npy", "--q-kld", "a.kld", "--direction",
                           "reverse", "--rows", "1:4")
        self.near([found["sum"]], [math.fsum(want[1:4])], 1e-5)

    def test_to_npy(self):
        self.good("convert", "--kld", "a.kld", "--out", "l.npy", "--target-out", "y.npy",
                  "--tokens-out", "t.npy")
        descr, shape, values = self.load("l.npy")
        self.assertEqual((descr, shape), ("<f4", (6, 5)))
        self.near(values, [x for row in self.log_probs for x in row], 1e-7)
        self.assertEqual(self.load("y.npy"), ("<i8", (6,), self.targets))
        self.assertEqual(self.load("t.npy"), ("<i4", (2, 7), self.tokens))
        same = self.score("categorical", "--log-probs", "l.npy", "--target", "y.npy")
        self.assertEqual(same["digest"], self.score("categorical", "--logits-kld", "a.kld")["digest"])

    def test_there_and_back(self):
        logits = [[((37 * r + 11 * i * i) % 23) * 0.5 - 4 for i in range(5)] for r in range(6)]
        flat = [x for row in logits for x in row]
        self.save("x.npy", flat, shape=(6, 5))
        self.save("t.npy", self.tokens, "<i2")
        self.good("convert", "--logits", "x.npy", "--tokens", "t.npy", "--context", 7, "--out",
                  "b.kld")
        self.good("convert", "--kld", "b.kld", "--out", "l.npy", "--tokens-out", "u.npy")
        for row, found in zip(logits, zip(*[iter(self.load("l.npy")[2])] * 5)):
            step = (max(row) - max(min(row), max(row) - 16)) / 65535
            for x, y in zip(row, found):
                self.assertLessEqual(abs(max(x, max(row) - 16) - lse(row) - y), 0.51 * step + 1e-6)
        self.assertEqual(self.load("u.npy")[2], self.tokens)
        # a row for each token: those that count are picked; tokens of two axes name the context
        every = [[float(i == 0)] * 5 for i in range(14)]
        for c in range(2):
            for j in range(3):
                every[7 * c + 3 + j] = logits[3 * c + j]
        self.save("e.npy", [x for row in every for x in row], "<f8", shape=(14, 5))
        self.save("t2.npy", self.tokens, "<i8", shape=(2, 7))
        self.good("convert", "--logits", "e.npy", "--tokens", "t2.npy", "--out", "c.kld")
        with open(self.path("b.kld"), "rb") as a, open(self.path("c.kld"), "rb") as b:
            self.assertEqual(a.read(), b.read())
        # log-probs are taken as they are; what was read is written again to the bit
        self.good("convert", "--kld", "b.kld", "--out", "l.npy")
        self.good("convert", "--log-probs", "l.npy", "--tokens", "t2.npy", "--out", "d.kld")
        self.good("convert", "--kld", "d.kld", "--out", "m.npy")
        self.near(self.load("m.npy")[2], self.load("l.npy")[2], 1e-6)

    def test_masks_and_equal_logits(self):
        rows = [[0, -math.inf, 1, -1000, 1], [2, 2, 2, 2, 2]] * 3
        self.save("x.npy", [x for row in rows for x in row], shape=(6, 5))
        self.save("t.npy", self.tokens, "<i4", shape=(2, 7))
        self.good("convert", "--logits", "x.npy", "--tokens", "t.npy", "--out", "b.kld")
        self.good("convert", "--kld", "b.kld", "--out", "l.npy")
        total = math.log(1 + 2 * math.e)
        least = 1 - 16 - total
        self.near(self.load("l.npy")[2][:10],
                  [-total, least, 1 - total, least, 1 - total] + [-math.log(5)] * 5, 1e-4)

    def test_lying_headers(self):
        most = 2 ** 31 - 1
        for name, data, say in (
                ("empty", b"", "found other bytes"),
                ("magic", b"_logitz_" + self.data[8:], "found other bytes"),
                ("npy", npy([1.0]), "found other bytes"),
                ("short", self.data[:15], "header of 20 bytes, found 15"),
                ("cut", self.data[:-1], "truncated"),
                ("header", self.data[:20], "truncated"),
                ("long", self.data + b"\0\0", "longer than its header says"),
                ("zero", kld([], [], 0, 5, 1), "found 0, 5 and 1"),
                ("context", kld([0, 0], [], 2, 5, 1), "found 2, 5 and 1"),
                ("negative", kld([], [], -7, 5, 1), "found -7, 5 and 1"),
                ("classes", kld([], [], 7, 0, 1), "found 7, 0 and 1"),
                ("chunks", kld([], [], 7, 5, -1), "found 7, 5 and -1"),
                ("large", kld([], [], most, most - 1, most), "fit into memory"),
                ("wrap", kld([], [], 3, most - 1, most), "fit into memory"),
                ("much", kld([], [], 7, most - 1, 1), "truncated")):
            self.save_bytes("bad.kld", data)
            for words in (("score", "categorical", "--logits-kld", "bad.kld", "--out", "o.npy"),
                          ("score", "kl", "--p-kld", "a.kld", "--q-kld", "bad.kld"),
                          ("convert", "--kld", "bad.kld", "--out", "o.npy")):
                self.refuse(65, *words, say=("bad.kld: expected", say))
            self.assertEqual(self.files(), ["a.kld", "bad.kld"], name)

    def test_tokens_out_of_range(self):
        self.save_bytes("b.kld", kld([9] * 14, self.rows, 7, 5, 2))
        self.refuse(65, "score", "categorical", "--logits-kld", "b.kld",
                    say=("b.kld: expected classes from 0 to 4, found 9 in row 0"))
        self.good("score", "kl", "--p-kld", "b.kld", "--q-kld", "a.kld")  # it has no use for them
        self.save_bytes("b.kld", kld(self.tokens[:-1] + [-1], self.rows, 7, 5, 2))
        self.refuse(65, "score", "categorical", "--logits-kld", "b.kld", "--rows", "3:",
                    say="found -1 in row 5")

    def test_convert_errors(self):
        self.save("x.npy", [0.0] * 30, shape=(6, 5))
        self.save("n.npy", [math.nan] + [0.0] * 29, shape=(6, 5))
        self.save("h.npy", [0.0] * 30, "<f2", shape=(6, 5))
        self.save("r.npy", [0.0] * 25, shape=(5, 5))
        self.save("t.npy", self.tokens, "<i4")
        self.save("big.npy", [7] * 14, "<i4")
        self.save("f.npy", [0.0] * 14)
        before = self.files()
        out = ("--out", "o.kld")
        for code, words, say in (
                (64, (), "found 0"),
                (64, ("--kld", "a.kld", "--logits", "x.npy") + out, "found 2"),
                (64, ("--kld", "a.kld"), "--out"),
                (64, ("--kld", "a.kld", "--tokens", "t.npy") + out, "--tokens"),
                (64, ("--logits", "x.npy") + out, "--tokens"),
                (64, ("--logits", "x.npy", "--tokens", "t.npy") + out, "--context"),
                (64, ("--logits", "x.npy", "--tokens", "t.npy", "--context", 2) + out, "--context"),
                (64, ("--logits", "x.npy", "--tokens", "t.npy", "--target-out", "y") + out,
                 "--target-out"),
                (65, ("--logits", "x.npy", "--tokens", "t.npy", "--context", 5) + out, "t.npy"),
                (65, ("--logits", "r.npy", "--tokens", "t.npy", "--context", 7) + out,
                 ("expected 6 rows", "or 14", "found 5")),
                (65, ("--logits", "t.npy", "--tokens", "t.npy", "--context", 7) + out, "2-D"),
                (65, ("--logits", "h.npy", "--tokens", "t.npy", "--context", 7) + out, "f16"),
                (65, ("--logits", "n.npy", "--tokens", "t.npy", "--context", 7) + out, "row 0"),
                (65, ("--log-probs", "n.npy", "--tokens", "t.npy", "--context", 7) + out, "row 0"),
                (65, ("--logits", "x.npy", "--tokens", "big.npy", "--context", 7) + out,
                 "found 7 at 0"),
                (65, ("--logits", "x.npy", "--tokens", "f.npy", "--context", 7) + out, "integers"),
                (65, ("--logits", 3, "--tokens", "t.npy", "--context", 7) + out, "2-D"),
                (66, ("--kld", "none.kld") + out, "none.kld"),
                (66, ("--logits", "none.npy", "--tokens", "t.npy") + out, "none.npy"),
                (74, ("--kld", "a.kld", "--out", "no/dir.npy"), "no/dir.npy")):
            self.refuse(code, "convert", *words, say=say)
            self.assertEqual(self.files(), before)
