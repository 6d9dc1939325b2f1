#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line without publications: usage, show, key."""
import json
import re
import subprocess
import sys

from harness import HERE, OUTPUT, RUN_WINE, WIDTH, check, main, reference, same, some

VECTORS = HERE.parent / "vectors"


def read_vectors(name):
    """The vectors of a file, each a list of (name, value)."""
    vectors = []
    for line in (VECTORS / name).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        key, value = line.split(":", 1)
        if key in ("vector", "change"):
            vectors.append([])
        if vectors:
            vectors[-1].append((key, value.strip()))
    return vectors


def whole_blob(vector):
    """The blob of a vector, or None where the file has its beginning only."""
    blob = bytes.fromhex("".join(value for key, value in vector if key == "blob"))
    return blob if len(blob) == int(dict(vector)["size"]) else None


def all_blobs():
    for name in ("captures.txt", "content_info_v1.txt", "content_info_v2.txt"):
        for vector in read_vectors(name):
            blob = whole_blob(vector)
            if blob:
                yield vector, blob


def test_usage_errors(sandbox):
    blob = sandbox.file("x.ci")
    wrong = [
        [], ["frobnicate"], ["--frobnicate"],
        ["publish"], ["publish", "a", "--frobnicate"], ["publish", "a", "--id", ""],
        ["publish", "a", "--id"], ["publish", "a", "b", "--id", "x"],
        ["publish", "a", "b", "--out", "x"], ["publish", blob, "--out", str(blob).upper()],
        ["publish", "a", "--ci-version", "3"], ["publish", "a", "--ci-version", "11"],
        ["publish", "a", "--range", "5"], ["publish", "a", "--range", "5:0"],
        ["publish", "a", "--range", "-1:5"], ["publish", "a", "--range", ":"],
        ["publish", "a", "--range", "0:99999999999999999999"],
        ["publish", "a", "--buffer", "0"], ["publish", "a", "--buffer", "2G"],
        ["publish", "a", "--buffer", "x"], ["publish", "a", "--buffer", "17179869184G"],
        ["publish", "a", "--hold=yes"],
        ["show"], ["show", blob, blob], ["show", blob, "--xml"],
        ["key"], ["key", "frobnicate"], ["key", "set"], ["key", "set", ""],
        ["key", "set", "a", "b"], ["key", "generate", "a"], ["key", "export", "a"],
        ["key", "import", "a"], ["key", "import", blob, ""],
        ["status", "now"], ["status", "--xml"],
        ["config", "a"], ["config", "cache.percent", "1", "2"], ["config", "--unset"],
        ["config", "cache.percent", "1", "--unset"], ["config", "cache.percent", "1", "--json"],
    ]
    for arguments in some(wrong):
        done = sandbox.run(*arguments)
        same(done.returncode, 2, f"exit code of {arguments}")
        same(done.stdout, "", f"standard output of {arguments}")
        check(re.match(r"peerdist: .+\nTry 'peerdist .*--help'\.\n$", done.stderr),
              f"{arguments}: {done.stderr!r}")


def test_help_and_version(sandbox):
    for arguments in [["--help"], ["publish", "--help"], ["get", "--help"], ["cache", "--help"],
                      ["show", "--help"], ["key", "--help"],
                      ["status", "--help"], ["config", "--help"]]:
        text = sandbox.good(*arguments)
        check(text.startswith("usage: peerdist "), text)
        check(max(map(len, text.splitlines())) <= 80, f"{arguments}: lines too long")
        check("\r" not in text, "carriage returns")
    check(re.fullmatch(r"peerdist \d+\.\d+\.\d+\n", sandbox.good("--version")), "version")


def test_output_that_cannot_be_written(sandbox):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [RUN_WINE, OUTPUT / "peerdist.exe", "--version"], stdin=subprocess.DEVNULL,
            stdout=full, stderr=subprocess.DEVNULL, timeout=60,
        )
    same(done.returncode, 1, "exit code")


def test_show_vectors(sandbox):
    """Every vector, as JSON with secrets, field by field."""
    shown = 0
    for vector, blob in some(all_blobs()):
        fields = dict(vector)
        if fields.get("use") == "refuse":
            continue
        name = fields["vector"]
        path = sandbox.file("x.ci", blob)
        got = json.loads(sandbox.good("show", path, "--json", "--secrets"))
        start, end = map(int, re.findall(r"\d+", fields["range"]))
        same((got["range_offset"], got["range_length"]), (start, end - start), name + ": range")
        same(got["version"], int(re.search(r"\d", fields["scheme"]).group()), name + ": version")
        same(got["bytes"], len(blob), name + ": bytes")
        segment = None
        for key, value in vector:
            if key == "segment":
                index, offset, size = map(int, re.findall(r"\d+", value))
                segment = got["segments"][index]
                same((segment["offset"], segment["size"]), (offset, size), name + ": segment")
            elif segment and key in ("hod", "kp", "id"):
                same(segment[key], value, f"{name}: {key}")
            elif segment and key == "blocks":
                first, count = map(int, re.findall(r"\d+", value))
                same((segment["first_block"], len(segment["block_hashes"])), (first, count),
                     name + ": blocks")
            elif segment and key in ("first", "last"):
                same(segment["block_hashes"][0 if key == "first" else -1], value, name + ": block")
        shown += 1
    check(shown >= (10 if WIDTH == "64" else 2), f"only {shown} vectors")


