#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: build-builtin.sh OUTPUT-FOLDER
# The library as Wine builds its own: the same sources compiled by winegcc against Wine's headers, a
# spec file made of def/exports.txt, the system's libcrypto, libsqlite3 and libexpat, and picohttpparser
# as build-deps.sh made it. Makes
#   OUTPUT-FOLDER/x86_64-unix/peerdist.dll.so and OUTPUT-FOLDER/x86_64-windows/peerdist.dll,
# the file that stands for it in a prefix. Nothing is done while sources and tools are the same.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$1"
output=$(cd "$1" && pwd)
cd "$root"
# -fshort-wchar: Windows' characters; of libc's functions for wide characters none is used.
flags=(-m64 -O2 -fPIC -fshort-wchar -std=gnu11 -fvisibility=hidden -Wall -Wno-format
    -D_WIN32_WINNT=0x0602 -DWINVER=0x0602 -DUNICODE -D_UNICODE -DWIN32_LEAN_AND_MEAN -DNDEBUG
    -Isrc -Iinclude -Ibuild/deps/native/include)
libraries=(-ladvapi32 -lbcrypt -lcrypt32 -luserenv -lshell32 -lole32 -lntdll -lcrypto -lsqlite3
    -lexpat build/deps/native/lib/libpicohttpparser.a)
mapfile -t sources < <(find src/core src/platform/*.c src/platform/win32 src/store src/async \
    src/net src/engine src/api -name '*.c' ! -name http_server.c ! -name connection_table.c | sort)

key=$({
    cat "$0" def/exports.txt include/peerdist.h
    find src -name '*.[ch]' | sort | xargs cat
    winegcc --version
} | sha256sum)
[ "$(cat "$output/.key" 2>/dev/null)" != "$key" ] || exit 0
rm -rf "$output/objects" "$output/.key"
mkdir -p "$output/objects" "$output/x86_64-unix" "$output/x86_64-windows"

# Sockets are the system's own: Wine's headers for them do not go with libc's, and Wine's sockets are
# slower.
compile()
{
    local compiler=winegcc options=("${@:2}")
    case $1 in
    src/net/address.c | src/net/interfaces.c | src/net/socket.c)
        compiler=gcc
        options=(-m64 -O2 -fPIC -std=gnu11 -fvisibility=hidden -Wall -DNDEBUG -Isrc)
        ;;
    esac
    "$compiler" "${options[@]}" -c -o "$OBJECTS/$(echo "$1" | tr / _).o" "$1"
}
export -f compile
export OBJECTS=$output/objects
printf '%s\n' "${sources[@]}" |
    xargs -P "$(nproc)" -I{} bash -c 'compile "$@"' compile {} "${flags[@]}"
python3 -B "$here/gen-exports.py" --spec def/exports.txt "$output/peerdist.spec"
winegcc -m64 -shared -o "$output/x86_64-unix/peerdist.dll.so" "$output/peerdist.spec" \
    "$output"/objects/*.o "${libraries[@]}"
winebuild --dll --fake-module -m64 -E "$output/peerdist.spec" -F peerdist.dll \
    -o "$output/x86_64-windows/peerdist.dll"
rm -rf "$output/objects"
echo "$key" >"$output/.key"
