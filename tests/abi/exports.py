#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds a built peerdist.dll (and the programs beside it) to its binary contract.

Usage: exports.py SOURCE-DIR OUTPUT-DIR

The export table against def/exports.txt and def/peerdist.def (names, ordinals, nothing more,
undecorated), system DLLs as the only imports, and VERSIONINFO in every binary. Reads the PE
format itself: section numbers below are those of Microsoft's "PE Format" page.
"""
import os
import re
import struct
import sys

SYSTEM_DLLS = {
    "advapi32.dll", "bcrypt.dll", "crypt32.dll", "iphlpapi.dll", "kernel32.dll", "msvcrt.dll",
    "ntdll.dll", "ole32.dll", "shell32.dll", "user32.dll", "userenv.dll", "version.dll",
    "ws2_32.dll",
}
RT_VERSION = 16


class Image:
    """A PE file, with its relative virtual addresses resolved through the section table."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        start = self.u32(0x3C)
        if self.data[start:start + 4] != b"PE\0\0":
            raise ValueError("no PE signature")
        self.machine, sections = struct.unpack_from("<HH", self.data, start + 4)
        optional_size = self.u16(start + 20)
        optional = start + 24
        self.plus = self.u16(optional) == 0x20B
        self.base = struct.unpack_from("<Q" if self.plus else "<I", self.data,
                                       optional + (24 if self.plus else 28))[0]
        self.directories = optional + (112 if self.plus else 96)
        self.sections = [
            struct.unpack_from("<IIII", self.data, optional + optional_size + 40 * i + 8)
            for i in range(sections)
        ]

    def u16(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def u32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def directory(self, index):
        return struct.unpack_from("<II", self.data, self.directories + 8 * index)

    def offset(self, address):
        for size, start, raw_size, raw in self.sections:
            if start <= address < start + max(size, raw_size):
                return raw + address - start
        raise ValueError(f"address {address:#x} is in no section")

    def string(self, address):
        at = self.offset(address)
        return self.data[at:self.data.index(b"\0", at)].decode("ascii")

    def exports(self):
        """Module name, {ordinal: name}, ordinals without a name, forwarders."""
        address, size = self.directory(0)
        at = self.offset(address)
        base, functions, names = struct.unpack_from("<III", self.data, at + 16)
        code, name_table, ordinals = (self.offset(self.u32(at + n)) for n in (28, 32, 36))
        named = {}
        for i in range(names):
            named[base + self.u16(ordinals + 2 * i)] = self.string(self.u32(name_table + 4 * i))
        targets = {base + i: self.u32(code + 4 * i) for i in range(functions)}
        unnamed = [n for n, target in targets.items() if target and n not in named]
        forwarded = [n for n, target in targets.items() if address <= target < address + size]
        return self.string(self.u32(at + 12)), named, unnamed, forwarded

    def imports(self):
        address, _ = self.directory(1)
        at = self.offset(address) if address else None
        while at is not None and self.u32(at + 12):
            yield self.string(self.u32(at + 12)).lower()
            at += 20

    def version(self):
        """The strings of VERSIONINFO, or None."""
        address, _ = self.directory(2)
        if not address:
            return None
        root = self.offset(address)
        node, wanted = root, RT_VERSION
        for _ in range(3):
            count = self.u16(node + 12) + self.u16(node + 14)
            for i in range(count):
                name, child = struct.unpack_from("<II", self.data, node + 16 + 8 * i)
                if wanted is None or name == wanted:
                    break
            else:
                return None
            node, wanted = root + (child & 0x7FFFFFFF), None
        start = self.offset(self.u32(node))
        blob = self.data[start:start + self.u32(node + 4)]
        return blob.decode("utf-16-le", "replace")


class Tally:
    def __init__(self, test):
        self.test = test
        self.passed = 0
        self.failed = 0

    def check(self, condition, rule, got=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL: {self.test}: {rule}: {got}")


def read_table(path):
    with open(path, encoding="ascii") as table:
        rows = [line.split("#", 1)[0].split() for line in table]
    return {int(row[0]): row[1] for row in rows if row}


def read_definition(path):
    with open(path, encoding="ascii") as file:
        return {int(n): name for name, n in re.findall(r"^\s+(\S+)\s+@(\d+)\s*$", file.read(), re.M)}


def main():
    source, output = sys.argv[1:3]
    tally = Tally("abi.exports")
    table = read_table(os.path.join(source, "def", "exports.txt"))
    definition = read_definition(os.path.join(source, "def", "peerdist.def"))
    tally.check(sorted(table) == list(range(1, 29)), "ordinals are 1 to 28", sorted(table))
    tally.check(list(table.values()) == sorted(table.values()), "ordinals follow the alphabet")
    tally.check(definition == table, "peerdist.def says what exports.txt says")

    skipped = 0
    for name in ("peerdist.dll", "peerdist.exe"):
        path = os.path.join(output, name)
        if not os.path.exists(path):
            print(f"SKIP: abi.exports: {name} is not built")
            skipped += 1
            continue
        image = Image(path)
        foreign = set(image.imports()) - SYSTEM_DLLS
        if name.endswith(".exe"):
            foreign.discard("peerdist.dll")
        tally.check(not foreign, f"{name} imports system DLLs only", sorted(foreign))
        version = image.version()
        tally.check(version is not None and "VS_VERSION_INFO" in version
                    and "OriginalFilename" in version and name in version,
                    f"{name} has VERSIONINFO with its name", version)
        if name.endswith(".dll"):
            module, named, unnamed, forwarded = image.exports()
            tally.check(module.lower() == "peerdist.dll", "the DLL knows its name", module)
            tally.check(named == table, "the exports are those of the table",
                        set(named.items()) ^ set(table.items()))
            tally.check(not unnamed, "nothing is exported by ordinal alone", unnamed)
            tally.check(not forwarded, "nothing is forwarded", forwarded)
            decorated = [text for text in named.values() if "@" in text or text.startswith("_")]
            tally.check(not decorated, "names are undecorated", decorated)
    print(f"RESULT passed={tally.passed} failed={tally.failed} skipped={skipped}")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
