#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peerdist.exe get and cache: content through content handles, and what the cache makes of it."""
import json
import random
import re
import sys

from harness import check, main, same

MISSING_DATA, CANNOT_PARSE, END_OF_FILE = 4052, 4051, 38


def prepare(sandbox, length, version, *more, seed=1):
    """A content and its content information."""
    data = random.Random(seed).randbytes(length)
    path = sandbox.file(f"content-{seed}.bin", data)
    information = sandbox.path / f"content-{seed}.v{version}.ci"
    sandbox.good("publish", path, "--out", information, "--ci-version", version, *more)
    return data, path, information


def get(sandbox, information, *more):
    out = sandbox.path / "got.bin"
    out.unlink(missing_ok=True)
    numbers = json.loads(sandbox.good("get", information, "--out", out, "--json", *more))
    return out.read_bytes(), numbers


def cache(sandbox):
    return json.loads(sandbox.good("cache", "show", "--json"))


def block_files(sandbox):
    return sorted(sandbox.store.rglob("blocks-*.dat"))


def test_origin_then_cache(sandbox):
    for version in (1, 2):
        data, path, information = prepare(sandbox, 3000001, version, seed=version)
        got, numbers = get(sandbox, information, "--origin", path)
        same(got, data, "content from the origin")
        same((numbers["from_cache"], numbers["from_origin"]), (0, len(data)), "sources")
        for more in ([], ["--local-only"], ["--timeout", "0"]):
            got, numbers = get(sandbox, information, *more)
            same(got, data, "content from the cache")
            same((numbers["from_cache"], numbers["from_origin"]), (len(data), 0), "sources")


def test_range(sandbox):
    data, path, information = prepare(sandbox, 900000, 1, "--range", "200000:300000")
    got, numbers = get(sandbox, information, "--origin", path)
    same(got, data[200000:500000], "the range alone")
    # Blocks that the range cuts are never whole, so the origin is asked for them again.
    got, numbers = get(sandbox, information, "--origin", path)
    same(got, data[200000:500000], "the range alone")
    check(numbers["from_cache"] >= 131072, str(numbers))


def test_missing(sandbox):
    data, path, information = prepare(sandbox, 200000, 2)
    out = sandbox.path / "none.bin"
    sandbox.bad(MISSING_DATA, "get", information, "--out", out)
    check(not out.exists() and not out.with_name("none.bin.part").exists(), "half a result")
    short = sandbox.file("short.bin", data[:150000])
    sandbox.bad(END_OF_FILE, "get", information, "--out", out, "--origin", short)
    check(not out.exists(), "half a result")
    broken = sandbox.file("broken.ci", information.read_bytes()[:-1])
    sandbox.bad(CANNOT_PARSE, "get", broken, "--out", out, "--origin", path)
    same(sandbox.run("get", information).returncode, 2, "exit code without --out")


def test_wrong_origin(sandbox):
    """What comes from the origin is not checked, but it never gets into the cache."""
    data, path, information = prepare(sandbox, 200000, 1)
    wrong = sandbox.file("wrong.bin", bytes(200000))
    got, _ = get(sandbox, information, "--origin", wrong)
    same(got, bytes(200000), "the origin's bytes")
    sandbox.bad(MISSING_DATA, "get", information, "--out", sandbox.path / "none.bin")


