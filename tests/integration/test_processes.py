#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publications that several processes see, terminals, and stores in trouble."""
import fcntl
import json
import os
import pathlib
import pty
import random
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time

from harness import LIMIT, OUTPUT, ROOT, RUN_WINE, WIDTH
from harness import Skip, check, main, pattern, same, wait_until


def test_visible_to_other_processes(sandbox):
    path = sandbox.file("content.bin", pattern(100000))
    holder = sandbox.hold(path, "--id", "movie")
    status = sandbox.status()
    same((status["store"]["publications"], status["store"]["content_bytes"]), (1, 100000),
         "store while held")
    message = sandbox.bad(4058, "publish", path, "--id", "movie")
    check("PEERDIST_ERROR_ALREADY_EXISTS" in message and "--id" in message, message)
    sandbox.good("publish", path, "--id", "another movie")
    same(sandbox.status()["store"]["publications"], 1, "publications of ended processes")
    holder.kill()


def test_other_width(sandbox):
    """32- and 64-bit processes share one table of publications."""
    names = {"64": ("x86_64", "i686", "32"), "32": ("i686", "x86_64", "64")}
    own, other, other_width = names[WIDTH]
    folder = OUTPUT.with_name(OUTPUT.name.replace(own, other))
    if not (folder / "peerdist.exe").exists():
        raise Skip(f"no {folder}/peerdist.exe")
    prefix = pathlib.Path(os.environ.get("WINEPREFIX", ROOT / "build" / "wineprefix-test"))
    if not (prefix / "drive_c/windows/syswow64/kernel32.dll").exists():
        raise Skip("this Wine prefix has no 32-bit side")
    environment = {"PD_OUTPUT_DIR": str(folder), "PD_TEST_WIDTH": other_width}
    path = sandbox.file("content.bin", pattern(100000))
    holder = sandbox.hold(path, "--id", "movie")
    other_exe = str(folder / "peerdist.exe")
    done = sandbox.run("status", "--json", program=other_exe, environment=environment)
    if done.returncode == 77:
        raise Skip(done.stdout.strip())
    same(json.loads(done.stdout)["store"]["publications"], 1, "publications seen")
    sandbox.bad(4058, "publish", path, "--id", "movie", program=other_exe, environment=environment)
    holder.kill()
    sandbox.good("publish", path, "--id", "movie", program=other_exe, environment=environment)


def test_killed_owner(sandbox):
    """kill -9: the publication is gone at once, and the identifier free."""
    path = sandbox.file("content.bin", pattern(100000))
    for _ in range(3):
        holder = sandbox.hold(path, "--id", "movie")
        sandbox.bad(4058, "publish", path, "--id", "movie")
        holder.kill()
        sandbox.good("publish", path, "--id", "movie")
    same(sandbox.status()["store"]["publications"], 0, "publications")


def test_killed_while_publishing(sandbox):
    path = sandbox.sparse("large.bin", 4 << 30)
    process = sandbox.start("publish", path, "--id", "movie")
    process.wait_for_reading(path)
    sandbox.bad(4058, "publish", sandbox.file("small.bin", b"small"), "--id", "movie")
    process.kill()
    sandbox.good("publish", sandbox.file("small.bin", b"small"), "--id", "movie")


def test_one_of_many_wins(sandbox):
    """Processes that publish one identifier at the same time: exactly one gets it."""
    path = sandbox.file("content.bin", pattern(1000))
    for _ in range(3):
        racers = [sandbox.start("publish", path, "--id", "movie", "--hold") for _ in range(4)]
        winners = losers = 0
        for racer in racers:
            line = racer.wait_for(r"^holding|\(\d+\)$")
            if line.startswith("holding"):
                winners += 1
            else:
                check("(4058)" in line, line)
                losers += 1
        same((winners, losers), (1, 3), "winners and losers")
        for racer in racers:
            racer.kill()


