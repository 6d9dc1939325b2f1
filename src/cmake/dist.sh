#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: dist.sh [check]
# Builds both widths without tests and packs build/dist/peerdist-VERSION.zip with a checksum file.
# check: does so a second time, from a copy of the tree in another place, and compares the bytes
# (the libraries of build/deps are taken as they are).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

pack()
{
    "$1/src/cmake/build.sh" release release32
    python3 -B "$1/src/cmake/dist.py" "$1" "$1/build/dist"
}

pack "$root"
[ "${1-}" = check ] || exit 0
other=$root/build/dist-check/elsewhere/peerdist
rm -rf "$root/build/dist-check"
mkdir -p "$other/build"
(cd "$root" && tar cf - CMakeLists.txt CMakePresets.json LICENSE README.md def include src) |
    tar xf - -C "$other"
ln -s "$root/build/deps" "$other/build/deps"
pack "$other"
archive=$(cd "$root/build/dist" && ls peerdist-*.zip)
cmp "$root/build/dist/$archive" "$other/build/dist/$archive"
rm -rf "$root/build/dist-check"
echo "built twice, the same bytes: $archive"
