"""What the vector instructions of a loop cost on this machine where none waits for another.

The instructions run as they are, but for their operands: each reads registers that nothing writes and
writes the next of the others, every load is of one place in L1, every store to another and through it.  What is left is what
the execution units, the loads and the decoding take, measured instead of modelled; what the loop itself
takes more is spent waiting, for results or for room in the CPU's queues.
"""
import os
import re
import subprocess
import tempfile

MASKS, TURNS = 5, 3000  # k1-5 are written, k7 is read
OPERAND = re.compile(r",(?![^({]*[)}])")  # a comma outside brackets

PROGRAM = r"""
#include <stdio.h>
#include <time.h>
typedef void loop(void);
extern loop *const mixes[], chain;
static double seconds(loop *run) {
    double best = 1e9;
    for (int i = 0; i < 60; i++) {
        struct timespec a, b;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
        run();
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
        double t = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
        if (t < best) best = t;
    }
    return best;
}
int main(void) {
    for (loop *const *mix = mixes; *mix; mix++) printf("%.4f\n", 30 * seconds(*mix) / seconds(chain));
}
"""


def alone(body):
    """The vector instructions of a loop with other operands, so that none needs another's result."""
    results = masks = 0
    last = 31 if any("zmm" in one.text for one in body) else 15  # is read, the others are written
    for one in body:
        words = re.match(r"([vk]\w+)\s+(.*)$", one.text)
        if not words:
            continue
        name = re.sub(r"^vmovdqa$", "vmovdqa64" if last > 15 else "vmovdqa", words.group(1))
        name = re.sub(r"^vmovnt\w+", "vmovups", name)
        operands = [part.strip() for part in OPERAND.split(words.group(2))]
        operands = [re.sub(r"[-\w]*\([^)]*\)", "(%rsi)", part) for part in operands]
        sources = [re.sub(r"%k\d", "%k7", re.sub(r"mm\d+", f"mm{last}", part)) for part in operands[:-1]]
        target, mask = re.match(r"([^{]*)(.*)$", operands[-1]).groups()
        if "(" in target:
            target = "(%rdx)"
        elif "mm" in target:
            target = re.sub(r"mm\d+", f"mm{results % last}", target)
            results += 1
        elif target.startswith("%k"):
            target = f"%k{1 + masks % MASKS}"
            masks += 1
        else:
            continue
        mask = re.sub(r"%k\d", "%k7", mask)
        yield f"\t{name} {','.join(sources + [target])}{mask}"


def assembly(bodies):
    for k, body in enumerate(bodies):
        # ones to compute with, and no mask that leaves a lane out
        yield (f"mix{k}:\n\tmovl $0xff,%eax\n\tkmovd %eax,%k7\n\tmovl $0x3ff00000,%eax\n"
               "\tvpbroadcastd %eax,%zmm31\n\tvmovaps %zmm31,%zmm15\n\tleaq place(%rip),%rsi\n\tleaq 256(%rsi),%rdx\n"
               f"\tvmovups %zmm31,(%rsi)\n\tmovl ${TURNS},%ecx\n1:")
        yield from alone(body)
        yield "\tdecl %ecx\n\tjnz 1b\n\tvzeroupper\n\tret"
    yield f"\t.globl chain\nchain:\n\tmovl ${TURNS},%ecx\n1:"
    yield from ["\taddq $1,%rax"] * 30  # thirty cycles of the core
    yield "\tdecl %ecx\n\tjnz 1b\n\tret"
    yield "\t.section .data.rel.ro\n\t.globl mixes\nmixes:"
    yield from [f"\t.quad mix{k}" for k in range(len(bodies))] + ["\t.quad 0"]
    yield '\t.bss\n\t.p2align 6\nplace:\t.skip 4096\n\t.section .note.GNU-stack,"",@progbits'


def cycles(bodies, compiler="cc"):
    """Cycles of one turn of each, [] where they cannot be assembled or run."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "mix"), os.path.join(folder, "run")
        with open(f"{source}.s", "w") as f:
            f.write("\t.text\n" + "\n".join(assembly(bodies)) + "\n")
        with open(f"{source}.c", "w") as f:
            f.write(PROGRAM)
        built = subprocess.run([compiler, "-O2", "-o", program, f"{source}.c", f"{source}.s"], capture_output=True)
        if built.returncode:
            return []
        done = subprocess.run([program], capture_output=True, text=True)
        return [float(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []
