#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run-test.sh [--plain] RESULT-FILE PROGRAM [ARGUMENT...]
# Runs one test program (a .exe under Wine), shows its output and records "passed failed skipped"
# in RESULT-FILE. A program that prints no RESULT line, or ends badly after one that says all is
# well, is one failure. --plain: the exit status alone counts, 77 being a skip.
set -u
plain=no
if [ "$1" = --plain ]; then
    plain=yes
    shift
fi
result=$1
shift
export LC_ALL=C.UTF-8
rm -f "$result" "$result.log" "$result.raw" "$result.matrix"
# For the conformance tests: what became of each rule.
CHECK_MATRIX=Z:$(printf %s "$result.matrix" | tr / '\\')
export CHECK_MATRIX

case $1 in
*.exe)
    support=$(dirname "$0")
    set -- "$support/run-wine.sh" "$@"
    ;;
esac

# A file and no pipe: under Wine, servers that a program happened to start outlive it with its output.
"$@" </dev/null >"$result.raw" 2>&1
status=$?
tr -d '\r' <"$result.raw" | tee "$result.log"
rm -f "$result.raw"

if [ $plain = yes ]; then
    case $status in
    0) counts="1 0 0" ;;
    77) counts="0 0 1" ;;
    *) counts="0 1 0" ;;
    esac
elif [ "$status" = 77 ] && ! grep -q '^RESULT ' "$result.log"; then
    counts="0 0 1"
else
    counts=$(sed -n 's/^RESULT passed=\([0-9]*\) failed=\([0-9]*\) skipped=\([0-9]*\)$/\1 \2 \3/p' \
        "$result.log" | awk '{ p += $1; f += $2; s += $3 } END { if (NR) print p, f, s }')
    if [ -z "$counts" ]; then
        echo "no RESULT line, exit status $status"
        counts="0 1 0"
    elif [ "$status" != 0 ] && [ "$(echo "$counts" | cut -d' ' -f2)" = 0 ]; then
        echo "exit status $status after a RESULT line without failures"
        counts=$(echo "$counts" | awk '{ print $1, $2 + 1, $3 }')
    fi
fi
echo "$counts" >"$result"
case $counts in
"0 0 "*) exit 77 ;;
*" 0 "*) exit 0 ;;
*) exit 1 ;;
esac
