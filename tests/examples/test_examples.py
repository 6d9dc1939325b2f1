#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples do what they say, in C and in Go, and their results agree with peerdist.exe's.

test_examples.py FOLDER-OF-THE-PROGRAMS [test...]
"""
import os
import pathlib
import random
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(HERE.parent / "integration"))

from harness import Skip, WIDTH, main, same, windows_path  # noqa: E402


def go():
    """The Go example, compiled once for each build folder and source."""
    compiler = shutil.which("go") or "/usr/lib/go-1.19/bin/go"
    if not os.path.exists(compiler):
        raise Skip("Go is not installed")
    environment = dict(os.environ, GOOS="windows", GOARCH="amd64", CGO_ENABLED="0",
                       GO111MODULE="off", GOFLAGS="", GOCACHE=str(PROGRAMS / "go-cache"))
    program = PROGRAMS / "examples-go.exe"
    subprocess.run([compiler, "build", "-o", program, HERE / "examples.go"], check=True,
                   env=environment, timeout=280)
    return program


def check_examples(sandbox, program):
    """program(name) is how an example is started: a list."""
    data = random.Random(5).randbytes(3000000)
    path = sandbox.file("content.bin", data)
    for name in ("publish_port", "publish_event"):
        information = sandbox.path / f"{name}.ci"
        words = program(name)
        done = sandbox.run(*words[1:], windows_path(path), windows_path(information),
                           program=str(words[0]))
        same((done.returncode, done.stdout.strip()), (0, "published"), f"{name}: {done.stderr}")
        expected = sandbox.path / "expected.ci"
        sandbox.good("publish", path, "--out", expected, "--ci-version", 1)
        same(information.read_bytes(), expected.read_bytes(), f"the information of {name}")
    for sources in ((0, 3000000), (3000000, 0)):
        out = sandbox.path / "result.bin"
        words = program("client")
        done = sandbox.run(*words[1:], windows_path(information), windows_path(path),
                           windows_path(out), program=str(words[0]))
        same(done.returncode, 0, done.stderr + done.stdout)
        same(out.read_bytes(), data, "the content")
        same(done.stdout.strip(), "%d bytes from the cache, %d from the copy" % sources, "sources")


def test_c(sandbox):
    check_examples(sandbox, lambda name: [PROGRAMS / f"example_{name}.exe"])


if WIDTH == "64":  # which is what the example in Go is for

    def test_go(sandbox):
        compiled = go()
        check_examples(sandbox, lambda name: [compiled, name])


if __name__ == "__main__":
    main(sys.modules[__name__])
