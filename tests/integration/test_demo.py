#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration on a small tree, and that its checker sees what is wrong."""
import random
import subprocess
import sys

from harness import HERE, check, main, same, windows_path


def make_tree(sandbox):
    source = random.Random(3)
    files = [("empty", 0), ("one", 1), ("sub/Größe 文件", 70000), ("sub/deep/large", 3 << 20)]
    for name, size in files:
        sandbox.file("tree/" + name, source.randbytes(size))
    for number in range(40):
        sandbox.file(f"tree/many/{number}", source.randbytes(source.randrange(200000)))
    (sandbox.path / "out").mkdir()


def manifest(sandbox):
    return (sandbox.path / "out" / "manifest.tsv").read_text().splitlines()


def check_demo(sandbox):
    return subprocess.run(
        [sys.executable, HERE / "check_demo.py", sandbox.path / "tree", sandbox.path / "out",
         "demo key", sandbox.path / "printed.txt"], capture_output=True, text=True, timeout=120,
    )


def test_demo(sandbox):
    make_tree(sandbox)
    sandbox.good("key", "set", "demo key")
    text = sandbox.good(windows_path(sandbox.path / "tree"), windows_path(sandbox.path / "out"),
                        program="peerdist-demo.exe")
    check("files                         44\n" in text, text)
    total = sum(int(line.split("\t")[1]) for line in manifest(sandbox))
    check(f" 0 bytes from the cache, {total} from the origin" in text, text)
    check(f"{total} bytes from the cache, 0 from the origin" in text, text)
    printed = sandbox.file("printed.txt", text.encode())
    done = check_demo(sandbox)
    same(done.returncode, 0, done.stdout + done.stderr)
    check("44 files in structure, 44 by rehashing" in done.stdout, done.stdout)
    large = [line.split("\t")[0] for line in manifest(sandbox) if line.endswith("/large")][0]
    for version in (1, 2):
        blob = sandbox.path / "out" / f"{large}.v{version}.ci"
        good = blob.read_bytes()
        blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        done = check_demo(sandbox)
        same(done.returncode, 1, f"checker with a wrong version {version}: {done.stdout}")
        blob.write_bytes(good)
    for wrong in (text.replace(f"{total} bytes from the cache, 0 from", f"0 bytes from the cache, "
                               f"{total} from"), text[:text.index("fetched again")]):
        printed.write_text(wrong)
        done = check_demo(sandbox)
        same(done.returncode, 1, "checker with wrong fetches: " + done.stdout)


def test_demo_cache_too_small(sandbox):
    """The second fetch cannot be served: an error that says so."""
    make_tree(sandbox)
    try:
        sandbox.good("cache", "limit", "1M")
        sandbox.bad(4052, windows_path(sandbox.path / "tree"), windows_path(sandbox.path / "out"),
                    program="peerdist-demo.exe")
    finally:
        sandbox.good("cache", "limit", "5%")


def test_demo_usage(sandbox):
    same(sandbox.run(program="peerdist-demo.exe").returncode, 2, "exit code without arguments")
    done = sandbox.run("Z:\\no\\such", windows_path(sandbox.path), program="peerdist-demo.exe")
    same(done.returncode, 1, "exit code for a missing folder")


if __name__ == "__main__":
    main(sys.modules[__name__])
