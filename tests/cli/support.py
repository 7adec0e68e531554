"""support.py: what the tests of the program share: .npy files by hand, and running nll.

Python's standard library alone: the files are written and read byte by byte, so that no other
implementation of the format can hide a mistake."""

import json
import math
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

NLL = None  # path of the program, set by test_cli.py
SELFTEST = {}

# type string without byte order -> struct code; f2 is 'e'
CODES = {"f2": "e", "f4": "f", "f8": "d", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i",
         "u4": "I", "i8": "q", "u8": "Q", "b1": "?", "V2": "H"}


def header(descr, shape, fortran=False, version=1):
    """The bytes before the data, as numpy.save writes them."""
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, tuple(shape))
    return raw_header(text, version)


def raw_header(text, version=1, length=None):
    size = 10 if version == 1 else 12
    text = text.encode("latin-1")
    text += b" " * (-(size + len(text) + 1) % 64) + b"\n"
    length = len(text) if length is None else length
    return (b"\x93NUMPY" + bytes([version, 0]) +
            struct.pack("<H" if version == 1 else "<I", length) + text)


def npy(values, descr="<f4", shape=None, fortran=False, version=1):
    """A whole file; values in the order of the file."""
    order = ">" if descr[0] == ">" else "<"
    shape = (len(values),) if shape is None else shape
    return header(descr, shape, fortran, version) + struct.pack(
        order + str(len(values)) + CODES[descr[1:]], *values)


def read_npy(data):
    """(type string, shape, values) of a file of the program's own making."""
    assert data[:8] == b"\x93NUMPY\x01\x00", data[:8]
    length = struct.unpack("<H", data[8:10])[0]
    assert (10 + length) % 64 == 0
    fields = eval(data[10:10 + length], {"__builtins__": {}}, {"False": False, "True": True})
    assert set(fields) == {"descr", "fortran_order", "shape"} and not fields["fortran_order"]
    count = math.prod(fields["shape"])
    code = CODES[fields["descr"][1:]]
    values = struct.unpack("<%d%s" % (count, code), data[10 + length:])
    return fields["descr"], fields["shape"], list(values)


def bf16(value):
    """The upper half of the float, as an integer."""
    return struct.unpack("<I", struct.pack("<f", value))[0] >> 16


def lse(row):
    top = max(row)
    return top + math.log(math.fsum(math.exp(x - top) for x in row))


def softmax(row):
    total = lse(row)
    return [math.exp(x - total) for x in row]


class Case(unittest.TestCase):
    """A test in a directory of its own."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="nll-cli-")
        self.addCleanup(shutil.rmtree, self.dir, True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def save(self, name, values, descr="<f4", **kind):
        return self.save_bytes(name, npy(values, descr, **kind))

    def save_bytes(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return name

    def load(self, name):
        with open(self.path(name), "rb") as file:
            return read_npy(file.read())

    def run_nll(self, *words, stdin=None, env=None, **options):
        environment = dict(os.environ, **(env or {}))
        for name in ("NLL_MAX_ISA", "NLL_NUM_THREADS", "NLL_VERBOSE", "NLL_BENCH"):
            if name not in (env or {}):
                environment.pop(name, None)
        return subprocess.run([NLL, *map(str, words)], cwd=self.dir, input=stdin, env=environment,
                              capture_output=True, timeout=120, **options)

    def good(self, *words, code=0, **options):
        """Runs and expects success; the finished process."""
        done = self.run_nll(*words, **options)
        self.assertEqual(done.returncode, code, (words, done.stderr))
        return done

    def selftest(self):
        """The text of nll selftest, which takes a while: run once."""
        if "text" not in SELFTEST:
            SELFTEST["text"] = self.good("selftest").stdout.decode()
        return SELFTEST["text"]

    def score(self, *words, **options):
        """The JSON summary of nll score."""
        return json.loads(self.good("score", *words, "--json", **options).stdout)

    def refuse(self, code, *words, say=(), **options):
        """Runs and expects this exit code and one error line that contains every text of `say`."""
        done = self.run_nll(*words, **options)
        error = done.stderr.decode("utf-8", "replace")
        self.assertEqual(done.returncode, code, (words, error))
        self.assertTrue(error.startswith("nll: "), error)
        self.assertEqual(error.count("\n"), 1, error)
        self.assertTrue(error.endswith("\n"), error)
        for text in [say] if isinstance(say, str) else say:
            self.assertIn(text, error)
        return error

    def near(self, found, expected, tolerance=2e-6):
        self.assertEqual(len(found), len(expected))
        for a, b in zip(found, expected):
            if math.isnan(b) or math.isinf(b):
                self.assertTrue(a == b or (a != a and b != b), (a, b))
            else:
                self.assertLessEqual(abs(a - b), tolerance * max(1.0, abs(b)), (a, b))

    def files(self, *inside):
        """Names in the directory; leftovers would show."""
        return sorted(os.listdir(os.path.join(self.dir, *inside)))
