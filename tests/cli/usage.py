"""usage.py: words on the command line, help, and the other commands."""

import json
import os
import re

from support import Case, npy

LATER = ("binomial geometric poisson negative_binomial zero_inflated_poisson beta_binomial "
         "lognormal half_normal laplace cauchy logistic gumbel student_t exponential gamma "
         "inverse_gamma weibull pareto beta von_mises tweedie dirichlet multinomial kl").split()


class Usage(Case):
    def setUp(self):
        super().setUp()
        self.save("x.npy", [0.5, 1, 2, 3, 4, 5], shape=(2, 3))
        self.save("y.npy", [0, 2], "<i8")
        self.base = ("score", "categorical", "--logits", "x.npy", "--target", "y.npy")

    def test_commands(self):
        self.refuse(64, say="--help")
        self.refuse(64, "scor", say="did you mean 'score'?")
        self.refuse(64, "selftst", say="did you mean 'selftest'?")
        self.refuse(64, "frobnicate", say="'frobnicate'")
        self.refuse(64, "--versoin", say="did you mean '--version'?")
        self.refuse(64, "score", say="MODEL")
        self.refuse(64, "score", "--json", "gaussian", say="--json")
        self.refuse(64, "demo", say="DIR")
        self.refuse(64, "demo", "a", "b", say="'b'")
        self.refuse(64, "info", "--jso", say="did you mean '--json'?")
        self.refuse(64, "selftest", "now", say="'now'")

    def test_models(self):
        self.refuse(64, "score", "categorial", say="did you mean 'categorical'?")
        self.refuse(64, "score", "Gaussian", say="did you mean 'gaussian'?")
        self.refuse(64, "score", "xyzzy", say="'xyzzy'")
        for model in LATER:
            code = self.run_nll("score", model, "--target", "1").returncode
            self.assertIn(code, (64, 69), model)  # 64: built by now, and its flags are missing

    def test_unknown_options(self):
        error = self.refuse(64, *self.base[:2], "--logit", "x.npy", "--target", "y.npy")
        self.assertEqual(error, "nll: unknown option '--logit'; did you mean '--logits'?\n")
        for wrong, right in (("--targt", "--target"), ("--logprobs", "--log-probs"),
                             ("--reducton", "--reduction"), ("--classweight", "--class-weight"),
                             ("--label-smooth", "--label-smoothing"), ("--hlep", "--help")):
            self.refuse(64, *self.base, wrong, 1, say="did you mean '%s'?" % right)
        self.refuse(64, *self.base, "--frobnicate", say=("'--frobnicate'", "--help"))
        self.refuse(64, *self.base, "--frobnicate=3", say="'--frobnicate'")
        self.refuse(64, *self.base, "-x", say="'-x'")
        self.refuse(64, *self.base, "--loc", 1, say="'--loc'")  # another model's

    def test_values(self):
        self.refuse(64, *self.base, "--reduction", say="needs a value")
        self.refuse(64, *self.base, "--json=yes", say="takes no value")
        self.refuse(64, *self.base, "extra", say="'extra'")
        self.refuse(64, *self.base, "--", "--json", say="'--json'")
        self.refuse(64, *self.base, "--target", "y.npy", say="twice")
        self.refuse(64, *self.base, "--reduction", "men", say="did you mean 'mean'?")
        self.refuse(64, *self.base, "--reduction", "product", say="none")
        self.refuse(64, *self.base, "--unit", "bit", say="did you mean 'bits'?")
        self.refuse(64, *self.base, "--progress", "maybe", say="never")
        self.refuse(64, *self.base, "--dtype", "f8", say="bf16")
        for text in ("0", "-1", "x", "1.5", "99999", ""):
            self.refuse(64, *self.base, "--threads", text, say="--threads")
        for text in ("0", "-5", "many", "1e3", "99999999999999999999"):
            self.refuse(64, *self.base, "--bytes", text, say="--bytes")
        for flag, texts in (("label-smoothing", ("-0.1", "1.5", "x", "nan", "x.npy")),
                            ("temperature", ("0", "-1", "inf")), ("softcap", ("0", "nan")),
                            ("z-loss", ("-1", "inf")), ("ignore-index", ("0.5", "x"))):
            for text in texts:
                self.refuse(64, *self.base, "--" + flag, text, say="--" + flag)

    def test_alternatives(self):
        self.refuse(64, "score", "categorical", "--target", "y.npy",
                    say="missing --logits, --log-probs, --probs or --logits-kld")
        self.refuse(64, "score", "categorical", "--logits", "x.npy",
                    say="missing --target, --target-probs or --target-log-probs")
        self.refuse(64, *self.base, "--probs", "x.npy", say=("--logits", "--probs", "alternatives"))
        self.refuse(64, *self.base, "--target-probs", "x.npy", say="alternatives")
        self.refuse(64, "score", "gaussian", "--target", 1, say="missing --loc")
        self.refuse(64, "score", "gaussian", "--loc", 1, say="missing --target")
        self.refuse(64, "score", "gaussian", "--loc", 1, "--target", 1, "--scale", 1, "--log-var",
                    1, say=("--scale", "--log-var"))
        self.refuse(64, *self.base, "--seq-out", "s.npy", say="--offsets")
        self.refuse(64, "score", "categorical", "--logits", 0, "--target", 1, say="classes")
        self.refuse(64, "score", "categorical", "--probs", "x.npy", "--target", "y.npy",
                    "--temperature", 2, say="categorical")

    def test_not_built(self):
        self.refuse(64, *self.base, "--top-k", 0, say="--top-k")
        self.refuse(64, *self.base, "--metrics", "breir", say="did you mean 'brier'")
        self.refuse(64, *self.base, "--metrics", "brier,", say="unknown value ''")
        self.refuse(64, *self.base, "--metrics-out", "m", say="--metrics")

    def test_instruction_sets(self):
        self.refuse(64, *self.base, "--isa", "sse9", say="--isa")
        self.refuse(64, *self.base, "--isa", "avx521", say="did you mean 'avx512'?")
        runnable = json.loads(self.good("info", "--json").stdout)["isa_runnable"]
        for name in {"avx512", "avx2", "neon"} - set(runnable):
            self.refuse(69, *self.base, "--isa", name, say=name)

    def test_inputs_that_are_not_there(self):
        self.refuse(66, *self.base[:3], "no.npy", "--target", "y.npy",
                    say=("nll: no.npy:", "No such file"))
        self.refuse(66, *self.base[:3], "no-such", "--target", "y.npy", say="no-such")
        self.refuse(66, *self.base[:3], ".", "--target", "y.npy", say="directory")
        self.refuse(66, *self.base[:3], "", "--target", "y.npy", say="No such file")
        self.refuse(66, *self.base, "--sample-weight", "no.npy", say="no.npy")
        self.refuse(66, *self.base, "--offsets", "no.npy", say="no.npy")
        self.save_bytes("locked.npy", npy([1, 2], "<i8"))
        os.chmod(self.path("locked.npy"), 0)
        if os.geteuid():
            self.refuse(66, *self.base[:4], "--target", "locked.npy", say="Permission")

    def test_file_names_stay_on_one_line(self):
        name = "a\nb\x1b[31m\x7f.npy"
        error = self.refuse(66, *self.base[:3], name, "--target", "y.npy", say=r"a\nb\x1b[31m\x7f")
        self.assertNotIn("\x1b", error)
        self.save_bytes(name, b"rubbish")
        self.refuse(65, *self.base[:3], name, "--target", "y.npy", say=r"a\nb")

    def test_shapes(self):
        self.save("flat.npy", [1, 2, 3])
        self.refuse(65, *self.base[:3], "flat.npy", "--target", "y.npy",
                    say=("flat.npy: expected a 2-D array [n, c]", "found shape (3,)"))
        self.refuse(65, *self.base[:4], "--target", "x.npy", say=("x.npy", "integers"))
        self.save("three.npy", [0, 1, 2], "<i8")
        self.refuse(65, *self.base[:4], "--target", "three.npy",
                    say=("three.npy: expected 2 rows as in x.npy, found 3", ";"))
        self.save("deep.npy", range(8), shape=(2, 2, 2))
        self.refuse(65, *self.base[:3], "deep.npy", "--target", "y.npy", say="y.npy: expected 4 rows")
        self.save("column.npy", [0, 1], "<i8", shape=(2, 1))
        self.refuse(65, *self.base[:4], "--target", "column.npy", say="(2, 1)")
        self.save("q.npy", [0.5] * 4, shape=(2, 2))
        self.refuse(65, *self.base[:4], "--target-probs", "q.npy", say="columns")
        self.save("none.npy", [], shape=(2, 0))
        self.refuse(65, *self.base[:3], "none.npy", "--target", "y.npy", say="at least one class")
        self.save("v.npy", [1, 1])
        self.refuse(65, *self.base, "--class-weight", "v.npy", say="3 classes")
        self.refuse(65, *self.base, "--sample-weight", "flat.npy", say="rows")

    def test_labels(self):
        for value, descr in ((3, "<i8"), (-1, "<i8"), (255, "|u1"), (1 << 62, "<u8")):
            self.save("l.npy", [0, value], descr)
            self.refuse(65, *self.base[:4], "--target", "l.npy",
                        say=("l.npy: expected classes from 0 to 2", "found %d" % value, "row 1"))
        self.refuse(65, *self.base[:4], "--target", 3, say="found 3")
        self.refuse(65, *self.base[:4], "--target", 0.5, say="integer")
        self.save("l.npy", [0.0, 1.0])
        self.refuse(65, *self.base[:4], "--target", "l.npy", say=("l.npy", "integers", "f32"))

    def test_label_row_counts_from_the_file(self):
        self.save("l.npy", [9, 9], "<i8")
        self.refuse(65, *self.base[:4], "--target", "l.npy", "--rows", "1:", say="row 1")

    def test_quiet(self):
        self.assertEqual(self.good(*self.base, "--quiet").stdout, b"")
        done = self.good(*self.base, "--quiet", "--json", "--progress", "always")
        self.assertEqual(json.loads(done.stdout)["rows"], 2)
        self.assertEqual(done.stderr, b"")

    def test_progress(self):
        self.assertEqual(self.good(*self.base).stderr, b"")  # no terminal
        self.assertIn(b"100 %", self.good(*self.base, "--progress", "always").stderr)

    def test_threads(self):
        self.assertEqual(json.loads(self.good(*self.base, "--json", env={"NLL_NUM_THREADS": "x"})
                                    .stdout)["rows"], 2)


