#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Differential test: the core against the slow reference in tests/vectors, for contents of edge and
random sizes, whole and in ranges, and for key files.

  test_reference.py content_info_tool[.exe]

PD_SEED chooses other random cases."""
import hashlib
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TESTS, "vectors"))
import reference  # noqa: E402

MIB = 1 << 20
EDGES_V1 = [1, 65535, 65536, 65537, 131072, 33554431, 33554432, 33554433, 33554432 + 65537]
EDGES_V2 = [1, 31, 32767, 32768, 32769, 131071, 131072, 131073, 262144]
ALGORITHMS = {"256": "sha256", "384": "sha384", "512": "sha512"}


def content(rng, size, kind):
    if kind == "zeros":
        return bytes(size)
    if kind == "periodic":
        unit = rng.randbytes(rng.randint(1, 5000))
        return (unit * (size // len(unit) + 1))[:size]
    if kind == "text":
        words = [rng.randbytes(rng.randint(2, 9)).hex().encode() for _ in range(300)]
        out = bytearray()
        while len(out) < size:
            out += b" ".join(rng.choices(words, k=200)) + b"\r\n"
        return bytes(out[:size])
    return rng.randbytes(size)


def ranges_of(rng, size, count):
    """Whole, refused, and random ones, some of them short or on a border."""
    found = [(0, 0), (0, size), (1, 0), (0, size + 1), (size, 1)]
    for _ in range(count):
        start = rng.choice([rng.randrange(size), min(size - 1, rng.randrange(0, size, 65536)), 0])
        length = rng.choice([1, rng.randint(1, size - start), size - start])
        found.append((start, length))
    return found


class Differential:
    def __init__(self, folder, rng):
        self.folder = folder
        self.rng = rng
        self.script = []
        self.expected = []  # (what, output file, function that gives bytes or raises ValueError)

    def file(self, data):
        path = os.path.join(self.folder, "in%d" % len(os.listdir(self.folder)))
        with open(path, "wb") as stream:
            stream.write(data)
        return path

    def add(self, what, words, expected):
        output = os.path.join(self.folder, "case%d.out" % len(self.expected))
        self.script.append(" ".join(words + [output]))
        self.expected.append((what, output, expected))

    def add_content(self, version, size, kind, range_count):
        rng = self.rng
        data = content(rng, size, kind)
        path = self.file(data)
        key = rng.randbytes(rng.choice([1, 26, 32, 64, 65, 128, 129, 300]))
        sizes = reference.segments_v2(data) if version == 2 else None
        wanted = ranges_of(rng, size, range_count) if size else [(0, 0), (0, 1), (1, 0)]
        for start, length in wanted:
            algorithm = "512" if version == 2 else "256"
            if version == 1 and size < 2 * MIB:
                algorithm = rng.choice(list(ALGORITHMS))

            def make(start=start, length=length, algorithm=algorithm):
                if version == 1:
                    return reference.content_info_v1(
                        data, key, ALGORITHMS[algorithm], (start, length)
                    )
                return reference.content_info_v2(data, key, (start, length), sizes)

            self.add(
                "v%d %s %d bytes [%d, +%d)" % (version, kind, size, start, length),
                ["info", str(version), algorithm, key.hex(), str(start), str(length), path],
                make,
            )

    def add_keys(self, count):
        rng = self.rng
        for _ in range(count):
            key = rng.randbytes(rng.choice([1, 15, 16, 17, 32, rng.randint(1, 80)]))
            text = "".join(rng.choices("aZ9 äß漢🔑", k=rng.randint(1, 20)))
            hexed = reference.passphrase_key(text).hex()
            file = reference.key_export(key, text)
            self.add("export", ["export", key.hex(), hexed], lambda file=file: file)
            self.add("import", ["import", hexed, self.file(file)], lambda key=key: key)
            damaged = bytearray(file)
            damaged[rng.randrange(len(file))] ^= 1 << rng.randrange(8)
            self.add(
                "import of a damaged file",
                ["import", hexed, self.file(damaged)],
                lambda d=bytes(damaged), t=text: reference.key_import(d, t),
            )

    def run(self, tool):
        path = os.path.join(self.folder, "script")
        with open(path, "w", encoding="ascii") as stream:
            stream.write("\n".join(self.script) + "\n")
        command = [tool, path]
        if tool.endswith(".exe"):
            command.insert(0, os.path.join(TESTS, "support", "run-wine.sh"))
        status = subprocess.run(command, check=False).returncode
        if status == 77:
            sys.exit(77)
        groups = {}  # counted as tests: cases are too many to mean something
        failures = 0
        for what, output, make in self.expected:
            group = " ".join(what.split()[:2])
            groups.setdefault(group, True)
            try:
                expected = make()
            except ValueError:
                expected = None
            actual = None
            if os.path.exists(output):
                with open(output, "rb") as stream:
                    actual = stream.read()
            if expected != actual:
                groups[group] = False
                failures += 1
                sums = [b and hashlib.sha256(b).hexdigest()[:16] for b in (expected, actual)]
                if failures <= 20:
                    print("differs: %s: expected %s, got %s" % (what, *sums))
        if status != 0:
            groups["exit status %d" % status] = False
            print("exit status %d" % status)
        return groups


def main():
    seed = int(os.environ.get("PD_SEED", "20240423"))
    rng = random.Random(seed)
    kinds = ["random", "text", "zeros", "periodic"]
    with tempfile.TemporaryDirectory() as folder:
        test = Differential(folder, rng)
        for version in (1, 2):
            test.add_content(version, 0, "zeros", 0)
            for size in EDGES_V1 if version == 1 else EDGES_V2:
                test.add_content(version, size, "random", 3 if size < MIB else 1)
            for kind in kinds:
                for _ in range(12):
                    test.add_content(version, int(2 ** rng.uniform(0, 20.5)), kind, 4)
        test.add_content(2, 12 * MIB + 17, "random", 8)
        test.add_keys(8)
        groups = test.run(os.path.abspath(sys.argv[1]))
        passed = sum(groups.values())
        print("%d cases, seed %d" % (len(test.expected), seed))
        print("RESULT passed=%d failed=%d skipped=0" % (passed, len(groups) - passed))
    sys.exit(passed != len(groups))


if __name__ == "__main__":
    main()
