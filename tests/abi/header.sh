#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: header.sh SOURCE-DIR WORK-DIR
# Compiles the header tests with every mingw-w64 compiler there is, as C and as C++, for Windows 7
# and Windows 8, under strict warnings; compares the stack sizes of the x86 names with the table.
set -u
source=$1
work=$2/abi-header
here=$source/tests/abi
table=$source/def/exports.txt
mkdir -p "$work" || exit 1
passed=0
failed=0
skipped=0
warnings='-DWIN32_LEAN_AND_MEAN -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
c_flags="-x c -std=c11 -Wstrict-prototypes -Wmissing-prototypes $warnings"
cxx_flags="-x c++ -std=c++11 $warnings"

# expect NAME COMMAND...: one test.
expect()
{
    name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: abi.header: $name"
        cat "$work/log"
    fi
}

for machine in x86_64 i686; do
    for kind in c cxx; do
        if [ $kind = c ]; then
            compiler=$machine-w64-mingw32-gcc
            flags=$c_flags
        else
            compiler=$machine-w64-mingw32-g++
            flags=$cxx_flags
        fi
        if ! command -v "$compiler" >/dev/null; then
            skipped=$((skipped + 1))
            echo "SKIP: abi.header: $compiler is not installed"
            continue
        fi
        for version in 0601 0602; do
            gates="-D_WIN32_WINNT=0x$version -DNTDDI_VERSION=0x${version}0000"
            # shellcheck disable=SC2086
            expect "$compiler, $version" "$compiler" $flags $gates -I"$source/include" -c \
                "$here/header_test.c" -o "$work/$machine-$kind-$version.o"
        done
        gates="-D_WIN32_WINNT=0x0602 -DNTDDI_VERSION=0x06020000"
        # shellcheck disable=SC2086
        expect "$compiler, MIDL_PASS" "$compiler" $flags $gates -DMIDL_PASS \
            -I"$source/include" -c "$here/header_gates_test.c" -o "$work/gates.o"
        # shellcheck disable=SC2086
        expect "$compiler, Windows Vista" "$compiler" $flags -D_WIN32_WINNT=0x0600 \
            -DNTDDI_VERSION=0x06000000 -I"$source/include" -c "$here/header_gates_test.c" \
            -o "$work/gates.o"
        # shellcheck disable=SC2086
        expect "$compiler, application partition" "$compiler" $flags $gates \
            -DWINAPI_FAMILY=WINAPI_FAMILY_APP -I"$source/include" -c \
            "$here/header_gates_test.c" -o "$work/gates.o"
    done
done

# same_names VERSION GATES: the names that the 32-bit object refers to are those of the table.
same_names()
{
    i686-w64-mingw32-nm -u "$work/i686-c-$1.o" | sed -n 's/^ *U _\(PeerDist.*\)/\1/p' | sort \
        >"$work/referred"
    grep -E " ($2) " "$table" | awk '!/^#/ { print $2 "@" $3 }' | sort >"$work/listed"
    diff "$work/listed" "$work/referred"
}
if [ -e "$work/i686-c-0602.o" ]; then
    expect "stack sizes, Windows 8" same_names 0602 'WIN7|WIN8'
    expect "stack sizes, Windows 7" same_names 0601 'WIN7'
fi
echo "RESULT passed=$passed failed=$failed skipped=$skipped"
[ $failed = 0 ]
