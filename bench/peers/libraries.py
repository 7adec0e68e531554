"""The contestants of peers.py.

Each is a class: Library(build, threads) raises if it cannot be had; make(work, data, gradient, kind) gives
(run, results), run() being what is timed and results(its return value) the mean and the gradients, or
None for work that the library does not have.
"""
import ctypes as c
import os
import re
import subprocess
import sys

import numpy as np

import binding

HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    pass


def compiled(build, source, name, options, link):
    """A C file of this folder as a shared library.  Compiled and linked apart: linking with -Ofast would
    add start-up code that has the whole process treat subnormal numbers as zero."""
    folder = f"{os.path.abspath(build)}/peers"
    os.makedirs(folder, exist_ok=True)
    compiler, target = os.environ.get("CC", "gcc"), f"{folder}/{name}.so"
    for command in ([compiler, "-std=gnu17", *options, "-fopenmp", "-fPIC", "-c", f"{HERE}/{source}", "-o", f"{target}.o"],
                    [compiler, "-shared", "-fopenmp", f"{target}.o", "-o", target, *link]):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            raise Missing(f"no C compiler: {error}") from error
        if done.returncode:
            raise Missing(next((line for line in done.stderr.splitlines() if "error" in line), "cannot be compiled"))
    return c.CDLL(target)


def pointer(array):
    return c.c_void_p(array.ctypes.data if array is not None else None)


class Nll:
    name = "nll"

    def __init__(self, build, threads):
        self.library = binding.Library(f"{build}/kernels/libnll.so", threads)
        self.version = f"{self.library.version} {self.library.isa}"

    def make(self, work, d, gradient, kind):
        view, out = (lambda x: binding.place(binding.View, x)), (lambda x: binding.place(binding.Out, x))
        if work == "categorical":
            x = d.get("bf16", d["x"])
            grads = [np.empty_like(x)] if gradient else []
            args = binding.Categorical(logits=view(x), target=view(d["y"]))
            if gradient:
                args.grad = out(grads[0])
        elif work == "bernoulli":
            grads = [np.empty_like(d["x"])] if gradient else []
            args = binding.Bernoulli(rows=len(d["y"]), logits=view(d["x"]), target=view(d["y"]))
            if gradient:
                args.grad = out(grads[0])
        else:
            names = ("loc", "var", "grad_loc", "grad_spread") if work == "gaussian" else \
                ("alpha", "beta", "grad_alpha", "grad_beta")
            pair = (d["x"], d["v"]) if work == "gaussian" else (d["a"], d["b"])
            grads = [np.empty_like(pair[0]), np.empty_like(pair[1])] if gradient else []
            args = (binding.Gaussian if work == "gaussian" else binding.Beta)(rows=len(d["y"]), target=view(d["y"]))
            for name, x in zip(names, pair):
                setattr(args, name, view(x))
            for name, x in zip(names[2:], grads):
                setattr(args, name, out(x))
        run = self.library.call(f"nll_{work}", args)
        run.keep = d  # the views hold addresses only

        def results(value):
            return value, [(g.astype(np.uint32) << 16).view(np.float32) if kind == "bf16" else g for g in grads]
        return run, results


class Loops:
    """The loops of a C file."""

    def __init__(self, lib, threads):
        self.lib, self.threads = lib, threads
        for work in ("categorical", "bernoulli", "gaussian", "beta"):
            getattr(lib, work).restype = c.c_double

    def make(self, work, d, gradient, kind):
        if kind != "f32" or (work == "beta" and gradient):
            return None
        sizes = d["x"].shape if work == "categorical" else (len(d["y"]),)
        names = {"categorical": "xy", "bernoulli": "xy", "gaussian": "xvy", "beta": "aby"}[work]
        places = {"gaussian": 2, "beta": 0}.get(work, 1)
        grads = [np.empty_like(d["x"]) for _ in range(places)] if gradient else [None] * places
        args = [pointer(d[k]) for k in names] + [pointer(g) for g in grads] + [c.c_size_t(n) for n in sizes]
        function = getattr(self.lib, work)

        def run(held=(d, grads)):
            return function(*args, self.threads)
        return run, lambda value: (value, [g for g in grads if g is not None])


def compiler_version():
    text = subprocess.run([os.environ.get("CC", "gcc"), "--version"], capture_output=True, text=True).stdout
    return text.splitlines()[0]


