#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md shows works as it says."""
import re
import subprocess
import sys

from harness import OUTPUT, ROOT, WIDTH, Skip, check, main, same

README = (ROOT / "README.md").read_text()


def test_program(sandbox):
    """The program is compiled with the command that stands below it, in this width."""
    compiler = {"64": "x86_64", "32": "i686"}[WIDTH] + "-w64-mingw32-gcc"
    source = sandbox.file("hello.c", re.search(r"```c\n(.*?)```", README, re.S)[1].encode())
    program = sandbox.path / "hello.exe"
    check("-w64-mingw32-gcc -Iinclude hello.c -o hello.exe" in README, "the command")
    try:
        done = subprocess.run(
            [compiler, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", source, "-o", program,
             OUTPUT / "libpeerdist.a"], capture_output=True, text=True,
        )
    except FileNotFoundError:
        raise Skip(compiler + " is not installed") from None
    same(done.returncode, 0, done.stderr)
    output = sandbox.good(program=str(program)).strip()
    check(f"prints `{output}`" in README, output)


def test_commands_exist(sandbox):
    """Each command line of README.md is understood as far as its options go."""
    commands = re.findall(r"^wine peerdist\.exe (.*?)\s*#", README, re.M)
    same(len(commands), 12, "commands")
    sandbox.file("film.mkv", b"a film")
    for command in commands:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
        words = [str(sandbox.path / word) if word.startswith("film") else word for word in words]
        if "--hold" in words:
            sandbox.hold(*[word for word in words[1:] if word != "--hold"]).kill()
        elif words[0] == "install":
            try:
                sandbox.good(*words)
            finally:
                sandbox.good("uninstall", *words[1:])
        elif words[0] == "probe":  # nobody else has it
            done = sandbox.run(*words)
            same((done.returncode, "nobody answered" in done.stdout), (1, True), "probe")
        else:
            sandbox.good(*words)


if __name__ == "__main__":
    main(sys.modules[__name__])
