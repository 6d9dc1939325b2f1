#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the benchmarks and runs them, natively and under Wine. PD_BENCH_ROUNDS: how many rounds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
PD_SETUP=bench src/cmake/build.sh native mingw64 mingw32
src/cmake/setup-wine32.sh
! command -v winegcc >/dev/null || src/cmake/build-builtin.sh build/mingw64/builtin >/dev/null

export WINEPREFIX=$root/build/wineprefix-bench PD_OUTPUT_DIR=$root/build/x86_64
. "$here/wine-env.sh"
wine_env 64
wine_fresh_prefix
trap wine_stop EXIT
python3 -B tests/bench/run_bench.py build/native build/mingw64 build/mingw32 \
    "$root/build/bench" "$root/build/bench.json"
