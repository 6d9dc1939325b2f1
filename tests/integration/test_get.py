#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peerdist.exe get and cache: content through content handles, and what the cache makes of it."""
import json
import random
import re
import sys

from harness import check, main, same, wait_until

MISSING_DATA, CANNOT_PARSE, END_OF_FILE, INVALID_DATA, CRC, TIMEOUT = 4052, 4051, 38, 13, 23, 1460
FILE_NOT_FOUND, PATH_NOT_FOUND, ACCESS_DENIED, INTERRUPTED = 2, 3, 5, 995


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


def test_scattered(sandbox):
    """In an order of its own, and the same bytes: many segments, one, and a range."""
    for number, (length, version, more) in enumerate(
            [(3000001, 2, []), (900000, 1, []), (3000001, 2, ["--range", "200001:1500000"]),
             (900000, 1, ["--range", "200000:300000"]), (1, 1, [])]):
        data, path, information = prepare(sandbox, length, version, *more, seed=number)
        if more:
            begin, size = map(int, more[1].split(":"))
            data = data[begin:begin + size]
        got, numbers = get(sandbox, information, "--origin", path, "--scatter")
        same(got, data, "scattered, from the origin")
        same(numbers["from_origin"], len(data), "bytes from the origin")
        if not more:
            got, numbers = get(sandbox, information, "--scatter", "--local-only")
            same(got, data, "scattered, from the cache")
    # What is missing first is not what is first: of ten tries one at least begins elsewhere.
    _, _, information = prepare(sandbox, 9000000, 2, seed=9)
    said = [sandbox.bad(MISSING_DATA, "get", information, "--out", sandbox.path / "none", "--scatter")
            for _ in range(10)]
    check(len({re.search(r"bytes at (\d+)", text)[1] for text in said}) > 1, said[0])
    check(not (sandbox.path / "none").exists(), "half a result")


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
    """An origin that is another content is noticed before a byte of it is used."""
    for version in (1, 2):
        data, path, information = prepare(sandbox, 3000000, version, "--range", "100000:2800000",
                                          seed=30 + version)
        out = sandbox.path / "none.bin"
        for at in (100000, 1500000, 2899999):
            wrong = bytearray(data)
            wrong[at] ^= 1
            said = sandbox.bad(INVALID_DATA, "get", information, "--out", out, "--origin",
                               sandbox.file("wrong.bin", bytes(wrong)))
            block = int(re.search(r"its block at (\d+) is wrong", said)[1])
            check(block <= at < block + 131072, said)
            check(not out.exists() and not out.with_name("none.bin.part").exists(), "a result")
            got, numbers = get(sandbox, information, "--origin", path)
            same(got, data[100000:2900000], "content")
            sandbox.good("cache", "flush")
        sandbox.bad(END_OF_FILE, "get", information, "--out", out, "--origin",
                    sandbox.file("short.bin", data[:1500000]))


def test_failures(sandbox):
    data, path, information = prepare(sandbox, 200000, 2)
    out, away = sandbox.path / "out.bin", sandbox.path / "not" / "here"
    said = sandbox.bad(MISSING_DATA, "get", information, "--out", out, "--local-only")
    check("200000 bytes at 0 are missing; 0 of 200000 were there before" in said, said)
    sandbox.bad(FILE_NOT_FOUND, "get", information, "--out", out, "--origin", sandbox.path / "no")
    sandbox.bad(FILE_NOT_FOUND, "get", sandbox.path / "no.ci", "--out", out)
    sandbox.bad(PATH_NOT_FOUND, "get", information, "--out", away, "--origin", path)
    for arguments in (["--out", information], ["--out", path, "--origin", path],
                      ["--out", out, "--timeout", "x"], ["--out", out, "--timeout", "4294967294"],
                      ["--out", out, "--timeout", "-1"], ["--out", out, "--timeout", "1K"],
                      ["--out", out, "--tag", "12"], ["--out", out, information]):
        done = sandbox.run("get", information, *arguments)
        same(done.returncode, 2, f"{arguments}: {done.stderr}")
    same(sandbox.run("get", "--out", out).returncode, 2, "exit code without FILE.ci")
    same(path.read_bytes(), data, "the origin, afterwards")
    check(not out.exists(), "half a result")
    # A store that cannot be: the content still comes from the origin.
    broken = {"PEERDIST_STORE": sandbox.environment["PEERDIST_STORE"] + "\\..\\blocker\\store"}
    sandbox.file("blocker", b"in the way")
    sandbox.good("get", information, "--out", out, "--origin", path, environment=broken)
    same(out.read_bytes(), data, "content without a cache")


