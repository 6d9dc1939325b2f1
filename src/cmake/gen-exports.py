#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a module-definition file from the table def/exports.txt.

Plain names by default: the DLL's contract, committed as def/peerdist.def. With --decorated the
stdcall names (PeerDistStartup@12) that an x86 import library must offer. With --spec the file that
winebuild takes instead.
"""
import argparse
import sys

HEADER = """\
; SPDX-License-Identifier: LGPL-2.1-or-later
; The contract of peerdist.dll: 28 plain names (on x86 too) with the ordinals of Windows' DLL.
; exports.txt is the annotated table; the ABI test holds the two and the built DLL together.
LIBRARY peerdist.dll
EXPORTS
"""


def read_table(path):
    """Yields (ordinal, name, argument bytes, arguments) of each line of the table."""
    with open(path, encoding="ascii") as table:
        for line in table:
            fields = line.split("#", 1)[0].split()
            if fields:
                yield int(fields[0]), fields[1], int(fields[2]), fields[4:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decorated", action="store_true", help="stdcall names for x86")
    parser.add_argument("--spec", action="store_true", help="for winebuild")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("table")
    parser.add_argument("output")
    args = parser.parse_args()

    rows = sorted(read_table(args.table))
    if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
        sys.exit(f"{args.table}: ordinals are not 1..{len(rows)}")
    if [row[1] for row in rows] != sorted(row[1] for row in rows):
        sys.exit(f"{args.table}: ordinals are not in alphabetical order")
    text = HEADER + "".join(
        f"    {name}{f'@{size}' if args.decorated else ''} @{ordinal}\n"
        for ordinal, name, size, _ in rows
    )
    if args.spec:
        text = "# Made of def/exports.txt.\n" + "".join(
            f"{ordinal} stdcall {name}({' '.join(arguments)})\n"
            for ordinal, name, _, arguments in rows
        )
    if args.check:
        with open(args.output, encoding="ascii") as current:
            if current.read() != text:
                sys.exit(f"{args.output} is not what {args.table} says: run {sys.argv[0]}")
        return
    with open(args.output, "w", encoding="ascii", newline="\n") as output:
        output.write(text)


if __name__ == "__main__":
    main()
