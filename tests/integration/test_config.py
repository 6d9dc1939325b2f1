#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peerdist.exe config: what it shows, and what it does to the registry. Every test leaves the
registry of the prefix without settings."""
import contextlib
import json
import re
import sys

from harness import WIDTH, check, main, same

POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\PeerDist"
LOCAL = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\PeerDist"
PERCENT = r"\CacheMgr\Republication"


def settings(sandbox):
    return {row["name"]: row for row in
            json.loads(sandbox.good("config", "--json"))["settings"]}


def setting(sandbox, name):
    return json.loads(sandbox.good("config", name, "--json"))


def add(sandbox, key, name, number, kind="REG_DWORD"):
    sandbox.good("add", key, "/v", name, "/t", kind, "/d", str(number), "/f", "/reg:64",
                 program="reg.exe")


def query(sandbox, key, name, view="64"):
    """The number of a value, or None."""
    done = sandbox.run("query", key, "/v", name, "/reg:" + view, program="reg.exe")
    match = re.search(r"REG_DWORD\s+(0x[0-9a-f]+)", done.stdout)
    return int(match[1], 16) if match else None


@contextlib.contextmanager
def cleared(sandbox):
    """Afterwards nothing is set, neither here nor by policy."""
    try:
        yield
    finally:
        for row in settings(sandbox).values():
            for branch, place in (("policy", POLICY), ("local", LOCAL)):
                if row[branch]["value"] is not None or row[branch]["ignored"] is not None:
                    key = place + row["key"].replace(POLICY, "").replace(LOCAL, "")
                    sandbox.good("delete", key, "/v", row["value_name"], "/f", "/reg:64",
                                 program="reg.exe")


def usage(sandbox, *arguments):
    done = sandbox.run("config", *arguments)
    same(done.returncode, 2, f"exit code of {arguments}")
    same(done.stdout, "", f"standard output of {arguments}")
    return done.stderr


def test_defaults(sandbox):
    rows = settings(sandbox)
    for name, value in {
        "service.enabled": 1, "distributed.enabled": 0, "information.version-1-only": 0,
        "cache.percent": 5, "cache.bytes": None, "cache.age-days": 28,
        "retrieval.listen-port": 80, "retrieval.connect-port": 80, "upload.on-battery": 0,
        "discovery.backoff-min-ms": 1, "discovery.timeout-ms": 300, "discovery.quorum": 10,
        "upload.connections": 512, "upload.connections-per-address": 64, "upload.requests": 64,
        "upload.rate-kib": 0, "upload.rate-per-address-kib": 0,
    }.items():
        row = rows.pop(name)
        same((row["value"], row["origin"], row["default"]), (value, "default", value), name)
        check(row["key"].startswith(LOCAL + "\\"), row["key"])
    same(rows, {}, "other settings")
    lines = sandbox.good("config").splitlines()
    same(len(lines), 17, lines)
    check(re.match(r"cache\.percent +5 % +default +" + re.escape(LOCAL + PERCENT) +
                   r"\\SizePercent$", lines[2]), lines[2])
    check(re.match(r"cache\.bytes +not set +default ", lines[3]), lines[3])


def test_set_and_unset(sandbox):
    with cleared(sandbox):
        same(sandbox.good("config", "cache.percent", "20"), "cache.percent = 20 % (local)\n", "set")
        same(query(sandbox, LOCAL + PERCENT, "SizePercent"), 20, "in the registry")
        row = setting(sandbox, "cache.percent")
        same((row["value"], row["origin"], row["in_force"]), (20, "local", 1), "shown")
        sandbox.good("config", "cache.bytes", "5G")
        done = sandbox.good("query", LOCAL + PERCENT, "/v", "SizeBytes", "/reg:64",
                            program="reg.exe")
        check("REG_QWORD" in done, done)  # whose number Wine's reg does not print
        same(setting(sandbox, "cache.bytes")["value"], 5 << 30, "cache.bytes")
        check("without effect: cache.bytes counts" in sandbox.good("config", "cache.percent"),
              "the other one counts")
        same(setting(sandbox, "cache.percent")["in_force"], 0, "the other one counts")
        same(json.loads(sandbox.good("cache", "show", "--json"))["limit"], 5 << 30, "the limit")
        for name in ("cache.bytes", "cache.percent", "cache.percent"):
            check(sandbox.good("config", name, "--unset").endswith("(default)\n"), name)
        same(query(sandbox, LOCAL + PERCENT, "SizePercent"), None, "unset")


def test_switches(sandbox):
    versioning = LOCAL + r"\Service\Versioning"
    with cleared(sandbox):
        sandbox.good("config", "service.enabled", "off")
        same(query(sandbox, LOCAL + r"\Service", "Enable"), 0, "off")
        same(sandbox.status()["service"]["status"], "disabled", "status")
        sandbox.good("config", "service.enabled", "1")
        same(sandbox.status()["service"]["status"], "available", "status")
        sandbox.good("config", "information.version-1-only", "on")
        same(query(sandbox, versioning, "PreferredContentInformationVersion"), 1, "on")
        same(sandbox.status()["service"]["max_version"], 1, "versions")
        sandbox.good("config", "information.version-1-only", "off")
        same(query(sandbox, versioning, "PreferredContentInformationVersion"), 2, "off")
        same(sandbox.status()["service"]["max_version"], 2, "versions")


def test_policy_wins(sandbox):
    with cleared(sandbox):
        add(sandbox, POLICY + PERCENT, "SizePercent", 40)
        add(sandbox, POLICY + r"\DownloadManager\Upload", "MaxRequests", 3)
        told = sandbox.good("config", "cache.percent", "20")
        check(told.startswith("cache.percent = 40 % (policy)\n"), told)
        check("the local value 20 % is overridden by the policy" in told, told)
        row = setting(sandbox, "cache.percent")
        same((row["value"], row["origin"], row["local"]["value"]), (40, "policy", 20), "both")
        same(row["key"], POLICY + PERCENT, "its place")
        check(re.search(r"^cache\.percent +40 % +policy +HKLM\\SOFTWARE\\Policies\\",
                        sandbox.good("config"), re.M), "the table")
        same(setting(sandbox, "upload.requests")["value"], 64, "there is no such policy")
        add(sandbox, POLICY + PERCENT, "SizePercent", 81)
        check("the policy value 81 is ignored: 1 to 80 %" in sandbox.good("config"), "out of range")
        row = setting(sandbox, "cache.percent")
        same((row["value"], row["policy"]["ignored"]), (20, "81"), "ignored")
        add(sandbox, LOCAL + PERCENT, "SizePercent", "many", "REG_SZ")
        row = setting(sandbox, "cache.percent")
        same((row["value"], row["local"]["ignored"]), (5, "of another type"), "ignored")
        sandbox.good("delete", POLICY + r"\DownloadManager\Upload", "/v", "MaxRequests", "/f",
                     "/reg:64", program="reg.exe")


def test_bad_values(sandbox):
    for name, value, allowed in [
        ("cache.percent", "0", "1 to 80 %"), ("cache.percent", "81", "1 to 80 %"),
        ("cache.percent", "1K", "1 to 80 %"), ("cache.percent", "", "1 to 80 %"),
        ("cache.percent", "18446744073709551617", "1 to 80 %"),
        ("retrieval.listen-port", "65536", "1 to 65535"),
        ("cache.age-days", "4294967296", "1 to 4294967295 days"),
        ("cache.bytes", "on", "0 to 18446744073709551615 bytes"),
        ("service.enabled", "2", "on or off"), ("service.enabled", "yes", "on or off"),
    ]:
        told = usage(sandbox, name, value)
        check(f"{name} is {allowed}, not '{value}'" in told, told)
        same(setting(sandbox, name)["origin"], "default", name)
    check("'cache' is no setting" in usage(sandbox, "cache", "5"), "unknown")
    check("'x' is no setting" in usage(sandbox, "x", "--unset"), "unknown")


def test_64_bit_view(sandbox):
    """Programs of either width use the same keys; x86 has a view of its own under WOW64."""
    ports = r"\DownloadManager\Peers\Connection"
    with cleared(sandbox):
        sandbox.good("config", "retrieval.listen-port", "1337")
        same(query(sandbox, LOCAL + ports, "ListenPort"), 1337, "64-bit view")
        same(query(sandbox, LOCAL + ports, "ListenPort", view="32"), None, "32-bit view")
        add(sandbox, LOCAL + ports, "ConnectPort", 8009)
        same(setting(sandbox, "retrieval.connect-port")["value"], 8009, f"read by {WIDTH} bits")


if __name__ == "__main__":
    main(sys.modules[__name__])