def test_two_at_once(sandbox):
    data, path, information = prepare(sandbox, 20000000, 2)
    processes = [sandbox.start("get", information, "--out", sandbox.path / f"two-{number}",
                               "--origin", path, "--json") for number in range(2)]
    fetched = 0
    for number, process in enumerate(processes):
        code, text = process.end()
        same(code, 0, text)
        same((sandbox.path / f"two-{number}").read_bytes(), data, "content")
        fetched += json.loads(text)["from_origin"]
    check(fetched >= len(data), f"{fetched} bytes from the origin")
    same(get(sandbox, information, "--local-only")[0], data, "content from the cache")


def test_interrupted(sandbox):
    """Ctrl-C leaves nothing behind, also while the command waits for somebody else's fetch."""
    data, path, information = prepare(sandbox, 250000000, 2)
    out = sandbox.path / "interrupted.bin"
    part = out.with_name("interrupted.bin.part")
    process = sandbox.start("get", information, "--out", out, "--origin", path)
    wait_until(lambda: part.exists() and part.stat().st_size > 0, "the file is being written")
    process.interrupt()
    code, text = process.end()
    same(code, 1, text)
    check(f"({INTERRUPTED})" in text, text)
    check(not out.exists() and not part.exists(), "something was left behind")


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
        check(f"({CRC})" in done.stderr and "1 blocks were not" in done.stderr, done.stderr)
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
    check(tags[1] in sandbox.bad(1168, "cache", "pin", tags[1]), "which tag")
    for arguments in (["verify", "--json"], ["flush", "--json"], ["show", "--tag", tags[0]],
                      ["pin", tags[0], "--tag", tags[0]], ["show", "more"], ["limit"], ["limit", "x"],
                      ["limit", "81%"], ["limit", "0%"], []):
        same(sandbox.run("cache", *arguments).returncode, 2, f"exit code of {arguments}")


def test_nothing_there(sandbox):
    """Looking at a cache that was never used makes none."""
    same(cache(sandbox)["segments"], 0, "segments")
    same(sandbox.status()["cache"]["bytes"], 0, "bytes in the status")
    check(re.search(r"^0 blocks of 0 segments", sandbox.good("cache", "verify")), "verify")
    sandbox.good("cache", "flush")
    sandbox.good("cache", "flush", "--tag", "00" * 16)
    sandbox.bad(1168, "cache", "unpin", "00" * 16)
    same(list(sandbox.store.rglob("cache*")), [], "files of a cache")
    data, path, information = prepare(sandbox, 100000, 1)
    get(sandbox, information, "--origin", path)
    status = sandbox.status()["cache"]
    same((status["bytes"], status["segments"], status["problem"]), (100000, 1, None), "status")
    check(re.search(r"\n +100000 bytes in 1 segments; on disk 100000 of \d+ bytes\n",
                    sandbox.good("status")), "status")


def test_killed_writers(sandbox):
    """kill -9 while data is added: the cache opens, and no byte is ever wrong."""
    data, path, information = prepare(sandbox, 30000000, 2)
    for number in range(4):
        process = sandbox.start("get", information, "--origin", path, "--out",
                                sandbox.path / f"killed-{number}")
        while process.popen.poll() is None and not block_files(sandbox):
            pass
        process.kill()
        left = sandbox.path / f"killed-{number}.part"
        wait_until(lambda: not left.exists(), "the system takes the half result away")
        got, numbers = get(sandbox, information, "--origin", path)
        same(got, data, "content")
        same(get(sandbox, information)[0], data, "content from the cache")
        check(re.search(r" 0 bad and dropped", sandbox.good("cache", "verify")), "verify")
        sandbox.good("cache", "flush")


if __name__ == "__main__":
    main(sys.modules[__name__])