def test_flipped_byte(sandbox):
    """A byte that flips on disk is a miss, and never wrong data."""
    for version in (1, 2):
        data, path, information = prepare(sandbox, 1000000, version, seed=10 + version)
        get(sandbox, information, "--origin", path)
        victim = block_files(sandbox)[-1]
        stored = bytearray(victim.read_bytes())
        stored[len(stored) // 2] ^= 1
        victim.write_bytes(stored)
        got, numbers = get(sandbox, information, "--origin", path)
        same(got, data, "content")
        check(0 < numbers["from_origin"] <= 131072 and numbers["from_cache"] > 0, str(numbers))
        same(get(sandbox, information)[0], data, "content, healed")
        stored = bytearray(victim.read_bytes())
        stored[100] ^= 1
        victim.write_bytes(stored)
        done = sandbox.run("cache", "verify")
        same(done.returncode, 1, "exit code of verify: " + done.stdout)
        check(re.search(r" 1 bad and dropped", done.stdout), done.stdout)
        check(re.search(r" 0 bad and dropped", sandbox.good("cache", "verify")), "verify again")
        sandbox.good("cache", "flush")


def test_lost_files(sandbox):
    data, path, information = prepare(sandbox, 1000000, 2)
    for damage in ("truncate", "delete", "index", "garbage"):
        get(sandbox, information, "--origin", path)
        if damage == "truncate":
            for file in block_files(sandbox):
                file.write_bytes(file.read_bytes()[:1000])
        elif damage == "delete":
            for file in block_files(sandbox):
                file.unlink()
        else:
            for index in sandbox.store.rglob("cache.db*"):
                if damage == "garbage" and index.name == "cache.db":
                    index.write_bytes(b"garbage" * 10000)
                else:
                    index.unlink()
        got, _ = get(sandbox, information, "--origin", path)
        same(got, data, f"content after: {damage}")
        if damage == "garbage":
            next(iter(sandbox.store.rglob("cache.db"))).unlink()
            get(sandbox, information, "--origin", path)
        same(get(sandbox, information)[0], data, f"from the cache after: {damage}")


def test_administration(sandbox):
    tags = ["0123456789abcdef0123456789abcdef", "ffffffffffffffffffffffffffffffff"]
    contents = [prepare(sandbox, 3000000, 2, seed=20 + number) for number in range(2)]
    for tag, (data, path, information) in zip(tags, contents):
        get(sandbox, information, "--origin", path, "--tag", tag)
    shown = cache(sandbox)
    same([one["tag"] for one in shown["tags"]], tags, "tags")
    same([one["bytes"] for one in shown["tags"]], [3000000, 3000000], "bytes")
    try:
        sandbox.good("cache", "pin", tags[0])
        sandbox.good("cache", "limit", "4M")
        on_disk = sum(file.stat().st_size for file in block_files(sandbox))
        check(on_disk <= 4 << 20, f"{on_disk} bytes on disk")
        same(get(sandbox, contents[0][2])[0], contents[0][0], "what is pinned stays")
        sandbox.bad(MISSING_DATA, "get", contents[1][2], "--out", sandbox.path / "none.bin")
        # With the limit in force: never more on disk, whatever is added.
        get(sandbox, contents[1][2], "--origin", contents[1][1])
        on_disk = sum(file.stat().st_size for file in block_files(sandbox))
        check(on_disk <= 4 << 20, f"{on_disk} bytes on disk")
        sandbox.good("cache", "unpin", tags[0])
    finally:
        sandbox.good("cache", "limit", "5%")
    sandbox.good("cache", "flush", "--tag", tags[0])
    check(tags[0] not in [one["tag"] for one in cache(sandbox)["tags"]], "a flushed tag")
    sandbox.good("cache", "flush")
    same(cache(sandbox)["tags"], [], "tags after all was flushed")
    same(block_files(sandbox), [], "files after all was flushed")
    same(sandbox.run("cache", "pin", "12").returncode, 2, "a tag that is none")
    sandbox.bad(1168, "cache", "pin", tags[1])


def test_killed_writers(sandbox):
    """kill -9 while data is added: the cache opens, and no byte is ever wrong."""
    data, path, information = prepare(sandbox, 30000000, 2)
    for number in range(4):
        process = sandbox.start("get", information, "--origin", path, "--out",
                                sandbox.path / f"killed-{number}")
        while process.popen.poll() is None and not block_files(sandbox):
            pass
        process.kill()
        got, numbers = get(sandbox, information, "--origin", path)
        same(got, data, "content")
        same(get(sandbox, information)[0], data, "content from the cache")
        check(re.search(r" 0 bad and dropped", sandbox.good("cache", "verify")), "verify")
        sandbox.good("cache", "flush")


if __name__ == "__main__":
    main(sys.modules[__name__])
