#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""All benchmarks in one run, each figure beside its reference measured in the same rounds.

run_bench.py NATIVE-TREE PE-TREE PE-32-TREE OUTPUT-FOLDER JSON-FILE
Expects the environment of tests/support/wine-env.sh (run-bench.sh sets it).
"""
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import bench_peers

HERE = os.path.dirname(os.path.abspath(__file__))
RUN_WINE = os.path.join(HERE, "..", "support", "run-wine.sh")
FILE_SIZE = 1 << 30
ROUNDS = int(os.environ.get("PD_BENCH_ROUNDS", "5"))
VERSIONING = r"HKLM\SOFTWARE\Policies\Microsoft\PeerDist\Service\Versioning"

# (buffer bytes, streams, how the program waits)
PUBLISH = [(4096, 1, "result"), (65536, 1, "result"), (65536, 1, "port"), (1 << 20, 1, "result"),
           (1 << 20, 1, "port"), (8 << 20, 1, "result"), (65536, 4, "result"),
           (1 << 20, 4, "result")]
# (version, buffer, streams, wait): at least this multiple of `openssl dgst -sha256`
BARS = {(2, 1 << 20, 1, "result"): 1.6, (2, 65536, 1, "result"): 1.2,
        (1, 1 << 20, 1, "result"): 3.5}

# figure -> version -> at least
CACHE_FIGURES = {"read": {}, "read / plain file": {1: 0.4, 2: 0.3},
                 "read / openssl dgst": {1: 1.5, 2: 1.5}, "add": {1: 0.3, 2: 0.3}}


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def shown(figure, digits=2):
    return "%.*f (%.*f..%.*f)" % (digits, figure["median"], digits, figure["min"], digits,
                                  figure["max"])


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def measure(command):
    """The JSON line of a program that measures itself."""
    return json.loads(run(command).strip().splitlines()[-1])


def gigabytes_per_second(measured):
    return measured["bytes"] / measured["seconds"] / 1e9


def wine(*command):
    return [RUN_WINE] + list(command)


def set_version(only_first):
    if only_first:
        run(wine("reg.exe", "add", VERSIONING, "/v", "PreferredContentInformationVersion", "/t",
                 "REG_DWORD", "/d", "1", "/f"))
    else:
        subprocess.run(wine("reg.exe", "delete", VERSIONING, "/f"), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)


def openssl_dgst(path):
    seconds = float(run(["bash", "-c", "TIMEFORMAT=%R; time openssl dgst -sha256 \"$0\" >/dev/null",
                         path], stderr=subprocess.STDOUT))
    return FILE_SIZE / seconds / 1e9


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    first_line = lambda command: run(command).splitlines()[0]
    return {"cpu": model, "processors": len(os.sched_getaffinity(0)),
            "kernel": platform.release(),
            "native compiler": first_line(["gcc", "--version"]),
            "PE compiler": first_line(["x86_64-w64-mingw32-gcc", "--version"]),
            "openssl": first_line(["openssl", "version"]),
            "wine": run([os.environ["PD_WINE"], "--version"]).strip()}


# AVX2 against what OpenSSL can do on the same CPU without its SHA extensions (CPUID 7.EBX bit 29).
NO_SHANI = {"PEERDIST_CPU_DISABLE": "shani", "OPENSSL_ia32cap": ":~0x20000000"}


def kernels(native, pe, pe_32, folder):
    programs = [("native", [native + "/tests/bench/bench_kernels"], {}),
                ("native without SHA-NI", [native + "/tests/bench/bench_kernels"], NO_SHANI),
                ("PE 64-bit under Wine", wine(pe + "/tests/bench/bench_kernels.exe"), {})]
    if os.path.exists(pe_32 + "/tests/bench/bench_kernels.exe"):
        programs += [(name, wine(pe_32 + "/tests/bench/bench_kernels.exe"), environment)
                     for name, environment in (("PE 32-bit under Wine", {}),
                                               ("PE 32-bit without SHA-NI", NO_SHANI))]
    results = {}
    for name, program, environment in programs:
        path = os.path.join(folder, "kernels-%s.json" % name.lower().replace(" ", "-"))
        print("== kernels, %s" % name, flush=True)
        argument = path if program[0] != RUN_WINE else "Z:" + path.replace("/", "\\")
        print(run(program + ["--json", argument], env=dict(os.environ, **environment)))
        with open(path, encoding="utf-8") as file:
            results[name] = json.load(file)
    return results


def segmenter(native, pe):
    commands = {"native": [native + "/tests/bench/bench_segmenter"],
                "PE under Wine": wine(pe + "/tests/bench/bench_segmenter.exe")}
    speeds = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            speeds[name].append(gigabytes_per_second(measure(command)))
    print("== borders of version 2.0, random content, one core, GB/s of content (bar 6)")
    for name, values in speeds.items():
        print("  %-14s %s" % (name, shown(spread(values))))
    print(flush=True)
    return {name: spread(values) for name, values in speeds.items()}


def make_content(folder):
    path = os.path.join(folder, "content.bin")
    with open(path, "wb") as file:
        for _ in range(FILE_SIZE >> 20):
            file.write(os.urandom(1 << 20))
    return path


def cache(pe, path):
    """Reading cached content beside the plain file, and adding."""
    program = pe + "/tests/bench/bench_cache.exe"
    figures = {}
    for _ in range(ROUNDS):
        for version in (1, 2):
            dgst = openssl_dgst(path)
            measured = measure(wine(program, "Z:" + path.replace("/", "\\"), str(version),
                                    str(1 << 20), "65536"))
            rows = figures.setdefault(version, {name: [] for name in CACHE_FIGURES})
            rows["read"].append(measured["bytes"] / measured["read"] / 1e9)
            rows["add"].append(measured["bytes"] / measured["add"] / 1e9)
            rows["read / plain file"].append(measured["plain"] / measured["read"])
            rows["read / openssl dgst"].append(rows["read"][-1] / dgst)
    print("\n== the data cache under Wine: StreamRead of 1 GiB with 1 MiB buffers, verified, and "
          "AddData in 64 KiB pieces; GB/s and ratios, median of %d (least..greatest)" % ROUNDS)
    results = []
    for version, rows in figures.items():
        for name, values in rows.items():
            bar = CACHE_FIGURES[name].get(version)
            results.append({"version": version, "figure": name, "value": spread(values),
                            "bar": bar})
            print("  v%d %-22s %-22s %s" % (version, name, shown(spread(values)), bar or ""))
    return results


# figure -> (unit, factor, at most)
STORE_FIGURES = {"open": ("ms", 1e3, 100), "open after a crash": ("ms", 1e3, 500),
                 "memory to open": ("MiB", 1 / (1 << 20), 32), "look-up": ("us", 1e6, 10)}


def cache_store(native, pe, folder):
    """The index with a million segments."""
    segments = "1000000"
    results = []
    print("\n== a cache index of %s segments, median of %d (least..greatest)" % (segments, ROUNDS))
    for system, program in (("native", [native + "/tests/bench/bench_cache_store"]),
                            ("PE under Wine", wine(pe + "/tests/bench/bench_cache_store.exe"))):
        with tempfile.TemporaryDirectory(dir=folder) as store:
            path = store if system == "native" else "Z:" + store.replace("/", "\\")
            environment = dict(os.environ, PEERDIST_STORE=path)
            call = lambda *words: run(program + list(words), env=environment)
            call("fill", segments)
            rows = {name: [] for name in STORE_FIGURES}
            for number in range(ROUNDS):
                measured = json.loads(call("open", segments).strip().splitlines()[-1])
                rows["open"].append(measured["open"])
                rows["memory to open"].append(measured["memory"])
                rows["look-up"].append(measured["look-up"])
                call("crash", str(1000000000 + 20000 * number), "20000")
                measured = json.loads(call("open", segments).strip().splitlines()[-1])
                rows["open after a crash"].append(measured["open"])
        for name, values in rows.items():
            unit, factor, bar = STORE_FIGURES[name]
            figure = spread([value * factor for value in values])
            results.append({"system": system, "figure": name, "unit": unit, "value": figure,
                            "at most": bar})
            print("  %-14s %-19s %-26s %s, at most %s" % (system, name, shown(figure), unit, bar))
    return results


def publish(pe, path):
    program = pe + "/tests/bench/bench_publish.exe"
    speeds, ratios, reference = {}, {}, []
    try:
        for _ in range(ROUNDS):
            for version in (2, 1):
                set_version(version == 1)
                for buffer, streams, wait in PUBLISH:
                    key = (version, buffer, streams, wait)
                    before = openssl_dgst(path)
                    measured = measure(wine(program, "Z:" + path.replace("/", "\\"), str(buffer),
                                            str(streams), wait))
                    if measured["version"] != version:
                        raise SystemExit("the versioning setting was not noticed")
                    speeds.setdefault(key, []).append(gigabytes_per_second(measured))
                    ratios.setdefault(key, []).append(speeds[key][-1] / before)
                    reference.append(before)
    finally:
        set_version(False)
    print("== publishing 1 GiB of random content from the page cache through peerdist.dll under "
          "Wine, GB/s, median of %d (least..greatest)" % ROUNDS)
    print("  reference: openssl dgst -sha256 of the same file, right before each: %s"
          % shown(spread(reference)))
    print("  %-8s %8s %8s %-7s %-22s %-20s %s" % ("version", "buffer", "streams", "wait", "GB/s",
                                                  "times openssl dgst", "bar"))
    rows = []
    for key, values in speeds.items():
        version, buffer, streams, wait = key
        row = {"versions": "v1+v2" if version == 2 else "v1", "buffer": buffer, "streams": streams,
               "wait": wait, "speed": spread(values), "ratio": spread(ratios[key]),
               "bar": BARS.get(key)}
        rows.append(row)
        print("  %-8s %5d KiB %7d %-7s %-22s %-20s %s"
              % (row["versions"], buffer >> 10, streams, wait, shown(row["speed"]),
                 shown(row["ratio"]), row["bar"] or ""))
    return {"openssl dgst": spread(reference), "publish": rows}


def main():
    native, pe, pe_32, folder, output = sys.argv[1:6]
    os.makedirs(folder, exist_ok=True)
    results = {"machine": machine()}
    for name, value in results["machine"].items():
        print("%-16s %s" % (name, value))
    print(flush=True)
    results["kernels"] = kernels(native, pe, pe_32, folder)
    results["segmenter"] = segmenter(native, pe)
    path = make_content(folder)
    try:
        results["publish"] = publish(pe, path)
        results["cache"] = cache(pe, path)
        results["peers"] = bench_peers.peers(pe, path, ROUNDS)
    finally:
        os.unlink(path)
    results["cache index"] = cache_store(native, pe, folder)
    with open(output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    print("\nthe same as JSON: %s" % output)


if __name__ == "__main__":
    main()
