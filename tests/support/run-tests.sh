#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run-tests.sh [CTEST-ARGUMENT...]
# Builds every tree and runs every test: native, native with sanitizers, PE of both widths under
# Wine, and the checks of form. Last line: "N passed, N failed, N skipped"; status 1 on failures.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root" || exit 1
start=$SECONDS
logs=build/test-logs
rm -rf $logs && mkdir -p $logs

if ! PD_SETUP=test src/cmake/build.sh native native-asan mingw64 mingw32; then
    echo "FAILED: the build"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
built=$((SECONDS - start))
src/cmake/setup-wine32.sh

# A prefix of this run's own, and a server that outlives the pauses between tests.
export WINEPREFIX=$root/build/wineprefix-test
. "$here/wine-env.sh"
wine_env 64 && wine_fresh_prefix
trap wine_stop EXIT

# lane LABEL=FOLDER...: trees one after another. The native lane and the Wine lane run side by
# side; tests of one prefix share its registry and store, so that lane runs one test at a time.
lane()
{
    local tree
    for tree; do
        rm -f "build/${tree#*=}/results/"*
        ctest --test-dir "build/${tree#*=}" --no-tests=ignore --label-exclude 'soak|bench' \
            --output-junit "$root/$logs/${tree%%=*}.xml" "${ctest_arguments[@]}" \
            >"$logs/${tree%%=*}.log" 2>&1
        echo "ran ${tree%%=*}: $(grep -E 'tests passed|No tests' "$logs/${tree%%=*}.log")"
    done
}
ctest_arguments=("$@")
lane native=native native-asan=asan &
native_lane=$!
lane pe-x86_64=mingw64 pe-i686=mingw32
wait $native_lane

echo "built in $built s, tested in $((SECONDS - start - built)) s"
python3 "$here/summary.py" \
    native=build/native:$logs/native.xml native-asan=build/asan:$logs/native-asan.xml \
    pe-x86_64=build/mingw64:$logs/pe-x86_64.xml pe-i686=build/mingw32:$logs/pe-i686.xml
