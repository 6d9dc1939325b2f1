# SPDX-License-Identifier: LGPL-2.1-or-later
# Recipe: SQLite, static, from its amalgamation (which tclsh puts together).
version=3.40.1-2+deb12u2
tarball=sqlite3_3.40.1.orig.tar.xz
sha256=aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655

# SQLITE_WIN32_NO_OVERLAPPED: a position is set before each read and write instead of being handed over in
# an OVERLAPPED, for with one Wine tells its server of every completion: most of what a page cost.
build()
{
    ./configure --disable-tcl --disable-readline --disable-load-extension >configure.log 2>&1
    make sqlite3.c >make.log 2>&1
    $arch-w64-mingw32-gcc -c -O2 $cflags -D_WIN32_WINNT=0x0602 \
        -DSQLITE_THREADSAFE=1 -DSQLITE_DQS=0 -DSQLITE_OMIT_LOAD_EXTENSION \
        -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_DEFAULT_MEMSTATUS=0 \
        -DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_MAX_EXPR_DEPTH=0 -DSQLITE_TEMP_STORE=2 \
        -DSQLITE_WIN32_NO_OVERLAPPED \
        sqlite3.c -o sqlite3.o
    mkdir -p "$prefix/include" "$prefix/lib"
    cp sqlite3.h "$prefix/include/"
    $arch-w64-mingw32-ar rcs "$prefix/lib/libsqlite3.a" sqlite3.o
}
