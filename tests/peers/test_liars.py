#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Peers that lie, and what that costs: time, within bounds; never wrong data, a crash, or traffic against
somebody else."""
import hashlib
import struct
import sys
import time

import lab
from lab import PROBE, Lab

sys.path.insert(0, str(lab.HERE.parent / "vectors"))
import reference  # noqa: E402

MIB = 1 << 20
# What a client may get of a content from such a peer alone.
NOTHING, ALL, SOME = 0, 1, 2
BEHAVIOURS = {
    "honest": ALL, "wrong_hash": NOTHING, "wrong_key": NOTHING, "wrong_block": NOTHING,
    "wrong_index": NOTHING, "wrong_segment": NOTHING, "short": NOTHING, "endless": NOTHING,
    "endless_head": NOTHING, "slow": NOTHING, "oversize": NOTHING, "wrong_size": NOTHING,
    "huge_length": NOTHING, "empty": NOTHING, "replay": SOME, "http_error": NOTHING,
    "redirect": NOTHING, "garbage": NOTHING, "hang": NOTHING, "close": NOTHING, "nego": NOTHING,
    "match_other_host": NOTHING, "match_bad_addresses": NOTHING, "match_unrelated": NOTHING,
    "match_flood": ALL, "match_no_count": NOTHING, "match_doctype": NOTHING,
}
LIMIT = 9  # seconds that a client fetches until it knows that there is no more to be had
MEMORY = 200 * MIB  # of a client, its program and libraries included


def start_liar(machine, behaviour, content, address, other):
    process = machine.start("python3", "-B", lab.HERE / "liar.py", behaviour, content.path, address,
                            lab.PORT, other)
    assert process.stdout.readline() == "ready\n"
    return process


def peak_memory(process):
    """Of the program that `ip netns exec` became, in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


class Trial:
    """A subnet with a liar, a client, a third machine that must be left alone, and perhaps an honest holder."""

    def __init__(self, network, number, behaviour, content, honest):
        bridge = network.network()
        subnet = f"10.9.{number}"
        self.behaviour = behaviour
        self.client, self.liar, self.third = (
            network.machine(f"{role}{number}") for role in ("client", "liar", "third"))
        for host, machine in enumerate((self.client, self.liar, self.third), 1):
            network.connect(machine, bridge, f"{subnet}.{host}/24")
        self.victim = start_liar(self.third, "silent", content, f"{subnet}.3", "")
        self.process = start_liar(self.liar, behaviour, content, f"{subnet}.2", f"{subnet}.3:{lab.PORT}")
        if honest:
            holder = network.machine(f"honest{number}")
            network.connect(holder, bridge, f"{subnet}.4/24")
            holder.add(content)
            holder.serve()
        self.fetch = self.client.begin_fetch(content, "--serve", lab.PORT + 1)

    def result(self):
        line = self.fetch.process.stdout.readline().split()
        assert line, f"{self.behaviour}: the client died: {self.client.log()}"
        assert peak_memory(self.fetch.process) < MEMORY, f"{self.behaviour}: memory"
        self.fetch.check()
        return dict(zip(line[::2], map(float, line[1::2])))

    def disturbed(self):
        """Connections to the machine that is none of the client's business."""
        out, _ = self.victim.communicate("", timeout=lab.LIMIT)
        return int(out.split()[0])


def run_trials(behaviours, honest):
    with Lab() as network:
        content = network.content(MIB, 1)
        trials = [Trial(network, number, behaviour, content, honest)
                  for number, behaviour in enumerate(behaviours)]
        for trial in trials:
            result = trial.result()
            assert result["read"] + result["missing"] == content.size, (trial.behaviour, result)
            if not honest:
                expected = BEHAVIOURS[trial.behaviour]
                if expected == NOTHING:
                    assert result["read"] == 0, (trial.behaviour, result)
                if expected == ALL:
                    assert result["missing"] == 0, (trial.behaviour, result)
                assert result["seconds"] < LIMIT, (trial.behaviour, result)
            else:
                assert result["missing"] == 0, (trial.behaviour, result)
        for trial in trials:
            assert trial.disturbed() == 0, f"{trial.behaviour} sent the client to a third machine"


def test_alone():
    names = list(BEHAVIOURS)
    for first in range(0, len(names), 9):
        run_trials(names[first:first + 9], honest=False)


def test_beside_an_honest_one():
    names = [name for name in BEHAVIOURS if BEHAVIOURS[name] == NOTHING]
    for first in range(0, len(names), 8):
        run_trials(names[first:first + 8], honest=True)


