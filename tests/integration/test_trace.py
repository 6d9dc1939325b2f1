#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trace of calls: on Wine's debug channel, in a file, and silence without either."""
import re
import sys

from harness import check, main, same, windows_path

CALLS = ["PeerDistStartup", "PeerDistClientOpenContent", "PeerDistClientAddContentInformation",
         "PeerDistClientCompleteContentInformation", "PeerDistClientStreamRead",
         "PeerDistClientAddData", "PeerDistClientCloseContent", "PeerDistShutdown"]


def prepare(sandbox):
    data = bytes(range(256)) * 600
    path = sandbox.file("content.bin", data)
    information = sandbox.path / "content.ci"
    sandbox.good("publish", path, "--out", information)
    return ["get", information, "--out", sandbox.path / "got.bin", "--origin", path]


def check_calls(text, form):
    for call in CALLS:
        check(re.search(form % (call, r"hPeerDist|dwVersionRequested"), text, re.MULTILINE),
              f"no call of {call}: {text[:2000]}")
        check(re.search(form % (call, r"returns \d+$"), text, re.MULTILINE), f"no result of {call}")
    check(re.search(form % ("completion", r"lpOverlapped .*, \d+ bytes at \d+"), text,
                    re.MULTILINE), "no completion")


def test_channel(sandbox):
    command = prepare(sandbox)
    done = sandbox.run(*command, environment={"WINEDEBUG": "-all,+peerdist"})
    same(done.returncode, 0, done.stderr)
    check_calls(done.stderr.replace("\r", ""), r"^[0-9a-f]+:trace:peerdist:%s .*%s")
    for silent in ("-all", "-all,warn+peerdist", "-all,+peerdist,trace-peerdist"):
        done = sandbox.run(*command, environment={"WINEDEBUG": silent})
        same(done.returncode, 0, done.stderr)
        check("peerdist:PeerDist" not in done.stderr, f"with WINEDEBUG={silent}: {done.stderr}")


def test_file(sandbox):
    command = prepare(sandbox)
    trace = sandbox.path / "trace.txt"
    done = sandbox.run(*command, environment={"PEERDIST_TRACE": windows_path(trace),
                                              "WINEDEBUG": "-all,+peerdist"})
    same(done.returncode, 0, done.stderr)
    check("peerdist:PeerDist" not in done.stderr, "the channel too: " + done.stderr)
    text = trace.read_text().replace("\r", "")
    check_calls(text, r"^\d+:\d+:\d+:%s .*%s")
    # Appended to, by the next process; never the bytes of a buffer: the secrets of the
    # content information, and the content.
    before = trace.read_bytes()
    sandbox.good("status", environment={"PEERDIST_TRACE": windows_path(trace)})
    after = trace.read_bytes()
    check(after.startswith(before) and b"PeerDistGetStatusEx" in after[len(before):], "appended")
    secret = (sandbox.path / "content.ci").read_bytes()[-32:]
    check(secret not in after and secret.hex() not in after.decode().lower(), "a secret")


def test_file_that_cannot_be(sandbox):
    done = sandbox.run("status", environment={"PEERDIST_TRACE": "Z:\\no\\such\\folder\\trace"})
    same(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main(sys.modules[__name__])
