#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens in a process by loading a built peerdist.dll alone: static initialisers and
thread-local storage are the toolchain's own, and libcrypto's look at the CPU.

Usage: loading.py OUTPUT-DIR NM
"""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from exports import Image, Tally  # noqa: E402

TLS_DIRECTORY = 9
# register_frame_ctor: libgcc's unwinder. OPENSSL_cpuid_setup: CPUID, into a variable.
INITIALISERS = {"register_frame_ctor", "OPENSSL_cpuid_setup"}
# mingw-w64's: they run what libgcc and the C runtime registered, which is nothing.
TLS_CALLBACKS = {"__dyn_tls_init", "__dyn_tls_dtor"}


def symbols(nm, path, plus):
    """Functions by address, and addresses by name; x86 decorates names."""
    named, placed = {}, {}
    output = subprocess.run([nm, path], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in output.splitlines():
        words = line.split()
        if len(words) == 3:
            name = words[2] if plus else words[2].removeprefix("_").split("@")[0]
            named.setdefault(name, int(words[0], 16))
            if words[1] in "tT":
                placed.setdefault(int(words[0], 16), set()).add(name)
    return named, placed


def pointers(image, base, start, end):
    """The pointers of [start, end) in the image, which are addresses of functions."""
    size = 8 if image.plus else 4
    for address in range(start, end, size):
        yield struct.unpack_from("<Q" if image.plus else "<I", image.data,
                                 image.offset(address - base))[0]


def main():
    output, nm = sys.argv[1:3]
    path = os.path.join(output, "peerdist.dll")
    tally = Tally("abi.loading")
    image = Image(path)
    named, placed = symbols(nm, path, image.plus)
    size = 8 if image.plus else 4
    minus_one = (1 << 8 * size) - 1

    lists = list(pointers(image, image.base, named["__CTOR_LIST__"], named["__DTOR_LIST__"]))
    tally.check(lists[0] == minus_one and 0 in lists, "a list of initialisers", lists)
    for function in lists[1:lists.index(0)]:
        names = placed.get(function, set())
        tally.check(names & INITIALISERS, "no static initialiser of ours", names or hex(function))

    address, _ = image.directory(TLS_DIRECTORY)
    if address:
        at = image.offset(address)
        start, end, _, callbacks = struct.unpack_from("<4Q" if image.plus else "<4I", image.data, at)
        tally.check(end - start <= 2 * size, "no thread-local variables of ours", end - start)
        for function in pointers(image, image.base, callbacks, callbacks + 16 * size):
            if function == 0:
                break
            names = placed.get(function, set())
            tally.check(names & TLS_CALLBACKS, "no thread-local callback of ours",
                        names or hex(function))
    print(f"RESULT passed={tally.passed} failed={tally.failed} skipped=0")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
