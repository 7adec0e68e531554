"""sequences.py: logits [b, t, c], --shift, --lengths, --offsets and the figures of sequences."""

import csv
import json
import math
import struct

from support import Case, lse

B, T, C = 3, 4, 3
X = [[[((7 * b + 5 * t + 3 * c * c) % 11) / 4 - 1 for c in range(C)] for t in range(T)]
     for b in range(B)]
Y = [[(b + 2 * t) % C for t in range(T)] for b in range(B)]
FLAT = [x for seq in X for row in seq for x in row]
LN_2 = math.log(2)


def nlls(lengths=(T, T, T), shift=0, y=None):
    """Of each sequence, those scored."""
    y = y or Y
    return [[lse(X[b][t]) - X[b][t][y[b][t + shift]] for t in range(max(0, lengths[b] - shift))]
            for b in range(B)]


def figures(values):
    n = len(values)
    mean = math.fsum(values) / n if n else math.nan
    error = (math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (n * (n - 1)))
             if n > 1 else math.nan)
    return {"count": n, "nll": math.fsum(values), "weight_sum": n, "mean": mean,
            "perplexity": math.exp(mean), "standard_error": error}


def plain(value):
    return {"NaN": math.nan, "Infinity": math.inf}.get(value, value)


class ThreeAxes(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", FLAT, shape=(B, T, C))
        self.save("y.npy", [y for seq in Y for y in seq], "<i4", shape=(B, T))
        self.base = ("categorical", "--logits", "x.npy", "--target", "y.npy")

    def agree(self, found, values):
        flat = [x for seq in values for x in seq]
        self.near([found["sum"], found["standard_error"]],
                  [math.fsum(flat), figures(flat)["standard_error"]])
        self.assertEqual((found["rows"], found["count"], found["ignored"], found["sequences"]),
                         (B * T, len(flat), B * T - len(flat), B))

    def test_all_rows(self):
        found = self.score(*self.base, "--out", "o.npy", "--grad", "g", "--mode", "m.npy",
                           "--metrics", "entropy", "--metrics-out", "s", "--seq-out", "q.npy")
        self.agree(found, nlls())
        self.assertEqual(self.load("o.npy")[1], (B, T))
        self.assertEqual(self.load("m.npy")[1], (B, T))
        self.assertEqual(self.load("s/entropy.npy")[1], (B, T))
        self.assertEqual(self.load("g/d_logits.npy")[1], (B, T, C))
        self.near(self.load("o.npy")[2], [x for seq in nlls() for x in seq])
        self.near(self.load("q.npy")[2], [math.fsum(seq) for seq in nlls()])
        self.save("flat.npy", FLAT, shape=(B * T, C))
        self.save("z.npy", [y for seq in Y for y in seq], "<i4")
        flat = self.score("categorical", "--logits", "flat.npy", "--target", "z.npy")
        self.assertEqual(flat["digest"], found["digest"])

    def test_shift(self):
        self.agree(self.score(*self.base, "--shift", "--out", "o.npy"), nlls(shift=1))
        values = self.load("o.npy")[2]
        self.assertEqual([values[b * T + T - 1] for b in range(B)], [0, 0, 0])

    def test_lengths(self):
        lengths = (2, 4, 0)
        self.save("n.npy", lengths, "<u2")
        self.save("pad.npy", [y if t < n else 999 for seq, n in zip(Y, lengths)
                              for t, y in enumerate(seq)], "<i4", shape=(B, T))
        words = ("categorical", "--logits", "x.npy", "--target", "pad.npy", "--lengths", "n.npy")
        self.agree(self.score(*words), nlls(lengths))
        self.agree(self.score(*words, "--shift"), nlls(lengths, 1))

    def test_one_sequence_of_two_axes(self):
        self.save("x2.npy", FLAT[:T * C], shape=(T, C))
        self.save("y2.npy", Y[0], "<i4")
        found = self.score("categorical", "--logits", "x2.npy", "--target", "y2.npy", "--shift")
        self.near([found["sum"]], [math.fsum(nlls(shift=1)[0])])

    def test_packed_sequences(self):
        self.save("x2.npy", FLAT, shape=(B * T, C))
        self.save("y2.npy", [y for seq in Y for y in seq], "<i4")
        self.save("o.npy", [0, T, 2 * T, 3 * T], "<i8")
        self.save("n.npy", [4, 1, 3], "<i8")
        words = ("categorical", "--logits", "x2.npy", "--target", "y2.npy", "--offsets", "o.npy")
        self.agree(self.score(*words, "--shift"), nlls(shift=1))
        self.agree(self.score(*words, "--shift", "--lengths", "n.npy"), nlls((4, 1, 3), 1))

    def test_rows_are_whole_sequences(self):
        self.save("n.npy", [4, 2, 3], "<i8")
        found = self.score(*self.base, "--rows", "1:", "--lengths", "n.npy", "--seq-out", "q.npy")
        self.assertEqual((found["rows"], found["sequences"], found["count"]), (2 * T, 2, 5))
        self.near(self.load("q.npy")[2], [math.fsum(seq) for seq in nlls((4, 2, 3))[1:]])

    def test_masks(self):
        weights = [float((b + t) % 2) for b in range(B) for t in range(T)]
        self.save("w.npy", weights, shape=(B, T))
        self.good("score", *self.base, "--sample-weight", "w.npy", "--seq-table", "t.json")
        for b, (row, values) in enumerate(zip(self.table_json("t.json"), nlls())):
            kept = [v for t, v in enumerate(values) if (b + t) % 2]
            for key, value in figures(kept).items():
                self.near([row[key]], [value])
        self.good("score", *self.base, "--ignore-index", 0, "--seq-table", "t.json")
        for seq, row, values in zip(Y, self.table_json("t.json"), nlls()):
            kept = [v for y, v in zip(seq, values) if y]
            for key, value in figures(kept).items():
                self.near([row[key]], [value])

    def table_json(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return [{key: plain(value) for key, value in row.items()} for row in json.load(file)]

    def table_csv(self, name):
        with open(self.path(name), encoding="ascii", newline="") as file:
            return [{key: float(value) for key, value in row.items()}
                    for row in csv.DictReader(file)]

    def table_npy(self, name):
        with open(self.path(name), "rb") as file:
            data = file.read()
        start = 10 + struct.unpack("<H", data[8:10])[0]
        self.assertEqual(start % 64, 0)
        fields = eval(data[10:start], {"__builtins__": {}}, {"False": False})
        names = [field[0] for field in fields["descr"]]
        code = "<" + "".join({"<i8": "q", "<f8": "d"}[field[1]] for field in fields["descr"])
        rows = list(struct.iter_unpack(code, data[start:]))
        self.assertEqual(fields["shape"], (len(rows),))
        return [dict(zip(names, row)) for row in rows]

    def test_tables(self):
        self.save("n.npy", [4, 1, 0], "<i8")
        self.save("b.npy", [9, 5, 2], "<i8")
        expected = [dict(figures(seq), bits_per_byte=math.fsum(seq) / LN_2 / n)
                    for seq, n in zip(nlls((4, 1, 0)), (9, 5, 2))]
        for ending, load in (("json", self.table_json), ("csv", self.table_csv),
                             ("npy", self.table_npy)):
            self.good("score", *self.base, "--lengths", "n.npy", "--seq-bytes", "b.npy",
                      "--seq-table", "t." + ending)
            rows = load("t." + ending)
            self.assertEqual(len(rows), B)
            for i, (row, want) in enumerate(zip(rows, expected)):
                self.assertEqual(row.pop("sequence", i), i)
                self.assertEqual(set(row), set(want))
                for key, value in want.items():
                    self.near([row[key]], [value], 1e-6)

    def test_table_without_bytes_and_with_a_number(self):
        self.good("score", *self.base, "--seq-table", "t.csv")
        self.assertNotIn("bits_per_byte", self.table_csv("t.csv")[0])
        self.good("score", *self.base, "--seq-table", "t.csv", "--seq-bytes", 8)
        self.near([row["bits_per_byte"] for row in self.table_csv("t.csv")],
                  [math.fsum(seq) / LN_2 / 8 for seq in nlls()])

    def test_table_of_another_model(self):
        self.save("z.npy", [1, 2, 3, 5])
        self.save("o.npy", [0, 3, 4], "<i8")
        self.save("w.npy", [1, 0, 1, 1])
        self.good("score", "gaussian", "--loc", "z.npy", "--target", 0, "--offsets", "o.npy",
                  "--sample-weight", "w.npy", "--seq-table", "t.npy")
        half = math.log(2 * math.pi) / 2
        rows = self.table_npy("t.npy")
        for key, value in figures([half + 0.5, half + 4.5]).items():
            self.near([rows[0][key]], [value])
        self.assertEqual(rows[1]["count"], 1)

    def test_mistakes(self):
        base = ("score", *self.base)
        self.save("n.npy", [4, 5, 0], "<i8")
        self.save("short.npy", [4, 4], "<i8")
        self.save("o.npy", [0, 12], "<i8")
        self.save("bad.npy", [0, 0, 0, 7] + [0] * 8, "<i4", shape=(B, T))
        self.save("f.npy", FLAT, shape=(B, T, C), fortran=True)
        self.save("turned.npy", [0] * 12, "<i4", shape=(T, B))
        self.refuse(65, *base, "--lengths", "n.npy", say=("n.npy", "index 1"))
        self.refuse(65, *base, "--lengths", "short.npy", say=("short.npy", "3"))
        self.refuse(64, *base, "--lengths", 3, say="--lengths")
        self.refuse(64, *base, "--offsets", "o.npy", say="--offsets")
        self.refuse(64, *base, "--seq-table", "t.txt", say=".csv")
        self.refuse(64, *base, "--shift=1", say="--shift")
        self.refuse(65, "score", "categorical", "--logits", "x.npy", "--target", "bad.npy",
                    "--shift", say=("bad.npy", "found 7 in row 3"))
        self.refuse(65, "score", "categorical", "--logits", "f.npy", "--target", "y.npy",
                    say=("f.npy", "C order"))
        self.refuse(65, "score", "categorical", "--logits", "x.npy", "--target", "turned.npy",
                    say=("turned.npy", "1-D"))
        self.refuse(64, *base[:2], "--logits", "x.npy", "--target-probs", "x.npy", "--shift")
        self.save("y1.npy", [0] * 12, "<i4")
        self.save("x2.npy", FLAT, shape=(12, 3))
        flat = ("score", "categorical", "--logits", "x2.npy", "--target", "y1.npy")
        self.refuse(64, *flat, "--lengths", "n.npy", say="--offsets")
        self.refuse(64, *flat, "--seq-table", "t.csv", say="--offsets")
        self.assertFalse([name for name in self.files() if name.startswith("t.")])
