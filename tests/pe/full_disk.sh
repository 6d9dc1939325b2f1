#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: full_disk.sh TEST_STORE.exe
# Runs the test of the full disk on a small volume of its own, which takes root to mount.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$PD_BUILD_DIR/full-disk
mkdir -p "$folder" || exit 1
if ! mount -t tmpfs -o size=3m peerdist-test "$folder" 2>/dev/null; then
    echo "SKIP: pe.full_disk: mounting a small volume takes root"
    exit 77
fi
trap 'umount -l "$folder"' EXIT
trap 'exit 1' INT TERM
PEERDIST_TEST_FULL_DISK=Z:$(printf %s "$folder" | tr / '\\') \
    "$here/../support/run-wine.sh" "$1"
