"""inputs.py: every way to give the same numbers gives the same bits."""

import os
import subprocess
import unittest

import support
from support import CODES, Case, bf16, npy

REALS = [0.5, -1.25, 2.0, 3.0, 3.5, -0.75, -2.5, 0.25, 0.125, 1.0, 2.0, 4.0]  # exact in bf16
LABELS = [2, 0, 1, 0]


def columns(values, rows, cols):
    """C order to Fortran order."""
    return [values[i * cols + j] for j in range(cols) for i in range(rows)]


class Layouts(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", REALS, shape=(4, 3))
        self.save("y.npy", LABELS, "<i8")
        self.base = self.digest()

    def digest(self, logits="x.npy", target="y.npy", *words, **options):
        found = self.score("categorical", "--logits", logits, "--target", target, *words, **options)
        self.assertEqual((found["rows"], found["cols"]), (4, 3))
        return found["digest"]

    def test_fortran_order(self):
        self.save("f.npy", columns(REALS, 4, 3), shape=(4, 3), fortran=True)
        self.assertEqual(self.digest("f.npy"), self.base)

    def test_fortran_order_gradient_and_rows(self):
        self.save("f.npy", columns(REALS, 4, 3), shape=(4, 3), fortran=True)
        for name, directory in (("x.npy", "c"), ("f.npy", "f")):
            self.good("score", "categorical", "--logits", name, "--target", "y.npy", "--rows",
                      "1:3", "--grad", directory)
        self.assertEqual(self.load("c/d_logits.npy"), self.load("f/d_logits.npy"))

    def test_byte_order(self):
        self.save("b.npy", REALS, ">f4", shape=(4, 3))
        self.save("l.npy", LABELS, ">i2")
        self.assertEqual(self.digest("b.npy", "l.npy"), self.base)

    def test_byte_order_and_fortran(self):
        self.save("b.npy", columns(REALS, 4, 3), ">f4", shape=(4, 3), fortran=True)
        self.assertEqual(self.digest("b.npy"), self.base)

    def test_integer_labels_of_all_types(self):
        for code in CODES:
            if code[0] in "iu":
                for order in "<>":
                    self.save("l.npy", LABELS, order + code)
                    self.assertEqual(self.digest(target="l.npy"), self.base, code)

    def test_bool_labels(self):
        self.save("l.npy", [1, 0, 1, 0], "|b1")
        self.save("m.npy", [1, 0, 1, 0], "<i8")
        self.assertEqual(self.digest(target="l.npy"), self.digest(target="m.npy"))

    def test_half(self):
        self.save("h.npy", REALS, "<f2", shape=(4, 3))
        self.save("s.npy", REALS, ">f2", shape=(4, 3))
        self.assertEqual(self.digest("h.npy"), self.base)
        self.assertEqual(self.digest("s.npy"), self.base)

    def test_bfloat16(self):
        for descr in ("<V2", "|V2", "<u2", ">u2"):
            self.save("h.npy", [bf16(x) for x in REALS], descr, shape=(4, 3))
            self.assertEqual(self.digest("h.npy", "y.npy", "--dtype", "bf16"), self.base, descr)
        self.save("l.npy", LABELS, "<u2")  # labels stay integers
        self.assertEqual(self.digest("h.npy", "l.npy", "--dtype", "bf16"), self.base)

    def test_raw_elements_need_a_type(self):
        self.save("h.npy", [bf16(x) for x in REALS], "|V2", shape=(4, 3))
        self.refuse(65, "score", "categorical", "--logits", "h.npy", "--target", "y.npy",
                    say=("h.npy", "--dtype bf16"))

    def test_double_is_computed_in_double(self):
        self.save("d.npy", REALS, "<f8", shape=(4, 3))
        found = self.score("categorical", "--logits", "d.npy", "--target", "y.npy", "--out",
                           "o.npy")
        self.assertEqual(found["dtype"], "f64")
        self.assertEqual(self.load("o.npy")[0], "<f8")
        self.assertNotEqual(found["digest"], self.base)

    def test_integers_as_reals(self):
        whole = [int(x) for x in REALS]
        self.save("f.npy", whole, "<f4", shape=(4, 3))
        expected = self.digest("f.npy")
        for descr in ("|i1", "<i2", ">i4", "<i8"):
            self.save("i.npy", whole, descr, shape=(4, 3))
            self.assertEqual(self.digest("i.npy"), expected, descr)
        self.save("f.npy", [abs(x) for x in whole], "<f4", shape=(4, 3))
        expected = self.digest("f.npy")
        for descr in ("|u1", "<u2", "<u4", ">u8"):
            self.save("i.npy", [abs(x) for x in whole], descr, shape=(4, 3))
            self.assertEqual(self.digest("i.npy"), expected, descr)
        self.save("f.npy", [x > 0 for x in REALS], "<f4", shape=(4, 3))
        self.save("i.npy", [x > 0 for x in REALS], "|b1", shape=(4, 3))
        self.assertEqual(self.digest("i.npy"), self.digest("f.npy"))

    def test_pipes(self):
        data = npy(REALS, shape=(4, 3))
        self.assertEqual(self.digest("/dev/stdin", stdin=data), self.base)
        self.assertEqual(self.digest("-", stdin=data), self.base)
        os.mkfifo(self.path("pipe"))
        writer = subprocess.Popen(["sh", "-c", "cat x.npy >pipe"], cwd=self.dir)
        self.addCleanup(writer.kill)
        self.assertEqual(self.digest("pipe"), self.base)
        self.assertEqual(writer.wait(), 0)

    def test_large_pipe(self):
        self.save("z.npy", [0.0] * 100000)
        with open(self.path("z.npy"), "rb") as file:
            data = file.read()
        self.assertEqual(self.score("gaussian", "--loc", "-", "--target", 0, stdin=data)["digest"],
                         self.score("gaussian", "--loc", "z.npy", "--target", 0)["digest"])

    def test_cut_pipe(self):
        self.refuse(65, "score", "categorical", "--logits", "-", "--target", "y.npy",
                    stdin=npy(REALS, shape=(4, 3))[:-1], say="truncated")

    def test_literal_target_is_broadcast(self):
        self.save("l.npy", [1] * 4, "<i8")
        self.assertEqual(self.digest(target="1"), self.digest(target="l.npy"))

    def test_literal_matrix_is_broadcast(self):
        self.save("q.npy", [0.25] * 12, shape=(4, 3))
        words = ("categorical", "--logits", "x.npy", "--target-probs")
        self.assertEqual(self.score(*words, 0.25)["digest"], self.score(*words, "q.npy")["digest"])

    def test_scalar_file_is_broadcast(self):
        self.save("one.npy", [1], "<i8", shape=())
        self.assertEqual(self.digest(target="one.npy"), self.digest(target="1"))
        self.save("two.npy", [2.0], "<f4", shape=())
        self.save("z.npy", REALS)
        self.assertEqual(self.score("gaussian", "--loc", "z.npy", "--target", "two.npy")["digest"],
                         self.score("gaussian", "--loc", "z.npy", "--target", 2)["digest"])

    def test_number_wins_over_a_file_of_that_name(self):
        self.save("7", [1.0, 2.0])
        self.assertEqual(self.score("gaussian", "--loc", "7", "--target", 0)["rows"], 1)
        self.assertEqual(self.score("gaussian", "--loc", "./7", "--target", 0)["rows"], 2)
        self.save("1.npy", [1.0, 2.0])
        self.assertEqual(self.score("gaussian", "--loc", "1.npy", "--target", 0)["rows"], 2)

    def test_ways_to_write_a_number(self):
        expected = self.score("gaussian", "--loc", "-0.5", "--target", 1)["digest"]
        for text in ("-5e-1", "-.5", "-0x1p-1"):
            self.assertEqual(self.score("gaussian", "--loc", text, "--target", "1.0")["digest"],
                             expected)
        self.assertEqual(self.score("gaussian", "--loc=-0.5", "--target=1")["digest"], expected)
        self.assertEqual(self.score("gaussian", "--loc", "nan", "--target", 1)["sum"], "NaN")

    def test_literals_equal_files(self):
        self.save("z.npy", REALS)
        self.save("s.npy", [0.3] * 12)
        self.assertEqual(
            self.score("gaussian", "--loc", "z.npy", "--scale", 0.3, "--target", 1)["digest"],
            self.score("gaussian", "--loc", "z.npy", "--scale", "s.npy", "--target", 1)["digest"])

    def test_empty_arrays(self):
        self.save("e.npy", [], shape=(0, 3))
        self.save("f.npy", [], "<i8")
        found = self.score("categorical", "--logits", "e.npy", "--target", "f.npy", "--out",
                           "o.npy", "--grad", "g")
        self.assertEqual((found["rows"], found["count"], found["mean"]), (0, 0, "NaN"))
        self.assertEqual(self.load("o.npy"), ("<f4", (0,), []))
        self.assertEqual(self.load("g/d_logits.npy"), ("<f4", (0, 3), []))


class Slices(Case):
    def test_as_python_slices(self):
        values = [float(i) for i in range(7)]
        self.save("z.npy", values)
        for text in (":", "0:7", "2:", ":3", "2:5", "-2:", ":-2", "-5:-1", "3:3", "5:2", "0:100",
                     "-100:2", "100:", "6:7"):
            with self.subTest(text):
                begin, end = (int(x) if x else None for x in text.split(":"))
                expected = values[begin:end]
                self.good("score", "gaussian", "--loc", "z.npy", "--target", 0, "--rows", text,
                          "--mode", "m.npy")
                self.assertEqual(self.load("m.npy")[2], expected)

    def test_all_rows_are_cut_alike(self):
        self.save("x.npy", REALS, shape=(4, 3))
        self.save("y.npy", LABELS, "<i8")
        self.save("w.npy", [1, 2, 3, 4])
        self.save("x2.npy", REALS[3:9], shape=(2, 3))
        self.save("y2.npy", LABELS[1:3], "<i8")
        self.save("w2.npy", [2, 3])
        cut = self.score("categorical", "--logits", "x.npy", "--target", "y.npy", "--sample-weight",
                         "w.npy", "--rows", "1:3")
        short = self.score("categorical", "--logits", "x2.npy", "--target", "y2.npy",
                           "--sample-weight", "w2.npy")
        for key in ("rows", "digest", "sum_hex", "weight_sum", "bytes"):
            self.assertEqual(cut[key], short[key], key)

    def test_nonsense(self):
        self.save("z.npy", [1.0])
        for text in ("1", "a:b", "1:2:3", "1.5:2", " 1:2", "1 :2", "99999999999999999999:", "::"):
            self.refuse(64, "score", "gaussian", "--loc", "z.npy", "--target", 0, "--rows", text,
                        say="--rows")


class SameBits(Case):
    """Nothing about how it is run changes a bit."""

    def setUp(self):
        super().setUp()
        state, values = 1, []
        for _ in range(1500 * 17):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            values.append((state >> 40) / 2.0 ** 20 - 8)
        self.save("x.npy", values, shape=(1500, 17))
        self.save("y.npy", [i * 7 % 17 for i in range(1500)], "<u1")
        self.words = ("categorical", "--logits", "x.npy", "--target", "y.npy", "--grad", "g")

    def results(self, *words, **options):
        found = self.score(*self.words, *words, **options)
        with open(self.path("g/d_logits.npy"), "rb") as file:
            return found["digest"], found["sum_hex"], file.read()

    def test_threads(self):
        expected = self.results("--threads", 1)
        for threads in (2, 3, 7, 64):
            self.assertEqual(self.results("--threads", threads), expected)
        self.assertEqual(self.results(env={"NLL_NUM_THREADS": "5"}), expected)

    def test_large_mapped_file(self):
        """Over 32 MiB: pages are made ready and given back while threads compute.  A pipe has none of that."""
        rows, cols = 300001, 32
        with open(self.path("large.npy"), "wb") as file:
            file.write(support.header("<f4", (rows, cols)))
            values = support.struct.pack("<4093f", *((i * 2654435761 % 4093) / 512 - 4 for i in range(4093)))
            file.write((values * (rows * cols // 4093 + 1))[:rows * cols * 4])
        self.save("y.npy", [i * 5 % cols for i in range(rows)], "<u1")
        words = ("categorical", "--target", "y.npy", "--out", "o.npy")
        for part in ((), ("--rows", "77777:300000")):
            with open(self.path("large.npy"), "rb") as file:
                found = self.score(*words, "--logits", "-", *part, stdin=file.read())
            expected = found["digest"], found["sum_hex"]
            for threads in ("1", "2", "3"):
                for progress in ("never", "always"):
                    found = self.score(*words, "--logits", "large.npy", *part, "--threads", threads,
                                       "--progress", progress)
                    self.assertEqual((found["digest"], found["sum_hex"]), expected, (part, threads, progress))

    def test_instruction_sets(self):
        info = support.json.loads(self.good("info", "--json").stdout)
        expected = self.results()
        for isa in info["isa_runnable"]:
            self.assertEqual(self.results("--isa", isa), expected, isa)
            self.assertEqual(self.score(*self.words, "--isa", isa)["isa"], isa)

    def test_progress(self):
        quiet = self.results("--progress", "never")
        self.assertEqual(self.results("--progress", "always", "--threads", 2), quiet)

    def test_digest_is_of_values_and_sum(self):
        """XXH3 of the per-row bytes and the sum, where the xxhash tool is installed."""
        found = self.score(*self.words, "--out", "o.npy")
        values = self.load("o.npy")[2]
        with open(self.path("hashed"), "wb") as file:
            file.write(support.struct.pack("<%df" % len(values), *values))
            file.write(support.struct.pack("<d", found["sum"]))
        try:
            text = subprocess.run(["xxh128sum", self.path("hashed")], capture_output=True,
                                  check=True).stdout.decode()
        except (OSError, subprocess.CalledProcessError):
            raise unittest.SkipTest("xxh128sum is not installed")
        self.assertEqual(found["digest"], text.split()[0])
