#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The matrix of requirements: each rule that a conformance test holds the DLL to, which tests do,
and how it went.

conformance.py RESULTS-FOLDER FILE.md [--write]
Without --write FILE.md is held against the results: status 1 when a rule was broken, or one was
tested that FILE.md does not list for that test. (Some rules are only tested when the timing allows.)
"""
import pathlib
import re
import sys

KINDS = {"D": "documented", "I": "our reading", "X": "export table"}
HEADER = """\
# Conformance

Made by `tests/support/conformance.py` of what the conformance tests (`tests/pe`) print: do not edit.

Each check in those tests names the rule it holds the DLL to: a section of the specification of the API that the
project works from, and what of it. *Documented* is what Microsoft's reference says. *Our reading* is where it is
silent or contradicts itself, and *ours* where this library promises more: a difference there on a real Windows is
news, not a defect. The DLL is reached through its exported functions alone: with any other peerdist.dll beside the
programs, or in the system's folder, they print where it differs. They were never run on Windows.

"""


def kind_of(rule):
    if rule.startswith("ours/"):
        return "ours"
    marks = re.findall(r"\[([DIX])\]", rule)
    return ", ".join(dict.fromkeys(KINDS[mark] for mark in marks)) or "our reading"


def order(rule):
    numbers = [int(n) for n in re.findall(r"\d+", rule.split("/")[0])]
    return (not numbers, numbers, rule)


def collect(folder):
    """rule -> program -> [held, broken]; what is about the test or the machine is left out."""
    rules = {}
    for path in sorted(folder.glob("*.matrix")):
        for line in path.read_text(errors="replace").splitlines():
            program, rule, held, broken = line.split("\t")
            program = program.split(",")[0]
            if not program.startswith("pe.") or not re.match(r"(\d[\d.]*|ours)/", rule):
                continue
            counts = rules.setdefault(rule, {}).setdefault(program, [0, 0])
            counts[0] += int(held)
            counts[1] += int(broken)
    return rules


def text_of(rules):
    rows, totals = [], {}
    for rule in sorted(rules, key=order):
        programs = rules[rule]
        holds = not any(broken for _, broken in programs.values())
        kind = kind_of(rule)
        section, _, what = re.sub(r" *\[[DIX]\]", "", rule).partition("/")
        rows.append(f"| {section} | {what} | {kind} | {', '.join(sorted(programs))} | "
                    f"{'holds' if holds else 'DIFFERS'} |")
        count = totals.setdefault(kind, [0, 0])
        count[not holds] += 1
    summary = "\n".join(f"| {kind} | {held + broken} | {held} | {broken} |"
                        for kind, (held, broken) in sorted(totals.items()))
    return (HEADER + "| kind | rules | hold | differ |\n|---|---|---|---|\n" + summary
            + "\n\n| section | requirement | kind | tests | under Wine 8 |\n|---|---|---|---|---|\n"
            + "\n".join(rows) + "\n")


def pairs(text):
    """(section and requirement, program) of every row."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 5 and cells[0] != "section":
            for program in cells[3].split(", "):
                yield cells[0] + "/" + cells[1], program


def main():
    folder, target = map(pathlib.Path, sys.argv[1:3])
    text = text_of(collect(folder))
    if "--write" in sys.argv:
        target.write_text(text)
        return 0
    listed, found = list(pairs(target.read_text())), list(pairs(text))
    broken = [line for line in text.splitlines() if line.endswith("| DIFFERS |")]
    for line in broken:
        print(line)
    missing = sorted(set(found) - set(listed))
    for rule, program in missing[:20]:
        print(f"{target} does not list {rule} for {program}: run {sys.argv[0]} with --write")
    print(f"{len(found)} rules held against {target}: {len(missing)} not listed, "
          f"{len(broken)} broken")
    return 1 if missing or broken or not found else 0


if __name__ == "__main__":
    sys.exit(main())
