#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: dist.sh [check]
# Builds both widths without tests and packs build/dist/peerdist-VERSION.zip with a checksum file.
# check: does so a second time, from a copy of the tree in another place, and compares the bytes
# (the libraries of build/deps are taken as they are); then unpacks it, checks the sums, and builds
# a program with its CMake and its pkg-config files, for both widths.
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
echo "built twice, the same bytes: $archive"

work=$root/build/dist-check/user
mkdir -p "$work"
(cd "$root/build/dist" && sha256sum --check --quiet "$archive.sha256")
python3 -m zipfile -e "$root/build/dist/$archive" "$work"
package=$work/${archive%.zip}
(cd "$package" && sha256sum --check --quiet SHA256SUMS)
cat >"$work/user.c" <<'EOF'
#include <peerdist.h>
int main(void)
{
    return PeerDistStartup(PEERDIST_VERSION, NULL, NULL) == ERROR_INVALID_PARAMETER ? 0 : 1;
}
EOF
cat >"$work/CMakeLists.txt" <<'EOF'
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(peerdist 0.1 REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE peerdist::peerdist)
EOF
for arch in x86_64 i686; do
    width=x64
    [ $arch = x86_64 ] || width=x86
    cmake -G Ninja -S "$work" -B "$work/$arch" -Dpeerdist_DIR="$package/lib/cmake/peerdist" \
        -DCMAKE_TOOLCHAIN_FILE="$root/src/cmake/mingw-$arch.cmake" >/dev/null
    cmake --build "$work/$arch" >/dev/null
    # shellcheck disable=SC2046
    "$arch-w64-mingw32-gcc" -o "$work/pkg-config-$arch.exe" "$work/user.c" \
        $(PKG_CONFIG_PATH="$package/lib/pkgconfig" pkg-config --cflags --libs "peerdist-$width")
    for program in "$work/$arch/user.exe" "$work/pkg-config-$arch.exe"; do
        "$arch-w64-mingw32-objdump" -p "$program" | grep 'DLL Name: peerdist.dll' >/dev/null
    done
done
rm -rf "$root/build/dist-check"
echo "unpacked and used through CMake and pkg-config, both widths"