class Terminal:
    """A program on a terminal of its own, as a person runs it."""

    def __init__(self, sandbox, *arguments):
        self.text = b""
        self.code = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            command = [RUN_WINE, OUTPUT / "peerdist.exe", *arguments]
            os.execve(RUN_WINE, list(map(str, command)), dict(sandbox.environment, TERM="xterm"))
        # Lines of messages are not to be broken.
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
        sandbox.processes.append(self)

    def wait_for(self, wanted, limit=LIMIT):
        deadline = time.monotonic() + limit
        while not re.search(wanted, self.text):
            left = deadline - time.monotonic()
            check(left > 0 and select.select([self.terminal], [], [], left)[0],
                  f"no {wanted!r} within {limit} s: {self.text!r}")
            try:
                self.text += os.read(self.terminal, 65536)
            except OSError:
                raise AssertionError(f"ended without {wanted!r}: {self.text!r}") from None

    def press(self, keys):
        os.write(self.terminal, keys)

    def end(self):
        """The exit code. Reads on, for a full terminal would hold the program up."""

        def ended():
            if select.select([self.terminal], [], [], 0)[0]:
                try:
                    self.text += os.read(self.terminal, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return (os.waitstatus_to_exitcode(status),) if pid else None

        self.code = wait_until(ended, "the end of the program")[0]
        return self.code

    def kill(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


def test_control_c_ends_hold(sandbox):
    path = sandbox.file("content.bin", pattern(100000))
    terminal = Terminal(sandbox, "publish", path, "--id", "movie", "--hold")
    terminal.wait_for(rb"holding 1 publication")
    same(sandbox.status()["store"]["publications"], 1, "publications while held")
    terminal.press(b"\x03")
    same(terminal.end(), 0, "exit code")
    same(sandbox.status()["store"]["publications"], 0, "publications afterwards")


def test_control_c_stops_publishing(sandbox):
    path = sandbox.sparse("large.bin", 64 << 30)
    terminal = Terminal(sandbox, "publish", path, "--id", "movie")
    terminal.wait_for(rb" 0% .*MB/s")
    terminal.press(b"\x03")
    same(terminal.end(), 1, "exit code")
    check(b"ERROR_OPERATION_ABORTED (995)" in terminal.text, repr(terminal.text[-500:]))
    sandbox.good("publish", sandbox.file("small.bin", b"small"), "--id", "movie")


def test_progress_only_on_terminals(sandbox):
    path = sandbox.sparse("content.bin", 256 << 20)
    done = sandbox.run("publish", path)
    same((done.returncode, done.stderr), (0, ""), "without a terminal")
    terminal = Terminal(sandbox, "publish", path)
    terminal.wait_for(rb"% \[[# ]+\].*MB/s")
    same(terminal.end(), 0, "exit code")


def test_status(sandbox):
    status = sandbox.status()
    same(status["service"], {"status": "available", "min_version": 1, "max_version": 2}, "service")
    check(status["library"]["path"].lower().endswith("peerdist.dll"), "path of the library")
    check(re.fullmatch(r"\d+\.\d+\.\d+\.0", status["library"]["version"]), "version of the library")
    check(status["user"].startswith("S-1-"), "user")
    store = status["store"]
    check(os.path.basename(sandbox.path) in store["path"] and status["user"] in store["path"],
          "path of the store")
    same((store["publications"], store["problem"]), (0, None), "an unused store")
    check(all(status["hashing"].values()), "hash implementations")
    text = sandbox.good("status")
    for part in ("service ", "available", "store ", "secret key", "hashing", store["path"]):
        check(part in text, f"{part!r} in {text}")


def user_folder(sandbox):
    folders = [entry for entry in sandbox.store.iterdir() if entry.is_dir()]
    same(len(folders), 1, "folders of users")
    return folders[0]


def test_store_is_private(sandbox):
    path = sandbox.file("content.bin", pattern(10))
    holder = sandbox.hold(path)
    folder = user_folder(sandbox)
    same(oct(stat.S_IMODE(folder.stat().st_mode)), "0o750", "mode")
    same(os.path.basename(folder), sandbox.status()["user"], "name")
    if os.geteuid() != 0:
        holder.kill()
        raise Skip("being another user takes root")
    listing = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls"]
    same(subprocess.run([*listing, sandbox.store], capture_output=True).returncode, 0,
         "another user may see that there are stores")
    refused = subprocess.run([*listing, folder], capture_output=True, text=True)
    check(refused.returncode != 0 and "denied" in refused.stderr, "another user looks into it")
    for file in folder.iterdir():
        refused = subprocess.run([*listing[:-1], "cat", file], capture_output=True, text=True)
        check(refused.returncode != 0 and "denied" in refused.stderr, f"another user reads {file}")
    holder.kill()


def test_full_disk(sandbox):
    """A full disk: an error with advice, and all is well when there is room again."""
    folder = sandbox.mount_small("disk", 3 << 20)
    sandbox.set_store(folder / "store")
    content = sandbox.file("content.bin", random.Random(1).randbytes(1 << 20))
    sandbox.good("publish", content)
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)):
                pass
        except OSError:
            pass
    large = sandbox.sparse("large.bin", 2 << 30)
    message = sandbox.bad(4065, "publish", large)
    check("disk full" in message, message)
    ballast.unlink()
    sandbox.good("publish", content)


def test_full_disk_for_output(sandbox):
    """No room for the content information: an error, and no half of it left behind."""
    folder = sandbox.mount_small("disk", 64 << 10)
    out = folder / "out.ci"
    sandbox.bad(112, "publish", sandbox.sparse("large.bin", 256 << 20), "--out", out)
    same(list(folder.iterdir()), [], "files left behind")
    sandbox.good("publish", sandbox.file("content.bin", pattern(1000)), "--out", out)


def test_store_out_of_reach(sandbox):
    sandbox.environment["PEERDIST_STORE"] = r"Z:\dev\null\nowhere"
    content = sandbox.file("content.bin", pattern(10))
    sandbox.bad(4065, "publish", content)
    check(sandbox.status()["store"]["problem"], "the status names the problem")


def test_damaged_store(sandbox):
    """Garbage in every file of the store: an error or none, never a crash; then it recovers."""
    content = sandbox.file("content.bin", pattern(100000))
    sandbox.good("publish", content)
    for file in user_folder(sandbox).iterdir():
        file.write_bytes(random.Random(2).randbytes(max(4096, file.stat().st_size)))
    done = sandbox.run("publish", content)
    check(done.returncode == 0 or "(4065)" in done.stderr, f"{done.returncode}: {done.stderr}")
    if done.returncode != 0:
        check(sandbox.status()["store"]["problem"], "the status names the problem")
    for file in user_folder(sandbox).iterdir():
        file.unlink()
    sandbox.good("publish", content)


if __name__ == "__main__":
    main(sys.modules[__name__])
