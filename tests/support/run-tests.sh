#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run-tests.sh [soak]
# Builds every tree and runs every test: native, native with sanitizers, PE of both widths under
# Wine, and the checks of form. Last line: "N passed, N failed, N skipped"; status 1 on failures.
# soak: the long runs instead, and all native tests under the thread sanitizer.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root" || exit 1
tier=${1:-all}
if [ "$tier" = soak ]; then
    presets="native-tsan mingw64 mingw32"
    native="native-tsan=tsan"
    choice=(--label-regex soak)
else
    presets="native native-asan mingw64 mingw32"
    native="native=native native-asan=asan pe-apart=mingw64"
    choice=(--label-exclude 'soak|bench|apart')
fi
pe="pe-x86_64=mingw64 pe-i686=mingw32"
start=$SECONDS
logs=build/test-logs
rm -rf $logs && mkdir -p $logs

# shellcheck disable=SC2086
if ! PD_SETUP=test src/cmake/build.sh $presets; then
    echo "FAILED: the build"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
built=$((SECONDS - start))
src/cmake/setup-wine32.sh

# A prefix of this run's own, and a server that outlives the pauses between tests.
export WINEPREFIX=$root/build/wineprefix-test
. "$here/wine-env.sh"
wine_env 64 && wine_fresh_prefix || echo "no Wine prefix: its tests will fail"
trap wine_stop EXIT

# lane LABEL=FOLDER...: trees one after another. The native lane and the Wine lane run side by
# side; tests of one prefix share its registry and store, so that lane runs one test at a time. Those
# that are labelled "apart" have a prefix of their own, and follow the native ones.
lane()
{
    local tree folder log chosen
    for tree; do
        folder=build/${tree#*=}
        log=$logs/${tree%%=*}
        chosen=("${choice[@]}")
        [ "$tree" != native-tsan=tsan ] || chosen=(--label-exclude 'soak|bench')
        [ "${tree%%=*}" != pe-apart ] || chosen=(--label-regex apart)
        ctest --test-dir "$folder" --no-tests=ignore "${chosen[@]}" \
            --output-junit "$root/$log.xml" >"$log.log" 2>&1
        echo "ran ${tree%%=*}: $(grep -E 'tests passed|No tests' "$log.log")"
    done
}
for tree in native asan tsan mingw64 mingw32; do
    rm -f "build/$tree/results/"*
done
# shellcheck disable=SC2086
lane $native &
native_lane=$!
# shellcheck disable=SC2086
lane $pe
wait $native_lane

echo "built in $built s, tested in $((SECONDS - start - built)) s"
if [ "$tier" = soak ]; then # what the long runs measured
    grep -hv '^RESULT ' build/mingw64/results/soak_*.log build/mingw32/results/soak_*.log
fi
conformance=0
if [ "$tier" != soak ]; then
    python3 -B "$here/conformance.py" build/mingw64/results tests/CONFORMANCE.md || conformance=1
fi
set --
for tree in $native $pe; do
    set -- "$@" "${tree%%=*}=build/${tree#*=}:$logs/${tree%%=*}.xml"
done
python3 "$here/summary.py" "$@" || exit 1
exit $conformance
