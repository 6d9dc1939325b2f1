#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: build.sh PRESET... [-- TARGET...]
# Tools, dependencies, then each preset configured and built. The output of a build is shown when
# it fails; otherwise one line for each.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
presets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    presets+=("$1")
    shift
done
[ $# -eq 0 ] || shift
targets=("$@")

"$here/setup.sh" "${PD_SETUP:-build}"
arches=()
for preset in "${presets[@]}"; do
    case $preset in
    mingw32 | release32) arches+=(i686) ;;
    mingw64 | release) arches+=(x86_64) ;;
    *) arches+=(native) ;;
    esac
done
if [ ${#arches[@]} -gt 0 ]; then
    mapfile -t arches < <(printf '%s\n' "${arches[@]}" | sort -u)
    "$here/build-deps.sh" "${arches[@]}"
fi

mkdir -p build
for preset in "${presets[@]}"; do
    start=$SECONDS
    log=build/$preset.log
    dir=$(sed -n "/\"name\": \"$preset\"/,/binaryDir/s/.*\"binaryDir\": \".*\/\(.*\)\".*/\1/p" \
        CMakePresets.json)
    # configure again only when asked to: ninja notices changed lists by itself
    if ! { [ -e "build/$dir/build.ninja" ] || cmake --preset "$preset"; } >"$log" 2>&1 ||
        ! cmake --build "build/$dir" ${targets[@]:+--target "${targets[@]}"} >>"$log" 2>&1; then
        grep -v '^\[' "$log" | tail -n 60 >&2
        echo "building $preset failed; log: $log" >&2
        exit 1
    fi
    echo "built $preset in $((SECONDS - start)) s"
done
