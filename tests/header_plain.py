#!/usr/bin/env python3
"""The declaration headers are for readers without a preprocessor (cffi, LuaJIT): no '#' line.

Argument: the folder of the headers.  If cffi or pycparser is installed, it must be able to read
them; nll.h alone holds preprocessor lines, and includes just these and two standard headers.
"""
import pathlib
import re
import sys

DECLARATIONS = [
    "types.h", "models.h", "functions.h", "rows.h", "runtime.h", "sequences.h", "distributions.h", "counts.h",
    "kl_distributions.h", "fit.h", "divergences.h", "threads.h"]
folder = pathlib.Path(sys.argv[1])
failures = []
texts = []
for name in DECLARATIONS:
    text = (folder / name).read_text()
    plain = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            failures.append(f"{name}:{number}: a preprocessor line: {line}")
    if "#" in plain or "//" in plain:
        failures.append(f"{name}: '#' or '//' among the declarations")
    for macro in ("NLL_API", "extern \"C\"", "restrict", "__attribute__", "inline"):
        if re.search(rf"\b{re.escape(macro)}\b", plain):
            failures.append(f"{name}: {macro} is not for plain readers")
    texts.append(plain)

included = re.findall(r'#include\s+["<]([^">]+)[">]', (folder / "nll.h").read_text())
if sorted(included) != sorted(DECLARATIONS + ["stddef.h", "stdint.h"]):
    failures.append(f"nll.h includes {included}")

declarations = "\n".join(texts)
for reader in ("cffi", "pycparser"):
    try:
        module = __import__(reader)
    except ImportError:
        print(f"{reader} is not installed: its reading of the headers is not tested")
        continue
    try:
        if reader == "cffi":
            ffi = module.FFI()
            ffi.cdef(declarations)
            assert ffi.sizeof("nll_view") >= 48
        else:
            types = "typedef unsigned long size_t; typedef long ptrdiff_t; typedef long int64_t;" \
                    "typedef unsigned long uint64_t; typedef unsigned int uint32_t;"
            from pycparser import c_parser
            c_parser.CParser().parse(types + declarations)
    except Exception as error:  # any refusal is a failure
        failures.append(f"{reader} cannot read the headers: {error}")

for failure in failures:
    print(failure)
sys.exit(bool(failures))
