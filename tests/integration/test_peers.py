#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two machines, as far as one prefix can be two: the service serves one store, the command line reads into
another. What the commands tell of it, and the service as the service control manager runs it."""
import contextlib
import json
import random
import socket
import subprocess
import sys

from harness import OUTPUT, RUN_WINE, WIDTH, check, main, same, wait_until, windows_path

PORT = 18090 if WIDTH == "64" else 18091
SIZE = 5 << 20


@contextlib.contextmanager
def distributed(sandbox, port=PORT):
    """The settings of the prefix, for as long."""
    sandbox.good("config", "distributed.enabled", "on")
    sandbox.good("config", "retrieval.listen-port", str(port))
    try:
        yield
    finally:
        sandbox.good("config", "distributed.enabled", "--unset")
        sandbox.good("config", "retrieval.listen-port", "--unset")


def listens():
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT), 1):
        return True
    return False


@contextlib.contextmanager
def service(sandbox):
    """peerdistsvc.exe --console; ends with its standard input."""
    log = open(sandbox.path / "service.log", "w+", encoding="utf-8")
    process = subprocess.Popen([RUN_WINE, OUTPUT / "peerdistsvc.exe", "--console"],
                               stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
                               env=sandbox.environment)
    try:
        wait_until(listens, "the service listens")
        yield log
    finally:
        process.stdin.close()
        same(process.wait(30), 0, "exit code of the service")
        wait_until(lambda: not listens(), "the port is free")


def publish(sandbox, version, seed):
    data = random.Random(seed).randbytes(SIZE + seed)
    path = sandbox.file(f"content{version}", data)
    information = sandbox.path / f"content{version}.ci"
    sandbox.good("publish", windows_path(path), "--out", windows_path(information), "--ci-version",
                 str(version))
    return data, windows_path(path), windows_path(information)


def explain(sandbox, information, code):
    done = sandbox.run("explain", information, "--json")
    same(done.returncode, code, "exit code of explain: " + done.stdout + done.stderr)
    told = json.loads(done.stdout)
    return told, {finding["subject"]: finding for finding in told["findings"]}


def test_fetch(sandbox):
    contents = [publish(sandbox, version, version) for version in (1, 2)]
    for _, path, information in contents:
        sandbox.good("get", information, "--out", windows_path(sandbox.path / "first"), "--origin", path)
    with distributed(sandbox), service(sandbox):
        sandbox.set_store(sandbox.path / "other")
        for data, _, information in contents:
            told, found = explain(sandbox, information, 0)
            check(told["good_peers"] >= 1, told)
            same(found["service"]["mark"], "ok", "service")
            check("0 of" in found["cache"]["text"], found["cache"])
            holders = json.loads(sandbox.good("probe", information, "--json"))["holders"]
            check(holders and all(holder["segments"] >= 1 for holder in holders), holders)
            out = sandbox.path / "copy"
            got = json.loads(sandbox.good("get", information, "--out", windows_path(out), "--json"))
            same(got["from_peers"], len(data), "bytes from peers")
            same(got["from_cache"], 0, "bytes from the cache")
            check(out.read_bytes() == data, "another content came")
            got = json.loads(sandbox.good("get", information, "--out", windows_path(out), "--json"))
            same((got["from_peers"], got["from_cache"]), (0, len(data)), "the second time")
            same(explain(sandbox, information, 0)[0]["conclusion"][:10], "All of it ", "conclusion")
        total = sum(len(data) for data, _, _ in contents)
        status = sandbox.status()["peers"]
        same(status["service"], "running", "status")
        same(status["bytes_from_peers"], total, "bytes from peers in status")
        peers = json.loads(sandbox.good("peers", "--json"))
        same(sum(peer["bytes"] for peer in peers["fetched_from"]), total, "bytes by peer")
        same(sum(peer["failures"] for peer in peers["fetched_from"]), 0, "failures")
        sandbox.good("peers", "--reset")
        same(json.loads(sandbox.good("peers", "--json"))["fetched_from"], [], "after a reset")
    sandbox.set_store(sandbox.path / "store")
    peers = json.loads(sandbox.good("peers", "--json"))
    check(sum(peer["bytes"] for peer in peers["served_to"]) >= total, peers)
    check(peers["asked_by"], peers)


def test_explain_problems(sandbox):
    _, _, information = publish(sandbox, 1, 3)
    told, found = explain(sandbox, information, 1)
    same(found["settings"]["mark"], "problem", "distributed mode is off")
    check("distributed mode is off" in found["settings"]["text"], found)
    with distributed(sandbox):
        told, found = explain(sandbox, information, 1)
        same(found["settings"]["mark"], "ok", "settings")
        check("not running here" in found["service"]["text"], found["service"])
        check("nobody answered" in found["discovery"]["text"], found)
        check("origin" in told["conclusion"], told)
        with socket.create_server(("127.0.0.1", PORT)) as other:
            other.listen()
            _, found = explain(sandbox, information, 1)
            check("another program" in found["service"]["text"], found["service"])
    done = sandbox.run("explain", "00" * 32)
    same(done.returncode, 2, "explain of an ID")
    same(sandbox.run("probe", "00" * 32).returncode, 1, "probe of what nobody has")
    same(sandbox.run("probe", "nothing.ci").returncode, 2, "probe of nothing")


def test_off_is_silent(sandbox):
    """Neither asked nor answered: the service has no port, and a read asks nobody."""
    _, path, information = publish(sandbox, 2, 4)
    sandbox.good("config", "retrieval.listen-port", str(PORT))
    try:
        process = subprocess.Popen([RUN_WINE, OUTPUT / "peerdistsvc.exe", "--console"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env=sandbox.environment)
        line = process.stdout.readline()
        check("distributed mode is off" in line, line)
        check(not listens(), "it listens")
        sandbox.good("config", "distributed.enabled", "on")
        wait_until(listens, "it serves when it is switched on")
        sandbox.good("config", "distributed.enabled", "off")
        wait_until(lambda: not listens(), "it stops when it is switched off")
        process.stdin.close()
        same(process.wait(30), 0, "exit code")
        process.stdout.close()
    finally:
        sandbox.good("config", "distributed.enabled", "--unset")
        sandbox.good("config", "retrieval.listen-port", "--unset")
    sandbox.good("get", information, "--out", windows_path(sandbox.path / "o"), "--origin", path)


def test_service(sandbox):
    """Installed, started and stopped through the service control manager."""
    with distributed(sandbox):
        sandbox.good("--install", program="peerdistsvc.exe")
        try:
            done = sandbox.run("--install", program="peerdistsvc.exe")
            same(done.returncode, 1, "installed twice")
            check("PeerDistSvc already" in done.stderr, done.stderr)
            sandbox.good("start", "PeerDistSvc", program="net.exe")
            wait_until(listens, "the service listens")
            same(sandbox.status()["peers"]["service"], "running", "status")
            sandbox.good("stop", "PeerDistSvc", program="net.exe")
            wait_until(lambda: not listens(), "the service has stopped")
        finally:
            sandbox.good("--uninstall", program="peerdistsvc.exe")
        same(sandbox.run("--uninstall", program="peerdistsvc.exe").returncode, 1, "twice")


if __name__ == "__main__":
    main(sys.modules[__name__])
