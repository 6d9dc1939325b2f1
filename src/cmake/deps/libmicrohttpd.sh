# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: libmicrohttpd, static, without TLS, authentication and form parsing, which nothing here uses.
version=0.9.75-6
tarball=libmicrohttpd_0.9.75.orig.tar.xz
sha256=796e7e217a4802679fcac667a4e98501c53185dcf50ca0583870e84192620131

build()
{
    ./configure --host=$arch-w64-mingw32 --disable-shared --enable-static --disable-https \
        --disable-bauth --disable-dauth --disable-postprocessor --disable-messages --disable-doc \
        --disable-examples --disable-curl --with-threads=auto --disable-dependency-tracking \
        CFLAGS="-O2 $cflags -D_WIN32_WINNT=0x0602" >configure.log 2>&1
    make -j"$jobs" -C src/microhttpd libmicrohttpd.la >make.log 2>&1
    mkdir -p "$prefix/include" "$prefix/lib"
    cp src/include/microhttpd.h "$prefix/include/"
    cp src/microhttpd/.libs/libmicrohttpd.a "$prefix/lib/"
}
