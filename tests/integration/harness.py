# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: running peerdist.exe under Wine, waiting with deadlines, and
reporting in the form that tests/support/run-test.sh reads. No test waits without a limit."""
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "vectors"))
import reference  # noqa: E402

WIDTH = os.environ.get("PD_TEST_WIDTH", "64")
OUTPUT = pathlib.Path(
    os.environ.get("PD_OUTPUT_DIR", ROOT / "build" / ("i686" if WIDTH == "32" else "x86_64"))
)
RUN_WINE = ROOT / "tests" / "support" / "run-wine.sh"
LIMIT = 60  # seconds that any one command may take

os.environ.update(LC_ALL="C.UTF-8", PD_OUTPUT_DIR=str(OUTPUT), PD_TEST_WIDTH=WIDTH)


class Skip(Exception):
    pass


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


class Sandbox:
    """A folder and a store of a test's own, and the processes it started."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="peerdist-test-"))
        self.path.chmod(0o755)
        self.processes = []
        self.mounts = []
        self.set_store(self.path / "store")

    def set_store(self, folder):
        folder.mkdir(exist_ok=True)
        self.store = folder
        self.environment = dict(os.environ, PEERDIST_STORE=windows_path(folder))

    def file(self, name, data=b""):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def sparse(self, name, size):
        path = self.path / name
        with open(path, "wb") as stream:
            stream.truncate(size)
        return path

    def mount_small(self, name, size):
        """A tmpfs of `size` bytes; only root can."""
        if os.geteuid() != 0:
            raise Skip("mounting a small tmpfs takes root")
        folder = self.path / name
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder],
            capture_output=True, text=True,
        )
        if done.returncode != 0:
            raise Skip("no tmpfs can be mounted here: " + done.stderr.strip())
        self.mounts.append(folder)
        return folder

    def run(self, *arguments, program="peerdist.exe", input=None, limit=LIMIT, environment=None):
        """Runs a program of ours to its end. Output is text with plain line ends."""
        exe = OUTPUT / program if program.startswith("peerdist") else program
        done = subprocess.run(
            [RUN_WINE, exe, *map(str, arguments)],
            input=input, stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True, timeout=limit, env={**self.environment, **(environment or {})},
        )
        done.stdout = done.stdout.decode()
        done.stderr = done.stderr.decode()
        return done

    def good(self, *arguments, **keywords):
        done = self.run(*arguments, **keywords)
        check(done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    def bad(self, code, *arguments, **keywords):
        """Must fail with exit code 1 and this error number, and with advice."""
        done = self.run(*arguments, **keywords)
        check(done.returncode == 1, f"{arguments}: exit {done.returncode}: {done.stderr}")
        check(f"({code})\n  " in done.stderr, f"{arguments}: not error {code}: {done.stderr}")
        return done.stderr

    def status(self):
        return json.loads(self.good("status", "--json"))

    def start(self, *arguments):
        process = Process([RUN_WINE, OUTPUT / "peerdist.exe", *map(str, arguments)], self)
        self.processes.append(process)
        return process

    def hold(self, *arguments):
        """publish --hold, returned when the publications are there."""
        process = self.start("publish", *arguments, "--hold")
        process.wait_for(r"^holding \d+ publication")
        return process

    def close(self):
        for process in self.processes:
            process.kill()
        for folder in self.mounts:
            subprocess.run(["umount", "-l", folder], check=False)
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    """A program in the background. run-wine.sh becomes the program's own process, so that its pid
    is the one to kill and to look at in /proc."""

    def __init__(self, command, sandbox):
        self.popen = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=sandbox.environment,
        )
        self.pid = self.popen.pid
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self.pump, daemon=True).start()

    def pump(self):
        for line in self.popen.stdout:
            self.lines.put(line.decode(errors="replace").rstrip("\n"))
        self.lines.put(None)

    def wait_for(self, pattern, limit=LIMIT):
        deadline = time.monotonic() + limit
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} within {limit} s: {self.seen}") from None
            if line is None:
                raise AssertionError(f"ended without {pattern!r}: {self.seen}")
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def wait_for_reading(self, path):
        """Until the process has read the beginning of a file and has it open still."""
        folder = f"/proc/{self.pid}"

        def look():
            check(self.popen.poll() is None, f"ended early: {list(self.lines.queue)}")
            try:
                for name in os.listdir(folder + "/fd"):
                    if os.readlink(f"{folder}/fd/{name}") == str(path):
                        with open(f"{folder}/fdinfo/{name}") as stream:
                            return int(stream.readline().split()[1]) > 0
            except OSError:
                pass
            return False

        wait_until(look, f"{path} is being read")

    def end(self, limit=LIMIT):
        """Waits for the end; the exit code and everything that was printed."""
        code = self.popen.wait(limit)
        for line in iter(lambda: self.lines.get(timeout=limit), None):
            self.seen.append(line)
        return code, "\n".join(self.seen)

    def kill(self):
        """kill -9, and away it is."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(LIMIT)


def wait_until(condition, what, limit=LIMIT):
    deadline = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.002)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def same(got, wanted, what):
    check(got == wanted, f"{what}: {got!r} where {wanted!r} was expected")


def pattern(length):
    """The content of the test vectors: byte i is (i * 2654435761 mod 2^32) >> 24."""
    return bytes((i * 2654435761 & 0xFFFFFFFF) >> 24 for i in range(length))


def main(module):
    """Runs the functions test_* of a module, each with a sandbox of its own; arguments choose."""
    names = [name for name in vars(module) if name.startswith("test_")]
    chosen = [name for name in names if not sys.argv[1:] or name in sys.argv[1:]]
    passed = failed = skipped = 0
    probe = subprocess.run(
        [RUN_WINE, OUTPUT / "peerdist.exe", "--version"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300,
    )
    if probe.returncode == 77:
        print(probe.stdout, end="")
        sys.exit(77)
    for name in chosen:
        sandbox = Sandbox()
        begin = time.monotonic()
        try:
            vars(module)[name](sandbox)
            passed += 1
            print(f"ok {name} ({time.monotonic() - begin:.1f} s)")
        except Skip as reason:
            skipped += 1
            print(f"SKIP: {name}: {reason}")
        except Exception:
            failed += 1
            print(f"FAILED: {name}: {traceback.format_exc()}")
        finally:
            sandbox.close()
        sys.stdout.flush()
    print(f"RESULT passed={passed} failed={failed} skipped={skipped}")
    sys.exit(1 if failed else 0)
