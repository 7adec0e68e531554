"""scores.py: --top-k, --metrics and --metrics-out against their definitions."""

import math

from models import FLAT, LABELS, NLLS, ROWS
from support import Case, lse, softmax

PROBS = [softmax(row) for row in ROWS]
RANKS = [sum(x > row[y] or (x == row[y] and j < y) for j, x in enumerate(row))
         for row, y in zip(ROWS, LABELS)]
PER_ROW = {
    "rank": RANKS,
    "margin": [row[y] - max(x for j, x in enumerate(row) if j != y)
               for row, y in zip(ROWS, LABELS)],
    "entropy": [-math.fsum(p * math.log(p) for p in row) for row in PROBS],
    "confidence": [max(row) for row in PROBS],
    "brier": [math.fsum((p - (j == y)) ** 2 for j, p in enumerate(row))
              for row, y in zip(PROBS, LABELS)],
    "lse": [lse(row) for row in ROWS],
    "p_target": [row[y] for row, y in zip(PROBS, LABELS)],
}


def calibration_error(confidences, hits):
    bins = {}
    for p, hit in zip(confidences, hits):
        b = min(max(math.ceil(p * 15), 1), 15)
        bins.setdefault(b, []).append(hit - p)
    return math.fsum(abs(math.fsum(gaps)) for gaps in bins.values()) / len(hits)


class Scores(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", FLAT, shape=(4, 3))
        self.save("y.npy", LABELS, "<i8")
        self.base = ("categorical", "--logits", "x.npy", "--target", "y.npy")

    def test_top_k(self):
        for k in (1, 2, 3, 50):
            self.assertEqual(self.score(*self.base, "--top-k", k)["top_k_accuracy"],
                             sum(rank < k for rank in RANKS) / 4)
        self.assertNotIn("top_k_accuracy", self.score(*self.base))
        self.assertIn(b"top-2 ", self.good("score", *self.base, "--top-k", 2).stdout)

    def test_means_and_files(self):
        names = ",".join(PER_ROW)
        found = self.score(*self.base, "--metrics", names, "--metrics-out", "m", "--grad", "g")
        for name, values in PER_ROW.items():
            self.near([found[name]], [math.fsum(values) / 4])
            descr, shape, data = self.load("m/%s.npy" % name)
            self.assertEqual((descr, shape), ("<i8" if name == "rank" else "<f4", (4,)))
            self.near(data, values)
        self.assertEqual(self.files("m"), sorted(name + ".npy" for name in PER_ROW))
        self.assertEqual(found["digest"], self.score(*self.base)["digest"])

    def test_calibration_error(self):
        found = self.score(*self.base, "--metrics", "ece", "--metrics-out", "m")
        self.near([found["ece"]], [calibration_error(PER_ROW["confidence"],
                                                     [rank == 0 for rank in RANKS])])
        self.assertEqual(self.files("m"), [])
        self.assertEqual(set(self.score(*self.base)) ^ set(found), {"ece"})

    def test_probs(self):
        self.save("p.npy", [p for row in PROBS for p in row], "<f8", shape=(4, 3))
        found = self.score("categorical", "--probs", "p.npy", "--target", "y.npy", "--metrics",
                           "brier,ece,entropy,rank,margin")
        for name in ("brier", "entropy", "rank", "margin"):
            self.near([found[name]], [math.fsum(PER_ROW[name]) / 4], 1e-13)

    def test_ignored_rows_do_not_count(self):
        found = self.score(*self.base, "--ignore-index", 0, "--metrics", "brier,rank,entropy,ece",
                           "--top-k", 1)
        for name in ("brier", "rank", "entropy"):
            self.near([found[name]], [(PER_ROW[name][0] + PER_ROW[name][2]) / 2])
        self.near([found["ece"]], [calibration_error([PER_ROW["confidence"][i] for i in (0, 2)],
                                                     [1, 1])])
        self.assertEqual(found["top_k_accuracy"], 1)

    def test_no_counted_row(self):
        self.save("z.npy", [0, 0, 0, 0], "<i8")
        found = self.score("categorical", "--logits", "x.npy", "--target", "z.npy",
                           "--ignore-index", 0, "--metrics", "brier,rank,ece", "--top-k", 2)
        for name in ("brier", "rank", "ece", "top_k_accuracy"):
            self.assertEqual(found[name], "NaN")

    def test_units(self):
        names = "entropy,margin,brier"
        nats = self.score(*self.base, "--metrics", names)
        bits = self.score(*self.base, "--metrics", names, "--unit", "bits")
        for name in ("entropy", "margin"):
            self.near([bits[name]], [nats[name] / math.log(2)])
        self.assertEqual(bits["brier"], nats["brier"])

    def test_soft_targets_have_no_rank(self):
        self.save("q.npy", [1, 0, 0] * 4, shape=(4, 3))
        words = ("categorical", "--logits", "x.npy", "--target-probs", "q.npy", "--metrics")
        self.near([self.score(*words, "entropy")["entropy"]], [math.fsum(PER_ROW["entropy"]) / 4])
        for name in ("rank", "brier", "margin", "ece", "p_target"):
            self.refuse(64, "score", *words, name, say=("--metrics", "--target"))

    def test_nothing_is_left_after_an_error(self):
        self.refuse(74, "score", *self.base, "--metrics", "rank", "--metrics-out", "m", "--out",
                    "no/such/o.npy")
        self.assertEqual(self.files(), ["x.npy", "y.npy"])

    def test_summary(self):
        text = self.good("score", *self.base, "--metrics", "brier,entropy,rank", "--top-k",
                         2).stdout.decode()
        for word in ("Brier score", "entropy", "nats", "rank of target", "top-2"):
            self.assertIn(word, text)
        self.assertLess(max(map(len, text.split("\n"))), 80)
