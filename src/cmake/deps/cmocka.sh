# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: cmocka, static. One file; its build system would only find out what is listed here.
version=1.1.5-2.1
tarball=cmocka_1.1.5.orig.tar.xz
sha256=f0ccd8242d55e2fd74b16ba518359151f6f8383ff8aef4976e48393f77bba8b6

build()
{
    $arch-w64-mingw32-gcc -c -O2 -std=gnu99 $cflags -w -Iinclude -D__USE_MINGW_ANSI_STDIO=1 \
        -DHAVE_ASSERT_H -DHAVE_INTTYPES_H -DHAVE_IO_H -DHAVE_MALLOC_H -DHAVE_SETJMP_H \
        -DHAVE_SIGNAL_H -DHAVE_STDARG_H -DHAVE_STDDEF_H -DHAVE_STDINT_H -DHAVE_STDIO_H \
        -DHAVE_STDLIB_H -DHAVE_STRING_H -DHAVE_TIME_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CALLOC \
        -DHAVE_EXIT -DHAVE_FPRINTF -DHAVE_SNPRINTF -DHAVE_VSNPRINTF -DHAVE_FREE -DHAVE_LONGJMP \
        -DHAVE_MALLOC -DHAVE_MEMCPY -DHAVE_MEMSET -DHAVE_PRINTF -DHAVE_SETJMP -DHAVE_SIGNAL \
        -DHAVE_STRCMP -DHAVE_GCC_THREAD_LOCAL_STORAGE src/cmocka.c -o cmocka.o
    mkdir -p "$prefix/include" "$prefix/lib"
    cp include/cmocka.h include/cmocka_pbc.h "$prefix/include/"
    $arch-w64-mingw32-ar rcs "$prefix/lib/libcmocka.a" cmocka.o
}
