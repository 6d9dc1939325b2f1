# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the integration tests share: running peerdist.exe under Wine, waiting with deadlines, and
reporting in the form that tests/support/run-test.sh reads. No test waits without a limit."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
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
        """Runs a program of ours to its end. Output is text."""
        exe = OUTPUT / program if program.startswith("peerdist") else program
        environment = {**self.environment, **(environment or {})}
        done = run_wine([exe, *arguments], environment, input, limit)
        if done.returncode == 1 and not done.stdout and not done.stderr and exe != program:
            # A program of ours that fails says so: this is Wine, which on a busy machine fails to start
            # one in some thousands.
            print(f"note: {arguments} was not started by Wine; once more")
            done = run_wine([exe, *arguments], environment, input, limit)
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
        process = Process(arguments, self)
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
    """peerdist.exe in the background."""

    def __init__(self, arguments, sandbox):
        self.sandbox = sandbox
        descriptor, self.output = tempfile.mkstemp(dir=sandbox.path, prefix=".output-")
        self.popen = subprocess.Popen(
            [RUN_WINE, OUTPUT / "peerdist.exe", *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=descriptor, stderr=subprocess.STDOUT, env=sandbox.environment,
        )
        os.close(descriptor)

    def text(self):
        return clean(pathlib.Path(self.output).read_bytes())

    def wait_for(self, pattern, limit=LIMIT):
        """The first line that matches."""

        def look():
            ended = self.popen.poll() is not None
            match = re.search(pattern, self.text(), re.MULTILINE)
            check(match or not ended, f"ended without {pattern!r}: {self.text()}")
            return match

        return wait_until(look, repr(pattern), limit).group()

    def pids(self):
        """The program's own process: run-wine.sh becomes it, but for 32-bit programs, where Wine
        starts another one."""
        if WIDTH == "64":
            return [self.popen.pid]
        store = "PEERDIST_STORE=" + self.sandbox.environment["PEERDIST_STORE"]
        return [
            pid for pid in processes_with(store)
            if pid != self.popen.pid and "peerdist.exe" in read_file(pid, "cmdline")
        ]

    def wait_for_reading(self, path):
        """Until the process has read the beginning of a file and has it open still."""

        def look():
            check(self.popen.poll() is None, f"ended early: {self.text()}")
            for pid in self.pids():
                with contextlib.suppress(OSError):
                    for name in os.listdir(f"/proc/{pid}/fd"):
                        if os.readlink(f"/proc/{pid}/fd/{name}") == str(path):
                            return int(read_file(pid, f"fdinfo/{name}").split()[1]) > 0
            return False

        wait_until(look, f"{path} is being read")

    def memory(self):
        """Peak and present resident size in bytes."""
        pid = wait_until(self.pids, "the program's process")[0]
        text = read_file(pid, "status")
        sizes = [re.search(name + r":\s+(\d+) kB", text)[1] for name in ("VmHWM", "VmRSS")]
        return [int(size) << 10 for size in sizes]

    def interrupt(self):
        """Ctrl-C: Wine makes one of SIGINT."""
        for pid in self.pids():
            os.kill(int(pid), signal.SIGINT)

    def end(self, limit=LIMIT):
        """Waits for the end; the exit code and everything that was printed."""
        return self.popen.wait(limit), self.text()

    def kill(self):
        """kill -9, and away it is."""
        if self.popen.poll() is None:
            victims = self.pids()
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not victims:
                self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(LIMIT)


def read_file(pid, name):
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def processes_with(variable):
    """The processes that have this in their environment."""
    return [
        int(name) for name in os.listdir("/proc")
        if name.isdigit() and variable in read_file(name, "environ").split("\0")
    ]


def clean(output):
    """The text of an output without what Wine itself has to say when it is installed sparsely."""
    text = output.decode(errors="replace")
    return re.sub(r"(?s)Wine cannot find the FreeType.*?http://www\.freetype\.org\r?\n", "", text)


def run_wine(command, environment, input=None, limit=LIMIT):
    """To files, not pipes: background processes of Wine may keep the ends of a pipe open."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, \
            tempfile.TemporaryFile() as err:
        given.write(input or b"")
        given.seek(0)
        done = subprocess.run(
            list(map(str, [RUN_WINE, *command])), stdin=given, stdout=out, stderr=err,
            timeout=limit, env=environment,
        )
        for stream, name in ((out, "stdout"), (err, "stderr")):
            stream.seek(0)
            setattr(done, name, clean(stream.read()))
        return done


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


def some(cases):
    """All cases on x86_64, where the programs start fast; every fourth of them on x86."""
    cases = list(cases)
    return cases if WIDTH == "64" else cases[::4]


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
    probe = run_wine([OUTPUT / "peerdist.exe", "--version"], os.environ, limit=300)
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
        except Exception as error:
            failed += 1
            print(f"FAILED: {name}: {type(error).__name__}: {str(error)[:2000]!r}")
            traceback.print_exc(file=sys.stdout)
        finally:
            sandbox.close()
        sys.stdout.flush()
    print(f"RESULT passed={passed} failed={failed} skipped={skipped}")
    sys.exit(1 if failed else 0)
