#!/usr/bin/env python3
"""peers.py: the same work by nll and by what people use today, on the same data, in one run.

    bench/peers/peers.py BUILD [--out FILE] [--table FILE] [--only REGEX] [--threads 1,2] [--repetitions 9]

BUILD is a build folder with kernels/libnll.so.  Every peer is optional: what cannot be loaded is skipped
with a line that says so, and nothing is ever installed.  --install-help says what would be there to
install.  README.md in bench/ says how to read the figures.
"""
import argparse
import datetime
import json
import os
import platform
import random
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HELP = """Everything goes into a folder of its own; to get rid of it, delete that.

    python3 -m venv build/peers-venv
    build/peers-venv/bin/pip install numpy scipy scikit-learn torch onnx onnxruntime jax   # up to 6 GB, for torch's CUDA
    apt-get install --no-install-recommends gcc libsleef-dev libdnnl-dev                   # as root
    build/peers-venv/bin/python bench/peers/peers.py build/release
"""
SHAPES = [(65536, 10), (4096, 1000), (512, 32000), (128, 128256)]
N = {"bernoulli": 1 << 22, "gaussian": 1 << 22, "beta": 1 << 18}
ENOUGH = 0.004  # seconds: shorter calls are repeated
SERIAL = {"scipy"}  # libraries that run on one thread whatever they are told
# How far off a mean (relative) and a gradient (relative to its largest entry) may be.
NEAR = {"f32": (2e-5, 1e-5), "f64": (1e-12, 1e-12), "bf16": (1e-2, 1e-2)}


