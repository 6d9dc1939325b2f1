# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by scripts that run PE programs ($here: the folder of this file): which Wine, which
# prefix, and nothing of the user's own.

# wine_env WIDTH: sets PD_WINE and the environment for programs of that width (32 or 64). A width
# that this machine cannot run gives status 1 and says why.
wine_env()
{
    pd_root=$(cd "$here/../.." && pwd)
    unset DISPLAY WAYLAND_DISPLAY
    export LC_ALL=C.UTF-8
    export WINEDEBUG="${WINEDEBUG:--all}"
    export WINEDLLOVERRIDES="${WINEDLLOVERRIDES:-mscoree,mshtml,winemenubuilder.exe=}"
    export WINEPREFIX="${WINEPREFIX:-$pd_root/build/wineprefix-test}"
    PD_WINE=
    pd_private=$pd_root/build/wine32
    if [ -e "$pd_private/.version" ]; then
        # setup-wine32.sh made it; its 64-bit loader is the system's, and starts both widths
        PD_WINE=$pd_private/usr/lib/wine/wine64
        export WINEDLLPATH="$pd_private/usr/lib/i386-linux-gnu/wine:/usr/lib/x86_64-linux-gnu/wine"
    elif [ "$1" = 32 ] && [ ! -e /usr/lib/i386-linux-gnu/wine/i386-unix/ntdll.so ]; then
        echo "SKIP: no 32-bit Wine: $(cat "$pd_root/build/wine32.why" 2>/dev/null)"
        return 1
    else
        for candidate in /usr/lib/wine/wine64 wine64 wine; do
            if command -v "$candidate" >/dev/null; then
                PD_WINE=$candidate
                break
            fi
        done
        if [ -z "$PD_WINE" ]; then
            echo "SKIP: Wine is not installed"
            return 1
        fi
    fi
    export PD_WINE
}

# wine_prefix: makes the prefix when it is not there; others wait for the one who does.
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

# wine_fresh_prefix: makes $WINEPREFIX anew, which must be one under build/, and keeps its server
# running until wine_stop.
wine_fresh_prefix()
{
    case $WINEPREFIX in
    "$pd_root"/build/*) ;;
    *)
        echo "$WINEPREFIX is not under build/: left alone"
        return 1
        ;;
    esac
    [ ! -d "$WINEPREFIX" ] || wine_stop
    rm -rf "$WINEPREFIX"
    wine_prefix || return 1
    wineserver -w && wineserver -p || return 1 # the one that made the prefix does not persist
    # The first program starts services.exe, which stays and keeps that program's output open: a
    # pipe would never end.
    "$PD_WINE" cmd /c exit </dev/null >>"$WINEPREFIX/wineboot.log" 2>&1
}

wine_stop()
{
    wineserver -k >/dev/null 2>&1 || :
    wineserver -w >/dev/null 2>&1 || :
    return 0
}

# wine_path PATH: a Unix path as Windows programs name it.
wine_path()
{
    printf 'Z:%s' "$1" | tr / '\\'
}
