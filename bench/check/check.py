#!/usr/bin/env python3
"""check.py: do the hot kernels take more than they did?

    bench/check/check.py build/release [--update] [--table FILE] [--figures FILE]

Counts the instructions of the kernels of hot.def on fixed inputs under callgrind, scalar and AVX2, and
models the cycles of their AVX-512 loops, which valgrind cannot run, with llvm-mca.  Compares both with
table.txt; a kernel that takes over 2 % more is an error.  The time on a clock is not looked at: it is
that of the machine's other work.

The table holds for the compiler and options that it names.  With others there is nothing to compare:
exit status 77.  --update writes it anew; --figures keeps what was counted, and takes it from there if
the file exists.
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "mca"))
import mca  # noqa: E402

LIMIT = 2.0  # percent
LEAST_SHARE, MOST_SHARE = 0.7, 1.15  # the longest way round holds branches that few lanes take
MODEL_CPU = "icelake-server"
INSTRUCTIONS, CYCLES = "instructions", "modelled-cycles"
HEAD = f"""\
# table.txt: what the hot kernels take: see check.py.  Written by ./dev bench --check --update.
# {INSTRUCTIONS}: of one call, all of its elements.  {CYCLES}: of one turn of the inner loop, {MODEL_CPU}.
"""


def skip(text):
    print(f"skipped: {text}")
    sys.exit(77)


# ---- what the figures depend on

def environment(build):
    """{what: value} for the head of the table."""
    for entry in json.loads(mca.read(f"{build}/compile_commands.json")):
        if re.search(r"libnll_avx2_f32_\w+\.a\.p/tu_map\.c\.o$", entry["output"]):
            words = shlex.split(entry["command"])
            break
    else:
        skip(f"there are no AVX2 kernels in {build}")
    words = [w for w in words if w != "ccache"]
    version = mca.run(words[0], "--version").stdout.splitlines()[0]
    options = [w for w in words[1:] if re.match(r"-(O|f(?!diagnostics)|m|std|g\d?$|DNDEBUG|flto)", w)]
    return {"compiler": re.sub(r"^\S+ ", "", version), "options": " ".join(options)}


def table_of(path):
    """(environment, {(name, isa): (value, unit)})"""
    head, rows = {}, {}
    for line in mca.read(path).splitlines():
        key = re.match(r"# (compiler|options|llvm): (.*)$", line)
        if key:
            head[key.group(1)] = key.group(2)
        elif line and not line.startswith("#"):
            name, isa, value, unit = line.split()
            rows[name, isa] = float(value), unit
    return head, rows


def write_table(path, head, rows):
    with open(path, "w") as f:
        f.write(HEAD)
        f.writelines(f"# {key}: {value}\n" for key, value in head.items())
        f.writelines(f"{name:<38}{isa:<8}{value:>10.10g} {unit}\n" for (name, isa), (value, unit) in rows.items())


# ---- figures

def counted(build, isa):
    program = f"{build}/bench/check/nll-count"
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        done = mca.run("valgrind", "--tool=callgrind", "--collect-atstart=no", "--instr-atstart=no",
                       "--combine-dumps=yes", f"--callgrind-out-file={out}", program, "count", isa)
        if done.returncode == 77:
            skip(f"this CPU has no {isa}")
        if done.returncode:
            sys.exit(f"check.py: {program} count {isa}:\n{done.stderr.strip()[-800:]}")
        text = mca.read(out)
    found = re.findall(r"^desc: Trigger: Client Request: (\S+)\n(?:.*\n)*?totals: (\d+)", text, re.M)
    return {(name, isa): (float(total), INSTRUCTIONS) for name, total in found}


def llvm_mca(version):
    """The llvm-mca that the table was made with; any, where there is no table yet."""
    for path in ["llvm-mca-14", "llvm-mca", mca.find_mca()]:
        if path and shutil.which(path) and version in (None, mca.mca_version(path)[0]):
            return path
    return None


def modelled(build, program):
    rows = {}
    for row, loop in mca.inner_loops(build, "avx512"):
        cycles, _ = mca.model(program, "avx512", MODEL_CPU, loop)
        rows[row["name"], "avx512"] = round(cycles, 2), CYCLES
    return rows


def figures(build, version):
    rows = {**counted(build, "scalar"), **counted(build, "avx2")}
    program = llvm_mca(version)
    if program:
        rows.update(modelled(build, program))
    return rows


def wrong_loops(build, now):
    """The model is worth something if the loop that it was given is what runs: on AVX2, where both are
    known, the loop must make up what was counted, but for the ends of rows."""
    wrong = 0
    for row, loop in mca.inner_loops(build, "avx2"):
        rows, cols = map(int, row["name"].rsplit("/", 1)[1].split("x"))
        turns = rows * cols / mca.elements(row, "avx2")
        share = len(loop.body) * turns / now[row["name"], "avx2"][0]
        if not LEAST_SHARE <= share <= MOST_SHARE:
            print(f"WRONG   {row['name']}: the loop found makes up {100 * share:.0f} % of what runs (hot.def: step?)")
            wrong += 1
    return wrong


# ---- comparison

def compare(was, now):
    """Prints what changed; returns the number of errors."""
    errors = 0
    for key, (value, unit) in now.items():
        name = f"{key[0]} {key[1]}"
        if key not in was:
            print(f"NEW     {name}: {value:.10g} {unit}, not in the table")
            errors += 1
            continue
        before = was[key][0]
        percent = 100 * (value / before - 1)
        if percent > LIMIT:
            print(f"SLOWER  {name}: was {before:.10g}, is {value:.10g} {unit}: {percent:+.1f} %")
            errors += 1
        elif percent < -LIMIT:
            print(f"faster  {name}: was {before:.10g}, is {value:.10g} {unit}: {percent:+.1f} %")
    for key in was.keys() - now.keys():
        print(f"GONE    {key[0]} {key[1]}: in the table, but not counted")
        errors += 1
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", help="a build folder with bench/check/nll-count")
    parser.add_argument("--update", action="store_true", help="write the table anew")
    parser.add_argument("--table", default=f"{HERE}/table.txt")
    parser.add_argument("--figures", help="keep the figures there; if it exists, take them from there")
    args = parser.parse_args()
    if os.uname().machine != "x86_64":
        skip("the table is for x86-64")
    if not shutil.which("valgrind"):
        skip("no valgrind (Debian: apt-get install valgrind)")
    here = environment(args.build)
    head, was = table_of(args.table) if os.path.exists(args.table) else ({}, {})
    if args.update:
        head = {}
    for key, value in here.items():
        if head.get(key, value) != value:
            skip(f"the table is for {key} '{head[key]}', this build has '{value}'")
    if args.figures and os.path.exists(args.figures):
        now = {tuple(key): tuple(value) for key, value in json.loads(mca.read(args.figures))}
    else:
        now = figures(args.build, head.get("llvm"))
    if args.figures:
        with open(args.figures, "w") as f:
            json.dump(list(now.items()), f)
    if args.update:
        program = llvm_mca(None)
        if not program:
            sys.exit("check.py: the AVX-512 rows need llvm-mca (Debian: apt-get install llvm)")
        compare({**now, **was}, now)
        write_table(args.table, {**here, "llvm": mca.mca_version(program)[0]}, now)
        print(f"{len(now)} rows written to {args.table}")
        return 0
    if not any(unit == CYCLES for _, unit in now.values()):
        print(f"AVX-512 is left out: no llvm-mca {head.get('llvm')} (Debian 12: apt-get install llvm)")
        was = {key: row for key, row in was.items() if row[1] != CYCLES}
    errors = compare(was, now) + wrong_loops(args.build, now)
    print(f"{len(now)} figures compared, {errors} errors: over {LIMIT:g} % worse, not on both sides, or of another loop")
    if errors:
        print("If that is the price of something worth it: ./dev bench --check --update, and say so in the commit.")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
