"""headers.py: .npy files that lie.  Each is refused with exit code 65 and one line."""

import struct

from support import Case, header, npy, raw_header

DATA = struct.pack("<6f", *range(6))
GOOD = header("<f4", (6,)) + DATA


def fields(descr="'<f4'", fortran="False", shape="(6,)"):
    return raw_header("{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape))


LIES = {
    "empty file": b"",
    "magic alone": b"\x93NUMPY",
    "no magic": b"NUMPY\x93" + GOOD[6:],
    "text": b"1.0\n2.0\n3.0\n",
    "zip (npz)": b"PK\x03\x04" + bytes(100),
    "version 0": GOOD[:6] + b"\x00\x00" + GOOD[8:],
    "version 4": GOOD[:6] + b"\x04\x00" + GOOD[8:],
    "version 1.1": GOOD[:6] + b"\x01\x01" + GOOD[8:],
    "header length beyond the file": GOOD[:8] + b"\xff\xff" + GOOD[10:],
    "header length zero": GOOD[:8] + b"\x00\x00" + GOOD[10:],
    "header length cuts the dict": GOOD[:8] + b"\x10\x00" + GOOD[10:],
    "header length into the data": GOOD[:8] + struct.pack("<H", 118 + 8) + GOOD[10:],
    "version 2 length wraps": header("<f4", (6,), version=2)[:8] + b"\xff\xff\xff\xff" + GOOD[10:],
    "version 2 cut after 11 bytes": header("<f4", (6,), version=2)[:11],
    "version 3 length beyond the file": raw_header("{}", 3, length=1 << 31) + DATA,
    "cut in the header": GOOD[:40],
    "one byte short": GOOD[:-1],
    "one element short": GOOD[:-4],
    "no data": header("<f4", (6,)),
    "one byte too many": GOOD + b"\0",
    "another element": GOOD + bytes(4),
    "shape larger than the data": header("<f4", (7,)) + DATA,
    "shape smaller than the data": header("<f4", (5,)) + DATA,
    "shape product wraps to 6": fields(shape="(%d, 2)" % ((1 << 63) + 3)) + DATA,
    "shape product wraps to 0": fields(shape="(%d, %d)" % (1 << 32, 1 << 32)),
    "bytes wrap": fields(shape="(%d,)" % (1 << 62)),
    "huge sizes beside a zero": fields(shape="(0, %d, %d)" % (1 << 40, 1 << 40)),
    "size of 70 bits": fields(shape="(%d,)" % (1 << 70)) + DATA,
    "negative size": fields(shape="(-6,)") + DATA,
    "size as float": fields(shape="(6.0,)") + DATA,
    "size as string": fields(shape="('6',)") + DATA,
    "shape as number": fields(shape="6") + DATA,
    "shape as list": fields(shape="[6]") + DATA,
    "shape in mere brackets": fields(shape="(6)") + DATA,
    "shape without comma": fields(shape="(3 2)") + DATA,
    "shape with two commas": fields(shape="(3,, 2)") + DATA,
    "shape not closed": fields(shape="(6,") + DATA,
    "forty dimensions": fields(shape="(6" + ", 1" * 40 + ")") + DATA,
    "no key": raw_header("{}") + DATA,
    "no shape": raw_header("{'descr': '<f4', 'fortran_order': False}") + DATA,
    "no descr": raw_header("{'fortran_order': False, 'shape': (6,)}") + DATA,
    "no order": raw_header("{'descr': '<f4', 'shape': (6,)}") + DATA,
    "unknown key": fields(shape="(6,), 'extra': 1") + DATA,
    "key twice": fields(shape="(6,), 'shape': (6,)") + DATA,
    "key without quotes": raw_header("{descr: '<f4', 'fortran_order': False, 'shape': (6,)}")
                          + DATA,
    "no colon": raw_header("{'descr' '<f4', 'fortran_order': False, 'shape': (6,)}") + DATA,
    "no comma": raw_header("{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}") + DATA,
    "no brace": raw_header("'descr': '<f4', 'fortran_order': False, 'shape': (6,)") + DATA,
    "dict not closed": raw_header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)") + DATA,
    "text after the dict": raw_header("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x")
                           + DATA,
    "string not closed": raw_header("{'descr: <f4, fortran_order: False, shape: (6,)}") + DATA,
    "order as number": fields(fortran="0") + DATA,
    "order in lower case": fields(fortran="false") + DATA,
    "order as string": fields(fortran="'False'") + DATA,
    "structured": fields(descr="[('a', '<f4')]") + DATA,
    "object": fields(descr="'|O'") + DATA,
    "string type": fields(descr="'<U1'") + DATA,
    "complex": fields(descr="'<c8'", shape="(3,)") + DATA,
    "long double": fields(descr="'<f16'", shape="(1,)") + bytes(16),
    "date": fields(descr="'<M8[s]'", shape="(3,)") + DATA,
    "no byte order": fields(descr="'f4'") + DATA,
    "unknown byte order": fields(descr="'*f4'") + DATA,
    "unknown size": fields(descr="'<f3'", shape="(8,)") + DATA,
    "empty type": fields(descr="''") + DATA,
    "type as number": fields(descr="4") + DATA,
    "NUL in the type": fields(descr="'<f\\0'".replace("\\0", "\0")) + DATA,
    "NUL bytes as header": raw_header("\0" * 50) + DATA,
    "newline and escape in the type": fields(descr="'<\n\x1b[31m'") + DATA,
}


