#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service gives to whom: the upload rates that an administrator sets, and fair shares under overload,
over the network."""
import hashlib
import sys
import time

import lab
from lab import PROBE, Lab

sys.path.insert(0, str(lab.HERE.parent / "vectors"))
import reference  # noqa: E402

MIB = 1 << 20
RATE = 2 * MIB  # bytes a second; one second's worth comes at once
SIZE = 6 * MIB
ONE_ALONE = (SIZE - RATE) / RATE  # seconds at least
BOTH_TOGETHER = (2 * SIZE - RATE) / RATE


def two_clients(network, *settings):
    """The slower one's seconds, and the faster one's, of two that fetch the same at once."""
    bridge = network.network()
    holder, *clients = machines = [network.machine(name) for name in "abc"]
    for number, machine in enumerate(machines, 1):
        # Each has one address, which the limit is of.
        device = network.connect(machine, bridge, f"10.9.0.{number}/24")
        lab.ip("-n", machine.namespace, "-6", "addr", "flush", "dev", device)
    content = network.content(SIZE, 1)
    holder.add(content)
    holder.serve(*settings)
    results = [fetch.result() for fetch in [client.begin_fetch(content) for client in clients]]
    for result in results:
        assert result["read"] == SIZE and result["missing"] == 0, result
    return sorted(result["seconds"] for result in results)


def test_rate_of_all():
    with Lab() as network:
        _, slower = two_clients(network, "--set", "upload.rate-kib", RATE // 1024)
        print(f"two clients, {RATE // MIB} MiB/s for all: {slower:.2f} s, at least {BOTH_TOGETHER:.2f}")
        assert 0.95 * BOTH_TOGETHER <= slower < 2 * BOTH_TOGETHER, slower


def test_rate_of_each():
    with Lab() as network:
        faster, slower = two_clients(network, "--set", "upload.rate-per-address-kib", RATE // 1024)
        print(f"two clients, {RATE // MIB} MiB/s for each: {faster:.2f} and {slower:.2f} s, at least"
              f" {ONE_ALONE:.2f}")
        assert 0.95 * ONE_ALONE <= faster and slower < 0.95 * BOTH_TOGETHER, (faster, slower)


def test_rate_below_a_block():
    """What the bucket holds comes at once: two blocks. The rate brings the third later than anybody waits."""
    for name in ("upload.rate-kib", "upload.rate-per-address-kib"):
        with Lab() as network:
            bridge = network.network()
            holder, client = machines = [network.machine(name) for name in "ab"]
            for number, machine in enumerate(machines, 1):
                device = network.connect(machine, bridge, f"10.9.0.{number}/24")
                lab.ip("-n", machine.namespace, "-6", "addr", "flush", "dev", device)
            content = network.content(3 * 65536, 1)
            holder.add(content)
            holder.serve("--set", name, 16)
            result = client.fetch(content)
            most = 128 * 1024 + 16 * 1024 * (result["seconds"] + 1)
            print(f"{name} 16: {result['read'] // 1024:.0f} KiB in {result['seconds']:.2f} s")
            assert 65536 <= result["read"] <= most, result


# Connections that ask for one block after another, as long as the time lasts.
ASK = """
import socket, struct, sys, threading, time
address, port, count, seconds, identity = sys.argv[1:6]
identity, end = bytes.fromhex(identity), time.monotonic() + float(seconds)
def ask(which):
    link = socket.create_connection((address, int(port)), 5)
    link.settimeout(10)
    stream = link.makefile("rb")
    number = which
    while time.monotonic() < end:
        number = (number + 1) % 96
        body = struct.pack("!I", 32) + identity + struct.pack("!IIII", 1, number, 1, 0)
        body = struct.pack("!IIII", 1, 3, 16 + len(body), 1) + body
        link.sendall(b"POST /116B50EB-ECE2-41ac-8429-9F9E963361B7/ HTTP/1.1\\r\\nHost: x\\r\\n"
                     b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
        length = None
        while (line := stream.readline().strip().lower()):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        stream.read(length)
threads = [threading.Thread(target=ask, args=(i,)) for i in range(int(count))]
for thread in threads:
    thread.start()
"""


def test_fetch_beside_the_greedy():
    """The greedy one asks for as long as the fetch lasts; half the rate would be BOTH_TOGETHER."""
    with Lab() as network:
        bridge = network.network()
        holder, greedy, modest = machines = [network.machine(name) for name in "agm"]
        for number, machine in enumerate(machines, 1):
            # Each has one address, which the share is of.
            device = network.connect(machine, bridge, f"10.9.0.{number}/24")
            lab.ip("-n", machine.namespace, "-6", "addr", "flush", "dev", device)
        content = network.content(SIZE, 1)
        blocks = [content.data[at:at + 65536] for at in range(0, SIZE, 65536)]
        hod = hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).digest()
        identity = reference.Names(1, "sha256", b"key").segment_id(hod).hex()
        holder.add(content)
        holder.serve("--set", "upload.rate-kib", RATE // 1024, "--set", "upload.requests", 8)
        asking = greedy.start("python3", "-c", ASK, "10.9.0.1", lab.PORT, 24, 30, identity)
        lab.wait_until(lambda: "10.9.0.2 fetches" in holder.log(), "the greedy one is served")
        result = modest.fetch(content)
        asking.kill()  # before the service goes, or it would complain of that
        asking.wait()
        print(f"a fetch beside 24 connections: {result['seconds']:.2f} s")
        assert result["read"] == SIZE and result["missing"] == 0, result
        assert result["seconds"] < 2 * BOTH_TOGETHER, result


# Lists of segments, each over a connection of its own, all at once. Of each: how many ranges the answer names.
LIST = """
import os, socket, struct, sys, threading
address, port, identity, size, count, requests = sys.argv[1:7]
results = []
def ask():
    ids = [os.urandom(int(size)) for _ in range(int(count) - 1)] + [bytes.fromhex(identity)]
    body = bytes(16) + struct.pack("!I", len(ids))
    body += b"".join(struct.pack("!I", len(one)) + one + bytes(-len(one) % 4) for one in ids) + bytes(4)
    body = struct.pack("!IIII", 2, 6, 16 + len(body), 1) + body
    link = socket.create_connection((address, int(port)), 5)
    link.settimeout(30)
    link.sendall(b"POST /116B50EB-ECE2-41ac-8429-9F9E963361B7/ HTTP/1.1\\r\\nHost: x\\r\\n"
                 b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    stream = link.makefile("rb")
    while stream.readline().strip():
        pass
    results.append(struct.unpack("!I", stream.read(40)[36:])[0])
threads = [threading.Thread(target=ask) for _ in range(int(requests))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*results)
"""
LONGEST = 98304 - 40  # bytes that a request has for its IDs


def test_lists_of_segments():
    """A list of the greatest length is answered in full; of several at once what is over the rate is not looked
    for, and other machines have their own. Impossible IDs are not looked for and cost nothing."""
    with Lab() as network:
        bridge = network.network()
        holder, greedy, modest = machines = [network.machine(name) for name in "agm"]
        for number, machine in enumerate(machines, 1):
            network.connect(machine, bridge, f"10.9.0.{number}/24")
        content = network.content(65536, 1)
        hod = hashlib.sha256(hashlib.sha256(content.data).digest()).digest()
        identity = reference.Names(1, "sha256", b"key").segment_id(hod).hex()
        holder.add(content)
        holder.serve()

        def ask(machine, size, count, requests=1):
            begin = time.monotonic()
            out = machine.run("python3", "-c", LIST, "10.9.0.1", lab.PORT, identity, size, count, requests)
            print(f"{requests} x {count} IDs of {size} bytes: {out.stdout.strip()} in"
                  f" {time.monotonic() - begin:.2f} s")
            return list(map(int, out.stdout.split()))

        assert ask(greedy, 1, (LONGEST - 36) // 8 + 1) == [1]
        assert ask(greedy, 32, LONGEST // 36) == [1]
        asked = ask(greedy, 32, LONGEST // 36, 12)
        assert len(asked) == 12 and 0 in asked, asked
        assert ask(modest, 32, LONGEST // 36) == [1]
        lab.wait_until(lambda: ask(greedy, 32, LONGEST // 36) == [1], "the rate is there again")


# Probes for what nobody has, as fast as they can be sent.
PROBES = """
import os, socket, sys, time, uuid
address, seconds, probe = sys.argv[1], float(sys.argv[2]), sys.argv[3]
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end, sent = time.monotonic() + seconds, 0
while time.monotonic() < end or sent < 2000:
    text = probe.replace("MESSAGE", str(uuid.uuid4())).replace("IDENTITY", os.urandom(32).hex().upper())
    link.sendto(text.encode(), (address, 3702))
    sent += 1
print(sent)
"""


def test_many_probes():
    """Each with a name of its own: as many as a client may send are looked up, and others still find."""
    with Lab() as network:
        bridge = network.network()
        holder, greedy, modest = machines = [network.machine(name) for name in "agm"]
        for number, machine in enumerate(machines, 1):
            network.connect(machine, bridge, f"10.9.0.{number}/24")
        content = network.content(MIB, 1)
        holder.add(content)
        holder.serve()
        begin = time.monotonic()
        sent = int(greedy.run("python3", "-c", PROBES, "10.9.0.1", 2, PROBE).stdout)
        result = modest.fetch(content)
        looked = holder.log().count("10.9.0.2 looks for")
        seconds = time.monotonic() - begin
        print(f"{looked} of {sent} Probes in {seconds:.1f} s were looked up")
        assert 100 <= looked <= 240 + 120 * seconds, (looked, sent, seconds)
        assert result["missing"] == 0, result


if __name__ == "__main__":
    lab.run([test_rate_of_all, test_rate_of_each, test_rate_below_a_block, test_fetch_beside_the_greedy,
             test_lists_of_segments, test_many_probes])
