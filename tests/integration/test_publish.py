#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peerdist.exe publish: the blobs against the Python reference, and what goes wrong."""
import os
import random
import re
import sys

from harness import check, main, pattern, reference, same, some

KEY = "server secret".encode("utf-16-le")
SIZES = [1, 65535, 65536, 65537, 32768, 131072, 131073, 200000, (1 << 20) + 3]


def random_bytes(length, seed=1):
    return random.Random(seed).randbytes(length)


def expected(data, version, wanted=None):
    if version == 1:
        return reference.content_info_v1(data, KEY, wanted=wanted)
    return reference.content_info_v2(data, KEY, wanted=wanted)


def publish(sandbox, path, version, *more):
    out = sandbox.path / "out.ci"
    text = sandbox.good("publish", path, "--out", out, "--ci-version", version, *more)
    return out.read_bytes(), text


def set_key(sandbox):
    sandbox.good("key", "set", "server secret")


def test_against_reference(sandbox):
    set_key(sandbox)
    for size in some(SIZES):
        data = pattern(size) if size < 300000 else random_bytes(size)
        path = sandbox.file("content.bin", data)
        for version in (1, 2):
            blob, text = publish(sandbox, path, version)
            same(blob, expected(data, version), f"{size} bytes, version {version}")
            check(re.search(rf": {size} bytes in [\d.]+ s.*, content information: {len(blob)} "
                            rf"bytes, version {version}\n$", text), text)


def test_two_segments(sandbox):
    """Content that crosses the border of version 1 segments."""
    set_key(sandbox)
    data = random_bytes((32 << 20) + (1 << 20) + 12345)
    path = sandbox.file("large.bin", data)
    same(publish(sandbox, path, 1)[0], expected(data, 1), "version 1")
    # Borders that Python finds in so much data take too long: those of the blob are rehashed.
    blob = publish(sandbox, path, 2)[0]
    sizes = [int.from_bytes(blob[at: at + 4], "big") for at in range(36, len(blob), 68)]
    same(sum(sizes), len(data), "sum of the segments")
    check(min(sizes[:-1]) >= 32768 and max(sizes) <= 131072, "sizes of segments")
    same(blob, reference.content_info_v2(data, KEY, sizes=sizes), "version 2")


def test_highest_version_by_default(sandbox):
    set_key(sandbox)
    data = pattern(100000)
    path = sandbox.file("content.bin", data)
    out = sandbox.path / "out.ci"
    check("version 2" in sandbox.good("publish", path, "--out", out), "version")
    same(out.read_bytes(), expected(data, 2), "blob")


def test_buffer_sizes(sandbox):
    set_key(sandbox)
    cases = [(3000, ["1", "7"]), (200000, ["4097", "65537", "64K"]),
             ((1 << 20) + 17, ["524289", "1M", "1048593", "64M"])]
    for size, buffers in some(cases):
        data = random_bytes(size, seed=size)
        path = sandbox.file("content.bin", data)
        for buffer in buffers:
            for version in (1, 2):
                blob = publish(sandbox, path, version, "--buffer", buffer)[0]
                same(blob, expected(data, version), f"{size} bytes in {buffer}, version {version}")


def test_ranges(sandbox):
    set_key(sandbox)
    data = random_bytes(500000)
    path = sandbox.file("content.bin", data)
    for offset, length in some([(0, 1), (0, 500000), (499999, 1), (65536, 65536),
                                (100000, 28000), (60000, 300001)]):
        for version in (1, 2):
            blob = publish(sandbox, path, version, "--range", f"{offset}:{length}")[0]
            same(blob, expected(data, version, (offset, length)),
                 f"range {offset}:{length}, version {version}")
    same(publish(sandbox, path, 1, "--range", "64K:64K")[0], expected(data, 1, (65536, 65536)),
         "range with suffixes")
    same(publish(sandbox, path, 2, "--range", "0:0")[0], expected(data, 2), "0:0 is the whole")


def test_range_beyond_content(sandbox):
    path = sandbox.file("content.bin", pattern(1000))
    out = sandbox.file("out.ci", b"what was there")
    for wanted in ("0:1001", "1000:1", "18446744073709551615:2"):
        sandbox.bad(4061, "publish", path, "--range", wanted, "--out", out)
    same(out.read_bytes(), b"what was there", "--out after failures")
    same(sorted(entry.name for entry in sandbox.path.iterdir()),
         ["content.bin", "out.ci", "store"], "files left behind")


def test_length_unknown(sandbox):
    set_key(sandbox)
    data = random_bytes(150000)
    path = sandbox.file("content.bin", data)
    for version in (1, 2):
        same(publish(sandbox, path, version, "--length-unknown")[0], expected(data, version),
             f"version {version}")


