# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by scripts that run PE programs: which Wine, which prefix, and nothing of the user's own.

# wine_env WIDTH: sets PD_WINE and the environment for programs of that width (32 or 64).
wine_env()
{
    pd_root=$(cd "$here/../.." && pwd)
    unset DISPLAY WAYLAND_DISPLAY
    export LC_ALL=C.UTF-8
    export WINEDEBUG="${WINEDEBUG:--all}"
    export WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml,winemenubuilder.exe=}"
    export WINEPREFIX="${WINEPREFIX:-$pd_root/build/wineprefix-test}"
    for PD_WINE in wine64 /usr/lib/wine/wine64; do
        command -v $PD_WINE >/dev/null && break
        PD_WINE=
    done
    if [ -z "$PD_WINE" ]; then
        echo "SKIP: $*: Wine is not installed"
        return 1
    fi
    if [ "$1" = 32 ] && [ ! -e /usr/lib/i386-linux-gnu/wine/i386-unix/ntdll.so ]; then
        echo "SKIP: $*: 32-bit Wine is not installed"
        return 1
    fi
    if [ "$1" = 32 ]; then
        PD_WINE=/usr/lib/wine/wine
    fi
    export PD_WINE
}

# wine_prefix: makes the prefix once; others wait for it.
wine_prefix()
{
    [ -e "$WINEPREFIX/.peerdist-ready" ] && return 0
    mkdir -p "$WINEPREFIX" || return 1
    (
        flock 9 || exit 1
        [ -e "$WINEPREFIX/.peerdist-ready" ] && exit 0
        timeout 180 "$PD_WINE" wineboot -i </dev/null >"$WINEPREFIX/wineboot.log" 2>&1 || {
            cat "$WINEPREFIX/wineboot.log"
            exit 1
        }
        : >"$WINEPREFIX/.peerdist-ready"
    ) 9>"$WINEPREFIX/.peerdist-lock"
}

# wine_path PATH: a Unix path as Windows programs name it.
wine_path()
{
    printf 'Z:%s' "$1" | tr / '\\'
}
