#!/usr/bin/env python3
"""mca.py: modelled cycles per element of the hot kernels, from llvm-mca, beside measured ones.

    bench/mca/mca.py build/release [--measure] [--isa LIST] [--json FILE] [--only REGEX]

Takes the kernels of bench/check/hot.def out of the objects in a build folder, finds their inner loops
(loops.py) and lets llvm-mca run them on models of CPUs.  NEON objects are compiled here, with the flags
of the build, if there is a compiler for AArch64.  --measure times the kernels on this machine, and
their loops' instructions where none waits for another (mix.py).
README.md in bench/ says what the figures mean.
"""
import argparse
import datetime
import glob
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys

import loops
import mix

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ITERATIONS, LONG = 200, 1000  # a loop of over LONG instructions goes round fewer times
LANES = {"f32": 16, "f64": 8}  # VL of kernels/vec/vec.h, the same on all instruction sets
CHAINS = {"avx512": 4, "avx2": 1, "neon": 1}
CPUS = {
    "avx512": ["znver4", "znver5", "icelake-server", "sapphirerapids"],
    "avx2": ["znver3", "znver4", "znver5", "icelake-server", "sapphirerapids"],
    "neon": ["neoverse-n1", "neoverse-v1", "neoverse-v2", "apple-m1"],
}
TRIPLE = {"avx512": "x86_64-linux-gnu", "avx2": "x86_64-linux-gnu", "neon": "aarch64-linux-gnu"}


def die(text):
    sys.exit(f"mca.py: {text}")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


# ---- llvm-mca

def find_mca(path=None):
    """The newest llvm-mca; those of Debian's llvm-NN packages have their number in the name."""
    numbered = sorted(glob.glob("/usr/bin/llvm-mca-[0-9]*"), key=lambda p: -int(p.rsplit("-", 1)[1]))
    for candidate in [path] if path else numbered + ["llvm-mca"]:
        if shutil.which(candidate):
            return candidate
    return None


def mca_version(mca):
    text = run(mca, "--version").stdout
    version = re.search(r"LLVM version (\S+)", text)
    host = re.search(r"Host CPU: (\S+)", text)
    return version.group(1) if version else "unknown", host.group(1) if host else ""


def known(mca, isa, cpu):
    return "not a recognized processor" not in run(
        mca, f"-mtriple={TRIPLE[isa]}", f"-mcpu={cpu}", input="nop\n").stderr


def model(mca, isa, cpu, loop):
    """Cycles of one turn, and of those how many the busiest execution unit works.

    llvm-mca's block reciprocal throughput can be much less: it looks at each set of units by itself, so a
    product that either of two may take and a division that only one of them does never meet there.
    """
    text = "".join(f"\t{one.text}\n" for one in loop.body) + "1:\n"
    turns = ITERATIONS if len(loop.body) < LONG else ITERATIONS // 5
    done = run(mca, f"-mtriple={TRIPLE[isa]}", f"-mcpu={cpu}", f"-iterations={turns}", "--json", input=text)
    if done.returncode:
        die(f"{mca} -mcpu={cpu} says: {done.stderr.strip()[:400]}")
    region = json.loads(done.stdout)["CodeRegions"][0]
    summary, total = region["SummaryView"], len(region["Instructions"])
    busiest = max(unit["ResourceUsage"] for unit in region["ResourcePressureView"]["ResourcePressureInfo"]
                  if unit["InstructionIndex"] == total)
    return summary["TotalCycles"] / summary["Iterations"], busiest


# ---- kernels and objects

def hot_kernels():
    """Rows of hot.def that have one inner loop: name as nll-count prints it, and what finds it."""
    families = dict(re.findall(r"NLL_K\((\w+),\s*(\w+),", read(f"{ROOT}/kernels/kernels.def")))
    rows = re.findall(r"^NLL_HOT\((\w+),\s*(\w+),\s*(\w+),\s*(\d+),\s*(\d+),\s*(.*),\s*(\w+)\)$",
                      read(f"{ROOT}/bench/check/hot.def"), re.M)
    for kernel, kind, variant, nrows, cols, step, loads in rows:
        if step != "0":
            yield {"name": f"{kernel}/{kind.lower()}/{variant.lower()}/{nrows}x{cols}", "kernel": kernel,
                   "type": kind.lower(), "full": variant == "FULL", "levels": families[kernel] == "MAP",
                   "step": step, "loads": loads}


def read(path):
    with open(path) as f:
        return f.read()


