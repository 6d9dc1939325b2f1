#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the x86_64 library, publishes Wine's own DLLs through it under Wine, gets the content
# information of every file, fetches all of them twice, and checks it without any code of the
# library; then another machine fetches them from this one. All in build/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
PD_SETUP=run src/cmake/build.sh mingw64 -- peerdist peerdist_cli peerdist_demo peerdistsvc

export WINEPREFIX=$root/build/wineprefix-demo PD_OUTPUT_DIR=$root/build/x86_64
. "$here/wine-env.sh"
wine_env 64
[ -e "$WINEPREFIX/.peerdist-ready" ] || echo "making a Wine prefix in build/wineprefix-demo"
wine_prefix
trap wine_stop EXIT

tree=
for folder in /usr/lib/x86_64-linux-gnu/wine/x86_64-windows /usr/lib*/wine/x86_64-windows \
    /opt/wine*/lib*/wine/x86_64-windows; do
    [ ! -d "$folder" ] || { tree=$folder && break; }
done
[ -n "$tree" ] || { echo "where are the DLLs of this Wine?" >&2 && exit 1; }
output=$root/build/demo
rm -rf "$output" && mkdir -p "$output"

"$here/run-wine.sh" build/x86_64/peerdist.exe key set "demo key"
# Room for the whole tree, whatever the size of the volume.
"$here/run-wine.sh" build/x86_64/peerdist.exe cache limit 4G
echo "publishing $tree"
# To a file, not a pipe: background processes of Wine may keep the end of a pipe open.
status=0
"$here/run-wine.sh" build/x86_64/peerdist-demo.exe "$(wine_path "$tree")" \
    "$(wine_path "$output")" >"$output/printed.txt" || status=$?
cat "$output/printed.txt"
[ "$status" = 0 ] || exit "$status"
python3 -B tests/integration/check_demo.py "$tree" "$output" "demo key" "$output/printed.txt" 100
wine_stop
"$here/run-demo-peers.sh" "$tree" "$output"
