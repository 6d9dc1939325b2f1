#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up the results of several CTest trees.

Usage: summary.py NAME=BUILD-FOLDER:JUNIT-FILE...
A test's counts are those that run-test.sh recorded. CTest's own verdict is held against them: a
test that CTest calls failed has one failure at least, and one that was never run is a failure too.
"""
import collections
import pathlib
import sys
import xml.etree.ElementTree

TAIL = 30


def counts_of(case, folder):
    """Returns (passed, failed, skipped) of one <testcase>."""
    try:
        text = (folder / "results" / case.get("name")).read_text(encoding="ascii")
        passed, failed, skipped = map(int, text.split())
    except (OSError, ValueError):
        return 0, 1, 0
    if case.get("status") not in ("run", "notrun") and failed == 0:
        failed = 1
    if case.get("status") == "notrun" and passed + failed + skipped == 0:
        failed = 1
    return passed, failed, skipped


def log_of(case, folder):
    """The output of a test; of one that was stopped there is only what it had said until then."""
    for suffix in (".log", ".raw"):
        try:
            path = folder / "results" / (case.get("name") + suffix)
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
    return []


def show_failure(tree, case, log):
    print(f"FAILED: {tree}: {case.get('name')} ({float(case.get('time', 0)):.1f} s)")
    marks = ("[  ERROR", "[   LINE", "[  FAILED", "FAIL", "ERROR:", "SUMMARY:", "failed:")
    lines = [line for line in log if line.lstrip().startswith(marks) or " error: " in line] or log
    for line in lines[-TAIL:]:
        print(f"    {line}")


def main():
    total = [0, 0, 0]
    skips = collections.Counter()
    for argument in sys.argv[1:]:
        tree, _, rest = argument.partition("=")
        folder, _, junit = rest.partition(":")
        folder = pathlib.Path(folder)
        here = [0, 0, 0]
        try:
            cases = list(xml.etree.ElementTree.parse(junit).getroot().iter("testcase"))
        except (OSError, xml.etree.ElementTree.ParseError) as error:
            print(f"FAILED: {tree}: no results ({error})")
            cases = []
            here[1] = 1
        for case in cases:
            counts = counts_of(case, folder)
            here = [a + b for a, b in zip(here, counts)]
            log = log_of(case, folder)
            if counts[1]:
                show_failure(tree, case, log)
            if counts[2]:
                said = [line[5:].strip() for line in log if line.startswith("SKIP:")]
                for reason in said or [f"{case.get('name')}: no reason given"]:
                    skips[f"{tree}: {reason}"] += 1
        print(f"{tree}: {here[0]} passed, {here[1]} failed, {here[2]} skipped")
        total = [a + b for a, b in zip(total, here)]
    for reason, times in sorted(skips.items()):
        print(f"SKIPPED: {reason}" + (f" ({times} times)" if times > 1 else ""))
    if sum(total) == 0:
        print("FAILED: no test was run")
        total[1] = 1
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(1 if total[1] else 0)


if __name__ == "__main__":
    main()
