"""isa_instructions.py OBJDUMP FOLDER: the kernels' objects hold instructions of their set only.

A stray AVX instruction in the scalar objects, or an AVX-512 one in those for AVX2, is not seen by any
test on a new CPU and kills the program on an old one.  VEX and EVEX are told by the encoding itself,
the rest by name.  FOLDER is kernels/ of a build for x86-64.  Exit status 77: cannot tell."""
import pathlib
import re
import subprocess
import sys

# tzcnt is left out: compilers write it for bsf, which it is on old CPUs (of numbers other than 0).
LEGACY_PREFIXES = {'26', '2e', '36', '3e', '64', '65', '67'}
BEYOND_SSE2 = re.compile(
    r'(addsub|hadd|hsub)p[sd]|lddqu|mov(ddup|s[hl]dup)|monitor|mwait|pabs[bwd]|palignr|ph(add|sub)s?[wd]|'
    r'pmaddubsw|pmulhrsw|pshufb|psign[bwd]|round[ps][sd]|blendv?p[sd]|p?blend(vb|w)|dpp[sd]|'
    r'(extract|insert)ps|p(extr|insr)[bdq]|p(min|max)(s[bd]|u[wd])|pmov[sz]x\w+|pmul(dq|ld)|ptest|'
    r'pcmp(eqq|gtq|[ei]str[im])|packusdw|mpsadbw|phminposuw|movntdqa|popcnt\w?|lzcnt\w?|crc32\w?|'
    r'andn|bextr|bls(i|r|msk)|bzhi|mulx|pdep|pext|rorx|s[ah][rl]x|movbe|aes\w+|pclmul\w+|sha\w+|'
    r'xgetbv|f(madd|msub|nmadd|nmsub)\w+')
# AVX-512 beyond F, BW, DQ and VL; and the estimates, which differ between makers.
BEYOND_AVX512 = re.compile(
    r'vperm[it]?2?b|vpdp\w+|vdpbf16ps|vcvtne\w+|vpopcnt[bwdq]|vp(compress|expand)[bw]|vpsh[lr]d\w+|v\w+ph|'
    r'vp2intersect\w+|vpmadd52\w+|vpconflict\w+|vplzcnt\w+|vexp2p[sd]|vgf2p8\w+|vpmultishiftqb|vpbitshuffleqmb')
ESTIMATES = re.compile(r'v?(rcp|rsqrt)(14|28)?[ps][sd]')
LINE = re.compile(r'\s*[0-9a-f]+:\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$')
FUNCTION = re.compile(r'[0-9a-f]+ <(.+)>:$')


def instructions(objdump, path):
    """Yields (function, encoding bytes, text)."""
    out = subprocess.run([objdump, '-d', '--wide', '-w', str(path)], check=True, capture_output=True, text=True)
    function = ''
    for line in out.stdout.splitlines():
        named = FUNCTION.match(line)
        if named:
            function = named[1]
        found = LINE.match(line)
        if found and found[2]:
            yield function, found[1].split(), found[2].split('#')[0].strip()


def encoding(code):
    i = 0
    while i < len(code) - 1 and code[i] in LEGACY_PREFIXES:
        i += 1
    return {'62': 'EVEX', 'c4': 'VEX', 'c5': 'VEX'}.get(code[i], 'legacy')


def fault(isa, code, text):
    name = text.split()[0] if text else ''
    kind = encoding(code)
    if ESTIMATES.fullmatch(name):
        return 'an estimate that differs between CPUs'
    if isa == 'scalar':
        if kind != 'legacy':
            return 'AVX'
        return 'beyond SSE2' if BEYOND_SSE2.fullmatch(name) else None
    if isa == 'avx2':
        return 'AVX-512' if kind == 'EVEX' or re.search(r'%zmm|%k[0-7]', text) else None
    if BEYOND_AVX512.fullmatch(name) and not re.fullmatch(r'vcvtp[sh]2p[sh]x?', name):
        return 'beyond AVX-512 F, BW, DQ, VL'
    return None


def check(objdump, isa, path):
    """Faults of one object, and how many VEX and EVEX instructions it has."""
    faults, kinds = [], {'legacy': 0, 'VEX': 0, 'EVEX': 0}
    wide, cleared = set(), set()
    for function, code, text in instructions(objdump, path):
        kinds[encoding(code)] += 1
        why = fault(isa, code, text)
        if why:
            faults.append(f'{path.name}: {function}: {why}: {text}')
        if re.search(r'%[yz]mm([0-9]|1[0-5])\b', text):
            wide.add(function)
        if text.startswith('vzeroupper'):
            cleared.add(function)
    # Helpers may return wide registers; kernels return to code that may use SSE.
    for function in sorted(wide - cleared):
        if re.fullmatch(rf'nll_\w+_{isa}_f(32|64)', function):
            faults.append(f'{path.name}: {function}: no vzeroupper')
    return faults, kinds


def main(objdump, folder):
    faults, seen, total = [], {}, 0
    for isa in ('scalar', 'avx2', 'avx512'):
        for path in sorted(pathlib.Path(folder).glob(f'libnll_{isa}_f*.a.p/*.o')):
            found, kinds = check(objdump, isa, path)
            faults += found
            total += sum(kinds.values())
            seen.setdefault(isa, {'VEX': 0, 'EVEX': 0})
            for kind in seen[isa]:
                seen[isa][kind] += kinds[kind]
    if 'scalar' not in seen or total < 1000:
        faults.append(f'no objects of the scalar kernels in {folder}, or they cannot be read')
    # that the encodings are told at all
    if 'avx2' in seen and seen['avx2']['VEX'] < 1000:
        faults.append('hardly any AVX in the AVX2 objects')
    if 'avx512' in seen and seen['avx512']['EVEX'] < 1000:
        faults.append('hardly any AVX-512 in the AVX-512 objects')
    for line in faults[:50]:
        print(line)
    print(f'{total} instructions of {", ".join(seen)}: {len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
