"""reports.py: nll report: the page is whole, and nothing in a file can break out of it."""

import copy
import json
import os
import re
import unittest
import xml.etree.ElementTree as ElementTree

from support import Case

try:
    import html5lib
except ImportError:  # not everywhere as easy to have as on Debian, whose package .ci/suite.sh asks for
    html5lib = None

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "bench.json")
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
SECTIONS = ["machines", "roofs", "sizes", "roofline", "threads", "isas", "accuracy", "bits", "peers", "raw"]


def sample():
    """A real run of nll bench: three repetitions of a few works."""
    with open(SAMPLE) as file:
        return json.load(file)


def text_of(element):
    return " ".join("".join(element.itertext()).split())


class Page(Case):
    def write(self, name, data):
        text = data if isinstance(data, (bytes, str)) else json.dumps(data)
        return self.save_bytes(name, text if isinstance(text, bytes) else text.encode())

    def page(self, *datas):
        """The root element of the page of these files; every page is checked for what all keep."""
        names = [self.write("run%d.json" % i, data) for i, data in enumerate(datas)]
        self.good("report", *names, "-o", "page.html")
        with open(self.path("page.html"), encoding="utf-8") as file:
            self.text = file.read()
        self.check_offline(self.text)
        self.check_html(self.text)
        root = ElementTree.fromstring(self.text)
        self.assertEqual([s.get("id") for s in root.iter(XHTML + "section")], SECTIONS)
        self.check_structure(root)
        return root

    def check_offline(self, text):
        self.assertTrue(text.startswith("<!DOCTYPE html>"))
        self.assertIn("default-src 'none'", text)
        markup = re.sub(r">[^<]*", ">", re.sub(r"<(script|style).*?</\1>", "", text, flags=re.S))
        markup = re.sub(r'xmlns="http://www\.w3\.org/(1999/xhtml|2000/svg)"', "", markup)
        markup = re.sub(r' title="[^"]*"', "", markup)  # text of a file
        self.assertNotIn("http:", markup)
        self.assertNotRegex(markup, r"\b(src|srcset|data|action|poster|background)=")
        for link in re.findall(r'href="([^"]*)"', markup):
            self.assertTrue(link.startswith("#"), link)
        self.assertNotRegex(text, r"url\(|@import")

    def check_html(self, text):
        """Strict: the first thing that the HTML standard calls an error is one here."""
        if html5lib:
            html5lib.HTMLParser(strict=True).parse(text)

    def check_structure(self, root):
        ids = [e.get("id") for e in root.iter() if e.get("id")]
        self.assertEqual(len(ids), len(set(ids)))
        for link in root.iter(XHTML + "a"):
            self.assertIn(link.get("href")[1:], ids)
        for table in root.iter(XHTML + "table"):
            self.assertEqual(table[0].tag, XHTML + "caption")
        for head in root.iter(XHTML + "th"):
            self.assertIn(head.get("scope"), ("row", "col", "colgroup"))
        for chart in root.iter(SVG + "svg"):
            if not chart.get("aria-hidden"):
                self.assertEqual((chart.get("role"), chart[0].tag), ("img", SVG + "title"))
                self.assertTrue(text_of(chart[0]))
            for element in chart.iter():
                for value in (element.get("d", ""), element.get("x", ""), element.get("y", "")):
                    self.assertNotRegex(value, "nan|inf")

    def section(self, root, name):
        return next(s for s in root.iter(XHTML + "section") if s.get("id") == name)


class Report(Page):
    def test_sample(self):
        root = self.page(sample())
        data = sample()
        machines = text_of(self.section(root, "machines"))
        self.assertIn(data["context"]["cpu"], machines)
        data["context"].pop("governor")
        self.assertIn("not stated", text_of(self.section(self.page(data), "machines")))
        median = next(b for b in data["benchmarks"] if b["name"].endswith("/avx512/forward/DRAMx1000_median"))
        cells = [c for c in self.section(root, "roofs").iter(XHTML + "td")
                 if "categorical f32 forward DRAMx1000" in c.get("title", "")]
        self.assertEqual([text_of(c) for c in cells], ["%.0f" % (100 * median["roof_fraction"])])
        self.assertIn("%.2f Gelem/s" % (median["elements_per_second"] / 1e9), cells[0].get("title"))
        sizes = self.section(root, "sizes")
        self.assertGreaterEqual(len(list(sizes.iter(SVG + "svg"))), 1)
        self.assertTrue([p for p in sizes.iter(SVG + "path") if "band" in p.get("class", "")])
        for name in ("L2", "L3", "DRAM"):
            self.assertIn(name, text_of(sizes))
        self.assertIn("GB/s", text_of(self.section(root, "roofline")))
        isas = text_of(self.section(root, "isas"))
        self.assertIn("avx2", isas)
        self.assertIn("\u00f7", isas)
        self.assertIn("times one thread", text_of(self.section(root, "threads")))
        self.assertIn("all equal", text_of(self.section(root, "bits")))
        self.assertNotIn("Not in these files", text_of(self.section(root, "accuracy")))
        self.assertIn("Not in these files", text_of(self.section(root, "peers")))

    @unittest.skipUnless(html5lib, "html5lib is not installed")
    def test_the_validator_finds_what_is_wrong(self):
        self.page(sample())
        for good, bad in (("</table>", ""), ("<caption>", "<caption a=1 a=2>"), ("<main", "<main/><main")):
            self.assertIn(good, self.text)
            with self.assertRaises(html5lib.html5parser.ParseError):
                self.check_html(self.text.replace(good, bad, 1))

    def test_sections_without_figures_say_so(self):
        root = self.page({"benchmarks": [{"name": "x"}]})
        for name in SECTIONS[1:-1]:
            self.assertIn("Not in these files", text_of(self.section(root, name)), name)

    def test_peaks_of_each_type(self):
        """The figures count FMAs of a type; each has a row and a line of its own."""
        data = sample()
        peak = {b["run_name"].split("/")[1]: b["elements_per_second"] / 1e9 for b in data["benchmarks"]
                if "/fma/" in b["run_name"] and b.get("aggregate_name") == "median"}
        root = self.page(data, data)
        self.assertIn("FMA per second", text_of(self.section(root, "machines")))
        rows = {text_of(r[0]): [text_of(c) for c in r[1:]]
                for r in self.section(root, "machines").iter(XHTML + "tr") if text_of(r[0]).startswith("fma")}
        self.assertEqual(sorted(rows), ["fma registers f32", "fma registers f64"])
        for name, cells in rows.items():
            self.assertAlmostEqual(float(cells[0]), peak[name[-3:]], delta=0.51)
            self.assertEqual(cells[0], cells[1])
        lines = [text_of(t) for t in self.section(root, "roofline").iter(SVG + "text") if "peak" in text_of(t)]
        self.assertTrue([t for t in lines if t.startswith("f32: 16 fma an element at the peak, ")], lines)
        self.assertTrue([t for t in lines if t.startswith("f64: 16 fma an element at the peak, ")], lines)
        self.assertEqual(len(lines), 2 * len(set(lines)))  # two machines

    def test_embedded_json_is_the_file(self):
        root = self.page(sample())
        script = next(s for s in root.iter(XHTML + "script") if s.get("id") == "json-0")
        self.assertEqual(json.loads(script.text), sample())

    def test_same_every_time(self):
        self.page(sample())
        first = self.text
        self.page(sample())
        self.assertEqual(first, self.text)

    def test_several_machines(self):
        for count in (2, 6, 13):
            datas = []
            for i in range(count):
                data = sample()
                data["context"]["cpu"] = "Maker(R) Chip %d00X 8-Core Processor @ 2.00GHz" % (i + 1)
                datas.append(data)
            root = self.page(*datas)
            heads = [text_of(h) for h in self.section(root, "machines").find(".//%sthead" % XHTML).iter(XHTML + "th")]
            self.assertEqual(heads[1:], ["Maker Chip %d00X" % (i + 1) for i in range(count)])
        twins = self.page(sample(), sample())
        self.assertIn("#2", text_of(self.section(twins, "machines")))

    def test_threads(self):
        data = sample()
        data["benchmarks"] = [b for b in data["benchmarks"] if b["threads"] == 1]
        for b in list(data["benchmarks"]):
            for threads in (2, 4):
                more = copy.deepcopy(b)
                more["run_name"] += "/threads:%d" % threads
                more["threads"] = threads
                more["elements_per_second"] *= threads * 0.9
                data["benchmarks"].append(more)
        threads = self.section(self.page(data), "threads")
        self.assertIn("3.60 times one thread", text_of(threads))

    def test_threads_of_one_instruction_set(self):
        """The best one at one thread was not measured with two: another's speed is no scaling of it."""
        def b(isa, rate, threads):
            return {"name": "a/f32/%s/forward/64x1000%s" % (isa, "/threads:2" if threads > 1 else ""),
                    "elements_per_second": rate, "threads": threads}
        threads = self.section(self.page({"benchmarks": [b("avx512", 8e9, 1), b("avx2", 4e9, 2)]}), "threads")
        self.assertIn("Not in these files", text_of(threads))
        threads = self.section(self.page({"benchmarks": [
            b("avx512", 8e9, 1), b("avx2", 3e9, 1), b("avx2", 6e9, 2)]}), "threads")
        self.assertIn("avx2, 2 threads: 6.00 G/s, 2.00 times one thread", text_of(threads))

    def test_digests(self):
        def labelled(digest):
            data = sample()
            data["context"]["digest"] = "ab" * 16
            for b in data["benchmarks"]:
                b["label"] = "digest " + digest(b)
            return data
        same = labelled(lambda b: "00112233445566778899aabbccddeeff")
        bits = text_of(self.section(self.page(same, same), "bits"))
        self.assertIn("all equal", bits)
        self.assertIn("the same on all machines", bits)
        other = labelled(lambda b: ("ff" if "/avx2/" in b["name"] else "00") * 16)
        bits = text_of(self.section(self.page(other), "bits"))
        self.assertIn("differ", bits)
        self.assertNotIn("all equal", bits)
        bits = text_of(self.section(self.page(other, other), "bits"))
        self.assertIn("differ", bits)
        bigger = labelled(lambda b: ("ff" if "DRAM" in b["name"] else "00") * 16)
        bigger["context"]["dram_size"] = "262144 KiB"  # other inputs than the other machine's
        zero = labelled(lambda b: "00" * 16)
        self.assertIn("all equal", text_of(self.section(self.page(zero, bigger), "bits")))
        changed = labelled(lambda b: "00" * 16)
        changed["context"]["digest"] = "cd" * 16
        self.assertIn("not the same", text_of(self.section(self.page(same, changed), "bits")))

    def test_digests_that_do_not_compare(self):
        """Other bits are an error only of the same work, size and numerics version."""
        def run(byte, **context):
            b = {"name": "a/f32/avx2/forward/64x1000", "elements_per_second": 1.0, "label": byte * 16}
            return {"context": {"numerics": "1", "digest": byte * 16, **context}, "benchmarks": [b]}
        for numerics in ("2", None):
            bits = text_of(self.section(self.page(run("00"), run("ff", numerics=numerics)), "bits"))
            self.assertIn("2 digests not compared", bits)
            self.assertIn("not compared, the numerics", bits)
            self.assertNotIn("digests differ", bits)
        bits = text_of(self.section(self.page(run("00"), run("ff"), run("00")), "bits"))
        self.assertIn("1 of 3 digests differ", bits)
        # digests are texts
        bits = text_of(self.section(self.page(run("00", digest=123), run("00", digest=456)), "bits"))
        self.assertNotIn("the same on all machines", bits)
        bits = text_of(self.section(self.page(run("00", digest="123"), run("00", digest="456")), "bits"))
        self.assertIn("not the same on all machines", bits)

    def test_accuracy(self):
        data = sample()
        for b in data["benchmarks"]:
            b["error_bound_ulp"] = 0.87
        self.assertIn("0.870", text_of(self.section(self.page(data), "accuracy")))

    def test_exact_work_has_a_bound_of_0(self):
        data = {"benchmarks": [{"name": "to_bf16/f32/avx2/pass/L1", "elements_per_second": 1e9,
                                "error_bound_ulp": 0}]}
        self.assertIn("exact", text_of(self.section(self.page(data), "accuracy")))

    def test_every_column_of_digests_is_shown(self):
        name = "categorical/f32/avx2/forward/L2x%d/threads:%d"
        data = {"benchmarks": [{"name": name % (1000, t), "elements_per_second": 1e9, "threads": t,
                                "label": "0123456789abcdef0123456789abcdef"} for t in range(1, 151)]}
        bits = self.section(self.page(data), "bits")
        heads = [h for h in next(bits.iter(XHTML + "table")).iter(XHTML + "th") if h.get("scope") == "col"]
        self.assertEqual(len(heads), 1 + 150)

    def test_peers(self):
        rate = {"nll": 8e9, "pytorch": 1e9, "slow": 2.5e8}
        data = {"context": {"cpu": "Chip", "versions": {"pytorch": "2.4.1+cpu", "<i>": "<b>", "odd": 3}}, "benchmarks": [
            {"name": "peer/%s/cross-entropy/4096x1000" % name, "run_type": "iteration",
             "elements_per_second": rate[name]} for name in rate]}
        root = self.page(data)
        peers = self.section(root, "peers")
        row = next(r for r in peers.iter(XHTML + "tr") if "4096x1000" in text_of(r))
        self.assertEqual([text_of(c) for c in row.iter(XHTML + "td")][1:],
                         ["8.00", "1.00 \u00f78.00", "0.250 \u00f732.0"])
        self.assertIn("Versions: pytorch 2.4.1+cpu, <i> <b>.", text_of(peers))
        self.assertIn("Not in these files", text_of(self.section(root, "machines")))

    def test_peers_alone_are_no_machine(self):
        chip = sample()["context"]["cpu"]
        data = {"context": {"cpu": chip}, "benchmarks": [{"name": "peer/a/b/10", "elements_per_second": 1e9}]}
        root = self.page(data, sample())
        head = self.section(root, "machines").find(".//%sthead" % XHTML)
        self.assertEqual([text_of(h) for h in head.iter(XHTML + "th")], ["", chip])
        self.assertIn("1\u00a0machine,", self.text.replace("&#160;", "\u00a0").replace("<b>", "").replace("</b>", ""))
        self.assertIn(chip + ", Gelem/s", text_of(self.section(root, "peers")))
        scripts = [json.loads(s.text) for s in root.iter(XHTML + "script") if s.get("id", "").startswith("json-")]
        self.assertEqual(scripts, [sample(), data])

    def test_a_run_of_today(self):
        """What nll bench writes now has all that the page shows."""
        done = self.run_nll("bench", "--quick", "--model", "categorical", "--type", "f32", "--shape", "64x1000",
                            "--benchmark_min_time=0.001", "--benchmark_repetitions=2", "--json", "now.json")
        if done.returncode == 69:
            raise unittest.SkipTest("the benchmark program was not built")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("now.json"), encoding="utf-8") as file:
            root = self.page(json.load(file))
        for name in ("machines", "roofs", "roofline", "accuracy"):
            self.assertNotIn("Not in these files", text_of(self.section(root, name)))
        self.assertIn("categorical in-place", text_of(self.section(root, "accuracy")))
        self.assertNotIn("differ", text_of(self.section(root, "bits")))

    def test_medians(self):
        """A counter that the median lacks is that of the repetitions; the share is stated, never guessed."""
        data = sample()
        data["benchmarks"] = [b for b in data["benchmarks"] if b["run_name"].endswith("/avx512/forward/DRAMx1000")]
        median = next(b for b in data["benchmarks"] if b.get("aggregate_name") == "median")
        share = median.pop("roof_fraction")
        cell = next(c for c in self.section(self.page(data), "roofs").iter(XHTML + "td") if c.get("title"))
        self.assertEqual(text_of(cell), "%.0f" % (100 * share))
        for b in data["benchmarks"]:
            b.pop("roof_fraction", None)
        self.assertIn("Not in these files", text_of(self.section(self.page(data), "roofs")))

    def test_pauses_are_no_footprint(self):
        def b(name, cpu):
            return {"name": "a/f32/avx2/forward/" + name, "real_time": 50 * cpu, "cpu_time": cpu, "time_unit": "ns",
                    "elements_per_second": 1e9, "bytes_per_second": 4e9}
        sizes = text_of(self.section(self.page({"benchmarks": [b("here", 1024.0), b("there", 8192.0)]}), "sizes"))
        self.assertIn("Gelem/s in 4 KiB", sizes)
        self.assertIn("Gelem/s in 32 KiB", sizes)
        self.assertNotIn("Not in these files", sizes)

    def test_labels_are_whole(self):
        """Cut between characters, wherever a character of several bytes falls."""
        for start in range(4):
            data = sample()
            data["context"]["cpu"] = "x" * start + "\u20ac\U0001f600" * 20
            root = self.page(data, data)
            self.assertEqual(self.text.count("\ufffd"), 0)
            self.assertIn("\u20ac", text_of(self.section(root, "machines")))

    def test_standard_streams(self):
        done = self.good("report", "-", "--out", "-", stdin=json.dumps(sample()).encode())
        ElementTree.fromstring(done.stdout.decode())