def test_forged_off_the_subnet():
    """An answer says to come from a machine on the same cable, but on another subnet, to which the client has a
    route: whatever is sent there reaches it. Nobody is asked there."""
    with Lab() as network:
        content = network.content(MIB, 1)
        bridge = network.network()
        client, liar, third = (network.machine(role) for role in ("client", "liar", "third"))
        near = network.connect(client, bridge, "10.9.0.1/24")
        network.connect(liar, bridge, "10.9.0.2/24")
        far = network.connect(third, bridge, "10.8.0.3/24")
        lab.ip("-n", client.namespace, "route", "add", "10.8.0.0/24", "dev", near)
        lab.ip("-n", third.namespace, "route", "add", "10.9.0.0/24", "dev", far)
        for name in ("all", "default", near):
            client.run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
        victim = start_liar(third, "silent", content, "10.8.0.3", "")
        process = start_liar(liar, "match_forged", content, "10.9.0.2", f"10.8.0.3:{lab.PORT}")
        result = client.fetch(content)
        assert result["read"] == 0, result
        out, _ = process.communicate("", timeout=lab.LIMIT)
        assert int(out.split()[2]) > 0, f"it answered no Probe: {out}"
        out, _ = victim.communicate("", timeout=lab.LIMIT)
        assert int(out.split()[0]) == 0, f"the client went to a machine off its subnet: {out}"


# Says for two seconds and more that it looks for a segment, before and while others do.
ASK_ALWAYS = """
import socket, sys, time
from_address, probe = sys.argv[1:3]
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(from_address))
number = 0
while True:
    text = probe.replace("MESSAGE", "00000000-0000-4000-8000-%012d" % number)
    link.sendto(text.encode(), ("239.255.255.250", 3702))
    if number == 0:
        print("asking", flush=True)
    number += 1
    time.sleep(0.002)
"""


def seconds_beside_an_asker(address):
    """How long a client takes to find that nobody has a segment which a machine at that address, on the same
    cable, looks for too."""
    with Lab() as network:
        bridge = network.network()
        client, other = network.machine("client"), network.machine("other")
        network.connect(client, bridge, "10.9.0.1/24")
        network.connect(other, bridge, f"{address}/24")
        content = network.content(65536, 1)
        hod = hashlib.sha256(hashlib.sha256(content.data).digest()).digest()
        identity = reference.Names(1, "sha256", b"key").segment_id(hod).hex().upper()
        asker = other.start("python3", "-c", ASK_ALWAYS, address, PROBE.replace("IDENTITY", identity))
        assert asker.stdout.readline() == "asking\n"
        result = client.fetch(content)
        assert asker.poll() is None and result["read"] == 0, result
        return result["seconds"]


def test_asker_off_the_subnet():
    """One who looks for the same is waited for, if it could be asked then: four times 400 ms and more."""
    near, far = seconds_beside_an_asker("10.9.0.2"), seconds_beside_an_asker("10.8.0.2")
    print(f"beside one on the subnet {near:.2f} s, off the subnet {far:.2f} s")
    assert near - far > 1, (near, far)


# ---- The service, and who asks it ----

PATH = "/116B50EB-ECE2-41ac-8429-9F9E963361B7/"


def header(kind, size, version=1, algorithm=1):
    return struct.pack("!IIII", version, kind, size, algorithm)


def getblks(identity, index=0, count=1, ranges=1):
    body = struct.pack("!I", len(identity)) + identity + struct.pack("!III", ranges, index, count)
    return header(3, 16 + len(body) + 4) + body + bytes(4)


class Asker:
    """Runs on a machine: posts bytes and gives what comes back."""

    def __init__(self, machine):
        self.machine = machine

    def post(self, address, data):
        script = ("import socket,sys\n"
                  f"s=socket.create_connection(('{address}',{lab.PORT}),5);s.settimeout(5)\n"
                  f"s.sendall(bytes.fromhex('{data.hex()}'))\n"
                  "s.shutdown(socket.SHUT_WR)\n"
                  "out=b''\n"
                  "while True:\n"
                  "    try: part=s.recv(65536)\n"
                  "    except OSError: break\n"
                  "    if not part: break\n"
                  "    out+=part\n"
                  "print(out.hex())\n")
        return bytes.fromhex(self.machine.run("python3", "-c", script).stdout.strip())

    def request(self, address, body, path=PATH, method="POST", length=None):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n"
        if length is not False:
            head += f"Content-Length: {len(body) if length is None else length}\r\n"
        answer = self.post(address, (head + "\r\n").encode() + body)
        return int(answer.split(b" ")[1]) if answer else 0, answer.split(b"\r\n\r\n", 1)[-1]


