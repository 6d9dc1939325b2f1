#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: full_disk.sh PROGRAM.exe [read-only [SIZE]]
# Runs a test of the full disk on a small volume of its own, which takes root to mount. read-only:
# afterwards the program's test of a volume that is writable, read-only and writable again.
set -u
here=$(cd "$(dirname "$0")/../support" && pwd) # as wine-env.sh has it
name=$(basename "$1" .exe)
. "$here/wine-env.sh"
wine_env "${PD_TEST_WIDTH:-64}" || exit 77
folder=$PD_BUILD_DIR/small-volume-$name
mkdir -p "$folder" || exit 1
if ! mount -t tmpfs -o size=${3:-3m} peerdist-test "$folder" 2>/dev/null; then
    echo "SKIP: $name: mounting a small volume takes root"
    exit 77
fi
trap 'umount -l "$folder"' EXIT
trap 'exit 1' INT TERM
PEERDIST_TEST_FULL_DISK=Z:$(printf %s "$folder" | tr / '\\')
export PEERDIST_TEST_FULL_DISK
status=0
"$here/run-wine.sh" "$1" || status=1
if [ "${2-}" = read-only ]; then
    "$here/run-wine.sh" "$1" writable || status=1
    mount -o remount,ro "$folder" || status=1
    "$here/run-wine.sh" "$1" read-only || status=1
    mount -o remount,rw "$folder" || status=1
    "$here/run-wine.sh" "$1" writable || status=1
fi
exit $status
