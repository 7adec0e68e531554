"""fitting.py: nll fit: estimates by closed forms, rankings, what is held, and mistakes."""

import json
import math

from support import Case

HOURS = [23, 261, 87, 7, 120, 14, 62, 47, 225, 71, 246, 21, 42, 20, 5, 12, 120, 11, 3, 14, 71, 11, 14,
         11, 16, 90, 1, 16, 52, 95]


class Base(Case):
    def setUp(self):
        super().setUp()
        self.save("y.npy", HOURS, "<f8")

    def fit(self, *words, **options):
        """The JSON account of nll fit."""
        return json.loads(self.good("fit", *words, "--json", **options).stdout)


class Fitting(Base):
    def test_exponential(self):
        done = self.fit("exponential", "--target", "y.npy")
        rate = 30 / math.fsum(HOURS)
        (p,) = done["parameters"]
        self.assertEqual((p["name"], p["fixed"]), ("rate", False))
        self.near([p["estimate"], p["standard_error"]], [rate, rate / math.sqrt(30)], 1e-12)
        loglik = 30 * math.log(rate) - 30
        self.near([done["log_likelihood"], done["aic"], done["bic"]],
                  [loglik, 2 - 2 * loglik, math.log(30) - 2 * loglik], 1e-12)
        self.assertEqual((done["converged"], done["outcome"], done["rows"]), (True, "converged", 30))
        self.assertEqual(float.fromhex(done["log_likelihood_hex"]), done["log_likelihood"])

    def test_types_and_order_do_not_matter(self):
        want = self.fit("gamma", "--target", "y.npy")["parameters"]
        for descr in ("<f4", ">f8", "<i4", "<u2", "<f2"):
            self.save("z.npy", HOURS, descr)
            self.assertEqual(self.fit("gamma", "--target", "z.npy")["parameters"], want, descr)

    def test_isa_and_threads_change_no_bit(self):
        def bits(*words):
            done = self.fit("weibull", "--target", "y.npy", *words)
            return ([p["estimate_hex"] for p in done["parameters"]], done["covariance"],
                    done["log_likelihood_hex"])
        want = bits()
        for isa in json.loads(self.good("info", "--json").stdout)["isa_runnable"]:
            self.assertEqual(bits("--isa", isa), want)
        self.assertEqual(bits("--threads", 3), want)

    def test_text(self):
        text = self.good("fit", "gamma", "--target", "y.npy").stdout.decode()
        for word in ("gamma: 30 rows, f64", "concentration", "0.811911", "log-likelihood", "-152.167",
                     "AIC", "BIC", "converged"):
            self.assertIn(word, text)
        self.assertEqual(self.good("fit", "gamma", "--target", "y.npy", "--quiet").stdout, b"")

    def test_compare(self):
        models = "exponential,gamma,weibull,lognormal,beta,pareto"
        done = self.fit("--compare", models, "--target", "y.npy")["models"]
        self.assertEqual(sorted(m["model"] for m in done), sorted(models.split(",")))
        ranked = [m for m in done if m["converged"]]
        self.assertEqual([m["aic"] for m in ranked], sorted(m["aic"] for m in ranked))
        self.assertEqual(ranked[0]["delta_aic"], 0)
        self.near([math.fsum(m["weight"] for m in ranked)], [1], 1e-12)
        self.near([ranked[1]["weight"] / ranked[0]["weight"]], [math.exp(-ranked[1]["delta_aic"] / 2)],
                  1e-12)
        self.assertEqual((done[-1]["model"], done[-1]["outcome"], done[-1]["bad_row"]),
                         ("beta", "outside", 0))
        text = self.good("fit", "--compare", models, "--target", "y.npy").stdout.decode()
        self.assertIn("beta", text.splitlines()[-3])
        self.refuse(64, "fit", "--compare", "gamma,poisson", "--target", "y.npy", say="do not compare")
        self.refuse(64, "fit", "--compare", "gamma,gamma", "--target", "y.npy", say="twice")
        self.refuse(64, "fit", "--compare", "gamma,tweedie", "--target", "y.npy", say="tweedie")
        self.refuse(64, "fit", "gamma", "--compare", "gamma", "--target", "y.npy", say="exclude")
        self.refuse(65, "fit", "--compare", "beta", "--target", "y.npy", say=("y.npy", "row 0"))

    def test_held_parameters(self):
        done = self.fit("gamma", "--target", "y.npy", "--concentration", 2)
        held, rate = done["parameters"]
        self.assertEqual((held["estimate"], held["fixed"], held["standard_error"]), (2, True, 0))
        self.near([rate["estimate"]], [60 / math.fsum(HOURS)], 1e-12)
        self.save("n.npy", [4, 9, 12], "<i4")
        self.save("k.npy", [1, 5, 4], "<i4")
        done = self.fit("binomial", "--target", "k.npy", "--total-count", "n.npy")
        self.near([done["parameters"][1]["estimate"]], [10 / 25], 1e-12)
        done = self.fit("poisson", "--target", "k.npy", "--form", "log-rate")
        self.assertEqual(done["parameters"][0]["name"], "log_rate")
        self.near([done["parameters"][0]["estimate"]], [math.log(10 / 3)], 1e-12)

    def test_start_and_limits(self):
        a = self.fit("weibull", "--target", "y.npy", "--start", "scale=20,concentration=3")
        b = self.fit("weibull", "--target", "y.npy")
        self.near([p["estimate"] for p in a["parameters"]], [p["estimate"] for p in b["parameters"]],
                  1e-8)
        self.refuse(1, "fit", "weibull", "--target", "y.npy", "--max-iterations", 1, "--quiet",
                    say="iterations")

    def test_weights_and_rows(self):
        self.save("w.npy", [2] * 10 + [0] * 20)
        a = self.fit("exponential", "--target", "y.npy", "--sample-weight", "w.npy")
        b = self.fit("exponential", "--target", "y.npy", "--rows", ":10")
        self.assertEqual((a["count"], a["weight_sum"], b["rows"]), (10, 20, 10))
        self.near([a["parameters"][0]["estimate"], a["log_likelihood"]],
                  [b["parameters"][0]["estimate"], 2 * b["log_likelihood"]], 1e-12)

    def test_no_maximum(self):
        self.save("e.npy", [3, 3, 3], "<f8")
        done = self.run_nll("fit", "gaussian", "--target", "e.npy", "--json")
        told = json.loads(done.stdout)
        self.assertEqual((done.returncode, told["converged"], told["outcome"], told["about"]),
                         (1, False, "unbounded", "scale"))
        self.refuse(1, "fit", "gaussian", "--target", "e.npy", say=("no maximum", "scale"))
        done = self.fit("negative_binomial", "--target", "e.npy")
        self.assertEqual((done["outcome"], done["parameters"][1]["estimate"]), ("limit", "Infinity"))

    def test_no_maximum_anywhere(self):
        models, base = "laplace,gaussian,logistic", ("--target", "y.npy", "--loc", "y.npy")
        done = self.run_nll("fit", "--compare", models, *base, "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([m["outcome"] for m in json.loads(done.stdout)["models"]], ["unbounded"] * 3)
        self.refuse(1, "fit", "--compare", models, *base, "--quiet", say=("laplace", "no maximum"))
        self.refuse(1, "fit", "laplace", *base, "--quiet", say=("no maximum", "scale"))
        self.refuse(1, "fit", "weibull", "--target", "y.npy", "--max-iterations", 1, "--quiet",
                    say="weibull: not found")
        self.save("z.npy", [0, 0, 0], "<f8")
        text = self.good("fit", "poisson", "--target", "z.npy").stdout.decode()
        self.assertNotIn(" -0 ", text)
        self.assertNotIn("-nan", text)

    def test_rows_and_files_at_fault(self):
        self.save("s.npy", [1, 2, 3, -2, 4, 5], "<f4")
        rows = ("--rows", "1:")
        done = self.fit("--compare", "gaussian,gamma", "--target", "s.npy", *rows)["models"]
        self.assertEqual((done[1]["model"], done[1]["bad_row"]), ("gamma", 3))
        text = self.good("fit", "--compare", "gaussian,gamma", "--target", "s.npy", *rows).stdout.decode()
        self.assertIn("row 3", text)
        self.save("t.npy", [1, 2, 3, 4, 5, 6], "<i4")
        for descr in ("<f2", "<f4", ">f8", "<i4"):
            self.save("s.npy", [1, 2, 3, -2, 4, 5], descr)
            self.refuse(65, "fit", "gaussian", "--target", "t.npy", "--scale", "s.npy", *rows,
                        say=("s.npy", "--scale", "> 0", "-2", "row 3"))
            self.refuse(65, "fit", "--compare", "gaussian,laplace", "--target", "t.npy", "--scale",
                        "s.npy", "--loc", 1, say=("s.npy", "row 3"))
            self.refuse(65, "fit", "--compare", "gaussian,gamma", "--target", "t.npy",
                        "--sample-weight", "s.npy", say=("s.npy", "weights", "-2", "row 3"))
        base = ("fit", "gamma", "--target", "y.npy")
        self.refuse(64, *base, "--rate", -3, say=("--rate", "> 0", "-3"))
        self.refuse(64, *base, "--start", "rate=-3", say=("--start rate", "> 0", "-3"))
        self.refuse(64, "fit", "tweedie", "--target", "y.npy", "--power", 2.5,
                    say=("--power", "between 1 and 2", "2.5"))

    def test_digits(self):
        self.save("big.npy", [1e10 + k * 2.0 ** -4 for k in range(10)], "<f8")
        done = self.fit("gaussian", "--target", "big.npy")["parameters"][0]
        line = self.good("fit", "gaussian", "--target", "big.npy").stdout.decode().splitlines()[3].split()
        self.assertEqual(line[0], "loc")
        self.near([float(line[1]) - done["estimate"]], [0], done["standard_error"] / 100)
        self.save("noisy.npy", [1 / 3, 700, -1000, 5], "<f8")
        line = self.good("fit", "gaussian", "--target", "noisy.npy").stdout.decode().splitlines()[3].split()
        self.assertLessEqual(len(line[1]), 9)

    def test_mistakes(self):
        base = ("fit", "gamma", "--target", "y.npy")
        self.refuse(64, "fit", say="MODEL")
        self.refuse(64, "fit", "--json", say="--compare")
        self.refuse(64, "fit", "gama", "--target", "y.npy", say="did you mean 'gamma'?")
        self.refuse(64, "fit", "dirichlet", "--target", "y.npy", say="'dirichlet'")
        self.refuse(64, "fit", "gamma", say="--target")
        self.refuse(64, *base[:3], "3", say="one number")
        self.refuse(64, *base, "--rat", 3, say="did you mean '--rate'?")
        self.refuse(64, *base, "--rate", -3, say="domain")
        self.refuse(64, *base, "--start", "rat=3", say="did you mean 'rate'?")
        self.refuse(64, *base, "--start", "rate", say="--start rate=1")
        self.refuse(64, *base, "--form", "rate=3", say="--form rate")
        self.refuse(64, *base, "--tolerance", 0, say="--tolerance")
        self.refuse(64, "fit", "binomial", "--target", "y.npy", say="--total-count")
        self.refuse(64, "fit", "exponential", "--target", "y.npy", "--rate", 1, "--log-rate", 1,
                    say="forms of one parameter")
        self.save("bad.npy", [1, 2, -0.5])
        self.refuse(65, "fit", "gamma", "--target", "bad.npy", say=("> 0", "-0.5", "row 2"))
        self.refuse(65, "fit", "gamma", "--target", "y.npy", "--sample-weight", "bad.npy",
                    say=("30 rows", "found 3"))
        self.save("one.npy", [1] * 29 + [-1])
        self.refuse(65, *base, "--sample-weight", "one.npy", say=("weights", "row 29"))
        self.save("m.npy", [1] * 6, shape=(2, 3))
        self.refuse(65, "fit", "gamma", "--target", "m.npy", say="1-D")
        self.refuse(66, "fit", "gamma", "--target", "none.npy", say="none.npy")
        self.assertIn(b"--max-iterations", self.good("fit", "--help").stdout)
        self.assertIn(b"--concentration", self.good("fit", "gamma", "--help").stdout)


class Peer(Base):
    """Against the fits of SciPy, where it is installed."""

    def test_scipy(self):
        try:
            from scipy import stats
        except ImportError as missing:
            self.skipTest(str(missing))
        table = [("gamma", stats.gamma, {"floc": 0}, lambda a, _, s: {"concentration": a, "rate": 1 / s}),
                 ("weibull", stats.weibull_min, {"floc": 0},
                  lambda k, _, s: {"concentration": k, "scale": s}),
                 ("gaussian", stats.norm, {}, lambda m, s: {"loc": m, "scale": s}),
                 ("laplace", stats.laplace, {}, lambda m, s: {"loc": m, "scale": s}),
                 ("logistic", stats.logistic, {}, lambda m, s: {"loc": m, "scale": s}),
                 ("gumbel", stats.gumbel_r, {}, lambda m, s: {"loc": m, "scale": s}),
                 ("lognormal", stats.lognorm, {"floc": 0},
                  lambda s, _, m: {"loc": math.log(m), "scale": s}),
                 ("exponential", stats.expon, {"floc": 0}, lambda _, s: {"rate": 1 / s}),
                 ("half_normal", stats.halfnorm, {"floc": 0}, lambda _, s: {"scale": s}),
                 ("inverse_gamma", stats.invgamma, {"floc": 0},
                  lambda a, _, s: {"concentration": a, "scale": s}),
                 ("student_t", stats.t, {"fdf": 3}, lambda n, m, s: {"df": 3, "loc": m, "scale": s})]
        for model, peer, held, names in table:
            fixed = ("--df", 3) if model == "student_t" else ()
            done = self.fit(model, "--target", "y.npy", *fixed)
            theirs = peer.fit(HOURS, **held)
            ours = {p["name"]: p["estimate"] for p in done["parameters"]}
            for name, value in names(*map(float, theirs)).items():  # SciPy's searches end early
                self.near([ours[name]], [value], 2e-3)
            self.assertGreaterEqual(done["log_likelihood"],
                                    math.fsum(map(float, peer.logpdf(HOURS, *theirs))) - 1e-9, model)
