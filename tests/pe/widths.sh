#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: widths.sh TEST_PROCESSES.exe
# Runs the tests of several processes with a second process of the other width: both share one
# table. The 32-bit program and DLL come from the 32-bit tree, beside which they have to lie.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "$PD_BUILD_DIR")
program=$build/mingw32/tests/pe/pe.processes.exe
library=$build/i686/peerdist.dll
folder=$PD_BUILD_DIR/other-width
. "$here/../support/wine-env.sh"
wine_env 32 || exit 77
unset PD_WINE
for file in "$program" "$library"; do
    if [ ! -e "$file" ]; then
        echo "SKIP: pe.widths: ${file#"$build/"} is not built"
        exit 77
    fi
done
rm -rf "$folder"
mkdir -p "$folder" || exit 1
cp "$program" "$library" "$folder" || exit 1
PEERDIST_TEST_OTHER_WIDTH=$(wine_path "$folder/pe.processes.exe") \
    "$here/../support/run-wine.sh" "$1"