class Help(Case):
    def test_help(self):
        text = self.good("--help").stdout.decode()
        for word in ("score", "demo", "info", "selftest", "--version"):
            self.assertIn(word, text)
        text = self.good("score", "--help").stdout.decode()
        for word in ("categorical", "bernoulli", "gaussian", "--reduction", "--grad"):
            self.assertIn(word, text)
        flags = {"categorical": "--logits --log-probs --probs --target --target-probs "
                                "--class-weight --ignore-index --label-smoothing --z-loss "
                                "--temperature --softcap --top-k --metrics --metrics-out "
                                "--shift --lengths --target-index "
                                "--target-log-probs --tail --hess",
                 "bernoulli": "--logits --probs --pos-weight --label-smoothing --target",
                 "gaussian": "--loc --scale --var --log-scale --log-var --target"}
        common = ("--sample-weight --reduction --offsets --seq-out --seq-table --seq-bytes --bytes --out --grad --mode "
                  "--threads --isa --rows --unit --json --progress --strict --quiet")
        for model, words in flags.items():
            text = self.good("score", model, "--help").stdout.decode()
            for word in (words + " " + common).split():
                self.assertRegex(text, re.escape(word) + "[=\n ]")
        for command in ("demo", "info", "selftest"):
            self.assertIn(command, self.good(command, "--help").stdout.decode())

    def test_version(self):
        self.assertRegex(self.good("--version").stdout.decode(),
                         r"^nll \d+\.\d+\.\d+ \(numerics \d+\)\n$")