def test_empty_file(sandbox):
    path = sandbox.file("empty.bin")
    for more in ([], ["--length-unknown"]):
        blob, text = publish(sandbox, path, 1, *more)
        same(blob, b"", "content information of nothing")
        check("content information: 0 bytes\n" in text, text)


def test_unicode_names(sandbox):
    set_key(sandbox)
    data = pattern(70000)
    name = "Größe 文件 \N{PARTY POPPER}.bin"
    path = sandbox.file(name, data)
    out = sandbox.path / "Ausgabe 出力.ci"
    text = sandbox.good("publish", path, "--id", "識別子", "--ci-version", 1, "--out", out)
    check(name in text, text)
    same(out.read_bytes(), expected(data, 1), "blob")
    check(sandbox.good("show", out).startswith("content information version 1"), "show")
    check("Größe 文件" in sandbox.bad(2, "publish", sandbox.path / "Größe 文件"), "error message")


def test_long_path(sandbox):
    set_key(sandbox)
    folder = "/".join("a folder with a rather long name, number %02d" % i for i in range(8))
    check(len(folder) > 300, "the test's own path")
    path = sandbox.file(folder + "/content.bin", pattern(1000))
    out = path.with_name("out.ci")
    sandbox.good("publish", path, "--out", out, "--ci-version", 2)
    same(out.read_bytes(), expected(pattern(1000), 2), "blob")


def test_relative_path(sandbox):
    """The default identifier is the full path, whatever way the file was named."""
    path = sandbox.file("content.bin", pattern(10))
    holder = sandbox.hold(path)
    sandbox.bad(4058, "publish", str(sandbox.path) + "/store/../content.bin")
    holder.kill()


def test_several_files(sandbox):
    paths = [sandbox.file(f"file {i}.bin", pattern(1000 * i)) for i in range(5)]
    text = sandbox.good("publish", *paths)
    same(len(text.splitlines()), 5, "lines")
    missing = sandbox.path / "missing.bin"
    done = sandbox.run("publish", paths[0], missing, paths[1])
    same(done.returncode, 1, "exit code with a missing file")
    check("ERROR_FILE_NOT_FOUND (2)" in done.stderr and "missing.bin" in done.stderr, done.stderr)
    same(len(done.stdout.splitlines()), 1, "files published before the failure")
    sandbox.bad(4058, "publish", paths[1], paths[1])


def test_unreadable_input(sandbox):
    sandbox.bad(5, "publish", sandbox.path)
    sandbox.bad(3, "publish", sandbox.path / "no" / "such")
    path = sandbox.file("content.bin", pattern(10))
    sandbox.bad(3, "publish", path, "--out", sandbox.path / "no" / "out.ci")


def test_output_gathered_in_the_input(sandbox):
    """The result is gathered in OUT.part: not when that is the file that is being published."""
    path = sandbox.file("film.part", b"a film")
    done = sandbox.run("publish", path, "--out", sandbox.path / "film")
    same(done.returncode, 2, done.stderr)
    same(path.read_bytes(), b"a film", "the input")


def test_file_becomes_shorter(sandbox):
    path = sandbox.sparse("content.bin", 256 << 20)
    process = sandbox.start("publish", path, "--buffer", "4K")
    process.wait_for_reading(path)
    os.truncate(path, 1)
    code, text = process.end()
    same(code, 1, "exit code: " + text)
    check("PEERDIST_ERROR_MISSING_DATA (4052)" in text and "--length-unknown" in text, text)


def test_file_becomes_longer(sandbox):
    path = sandbox.sparse("content.bin", 128 << 20)
    process = sandbox.start("publish", path, "--buffer", "4K")
    process.wait_for_reading(path)
    os.truncate(path, (128 << 20) + 5)
    code, text = process.end()
    same(code, 1, "exit code: " + text)
    check("PEERDIST_ERROR_OUT_OF_BOUNDS (4061)" in text and "--length-unknown" in text, text)


def test_policy(sandbox):
    """Switched off: a clear error, and a status that says so."""
    key = r"HKLM\SOFTWARE\Policies\Microsoft\PeerDist\Service"
    path = sandbox.file("content.bin", pattern(10))
    sandbox.good("add", key, "/v", "Enable", "/t", "REG_DWORD", "/d", "0", "/f", program="reg")
    try:
        same(sandbox.status()["service"]["status"], "disabled", "status")
        sandbox.bad(1260, "publish", path)
    finally:
        sandbox.good("delete", key, "/v", "Enable", "/f", program="reg")
    same(sandbox.status()["service"]["status"], "available", "status afterwards")
    sandbox.good("publish", path)


if __name__ == "__main__":
    main(sys.modules[__name__])
