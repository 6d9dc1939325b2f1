#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run-wine.sh PROGRAM.exe [ARGUMENT...]
# Runs a PE program under Wine, headless, in the prefix of the tests, which is made when it is not
# there. Environment: WINEPREFIX, PD_OUTPUT_DIR (where peerdist.dll is), PD_TEST_WIDTH (32 or 64).
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/wine-env.sh"
wine_env "${PD_TEST_WIDTH:-64}" || exit 77
wine_prefix || exit 1
if [ -n "${PD_OUTPUT_DIR:-}" ]; then
    WINEPATH=$(wine_path "$PD_OUTPUT_DIR")${WINEPATH:+";$WINEPATH"}
    export WINEPATH
fi
exec "$PD_WINE" "$@"
