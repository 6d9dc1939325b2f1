#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Usage: soak_memory.py GIB
Publishes that many GiB of zero bytes through one stream and says by how much the process grew over
one that published 16 MiB: by less than 64 MiB, or the test fails."""
import json
import sys
import time

import harness
from harness import check

LEAST_SPEED = 20  # MB/s that the slowest machine is given the time for


def publish(sandbox, size, arguments=()):
    path = sandbox.sparse("content.bin", size)
    process = sandbox.start("publish", path, "--hold", *arguments)
    begin = time.monotonic()
    process.wait_for(r"^holding", limit=60 + size / (LEAST_SPEED * 1e6))
    seconds = time.monotonic() - begin
    peak, now = process.memory()
    process.kill()
    return peak, now, seconds


def test_memory(sandbox):
    small = publish(sandbox, 16 << 20)
    large = publish(sandbox, GIB << 30)
    growth = [(b - a) / (1 << 20) for a, b in zip(small[:2], large[:2])]
    print(f"{GIB} GiB in {large[2]:.1f} s, {(GIB << 30) / 1e6 / large[2]:.0f} MB/s: "
          f"peak {large[0] / (1 << 20):.1f} MiB, {growth[0]:+.1f} MiB against 16 MiB of content; "
          f"at the end {large[1] / (1 << 20):.1f} MiB, {growth[1]:+.1f} MiB")
    check(max(growth) < 64, f"grew by {growth} MiB")
    store = json.loads(sandbox.good("status", "--json"))["store"]
    check(store["publications"] == 0, "publications left behind")


if __name__ == "__main__":
    GIB = int(sys.argv.pop(1))
    harness.main(sys.modules[__name__])
