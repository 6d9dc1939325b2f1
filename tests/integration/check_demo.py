#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Usage: check_demo.py FOLDER OUTPUT-FOLDER KEY-PASSPHRASE PRINTED [MEGABYTES]
Checks what peerdist-demo.exe wrote and what it printed (into the file PRINTED), without any code of
the library: that the tree was fetched twice, the second time from the cache alone; the structure of
every blob, and by hashing the files again as many as fit into MEGABYTES (all, without it). Version 1 is
compared byte for byte; of version 2 the borders are taken from the blob (they have to join, and to
cover the file), all else is computed. Ends with status 1 when anything is wrong."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "vectors"))
import reference  # noqa: E402


def sizes_v2(blob):
    """Segment sizes of a blob for whole content."""
    if blob[:3] != b"\0\2\4" or any(blob[3:31]):
        raise ValueError("header of version 2")
    at, sizes = 31, []
    while at < len(blob):
        length = int.from_bytes(blob[at + 1: at + 5], "big")
        if blob[at] != 0 or length == 0 or length % 68 or at + 5 + length > len(blob):
            raise ValueError("chunk of version 2")
        for entry in range(at + 5, at + 5 + length, 68):
            sizes.append(int.from_bytes(blob[entry: entry + 4], "big"))
        at += 5 + length
    return sizes


def check_structure(blobs, size):
    if size == 0:
        if blobs[0] or blobs[1]:
            raise ValueError("content information of an empty file")
        return []
    segments = -(-size // (32 << 20))
    if len(blobs[0]) != 18 + 84 * segments + 32 * -(-size // 65536):
        raise ValueError("length of version 1")
    sizes = sizes_v2(blobs[1])
    if sum(sizes) != size:
        raise ValueError("the segments do not cover the file")
    if any(not 32768 <= one <= 131072 for one in sizes[:-1]) or not 1 <= sizes[-1] <= 131072:
        raise ValueError("size of a segment")
    return sizes


def check_hashes(blobs, sizes, data, key):
    if blobs[0] != reference.content_info_v1(data, key):
        raise ValueError("version 1 differs from the rehashed file")
    if data and blobs[1] != reference.content_info_v2(data, key, sizes=sizes):
        raise ValueError("version 2 differs from the rehashed file")


def check_fetches(printed, size):
    """The tree was fetched whole, then again from the cache alone. Also at first, files that are
    alike may share blocks in the cache."""
    fetched = {
        which: (int(from_cache), int(from_origin)) for which, from_cache, from_origin in re.findall(
            r"^fetched (at first|again) +(\d+) bytes from the cache, (\d+) from the origin",
            printed, re.M)
    }
    if sum(fetched["at first"]) != size or fetched["again"] != (size, 0):
        raise ValueError(f"{size} bytes should have been fetched: {fetched}")


def main():
    folder, output = map(pathlib.Path, sys.argv[1:3])
    key = reference.passphrase_key(sys.argv[3])
    printed = pathlib.Path(sys.argv[4])
    room = int(sys.argv[5]) * 1000000 if len(sys.argv) > 5 else None
    files = listed_bytes = wrong = rehashed = rehashed_bytes = 0
    for line in (output / "manifest.tsv").read_text().splitlines():
        number, size, name = line.split("\t")
        files += 1
        listed_bytes += int(size)
        try:
            blobs = [(output / f"{number}.v{version}.ci").read_bytes() for version in (1, 2)]
            sizes = check_structure(blobs, int(size))
            if room is None or rehashed_bytes + int(size) <= room:
                data = (folder / name).read_bytes()
                if len(data) != int(size):
                    raise ValueError("another size than was published")
                check_hashes(blobs, sizes, data, key)
                rehashed += 1
                rehashed_bytes += len(data)
        except (OSError, ValueError) as problem:
            wrong += 1
            print(f"WRONG: {name}: {problem}")
    listed = sum(1 for path in folder.rglob("*") if path.is_file())
    if listed != files:
        wrong += 1
        print(f"WRONG: {listed} files in {folder}, {files} were published")
    try:
        check_fetches(printed.read_text(), listed_bytes)
    except (OSError, KeyError, ValueError) as problem:
        wrong += 1
        print(f"WRONG: what was printed: {problem!r}")
    print(f"checked               {files:10d} files in structure, {rehashed} by rehashing "
          f"({rehashed_bytes} bytes), {wrong} wrong")
    sys.exit(1 if wrong or not rehashed else 0)


if __name__ == "__main__":
    main()
