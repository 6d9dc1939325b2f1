#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: builtin.sh FOLDER-OF-THE-PROGRAMS
# Builds the library as Wine builds its own, and runs the conformance tests against it, in a prefix
# where nothing else called peerdist.dll can be found.
set -u
here=$(cd "$(dirname "$0")/../support" && pwd)
programs=$1
folder=$PD_BUILD_DIR/builtin
if ! command -v winegcc >/dev/null; then
    echo "SKIP: builtin: winegcc is not installed"
    exit 77
fi
"$here/../../src/cmake/build-builtin.sh" "$folder" || exit 1
export WINEPREFIX=$PD_BUILD_DIR/../wineprefix-builtin
export WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe=;peerdist=b"
unset PD_OUTPUT_DIR WINEPATH
. "$here/wine-env.sh"
wine_env 64 || exit 77
wine_prefix || exit 1
cp "$folder/x86_64-windows/peerdist.dll" "$WINEPREFIX/drive_c/windows/system32/" || exit 1
export WINEDLLPATH="$folder:${WINEDLLPATH:-/usr/lib/x86_64-linux-gnu/wine}"
# It is this one that is loaded.
loaded=$(WINEDEBUG=-all,+loaddll "$PD_WINE" "$programs/pe.startup.exe" 2>&1 </dev/null |
    grep -ci 'peerdist.dll.*: builtin')
[ "$loaded" -gt 0 ] || {
    echo "FAIL: builtin: another peerdist.dll was loaded"
    echo "RESULT passed=0 failed=1 skipped=0"
    exit 1
}
status=0
for subject in startup registration client client_shared client_large completion lifecycle closing \
    ownership arguments handles identifiers ranges processes store cache_failure vectors load \
    client_information policy cache_killed; do
    echo "-- $subject"
    timeout 120 "$PD_WINE" "$programs/pe.$subject.exe" </dev/null || status=1
done
wine_stop
exit $status