class OtherCommands(Case):
    def test_unknown_cap_is_ignored_and_said_on_request(self):
        best = json.loads(self.good("info", "--json").stdout)
        for verbose, lines in (("1", 1), ("0", 0), ("", 0)):
            done = self.good("info", "--json", env={"NLL_MAX_ISA": "avx3", "NLL_VERBOSE": verbose})
            self.assertEqual(json.loads(done.stdout), best)
            self.assertEqual(done.stderr.count(b"\n"), lines)

    def test_info(self):
        text = self.good("info").stdout.decode()
        for word in ("CPU", "L2", "ISAs built", "ISA in use", "threads", "compiler", "SLEEF"):
            self.assertIn(word, text)
        found = json.loads(self.good("info", "--json").stdout)
        self.assertIn("scalar", found["isa_built"])
        self.assertIn(found["isa"], found["isa_runnable"])
        self.assertLessEqual(set(found["isa_runnable"]), set(found["isa_built"]))
        found = json.loads(self.good("info", "--json", env={"NLL_MAX_ISA": "scalar"}).stdout)
        self.assertEqual(found["isa"], "scalar")

    def test_selftest(self):
        text = self.selftest()
        self.assertRegex(text, r"\nselftest: ok  digest [0-9a-f]{32}\n$")
        self.assertIn("scalar", text)
