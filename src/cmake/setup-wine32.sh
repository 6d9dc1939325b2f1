#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes 32-bit Wine for the tests, in build/wine32 alone: Debian's i386 packages of the installed
# Wine's version are unpacked there, not installed, because installing them next to newer amd64
# libraries means downgrading those. Wine's 32-bit loader is started through the private ld.so.
# Where a system's own 32-bit Wine is there, nothing is done. Failing is no error: build/wine32.why
# then says why, and the tests of that width are skipped with that reason.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$root/build/wine32
why=$root/build/wine32.why

[ ! -e /usr/lib/i386-linux-gnu/wine/i386-unix/ntdll.so ] || exit 0
mkdir -p "$root/build"

give_up()
{
    rm -rf "$target" "$target.new"
    echo "$*" | tee "$why"
    exit 0
}

# Some kernels, and some hypervisors, start no 32-bit program at all.
must_run()
{
    "$target/usr/lib/wine/ld-linux.so.2" --version >/dev/null 2>&1 ||
        give_up "this machine starts no 32-bit programs"
}

version=$(dpkg-query -W -f '${Version}' wine64 2>/dev/null) || give_up "no wine64 package here"
if [ "$(cat "$target/.version" 2>/dev/null)" = "$version" ]; then
    must_run
    exit 0
fi
rm -rf "$target" "$target.new" "$why"

# Wine, the C library, nothing for windows or fonts: the tests are headless (and Wine's font driver
# crashes when it gets FreeType without its companions).
packages="wine32=$version libwine=$version libc6 libgcc-s1 libunwind8 liblzma5"
# shellcheck source=/dev/null
. "$here/apt-private.sh"
private_apt "$target.new/apt" deb i386
mkdir -p "$target.new/debs"
# shellcheck disable=SC2086
(cd "$target.new/debs" && apt-get "${apt_options[@]}" -o Dir::State::status=/dev/null download -qq \
    $packages) >"$target.new/download.log" 2>&1 ||
    give_up "32-bit Wine $version is not to be had: $(grep '^E:' "$target.new/download.log" |
        head -n 1)"
for deb in "$target.new/debs/"*.deb; do
    dpkg-deb -x "$deb" "$target.new" || give_up "cannot unpack ${deb##*/}"
done
rm -rf "$target.new/debs" "$target.new/apt" "$target.new/usr/share"

# Both widths' loaders find each other, and the server, in the folder of their own executable file:
# for the 32-bit one that file is ld.so.
bin=$target.new/usr/lib/wine
cp "$target.new/lib/i386-linux-gnu/ld-linux.so.2" "$bin/"
cp /usr/lib/wine/wine64 "$bin/"
mv "$bin/wine" "$bin/wine-i386"
ln -sf "$(command -v wineserver)" "$bin/wineserver"
ln -s /usr/lib/x86_64-linux-gnu "$target.new/usr/lib/x86_64-linux-gnu"
ln -s /usr/share "$target.new/usr/share"
cat >"$bin/wine" <<END
#!/bin/sh
exec '$target/usr/lib/wine/ld-linux.so.2' --argv0 wine \\
    --library-path '$target/lib/i386-linux-gnu:$target/usr/lib/i386-linux-gnu' \\
    '$target/usr/lib/wine/wine-i386' "\$@"
END
chmod +x "$bin/wine"
echo "$version" >"$target.new/.version"
mv "$target.new" "$target"
must_run
echo "unpacked 32-bit Wine $version into build/wine32"
