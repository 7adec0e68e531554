"""reports_bad.py: nll report: names, numbers and files that mean no good."""

import copy
import json
import os
import re
import xml.etree.ElementTree as ElementTree

from reports import XHTML, Page, sample, text_of


class Hostile(Page):
    """Whatever a file says is text."""

    names = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]></script><b>", "a&amp;b&", "' onload='",
             "\u202egnp.exe", "\x1b[31m", "\ufffe\uffff", "\U0001f600" * 300, "x" * 100000, "/", "//////", "a/" * 60,
             "kernel", "roof/", "peer/", "peer/x", "--><!--", "%n%s%d", "threads:9", "a/threads:99999999999999999999"]

    def test_names(self):
        data = sample()
        for i, name in enumerate(self.names):
            for where in ("%s", "%s/f32/avx2/forward/64x1000", "categorical/f32/avx2/%s/64x1000",
                          "categorical/f32/avx512/forward/%s", "peer/%s/work/10", "peer/lib/%s/%s",
                          "roof/%s/DRAM"):
                b = copy.deepcopy(data["benchmarks"][i % 3])
                b["run_name"] = b["name"] = where.replace("%s", name)
                b["label"] = name + "0123456789abcdef"
                data["benchmarks"].append(b)
        data["context"] = {key: name for key, name in zip(
            ("cpu", "governor", "flags", "isa", "nll", "digest", "compiler", "date", "dram_size"), self.names)}
        root = self.page(data)
        self.assertEqual(len(list(root.iter(XHTML + "img"))), 0)
        headline = next(p for p in root.iter(XHTML + "p") if p.get("class") == "headline")
        self.assertEqual(list(root.iter(XHTML + "b")), list(headline.iter(XHTML + "b")))
        self.assertEqual(len(list(root.iter(XHTML + "script"))), 2)
        self.assertEqual(self.text.count("<script"), 2)
        self.assertNotRegex(self.text, "[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\ufffe\uffff]")

    def test_many_ways(self):
        """Works x ways is a table that grows with the square of the file."""
        def b(i):
            return {"name": "m%d/f32/avx2/h%d/10" % (i, i), "elements_per_second": 1.0, "bytes_per_second": 4.0,
                    "roof_fraction": 0.5}
        root = self.page({"benchmarks": [b(i) for i in range(1500)]})
        self.assertIn("96 of 1500 ways", text_of(self.section(root, "roofs")))
        self.assertLess(len(self.text), 8 << 20)

    def test_file_name(self):
        name = "<i>&\"\x01\udcff.json"
        with open(os.fsencode(self.path(name)), "wb") as file:
            file.write(json.dumps(sample()).encode())
        done = self.run_nll("report", name, "-o", "page.html")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("page.html"), encoding="utf-8") as file:
            self.assertIn("&lt;i&gt;&amp;&quot;", ElementTree.tostring(ElementTree.fromstring(file.read())).decode()
                          .replace('"', "&quot;"))

    def test_numbers(self):
        odd = [0, -1, 1e300, -1e300, 5e-324, 1 << 62, "12", None, True, [], {}]
        data = sample()
        keys = ("elements_per_second", "bytes_per_second", "roof_fraction", "roof_bytes_per_second", "real_time",
                "threads", "error_bound_ulp", "family_index", "run_name", "label", "aggregate_name", "time_unit")
        for i, key in enumerate(keys):
            for k, value in enumerate(odd):
                b = copy.deepcopy(data["benchmarks"][(i + k) % 9])
                b["run_name"] = "categorical/f32/avx2/odd%d/DRAMx%d" % (i, k)
                b[key] = value
                data["benchmarks"].append(b)
        data["context"]["caches"] = [{"type": "Data", "level": level, "size": size}
                                     for level in (-1, 0, 1, 2, 3, 99) for size in odd]
        data["context"]["load_avg"] = odd
        data["context"]["isa_built"] = odd
        data["benchmarks"] += odd
        self.page(data)

    def test_not_a_number(self):
        """Google Benchmark writes these bare."""
        text = json.dumps(sample())
        for bare in ("NaN", "-NaN", "Infinity", "-Infinity", "nan", "inf"):
            self.page(re.sub(r'("elements_per_second": )[0-9.e+]+', r"\g<1>" + bare, text, count=8))

    def test_everything_may_lack(self):
        for key in ("context", "label", "run_name", "aggregate_name", "elements_per_second", "bytes_per_second",
                    "real_time", "roof_fraction", "time_unit"):
            data = sample()
            data.pop(key, None)
            for b in data["benchmarks"]:
                b.pop(key, None)
            self.page(data)
        for key in list(sample()["context"]):
            data = sample()
            del data["context"][key]
            self.page(data)
        self.page({"benchmarks": [{"name": "x"}]})


class Refused(Page):
    def refuse_file(self, code, data, say):
        name = self.write("bad.json", data)
        self.save_bytes("page.html", b"old")
        self.refuse(code, "report", name, "-o", "page.html", say=["bad.json: expected", *say])
        self.assertEqual(self.files(), ["bad.json", "page.html"])
        with open(self.path("page.html"), "rb") as file:
            self.assertEqual(file.read(), b"old")

    def test_bad_files(self):
        whole = json.dumps(sample())
        for data in ("", "{", whole[:len(whole) // 2], whole + "}", "\x00", b"\xff\xfe{", '{"benchmarks": [NaN', "[" * 100000,
                     '{"a": "\\ud800"}', '"unended', "3"):
            self.refuse_file(65, data, ["JSON", "line"])
        for data in ("[]", "{}", '{"benchmarks": 3}', '{"context": {}}'):
            self.refuse_file(65, data, ["benchmarks"])
        for data in ('{"benchmarks": []}', '{"benchmarks": [{"name": "x", "error_occurred": true}]}',
                     '{"benchmarks": [3, null, {}]}'):
            self.refuse_file(65, data, ["at least one"])

    def test_failed_benchmarks_are_counted(self):
        data = sample()
        data["benchmarks"].append({"name": "x", "run_name": "x", "error_occurred": True})
        self.assertIn("1 failed", text_of(self.section(self.page(data), "machines")))

    def test_usage(self):
        self.write("a.json", sample())
        self.refuse(64, "report", say="missing results")
        self.refuse(64, "report", "a.json", say="--out")
        self.refuse(64, "report", "a.json", "-o", say="needs a value")
        self.refuse(64, "report", "a.json", "-x", say="'-x'")
        self.refuse(64, "report", "a.json", "-o", "b", "--out", "c", say="twice")
        self.refuse(64, "report", "a.json", "-ob", "-oc", say="twice")
        self.refuse(64, "report", *["a.json"] * 65, "-o", "b.html", say="at most 64")
        self.refuse(66, "report", "no.json", "-o", "b.html", say=("no.json", "No such file"))
        self.refuse(66, "report", ".", "-o", "b.html", say="directory")
        self.refuse(74, "report", "a.json", "-o", "no/such/b.html", say="no/such/b.html")
        self.assertEqual(self.files(), ["a.json"])
        self.good("report", "a.json", "-ob.html")
        self.good("report", "-o", "-oc", "a.json")
        self.assertEqual(self.files(), ["-oc", "a.json", "b.html"])
        self.assertIn(b"--out", self.good("report", "--help").stdout)