def test_hostile_requests():
    with Lab() as network:
        bridge = network.network()
        holder, client = network.machine("a"), network.machine("b")
        network.connect(holder, bridge, "10.9.0.1/24")
        network.connect(client, bridge, "10.9.0.2/24")
        content = network.content(MIB, 1)
        holder.add(content)
        holder.serve()
        asker, where = Asker(client), "10.9.0.1"
        good = getblks(bytes(32))
        status, body = asker.request(where, good)
        assert status == 200 and len(body) == 76, (status, len(body))  # not there: an empty block
        assert asker.request(where, good, PATH.lower())[0] == 200
        assert asker.request(where, good, PATH + "x")[0] == 404
        assert asker.request(where, good, PATH + "?x")[0] == 404
        assert asker.request(where, good, method="PUT")[0] == 405
        assert asker.request(where, b"", length=98305)[0] == 413
        assert asker.request(where, b"", length=10 ** 18)[0] in (413, 400, 0)
        assert asker.request(where, b"", length=False)[0] == 411
        for bad in (b"", good[:15], good[:40], good[:8] + struct.pack("!I", 0x45) + good[12:],
                    header(5, 16), header(8, 16), header(3, 16, algorithm=4),
                    getblks(bytes(32), 512), getblks(bytes(32), 0, 0xFFFFFFFF),
                    getblks(bytes(32), ranges=10), good + bytes(4)):
            assert asker.request(where, bad)[0] == 400, bad
        status, body = asker.request(where, header(0, 24) + struct.pack("!HHHH", 0, 1, 0, 2))
        assert status == 200 and body.hex() == (
            "00000018" "00000001" "00000001" "00000018" "00000001" "00000001" "00000002"), body.hex()
        status, body = asker.request(where, header(3, 16, version=3))
        assert status == 200 and struct.unpack("!I", body[8:12])[0] == 1  # another version: what we speak
        # A list that asks for nothing, and a segment list of the hosted cache.
        empty = struct.pack("!I", 32) + bytes(32) + bytes(4)
        status, body = asker.request(where, header(2, 16 + len(empty)) + empty)
        assert status == 200 and len(body) == 64
        segments = bytes(16) + struct.pack("!II", 1, 32) + bytes(32) + bytes(4)
        status, body = asker.request(where, header(6, 16 + len(segments), version=2) + segments)
        assert status == 200 and len(body) == 44
        result = client.fetch(content)
        assert result["missing"] == 0, result


FLOOD = """
import resource, select, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sockets = []
for number in range(count):
    one = socket.socket()
    one.setblocking(False)
    try:
        one.connect((address, port))
    except BlockingIOError:
        pass
    sockets.append(one)
    if number % 500 == 0:
        time.sleep(0.01)
print("open", flush=True)
# Half of them send a byte now and then.
end = time.monotonic() + float(sys.argv[4])
while time.monotonic() < end:
    for one in sockets[::2]:
        try:
            one.send(b"P")
        except OSError:
            pass
    time.sleep(1)
alive = 0
for one in sockets:
    try:
        if one.recv(1) != b"":
            alive += 1
    except BlockingIOError:
        alive += 1
    except OSError:
        pass
print(alive, flush=True)
"""


def test_flood():
    """10,000 connections of one address that ask nothing, or slowly: the limit for each address holds, they
    are cut off, and another machine is served meanwhile."""
    with Lab() as network:
        bridge = network.network()
        holder, client, flooder = (network.machine(name) for name in "abf")
        for number, machine in enumerate((holder, client, flooder), 1):
            network.connect(machine, bridge, f"10.9.0.{number}/24")
        content = network.content(MIB, 1)
        holder.add(content)
        holder.serve()
        flood = flooder.start("python3", "-c", FLOOD, "10.9.0.1", lab.PORT, 10000, 12)
        assert flood.stdout.readline() == "open\n"
        sockets = lab.ip("netns", "exec", holder.namespace, "ss", "-tnH", "state", "established",
                         f"sport = :{lab.PORT}").stdout.count("\n")
        begin = time.monotonic()
        result = client.fetch(content)
        seconds = time.monotonic() - begin
        assert result["missing"] == 0 and seconds < 2, (result, seconds)
        assert sockets <= 64 + 600, sockets  # admitted, and those that wait to be accepted
        alive = int(flood.stdout.readline())
        print(f"served in {seconds:.2f} s; {sockets} connections at the flood's height, {alive} after 12 s")
        assert alive == 0, alive


if __name__ == "__main__":
    lab.run([test_alone, test_beside_an_honest_one, test_forged_off_the_subnet, test_asker_off_the_subnet,
             test_hostile_requests, test_flood])
