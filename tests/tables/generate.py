#!/usr/bin/env python3
"""Makes the tables of points that tests/tables.c reads.  See README.md.

    generate.py [--check] [DIR] [KERNEL ...]

Needs mpmath; gmpy2 makes it some five times faster.  --check compares with the files that are there.
"""
import multiprocessing
import os
import struct
import sys
import zlib

from mpmath import mp, mpf

import counts
import positive
import reals
from draw import Draw

MODELS = {m.id: m for m in counts.MODELS + reals.MODELS + positive.MODELS}
PER_TYPE = 500  # points with f32 inputs, then as many with f64 inputs
DIGITS = 130, 700  # parameters of 1e15 against results of 1e-15, squared, cost 60
MAGIC = b'NLLTAB1\n'


class Bad(Exception):
    """The two ways to the same output disagree."""


def split(v):
    """v as a double and the rest in 1/256 of its last place."""
    if v == 0:
        return 0.0, 0
    try:
        d = float(v)
    except OverflowError:
        d = float('inf')
    if d in (float('inf'), -float('inf')) or abs(v) > mpf(2) ** 1023:
        return (float('inf') if v > 0 else -float('inf')), 0
    _, e = mp.frexp(abs(mpf(d)))
    ulp = mpf(2) ** (max(int(e), -1021) - 53)
    return d, max(-127, min(127, int(mp.nint((v - mpf(d)) / ulp * 256))))


def pack_output(v, mag):
    """double value, int8 rest, int16 16 log2 of the magnitude, rounded down."""
    d, rest = split(v)
    code = -32768
    if mag > 0:
        code = max(-32767, min(32767, int(mp.floor(mp.log(mag, 2) * 16))))
    return struct.pack('<dbh', d, rest, code)


def agree(model, x):
    """Values and magnitudes at x; the precision rises until both ways to the values agree."""
    for digits in DIGITS:
        mp.dps = digits
        values, checks = model.evaluate(x), model.magnitudes(x)
        least = mpf(10) ** (-0.7 * digits)  # what is 0 but for rounding
        bad = [name for name, v, (w, mag) in zip(model.outputs, values, checks)
               if not isinstance(v, mpf) or
               abs(v - w) > max(least, mpf(10) ** -25 * max(abs(v), mag * mpf(10) ** -30))]
        if not bad:
            return [(v if abs(v) > least else w, max(mag, abs(w)))
                    for v, (w, mag) in zip(values, checks)]
    raise Bad(f'{model.id}{x}: {bad[0]} is not what its terms add up to')


def point(model, x):
    return b''.join(pack_output(v, mag) for v, mag in agree(model, x))


def table(name):
    """The bytes of one file."""
    mp.dps = DIGITS[0]
    model = MODELS[name]
    body = b''
    for f32 in (True, False):
        draw = Draw(zlib.crc32(name.encode()) * 2 + f32, f32)
        for _ in range(PER_TYPE):
            x = model.draw(draw)
            body += struct.pack('<%d%s' % (len(x), 'f' if f32 else 'd'), *x) + point(model, x)
    head = MAGIC + struct.pack('<4I', len(model.names), len(model.outputs), PER_TYPE, PER_TYPE)
    return head + body


def main(args):
    check = '--check' in args
    args = [a for a in args if a != '--check']
    folder = args[0] if args else os.path.dirname(os.path.abspath(__file__))
    names = args[1:] or list(MODELS)
    total = 0
    with multiprocessing.Pool() as pool:
        for name, data in zip(names, pool.imap(table, names)):
            path = os.path.join(folder, name + '.bin')
            total += len(data)
            if check:
                with open(path, 'rb') as f:
                    if f.read() != data:
                        sys.exit(f'{path}: differs from what this script makes')
            else:
                with open(path, 'wb') as f:
                    f.write(data)
            print(f'{name:28} {len(data):8} bytes', flush=True)
    print(f'{total} bytes')


if __name__ == '__main__':
    main(sys.argv[1:])