def rank_table(rows, threads):
    """Markdown: a line for each library, a column for each work; 10^9 elements per second: the median and,
    in brackets, the best of the repetitions."""
    rows = [r for r in rows if r["threads"] == threads]
    works = list(dict.fromkeys((r["work"], r["shape"]) for r in rows))
    libraries = list(dict.fromkeys(r["library"] for r in rows))
    lines = []
    for group in dict.fromkeys(re.sub(r"-(forward|gradient).*", "", w) for w, _ in works):
        columns = [w for w in works if re.sub(r"-(forward|gradient).*", "", w[0]) == group]
        lines.append(f"| {group}, {threads} thread{'s' if threads > 1 else ''} | " + " | ".join(
            f"{w.split('-', 1)[1] if '-' in w else w} {shape}" for w, shape in columns) + " |")
        lines.append("| --- |" + " ---: |" * len(columns))
        for library in libraries:
            cells = [next((r for r in rows if (r["library"], r["work"], r["shape"]) == (library, *w)), None) for w in columns]
            if any(cells):
                title = f"{library} (1 thread)" if library in SERIAL and threads > 1 else library
                lines.append(f"| {title} | " + " | ".join(f"{c['median']:.3g} ({c['best']:.3g})" if c else "-" for c in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def cpus():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


# ---- the parent: one process for each number of threads

def context(cpu_threads):
    info = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""

    def field(key):
        found = re.search(rf"^{key}\s*: (.*)$", info, re.M)
        return found.group(1) if found else "unknown"
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "executable": "bench/peers/peers.py", "num_cpus": os.cpu_count(), "cpu": field("model name"),
            "cpu_family": field("cpu family"), "cpu_model": field("model"), "machine": platform.machine(),
            "threads": cpu_threads, "load_avg": list(os.getloadavg()), "library_build_type": "release"}


def parent(args):
    every = {**context(args.threads), "versions": {}}
    rows = []
    for threads in args.threads:
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        done = subprocess.run([sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--child", str(threads)],
                              stdout=subprocess.PIPE, text=True, env=environment)
        if done.returncode:
            return done.returncode
        part = json.loads(done.stdout)
        every["versions"] = part["versions"]
        rows += part["rows"]
    text = "".join(rank_table(rows, threads) + "\n" for threads in args.threads)
    print(text)
    if args.table:
        write(args.table, text)
    if args.out:
        every_run = [b for r in rows for b in benchmarks(r)]
        write(args.out, json.dumps({"context": every, "benchmarks": every_run}, indent=1) + "\n")
    return 0


def write(path, text):
    """Complete or not at all: beside, then renamed; what is no file (a pipe, a device) directly."""
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "w") as f:
            f.write(text)
        return
    path = os.path.realpath(path)
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "x") as f:
            f.write(text)
        os.replace(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def benchmarks(row):
    """Entries in the format of Google Benchmark: every repetition, and the median."""
    name = f"peer/{row['library']}/{row['work']}/{row['shape']}"
    name += f"/threads:{row['threads']}" if row["threads"] > 1 else ""
    base = {"run_name": name, "threads": row["threads"], "repetitions": len(row["seconds"]), "iterations": row["calls"],
            "time_unit": "ns"}

    def entry(real, cpu, **more):
        rate = row["elements"] / (cpu if row["threads"] == 1 else real)
        return {"name": name, **base, **more, "real_time": real * 1e9, "cpu_time": cpu * 1e9, "elements_per_second": rate}
    for index, (real, cpu) in enumerate(row["seconds"]):
        yield entry(real, cpu, run_type="iteration", repetition_index=index)
    middle = [sorted(clock)[len(row["seconds"]) // 2] for clock in zip(*row["seconds"])]
    yield {**entry(*middle, run_type="aggregate", aggregate_name="median"), "name": f"{name}_median",
           "best_elements_per_second": row["best"] * 1e9}


# ---- the child: one number of threads

def inputs(np, work, shape):
    """Random numbers, the same for everyone and in every run."""
    rng = np.random.default_rng(1)
    n = N.get(work, 0)
    if work == "categorical":
        return {"x": (rng.standard_normal(shape, np.float32) * 3), "y": rng.integers(0, shape[1], shape[0])}
    if work == "bernoulli":
        return {"x": rng.standard_normal(n, np.float32) * 3, "y": rng.integers(0, 2, n).astype(np.float32)}
    if work == "gaussian":
        return {"x": rng.standard_normal(n, np.float32), "v": rng.random(n, np.float32) * 3 + np.float32(0.25),
                "y": rng.standard_normal(n, np.float32)}
    return {"a": rng.random(n, np.float32) * 7 + np.float32(0.5), "b": rng.random(n, np.float32) * 7 + np.float32(0.5),
            "y": rng.random(n, np.float32) * np.float32(0.96) + np.float32(0.02)}


def reference(np, special, work, d):
    """Mean and gradients in double, by other means than any of the contestants."""
    f = {k: v.astype(np.float64) for k, v in d.items() if k != "y" or work != "categorical"}
    if work == "categorical":
        x, y, n = d["x"], d["y"], len(d["y"])
        loss, grad = 0.0, np.empty(x.shape)
        for i in range(0, n, 128):
            block = x[i:i + 128].astype(np.float64)
            rows = np.arange(len(block))
            lse = special.logsumexp(block, axis=1)
            loss += (lse - block[rows, y[i:i + 128]]).sum()
            grad[i:i + 128] = np.exp(block - lse[:, None])
            grad[i + rows, y[i:i + 128]] -= 1
        return loss / n, [grad / n]
    n = len(d["y"])
    if work == "bernoulli":
        return (np.logaddexp(0, f["x"]) - f["x"] * f["y"]).mean(), [(special.expit(f["x"]) - f["y"]) / n]
    if work == "gaussian":
        gap, v = f["y"] - f["x"], f["v"]
        return (0.5 * (np.log(v) + gap ** 2 / v + np.log(2 * np.pi))).mean(), \
            [-gap / v / n, 0.5 * (1 - gap ** 2 / v) / v / n]
    a, b, y = f["a"], f["b"], f["y"]
    loss = special.betaln(a, b) - (a - 1) * np.log(y) - (b - 1) * np.log1p(-y)
    both = special.digamma(a + b)
    return loss.mean(), [(special.digamma(a) - both - np.log(y)) / n, (special.digamma(b) - both - np.log1p(-y)) / n]


def rounded(np, kind, data):
    """The logits in another type; bfloat16 as the upper halves of floats."""
    if kind == "f32":
        return data
    if kind == "f64":
        return {**data, "x": data["x"].astype(np.float64)}
    upper = (data["x"].view(np.uint32) >> 16).astype(np.uint16)
    return {**data, "x": (upper.astype(np.uint32) << 16).view(np.float32), "bf16": upper}


def off(np, got, want, kind):
    """What is wrong with the results (mean, gradients); None if nothing is."""
    value, grads = got
    if not abs(float(value) - want[0]) <= NEAR[kind][0] * max(1, abs(want[0])):  # NaN is off
        return f"mean {float(value):.9g}, not {want[0]:.9g}"
    if len(grads) != len(want[1]):
        return f"{len(grads)} gradients, not {len(want[1])}"
    for g, w in zip(grads, want[1]):
        if np.size(g) != w.size:
            return f"a gradient of {np.size(g)} numbers, not {w.size}"
        worst = float(np.abs(np.asarray(g, np.float64).reshape(w.shape) - w).max() / np.abs(w).max())
        if not worst <= NEAR[kind][1]:
            return f"gradient off by {worst:.2g} of its largest entry"
    return None


def clocks():
    return time.perf_counter(), time.process_time()


def compete(np, entries, want, kind, title, repetitions):
    """Times {library: (run, results)}; [(library, (real, cpu) seconds of each repetition, calls)]."""
    calls, seconds = {}, {}
    for library, (run, results) in list(entries.items()):
        try:
            run()  # what is compiled or allocated on first use
            wrong = off(np, results(run()), want, kind)
        except Exception as error:  # a peer's own kind: it is the peer that is left out
            wrong = f"{type(error).__name__}: {str(error).splitlines()[0][:100] if str(error) else ''}"
        if wrong:
            print(f"left out: {library}, {title}: {wrong}", file=sys.stderr)
            del entries[library]
            continue
        begin = time.process_time()
        run()
        calls[library] = max(1, min(100, int(ENOUGH / max(1e-5, time.process_time() - begin))))
        seconds[library] = []
    order = list(entries)
    for _ in range(repetitions):
        random.shuffle(order)
        for library in order:
            run = entries[library][0]
            begin = clocks()
            for _ in range(calls[library]):
                run()
            seconds[library].append([(t - b) / calls[library] for t, b in zip(clocks(), begin)])
    return [(library, seconds[library], calls[library]) for library in entries]


def child(args):
    threads = args.child
    if hasattr(os, "sched_setaffinity"):  # holds for libraries that have no setting, such as JAX
        if threads > cpus():
            sys.exit(f"peers.py: {threads} threads, but this process may use {cpus()} CPUs; give fewer with --threads")
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    try:
        import numpy as np
        from scipy import special
    except ImportError as missing:
        sys.exit(f"peers.py: {missing}; see --install-help")
    sys.path.insert(0, HERE)
    import libraries
    loaded, versions = libraries.load(args.build, threads, args.without)
    random.seed(1)
    rows = []
    works = [("categorical", kind, shape) for kind in args.types for shape in SHAPES]
    works += [(w, "f32", None) for w in ("bernoulli", "gaussian", "beta")]
    for work, kind, shape in works:
        title = work if kind == "f32" else f"{work}-{kind}"
        size = f"{shape[0]}x{shape[1]}" if shape else str(N[work])
        modes = [m for m in ("forward", "forward-gradient") if re.search(args.only, f"{title}-{m}/{size}")]
        if not modes:
            continue
        data = rounded(np, kind, inputs(np, work, shape))
        want = reference(np, special, work, data)
        for mode in modes:
            print(f"{threads} thread(s): {title}-{mode} {size}", file=sys.stderr)
            entries = {}
            for name, library in loaded.items():
                made = library.make(work, data, mode != "forward", kind)
                if made:
                    entries[name] = made
            elements = shape[0] * shape[1] if shape else N[work]
            here = (want[0], want[1] if mode != "forward" else [])
            for library, seconds, calls in compete(np, entries, here, kind, f"{title}-{mode} {size}", args.repetitions):
                # One thread: the CPU time of the process, which other programs do not take part in.
                chosen = sorted(s[threads == 1] for s in seconds)
                middle = chosen[len(chosen) // 2]
                rows.append({"library": library, "work": f"{title}-{mode}", "shape": size, "threads": threads,
                             "seconds": seconds, "calls": calls, "elements": elements,
                             "median": elements / middle * 1e-9, "best": elements / chosen[0] * 1e-9})
                print(f"  {library:<16}{rows[-1]['median']:9.4f}  best {rows[-1]['best']:9.4f}", file=sys.stderr)
    json.dump({"versions": versions, "rows": rows}, sys.stdout)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", nargs="?", help="a build folder with kernels/libnll.so")
    parser.add_argument("--install-help", action="store_true", help="what there would be to install; installs nothing")
    parser.add_argument("--out", help="JSON, as Google Benchmark writes it")
    parser.add_argument("--table", help="the tables, as markdown")
    parser.add_argument("--only", default=".", help="regular expression for WORK/SHAPE")
    parser.add_argument("--without", default="^$", help="regular expression: libraries to leave out")
    parser.add_argument("--types", default="f32", help="of categorical: f32,bf16,f64", type=lambda s: s.split(","))
    parser.add_argument("--threads", default=sorted({1, cpus()}), type=lambda s: [int(n) for n in s.split(",")])
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.install_help:
        print(HELP, end="")
        return 0
    if not args.build or not os.path.exists(f"{args.build}/kernels/libnll.so"):
        sys.exit(f"peers.py: no kernels/libnll.so in '{args.build}'; ./dev build makes it in build/release")
    return child(args) if args.child else parent(args)


if __name__ == "__main__":
    sys.exit(main())
