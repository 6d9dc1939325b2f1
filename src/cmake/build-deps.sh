#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: build-deps.sh [x86_64|i686|native...]
# Builds the recipes of src/cmake/deps into build/deps/ARCH: all of them for the PE architectures, for
# native trees those that a distribution has no library of. What is built is kept under a key made of
# recipe and compiler; nothing is downloaded or compiled again while the keys hold.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
deps=$root/build/deps
jobs=$(nproc)
packages="openssl sqlite3 cmocka expat libmicrohttpd h2o"
native_packages="h2o"
apt_options=()
# shellcheck source=/dev/null
. "$here/apt-private.sh"

# The prefix of the compiler's name.
tools()
{
    [ "$1" = native ] || echo "$1-w64-mingw32-"
}

# Options for all packages: see options.cmake for the reasons.
arch_flags()
{
    case $1 in
    native) ;;
    i686) echo "-msse2 -mstackrealign" ;;
    *)
        if echo | "$1-w64-mingw32-gcc" -c -xc -Wa,-muse-unaligned-vector-move - -o /dev/null \
            2>/dev/null; then
            echo -Wa,-muse-unaligned-vector-move
        fi
        ;;
    esac
}

# key PACKAGE ARCH: what the result depends on.
key()
{
    {
        cat "$here/deps/$1.sh"
        arch_flags "$2"
        "$(tools "$2")gcc" -v 2>&1
    } | sha256sum | cut -d' ' -f1
}

built()
{
    [ "$(cat "$deps/$2/.key-$1" 2>/dev/null)" = "$(key "$1" "$2")" ]
}

wanted()
{
    [ "$2" != native ] || [[ " $native_packages " = *" $1 "* ]]
}

# fetch PACKAGE: leaves the upstream archive in build/deps/download, and for a recipe with
# patches=debian the archive of Debian's changes beside it: NAME.debian.
fetch()
{
    local package=$1 version tarball sha256 patches=
    # shellcheck source=/dev/null
    . "$here/deps/$package.sh"
    local dir=$deps/download
    mkdir -p "$dir"
    if [ -z "$patches" ] &&
        echo "$sha256  $dir/$tarball" | sha256sum --check --status 2>/dev/null; then
        echo "$dir/$tarball" >"$dir/$package.path"
        return
    fi
    [ ${#apt_options[@]} -gt 0 ] || private_apt "$deps/apt" deb-src amd64
    local candidate versions
    versions=$(apt-cache "${apt_options[@]}" showsrc --only-source "$package" 2>/dev/null |
        sed -n 's/^Version: //p' | sort -Vru)
    for candidate in $version $versions; do
        rm -rf "$dir/$package" && mkdir -p "$dir/$package"
        (cd "$dir/$package" && apt-get "${apt_options[@]}" source --download-only --only-source -qq \
            "$package=$candidate") >"$dir/$package.log" 2>&1 || continue
        local got
        got=$(find "$dir/$package" -name "${package}_*.orig.tar.*" ! -name '*.asc' -print -quit)
        [ -n "$got" ] || continue
        if [ "$candidate" = "$version" ]; then
            echo "$sha256  $got" | sha256sum --check --status || {
                echo "$package $version: $got has not the checksum of the recipe" >&2
                exit 1
            }
        else
            echo "$package: $version, which the recipe names, is not to be had;" \
                "taking $candidate on the word of apt's signatures"
        fi
        mv "$got" "$dir/"
        if [ -n "$patches" ]; then
            mv "$dir/$package/${package}_"*.debian.tar.* "$dir/$package.debian"
        fi
        rm -rf "${dir:?}/$package"
        echo "$dir/${got##*/}" >"$dir/$package.path"
        return
    done
    echo "no source of $package to be had (tried: $version $versions); apt said:" >&2
    cat "$deps/apt/update.log" "$dir/$package.log" >&2
    exit 1
}

# build_one PACKAGE ARCH
build_one()
{
    local package=$1 arch=$2 start=$SECONDS
    local prefix=$deps/$arch work=$deps/work/$package-$arch cflags tool patches= patch
    # shellcheck source=/dev/null
    . "$here/deps/$package.sh"
    cflags=$(arch_flags "$arch")
    tool=$(tools "$arch")
    rm -rf "$work" && mkdir -p "$work" "$prefix"
    rm -f "$prefix/.key-$package"
    tar xf "$(cat "$deps/download/$package.path")" -C "$work" --strip-components=1
    if [ -n "$patches" ]; then
        tar xf "$deps/download/$package.debian" -C "$work"
        while read -r patch; do
            patch -d "$work" -p1 -s <"$work/debian/patches/$patch"
        done < <(grep -v '^#' "$work/debian/patches/series")
    fi
    if ! (set -e && cd "$work" && build) >"$work.log" 2>&1; then
        tail -n 40 "$work.log" "$work"/*.log >&2
        echo "$package for $arch failed; the whole story is in $work" >&2
        return 1
    fi
    key "$package" "$arch" >"$prefix/.key-$package"
    rm -rf "$work" "$work.log"
    echo "built $package for $arch in $((SECONDS - start)) s"
}

[ $# -gt 0 ] || set -- x86_64 i686
todo=()
for package in $packages; do
    for arch; do
        ! wanted "$package" "$arch" || built "$package" "$arch" || todo+=("$package $arch")
    done
done
[ ${#todo[@]} -gt 0 ] || exit 0

for package in $(printf '%s\n' "${todo[@]}" | cut -d' ' -f1 | uniq); do
    fetch "$package"
done
pids=()
for one in "${todo[@]}"; do
    # shellcheck disable=SC2086
    build_one $one &
    pids+=($!)
done
status=0
for pid in "${pids[@]}"; do
    wait "$pid" || status=1
done
exit $status
