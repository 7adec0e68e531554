"""bench.py: nll bench: what it lists, what it writes.  Not how fast anything is."""

import json
import os
import re
import subprocess
import unittest

import support
from support import Case

CONTEXT = ("cpu cpu_family cpu_model flags caches isa_built isa compiler compiler_flags nll numerics governor "
           "virtual_machine digest last_level_cache dram_size tsc date num_cpus library_build_type").split()
COUNTERS = ("elements_per_second bytes_per_second roof_bytes_per_second roof_fraction error_bound_ulp "
            "threads").split()
TINY = ("--benchmark_min_time=0.001", "--benchmark_repetitions=2")


class Bench(Case):
    def setUp(self):
        super().setUp()
        done = self.run_nll("bench", "--list", "--quick")
        if done.returncode == 69:
            raise unittest.SkipTest("the benchmark program was not built")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.quick = done.stdout.decode().split()
        self.info = json.loads(self.good("info", "--json").stdout)

    def names(self, *words, **options):
        return self.good("bench", "--list", *words, **options).stdout.decode().split()

    def measured(self, *words):
        """All repetitions of a short run, and the context."""
        self.good("bench", *words, *TINY, "--json", "f.json")
        with open(self.path("f.json"), encoding="utf-8") as file:
            found = json.load(file)
        return found["context"], [b for b in found["benchmarks"] if b["run_type"] == "iteration"]

    def test_names(self):
        self.assertLessEqual(set(self.quick), set(self.names("--threads", "1,all")) | set(self.names()))
        self.assertEqual(len(set(self.quick)), len(self.quick))
        for name in self.names():
            self.assertRegex(name, r"^(kernel/\w+|roof|[\w-]+)/(u64|f32|f64|f16|bf16)/(avx512|avx2|neon|scalar|plain)"
                                   r"/[\w-]+/\w+(/threads:\d+)?$")
        for start in ("roof/u64/", "roof/f32/", "categorical/f32/", "kernel/row_lse/", "softmax/"):
            self.assertTrue(any(name.startswith(start) for name in self.quick), start)

    def test_choice(self):
        found = self.names("--model", "categorical,kl", "--isa", "scalar", "--type", "f64,bf16", "--shape",
                           "7x10,DRAMx3", "--threads", "1")
        found = {name for name in found if not name.startswith("roof/")}
        self.assertEqual(found, {"%s/%s/scalar/%s/%s" % (model, dtype, how, shape)
                                 for dtype in ("f64", "bf16") for shape in ("7x10", "DRAMx3")
                                 for model, hows in (("categorical", ("forward", "forward-gradient", "in-place")),
                                                     ("kl", ("forward", "forward-gradient"))) for how in hows})
        found = {name for name in self.names("--kernel", "exp", "--shape", "L1", "--type", "f32", "--isa", "all")
                 if not name.startswith("roof/")}
        self.assertEqual(found, {"kernel/exp/f32/%s/lean/L1" % isa for isa in self.info["isa_runnable"]})

    def test_plain_names(self):
        words = ("--plain-names", "--quick", "--threads", "1")
        names = self.names(*words)
        for isa in self.info["isa_runnable"]:
            self.assertEqual(self.names(*words, "--isa", isa)[-1:], names[-1:])
            self.assertFalse([name for name in names if "/%s/" % isa in name])
        self.assertIn("roof/u64/read/DRAM", names)
        self.refuse(64, "bench", "--plain-names", "--isa", "all", say="--isa")

    def test_json(self):
        isa = self.info["isa_runnable"]
        context, runs = self.measured("--model", "categorical", "--shape", "64x100", "--type", "f32", "--threads", "1",
                                      "--isa", "all", "--benchmark_filter=^categorical/.*/forward-gradient")
        self.assertLessEqual(set(CONTEXT), set(context))
        self.assertEqual(context["isa_built"].split(), self.info["isa_built"])
        self.assertEqual(context["isa"], isa[0])
        self.assertEqual((context["nll"], context["numerics"]),
                         (self.info["version"], str(self.info["numerics"])))
        digest = re.search(r"digest (\w+)", self.selftest()).group(1)
        self.assertEqual(context["digest"], digest)
        self.assertEqual(len(runs), 2 * len(isa))
        for run in runs:
            self.assertLessEqual(set(COUNTERS), set(run))
            self.assertEqual((run["threads"], run["error_bound_ulp"]), (1, 17))  # 34 u
            self.assertRegex(run["label"], "^[0-9a-f]{32}$")
            for counter in COUNTERS:
                self.assertGreater(run[counter], 0)
            self.assertAlmostEqual(run["roof_fraction"] * run["roof_bytes_per_second"] / run["bytes_per_second"], 1)
            # 64 rows: logits and gradients of 100 floats, a label of 8 bytes
            self.assertAlmostEqual(run["bytes_per_second"] / run["elements_per_second"], 8.08)
        self.assertEqual(len({run["label"] for run in runs}), 1)  # equal bits, equal digests

    def test_digest_of_sets(self):
        words = ("--model", "multinomial", "--shape", "900x1000", "--type", "f32", "--threads", "1", "--isa",
                 self.info["isa"], "--benchmark_filter=multinomial/.*/forward/")
        runs = self.measured(*words)[1] + self.measured(*words, "--quick")[1]
        self.assertEqual((len(runs), len({run["label"] for run in runs})), (4, 1))
        self.assertEqual({run["error_bound_ulp"] for run in runs}, {0.51})  # in double, rounded once

    def test_last_axis(self):
        runs = self.measured("--model", "softmax", "--shape", "1x50x300,300x50x1", "--type", "f32", "--threads", "1",
                             "--isa", self.info["isa"], "--benchmark_filter=^softmax")[1]
        for run in runs:
            self.assertEqual("share_of_last_axis" in run, "/first/" in run["name"])
            self.assertAlmostEqual(run["roof_fraction"] * run["roof_bytes_per_second"] / run["bytes_per_second"], 1)

    def test_cap(self):
        names = self.names("--quick", "--threads", "1", env={"NLL_MAX_ISA": "scalar"})
        self.assertTrue(all("/scalar/" in name for name in names if not name.startswith("roof/u64")))

    def test_threads(self):
        runs = self.measured("--model", "softmax", "--shape", "64x100x1", "--type", "f64", "--threads", "1,3",
                             "--isa", self.info["isa"], "--benchmark_filter=^(softmax|roof/f32/.*fma)")[1]
        found = {run["name"]: run["threads"] for run in runs}
        name = "softmax/f64/%s/last/64x100x1" % self.info["isa"]
        self.assertEqual({name: 1, name + "/threads:3": 3},
                         {key: value for key, value in found.items() if key.startswith("softmax")})
        self.assertEqual(len({run["label"] for run in runs if "label" in run}), 1)
        for run in runs:  # every machine that runs at all does 10^7 operations a second
            self.assertGreater(run["elements_per_second"], 1e6)

    def test_mistakes(self):
        self.refuse(64, "bench", "--model", "categorcal", say="'categorical'")
        self.refuse(64, "bench", "--kernel", "foo", say="--list")
        self.refuse(64, "bench", "--isa", "avx3", say="'avx2'")
        self.refuse(69, "bench", "--isa", "neon" if "neon" not in self.info["isa_built"] else "avx2", say="nll info")
        self.refuse(64, "bench", "--type", "f31", say="--type")
        self.refuse(64, "bench", "--shape", "10x", say="'10x'")
        self.refuse(64, "bench", "--shape", "99999999x99999999", say="MiB")
        self.refuse(64, "bench", "--threads", "0", say="4096")
        self.refuse(64, "bench", "--quick", "--full", say="give one")
        self.refuse(64, "bench", "--model", "kl", "--shape", "17", say="nothing to measure")
        self.refuse(64, "bench", "--json", "-", say="--benchmark_format")
        self.refuse(64, "bench", "--jsn", "f", say="'--json'")
        self.refuse(64, "bench", "--json", "f", "--list", say="list of names")
        self.refuse(64, "bench", "--json", "f", "--benchmark_list_tests", say="list of names")
        self.refuse(64, "bench", "--quick", "--benchmark_repetitions=x", say="--benchmark_repetitions=x")
        self.refuse(64, "bench", "--quick", "--benchmark_foo=1", say="--benchmark_foo=1")
        self.refuse(74, "bench", "--json", self.path("none/f"), say="none/f")
        self.assertEqual(self.files(), [])


    def test_no_match(self):
        done = self.run_nll("bench", "--quick", "--benchmark_filter=nothing_of_the_kind")
        self.assertEqual(done.returncode, 64)
        self.assertRegex(done.stderr.decode(), "^nll: --benchmark_filter: [^\n]*\n$")

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([support.NLL, "bench", "--list", "--quick"], stdout=full, stderr=subprocess.PIPE,
                                  check=False, timeout=120)
        self.assertEqual(done.returncode, 74, done.stderr)

    def test_pipe(self):
        os.mkfifo(self.path("pipe"))
        reader = subprocess.Popen(["cat", self.path("pipe")], stdout=subprocess.PIPE)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)  # comes first
        self.good("bench", "--quick", "--threads", "1", "--json", "pipe", "--model", "categorical-scores", "--shape",
                  "8x100,8x100", "--isa", self.info["isa"], "--benchmark_filter=^categorical", *TINY)
        runs = json.loads(reader.communicate(timeout=60)[0])["benchmarks"]
        runs = [run for run in runs if run["run_type"] == "iteration" and "/forward/" in run["name"]]
        self.assertEqual(len(runs), 2)  # the shape given twice is measured once
        for run in runs:  # 8 rows: logits of 100 floats, a label, five scores of 8 bytes
            self.assertAlmostEqual(run["bytes_per_second"] / run["elements_per_second"], 4.48)


class NotBuilt(Case):
    def test_one_line(self):
        self.refuse(69, "bench", env={"NLL_BENCH": self.path("none")}, say=("none", "-Dbench=enabled"))
