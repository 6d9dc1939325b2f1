#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The origin of the crowd test: `origin.py FILE BYTES-PER-SECOND` answers each line "OFFSET LENGTH" with
those bytes, all connections together no faster than that, and prints how many it sent when its standard
input ends. The port that it listens on is the first line of its output."""
import os
import socket
import sys
import threading
import time


class Line:
    """The slow line that all bytes go over."""

    def __init__(self, rate):
        self.rate = rate
        self.lock = threading.Lock()
        self.free = time.monotonic()
        self.sent = 0

    def take(self, length):
        with self.lock:
            self.free = max(self.free, time.monotonic()) + length / self.rate
            self.sent += length
            wait = self.free - time.monotonic()
        if wait > 0:
            time.sleep(wait)


def serve(connection, data, line):
    with connection, connection.makefile("r") as requests:
        for request in requests:
            offset, length = map(int, request.split())
            line.take(length)
            connection.sendall(data[offset:offset + length])


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    line = Line(float(sys.argv[2]))
    listener = socket.create_server(("", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, data, line), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    print(line.sent, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
