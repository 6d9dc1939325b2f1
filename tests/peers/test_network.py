#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that fetch from each other, on networks that misbehave."""
import time

import lab
from lab import Lab
from packet_forwarder import Forwarder

MIB = 1 << 20


def holder_and_client(network, size, version, addresses=("10.9.0.1/24", "10.9.0.2/24")):
    bridge = network.network()
    holder, client = network.machine("a"), network.machine("b")
    network.connect(holder, bridge, addresses[0])
    client.device = network.connect(client, bridge, addresses[1])
    content = network.content(size, version)
    holder.add(content)
    holder.serve()
    return holder, client, content


def test_two_machines():
    """The origin is gone; the holder has everything."""
    for version in (1, 2):
        with Lab() as network:
            _, client, content = holder_and_client(network, 9 * MIB + 12345, version)
            result = client.fetch(content)
            assert result["read"] == content.size and result["missing"] == 0, result
            assert result["first"] < 1000, result
            # It is in the client's cache now, and nobody need be asked again.
            again = client.fetch(content, "--local")
            assert again["read"] == content.size, again


def test_local_only_is_silent():
    with Lab() as network:
        holder, client, content = holder_and_client(network, MIB, 1)
        result = client.fetch(content, "--local")
        assert result["read"] == 0 and result["missing"] == content.size, result
        assert "looks for" not in holder.log()


def test_five_machines():
    """Two holders of a half each; the others fetch at once, and serve each other meanwhile."""
    with Lab() as network:
        bridge = network.network()
        machines = [network.machine(name) for name in "abcde"]
        for number, machine in enumerate(machines):
            network.connect(machine, bridge, f"10.9.0.{number + 1}/24")
        whole = network.content(8 * MIB, 2)
        for machine in machines[:2]:
            machine.add(whole)
            machine.serve()
        fetches = [machine.begin_fetch(whole, "--serve", lab.PORT) for machine in machines[2:]]
        for fetch in fetches:
            line = fetch.process.stdout.readline().split()
            numbers = dict(zip(line[::2], map(float, line[1::2])))
            assert numbers["read"] == whole.size and numbers["missing"] == 0, line
            fetch.check()


def test_holder_killed():
    """Costs time and no bytes: the other one has it too."""
    with Lab() as network:
        bridge = network.network()
        first, second, client = (network.machine(name) for name in "abc")
        for number, machine in enumerate((first, second, client)):
            network.connect(machine, bridge, f"10.9.0.{number + 1}/24")
        content = network.content(48 * MIB, 1)
        services = []
        for machine in (first, second):
            machine.add(content)
            services.append(machine.serve())
        fetch = client.begin_fetch(content)
        lab.wait_until(lambda: "fetches" in first.log() and "fetches" in second.log(),
                       "both are asked")
        services[0].kill()
        result = fetch.result()
        assert result["read"] == content.size and result["missing"] == 0, result


def test_partition():
    """Unplugged there is nobody, within the time allowed; plugged in again there is."""
    with Lab() as network:
        _, client, content = holder_and_client(network, 2 * MIB, 1)
        network.plug(client, client.device, False)
        begin = time.monotonic()
        result = client.fetch(content, "--timeout", 2000)
        assert result["read"] == 0 and result["missing"] == content.size, result
        assert time.monotonic() - begin < 5
        network.plug(client, client.device, True)
        lab.wait_until(lambda: "fe80" in lab.ip("-n", client.namespace, "addr").stdout, "link is up")
        lab.ip("-n", client.namespace, "addr", "replace", "10.9.0.2/24", "dev", client.device)
        result = client.fetch(content)
        assert result["read"] == content.size, result


def test_partition_in_the_middle():
    """The cable is pulled while blocks come: what is missing is told in time."""
    with Lab() as network:
        holder, client, content = holder_and_client(network, 64 * MIB, 1)
        fetch = client.begin_fetch(content, "--timeout", 1500)
        lab.wait_until(lambda: "fetches" in holder.log(), "blocks come")
        network.plug(client, client.device, False)
        result = fetch.result(30)
        assert result["read"] + result["missing"] == content.size, result
        # 1.5 s was allowed for each read.
        assert result["longest"] <= 1600, result


def test_ipv6_only():
    with Lab() as network:
        holder, client, content = holder_and_client(network, 4 * MIB, 2, (None, None))
        result = client.fetch(content)
        assert result["read"] == content.size and result["missing"] == 0, result
        assert "fe80" in holder.log()


