# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small network for the tests: machines are network namespaces, subnets are bridges in one more.
Everything is named by this process and is taken down with it; nothing else is touched."""
import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("PD_BUILD_DIR", ROOT / "build" / "native"))
NODE = BUILD / "tests" / "peers" / "peer_node"
TOOL = BUILD / "tests" / "unit" / "core" / "core_content_info_tool"
PORT = 18080
LIMIT = 60  # seconds that any one command may take
# Of version 1, with a MESSAGE and an IDENTITY to be put in.
PROBE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:PeerDist="http://schemas.microsoft.com/p2p/2007/09/PeerDistributionDiscovery"><soap:Header>'
    "<wsa:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</wsa:To>"
    "<wsa:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</wsa:Action>"
    "<wsa:MessageID>urn:uuid:MESSAGE</wsa:MessageID></soap:Header><soap:Body><wsd:Probe>"
    "<wsd:Types>PeerDist:PeerDistData</wsd:Types>"
    '<wsd:Scopes MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0">IDENTITY</wsd:Scopes>'
    "</wsd:Probe></soap:Body></soap:Envelope>")


class Skip(Exception):
    pass


def ip(*arguments, check=True):
    return subprocess.run(["ip", *arguments], check=check, capture_output=True, text=True,
                          timeout=LIMIT)


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("timed out waiting until " + what)
        time.sleep(0.01)


class Machine:
    """One namespace, with a store of its own."""

    def __init__(self, lab, name):
        self.lab = lab
        self.name = name
        self.namespace = f"{lab.prefix}-{name}"
        self.store = lab.folder / f"store-{name}"
        self.processes = []
        ip("netns", "add", self.namespace)
        # Addresses are usable at once: nobody else has them.
        for key in ("all", "default"):
            self.run("sysctl", "-qw", f"net.ipv6.conf.{key}.accept_dad=0")
        ip("-n", self.namespace, "link", "set", "lo", "up")

    def command(self, *arguments):
        return ["ip", "netns", "exec", self.namespace, *map(str, arguments)]

    def environment(self):
        return dict(os.environ, PEERDIST_STORE=str(self.store))

    def run(self, *arguments):
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True,
                              timeout=LIMIT, env=self.environment())

    def start(self, *arguments, **options):
        process = subprocess.Popen(self.command(*arguments), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=self.environment(),
                                   start_new_session=True, **options)
        self.processes.append(process)
        return process

    def serve(self, *options):
        """The service, serving."""
        log = open(self.lab.folder / f"{self.name}.log", "a+")
        before = self.log().count("serving on")
        process = self.start(NODE, "serve", PORT, *options, stderr=log)
        assert process.stdout.readline() == "ready\n"
        wait_until(lambda: self.log().count("serving on") > before, f"{self.name} serves")
        return process

    def log(self):
        return (self.lab.folder / f"{self.name}.log").read_text()

    def add(self, content):
        self.run(NODE, "add", content.information, content.path)

    def fetch(self, content, *options, seconds=LIMIT):
        return self.begin_fetch(content, *options).result(seconds)

    def begin_fetch(self, content, *options):
        output = self.lab.folder / f"out-{self.name}"
        errors = open(self.lab.folder / f"{self.name}.log", "a+")
        process = self.start(NODE, "fetch", content.information, output, *options, stderr=errors)
        return Fetch(self, process, output, content)

    def stop(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        ip("netns", "del", self.namespace, check=False)


class Fetch:
    def __init__(self, machine, process, output, content):
        self.machine = machine
        self.process = process
        self.output = output
        self.content = content

    def result(self, seconds=LIMIT):
        """What the program said of it: a dictionary of numbers. The bytes that were read are right."""
        try:
            out, _ = self.process.communicate("", timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError("a fetch did not end in time") from None
        if self.process.returncode != 0:
            raise AssertionError(f"fetch failed: {self.machine.log()}")
        words = out.split()
        self.check()
        return {name: float(value) for name, value in zip(words[::2], words[1::2])}

    def check(self):
        """Bytes that are there are the content's: what is missing is a hole."""
        got, wanted = self.output.read_bytes(), self.content.data
        for offset in range(0, len(got), 65536):
            part = got[offset:offset + 65536]
            assert part == wanted[offset:offset + 65536] or not any(part), f"wrong at {offset}"


