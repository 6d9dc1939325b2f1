#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Joins two cables into one that spoils UDP: frames are passed on as they are, TCP and all else
untouched, UDP datagrams lost, repeated or held back with the given chances."""
import random
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_VNET_HDR = 15
HEADER = 10  # how much of checksums and segments the sender left to the card: passed on with the frame
PACKET_OUTGOING = 4
UDP = 17
HOLD = 2  # frames that overtake one that is held back


class Forwarder:
    """Runs this file on a machine, for as long as the with statement."""

    def __init__(self, machine, ends, loss, repeat, reorder):
        self.machine = machine
        self.arguments = [*ends, loss, repeat, reorder]

    def __enter__(self):
        self.process = self.machine.start("python3", "-B", __file__, *self.arguments)
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.process.kill()


def is_udp(frame):
    frame = frame[HEADER:]
    kind = struct.unpack("!H", frame[12:14])[0]
    if kind == 0x0800:
        return frame[23] == UDP
    return kind == 0x86DD and frame[20] == UDP


def main():
    ends = []
    for name in sys.argv[1:3]:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((name, 0))
        end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        ends.append(end)
    loss, repeat, reorder = map(float, sys.argv[3:6])
    chance = random.Random(1)
    held = {end: [] for end in ends}
    print("ready", flush=True)
    while True:
        for end in select.select(ends, [], [])[0]:
            frame, address = end.recvfrom(1 << 17)
            if address[2] == PACKET_OUTGOING:
                continue
            other = ends[1 - ends.index(end)]
            if is_udp(frame):
                if chance.random() < loss:
                    continue
                if chance.random() < reorder:
                    held[other].append([HOLD, frame])
                    continue
                if chance.random() < repeat:
                    other.send(frame)
            other.send(frame)
            for entry in held[other]:
                entry[0] -= 1
            for entry in [entry for entry in held[other] if entry[0] <= 0]:
                held[other].remove(entry)
                other.send(entry[1])


if __name__ == "__main__":
    main()