def test_show_hides_secrets(sandbox):
    for vector, blob in list(all_blobs())[::5]:
        secrets = [value for key, value in vector if key == "kp"]
        if dict(vector).get("use") == "refuse" or not secrets:
            continue
        path = sandbox.file("x.ci", blob)
        plain = sandbox.good("show", path) + sandbox.good("show", path, "--json")
        open_text = sandbox.good("show", path, "--secrets")
        for secret in secrets:
            check(secret not in plain, dict(vector)["vector"] + ": secret shown")
            check(secret in open_text, dict(vector)["vector"] + ": secret not shown")


def test_show_refuses(sandbox):
    """Bad blobs: the version is 4050, all else 4051; nothing is printed to standard output."""
    blobs = {dict(vector)["vector"]: blob for vector, blob in all_blobs()}
    tried = 0
    for change in some(read_vectors("changes.txt")):
        fields = dict(change)
        if fields["status"] == "ok" or fields["base"] not in blobs:
            continue
        blob = bytearray(blobs[fields["base"]])
        for key, value in change:
            if key == "cut":
                del blob[int(value):]
            elif key == "append":
                blob += bytes.fromhex(value)
            elif key == "set":
                offset, data = value.split()
                data = bytes.fromhex(data)
                blob[int(offset): int(offset) + len(data)] = data
        path = sandbox.file("x.ci", bytes(blob))
        done = sandbox.run("show", path)
        number = {"version": 4050, "malformed": 4051}[fields["status"]]
        same(done.returncode, 1, fields["change"] + ": exit code")
        same(done.stdout, "", fields["change"] + ": standard output")
        check(f"({number})" in done.stderr, f"{fields['change']}: {done.stderr}")
        tried += 1
    check(tried >= (35 if WIDTH == "64" else 8), f"only {tried} changes")


def test_show_errors(sandbox):
    sandbox.bad(2, "show", sandbox.path / "missing.ci")
    sandbox.bad(3, "show", sandbox.path / "missing" / "x.ci")
    sandbox.bad(5, "show", sandbox.path)
    sandbox.bad(4051, "show", sandbox.file("empty.ci"))


KEY_FILE = (  # content-information vectors: the key of "server secret" under "mySecretPhrase"
    "656fe7176ef3ea774223c91aedfcf636bf5b432ccf37a76e0f7a2b4c170eba88"
    "799d4e16d16f2661352eff58d893fe924443a6ec64a2fdbfaa96e80abd3e9556"
)


def exported(sandbox, name, passphrase="mySecretPhrase"):
    path = sandbox.path / name
    sandbox.good("key", "export", path, passphrase)
    return reference.key_import(path.read_bytes(), passphrase)


def test_key_set_and_export(sandbox):
    text = sandbox.good("key", "set", "server secret")
    check(re.match(r"secret key set: 26 bytes, kept for this (machine|user)\n", text), text)
    path = sandbox.path / "key.bin"
    sandbox.good("key", "export", path, "mySecretPhrase")
    same(path.read_bytes().hex(), KEY_FILE, "exported file")
    sandbox.bad(80, "key", "export", path, "mySecretPhrase")
    same(path.read_bytes().hex(), KEY_FILE, "file that was not to be overwritten")
    check(sandbox.status()["secret_key"] in ("machine", "user"), "location in status")


def test_key_import(sandbox):
    path = sandbox.file("key.bin", bytes.fromhex(KEY_FILE))
    sandbox.good("key", "set", "another one")
    sandbox.bad(86, "key", "import", path, "wrong")
    same(exported(sandbox, "still"), "another one".encode("utf-16-le"), "key after a failure")
    sandbox.good("key", "import", path, "mySecretPhrase")
    same(exported(sandbox, "now"), "server secret".encode("utf-16-le"), "imported key")
    sandbox.bad(86, "key", "import", sandbox.file("short.bin", b"x" * 31), "mySecretPhrase")
    sandbox.bad(86, "key", "import", sandbox.file("empty.bin"), "mySecretPhrase")
    sandbox.bad(223, "key", "import", sandbox.file("large.bin", b"x" * 70000), "mySecretPhrase")
    sandbox.bad(2, "key", "import", sandbox.path / "missing", "mySecretPhrase")


def test_key_generate(sandbox):
    keys = set()
    for number in range(2):
        check("secret key generated: 32 bytes" in sandbox.good("key", "generate"), "generate")
        keys.add(exported(sandbox, f"key{number}"))
    same(len(keys), 2, "different keys")
    same({len(key) for key in keys}, {32}, "length of keys")


def test_key_passphrase_from_input(sandbox):
    sandbox.good("key", "set", "-", input="schlüssel 鍵\r\n".encode())
    same(exported(sandbox, "a"), "schlüssel 鍵".encode("utf-16-le"), "key with \\r\\n")
    sandbox.good("key", "set", "-", input=b"no line end")
    same(exported(sandbox, "b"), "no line end".encode("utf-16-le"), "key without line end")
    same(sandbox.run("key", "set", "-", input=b"\n").returncode, 2, "empty line")
    sandbox.good("key", "set", "server secret")


if __name__ == "__main__":
    main(sys.modules[__name__])