class LoopLibm(Loops):
    name = "loop-libm"

    def __init__(self, build, threads):
        super().__init__(compiled(build, "loops.c", "libm", ["-O3", "-march=native"], ["-lm"]), threads)
        self.version = f"{compiler_version()} -O3 -march=native"


class LoopFast(Loops):
    name = "loop-libmvec"

    def __init__(self, build, threads):
        options = ["-Ofast", "-march=native", "-mprefer-vector-width=512"]
        super().__init__(compiled(build, "loops.c", "fast", options, ["-lmvec", "-lm"]), threads)
        self.version = f"{compiler_version()} {' '.join(options)}"


class Sleef(Loops):
    name = "sleef"

    def __init__(self, build, threads):
        super().__init__(compiled(build, "sleef.c", "sleef", ["-O3", "-march=native"], ["-lsleef", "-lm"]), threads)
        text = open("/usr/include/x86_64-linux-gnu/sleef.h").read() if os.path.exists(
            "/usr/include/x86_64-linux-gnu/sleef.h") else ""
        self.version = ".".join(re.findall(r"#define SLEEF_VERSION_(?:MAJOR|MINOR|PATCHLEVEL) (\d+)", text))


class OneDnn:
    name = "onednn"  # log-softmax and its backward pass; it has no loss

    def __init__(self, build, threads):
        self.lib = compiled(build, "onednn.c", "onednn", ["-O3"], ["-ldnnl"])
        self.lib.version.restype = c.c_char_p
        self.lib.prepare.restype = c.c_void_p
        self.lib.run.restype = c.c_double
        self.lib.release.argtypes = [c.c_void_p]
        self.version = self.lib.version().decode()

    def make(self, work, d, gradient, kind):
        if kind != "f32" or work != "categorical":
            return None
        n, k = (c.c_size_t(s) for s in d["x"].shape)
        g, x, y = np.empty_like(d["x"]), d["x"], d["y"]
        plan = c.c_void_p(self.lib.prepare(pointer(x), pointer(y), pointer(g), n, k))

        class Run:
            def __call__(run):
                return self.lib.run(plan, pointer(y), n, k, int(gradient))

            def __del__(run):
                self.lib.release(plan)
        return Run(), lambda value: (value, [g] if gradient else [])


class Torch:
    name, compiles = "torch", False

    def __init__(self, build, threads):
        import torch
        self.torch = torch
        torch.set_num_threads(threads)
        self.version = f"{torch.__version__} {torch.backends.cpu.get_cpu_capability()}"

    def loss_of(self, work):
        torch, f = self.torch, self.torch.nn.functional
        return {"categorical": lambda y, x: f.cross_entropy(x, y),
                "bernoulli": lambda y, x: f.binary_cross_entropy_with_logits(x, y),
                "gaussian": lambda y, x, v: f.gaussian_nll_loss(x, y, v, full=True),
                "beta": lambda y, a, b: -torch.distributions.Beta(a, b, validate_args=False).log_prob(y).mean()}[work]

    def make(self, work, d, gradient, kind):
        torch, loss = self.torch, self.loss_of(work)
        names = {"gaussian": "xv", "beta": "ab"}.get(work, "x")
        y = torch.from_numpy(d["y"])
        inputs = [torch.from_numpy(d[k]).clone() for k in names]
        if kind == "bf16":
            inputs = [x.bfloat16() for x in inputs]
        if self.compiles:
            torch._dynamo.reset()
            loss = torch.compile(loss, dynamic=False)
        if not gradient:
            def run():
                with torch.no_grad():
                    return loss(y, *inputs), []
        else:
            inputs = [x.requires_grad_() for x in inputs]

            def run():
                value = loss(y, *inputs)
                return value, torch.autograd.grad(value, inputs)
        return run, lambda got: (got[0].item(), [g.float().numpy() if kind == "bf16" else g.numpy() for g in got[1]])


class TorchCompiled(Torch):
    name, compiles = "torch-compile", True