class Headers(Case):
    def test_good_file_is_taken(self):
        self.save_bytes("x.npy", GOOD)
        self.assertEqual(self.score("gaussian", "--loc", "x.npy", "--target", 0)["rows"], 6)

    def test_other_writers(self):
        """Spaces, key order, quotes and a missing final comma are matters of taste."""
        for text in ("{'shape':(6,),'fortran_order':False,'descr':'<f4'}",
                     '{"descr": "<f4", "fortran_order": False, "shape": (6,), }',
                     "{  'fortran_order' : False ,  'shape' : ( 6 , ) , 'descr' : '=f4' , }"):
            self.save_bytes("x.npy", raw_header(text) + DATA)
            self.assertEqual(self.score("gaussian", "--loc", "x.npy", "--target", 0)["rows"], 6)

    def test_versions(self):
        digests = set()
        for version in (1, 2, 3):
            self.save("x.npy", range(6), version=version)
            digests.add(self.score("gaussian", "--loc", "x.npy", "--target", 0)["digest"])
        self.assertEqual(len(digests), 1)

    def test_header_that_leaves_the_data_unaligned(self):
        text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}\n"
        for pad in range(8):
            body = text[:-1] + b" " * pad + b"\n"
            data = (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body +
                    struct.pack("<3d", 1, 2, 3))
            self.save_bytes("x.npy", data)
            self.assertEqual(self.score("gaussian", "--loc", "x.npy", "--target", 2, "--reduction",
                                        "sum")["rows"], 3)

    def test_truncation_says_how_much_is_missing(self):
        self.save_bytes("x.npy", GOOD[:-4])
        self.refuse(65, "score", "gaussian", "--loc", "x.npy", "--target", 0,
                    say=("x.npy", "expected 24 bytes", "found 20", "truncated"))

    def test_every_cut_is_refused(self):
        for length in range(len(GOOD)):
            self.save_bytes("x.npy", GOOD[:length])
            self.refuse(65, "score", "gaussian", "--loc", "x.npy", "--target", 0, say="x.npy")


def add_lie(name, data):
    def test(self):
        self.save_bytes("x.npy", data)
        self.refuse(65, "score", "gaussian", "--loc", "x.npy", "--target", 0, "--out", "o.npy",
                    say=("nll: x.npy: ", "expected ", "found ", ";"))
        self.assertEqual(self.files(), ["x.npy"])
    setattr(Headers, "test_lie: " + name, test)


for lie, content in LIES.items():
    add_lie(lie, content)
