# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: expat, static, with Debian's patches: it reads what anybody on the subnet sends, and they are
# security fixes that the original archive of this version lacks.
version=2.5.0-1+deb12u5
tarball=expat_2.5.0.orig.tar.gz
sha256=ab00ee05c7067fd10a35c5d2a4922ebba746ddd50ff83b79c828da17bbdf1757
patches=debian

# rand_s, which expat's hash salt comes from, is the C runtime's.
build()
{
    local cflags_all="-O2 $cflags -w -D_WIN32_WINNT=0x0602 -DXML_STATIC -DXML_DTD=0 -DXML_NS=1
        -DXML_CONTEXT_BYTES=1024 -DBYTEORDER=1234 -DHAVE_MEMMOVE -DHAVE_STDINT_H -I." file
    cd expat/lib 2>/dev/null || cd lib
    : >expat_config.h
    for file in xmlparse xmlrole xmltok; do
        # shellcheck disable=SC2086
        ${tool}gcc -c $cflags_all $file.c -o $file.o
    done
    mkdir -p "$prefix/include" "$prefix/lib"
    cp expat.h expat_external.h "$prefix/include/"
    ${tool}ar rcs "$prefix/lib/libexpat.a" xmlparse.o xmlrole.o xmltok.o
}
