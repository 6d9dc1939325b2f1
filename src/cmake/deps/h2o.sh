# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: picohttpparser, one file that Debian ships within h2o's source.
version=2.2.5+dfsg2-7
tarball=h2o_2.2.5+dfsg2.orig.tar.xz
sha256=a46894bd85da6528d4ad90ce0443b48118718296175061a1a1156e9e3af60a0d

build()
{
    ${tool}gcc -c -O2 $cflags -w deps/picohttpparser/picohttpparser.c -o picohttpparser.o
    mkdir -p "$prefix/include" "$prefix/lib"
    cp deps/picohttpparser/picohttpparser.h "$prefix/include/"
    ${tool}ar rcs "$prefix/lib/libpicohttpparser.a" picohttpparser.o
}
