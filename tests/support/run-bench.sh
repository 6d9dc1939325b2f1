#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds and runs the benchmarks, natively and under Wine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
PD_SETUP=test src/cmake/build.sh native mingw64

export WINEPREFIX=$root/build/wineprefix-bench
. "$here/wine-env.sh"
wine_env 64
wine_prefix
trap wine_stop EXIT
status=0
for tree in native mingw64; do
    echo "== $tree"
    ctest --test-dir build/$tree --label-regex bench --verbose --no-tests=error |
        sed -n -e 's/^[0-9]*: //p' -e '/tests failed/p' || status=1
done
exit $status