class Sklearn:
    name = "scikit-learn"

    def __init__(self, build, threads):
        import sklearn
        from sklearn._loss import loss
        self.loss, self.threads, self.version = loss, threads, sklearn.__version__

    def make(self, work, d, gradient, kind):
        if kind == "bf16" or work not in ("categorical", "bernoulli"):
            return None
        x = d["x"]
        n, y = len(x), d["y"].astype(x.dtype)
        model = self.loss.HalfMultinomialLoss(n_classes=x.shape[1]) if work == "categorical" else self.loss.HalfBinomialLoss()
        if not gradient:
            return lambda: (model.loss(y, x, n_threads=self.threads), None), lambda got: (got[0].mean(dtype=np.float64), [])
        losses, grads = np.empty(n, x.dtype), np.empty_like(x)

        def run():
            return model.loss_gradient(y, x, loss_out=losses, gradient_out=grads, n_threads=self.threads)
        # of the sum, as scikit-learn has it: what it does not do is not charged to it
        return run, lambda got: (got[0].mean(dtype=np.float64), [got[1] / x.dtype.type(n)])


class Scipy:
    name = "scipy"

    def __init__(self, build, threads):
        import scipy
        from scipy import special
        self.special, self.version = special, scipy.__version__

    def make(self, work, d, gradient, kind):
        if gradient or kind == "bf16" or work == "gaussian":
            return None
        special, y = self.special, d["y"]
        if work == "categorical":
            rows = np.arange(len(y))
            return lambda: (special.logsumexp(d["x"], axis=1) - d["x"][rows, y]).mean(), lambda value: (value, [])
        if work == "bernoulli":
            return lambda: (np.logaddexp(np.float32(0), d["x"]) - d["x"] * y).mean(), lambda value: (value, [])

        def run():
            return (special.betaln(d["a"], d["b"]) - special.xlogy(d["a"] - 1, y) - special.xlog1py(d["b"] - 1, -y)).mean()
        return run, lambda value: (value, [])


class OnnxRuntime:
    name = "onnxruntime"

    def __init__(self, build, threads):
        import onnx
        import onnxruntime
        self.onnx, self.ort, self.threads, self.version = onnx, onnxruntime, threads, onnxruntime.__version__

    def make(self, work, d, gradient, kind):
        if work != "categorical" or gradient or kind != "f32":
            return None
        helper, types = self.onnx.helper, self.onnx.TensorProto
        node = helper.make_node("SoftmaxCrossEntropyLoss", ["x", "y"], ["loss"], reduction="mean")
        graph = helper.make_graph([node], "loss", [
            helper.make_tensor_value_info("x", types.FLOAT, list(d["x"].shape)),
            helper.make_tensor_value_info("y", types.INT64, [len(d["y"])])],
            [helper.make_tensor_value_info("loss", types.FLOAT, [])])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        options = self.ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.log_severity_level = 3
        session = self.ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return lambda: session.run(["loss"], d), lambda got: (got[0], [])


class Jax:
    name = "jax"

    def __init__(self, build, threads):
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        import jax
        self.jax, self.version = jax, jax.__version__

    def make(self, work, d, gradient, kind):
        if kind != "f32":
            return None
        jax, jnp = self.jax, self.jax.numpy
        y = jnp.asarray(d["y"])
        rows = jnp.arange(len(d["y"]))
        beta = jax.scipy.stats.beta
        loss = {"categorical": lambda x: (jax.nn.logsumexp(x, axis=1) - x[rows, y]).mean(),
                "bernoulli": lambda x: (jax.nn.softplus(x) - x * y).mean(),
                "gaussian": lambda x, v: 0.5 * (jnp.log(v) + (y - x) ** 2 / v + np.float32(np.log(2 * np.pi))).mean(),
                "beta": lambda a, b: -beta.logpdf(y, a, b).mean()}[work]
        inputs = [jnp.asarray(d[k]) for k in {"gaussian": "xv", "beta": "ab"}.get(work, "x")]
        f = jax.jit(jax.value_and_grad(loss, argnums=tuple(range(len(inputs)))) if gradient else loss)

        def run():
            return jax.block_until_ready(f(*inputs))
        return run, lambda got: (got[0], [np.asarray(g) for g in got[1]]) if gradient else (got, [])


ALL = [Nll, LoopLibm, LoopFast, Sleef, OneDnn, Torch, TorchCompiled, Sklearn, Scipy, OnnxRuntime, Jax]


def load(build, threads, without):
    """({name: library}, {name: version}) of those that are here; the others are named on stderr."""
    loaded, versions = {}, {"python": sys.version.split()[0], "numpy": np.__version__}
    for kind in ALL:
        if re.search(without, kind.name):
            continue
        try:
            loaded[kind.name] = kind(build, threads)
            versions[kind.name] = loaded[kind.name].version
        except (ImportError, OSError, Missing) as error:
            print(f"skipped: {kind.name}: {error}", file=sys.stderr)
    return loaded, versions
