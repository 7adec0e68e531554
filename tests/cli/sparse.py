"""sparse.py: targets as short lists of classes: --target-index, --target-log-probs, --tail."""

import math

from models import FLAT, ROWS
from support import Case, lse, softmax

INDEX = [[0, 2], [1, 1], [2, 0], [0, 1]]
WHOLE = [[0.25, 0.75], [0.5, 0.5], [1, 0], [0, 1]]
PART = [[0.25, 0.5], [0.25, 0.5], [0.5, 0], [0, 1]]


def flat(rows):
    return [x for row in rows for x in row]


def cross_entropy(probs):
    return [math.fsum(q * (lse(row) - row[c]) for c, q in zip(cs, qs))
            for row, cs, qs in zip(ROWS, INDEX, probs)]


class Sparse(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", FLAT, shape=(4, 3))
        self.save("c.npy", flat(INDEX), "<i4", shape=(4, 2))
        self.save("q.npy", flat(WHOLE), shape=(4, 2))
        self.save("p.npy", flat(PART), shape=(4, 2))
        self.base = ("categorical", "--logits", "x.npy", "--target-index", "c.npy")

    def test_two_label_mixes(self):
        found = self.score(*self.base, "--target-probs", "q.npy", "--out", "o.npy", "--grad", "g",
                           "--reduction", "sum")
        self.near(self.load("o.npy")[2], cross_entropy(WHOLE))
        self.assertNotIn("accuracy", found)
        self.assertEqual(self.files("g"), ["d_logits.npy", "d_target_probs.npy"])
        descr, shape, values = self.load("g/d_target_probs.npy")
        self.assertEqual((descr, shape), ("<f4", (4, 2)))
        self.near(values, [lse(row) - row[c] for row, cs in zip(ROWS, INDEX) for c in cs])
        self.near(self.load("g/d_logits.npy")[2],
                  [p - sum(q for c, q in zip(cs, qs) if c == j)
                   for row, cs, qs in zip(ROWS, INDEX, WHOLE)
                   for j, p in enumerate(softmax(row))])

    def test_renormalise(self):
        shares = [[q / sum(qs) for q in qs] for qs in PART]
        self.good("score", *self.base, "--target-probs", "p.npy", "--tail", "renormalise", "--out",
                  "o.npy")
        self.near(self.load("o.npy")[2], cross_entropy(shares))

    def test_bucket(self):
        self.good("score", *self.base, "--target-probs", "p.npy", "--tail", "bucket", "--out",
                  "o.npy")
        rest = [(1 - sum(qs)) * -math.log(1 - math.fsum(softmax(row)[c] for c in set(cs)))
                if sum(qs) < 1 else 0 for row, cs, qs in zip(ROWS, INDEX, PART)]
        self.near(self.load("o.npy")[2], [a + b for a, b in zip(cross_entropy(PART), rest)])

    def test_log_probs(self):
        logs = [math.log(q) if q else -math.inf for q in flat(WHOLE)]
        self.save("lq.npy", logs, "<f8", shape=(4, 2))
        self.good("score", *self.base, "--target-log-probs", "lq.npy", "--out", "o.npy", "--grad",
                  "g", "--reduction", "sum")
        self.near(self.load("o.npy")[2], cross_entropy(WHOLE), 1e-14)
        self.assertEqual(self.files("g"), ["d_logits.npy", "d_target_log_probs.npy"])
        self.near(self.load("g/d_target_log_probs.npy")[2],
                  [q * (lse(row) - row[c]) for row, cs, qs in zip(ROWS, INDEX, WHOLE)
                   for c, q in zip(cs, qs)], 1e-14)

    def test_a_number_for_all(self):
        found = self.score(*self.base, "--target-probs", 0.5)
        self.near([found["sum"]], [math.fsum(cross_entropy([[0.5, 0.5]] * 4))])

    def test_mistakes(self):
        base = ("score", *self.base)
        self.save("far.npy", [0, 1, 0, 1, 0, 3, 0, 1], "<i4", shape=(4, 2))
        self.save("wide.npy", [0.25] * 12, shape=(4, 3))
        self.save("one.npy", [1, 1, 1, 1])
        self.refuse(65, *base, "--target-probs", "p.npy", say=("c.npy", "row 0", "--tail"))
        self.refuse(65, *base, "--target-probs", "p.npy", "--rows", "1:3", say="row 1")
        self.save("big.npy", [0.5, 0.5, 1, 0.5] + [0.25] * 4, shape=(4, 2))
        self.refuse(65, *base, "--target-probs", "big.npy", "--tail", "bucket",
                    say=("row 1", "at most"))
        self.refuse(65, "score", "categorical", "--logits", "x.npy", "--target-index", "far.npy",
                    "--target-probs", "q.npy", "--out", "o.npy", say=("far.npy", "0 to 2", "row 2"))
        self.refuse(65, *base, "--target-probs", "wide.npy", say=("wide.npy", "2 columns", "3"))
        self.refuse(65, *base, "--target-probs", "one.npy", say=("one.npy", "[n, k]"))
        self.refuse(64, *base, say="--target-probs")
        self.refuse(64, "score", "categorical", "--logits", "x.npy", "--target-log-probs", "q.npy",
                    say="--target-index")
        self.refuse(64, "score", "categorical", "--logits", "x.npy", "--target-probs", "wide.npy",
                    "--tail", "bucket", say="--target-index")
        self.refuse(64, *base, "--target-probs", "q.npy", "--tail", "bukket",
                    say="did you mean 'bucket'")
        self.refuse(64, *base, "--target-probs", "q.npy", "--target-log-probs", "q.npy",
                    say="alternatives")
        self.refuse(64, *base, "--target-probs", "p.npy", "--tail", "bucket", "--label-smoothing",
                    0.1, say=("--tail bucket", "--class-weight", "renormalise"))
        self.refuse(64, *base, "--target-probs", "p.npy", "--tail", "bucket", "--hess", "h",
                    say=("--tail bucket", "--hess"))
        self.assertNotIn("o.npy", self.files())

    def test_three_axes(self):
        self.save("x3.npy", FLAT, shape=(2, 2, 3))
        self.save("c3.npy", flat(INDEX), "<i4", shape=(2, 2, 2))
        self.save("q3.npy", flat(WHOLE), shape=(2, 2, 2))
        self.good("score", "categorical", "--logits", "x3.npy", "--target-index", "c3.npy",
                  "--target-probs", "q3.npy", "--out", "o.npy", "--grad", "g")
        self.near(self.load("o.npy")[2], cross_entropy(WHOLE))
        self.assertEqual(self.load("g/d_target_probs.npy")[1], (2, 2, 2))
