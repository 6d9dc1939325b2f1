#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peerdist.exe install and uninstall: into the prefix, and beside a program."""
import os
import pathlib
import re
import shutil
import struct
import sys

from harness import OUTPUT, WIDTH, check, main, same, windows_path

NOT_FOUND, INVALID_DATA, EXISTS = 2, 13, 183
OVERRIDES = r"HKCU\Software\Wine\DllOverrides"
MACHINES = {"64": 0x8664, "32": 0x14C}


def windows():
    return pathlib.Path(os.environ["WINEPREFIX"]) / "drive_c" / "windows"


def machine(path):
    data = path.read_bytes()
    return struct.unpack_from("<H", data, struct.unpack_from("<I", data, 0x3C)[0] + 4)[0]


def override(sandbox, key=OVERRIDES):
    done = sandbox.run("query", key, "/v", "peerdist", program="reg.exe")
    match = re.search(r"peerdist\s+REG_SZ\s+(\S+)", done.stdout)
    return match[1] if match else None


def other_output():
    """Where the DLL of the other width is, if it was built."""
    return OUTPUT.parent / ("i686" if WIDTH == "64" else "x86_64")


def programs(sandbox, name, *sources):
    folder = sandbox.path / name
    folder.mkdir()
    for number, source in enumerate(sources):
        shutil.copy(source, folder / f"program-{number}.exe")
    return folder


def test_system(sandbox):
    places = {windows() / "system32": "64", windows() / "syswow64": "32"}
    if not (windows() / "syswow64").exists():
        places = {windows() / "system32": WIDTH}
    places = {place: width for place, width in places.items()
              if width == WIDTH or (other_output() / "peerdist.dll").exists()}
    files = {place / "peerdist.dll": width for place, width in places.items()}
    for file in files:
        check(not file.exists(), f"{file} is there before")
    alone = programs(sandbox, "alone", OUTPUT / "peerdist.exe")
    try:
        for _ in range(2):
            done = sandbox.run("install", "--system")
            for file, width in files.items():
                same(machine(file), MACHINES[width], f"width of {file}")
                check(re.search(rf"{file.parent.name}\\peerdist.dll: installed, {width}-bit",
                                done.stdout) or WIDTH == "32", done.stdout)
            same(override(sandbox), "native,builtin", "what Wine prefers")
        # A program that has no DLL beside it finds that one.
        text = sandbox.good("status", program=str(alone / "program-0.exe"))
        check(re.search(r"(?i)library +c:\\windows\\sys\w+\\peerdist.dll, version \d", text), text)
    finally:
        done = sandbox.run("uninstall", "--system")
    same(done.returncode, 0, done.stderr)
    for file in files:
        check(not file.exists(), f"{file} is still there")
    same(override(sandbox), None, "what Wine prefers, afterwards")
    check("nothing was installed there" in sandbox.good("uninstall", "--system"), "again")


def test_override_of_somebody_else(sandbox):
    sandbox.good("add", OVERRIDES, "/v", "peerdist", "/t", "REG_SZ", "/d", "builtin", "/f",
                 program="reg.exe")
    try:
        sandbox.run("install", "--system")
        same(override(sandbox), "builtin", "what somebody else had set")
        sandbox.run("uninstall", "--system")
        same(override(sandbox), "builtin", "what somebody else had set")
    finally:
        sandbox.run("delete", OVERRIDES, "/v", "peerdist", "/f", program="reg.exe")


def test_folder(sandbox):
    folder = programs(sandbox, "application", OUTPUT / "peerdist.exe")
    dll = folder / "peerdist.dll"
    key = r"HKCU\Software\Wine\AppDefaults\program-0.exe\DllOverrides"
    text = sandbox.good("install", windows_path(folder))
    check(f"installed, {WIDTH}-bit" in text, text)
    same(dll.read_bytes(), (OUTPUT / "peerdist.dll").read_bytes(), "the DLL")
    same(override(sandbox, key), "native,builtin", "what Wine prefers for it")
    sandbox.good("uninstall", windows_path(folder))
    check(not dll.exists(), "still there")
    same(override(sandbox, key), None, "what Wine prefers, afterwards")

    # The other width, where it was built.
    if (other_output() / "peerdist.exe").exists():
        other = programs(sandbox, "other", other_output() / "peerdist.exe")
        sandbox.good("install", windows_path(other))
        same(machine(other / "peerdist.dll"), MACHINES["32" if WIDTH == "64" else "64"], "width")
        both = programs(sandbox, "both", OUTPUT / "peerdist.exe", other_output() / "peerdist.exe")
        sandbox.bad(INVALID_DATA, "install", windows_path(both))
        check(not (both / "peerdist.dll").exists(), "a DLL for both")
    sandbox.bad(NOT_FOUND, "install", windows_path(programs(sandbox, "nothing")))
    for arguments in ([], ["--system", windows_path(folder)], ["a", "b"], ["--now"]):
        for command in ("install", "uninstall"):
            same(sandbox.run(command, *arguments).returncode, 2, f"{command} {arguments}")


def test_what_is_there(sandbox):
    """Somebody else's file is never touched; Wine's is kept, and put back."""
    folder = programs(sandbox, "application", OUTPUT / "peerdist.exe")
    dll = folder / "peerdist.dll"
    image = bytearray((OUTPUT / "peerdist.dll").read_bytes()[:4096])
    for foreign in (b"not even a program", bytes(image)):
        dll.write_bytes(foreign)
        for command in ("install", "uninstall"):
            said = sandbox.bad(EXISTS, command, windows_path(folder))
            check("neither ours nor Wine's" in said, said)
            same(dll.read_bytes(), foreign, f"the file after {command}")
    image[0x40:0x60] = b"Wine placeholder DLL".ljust(32, b"\0")
    dll.write_bytes(image)
    for _ in range(2):
        sandbox.good("install", windows_path(folder))
        same(dll.read_bytes(), (OUTPUT / "peerdist.dll").read_bytes(), "the DLL")
    sandbox.good("uninstall", windows_path(folder))
    same(dll.read_bytes(), bytes(image), "Wine's file, put back")
    same(sorted(path.name for path in folder.iterdir()), ["peerdist.dll", "program-0.exe"], "files")
    check("nothing was installed" in sandbox.good("uninstall", windows_path(folder)), "again")


if __name__ == "__main__":
    main(sys.modules[__name__])
