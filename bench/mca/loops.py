"""The inner loop of a function, found in the machine code as built: no markers, no second compilation.

A disassembled function becomes a graph of basic blocks, its natural loops are found by dominators, and
of the innermost loops that hold fused multiply-adds one is chosen (hot_loop).
"""
import re
import subprocess
from collections import namedtuple

# address, text for llvm-mca, target address of a jump or None, does it end a block for good
Instruction = namedtuple("Instruction", "address text target ends")
# instructions once round, in order; how many of them are FMAs; bytes of vectors loaded and vector
# stores, but for constants and spills
Loop = namedtuple("Loop", "body fmas loaded stores")

FMA = re.compile(r"vfn?m(add|sub)\d|fml[as]\b|fn?m(add|sub)\b")
X86_STORE = re.compile(r"v(?:mov\S+|extract\S+|pmov\S+)\s+(?:\$\S+?,)?%[xyz]mm\d+,[^%]*\((%\w+)")
ARM_STORE = re.compile(r"(?:st[rp]|stur|st1)\s+\{?[qdv].*\[(\w+)")
X86_LOAD = re.compile(r"v\S+\s+(?:\$\S+?,)?[^%,]*\((%\w+)[^)]*\),.*%([xyz])mm")
ARM_LOAD = re.compile(r"(ldp|ldr|ldur|ld1)\s+\{?[qv].*\[(\w+)")
BYTES = {"x": 16, "y": 32, "z": 64, "ldp": 32}
STACK = {"%rip", "%rsp", "%rbp", "sp", "x29"}
LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$")
HEAD = re.compile(r"^([0-9a-f]+) <(.+)>:$")
RELOCATION = re.compile(r"\s+[0-9a-f]+: R_\S+\s+(\S+)$")
JUMP = re.compile(r"^(?:notrack |bnd )?(j\w+|call\w*|b|bl|b\.\w+|cbn?z|tbn?z)\s+(.*?)([0-9a-f]+)\s*<[^>]*>$")


def functions(objdump, path):
    """{name: [Instruction]} of the main section of an object file.

    Where a jump from function to function is left to the linker (always on AArch64) its target is in
    the relocation, at the end of the line.
    """
    out = subprocess.run([objdump, "-dr", "-j", ".text", "--no-show-raw-insn", "-w", path], check=True,
                         capture_output=True, text=True).stdout
    found, starts, current, left = {}, {}, None, []
    for line in out.splitlines():
        relocation = RELOCATION.search(line)
        line = RELOCATION.sub("", line)
        head, match = HEAD.match(line), LINE.match(line)
        if head:
            starts[head.group(2)] = int(head.group(1), 16)
            current = found.setdefault(head.group(2), [])
        elif match and current is not None:
            current.append(instruction(int(match.group(1), 16), match.group(2)))
            if relocation and current[-1].target is not None:
                left.append((current, len(current) - 1, relocation.group(1)))
    for code, k, place in left:
        section = re.match(r"\.text(?:\+0x([0-9a-f]+))?$", place)
        target = starts.get(re.split(r"[-+]0x", place)[0], -1)
        if section and objdump.startswith("aarch64"):
            target = int(section.group(1) or "0", 16)
        code[k] = code[k]._replace(target=target)
    return found


def instruction(address, text):
    text = re.sub(r"\s+(# |//|;).*$", "", text).strip()
    jump = JUMP.match(text)
    if jump:
        word, operands, to = jump.groups()
        clean = f"{word} {operands}1f"  # no address means anything to llvm-mca
        return Instruction(address, clean, int(to, 16), word in ("jmp", "jmpq", "b"))
    text = re.sub(r"\s*<[^>]*>", "", text)
    ends = bool(re.match(r"(notrack )?(ret|jmp|br\b|ud2|hlt|udf)", text))
    return Instruction(address, text, None, ends)


def is_call(one):
    return bool(re.match(r"(call|bl\b|blr)", one.text))


def reached(table, name):
    """The function and those of its file that it calls or jumps to."""
    start = {code[0].address: f for f, code in table.items() if code}
    todo, seen = [name], []
    while todo:
        f = todo.pop()
        if f in seen or f not in table:
            continue
        seen.append(f)
        own = {i.address for i in table[f]}
        todo += [start[i.target] for i in table[f] if i.target in start and i.target not in own]
    return seen


def blocks(code):
    """[(first, last + 1)] as indices into code, and their successors."""
    at = {one.address: k for k, one in enumerate(code)}
    leaders = {0}
    for k, one in enumerate(code):
        if (one.target is not None and not is_call(one)) or one.ends:
            leaders.add(k + 1)
        if one.target in at and not is_call(one):
            leaders.add(at[one.target])
    leaders = sorted(k for k in leaders if k < len(code))
    bounds = list(zip(leaders, leaders[1:] + [len(code)]))
    number = {first: b for b, (first, _) in enumerate(bounds)}
    edges = []
    for first, end in bounds:
        last, to = code[end - 1], []
        if last.target in at and not is_call(last):
            to.append(number[at[last.target]])
        if not last.ends and end in number and number[end] not in to:
            to.append(number[end])
        edges.append(to)
    return bounds, edges


