# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fetching from a peer, beside curl and nginx; what a service gives; how long the first byte takes."""
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
import lab  # noqa: E402

RUN_WINE = str(HERE.parent / "support" / "run-wine.sh")
PORT = 18095
FIRST_BYTES = 20
BARS = {"of curl": 0.8, "MB/s": 180, "blocks/s": 2500, "worst ms": 250, "first byte ms": 150}


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def shown(figure, digits):
    return "%.*f (%.*f..%.*f)" % (digits, figure["median"], digits, figure["min"], digits, figure["max"])


class Prefix:
    """The programs under Wine, with a store of their own each."""

    def __init__(self, pe, folder):
        self.pe = pe
        self.output = pathlib.Path(os.environ["PD_OUTPUT_DIR"])
        self.folder = folder

    def environment(self, store, **more):
        return dict(os.environ, PEERDIST_STORE=windows_path(self.folder / store), **more)

    def run(self, store, *arguments, **more):
        with tempfile.TemporaryFile("w+") as out:
            subprocess.run([RUN_WINE, self.output / "peerdist.exe", *map(str, arguments)], check=True,
                           stdin=subprocess.DEVNULL, stdout=out, env=self.environment(store, **more))
            out.seek(0)
            return out.read()

    @contextlib.contextmanager
    def service(self, store):
        self.run(store, "config", "distributed.enabled", "on")
        self.run(store, "config", "retrieval.listen-port", PORT)
        log = tempfile.NamedTemporaryFile("w+")
        process = subprocess.Popen([RUN_WINE, self.output / "peerdistsvc.exe", "--console"],
                                   stdin=subprocess.PIPE, stdout=log, env=self.environment(store))
        try:
            lab.wait_until(lambda: "serving on" in pathlib.Path(log.name).read_text(), "it serves")
            yield
        finally:
            process.stdin.close()
            process.wait(30)
            self.run(store, "config", "distributed.enabled", "--unset")
            self.run(store, "config", "retrieval.listen-port", "--unset")


def builtin(pe):
    """The environment in which the client's library is the one that winegcc made; None where there is none."""
    folder = pathlib.Path(pe).resolve() / "builtin"
    stands_for = folder / "x86_64-windows" / "peerdist.dll"
    if not stands_for.exists():
        return None
    shutil.copy(stands_for, pathlib.Path(os.environ["WINEPREFIX"]) / "drive_c" / "windows" / "system32")
    return {"WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=;peerdist=b",
            "WINEDLLPATH": f"{folder}:{os.environ.get('WINEDLLPATH', '/usr/lib/x86_64-linux-gnu/wine')}"}


@contextlib.contextmanager
def nginx(folder):
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 2;\n"
        f"events {{}}\nhttp {{ access_log off; sendfile on; server {{ listen 127.0.0.1:{PORT + 1};"
        f" root {folder}; }} }}\n")
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(configuration), "-p", str(folder)])
    try:
        lab.wait_until((folder / "nginx.pid").exists, "nginx runs")
        yield f"http://127.0.0.1:{PORT + 1}/"
    finally:
        process.terminate()
        process.wait(30)


def curl(url, out):
    begin = time.monotonic()
    subprocess.run(["curl", "-sf", "-o", out, url], check=True)
    return time.monotonic() - begin


def fetch_once(prefix, information, size, **more):
    """MB/s, by a client that has nothing."""
    folder = prefix.folder
    begin = time.monotonic()
    got = json.loads(prefix.run("client", "get", windows_path(information), "--out",
                                windows_path(folder / "got"), "--json", **more))
    seconds = time.monotonic() - begin
    if got["from_peers"] != size:
        raise SystemExit("not all of it came from the peer")
    os.unlink(folder / "got")
    subprocess.run(["rm", "-rf", folder / "client"], check=True)
    return size / seconds / 1e6


def fetch(prefix, path, rounds):
    """MB/s under Wine at both ends, and curl right before each."""
    folder = prefix.folder
    information = folder / "content.ci"
    prefix.run("holder", "cache", "limit", "4G")
    prefix.run("holder", "publish", windows_path(path), "--out", windows_path(information), "--ci-version", 1)
    prefix.run("holder", "get", windows_path(information), "--out", windows_path(folder / "first"),
               "--origin", windows_path(path))
    size = os.path.getsize(path)
    os.unlink(folder / "first")
    os.symlink(path, folder / "content")
    speeds, ratios, reference, built_in = [], [], [], []
    own = builtin(prefix.pe)
    with nginx(folder) as url, prefix.service("holder"):
        for _ in range(rounds):
            reference.append(size / curl(url + "content", folder / "by-curl") / 1e6)
            os.unlink(folder / "by-curl")
            speeds.append(fetch_once(prefix, information, size))
            ratios.append(speeds[-1] / reference[-1])
            if own is not None:
                built_in.append(fetch_once(prefix, information, size, **own))
        service = give(folder, information)
    print("  1 GiB from a peer, MB/s              %-24s at least %d" % (shown(spread(speeds), 0), BARS["MB/s"]))
    print("  curl from nginx, MB/s                %s" % shown(spread(reference), 0))
    print("  ratio                                %-24s at least %.1f" % (shown(spread(ratios), 2), BARS["of curl"]))
    if built_in:
        print("  the client's library by winegcc      %s" % shown(spread(built_in), 0))
        service["winegcc MB/s"] = spread(built_in)
    return {"MB/s": spread(speeds), "curl MB/s": spread(reference), "of curl": spread(ratios), **service}


def give(folder, information):
    """What the service under Wine gives to native clients."""
    program = lab.BUILD / "tests" / "bench" / "bench_service"
    results = {}
    for clients in (8, 32):
        out = subprocess.run([program, f"127.0.0.1:{PORT}", information, str(clients), "5"], check=True,
                             capture_output=True, text=True).stdout
        measured = json.loads(out)
        rate = measured["blocks"] / measured["seconds"]
        results[f"service, {clients} clients"] = {"blocks/s": rate, **measured}
        print("  service, %2d clients: blocks/s        %.0f; worst answer %.0f ms, median %.1f ms, %d failures; %s"
              % (clients, rate, measured["worst_ms"], measured["median_ms"], measured["failures"],
                 "at least %d" % BARS["blocks/s"] if clients == 8 else "at most %d ms" % BARS["worst ms"]))
    return results


def first_byte():
    """Native machines on a network of their own."""
    times = []
    with lab.Lab() as network:
        bridge = network.network()
        holder, client = network.machine("a"), network.machine("b")
        network.connect(holder, bridge, "10.9.0.1/24")
        network.connect(client, bridge, "10.9.0.2/24")
        content = network.content(1 << 20, 1)
        holder.add(content)
        holder.serve()
        for _ in range(FIRST_BYTES):
            times.append(client.fetch(content)["first"])
            subprocess.run(["rm", "-rf", client.store], check=True)
    figure = spread(times)
    print("  first byte that was missing, ms      %-24s at most %d" % (shown(figure, 0), BARS["first byte ms"]))
    return {"first byte ms": figure}


def peers(pe, path, rounds):
    print("== from peers: both ends under Wine on loopback; the first byte between native machines; median of %d"
          " (least..greatest)" % rounds)
    path = os.path.abspath(path)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        results = fetch(Prefix(pe, pathlib.Path(folder)), path, rounds)
    results.update(first_byte())
    return results