def test_two_networks():
    """Without multicast between them nobody is found, and that takes no longer than asking does."""
    with Lab() as network:
        holder, client = network.machine("a"), network.machine("b")
        network.connect(holder, network.network(), "10.9.1.1/24")
        network.connect(client, network.network(), "10.9.2.1/24")
        content = network.content(MIB, 1)
        holder.add(content)
        holder.serve()
        result = client.fetch(content)
        assert result["read"] == 0 and result["missing"] == content.size, result
        assert result["longest"] < 1000, result


def test_bad_network():
    """UDP that loses 5 %, repeats and reorders: discovery takes a little longer, if that."""
    with Lab() as network:
        left, right = network.network(), network.network()
        holder, client = network.machine("a"), network.machine("b")
        network.connect(holder, left, "10.9.0.1/24")
        network.connect(client, right, "10.9.0.2/24")
        middle = network.machine("m")
        ends = [network.connect(middle, bridge) for bridge in (left, right)]
        with Forwarder(middle, ends, loss=0.05, repeat=0.05, reorder=0.05):
            content = network.content(4 * MIB, 2)
            holder.add(content)
            holder.serve()
            result = client.fetch(content)
            # A Probe that is lost twice, or its answer, leaves 1 MiB to the origin: rarely.
            assert result["read"] >= content.size / 2, result
            assert result["read"] + result["missing"] == content.size, result


def test_many_addresses():
    """A machine that answers under IPv4 and IPv6 is one, and gets no more connections than one."""
    with Lab() as network:
        holder, client, content = holder_and_client(network, 96 * MIB, 1)
        fetch = client.begin_fetch(content)
        most = 0
        while fetch.process.poll() is None:
            lines = holder.run("ss", "-Htn", "state", "established",
                               f"( sport = :{lab.PORT} )").stdout.splitlines()
            most = max(most, len(lines))
        result = fetch.result()
        assert result["read"] == content.size, result
        assert 1 <= most <= 4, most


def test_quorum():
    """Whoever got a segment when enough others had it leaves it to them to offer it."""
    for version in (1, 2):
        with Lab() as network:
            bridge = network.network()
            *holders, late, client = machines = [network.machine(name) for name in "abcde"]
            for number, machine in enumerate(machines):
                network.connect(machine, bridge, f"10.9.0.{number + 1}/24")
            # One segment: each of them asks for the same.
            content = network.content(100000, version)
            for holder in holders:
                holder.add(content)
                holder.serve()
            result = late.fetch(content, "--count")
            assert result["read"] == content.size, result
            service = late.serve("--set", "discovery.quorum", len(holders) - 1)
            result = client.fetch(content)
            assert result["read"] == content.size and result["missing"] == 0, result
            lab.wait_until(lambda: "looks for" in late.log(), "the Probe has come")
            assert "left to others" in late.log(), late.log()
            assert "answered" not in late.log() and "fetches" not in late.log(), late.log()
            # Counted were those three: where four have to have it, a fourth is wanted.
            service.communicate("")
            late.serve("--set", "discovery.quorum", len(holders) + 1)
            another = network.machine("f")
            network.connect(another, bridge, "10.9.0.9/24")
            assert another.fetch(content)["read"] == content.size
            lab.wait_until(lambda: "answered" in late.log(), "it answers")


class Origin:
    """origin.py on a machine."""

    def __init__(self, machine, content, rate):
        self.process = machine.start("python3", "-B", lab.HERE / "origin.py", content.path, rate)
        self.port = self.process.stdout.readline().strip()

    def total(self):
        self.process.stdin.close()
        return int(self.process.stdout.readline())


def test_crowd():
    """Sixteen machines start at once, nobody has anything: the origin is asked for each byte not much
    more than once."""
    with Lab() as network:
        bridge = network.network()
        server = network.machine("o")
        network.connect(server, bridge, "10.9.0.100/24")
        content = network.content(64 * MIB, 2)
        origin = Origin(server, content, 40 * MIB)
        machines = [network.machine(f"c{number}") for number in range(16)]
        for number, machine in enumerate(machines):
            network.connect(machine, bridge, f"10.9.0.{number + 1}/24")
        fetches = [machine.begin_fetch(content, "--serve", lab.PORT, "--origin",
                                       f"10.9.0.100:{origin.port}", "--crowd")
                   for machine in machines]
        for fetch in fetches:
            line = fetch.process.stdout.readline().split()
            assert line and float(line[1]) + float(line[3]) == content.size, line
            fetch.check()
        times = origin.total() / content.size
        print(f"the origin sent {times:.2f} times the content to {len(machines)} clients")
        assert times <= 1.5, times


if __name__ == "__main__":
    lab.run([test_two_machines, test_local_only_is_silent, test_five_machines, test_holder_killed,
             test_partition, test_partition_in_the_middle, test_ipv6_only, test_two_networks,
             test_bad_network, test_many_addresses, test_quorum, test_crowd])
