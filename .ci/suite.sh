# suite.sh: the test suite of ./dev test, in stages.  Read by dev, whose functions it uses.

stages='native clang sanitize arm64 cpus install guard lint'
packages_test='binutils libcriterion-dev libmpfr-dev libgmp-dev python3 python3-html5lib'
packages_clang='clang libclang-rt-14-dev'
packages_arm64='gcc-aarch64-linux-gnu qemu-user'
packages_sysroot='libsleef-dev libjansson-dev libxxhash-dev libcriterion-dev libmpfr-dev libgmp-dev'
packages_guard='valgrind llvm'
packages_lint='clang clang-format clang-tidy cppcheck shellcheck'

# ---- counting

passed=0 failed=0 skipped=0

# check NAME COMMAND...: one test of our own; its output is shown if it fails.
check() {
    name=$1
    shift
    if "$@" >build/check.log 2>&1; then
        passed=$((passed + 1))
        say "  ok    $name"
    else
        failed=$((failed + 1))
        say "  FAIL  $name"
        sed 's/^/        /' build/check.log
    fi
}

fail() {
    failed=$((failed + 1))
    say "  FAIL  $1"
}

skip() {
    skipped=$((skipped + 1))
    say "  skip  $1"
}

# One line for each Meson test: 'name passed failed skipped seconds'.  A Criterion program, or one that ends
# with 'N passed, N failed', counts as many tests as it says, any other as one.
read_log() {
    awk '
        function flush() {
            if (name == "") return
            ok = result == "exit status 0"
            if (result == "exit status 77") { p = 0; f = 0; s = 1 }
            else if (!counted) { p = ok; f = !ok; s = 0 }
            else if (!f && (!ok || leaks)) f = 1
            print name, p + 0, f + 0, s + 0, time
        }
        { gsub(/\033\[[0-9;]*m/, "") }
        /^test: / { flush(); name = $NF; result = ""; p = f = s = counted = leaks = 0 }
        /^duration: / { time = $2 }
        /^result: / { sub(/^result: +/, ""); sub(/ +$/, ""); result = $0 }
        /ERROR: LeakSanitizer/ { leaks = 1 }
        /\[SKIP\]/ { s++ }
        /Synthesis: Tested:/ {
            counted = 1
            gsub(/[^0-9 ]/, "")
            p += $2; f += $1 - $2
        }
        /^[0-9]+ passed, [0-9]+ failed/ { counted = 1; p += $1; f += $3; s += $5 }
        END { flush() }' "$1"
}

# suite DIR TIMEOUT-FACTOR [MESON-TEST-OPTION...]: run the Meson tests of a build.
suite() {
    dir=build/$1 factor=$2
    shift 2
    before=$failed
    rm -f "$dir/meson-logs/testlog.txt"
    set -- -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier "$factor" "$@"
    limit=2400 # seconds, should a test hang for good
    [ "$factor" != 0 ] || limit=0
    if [ -t 1 ]; then
        timeout --foreground -k 60 $limit meson test "$@" </dev/null
    else
        timeout --foreground -k 60 $limit meson test "$@" >"$dir/dev-test.log" 2>&1 </dev/null
    fi
    status=$?
    read_log "$dir/meson-logs/testlog.txt" >"$dir/dev-counts" || fail "the log of meson test"
    while read -r name p f s time; do
        word=ok
        [ "$f" = 0 ] || word=FAIL
        printf '  %-4s  %-20s %6d passed' "$word" "$name" "$p"
        [ "$f" = 0 ] || printf ', %d failed' "$f"
        [ "$s" = 0 ] || printf ', %d skipped' "$s"
        printf '  %s\n' "$time"
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done <"$dir/dev-counts"
    if [ "$status" != 0 ] && [ "$failed" = "$before" ]; then fail "meson test (exit status $status)"; fi
    if [ "$failed" != "$before" ]; then
        [ -t 1 ] || cat "$dir/dev-test.log"
        grep -A 12 'ERROR: LeakSanitizer' "$dir/meson-logs/testlog.txt"
    fi
}

# build_and_test DIR TIMEOUT-FACTOR MESON-SETUP-OPTION...; but not the tests of the suites $leave_out.
leave_out=
build_and_test() {
    name=$1 multiple=$2
    shift 2
    if configure "$name" "$@" && compile "$name" all meson-test-prereq; then
        options=
        for word in $leave_out; do options="$options --no-suite $word"; done
        # shellcheck disable=SC2086
        suite "$name" "$multiple" $options
    else
        fail "the build of build/$name"
    fi
}

# ---- stages

stage_native() {
    CC=gcc CXX=g++
    if [ -n "$exhaustive" ]; then
        export NLL_TEST_EXHAUSTIVE=1
        multiple=0 # no time limits
    else
        multiple=1
    fi
    # shellcheck disable=SC2086
    build_and_test release $multiple $whole
    unset NLL_TEST_EXHAUSTIVE
}

stage_clang() {
    CC=clang CXX=clang++
    export NLL_TEST_QUICK=1 # stage native takes the long way; here the compiler is what is tested
    leave_out=long
    build_and_test clang 1 -Dtool=enabled -Dtests=enabled -Dbench=disabled
    unset NLL_TEST_QUICK
    leave_out=
}

stage_sanitize() {
    CC=clang CXX=clang++
    leave_out=long
    export NLL_TEST_QUICK=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    build_and_test sanitize 5 -Dtool=enabled -Dtests=enabled -Dbench=disabled \
        -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
    unset NLL_TEST_QUICK UBSAN_OPTIONS
    leave_out=
}

# The arm64 libraries are unpacked under build/, not installed: see cross/sysroot.
arm64_machine() {
    # shellcheck disable=SC2086
    cross/sysroot "$root/build/arm64-sysroot" $packages_sysroot || return
    quoted=$(printf '%s' "$root" | sed "s/['\\\\]/\\\\&/g")
    printf "[constants]\nroot = '%s'\nsysroot = root / 'build/arm64-sysroot'\n" "$quoted" >build/arm64.ini
}

stage_arm64() {
    if [ "$(uname -m)" = aarch64 ]; then
        skip "this machine is one: stage native is the test"
        return
    fi
    CC=gcc CXX=g++
    if ! arm64_machine; then
        fail "the arm64 libraries"
        return
    fi
    export NLL_TEST_QUICK=1
    leave_out='cli long' # the first is a script of this machine, which cannot start an AArch64 program
    build_and_test arm64 10 -Dtool=enabled -Dtests=enabled -Dbench=disabled \
        --cross-file build/arm64.ini --cross-file cross/aarch64-linux-gnu.ini
    unset NLL_TEST_QUICK
    leave_out=
}

# The digest that `nll selftest` printed into a file.
digest() { sed -n 's/^selftest: ok *digest \([0-9a-f]*\)$/\1/p' "$1"; }

same_digest() {
    cat "build/selftest-$1" && [ -n "$want" ] && [ "$(digest "build/selftest-$1")" = "$want" ]
}

# Old x86-64 machines and arm64, emulated.  All at once: this takes a minute or two each.
stage_cpus() {
    CC=gcc CXX=g++
    # shellcheck disable=SC2086
    if ! configure release $whole || ! compile release tools/nll; then
        fail "the build of build/release"
        return
    fi
    nll=tools/nll others=''
    if [ "$(uname -m)" = x86_64 ]; then
        qemu-x86_64 -cpu Nehalem build/release/$nll selftest >build/selftest-x86-64 2>&1 &
        qemu-x86_64 -cpu Haswell build/release/$nll selftest >build/selftest-AVX2 2>&1 &
        others='x86-64 AVX2'
    fi
    if [ -x build/arm64/$nll ]; then
        cross/run build/arm64-sysroot build/arm64/$nll selftest >build/selftest-arm64 2>&1 &
        others="$others arm64"
    fi
    check "selftest on this CPU" build/release/$nll selftest
    cp build/check.log build/selftest-here
    wait
    want=$(digest build/selftest-here)
    say "        digest $want"
    for cpu in $others; do check "the same digest on an emulated $cpu" same_digest "$cpu"; done
}

exported_names() {
    nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >build/exported
    sed -n '/global:/,/local:/p' kernels/libnll.map | grep -o 'nll_[a-z0-9_]*' | sort >build/expected
    diff build/expected build/exported
}

# Reciprocal and square-root estimates differ between CPU makers.
no_estimates() { ! objdump -d "$1" | grep -E '\b(v?rcp(14|28)?|v?rsqrt(14|28)?)[ps][sd]\b'; }

# example NAME COMPILER...: compile examples/NAME.c against the installed copy and run it.
example() {
    program=$1
    shift
    # shellcheck disable=SC2046
    "$@" -o "$stage/$program" "examples/$program.c" $(pkg-config "--define-variable=prefix=$stage/usr/local" --cflags --libs nll) &&
        LD_LIBRARY_PATH=$libdir "$stage/$program"
}

stage_install() {
    CC=gcc CXX=g++
    # shellcheck disable=SC2086
    if ! configure release $whole || ! compile release; then
        fail "the build of build/release"
        return
    fi
    stage=$(mktemp -d) # a path without spaces, which pkg-config could not take
    check "meson install" meson install -C build/release --no-rebuild --destdir "$stage"
    pc=$(find "$stage" -name nll.pc)
    libdir=$(dirname "$(dirname "$pc")")
    export PKG_CONFIG_PATH="$libdir/pkgconfig"
    check "exported names are those of kernels/libnll.map" exported_names "$libdir/libnll.so"
    check "no estimating instructions in libnll.so" no_estimates "$libdir/libnll.so"
    for source in score threads; do
        check "C11 example $source" example $source gcc -std=c11 -pedantic -Wall -Wextra -Werror
        check "C++17 example $source" example $source g++ -std=c++17 -pedantic -Wall -Wextra -Werror -x c++
    done
    check "installed nll --version" env "LD_LIBRARY_PATH=$libdir" "$stage/usr/local/bin/nll" --version
    check "installed nll bench --list" env "LD_LIBRARY_PATH=$libdir" "$stage/usr/local/bin/nll" bench --list --quick
    unset PKG_CONFIG_PATH
    rm -rf "$stage"
}

# A table of the figures just counted, 3 % less in every AVX2 row: each must be named, and nothing else.
guard_notices() {
    python3 -c 'import json, sys
print(*(line for line in open("bench/check/table.txt") if line[0] == "#"), sep="", end="")
for (name, isa), (value, unit) in json.load(sys.stdin):
    print(name, isa, int(value / 1.03) if isa == "avx2" else value, unit)' <build/guard.json >build/guard-table.txt || return
    grep -q ' avx2 ' build/guard-table.txt || return
    "$@" --table build/guard-table.txt --figures build/guard.json >build/guard.txt && return 1
    cat build/guard.txt
    [ "$(grep -c '^SLOWER .* avx2: was .*%$' build/guard.txt)" = "$(grep -c ' avx2 ' build/guard-table.txt)" ] &&
        ! grep -v -e ' avx2: was ' -e '^AVX-512 is left out' -e ' figures compared' -e '^If that' build/guard.txt
}

stage_guard() {
    CC=gcc CXX=g++
    if ! guard_build; then
        fail "the build of build/release"
        return
    fi
    rm -f build/guard.json
    bench/check/check.py build/release --figures build/guard.json >build/guard.log 2>&1
    if [ $? = 77 ]; then
        skip "$(tail -n 1 build/guard.log)"
        return
    fi
    check "the hot kernels take no more than they did" bench/check/check.py build/release --figures build/guard.json
    grep '^AVX-512 is left out' build/guard.log >build/guard-skip && skip "$(cat build/guard-skip)"
    check "a table that is 3 % better is noticed" guard_notices bench/check/check.py build/release
}

c_files() { find bench cross examples include kernels tests tools -name '*.[ch]' -o -name '*.cc' | sort; }
scripts() { grep -lE '^#!/bin/(ba)?sh' dev .ci/* cross/* tests/* tools/* 2>/dev/null; }

# Compiler flags that change results, and instructions that differ between CPUs: nowhere in the tree.
forbidden() {
    ! grep -rnE --include=meson.build --include='*.ini' --exclude-dir=build \
        -e '-(Ofast|f(fast|unsafe|associative|reciprocal|finite)-math|ffp-contract=(fast|on))' . |
        grep -vE '^[^:]*:[0-9]*: *#' &&
        ! c_files | xargs grep -nE '# *pragma (GCC optimize|STDC FP_CONTRACT|float_control|clang fp)|attribute__\(\(optimize' &&
        ! grep -rnE '_mm(256|512)?_(mask_|maskz_)?(rcp|rsqrt)|_mm512_(mask_)?reduce_(add|mul)|\bv(recp|rsqrt)[es]|\bvaddvq?_f' kernels
}

tidy() {
    sed -n 's/.*"file": "\(.*\)",*$/\1/p' build/clang/compile_commands.json | sort -u |
        (cd build/clang && tr '\n' '\0' | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p .)
}

stage_lint() {
    CC=clang CXX=clang++
    if ! configure clang -Dtool=enabled -Dtests=enabled -Dbench=disabled; then
        fail "the build of build/clang"
        return
    fi
    c_files >build/c-files && scripts >build/scripts
    check "clang-format" xargs -a build/c-files clang-format --dry-run -Werror
    check "shellcheck" xargs -a build/scripts shellcheck -x
    check "no forbidden arithmetic" forbidden
    # Not the tests: cppcheck cannot read Criterion's macros.
    check "cppcheck" cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
        --suppress=invalidPointerCast --suppress=constStatement --error-exitcode=1 -j "$(nproc)" \
        -i tests --project=build/clang/compile_commands.json
    check "clang-tidy" tidy
}

# ---- the run

run_stage() {
    began=$(date +%s)
    heading "== $1"
    "stage_$1"
    say "   $(($(date +%s) - began)) s"
}

run_tests() {
    exhaustive='' chosen=''
    for word; do
        case $word in
            --exhaustive) exhaustive=1 ;;
            -*) die "unknown option $word; ./dev help lists them" ;;
            *)
                case " $stages " in
                    *" $word "*) chosen="$chosen $word" ;;
                    *) die "unknown stage $word; there are: $stages" ;;
                esac
                ;;
        esac
    done
    if [ -z "$chosen" ]; then
        chosen=$stages
        [ -z "$exhaustive" ] || chosen=native
    fi
    packages="$packages_build $packages_bench $packages_test"
    for stage in $chosen; do
        case $stage in
            clang | sanitize) packages="$packages $packages_clang" ;;
            arm64 | cpus) [ "$(uname -m)" = aarch64 ] || packages="$packages $packages_arm64" ;;
            guard) packages="$packages $packages_guard" ;;
            lint) packages="$packages $packages_clang $packages_lint" ;;
        esac
    done
    # shellcheck disable=SC2086
    need $packages
    mkdir -p build
    unset CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
    start=$(date +%s)
    for stage in $chosen; do run_stage "$stage"; done
    heading "The suite took $(($(date +%s) - start)) s: ${chosen# }"
    if [ "$skipped" = 0 ]; then
        say "$passed passed, $failed failed"
    else
        say "$passed passed, $failed failed, $skipped skipped"
    fi
    [ "$failed" = 0 ] && [ "$passed" != 0 ]
}