class Content:
    def __init__(self, folder, name, size, version, seed=1):
        self.data = random.Random(seed).randbytes(size)
        self.size = size
        self.path = folder / name
        self.information = folder / (name + ".ci")
        self.path.write_bytes(self.data)
        script = folder / "script"
        algorithm = 512 if version == 2 else 256
        script.write_text(f"info {version} {algorithm} 6b6579 0 0 {self.path} {self.information}\n")
        subprocess.run([TOOL, script], check=True, timeout=LIMIT)


class Lab:
    def __init__(self):
        if os.geteuid() != 0 or ip("netns", "list", check=False).returncode != 0:
            raise Skip("network namespaces take root")
        self.prefix = f"pd{os.getpid()}"
        self.temporary = tempfile.TemporaryDirectory(prefix="peerdist-lab-")
        self.folder = pathlib.Path(self.temporary.name)
        self.machines = []
        try:
            self.switch = Machine(self, "sw")
        except subprocess.CalledProcessError as error:
            raise Skip("no network namespace can be made here: " + error.stderr.strip()) from None
        self.bridges = 0
        self.links = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for machine in [*self.machines, self.switch]:
            machine.stop()
        self.temporary.cleanup()

    def machine(self, name):
        machine = Machine(self, name)
        self.machines.append(machine)
        return machine

    def network(self):
        """A subnet; gives its bridge."""
        bridge = f"br{self.bridges}"
        self.bridges += 1
        ip("-n", self.switch.namespace, "link", "add", bridge, "type", "bridge", "mcast_snooping", "0")
        ip("-n", self.switch.namespace, "link", "set", bridge, "up")
        return bridge

    def connect(self, machine, bridge, address=None):
        """A cable; gives the name of its end at the machine. No address: IPv6's own only."""
        self.links += 1
        far, near = f"s{self.links}", f"eth{self.links}"
        ip("-n", self.switch.namespace, "link", "add", far, "type", "veth", "peer", "name", near,
           "netns", machine.namespace)
        ip("-n", self.switch.namespace, "link", "set", far, "master", bridge, "up")
        ip("-n", machine.namespace, "link", "set", near, "up")
        if address is not None:
            ip("-n", machine.namespace, "addr", "add", address, "dev", near)
        wait_until(lambda: "tentative" not in ip("-n", machine.namespace, "addr").stdout
                   and "fe80" in ip("-n", machine.namespace, "addr").stdout, "addresses are there")
        return near

    def plug(self, machine, device, plugged):
        ip("-n", machine.namespace, "link", "set", device, "up" if plugged else "down")

    def content(self, size, version, seed=1):
        return Content(self.folder, f"content-{seed}-{version}", size, version, seed)


def run(tests):
    """Runs the tests, or those that are named, and reports as run-test.sh reads it."""
    wanted = sys.argv[1:]
    passed = failed = skipped = 0
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        begin = time.monotonic()
        try:
            test()
            passed += 1
            print(f"ok   {test.__name__} ({time.monotonic() - begin:.1f} s)")
        except Skip as why:
            skipped += 1
            print(f"SKIP: {test.__name__}: {why}")
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print(f"FAIL {test.__name__}: {type(error).__name__}: {error}")
            if isinstance(error, subprocess.CalledProcessError):
                print(error.stderr)
        sys.stdout.flush()
    print(f"RESULT passed={passed} failed={failed} skipped={skipped}")
    sys.exit(1 if failed else 0)
