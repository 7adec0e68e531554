#!/usr/bin/env python3
"""Compares the shared library with NumPy and SciPy, as a user of theirs would.

Argument: the shared library.  Exit status 77 (skipped) where NumPy, SciPy or the library cannot be
loaded.  SciPy works in double; the bounds are its own accuracy, not ours.
"""
import ctypes as c
import os
import sys

try:
    import numpy as np
    from scipy import special, stats
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
try:
    LIB = c.CDLL(sys.argv[1])
except OSError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench", "peers"))
from binding import Bernoulli, Categorical, Gaussian, NONE, NUMBER, Out, Result, SUM, View, place  # noqa: E402

failures = 0


def call(name, args):
    args.struct_size = c.sizeof(args)
    result = Result(struct_size=c.sizeof(Result))
    function = getattr(LIB, name)
    function.restype = c.c_int
    status = function(c.byref(args), c.byref(result))
    if status != 0:
        raise RuntimeError(f"{name}: status {status}")
    return result


def near(what, got, want, rtol, atol=0.0):
    global failures
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if not np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True):
        failures += 1
        worst = np.nanmax(np.abs(got - want))
        print(f"FAIL {what}: differs by {worst:.3g}")
    else:
        print(f"ok   {what}")


def categorical(rng, dtype, rtol):
    for shape in ((1, 1), (7, 3), (100, 10), (33, 1000), (4, 50257)):
        x = (rng.standard_normal(shape) * 4).astype(dtype)
        y = rng.integers(0, shape[1], shape[0])
        w = rng.random(shape[0])
        for order in "CF":
            logits = np.array(x, order=order)
            nll, lse, p = np.empty((3, shape[0]))
            grad = np.empty(shape, dtype, order=order)
            mode = np.empty(shape[0], np.int64)
            args = Categorical(logits=place(View, logits), target=place(View, y), nll=place(Out, nll),
                               lse=place(Out, lse), p_target=place(Out, p), grad=place(Out, grad),
                               mode=place(Out, mode))
            args.common.sample_weight = place(View, w)
            r = call("nll_categorical", args)
            x64 = x.astype(np.float64)
            rows = np.arange(shape[0])
            log_probs = special.log_softmax(x64, axis=1)
            onehot = np.zeros(shape)
            onehot[rows, y] = 1
            what = f"categorical {np.dtype(dtype)} {shape} {order}"
            near(what + " lse", lse, special.logsumexp(x64, axis=1), rtol, rtol)
            near(what + " nll", nll, -log_probs[rows, y], rtol, 1e-14)
            near(what + " p", p, np.exp(log_probs[rows, y]), rtol)
            near(what + " mode", mode, x64.argmax(axis=1), 0)
            near(what + " mean", r.mean, np.average(-log_probs[rows, y], weights=w), rtol, 1e-14)
            near(what + " grad", grad, (special.softmax(x64, axis=1) - onehot) * (w / w.sum())[:, None],
                 rtol, rtol * 1e-3)


def bernoulli(rng, dtype, rtol):
    z = (rng.standard_normal(5000) * 8).astype(dtype)
    y = rng.integers(0, 2, z.size)
    nll, grad = np.empty(z.size), np.empty(z.size)
    r = call("nll_bernoulli", Bernoulli(rows=z.size, logits=place(View, z), target=place(View, y),
                                        nll=place(Out, nll), grad=place(Out, grad)))
    z64 = z.astype(np.float64)
    want = -special.log_expit(np.where(y == 1, z64, -z64))
    near(f"bernoulli {np.dtype(dtype)} nll", nll, want, rtol)
    near(f"bernoulli {np.dtype(dtype)} mean", r.mean, want.mean(), rtol)
    near(f"bernoulli {np.dtype(dtype)} grad", grad,
         np.where(y == 1, -special.expit(-z64), special.expit(z64)) / z.size, rtol)


def gaussian(rng, dtype, rtol):
    loc, y = rng.standard_normal((2, 5000)).astype(dtype)
    scale = np.exp(rng.standard_normal(loc.size)).astype(dtype)
    nll = np.empty(loc.size)
    args = dict(rows=loc.size, loc=place(View, loc), target=place(View, y), nll=place(Out, nll))
    want = -stats.norm.logpdf(y.astype(np.float64), loc, scale.astype(np.float64))
    call("nll_gaussian", Gaussian(scale=place(View, scale), **args))
    near(f"gaussian {np.dtype(dtype)} scale", nll, want, rtol, rtol * 10)
    var = scale.astype(np.float64)**2
    call("nll_gaussian", Gaussian(var=place(View, var), **args))
    near(f"gaussian {np.dtype(dtype)} var", nll, want, 1e-12, 1e-12)
    t = np.log(scale.astype(np.float64))
    call("nll_gaussian", Gaussian(log_scale=place(View, t), **args))
    near(f"gaussian {np.dtype(dtype)} log_scale", nll, want, 1e-12, 1e-12)


def functions():
    table = {"exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1,
             "softplus": lambda v: np.logaddexp(0, v), "sigmoid": special.expit, "lgamma": special.gammaln}
    x = np.concatenate([np.linspace(0.01, 700, 20001), 2.0**np.arange(-40, 9)])
    for name, peer in table.items():
        y = np.empty(x.size)
        function = getattr(LIB, "nll_v" + name)
        function.argtypes, function.restype = [c.c_size_t, View, Out], c.c_int
        if function(x.size, place(View, x), place(Out, y)) != 0:
            print(f"{name} is not supported on this CPU")
            continue
        near(f"function {name}", y, peer(x), 1e-13, 1e-14)


generator = np.random.default_rng(1)
for data_type, tolerance in ((np.float32, 3e-6), (np.float64, 1e-12)):
    categorical(generator, data_type, tolerance)
    bernoulli(generator, data_type, tolerance)
    gaussian(generator, data_type, tolerance)
functions()
print(f"NumPy {np.__version__}: {failures} failures")
sys.exit(failures > 0)
