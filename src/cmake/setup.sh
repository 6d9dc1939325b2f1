#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: setup.sh build|run|test|bench
# Makes sure that the tools for a purpose are there (run: build for x86_64 and run; test: all that tests
# need; bench: and what they are compared with):
# through apt where we are root, else by saying what to install. What is there costs no apt call.
set -euo pipefail
purpose=${1:-build}

# "what must exist" -> "the Debian package that brings it"
probes="
gcc gcc
/usr/include/stdio.h libc6-dev
make make
perl perl
xz xz-utils
python3 python3
tclsh tcl
cmake cmake
ninja ninja-build
x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64-win32
llvm-dlltool llvm
"
if [ "$purpose" != run ]; then
    probes+="
i686-w64-mingw32-gcc gcc-mingw-w64-i686-win32
"
fi
if [ "$purpose" != build ]; then
    probes+="
/usr/lib/wine/wine64 wine64
/usr/bin/wineserver wine
"
fi
if [ "$purpose" = bench ]; then
    probes+="
/usr/sbin/nginx nginx-light
curl curl
"
fi
if [ "$purpose" = test ] || [ "$purpose" = bench ]; then
    probes+="
x86_64-w64-mingw32-g++ g++-mingw-w64-x86-64-win32
i686-w64-mingw32-g++ g++-mingw-w64-i686-win32
clang clang
clang-format clang-format
clang-tidy clang-tidy
lld-link lld
/usr/lib/llvm-14/lib/clang/*/lib/linux/libclang_rt.asan-x86_64.a libclang-rt-14-dev
/usr/include/openssl/evp.h libssl-dev
/usr/include/wine/wine/windows/windows.h libwine-dev
winegcc wine64-tools
pkg-config pkg-config
/usr/lib/go-1.19/bin/go golang-1.19-go
/usr/include/sqlite3.h libsqlite3-dev
/usr/include/cmocka.h libcmocka-dev
/usr/include/expat.h libexpat1-dev
/usr/include/microhttpd.h libmicrohttpd-dev
/usr/sbin/ip iproute2
sysctl procps
"
fi

missing=()
while read -r probe package; do
    case $probe in
    "") ;;
    /*) compgen -G "$probe" >/dev/null || missing+=("$package") ;;
    *) command -v "$probe" >/dev/null || missing+=("$package") ;;
    esac
done <<<"$probes"
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Missing here. On Debian 12, as root:" >&2
    echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A mirror may have one index out of step: what matters is whether the packages install.
apt-get update -qq </dev/null >"$log" 2>&1 || true
if ! apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >>"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "apt-get install ${missing[*]} failed" >&2
    exit 1
fi