def dominators(edges):
    """dominators of each block as bit sets; blocks that cannot be reached: None."""
    order, seen, stack = [], {0}, [(0, iter(edges[0]))]
    while stack:  # reverse postorder
        block, rest = stack[-1]
        for to in rest:
            if to not in seen:
                seen.add(to)
                stack.append((to, iter(edges[to])))
                break
        else:
            order.append(block)
            stack.pop()
    order.reverse()
    before = {b: [] for b in order}
    for b in order:
        for to in edges[b]:
            before[to].append(b)
    doms = [None] * len(edges)
    doms[0] = 1
    changed = True
    while changed:
        changed = False
        for b in order[1:]:
            sets = [doms[p] for p in before[b] if doms[p] is not None]
            new = sets[0]
            for other in sets[1:]:
                new &= other
            new |= 1 << b
            if new != doms[b]:
                doms[b], changed = new, True
    return doms, before


def natural_loops(edges):
    """{header: set of blocks} of the innermost loops."""
    doms, before = dominators(edges)
    loops = {}
    for b, to in enumerate(edges):
        for header in to:
            if doms[b] is None or not doms[b] >> header & 1:
                continue
            body, todo = loops.setdefault(header, {header}), [b]
            while todo:
                block = todo.pop()
                if block not in body:
                    body.add(block)
                    todo += before[block]
    return {h: body for h, body in loops.items() if not any(o != h and o in body for o in loops)}


def way_round(header, body, bounds, edges, longest):
    """The blocks of the shortest or longest way from the header back to it."""
    best = {}

    def measure(block):
        if block not in best:
            best[block] = None  # on the way: a jump back into it is no way home
            size, ways = bounds[block][1] - bounds[block][0], []
            for to in edges[block]:
                if to == header:
                    ways.append((size, [block]))
                elif to in body and measure(to):
                    ways.append((size + best[to][0], [block] + best[to][1]))
            best[block] = (max if longest else min)(ways, key=lambda w: w[0]) if ways else None
        return best[block]

    way = measure(header)
    return way[1] if way else []


def loops_of(code, longest):
    bounds, edges = blocks(code)
    framed = any(re.match(r"mov\S*\s+%rsp,%rbp", one.text) for one in code)
    stack = STACK if framed else STACK - {"%rbp"}
    for header, body in natural_loops(edges).items():
        way = way_round(header, body, bounds, edges, longest)
        once = [one for b in way for one in code[bounds[b][0]:bounds[b][1]]]
        # jumps that only lead from one block of the way to the next
        once = [one for one in once if not (one.target and one.ends)]
        fmas = sum(bool(FMA.match(one.text)) for one in once)
        if not fmas or any(is_call(one) for one in once):
            continue
        loaded = stores = 0
        for one in once:
            store = X86_STORE.match(one.text) or ARM_STORE.match(one.text)
            stores += bool(store and store.group(1) not in stack)
            load = {*(m.groups() for m in (X86_LOAD.match(one.text), ARM_LOAD.match(one.text)) if m)}
            for words in load:
                loaded += 0 if stack & set(words) else next((BYTES[w] for w in words if w in BYTES), 16)
        yield Loop(once, fmas, loaded, stores)


def whole_turns(found):
    """Where a loop takes two vectors at a time, another takes what is left: not that one."""
    most = max(loop.fmas for loop in found)

    def is_twice(loop, half):
        return 2 * half.stores == loop.stores and abs(2 * half.fmas - loop.fmas) <= 2
    twice = [loop for loop in found
             if loop.fmas >= 0.4 * most and any(is_twice(loop, half) for half in found)]
    return twice or found


def hot_loop(table, name, full, levels, loads, fmas=None):
    """The inner loop of a kernel, None if there is none.

    levels: the kernel has a loop for losses, one for gradients too, one for curvatures too, told apart
    by how much they store: the first or, `full`, the second level, the longest way round: all outputs.
    Otherwise the loops with about as many FMAs as the largest differ in optional inputs and in the range
    of the numbers: taken are those that load most or least, of these the shortest, the one of
    ordinary numbers.  loads ALL: nothing that a turn may leave out is left out, and most is loaded.

    fmas: how many it must have, known from another instruction set: only the nearest come into
    question.
    """
    found = [loop for f in reached(table, name) for loop in loops_of(table[f], levels or loads == "ALL")]
    if not found:
        return None
    if fmas is not None:
        nearest = min(abs(loop.fmas - fmas) for loop in found)
        found = [loop for loop in found if abs(loop.fmas - fmas) == nearest]
    elif levels:
        found = whole_turns(found)
        most = max(loop.fmas for loop in found)
        stores = sorted({loop.stores for loop in found if loop.fmas >= 0.2 * most})
        level = stores[min(1 if full else 0, len(stores) - 1)]
        found = [loop for loop in found if loop.stores == level]
    most = max(loop.fmas for loop in found)
    found = [loop for loop in found if loop.fmas >= 0.75 * most]
    if levels:
        return max(found, key=lambda loop: len(loop.body))
    # not the end of a row on AVX2, whose masked stores are not counted as such
    most = max(loop.stores for loop in found)
    found = [loop for loop in found if loop.stores == most]
    return min(found, key=lambda loop: (loop.loaded if loads == "LEAST" else -loop.loaded, len(loop.body)))