def map_chains():
    """{kernel: (vectors at a time, is it computed in double lanes)}, from the lists in kernels/tu_*.c."""
    text = "".join(read(path) for path in glob.glob(f"{ROOT}/kernels/tu_*.c"))
    return {kernel: (int(chains), bool(wide)) for wide, kernel, chains in re.findall(
        r"^NLL_(WIDE_)?MAP(?:_OF)?\((\w+)(?:, \w+)*, (\d+)\)", text, re.M)}


def elements(row, isa):
    kind = row["type"]
    names = {"VL": LANES[kind], "D_LANES": 8, "ROW_WAYS": 4, "NLL_CHAINS": CHAINS[isa], "MAP_CHAINS": 1}
    if CHAINS[isa] > 1 and row["levels"]:
        chains, wide = map_chains()[row["kernel"]]
        names["MAP_CHAINS"] = max(1, chains // 2) if wide and kind == "f64" else chains
    product = 1
    for word in row["step"].split("*"):
        product *= names[word.strip()]
    return product


def neon_objects(build, into):
    """Compiles the units that hold hot kernels for NEON, with the flags of the build; returns the folder."""
    compiler = shutil.which("aarch64-linux-gnu-gcc")
    if not compiler:
        print("skipped: NEON, no aarch64-linux-gnu-gcc (Debian: gcc-aarch64-linux-gnu)", file=sys.stderr)
        return None
    os.makedirs(f"{into}/include", exist_ok=True)
    header = f"{into}/include/sleef.h"
    if not os.path.exists(header):
        places = [p for p in ("/usr/include/sleef.h", *glob.glob("/usr/include/*/sleef.h")) if os.path.exists(p)]
        if not places:
            print("skipped: NEON, no sleef.h", file=sys.stderr)
            return None
        # this machine's header lacks what AArch64's declares of vectors
        names = set(re.findall(r"Sleef_\w+advsimd", "".join(read(f) for f in glob.glob(f"{ROOT}/kernels/*/*.h"))))
        kinds = {name: "float32x4_t" if "f4_" in name else "float64x2_t" for name in sorted(names)}
        with open(header, "w") as f:
            f.write(read(places[0]) + "#include <arm_neon.h>\n")
            f.writelines(f"{kind} {name}({kind});\n" for name, kind in kinds.items())
    symbols = {f"nll_{row['kernel']}_scalar_{row['type']}" for row in hot_kernels()}
    newest = max(os.path.getmtime(f) for f in glob.glob(f"{ROOT}/kernels/**/*.[ch]", recursive=True))
    units = 0
    # the scalar build's command, all but what chooses the instruction set
    for entry in json.loads(read(f"{build}/compile_commands.json")):
        place = re.match(r"kernels/libnll_scalar_(f32|f64)_\w+\.a\.p/(\w+)\.c\.o$", entry["output"])
        if not place or symbols.isdisjoint(run("nm", f"{build}/{entry['output']}").stdout.split()):
            continue
        units += 1
        words = [w for w in shlex.split(entry["command"])[1:]
                 if not w.startswith(("-m", "-fno-tree", "-M")) and w != "-DNLL_ISA_SCALAR"]
        words = [w for w in words if not w.endswith(".o.d")]
        target = f"{into}/{place.group(2)}_{place.group(1)}.o"
        words = [w for w in words if w != entry["output"]]
        words[words.index("-o"):words.index("-o") + 1] = ["-o", target]
        if os.path.exists(target) and os.path.getmtime(target) > newest:
            continue
        done = run(compiler, *words, "-DNLL_ISA_NEON", "-isystem", f"{into}/include", cwd=entry["directory"])
        if done.returncode:
            die(f"cannot compile {place.group(2)} for NEON:\n{done.stderr[:2000]}")
    if not units:
        die(f"no scalar object in {build} has a hot kernel, so none is compiled for NEON")
    return into


class Code:
    """The functions of the objects of one instruction set and type, disassembled when asked for."""

    def __init__(self, build, isa, kind, neon=None):
        if isa == "neon":
            self.paths = sorted(glob.glob(f"{neon}/*_{kind}.o"))
            self.objdump = "aarch64-linux-gnu-objdump"
        else:
            self.paths = sorted(glob.glob(f"{build}/kernels/libnll_{isa}_{kind}_*.a.p/tu_*.o"))
            self.objdump = "objdump"
        self.tables = {}

    def table_with(self, name):
        for path in self.paths:
            if path not in self.tables:
                self.tables[path] = loops.functions(self.objdump, path)
            if name in self.tables[path]:
                return self.tables[path]
        return None


def inner_loops(build, isa, only=".", neon=None):
    """For each hot kernel: (row of hot_kernels, its Loop).

    The arithmetic is the same on all instruction sets, so a NEON loop has, element by element, twice the
    FMAs of the AVX2 loop, which ./dev bench --check holds against what really runs.
    """
    twice = {}
    if isa == "neon":
        for row, loop in inner_loops(build, "avx2", only):
            twice[row["name"]] = 2 * loop.fmas * elements(row, isa) // elements(row, "avx2")
    code = {kind: Code(build, isa, kind, neon) for kind in LANES}
    for row in hot_kernels():
        if not re.search(only, row["name"]):
            continue
        symbol = f"nll_{row['kernel']}_{isa}_{row['type']}"
        table = code[row["type"]].table_with(symbol)
        if table is None:
            continue
        loop = loops.hot_loop(table, symbol, row["full"], row["levels"], row["loads"],
                               twice.get(row["name"]))
        if loop is None:
            print(f"mca.py: no inner loop with FMAs found in {symbol}", file=sys.stderr)
            continue
        yield row, loop


def measured(build, isa):
    """{name: cycles per element} on this machine, if it is of that kind."""
    done = run(f"{build}/bench/check/nll-count", "time", isa)
    if done.returncode:
        return {}
    return {name: float(value) for name, value in (line.split("\t") for line in done.stdout.splitlines())}


# ---- the report

def report(rows, isa, cpus, host, times):
    """A text table of one instruction set."""
    head = f"{isa:<40}{'n':>4}{'FMA':>5}{'instr':>7}"
    if times:
        head += f"{'measured':>10}{'unchained':>11}"
    head += "".join(f"{cpu:>16}" for cpu in cpus)
    lines = [head]
    for row in rows:
        line = f"{row['name']:<40}{row['elements']:>4}{row['fmas']:>5}{row['instructions']:>7}"
        if times:
            line += f"{row.get('measured', float('nan')):>10.3f}{row.get('unchained', float('nan')):>11.3f}"
        for cpu in cpus:
            cell = f"{row['model'][cpu]['cycles_per_element']:.3f}"
            if cpu == host and "measured" in row:
                cell += f" ({row['model'][cpu]['error_percent']:+.0f} %)"
            line += f"{cell:>16}"
        lines.append(line)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="a build folder with the kernels")
    parser.add_argument("--measure", action="store_true", help="time the kernels here too")
    parser.add_argument("--json", help="write all figures there")
    parser.add_argument("--only", default=".", help="kernels whose names match, such as ^row")
    parser.add_argument("--isa", default=",".join(CPUS), help="of these instruction sets; all: %(default)s")
    parser.add_argument("--llvm-mca", help="this program instead of the newest installed")
    args = parser.parse_args()
    mca = find_mca(args.llvm_mca)
    if not mca:
        print("skipped: no llvm-mca (Debian: apt-get install llvm-19, or llvm, which knows fewer CPUs)")
        return 77
    if not os.path.exists(f"{args.build}/compile_commands.json"):
        die(f"{args.build} is no build folder of Meson; './dev build' makes build/release")
    version, host = mca_version(mca)
    isas = args.isa.split(",")
    neon = neon_objects(args.build, f"{os.path.abspath(args.build)}/mca") if "neon" in isas else None
    result = {"context": {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
                          "llvm": version, "host_cpu": host, "machine": platform.machine(),
                          "iterations": ITERATIONS, "note": "modelled, data in L1; NEON is never measured"},
              "kernels": []}
    print(f"cycles per element as llvm-mca {version} models them; (error) against this machine, a {host}")
    for isa in CPUS:
        if isa not in isas or (isa == "neon" and not neon):
            continue
        cpus = [cpu for cpu in CPUS[isa] if known(mca, isa, cpu)]
        for cpu in set(CPUS[isa]) - set(cpus):
            print(f"skipped: {cpu}, which llvm-mca {version} does not know", file=sys.stderr)
        times = measured(args.build, isa) if args.measure else {}
        rows, found = [], list(inner_loops(args.build, isa, args.only, neon))
        alone = mix.cycles([loop.body for _, loop in found]) if times else []
        for row, loop in found:
            per = elements(row, isa)
            out = {"name": row["name"], "isa": isa, "elements": per, "fmas": loop.fmas,
                   "instructions": len(loop.body), "model": {}}
            if row["name"] in times:
                out["measured"] = times[row["name"]]
            if alone:
                out["unchained"] = alone[len(rows)] / per
            for cpu in cpus:
                cycles, busy = model(mca, isa, cpu, loop)
                out["model"][cpu] = {"cycles_per_element": cycles / per, "busiest_unit": busy / per}
                if "measured" in out:
                    out["model"][cpu]["error_percent"] = 100 * (cycles / per / out["measured"] - 1)
            rows.append(out)
        if rows:
            print(f"\n{report(rows, isa, cpus, host, times)}")
        result["kernels"] += rows
    if args.json:
        with open(args.json, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
